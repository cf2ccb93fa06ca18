//! The error objects that Lambda itself answers with when the function could not: their types and sentences.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

/// An answer in the function's place: `errorType` and `errorMessage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The process ended; `Runtime.ExitError`.
    Exited(String),
    /// The time was up; `Sandbox.Timedout`.
    TimedOut(Duration),
    /// The answer was too large; `Function.ResponseSizeTooLarge`.
    ResponseTooLarge(usize),
    /// There is no program to start; `Runtime.InvalidEntrypoint`.
    InvalidEntrypoint(String),
    /// The runtime's own report, passed on as it is.
    Reported(Bytes),
}

impl Failure {
    /// The error object.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        let (error_type, message) = match self {
            Self::Exited(reason) => ("Runtime.ExitError", format!("RequestId: {request_id} Error: {reason}")),
            Self::TimedOut(timeout) => ("Sandbox.Timedout", format!("RequestId: {request_id} Error: {}", timed_out(*timeout))),
            Self::InvalidEntrypoint(reason) => ("Runtime.InvalidEntrypoint", format!("RequestId: {request_id} Error: {reason}")),
            Self::ResponseTooLarge(limit) => (
                "Function.ResponseSizeTooLarge",
                format!("Response payload size exceeded maximum allowed payload size ({limit} bytes)."),
            ),
            Self::Reported(payload) => return payload.clone(),
        };
        Bytes::from(json!({ "errorType": error_type, "errorMessage": message }).to_string())
    }

    /// What Lambda writes to the log about it; nothing where the runtime wrote something itself.
    pub(crate) fn log_line(&self, request_id: &str) -> Option<String> {
        match self {
            Self::Exited(reason) => Some(format!("RequestId: {request_id} Error: {reason}\nRuntime.ExitError")),
            Self::TimedOut(timeout) => Some(format!("{} {request_id} {}", now(), timed_out(*timeout))),
            Self::InvalidEntrypoint(reason) => {
                Some(format!("RequestId: {request_id} Error: {reason}\nRuntime.InvalidEntrypoint"))
            }
            Self::ResponseTooLarge(_) | Self::Reported(_) => None,
        }
    }
}

/// The moment as Lambda's log writes it: UTC with milliseconds.
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

fn timed_out(timeout: Duration) -> String {
    format!("Task timed out after {:.2} seconds", timeout.as_secs_f64())
}

/// How a process ended, in Lambda's words.
pub(crate) fn exit_reason(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => {
            let dumped = if status.core_dumped() { " (core dumped)" } else { "" };
            format!("Runtime exited with error: signal: {}{dumped}", signal_name(signal.unwrap_or_default()))
        }
    }
}

/// Go's names of signals, since Lambda's supervisor is written in Go and prints those.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_reasons_have_lambdas_words() {
        let cases = [
            (0, "Runtime exited without providing a reason"),
            (1 << 8, "Runtime exited with error: exit status 1"),
            (129 << 8, "Runtime exited with error: exit status 129"),
            (9, "Runtime exited with error: signal: killed"),
            (6 | 0x80, "Runtime exited with error: signal: aborted (core dumped)"),
            (64, "Runtime exited with error: signal: signal 64"),
        ];
        for (raw, expected) in cases {
            assert_eq!(exit_reason(ExitStatus::from_raw(raw)), expected);
        }
    }

    #[test]
    fn error_objects_name_request_and_cause() {
        let cases = [
            (
                Failure::TimedOut(Duration::from_secs(3)),
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r1 Error: Task timed out after 3.00 seconds"}"#,
            ),
            (
                Failure::Exited("Runtime exited with error: exit status 1".to_owned()),
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r1 Error: Runtime exited with error: exit status 1"}"#,
            ),
            (Failure::Reported(Bytes::from_static(b"as it is")), "as it is"),
        ];
        for (failure, expected) in cases {
            let payload = failure.payload("r1");
            let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
            let same =
                payload == expected.as_bytes() || json(&payload).is_some_and(|value| Some(value) == json(expected.as_bytes()));
            assert!(same, "{payload:?}");
        }
        let line = Failure::TimedOut(Duration::from_millis(2_500)).log_line("r1").expect("a timeout is logged");
        assert!(line.ends_with("Z r1 Task timed out after 2.50 seconds"), "{line}");
    }
}
