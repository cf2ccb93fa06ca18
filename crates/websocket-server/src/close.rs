//! Why a connection ends: status codes, the close frame, faults of the peer, and what the host is told.

use std::fmt;
use std::io;

/// A status code that an endpoint may put into a close frame (RFC 6455 section 7.4): 1000 to 1003, 1007 to
/// 1013, and 3000 to 4999.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

/// The number stands for no status code that may travel in a close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no status code that a close frame may carry: RFC 6455 allows 1000 to 1003, 1007 to 1013 and 3000 to 4999")]
pub struct InvalidCloseCode(pub u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The server stops.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke RFC 6455.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// A kind of message that is not taken, such as binary where text is expected.
    pub const UNSUPPORTED_DATA: CloseCode = CloseCode(1003);
    /// Text that is no UTF-8.
    pub const INVALID_PAYLOAD: CloseCode = CloseCode(1007);
    /// A rule of the server, where no other code fits.
    pub const POLICY_VIOLATION: CloseCode = CloseCode(1008);
    /// A message longer than the limit.
    pub const MESSAGE_TOO_BIG: CloseCode = CloseCode(1009);
    /// The server failed.
    pub const INTERNAL_ERROR: CloseCode = CloseCode(1011);
    /// The server starts anew.
    pub const SERVICE_RESTART: CloseCode = CloseCode(1012);
    /// The client may come back later; also what a slow consumer is told.
    pub const TRY_AGAIN_LATER: CloseCode = CloseCode(1013);

    /// The code as a number.
    pub fn as_u16(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = InvalidCloseCode;

    fn try_from(code: u16) -> Result<Self, InvalidCloseCode> {
        if tungstenite::protocol::frame::coding::CloseCode::from(code).is_allowed() {
            Ok(CloseCode(code))
        } else {
            Err(InvalidCloseCode(code))
        }
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a close frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The status code.
    pub code: CloseCode,
    /// A text for people, of at most 123 bytes on the wire.
    pub reason: String,
}

/// How the peer broke the protocol. Its text is the reason in the close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A client has to mask every frame (section 5.1).
    #[error("frames of a client have to be masked")]
    Unmasked,
    /// No extension was negotiated that would give these bits a meaning (section 5.2).
    #[error("reserved bits are set, but no extension was negotiated")]
    ReservedBits,
    /// No such kind of frame (section 5.2).
    #[error("unknown opcode {0}")]
    UnknownOpcode(u8),
    /// Control frames are never fragmented (section 5.5).
    #[error("control frames must not be fragmented")]
    FragmentedControl,
    /// Control frames hold at most 125 bytes (section 5.5).
    #[error("control frames hold at most 125 bytes")]
    ControlTooLong,
    /// A continuation frame without a message to continue (section 5.4).
    #[error("a continuation frame that continues no message")]
    UnexpectedContinuation,
    /// A new message inside a fragmented one (section 5.4).
    #[error("a new message began inside a fragmented one")]
    Interleaved,
    /// A close frame with half a status code, or with a code that must not be sent (section 7.4).
    #[error("the close frame holds no valid status code")]
    InvalidClose,
    /// Text that is no UTF-8 (section 8.1).
    #[error("text has to be UTF-8")]
    InvalidUtf8,
    /// A message longer than [`Limits::message_bytes`](crate::Limits::message_bytes).
    #[error("messages are limited to {limit} bytes")]
    MessageTooLong {
        /// The limit.
        limit: usize,
    },
}

impl ProtocolError {
    /// The status code that the peer is told.
    pub fn close_code(self) -> CloseCode {
        match self {
            ProtocolError::InvalidUtf8 => CloseCode::INVALID_PAYLOAD,
            ProtocolError::MessageTooLong { .. } => CloseCode::MESSAGE_TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The peer sent a close frame, which was answered.
    #[error("closed by the peer{}", .0.as_ref().map(|frame| format!(" with {} {:?}", frame.code, frame.reason)).unwrap_or_default())]
    ByPeer(Option<CloseFrame>),
    /// [`Sender::close`](crate::Sender::close) was called.
    #[error("closed by the server with {} {:?}", .frame.code, .frame.reason)]
    ByServer {
        /// What the peer was told.
        frame: CloseFrame,
        /// Whether the peer answered with its close frame in time.
        acknowledged: bool,
    },
    /// The peer read too slowly: more than [`Limits::outbox_bytes`](crate::Limits::outbox_bytes) would have waited for it.
    #[error("slow consumer: {frames} frames of {bytes} bytes were dropped")]
    Overflowed {
        /// Frames that were accepted or offered and dropped.
        frames: usize,
        /// Their bytes on the wire.
        bytes: usize,
    },
    /// The peer broke the protocol; it was told so.
    #[error("the peer broke the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// The peer ended the stream without a close frame.
    #[error("the peer disconnected without a close frame")]
    Disconnected,
    /// Reading or writing failed, for example because the peer reset the connection or does not answer any more.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
}
