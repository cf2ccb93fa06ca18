//! `syncgate subscribe` as a child process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Output;

/// A subscription that runs. It is killed when this goes away.
pub(crate) struct Subscriber {
    child: Child,
    answers: Option<BufReader<ChildStdout>>,
    said: BufReader<ChildStderr>,
}

impl Subscriber {
    /// Starts the command.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let answers = Some(BufReader::new(child.stdout.take().expect("standard output is a pipe")));
        let said = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
        Self { child, answers, said }
    }

    /// The next line on standard error; the first one says that the subscription is live.
    pub(crate) fn said(&mut self) -> String {
        line(&mut self.said)
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> String {
        line(self.answers.as_mut().expect("somebody reads"))
    }

    /// Reads no more answers.
    pub(crate) fn ignore(&mut self) {
        self.answers = None;
    }

    /// What Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("the id of a child");
        kill_process(pid, Signal::INT).expect("the child is there");
    }

    /// Waits for its end; the output is what was not read before.
    pub(crate) fn end(mut self) -> Output {
        let mut output = Output { code: None, stdout: String::new(), stderr: String::new() };
        if let Some(answers) = &mut self.answers {
            answers.read_to_string(&mut output.stdout).expect("text");
        }
        self.said.read_to_string(&mut output.stderr).expect("text");
        output.code = self.child.wait().expect("it ends").code();
        output
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // Both fail only for a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next line without its end; empty at the end.
fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("text");
    line.truncate(line.trim_end().len());
    line
}
