//! Text with placeholders for what differs from run to run.

/// Whether `text` is `expected`, where `{{uuid}}`, `{{now}}` and `{{any}}` stand for an id, a time and anything.
pub(crate) fn matches(expected: &str, text: &str) -> bool {
    let Some((before, rest)) = expected.split_once("{{") else { return expected == text };
    let Some((name, after)) = rest.split_once("}}") else { return expected == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let fits = |length: usize, is_one: fn(&str) -> bool| {
        text.is_char_boundary(length) && is_one(&text[..length]) && matches(after, &text[length..])
    };
    match name {
        "uuid" => text.len() >= 36 && fits(36, is_uuid),
        "now" => text.len() >= 24 && fits(24, is_now),
        "any" => (0..=text.len()).any(|length| fits(length, |_| true)),
        _ => false,
    }
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    })
}

/// `2024-05-01T12:00:00.000Z`
fn is_now(text: &str) -> bool {
    text.bytes().zip("0000-00-00T00:00:00.000Z".bytes()).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    })
}

#[test]
fn placeholders_stand_for_their_form_only() {
    for (expected, text, is_match) in [
        ("a", "a", true),
        ("a", "ab", false),
        (r#"{"id":"{{uuid}}"}"#, r#"{"id":"0d9f3a52-5a30-4d4e-8b0e-d9f1d2c3b4a5"}"#, true),
        (r#"{"id":"{{uuid}}"}"#, r#"{"id":"0d9f3a52-5a30-4d4e-8b0e-d9f1d2c3b4a"}"#, false),
        ("{{now}}", "2024-05-01T12:00:00.000Z", true),
        ("{{now}}", "2024-05-01T12:00:00Z", false),
        ("<{{any}}><{{any}}>", "<a><b>", true),
        ("<{{any}}><c>", "<a><b>", false),
        ("{{other}}", "{{other}}", false),
    ] {
        assert_eq!(matches(expected, text), is_match, "{expected} against {text}");
    }
}
