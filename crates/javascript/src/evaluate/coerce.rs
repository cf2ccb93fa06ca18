//! Conversions between types and comparison (ECMA-262, 7.1 and 7.2).
//!
//! A number from outside whose digits a double does not hold computes and compares as its double. As text it keeps its digits
//! where it is an integer, so that an identifier of 19 digits that code puts into a string arrives as it was sent.

use value::Str;

use super::{Completion, Evaluator};
use crate::heap::{Kind, StrId, Text, Val};
use crate::native::ErrorKind;
use crate::number;

/// Which primitive an object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    Default,
    String,
    Number,
}

/// How deeply arrays may be nested where they become text.
const MAX_NESTING: usize = value::MAX_DEPTH;

#[expect(clippy::wrong_self_convention, reason = "they are called as ECMA-262 calls them, and may run code")]
impl Evaluator<'_> {
    /// `ToBoolean`.
    #[inline]
    pub(crate) fn to_boolean(&self, value: Val) -> bool {
        match value {
            Val::Undefined | Val::Null | Val::Uninitialized => false,
            Val::Bool(value) => value,
            Val::Number(number) => number != 0.0 && !number.is_nan(),
            Val::Exact(id) => self.heap.exact_as_f64(id) != 0.0,
            Val::String(id) => self.heap.units(id) > 0,
            Val::Object(_) | Val::Native(_) | Val::Builtin(_) | Val::Host(_) => true,
        }
    }

    /// `typeof`.
    pub(crate) fn type_of(&self, value: Val) -> &'static str {
        match value {
            Val::Undefined | Val::Uninitialized => "undefined",
            Val::Null => "object",
            Val::Bool(_) => "boolean",
            Val::Number(_) | Val::Exact(_) => "number",
            Val::String(_) => "string",
            _ if self.is_callable(value) => "function",
            _ => "object",
        }
    }

    /// Whether a value is a function of any kind.
    #[inline]
    pub(crate) fn is_callable(&self, value: Val) -> bool {
        match value {
            Val::Native(_) => true,
            Val::Object(id) => matches!(self.heap.obj(id).kind, Kind::Closure(_)),
            Val::Builtin(builtin) => builtin.call.is_some() || builtin.construct.is_some(),
            Val::Host(node) => node.function.is_some(),
            _ => false,
        }
    }

    /// `ToPrimitive`: an object's own `valueOf` and `toString`, then what its kind does.
    pub(crate) fn to_primitive(&mut self, value: Val, hint: Hint) -> Completion {
        if is_primitive(value) {
            return Ok(value);
        }
        if let Val::Object(id) = value
            && self.heap.obj(id).kind.properties().is_some()
        {
            let names = if hint == Hint::String { ["toString", "valueOf"] } else { ["valueOf", "toString"] };
            let mut own_to_string = false;
            for name in names {
                let Some(function) = self.heap.own(id, name) else {
                    // The inherited `valueOf` gives the object itself; the inherited `toString` a string.
                    if name == "toString" {
                        break;
                    }
                    continue;
                };
                own_to_string |= name == "toString";
                if self.is_callable(function) {
                    let primitive = self.call(function, value, &[])?;
                    if is_primitive(primitive) {
                        return Ok(primitive);
                    }
                }
            }
            if own_to_string {
                return self.type_error("cannot convert object to primitive value");
            }
        }
        if let (Val::Object(id), Hint::Number) = (value, hint)
            && let Kind::Date(time) = self.heap.obj(id).kind
        {
            return Ok(Val::Number(time));
        }
        let text = self.object_text(value, 0)?;
        Ok(self.heap.text_value(text))
    }

    /// `ToString`.
    #[inline]
    pub(crate) fn to_string(&mut self, value: Val) -> Completion<StrId> {
        if let Val::String(id) = value {
            return Ok(id);
        }
        if let Val::Number(number) = value {
            let made = self.heap.build(|_, out| {
                number::write(number, out);
                Ok::<(), Box<super::Abrupt>>(())
            })?;
            if let Val::String(id) = made {
                return Ok(id);
            }
        }
        let text = self.to_text(value)?;
        match self.heap.text_value(text) {
            Val::String(id) => Ok(id),
            _ => self.type_error("no string was made"),
        }
    }

    /// `ToString`, in one piece.
    pub(crate) fn to_text(&mut self, value: Val) -> Completion<Text> {
        self.nested_text(value, 0)
    }

    /// `ToString` inside of `depth` arrays.
    pub(crate) fn nested_text(&mut self, value: Val, depth: usize) -> Completion<Text> {
        let text: Str = match value {
            Val::String(id) => return self.text(id),
            Val::Undefined | Val::Uninitialized => "undefined".into(),
            Val::Null => "null".into(),
            Val::Bool(true) => "true".into(),
            Val::Bool(false) => "false".into(),
            Val::Number(number) => {
                let mut text = String::with_capacity(24);
                number::write(number, &mut text);
                text.into()
            }
            Val::Exact(id) => exact_text(self.heap.exact(id)).into(),
            Val::Object(id) if self.heap.array_len(id).is_some() => return self.object_text(value, depth),
            _ => {
                let primitive = self.to_primitive(value, Hint::String)?;
                return self.nested_text(primitive, depth);
            }
        };
        Ok(Text::new(text))
    }

    /// What the `toString` of an object's kind gives.
    pub(crate) fn object_text(&mut self, value: Val, depth: usize) -> Completion<Text> {
        let text: Str = match value {
            Val::Object(id) => match &self.heap.obj(id).kind {
                Kind::Array(_) | Kind::HostList(_) => {
                    if depth >= MAX_NESTING {
                        return self.throw(ErrorKind::RangeError, "an array nested deeper than 200 levels cannot become text");
                    }
                    return crate::builtins::join(self, id, &Text::new(",".into()), depth + 1);
                }
                Kind::Date(time) => crate::builtins::date_text(*time).into(),
                Kind::Error(..) => return crate::builtins::error_text(self, id),
                Kind::RegExp(pattern) => pattern.literal().into(),
                Kind::Closure(closure) => self.function_source(closure.function).into(),
                Kind::Map(_) => "[object Map]".into(),
                Kind::Set(_) => "[object Set]".into(),
                Kind::Plain(_) | Kind::HostObject(_) => "[object Object]".into(),
            },
            Val::Native(native) => native_text(native.name).into(),
            Val::Builtin(builtin) if self.is_callable(value) => native_text(builtin.name).into(),
            Val::Builtin(builtin) if matches!(builtin.name, "Math" | "JSON") => format!("[object {}]", builtin.name).into(),
            Val::Host(node) if node.function.is_some() => native_text(node.name).into(),
            _ => "[object Object]".into(),
        };
        Ok(Text::new(text))
    }

    /// `ToPropertyKey`. Keys are well-formed text: a lone surrogate in one becomes U+FFFD.
    pub(crate) fn to_property_key(&mut self, value: Val) -> Completion<Str> {
        match value {
            Val::String(id) => {
                let text = self.heap.text(id)?;
                let (key, bytes) = (text.well_formed(), text.bytes());
                // It is hashed and compared.
                self.work(bytes / 64)?;
                Ok(key)
            }
            other => Ok(self.to_text(other)?.well_formed()),
        }
    }

    /// `ToNumber`.
    #[inline]
    pub(crate) fn to_number(&mut self, value: Val) -> Completion<f64> {
        match value {
            Val::Number(number) => Ok(number),
            other => self.slow_number(other),
        }
    }

    fn slow_number(&mut self, value: Val) -> Completion<f64> {
        Ok(match value {
            Val::Number(number) => number,
            Val::Exact(id) => self.heap.exact_as_f64(id),
            Val::Undefined | Val::Uninitialized => f64::NAN,
            Val::Null | Val::Bool(false) => 0.0,
            Val::Bool(true) => 1.0,
            Val::String(id) => {
                let text = self.text(id)?;
                self.work(text.bytes() / 64)?;
                text.utf8().map_or(f64::NAN, number::parse)
            }
            _ => {
                let primitive = self.to_primitive(value, Hint::Number)?;
                return self.slow_number(primitive);
            }
        })
    }

    /// `ToIntegerOrInfinity`.
    #[inline]
    pub(crate) fn to_integer(&mut self, value: Val) -> Completion<f64> {
        let number = self.to_number(value)?;
        Ok(if number.is_nan() { 0.0 } else { number.trunc() + 0.0 })
    }

    /// `ToInt32`.
    #[inline]
    pub(crate) fn to_int32(&mut self, value: Val) -> Completion<i32> {
        Ok(wrap_int32(self.to_number(value)?))
    }

    /// `ToUint32`.
    #[inline]
    pub(crate) fn to_uint32(&mut self, value: Val) -> Completion<u32> {
        #[expect(clippy::cast_sign_loss, reason = "the same 32 bits")]
        Ok(self.to_int32(value)? as u32)
    }

    /// `IsStrictlyEqual`.
    #[inline]
    pub(crate) fn strict_equals(&mut self, left: Val, right: Val) -> Completion<bool> {
        match (left, right) {
            (Val::Number(left), Val::Number(right)) => Ok(left == right),
            (Val::String(left), Val::String(right)) => self.same_text(left, right),
            _ => Ok(match (self.as_double(left), self.as_double(right)) {
                (Some(left), Some(right)) => left == right,
                (None, None) => same_reference(left, right),
                _ => false,
            }),
        }
    }

    /// `IsLooselyEqual`.
    pub(crate) fn loose_equals(&mut self, left: Val, right: Val) -> Completion<bool> {
        let is_nullish = |value| matches!(value, Val::Undefined | Val::Null | Val::Uninitialized);
        if is_nullish(left) || is_nullish(right) {
            return Ok(is_nullish(left) && is_nullish(right));
        }
        match (is_primitive(left), is_primitive(right)) {
            (false, false) => self.strict_equals(left, right),
            (false, true) => {
                let left = self.to_primitive(left, Hint::Default)?;
                self.loose_equals(left, right)
            }
            (true, false) => {
                let right = self.to_primitive(right, Hint::Default)?;
                self.loose_equals(left, right)
            }
            (true, true) => match (left, right) {
                (Val::String(_), Val::String(_)) => self.strict_equals(left, right),
                _ => Ok(self.to_number(left)? == self.to_number(right)?),
            },
        }
    }

    /// `SameValueZero`: as `===`, but NaN equals itself.
    pub(crate) fn same_value_zero(&mut self, left: Val, right: Val) -> Completion<bool> {
        match (self.as_double(left), self.as_double(right)) {
            (Some(left), Some(right)) => Ok(left == right || (left.is_nan() && right.is_nan())),
            _ => self.strict_equals(left, right),
        }
    }

    /// `SameValue`: `Object.is`.
    pub(crate) fn same_value(&mut self, left: Val, right: Val) -> Completion<bool> {
        match (self.as_double(left), self.as_double(right)) {
            (Some(left), Some(right)) => {
                Ok((left.is_nan() && right.is_nan()) || (left == right && left.is_sign_negative() == right.is_sign_negative()))
            }
            _ => self.strict_equals(left, right),
        }
    }

    /// `IsLessThan`: `left < right`; `None` if one of them is NaN. `left` becomes a primitive first.
    #[inline]
    pub(crate) fn less_than(&mut self, left: Val, right: Val) -> Completion<Option<bool>> {
        if let (Val::Number(left), Val::Number(right)) = (left, right) {
            return Ok(left.partial_cmp(&right).map(std::cmp::Ordering::is_lt));
        }
        let left = self.to_primitive(left, Hint::Number)?;
        let right = self.to_primitive(right, Hint::Number)?;
        self.less_primitives(left, right)
    }

    /// `left > right`: [`less_than`](Self::less_than) with its sides exchanged; still, `left` becomes a primitive first.
    #[inline]
    pub(crate) fn greater_than(&mut self, left: Val, right: Val) -> Completion<Option<bool>> {
        if let (Val::Number(left), Val::Number(right)) = (left, right) {
            return Ok(left.partial_cmp(&right).map(std::cmp::Ordering::is_gt));
        }
        let left = self.to_primitive(left, Hint::Number)?;
        let right = self.to_primitive(right, Hint::Number)?;
        self.less_primitives(right, left)
    }

    fn less_primitives(&mut self, left: Val, right: Val) -> Completion<Option<bool>> {
        if let (Val::String(left), Val::String(right)) = (left, right) {
            let (left, right) = (self.text(left)?, self.text(right)?);
            self.work(left.bytes().min(right.bytes()) / 64)?;
            return Ok(Some(left.compare(&right).is_lt()));
        }
        let (left, right) = (self.to_number(left)?, self.to_number(right)?);
        Ok(left.partial_cmp(&right).map(std::cmp::Ordering::is_lt))
    }

    /// `+`.
    #[inline]
    pub(crate) fn add(&mut self, left: Val, right: Val) -> Completion {
        match (left, right) {
            (Val::Number(left), Val::Number(right)) => Ok(Val::Number(left + right)),
            (Val::String(left), Val::String(right)) => Ok(self.heap.join(left, right)?),
            (Val::String(text), Val::Number(number)) | (Val::Number(number), Val::String(text)) if matches!(self.heap.flat(text), Some(Text::Utf8 { text, .. }) if text.len() <= 64) =>
            {
                let text_first = matches!(left, Val::String(_));
                self.heap.build(|heap, out| {
                    let text = heap.flat(text).and_then(Text::utf8).unwrap_or_default();
                    if text_first {
                        out.push_str(text);
                    }
                    number::write(number, out);
                    if !text_first {
                        out.push_str(text);
                    }
                    Ok(())
                })
            }
            _ => {
                let left = self.to_primitive(left, Hint::Default)?;
                let right = self.to_primitive(right, Hint::Default)?;
                if matches!(left, Val::String(_)) || matches!(right, Val::String(_)) {
                    let (left, right) = (self.to_string(left)?, self.to_string(right)?);
                    return Ok(self.heap.join(left, right)?);
                }
                Ok(Val::Number(self.to_number(left)? + self.to_number(right)?))
            }
        }
    }

    fn same_text(&mut self, left: StrId, right: StrId) -> Completion<bool> {
        if left == right {
            return Ok(true);
        }
        if self.heap.units(left) != self.heap.units(right) {
            return Ok(false);
        }
        self.heap.text(right)?;
        let bytes = self.heap.text(left)?.bytes();
        self.work(bytes / 64)?;
        Ok(self.heap.flat(left) == self.heap.flat(right))
    }

    /// The double, if this is a number.
    #[inline]
    pub(crate) fn as_double(&self, value: Val) -> Option<f64> {
        match value {
            Val::Number(number) => Some(number),
            Val::Exact(id) => Some(self.heap.exact_as_f64(id)),
            _ => None,
        }
    }
}

/// A double modulo 2^32 as a signed integer (ECMA-262, 7.1.6).
#[inline]
pub(crate) fn wrap_int32(number: f64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked by the comparison, and the bits that are kept are what is asked for"
    )]
    {
        let direct = number as i32;
        if f64::from(direct) == number {
            return direct;
        }
        if !number.is_finite() {
            return 0;
        }
        (number.trunc() % 4_294_967_296.0) as i64 as i32
    }
}

/// What an exact number is as text: its digits if it is an integer, else what its double is.
fn exact_text(number: &value::Number) -> String {
    if number.is_integer() { number.to_string() } else { number::format(number.as_f64()) }
}

fn native_text(name: &str) -> String {
    format!("function {name}() {{\n    [native code]\n}}")
}

/// Whether a value is no object.
#[inline]
pub(crate) fn is_primitive(value: Val) -> bool {
    !matches!(value, Val::Object(_) | Val::Native(_) | Val::Builtin(_) | Val::Host(_))
}

/// Equality of what is neither number nor string.
#[inline]
fn same_reference(left: Val, right: Val) -> bool {
    match (left, right) {
        (Val::Undefined, Val::Undefined) | (Val::Null, Val::Null) => true,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Object(left), Val::Object(right)) => left == right,
        (Val::Native(left), Val::Native(right)) => std::ptr::eq(left, right),
        (Val::Builtin(left), Val::Builtin(right)) => std::ptr::eq(left, right),
        (Val::Host(left), Val::Host(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}
