//! What a template rendered, read as JSON, and what AppSync says where it is none.
//!
//! AppSync reads the text with the Jackson library and shows its sentence: "Unable to parse the JSON document: 'Unexpected
//! character ('m' (code 109)): was expecting comma to separate Object entries\n at [Source: (String)"..."; line: 10, column:
//! 37]'", as public reports quote it. The reader here is ours; only once it has refused a text is that sentence looked for.

use value::{ParseError, Value};

use super::Step;

/// Why a rendered text is no result.
pub(super) struct NotJson {
    /// What AppSync says.
    pub(super) message: String,
    /// What is wrong in our words.
    pub(super) explanation: String,
    /// The byte of the text where it is wrong.
    pub(super) offset: usize,
}

/// So much of the text is quoted in Jackson's sentence.
const QUOTED: usize = 500;

/// The most that is quoted of a response that is no JSON, in characters; a client would only lose what is beyond it.
const SHOWN: usize = 10_000;

/// Reads what a template rendered; only white space is no result in a request and null in a response.
pub(super) fn read(text: &str, step: Step) -> Result<Value, NotJson> {
    if text.trim().is_empty() {
        return match step {
            Step::Request => Err(NotJson {
                message: "Template transformation yielded an empty response.".to_owned(),
                explanation: "The template rendered nothing but white space".to_owned(),
                offset: 0,
            }),
            Step::Response => Ok(Value::Null),
        };
    }
    Value::parse(text.as_bytes()).or_else(|error| lenient(text).ok_or_else(|| not_json(text, step, &error)))
}

/// The value of a text that is JSON but for commas behind a last member or item. AppSync takes them: the templates that its console
/// writes (`"key": { "id": $util.dynamodb.toDynamoDBJson($ctx.args.input.id), },`) have them.
#[cold]
fn lenient(text: &str) -> Option<Value> {
    let mut kept: Vec<u8> = Vec::with_capacity(text.len());
    // Where in `kept` the last comma stands, while only white space followed.
    let mut comma = None;
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        if is_string {
            (is_string, is_escaped) = (is_escaped || byte != b'"', byte == b'\\' && !is_escaped);
        } else {
            match byte {
                b'}' | b']' => {
                    if let Some(at) = comma.take() {
                        kept[at] = b' ';
                    }
                }
                // One behind nothing is none that could be left out.
                b',' => {
                    let before = kept.iter().rfind(|byte| !byte.is_ascii_whitespace());
                    comma = before.is_some_and(|before| !matches!(before, b',' | b'{' | b'[' | b':')).then_some(kept.len());
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => {
                    comma = None;
                    is_string = byte == b'"';
                }
            }
        }
        kept.push(byte);
    }
    Value::parse(&kept).ok()
}

#[cold]
fn not_json(text: &str, step: Step, error: &ParseError) -> NotJson {
    let offset = offset_of(text, error);
    let message = match step {
        _ if error.message.starts_with("trailing characters") => {
            "Trailing characters at the end of the JSON string are not allowed.".to_owned()
        }
        Step::Request => format!("Unable to parse the JSON document: '{}'", jackson(text, error, offset)),
        Step::Response => {
            let shown: String = text.chars().take(SHOWN).collect();
            format!("Unable to convert {shown} to Object.")
        }
    };
    NotJson { message, explanation: format!("The rendered text is no JSON: {error}"), offset }
}

/// The byte that the reader's line and column mean.
fn offset_of(text: &str, error: &ParseError) -> usize {
    let lines = text.split_inclusive('\n').take(error.line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let mut offset = (start + error.column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// What a reader of JSON waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// A member's name, or the end of the object where it is the first or behind a comma.
    Name,
    Colon,
    /// A comma or the end of the innermost container.
    Comma,
}

/// Jackson's sentence for the first mistake of `text`; ours where Jackson sees none.
fn jackson(text: &str, error: &ParseError, offset: usize) -> String {
    let Mistake { what, at } =
        Scanner { text, at: 0, open: Vec::new() }.mistake().unwrap_or(Mistake { what: error.message.to_owned(), at: offset });
    let quoted: String = text.chars().take(QUOTED).collect();
    let rest = text.chars().count() - quoted.chars().count();
    let truncated = if rest > 0 { format!("[truncated {rest} chars]") } else { String::new() };
    let (line, column) = place(text, at);
    format!("{what}\n at [Source: (String)\"{quoted}\"{truncated}; line: {line}, column: {column}]")
}

/// Jackson's line and column: the column is that behind the character, which has been read.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].encode_utf16().count() + 1)
}

struct Mistake {
    what: String,
    at: usize,
}

/// Reads the text as Jackson does, for its first mistake only.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// The open containers, and where they began.
    open: Vec<(u8, usize)>,
}

impl Scanner<'_> {
    fn mistake(mut self) -> Option<Mistake> {
        let mut expected = Expected::Value;
        let mut first = false;
        loop {
            self.at += self.text[self.at..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            let Some(next) = self.text[self.at..].chars().next() else { return self.unexpected_end(expected) };
            let inside = self.open.last().map(|(kind, _)| *kind);
            match (expected, next) {
                (Expected::Value, ']') if first && inside == Some(b'[') => expected = self.close()?,
                (Expected::Name, '}') if first => expected = self.close()?,
                (Expected::Comma, '}') if inside == Some(b'{') => expected = self.close()?,
                (Expected::Comma, ']') if inside == Some(b'[') => expected = self.close()?,
                (Expected::Value, '{') => {
                    self.open.push((b'{', self.at));
                    self.at += 1;
                    expected = Expected::Name;
                    first = true;
                    continue;
                }
                (Expected::Value, '[') => {
                    self.open.push((b'[', self.at));
                    self.at += 1;
                    first = true;
                    continue;
                }
                (Expected::Value, '"') => {
                    if let Some(mistake) = self.string() {
                        return Some(mistake);
                    }
                    expected = self.after_value()?;
                }
                (Expected::Name, '"') => {
                    if let Some(mistake) = self.string() {
                        return Some(mistake);
                    }
                    expected = Expected::Colon;
                }
                (Expected::Colon, ':') => {
                    self.at += 1;
                    expected = Expected::Value;
                }
                (Expected::Comma, ',') => {
                    self.at += 1;
                    expected = if inside == Some(b'{') { Expected::Name } else { Expected::Value };
                    first = true;
                    continue;
                }
                (Expected::Value, '-' | '0'..='9') => {
                    let number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
                    self.at += self.text.as_bytes()[self.at..].iter().take_while(|byte| number(byte)).count();
                    expected = self.after_value()?;
                }
                (Expected::Value, letter) if letter.is_ascii_alphabetic() => {
                    let word: String =
                        self.text[self.at..].chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
                    self.at += word.len();
                    if !matches!(&*word, "true" | "false" | "null") {
                        let what = format!(
                            "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
                        );
                        return Some(Mistake { what, at: self.at });
                    }
                    expected = self.after_value()?;
                }
                (_, unexpected) => return Some(self.unexpected(unexpected, expected)),
            }
            first = false;
        }
    }

    fn close(&mut self) -> Option<Expected> {
        self.open.pop();
        self.at += 1;
        self.after_value()
    }

    /// None behind the whole value: what follows is no matter of this sentence.
    fn after_value(&self) -> Option<Expected> {
        (!self.open.is_empty()).then_some(Expected::Comma)
    }

    fn unexpected(&self, found: char, expected: Expected) -> Mistake {
        let kind = if self.open.last().is_some_and(|(kind, _)| *kind == b'{') { "Object" } else { "Array" };
        let wanted = match expected {
            Expected::Value => {
                "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')".to_owned()
            }
            Expected::Name => "was expecting double-quote to start field name".to_owned(),
            Expected::Colon => "was expecting a colon to separate field name and value".to_owned(),
            Expected::Comma => format!("was expecting comma to separate {kind} entries"),
        };
        // Closing brackets of the other kind have a sentence of their own.
        let what = match found {
            '}' | ']' if expected == Expected::Comma => {
                format!(
                    "Unexpected close marker '{found}': expected '{}' (for {kind} starting at {})",
                    self.closer(),
                    self.started()
                )
            }
            _ => format!("Unexpected character ('{found}' (code {})): {wanted}", u32::from(found)),
        };
        Mistake { what, at: self.at + found.len_utf8() }
    }

    fn closer(&self) -> char {
        if self.open.last().is_some_and(|(kind, _)| *kind == b'{') { '}' } else { ']' }
    }

    fn started(&self) -> String {
        let (line, column) = place(self.text, self.open.last().map_or(0, |(_, at)| *at));
        format!("[Source: (String); line: {line}, column: {column}]")
    }

    fn unexpected_end(&self, expected: Expected) -> Option<Mistake> {
        let (kind, _) = self.open.last()?;
        let kind = if *kind == b'{' { "Object" } else { "Array" };
        let what = match expected {
            Expected::Colon => "Unexpected end-of-input within/between Object entries".to_owned(),
            _ => format!("Unexpected end-of-input: expected close marker for {kind} (start marker at {})", self.started()),
        };
        Some(Mistake { what, at: self.text.len() })
    }

    /// Steps over a string.
    fn string(&mut self) -> Option<Mistake> {
        self.at += 1;
        loop {
            let Some(next) = self.text[self.at..].chars().next() else {
                let what = "Unexpected end-of-input: was expecting closing quote for a string value".to_owned();
                return Some(Mistake { what, at: self.text.len() });
            };
            self.at += next.len_utf8();
            match next {
                '"' => return None,
                '\\' => {
                    let escaped = self.text[self.at..].chars().next()?;
                    self.at += escaped.len_utf8();
                    if !matches!(escaped, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') {
                        let what = format!("Unrecognized character escape '{escaped}' (code {})", u32::from(escaped));
                        return Some(Mistake { what, at: self.at });
                    }
                }
                control if control < ' ' => {
                    let code = u32::from(control);
                    let what = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be included in string value"
                    );
                    return Some(Mistake { what, at: self.at });
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_fail_with_jacksons_sentence() {
        let check = |text: &str, expected: &str| {
            let Err(error) = read(text, Step::Request) else { panic!("{text} is JSON") };
            assert_eq!(error.message, expected, "{text}");
        };
        let quoted = |what: &str, text: &str, place: &str| {
            format!("Unable to parse the JSON document: '{what}\n at [Source: (String)\"{text}\"; {place}]'")
        };
        // As the reports have it.
        let text = "{\n  \"version\": \"2018-05-29\",\n    \"Name\": \"public/\"myimage.jpg\"\"\n}";
        let what = "Unexpected character ('m' (code 109)): was expecting comma to separate Object entries";
        check(text, &quoted(what, text, "line: 3, column: 23"));
        let text = "{ \"payload\": $ctx.args.nothing }";
        let what = "Unexpected character ('$' (code 36)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        check(text, &quoted(what, text, "line: 1, column: 15"));
        for (text, what, place) in [
            (
                "{\"a\" 1}",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
                "line: 1, column: 7",
            ),
            (
                "{\"a\": 1,,}",
                "Unexpected character (',' (code 44)): was expecting double-quote to start field name",
                "line: 1, column: 10",
            ),
            (
                "[1 2]",
                "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
                "line: 1, column: 5",
            ),
            (
                "plain",
                "Unrecognized token 'plain': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
                "line: 1, column: 6",
            ),
            (
                "\"a\nb\"",
                "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value",
                "line: 2, column: 1",
            ),
        ] {
            check(text, &quoted(what, text, place));
        }
        check("{} {}", "Trailing characters at the end of the JSON string are not allowed.");
        check(" \n", "Template transformation yielded an empty response.");
        let long = format!("{{\"a\": \"{}\" x", "0".repeat(600));
        let Err(error) = read(&long, Step::Request) else { panic!("it is no JSON") };
        assert!(error.message.ends_with("\"[truncated 110 chars]; line: 1, column: 611]'"), "{}", error.message);
    }

    #[test]
    fn commas_behind_the_last_member_are_taken() {
        let same = |text: &str, plain: &str| {
            for step in [Step::Request, Step::Response] {
                let value = read(text, step).map_err(|error| error.message);
                assert_eq!(value, Ok(Value::parse(plain.as_bytes()).expect("JSON")), "{text}");
            }
        };
        same("{\"key\": {\"id\": {\"S\": \"1\"},\n  },\n}", "{\"key\":{\"id\":{\"S\":\"1\"}}}");
        same("[1, 2 , ]", "[1,2]");
        same("{\"a\": \",}\", \"b\\\"\": [\",]\",],}", "{\"a\":\",}\",\"b\\\"\":[\",]\"]}");
        for text in ["{,}", "[,]", "[1,,]", "{\"a\":,}", "{\"a\": 1,} x", "1,", ",", "{\"a\" \"b\",}"] {
            assert!(read(text, Step::Request).is_err(), "{text}");
        }
    }

    #[test]
    fn no_text_without_json_panics() {
        let pieces = ["{", "}", "[", "]", ",", ":", "\"", "\\", "é", "1", "true", "x", "\n", "$", "-"];
        let mut seed = 7u32;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..(seed >> 16) % 12 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
            }
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if let Err(error) = read(&text, Step::Request) {
                assert!(error.offset <= text.len() && text.is_char_boundary(error.offset));
                drop(read(&text, Step::Response));
            }
        }
    }
}
