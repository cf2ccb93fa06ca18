//! Methods of functions (ECMA-262, 20.2.3).

use super::{arg, natives, spread};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, Val};
use crate::native::Native;

fn apply(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let mut list = Vec::new();
    match arg(arguments, 1) {
        Val::Undefined | Val::Null => {}
        given @ Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::Array(_) | Kind::HostList(_)) => {
            spread(ev, given, &mut list)?;
        }
        _ => return ev.type_error("the arguments of apply are not an array"),
    }
    ev.call(this, arg(arguments, 0), &list)
}

/// `Function.prototype`. `bind` refuses: an arrow function does the same.
pub(super) static METHODS: &[Native] = natives! {
    "call" / 1 => |ev, this, arguments| ev.call(this, arg(arguments, 0), arguments.get(1..).unwrap_or_default()),
    "apply" / 2 => apply,
    "bind" / 1 => |ev, _, _| ev.type_error("Function.prototype.bind is not supported: use an arrow function"),
    "toString" / 0 => |ev, this, _| {
        if !ev.is_callable(this) {
            return ev.type_error("not a function");
        }
        let text = ev.object_text(this, 0)?;
        Ok(ev.heap.text_value(text))
    },
};
