//! A file as a module: its variables, imports and exports.

use oxc::ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Expression, IdentifierReference, ImportDeclarationSpecifier, ImportOrExportKind,
    ModuleExportName, Program, Statement,
};
use oxc::semantic::{SymbolFlags, SymbolId};
use oxc::span::GetSpan;
use value::Str;

use super::Compiler;
use super::scope::Name;
use crate::code::{Block, Body, Constant, Enter, FunctionCode, Pattern, Slot, Stmt};

/// One compiled file, to be linked with those that it imports.
#[derive(Debug)]
pub struct FileCode {
    /// Every `import … from` and `export … from`, in order.
    pub imports: Vec<ImportedFrom>,
    /// What it exports, as it is written.
    pub exports: Vec<ExportedName>,
    pub(crate) number: usize,
    pub(crate) text: Str,
    pub(crate) strings: Box<[Constant]>,
    /// The last one is the module's body.
    pub(crate) functions: Vec<FunctionCode>,
    pub(crate) globals: Vec<Str>,
    /// What each import slot is: an import and a name of it.
    pub(crate) bindings: Vec<(usize, Imported)>,
    /// Names below imports that the linker looks up.
    pub(crate) linked: Vec<(u32, Vec<Str>)>,
}

/// One `import … from` or `export … from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFrom {
    /// What stands after `from`.
    pub source: String,
    /// Where that stands.
    pub offset: usize,
    /// The names that are used of it.
    pub names: Vec<ImportedName>,
}

/// A name of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedName {
    /// What it is called there.
    pub imported: Imported,
    /// Where it stands.
    pub offset: usize,
}

/// What an import takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// `{ name }`.
    Name(String),
    /// The default export.
    Default,
    /// `* as`.
    Namespace,
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportedName {
    /// A variable of the file.
    Local {
        /// What it is called outside.
        exported: String,
        /// Where it is kept.
        slot: ExportSlot,
    },
    /// `export { imported as exported } from`.
    From {
        /// What it is called outside.
        exported: String,
        /// Which of the file's imports.
        import: usize,
        /// What it is called there.
        imported: String,
    },
    /// `export * as exported from`.
    Namespace {
        /// What it is called outside.
        exported: String,
        /// Which of the file's imports.
        import: usize,
    },
    /// `export * from`.
    All {
        /// Which of the file's imports.
        import: usize,
    },
}

/// Where an exported variable is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportSlot(pub(crate) Slot);

impl Compiler<'_> {
    pub(super) fn module(&mut self, program: &Program<'_>, file: usize) -> FileCode {
        let root = self.scoping.root_scope_id();
        self.begin();
        self.imports_of(program);
        let mut exports = Vec::new();
        let symbols = self.module_variables(root);
        let mut enter = Vec::new();
        for statement in &program.body {
            match statement {
                Statement::FunctionDeclaration(function) => self.hoist(function, &mut enter),
                Statement::ExportDeclaration(export) => {
                    if let Declaration::FunctionDeclaration(function) = &export.declaration {
                        self.hoist(function, &mut enter);
                    }
                }
                Statement::ExportDefaultDeclaration(export) => {
                    if let ExportDefaultDeclarationKind::FunctionDeclaration(function) = &export.declaration {
                        self.default_function(function, &mut enter, &mut exports);
                    }
                }
                _ => {}
            }
        }
        let mut body = Vec::new();
        for statement in &program.body {
            let compiled = self.module_statement(statement, &mut exports);
            if !matches!(compiled, Stmt::Empty) {
                body.push(compiled);
            }
        }
        let dead = symbols.into_iter().filter(|symbol| self.is_lexical(*symbol));
        let mut first: Vec<Enter> =
            dead.filter_map(|symbol| self.homes.get(&symbol).map(|home| Enter::Dead(home.slot))).collect();
        first.append(&mut enter);
        let frame = self.frames.pop();
        self.functions.push(FunctionCode {
            file: 0,
            name: "".into(),
            length: 0,
            parameters: 0,
            rest: false,
            locals: frame.as_ref().map_or(0, |frame| frame.locals),
            cells: frame.as_ref().map_or(0, |frame| frame.cells),
            captures: Box::default(),
            arrow: false,
            own_name: None,
            prelude: Box::default(),
            body: Body::Block(Block { enter: first.into(), body: body.into() }),
            text: (0, 0),
        });
        let mut linked: Vec<((u32, Vec<Str>), u32)> = std::mem::take(&mut self.linked).into_iter().collect();
        linked.sort_by_key(|(_, at)| *at);
        FileCode {
            imports: std::mem::take(&mut self.imports),
            exports,
            number: file,
            text: Str::clone(&self.text),
            strings: self.strings_in_order(),
            functions: std::mem::take(&mut self.functions),
            globals: std::mem::take(&mut self.globals),
            bindings: std::mem::take(&mut self.bindings),
            linked: linked.into_iter().map(|(key, _)| key).collect(),
        }
    }

    fn module_variables(&mut self, root: oxc::semantic::ScopeId) -> Vec<SymbolId> {
        let mut symbols: Vec<SymbolId> = self.scoping.get_bindings(root).values().copied().collect();
        symbols.sort_unstable();
        symbols.retain(|symbol| {
            let flags = self.scoping.symbol_flags(*symbol);
            !self.homes.contains_key(symbol) && flags.is_value() && !flags.intersects(SymbolFlags::Import)
        });
        for &symbol in &symbols {
            let slot = self.new_global(self.scoping.symbol_name(symbol));
            let declared = !self.is_lexical(symbol);
            self.set_home(symbol, slot, declared);
        }
        symbols
    }

    fn new_import(&mut self, source: &oxc::ast::ast::StringLiteral<'_>, names: Vec<ImportedName>) -> usize {
        self.imports.push(ImportedFrom { source: source.value.to_string(), offset: source.span.start as usize, names });
        self.imports.len() - 1
    }

    /// A name that no scope has: a variable, or a name of the implicit import.
    pub(super) fn resolve_name(&mut self, id: &IdentifierReference<'_>) -> Name {
        match self.resolve(id.reference_id.get()) {
            Name::Unresolved => match self.implicit_slot(id) {
                Some(slot) => Name::Sure(slot),
                None => Name::Unresolved,
            },
            name => name,
        }
    }

    fn implicit_slot(&mut self, id: &IdentifierReference<'_>) -> Option<Slot> {
        let name = id.name.as_str();
        let implicit = self.implicit.filter(|implicit| implicit.names.contains(&name))?;
        let at = match self.implicit_import {
            Some(at) => at,
            None => {
                self.imports.push(ImportedFrom { source: implicit.source.to_owned(), offset: 0, names: Vec::new() });
                *self.implicit_import.insert(self.imports.len() - 1)
            }
        };
        let wanted = (at, named(name));
        let binding = self.bindings.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.imports[at].names.push(ImportedName { imported: wanted.1.clone(), offset: id.span.start as usize });
            self.bindings.push(wanted);
            self.bindings.len() - 1
        });
        Some(Slot::Import(u32::try_from(binding).unwrap_or(u32::MAX)))
    }

    /// The imports, before anything that refers to them. `export … from` are among them, in order.
    fn imports_of(&mut self, program: &Program<'_>) {
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(import) if import.import_kind != ImportOrExportKind::Type => {
                    let at = self.imports.len();
                    let mut names = Vec::new();
                    for specifier in import.specifiers.iter().flatten() {
                        let symbol = specifier.local().symbol_id.get();
                        let Some(symbol) = symbol.filter(|symbol| !self.scoping.symbol_is_unused(*symbol)) else { continue };
                        let imported = match specifier {
                            ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                                if specifier.import_kind == ImportOrExportKind::Type {
                                    continue;
                                }
                                named(&specifier.imported.name())
                            }
                            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => Imported::Default,
                            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => Imported::Namespace,
                        };
                        let slot = Slot::Import(u32::try_from(self.bindings.len()).unwrap_or(u32::MAX));
                        self.bindings.push((at, imported.clone()));
                        self.set_home(symbol, slot, true);
                        names.push(ImportedName { imported, offset: specifier.span().start as usize });
                    }
                    self.new_import(&import.source, names);
                }
                Statement::ExportFromDeclaration(export) if export.export_kind != ImportOrExportKind::Type => {
                    let name = |specifier: &oxc::ast::ast::ExportSpecifier<'_>| ImportedName {
                        imported: named(&specifier.local.name()),
                        offset: specifier.span.start as usize,
                    };
                    self.new_import(&export.source, export.specifiers.iter().map(name).collect());
                }
                Statement::ExportAllDeclaration(export) if export.export_kind != ImportOrExportKind::Type => {
                    self.new_import(&export.source, Vec::new());
                }
                _ => {}
            }
        }
        self.next_from = 0;
    }

    fn module_statement(&mut self, statement: &Statement<'_>, exports: &mut Vec<ExportedName>) -> Stmt {
        match statement {
            Statement::ImportDeclaration(import) => {
                if import.import_kind != ImportOrExportKind::Type {
                    self.next_from += 1;
                }
                Stmt::Empty
            }
            Statement::ExportFromDeclaration(export) => {
                if export.export_kind != ImportOrExportKind::Type {
                    let import = self.next_from;
                    self.next_from += 1;
                    exports.extend(export.specifiers.iter().map(|specifier| ExportedName::From {
                        exported: specifier.exported.name().to_string(),
                        import,
                        imported: specifier.local.name().to_string(),
                    }));
                }
                Stmt::Empty
            }
            Statement::ExportAllDeclaration(export) => {
                if export.export_kind != ImportOrExportKind::Type {
                    let import = self.next_from;
                    self.next_from += 1;
                    exports.push(match &export.exported {
                        Some(exported) => ExportedName::Namespace { exported: exported.name().to_string(), import },
                        None => ExportedName::All { import },
                    });
                }
                Stmt::Empty
            }
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    if let ModuleExportName::IdentifierReference(reference) = &specifier.local {
                        let symbol = self.symbol_of(reference.reference_id.get());
                        self.export_symbol(&specifier.exported.name(), symbol, exports);
                    }
                }
                Stmt::Empty
            }
            Statement::ExportDeclaration(export) => self.export_declaration(&export.declaration, exports),
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(_)
                | ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => Stmt::Empty,
                ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                    self.unsupported(class.span, "classes");
                    Stmt::Empty
                }
                expression => match expression.as_expression() {
                    Some(expression) => self.default_expression(expression, exports),
                    None => Stmt::Empty,
                },
            },
            statement => self.statement(statement),
        }
    }

    fn export_declaration(&mut self, declaration: &Declaration<'_>, exports: &mut Vec<ExportedName>) -> Stmt {
        match declaration {
            Declaration::VariableDeclaration(variables) => {
                for declarator in &variables.declarations {
                    for id in declarator.id.get_binding_identifiers() {
                        self.export_symbol(&id.name, id.symbol_id.get(), exports);
                    }
                }
                self.variables(variables)
            }
            declaration => {
                if let Declaration::ClassDeclaration(class) = declaration {
                    self.unsupported(class.span, "classes");
                }
                if let Some(id) = declaration.id() {
                    self.export_symbol(&id.name, id.symbol_id.get(), exports);
                }
                Stmt::Empty
            }
        }
    }

    fn export_symbol(&self, exported: &str, symbol: Option<SymbolId>, exports: &mut Vec<ExportedName>) {
        if let Some(home) = symbol.and_then(|symbol| self.homes.get(&symbol)) {
            exports.push(ExportedName::Local { exported: exported.to_owned(), slot: ExportSlot(home.slot) });
        }
    }

    fn default_function(
        &mut self,
        function: &oxc::ast::ast::Function<'_>,
        enter: &mut Vec<Enter>,
        exports: &mut Vec<ExportedName>,
    ) {
        let home = function.id.as_ref().and_then(|id| id.symbol_id.get()).and_then(|symbol| self.homes.get(&symbol).copied());
        let slot = match home {
            Some(home) => home.slot,
            None => self.new_global("default"),
        };
        let compiled = self.function(function, "default");
        enter.push(Enter::Function { slot, function: compiled });
        exports.push(ExportedName::Local { exported: "default".to_owned(), slot: ExportSlot(slot) });
    }

    fn default_expression(&mut self, expression: &Expression<'_>, exports: &mut Vec<ExportedName>) -> Stmt {
        let slot = self.new_global("default");
        exports.push(ExportedName::Local { exported: "default".to_owned(), slot: ExportSlot(slot) });
        let value = self.named_expression(expression, "default");
        Stmt::Bind(Box::new((Pattern::Declare(slot), value)))
    }
}

fn named(name: &str) -> Imported {
    if name == "default" { Imported::Default } else { Imported::Name(name.to_owned()) }
}
