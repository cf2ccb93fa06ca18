//! The schema the tests of this room share, and a plain way to build a type system from SDL.

use apollo_compiler::ast::{Type, Value as SdlValue};
use apollo_compiler::schema::ExtendedType;
use indexmap::IndexMap;
use value::{Number, Str, Value};

use crate::schema::type_system::{
    DirectiveDefinition, FieldDefinition, Fields, InputValueDefinition, TypeDefinition, TypeId, TypeKind, TypeRef,
};
use crate::schema::{Scalar, TypeSystem};

/// The schema of the tests.
pub(crate) const SDL: &str = r#"
schema { query: Query mutation: Mutation subscription: Subscription }
directive @note(text: String!, level: Int) on FIELD | VARIABLE_DEFINITION
scalar AWSJSON
scalar AWSDateTime
scalar AWSPhone
scalar AWSDate
scalar Anything
enum Color { RED GREEN BLUE }
interface Node { id: ID! }
interface Pet { name: String! mate: Pet knows(command: String, times: Int = 1): Boolean }
type Dog implements Pet & Node { id: ID! name: String! mate: Pet knows(command: String, times: Int = 1): Boolean barks: Int! owner: Human size: Int tags: [String] }
type Cat implements Pet & Node { id: ID! name: String! mate: Pet knows(command: String, times: Int = 1): Boolean meows: Boolean size: String owner: Human tags: [String!] color: Color }
type Human implements Node { id: ID! pets: [Pet!] friend: Human dog: Dog }
type Rock { weight: Float }
union CatOrDog = Cat | Dog
input Point { x: Int! y: Int = 0 label: String at: Point tags: [String!] }
input Create { input_name: String! test: String! json: AWSJSON phone: AWSPhone updatedAt: AWSDateTime points: [Point!] color: Color = RED }
input Strict { must: Int! = 3 }
type Query {
  id(id: ID!): ID
  int(value: Int): Int
  required(a: Int!, b: String!): Int
  float(value: Float): Float
  boolean(value: Boolean): Boolean
  string(value: String): String
  list(values: [Int!]): [Int]
  nested(values: [[Int]]): Int
  color(value: Color = GREEN): Color
  point(point: Point): Int
  points(points: [Point]): Int
  json(data: AWSJSON, anything: Anything): AWSJSON
  time(at: AWSDateTime, phone: AWSPhone): AWSDateTime
  strict(strict: Strict): Int
  default(value: Int! = 5): Int
  dog: Dog
  cat: Cat
  pet(name: String): Pet
  pets: [Pet]
  catOrDog: CatOrDog
  human: Human
  rock: Rock
  node(id: ID!): Node
}
type Mutation { create(input: Create!): Dog createTest(input: Create): Dog sendEmail(data: AWSJSON!): Boolean }
type Subscription { onCreate(owner: String!): Dog onAny(owner: String): Dog }
"#;

/// The type system of [`SDL`].
pub(crate) fn types() -> TypeSystem {
    type_system(SDL)
}

/// The type system of a valid SDL text.
pub(crate) fn type_system(sdl: &str) -> TypeSystem {
    let document = apollo_compiler::Schema::parse_and_validate(sdl, "test.graphql").expect("the SDL of a test is valid");
    let ids: IndexMap<String, TypeId> = document
        .types
        .keys()
        .enumerate()
        .map(|(at, name)| (name.to_string(), TypeId(u32::try_from(at).expect("few types"))))
        .collect();
    let input = |input: &apollo_compiler::ast::InputValueDefinition| {
        let definition = InputValueDefinition {
            name: input.name.as_str().into(),
            ty: type_ref(&input.ty, &ids),
            default: input.default_value.as_ref().map(|default| constant(default)),
        };
        (Str::from(input.name.as_str()), definition)
    };
    let field = |field: &apollo_compiler::ast::FieldDefinition| {
        let definition = FieldDefinition {
            name: field.name.as_str().into(),
            arguments: field.arguments.iter().map(|argument| input(argument)).collect(),
            ty: type_ref(&field.ty, &ids),
            authorization: Vec::new(),
            subscribe_mutations: Vec::new(),
        };
        (Str::from(field.name.as_str()), definition)
    };
    let implementers = document.implementers_map();
    let kind = |name: &str, ty: &ExtendedType| match ty {
        ExtendedType::Scalar(_) => TypeKind::Scalar(Scalar::by_name(name)),
        ExtendedType::Object(object) => TypeKind::Object(Fields {
            fields: object.fields.values().map(|definition| field(definition)).collect(),
            implements: object.implements_interfaces.iter().map(|name| ids[name.as_str()]).collect(),
        }),
        ExtendedType::Interface(interface) => TypeKind::Interface {
            fields: Fields {
                fields: interface.fields.values().map(|definition| field(definition)).collect(),
                implements: Vec::new(),
            },
            possible_types: implementers
                .get(name)
                .map_or_else(Vec::new, |implementers| implementers.objects.iter().map(|name| ids[name.as_str()]).collect()),
        },
        ExtendedType::Union(union) => {
            TypeKind::Union { possible_types: union.members.iter().map(|name| ids[name.as_str()]).collect() }
        }
        ExtendedType::Enum(values) => TypeKind::Enum(values.values.keys().map(|name| (name.as_str().into(), ())).collect()),
        ExtendedType::InputObject(object) => {
            TypeKind::InputObject { fields: object.fields.values().map(|definition| input(definition)).collect(), one_of: false }
        }
    };
    let types = document
        .types
        .iter()
        .map(|(name, ty)| {
            let name = name.as_str();
            (Str::from(name), TypeDefinition { name: name.into(), kind: kind(name, ty), authorization: Vec::new() })
        })
        .collect();
    let directives = document
        .directive_definitions
        .iter()
        .map(|(name, directive)| {
            let definition = DirectiveDefinition {
                name: name.as_str().into(),
                arguments: directive.arguments.iter().map(|argument| input(argument)).collect(),
                locations: directive.locations.iter().map(|location| location.to_string().into()).collect(),
                repeatable: directive.repeatable,
            };
            (Str::from(name.as_str()), definition)
        })
        .collect();
    let root = |kind| document.root_operation(kind).map(|name| ids[name.as_str()]);
    TypeSystem {
        query: root(apollo_compiler::ast::OperationType::Query).expect("a query root"),
        mutation: root(apollo_compiler::ast::OperationType::Mutation),
        subscription: root(apollo_compiler::ast::OperationType::Subscription),
        types,
        directives,
        document,
    }
}

fn type_ref(ty: &Type, ids: &IndexMap<String, TypeId>) -> TypeRef {
    match ty {
        Type::Named(name) => TypeRef::Named(ids[name.as_str()]),
        Type::NonNullNamed(name) => TypeRef::NonNull(Box::new(TypeRef::Named(ids[name.as_str()]))),
        Type::List(item) => TypeRef::List(Box::new(type_ref(item, ids))),
        Type::NonNullList(item) => TypeRef::NonNull(Box::new(TypeRef::List(Box::new(type_ref(item, ids))))),
    }
}

fn constant(value: &SdlValue) -> Value {
    match value {
        SdlValue::Boolean(value) => Value::from(*value),
        SdlValue::Int(number) => Number::from_text(number.as_str()).map_or(Value::Null, Value::Number),
        SdlValue::Float(number) => Number::from_text(number.as_str()).map_or(Value::Null, Value::Number),
        SdlValue::String(text) => Value::from(text.as_str()),
        SdlValue::Enum(name) => Value::from(name.as_str()),
        SdlValue::List(items) => items.iter().map(|item| constant(item)).collect(),
        SdlValue::Object(members) => {
            Value::from(members.iter().map(|(name, value)| (name.as_str(), constant(value))).collect::<value::Object>())
        }
        SdlValue::Null | SdlValue::Variable(_) => Value::Null,
    }
}
