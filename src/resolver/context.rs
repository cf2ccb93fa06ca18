//! `ctx`: what resolver code sees (developer guide, "resolver context reference").

use std::sync::{Arc, LazyLock};

use value::{Object, Str, Value};

use crate::data_source::DataSourceError;
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
    unhandled_error_type: Str,
    message: Str,
    error_type: Str,
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
    unhandled_error_type: "unhandledErrorType".into(),
    message: "message".into(),
    error_type: "type".into(),
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

    /// The state in which a run begins whose `ctx` is given: members that are missing are null.
    pub(super) fn given(members: &Object) -> Self {
        let names = &*NAMES;
        let member = |name: &Str| members.get(name).cloned().unwrap_or_default();
        let shared =
            RequestMembers { identity: member(&names.identity), request: member(&names.request), env: member(&names.env) };
        Self {
            arguments: member(&names.arguments),
            source: member(&names.source),
            info: member(&names.info),
            shared,
            stash: member(&names.stash),
            prev: member(&names.prev),
            result: member(&names.result),
            error: member(&names.error),
            out_errors: member(&names.out_errors).as_list().map(<[Value]>::to_vec).unwrap_or_default(),
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

    /// The result of the last step that had one: `ctx.prev.result`.
    pub(super) fn last(&self) -> &Value {
        self.prev.get(&NAMES.result).unwrap_or(&value::NULL)
    }

    /// `ctx.error`, as a data source's failure is shown to the response step.
    pub(super) fn set_error(&mut self, error: &DataSourceError) {
        let names = &*NAMES;
        let mut members = Object::with_capacity(3);
        if let Some(own) = &error.unhandled_error_type {
            members.insert(Arc::clone(&names.unhandled_error_type), own);
        }
        members.insert(Arc::clone(&names.message), error.message.as_str());
        members.insert(Arc::clone(&names.error_type), error.error_type.as_str());
        self.error = members.into();
    }

    /// What a function gets of a resolver that has no request of its own ("Direct Lambda request mapping template"), members in
    /// the order of AWS's events.
    pub(super) fn event(&self) -> Value {
        let names = &*NAMES;
        let mut members = Object::with_capacity(7);
        for (name, value) in [
            (&names.arguments, &self.arguments),
            (&names.identity, &self.shared.identity),
            (&names.source, &self.source),
            (&names.request, &self.shared.request),
            (&names.prev, &self.prev),
        ] {
            members.insert(Arc::clone(name), value);
        }
        let mut info = Object::with_capacity(5);
        for name in [
            &names.selection_set_list,
            &names.selection_set_graphql,
            &names.parent_type_name,
            &names.field_name,
            &names.variables,
        ] {
            info.insert(Arc::clone(name), self.info.at(&[name]));
        }
        members.insert(Arc::clone(&names.info), info);
        members.insert(Arc::clone(&names.stash), &self.stash);
        members.into()
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
