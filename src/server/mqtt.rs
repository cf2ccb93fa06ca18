//! MQTT over WebSocket: the handshake, which is a subscription sent over HTTP, and the endpoint that its answer leads to.
//!
//! AppSync had this until 2022. The answer names a URL, a topic and a client id; the URL holds all that a connection may do, sealed
//! ([`Ticket`]), so that any node with the same secret serves it.

use std::sync::Arc;
use std::time::SystemTime;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use value::{Object, Str, Value};

use super::answer::{Fault, HttpResponse};
use super::realtime::switch;
use super::routes::host;
use super::service::{Peer, Shared};
use super::upgrade::Upgraded;
use super::{Execute, ServedApi};
use crate::api::{Api, GraphqlRequest, GraphqlResponse, RequestContext};
use crate::execution::error::FieldError;
use crate::realtime::mqtt::{self, MqttSession};
use crate::realtime::ticket::Ticket;
use crate::sealing::Sealer;

/// The path that the URLs of handshakes have.
pub(super) const PATH: &str = "/mqtt";

/// The longest URL that a handshake gives: it comes back in the head of a request, of 64 KiB with everything else in it.
const LONGEST_URL: usize = 48 << 10;

/// Whether a request may be a subscription. Most are not, and are not looked at twice.
pub(super) fn may_subscribe(request: &GraphqlRequest) -> bool {
    request.query.contains("subscription")
}

/// Where a client reaches this server: `ws://HOST` or `wss://HOST`, as it has come itself.
pub(super) fn origin(parts: &Parts, peer: &Peer, is_trusted: bool) -> String {
    // A proxy that is trusted has ended the TLS of its client.
    let forwarded = is_trusted && parts.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let scheme = if peer.secure || forwarded { "wss" } else { "ws" };
    format!("{scheme}://{}", host(parts))
}

/// Answers a subscription that came over HTTP, with credentials that hold `until` then.
pub(super) async fn handshake(
    api: &Arc<Api>,
    sealer: &Sealer,
    settings: &super::RealtimeSettings,
    origin: &str,
    request: GraphqlRequest,
    context: RequestContext,
    until: Option<SystemTime>,
) -> GraphqlResponse {
    let identity = context.identity.clone();
    let deadline = context.deadline;
    let subscribed = tokio::time::timeout_at(deadline.into(), api.subscribe(&request, context)).await;
    let outcome = match subscribed {
        Ok(Ok(subscription)) => {
            let end = SystemTime::now() + settings.limits.connection_age;
            let expires = until.map_or(end, |until| until.min(end));
            let ticket = Ticket::new((&api.account_id, &api.api_id), request, &subscription, &identity, expires);
            ticket.map(|ticket| (subscription, ticket)).map_err(|error| {
                tracing::error!(%error, "no random numbers for an MQTT client id");
                vec![FieldError::new("InternalFailure", "An internal failure has occurred.")]
            })
        }
        Ok(Err(errors)) => Err(errors),
        Err(_) => Err(vec![FieldError::new("ExecutionTimeout", "The start of the subscription took too long.")]),
    };
    let outcome = outcome.and_then(|(subscription, ticket)| {
        let url = url(origin, &api.api_id, &ticket, sealer);
        if url.len() <= LONGEST_URL { Ok((subscription, ticket, url)) } else { Err(vec![too_long(url.len())]) }
    });
    let body = match outcome {
        Ok((subscription, ticket, url)) => accepted(&subscription.response_key, &ticket, &url),
        Err(errors) => {
            let mut body = Object::with_capacity(2);
            body.insert("data", Value::Null);
            body.insert("errors", errors.iter().map(member).collect::<Vec<_>>());
            body.into()
        }
    };
    GraphqlResponse::new(body.to_json().into_bytes(), Vec::new())
}

/// What the connection would be refused for later, without a word that a client shows.
fn too_long(bytes: usize) -> FieldError {
    let message = format!(
        "The subscription is too long for MQTT: its document, variables and filters make a URL of {bytes} bytes, more than {LONGEST_URL}."
    );
    FieldError::new("BadRequestException", message)
}

fn url(origin: &str, api_id: &str, ticket: &Ticket, sealer: &Sealer) -> String {
    format!("{origin}{PATH}?api={api_id}&ticket={}", ticket.seal(sealer, api_id))
}

/// The answer as AppSync gave it.
fn accepted(response_key: &Str, ticket: &Ticket, url: &str) -> Value {
    let expires = ticket.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let expires = i64::try_from(expires).unwrap_or(i64::MAX);
    value::value!({
        "extensions": {"subscription": {
            "mqttConnections": [{"url": url, "topics": [(&ticket.topic)], "client": (&ticket.client_id)}],
            "newSubscriptions": (one(response_key, value::value!({"topic": (&ticket.topic), "expireTime": expires}))),
        }},
        "data": (one(response_key, Value::Null)),
    })
}

fn one(key: &Str, value: Value) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert(Str::clone(key), value);
    object.into()
}

fn member(error: &FieldError) -> Value {
    let mut member = Object::with_capacity(2);
    if let Some(error_type) = &error.error_type {
        member.insert("errorType", error_type.as_str());
    }
    member.insert("message", error.message.as_str());
    member.into()
}

/// Turns the connection of a request for [`PATH`] into what its ticket says.
pub(super) fn upgrade<E: Execute>(
    shared: &Arc<Shared<E>>,
    peer: &Peer,
    mut parts: Parts,
    sealer: &Sealer,
) -> Result<HttpResponse, Fault> {
    let refused =
        || Fault::new(StatusCode::FORBIDDEN, "UnauthorizedException", "This URL does not open a connection, or not any more.");
    let query = parts.uri.query().unwrap_or_default();
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let (api_id, ticket) = parameter("api").zip(parameter("ticket")).ok_or_else(refused)?;
    let served: ServedApi<E> = shared.routes.by_id(api_id).ok_or_else(refused)?.clone();
    let serving = served.current.load_full();
    let ticket = Ticket::open(sealer, &served.api_id, ticket, &serving.authenticator).ok_or_else(refused)?;
    let session = MqttSession { hub: Arc::clone(&served.hub), ticket, socket: shared.settings.realtime.socket };
    let sub_protocol = mqtt_session::subprotocol(offered(&parts.headers));
    let serve = |upgraded: Upgraded| async move {
        let Upgraded { io, read_ahead, mut stopping } = upgraded;
        mqtt::serve(io, read_ahead, session, async move { stopping.wait().await }).await;
    };
    switch(shared, peer, &mut parts, sub_protocol, serve)
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','))
}
