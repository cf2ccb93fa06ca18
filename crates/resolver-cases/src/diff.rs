//! Where two values differ, line by line, as `diff -u` shows it.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};
use value::{Object, Value};

use crate::yaml_text;

/// Lines of a diff at most: nobody reads more, and a result may have a million.
const MOST_LINES: usize = 200;

/// How long the shortest diff is searched.
const PATIENCE: Duration = Duration::from_millis(300);

/// A unified diff of the YAML of two values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What is shown, in order.
    pub lines: Vec<Line>,
}

/// A line of a [`Diff`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// In both.
    Same(String),
    /// Expected, and not there.
    Expected(String),
    /// There, and not expected.
    Actual(String),
    /// Lines are left out here; the text says what of.
    Gap(String),
}

impl Diff {
    /// What differs between two values.
    #[must_use]
    pub fn new(expected: &Value, actual: &Value) -> Self {
        let lines = |value: &Value| yaml_text::document(value) + "\n";
        let (expected_text, actual_text) = (lines(expected), lines(&in_order_of(actual, expected)));
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&*expected_text, &*actual_text);
        let mut lines = Vec::new();
        for group in diff.grouped_ops(3) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let (old, new) = (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end);
            let range = |range: std::ops::Range<usize>| format!("{},{}", range.start + 1, range.len());
            lines.push(Line::Gap(format!("@@ -{} +{} @@", range(old), range(new))));
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let text = change.value().trim_end_matches('\n').to_owned();
                lines.push(match change.tag() {
                    ChangeTag::Equal => Line::Same(text),
                    ChangeTag::Delete => Line::Expected(text),
                    ChangeTag::Insert => Line::Actual(text),
                });
            }
        }
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES;
            lines.truncate(MOST_LINES);
            lines.push(Line::Gap(format!("… {more} more lines")));
        }
        Self { lines }
    }
}

impl std::fmt::Display for Diff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            match line {
                Line::Same(text) => writeln!(f, " {text}")?,
                Line::Expected(text) => writeln!(f, "-{text}")?,
                Line::Actual(text) => writeln!(f, "+{text}")?,
                Line::Gap(text) => writeln!(f, "{text}")?,
            }
        }
        Ok(())
    }
}

/// The value with the members of its objects in the order that they have in `model`: order is no difference.
fn in_order_of(value: &Value, model: &Value) -> Value {
    match (value, model) {
        (Value::Object(object), Value::Object(model)) => {
            let known = model.iter().filter_map(|(key, model)| Some((key, in_order_of(object.get(key)?, model))));
            let more = object.iter().filter(|(key, _)| !model.contains_key(key)).map(|(key, value)| (key, value.clone()));
            Value::from(known.chain(more).map(|(key, value)| (key.clone(), value)).collect::<Object>())
        }
        (Value::List(items), Value::List(models)) => {
            let models = models.iter().chain(std::iter::repeat(&Value::Null));
            Value::from(items.iter().zip(models).map(|(item, model)| in_order_of(item, model)).collect::<Vec<_>>())
        }
        (other, _) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn a_diff_shows_what_differs_and_its_surroundings() {
        let expected = value!({"value": {"id": "p1", "a": 1, "b": 2, "c": 3, "d": 4, "title": "Old"}, "z": [1, 2]});
        let actual = value!({"z": [1, 2, 3], "value": {"title": "New", "id": "p1", "a": 1, "b": 2, "c": 3, "d": 4}});
        insta::assert_snapshot!(Diff::new(&expected, &actual), @r"
        @@ -4,7 +4,8 @@
           b: 2
           c: 3
           d: 4
        -  title: Old
        +  title: New
         z:
           - 1
           - 2
        +  - 3
        ");
    }

    #[test]
    fn a_diff_ends_and_takes_little_time() {
        let list = |from: i64| Value::from((from..from + 300_000).map(|at| Value::from(at * 7 % 1000)).collect::<Vec<_>>());
        let began = std::time::Instant::now();
        let diff = Diff::new(&list(0), &list(77_777));
        assert!(diff.lines.len() <= MOST_LINES + 1);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
