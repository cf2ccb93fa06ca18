//! Built-in functions and objects, as data: the evaluator looks them up, `builtins` holds the tables.

use crate::evaluate::{Completion, Evaluator};
use crate::heap::Val;

/// A built-in function gets `this` and its arguments.
pub(crate) type NativeFn = for<'e> fn(&mut Evaluator<'e>, Val, &[Val]) -> Completion;

/// A built-in function.
pub(crate) struct Native {
    /// `name`.
    pub(crate) name: &'static str,
    /// `length`.
    pub(crate) length: u8,
    pub(crate) call: NativeFn,
}

/// A built-in object: `Math`; a constructor: `Date`; both: `Object`.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// Called as a function.
    pub(crate) call: Option<NativeFn>,
    /// Called with `new`.
    pub(crate) construct: Option<NativeFn>,
    /// Its static functions, sorted by name.
    pub(crate) functions: &'static [Native],
    /// Its static numbers: `Math.PI`.
    pub(crate) numbers: &'static [(&'static str, f64)],
    /// What its instances inherit.
    pub(crate) prototype: Option<Prototype>,
}

/// Where methods are looked up, by what they are called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prototype {
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    Date,
    Map,
    Set,
    RegExp,
    Error,
}

/// The kinds of error objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    UriError,
    /// An error that reports itself by its message alone: what a function of the host throws.
    Host,
}

impl ErrorKind {
    /// `name`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ErrorKind::Error => "Error",
            ErrorKind::EvalError => "EvalError",
            ErrorKind::RangeError => "RangeError",
            ErrorKind::ReferenceError => "ReferenceError",
            ErrorKind::SyntaxError => "SyntaxError",
            ErrorKind::TypeError => "TypeError",
            ErrorKind::UriError => "URIError",
            ErrorKind::Host => "",
        }
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
