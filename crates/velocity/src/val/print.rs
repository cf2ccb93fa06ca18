//! Values as text, as Java's `toString` writes them.

use std::fmt::Write;

use super::{Val, write_double};
use crate::Limits;
use crate::error::Fault;
use crate::limits::Meter;

impl Val {
    /// The value as Java's `toString` writes it; null is `null`.
    ///
    /// # Errors
    /// A value nested too deeply (or within itself), or text beyond [`Limits::max_string`]; the message says which.
    pub fn to_text(&self) -> Result<String, String> {
        let limits = Limits::default();
        let mut out = String::new();
        print(self, &mut out, limits.max_string, &mut Meter::new(&limits)).map_err(|fault| fault.into_error("").message)?;
        Ok(out)
    }
}

/// Text of a value as a new string, on the meter's account.
pub(crate) fn text_of(value: &Val, meter: &mut Meter<'_>) -> Result<value::Str, Fault> {
    if let Val::Str(text) = value {
        return Ok(value::Str::clone(text));
    }
    let mut out = String::new();
    print(value, &mut out, meter.limits.max_string, meter)?;
    meter.string(out.len())?;
    Ok(out.into())
}

/// Appends a value's text, at most until `out` holds `most` bytes.
#[inline]
pub(crate) fn print(value: &Val, out: &mut String, most: usize, meter: &mut Meter<'_>) -> Result<(), Fault> {
    if let Val::Str(text) = value {
        out.push_str(text);
        return Ok(());
    }
    nested(value, out, most, meter, 0)
}

fn nested(value: &Val, out: &mut String, most: usize, meter: &mut Meter<'_>, depth: usize) -> Result<(), Fault> {
    meter.work(1)?;
    if out.len() > most {
        return Err(Fault::new(format!("A text is longer than {most} bytes (limit max_string or max_output)")));
    }
    if depth > value::MAX_DEPTH {
        return Err(Fault::new(format!("A value is nested more than {} levels deep", value::MAX_DEPTH)));
    }
    let mut number =
        |arguments: std::fmt::Arguments<'_>| out.write_fmt(arguments).map_err(|_| Fault::new("A number could not be written"));
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(true) => out.push_str("true"),
        Val::Bool(false) => out.push_str("false"),
        Val::Int(value) => number(format_args!("{value}"))?,
        Val::Long(value) => number(format_args!("{value}"))?,
        Val::Big(value) => number(format_args!("{value}"))?,
        Val::Decimal(value) => number(format_args!("{value}"))?,
        Val::Double(value) => write_double(*value, out),
        Val::Str(text) => out.push_str(text),
        Val::List(list) => {
            out.push('[');
            let mut at = 0;
            while let Some(item) = list.get(at) {
                if at > 0 {
                    out.push_str(", ");
                }
                match &item {
                    Val::List(inner) if inner.is_same(list) => out.push_str("(this Collection)"),
                    item => nested(item, out, most, meter, depth + 1)?,
                }
                at += 1;
            }
            out.push(']');
        }
        Val::Map(map) => {
            meter.work(map.len())?;
            out.push('{');
            for (at, key) in map.keys().into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key.to_text());
                out.push('=');
                match map.get_key(&key).unwrap_or(Val::Null) {
                    Val::Map(inner) if inner.is_same(map) => out.push_str("(this Map)"),
                    item => nested(&item, out, most, meter, depth + 1)?,
                }
            }
            out.push('}');
        }
        Val::Entry(entry) => {
            out.push_str(&entry.key.to_text());
            out.push('=');
            nested(&entry.value(), out, most, meter, depth + 1)?;
        }
        Val::Host(host) => host.to_text(out),
        Val::Loop(_) => out.push_str("{}"),
        Val::Iterator(_) | Val::Block(_) => out.push_str(value.type_name()),
    }
    Ok(())
}
