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
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(true) => out.push_str("true"),
        Val::Bool(false) => out.push_str("false"),
        Val::Int(value) => write_integer(i64::from(*value), out),
        Val::Long(value) => write_integer(*value, out),
        Val::Big(value) => other_number(format_args!("{value}"), out)?,
        // A fraction from JSON is a `Double` to Java; one with more digits than that has keeps them.
        Val::Decimal(value) if !value.is_integer() && value.is_exact_in_f64() => write_double(value.as_f64(), out),
        Val::Decimal(value) => other_number(format_args!("{value}"), out)?,
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
            for (at, (key, item)) in map.entries().into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key.into_text());
                out.push('=');
                match item {
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

fn other_number(arguments: std::fmt::Arguments<'_>, out: &mut String) -> Result<(), Fault> {
    out.write_fmt(arguments).map_err(|_| Fault::new("A number could not be written"))
}

/// Digits without the machinery of `fmt`, which takes several times as long.
fn write_integer(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    let mut rest = number.unsigned_abs();
    let mut divisor = 1;
    while rest / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        let digit = u8::try_from(rest / divisor).unwrap_or(0);
        out.push(char::from(b'0' + digit));
        rest %= divisor;
        divisor /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_print_all_their_digits() {
        for number in [0, 7, -7, 10, 99, 100, 1_234_567_890, -1_000, i64::MAX, i64::MIN] {
            let mut out = String::new();
            write_integer(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }
}
