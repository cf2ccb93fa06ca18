//! Java's regular expressions (`java.util.regex.Pattern`) on top of `fancy-regex`.
//!
//! Look-around, back-references, atomic groups and possessive quantifiers are the same in both. What differs is rewritten
//! before compiling: see the module `translate`. A pattern is bounded in length and nesting, its compiled form in size, and every
//! search in steps of backtracking, so neither pattern nor text can take the process down. This crate knows nothing of who
//! asks: no template, no utility.
//!
//! ```
//! let regex = java_regex::cached(r"\p{Alpha}+(\d)").expect("it is well formed");
//! assert_eq!(regex.matches_whole("abc7"), Ok(true));
//! let found = regex.find_iter("x1 y2").map(|found| found.map(|found| (found.start(), found.end())));
//! assert_eq!(found.collect::<Result<Vec<_>, _>>(), Ok(vec![(0, 2), (3, 5)]));
//! ```

mod find;
mod properties;
mod translate;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use fancy_regex::{Regex, RegexBuilder};

pub use find::{Found, Matches};

/// The longest pattern in bytes.
pub const MAX_PATTERN: usize = 16 << 10;
/// How deeply groups or classes may be nested in a pattern; the engine itself ends at 64.
pub const MAX_NESTING: usize = 60;
/// Steps of backtracking before a search gives up.
const BACKTRACK_LIMIT: usize = 200_000;
/// Bytes that a compiled part of a pattern may take.
const MAX_COMPILED: usize = 4 << 20;
/// Compiled patterns kept per thread.
const KEPT: usize = 32;

/// Why a pattern is refused, or a search failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RegexError(pub(crate) String);

/// A compiled pattern.
///
/// Matching the whole text and finding parts of it are two programs; the second is made when it is first asked for.
#[derive(Debug)]
pub struct JavaRegex {
    pattern: Box<str>,
    whole: Regex,
    parts: OnceLock<Result<Regex, RegexError>>,
}

/// The compiled form of `pattern`, from this thread's cache of the patterns that were used last.
///
/// # Errors
/// A pattern that is malformed, too long, or nested too deeply.
pub fn cached(pattern: &str) -> Result<Arc<JavaRegex>, RegexError> {
    thread_local! {
        static CACHE: RefCell<Vec<Arc<JavaRegex>>> = const { RefCell::new(Vec::new()) };
    }
    CACHE.with_borrow_mut(|cache| {
        if let Some(at) = cache.iter().position(|known| *known.pattern == *pattern) {
            // The one used last comes first, so that the end of the list is what may go.
            cache[..=at].rotate_right(1);
            return Ok(Arc::clone(&cache[0]));
        }
        let compiled = Arc::new(JavaRegex::new(pattern)?);
        cache.truncate(KEPT - 1);
        cache.insert(0, Arc::clone(&compiled));
        Ok(compiled)
    })
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that is malformed, too long, or nested too deeply.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        let translated = translate::translate(pattern, true)?;
        let whole = compile(pattern, &format!(r"\A(?:{translated})\z"))?;
        Ok(Self { pattern: pattern.into(), whole, parts: OnceLock::new() })
    }

    /// `Pattern.matches`: whether the whole text matches.
    ///
    /// # Errors
    /// The backtracking limit.
    pub fn matches_whole(&self, text: &str) -> Result<bool, RegexError> {
        self.whole.is_match(text).map_err(|fault| failed(&fault))
    }

    /// `Matcher.find`, again and again: the parts of the text that match, in order.
    #[must_use]
    pub fn find_iter<'t>(&self, text: &'t str) -> Matches<'_, 't> {
        Matches::new(self.parts(), text)
    }

    fn parts(&self) -> Result<&Regex, RegexError> {
        let parts = self.parts.get_or_init(|| compile(&self.pattern, &translate::translate(&self.pattern, false)?));
        parts.as_ref().map_err(RegexError::clone)
    }
}

fn compile(pattern: &str, translated: &str) -> Result<Regex, RegexError> {
    RegexBuilder::new(translated)
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(MAX_COMPILED)
        .build()
        .map_err(|fault| RegexError(format!("invalid regular expression {pattern}: {fault}")))
}

fn failed(fault: &fancy_regex::Error) -> RegexError {
    RegexError(format!("the regular expression could not be run: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catastrophic_patterns_give_up() {
        let catastrophic = JavaRegex::new(r"(a*)*\1b").expect("valid");
        assert!(catastrophic.matches_whole(&"a".repeat(500)).is_err());
        assert!(catastrophic.find_iter(&"a".repeat(500)).next().is_some_and(|found| found.is_err()));
    }

    #[test]
    fn the_cache_keeps_what_was_used_last() {
        let first = cached("first").expect("valid");
        for number in 0..KEPT * 2 {
            cached(&format!("a{number}")).expect("valid");
            assert!(Arc::ptr_eq(&cached("first").expect("valid"), &first));
        }
        for number in 0..KEPT {
            cached(&format!("b{number}")).expect("valid");
        }
        assert!(!Arc::ptr_eq(&cached("first").expect("valid"), &first), "nobody asked for it while {KEPT} others came");
    }
}
