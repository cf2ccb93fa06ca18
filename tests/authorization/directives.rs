//! Directives and modes against each other, all of them: what a field's directives say counts, else its type's, else the default mode.

use crate::world::{CALLERS, MODES, World};

/// The directives of [`MODES`], in their order.
const DIRECTIVES: [&str; 5] = ["@aws_api_key", "@aws_iam", "@aws_oidc", "@aws_cognito_user_pools", "@aws_lambda"];
/// How many sets of directives there are.
const SETS: usize = 1 << DIRECTIVES.len();

fn directives(set: usize) -> String {
    (0..DIRECTIVES.len()).filter(|mode| set >> mode & 1 == 1).map(|mode| format!(" {}", DIRECTIVES[mode])).collect()
}

/// `Root.tT` is an object of a type with set T, whose field `fF` has set F; `Query.fF` has set F on a type without any.
fn schema() -> String {
    let all = directives(SETS - 1);
    let fields: String = (0..SETS).map(|set| format!("f{set}: String{}\n", directives(set))).collect();
    let types: String = (0..SETS).map(|set| format!("type T{set}{} {{ {fields} }}\n", directives(set))).collect();
    let members: String = (0..SETS).map(|set| format!("t{set}: T{set}\n")).collect();
    format!("type Query {{ root: Root{all}\n{fields} }}\ntype Root{all} {{ {members} }}\n{types}")
}

fn names(prefix: &str) -> Vec<String> {
    (0..SETS).map(|set| format!("{prefix}{set}")).collect()
}

#[test]
fn every_set_of_directives_lets_in_exactly_its_modes() {
    let fields = names("f");
    let object =
        |names: &[String], value: &str| names.iter().map(|name| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
    let root = format!("((t) => ({{ {} }}))({{ {} }})", object(&names("t"), "t"), object(&fields, "'x'"));
    let resolvers: Vec<(String, &str)> = fields.iter().map(|name| (format!("Query.{name}"), "'x'")).collect();
    let mut resolvers: Vec<(&str, &str)> = resolvers.iter().map(|(name, payload)| (&**name, *payload)).collect();
    resolvers.push(("Query.root", &root));
    let selected = fields.join(" ");
    let objects: String = names("t").iter().map(|name| format!("{name} {{ {selected} }} ")).collect();
    let query = format!("{{ {selected} root {{ {objects} }} }}");
    let schema = schema();
    for (default, name) in MODES.into_iter().enumerate() {
        let mut modes = MODES;
        modes.swap(0, default);
        let world = World::new(&modes, "", &schema, &resolvers);
        for (mode, caller) in CALLERS.into_iter().enumerate() {
            let is_open = |of_type: usize, of_field: usize| {
                let set = [of_field, of_type, 1 << default].into_iter().find(|set| *set != 0).expect("there is a default");
                set >> mode & 1 == 1
            };
            let mut expected = Vec::new();
            let mut open = 0;
            for field in 0..SETS {
                if is_open(0, field) {
                    open += 1;
                } else {
                    expected.push(format!("!f{field} Query.f{field}"));
                }
            }
            for of_type in 0..SETS {
                for field in 0..SETS {
                    if is_open(of_type, field) {
                        open += 1;
                    } else {
                        expected.push(format!("!root/t{of_type}/f{field} T{of_type}.f{field}"));
                    }
                }
            }
            let answer = world.send(caller, &query);
            let mut refused = world.refused(caller, &query);
            refused.sort();
            expected.sort();
            assert_eq!(refused, expected, "{} with {name} as the default", MODES[mode]);
            // What is refused is null, what is not is there.
            assert_eq!(answer.body.matches("\":\"x\"").count(), open);
            assert_eq!(answer.body.matches(":null,\"errorType\":\"Unauthorized\"").count(), expected.len());
        }
    }
}

#[test]
fn a_mode_that_the_api_does_not_have_lets_nobody_in() {
    let schema = "type Query { a: String b: String @aws_iam c: String @aws_iam @aws_api_key }";
    let world = World::new(&["API_KEY"], "", schema, &[("Query.a", "1"), ("Query.b", "1"), ("Query.c", "1")]);
    assert_eq!(world.shown(CALLERS[0], "{ a b c }"), r#"{"a":"1","b":null,"c":"1"} !b Query.b"#);
    for caller in &CALLERS[1..] {
        let reply = world.send(*caller, "{ a b c }");
        let body = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Valid authorization header not provided."}]}"#;
        assert_eq!((reply.status, &*reply.body), (401, body), "{caller:?}");
    }
}
