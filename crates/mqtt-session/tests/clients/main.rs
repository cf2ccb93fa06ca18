//! Sessions against clients that we did not write: Mosquitto's programs and Eclipse Paho for Python, over plain TCP, which
//! MQTT does not tell from a WebSocket. `SYNCGATE_SKIP_SERVERS=1` leaves them out.
//!
//! Both come with `apt-get install mosquitto-clients python3-paho-mqtt` (`scripts/test` does that); Paho is looked for in the
//! system's own Python, or in the one that `SYNCGATE_PYTHON_WITH_PAHO` names.

mod mosquitto;
mod paho;
mod server;

use std::process::{Command, Output};

/// Whether a test that runs `program` is to run; says so if not.
fn is_wanted(test: &str) -> bool {
    let is_skipped = std::env::var_os("SYNCGATE_SKIP_SERVERS").is_some_and(|value| value == "1");
    if is_skipped {
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!("SKIPPED: {test}: SYNCGATE_SKIP_SERVERS=1 leaves out what runs independent programs");
        }
    }
    !is_skipped
}

/// Runs a program to its end, for 30 seconds at most.
fn run(command: &mut Command, package: &str) -> Output {
    let program = command.get_program().to_owned();
    let mut limited = Command::new("timeout");
    limited.arg("30").arg(&program).args(command.get_args());
    let output = limited.output().expect("coreutils have `timeout`");
    assert!(
        !matches!(output.status.code(), Some(124 | 126 | 127)),
        "{program:?} did not run or did not end: it comes with `apt-get install {package}`; SYNCGATE_SKIP_SERVERS=1 skips the \
         tests that need it\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
