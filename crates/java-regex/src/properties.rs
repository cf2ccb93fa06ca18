//! Java's names of character properties: POSIX classes, `java*` methods, categories, scripts, blocks, binary properties.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

use crate::blocks;
use crate::charset::{CharSet, Lookup};

/// The flags that a property depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Modes {
    /// `i`.
    pub(crate) ignore_case: bool,
    /// `U`: POSIX and predefined classes are those of Unicode.
    pub(crate) unicode: bool,
}

/// The set of `\d`, `\w`, `\s`, `\h`, `\v`; none for another letter.
pub(crate) fn predefined(letter: char, unicode: bool) -> Option<CharSet> {
    Some(match letter {
        'd' if unicode => of_unicode("Nd"),
        'd' => CharSet::range('0'.into(), '9'.into()),
        'w' if unicode => union(&["Alphabetic", "M", "Nd", "Pc", "Join_Control"]),
        'w' => ascii(|c| c.is_ascii_alphanumeric() || c == '_'),
        's' if unicode => of_unicode("White_Space"),
        's' => CharSet::of(" \t\n\u{b}\u{c}\r"),
        'h' => CharSet::of(" \t\u{a0}\u{1680}\u{180e}\u{202f}\u{205f}\u{3000}").union(&CharSet::range(0x2000, 0x200a)),
        'v' => CharSet::of("\n\u{b}\u{c}\r\u{85}\u{2028}\u{2029}"),
        _ => return None,
    })
}

/// The characters of `\p{name}`.
///
/// POSIX names are ASCII (`Pattern`, "POSIX character classes (US-ASCII only)"); `Is` is for scripts, categories and binary
/// properties, `In` for blocks.
pub(crate) fn set(name: &str, modes: Modes) -> Result<CharSet, String> {
    if let Some((key, value)) = name.split_once('=') {
        let found = match &*key.to_ascii_lowercase() {
            "sc" | "script" => script(value),
            "blk" | "block" => return block(value),
            "gc" | "general_category" => category(value, modes),
            _ => None,
        };
        return found.ok_or_else(|| format!("Unknown Unicode property {{name=<{key}>, value=<{value}>}}"));
    }
    if let Some(name) = name.strip_prefix("In") {
        return block(name).map_err(|_| format!("Unknown character property name {{In{name}}}"));
    }
    let found = match name.strip_prefix("Is") {
        Some(name) => binary(name, modes).or_else(|| category(name, modes)).or_else(|| script(name)),
        None if modes.unicode => posix_in_unicode(name).or_else(|| category(name, modes)),
        None => category(name, modes),
    };
    found.ok_or_else(|| format!("Unknown character property name {{{name}}}"))
}

fn block(name: &str) -> Result<CharSet, String> {
    let (first, last) = blocks::find(name).ok_or_else(|| format!("Unknown character block name {{{name}}}"))?;
    Ok(CharSet::range(first, last))
}

fn ascii(wanted: impl Fn(char) -> bool) -> CharSet {
    CharSet::new(('\0'..='\u{7f}').filter(|&character| wanted(character)).map(|character| (character.into(), character.into())))
}

/// A property as the tables of `regex-syntax` name it; empty if they do not have it.
fn of_unicode(name: &str) -> CharSet {
    try_unicode(name).unwrap_or_default()
}

fn try_unicode(name: &str) -> Option<CharSet> {
    let hir = regex_syntax::parse(&format!(r"\p{{{name}}}")).ok()?;
    let class = match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => class,
        // A set of one character.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            return Some(CharSet::of(text));
        }
        _ => return None,
    };
    Some(CharSet::new(class.iter().map(|range| (range.start().into(), range.end().into()))))
}

fn union(names: &[&str]) -> CharSet {
    names.iter().fold(CharSet::default(), |set, name| set.union(&of_unicode(name)))
}

/// Categories, POSIX classes, `java*` methods: names whose case counts.
fn category(name: &str, modes: Modes) -> Option<CharSet> {
    Some(match name {
        // Without regard to case the letters of one case are those of all.
        "Lu" | "Ll" | "Lt" | "javaLowerCase" | "javaUpperCase" | "javaTitleCase" if modes.ignore_case => {
            union(&["Lu", "Ll", "Lt"])
        }
        "Lower" | "Upper" if modes.ignore_case => ascii(|c| c.is_ascii_alphabetic()),
        "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "Mn" | "Me" | "Mc" | "Nd" | "Nl" | "No" | "Zs" | "Zl" | "Zp" | "Cc" | "Cf" | "Co"
        | "Cn" | "Pd" | "Ps" | "Pe" | "Pc" | "Po" | "Sm" | "Sc" | "Sk" | "So" | "Pi" | "Pf" | "L" | "M" | "N" | "Z" | "C"
        | "P" | "S" => of_unicode(name),
        // Half characters, which no text here has.
        "Cs" => CharSet::default(),
        "LC" => union(&["Lu", "Ll", "Lt"]),
        "LD" => union(&["L", "Nd"]),
        "L1" => CharSet::range(0, 0xff),
        "all" => CharSet::range(0, 0x10_ffff),
        "ASCII" => CharSet::range(0, 0x7f),
        "Lower" => ascii(|c| c.is_ascii_lowercase()),
        "Upper" => ascii(|c| c.is_ascii_uppercase()),
        "Alpha" => ascii(|c| c.is_ascii_alphabetic()),
        "Digit" => ascii(|c| c.is_ascii_digit()),
        "Alnum" => ascii(|c| c.is_ascii_alphanumeric()),
        "Punct" => ascii(|c| c.is_ascii_punctuation()),
        "Graph" => ascii(|c| c.is_ascii_graphic()),
        "Print" => CharSet::range(0x20, 0x7e),
        "Blank" => CharSet::of(" \t"),
        "Cntrl" => ascii(|c| c.is_ascii_control()),
        "XDigit" => ascii(|c| c.is_ascii_hexdigit()),
        "Space" => CharSet::of(" \t\n\u{b}\u{c}\r"),
        "javaLowerCase" => of_unicode("Lowercase"),
        "javaUpperCase" => of_unicode("Uppercase"),
        "javaTitleCase" => of_unicode("Lt"),
        "javaAlphabetic" => of_unicode("Alphabetic"),
        "javaIdeographic" => of_unicode("Ideographic"),
        "javaDigit" => of_unicode("Nd"),
        "javaDefined" => of_unicode("Cn").negate(),
        "javaLetter" => of_unicode("L"),
        "javaLetterOrDigit" => union(&["L", "Nd"]),
        "javaSpaceChar" => of_unicode("Z"),
        // Separators but the non-breaking ones, and controls.
        "javaWhitespace" => of_unicode("Z")
            .intersect(&CharSet::of("\u{a0}\u{2007}\u{202f}").negate())
            .union(&CharSet::new([(0x9, 0xd), (0x1c, 0x1f)])),
        "javaISOControl" => CharSet::new([(0, 0x1f), (0x7f, 0x9f)]),
        "javaMirrored" => of_unicode("Bidi_Mirrored"),
        "javaIdentifierIgnorable" => ignorable(),
        "javaJavaIdentifierStart" => union(&["L", "Nl", "Sc", "Pc"]),
        "javaJavaIdentifierPart" => union(&["L", "Nl", "Sc", "Pc", "Nd", "Mn", "Mc"]).union(&ignorable()),
        "javaUnicodeIdentifierStart" => of_unicode("ID_Start"),
        "javaUnicodeIdentifierPart" => of_unicode("ID_Continue").union(&ignorable()),
        _ => return None,
    })
}

fn ignorable() -> CharSet {
    CharSet::new([(0, 8), (0xe, 0x1b), (0x7f, 0x9f)]).union(&of_unicode("Cf"))
}

/// What a POSIX name means with the flag `U`.
fn posix_in_unicode(name: &str) -> Option<CharSet> {
    Some(match name {
        "Lower" => of_unicode("Lowercase"),
        "Upper" => of_unicode("Uppercase"),
        "Alpha" => of_unicode("Alphabetic"),
        "Digit" => of_unicode("Nd"),
        "Alnum" => union(&["Alphabetic", "Nd"]),
        "Punct" => of_unicode("P"),
        "Graph" => union(&["Z", "Cc", "Cn"]).negate(),
        "Print" => union(&["Zl", "Zp", "Cc", "Cn"]).negate(),
        "Blank" => of_unicode("Zs").union(&CharSet::of("\t")),
        "Cntrl" => of_unicode("Cc"),
        "XDigit" => of_unicode("Nd").union(&of_unicode("Hex_Digit")),
        "Space" => of_unicode("White_Space"),
        _ => return None,
    })
}

/// Binary properties: case does not count.
fn binary(name: &str, modes: Modes) -> Option<CharSet> {
    let cased = || union(&["Lowercase", "Uppercase", "Lt"]);
    Some(match &*name.to_ascii_uppercase() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if modes.ignore_case => cased(),
        "ALPHABETIC" => of_unicode("Alphabetic"),
        "LETTER" => of_unicode("L"),
        "IDEOGRAPHIC" => of_unicode("Ideographic"),
        "LOWERCASE" => of_unicode("Lowercase"),
        "UPPERCASE" => of_unicode("Uppercase"),
        "TITLECASE" => of_unicode("Lt"),
        "WHITE_SPACE" | "WHITESPACE" => of_unicode("White_Space"),
        "CONTROL" => of_unicode("Cc"),
        "PUNCTUATION" => of_unicode("P"),
        "HEX_DIGIT" | "HEXDIGIT" => of_unicode("Nd").union(&of_unicode("Hex_Digit")),
        "ASSIGNED" => of_unicode("Cn").negate(),
        "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => of_unicode("Noncharacter_Code_Point"),
        "DIGIT" => of_unicode("Nd"),
        "ALNUM" => union(&["Alphabetic", "Nd"]),
        "BLANK" => posix_in_unicode("Blank")?,
        "GRAPH" => posix_in_unicode("Graph")?,
        "PRINT" => posix_in_unicode("Print")?,
        "WORD" => predefined('w', true)?,
        "JOIN_CONTROL" | "JOINCONTROL" => of_unicode("Join_Control"),
        _ => return None,
    })
}

/// A script by its name or its code of four letters.
fn script(name: &str) -> Option<CharSet> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| try_unicode(&format!("sc={name}"))).flatten()
}

/// Whether `\b` takes a character for one of a word: a letter, a digit or `_`, also outside of ASCII, as Java 17 does.
pub(crate) fn is_word(character: char, unicode: bool) -> bool {
    static PLAIN: LazyLock<Lookup> = LazyLock::new(|| Lookup::new(union(&["L", "Nd"]).union(&CharSet::of("_"))));
    static UNICODE: LazyLock<Lookup> = LazyLock::new(|| Lookup::new(predefined('w', true).unwrap_or_default()));
    if unicode { UNICODE.contains(character) } else { PLAIN.contains(character) }
}

/// `Mn`: a mark that takes no space.
pub(crate) fn is_mark(character: char) -> bool {
    static MARKS: LazyLock<Lookup> = LazyLock::new(|| Lookup::new(of_unicode("Mn")));
    !character.is_ascii() && MARKS.contains(character)
}
