//! The members of a request's body, with Cognito's texts for those that are missing or malformed.

use value::{Object, Value};

use crate::error::{ApiError, ErrorType};

/// The body of a request.
pub(super) struct Input(Object);

impl Input {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        // An operation without members may come without a body.
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Object::new()));
        }
        match Value::parse(body) {
            Ok(Value::Object(object)) => Ok(Self(object.as_ref().clone())),
            Ok(other) => Err(serialization(&format!("the body must be an object, not {}", other.kind()))),
            Err(_) => Err(serialization("the body is not JSON")),
        }
    }

    /// A member that must be a text; `null` counts as missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// `Username`, which is as long as a user name can be.
    pub(super) fn username(&self) -> Result<&str, ApiError> {
        check_username(self.required("Username")?)
    }

    /// A member that may be missing.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(serialization(&format!("{name} must be a string, not {}", other.kind()))),
        }
    }

    /// A switch; off when missing.
    pub(super) fn switch(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(other) => Err(serialization(&format!("{name} must be a boolean, not {}", other.kind()))),
        }
    }

    /// A number that may be missing.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(other) => match other.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(serialization(&format!("{name} must be an integer"))),
            },
        }
    }

    /// A list of texts; empty when missing.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let wrong = || serialization(&format!("{name} must be a list of strings"));
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::List(items)) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// A map of texts; empty when missing.
    pub(super) fn parameters(&self, name: &str) -> Result<Parameters<'_>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Parameters(None)),
            Some(Value::Object(object)) => match object.iter().find(|(_, value)| value.as_str().is_none()) {
                None => Ok(Parameters(Some(object))),
                Some((key, value)) => {
                    Err(serialization(&format!("{} in {name} must be a string, not {}", shown(key), value.kind())))
                }
            },
            Some(other) => Err(serialization(&format!("{name} must be an object, not {}", other.kind()))),
        }
    }

    /// A list of `{"Name", "Value"}`; empty when missing.
    pub(super) fn attributes(&self, name: &str) -> Result<Vec<(&str, &str)>, ApiError> {
        let items = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::List(items)) => items,
            Some(other) => return Err(serialization(&format!("{name} must be a list, not {}", other.kind()))),
        };
        items
            .iter()
            .map(|item| {
                let attribute = item.get("Name").and_then(Value::as_str);
                // The value is optional in the API's model; an attribute without one is empty.
                let value = item.get("Value").map_or(Some(""), |value| if value.is_null() { Some("") } else { value.as_str() });
                attribute.zip(value).ok_or_else(|| serialization(&format!("{name} must hold objects with Name and Value")))
            })
            .collect()
    }
}

/// `AuthParameters` or `ChallengeResponses`.
pub(super) struct Parameters<'a>(Option<&'a Object>);

impl<'a> Parameters<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str()
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, ApiError> {
        self.get(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::invalid(format!("Missing required parameter {name}")))
    }

    /// `USERNAME`, which is as long as a user name can be.
    pub(super) fn username(&self) -> Result<&'a str, ApiError> {
        check_username(self.required("USERNAME")?)
    }

    /// The members whose names begin with `prefix`, without it.
    pub(super) fn beginning(&self, prefix: &str) -> Vec<(&'a str, &'a str)> {
        let members = self.0.into_iter().flat_map(Object::iter);
        members.filter_map(|(name, value)| name.strip_prefix(prefix).zip(value.as_str())).collect()
    }
}

/// Names are kept with challenges and codes: longer ones than Cognito takes are refused before that.
fn check_username(username: &str) -> Result<&str, ApiError> {
    if username.chars().count() <= 128 {
        return Ok(username);
    }
    Err(ApiError::invalid(
        "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128",
    ))
}

/// A part of a request in a message: short, and nothing that could disturb a terminal or a header.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).take(128).collect()
}

fn serialization(reason: &str) -> ApiError {
    ApiError::new(ErrorType::SerializationException, format!("The request could not be read: {reason}."))
}

fn missing(name: &str) -> ApiError {
    let mut characters = name.chars();
    let member: String = characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect();
    ApiError::invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}
