//! `wildcard`: texts with `*` for any characters, `\*` and `\\` for themselves.
//!
//! A text is compared piece by piece: the first at its start, the last at its end, and each between them at its first place after the
//! one before. Taking the first place loses nothing, so there is no way back and the time is linear.

/// A compiled wildcard.
#[derive(Clone, Debug)]
pub(crate) struct Wildcard {
    /// What stands between the asterisks; with none, the whole text.
    pieces: Vec<String>,
}

impl Wildcard {
    /// Positions in refusals count the quotation mark before the text, as EventBridge counts.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![String::new()];
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '*' if characters.peek().is_some_and(|(_, next)| *next == '*') => {
                    return Err(format!("Consecutive wildcard characters at pos {}", at + 1));
                }
                '*' => pieces.push(String::new()),
                '\\' => match characters.next_if(|(_, next)| matches!(next, '*' | '\\')) {
                    Some((_, escaped)) => last(&mut pieces).push(escaped),
                    None => return Err(format!("Invalid escape character at pos {}", at + 1)),
                },
                other => last(&mut pieces).push(other),
            }
        }
        Ok(Self { pieces })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, between @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|whole| whole == text);
        };
        let Some(rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
            return false;
        };
        between.iter().try_fold(rest, |rest, piece| rest.find(piece.as_str()).map(|at| &rest[at + piece.len()..])).is_some()
    }
}

fn last(pieces: &mut [String]) -> &mut String {
    pieces.last_mut().expect("a wildcard begins with one piece and never loses any")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_asterisk_stands_for_any_characters() {
        for (pattern, matching, other) in [
            ("", &[""][..], &["a"][..]),
            ("abc", &["abc"], &["", "ab", "abcd", "xabc"]),
            ("*", &["", "a", "äöü\n*"], &[]),
            ("a*", &["a", "abc"], &["", "ba"]),
            ("*c", &["c", "abc"], &["", "cb"]),
            ("a*c", &["ac", "abc", "acbc"], &["a", "c", "acb"]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("ab*ba", &["abba", "ab-ba"], &["aba"]),
            ("*b*", &["b", "abc"], &["", "ac"]),
            ("a*b*c", &["abc", "axbxc", "abbbc"], &["acb", "ac"]),
            ("*ab*ab*", &["abab", "xabyabz"], &["ab", "aab"]),
            (r"a\*b", &["a*b"], &["axb", r"a\*b"]),
            (r"a\\*", &[r"a\", r"a\x"], &["a*"]),
            ("dir/*.png", &["dir/a.png", "dir/a/b.png"], &["dir/a.jpg", "x/dir/a.png"]),
        ] {
            let wildcard = Wildcard::parse(pattern).expect(pattern);
            for text in matching {
                assert!(wildcard.matches(text), "{pattern} matches {text:?}");
            }
            for text in other {
                assert!(!wildcard.matches(text), "{pattern} does not match {text:?}");
            }
        }
    }

    #[test]
    fn a_malformed_wildcard_is_refused_with_its_place() {
        for (pattern, reason) in [
            ("arn:aws:events:us-east-1:**:event-bus/*", "Consecutive wildcard characters at pos 26"),
            ("**", "Consecutive wildcard characters at pos 1"),
            (r"ab\c", "Invalid escape character at pos 3"),
            (r"ab\", "Invalid escape character at pos 3"),
        ] {
            assert_eq!(Wildcard::parse(pattern).map(|_| ()), Err(reason.to_owned()), "{pattern}");
        }
    }

    /// A matcher that goes back would not come to an end here.
    #[test]
    fn many_asterisks_take_linear_time() {
        let wildcard = Wildcard::parse(&"*a".repeat(1_000)).expect("a wildcard");
        let text = format!("{}b", "a".repeat(1 << 20));
        assert!(!wildcard.matches(&text));
    }

    /// The definition, tried out in every way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skipped| naive(rest, &text[skipped..])),
            Some((first, rest)) => text.split_first().is_some_and(|(head, tail)| head == first && naive(rest, tail)),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let pattern = pattern.replace("**", "*").replace("**", "*").replace("**", "*");
            let wildcard = Wildcard::parse(&pattern).expect("a wildcard");
            let (letters, characters): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(wildcard.matches(&text), naive(&letters, &characters), "{} {}", pattern, text);
        }
    }
}
