//! What a target gets of an event: all of it, a constant, a part, or a template with variables (EventBridge user guide, "Input
//! transformation").
//!
//! A template is read as JSON once, when the definition is compiled; variables are put into the tree that came of it. What an event
//! holds can therefore never become syntax: quotation marks in a value stay in their text. EventBridge splices texts, and lets the
//! author see to that.

use std::collections::HashMap;

use value::{Object, Str, Value};

use super::path::JsonPath;
use crate::definition::EventInput;

/// EventBridge quotas: variables of a transformer.
const MOST_VARIABLES: usize = 100;
/// API reference of `InputTransformer`: characters of a template.
const LONGEST_TEMPLATE: usize = 8_192;
/// How often a template may use variables: each can be as large as an event.
const MOST_USES: usize = 100;
/// Mark the names of variables in the texts of a template: [`INSIDE`] or [`ALONE`], the name, [`END`].
const INSIDE: char = '\u{E000}';
const ALONE: char = '\u{E001}';
const END: char = '\u{E002}';

/// What can be said of a delivery beside the event.
#[derive(Clone, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) rule_name: &'a str,
    pub(super) rule_arn: &'a str,
    pub(super) ingestion_time: &'a str,
}

/// A compiled input.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Event,
    Constant(Value),
    Path(JsonPath),
    Transformer { variables: HashMap<Str, JsonPath>, template: Value },
}

impl Input {
    /// Compiles an input; the error is a sentence.
    pub(super) fn compile(input: &EventInput) -> Result<Self, String> {
        Ok(match input {
            EventInput::Event => Self::Event,
            EventInput::Constant(value) => Self::Constant(value.clone()),
            EventInput::Path(path) => Self::Path(JsonPath::parse(path)?),
            EventInput::Transformer { input_paths_map, input_template } => {
                if input_paths_map.len() > MOST_VARIABLES {
                    return Err(format!(
                        "input_paths_map has {} variables; at most {MOST_VARIABLES} are allowed",
                        input_paths_map.len()
                    ));
                }
                let mut variables = HashMap::new();
                for (name, path) in input_paths_map {
                    if name.starts_with("aws.") || !name.chars().all(is_name_character) {
                        return Err(format!("a variable cannot be called '{name}'"));
                    }
                    variables.insert(Str::clone(name), JsonPath::parse(path)?);
                }
                let known = |name: &str| variables.contains_key(name) || RESERVED.contains(&name);
                let template = template(input_template, known)?;
                Self::Transformer { variables, template }
            }
        })
    }

    /// The input of one event.
    pub(super) fn of(&self, event: &Value, circumstances: &Circumstances<'_>) -> Value {
        match self {
            Self::Event => event.clone(),
            Self::Constant(value) => value.clone(),
            // EventBridge gives nothing of a part that is missing.
            Self::Path(path) => path.find(event).unwrap_or_default(),
            Self::Transformer { variables, template } => {
                let look_up = |name: &str| match variables.get(name) {
                    // A variable without a value is the empty text.
                    Some(path) => path.find(event).unwrap_or_else(|| Value::from("")),
                    None => reserved(name, event, circumstances),
                };
                fill(template, &look_up)
            }
        }
    }
}

const RESERVED: [&str; 5] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
];

fn reserved(name: &str, event: &Value, circumstances: &Circumstances<'_>) -> Value {
    match name {
        "aws.events.rule-arn" => circumstances.rule_arn.into(),
        "aws.events.rule-name" => circumstances.rule_name.into(),
        "aws.events.event.ingestion-time" => circumstances.ingestion_time.into(),
        "aws.events.event" => {
            let mut event = event.clone();
            if let Some(object) = event.as_object_mut() {
                object.remove("detail");
            }
            event
        }
        _ => event.clone(),
    }
}

fn is_name_character(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_')
}

/// Reads a template: its variables become marked texts, and the whole JSON.
fn template(text: &str, known: impl Fn(&str) -> bool) -> Result<Value, String> {
    if text.chars().count() > LONGEST_TEMPLATE {
        return Err(format!("the input_template has more than {LONGEST_TEMPLATE} characters"));
    }
    let mut uses = 0;
    let mut marked = String::with_capacity(text.len() + 16);
    let mut in_string = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let variable = rest.strip_prefix('<').and_then(|after| after.split_once('>'));
        if let Some((name, after)) = variable.filter(|(name, _)| !name.is_empty() && name.chars().all(is_name_character)) {
            if !known(name) {
                return Err(format!("the input_template has <{name}>, which is not in input_paths_map"));
            }
            uses += 1;
            if uses > MOST_USES {
                return Err(format!("the input_template uses variables more than {MOST_USES} times"));
            }
            if in_string {
                marked.extend([INSIDE].into_iter().chain(name.chars()).chain([END]));
            } else {
                marked.extend(['"', ALONE].into_iter().chain(name.chars()).chain([END, '"']));
            }
            rest = after;
            continue;
        }
        let mut length = character.len_utf8();
        match character {
            '"' => in_string = !in_string,
            '\\' if in_string => length += rest[length..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        marked.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    let template = Value::parse(marked.as_bytes()).map_err(|error| {
        format!("the input_template is no JSON with <variables>: {error}; texts of several lines are not supported")
    })?;
    // Each use has two marks; what is more was written by the author, perhaps as an escape. (Of equal names one is left.)
    if marks(&template) > 2 * uses {
        return Err("the input_template holds characters of the private use area".to_owned());
    }
    Ok(template)
}

fn marks(template: &Value) -> usize {
    let of_text = |text: &str| text.matches([INSIDE, ALONE, END]).count();
    match template {
        Value::String(text) => of_text(text),
        Value::List(items) => items.iter().map(marks).sum(),
        Value::Object(object) => object.iter().map(|(name, value)| of_text(name) + marks(value)).sum(),
        _ => 0,
    }
}

/// The template with values in the place of variables. Its depth and that of the event are bounded, so their sum is.
fn fill(template: &Value, look_up: &dyn Fn(&str) -> Value) -> Value {
    match template {
        Value::String(text) => match text.strip_prefix(ALONE).and_then(|name| name.strip_suffix(END)) {
            Some(name) => look_up(name),
            None => Value::from(fill_text(text, look_up)),
        },
        Value::List(items) => items.iter().map(|item| fill(item, look_up)).collect::<Vec<_>>().into(),
        Value::Object(object) => {
            let mut filled = Object::with_capacity(object.len());
            for (name, value) in object.iter() {
                filled.insert(fill_text(name, look_up), fill(value, look_up));
            }
            filled.into()
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, look_up: &dyn Fn(&str) -> Value) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut parts = text.split(INSIDE);
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, after) = part.split_once(END).unwrap_or((part, ""));
        match look_up(name) {
            Value::String(text) => filled.push_str(&text),
            // As EventBridge does, so that a list can stand in a sentence.
            other => filled.push_str(&other.to_json().replace('"', "")),
        }
        filled.push_str(after);
    }
    filled
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn transformer(paths: &[(&str, &str)], template: &str) -> Result<Input, String> {
        let input_paths_map = paths.iter().map(|(name, path)| ((*name).into(), (*path).into())).collect();
        Input::compile(&EventInput::Transformer { input_paths_map, input_template: template.into() })
    }

    fn of(input: &Input, event: &Value) -> Value {
        let circumstances = Circumstances { rule_name: "r", rule_arn: "arn:r", ingestion_time: "2026-01-01T00:00:00Z" };
        input.of(event, &circumstances)
    }

    #[test]
    fn a_template_is_filled_from_the_event() {
        let event = value!({"id": "1", "detail": {"state": "RUN\"NING", "n": 5, "l": ["a", "b"], "none": null}});
        let paths = [
            ("state", "$.detail.state"),
            ("n", "$.detail.n"),
            ("l", "$.detail.l"),
            ("missing", "$.x"),
            ("none", "$.detail.none"),
        ];
        for (template, expected) in [
            (r#"{"a": <state>, "b": <n>, "c": <l>}"#, value!({"a": "RUN\"NING", "b": 5, "c": ["a", "b"]})),
            (r#"{"a": "is <state>, <n> of <l>"}"#, value!({"a": "is RUN\"NING, 5 of [a,b]"})),
            (r#"{"a": "\"<n>\" \\<n>"}"#, value!({"a": "\"5\" \\5"})),
            (r#"[9, <n>, true, <missing>, <none>]"#, value!([9, 5, true, "", null])),
            (r#""<aws.events.rule-name> at <aws.events.event.ingestion-time>""#, value!("r at 2026-01-01T00:00:00Z")),
            (r#"{"<n>": <aws.events.event>}"#, value!({"5": {"id": "1"}})),
            ("<aws.events.event.json>", event.clone()),
            (r#"{"html": "a < b > c <>"}"#, value!({"html": "a < b > c <>"})),
        ] {
            assert_eq!(of(&transformer(&paths, template).expect(template), &event), expected, "{template}");
        }
    }

    /// A value cannot add members, or leave its text.
    #[test]
    fn values_never_become_syntax() {
        let event = value!({"detail": {"name": "x\", \"admin\": true, \"y\": \"<aws.events.rule-arn>"}});
        let input = transformer(&[("name", "$.detail.name")], r#"{"name": "<name>", "whole": <name>}"#).expect("a template");
        let name = event.at(&["detail", "name"]);
        assert_eq!(of(&input, &event), value!({"name": (name.clone()), "whole": (name.clone())}));
    }

    #[test]
    fn parts_and_constants() {
        let event = value!({"detail": {"id": 1}});
        let of = |input: EventInput| of(&Input::compile(&input).expect("an input"), &event);
        assert_eq!(of(EventInput::Event), event);
        assert_eq!(of(EventInput::Path("$.detail".into())), value!({"id": 1}));
        assert_eq!(of(EventInput::Path("$.none".into())), Value::Null);
        assert_eq!(of(EventInput::Constant(value!([1]))), value!([1]));
    }

    #[test]
    fn what_cannot_be_filled_is_refused() {
        for (paths, template, reason) in [
            (&[][..], r#"{"a": <b>}"#, "has <b>, which is not in input_paths_map"),
            (&[("a", "detail")], "<a>", "is no path"),
            (&[("a", "$.x")], r#"{"a": <a>"#, "is no JSON"),
            (&[("a", "$.x")], "\"<a>\"\n\"<a>\"", "several lines"),
            (&[], "\"\\uE001aws.events.rule-arn\\ue002\"", "private use area"),
            (&[], "{\"\\ue000\": 1}", "private use area"),
            (&[("a", "$.x")], "[<a>, \"\u{E002}\"]", "private use area"),
            (&[("aws.x", "$.x")], "1", "cannot be called"),
            (&[("a b", "$.x")], "1", "cannot be called"),
        ] {
            let refused = transformer(paths, template).expect_err(template);
            assert!(refused.contains(reason), "{template}: {refused}");
        }
        let many: Vec<(String, &str)> = (0..101).map(|at| (format!("v{at}"), "$")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, path)| (name.as_str(), *path)).collect();
        assert!(transformer(&many, "1").expect_err("many").contains("at most 100"));
    }
}
