//! User pools inside Syncgate through the programs that people use: Amplify, boto3 and the AWS CLI, none of them changed. With
//! Amplify's tokens its GraphQL client asks a served API.

mod harness;

use std::io::Write;
use std::process::Stdio;

use harness::aws_clients::{Cli, check_with_boto3};
use harness::dynamodb_servers::servers_are_wanted;
use harness::node::node;
use harness::{Definition, Server};
use value::{Value, value};

const POOL: &str = "eu-west-1_Club";
const PASSWORD: &str = "Correct-horse-1";

const CONFIG: &str = r#"
[api]
name = "club"
authentication_type = "AMAZON_COGNITO_USER_POOLS"
schema = "schema.graphql"
user_pool_config = { user_pool_id = "eu-west-1_Club" }

[api.data_sources.none]
type = "NONE"

[[api.resolvers]]
type = "Query"
field = "identity"
data_source = "none"
code = "identity.js"

[[api.resolvers]]
type = "Query"
field = "minutes"
data_source = "none"
code = "minutes.js"

[[user_pool]]
user_pool_id = "eu-west-1_Club"

[[user_pool.clients]]
client_id = "web"
explicit_auth_flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

[[user_pool.users]]
username = "ann"
password = "Correct-horse-1"
attributes = { email = "ann@example.com", email_verified = true }
groups = ["editors"]

[[user_pool.users]]
username = "bob"
password = "Correct-horse-1"

[[user_pool]]
user_pool_id = "eu-west-1_Codes"
auto_confirm = false
auto_verified_attributes = ["email"]

[[user_pool.clients]]
client_id = "codes"
"#;

fn definition() -> Definition {
    let code = |payload: &str| {
        format!("export const request = (ctx) => ({{ payload: {payload} }});\nexport const response = (ctx) => ctx.result;\n")
    };
    let schema =
        "type Query {\n  identity: AWSJSON\n  minutes: String @aws_cognito_user_pools(cognito_groups: [\"editors\"])\n}\n";
    Definition::of(&[
        ("config.toml", CONFIG),
        ("schema.graphql", schema),
        ("identity.js", &code("ctx.identity")),
        ("minutes.js", &code("'the minutes'")),
    ])
}

fn endpoint(server: &Server) -> String {
    format!("http://127.0.0.1:{}/cognito-idp", server.address.port())
}

/// What the script got, of the given place.
fn amplify(definition: &Definition, given: &Value) -> Value {
    let mut command = node(&definition.path("amplify"), "amplify.mjs", include_str!("clients/user_pools/amplify.mjs"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("Node.js");
    child.stdin.take().expect("a pipe").write_all(given.to_json().as_bytes()).expect("the script reads");
    let output = child.wait_with_output().expect("the script ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    Value::parse(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}{error}", String::from_utf8_lossy(&output.stdout)))
}

#[test]
fn amplify_signs_up_signs_in_and_asks_the_api() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    let given = value!({
        "endpoint": (endpoint(&server)),
        "graphql": (format!("http://{}/graphql", server.address)),
        "pool": POOL,
        "client": "web",
        "password": PASSWORD,
        "codes": {"pool": "eu-west-1_Codes", "client": "codes"},
    });
    let results = amplify(&definition, &given);
    let check = |path: &[&str], expected: Value| assert_eq!(results.at(path), &expected, "{path:?} of {results}");
    check(&["signUp"], value!({"isSignUpComplete": true, "nextStep": {"signUpStep": "DONE"}}));
    check(&["again"], value!("UsernameExistsException"));
    check(&["weak"], value!("InvalidPasswordException"));
    let minutes = value!({"data": {"minutes": "the minutes"}});
    for flow in ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"] {
        let check = |name: &str, expected: Value| check(&["sessions", flow, name], expected);
        check("wrong", value!("NotAuthorizedException"));
        check("unknown", value!("NotAuthorizedException"));
        check("signIn", value!({"isSignedIn": true, "nextStep": {"signInStep": "DONE"}}));
        check("groups", value!(["editors"]));
        check("user", value!("ann"));
        check("isSub", value!(true));
        check("attributes", value!({"email": "ann@example.com", "email_verified": "true"}));
        check("minutes", minutes.clone());
        check("refreshed", value!(true));
        check("minutesAfterRefresh", minutes.clone());
        check("signedOut", value!(true));
        // Amplify itself refuses to ask without a session.
        assert_eq!(results.at(&["sessions", flow, "minutesSignedOut", "data"]), &Value::Null);
        // What AppSync gives: developer guide, "Resolver mapping template context reference", identity of user pools.
        let claims = results.at(&["sessions", flow, "claims"]);
        let identity = results.at(&["sessions", flow, "identity"]);
        let mut names: Vec<&str> = identity.as_object().expect("an object").keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        assert_eq!(names, ["claims", "defaultAuthStrategy", "groups", "issuer", "sourceIp", "sub", "username"]);
        for (name, expected) in [
            ("claims", claims.clone()),
            ("groups", value!(["editors"])),
            ("issuer", value!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Club")),
            ("sourceIp", value!(["127.0.0.1"])),
            ("sub", claims.at(&["sub"]).clone()),
            ("username", value!("ann")),
            ("defaultAuthStrategy", value!("ALLOW")),
        ] {
            assert_eq!(identity.get(name), Some(&expected), "{name} of {identity}");
        }
    }
    check(&["noGroup"], value!({"data": {"minutes": null}, "errors": ["Unauthorized"]}));
    check(&["update", "nickname", "isUpdated"], value!(true));
    check(&["oldPassword"], value!("NotAuthorizedException"));
    check(&["newPassword"], value!(true));
    check(&["nickname"], value!("Do"));
    check(&["pending", "signUpStep"], value!("CONFIRM_SIGN_UP"));
    check(&["unconfirmed"], value!("CONFIRM_SIGN_UP"));
    check(&["confirmed"], value!(true));
    check(&["finn"], value!(true));
    assert!(!server.log().contains(PASSWORD));
}

#[test]
fn boto3_signs_in_and_administers() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    check_with_boto3("user_pool_check.py", &definition.path("."), ("any", "thing"), &[&endpoint(&server), POOL]);
}

#[test]
fn the_aws_cli_signs_in_and_administers() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    let cli = Cli { definition: &definition, endpoint: endpoint(&server), credentials: ("any", "thing") };
    let signed_in = cli.succeeds(&[
        "cognito-idp",
        "initiate-auth",
        "--client-id",
        "web",
        "--auth-flow",
        "USER_PASSWORD_AUTH",
        "--auth-parameters",
        "USERNAME=ann,PASSWORD=Correct-horse-1",
    ]);
    assert!(signed_in.at(&["AuthenticationResult", "IdToken"]).as_str().is_some());
    let pool = ["--user-pool-id", POOL];
    cli.succeeds(
        &[&["cognito-idp", "admin-add-user-to-group", "--username", "bob", "--group-name", "editors"][..], &pool].concat(),
    );
    let listed = cli.succeeds(&[&["cognito-idp", "list-users-in-group", "--group-name", "editors"][..], &pool].concat());
    let names: Vec<&str> =
        listed.at(&["Users"]).as_list().expect("users").iter().filter_map(|user| user.get("Username")?.as_str()).collect();
    assert_eq!(names, ["ann", "bob"]);
    let unsigned = ["cognito-idp", "list-users", "--user-pool-id", POOL, "--no-sign-request"];
    cli.fails(&unsigned, "MissingAuthenticationTokenException");
}
