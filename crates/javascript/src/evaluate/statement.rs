//! Statements.

use super::{Abrupt, At, Completion, Evaluator};
use crate::code::{Block, Catch, If, Stmt, Switch, Try};
use crate::heap::Val;

/// Where the code goes on after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    /// The function ends; what it returns is kept aside.
    Return,
    Break(u32),
    Continue(u32),
}

impl<'e> Evaluator<'e> {
    pub(super) fn execute(&mut self, statement: &'e Stmt) -> Completion<Flow> {
        match statement {
            Stmt::Expression(expression) => {
                self.evaluate(expression)?;
                Ok(Flow::Next)
            }
            Stmt::Local(slot, value) => {
                let value = self.evaluate(value)?;
                let at = self.frame.base + *slot as usize;
                self.stack[at] = value;
                Ok(Flow::Next)
            }
            Stmt::Bind(bind) => {
                let (pattern, value) = &**bind;
                let value = self.evaluate(value)?;
                self.bind(pattern, value)?;
                Ok(Flow::Next)
            }
            Stmt::Return(value) => {
                self.returned = match value {
                    Some(value) => self.evaluate(value)?,
                    None => Val::Undefined,
                };
                Ok(Flow::Return)
            }
            Stmt::If(statement) => self.if_statement(statement),
            Stmt::Block(block) => self.block(block),
            Stmt::For(statement) => self.for_loop(statement),
            Stmt::ForOf(statement) => self.for_of(statement),
            Stmt::ForIn(statement) => self.for_in(statement),
            Stmt::While(statement) => self.while_loop(statement),
            Stmt::DoWhile(statement) => self.do_while(statement),
            Stmt::Switch(statement) => self.switch(statement),
            Stmt::Labeled(labeled) => {
                let (id, body) = &**labeled;
                match self.execute(body)? {
                    Flow::Break(target) if target == *id => Ok(Flow::Next),
                    flow => Ok(flow),
                }
            }
            Stmt::Break(id) => Ok(Flow::Break(*id)),
            Stmt::Continue(id) => Ok(Flow::Continue(*id)),
            Stmt::Throw(thrown) => {
                let value = self.evaluate(&thrown.0)?;
                let at = Some(At { file: self.frame.file.number, offset: thrown.1 });
                Err(Box::new(Abrupt::Throw { value, at }))
            }
            Stmt::Try(statement) => self.try_statement(statement),
            Stmt::Several(statements) => self.run(statements),
            Stmt::Empty => Ok(Flow::Next),
            Stmt::Deep(statement) => crate::with_stack(|| self.execute(statement)),
        }
    }

    #[inline]
    fn run(&mut self, statements: &'e [Stmt]) -> Completion<Flow> {
        for statement in statements {
            match self.execute(statement)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn block(&mut self, block: &'e Block) -> Completion<Flow> {
        self.enter(&block.enter)?;
        self.run(&block.body)
    }

    fn if_statement(&mut self, statement: &'e If) -> Completion<Flow> {
        for (test, consequent) in &statement.arms {
            if self.test(test)? {
                return self.execute(consequent);
            }
        }
        match &statement.otherwise {
            Some(otherwise) => self.execute(otherwise),
            None => Ok(Flow::Next),
        }
    }

    fn switch(&mut self, statement: &'e Switch) -> Completion<Flow> {
        let subject = self.evaluate(&statement.subject)?;
        self.enter(&statement.enter)?;
        let mut from = statement.default;
        for (case, begin) in &statement.cases {
            let case = self.evaluate(case)?;
            if self.strict_equals(subject, case)? {
                from = Some(*begin);
                break;
            }
        }
        let Some(from) = from else { return Ok(Flow::Next) };
        match self.run(statement.body.get(from..).unwrap_or_default())? {
            Flow::Break(target) if target == statement.id => Ok(Flow::Next),
            flow => Ok(flow),
        }
    }

    /// `try`. What ends the evaluation is not caught, and nothing runs after it.
    fn try_statement(&mut self, statement: &'e Try) -> Completion<Flow> {
        let (stack, cells) = (self.stack.len(), self.cells.len());
        let mut result = self.block(&statement.block);
        if let (Err(abrupt), Some(handler)) = (&result, &statement.handler)
            && let Abrupt::Throw { value, .. } = **abrupt
        {
            self.stack.truncate(stack);
            self.cells.truncate(cells);
            // A loop of caught errors is a loop.
            self.work(1)?;
            result = self.handle(handler, value);
        }
        let Some(finalizer) = &statement.finalizer else { return result };
        if let Err(abrupt) = &result
            && let Abrupt::Stop(_) = **abrupt
        {
            return result;
        }
        self.stack.truncate(stack);
        self.cells.truncate(cells);
        let returned = self.returned;
        match self.block(finalizer)? {
            Flow::Next => {
                self.returned = returned;
                result
            }
            flow => Ok(flow),
        }
    }

    fn handle(&mut self, handler: &'e Catch, thrown: Val) -> Completion<Flow> {
        self.enter(&handler.enter)?;
        if let Some(parameter) = &handler.parameter {
            self.bind(parameter, thrown)?;
        }
        self.block(&handler.body)
    }
}
