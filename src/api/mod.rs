//! A served API: its definition, compiled. Immutable; a request keeps the [`Api`] it began with.

mod request_headers;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use value::{Object, Str};

pub use request_headers::RequestHeaders;

use crate::auth::Identity;

/// What a client asks for (GraphQL over HTTP: `query`, `operationName`, `variables`; `extensions` are ignored).
#[derive(Clone, Debug)]
pub struct GraphqlRequest {
    /// The document.
    pub query: Str,
    /// Which operation of it to run.
    pub operation_name: Option<Str>,
    /// Variables as sent.
    pub variables: Object,
}

/// Everything about the caller that resolvers may see.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who is calling.
    pub identity: Identity,
    /// `ctx.request.headers`, lazily.
    pub headers: RequestHeaders,
    /// The TCP peer.
    pub peer: Option<IpAddr>,
    /// `ctx.request.domainName`: the custom domain, if the request came by one.
    pub domain_name: Option<Str>,
    /// `x-amzn-requestid`
    pub request_id: Str,
    /// When the request must be answered; what has not ended by then is an `ExecutionTimeout`.
    pub deadline: Instant,
}

/// The answer to a [`GraphqlRequest`]; always HTTP 200.
#[derive(Debug)]
pub struct GraphqlResponse {
    /// The JSON body.
    pub body: Vec<u8>,
    /// Headers that resolvers added (`util.http.addResponseHeader`).
    pub headers: Vec<(Str, Str)>,
}

/// A served API.
#[derive(Debug)]
pub struct Api {}

impl Api {
    /// Runs one operation. Queries and mutations; a subscription is answered with its error.
    ///
    /// # Errors
    /// [`RequestFault`] when the request is refused before execution with an HTTP status of its own.
    pub async fn execute(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
    ) -> Result<GraphqlResponse, RequestFault> {
        let _ = (request, context);
        Err(RequestFault::Unparsable)
    }
}

/// Why a request is refused with HTTP 400 (contract: errors, HTTP level).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// The query text has a syntax error.
    #[error("Unable to parse GraphQL query.")]
    Unparsable,
}
