//! Frames that the socket did not take: a queue of bytes that knows where frames end.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Small frames are put together up to this size, so that one write takes many of them.
const JOINED_BYTES: usize = 16 * 1024;
/// Most pieces handed to one write.
pub(crate) const PIECES: usize = 16;

enum Piece {
    Copied(BytesMut),
    Shared(Bytes),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Copied(bytes) => bytes,
            Piece::Shared(bytes) => bytes,
        }
    }

    fn advance(&mut self, written: usize) {
        match self {
            Piece::Copied(bytes) => bytes.advance(written),
            Piece::Shared(bytes) => bytes.advance(written),
        }
    }
}

/// Bytes to be written, in order. Empty for as long as the peer keeps up, and then without any memory.
#[derive(Default)]
pub(crate) struct Outbox {
    pieces: VecDeque<Piece>,
    /// What is left of each frame.
    frames: VecDeque<usize>,
    bytes: usize,
    /// Whether a part of the first frame is on the wire.
    begun: bool,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends a frame made of bytes to copy, a payload to share, and more bytes to copy.
    pub(crate) fn push(&mut self, head: &[u8], shared: &Bytes, tail: &[u8]) {
        self.copy(head);
        if !shared.is_empty() {
            self.pieces.push_back(Piece::Shared(shared.clone()));
        }
        self.copy(tail);
        let length = head.len() + shared.len() + tail.len();
        self.frames.push_back(length);
        self.bytes += length;
    }

    fn copy(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.pieces.back_mut() {
            Some(Piece::Copied(last)) if last.len() + bytes.len() <= JOINED_BYTES => last.extend_from_slice(bytes),
            _ => self.pieces.push_back(Piece::Copied(BytesMut::from(bytes))),
        }
    }

    /// The next pieces to write; the number tells how many of them there are.
    pub(crate) fn slices(&self) -> ([IoSlice<'_>; PIECES], usize) {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece.bytes());
            count += 1;
        }
        (slices, count)
    }

    /// Forgets bytes that have been written, and all memory once nothing is left.
    pub(crate) fn advance(&mut self, written: usize) {
        if written >= self.bytes {
            *self = Outbox::default();
            return;
        }
        self.bytes -= written;
        let mut left = written;
        while left > 0
            && let Some(first) = self.pieces.front_mut()
        {
            let length = first.bytes().len();
            if length > left {
                first.advance(left);
                break;
            }
            left -= length;
            self.pieces.pop_front();
        }
        let mut left = written;
        while left > 0
            && let Some(first) = self.frames.front_mut()
        {
            if *first > left {
                *first -= left;
                self.begun = true;
                break;
            }
            left -= *first;
            self.begun = false;
            self.frames.pop_front();
        }
    }

    /// Drops every frame that has not begun, and tells how many there were and their bytes.
    pub(crate) fn drop_unbegun(&mut self) -> (usize, usize) {
        let kept_frames = usize::from(self.begun && !self.frames.is_empty());
        let kept_bytes = if kept_frames == 1 { self.frames[0] } else { 0 };
        let dropped = (self.frames.len() - kept_frames, self.bytes - kept_bytes);
        self.frames.truncate(kept_frames);
        let mut left = kept_bytes;
        let mut kept_pieces = 0;
        for piece in &mut self.pieces {
            if left == 0 {
                break;
            }
            let length = piece.bytes().len().min(left);
            match piece {
                Piece::Copied(bytes) => bytes.truncate(length),
                Piece::Shared(bytes) => bytes.truncate(length),
            }
            left -= length;
            kept_pieces += 1;
        }
        self.pieces.truncate(kept_pieces);
        self.bytes = kept_bytes;
        dropped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(outbox: &Outbox) -> Vec<u8> {
        outbox.pieces.iter().flat_map(|piece| piece.bytes().iter().copied()).collect()
    }

    proptest! {
        /// Against a plain list of bytes, each with the number of its frame.
        #[test]
        fn bytes_leave_in_order_and_frames_stay_whole(
            steps in proptest::collection::vec((1_usize..30, 0_usize..9000, 0_usize..3, 0_usize..12_000), 1..20),
        ) {
            let mut outbox = Outbox::default();
            let mut model: Vec<(u8, usize)> = Vec::new();
            let mut begun = None;
            for (number, (head, shared, tail, written)) in steps.into_iter().enumerate() {
                let byte = u8::try_from(number).expect("few steps");
                outbox.push(&vec![byte; head], &Bytes::from(vec![byte; shared]), &vec![byte; tail]);
                model.extend(std::iter::repeat_n((byte, number), head + shared + tail));
                let (slices, count) = outbox.slices();
                let offered: usize = slices[..count].iter().map(|slice| slice.len()).sum();
                prop_assert!(offered > 0);
                let written = written.min(offered);
                outbox.advance(written);
                let last = model.drain(..written).next_back();
                begun = last.map(|(_, frame)| frame).or(begun);
                prop_assert_eq!(content(&outbox), model.iter().map(|(byte, _)| *byte).collect::<Vec<_>>());
                prop_assert_eq!(outbox.bytes(), model.len());
            }
            let (kept, dropped): (Vec<_>, Vec<_>) = model.into_iter().partition(|(_, frame)| Some(*frame) == begun);
            let mut frames: Vec<usize> = dropped.iter().map(|(_, frame)| *frame).collect();
            frames.dedup();
            prop_assert_eq!(outbox.drop_unbegun(), (frames.len(), dropped.len()));
            prop_assert_eq!(content(&outbox), kept.iter().map(|(byte, _)| *byte).collect::<Vec<_>>());
            prop_assert_eq!(outbox.bytes(), kept.len());
        }
    }

    #[test]
    fn many_small_frames_are_one_piece_and_long_payloads_are_shared() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            outbox.push(b"head", &Bytes::new(), b"tail");
        }
        assert_eq!(outbox.slices().1, 1);
        let payload = Bytes::from(vec![0; 100_000]);
        outbox.push(b"head", &payload, b"tail");
        assert!(outbox.pieces.iter().any(|piece| piece.bytes().as_ptr() == payload.as_ptr()));
        outbox.advance(outbox.bytes());
        assert!(outbox.is_empty() && outbox.pieces.capacity() == 0 && outbox.frames.capacity() == 0);
    }
}
