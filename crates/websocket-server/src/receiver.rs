//! The half that belongs to the connection's task: it reads, and it drives what others began to write.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep};

use crate::Limits;
use crate::assembler::{Assembler, Event};
use crate::close::{Closed, ProtocolError};
use crate::connection::{Connection, Turn};

/// Most bytes of one read, which live on the stack.
const CHUNK_BYTES: usize = 16 * 1024;

/// A message of the peer, put together from its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

/// Reads from one connection, and drives it. Dropping it ends the connection at once, without a close frame.
pub struct Receiver {
    connection: Arc<Connection>,
    assembler: Assembler,
    /// Bytes of the last read behind the message that was returned.
    unread: Bytes,
    close_timeout: Duration,
    /// Runs out when the close has taken too long.
    deadline: Option<Pin<Box<Sleep>>>,
    closed: Option<Closed>,
}

impl Receiver {
    pub(crate) fn new(connection: Arc<Connection>, read_ahead: Bytes, limits: Limits) -> Self {
        Receiver {
            connection,
            assembler: Assembler::new(limits.message_bytes),
            unread: read_ahead,
            close_timeout: limits.close_timeout,
            deadline: None,
            closed: None,
        }
    }

    /// The next message, or why there will be none; then the socket is closed, and every further call says the same.
    ///
    /// Cancel safe: nothing is lost when the future is dropped. Pings, fragments and the closing handshake are dealt
    /// with inside. While a close takes its time, messages are thrown away.
    pub async fn next(&mut self) -> Result<Message, Closed> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Throws messages away until the connection is closed; what a host calls after
    /// [`Sender::close`](crate::Sender::close) when it wants the peer to learn of it.
    pub async fn finish(mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }

    /// [`Receiver::next`] for a task that is written by hand.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Closed>> {
        if let Some(closed) = &self.closed {
            return Poll::Ready(Err(closed.clone()));
        }
        loop {
            if !self.unread.is_empty() {
                let mut unread = mem::take(&mut self.unread);
                let mut input = &unread[..];
                let event = self.assembler.advance(&mut input);
                unread.advance(unread.len() - input.len());
                if !unread.is_empty() {
                    self.unread = unread;
                }
                if let Some(message) = self.handle(event, cx) {
                    return Poll::Ready(Ok(message));
                }
                continue;
            }
            if let Some(deadline) = &mut self.deadline
                && deadline.as_mut().poll(cx).is_ready()
            {
                let why = self.connection.why();
                return Poll::Ready(Err(self.end(why)));
            }
            let mut chunk = [const { MaybeUninit::uninit() }; CHUNK_BYTES];
            let mut buffer = ReadBuf::uninit(&mut chunk);
            match self.connection.poll(cx, &mut buffer, self.deadline.is_some()) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Turn::Over(why)) => return Poll::Ready(Err(self.end(why))),
                Poll::Ready(Turn::Limited) => self.deadline = Some(Box::pin(sleep(self.close_timeout))),
                Poll::Ready(Turn::Discard) => {}
                Poll::Ready(Turn::Read) => {
                    let mut input = buffer.filled();
                    let event = self.assembler.advance(&mut input);
                    self.unread = Bytes::copy_from_slice(input);
                    if let Some(message) = self.handle(event, cx) {
                        return Poll::Ready(Ok(message));
                    }
                }
            }
        }
    }

    /// Acts on what the peer said; gives the message that the host is to have.
    fn handle(&mut self, event: Result<Option<Event>, ProtocolError>, cx: &mut Context<'_>) -> Option<Message> {
        match event {
            Ok(None) => {}
            Ok(Some(Event::Ping(payload))) => self.connection.pong(&payload),
            Ok(Some(Event::Close(frame))) => {
                // Nothing may follow a close frame, and what follows nevertheless is not looked at.
                self.unread = Bytes::new();
                self.connection.peer_closed(frame);
            }
            Ok(Some(Event::Message(message))) if self.deadline.is_none() => {
                // Pings before the message are answered before the host takes its time.
                self.connection.poll_write(cx);
                return Some(message);
            }
            Ok(Some(Event::Message(_))) => {}
            Err(error) => {
                self.unread = Bytes::new();
                self.connection.fail(error);
            }
        }
        None
    }

    fn end(&mut self, why: Closed) -> Closed {
        self.connection.end();
        self.unread = Bytes::new();
        self.deadline = None;
        self.closed = Some(why.clone());
        why
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.connection.end();
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("closed", &self.closed).finish_non_exhaustive()
    }
}
