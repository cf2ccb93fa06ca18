//! Scalars: GraphQL's five, AppSync's nine, `Long`, and custom ones; what each takes from variables and literals and what
//! it gives to clients.
//!
//! Variables and results follow graphql-java 11, which takes numeric strings for numbers and anything for strings
//! (contract: errors §5.5); literals stay strict. The formats of AppSync's own scalars are in `temporal.rs` and `format.rs`,
//! Java's names and texts for values in [`java`]. Enums and wrappers are the caller's business.

mod format;
pub mod java;
mod temporal;
#[cfg(test)]
mod tests;

use value::{Number, Object, Str, Value, write_json_string};

use crate::execution::ast::Literal;

/// What a scalar accepts and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// 32-bit integer.
    Int,
    /// Double.
    Float,
    /// Text.
    String,
    /// Boolean.
    Boolean,
    /// Identifier: text or integer in, text out.
    Id,
    /// 64-bit integer; undocumented, but AppSync takes it.
    Long,
    /// `YYYY-MM-DD` and an optional offset.
    AwsDate,
    /// `hh:mm:ss.sss` and an optional offset.
    AwsTime,
    /// ISO 8601 with a required offset.
    AwsDateTime,
    /// Seconds since the epoch.
    AwsTimestamp,
    /// An address by RFC 822.
    AwsEmail,
    /// JSON text in, parsed for resolvers; JSON text out.
    AwsJson,
    /// A URL with a scheme.
    AwsUrl,
    /// A telephone number.
    AwsPhone,
    /// IPv4 or IPv6, with an optional prefix length.
    AwsIpAddress,
    /// A scalar AppSync does not have; any value passes.
    Custom,
}

/// Why a scalar refuses a value, in AppSync's words; `Display` gives the sentence that stands after
/// `Variable 'x' has an invalid value. ` or `Can't serialize value (/x) : `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScalarFault {
    /// A variable or result of another type.
    #[error("Expected type '{expected}' but was '{was}'.")]
    WrongType {
        /// The scalar's name.
        expected: &'static str,
        /// The Java class of the value.
        was: &'static str,
    },
    /// A literal of another kind.
    #[error("Expected AST type {expected} but was '{was}'.")]
    WrongLiteral {
        /// The literals it takes, quoted: `'IntValue' or 'StringValue'`.
        expected: &'static str,
        /// The literal's kind.
        was: &'static str,
    },
    /// An integer literal too large.
    #[error("Expected value to be in the {range} range but it was '{text}'")]
    OutOfRange {
        /// `Integer` or `Long`.
        range: &'static str,
        /// The digits.
        text: String,
    },
    /// A variable or literal that does not have the scalar's format.
    #[error("Unable to parse `{text}` as {what}")]
    Unparsable {
        /// The value as Java prints it.
        text: String,
        /// `a valid phone number.`
        what: &'static str,
    },
    /// A result that does not have the scalar's format.
    #[error("Unable to serialize `{text}` as {what}")]
    Unserializable {
        /// The value as Java prints it.
        text: String,
        /// `a valid DateTime Object.`
        what: &'static str,
    },
}

impl Scalar {
    /// The scalar a schema means by `name`; names AppSync does not know are [`Scalar::Custom`].
    #[must_use]
    pub fn by_name(name: &str) -> Scalar {
        match name {
            "Int" => Scalar::Int,
            "Float" => Scalar::Float,
            "String" => Scalar::String,
            "Boolean" => Scalar::Boolean,
            "ID" => Scalar::Id,
            "Long" => Scalar::Long,
            "AWSDate" => Scalar::AwsDate,
            "AWSTime" => Scalar::AwsTime,
            "AWSDateTime" => Scalar::AwsDateTime,
            "AWSTimestamp" => Scalar::AwsTimestamp,
            "AWSEmail" => Scalar::AwsEmail,
            "AWSJSON" => Scalar::AwsJson,
            "AWSURL" => Scalar::AwsUrl,
            "AWSPhone" => Scalar::AwsPhone,
            "AWSIPAddress" => Scalar::AwsIpAddress,
            _ => Scalar::Custom,
        }
    }

    /// The name in a schema; a custom scalar's own name is in its type definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Int => "Int",
            Scalar::Float => "Float",
            Scalar::String => "String",
            Scalar::Boolean => "Boolean",
            Scalar::Id => "ID",
            Scalar::Long => "Long",
            Scalar::AwsDate => "AWSDate",
            Scalar::AwsTime => "AWSTime",
            Scalar::AwsDateTime => "AWSDateTime",
            Scalar::AwsTimestamp => "AWSTimestamp",
            Scalar::AwsEmail => "AWSEmail",
            Scalar::AwsJson => "AWSJSON",
            Scalar::AwsUrl => "AWSURL",
            Scalar::AwsPhone => "AWSPhone",
            Scalar::AwsIpAddress => "AWSIPAddress",
            Scalar::Custom => "custom scalar",
        }
    }

    /// Takes a value from the request's variables. Null passes: whether it may is the wrapper's business.
    ///
    /// # Errors
    /// [`ScalarFault`] when this scalar does not take it.
    pub fn coerce_variable(&self, input: &Value) -> Result<Value, ScalarFault> {
        if input.is_null() {
            return Ok(Value::Null);
        }
        let wrong = || ScalarFault::WrongType { expected: self.name(), was: java::class_name(input) };
        match self {
            Scalar::Int => int(input).map(|number| Value::from(i64::from(number))).ok_or_else(wrong),
            Scalar::Long => long(input).map(Value::from).ok_or_else(wrong),
            Scalar::Float => match input {
                // Keeps the digits: a resolver sees what the client sent.
                Value::Number(number) if number.as_f64().is_finite() => Ok(input.clone()),
                _ => float(input).and_then(Number::from_f64).map(Value::Number).ok_or_else(wrong),
            },
            Scalar::Boolean => boolean(input).map(Value::Bool).ok_or_else(wrong),
            Scalar::String => Ok(match input {
                Value::String(_) => input.clone(),
                other => Value::from(java::to_string(other)),
            }),
            Scalar::Id => match input {
                Value::String(_) => Ok(input.clone()),
                Value::Number(number) if number.is_integer() => Ok(Value::from(number.to_string())),
                _ => Err(wrong()),
            },
            Scalar::AwsTimestamp => timestamp(input).map(Value::from).ok_or_else(|| self.unparsable(input)),
            Scalar::AwsJson => {
                input.as_str().and_then(|text| Value::parse(text.as_bytes()).ok()).ok_or_else(|| self.unparsable(input))
            }
            Scalar::Custom => Ok(input.clone()),
            _ => match input {
                Value::String(text) if self.has_format(text) => Ok(input.clone()),
                _ => Err(self.unparsable(input)),
            },
        }
    }

    /// Takes a literal of a document or a schema's default value. Null passes; a variable inside is refused, because the
    /// caller replaces variables first.
    ///
    /// # Errors
    /// [`ScalarFault`] when this scalar does not take it.
    pub fn coerce_literal(&self, literal: &Literal) -> Result<Value, ScalarFault> {
        let wrong = |expected| ScalarFault::WrongLiteral { expected, was: java::literal_class(literal) };
        match (self, literal) {
            (_, Literal::Null) => Ok(Value::Null),
            (Scalar::Int, Literal::Int(digits)) => match digits.parse::<i32>() {
                Ok(number) => Ok(Value::from(number)),
                Err(_) => Err(ScalarFault::OutOfRange { range: "Integer", text: digits.to_string() }),
            },
            (Scalar::Int, _) => Err(wrong("'IntValue'")),
            // graphql-java takes a numeric string here, alone among the numbers.
            (Scalar::Long, Literal::Int(digits) | Literal::String(digits)) => match digits.parse::<i64>() {
                Ok(number) => Ok(Value::from(number)),
                Err(_) => Err(ScalarFault::OutOfRange { range: "Long", text: digits.to_string() }),
            },
            (Scalar::Long, _) => Err(wrong("'IntValue' or 'StringValue'")),
            (Scalar::Float, Literal::Int(text) | Literal::Float(text)) => Number::from_text(text)
                .filter(|number| number.as_f64().is_finite())
                .map(Value::Number)
                .ok_or_else(|| ScalarFault::OutOfRange { range: "Float", text: text.to_string() }),
            (Scalar::Float, _) => Err(wrong("'IntValue' or 'FloatValue'")),
            (Scalar::String | Scalar::Id, Literal::String(text)) => Ok(Value::from(text)),
            (Scalar::Id, Literal::Int(digits)) => Ok(Value::from(digits)),
            (Scalar::String, _) => Err(wrong("'StringValue'")),
            (Scalar::Id, _) => Err(wrong("'IntValue' or 'StringValue'")),
            (Scalar::Boolean, Literal::Boolean(value)) => Ok(Value::Bool(*value)),
            (Scalar::Boolean, _) => Err(wrong("'BooleanValue'")),
            (Scalar::AwsTimestamp, Literal::Int(digits)) => digits
                .parse::<i64>()
                .ok()
                .filter(|seconds| temporal::TIMESTAMPS.contains(seconds))
                .map(Value::from)
                .ok_or_else(|| ScalarFault::Unparsable { text: digits.to_string(), what: self.noun() }),
            (Scalar::AwsTimestamp, _) => Err(wrong("'IntValue'")),
            (Scalar::Custom, _) => untyped(literal).ok_or_else(|| wrong("a value without variables")),
            (Scalar::AwsJson, Literal::String(text)) => {
                Value::parse(text.as_bytes()).map_err(|_| ScalarFault::Unparsable { text: text.to_string(), what: self.noun() })
            }
            (_, Literal::String(text)) if self.has_format(text) => Ok(Value::from(text)),
            (_, Literal::String(text)) => Err(ScalarFault::Unparsable { text: text.to_string(), what: self.noun() }),
            _ => Err(wrong("'StringValue'")),
        }
    }

    /// Appends a resolver's value as this scalar's JSON. Null is written as null; on a fault nothing is appended.
    ///
    /// # Errors
    /// [`ScalarFault`] when the value cannot be given as this scalar.
    #[inline]
    pub fn serialize(&self, result: &Value, out: &mut Vec<u8>) -> Result<(), ScalarFault> {
        // The common pairs first: they are most of what a large answer consists of.
        match (self, result) {
            (Scalar::String | Scalar::Id, Value::String(text)) => {
                write_json_string(text, out);
                Ok(())
            }
            (Scalar::Int, Value::Number(number)) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
                number.write(out);
                Ok(())
            }
            (Scalar::Boolean, Value::Bool(_)) | (_, Value::Null) => {
                result.write_json(out);
                Ok(())
            }
            _ => self.serialize_other(result, out),
        }
    }

    fn serialize_other(self, result: &Value, out: &mut Vec<u8>) -> Result<(), ScalarFault> {
        let wrong = || ScalarFault::WrongType { expected: self.name(), was: java::class_name(result) };
        match self {
            Scalar::Int => Number::from(i64::from(int(result).ok_or_else(wrong)?)).write(out),
            Scalar::Long => Number::from(long(result).ok_or_else(wrong)?).write(out),
            Scalar::Float => float(result).and_then(Number::from_f64).ok_or_else(wrong)?.write(out),
            Scalar::Boolean => Value::Bool(boolean(result).ok_or_else(wrong)?).write_json(out),
            Scalar::String => write_json_string(&java::text(result), out),
            Scalar::Id => match result {
                Value::Number(number) if number.is_integer() => {
                    out.push(b'"');
                    number.write(out);
                    out.push(b'"');
                }
                Value::String(text) => write_json_string(text, out),
                _ => return Err(wrong()),
            },
            Scalar::AwsTimestamp => {
                Number::from(timestamp(result).ok_or_else(|| self.unserializable(result))?).write(out);
            }
            // A string is JSON text of a string: what went in as `"\"a\""` must come out so, or it cannot be parsed again.
            Scalar::AwsJson => write_json_string(&result.to_json(), out),
            Scalar::Custom => result.write_json(out),
            _ => match result {
                Value::String(text) if self.has_format(text) => write_json_string(text, out),
                _ => return Err(self.unserializable(result)),
            },
        }
        Ok(())
    }

    /// Whether a text has the format of this scalar; true for scalars whose values are not formatted text.
    fn has_format(self, text: &str) -> bool {
        match self {
            Scalar::AwsDate => temporal::is_date(text),
            Scalar::AwsTime => temporal::is_time(text),
            Scalar::AwsDateTime => temporal::is_date_time(text),
            Scalar::AwsEmail => format::is_email(text),
            Scalar::AwsUrl => format::is_url(text),
            Scalar::AwsPhone => format::is_phone(text),
            Scalar::AwsIpAddress => format::is_ip_address(text),
            _ => true,
        }
    }

    /// What a formatted scalar calls its values. Date, date-time, phone number and timestamp are real answers
    /// (amplify-swift#278, amplify-cli#2033, amplify-flutter#822, amplify-category-api#354); the others are inferred.
    fn noun(self) -> &'static str {
        match self {
            Scalar::AwsDate => "a valid date.",
            Scalar::AwsTime => "a valid time.",
            Scalar::AwsDateTime => "a valid DateTime Object.",
            Scalar::AwsTimestamp => {
                "a valid timestamp. Ensure that the value provided is an Integer that lies within the limits specified in \
                 this scalar's description."
            }
            Scalar::AwsEmail => "a valid email address.",
            Scalar::AwsJson => "valid JSON.",
            Scalar::AwsUrl => "a valid URL.",
            Scalar::AwsPhone => "a valid phone number.",
            Scalar::AwsIpAddress => "a valid IP address.",
            _ => "a valid value.",
        }
    }

    fn unparsable(self, input: &Value) -> ScalarFault {
        ScalarFault::Unparsable { text: java::text(input).into_owned(), what: self.noun() }
    }

    fn unserializable(self, result: &Value) -> ScalarFault {
        ScalarFault::Unserializable { text: java::text(result).into_owned(), what: self.noun() }
    }
}

fn int(value: &Value) -> Option<i32> {
    long(value).and_then(|number| i32::try_from(number).ok())
}

/// A number or numeric string whose exact value is a 64-bit integer.
fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.to_whole_i64(),
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) => decimal(text)?.to_whole_i64(),
        },
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => Some(decimal(text)?.as_f64()),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        // `Boolean.parseBoolean`: everything but "true" is false.
        Value::String(text) => Some(text.eq_ignore_ascii_case("true")),
        Value::Number(number) => Some(number.as_f64() != 0.0),
        _ => None,
    }
}

fn timestamp(value: &Value) -> Option<i64> {
    value.as_number()?.to_whole_i64().filter(|seconds| temporal::TIMESTAMPS.contains(seconds))
}

/// A number by the grammar of Java's `BigDecimal(String)`: JSON's, and `+1`, `.5`, `1.`, `007` besides.
fn decimal(text: &str) -> Option<Number> {
    if let Some(number) = Number::from_text(text) {
        return Some(number);
    }
    let grammatical = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !grammatical {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    match unsigned.parse::<i64>() {
        Ok(number) => Some(Number::from(number)),
        Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
    }
}

/// A literal as a value, without a type; `None` when there is a variable in it.
fn untyped(literal: &Literal) -> Option<Value> {
    Some(match literal {
        Literal::Variable(_) => return None,
        Literal::Null => Value::Null,
        Literal::Boolean(value) => Value::Bool(*value),
        Literal::Int(text) | Literal::Float(text) => Number::from_text(text).map_or_else(|| Value::from(text), Value::Number),
        Literal::String(text) | Literal::Enum(text) => Value::from(text),
        Literal::List(items) => Value::from(items.iter().map(untyped).collect::<Option<Vec<Value>>>()?),
        Literal::Object(members) => {
            let mut object = Object::with_capacity(members.len());
            for (name, member) in members {
                object.insert(Str::clone(name), untyped(member)?);
            }
            Value::from(object)
        }
    })
}
