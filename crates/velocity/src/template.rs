//! A parsed template and the switches between the versions of the language.

use crate::ast::{Block, Macros, Symbols};
use crate::error::ParseError;
use crate::evaluate::{Context, Outcome};
use crate::{EvaluateError, Limits};

/// Which values count as true in a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truthiness {
    /// Velocity 1.7: all but null and false. An empty string or list and a variable that holds 0 are true.
    #[default]
    NotNull,
    /// Velocity 2.x: empty strings, lists and maps and zero are false, too.
    NotEmpty,
}

/// The switches of the language; the default is Apache Velocity 1.7 as it comes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `directive.set.null.allowed`: `#set` to null makes the variable null instead of leaving it alone.
    pub null_assignment: bool,
    /// Whether `null` may be written. Velocity 1.7 refuses the word; templates that AppSync runs have it.
    pub null_literal: bool,
    /// What counts as true.
    pub truthiness: Truthiness,
    /// Templates whose macros this one may call (`velocimacro.library`), as source text; nothing else of them is used.
    pub macro_library: Option<std::sync::Arc<str>>,
}

/// A template, parsed. It may be shared between threads and evaluated any number of times.
#[derive(Debug)]
pub struct Template {
    pub(crate) source: Box<str>,
    pub(crate) nodes: Block,
    pub(crate) symbols: Symbols,
    pub(crate) macros: Macros,
    pub(crate) null_assignment: bool,
    pub(crate) truthiness: Truthiness,
    pub(crate) has_library: bool,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// All mistakes that could be found, in the order of the text.
    pub fn parse(source: &str, options: &Options) -> Result<Template, Vec<ParseError>> {
        let mut symbols = Symbols::new(options.null_literal);
        let mut macros = Macros::new();
        if let Some(library) = &options.macro_library {
            crate::parser::parse(library, true, &mut symbols, &mut macros)?;
        }
        let nodes = crate::parser::parse(source, true, &mut symbols, &mut macros)?;
        Ok(Template {
            source: source.into(),
            nodes,
            symbols,
            macros,
            null_assignment: options.null_assignment,
            truthiness: options.truthiness,
            has_library: options.macro_library.is_some(),
        })
    }

    /// Evaluates the template. Variables that it sets are afterwards in `context`.
    ///
    /// # Errors
    /// A method that failed, a limit that was reached, or the error of a host object; with the place in the template.
    pub fn evaluate(&self, context: &mut Context, limits: &Limits) -> Result<Outcome, EvaluateError> {
        crate::evaluate::evaluate(self, context, limits, false)
    }

    /// Evaluates a template whose output is read as JSON: where that is the text of one value, [`Outcome::json`] has the value and
    /// the text was never written. Everything else is as in [`evaluate`](Template::evaluate).
    ///
    /// # Errors
    /// As [`evaluate`](Template::evaluate).
    pub fn evaluate_json(&self, context: &mut Context, limits: &Limits) -> Result<Outcome, EvaluateError> {
        crate::evaluate::evaluate(self, context, limits, true)
    }

    /// The reference that begins at byte `at` of the source, as it is written.
    #[must_use]
    pub fn reference_at(&self, at: usize) -> Option<&str> {
        crate::ast::reference_at(&self.nodes, u32::try_from(at).ok()?)
    }

    /// The text that this template was read from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}
