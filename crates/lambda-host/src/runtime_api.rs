//! The Lambda Runtime API, version 2018-06-01, of one process ("Using the Lambda runtime API for custom runtimes").

use std::convert::Infallible;
use std::net::SocketAddrV4;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::environment::{Delivery, Environment, Refusal};
use crate::failure::Failure;
use crate::held_stream::{HeldStream, Hold};
use crate::peer;

/// A header of our own bootstraps; see [`HeldStream`].
const NEXT_FOLLOWS: &str = "lambda-host-next-follows";
const PREFIX: &str = "/2018-06-01/runtime/";

/// Serves one connection, if it comes from the environment's own process.
pub(crate) async fn serve(environment: Arc<Environment>, stream: TcpStream, peer: SocketAddrV4) {
    let (process, api) = (environment.process, environment.api);
    let ours = tokio::task::spawn_blocking(move || peer::belongs_to(process, peer, api)).await;
    if !matches!(ours, Ok(true)) {
        tracing::warn!(function = &*environment.function.name, %peer, "refused a connection that is not from the function's process");
        return;
    }
    // Answers are small and awaited: none should wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let hold = Hold::default();
    let service = service_fn(async |request: Request<Incoming>| {
        // Our bootstraps announce with a report that the question for the next event follows in the same write.
        let next_follows = request.headers().contains_key(NEXT_FOLLOWS);
        let response = answer(&environment, request).await;
        hold.set(next_follows);
        Ok::<_, Infallible>(response)
    });
    let stream = TokioIo::new(HeldStream::new(stream, hold.clone()));
    // A connection that breaks is the process's own affair: it connects again, or its exit is noticed.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(stream, service).await;
}

async fn answer(environment: &Arc<Environment>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    // No runtime sends these: a page in a browser does, that guessed the port or was given a name for it.
    if request.headers().contains_key(ORIGIN) || !is_for(request.headers(), environment.api) {
        return error(StatusCode::FORBIDDEN, "Forbidden", "The Runtime API serves the function's own process only.");
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let Some(route) = path.strip_prefix(PREFIX) else { return not_found() };
    match (route.split('/').collect::<Vec<_>>().as_slice(), method) {
        (["invocation", "next"], Method::GET) => next(environment).await,
        (["invocation", request_id, "response"], Method::POST) => {
            let limit = environment.function.shared.settings.response_limit;
            match body(request, limit).await {
                Some(body) => status(environment.report(request_id, Ok(body))),
                None => match environment.report(request_id, Err(Failure::ResponseTooLarge(limit))) {
                    Ok(()) => error(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "RequestEntityTooLarge",
                        &format!("Exceeded maximum allowed payload size ({limit} bytes)."),
                    ),
                    refused => status(refused),
                },
            }
        }
        (["invocation", request_id, "error"], Method::POST) => {
            let report = error_report(environment, request).await;
            status(environment.report(request_id, Err(Failure::Reported(report))))
        }
        (["init", "error"], Method::POST) => {
            let report = error_report(environment, request).await;
            status(environment.init_error(report))
        }
        (["invocation", "next"] | ["invocation", _, "response" | "error"] | ["init", "error"], _) => {
            error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The method is not allowed for this path.")
        }
        _ => not_found(),
    }
}

async fn next(environment: &Arc<Environment>) -> Response<Full<Bytes>> {
    let delivery = match environment.next() {
        Ok(delivery) => delivery,
        Err(refusal) => return refused(&refusal),
    };
    // Parked here, at no cost, until there is something to do; dropped when the process closes the connection.
    let Ok(delivery) = delivery.await else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "ServiceError", "The execution environment is shutting down.");
    };
    event(&environment.function.arn, *delivery)
}

fn event(arn: &str, delivery: Delivery) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(delivery.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut insert = |name: &'static str, value: &str| {
        // All of them are ours, or were checked when the invocation came.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert("lambda-runtime-aws-request-id", &delivery.request_id);
    insert("lambda-runtime-deadline-ms", &delivery.deadline_ms.to_string());
    insert("lambda-runtime-invoked-function-arn", arn);
    insert("lambda-runtime-trace-id", &delivery.trace_id);
    if let Some(client_context) = &delivery.client_context {
        insert("lambda-runtime-client-context", client_context);
    }
    if let Some(cognito_identity) = &delivery.cognito_identity {
        insert("lambda-runtime-cognito-identity", cognito_identity);
    }
    response
}

/// The request's body, or `None` when it is larger; then the rest is read and dropped, so that the connection can go on.
async fn body(request: Request<Incoming>, limit: usize) -> Option<Bytes> {
    let mut body = request.into_body();
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX).min(limit);
    let mut collected = BytesMut::new();
    let mut too_large = false;
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        if collected.is_empty() && data.len() == expected && !too_large && body.is_end_stream() {
            // The usual case: all of it came in one piece.
            return Some(data);
        }
        too_large |= collected.len() + data.len() > limit;
        if too_large {
            collected = BytesMut::new();
        } else {
            collected.reserve(expected.saturating_sub(collected.len()));
            collected.extend_from_slice(&data);
        }
    }
    (!too_large).then(|| collected.freeze())
}

/// An error object. Runtimes may leave the body out and name the type in a header only.
async fn error_report(environment: &Environment, request: Request<Incoming>) -> Bytes {
    let error_type = request.headers().get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    let error_type = error_type.unwrap_or("Runtime.Unknown").to_owned();
    match body(request, environment.function.shared.settings.response_limit).await {
        Some(body) if !body.is_empty() => body,
        _ => Bytes::from(json!({ "errorType": error_type, "errorMessage": null }).to_string()),
    }
}

/// Whether `Host` names this listener. A page that reaches it by rebinding a name of its own sends that name.
fn is_for(headers: &HeaderMap, api: SocketAddrV4) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    let name = host.strip_suffix(&format!(":{}", api.port())).unwrap_or(host);
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn status(result: Result<(), Refusal>) -> Response<Full<Bytes>> {
    match result {
        Ok(()) => json_response(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n")),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    match refusal {
        Refusal::InvalidStateTransition(from, to) => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"),
        ),
        Refusal::InvalidRequestId => error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
    }
}

fn not_found() -> Response<Full<Bytes>> {
    error(StatusCode::NOT_FOUND, "NotFound", "The Runtime API has no such path.")
}

/// `ErrorResponse` of the API.
fn error(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json_response(status, Bytes::from(json!({ "errorMessage": message, "errorType": error_type }).to_string()))
}

fn json_response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
