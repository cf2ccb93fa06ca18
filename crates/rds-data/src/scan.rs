//! SQL text as far as parameters and statement ends are concerned: strings, quoted names, dollar quotes and comments of each
//! dialect are skipped as a whole, so that nothing in them is taken for a parameter or a semicolon.
//!
//! Parameters are `:name`. The dialects' own placeholders (`?`, `$1`, `@name` in SQLite) are refused: their values would have to
//! come from somewhere, and beside ours they would shift the order.

use std::ops::Range;

use crate::{DatabaseError, EngineKind, ErrorKind};

/// First words of statements that begin, end or cut transactions.
pub(crate) const CONTROLS_TRANSACTIONS: &[&str] =
    &["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"];

/// One statement's text, cut at its parameters.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    /// Text and parameters in order. Text has no trailing semicolon.
    pub(crate) pieces: Vec<Piece<'a>>,
    /// Its first word in upper case.
    pub(crate) keyword: String,
    /// Whether the word RETURNING stands in it outside of strings and names.
    pub(crate) returning: bool,
    /// The table after INTO, as written.
    pub(crate) into: Option<&'a str>,
}

/// A part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Sent as it is.
    Text(&'a str),
    /// `:name`
    Parameter(&'a str),
}

/// Reads one statement. `known` tells the names that have values: in PostgreSQL's `a[1:n]` only a known name is a parameter.
pub(crate) fn statement<'a>(
    text: &'a str,
    dialect: EngineKind,
    known: impl Fn(&str) -> bool,
) -> Result<Statement<'a>, DatabaseError> {
    let mut found = Statement { pieces: Vec::new(), keyword: String::new(), returning: false, into: None };
    let mut scanner = Scanner::new(text, dialect);
    let mut from = 0;
    let mut end = None;
    let mut after_into = false;
    let mut table: Option<Range<usize>> = None;
    while let Some(token) = scanner.next() {
        let at = &text[token.range.clone()];
        if token.kind == Kind::Blank {
            continue;
        }
        if end.is_some() {
            if token.kind == Kind::End {
                continue;
            }
            return Err(DatabaseError::new(ErrorKind::Validation, "Multistatements aren't supported."));
        }
        if after_into {
            after_into = false;
            if matches!(token.kind, Kind::Word | Kind::Quoted) {
                table = Some(token.range.clone());
            }
        } else if let Some(table) = &mut table
            && table.end == token.range.start
            && (at == "." || (text[..table.end].ends_with('.') && matches!(token.kind, Kind::Word | Kind::Quoted)))
        {
            table.end = token.range.end;
        }
        match token.kind {
            Kind::End => end = Some(token.range.start),
            Kind::Word => {
                if found.keyword.is_empty() {
                    found.keyword = at.to_ascii_uppercase();
                }
                found.returning |= at.eq_ignore_ascii_case("returning");
                after_into = table.is_none() && at.eq_ignore_ascii_case("into");
            }
            Kind::Parameter if dialect != EngineKind::PostgreSql || scanner.brackets == 0 || known(&at[1..]) => {
                found.pieces.push(Piece::Text(&text[from..token.range.start]));
                found.pieces.push(Piece::Parameter(&at[1..]));
                from = token.range.end;
            }
            Kind::Placeholder => {
                return Err(DatabaseError::bad_request(format!(
                    "the placeholder '{at}' is not supported: parameters of a statement are written as :name"
                )));
            }
            _ => {}
        }
    }
    found.into = table.map(|range| &text[range]);
    found.pieces.push(Piece::Text(&text[from..end.unwrap_or(text.len())]));
    let is_blank = |piece: &Piece<'_>| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    if found.pieces.iter().all(is_blank) {
        return Err(DatabaseError::bad_request("a statement is empty"));
    }
    Ok(found)
}

/// Whether one of `names`, in lower case, stands in a text as a whole word or as the end of one after an underscore. What is quoted
/// counts too: this errs on the side of seeing one.
pub(crate) fn mentions(text: &str, names: &[&str]) -> bool {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_')).any(|word| {
        names.iter().any(|name| {
            let start = word.len().checked_sub(name.len());
            start.is_some_and(|start| {
                word[start..].eq_ignore_ascii_case(name) && (start == 0 || word.as_bytes()[start - 1] == b'_')
            })
        })
    })
}

/// Whether a statement that begins with `keyword` makes something that lives as long as its session: `CREATE TEMP TABLE`, a table in
/// `pg_temp`, `SELECT ... INTO TEMP`. Like [`mentions`], this errs on the side of seeing it.
pub(crate) fn makes_temporary(text: &str, keyword: &str) -> bool {
    let makes = match keyword {
        "CREATE" => true,
        "SELECT" | "WITH" => mentions(text, &["into"]),
        _ => false,
    };
    makes && mentions(text, &["temp", "temporary"])
}

/// A statement's first word in upper case, nothing where there is none.
pub(crate) fn keyword(text: &str, dialect: EngineKind) -> String {
    let mut scanner = Scanner::new(text, dialect);
    while let Some(token) = scanner.next() {
        if token.kind == Kind::Word {
            return text[token.range].to_ascii_uppercase();
        }
    }
    String::new()
}

/// The statements of a script, each with the line it begins in.
pub(crate) fn script(text: &str, dialect: EngineKind) -> Vec<(usize, &str)> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut scanner = Scanner::new(text, dialect);
    let mut start = None;
    let mut last = 0;
    while let Some(token) = scanner.next() {
        match token.kind {
            Kind::Blank => {}
            Kind::End => ranges.extend(start.take().map(|from| from..token.range.start)),
            _ => {
                start.get_or_insert(token.range.start);
                last = token.range.end;
            }
        }
    }
    ranges.extend(start.map(|from| from..last));
    let (mut line, mut counted) = (1, 0);
    let statements = ranges.into_iter().map(|range| {
        line += text[counted..range.start].matches('\n').count();
        counted = range.start;
        (line, text[range].trim_end())
    });
    statements.collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// White space or a comment.
    Blank,
    Word,
    /// A quoted name, or MySQL's double quoted string.
    Quoted,
    /// A string, a number, an operator.
    Other,
    Parameter,
    Placeholder,
    /// A semicolon between statements.
    End,
}

struct Token {
    kind: Kind,
    range: Range<usize>,
}

struct Scanner<'a> {
    text: &'a str,
    dialect: EngineKind,
    at: usize,
    brackets: usize,
    /// Words seen in this statement, at most the first few: enough to know a routine's definition.
    words: usize,
    creates: bool,
    routine: bool,
    /// Open BEGIN and CASE of a routine's body.
    blocks: usize,
    /// Whether the word before was END, which `END IF` and the like are told by.
    after_end: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, dialect: EngineKind) -> Self {
        Self { text, dialect, at: 0, brackets: 0, words: 0, creates: false, routine: false, blocks: 0, after_end: false }
    }

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let first = *bytes.get(start)?;
        let second = bytes.get(start + 1).copied().unwrap_or(0);
        let (kind, end) = match first {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => (Kind::Blank, start + 1),
            b'-' if second == b'-' && self.is_dash_comment(start) => (Kind::Blank, self.line_end(start)),
            b'#' if self.dialect == EngineKind::MySql => (Kind::Blank, self.line_end(start)),
            b'/' if second == b'*' => (self.comment_kind(start), self.comment_end(start)),
            b'\'' => (Kind::Other, self.quoted_end(start, b'\'', self.dialect == EngineKind::MySql)),
            b'"' => (Kind::Quoted, self.quoted_end(start, b'"', self.dialect == EngineKind::MySql)),
            b'`' if self.dialect != EngineKind::PostgreSql => (Kind::Quoted, self.quoted_end(start, b'`', false)),
            b'[' if self.dialect == EngineKind::Sqlite => (Kind::Quoted, self.bracket_end(start)),
            b'[' => {
                self.brackets += 1;
                (Kind::Other, start + 1)
            }
            b']' => {
                self.brackets = self.brackets.saturating_sub(1);
                (Kind::Other, start + 1)
            }
            b':' if second == b':' || second == b'=' => (Kind::Other, start + 2),
            b':' if is_name_start(second) => (Kind::Parameter, self.name_end(start + 1)),
            b'$' if self.dialect == EngineKind::PostgreSql => self.dollar(start),
            b'$' if self.dialect == EngineKind::Sqlite && is_name_start(second) => (Kind::Placeholder, self.name_end(start + 1)),
            b'@' if self.dialect == EngineKind::Sqlite && is_name_start(second) => (Kind::Placeholder, self.name_end(start + 1)),
            b'?' if self.dialect != EngineKind::PostgreSql => (Kind::Placeholder, self.name_end(start + 1)),
            b';' if self.blocks > 0 => (Kind::Other, start + 1),
            b';' => (Kind::End, start + 1),
            // E'...' of PostgreSQL is the one string there with backslashes.
            b'e' | b'E' if second == b'\'' && self.dialect == EngineKind::PostgreSql => {
                (Kind::Other, self.quoted_end(start + 1, b'\'', true))
            }
            _ if is_name_start(first) => (Kind::Word, self.word_end(start)),
            _ if first.is_ascii_digit() => (Kind::Other, self.word_end(start)),
            _ => (Kind::Other, start + self.text[start..].chars().next().map_or(1, char::len_utf8)),
        };
        self.at = end;
        match kind {
            Kind::Word => self.note_word(&self.text[start..end]),
            Kind::End => (self.words, self.creates, self.routine) = (0, false, false),
            _ => {}
        }
        Some(Token { kind, range: start..end })
    }

    /// Follows `CREATE [...] TRIGGER | FUNCTION | PROCEDURE | EVENT ... BEGIN ... END`, whose body holds semicolons.
    fn note_word(&mut self, word: &str) {
        let is = |candidates: &[&str]| candidates.iter().any(|candidate| word.eq_ignore_ascii_case(candidate));
        if self.words == 0 {
            self.creates = is(&["CREATE", "ALTER"]);
        }
        self.words = self.words.saturating_add(1);
        if !self.creates {
            return;
        }
        self.routine |= self.words <= 12 && is(&["TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"]);
        if !self.routine {
            return;
        }
        let after_end = std::mem::replace(&mut self.after_end, false);
        if is(&["END"]) {
            self.blocks = self.blocks.saturating_sub(1);
            self.after_end = true;
        } else if is(&["BEGIN"]) || (self.blocks > 0 && !after_end && is(&["CASE"])) {
            self.blocks += 1;
        } else if after_end && is(&["IF", "LOOP", "WHILE", "REPEAT"]) {
            // That END ended something that was not counted.
            self.blocks += 1;
        }
    }

    /// MySQL wants white space after the two dashes.
    fn is_dash_comment(&self, start: usize) -> bool {
        self.dialect != EngineKind::MySql || self.text.as_bytes().get(start + 2).is_none_or(|byte| *byte <= b' ')
    }

    fn line_end(&self, start: usize) -> usize {
        self.text[start..].find('\n').map_or(self.text.len(), |length| start + length + 1)
    }

    /// MySQL executes `/*! ... */`.
    fn comment_kind(&self, start: usize) -> Kind {
        let executed = self.dialect == EngineKind::MySql && self.text.as_bytes().get(start + 2) == Some(&b'!');
        if executed { Kind::Other } else { Kind::Blank }
    }

    /// The end of a block comment; PostgreSQL nests them.
    fn comment_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (start + 2, 1_usize);
        while at < bytes.len() {
            match (bytes[at], bytes.get(at + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return at;
                    }
                }
                (b'/', Some(b'*')) if self.dialect == EngineKind::PostgreSql => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        bytes.len()
    }

    /// The end of something quoted; a doubled quote stands for itself.
    fn quoted_end(&self, start: usize, quote: u8, backslash: bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if backslash => at += 2,
                byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => return at + 1,
                _ => at += 1,
            }
        }
        // A backslash before the last byte steps past it; the end may also be inside a character.
        bytes.len()
    }

    fn bracket_end(&self, start: usize) -> usize {
        self.text[start..].find(']').map_or(self.text.len(), |length| start + length + 1)
    }

    /// `$1`, `$$ ... $$` or `$tag$ ... $tag$`.
    fn dollar(&self, start: usize) -> (Kind, usize) {
        let rest = &self.text[start + 1..];
        if rest.starts_with(|character: char| character.is_ascii_digit()) {
            return (Kind::Placeholder, self.name_end(start + 1));
        }
        let Some(length) = rest.find('$') else { return (Kind::Other, start + 1) };
        let tag = &self.text[start..start + length + 2];
        if !tag[1..tag.len() - 1].bytes().all(is_name_part) {
            return (Kind::Other, start + 1);
        }
        let body = start + tag.len();
        (Kind::Other, self.text[body..].find(tag).map_or(self.text.len(), |length| body + length + tag.len()))
    }

    fn name_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        (start..bytes.len()).find(|at| !is_name_part(bytes[*at])).unwrap_or(bytes.len())
    }

    /// As a name; a dollar sign may stand inside a word, so `a$1` is no placeholder.
    fn word_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        (start..bytes.len()).find(|at| !is_name_part(bytes[*at]) && bytes[*at] != b'$').unwrap_or(bytes.len())
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name_part(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EngineKind::{MySql, PostgreSql, Sqlite};
    use super::*;

    fn names(text: &str, dialect: EngineKind) -> Vec<String> {
        let statement = statement(text, dialect, |_| false).expect(text);
        let names = statement.pieces.iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some((*name).to_owned()),
            Piece::Text(_) => None,
        });
        names.collect()
    }

    #[test]
    fn only_names_in_code_are_parameters() {
        let all = [PostgreSql, MySql, Sqlite];
        for (dialects, text, expected) in [
            (&all[..], "select :a, :b_2,:a", &["a", "b_2", "a"][..]),
            (&all, "select ':a', 'it''s :b', :c", &["c"]),
            (&all, "select \"x:a\", \"say \"\":a\"\"\" from t where c=:c", &["c"]),
            (&all, "select 1 -- :a\n, :b /* :c */, :d", &["b", "d"]),
            (&all, "select :größe", &["größe"]),
            (&all, "select a:=1, b::int, c :: text", &[]),
            (&all, "select 'unterminated :a", &[]),
            (&[PostgreSql], "select $$ :a $$, $t$ :b $$ $t$, :c", &["c"]),
            (&[PostgreSql], "select E'it\\'s :a', 'back\\', :b", &["b"]),
            (&[PostgreSql], "select 1 /* a /* b */ :c */, :d", &["d"]),
            (&[PostgreSql], "select a[1:n], a[:m], (array[:x])[1]", &[]),
            (&[PostgreSql], "select a ? 'b', c->>'x', tags @> :t, a$1", &["t"]),
            (&[MySql], "select 'it\\'s :a', \"b\\\":c\", `d:e`, :f # :g", &["f"]),
            (&[MySql], "select 1--:a", &["a"]),
            (&[MySql], "select @a := :b, @c", &["b"]),
            (&[MySql], "select /*! straight_join :a */ 1", &[]),
            (&[Sqlite], "select [a:b], `c:d`, 'back\\', :e", &["e"]),
            (&[Sqlite], "select 1 /* a /* b */, :c", &["c"]),
        ] {
            for dialect in dialects {
                assert_eq!(names(text, *dialect), expected, "{dialect:?}: {text}");
            }
        }
    }

    #[test]
    fn a_known_name_in_brackets_is_a_parameter() {
        let statement = statement("select a[1:n], array[:x]", PostgreSql, |name| name == "x").expect("valid");
        assert_eq!(statement.pieces[1], Piece::Parameter("x"));
        assert_eq!(statement.pieces.len(), 3);
    }

    #[test]
    fn several_statements_in_one_text_are_refused() {
        for dialect in [PostgreSql, MySql, Sqlite] {
            for text in ["select 1; select 2", "select 1;;delete from t", "select ';'; select 2", "select 1; -- x\n select 2"] {
                let error = statement(text, dialect, |_| false).expect_err(text);
                assert_eq!(error.message, "Multistatements aren't supported.");
            }
            for text in ["select 1;", "select 1 ; -- end\n ;", "select ';'", "/* ; */ select 1", "-- ;\nselect 1"] {
                let pieces = statement(text, dialect, |_| false).expect(text).pieces;
                assert_eq!(pieces.len(), 1, "{text}");
            }
            let trigger = "create trigger t after insert on a begin update b set c = case when 1 then 2 end; delete from d; end;";
            assert!(statement(trigger, dialect, |_| false).is_ok());
        }
        let routine =
            "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; CASE 1 WHEN 1 THEN SELECT 2; END CASE; END; SELECT 1";
        assert!(statement(routine, MySql, |_| false).is_err());
        assert_eq!(script(routine, MySql).len(), 2);
        for text in ["", " ", "\n", ";"] {
            assert_eq!(statement(text, PostgreSql, |_| false).expect_err(text).message, "a statement is empty");
        }
    }

    #[test]
    fn words_are_seen_whole() {
        let names = ["set_config", "advisory_lock"];
        for text in ["select SET_CONFIG('a', 'b', false)", "select pg_catalog.set_config(1)", "select pg_try_advisory_lock(1)"] {
            assert!(mentions(text, &names), "{text}");
        }
        for text in ["select set_configuration(1)", "select pg_advisory_xact_lock(1)", "update reset_configs set a = 1", "größe"]
        {
            assert!(!mentions(text, &names), "{text}");
        }
    }

    #[test]
    fn what_lives_as_long_as_its_session_is_seen() {
        for text in [
            "create temp table t (a int)",
            "CREATE\nTEMPORARY\tTABLE t (a int)",
            "create or replace temp view v as select 1",
            "create table pg_temp.t (a int)",
            "select 1 as a into temp t",
            "with x as (select 1) select * into temporary t from x",
        ] {
            assert!(makes_temporary(text, &keyword(text, PostgreSql)), "{text}");
        }
        for text in ["create table temperatures (a int)", "select temp from t", "insert into temp values (1)"] {
            assert!(!makes_temporary(text, &keyword(text, PostgreSql)), "{text}");
        }
    }

    #[test]
    fn the_first_word_stands_behind_comments_and_parentheses() {
        for (text, word) in [("-- a\n/* b */ (select 1)", "SELECT"), (" with x", "WITH"), ("'x'", ""), ("", "")] {
            assert_eq!(keyword(text, Sqlite), word);
        }
    }

    #[test]
    fn the_dialects_own_placeholders_are_refused() {
        for (dialect, text) in [
            (PostgreSql, "select $1"),
            (MySql, "select ?"),
            (Sqlite, "select ?"),
            (Sqlite, "select ?1"),
            (Sqlite, "select @a"),
            (Sqlite, "select $a"),
        ] {
            assert!(statement(text, dialect, |_| false).is_err(), "{text}");
        }
    }

    #[test]
    fn a_statement_says_what_it_is() {
        let insert = statement("/* x */ insert into \"a b\" (c) values (':x') returning c", Sqlite, |_| false).expect("valid");
        assert_eq!((&*insert.keyword, insert.returning, insert.into), ("INSERT", true, Some("\"a b\"")));
        let insert = statement("insert into main.\"a b\" values (1)", Sqlite, |_| false).expect("valid");
        assert_eq!(insert.into, Some("main.\"a b\""));
        let select = statement("select 'returning into x'", MySql, |_| false).expect("valid");
        assert_eq!((&*select.keyword, select.returning, select.into), ("SELECT", false, None));
    }

    #[test]
    fn a_script_is_cut_into_statements_with_their_lines() {
        let text = "-- first\ncreate table a (b text default ';');\n\n\ninsert into a values ('x');;\nselect 1";
        let found: Vec<_> = script(text, Sqlite).into_iter().map(|(line, text)| (line, &text[..6])).collect();
        assert_eq!(found, [(2, "create"), (5, "insert"), (6, "select")]);
        assert_eq!(script("-- nothing\n", PostgreSql), []);
        let function = "create function f() returns int language sql begin atomic select 1; select 2; end; select 3";
        assert_eq!(script(function, PostgreSql).len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_whole(text in "[a-z:;'\"`$?@#\\\\/*\\[\\] \n-]{0,60}|\\PC{0,40}") {
            for dialect in [PostgreSql, MySql, Sqlite] {
                if let Ok(found) = statement(&text, dialect, |_| true) {
                    let length: usize = found.pieces.iter().map(|piece| match piece {
                        Piece::Text(text) => text.len(),
                        Piece::Parameter(name) => name.len() + 1,
                    }).sum();
                    prop_assert!(length <= text.len());
                }
                let _ = script(&text, dialect);
            }
        }
    }
}
