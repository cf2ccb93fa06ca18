//! One alternative of a field: what a single value is compared with.

use value::{Number, Str, Value};

use crate::address::{Cidr, address};
use crate::numeric::{Range, equal};
use crate::wildcard::Wildcard;

/// An alternative. All but [`Matcher::Absent`] are asked about a value that is there.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// `null`, `true`, `false`.
    Constant(Value),
    Number(Number),
    Text(Text),
    Numeric(Range),
    Cidr(Cidr),
    /// `exists: true`
    Present,
    /// `exists: false`
    Absent,
    /// `anything-but` texts, or texts of a kind: also wants whatever is no text.
    AnythingButText(Vec<Text>),
    /// `anything-but` numbers: also wants whatever is no number.
    AnythingButNumber(Vec<Number>),
}

/// A comparison of texts.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Exact(Str),
    IgnoreCase(Folded),
    Prefix(Str),
    PrefixIgnoreCase(Folded),
    Suffix(Str),
    SuffixIgnoreCase(Folded),
    Wildcard(Wildcard),
}

impl Matcher {
    pub(crate) fn matches(&self, value: &Value) -> bool {
        match self {
            Matcher::Constant(constant) => value == constant,
            Matcher::Number(number) => value.as_number().is_some_and(|value| equal(value, number)),
            Matcher::Text(text) => value.as_str().is_some_and(|value| text.matches(value) || text.is_address(value)),
            Matcher::Numeric(range) => value.as_number().is_some_and(|value| range.contains(value)),
            Matcher::Cidr(cidr) => value.as_str().and_then(address).is_some_and(|address| cidr.contains(address)),
            Matcher::Present => true,
            Matcher::Absent => false,
            Matcher::AnythingButText(texts) => value.as_str().is_none_or(|value| !texts.iter().any(|text| text.matches(value))),
            Matcher::AnythingButNumber(numbers) => {
                value.as_number().is_none_or(|value| !numbers.iter().any(|number| equal(value, number)))
            }
        }
    }
}

impl Text {
    fn matches(&self, value: &str) -> bool {
        match self {
            Text::Exact(text) => value == &**text,
            Text::IgnoreCase(text) => text.leads(value.chars()) == Some(true),
            Text::Prefix(text) => value.starts_with(&**text),
            Text::PrefixIgnoreCase(text) => text.leads(value.chars()).is_some(),
            Text::Suffix(text) => value.ends_with(&**text),
            Text::SuffixIgnoreCase(text) => text.trails(value),
            Text::Wildcard(wildcard) => wildcard.matches(value),
        }
    }

    /// A text that is an address equals every spelling of it.
    fn is_address(&self, value: &str) -> bool {
        let Text::Exact(text) = self else { return false };
        address(text).is_some_and(|text| address(value) == Some(text))
    }
}

/// A text to be compared without regard to case, character by character.
#[derive(Clone, Debug)]
pub(crate) struct Folded(Vec<[char; 3]>);

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.chars().map(cases).collect())
    }

    /// Whether `characters` begin like this; `Some(true)` when nothing comes after.
    fn leads(&self, mut characters: impl Iterator<Item = char>) -> Option<bool> {
        let begins = self.0.iter().all(|cases| characters.next().is_some_and(|character| cases.contains(&character)));
        begins.then(|| characters.next().is_none())
    }

    fn trails(&self, value: &str) -> bool {
        let mut characters = value.chars().rev();
        self.0.iter().rev().all(|cases| characters.next().is_some_and(|character| cases.contains(&character)))
    }
}

/// A character and its upper and lower case, where these are single characters.
fn cases(character: char) -> [char; 3] {
    fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        let first = mapped.next()?;
        mapped.next().is_none().then_some(first)
    }
    let upper = single(character.to_uppercase()).unwrap_or(character);
    let lower = single(character.to_lowercase()).unwrap_or(character);
    [character, upper, lower]
}
