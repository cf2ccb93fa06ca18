//! Bytes of the peer to messages: headers, masks, fragments, control frames between fragments, UTF-8.
//! It does no I/O and keeps nothing but the message that is under way.

use std::io::Cursor;
use std::mem;

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::close::{CloseCode, CloseFrame, ProtocolError};
use crate::frame::CONTROL_BYTES;
use crate::receiver::Message;

/// Longest header: two bytes, eight of length, four of mask.
const HEADER_BYTES: usize = 14;
/// How much room a frame gets before its bytes have come: a length costs the peer nothing to announce.
const RESERVED_BYTES: usize = 4096;

/// What a peer's bytes amount to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Message(Message),
    Ping(Vec<u8>),
    Close(Option<CloseFrame>),
}

/// The frame whose payload is coming in.
struct Frame {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// Payload that has come.
    taken: usize,
    /// Payload that is still to come.
    left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// Reads frames out of a stream of bytes that arrives in arbitrary pieces.
pub(crate) struct Assembler {
    limit: usize,
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    frame: Option<Frame>,
    /// Payload of the control frame under way.
    control: Vec<u8>,
    /// The message under way, which may be a fragmented one.
    kind: Option<Kind>,
    message: Vec<u8>,
    /// How much of a text message is known to be UTF-8.
    valid: usize,
}

impl Assembler {
    pub(crate) fn new(limit: usize) -> Self {
        Assembler {
            limit,
            header: [0; HEADER_BYTES],
            header_bytes: 0,
            frame: None,
            control: Vec::new(),
            kind: None,
            message: Vec::new(),
            valid: 0,
        }
    }

    /// Takes bytes from `input` up to the next event; `None` when it took all of them and there is none yet.
    pub(crate) fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Event>, ProtocolError> {
        loop {
            if self.frame.is_none() && !self.take_header(input)? {
                return Ok(None);
            }
            if !self.take_payload(input)? {
                return Ok(None);
            }
            if let Some(event) = self.end_frame()? {
                return Ok(Some(event));
            }
        }
    }

    fn take_header(&mut self, input: &mut &[u8]) -> Result<bool, ProtocolError> {
        let had = self.header_bytes;
        let more = input.len().min(HEADER_BYTES - had);
        self.header[had..had + more].copy_from_slice(&input[..more]);
        let mut cursor = Cursor::new(&self.header[..had + more]);
        // Of a slice nothing fails to be read: the only fault is an unknown opcode.
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| ProtocolError::UnknownOpcode(self.header[0] & 0x0f))?;
        let Some((header, length)) = parsed else {
            self.header_bytes += more;
            *input = &input[more..];
            return Ok(false);
        };
        let header_bytes = usize::try_from(cursor.position()).expect("at most the header's 14 bytes");
        *input = &input[header_bytes - had..];
        self.header_bytes = 0;
        self.begin_frame(&header, length)?;
        Ok(true)
    }

    fn begin_frame(&mut self, header: &FrameHeader, length: u64) -> Result<(), ProtocolError> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(ProtocolError::ReservedBits);
        }
        let Some(mask) = header.mask else { return Err(ProtocolError::Unmasked) };
        let too_long = ProtocolError::MessageTooLong { limit: self.limit };
        let left = usize::try_from(length).map_err(|_| too_long)?;
        match header.opcode {
            OpCode::Control(_) => {
                if !header.is_final {
                    return Err(ProtocolError::FragmentedControl);
                }
                if left > CONTROL_BYTES {
                    return Err(ProtocolError::ControlTooLong);
                }
                self.control.reserve_exact(left);
            }
            OpCode::Data(data) => {
                self.kind = Some(match (data, self.kind) {
                    (Data::Text, None) => Kind::Text,
                    (Data::Binary, None) => Kind::Binary,
                    (Data::Continue, Some(kind)) => kind,
                    (Data::Continue, None) => return Err(ProtocolError::UnexpectedContinuation),
                    (_, Some(_)) => return Err(ProtocolError::Interleaved),
                    (Data::Reserved(opcode), None) => return Err(ProtocolError::UnknownOpcode(opcode)),
                });
                if left > self.limit - self.message.len() {
                    return Err(too_long);
                }
                self.message.reserve(left.min(RESERVED_BYTES));
            }
        }
        self.frame = Some(Frame { opcode: header.opcode, is_final: header.is_final, mask, taken: 0, left });
        Ok(())
    }

    /// Whether the frame's payload is complete.
    fn take_payload(&mut self, input: &mut &[u8]) -> Result<bool, ProtocolError> {
        let Some(frame) = &mut self.frame else { return Ok(false) };
        let (payload, rest) = input.split_at(input.len().min(frame.left));
        *input = rest;
        let is_control = matches!(frame.opcode, OpCode::Control(_));
        append_unmasked(if is_control { &mut self.control } else { &mut self.message }, payload, frame.mask, frame.taken);
        frame.taken += payload.len();
        frame.left -= payload.len();
        let complete = frame.left == 0;
        // A whole message is checked when it becomes a String. What is to be continued is checked as it comes, so
        // that the fault shows at once (RFC 6455 section 8.1).
        if !is_control && self.kind == Some(Kind::Text) && !(complete && frame.is_final) {
            self.check_text()?;
        }
        Ok(complete)
    }

    fn check_text(&mut self) -> Result<(), ProtocolError> {
        match str::from_utf8(&self.message[self.valid..]) {
            Ok(text) => self.valid += text.len(),
            // The rest may be the beginning of a character.
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(ProtocolError::InvalidUtf8),
        }
        Ok(())
    }

    fn end_frame(&mut self) -> Result<Option<Event>, ProtocolError> {
        let Some(frame) = self.frame.take() else { return Ok(None) };
        match frame.opcode {
            OpCode::Control(control) => {
                let payload = mem::take(&mut self.control);
                match control {
                    Control::Ping => Ok(Some(Event::Ping(payload))),
                    Control::Pong => Ok(None),
                    Control::Close => close_frame(&payload).map(|frame| Some(Event::Close(frame))),
                    Control::Reserved(opcode) => Err(ProtocolError::UnknownOpcode(opcode)),
                }
            }
            OpCode::Data(_) if !frame.is_final => Ok(None),
            OpCode::Data(_) => {
                let payload = mem::take(&mut self.message);
                self.valid = 0;
                Ok(Some(Event::Message(match self.kind.take() {
                    Some(Kind::Text) => Message::Text(String::from_utf8(payload).map_err(|_| ProtocolError::InvalidUtf8)?),
                    Some(Kind::Binary) | None => Message::Binary(Bytes::from(payload)),
                })))
            }
        }
    }
}

fn close_frame(payload: &[u8]) -> Result<Option<CloseFrame>, ProtocolError> {
    if payload.is_empty() {
        return Ok(None);
    }
    let (code, reason) = payload.split_first_chunk::<2>().ok_or(ProtocolError::InvalidClose)?;
    let code = CloseCode::try_from(u16::from_be_bytes(*code)).map_err(|_| ProtocolError::InvalidClose)?;
    let reason = str::from_utf8(reason).map_err(|_| ProtocolError::InvalidUtf8)?;
    Ok(Some(CloseFrame { code, reason: reason.to_owned() }))
}

/// Appends `payload`, whose first byte is the `position`-th of its frame, without its mask (section 5.3).
fn append_unmasked(out: &mut Vec<u8>, payload: &[u8], mask: [u8; 4], position: usize) {
    let start = out.len();
    out.extend_from_slice(payload);
    let key: [u8; 8] = std::array::from_fn(|i| mask[(position + i) % 4]);
    let word = u64::from_ne_bytes(key);
    let (words, rest) = out[start..].as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that comes of `pieces`, up to the first fault.
    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<ProtocolError>) {
        let mut assembler = Assembler::new(300);
        let mut events = Vec::new();
        for mut piece in pieces {
            loop {
                match assembler.advance(&mut piece) {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(error) => return (events, Some(error)),
                }
            }
            assert!(piece.is_empty(), "bytes are taken unless there is an event");
            assert!(assembler.message.len() <= 300 && assembler.control.len() <= CONTROL_BYTES);
        }
        (events, None)
    }

    /// Frames as a client might send them, right or wrong.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let payload = prop_oneof![
            "[a-zäö€\u{10348}]{0,40}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..200),
            Just(vec![3, 0xe8]),
        ];
        let first = prop_oneof![
            6 => proptest::sample::select(&[0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88][..]),
            1 => any::<u8>()
        ];
        let frame = (first, payload, any::<[u8; 4]>()).prop_map(|(first, payload, mask)| {
            let mut out = vec![first, 0x80 | u8::try_from(payload.len().min(126)).expect("at most 126")];
            if payload.len() >= 126 {
                out.extend(u16::try_from(payload.len()).expect("short").to_be_bytes());
            }
            out.extend(mask);
            out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            out
        });
        proptest::collection::vec(frame, 0..8).prop_map(|frames| frames.concat())
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(input in frames(), size in 1_usize..40) {
            let (whole, fault) = events([&input[..]]);
            let (pieces, fault_in_pieces) = events(input.chunks(size));
            prop_assert_eq!(whole, pieces);
            // A character cut short may show before the header of a frame that breaks another rule: never after.
            prop_assert_eq!(fault.is_some(), fault_in_pieces.is_some());
        }

        #[test]
        fn any_bytes_are_survived(input in proptest::collection::vec(any::<u8>(), 0..500)) {
            events(input.chunks(17));
        }

        #[test]
        fn masks_are_taken_off_at_any_position(
            payload in proptest::collection::vec(any::<u8>(), 0..50),
            mask in any::<[u8; 4]>(),
            position in 0_usize..9,
        ) {
            let mut out = b"before".to_vec();
            append_unmasked(&mut out, &payload, mask, position);
            let plain = payload.iter().enumerate().map(|(i, byte)| byte ^ mask[(position + i) % 4]);
            prop_assert_eq!(out, b"before".iter().copied().chain(plain).collect::<Vec<_>>());
        }
    }
}
