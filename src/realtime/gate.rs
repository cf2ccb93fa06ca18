//! What connections ask of the server before they let anyone in.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use value::Str;

use crate::api::{Api, GraphqlRequest, RequestHeaders};
use crate::auth::{AuthFault, Identity};

/// A request that a connection makes, as if it had come over HTTP by `POST`.
#[derive(Clone, Copy)]
pub struct Arriving<'a> {
    /// The path that a signature covers.
    pub path: &'a str,
    /// The credentials: what the client calls its headers.
    pub headers: &'a HeaderMap,
    /// The body that a signature covers.
    pub body: &'a [u8],
    /// What it asks for; at a handshake nothing yet.
    pub operation: Option<&'a GraphqlRequest>,
    /// `ctx.request.headers`
    pub shown: &'a RequestHeaders,
    /// `x-amzn-requestid`
    pub request_id: &'a Str,
    /// Until when an answer is of use.
    pub deadline: Instant,
}

/// Somebody who is let in, and the API as it was served at that moment.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who it is.
    pub identity: Identity,
    /// Until when, where the credentials say so.
    pub until: Option<SystemTime>,
    /// The API.
    pub api: Arc<Api>,
}

/// Judges callers by the API as it is served at the moment.
pub trait Gate: Send + Sync + 'static {
    /// Lets a caller in, or says why not.
    fn admit<'a>(&'a self, arriving: Arriving<'a>) -> BoxFuture<'a, Result<Admitted, AuthFault>>;

    /// Whether `host`, which credentials were made for, may be one of this API's. Credentials for another API must not open this one.
    fn is_host(&self, host: &str) -> bool;
}
