//! The built-in objects and the methods of values.
//!
//! Everything here is data that all evaluations share: a method is found by the number of its name in a table per prototype, and
//! nothing can be written to a built-in object. Start at [`global`], [`method`] and [`own_property`].

mod array;
mod boolean;
mod build;
mod console;
mod date;
mod error;
mod function;
mod globals;
mod iterate;
mod json;
mod lookup;
mod math;
mod number;
mod object;
mod regexp;
mod string;
mod table;

use crate::heap::Val;

pub(crate) use array::{join, set_length};
pub(crate) use date::{date_text, iso_date};
pub(crate) use error::error_text;
pub(crate) use iterate::{Iteration, spread};
pub(crate) use lookup::{
    MethodName, construct, get, global, inherited, instance_of, is_builtin, method, method_name, own_property, prototype_of,
    static_member,
};
pub(crate) use math::power;
pub(crate) use regexp::{Pattern, check_regexp, new_regexp};
pub(crate) use table::Table;

/// A table of built-in functions: name, `length`, function.
macro_rules! natives {
    ($($name:literal / $length:literal => $call:expr),* $(,)?) => {
        &[$(crate::native::Native { name: $name, length: $length, call: $call }),*]
    };
}
use natives;

/// The argument at `at`.
#[inline]
fn arg(arguments: &[Val], at: usize) -> Val {
    arguments.get(at).copied().unwrap_or_default()
}

/// A position counted from the end if negative, kept between 0 and `length` (as `slice` and many others do).
fn relative(position: f64, length: usize) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^32")]
    let count = length as f64;
    clamp(if position < 0.0 { position + count } else { position }, length)
}

/// A position kept between 0 and `length`.
fn clamp(position: f64, length: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, and NaN becomes 0")]
    let position = position as usize;
    position.min(length)
}

/// A length or position as a number.
#[inline]
fn count(length: usize) -> Val {
    #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^32")]
    Val::Number(length as f64)
}
