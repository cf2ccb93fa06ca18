//! Expressions: operators, literals, references.

use super::{Mistake, Parsed, Parser, Places};
use crate::ast::{Expr, Op, Operand};

/// What stands between two operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    Operator(Op),
    And,
    Or,
}

/// Spellings, the longer ones before their beginnings, with how tightly they bind.
const OPERATORS: &[(&str, u8, Between)] = &[
    ("||", 0, Between::Or),
    ("or", 0, Between::Or),
    ("&&", 1, Between::And),
    ("and", 1, Between::And),
    ("==", 2, Between::Operator(Op::Equal)),
    ("!=", 2, Between::Operator(Op::NotEqual)),
    ("eq", 2, Between::Operator(Op::Equal)),
    ("ne", 2, Between::Operator(Op::NotEqual)),
    ("<=", 3, Between::Operator(Op::LessOrEqual)),
    (">=", 3, Between::Operator(Op::GreaterOrEqual)),
    ("<", 3, Between::Operator(Op::Less)),
    (">", 3, Between::Operator(Op::Greater)),
    ("le", 3, Between::Operator(Op::LessOrEqual)),
    ("ge", 3, Between::Operator(Op::GreaterOrEqual)),
    ("lt", 3, Between::Operator(Op::Less)),
    ("gt", 3, Between::Operator(Op::Greater)),
    ("+", 4, Between::Operator(Op::Add)),
    ("-", 4, Between::Operator(Op::Subtract)),
    ("*", 5, Between::Operator(Op::Multiply)),
    ("/", 5, Between::Operator(Op::Divide)),
    ("%", 5, Between::Operator(Op::Remainder)),
];
/// The tightest level of [`OPERATORS`].
const TIGHTEST: u8 = 5;

/// An operand with its place.
struct Part {
    expr: Expr,
    start: usize,
    end: usize,
}

impl Parser<'_, '_, '_> {
    /// Operands and operators are collected in one row and then grouped by precedence: recursion is needed for brackets only.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let first = self.unary()?;
        let mut row: Vec<(u8, Between, Part)> = Vec::new();
        loop {
            let end = self.at;
            self.skip_space();
            let negative = self.byte() == Some(b'-') && matches!(self.byte_at(self.at + 1), Some(b'0'..=b'9' | b'.'));
            if negative {
                return Err(self.mistake(
                    "`-` directly before a digit belongs to the number: write a blank between them to subtract",
                    self.at,
                    self.at + 2,
                ));
            }
            let Some(&(_, level, between)) = OPERATORS.iter().find(|(spelling, ..)| self.operator(spelling)) else {
                self.at = end;
                break;
            };
            let part = self.unary()?;
            row.push((level, between, part));
        }
        if row.is_empty() {
            return Ok(first.expr);
        }
        let mut first = first;
        for level in (0..=TIGHTEST).rev() {
            (first, row) = self.grouped(level, first, row);
        }
        Ok(first.expr)
    }

    /// Makes one part of each run of operators of `level`.
    fn grouped(&self, level: u8, first: Part, row: Vec<(u8, Between, Part)>) -> (Part, Vec<(u8, Between, Part)>) {
        let mut done: Vec<(u8, Between, Part)> = Vec::new();
        let (mut head, mut run) = (first, Vec::new());
        let mut before = None;
        let mut first_done = None;
        for (found, between, part) in row {
            if found == level {
                run.push((between, part));
                continue;
            }
            let whole = self.group(std::mem::replace(&mut head, part), std::mem::take(&mut run));
            match before.replace((found, between)) {
                None => first_done = Some(whole),
                Some((level, between)) => done.push((level, between, whole)),
            }
        }
        let last = self.group(head, run);
        match (first_done, before) {
            (Some(first), Some((level, between))) => {
                done.push((level, between, last));
                (first, done)
            }
            _ => (last, done),
        }
    }

    /// Operands and operators of one level.
    fn group(&self, first: Part, more: Vec<(Between, Part)>) -> Part {
        let Some((between, last)) = more.last() else { return first };
        let (between, start, end) = (*between, first.start, last.end);
        let expr = match between {
            Between::Operator(_) => {
                let operand = |part: Part| Operand {
                    literal: self.source[part.start..part.end].into(),
                    at: self.place(part.start),
                    expr: part.expr,
                };
                let more = more.into_iter().filter_map(|(between, part)| match between {
                    Between::Operator(op) => Some((op, operand(part))),
                    Between::And | Between::Or => None,
                });
                Expr::Chain(Box::new(operand(first)), more.collect())
            }
            _ => {
                let operands = std::iter::once(first.expr).chain(more.into_iter().map(|(_, part)| part.expr)).collect();
                if between == Between::And { Expr::And(operands) } else { Expr::Or(operands) }
            }
        };
        Part { expr, start, end }
    }

    /// Steps over an operator; one spelled in letters must be a whole word.
    fn operator(&mut self, spelling: &str) -> bool {
        if !self.looking_at(spelling) {
            return false;
        }
        let end = self.at + spelling.len();
        if spelling.as_bytes()[0].is_ascii_alphabetic() && self.name_end(self.at) != Some(end) {
            return false;
        }
        self.at = end;
        true
    }

    fn unary(&mut self) -> Parsed<Part> {
        self.skip_space();
        let start = self.at;
        let mut negations = 0usize;
        loop {
            self.skip_space();
            let is_not = self.byte() == Some(b'!') && self.byte_at(self.at + 1) != Some(b'=');
            if !((is_not && self.take("!")) || self.operator("not")) {
                break;
            }
            negations += 1;
        }
        let mut expr = self.primary()?;
        // Two negations are none, but for making a boolean of the value.
        for _ in 0..negations.min(2 - negations % 2) {
            expr = Expr::Not(Box::new(expr));
        }
        Ok(Part { expr, start, end: self.at })
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        self.skip_space();
        match self.byte() {
            Some(b'$') => match self.reference()? {
                Some(reference) => Ok(Expr::Reference(Box::new(reference))),
                None => Err(self.unexpected("a reference")),
            },
            Some(b'"') => self.interpolated(),
            Some(b'\'') => {
                let text = self.quoted(b'\'')?.replace("''", "'");
                Ok(Expr::Text(text.into()))
            }
            Some(b'(') => self.nested(|parser| {
                parser.at += 1;
                let inner = parser.expression()?;
                parser.skip_space();
                if parser.take(")") { Ok(inner) } else { Err(parser.unexpected("`)`")) }
            }),
            Some(b'[') => self.nested(Self::list_or_range),
            Some(b'{') => self.nested(Self::map),
            Some(b'0'..=b'9' | b'.' | b'-') => self.number(),
            _ => {
                for (word, value) in [("true", true), ("false", false)] {
                    if self.operator(word) {
                        return Ok(Expr::Bool(value));
                    }
                }
                if self.name_end(self.at) == Some(self.at + 4) && self.looking_at("null") {
                    if self.shared.symbols.null_literal {
                        self.at += 4;
                        return Ok(Expr::Null);
                    }
                    let message = "`null` is no literal: use a reference that is never set, such as `$null`";
                    return Err(self.mistake(message, self.at, self.at + 4));
                }
                Err(self.unexpected("an expression"))
            }
        }
    }

    /// What stands between the quotes at the cursor, as written.
    fn quoted(&mut self, quote: u8) -> Parsed<&str> {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes[at..].iter().position(|&byte| byte == quote) {
                None => {
                    self.at = self.source.len();
                    let message = format!("The string is not closed: its `{}` is missing", char::from(quote));
                    return Err(Mistake { fatal: true, ..self.mistake(message, start, start + 1) });
                }
                Some(length) if bytes.get(at + length + 1) == Some(&quote) => at += length + 2,
                Some(length) => {
                    self.at = at + length + 1;
                    return Ok(&self.source[start + 1..at + length]);
                }
            }
        }
    }

    /// A string in double quotes, which is a template of its own.
    fn interpolated(&mut self) -> Parsed<Expr> {
        let start = self.at + 1;
        let written = self.quoted(b'"')?.to_owned();
        let text = written.replace("\"\"", "\"");
        if !text.contains(['$', '#']) {
            return Ok(Expr::Text(text.into()));
        }
        // Of two quotes one is left: the first of them is at its place in the string less those that went before it.
        let quotes = written.match_indices("\"\"").enumerate().map(|(before, (at, _))| at - before).collect();
        self.nested(|parser| {
            let places = Places { outer: Some(parser.places), start, quotes };
            let mut inner = Parser { source: &text, at: 0, places: &places, whole: false, shared: &mut *parser.shared };
            Ok(Expr::Interpolated(inner.template()))
        })
    }

    fn list_or_range(&mut self) -> Parsed<Expr> {
        let place = self.place(self.at);
        self.at += 1;
        self.skip_space();
        if self.take("]") {
            return Ok(Expr::List(Box::new([])));
        }
        let first = self.expression()?;
        self.skip_space();
        if self.take("..") {
            let last = self.expression()?;
            self.skip_space();
            return if self.take("]") {
                Ok(Expr::Range(Box::new((first, last)), place))
            } else {
                Err(self.unexpected("the `]` of the range"))
            };
        }
        let mut items = vec![first];
        loop {
            self.skip_space();
            if self.take("]") {
                return Ok(Expr::List(items.into()));
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or the `]` of the list"));
            }
            items.push(self.expression()?);
        }
    }

    fn map(&mut self) -> Parsed<Expr> {
        let place = self.place(self.at);
        self.at += 1;
        self.skip_space();
        let mut entries = Vec::new();
        if self.take("}") {
            return Ok(Expr::Map(entries.into(), place));
        }
        loop {
            let key = self.expression()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.unexpected("the `:` of the map's entry"));
            }
            entries.push((key, self.expression()?));
            self.skip_space();
            if self.take("}") {
                return Ok(Expr::Map(entries.into(), place));
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or the `}` of the map"));
            }
        }
    }

    /// The arguments of a method and the parenthesis that closes them.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut args = Vec::new();
        self.skip_space();
        if self.take(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expression()?);
            self.skip_space();
            if self.take(")") {
                return Ok(args);
            }
            if !self.take(",") {
                return Err(self.unexpected("`,` or the `)` of the method"));
            }
        }
    }

    /// An integer, of the smallest Java type that holds it, or a double.
    fn number(&mut self) -> Parsed<Expr> {
        let start = self.at;
        self.take("-");
        let whole = self.digits();
        // `1..5` is a range, not `1.` and `.5`.
        let is_fraction = self.byte() == Some(b'.') && self.byte_at(self.at + 1) != Some(b'.');
        let mut fraction = 0;
        if is_fraction {
            self.at += 1;
            fraction = self.digits();
        }
        if whole + fraction == 0 {
            self.at = start;
            return Err(self.unexpected("an expression"));
        }
        let mantissa_end = self.at;
        let mut is_double = is_fraction;
        if self.take("e") || self.take("E") {
            if !self.take("-") {
                self.take("+");
            }
            if self.digits() == 0 {
                self.at = mantissa_end;
            } else {
                is_double = true;
            }
        }
        let text = &self.source[start..self.at];
        if is_double {
            return text.parse().map(Expr::Double).map_err(|_| self.mistake("This is no number", start, self.at));
        }
        if let Ok(number) = text.parse() {
            Ok(Expr::Int(number))
        } else if let Ok(number) = text.parse() {
            Ok(Expr::Long(number))
        } else {
            let message = "Integers of more than 38 digits cannot be written here";
            text.parse().map(Expr::Big).map_err(|_| self.mistake(message, start, self.at))
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.source.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }
}
