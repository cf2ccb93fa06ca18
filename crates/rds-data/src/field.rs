//! Values on their way in (`SqlParameter`) and out (`Field`).

use std::sync::LazyLock;

use base64::Engine;
use value::{Number, Object, Str, Value};

use crate::calendar;
use crate::request::{TypeHint, Variable};
use crate::{DatabaseError, Request};

/// A parameter's value as the API would carry it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    /// `isNull`
    Null,
    /// `booleanValue`
    Boolean(bool),
    /// `longValue`
    Long(i64),
    /// `doubleValue`, with the number as it was written.
    Double(f64, Str),
    /// `stringValue`
    Text(Str),
    /// `stringValue` with a hint, found to have the hint's form.
    Hinted(TypeHint, Str),
}

impl Parameter {
    /// Reads a variable.
    pub(crate) fn new(variable: &Variable) -> Result<Self, DatabaseError> {
        let name = &variable.name;
        if let Some(hint) = variable.hint {
            return hinted(variable, hint);
        }
        Ok(match &variable.value {
            Value::Null => Self::Null,
            Value::Bool(boolean) => Self::Boolean(*boolean),
            Value::String(text) => Self::Text(Str::clone(text)),
            Value::Number(number) => match number.as_i64() {
                Some(long) => Self::Long(long),
                None => Self::Double(number.as_f64(), number.to_string().into()),
            },
            Value::List(_) => {
                return Err(DatabaseError::bad_request(format!(
                    "Array parameters are not supported. (parameter {name}; a list can be sent as JSON with typeHint.JSON)"
                )));
            }
            Value::Object(_) => {
                return Err(DatabaseError::bad_request(format!(
                    "parameter {name} is an object; an object can be sent as JSON with typeHint.JSON"
                )));
            }
        })
    }

    /// The value as text, `None` for null.
    pub(crate) fn text(&self) -> Option<Str> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(boolean) => boolean.to_string().into(),
            Self::Long(long) => long.to_string().into(),
            Self::Double(_, text) | Self::Text(text) | Self::Hinted(_, text) => Str::clone(text),
        })
    }

    /// A letter for the API's type of the value.
    pub(crate) fn letter(&self) -> char {
        match self {
            Self::Null => 'n',
            Self::Boolean(_) => 'b',
            Self::Long(_) => 'l',
            Self::Double(..) => 'd',
            Self::Text(_) => 's',
            Self::Hinted(TypeHint::Date, _) => 'D',
            Self::Hinted(TypeHint::Decimal, _) => 'N',
            Self::Hinted(TypeHint::Json, _) => 'J',
            Self::Hinted(TypeHint::Time, _) => 'T',
            Self::Hinted(TypeHint::Timestamp, _) => 'S',
            Self::Hinted(TypeHint::Uuid, _) => 'U',
        }
    }
}

/// A variable as the API's `SqlParameter`.
pub(crate) fn sql_parameter(variable: &Variable) -> Result<Value, DatabaseError> {
    let parameter = Parameter::new(variable)?;
    let content = match &parameter {
        Parameter::Null => null(),
        Parameter::Boolean(boolean) => self::boolean(*boolean),
        Parameter::Long(number) => long(*number),
        Parameter::Double(number, _) => double(*number),
        Parameter::Text(text) | Parameter::Hinted(_, text) => string(Str::clone(text)),
    };
    let mut object = Object::with_capacity(3);
    object.insert("name", Str::clone(&variable.name));
    object.insert("value", content);
    if let Parameter::Hinted(hint, _) = &parameter {
        object.insert("typeHint", hint.name());
    }
    Ok(object.into())
}

fn hinted(variable: &Variable, hint: TypeHint) -> Result<Parameter, DatabaseError> {
    let text: Str = match (&variable.value, hint) {
        (Value::Null, _) => return Ok(Parameter::Null),
        (Value::String(text), _) => Str::clone(text),
        (Value::Number(number), TypeHint::Decimal) => number.to_string().into(),
        (other, TypeHint::Json) => other.to_json().into(),
        (other, _) => {
            return Err(DatabaseError::bad_request(format!(
                "parameter {} has the type hint {}, which takes a string, not a {}",
                variable.name,
                hint.name(),
                other.kind()
            )));
        }
    };
    let (valid, form) = match hint {
        TypeHint::Date => (calendar::Date::parse(&text).is_some(), "YYYY-MM-DD"),
        TypeHint::Time => (calendar::parse_time(&text).is_some(), "HH:MM:SS[.FFF]"),
        TypeHint::Timestamp => (calendar::parse_timestamp(&text).is_some(), "YYYY-MM-DD HH:MM:SS[.FFF]"),
        TypeHint::Uuid => (uuid_bytes(&text).is_some(), "32 hexadecimal digits in groups of 8-4-4-4-12"),
        TypeHint::Decimal => (decimal(&text).is_some(), "a decimal number"),
        // One answer for all engines; PostgreSQL would say it in its own words.
        TypeHint::Json => (Value::parse(text.as_bytes()).is_ok(), "JSON"),
    };
    if !valid {
        return Err(DatabaseError::bad_request(format!(
            "parameter {} is not valid for the type hint {}: the accepted format is {form}",
            variable.name,
            hint.name()
        )));
    }
    Ok(Parameter::Hinted(hint, text))
}

/// A decimal number: sign, digits, digits of the fraction. At most 1,000 digits on either side.
pub(crate) fn decimal(text: &str) -> Option<(bool, String, String)> {
    const MAX_DIGITS: i64 = 1_000;
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !all_digits || (whole.is_empty() && fraction.is_empty()) || exponent.abs() > MAX_DIGITS {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).ok()? + exponent;
    let length = i64::try_from(digits.len()).ok()?;
    if length > MAX_DIGITS {
        return None;
    }
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let (whole, fraction) = if point <= 0 {
        (String::new(), zeros(-point) + &digits)
    } else if point >= length {
        (digits + &zeros(point - length), String::new())
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).ok()?);
        (whole.to_owned(), fraction.to_owned())
    };
    Some((negative, whole.trim_start_matches('0').to_owned(), fraction))
}

/// The bytes of a UUID's text.
pub(crate) fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|at| bytes[*at] != b'-') {
        return None;
    }
    let mut nibbles = bytes.iter().enumerate().filter(|(at, _)| ![8, 13, 18, 23].contains(at)).map(|(_, byte)| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    });
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = nibbles.next()?? << 4 | nibbles.next()??;
    }
    Some(uuid)
}

/// The parameters a request's variables are, read when first used: what no statement uses is nobody's fault.
pub(crate) struct Parameters<'a> {
    request: &'a Request,
    read: Vec<Option<Parameter>>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn new(request: &'a Request) -> Self {
        Self { request, read: vec![None; request.variables.len()] }
    }

    /// The place of the parameter `name`.
    pub(crate) fn find(&mut self, name: &str) -> Result<usize, DatabaseError> {
        let at =
            self.request.position(name).ok_or_else(|| DatabaseError::bad_request(format!("Cannot find parameter: {name}")))?;
        if self.read[at].is_none() {
            self.read[at] = Some(Parameter::new(&self.request.variables[at])?);
        }
        Ok(at)
    }

    /// A parameter that was found before.
    pub(crate) fn get(&self, at: usize) -> &Parameter {
        self.read[at].as_ref().unwrap_or(&Parameter::Null)
    }
}

macro_rules! keys {
    ($($name:ident = $text:literal;)*) => {
        $(static $name: LazyLock<Str> = LazyLock::new(|| $text.into());)*
    };
}

keys! {
    STRING = "stringValue";
    LONG = "longValue";
    DOUBLE = "doubleValue";
    BOOLEAN = "booleanValue";
    BLOB = "blobValue";
    ARRAY = "arrayValue";
    NULL = "isNull";
}

fn field(key: &LazyLock<Str>, content: impl Into<Value>) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert(Str::clone(key), content);
    object.into()
}

/// `isNull`
pub(crate) fn null() -> Value {
    static FIELD: LazyLock<Value> = LazyLock::new(|| field(&NULL, true));
    FIELD.clone()
}

/// `stringValue`
pub(crate) fn string(text: impl Into<Value>) -> Value {
    field(&STRING, text)
}

/// `longValue`
pub(crate) fn long(number: i64) -> Value {
    field(&LONG, number)
}

/// `booleanValue`
pub(crate) fn boolean(boolean: bool) -> Value {
    field(&BOOLEAN, boolean)
}

/// `doubleValue`
pub(crate) fn double(number: f64) -> Value {
    field(&DOUBLE, double_content(number))
}

/// JSON has no NaN and no infinities; the AWS JSON protocol writes them as strings.
pub(crate) fn double_content(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => number.into(),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// `blobValue`
pub(crate) fn blob(bytes: &[u8]) -> Value {
    field(&BLOB, base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// `arrayValue`, `kind` being `longValues` and the like.
pub(crate) fn array(content: Value) -> Value {
    field(&ARRAY, content)
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn read(value: Value, hint: Option<TypeHint>) -> Result<Parameter, String> {
        Parameter::new(&Variable { name: "p".into(), value, hint }).map_err(|error| error.message)
    }

    #[test]
    fn values_become_the_apis_parameters() {
        assert_eq!(read(value!(7), None), Ok(Parameter::Long(7)));
        assert_eq!(read(value!(1.5), None), Ok(Parameter::Double(1.5, "1.5".into())));
        assert_eq!(read(value!("7"), None), Ok(Parameter::Text("7".into())));
        assert_eq!(read(value!(null), Some(TypeHint::Uuid)), Ok(Parameter::Null));
        assert_eq!(
            read(value!([1, {"a": 2}]), Some(TypeHint::Json)),
            Ok(Parameter::Hinted(TypeHint::Json, "[1,{\"a\":2}]".into()))
        );
        assert!(read(value!([1]), None).expect_err("refused").starts_with("Array parameters are not supported."));
        for (hint, text) in [
            (TypeHint::Date, "01.05.2024"),
            (TypeHint::Time, "noon"),
            (TypeHint::Timestamp, "2024-05-01"),
            (TypeHint::Uuid, "123"),
            (TypeHint::Decimal, "1,5"),
            (TypeHint::Json, "{"),
        ] {
            let message = read(value!(text), Some(hint)).expect_err(text);
            assert!(message.contains(hint.name()) && message.contains("accepted format") && !message.contains(text), "{message}");
        }
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (text, whole, fraction) in [
            ("1.10", "1", "10"),
            ("-0.5", "", "5"),
            ("1e3", "1000", ""),
            ("12.5e-3", "", "0125"),
            ("007", "7", ""),
            (".5", "", "5"),
            ("12345678901234567890123456789012345678.9", "12345678901234567890123456789012345678", "9"),
        ] {
            let (negative, found_whole, found_fraction) = decimal(text).expect(text);
            assert_eq!((negative, &*found_whole, &*found_fraction), (text.starts_with('-'), whole, fraction));
        }
        for text in ["", "-", ".", "1.2.3", "0x1", "1e", "1e9999", " 1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
