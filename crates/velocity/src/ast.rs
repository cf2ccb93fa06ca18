//! The tree of a template.
//!
//! Names of variables are numbered while parsing ([`Slot`]), so that evaluation indexes a vector. Chains of operators are flat
//! vectors: their length cannot deepen the tree.

use std::sync::Arc;

use value::Str;

/// The number of a variable's name in [`Symbols`].
pub(crate) type Slot = u32;

/// `$foreach`.
pub(crate) const FOREACH: Slot = 0;
/// `$velocityCount`.
pub(crate) const VELOCITY_COUNT: Slot = 1;
/// `$velocityHasNext`.
pub(crate) const VELOCITY_HAS_NEXT: Slot = 2;

/// A run of nodes; shared, because `#define` and macros keep theirs.
pub(crate) type Block = Arc<[Node]>;

#[derive(Debug)]
pub(crate) enum Node {
    /// Text, and where it begins.
    Text(Box<str>, u32),
    Reference(Box<TextReference>),
    Set(Box<Set>),
    If(Box<If>),
    Foreach(Box<Foreach>),
    Break,
    Stop,
    Return(Option<Box<Expr>>),
    Call(Arc<Call>),
    Define(Slot, Block),
    Evaluate(Box<Expr>, u32),
}

/// A reference that stands in text, with the backslashes before it.
#[derive(Debug)]
pub(crate) struct TextReference {
    pub(crate) reference: Reference,
    pub(crate) backslashes: usize,
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) root: Slot,
    pub(crate) tail: Box<[Tail]>,
    pub(crate) quiet: bool,
    pub(crate) braced: bool,
    /// As it is written; printed where it has no value.
    pub(crate) literal: Box<str>,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) kind: TailKind,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) enum TailKind {
    Property(Str),
    Method(Str, Box<[Expr]>),
    Index(Expr),
}

#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) target: Reference,
    pub(crate) value: Expr,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) struct If {
    pub(crate) branches: Vec<(Expr, Block)>,
    pub(crate) otherwise: Option<Block>,
}

#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) variable: Slot,
    pub(crate) source: Expr,
    pub(crate) body: Block,
    pub(crate) at: u32,
}

/// `#name(args)`: a macro, or plain text when there is none of this name.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Str,
    pub(crate) args: Vec<Argument>,
    /// The body of `#@name(args) .. #end`.
    pub(crate) body: Option<Block>,
    /// What is printed when there is no such macro.
    pub(crate) literal: Box<str>,
    pub(crate) at: u32,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) expr: Expr,
    pub(crate) literal: Box<str>,
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) parameters: Vec<Slot>,
    pub(crate) body: Block,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Big(i128),
    Double(f64),
    Text(Str),
    Interpolated(Block),
    Reference(Box<Reference>),
    List(Box<[Expr]>),
    Range(Box<(Expr, Expr)>, u32),
    Map(Box<[(Expr, Expr)]>, u32),
    Not(Box<Expr>),
    And(Box<[Expr]>),
    Or(Box<[Expr]>),
    /// `first op operand op operand ..`, of one precedence, from left to right.
    Chain(Box<Operand>, Box<[(Op, Operand)]>),
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) expr: Expr,
    /// As written: a string concatenated with null takes null's own text.
    pub(crate) literal: Box<str>,
    pub(crate) at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The names of the variables of a template, numbered.
#[derive(Clone, Debug)]
pub(crate) struct Symbols {
    names: Vec<Str>,
    slots: std::collections::HashMap<Str, Slot>,
    /// Whether the word `null` is an expression.
    pub(crate) null_literal: bool,
}

impl Symbols {
    pub(crate) fn new(null_literal: bool) -> Self {
        let mut symbols = Symbols { names: Vec::new(), slots: std::collections::HashMap::new(), null_literal };
        for (slot, name) in [(FOREACH, "foreach"), (VELOCITY_COUNT, "velocityCount"), (VELOCITY_HAS_NEXT, "velocityHasNext")] {
            let given = symbols.slot(name);
            debug_assert_eq!(given, slot);
        }
        symbols
    }

    pub(crate) fn slot(&mut self, name: &str) -> Slot {
        if let Some(&slot) = self.slots.get(name) {
            return slot;
        }
        let name: Str = name.into();
        let slot = Slot::try_from(self.names.len()).expect("a source is far shorter than 4 GB");
        self.names.push(Str::clone(&name));
        self.slots.insert(name, slot);
        slot
    }

    pub(crate) fn names(&self) -> &[Str] {
        &self.names
    }
}

/// The reference in the text of `nodes` that begins at `at`, as it is written. Blocks are nested as deeply as the parser allows.
pub(crate) fn reference_at(nodes: &[Node], at: u32) -> Option<&str> {
    nodes.iter().find_map(|node| match node {
        Node::Reference(text) => (text.reference.at == at).then_some(&*text.reference.literal),
        Node::If(node) => {
            let mut blocks = node.branches.iter().map(|(_, block)| block).chain(node.otherwise.as_ref());
            blocks.find_map(|block| reference_at(block, at))
        }
        Node::Foreach(node) => reference_at(&node.body, at),
        Node::Define(_, block) => reference_at(block, at),
        Node::Call(call) => call.body.as_ref().and_then(|block| reference_at(block, at)),
        _ => None,
    })
}

/// The macros of a template by name.
pub(crate) type Macros = std::collections::HashMap<Str, Arc<Macro>>;
