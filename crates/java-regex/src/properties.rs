//! Java's names of character properties: POSIX classes, `java*` methods, scripts, blocks, categories.

use std::borrow::Cow;

/// The characters of `\p{name}`, as the inside of a class; none for a name that Java does not know, or this crate.
///
/// POSIX names are ASCII (`Pattern`, "POSIX character classes (US-ASCII only)"); `Is` is for scripts, categories and binary
/// properties, `In` for blocks.
pub(crate) fn members(name: &str) -> Option<Cow<'static, str>> {
    let members = match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7f",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
        "Graph" => r"\x21-\x7e",
        "Print" => r"\x20-\x7e",
        "Blank" => r"\x20\t",
        "Cntrl" => r"\x00-\x1f\x7f",
        "XDigit" => "0-9a-fA-F",
        "Space" => r"\t\n\x0b\x0c\r\x20",
        "L1" => r"\x00-\x{ff}",
        "all" => r"\x00-\x{10ffff}",
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        // `Character.isWhitespace`: separators but the non-breaking ones, and controls.
        "javaWhitespace" => r"\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}",
        "javaSpaceChar" => r"\p{Z}",
        "javaLetter" => r"\p{L}",
        "javaDigit" => r"\p{Nd}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        _ => return unicode(name),
    };
    Some(members.into())
}

fn unicode(name: &str) -> Option<Cow<'static, str>> {
    let block_name = name.strip_prefix("In").or_else(|| name.strip_prefix("block=")).or_else(|| name.strip_prefix("blk="));
    if let Some(block_name) = block_name {
        let wanted: String = block_name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
        let block = BLOCKS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&wanted));
        return block.map(|(_, members)| Cow::Borrowed(*members));
    }
    let plain = name.strip_prefix("Is").unwrap_or(name);
    let is_name = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphanumeric() || "_=".contains(c));
    is_name.then(|| format!(r"\p{{{plain}}}").into())
}

/// The blocks of Unicode that patterns ask for; names without blanks, `_` and `-`.
const BLOCKS: &[(&str, &str)] = &[
    ("BasicLatin", r"\x00-\x7f"),
    ("Latin1Supplement", r"\x{80}-\x{ff}"),
    ("LatinExtendedA", r"\x{100}-\x{17f}"),
    ("LatinExtendedB", r"\x{180}-\x{24f}"),
    ("IPAExtensions", r"\x{250}-\x{2af}"),
    ("SpacingModifierLetters", r"\x{2b0}-\x{2ff}"),
    ("CombiningDiacriticalMarks", r"\x{300}-\x{36f}"),
    ("Greek", r"\x{370}-\x{3ff}"),
    ("GreekandCoptic", r"\x{370}-\x{3ff}"),
    ("Cyrillic", r"\x{400}-\x{4ff}"),
    ("CyrillicSupplement", r"\x{500}-\x{52f}"),
    ("Armenian", r"\x{530}-\x{58f}"),
    ("Hebrew", r"\x{590}-\x{5ff}"),
    ("Arabic", r"\x{600}-\x{6ff}"),
    ("Devanagari", r"\x{900}-\x{97f}"),
    ("Bengali", r"\x{980}-\x{9ff}"),
    ("Tamil", r"\x{b80}-\x{bff}"),
    ("Thai", r"\x{e00}-\x{e7f}"),
    ("Georgian", r"\x{10a0}-\x{10ff}"),
    ("HangulJamo", r"\x{1100}-\x{11ff}"),
    ("LatinExtendedAdditional", r"\x{1e00}-\x{1eff}"),
    ("GreekExtended", r"\x{1f00}-\x{1fff}"),
    ("GeneralPunctuation", r"\x{2000}-\x{206f}"),
    ("SuperscriptsandSubscripts", r"\x{2070}-\x{209f}"),
    ("CurrencySymbols", r"\x{20a0}-\x{20cf}"),
    ("LetterlikeSymbols", r"\x{2100}-\x{214f}"),
    ("NumberForms", r"\x{2150}-\x{218f}"),
    ("Arrows", r"\x{2190}-\x{21ff}"),
    ("MathematicalOperators", r"\x{2200}-\x{22ff}"),
    ("BoxDrawing", r"\x{2500}-\x{257f}"),
    ("MiscellaneousSymbols", r"\x{2600}-\x{26ff}"),
    ("Dingbats", r"\x{2700}-\x{27bf}"),
    ("CJKSymbolsandPunctuation", r"\x{3000}-\x{303f}"),
    ("Hiragana", r"\x{3040}-\x{309f}"),
    ("Katakana", r"\x{30a0}-\x{30ff}"),
    ("CJKUnifiedIdeographs", r"\x{4e00}-\x{9fff}"),
    ("HangulSyllables", r"\x{ac00}-\x{d7af}"),
    ("HalfwidthandFullwidthForms", r"\x{ff00}-\x{ffef}"),
    ("Emoticons", r"\x{1f600}-\x{1f64f}"),
];

#[cfg(test)]
mod tests {
    use crate::JavaRegex;

    #[test]
    fn properties_hold_the_characters_of_java() {
        for (pattern, text, whole) in [
            (r"\p{Alpha}\p{javaUpperCase}\P{Digit}", "aÉx", true),
            (r"\p{Alpha}+\p{Punct}", "ab~", true),
            (r"\p{Alpha}", "é", false),
            (r"\p{IsLatin}+", "éa", true),
            (r"\p{IsAlphabetic}\p{L}\pN", "éa1", true),
            (r"\p{sc=Greek}\p{gc=Lu}", "αA", true),
            (r"a\p{InCombiningDiacriticalMarks}", "a\u{301}", true),
            (r"\p{block=Basic Latin}", "a", true),
            (r"\P{InBasic_Latin}", "a", false),
            (r"[\p{Lower}\P{ASCII}]+", "aé", true),
            (r"\p{javaWhitespace}", "\u{a0}", false),
            (r"\p{javaWhitespace}", "\u{2003}", true),
            (r"[^\p{Punct}]", "~", false),
        ] {
            let regex = JavaRegex::new(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
            assert_eq!(regex.matches_whole(text), Ok(whole), "{pattern} on {text:?}");
        }
    }
}
