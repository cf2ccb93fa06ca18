//! Putting a string together from parts, well-formed as long as all of them are.

use crate::evaluate::{Completion, Evaluator};
use crate::heap::{OutOfMemory, Text};

/// A string under construction.
#[derive(Debug, Default)]
pub(super) struct Builder {
    text: String,
    /// Everything, from the first part on that has a lone surrogate.
    units: Option<Vec<u16>>,
}

impl Builder {
    /// Appends a part, whose bytes are counted.
    pub(super) fn push(&mut self, ev: &mut Evaluator<'_>, part: &Text) -> Completion<()> {
        ev.reserve(part.bytes())?;
        match (part, &mut self.units) {
            (Text::Utf8 { text, .. }, None) => self.text.push_str(text),
            (Text::Utf8 { text, .. }, Some(units)) => units.extend(text.encode_utf16()),
            (Text::Wide(part), Some(units)) => units.extend_from_slice(part),
            (Text::Wide(part), None) => {
                let mut units: Vec<u16> = self.text.encode_utf16().collect();
                units.extend_from_slice(part);
                self.units = Some(units);
            }
        }
        self.check()
    }

    /// As [`push`](Self::push), for well-formed text.
    pub(super) fn push_str(&mut self, ev: &mut Evaluator<'_>, part: &str) -> Completion<()> {
        ev.reserve(part.len())?;
        match &mut self.units {
            None => self.text.push_str(part),
            Some(units) => units.extend(part.encode_utf16()),
        }
        self.check()
    }

    fn check(&self) -> Completion<()> {
        let length = self.units.as_ref().map_or(self.text.len(), Vec::len);
        if length > crate::heap::MAX_STRING { Err(OutOfMemory.into()) } else { Ok(()) }
    }

    /// The whole string.
    pub(super) fn finish(self) -> Text {
        match self.units {
            None => Text::new(self.text.into()),
            Some(units) => Text::from_units(&units),
        }
    }
}
