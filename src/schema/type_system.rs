//! The types of one API, resolved: every reference is an index, every look-up a hash or less.
//!
//! Built once per definition from the validated SDL; immutable afterwards.

use apollo_compiler::validation::Valid;
use indexmap::IndexMap;
use value::Str;

/// A type's place in its [`TypeSystem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// All types of one API.
#[derive(Debug)]
pub struct TypeSystem {
    /// Every type by name, in order of definition (built-in ones included); [`TypeId`] is the place in here.
    pub types: IndexMap<Str, TypeDefinition>,
    /// The query root.
    pub query: TypeId,
    /// The mutation root.
    pub mutation: Option<TypeId>,
    /// The subscription root.
    pub subscription: Option<TypeId>,
    /// The directives a document may use (`@skip`, `@include`, and executable ones the schema declares).
    pub directives: IndexMap<Str, DirectiveDefinition>,
    /// The validated schema document behind it, for introspection.
    pub document: Valid<apollo_compiler::Schema>,
}

/// One type.
#[derive(Debug)]
pub struct TypeDefinition {
    /// Its name.
    pub name: Str,
    /// What it is.
    pub kind: TypeKind,
    /// The authorization directives on the type; empty when there is none.
    pub authorization: Vec<AuthorizationDirective>,
}

/// What a type is.
#[derive(Debug)]
pub enum TypeKind {
    /// A scalar.
    Scalar(super::Scalar),
    /// An object type.
    Object(Fields),
    /// An interface.
    Interface {
        /// Its fields.
        fields: Fields,
        /// The object types that implement it.
        possible_types: Vec<TypeId>,
    },
    /// A union.
    Union {
        /// Its members.
        possible_types: Vec<TypeId>,
    },
    /// An enum, its values in order.
    Enum(IndexMap<Str, ()>),
    /// An input object.
    InputObject {
        /// Its fields.
        fields: IndexMap<Str, InputValueDefinition>,
        /// `@oneOf`
        one_of: bool,
    },
}

/// The fields of an object type or interface.
#[derive(Debug, Default)]
pub struct Fields {
    /// By name, in order.
    pub fields: IndexMap<Str, FieldDefinition>,
    /// The interfaces that are implemented.
    pub implements: Vec<TypeId>,
}

/// A field of an object type or interface.
#[derive(Debug)]
pub struct FieldDefinition {
    /// Its name.
    pub name: Str,
    /// Its arguments, in order.
    pub arguments: IndexMap<Str, InputValueDefinition>,
    /// Its type.
    pub ty: TypeRef,
    /// The authorization directives on the field; empty when there is none.
    pub authorization: Vec<AuthorizationDirective>,
    /// The mutations named by `@aws_subscribe`.
    pub subscribe_mutations: Vec<Str>,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub struct InputValueDefinition {
    /// Its name.
    pub name: Str,
    /// Its type.
    pub ty: TypeRef,
    /// Its default value, already a value of the type.
    pub default: Option<value::Value>,
}

/// A directive that documents may use.
#[derive(Debug)]
pub struct DirectiveDefinition {
    /// Its name.
    pub name: Str,
    /// Its arguments.
    pub arguments: IndexMap<Str, InputValueDefinition>,
    /// Where it may stand: `FIELD`, `QUERY`, …
    pub locations: Vec<Str>,
    /// Whether it may be repeated.
    pub repeatable: bool,
}

/// A reference to a type, with its wrappers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeRef {
    /// `Name`
    Named(TypeId),
    /// `[T]`
    List(Box<TypeRef>),
    /// `T!`
    NonNull(Box<TypeRef>),
}

/// One authorization directive (AppSync developer guide, "Authorization use cases").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationDirective {
    /// `@aws_api_key`
    ApiKey,
    /// `@aws_iam`
    Iam,
    /// `@aws_oidc`
    Oidc,
    /// `@aws_lambda`
    Lambda,
    /// `@aws_cognito_user_pools(cognito_groups: […])`
    CognitoUserPools {
        /// The groups, if named.
        groups: Option<Vec<Str>>,
    },
    /// `@aws_auth(cognito_groups: […])`
    Auth {
        /// The groups, if named.
        groups: Option<Vec<Str>>,
    },
}

impl TypeSystem {
    /// The type of that id.
    #[inline]
    #[must_use]
    pub fn get(&self, id: TypeId) -> &TypeDefinition {
        &self.types[id.0 as usize]
    }

    /// The type of that name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<(TypeId, &TypeDefinition)> {
        let (at, _, definition) = self.types.get_full(name)?;
        Some((TypeId(u32::try_from(at).expect("a schema of 1 MB has fewer types")), definition))
    }

    /// The object types a value of an interface or union can be, in order of definition (a union's in its own order); empty
    /// for every other type, whose values are of that type alone.
    #[must_use]
    pub fn possible_types(&self, id: TypeId) -> &[TypeId] {
        match &self.get(id).kind {
            TypeKind::Interface { possible_types, .. } | TypeKind::Union { possible_types } => possible_types,
            _ => &[],
        }
    }

    /// The field `name` of an object type or interface; `__typename` and the introspection fields are not in here.
    #[must_use]
    pub fn field(&self, id: TypeId, name: &str) -> Option<&FieldDefinition> {
        self.get(id).fields()?.fields.get(name)
    }

    /// The field `name` of an input object.
    #[must_use]
    pub fn input_field(&self, id: TypeId, name: &str) -> Option<&InputValueDefinition> {
        self.get(id).input_fields()?.get(name)
    }

    /// Whether the object type or interface `id` declares that it implements `interface`.
    #[must_use]
    pub fn implements(&self, id: TypeId, interface: TypeId) -> bool {
        self.get(id).fields().is_some_and(|fields| fields.implements.contains(&interface))
    }

    /// Whether a value of object type `object` can stand where `id` is expected: it is that type or a possible type of it.
    #[must_use]
    pub fn is_possible(&self, id: TypeId, object: TypeId) -> bool {
        id == object || self.possible_types(id).contains(&object)
    }

    /// Whether every value of the named type `sub` is a value of `id` (specification §3.1.1): equal, a possible type, or an
    /// interface that implements it.
    #[must_use]
    pub fn is_named_subtype(&self, sub: TypeId, id: TypeId) -> bool {
        self.is_possible(id, sub) || self.implements(sub, id)
    }

    /// Whether every value of `sub` is a value of `reference`, wrappers included: `[T!]!` is a subtype of `[T]`.
    #[must_use]
    pub fn is_subtype(&self, sub: &TypeRef, reference: &TypeRef) -> bool {
        match (sub, reference) {
            (TypeRef::NonNull(sub), TypeRef::NonNull(reference)) => self.is_subtype(sub, reference),
            (TypeRef::NonNull(sub), reference) => self.is_subtype(sub, reference),
            (TypeRef::List(sub), TypeRef::List(reference)) => self.is_subtype(sub, reference),
            (TypeRef::Named(sub), TypeRef::Named(reference)) => self.is_named_subtype(*sub, *reference),
            _ => false,
        }
    }

    /// Whether some object type is a value of both composite types, as fragments demand (specification §5.5.2.3).
    #[must_use]
    pub fn types_overlap(&self, a: TypeId, b: TypeId) -> bool {
        if a == b {
            return true;
        }
        match (self.get(a).is_abstract(), self.get(b).is_abstract()) {
            (false, false) => false,
            (true, false) => self.is_possible(a, b),
            (false, true) => self.is_possible(b, a),
            (true, true) => {
                let others = self.possible_types(b);
                self.possible_types(a).iter().any(|object| others.contains(object))
            }
        }
    }

    /// `reference` as SDL writes it.
    #[must_use]
    pub fn display(&self, reference: &TypeRef) -> String {
        match reference {
            TypeRef::Named(id) => self.get(*id).name.to_string(),
            TypeRef::List(item) => format!("[{}]", self.display(item)),
            TypeRef::NonNull(inner) => format!("{}!", self.display(inner)),
        }
    }
}

impl TypeDefinition {
    /// The fields, if this is an object type or interface.
    #[must_use]
    pub fn fields(&self) -> Option<&Fields> {
        match &self.kind {
            TypeKind::Object(fields) | TypeKind::Interface { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// The fields, if this is an input object.
    #[must_use]
    pub fn input_fields(&self) -> Option<&IndexMap<Str, InputValueDefinition>> {
        match &self.kind {
            TypeKind::InputObject { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// The values, if this is an enum.
    #[must_use]
    pub fn enum_values(&self) -> Option<&IndexMap<Str, ()>> {
        match &self.kind {
            TypeKind::Enum(values) => Some(values),
            _ => None,
        }
    }

    /// What it accepts and gives, if this is a scalar.
    #[must_use]
    pub fn scalar(&self) -> Option<super::Scalar> {
        match &self.kind {
            TypeKind::Scalar(scalar) => Some(*scalar),
            _ => None,
        }
    }

    /// Whether values of this type have no selection set.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, TypeKind::Scalar(_) | TypeKind::Enum(_))
    }

    /// Whether this is an interface or union.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        matches!(self.kind, TypeKind::Interface { .. } | TypeKind::Union { .. })
    }

    /// Whether arguments and variables may have this type.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self.kind, TypeKind::Scalar(_) | TypeKind::Enum(_) | TypeKind::InputObject { .. })
    }
}

impl TypeRef {
    /// The innermost type.
    #[must_use]
    pub fn named(&self) -> TypeId {
        match self {
            TypeRef::Named(id) => *id,
            TypeRef::List(inner) | TypeRef::NonNull(inner) => inner.named(),
        }
    }

    /// Whether null is refused.
    #[must_use]
    pub fn is_non_null(&self) -> bool {
        matches!(self, TypeRef::NonNull(_))
    }
}
