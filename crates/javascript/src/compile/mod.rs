//! From oxc's tree of one file to [`code`](crate::code).
//!
//! The tree must be JavaScript (TypeScript was taken out before) and well-formed. Names become slots; what the language has and this
//! evaluator does not have is refused here, so that an evaluation never meets it.

mod assign;
mod chain;
mod expression;
mod function;
mod link;
mod literal;
mod loops;
mod module;
mod pattern;
mod scope;
mod statement;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use oxc::ast::ast::Program as Tree;
use oxc::semantic::{Scoping, SymbolId};
use oxc::span::Span;
use value::Str;

use crate::code::{Constant, FunctionCode, StringId};
pub(crate) use link::{FileData, Found, ProgramData};
pub use link::{LinkError, Program, Target, link};
pub use module::{ExportSlot, ExportedName, FileCode, Imported, ImportedFrom, ImportedName};
use scope::{Frame, Home};

/// Why code cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong.
    pub message: String,
    /// Byte offset into the file's text.
    pub offset: usize,
    /// A way out.
    pub help: Option<String>,
}

/// How deeply statements and expressions may be nested.
pub const MAX_NESTING: usize = 500;

/// Names that code has without importing them.
#[derive(Clone, Copy, Debug)]
pub struct Implicit<'i> {
    /// What an import of them would stand `from`.
    pub source: &'i str,
    /// The names.
    pub names: &'i [&'i str],
}

/// At every so many levels the evaluator looks at the machine's stack.
const LOOK_EVERY: usize = 24;

/// Compiles one file; `file` is the number that places carry. Names of `implicit` that nothing declares are taken from there.
///
/// # Errors
/// Everything in the file that this evaluator does not have.
pub fn compile_file<'c>(
    program: &Tree<'_>,
    scoping: &'c Scoping,
    file: usize,
    text: &str,
    implicit: Option<Implicit<'c>>,
) -> Result<FileCode, Vec<CompileError>> {
    let mut compiler = Compiler::new(scoping, text);
    compiler.implicit = implicit;
    let code = compiler.module(program, file);
    if compiler.errors.is_empty() {
        return Ok(code);
    }
    let mut errors = compiler.errors;
    errors.sort_by_key(|error| error.offset);
    errors.dedup();
    Err(errors)
}

/// A file under way.
struct Compiler<'c> {
    scoping: &'c Scoping,
    text: Str,
    strings: HashMap<Constant, StringId>,
    functions: Vec<FunctionCode>,
    errors: Vec<CompileError>,
    /// The functions around the place that is compiled, outermost first.
    frames: Vec<Frame>,
    homes: HashMap<SymbolId, Home>,
    /// Variables that were read where they may not be declared yet.
    checked: HashSet<SymbolId>,
    /// Parameters that have no value yet where the defaults of others are compiled; those that closures share have a cell.
    pending: HashSet<SymbolId>,
    /// Scopes of `switch`, whose declarations can be jumped over.
    switch_scopes: HashSet<oxc::semantic::ScopeId>,
    globals: Vec<Str>,
    imports: Vec<ImportedFrom>,
    /// Names below imports: the import binding and the way from it.
    linked: HashMap<(u32, Vec<Str>), u32>,
    /// Import bindings in order.
    bindings: Vec<(usize, Imported)>,
    implicit: Option<Implicit<'c>>,
    /// Which of the imports is the implicit one, if it was needed.
    implicit_import: Option<usize>,
    level: usize,
    next_target: u32,
    /// The next import that an `export … from` is.
    next_from: usize,
}

impl<'c> Compiler<'c> {
    fn new(scoping: &'c Scoping, text: &str) -> Self {
        Self {
            scoping,
            text: text.into(),
            strings: HashMap::new(),
            functions: Vec::new(),
            errors: Vec::new(),
            frames: Vec::new(),
            homes: HashMap::new(),
            checked: HashSet::new(),
            pending: HashSet::new(),
            switch_scopes: HashSet::new(),
            globals: Vec::new(),
            imports: Vec::new(),
            linked: HashMap::new(),
            bindings: Vec::new(),
            implicit: None,
            implicit_import: None,
            level: 0,
            next_target: 0,
            next_from: 0,
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: Option<&str>) {
        // One file can hold thousands of the same mistake.
        if self.errors.len() < 100 {
            self.errors.push(CompileError {
                message: message.into(),
                offset: span.start as usize,
                help: help.map(str::to_owned),
            });
        }
    }

    fn unsupported(&mut self, span: Span, what: &str) {
        self.error(span, format!("{what} are not supported"), None);
    }

    fn string(&mut self, constant: Constant) -> StringId {
        let next = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
        *self.strings.entry(constant).or_insert(next)
    }

    fn text_constant(&mut self, text: &str) -> StringId {
        self.string(Constant::Text(text.into()))
    }

    fn strings_in_order(&mut self) -> Box<[Constant]> {
        let mut strings: Vec<(Constant, u32)> = std::mem::take(&mut self.strings).into_iter().collect();
        strings.sort_by_key(|(_, at)| *at);
        strings.into_iter().map(|(constant, _)| constant).collect()
    }

    /// Runs `compile` one level deeper; what is too deep is reported and left out.
    fn deeper<T>(&mut self, span: Span, compile: impl FnOnce(&mut Self) -> T) -> Option<(T, bool)> {
        if self.level >= MAX_NESTING {
            let message = format!("the code is nested deeper than {MAX_NESTING} levels");
            self.error(span, message, Some("split it into several statements or functions"));
            return None;
        }
        self.level += 1;
        let look = self.level.is_multiple_of(LOOK_EVERY);
        // The compiler recurses as deep as the code is nested.
        let compiled = if look { crate::with_stack(|| compile(self)) } else { compile(self) };
        self.level -= 1;
        Some((compiled, look))
    }

    fn target(&mut self) -> u32 {
        self.next_target += 1;
        self.next_target
    }
}

/// A string of oxc's, which writes a lone surrogate as U+FFFD and four hexadecimal digits where it says so.
fn constant(text: &str, lone_surrogates: bool) -> Constant {
    if !lone_surrogates {
        return Constant::Text(text.into());
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{FFFD}') {
        units.extend(rest[..at].encode_utf16());
        let digits = at + '\u{FFFD}'.len_utf8();
        let unit = rest.get(digits..digits + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        units.push(unit.unwrap_or(0xFFFD));
        rest = rest.get(digits + 4..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    match String::from_utf16(&units) {
        Ok(text) => Constant::Text(text.into()),
        Err(_) => Constant::Units(Arc::from(units)),
    }
}
