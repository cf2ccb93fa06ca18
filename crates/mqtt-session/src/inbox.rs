//! Makes packets of a stream of bytes. MQTT over WebSocket is a stream: a message may hold a part of a packet or several
//! (3.1.1, section 6).
//!
//! The codec decodes; what it leaves open is decided here. Lengths are known and bounded before it sees a byte, it panics at
//! packets without a body (they are answered before it), overlooks bytes behind a packet's end and most of CONNECT's flags, and
//! its faults quote what the client sent, which ours do not.

use mqtt_proto::v3::{Connect, Header, Packet, Subscribe, Unsubscribe};
use mqtt_proto::{Error, PollHeader as _, Protocol};

use crate::reason::{ConnectRefusal, Reason};

/// A packet that a client may send.
#[derive(Debug)]
pub(crate) enum Request {
    Connect(Connect),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Puback(u16),
    Pingreq,
    Disconnect,
}

/// The part of a packet that came so far.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    partial: Vec<u8>,
}

/// The packets' names, by the first four bits.
const NAMES: [&str; 16] = [
    "packet of type 0",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "packet of type 15",
];

const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBSCRIBE: u8 = 8;
const UNSUBSCRIBE: u8 = 10;
const PINGREQ: u8 = 12;
const DISCONNECT: u8 = 14;

/// The first byte and at most four digits of the remaining length.
const HEADER_MAX: usize = 5;

impl Inbox {
    /// Takes the next packet off `input`; `None`: the input is used up and the packet goes on. `version` is that of the CONNECT
    /// that was accepted.
    pub(crate) fn next(&mut self, input: &mut &[u8], version: Option<Protocol>, limit: usize) -> Result<Option<Request>, Reason> {
        // A packet that came in one piece is read where it is.
        if self.partial.is_empty() {
            let Some(total) = total_length(input, version, limit)? else {
                return Ok(self.keep(input, input.len()));
            };
            if total > input.len() {
                return Ok(self.keep(input, input.len()));
            }
            let (packet, rest) = input.split_at(total);
            *input = rest;
            return decode(packet, version).map(Some);
        }
        while total_length(&self.partial, version, limit)?.is_none() {
            if input.is_empty() {
                return Ok(None);
            }
            self.keep(input, 1);
        }
        let total = total_length(&self.partial, version, limit)?.unwrap_or(self.partial.len());
        let missing = total.saturating_sub(self.partial.len());
        self.keep(input, missing.min(input.len()));
        if self.partial.len() < total {
            return Ok(None);
        }
        // Between packets a session holds nothing.
        let packet = std::mem::take(&mut self.partial);
        decode(&packet, version).map(Some)
    }

    /// Moves `count` bytes of the input here, whose end so far they are.
    fn keep(&mut self, input: &mut &[u8], count: usize) -> Option<Request> {
        let (part, rest) = input.split_at(count);
        self.partial.extend_from_slice(part);
        *input = rest;
        None
    }

    /// Forgets what came.
    pub(crate) fn clear(&mut self) {
        self.partial = Vec::new();
    }

    /// The bytes that are held.
    pub(crate) fn held(&self) -> usize {
        self.partial.capacity()
    }
}

/// How long the packet at the start of `bytes` is; `None` if its fixed header goes on. What is refused whatever it holds is
/// refused here, so that nobody waits for it or keeps it.
fn total_length(bytes: &[u8], version: Option<Protocol>, limit: usize) -> Result<Option<usize>, Reason> {
    let Some((control, digits)) = bytes.split_first() else { return Ok(None) };
    let kind = control >> 4;
    let packet = name(*control);
    match (kind, version) {
        (CONNECT, None) | (PUBACK | SUBSCRIBE | UNSUBSCRIBE | PINGREQ | DISCONNECT, Some(_)) => {}
        (0 | 15, _) => return Err(Reason::Malformed { packet, fault: "no such type" }),
        (_, None) => return Err(Reason::NotConnected { packet }),
        (CONNECT, Some(_)) => return Err(Reason::ConnectedTwice),
        (PUBLISH, Some(_)) => return Err(Reason::PublishRefused),
        (_, Some(_)) => return Err(Reason::UnexpectedPacket { packet }),
    }
    let mut remaining = 0_usize;
    for (index, digit) in digits.iter().take(HEADER_MAX - 1).enumerate() {
        remaining |= usize::from(digit & 0x7f) << (7 * index);
        if digit & 0x80 != 0 {
            continue;
        }
        let is_exact = match kind {
            PINGREQ | DISCONNECT => remaining == 0,
            PUBACK => remaining == 2,
            _ => true,
        };
        if !is_exact {
            return Err(Reason::Malformed { packet, fault: "it has another length" });
        }
        if remaining > limit {
            return Err(Reason::TooLarge { packet, bytes: remaining, limit });
        }
        return Ok(Some(1 + index + 1 + remaining));
    }
    match digits.len() {
        0..4 => Ok(None),
        _ => Err(Reason::Malformed { packet, fault: "its length has more than four digits" }),
    }
}

fn name(control: u8) -> &'static str {
    NAMES[usize::from(control >> 4)]
}

/// Decodes one whole packet, which [`total_length`] let pass.
fn decode(bytes: &[u8], version: Option<Protocol>) -> Result<Request, Reason> {
    let (control, packet) = (bytes[0], name(bytes[0]));
    let malformed = |fault| Reason::Malformed { packet, fault };
    let digits = bytes[1..].iter().take_while(|digit| **digit & 0x80 != 0).count() + 1;
    let body = &bytes[1 + digits..];
    let remaining = u32::try_from(body.len()).map_err(|_| malformed("it has another length"))?;

    // What was sent again may say so in 3.1 (section 2.1); in 3.1.1 those bits are reserved.
    let is_repeatable = matches!(control >> 4, SUBSCRIBE | UNSUBSCRIBE) && version == Some(Protocol::V310);
    let control = if is_repeatable { control & !0x08 } else { control };
    let header = Header::new_with(control, remaining, remaining).map_err(|_| malformed("its flags are reserved"))?;
    match control >> 4 {
        PINGREQ => return Ok(Request::Pingreq),
        DISCONNECT => return Ok(Request::Disconnect),
        _ => {}
    }

    let mut end = 0;
    let decoded = header.decode_buffer(body, &mut end).map_err(|error| fault(packet, &error))?;
    if end != body.len() {
        return Err(malformed("bytes follow its end"));
    }
    match decoded {
        Packet::Connect(connect) => {
            check_connect(&connect, body)?;
            Ok(Request::Connect(connect))
        }
        Packet::Subscribe(subscribe) => Ok(Request::Subscribe(subscribe)),
        Packet::Unsubscribe(unsubscribe) => Ok(Request::Unsubscribe(unsubscribe)),
        Packet::Puback(id) => Ok(Request::Puback(id.value())),
        _ => Err(Reason::UnexpectedPacket { packet }),
    }
}

/// What the codec lets pass of CONNECT's flags (3.1.1, sections 3.1.2.6, .7 and .9). 3.1 does not forbid the latter.
fn check_connect(connect: &Connect, body: &[u8]) -> Result<(), Reason> {
    let malformed = |fault| Err(Reason::Malformed { packet: "CONNECT", fault });
    let name_length = connect.protocol.to_pair().0.len();
    let flags = body.get(2 + name_length + 1).copied().unwrap_or_default();
    if connect.last_will.is_none() && flags & 0x38 != 0 {
        return malformed("it describes a will that it does not have");
    }
    if connect.protocol == Protocol::V311 && connect.password.is_some() && connect.username.is_none() {
        return malformed("it has a password and no user name");
    }
    Ok(())
}

/// The codec's fault in words of our own, which quote nothing.
fn fault(packet: &'static str, error: &Error) -> Reason {
    let fault = match error {
        Error::InvalidProtocol(name, level) if matches!(&**name, "MQTT" | "MQIsdp") => {
            return Reason::Refused(ConnectRefusal::Version { level: *level });
        }
        Error::UnexpectedProtocol(protocol) => {
            return Reason::Refused(ConnectRefusal::Version { level: protocol.to_pair().1 });
        }
        Error::InvalidProtocol(..) => "it is not of MQTT",
        Error::InvalidConnectFlags(_) => "its flags are reserved",
        Error::EmptySubscription => "it names no topic",
        Error::ZeroPid => "its packet id is 0",
        Error::InvalidQos(_) => "there is no such QoS",
        Error::InvalidTopicName(_) | Error::InvalidTopicFilter(_) => "a topic is misspelled",
        Error::InvalidString => "a text is not UTF-8",
        Error::InvalidRemainingLength | Error::IoError(_) => "it ends too early",
        _ => "the codec refuses it",
    };
    Reason::Malformed { packet, fault }
}
