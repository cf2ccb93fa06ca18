//! The methods and properties of values: what Java has on strings, lists, maps and numbers.
//!
//! A method that does not exist for the given arguments answers `None`, which Velocity prints as the reference's own text. One
//! that exists in Java but not here is an error that names it, for silence would be a wrong answer.

mod format;
mod list;
mod map;
mod number;
mod string;

use value::Str;

use crate::error::Fault;
use crate::limits::Meter;
use crate::val::{Key, ListKind, ListRef, Val, java_equals, text_of};

type Answer = Result<Option<Val>, Fault>;

/// The text that a method without result leaves.
fn void() -> Answer {
    Ok(Some(Val::from("")))
}

fn found(value: impl Into<Val>) -> Answer {
    Ok(Some(value.into()))
}

/// A count or a place, as Java's `int`.
fn int(number: usize) -> Val {
    i32::try_from(number).map_or(Val::Long(i64::MAX), Val::Int)
}

fn unsupported(value: &Val, method: &str) -> Answer {
    Err(Fault::new(format!("The method {method} of {} is not supported", value.type_name())))
}

fn threw(value: &Val, method: &str, reason: impl std::fmt::Display) -> Fault {
    // Velocity's sentence, as AppSync shows it; `reason` is the exception.
    Fault::new(format!("Invocation of method '{method}' in  class {} threw exception {reason}", java_class(value)))
}

/// A `NullPointerException` with the words of Java 17.
fn null_pointer(value: &Val, method: &str, words: &str) -> Fault {
    let separator = if words.is_empty() { "" } else { ": " };
    threw(value, method, format_args!("java.lang.NullPointerException{separator}{words}"))
}

fn number_format(value: &Val, method: &str, words: &str) -> Fault {
    threw(value, method, format_args!("java.lang.NumberFormatException: {words}"))
}

/// `other` is no `wanted`.
fn cast(value: &Val, method: &str, other: &Val, wanted: &str) -> Fault {
    let class = java_class(other);
    threw(
        value,
        method,
        format_args!(
            "java.lang.ClassCastException: class {class} cannot be cast to class {wanted} ({class} and {wanted} are in module java.base of loader 'bootstrap')"
        ),
    )
}

/// The Java class in whose place a value stands, for messages.
fn java_class(value: &Val) -> &str {
    match value {
        Val::Bool(_) => "java.lang.Boolean",
        Val::Int(_) => "java.lang.Integer",
        Val::Long(_) => "java.lang.Long",
        Val::Big(_) => "java.math.BigInteger",
        Val::Decimal(number) if number.is_integer() => "java.math.BigInteger",
        Val::Double(_) | Val::Decimal(_) => "java.lang.Double",
        Val::Str(_) => "java.lang.String",
        Val::List(list) => match list.kind() {
            ListKind::List => "java.util.ArrayList",
            ListKind::Array => "[Ljava.lang.String;",
            ListKind::View(PART) => "java.util.ArrayList$SubList",
            ListKind::View(KEYS) => "java.util.LinkedHashMap$LinkedKeySet",
            ListKind::View(VALUES) => "java.util.LinkedHashMap$LinkedValues",
            ListKind::View(_) => "java.util.LinkedHashMap$LinkedEntrySet",
        },
        Val::Map(_) => "java.util.LinkedHashMap",
        Val::Entry(_) => "java.util.LinkedHashMap$Entry",
        Val::Iterator(_) => "java.util.ArrayList$Itr",
        other => other.type_name(),
    }
}

fn no_reflection() -> Fault {
    Fault::new("Access to a value's class is refused; a member named `class` is reached by get(\"class\")")
}

/// Calls a method.
pub(crate) fn call(receiver: &Val, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    meter.work(1)?;
    match (method, args) {
        ("getClass", []) => return Err(no_reflection()),
        ("wait" | "notify" | "notifyAll", _) => return unsupported(receiver, method),
        _ => {}
    }
    if !matches!(receiver, Val::Host(_)) {
        match (method, args) {
            ("toString", []) => return found(text_of(receiver, meter)?),
            ("equals", [other]) => return found(java_equals(receiver, other, meter)?),
            _ => {}
        }
    }
    match receiver {
        Val::Null => Ok(None),
        Val::Str(text) => string::call(receiver, text, method, args, meter),
        Val::List(list) => list::call(receiver, list, method, args, meter),
        Val::Map(map) => map::call(receiver, map, method, args, meter),
        Val::Entry(entry) => match (method, args) {
            ("getKey", []) => found(entry.key()),
            ("getValue", []) => found(entry.value()),
            ("setValue", [value]) => found(entry.map.insert(entry.key.clone(), value.clone()).unwrap_or(Val::Null)),
            _ => Ok(None),
        },
        Val::Iterator(iterator) => match (method, args) {
            ("hasNext", []) => found(iterator.has_next()),
            ("next", []) => iterator.next().map(Some).ok_or_else(|| threw(receiver, method, "java.util.NoSuchElementException")),
            _ => Ok(None),
        },
        Val::Bool(value) => match (method, args) {
            ("booleanValue", []) => found(*value),
            ("compareTo", [Val::Bool(other)]) => found(value.cmp(other) as i32),
            ("compareTo", [Val::Null]) => {
                Err(null_pointer(receiver, method, "Cannot read field \"value\" because \"b\" is null"))
            }
            ("compareTo", [other]) => Err(cast(receiver, method, other, "java.lang.Boolean")),
            ("compare", [Val::Bool(a), Val::Bool(b)]) => found(a.cmp(b) as i32),
            ("logicalAnd", [Val::Bool(a), Val::Bool(b)]) => found(a & b),
            ("logicalOr", [Val::Bool(a), Val::Bool(b)]) => found(a | b),
            ("logicalXor", [Val::Bool(a), Val::Bool(b)]) => found(a ^ b),
            ("valueOf", [Val::Bool(value)]) => found(*value),
            ("toString", [Val::Bool(value)]) => found(if *value { "true" } else { "false" }),
            ("hashCode", [Val::Bool(value)]) => Ok(crate::val::hash(&Val::Bool(*value)).map(Val::Int)),
            ("parseBoolean" | "valueOf", [Val::Str(text)]) => found(text.eq_ignore_ascii_case("true")),
            ("parseBoolean" | "valueOf", [Val::Null]) => found(false),
            ("hashCode", []) => Ok(crate::val::hash(receiver).map(Val::Int)),
            _ => Ok(None),
        },
        Val::Int(_) | Val::Long(_) | Val::Big(_) | Val::Double(_) | Val::Decimal(_) => {
            number::call(receiver, method, args, meter)
        }
        Val::Loop(state) => match (method, args) {
            ("hasNext", []) => found(state.has_next.get()),
            ("getIndex", []) => found(int(state.index.get())),
            ("getCount", []) => found(int(state.index.get() + 1)),
            ("isFirst" | "getFirst", []) => found(state.index.get() == 0),
            ("isLast" | "getLast", []) => found(!state.has_next.get()),
            _ => Ok(None),
        },
        Val::Block(_) => Ok(None),
        Val::Host(host) => {
            let answer = host.call(method, args);
            meter.work(usize::try_from(host.take_work()).unwrap_or(usize::MAX))?;
            match (answer.map_err(|error| Fault::host(error.0))?, method, args) {
                // What has properties has them by `get` as well, as a map would.
                (None, "get", [Val::Str(name)]) => Ok(host.get(name)),
                (
                    None,
                    "entrySet" | "keySet" | "values" | "containsKey" | "containsValue" | "getOrDefault" | "size" | "isEmpty",
                    _,
                ) => host.as_map().map_or(Ok(None), |map| map::call(receiver, &map, method, args, meter)),
                (answer, ..) => Ok(answer),
            }
        }
    }
}

/// Reads a property.
pub(crate) fn property(receiver: &Val, name: &str) -> Answer {
    if name == "class" && !matches!(receiver, Val::Null | Val::Host(_)) {
        return Err(no_reflection());
    }
    Ok(match receiver {
        Val::Map(map) => map.get(name),
        Val::Host(host) => host.get(name),
        Val::Entry(entry) => match name {
            "key" => Some(entry.key()),
            "value" => Some(entry.value()),
            _ => None,
        },
        Val::List(list) if name == "empty" => Some(Val::Bool(list.is_empty())),
        Val::Str(text) if name == "empty" => Some(Val::Bool(text.is_empty())),
        Val::Str(text) if name == "blank" => Some(Val::Bool(text.chars().all(char::is_whitespace))),
        Val::Str(text) if name == "bytes" => Some(string::bytes(text)),
        Val::Double(_) | Val::Decimal(_) if matches!(name, "naN" | "infinite") && java_class(receiver) == "java.lang.Double" => {
            let number = crate::val::as_double(receiver).unwrap_or(f64::NAN);
            Some(Val::Bool(if name == "naN" { number.is_nan() } else { number.is_infinite() }))
        }
        Val::Loop(state) => match name {
            "index" => Some(int(state.index.get())),
            "count" => Some(int(state.index.get() + 1)),
            "hasNext" => Some(Val::Bool(state.has_next.get())),
            "first" => Some(Val::Bool(state.index.get() == 0)),
            "last" => Some(Val::Bool(!state.has_next.get())),
            "parent" => state.parent.clone().map(Val::Loop),
            "topmost" => {
                let mut top = std::rc::Rc::clone(state);
                while let Some(parent) = top.parent.clone() {
                    top = parent;
                }
                Some(Val::Loop(top))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Reads `value[index]`.
pub(crate) fn index(receiver: &Val, index: &Val, meter: &mut Meter<'_>) -> Answer {
    match receiver {
        Val::List(list) => {
            let Some(number) = index.as_i64().filter(|_| has_places(list)) else { return Ok(None) };
            match list_place(list, number) {
                Some(at) => Ok(list.get(at)),
                None => Err(Fault::new(format!("Error invoking method 'get(java.lang.Integer)' in {}", java_class(receiver)))),
            }
        }
        Val::Map(map) => Ok(Key::from_val(index).and_then(|key| map.get_key(&key))),
        Val::Host(host) => match index.as_str() {
            Some(name) => Ok(host.get(name)),
            None => call(receiver, "get", std::slice::from_ref(index), meter),
        },
        _ => Ok(None),
    }
}

/// Writes a property; `false` when there is none that could be written.
pub(crate) fn set_property(receiver: &Val, name: &str, value: Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    match receiver {
        Val::Map(map) => {
            meter.elements(1)?;
            map.insert(Key::from(name), value);
            Ok(true)
        }
        Val::Entry(entry) if name == "value" => {
            entry.map.insert(entry.key.clone(), value);
            Ok(true)
        }
        Val::Host(host) => host.set(name, value).map_err(|error| Fault::host(error.0)),
        _ => Ok(false),
    }
}

/// Writes `value[index]`.
pub(crate) fn set_index(receiver: &Val, index: &Val, value: Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    match receiver {
        Val::List(list) => {
            let Some(number) = index.as_i64() else { return Ok(false) };
            if let ListKind::View(what) = list.kind() {
                return Err(view(what, "set"));
            }
            let Some(at) = list_place(list, number) else {
                return Err(Fault::new(format!(
                    "Exception calling method 'set(java.lang.Integer,{})' in  class {}",
                    java_class(&value),
                    java_class(receiver)
                )));
            };
            Ok(list.set(at, value).is_some())
        }
        Val::Map(map) => {
            let Some(key) = Key::from_val(index) else { return Err(no_key(index)) };
            meter.elements(1)?;
            map.insert(key, value);
            Ok(true)
        }
        Val::Host(_) => match index.as_str() {
            Some(name) => set_property(receiver, name, value, meter),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Whether this has numbered places in Java; the keys, values and entries of a map have none.
fn has_places(list: &ListRef) -> bool {
    matches!(list.kind(), ListKind::List | ListKind::Array | ListKind::View(PART))
}

/// What a view of a part of a list is called.
const PART: &str = "a part of a list";
const KEYS: &str = "the keys of a map";
const VALUES: &str = "the values of a map";

/// The place that an index means; negative ones count from the end.
fn list_place(list: &ListRef, index: i64) -> Option<usize> {
    let length = i64::try_from(list.len()).ok()?;
    let at = if index < 0 { index + length } else { index };
    usize::try_from(at).ok().filter(|_| at < length)
}

fn out_of_bounds(receiver: &Val, method: &str, index: i64, length: usize) -> Fault {
    if matches!(receiver, Val::List(list) if list.kind() == ListKind::Array) {
        return threw(receiver, method, "java.lang.ArrayIndexOutOfBoundsException");
    }
    threw(receiver, method, format_args!("java.lang.IndexOutOfBoundsException: Index {index} out of bounds for length {length}"))
}

fn view(what: &str, method: &str) -> Fault {
    Fault::new(format!("{method} on {what} is not supported, as it would have to write through: copy it with addAll first"))
}

fn no_key(value: &Val) -> Fault {
    Fault::new(format!("A value of type {} cannot be the key of a map", value.type_name()))
}

/// The items of anything that Java has as a `Collection`.
fn collection(value: &Val) -> Option<&ListRef> {
    match value {
        Val::List(list) if list.kind() != ListKind::Array => Some(list),
        _ => None,
    }
}

/// Whether `items` has one that equals `wanted`, by Java's `equals`.
fn contains(items: impl Iterator<Item = Val>, wanted: &Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    for item in items {
        if java_equals(&item, wanted, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a set of the scalars, so that asking for many of them stays linear.
struct Members<'v> {
    keys: std::collections::HashSet<Key>,
    rest: Vec<&'v Val>,
}

impl<'v> Members<'v> {
    fn new(items: &'v [Val], meter: &mut Meter<'_>) -> Result<Self, Fault> {
        meter.elements(items.len())?;
        let mut members = Members { keys: std::collections::HashSet::new(), rest: Vec::new() };
        for item in items {
            match Key::from_val(item) {
                Some(key) => drop(members.keys.insert(key)),
                None => members.rest.push(item),
            }
        }
        Ok(members)
    }

    fn contains(&self, wanted: &Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
        if let Some(key) = Key::from_val(wanted) {
            meter.work(1)?;
            return Ok(self.keys.contains(&key));
        }
        for item in &self.rest {
            if java_equals(item, wanted, meter)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Text of an argument that Java takes as `CharSequence`.
fn text_arg(value: &Val) -> Option<&Str> {
    match value {
        Val::Str(text) => Some(text),
        _ => None,
    }
}
