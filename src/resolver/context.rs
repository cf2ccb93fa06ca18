//! `ctx`: what resolver code sees (developer guide, "resolver context reference").

use std::sync::{Arc, LazyLock};

use value::{Object, Str, Value};

use crate::execution::executor::FieldCall;

/// The names of `ctx`'s and `ctx.info`'s members, allocated once.
struct Names {
    arguments: Str,
    identity: Str,
    source: Str,
    request: Str,
    info: Str,
    env: Str,
    stash: Str,
    prev: Str,
    result: Str,
    error: Str,
    out_errors: Str,
    field_name: Str,
    parent_type_name: Str,
    variables: Str,
    selection_set_list: Str,
    selection_set_graphql: Str,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    arguments: "arguments".into(),
    identity: "identity".into(),
    source: "source".into(),
    request: "request".into(),
    info: "info".into(),
    env: "env".into(),
    stash: "stash".into(),
    prev: "prev".into(),
    result: "result".into(),
    error: "error".into(),
    out_errors: "outErrors".into(),
    field_name: "fieldName".into(),
    parent_type_name: "parentTypeName".into(),
    variables: "variables".into(),
    selection_set_list: "selectionSetList".into(),
    selection_set_graphql: "selectionSetGraphQL".into(),
});

/// The state of one resolver run, from which each step's `ctx` is made.
#[derive(Clone, Debug)]
pub(super) struct Context {
    arguments: Value,
    source: Value,
    info: Value,
    shared: RequestMembers,
    pub(super) stash: Value,
    pub(super) prev: Value,
    pub(super) result: Value,
    pub(super) error: Value,
    pub(super) out_errors: Vec<Value>,
}

/// What all resolver runs of one request share.
#[derive(Clone, Debug)]
pub(super) struct RequestMembers {
    pub(super) identity: Value,
    pub(super) request: Value,
    pub(super) env: Value,
}

impl Context {
    pub(super) fn new(call: &FieldCall<'_>, info: &Value, source: &Value, shared: &RequestMembers) -> Self {
        Self {
            arguments: Value::Object(Arc::clone(&call.arguments)),
            source: source.clone(),
            info: info.clone(),
            shared: shared.clone(),
            stash: Value::from(Object::new()),
            prev: Value::Null,
            result: Value::Null,
            error: Value::Null,
            out_errors: Vec::new(),
        }
    }

    /// `ctx` for one step.
    pub(super) fn members(&self) -> Object {
        let names = &*NAMES;
        let mut members = Object::with_capacity(11);
        for (name, value) in [
            (&names.arguments, &self.arguments),
            (&names.identity, &self.shared.identity),
            (&names.source, &self.source),
            (&names.result, &self.result),
            (&names.request, &self.shared.request),
            (&names.info, &self.info),
            (&names.error, &self.error),
            (&names.prev, &self.prev),
            (&names.stash, &self.stash),
            (&names.env, &self.shared.env),
        ] {
            members.insert(Arc::clone(name), value);
        }
        members.insert(Arc::clone(&names.out_errors), Value::from(self.out_errors.clone()));
        members
    }

    /// `ctx.prev` for the steps that follow one with this result.
    pub(super) fn set_prev(&mut self, result: Value) {
        self.prev = Value::from([(Arc::clone(&NAMES.result), result)].into_iter().collect::<Object>());
    }

    /// `ctx.error`, as a data source's failure is shown to the response step.
    pub(super) fn set_error(&mut self, message: &str, error_type: &str) {
        let members = [("message", Value::from(message)), ("type", Value::from(error_type))];
        self.error = Value::from(members.into_iter().collect::<Object>());
    }
}

/// `ctx.info` of a field.
pub(super) fn info(call: &FieldCall<'_>) -> Value {
    let names = &*NAMES;
    let mut info = Object::with_capacity(5);
    info.insert(Arc::clone(&names.field_name), &call.field.name);
    info.insert(Arc::clone(&names.parent_type_name), &call.field.parent_type);
    info.insert(Arc::clone(&names.variables), call.variables);
    info.insert(Arc::clone(&names.selection_set_list), &call.resolved.selection_set_list);
    info.insert(Arc::clone(&names.selection_set_graphql), &call.resolved.selection_set_graphql);
    info.into()
}
