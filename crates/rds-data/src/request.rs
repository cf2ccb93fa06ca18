//! A request: statements and the values of their parameters.

use value::{Object, Str, Value};

use crate::{DatabaseError, ErrorKind, field};

/// How many statements a request may hold (AppSync developer guide, RDS resolver reference).
pub const MAX_STATEMENTS: usize = 2;

/// The longest text of a statement in characters (`ExecuteStatement`, `sql`).
pub const MAX_SQL_LENGTH: usize = 65_536;

/// One or two statements and their parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// SQL with parameters as `:name`.
    pub statements: Vec<Str>,
    /// The parameters' values, for all statements together.
    pub variables: Vec<Variable>,
}

/// A named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name, without the colon.
    pub name: Str,
    /// `value` of `SqlParameter`.
    pub value: Value,
    /// `typeHint` of `SqlParameter`.
    pub hint: Option<TypeHint>,
}

/// `typeHint` of `SqlParameter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeHint {
    /// `DATE`: `YYYY-MM-DD`
    Date,
    /// `DECIMAL`
    Decimal,
    /// `JSON`
    Json,
    /// `TIME`: `HH:MM:SS[.FFF]`
    Time,
    /// `TIMESTAMP`: `YYYY-MM-DD HH:MM:SS[.FFF]`
    Timestamp,
    /// `UUID`
    Uuid,
}

impl TypeHint {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "DATE" => Self::Date,
            "DECIMAL" => Self::Decimal,
            "JSON" => Self::Json,
            "TIME" => Self::Time,
            "TIMESTAMP" => Self::Timestamp,
            "UUID" => Self::Uuid,
            _ => return None,
        })
    }

    /// The API's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Date => "DATE",
            Self::Decimal => "DECIMAL",
            Self::Json => "JSON",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Uuid => "UUID",
        }
    }
}

impl Request {
    /// Reads `{"statements": [...], "variableMap": {":name": value}, "variableTypeHintMap": {":name": "UUID"}}`, what a resolver's
    /// request code gives for an RDS data source; other members are left alone.
    ///
    /// # Errors
    /// When a member is missing or of the wrong form; the message names it.
    pub fn from_value(request: &Value) -> Result<Self, DatabaseError> {
        let statements = match request.get("statements") {
            None | Some(Value::Null) => {
                return Err(DatabaseError::bad_request("Value for field '$[statements]' not found."));
            }
            Some(Value::List(items)) => items,
            Some(other) => {
                return Err(DatabaseError::bad_request(format!(
                    "statements must be a list of SQL texts, not a {}",
                    other.kind()
                )));
            }
        };
        if statements.is_empty() || statements.len() > MAX_STATEMENTS {
            let found = statements.len();
            return Err(DatabaseError::bad_request(format!(
                "statements must hold 1 to {MAX_STATEMENTS} SQL texts, found {found}"
            )));
        }
        let statements = statements.iter().map(|statement| match statement {
            Value::String(text) if text.chars().nth(MAX_SQL_LENGTH).is_some() => Err(DatabaseError::new(
                ErrorKind::Validation,
                format!(
                    "1 validation error detected: Value at 'sql' failed to satisfy constraint: \
                     Member must have length less than or equal to {MAX_SQL_LENGTH}"
                ),
            )),
            Value::String(text) => Ok(Str::clone(text)),
            other => Err(DatabaseError::bad_request(format!("a statement must be a string, not a {}", other.kind()))),
        });
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        let hints = member(request, "variableTypeHintMap")?;
        let mut variables = Vec::new();
        if let Some(values) = member(request, "variableMap")? {
            for (key, value) in values {
                let name = key.strip_prefix(':').unwrap_or(key);
                variables.push(Variable { name: name.into(), value: value.clone(), hint: hint(hints, name)? });
            }
        }
        Ok(Self { statements, variables })
    }

    /// `parameters` of `ExecuteStatement` for one of the statements: those that its text names, as `SqlParameter`s.
    ///
    /// # Errors
    /// When a value is none that the API takes, or does not have the form of its hint.
    pub fn sql_parameters(&self, statement: &str) -> Result<Value, DatabaseError> {
        let used = self.variables.iter().filter(|variable| names(statement, &variable.name));
        used.map(field::sql_parameter).collect()
    }

    /// The place of a variable in [`Request::variables`].
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| *variable.name == *name)
    }
}

/// Whether `:name` stands in a text. In a string it counts too: a parameter too many harms nobody.
fn names(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(name).any(|(at, _)| text[..at].ends_with(':') && !text[at + name.len()..].starts_with(is_part))
}

fn member<'a>(request: &'a Value, key: &str) -> Result<Option<&'a Object>, DatabaseError> {
    match request.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(DatabaseError::bad_request(format!("{key} must be an object, not a {}", other.kind()))),
    }
}

/// The hint for a variable. The developer guide's own example differs in case between the two maps, so case decides only
/// between names that differ in nothing else.
fn hint(hints: Option<&Object>, name: &str) -> Result<Option<TypeHint>, DatabaseError> {
    let Some(hints) = hints else { return Ok(None) };
    let bare = |key: &str| key.strip_prefix(':').unwrap_or(key).to_owned();
    let found = hints
        .iter()
        .find(|(key, _)| bare(key) == name)
        .or_else(|| hints.iter().find(|(key, _)| bare(key).eq_ignore_ascii_case(name)));
    match found {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => match TypeHint::of_name(text) {
            Some(hint) => Ok(Some(hint)),
            None => Err(DatabaseError::bad_request(format!(
                "unknown type hint '{text}' for parameter {name}; valid values are DATE, DECIMAL, JSON, TIME, TIMESTAMP, UUID"
            ))),
        },
        Some((_, other)) => Err(DatabaseError::bad_request(format!(
            "the type hint for parameter {name} must be a string, not a {}",
            other.kind()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn a_request_names_what_is_wrong_with_it() {
        let none = Value::List(Default::default());
        for (request, message) in [
            (value!({}), "Value for field '$[statements]' not found."),
            (value!({"statements": "select 1"}), "statements must be a list of SQL texts, not a string"),
            (value!({"statements": none}), "statements must hold 1 to 2 SQL texts, found 0"),
            (value!({"statements": ["a", "b", "c"]}), "statements must hold 1 to 2 SQL texts, found 3"),
            (
                value!({"statements": ["a", ("b".repeat(65_537))]}),
                "1 validation error detected: Value at 'sql' failed to satisfy constraint: Member must have length less than or equal \
                 to 65536",
            ),
            (value!({"statements": [1]}), "a statement must be a string, not a number"),
            (value!({"statements": ["a"], "variableMap": [1]}), "variableMap must be an object, not a list"),
            (
                value!({"statements": ["a"], "variableMap": {":a": 1}, "variableTypeHintMap": {":a": "DATETIME"}}),
                "unknown type hint 'DATETIME' for parameter a; valid values are DATE, DECIMAL, JSON, TIME, TIMESTAMP, UUID",
            ),
        ] {
            assert_eq!(Request::from_value(&request).expect_err("refused").message, message);
        }
    }

    #[test]
    fn the_guides_example_with_hints_in_another_case_is_understood() {
        let request = value!({"statements": ["insert into LOGINDATA VALUES (:ID, :TIME)"],
            "variableMap": {":ID": "x", ":TIME": "y"}, "variableTypeHintMap": {":id": "UUID", ":time": "TIME"}});
        let request = Request::from_value(&request).expect("valid");
        let hints: Vec<_> = request.variables.iter().map(|variable| variable.hint).collect();
        assert_eq!(hints, [Some(TypeHint::Uuid), Some(TypeHint::Time)]);
    }
}
