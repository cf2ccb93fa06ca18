//! A first look at a schema document, token by token, before the parser sees it.
//!
//! It bounds nesting (so that nothing after it can overflow the stack), makes the old form `implements A, B` readable for
//! a present-day parser without moving a byte, blanks out semicolons, which AppSync skips, finds the `#` comments that describe
//! definitions, and learns which scalars and directives the document declares itself. It judges no syntax: whatever it does not
//! understand it leaves alone.

use std::collections::HashMap;
use std::ops::Range;

use value::MAX_DEPTH;

/// What the first look found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether there is nothing but blanks and comments.
    pub(super) is_empty: bool,
    /// The text to parse, as long as the original, if it had to be changed.
    pub(super) rewritten: Option<String>,
    /// Where nesting goes beyond [`MAX_DEPTH`]; such a text must not be parsed.
    pub(super) too_deep: Option<Range<usize>>,
    /// Each `extend` that begins a type system extension.
    pub(super) extensions: Vec<Range<usize>>,
    /// Each semicolon outside of strings and comments.
    pub(super) semicolons: Vec<Range<usize>>,
    /// Names of scalars declared here.
    pub(super) scalars: Vec<String>,
    /// Names of directives declared here.
    pub(super) directives: Vec<String>,
    /// `#` comments directly before a token, by where that token begins.
    pub(super) comments: HashMap<usize, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Punctuator(u8),
    /// A string, number, or anything unknown.
    Other,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    span: Range<usize>,
}

const DEFINITIONS: [&str; 9] = ["type", "interface", "union", "enum", "input", "scalar", "schema", "directive", "extend"];

/// Looks through `text`.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let tokens = tokenize(text, &mut scan.comments);
    scan.is_empty = tokens.is_empty();
    let mut changes = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punctuator(b'{' | b'[' | b'(') => {
                depth += 1;
                if depth > MAX_DEPTH && scan.too_deep.is_none() {
                    scan.too_deep = Some(token.span.clone());
                }
            }
            Kind::Punctuator(b'}' | b']' | b')') => depth = depth.saturating_sub(1),
            // Not GraphQL, but AppSync's lexer skips it.
            Kind::Punctuator(b';') => scan.semicolons.push(token.span.clone()),
            Kind::Name if depth == 0 => definition(text, &tokens, at, &mut scan, &mut changes),
            _ => {}
        }
    }
    if !changes.is_empty() || !scan.semicolons.is_empty() {
        let mut bytes = text.as_bytes().to_vec();
        for at in changes {
            bytes[at] = b'&';
        }
        for semicolon in &scan.semicolons {
            bytes[semicolon.start] = b' ';
        }
        // Only ASCII bytes were exchanged, so it still is UTF-8; if not, the original is parsed and complained about.
        scan.rewritten = String::from_utf8(bytes).ok();
    }
    scan
}

/// Looks at the name `tokens[at]` outside all brackets.
fn definition(text: &str, tokens: &[Token], at: usize, scan: &mut Scan, changes: &mut Vec<usize>) {
    let word = |at: usize| tokens.get(at).filter(|token| token.kind == Kind::Name).map(|token| &text[token.span.clone()]);
    let before = |back: usize| at.checked_sub(back).and_then(word);
    // After these a name is a name, whatever it spells.
    let is_keyword = at.checked_sub(1).and_then(|previous| tokens.get(previous)).is_none_or(|previous| match previous.kind {
        Kind::Name => {
            let previous = &text[previous.span.clone()];
            !(DEFINITIONS[..6].contains(&previous) || matches!(previous, "implements" | "on"))
        }
        Kind::Punctuator(punctuator) => !matches!(punctuator, b'@' | b'=' | b'|' | b'&' | b':'),
        Kind::Other => true,
    });
    match word(at) {
        Some("implements") if matches!(before(2), Some("type" | "interface")) => {
            separate_interfaces(text, tokens, at + 1, changes);
        }
        Some("extend") if is_keyword && word(at + 1).is_some_and(|next| DEFINITIONS[..7].contains(&next)) => {
            scan.extensions.push(tokens[at].span.clone());
        }
        Some("scalar") if is_keyword && before(1) != Some("extend") => {
            scan.scalars.extend(word(at + 1).map(str::to_owned));
        }
        Some("directive") if is_keyword && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Punctuator(b'@')) => {
            scan.directives.extend(word(at + 2).map(str::to_owned));
        }
        _ => {}
    }
}

/// Finds a byte for an `&` between each two interfaces that stand without one, from the token `at` on.
fn separate_interfaces(text: &str, tokens: &[Token], mut at: usize, changes: &mut Vec<usize>) {
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Name);
    let is_ampersand = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Punctuator(b'&'));
    if is_ampersand(at) {
        at += 1;
    }
    while is_name(at) {
        if is_ampersand(at + 1) {
            at += 2;
            continue;
        }
        // A definition without braces may be followed by the next one: `type A implements B type C`.
        if !is_name(at + 1) || DEFINITIONS.contains(&&text[tokens[at + 1].span.clone()]) {
            return;
        }
        changes.extend(gap(text.as_bytes(), tokens[at].span.end..tokens[at + 1].span.start));
        at += 1;
    }
}

/// The best byte of the ignored text in `range`: a comma, else a blank; not inside a comment and not the end of one.
fn gap(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let mut blank = None;
    let mut in_comment = false;
    for at in range {
        match bytes[at] {
            b'#' => in_comment = true,
            b'\n' | b'\r' if in_comment => in_comment = false,
            _ if in_comment => {}
            b',' => return Some(at),
            byte if byte.is_ascii_whitespace() => blank = blank.or(Some(at)),
            _ => {}
        }
    }
    blank
}

/// GraphQL's lexical grammar (specification §2.1), as far as finding the borders of tokens needs it.
fn tokenize(text: &str, comments: &mut HashMap<usize, String>) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut pending: Vec<&str> = Vec::new();
    let mut line_has_token = false;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b'\n' | b'\r' => {
                line_has_token = false;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b',' => {
                at += 1;
                continue;
            }
            // The byte order mark.
            0xef if bytes[at..].starts_with(b"\xef\xbb\xbf") => {
                at += 3;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|&byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
                // A comment behind something on its line speaks of that; an empty one separates (graphql-java 11).
                let line = text[start + 1..at].trim();
                if line.is_empty() {
                    pending.clear();
                } else if !line_has_token {
                    pending.push(line);
                }
                continue;
            }
            b'"' => {
                at = string_end(bytes, at);
                Kind::Other
            }
            byte if byte == b'_' || byte.is_ascii_alphabetic() => {
                at += bytes[at..].iter().take_while(|&&byte| byte == b'_' || byte.is_ascii_alphanumeric()).count();
                Kind::Name
            }
            byte if byte.is_ascii_punctuation() => {
                at += 1;
                Kind::Punctuator(byte)
            }
            _ => {
                at += bytes[at..]
                    .iter()
                    .take_while(|&&byte| byte.is_ascii_alphanumeric() || !(0x20..0x80).contains(&byte))
                    .take_while(|&&byte| !matches!(byte, b'\n' | b'\r'))
                    .count()
                    .max(1);
                Kind::Other
            }
        };
        if !pending.is_empty() {
            comments.insert(start, pending.join("\n"));
            pending.clear();
        }
        line_has_token = true;
        tokens.push(Token { kind, span: start..at });
    }
    tokens
}

/// Where the string that begins at `start` ends; the end of its line or of the text when it is not closed.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    if bytes[start..].starts_with(b"\"\"\"") {
        at += 3;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"\\\"\"\"") {
                at += 4;
            } else if bytes[at..].starts_with(b"\"\"\"") {
                return at + 3;
            } else {
                at += 1;
            }
        }
        return bytes.len();
    }
    at += 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            // An escaped quote; an escaped line end still ends the line.
            b'\\' if bytes.get(at + 1).is_some_and(|&byte| byte == b'"' || byte == b'\\') => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where the definition that begins at `start` begins behind its description.
pub(super) fn after_description(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(start) != Some(&b'"') {
        return start;
    }
    let end = string_end(bytes, start);
    let mut comments = HashMap::new();
    text.get(end..).and_then(|rest| tokenize_first(rest, &mut comments)).map_or(start, |first| end + first)
}

/// Where the first token of `text` begins.
fn tokenize_first(text: &str, comments: &mut HashMap<usize, String>) -> Option<usize> {
    // A definition's first line is near; the rest of a large document is not worth reading for it.
    let mut limit = text.len().min(4096);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    tokenize(&text[..limit], comments).first().map(|token| token.span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_get_an_ampersand_without_moving_a_byte() {
        for (text, rewritten) in [
            ("type T implements A, B { a: Int }", "type T implements A& B { a: Int }"),
            ("type T implements A,B,C{a:Int}", "type T implements A&B&C{a:Int}"),
            ("type T implements A B @x { a: Int }", "type T implements A&B @x { a: Int }"),
            ("type T implements A\n  B { a: Int }", "type T implements A&  B { a: Int }"),
            ("type T implements A #c, d\n , B {a:Int}", "type T implements A #c, d\n & B {a:Int}"),
            ("type T implements & A & B, C {a:Int}", "type T implements & A & B& C {a:Int}"),
            ("extend type T implements A B\ntype U {a: Int}", "extend type T implements A&B\ntype U {a: Int}"),
        ] {
            let found = scan(text);
            assert_eq!(found.rewritten.as_deref(), Some(rewritten));
            assert_eq!(rewritten.len(), text.len());
        }
        for text in [
            "type T implements A & B { a: Int }",
            "type T implements A type U { a: Int }",
            "type T { implements: A b: B }",
            "\"type T implements A B\" type T { a: Int }",
            "\"\"\"\ntype T implements A, B\n\"\"\" type T { a: Int }",
            "# type T implements A, B\n",
        ] {
            assert_eq!(scan(text).rewritten, None, "{text}");
        }
    }

    #[test]
    fn semicolons_outside_of_strings_and_comments_become_blanks() {
        let found = scan("type T { a: Int; # no; \n b(c: S = \"x;y\"): Int };");
        assert_eq!(found.rewritten.as_deref(), Some("type T { a: Int  # no; \n b(c: S = \"x;y\"): Int } "));
        assert_eq!(found.semicolons, [15..16, 47..48]);
    }

    #[test]
    fn declarations_and_extensions_are_known_by_their_place() {
        let found = scan(
            "scalar AWSDate directive @hidden on OBJECT extend scalar X @y type scalar { scalar: Int extend: type }\n\
             union extend = type | other\nextend type T { a: Int } union U = extend type V { scalar: Int }",
        );
        assert_eq!(found.scalars, ["AWSDate"]);
        assert_eq!(found.directives, ["hidden"]);
        assert_eq!(found.extensions.len(), 2);
    }

    #[test]
    fn nesting_is_measured_before_parsing() {
        let list = |depth: usize| format!("type Q {{ a: {}Int{} }}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(scan(&list(199)).too_deep, None);
        assert_eq!(scan(&list(200)).too_deep, Some(211..212));
        assert_eq!(scan("type Q { a: Int } ".repeat(1000).as_str()).too_deep, None);
    }

    #[test]
    fn comments_belong_to_the_token_behind_them() {
        let text = "# about Q\n# more\ntype Q {\n  a: Int # of a\n  # gone\n  #\n  # of b\n  b: Int\n}\n# end";
        let found = scan(text).comments;
        let at = |needle: &str| text.find(needle).and_then(|at| found.get(&at)).map(String::as_str);
        assert_eq!(at("type Q"), Some("about Q\nmore"));
        assert_eq!(at("b: Int"), Some("of b"));
        assert_eq!(found.len(), 2);
    }
}
