//! Equality: Java's `equals`, and the wider one of `==`.

use std::cmp::Ordering;

use super::{Val, compare_numbers, text_of};
use crate::error::Fault;
use crate::limits::Meter;

/// `==` of Velocity 1.7: numbers by value, values of one type by `equals`, others by their text. Null equals null only.
pub(crate) fn equals(left: &Val, right: &Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    if left.is_number() && right.is_number() {
        return Ok(compare_numbers(left, right) == Some(Ordering::Equal));
    }
    match (left, right) {
        (Val::Null, Val::Null) => Ok(true),
        (Val::Null, _) | (_, Val::Null) => Ok(false),
        (Val::List(_), Val::List(_)) | (Val::Map(_), Val::Map(_)) | (Val::Str(_), Val::Str(_)) | (Val::Bool(_), Val::Bool(_)) => {
            java_equals(left, right, meter)
        }
        _ => same_text(left, right, meter),
    }
}

/// Whether both have the same text.
fn same_text(left: &Val, right: &Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    Ok(text_of(left, meter)? == text_of(right, meter)?)
}

/// `equals`: of one type, and equal in it.
pub(crate) fn java_equals(left: &Val, right: &Val, meter: &mut Meter<'_>) -> Result<bool, Fault> {
    deep(left, right, meter, 0)
}

fn deep(left: &Val, right: &Val, meter: &mut Meter<'_>, depth: usize) -> Result<bool, Fault> {
    meter.work(1)?;
    if depth > value::MAX_DEPTH {
        return Err(Fault::new(format!("A value to compare is nested more than {} levels deep", value::MAX_DEPTH)));
    }
    Ok(match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Long(a), Val::Long(b)) => a == b,
        (Val::Big(a), Val::Big(b)) => a == b,
        (Val::Double(_) | Val::Decimal(_), Val::Double(_) | Val::Decimal(_)) => {
            compare_numbers(left, right) == Some(Ordering::Equal)
        }
        (Val::Str(a), Val::Str(b)) => a == b,
        (Val::List(a), Val::List(b)) => {
            if a.is_same(b) {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for at in 0..a.len() {
                let (Some(a), Some(b)) = (a.get(at), b.get(at)) else { return Ok(false) };
                if !deep(&a, &b, meter, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Map(a), Val::Map(b)) => {
            if a.is_same(b) {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            meter.work(a.len())?;
            for key in a.keys() {
                let (Some(a), Some(b)) = (a.get_key(&key), b.get_key(&key)) else { return Ok(false) };
                if !deep(&a, &b, meter, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Entry(a), Val::Entry(b)) => a.key == b.key && deep(&a.value(), &b.value(), meter, depth + 1)?,
        (Val::Host(a), Val::Host(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => false,
    })
}
