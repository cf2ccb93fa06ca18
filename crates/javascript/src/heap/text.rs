//! Strings: UTF-8 as everywhere else, UTF-16 only where a lone surrogate has no UTF-8, and a rope where two were joined.
//!
//! Positions and lengths are UTF-16 units, as the language counts (ECMA-262, 6.1.4). For ASCII these are bytes. Joining does not
//! copy: a loop that appends a thousand times copies the text once, when somebody reads it.

use std::sync::Arc;

use value::Str;

use super::StrId;

/// A string that can be read.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// Well-formed. `ascii`: one byte is one unit.
    Utf8 { text: Str, units: u32, ascii: bool },
    /// With at least one lone surrogate.
    Wide(Arc<[u16]>),
}

/// A string of the heap.
#[derive(Debug)]
pub(super) enum Stored {
    Flat(Text),
    /// Two strings that nobody has read as one yet.
    Joined {
        left: StrId,
        right: StrId,
        units: u32,
        bytes: u32,
        ascii: bool,
        wide: bool,
    },
    /// The beginning of a longer string that was made of it, so that it need not be kept twice.
    Prefix {
        whole: StrId,
        units: u32,
        bytes: u32,
        ascii: bool,
    },
}

impl Text {
    /// A well-formed string.
    pub(crate) fn new(text: Str) -> Self {
        let ascii = text.is_ascii();
        let units = if ascii { text.len() } else { text.chars().map(char::len_utf16).sum() };
        Text::Utf8 { text, units: u32::try_from(units).unwrap_or(u32::MAX), ascii }
    }

    /// A string of UTF-16 units; lone surrogates are kept.
    pub(crate) fn from_units(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => Text::new(text.into()),
            Err(_) => Text::Wide(units.into()),
        }
    }

    /// Whether two are the same piece of memory.
    pub(crate) fn is_same(&self, other: &Text) -> bool {
        match (self, other) {
            (Text::Utf8 { text, .. }, Text::Utf8 { text: other, .. }) => Arc::ptr_eq(text, other),
            (Text::Wide(units), Text::Wide(other)) => Arc::ptr_eq(units, other),
            _ => false,
        }
    }

    /// The length in UTF-16 units.
    pub(crate) fn units(&self) -> usize {
        match self {
            Text::Utf8 { units, .. } => *units as usize,
            Text::Wide(units) => units.len(),
        }
    }

    /// The length in bytes of what it takes to keep it.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Text::Utf8 { text, .. } => text.len(),
            Text::Wide(units) => units.len() * 2,
        }
    }

    /// The text, if it is well-formed.
    pub(crate) fn utf8(&self) -> Option<&str> {
        match self {
            Text::Utf8 { text, .. } => Some(text),
            Text::Wide(_) => None,
        }
    }

    /// The text; a lone surrogate becomes U+FFFD.
    pub(crate) fn well_formed(&self) -> Str {
        match self {
            Text::Utf8 { text, .. } => Arc::clone(text),
            Text::Wide(units) => String::from_utf16_lossy(units).into(),
        }
    }

    /// All units.
    pub(crate) fn to_units(&self) -> Vec<u16> {
        match self {
            Text::Utf8 { text, .. } => text.encode_utf16().collect(),
            Text::Wide(units) => units.to_vec(),
        }
    }

    /// The unit at `at`.
    pub(crate) fn unit(&self, at: usize) -> Option<u16> {
        match self {
            Text::Utf8 { text, ascii: true, .. } => text.as_bytes().get(at).map(|byte| u16::from(*byte)),
            Text::Utf8 { text, .. } => text.encode_utf16().nth(at),
            Text::Wide(units) => units.get(at).copied(),
        }
    }

    /// The units from `start` to `end`, both within the length.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Text {
        if start >= end {
            return Text::new("".into());
        }
        match self {
            Text::Utf8 { text, ascii: true, .. } => {
                let text: Str = text[start..end].into();
                Text::Utf8 { units: u32::try_from(end - start).unwrap_or(u32::MAX), text, ascii: true }
            }
            Text::Utf8 { text, .. } => match (byte_of(text, start), byte_of(text, end)) {
                (Some(start), Some(end)) => Text::new(text[start..end].into()),
                // A cut through a pair leaves half of it.
                _ => Text::from_units(&text.encode_utf16().skip(start).take(end - start).collect::<Vec<_>>()),
            },
            Text::Wide(units) => Text::from_units(&units[start..end]),
        }
    }

    /// Where `needle` begins at or after `from`. Takes time in proportion to both lengths.
    pub(crate) fn find(&self, needle: &Text, from: usize) -> Option<usize> {
        if from > self.units() {
            return None;
        }
        match (self, needle) {
            _ if needle.units() == 0 => Some(from),
            (Text::Utf8 { text, ascii: true, .. }, Text::Utf8 { text: needle, .. }) => {
                text.get(from..)?.find(&**needle).map(|at| at + from)
            }
            (Text::Utf8 { text, .. }, Text::Utf8 { text: needle, .. }) => {
                // What is well-formed does not begin inside of a pair.
                let (byte, unit) = byte_from(text, from);
                let before = text[byte..].find(&**needle)?;
                Some(unit + units_of(&text[byte..byte + before]))
            }
            _ => find_units(self.to_units().get(from..)?, &needle.to_units()).map(|at| at + from),
        }
    }

    /// Where `needle` begins last, at or before `from`, which leaves room for it. Takes time in proportion to both lengths.
    pub(crate) fn find_last(&self, needle: &Text, from: usize) -> Option<usize> {
        let end = (from + needle.units()).min(self.units());
        match (self, needle) {
            _ if needle.units() == 0 => Some(end),
            (Text::Utf8 { text, ascii: true, .. }, Text::Utf8 { text: needle, .. }) => text.get(..end)?.rfind(&**needle),
            (Text::Utf8 { text, .. }, Text::Utf8 { text: needle, .. }) => {
                let (mut byte, unit) = byte_from(text, end);
                if unit > end {
                    // The pair that it would end in is no part of it.
                    byte -= 4;
                }
                text[..byte].rfind(&**needle).map(|at| units_of(&text[..at]))
            }
            _ => {
                let (mut units, mut needle) = (self.to_units(), needle.to_units());
                units.truncate(end);
                units.reverse();
                needle.reverse();
                find_units(&units, &needle).map(|at| end - at - needle.len())
            }
        }
    }

    /// The units' order (ECMA-262, 7.2.13 IsLessThan).
    pub(crate) fn compare(&self, other: &Text) -> std::cmp::Ordering {
        match (self, other) {
            _ if self.is_same(other) => std::cmp::Ordering::Equal,
            (Text::Utf8 { text, ascii, .. }, Text::Utf8 { text: other, ascii: other_ascii, .. }) => {
                let (left, right) = (text.as_bytes(), other.as_bytes());
                if *ascii || *other_ascii {
                    return left.cmp(right);
                }
                let same = left.iter().zip(right).take_while(|(left, right)| left == right).count();
                let (Some(one), Some(two)) = (left.get(same), right.get(same)) else { return left.len().cmp(&right.len()) };
                // Bytes are ordered as code points are; units differ from that only where a pair, whose halves are below U+E000,
                // meets a character from there up to U+FFFF. Both begin with the byte that differs then.
                match (*one >= 0xf0, *two >= 0xf0) {
                    (true, false) if matches!(two, 0xee | 0xef) => std::cmp::Ordering::Less,
                    (false, true) if matches!(one, 0xee | 0xef) => std::cmp::Ordering::Greater,
                    _ => one.cmp(two),
                }
            }
            (Text::Utf8 { text, .. }, Text::Wide(units)) => text.encode_utf16().cmp(units.iter().copied()),
            (Text::Wide(units), Text::Utf8 { text, .. }) => units.iter().copied().cmp(text.encode_utf16()),
            (Text::Wide(units), Text::Wide(other)) => units.cmp(other),
        }
    }
}

/// Where units were looked for last in a text that is not ASCII. Who goes through such a text unit by unit, in either direction,
/// goes one step at a time.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// Kept, so that no other text gets its address.
    text: Option<Str>,
    /// A place in it, at the beginning of a character.
    byte: usize,
    unit: usize,
}

impl Cursor {
    /// Goes to the character that the unit `at` is of, or to the end. The bytes that were passed over.
    pub(crate) fn seek(&mut self, text: &Text, at: usize) -> usize {
        let Text::Utf8 { text, ascii: false, .. } = text else { return 0 };
        if !self.text.as_ref().is_some_and(|known| Arc::ptr_eq(known, text)) {
            *self = Self { text: Some(Arc::clone(text)), byte: 0, unit: 0 };
        }
        if at < self.unit / 2 {
            (self.byte, self.unit) = (0, 0);
        }
        let from = self.byte;
        while at < self.unit
            && let Some(before) = text[..self.byte].chars().next_back()
        {
            self.byte -= before.len_utf8();
            self.unit -= before.len_utf16();
        }
        for char in text[self.byte..].chars() {
            if at < self.unit + char.len_utf16() {
                break;
            }
            self.byte += char.len_utf8();
            self.unit += char.len_utf16();
        }
        self.byte.abs_diff(from)
    }

    /// As [`Text::unit`], of the text and the place that were sought.
    pub(crate) fn unit(&self, text: &Text, at: usize) -> Option<u16> {
        match text {
            Text::Utf8 { text, ascii: false, .. } => text[self.byte..].encode_utf16().nth(at - self.unit),
            _ => text.unit(at),
        }
    }

    /// As [`Text::slice`], of the text and the start that were sought.
    pub(crate) fn slice(&self, text: &Text, start: usize, end: usize) -> Text {
        let Text::Utf8 { text: whole, ascii: false, .. } = text else { return text.slice(start, end) };
        if start >= end {
            return Text::new("".into());
        }
        let rest = &whole[self.byte..];
        let (before, length) = (start - self.unit, end - start);
        match byte_of(rest, before + length) {
            Some(end) if before == 0 => Text::new(rest[..end].into()),
            // A cut through a pair leaves half of it.
            _ => Text::from_units(&rest.encode_utf16().skip(before).take(length).collect::<Vec<_>>()),
        }
    }
}

/// How many units a text has.
fn units_of(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The byte and the unit of the first character that begins at or after the unit `at`.
fn byte_from(text: &str, at: usize) -> (usize, usize) {
    let mut unit = 0;
    for (byte, char) in text.char_indices() {
        if unit >= at {
            return (byte, unit);
        }
        unit += char.len_utf16();
    }
    (text.len(), unit)
}

/// Where `needle`, which is not empty, begins first (Knuth, Morris and Pratt).
fn find_units(units: &[u16], needle: &[u16]) -> Option<usize> {
    // How long the longest end of what matched so far is that the needle begins with.
    let mut falls = vec![0usize; needle.len()];
    let mut matched = 0;
    for at in 1..needle.len() {
        while matched > 0 && needle[at] != needle[matched] {
            matched = falls[matched - 1];
        }
        matched += usize::from(needle[at] == needle[matched]);
        falls[at] = matched;
    }
    matched = 0;
    for (at, unit) in units.iter().enumerate() {
        while matched > 0 && *unit != needle[matched] {
            matched = falls[matched - 1];
        }
        matched += usize::from(*unit == needle[matched]);
        if matched == needle.len() {
            return Some(at + 1 - matched);
        }
    }
    None
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Text::Utf8 { text, .. }, Text::Utf8 { text: other, .. }) => text == other,
            (Text::Wide(units), Text::Wide(other)) => units == other,
            // Each string has one form only.
            _ => false,
        }
    }
}

/// The byte where the unit at `at` begins; `None` inside of a pair.
fn byte_of(text: &str, at: usize) -> Option<usize> {
    let mut units = 0;
    for (byte, char) in text.char_indices() {
        if units == at {
            return Some(byte);
        }
        if units > at {
            return None;
        }
        units += char.len_utf16();
    }
    (units == at).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_utf16_units() {
        let text = Text::new("a😀b".into());
        assert_eq!((text.units(), text.unit(1), text.unit(3)), (4, Some(0xD83D), Some(u16::from(b'b'))));
        assert_eq!(text.slice(1, 3), Text::new("😀".into()));
        let half = text.slice(0, 2);
        assert!(matches!(half, Text::Wide(_)));
        assert_eq!(&*half.well_formed(), "a\u{fffd}");
        assert_eq!(text.find(&Text::new("b".into()), 0), Some(3));
        assert_eq!(Text::new("abc".into()).find(&Text::new("".into()), 3), Some(3));
        assert!(Text::new("\u{ffff}".into()).compare(&text.slice(1, 3)).is_gt());
    }

    /// Texts in which pairs, halves of them and characters above them meet.
    fn texts() -> Vec<Text> {
        let mut texts = vec![Text::new("".into())];
        let units = [0x61, 0xe9, 0xd83d, 0xde00, 0xffff];
        for length in 1..=4u32 {
            for number in 0..5usize.pow(length) {
                let digits = (0..length).map(|at| units[number / 5usize.pow(at) % 5]);
                texts.push(Text::from_units(&digits.collect::<Vec<u16>>()));
            }
        }
        texts
    }

    #[test]
    fn texts_are_searched_and_ordered_as_their_units() {
        let texts = texts();
        let mut cursor = Cursor::default();
        for (number, text) in texts.iter().enumerate() {
            let units = text.to_units();
            for other in texts.iter().take(160).chain(texts.iter().skip(number % 7).step_by(7)) {
                let needle = other.to_units();
                assert_eq!(text.compare(other), units.cmp(&needle), "{text:?} {other:?}");
                let is_at = |at: &usize| units[*at..].starts_with(&needle);
                for from in 0..=units.len() {
                    let first = (from..=units.len()).find(is_at);
                    assert_eq!(text.find(other, from), first, "{text:?} {other:?} {from}");
                    if from + needle.len() <= units.len() {
                        assert_eq!(text.find_last(other, from), (0..=from).rev().find(is_at), "{text:?} {other:?} {from}");
                    }
                }
            }
            for at in [0, 3, 1, 2, 0, 2].into_iter().filter(|at| *at < units.len()) {
                cursor.seek(text, at);
                assert_eq!(cursor.unit(text, at), Some(units[at]), "{text:?} {at}");
                for end in at..=units.len() {
                    cursor.seek(text, at);
                    assert_eq!(cursor.slice(text, at, end), Text::from_units(&units[at..end]), "{text:?} {at} {end}");
                }
            }
        }
    }
}
