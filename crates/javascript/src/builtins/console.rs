//! `console.log` and `console.error`: each value as JSON, as in AppSync's logs, with blanks between.

use super::{json, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::Val;
use crate::native::Builtin;

fn log(ev: &mut Evaluator<'_>, arguments: &[Val], is_error: bool) -> Completion {
    let mut line = String::new();
    for (at, &value) in arguments.iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        let text = match json::stringify(ev, value)? {
            Some(text) => text,
            None => ev.to_text(value)?,
        };
        ev.reserve(text.bytes())?;
        line.push_str(&text.well_formed());
    }
    let place = ev.place();
    ev.host.log(is_error, line, Some(place));
    Ok(Val::Undefined)
}

/// `console`.
pub(super) static CONSOLE: Builtin = Builtin {
    name: "console",
    call: None,
    construct: None,
    functions: natives! {
        "log" / 0 => |ev, _, arguments| log(ev, arguments, false),
        "error" / 0 => |ev, _, arguments| log(ev, arguments, true),
    },
    numbers: &[],
    prototype: None,
};
