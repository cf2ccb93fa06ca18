//! Members and calls: `a.b[c]?.d(e)` is one flat chain, however long it is.

use std::sync::atomic::AtomicU32;

use oxc::ast::ast::{
    Argument, CallExpression, ChainElement, ChainExpression, Expression, MemberExpression, TaggedTemplateExpression,
};
use oxc::span::{GetSpan, Span};
use value::Str;

use super::Compiler;
use super::scope::Name;
use crate::builtins;
use crate::code::{Args, Chain, Expr, Item, Link, LinkKind, Logical, LogicalOp, Method, Slot, TemplateTexts};
use crate::heap::Val;

/// One step of a chain in oxc's tree, which has them inside out.
enum Step<'s, 'a> {
    Member { name: &'s str, span: Span, optional: bool, end: u32 },
    Index { expression: &'s Expression<'a>, optional: bool, end: u32 },
    Call { arguments: &'s [Argument<'a>], span: Span, optional: bool, end: u32 },
    End,
    Delete { member: &'s MemberExpression<'a>, end: u32 },
}

impl Compiler<'_> {
    /// A member, a call, or a chain of them. `?.` inside ends all of it.
    pub(super) fn chain(&mut self, expression: &Expression<'_>) -> Expr {
        let mut steps = Vec::new();
        let mut at = expression;
        let root = loop {
            at = match at {
                Expression::StaticMemberExpression(member) => {
                    steps.push(Step::Member {
                        name: member.property.name.as_str(),
                        span: member.property.span,
                        optional: member.optional,
                        end: member.object.span().end,
                    });
                    &member.object
                }
                Expression::ComputedMemberExpression(member) => {
                    let end = member.object.span().end;
                    steps.push(match &member.expression {
                        Expression::StringLiteral(text) if !text.lone_surrogates => {
                            Step::Member { name: text.value.as_str(), span: text.span, optional: member.optional, end }
                        }
                        expression => Step::Index { expression, optional: member.optional, end },
                    });
                    &member.object
                }
                Expression::CallExpression(call) => {
                    steps.push(call_step(call));
                    &call.callee
                }
                // Parentheses end what `?.` leaves out, but not the object that a method is called on.
                Expression::ParenthesizedExpression(inner) => &inner.expression,
                Expression::TSNonNullExpression(inner) => &inner.expression,
                root => break root,
            };
        };
        steps.reverse();
        match root {
            Expression::ChainExpression(inner) => self.after_parentheses(inner, &steps),
            root if steps.is_empty() => self.expression(root),
            root => self.links(root, &steps),
        }
    }

    /// `(a?.b).c()`: what `?.` leaves out ends with the parentheses, but not the object that a method is called on.
    fn after_parentheses(&mut self, inner: &ChainExpression<'_>, steps: &[Step<'_, '_>]) -> Expr {
        let compiled = self.deeper(inner.span, |compiler| compiler.optional_chain(&inner.expression));
        let root = compiled.map_or(Expr::Value(Val::Undefined), |(compiled, _)| compiled);
        if steps.is_empty() {
            return root;
        }
        let (mut chain, mut links) = open(root, inner.span.start);
        self.append(&mut links, &Step::End, false);
        for (at, step) in steps.iter().enumerate() {
            self.append(&mut links, step, at > 0);
        }
        chain.links = links.into();
        Expr::Chain(Box::new(chain))
    }

    /// `delete a?.b`: true where something is missing before what is deleted.
    pub(super) fn delete_optional(&mut self, member: &MemberExpression<'_>) -> Expr {
        let end = member.object().span().end;
        let chain = self.chain_from(member.object(), &Step::Delete { member, end });
        Expr::Logical(Box::new(Logical { first: chain, rest: Box::new([(LogicalOp::Coalesce, Expr::Value(Val::Bool(true)))]) }))
    }

    /// `a?.b.c`: the outermost expression of what `?.` can leave out.
    pub(super) fn optional_chain(&mut self, element: &ChainElement<'_>) -> Expr {
        match element {
            ChainElement::CallExpression(call) => self.chain_from(&call.callee, &call_step(call)),
            ChainElement::TSNonNullExpression(inner) => self.chain(&inner.expression),
            ChainElement::StaticMemberExpression(member) => {
                let end = member.object.span().end;
                let (name, span) = (member.property.name.as_str(), member.property.span);
                self.chain_from(&member.object, &Step::Member { name, span, optional: member.optional, end })
            }
            ChainElement::ComputedMemberExpression(member) => {
                let end = member.object.span().end;
                let expression = &member.expression;
                self.chain_from(&member.object, &Step::Index { expression, optional: member.optional, end })
            }
            ChainElement::PrivateFieldExpression(member) => {
                self.unsupported(member.span, "private names");
                Expr::Value(Val::Undefined)
            }
        }
    }

    /// A chain whose last step is known.
    fn chain_from(&mut self, before: &Expression<'_>, last: &Step<'_, '_>) -> Expr {
        let root = self.chain(before);
        // The steps before it are of the same chain, unless parentheses ended theirs.
        let (mut chain, mut links) = open(root, before.span().start);
        if matches!(before, Expression::ParenthesizedExpression(_)) && !links.is_empty() {
            self.append(&mut links, &Step::End, false);
        }
        self.append(&mut links, last, false);
        chain.links = links.into();
        Expr::Chain(Box::new(chain))
    }

    fn links(&mut self, root: &Expression<'_>, steps: &[Step<'_, '_>]) -> Expr {
        let start = root.span().start;
        let mut skip = 0;
        let mut linked = None;
        let mut value = None;
        if let Expression::Identifier(id) = root {
            match self.resolve_name(id) {
                Name::Unresolved => {
                    // `Math.max`: nothing can change what it is.
                    let mut known = builtins::global(id.name.as_str());
                    while let (Some(Val::Builtin(builtin)), Some(Step::Member { name, optional: false, .. })) =
                        (known, steps.get(skip))
                    {
                        let Some(member) = builtins::static_member(builtin, name) else { break };
                        known = Some(member);
                        skip += 1;
                    }
                    // A bare builtin method that is called on its object needs none of it.
                    value = known.map(Expr::Value);
                }
                Name::Sure(Slot::Import(import)) => linked = self.linked_names(import, steps),
                _ => {}
            }
        }
        let value = match value {
            Some(value) => value,
            None => self.expression(root),
        };
        let separate = linked.map_or(0, |(_, count)| count as usize);
        let mut links: Vec<Link> = Vec::with_capacity(steps.len() - skip);
        for (at, step) in steps.iter().enumerate().skip(skip) {
            // What the linker finds is called as it is; a method would look for its object.
            let fuse = at > separate || (at > 0 && separate == 0);
            self.append(&mut links, step, fuse && at > skip);
        }
        if links.is_empty() {
            return value;
        }
        Expr::Chain(Box::new(Chain { root: value, linked, start, links: links.into() }))
    }

    /// The way from an import: `util.time.nowISO8601`.
    fn linked_names(&mut self, import: u32, steps: &[Step<'_, '_>]) -> Option<(u32, u32)> {
        let names: Vec<Str> = steps
            .iter()
            .map_while(|step| match step {
                Step::Member { name, optional: false, .. } => Some(Str::from(*name)),
                _ => None,
            })
            .collect();
        let count = u32::try_from(names.len()).ok().filter(|count| *count > 0)?;
        let next = u32::try_from(self.linked.len()).ok()?;
        Some((*self.linked.entry((import, names)).or_insert(next), count))
    }

    /// Appends a step; a call after a member is one link if `fuse`.
    fn append(&mut self, links: &mut Vec<Link>, step: &Step<'_, '_>, fuse: bool) {
        let (kind, optional, at, end) = match step {
            Step::Member { name, span, optional, end } => {
                (LinkKind::Member { key: Str::from(*name), hint: AtomicU32::new(0) }, *optional, span.start, *end)
            }
            Step::Index { expression, optional, end } => {
                let at = expression.span().start;
                (LinkKind::Index(self.expression(expression)), *optional, at, *end)
            }
            Step::Call { arguments, span, optional, end } => {
                let args = self.arguments(arguments);
                let fuse = fuse && !*optional;
                if let Some(Link { kind: LinkKind::Member { key, .. }, .. }) = links.last()
                    && fuse
                {
                    let key = Str::clone(key);
                    let name = builtins::method_name(&key);
                    let method = Method { key, hint: AtomicU32::new(0), name, args, call_end: *end };
                    if let Some(link) = links.last_mut() {
                        link.kind = LinkKind::Method(Box::new(method));
                    }
                    return;
                }
                let at = links.last().map_or(span.start, |link| link.at);
                (LinkKind::Call(args), *optional, at, *end)
            }
            Step::End => (LinkKind::End, false, 0, 0),
            Step::Delete { member, end } => {
                let (key, at) = self.member_key(member);
                (LinkKind::Delete(Box::new(key)), member.optional(), at, *end)
            }
        };
        links.push(Link { kind, optional, at, end });
    }

    pub(super) fn arguments(&mut self, arguments: &[Argument<'_>]) -> Args {
        let mut spread = false;
        let mut items = Vec::with_capacity(arguments.len());
        for argument in arguments {
            items.push(match argument {
                Argument::SpreadElement(element) => {
                    spread = true;
                    let span = element.argument.span();
                    Item::Spread(self.expression(&element.argument), (span.start, span.end))
                }
                argument => Item::One(self.expression(argument.to_expression())),
            });
        }
        Args { items: items.into(), spread }
    }

    /// The tag gets the texts as a list, then the values; `String.raw` joins them as they are written.
    pub(super) fn tagged_template(&mut self, tagged: &TaggedTemplateExpression<'_>) -> Expr {
        if self.is_string_raw(&tagged.tag) {
            let raw: Vec<u32> = tagged.quasi.quasis.iter().map(|part| self.text_constant(&part.value.raw)).collect();
            return self.template_of(&raw, &tagged.quasi.expressions);
        }
        let mut items = Vec::with_capacity(tagged.quasi.expressions.len() + 1);
        let mut texts = Vec::with_capacity(tagged.quasi.quasis.len());
        let mut raw = Vec::with_capacity(tagged.quasi.quasis.len());
        for part in &tagged.quasi.quasis {
            let cooked = part.value.cooked.as_ref();
            texts.push(cooked.map(|text| self.string(super::constant(text, part.lone_surrogates))));
            raw.push(self.text_constant(&part.value.raw));
        }
        items.push(Item::One(Expr::TemplateTexts(Box::new(TemplateTexts { cooked: texts.into(), raw: raw.into() }))));
        for expression in &tagged.quasi.expressions {
            items.push(Item::One(self.expression(expression)));
        }
        let end = tagged.tag.span().end;
        let (start, callee) = (tagged.tag.span().start, self.chain(&tagged.tag));
        let call = Link {
            kind: LinkKind::Call(Args { items: items.into(), spread: false }),
            optional: false,
            at: tagged.span.start,
            end,
        };
        let (mut chain, mut links) = open(callee, start);
        links.push(call);
        chain.links = links.into();
        Expr::Chain(Box::new(chain))
    }

    /// `String.raw`, unless the code has a `String` of its own.
    fn is_string_raw(&mut self, tag: &Expression<'_>) -> bool {
        let Expression::StaticMemberExpression(member) = tag else { return false };
        let Expression::Identifier(id) = &member.object else { return false };
        member.property.name == "raw" && id.name == "String" && matches!(self.resolve(id.reference_id.get()), Name::Unresolved)
    }
}

/// A chain that goes on, and its links so far.
fn open(root: Expr, start: u32) -> (Chain, Vec<Link>) {
    match root {
        Expr::Chain(mut chain) => {
            let links = std::mem::take(&mut chain.links).into_vec();
            (*chain, links)
        }
        root => (Chain { root, linked: None, start, links: Box::default() }, Vec::with_capacity(1)),
    }
}

fn call_step<'s, 'a>(call: &'s CallExpression<'a>) -> Step<'s, 'a> {
    Step::Call { arguments: &call.arguments, span: call.span, optional: call.optional, end: call.callee.span().end }
}
