//! The plan executor against a naive interpreter of the specification.
//!
//! Schemas, documents and data are generated from a seed: objects, lists, interfaces, unions, fragments, aliases, merged
//! fields, `@skip`/`@include`, nulls where they are forbidden, values of the wrong shape, failing resolvers. The interpreter
//! below follows GraphQL specification §6 field by field, value by value, with none of the plan's ideas; both must give the
//! same data and the same errors in the same order.
//!
//! Events are tried the same way: what a subscription of the same selection writes is what the mutation answered, and what one of
//! another selection writes is what the interpreter makes of the event.

use std::fmt::Write;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use indexmap::IndexMap;
use proptest::prelude::*;
use syncgate::diagnostic::Source;
use syncgate::execution::ast::{Directive, Document, Field, Literal, Selection};
use syncgate::execution::cache::Prepared;
use syncgate::execution::error::FieldError;
use syncgate::execution::event;
use syncgate::execution::executor::{FieldCall, Request, Resolved, Resolvers, resolve};
use syncgate::execution::plan::{ModeMask, ResolverId};
use syncgate::execution::planner::Wiring;
use syncgate::execution::writer::write;
use syncgate::execution::{parser, prepare};
use syncgate::schema::type_system::{FieldDefinition, TypeId, TypeKind, TypeRef};
use syncgate::schema::{self, TypeSystem};
use value::{Object, Value, value};

/// A small generator of numbers (splitmix64), so that a failing case is its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn hash(parts: &[&str], seed: u64) -> u64 {
    parts.iter().flat_map(|part| part.bytes().chain([0])).fold(seed, |sum, byte| mix(sum ^ u64::from(byte)))
}

const OBJECTS: usize = 5;

/// SDL with some objects, an interface, a union and an enum.
fn schema_text(random: &mut Random) -> String {
    let mut text =
        String::from("enum Color { RED GREEN }\ninterface Node { id: ID! label: String next: Node }\nunion Any = T0 | T1 | T2\n");
    let ty = |random: &mut Random| {
        let mut name = match random.below(10) {
            0 => "Int".to_owned(),
            1 => "String".to_owned(),
            2 => "Float".to_owned(),
            3 => "Boolean".to_owned(),
            4 => "Color".to_owned(),
            5 => "Node".to_owned(),
            6 => "Any".to_owned(),
            _ => format!("T{}", random.below(OBJECTS)),
        };
        for _ in 0..random.below(3) {
            if random.percent(30) {
                name.push('!');
            }
            name = format!("[{name}]");
        }
        if random.percent(30) {
            name.push('!');
        }
        name
    };
    for at in 0..OBJECTS {
        let implements = if at < 3 { " implements Node" } else { "" };
        let _ = write!(text, "type T{at}{implements} {{ ");
        if at < 3 {
            text.push_str("id: ID! label: String next: Node ");
        }
        for field in 0..4 {
            let _ = write!(text, "t{at}f{field}: {} ", ty(random));
        }
        text.push_str("}\n");
    }
    for root in ["Query", "Mutation"] {
        let _ = write!(text, "type {root} {{ ");
        for field in 0..4 {
            let _ = write!(text, "{}{field}: {} ", root.to_lowercase(), ty(random));
        }
        text.push_str("}\n");
    }
    // A subscription of each mutation, of the same type.
    let mutation = text.rsplit_once("type Mutation { ").map(|(_, fields)| fields.to_owned()).expect("it was just written");
    let _ = write!(text, "type Subscription {{ {}", mutation.replace("mutation", "subscription"));
    text
}

/// A valid document for the schema: an operation and the fragments it uses.
struct Writer<'a> {
    types: &'a TypeSystem,
    random: &'a mut Random,
    fragments: String,
    fragment_count: usize,
    fields: usize,
}

impl Writer<'_> {
    fn document(mut self) -> String {
        let mutation = self.random.percent(30);
        let root = if mutation { self.types.mutation.expect("a mutation root") } else { self.types.query };
        let body = self.selection(root, 0);
        let kind = if mutation { "mutation" } else { "query" };
        // All variables are used, whatever the body does with them.
        format!(
            "{kind} Q($v0: Boolean!, $v1: Boolean!) {{ u0: __typename @skip(if: $v0) u1: __typename @include(if: $v1) {body} }}\n{}",
            self.fragments
        )
    }

    /// A mutation with one field, a subscription to it that selects the same, and one that selects something else.
    fn mutation_and_subscriptions(mut self) -> (String, String, String) {
        let number = self.random.below(4);
        let mutation = self.types.mutation.expect("a mutation root");
        let field = self.types.field(mutation, &format!("mutation{number}")).expect("a field of the schema");
        let named = field.ty.named();
        let is_leaf = self.types.get(named).is_leaf();
        let document = |writer: &mut Self, kind: &str, body: &str| {
            format!(
                "{kind} Q($v0: Boolean!, $v1: Boolean!) {{ u0: __typename @skip(if: $v0) u1: __typename @include(if: $v1) \
                 {kind}{number} {body} }}\n{}",
                writer.fragments
            )
        };
        let body = if is_leaf { String::new() } else { format!("{{ {} }}", self.selection(named, 0)) };
        let same = ["mutation", "subscription"].map(|kind| document(&mut self, kind, &body));
        self.fragments.clear();
        let body = if is_leaf { String::new() } else { format!("{{ {} }}", self.selection(named, 0)) };
        let other = document(&mut self, "subscription", &body);
        let [mutation, subscription] = same;
        (mutation, subscription, other)
    }

    fn directives(&mut self) -> &'static str {
        match self.random.below(14) {
            0 => " @skip(if: $v0)",
            1 => " @include(if: $v1)",
            2 => " @skip(if: $v1) @include(if: $v0)",
            3 => " @include(if: true)",
            4 => " @skip(if: true)",
            _ => "",
        }
    }

    fn selection(&mut self, on: TypeId, depth: usize) -> String {
        let definition = self.types.get(on);
        let mut text = String::from("__typename ");
        let candidates: Vec<TypeId> = if definition.is_abstract() { self.types.possible_types(on).to_vec() } else { vec![on] };
        for _ in 0..=self.random.below(4) {
            match self.random.below(10) {
                0 | 1 => {
                    let target = candidates[self.random.below(candidates.len())];
                    let directives = self.directives();
                    let body = self.selection(target, depth + 1);
                    let _ = write!(text, "... on {}{directives} {{ {body} }} ", self.types.get(target).name);
                }
                2 => {
                    let target = candidates[self.random.below(candidates.len())];
                    let directives = self.directives();
                    let body = self.selection(target, depth + 1);
                    let name = format!("F{}", self.fragment_count);
                    self.fragment_count += 1;
                    let _ = writeln!(self.fragments, "fragment {name} on {} {{ {body} }}", self.types.get(target).name);
                    let _ = write!(text, "...{name}{directives} ...{name} ");
                }
                _ => {
                    let Some(fields) = definition.fields() else { continue };
                    let (name, field) = fields.fields.get_index(self.random.below(fields.fields.len())).expect("in range");
                    self.fields += 1;
                    let named = field.ty.named();
                    let leaf = self.types.get(named).is_leaf();
                    if !leaf && (depth > 4 || self.fields > 60) {
                        continue;
                    }
                    // An alias belongs to one field only, so that merging never conflicts.
                    if self.random.percent(25) {
                        let _ = write!(text, "{name}_{}: ", self.random.below(2));
                    }
                    let directives = self.directives();
                    let _ = write!(text, "{name}{directives} ");
                    if !leaf {
                        let body = self.selection(named, depth + 1);
                        let _ = write!(text, "{{ {body} }} ");
                    }
                }
            }
        }
        text
    }
}

/// The data of a case: what a field gives is a function of its parent's seed and its name.
struct Data<'a> {
    types: &'a TypeSystem,
    seed: u64,
    /// Whether no field has a resolver: all is read from the parent.
    plain: bool,
}

impl Data<'_> {
    fn has_resolver(&self, type_name: &str, field: &str) -> bool {
        // Without a resolver a mutation does nothing, and nothing is heard of it.
        !self.plain && (type_name == "Mutation" || hash(&["resolver", type_name, field], self.seed) % 100 < 45)
    }

    /// The parent's seed, which every generated object carries.
    fn seed_of(parent: &Value) -> u64 {
        parent.get("seed").and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(7)
    }

    fn resolved(&self, type_name: &str, field: &FieldDefinition, parent: &Value) -> Resolved {
        let seed = hash(&["value", type_name, &field.name], self.seed ^ Self::seed_of(parent));
        let mut random = Random(seed);
        match random.below(12) {
            0 => Resolved::failed(FieldError::new("Failed", format!("no {}", field.name))),
            1 => Resolved {
                value: self.value(&field.ty, &mut random, 0),
                errors: vec![FieldError::new("Appended", "first"), FieldError::new("Appended", "second")],
            },
            _ => Resolved { value: self.value(&field.ty, &mut random, 0), errors: Vec::new() },
        }
    }

    fn value(&self, ty: &TypeRef, random: &mut Random, depth: usize) -> Value {
        if random.percent(8) {
            return Value::Null;
        }
        if random.percent(3) {
            return value!("not what was asked for");
        }
        match ty {
            TypeRef::NonNull(inner) => self.value(inner, random, depth),
            TypeRef::List(item) => (0..random.below(4)).map(|_| self.value(item, random, depth)).collect(),
            TypeRef::Named(id) => {
                let definition = self.types.get(*id);
                match &definition.kind {
                    TypeKind::Enum(_) => value!(if random.percent(90) { "RED" } else { "BLUE" }),
                    TypeKind::Scalar(_) => match random.below(4) {
                        0 => value!(random.next() % 100),
                        1 => value!("12"),
                        2 => value!(true),
                        _ => value!(2.5),
                    },
                    _ => {
                        let possible = self.types.possible_types(*id);
                        let object = if possible.is_empty() { *id } else { possible[random.below(possible.len())] };
                        self.object(object, random, depth)
                    }
                }
            }
        }
    }

    fn object(&self, id: TypeId, random: &mut Random, depth: usize) -> Value {
        let definition = self.types.get(id);
        let mut object = Object::new();
        object.insert("seed", random.next().to_string());
        if random.percent(97) {
            object.insert("__typename", &definition.name);
        }
        if depth < 3 {
            for (name, field) in &definition.fields().expect("an object type").fields {
                if random.percent(80) {
                    object.insert(name.clone(), self.value(&field.ty, random, depth + 1));
                }
            }
        }
        object.into()
    }
}

impl Wiring for Data<'_> {
    fn resolver(&self, type_name: &str, field_name: &str) -> Option<ResolverId> {
        self.has_resolver(type_name, field_name).then_some(ResolverId(0))
    }

    fn modes(&self, type_id: TypeId, field: &FieldDefinition) -> ModeMask {
        let type_name = &*self.types.get(type_id).name;
        if type_name != "Subscription" && hash(&["modes", type_name, &field.name], self.seed) % 100 < 5 { 2 } else { 1 }
    }

    fn query_depth_limit(&self) -> Option<u32> {
        self.seed.is_multiple_of(4).then_some(4)
    }
}

impl Resolvers for Data<'_> {
    fn resolve<'a>(&'a self, call: FieldCall<'a>) -> BoxFuture<'a, Vec<Resolved>> {
        async move {
            let (id, _) = self.types.by_name(&call.field.parent_type).expect("a known type");
            let definition = self.types.field(id, &call.field.name).expect("a known field");
            tokio::task::yield_now().await;
            call.parents.iter().map(|parent| self.resolved(&call.field.parent_type, definition, parent)).collect()
        }
        .boxed()
    }
}

/// The interpreter: GraphQL specification §6, the slow and plain way.
struct Interpreter<'a> {
    data: &'a Data<'a>,
    document: &'a Document,
    variables: &'a Object,
    path: Vec<Value>,
    errors: Vec<(Value, String)>,
}

/// A null went up past here.
struct Propagated;

impl<'a> Interpreter<'a> {
    fn included(&self, directives: &[Directive]) -> bool {
        directives.iter().all(|directive| {
            let given = match &directive.arguments[0].value {
                Literal::Boolean(value) => *value,
                Literal::Variable(name) => self.variables.get(name).and_then(Value::as_bool).expect("a Boolean!"),
                other => panic!("{other:?}"),
            };
            given == (&*directive.name == "include")
        })
    }

    fn collect(&self, object: &str, selections: &'a [Selection], fields: &mut IndexMap<String, Vec<&'a Field>>) {
        for selection in selections {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    fields.entry(field.response_key().to_string()).or_default().push(field);
                }
                Selection::InlineFragment(fragment)
                    if self.included(&fragment.directives)
                        && fragment.type_condition.as_ref().is_none_or(|on| self.applies(on, object)) =>
                {
                    self.collect(object, &fragment.selection_set, fields);
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    let fragment = self.document.fragment(&spread.name).expect("defined");
                    if self.applies(&fragment.type_condition, object) {
                        self.collect(object, &fragment.selection_set, fields);
                    }
                }
                _ => {}
            }
        }
    }

    fn applies(&self, on: &str, object: &str) -> bool {
        let (id, _) = self.data.types.by_name(on).expect("a known type");
        on == object || self.data.types.possible_types(id).iter().any(|id| &*self.data.types.get(*id).name == object)
    }

    fn selection(&mut self, object: &str, sets: &[&'a [Selection]], source: &Value, level: u32) -> Result<Value, Propagated> {
        let mut fields = IndexMap::new();
        for set in sets {
            self.collect(object, set, &mut fields);
        }
        let mut result = Object::new();
        let mut propagated = false;
        for (key, occurrences) in fields {
            self.path.push(value!(key.as_str()));
            match self.field(object, &occurrences, source, level) {
                Ok(value) => {
                    result.insert(key, value);
                }
                Err(Propagated) => propagated = true,
            }
            self.path.pop();
        }
        if propagated { Err(Propagated) } else { Ok(result.into()) }
    }

    fn field(&mut self, object: &str, occurrences: &[&'a Field], source: &Value, level: u32) -> Result<Value, Propagated> {
        let name = &occurrences[0].name;
        if &**name == "__typename" {
            return Ok(value!(object));
        }
        let (id, _) = self.data.types.by_name(object).expect("a known type");
        let definition = self.data.types.field(id, name).expect("a known field");
        let denied = if self.data.query_depth_limit().is_some_and(|limit| level > limit) {
            Some("The field lies deeper than the query depth limit of this API.".to_owned())
        } else if self.data.modes(id, definition) != 1 {
            Some(format!("Not Authorized to access {name} on type {object}"))
        } else {
            None
        };
        let resolved = match denied {
            Some(message) => Resolved::failed(FieldError::new("Denied", message)),
            None if self.data.has_resolver(object, name) => self.data.resolved(object, definition, source),
            None => Resolved { value: source.get(name).cloned().unwrap_or_default(), errors: Vec::new() },
        };
        let quiet = !resolved.errors.is_empty();
        for error in resolved.errors {
            self.error(error.message);
        }
        let sets: Vec<&[Selection]> = occurrences.iter().map(|field| field.selection_set.as_slice()).collect();
        let coordinate = format!("{object}.{name}");
        self.complete(&definition.ty, &resolved.value, &sets, (object, &coordinate), level, quiet)
    }

    fn complete(
        &mut self,
        ty: &TypeRef,
        value: &Value,
        sets: &[&'a [Selection]],
        place: (&str, &str),
        level: u32,
        quiet: bool,
    ) -> Result<Value, Propagated> {
        let (inner, non_null) = match ty {
            TypeRef::NonNull(inner) => (&**inner, true),
            other => (other, false),
        };
        if value.is_null() {
            if !non_null {
                return Ok(Value::Null);
            }
            if !quiet {
                let named = self.data.types.display(inner);
                let path = self.display_path();
                let in_list = self.path.last().is_some_and(|last| last.as_i64().is_some());
                let within = if in_list { String::new() } else { format!(" within parent '{}'", place.0) };
                self.error(format!("Cannot return null for non-nullable type: '{named}'{within} ({path})"));
            }
            return Err(Propagated);
        }
        match self.present(inner, value, sets, place, level) {
            Err(Propagated) if !non_null => Ok(Value::Null),
            other => other,
        }
    }

    fn present(
        &mut self,
        ty: &TypeRef,
        value: &Value,
        sets: &[&'a [Selection]],
        place: (&str, &str),
        level: u32,
    ) -> Result<Value, Propagated> {
        let path = self.display_path();
        match ty {
            TypeRef::NonNull(_) => unreachable!("taken off by `complete`"),
            TypeRef::List(item) => {
                let Some(items) = value.as_list() else {
                    self.error(format!("Can't resolve value ({path}) : type mismatch error, expected type LIST"));
                    return Err(Propagated);
                };
                let mut list = Vec::new();
                let mut propagated = false;
                for (at, value) in items.iter().enumerate() {
                    self.path.push(value!(at));
                    match self.complete(item, value, sets, place, level, false) {
                        Ok(value) => list.push(value),
                        Err(Propagated) => propagated = true,
                    }
                    self.path.pop();
                }
                if propagated { Err(Propagated) } else { Ok(list.into()) }
            }
            TypeRef::Named(id) => {
                let definition = self.data.types.get(*id);
                match &definition.kind {
                    TypeKind::Scalar(scalar) => {
                        let mut out = Vec::new();
                        scalar.serialize(value, &mut out).map(|()| Value::parse(&out).expect("JSON")).map_err(|fault| {
                            self.error(format!("Can't serialize value ({path}) : {fault}"));
                            Propagated
                        })
                    }
                    TypeKind::Enum(values) => match value.as_str() {
                        Some(name) if values.contains_key(name) => Ok(value.clone()),
                        _ => {
                            let shown = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
                            self.error(format!(
                                "Can't serialize value ({path}) : Invalid input for Enum '{}'. Unknown value '{shown}'",
                                definition.name
                            ));
                            Err(Propagated)
                        }
                    },
                    TypeKind::Object(_) => self.selection(&definition.name, sets, value, level + 1),
                    _ => {
                        let name =
                            value.get("__typename").and_then(Value::as_str).filter(|name| self.applies(&definition.name, name));
                        let Some(name) = name else {
                            let abstract_type = &definition.name;
                            self.error(format!(
                                "Can't resolve '{path}'. Abstract type '{abstract_type}' must resolve to an Object type at runtime \
                                 for field '{}'. Could not determine the exact type of '{abstract_type}'",
                                place.1
                            ));
                            return Err(Propagated);
                        };
                        self.selection(name, sets, value, level + 1)
                    }
                }
            }
        }
    }

    fn error(&mut self, message: String) {
        self.errors.push((self.path.iter().cloned().collect(), message));
    }

    fn display_path(&self) -> String {
        self.path.iter().map(|segment| segment.as_str().map_or_else(|| format!("[{segment}]"), |key| format!("/{key}"))).collect()
    }
}

fn check(seed: u64) {
    let mut random = Random(seed);
    let text = schema_text(&mut random);
    let source = Arc::new(Source { path: "schema.graphql".to_owned(), text: text.clone() });
    let loaded = schema::load(&[source], schema::Options::default());
    let types = loaded.type_system.unwrap_or_else(|| panic!("{text}\n{:?}", loaded.diagnostics));
    let query = Writer { types: &types, random: &mut random, fragments: String::new(), fragment_count: 0, fields: 0 }.document();
    let variables: Object = [("v0", random.percent(50)), ("v1", random.percent(50))].into_iter().collect();
    let data = Data { types: &types, seed, plain: false };

    let plan = match prepare(&types, &data, &query, None, true, 15_000, &mut None) {
        Prepared::Plan(plan) => plan,
        other => panic!("{text}\n{query}\n{other:?}"),
    };
    let sent = Value::Null;
    let conditions = plan.conditions_that_hold(&variables);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let results = runtime.block_on(resolve(&plan, &request(&variables, &conditions, &sent), &data));
    let body =
        write(&types, &plan, &request(&variables, &conditions, &sent), &results, &[], usize::MAX).expect("within the limit");
    let answer = Value::parse(&body).unwrap_or_else(|fault| panic!("{fault}\n{}", String::from_utf8_lossy(&body)));

    let document = parser::parse(&query).expect("it parsed before");
    let mut interpreter =
        Interpreter { data: &data, document: &document, variables: &variables, path: Vec::new(), errors: Vec::new() };
    let operation = &document.operations[0];
    let root = if operation.kind == syncgate::execution::ast::OperationKind::Mutation { "Mutation" } else { "Query" };
    let expected = interpreter.selection(root, &[&operation.selection_set], &Value::Null, 1).unwrap_or(Value::Null);

    assert_eq!(answer.at(&["data"]).to_json(), expected.to_json(), "data\n{text}\n{query}");
    let errors: Vec<(Value, String)> = answer
        .get("errors")
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .map(|error| (error.at(&["path"]).clone(), error.at(&["message"]).as_str().expect("a message").to_owned()))
        .collect();
    assert_eq!(errors, interpreter.errors, "errors\n{text}\n{query}");
}

fn request<'a>(variables: &'a Object, conditions: &'a [bool], sent_variables: &'a Value) -> Request<'a> {
    Request { variables, conditions, sent_variables, mode: 1, denied: None, resolver_limit: 10_000, details: false }
}

/// Runs a mutation, and writes its events for two subscriptions.
fn check_events(seed: u64) {
    let mut random = Random(seed);
    let text = schema_text(&mut random);
    let source = Arc::new(Source { path: "schema.graphql".to_owned(), text: text.clone() });
    let types = schema::load(&[source], schema::Options::default()).type_system.unwrap_or_else(|| panic!("{text}"));
    let writer = Writer { types: &types, random: &mut random, fragments: String::new(), fragment_count: 0, fields: 0 };
    let (mutation, same, other) = writer.mutation_and_subscriptions();
    let variables: Object = [("v0", random.percent(50)), ("v1", random.percent(50))].into_iter().collect();
    let data = Data { types: &types, seed, plain: false };
    let sent = Value::Null;
    let plan = |document: &str| match prepare(&types, &data, document, None, true, 15_000, &mut None) {
        Prepared::Plan(plan) => plan,
        found => panic!("{text}\n{document}\n{found:?}"),
    };
    let parsed = |body: &[u8]| Value::parse(body).unwrap_or_else(|fault| panic!("{fault}\n{}", String::from_utf8_lossy(body)));

    let mutation_plan = plan(&mutation);
    let conditions = mutation_plan.conditions_that_hold(&variables);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let results = runtime.block_on(resolve(&mutation_plan, &request(&variables, &conditions, &sent), &data));
    let body = write(&types, &mutation_plan, &request(&variables, &conditions, &sent), &results, &[], usize::MAX)
        .expect("within the limit");
    let answer = parsed(&body);
    let events =
        event::events(&mutation_plan, &request(&variables, &conditions, &sent), &results, &|name| name.starts_with("mutation"));
    let Some(event) = events.first() else {
        let answered = answer.at(&["data"]).as_object().and_then(|data| data.iter().find(|(key, _)| key.starts_with("mutation")));
        assert!(answered.is_none_or(|(_, value)| value.is_null()), "no event\n{text}\n{mutation}\n{answer}");
        return;
    };
    assert_eq!(events.len(), 1);
    let subscription_field = event.mutation.replace("mutation", "subscription");

    let hears = |document: &str| {
        let plan = plan(document);
        let conditions = plan.conditions_that_hold(&variables);
        parsed(
            &event::write(&types, &plan, &request(&variables, &conditions, &sent), &event.value, usize::MAX)
                .expect("within the limit"),
        )
    };
    let heard = hears(&same);
    let shown = format!("{text}\n{mutation}\nevent {}\nheard {heard}", event.value);
    assert_eq!(
        heard.at(&["data", &subscription_field]).to_json(),
        answer.at(&["data", &event.mutation]).to_json(),
        "the same selection\n{shown}"
    );
    // Where nothing went wrong for the mutation, nothing is missing for the subscriber.
    if answer.get("errors").is_none() {
        assert!(heard.get("errors").is_none(), "{shown}");
    }

    let heard = hears(&other);
    let source: Object = [(subscription_field.as_str(), event.value.clone())].into_iter().collect();
    let plain = Data { types: &types, seed, plain: true };
    let document = parser::parse(&other).expect("it parsed before");
    let mut interpreter =
        Interpreter { data: &plain, document: &document, variables: &variables, path: Vec::new(), errors: Vec::new() };
    let selection = &document.operations[0].selection_set;
    let expected = interpreter.selection("Subscription", &[selection], &source.into(), 1).unwrap_or(Value::Null);
    let shown = format!("{text}\n{mutation}\n{other}\nevent {}", event.value);
    assert_eq!(heard.at(&["data"]).to_json(), expected.to_json(), "another selection\n{shown}");
}

/// How many cases: 400 in a test run, more in `scripts/soak`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_gives_what_the_specification_says(seed in any::<u64>()) {
        check(seed);
    }

    #[test]
    fn a_subscription_hears_what_the_mutation_answered(seed in any::<u64>()) {
        check_events(seed);
    }
}

/// The first occurrence of a key is excluded by a variable and a later one is not: the key stands at the later place.
#[test]
fn a_response_key_stands_where_its_first_included_occurrence_stands() {
    check(34_698_827_043_894_683);
}
