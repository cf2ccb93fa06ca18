//! Writing frames. A server's frames are never masked, and messages are never split.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, OpCode};

use crate::close::{CloseCode, CloseFrame};

/// Longest payload of a control frame (RFC 6455 section 5.5).
pub(crate) const CONTROL_BYTES: usize = 125;

/// Appends the header of a whole frame of `length` bytes of payload.
pub(crate) fn write_header(out: &mut Vec<u8>, opcode: OpCode, length: usize) {
    let header = FrameHeader { is_final: true, rsv1: false, rsv2: false, rsv3: false, opcode, mask: None };
    header.format(length as u64, out).expect("a Vec takes every byte");
}

/// Appends a pong frame. `payload` comes from a ping, so that it fits.
pub(crate) fn write_pong(out: &mut Vec<u8>, payload: &[u8]) {
    write_header(out, OpCode::Control(Control::Pong), payload.len());
    out.extend_from_slice(payload);
}

/// A close frame; without a status code when there is nothing to say.
pub(crate) fn close(frame: Option<&CloseFrame>) -> Vec<u8> {
    let mut out = Vec::new();
    match frame {
        None => write_header(&mut out, OpCode::Control(Control::Close), 0),
        Some(CloseFrame { code, reason }) => {
            write_header(&mut out, OpCode::Control(Control::Close), 2 + reason.len());
            out.extend_from_slice(&code.as_u16().to_be_bytes());
            out.extend_from_slice(reason.as_bytes());
        }
    }
    out
}

/// A close frame's content, its reason cut to what a control frame holds, at a character.
pub(crate) fn close_content(code: CloseCode, reason: &str) -> CloseFrame {
    let end = reason.floor_char_boundary(CONTROL_BYTES - 2);
    CloseFrame { code, reason: reason[..end].to_owned() }
}
