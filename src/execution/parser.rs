//! Query text -> [`Document`]. The only module that knows the library that parses.
//!
//! The work is shared. [`gates`] cuts the text into tokens and bounds it; the library (`async-graphql-parser`) decides
//! whether each definition follows the grammar and what its structure is; names, types and literals are then read from the
//! tokens at the places the library gives. That keeps what the library loses: digits of large numbers, repeated keys of
//! object literals, definitions it would refuse before AppSync's own rules can name them.
//!
//! What the library reads is therefore a *mask* of the text with the same places: strings are emptied, numbers are `0`,
//! comments are blank. It is read one definition at a time, and selection sets below the library's own depth limit (64)
//! are cut out and read separately.

use std::collections::HashMap;

use async_graphql_parser::types::{self as library, DocumentOperations, OperationType};
use async_graphql_parser::{Error, Pos, Positioned, parse_query};
use value::Str;

use super::ast::{
    Argument, Directive, Document, Field, FragmentDefinition, FragmentSpread, InlineFragment, Literal, NonExecutableDefinition,
    Operation, OperationKind, Places, Position, Selection, TypeReference, VariableDefinition,
};
use super::gates::{self, Token, TokenKind};
use super::literal::{block_string_text, string_text};

pub use super::gates::ParseFault;

/// How many selection sets deep the library is asked to read at once; its own limit is 64.
const LIBRARY_DEPTH: usize = 60;

/// Reads a query text.
///
/// Two operations of one name, an anonymous operation among others and type system definitions are *not* faults here: they
/// stay in the document, and validation refuses them in AppSync's words.
///
/// # Errors
/// [`ParseFault`]: bad grammar, or a text beyond the limits of [`gates`].
pub fn parse(query: &str) -> Result<Document, ParseFault> {
    parse_within(query, gates::MAX_TOKENS)
}

/// As [`parse`], with a limit of tokens of one's own.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(query: &str, max_tokens: usize) -> Result<Document, ParseFault> {
    let tokens = gates::scan(query, max_tokens)?;
    let reader = Reader { text: query, tokens: &tokens };
    let mut document = Document::default();
    let mut at = 0;
    if tokens.is_empty() {
        return Err(ParseFault::syntax("the document has no operation", Position { line: 1, column: 1 }));
    }
    while at < tokens.len() {
        at = reader.definition(at, &mut document)?;
    }
    document.places.variables.sort_unstable();
    document.places.type_names.sort_unstable();
    Ok(document)
}

/// The tokens of a text.
struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

/// Tokens that were read by the library together: where they begin, and which selection sets were cut out of them.
struct Region {
    base: Position,
    /// By the place of the `{`.
    deferred: HashMap<Position, Vec<Selection>>,
}

impl Region {
    /// The place in the text of a place in the mask.
    fn position(&self, pos: Pos) -> Position {
        let (line, column) = (u32::try_from(pos.line).unwrap_or(u32::MAX), u32::try_from(pos.column).unwrap_or(u32::MAX));
        let column = if line == 1 { column + self.base.column - 1 } else { column };
        Position { line: line + self.base.line - 1, column }
    }
}

impl<'a> Reader<'a> {
    fn source(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    fn is(&self, at: usize, punctuator: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(punctuator))
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Name)
    }

    fn unexpected(&self, at: usize) -> ParseFault {
        match self.tokens.get(at) {
            Some(token) => ParseFault::syntax(format!("unexpected `{}`", self.source(at)), token.position),
            None => {
                let end = self.tokens.last().map_or(Position { line: 1, column: 1 }, |token| token.position);
                ParseFault::syntax("unexpected end of the document", end)
            }
        }
    }

    /// The token at a place the library gave.
    fn token_at(&self, position: Position) -> Result<usize, ParseFault> {
        self.tokens
            .binary_search_by_key(&position, |token| token.position)
            .map_err(|_| ParseFault::syntax("this cannot be read", position))
    }

    /// Reads the definition that begins with token `at`; gives the token after it.
    fn definition(&self, at: usize, document: &mut Document) -> Result<usize, ParseFault> {
        let position = self.tokens[at].position;
        match self.source(at) {
            "{" | "query" | "mutation" | "subscription" => {
                let end = self.end_of_executable(at)?;
                document.operations.push(self.operation(at, end, &mut document.places)?);
                Ok(end)
            }
            "fragment" => {
                let end = self.end_of_executable(at)?;
                document.fragments.push(self.fragment(at, end, &mut document.places)?);
                Ok(end)
            }
            _ => {
                let (name, end) = self.type_system_definition(at)?;
                document.non_executable.push(NonExecutableDefinition { name, position });
                Ok(end)
            }
        }
    }

    /// The token after the selection set that ends an operation or fragment.
    fn end_of_executable(&self, from: usize) -> Result<usize, ParseFault> {
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                TokenKind::Punctuator(b'{') => return Ok(token.partner + 1),
                TokenKind::Punctuator(b'(' | b'[') => at = token.partner + 1,
                _ => at += 1,
            }
        }
        Err(self.unexpected(self.tokens.len()))
    }

    /// The name by which a type system definition is refused, and the token after it. Its inside is not judged.
    fn type_system_definition(&self, from: usize) -> Result<(Str, usize), ParseFault> {
        let mut at = from;
        let described = matches!(self.tokens[at].kind, TokenKind::String | TokenKind::BlockString);
        at += usize::from(described);
        at += usize::from(self.source(at) == "extend" && !described);
        let keyword = self.source(at);
        let (name, head) = match keyword {
            "schema" => ("schema", at + 1),
            "directive" if self.is(at + 1, b'@') && self.is_name(at + 2) => ("provided", at + 3),
            "scalar" | "type" | "interface" | "union" | "enum" | "input" if self.is_name(at + 1) => (self.source(at + 1), at + 2),
            _ => return Err(self.unexpected(at)),
        };
        let has_body = matches!(keyword, "schema" | "type" | "interface" | "enum" | "input");
        at = head;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                TokenKind::Punctuator(b'{') if has_body => return Ok((name.into(), token.partner + 1)),
                TokenKind::Punctuator(b'{') => break,
                TokenKind::Punctuator(b'(' | b'[') => at = token.partner + 1,
                TokenKind::String | TokenKind::BlockString => break,
                TokenKind::Name if at > head && self.begins_definition(at) => break,
                TokenKind::Name if at == head && self.begins_definition(at) && self.source(at) != "on" => break,
                _ => at += 1,
            }
        }
        Ok((name.into(), at))
    }

    /// Whether the name at `at` is a keyword in a place where a definition may begin.
    fn begins_definition(&self, at: usize) -> bool {
        let keyword = matches!(
            self.source(at),
            "query"
                | "mutation"
                | "subscription"
                | "fragment"
                | "schema"
                | "scalar"
                | "type"
                | "interface"
                | "union"
                | "enum"
                | "input"
                | "directive"
                | "extend"
        );
        keyword && !matches!(self.source(at - 1), "|" | "=" | "&" | "@" | "implements" | "on")
    }

    fn operation(&self, start: usize, end: usize, places: &mut Places) -> Result<Operation, ParseFault> {
        self.note_variables(start, end, places);
        let (region, parsed) = self.read(start, end, "", places)?;
        let operation = only_operation(parsed, self.tokens[start].position)?;
        let named = self.source(start) != "{" && self.is_name(start + 1);
        Ok(Operation {
            kind: match operation.ty {
                OperationType::Query => OperationKind::Query,
                OperationType::Mutation => OperationKind::Mutation,
                OperationType::Subscription => OperationKind::Subscription,
            },
            name: named.then(|| self.source(start + 1).into()),
            variables: operation
                .variable_definitions
                .iter()
                .map(|definition| self.variable_definition(definition, &region, places))
                .collect::<Result<_, _>>()?,
            directives: self.directives(&operation.directives, &region)?,
            selection_set: self.selection_set(&operation.selection_set, &region, places)?,
            position: self.tokens[start].position,
        })
    }

    fn fragment(&self, start: usize, end: usize, places: &mut Places) -> Result<FragmentDefinition, ParseFault> {
        self.note_variables(start, end, places);
        // The library wants an operation in every document.
        let (region, parsed) = self.read(start, end, " {a}", places)?;
        let position = self.tokens[start].position;
        let Some((_, fragment)) = parsed.fragments.into_iter().next() else {
            return Err(self.unexpected(start));
        };
        let fragment = fragment.node;
        let condition = self.token_at(region.position(fragment.type_condition.node.on.pos))?;
        places.type_names.push(self.tokens[condition].position);
        Ok(FragmentDefinition {
            name: self.source(start + 1).into(),
            type_condition: self.source(condition).into(),
            directives: self.directives(&fragment.directives, &region)?,
            selection_set: self.selection_set(&fragment.selection_set, &region, places)?,
            position,
        })
    }

    fn note_variables(&self, start: usize, end: usize, places: &mut Places) {
        let used = (start..end).filter(|at| self.is(*at, b'$') && !self.is(at + 2, b':'));
        places.variables.extend(used.map(|at| self.tokens[at].position));
    }

    /// Lets the library read the tokens `start..end`, after the selection sets too deep for it have been read on their own.
    fn read(
        &self,
        start: usize,
        end: usize,
        suffix: &str,
        places: &mut Places,
    ) -> Result<(Region, library::ExecutableDocument), ParseFault> {
        let base = self.tokens[start].position;
        let mut region = Region { base, deferred: HashMap::new() };
        let mut mask = Mask { text: String::new(), position: base };
        let mut open_sets: Vec<usize> = Vec::new();
        let mut at = start;
        while at < end {
            let token = &self.tokens[at];
            match token.kind {
                // Everything in parentheses is arguments or variable definitions: no selection set begins there.
                TokenKind::Punctuator(b'(') => {
                    let closing = token.partner;
                    while at <= closing {
                        at = self.mask(at, &mut mask);
                    }
                    continue;
                }
                TokenKind::Punctuator(b'{') if open_sets.len() == LIBRARY_DEPTH => {
                    mask.write("{a}", token.position);
                    let (inner, parsed) = self.read(at, token.partner + 1, "", places)?;
                    let operation = only_operation(parsed, token.position)?;
                    let selections = self.selection_set(&operation.selection_set, &inner, places)?;
                    region.deferred.insert(token.position, selections);
                    at = token.partner + 1;
                    continue;
                }
                TokenKind::Punctuator(b'{') => open_sets.push(at),
                TokenKind::Punctuator(b'}') => drop(open_sets.pop()),
                _ => {}
            }
            at = self.mask(at, &mut mask);
        }
        mask.text.push_str(suffix);
        match parse_query(&mask.text) {
            Ok(parsed) => Ok((region, parsed)),
            Err(Error::Syntax { message, start, .. }) => {
                let position = region.position(start);
                // The library's text draws the mask; its last line names what was expected.
                let expected = message.lines().rev().find_map(|line| line.trim().strip_prefix("= "));
                Err(ParseFault::syntax(expected.unwrap_or("this does not follow the grammar"), position))
            }
            Err(Error::RecursionLimitExceeded) => Err(ParseFault::TooDeep { position: base }),
            Err(other) => Err(ParseFault::syntax(other.to_string(), base)),
        }
    }

    /// Writes token `at` into the mask, or the whole type that begins there; gives the token after it.
    fn mask(&self, at: usize, mask: &mut Mask) -> usize {
        let token = &self.tokens[at];
        let source = self.source(at);
        match token.kind {
            TokenKind::Int | TokenKind::Float => mask.write("0", token.position),
            TokenKind::String | TokenKind::BlockString => mask.write("\"\"", token.position),
            // The library takes `trueish` for `true` followed by `ish`.
            TokenKind::Name if ["true", "false", "null"].iter().any(|word| source.starts_with(word) && source != *word) => {
                mask.write("x", token.position);
                mask.push(&source[1..]);
            }
            TokenKind::Name | TokenKind::Punctuator(b'.') => mask.write(source, token.position),
            // `$name: type`; the library knows no blanks inside a type.
            TokenKind::Punctuator(b':') if at >= 2 && self.is(at - 2, b'$') => {
                mask.write(":", token.position);
                let mut next = at + 1;
                while let Some(part) = self.tokens.get(next)
                    && (part.is(b'[')
                        || part.is(b']')
                        || part.is(b'!')
                        || (part.kind == TokenKind::Name && !self.is_name(next - 1)))
                {
                    if next == at + 1 {
                        mask.write(self.source(next), part.position);
                    } else {
                        mask.push(self.source(next));
                    }
                    next += 1;
                }
                return next;
            }
            TokenKind::Punctuator(_) => mask.write(source, token.position),
        }
        at + 1
    }

    fn variable_definition(
        &self,
        definition: &Positioned<library::VariableDefinition>,
        region: &Region,
        places: &mut Places,
    ) -> Result<VariableDefinition, ParseFault> {
        let position = region.position(definition.pos);
        let at = self.token_at(position)?;
        let (ty, name_at) = self.type_reference(self.token_at(region.position(definition.node.var_type.pos))?)?;
        places.type_names.push(self.tokens[name_at].position);
        let default = match &definition.node.default_value {
            Some(value) => Some(self.literal(self.token_at(region.position(value.pos))?)?.0),
            None => None,
        };
        let directives = self.directives(&definition.node.directives, region)?;
        Ok(VariableDefinition { name: self.source(at + 1).into(), ty, default, directives, position })
    }

    /// The type that begins with token `at`, and the token of its name.
    fn type_reference(&self, at: usize) -> Result<(TypeReference, usize), ParseFault> {
        let mut name_at = at;
        while self.is(name_at, b'[') {
            name_at += 1;
        }
        if !self.is_name(name_at) {
            return Err(self.unexpected(name_at));
        }
        let mut ty = TypeReference::Named(self.source(name_at).into());
        let mut next = name_at + 1;
        let mut lists = name_at - at;
        loop {
            if self.is(next, b'!') {
                ty = TypeReference::NonNull(Box::new(ty));
                next += 1;
            }
            if lists == 0 {
                return Ok((ty, name_at));
            }
            if !self.is(next, b']') {
                return Err(self.unexpected(next));
            }
            ty = TypeReference::List(Box::new(ty));
            next += 1;
            lists -= 1;
        }
    }

    fn directives(&self, directives: &[Positioned<library::Directive>], region: &Region) -> Result<Vec<Directive>, ParseFault> {
        let directive = |directive: &Positioned<library::Directive>| {
            Ok(Directive {
                name: self.name(&directive.node.name, region)?,
                arguments: self.arguments(&directive.node.arguments, region)?,
                position: region.position(directive.pos),
            })
        };
        directives.iter().map(directive).collect()
    }

    fn arguments(
        &self,
        arguments: &[(Positioned<async_graphql_value::Name>, Positioned<async_graphql_value::Value>)],
        region: &Region,
    ) -> Result<Vec<Argument>, ParseFault> {
        let argument = |(name, value): &(Positioned<async_graphql_value::Name>, Positioned<async_graphql_value::Value>)| {
            Ok(Argument {
                name: self.name(name, region)?,
                value: self.literal(self.token_at(region.position(value.pos))?)?.0,
                position: region.position(name.pos),
            })
        };
        arguments.iter().map(argument).collect()
    }

    /// The name as written; the library may have seen it masked.
    fn name(&self, name: &Positioned<async_graphql_value::Name>, region: &Region) -> Result<Str, ParseFault> {
        Ok(self.source(self.token_at(region.position(name.pos))?).into())
    }

    /// The literal that begins with token `at`, and the token after it. Nesting is bounded by [`gates`].
    fn literal(&self, at: usize) -> Result<(Literal, usize), ParseFault> {
        let Some(token) = self.tokens.get(at) else {
            return Err(self.unexpected(at));
        };
        let source = self.source(at);
        let literal = match token.kind {
            TokenKind::Punctuator(b'$') => return Ok((Literal::Variable(self.source(at + 1).into()), at + 2)),
            TokenKind::Punctuator(b'[') => {
                let mut items = Vec::new();
                let mut next = at + 1;
                while next < token.partner {
                    let (item, after) = self.literal(next)?;
                    items.push(item);
                    next = after;
                }
                return Ok((Literal::List(items), token.partner + 1));
            }
            TokenKind::Punctuator(b'{') => {
                let mut fields = Vec::new();
                let mut next = at + 1;
                while next < token.partner {
                    let (value, after) = self.literal(next + 2)?;
                    fields.push((self.source(next).into(), value));
                    next = after;
                }
                return Ok((Literal::Object(fields), token.partner + 1));
            }
            TokenKind::Int => Literal::Int(source.into()),
            TokenKind::Float => Literal::Float(source.into()),
            TokenKind::String => {
                let text = string_text(&source[1..source.len() - 1]);
                Literal::String(text.map_err(|message| ParseFault::syntax(message, token.position))?.into())
            }
            TokenKind::BlockString => Literal::String(block_string_text(&source[3..source.len() - 3]).into()),
            TokenKind::Name => match source {
                "true" => Literal::Boolean(true),
                "false" => Literal::Boolean(false),
                "null" => Literal::Null,
                _ => Literal::Enum(source.into()),
            },
            TokenKind::Punctuator(_) => return Err(self.unexpected(at)),
        };
        Ok((literal, at + 1))
    }

    fn selection_set(
        &self,
        set: &Positioned<library::SelectionSet>,
        region: &Region,
        places: &mut Places,
    ) -> Result<Vec<Selection>, ParseFault> {
        if set.node.items.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(selections) = region.deferred.get(&region.position(set.pos)) {
            return Ok(selections.clone());
        }
        set.node.items.iter().map(|selection| self.selection(selection, region, places)).collect()
    }

    fn selection(
        &self,
        selection: &Positioned<library::Selection>,
        region: &Region,
        places: &mut Places,
    ) -> Result<Selection, ParseFault> {
        let position = region.position(selection.pos);
        Ok(match &selection.node {
            library::Selection::Field(field) => Selection::Field(Field {
                alias: field.node.alias.as_ref().map(|alias| self.name(alias, region)).transpose()?,
                name: self.name(&field.node.name, region)?,
                arguments: self.arguments(&field.node.arguments, region)?,
                directives: self.directives(&field.node.directives, region)?,
                selection_set: self.selection_set(&field.node.selection_set, region, places)?,
                position,
            }),
            library::Selection::FragmentSpread(spread) => Selection::FragmentSpread(FragmentSpread {
                name: self.name(&spread.node.fragment_name, region)?,
                directives: self.directives(&spread.node.directives, region)?,
                position,
            }),
            library::Selection::InlineFragment(fragment) => {
                let type_condition = match &fragment.node.type_condition {
                    Some(condition) => {
                        let at = self.token_at(region.position(condition.node.on.pos))?;
                        places.type_names.push(self.tokens[at].position);
                        Some(self.source(at).into())
                    }
                    None => None,
                };
                Selection::InlineFragment(InlineFragment {
                    type_condition,
                    directives: self.directives(&fragment.node.directives, region)?,
                    selection_set: self.selection_set(&fragment.node.selection_set, region, places)?,
                    position,
                })
            }
        })
    }
}

fn only_operation(parsed: library::ExecutableDocument, position: Position) -> Result<library::OperationDefinition, ParseFault> {
    let operation = match parsed.operations {
        DocumentOperations::Single(operation) => Some(operation.node),
        DocumentOperations::Multiple(operations) => operations.into_values().next().map(|operation| operation.node),
    };
    operation.ok_or_else(|| ParseFault::syntax("the document has no operation", position))
}

/// The text the library reads, every token at the place it has in the query.
struct Mask {
    text: String,
    /// The place of the next character.
    position: Position,
}

impl Mask {
    fn write(&mut self, text: &str, place: Position) {
        while self.position.line < place.line {
            self.text.push('\n');
            self.position = Position { line: self.position.line + 1, column: 1 };
        }
        while self.position.column < place.column {
            self.text.push(' ');
            self.position.column += 1;
        }
        self.push(text);
    }

    /// Writes right after what was written last.
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.position.column += u32::try_from(text.len()).unwrap_or(u32::MAX);
    }
}

#[cfg(test)]
mod tests;
