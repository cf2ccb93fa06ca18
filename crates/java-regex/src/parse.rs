//! Patterns as trees, read as `java.util.regex.Pattern` reads them: the same syntax, flags, and words for what is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use crate::charset::{CharSet, fold};
use crate::node::{Assertion, Case, Kind, Node, UNLIMITED, is_line_end, longest};
use crate::properties::{self, Modes};
use crate::{MAX_NESTING, MAX_PATTERN, RegexError};

/// Ranges of all sets of a pattern.
const MAX_RANGES: usize = 200_000;

/// What a pattern says.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Node,
    /// Capturing groups and one for the whole.
    pub(crate) groups: usize,
    pub(crate) names: HashMap<String, usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// `i`, `m`, `s`, `d`, `x`, `u`, `U`.
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    unix_lines: bool,
    comments: bool,
    unicode_case: bool,
    unicode_classes: bool,
}

struct Parser<'p> {
    pattern: &'p str,
    characters: Vec<char>,
    at: usize,
    flags: Flags,
    groups: usize,
    names: HashMap<String, usize>,
    depth: usize,
    ranges: usize,
    properties: HashMap<(String, Modes), Arc<CharSet>>,
}

type Result<T> = std::result::Result<T, RegexError>;

/// Reads a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Parsed> {
    if pattern.len() > MAX_PATTERN {
        return Err(RegexError(format!("the regular expression is longer than {MAX_PATTERN} bytes")));
    }
    let mut parser = Parser {
        pattern,
        characters: Vec::new(),
        at: 0,
        flags: Flags::default(),
        groups: 1,
        names: HashMap::new(),
        depth: 0,
        ranges: 0,
        properties: HashMap::new(),
    };
    parser.characters = unquoted(pattern);
    let root = parser.expression()?;
    if parser.at < parser.characters.len() {
        return Err(if parser.peek() == Some(')') {
            parser.at += 1;
            parser.fault("Unmatched closing ')'", 2)
        } else {
            parser.fault("Unexpected internal error", 1)
        });
    }
    Ok(Parsed { root, groups: parser.groups, names: parser.names })
}

/// `\Q...\E` as escaped characters; an `\E` without `\Q` stays and is refused later.
fn unquoted(pattern: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    loop {
        let mut from = 0;
        // The first `\Q` whose backslash is not itself escaped.
        let begin = loop {
            let Some(at) = rest[from..].find('\\').map(|at| from + at) else { break None };
            match rest[at + 1..].chars().next() {
                Some('Q') => break Some(at),
                Some(other) => from = at + 1 + other.len_utf8(),
                None => break None,
            }
        };
        let Some(begin) = begin else {
            out.extend(rest.chars());
            return out;
        };
        out.extend(rest[..begin].chars());
        let quoted = &rest[begin + 2..];
        let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        for character in quoted.chars() {
            // A backslash before a letter or digit would make an escape of it.
            if !character.is_ascii_alphanumeric() {
                out.push('\\');
                out.push(character);
            } else {
                out.push(character);
            }
        }
        rest = after;
    }
}

impl Parser<'_> {
    /// The message as Java prints it: the description, the place, the pattern, a mark below.
    fn fault(&self, description: &str, back: usize) -> RegexError {
        let Some(index) = self.at.checked_sub(back) else { return RegexError(format!("{description}\n{}", self.pattern)) };
        let mut message = format!("{description} near index {index}\n{}", self.pattern);
        if index < self.pattern.chars().count() {
            message.push('\n');
            message.extend(self.pattern.chars().take(index).map(|character| if character == '\t' { '\t' } else { ' ' }));
            message.push('^');
        }
        RegexError(message)
    }

    fn refuse<T>(&self, description: &str) -> Result<T> {
        Err(self.fault(description, 1))
    }

    fn raw(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    /// With the flag `x`, blanks and comments are nowhere.
    fn pass_blanks(&mut self) {
        while self.flags.comments {
            match self.raw() {
                Some(blank) if blank == ' ' || ('\t'..='\r').contains(&blank) => self.at += 1,
                Some('#') => {
                    while let Some(character) = self.raw() {
                        self.at += 1;
                        if is_line_end(character, self.flags.unix_lines) {
                            break;
                        }
                    }
                }
                _ => return,
            }
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.pass_blanks();
        self.raw()
    }

    /// The next character behind blanks.
    fn read(&mut self) -> Option<char> {
        let character = self.peek();
        self.at += 1;
        character
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(RegexError(format!("the regular expression is nested deeper than {MAX_NESTING} levels")));
        }
        Ok(())
    }

    fn case(&self) -> Case {
        match (self.flags.ignore_case, self.flags.unicode_case) {
            (false, _) => Case::Exact,
            (true, false) => Case::Ascii,
            (true, true) => Case::Unicode,
        }
    }

    fn expression(&mut self) -> Result<Node> {
        let mut alternatives = vec![self.sequence()?];
        while self.eat('|') {
            alternatives.push(self.sequence()?);
        }
        Ok(match alternatives.pop() {
            Some(only) if alternatives.is_empty() => only,
            last => {
                alternatives.extend(last);
                Node::Alternatives(alternatives)
            }
        })
    }

    fn sequence(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        while let Some(character) = self.peek() {
            let node = match character {
                '|' | ')' => break,
                '*' | '+' | '?' => {
                    self.at += 1;
                    return self.refuse(&format!("Dangling meta character '{character}'"));
                }
                '(' => match self.group()? {
                    Some(node) => node,
                    // Flags alone are nothing to repeat.
                    None => continue,
                },
                '[' => {
                    self.at += 1;
                    let set = self.class(true)?;
                    self.set(set)?
                }
                '\\' => self.escape()?,
                '^' => {
                    self.at += 1;
                    let unix = self.flags.unix_lines;
                    Node::Assert(if self.flags.multi_line { Assertion::LineStart { unix } } else { Assertion::Start })
                }
                '$' => {
                    self.at += 1;
                    let unix = self.flags.unix_lines;
                    Node::Assert(if self.flags.multi_line { Assertion::LineEnd { unix } } else { Assertion::LastLine { unix } })
                }
                '.' => {
                    self.at += 1;
                    let excluded = match (self.flags.dot_all, self.flags.unix_lines) {
                        (true, _) => CharSet::default(),
                        (_, true) => CharSet::of("\n"),
                        _ => CharSet::of("\n\r\u{85}\u{2028}\u{2029}"),
                    };
                    self.set(excluded.negate())?
                }
                // Nothing stands before it that could be repeated: an empty text is.
                '{' if !nodes.is_empty() => Node::Sequence(Vec::new()),
                '{' => {
                    self.at += 1;
                    return Err(self.fault("Illegal repetition", 0));
                }
                other => {
                    self.at += 1;
                    self.literal(other)
                }
            };
            let node = self.repeated(node)?;
            nodes.push(node);
        }
        Ok(match nodes.len() {
            1 => nodes.swap_remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    fn literal(&self, character: char) -> Node {
        match self.case() {
            Case::Ascii if character.is_ascii_alphabetic() => {
                Node::Set(Arc::new(CharSet::one(character.into()).ignoring_ascii_case()))
            }
            Case::Unicode => Node::Folded(fold(character)),
            _ => Node::Char(character),
        }
    }

    fn set(&mut self, set: CharSet) -> Result<Node> {
        self.count(&set)?;
        Ok(Node::Set(Arc::new(set)))
    }

    fn count(&mut self, set: &CharSet) -> Result<()> {
        self.ranges += set.len();
        if self.ranges > MAX_RANGES {
            return Err(RegexError("the classes of the regular expression are too large".to_owned()));
        }
        Ok(())
    }

    /// A repetition behind `node`, if there is one.
    fn repeated(&mut self, body: Node) -> Result<Node> {
        let (least, most) = match self.peek() {
            Some('?') => (0, 1),
            Some('*') => (0, UNLIMITED),
            Some('+') => (1, UNLIMITED),
            Some('{') => {
                if !self.characters.get(self.at + 1).is_some_and(char::is_ascii_digit) {
                    self.at += 1;
                    return Err(self.fault("Illegal repetition", 0));
                }
                self.at += 1;
                let least = self.bound()?;
                let mut most = least;
                if self.raw() == Some(',') {
                    self.at += 1;
                    most = if self.peek() == Some('}') { UNLIMITED } else { self.bound()? };
                }
                if self.raw() != Some('}') {
                    return Err(self.fault("Unclosed counted closure", 0));
                }
                if most < least {
                    return Err(self.fault("Illegal repetition range", 0));
                }
                (least, most)
            }
            _ => return Ok(body),
        };
        self.at += 1;
        let kind = match self.peek() {
            Some('?') => Kind::Lazy,
            Some('+') => Kind::Possessive,
            _ => Kind::Greedy,
        };
        self.at += usize::from(kind != Kind::Greedy);
        Ok(Node::Repeat { body: Box::new(body), least, most, kind })
    }

    fn bound(&mut self) -> Result<u32> {
        let mut bound: u32 = 0;
        while let Some(digit) = self.peek().and_then(|digit| digit.to_digit(10)) {
            self.at += 1;
            bound = match bound.checked_mul(10).and_then(|bound| bound.checked_add(digit)).filter(|bound| *bound < UNLIMITED) {
                Some(bound) => bound,
                None => return self.refuse("Illegal repetition range"),
            };
        }
        Ok(bound)
    }

    /// From `(`; none for flags that hold from here on.
    fn group(&mut self) -> Result<Option<Node>> {
        self.deeper()?;
        self.at += 1;
        let saved = self.flags;
        let node = if self.peek() == Some('?') {
            self.at += 1;
            let kind = self.raw();
            self.at += 1;
            match kind {
                Some(':') => self.inside()?,
                Some(kind @ ('=' | '!')) => Node::Look { behind: false, negative: kind == '!', body: Box::new(self.inside()?) },
                Some('>') => Node::Atomic(Box::new(self.inside()?)),
                Some('<') => self.behind_or_named()?,
                _ => {
                    self.at -= 1;
                    if !self.inline_flags()? {
                        // They hold up to the end of the group around.
                        self.depth -= 1;
                        return Ok(None);
                    }
                    self.inside()?
                }
            }
        } else {
            let group = self.groups;
            self.groups += 1;
            Node::Group(group, Box::new(self.inside()?))
        };
        self.flags = saved;
        self.depth -= 1;
        Ok(Some(node))
    }

    /// The content of a group and its `)`.
    fn inside(&mut self) -> Result<Node> {
        let body = self.expression()?;
        if !self.eat(')') {
            self.at += 1;
            return self.refuse("Unclosed group");
        }
        Ok(body)
    }

    fn behind_or_named(&mut self) -> Result<Node> {
        let character = self.read();
        if let Some(kind @ ('=' | '!')) = character {
            let body = self.inside()?;
            if longest(&body).is_none() {
                return Err(self.fault("Look-behind group does not have an obvious maximum length", 2));
            }
            return Ok(Node::Look { behind: true, negative: kind == '!', body: Box::new(body) });
        }
        let name = self.group_name(character)?;
        if self.names.contains_key(&name) {
            return self.refuse(&format!("Named capturing group <{name}> is already defined"));
        }
        let group = self.groups;
        self.groups += 1;
        self.names.insert(name, group);
        Ok(Node::Group(group, Box::new(self.inside()?)))
    }

    /// A name whose first character was read, and the `>` behind it.
    fn group_name(&mut self, first: Option<char>) -> Result<String> {
        let Some(first) = first.filter(char::is_ascii_alphabetic) else {
            return self.refuse("capturing group name does not start with a Latin letter");
        };
        let mut name = String::from(first);
        loop {
            match self.read() {
                Some(part) if part.is_ascii_alphanumeric() => name.push(part),
                Some('>') => return Ok(name),
                _ => return self.refuse("named capturing group is missing trailing '>'"),
            }
        }
    }

    /// Behind `(?`: the flags up to `)`, or to `:`, which begins a group.
    fn inline_flags(&mut self) -> Result<bool> {
        let mut on = true;
        loop {
            let letter = self.read();
            let flag = match letter {
                Some('i') => &mut self.flags.ignore_case,
                Some('m') => &mut self.flags.multi_line,
                Some('s') => &mut self.flags.dot_all,
                Some('d') => &mut self.flags.unix_lines,
                Some('x') => &mut self.flags.comments,
                Some('u') => &mut self.flags.unicode_case,
                Some('U') => {
                    self.flags.unicode_case = on;
                    &mut self.flags.unicode_classes
                }
                Some('-') if on => {
                    on = false;
                    continue;
                }
                Some(')') => return Ok(false),
                Some(':') => return Ok(true),
                _ => return self.refuse("Unknown inline modifier"),
            };
            *flag = on;
        }
    }

    fn modes(&self) -> Modes {
        Modes { ignore_case: self.flags.ignore_case, unicode: self.flags.unicode_classes }
    }

    /// A set for one of the predefined classes.
    fn predefined(&self, letter: char) -> Option<CharSet> {
        let set = properties::predefined(letter.to_ascii_lowercase(), self.flags.unicode_classes)?;
        Some(if letter.is_ascii_uppercase() { set.negate() } else { set })
    }

    /// From a backslash, outside of a class.
    fn escape(&mut self) -> Result<Node> {
        let letter = self.characters.get(self.at + 1).copied();
        if let Some('p' | 'P') = letter {
            let set = self.property()?;
            return Ok(Node::Set(set));
        }
        self.at += 2;
        let unicode = self.flags.unicode_classes;
        let unix = self.flags.unix_lines;
        Ok(match letter {
            Some('A') => Node::Assert(Assertion::Start),
            Some('z') => Node::Assert(Assertion::End),
            Some('Z') => Node::Assert(Assertion::LastLine { unix }),
            Some('G') => Node::Assert(Assertion::LastMatch),
            Some('B') => Node::Assert(Assertion::NotWord { unicode }),
            Some('b') => {
                if self.characters.get(self.at..self.at + 3) != Some(&['{', 'g', '}']) {
                    return Ok(Node::Assert(Assertion::Word { unicode }));
                }
                self.at += 3;
                Node::Assert(Assertion::GraphemeBoundary)
            }
            Some('R') => Node::LineBreak,
            Some('X') => Node::Grapheme,
            Some('k') => {
                if self.read() != Some('<') {
                    return self.refuse("\\k is not followed by '<' for named capturing group");
                }
                let first = self.read();
                let name = self.group_name(first)?;
                let Some(&group) = self.names.get(&name) else {
                    return self.refuse(&format!("named capturing group <{name}> does not exist"));
                };
                Node::BackReference { group, case: self.case() }
            }
            Some(digit @ '1'..='9') => self.back_reference(digit),
            Some(letter) if self.predefined(letter).is_some() => {
                let set = self.predefined(letter).unwrap_or_default();
                self.set(set)?
            }
            letter => {
                let character = self.character(letter)?;
                self.literal(character)
            }
        })
    }

    /// `\12`: further digits belong to the number as long as so many groups have begun.
    fn back_reference(&mut self, digit: char) -> Node {
        let mut group = digit.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.peek().and_then(|digit| digit.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer >= self.groups {
                break;
            }
            group = longer;
            self.at += 1;
        }
        Node::BackReference { group, case: self.case() }
    }

    /// What an escape stands for whose letter was read.
    fn character(&mut self, letter: Option<char>) -> Result<char> {
        Ok(match letter {
            Some('0') => self.octal()?,
            Some('a') => '\x07',
            Some('c') => match self.raw().map(u32::from) {
                Some(code) => {
                    self.at += 1;
                    char::from_u32(code ^ 64).unwrap_or_default()
                }
                None => return self.refuse("Illegal control escape sequence"),
            },
            Some('e') => '\x1b',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode()?,
            Some('x') => self.hexadecimal()?,
            Some('N') => return Err(RegexError("characters by name, \\N{...}, are not supported; use \\x{...}".to_owned())),
            Some(letter) if letter.is_ascii_alphabetic() => return self.refuse("Illegal/unsupported escape sequence"),
            Some(other) => other,
            None => return Err(self.fault("Unexpected internal error", 1)),
        })
    }

    fn octal(&mut self) -> Result<char> {
        let mut code = 0;
        for place in 0..3 {
            let digit = self.peek().and_then(|digit| digit.to_digit(8));
            match digit {
                Some(digit) if place < 2 || code <= 0o37 => {
                    code = code * 8 + digit;
                    self.at += 1;
                }
                _ if place == 0 => {
                    self.at += 1;
                    return self.refuse("Illegal octal escape sequence");
                }
                _ => break,
            }
        }
        Ok(char::from_u32(code).unwrap_or_default())
    }

    fn hexadecimal(&mut self) -> Result<char> {
        if self.peek() == Some('{') {
            self.at += 1;
            let (mut code, mut digits) = (0u32, 0);
            while let Some(digit) = self.read().and_then(|digit| digit.to_digit(16)) {
                digits += 1;
                code = (code << 4) + digit;
                if code > 0x10_ffff {
                    return self.refuse("Hexadecimal codepoint is too big");
                }
            }
            if digits == 0 || self.characters.get(self.at - 1) != Some(&'}') {
                return self.refuse("Unclosed hexadecimal escape sequence");
            }
            return self.scalar(code);
        }
        let mut code = 0;
        for _ in 0..2 {
            match self.read().and_then(|digit| digit.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.refuse("Illegal hexadecimal escape sequence"),
            }
        }
        self.scalar(code)
    }

    fn unit(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.read().and_then(|digit| digit.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.refuse("Illegal Unicode escape sequence"),
            }
        }
        Ok(code)
    }

    fn unicode(&mut self) -> Result<char> {
        let unit = self.unit()?;
        let is_pair = (0xd800..0xdc00).contains(&unit) && self.characters.get(self.at..self.at + 2) == Some(&['\\', 'u']);
        if is_pair {
            let back = self.at;
            self.at += 2;
            let low = self.unit()?;
            if (0xdc00..0xe000).contains(&low) {
                return self.scalar(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            }
            self.at = back;
        }
        self.scalar(unit)
    }

    /// Texts are whole characters here, so half of one can match nothing.
    fn scalar(&self, code: u32) -> Result<char> {
        char::from_u32(code).ok_or_else(|| RegexError(format!("the regular expression names half of a character, \\u{code:04X}")))
    }

    /// From the backslash of `\p` or `\P`.
    fn property(&mut self) -> Result<Arc<CharSet>> {
        let negated = self.characters.get(self.at + 1) == Some(&'P');
        self.at += 2;
        let name = match self.peek() {
            Some('{') => {
                let begin = self.at + 1;
                let Some(length) = self.characters[begin..].iter().position(|&character| character == '}') else {
                    self.at = self.characters.len() + 1;
                    return self.refuse("Unclosed character family");
                };
                self.at = begin + length + 1;
                if length == 0 {
                    return self.refuse("Empty character family");
                }
                self.characters[begin..begin + length].iter().collect()
            }
            Some(single) => {
                self.at += 1;
                String::from(single)
            }
            None => {
                self.at += 1;
                String::from('\0')
            }
        };
        let modes = self.modes();
        let key = (if negated { format!("^{name}") } else { name.clone() }, modes);
        if let Some(known) = self.properties.get(&key) {
            return Ok(Arc::clone(known));
        }
        let set = properties::set(&name, modes).map_err(|description| self.fault(&description, 1))?;
        let set = Arc::new(if negated { set.negate() } else { set });
        self.count(&set)?;
        self.properties.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// Behind `[`, or behind `&&`; `closes` says whether the `]` at the end belongs to it.
    fn class(&mut self, closes: bool) -> Result<CharSet> {
        self.deeper()?;
        let negated = closes && self.peek() == Some('^');
        self.at += usize::from(negated);
        // What is there, and what came last: an intersection with nothing is one with that.
        let (mut all, mut last): (Option<CharSet>, Option<CharSet>) = (None, None);
        let mut singles = CharSet::default();
        let add = |all: &mut Option<CharSet>, more: &CharSet| {
            *all = Some(all.as_ref().map_or_else(|| more.clone(), |all| all.union(more)));
        };
        loop {
            let Some(character) = self.peek() else {
                return self.refuse("Unclosed character class");
            };
            match character {
                '[' => {
                    self.at += 1;
                    let inner = self.class(true)?;
                    add(&mut all, &inner);
                    last = Some(inner);
                    continue;
                }
                '&' if self.characters.get(self.at + 1) == Some(&'&') => {
                    self.at += 2;
                    let mut right: Option<CharSet> = None;
                    while let Some(character) = self.peek().filter(|character| !matches!(character, ']' | '&')) {
                        let nested = character == '[';
                        self.at += usize::from(nested);
                        let part = self.class(nested)?;
                        add(&mut right, &part);
                    }
                    if singles.len() > 0 {
                        last = Some(last.filter(|_| all.is_some()).unwrap_or_else(|| singles.clone()));
                        add(&mut all, &singles);
                        singles = CharSet::default();
                    }
                    let had_right = right.is_some();
                    last = right.or(last);
                    all = match (all, &last) {
                        (None, Some(last)) if had_right => Some(last.clone()),
                        (Some(all), Some(last)) => Some(all.intersect(last)),
                        _ => {
                            self.at += 1;
                            return self.refuse("Bad class syntax");
                        }
                    };
                    self.count(&all.clone().unwrap_or_default())?;
                    continue;
                }
                ']' if all.is_some() || singles.len() > 0 => {
                    self.at += usize::from(closes);
                    break;
                }
                _ => {}
            }
            match self.class_range()? {
                (part, true) => singles = singles.union(&part),
                (part, false) => {
                    add(&mut all, &part);
                    last = Some(part);
                }
            }
            self.count(&CharSet::one(0))?;
        }
        self.depth -= 1;
        let set = all.map_or_else(|| singles.clone(), |all| all.union(&singles));
        Ok(if negated { set.negate() } else { set })
    }

    /// A character, a range, or an escape of a class; whether it is a character below 256, which Java gathers apart.
    fn class_range(&mut self) -> Result<(CharSet, bool)> {
        let low = match self.peek() {
            Some('\\') => {
                let letter = self.characters.get(self.at + 1).copied();
                if let Some('p' | 'P') = letter {
                    return self.property().map(|set| ((*set).clone(), false));
                }
                self.at += 2;
                if let Some(set) = letter.and_then(|letter| self.predefined(letter)) {
                    return Ok((set, false));
                }
                self.class_character(letter)?
            }
            Some(character) => {
                self.at += 1;
                character
            }
            None => return self.refuse("Unclosed character class"),
        };
        let mut high = low;
        let end = self.characters.get(self.at + 1).copied();
        let ranges = self.peek() == Some('-') && !matches!(end, Some('[' | ']') | None);
        if ranges {
            self.at += 1;
            high = match self.peek() {
                Some('\\') => {
                    let letter = self.characters.get(self.at + 1).copied();
                    self.at += 2;
                    if letter.is_some_and(|letter| self.predefined(letter).is_some() || matches!(letter, 'p' | 'P')) {
                        return self.refuse("Illegal character range");
                    }
                    self.class_character(letter)?
                }
                Some(character) => {
                    self.at += 1;
                    character
                }
                None => return self.refuse("Unclosed character class"),
            };
            if high < low {
                return self.refuse("Illegal character range");
            }
        }
        let set = CharSet::range(low.into(), high.into());
        let set = match self.case() {
            Case::Exact => set,
            Case::Ascii => set.ignoring_ascii_case(),
            Case::Unicode => set.ignoring_case(),
        };
        Ok((set, !ranges && u32::from(low) < 256))
    }

    fn class_character(&mut self, letter: Option<char>) -> Result<char> {
        match letter {
            Some('1'..='9') => self.refuse("Illegal/unsupported escape sequence"),
            _ => self.character(letter),
        }
    }
}
