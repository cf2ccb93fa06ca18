//! Searching as `java.util.regex.Matcher` does, splitting, and what a replacement stands for.

use crate::machine::Machine;
use crate::{JavaRegex, RegexError, Watch, steps_for};

/// The longest text that a replacement may produce, in bytes.
const MAX_OUTPUT: usize = 16 << 20;

/// The parts of a text that match, from left to right.
///
/// A search begins where the last match ended, and a character further if that one was empty; an empty match may follow directly
/// behind another one (`"aab".replaceAll("a*", "-")` is `--b-`). All searches together have one bound of steps.
#[derive(Debug)]
pub struct Matches<'r, 't> {
    regex: &'r JavaRegex,
    text: &'t str,
    /// Where the next search begins; none when there is nothing left.
    from: Option<usize>,
    last_match: usize,
    steps_left: u64,
}

impl<'r, 't> Matches<'r, 't> {
    pub(crate) fn new(regex: &'r JavaRegex, text: &'t str) -> Self {
        Matches { regex, text, from: Some(0), last_match: 0, steps_left: steps_for(text) }
    }

    /// As [`next`](Iterator::next), while `watch` lets it go on: it hears of every step, also of a search that fails.
    pub fn next_watched(&mut self, watch: Watch<'_>) -> Option<Result<Found<'r, 't>, RegexError>> {
        let from = self.from.take()?;
        let mut machine = Machine::new(&self.regex.program, self.text, self.last_match, self.steps_left, watch);
        let found = machine.find(from);
        machine.report();
        self.steps_left = self.steps_left.saturating_sub(machine.steps());
        match found {
            Ok(true) => {}
            Ok(false) => return None,
            Err(fault) => return Some(Err(fault)),
        }
        let (start, end) = (machine.slots[0], machine.slots[1]);
        let next = if start < end { end } else { end + self.text[end..].chars().next().map_or(1, char::len_utf8) };
        self.last_match = end;
        self.from = Some(next).filter(|next| *next <= self.text.len());
        Some(Ok(Found { regex: self.regex, text: self.text, slots: machine.slots }))
    }
}

impl<'r, 't> Iterator for Matches<'r, 't> {
    type Item = Result<Found<'r, 't>, RegexError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_watched(&mut |_| true)
    }
}

/// One match.
#[derive(Debug)]
pub struct Found<'r, 't> {
    regex: &'r JavaRegex,
    text: &'t str,
    /// Begin and end of the match and of each group.
    slots: Vec<usize>,
}

impl JavaRegex {
    /// `String.replaceAll`.
    ///
    /// # Errors
    /// The backtracking limit, a malformed replacement.
    pub fn replace_all(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        self.replace(text, replacement, usize::MAX)
    }

    /// `String.replaceFirst`.
    ///
    /// # Errors
    /// The backtracking limit, a malformed replacement.
    pub fn replace_first(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        self.replace(text, replacement, 1)
    }

    fn replace(&self, text: &str, replacement: &str, most: usize) -> Result<String, RegexError> {
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for found in self.find_iter(text).take(most) {
            let found = found?;
            out.push_str(&text[copied..found.start()]);
            found.expand(replacement, &mut out)?;
            if out.len() > MAX_OUTPUT {
                return Err(RegexError(format!("the result of the replacement is larger than {MAX_OUTPUT} bytes")));
            }
            copied = found.end();
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    /// `String.split`: a limit above 0 is the most parts there may be, 0 drops the empty parts at the end, below 0 keeps them.
    ///
    /// # Errors
    /// The backtracking limit.
    pub fn split<'t>(&self, text: &'t str, limit: i32) -> Result<Vec<&'t str>, RegexError> {
        let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let (mut parts, mut start) = (Vec::new(), 0);
        let mut matches = self.find_iter(text);
        while parts.len() + 1 < most
            && let Some(separator) = matches.next()
        {
            let separator = separator?;
            // An empty match at the very beginning makes no part.
            if separator.end() > 0 {
                parts.push(&text[start..separator.start()]);
                start = separator.end();
            }
        }
        let is_whole = parts.is_empty();
        parts.push(&text[start..]);
        if limit == 0 && !is_whole {
            while parts.last().is_some_and(|part| part.is_empty()) {
                parts.pop();
            }
        }
        Ok(parts)
    }
}

impl Found<'_, '_> {
    /// The byte at which it begins.
    #[must_use]
    pub fn start(&self) -> usize {
        self.slots[0]
    }

    /// The byte behind it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.slots[1]
    }

    /// How many groups there are, the whole match among them.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.slots.len() / 2
    }

    /// The text of a group by its number; none if it took no part in the match.
    #[must_use]
    pub fn group(&self, number: usize) -> Option<&str> {
        let (begin, end) = (*self.slots.get(number * 2)?, *self.slots.get(number * 2 + 1)?);
        self.text.get(begin..end)
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
                    let mut name = String::new();
                    while let Some(part) = rest.next_if(char::is_ascii_alphanumeric) {
                        name.push(part);
                    }
                    if name.is_empty() {
                        return refuse("named capturing group has 0 length name");
                    }
                    if rest.next() != Some('}') {
                        return refuse("named capturing group is missing trailing '}'");
                    }
                    if name.starts_with(|first: char| first.is_ascii_digit()) {
                        return Err(RegexError(format!("capturing group name {{{name}}} starts with digit character")));
                    }
                    // A group of the pattern that took no part in the match stands for nothing.
                    match self.regex.names.get(&name) {
                        Some(&group) => out.push_str(self.group(group).unwrap_or_default()),
                        None => return Err(RegexError(format!("No group with name {{{name}}}"))),
                    }
                }
                '$' => {
                    let Some(first) = rest.next() else { return refuse("Illegal group reference: group index is missing") };
                    let Some(digit) = first.to_digit(10) else { return refuse("Illegal group reference") };
                    let mut group = digit as usize;
                    if group >= self.groups() {
                        return Err(RegexError(format!("No group {group}")));
                    }
                    // Further digits belong to the number as long as there is such a group.
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                        let longer = group * 10 + digit as usize;
                        if longer >= self.groups() {
                            break;
                        }
                        group = longer;
                        rest.next();
                    }
                    out.push_str(self.group(group).unwrap_or_default());
                }
                other => out.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::JavaRegex;

    fn replace_all(pattern: &str, text: &str, replacement: &str) -> Result<String, String> {
        JavaRegex::new(pattern).expect("valid").replace_all(text, replacement).map_err(|error| error.to_string())
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
            ("$", "Illegal group reference: group index is missing"),
            ("$x", "Illegal group reference"),
            ("$2", "No group 2"),
            ("${x}", "No group with name {x}"),
            ("\\", "character to be escaped is missing"),
        ] {
            assert_eq!(replace_all("a", "a", replacement), Err(message.to_owned()));
        }
    }
}
