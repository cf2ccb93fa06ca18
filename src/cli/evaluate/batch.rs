//! A request on each line of standard input, an answer on each line of standard output.

use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use value::{Object, Value};

use super::NOT_EVALUATED;
use crate::cli::{error, print_error};
use crate::resolver::offline::Conditions;
use crate::resolver::offline::operation::{BadRequest, Form, Operation, Operations};

/// The longest line, in bytes.
const LONGEST_LINE: usize = 64 << 20;

pub(super) fn run(conditions: Conditions, strict: bool) -> ExitCode {
    let operations = Operations::new(conditions, Form::Loose, strict);
    match answer_lines(&operations, &mut BufReader::new(std::io::stdin().lock()), &mut std::io::stdout().lock()) {
        // A reader that went away has read enough.
        Err(problem) if problem.kind() != std::io::ErrorKind::BrokenPipe => {
            print_error(&error(format!("standard input or output failed: {problem}"), ""));
            ExitCode::from(NOT_EVALUATED)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Answers until the input ends; blank lines are passed over.
fn answer_lines(operations: &Operations, input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        let answer = if line.len() > LONGEST_LINE {
            skip_line(input)?;
            failed(&format!("The line is longer than {LONGEST_LINE} bytes."))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            answer(operations, &line)
        };
        let mut text = answer.to_json();
        text.push('\n');
        output.write_all(text.as_bytes())?;
        output.flush()?;
    }
}

/// The rest of a line that is too long.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (skipped, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(skipped);
        if ends {
            return Ok(());
        }
    }
}

fn answer(operations: &Operations, line: &[u8]) -> Value {
    let request = match Value::parse(line.trim_ascii()) {
        Ok(request) => request,
        Err(problem) => return failed(&format!("The line is no JSON: {problem}.")),
    };
    let operation = match (request.get("code"), request.get("template")) {
        (Some(_), None) => Operation::EvaluateCode,
        (None, Some(_)) => Operation::EvaluateMappingTemplate,
        (Some(_), Some(_)) => return failed("The request has both code and template."),
        (None, None) => return failed("The request has neither code nor template."),
    };
    let evaluation = catch_unwind(AssertUnwindSafe(|| operations.answer(operation, &request)));
    match evaluation {
        Ok(Ok(answer)) => answer,
        Ok(Err(BadRequest(message))) => failed(&message),
        Err(_) => failed("The evaluation failed inside Syncgate; the reason stands on standard error."),
    }
}

/// The answer to a line that is no request.
fn failed(message: &str) -> Value {
    let mut error = Object::with_capacity(2);
    error.insert("message", message);
    error.insert("type", "BadRequestException");
    let mut answer = Object::with_capacity(1);
    answer.insert("error", error);
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &[u8]) -> Vec<String> {
        let operations = Operations::new(Conditions::default(), Form::Loose, true);
        let mut output = Vec::new();
        answer_lines(&operations, &mut BufReader::with_capacity(7, input), &mut output).expect("nothing fails");
        String::from_utf8(output).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_line_has_its_answer_and_no_line_ends_the_others() {
        let code = r#"{"code": "export function request(ctx) { return ctx.args.a }", "context": "{\"arguments\":{\"a\":1}}"}"#;
        let template = r#"{"template": "$ctx.args.a", "context": {"arguments": {"a": 2}}}"#;
        let input = format!(
            "{code}\n\n{{nonsense\n[]\n{{}}\n{template}\r\n\u{0}\n{{\"code\":1}}\n{{\"code\":\"\",\"template\":\"\"}}\n{code}"
        );
        let answers = answers(input.as_bytes());
        let begins = [
            r#"{"evaluationResult":"1","#,
            r#"{"error":{"message":"The line is no JSON: "#,
            r#"{"error":{"message":"The request has neither"#,
            r#"{"error":{"message":"The request has neither"#,
            r#"{"evaluationResult":"2","#,
            r#"{"error":{"message":"The line is no JSON: "#,
            r#"{"error":{"message":"code is a number, not a string.""#,
            r#"{"error":{"message":"The request has both"#,
            r#"{"evaluationResult":"1","#,
        ];
        assert_eq!(answers.len(), begins.len(), "{answers:#?}");
        for (answer, begin) in answers.iter().zip(begins) {
            assert!(answer.starts_with(begin), "{answer} does not begin with {begin}");
        }
        assert_eq!(self::answers(b"\xff\xfe\n").len(), 1);
    }
}
