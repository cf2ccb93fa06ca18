//! Any pattern on any text ends: with an answer, or with an error that says what was too much.

use std::time::{Duration, Instant};

use java_regex::JavaRegex;
use proptest::prelude::*;

/// Texts of what has a meaning in patterns, and of characters of one to four bytes.
fn pattern() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "é",
        "😀",
        "\u{301}",
        "(",
        ")",
        "(?:",
        "(?=",
        "(?<=",
        "(?<!",
        "(?>",
        "(?<n>",
        "(?i)",
        "(?x)",
        "(?U)",
        "[",
        "]",
        "[^",
        "&&",
        "-",
        "*",
        "+",
        "?",
        "{",
        "}",
        "{2}",
        "{1,3}",
        "{2,}",
        "|",
        "^",
        "$",
        ".",
        "\\",
        "\\1",
        "\\2",
        "\\k<n>",
        "\\b",
        "\\B",
        "\\w",
        "\\d",
        "\\R",
        "\\X",
        "\\G",
        "\\Z",
        "\\Q",
        "\\E",
        "\\p{L}",
        "\\P{Lu}",
        "\\x{1F600}",
        "\\u0041",
        "\\07",
        "#",
        " ",
        "\n",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["a", "b", "A", "é", "😀", "\u{301}", "\r\n", "\n", "1", " "]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn matches_are_in_order_and_whole_characters(pattern in pattern(), text in text(), replacement in "[$a-c0-2{}\\\\]{0,6}") {
        let Ok(regex) = JavaRegex::new(&pattern) else { return Ok(()) };
        let mut last = 0;
        for found in regex.find_iter(&text) {
            let Ok(found) = found else { break };
            prop_assert!(last <= found.start() && found.start() <= found.end());
            prop_assert!(text.get(found.start()..found.end()).is_some());
            last = found.end();
        }
        let _ = regex.matches_whole(&text);
        let _ = regex.replace_all(&text, &replacement);
        if let Ok(parts) = regex.split(&text, -1) {
            prop_assert!(parts.iter().map(|part| part.len()).sum::<usize>() <= text.len());
        }
    }
}

#[test]
fn patterns_that_explode_end_in_time() {
    let a = "a".repeat(5_000);
    for pattern in [
        "(a+)+b",
        "(a|aa)+b",
        "(a|a?)+b",
        "(.*)*b",
        "((a*)*)*b",
        "(a*)*\\1b",
        "(?:a?){30}a{30}b",
        "(x+x+)+y|a*a*a*a*b",
        "(?=(a+)+b)a",
        "(?<=a+)b",
        "(a{1,100}){1,100}b",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(?>(a+)+)b",
        "((((a*)+)+)+)+b",
        "\\X*b",
        "(?i)(é|a)*b",
    ] {
        let regex = JavaRegex::new(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
        let begin = Instant::now();
        let outcomes = [regex.matches_whole(&a).err(), regex.find_iter(&a).find_map(Result::err)];
        // Generous: unoptimized, on a busy machine. Without a bound it would be hours.
        assert!(begin.elapsed() < Duration::from_secs(20), "{pattern} took {:?}", begin.elapsed());
        for error in outcomes.into_iter().flatten() {
            assert!(error.to_string().contains("too m"), "{pattern}: {error}");
        }
    }
}

#[test]
fn malformed_and_oversized_patterns_are_refused() {
    let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
    for pattern in [
        &*nested(5_000),
        &"[".repeat(5_000),
        &"a".repeat(20_000),
        &"(?:".repeat(5_000),
        &"[&&".repeat(5_000),
        &"[a&&a".repeat(2_000),
        "\\uD800",
        "(?<=",
        "[\\",
        "\\",
        "(?<n>a)\\k<",
        "a{99999999999}",
        "[^",
        "[&&]",
        "\\p{",
        "\\x{}",
        "\\x{110000}",
    ] {
        assert!(JavaRegex::new(pattern).is_err(), "{pattern:.60}");
    }
    let deepest = nested(java_regex::MAX_NESTING);
    assert_eq!(JavaRegex::new(&deepest).map(|regex| regex.matches_whole("")), Ok(Ok(true)));
    // Classes in a row are not nested.
    assert!(JavaRegex::new(&"[a&&[^b]]".repeat(500)).is_ok());
}
