//! Which built-in names AppSync's runtime has, which of them only this engine has, and which AppSync refuses.
//!
//! From "JavaScript runtime features for resolvers and functions" and the deny lists of AppSync's lint plugin. Names that
//! neither source mentions (`String.prototype.includes`, `Array.isArray`) are let through without a word.

use super::rules::types::Kind;

/// Globals that exist in AppSync's runtime.
pub(crate) const GLOBALS: &[&str] = &[
    "Array",
    "Boolean",
    "Date",
    "Infinity",
    "JSON",
    "Math",
    "NaN",
    "Number",
    "Object",
    "String",
    "console",
    "extensions",
    "runtime",
    "undefined",
    "util",
];

/// Globals that the engine here has beyond those.
pub(crate) const EXTRA_GLOBALS: &[&str] = &[
    "Error",
    "EvalError",
    "Map",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "Set",
    "SyntaxError",
    "TypeError",
    "URIError",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
];

/// What to use in AppSync's runtime instead of one of [`EXTRA_GLOBALS`].
pub(crate) fn instead_of(name: &str) -> &'static str {
    match name {
        "Map" => "use an object",
        "Set" => "use an array, or an object's keys",
        "RegExp" => "use util.matches(pattern, text)",
        "Error" | "EvalError" | "RangeError" | "ReferenceError" | "SyntaxError" | "TypeError" | "URIError" => {
            "use util.error(message, type)"
        }
        "decodeURI" | "decodeURIComponent" => "use util.urlDecode",
        "encodeURI" | "encodeURIComponent" => "use util.urlEncode",
        "isFinite" => "use Number.isFinite",
        "isNaN" => "use Number.isNaN",
        "parseFloat" | "parseInt" => "use +text",
        _ => "",
    }
}

/// Names that people reach for and that exist neither there nor here, with the way out.
pub(crate) fn absent_global(name: &str) -> Option<&'static str> {
    Some(match name {
        "fetch" | "XMLHttpRequest" | "WebSocket" => "resolver code has no network: use an HTTP data source",
        "setTimeout" | "setInterval" | "setImmediate" | "queueMicrotask" => "resolver code has no timers",
        "require" | "module" | "exports" => "use import and export",
        "process" => "environment variables are in ctx.env",
        "Buffer" | "atob" | "btoa" => "use util.base64Encode and util.base64Decode",
        "crypto" => "use util.autoId for identifiers",
        "structuredClone" => "copy with { ...object } or JSON.parse(JSON.stringify(object))",
        "URL" | "URLSearchParams" => "use util.urlEncode and util.urlDecode",
        "Symbol" => "APPSYNC_JS has no symbols: use strings as keys",
        "Proxy" | "Reflect" => "APPSYNC_JS has no metaprogramming: use plain objects and Object's functions",
        "WeakMap" | "WeakSet" | "WeakRef" | "FinalizationRegistry" => "nothing outlives an evaluation: use plain objects",
        "Intl" => "format times with util.time, numbers with util.math",
        "ArrayBuffer" | "SharedArrayBuffer" | "DataView" | "Atomics" | "Int8Array" | "Uint8Array" | "Uint8ClampedArray"
        | "Int16Array" | "Uint16Array" | "Int32Array" | "Uint32Array" | "Float16Array" | "Float32Array" | "Float64Array"
        | "BigInt64Array" | "BigUint64Array" => "APPSYNC_JS has no binary data: use arrays of numbers, or base64 in strings",
        _ => return None,
    })
}

/// What is known of a member of a global object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Static {
    /// AppSync has it, or nothing speaks against it.
    Fine,
    /// JavaScript has it, AppSync does not.
    Refused,
    /// No JavaScript has it.
    Unknown,
}

/// One global object: the members that AppSync has or that nothing speaks against, and those that AppSync lacks.
struct Global {
    name: &'static str,
    /// Whether it can be called, so that it also has what functions have.
    function: bool,
    fine: &'static [&'static str],
    refused: &'static [&'static str],
}

const STATICS: &[Global] = &[
    Global {
        name: "Object",
        function: true,
        fine: &["assign", "entries", "hasOwn", "keys", "values"],
        refused: &[
            "create",
            "defineProperties",
            "defineProperty",
            "freeze",
            "fromEntries",
            "getOwnPropertyDescriptor",
            "getOwnPropertyDescriptors",
            "getOwnPropertyNames",
            "getOwnPropertySymbols",
            "getPrototypeOf",
            "groupBy",
            "is",
            "isExtensible",
            "isFrozen",
            "isSealed",
            "preventExtensions",
            "seal",
            "setPrototypeOf",
        ],
    },
    Global { name: "String", function: true, fine: &["raw"], refused: &["fromCharCode", "fromCodePoint"] },
    Global { name: "Array", function: true, fine: &["isArray"], refused: &["from", "fromAsync", "of"] },
    Global {
        name: "Number",
        function: true,
        fine: &[
            "EPSILON",
            "MAX_SAFE_INTEGER",
            "MAX_VALUE",
            "MIN_SAFE_INTEGER",
            "MIN_VALUE",
            "NEGATIVE_INFINITY",
            "NaN",
            "POSITIVE_INFINITY",
            "isFinite",
            "isInteger",
            "isNaN",
            "isSafeInteger",
            "parseFloat",
            "parseInt",
        ],
        refused: &[],
    },
    Global { name: "Boolean", function: true, fine: &[], refused: &[] },
    Global { name: "Date", function: true, fine: &["UTC", "now", "parse"], refused: &[] },
    Global { name: "JSON", function: false, fine: &["parse", "stringify"], refused: &[] },
    Global { name: "console", function: false, fine: &["error", "log"], refused: &[] },
    Global {
        name: "Math",
        function: false,
        fine: &["ceil", "floor", "max", "min", "random", "round"],
        refused: &[
            "E",
            "LN10",
            "LN2",
            "LOG10E",
            "LOG2E",
            "PI",
            "SQRT1_2",
            "SQRT2",
            "abs",
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "atanh",
            "cbrt",
            "clz32",
            "cos",
            "cosh",
            "exp",
            "expm1",
            "f16round",
            "fround",
            "hypot",
            "imul",
            "log",
            "log10",
            "log1p",
            "log2",
            "pow",
            "sign",
            "sin",
            "sinh",
            "sqrt",
            "sumPrecise",
            "tan",
            "tanh",
            "trunc",
        ],
    },
];

/// Members of every object, and of every function.
const OBJECT_MEMBERS: &[&str] = &[
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];
const FUNCTION_MEMBERS: &[&str] = &["apply", "bind", "call", "length", "name", "prototype"];

/// What is known of `object.member`; names that are not listed here as global objects are [`Static::Fine`].
pub(crate) fn static_member(object: &str, member: &str) -> Static {
    let Some(global) = STATICS.iter().find(|global| global.name == object) else { return Static::Fine };
    if global.fine.contains(&member) {
        Static::Fine
    } else if global.refused.contains(&member)
        || OBJECT_MEMBERS.contains(&member)
        || global.function && FUNCTION_MEMBERS.contains(&member)
    {
        Static::Refused
    } else {
        Static::Unknown
    }
}

/// Whether AppSync's lint plugin has a message for a function of `Object`; the others are missing from AppSync's page.
pub(crate) fn is_denied(member: &str) -> bool {
    !matches!(member, "fromEntries" | "groupBy") && static_member("Object", member) == Static::Refused
}

/// What a global object has, for suggestions.
pub(crate) fn static_members(object: &str) -> impl Iterator<Item = &'static str> {
    let global = STATICS.iter().find(|global| global.name == object);
    global.into_iter().flat_map(|global| global.fine.iter().chain(global.refused).copied())
}

/// What AppSync says to a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// It has it, or nothing speaks against it.
    Fine,
    /// It refuses it; the name is the one of the interface in AppSync's message.
    Refused(&'static str),
    /// Something of this name is refused, but what it is called on is not known.
    Doubtful,
}

/// What AppSync says to the method `name` of a value of `kind`.
pub(crate) fn method(kind: Kind, name: &str) -> Method {
    match kind {
        Kind::Array | Kind::Entry if array_method(name) => Method::Refused("Array"),
        Kind::String if string_method(name) => Method::Refused("String"),
        Kind::Date if date_method(name) => Method::Refused("Date"),
        Kind::Function if function_method(name) => Method::Refused("Function"),
        Kind::Any if array_method(name) || string_method(name) || date_method(name) || function_method(name) => Method::Doubtful,
        // A member of its own that an object has by this name is the user's business.
        Kind::Object => Method::Fine,
        Kind::Map | Kind::Set if array_method(name) => Method::Fine,
        _ if OBJECT_MEMBERS.contains(&name) => Method::Doubtful,
        _ => Method::Fine,
    }
}

fn array_method(name: &str) -> bool {
    matches!(name, "copyWithin" | "entries" | "group" | "groupToMap" | "keys" | "toLocaleString" | "toString" | "values")
}

fn string_method(name: &str) -> bool {
    matches!(
        name,
        "charCodeAt"
            | "localeCompare"
            | "matchAll"
            | "padEnd"
            | "padStart"
            | "repeat"
            | "search"
            | "toLocaleLowerCase"
            | "toLocaleUpperCase"
            | "valueOf"
    )
}

fn date_method(name: &str) -> bool {
    matches!(
        name,
        "setDate"
            | "setFullYear"
            | "setHours"
            | "setMilliseconds"
            | "setMinutes"
            | "setMonth"
            | "setSeconds"
            | "setTime"
            | "setUTCDate"
            | "setUTCFullYear"
            | "setUTCHours"
            | "setUTCMilliseconds"
            | "setUTCMinutes"
            | "setUTCMonth"
            | "setUTCSeconds"
            | "setYear"
            | "toGMTString"
            | "toLocaleDateString"
            | "toLocaleString"
            | "toLocaleTimeString"
    )
}

fn function_method(name: &str) -> bool {
    matches!(name, "apply" | "bind" | "call")
}

/// Array methods that may be given a function.
pub(crate) fn takes_function(member: &str) -> bool {
    matches!(
        member,
        "map"
            | "find"
            | "filter"
            | "findIndex"
            | "findLast"
            | "findLastIndex"
            | "forEach"
            | "reduce"
            | "reduceRight"
            | "every"
            | "some"
            | "flatMap"
    )
}
