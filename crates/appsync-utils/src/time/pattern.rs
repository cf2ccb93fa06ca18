//! Patterns of `java.time.format.DateTimeFormatter`, compiled to a list of parts.

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A letter and how often it stands.
    Field(char, usize),
    /// Text as it is.
    Literal(String),
    /// `[...]`: left out if it cannot be printed or does not match.
    Optional(Vec<Part>),
}

pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// Letters, and the longest run of each that Java accepts.
const LETTERS: &[(char, usize)] = &[
    ('G', 5),
    ('u', 19),
    ('y', 19),
    ('Y', 19),
    ('M', 5),
    ('L', 5),
    ('d', 2),
    ('D', 3),
    ('Q', 5),
    ('q', 5),
    ('w', 2),
    ('E', 5),
    ('e', 5),
    ('c', 5),
    ('a', 1),
    ('H', 2),
    ('h', 2),
    ('K', 2),
    ('k', 2),
    ('m', 2),
    ('s', 2),
    ('S', 9),
    ('A', 19),
    ('n', 19),
    ('N', 19),
    ('V', 2),
    ('z', 4),
    ('O', 4),
    ('X', 5),
    ('x', 5),
    ('Z', 5),
];

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        const LONGEST: usize = 1_000;
        const DEEPEST: usize = 20;
        if text.len() > LONGEST {
            return Err(format!("the pattern is longer than {LONGEST} bytes"));
        }
        let mut stack = vec![Vec::new()];
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            let part = match character {
                '[' => {
                    if stack.len() > DEEPEST {
                        return Err(format!("optional sections are nested deeper than {DEEPEST} levels"));
                    }
                    stack.push(Vec::new());
                    continue;
                }
                ']' => match stack.pop() {
                    Some(section) if !stack.is_empty() => Part::Optional(section),
                    _ => return Err("Pattern invalid as it contains ] without previous [".to_owned()),
                },
                '\'' => Part::Literal(
                    quoted(&mut rest).ok_or_else(|| format!("Pattern ends with an incomplete string literal (quote): {text}"))?,
                ),
                '{' | '}' | '#' => return Err(format!("Pattern includes reserved character: '{character}'")),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while rest.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    field(letter, count)?
                }
                other => Part::Literal(other.to_string()),
            };
            if let Some(section) = stack.last_mut() {
                section.push(part);
            }
        }
        // Java closes open sections at the end of the pattern.
        while stack.len() > 1 {
            let section = stack.pop().unwrap_or_default();
            if let Some(outer) = stack.last_mut() {
                outer.push(Part::Optional(section));
            }
        }
        Ok(Self { parts: stack.pop().unwrap_or_default() })
    }
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    if rest.next_if_eq(&'\'').is_some() {
        return Some("'".to_owned());
    }
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\'' if rest.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Some(text),
            other => text.push(other),
        }
    }
}

fn field(letter: char, count: usize) -> Result<Part, String> {
    let Some((_, longest)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
        return Err(format!("Unknown pattern letter: {letter}"));
    };
    if count > *longest || (letter == 'V' && count != 2) || (letter == 'O' && count != 1 && count != 4) {
        return Err(format!("Invalid count of pattern letters: {}", letter.to_string().repeat(count)));
    }
    if letter == 'z' && count == 4 {
        return Err("the full names of time zones (zzzz) are not available; use z, VV or OOOO".to_owned());
    }
    Ok(Part::Field(letter, count))
}

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// From Monday.
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
