//! Finding built-ins: globals by name, methods by prototype and name, and the properties that no table of the heap holds.

use std::sync::LazyLock;

use super::{array, boolean, console, count, date, error, function, globals, json, math, number, object, regexp, string, table};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Heap, Kind, Val, array_index};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

/// The name of a built-in method, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MethodName(u16);

/// All prototypes, in the order of their numbers.
const PROTOTYPES: [Prototype; 11] = [
    Prototype::Object,
    Prototype::Function,
    Prototype::Array,
    Prototype::String,
    Prototype::Number,
    Prototype::Boolean,
    Prototype::Date,
    Prototype::Map,
    Prototype::Set,
    Prototype::RegExp,
    Prototype::Error,
];

fn methods(prototype: Prototype) -> &'static [Native] {
    match prototype {
        Prototype::Object => object::METHODS,
        Prototype::Function => function::METHODS,
        Prototype::Array => array::METHODS,
        Prototype::String => string::METHODS,
        Prototype::Number => number::METHODS,
        Prototype::Boolean => boolean::METHODS,
        Prototype::Date => date::METHODS,
        Prototype::Map => table::MAP_METHODS,
        Prototype::Set => table::SET_METHODS,
        Prototype::RegExp => regexp::METHODS,
        Prototype::Error => error::METHODS,
    }
}

/// `X.prototype`, so that its methods can be borrowed: `Object.prototype.hasOwnProperty.call(…)`.
static PROTOTYPE_OBJECTS: LazyLock<[Builtin; 11]> = LazyLock::new(|| {
    PROTOTYPES.map(|prototype| Builtin {
        name: "Object",
        call: None,
        construct: None,
        functions: methods(prototype),
        numbers: &[],
        prototype: None,
    })
});

struct Methods {
    /// Sorted.
    names: Vec<&'static str>,
    /// By name, then by prototype; what an object of that prototype finds, so Object's methods are in every column.
    found: Vec<[Option<&'static Native>; 11]>,
}

static METHODS: LazyLock<Methods> = LazyLock::new(|| {
    let mut names: Vec<&'static str> =
        PROTOTYPES.iter().flat_map(|&prototype| methods(prototype)).map(|native| native.name).collect();
    names.sort_unstable();
    names.dedup();
    let named = |prototype: Prototype, name: &str| methods(prototype).iter().find(|native| native.name == name);
    let found = names
        .iter()
        .map(|name| PROTOTYPES.map(|prototype| named(prototype, name).or_else(|| named(Prototype::Object, name))))
        .collect();
    Methods { names, found }
});

/// The number of a name that some built-in method has.
pub(crate) fn method_name(name: &str) -> Option<MethodName> {
    METHODS.names.binary_search(&name).ok().and_then(|at| u16::try_from(at).ok()).map(MethodName)
}

/// The method that values of a prototype inherit under a name, their own prototype's or Object's.
#[inline]
pub(crate) fn method(prototype: Prototype, name: MethodName) -> Option<&'static Native> {
    METHODS.found.get(usize::from(name.0))?[prototype as usize]
}

/// Where the methods of a value are. `undefined` and `null` have none; whoever asks has looked.
#[inline]
pub(crate) fn prototype_of(heap: &Heap, value: Val) -> Prototype {
    match value {
        Val::Undefined | Val::Null | Val::Uninitialized => Prototype::Object,
        Val::Bool(_) => Prototype::Boolean,
        Val::Number(_) | Val::Exact(_) => Prototype::Number,
        Val::String(_) => Prototype::String,
        Val::Native(_) => Prototype::Function,
        Val::Builtin(builtin) if builtin.call.is_some() || builtin.construct.is_some() => Prototype::Function,
        Val::Host(node) if node.function.is_some() => Prototype::Function,
        Val::Builtin(_) | Val::Host(_) => Prototype::Object,
        Val::Object(id) => match &heap.obj(id).kind {
            Kind::Plain(_) | Kind::HostObject(_) => Prototype::Object,
            Kind::Array(_) | Kind::HostList(_) => Prototype::Array,
            Kind::Closure(_) => Prototype::Function,
            Kind::Error(..) => Prototype::Error,
            Kind::Date(_) => Prototype::Date,
            Kind::Map(_) => Prototype::Map,
            Kind::Set(_) => Prototype::Set,
            Kind::RegExp(_) => Prototype::RegExp,
        },
    }
}

/// Whether a value is one of the objects that all evaluations share. Writing to them throws.
pub(crate) fn is_builtin(value: Val) -> bool {
    matches!(value, Val::Native(_) | Val::Builtin(_) | Val::Host(_))
}

fn constructor(prototype: Prototype) -> Option<&'static Builtin> {
    Some(match prototype {
        Prototype::Object => &object::OBJECT,
        // Code cannot be made from text.
        Prototype::Function => return None,
        Prototype::Array => &array::ARRAY,
        Prototype::String => &string::STRING,
        Prototype::Number => &number::NUMBER,
        Prototype::Boolean => &boolean::BOOLEAN,
        Prototype::Date => &date::DATE,
        Prototype::Map => &table::MAP,
        Prototype::Set => &table::SET,
        Prototype::RegExp => &regexp::REGEXP,
        Prototype::Error => error::builtin(ErrorKind::Error),
    })
}

/// A global name of the language.
pub(crate) fn global(name: &str) -> Option<Val> {
    Some(match name {
        "undefined" => Val::Undefined,
        "NaN" => Val::Number(f64::NAN),
        "Infinity" => Val::Number(f64::INFINITY),
        "Math" => Val::Builtin(&math::MATH),
        "JSON" => Val::Builtin(&json::JSON),
        "console" => Val::Builtin(&console::CONSOLE),
        "Object" => Val::Builtin(&object::OBJECT),
        "Array" => Val::Builtin(&array::ARRAY),
        "String" => Val::Builtin(&string::STRING),
        "Number" => Val::Builtin(&number::NUMBER),
        "Boolean" => Val::Builtin(&boolean::BOOLEAN),
        "Date" => Val::Builtin(&date::DATE),
        "Map" => Val::Builtin(&table::MAP),
        "Set" => Val::Builtin(&table::SET),
        "RegExp" => Val::Builtin(&regexp::REGEXP),
        _ => {
            if let Some(builtin) = error::by_name(name) {
                return Some(Val::Builtin(builtin));
            }
            return globals::FUNCTIONS.iter().find(|native| native.name == name).map(Val::Native);
        }
    })
}

/// A static property of a built-in: `Math.PI`, `Object.keys`, `Array.prototype`.
pub(crate) fn static_member(builtin: &'static Builtin, key: &str) -> Option<Val> {
    if let Some(native) = builtin.functions.iter().find(|native| native.name == key) {
        return Some(Val::Native(native));
    }
    if let Some((_, number)) = builtin.numbers.iter().find(|(name, _)| *name == key) {
        return Some(Val::Number(*number));
    }
    if key == "prototype"
        && let Some(prototype) = builtin.prototype
    {
        return PROTOTYPE_OBJECTS.get(prototype as usize).map(Val::Builtin);
    }
    None
}

/// An own property that is in no table of the heap: characters and length of strings, elements and length of arrays, what a match
/// says of itself, `lastIndex`, static members of built-ins, names of built-in functions.
pub(crate) fn own_property(ev: &mut Evaluator<'_>, value: Val, key: &str) -> Completion<Option<Val>> {
    Ok(match value {
        Val::String(id) => {
            if key == "length" {
                return Ok(Some(count(ev.heap.units(id))));
            }
            let Some(at) = array_index(key) else { return Ok(None) };
            let text = ev.text(id)?;
            let at = at as usize;
            if at >= text.units() {
                return Ok(None);
            }
            let (unit, passed) = ev.heap.slice_at(&text, at, at + 1);
            ev.work(passed / 64)?;
            Some(ev.heap.text_value(unit))
        }
        Val::Object(id) => {
            if let Some(length) = ev.heap.array_len(id) {
                if key == "length" {
                    return Ok(Some(count(length)));
                }
                if let Some(at) = array_index(key) {
                    return Ok(ev.heap.element(id, at as usize));
                }
                return Ok(match ev.heap.extra(id) {
                    Some(Val::Object(extra)) => ev.heap.own(extra, key),
                    _ => None,
                });
            }
            match &ev.heap.obj(id).kind {
                Kind::Closure(_) if matches!(key, "name" | "length") => ev.closure_member(id, key),
                Kind::RegExp(pattern) if key == "lastIndex" => Some(pattern.last_index()),
                _ => None,
            }
        }
        Val::Native(native) => match key {
            "name" => Some(ev.heap.string(native.name)),
            "length" => Some(Val::Number(f64::from(native.length))),
            _ => None,
        },
        Val::Builtin(builtin) => {
            let member = static_member(builtin, key);
            if member.is_none() && key == "name" && (builtin.call.is_some() || builtin.construct.is_some()) {
                return Ok(Some(ev.heap.string(builtin.name)));
            }
            if member.is_none() && key == "length" && (builtin.call.is_some() || builtin.construct.is_some()) {
                let length = match builtin.name {
                    "Map" | "Set" => 0.0,
                    "RegExp" => 2.0,
                    "Date" => 7.0,
                    _ => 1.0,
                };
                return Ok(Some(Val::Number(length)));
            }
            member
        }
        _ => None,
    })
}

/// An inherited property: a method, `constructor`, `size`, the name of an error, the flags of a pattern.
pub(crate) fn inherited(ev: &mut Evaluator<'_>, value: Val, key: &str) -> Option<Val> {
    let prototype = prototype_of(&ev.heap, value);
    if let Val::Object(id) = value {
        match &ev.heap.obj(id).kind {
            Kind::Map(table) | Kind::Set(table) if key == "size" => return Some(count(table.len())),
            Kind::Error(kind, _) => match key {
                "name" => return Some(ev.heap.string(kind.name())),
                "message" => return Some(ev.heap.string("")),
                "constructor" => return Some(Val::Builtin(error::builtin(*kind))),
                _ => {}
            },
            Kind::RegExp(pattern) => {
                if let Some(member) = pattern.flag_member(key) {
                    return Some(Val::Bool(member));
                }
                if matches!(key, "source" | "flags") {
                    let text = if key == "source" { pattern.source() } else { pattern.flags() }.to_owned();
                    return Some(ev.heap.string(text));
                }
            }
            _ => {}
        }
    }
    if let Some(name) = method_name(key)
        && let Some(native) = method(prototype, name)
    {
        return Some(Val::Native(native));
    }
    if key == "constructor" {
        return constructor(prototype).map(Val::Builtin);
    }
    None
}

/// Any property of any value but `undefined` and `null`, as code reads it.
pub(crate) fn get(ev: &mut Evaluator<'_>, value: Val, key: &str) -> Completion {
    if let Val::Object(id) = value
        && let Some(found) = ev.heap.own(id, key)
    {
        return Ok(found);
    }
    if let Some(found) = own_property(ev, value, key)? {
        return Ok(found);
    }
    Ok(inherited(ev, value, key).unwrap_or_default())
}

/// `value instanceof builtin`.
pub(crate) fn instance_of(heap: &Heap, value: Val, builtin: &'static Builtin) -> bool {
    let is = |other: &'static Builtin| std::ptr::eq(builtin, other);
    match value {
        Val::Object(id) => {
            if is(&object::OBJECT) {
                return true;
            }
            match &heap.obj(id).kind {
                Kind::Error(kind, _) => is(error::builtin(ErrorKind::Error)) || is(error::builtin(*kind)),
                Kind::Plain(_) | Kind::HostObject(_) | Kind::Closure(_) => false,
                _ => constructor(prototype_of(heap, value)).is_some_and(is),
            }
        }
        Val::Native(_) | Val::Builtin(_) | Val::Host(_) => is(&object::OBJECT),
        _ => false,
    }
}

/// `new builtin(...arguments)`.
pub(crate) fn construct(ev: &mut Evaluator<'_>, builtin: &'static Builtin, arguments: &[Val]) -> Completion {
    match builtin.construct {
        Some(function) => function(ev, Val::Undefined, arguments),
        None => ev.type_error(format!("{} is not a constructor", builtin.name)),
    }
}
