//! Patterns of `java.time.format.DateTimeFormatter`, compiled to a list of parts, with Java's words for what is wrong.

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Text as it is.
    Literal(String),
    /// `[...]`: left out if it cannot be printed or does not match.
    Optional(Vec<Part>),
    /// `ppp` before a part: filled with blanks to a width.
    Padded(usize, Box<Part>),
    /// A letter that stands for a number.
    Number(Number),
    /// `S`: so many digits of the fraction of a second.
    Fraction(usize),
    /// A letter that stands for a text, and how often it stands.
    Text(char, usize),
    /// `V`, `v`, `z`.
    Zone(char, usize),
    /// `O`, `X`, `x`, `Z`.
    Offset(char, usize),
}

/// How a number is printed and read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) letter: char,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) sign: Sign,
    /// Two digits of a year from 2000 on.
    pub(super) reduced: bool,
    /// Digits that belong to the numbers of fixed width that follow directly.
    pub(super) reserved: usize,
}

/// When a number has a sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    /// Never.
    None,
    /// A minus.
    Normal,
    /// A minus, and a plus where there are more digits than letters.
    ExceedsPad,
}

pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// The widest number, as in Java.
const WIDEST: usize = 19;

/// The parts of one level, and which of them takes the digits of numbers that follow directly.
#[derive(Default)]
struct Level {
    parts: Vec<Part>,
    adjacent: Option<usize>,
}

impl Level {
    fn push(&mut self, part: Part) {
        let width = match &part {
            Part::Number(number) => Some((number.least == number.most && number.sign == Sign::None, number.most)),
            Part::Fraction(width) => Some((true, *width)),
            _ => None,
        };
        let at = self.parts.len();
        self.adjacent = match (width, self.adjacent) {
            (None, _) => None,
            (Some((true, width)), Some(first)) => {
                if let Some(Part::Number(number)) = self.parts.get_mut(first) {
                    number.reserved += width;
                }
                Some(first)
            }
            (Some(_), _) => Some(at),
        };
        self.parts.push(part);
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        const LONGEST: usize = 1_000;
        const DEEPEST: usize = 20;
        if text.len() > LONGEST {
            return Err(format!("the pattern is longer than {LONGEST} bytes"));
        }
        let mut stack = vec![Level::default()];
        let mut padding = 0;
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            let part = match character {
                '[' => {
                    if stack.len() > DEEPEST {
                        return Err(format!("optional sections are nested deeper than {DEEPEST} levels"));
                    }
                    if let Some(level) = stack.last_mut() {
                        level.adjacent = None;
                    }
                    stack.push(Level::default());
                    continue;
                }
                ']' => match stack.pop() {
                    Some(level) if !stack.is_empty() => Part::Optional(level.parts),
                    _ => return Err("Pattern invalid as it contains ] without previous [".to_owned()),
                },
                '\'' => Part::Literal(
                    quoted(&mut rest).ok_or_else(|| format!("Pattern ends with an incomplete string literal: {text}"))?,
                ),
                '{' | '}' | '#' => return Err(format!("Pattern includes reserved character: '{character}'")),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while rest.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    if letter == 'p' {
                        if !rest.peek().is_some_and(char::is_ascii_alphabetic) {
                            return Err(format!("Pad letter 'p' must be followed by valid pad pattern: {text}"));
                        }
                        padding = count;
                        continue;
                    }
                    field(letter, count)?
                }
                other => Part::Literal(other.to_string()),
            };
            let part = if padding > 0 { Part::Padded(std::mem::take(&mut padding), Box::new(part)) } else { part };
            if let Some(level) = stack.last_mut() {
                level.push(part);
            }
        }
        // Java closes open sections at the end of the pattern.
        while let Some(level) = stack.pop() {
            match stack.last_mut() {
                Some(outer) => outer.push(Part::Optional(level.parts)),
                None => return Ok(Self { parts: level.parts }),
            }
        }
        Ok(Self { parts: Vec::new() })
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
    let too_many = || Err(format!("Too many pattern letters: {letter}"));
    let wrong = || Err(format!("Wrong number of pattern letters: {letter}"));
    let number = |least, most, sign| Ok(Part::Number(Number { letter, least, most, sign, reduced: false, reserved: 0 }));
    match (letter, count) {
        ('u' | 'y' | 'Y' | 'g' | 'A' | 'n' | 'N', WIDEST_PLUS_1..) => {
            Err(format!("The minimum width must be from 1 to {WIDEST} inclusive but was {count}"))
        }
        ('u' | 'y' | 'Y', 2) => {
            Ok(Part::Number(Number { letter, least: 2, most: 2, sign: Sign::None, reduced: true, reserved: 0 }))
        }
        ('u' | 'y' | 'Y', _) => number(count, WIDEST, if count < 4 { Sign::Normal } else { Sign::ExceedsPad }),
        ('g', _) => number(count, WIDEST, Sign::Normal),
        ('A' | 'n' | 'N', _) => number(count, WIDEST, Sign::None),
        ('c', 2) => Err("Invalid pattern \"cc\"".to_owned()),
        ('w' | 'e' | 'c', 1) => number(1, 2, Sign::None),
        ('W', 1) => number(1, 1, Sign::None),
        ('D', 2 | 3) => number(count, 3, Sign::None),
        ('M' | 'L' | 'Q' | 'q' | 'd' | 'D' | 'F' | 'H' | 'h' | 'K' | 'k' | 'm' | 's', 1) => number(1, WIDEST, Sign::Normal),
        ('M' | 'L' | 'Q' | 'q' | 'd' | 'w' | 'e' | 'H' | 'h' | 'K' | 'k' | 'm' | 's', 2) => number(2, 2, Sign::None),
        ('M' | 'L' | 'Q' | 'q' | 'e' | 'c', 3..=5) | ('G' | 'E', 1..=5) | ('a', 1) | ('B', 1 | 4 | 5) => {
            let count = if letter == 'E' || letter == 'G' { count.max(3) } else { count };
            Ok(Part::Text(letter, count))
        }
        ('B', _) => wrong(),
        ('S', 1..=9) => Ok(Part::Fraction(count)),
        ('S', _) => Err(format!("Minimum width must be from 0 to 9 inclusive but was {count}")),
        ('V', 2) | ('v', 1 | 4) | ('z', 1..=4) => Ok(Part::Zone(letter, count)),
        ('V', _) => Err("Pattern letter count must be 2: V".to_owned()),
        ('v', _) => wrong(),
        ('O', 1 | 4) | ('X' | 'x' | 'Z', 1..=5) => Ok(Part::Offset(letter, count)),
        ('O', _) => Err("Pattern letter count must be 1 or 4: O".to_owned()),
        (
            'M' | 'L' | 'Q' | 'q' | 'd' | 'D' | 'F' | 'w' | 'W' | 'e' | 'c' | 'G' | 'E' | 'a' | 'H' | 'h' | 'K' | 'k' | 'm' | 's'
            | 'z' | 'X' | 'x' | 'Z',
            _,
        ) => too_many(),
        _ => Err(format!("Unknown pattern letter: {letter}")),
    }
}

const WIDEST_PLUS_1: usize = WIDEST + 1;

/// The texts of a letter in the form of so many letters, with their values, as English has them.
pub(super) fn texts(letter: char, count: usize) -> Vec<(String, i64)> {
    let form = |name: &str| match count {
        4 => name.to_owned(),
        5 => name[..1].to_owned(),
        _ => name[..3].to_owned(),
    };
    let numbered = |names: &[&str]| names.iter().zip(1..).map(|(name, value)| (form(name), value)).collect();
    match letter {
        'M' | 'L' => numbered(&MONTHS),
        'E' | 'e' | 'c' => numbered(&DAYS),
        'G' => {
            let names = match count {
                4 => ["Before Christ", "Anno Domini"],
                5 => ["B", "A"],
                _ => ["BC", "AD"],
            };
            names.into_iter().zip(0..).map(|(name, value)| (name.to_owned(), value)).collect()
        }
        'a' => vec![("AM".to_owned(), 0), ("PM".to_owned(), 1)],
        'B' => PERIODS
            .iter()
            .zip(0..)
            .map(|((name, narrow, ..), value)| ((if count == 5 { *narrow } else { *name }).to_owned(), value))
            .collect(),
        'Q' | 'q' => (1..=4)
            .map(|quarter: i64| {
                let text = match (count, quarter) {
                    (3, _) => format!("Q{quarter}"),
                    (4, 1) => "1st quarter".to_owned(),
                    (4, 2) => "2nd quarter".to_owned(),
                    (4, 3) => "3rd quarter".to_owned(),
                    (4, _) => "4th quarter".to_owned(),
                    _ => quarter.to_string(),
                };
                (text, quarter)
            })
            .collect(),
        _ => Vec::new(),
    }
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// From Monday.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Parts of the day with their short forms, from one minute of the day to before another.
pub(super) const PERIODS: [(&str, &str, i64, i64); 6] = [
    ("midnight", "mi", 0, 1),
    ("noon", "n", 720, 721),
    ("in the morning", "in the morning", 360, 720),
    ("in the afternoon", "in the afternoon", 720, 1_080),
    ("in the evening", "in the evening", 1_080, 1_260),
    ("at night", "at night", 1_260, 1_800),
];
