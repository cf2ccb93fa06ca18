//! The tree of an executable document (GraphQL specification §2), as the rules and the planner read it.
//!
//! It is built by `parser.rs`, which alone knows the library that parses. Everything stands in document order.

use value::Str;

/// Line and column in the document, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// A whole document.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Operations in document order.
    pub operations: Vec<Operation>,
    /// Fragment definitions in document order.
    pub fragments: Vec<FragmentDefinition>,
    /// Definitions that cannot be executed (type system definitions), in document order.
    pub non_executable: Vec<NonExecutableDefinition>,
    /// Places that only validation messages need.
    pub places: Places,
}

/// A definition that no request may contain: it is kept only to be refused by name.
#[derive(Clone, Debug)]
pub struct NonExecutableDefinition {
    /// The name AppSync's message gives it: the type's name, `schema`, or `provided`.
    pub name: Str,
    /// Where it begins.
    pub position: Position,
}

/// The places of variables used and types named, each list in document order.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Every `$name` that is used (not defined).
    pub variables: Vec<Position>,
    /// Every type name: in variable definitions and type conditions.
    pub type_names: Vec<Position>,
}

impl Places {
    /// The first `$name` used at or after `from`, `index` places on.
    #[must_use]
    pub fn variable(&self, from: Position, index: usize) -> Position {
        let first = self.variables.partition_point(|place| *place < from);
        self.variables.get(first + index).copied().unwrap_or(from)
    }

    /// The first type name at or after `from`.
    #[must_use]
    pub fn type_name(&self, from: Position) -> Position {
        let first = self.type_names.partition_point(|place| *place < from);
        self.type_names.get(first).copied().unwrap_or(from)
    }
}

impl Document {
    /// The fragment of that name. When a document defines a name twice, AppSync takes the last definition (graphql-java 11
    /// has no rule that refuses it), and so does this.
    #[must_use]
    pub fn fragment(&self, name: &str) -> Option<&FragmentDefinition> {
        self.fragments.iter().rev().find(|fragment| *fragment.name == *name)
    }
}

/// Query, mutation or subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// `query`
    Query,
    /// `mutation`
    Mutation,
    /// `subscription`
    Subscription,
}

/// An operation definition.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its kind.
    pub kind: OperationKind,
    /// Its name, if it has one.
    pub name: Option<Str>,
    /// `($id: ID! = …)`
    pub variables: Vec<VariableDefinition>,
    /// Directives on the operation.
    pub directives: Vec<Directive>,
    /// Its selection set.
    pub selection_set: Vec<Selection>,
    /// Where it begins.
    pub position: Position,
}

/// A variable definition.
#[derive(Clone, Debug)]
pub struct VariableDefinition {
    /// The name without `$`.
    pub name: Str,
    /// Its type.
    pub ty: TypeReference,
    /// Its default value.
    pub default: Option<Literal>,
    /// Directives on it.
    pub directives: Vec<Directive>,
    /// Where it begins.
    pub position: Position,
}

/// A type as a document writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeReference {
    /// `Name`
    Named(Str),
    /// `[T]`
    List(Box<TypeReference>),
    /// `T!`
    NonNull(Box<TypeReference>),
}

impl TypeReference {
    /// The innermost type's name.
    #[must_use]
    pub fn name(&self) -> &Str {
        match self {
            TypeReference::Named(name) => name,
            TypeReference::List(inner) | TypeReference::NonNull(inner) => inner.name(),
        }
    }
}

impl std::fmt::Display for TypeReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TypeReference::Named(name) => f.write_str(name),
            TypeReference::List(item) => write!(f, "[{item}]"),
            TypeReference::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

/// One member of a selection set.
#[derive(Clone, Debug)]
pub enum Selection {
    /// A field.
    Field(Field),
    /// `...Name`
    FragmentSpread(FragmentSpread),
    /// `... on Type { … }`
    InlineFragment(InlineFragment),
}

/// A field selection.
#[derive(Clone, Debug)]
pub struct Field {
    /// The alias, if written.
    pub alias: Option<Str>,
    /// The field's name.
    pub name: Str,
    /// Arguments in document order.
    pub arguments: Vec<Argument>,
    /// Directives on it.
    pub directives: Vec<Directive>,
    /// Its selection set; empty when none was written (`{}` is no selection set).
    pub selection_set: Vec<Selection>,
    /// Where it begins.
    pub position: Position,
}

impl Field {
    /// The key of this field in the response: its alias, else its name.
    #[must_use]
    pub fn response_key(&self) -> &Str {
        self.alias.as_ref().unwrap_or(&self.name)
    }
}

/// `...Name`
#[derive(Clone, Debug)]
pub struct FragmentSpread {
    /// The fragment's name.
    pub name: Str,
    /// Directives on the spread.
    pub directives: Vec<Directive>,
    /// Where it begins.
    pub position: Position,
}

/// `... on Type { … }`
#[derive(Clone, Debug)]
pub struct InlineFragment {
    /// The type condition, if written.
    pub type_condition: Option<Str>,
    /// Directives on it.
    pub directives: Vec<Directive>,
    /// Its selection set.
    pub selection_set: Vec<Selection>,
    /// Where it begins.
    pub position: Position,
}

/// `fragment Name on Type { … }`
#[derive(Clone, Debug)]
pub struct FragmentDefinition {
    /// Its name.
    pub name: Str,
    /// Its type condition.
    pub type_condition: Str,
    /// Directives on it.
    pub directives: Vec<Directive>,
    /// Its selection set.
    pub selection_set: Vec<Selection>,
    /// Where it begins.
    pub position: Position,
}

/// `@name(arguments)`
#[derive(Clone, Debug)]
pub struct Directive {
    /// Its name without `@`.
    pub name: Str,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Where it begins.
    pub position: Position,
}

/// `name: value`
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name.
    pub name: Str,
    /// Its value.
    pub value: Literal,
    /// Where the argument begins.
    pub position: Position,
}

/// A value as a document writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `$name`
    Variable(Str),
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// An integer, its digits.
    Int(Str),
    /// A number with fraction or exponent, its text.
    Float(Str),
    /// A string, escapes resolved.
    String(Str),
    /// An enum value.
    Enum(Str),
    /// `[ … ]`
    List(Vec<Literal>),
    /// `{ … }`, in document order.
    Object(Vec<(Str, Literal)>),
}
