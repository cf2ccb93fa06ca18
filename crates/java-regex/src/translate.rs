//! Java's syntax to that of `fancy-regex`.
//!
//! `\d \w \s` and the POSIX classes are ASCII, `\h` is a blank, `\Q..\E` quotes, `\0` is octal, `.`, `^` and `$` know all line
//! terminators of Java, a `]` in first place of a class is a literal, and some characters are operators in classes there and
//! plain here. The flags `m`, `s`, `d` and `x` are resolved while rewriting; `i` and `u` are left to the engine, whose letters
//! are those of Unicode in either case.

use std::fmt::Write as _;

use crate::{MAX_NESTING, MAX_PATTERN, RegexError, properties};

/// What ends a line, unless the flag `d` is set.
const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

/// The flags that this translation resolves.
#[derive(Clone, Copy, Default)]
struct Flags {
    multi_line: bool,
    dot_all: bool,
    unix_lines: bool,
    comments: bool,
}

struct Translator<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
    out: String,
    flags: Flags,
    /// The flags outside of each open group.
    groups: Vec<Flags>,
    /// Open classes.
    classes: usize,
    /// Capturing groups so far.
    captures: usize,
    /// How much longer a match could be than the pattern: the engine computes with that and must not overflow.
    growth: u64,
    /// Whether the match must end where the text ends.
    whole: bool,
}

/// Rewrites a pattern; `whole` is for matching whole texts only.
pub(crate) fn translate(pattern: &str, whole: bool) -> Result<String, RegexError> {
    if pattern.len() > MAX_PATTERN {
        return refuse(format!("the regular expression is longer than {MAX_PATTERN} bytes"));
    }
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() * 2 + 16),
        flags: Flags::default(),
        groups: Vec::new(),
        classes: 0,
        captures: 0,
        growth: 1,
        whole,
    };
    while let Some(character) = translator.rest.next() {
        if translator.classes > 0 {
            translator.in_class(character)?;
        } else {
            translator.outside(character)?;
        }
        if translator.groups.len() > MAX_NESTING || translator.classes > MAX_NESTING {
            return refuse(format!("the regular expression is nested deeper than {MAX_NESTING} levels"));
        }
        if translator.growth > 1 << 40 {
            return refuse("the regular expression repeats too much".to_owned());
        }
    }
    if translator.classes > 0 {
        return refuse(format!("Unclosed character class in {pattern}"));
    }
    if !translator.groups.is_empty() {
        return refuse(format!("Unclosed group in {pattern}"));
    }
    Ok(translator.out)
}

fn refuse<T>(message: String) -> Result<T, RegexError> {
    Err(RegexError(message))
}

impl Translator<'_> {
    fn outside(&mut self, character: char) -> Result<(), RegexError> {
        match character {
            '\\' => self.escape()?,
            '[' => self.open_class(),
            '(' => self.open_group()?,
            ')' => {
                let Some(outside) = self.groups.pop() else { return refuse("Unmatched closing ')'".to_owned()) };
                self.flags = outside;
                self.out.push(')');
            }
            '{' => self.repetition()?,
            '.' if self.flags.dot_all => self.out.push_str(r"[\x{0}-\x{10ffff}]"),
            '.' if self.flags.unix_lines => self.out.push_str(r"[^\n]"),
            '.' => self.set(true, LINE_ENDS),
            '^' => self.line_start(),
            '$' => self.line_end(),
            '#' if self.flags.comments => while self.rest.next().is_some_and(|character| character != '\n') {},
            blank if self.flags.comments && blank.is_ascii_whitespace() => {}
            other => self.out.push(other),
        }
        Ok(())
    }

    fn in_class(&mut self, character: char) -> Result<(), RegexError> {
        match character {
            '\\' => self.escape()?,
            '[' => self.open_class(),
            ']' => {
                self.classes -= 1;
                self.out.push(']');
            }
            // Set operators of the engine that Java does not have.
            '~' => self.out.push_str(r"\~"),
            '-' if self.rest.peek() == Some(&'-') => self.out.push_str(r"\-"),
            blank if self.flags.comments && blank.is_ascii_whitespace() => {}
            other => self.out.push(other),
        }
        Ok(())
    }

    fn open_class(&mut self) {
        self.classes += 1;
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        // In first place it ends nothing.
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
    }

    fn open_group(&mut self) -> Result<(), RegexError> {
        self.groups.push(self.flags);
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            self.captures += 1;
            return Ok(());
        }
        match self.rest.peek() {
            Some(':' | '=' | '!' | '>') => self.out.push('?'),
            Some('<') => {
                self.rest.next();
                self.out.push_str("?<");
                if !matches!(self.rest.peek(), Some('=' | '!')) {
                    self.captures += 1;
                    // The name, so that nothing in it is taken for syntax.
                    while let Some(letter) = self.rest.next_if(char::is_ascii_alphanumeric) {
                        self.out.push(letter);
                    }
                    if self.rest.next_if_eq(&'>').is_none() {
                        return refuse("named capturing group is missing trailing '>'".to_owned());
                    }
                    self.out.push('>');
                }
            }
            _ => self.inline_flags()?,
        }
        Ok(())
    }

    /// Behind `(?`: flags up to the `)` or `:`.
    fn inline_flags(&mut self) -> Result<(), RegexError> {
        let (mut on, mut kept) = (true, [String::new(), String::new()]);
        loop {
            match self.rest.next() {
                Some('-') if on => on = false,
                Some('m') => self.flags.multi_line = on,
                Some('s') => self.flags.dot_all = on,
                Some('d') => self.flags.unix_lines = on,
                Some('x') => self.flags.comments = on,
                Some('i') => kept[usize::from(!on)].push('i'),
                Some('u') => {}
                Some('U') => return refuse("the flag U of regular expressions is not supported".to_owned()),
                Some(end @ (')' | ':')) => {
                    let off = if kept[1].is_empty() { "" } else { "-i" };
                    let on = if kept[0].is_empty() { "" } else { "i" };
                    if end == ')' {
                        // The flags hold up to the end of the group around.
                        self.groups.pop();
                        self.out.pop();
                        if !on.is_empty() || !off.is_empty() {
                            let _ = write!(self.out, "(?{on}{off})");
                        }
                    } else {
                        let _ = write!(self.out, "?{on}{off}:");
                    }
                    return Ok(());
                }
                _ => return refuse("Unknown inline modifier".to_owned()),
            }
        }
    }

    /// Behind `{`: a repetition, as Java has no plain `{`.
    fn repetition(&mut self) -> Result<(), RegexError> {
        let illegal = || RegexError("Illegal repetition".to_owned());
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or_else(illegal)? {
                '}' => break,
                part @ ('0'..='9' | ',') => text.push(part),
                _ => return Err(illegal()),
            }
        }
        let (least, most) = text.split_once(',').map_or((&*text, None), |(least, most)| (least, Some(most)));
        let least: u32 = least.parse().map_err(|_| illegal())?;
        if let Some(most) = most.filter(|most| !most.is_empty()) {
            let most: u32 = most.parse().map_err(|_| illegal())?;
            if most < least {
                return Err(illegal());
            }
        }
        self.growth = self.growth.saturating_mul(u64::from(least.max(1)));
        let _ = write!(self.out, "{{{text}}}");
        Ok(())
    }

    fn line_ends(&self) -> &'static str {
        if self.flags.unix_lines { r"\n" } else { LINE_ENDS }
    }

    fn line_start(&mut self) {
        if !self.flags.multi_line {
            self.out.push_str(r"\A");
            return;
        }
        // Behind a line terminator, but not within `\r\n` nor at the end of the text.
        let within = if self.flags.unix_lines { "" } else { r"(?!(?<=\r)\n)" };
        let _ = write!(self.out, r"(?:\A|(?<=[{}]){within}(?!\z))", self.line_ends());
    }

    fn line_end(&mut self) {
        let is_last = self.groups.is_empty() && matches!(self.rest.peek(), None | Some('|'));
        if self.flags.multi_line {
            let within = if self.flags.unix_lines { "" } else { r"(?!(?<=\r)\n)" };
            let _ = write!(self.out, r"(?:(?=[{}]){within}|\z)", self.line_ends());
        } else if self.whole && is_last {
            // Nothing follows that could take a line terminator; without look-around the engine is much faster.
            self.out.push_str(r"\z");
        } else {
            self.text_end();
        }
    }

    /// The end of the text, or what is before its last line terminator.
    fn text_end(&mut self) {
        if self.flags.unix_lines {
            self.out.push_str(r"(?=\n?\z)");
        } else {
            // Not between `\r` and `\n`.
            let _ = write!(self.out, r"(?!(?<=\r)\n)(?=(?:\r\n|[{LINE_ENDS}])?\z)");
        }
    }

    /// A class inside a class is a union in both dialects.
    fn set(&mut self, negated: bool, members: &str) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(members);
        self.out.push(']');
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), RegexError> {
        let in_class = self.classes > 0;
        let bad = || RegexError("Illegal escape sequence in the regular expression".to_owned());
        let character = self.rest.next().ok_or_else(|| RegexError("the regular expression ends with a backslash".to_owned()))?;
        match character {
            'Q' => {
                while let Some(character) = self.rest.next() {
                    if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                        break;
                    }
                    self.literal(character);
                }
            }
            'E' => {}
            kind @ ('d' | 'D') => self.set(kind == 'D', "0-9"),
            kind @ ('w' | 'W') => self.set(kind == 'W', "a-zA-Z0-9_"),
            kind @ ('s' | 'S') => self.set(kind == 'S', r"\t\n\x0b\x0c\r\x20"),
            kind @ ('h' | 'H') => {
                self.set(kind == 'H', r"\x20\t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}");
            }
            kind @ ('v' | 'V') => self.set(kind == 'V', r"\n\x0b\x0c\r\x{85}\x{2028}\x{2029}"),
            'R' if !in_class => self.out.push_str(r"(?:\r\n|[\n\x0b\x0c\r\x{85}\x{2028}\x{2029}])"),
            'Z' if !in_class => self.text_end(),
            'e' => self.literal('\x1b'),
            'a' => self.literal('\x07'),
            'c' => {
                let control = self.rest.next().and_then(|character| u8::try_from(character).ok()).ok_or_else(bad)?;
                self.literal(char::from(control ^ 64));
            }
            '0' => {
                let code = self.octal().ok_or_else(bad)?;
                self.literal(code);
            }
            'x' => {
                let code = if self.rest.next_if_eq(&'{').is_some() {
                    let digits: String = self.rest.by_ref().take_while(|&character| character != '}').collect();
                    u32::from_str_radix(&digits, 16).ok().filter(|_| !digits.starts_with('+'))
                } else {
                    self.hexadecimal(2)
                };
                self.literal(code.and_then(char::from_u32).ok_or_else(bad)?);
            }
            'u' => {
                let unit = self.hexadecimal(4).ok_or_else(bad)?;
                let is_pair = (0xd800..0xdc00).contains(&unit)
                    && self.rest.next_if_eq(&'\\').is_some()
                    && self.rest.next_if_eq(&'u').is_some();
                let code = if is_pair {
                    let low = self.hexadecimal(4).filter(|low| (0xdc00..0xe000).contains(low)).ok_or_else(bad)?;
                    0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    unit
                };
                self.literal(char::from_u32(code).ok_or_else(bad)?);
            }
            kind @ ('p' | 'P') => {
                let name: String = match self.rest.next().ok_or_else(bad)? {
                    '{' => self.rest.by_ref().take_while(|&character| character != '}').collect(),
                    single => single.to_string(),
                };
                let unknown = || RegexError(format!("Unknown character property name {{{name}}}"));
                let members = properties::members(&name).ok_or_else(unknown)?;
                self.set(kind == 'P', &members);
            }
            digit @ '1'..='9' if !in_class => self.back_reference(digit),
            'k' if !in_class => {
                self.growth = self.growth.saturating_mul(2);
                self.out.push_str(r"\k");
            }
            plain @ ('t' | 'n' | 'r' | 'f') => self.out.extend(['\\', plain]),
            place @ ('b' | 'B' | 'A' | 'z' | 'G') if !in_class => self.out.extend(['\\', place]),
            letter if letter.is_ascii_alphanumeric() => {
                return refuse(format!("Illegal/unsupported escape sequence \\{letter}"));
            }
            other => self.literal(other),
        }
        Ok(())
    }

    /// `\1`; further digits belong to the number as long as so many groups have begun.
    fn back_reference(&mut self, digit: char) {
        let mut group = digit.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.rest.peek().and_then(|digit| digit.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer > self.captures {
                break;
            }
            group = longer;
            self.rest.next();
        }
        self.growth = self.growth.saturating_mul(2);
        let _ = write!(self.out, r"(?:\{group})");
    }

    fn octal(&mut self) -> Option<char> {
        let mut code = self.rest.next()?.to_digit(8)?;
        for _ in 0..2 {
            match self.rest.peek().and_then(|digit| digit.to_digit(8)) {
                Some(digit) if code * 8 + digit <= 0o377 => code = code * 8 + digit,
                _ => break,
            }
            self.rest.next();
        }
        char::from_u32(code)
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        (0..digits).try_fold(0, |code, _| Some(code * 16 + self.rest.next()?.to_digit(16)?))
    }

    fn literal(&mut self, character: char) {
        if character.is_alphanumeric() {
            self.out.push(character);
        } else {
            let _ = write!(self.out, r"\x{{{:x}}}", u32::from(character));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{JavaRegex, MAX_NESTING};

    #[test]
    fn java_syntax_matches_as_in_java() {
        for (pattern, text, whole) in [
            ("a*b", "aaaaab", true),
            (r"\d+", "١٢", false),
            (r"\d+", "12", true),
            (r"[\w-]+", "a-b_1", true),
            (r"[\w-z]+", "a-z", true),
            (r"[\w&&[^b]]+", "aac", true),
            (r"[\w&&[^b]]+", "abc", false),
            (r"[a-z&&[^b]]+", "ac", true),
            (r"[a-z&&[^b]]+", "abc", false),
            (r"[^\s]+", "ab", true),
            (r"[\D]", "a", true),
            (r"\Qa.b\E+", "a.bb", true),
            (r"\Qa.b", "a.b", true),
            (r"a\Q.*\Eb", "a.*b", true),
            (r"[\Q^]\E]+", "]^", true),
            (r"(a)\1", "aa", true),
            (r"(a)\11", "aa1", true),
            (r"(?<x>a)\k<x>", "aa", true),
            (r"(?<year>[0-9]{4})-\k<year>", "2024-2024", true),
            (r"a(?=b)b", "ab", true),
            (r"a++a", "aaa", false),
            (r"(?>a|ab)c", "abc", false),
            (r"\u0041\x42\x{43}\0104", "ABCD", true),
            (r"\u00e9\uD83D\uDE00", "é😀", true),
            (r"[\]a-]+", "]-a", true),
            (r"[^]]+", "abc", true),
            (r"[]a]+", "]a", true),
            (r"[~]+", "~~", true),
            (r"[a&&~~b]", "~", false),
            (r"a\hb", "a\u{a0}b", true),
            (r"a\Rb", "a\r\nb", true),
            (r"(?i)ABC", "abc", true),
            (r"(?i:A)b", "ab", true),
            (r"(?i:A)b", "aB", false),
            (r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", "a@b.cd", true),
            (r"^a$|^b$", "b", true),
            ("a$\n", "a\n", true),
            (".", "\n", false),
            (".", "\r", false),
            (".", "\u{2028}", false),
            ("(?d).", "\r", true),
            ("(?s).", "\n", true),
            ("(?s:.).", "\n\n", false),
            ("(?s:.).", "\na", true),
            ("(?m)a$\n^b", "a\nb", true),
            ("(?m)a$\r\n^b$", "a\r\nb", true),
            ("(?m)a\r$\n", "a\r\n", false),
            ("(?x) a b # c)\n [ c d ]", "abd", true),
            ("(?x)a # the end", "a", true),
            (r"a{2}b{1,}c{0,2}", "aabcc", true),
            (r"\cA", "\u{1}", true),
            (r"[a[b-d]]+", "abd", true),
        ] {
            let regex = JavaRegex::new(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
            assert_eq!(regex.matches_whole(text), Ok(whole), "{pattern} on {text:?}");
        }
    }

    #[test]
    fn parts_are_found_as_in_java() {
        for (pattern, text, expected) in [
            ("b$", "ab\n", vec![(1, 2)]),
            ("b$", "b\nc", vec![]),
            ("$", "a\r\n", vec![(1, 1), (3, 3)]),
            (r"b\Z", "ab\r\n", vec![(1, 2)]),
            ("(?m)^", "a\nb\n", vec![(0, 0), (2, 2)]),
            ("(?m)$", "a\r\nb", vec![(1, 1), (4, 4)]),
            ("^", "a\nb", vec![(0, 0)]),
            ("a|b", "xaxb", vec![(1, 2), (3, 4)]),
            (r"\G\d", "12a3", vec![(0, 1), (1, 2)]),
        ] {
            let regex = JavaRegex::new(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
            let found: Result<Vec<_>, _> =
                regex.find_iter(text).map(|found| found.map(|found| (found.start(), found.end()))).collect();
            assert_eq!(found, Ok(expected), "{pattern} in {text:?}");
        }
    }

    #[test]
    fn malformed_and_expensive_patterns_are_refused() {
        let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        let growing = "(a)".to_owned() + &(1..60).map(|group| format!(r"(\{group}\{group})")).collect::<String>();
        for pattern in [
            "(",
            ")",
            "a)(b",
            "[",
            "[a",
            "*",
            "a\\",
            r"\q",
            r"\y",
            r"\u12",
            r"\uD800",
            r"\xg",
            r"\08",
            "a{2,1}",
            "a{",
            "a{,2}",
            "{",
            r"\p{Nonsense}",
            r"\p{InNowhere}",
            "(?z)a",
            "(?U)a",
            "(?<1",
            r"\2(a)",
            "(?:(?:(?:a{65000}){65000}){65000}){65000}",
            &*growing,
            &*nested(5_000),
            &"[".repeat(5_000),
            &"a".repeat(20_000),
            &r"\p{L}{1,9999}".repeat(100),
        ] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
        assert_eq!(JavaRegex::new(&nested(MAX_NESTING)).map(|regex| regex.matches_whole("")), Ok(Ok(true)));
    }
}
