//! The syntax of patterns (ECMA-262, 22.2.1 and Annex B.1.2) as a tree.

use super::set::Set;

/// How deeply groups may be nested.
const MAX_NESTING: usize = 60;
/// The longest pattern in characters.
const MAX_LENGTH: usize = 16 << 10;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    Char(u32),
    /// `.`.
    Any,
    Set(Set),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    /// A capturing group, by its number.
    Group(Box<Node>, usize),
    Repeat {
        node: Box<Node>,
        least: u32,
        most: Option<u32>,
        greedy: bool,
        /// The groups inside, which each round forgets.
        groups: (usize, usize),
    },
    Start,
    End,
    Word {
        negated: bool,
    },
    Look {
        node: Box<Node>,
        behind: bool,
        negated: bool,
    },
    Back(usize),
    NamedBack(String),
}

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    /// With group 0, the whole match.
    pub(super) groups: usize,
    /// Names of groups in order.
    pub(super) names: Vec<(String, usize)>,
}

struct Parser {
    text: Vec<char>,
    at: usize,
    unicode: bool,
    /// Whether a name is given to some group, which makes `\k` a reference.
    has_names: bool,
    /// Capturing groups of the whole pattern.
    total: usize,
    groups: usize,
    names: Vec<(String, usize)>,
    depth: usize,
}

type Read<T> = Result<T, String>;

/// Reads a pattern.
pub(super) fn parse(source: &str, unicode: bool) -> Read<Parsed> {
    let text: Vec<char> = source.chars().collect();
    if text.len() > MAX_LENGTH {
        return Err(format!("the pattern is longer than {MAX_LENGTH} characters"));
    }
    let (total, has_names) = survey(&text);
    let mut parser = Parser { text, at: 0, unicode, has_names, total, groups: 1, names: Vec::new(), depth: 0 };
    let node = parser.either()?;
    if parser.at < parser.text.len() {
        return Err("unmatched ')'".into());
    }
    Ok(Parsed { node, groups: parser.groups, names: parser.names })
}

/// The number of capturing groups, and whether some have names.
fn survey(text: &[char]) -> (usize, bool) {
    let (mut groups, mut names, mut in_class, mut at) = (0, false, false, 0);
    while let Some(character) = text.get(at) {
        match character {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                if text.get(at + 1) != Some(&'?') {
                    groups += 1;
                } else if text.get(at + 2) == Some(&'<') && !matches!(text.get(at + 3), Some('=' | '!')) {
                    groups += 1;
                    names = true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    (groups, names)
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    fn take_all(&mut self, expected: &str) -> bool {
        let found = expected.chars().enumerate().all(|(offset, character)| self.text.get(self.at + offset) == Some(&character));
        if found {
            self.at += expected.chars().count();
        }
        found
    }

    fn either(&mut self) -> Read<Node> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(format!("the pattern is nested deeper than {MAX_NESTING} levels"));
        }
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Read<Node> {
        let mut nodes = Vec::new();
        while let Some(character) = self.peek() {
            if matches!(character, '|' | ')') {
                break;
            }
            let first_group = self.groups;
            let (node, repeatable) = self.atom()?;
            nodes.push(self.repeated(node, repeatable, first_group)?);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    /// A quantifier behind `node`, if there is one.
    fn repeated(&mut self, node: Node, repeatable: bool, first_group: usize) -> Read<Node> {
        let before = self.at;
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.braces() {
                Some(bounds) => bounds,
                None => return Ok(node),
            },
            _ => return Ok(node),
        };
        if self.at == before {
            self.at += 1;
        }
        if !repeatable {
            return Err("nothing to repeat".into());
        }
        if most.is_some_and(|most| most < least) {
            return Err("numbers out of order in {} quantifier".into());
        }
        let greedy = !self.take('?');
        Ok(Node::Repeat { node: Box::new(node), least, most, greedy, groups: (first_group, self.groups) })
    }

    /// `{2}`, `{2,}`, `{2,3}`; nothing is read if it is none.
    fn braces(&mut self) -> Option<(u32, Option<u32>)> {
        let start = self.at;
        self.at += 1;
        let bounds = self.digits().and_then(|least| {
            let most =
                if self.take(',') { if self.peek() == Some('}') { None } else { Some(self.digits()?) } } else { Some(least) };
            self.take('}').then_some((least, most))
        });
        if bounds.is_none() {
            self.at = start;
        }
        bounds
    }

    fn digits(&mut self) -> Option<u32> {
        let start = self.at;
        let mut number: u32 = 0;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        (self.at > start).then_some(number)
    }

    fn atom(&mut self) -> Read<(Node, bool)> {
        let Some(character) = self.peek() else { return Ok((Node::Empty, false)) };
        self.at += 1;
        Ok(match character {
            '^' => (Node::Start, false),
            '$' => (Node::End, false),
            '.' => (Node::Any, true),
            '(' => return self.group(),
            '[' => (Node::Set(self.class()?), true),
            '\\' => return self.escape(),
            '*' | '+' | '?' => return Err("nothing to repeat".into()),
            '{' if self.unicode => return Err("nothing to repeat".into()),
            '{' => {
                self.at -= 1;
                if self.braces().is_some() {
                    return Err("nothing to repeat".into());
                }
                self.at += 1;
                (Node::Char(u32::from('{')), true)
            }
            '}' | ']' if self.unicode => return Err(format!("lone '{character}'")),
            other => (Node::Char(u32::from(other)), true),
        })
    }

    fn group(&mut self) -> Read<(Node, bool)> {
        let (look, behind, negated) = if self.take_all("?:") {
            (false, false, false)
        } else if self.take_all("?=") {
            (true, false, false)
        } else if self.take_all("?!") {
            (true, false, true)
        } else if self.take_all("?<=") {
            (true, true, false)
        } else if self.take_all("?<!") {
            (true, true, true)
        } else {
            let number = self.groups;
            self.groups += 1;
            if self.take_all("?<") {
                let name = self.name()?;
                if self.names.iter().any(|(known, _)| *known == name) {
                    return Err(format!("duplicate group name {name}"));
                }
                self.names.push((name, number));
            } else if self.peek() == Some('?') {
                return Err("invalid group".into());
            }
            let node = self.either()?;
            self.close()?;
            return Ok((Node::Group(Box::new(node), number), true));
        };
        let node = self.either()?;
        self.close()?;
        if look {
            // Annex B lets a look-ahead be repeated.
            return Ok((Node::Look { node: Box::new(node), behind, negated }, !behind && !self.unicode));
        }
        Ok((node, true))
    }

    fn close(&mut self) -> Read<()> {
        if self.take(')') { Ok(()) } else { Err("expecting ')'".into()) }
    }

    /// A group's name up to `>`.
    fn name(&mut self) -> Read<String> {
        let mut name = String::new();
        loop {
            match self.peek() {
                Some('>') if !name.is_empty() => {
                    self.at += 1;
                    return Ok(name);
                }
                Some(letter) if letter == '_' || letter == '$' || letter.is_alphanumeric() => {
                    if name.is_empty() && letter.is_numeric() {
                        return Err("invalid group name".into());
                    }
                    name.push(letter);
                    self.at += 1;
                }
                _ => return Err("invalid group name".into()),
            }
        }
    }

    /// Behind a backslash outside of a class.
    fn escape(&mut self) -> Read<(Node, bool)> {
        let Some(character) = self.peek() else { return Err("\\ at the end of the pattern".into()) };
        match character {
            'b' | 'B' => {
                self.at += 1;
                return Ok((Node::Word { negated: character == 'B' }, false));
            }
            'k' if self.unicode || self.has_names => {
                self.at += 1;
                if !self.take('<') {
                    return Err("expecting group name".into());
                }
                return Ok((Node::NamedBack(self.name()?), true));
            }
            '1'..='9' => {
                let start = self.at;
                let number = self.digits().unwrap_or_default() as usize;
                if number <= self.total {
                    return Ok((Node::Back(number), true));
                }
                if self.unicode {
                    return Err("back reference out of range".into());
                }
                self.at = start;
            }
            _ => {}
        }
        if let Some(set) = self.class_escape()? {
            return Ok((Node::Set(set), true));
        }
        Ok((Node::Char(self.character_escape()?), true))
    }

    /// `\d`, `\w`, `\s`, `\p{…}` and their opposites.
    fn class_escape(&mut self) -> Read<Option<Set>> {
        let Some(character) = self.peek() else { return Ok(None) };
        let set = match character {
            'd' | 'D' => Set::digits(),
            'w' | 'W' => Set::words(),
            's' | 'S' => Set::spaces(),
            'p' | 'P' if self.unicode => {
                self.at += 1;
                if !self.take('{') {
                    return Err("expecting '{' after \\p".into());
                }
                let start = self.at;
                while self.peek().is_some_and(|letter| letter != '}') {
                    self.at += 1;
                }
                let name: String = self.text[start..self.at].iter().collect();
                if !self.take('}') {
                    return Err("expecting '}'".into());
                }
                return Set::property(&name, character == 'P').map(Some);
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(if character.is_ascii_uppercase() { set.negate() } else { set }))
    }

    /// An escape that stands for one character.
    fn character_escape(&mut self) -> Read<u32> {
        let Some(character) = self.peek() else { return Err("\\ at the end of the pattern".into()) };
        self.at += 1;
        Ok(match character {
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'c' => match self.peek() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    self.at += 1;
                    u32::from(letter) % 32
                }
                _ if self.unicode => return Err("invalid escape \\c".into()),
                _ => {
                    // The backslash stands for itself.
                    self.at -= 1;
                    u32::from('\\')
                }
            },
            'x' => match self.hexadecimal(2) {
                Some(code) => code,
                None if self.unicode => return Err("invalid escape \\x".into()),
                None => u32::from('x'),
            },
            'u' => return self.unicode_escape(),
            '0' if self.unicode => {
                if self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
                    return Err("invalid decimal escape".into());
                }
                0
            }
            '0'..='7' => {
                let mut code = character.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    match self.peek().and_then(|digit| digit.to_digit(8)) {
                        Some(digit) if code * 8 + digit <= 0o377 => code = code * 8 + digit,
                        _ => break,
                    }
                    self.at += 1;
                }
                code
            }
            other if self.unicode && !"^$\\.*+?()[]{}|/-".contains(other) => return Err(format!("invalid escape \\{other}")),
            other => u32::from(other),
        })
    }

    fn unicode_escape(&mut self) -> Read<u32> {
        if self.unicode && self.take('{') {
            let mut code: u32 = 0;
            let start = self.at;
            while let Some(digit) = self.peek().and_then(|character| character.to_digit(16)) {
                code = code.saturating_mul(16).saturating_add(digit);
                self.at += 1;
            }
            if self.at == start || !self.take('}') || code > 0x10_ffff {
                return Err("invalid escape \\u".into());
            }
            return Ok(code);
        }
        let Some(first) = self.hexadecimal(4) else {
            return if self.unicode { Err("invalid escape \\u".into()) } else { Ok(u32::from('u')) };
        };
        if self.unicode && (0xd800..0xdc00).contains(&first) {
            let start = self.at;
            if self.take_all("\\u")
                && let Some(second) = self.hexadecimal(4)
                && (0xdc00..0xe000).contains(&second)
            {
                return Ok(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.at = start;
        }
        Ok(first)
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let text = self.text.get(self.at..self.at + digits)?;
        let code = text.iter().try_fold(0, |code, character| Some(code * 16 + character.to_digit(16)?))?;
        self.at += digits;
        Some(code)
    }

    /// Behind `[`.
    fn class(&mut self) -> Read<Set> {
        let negated = self.take('^');
        let mut set = Set::default();
        loop {
            if self.take(']') {
                return Ok(if negated { set.negate() } else { set });
            }
            let first = self.class_atom()?;
            let is_range = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|next| *next != ']');
            if !is_range {
                set.add(first);
                continue;
            }
            self.at += 1;
            let last = self.class_atom()?;
            match (first, last) {
                (ClassAtom::Char(first), ClassAtom::Char(last)) => {
                    if first > last {
                        return Err("range out of order in character class".into());
                    }
                    set.add_range(first, last);
                }
                _ if self.unicode => return Err("invalid class range".into()),
                (first, last) => {
                    set.add(first);
                    set.add_range(u32::from('-'), u32::from('-'));
                    set.add(last);
                }
            }
        }
    }

    fn class_atom(&mut self) -> Read<ClassAtom> {
        let Some(character) = self.peek() else { return Err("expecting ']'".into()) };
        self.at += 1;
        if character != '\\' {
            return Ok(ClassAtom::Char(u32::from(character)));
        }
        if self.take('b') {
            return Ok(ClassAtom::Char(8));
        }
        if self.unicode && self.take('-') {
            return Ok(ClassAtom::Char(u32::from('-')));
        }
        if let Some(set) = self.class_escape()? {
            return Ok(ClassAtom::Set(set));
        }
        Ok(ClassAtom::Char(self.character_escape()?))
    }
}

/// A member of a class.
pub(super) enum ClassAtom {
    Char(u32),
    Set(Set),
}
