//! User pools in configurations.

use std::collections::BTreeSet;
use std::time::Duration;

use user_pool::{AuthFlow, SignInAttribute};

use super::{API, check, folder, load};

/// Continues [`API`] at line 5.
const POOL: &str = "[[user_pool]]\nuser_pool_id = \"eu-west-1_Club\"\nclients = [{ client_id = \"web\" }]\n";

#[test]
fn a_user_pool_is_read_in_cloudformations_words() {
    let text = format!(
        r#"{API}
[[user_pool]]
user_pool_id = "eu-west-1_Club"
auto_verified_attributes = ["email"]
alias_attributes = ["email", "preferred_username"]
schema = [
  {{ name = "email", required = true }},
  {{ name = "team", attribute_data_type = "String", mutable = true }},
  {{ name = "custom:rank" }},
]
username_configuration = {{ case_sensitive = true }}
admin_create_user_config = {{ allow_admin_create_user_only = true }}
policies = {{ password_policy = {{ minimum_length = 6, require_symbols = false }} }}
auto_confirm = false

[[user_pool.clients]]
client_id = "web"
explicit_auth_flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
access_token_validity = 10
id_token_validity = "2h"
refresh_token_validity = 7
token_validity_units = {{ access_token = "minutes" }}
auth_session_validity = 5

[[user_pool.clients]]
client_id = "backend"
client_name = "Backend"
client_secret = "very-hidden-secret"
prevent_user_existence_errors = "LEGACY"

[[user_pool.groups]]
group_name = "editors"
precedence = 1
role_arn = "arn:aws:iam::123456789012:role/editors"

[[user_pool.users]]
username = "ann"
password = "very-hidden-password"
sub = "11111111-2222-4333-8444-555555555555"
attributes = {{ email = "ann@example.com", email_verified = true, "custom:team" = "blue" }}
groups = ["editors"]

[[user_pool]]
user_pool_id = "us-east-1_Other"
issuer = "http://localhost:4000/cognito-idp/us-east-1_Other"
clients = [{{ client_id = "other" }}]
"#
    );
    let folder = folder(&[("config.toml", &text)]);
    let environment =
        [("SYNCGATE_USER_POOL__1__USERS__0__USERNAME", "bob"), ("SYNCGATE_USER_POOL__1__USERS__0__PASSWORD", "hidden-too")];
    let loaded = load(folder.path(), &environment);
    let rules: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect();
    // `attribute_data_type` and `mutable`.
    assert_eq!(rules, ["without-effect", "without-effect"]);
    let definition = loaded.definition.expect("it is valid");
    let shown = format!("{definition:?}");
    assert!(!shown.contains("very-hidden") && !shown.contains("hidden-too"), "secrets stay hidden");
    let [club, other] = &definition.user_pools[..] else { panic!("two pools") };
    let club = &club.pool;
    assert_eq!(club.issuer, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Club");
    assert_eq!(club.auto_verified_attributes, BTreeSet::from([SignInAttribute::Email]));
    assert_eq!(club.alias_attributes, BTreeSet::from([SignInAttribute::Email, SignInAttribute::PreferredUsername]));
    assert_eq!(club.required_attributes, BTreeSet::from(["email".to_owned()]));
    assert_eq!(club.custom_attributes, Some(BTreeSet::from(["custom:team".to_owned(), "custom:rank".to_owned()])));
    assert!(club.case_sensitive && club.admin_create_user_only && !club.auto_confirm);
    assert_eq!((club.password_policy.minimum_length, club.password_policy.require_symbols), (6, false));
    assert!(club.password_policy.require_numbers, "what is not said is Cognito's default policy");
    let [web, backend] = &club.clients[..] else { panic!("two clients") };
    assert_eq!(web.auth_flows, BTreeSet::from([AuthFlow::UserPassword, AuthFlow::RefreshToken]));
    assert_eq!(web.access_token_validity, Duration::from_secs(600));
    assert_eq!(web.id_token_validity, Duration::from_secs(7_200));
    assert_eq!(web.refresh_token_validity, Duration::from_secs(7 * 86_400));
    assert_eq!(web.auth_session_validity, Duration::from_secs(300));
    assert_eq!((backend.name.as_str(), backend.prevent_user_existence_errors), ("Backend", false));
    assert_eq!(backend.secret.as_ref().map(user_pool::Secret::reveal), Some("very-hidden-secret"));
    assert_eq!((club.groups[0].name.as_str(), club.groups[0].precedence), ("editors", Some(1)));
    let ann = &club.users[0];
    assert_eq!(ann.password.as_ref().map(user_pool::Secret::reveal), Some("very-hidden-password"));
    assert_eq!(ann.attributes["email_verified"], "true");
    assert_eq!(ann.groups, ["editors"]);
    assert_eq!(other.pool.issuer, "http://localhost:4000/cognito-idp/us-east-1_Other");
    assert_eq!(other.pool.users[0].username, "bob");
    assert_eq!(other.pool.users[0].password.as_ref().map(user_pool::Secret::reveal), Some("hidden-too"));
}

#[test]
fn slips_in_user_pools_are_reported_where_they_stand() {
    check("[[user_pool]]\n", &["missing-key 5:1", "no-user-pool-client 5:1"]);
    check("[[user_pool]]\nuser_pool_id = \"club\"\nclients = []\n", &["invalid-value 6:16"]);
    check(&format!("{POOL}{POOL}"), &["duplicate-user-pool 9:16", "duplicate-user-pool-client 10:26"]);
    let with = |more: &str, expected: &[&str]| check(&format!("{POOL}{more}"), expected);
    with("isuer = \"x\"\n", &["unknown-key 8:1"]);
    with("issuer = \"x\"\n", &["invalid-value 8:10"]);
    with("username_attributes = [\"emial\"]\n", &["invalid-value 8:24"]);
    with("username_attributes = [\"email\"]\nalias_attributes = [\"email\"]\n", &["exclusive-keys 9:20"]);
    with("schema = [{ name = \"x\", required = true }]\n", &["invalid-value 8:20"]);
    with("policies = { password_policy = { minimum_length = 5 } }\n", &["invalid-value 8:51"]);
    with("mfa_configuration = \"ON\"\nlambda_config = {}\n", &["unsupported 8:21", "unsupported 9:17"]);
    with("user_pool_name = \"x\"\n", &["without-effect 8:1"]);
    with("[[user_pool.groups]]\ngroup_name = \"a b\"\n", &["invalid-user-pool 9:14"]);
    with(
        "[[user_pool.groups]]\ngroup_name = \"a\"\n[[user_pool.groups]]\ngroup_name = \"a\"\nprecedence = -1\n",
        &["duplicate-group 11:14", "invalid-value 12:14"],
    );
    with(
        "[[user_pool.users]]\nusername = \"ann\"\nattributes = { emial = \"x\" }\n[[user_pool.users]]\nusername = \"a b\"\n",
        &["invalid-user-pool 9:12", "invalid-user-pool 12:12"],
    );
    with("[[user_pool.users]]\nusername = \"ann\"\n[[user_pool.users]]\nusername = \"ann\"\n", &["duplicate-user 11:12"]);
    let users = "[[user_pool.users]]\nusername = \"ann\"\n[[user_pool.users]]\nusername = \"ANN\"\n";
    with(users, &[]);
    with(&format!("username_configuration = {{ case_sensitive = false }}\n{users}"), &["duplicate-user 12:12"]);
    with("[[user_pool.users]]\nusername = \"ann\"\npassword = \"\"\n", &["invalid-user-pool 9:12"]);
    let client = |more: &str, expected: &[&str]| {
        check(&format!("[[user_pool]]\nuser_pool_id = \"eu-west-1_A\"\n[[user_pool.clients]]\n{more}\n"), expected);
    };
    client("client_id = \"a b\"", &["invalid-value 8:13"]);
    client("client_id = \"a\"\naccess_token_validity = 25", &["invalid-value 9:25"]);
    client("client_id = \"a\"\nrefresh_token_validity = \"30m\"", &["invalid-value 9:26"]);
    client("client_id = \"a\"\nid_token_validity = \"soon\"", &["invalid-value 9:21"]);
    client(
        "client_id = \"a\"\nexplicit_auth_flows = [\"ALLOW_USER_AUTH\", \"USER_SRP\"]",
        &["without-effect 9:24", "invalid-value 9:43"],
    );
    client("client_id = \"a\"\ngenerate_secret = true\nclient_secret = \"\"", &["unsupported 9:19", "invalid-value 10:17"]);
}

#[test]
fn user_pools_are_for_development_on_this_machine() {
    check(&format!("{POOL}[server]\nmode = \"production\"\n"), &["development-only 6:16"]);
    check(&format!("{POOL}[server]\nhost = \"0.0.0.0\"\n"), &["development-only 6:16"]);
    check(
        &format!("{POOL}[server]\nhost = \"0.0.0.0\"\nmode = \"development\"\n"),
        &["user-pool-not-served 6:16", "development-mode 10:8"],
    );
    check(&format!("{POOL}[server]\nhost = \"::1\"\n"), &[]);
}

#[test]
fn a_pool_whose_id_is_written_in_two_ways_is_told() {
    let with = |api: &str, expected: &[&str]| {
        let api = format!("[api]\nname = \"a\"\nschema = \"schema.graphql\"\n{api}\n");
        let folder = folder(&[("config.toml", &format!("{POOL}{api}"))]);
        let loaded = load(folder.path(), &[]);
        let found: Vec<_> = loaded
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.rule == "user-pool-not-named")
            .map(|diagnostic| format!("{} {}", diagnostic.message, diagnostic.help.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(found.len(), expected.len(), "{api}: {:?}", loaded.diagnostics);
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{api}: {found}");
        }
    };
    let cognito = |id: &str, more: &str| {
        let mode = "authentication_type = \"AMAZON_COGNITO_USER_POOLS\"";
        format!("{mode}\nuser_pool_config = {{ user_pool_id = \"{id}\"{more} }}")
    };
    let oidc =
        |issuer: &str| format!("authentication_type = \"OPENID_CONNECT\"\nopen_id_connect_config = {{ issuer = \"{issuer}\" }}");
    with(&cognito("eu-west-1_Club", ""), &[]);
    with(&cognito("eu-west-1_Clob", ""), &["`eu-west-1_Clob`: did you mean that?"]);
    with(&cognito("us-east-1_Guests", ""), &["no API accepts tokens of the user pool eu-west-1_Club"]);
    with(&cognito("eu-west-1_Club", ", issuer = \"http://localhost:9229/eu-west-1_Club\""), &["no API accepts"]);
    with(&oidc("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Club"), &[]);
    with(&oidc("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Club/"), &["did you mean that?"]);
    with("authentication_type = \"AWS_IAM\"", &[]);
}

#[test]
fn findings_do_not_show_passwords() {
    let text = format!("{API}{POOL}[[user_pool.users]]\nusername = \"a b\"\npassword = \"very-hidden\"\n");
    let folder = folder(&[("config.toml", &text)]);
    let environment = [
        ("SYNCGATE_USER_POOL__USERS__0__PASSWORD__X", "hidden-too"),
        ("SYNCGATE_USER_POOL__CLIENTS__0__CLIENT_SECRET", "hidden"),
    ];
    let loaded = load(folder.path(), &environment);
    assert!(!loaded.is_valid());
    let shown = crate::diagnostic::render(&loaded.diagnostics, false);
    assert!(!shown.contains("hidden-too") && !shown.contains("very-hidden"), "{shown}");
    assert!(!format!("{loaded:?}").contains("very-hidden"));
}
