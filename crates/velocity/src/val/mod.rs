//! The values that templates compute with.
//!
//! They are what Java would have in their place: integers of three sizes, doubles, strings, and lists and maps that are shared
//! by reference, so that a change through one name is seen through all. A [`value::Value`] enters without being copied: its
//! lists and objects are looked into where a template touches them, and only changed ones become containers of this crate.

mod convert;
mod cycles;
mod entries;
mod equality;
mod list;
mod map;
mod number;
mod print;

use std::cell::Cell;
use std::rc::Rc;

use value::{Number, Str};

use crate::Host;
use crate::ast::Block;

pub use convert::ConvertError;
pub(crate) use cycles::collect as collect_cycles;
pub(crate) use equality::{equals, java_equals};
pub use list::ListRef;
pub(crate) use list::{ListIter, ListKind};
pub use map::{Entry, Key, MapRef};
pub(crate) use number::{
    MAX_DIGITS, arithmetic, as_big, as_double, as_integer, compare, compare_numbers, from_big, hash, string_hash, write_double,
};
pub(crate) use print::{print, text_of};

/// A value of a template. It belongs to one thread; cloning it shares it.
#[derive(Clone)]
pub enum Val {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An `Integer`.
    Int(i32),
    /// A `Long`.
    Long(i64),
    /// A `BigInteger`, as far as 127 bits go.
    Big(i128),
    /// A `Double`.
    Double(f64),
    /// A number that prints as it was written; computing with it makes a double of it.
    Decimal(Number),
    /// A string.
    Str(Str),
    /// A list, an array or a view of a map's parts.
    List(ListRef),
    /// A map.
    Map(MapRef),
    /// An entry of a map.
    Entry(Rc<Entry>),
    /// An iterator over a list.
    #[doc(hidden)]
    Iterator(Rc<ListIter>),
    /// An object of the surrounding program.
    Host(Rc<dyn Host>),
    /// `$foreach`.
    #[doc(hidden)]
    Loop(Rc<Loop>),
    /// What `#define` made.
    #[doc(hidden)]
    Block(Rc<Definition>),
}

/// The state of a `#foreach`, as `$foreach` shows it.
#[doc(hidden)]
pub struct Loop {
    pub(crate) index: Cell<usize>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) parent: Option<Rc<Loop>>,
}

/// A block that is rendered where it is referred to.
#[doc(hidden)]
pub struct Definition {
    pub(crate) body: Block,
    pub(crate) running: Cell<usize>,
}

impl Val {
    /// An empty list.
    #[must_use]
    pub fn empty_list() -> Val {
        Val::List(ListRef::new(Vec::new()))
    }

    /// An empty map.
    #[must_use]
    pub fn empty_map() -> Val {
        Val::Map(MapRef::new())
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }

    /// Whether this is a number of any kind.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Val::Int(_) | Val::Long(_) | Val::Big(_) | Val::Double(_) | Val::Decimal(_))
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Val::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Val::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if this is an `Integer` or a `Long`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Val::Int(number) => Some(i64::from(*number)),
            Val::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// The nearest double, if this is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        as_double(self)
    }

    /// The list, if this is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&ListRef> {
        match self {
            Val::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&MapRef> {
        match self {
            Val::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The name of the Java type that stands in this place, for messages.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "Boolean",
            Val::Int(_) => "Integer",
            Val::Long(_) => "Long",
            Val::Big(_) => "BigInteger",
            Val::Double(_) => "Double",
            Val::Decimal(_) => "Number",
            Val::Str(_) => "String",
            Val::List(_) => "List",
            Val::Map(_) => "Map",
            Val::Entry(_) => "Map.Entry",
            Val::Iterator(_) => "Iterator",
            Val::Host(host) => host.type_name(),
            Val::Loop(_) => "ForeachScope",
            Val::Block(_) => "Block",
        }
    }

    fn is_container(&self) -> bool {
        matches!(self, Val::List(_) | Val::Map(_) | Val::Entry(_) | Val::Iterator(_))
    }

    /// Whether this is a container that may have containers in it, so that dropping it could go deep.
    #[inline]
    fn may_nest(&self) -> bool {
        match self {
            Val::List(list) => list.may_nest(),
            Val::Map(map) => map.may_nest(),
            Val::Entry(_) | Val::Iterator(_) => true,
            _ => false,
        }
    }
}

impl std::fmt::Debug for Val {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Val::Str(text) => write!(f, "{text:?}"),
            other => match other.to_text() {
                Ok(text) => f.write_str(&text),
                Err(_) => f.write_str(other.type_name()),
            },
        }
    }
}

/// Larger containers are not looked through before they are dropped, only taken apart.
const SHORT_LOOK: usize = 16;

/// Takes containers apart one by one. A template can nest lists a million deep; dropping them by recursion would overflow the
/// stack.
fn dismantle(items: impl Iterator<Item = Val>) {
    let mut pending: Vec<Val> = items.filter(Val::is_container).collect();
    while let Some(value) = pending.pop() {
        match value {
            Val::List(list) => list.release(&mut pending),
            Val::Map(map) => map.release(&mut pending),
            Val::Entry(entry) => pending.extend(Rc::into_inner(entry).map(|entry| Val::Map(entry.map))),
            Val::Iterator(iterator) => pending.extend(Rc::into_inner(iterator).map(|iterator| Val::List(iterator.list))),
            _ => {}
        }
    }
}
