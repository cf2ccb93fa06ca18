//! What both halves share: the stream, the outbox and the phase, behind one lock that is held for one write or
//! read at a time and never while waiting.
//!
//! No wake-up is lost because of one invariant: whenever something is left to write, the last attempt to write ended
//! with [`Poll::Pending`] and the waker of the connection's task, or is about to be repeated by that task. A sender
//! appends to an outbox that holds something, and writes only when it holds nothing; the task writes whenever it is
//! polled. What a sender does beyond that (a close, an overflow, a failure) wakes the task.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use crate::Limits;
use crate::close::{CloseCode, CloseFrame, Closed, ProtocolError};
use crate::frame;
use crate::outbox::Outbox;
use crate::sender::SendError;

/// Pongs that wait together; with more, only the newest ping is answered, as RFC 6455 section 5.5.3 allows.
const PONG_BYTES: usize = 4096;

/// A stream, whatever it is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How far a connection is in its life.
enum Phase {
    Open,
    /// Our close frame is on its way; the peer's is awaited.
    Closing(Closed),
    /// Nothing is expected from the peer: what is queued is written, and the stream ends.
    Finishing(Closed),
    /// The peer broke the protocol: as Finishing, but its bytes are read and thrown away, because to close a
    /// socket with unread bytes resets it, and the peer would not see the close frame.
    Failing {
        why: Closed,
        is_shut: bool,
    },
    Broken(Closed),
    Ended,
}

struct State {
    /// `None` once the connection has ended.
    stream: Option<Box<dyn Stream>>,
    outbox: Outbox,
    /// Encoded pongs.
    pongs: Vec<u8>,
    /// Whether the stream may hold bytes itself, as a TLS stream does.
    is_unflushed: bool,
    /// The connection's task.
    waker: Option<Waker>,
    phase: Phase,
}

/// What the receiver does next.
pub(crate) enum Turn {
    /// Bytes have been read.
    Read,
    /// Bytes have been read that nobody is to look at.
    Discard,
    /// The close has begun: its time is limited from now on.
    Limited,
    /// It is over.
    Over(Closed),
}

/// One connection as both halves see it.
pub(crate) struct Connection {
    outbox_limit: usize,
    is_vectored: bool,
    state: Mutex<State>,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>, limits: Limits) -> Arc<Self> {
        Arc::new(Connection {
            outbox_limit: limits.outbox_bytes,
            is_vectored: stream.is_write_vectored(),
            state: Mutex::new(State {
                stream: Some(stream),
                outbox: Outbox::default(),
                pongs: Vec::new(),
                is_unflushed: false,
                waker: None,
                phase: Phase::Open,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A stream that panicked leaves at worst a frame written in part, which its next error or the peer ends.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_vectored(&self) -> bool {
        self.is_vectored
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock().outbox.bytes()
    }

    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self.lock().phase, Phase::Open)
    }

    /// Writes a whole frame, or queues what the socket does not take of it.
    pub(crate) fn send(&self, head: &[u8], shared: &Bytes, tail: &[u8]) -> Result<(), SendError> {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::Open) {
            return Err(SendError::Closed);
        }
        let length = head.len() + shared.len() + tail.len();
        if state.outbox.is_empty() {
            state.write_directly(head, shared, tail);
            if matches!(state.phase, Phase::Open) {
                return Ok(());
            }
            wake(state);
            return Err(SendError::Closed);
        }
        if length <= self.outbox_limit.saturating_sub(state.outbox.bytes()) {
            state.outbox.push(head, shared, tail);
            return Ok(());
        }
        let (frames, bytes) = state.outbox.drop_unbegun();
        let why = Closed::Overflowed { frames: frames + 1, bytes: bytes + length };
        let close = frame::close_content(CloseCode::TRY_AGAIN_LATER, "slow consumer");
        state.queue_close(Some(&close), Phase::Closing(why));
        wake(state);
        Err(SendError::Overflowed)
    }

    /// Begins to close from our side.
    pub(crate) fn close(&self, frame: CloseFrame) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Open) {
            state.queue_close(Some(&frame.clone()), Phase::Closing(Closed::ByServer { frame, acknowledged: false }));
            wake(state);
        }
    }

    /// Queues the answer to a ping, to be written with the next [`Connection::poll`] or [`Connection::poll_write`].
    pub(crate) fn pong(&self, payload: &[u8]) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Open) {
            if state.pongs.len() > PONG_BYTES {
                state.pongs.clear();
            }
            frame::write_pong(&mut state.pongs, payload);
        }
    }

    /// The peer sent a close frame: it is answered, or it is the answer.
    pub(crate) fn peer_closed(&self, frame: Option<CloseFrame>) {
        let mut state = self.lock();
        match &mut state.phase {
            Phase::Open => {
                let answer = frame.clone();
                state.queue_close(answer.as_ref(), Phase::Finishing(Closed::ByPeer(frame)));
            }
            Phase::Closing(why) => {
                if let Closed::ByServer { acknowledged, .. } = why {
                    *acknowledged = true;
                }
                let why = why.clone();
                state.phase = Phase::Finishing(why);
            }
            Phase::Finishing(_) | Phase::Failing { .. } | Phase::Broken(_) | Phase::Ended => {}
        }
    }

    /// The peer broke the protocol: it is told, and its bytes are not understood any more.
    pub(crate) fn fail(&self, error: ProtocolError) {
        let mut state = self.lock();
        let why = match &state.phase {
            Phase::Open => {
                let frame = frame::close_content(error.close_code(), &error.to_string());
                state.queue_close(Some(&frame), Phase::Failing { why: Closed::Protocol(error), is_shut: false });
                return;
            }
            Phase::Closing(why) => why.clone(),
            Phase::Finishing(_) | Phase::Failing { .. } | Phase::Broken(_) | Phase::Ended => return,
        };
        state.phase = Phase::Failing { why, is_shut: false };
    }

    /// Writes what can be written now, in the name of the connection's task.
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>) {
        let mut state = self.lock();
        state.keep_waker(cx);
        let _ = state.poll_drain(cx);
    }

    /// Writes what can be written and then reads. `is_limited` tells that the time of the close is running.
    pub(crate) fn poll(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>, is_limited: bool) -> Poll<Turn> {
        let mut state = self.lock();
        state.keep_waker(cx);
        let is_drained = state.poll_drain(cx).is_ready();
        let State { stream, phase, .. } = &mut *state;
        let Some(stream) = stream else { return Poll::Ready(Turn::Over(Closed::Disconnected)) };
        let mut stream = Pin::new(stream);
        let mut turn = Turn::Read;
        let why_at_end = match phase {
            Phase::Broken(why) => return Poll::Ready(Turn::Over(why.clone())),
            Phase::Open => None,
            _ if !is_limited => return Poll::Ready(Turn::Limited),
            Phase::Closing(why) => Some(why.clone()),
            Phase::Finishing(why) => {
                if is_drained && stream.as_mut().poll_shutdown(cx).is_ready() {
                    return Poll::Ready(Turn::Over(why.clone()));
                }
                return Poll::Pending;
            }
            Phase::Failing { why, is_shut } => {
                *is_shut = *is_shut || (is_drained && stream.as_mut().poll_shutdown(cx).is_ready());
                turn = Turn::Discard;
                Some(why.clone())
            }
            Phase::Ended => Some(Closed::Disconnected),
        };
        match stream.poll_read(cx, buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Poll::Ready(turn),
            Poll::Ready(Ok(())) => Poll::Ready(Turn::Over(why_at_end.unwrap_or(Closed::Disconnected))),
            Poll::Ready(Err(error)) => Poll::Ready(Turn::Over(why_at_end.unwrap_or(closed_by(&error)))),
        }
    }

    /// Why the connection is closing, when its time is up.
    pub(crate) fn why(&self) -> Closed {
        match &self.lock().phase {
            Phase::Closing(why) | Phase::Finishing(why) | Phase::Failing { why, .. } | Phase::Broken(why) => why.clone(),
            Phase::Open | Phase::Ended => Closed::Disconnected,
        }
    }

    /// Lets go of the stream and of everything that waits.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        state.outbox = Outbox::default();
        state.pongs = Vec::new();
        state.waker = None;
        let stream = state.stream.take();
        drop(state);
        drop(stream);
    }
}

impl State {
    fn keep_waker(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    /// Writes a frame past the empty outbox and queues what is left of it.
    fn write_directly(&mut self, head: &[u8], shared: &Bytes, tail: &[u8]) {
        let length = head.len() + shared.len() + tail.len();
        let written = self.as_task(|state, cx| {
            let Some(stream) = &mut state.stream else { return Poll::Ready(Ok(0)) };
            let stream = Pin::new(stream);
            if shared.is_empty() && tail.is_empty() {
                stream.poll_write(cx, head)
            } else {
                stream.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(shared), IoSlice::new(tail)])
            }
        });
        let written = match written {
            Poll::Pending => 0,
            Poll::Ready(Ok(written)) if written > 0 => written,
            Poll::Ready(Ok(_)) => return self.break_off(&io::ErrorKind::WriteZero.into()),
            Poll::Ready(Err(error)) => return self.break_off(&error),
        };
        if written < length {
            self.outbox.push(head, shared, tail);
            self.outbox.advance(written);
        }
        self.is_unflushed |= written > 0;
        self.drain_as_task();
    }

    /// Queues a close frame behind what waits, and tries to write.
    fn queue_close(&mut self, frame: Option<&CloseFrame>, phase: Phase) {
        if !self.pongs.is_empty() {
            let pongs = std::mem::take(&mut self.pongs);
            self.outbox.push(&pongs, &Bytes::new(), &[]);
        }
        self.outbox.push(&frame::close(frame), &Bytes::new(), &[]);
        self.phase = phase;
        self.drain_as_task();
    }

    fn drain_as_task(&mut self) {
        let _ = self.as_task(State::poll_drain);
    }

    /// Polls in the name of the connection's task, whose waker the stream then knows. Before that task was polled for
    /// the first time there is none, and none is needed: its first poll tries again.
    ///
    /// Tokio makes each task yield after a number of operations, by letting them fail. Here the operations of one task
    /// (who publishes to a thousand connections) belong to a thousand others, each of which would be woken for
    /// nothing, so that this budget does not count.
    fn as_task<T>(&mut self, mut poll: impl FnMut(&mut State, &mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let waker = self.waker.take();
        let mut cx = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        let polled = pin!(coop::unconstrained(poll_fn(|cx| poll(self, cx)))).poll(&mut cx);
        self.waker = waker;
        polled
    }

    /// Writes until nothing is left, or the stream takes no more.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.outbox.is_empty() && !self.pongs.is_empty() {
                let pongs = std::mem::take(&mut self.pongs);
                self.outbox.push(&pongs, &Bytes::new(), &[]);
            }
            let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
            let mut stream = Pin::new(stream);
            if self.outbox.is_empty() {
                if self.is_unflushed {
                    match stream.poll_flush(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(())) => self.is_unflushed = false,
                        Poll::Ready(Err(error)) => self.break_off(&error),
                    }
                }
                return Poll::Ready(());
            }
            let written = {
                let (slices, count) = self.outbox.slices();
                if count > 1 && stream.is_write_vectored() {
                    stream.as_mut().poll_write_vectored(cx, &slices[..count])
                } else {
                    stream.as_mut().poll_write(cx, &slices[0])
                }
            };
            match written {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => self.break_off(&io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.outbox.advance(written);
                    self.is_unflushed = true;
                }
                Poll::Ready(Err(error)) => self.break_off(&error),
            }
        }
    }

    /// Nothing can be written any more.
    fn break_off(&mut self, error: &io::Error) {
        self.outbox = Outbox::default();
        self.pongs = Vec::new();
        self.is_unflushed = false;
        self.phase = match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Open => Phase::Broken(closed_by(error)),
            Phase::Closing(why) | Phase::Finishing(why) | Phase::Failing { why, .. } | Phase::Broken(why) => Phase::Broken(why),
            Phase::Ended => Phase::Ended,
        };
    }
}

/// Wakes the connection's task, without the lock.
fn wake(state: MutexGuard<'_, State>) {
    let waker = state.waker.clone();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn closed_by(error: &io::Error) -> Closed {
    match error.kind() {
        // How a TLS stream reports an end without its own farewell.
        io::ErrorKind::UnexpectedEof => Closed::Disconnected,
        kind => Closed::Io(kind),
    }
}
