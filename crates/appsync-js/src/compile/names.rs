//! The walk before the rules: which names are functions, which come from the host, which are the handlers' contexts.

use std::collections::HashMap;

use oxc::ast::ast::{
    BindingPattern, Declaration, Expression, FormalParameters, Function, ImportDeclaration, ImportDeclarationSpecifier,
    ImportOrExportKind, Program, Statement, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{ScopeFlags, Scoping, SymbolId};

use crate::host::{self, Node};

/// The names of one file that rules ask about.
pub(super) struct Names<'s> {
    scoping: &'s Scoping,
    pub(super) functions: HashMap<SymbolId, String>,
    pub(super) hosts: HashMap<SymbolId, &'static Node>,
    pub(super) contexts: Vec<SymbolId>,
    is_entry: bool,
}

impl<'s> Names<'s> {
    pub(super) fn of(program: &Program<'_>, scoping: &'s Scoping, is_entry: bool) -> Self {
        let mut names = Names { scoping, functions: HashMap::new(), hosts: HashMap::new(), contexts: Vec::new(), is_entry };
        names.visit_program(program);
        names
    }

    fn handler(&mut self, name: &str, parameters: &FormalParameters<'_>) {
        if self.is_entry
            && (name == "request" || name == "response")
            && let Some(first) = parameters.items.first()
            && let BindingPattern::BindingIdentifier(id) = &first.pattern
            && let Some(symbol) = id.symbol_id.get()
        {
            self.contexts.push(symbol);
        }
    }
}

impl<'a> Visit<'a> for Names<'_> {
    fn visit_program(&mut self, program: &Program<'a>) {
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                statement => statement.as_declaration(),
            };
            match declaration {
                Some(Declaration::FunctionDeclaration(function)) => {
                    if let Some(id) = &function.id {
                        self.handler(&id.name, &function.params);
                    }
                }
                Some(Declaration::VariableDeclaration(variables)) => {
                    for declarator in &variables.declarations {
                        let Some(name) = declarator.id.get_identifier_name() else { continue };
                        match declarator.init.as_ref().map(Expression::get_inner_expression) {
                            Some(Expression::ArrowFunctionExpression(arrow)) => self.handler(&name, &arrow.params),
                            Some(Expression::FunctionExpression(function)) => self.handler(&name, &function.params),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        walk::walk_program(self, program);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        if let Some(id) = &function.id
            && let Some(symbol) = id.symbol_id.get()
        {
            self.functions.insert(symbol, id.name.to_string());
        }
        walk::walk_function(self, function, flags);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if let Some(id) = declarator.id.get_binding_identifier()
            && let Some(symbol) = id.symbol_id.get()
            && declarator.init.as_ref().is_some_and(|init| init.get_inner_expression().is_function())
            && !self.scoping.symbol_is_mutated(symbol)
        {
            self.functions.insert(symbol, id.name.to_string());
        }
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let Some(index) = host::module_index(&import.source.value) else { return };
        if import.import_kind == ImportOrExportKind::Type {
            return;
        }
        let tree = &host::TREES[index];
        for specifier in import.specifiers.iter().flatten() {
            let node = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(specifier) => tree.members.get(specifier.imported.name().as_str()),
                ImportDeclarationSpecifier::ImportDefaultSpecifier(_) if index == 0 => tree.members.get("util"),
                _ => Some(tree),
            };
            if let (Some(node), Some(symbol)) = (node, specifier.local().symbol_id.get()) {
                self.hosts.insert(symbol, node);
            }
        }
    }
}
