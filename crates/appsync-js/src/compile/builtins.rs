//! Which built-in names exist here and which of them AppSync's runtime has.
//!
//! From "JavaScript runtime features for resolvers and functions" and the deny lists of AppSync's lint plugin. Names that
//! neither source mentions (`String.prototype.includes`, `Array.isArray`) are let through without a word.

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
    "BigInt",
    "Error",
    "EvalError",
    "Map",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "Set",
    "Symbol",
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
        _ => return None,
    })
}

/// Members of global objects that AppSync refuses; `None` if the member is fine.
pub(crate) fn refused_static(object: &str, member: &str) -> bool {
    match object {
        "Object" => matches!(
            member,
            "create"
                | "defineProperty"
                | "defineProperties"
                | "freeze"
                | "fromEntries"
                | "getOwnPropertyDescriptor"
                | "getOwnPropertyDescriptors"
                | "getOwnPropertyNames"
                | "getOwnPropertySymbols"
                | "getPrototypeOf"
                | "groupBy"
                | "is"
                | "isExtensible"
                | "isFrozen"
                | "isSealed"
                | "preventExtensions"
                | "seal"
                | "setPrototypeOf"
        ),
        "String" => matches!(member, "fromCharCode" | "fromCodePoint"),
        "Array" => matches!(member, "from" | "of" | "fromAsync"),
        "Math" => !matches!(member, "random" | "min" | "max" | "round" | "floor" | "ceil"),
        _ => false,
    }
}

/// Methods of any value that AppSync refuses.
pub(crate) fn refused_method(member: &str) -> bool {
    matches!(
        member,
        "charCodeAt"
            | "localeCompare"
            | "matchAll"
            | "padStart"
            | "padEnd"
            | "repeat"
            | "search"
            | "toLocaleLowerCase"
            | "toLocaleUpperCase"
            | "toLocaleString"
            | "toLocaleDateString"
            | "toLocaleTimeString"
            | "toString"
            | "valueOf"
            | "hasOwnProperty"
            | "propertyIsEnumerable"
            | "isPrototypeOf"
            | "copyWithin"
            | "entries"
            | "keys"
            | "values"
            | "setDate"
            | "setFullYear"
            | "setHours"
            | "setMilliseconds"
            | "setMinutes"
            | "setMonth"
            | "setSeconds"
            | "setTime"
            | "setYear"
            | "setUTCDate"
            | "setUTCFullYear"
            | "setUTCHours"
            | "setUTCMilliseconds"
            | "setUTCMinutes"
            | "setUTCMonth"
            | "setUTCSeconds"
            | "apply"
            | "bind"
            | "call"
    )
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
