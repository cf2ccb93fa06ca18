//! Expressions with their names and values. A request of AppSync has several (`query`, `filter`, `projection`, `condition`,
//! `update`), each with substitutions of its own; a request of the API has one map of names and one of values for all.
//!
//! Each section keeps a name space of its own here: where two sections use one placeholder for different things (the helper
//! module numbers the placeholders of every section from 1), the later one is renamed in map and expression.

use std::fmt::Write;

use value::{Object, Str, Value};

use super::convert;
use super::fields::{Fields, Place, Read, refuse};
use super::wire::{self, Word, set};

/// The substitutions of one request of the API.
#[derive(Default)]
pub(super) struct Expressions {
    names: Option<Value>,
    values: Option<Value>,
}

impl Expressions {
    /// Reads a section of the request, if it is there, and sets its expression under `word`.
    pub(super) fn section(&mut self, fields: &Fields<'_>, name: &str, word: &Word, request: &mut Object) -> Read<()> {
        let Some(section) = fields.optional(name) else { return Ok(()) };
        let place = Place::Member(fields.place, name);
        let section = Fields::of(section, &place)?;
        section.only(&["expression", "expressionNames", "expressionValues"])?;
        let expression = self.expression(&section)?;
        set(request, word, expression);
        Ok(())
    }

    /// As [`Expressions::section`] for a section without values.
    pub(super) fn projection(&mut self, fields: &Fields<'_>, request: &mut Object) -> Read<()> {
        let Some(section) = fields.optional("projection") else { return Ok(()) };
        let place = Place::Member(fields.place, "projection");
        let section = Fields::of(section, &place)?;
        section.only(&["expression", "expressionNames"])?;
        let expression = self.expression(&section)?;
        set(request, &wire::PROJECTION_EXPRESSION, expression);
        Ok(())
    }

    /// The expression of a section whose substitutions are taken over.
    pub(super) fn expression(&mut self, section: &Fields<'_>) -> Read<Str> {
        let expression = section.required_text("expression")?;
        let mut renames = Vec::new();
        if let Some(names) = section.optional("expressionNames") {
            let place = Place::Member(section.place, "expressionNames");
            for (placeholder, name) in Fields::of(names, &place)?.object {
                if name.as_str().is_none() {
                    let place = Place::Member(&place, placeholder);
                    return Err(refuse(format!(
                        "Expected the name of an attribute for field '{place}' but got '{}' instead.",
                        super::fields::json_type(name)
                    )));
                }
            }
            merge(&mut self.names, names.clone(), &mut renames);
        }
        if let Some(values) = section.optional("expressionValues") {
            let place = Place::Member(section.place, "expressionValues");
            merge(&mut self.values, convert::attributes(values, &place)?, &mut renames);
        }
        if renames.is_empty() { Ok(Str::clone(expression)) } else { Ok(rename(expression, &renames).into()) }
    }

    /// Adds a name under a placeholder of its own.
    pub(super) fn add_name(&mut self, name: &Str) -> Str {
        let names = self.names.get_or_insert_with(|| Object::new().into());
        let placeholder = fresh("#key", names, &Value::Null);
        if let Some(names) = names.as_object_mut() {
            names.insert(Str::clone(&placeholder), name);
        }
        placeholder
    }

    /// What a placeholder or plain name stands for.
    pub(super) fn resolve<'n>(&'n self, name: &'n str) -> &'n str {
        self.names.as_ref().and_then(|names| names.get(name)).and_then(Value::as_str).unwrap_or(name)
    }

    /// Sets names and values of the request, unless there are none: the API refuses empty maps.
    pub(super) fn finish(self, request: &mut Object) {
        for (word, map) in [(&wire::EXPRESSION_NAMES, self.names), (&wire::EXPRESSION_VALUES, self.values)] {
            if let Some(map) = map.filter(|map| map.as_object().is_some_and(|map| !map.is_empty())) {
                set(request, word, map);
            }
        }
    }
}

/// Adds a section's substitutions; the first section's map is taken as it is.
fn merge(all: &mut Option<Value>, section: Value, renames: &mut Vec<(Str, Str)>) {
    let Some(all) = all else {
        *all = Some(section);
        return;
    };
    for (placeholder, meaning) in section.as_object().into_iter().flatten() {
        let target = match all.get(placeholder) {
            Some(known) if known == meaning => continue,
            None => Str::clone(placeholder),
            Some(_) => {
                let target = fresh(placeholder, all, &section);
                renames.push((Str::clone(placeholder), Str::clone(&target)));
                target
            }
        };
        if let Some(all) = all.as_object_mut() {
            all.insert(target, meaning);
        }
    }
}

/// A placeholder that neither map has.
fn fresh(placeholder: &str, all: &Value, section: &Value) -> Str {
    let mut name = String::with_capacity(placeholder.len() + 4);
    for number in 2usize.. {
        name.clear();
        let _ = write!(name, "{placeholder}_s{number}");
        if all.get(&name).is_none() && section.get(&name).is_none() {
            break;
        }
    }
    name.into()
}

/// Replaces placeholders. Expressions have no literals, so every `#` and `:` begins a placeholder.
fn rename(expression: &str, renames: &[(Str, Str)]) -> String {
    let mut out = String::with_capacity(expression.len() + 8 * renames.len());
    let mut rest = expression;
    while let Some(at) = rest.find(['#', ':']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let end = 1 + from[1..].bytes().take_while(|byte| name(*byte)).count();
        let (placeholder, after) = from.split_at(end);
        out.push_str(renames.iter().find(|(old, _)| **old == *placeholder).map_or(placeholder, |(_, new)| new));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn build(request: &Value) -> Read<Value> {
        let fields = Fields::of(request, &Place::Root)?;
        let (mut expressions, mut out) = (Expressions::default(), Object::new());
        expressions.section(&fields, "query", &wire::KEY_CONDITION_EXPRESSION, &mut out)?;
        expressions.section(&fields, "filter", &wire::FILTER_EXPRESSION, &mut out)?;
        expressions.projection(&fields, &mut out)?;
        expressions.finish(&mut out);
        Ok(out.into())
    }

    #[test]
    fn sections_share_the_maps_without_disturbing_each_other() {
        for (request, expected) in [
            (value!({}), value!({})),
            (
                value!({"query": {"expression": "id = :a", "expressionNames": {}, "expressionValues": {":a": {"N": 1}}}}),
                value!({"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}),
            ),
            (
                value!({
                    "query": {"expression": "#n = :v", "expressionNames": {"#n": "id"}, "expressionValues": {":v": {"S": "x"}}},
                    "filter": {"expression": "#n = :v", "expressionNames": {"#n": "id"}, "expressionValues": {":v": {"S": "x"}}},
                }),
                value!({"KeyConditionExpression": "#n = :v", "FilterExpression": "#n = :v",
                    "ExpressionAttributeNames": {"#n": "id"}, "ExpressionAttributeValues": {":v": {"S": "x"}}}),
            ),
            (
                value!({
                    "query": {"expression": "#n = :v", "expressionNames": {"#n": "id"}, "expressionValues": {":v": {"S": "x"}}},
                    "filter": {"expression": "#n.#nn = :v AND #n<>:w", "expressionNames": {"#n": "a", "#nn": "b"},
                        "expressionValues": {":v": {"S": "y"}, ":w": {"S": "z"}}},
                    "projection": {"expression": "#n,c", "expressionNames": {"#n": "c"}},
                }),
                value!({"KeyConditionExpression": "#n = :v", "FilterExpression": "#n_s2.#nn = :v_s2 AND #n_s2<>:w",
                    "ProjectionExpression": "#n_s3,c",
                    "ExpressionAttributeNames": {"#n": "id", "#n_s2": "a", "#nn": "b", "#n_s3": "c"},
                    "ExpressionAttributeValues": {":v": {"S": "x"}, ":v_s2": {"S": "y"}, ":w": {"S": "z"}}}),
            ),
        ] {
            assert_eq!(build(&request), Ok(expected), "{request}");
        }
    }

    #[test]
    fn faulty_sections_are_refused_by_place() {
        for (request, message) in [
            (value!({"filter": "x"}), "Expected JSON object for field '$[filter]' but got 'STRING' instead."),
            (value!({"filter": {}}), "Value for field '$[filter][expression]' not found."),
            (value!({"filter": {"expression": "a", "names": {}}}), "Unsupported element '$[filter][names]'."),
            (
                value!({"filter": {"expression": "a", "expressionNames": {"#a": 1}}}),
                "Expected the name of an attribute for field '$[filter][expressionNames][#a]' but got 'NUMBER' instead.",
            ),
            (
                value!({"filter": {"expression": "a", "expressionValues": {":a": 1}}}),
                "Expected JSON object for attribute value '$[filter][expressionValues][:a]' but got 'NUMBER' instead.",
            ),
            (
                value!({"projection": {"expression": "a", "expressionValues": {}}}),
                "Unsupported element '$[projection][expressionValues]'.",
            ),
        ] {
            assert_eq!(build(&request).map_err(|error| error.message), Err(message.to_owned()));
        }
    }
}
