//! A served API: its definition, compiled. Immutable; a request keeps the [`Api`] it began with.
//!
//! [`Api::compile`] is the way in from a definition, [`Api::execute`] the walk of one operation: plan, variables, resolvers,
//! bytes.

mod authorization;
mod compile;
mod denied;
mod request_headers;
mod subscription;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tracing::Instrument;
use value::{Object, Str, Value};

pub use compile::{Compiled, Options};
pub use denied::denied_fields;
pub use request_headers::RequestHeaders;
pub use subscription::{Publication, Publisher, Shape, Subscription};

use crate::auth::Identity;
use crate::execution::ast::OperationKind;
use crate::execution::cache::{PlanCache, Prepared};
use crate::execution::coercion::coerce_variables;
use crate::execution::error::{RequestError, refused};
use crate::execution::executor::{self, Request};
use crate::execution::parser::parse_within;
use crate::execution::plan::{ModeMask, Plan, ResolverId};
use crate::execution::planner::Wiring;
use crate::execution::{event, prepare, writer};
use crate::resolver::{RequestResolvers, ResolverSet};
use crate::schema::TypeSystem;
use crate::schema::type_system::{FieldDefinition, TypeId};
use crate::trace::log::{Asked, Logging};
use crate::trace::secrecy::{Mask, Secrets};
use crate::trace::show::{self, About};
use crate::trace::{self, Logged, Preparation, Recorder, Wants, Watch};
use authorization::Authorization;
use denied::DeniedMemo;

/// What a client asks for (GraphQL over HTTP: `query`, `operationName`, `variables`; `extensions` are ignored).
#[derive(Clone, Debug)]
pub struct GraphqlRequest {
    /// The document.
    pub query: Str,
    /// Which operation of it to run.
    pub operation_name: Option<Str>,
    /// Variables as sent.
    pub variables: Object,
}

/// Everything about the caller that resolvers may see.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who is calling.
    pub identity: Identity,
    /// `ctx.request.headers`, lazily.
    pub headers: RequestHeaders,
    /// The addresses the request came by, the client's first.
    pub source_ip: Vec<Str>,
    /// `ctx.request.domainName`: the custom domain, if the request came by one.
    pub domain_name: Option<Str>,
    /// `x-amzn-requestid`
    pub request_id: Str,
    /// When the request must be answered; what has not ended by then is an `ExecutionTimeout`.
    pub deadline: Instant,
    /// What the caller asked to see of it.
    pub watch: Watch,
}

/// The answer to a [`GraphqlRequest`]; always HTTP 200.
#[derive(Debug)]
pub struct GraphqlResponse {
    /// The JSON body.
    pub body: Vec<u8>,
    /// Headers that resolvers added (`util.http.addResponseHeader`).
    pub headers: Vec<(Str, Str)>,
    /// Which kind of operation ran; `None` when none did.
    operation: Option<&'static str>,
    /// How many publications there were for subscribers.
    publications: usize,
    /// What hides the secrets of the request where its answer is logged.
    pub mask: Option<Arc<Mask>>,
}

impl GraphqlResponse {
    /// An answer with this body and these headers.
    #[must_use]
    pub fn new(body: Vec<u8>, headers: Vec<(Str, Str)>) -> Self {
        Self { body, headers, operation: None, publications: 0, mask: None }
    }

    fn refused(errors: &[RequestError]) -> Self {
        Self::new(refused(errors), Vec::new())
    }
}

/// Why a request is refused with an HTTP status of its own (contract: errors, HTTP level).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// The query text has a syntax error.
    #[error("Unable to parse GraphQL query.")]
    Unparsable,
    /// The policies of the IAM principal allow none of the operation's root fields (amplify-category-api#2457, amplify-cli#6595).
    #[error("Permission denied")]
    PermissionDenied,
}

/// What bounds a request, from the definition.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most tokens of a document.
    pub query_tokens: usize,
    /// The deepest level that is answered; `None` is no limit.
    pub query_depth: Option<u32>,
    /// The most resolvers that run.
    pub resolver_count: usize,
    /// The largest answer, in bytes.
    pub response: usize,
}

/// A served API.
#[derive(Debug)]
pub struct Api {
    /// Its id.
    pub api_id: Str,
    /// Its name.
    pub name: Str,
    /// The account that it says it belongs to.
    pub account_id: Str,
    /// Its types.
    pub type_system: TypeSystem,
    resolvers: ResolverSet,
    authorization: Authorization,
    /// What policies call it: `arn:aws:appsync:REGION:ACCOUNT:apis/ID`.
    arn: Str,
    introspection_enabled: bool,
    limits: Limits,
    plans: PlanCache,
    denied: DeniedMemo,
    /// The subscription fields of a mutation field.
    triggers: HashMap<Str, Vec<Str>>,
    /// What is logged of each request.
    logging: Option<Logging>,
    publisher: Option<Weak<dyn Publisher>>,
}

impl Api {
    /// What is wrong with a document that shall be one mutation of this API, said before anybody runs it.
    #[must_use]
    pub fn check_mutation(&self, document: &str) -> Vec<String> {
        if let Err(fault) = parse_within(document, self.limits.query_tokens) {
            return vec![fault.to_string()];
        }
        let tokens = self.limits.query_tokens;
        match prepare(&self.type_system, self, document, None, self.introspection_enabled, tokens, &mut None) {
            Prepared::Plan(plan) if plan.kind == OperationKind::Mutation => Vec::new(),
            Prepared::Plan(_) => vec!["the operation is no mutation".to_owned()],
            Prepared::Refused(errors) => errors.iter().map(|error| error.message.clone()).collect(),
            Prepared::Unparsable => vec![RequestFault::Unparsable.to_string()],
        }
    }

    /// Publishes what its mutations do, for as long as the publisher lives: it knows this API, and would keep it for ever.
    #[must_use]
    pub fn publishing_to<P: Publisher>(mut self, publisher: &Arc<P>) -> Self {
        let publisher: Weak<P> = Arc::downgrade(publisher);
        self.publisher = Some(publisher);
        self
    }

    /// Whoever brings events to subscribers, where anybody hears.
    fn publisher(&self) -> Option<Arc<dyn Publisher>> {
        self.publisher.as_ref()?.upgrade().filter(|publisher| publisher.is_heard())
    }

    fn prepared(&self, request: &GraphqlRequest, recorder: Option<&Recorder>) -> Prepared {
        let began = recorder.map(|recorder| (recorder, recorder.offset(), Instant::now()));
        let mut parsed = None;
        let prepared = self.plan_of(request, &mut parsed);
        if let Some((recorder, start_offset, began)) = began {
            let now = Instant::now();
            let parsing = parsed.map_or_else(Duration::default, |parsed| parsed.saturating_duration_since(began));
            let validation = parsed.map_or_else(Duration::default, |parsed| now.saturating_duration_since(parsed));
            recorder.prepared(Preparation { cached: parsed.is_none(), start_offset, parsing, validation });
        }
        prepared
    }

    /// What became of the document. `parsed` is when parsing ended, if the plan was not known.
    fn plan_of(&self, request: &GraphqlRequest, parsed: &mut Option<Instant>) -> Prepared {
        self.plans.get(&request.query, request.operation_name.as_ref(), || {
            let operation_name = request.operation_name.as_deref();
            let Self { type_system, introspection_enabled, limits, .. } = self;
            let tokens = limits.query_tokens;
            prepare(type_system, self, &request.query, operation_name, *introspection_enabled, tokens, parsed)
        })
    }

    /// Runs one query or mutation. A subscription is answered with its error: it begins with [`Api::subscribe`].
    ///
    /// # Errors
    /// [`RequestFault`] when the request is refused before execution with an HTTP status of its own.
    pub async fn execute(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
    ) -> Result<GraphqlResponse, RequestFault> {
        let watch = context.watch;
        let Some(recorder) = self.recorder(&context) else {
            let mut response = self.answer(request, context, None).await?;
            if let Some(reason) = watch.refused {
                show::refuse(&mut response.body, reason);
            }
            return Ok(response);
        };
        let (request_id, headers) = (Str::clone(&context.request_id), context.headers.clone());
        let asked = request.clone();
        let mut outcome = self.answer(request, context, Some(&recorder)).await;
        recorder.learn(&asked.variables.clone().into());
        let operation_name = asked.operation_name.as_deref();
        let (operation_type, publications) =
            outcome.as_ref().map_or((None, 0), |response| (response.operation, response.publications));
        let about = About { request_id: &request_id, operation_type, operation_name, publications };
        if let Some(logging) = &self.logging {
            let asked = Asked { query: &asked.query, variables: &asked.variables, headers: headers.value() };
            logging.operation(&recorder, &about, &asked);
        }
        if let Ok(response) = &mut outcome {
            show::extend(&mut response.body, watch, &recorder, &about);
            response.mask = Some(Arc::clone(recorder.mask()));
        }
        outcome
    }

    /// What is logged of each request.
    #[must_use]
    pub fn logging(&self) -> Option<&Logging> {
        self.logging.as_ref()
    }

    /// A recorder, where there is somebody to look at what it records.
    fn recorder(&self, context: &RequestContext) -> Option<Recorder> {
        let Watch { trace, record, .. } = context.watch;
        let wants = Wants { trace, record, log: self.logging.as_ref().map_or(Logged::Nothing, Logging::wants) };
        wants.anything().then(|| Recorder::new(wants, Secrets::of(context.headers.as_map())))
    }

    async fn answer(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
        recorder: Option<&Recorder>,
    ) -> Result<GraphqlResponse, RequestFault> {
        let plan = match self.prepared(&request, recorder) {
            Prepared::Plan(plan) => plan,
            Prepared::Refused(errors) => return Ok(GraphqlResponse::refused(&errors)),
            Prepared::Unparsable => return Err(RequestFault::Unparsable),
        };
        if plan.kind == OperationKind::Subscription {
            return Ok(GraphqlResponse::refused(&[RequestError::new(
                "Subscriptions are served over WebSocket, on the path of this endpoint followed by /realtime.",
                None,
            )]));
        }
        let denied = self.denied.denied_fields(&plan, &context.identity, &self.arn);
        if let (Identity::Iam(principal), Some(denied)) = (&context.identity, &denied)
            && denied::whole_operation(&plan, denied)
        {
            tracing::debug!(
                request_id = &*context.request_id,
                principal = &*principal.name,
                "request refused: no policy allows one of its root fields"
            );
            return Err(RequestFault::PermissionDenied);
        }
        let variables = match coerce_variables(&self.type_system, &plan.variables, &request.variables) {
            Ok(variables) => variables,
            Err(error) => return Ok(GraphqlResponse::refused(&[error])),
        };
        let span = tracing::debug_span!(
            target: trace::SPANS,
            "operation",
            graphql.operation.type = kind_name(plan.kind),
            graphql.operation.name = request.operation_name.as_deref(),
        );
        Ok(self.run(&plan, (&variables, request.variables), denied.as_deref(), context, recorder).instrument(span).await)
    }

    async fn run(
        &self,
        plan: &Plan,
        (variables, sent): (&Object, Object),
        denied: Option<&[bool]>,
        context: RequestContext,
        recorder: Option<&Recorder>,
    ) -> GraphqlResponse {
        let sent = Value::from(sent);
        let conditions = plan.conditions_that_hold(variables);
        let request = Request {
            variables,
            conditions: &conditions,
            sent_variables: &sent,
            mode: self.authorization.of(&context.identity),
            denied,
            resolver_limit: self.limits.resolver_count,
            details: context.watch.details,
        };
        let members = || (context.identity.to_value(&context.source_ip), request_member(&context));
        let resolvers = RequestResolvers::new(&self.resolvers, &members, context.deadline).watched_by(recorder);
        let results = executor::resolve(plan, &request, &resolvers).await;
        let effects = resolvers.into_effects();
        let publications = self.publish(plan, &request, &results, effects.invalidations, context.deadline).await;
        if let Some(recorder) = recorder {
            recorder.place(plan, &request, &results);
        }
        match writer::write(&self.type_system, plan, &request, &results, &effects.errors, self.limits.response) {
            Ok(body) => {
                let headers = effects.headers.into_iter().collect();
                GraphqlResponse { body, headers, operation: Some(kind_name(plan.kind)), publications, mask: None }
            }
            Err(writer::TooLarge) => GraphqlResponse::refused(&[RequestError::new(
                format!(
                    "The response is larger than {} bytes, the limit of this API; select less, or raise `response_limit`.",
                    self.limits.response
                ),
                None,
            )]),
        }
    }
}

impl Api {
    /// Lets subscribers hear of what an operation did, and tells how many publications that were. Who may not hear any more goes
    /// first.
    async fn publish(
        &self,
        plan: &Plan,
        request: &Request<'_>,
        results: &executor::Results,
        invalidations: Vec<(Str, Value)>,
        deadline: Instant,
    ) -> usize {
        // Queries are most of what comes, and have nothing to say.
        if plan.kind != OperationKind::Mutation && invalidations.is_empty() {
            return 0;
        }
        let Some(publisher) = self.publisher() else { return 0 };
        let mut publications = subscription::invalidations(invalidations);
        if plan.kind == OperationKind::Mutation {
            let wanted = |mutation: &str| self.triggers.contains_key(mutation);
            publications.extend(event::events(plan, request, results, &wanted).into_iter().map(Publication::Event));
        }
        let count = publications.len();
        if count > 0 {
            publisher.publish(publications, deadline).await;
        }
        count
    }
}

/// The keyword of an operation.
fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    }
}

/// `ctx.request`
fn request_member(context: &RequestContext) -> Value {
    let mut request = Object::with_capacity(2);
    request.insert("headers", context.headers.value());
    request.insert("domainName", context.domain_name.clone());
    request.into()
}

impl Wiring for Api {
    fn resolver(&self, type_name: &str, field_name: &str) -> Option<ResolverId> {
        self.resolvers.find(type_name, field_name)
    }

    fn modes(&self, type_id: TypeId, field: &FieldDefinition) -> ModeMask {
        self.authorization.modes(self.type_system.get(type_id), field)
    }

    fn query_depth_limit(&self) -> Option<u32> {
        self.limits.query_depth
    }
}

#[cfg(test)]
mod tests;
