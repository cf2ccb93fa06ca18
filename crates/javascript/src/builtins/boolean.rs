//! `Boolean` (ECMA-262, 20.3).

use super::{arg, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::Val;
use crate::native::{Builtin, Native, Prototype};

fn this_boolean(ev: &mut Evaluator<'_>, this: Val) -> Completion<bool> {
    match this {
        Val::Bool(value) => Ok(value),
        _ => ev.type_error("not a boolean"),
    }
}

/// `Boolean`. Objects that wrap booleans are not offered: `new Boolean()` refuses.
pub(super) static BOOLEAN: Builtin = Builtin {
    name: "Boolean",
    call: Some(|ev, _, arguments| Ok(Val::Bool(ev.to_boolean(arg(arguments, 0))))),
    construct: Some(|ev, _, _| ev.type_error("new Boolean is not supported: use Boolean(value)")),
    functions: &[],
    numbers: &[],
    prototype: Some(Prototype::Boolean),
};

/// `Boolean.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "toString" / 0 => |ev, this, _| {
        let text = if this_boolean(ev, this)? { "true" } else { "false" };
        Ok(ev.heap.string(text))
    },
    "valueOf" / 0 => |ev, this, _| Ok(Val::Bool(this_boolean(ev, this)?)),
};
