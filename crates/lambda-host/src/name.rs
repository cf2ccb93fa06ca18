//! Names and ARNs of functions: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME`, `arn:aws:lambda:REGION:ACCOUNT:function:NAME`,
//! each with or without a qualifier (Lambda's `FunctionName`).

/// The parts of a function's name or ARN that matter for finding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionReference<'a> {
    /// The function's own name.
    pub name: &'a str,
    /// The version or alias.
    pub qualifier: Option<&'a str>,
    /// The region of an ARN.
    pub region: Option<&'a str>,
}

impl<'a> FunctionReference<'a> {
    /// Reads a name or ARN; `None` when it is neither.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, name, qualifier) = match *parts.as_slice() {
            ["arn", _, "lambda", region, _, "function", name] => (Some(region), name, None),
            ["arn", _, "lambda", region, _, "function", name, qualifier] => (Some(region), name, Some(qualifier)),
            [_, "function", name] | [name] => (None, name, None),
            [_, "function", name, qualifier] | [name, qualifier] => (None, name, Some(qualifier)),
            _ => return None,
        };
        let qualifier_character = |letter: char| name_character(letter) || letter == '$' || letter == '.';
        let valid = is_function_name(name)
            && qualifier.is_none_or(|qualifier| !qualifier.is_empty() && qualifier.chars().all(qualifier_character));
        valid.then_some(Self { name, qualifier, region: region.filter(|region| !region.is_empty()) })
    }
}

/// Whether a text can be a function's own name: 1 to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_function_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(name_character)
}

fn name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_read() {
        let check = |text: &str, expected: Option<(&str, Option<&str>, Option<&str>)>| {
            let read = FunctionReference::read(text).map(|function| (function.name, function.qualifier, function.region));
            assert_eq!(read, expected, "{text}");
        };
        check("posts", Some(("posts", None, None)));
        check("posts:live", Some(("posts", Some("live"), None)));
        check("123456789012:function:posts", Some(("posts", None, None)));
        check("arn:aws:lambda:eu-west-1:123456789012:function:posts", Some(("posts", None, Some("eu-west-1"))));
        check("arn:aws-cn:lambda:cn-north-1:1:function:posts:$LATEST", Some(("posts", Some("$LATEST"), Some("cn-north-1"))));
        for neither in
            ["", "a b", "../posts", "posts/x", "arn:aws:sqs:eu-west-1:1:queue", "posts:", "arn:aws:lambda:e:1:function:"]
        {
            check(neither, None);
        }
        check(&"x".repeat(64), Some((&"x".repeat(64), None, None)));
        check(&"x".repeat(65), None);
    }
}
