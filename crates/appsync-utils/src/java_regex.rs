//! Java regular expressions (`java.util.regex.Pattern`) on top of `fancy-regex`, as `util.matches` and the string functions of
//! both resolver languages take them.
//!
//! A pattern is translated once: quoting (`\Q..\E`), Java's ASCII classes (`\d \w \s`), POSIX and `java*` properties, octal and
//! `\u` escapes, `\R`, `\h`, `\Z`, and `$` before a final line end. Every search has a backtracking limit, every result a size limit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};

/// The longest text that a replacement may produce.
pub const MAX_OUTPUT: usize = 8 << 20;

const MAX_PATTERN: usize = 16 << 10;
const MAX_NESTING: usize = 100;
const BACKTRACK_LIMIT: usize = 200_000;

/// Why a pattern or a search failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct RegexError(String);

/// A compiled Java pattern.
#[derive(Debug)]
pub struct JavaRegex {
    regex: Regex,
    whole: Regex,
}

/// The compiled form of `pattern`, from this thread's small cache.
///
/// # Errors
/// A pattern that is malformed, too long, or nested too deeply.
pub fn cached(pattern: &str) -> Result<Arc<JavaRegex>, RegexError> {
    const ENTRIES: usize = 64;
    thread_local! {
        static CACHE: RefCell<HashMap<String, Arc<JavaRegex>>> = RefCell::default();
    }
    CACHE.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(pattern) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(JavaRegex::new(pattern)?);
        if cache.len() >= ENTRIES {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    })
}

impl JavaRegex {
    /// Compiles a Java pattern.
    ///
    /// # Errors
    /// A pattern that is malformed, too long, or nested too deeply.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        let translated = translate(pattern)?;
        let build = |text: &str| {
            let built = RegexBuilder::new(text).backtrack_limit(BACKTRACK_LIMIT).delegate_size_limit(4 << 20).build();
            built.map_err(|fault| RegexError(format!("invalid regular expression {pattern}: {fault}")))
        };
        Ok(Self { regex: build(&translated)?, whole: build(&format!(r"\A(?:{translated})\z"))? })
    }

    /// `Pattern.matches`: whether the whole text matches.
    ///
    /// # Errors
    /// The backtracking limit.
    pub fn matches_whole(&self, text: &str) -> Result<bool, RegexError> {
        self.whole.is_match(text).map_err(|fault| failed(&fault))
    }

    /// `Matcher.find`: whether some part of the text matches.
    ///
    /// # Errors
    /// The backtracking limit.
    pub fn is_found(&self, text: &str) -> Result<bool, RegexError> {
        self.regex.is_match(text).map_err(|fault| failed(&fault))
    }

    /// `String.replaceAll`; in the replacement `$1` and `${name}` are groups and a backslash quotes.
    ///
    /// # Errors
    /// The limits, and a malformed replacement.
    pub fn replace_all(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        self.replace(text, replacement, usize::MAX)
    }

    /// `String.replaceFirst`, likewise.
    ///
    /// # Errors
    /// The limits, and a malformed replacement.
    pub fn replace_first(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        self.replace(text, replacement, 1)
    }

    fn replace(&self, text: &str, replacement: &str, count: usize) -> Result<String, RegexError> {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for captures in self.regex.captures_iter(text).take(count) {
            let captures = captures.map_err(|fault| failed(&fault))?;
            let Some(found) = captures.get(0) else { continue };
            out.push_str(&text[copied..found.start()]);
            expand(&captures, replacement, &mut out)?;
            if out.len() > MAX_OUTPUT {
                return Err(RegexError(format!("the result of the replacement is larger than {MAX_OUTPUT} bytes")));
            }
            copied = found.end();
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    /// `String.split(pattern)`: trailing empty strings are left out, and so is an empty first one from a match without width.
    ///
    /// # Errors
    /// The backtracking limit.
    pub fn split<'t>(&self, text: &'t str) -> Result<Vec<&'t str>, RegexError> {
        let mut parts = Vec::new();
        let mut start = 0;
        for found in self.regex.find_iter(text) {
            let found = found.map_err(|fault| failed(&fault))?;
            if found.end() == 0 || (found.start() == found.end() && found.start() == text.len()) {
                continue;
            }
            parts.push(&text[start..found.start()]);
            start = found.end();
        }
        if parts.is_empty() {
            return Ok(vec![text]);
        }
        parts.push(&text[start..]);
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        Ok(parts)
    }
}

fn failed(fault: &fancy_regex::Error) -> RegexError {
    RegexError(format!("the regular expression could not be run: {fault}"))
}

fn expand(captures: &Captures<'_>, replacement: &str, out: &mut String) -> Result<(), RegexError> {
    let mut rest = replacement.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => out.push(rest.next().ok_or_else(|| RegexError("character to be escaped is missing".to_owned()))?),
            '$' if rest.next_if_eq(&'{').is_some() => {
                let name: String = rest.by_ref().take_while(|&character| character != '}').collect();
                let group = captures.name(&name);
                if group.is_none() && !name.chars().next().is_some_and(char::is_alphabetic) {
                    return Err(RegexError(format!("No group with name {{{name}}}")));
                }
                out.push_str(group.map_or("", |group| group.as_str()));
            }
            '$' => {
                let digit = rest.next().and_then(|digit| digit.to_digit(10));
                let mut group = digit.ok_or_else(|| RegexError("Illegal group reference".to_owned()))? as usize;
                if group >= captures.len() {
                    return Err(RegexError(format!("No group {group}")));
                }
                while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= captures.len() {
                        break;
                    }
                    group = longer;
                    rest.next();
                }
                out.push_str(captures.get(group).map_or("", |group| group.as_str()));
            }
            other => out.push(other),
        }
    }
    Ok(())
}

/// Java syntax to fancy-regex syntax.
fn translate(pattern: &str) -> Result<String, RegexError> {
    if pattern.len() > MAX_PATTERN {
        return Err(RegexError(format!("the regular expression is longer than {MAX_PATTERN} bytes")));
    }
    let multi_line =
        pattern.split("(?").skip(1).any(|flags| flags.chars().take_while(char::is_ascii_alphabetic).any(|flag| flag == 'm'));
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    let (mut groups, mut classes) = (0usize, 0usize);
    while let Some(character) = rest.next() {
        match character {
            '\\' => escape(&mut rest, classes > 0, &mut out)?,
            '[' => {
                classes += 1;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // In Java a `]` in first place ends nothing: it is a literal.
                if rest.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if classes > 0 => {
                classes -= 1;
                out.push(']');
            }
            // Set operators of the regex crate that Java does not have.
            '-' | '~' if classes > 0 && rest.peek() == Some(&character) => out.extend(['\\', character]),
            '(' if classes == 0 => {
                groups += 1;
                out.push('(');
            }
            ')' if classes == 0 => {
                groups = groups.saturating_sub(1);
                out.push(')');
            }
            '$' if classes == 0 && !multi_line => out.push_str(r"(?=(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)"),
            other => out.push(other),
        }
        if groups > MAX_NESTING || classes > MAX_NESTING {
            return Err(RegexError(format!("the regular expression is nested deeper than {MAX_NESTING} levels")));
        }
    }
    Ok(out)
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows a backslash.
fn escape(rest: &mut Rest<'_>, in_class: bool, out: &mut String) -> Result<(), RegexError> {
    let bad = || RegexError("illegal escape at the end of the regular expression".to_owned());
    let class = |out: &mut String, negated: bool, members: &str| {
        // A class inside a class is a union in both dialects.
        out.push_str(if negated { "[^" } else { "[" });
        out.push_str(members);
        out.push(']');
    };
    match rest.next().ok_or_else(bad)? {
        'Q' => {
            let mut quoted = String::new();
            while let Some(character) = rest.next() {
                if character == '\\' && rest.next_if_eq(&'E').is_some() {
                    break;
                }
                quoted.push(character);
            }
            quoted.chars().for_each(|character| literal(character, out));
        }
        'E' => {}
        kind @ ('d' | 'D') => class(out, kind == 'D', "0-9"),
        kind @ ('w' | 'W') => class(out, kind == 'W', "a-zA-Z0-9_"),
        kind @ ('s' | 'S') => class(out, kind == 'S', r"\t\n\x0b\x0c\r\x20"),
        kind @ ('h' | 'H') => class(out, kind == 'H', r"\x20\t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"),
        kind @ ('v' | 'V') => class(out, kind == 'V', r"\n\x0b\x0c\r\x{85}\x{2028}\x{2029}"),
        'R' if !in_class => out.push_str(r"(?:\r\n|[\n\x0b\x0c\r\x{85}\x{2028}\x{2029}])"),
        'Z' if !in_class => out.push_str(r"(?=(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)"),
        'e' => out.push_str(r"\x1b"),
        'a' => out.push_str(r"\x07"),
        'c' => {
            let control = rest.next().and_then(|character| u8::try_from(character).ok()).ok_or_else(bad)?;
            literal(char::from(control ^ 64), out);
        }
        '0' => {
            let mut code = 0;
            for _ in 0..3 {
                match rest.peek().and_then(|digit| digit.to_digit(8)) {
                    Some(digit) if code * 8 + digit <= 0o377 => code = code * 8 + digit,
                    _ => break,
                }
                rest.next();
            }
            literal(char::from_u32(code).ok_or_else(bad)?, out);
        }
        'u' => {
            let unit = hexadecimal(rest, 4).ok_or_else(bad)?;
            let code = if (0xd800..0xdc00).contains(&unit) && rest.next_if_eq(&'\\').is_some() && rest.next_if_eq(&'u').is_some()
            {
                let low = hexadecimal(rest, 4).filter(|low| (0xdc00..0xe000).contains(low)).ok_or_else(bad)?;
                0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            } else {
                unit
            };
            literal(char::from_u32(code).ok_or_else(bad)?, out);
        }
        kind @ ('p' | 'P') => {
            property(rest, kind == 'P', out).ok_or_else(|| RegexError("unknown character property".to_owned()))?;
        }
        character @ ('t' | 'n' | 'r' | 'f' | 'x' | 'b' | 'B' | 'A' | 'z' | 'G' | 'k' | '1'..='9') => {
            out.extend(['\\', character]);
        }
        letter if letter.is_ascii_alphabetic() => return Err(RegexError(format!("illegal escape sequence \\{letter}"))),
        other => literal(other, out),
    }
    Ok(())
}

fn hexadecimal(rest: &mut Rest<'_>, digits: usize) -> Option<u32> {
    (0..digits).try_fold(0, |code, _| Some(code * 16 + rest.next()?.to_digit(16)?))
}

fn literal(character: char, out: &mut String) {
    if character.is_alphanumeric() {
        out.push(character);
    } else {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(character)));
    }
}

/// `\p{...}`: POSIX classes are ASCII, `java*` names and `Is`/`In` prefixes map to Unicode properties.
fn property(rest: &mut Rest<'_>, negated: bool, out: &mut String) -> Option<()> {
    let name: String = match rest.next()? {
        '{' => rest.by_ref().take_while(|&character| character != '}').collect(),
        single => single.to_string(),
    };
    let members = match &*name {
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
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaWhitespace" => r"\p{White_Space}",
        "javaLetter" => r"\p{L}",
        "javaDigit" => r"\p{Nd}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        other => {
            let plain = other.strip_prefix("Is").or_else(|| other.strip_prefix("In")).unwrap_or(other);
            if plain.is_empty() || !plain.chars().all(|character| character.is_ascii_alphanumeric() || "_=-".contains(character))
            {
                return None;
            }
            out.push_str(&format!("\\{}{{{plain}}}", if negated { 'P' } else { 'p' }));
            return Some(());
        }
    };
    out.push_str(if negated { "[^" } else { "[" });
    out.push_str(members);
    out.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_syntax_matches_as_in_java() {
        for (pattern, text, whole) in [
            ("a*b", "aaaaab", true),
            (r"\d+", "١٢", false),
            (r"\d+", "12", true),
            (r"[\w&&[^b]]+", "aac", true),
            (r"[\w&&[^b]]+", "abc", false),
            (r"\Qa.b\E+", "a.bb", true),
            (r"\Qa.b", "a.b", true),
            (r"\p{Alpha}\p{javaUpperCase}\P{Digit}", "aÉx", true),
            (r"\p{IsLatin}+", "éa", true),
            (r"(a)\1", "aa", true),
            (r"(?<x>a)\k<x>", "aa", true),
            (r"a(?=b)b", "ab", true),
            (r"a++a", "aaa", false),
            (r"\u0041\x42\0103", "ABC", true),
            (r"[\]a-]+", "]-a", true),
            (r"[^]]+", "abc", true),
            (r"(?i)ABC", "abc", true),
            (r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", "a@b.cd", true),
        ] {
            let regex = JavaRegex::new(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
            assert_eq!(regex.matches_whole(text), Ok(whole), "{pattern} {text}");
        }
        assert_eq!(JavaRegex::new("b$").expect("valid").is_found("ab\n"), Ok(true));
        assert_eq!(JavaRegex::new("b$").expect("valid").is_found("b\nc"), Ok(false));
    }

    #[test]
    fn malformed_and_expensive_patterns_are_refused() {
        let nested = "(".repeat(5_000) + &")".repeat(5_000);
        for pattern in ["(", "[a", r"\q", "a{2,1}", r"\p{Nonsense}", &*nested, &"a".repeat(20_000)] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
        let catastrophic = JavaRegex::new(r"(a*)*\1b").expect("valid");
        assert!(catastrophic.is_found(&"a".repeat(500)).is_err());
    }

    #[test]
    fn replacements_and_splits() {
        let regex = |pattern| JavaRegex::new(pattern).expect("valid");
        for (pattern, text, replacement, expected) in [
            (r"(\w)(\d)", "a1 b2", "$2$1", "1a 2b"),
            ("a", "banana", r"\$", "b$n$n$"),
            ("(?<n>x)", "x", "${n}${n}", "xx"),
            ("(a)", "a", "$12", "a2"),
            ("", "ab", "-", "-a-b-"),
        ] {
            assert_eq!(regex(pattern).replace_all(text, replacement).as_deref(), Ok(expected), "{pattern}");
        }
        assert_eq!(regex("a").replace_first("banana", "o").as_deref(), Ok("bonana"));
        for replacement in ["$", "$x", "$2", "\\"] {
            assert!(regex("a").replace_all("a", replacement).is_err(), "{replacement}");
        }
        for (pattern, text, expected) in [
            (",", "a,b,,", vec!["a", "b"]),
            (",", ",a", vec!["", "a"]),
            (",", "abc", vec!["abc"]),
            ("", "abc", vec!["a", "b", "c"]),
            (r"\s*,\s*", "a , b", vec!["a", "b"]),
            (",", ",", vec![]),
            (",", "", vec![""]),
        ] {
            assert_eq!(regex(pattern).split(text), Ok(expected), "{pattern} {text}");
        }
    }
}
