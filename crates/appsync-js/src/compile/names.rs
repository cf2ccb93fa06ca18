//! The walk before the rules: which names are functions, which come from the host, which are the handlers' contexts, and what
//! is known of the names' types.

use std::collections::HashMap;

use oxc::ast::ast::{
    ArrowFunctionExpression, BindingPattern, CallExpression, Declaration, Expression, ForInStatement, ForOfStatement,
    ForStatementLeft, FormalParameter, FormalParameters, Function, ImportDeclaration, ImportDeclarationSpecifier,
    ImportOrExportKind, MemberExpression, Program, ReturnStatement, Statement, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{ScopeFlags, Scoping, SymbolId};

use super::builtins;
use super::rules::types::{Inference, Kind, Type, Types, annotated, literal_members};
use crate::host::{self, Node};

/// The names of one file that rules ask about.
pub(super) struct Names<'s> {
    scoping: &'s Scoping,
    pub(super) functions: HashMap<SymbolId, String>,
    pub(super) hosts: HashMap<SymbolId, &'static Node>,
    pub(super) contexts: Vec<SymbolId>,
    pub(super) types: Types,
    is_entry: bool,
    /// What the functions around the current place return, as far as it was seen; `None` is nothing yet.
    results: Vec<Option<Type>>,
    /// What the function that was left last returns.
    last: Type,
}

impl<'s> Names<'s> {
    pub(super) fn of(program: &Program<'_>, scoping: &'s Scoping, is_entry: bool) -> Self {
        let mut names = Names {
            scoping,
            functions: HashMap::new(),
            hosts: HashMap::new(),
            contexts: Vec::new(),
            types: Types::default(),
            is_entry,
            results: Vec::new(),
            last: Type::ANY,
        };
        names.visit_program(program);
        // Functions may be called above their declaration; the second walk knows what the first one found below.
        names.visit_program(program);
        names
    }

    fn handler(&mut self, parameters: &FormalParameters<'_>) {
        if let Some(first) = parameters.items.first()
            && first.initializer.is_none()
            && let BindingPattern::BindingIdentifier(id) = &first.pattern
            && let Some(symbol) = id.symbol_id.get()
            && !self.contexts.contains(&symbol)
        {
            self.contexts.push(symbol);
        }
    }

    fn infer(&self, expression: &Expression<'_>) -> Type {
        infer(expression, &self.types, self.scoping, &self.hosts)
    }

    /// A function was left; an annotation says what it returns, else what was seen.
    fn left(&mut self, written: Option<Type>) {
        let seen = self.results.pop().flatten().unwrap_or_default();
        self.last = written.unwrap_or(seen);
    }

    fn returned(&mut self, known: Type) {
        if let Some(result) = self.results.last_mut() {
            *result = match *result {
                Some(seen) => Some(seen.or(known)),
                None => Some(known),
            };
        }
    }
}

/// The type of an expression.
pub(super) fn infer(
    expression: &Expression<'_>,
    types: &Types,
    scoping: &Scoping,
    hosts: &HashMap<SymbolId, &'static Node>,
) -> Type {
    let utility = |callee: &Expression<'_>| utility_name(host_node(callee, scoping, hosts)?);
    Inference { types, scoping, utility: &utility }.of(expression)
}

/// What of the host `expression` names: `util`, `util.time`, an imported name.
pub(super) fn host_node(
    expression: &Expression<'_>,
    scoping: &Scoping,
    hosts: &HashMap<SymbolId, &'static Node>,
) -> Option<&'static Node> {
    // Chains are as long as code is, so this walks down instead of recursing.
    let mut path = Vec::new();
    let mut at = expression.get_inner_expression();
    let mut node = loop {
        let member = match at {
            Expression::Identifier(reference) => {
                break match scoping.get_reference(reference.reference_id.get()?).symbol_id() {
                    Some(symbol) => *hosts.get(&symbol)?,
                    None => host::NAMES.trees[0].members.get(reference.name.as_str())?,
                };
            }
            // `util.time`, `util['time']`, `util?.time`
            other => other.get_member_expr()?,
        };
        path.push(member.static_property_name()?);
        at = member.object().get_inner_expression();
        // Nothing of the host is nested deeper.
        if path.len() > 8 {
            return None;
        }
    };
    for part in path.into_iter().rev() {
        node = node.members.get(part)?;
    }
    Some(node)
}

impl<'a> Visit<'a> for Names<'_> {
    fn visit_program(&mut self, program: &Program<'a>) {
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                statement => statement.as_declaration(),
            };
            let Some(Declaration::VariableDeclaration(variables)) = declaration else { continue };
            let is_entry = self.is_entry;
            for declarator in variables.declarations.iter().filter(|_| is_entry) {
                let name = declarator.id.get_identifier_name();
                if !name.is_some_and(|name| name == "request" || name == "response") {
                    continue;
                }
                match declarator.init.as_ref().map(Expression::get_inner_expression) {
                    Some(Expression::ArrowFunctionExpression(arrow)) => self.handler(&arrow.params),
                    Some(Expression::FunctionExpression(function)) => self.handler(&function.params),
                    _ => {}
                }
            }
        }
        walk::walk_program(self, program);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let symbol = function.id.as_ref().and_then(|id| id.symbol_id.get());
        if let (Some(id), Some(symbol)) = (&function.id, symbol) {
            self.functions.insert(symbol, id.name.to_string());
            // AppSync's lint plugin takes every declaration of this name for a handler, wherever it stands.
            if function.is_declaration() && (id.name == "request" || id.name == "response") {
                self.handler(&function.params);
            }
        }
        self.results.push(None);
        walk::walk_function(self, function, flags);
        self.left(annotated(function.return_type.as_deref()));
        if let Some(symbol) = symbol {
            self.types.results.insert(symbol, self.last);
        }
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        self.results.push(None);
        if let Some(expression) = arrow.get_expression() {
            let known = self.infer(expression);
            self.returned(known);
        }
        walk::walk_arrow_function_expression(self, arrow);
        self.left(annotated(arrow.return_type.as_deref()));
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        let known = it.argument.as_ref().map_or(Type::NULL, |argument| self.infer(argument));
        self.returned(known);
        walk::walk_return_statement(self, it);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        let symbol = declarator.id.get_binding_identifier().and_then(|id| id.symbol_id.get());
        let init = declarator.init.as_ref();
        if let (Some(symbol), Some(init)) = (symbol, init)
            && init.get_inner_expression().is_function()
            && let Some(name) = declarator.id.get_identifier_name()
        {
            self.functions.insert(symbol, name.to_string());
        }
        walk::walk_variable_declarator(self, declarator);
        let Some(init) = init else {
            if let Some(known) = annotated(declarator.type_annotation.as_deref()) {
                self.types.bind(&declarator.id, known);
            }
            return;
        };
        let known = annotated(declarator.type_annotation.as_deref()).unwrap_or_else(|| self.infer(init));
        self.types.bind(&declarator.id, known);
        let Some(symbol) = symbol else { return };
        match init.get_inner_expression() {
            function if function.is_function() => {
                self.types.results.insert(symbol, self.last);
            }
            object if declarator.type_annotation.is_none() => {
                let utility = |callee: &Expression<'_>| utility_name(host_node(callee, self.scoping, &self.hosts)?);
                let inference = Inference { types: &self.types, scoping: self.scoping, utility: &utility };
                let members = literal_members(object, &inference);
                self.types.members_of(symbol, members);
            }
            _ => {}
        }
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        let written = annotated(parameter.type_annotation.as_deref());
        let default = parameter.initializer.as_ref().map(|default| self.infer(default));
        if let Some(known) = written.or(default) {
            self.types.bind(&parameter.pattern, known);
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_formal_parameters(&mut self, parameters: &FormalParameters<'a>) {
        if let Some(rest) = &parameters.rest {
            self.types.rest(&rest.rest.argument);
        }
        walk::walk_formal_parameters(self, parameters);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        let element = self.infer(&it.right).element();
        walk::walk_for_statement_left(self, &it.left);
        bind_head(&mut self.types, &it.left, element);
        self.visit_expression(&it.right);
        self.visit_statement(&it.body);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        walk::walk_for_statement_left(self, &it.left);
        bind_head(&mut self.types, &it.left, Type::STRING);
        self.visit_expression(&it.right);
        self.visit_statement(&it.body);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.visit_expression(&call.callee);
        let method = call.callee.get_member_expr();
        if let Some(name) = method.and_then(MemberExpression::static_property_name)
            && builtins::takes_function(name)
            && let Some(array) = method.map(|method| self.infer(method.object()))
            && array.kind() == Kind::Array
        {
            let element = array.element();
            let start = call.arguments.get(1).and_then(|start| start.as_expression()).map(|start| self.infer(start));
            let known: &[Type] = match name {
                "reduce" | "reduceRight" => &[start.unwrap_or(element), element],
                _ => &[element],
            };
            let function = call.arguments.first().and_then(|function| function.as_expression());
            match function.map(Expression::get_inner_expression) {
                Some(Expression::ArrowFunctionExpression(arrow)) => self.types.parameters(&arrow.params, known),
                Some(Expression::FunctionExpression(function)) => self.types.parameters(&function.params, known),
                _ => {}
            }
        }
        self.visit_arguments(&call.arguments);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let Some(index) = host::module_index(&import.source.value) else { return };
        if import.import_kind == ImportOrExportKind::Type {
            return;
        }
        let tree = &host::NAMES.trees[index];
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

/// Gives the variables of a loop's head their type.
fn bind_head(types: &mut Types, left: &ForStatementLeft<'_>, element: Type) {
    if let ForStatementLeft::VariableDeclaration(declaration) = left {
        for declarator in &declaration.declarations {
            types.bind(&declarator.id, element);
        }
    }
}

/// The whole name of the utility that a node is.
fn utility_name(node: &Node) -> Option<&'static str> {
    Some(host::NAMES.utility(node.function?)?.name)
}
