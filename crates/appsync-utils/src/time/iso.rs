//! Reading ISO 8601 with an offset, as `OffsetDateTime.parse` does: seconds and their fraction may be missing, `T` and `Z` may be small.

use super::fields::Fields;
use super::zone::{OffsetForm, read_offset};

struct Reader<'a> {
    text: &'a str,
    at: usize,
    fields: Fields,
}

/// The milliseconds of the instant in a text.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let mut reader = Reader { text, at: 0, fields: Fields::default() };
    let shown = || text.chars().take(64).collect::<String>();
    let end = match reader.whole() {
        Ok(()) => reader.at,
        Err(at) => return Err(format!("Text '{}' could not be parsed at index {at}", shown())),
    };
    if end < text.len() {
        return Err(format!("Text '{}' could not be parsed, unparsed text found at index {end}", shown()));
    }
    reader
        .strict()
        .and_then(|()| reader.fields.instant(None))
        .map_err(|fault| format!("Text '{}' could not be parsed: {fault}", shown()))
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn whole(&mut self) -> Result<(), usize> {
        self.year()?;
        for (separator, letter) in [('-', 'M'), ('-', 'd'), ('t', 'H'), (':', 'm')] {
            self.separator(separator)?;
            self.two(letter)?;
        }
        let before = self.at;
        if self.separator(':').is_ok() {
            if self.two('s').is_err() {
                self.at = before;
            } else if self.byte() == Some(b'.') {
                let digits = self.text[self.at + 1..].bytes().take(9).take_while(u8::is_ascii_digit).count();
                let fraction = format!("{:0<9}", &self.text[self.at + 1..self.at + 1 + digits]);
                self.fields.set('n', fraction.parse().unwrap_or(0));
                self.at += 1 + digits;
            }
        }
        if matches!(self.byte(), Some(b'Z' | b'z')) {
            self.at += 1;
            self.fields.set('X', 0);
            return Ok(());
        }
        let rest = &self.text[self.at..];
        let hour_only = || {
            read_offset(rest, OffsetForm::OptionalMinutes)
                .filter(|(seconds, _)| seconds % 3600 == 0)
                .map(|(seconds, _)| (seconds, 3))
        };
        let short = || rest.get(..3).and_then(|hour| read_offset(hour, OffsetForm::OptionalMinutes)).or_else(hour_only);
        let (seconds, length) = read_offset(rest, OffsetForm::Colons).or_else(short).ok_or(self.at)?;
        self.at += length;
        self.fields.set('X', seconds.into());
        Ok(())
    }

    /// Four digits, or a sign and more.
    fn year(&mut self) -> Result<(), usize> {
        let sign = self.byte().filter(|byte| matches!(byte, b'+' | b'-'));
        let from = usize::from(sign.is_some());
        let digits = self.text[from..].bytes().take(10).take_while(u8::is_ascii_digit).count();
        let fits = match sign {
            None => digits == 4,
            Some(b'+') => digits > 4,
            _ => digits >= 4,
        };
        let value: i64 = self.text.get(from..from + digits).and_then(|text| text.parse().ok()).filter(|_| fits).ok_or(0usize)?;
        self.fields.set('u', if sign == Some(b'-') { -value } else { value });
        self.at = from + digits;
        Ok(())
    }

    fn separator(&mut self, separator: char) -> Result<(), usize> {
        let found = self.byte().is_some_and(|byte| char::from(byte).eq_ignore_ascii_case(&separator));
        self.at += usize::from(found);
        if found { Ok(()) } else { Err(self.at) }
    }

    fn two(&mut self, letter: char) -> Result<(), usize> {
        let digits = self.text.get(self.at..self.at + 2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let value = digits.and_then(|digits| digits.parse().ok()).ok_or(self.at)?;
        self.fields.set(letter, value);
        self.at += 2;
        Ok(())
    }

    /// What the smart resolver of patterns would forgive.
    fn strict(&self) -> Result<(), String> {
        self.fields.strict()
    }
}
