//! Reading an instant by a pattern, as Java's strict parser does: which characters each letter takes.

use super::fields::Fields;
use super::pattern::{Number, Part, Pattern, Sign, texts};
use super::zone::{self, OffsetForm, Zone};

struct Reader<'a> {
    text: &'a str,
    at: usize,
    fields: Fields,
}

/// Where a text does not fit.
struct At(usize);

/// The milliseconds of the instant in `text`; a zone in the text goes before `zone`.
pub(super) fn parse(pattern: &Pattern, text: &str, zone: Option<&Zone>) -> Result<i64, String> {
    let mut reader = Reader { text, at: 0, fields: Fields::default() };
    // Java shows the first 64 characters of a longer text, and counts UTF-16 units.
    let shown = || match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    };
    let index = |at: usize| text.get(..at).unwrap_or(text).encode_utf16().count();
    if let Err(At(at)) = reader.parts(&pattern.parts) {
        return Err(format!("Text '{}' could not be parsed at index {}", shown(), index(at)));
    }
    if reader.at < text.len() {
        return Err(format!("Text '{}' could not be parsed, unparsed text found at index {}", shown(), index(reader.at)));
    }
    reader.fields.instant(zone).map_err(|fault| format!("Text '{}' could not be parsed: {fault}", shown()))
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn parts(&mut self, parts: &[Part]) -> Result<(), At> {
        parts.iter().try_for_each(|part| self.part(part))
    }

    fn part(&mut self, part: &Part) -> Result<(), At> {
        let start = self.at;
        match part {
            Part::Literal(literal) => self.literal(literal).ok_or(At(start)),
            Part::Optional(section) => {
                let fields = self.fields.clone();
                if self.parts(section).is_err() {
                    (self.at, self.fields) = (start, fields);
                }
                Ok(())
            }
            Part::Padded(width, inner) => self.padded(*width, inner),
            Part::Number(number) => self.number(number),
            Part::Fraction(width) => {
                let digits = self.rest().bytes().take(*width).take_while(u8::is_ascii_digit).count();
                if digits < *width {
                    return Err(At(start));
                }
                let value: i64 = self.rest()[..digits].parse().map_err(|_| At(start))?;
                self.at += digits;
                let scale = u32::try_from(9 - width).unwrap_or(0);
                self.keep('n', value * 10i64.pow(scale), start)
            }
            Part::Text(letter, count) => self.text(*letter, *count),
            Part::Zone(letter, count) => {
                let found = match letter {
                    'V' => zone::id_at(self.rest()),
                    _ => {
                        let named = zone::named(self.rest(), *count == 4);
                        let by_id = zone::id_at(self.rest());
                        [named, by_id].into_iter().flatten().max_by_key(|(_, length)| *length)
                    }
                };
                let (zone, length) = found.ok_or(At(start))?;
                self.at += length;
                self.fields.zone = Some(zone);
                Ok(())
            }
            Part::Offset(letter, count) => self.offset(*letter, *count),
        }
    }

    fn keep(&mut self, letter: char, value: i64, start: usize) -> Result<(), At> {
        if self.fields.set(letter, value) { Ok(()) } else { Err(At(start)) }
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let found = self.rest().starts_with(literal);
        self.at += if found { literal.len() } else { 0 };
        found.then_some(())
    }

    /// Blanks and a part, together of a width.
    fn padded(&mut self, width: usize, inner: &Part) -> Result<(), At> {
        let start = self.at;
        let Some(window) = self.rest().get(..width).map(str::to_owned) else { return Err(At(start)) };
        let blanks = window.len() - window.trim_start_matches(' ').len();
        let mut reader = Reader { text: &window, at: blanks, fields: std::mem::take(&mut self.fields) };
        let outcome = reader.part(inner);
        let end = reader.at;
        self.fields = reader.fields;
        if outcome.is_err() || end != width {
            return Err(At(start + blanks));
        }
        self.at = start + width;
        Ok(())
    }

    fn number(&mut self, number: &Number) -> Result<(), At> {
        let start = self.at;
        let sign = match self.rest().as_bytes().first() {
            None => return Err(At(start)),
            Some(b'+') if number.sign == Sign::ExceedsPad => 1,
            Some(b'-') if number.sign != Sign::None => -1,
            Some(b'+' | b'-') => return Err(At(start)),
            Some(_) => 0,
        };
        let digits_at = start + usize::from(sign != 0);
        let present = self.text[digits_at..].bytes().take_while(u8::is_ascii_digit).count();
        // Numbers of fixed width that follow directly keep their digits.
        let present = present.min(number.most + number.reserved);
        let taken = if number.reserved > 0 { present.saturating_sub(number.reserved).max(number.least) } else { present };
        if present < taken || taken < number.least || taken > number.most {
            return Err(At(digits_at));
        }
        let digits = &self.text[digits_at..digits_at + taken];
        let mut value: i64 = digits.parse().map_err(|_| At(start))?;
        let exceeds = taken > number.least;
        let mismatched = match (number.sign, sign) {
            (_, -1) => value == 0,
            (Sign::ExceedsPad, 1) => !exceeds,
            (Sign::ExceedsPad, _) => exceeds,
            _ => false,
        };
        if mismatched {
            return Err(At(start));
        }
        if sign < 0 {
            value = -value;
        }
        if number.reduced {
            value += 2000;
        }
        self.at = digits_at + taken;
        let letter = match number.letter {
            'L' => 'M',
            'q' => 'Q',
            'c' => 'e',
            letter => letter,
        };
        self.keep(letter, value, start)
    }

    fn text(&mut self, letter: char, count: usize) -> Result<(), At> {
        let start = self.at;
        // The longest text; of equal ones the last.
        let texts = texts(letter, count).into_iter().filter(|(text, _)| self.rest().starts_with(&**text));
        let (text, value) = texts.max_by_key(|(text, _)| text.len()).ok_or(At(start))?;
        self.at += text.len();
        let letter = match letter {
            'L' => 'M',
            'q' => 'Q',
            'e' | 'c' => 'E',
            letter => letter,
        };
        self.keep(letter, value, start)
    }

    fn offset(&mut self, letter: char, count: usize) -> Result<(), At> {
        let start = self.at;
        let (none, form) = match (letter, count) {
            ('O', _) | ('Z', 4) => return self.localized_offset(letter == 'Z' || count == 4),
            ('X', _) => ("Z", OffsetForm::of(count)),
            ('Z', 5) => ("Z", OffsetForm::Colons),
            ('Z', _) => ("+0000", OffsetForm::Minutes),
            (_, 1) => ("+00", OffsetForm::of(count)),
            (_, 2 | 4) => ("+0000", OffsetForm::of(count)),
            _ => ("+00:00", OffsetForm::of(count)),
        };
        let (seconds, length) = match zone::read_offset(self.rest(), form) {
            _ if self.rest().starts_with(none) => (0, none.len()),
            found => found.ok_or(At(start))?,
        };
        self.at += length;
        self.keep('X', seconds.into(), start)
    }

    /// `GMT` and an offset: `+8`, `+8:30`, or two digits each.
    fn localized_offset(&mut self, long: bool) -> Result<(), At> {
        let start = self.at;
        self.literal("GMT").ok_or(At(start))?;
        let sign = match self.rest().as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return self.keep('X', 0, start),
        };
        self.at += 1;
        let mut part = |most: usize, least: usize, limit: i64| {
            let digits = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
            let value: i64 = self.rest().get(..digits.max(1))?.parse().ok().filter(|value| digits >= least && *value < limit)?;
            self.at += digits;
            Some((value, self.rest().starts_with(':')))
        };
        let (hours, mut more) = part(2, if long { 2 } else { 1 }, 100).ok_or(At(start))?;
        let mut seconds = hours * 3600;
        if long && !more {
            return Err(At(start));
        }
        for unit in [60, 1] {
            if !more {
                break;
            }
            self.at += 1;
            let digits = self.rest().bytes().take(2).take_while(u8::is_ascii_digit).count();
            let value: i64 = self
                .rest()
                .get(..2)
                .filter(|_| digits == 2)
                .and_then(|text| text.parse().ok())
                .filter(|value| *value < 60)
                .ok_or(At(start))?;
            self.at += 2;
            seconds += value * unit;
            more = self.rest().starts_with(':');
        }
        self.keep('X', sign * seconds, start)
    }
}
