//! SDL documents to a [`TypeSystem`], with every problem found on the way.
//!
//! A document is scanned ([`super::scan`]), parsed and validated by the GraphQL rules together with all others and the
//! prelude, then held against what AppSync accepts ([`super::rules`]) and turned into look-up tables ([`super::build`]).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition, SchemaBuilder};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Schema};
use indexmap::IndexMap;
use value::Str;

use super::scan::{self, Scan};
use super::{TypeSystem, build, descriptions, findings, prelude, prune, rules};
use crate::diagnostic::{Diagnostic, Place, Severity, Source};

/// How much SDL a schema may have (AppSync quotas).
pub const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// How many findings are listed one by one; nobody reads more, and rendering them would take its time.
pub(super) const MAX_FINDINGS: usize = 500;

/// How the schema is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What works here but is refused by AWS is an error instead of a warning.
    pub strict: bool,
    /// How much SDL is read, all documents together, in bytes.
    pub max_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { strict: false, max_bytes: MAX_SCHEMA_BYTES }
    }
}

/// What became of the documents.
#[derive(Debug)]
pub struct Loaded {
    /// The types; `None` exactly when a diagnostic is an error.
    pub type_system: Option<TypeSystem>,
    /// The names of all types and their fields, also when there are errors; `None` when a document does not parse.
    pub field_names: Option<FieldNames>,
    /// Everything found, by document and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Each type with the names of its fields; `None` for a type whose fields have no resolvers.
pub type FieldNames = IndexMap<Str, Option<Vec<Str>>>;

/// Loads the documents as one schema.
#[must_use]
pub fn load(documents: &[Arc<Source>], options: Options) -> Loaded {
    let mut diagnostics = Vec::new();
    let mut field_names = None;
    let type_system = read(documents, options, &mut field_names, &mut diagnostics);
    let document_of = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref()?;
        let at = documents.iter().position(|document| Arc::ptr_eq(document, &place.source))?;
        Some((at, place.span.start))
    };
    diagnostics.sort_by_cached_key(document_of);
    let mut refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if type_system.is_none() && !refused {
        // A valid schema always gives tables; should it not, that must not pass for success.
        diagnostics.push(Diagnostic::error("invalid-schema", "the schema cannot be resolved: a name in it leads nowhere"));
        refused = true;
    }
    if diagnostics.len() > MAX_FINDINGS {
        // Errors first, so that none hides behind five hundred warnings.
        diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        let more = diagnostics.split_off(MAX_FINDINGS);
        let worst = more.iter().map(|diagnostic| diagnostic.severity).max().unwrap_or(Severity::Warning);
        diagnostics.sort_by_cached_key(document_of);
        let message = format!("{} more findings are not listed", more.len());
        diagnostics.push(Diagnostic {
            severity: worst,
            ..Diagnostic::warning("more-findings", message).help("mend some of these first")
        });
    }
    for diagnostic in &mut diagnostics {
        diagnostic.help.get_or_insert_with(|| findings::way_out(diagnostic.rule).to_owned());
    }
    Loaded { type_system: type_system.filter(|_| !refused), field_names, diagnostics }
}

/// The names that resolvers can be attached to.
fn names_of_fields(schema: &Schema) -> FieldNames {
    let names = |fields: &apollo_compiler::collections::IndexMap<Name, Component<FieldDefinition>>| {
        Some(fields.keys().map(|name| Str::from(name.as_str())).collect())
    };
    let fields = |definition: &ExtendedType| match definition {
        ExtendedType::Object(node) => names(&node.fields),
        ExtendedType::Interface(node) => names(&node.fields),
        _ => None,
    };
    schema.types.iter().map(|(name, definition)| (Str::from(name.as_str()), fields(definition))).collect()
}

fn read(
    documents: &[Arc<Source>],
    options: Options,
    field_names: &mut Option<FieldNames>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<TypeSystem> {
    let size: usize = documents.iter().map(|document| document.text.len()).sum();
    if size > options.max_bytes {
        let message = format!("the schema has {size} bytes, {} are allowed", options.max_bytes);
        let help = "AppSync takes 1 MiB: split the API, or shorten descriptions; `schema_size` in [api.limits] allows more here";
        let finding = Diagnostic::error("schema-too-large", message).help(help);
        // The document that weighs most is where to begin.
        let largest = documents.iter().max_by_key(|document| document.text.len());
        diagnostics.extend(largest.map(|document| finding.at(document, 0..0)));
        return None;
    }
    let scans: Vec<Scan> = documents.iter().map(|document| scan::scan(&document.text)).collect();
    let mut too_deep = false;
    for (document, scan) in documents.iter().zip(&scans) {
        if let Some(span) = &scan.too_deep {
            too_deep = true;
            let message = format!("brackets are nested deeper than {} levels", value::MAX_DEPTH);
            diagnostics.push(Diagnostic::error("nesting-too-deep", message).at(document, span.clone()));
        }
        for span in &scan.semicolons {
            diagnostics.push(
                Diagnostic::warning("stray-semicolon", "GraphQL has no `;`")
                    .help("AWS skips it, and so does Syncgate; remove it, because other tools refuse it")
                    .at(document, span.clone()),
            );
        }
        for span in &scan.extensions {
            let message = "type extensions work here, not on AWS";
            let help = "move what the extension adds into the definition";
            diagnostics.push(unsupported(options, "type-extension", message).help(help).at(document, span.clone()));
        }
    }
    if too_deep {
        return None;
    }

    let (built, syntax_ok) = parse(documents, &scans, diagnostics);
    let mut schema = built;
    let places = Places { documents, files: Arc::clone(&schema.sources) };
    descriptions::from_comments(&mut schema, |span| {
        let (at, offset) = places.locate(span)?;
        scans[at].comments.get(&offset).map(String::as_str)
    });
    // After a syntax error half of the definitions are missing, and complaints about them would be noise.
    if !syntax_ok {
        return None;
    }
    let mut schema = match schema.validate() {
        Ok(valid) => valid.into_inner(),
        Err(with_errors) => {
            report(&with_errors.errors, &with_errors.partial, &places, diagnostics);
            with_errors.partial
        }
    };
    *field_names = Some(names_of_fields(&schema));
    rules::check(&schema, options, &places, diagnostics);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return None;
    }
    // What is left of the library's findings are warnings: unknown directives, which nothing reads.
    prune::unused(&mut schema, |span| span.is_none_or(|span| places.locate(span).is_some()));
    build::build(Valid::assume_valid(schema))
}

/// Parses everything; false when a document has a syntax error.
fn parse(documents: &[Arc<Source>], scans: &[Scan], diagnostics: &mut Vec<Diagnostic>) -> (Schema, bool) {
    let scalars: HashSet<&str> = scans.iter().flat_map(|scan| &scan.scalars).map(String::as_str).collect();
    let directives: HashSet<&str> = scans.iter().flat_map(|scan| &scan.directives).map(String::as_str).collect();
    let mut builder = SchemaBuilder::new().ignore_builtin_redefinitions();
    for (at, (document, scan)) in documents.iter().zip(scans).enumerate() {
        // An empty document adds nothing; to the parser it would be a syntax error.
        if scan.is_empty {
            continue;
        }
        let text = scan.rewritten.as_ref().unwrap_or(&document.text);
        // The library knows a file by its path; ours is the document's number.
        Parser::new().parse_into_schema_builder(text.as_str(), at.to_string(), &mut builder);
    }
    Parser::new().parse_into_schema_builder(prelude::text(&scalars, &directives), PRELUDE, &mut builder);
    match builder.build() {
        Ok(schema) => (schema, true),
        Err(with_errors) => {
            let places = Places { documents, files: Arc::clone(&with_errors.partial.sources) };
            let syntax_ok = report(&with_errors.errors, &with_errors.partial, &places, diagnostics);
            (with_errors.partial, syntax_ok)
        }
    }
}

const PRELUDE: &str = "prelude";

/// Adds the library's findings; false when one of them is a syntax error.
fn report(errors: &DiagnosticList, schema: &Schema, places: &Places<'_>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let mut syntax_ok = true;
    let mut known = HashSet::new();
    let mut broken_files = HashSet::new();
    let mut known_types = findings::KnownTypes::of(schema);
    for error in errors.iter() {
        let mut diagnostic = findings::translate(error.error, &mut known_types);
        syntax_ok &= diagnostic.rule != findings::SYNTAX;
        let span = findings::span(error.error);
        // The first syntax error of a document explains it; what follows is mostly the parser finding its feet again.
        if diagnostic.rule == findings::SYNTAX && !broken_files.insert(span.map(|span| span.file_id())) {
            continue;
        }
        // The library says some things twice.
        if known.insert((span, diagnostic.message.clone())) {
            diagnostic.place = span.and_then(|span| places.place(span));
            if diagnostic.rule == findings::SYNTAX {
                findings::name_what_was_found(&mut diagnostic);
            }
            diagnostics.push(diagnostic);
        }
    }
    syntax_ok
}

/// A finding about what works here and not on AWS.
pub(super) fn unsupported(options: Options, rule: &'static str, message: impl Into<String>) -> Diagnostic {
    if options.strict { Diagnostic::error(rule, message) } else { Diagnostic::warning(rule, message) }
}

/// From the library's positions to the user's documents.
pub(super) struct Places<'a> {
    documents: &'a [Arc<Source>],
    files: SourceMap,
}

impl Places<'_> {
    /// The number of the user's document and the offset in it; `None` in the prelude and in built-in definitions.
    fn locate(&self, span: SourceSpan) -> Option<(usize, usize)> {
        let at: usize = self.files.get(&span.file_id())?.path().to_str()?.parse().ok()?;
        (at < self.documents.len()).then(|| (at, span.offset()))
    }

    /// The place of `span`, cut to what is worth underlining: no description, one line.
    pub(super) fn place(&self, span: SourceSpan) -> Option<Place> {
        let (at, start) = self.locate(span)?;
        let source = &self.documents[at];
        let end = span.end_offset().min(source.text.len());
        Some(Place { source: Arc::clone(source), span: first_line(&source.text, start.min(end)..end) })
    }

    /// `diagnostic` with the place of `span`.
    pub(super) fn at(&self, diagnostic: Diagnostic, span: Option<SourceSpan>) -> Diagnostic {
        Diagnostic { place: span.and_then(|span| self.place(span)), ..diagnostic }
    }
}

fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let start = scan::after_description(text, span.start);
    let start = if start < span.end { start } else { span.start };
    let end = text.get(start..span.end).and_then(|part| part.find('\n')).map_or(span.end, |length| start + length);
    let trimmed = text.get(start..end).map_or(end, |part| start + part.trim_end().len());
    start..trimmed.max(start)
}
