//! Groups of user pools, `@aws_auth`, and the default action.

use crate::world::Caller::{self, Key, Oidc, Pool};
use crate::world::World;

const POOL: &str = "AMAZON_COGNITO_USER_POOLS";

const SCHEMA: &str = "type Query {
  plain: String
  pool: String @aws_cognito_user_pools
  editors: String @aws_cognito_user_pools(cognito_groups: [\"editors\"])
  staff: String @aws_cognito_user_pools(cognito_groups: [\"editors\", \"admins\"])
  none: String @aws_cognito_user_pools(cognito_groups: [])
  legacy: String @aws_auth(cognito_groups: [\"editors\"])
  legacyStaff: String @aws_auth(cognito_groups: [\"editors\", \"admins\"])
  both: String @aws_auth(cognito_groups: [\"admins\"]) @aws_cognito_user_pools(cognito_groups: [\"editors\"])
  memo: Memo @aws_cognito_user_pools
}
type Memo @aws_cognito_user_pools(cognito_groups: [\"admins\"]) {
  text: String
  open: String @aws_cognito_user_pools
}
";
const RESOLVERS: [(&str, &str); 9] = [
    ("Query.plain", "'x'"),
    ("Query.pool", "'x'"),
    ("Query.editors", "'x'"),
    ("Query.staff", "'x'"),
    ("Query.none", "'x'"),
    ("Query.legacy", "'x'"),
    ("Query.legacyStaff", "'x'"),
    ("Query.both", "'x'"),
    ("Query.memo", "({ text: 'x', open: 'x' })"),
];
const ALL: &str = "{ plain pool editors staff none legacy legacyStaff both memo { text open } }";

/// The fields that a caller is refused.
fn check(world: &World, caller: Caller<'_>, expected: &[&str]) {
    let refused = world.refused(caller, ALL);
    let fields: Vec<&str> = refused.iter().map(|refusal| refusal.split_once(' ').expect("two words").1).collect();
    assert_eq!(fields, expected, "{caller:?}");
}

#[test]
fn groups_open_what_names_them() {
    for default_action in ["", "default_action = \"ALLOW\""] {
        let world = World::new(&[POOL], default_action, SCHEMA, &RESOLVERS);
        check(
            &world,
            Pool(&[]),
            &["Query.editors", "Query.staff", "Query.none", "Query.legacy", "Query.legacyStaff", "Query.both", "Memo.text"],
        );
        check(&world, Pool(&["editors"]), &["Query.none", "Memo.text"]);
        check(&world, Pool(&["admins"]), &["Query.editors", "Query.none", "Query.legacy"]);
        check(&world, Pool(&["readers", "admins", "editors"]), &["Query.none"]);
        // Groups are compared letter by letter.
        for groups in [&["Editors"][..], &["editors "], &["editor"], &["editors,admins"], &["*"], &[""]] {
            let expected =
                ["Query.editors", "Query.staff", "Query.none", "Query.legacy", "Query.legacyStaff", "Query.both", "Memo.text"];
            check(&world, Pool(groups), &expected);
        }
    }
}

#[test]
fn a_default_action_of_deny_closes_what_has_no_directive() {
    let world = World::new(&[POOL], "default_action = \"DENY\"", SCHEMA, &RESOLVERS);
    check(&world, Pool(&["editors", "admins"]), &["Query.plain", "Query.none"]);
    let schema = "type Query { item: Item @aws_cognito_user_pools } type Item { a: String b: String @aws_cognito_user_pools }";
    let world = World::new(&[POOL], "default_action = \"DENY\"", schema, &[("Query.item", "({ a: 'x', b: 'x' })")]);
    assert_eq!(world.shown(Pool(&[]), "{ item { a b } }"), r#"{"item":{"a":null,"b":"x"}} !item/a Item.a"#);
    // With another mode beside it, the fields without directive stay closed to both.
    let schema = "type Query { plain: String key: String @aws_api_key }";
    let resolvers = [("Query.plain", "'x'"), ("Query.key", "'x'")];
    let world = World::new(&[POOL, "API_KEY"], "default_action = \"DENY\"", schema, &resolvers);
    assert_eq!(world.shown(Pool(&[]), "{ plain key }"), r#"{"plain":null,"key":null} !plain Query.plain !key Query.key"#);
    assert_eq!(world.shown(Key, "{ plain key }"), r#"{"plain":null,"key":"x"} !plain Query.plain"#);
}

#[test]
fn aws_auth_without_groups_leaves_the_field_to_the_default_action() {
    let schema = "type Query { bare: String @aws_auth groups: String @aws_auth(cognito_groups: [\"editors\"]) }";
    let resolvers = [("Query.bare", "'x'"), ("Query.groups", "'x'")];
    for (action, expected) in [
        ("ALLOW", r#"{"bare":"x","groups":null} !groups Query.groups"#),
        ("DENY", r#"{"bare":null,"groups":null} !bare Query.bare !groups Query.groups"#),
    ] {
        let world = World::new(&[POOL], &format!("default_action = \"{action}\""), schema, &resolvers);
        assert_eq!(world.shown(Pool(&["readers"]), "{ bare groups }"), expected, "{action}");
    }
}

#[test]
fn aws_auth_counts_only_where_user_pools_are_the_single_mode() {
    // It then leaves the field to the default mode, whatever the groups.
    let world = World::new(&[POOL, "OPENID_CONNECT"], "", SCHEMA, &RESOLVERS);
    check(&world, Pool(&[]), &["Query.editors", "Query.staff", "Query.none", "Query.both", "Memo.text"]);
    check(&world, Pool(&["admins"]), &["Query.editors", "Query.none", "Query.both"]);
    // Groups of another issuer are nothing.
    for groups in [&[][..], &["editors", "admins"]] {
        let expected = [
            "Query.plain",
            "Query.pool",
            "Query.editors",
            "Query.staff",
            "Query.none",
            "Query.legacy",
            "Query.legacyStaff",
            "Query.both",
            "Query.memo",
        ];
        check(&world, Oidc(groups), &expected);
    }
    let world = World::new(&["OPENID_CONNECT", POOL], "", SCHEMA, &RESOLVERS);
    check(&world, Oidc(&["editors"]), &["Query.pool", "Query.editors", "Query.staff", "Query.none", "Query.both", "Query.memo"]);
    check(&world, Pool(&["editors", "admins"]), &["Query.plain", "Query.none", "Query.legacy", "Query.legacyStaff"]);
}
