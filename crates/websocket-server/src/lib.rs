//! The server's side of one WebSocket connection (RFC 6455), after the upgrade.
//!
//! [`accept`] takes a stream that has just answered the upgrade and gives two halves. The [`Receiver`] belongs to
//! the connection's task: it reads messages, answers pings and close frames, and writes what could not be written
//! at once. The [`Sender`] may be cloned and used from any thread: sending writes to the socket there and then,
//! so that an event for a thousand connections costs a thousand writes and wakes no task. Only what the
//! socket does not take waits in memory, up to [`Limits::outbox_bytes`]; beyond that the peer is a slow consumer and
//! the connection is closed.
//!
//! An idle connection holds no buffer: bytes are read into the stack of the polled task and copied only into the
//! message they belong to.
//!
//! Not here: the HTTP upgrade, extensions (none is negotiated, so compressed frames are refused), what the
//! messages mean, and keep-alives of a protocol above. A peer that vanished without a word is found by the kernel:
//! see [`TcpOptions`].

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

mod assembler;
mod close;
mod connection;
mod frame;
mod outbox;
mod receiver;
mod sender;
mod tcp;

pub use close::{CloseCode, CloseFrame, Closed, InvalidCloseCode, ProtocolError};
pub use receiver::{Message, Receiver};
pub use sender::{SendError, Sender};
pub use tcp::TcpOptions;

/// What one connection may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message taken from the peer, in bytes of its payload. A longer one closes the connection with 1009.
    pub message_bytes: usize,
    /// Most bytes of frames that wait because the peer does not read. A frame that would exceed it closes the
    /// connection with 1013. A frame that begins on an empty outbox is taken whatever its length.
    pub outbox_bytes: usize,
    /// How long a close may take: writing what waits, and then the peer's part of the closing handshake.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { message_bytes: 1 << 20, outbox_bytes: 1 << 20, close_timeout: Duration::from_secs(5) }
    }
}

/// Takes over a stream whose upgrade has been answered. `read_ahead` is what the HTTP side has read beyond the
/// upgrade request.
///
/// The [`Receiver`] must be polled by a task: it is woken when the peer writes, when the socket takes bytes again, and
/// when a [`Sender`] closes the connection. While the task waits for something else instead, bytes that the
/// socket did not take stay where they are.
pub fn accept<S>(stream: S, read_ahead: Bytes, limits: Limits) -> (Sender, Receiver)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = connection::Connection::new(Box::new(stream), limits);
    (Sender::new(connection.clone()), Receiver::new(connection, read_ahead, limits))
}
