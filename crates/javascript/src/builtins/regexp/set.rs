//! Sets of characters.

use std::sync::Arc;

use java_regex::JavaRegex;

use super::parse::ClassAtom;

/// A set of characters: ranges, other sets, properties of Unicode.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    ranges: Vec<(u32, u32)>,
    parts: Vec<Set>,
    property: Option<Arc<JavaRegex>>,
    negated: bool,
}

impl Set {
    fn of(ranges: &[(u32, u32)]) -> Self {
        Self { ranges: ranges.to_vec(), ..Self::default() }
    }

    pub(super) fn digits() -> Self {
        Self::of(&[(0x30, 0x39)])
    }

    pub(super) fn words() -> Self {
        Self::of(&[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)])
    }

    pub(super) fn spaces() -> Self {
        Self::of(&[
            (0x09, 0x0d),
            (0x20, 0x20),
            (0xa0, 0xa0),
            (0x1680, 0x1680),
            (0x2000, 0x200a),
            (0x2028, 0x2029),
            (0x202f, 0x202f),
            (0x205f, 0x205f),
            (0x3000, 0x3000),
            (0xfeff, 0xfeff),
        ])
    }

    /// `\p{name}`, by the properties that Java's patterns know.
    pub(super) fn property(name: &str, negated: bool) -> Result<Self, String> {
        let unknown = || format!("unknown unicode property \\p{{{name}}}");
        let java = match name.split_once('=') {
            Some(("Script" | "sc" | "Script_Extensions" | "scx", script)) => format!("Is{script}"),
            Some(("General_Category" | "gc", category)) => short_category(category).to_owned(),
            Some(_) => return Err(unknown()),
            None if name.len() <= 2 => name.to_owned(),
            None => match short_category(name) {
                same if same == name => format!("Is{name}"),
                short => short.to_owned(),
            },
        };
        let property = JavaRegex::new(&format!("\\p{{{java}}}")).map_err(|_| unknown())?;
        Ok(Self { property: Some(Arc::new(property)), negated, ..Self::default() })
    }

    pub(super) fn negate(mut self) -> Self {
        self.negated = !self.negated;
        self
    }

    pub(super) fn add_range(&mut self, first: u32, last: u32) {
        self.ranges.push((first, last));
    }

    pub(super) fn add(&mut self, atom: ClassAtom) {
        match atom {
            ClassAtom::Char(code) => self.add_range(code, code),
            ClassAtom::Set(set) => self.parts.push(set),
        }
    }

    /// Whether one of `characters`, which count as one, is in the set.
    pub(super) fn contains(&self, characters: &[u32]) -> bool {
        let found = characters.iter().any(|&code| self.ranges.iter().any(|&(first, last)| (first..=last).contains(&code)))
            || self.parts.iter().any(|part| part.contains(characters))
            || self.property.as_ref().is_some_and(|property| {
                characters.iter().any(|&code| {
                    char::from_u32(code)
                        .is_some_and(|character| property.matches_whole(character.encode_utf8(&mut [0; 4])).unwrap_or(false))
                })
            });
        found != self.negated
    }
}

/// The short name of a general category.
fn short_category(name: &str) -> &str {
    match name {
        "Letter" => "L",
        "Lowercase_Letter" => "Ll",
        "Uppercase_Letter" => "Lu",
        "Titlecase_Letter" => "Lt",
        "Modifier_Letter" => "Lm",
        "Other_Letter" => "Lo",
        "Mark" | "Combining_Mark" => "M",
        "Nonspacing_Mark" => "Mn",
        "Number" => "N",
        "Decimal_Number" | "digit" => "Nd",
        "Punctuation" | "punct" => "P",
        "Symbol" => "S",
        "Currency_Symbol" => "Sc",
        "Math_Symbol" => "Sm",
        "Separator" => "Z",
        "Space_Separator" => "Zs",
        "Other" => "C",
        "Control" | "cntrl" => "Cc",
        other => other,
    }
}
