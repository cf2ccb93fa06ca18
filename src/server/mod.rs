//! HTTP in front of the APIs: routing by host and path, limits, timeouts, AppSync's wire errors, shutdown.
//!
//! [`Server::bind`] opens the listener, [`Server::run`] serves until told to stop; the binary and the tests call the same two.
//! The way of a request: `listener` accepts a connection within bounds, `service` matches the path and walks through
//! authentication, `body` and execution, `answer` writes the result. It is one function per connection on hyper, without
//! layers, because each layer costs as much as a plan-cached operation; everything that is not GraphQL goes to an axum router.
//!
//! Nothing here knows GraphQL: a request is handed to [`Execute`] whole, and its answer is bytes.

mod answer;
mod aws;
mod body;
mod connection;
mod cors;
mod disconnect;
pub mod dynamodb;
pub mod evaluation;
pub mod event_bus;
mod io;
pub mod lambda;
mod listener;
mod local;
mod mqtt;
mod realtime;
mod request_id;
mod routes;
mod service;
pub mod settings;
mod source_ip;
mod stall;
mod stopping;
#[cfg(test)]
mod tests;
pub mod tls;
mod upgrade;
pub mod upstream;
pub mod user_pools;
mod watch;

use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwap;
use value::Str;

use crate::api::{Api, GraphqlRequest, GraphqlResponse, RequestContext, RequestFault};
use crate::auth::Authenticator;
use crate::realtime::Hub;
use crate::trace::log::Logging;

pub use dynamodb::TablesEndpoint;
pub use evaluation::EvaluationCaller;
pub use lambda::FunctionsEndpoint;
pub use listener::{BindError, Server};
pub use realtime::RealtimeSettings;
pub(crate) use realtime::accept_of;
pub use settings::{Cors, Mode, Settings};
pub use tls::{Certificate, Tls};

/// Whatever runs GraphQL operations: an [`Api`], or what a test puts in its place.
pub trait Execute: Send + Sync + 'static {
    /// Runs one operation. The future may be dropped at the request's deadline.
    fn execute(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
    ) -> impl Future<Output = Result<GraphqlResponse, RequestFault>> + Send + 'static;

    /// What subscriptions are judged by, where there can be any.
    fn subscribable(self: &Arc<Self>) -> Option<Arc<Api>> {
        None
    }

    /// What is logged of each request, in AppSync's form.
    fn logging(&self) -> Option<&Logging> {
        None
    }
}

impl Execute for Api {
    fn execute(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
    ) -> impl Future<Output = Result<GraphqlResponse, RequestFault>> + Send + 'static {
        let api = Arc::clone(self);
        async move { Api::execute(&api, request, context).await }
    }

    fn subscribable(self: &Arc<Self>) -> Option<Arc<Api>> {
        Some(Arc::clone(self))
    }

    fn logging(&self) -> Option<&Logging> {
        Api::logging(self)
    }
}

/// An API as it is served now. A reload replaces it whole, so that no request meets new keys with an old schema.
#[derive(Debug)]
pub struct Serving<E = Api> {
    /// The compiled API.
    pub api: Arc<E>,
    /// Who may call it.
    pub authenticator: Authenticator,
}

/// An API and where it answers.
#[derive(Debug)]
pub struct ServedApi<E = Api> {
    /// `apiId`; the API answers on `/apis/<apiId>/graphql` and on the host `<apiId>.appsync-api.localhost`.
    pub api_id: Str,
    /// Custom domain names: further hosts whose `/graphql` is this API.
    pub hosts: Vec<String>,
    /// What is served; swap it to reload.
    pub current: Arc<ArcSwap<Serving<E>>>,
    /// Its subscribers. They stay when it is reloaded.
    pub hub: Arc<Hub>,
}

impl<E: Execute> ServedApi<E> {
    /// An API to serve, which publishes to `hub`. Keep a clone to [reload](Self::reload) it later.
    #[must_use]
    pub fn new(api_id: impl Into<Str>, hosts: Vec<String>, api: Arc<E>, authenticator: Authenticator, hub: Arc<Hub>) -> Self {
        if let Some(api) = api.subscribable() {
            hub.serve(&api, &authenticator);
        }
        let current = Arc::new(ArcSwap::from_pointee(Serving { api, authenticator }));
        Self { api_id: api_id.into(), hosts, current, hub }
    }

    /// Replaces what is served from the next request on; requests under way end with what they began with. Connections stay, and so
    /// do the subscriptions that the new definition still has.
    pub fn reload(&self, api: Arc<E>, authenticator: Authenticator) {
        // First: a start that was let in by the new definition must not be judged by the old one when it is registered.
        if let Some(api) = api.subscribable() {
            self.hub.serve(&api, &authenticator);
        }
        self.current.store(Arc::new(Serving { api, authenticator }));
    }
}

impl<E> Clone for ServedApi<E> {
    fn clone(&self) -> Self {
        Self {
            api_id: Arc::clone(&self.api_id),
            hosts: self.hosts.clone(),
            current: Arc::clone(&self.current),
            hub: Arc::clone(&self.hub),
        }
    }
}
