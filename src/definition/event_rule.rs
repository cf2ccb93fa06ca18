//! Rules of the event buses in this process, in the words of CloudFormation's `AWS::Events::Rule`.
//!
//! Only the form is known here. Whether a pattern is one, a path leads anywhere or an operation fits its schema is judged where rules
//! are compiled.

use std::time::Duration;

use value::{Str, Value};

use super::AuthenticationType;
use crate::diagnostic::Place;

/// A rule: `[[event_rule]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRule {
    /// `Name`
    pub name: Str,
    /// `EventBusName`; where the file has none, `default`.
    pub event_bus_name: Str,
    /// `EventPattern`
    pub event_pattern: Value,
    /// `State`: `ENABLED` or `DISABLED`.
    pub enabled: bool,
    /// `Targets`
    pub targets: Vec<EventTarget>,
    /// Where its name is written.
    pub place: Option<Place>,
    /// Where its pattern is written.
    pub pattern_place: Option<Place>,
}

/// Where the events of a rule go: `Target`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTarget {
    /// `Id`
    pub id: Str,
    /// What it is.
    pub kind: EventTargetKind,
    /// `Input`, `InputPath` or `InputTransformer`.
    pub input: EventInput,
    /// `RetryPolicy`
    pub retry_policy: RetryPolicy,
    /// Where it is written.
    pub place: Option<Place>,
}

/// The kind of a target. On AWS its ARN says it.
#[derive(Clone, Debug, PartialEq)]
pub enum EventTargetKind {
    /// `lambda_function`: a function of this definition, by name or ARN, invoked asynchronously.
    LambdaFunction(Str),
    /// `http`: an `http://` or `https://` URL that events are posted to.
    Http(Str),
    /// `log = true`: the server's log.
    Log,
    /// `graphql_operation`: a mutation of an API of this process.
    GraphqlOperation(GraphqlTarget),
}

/// A mutation as a target: `AppSyncParameters`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlTarget {
    /// `api`: the API's name, id or ARN; absent: the only one.
    pub api: Option<Str>,
    /// `GraphQLOperation`
    pub graphql_operation: Str,
    /// Who runs it.
    pub identity: RuleIdentity,
    /// Where the operation is written.
    pub operation_place: Option<Place>,
}

/// Who a rule acts as. On AWS that is `RoleArn`.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleIdentity {
    /// The authorization mode that fields are judged by.
    pub authentication_type: AuthenticationType,
    /// `ctx.identity` of the resolvers.
    pub context: Value,
}

/// What a target gets of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum EventInput {
    /// The whole event.
    Event,
    /// `Input`: the same for every event.
    Constant(Value),
    /// `InputPath`: a part of it.
    Path(Str),
    /// `InputTransformer`
    Transformer {
        /// `InputPathsMap`: variables and their paths.
        input_paths_map: Vec<(Str, Str)>,
        /// `InputTemplate`
        input_template: Str,
    },
}

/// How long a delivery is tried: `RetryPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// `MaximumRetryAttempts`
    pub maximum_retry_attempts: u32,
    /// `MaximumEventAgeInSeconds`
    pub maximum_event_age: Duration,
}

impl Default for RetryPolicy {
    /// Shorter than AWS's 185 attempts in a day: what waits here is in memory.
    fn default() -> Self {
        Self { maximum_retry_attempts: 4, maximum_event_age: Duration::from_secs(60) }
    }
}
