//! Expressions: operators, literals, references.

use super::{Mistake, Parsed, Parser};
use crate::ast::{Expr, Op, Operand};

/// Operators of one precedence, longest spelling first.
type Level = &'static [(&'static str, Op)];
const EQUALITY: Level = &[("==", Op::Equal), ("!=", Op::NotEqual), ("eq", Op::Equal), ("ne", Op::NotEqual)];
const RELATION: Level = &[
    ("<=", Op::LessOrEqual),
    (">=", Op::GreaterOrEqual),
    ("<", Op::Less),
    (">", Op::Greater),
    ("lt", Op::Less),
    ("le", Op::LessOrEqual),
    ("gt", Op::Greater),
    ("ge", Op::GreaterOrEqual),
];
const SUM: Level = &[("+", Op::Add), ("-", Op::Subtract)];
const PRODUCT: Level = &[("*", Op::Multiply), ("/", Op::Divide), ("%", Op::Remainder)];
const LEVELS: [Level; 4] = [EQUALITY, RELATION, SUM, PRODUCT];

impl Parser<'_, '_, '_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.logical(&["||", "or"], Expr::Or, |parser| parser.logical(&["&&", "and"], Expr::And, |parser| parser.chain(0)))
    }

    fn logical(
        &mut self,
        spellings: &[&str],
        build: fn(Box<[Expr]>) -> Expr,
        operand: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let first = operand(self)?;
        let mut operands = vec![first];
        loop {
            self.skip_space();
            if !spellings.iter().any(|spelling| self.operator(spelling)) {
                break;
            }
            operands.push(operand(self)?);
        }
        Ok(match (operands.len(), operands.pop()) {
            (1, Some(only)) => only,
            (_, last) => build(operands.into_iter().chain(last).collect()),
        })
    }

    fn chain(&mut self, level: usize) -> Parsed<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        self.skip_space();
        let start = self.at;
        let first = self.chain(level + 1)?;
        let mut end = self.at;
        let mut first = Some(first);
        let mut head = None;
        let mut more = Vec::new();
        loop {
            self.skip_space();
            let negative = self.byte() == Some(b'-') && matches!(self.byte_at(self.at + 1), Some(b'0'..=b'9' | b'.'));
            if negative && level == 2 {
                return Err(self.mistake(
                    "`-` directly before a digit belongs to the number: write a blank between them to subtract",
                    self.at,
                    self.at + 2,
                ));
            }
            let Some(&(_, op)) = operators.iter().find(|(spelling, _)| self.operator(spelling)) else { break };
            if let Some(expr) = first.take() {
                head = Some(self.operand(expr, start, end));
            }
            self.skip_space();
            let start = self.at;
            let expr = self.chain(level + 1)?;
            end = self.at;
            let operand = self.operand(expr, start, end);
            more.push((op, operand));
        }
        self.at = end;
        match (first, head) {
            (Some(expr), _) => Ok(expr),
            (None, Some(head)) => Ok(Expr::Chain(Box::new(head), more.into())),
            (None, None) => Err(self.unexpected("an expression")),
        }
    }

    fn operand(&self, expr: Expr, start: usize, end: usize) -> Operand {
        Operand { expr, literal: self.source[start..end].into(), at: self.place(start) }
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

    fn unary(&mut self) -> Parsed<Expr> {
        self.skip_space();
        let is_not = self.byte() == Some(b'!') && self.byte_at(self.at + 1) != Some(b'=');
        if (is_not && self.take("!")) || self.operator("not") {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.unary()?))));
        }
        self.primary()
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
        let text = self.quoted(b'"')?.replace("\"\"", "\"");
        if !text.contains(['$', '#']) {
            return Ok(Expr::Text(text.into()));
        }
        let base = self.base + start;
        self.nested(|parser| {
            let mut inner = Parser { source: &text, at: 0, base, whole: false, shared: &mut *parser.shared };
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
