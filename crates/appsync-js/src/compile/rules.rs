//! The constructs that AppSync refuses, found in one walk over the tree.
//!
//! Sources: "JavaScript runtime features for resolvers and functions" and AppSync's lint plugin, whose rule names, places and
//! messages are kept; `tests/lint.rs` of this crate holds the two against each other and lists where they differ, and why.
//! Most of these constructs work here; those are warnings unless `strict`. What the engine here has not is an error always:
//! promises and generators, code made at run time, classes, accessors, symbols, BigInt.

mod recursion;
pub(super) mod types;

use std::collections::HashMap;

use oxc::ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentOperator, AssignmentTargetPropertyIdentifier, AwaitExpression,
    BigIntLiteral, BinaryExpression, CallExpression, Class, ContinueStatement, DoWhileStatement, Expression, ForOfStatement,
    ForStatement, Function, IdentifierReference, ImportExpression, ImportMeta, LabeledStatement, MemberExpression, NewExpression,
    NewTarget, ObjectProperty, PrivateInExpression, Program, PropertyKind, RegExpFlags, RegExpLiteral, ReturnStatement,
    SimpleAssignmentTarget, Super, TaggedTemplateExpression, ThisExpression, ThrowStatement, TryStatement, UnaryExpression,
    UpdateExpression, VariableDeclarator, WhileStatement, YieldExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{ScopeFlags, Scoping, SymbolId};
use oxc::span::{GetSpan, Span};
use oxc::syntax::operator::{BinaryOperator, UnaryOperator};

use self::recursion::{Call, Part};
use self::types::{Kind, Types};
use super::analyze::range;
use super::builtins::{self, Method, Static};
use super::names::{self, Names};
use crate::finding::{Findings, Severity};
use crate::host::{self, Node};

/// Reports every forbidden construct and every name that does not exist.
pub(super) fn check(program: &Program<'_>, scoping: &Scoping, is_entry: bool, strict: bool, findings: &mut Findings<'_>) {
    let Names { functions, hosts, contexts, types, .. } = Names::of(program, scoping, is_entry);
    let mut rules = Rules {
        scoping,
        findings,
        forbidden: if strict { Severity::Error } else { Severity::Warning },
        functions,
        hosts,
        contexts,
        types,
        inside: Vec::new(),
        calls: Vec::new(),
    };
    rules.visit_program(program);
    rules.report_recursion();
}

struct Rules<'s, 'f, 't> {
    scoping: &'s Scoping,
    findings: &'f mut Findings<'t>,
    forbidden: Severity,
    functions: HashMap<SymbolId, String>,
    hosts: HashMap<SymbolId, &'static Node>,
    contexts: Vec<SymbolId>,
    types: Types,
    /// The named functions around the current place.
    inside: Vec<SymbolId>,
    calls: Vec<Call>,
}

impl Rules<'_, '_, '_> {
    /// Reports what AppSync refuses: `message` is ours, `appsync` is what the service says, where that is known.
    fn forbid(&mut self, rule: &'static str, span: Span, message: impl Into<String>, appsync: &str, help: &str) {
        self.report(self.forbidden, rule, span, message.into(), appsync, help);
    }

    /// Reports what does not work here either.
    fn refuse(&mut self, rule: &'static str, span: Span, message: impl Into<String>, appsync: &str, help: &str) {
        self.report(Severity::Error, rule, span, message.into(), appsync, help);
    }

    fn report(&mut self, severity: Severity, rule: &'static str, span: Span, message: String, appsync: &str, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        let finding = self.findings.push(severity, rule, range(span), message, help);
        finding.appsync = (!appsync.is_empty()).then(|| appsync.to_owned());
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

    fn kind(&self, expression: &Expression<'_>) -> Kind {
        names::infer(expression, &self.types, self.scoping, &self.hosts).kind()
    }

    fn host_node(&self, expression: &Expression<'_>) -> Option<&'static Node> {
        names::host_node(expression, self.scoping, &self.hosts)
    }

    /// The name of the global that `expression` is, if code has not declared that name itself.
    fn global<'e>(&self, expression: &'e Expression<'_>) -> Option<&'e str> {
        let reference = expression.get_inner_expression().get_identifier_reference()?;
        self.symbol(reference).is_none().then(|| reference.name.as_str())
    }

    /// A member that is read, written or called.
    fn member(&mut self, member: &MemberExpression<'_>) {
        let Some((span, name)) = member.static_property_info() else { return };
        let object = member.object();
        if let Some(node) = self.host_node(object) {
            if node.function.is_none() && !node.members.contains_key(name) {
                let message = format!("'{}' does not exist", self.source(member.span()));
                let help = host::nearest(node.members.keys().copied(), name)
                    .map(|nearest| format!("did you mean '{nearest}'?"))
                    .unwrap_or_default();
                let appsync = match type_name(node) {
                    Some(known) => format!("TS2339: Property '{name}' does not exist on type '{known}'."),
                    None => String::new(),
                };
                self.refuse("unknown-utility", span, message, &appsync, &help);
            }
            return;
        }
        let Some(global) = self.global(object) else { return };
        if builtins::static_member(global, name) == Static::Unknown {
            let near = host::nearest(builtins::static_members(global), name);
            let help = near.map(|nearest| format!("did you mean '{global}.{nearest}'?")).unwrap_or_default();
            let constructor = if matches!(global, "Math" | "JSON") { "" } else { "Constructor" };
            let appsync = match global {
                "console" => String::new(),
                global => format!("TS2339: Property '{name}' does not exist on type '{global}{constructor}'."),
            };
            self.refuse("unknown-member", span, format!("'{global}.{name}' does not exist"), &appsync, &help);
        }
    }

    /// A member of a global object that AppSync lacks, called or not. The place is the one of the whole expression.
    fn static_member(&mut self, member: &MemberExpression<'_>, span: Span) {
        let Some((_, name)) = member.static_property_info() else { return };
        let Some(global) = self.global(member.object()) else { return };
        if builtins::static_member(global, name) == Static::Refused {
            let appsync = match global {
                "Object" if builtins::is_denied(name) => format!("Method ObjectConstructor.{name} is not implemented"),
                _ => String::new(),
            };
            let message = format!("AppSync does not support {global}.{name}");
            self.forbid("no-disallowed-methods", span, message, &appsync, "");
        }
    }

    /// A method call.
    fn method(&mut self, call: &CallExpression<'_>) {
        let Some(member) = call.callee.get_member_expr() else { return };
        let Some(name) = member.static_property_name() else { return };
        let object = member.object();
        let span = callee_span(call);
        if self.host_node(object).is_some() || self.global(object).is_some() {
            return;
        }
        let help = match name {
            "hasOwnProperty" => "use Object.hasOwn(object, key)",
            "keys" | "values" | "entries" => "use Object.keys, Object.values or Object.entries",
            "toString" | "toLocaleString" => "use a template literal: `${value}`",
            "apply" | "bind" | "call" => "call the function by its name",
            _ => "",
        };
        match builtins::method(self.kind(object), name) {
            Method::Fine => {}
            Method::Refused(interface) => {
                let message = format!("AppSync does not support the method {name}");
                let appsync = match interface {
                    "Function" => String::new(),
                    interface => format!("Method {interface}.{name} is not implemented"),
                };
                self.forbid("no-disallowed-methods", span, message, &appsync, help);
            }
            // AppSync, too, cannot know before the code runs; it fails then.
            Method::Doubtful => {
                let message = format!("AppSync does not support the built-in method {name}");
                self.report(Severity::Warning, "no-disallowed-methods", span, message, "", help);
            }
        }
    }

    fn passing(&mut self, call: &CallExpression<'_>) {
        let mut arguments = call.arguments.iter().filter_map(|argument| argument.as_expression());
        if !arguments.any(|argument| self.is_function(argument)) {
            return;
        }
        let member = call.callee.get_member_expr();
        let method = member.and_then(MemberExpression::static_property_name);
        let keyed = |object: &Expression<'_>| matches!(self.kind(object), Kind::Map | Kind::Set);
        if method.is_some_and(builtins::takes_function) && !member.is_some_and(|member| keyed(member.object())) {
            return;
        }
        let message = match method {
            Some("sort") => "AppSync's sort takes no function",
            _ => "AppSync does not support passing a function as an argument",
        };
        self.forbid(
            "no-function-passing",
            callee_span(call),
            message,
            "Functions can not be passed as an argument",
            "only map, filter, find, forEach, reduce and the like take one",
        );
    }

    fn returned(&mut self, expression: &Expression<'_>, span: Span) {
        if self.is_function(expression) {
            self.forbid(
                "no-function-return",
                span,
                "AppSync does not support returning a function",
                "returning a function is not allowed",
                "return what it would return",
            );
        }
    }

    fn reassigned(&mut self, expression: &Expression<'_>, span: Span) {
        if let Some(name) = self.function_name(expression) {
            let message = format!("AppSync does not support giving the function '{name}' a second name");
            self.forbid("no-function-reassign", span, message, "re-assigning function is not allowed", "call it by its own name");
        }
    }

    /// The name of the context that `expression` is.
    fn context<'e>(&self, expression: &'e Expression<'_>) -> Option<&'e str> {
        let reference = expression.get_inner_expression().get_identifier_reference()?;
        self.contexts.contains(&self.symbol(reference)?).then(|| reference.name.as_str())
    }

    /// A name is assigned to: the context's must not be.
    fn assigned(&mut self, reference: &IdentifierReference<'_>) {
        if self.symbol(reference).is_some_and(|symbol| self.contexts.contains(&symbol)) {
            self.forbid(
                "no-disallowed-re-assignment",
                reference.span,
                format!("AppSync does not allow assigning to '{}'", reference.name),
                &format!("{} is readonly and re-assignment is not supported.", reference.name),
                "write to a member of ctx.stash, ctx.args or ctx.result",
            );
        }
    }

    /// A member is written to or deleted: the context's own members must not be.
    fn written(&mut self, member: &MemberExpression<'_>) {
        let Some(context) = self.context(member.object()) else { return };
        // AppSync names what stands last in the brackets: `k` of `ctx[ctx.args.k]`.
        let mut at = member;
        let name = loop {
            match at {
                MemberExpression::StaticMemberExpression(member) => break Some(member.property.name.to_string()),
                MemberExpression::ComputedMemberExpression(member) => match member.expression.get_inner_expression() {
                    Expression::Identifier(reference) => break Some(reference.name.to_string()),
                    Expression::StringLiteral(text) => break Some(text.value.to_string()),
                    Expression::NumericLiteral(number) => break Some(number.value.to_string()),
                    Expression::BooleanLiteral(boolean) => break Some(boolean.value.to_string()),
                    inner => match inner.as_member_expression() {
                        Some(member) => at = member,
                        None => break None,
                    },
                },
                MemberExpression::PrivateFieldExpression(_) => break None,
            }
        };
        let appsync = match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{context} is readonly. Adding/Updating {name} is not supported."),
            None => format!("{context} is readonly adding/modifying properties is not supported."),
        };
        let message = format!("AppSync does not allow changing '{}'", self.source(member.span()));
        let help = "write to a member of ctx.stash, ctx.args or ctx.result";
        self.forbid("no-disallowed-re-assignment", member.span(), message, &appsync, help);
    }

    fn source(&self, span: Span) -> String {
        self.findings.text_at(range(span)).chars().take(60).collect()
    }

    fn async_function(&mut self, span: Span, is_async: bool) {
        if is_async {
            self.refuse(
                "no-async",
                span,
                "async functions are not supported",
                "Async functions are not supported.",
                "what a data source answers is in ctx.result of the response handler",
            );
        }
    }

    /// Functions that call themselves, directly or through others; with AppSync's rules also who calls such a function.
    fn report_recursion(&mut self) {
        for found in recursion::recursive(std::mem::take(&mut self.calls), &self.functions) {
            let name = self.functions.get(&found.call.to).cloned().unwrap_or_default();
            let message = match found.part {
                Part::Itself => format!("AppSync does not support recursion: '{name}' calls itself"),
                Part::Around => format!("AppSync does not support recursion: '{name}' leads back here"),
                // Those who only want to run it here know it from the function itself.
                Part::Before if self.forbidden == Severity::Warning => continue,
                Part::Before => format!("AppSync does not support recursion: '{name}' leads into it"),
            };
            let appsync = format!("Recursive function calls not supported. Detected cycle in {}", found.path);
            self.forbid("no-recursion", found.call.span, message, &appsync, "use for-of over a list of what is left to do");
        }
    }

    fn promise(&mut self, span: Span, appsync: &str) {
        self.refuse(
            "no-promise",
            span,
            "promises are not supported",
            appsync,
            "what a data source answers is in ctx.result of the response handler",
        );
    }
}

/// The place of a call as AppSync has it, up to where its arguments begin.
fn callee_span(call: &CallExpression<'_>) -> Span {
    Span::new(call.span.start, call.callee.span().end)
}

/// What the typings of `@aws-appsync/utils` call a namespace.
fn type_name(node: &Node) -> Option<&'static str> {
    let utils = &host::NAMES.trees[0];
    let is = |found: Option<&Node>| found.is_some_and(|found| std::ptr::eq(found, node));
    for (name, known) in [("util", "Util"), ("extensions", "Extensions"), ("runtime", "Runtime")] {
        if is(utils.members.get(name)) {
            return Some(known);
        }
    }
    let util = utils.members.get("util")?;
    let spaces = [
        ("dynamodb", "DynamodbUtil"),
        ("http", "HttpUtils"),
        ("math", "MathUtils"),
        ("rds", "RdsUtil"),
        ("str", "StringUtils"),
        ("time", "TimeUtils"),
        ("transform", "TransformUtils"),
        ("xml", "XmlUtils"),
    ];
    spaces.into_iter().find(|(name, _)| is(util.members.get(*name))).map(|(_, known)| known)
}

impl<'a> Visit<'a> for Rules<'_, '_, '_> {
    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        self.forbid(
            "no-for",
            Span::sized(it.span.start, 3),
            "AppSync does not support for loops with a counter",
            "For statements are not supported.",
            "use for-of or for-in",
        );
        walk::walk_for_statement(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.refuse("no-await", Span::sized(it.span.start, 3), "for await is not supported", "", "use for-of");
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        self.forbid(
            "no-while",
            Span::sized(it.span.start, 5),
            "AppSync does not support while loops",
            "While statements are not supported.",
            "use for-of or for-in",
        );
        walk::walk_while_statement(self, it);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        self.forbid(
            "no-while",
            Span::sized(it.span.start, 2),
            "AppSync does not support do-while loops",
            "do...while statements are not supported.",
            "use for-of or for-in",
        );
        walk::walk_do_while_statement(self, it);
    }

    fn visit_continue_statement(&mut self, it: &ContinueStatement<'a>) {
        self.forbid(
            "no-continue",
            it.span,
            "AppSync does not support continue",
            "Continue statements are not supported",
            "put the rest of the loop into an if",
        );
    }

    fn visit_labeled_statement(&mut self, it: &LabeledStatement<'a>) {
        self.forbid(
            "no-labels",
            it.label.span,
            "AppSync does not support labels",
            "Labeled statements are not supported.",
            "move the loop into a function and return from it",
        );
        walk::walk_labeled_statement(self, it);
    }

    fn visit_try_statement(&mut self, it: &TryStatement<'a>) {
        self.forbid(
            "no-try",
            Span::sized(it.span.start, 3),
            "AppSync does not support try",
            "Try statements are not supported.",
            "errors of a data source are in ctx.error",
        );
        walk::walk_try_statement(self, it);
    }

    fn visit_throw_statement(&mut self, it: &ThrowStatement<'a>) {
        let span = Span::sized(it.span.start, 5);
        self.forbid("no-throw", span, "AppSync does not support throw", "", "use util.error(message, type)");
        walk::walk_throw_statement(self, it);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.refuse(
            "no-await",
            Span::sized(it.span.start, 5),
            "await is not supported",
            "The `await` keyword is not supported",
            "what a data source answers is in ctx.result of the response handler",
        );
        walk::walk_await_expression(self, it);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        self.refuse(
            "no-yield",
            Span::sized(it.span.start, 5),
            "yield is not supported",
            "Yield statements are not supported",
            "fill an array and return it",
        );
        walk::walk_yield_expression(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        // TypeScript erases `declare class`.
        if it.declare {
            return;
        }
        self.refuse(
            "no-classes",
            Span::sized(it.span.start, 5),
            "APPSYNC_JS has no classes",
            if it.is_declaration() { "Class declarations are not supported." } else { "" },
            "use functions that make plain objects, and functions that take them",
        );
        walk::walk_class(self, it);
    }

    fn visit_this_expression(&mut self, it: &ThisExpression) {
        self.forbid(
            "no-this",
            it.span,
            "AppSync does not support this",
            "This expressions are not supported.",
            "pass the object as an argument",
        );
    }

    fn visit_super(&mut self, it: &Super) {
        self.refuse("no-super", it.span, "APPSYNC_JS has no classes, so no super", "", "call the function by its name");
    }

    fn visit_new_target(&mut self, it: &NewTarget) {
        self.refuse("no-new-target", it.span, "new.target is not supported", "", "pass what the function has to know");
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if it.kind != PropertyKind::Init {
            let what = if it.kind == PropertyKind::Get { "getters" } else { "setters" };
            let span = Span::sized(it.span.start, 3);
            self.refuse("no-accessors", span, format!("APPSYNC_JS has no {what}"), "", "use a function or a plain member");
        }
        walk::walk_object_property(self, it);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        let sql = self.host_node(&it.tag).is_some_and(|node| node.function.is_some() && node.name == "sql");
        let member = it.tag.get_member_expr();
        let raw = member
            .is_some_and(|member| self.global(member.object()) == Some("String") && member.static_property_name() == Some("raw"));
        if !sql && !raw {
            let message = format!("'{}' cannot be used as the tag of a template", self.source(it.tag.span()));
            self.refuse("no-tagged-templates", it.span, message, "", "call it with the template as the argument");
        }
        walk::walk_tagged_template_expression(self, it);
    }

    fn visit_reg_exp_literal(&mut self, it: &RegExpLiteral<'a>) {
        self.forbid(
            "no-regex",
            it.span,
            "AppSync does not support regular expression literals",
            "Regex literals are not supported.",
            "use util.matches(pattern, text)",
        );
        if it.regex.flags.intersects(RegExpFlags::D | RegExpFlags::V) {
            let message = "the flags d and v of regular expressions are not supported";
            self.refuse("no-regex-flags", it.span, message, "", "use the flag u, or none");
        }
    }

    fn visit_big_int_literal(&mut self, it: &BigIntLiteral<'a>) {
        self.refuse("no-bigint", it.span, "BigInt is not supported", "", "use a number or a string");
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.refuse("no-dynamic-import", it.span, "import() is not supported", "", "import at the top of the file");
        walk::walk_import_expression(self, it);
    }

    fn visit_import_meta(&mut self, it: &ImportMeta) {
        self.refuse("no-dynamic-import", it.span, "import.meta is not supported", "", "");
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        let (operator, instead) = if it.operator.as_str() == "++" { ("++", "+= 1") } else { ("--", "-= 1") };
        self.forbid(
            "no-disallowed-unary-operators",
            it.span,
            format!("AppSync does not support {operator}"),
            &format!("The operator {operator} is not supported"),
            &format!("use {instead}"),
        );
        walk::walk_update_expression(self, it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        if it.operator == UnaryOperator::BitwiseNot {
            self.forbid(
                "no-disallowed-unary-operators",
                it.span,
                "AppSync does not support ~",
                "The operator ~ is not supported",
                "use -x - 1",
            );
        }
        if it.operator == UnaryOperator::Delete
            && let Some(member) = it.argument.get_member_expr()
        {
            self.written(member);
        }
        walk::walk_unary_expression(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        match it.operator {
            BinaryOperator::In => self.in_operator(it.span),
            BinaryOperator::Instanceof => self.forbid(
                "no-disallowed-binary-operators",
                it.span,
                "AppSync does not support instanceof",
                "The operator instanceof is not supported",
                "use typeof",
            ),
            _ => {}
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_private_in_expression(&mut self, it: &PrivateInExpression<'a>) {
        self.in_operator(it.span);
        walk::walk_private_in_expression(self, it);
    }

    fn visit_assignment_target_property_identifier(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        self.assigned(&it.binding);
        walk::walk_assignment_target_property_identifier(self, it);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(reference) = it {
            self.assigned(reference);
        } else if let Some(member) = it.as_member_expression() {
            self.written(member);
        }
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if it.operator == AssignmentOperator::Assign {
            self.reassigned(&it.right, it.span);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let Some(init) = &it.init {
            self.reassigned(init, it.span);
        }
        let function = it.init.as_ref().is_some_and(|init| init.get_inner_expression().is_function());
        let named = it.id.get_binding_identifier().and_then(|id| id.symbol_id.get()).filter(|_| function);
        self.inside.extend(named);
        walk::walk_variable_declarator(self, it);
        if named.is_some() {
            self.inside.pop();
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let span = Span::sized(it.span.start, 8);
        self.async_function(span, it.r#async);
        if it.generator {
            self.refuse(
                "no-generators",
                span,
                "generator functions are not supported",
                if it.is_declaration() { "Generator functions are not supported." } else { "" },
                "fill an array and return it",
            );
        }
        // A function expression's own name is another name of the variable that it is assigned to.
        let named = it.id.as_ref().and_then(|id| id.symbol_id.get());
        self.inside.extend(named);
        walk::walk_function(self, it, flags);
        if named.is_some() {
            self.inside.pop();
        }
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.async_function(Span::sized(it.span.start, 5), it.r#async);
        if let Some(expression) = it.get_expression() {
            self.returned(expression, it.span);
        }
        walk::walk_arrow_function_expression(self, it);
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        if let Some(argument) = &it.argument {
            self.returned(argument, it.span);
        }
        walk::walk_return_statement(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let callee = it.callee.get_inner_expression();
        if let Some(reference) = callee.get_identifier_reference()
            && let Some(to) = self.symbol(reference)
            && self.functions.contains_key(&to)
        {
            self.calls.push(Call { from: self.inside.last().copied(), to, span: it.span });
        }
        self.passing(it);
        self.method(it);
        match callee.get_member_expr() {
            // A static method is reported where the call begins, not where the name stands once more.
            Some(member) => {
                self.static_member(member, callee_span(it));
                self.member(member);
                walk::walk_member_expression(self, member);
                if let Some(arguments) = &it.type_arguments {
                    self.visit_ts_type_parameter_instantiation(arguments);
                }
                self.visit_arguments(&it.arguments);
            }
            None => walk::walk_call_expression(self, it),
        }
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let mut arguments = it.arguments.iter().filter_map(|argument| argument.as_expression());
        if arguments.any(|argument| self.is_function(argument)) {
            self.forbid(
                "no-function-passing",
                Span::new(it.span.start, it.callee.span().end),
                "AppSync does not support passing a function as an argument",
                "",
                "",
            );
        }
        match self.global(&it.callee) {
            Some("Promise") => {
                self.promise(Span::new(it.span.start, it.callee.span().end), "Promise is not supported");
                self.visit_arguments(&it.arguments);
                return;
            }
            Some("RegExp") => self.pattern_flags(it.arguments.get(1).and_then(|flags| flags.as_expression())),
            _ => {}
        }
        walk::walk_new_expression(self, it);
    }

    fn visit_member_expression(&mut self, it: &MemberExpression<'a>) {
        self.static_member(it, it.span());
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
                let message = format!("{name} is not supported: code cannot be made at run time");
                self.refuse("no-eval", it.span, message, "", "write the code into the file");
            }
            "Promise" => self.promise(it.span, ""),
            "BigInt" => self.refuse("no-bigint", it.span, "BigInt is not supported", "", "use a number or a string"),
            "arguments" => {
                self.forbid("unsupported-global", it.span, "AppSync does not support arguments", "", "use a rest parameter");
            }
            name if builtins::EXTRA_GLOBALS.contains(&name) => {
                let help = builtins::instead_of(name);
                self.forbid("unsupported-global", it.span, format!("AppSync's runtime has no {name}"), "", help);
            }
            name => {
                let help = builtins::absent_global(name).unwrap_or_default();
                let appsync = format!("TS2304: Cannot find name '{name}'.");
                self.refuse("unknown-name", it.span, format!("'{name}' is not defined"), &appsync, help);
            }
        }
    }
}

impl Rules<'_, '_, '_> {
    fn in_operator(&mut self, span: Span) {
        self.forbid(
            "no-in-operator",
            span,
            "AppSync does not support the in operator",
            "in operator is not supported. Use Object.hasOwn().",
            "use Object.hasOwn(object, key)",
        );
    }

    /// The flags of `new RegExp(pattern, flags)`, where they can be read.
    fn pattern_flags(&mut self, flags: Option<&Expression<'_>>) {
        if let Some(Expression::StringLiteral(flags)) = flags.map(Expression::get_inner_expression)
            && flags.value.contains(['d', 'v'])
        {
            let message = "the flags d and v of regular expressions are not supported";
            self.refuse("no-regex-flags", flags.span, message, "", "use the flag u, or none");
        }
    }
}
