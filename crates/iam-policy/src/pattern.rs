//! Patterns of actions and resources: `*` is any text, `?` is one character.

/// What an action must look like: `*`, or `service:Action` with wildcards, whatever the case (IAM's "Action" element).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionPattern(String);

/// What a resource must look like: `*`, or an ARN with wildcards (IAM's "Resource" element).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    /// `*`
    Every,
    /// The six parts of an ARN. A wildcard stays inside its part, so that `arn:aws:appsync:*:apis/x` never reaches over the account.
    Arn([String; ARN_PARTS]),
}

/// `arn`, partition, service, region, account, resource.
pub(crate) const ARN_PARTS: usize = 6;

impl ActionPattern {
    /// `None` when the text is neither `*` nor `service:action`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let well_formed =
            text == "*" || text.split_once(':').is_some_and(|(service, action)| is_service(service) && is_action(action));
        well_formed.then(|| Self(text.to_ascii_lowercase()))
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        matches_by(&self.0, action, |expected, byte| expected == byte.to_ascii_lowercase())
    }
}

fn is_service(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_action(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?' | b'-' | b'_'))
}

impl ResourcePattern {
    /// `None` when the text is neither `*` nor an ARN.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Every);
        }
        let parts = parts(text)?;
        let [arn, partition, service, ..] = parts;
        // IAM takes no wildcard in the service's place.
        (arn == "arn" && !partition.is_empty() && is_service(service)).then(|| Self::Arn(parts.map(str::to_owned)))
    }

    /// Whether a resource matches, given as its [`parts`]; `None` is one that has none.
    pub(crate) fn matches(&self, resource: Option<&[&str; ARN_PARTS]>) -> bool {
        match self {
            Self::Every => true,
            // From the end, where resources differ.
            Self::Arn(patterns) => {
                resource.is_some_and(|parts| patterns.iter().zip(parts).rev().all(|(pattern, part)| matches(pattern, part)))
            }
        }
    }
}

/// The parts of an ARN; the last one may hold further colons.
pub(crate) fn parts(text: &str) -> Option<[&str; ARN_PARTS]> {
    let mut split = text.splitn(ARN_PARTS, ':');
    let mut parts = [""; ARN_PARTS];
    for part in &mut parts {
        *part = split.next()?;
    }
    Some(parts)
}

/// Whether all of `text` fits `pattern`.
fn matches(pattern: &str, text: &str) -> bool {
    pattern == text || matches_by(pattern, text, |expected, byte| expected == byte)
}

/// As [`matches`], with another idea of equal bytes. Remembers the last `*` only, so the work is at most the product of both lengths.
/// Reads bytes and takes nothing apart: `?` and `*` take whole characters, and everything else is compared in full.
fn matches_by(pattern: &str, text: &str, equal: impl Fn(u8, u8) -> bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // Where the last `*` stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                read += width(byte);
            }
            Some(&expected) if equal(expected, byte) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                let taken = taken + text.get(taken).map_or(1, |first| width(*first));
                star = Some((place, taken));
                at = place + 1;
                read = taken;
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

/// How many bytes a character has that begins with this one (RFC 3629).
fn width(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_and_one_character() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("??", "é", false),
            ("é", "è", false),
            ("*?", "日本", true),
            ("?*本", "日本本", true),
            ("*é?", "日éé本", true),
            ("*é?", "日éé", true),
            ("*é?", "日é", false),
            ("?", "😀", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a**", "a", true),
            ("apis/x/types/*/fields/get*", "apis/x/types/Query/fields/getPost", true),
            ("apis/x/types/*/fields/get*", "apis/x/types/Query/fields/listPosts", false),
            ("apis/x", "apis/x/types/Query", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn actions_match_whatever_their_case() {
        for (pattern, fits) in [
            ("*", true),
            ("appsync:GraphQL", true),
            ("AppSync:graphql", true),
            ("appsync:*", true),
            ("appsync:Graph??", true),
            ("appsync:Evaluate*", false),
            ("s3:*", false),
        ] {
            assert_eq!(ActionPattern::read(pattern).expect("a pattern").matches("appsync:GraphQL"), fits, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_action_or_resource_is_not_read() {
        for text in ["", "GraphQL", "appsync", ":GraphQL", "appsync:", "app*:GraphQL", "appsync:Graph QL", "appsync:a:b"] {
            assert_eq!(ActionPattern::read(text), None, "{text}");
        }
        for text in [
            "",
            "apis/x",
            "arn:aws:appsync",
            "arn:aws:appsync:r:a",
            "arn:aws:*:r:a:x",
            "arn::appsync:r:a:x",
            "ARN:aws:appsync:r:a:x",
            "**",
        ] {
            assert_eq!(ResourcePattern::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_wildcard_stays_inside_its_part_of_the_arn() {
        let resource = "arn:aws:appsync:eu-west-1:123456789012:apis/club/types/Query/fields/members";
        for (pattern, fits) in [
            ("arn:aws:appsync:eu-west-1:123456789012:apis/club/*", true),
            ("arn:aws:appsync:*:*:apis/club/types/Query/fields/members", true),
            ("arn:aws:appsync:eu-west-1:123456789012:*", true),
            ("arn:aws:appsync:eu-west-1:12345678901?:apis/*/types/*/fields/*", true),
            ("arn:aws:appsync:us-*:*:apis/club/*", false),
            ("arn:aws:appsync:*:apis/club/types/Query/fields/members:*", false),
            ("arn:aws:appsync:eu-west-1:123456789012:apis/club", false),
            ("arn:aws:dynamodb:*:*:*", false),
            ("arn:aws-cn:appsync:*:*:*", false),
        ] {
            assert_eq!(ResourcePattern::read(pattern).expect("a pattern").matches(parts(resource).as_ref()), fits, "{pattern}");
        }
    }

    /// The definition, as slow as it likes.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            Some((expected, rest)) => {
                text.split_first().is_some_and(|(first, others)| (*expected == '?' || expected == first) && naive(rest, others))
            }
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[abéè日本*?]{0,8}", text in "[abéè日本😀]{0,8}") {
            let (of_pattern, of_text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), naive(&of_pattern, &of_text));
        }
    }
}
