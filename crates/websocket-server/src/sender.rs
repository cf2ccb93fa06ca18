//! The half that writes, for any thread.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::close::CloseCode;
use crate::connection::Connection;
use crate::frame;

/// A shared payload up to this length is copied beside its frame's header: one plain write is cheaper than a
/// vectored one until copying costs more than the kernel's look at three pieces.
const COPIED_BYTES: usize = 16 * 1024;
/// What a thread keeps of the memory that it puts frames together in.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// Where a thread puts frames together. It is taken out while in use.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Why a frame was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection is closing or closed. Why, [`Receiver::next`](crate::Receiver::next) tells.
    #[error("the connection is closed")]
    Closed,
    /// With this frame more than [`Limits::outbox_bytes`](crate::Limits::outbox_bytes) would have waited: what waited is
    /// dropped and the connection is closing. Reported once.
    #[error("the peer reads too slowly")]
    Overflowed,
}

/// Writes to one connection. Cheap to clone; every method may be called from any thread, inside a runtime or not,
/// and none of them waits for the peer.
#[derive(Clone)]
pub struct Sender(Arc<Connection>);

impl Sender {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Sender(connection)
    }

    /// Sends a text message.
    pub fn send_text(&self, text: &str) -> Result<(), SendError> {
        self.send(Data::Text, text.as_bytes(), &Bytes::new(), &[])
    }

    /// Sends a text message made of a beginning, a payload that many connections share, and an end. A long payload is
    /// neither copied now nor when it has to wait. The three together have to be UTF-8, which is the caller's duty.
    pub fn send_shared_text(&self, prefix: &[u8], shared: &Bytes, suffix: &[u8]) -> Result<(), SendError> {
        self.send(Data::Text, prefix, shared, suffix)
    }

    /// Sends a binary message made of a beginning and a payload that many connections share.
    pub fn send_binary(&self, prefix: &[u8], shared: &Bytes) -> Result<(), SendError> {
        self.send(Data::Binary, prefix, shared, &[])
    }

    /// Closes the connection: what was sent before is written first, then the close frame, and nothing after
    /// it. A reason is cut to 123 bytes. Without effect on a connection that is closing already.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.0.close(frame::close_content(code, reason));
    }

    /// Bytes that wait because the socket did not take them.
    pub fn queued_bytes(&self) -> usize {
        self.0.queued_bytes()
    }

    /// Whether the connection is closing or closed, so that nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn send(&self, data: Data, prefix: &[u8], shared: &Bytes, suffix: &[u8]) -> Result<(), SendError> {
        // A thread that ends has no such memory any more, and a stream may send while it is written to.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        scratch.clear();
        frame::write_header(&mut scratch, OpCode::Data(data), prefix.len() + shared.len() + suffix.len());
        scratch.extend_from_slice(prefix);
        let sent = if shared.len() <= COPIED_BYTES || !self.0.is_vectored() {
            scratch.extend_from_slice(shared);
            scratch.extend_from_slice(suffix);
            self.0.send(&scratch, &Bytes::new(), &[])
        } else {
            self.0.send(&scratch, shared, suffix)
        };
        if scratch.capacity() <= KEPT_BYTES {
            let _ = SCRATCH.try_with(|kept| kept.set(scratch));
        }
        sent
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("queued_bytes", &self.queued_bytes()).field("is_closed", &self.is_closed()).finish()
    }
}
