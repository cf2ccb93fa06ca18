//! `JSON` (ECMA-262, 25.5), with AppSync's difference: `parse` gives a blank string for what is no JSON.

mod write;

use value::{Str, Value};

use super::{arg, get, natives, object};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, ObjId, Properties, Text, Val};
use crate::native::{Builtin, ErrorKind};

/// `JSON.stringify(value)`.
pub(super) fn stringify(ev: &mut Evaluator<'_>, value: Val) -> Completion<Option<Text>> {
    write::stringify(ev, value, Val::Undefined, Val::Undefined)
}

fn stringify_method(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let text = write::stringify(ev, arg(arguments, 0), arg(arguments, 1), arg(arguments, 2))?;
    Ok(text.map_or(Val::Undefined, |text| ev.heap.text_value(text)))
}

fn parse(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let text = ev.to_text(arg(arguments, 0))?.well_formed();
    ev.work(text.len() / 16)?;
    // What an element takes at least.
    let elements = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    ev.reserve(text.len() + elements * 40)?;
    let value = match Value::parse(text.as_bytes()) {
        Ok(value) => value,
        Err(fault) if fault.message.contains("nested deeper") => {
            return ev.throw(ErrorKind::RangeError, format!("JSON.parse: {fault}"));
        }
        Err(fault) if fault.message.contains("lone surrogate") => {
            ev.reserve(text.len())?;
            match Value::parse(without_lone_surrogates(&text).as_bytes()) {
                Ok(value) => value,
                Err(_) => return Ok(ev.heap.string("")),
            }
        }
        Err(_) => return Ok(ev.heap.string("")),
    };
    let value = ev.heap.import(&value);
    let reviver = arg(arguments, 1);
    if !ev.is_callable(reviver) {
        return Ok(value);
    }
    let mut root = Properties::with_capacity(1);
    root.set(&Str::from(""), value);
    let holder = ev.heap.object(root);
    revive(ev, reviver, holder, "", 0)
}

/// JSON with `\ufffd` for each escape that is half of a pair: a value holds well-formed text only.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    while let Some(at) = text[rest..].find('\\').map(|at| at + rest) {
        out.push_str(&text[rest..at]);
        let (kept, length) = match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => (true, 12),
            Some(0xd800..=0xdfff) => (false, 6),
            _ => (true, 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8)),
        };
        out.push_str(if kept { &text[at..at + length] } else { "\\ufffd" });
        rest = at + length;
    }
    out.push_str(&text[rest..]);
    out
}

/// `InternalizeJSONProperty`: the function's answer replaces each value, from the inside out.
fn revive(ev: &mut Evaluator<'_>, reviver: Val, holder: Val, key: &str, depth: usize) -> Completion {
    if depth > value::MAX_DEPTH {
        return ev.throw(ErrorKind::RangeError, "JSON.parse: the value is nested deeper than 200 levels");
    }
    let value = get(ev, holder, key)?;
    if let Val::Object(id) = value {
        let is_array = ev.heap.array_len(id).is_some();
        for (name, _) in object::members(ev, value)? {
            let item = revive(ev, reviver, value, &name, depth + 1)?;
            replace(ev, id, &name, item, is_array);
        }
    }
    let name = ev.heap.string(key);
    ev.call(reviver, holder, &[name, value])
}

fn replace(ev: &mut Evaluator<'_>, id: ObjId, name: &Str, item: Val, is_array: bool) {
    if ev.heap.obj(id).frozen {
        return;
    }
    if is_array {
        let place = name.parse::<usize>().ok().and_then(|at| ev.heap.array_mut(id)?.get_mut(at));
        if let Some(place) = place {
            *place = item;
        }
    } else if !matches!(item, Val::Undefined) {
        ev.heap.set_own(id, name, item);
    } else if matches!(ev.heap.obj(id).kind, Kind::Plain(_) | Kind::HostObject(_))
        && let Some(properties) = ev.heap.properties_mut(id)
    {
        properties.remove(name);
    }
}

/// `JSON`.
pub(super) static JSON: Builtin = Builtin {
    name: "JSON",
    call: None,
    construct: None,
    functions: natives! {
        "parse" / 2 => parse,
        "stringify" / 3 => stringify_method,
    },
    numbers: &[],
    prototype: None,
};
