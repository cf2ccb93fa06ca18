//! What every AppSync schema has without declaring it: AWS's scalars and directives.
//!
//! It is parsed as a document of its own, so that positions in the user's documents stay theirs. Whatever the user
//! declares again is left out of it; whatever the schema does not use is taken away afterwards, so that introspection
//! shows what AppSync shows.

use std::collections::HashSet;

/// The scalars, with the descriptions introspection gives.
pub(super) const SCALARS: [(&str, &str); 10] = [
    ("AWSDate", "A calendar date, YYYY-MM-DD, with an optional time zone offset."),
    ("AWSTime", "A time of day, hh:mm:ss.sss, with an optional time zone offset; seconds and their fraction may be left out."),
    ("AWSDateTime", "A date and time by ISO 8601, YYYY-MM-DDThh:mm:ss.sssZ, with a time zone offset."),
    ("AWSTimestamp", "Seconds before or after 1970-01-01T00:00Z, as an integer."),
    ("AWSEmail", "An e-mail address by RFC 822."),
    ("AWSJSON", "JSON text by RFC 8259. Resolvers see the parsed value; clients send and receive the text as a string."),
    ("AWSURL", "A URL by RFC 1738, with a scheme."),
    ("AWSPhone", "A telephone number; without a country code it is one of the United States."),
    ("AWSIPAddress", "An IPv4 or IPv6 address, with an optional prefix length."),
    ("Long", "A 64-bit signed integer."),
];

/// The directives: name and declaration behind it (developer guide: authorization, real-time data, merged APIs).
///
/// Authorization directives stand on object types and fields. `@aws_auth` is documented for fields; on a type it does what
/// it does on each field.
const DIRECTIVES: [(&str, &str); 12] = [
    ("aws_api_key", " on FIELD_DEFINITION | OBJECT"),
    ("aws_iam", " on FIELD_DEFINITION | OBJECT"),
    ("aws_oidc", " on FIELD_DEFINITION | OBJECT"),
    ("aws_lambda", " on FIELD_DEFINITION | OBJECT"),
    ("aws_cognito_user_pools", "(cognito_groups: [String]) on FIELD_DEFINITION | OBJECT"),
    ("aws_auth", "(cognito_groups: [String]) on FIELD_DEFINITION | OBJECT"),
    ("aws_subscribe", "(mutations: [String]) on FIELD_DEFINITION"),
    ("aws_publish", "(subscriptions: [String]) on FIELD_DEFINITION"),
    ("canonical", " on OBJECT | FIELD_DEFINITION | INTERFACE | UNION | ENUM | INPUT_OBJECT"),
    ("hidden", " on OBJECT | FIELD_DEFINITION | INTERFACE | UNION | ENUM | INPUT_OBJECT"),
    ("renamed", "(to: String!) on OBJECT | FIELD_DEFINITION | INTERFACE | UNION | ENUM | INPUT_OBJECT"),
    ("oneOf", " on INPUT_OBJECT"),
];

/// The authorization directives and `@aws_subscribe`: those that Syncgate acts on.
pub(super) const ACTED_ON: [&str; 7] =
    ["aws_api_key", "aws_iam", "aws_oidc", "aws_lambda", "aws_cognito_user_pools", "aws_auth", "aws_subscribe"];

/// The prelude's text without what is `declared`.
pub(super) fn text(scalars: &HashSet<&str>, directives: &HashSet<&str>) -> String {
    let mut text = String::with_capacity(2048);
    for (name, description) in SCALARS.iter().filter(|(name, _)| !scalars.contains(name)) {
        text.push_str(&format!("\"{description}\" scalar {name}\n"));
    }
    for (name, declaration) in DIRECTIVES.iter().filter(|(name, _)| !directives.contains(name)) {
        text.push_str(&format!("directive @{name}{declaration}\n"));
    }
    text
}

/// Whether `name` is one of the prelude's directives.
pub(super) fn is_directive(name: &str) -> bool {
    DIRECTIVES.iter().any(|(known, _)| *known == name)
}

/// Whether `name` is one of the prelude's scalars.
pub(super) fn is_scalar(name: &str) -> bool {
    SCALARS.iter().any(|(known, _)| *known == name)
}
