//! Partial matching: `match` says at least what must be there.

use value::Value;

/// Whether a value is what a placeholder stands for.
type Fits = fn(&Value) -> bool;

/// Placeholders for what differs from run to run, and what each stands for.
const PLACEHOLDERS: [(&str, Fits); 5] = [
    ("<any>", |_| true),
    ("<string>", |value| value.as_str().is_some()),
    ("<number>", |value| value.as_number().is_some()),
    ("<uuid>", |value| value.as_str().is_some_and(is_uuid)),
    ("<datetime>", |value| value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())),
];

/// What is missing for `value` to match `pattern`, by place; nothing when it matches. Objects need the members of the pattern,
/// lists as many items as it has, everything else is equal.
pub(crate) fn differences(pattern: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(pattern, value, &mut String::new(), &mut found);
    found
}

fn compare(pattern: &Value, value: &Value, path: &mut String, found: &mut Vec<String>) {
    let mut say = |path: &str, what: String| {
        let place = if path.is_empty() { String::new() } else { format!("{}: ", &path[1..]) };
        found.push(place + &what);
    };
    match (pattern, value) {
        (Value::Object(wanted), Value::Object(object)) => {
            for (key, pattern) in wanted.iter() {
                let length = path.len();
                path.push('.');
                path.push_str(key);
                match object.get(key) {
                    Some(value) => compare(pattern, value, path, found),
                    None => found.push(format!("{}: missing, expected {}", &path[1..], short(pattern))),
                }
                path.truncate(length);
            }
        }
        (Value::List(wanted), Value::List(items)) if wanted.len() == items.len() => {
            for (at, (pattern, value)) in wanted.iter().zip(items.iter()).enumerate() {
                let length = path.len();
                path.push('.');
                path.push_str(&at.to_string());
                compare(pattern, value, path, found);
                path.truncate(length);
            }
        }
        (Value::List(wanted), Value::List(items)) => {
            say(path, format!("{} items, expected {}", items.len(), wanted.len()));
        }
        (Value::String(name), value) => {
            let fits = match PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == &**name) {
                Some((_, fits)) => fits(value),
                None => pattern == value,
            };
            if !fits {
                say(path, format!("{}, expected {}", short(value), short(pattern)));
            }
        }
        (pattern, value) if pattern == value => {}
        (pattern, value) => say(path, format!("{}, expected {}", short(value), short(pattern))),
    }
}

/// A value in a line.
fn short(value: &Value) -> String {
    const MOST: usize = 120;
    let text = value.to_json();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn objects_may_have_more_and_everything_else_not() {
        for (pattern, value, expected) in [
            (value!({"a": 1}), value!({"a": 1, "b": 2}), vec![]),
            (value!({}), value!({"b": 2}), vec![]),
            (value!({"a": {"b": [1, {"c": "x"}]}}), value!({"a": {"b": [1, {"c": "x", "d": 1}], "e": 1}}), vec![]),
            (value!({"a": 1}), value!({"a": 2}), vec!["a: 2, expected 1"]),
            (value!({"a": {"b": null}}), value!({"a": {}}), vec!["a.b: missing, expected null"]),
            (value!([1, 2]), value!([1]), vec!["1 items, expected 2"]),
            (value!({"a": [1, 2]}), value!({"a": [3, 4]}), vec!["a.0: 3, expected 1", "a.1: 4, expected 2"]),
            (value!("<any>"), value!({"a": 1}), vec![]),
            (value!({"a": "<any>"}), value!({}), vec!["a: missing, expected \"<any>\""]),
            (value!(["<string>", "<number>"]), value!(["x", 1.5]), vec![]),
            (
                value!(["<string>", "<number>"]),
                value!([1, "x"]),
                vec!["0: 1, expected \"<string>\"", "1: \"x\", expected \"<number>\""],
            ),
            (value!("<uuid>"), value!("0d9f3a52-5a30-4d4e-8b0e-d9f1d2c3b4a5"), vec![]),
            (value!("<uuid>"), value!("0d9f3a52"), vec!["\"0d9f3a52\", expected \"<uuid>\""]),
            (value!("<datetime>"), value!("2024-05-01T12:00:00.000Z"), vec![]),
            (value!("<datetime>"), value!("2024-05-01"), vec!["\"2024-05-01\", expected \"<datetime>\""]),
            (value!("<other>"), value!("<other>"), vec![]),
        ] {
            assert_eq!(differences(&pattern, &value), expected, "{pattern} against {value}");
        }
    }
}
