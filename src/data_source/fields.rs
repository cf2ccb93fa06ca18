//! Reading the members of a request. AppSync is strict: a member it does not know, or one of another type, is an error of type
//! `MappingTemplate` that names the place (`$[update][expression]`). A member that is null counts as absent, as generated
//! templates rely on.

use std::fmt;

use value::{Object, Str, Value};

use crate::data_source::DataSourceError;

/// Where in the request something stands, printed as AppSync prints it: `$[key][id]`. It lives on the stack and costs nothing
/// unless it is printed.
#[derive(Clone, Copy, Debug)]
pub(in crate::data_source) enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => f.write_str("$"),
            Place::Member(parent, name) => write!(f, "{parent}[{name}]"),
            Place::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

/// The result of reading a part of a request.
pub(in crate::data_source) type Read<T> = Result<T, DataSourceError>;

/// A request that cannot be understood.
pub(in crate::data_source) fn refuse(message: impl Into<String>) -> DataSourceError {
    DataSourceError::mapping_template(message)
}

/// The name of a value's JSON type in AppSync's messages.
pub(in crate::data_source) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "BOOLEAN",
        Value::Number(_) => "NUMBER",
        Value::String(_) => "STRING",
        Value::List(_) => "ARRAY",
        Value::Object(_) => "OBJECT",
    }
}

/// A value of another type than its place wants.
pub(in crate::data_source) fn wrong_type(expected: &str, place: &Place<'_>, found: &Value) -> DataSourceError {
    refuse(format!("Expected JSON {expected} for field '{place}' but got '{}' instead.", json_type(found)))
}

/// An object of the request and its place.
#[derive(Clone, Copy, Debug)]
pub(in crate::data_source) struct Fields<'a> {
    pub(in crate::data_source) object: &'a Object,
    pub(in crate::data_source) place: &'a Place<'a>,
}

impl<'a> Fields<'a> {
    /// The object `value`.
    pub(in crate::data_source) fn of(value: &'a Value, place: &'a Place<'a>) -> Read<Self> {
        match value {
            Value::Object(object) => Ok(Self { object, place }),
            other => Err(wrong_type("object", place, other)),
        }
    }

    /// Refuses members that are not among `known`.
    pub(in crate::data_source) fn only(&self, known: &[&str]) -> Read<()> {
        match self.object.iter().find(|(name, value)| !known.contains(&&***name) && !value.is_null()) {
            Some((name, _)) => Err(refuse(format!("Unsupported element '{}'.", Place::Member(self.place, name)))),
            None => Ok(()),
        }
    }

    /// The member, unless it is absent or null.
    pub(in crate::data_source) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// The member, which must be there.
    pub(in crate::data_source) fn required(&self, name: &str) -> Read<&'a Value> {
        self.optional(name).ok_or_else(|| {
            let place = Place::Member(self.place, name);
            refuse(format!("Value for field '{place}' not found."))
        })
    }

    pub(in crate::data_source) fn text(&self, name: &str) -> Read<Option<&'a Str>> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type("string", &Place::Member(self.place, name), other)),
        }
    }

    pub(in crate::data_source) fn required_text(&self, name: &str) -> Read<&'a Str> {
        self.required(name)?;
        self.text(name).map(|text| text.expect("a required member is there"))
    }

    pub(in crate::data_source) fn boolean(&self, name: &str) -> Read<Option<bool>> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type("boolean", &Place::Member(self.place, name), other)),
        }
    }

    /// A whole number; `10.0`, which the arithmetic of templates can give, is one.
    pub(in crate::data_source) fn integer(&self, name: &str) -> Read<Option<i64>> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        match value.as_number().map(value::Number::to_whole_i64) {
            Some(Some(number)) => Ok(Some(number)),
            Some(None) => {
                let place = Place::Member(self.place, name);
                Err(refuse(format!("Expected a whole number for field '{place}' but got {value} instead.")))
            }
            None => Err(wrong_type("number", &Place::Member(self.place, name), value)),
        }
    }

    /// A member that must be a list, with its place for messages about the items.
    pub(in crate::data_source) fn required_list(&self, name: &'a str) -> Read<(&'a [Value], Place<'a>)> {
        let value = self.required(name)?;
        let place = Place::Member(self.place, name);
        list(value, &place).map(|items| (items, place))
    }
}

/// The items of a list.
pub(in crate::data_source) fn list<'a>(value: &'a Value, place: &Place<'_>) -> Read<&'a [Value]> {
    value.as_list().ok_or_else(|| wrong_type("array", place, value))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn faults_name_their_place() {
        let request = value!({"a": {"b": 1, "c": null, "d": "x", "e": 1.5, "f": 3.0, "g": true}});
        let inner = Place::Member(&Place::Root, "a");
        let fields = Fields::of(request.at(&["a"]), &inner).expect("an object");
        let message = |error: DataSourceError| (error.error_type, error.message);
        let expected = |text: &str| ("MappingTemplate".to_owned(), text.to_owned());
        assert_eq!(fields.required("c").map_err(message), Err(expected("Value for field '$[a][c]' not found.")));
        assert_eq!(fields.only(&["b", "d"]).map_err(message), Err(expected("Unsupported element '$[a][e]'.")));
        assert_eq!(fields.only(&["b", "d", "e", "f", "g"]), Ok(()), "null counts as absent");
        assert_eq!(
            fields.text("b").map_err(message),
            Err(expected("Expected JSON string for field '$[a][b]' but got 'NUMBER' instead."))
        );
        assert_eq!(
            fields.integer("d").map_err(message),
            Err(expected("Expected JSON number for field '$[a][d]' but got 'STRING' instead."))
        );
        assert_eq!(
            fields.integer("e").map_err(message),
            Err(expected("Expected a whole number for field '$[a][e]' but got 1.5 instead."))
        );
        assert_eq!(fields.integer("f"), Ok(Some(3)));
        assert_eq!(fields.boolean("g"), Ok(Some(true)));
        let text = value!("x");
        let error = Fields::of(&text, &Place::Item(&inner, 2)).map(|_| ()).map_err(message);
        assert_eq!(error, Err(expected("Expected JSON object for field '$[a][2]' but got 'STRING' instead.")));
    }
}
