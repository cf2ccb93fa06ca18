//! Java's regular expressions (`java.util.regex.Pattern`): the same syntax and flags, the same answers, the same words for what is
//! wrong, with limits.
//!
//! A pattern is read to a tree (`parse`), made a program (`program`) and run by backtracking (`machine`), as Java does, because what
//! groups hold after loops, atomic groups and look-around depend on that order. A pattern is bounded in length and nesting, a search
//! in steps and memory, so neither pattern nor text can take the process down. Texts are whole characters, where Java's are UTF-16
//! units; what Unicode knows comes from `regex-syntax` and `unicode-segmentation`. This crate knows nothing of who asks: no template,
//! no utility.
//!
//! ```
//! let regex = java_regex::cached(r"\p{Alpha}+(\d)").expect("it is well formed");
//! assert_eq!(regex.matches_whole("abc7"), Ok(true));
//! let found = regex.find_iter("x1 y2").map(|found| found.map(|found| (found.start(), found.end())));
//! assert_eq!(found.collect::<Result<Vec<_>, _>>(), Ok(vec![(0, 2), (3, 5)]));
//! ```

mod blocks;
mod charset;
mod find;
mod machine;
mod node;
mod parse;
mod program;
mod properties;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use machine::Machine;
use program::Program;

pub use find::{Found, Matches};

/// The longest pattern in bytes.
pub const MAX_PATTERN: usize = 16 << 10;
/// How deeply groups or classes may be nested in a pattern.
pub const MAX_NESTING: usize = 60;
/// Steps of a search, besides some for each byte of the text.
const MAX_STEPS: u64 = 2_000_000;
/// Compiled patterns kept per thread.
const KEPT: usize = 32;

/// Why a pattern is refused, or a search failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RegexError(pub(crate) String);

/// Who hears how many steps a search took since it was last told, every few thousand of them, and says whether it may go on.
pub type Watch<'w> = &'w mut dyn FnMut(u64) -> bool;

/// A compiled pattern.
#[derive(Debug)]
pub struct JavaRegex {
    program: Program,
    /// The numbers of the named groups.
    names: HashMap<String, usize>,
}

/// A pattern and what came of it: a refusal may take as long to find as a program.
type Known = (Box<str>, Result<Arc<JavaRegex>, RegexError>);

thread_local! {
    static CACHE: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// The compiled form of `pattern`, from this thread's cache of the patterns that were used last.
///
/// # Errors
/// A pattern that is malformed, too long, or nested too deeply.
pub fn cached(pattern: &str) -> Result<Arc<JavaRegex>, RegexError> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(at) = cache.iter().position(|(known, _)| **known == *pattern) {
            // The one used last comes first, so that the end of the list is what may go.
            cache[..=at].rotate_right(1);
            return cache[0].1.clone();
        }
        let compiled = JavaRegex::new(pattern).map(Arc::new);
        // What is refused for its length is refused at once, and not worth its room.
        if pattern.len() <= MAX_PATTERN {
            cache.truncate(KEPT - 1);
            cache.insert(0, (pattern.into(), compiled.clone()));
        }
        compiled
    })
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern that is malformed, too long, or nested too deeply.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        let parsed = parse::parse(pattern)?;
        let program = Program::new(&parsed);
        Ok(Self { program, names: parsed.names })
    }

    /// `Pattern.matches`: whether the whole text matches.
    ///
    /// # Errors
    /// More steps or memory than a search may take.
    pub fn matches_whole(&self, text: &str) -> Result<bool, RegexError> {
        self.matches_whole_watched(text, &mut |_| true)
    }

    /// As [`matches_whole`](Self::matches_whole), while `watch` lets it go on: it hears of every step, also of a search that fails.
    ///
    /// # Errors
    /// As [`matches_whole`](Self::matches_whole); that the search was ended.
    pub fn matches_whole_watched(&self, text: &str, watch: Watch<'_>) -> Result<bool, RegexError> {
        let mut machine = Machine::new(&self.program, text, 0, steps_for(text), watch);
        let found = machine.match_at(0, Some(text.len()));
        machine.report();
        Ok(found?.is_some())
    }

    /// `Matcher.find`, again and again: the parts of the text that match, in order.
    #[must_use]
    pub fn find_iter<'t>(&self, text: &'t str) -> Matches<'_, 't> {
        Matches::new(self, text)
    }
}

/// How many steps all searches through a text may take.
fn steps_for(text: &str) -> u64 {
    MAX_STEPS + text.len() as u64 * 32
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
    fn whoever_watches_hears_of_every_step_and_can_end_the_search() {
        let catastrophic = JavaRegex::new("(a|aa)+b").expect("valid");
        let text = "a".repeat(26);
        for fails_at in [0, 10_000, u64::MAX] {
            let (mut heard, mut whole) = (0, 0);
            let found = catastrophic.find_iter(&text).next_watched(&mut |steps| {
                heard += steps;
                heard < fails_at
            });
            let _ = catastrophic.matches_whole_watched(&text, &mut |steps| {
                whole += steps;
                whole < fails_at
            });
            assert_eq!(found.is_some_and(|found| found.is_err()), fails_at < u64::MAX, "{fails_at}");
            if fails_at < u64::MAX {
                assert!(heard <= fails_at + 10_000 && whole <= fails_at + 10_000, "{heard} {whole}");
            } else {
                assert!(heard > 20_000 && whole > 15_000, "{heard} {whole}");
            }
        }
        let short = JavaRegex::new("b").expect("valid");
        let mut heard = 0;
        assert!(
            short
                .find_iter("aaab")
                .next_watched(&mut |steps| {
                    heard += steps;
                    true
                })
                .is_some()
        );
        assert!(heard > 0);
    }

    #[test]
    fn refusals_are_kept_too() {
        let refused = "ab(".repeat(MAX_NESTING * 2);
        let first = cached(&refused).err();
        assert!(first.is_some());
        assert!(CACHE.with_borrow(|cache| cache.iter().any(|(pattern, known)| **pattern == *refused && known.is_err())));
        assert_eq!(cached(&refused).err(), first);
        assert!(cached(&"a".repeat(MAX_PATTERN + 1)).is_err());
        assert!(CACHE.with_borrow(|cache| cache.iter().all(|(pattern, _)| pattern.len() <= MAX_PATTERN)));
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
