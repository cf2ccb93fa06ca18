//! The endpoint of AppSync's operations `EvaluateCode` and `EvaluateMappingTemplate`, so that tests of resolvers that call these
//! through an SDK run unchanged against this server.
//!
//! It answers on the server's listener at the paths that the operations have on AWS. In development, on a loopback address, every
//! program of this machine may call it. Elsewhere it is who signs with the access key of one of `[[api.iam_principals]]` whose
//! policies allow the operation; where there is no such principal, there is no endpoint.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use appsync_utils::bytes_up_to;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use iam_policy::{Decision, Policy, decide};
use tokio::sync::Semaphore;
use value::{Object, Value};

use super::answer::HttpResponse;
use super::aws::access::{Access, Refusal, Service};
use super::aws::body::{self, Fault};
use super::aws::places::Places;
use super::request_id;
use super::service::Peer;
use super::{Mode, Settings};
use crate::auth::sigv4::Credential;
use crate::resolver::offline::Conditions;
use crate::resolver::offline::operation::{BadRequest, Form, Operation, Operations};

const SERVICE: Service =
    Service { signing_name: "appsync", name: "AppSync", exposed_headers: "x-amzn-requestid,x-amzn-errortype" };
/// What a body may have, in bytes: a template and a context of the greatest length, each character as `\u0000`.
const LIMIT: usize = 1 << 20;
/// How many evaluations run at a time: each may keep a processor busy for its whole budget.
const AT_A_TIME: usize = 2;
/// How long a request waits for others: twice what one may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest answer, in bytes: a result of the greatest length, each character escaped, with the log and the errors.
const LONGEST_ANSWER: usize = 16 << 20;
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Somebody who may evaluate where not everybody on this machine may.
#[derive(Clone, Debug)]
pub struct EvaluationCaller {
    /// What he signs with.
    pub credential: Credential,
    /// `arn:aws:iam::…`: what refusals call him.
    pub arn: String,
    /// The ARN of everything in AppSync of his account: `arn:aws:appsync:REGION:ACCOUNT`.
    pub scope: String,
    /// What he may do.
    pub policies: Vec<Policy>,
}

/// The endpoint of a server that listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    access: Access,
    callers: HashMap<String, EvaluationCaller>,
    operations: Arc<Operations>,
    running: Arc<Semaphore>,
    /// Places for requests with a large body; none is large enough to need one.
    places: Places,
}

/// A status, an exception's name, a sentence.
type Fail = (StatusCode, &'static str, String);

impl Endpoint {
    /// The endpoint as the server's mode and address allow it; `None` where it must not exist.
    pub(super) fn new(callers: Vec<EvaluationCaller>, mode: Mode, loopback: bool) -> Option<Self> {
        let mut by_key: HashMap<String, Option<EvaluationCaller>> = HashMap::new();
        for caller in callers {
            join(&mut by_key, caller);
        }
        let by_key: HashMap<_, _> = by_key.into_iter().filter_map(|(key, caller)| Some((key, caller?))).collect();
        let credentials = by_key.values().map(|caller| caller.credential.clone()).collect();
        let access = Access::new(SERVICE, mode == Mode::Development && loopback, credentials)?;
        // What AppSync refuses is refused, whatever the definition's `strict` says: people ask this to learn it.
        let operations = Arc::new(Operations::new(Conditions::default(), Form::Exact, true));
        Some(Self { access, callers: by_key, operations, running: Arc::new(Semaphore::new(AT_A_TIME)), places: Places::new() })
    }
}

/// Adds a caller. One access key in several APIs is one caller, with the policies of all of them; where these say of it what cannot
/// be true at once, it is nobody's.
fn join(callers: &mut HashMap<String, Option<EvaluationCaller>>, caller: EvaluationCaller) {
    match callers.entry(caller.credential.access_key_id.clone()) {
        Entry::Vacant(place) => drop(place.insert(Some(caller))),
        Entry::Occupied(mut place) => {
            let is_same = |known: &&mut EvaluationCaller| {
                let secrets = (&known.credential.secret_access_key, &caller.credential.secret_access_key);
                (secrets.0, &known.arn, &known.scope) == (secrets.1, &caller.arn, &caller.scope)
            };
            if let Some(known) = place.get_mut().as_mut().filter(is_same) {
                known.policies.extend(caller.policies);
            } else if place.insert(None).is_some() {
                tracing::warn!(
                    access_key_id = caller.credential.access_key_id,
                    "two APIs have this access key with another secret, principal, account or region: it cannot evaluate code"
                );
            }
        }
    }
}

/// Whether a path is one of the operations'.
pub(super) fn is_endpoint(path: &str) -> bool {
    operation(path).is_some()
}

/// Newer models have the version in front, the first ones had not.
fn operation(path: &str) -> Option<Operation> {
    match path.strip_prefix("/v1").unwrap_or(path) {
        "/dataplane-evaluatecode" => Some(Operation::EvaluateCode),
        "/dataplane-evaluatetemplate" => Some(Operation::EvaluateMappingTemplate),
        _ => None,
    }
}

/// Answers one request; every way out is an answer of the service's form.
pub(super) async fn answer(endpoint: &Endpoint, settings: &Settings, peer: &Peer, parts: Parts, body: Incoming) -> HttpResponse {
    let mut response = if let Err(refusal) = endpoint.access.admit(&parts, peer.address.ip()) {
        super::body::discard(&parts.headers, body).await;
        respond(Err(refused(refusal)))
    } else if endpoint.access.is_preflight(&parts) {
        Response::new(Bytes::new())
    } else {
        respond(evaluate(endpoint, settings, &parts, body).await)
    };
    tracing::debug!(status = response.status().as_u16(), "evaluation request answered");
    endpoint.access.write_cors(&parts, response.headers_mut());
    response.map(|body| Either::Left(Full::new(body)))
}

async fn evaluate(endpoint: &Endpoint, settings: &Settings, parts: &Parts, body: Incoming) -> Result<String, Fail> {
    let path = parts.uri.path();
    let received = body::read(&parts.headers, body, LIMIT, &endpoint.places, settings.body_read_timeout).await;
    let body::Received { bytes, place: _place } = received.map_err(|fault| refused_body(&fault))?;
    let caller = endpoint.access.verify(parts, &bytes, SystemTime::now()).await.map_err(refused)?;
    let operation = operation(path).filter(|_| parts.method == Method::POST).ok_or_else(|| {
        let message = format!("{} {path} is no operation: use POST.", parts.method);
        (StatusCode::NOT_FOUND, "UnknownOperationException", message)
    })?;
    if let Some(access_key_id) = caller {
        let caller = endpoint.callers.get(&access_key_id).ok_or_else(internal)?;
        authorize(caller, operation, path)?;
    }
    let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&endpoint.running).acquire_owned()).await;
    let permit = waiting.ok().and_then(Result::ok).ok_or_else(|| {
        let message = "Too many evaluations are under way.".to_owned();
        (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message)
    })?;
    let operations = Arc::clone(&endpoint.operations);
    let evaluation = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        std::panic::catch_unwind(AssertUnwindSafe(|| run(&operations, operation, &bytes)))
    });
    match evaluation.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) | Err(_) => {
            tracing::error!(path, "an evaluation panicked");
            Err(internal())
        }
    }
}

/// All the work of a request, its answer written down.
fn run(operations: &Operations, operation: Operation, body: &[u8]) -> Result<String, Fail> {
    let request = Value::parse(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, "SerializationException", format!("The body is no JSON: {error}.")))?;
    let answer = operations.answer(operation, &request);
    let answer = answer.map_err(|BadRequest(message)| (StatusCode::BAD_REQUEST, "BadRequestException", message))?;
    if bytes_up_to(&answer, LONGEST_ANSWER) > LONGEST_ANSWER {
        let message = format!("The answer is longer than {LONGEST_ANSWER} bytes.");
        return Err((StatusCode::BAD_REQUEST, "BadRequestException", message));
    }
    Ok(answer.to_json())
}

/// Whether the policies of who signed allow the operation.
fn authorize(caller: &EvaluationCaller, operation: Operation, path: &str) -> Result<(), Fail> {
    let action = match operation {
        Operation::EvaluateCode => "appsync:EvaluateCode",
        Operation::EvaluateMappingTemplate => "appsync:EvaluateMappingTemplate",
    };
    let resource = format!("{}:{path}", caller.scope);
    let reason = match decide(&caller.policies, action, &resource) {
        Decision::Allowed => return Ok(()),
        Decision::ImplicitlyDenied => format!("because no identity-based policy allows the {action} action"),
        Decision::ExplicitlyDenied => "with an explicit deny in an identity-based policy".to_owned(),
    };
    let message = format!("User: {} is not authorized to perform: {action} on resource: {resource} {reason}", caller.arn);
    Err((StatusCode::FORBIDDEN, "AccessDeniedException", message))
}

fn refused(refusal: Refusal) -> Fail {
    match refusal {
        Refusal::Elsewhere(message) => (StatusCode::FORBIDDEN, "AccessDeniedException", message),
        Refusal::Signature(fault) => (StatusCode::FORBIDDEN, fault.code(), fault.to_string()),
        Refusal::Internal => internal(),
    }
}

fn refused_body(fault: &Fault) -> Fail {
    match fault {
        Fault::TooLarge => {
            let message = format!("The request is larger than {LIMIT} bytes.");
            (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message)
        }
        Fault::Incomplete => {
            let message = "The request body did not arrive completely in time.";
            (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message.to_owned())
        }
        Fault::Busy => {
            let message = "Too many requests with large bodies are under way.";
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message.to_owned())
        }
        Fault::Encoding(message) => (StatusCode::BAD_REQUEST, "SerializationException", message.clone()),
    }
}

fn internal() -> Fail {
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailureException", "An internal AppSync error occurred.".to_owned())
}

/// restJson1: the exception's name in a header, its members in the body.
fn respond(result: Result<String, Fail>) -> Response<Bytes> {
    let (status, error_type, body) = match result {
        Ok(body) => (StatusCode::OK, None, body),
        Err((status, error_type, message)) => {
            let mut members = Object::with_capacity(1);
            members.insert("message", message);
            (status, Some(error_type), Value::from(members).to_json())
        }
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(error_type) = error_type {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id::next()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_paths_are_the_operations() {
        for (path, expected) in [
            ("/v1/dataplane-evaluatecode", Some(Operation::EvaluateCode)),
            ("/dataplane-evaluatecode", Some(Operation::EvaluateCode)),
            ("/v1/dataplane-evaluatetemplate", Some(Operation::EvaluateMappingTemplate)),
            ("/v1/dataplane-evaluatecode/", None),
            ("/v1/apis", None),
            ("/graphql", None),
        ] {
            assert_eq!(operation(path), expected, "{path}");
        }
    }

    #[test]
    fn one_access_key_in_several_apis_has_the_policies_of_all_or_is_nobodys() {
        let caller = |secret: &str, action: &str| {
            let statement = format!(r#"{{"Effect": "Allow", "Action": "appsync:{action}", "Resource": "*"}}"#);
            let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
            EvaluationCaller {
                credential: Credential { access_key_id: "AKID".into(), secret_access_key: secret.into() },
                arn: "arn:aws:iam::111122223333:user/ann".into(),
                scope: "arn:aws:appsync:us-east-1:111122223333".into(),
                policies: vec![Policy::read(&Value::parse(policy.as_bytes()).expect("JSON")).expect("a policy")],
            }
        };
        let both = vec![caller("s", "EvaluateCode"), caller("s", "EvaluateMappingTemplate")];
        let endpoint = Endpoint::new(both, Mode::Production, true).expect("an endpoint");
        for operation in [Operation::EvaluateCode, Operation::EvaluateMappingTemplate] {
            assert_eq!(authorize(&endpoint.callers["AKID"], operation, "/v1/x"), Ok(()));
        }
        let others = ["s", "another", "s"].map(|secret| caller(secret, "*")).to_vec();
        let endpoint = Endpoint::new(others, Mode::Production, true);
        assert!(endpoint.is_none_or(|endpoint| endpoint.callers.is_empty()));
    }

    #[test]
    fn policies_decide_by_action_and_resource() {
        let caller = |statement: &str| EvaluationCaller {
            credential: Credential { access_key_id: "AKID".into(), secret_access_key: "s".into() },
            arn: "arn:aws:iam::111122223333:user/ann".into(),
            scope: "arn:aws:appsync:us-east-1:111122223333".into(),
            policies: vec![
                Policy::read(
                    &Value::parse(format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#).as_bytes())
                        .expect("JSON"),
                )
                .expect("a policy"),
            ],
        };
        for (statement, allowed) in [
            (r#"{"Effect": "Allow", "Action": "appsync:EvaluateCode", "Resource": "*"}"#, true),
            // As the developer guide prints it.
            (
                r#"{"Effect": "Allow", "Action": "appsync:evaluateCode", "Resource": "arn:aws:appsync:us-east-1:111122223333:*"}"#,
                true,
            ),
            (r#"{"Effect": "Allow", "Action": "appsync:*", "Resource": "arn:aws:appsync:us-east-1:444455556666:*"}"#, false),
            (r#"{"Effect": "Allow", "Action": "appsync:GraphQL", "Resource": "*"}"#, false),
            (r#"{"Effect": "Deny", "Action": "appsync:*", "Resource": "*"}"#, false),
        ] {
            let outcome = authorize(&caller(statement), Operation::EvaluateCode, "/v1/dataplane-evaluatecode");
            assert_eq!(outcome.is_ok(), allowed, "{statement}: {outcome:?}");
        }
    }
}
