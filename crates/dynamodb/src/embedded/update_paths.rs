//! Which paths an update expression touches, for what has to be known about it beside the engine.
//!
//! This reads expressions the engine accepts; for others anything may come out, because the engine refuses them. It is a scan
//! without recursion.
//!
//! [Update expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html)

use std::collections::HashMap;

/// A step of a document path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `.name`, resolved
    Name(String),
    /// `[0]`
    Index(usize),
}

/// An update expression as its actions.
#[derive(Debug)]
pub(super) struct Update<'a> {
    actions: Vec<Action<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Clause {
    Set,
    Add,
    Remove,
    Delete,
}

#[derive(Debug)]
struct Action<'a> {
    clause: Clause,
    path: Vec<Token<'a>>,
    /// What follows the path, `=` for instance, up to the next action.
    rest: Vec<Token<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    /// A name, keyword or number; `#alias` and `:value` with their sign.
    Word(&'a str),
    Sign(u8),
}

impl<'a> Update<'a> {
    /// Reads an expression.
    pub(super) fn read(text: &'a str) -> Self {
        let mut actions: Vec<Action<'a>> = Vec::new();
        let mut clause = None;
        let (mut brackets, mut in_path, mut before) = (0_usize, false, None);
        for token in tokens(text) {
            let starts_clause = match token {
                // After a sign, a word is an operand or part of a path, whatever it is called.
                Token::Word(word)
                    if brackets == 0 && !matches!(before, Some(Token::Sign(sign)) if sign != b')' && sign != b']') =>
                {
                    clause_of(word)
                }
                _ => None,
            };
            match token {
                _ if starts_clause.is_some() => {
                    clause = starts_clause;
                    in_path = true;
                    if let Some(clause) = clause {
                        actions.push(Action { clause, path: Vec::new(), rest: Vec::new() });
                    }
                }
                Token::Sign(b',') if brackets == 0 => {
                    in_path = true;
                    if let Some(clause) = clause {
                        actions.push(Action { clause, path: Vec::new(), rest: Vec::new() });
                    }
                }
                token => {
                    match token {
                        Token::Sign(b'(') => brackets += 1,
                        Token::Sign(b')') => brackets = brackets.saturating_sub(1),
                        _ => {}
                    }
                    if let Some(action) = actions.last_mut() {
                        let value = matches!(token, Token::Sign(b'=') | Token::Word(""))
                            || matches!(token, Token::Word(word) if word.starts_with(':'));
                        in_path &= !value;
                        let part = if in_path { &mut action.path } else { &mut action.rest };
                        part.push(token);
                    }
                }
            }
            before = Some(token);
        }
        Self { actions }
    }

    /// Whether there is nothing in it but `REMOVE` and `DELETE`.
    pub(super) fn only_removes(&self) -> bool {
        !self.actions.is_empty() && self.actions.iter().all(|action| matches!(action.clause, Clause::Remove | Clause::Delete))
    }

    /// The paths it changes.
    pub(super) fn paths(&self, names: Option<&HashMap<String, String>>) -> Vec<Vec<Step>> {
        self.actions.iter().map(|action| steps(&action.path, names)).collect()
    }

    /// The attributes it sets to nothing but a value of the request, with the value's name.
    pub(super) fn set_values(&self, names: Option<&HashMap<String, String>>) -> impl Iterator<Item = (String, &'a str)> {
        self.actions.iter().filter_map(move |action| match (action.clause, action.rest.as_slice()) {
            (Clause::Set, [Token::Sign(b'='), Token::Word(value)]) if value.starts_with(':') => {
                let mut path = steps(&action.path, names);
                match (path.pop(), path.is_empty()) {
                    (Some(Step::Name(name)), true) => Some((name, *value)),
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

/// The `#names` and `:values` in an expression.
pub(super) fn used(expression: &str) -> Vec<&str> {
    tokens(expression)
        .filter_map(|token| match token {
            Token::Word(word) if word.starts_with(['#', ':']) => Some(word),
            _ => None,
        })
        .collect()
}

fn clause_of(word: &str) -> Option<Clause> {
    [("SET", Clause::Set), ("ADD", Clause::Add), ("REMOVE", Clause::Remove), ("DELETE", Clause::Delete)]
        .into_iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map(|(_, clause)| clause)
}

fn steps(path: &[Token<'_>], names: Option<&HashMap<String, String>>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut index = false;
    for token in path {
        match token {
            Token::Sign(sign) => index = *sign == b'[',
            Token::Word(word) if index => steps.extend(word.parse().ok().map(Step::Index)),
            Token::Word(word) => {
                let name = names.and_then(|names| names.get(*word)).map_or(*word, String::as_str);
                steps.push(Step::Name(name.to_owned()));
            }
        }
    }
    steps
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = *rest.as_bytes().first()?;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        let marked = usize::from(matches!(first, b'#' | b':'));
        let length = marked + rest.bytes().skip(marked).take_while(|&byte| is_word(byte)).count();
        let (token, length) = if length > 0 { (Token::Word(&rest[..length]), length) } else { (Token::Sign(first), 1) };
        rest = &rest[length..];
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &[Step]) -> String {
        let step = |step: &Step| match step {
            Step::Name(name) => format!(".{name}"),
            Step::Index(at) => format!("[{at}]"),
        };
        path.iter().map(step).collect()
    }

    #[test]
    fn paths_are_those_of_the_actions() {
        let names = HashMap::from([("#a".to_owned(), "x y".to_owned()), ("#set".to_owned(), "set".to_owned())]);
        for (text, paths, removes) in [
            ("SET a = :a", ".a", false),
            ("set a.b[1].#a = if_not_exists(c[0], :a), d=e+:a", ".a.b[1].x y, .d", false),
            ("SET a = list_append(b, :c) REMOVE c[3], #set ADD n :n DELETE s :s", ".a, .c[3], .set, .n, .s", false),
            ("REMOVE a, b [ 2 ] . c", ".a, .b[2].c", true),
            ("DELETE s :s, t :t", ".s, .t", true),
            ("REMOVE a DELETE s :s", ".a, .s", true),
            ("SET é[0]=:é", ".é[0]", false),
            ("SET l[1] = :v ADD n :v", ".l[1], .n", false),
            ("", "", false),
        ] {
            let update = Update::read(text);
            let found = update.paths(Some(&names)).iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ");
            assert_eq!((found.as_str(), update.only_removes()), (paths, removes), "{text}");
        }
    }

    #[test]
    fn values_are_found_where_nothing_else_is_set() {
        let names = HashMap::from([("#a".to_owned(), "alias".to_owned())]);
        let update = Update::read("SET #a = :a, b.c = :b, d = e, f = :f + :g, h = :h REMOVE i ADD j :j");
        let set: Vec<_> = update.set_values(Some(&names)).collect();
        assert_eq!(set, [("alias".to_owned(), ":a"), ("h".to_owned(), ":h")]);
    }

    #[test]
    fn names_and_values_in_use_are_found() {
        assert_eq!(used("#a.b = :b AND contains(#c[1],:d)"), ["#a", ":b", "#c", ":d"]);
    }
}
