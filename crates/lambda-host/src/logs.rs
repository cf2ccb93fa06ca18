//! What a function writes: lines from its two pipes, each with the request id it belongs to, and the last 4 KB per invocation.
//!
//! A line that a process wrote before it reported its answer is in the pipe by then. So the pipes are emptied once more when the
//! answer arrives, and each line finds its own invocation although pipes and socket know nothing of each other.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::unix::pipe;

use crate::settings::{LogLine, LogSink, Stream};

/// `LogType: Tail` gives so much.
const TAIL: usize = 4 << 10;
/// A longer line is cut in pieces (CloudWatch's largest event).
const LONGEST_LINE: usize = 256 << 10;
/// What is read at most from each pipe when an invocation begins or ends: what a pipe holds.
const DRAIN: usize = 64 << 10;
/// What is read at most from each pipe in one turn of [`Logs::pump`]. Each byte may be a line, and the thread serves others, too: a
/// process that floods its output must not delay them.
const TURN: usize = 2 << 10;

/// The output of one process.
#[derive(Debug)]
pub(crate) struct Logs {
    function: Arc<str>,
    log_stream: String,
    sink: Option<LogSink>,
    stdout: pipe::Receiver,
    stderr: pipe::Receiver,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    request_id: Option<Arc<str>>,
    partial: [Vec<u8>; 2],
    ended: [bool; 2],
    tail: Tail,
}

impl Logs {
    pub(crate) fn new(
        function: Arc<str>,
        log_stream: String,
        sink: Option<LogSink>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> io::Result<Self> {
        Ok(Self {
            function,
            log_stream,
            sink,
            stdout: pipe::Receiver::from_owned_fd(stdout)?,
            stderr: pipe::Receiver::from_owned_fd(stderr)?,
            state: Mutex::default(),
        })
    }

    /// Reads both pipes until both are closed. Owned by the process's task.
    pub(crate) async fn pump(&self) {
        loop {
            let [stdout_ended, stderr_ended] = self.state().ended;
            let readable = match (stdout_ended, stderr_ended) {
                (true, true) => return,
                (false, true) => self.stdout.readable().await,
                (true, false) => self.stderr.readable().await,
                (false, false) => tokio::select! {
                    readable = self.stdout.readable() => readable,
                    readable = self.stderr.readable() => readable,
                },
            };
            if readable.is_err() {
                return;
            }
            self.drain_into(&mut self.state(), TURN);
            tokio::task::yield_now().await;
        }
    }

    /// From here on lines belong to this invocation. The lines before (of the initialization, when it is the first) were taken.
    pub(crate) fn begin(&self, request_id: &Arc<str>) {
        let mut state = self.state();
        self.drain_into(&mut state, DRAIN);
        if state.request_id.is_some() {
            state.tail = Tail::default();
        }
        state.request_id = Some(Arc::clone(request_id));
        state.tail.push(&format!("START RequestId: {request_id} Version: $LATEST"));
    }

    /// The invocation has its answer: everything written so far belongs to it, a line without an end included.
    pub(crate) fn finish(&self) {
        let mut state = self.state();
        self.drain_into(&mut state, DRAIN);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let partial = std::mem::take(&mut state.partial[index(stream)]);
            if !partial.is_empty() {
                self.write(&mut state, stream, &partial);
            }
        }
    }

    /// Adds what the platform has to say about a failure.
    pub(crate) fn platform(&self, text: &str) {
        self.emit(&mut self.state(), Stream::Platform, text);
    }

    /// Adds a line of the platform's own to the tail only.
    pub(crate) fn note(&self, line: &str) {
        self.state().tail.push(line);
    }

    /// The last 4 KB.
    pub(crate) fn tail(&self) -> String {
        self.state().tail.text()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is in the pipes now, up to `limit` bytes of each.
    fn drain_into(&self, state: &mut State, limit: usize) {
        for (stream, receiver) in [(Stream::Stdout, &self.stdout), (Stream::Stderr, &self.stderr)] {
            let mut buffer = [0; 8 << 10];
            let mut taken = 0;
            while !state.ended[index(stream)] && taken < limit {
                let room = buffer.len().min(limit - taken);
                match receiver.try_read(&mut buffer[..room]) {
                    Ok(0) => state.ended[index(stream)] = true,
                    Ok(length) => {
                        taken += length;
                        self.split(state, stream, &buffer[..length]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => state.ended[index(stream)] = true,
                }
            }
        }
    }

    fn split(&self, state: &mut State, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut line = std::mem::take(&mut state.partial[index(stream)]);
            line.extend_from_slice(piece.strip_suffix(b"\n").unwrap_or(piece));
            while line.len() > LONGEST_LINE {
                let rest = line.split_off(LONGEST_LINE);
                self.write(state, stream, &line);
                line = rest;
            }
            if piece.ends_with(b"\n") {
                self.write(state, stream, &line);
                line.clear();
            }
            // The emptied buffer goes back, so that its memory serves the next line.
            state.partial[index(stream)] = line;
        }
    }

    fn write(&self, state: &mut State, stream: Stream, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        self.emit(state, stream, text.strip_suffix('\r').unwrap_or(&text));
    }

    fn emit(&self, state: &mut State, stream: Stream, text: &str) {
        state.tail.push(text);
        let request_id = state.request_id.as_deref();
        tracing::info!(target: "lambda_host::log", function = &*self.function, request_id, "{text}");
        if let Some(sink) = &self.sink {
            sink.write(&LogLine { function: &self.function, log_stream: &self.log_stream, request_id, stream, text });
        }
    }
}

/// The place of a pipe's state.
fn index(stream: Stream) -> usize {
    usize::from(stream == Stream::Stderr)
}

/// The end of a text that keeps growing.
#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn push(&mut self, line: &str) {
        let line = line.as_bytes();
        self.0.extend(&line[line.len().saturating_sub(TAIL)..]);
        self.0.push_back(b'\n');
        let excess = self.0.len().saturating_sub(TAIL);
        self.0.drain(..excess);
    }

    fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        // A cut may fall inside a character: its rest is left out.
        let start = bytes.iter().position(|byte| byte & 0xC0 != 0x80).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_flood_of_lines_takes_a_short_turn_at_a_time() {
        const LINES: usize = 60_000;
        let (stdout, mut process) = io::pipe().expect("a pipe");
        let (stderr, _) = io::pipe().expect("a pipe");
        process.write_all(&[b'\n'; LINES]).expect("a pipe holds so much");
        let lines = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lines);
        let sink = LogSink::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let logs = Logs::new("flood".into(), String::new(), Some(sink), stdout.into(), stderr.into()).expect("two pipes");
        let mut pump = Box::pin(logs.pump());
        let mut before = 0;
        while before < LINES {
            assert!(pump.as_mut().now_or_never().is_none(), "the process lives");
            let now = lines.load(Ordering::Relaxed);
            assert!(now - before <= TURN, "{} in one turn", now - before);
            before = now;
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_tail_keeps_the_last_four_kilobytes_in_whole_characters() {
        let mut tail = Tail::default();
        tail.push("first");
        tail.push(&"ü".repeat(5_000));
        tail.push("end");
        let text = tail.text();
        assert!(text.len() <= TAIL && text.len() > TAIL - 4, "{}", text.len());
        assert!(text.starts_with('ü') && text.ends_with("ü\nend\n"));
        assert!(!text.contains("first"));
    }
}
