//! One try to deliver one event to one target.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use lambda_host::{InvocationType, InvokeError, InvokeRequest, LambdaHost};
use reqwest::{Request, Url};
use value::{MAX_DEPTH, Str, Value};

use super::rules::variables;
use crate::api::{GraphqlRequest, GraphqlResponse, RequestContext, RequestFault, RequestHeaders};
use crate::auth::Identity;
use crate::http_client::{ExchangeError, HttpClients};
use crate::lineage;
use crate::server::{Execute, ServedApi};

/// How long an HTTP target may take to answer (EventBridge user guide, "API destinations").
const HTTP_TIMEOUT: Duration = Duration::from_secs(5);
/// What a target may get of an event, in bytes (EventBridge quotas).
const INPUT_LIMIT: usize = 256 << 10;

/// Runs mutations of one API in this process, as requests over HTTP are run.
pub trait Mutations: Send + Sync + fmt::Debug {
    /// Runs one operation with the API as it is now.
    fn run(&self, request: GraphqlRequest, context: RequestContext) -> BoxFuture<'static, Result<GraphqlResponse, RequestFault>>;
}

impl<E: Execute + fmt::Debug> Mutations for ServedApi<E> {
    fn run(&self, request: GraphqlRequest, context: RequestContext) -> BoxFuture<'static, Result<GraphqlResponse, RequestFault>> {
        let api = Arc::clone(&self.current.load().api);
        async move { api.execute(request, context).await }.boxed()
    }
}

/// Where events are delivered.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Function { host: Arc<LambdaHost>, name: Str },
    Http { clients: HttpClients, url: Url },
    Log,
    Mutation { api: Arc<dyn Mutations>, document: Str, identity: Identity, request_timeout: Duration },
}

/// Why a try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It may succeed later.
    Passing(String),
    /// It would fail again, or it may have done its work.
    Final(String),
}

/// What a try is about, for the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) rule: &'a str,
    pub(super) target: &'a str,
    pub(super) event_id: &'a str,
    /// How many rules lie behind the event.
    pub(super) depth: u8,
}

impl Place {
    /// Delivers `input`.
    pub(super) async fn deliver(&self, input: Value, subject: Subject<'_>) -> Result<(), Failure> {
        // What the target puts is one rule further.
        let depth = subject.depth.saturating_add(1);
        if input.depth_up_to(MAX_DEPTH) > MAX_DEPTH {
            return Err(Failure::Final(format!("the target's input is nested more than {MAX_DEPTH} levels deep")));
        }
        match self {
            Self::Log => {
                let Subject { rule, target, event_id, .. } = subject;
                tracing::info!(rule, target, event_id, event = %json(&input)?, "event");
                Ok(())
            }
            Self::Function { host, name } => function(host, name, json(&input)?, depth).await,
            Self::Http { clients, url } => post(clients, url, json(&input)?, depth).await,
            Self::Mutation { api, document, identity, request_timeout } => {
                json(&input)?;
                let variables = variables(input).map_err(Failure::Final)?;
                let request = GraphqlRequest { query: Str::clone(document), operation_name: None, variables };
                let context = RequestContext {
                    identity: identity.clone(),
                    headers: RequestHeaders::default(),
                    source_ip: Vec::new(),
                    domain_name: None,
                    request_id: uuid::Uuid::new_v4().to_string().into(),
                    deadline: Instant::now() + *request_timeout,
                    watch: crate::trace::Watch::default(),
                };
                mutate(lineage::behind(depth, api.run(request, context)), *request_timeout).await
            }
        }
    }
}

fn json(input: &Value) -> Result<String, Failure> {
    let text = input.to_json();
    if text.len() > INPUT_LIMIT {
        return Err(Failure::Final(format!("the target's input has {} bytes; at most {INPUT_LIMIT} are allowed", text.len())));
    }
    Ok(text)
}

/// An asynchronous invocation: from here on the retries are Lambda's.
async fn function(host: &LambdaHost, name: &str, payload: String, depth: u8) -> Result<(), Failure> {
    let mut request = InvokeRequest::new(payload);
    request.invocation_type = InvocationType::Event;
    request.trace_id = lineage::trace_header(depth);
    match host.invoke(name, request).await {
        Ok(_) => Ok(()),
        Err(error @ (InvokeError::TooManyRequests | InvokeError::Start { .. })) => Err(Failure::Passing(error.to_string())),
        Err(error) => Err(Failure::Final(error.to_string())),
    }
}

async fn post(clients: &HttpClients, url: &Url, body: String, depth: u8) -> Result<(), Failure> {
    let mut request = Request::new(Method::POST, url.clone());
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    lineage::write(request.headers_mut(), depth);
    *request.body_mut() = Some(body.into());
    let origin = url.origin().ascii_serialization();
    match clients.status(request, Instant::now() + HTTP_TIMEOUT).await {
        Ok(status) => judge(status, &origin),
        Err(error @ (ExchangeError::Timeout | ExchangeError::Unreachable(_))) => Err(Failure::Passing(error.sentence(&origin))),
        Err(error) => Err(Failure::Final(error.sentence(&origin))),
    }
}

/// Which answers are tried again (EventBridge user guide, "API destinations").
fn judge(status: StatusCode, origin: &str) -> Result<(), Failure> {
    let reason = format!("{origin} answered {status}");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => Err(Failure::Passing(reason)),
        status if status.is_server_error() => Err(Failure::Passing(reason)),
        _ => Err(Failure::Final(reason)),
    }
}

/// A mutation is never run again: one that failed may have written something.
async fn mutate(
    operation: impl Future<Output = Result<GraphqlResponse, RequestFault>>,
    request_timeout: Duration,
) -> Result<(), Failure> {
    // Execution minds its deadline itself; this is for when it does not.
    let last = Instant::now() + request_timeout + request_timeout / 20;
    let operation = tokio::time::timeout_at(last.into(), AssertUnwindSafe(operation).catch_unwind());
    let answer = match operation.await {
        Ok(Ok(Ok(answer))) => answer,
        Ok(Ok(Err(fault))) => return Err(Failure::Final(fault.to_string())),
        Ok(Err(_)) => return Err(Failure::Final("the mutation panicked".to_owned())),
        Err(_) => return Err(Failure::Final("the mutation was stopped at its deadline".to_owned())),
    };
    let answer = Value::parse(&answer.body).map_err(|error| Failure::Final(format!("the answer is no JSON: {error}")))?;
    match answer.get("errors").and_then(Value::as_list) {
        None | Some([]) => Ok(()),
        Some([first, rest @ ..]) => {
            let message = first.get("message").and_then(Value::as_str).unwrap_or_default();
            let error_type = first.get("errorType").and_then(Value::as_str).map_or(String::new(), |kind| format!("{kind}: "));
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            Err(Failure::Final(format!("the mutation answered with an error: {error_type}{message}{more}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_faults_are_tried_again() {
        for (status, expected) in [
            (200, Ok(())),
            (204, Ok(())),
            (301, Err(false)),
            (400, Err(false)),
            (401, Err(false)),
            (404, Err(false)),
            (409, Err(true)),
            (429, Err(true)),
            (500, Err(true)),
            (503, Err(true)),
        ] {
            let judged = judge(StatusCode::from_u16(status).expect("a status"), "http://x");
            assert_eq!(judged.map_err(|failure| matches!(failure, Failure::Passing(_))), expected, "{status}");
        }
    }
}
