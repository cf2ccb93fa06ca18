//! Findings for programs: one JSON object per file and line.

use value::{Object, Value};

use super::{Diagnostic, Severity, in_order};

/// One line of JSON per file: `{"file": …, "diagnostics": [{severity, rule, message, help, file, line, column, endLine,
/// endColumn}]}`.
///
/// `files` are the files that were asked about, in the order they were given; each has its line even when nothing was found in
/// it. Files beyond those follow by name; findings without a place stand under `"file": null`. Lines and columns count from 1,
/// columns in characters; the end is exclusive.
#[must_use]
pub fn json_lines(files: &[String], diagnostics: &[Diagnostic]) -> String {
    let ordered = in_order(diagnostics);
    let mut sections: Vec<(Option<&str>, Vec<Value>)> = Vec::new();
    for file in files {
        if sections.iter().all(|(known, _)| *known != Some(file)) {
            sections.push((Some(file), Vec::new()));
        }
    }
    for diagnostic in ordered {
        let file = diagnostic.place.as_ref().map(|place| place.source.path.as_str());
        let finding = finding(diagnostic);
        match sections.iter_mut().find(|(known, _)| *known == file) {
            Some((_, findings)) => findings.push(finding),
            None => sections.push((file, vec![finding])),
        }
    }
    let mut lines = String::new();
    for (file, findings) in sections {
        let mut section = Object::new();
        section.insert("file", file.map_or(Value::Null, Value::from));
        section.insert("diagnostics", Value::from(findings));
        lines.push_str(&Value::from(section).to_string());
        lines.push('\n');
    }
    lines
}

fn finding(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut finding = Object::new();
    finding.insert("severity", Value::from(severity));
    finding.insert("rule", Value::from(diagnostic.rule));
    finding.insert("message", Value::from(diagnostic.message.as_str()));
    finding.insert("help", diagnostic.help.as_deref().map_or(Value::Null, Value::from));
    let place = diagnostic.place.as_ref().map(|place| {
        let start = place.source.line_column(place.span.start);
        let end = place.source.line_column(place.span.end.max(place.span.start));
        (place.source.path.as_str(), start, end)
    });
    let number = |number: Option<usize>| number.map_or(Value::Null, |number| Value::from(number as u64));
    finding.insert("file", place.map_or(Value::Null, |(path, ..)| Value::from(path)));
    finding.insert("line", number(place.map(|(_, start, _)| start.0)));
    finding.insert("column", number(place.map(|(_, start, _)| start.1)));
    finding.insert("endLine", number(place.map(|(.., end)| end.0)));
    finding.insert("endColumn", number(place.map(|(.., end)| end.1)));
    Value::from(finding)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    #[test]
    fn every_asked_file_has_one_line_and_strangers_follow() {
        let first = Arc::new(Source { path: "a.js".into(), text: "let ä = 1\nfor (;;) {}\n".into() });
        let second = Arc::new(Source { path: "b.js".into(), text: "x".into() });
        let diagnostics = [
            Diagnostic::error("no-for", "no `for`").help("use `for of`").at(&first, 11..14),
            Diagnostic::warning("late", "b").at(&second, 0..1),
            Diagnostic::error("no-for", "no `for`").help("use `for of`").at(&first, 11..14),
            Diagnostic::error("general", "nothing to serve"),
        ];
        insta::assert_snapshot!(json_lines(&["clean.js".into(), "a.js".into()], &diagnostics), @r#"
        {"file":"clean.js","diagnostics":[]}
        {"file":"a.js","diagnostics":[{"severity":"error","rule":"no-for","message":"no `for`","help":"use `for of`","file":"a.js","line":2,"column":1,"endLine":2,"endColumn":4}]}
        {"file":null,"diagnostics":[{"severity":"error","rule":"general","message":"nothing to serve","help":null,"file":null,"line":null,"column":null,"endLine":null,"endColumn":null}]}
        {"file":"b.js","diagnostics":[{"severity":"warning","rule":"late","message":"b","help":null,"file":"b.js","line":1,"column":1,"endLine":1,"endColumn":2}]}
        "#);
    }
}
