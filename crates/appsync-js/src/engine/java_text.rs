//! `String.replace`, `replaceAll` and `split` with a pattern: AppSync's runtime hands them to Java, whose patterns they take.
//!
//! Each match asks whether the evaluation's time is up, as one call may hold thousands of slow searches.

use java_regex::{RegexError, cached};

use super::state::State;

/// The longest text a replacement may give, in bytes.
const MAX_TEXT: usize = 5 << 20;

/// Java's `replaceAll`, or `replaceFirst`; `$1` and `${name}` in the replacement are groups.
pub(super) fn replace(state: &State, text: &str, pattern: &str, replacement: &str, first: bool) -> Result<String, String> {
    let regex = cached(pattern).map_err(shown)?;
    let most = if first { 1 } else { usize::MAX };
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for found in regex.find_iter(text).take(most) {
        let found = found.map_err(shown)?;
        out.push_str(&text[end..found.start()]);
        found.expand(replacement, &mut out).map_err(shown)?;
        if out.len() > MAX_TEXT {
            return Err(format!("the result of the replacement is larger than {MAX_TEXT} bytes"));
        }
        in_time(state)?;
        end = found.end();
    }
    out.push_str(&text[end..]);
    Ok(out)
}

/// Java's `split`: empty parts at the end are left out, and a match of nothing at the start splits nothing off.
pub(super) fn split(state: &State, text: &str, pattern: &str) -> Result<Vec<String>, String> {
    let mut parts: Vec<String> = Vec::new();
    let mut start = 0;
    for found in cached(pattern).map_err(shown)?.find_iter(text) {
        let found = found.map_err(shown)?;
        in_time(state)?;
        if found.end() > 0 {
            parts.push(text[start..found.start()].to_owned());
            start = found.end();
        }
    }
    parts.push(text[start..].to_owned());
    while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Ok(parts)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn shown(error: RegexError) -> String {
    error.to_string()
}

fn in_time(state: &State) -> Result<(), String> {
    if state.interrupted() { Err("interrupted".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_and_replaced_as_java_does() {
        let state = State::new();
        let split = |text, pattern| super::split(&state, text, pattern).map(|parts| parts.join("|"));
        assert_eq!(split("a,b,,", ","), Ok("a|b".into()));
        assert_eq!(split("abc", ""), Ok("a|b|c".into()));
        assert_eq!(split("a1b22c", "[0-9]+"), Ok("a|b|c".into()));
        assert_eq!(split("", ","), Ok(String::new()));
        assert!(split("a", "(").is_err());
        let replace = |text, pattern, to, first| super::replace(&state, text, pattern, to, first);
        assert_eq!(replace("a.b.c", "\\.", "-", false), Ok("a-b-c".into()));
        assert_eq!(replace("a.b.c", "\\.", "-", true), Ok("a-b.c".into()));
        assert_eq!(replace("john smith", "(\\w+) (\\w+)", "$2 $1", false), Ok("smith john".into()));
        assert!(replace("a", "a", "$9", false).is_err());
        assert!(replace(&"a".repeat(5_000), "a", &"b".repeat(5_000), false).is_err());
    }
}
