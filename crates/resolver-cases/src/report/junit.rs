//! JUnit's XML, as CI systems read it: the schema of Jenkins' xUnit plugin (`junit-10.xsd`), which the others are parts of.

use std::fmt::Write as _;
use std::time::Duration;

use super::{CaseReport, FileReport, Report, Status, details};

/// The report as JUnit's XML: a suite for each file.
#[must_use]
pub fn junit(report: &Report) -> String {
    let counts = report.counts();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = counts.passed + counts.failed + counts.skipped + counts.refused;
    let _ = writeln!(
        out,
        "<testsuites name=\"syncgate test\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        counts.failed,
        counts.refused,
        seconds(report.duration)
    );
    for file in &report.files {
        suite(file, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(file: &FileReport, out: &mut String) {
    let counts = file.counts();
    let tests = file.cases.len() + counts.refused;
    let time: Duration = file.cases.iter().map(|case| case.duration).sum();
    let name = escaped(&file.path);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
        counts.failed,
        counts.refused,
        counts.skipped,
        seconds(time)
    );
    if let Some(reason) = &file.refused {
        let _ = writeln!(out, "    <testcase name=\"{name}\" classname=\"{name}\" time=\"0.000000\">");
        let _ = writeln!(out, "      <error message=\"{}\" type=\"refused\"/>", escaped(reason));
        out.push_str("    </testcase>\n");
    }
    for case in &file.cases {
        testcase(file, case, out);
    }
    out.push_str("  </testsuite>\n");
}

fn testcase(file: &FileReport, case: &CaseReport, out: &mut String) {
    let name = format!("{}: {}", case.target, case.name);
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"",
        escaped(&name),
        escaped(&file.path),
        seconds(case.duration)
    );
    match &case.status {
        Status::Passed | Status::Updated => out.push_str("/>\n"),
        Status::Skipped(reason) => {
            let _ = writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(reason));
        }
        Status::Failed(failures) => {
            let message = failures.first().map(|failure| escaped(&failure.message)).unwrap_or_default();
            let text = format!("{}:{}\n{}", file.path, case.line, details(failures));
            let _ = writeln!(
                out,
                ">\n      <failure message=\"{message}\" type=\"mismatch\">{}</failure>\n    </testcase>",
                escaped(&text)
            );
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}

/// Text of an attribute or an element (XML 1.0, sections 2.2 and 2.4): what XML cannot hold at all is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_report_is_xml_of_junit() {
        insta::assert_snapshot!(junit(&sample()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="syncgate test" tests="5" failures="1" errors="1" time="0.012000">
          <testsuite name="resolvers/tests/post.test.yaml" tests="4" failures="1" errors="0" skipped="1" time="0.004936">
            <testcase name="Query.post: gives a post" classname="resolvers/tests/post.test.yaml" time="0.001234"/>
            <testcase name="Query.post: is an error # with &lt;characters&gt; &amp; \ in it" classname="resolvers/tests/post.test.yaml" time="0.001234">
              <failure message="call 1 (boats) is &quot;not&quot; made" type="mismatch">resolvers/tests/post.test.yaml:12
        call 1 (boats) is &quot;not&quot; made
        a: �[31m � &lt;b&gt; &amp; ]]&gt;
        the outcome is not as expected
        @@ -1,1 +1,1 @@
        -value: 1
        +value: 2
        </failure>
            </testcase>
            <testcase name="Query.post: is written" classname="resolvers/tests/post.test.yaml" time="0.001234"/>
            <testcase name="Query.post: waits" classname="resolvers/tests/post.test.yaml" time="0.001234">
              <skipped message="until #7 is done"/>
            </testcase>
          </testsuite>
          <testsuite name="broken.test.json" tests="1" failures="0" errors="1" skipped="0" time="0.000000">
            <testcase name="broken.test.json" classname="broken.test.json" time="0.000000">
              <error message="broken.test.json:1:1: `,` is expected" type="refused"/>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
