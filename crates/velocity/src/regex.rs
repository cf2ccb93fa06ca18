//! Java's regular expressions on top of `fancy-regex`.
//!
//! Look-around, back-references, atomic groups and possessive quantifiers are the same in both. What differs is rewritten:
//! `\d \w \s` are ASCII in Java, `\h` is a blank (and a hexadecimal digit in `fancy-regex`), `\Q..\E` quotes, POSIX classes are
//! spelled `\p{Alpha}`, and some characters are operators in classes here and plain there.

use std::cell::RefCell;
use std::rc::Rc;

use fancy_regex::{Regex, RegexBuilder};

/// Steps of backtracking before a match gives up.
const BACKTRACK_LIMIT: usize = 200_000;
/// Longer patterns are refused.
const MAX_PATTERN: usize = 4_096;
/// Deeper groups are refused.
const MAX_GROUPS: usize = 60;
/// Compiled patterns kept per thread.
const KEPT: usize = 32;

/// Compiles a pattern of `java.util.regex`.
///
/// # Errors
/// What is wrong with the pattern, or that it is beyond the limits of length and nesting.
pub fn java_regex(pattern: &str) -> Result<Regex, String> {
    compile(&translate(pattern)?)
}

fn compile(translated: &str) -> Result<Regex, String> {
    RegexBuilder::new(translated)
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(1 << 20)
        .build()
        .map_err(|error| error.to_string())
}

/// A pattern compiled before on this thread, or now. `whole` makes it match the whole text only.
pub(crate) fn cached(pattern: &str, whole: bool) -> Result<Rc<Regex>, String> {
    thread_local! {
        static CACHE: RefCell<Vec<(bool, String, Rc<Regex>)>> = const { RefCell::new(Vec::new()) };
    }
    let found = CACHE.with_borrow(|cache| {
        cache.iter().find(|(form, text, _)| *form == whole && text == pattern).map(|(_, _, regex)| Rc::clone(regex))
    });
    if let Some(regex) = found {
        return Ok(regex);
    }
    let translated = translate(pattern)?;
    let regex = Rc::new(compile(&if whole { format!(r"\A(?:{translated})\z") } else { translated })?);
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= KEPT {
            cache.remove(0);
        }
        cache.push((whole, pattern.to_owned(), Rc::clone(&regex)));
    });
    Ok(regex)
}

fn translate(pattern: &str) -> Result<String, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("A regular expression is longer than {MAX_PATTERN} bytes"));
    }
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let (mut class, mut groups) = (0usize, 0usize);
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(&mut chars, class > 0, &mut out)?,
            '[' => {
                class += 1;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            ']' if class > 0 => {
                class -= 1;
                out.push(']');
            }
            // Operators of classes here, plain characters in Java.
            '~' if class > 0 => out.push_str(r"\~"),
            '-' if class > 0 && chars.peek() == Some(&'-') => out.push_str(r"\-"),
            '(' if class == 0 => {
                groups += 1;
                out.push('(');
            }
            ')' if class == 0 => {
                groups = groups.saturating_sub(1);
                out.push(')');
            }
            other => out.push(other),
        }
        if class > MAX_GROUPS || groups > MAX_GROUPS {
            return Err(format!("A regular expression is nested more than {MAX_GROUPS} levels deep"));
        }
    }
    if class > 0 {
        return Err(format!("Unclosed character class in `{pattern}`"));
    }
    Ok(out)
}

fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, in_class: bool, out: &mut String) -> Result<(), String> {
    let mut set = |inside: &str, negated: bool| {
        if in_class && !negated {
            out.push_str(inside);
        } else {
            out.push_str(if negated { "[^" } else { "[" });
            out.push_str(inside);
            out.push(']');
        }
    };
    const SPACE: &str = r" \t\n\x0B\f\r";
    const BLANK: &str = r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
    const WORD: &str = "a-zA-Z0-9_";
    let Some(char) = chars.next() else { return Err("A regular expression ends with a backslash".into()) };
    match char {
        'd' => set("0-9", false),
        'D' => set("0-9", true),
        'w' => set(WORD, false),
        'W' => set(WORD, true),
        's' => set(SPACE, false),
        'S' => set(SPACE, true),
        'h' => set(BLANK, false),
        'H' => set(BLANK, true),
        'R' => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        'e' => out.push_str(r"\x1B"),
        'Q' => {
            let mut quoted = String::new();
            for char in chars.by_ref() {
                quoted.push(char);
                if quoted.ends_with(r"\E") {
                    quoted.truncate(quoted.len() - 2);
                    break;
                }
            }
            out.push_str(&fancy_regex::escape(&quoted));
        }
        'u' => {
            let unit = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Option<u32> {
                let digits: String = chars.by_ref().take(4).collect();
                if digits.len() == 4 { u32::from_str_radix(&digits, 16).ok() } else { None }
            };
            let bad = || "Illegal Unicode escape in a regular expression".to_owned();
            let mut code = unit(chars).ok_or_else(bad)?;
            if (0xD800..0xDC00).contains(&code) {
                if chars.next() != Some('\\') || chars.next() != Some('u') {
                    return Err(bad());
                }
                let low = unit(chars).filter(|low| (0xDC00..0xE000).contains(low)).ok_or_else(bad)?;
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            }
            out.push_str(&format!(r"\x{{{code:x}}}"));
        }
        'p' | 'P' => {
            let negated = char == 'P';
            let name = match chars.next() {
                Some('{') => chars.by_ref().take_while(|&char| char != '}').collect::<String>(),
                Some(single) => single.to_string(),
                None => return Err("A regular expression ends within a property".into()),
            };
            let inside = match name.as_str() {
                "Alpha" => "a-zA-Z",
                "Digit" => "0-9",
                "Alnum" => "a-zA-Z0-9",
                "Upper" => "A-Z",
                "Lower" => "a-z",
                "Punct" => r"!-/:-@\[-`{-\~",
                "Graph" => r"!-\~",
                "Print" => r" -\~",
                "Blank" => r" \t",
                "Cntrl" => r"\x00-\x1F\x7F",
                "XDigit" => "0-9a-fA-F",
                "Space" => SPACE,
                "ASCII" => r"\x00-\x7F",
                "javaLowerCase" => r"\p{Lowercase}",
                "javaUpperCase" => r"\p{Uppercase}",
                "javaWhitespace" => r"\s",
                other => {
                    let other = other.strip_prefix("Is").or_else(|| other.strip_prefix("In")).unwrap_or(other);
                    let p = if negated { 'P' } else { 'p' };
                    out.push_str(&format!(r"\{p}{{{other}}}"));
                    return Ok(());
                }
            };
            set(inside, negated);
        }
        other => {
            out.push('\\');
            out.push(other);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_patterns_match_as_in_java() {
        let cases = [
            (r"\d+", "12", true),
            (r"\d+", "١٢", false),
            (r"[\w-]+", "a-b_1", true),
            (r"[^\s]+", "ab", true),
            (r"a\Q.*\Eb", "a.*b", true),
            (r"\p{Alpha}+\p{Punct}", "ab~", true),
            (r"[a-z&&[^b]]+", "ac", true),
            (r"[a-z&&[^b]]+", "abc", false),
            (r"(a)\1", "aa", true),
            (r"(?=a)a", "a", true),
            (r"a++a", "aaa", false),
            (r"[~]+", "~~", true),
            (r"a\hb", "a b", true),
            (r"\u00e9\uD83D\uDE00", "é😀", true),
            (r"(?<year>[0-9]{4})-\k<year>", "2024-2024", true),
            (r"[\D]", "a", true),
        ];
        for (pattern, text, expected) in cases {
            let regex = cached(pattern, true).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text).unwrap_or(false), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["[", "(", "a\\", r"\u12", &"(".repeat(1000), &"a".repeat(5000), "*"] {
            assert!(java_regex(pattern).is_err(), "{pattern}");
        }
    }
}
