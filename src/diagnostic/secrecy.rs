//! What an excerpt of a configuration file must not show: findings are printed to logs, and a misspelt key or a missing quote is
//! found beside the secret it belongs to.
//!
//! A guess by names, as the line may be one that nobody can read: values of keys that sound like secrets, everything in tables of
//! API keys that does not describe them, and whatever looks like a key of AppSync's.

use std::ops::Range;

use super::Source;

/// Parts of keys whose values are secret.
const SECRET: [&str; 8] = ["secret", "password", "passwd", "session_token", "sessiontoken", "api_key", "apikey", "private_key"];
/// What of an API key is not.
const NO_SECRET_OF_API_KEYS: [&str; 3] = ["description", "expires", "deletes"];
/// How keys of AppSync's begin.
const API_KEY: &str = "da2-";

/// The byte ranges of `line`, which lies in `source`, that are not shown.
pub(super) fn hidden(source: &Source, line: Range<usize>) -> Vec<Range<usize>> {
    if !source.path.ends_with(".toml") {
        return Vec::new();
    }
    let text = &source.text[line.clone()];
    let in_api_keys = table(&source.text[..line.start]).contains("api_keys");
    let mut hidden = Vec::new();
    for (key, value) in assignments(text) {
        let key = key.to_ascii_lowercase();
        let is_key = in_api_keys && !NO_SECRET_OF_API_KEYS.contains(&key.as_str());
        if sounds_secret(&key) || is_key {
            hidden.push(line.start + value.start..line.start + value.end);
        }
    }
    for (at, _) in text.match_indices(API_KEY) {
        let start = at + API_KEY.len();
        let length = text[start..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        hidden.push(line.start + start..line.start + start + length);
    }
    hidden
}

/// Whether the value of a key with this name, in lower case, is a secret.
pub(crate) fn sounds_secret(key: &str) -> bool {
    SECRET.iter().any(|part| key.contains(part)) || key.ends_with("access_key")
}

/// The header of the table that the end of `text` belongs to.
fn table(text: &str) -> &str {
    text.lines().rev().map(str::trim_start).find(|line| line.starts_with('[')).unwrap_or_default()
}

/// The keys of a line and where their values are, up to the next key. Also for lines that are no TOML.
fn assignments(line: &str) -> Vec<(&str, Range<usize>)> {
    let mut found: Vec<(&str, Range<usize>)> = Vec::new();
    // Where the text begins that is a key if an equals sign follows.
    let (mut start, mut quote) = (0, None);
    for (at, byte) in line.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'#') => break,
            (None, b',' | b'{') => {
                if let Some((_, value)) = found.last_mut().filter(|(_, value)| value.end == line.len()) {
                    value.end = at;
                }
                start = at + 1;
            }
            (None, b'=') => {
                let key = line[start..at].trim().trim_matches(['"', '\'']);
                found.push((key, at + 1..line.len()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last line of the text as it is shown.
    fn shown(path: &str, text: &str) -> String {
        let source = Source { path: path.into(), text: text.into() };
        let start = text.rfind('\n').map_or(0, |at| at + 1);
        let hidden = hidden(&source, start..text.len());
        let show = |(at, c): (usize, char)| if hidden.iter().any(|range| range.contains(&(start + at))) { '*' } else { c };
        text[start..].char_indices().map(show).collect()
    }

    #[test]
    fn secrets_are_not_shown_however_the_line_is_wrong() {
        for (line, expected) in [
            ("secret_access_key = \"SECRET\"", "secret_access_key =*********"),
            ("secret_acces_key = \"SECRET\"", "secret_acces_key =*********"),
            ("secret_access_key = SECRET", "secret_access_key =*******"),
            ("secret_access_key = \"SEC=RET", "secret_access_key =*********"),
            ("\"secret\" = 'SECRET'", "\"secret\" =*********"),
            ("sessiontoken = \"SECRET\"", "sessiontoken =*********"),
            ("PASSWORD=\"SECRET\"", "PASSWORD=********"),
            (
                "access_key_id = \"AKIA\", secret_access_key = \"SECRET\"",
                "access_key_id = \"AKIA\", secret_access_key =*********",
            ),
            ("x = { password = \"SECRET\", user = \"ann\" }", "x = { password =*********, user = \"ann\" }"),
            ("keys = [\"da2-SECRET\", \"da2-SECRET\"]", "keys = [\"da2-******\", \"da2-******\"]"),
            ("url = \"http://x/?key=da2-SECRET&a\"", "url = \"http://x/?key=da2-******&a\""),
            ("partition_key = \"id\"", "partition_key = \"id\""),
            ("query_tokens = 20000", "query_tokens = 20000"),
            ("name = \"secret = no key\"", "name = \"secret = no key\""),
            ("", ""),
        ] {
            assert_eq!(shown("config.toml", line), expected, "{line}");
        }
        let in_keys = |line: &str| shown("config.toml", &format!("[[api.api_keys]]\ndescription = \"a\"\n{line}"));
        assert_eq!(in_keys("key = \"SECRET\""), "key =*********");
        assert_eq!(in_keys("description = \"web\""), "description = \"web\"");
        assert_eq!(shown("schema.graphql", "secret = \"a\""), "secret = \"a\"");
    }
}
