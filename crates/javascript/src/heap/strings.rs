//! The strings of a heap: made, joined without copying, and put in one piece when somebody reads them.

use std::sync::Arc;

use value::Str;

use super::text::{Stored, Text};
use super::{Heap, MAX_STRING, OutOfMemory, SHORT, STRING_COST, StrId, Val};

impl Heap {
    /// A string that somebody else keeps too: a constant of the code, a string from outside.
    #[inline]
    pub(crate) fn shared(&mut self, text: &Str) -> Val {
        self.took(STRING_COST);
        self.store(Stored::Flat(Text::new(Arc::clone(text))))
    }

    /// A new string. Whoever makes long ones has asked [`reserve`](Self::reserve) for their bytes.
    pub(crate) fn string(&mut self, text: impl AsRef<str>) -> Val {
        let text = text.as_ref();
        self.took(STRING_COST + text.len());
        self.store(Stored::Flat(Text::new(text.into())))
    }

    /// A string made of what `write` appends, which is short: a few kilobytes at most.
    #[inline]
    pub(crate) fn build<E>(&mut self, write: impl FnOnce(&Self, &mut String) -> Result<(), E>) -> Result<Val, E> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let written = write(self, &mut scratch);
        let made = written.map(|()| self.string(scratch.as_str()));
        self.scratch = scratch;
        made
    }

    /// A string that was read before, or a part of one.
    pub(crate) fn text_value(&mut self, text: Text) -> Val {
        self.took(STRING_COST + text.bytes());
        self.store(Stored::Flat(text))
    }

    pub(super) fn store(&mut self, stored: Stored) -> Val {
        let id = StrId(u32::try_from(self.strings.len()).unwrap_or(u32::MAX));
        self.strings.push(stored);
        Val::String(id)
    }

    /// Two strings as one, without copying them.
    pub(crate) fn join(&mut self, left: StrId, right: StrId) -> Result<Val, OutOfMemory> {
        let (first, second) = (self.measure(left), self.measure(right));
        if first.units == 0 {
            return Ok(Val::String(right));
        }
        if second.units == 0 {
            return Ok(Val::String(left));
        }
        let (units, bytes) = (first.units as usize + second.units as usize, first.bytes as usize + second.bytes as usize);
        self.took(STRING_COST);
        if units > MAX_STRING || self.used.saturating_add(bytes) > self.limit {
            return Err(OutOfMemory);
        }
        // Short strings are copied: a rope of them costs more than they do.
        if bytes <= 64
            && let (Stored::Flat(Text::Utf8 { text: first, .. }), Stored::Flat(Text::Utf8 { text: second, .. })) =
                (&self.strings[left.0 as usize], &self.strings[right.0 as usize])
        {
            self.scratch.clear();
            self.scratch.push_str(first);
            self.scratch.push_str(second);
            let text = Text::Utf8 {
                text: self.scratch.as_str().into(),
                units: u32::try_from(units).unwrap_or(u32::MAX),
                ascii: units == bytes,
            };
            self.took(bytes);
            return Ok(self.store(Stored::Flat(text)));
        }
        Ok(self.store(Stored::Joined {
            left,
            right,
            units: u32::try_from(units).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            ascii: first.ascii && second.ascii,
            wide: first.wide || second.wide,
        }))
    }

    /// The length of a string in UTF-16 units.
    #[inline]
    pub(crate) fn units(&self, id: StrId) -> usize {
        self.measure(id).units as usize
    }

    fn measure(&self, id: StrId) -> Measure {
        match &self.strings[id.0 as usize] {
            Stored::Flat(text) => Measure {
                units: u32::try_from(text.units()).unwrap_or(u32::MAX),
                bytes: u32::try_from(text.bytes()).unwrap_or(u32::MAX),
                ascii: matches!(text, Text::Utf8 { ascii: true, .. }),
                wide: matches!(text, Text::Wide(_)),
            },
            Stored::Prefix { units, bytes, ascii, .. } => Measure { units: *units, bytes: *bytes, ascii: *ascii, wide: false },
            Stored::Joined { units, bytes, ascii, wide, .. } => {
                Measure { units: *units, bytes: *bytes, ascii: *ascii, wide: *wide }
            }
        }
    }

    /// The string, in one piece from now on.
    #[inline]
    pub(crate) fn text(&mut self, id: StrId) -> Result<&Text, OutOfMemory> {
        if !matches!(self.strings[id.0 as usize], Stored::Flat(_)) {
            self.flatten(id)?;
        }
        match &self.strings[id.0 as usize] {
            Stored::Flat(text) => Ok(text),
            Stored::Joined { .. } | Stored::Prefix { .. } => unreachable!("it was flattened"),
        }
    }

    /// The string, if it is in one piece: somebody called [`text`](Self::text), and if it is longer than [`SHORT`], for no other one
    /// since then.
    #[inline]
    pub(crate) fn flat(&self, id: StrId) -> Option<&Text> {
        match &self.strings[id.0 as usize] {
            Stored::Flat(text) => Some(text),
            Stored::Joined { .. } | Stored::Prefix { .. } => None,
        }
    }

    fn flatten(&mut self, id: StrId) -> Result<(), OutOfMemory> {
        self.shorten_way(id);
        let Measure { bytes, ascii, wide, units } = self.measure(id);
        // What is wide is put together as units first, and there may be twice as many bytes of them.
        self.reserve(if wide { units as usize * 4 } else { bytes as usize })?;
        let mut open = vec![id];
        let flat = if wide {
            let mut whole: Vec<u16> = Vec::with_capacity(units as usize);
            while let Some(at) = open.pop() {
                match &self.strings[at.0 as usize] {
                    Stored::Flat(Text::Utf8 { text, .. }) => whole.extend(text.encode_utf16()),
                    Stored::Flat(Text::Wide(part)) => whole.extend_from_slice(part),
                    Stored::Joined { left, right, .. } => open.extend([*right, *left]),
                    Stored::Prefix { .. } => whole.extend(self.prefix(at).encode_utf16()),
                }
            }
            // Two halves may have become a pair.
            Text::from_units(&whole)
        } else {
            let mut whole = String::with_capacity(bytes as usize);
            while let Some(at) = open.pop() {
                match &self.strings[at.0 as usize] {
                    Stored::Flat(text) => whole.push_str(text.utf8().unwrap_or_default()),
                    Stored::Joined { left, right, .. } => open.extend([*right, *left]),
                    Stored::Prefix { .. } => whole.push_str(self.prefix(at)),
                }
            }
            Text::Utf8 { text: whole.into(), units, ascii }
        };
        let before = std::mem::replace(&mut self.strings[id.0 as usize], Stored::Flat(flat));
        if let (Stored::Joined { left, .. }, false) = (before, wide) {
            self.give_back(left, id);
        }
        Ok(())
    }

    /// Forgets the text that `whole` begins with if nobody else has it. A loop that appends to a string and reads it at each turn
    /// would keep all lengths of it otherwise.
    fn give_back(&mut self, mut part: StrId, whole: StrId) {
        while let Stored::Joined { left, .. } = &self.strings[part.0 as usize] {
            part = *left;
        }
        if part != whole
            && let Stored::Flat(Text::Utf8 { text, units, ascii }) = &self.strings[part.0 as usize]
            && text.len() > SHORT
            && Arc::strong_count(text) == 1
        {
            let (length, units, ascii) = (text.len(), *units, *ascii);
            let bytes = u32::try_from(length).unwrap_or(u32::MAX);
            self.strings[part.0 as usize] = Stored::Prefix { whole, units, bytes, ascii };
            self.used = self.used.saturating_sub(length);
        }
    }

    /// Lets all beginnings on the way from `id` to the string that has their text point to it at once.
    fn shorten_way(&mut self, id: StrId) {
        let mut end = id;
        while let Stored::Prefix { whole, .. } = &self.strings[end.0 as usize] {
            end = *whole;
        }
        let mut at = id;
        while let Stored::Prefix { whole, .. } = &mut self.strings[at.0 as usize] {
            at = std::mem::replace(whole, end);
        }
    }

    /// The text of the beginning of another string.
    fn prefix(&self, id: StrId) -> &str {
        let mut at = id;
        while let Stored::Prefix { whole, .. } = &self.strings[at.0 as usize] {
            at = *whole;
        }
        let text = self.flat(at).and_then(Text::utf8).unwrap_or_default();
        text.get(..self.measure(id).bytes as usize).unwrap_or_default()
    }

    /// The unit at `at` of a text, and how many bytes were looked at.
    pub(crate) fn unit_at(&mut self, text: &Text, at: usize) -> (Option<u16>, usize) {
        let passed = self.cursor.seek(text, at);
        (self.cursor.unit(text, at), passed)
    }

    /// The units from `start` to `end` of a text, both within the length, and how many bytes were looked at.
    pub(crate) fn slice_at(&mut self, text: &Text, start: usize, end: usize) -> (Text, usize) {
        let passed = self.cursor.seek(text, start);
        (self.cursor.slice(text, start, end), passed)
    }
}

/// What is known of a string without reading it.
struct Measure {
    units: u32,
    bytes: u32,
    ascii: bool,
    wide: bool,
}
