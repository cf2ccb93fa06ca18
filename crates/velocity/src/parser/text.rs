//! Text with references, directives, comments and escapes in it.

use value::Str;

use super::{Mistake, Parsed, Parser};
use crate::ast::{Block, Node, Reference, Tail, TailKind, TextReference};

/// What ended a run of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ender {
    Source,
    End,
    Else,
    ElseIf,
}

/// Nodes being collected, with the text that is not yet one.
#[derive(Default)]
pub(super) struct Nodes {
    done: Vec<Node>,
    text: String,
    /// Where in the template `text` begins.
    at: u32,
    /// Where in `text` the present run of it begins: a `#set` takes the blanks before it if the run is nothing else.
    run: usize,
}

impl Nodes {
    /// What comes next stands at `at` in the template.
    fn begin(&mut self, at: u32) {
        if self.text.is_empty() {
            self.at = at;
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Text that counts as a directive for the blanks behind it.
    pub(super) fn closed_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.run = self.text.len();
    }

    pub(super) fn close_run(&mut self) {
        self.run = self.text.len();
    }

    pub(super) fn push(&mut self, node: Node) {
        self.flush();
        self.done.push(node);
    }

    /// Drops the blanks before a `#set` if they are all there is behind the last thing that is no text. Behind a line of
    /// plain text they stay: for 1.7 the line's end belongs to one run with them.
    pub(super) fn drop_indentation(&mut self) {
        if self.text[self.run..].bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
            self.text.truncate(self.run);
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Node::Text(std::mem::take(&mut self.text).into(), self.at));
        }
        self.run = 0;
    }

    fn finish(mut self) -> Block {
        self.flush();
        self.done.into()
    }
}

impl Parser<'_, '_, '_> {
    /// The whole source.
    pub(super) fn template(&mut self) -> Block {
        self.block(None).0
    }

    /// Nodes up to what ends the block that `opener` (its name and place) began.
    pub(super) fn block(&mut self, opener: Option<(&str, usize)>) -> (Block, Ender) {
        let mut nodes = Nodes::default();
        let ender = loop {
            if self.gave_up() {
                break Ender::Source;
            }
            nodes.begin(self.place(self.at));
            let rest = &self.source.as_bytes()[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'$' | b'#' | b'\\')).unwrap_or(rest.len());
            nodes.text(&self.source[self.at..self.at + plain]);
            self.at += plain;
            let step = match self.byte() {
                None => break Ender::Source,
                Some(b'\\') => self.escape(&mut nodes, opener.is_some()),
                Some(b'$') => self.dollar(0, &mut nodes).map(|()| None),
                Some(_) => self.hash(0, &mut nodes, opener.is_some()),
            };
            match step {
                Ok(None) => {}
                Ok(Some(ender)) => break ender,
                Err(mistake) => self.note(mistake),
            }
        };
        if let (Ender::Source, Some((name, at))) = (ender, opener)
            && !self.gave_up()
        {
            let end = (at + 1 + name.len()).min(self.source.len());
            let mistake = self.mistake(format!("`#{name}` is not closed: its `#end` is missing"), at, end);
            self.note(mistake);
        }
        (nodes.finish(), ender)
    }

    /// Backslashes: they mean something before a reference or a directive only.
    fn escape(&mut self, nodes: &mut Nodes, nested: bool) -> Parsed<Option<Ender>> {
        let start = self.at;
        while self.byte() == Some(b'\\') {
            self.at += 1;
        }
        let count = self.at - start;
        match self.byte() {
            Some(b'$') => self.dollar(count, nodes).map(|()| None),
            Some(b'#') => self.hash(count, nodes, nested),
            _ => {
                nodes.text(&self.source[start..self.at]);
                Ok(None)
            }
        }
    }

    /// `$`, after so many backslashes.
    fn dollar(&mut self, backslashes: usize, nodes: &mut Nodes) -> Parsed<()> {
        let start = self.at;
        let mut at = start + 1;
        while self.byte_at(at) == Some(b'\\') {
            at += 1;
        }
        if at > start + 1 && self.byte_at(at) == Some(b'!') {
            return self.escaped_bang(start, at, nodes);
        }
        match self.reference()? {
            Some(reference) => {
                nodes.push(Node::Reference(Box::new(TextReference { reference, backslashes })));
            }
            None => {
                self.at = start + 1;
                // 1.7 reads `$!` as the start of a reference and forgets the mark when none follows.
                self.take("!");
                if self.whole && self.at == self.source.len() {
                    return Err(self.mistake(
                        "A lone `$` may not stand at the very end: begin a reference or let another character follow",
                        start,
                        self.at,
                    ));
                }
                nodes.text(&"\\".repeat(backslashes));
                nodes.text("$");
            }
        }
        Ok(())
    }

    /// `$\!name`: prints `$!name`, without what may follow the name; each further backslash stays.
    fn escaped_bang(&mut self, start: usize, bang: usize, nodes: &mut Nodes) -> Parsed<()> {
        let brace = usize::from(self.byte_at(bang + 1) == Some(b'{'));
        let Some(end) = self.name_end(bang + 1 + brace) else {
            nodes.text(&self.source[start..=bang]);
            self.at = bang + 1;
            return Ok(());
        };
        nodes.text("$");
        nodes.text(&self.source[start + 2..end]);
        self.at = end;
        self.tail()?;
        if brace > 0 && self.take("}") {
            nodes.text("}");
        }
        nodes.close_run();
        Ok(())
    }

    /// The reference at the cursor, which stands on its `$`; none if there is only a `$`.
    pub(super) fn reference(&mut self) -> Parsed<Option<Reference>> {
        let start = self.at;
        let mut at = start + 1;
        let quiet = self.byte_at(at) == Some(b'!');
        at += usize::from(quiet);
        let braced = self.byte_at(at) == Some(b'{');
        at += usize::from(braced);
        let Some(end) = self.name_end(at) else { return Ok(None) };
        let root = self.shared.symbols.slot(&self.source[at..end]);
        self.at = end;
        let tail = self.tail()?;
        if braced && !self.take("}") {
            return Err(self.unexpected("the `}` of the reference"));
        }
        let literal = self.source[start..self.at].into();
        Ok(Some(Reference { root, tail: tail.into(), quiet, braced, literal, at: self.place(start) }))
    }

    /// `.name`, `.name(args)` and `[index]`, as many as there are.
    fn tail(&mut self) -> Parsed<Vec<Tail>> {
        let mut tail = Vec::new();
        loop {
            let place = self.place(self.at);
            match self.byte() {
                Some(b'[') => {
                    self.at += 1;
                    let index = self.nested(Self::expression)?;
                    self.skip_space();
                    if !self.take("]") {
                        return Err(self.unexpected("the `]` of the index"));
                    }
                    tail.push(Tail { kind: TailKind::Index(index), at: place });
                }
                Some(b'.') => {
                    let Some(end) = self.name_end(self.at + 1) else { return Ok(tail) };
                    let name: Str = self.source[self.at + 1..end].into();
                    self.at = end;
                    let kind = if self.take("(") {
                        let args = self.nested(Self::arguments)?;
                        TailKind::Method(name, args.into())
                    } else {
                        TailKind::Property(name)
                    };
                    tail.push(Tail { kind, at: place + 1 });
                }
                _ => return Ok(tail),
            }
        }
    }

    /// Steps over a comment that begins with `##`, with its line's end.
    pub(super) fn line_comment(&mut self) {
        let rest = &self.source.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        if !self.take("\r\n") && !self.take("\n") {
            self.take("\r");
        }
    }

    /// Steps over a comment that begins with `#*`. Velocity lets one that is never closed reach to the end.
    pub(super) fn block_comment(&mut self) {
        let rest = &self.source[self.at..];
        self.at += rest.get(2..).and_then(|rest| rest.find("*#")).map_or(rest.len(), |at| at + 4);
    }

    /// `#[[ .. ]]#`.
    pub(super) fn unparsed(&mut self, nodes: &mut Nodes) -> Parsed<()> {
        let start = self.at;
        let Some(length) = self.source[start + 3..].find("]]#") else {
            self.at = self.source.len();
            return Err(Mistake { fatal: true, ..self.mistake("`#[[` is not closed: its `]]#` is missing", start, start + 3) });
        };
        nodes.closed_text(&self.source[start + 3..start + 3 + length]);
        self.at = start + length + 6;
        Ok(())
    }
}
