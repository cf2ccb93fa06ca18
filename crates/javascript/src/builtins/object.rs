//! `Object` (ECMA-262, 20.1).
//!
//! There are no prototypes to set, no accessors and no attributes of single properties; what would need them refuses by its name.

use value::Str;

use super::{Iteration, arg, count, get, is_builtin, natives, own_property};
use crate::evaluate::coerce::is_primitive;
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Properties, Val, array_index};
use crate::native::{Builtin, Native, Prototype};

/// What a number as a key takes.
const KEY_COST: usize = 32;

/// The own enumerable properties of any value, in the language's order.
pub(super) fn members(ev: &mut Evaluator<'_>, value: Val) -> Completion<Vec<(Str, Val)>> {
    let id = match value {
        Val::Object(id) => id,
        Val::String(id) => {
            let text = ev.text(id)?;
            ev.reserve(text.units() * (2 * ELEMENT_COST + KEY_COST))?;
            ev.work(text.units())?;
            let units = text.to_units();
            return Ok(units
                .iter()
                .enumerate()
                .map(|(at, unit)| {
                    let unit = crate::heap::Text::from_units(&[*unit]);
                    (at.to_string().into(), ev.heap.text_value(unit))
                })
                .collect());
        }
        Val::Undefined | Val::Null => return ev.type_error("cannot convert to object"),
        _ => return Ok(Vec::new()),
    };
    let count = ev.heap.own_count(id);
    ev.work(count)?;
    ev.reserve(count * ELEMENT_COST)?;
    let found = if let Some(length) = ev.heap.array_len(id) {
        ev.reserve(length * KEY_COST)?;
        let keys = ev.heap.own_keys(id);
        keys.into_iter().enumerate().map(|(at, key)| (key, ev.heap.element(id, at).unwrap_or_default())).collect()
    } else {
        ev.heap.own_members(id)
    };
    Ok(found)
}

/// The names of the own enumerable properties.
fn key_list(ev: &mut Evaluator<'_>, value: Val) -> Completion<Vec<Str>> {
    match value {
        Val::Object(id) => {
            let count = ev.heap.own_count(id);
            ev.work(count)?;
            let made = if ev.heap.array_len(id).is_some() { KEY_COST } else { 0 };
            ev.reserve(count * (ELEMENT_COST + made))?;
            Ok(ev.heap.own_keys(id))
        }
        other => Ok(members(ev, other)?.into_iter().map(|(key, _)| key).collect()),
    }
}

fn keys(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let keys = key_list(ev, arg(arguments, 0))?;
    let items = keys.iter().map(|key| ev.heap.shared(key)).collect();
    Ok(ev.heap.array(items))
}

fn values(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let items = members(ev, arg(arguments, 0))?.into_iter().map(|(_, value)| value).collect();
    Ok(ev.heap.array(items))
}

fn entries(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let members = members(ev, arg(arguments, 0))?;
    let items = members
        .into_iter()
        .map(|(key, value)| {
            let key = ev.heap.shared(&key);
            let mut pair = ev.heap.items(2);
            pair.extend([key, value]);
            ev.heap.array(pair)
        })
        .collect();
    Ok(ev.heap.array(items))
}

/// Sets an own property as an assignment does; what cannot take it throws.
fn put(ev: &mut Evaluator<'_>, id: ObjId, key: &Str, value: Val) -> Completion<()> {
    if ev.heap.obj(id).frozen {
        return ev.type_error(format!("'{key}' is read-only"));
    }
    if let Some(length) = ev.heap.array_len(id) {
        if &**key == "length" {
            return super::set_length(ev, id, value);
        }
        let Some(at) = array_index(key) else {
            return ev.type_error(format!("arrays take no property '{key}'"));
        };
        let at = at as usize;
        if at >= length {
            super::set_length(ev, id, count(at + 1))?;
        }
        if let Some(item) = ev.heap.array_mut(id).and_then(|items| items.get_mut(at)) {
            *item = value;
        }
        return Ok(());
    }
    if ev.heap.set_own(id, key, value) { Ok(()) } else { ev.type_error(format!("the object takes no property '{key}'")) }
}

fn assign(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let target = arg(arguments, 0);
    let id = match target {
        Val::Object(id) => id,
        Val::Undefined | Val::Null => return ev.type_error("cannot convert to object"),
        built_in if is_builtin(built_in) => return ev.type_error("built-in objects are read-only"),
        _ => return ev.type_error("Object.assign to a primitive value is not supported"),
    };
    for &source in arguments.get(1..).unwrap_or_default() {
        if matches!(source, Val::Undefined | Val::Null) {
            continue;
        }
        for (key, value) in members(ev, source)? {
            put(ev, id, &key, value)?;
        }
        ev.work(1)?;
    }
    Ok(target)
}

fn from_entries(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut properties = Properties::default();
    let mut iteration = Iteration::new(ev, arg(arguments, 0))?;
    while let Some(entry) = iteration.next(ev)? {
        if is_primitive(entry) {
            return ev.type_error("not an object");
        }
        let (key, value) = (get(ev, entry, "0")?, get(ev, entry, "1")?);
        let key = ev.to_property_key(key)?;
        ev.reserve(ELEMENT_COST)?;
        properties.set(&key, value);
    }
    Ok(ev.heap.object(properties))
}

fn group_by(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let function = arg(arguments, 1);
    if !ev.is_callable(function) {
        return ev.type_error("not a function");
    }
    let mut groups = Properties::default();
    let mut iteration = Iteration::new(ev, arg(arguments, 0))?;
    let mut at = 0;
    while let Some(item) = iteration.next(ev)? {
        let key = ev.call(function, Val::Undefined, &[item, count(at)])?;
        let key = ev.to_property_key(key)?;
        at += 1;
        ev.reserve(ELEMENT_COST)?;
        if let Some(Val::Object(group)) = groups.get(&key) {
            if let Some(items) = ev.heap.array_mut(group) {
                items.push(item);
            }
        } else {
            let group = ev.heap.array(vec![item]);
            groups.set(&key, group);
        }
    }
    Ok(ev.heap.object(groups))
}

/// Whether a value has an own property.
pub(super) fn has_own(ev: &mut Evaluator<'_>, value: Val, key: &str) -> Completion<bool> {
    if let Val::Object(id) = value
        && ev.heap.own(id, key).is_some()
    {
        return Ok(true);
    }
    Ok(own_property(ev, value, key)?.is_some())
}

fn has_own_method(ev: &mut Evaluator<'_>, value: Val, key: Val) -> Completion {
    if matches!(value, Val::Undefined | Val::Null) {
        return ev.type_error("cannot convert to object");
    }
    let key = ev.to_property_key(key)?;
    Ok(Val::Bool(has_own(ev, value, &key)?))
}

fn is_enumerable(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let key = ev.to_property_key(arg(arguments, 0))?;
    let enumerable = match this {
        Val::Object(id) if ev.heap.array_len(id).is_some() => {
            array_index(&key).is_some_and(|at| ev.heap.array_len(id).is_some_and(|length| (at as usize) < length))
        }
        Val::Object(id) => {
            let is_message = matches!(ev.heap.obj(id).kind, Kind::Error(..)) && matches!(&*key, "message" | "cause");
            !is_message && !ev.heap.is_hidden(id, &key) && ev.heap.own(id, &key).is_some()
        }
        Val::String(_) => &*key != "length" && has_own(ev, this, &key)?,
        _ => false,
    };
    Ok(Val::Bool(enumerable))
}

fn own_names(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let value = arg(arguments, 0);
    let mut keys = key_list(ev, value)?;
    match value {
        Val::String(_) => keys.push("length".into()),
        Val::Object(id) if ev.heap.array_len(id).is_some() => keys.push("length".into()),
        Val::Object(id) => {
            for hidden in ["message", "cause"] {
                if matches!(ev.heap.obj(id).kind, Kind::Error(..)) && ev.heap.own(id, hidden).is_some() {
                    keys.push(hidden.into());
                }
            }
        }
        _ => {}
    }
    let items = keys.iter().map(|key| ev.heap.shared(key)).collect();
    Ok(ev.heap.array(items))
}

fn freeze(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    if let Val::Object(id) = arg(arguments, 0) {
        ev.heap.obj_mut(id).frozen = true;
    }
    Ok(arg(arguments, 0))
}

fn is_frozen(ev: &Evaluator<'_>, value: Val) -> bool {
    match value {
        Val::Object(id) => ev.heap.obj(id).frozen,
        _ => true,
    }
}

fn create(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    if !matches!(arg(arguments, 0), Val::Null) || !matches!(arg(arguments, 1), Val::Undefined) {
        return ev.type_error("Object.create is not supported: objects have no prototypes here");
    }
    Ok(ev.heap.object(Properties::default()))
}

/// `Object.prototype.toString`: the kind of a value.
fn kind_text(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let kind = match this {
        Val::Undefined | Val::Uninitialized => "Undefined",
        Val::Null => "Null",
        Val::Bool(_) => "Boolean",
        Val::Number(_) | Val::Exact(_) => "Number",
        Val::String(_) => "String",
        Val::Object(id) => match &ev.heap.obj(id).kind {
            Kind::Plain(_) | Kind::HostObject(_) => "Object",
            Kind::Array(_) | Kind::HostList(_) => "Array",
            Kind::Closure(_) => "Function",
            Kind::Error(..) => "Error",
            Kind::Date(_) => "Date",
            Kind::Map(_) => "Map",
            Kind::Set(_) => "Set",
            Kind::RegExp(_) => "RegExp",
        },
        other if ev.is_callable(other) => "Function",
        Val::Builtin(builtin) => builtin.name,
        Val::Native(_) | Val::Host(_) => "Object",
    };
    Ok(ev.heap.string(format!("[object {kind}]")))
}

fn to_object(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    match arg(arguments, 0) {
        Val::Undefined | Val::Null => Ok(ev.heap.object(Properties::default())),
        // Objects that wrap primitive values are not offered; the value has the same methods.
        value => Ok(value),
    }
}

macro_rules! refused {
    ($name:literal) => {
        |ev, _, _| ev.type_error(concat!("Object.", $name, " is not supported"))
    };
}

/// `Object`.
pub(super) static OBJECT: Builtin = Builtin {
    name: "Object",
    call: Some(to_object),
    construct: Some(to_object),
    functions: natives! {
        "keys" / 1 => keys,
        "values" / 1 => values,
        "entries" / 1 => entries,
        "assign" / 2 => assign,
        "hasOwn" / 2 => |ev, _, arguments| has_own_method(ev, arg(arguments, 0), arg(arguments, 1)),
        "fromEntries" / 1 => from_entries,
        "freeze" / 1 => freeze,
        "groupBy" / 2 => group_by,
        "create" / 2 => create,
        "getOwnPropertyNames" / 1 => own_names,
        "is" / 2 => |ev, _, arguments| Ok(Val::Bool(ev.same_value(arg(arguments, 0), arg(arguments, 1))?)),
        "isExtensible" / 1 => |ev, _, arguments| Ok(Val::Bool(!is_frozen(ev, arg(arguments, 0)))),
        "isFrozen" / 1 => |ev, _, arguments| Ok(Val::Bool(is_frozen(ev, arg(arguments, 0)))),
        "isSealed" / 1 => |ev, _, arguments| Ok(Val::Bool(is_frozen(ev, arg(arguments, 0)))),
        "defineProperties" / 2 => refused!("defineProperties"),
        "defineProperty" / 3 => refused!("defineProperty"),
        "getOwnPropertyDescriptor" / 2 => refused!("getOwnPropertyDescriptor"),
        "getOwnPropertyDescriptors" / 1 => refused!("getOwnPropertyDescriptors"),
        "getOwnPropertySymbols" / 1 => refused!("getOwnPropertySymbols"),
        "getPrototypeOf" / 1 => refused!("getPrototypeOf"),
        "preventExtensions" / 1 => refused!("preventExtensions"),
        "seal" / 1 => refused!("seal"),
        "setPrototypeOf" / 2 => refused!("setPrototypeOf"),
    },
    numbers: &[],
    prototype: Some(Prototype::Object),
};

/// `Object.prototype`, which everything inherits.
pub(super) static METHODS: &[Native] = natives! {
    "hasOwnProperty" / 1 => |ev, this, arguments| has_own_method(ev, this, arg(arguments, 0)),
    "isPrototypeOf" / 1 => |_, _, _| Ok(Val::Bool(false)),
    "propertyIsEnumerable" / 1 => is_enumerable,
    "toLocaleString" / 0 => |ev, this, _| Ok(Val::String(ev.to_string(this)?)),
    "toString" / 0 => kind_text,
    "valueOf" / 0 => |_, this, _| Ok(this),
};
