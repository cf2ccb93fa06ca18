//! Statements.

use oxc::ast::ast::{
    BlockStatement, BreakStatement, ContinueStatement, IfStatement, LabeledStatement, Statement, SwitchStatement, TryStatement,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc::span::{GetSpan, Span};

use super::Compiler;
use super::scope::Jump;
use crate::code::{Block, Catch, Enter, Expr, If, Pattern, Slot, Stmt, Switch, Try};
use crate::heap::Val;

impl Compiler<'_> {
    /// Statements in order; functions among them are there from the beginning.
    pub(super) fn statements(&mut self, statements: &[Statement<'_>], enter: &mut Vec<Enter>) -> Box<[Stmt]> {
        for statement in statements {
            let mut statement = statement;
            // `a: function f() {}` is no more of strict code, but costs nothing to look through.
            while let Statement::LabeledStatement(labeled) = statement {
                statement = &labeled.body;
            }
            if let Statement::FunctionDeclaration(function) = statement {
                self.hoist(function, enter);
            }
        }
        let compiled = statements.iter().map(|statement| self.statement(statement));
        compiled.filter(|statement| !matches!(statement, Stmt::Empty)).collect()
    }

    pub(super) fn hoist(&mut self, declaration: &oxc::ast::ast::Function<'_>, enter: &mut Vec<Enter>) {
        if declaration.body.is_none() {
            return;
        }
        let function = self.function(declaration, "");
        let symbol = declaration.id.as_ref().and_then(|id| id.symbol_id.get());
        if let Some(home) = symbol.and_then(|symbol| self.homes.get(&symbol)) {
            enter.push(Enter::Function { slot: home.slot, function });
        }
    }

    pub(super) fn statement(&mut self, statement: &Statement<'_>) -> Stmt {
        match self.deeper(statement.span(), |compiler| compiler.statement_here(statement)) {
            Some((compiled, true)) => Stmt::Deep(Box::new(compiled)),
            Some((compiled, false)) => compiled,
            None => Stmt::Empty,
        }
    }

    fn statement_here(&mut self, statement: &Statement<'_>) -> Stmt {
        match statement {
            Statement::ExpressionStatement(statement) => Stmt::Expression(self.expression(&statement.expression)),
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::ReturnStatement(statement) => {
                Stmt::Return(statement.argument.as_ref().map(|argument| self.expression(argument)))
            }
            Statement::IfStatement(statement) => self.if_statement(statement),
            Statement::BlockStatement(block) => Stmt::Block(Box::new(self.block(block))),
            Statement::ForStatement(statement) => self.for_statement(statement, Vec::new()),
            Statement::ForOfStatement(statement) => self.for_of(statement, Vec::new()),
            Statement::ForInStatement(statement) => self.for_in(statement, Vec::new()),
            Statement::WhileStatement(statement) => self.while_statement(statement, Vec::new()),
            Statement::DoWhileStatement(statement) => self.do_while(statement, Vec::new()),
            Statement::SwitchStatement(statement) => self.switch(statement, Vec::new()),
            Statement::LabeledStatement(statement) => self.labeled(statement),
            Statement::BreakStatement(statement) => self.break_statement(statement),
            Statement::ContinueStatement(statement) => self.continue_statement(statement),
            Statement::ThrowStatement(statement) => {
                Stmt::Throw(Box::new((self.expression(&statement.argument), statement.span.start)))
            }
            Statement::TryStatement(statement) => self.try_statement(statement),
            Statement::EmptyStatement(_) | Statement::DebuggerStatement(_) | Statement::FunctionDeclaration(_) => Stmt::Empty,
            Statement::ClassDeclaration(class) => {
                self.unsupported(class.span, "classes");
                Stmt::Empty
            }
            Statement::WithStatement(with) => {
                self.unsupported(with.span, "`with` statements");
                Stmt::Empty
            }
            Statement::TSTypeAliasDeclaration(_) | Statement::TSInterfaceDeclaration(_) => Stmt::Empty,
            other => {
                self.error(other.span(), "this kind of statement is not supported here", None);
                Stmt::Empty
            }
        }
    }

    /// The statements of a block with its own variables.
    pub(super) fn block(&mut self, block: &BlockStatement<'_>) -> Block {
        let symbols = block.scope_id.get().map(|scope| self.declare_scope(scope)).unwrap_or_default();
        let mut functions = Vec::new();
        let body = self.statements(&block.body, &mut functions);
        let mut enter = self.enter(&symbols);
        enter.extend(functions);
        Block { enter: enter.into(), body }
    }

    pub(super) fn variables(&mut self, declaration: &VariableDeclaration<'_>) -> Stmt {
        if matches!(declaration.kind, VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing) {
            self.unsupported(declaration.span, "`using` declarations");
        }
        let is_var = declaration.kind == VariableDeclarationKind::Var;
        let mut statements: Vec<Stmt> = Vec::with_capacity(declaration.declarations.len());
        for declarator in &declaration.declarations {
            let value = match &declarator.init {
                Some(init) => {
                    let name = super::pattern::binding_name(&declarator.id);
                    self.named_expression(init, name)
                }
                None if is_var => continue,
                None => Expr::Value(Val::Undefined),
            };
            statements.push(match self.binding(&declarator.id) {
                Pattern::Declare(Slot::Local(slot)) => Stmt::Local(slot, value),
                pattern => Stmt::Bind(Box::new((pattern, value))),
            });
        }
        match statements.len() {
            0 => Stmt::Empty,
            1 => statements.pop().unwrap_or(Stmt::Empty),
            _ => Stmt::Several(statements.into()),
        }
    }

    fn if_statement(&mut self, statement: &IfStatement<'_>) -> Stmt {
        let mut arms = vec![(self.expression(&statement.test), self.statement(&statement.consequent))];
        let mut rest = statement.alternate.as_ref();
        while let Some(Statement::IfStatement(next)) = rest {
            arms.push((self.expression(&next.test), self.statement(&next.consequent)));
            rest = next.alternate.as_ref();
        }
        let otherwise = rest.map(|statement| self.statement(statement));
        Stmt::If(Box::new(If { arms: arms.into(), otherwise }))
    }

    pub(super) fn switch(&mut self, statement: &SwitchStatement<'_>, labels: Vec<String>) -> Stmt {
        let subject = self.expression(&statement.discriminant);
        let scope = statement.scope_id.get();
        self.switch_scopes.extend(scope);
        let symbols = scope.map(|scope| self.declare_scope(scope)).unwrap_or_default();
        let id = self.target();
        self.frame().targets.push(Jump { labels, id, is_loop: false, breaks: true });
        let (mut cases, mut default, mut functions, mut body) = (Vec::new(), None, Vec::new(), Vec::new());
        for case in &statement.cases {
            for statement in &case.consequent {
                if let Statement::FunctionDeclaration(function) = statement {
                    self.hoist(function, &mut functions);
                }
            }
        }
        for case in &statement.cases {
            match &case.test {
                Some(test) => cases.push((self.expression(test), body.len())),
                None => default = Some(body.len()),
            }
            for statement in &case.consequent {
                body.push(self.statement(statement));
            }
        }
        self.frame().targets.pop();
        let mut enter = self.enter(&symbols);
        enter.extend(functions);
        Stmt::Switch(Box::new(Switch { id, subject, enter: enter.into(), cases: cases.into(), default, body: body.into() }))
    }

    fn labeled(&mut self, statement: &LabeledStatement<'_>) -> Stmt {
        let mut labels = vec![statement.label.name.to_string()];
        let mut body = &statement.body;
        while let Statement::LabeledStatement(inner) = body {
            labels.push(inner.label.name.to_string());
            body = &inner.body;
        }
        match body {
            Statement::ForStatement(statement) => self.for_statement(statement, labels),
            Statement::ForOfStatement(statement) => self.for_of(statement, labels),
            Statement::ForInStatement(statement) => self.for_in(statement, labels),
            Statement::WhileStatement(statement) => self.while_statement(statement, labels),
            Statement::DoWhileStatement(statement) => self.do_while(statement, labels),
            Statement::SwitchStatement(statement) => self.switch(statement, labels),
            body => {
                let id = self.target();
                self.frame().targets.push(Jump { labels, id, is_loop: false, breaks: false });
                let body = self.statement(body);
                self.frame().targets.pop();
                Stmt::Labeled(Box::new((id, body)))
            }
        }
    }

    fn break_statement(&mut self, statement: &BreakStatement<'_>) -> Stmt {
        let label = statement.label.as_ref().map(|label| label.name.as_str());
        let wanted = |jump: &&Jump| match label {
            Some(label) => jump.labels.iter().any(|own| own == label),
            None => jump.breaks,
        };
        let id = self.frame().targets.iter().rev().find(wanted).map(|jump| jump.id);
        self.jump(statement.span, id, Stmt::Break)
    }

    fn continue_statement(&mut self, statement: &ContinueStatement<'_>) -> Stmt {
        let label = statement.label.as_ref().map(|label| label.name.as_str());
        let wanted = |jump: &&Jump| jump.is_loop && label.is_none_or(|label| jump.labels.iter().any(|own| own == label));
        let id = self.frame().targets.iter().rev().find(wanted).map(|jump| jump.id);
        self.jump(statement.span, id, Stmt::Continue)
    }

    fn jump(&mut self, span: Span, id: Option<u32>, statement: fn(u32) -> Stmt) -> Stmt {
        match id {
            Some(id) => statement(id),
            None => {
                self.error(span, "there is nothing here that this could leave or continue", None);
                Stmt::Empty
            }
        }
    }

    fn try_statement(&mut self, statement: &TryStatement<'_>) -> Stmt {
        let block = self.block(&statement.block);
        let handler = statement.handler.as_ref().map(|handler| {
            let mut symbols = handler.scope_id.get().map(|scope| self.declare_scope(scope)).unwrap_or_default();
            for id in handler.param.iter().flat_map(|parameter| parameter.pattern.get_binding_identifiers()) {
                symbols.extend(id.symbol_id.get().filter(|symbol| self.declare(*symbol)));
            }
            let parameter = handler.param.as_ref().map(|parameter| self.binding(&parameter.pattern));
            let body = self.block(&handler.body);
            Catch { enter: self.enter(&symbols).into(), parameter, body }
        });
        let finalizer = statement.finalizer.as_ref().map(|block| self.block(block));
        Stmt::Try(Box::new(Try { block, handler, finalizer }))
    }
}
