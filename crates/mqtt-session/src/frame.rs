//! What goes out: the five packets that a server sends to subscribers of QoS 0 and 1.
//!
//! They are written here and not by the codec: it copies a message's payload, which many subscribers share, and spells the
//! refusal in SUBACK 3 instead of 0x80.

use bytes::Bytes;

/// The greatest remaining length that a fixed header can say (3.1.1, section 2.2.3).
pub(crate) const MAX_REMAINING: usize = 268_435_455;

const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBACK: u8 = 0x90;
const UNSUBACK: u8 = 0xb0;

/// One packet as it goes out: `head`, then `payload`, which is empty in all but messages and shared by their receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The fixed header and what follows it, up to a message's payload.
    pub head: Bytes,
    /// A message's payload.
    pub payload: Bytes,
}

impl Frame {
    fn of(head: Vec<u8>) -> Self {
        Self { head: head.into(), payload: Bytes::new() }
    }

    /// CONNACK. No session is ever present (3.1.1, section 3.2.2.2; reserved in 3.1).
    pub(crate) fn connack(return_code: u8) -> Self {
        Self::of(vec![CONNACK, 2, 0, return_code])
    }

    pub(crate) fn pingresp() -> Self {
        Self { head: Bytes::from_static(&[0xd0, 0]), payload: Bytes::new() }
    }

    pub(crate) fn unsuback(packet_id: u16) -> Self {
        let [high, low] = packet_id.to_be_bytes();
        Self::of(vec![UNSUBACK, 2, high, low])
    }

    pub(crate) fn suback(packet_id: u16, codes: impl ExactSizeIterator<Item = u8>) -> Self {
        let mut head = fixed_header(SUBACK, 2 + codes.len(), 2 + codes.len());
        head.extend_from_slice(&packet_id.to_be_bytes());
        head.extend(codes);
        Self::of(head)
    }

    /// PUBLISH with QoS 1 if there is a packet id, with QoS 0 else; neither retained nor a duplicate. `None`: longer than MQTT
    /// can say.
    pub(crate) fn publish(topic: &str, packet_id: Option<u16>, payload: &Bytes) -> Option<Self> {
        let length = u16::try_from(topic.len()).ok()?;
        let own = 2 + topic.len() + packet_id.map_or(0, |_| 2);
        let remaining = own.checked_add(payload.len()).filter(|remaining| *remaining <= MAX_REMAINING)?;
        let qos = if packet_id.is_some() { 0x02 } else { 0 };
        let mut head = fixed_header(PUBLISH | qos, remaining, own);
        head.extend_from_slice(&length.to_be_bytes());
        head.extend_from_slice(topic.as_bytes());
        if let Some(packet_id) = packet_id {
            head.extend_from_slice(&packet_id.to_be_bytes());
        }
        Some(Self { head: head.into(), payload: payload.clone() })
    }

    /// The bytes of the whole packet.
    #[expect(clippy::len_without_is_empty, reason = "no packet is empty")]
    pub fn len(&self) -> usize {
        self.head.len() + self.payload.len()
    }

    /// Both parts, for a vectored write.
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.head, &self.payload]
    }

    /// Both parts in one piece; copies.
    pub fn to_vec(&self) -> Vec<u8> {
        self.parts().concat()
    }
}

/// The fixed header, with room for `own` bytes behind it and none to spare: so it becomes `Bytes` without another allocation.
fn fixed_header(control: u8, remaining: usize, own: usize) -> Vec<u8> {
    let length_bytes = match remaining {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    };
    let mut head = Vec::with_capacity(1 + length_bytes + own);
    head.push(control);
    let mut rest = remaining;
    loop {
        let digit = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            head.push(digit);
            return head;
        }
        head.push(digit | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_spelled_as_the_specification_does() {
        let payload = Bytes::from_static(b"{}");
        let cases: [(Frame, &[u8]); 7] = [
            (Frame::connack(0), &[0x20, 2, 0, 0]),
            (Frame::connack(5), &[0x20, 2, 0, 5]),
            (Frame::pingresp(), &[0xd0, 0]),
            (Frame::unsuback(0x0a0b), &[0xb0, 2, 0x0a, 0x0b]),
            (Frame::suback(258, [0, 1, 0x80].into_iter()), &[0x90, 5, 1, 2, 0, 1, 0x80]),
            (Frame::publish("a/b", None, &payload).expect("short"), &[0x30, 7, 0, 3, b'a', b'/', b'b', b'{', b'}']),
            (Frame::publish("a/b", Some(10), &payload).expect("short"), &[0x32, 9, 0, 3, b'a', b'/', b'b', 0, 10, b'{', b'}']),
        ];
        for (frame, expected) in cases {
            assert_eq!((frame.to_vec(), frame.len()), (expected.to_vec(), expected.len()));
        }
    }

    #[test]
    fn lengths_have_one_to_four_digits() {
        let cases: [(usize, &[u8]); 8] = [
            (5, &[5]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 1]),
            (2_097_151, &[0xff, 0xff, 0x7f]),
            (2_097_152, &[0x80, 0x80, 0x80, 1]),
            (268_435_455, &[0xff, 0xff, 0xff, 0x7f]),
        ];
        for (remaining, digits) in cases {
            let header = fixed_header(0x30, remaining, 0);
            assert_eq!(&header[1..], digits);
            assert_eq!(header.len(), header.capacity());
        }
    }

    #[test]
    fn the_payload_is_shared_and_never_longer_than_mqtt_can_say() {
        let payload = Bytes::from(vec![0; MAX_REMAINING - 3]);
        let frame = Frame::publish("t", None, &payload).expect("just fits");
        assert_eq!(frame.payload.as_ptr(), payload.as_ptr());
        assert_eq!(frame.len(), MAX_REMAINING + 5);
        assert_eq!(Frame::publish("t", Some(1), &payload), None);
        assert_eq!(Frame::publish(&"t".repeat(65_536), None, &Bytes::new()), None);
    }
}
