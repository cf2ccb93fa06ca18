//! What travels between nodes: who sent it, its number, and the event.
//!
//! ```text
//! version (1 byte, 1) | kind (1) | node id (16) | sequence (8, big endian) | payload
//! ```
//!
//! Numbers count per node and subject, from 1. Beside events there are two kinds without a payload: a node that came says
//! [`Kind::Hello`], and every other answers with [`Kind::Beacon`], the number of its last event. So a node that was away learns how much
//! it missed even where nothing more is published. [`Kind::Again`] is an event that goes out once more after a reconnect.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

const VERSION: u8 = 1;
/// Bytes in front of the payload.
pub(crate) const HEAD: usize = 26;

/// Names one running node. A node that restarts gets a new one, since it counts from 1 again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u128);

impl NodeId {
    /// A new one.
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// The one with this number.
    #[cfg(test)]
    pub(crate) const fn new(number: u128) -> Self {
        Self(number)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Event = 0,
    Hello = 1,
    Beacon = 2,
    /// An event that the server had already. Nobody who meets the sender with it was there when it was published.
    Again = 3,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) kind: Kind,
    pub(crate) node: NodeId,
    pub(crate) sequence: u64,
    pub(crate) payload: Bytes,
}

impl Envelope {
    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(HEAD + self.payload.len());
        bytes.put_u8(VERSION);
        bytes.put_u8(self.kind as u8);
        bytes.put_u128(self.node.0);
        bytes.put_u64(self.sequence);
        bytes.put_slice(&self.payload);
        bytes.freeze()
    }

    /// `None` for what another version, or somebody else altogether, has sent.
    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        let head: &[u8; HEAD] = bytes.first_chunk()?;
        let kind = match head[..2] {
            [VERSION, 0] => Kind::Event,
            [VERSION, 1] => Kind::Hello,
            [VERSION, 2] => Kind::Beacon,
            [VERSION, 3] => Kind::Again,
            _ => return None,
        };
        let node = NodeId(u128::from_be_bytes(*head[2..].first_chunk()?));
        let sequence = u64::from_be_bytes(*head[18..].first_chunk()?);
        let is_valid = match kind {
            Kind::Event | Kind::Again => sequence > 0,
            Kind::Hello => sequence == 0 && bytes.len() == HEAD,
            Kind::Beacon => bytes.len() == HEAD,
        };
        is_valid.then(|| Self { kind, node, sequence, payload: bytes.slice(HEAD..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(kind in 0..4, node: u128, sequence in 1_u64.., payload: Vec<u8>) {
            let (kind, sequence, payload) = match kind {
                0 => (Kind::Event, sequence, payload),
                3 => (Kind::Again, sequence, payload),
                1 => (Kind::Hello, 0, Vec::new()),
                _ => (Kind::Beacon, sequence, Vec::new()),
            };
            let envelope = Envelope { kind, node: NodeId::new(node), sequence, payload: payload.into() };
            prop_assert_eq!(Envelope::decode(&envelope.encode()), Some(envelope));
        }

        #[test]
        fn any_bytes_decode_to_themselves_or_to_nothing(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), like: bool) {
            if like && bytes.len() > 1 {
                bytes[0] = VERSION;
                bytes[1] %= 5;
            }
            let bytes = Bytes::from(bytes);
            if let Some(envelope) = Envelope::decode(&bytes) {
                prop_assert_eq!(envelope.encode(), bytes);
            }
        }
    }
}
