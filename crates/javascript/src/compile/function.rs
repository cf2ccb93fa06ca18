//! Functions: their parameters, their variables, and what they take along from the functions around them.

use oxc::ast::ast::{ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, FormalParameters, Function, Statement};
use oxc::semantic::{ScopeId, SymbolId};
use oxc::span::Span;

use super::Compiler;
use crate::code::{Block, Body, Enter, FunctionCode, Prelude, Slot};

impl Compiler<'_> {
    /// A `function` of any form. Its number.
    pub(super) fn function(&mut self, function: &Function<'_>, name: &str) -> u32 {
        if function.generator {
            self.unsupported(function.span, "generator functions");
        }
        if function.r#async {
            self.unsupported(function.span, "async functions");
        }
        let own_name = function.id.as_ref().filter(|_| function.is_expression()).and_then(|id| id.symbol_id.get());
        let name = function.id.as_ref().map_or(name, |id| id.name.as_str());
        let statements = function.body.as_ref().map(|body| body.statements.as_slice()).unwrap_or_default();
        let scope = function.scope_id.get();
        self.function_of(function.span, scope, name, &function.params, own_name, false, &mut |compiler| {
            Body::Block(compiler.function_body(statements))
        })
    }

    pub(super) fn arrow(&mut self, arrow: &ArrowFunctionExpression<'_>, name: &str) -> u32 {
        if arrow.r#async {
            self.unsupported(arrow.span, "async functions");
        }
        self.function_of(arrow.span, arrow.scope_id.get(), name, &arrow.params, None, true, &mut |compiler| match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Body::Block(compiler.function_body(&body.statements)),
            body => Body::Expression(compiler.expression(body.to_expression())),
        })
    }

    fn function_body(&mut self, statements: &[Statement<'_>]) -> Block {
        let mut enter = Vec::new();
        let body = self.statements(statements, &mut enter);
        Block { enter: enter.into(), body }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of a function")]
    fn function_of(
        &mut self,
        span: Span,
        scope: Option<ScopeId>,
        name: &str,
        parameters: &FormalParameters<'_>,
        own_name: Option<SymbolId>,
        arrow: bool,
        body: &mut dyn FnMut(&mut Self) -> Body,
    ) -> u32 {
        let Some(scope) = scope else {
            self.error(span, "the function has no scope", None);
            return 0;
        };
        self.begin();
        let compiled = self.deeper(span, |compiler| {
            let mut prelude = compiler.parameters(parameters);
            let own_name = own_name.filter(|symbol| !compiler.homes.contains_key(symbol));
            let own_slot = own_name.map(|symbol| {
                let shared = compiler.is_shared(symbol);
                let slot = if shared { Slot::Cell(compiler.new_cell()) } else { Slot::Local(compiler.new_local()) };
                compiler.set_home(symbol, slot, true);
                slot
            });
            let symbols = compiler.declare_scope(scope);
            compiler.defaults(parameters, &mut prelude);
            let mut body = body(compiler);
            let enter = compiler.enter(&symbols);
            match &mut body {
                Body::Block(block) => prepend(&mut block.enter, enter),
                // An arrow function's expression declares nothing, but a direct `var` cannot stand in it either.
                Body::Expression(_) => {}
            }
            (prelude, own_slot, body)
        });
        let frame = self.frames.pop().expect("it was begun above");
        let Some(((prelude, own_name, body), _)) = compiled else { return 0 };
        let length = parameters.items.iter().take_while(|item| item.initializer.is_none() && !has_default(&item.pattern)).count();
        self.functions.push(FunctionCode {
            file: 0,
            name: name.into(),
            length: u32::try_from(length).unwrap_or(u32::MAX),
            parameters: u32::try_from(parameters.items.len()).unwrap_or(u32::MAX),
            rest: parameters.rest.is_some(),
            locals: frame.locals,
            cells: frame.cells,
            captures: frame.captures.into_iter().map(|(_, slot)| slot).collect(),
            arrow,
            own_name,
            prelude: prelude.into(),
            body,
            text: (span.start, span.end),
        });
        u32::try_from(self.functions.len() - 1).unwrap_or(u32::MAX)
    }

    /// Gives the parameters their slots, so that arguments and slots are in the same order.
    fn parameters(&mut self, parameters: &FormalParameters<'_>) -> Vec<Prelude> {
        let mut prelude = Vec::new();
        let rest = parameters.rest.as_ref().map(|rest| &rest.rest.argument);
        let patterns: Vec<&BindingPattern<'_>> = parameters.items.iter().map(|item| &item.pattern).chain(rest).collect();
        for pattern in &patterns {
            let slot = self.new_local();
            if let BindingPattern::BindingIdentifier(id) = pattern
                && let Some(symbol) = id.symbol_id.get()
                && !self.is_shared(symbol)
            {
                self.set_home(symbol, Slot::Local(slot), true);
            }
        }
        for pattern in &patterns {
            for id in pattern.get_binding_identifiers() {
                let Some(symbol) = id.symbol_id.get() else { continue };
                if self.homes.contains_key(&symbol) {
                    continue;
                }
                let slot = if self.is_shared(symbol) {
                    let cell = self.new_cell();
                    prelude.push(Prelude::Fresh(cell));
                    Slot::Cell(cell)
                } else {
                    Slot::Local(self.new_local())
                };
                self.set_home(symbol, slot, true);
            }
        }
        prelude
    }

    /// Brings the arguments to where the body expects them, in order.
    fn defaults(&mut self, parameters: &FormalParameters<'_>, prelude: &mut Vec<Prelude>) {
        let rest = parameters.rest.as_ref().map(|rest| (&rest.rest.argument, None));
        let items = parameters.items.iter().map(|item| (&item.pattern, item.initializer.as_deref()));
        let all: Vec<_> = items.chain(rest).collect();
        // Parameters get their values from left to right (ECMA-262, 10.2.11).
        for (pattern, _) in &all {
            for symbol in pattern.get_binding_identifiers().iter().filter_map(|id| id.symbol_id.get()) {
                if !self.is_shared(symbol) {
                    self.pending.insert(symbol);
                }
            }
        }
        for (at, (pattern, initializer)) in all.into_iter().enumerate() {
            let slot = u32::try_from(at).unwrap_or(u32::MAX);
            let (pattern, default) = match pattern {
                BindingPattern::AssignmentPattern(pattern) => (&pattern.left, Some(&pattern.right)),
                pattern => (pattern, initializer),
            };
            if let Some(default) = default {
                let name = super::pattern::binding_name(pattern);
                prelude.push(Prelude::Default { slot, value: self.named_expression(default, name) });
            }
            if let BindingPattern::BindingIdentifier(id) = pattern {
                let symbol = id.symbol_id.get();
                symbol.inspect(|symbol| self.mark_declared(*symbol));
                let home = symbol.and_then(|symbol| self.homes.get(&symbol).copied());
                if let Some(Slot::Cell(cell)) = home.map(|home| home.slot) {
                    prelude.push(Prelude::Share { slot, cell });
                }
            } else {
                let pattern = self.binding(pattern);
                prelude.push(Prelude::Bind { slot, pattern });
            }
        }
        if let Some(cell) = self.frame().dead {
            prelude.insert(0, Prelude::Fresh(cell));
        }
    }
}

fn has_default(pattern: &BindingPattern<'_>) -> bool {
    matches!(pattern, BindingPattern::AssignmentPattern(_))
}

/// Puts the entering of variables before that of functions, which may share them.
pub(super) fn prepend(enter: &mut Box<[Enter]>, mut first: Vec<Enter>) {
    if first.is_empty() {
        return;
    }
    first.extend(std::mem::take(enter));
    *enter = first.into();
}
