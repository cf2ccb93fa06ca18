//! One file: parse, check, strip types, take imports and exports out, print with positions.

use std::ops::Range;

use oxc::allocator::{Allocator, ArenaVec};
use oxc::ast::ast::{
    BindingIdentifier, BindingPattern, ExportDefaultDeclarationKind, Expression, ImportDeclarationSpecifier, ImportOrExportKind,
    ModuleExportName, Program, Statement, VariableDeclarationKind, VariableDeclarator,
};
use oxc::ast::builder::AstBuilder;
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::Parser;
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{GetSpan, SPAN, SourceType, Span};
use oxc::transformer::{TransformOptions, Transformer};

use super::{CompileOptions, rules};
use crate::finding::Findings;
use crate::host;
use crate::module::Mapping;

/// The parser, the checks and the printer recurse with the code's nesting, and 32 KB of code can nest 30,000 deep. They run
/// on a stack that holds this; pages that are not reached cost nothing.
const STACK_PER_CHARACTER: usize = 8 * 1024;
const STACK_BASE: usize = 4 * 108 * 1024;

/// The name of a default export inside its file.
const DEFAULT_NAME: &str = "$default";

/// One file without its imports and exports.
#[derive(Default)]
pub(crate) struct Analyzed {
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Export>,
    /// JavaScript.
    pub(crate) code: String,
    pub(crate) places: Vec<Mapping>,
}

/// One `import ... from` or `export ... from`.
pub(crate) struct Import {
    pub(crate) source: ImportSource,
    pub(crate) names: Vec<ImportedName>,
    /// Exports refer to it.
    pub(crate) reexported: bool,
    pub(crate) span: Range<usize>,
}

pub(crate) enum ImportSource {
    Host(usize),
    Relative(String),
    /// Reported already.
    Unknown,
}

/// One name of an import.
pub(crate) struct ImportedName {
    pub(crate) imported: Imported,
    pub(crate) local: String,
    pub(crate) span: Range<usize>,
}

pub(crate) enum Imported {
    Name(String),
    Default,
    Namespace,
}

/// One exported name.
pub(crate) enum Export {
    Local { exported: String, local: String },
    From { exported: String, import: usize, imported: String },
    Namespace { exported: String, import: usize },
    All { import: usize },
}

/// Analyzes `text`, reporting into `findings`. After an error the result may lack code; it is not used then.
pub(crate) fn analyze(path: &str, text: &str, is_entry: bool, options: &CompileOptions, findings: &mut Findings<'_>) -> Analyzed {
    let stack = STACK_BASE + text.len() * STACK_PER_CHARACTER;
    let result = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("appsync-js-check".into())
            .stack_size(stack)
            .spawn_scoped(scope, || {
                let mut findings = Findings::new(path, text);
                let analyzed = analyze_here(path, text, is_entry, options, &mut findings);
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

fn analyze_here(path: &str, text: &str, is_entry: bool, options: &CompileOptions, findings: &mut Findings<'_>) -> Analyzed {
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

    let mut analyzed = Analyzed::default();
    take_modules(&allocator, &mut program, &transformed.scoping, &mut analyzed);
    let codegen =
        CodegenOptions { source_map_path: Some(path.into()), comments: CommentOptions::disabled(), ..CodegenOptions::default() };
    let printed = Codegen::new().with_options(codegen).with_source_text(text).build(&program);
    if let Some(map) = printed.map {
        analyzed.places = map
            .get_tokens()
            .map(|token| Mapping {
                line: token.get_dst_line(),
                column: token.get_dst_col(),
                source_line: token.get_src_line(),
                source_column: token.get_src_col(),
            })
            .collect();
    }
    analyzed.code = printed.code;
    for (name, span) in handlers {
        let exported = analyzed.exports.iter().any(|export| matches!(export, Export::Local { local, .. } if *local == name));
        if !exported {
            let message = format!("the function {name} is not exported, so that it is never called");
            findings.error("unexported-handler", span, message, Some(format!("export function {name}(ctx) {{ ... }}")));
        }
    }
    if is_entry && !analyzed.exports.iter().any(may_be_handler) {
        findings.error(
            "missing-handlers",
            0..0,
            "the code exports neither a request nor a response handler".to_owned(),
            Some("export function request(ctx) { ... } and export function response(ctx) { ... }".to_owned()),
        );
    }
    analyzed
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

/// Whether an export of the entry is a handler, or may hide one (`export * from`).
fn may_be_handler(export: &Export) -> bool {
    match export {
        Export::Local { exported, .. } | Export::From { exported, .. } | Export::Namespace { exported, .. } => {
            exported == "request" || exported == "response"
        }
        Export::All { .. } => true,
    }
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
    let tree = &host::TREES[index];
    if !tree.members.contains_key(name) {
        let help = tree.nearest(name).map(|nearest| format!("did you mean '{nearest}'?"));
        findings.error("unknown-export", span, format!("'{}' does not export '{name}'", host::MODULES[index]), help);
    }
}

fn is_relative(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../")
}

fn import_source(source: &str) -> ImportSource {
    match host::module_index(source) {
        Some(index) => ImportSource::Host(index),
        None if is_relative(source) => ImportSource::Relative(source.to_owned()),
        None => ImportSource::Unknown,
    }
}

/// Takes imports and exports out of the program: what remains is the body of a function.
fn take_modules<'a>(allocator: &'a Allocator, program: &mut Program<'a>, scoping: &Scoping, analyzed: &mut Analyzed) {
    let builder = AstBuilder::new(allocator);
    let body = std::mem::replace(&mut program.body, ArenaVec::new_in(&allocator));
    let local = |exported: &str, local: &str| Export::Local { exported: exported.to_owned(), local: local.to_owned() };
    for statement in body {
        match statement {
            Statement::ImportDeclaration(import) => {
                if import.import_kind == ImportOrExportKind::Type {
                    continue;
                }
                let mut names = Vec::new();
                for specifier in import.specifiers.iter().flatten() {
                    let (imported, binding) = match specifier {
                        ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                            let unused = specifier
                                .local
                                .symbol_id
                                .get()
                                .is_some_and(|id| scoping.get_resolved_reference_ids(id).is_empty());
                            if specifier.import_kind == ImportOrExportKind::Type || unused {
                                continue;
                            }
                            (Imported::Name(specifier.imported.name().to_string()), &specifier.local)
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => (Imported::Default, &specifier.local),
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => {
                            (Imported::Namespace, &specifier.local)
                        }
                    };
                    names.push(ImportedName { imported, local: binding.name.to_string(), span: range(specifier.span()) });
                }
                analyzed.imports.push(Import {
                    source: import_source(&import.source.value),
                    names,
                    reexported: false,
                    span: range(import.source.span),
                });
            }
            Statement::ExportFromDeclaration(export) => {
                let import = analyzed.imports.len();
                let mut names = Vec::new();
                for specifier in &export.specifiers {
                    let imported = specifier.local.name().to_string();
                    analyzed.exports.push(Export::From {
                        exported: specifier.exported.name().to_string(),
                        import,
                        imported: imported.clone(),
                    });
                    let name = if imported == "default" { Imported::Default } else { Imported::Name(imported) };
                    // Bound under a name that code cannot write, so that the check of names covers it.
                    names.push(ImportedName {
                        imported: name,
                        local: format!("$re{import}_{}", names.len()),
                        span: range(specifier.span),
                    });
                }
                analyzed.imports.push(Import {
                    source: import_source(&export.source.value),
                    names,
                    reexported: true,
                    span: range(export.source.span),
                });
            }
            Statement::ExportAllDeclaration(export) => {
                let import = analyzed.imports.len();
                analyzed.exports.push(match &export.exported {
                    Some(exported) => Export::Namespace { exported: exported.name().to_string(), import },
                    None => Export::All { import },
                });
                analyzed.imports.push(Import {
                    source: import_source(&export.source.value),
                    names: Vec::new(),
                    reexported: true,
                    span: range(export.source.span),
                });
            }
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    if let ModuleExportName::IdentifierReference(reference) = &specifier.local {
                        analyzed.exports.push(local(&specifier.exported.name(), &reference.name));
                    }
                }
            }
            Statement::ExportDeclaration(export) => {
                let declaration = export.unbox().declaration;
                if let Some(id) = declaration.id() {
                    analyzed.exports.push(local(&id.name, &id.name));
                } else if let oxc::ast::ast::Declaration::VariableDeclaration(variables) = &declaration {
                    for declarator in &variables.declarations {
                        for id in declarator.id.get_binding_identifiers() {
                            analyzed.exports.push(local(&id.name, &id.name));
                        }
                    }
                }
                program.body.push(Statement::from(declaration));
            }
            Statement::ExportDefaultDeclaration(export) => {
                let expression = match export.unbox().declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) if function.id.is_some() => {
                        if let Some(id) = &function.id {
                            analyzed.exports.push(local("default", &id.name));
                        }
                        program.body.push(Statement::FunctionDeclaration(function));
                        continue;
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) if class.id.is_some() => {
                        if let Some(id) = &class.id {
                            analyzed.exports.push(local("default", &id.name));
                        }
                        program.body.push(Statement::ClassDeclaration(class));
                        continue;
                    }
                    ExportDefaultDeclarationKind::FunctionDeclaration(mut function) => {
                        function.r#type = oxc::ast::ast::FunctionType::FunctionExpression;
                        Expression::FunctionExpression(function)
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(mut class) => {
                        class.r#type = oxc::ast::ast::ClassType::ClassExpression;
                        Expression::ClassExpression(class)
                    }
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => continue,
                    expression => match Expression::try_from(expression) {
                        Ok(expression) => expression,
                        Err(()) => continue,
                    },
                };
                let id = BindingPattern::new_binding_identifier(SPAN, DEFAULT_NAME, &builder);
                let declarator = VariableDeclarator::new(SPAN, id, None, Some(expression), false, &builder);
                let mut declarations = ArenaVec::new_in(&allocator);
                declarations.push(declarator);
                program.body.push(Statement::new_variable_declaration(
                    SPAN,
                    VariableDeclarationKind::Const,
                    declarations,
                    false,
                    &builder,
                ));
                analyzed.exports.push(local("default", DEFAULT_NAME));
            }
            statement => program.body.push(statement),
        }
    }
}
