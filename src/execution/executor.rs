//! Phase A: asks every resolver of a plan, each once with all its parents.
//!
//! One future per plan field that has a resolver (or has one below it), never one per value: that is what makes batching and
//! per-request limits fall out. Siblings run side by side, the fields of a mutation's root one after the other (GraphQL
//! specification §6.2.2). Parents are gathered in the order in which phase B walks the values, so that both agree on which
//! result belongs to which parent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::{BoxFuture, FutureExt, join_all};
use value::{Object, Value};

use super::ast::OperationKind;
use super::error::FieldError;
use super::plan::{ConditionId, FieldSource, ModeMask, Plan, PlanField, PlanType, ResolvedField, type_name_of};

/// What a resolver gives for one parent.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The value; null when the field failed.
    pub value: Value,
    /// Errors raised for the field, in order.
    pub errors: Vec<FieldError>,
}

impl Resolved {
    /// A field that failed with one error.
    #[must_use]
    pub fn failed(error: FieldError) -> Self {
        Self { value: Value::Null, errors: vec![error] }
    }
}

/// One field to resolve, for all its parents.
pub struct FieldCall<'a> {
    /// The field.
    pub field: &'a PlanField,
    /// Its resolver, arguments and selection.
    pub resolved: &'a ResolvedField,
    /// Its arguments, coerced.
    pub arguments: Arc<Object>,
    /// The parents' values; one null for a root field.
    pub parents: &'a [Value],
    /// The variables that the client sent.
    pub variables: &'a Value,
}

/// The resolvers of one API, for one request.
pub trait Resolvers: Sync {
    /// Resolves a field; the answer has one entry for each of `call.parents`, in their order.
    fn resolve<'a>(&'a self, call: FieldCall<'a>) -> BoxFuture<'a, Vec<Resolved>>;
}

/// What a request brings to a plan.
pub struct Request<'a> {
    /// The coerced variables.
    pub variables: &'a Object,
    /// Which of the plan's conditions hold with them ([`Plan::conditions_that_hold`]).
    pub conditions: &'a [bool],
    /// The variables as the client sent them (`ctx.info.variables`).
    pub sent_variables: &'a Value,
    /// The bits of the mode that authorized the request, and of the caller's groups.
    pub mode: ModeMask,
    /// The fields that the caller may not read although his mode may, by [`PlanField::index`]; `None` is none.
    pub denied: Option<&'a [bool]>,
    /// The most resolvers that may run.
    pub resolver_limit: usize,
    /// Whether errors say what is known of them beyond AppSync's words.
    pub details: bool,
}

impl Request<'_> {
    /// Whether a field with this condition is part of the answer.
    #[inline]
    pub(crate) fn holds(&self, condition: Option<ConditionId>) -> bool {
        condition.is_none_or(|ConditionId(at)| self.conditions.get(at as usize) == Some(&true))
    }
}

/// The results of phase A.
pub struct Results {
    /// By [`PlanField::index`], then by parent. Parents beyond the limit of resolvers have none: there may be millions of them,
    /// and phase B knows what to say.
    pub(super) fields: Vec<OnceLock<Vec<Resolved>>>,
    /// Some resolvers did not run because of [`Request::resolver_limit`].
    pub(super) limit_reached: bool,
}

impl Results {
    /// The errors that a root field's resolver raised.
    #[must_use]
    pub fn into_errors(mut self, field: &PlanField) -> Vec<FieldError> {
        let results = self.fields.get_mut(field.index).and_then(OnceLock::take);
        results.into_iter().flatten().flat_map(|resolved| resolved.errors).collect()
    }
}

/// Runs phase A.
pub async fn resolve(plan: &Plan, request: &Request<'_>, resolvers: &dyn Resolvers) -> Results {
    let executor = Executor {
        request,
        resolvers,
        results: (0..plan.field_count).map(|_| OnceLock::new()).collect(),
        calls: AtomicUsize::new(0),
    };
    let root = [Value::Null];
    if plan.kind == OperationKind::Mutation {
        for field in &plan.root {
            if executor.has_work(field) {
                executor.field(field, &root).await;
            }
        }
    } else {
        executor.fields(&plan.root, &root).await;
    }
    let limit_reached = executor.calls.into_inner() > request.resolver_limit;
    Results { fields: executor.results, limit_reached }
}

struct Executor<'a> {
    request: &'a Request<'a>,
    resolvers: &'a dyn Resolvers,
    results: Vec<OnceLock<Vec<Resolved>>>,
    calls: AtomicUsize,
}

impl Executor<'_> {
    fn has_work(&self, field: &PlanField) -> bool {
        (field.resolvers_below || matches!(field.source, FieldSource::Resolver(_))) && is_read(field, self.request)
    }

    fn limit_reached(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > self.request.resolver_limit
    }

    /// The fields of one selection set, for all parents.
    fn fields<'s>(&'s self, fields: &'s [PlanField], parents: &'s [Value]) -> BoxFuture<'s, ()> {
        async move {
            let mut work = fields.iter().filter(|field| self.has_work(field));
            let Some(first) = work.next() else { return };
            match work.next() {
                None => self.field(first, parents).await,
                Some(second) => {
                    let all = [first, second].into_iter().chain(work);
                    join_all(all.map(|field| self.field(field, parents))).await;
                }
            }
        }
        .boxed()
    }

    /// One field for all parents, and everything below it.
    async fn field(&self, field: &PlanField, parents: &[Value]) {
        // No resolver will run any more; a list under a thousand aliases must not be gathered a thousand times in vain.
        if self.limit_reached() {
            return;
        }
        let mut children = Vec::new();
        match &field.source {
            FieldSource::Resolver(resolved) => {
                let results = self.call(field, resolved, parents).await;
                if field.resolvers_below {
                    for result in &results {
                        gather(&field.ty, &result.value, &mut children);
                    }
                }
                // A field has one future, so the slot is empty.
                let _ = self.results[field.index].set(results);
            }
            _ => {
                for parent in parents {
                    if let Some(value) = parent.get(&field.name) {
                        gather(&field.ty, value, &mut children);
                    }
                }
            }
        }
        if !children.is_empty() {
            self.below(&field.ty, &children).await;
        }
    }

    async fn below(&self, ty: &PlanType, parents: &[Value]) {
        match ty {
            PlanType::NonNull(inner) | PlanType::List(inner) => Box::pin(self.below(inner, parents)).await,
            PlanType::Object(_, fields) => self.fields(fields, parents).await,
            PlanType::Abstract(selection) => {
                let mut of_type: Vec<Vec<Value>> = vec![Vec::new(); selection.by_type.len()];
                for parent in parents {
                    if let Some(at) = type_name_of(parent).and_then(|name| selection.by_type.get_index_of(name)) {
                        of_type[at].push(parent.clone());
                    }
                }
                let groups = selection.by_type.values().zip(&of_type).filter(|(_, parents)| !parents.is_empty());
                join_all(groups.map(|(fields, parents)| self.fields(fields, parents))).await;
            }
            PlanType::Scalar(..) | PlanType::Enum(_) => {}
        }
    }

    /// Calls the resolver for as many parents as the limit allows, from the first on.
    async fn call(&self, field: &PlanField, resolved: &ResolvedField, parents: &[Value]) -> Vec<Resolved> {
        let before = self.calls.fetch_add(parents.len(), Ordering::Relaxed);
        let allowed = self.request.resolver_limit.saturating_sub(before).min(parents.len());
        let mut results = if allowed == 0 {
            Vec::new()
        } else {
            let arguments = match &resolved.constant_arguments {
                Some(arguments) => Arc::clone(arguments),
                None => Arc::new(
                    resolved
                        .arguments
                        .iter()
                        .map(|(name, template)| (Arc::clone(name), template.instantiate(self.request.variables)))
                        .collect(),
                ),
            };
            let call =
                FieldCall { field, resolved, arguments, parents: &parents[..allowed], variables: self.request.sent_variables };
            self.resolvers.resolve(call).await
        };
        if results.len() > allowed {
            results.truncate(allowed);
        }
        // A resolver that answers for fewer parents than it was asked for has lost some: say so rather than shift the rest.
        results.resize_with(allowed, || {
            Resolved::failed(FieldError::new("InternalFailure", "The resolver gave no result for this parent."))
        });
        results
    }
}

/// Whether phase B reads this field: both phases must agree, or results would go to the wrong parents.
pub(crate) fn is_read(field: &PlanField, request: &Request<'_>) -> bool {
    !field.too_deep
        && field.modes & request.mode != 0
        && request.denied.is_none_or(|denied| !denied[field.index])
        && request.holds(field.condition)
}

/// What is said of a field that is not read although it stands in the document.
pub(crate) fn not_read(field: &PlanField) -> FieldError {
    if field.too_deep {
        return FieldError::new("QueryDepthLimitReached", "The field lies deeper than the query depth limit of this API.");
    }
    FieldError::new("Unauthorized", format!("Not Authorized to access {} on type {}", field.name, field.parent_type))
}

/// Collects the values below `value` that have fields of their own, in the order in which phase B walks them.
fn gather(ty: &PlanType, value: &Value, parents: &mut Vec<Value>) {
    match (ty, value) {
        (_, Value::Null) | (PlanType::Scalar(..) | PlanType::Enum(_), _) => {}
        (PlanType::NonNull(inner), value) => gather(inner, value, parents),
        (PlanType::List(item), Value::List(items)) => {
            for value in items.iter() {
                gather(item, value, parents);
            }
        }
        (PlanType::List(_), _) => {}
        (PlanType::Object(..), value) => parents.push(value.clone()),
        (PlanType::Abstract(selection), value) => {
            if type_name_of(value).is_some_and(|name| selection.by_type.contains_key(name)) {
                parents.push(value.clone());
            }
        }
    }
}
