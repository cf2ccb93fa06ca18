//! A compiled operation: what to resolve, in which order to write it, and with which bytes.
//!
//! A plan is immutable and shared by all requests of the same document. Fragments are inlined and fields merged per concrete
//! type; everything that does not depend on the request is computed here once: response keys as bytes, arguments that are
//! constants, who may read a field, whether anything below it needs a resolver.

use std::sync::Arc;

use indexmap::IndexSet;
use value::{Object, Str, Value};

use super::ast::{Document, OperationKind, Position, VariableDefinition};
use super::coercion::ArgumentTemplate;
use crate::schema::Scalar;

/// The authorization modes and groups that may read a field, or that a caller has, as a bit mask.
pub type ModeMask = u128;

/// Which resolver of the API answers a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolverId(pub u32);

/// A compiled operation.
#[derive(Debug)]
pub struct Plan {
    /// Query, mutation or subscription.
    pub kind: OperationKind,
    /// The variables it declares.
    pub variables: Vec<VariableDefinition>,
    /// The root fields.
    pub root: Vec<PlanField>,
    /// The arguments of a subscription's root field, which events are compared with; empty for other operations.
    pub subscription_arguments: Arc<[(Str, ArgumentTemplate)]>,
    /// The conditions that its fields have.
    pub conditions: Vec<Condition>,
    /// How many fields there are in all; every [`PlanField::index`] is below it.
    pub field_count: usize,
    /// Roughly how much memory this plan takes.
    pub weight: usize,
}

/// One field of one selection set on one concrete type.
#[derive(Debug)]
pub struct PlanField {
    /// Its place among all fields of the plan.
    pub index: usize,
    /// The response key.
    pub response_key: Str,
    /// `"key":`
    pub key_bytes: Box<[u8]>,
    /// The field's name: the property that is read from the parent.
    pub name: Str,
    /// The concrete type it is selected on.
    pub parent_type: Str,
    /// Where it stands in the document (its first occurrence).
    pub position: Position,
    /// Its type.
    pub ty: PlanType,
    /// Where its value comes from.
    pub source: FieldSource,
    /// Whether a field below it has a resolver.
    pub resolvers_below: bool,
    /// When it is part of the answer; `None` is always.
    pub condition: Option<ConditionId>,
    /// The modes and groups that may read it.
    pub modes: ModeMask,
    /// Whether it lies below the query depth limit, so that it is refused.
    pub too_deep: bool,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub enum FieldSource {
    /// The property of its name in the parent's value.
    Property,
    /// A resolver.
    Resolver(Box<ResolvedField>),
    /// `__typename`, as JSON.
    TypeName(Box<[u8]>),
    /// `__schema` or `__type`.
    Introspection(Box<IntrospectionField>),
}

/// An introspection field: answered while the plan is made, unless variables take part in it.
#[derive(Debug)]
pub enum IntrospectionField {
    /// Its JSON.
    Constant(Box<[u8]>),
    /// To be answered for each request.
    Variable {
        /// The field.
        field: super::ast::Field,
        /// The fragments it may use.
        document: Arc<Document>,
        /// The operation's variables.
        definitions: Arc<[VariableDefinition]>,
    },
}

/// What a resolver needs to know of its field.
#[derive(Debug)]
pub struct ResolvedField {
    /// Which resolver.
    pub resolver: ResolverId,
    /// Its arguments.
    pub arguments: Arc<[(Str, ArgumentTemplate)]>,
    /// The arguments as a value, when no variable is used in them.
    pub constant_arguments: Option<Arc<Object>>,
    /// `ctx.info.selectionSetList`
    pub selection_set_list: Value,
    /// `ctx.info.selectionSetGraphQL`
    pub selection_set_graphql: Str,
}

/// A field's type, wrappers outermost first.
#[derive(Debug)]
pub enum PlanType {
    /// `T!`
    NonNull(Box<PlanType>),
    /// `[T]`
    List(Box<PlanType>),
    /// A scalar.
    Scalar(Scalar, Str),
    /// An enum.
    Enum(Arc<EnumType>),
    /// An object type.
    Object(Str, Vec<PlanField>),
    /// An interface or union.
    Abstract(Box<AbstractSelection>),
}

impl PlanType {
    /// The name of the type, without lists and non-null.
    #[must_use]
    pub fn name(&self) -> &Str {
        match self {
            PlanType::NonNull(inner) | PlanType::List(inner) => inner.name(),
            PlanType::Scalar(_, name) | PlanType::Object(name, _) => name,
            PlanType::Enum(definition) => &definition.name,
            PlanType::Abstract(selection) => &selection.name,
        }
    }
}

/// An enum's name and values.
#[derive(Debug)]
pub struct EnumType {
    /// Its name.
    pub name: Str,
    /// Its values.
    pub values: IndexSet<Str>,
}

/// A selection on an interface or union.
#[derive(Debug)]
pub struct AbstractSelection {
    /// Its name.
    pub name: Str,
    /// `Type.field` that selects it, for messages.
    pub coordinate: String,
    /// The fields by concrete type name.
    pub by_type: indexmap::IndexMap<Str, Vec<PlanField>>,
}

/// A condition's place in [`Plan::conditions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionId(pub u32);

/// When a field is part of the answer, and at this place of it.
///
/// A response key stands where its first included occurrence stands. A key whose first occurrence may be excluded is planned
/// once for every occurrence that may come first; `none` keeps all but one of them out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The occurrence is included.
    pub all: Conjunction,
    /// No earlier occurrence of the same key is.
    pub none: Vec<Conjunction>,
}

/// Variables that must all have the wanted value.
pub type Conjunction = Vec<(Str, bool)>;

impl Plan {
    /// Which of its conditions hold with these variables, by [`ConditionId`]: found once for each request.
    #[must_use]
    pub fn conditions_that_hold(&self, variables: &Object) -> Vec<bool> {
        self.conditions.iter().map(|condition| condition.holds(variables)).collect()
    }
}

impl Condition {
    /// Whether the field is part of the answer with these variables.
    #[must_use]
    pub fn holds(&self, variables: &Object) -> bool {
        let holds =
            |all: &Conjunction| all.iter().all(|(name, wanted)| variables.get(name).and_then(Value::as_bool) == Some(*wanted));
        holds(&self.all) && !self.none.iter().any(holds)
    }
}

impl PlanType {
    /// The selection of this type for values of the concrete type `type_name`; the whole selection for an object type.
    #[must_use]
    pub fn selection(&self, type_name: Option<&str>) -> Option<&[PlanField]> {
        match self {
            PlanType::Object(_, fields) => Some(fields),
            PlanType::Abstract(selection) => selection.by_type.get(type_name?).map(Vec::as_slice),
            PlanType::NonNull(inner) | PlanType::List(inner) => inner.selection(type_name),
            PlanType::Scalar(..) | PlanType::Enum(_) => None,
        }
    }

    /// The type as graphql-java names it in messages: without `!`, lists in brackets.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            PlanType::NonNull(inner) => inner.display(),
            PlanType::List(item) => {
                let bang = if matches!(**item, PlanType::NonNull(_)) { "!" } else { "" };
                format!("[{}{bang}]", item.display())
            }
            PlanType::Scalar(_, name) | PlanType::Object(name, _) => name.to_string(),
            PlanType::Enum(definition) => definition.name.to_string(),
            PlanType::Abstract(selection) => selection.name.to_string(),
        }
    }
}

/// The type as the schema writes it.
impl std::fmt::Display for PlanType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PlanType::NonNull(inner) => write!(f, "{inner}!"),
            PlanType::List(item) => write!(f, "[{item}]"),
            other => f.write_str(other.name()),
        }
    }
}

/// The concrete type a value says it is.
#[must_use]
pub fn type_name_of(value: &Value) -> Option<&str> {
    value.get("__typename").and_then(Value::as_str)
}
