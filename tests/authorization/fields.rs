//! Refused fields in documents of every form, and what refuses them beside directives: policies and `deniedFields`.

use value::Value;

use crate::world::Caller::{self, Iam, Key, Lambda, Oidc, Pool};
use crate::world::{CALLERS, MODES, World};

const EVERYBODY: &str = "@aws_api_key @aws_iam @aws_oidc @aws_cognito_user_pools @aws_lambda";

/// `Item.secret` and `Other.name` are for signers and for whom the function lets in; everything else is for everybody.
fn schema() -> String {
    let text = "schema { query: Query mutation: Mutation }
        type Query ALL { item: Item items: [Item] grid: [[Item]] node: Node nodes: [Node] either: [Either] strict: Strict need: String!
            plain: String signers: String SOME }
        type Mutation ALL { free: String guarded: String SOME both: Item SOME }
        interface Node { id: ID secret: String name: String }
        union Either = Item | Other
        type Item implements Node ALL { id: ID secret: String SOME name: String child: Item }
        type Other implements Node ALL { id: ID secret: String name: String SOME }
        type Strict ALL { name: String secret: String! SOME inner: Strict list: [Strict!] }";
    text.replace("ALL", EVERYBODY).replace("SOME", "@aws_iam @aws_lambda")
}

const RESOLVERS: [(&str, &str); 14] = [
    ("Query.item", "({ id: 1, secret: 's', name: 'n', child: { id: 2, secret: 's', name: 'm' } })"),
    ("Query.items", "[{ id: 1, secret: 's' }, null, { id: 2, secret: 's' }]"),
    ("Query.grid", "[[{ id: 1, secret: 's' }], [{ id: 2, secret: 's' }]]"),
    ("Query.node", "({ __typename: 'Item', id: 1, secret: 's', name: 'n' })"),
    (
        "Query.nodes",
        "[{ __typename: 'Item', id: 1, secret: 's', name: 'n' }, { __typename: 'Other', id: 2, secret: 't', name: 'o' }]",
    ),
    (
        "Query.either",
        "[{ __typename: 'Item', id: 1, secret: 's', name: 'n' }, { __typename: 'Other', id: 2, secret: 't', name: 'o' }]",
    ),
    ("Query.strict", "({ name: 'n', secret: 's', inner: { name: 'i', secret: 's' }, list: [{ name: 'l', secret: 's' }] })"),
    ("Query.need", "'x'"),
    ("Query.plain", "'x'"),
    ("Query.signers", "upstream"),
    ("Mutation.free", "upstream"),
    ("Mutation.guarded", "upstream"),
    ("Mutation.both", "({ id: 1, secret: 's', name: 'n' })"),
    ("Item.name", "ctx.source.name"),
];

fn world() -> World {
    World::new(&MODES, "", &schema(), &RESOLVERS)
}

#[test]
fn refused_fields_are_null_one_by_one_wherever_they_stand() {
    let world = world();
    for (query, expected) in [
        ("{ item { id secret name } }", r#"{"item":{"id":"1","secret":null,"name":"n"}} !item/secret Item.secret"#),
        (
            "{ item { child { id secret } secret } }",
            r#"{"item":{"child":{"id":"2","secret":null},"secret":null}} !item/child/secret Item.secret !item/secret Item.secret"#,
        ),
        // Each item of a list has its own error.
        (
            "{ items { id secret } }",
            r#"{"items":[{"id":"1","secret":null},null,{"id":"2","secret":null}]} !items/0/secret Item.secret !items/2/secret Item.secret"#,
        ),
        (
            "{ grid { secret } }",
            r#"{"grid":[[{"secret":null}],[{"secret":null}]]} !grid/0/0/secret Item.secret !grid/1/0/secret Item.secret"#,
        ),
        // Aliases stand in the path, the field's name in the message.
        ("{ a: item { b: secret c: id } }", r#"{"a":{"b":null,"c":"1"}} !a/b Item.secret"#),
        ("{ item { id: secret } }", r#"{"item":{"id":null}} !item/id Item.secret"#),
        (
            "{ item { secret secret a: secret } }",
            r#"{"item":{"secret":null,"a":null}} !item/secret Item.secret !item/a Item.secret"#,
        ),
        // Fragments.
        ("{ item { ...F } } fragment F on Item { secret id }", r#"{"item":{"secret":null,"id":"1"}} !item/secret Item.secret"#),
        ("{ item { ... on Node { secret } } }", r#"{"item":{"secret":null}} !item/secret Item.secret"#),
        ("{ item { ... @include(if: true) { secret } } }", r#"{"item":{"secret":null}} !item/secret Item.secret"#),
        ("{ item { id secret @skip(if: true) } }", r#"{"item":{"id":"1"}}"#),
        ("{ ...Q } fragment Q on Query { signers plain }", r#"{"signers":null,"plain":"x"} !signers Query.signers"#),
        // The object's type decides, not the interface that a field is selected on.
        ("{ node { secret } }", r#"{"node":{"secret":null}} !node/secret Item.secret"#),
        (
            "{ nodes { secret name } }",
            r#"{"nodes":[{"secret":null,"name":"n"},{"secret":"t","name":null}]} !nodes/0/secret Item.secret !nodes/1/name Other.name"#,
        ),
        (
            "{ either { __typename ... on Item { secret } ... on Node { name } } }",
            r#"{"either":[{"__typename":"Item","secret":null,"name":"n"},{"__typename":"Other","name":null}]} !either/0/secret Item.secret !either/1/name Other.name"#,
        ),
        // A refused field that must not be null takes its parent with it.
        ("{ strict { name secret } }", r#"{"strict":null} !strict/secret Strict.secret"#),
        ("{ strict { name inner { secret } } }", r#"{"strict":{"name":"n","inner":null}} !strict/inner/secret Strict.secret"#),
        ("{ strict { name list { secret } } }", r#"{"strict":{"name":"n","list":null}} !strict/list/0/secret Strict.secret"#),
        // Meta fields.
        ("{ __typename item { __typename } }", r#"{"__typename":"Query","item":{"__typename":"Item"}}"#),
        ("{ signers plain }", r#"{"signers":null,"plain":"x"} !signers Query.signers"#),
    ] {
        for caller in [Key, Oidc(&["editors"]), Pool(&["editors"])] {
            assert_eq!(world.shown(caller, query), expected, "{caller:?} {query}");
        }
    }
    assert_eq!(world.outside.resolved(), 0, "no refused field was resolved");
    for caller in [Iam("full"), Lambda(r#"{"isAuthorized":true}"#)] {
        assert_eq!(world.shown(caller, "{ signers item { secret } }"), r#"{"signers":"\"done\"","item":{"secret":"s"}}"#);
    }
    assert_eq!(world.outside.resolved(), 2);
}

#[test]
fn a_refused_mutation_does_not_run() {
    let world = world();
    let document = "mutation { guarded a: guarded free both { id } }";
    let refused = r#"{"guarded":null,"a":null,"free":"\"done\"","both":null} !guarded Mutation.guarded !a Mutation.guarded !both Mutation.both"#;
    let mut count = 0;
    for caller in [Key, Oidc(&[]), Pool(&["editors"])] {
        assert_eq!(world.shown(caller, document), refused, "{caller:?}");
        count += 1;
        assert_eq!(world.outside.resolved(), count, "{caller:?}: only `free` ran");
    }
    let denied = Lambda(r#"{"isAuthorized":true,"deniedFields":["Mutation.guarded","Mutation.both"]}"#);
    assert_eq!(world.shown(denied, document), refused);
    assert_eq!(world.outside.resolved(), count + 1);
    for principal in ["nobody", "narrow", "elsewhere"] {
        permission_denied(&world, principal, document);
    }
    assert_eq!(world.outside.resolved(), count + 1, "nothing more ran");
    world.ask(Iam("full"), document);
    assert_eq!(world.outside.resolved(), count + 4);
}

#[test]
fn policies_decide_root_fields_and_deny_others() {
    let world = world();
    for (principal, query, expected) in [
        ("full", "{ item { id secret } signers }", r#"{"item":{"id":"1","secret":"s"},"signers":"\"done\""}"#),
        // A field below one that is allowed needs no statement.
        ("narrow", "{ item { id secret child { secret } } }", r#"{"item":{"id":"1","secret":"s","child":{"secret":"s"}}}"#),
        ("narrow", "{ item { id } plain }", r#"{"item":{"id":"1"},"plain":null} !plain Query.plain"#),
        ("narrow", "{ item { id } a: items { id } }", r#"{"item":{"id":"1"},"a":null} !a Query.items"#),
        ("narrow", "{ item { id } need }", "null !need Query.need"),
        // A deny closes it wherever it is reached.
        ("denied", "{ item { id secret } }", r#"{"item":{"id":"1","secret":null}} !item/secret Item.secret"#),
        (
            "denied",
            "{ nodes { secret } either { ... on Node { secret } } }",
            r#"{"nodes":[{"secret":null},{"secret":"t"}],"either":[{"secret":null},{"secret":"t"}]} !nodes/0/secret Item.secret !either/0/secret Item.secret"#,
        ),
    ] {
        assert_eq!(world.shown(Iam(principal), query), expected, "{principal} {query}");
    }
    // Without any root field that is allowed, there is no answer.
    for (principal, query) in [
        ("narrow", "{ a: items { id } }"),
        ("narrow", "{ need }"),
        ("narrow", "query Q { plain } "),
        ("narrow", "{ ...F } fragment F on Query { plain ... on Query { b: plain } }"),
        ("nobody", "{ item { id } plain __typename }"),
        ("elsewhere", "{ item { id } }"),
    ] {
        permission_denied(&world, principal, query);
    }
}

/// The whole request is refused, as AppSync does.
fn permission_denied(world: &World, principal: &str, query: &str) {
    let reply = world.send(Iam(principal), query);
    let body = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Permission denied"}]}"#;
    assert_eq!((reply.status, &*reply.body), (401, body), "{principal} {query}");
    assert_eq!(reply.header("x-amzn-errortype"), Some("UnauthorizedException"));
}

#[test]
fn denied_fields_are_null_whatever_a_resolver_gives() {
    let world = world();
    let denies = |fields: &str| format!(r#"{{"isAuthorized":true,"resolverContext":{{}},"deniedFields":[{fields}]}}"#);
    let arn = |api: &str, field: &str| format!(r#""arn:aws:appsync:us-east-1:000000000000:apis/{api}/{field}""#);
    for (fields, query, expected) in [
        ("", "{ item { id secret } }", r#"{"item":{"id":"1","secret":"s"}}"#),
        (r#""Item.secret""#, "{ item { id secret } }", r#"{"item":{"id":"1","secret":null}} !item/secret Item.secret"#),
        (r#""Item.secret""#, "{ nodes { secret } }", r#"{"nodes":[{"secret":null},{"secret":"t"}]} !nodes/0/secret Item.secret"#),
        // Fields are denied on objects, not on interfaces.
        (r#""Node.secret""#, "{ node { secret } }", r#"{"node":{"secret":"s"}}"#),
        (r#""Item.name""#, "{ item { a: name } }", r#"{"item":{"a":null}} !item/a Item.name"#),
        (
            r#""Query.item", "Query.plain""#,
            "{ item { id } plain }",
            r#"{"item":null,"plain":null} !item Query.item !plain Query.plain"#,
        ),
        (r#""Query.need""#, "{ need }", "null !need Query.need"),
        (&arn("test", "types/Query/fields/plain"), "{ plain }", r#"{"plain":null} !plain Query.plain"#),
        // Another API's.
        (&arn("other", "types/Query/fields/plain"), "{ plain }", r#"{"plain":"x"}"#),
        (r#""Nothing.here""#, "{ plain }", r#"{"plain":"x"}"#),
    ] {
        assert_eq!(world.shown(Lambda(&denies(fields)), query), expected, "{fields} {query}");
    }
    for answer in [denies(r#""Query.*""#), denies(r#""plain""#), denies(&arn("test", "types/Query")), "true".into(), "x".into()] {
        let reply = world.send(Lambda(&answer), "{ plain }");
        assert_eq!((reply.status, &*reply.body), (400, r#"{"errors":[{"errorType":"BadRequestException"}]}"#), "{answer}");
        assert_eq!(reply.header("x-amzn-errortype"), Some("BadRequestException"));
    }
    for answer in ["{}", r#"{"isAuthorized":false}"#, r#"{"resolverContext":{}}"#] {
        let reply = world.send(Lambda(answer), "mutation { free }");
        let body = r#"{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#;
        assert_eq!((reply.status, &*reply.body), (401, body), "{answer}");
        assert_eq!(reply.header("x-amzn-errortype"), Some("UnauthorizedException"));
    }
    assert_eq!(world.outside.resolved(), 0);
    // The function saw the whole header and the operation.
    let event = world.outside.events().pop().expect("it was asked");
    assert_eq!(event.get("authorizationToken").and_then(Value::as_str), Some(r#"custom {"resolverContext":{}}"#));
    let context = event.get("requestContext").expect("a context");
    assert_eq!(context.get("queryString").and_then(Value::as_str), Some("mutation { free }"));
    assert_eq!(context.get("apiId").and_then(Value::as_str), Some("test"));
    assert_eq!(context.get("accountId").and_then(Value::as_str), Some("000000000000"));
}

#[test]
fn resolvers_see_what_the_function_says_of_its_caller() {
    let schema = "type Query { who: String }";
    let world = World::new(&["AWS_LAMBDA"], "", schema, &[("Query.who", "JSON.stringify(ctx.identity)")]);
    let shown =
        world.shown(Lambda(r#"{"isAuthorized":true,"resolverContext":{"tenant":"t-1","level":3,"paid":true}}"#), "{ who }");
    assert_eq!(shown, r#"{"who":"{\"resolverContext\":{\"tenant\":\"t-1\",\"level\":3,\"paid\":true}}"}"#);
    assert_eq!(world.shown(Lambda(r#"{"isAuthorized":true}"#), "{ who }"), r#"{"who":"{\"resolverContext\":{}}"}"#);
}

/// `__schema` and `__type` describe the API and hold none of its data: every caller whom the API lets in may read them, whatever his
/// mode, as on AppSync. Only the API as a whole can close them (`introspectionConfig`).
#[test]
fn introspection_and_type_names_are_open_to_every_mode() {
    let world = world();
    let query = r#"{ __typename __schema { queryType { name } } __type(name: "Item") { name fields { name } } }"#;
    let expected = r#"{"__typename":"Query","__schema":{"queryType":{"name":"Query"}},"__type":{"name":"Item","fields":[{"name":"id"},{"name":"secret"},{"name":"name"},{"name":"child"}]}}"#;
    let also: [Caller<'_>; 2] =
        [Iam("nobody"), Lambda(r#"{"isAuthorized":true,"deniedFields":["Query.__schema","Item.secret"]}"#)];
    for caller in CALLERS.into_iter().chain(also) {
        assert_eq!(world.shown(caller, query), expected, "{caller:?}");
    }
    let schema = "type Query { plain: String } ";
    let closed = World::new(&MODES, "introspection_config = \"DISABLED\"", schema, &[("Query.plain", "'x'")]);
    for caller in CALLERS {
        let answer = closed.ask(caller, "{ __schema { types { name } } }");
        let message = answer.get("errors").and_then(Value::as_list).and_then(|errors| errors[0].get("message"));
        let message = message.and_then(Value::as_str).unwrap_or_default();
        assert!(message.contains("Field 'types' in type '__Schema' is undefined"), "{caller:?}: {answer}");
    }
}
