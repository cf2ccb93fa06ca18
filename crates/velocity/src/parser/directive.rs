//! Directives: `#set`, `#if`, `#foreach`, macros and the rest.

use std::sync::Arc;

use value::Str;

use super::text::{Ender, Nodes};
use super::{Parsed, Parser};
use crate::ast::{Argument, Block, Call, Expr, Foreach, If, Macro, Node, Set};

const DIRECTIVES: [&str; 15] = [
    "set", "if", "elseif", "else", "end", "foreach", "break", "stop", "return", "macro", "define", "evaluate", "include",
    "parse", "literal",
];

/// The head of a directive: `#name`, `#{name}`, `#@name`.
struct Head<'s> {
    name: &'s str,
    /// The name in braces: what follows it cannot belong to it.
    braced: bool,
    with_body: bool,
    start: usize,
}

impl<'s> Parser<'s, '_, '_> {
    /// `#`, after so many backslashes.
    pub(super) fn hash(&mut self, backslashes: usize, nodes: &mut Nodes, nested: bool) -> Parsed<Option<Ender>> {
        let start = self.at;
        match self.byte_at(start + 1) {
            Some(next @ (b'#' | b'*')) => {
                nodes.text(&"\\".repeat(backslashes));
                if next == b'#' {
                    self.line_comment();
                } else {
                    self.block_comment();
                }
                nodes.close_run();
                return Ok(None);
            }
            Some(b'[') if self.byte_at(start + 2) == Some(b'[') => {
                nodes.text(&"\\".repeat(backslashes));
                self.unparsed(nodes)?;
                return Ok(None);
            }
            _ => {}
        }
        let Some(head) = self.head() else {
            self.at = start + 1;
            if self.whole && self.at == self.source.len() {
                return Err(self.mistake("A lone `#` may not stand at the very end", start, self.at));
            }
            nodes.text(&"\\".repeat(backslashes));
            nodes.text("#");
            return Ok(None);
        };
        let known = !head.with_body && self.is_directive(&head);
        if !known && !self.shared.macros.contains_key(head.name) {
            nodes.text(&"\\".repeat(backslashes));
        } else if backslashes % 2 == 1 {
            // Escaped: the name is text, and so is what follows it.
            nodes.text(&"\\".repeat(backslashes / 2));
            nodes.closed_text(&self.source[start..self.at]);
            return Ok(None);
        } else {
            // 1.7 takes `\\#set` for one token and keeps both backslashes.
            nodes.text(&"\\".repeat(if head.name == "set" { backslashes } else { backslashes / 2 }));
        }
        if known { self.directive(&head, nodes, nested) } else { self.call(&head, nodes).map(|()| None) }
    }

    fn head(&mut self) -> Option<Head<'s>> {
        let start = self.at;
        let source = self.source;
        let with_body = self.byte_at(start + 1) == Some(b'@');
        let at = start + 1 + usize::from(with_body);
        let braced = self.byte_at(at) == Some(b'{');
        let at = at + usize::from(braced);
        // Directives' names have no hyphen: `#end-of-list` would else be a name of its own, as `#endx` is.
        let mut end = self.name_end(at)?;
        let word_end = at + source[at..end].find('-').unwrap_or(end - at);
        if DIRECTIVES.contains(&&source[at..word_end]) {
            end = word_end;
        }
        if braced && self.byte_at(end) != Some(b'}') {
            return None;
        }
        self.at = end + usize::from(braced);
        Some(Head { name: &source[at..end], braced, with_body, start })
    }

    /// Whether this is a directive of the language; `#set` without parenthesis is text.
    fn is_directive(&self, head: &Head<'_>) -> bool {
        match head.name {
            "set" => self.byte_at(self.after_blanks(self.at)) == Some(b'('),
            "literal" => false,
            name => DIRECTIVES.contains(&name),
        }
    }

    /// A directive of the language; the cursor stands behind its name.
    fn directive(&mut self, head: &Head<'_>, nodes: &mut Nodes, nested: bool) -> Parsed<Option<Ender>> {
        let place = self.place(head.start);
        match head.name {
            "end" | "else" | "elseif" if nested => {
                return Ok(Some(match head.name {
                    "end" => {
                        self.skip_line_end();
                        Ender::End
                    }
                    "else" => {
                        self.skip_line_end();
                        Ender::Else
                    }
                    _ => Ender::ElseIf,
                }));
            }
            name @ ("end" | "else" | "elseif") => {
                let open = if name == "end" { "block" } else { "`#if`" };
                return Err(self.mistake(format!("`#{name}` without an open {open}"), head.start, self.at));
            }
            "set" => {
                nodes.drop_indentation();
                let set = self.in_parentheses(Self::assignment);
                self.skip_line_end();
                let (target, value) = set?;
                nodes.push(Node::Set(Box::new(Set { target, value, at: place })));
            }
            "if" => {
                let node = self.conditional(head)?;
                nodes.push(node);
            }
            "foreach" => {
                let start = self.at;
                let clause = self.in_parentheses(Self::foreach_clause);
                self.skip_line_end();
                let body = self.body(head)?;
                let (variable, source) = clause.inspect_err(|_| self.at = self.at.max(start))?;
                nodes.push(Node::Foreach(Box::new(Foreach { variable, source, body, at: place })));
            }
            "break" => nodes.push(Node::Break),
            "stop" => nodes.push(Node::Stop),
            "return" => {
                let value = if !head.braced && self.byte_at(self.after_blanks(self.at)) == Some(b'(') {
                    Some(Box::new(self.in_parentheses(Self::optional_expression)?))
                } else {
                    None
                };
                self.skip_line_end();
                nodes.push(Node::Return(value.and_then(|value| value.map(Box::new))));
            }
            "macro" => self.macro_definition(head)?,
            "define" => {
                let name = self.in_parentheses(Self::variable_name);
                self.skip_line_end();
                let body = self.body(head)?;
                nodes.push(Node::Define(name?, body));
            }
            "evaluate" => {
                let source = self.in_parentheses(Self::expression)?;
                self.skip_line_end();
                nodes.push(Node::Evaluate(Box::new(source), place));
            }
            name => {
                let end = self.at;
                self.skip_parentheses();
                return Err(self.mistake(format!("`#{name}` is refused: a template cannot load files"), head.start, end));
            }
        }
        nodes.close_run();
        Ok(None)
    }

    fn body(&mut self, head: &Head<'_>) -> Parsed<Block> {
        let start = head.start;
        let (block, ender) = self.nested(|parser| Ok(parser.block(Some((head.name, start)))))?;
        if matches!(ender, Ender::Else | Ender::ElseIf) {
            let mistake = self.mistake(format!("`#else` in `#{}`", head.name), start, self.at);
            self.note(mistake);
            return self.body(head);
        }
        Ok(block)
    }

    fn conditional(&mut self, head: &Head<'_>) -> Parsed<Node> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        let mut ender = Ender::ElseIf;
        loop {
            let condition = if ender == Ender::ElseIf {
                // A bad condition must not hide where its block ends.
                let condition = self.in_parentheses(Self::expression).unwrap_or_else(|mistake| {
                    self.note(mistake);
                    Expr::Bool(false)
                });
                self.skip_line_end();
                Some(condition)
            } else {
                None
            };
            let start = head.start;
            let (block, next) = self.nested(|parser| Ok(parser.block(Some(("if", start)))))?;
            match condition {
                Some(condition) => branches.push((condition, block)),
                None => otherwise = Some(block),
            }
            if !matches!(next, Ender::Else | Ender::ElseIf) {
                return Ok(Node::If(Box::new(If { branches, otherwise })));
            }
            if otherwise.is_some() {
                let mistake = self.mistake("`#else` or `#elseif` after the `#else` of this `#if`", start, start + 3);
                self.note(mistake);
            }
            ender = next;
        }
    }

    /// `#macro(name $parameter ..) .. #end`.
    fn macro_definition(&mut self, head: &Head<'_>) -> Parsed<()> {
        let signature = self.in_parentheses(|parser| {
            parser.skip_space();
            let Some(end) = parser.name_end(parser.at) else { return Err(parser.unexpected("the macro's name")) };
            let name = &parser.source[parser.at..end];
            parser.at = end;
            let mut parameters = Vec::new();
            loop {
                parser.skip_space();
                parser.take(",");
                parser.skip_space();
                if parser.byte() != Some(b'$') {
                    return Ok((name, parameters));
                }
                parameters.push(parser.variable_name()?);
            }
        });
        self.skip_line_end();
        let body = self.body(head)?;
        let (name, parameters) = signature?;
        self.shared.macros.entry(name.into()).or_insert_with(|| Arc::new(Macro { parameters, body }));
        Ok(())
    }

    /// `#name`, `#name(args)`, `#@name(args) .. #end`: whether there is such a macro is known when it runs.
    fn call(&mut self, head: &Head<'_>, nodes: &mut Nodes) -> Parsed<()> {
        let mut args = Vec::new();
        let mut paren = self.after_blanks(self.at);
        if head.with_body && self.byte_at(paren) != Some(b'(') {
            nodes.text(&self.source[head.start..self.at]);
            return Ok(());
        }
        if self.byte_at(paren) != Some(b'(') {
            paren = 0;
        }
        if paren > 0 {
            self.at = paren;
            args = self.in_parentheses(Self::macro_arguments)?;
            self.skip_line_end();
        }
        let body = if head.with_body { Some(self.body(head)?) } else { None };
        let literal = self.source[head.start..self.at].into();
        let name: Str = head.name.into();
        nodes.push(Node::Call(Arc::new(Call { name, args, body, literal, at: self.place(head.start) })));
        Ok(())
    }

    /// Arguments of a macro: blanks or commas between them.
    fn macro_arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut args = Vec::new();
        loop {
            self.skip_space();
            if !args.is_empty() && self.take(",") {
                self.skip_space();
            }
            if matches!(self.byte(), Some(b')') | None) {
                return Ok(args);
            }
            let start = self.at;
            let expr = if let Some(end) = self.bare_word_end() {
                self.at = end;
                Expr::Text(self.source[start..end].into())
            } else {
                self.nested(Self::primary)?
            };
            args.push(Argument { expr, literal: self.source[start..self.at].into() });
        }
    }

    fn bare_word_end(&self) -> Option<usize> {
        let end = self.name_end(self.at)?;
        (!matches!(&self.source[self.at..end], "true" | "false")).then_some(end)
    }

    /// `$name in expr`.
    fn foreach_clause(&mut self) -> Parsed<(crate::ast::Slot, Expr)> {
        let variable = self.variable_name()?;
        self.skip_space();
        if !self.looking_at("in") || self.name_end(self.at) != Some(self.at + 2) {
            return Err(self.unexpected("`in`"));
        }
        self.at += 2;
        Ok((variable, self.expression()?))
    }

    /// `$name`, `$!name` or `${name}`.
    fn variable_name(&mut self) -> Parsed<crate::ast::Slot> {
        self.skip_space();
        if self.byte() == Some(b'$')
            && let Some(reference) = self.reference()?
            && reference.tail.is_empty()
        {
            return Ok(reference.root);
        }
        Err(self.unexpected("a variable such as `$name`"))
    }

    /// `$target = expr`.
    fn assignment(&mut self) -> Parsed<(crate::ast::Reference, Expr)> {
        self.skip_space();
        let target = if self.byte() == Some(b'$') { self.reference()? } else { None };
        let Some(target) = target else { return Err(self.unexpected("a reference such as `$name`")) };
        self.skip_space();
        if self.looking_at("==") || !self.take("=") {
            return Err(self.unexpected("`=`"));
        }
        Ok((target, self.expression()?))
    }

    fn optional_expression(&mut self) -> Parsed<Option<Expr>> {
        self.skip_space();
        if self.byte() == Some(b')') { Ok(None) } else { self.expression().map(Some) }
    }

    /// Reads `( inner )`. After a mistake in it the cursor goes behind the closing parenthesis, as far as that can be told.
    fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let open = self.after_blanks(self.at);
        if self.byte_at(open) != Some(b'(') {
            self.at = open;
            return Err(self.unexpected("`(`"));
        }
        self.at = open + 1;
        let result = self.nested(inner).and_then(|read| {
            self.skip_space();
            if self.take(")") { Ok(read) } else { Err(self.unexpected("`)`")) }
        });
        if result.is_err() {
            self.at = open;
            self.skip_parentheses();
        }
        result
    }

    /// Steps over `( .. )` without reading it; over the line when it is never closed.
    fn skip_parentheses(&mut self) {
        let start = self.at;
        let open = self.after_blanks(start);
        if self.byte_at(open) != Some(b'(') {
            return;
        }
        let (mut depth, mut quote) = (0usize, None);
        for (offset, byte) in self.source.bytes().enumerate().skip(open) {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'(') => depth += 1,
                (None, b')') => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = offset + 1;
                        return;
                    }
                }
                _ => {}
            }
        }
        let rest = &self.source.as_bytes()[open..];
        self.at = open + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    }
}
