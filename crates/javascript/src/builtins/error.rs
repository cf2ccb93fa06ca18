//! `Error` and its kin (ECMA-262, 20.5). There is no `stack`: the place of an error is in what the evaluation reports.

use value::Str;

use super::{arg, get, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, ObjId, Properties, Text, Val};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

fn make(ev: &mut Evaluator<'_>, kind: ErrorKind, arguments: &[Val]) -> Completion {
    let mut properties = Properties::with_capacity(1);
    if !matches!(arg(arguments, 0), Val::Undefined) {
        let message = ev.to_string(arg(arguments, 0))?;
        properties.set(&Str::from("message"), Val::String(message));
    }
    if let options @ Val::Object(id) = arg(arguments, 1)
        && ev.heap.own(id, "cause").is_some()
    {
        let cause = get(ev, options, "cause")?;
        properties.set(&Str::from("cause"), cause);
    }
    Ok(Val::Object(ev.heap.allocate(Kind::Error(kind, properties))))
}

macro_rules! errors {
    ($($name:ident $kind:ident $text:literal;)*) => {
        $(
            static $name: Builtin = Builtin {
                name: $text,
                call: Some(|ev, _, arguments| make(ev, ErrorKind::$kind, arguments)),
                construct: Some(|ev, _, arguments| make(ev, ErrorKind::$kind, arguments)),
                functions: &[],
                numbers: &[],
                prototype: Some(Prototype::Error),
            };
        )*

        /// The constructor of a kind of errors.
        pub(super) fn builtin(kind: ErrorKind) -> &'static Builtin {
            match kind {
                $(ErrorKind::$kind => &$name,)*
                ErrorKind::Host => &ERROR,
            }
        }

        /// The constructor of that name.
        pub(super) fn by_name(name: &str) -> Option<&'static Builtin> {
            match name {
                $($text => Some(&$name),)*
                _ => None,
            }
        }
    };
}

errors! {
    ERROR Error "Error";
    EVAL_ERROR EvalError "EvalError";
    RANGE_ERROR RangeError "RangeError";
    REFERENCE_ERROR ReferenceError "ReferenceError";
    SYNTAX_ERROR SyntaxError "SyntaxError";
    TYPE_ERROR TypeError "TypeError";
    URI_ERROR UriError "URIError";
}

/// `name: message`, or what of the two there is.
pub(crate) fn error_text(ev: &mut Evaluator<'_>, id: ObjId) -> Completion<Text> {
    let part = |ev: &mut Evaluator<'_>, key: &str, missing: &str| {
        let value = get(ev, Val::Object(id), key)?;
        if matches!(value, Val::Undefined | Val::Object(_)) { Ok(Text::new(missing.into())) } else { ev.to_text(value) }
    };
    let name = part(ev, "name", "Error")?;
    let message = part(ev, "message", "")?;
    if name.units() == 0 {
        return Ok(message);
    }
    if message.units() == 0 {
        return Ok(name);
    }
    ev.reserve(name.bytes() + message.bytes() + 2)?;
    Ok(match (name.utf8(), message.utf8()) {
        (Some(name), Some(message)) => Text::new(format!("{name}: {message}").into()),
        _ => {
            let mut units = name.to_units();
            units.extend(": ".encode_utf16());
            units.extend(message.to_units());
            Text::from_units(&units)
        }
    })
}

/// `Error.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "toString" / 0 => |ev, this, _| match this {
        Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::Error(..)) => {
            let text = error_text(ev, id)?;
            Ok(ev.heap.text_value(text))
        }
        _ => ev.type_error("not an error"),
    },
};
