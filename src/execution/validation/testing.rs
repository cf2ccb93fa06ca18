//! The schema the tests of this room share, as a type system.

use std::sync::Arc;

use crate::diagnostic::Source;
use crate::schema::{Options, TypeSystem, load};

/// The schema of the tests.
pub(crate) const SDL: &str = r#"
schema { query: Query mutation: Mutation subscription: Subscription }
directive @note(text: String!, level: Int) on FIELD | VARIABLE_DEFINITION
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
input Choice @oneOf { a: Int b: String }
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
  choice(choice: Choice): Int
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
    let source = Arc::new(Source { path: "test.graphql".to_owned(), text: sdl.to_owned() });
    let loaded = load(&[source], Options::default());
    let diagnostics = loaded.diagnostics;
    loaded.type_system.unwrap_or_else(|| panic!("the SDL of a test is valid: {diagnostics:#?}"))
}
