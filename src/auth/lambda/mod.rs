//! The `AWS_LAMBDA` mode: a Lambda function is shown the token and the request, and says whether they may come in (developer guide,
//! "`AWS_LAMBDA` authorization").
//!
//! [`LambdaAuthorizer::authenticate`] is the way in. A token must first match the `identityValidationExpression`, which
//! [`LambdaAuthorizer::admit`] asks before the body is read; then an answer that is still remembered counts, else the function is
//! asked. `answer` reads what it said, `memory` remembers it and lets requests that come with one token at one time share one
//! question. Whatever goes wrong on the way, nobody comes in.

mod answer;
mod memory;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use java_regex::JavaRegex;
use jwt_verifier::TokenDigest;
use value::{Object, Str, Value};

use super::{AuthFault, LambdaIdentity};
use crate::api::RequestHeaders;
use crate::data_source::Services;
use crate::data_source::lambda::{Functions, InvocationType, InvokeFault, invoke};
use crate::definition::{ApiDefinition, LambdaAuthorizerConfig};
use crate::diagnostic::Diagnostic;

use answer::{Answer, Said};
use memory::{Memory, Outcome, Turn};

/// How long the function may take (developer guide).
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time that an answer is remembered (API reference, `authorizerResultTtlInSeconds`).
const LONGEST: Duration = Duration::from_secs(3_600);
/// Answers of this size and beyond are not remembered.
const TOO_LARGE_TO_KEEP: usize = 1 << 20;

/// The `AWS_LAMBDA` mode of one API.
pub struct LambdaAuthorizer {
    functions: Arc<dyn Functions>,
    /// `authorizerUri`
    function: Str,
    api_id: Str,
    account_id: Str,
    /// `identityValidationExpression`
    expression: Option<JavaRegex>,
    /// `authorizerResultTtlInSeconds`
    ttl: Duration,
    memory: Memory,
    /// Whether the log has been told about members of an answer that mean nothing here.
    told: AtomicBool,
}

/// What the function is told about a request.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizerRequest<'a> {
    /// `x-amzn-requestid`
    pub request_id: &'a str,
    /// The document.
    pub query: &'a str,
    /// Which operation of it was asked for.
    pub operation_name: Option<&'a str>,
    /// Variables as sent.
    pub variables: &'a Object,
    /// `ctx.request.headers`
    pub headers: &'a RequestHeaders,
}

impl LambdaAuthorizer {
    /// The authorizer of `config`, which the API `definition` has.
    ///
    /// # Errors
    /// What keeps it from working: a function that is none or not known here, an expression that is none. The place is left to the
    /// caller.
    pub fn compile(definition: &ApiDefinition, config: &LambdaAuthorizerConfig, services: &Services) -> Result<Self, Diagnostic> {
        let functions = services.authorizer(&config.authorizer_uri, definition)?;
        Self::new(config, functions, Str::clone(&definition.api_id), Str::clone(&definition.account_id))
    }

    /// As [`LambdaAuthorizer::compile`], with functions that are known already.
    ///
    /// # Errors
    /// An expression that is none.
    pub fn new(
        config: &LambdaAuthorizerConfig,
        functions: Arc<dyn Functions>,
        api_id: Str,
        account_id: Str,
    ) -> Result<Self, Diagnostic> {
        let expression = config.identity_validation_expression.as_deref().filter(|expression| !expression.is_empty());
        let expression = expression.map(JavaRegex::new).transpose().map_err(|error| {
            Diagnostic::error("invalid-expression", format!("identity_validation_expression: {error}")).help(
                "It is a regular expression of Java's that the whole token must match, for instance \"^custom-[a-z0-9]+$\".",
            )
        })?;
        Ok(Self {
            functions,
            function: Arc::clone(&config.authorizer_uri),
            api_id,
            account_id,
            expression,
            ttl: config.authorizer_result_ttl.min(LONGEST),
            memory: Memory::default(),
            told: AtomicBool::new(false),
        })
    }

    /// Judges what can be judged before the body is read, so that strangers cannot make us hold one.
    ///
    /// # Errors
    /// [`AuthFault::NotAuthorized`] when the `identityValidationExpression` does not match.
    pub fn admit(&self, token: &str) -> Result<(), AuthFault> {
        if self.is_expected(token) { Ok(()) } else { Err(AuthFault::NotAuthorized) }
    }

    /// Judges a token at the time `now`. The answer is of use until `deadline`.
    ///
    /// # Errors
    /// [`AuthFault::NotAuthorized`] when the function said no, failed or took too long, or the expression does not match;
    /// [`AuthFault::Authorizer`] when it could not be invoked or what it said makes no sense.
    pub async fn authenticate(
        &self,
        token: &str,
        request: AuthorizerRequest<'_>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Arc<LambdaIdentity>, AuthFault> {
        let digest = TokenDigest::of(token.as_bytes());
        if let Some(answer) = self.memory.recall(&digest, now) {
            return answer.into();
        }
        // Again, as nobody has to come by there.
        self.admit(token)?;
        if self.ttl.is_zero() {
            // Only the answer itself can say that it may be remembered; until it does, questions are not shared.
            return self.ask(token, digest, request, now, deadline).await?.into_answer().into();
        }
        loop {
            match self.memory.turn(digest) {
                Turn::First(flight) => {
                    // Somebody may have just been told.
                    if let Some(answer) = self.memory.recall(&digest, now) {
                        return answer.into();
                    }
                    let outcome = self.ask(token, digest, request, now, deadline).await;
                    flight.land(outcome.as_ref().ok());
                    return outcome?.into_answer().into();
                }
                Turn::Behind(mut waiting) => {
                    let outcome = tokio::time::timeout_at(deadline.into(), waiting.outcome()).await;
                    match outcome.map_err(|_| AuthFault::NotAuthorized)? {
                        Some(Outcome::Kept(answer)) => return answer.into(),
                        // What is not to be remembered was said about another request.
                        Some(Outcome::NotKept(_)) => {
                            return self.ask(token, digest, request, now, deadline).await?.into_answer().into();
                        }
                        // Who was asking has gone away: somebody else is the first now.
                        None => {}
                    }
                }
            }
        }
    }

    /// Whether the `identityValidationExpression` matches the whole token. A search that gives up is no match.
    fn is_expected(&self, token: &str) -> bool {
        self.expression.as_ref().is_none_or(|expression| expression.matches_whole(token) == Ok(true))
    }

    /// Asks the function, and remembers what it says for as long as it may be.
    async fn ask(
        &self,
        token: &str,
        digest: TokenDigest,
        request: AuthorizerRequest<'_>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Outcome, AuthFault> {
        let asked = Instant::now();
        let deadline = deadline.min(asked + PATIENCE);
        let event = Bytes::from(self.event(token, request).to_json());
        let answered = invoke(&*self.functions, &self.function, event, InvocationType::RequestResponse, deadline).await;
        let (function, request_id) = (&*self.function, request.request_id);
        let answer = match answered {
            Ok(answer) => answer,
            // It ran, and has not let anybody in.
            Err(fault @ (InvokeFault::Timeout | InvokeFault::TooLarge { .. })) => {
                tracing::warn!(function, request_id, %fault, "the Lambda authorizer gave no answer");
                return Err(AuthFault::NotAuthorized);
            }
            Err(fault @ (InvokeFault::Refused { .. } | InvokeFault::Unavailable(_))) => {
                tracing::warn!(function, request_id, %fault, "the Lambda authorizer cannot be invoked");
                return Err(AuthFault::Authorizer);
            }
        };
        if answer.function_error.is_some() {
            // Throwing is a usual way to say no, and the function's own log has the error.
            tracing::debug!(function, request_id, "the Lambda authorizer failed");
            return Err(AuthFault::NotAuthorized);
        }
        let said = Said::read(&answer.payload, &self.api_id).map_err(|reason| {
            tracing::warn!(function, request_id, reason, "the Lambda authorizer's answer makes no sense");
            AuthFault::Authorizer
        })?;
        if let Some(member) = said.unknown
            && !self.told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(function, request_id, member, "the Lambda authorizer's answer has a member without meaning");
        }
        let ttl = said.ttl.unwrap_or(self.ttl).min(LONGEST);
        if said.answer.is_silence() || ttl.is_zero() || answer.payload.len() >= TOO_LARGE_TO_KEEP {
            return Ok(Outcome::NotKept(said.answer));
        }
        self.memory.keep(digest, said.answer.clone(), answer.payload.len(), now, asked.elapsed() + ttl);
        Ok(Outcome::Kept(said.answer))
    }

    /// What the function gets.
    fn event(&self, token: &str, request: AuthorizerRequest<'_>) -> Value {
        let mut context = Object::with_capacity(6);
        context.insert("apiId", &self.api_id);
        context.insert("accountId", &self.account_id);
        context.insert("requestId", request.request_id);
        context.insert("queryString", request.query);
        context.insert("operationName", request.operation_name.map_or(Value::Null, Value::from));
        context.insert("variables", request.variables.clone());
        let mut event = Object::with_capacity(3);
        event.insert("authorizationToken", token);
        event.insert("requestContext", context);
        event.insert("requestHeaders", request.headers.value().clone());
        event.into()
    }
}

impl From<Answer> for Result<Arc<LambdaIdentity>, AuthFault> {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Admitted(identity) => Ok(identity),
            Answer::Refused | Answer::Silent => Err(AuthFault::NotAuthorized),
        }
    }
}

impl fmt::Debug for LambdaAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaAuthorizer").field("function", &self.function).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}
