//! Searching as `java.util.regex.Matcher` does, and what a replacement stands for.

use fancy_regex::{Captures, Regex};

use crate::{RegexError, failed};

/// The parts of a text that match, from left to right.
///
/// A search begins where the last match ended, and a character further if that one was empty: unlike in `fancy-regex`, an empty
/// match may follow directly behind another one (`"aab".replaceAll("a*", "-")` is `--b-`).
#[derive(Debug)]
pub struct Matches<'r, 't> {
    regex: Result<&'r Regex, RegexError>,
    text: &'t str,
    /// Where the next search begins; none when there is nothing left.
    from: Option<usize>,
}

impl<'r, 't> Matches<'r, 't> {
    pub(crate) fn new(regex: Result<&'r Regex, RegexError>, text: &'t str) -> Self {
        Matches { regex, text, from: Some(0) }
    }
}

impl<'r, 't> Iterator for Matches<'r, 't> {
    type Item = Result<Found<'r, 't>, RegexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.from.take()?;
        let regex = match &self.regex {
            Ok(regex) => regex,
            Err(error) => return Some(Err(error.clone())),
        };
        let captures = match regex.captures_from_pos(self.text, from) {
            Ok(captures) => captures?,
            Err(fault) => return Some(Err(failed(&fault))),
        };
        let whole = captures.get(0)?;
        let (start, end) = (whole.start(), whole.end());
        let next = if start < end { end } else { end + self.text[end..].chars().next().map_or(1, char::len_utf8) };
        self.from = Some(next).filter(|next| *next <= self.text.len());
        Some(Ok(Found { regex, captures, start, end }))
    }
}

/// One match.
#[derive(Debug)]
pub struct Found<'r, 't> {
    regex: &'r Regex,
    captures: Captures<'t>,
    start: usize,
    end: usize,
}

impl Found<'_, '_> {
    /// The byte at which it begins.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte behind it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// Appends what `replacement` stands for: `$1` and `${name}` are groups, a backslash takes the next character as it is.
    ///
    /// # Errors
    /// A group that the pattern does not have, or a replacement that ends too early.
    pub fn expand(&self, replacement: &str, out: &mut String) -> Result<(), RegexError> {
        let refuse = |message: &str| Err(RegexError(message.to_owned()));
        let mut rest = replacement.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\\' => match rest.next() {
                    Some(plain) => out.push(plain),
                    None => return refuse("character to be escaped is missing"),
                },
                '$' if rest.next_if_eq(&'{').is_some() => {
                    let name: String = rest.by_ref().take_while(|&character| character != '}').collect();
                    // A group of the pattern that took no part in the match stands for nothing.
                    match self.group(&name) {
                        Some(text) => out.push_str(text),
                        None => return Err(RegexError(format!("No group with name {{{name}}}"))),
                    }
                }
                '$' => {
                    let Some(digit) = rest.next().and_then(|digit| digit.to_digit(10)) else {
                        return refuse("Illegal group reference");
                    };
                    let mut group = digit as usize;
                    if group >= self.captures.len() {
                        return Err(RegexError(format!("No group {group}")));
                    }
                    // Further digits belong to the number as long as there is such a group.
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                        let longer = group * 10 + digit as usize;
                        if longer >= self.captures.len() {
                            break;
                        }
                        group = longer;
                        rest.next();
                    }
                    out.push_str(self.captures.get(group).map_or("", |group| group.as_str()));
                }
                other => out.push(other),
            }
        }
        Ok(())
    }

    /// The text of a named group; none if the pattern has no group of this name.
    fn group(&self, name: &str) -> Option<&str> {
        match self.captures.name(name) {
            Some(group) => Some(group.as_str()),
            None => self.regex.capture_names().flatten().any(|known| known == name).then_some(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::JavaRegex;

    fn replace_all(pattern: &str, text: &str, replacement: &str) -> Result<String, String> {
        let regex = JavaRegex::new(pattern).expect("valid");
        let (mut out, mut copied) = (String::new(), 0);
        for found in regex.find_iter(text) {
            let found = found.map_err(|error| error.to_string())?;
            out.push_str(&text[copied..found.start()]);
            found.expand(replacement, &mut out).map_err(|error| error.to_string())?;
            copied = found.end();
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    #[test]
    fn replacements_take_groups_and_quotes() {
        for (pattern, text, replacement, expected) in [
            (r"(\w)(\d)", "a1 b2", "$2$1", "1a 2b"),
            ("a", "banana", r"\$", "b$n$n$"),
            ("(?<n>x)", "x", "${n}${n}", "xx"),
            ("(?<n>x)|y", "xy", "[${n}]", "[x][]"),
            ("(a)|b", "ab", "<$1>", "<a><>"),
            ("(a)", "a", "$12", "a2"),
            ("", "ab", "-", "-a-b-"),
            ("", "é😀", "-", "-é-😀-"),
            ("a*", "aab", "-", "--b-"),
            ("$", "a\n", "!", "a!\n!"),
            (r"\bx", "x xx", "y", "y yx"),
        ] {
            assert_eq!(replace_all(pattern, text, replacement).as_deref(), Ok(expected), "{pattern} in {text}");
        }
    }

    #[test]
    fn malformed_replacements_are_refused() {
        for (replacement, message) in [
            ("$", "Illegal group reference"),
            ("$x", "Illegal group reference"),
            ("$2", "No group 2"),
            ("${x}", "No group with name {x}"),
            ("\\", "character to be escaped is missing"),
        ] {
            assert_eq!(replace_all("a", "a", replacement), Err(message.to_owned()));
        }
    }
}
