//! The Test Anything Protocol, version 14 (<https://testanything.org/tap-version-14-specification.html>).

use std::fmt::Write as _;

use value::{Object, Value};

use super::{Report, Status, details};
use crate::yaml_text;

/// The report as TAP: a test point for each case, a YAML block below those that failed.
#[must_use]
pub fn tap(report: &Report) -> String {
    let points: usize = report.files.iter().map(|file| file.cases.len() + usize::from(file.refused.is_some())).sum();
    let mut out = String::from("TAP version 14\n");
    if points == 0 {
        out.push_str("1..0 # SKIP there are no cases\n");
        return out;
    }
    let _ = writeln!(out, "1..{points}");
    let mut number = 0;
    for file in &report.files {
        if let Some(reason) = &file.refused {
            number += 1;
            let _ = writeln!(out, "not ok {number} - {}", escaped(&file.path));
            block(&mut out, [("message", Value::from(reason.as_str()))]);
        }
        for case in &file.cases {
            number += 1;
            let ok = if matches!(case.status, Status::Failed(_)) { "not ok" } else { "ok" };
            let _ = write!(out, "{ok} {number} - {} > {}: {}", escaped(&file.path), escaped(&case.target), escaped(&case.name));
            if let Status::Skipped(reason) = &case.status {
                let _ = write!(out, " # SKIP {}", escaped(reason));
            }
            out.push('\n');
            if let Status::Failed(failures) = &case.status {
                let message = failures.first().map(|failure| failure.message.as_str());
                let members = [
                    ("message", Value::from(message.unwrap_or_default())),
                    ("severity", Value::from("fail")),
                    ("at", Value::from(format!("{}:{}", file.path, case.line))),
                    ("details", Value::from(details(failures))),
                ];
                block(&mut out, members);
            }
        }
    }
    out
}

fn block<const N: usize>(out: &mut String, members: [(&str, Value); N]) {
    let members: Object = members.into_iter().map(|(key, value)| (value::Str::from(key), value)).collect();
    out.push_str("  ---\n");
    for line in yaml_text::document(&members.into()).lines() {
        out.push_str(if line.is_empty() { "" } else { "  " });
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("  ...\n");
}

/// A description: `#` begins a directive, `\` escapes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '#' => out.extend(['\\', character]),
            control if control.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Report, sample};
    use super::*;

    #[test]
    fn a_report_is_tap() {
        insta::assert_snapshot!(tap(&sample()), @r#"
        TAP version 14
        1..5
        ok 1 - resolvers/tests/post.test.yaml > Query.post: gives a post
        not ok 2 - resolvers/tests/post.test.yaml > Query.post: is an error \# with <characters> & \\ in it
          ---
          message: call 1 (boats) is "not" made
          severity: fail
          at: resolvers/tests/post.test.yaml:12
          details: "call 1 (boats) is \"not\" made\na: \x1b[31m \x00 <b> & ]]>\nthe outcome is not as expected\n@@ -1,1 +1,1 @@\n-value: 1\n+value: 2\n"
          ...
        ok 3 - resolvers/tests/post.test.yaml > Query.post: is written
        ok 4 - resolvers/tests/post.test.yaml > Query.post: waits # SKIP until \#7 is done
        not ok 5 - broken.test.json
          ---
          message: "broken.test.json:1:1: `,` is expected"
          ...
        "#);
        assert_eq!(tap(&Report::default()), "TAP version 14\n1..0 # SKIP there are no cases\n");
    }
}
