//! Loops. Variables of a loop's head that closures take along are new at each turn (ECMA-262, 14.7.4.4).

use oxc::ast::ast::{
    DoWhileStatement, ForInStatement, ForOfStatement, ForStatement, ForStatementInit, ForStatementLeft, VariableDeclarationKind,
    WhileStatement,
};
use oxc::semantic::ScopeId;
use oxc::span::GetSpan;

use super::Compiler;
use super::scope::Jump;
use crate::code::{Enter, Expr, For, ForEach, Pattern, Slot, Stmt, While};

impl Compiler<'_> {
    /// The body of a loop, with the number that `break` and `continue` name it by.
    fn looped(&mut self, labels: Vec<String>, body: impl FnOnce(&mut Self) -> Stmt) -> (u32, Stmt) {
        let id = self.target();
        self.frame().targets.push(Jump { labels, id, is_loop: true, breaks: true });
        let body = body(self);
        self.frame().targets.pop();
        (id, body)
    }

    pub(super) fn for_statement(&mut self, statement: &ForStatement<'_>, labels: Vec<String>) -> Stmt {
        let symbols = statement.scope_id.get().map(|scope| self.declare_scope(scope)).unwrap_or_default();
        let mut renews = false;
        let init = statement.init.as_ref().map(|init| match init {
            ForStatementInit::VariableDeclaration(declaration) => {
                renews = declaration.kind == VariableDeclarationKind::Let;
                self.variables(declaration)
            }
            init => Stmt::Expression(self.expression(init.to_expression())),
        });
        let test = statement.test.as_ref().map(|test| self.expression(test));
        let update = statement.update.as_ref().map(|update| self.expression(update));
        let (id, body) = self.looped(labels, |compiler| compiler.statement(&statement.body));
        let enter = self.enter(&symbols);
        let fresh = |enter: &Enter| match enter {
            Enter::Fresh(cell) => Some(*cell),
            _ => None,
        };
        let renewed = if renews { enter.iter().filter_map(fresh).collect() } else { Box::default() };
        Stmt::For(Box::new(For { id, enter: enter.into(), init, test, update, body, renewed }))
    }

    pub(super) fn for_of(&mut self, statement: &ForOfStatement<'_>, labels: Vec<String>) -> Stmt {
        if statement.r#await {
            self.unsupported(statement.span, "`for await` loops");
        }
        let head = |compiler: &mut Self| compiler.statement(&statement.body);
        let scope = statement.scope_id.get();
        Stmt::ForOf(Box::new(self.for_each(scope, &statement.left, &statement.right, labels, head)))
    }

    pub(super) fn for_in(&mut self, statement: &ForInStatement<'_>, labels: Vec<String>) -> Stmt {
        let head = |compiler: &mut Self| compiler.statement(&statement.body);
        let scope = statement.scope_id.get();
        Stmt::ForIn(Box::new(self.for_each(scope, &statement.left, &statement.right, labels, head)))
    }

    fn for_each(
        &mut self,
        scope: Option<ScopeId>,
        left: &ForStatementLeft<'_>,
        object: &oxc::ast::ast::Expression<'_>,
        labels: Vec<String>,
        body: impl FnOnce(&mut Self) -> Stmt,
    ) -> ForEach {
        let symbols = scope.map(|scope| self.declare_scope(scope)).unwrap_or_default();
        let span = object.span();
        let object = self.expression(object);
        let head = match left {
            ForStatementLeft::VariableDeclaration(declaration) => match declaration.declarations.first() {
                Some(declarator) => self.binding(&declarator.id),
                None => Pattern::Declare(Slot::Local(0)),
            },
            left => self.assignment_target(left.to_assignment_target()),
        };
        let (id, body) = self.looped(labels, body);
        let enter = self.enter(&symbols);
        ForEach { id, enter: enter.into(), head, object, text: (span.start, span.end), body }
    }

    pub(super) fn while_statement(&mut self, statement: &WhileStatement<'_>, labels: Vec<String>) -> Stmt {
        let test = self.expression(&statement.test);
        let (id, body) = self.looped(labels, |compiler| compiler.statement(&statement.body));
        Stmt::While(Box::new(While { id, test, body }))
    }

    pub(super) fn do_while(&mut self, statement: &DoWhileStatement<'_>, labels: Vec<String>) -> Stmt {
        let (id, body) = self.looped(labels, |compiler| compiler.statement(&statement.body));
        let test: Expr = self.expression(&statement.test);
        Stmt::DoWhile(Box::new(While { id, test, body }))
    }
}
