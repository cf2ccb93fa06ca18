//! Merging, conditions and bounds of plans.

use super::super::cache::Prepared;
use super::super::prepare;
use super::*;
use crate::diagnostic::Source;
use crate::schema::{self, TypeSystem};

const SDL: &str = "
    type Query { t: T many: [Any] id: ID }
    type T { a: Int b: Int t: T color: Color r(x: [Int]): T }
    type U { a: Int t: T }
    union Any = T | U
    enum Color { RED GREEN }
";

fn types() -> TypeSystem {
    let source = Arc::new(Source { path: "schema.graphql".into(), text: SDL.into() });
    schema::load(&[source], schema::Options::default()).type_system.expect("a schema")
}

/// `T.r` has a resolver.
struct Resolvers;

impl Wiring for Resolvers {
    fn resolver(&self, type_name: &str, field_name: &str) -> Option<ResolverId> {
        (type_name == "T" && field_name == "r").then_some(ResolverId(0))
    }

    fn modes(&self, _: TypeId, _: &FieldDefinition) -> ModeMask {
        1
    }

    fn query_depth_limit(&self) -> Option<u32> {
        None
    }
}

fn prepared(query: &str) -> Result<Arc<Plan>, String> {
    match prepare(&types(), &Resolvers, query, None, true, 15_000, &mut None) {
        Prepared::Plan(plan) => Ok(plan),
        Prepared::Refused(errors) => Err(errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; ")),
        Prepared::Unparsable => Err("unparsable".to_owned()),
    }
}

/// `key?condition{below}`
fn shown(plan: &Plan) -> String {
    shown_fields(plan, &plan.root)
}

fn shown_fields(plan: &Plan, fields: &[PlanField]) -> String {
    fn selection(plan: &Plan, ty: &PlanType, out: &mut String) {
        match ty {
            PlanType::NonNull(inner) | PlanType::List(inner) => selection(plan, inner, out),
            PlanType::Object(_, fields) => *out += &format!("{{{}}}", shown_fields(plan, fields)),
            PlanType::Abstract(abstracted) => {
                for (name, fields) in &abstracted.by_type {
                    *out += &format!("{{{name}: {}}}", shown_fields(plan, fields));
                }
            }
            PlanType::Scalar(..) | PlanType::Enum(_) => {}
        }
    }
    let conjunction = |all: &Conjunction| {
        all.iter().map(|(name, wanted)| format!("{}{name}", if *wanted { "" } else { "!" })).collect::<Vec<_>>().join("&")
    };
    let one = |field: &PlanField| {
        let mut out = field.response_key.to_string();
        if let Some(ConditionId(at)) = field.condition {
            let condition = &plan.conditions[at as usize];
            out += &format!("?{}", conjunction(&condition.all));
            for none in &condition.none {
                out += &format!("\\{}", conjunction(none));
            }
        }
        selection(plan, &field.ty, &mut out);
        out
    };
    fields.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn fields_merge_across_fragments_and_conditions() {
    let check = |query: &str, expected: &str| {
        let plan = prepared(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(shown(&plan), expected, "{query}");
    };
    check("{ t { a } ...F } fragment F on Query { t { b a } id }", "t{a b} id");
    check("{ t { a } ... on Query { t { x: a } } t { a } }", "t{a x}");
    check("query($v: Boolean!) { t { a @include(if: $v) } t { b } }", "t{a?v b}");
    check("query($v: Boolean!) { t @skip(if: $v) { a } t { b } }", "t?!v{a b} t?\\!v{b}");
    check("query($v: Boolean!) { t { b } t @skip(if: $v) { a } }", "t{b a?!v}");
    check("query($v: Boolean!) { ...F @include(if: $v) ...F } fragment F on Query { id t { a } }", "id?v t?v{a} id?\\v t?\\v{a}");
    check("query($v: Boolean!) { ...F ...F @include(if: $v) } fragment F on Query { id t { a } }", "id t{a}");
    check("query($v: Boolean!) { id @include(if: $v) @skip(if: $v) t { a } }", "t{a}");
    check("{ id @skip(if: true) t { a @include(if: true) b @include(if: false) } }", "t{a}");
    check("{ many { __typename ...F ... on U { t { b } } } } fragment F on T { a }", "many{T: __typename a}{U: __typename t{b}}");
    check("query($v: Boolean!, $w: Boolean!) { id @include(if: $v) id @include(if: $w) id @include(if: $v) }", "id?v id?w\\v");
}

#[test]
fn one_enum_and_one_list_of_arguments_serve_all_places() {
    let plan = prepared("{ x: t { ...F } y: t { ...F } } fragment F on T { color r(x: [1, 2]) { a } }").expect("a plan");
    let field = |at: usize, below: usize| &plan.root[at].ty.selection(None).expect("an object")[below];
    match (&field(0, 0).ty, &field(1, 0).ty) {
        (PlanType::Enum(one), PlanType::Enum(other)) => assert!(Arc::ptr_eq(one, other)),
        other => panic!("{other:?}"),
    }
    match (&field(0, 1).source, &field(1, 1).source) {
        (FieldSource::Resolver(one), FieldSource::Resolver(other)) => assert!(Arc::ptr_eq(&one.arguments, &other.arguments)),
        other => panic!("{other:?}"),
    }
}

/// What a small document may cost: neither seconds nor gigabytes.
fn refused_soon(query: &str, expected: &str) {
    let error = prepared(query).expect_err("too large");
    assert!(error.contains(expected), "{error}");
}

const TOO_MANY: &str = "selects more than 50000 fields";

#[test]
fn fragments_that_double_themselves_are_bounded() {
    use std::fmt::Write;
    let doubling = |one: &dyn Fn(usize) -> String| {
        let mut text = "{ t { ...F0 } }".to_owned();
        for level in 0..30 {
            let _ = write!(text, " fragment F{level} on T {{ {} }}", one(level + 1));
        }
        text + " fragment F30 on T { a }"
    };
    // The same fields over and over are one field.
    assert_eq!(prepared(&doubling(&|next| format!("...F{next} ...F{next}"))).expect("a plan").field_count, 2);
    refused_soon(&doubling(&|next| format!("x: t {{ ...F{next} }} y: t {{ ...F{next} }}")), TOO_MANY);
    let variables: String = (0..31).map(|at| format!("$v{at}: Boolean! ")).collect();
    let conditional = doubling(&|next| format!("...F{next} @include(if: $v{next}) ...F{next} @skip(if: $v{next})"));
    refused_soon(
        &format!(
            "query({variables} $v: Boolean!) {}",
            conditional.replacen("...F0", "...F0 @skip(if: $v) b @include(if: $v0)", 1)
        ),
        TOO_MANY,
    );
}

#[test]
fn conditions_are_bounded() {
    let variables = |count: usize| (0..count).map(|at| format!("$v{at}: Boolean! ")).collect::<String>();
    let fields: String = (0..450).map(|at| format!("t @include(if: $v{at}) {{ a @include(if: $v{at}) }} ")).collect();
    refused_soon(&format!("query({}) {{ {fields} }}", variables(450)), TOO_MANY);
    let long: String = (0..700).map(|at| format!("@include(if: $v{at}) ")).collect();
    let many = "id ".repeat(3_000);
    refused_soon(&format!("query({}) {{ ... {long} {{ {many} }} }}", variables(700)), TOO_MANY);
}

#[test]
fn paths_of_selection_set_lists_are_bounded() {
    let name = "n".repeat(4_000);
    let open: String = (0..90).map(|_| format!("{name}: r {{ ")).collect();
    let leaves: String = (0..500).map(|at| format!("a{at}: a ")).collect();
    refused_soon(&format!("{{ t {{ {open} {leaves} {} }} }}", "} ".repeat(90)), "ctx.info");
}

#[test]
fn a_plan_has_a_weight_near_its_size() {
    let weight = |query: &str| prepared(query).expect("a plan").weight;
    let many: String = (0..1_000).map(|at| format!("x{at}: t {{ a b }} ")).collect();
    assert!(weight(&format!("{{ {many} }}")) > 1_000 * weight("{ id }") / 2);
}

#[test]
fn documents_as_deep_as_validation_lets_in_are_planned_on_a_worker_s_stack() {
    let depth = 198;
    let query = format!("{{ t {} a {} }}", "{ t ".repeat(depth - 1) + "{", "} ".repeat(depth));
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || prepared(&query).map(|plan| plan.field_count));
    assert_eq!(worker.expect("a thread").join().expect("no overflow"), Ok(depth + 1));
}

#[test]
fn the_largest_documents_are_judged_soon() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(" ");
    let pairs = |count: usize| {
        many(count, &|at| {
            let later = many(count - at - 1, &|next| format!("...F{}", at + 1 + next));
            format!("fragment F{at} on Query {{ {later} id }}")
        })
    };
    let variables = many(2_400, &|at| format!("$v{at}: Int"));
    let used = many(2_400, &|at| format!("$v{at}"));
    for (what, query) in [
        ("aliases", format!("{{ {} }}", many(2_400, &|at| format!("a{at}: t {{ a }}")))),
        ("one field", format!("{{ {} }}", "t { a } ".repeat(3_700))),
        ("one field below", format!("{{ t {{ {} }} }}", "t { t { a } } ".repeat(2_100))),
        ("unknown fields", format!("{{ {} }}", "x ".repeat(14_900))),
        ("variables", format!("query({variables}) {{ t {{ r(x: [{used}]) {{ a }} }} }}")),
        (
            "fragments side by side",
            format!(
                "{{ {} }} {}",
                many(1_000, &|at| format!("...F{at}")),
                many(1_000, &|at| format!("fragment F{at} on Query {{ t {{ a b }} }}"))
            ),
        ),
        ("fragments that spread all later ones", format!("{{ ...F0 }} {}", pairs(112))),
        (
            "a chain of fragments",
            format!(
                "{{ ...F0 }} {} fragment F1600 on Query {{ id }}",
                many(1_600, &|at| format!("fragment F{at} on Query {{ ...F{} id }}", at + 1))
            ),
        ),
        (
            "a cycle of fragments",
            format!("{{ ...F0 }} {}", many(1_600, &|at| format!("fragment F{at} on Query {{ ...F{} id }}", (at + 1) % 1_600))),
        ),
        ("unused fragments", format!("{{ id }} {}", many(1_800, &|at| format!("fragment F{at} on Query {{ id }}")))),
        ("concrete types", format!("{{ many {{ {} }} }}", "... on T { t { a } } ... on U { t { b } } ".repeat(700))),
        (
            "introspection",
            format!(
                "query($n: String!) {{ {} ...F }} fragment F on Query {{ {} }}",
                many(600, &|at| format!("a{at}: __type(name: $n) {{ name }}")),
                "id ".repeat(6_000)
            ),
        ),
        ("arguments", format!("{{ t {{ r({}) {{ a }} }} }}", "x: [1] ".repeat(2_900))),
        ("operations", many(2_400, &|at| format!("query Q{at} {{ id }}"))),
    ] {
        // Without their bounds these take minutes, or all memory.
        let outcome = prepared(&query);
        let tokens = outcome.as_ref().err().is_some_and(|error| error.contains("tokens"));
        assert!(!tokens, "{what}: beyond the gate, nothing was judged");
    }
}

#[test]
fn introspection_is_bounded_in_width() {
    let aliases = |count: usize| (0..count).map(|at| format!("a{at}: name ")).collect::<String>();
    assert!(prepared(&format!("{{ __schema {{ types {{ {} }} }} }}", aliases(900))).is_ok());
    refused_soon(&format!("{{ __schema {{ types {{ {} }} }} }}", aliases(1_000)), "Introspection selects more than 1000 fields");
    // Fragments that double themselves select as much without being long.
    let doubling: String = (0..12)
        .map(|at| format!("fragment F{at} on __Type {{ a{at}: ofType {{ ...F{0} }} b{at}: ofType {{ ...F{0} }} }} ", at + 1))
        .collect();
    let query = format!("{{ __schema {{ types {{ ...F0 }} }} }} {doubling} fragment F12 on __Type {{ name }}");
    refused_soon(&query, "Introspection selects more than 1000 fields");
}
