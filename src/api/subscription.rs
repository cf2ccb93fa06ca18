//! Subscriptions: what a client asks to hear, judged and compiled at its start, and what an API lets its subscribers hear.
//!
//! [`Api::subscribe`] runs the subscription's own resolver, which may refuse it or set filters (developer guide, "Real-time data",
//! "Enhanced filtering"). What it gives, a [`Subscription`], says which events it wants and how each is written for it. Who keeps
//! subscriptions and brings events to them is a [`Publisher`], which knows nothing of resolvers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use futures_util::future::BoxFuture;
use value::{Object, Str, Value};

use super::{Api, GraphqlRequest, RequestContext, RequestFault, request_member};
use crate::auth::Identity;
use crate::execution::ast::OperationKind;
use crate::execution::cache::Prepared;
use crate::execution::coercion::{ArgumentTemplate, coerce_variables};
use crate::execution::error::{FieldError, RequestError};
use crate::execution::event::{self, Event};
use crate::execution::executor::{self, Request};
use crate::execution::plan::{ModeMask, Plan, PlanField};
use crate::execution::writer::TooLarge;
use crate::resolver::RequestResolvers;
use crate::trace::Recorder;
use crate::trace::log::Asked;
use crate::trace::show::About;

/// The most memory that the plan of one subscription takes: it is kept for as long as the subscription lives, and a short document may
/// have a large one. Some 1,500 fields.
const LARGEST_PLAN: usize = 512 << 10;

/// Whoever brings events to subscribers.
pub trait Publisher: fmt::Debug + Send + Sync + 'static {
    /// Whether anybody may be listening: events that nobody hears are not made.
    fn is_heard(&self) -> bool;

    /// Takes publications, in order, at once. The future ends when there is room for more, at `deadline` at the latest, so that
    /// mutations cannot run ahead of their subscribers.
    fn publish(&self, publications: Vec<Publication>, deadline: Instant) -> BoxFuture<'_, ()>;
}

/// What the subscribers of an API are concerned by.
#[derive(Clone, Debug, PartialEq)]
pub enum Publication {
    /// A mutation field succeeded.
    Event(Event),
    /// `extensions.invalidateSubscriptions`
    Invalidation {
        /// `subscriptionField`
        subscription: Str,
        /// `payload`, which invalidation filters are compared with.
        payload: Value,
    },
}

/// A subscription that was let in.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its field.
    pub field: Str,
    /// What answers call it.
    pub response_key: Str,
    /// The arguments that events must match, unless there is a filter: those that were given.
    pub arguments: Object,
    /// From `extensions.setSubscriptionFilter`; replaces the arguments.
    pub filter: Option<Value>,
    /// From `extensions.setSubscriptionInvalidationFilter`.
    pub invalidation_filter: Option<Value>,
    /// How events are written for it.
    pub shape: Shape,
}

/// How events are written: two subscriptions of one shape get the same bytes.
#[derive(Clone)]
pub struct Shape {
    api: Arc<Api>,
    plan: Arc<Plan>,
    conditions: Box<[bool]>,
    mode: ModeMask,
    denied: Option<Arc<[bool]>>,
}

impl Shape {
    /// The answer to an event with this value, `{"data":…}`.
    ///
    /// # Errors
    /// [`TooLarge`] when it is larger than `limit` bytes.
    pub fn write(&self, value: &Value, limit: usize) -> Result<Vec<u8>, TooLarge> {
        event::write(&self.api.type_system, &self.plan, &self.request(&Object::new()), value, limit)
    }

    /// Whether this is how `api` writes.
    #[must_use]
    pub fn is_of(&self, api: &Arc<Api>) -> bool {
        Arc::ptr_eq(&self.api, api)
    }

    /// The request as it is worth keeping: without variables that its document does not declare.
    #[must_use]
    pub fn essence(&self, mut request: GraphqlRequest) -> GraphqlRequest {
        let is_declared = |name: &Str| self.plan.variables.iter().any(|declared| declared.name == *name);
        let declared = request.variables.iter().filter(|(name, _)| is_declared(name));
        request.variables = declared.map(|(name, value)| (Str::clone(name), value.clone())).collect();
        request
    }

    fn request<'a>(&'a self, variables: &'a Object) -> Request<'a> {
        static NONE: LazyLock<Value> = LazyLock::new(|| Value::from(Object::new()));
        Request {
            variables,
            conditions: &self.conditions,
            sent_variables: &NONE,
            mode: self.mode,
            denied: self.denied.as_deref(),
            resolver_limit: 0,
            details: false,
        }
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &other.plan)
            && self.mode == other.mode
            && self.conditions == other.conditions
            && self.denied == other.denied
    }
}

impl Eq for Shape {}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.plan).hash(state);
        self.mode.hash(state);
        self.conditions.hash(state);
        self.denied.hash(state);
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// A subscription as far as it is known without its resolver.
struct Judged {
    variables: Object,
    shape: Shape,
    arguments: Object,
}

impl Api {
    /// Judges the start of a subscription: validation, authorization, its resolver.
    ///
    /// # Errors
    /// Why it is refused. Messages are those that requests over HTTP get; an `errorType` is there where they have one.
    pub async fn subscribe(
        self: &Arc<Self>,
        request: &GraphqlRequest,
        context: RequestContext,
    ) -> Result<Subscription, Vec<FieldError>> {
        let Judged { variables, shape, arguments } = self.judge(request, &context.identity)?;
        let plan = Arc::clone(&shape.plan);
        let field = root(&plan, &shape.request(&variables))?;
        let sent = Value::from(request.variables.clone());
        let members = || (context.identity.to_value(&context.source_ip), request_member(&context));
        let recorder = self.recorder(&context);
        let resolvers = RequestResolvers::new(&self.resolvers, &members, context.deadline).watched_by(recorder.as_ref());
        let asked = request;
        let request = Request { sent_variables: &sent, resolver_limit: self.limits.resolver_count, ..shape.request(&variables) };
        let results = executor::resolve(&plan, &request, &resolvers).await;
        let effects = resolvers.into_effects();
        if let Some(recorder) = recorder {
            recorder.place(&plan, &request, &results);
            self.log(&recorder, asked, &context);
        }
        // Whatever asks for one gets it; AppSync documents mutations only.
        let invalidations = invalidations(effects.invalidations);
        if let Some(publisher) = self.publisher().filter(|_| !invalidations.is_empty()) {
            publisher.publish(invalidations, context.deadline).await;
        }
        let errors: Vec<FieldError> = results.into_errors(field).into_iter().chain(effects.errors).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Subscription {
            field: Str::clone(&field.name),
            response_key: Str::clone(&field.response_key),
            arguments,
            filter: effects.subscription_filter,
            invalidation_filter: effects.invalidation_filter,
            shape,
        })
    }

    /// Writes what the start of a subscription came to. The document was judged before there was anything to record.
    fn log(&self, recorder: &Recorder, request: &GraphqlRequest, context: &RequestContext) {
        let Some(logging) = &self.logging else { return };
        let about = About {
            request_id: &context.request_id,
            operation_type: Some("subscription"),
            operation_name: request.operation_name.as_deref(),
            publications: 0,
        };
        let headers = context.headers.value();
        logging.operation(recorder, &about, &Asked { query: &request.query, variables: &request.variables, headers });
    }

    /// A subscription that was let in before, perhaps by another definition of this API, as this one writes it. Its resolver does not
    /// run again; the filters (of events, of invalidations) stay what they were.
    ///
    /// # Errors
    /// Why there is no such subscription any more.
    pub fn resubscribe(
        self: &Arc<Self>,
        (filter, invalidation_filter): (Option<Value>, Option<Value>),
        request: &GraphqlRequest,
        identity: &Identity,
    ) -> Result<Subscription, Vec<FieldError>> {
        let Judged { variables, shape, arguments } = self.judge(request, identity)?;
        let field = root(&shape.plan, &shape.request(&variables))?;
        let (field, response_key) = (Str::clone(&field.name), Str::clone(&field.response_key));
        Ok(Subscription { field, response_key, arguments, filter, invalidation_filter, shape })
    }

    /// Whether anything can be subscribed to.
    #[must_use]
    pub fn has_subscriptions(&self) -> bool {
        !self.triggers.is_empty()
    }

    /// Whether a request is a subscription. One that cannot be read is none.
    #[must_use]
    pub fn is_subscription(&self, request: &GraphqlRequest) -> bool {
        matches!(self.prepared(request, None), Prepared::Plan(plan) if plan.kind == OperationKind::Subscription)
    }

    /// The subscription fields that a mutation field triggers (`@aws_subscribe`).
    pub fn subscriptions_of<'a>(&'a self, mutation: &'a str) -> impl Iterator<Item = &'a Str> {
        self.triggers.get(mutation).into_iter().flatten()
    }

    fn judge(self: &Arc<Self>, request: &GraphqlRequest, identity: &Identity) -> Result<Judged, Vec<FieldError>> {
        let plan = match self.prepared(request, None) {
            Prepared::Plan(plan) => plan,
            Prepared::Refused(errors) => return Err(errors.iter().map(untyped).collect()),
            Prepared::Unparsable => {
                let message = RequestFault::Unparsable.to_string();
                return Err(vec![FieldError::new("MalformedHttpRequestException", message)]);
            }
        };
        let kind = match plan.kind {
            OperationKind::Subscription => None,
            OperationKind::Query => Some("query"),
            OperationKind::Mutation => Some("mutation"),
        };
        if let Some(kind) = kind {
            let message = format!("{kind} not supported through the realtime channel");
            return Err(vec![FieldError::new("UnsupportedOperation", message)]);
        }
        if plan.weight > LARGEST_PLAN {
            let message = format!(
                "The subscription selects too much: what is kept of it takes {} bytes, {LARGEST_PLAN} are the most.",
                plan.weight
            );
            return Err(vec![FieldError::new("LimitExceededError", message)]);
        }
        let variables = coerce_variables(&self.type_system, &plan.variables, &request.variables);
        let variables = variables.map_err(|error| vec![untyped(&error)])?;
        let denied = self.denied.denied_fields(&plan, identity, &self.arn);
        let shape = Shape {
            api: Arc::clone(self),
            conditions: plan.conditions_that_hold(&variables).into(),
            mode: self.authorization.of(identity),
            denied,
            plan,
        };
        let field = root(&shape.plan, &shape.request(&variables))?;
        if !executor::is_read(field, &shape.request(&variables)) {
            return Err(vec![executor::not_read(field)]);
        }
        let arguments = given_arguments(&shape.plan.subscription_arguments, &variables);
        Ok(Judged { variables, shape, arguments })
    }
}

/// What resolvers asked for, to be published.
pub(super) fn invalidations(asked: Vec<(Str, Value)>) -> Vec<Publication> {
    asked.into_iter().map(|(subscription, payload)| Publication::Invalidation { subscription, payload }).collect()
}

/// The one field of a subscription (GraphQL specification, section 5.2.4.1; introspection fields are none). There is none when it
/// is skipped.
fn root<'a>(plan: &'a Plan, request: &Request<'_>) -> Result<&'a PlanField, Vec<FieldError>> {
    let mut fields = plan.root.iter().filter(|field| !field.name.starts_with("__"));
    match (fields.next(), fields.next()) {
        (Some(field), None) if request.holds(field.condition) => Ok(field),
        _ => Err(vec![FieldError::new(
            "BadRequestException",
            "A subscription must select exactly one field of the subscription type; start one subscription for each field.",
        )]),
    }
}

/// The arguments that were given: one that is a variable without a value was not.
fn given_arguments(templates: &[(Str, ArgumentTemplate)], variables: &Object) -> Object {
    let is_given = |template: &ArgumentTemplate| match template {
        ArgumentTemplate::Variable(name) => variables.contains_key(name),
        _ => true,
    };
    let given = templates.iter().filter(|(_, template)| is_given(template));
    given.map(|(name, template)| (Str::clone(name), template.instantiate(variables))).collect()
}

fn untyped(error: &RequestError) -> FieldError {
    FieldError { message: error.message.clone(), ..FieldError::default() }
}
