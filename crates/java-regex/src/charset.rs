//! Sets of characters as sorted ranges of code points, and how Java compares characters without regard to case.

use std::collections::HashMap;
use std::sync::LazyLock;

const LAST: u32 = 0x10_ffff;

/// A set of characters: ranges in order, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CharSet {
    ranges: Vec<(u32, u32)>,
}

impl CharSet {
    pub(crate) fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut ranges: Vec<(u32, u32)> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        CharSet { ranges: merged }
    }

    pub(crate) fn of(characters: &str) -> Self {
        Self::new(characters.chars().map(|character| (character.into(), character.into())))
    }

    pub(crate) fn range(low: u32, high: u32) -> Self {
        CharSet { ranges: vec![(low, high)] }
    }

    pub(crate) fn one(character: u32) -> Self {
        Self::range(character, character)
    }

    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self::new(self.ranges.iter().chain(&other.ranges).copied())
    }

    pub(crate) fn negate(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.ranges {
            if next < low {
                ranges.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        CharSet { ranges }
    }

    pub(crate) fn intersect(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(&&(a, b)), Some(&&(c, d))) = (left.peek(), right.peek()) {
            if a.max(c) <= b.min(d) {
                ranges.push((a.max(c), b.min(d)));
            }
            if b < d {
                left.next()
            } else {
                right.next()
            };
        }
        CharSet { ranges }
    }

    pub(crate) fn contains(&self, character: char) -> bool {
        let code = u32::from(character);
        let at = self.ranges.partition_point(|&(_, high)| high < code);
        self.ranges.get(at).is_some_and(|&(low, _)| low <= code)
    }

    /// With what the flag `i` adds to a single character or a range: letters of ASCII in either case.
    pub(crate) fn ignoring_ascii_case(&self) -> Self {
        let mut ranges = self.ranges.clone();
        for letter in 'a'..='z' {
            let upper = letter.to_ascii_uppercase();
            if self.contains(letter) != self.contains(upper) {
                ranges.push((letter.into(), letter.into()));
                ranges.push((upper.into(), upper.into()));
            }
        }
        Self::new(ranges)
    }

    /// With what the flags `i` and `u` add: every character whose upper case, or the lower case of that, is in the set.
    pub(crate) fn ignoring_case(&self) -> Self {
        let single = match self.ranges[..] {
            [(low, high)] if low == high => char::from_u32(low),
            _ => None,
        };
        if let Some(character) = single {
            let kin = KIN.get(&fold(character)).map(Vec::as_slice).unwrap_or_default();
            return Self::new(kin.iter().chain([&character]).map(|&kin| (kin.into(), kin.into())));
        }
        let added = CASED.iter().filter(|&&character| self.contains(upper(character)) || self.contains(fold(character)));
        Self::new(self.ranges.iter().copied().chain(added.map(|&character| (character.into(), character.into()))))
    }
}

/// `Character.toUpperCase(int)`: the simple mapping, one character to one.
pub(crate) fn upper(character: char) -> char {
    match character {
        'a'..='z' => character.to_ascii_uppercase(),
        '\0'..='\u{7f}' => character,
        // Their full mapping is two characters, the simple one is another.
        '\u{1f80}'..='\u{1faf}' if u32::from(character) & 8 == 0 => char::from_u32(u32::from(character) + 8).unwrap_or(character),
        'ᾳ' => 'ᾼ',
        'ῃ' => 'ῌ',
        'ῳ' => 'ῼ',
        _ => single(character.to_uppercase()).unwrap_or(character),
    }
}

/// `Character.toLowerCase(int)`.
pub(crate) fn lower(character: char) -> char {
    match character {
        'A'..='Z' => character.to_ascii_lowercase(),
        '\0'..='\u{7f}' => character,
        'İ' => 'i',
        _ => single(character.to_lowercase()).unwrap_or(character),
    }
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// What two characters have in common that differ in case only, as `Pattern` compares with the flag `u`.
pub(crate) fn fold(character: char) -> char {
    lower(upper(character))
}

/// The characters that have another case.
static CASED: LazyLock<Vec<char>> = LazyLock::new(|| {
    ('\0'..=char::MAX).filter(|&character| upper(character) != character || fold(character) != character).collect()
});

/// The characters of each fold.
static KIN: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut kin: HashMap<char, Vec<char>> = HashMap::new();
    for &character in CASED.iter() {
        kin.entry(fold(character)).or_insert_with(|| vec![fold(character)]).push(character);
    }
    kin
});

/// A set made for asking: a bit for each character of ASCII.
#[derive(Debug)]
pub(crate) struct Lookup {
    ascii: u128,
    set: CharSet,
}

impl Lookup {
    pub(crate) fn new(set: CharSet) -> Self {
        let ascii = ('\0'..='\u{7f}')
            .filter(|&character| set.contains(character))
            .fold(0, |bits, character| bits | 1 << u32::from(character));
        Self { ascii, set }
    }

    #[inline]
    pub(crate) fn contains(&self, character: char) -> bool {
        if character.is_ascii() { self.ascii >> u32::from(character) & 1 == 1 } else { self.set.contains(character) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_algebra() {
        let (a, b) = (CharSet::new([(10, 20), (15, 30), (31, 40)]), CharSet::new([(0, 12), (35, 50)]));
        assert_eq!(a, CharSet::range(10, 40));
        assert_eq!(a.intersect(&b), CharSet::new([(10, 12), (35, 40)]));
        assert_eq!(a.negate().negate(), a);
        assert_eq!(a.union(&b).negate(), a.negate().intersect(&b.negate()));
        assert_eq!(CharSet::default().negate(), CharSet::range(0, LAST));
    }

    #[test]
    fn case_is_ignored_as_java_does() {
        assert!(CharSet::of("k").ignoring_case().contains('\u{212a}'), "the sign of Kelvin");
        assert!(!CharSet::of("k").ignoring_ascii_case().contains('\u{212a}'));
        assert!(CharSet::range('a'.into(), 'c'.into()).ignoring_ascii_case().contains('B'));
        assert_eq!((upper('ß'), upper('ᾳ'), lower('İ'), fold('ς')), ('ß', 'ᾼ', 'i', 'σ'));
    }
}
