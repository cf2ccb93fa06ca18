//! Compiled code: a tree whose names are slots, with everything decided that can be decided before an evaluation.
//!
//! The tree is plain data and is shared by threads. Chains of members and calls, of binary operators and of `else if` are flat, so
//! that the tree is only as deep as the compiler's bound on nesting lets it be.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use value::Str;

use crate::builtins::MethodName;
use crate::heap::Val;

/// Where a variable is while its function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// On the stack.
    Local(u32),
    /// In a cell that this function made.
    Cell(u32),
    /// In a cell of a function around this one.
    Captured(u32),
    /// Of the module.
    Global(u32),
    /// An import of the module.
    Import(u32),
}

/// An index into the file's strings.
pub(crate) type StringId = u32;

/// A byte offset into the file's text.
pub(crate) type Offset = u32;

/// A function.
#[derive(Debug)]
pub(crate) struct FunctionCode {
    /// Which file it stands in; the linker numbers them.
    pub(crate) file: u32,
    pub(crate) name: Str,
    /// `length`.
    pub(crate) length: u32,
    /// Arguments that go to the first slots.
    pub(crate) parameters: u32,
    /// The slot after them gets the other arguments as an array.
    pub(crate) rest: bool,
    /// All slots of the stack, parameters first.
    pub(crate) locals: u32,
    /// All cells of its own.
    pub(crate) cells: u32,
    /// Which variables of the function around it closures take along.
    pub(crate) captures: Box<[Slot]>,
    pub(crate) arrow: bool,
    /// The function's own name inside of a function expression.
    pub(crate) own_name: Option<Slot>,
    /// Brings the parameters where the body expects them.
    pub(crate) prelude: Box<[Prelude]>,
    pub(crate) body: Body,
    /// Where its text begins and ends.
    pub(crate) text: (Offset, Offset),
}

/// What a function does.
#[derive(Debug)]
pub(crate) enum Body {
    /// `=> expression`.
    Expression(Expr),
    Block(Block),
}

/// One step before the body.
#[derive(Debug)]
pub(crate) enum Prelude {
    /// A parameter's default.
    Default { slot: u32, value: Expr },
    /// A parameter that closures share.
    Share { slot: u32, cell: u32 },
    /// A parameter that is a pattern.
    Bind { slot: u32, pattern: Pattern },
    /// The cell of a parameter, which cannot be read until it has its value.
    Fresh(u32),
}

/// Statements with their declarations.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) enter: Box<[Enter]>,
    pub(crate) body: Box<[Stmt]>,
}

/// What happens to a variable when its block is entered.
#[derive(Debug)]
pub(crate) enum Enter {
    /// It cannot be read until it is declared.
    Dead(Slot),
    /// A new cell, which cannot be read until it is declared.
    Fresh(u32),
    /// A new cell of a `var`.
    FreshVar(u32),
    /// A function declaration, which is there from the beginning.
    Function { slot: Slot, function: u32 },
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Stmt {
    Empty,
    Expression(Expr),
    /// The declaration of one local variable.
    Local(u32, Expr),
    /// Any other declaration with a value.
    Bind(Box<(Pattern, Expr)>),
    Return(Option<Expr>),
    If(Box<If>),
    Block(Box<Block>),
    For(Box<For>),
    ForOf(Box<ForEach>),
    ForIn(Box<ForEach>),
    While(Box<While>),
    DoWhile(Box<While>),
    Switch(Box<Switch>),
    Labeled(Box<(u32, Stmt)>),
    Break(u32),
    Continue(u32),
    Throw(Box<(Expr, Offset)>),
    Try(Box<Try>),
    /// Statements without declarations of their own: `var a = 1, b = 2`.
    Several(Box<[Stmt]>),
    /// Nested so deep that the machine's stack is looked at.
    Deep(Box<Stmt>),
}

#[derive(Debug)]
pub(crate) struct If {
    pub(crate) arms: Box<[(Expr, Stmt)]>,
    pub(crate) otherwise: Option<Stmt>,
}

#[derive(Debug)]
pub(crate) struct For {
    pub(crate) id: u32,
    pub(crate) enter: Box<[Enter]>,
    pub(crate) init: Option<Stmt>,
    pub(crate) test: Option<Expr>,
    pub(crate) update: Option<Expr>,
    pub(crate) body: Stmt,
    /// Variables of the head that each turn has anew.
    pub(crate) renewed: Box<[u32]>,
}

/// `for (head of object)` and `for (head in object)`.
#[derive(Debug)]
pub(crate) struct ForEach {
    pub(crate) id: u32,
    /// At each turn.
    pub(crate) enter: Box<[Enter]>,
    pub(crate) head: Pattern,
    pub(crate) object: Expr,
    /// Where the text of `object` begins and ends.
    pub(crate) text: (Offset, Offset),
    pub(crate) body: Stmt,
}

#[derive(Debug)]
pub(crate) struct While {
    pub(crate) id: u32,
    pub(crate) test: Expr,
    pub(crate) body: Stmt,
}

#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) id: u32,
    pub(crate) subject: Expr,
    pub(crate) enter: Box<[Enter]>,
    /// The expression of each case and where its statements begin.
    pub(crate) cases: Box<[(Expr, usize)]>,
    /// Where those of `default` begin.
    pub(crate) default: Option<usize>,
    pub(crate) body: Box<[Stmt]>,
}

#[derive(Debug)]
pub(crate) struct Try {
    pub(crate) block: Block,
    pub(crate) handler: Option<Catch>,
    pub(crate) finalizer: Option<Block>,
}

#[derive(Debug)]
pub(crate) struct Catch {
    pub(crate) enter: Box<[Enter]>,
    pub(crate) parameter: Option<Pattern>,
    pub(crate) body: Block,
}

/// Where a value goes: a declaration or an assignment, with or without destructuring.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// The declaration of a variable.
    Declare(Slot),
    Assign(Target),
    Object(Box<ObjectPattern>),
    Array(Box<ArrayPattern>),
}

#[derive(Debug)]
pub(crate) struct ObjectPattern {
    pub(crate) properties: Box<[PropertyPattern]>,
    pub(crate) rest: Option<Pattern>,
    pub(crate) at: Offset,
}

#[derive(Debug)]
pub(crate) struct PropertyPattern {
    pub(crate) key: Key,
    pub(crate) value: Pattern,
    pub(crate) default: Option<Expr>,
    pub(crate) at: Offset,
}

/// One element of an array's pattern and its default.
pub(crate) type Element = (Pattern, Option<Expr>);

#[derive(Debug)]
pub(crate) struct ArrayPattern {
    pub(crate) elements: Box<[Option<Element>]>,
    pub(crate) rest: Option<Pattern>,
    pub(crate) at: Offset,
}

/// The name of a property.
#[derive(Debug)]
pub(crate) enum Key {
    Name { name: Str, hint: AtomicU32 },
    Computed(Expr),
}

/// What is assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    /// A variable that is certainly declared.
    Local(u32),
    Variable {
        slot: Slot,
        name: Str,
        at: Offset,
    },
    /// A constant, or an import.
    Constant {
        slot: Slot,
        name: Str,
        at: Offset,
    },
    Member {
        object: Expr,
        key: Key,
        at: Offset,
        /// Where the text of `object` begins and ends.
        text: (Offset, Offset),
    },
}

/// An expression.
#[derive(Debug)]
pub(crate) enum Expr {
    Value(Val),
    String(StringId),
    /// A variable that is certainly declared.
    Local(u32),
    Variable(Box<Variable>),
    This,
    Chain(Box<Chain>),
    Binary(Box<Binary>),
    /// Two and more binary operators from left to right.
    Fold(Box<Fold>),
    /// Two and more logical operators from left to right.
    Logical(Box<Logical>),
    Unary(UnaryOp, Box<(Expr, Offset)>),
    Delete(Box<Delete>),
    Assign(Box<Assign>),
    LogicalAssign(Box<LogicalAssign>),
    Update(Box<Update>),
    Conditional(Box<Conditional>),
    Sequence(Box<[Expr]>),
    Template(Box<Template>),
    /// What the tag of a template gets first.
    TemplateTexts(Box<TemplateTexts>),
    Object(Box<ObjectLiteral>),
    /// An object whose keys are constant and different.
    Record(Box<Record>),
    Array(Box<[Item]>),
    Function(u32),
    New(Box<New>),
    RegExp(Box<RegExp>),
    /// Nested so deep that the machine's stack is looked at.
    Deep(Box<Expr>),
}

/// A variable that may not be declared yet.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) slot: Slot,
    pub(crate) name: Str,
    pub(crate) at: Offset,
}

/// A value and what is done with it, from left to right: `root.name[key](argument)`.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) root: Expr,
    /// An entry of the linked names, and how many links it saves.
    pub(crate) linked: Option<(u32, u32)>,
    pub(crate) start: Offset,
    pub(crate) links: Box<[Link]>,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) kind: LinkKind,
    /// `?.` stands before it.
    pub(crate) optional: bool,
    /// Where errors are placed.
    pub(crate) at: Offset,
    /// Where the text before it ends.
    pub(crate) end: Offset,
}

#[derive(Debug)]
pub(crate) enum LinkKind {
    Member {
        key: Str,
        hint: AtomicU32,
    },
    Index(Expr),
    Call(Args),
    Method(Box<Method>),
    /// The end of parentheses: what `?.` leaves out before it ends here.
    End,
    /// `delete` of the member.
    Delete(Box<Key>),
}

/// `.name(arguments)`.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) key: Str,
    pub(crate) hint: AtomicU32,
    /// The number of the name, if a built-in method has it.
    pub(crate) name: Option<MethodName>,
    pub(crate) args: Args,
    /// Where the text of what is called ends.
    pub(crate) call_end: Offset,
}

/// Arguments.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) items: Box<[Item]>,
    pub(crate) spread: bool,
}

/// An element of a list.
#[derive(Debug)]
pub(crate) enum Item {
    One(Expr),
    /// What is spread and where its text begins and ends.
    Spread(Expr, (Offset, Offset)),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Equal,
    NotEqual,
    StrictEqual,
    StrictNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    Or,
    Xor,
    And,
    In,
    InstanceOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogicalOp {
    And,
    Or,
    Coalesce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Plus,
    Minus,
    Not,
    BitNot,
    TypeOf,
    Void,
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) op: BinaryOp,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    pub(crate) at: Offset,
}

#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) first: Expr,
    pub(crate) rest: Box<[(BinaryOp, Expr, Offset)]>,
}

#[derive(Debug)]
pub(crate) struct Logical {
    pub(crate) first: Expr,
    pub(crate) rest: Box<[(LogicalOp, Expr)]>,
}

#[derive(Debug)]
pub(crate) struct Delete {
    pub(crate) object: Expr,
    pub(crate) key: Key,
    pub(crate) at: Offset,
    pub(crate) text: (Offset, Offset),
}

#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) target: Pattern,
    pub(crate) op: Option<BinaryOp>,
    pub(crate) value: Expr,
    pub(crate) at: Offset,
}

#[derive(Debug)]
pub(crate) struct LogicalAssign {
    pub(crate) target: Target,
    pub(crate) op: LogicalOp,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) target: Target,
    /// 1 or -1.
    pub(crate) by: f64,
    pub(crate) prefix: bool,
    pub(crate) at: Offset,
}

#[derive(Debug)]
pub(crate) struct Conditional {
    pub(crate) arms: Box<[(Expr, Expr)]>,
    pub(crate) otherwise: Expr,
}

#[derive(Debug)]
pub(crate) struct Template {
    /// One more than there are values.
    pub(crate) strings: Box<[StringId]>,
    pub(crate) values: Box<[(Expr, Offset)]>,
}

/// The texts of a tagged template; `undefined` for one with an escape that means nothing.
#[derive(Debug)]
pub(crate) struct TemplateTexts {
    pub(crate) cooked: Box<[Option<StringId>]>,
    pub(crate) raw: Box<[StringId]>,
}

#[derive(Debug)]
pub(crate) struct ObjectLiteral {
    pub(crate) parts: Box<[ObjectPart]>,
}

#[derive(Debug)]
pub(crate) enum ObjectPart {
    Property(Key, Expr, Offset),
    Spread(Expr),
}

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) keys: Box<[Str]>,
    pub(crate) values: Box<[Expr]>,
    /// A key looks like an array index.
    pub(crate) has_indices: bool,
}

#[derive(Debug)]
pub(crate) struct New {
    pub(crate) callee: Expr,
    pub(crate) args: Args,
    pub(crate) at: Offset,
    pub(crate) text: (Offset, Offset),
}

#[derive(Debug)]
pub(crate) struct RegExp {
    pub(crate) pattern: Str,
    pub(crate) flags: Str,
    pub(crate) at: Offset,
}

/// A string constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Text(Str),
    /// With a lone surrogate.
    Units(Arc<[u16]>),
}
