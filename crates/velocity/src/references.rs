//! The references of a template, for checks before it is ever evaluated.

use std::ops::Range;

use value::Str;

use crate::Template;
use crate::ast::{Expr, Node, Operand, Reference, Symbols, TailKind};

/// One reference: `$name.member.method(..)`, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceUse {
    /// The variable's name.
    pub name: Str,
    /// The members behind it, up to the first index.
    pub members: Vec<Member>,
    /// Whether the template itself gives the variable a value anywhere: by `#set`, `#foreach`, `#define`, as a macro's parameter.
    pub is_assigned: bool,
}

/// A member of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Str,
    /// Whether it is called.
    pub kind: MemberKind,
    /// The name's bytes in the source.
    pub span: Range<usize>,
}

/// A property or a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// `.name`
    Property,
    /// `.name(..)`
    Method,
}

impl Template {
    /// All references in the order of the text; those in text for `#evaluate` are not known before it runs.
    #[must_use]
    pub fn references(&self) -> Vec<ReferenceUse> {
        let mut walk = Walk { symbols: &self.symbols, found: Vec::new(), assigned: Vec::new() };
        walk.nodes(&self.nodes);
        for definition in self.macros.values() {
            walk.assigned.extend(&definition.parameters);
            // Those of a library are in another source.
            if !self.has_library {
                walk.nodes(&definition.body);
            }
        }
        let Walk { mut found, assigned, .. } = walk;
        found.sort_by_key(|(_, at, _)| *at);
        let with_assignment = |(slot, _, mut reference): (u32, u32, ReferenceUse)| {
            reference.is_assigned = assigned.contains(&slot);
            reference
        };
        found.into_iter().map(with_assignment).collect()
    }
}

/// Recursion goes as deep as the parser lets blocks and expressions nest.
struct Walk<'t> {
    symbols: &'t Symbols,
    found: Vec<(u32, u32, ReferenceUse)>,
    assigned: Vec<u32>,
}

impl Walk<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(..) | Node::Break | Node::Stop => {}
                Node::Reference(text) => self.reference(&text.reference),
                Node::Set(set) => {
                    if set.target.tail.is_empty() {
                        self.assigned.push(set.target.root);
                    }
                    // What is assigned to need not be there.
                    for tail in &set.target.tail {
                        self.tail(&tail.kind);
                    }
                    self.expression(&set.value);
                }
                Node::If(node) => {
                    for (condition, block) in &node.branches {
                        self.expression(condition);
                        self.nodes(block);
                    }
                    if let Some(block) = &node.otherwise {
                        self.nodes(block);
                    }
                }
                Node::Foreach(node) => {
                    self.assigned.push(node.variable);
                    self.expression(&node.source);
                    self.nodes(&node.body);
                }
                Node::Return(value) => {
                    if let Some(value) = value {
                        self.expression(value);
                    }
                }
                Node::Call(call) => {
                    for argument in &call.args {
                        self.expression(&argument.expr);
                    }
                    if let Some(body) = &call.body {
                        self.nodes(body);
                    }
                }
                Node::Define(slot, block) => {
                    self.assigned.push(*slot);
                    self.nodes(block);
                }
                Node::Evaluate(source, _) => self.expression(source),
            }
        }
    }

    fn tail(&mut self, kind: &TailKind) {
        match kind {
            TailKind::Property(_) => {}
            TailKind::Method(_, args) => args.iter().for_each(|arg| self.expression(arg)),
            TailKind::Index(index) => self.expression(index),
        }
    }

    fn reference(&mut self, reference: &Reference) {
        let mut members = Vec::new();
        for tail in &reference.tail {
            let (name, kind) = match &tail.kind {
                TailKind::Property(name) => (name, MemberKind::Property),
                TailKind::Method(name, _) => (name, MemberKind::Method),
                TailKind::Index(_) => break,
            };
            let start = tail.at as usize;
            members.push(Member { name: Str::clone(name), kind, span: start..start + name.len() });
        }
        let name = self.symbols.names().get(reference.root as usize).map_or_else(|| Str::from(""), Str::clone);
        self.found.push((reference.root, reference.at, ReferenceUse { name, members, is_assigned: false }));
        for tail in &reference.tail {
            self.tail(&tail.kind);
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::Long(_) | Expr::Big(_) | Expr::Double(_) | Expr::Text(_) => {}
            Expr::Interpolated(nodes) => self.nodes(nodes),
            Expr::Reference(reference) => self.reference(reference),
            Expr::List(items) | Expr::And(items) | Expr::Or(items) => items.iter().for_each(|item| self.expression(item)),
            Expr::Range(ends, _) => {
                self.expression(&ends.0);
                self.expression(&ends.1);
            }
            Expr::Map(entries, _) => {
                for (key, value) in entries {
                    self.expression(key);
                    self.expression(value);
                }
            }
            Expr::Not(inner) => self.expression(inner),
            Expr::Chain(first, more) => {
                let mut operand = |operand: &Operand| self.expression(&operand.expr);
                operand(first);
                more.iter().for_each(|(_, next)| operand(next));
            }
        }
    }
}
