//! `Array` (ECMA-262, 23.1).
//!
//! Arrays have no holes: a place that was never set reads as `undefined` and counts as an element. Methods that only read also take
//! array-likes, strings and objects with a `length`, which are copied first; methods that change take arrays only.

mod callbacks;
mod change;
mod read;
mod sort;

use super::build::Builder;
use super::{Iteration, arg, count, get, natives};
use crate::evaluate::coerce::is_primitive;
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Text, Val};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

pub(crate) use change::set_length;

/// The most elements an array can have.
const MAX_LENGTH: f64 = 4_294_967_295.0;

/// The array whose elements a method reads.
#[inline]
fn source(ev: &mut Evaluator<'_>, this: Val) -> Completion<ObjId> {
    match this {
        Val::Object(id) if ev.heap.array_len(id).is_some() => Ok(id),
        other => copied(ev, other),
    }
}

/// An array-like as an array.
fn copied(ev: &mut Evaluator<'_>, this: Val) -> Completion<ObjId> {
    if matches!(this, Val::Undefined | Val::Null) {
        return ev.type_error("cannot convert to object");
    }
    let length = get(ev, this, "length")?;
    let length = ev.to_integer(length)?.max(0.0);
    if length > MAX_LENGTH {
        return ev.throw(ErrorKind::RangeError, "invalid array length");
    }
    let length = super::clamp(length, usize::MAX);
    ev.reserve(length.saturating_mul(ELEMENT_COST))?;
    let mut items = Vec::with_capacity(length);
    for at in 0..length {
        ev.work(1)?;
        items.push(get(ev, this, &at.to_string())?);
    }
    Ok(ev.heap.allocate(Kind::Array(items)))
}

/// The array that a method changes.
#[inline]
fn target(ev: &mut Evaluator<'_>, this: Val) -> Completion<ObjId> {
    match this {
        Val::Object(id) if ev.heap.array_len(id).is_some() => {
            if ev.heap.obj(id).frozen {
                ev.type_error("array is frozen")
            } else {
                Ok(id)
            }
        }
        _ => ev.type_error("not an array"),
    }
}

#[inline]
fn length_of(ev: &Evaluator<'_>, id: ObjId) -> usize {
    ev.heap.array_len(id).unwrap_or_default()
}

/// The element at `at`; `undefined` beyond the end.
#[inline]
fn element(ev: &mut Evaluator<'_>, id: ObjId, at: usize) -> Val {
    ev.heap.element(id, at).unwrap_or_default()
}

/// The elements from `start` to `end`, counted.
fn range(ev: &mut Evaluator<'_>, id: ObjId, start: usize, end: usize) -> Completion<Vec<Val>> {
    let length = end.saturating_sub(start);
    ev.work(length / 4)?;
    ev.reserve(length * ELEMENT_COST)?;
    if let Kind::Array(items) = &ev.heap.obj(id).kind {
        return Ok(items.get(start..end.max(start)).unwrap_or_default().to_vec());
    }
    Ok((start..end).map(|at| element(ev, id, at)).collect())
}

/// An array of elements that are counted.
fn counted(ev: &mut Evaluator<'_>, items: Vec<Val>) -> Val {
    Val::Object(ev.heap.allocate(Kind::Array(items)))
}

/// The argument at `at` as a position in an array of `length`; `missing` if there is none.
fn position(ev: &mut Evaluator<'_>, arguments: &[Val], at: usize, length: usize, missing: usize) -> Completion<usize> {
    match arg(arguments, at) {
        Val::Undefined => Ok(missing),
        given => Ok(super::relative(ev.to_integer(given)?, length)),
    }
}

/// The elements as text with `separator` between them; `depth` arrays are being joined already.
pub(crate) fn join(ev: &mut Evaluator<'_>, id: ObjId, separator: &Text, depth: usize) -> Completion<Text> {
    let length = length_of(ev, id);
    let mut whole = Builder::default();
    for at in 0..length {
        ev.work(1)?;
        if at > 0 {
            whole.push(ev, separator)?;
        }
        match element(ev, id, at) {
            Val::Undefined | Val::Null => {}
            item => {
                let text = ev.nested_text(item, depth)?;
                whole.push(ev, &text)?;
            }
        }
    }
    Ok(whole.finish())
}

fn join_method(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let separator = match arg(arguments, 0) {
        Val::Undefined => Text::new(",".into()),
        given => ev.to_text(given)?,
    };
    let text = join(ev, id, &separator, 1)?;
    Ok(ev.heap.text_value(text))
}

fn to_string(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    join_method(ev, this, &[])
}

fn construct(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    if let [single] = arguments
        && let Some(length) = ev.as_double(*single)
    {
        if !(0.0..=MAX_LENGTH).contains(&length) || length.fract() != 0.0 || length.is_nan() {
            return ev.throw(ErrorKind::RangeError, "invalid array length");
        }
        let length = super::clamp(length, usize::MAX);
        ev.reserve(length.saturating_mul(ELEMENT_COST))?;
        ev.work(length / 16)?;
        return Ok(counted(ev, vec![Val::Undefined; length]));
    }
    Ok(ev.heap.array(arguments.to_vec()))
}

fn from(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let (given, function) = (arg(arguments, 0), arg(arguments, 1));
    let maps = !matches!(function, Val::Undefined);
    if maps && !ev.is_callable(function) {
        return ev.type_error("not a function");
    }
    let is_iterable = match given {
        Val::String(_) => true,
        Val::Object(id) => {
            matches!(ev.heap.obj(id).kind, Kind::Array(_) | Kind::HostList(_) | Kind::Map(_) | Kind::Set(_))
        }
        _ => false,
    };
    let mut items = Vec::new();
    if is_iterable && maps {
        let mut iteration = Iteration::new(ev, given)?;
        while let Some(item) = iteration.next(ev)? {
            ev.reserve(ELEMENT_COST)?;
            let item = ev.call(function, arg(arguments, 2), &[item, count(items.len())])?;
            items.push(item);
        }
    } else if is_iterable {
        super::spread(ev, given, &mut items)?;
    } else if is_primitive(given) && !matches!(given, Val::Undefined | Val::Null) {
        // Numbers and booleans have no length.
    } else {
        let id = copied(ev, given)?;
        let length = length_of(ev, id);
        items = range(ev, id, 0, length)?;
        if maps {
            for (at, item) in items.iter_mut().enumerate() {
                *item = ev.call(function, arg(arguments, 2), &[*item, count(at)])?;
            }
        }
    }
    Ok(counted(ev, items))
}

/// `Array`.
pub(super) static ARRAY: Builtin = Builtin {
    name: "Array",
    call: Some(construct),
    construct: Some(construct),
    functions: natives! {
        "from" / 1 => from,
        "isArray" / 1 => |ev, _, arguments| Ok(Val::Bool(match arg(arguments, 0) {
            Val::Object(id) => ev.heap.array_len(id).is_some(),
            _ => false,
        })),
        "of" / 0 => |ev, _, arguments| Ok(ev.heap.array(arguments.to_vec())),
    },
    numbers: &[],
    prototype: Some(Prototype::Array),
};

/// `Array.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "at" / 1 => read::at,
    "concat" / 1 => read::concat,
    "copyWithin" / 2 => change::copy_within,
    "entries" / 0 => read::entries,
    "every" / 1 => callbacks::every,
    "fill" / 1 => change::fill,
    "filter" / 1 => callbacks::filter,
    "find" / 1 => callbacks::find,
    "findIndex" / 1 => callbacks::find_index,
    "findLast" / 1 => callbacks::find_last,
    "findLastIndex" / 1 => callbacks::find_last_index,
    "flat" / 0 => read::flat,
    "flatMap" / 1 => callbacks::flat_map,
    "forEach" / 1 => callbacks::for_each,
    "includes" / 1 => read::includes,
    "indexOf" / 1 => read::index_of,
    "join" / 1 => join_method,
    "keys" / 0 => read::keys,
    "lastIndexOf" / 1 => read::last_index_of,
    "map" / 1 => callbacks::map,
    "pop" / 0 => change::pop,
    "push" / 1 => change::push,
    "reduce" / 1 => callbacks::reduce,
    "reduceRight" / 1 => callbacks::reduce_right,
    "reverse" / 0 => change::reverse,
    "shift" / 0 => change::shift,
    "slice" / 2 => read::slice,
    "some" / 1 => callbacks::some,
    "sort" / 1 => sort::sort,
    "splice" / 2 => change::splice,
    "toLocaleString" / 0 => to_string,
    "toReversed" / 0 => read::to_reversed,
    "toSorted" / 1 => sort::to_sorted,
    "toSpliced" / 2 => change::to_spliced,
    "toString" / 0 => to_string,
    "unshift" / 1 => change::unshift,
    "values" / 0 => read::values,
    "with" / 2 => read::with,
};
