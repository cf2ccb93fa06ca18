//! For people: a line for each case, what differs below it, a summary.

use std::fmt::Write as _;

use super::{Report, Status};
use crate::diff::Line;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const CYAN: &str = "\x1b[36m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// The report as a terminal shows it.
#[must_use]
pub fn pretty(report: &Report, color: bool) -> String {
    let mut painter = Painter { out: String::new(), color };
    for file in &report.files {
        painter.paint(BOLD, &file.path);
        painter.out.push('\n');
        if let Some(reason) = &file.refused {
            painter.paint(RED, &format!("  ✗ not run: {reason}"));
            painter.out.push('\n');
        }
        for case in &file.cases {
            match &case.status {
                Status::Passed => painter.case(GREEN, "✓", case, ""),
                Status::Updated => painter.case(YELLOW, "✓", case, " (updated)"),
                Status::Skipped(reason) => painter.case(CYAN, "-", case, &format!(" (skipped: {reason})")),
                Status::Failed(failures) => {
                    painter.case(RED, "✗", case, &format!("  {}:{}", file.path, case.line));
                    for failure in failures {
                        painter.failure(failure);
                    }
                }
            }
        }
    }
    painter.summary(report);
    painter.out
}

struct Painter {
    out: String,
    color: bool,
}

impl Painter {
    /// Appends text without what would steer a terminal: names, messages and results are not ours.
    fn paint(&mut self, style: &str, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
        if self.color && !text.is_empty() {
            self.out.extend([style, &text, RESET]);
        } else {
            self.out.push_str(&text);
        }
    }

    fn case(&mut self, style: &str, mark: &str, case: &super::CaseReport, more: &str) {
        self.out.push_str("  ");
        self.paint(style, mark);
        self.out.push(' ');
        self.paint("", &format!("{}: {}", case.target, case.name));
        self.paint(DIM, more);
        self.out.push('\n');
    }

    fn failure(&mut self, failure: &crate::Failure) {
        self.out.push_str("      ");
        self.paint(RED, &failure.message);
        self.out.push('\n');
        if failure.diff.is_some() {
            self.out.push_str("      ");
            self.paint(RED, "- expected");
            self.out.push_str("  ");
            self.paint(GREEN, "+ actual");
            self.out.push('\n');
        }
        for line in failure.diff.iter().flat_map(|diff| &diff.lines) {
            let (style, mark, text) = match line {
                Line::Same(text) => (DIM, " ", text),
                Line::Expected(text) => (RED, "-", text),
                Line::Actual(text) => (GREEN, "+", text),
                Line::Gap(text) => (CYAN, "", text),
            };
            self.out.push_str("      ");
            self.paint(style, &format!("{mark}{text}"));
            self.out.push('\n');
        }
        for note in &failure.notes {
            self.out.push_str("        ");
            self.paint("", note);
            self.out.push('\n');
        }
    }

    fn summary(&mut self, report: &Report) {
        let counts = report.counts();
        let total = counts.passed + counts.failed + counts.skipped;
        let mut parts = Vec::new();
        for (count, word) in [(counts.failed, "failed"), (counts.skipped, "skipped"), (counts.updated, "updated")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        if counts.refused > 0 {
            parts.push(format!("{} file{} not run", counts.refused, if counts.refused == 1 { "" } else { "s" }));
        }
        let style = if counts.failed + counts.refused > 0 { RED } else { GREEN };
        let more = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        self.out.push('\n');
        self.paint(style, &format!("{} of {total} case{} passed{more}", counts.passed, if total == 1 { "" } else { "s" }));
        let _ = writeln!(self.out, ", {} ms", report.duration.as_millis());
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn people_see_a_line_for_each_case_and_what_differs() {
        let text = pretty(&sample(), false);
        insta::assert_snapshot!(text, @r#"
        resolvers/tests/post.test.yaml
          ✓ Query.post: gives a post
          ✗ Query.post: is an error # with <characters> & \ in it  resolvers/tests/post.test.yaml:12
              call 1 (boats) is "not" made
                a: �[31m � <b> & ]]>
              the outcome is not as expected
              - expected  + actual
              @@ -1,1 +1,1 @@
              -value: 1
              +value: 2
          ✓ Query.post: is written (updated)
          - Query.post: waits (skipped: until #7 is done)
        broken.test.json
          ✗ not run: broken.test.json:1:1: `,` is expected

        2 of 4 cases passed (1 failed, 1 skipped, 1 updated, 1 file not run), 12 ms
        "#);
        assert!(!text.contains('\x1b'));
        assert!(pretty(&sample(), true).contains("\x1b[31m-value: 1\x1b[0m"));
    }
}
