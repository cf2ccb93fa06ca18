//! The constructs that AppSync refuses, found in one walk over the tree.
//!
//! Sources: "JavaScript runtime features for resolvers and functions" and AppSync's lint plugin, whose rule names are kept.
//! Most of them work here; those are warnings unless `strict`. What the engine here cannot run is an error always: there is
//! no job queue (async, promises), no `eval` and no import at run time.

use std::collections::HashMap;

use oxc::ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AwaitExpression, BigIntLiteral, BinaryExpression, CallExpression, Class,
    ContinueStatement, DoWhileStatement, Expression, ForOfStatement, ForStatement, Function, IdentifierReference,
    ImportExpression, ImportMeta, LabeledStatement, MemberExpression, NewExpression, PrivateInExpression, Program, RegExpLiteral,
    ReturnStatement, SimpleAssignmentTarget, ThisExpression, ThrowStatement, TryStatement, UnaryExpression, UpdateExpression,
    VariableDeclarator, WhileStatement, YieldExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{ScopeFlags, Scoping, SymbolId};
use oxc::span::{GetSpan, Span};
use oxc::syntax::operator::{BinaryOperator, UnaryOperator};

use super::analyze::range;
use super::builtins;
use super::names::Names;
use crate::finding::{Findings, Severity};
use crate::host::{self, Node};

/// Reports every forbidden construct and every name that does not exist.
pub(super) fn check(program: &Program<'_>, scoping: &Scoping, is_entry: bool, strict: bool, findings: &mut Findings<'_>) {
    let Names { functions, hosts, contexts, .. } = Names::of(program, scoping, is_entry);
    let mut rules = Rules {
        scoping,
        findings,
        forbidden: if strict { Severity::Error } else { Severity::Warning },
        functions,
        hosts,
        contexts,
        inside: Vec::new(),
        calls: Vec::new(),
    };
    rules.visit_program(program);
    rules.report_recursion();
}

/// A call from inside one named function to another.
struct Call {
    from: SymbolId,
    to: SymbolId,
    span: Span,
}

struct Rules<'s, 'f, 't> {
    scoping: &'s Scoping,
    findings: &'f mut Findings<'t>,
    forbidden: Severity,
    functions: HashMap<SymbolId, String>,
    hosts: HashMap<SymbolId, &'static Node>,
    contexts: Vec<SymbolId>,
    /// The named functions around the current place.
    inside: Vec<SymbolId>,
    calls: Vec<Call>,
}

impl Rules<'_, '_, '_> {
    fn forbid(&mut self, rule: &'static str, span: Span, message: impl Into<String>, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.findings.push(self.forbidden, rule, range(span), message.into(), help);
    }

    fn refuse(&mut self, rule: &'static str, span: Span, message: impl Into<String>, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.findings.push(Severity::Error, rule, range(span), message.into(), help);
    }

    fn symbol(&self, reference: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.scoping.get_reference(reference.reference_id.get()?).symbol_id()
    }

    /// The name of the user's function that `expression` is, if it is one.
    fn function_name(&self, expression: &Expression<'_>) -> Option<&str> {
        let reference = expression.get_inner_expression().get_identifier_reference()?;
        self.functions.get(&self.symbol(reference)?).map(String::as_str)
    }

    fn is_function(&self, expression: &Expression<'_>) -> bool {
        expression.get_inner_expression().is_function() || self.function_name(expression).is_some()
    }

    /// What of the host `expression` names: `util`, `util.time`, an imported name.
    fn host_node(&self, expression: &Expression<'_>) -> Option<&'static Node> {
        // Chains are as long as code is, so this walks down instead of recursing.
        let mut path = Vec::new();
        let mut at = expression.get_inner_expression();
        let mut node = loop {
            match at {
                Expression::StaticMemberExpression(member) => {
                    path.push(member.property.name.as_str());
                    at = member.object.get_inner_expression();
                }
                Expression::Identifier(reference) => {
                    break match self.symbol(reference) {
                        Some(symbol) => *self.hosts.get(&symbol)?,
                        None => host::TREES[0].members.get(reference.name.as_str())?,
                    };
                }
                _ => return None,
            }
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

    /// The name of the global that `expression` is, if code has not declared that name itself.
    fn global<'e>(&self, expression: &'e Expression<'_>) -> Option<&'e str> {
        let reference = expression.get_inner_expression().get_identifier_reference()?;
        self.symbol(reference).is_none().then(|| reference.name.as_str())
    }

    fn member(&mut self, member: &MemberExpression<'_>) {
        let Some((span, name)) = member.static_property_info() else { return };
        let object = member.object();
        if let Some(node) = self.host_node(object) {
            if node.utility.is_none() && !node.members.contains_key(name) {
                let message = format!("'{}' does not exist", self.source(member.span()));
                let help = node.nearest(name).map(|nearest| format!("did you mean '{nearest}'?"));
                self.findings.error("unknown-utility", range(span), message, help);
            }
            return;
        }
        if let Some(global) = self.global(object)
            && builtins::refused_static(global, name)
        {
            self.forbid("no-disallowed-methods", span, format!("AppSync does not support {global}.{name}"), "");
        }
    }

    /// A method call on something that is no global object.
    fn method(&mut self, call: &CallExpression<'_>) {
        let Some(member) = call.callee.get_inner_expression().get_member_expr() else { return };
        let Some((span, name)) = member.static_property_info() else { return };
        let object = member.object();
        if self.host_node(object).is_some() || self.global(object).is_some() || !builtins::refused_method(name) {
            return;
        }
        let help = match name {
            "hasOwnProperty" => "use Object.hasOwn(object, key)",
            "keys" | "values" | "entries" => "use Object.keys, Object.values or Object.entries",
            "toString" | "toLocaleString" => "use a template literal: `${value}`",
            _ => "",
        };
        self.forbid("no-disallowed-methods", span, format!("AppSync does not support the method {name}"), help);
    }

    fn passing(&mut self, call: &CallExpression<'_>) {
        let callee = call.callee.get_inner_expression();
        let method = callee.get_member_expr().and_then(MemberExpression::static_property_name);
        if method.is_some_and(builtins::takes_function) {
            return;
        }
        for argument in &call.arguments {
            let Some(expression) = argument.as_expression() else { continue };
            if self.is_function(expression) {
                let message = match method {
                    Some("sort") => "AppSync's sort takes no function".to_owned(),
                    _ => "AppSync does not support passing a function as an argument".to_owned(),
                };
                self.forbid(
                    "no-function-passing",
                    argument.span(),
                    message,
                    "only map, filter, find, forEach, reduce and the like take one",
                );
            }
        }
    }

    fn returned(&mut self, expression: &Expression<'_>) {
        if self.is_function(expression) {
            self.forbid("no-function-return", expression.span(), "AppSync does not support returning a function", "");
        }
    }

    fn reassigned(&mut self, expression: &Expression<'_>) {
        if let Some(name) = self.function_name(expression) {
            let message = format!("AppSync does not support giving the function '{name}' a second name");
            self.forbid("no-function-reassign", expression.span(), message, "call it by its own name");
        }
    }

    fn is_context(&self, expression: &Expression<'_>) -> bool {
        expression
            .get_inner_expression()
            .get_identifier_reference()
            .and_then(|reference| self.symbol(reference))
            .is_some_and(|symbol| self.contexts.contains(&symbol))
    }

    /// Something is written to or deleted: the context and its own members must not be.
    fn written(&mut self, object: &Expression<'_>, span: Span) {
        if self.is_context(object) {
            let message = format!("AppSync does not allow changing '{}'", self.source(span));
            self.forbid("no-disallowed-re-assignment", span, message, "write to a member of ctx.stash, ctx.args or ctx.result");
        }
    }

    fn source(&self, span: Span) -> String {
        self.findings.text_at(range(span)).chars().take(60).collect()
    }

    fn function_like(&mut self, span: Span, is_async: bool, is_generator: bool) {
        if is_async {
            self.refuse(
                "no-async",
                span,
                "async functions are not supported",
                "what a data source answers is in ctx.result of the response handler",
            );
        }
        if is_generator {
            self.forbid("no-generators", span, "AppSync does not support generator functions", "");
        }
    }

    /// Functions that call themselves, directly or through others.
    fn report_recursion(&mut self) {
        let mut callees: HashMap<SymbolId, Vec<SymbolId>> = HashMap::new();
        for call in &self.calls {
            callees.entry(call.from).or_default().push(call.to);
        }
        let mut reachable: HashMap<SymbolId, std::collections::HashSet<SymbolId>> = HashMap::new();
        for call in std::mem::take(&mut self.calls) {
            let from_there = reachable.entry(call.to).or_insert_with(|| {
                let mut seen = std::collections::HashSet::from([call.to]);
                let mut open = vec![call.to];
                while let Some(at) = open.pop() {
                    for next in callees.get(&at).into_iter().flatten() {
                        if seen.insert(*next) {
                            open.push(*next);
                        }
                    }
                }
                seen
            });
            if from_there.contains(&call.from) {
                let name = self.functions.get(&call.to).cloned().unwrap_or_default();
                let message = if call.from == call.to {
                    format!("AppSync does not support recursion: '{name}' calls itself")
                } else {
                    format!("AppSync does not support recursion: '{name}' leads back here")
                };
                self.forbid("no-recursion", call.span, message, "");
            }
        }
    }
}

impl<'a> Visit<'a> for Rules<'_, '_, '_> {
    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        self.forbid(
            "no-for",
            Span::sized(it.span.start, 3),
            "AppSync does not support for loops with a counter",
            "use for-of or for-in",
        );
        walk::walk_for_statement(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.refuse("no-await", Span::sized(it.span.start, 3), "for await is not supported", "use for-of");
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        self.forbid("no-while", Span::sized(it.span.start, 5), "AppSync does not support while loops", "use for-of or for-in");
        walk::walk_while_statement(self, it);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        self.forbid("no-while", Span::sized(it.span.start, 2), "AppSync does not support do-while loops", "use for-of or for-in");
        walk::walk_do_while_statement(self, it);
    }

    fn visit_continue_statement(&mut self, it: &ContinueStatement<'a>) {
        self.forbid("no-continue", it.span, "AppSync does not support continue", "put the rest of the loop into an if");
    }

    fn visit_labeled_statement(&mut self, it: &LabeledStatement<'a>) {
        self.forbid("no-labels", it.label.span, "AppSync does not support labels", "");
        walk::walk_labeled_statement(self, it);
    }

    fn visit_try_statement(&mut self, it: &TryStatement<'a>) {
        self.forbid(
            "no-try",
            Span::sized(it.span.start, 3),
            "AppSync does not support try",
            "errors of a data source are in ctx.error",
        );
        walk::walk_try_statement(self, it);
    }

    fn visit_throw_statement(&mut self, it: &ThrowStatement<'a>) {
        self.forbid("no-throw", Span::sized(it.span.start, 5), "AppSync does not support throw", "use util.error(message, type)");
        walk::walk_throw_statement(self, it);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.refuse(
            "no-await",
            Span::sized(it.span.start, 5),
            "await is not supported",
            "what a data source answers is in ctx.result of the response handler",
        );
        walk::walk_await_expression(self, it);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        self.forbid("no-yield", Span::sized(it.span.start, 5), "AppSync does not support yield", "");
        walk::walk_yield_expression(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        self.forbid("no-classes", Span::sized(it.span.start, 5), "AppSync does not support classes", "use functions and objects");
        walk::walk_class(self, it);
    }

    fn visit_this_expression(&mut self, it: &ThisExpression) {
        self.forbid("no-this", it.span, "AppSync does not support this", "");
    }

    fn visit_reg_exp_literal(&mut self, it: &RegExpLiteral<'a>) {
        self.forbid(
            "no-regex",
            it.span,
            "AppSync does not support regular expression literals",
            "use util.matches(pattern, text)",
        );
    }

    fn visit_big_int_literal(&mut self, it: &BigIntLiteral<'a>) {
        self.forbid("no-bigint", it.span, "AppSync does not support BigInt", "");
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.refuse("no-dynamic-import", it.span, "import() is not supported", "import at the top of the file");
        walk::walk_import_expression(self, it);
    }

    fn visit_import_meta(&mut self, it: &ImportMeta) {
        self.refuse("no-dynamic-import", it.span, "import.meta is not supported", "");
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        let (operator, instead) = if it.operator.as_str() == "++" { ("++", "+= 1") } else { ("--", "-= 1") };
        self.forbid(
            "no-disallowed-unary-operators",
            it.span,
            format!("AppSync does not support {operator}"),
            &format!("use {instead}"),
        );
        walk::walk_update_expression(self, it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        if it.operator == UnaryOperator::BitwiseNot {
            self.forbid("no-disallowed-unary-operators", it.span, "AppSync does not support ~", "");
        }
        if it.operator == UnaryOperator::Delete
            && let Some(member) = it.argument.get_inner_expression().get_member_expr()
        {
            self.written(member.object(), member.span());
        }
        walk::walk_unary_expression(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        match it.operator {
            BinaryOperator::In => self.forbid(
                "no-in-operator",
                it.span,
                "AppSync does not support the in operator",
                "use Object.hasOwn(object, key)",
            ),
            BinaryOperator::Instanceof => {
                self.forbid("no-disallowed-binary-operators", it.span, "AppSync does not support instanceof", "use typeof");
            }
            _ => {}
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_private_in_expression(&mut self, it: &PrivateInExpression<'a>) {
        self.forbid("no-in-operator", it.span, "AppSync does not support the in operator", "use Object.hasOwn(object, key)");
        walk::walk_private_in_expression(self, it);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(reference) = it {
            if self.symbol(reference).is_some_and(|symbol| self.contexts.contains(&symbol)) {
                let message = format!("AppSync does not allow assigning to '{}'", reference.name);
                self.forbid(
                    "no-disallowed-re-assignment",
                    reference.span,
                    message,
                    "write to a member of ctx.stash, ctx.args or ctx.result",
                );
            }
        } else if let Some(member) = it.as_member_expression() {
            self.written(member.object(), member.span());
        }
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        self.reassigned(&it.right);
        walk::walk_assignment_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let Some(init) = &it.init {
            self.reassigned(init);
        }
        let named = it.id.get_binding_identifier().and_then(|id| id.symbol_id.get()).filter(|id| self.functions.contains_key(id));
        self.inside.extend(named);
        walk::walk_variable_declarator(self, it);
        if named.is_some() {
            self.inside.pop();
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.function_like(Span::sized(it.span.start, 8), it.r#async, it.generator);
        let named = it.id.as_ref().and_then(|id| id.symbol_id.get());
        self.inside.extend(named);
        walk::walk_function(self, it, flags);
        if named.is_some() {
            self.inside.pop();
        }
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.function_like(Span::sized(it.span.start, 5), it.r#async, false);
        if let Some(expression) = it.get_expression() {
            self.returned(expression);
        }
        walk::walk_arrow_function_expression(self, it);
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        if let Some(argument) = &it.argument {
            self.returned(argument);
        }
        walk::walk_return_statement(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if let Some(reference) = it.callee.get_inner_expression().get_identifier_reference()
            && let Some(to) = self.symbol(reference)
            && self.functions.contains_key(&to)
            && let Some(&from) = self.inside.last()
        {
            self.calls.push(Call { from, to, span: it.span });
        }
        self.passing(it);
        self.method(it);
        walk::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        for argument in &it.arguments {
            if argument.as_expression().is_some_and(|expression| self.is_function(expression)) {
                self.forbid(
                    "no-function-passing",
                    argument.span(),
                    "AppSync does not support passing a function as an argument",
                    "",
                );
            }
        }
        walk::walk_new_expression(self, it);
    }

    fn visit_member_expression(&mut self, it: &MemberExpression<'a>) {
        self.member(it);
        walk::walk_member_expression(self, it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let Some(id) = it.reference_id.get() else { return };
        let reference = self.scoping.get_reference(id);
        if reference.symbol_id().is_some() || !reference.is_value() {
            return;
        }
        let name = it.name.as_str();
        if builtins::GLOBALS.contains(&name) {
            return;
        }
        match name {
            "eval" | "Function" => {
                self.refuse("no-eval", it.span, format!("{name} is not supported: code cannot be made at run time"), "");
            }
            "Promise" => self.refuse(
                "no-promise",
                it.span,
                "promises are not supported",
                "what a data source answers is in ctx.result of the response handler",
            ),
            "arguments" => {
                self.forbid("unsupported-global", it.span, "AppSync does not support arguments", "use a rest parameter");
            }
            name if builtins::EXTRA_GLOBALS.contains(&name) => {
                self.forbid("unsupported-global", it.span, format!("AppSync's runtime has no {name}"), "");
            }
            name => {
                let help = builtins::absent_global(name).unwrap_or_default();
                self.refuse("unknown-name", it.span, format!("'{name}' is not defined"), help);
            }
        }
    }
}
