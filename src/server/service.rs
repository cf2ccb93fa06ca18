//! One request: match the path, authenticate, read, execute, answer.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Either;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower_service::Service;
use tracing::Instrument;
use value::Str;

use super::answer::{self, Fault, HttpResponse};
use super::cors::Grant;
use super::disconnect::{Finish, Lease};
use super::routes::{Route, Routes, host_fault};
use super::source_ip::source_ip;
use super::tls::Tls;
use super::upgrade::Switch;
use super::{
    Execute, Mode, Serving, Settings, body, dynamodb, evaluation, event_bus, lambda, mqtt, realtime, request_id, upstream,
    user_pools, watch,
};
use crate::api::{GraphqlRequest, RequestContext, RequestHeaders};
use crate::auth::sigv4::SignedRequest;
use crate::auth::{Arrived, AuthFault, AuthorizerRequest, Identity, Way};
use crate::trace::secrecy::{Mask, Secrets};
use crate::{lineage, panicked};

/// What all connections share.
pub(super) struct Shared<E> {
    pub(super) routes: Routes<E>,
    pub(super) settings: Settings,
    /// The pages of development mode.
    pub(super) pages: Option<Router>,
    /// The DynamoDB endpoint, where there is one.
    pub(super) tables: Option<dynamodb::Endpoint>,
    /// The Lambda endpoint, where there is one.
    pub(super) functions: Option<lambda::Endpoint>,
    /// The EventBridge endpoint, where there is one.
    pub(super) events: Option<event_bus::Endpoint>,
    /// The endpoint of evaluations, where there is one.
    pub(super) evaluation: Option<evaluation::Endpoint>,
    /// The Cognito endpoint, where there is one.
    pub(super) user_pools: Option<user_pools::Endpoint>,
    /// The places of WebSockets.
    pub(super) websockets: Arc<Semaphore>,
    /// What speaks TLS with clients that do.
    pub(super) tls: Option<Tls>,
}

/// Which listener a connection came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// The server's own.
    Main,
    /// The DynamoDB endpoint's.
    Tables,
}

/// A connection as its requests see it.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) lease: Lease,
    pub(super) entrance: Entrance,
    /// Whether the client speaks TLS.
    pub(super) secure: bool,
    /// What the connection becomes after HTTP.
    pub(super) switch: Switch,
}

/// Answers one request; every way out is an answer.
pub(super) async fn handle<E: Execute>(shared: Arc<Shared<E>>, peer: Peer, request: Request<Incoming>) -> HttpResponse {
    let (parts, body) = request.into_parts();
    if let Some(tables) = &shared.tables
        && (peer.entrance == Entrance::Tables || dynamodb::is_endpoint(parts.uri.path()))
    {
        return dynamodb::answer(tables, &shared.settings, &peer, parts, body).await;
    }
    if let Some(functions) = &shared.functions
        && lambda::is_endpoint(parts.uri.path())
    {
        return lambda::answer(functions, &shared.settings, &peer, parts, body).await;
    }
    if let Some(events) = &shared.events
        && event_bus::is_endpoint(parts.uri.path())
    {
        return event_bus::answer(events, &shared.settings, &peer, parts, body).await;
    }
    if let Some(evaluation) = &shared.evaluation
        && evaluation::is_endpoint(parts.uri.path())
    {
        return evaluation::answer(evaluation, &shared.settings, &peer, parts, body).await;
    }
    if let Some(pools) = &shared.user_pools
        && user_pools::is_endpoint(parts.uri.path())
    {
        return user_pools::answer(pools, &shared.settings, &peer, parts, body).await;
    }
    let request_id = request_id::next();
    let grant = shared.settings.cors.grant(&parts.headers);
    let route = match host_fault(&parts) {
        Some(message) => Err(Fault::new(StatusCode::BAD_REQUEST, "BadRequestException", message)),
        None => Ok(shared.routes.find(&parts)),
    };
    let outcome = match route {
        Err(fault) => {
            body::discard(&parts.headers, body).await;
            Err(fault)
        }
        Ok(Route::Realtime(api, domain_name)) => {
            let api = api.clone();
            body::discard(&parts.headers, body).await;
            realtime::upgrade(&shared, &peer, parts, api, domain_name)
        }
        Ok(Route::Graphql(api, domain_name)) if realtime::is_upgrade(&parts) => {
            let api = api.clone();
            body::discard(&parts.headers, body).await;
            realtime::upgrade(&shared, &peer, parts, api, domain_name)
        }
        Ok(Route::Graphql(api, domain_name)) => {
            let serving = api.current.load_full();
            let call = Call { settings: &shared.settings, peer: &peer, request_id: &request_id, grant: &grant };
            let began = serving.api.logging().map(|_| Instant::now());
            let span = tracing::debug_span!(
                target: crate::trace::SPANS,
                "request",
                http.request.method = %parts.method,
                url.path = parts.uri.path(),
                request_id = &*request_id,
            );
            let outcome = graphql(call, &serving, domain_name, parts, body).instrument(span).await;
            if let (Some(logging), Some(began)) = (serving.api.logging(), began) {
                let (status, headers, mask) = match &outcome {
                    Ok(response) => (response.status(), response.headers().clone(), response.extensions().get::<Arc<Mask>>()),
                    Err(fault) => (fault.status(), HeaderMap::new(), None),
                };
                let no_mask = Secrets::default().mask();
                let latency = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                logging.request_summary(&request_id, status.as_u16(), &headers, mask.map_or(&no_mask, |mask| mask), latency);
            }
            outcome
        }
        Ok(Route::Mqtt) => {
            body::discard(&parts.headers, body).await;
            match &shared.settings.realtime.mqtt {
                Some(sealer) => mqtt::upgrade(&shared, &peer, parts, sealer),
                None => Err(not_found(&Route::<E>::Mqtt)),
            }
        }
        Ok(other) => {
            let fault = not_found(&other);
            elsewhere(&shared, parts, body, &peer, &request_id, fault).await
        }
    };
    match outcome {
        Ok(response) => {
            tracing::debug!(request_id = &*request_id, status = response.status().as_u16(), "request answered");
            response
        }
        Err(fault) => {
            tracing::debug!(request_id = &*request_id, %fault, "request refused");
            answer::fault(&fault, &request_id, &grant)
        }
    }
}

/// How far a request has come by its headers.
enum Judged<'r> {
    Admitted(Identity),
    /// The body decides.
    ByBody(Way<'r>),
}

/// Says in the log what an answer does not say. In production every token that ended would be a line, of anybody's making.
pub(super) fn log_refusal(fault: &AuthFault, mode: Mode, request_id: &str) {
    if let Some(reason) = fault.reason() {
        match mode {
            Mode::Development => tracing::info!(request_id, %reason, "a token was refused"),
            Mode::Production => tracing::debug!(request_id, %reason, "a token was refused"),
        }
    }
}

fn refused(fault: AuthFault, call: Call<'_>) -> Fault {
    log_refusal(&fault, call.settings.mode, call.request_id);
    fault.into()
}

/// A request to a GraphQL endpoint, beside its content.
#[derive(Clone, Copy)]
struct Call<'a> {
    settings: &'a Settings,
    peer: &'a Peer,
    request_id: &'a Str,
    grant: &'a Grant,
}

async fn graphql<E: Execute>(
    call: Call<'_>,
    serving: &Serving<E>,
    domain_name: Option<Str>,
    parts: Parts,
    body: Incoming,
) -> Result<HttpResponse, Fault> {
    let Call { settings, peer, request_id, grant } = call;
    let started = Instant::now();
    if parts.method == Method::OPTIONS {
        return Ok(answer::preflight(&parts.headers, request_id, &settings.cors, grant));
    }
    if parts.method != Method::POST && parts.method != Method::GET {
        let message = format!("{} is not an operation of {}: use POST.", parts.method, parts.uri.path());
        return Err(Fault::unknown_operation(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    let query = parts.uri.query().unwrap_or_default();
    let authenticator = &serving.authenticator;
    let deadline = started + settings.request_timeout;
    let arrived = |body, operation| {
        let headers = &parts.headers;
        let signed = SignedRequest { method: parts.method.as_str(), path: parts.uri.path(), query, headers, body };
        Arrived { signed, operation, deadline }
    };
    // Who shows by his headers alone that he may not come in does not get his body read.
    let judged = match authenticator.way(&parts.headers, query) {
        Ok(way) if way.needs_body() => Ok(Judged::ByBody(way)),
        Ok(way) => authenticator.authenticate(way, &arrived(&[], None), SystemTime::now()).await.map(Judged::Admitted),
        Err(fault) => Err(fault),
    };
    let judged = match judged {
        Ok(judged) => judged,
        Err(fault) => {
            body::discard(&parts.headers, body).await;
            return Err(refused(fault, call));
        }
    };
    let bytes = match &judged {
        Judged::Admitted(_) if parts.method == Method::GET => Bytes::new(),
        _ => body::read(&parts.headers, body, settings.body_limit, settings.body_read_timeout).await?,
    };
    let parse = || if parts.method == Method::GET { body::parse_query(query) } else { body::parse(&bytes) };
    let mut shown = None;
    let (identity, request) = match judged {
        Judged::Admitted(identity) => (identity, parse()?),
        Judged::ByBody(way @ Way::Lambda(_)) => {
            let request = parse()?;
            // Resolvers see the same ones, so that they are read once.
            let headers = shown.insert(RequestHeaders::from(parts.headers.clone()));
            let operation = AuthorizerRequest {
                request_id,
                query: &request.query,
                operation_name: request.operation_name.as_deref(),
                variables: &request.variables,
                headers,
            };
            let judged = authenticator.authenticate(way, &arrived(&bytes, Some(operation)), SystemTime::now()).await;
            (judged.map_err(|fault| refused(fault, call))?, request)
        }
        Judged::ByBody(way) => {
            let judged = authenticator.authenticate(way, &arrived(&bytes, None), SystemTime::now()).await;
            (judged.map_err(|fault| refused(fault, call))?, parse()?)
        }
    };
    let watch = watch::watch(settings.mode, &parts, peer.address.ip());
    // A function of an event rule may be the one who asks.
    let rules = lineage::read(&parts.headers);
    let source_ip = source_ip(peer.address.ip(), &parts.headers, &settings.trusted_proxies);
    let subscribable = settings.realtime.mqtt.as_ref().filter(|_| mqtt::may_subscribe(&request));
    let handshake = subscribable.map(|sealer| {
        let until = authenticator.end_of(&identity, &parts.headers);
        (sealer, mqtt::origin(&parts, peer, is_trusted(peer, settings)), until)
    });
    let context = RequestContext {
        identity,
        headers: shown.unwrap_or_else(|| RequestHeaders::from(parts.headers)),
        source_ip,
        domain_name,
        request_id: Str::clone(request_id),
        deadline,
        watch,
    };
    if let Some((sealer, origin, until)) = handshake
        && let Some(api) = serving.api.subscribable().filter(|api| api.is_subscription(&request))
    {
        let handshake = mqtt::handshake(&api, sealer, &settings.realtime, &origin, request, context, until);
        let response = AssertUnwindSafe(lineage::behind(rules, handshake)).catch_unwind().await;
        let response = response.map_err(|panic| caught_panic(&*panic, request_id))?;
        return Ok(answer::graphql(response, request_id, grant));
    }
    lineage::behind(rules, execute(call, serving, request, context)).await
}

/// Whether the other end of the connection is a proxy that is believed.
fn is_trusted(peer: &Peer, settings: &Settings) -> bool {
    settings.trusted_proxies.iter().any(|range| range.contains(peer.address.ip()))
}

async fn execute<E: Execute>(
    call: Call<'_>,
    serving: &Serving<E>,
    request: GraphqlRequest,
    context: RequestContext,
) -> Result<HttpResponse, Fault> {
    let Call { settings, peer, request_id, grant } = call;
    // Execution minds the deadline itself and answers with what it has; this is for when it does not.
    let last = context.deadline + settings.request_timeout / 20;
    let document = Str::clone(&request.query);
    let api = Arc::clone(&serving.api);
    // The call itself is inside as well, so that a panic before the first await is caught too.
    let operation = async move { api.execute(request, context).await };
    let operation = tokio::time::timeout_at(last.into(), AssertUnwindSafe(operation).catch_unwind());
    match Finish::new(operation, &document, peer.lease.clone()).await {
        Ok(Ok(Ok(response))) => Ok(answer::graphql(response, request_id, grant)),
        Ok(Ok(Err(fault))) => Err(fault.into()),
        Ok(Err(panic)) => Err(caught_panic(&*panic, request_id)),
        Err(_) => {
            tracing::warn!(request_id = &**request_id, "an operation was stopped at its deadline");
            Err(answer::timed_out())
        }
    }
}

/// A panic is the end of its operation, not of the connection.
fn caught_panic(panic: &(dyn Any + Send), request_id: &Str) -> Fault {
    tracing::error!(request_id = &**request_id, cause = panicked::cause(panic), "an operation panicked");
    Fault::internal(request_id)
}

/// Everything that is not GraphQL.
async fn elsewhere<E>(
    shared: &Shared<E>,
    parts: Parts,
    body: Incoming,
    peer: &Peer,
    request_id: &Str,
    fault: Fault,
) -> Result<HttpResponse, Fault> {
    // AppSync's health check.
    if parts.uri.path() == "/ping" && parts.method == Method::GET {
        return Ok(answer::text("healthy"));
    }
    if let Some(pages) = &shared.pages
        && upstream::is_upstream(parts.uri.path())
    {
        upstream::admit(&parts, peer.address.ip())
            .map_err(|reason| Fault::new(StatusCode::FORBIDDEN, "AccessDeniedException", reason))?;
        let Ok(mut response) = pages.clone().call(Request::from_parts(parts, axum::body::Body::new(body))).await;
        answer::stamp(&mut response, request_id);
        return Ok(response.map(Either::Right));
    }
    body::discard(&parts.headers, body).await;
    Err(fault)
}

fn not_found<E>(route: &Route<'_, E>) -> Fault {
    let message = match route {
        Route::UnknownHost(host) => format!(
            "No API answers to the host '{host}'. Several APIs are served here: use the host <apiId>.appsync-api.localhost, \
             a host from the definition, or the path /apis/<apiId>/graphql."
        ),
        Route::UnknownApi(api_id) => format!("There is no API with the id '{api_id}'."),
        Route::Graphql(..) | Route::Realtime(..) | Route::Mqtt | Route::Other => {
            "Unknown path. The GraphQL endpoint is POST /graphql.".to_owned()
        }
    };
    Fault::unknown_operation(StatusCode::NOT_FOUND, message)
}
