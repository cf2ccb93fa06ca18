//! One file: parse, check, strip types, compile.

use std::ops::Range;

use javascript::{ExportedName, FileCode, Implicit, ImportedFrom};
use oxc::allocator::Allocator;
use oxc::ast::ast::{BindingIdentifier, ImportDeclarationSpecifier, ImportOrExportKind, Program, Statement};
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::Parser;
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{SourceType, Span};
use oxc::transformer::{TransformOptions, Transformer};

use super::{CompileOptions, rules};
use crate::finding::{Findings, Severity};
use crate::host;

/// The parser, the checks and the printer recurse with the code's nesting, and 32 KB of code can nest 30,000 deep. They run
/// on a stack that holds this; pages that are not reached cost nothing.
const STACK_PER_CHARACTER: usize = 8 * 1024;
const STACK_BASE: usize = 4 * 108 * 1024;

/// AppSync's runtime has these without an import, too.
const IMPLICIT: Implicit<'static> = Implicit { source: host::MODULES[0], names: &["util", "extensions", "runtime"] };

/// One file.
#[derive(Default)]
pub(crate) struct Analyzed {
    /// `None` after an error.
    pub(crate) code: Option<FileCode>,
    /// What it imports, also after an error.
    pub(crate) imports: Vec<ImportedFrom>,
}

/// Analyzes `text`, file `number` of its program, reporting into `findings`. After an error there may be no code.
pub(crate) fn analyze(
    path: &str,
    text: &str,
    number: usize,
    is_entry: bool,
    options: &CompileOptions,
    findings: &mut Findings<'_>,
) -> Analyzed {
    let stack = STACK_BASE + text.len() * STACK_PER_CHARACTER;
    let result = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("appsync-js-check".into())
            .stack_size(stack)
            .spawn_scoped(scope, || {
                let mut findings = Findings::new(path, text);
                let analyzed = analyze_here(path, text, number, is_entry, options, &mut findings);
                (analyzed, findings.found)
            })
            .map_err(|error| format!("no thread to check the code on: {error}"))
            .and_then(|handle| handle.join().map_err(|_| "the checker failed on this code".to_owned()))
    });
    match result {
        Ok((analyzed, mut found)) => {
            findings.found.append(&mut found);
            analyzed
        }
        Err(message) => {
            findings.error("internal", 0..0, message, None);
            Analyzed::default()
        }
    }
}

fn analyze_here(
    path: &str,
    text: &str,
    number: usize,
    is_entry: bool,
    options: &CompileOptions,
    findings: &mut Findings<'_>,
) -> Analyzed {
    let typescript = path.ends_with(".ts");
    let source_type = if typescript { SourceType::ts().with_module(true) } else { SourceType::mjs() };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source_type).parse();
    let mut program = parsed.program;
    if !parsed.diagnostics.is_empty() || parsed.panicked {
        for diagnostic in parsed.diagnostics {
            syntax_error(&diagnostic, typescript, findings);
        }
        if findings.found.is_empty() {
            findings.error("syntax", 0..0, "the code could not be parsed".to_owned(), None);
        }
        return Analyzed::default();
    }
    let semantic = SemanticBuilder::new_compiler().with_enum_eval(true).build(&program);
    for diagnostic in semantic.diagnostics {
        syntax_error(&diagnostic, typescript, findings);
    }
    let scoping = semantic.semantic.into_scoping();
    check_imports(&program, &scoping, typescript, findings);
    rules::check(&program, &scoping, is_entry, options.strict, findings);
    if findings.found.iter().any(|finding| finding.rule == "syntax") {
        return Analyzed::default();
    }

    let handlers = if is_entry { declared_handlers(&program) } else { Vec::new() };
    let transform = TransformOptions::default();
    let transformed =
        Transformer::new(&allocator, std::path::Path::new(path), &transform).build_with_scoping(scoping, &mut program);
    for diagnostic in transformed.diagnostics {
        syntax_error(&diagnostic, typescript, findings);
    }

    // The transformer moved and made nodes: names are looked up anew.
    let scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
    let code = match javascript::compile_file(&program, &scoping, number, text, Some(IMPLICIT)) {
        Ok(code) => code,
        Err(errors) => {
            for error in errors {
                // What a rule has refused already is said once.
                if !findings
                    .found
                    .iter()
                    .any(|finding| finding.severity == Severity::Error && finding.span.contains(&error.offset))
                {
                    findings.error("unsupported", error.offset..error.offset, error.message, error.help);
                }
            }
            return Analyzed { code: None, imports: sources(&program) };
        }
    };
    for (name, span) in handlers {
        let exported = code.exports.iter().any(|export| exported_as(export) == Some(&name));
        if !exported {
            let message = format!("the function {name} is not exported, so that it is never called");
            findings.error("unexported-handler", span, message, Some(format!("export function {name}(ctx) {{ ... }}")));
        }
    }
    if is_entry && !code.exports.iter().any(may_be_handler) {
        findings.error(
            "missing-handlers",
            0..0,
            "the code exports neither a request nor a response handler".to_owned(),
            Some("export function request(ctx) { ... } and export function response(ctx) { ... }".to_owned()),
        );
    }
    let imports = code.imports.clone();
    Analyzed { code: Some(code), imports }
}

/// What a file that was not compiled imports, so that those files are looked at too.
fn sources(program: &Program<'_>) -> Vec<ImportedFrom> {
    let found = program.body.iter().filter_map(|statement| {
        let (kind, source) = match statement {
            Statement::ImportDeclaration(import) => (import.import_kind, &import.source),
            Statement::ExportFromDeclaration(export) => (export.export_kind, &export.source),
            Statement::ExportAllDeclaration(export) => (export.export_kind, &export.source),
            _ => return None,
        };
        let import = ImportedFrom { source: source.value.to_string(), offset: source.span.start as usize, names: Vec::new() };
        (kind != ImportOrExportKind::Type).then_some(import)
    });
    found.collect()
}

/// The functions at the top that are called like handlers.
fn declared_handlers(program: &oxc::ast::ast::Program<'_>) -> Vec<(String, Range<usize>)> {
    let declared = program.body.iter().filter_map(|statement| match statement {
        oxc::ast::ast::Statement::FunctionDeclaration(function) => function.id.as_ref(),
        _ => None,
    });
    declared
        .filter(|name| name.name == "request" || name.name == "response")
        .map(|name| (name.name.to_string(), name.span.start as usize..name.span.end as usize))
        .collect()
}

/// The name that an export has outside; `None` for `export * from`.
pub(super) fn exported_as(export: &ExportedName) -> Option<&String> {
    match export {
        ExportedName::Local { exported, .. } | ExportedName::From { exported, .. } | ExportedName::Namespace { exported, .. } => {
            Some(exported)
        }
        ExportedName::All { .. } => None,
    }
}

/// Whether an export of the entry is a handler, or may hide one (`export * from`).
fn may_be_handler(export: &ExportedName) -> bool {
    exported_as(export).is_none_or(|exported| exported == "request" || exported == "response")
}

fn syntax_error(diagnostic: &OxcDiagnostic, typescript: bool, findings: &mut Findings<'_>) {
    let span = diagnostic.labels.first().map_or(0..0, |label| label.offset() as usize..(label.offset() + label.len()) as usize);
    let mut help = diagnostic.help.as_ref().map(ToString::to_string);
    if help.is_none() && !typescript && diagnostic.message.to_lowercase().contains("typescript") {
        help = Some("name the file .ts to use TypeScript".to_owned());
    }
    findings.error("syntax", span, diagnostic.message.to_string(), help);
}

pub(super) fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Reports sources that do not exist and names that the host's modules do not export.
fn check_imports(program: &Program<'_>, scoping: &Scoping, typescript: bool, findings: &mut Findings<'_>) {
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(import) if import.import_kind != ImportOrExportKind::Type => {
                // TypeScript erases what is only used as a type, with or without the word `type`.
                let erased = |specifier: &ImportDeclarationSpecifier<'_>| unused_as_value(specifier.local(), scoping);
                if typescript && import.specifiers.as_ref().is_some_and(|specifiers| specifiers.iter().all(erased)) {
                    continue;
                }
                let Some(index) = check_source(&import.source.value, range(import.source.span), findings) else { continue };
                for specifier in import.specifiers.iter().flatten() {
                    let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier else { continue };
                    let name = specifier.imported.name();
                    let unused = unused_as_value(&specifier.local, scoping);
                    // Types are erased; JavaScript people import them for their doc comments.
                    let is_type = specifier.import_kind == ImportOrExportKind::Type
                        || unused && (typescript || name.starts_with(char::is_uppercase));
                    if !is_type {
                        check_export(index, &name, range(specifier.span), findings);
                    }
                }
            }
            Statement::ExportFromDeclaration(export) if export.export_kind != ImportOrExportKind::Type => {
                let Some(index) = check_source(&export.source.value, range(export.source.span), findings) else { continue };
                for specifier in &export.specifiers {
                    check_export(index, &specifier.local.name(), range(specifier.span), findings);
                }
            }
            Statement::ExportAllDeclaration(export) if export.export_kind != ImportOrExportKind::Type => {
                check_source(&export.source.value, range(export.source.span), findings);
            }
            _ => {}
        }
    }
}

/// Whether code does nothing with a name, or only in types.
fn unused_as_value(local: &BindingIdentifier<'_>, scoping: &Scoping) -> bool {
    local.symbol_id.get().is_none_or(|id| scoping.get_resolved_references(id).all(|reference| !reference.is_value()))
}

/// The host's module that `source` names; reports what is neither that nor a relative path.
fn check_source(source: &str, span: Range<usize>, findings: &mut Findings<'_>) -> Option<usize> {
    let index = host::module_index(source);
    if index.is_none() && !is_relative(source) {
        let help = format!(
            "resolver code can import {} and files by relative path; `paths` of a tsconfig.json are not read",
            host::MODULES.join(", ")
        );
        findings.error("unknown-import", span, format!("there is no module '{source}'"), Some(help));
    }
    index
}

fn check_export(index: usize, name: &str, span: Range<usize>, findings: &mut Findings<'_>) {
    let tree = &host::NAMES.trees[index];
    if !tree.members.contains_key(name) {
        let help = host::nearest(tree.members.keys().copied(), name).map(|nearest| format!("did you mean '{nearest}'?"));
        findings.error("unknown-export", span, format!("'{}' does not export '{name}'", host::MODULES[index]), help);
    }
}

pub(super) fn is_relative(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../")
}
