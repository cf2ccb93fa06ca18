//! WebSockets: the upgrade, and what connections ask of the server ([`Gate`]).
//!
//! The paths are AppSync's: `/graphql/realtime`, and `/graphql` itself, where Python's gql goes. An upgrade is answered before the
//! caller is judged: a refusal is a message of the protocol, which a client only reads once its socket is open.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use appsync_realtime::{Handshake, Limits, signed_paths};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{Either, Full};
use value::{Object, Str};
use websocket_server::TcpOptions;

use super::answer::{Fault, HttpResponse};
use super::routes::host;
use super::service::{Peer, Shared, log_refusal};
use super::source_ip::source_ip;
use super::upgrade::Upgraded;
use super::{Execute, ServedApi, request_id};
use crate::auth::sigv4::SignedRequest;
use crate::auth::{Arrived, AuthFault, AuthorizerRequest, Way};
use crate::realtime::websocket::{self, Session};
use crate::realtime::{Admitted, Arriving, Gate};
use crate::sealing::Sealer;

/// What all WebSockets of a server share.
#[derive(Clone, Debug, Default)]
pub struct RealtimeSettings {
    /// What bounds a connection.
    pub limits: Arc<Limits>,
    /// What its socket may cost.
    pub socket: websocket_server::Limits,
    /// How many WebSockets are open at a time; `None` is four fifths of all connections, so that there is room for requests.
    pub max_connections: Option<usize>,
    /// What seals the URLs of MQTT; without it there is no MQTT.
    pub mqtt: Option<Arc<Sealer>>,
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_upgrade(parts: &Parts) -> bool {
    has_token(&parts.headers, &UPGRADE, "websocket")
}

/// Turns the connection of a request into a WebSocket of `api`.
pub(super) fn upgrade<E: Execute>(
    shared: &Arc<Shared<E>>,
    peer: &Peer,
    mut parts: Parts,
    api: ServedApi<E>,
    domain_name: Option<Str>,
) -> Result<HttpResponse, Fault> {
    let settings = &shared.settings;
    let handshake = Handshake::read(&parts.headers, parts.uri.query().unwrap_or_default());
    let sub_protocol = handshake.sub_protocol;
    let session = Session {
        hub: Arc::clone(&api.hub),
        gate: Arc::new(ServedGate { shared: Arc::clone(shared), api }),
        limits: Arc::clone(&settings.realtime.limits),
        socket: settings.realtime.socket,
        request_timeout: settings.request_timeout,
        signed_paths: signed_paths(parts.uri.path()),
        headers: kept_headers(&parts.headers),
        source_ip: source_ip(peer.address.ip(), &parts.headers, &settings.trusted_proxies),
        domain_name,
        request_id: request_id::next,
    };
    let serve = |upgraded: Upgraded| async move {
        let Upgraded { io, read_ahead, mut stopping } = upgraded;
        websocket::serve(io, read_ahead, handshake, session, async move { stopping.wait().await }).await;
    };
    switch(shared, peer, &mut parts, sub_protocol, serve)
}

/// Has `serve` called with the connection once it is upgraded, if the page that asks for it may; gives the answer to the upgrade.
pub(super) fn switch<E, F>(
    shared: &Shared<E>,
    peer: &Peer,
    parts: &mut Parts,
    sub_protocol: Option<&'static str>,
    serve: impl FnOnce(Upgraded) -> F + Send + 'static,
) -> Result<HttpResponse, Fault>
where
    F: Future<Output = ()> + Send + 'static,
{
    let accept = accept_key(parts)?;
    if !shared.settings.cors.admits(&parts.headers, host(parts)) {
        let message = "Pages of this origin may not open a connection: it is not one of `allowed_origins`.";
        return Err(Fault::new(StatusCode::FORBIDDEN, "AccessDeniedException", message));
    }
    let place = Arc::clone(&shared.websockets).try_acquire_owned().map_err(|_| {
        let message = "There are as many WebSockets as this server holds (`max_connections` of `[realtime]`); try again later.";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message)
    })?;
    let serve = |upgraded: Upgraded| {
        if let Err(error) = TcpOptions::default().apply(upgraded.io.tcp()) {
            tracing::debug!(%error, "cannot set the options of a WebSocket's socket");
        }
        let serve = serve(upgraded);
        async move {
            serve.await;
            drop(place);
        }
    };
    if !peer.switch.arm(parts, serve) {
        return Err(Fault::malformed("The connection cannot be upgraded: use HTTP/1.1 with 'Connection: Upgrade'."));
    }
    let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(sub_protocol) = sub_protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(sub_protocol));
    }
    Ok(response)
}

/// The answer to the client's key (RFC 6455, section 4.2.2).
fn accept_key(parts: &Parts) -> Result<HeaderValue, Fault> {
    let headers = &parts.headers;
    if parts.method != Method::GET || !has_token(headers, &CONNECTION, "upgrade") || !is_upgrade(parts) {
        return Err(Fault::malformed(
            "A WebSocket begins with a GET request that has 'Connection: Upgrade' and 'Upgrade: websocket'.",
        ));
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Fault::malformed("The header 'Sec-WebSocket-Version' must be 13."));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key.as_bytes(),
        _ => return Err(Fault::malformed("There must be one header 'Sec-WebSocket-Key'.")),
    };
    if !STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16) {
        return Err(Fault::malformed("The header 'Sec-WebSocket-Key' must be the base64 of 16 bytes."));
    }
    Ok(HeaderValue::try_from(accept_of(key)).expect("base64 is a header's value"))
}

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
pub(crate) fn accept_of(key: &[u8]) -> String {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, GUID.as_bytes()].concat()))
}

/// Whether a header's list has a token (RFC 9110, section 5.6.1).
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|member| member.trim().eq_ignore_ascii_case(token))
}

/// What of the upgrade's headers resolvers see, copied: as they are they would hold on to the buffer that they were read into.
fn kept_headers(headers: &HeaderMap) -> HeaderMap {
    const OF_THE_UPGRADE: [HeaderName; 6] =
        [CONNECTION, UPGRADE, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION];
    let kept = headers.iter().filter(|(name, _)| !OF_THE_UPGRADE.contains(name));
    kept.filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))).collect()
}

/// Judges the callers of an API's WebSockets.
struct ServedGate<E> {
    shared: Arc<Shared<E>>,
    api: ServedApi<E>,
}

impl<E: Execute> Gate for ServedGate<E> {
    fn admit<'a>(&'a self, arriving: Arriving<'a>) -> BoxFuture<'a, Result<Admitted, AuthFault>> {
        async move {
            let serving = self.api.current.load_full();
            let api = serving.api.subscribable().ok_or(AuthFault::NotAuthorized)?;
            let Arriving { path, headers, body, operation, shown, request_id, deadline } = arriving;
            let nothing = Object::new();
            let operation = AuthorizerRequest {
                request_id,
                query: operation.map_or("", |operation| &operation.query),
                operation_name: operation.and_then(|operation| operation.operation_name.as_deref()),
                variables: operation.map_or(&nothing, |operation| &operation.variables),
                headers: shown,
            };
            let way = serving.authenticator.way(headers, "");
            let judged = match way {
                Ok(way) => {
                    let operation = matches!(way, Way::Lambda(_)).then_some(operation);
                    let signed = SignedRequest { method: "POST", path, query: "", headers, body };
                    let arrived = Arrived { signed, operation, deadline };
                    serving.authenticator.authenticate(way, &arrived, SystemTime::now()).await
                }
                Err(fault) => Err(fault),
            };
            match judged {
                Ok(identity) => {
                    let until = serving.authenticator.end_of(&identity, headers);
                    Ok(Admitted { identity, until, api })
                }
                Err(fault) => {
                    log_refusal(&fault, self.shared.settings.mode, request_id);
                    Err(fault)
                }
            }
        }
        .boxed()
    }

    fn is_host(&self, host: &str) -> bool {
        // A host that names no API is one that the API is reached on by its path.
        self.shared.routes.by_host(host).is_none_or(|(api, _)| api.api_id == self.api.api_id)
    }
}
