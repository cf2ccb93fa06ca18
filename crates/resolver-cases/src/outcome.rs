//! What running a case gave, and its form in a snapshot.

use value::{Object, Str, Value};

use crate::Step;

/// A call that a data source got.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The data source's name.
    pub data_source: Str,
    /// What it was asked.
    pub request: Value,
}

/// What a step, a function or a resolver gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What it returned, also early; `None` where an error ended it.
    pub value: Option<Value>,
    /// `runtime.earlyReturn`, `#return`, with its `skipTo`: `true`, `END` or `NEXT`. Of a step only.
    pub early_return: Option<Value>,
    /// The error that ended it: `{message, type, data, info}` without what is null.
    pub error: Option<Value>,
    /// Errors of `util.appendError`, in the same form.
    pub appended_errors: Vec<Value>,
    /// `ctx.stash` at the end; null where it is not known.
    pub stash: Value,
    /// Lines of `console.log` and `$util.log`.
    pub logs: Vec<Value>,
    /// `util.http.addResponseHeader`
    pub response_headers: Object,
    /// `extensions.setSubscriptionFilter`
    pub subscription_filter: Option<Value>,
    /// `extensions.setSubscriptionInvalidationFilter`
    pub invalidation_filter: Option<Value>,
    /// `extensions.invalidateSubscriptions`
    pub invalidations: Vec<Value>,
    /// `extensions.evictFromApiCache`
    pub evictions: Vec<Value>,
}

/// The members of `expect` and `match`.
pub(crate) const MEMBERS: [&str; 11] = [
    "value",
    "early_return",
    "error",
    "appended_errors",
    "stash",
    "logs",
    "response_headers",
    "subscription_filter",
    "invalidation_filter",
    "invalidations",
    "evictions",
];

/// The members that nobody outside sees: they count only where a snapshot has them.
const INNER: [&str; 2] = ["stash", "logs"];

impl Outcome {
    /// All members that there are, in the order of a snapshot.
    pub(crate) fn members(&self) -> Object {
        let list = |items: &[Value]| (!items.is_empty()).then(|| Value::from(items.to_vec()));
        let headers = (!self.response_headers.is_empty()).then(|| Value::from(self.response_headers.clone()));
        let members = [
            self.value.clone(),
            self.early_return.clone(),
            self.error.clone(),
            list(&self.appended_errors),
            (!self.stash.is_null()).then(|| self.stash.clone()),
            Some(Value::from(self.logs.clone())),
            headers,
            self.subscription_filter.clone(),
            self.invalidation_filter.clone(),
            list(&self.invalidations),
            list(&self.evictions),
        ];
        MEMBERS.into_iter().zip(members).filter_map(|(name, member)| Some((value::Str::from(name), member?))).collect()
    }

    /// The snapshot that stands in the place of `written`: with the inner members that it has.
    pub(crate) fn snapshot_like(&self, written: &Value) -> Value {
        let mut members = self.members();
        members.retain(|name, _| !INNER.contains(&name) || written.get(name).is_some());
        members.into()
    }

    /// The first snapshot of a case. What a step left in the stash is half of what it does; of a whole run it is inner business.
    pub(crate) fn first_snapshot(&self, step: Option<Step>, stash_before: Option<&Value>) -> Value {
        let mut members = self.members();
        let before = stash_before.cloned().unwrap_or_else(|| Value::from(Object::new()));
        let with_stash = step.is_some() && self.stash != before;
        members.retain(|name, _| !INNER.contains(&name) || (name == "stash" && with_stash));
        members.into()
    }
}
