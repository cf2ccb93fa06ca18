//! The JSON paths of `InputPath` and `InputPathsMap`: `$`, names, indices and `*` (EventBridge user guide, "Input transformation").

use value::Value;

/// The most steps of a path; an event is not nested deeper.
const MOST_STEPS: usize = value::MAX_DEPTH;

/// A path into an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
    All,
}

impl JsonPath {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = |reason: &str| Err(format!("'{text}' is no path: {reason}"));
        let Some(mut rest) = text.trim().strip_prefix('$') else {
            return refused("it begins with $, for instance $.detail.id");
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == MOST_STEPS {
                return refused("it has too many steps");
            }
            if let Some(after) = rest.strip_prefix('[') {
                let Some((inside, after)) = bracketed(after) else { return refused("a bracket is not closed") };
                let Some(step) = step_in_brackets(inside) else {
                    return refused("brackets hold an index, a name in quotes, or *");
                };
                steps.push(step);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                match name {
                    "" => return refused("a name is missing after a dot"),
                    "*" => steps.push(Step::All),
                    name => steps.push(Step::Name(name.to_owned())),
                }
                rest = after;
            } else {
                return refused("names are separated by dots");
            }
        }
        Ok(Self(steps))
    }

    /// What stands there; with a `*`, the list of all that does.
    pub(super) fn find(&self, event: &Value) -> Option<Value> {
        let mut found = vec![event];
        for step in &self.0 {
            found = match step {
                Step::Name(name) => found.into_iter().filter_map(|value| value.get(name)).collect(),
                Step::Index(index) => found.into_iter().filter_map(|value| value.as_list()?.get(*index)).collect(),
                Step::All => found
                    .into_iter()
                    .flat_map(|value| match value {
                        Value::List(items) => items.iter().collect(),
                        Value::Object(object) => object.values().collect(),
                        _ => Vec::new(),
                    })
                    .collect(),
            };
        }
        if self.0.contains(&Step::All) {
            return Some(found.into_iter().cloned().collect::<Vec<_>>().into());
        }
        found.first().map(|value| (*value).clone())
    }
}

/// What stands before the closing bracket, and the rest. A quoted name may hold brackets.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let close = match quote {
        Some(quote) => text[1..].find(quote)? + 2,
        None => text.find(']')?,
    };
    text[close..].strip_prefix(']').map(|rest| (&text[..close], rest))
}

fn step_in_brackets(inside: &str) -> Option<Step> {
    if inside == "*" {
        return Some(Step::All);
    }
    if let Some(name) = inside.strip_prefix(['\'', '"']) {
        return name.get(..name.len().checked_sub(1)?).filter(|name| !name.is_empty()).map(|name| Step::Name(name.to_owned()));
    }
    inside.parse().ok().map(Step::Index)
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn a_path_leads_to_what_stands_there() {
        let event =
            value!({"detail-type": "t", "resources": ["a", "b"], "detail": {"x": {"y": null}, "l": [{"i": 1}, {"i": 2}, 3]}});
        for (path, expected) in [
            ("$", Some(event.clone())),
            ("$.detail-type", Some(value!("t"))),
            ("$['detail-type']", Some(value!("t"))),
            ("$.resources[1]", Some(value!("b"))),
            ("$.resources[2]", None),
            ("$.detail.x.y", Some(Value::Null)),
            ("$.detail.x.z", None),
            ("$.detail-type.z", None),
            ("$.detail.l[*].i", Some(value!([1, 2]))),
            ("$.detail.l.*.i", Some(value!([1, 2]))),
            ("$.none[*]", Some(Vec::<Value>::new().into())),
        ] {
            assert_eq!(JsonPath::parse(path).expect(path).find(&event), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for (path, reason) in [
            ("", "begins with $"),
            ("detail", "begins with $"),
            ("$detail", "separated by dots"),
            ("$.", "a name is missing"),
            ("$..a", "a name is missing"),
            ("$.a[", "not closed"),
            ("$.a['b]", "not closed"),
            ("$.a['']", "brackets hold"),
            ("$.a[-1]", "brackets hold"),
            ("$.a[?(@.b)]", "brackets hold"),
        ] {
            let refused = JsonPath::parse(path).expect_err(path);
            assert!(refused.contains(reason), "{path}: {refused}");
        }
        assert!(JsonPath::parse(&format!("${}", ".a".repeat(500))).is_err());
    }
}
