//! The scripts that drive other people's clients.
//!
//! A [`Script`] is told what to do, and tells what happens; a test waits for what must happen, and shows that nothing else did by what
//! comes after it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use value::{Value, value};

use crate::harness::read;

/// How long an event may take before the test gives up; Amplify alone waits five seconds before it connects again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that a script drives. It ends when this goes away.
pub(crate) struct Script {
    child: Child,
    input: ChildStdin,
    events: Receiver<Value>,
    errors: NamedTempFile,
    /// What was told and nobody waited for yet.
    waiting: VecDeque<Value>,
    /// All that was told.
    seen: Vec<Value>,
}

impl Script {
    /// Runs it, and tells it this configuration.
    pub(crate) fn start(mut command: Command, configuration: &Value) -> Self {
        let errors = NamedTempFile::new().expect("a temporary file");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors.reopen().expect("the same file"));
        let mut child = command.spawn().expect("the script starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // Clients write warnings of their own to standard output.
                let event = Value::parse(line.as_bytes()).unwrap_or_else(|_| value!({"event": "said", "text": line}));
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let mut script = Self { child, input, events, errors, waiting: VecDeque::new(), seen: Vec::new() };
        script.tell("configure", configuration);
        script
    }

    /// Tells it to do something.
    #[track_caller]
    pub(crate) fn tell(&mut self, command: &str, more: &Value) {
        let mut line = value!({"command": command});
        for (name, value) in more.as_object().expect("an object") {
            line.as_object_mut().expect("an object").insert(&**name, value.clone());
        }
        if writeln!(self.input, "{line}").is_err() {
            self.give_up(&format!("to be told {line}"));
        }
    }

    /// Waits for the first event that fits and nobody waited for. Others stay, so what different subscriptions get need not be
    /// waited for in its order.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(at).expect("it is there");
        }
        let start = Instant::now();
        loop {
            match self.events.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if fits(&event) {
                        return event;
                    }
                    if is(&event, "thrown") {
                        self.give_up(&format!("{what}, but an exception"));
                    }
                    self.waiting.push_back(event);
                }
                Err(RecvTimeoutError::Timeout) => self.give_up(&format!("{what} in time")),
                Err(RecvTimeoutError::Disconnected) => self.give_up(&format!("{what} before its end")),
            }
        }
    }

    /// Waits for the next event of this kind.
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.until(kind, |event| is(event, kind))
    }

    /// Waits for the next event of this kind that a subscription has.
    #[track_caller]
    pub(crate) fn event_of(&mut self, kind: &str, name: &str) -> Value {
        self.until(&format!("{kind} of {name}"), |event| is(event, kind) && text(event, "name") == name)
    }

    /// Waits for the next data of a subscription, or what came instead.
    #[track_caller]
    pub(crate) fn next(&mut self, name: &str) -> Value {
        let kinds = ["next", "error", "complete"];
        self.until(&format!("data of {name}"), |event| kinds.iter().any(|kind| is(event, kind)) && text(event, "name") == name)
    }

    /// Waits for the next frame of this type from the server.
    #[track_caller]
    pub(crate) fn frame(&mut self, kind: &str) -> Value {
        let fits = |event: &Value| is(event, "received") && text(&frame(event), "type") == kind;
        let event = self.until(&format!("the frame {kind}"), fits);
        frame(&event)
    }

    /// How many events of this kind there were up to the last one that was waited for.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.counted(|event| is(event, kind))
    }

    /// As [`Script::count`], those that fit.
    pub(crate) fn counted(&self, fits: impl Fn(&Value) -> bool) -> usize {
        self.seen.iter().filter(|event| fits(event)).count()
    }

    #[track_caller]
    fn give_up(&self, what: &str) -> ! {
        let seen: Vec<String> = self.seen.iter().map(Value::to_json).collect();
        panic!("no {what}; the script told:\n{}\n--- its standard error:\n{}---", seen.join("\n"), read(self.errors.path()))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Both fail only for a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether an event is of this kind.
pub(crate) fn is(event: &Value, kind: &str) -> bool {
    text(event, "event") == kind
}

/// A member that is text, or nothing.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The message in an event `received` or `sent`.
pub(crate) fn frame(event: &Value) -> Value {
    Value::parse(text(event, "text").as_bytes()).unwrap_or_default()
}

/// The words of an error.
pub(crate) fn said(event: &Value) -> String {
    match event.get("errors") {
        Some(errors) => errors.to_json(),
        None => text(event, "message").to_owned(),
    }
}
