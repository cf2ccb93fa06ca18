//! Configurations and what is found in them.

mod databases;
mod lambda;
mod realtime;
mod server;
mod tables;
mod user_pools;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::definition::{DataSourceConfig, Mode, OpenSearchAuthorization, Resolver, ResolverKind, Runtime};
use crate::diagnostic::render;

/// A folder with these files, beside a minimal schema.
pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = ("schema/schema.graphql", "type Query { a: String b: String }");
    for (path, text) in [schema].iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// A folder with this configuration and the files that [`COMPLETE`] names.
pub(super) fn complete(config: &str) -> tempfile::TempDir {
    let folder = folder(COMPLETE_FILES);
    fs::write(folder.path().join("config.toml"), config).expect("a file");
    folder
}

fn load(folder: &Path, environment: &[(&str, &str)]) -> Loaded {
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    read_at(&folder.join("config.toml"), environment.iter().copied(), &Overrides::default(), now)
}

/// `rule line:column` of every finding, with the file where it is not the configuration.
fn found(folder: &Path, loaded: &Loaded) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    let ways_out = loaded.diagnostics.iter().map(|diagnostic| diagnostic.help.as_deref().unwrap_or_default());
    assert!(ways_out.into_iter().all(|help| !help.is_empty()), "every finding names the way out: {:#?}", loaded.diagnostics);
    let line = |diagnostic: &Diagnostic| match &diagnostic.place {
        Some(place) => {
            let (line, column) = place.source.line_column(place.span.start);
            let path = place.source.path.strip_prefix(&prefix).unwrap_or(&place.source.path);
            let path = if path == "config.toml" { String::new() } else { format!("{path} ") };
            format!("{path}{} {line}:{column}", diagnostic.rule)
        }
        None => diagnostic.rule.to_owned(),
    };
    loaded.diagnostics.iter().map(line).collect()
}

/// A valid `[api]` of four lines, to be continued.
const API: &str = "[api]\nname = \"Blog\"\nauthentication_type = \"AWS_IAM\"\nschema = \"schema/*.graphql\"\n";

fn check_with(files: &[(&str, &str)], config: &str, expected: &[&str]) {
    let folder = folder(files);
    fs::write(folder.path().join("config.toml"), config).expect("a file");
    let loaded = load(folder.path(), &[]);
    assert_eq!(found(folder.path(), &loaded), expected, "{config}\n{}", render(&loaded.diagnostics, false));
}

fn check(rest: &str, expected: &[&str]) {
    check_with(&[], &format!("{API}{rest}"), expected);
}

#[test]
fn an_api_is_in_the_partition_of_its_region() {
    for (region, expected) in [
        ("eu-west-1", "arn:aws:appsync:eu-west-1:123456789012:apis/blog"),
        ("cn-north-1", "arn:aws-cn:appsync:cn-north-1:123456789012:apis/blog"),
        ("us-gov-west-1", "arn:aws-us-gov:appsync:us-gov-west-1:123456789012:apis/blog"),
    ] {
        let config = format!("{API}account_id = \"123456789012\"\nregion = \"{region}\"\n");
        let loaded = load(folder(&[("config.toml", &config)]).path(), &[]);
        assert_eq!(loaded.definition.expect("it is valid").apis[0].arn(), expected);
    }
}

/// The files that [`COMPLETE`] names.
const COMPLETE_FILES: &[(&str, &str)] = &[
    ("code/b.js", "export function request() {}"),
    ("seeds/posts.json", "[]"),
    ("fn/index.mjs", "export const handler = async () => null;"),
    ("fn/app.py", "def handler(event, context): pass"),
];

/// Something of everything.
pub(super) const COMPLETE: &str = r#"
[server]
host = "localhost"
port = 0
data = "store"
request_timeout = "1m"
request_body_limit = "2MB"
max_connections = 20000
secret = "0123456789abcdef0123456789abcdef"
cors = { allowed_origins = ["https://app.example.com", "http://localhost:3000"], max_age = "1h" }

[realtime]
broker = "nats://app:nats-password@127.0.0.1:4222"
mqtt = false
subscriptions_per_connection = 100
max_connections = 5000
payload_limit = "100KiB"
message_limit = "64KiB"
outbox_limit = "4MiB"
connection_age = "2h"
keep_alive = "30s"

[dynamodb]
durable = true
port = 8000
expiry_interval = "5s"
access_keys = [{ access_key_id = "AKIALOCAL", secret_access_key = "wJalrXUtnFEMI" }]

[[table]]
table_name = "posts"
key_schema = [{ attribute_name = "id", key_type = "HASH" }, { attribute_name = "at", key_type = "RANGE" }]
attribute_definitions = [
  { attribute_name = "id", attribute_type = "S" },
  { attribute_name = "at", attribute_type = "N" },
  { attribute_name = "author", attribute_type = "S" },
]
billing_mode = "PROVISIONED"
provisioned_throughput = { read_capacity_units = 5, write_capacity_units = 5 }
time_to_live_specification = { attribute_name = "ends" }
stream_specification = { stream_view_type = "NEW_AND_OLD_IMAGES" }
deletion_protection_enabled = true
table_class = "STANDARD"
tags = [{ key = "team", value = "blog" }]
seed = ["seeds/*.json", "seeds/posts.json"]

[[table.global_secondary_indexes]]
index_name = "by_author"
key_schema = [{ attribute_name = "author", key_type = "HASH" }]
projection = { projection_type = "INCLUDE", non_key_attributes = ["title"] }
provisioned_throughput = { read_capacity_units = 5, write_capacity_units = 5 }

[[table.local_secondary_indexes]]
index_name = "by_author_here"
key_schema = [{ attribute_name = "id", key_type = "HASH" }, { attribute_name = "author", key_type = "RANGE" }]

[[table]]
table_name = "short"
key_schema = [{ attribute_name = "id", key_type = "HASH" }]
global_secondary_indexes = [{ index_name = "by_x", key_schema = [{ attribute_name = "x", key_type = "HASH" }] }]

[lambda]
endpoint = "embedded"
aws_region = "eu-west-1"
idle_timeout = "1m"
node = "bin/node"
python = "python3.13"
access_keys = [{ access_key_id = "AKIALAMBDA", secret_access_key = "wJalrXUtnFEMI" }]

[[lambda_function]]
function_name = "greet"
runtime = "nodejs22.x"
handler = "index.handler"
code = "fn"
timeout = 30
memory_size = 256
environment = { Table_Name = "posts" }
reserved_concurrent_executions = 4
access_key_id = "AKIAFN"
secret_access_key = "wJalrXUtnFEMI"

[[lambda_function]]
function_name = "short"
runtime = "python3.13"
code = "fn/app.py"

[[user_pool]]
user_pool_id = "eu-west-1_Abc"
issuer = "https://issuer.example.com/pool"
auto_verified_attributes = ["email"]
schema = [{ name = "email", required = true }]
username_configuration = { case_sensitive = true }
admin_create_user_config = { allow_admin_create_user_only = false }
policies = { password_policy = { minimum_length = 10 } }
mfa_configuration = "OFF"

[[user_pool.clients]]
client_id = "web"
client_secret = "wJalrXUtnFEMI"
token_validity_units = { access_token = "minutes" }
access_token_validity = 30

[[user_pool.groups]]
group_name = "editors"

[[user_pool.users]]
username = "ann"
password = "wJalrXUtnFEMI"
attributes = { email = "ann@example.com" }

[[event_rule]]
name = "order-placed"
event_bus_name = "arn:aws:events:eu-west-1:123456789012:event-bus/shop"
event_pattern = { source = ["shop"], detail = { total = [{ numeric = [">", 0.5] }] } }
state = "ENABLED"
description = "Orders become posts."

[[event_rule.targets]]
id = "post"
api = "My Blog!"
graphql_operation = "mutation($id: ID!) { post(id: $id) { id } }"
identity = { authentication_type = "AMAZON_COGNITO_USER_POOLS", context = { username = "rule" } }
input_transformer = { input_paths_map = { id = "$.detail.id" }, input_template = '{"id": <id>}' }
retry_policy = { maximum_retry_attempts = 1, maximum_event_age_in_seconds = 5 }

[[event_rule.targets]]
id = "log"
log = true

[api]
name = "My Blog!"
domain_names = ["API.example.com"]
authentication_type = "AMAZON_COGNITO_USER_POOLS"
user_pool_config = { user_pool_id = "eu-west-1_Abc", app_id_client_regex = "^web", default_action = "DENY" }
schema = ["schema/*.graphql", "schema/schema.graphql"]
introspection_config = "DISABLED"
query_depth_limit = 5
strict = true

[api.environment_variables]
TABLE = "posts"

[api.api_cache]
api_caching_behavior = "PER_RESOLVER_CACHING"
ttl = "5m"

[[api.additional_authentication_providers]]
authentication_type = "API_KEY"

[[api.additional_authentication_providers]]
authentication_type = "AWS_IAM"

[[api.additional_authentication_providers]]
authentication_type = "OPENID_CONNECT"
open_id_connect_config = { issuer = "https://issuer.example.com", auth_ttl = "15m" }

[[api.additional_authentication_providers]]
authentication_type = "AWS_LAMBDA"
[api.additional_authentication_providers.lambda_authorizer_config]
authorizer_uri = "arn:aws:lambda:eu-west-1:123456789012:function:guard"
authorizer_result_ttl_in_seconds = 0

[[api.iam_principals]]
name = "ann"
access_key_id = "AKIAEXAMPLE"
secret_access_key = "secret"
policies = ["arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess"]

[[api.api_keys]]
id = "da2-abcdefghijklmnopqrstuvwxyz"
expires = 2027-01-31
description = "tests"

[api.data_sources.none]
type = "NONE"

[api.data_sources.posts]
type = "HTTP"
endpoint = "https://posts.example.com"
timeout = "1500ms"
authorization_config = { authorization_type = "AWS_IAM", aws_iam_config = { signing_region = "eu-west-1", signing_service_name = "execute-api" } }

[api.data_sources.table]
type = "AMAZON_DYNAMODB"
table_name = "posts"
endpoint = "embedded"

[api.data_sources.lambda]
type = "AWS_LAMBDA"
lambda_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:posts"

[api.data_sources.database]
type = "RELATIONAL_DATABASE"
rds_http_endpoint_config = { database_name = "blog" }

[api.data_sources.search]
type = "AMAZON_OPENSEARCH_SERVICE"
endpoint = "https://search.example.com"

[api.data_sources.events]
type = "AMAZON_EVENTBRIDGE"
event_bus_arn = "arn:aws:events:eu-west-1:123456789012:event-bus/default"

[api.data_sources.models]
type = "AMAZON_BEDROCK_RUNTIME"

[api.functions.load]
data_source = "lambda"

[[api.resolvers]]
type = "Query"
field = "a"
data_source = "lambda"
max_batch_size = 10
caching_config = { ttl = "60s", caching_keys = ["$context.arguments.id"] }

[[api.resolvers]]
type = "Query"
field = "b"
kind = "PIPELINE"
functions = ["load"]
code = "code/b.js"
"#;

#[test]
fn a_complete_configuration_has_no_findings() {
    let folder = complete(COMPLETE);
    let loaded = load(folder.path(), &[]);
    assert_eq!(render(&loaded.diagnostics, false), "");
    let definition = loaded.definition.expect("it is valid");
    assert_eq!(definition.server.mode, Mode::Development);
    assert_eq!(definition.server.data, folder.path().join("store"));
    assert_eq!(definition.server.request_body_limit, 2_000_000);
    let api = &definition.apis[0];
    assert_eq!(&*api.api_id, "my-blog");
    assert_eq!(&*api.domain_names[0], "api.example.com");
    assert_eq!(api.schema.len(), 1);
    assert_eq!(api.authentication_providers().count(), 5);
    assert_eq!(api.query_depth_limit, Some(5));
    assert_eq!(api.resolver_count_limit, 10_000);
    assert_eq!(api.data_sources.len(), 8);
    assert!(
        matches!(&api.data_sources["table"].config, DataSourceConfig::AmazonDynamodb(table) if &*table.table_name == "posts")
    );
    let timeout = |name: &str| match &api.data_sources[name].config {
        DataSourceConfig::Http(config) => Some(config.timeout),
        DataSourceConfig::AmazonBedrockRuntime(config) => Some(config.timeout),
        _ => None,
    };
    assert_eq!((timeout("posts"), timeout("models")), (Some(Duration::from_millis(1500)), Some(Duration::from_secs(10))));
    assert_eq!(api.resolvers[0].runtime, Runtime::Direct);
    assert_eq!(api.resolvers[0].caching_config.as_ref().map(|caching| caching.ttl), Some(Duration::from_secs(60)));
    assert_eq!(api.resolvers[1].kind, ResolverKind::Pipeline { functions: vec!["load".into()] });
    for secret in ["abcdefghijklmnopqrstuvwxyz", "wJalrXUtnFEMI", "0123456789abcdef", "nats-password"] {
        assert!(!format!("{definition:?}").contains(secret), "secrets stay hidden");
    }
    let mut read: Vec<_> =
        loaded.sources_read.iter().filter_map(|path| path.strip_prefix(folder.path()).ok()?.to_str()).collect();
    read.sort_unstable();
    assert_eq!(read, ["code/b.js", "config.toml", "schema", "schema/schema.graphql", "seeds"]);
}

#[test]
fn every_problem_is_reported_where_it_stands() {
    // The file itself.
    check_with(&[], "", &["missing-key 1:1"]);
    check_with(&[], "[api\n", &["syntax 1:5"]);
    check_with(&[], "api = 1", &["wrong-type 1:7"]);
    check_with(&[], "[api]\n", &["missing-key 1:1", "missing-key 1:1", "missing-key 1:1"]);
    // Keys and values.
    check("nmae = 1\n[servr]\n", &["unknown-key 5:1", "unknown-key 6:2"]);
    check(
        "[server]\nprot = 1\nport = 70000\nhost = \"here\"\nmode = \"prod\"\nrequest_timeout = 30\nresponse_limit = \"5\"\n",
        &[
            "unknown-key 6:1",
            "invalid-value 7:8",
            "invalid-value 8:8",
            "invalid-value 9:8",
            "wrong-type 10:19",
            "invalid-value 11:18",
        ],
    );
    check("[server.cors]\nallowed_origins = [1, \"x\", true]\n", &["wrong-type 6:20", "wrong-type 6:28"]);
    check("[server.cors]\nallowed_origins = [\"example.com\"]\n", &["invalid-value 6:19"]);
    check("api_id = \"a b\"\ndomain_names = [\"https://a\"]\n", &["invalid-value 5:10", "invalid-value 6:16"]);
    check("xray_enabled = true\n", &["without-effect 5:1"]);
    check("query_depth_limit = 76\nresolver_count_limit = -1\n", &["not-on-aws 5:21", "invalid-value 6:24"]);
    check("[api.limits]\nloop_iterations = 1001\nquery_tokens = 0\n", &["not-on-aws 6:19", "invalid-value 7:16"]);
    check("[server]\nhost = \"::\"\nmode = \"development\"\n", &["development-mode 7:8"]);
    // Authorization.
    check("[api.user_pool_config]\nuser_pool_id = \"x\"\n", &["without-effect 5:1"]);
    check(
        "[[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"OPENID_CONNECT\"\n",
        &["duplicate-authentication-provider 6:23", "missing-key 7:1"],
    );
    check(
        "[[api.api_keys]]\nid = \"a b\"\n[[api.api_keys]]\nid = \"x\"\nexpires = 2025-01-01\n[[api.api_keys]]\nid = \"x\"\nexpires = \"soon\"\n",
        &["without-effect 2:8", "invalid-value 5:1", "expired-api-key 9:11", "duplicate-api-key 10:1", "invalid-value 12:11"],
    );
    // Environment variables.
    check(
        "[api.environment_variables]\nA = \"too short\"\n\"a-b\" = \"dash\"\nnumber = 5\n",
        &["invalid-value 6:1", "invalid-value 7:1", "wrong-type 8:10"],
    );
    let many: String = (0..51).map(|number| format!("VARIABLE_{number} = \"\"\n")).collect();
    check(&format!("[api.environment_variables]\n{many}"), &["too-many 56:1"]);
    // Data sources.
    check(
        "[api.data_sources]\n\"a-b\" = { type = \"NONE\" }\nb = { type = \"HTPP\" }\nc = { type = \"HTTP\" }\nd = 1\n\
         e = { type = \"HTTP\", endpoint = \"posts\", table_name = \"x\" }\nf = {}\n",
        &[
            "invalid-value 6:1",
            "invalid-value 7:14",
            "missing-key 8:5",
            "wrong-type 9:5",
            "invalid-value 10:33",
            "unknown-key 10:42",
            "missing-key 11:5",
        ],
    );
    check(
        "[api.data_sources]\na = { type = \"HTTP\", endpoint = \"http://a\", authorization_config = { authorization_type = \"AWS_IAM\" } }\n\
         b = { type = \"AMAZON_OPENSEARCH_SERVICE\", endpoint = \"http://b\", authorization = \"IAM\" }\n\
         c = { type = \"AMAZON_ELASTICSEARCH\", endpoint = \"http://c\", username = \"admin\" }\n\
         d = { type = \"AMAZON_OPENSEARCH_SERVICE\", endpoint = \"http://d\", authorization = \"NONE\", password = \"x\" }\n\
         e = { type = \"AMAZON_OPENSEARCH_SERVICE\", endpoint = \"http://e\", username = \"a\", access_key_id = \"b\", secret_access_key = \"c\" }\n",
        &["missing-key 6:68", "invalid-value 7:82", "missing-key 8:5", "without-effect 9:101", "without-effect 10:77"],
    );
}

#[test]
fn open_search_says_who_calls() {
    let authorization = |keys: &str| {
        let config =
            format!("{API}[api.data_sources.s]\ntype = \"AMAZON_OPENSEARCH_SERVICE\"\nendpoint = \"https://s.test\"\n{keys}");
        let folder = folder(&[("config.toml", &config)]);
        let loaded = load(folder.path(), &[]);
        assert_eq!(render(&loaded.diagnostics, false), "");
        let definition = loaded.definition.expect("it is valid");
        match &definition.apis[0].data_sources["s"].config {
            DataSourceConfig::AmazonOpensearchService(config) => config.authorization.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(authorization(""), None);
    assert_eq!(authorization("authorization = \"NONE\"\n"), Some(OpenSearchAuthorization::None));
    assert_eq!(authorization("authorization = \"AWS_IAM\"\n"), Some(OpenSearchAuthorization::AwsIam(None)));
    let key = authorization("access_key_id = \"AKID\"\nsecret_access_key = \"s\"\n");
    assert!(matches!(key, Some(OpenSearchAuthorization::AwsIam(Some(key))) if &*key.access_key_id == "AKID"));
    let basic = authorization("username = \"admin\"\npassword = \"s\"\n");
    assert!(matches!(basic, Some(OpenSearchAuthorization::Basic { username, .. }) if &*username == "admin"));
}

#[test]
fn references_must_lead_somewhere() {
    let code = ("a.js", "export function request() {}");
    let config = |rest: &str| format!("{API}data_sources = {{ none = {{ type = \"NONE\" }} }}\n{rest}");
    let check = |rest: &str, expected: &[&str]| check_with(&[code], &config(rest), expected);
    let entry = "[[api.resolvers]]\ntype = \"Query\"\nfield = \"a\"\n";
    check(&format!("{entry}data_source = \"nome\"\ncode = \"a.js\"\n"), &["unknown-data-source 9:15"]);
    check(&format!("{entry}data_source = \"none\"\ncode = \"b.js\"\n"), &["missing-file 10:8"]);
    check(&format!("{entry}data_source = \"none\"\n"), &["missing-code 6:1"]);
    check(&format!("{entry}code = \"a.js\"\n"), &["missing-data-source 6:1"]);
    check(
        &format!("{entry}code = \"a.js\"\nfunctions = [\"f\", \"g\"]\n"),
        &["unknown-function 10:14", "unknown-function 10:19"],
    );
    check(&format!("{entry}code = \"a.js\"\nkind = \"PIPELINE\"\n"), &["missing-key 6:1"]);
    check(&format!("{entry}code = \"a.js\"\nfunctions = []\ndata_source = \"none\"\n"), &["conflicting-keys 11:15"]);
    check(
        &format!("{entry}kind = \"UNIT\"\ncode = \"a.js\"\nfunctions = []\nrequest_mapping_template = \"a.js\"\n"),
        &["conflicting-keys 9:8", "conflicting-keys 10:8"],
    );
    let whole = format!("{entry}data_source = \"none\"\ncode = \"a.js\"\n");
    check(&format!("{whole}{whole}"), &["duplicate-resolver 13:9"]);
    check(&format!("{whole}max_batch_size = 1\n"), &["without-effect 11:18"]);
    check(&format!("{whole}max_batch_size = 2001\n"), &["invalid-value 11:18"]);
    check(
        "[api.functions.f]\ndata_source = \"none\"\ncode = \"a.js\"\nfunction_version = \"2017-02-28\"\n[api.functions.g]\ncode = \"a.js\"\n",
        &["invalid-value 9:20", "missing-data-source 10:16"],
    );
    let eleven = ["\"f\""; 11].join(", ");
    check(
        &format!("functions = {{ f = {{ data_source = \"none\", code = \"a.js\" }} }}\n{entry}functions = [{eleven}]\n"),
        &["too-many 10:64"],
    );
}

#[test]
fn texts_have_an_upper_length() {
    let long = "x".repeat(65_537);
    let files = [("a.js", &long[..32_769]), ("b.js", &long[..32_768]), ("a.vtl", &long[..]), ("b.ts", &long[..])];
    let config = format!(
        "{API}data_sources = {{ none = {{ type = \"NONE\" }} }}\n[api.functions]\na = {{ data_source = \"none\", code = \"a.js\" }}\n\
         b = {{ data_source = \"none\", code = \"b.js\" }}\nc = {{ data_source = \"none\", request_mapping_template = \"a.vtl\" }}\n\
         d = {{ data_source = \"none\", code = \"b.ts\" }}\n"
    );
    check_with(&files, &config, &["a.js code-too-long 1:1", "a.vtl template-too-long 1:1"]);
}

#[test]
fn several_apis_need_names_of_their_own() {
    let twice = API.replace("[api]", "[[api]]") + "domain_names = [\"a.example.com\"]\n";
    let second = API.replace("[api]", "[[api]]") + "api_id = \"other\"\n";
    check_with(&[], &format!("{twice}{twice}"), &["duplicate-api 7:8", "duplicate-domain-name 7:8"]);
    // The default directory of resolvers belongs to a single API only.
    let stray = [("resolvers/Query.a.js", "")];
    check_with(&stray, &format!("{twice}{second}"), &[]);
    check_with(&stray, API, &["resolvers/Query.a.js missing-data-source 1:1"]);
}

#[test]
fn strict_refuses_what_aws_would() {
    let folder = folder(&[("config.toml", &format!("{API}query_depth_limit = 80\nstrict = true\n"))]);
    assert!(!load(folder.path(), &[]).is_valid());
    let overridden = load(folder.path(), &[("SYNCGATE_API__STRICT", "false")]);
    assert!(overridden.is_valid() && overridden.diagnostics.len() == 1);
    // A flag reaches what the reader itself judges.
    fs::write(folder.path().join("config.toml"), format!("{API}query_depth_limit = 80\n")).expect("a file");
    assert!(load(folder.path(), &[]).is_valid());
    let overrides = Overrides { strict: true, ..Overrides::default() };
    let no_variables: [(&str, &str); 0] = [];
    assert!(!read(&folder.path().join("config.toml"), no_variables, &overrides).is_valid());
}

#[test]
fn a_finding_shows_rule_place_line_and_way_out() {
    let folder = folder(&[("config.toml", &format!("{API}\n[server]\nprot = 4000\n"))]);
    let rendered = render(&load(folder.path(), &[]).diagnostics, false);
    insta::assert_snapshot!(rendered.replace(&format!("{}/", folder.path().display()), ""), @r"
    error[unknown-key]: unknown key `server.prot`
     --> config.toml:7:1
      |
    7 | prot = 4000
      | ^^^^
      = help: did you mean `port`?
    ");
}

const SOURCES: &str = "[api.data_sources]\nposts = { type = \"NONE\" }\nusers = { type = \"NONE\" }\nlambda = { type = \"AWS_LAMBDA\", lambda_function_arn = \"x\" }\n";

/// `Type.field kind runtime place` of each resolver.
fn shape(folder: &Path, resolver: &Resolver) -> String {
    let kind = match &resolver.kind {
        ResolverKind::Unit { data_source } => format!("unit({data_source})"),
        ResolverKind::Pipeline { functions } => format!("pipeline({})", functions.join(", ")),
    };
    let name = |path: &str| Path::new(path).strip_prefix(folder).unwrap_or(Path::new("?")).display().to_string();
    let runtime = match &resolver.runtime {
        Runtime::Code(code) => name(&code.path),
        Runtime::Templates { request, response } => {
            let side = |source: &Option<std::sync::Arc<crate::diagnostic::Source>>| {
                source.as_ref().map_or("-".into(), |s| name(&s.path))
            };
            format!("{} {}", side(request), side(response))
        }
        Runtime::Direct => "direct".into(),
    };
    let place = resolver.place.as_ref().map_or("nowhere".into(), |place| name(&place.source.path));
    format!("{}.{} {kind} batch {} | {runtime} | {place}", resolver.type_name, resolver.field_name, resolver.max_batch_size)
}

#[test]
fn files_attach_themselves_and_entries_win() {
    let entries = "[[api.resolvers]]\ntype = \"Query\"\nfield = \"named\"\ndata_source = \"users\"\n\
                   [[api.resolvers]]\ntype = \"Query\"\nfield = \"own\"\ndata_source = \"users\"\ncode = \"own.js\"\n\
                   [api.functions.declared]\ndata_source = \"users\"\n";
    let files = [
        ("config.toml", &*format!("{API}{SOURCES}{entries}")),
        ("own.js", "//"),
        ("resolvers/Query.getPost.js", "// @dataSource posts\n"),
        ("resolvers/Query.batched.ts", "// @dataSource lambda\n// @maxBatchSize 10\n"),
        ("resolvers/Query.piped.js", "// @functions load, declared\n"),
        ("resolvers/Query.named.js", "// @dataSource posts\n"),
        ("resolvers/Query.own.js", "// @dataSource posts\n"),
        ("resolvers/Post.author.request.vtl", "## @dataSource posts\n{}"),
        ("resolvers/Post.author.response.vtl", "{}"),
        ("resolvers/functions/load.js", "// @dataSource posts\n"),
        ("resolvers/functions/declared.request.vtl", "{}"),
        ("resolvers/_helper.ts", "// @dataSource nobody\n"),
        ("resolvers/Query.getPost.d.ts", ""),
        ("resolvers/helper.js", "export const x = 1"),
        ("resolvers/date.format.ts", "export const x = 1"),
        ("resolvers/README.md", ""),
    ];
    let folder = folder(&files);
    let loaded = load(folder.path(), &[]);
    assert_eq!(found(folder.path(), &loaded), ["resolvers/Query.own.js unattached-file 1:1"]);
    let api = loaded.definition.expect("it is valid").apis.remove(0);
    let resolvers: Vec<String> = api.resolvers.iter().map(|resolver| shape(folder.path(), resolver)).collect();
    insta::assert_snapshot!(resolvers.join("\n"), @r"
    Query.named unit(users) batch 0 | resolvers/Query.named.js | config.toml
    Query.own unit(users) batch 0 | own.js | config.toml
    Post.author unit(posts) batch 0 | resolvers/Post.author.request.vtl resolvers/Post.author.response.vtl | resolvers/Post.author.request.vtl
    Query.batched unit(lambda) batch 10 | resolvers/Query.batched.ts | resolvers/Query.batched.ts
    Query.getPost unit(posts) batch 0 | resolvers/Query.getPost.js | resolvers/Query.getPost.js
    Query.piped pipeline(load, declared) batch 0 | resolvers/Query.piped.js | resolvers/Query.piped.js
    ");
    let functions: Vec<String> = api.functions.values().map(|f| format!("{} {}", f.name, f.data_source)).collect();
    assert_eq!(functions, ["declared users", "load posts"]);
}

#[test]
fn slips_in_the_directory_of_resolvers_are_reported() {
    let files = [
        ("resolvers/Query.a.js", "// @dataSource psts\n"),
        ("resolvers/Query.a.ts", "// @dataSource posts\n"),
        ("resolvers/Query.b.js", "export function request() {}"),
        ("resolvers/Query.c.response.vtl", "## @dataSource posts\n"),
        ("resolvers/Query.d.js", "// @functions nope\n"),
        ("resolvers/Query.e.js", "// @functions load\n// @dataSource posts\n"),
        ("resolvers/Query_f.js", ""),
        ("resolvers/getPost.js", "// @dataSource posts\n"),
        ("resolvers/Query/g.js", ""),
        ("resolvers/functions/load.js", "// @functions load\n// @dataSource posts"),
    ];
    let expected = [
        "resolvers/Query unattached-file 1:1",
        "resolvers/Query.a.js unknown-data-source 1:16",
        "resolvers/Query.a.ts duplicate-resolver 1:1",
        "resolvers/Query.b.js missing-data-source 1:1",
        "resolvers/Query.c.response.vtl missing-code 1:1",
        "resolvers/Query.d.js unknown-function 1:15",
        "resolvers/Query.e.js conflicting-keys 2:16",
        "resolvers/Query_f.js unattached-file 1:1",
        "resolvers/functions/load.js conflicting-keys 1:15",
        "resolvers/getPost.js unattached-file 1:1",
    ];
    check_with(&files, &format!("{API}{SOURCES}"), &expected);
    check("resolvers_directory = \"code\"\n", &["missing-file 5:23"]);
}

#[test]
fn files_stay_below_the_folder() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    fs::write(outside.path().join("secret.js"), "// secret").expect("a file");
    let functions = [
        ("../secret.js", "path-escape"),
        ("code/../../secret.js", "path-escape"),
        ("/etc/passwd", "path-escape"),
        ("link.js", "path-escape"),
        ("linked/secret.js", "path-escape"),
        ("code", "missing-file"),
        ("inner.js", ""),
        ("code/../code/./x.js", ""),
    ];
    for (path, rule) in functions {
        let config = format!(
            "{API}data_sources = {{ n = {{ type = \"NONE\" }} }}\nfunctions.f = {{ data_source = \"n\", code = \"{path}\" }}\n"
        );
        let folder = folder(&[("config.toml", &config), ("code/x.js", "")]);
        std::os::unix::fs::symlink(outside.path().join("secret.js"), folder.path().join("link.js")).expect("a link");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("linked")).expect("a link");
        std::os::unix::fs::symlink("code/x.js", folder.path().join("inner.js")).expect("a link");
        let loaded = load(folder.path(), &[]);
        let rules: Vec<_> =
            loaded.diagnostics.iter().map(|diagnostic| diagnostic.rule).filter(|rule| *rule != "missing-code").collect();
        assert_eq!(rules.concat(), rule, "{path}");
    }
    for pattern in ["../*.graphql", "/etc/*", "linked/*.js"] {
        let folder = folder(&[("config.toml", &API.replace("schema/*.graphql", pattern))]);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("linked")).expect("a link");
        assert_eq!(found(folder.path(), &load(folder.path(), &[])), ["path-escape 4:10"], "{pattern}");
    }
}

#[test]
fn patterns_match_below_directories_in_order() {
    let files = [("schema/b/x.graphql", ""), ("schema/a/y.graphql", ""), ("schema/.hidden/z.graphql", ""), ("schema/n.txt", "")];
    let config = API.replace("schema/*.graphql", "schema/**/*.graphql");
    let folder = folder(&files);
    fs::write(folder.path().join("config.toml"), config).expect("a file");
    // A link in a circle ends.
    std::os::unix::fs::symlink("..", folder.path().join("schema/a/up")).expect("a link");
    let api = load(folder.path(), &[]).definition.expect("it is valid").apis.remove(0);
    let paths: Vec<_> =
        api.schema.iter().filter_map(|source| Path::new(&source.path).strip_prefix(folder.path()).ok()?.to_str()).collect();
    assert_eq!(paths, ["schema/a/y.graphql", "schema/b/x.graphql", "schema/schema.graphql"]);
    check_with(&[], &API.replace("schema/*.graphql", "schema/*.gql"), &["missing-file 4:10"]);
    check_with(&[], &API.replace("schema/*.graphql", "schema/schemas.graphql"), &["missing-file 4:10"]);
}

#[test]
fn environment_and_flags_override_the_file() {
    let folder = folder(&[("config.toml", &format!("{API}[server]\nport = 1\n[api.data_sources.Posts]\ntype = \"NONE\"\n"))]);
    let environment = [
        ("SYNCGATE_SERVER__PORT", "2"),
        ("SYNCGATE_SERVER__HOST", "0.0.0.0"),
        ("SYNCGATE_SERVER__CORS__ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("SYNCGATE_API__NAME", "Renamed"),
        ("SYNCGATE_API__STRICT", "true"),
        ("SYNCGATE_API__API_CACHE__TTL", "10s"),
        ("SYNCGATE_API__API_CACHE__API_CACHING_BEHAVIOR", "FULL_REQUEST_CACHING"),
        ("SYNCGATE_API__ENVIRONMENT_VARIABLES__Table_Name", "posts"),
        ("SYNCGATE_API__DATA_SOURCES__POSTS__DESCRIPTION", "near spelling"),
        ("SYNCGATE_API__ADDITIONAL_AUTHENTICATION_PROVIDERS__0__AUTHENTICATION_TYPE", "API_KEY"),
        ("SYNCGATE_API__API_KEYS__0__ID", "da2-from-the-environment"),
        ("SYNCGATE_PORT", "tcp://10.0.0.1:80"),
        ("OTHER__NAME", "x"),
    ];
    let environment = environment.iter().copied();
    let overrides = Overrides { port: Some(3), data: Some("elsewhere".into()), ..Overrides::default() };
    let loaded = read(&folder.path().join("config.toml"), environment, &overrides);
    assert_eq!(render(&loaded.diagnostics, false), "");
    let definition = loaded.definition.expect("it is valid");
    assert_eq!((definition.server.port, definition.server.mode), (3, Mode::Production));
    assert_eq!(definition.server.data, Path::new("elsewhere"));
    assert_eq!(definition.server.cors.allowed_origins.len(), 2);
    let api = &definition.apis[0];
    assert_eq!(api.api_keys.len(), 1);
    assert!(&*api.name == "Renamed" && api.strict && api.api_cache.is_some());
    assert_eq!(api.environment_variables.get("Table_Name").map(|value| &**value), Some("posts"));
    assert_eq!(api.data_sources["Posts"].description.as_deref(), Some("near spelling"));
}

#[test]
fn wrong_variables_are_reported_like_wrong_lines() {
    let folder = folder(&[("config.toml", API)]);
    let environment = [
        ("SYNCGATE_SERVER__PORT", "many"),
        ("SYNCGATE_SERVER__PROT", "1"),
        ("SYNCGATE_API__NAME__X", "1"),
        ("SYNCGATE_API____X", "1"),
        ("SYNCGATE_API__API_KEYS__ID", "da2 secret"),
    ];
    let loaded = load(folder.path(), &environment);
    let found = found(folder.path(), &loaded);
    let expected = [
        "environment variable SYNCGATE_API__API_KEYS__ID invalid-value 1:1",
        "environment variable SYNCGATE_API__NAME__X environment 1:1",
        "environment variable SYNCGATE_API____X environment 1:1",
        "environment variable SYNCGATE_SERVER__PORT wrong-type 1:1",
        "environment variable SYNCGATE_SERVER__PROT unknown-key 1:1",
    ];
    assert_eq!(found, expected);
    assert!(!render(&loaded.diagnostics, false).contains("secret"));
    let several = API.replace("[api]", "[[api]]");
    fs::write(folder.path().join("config.toml"), format!("{several}{several}api_id = \"b\"")).expect("a file");
    let loaded = load(folder.path(), &[("SYNCGATE_API__1__NAME", "Second"), ("SYNCGATE_API__NAME", "Which?")]);
    assert_eq!(self::found(folder.path(), &loaded), ["environment variable SYNCGATE_API__NAME environment 1:1"]);
    assert_eq!(&*loaded.definition.expect("two APIs").apis[1].name, "Second");
}

#[test]
fn half_a_configuration_is_read_without_panic_and_each_finding_has_a_place() {
    let folder = folder(&[]);
    for end in (0..COMPLETE.len()).step_by(5) {
        fs::write(folder.path().join("config.toml"), &COMPLETE[..end]).expect("a file");
        let loaded = load(folder.path(), &[]);
        assert!(loaded.is_valid() || !loaded.diagnostics.is_empty(), "{}", &COMPLETE[..end]);
        assert!(loaded.diagnostics.iter().all(|diagnostic| diagnostic.place.is_some()));
        assert_eq!(render(&loaded.diagnostics, true).matches("-->").count(), loaded.diagnostics.len());
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = ["a"; 50_000].join(".");
    for config in [format!("{deep} = 1"), format!("[{deep}]"), format!("a = {}", "[".repeat(50_000)), "a={".repeat(50_000)] {
        let folder = folder(&[("config.toml", &config)]);
        assert_eq!(found(folder.path(), &load(folder.path(), &[])).len(), 1, "{}", &config[..20]);
    }
    let folder = folder(&[("config.toml", API)]);
    let name = format!("SYNCGATE_{}", ["A"; 20_000].join("__"));
    let loaded = load(folder.path(), &[(&name, "1")]);
    assert_eq!(loaded.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect::<Vec<_>>(), ["environment"]);
}

#[test]
fn the_configuration_itself_may_be_a_link() {
    let elsewhere = folder(&[("real.toml", API)]);
    let folder = folder(&[]);
    std::os::unix::fs::symlink(elsewhere.path().join("real.toml"), folder.path().join("config.toml")).expect("a link");
    assert_eq!(found(folder.path(), &load(folder.path(), &[])), Vec::<String>::new());
}

#[test]
fn a_missing_or_foreign_file_is_one_error() {
    let folder = folder(&[]);
    assert_eq!(found(folder.path(), &load(folder.path(), &[])), ["missing-file"]);
    assert_eq!(found(folder.path(), &load(&folder.path().join("nowhere"), &[])), ["missing-file"]);
    fs::write(folder.path().join("config.toml"), b"\xff").expect("a file");
    assert_eq!(found(folder.path(), &load(folder.path(), &[])), ["not-utf8"]);
}

#[test]
fn an_endpoint_that_is_no_url_is_shown_without_its_secrets() {
    for (endpoint, shown) in [
        ("ftp://user:hunter2@h/x", "is no URL: `ftp://…@h/x`"),
        ("user:hunter2@h", "is no URL: `…@h`"),
        ("https//user:hunter2@h?key=hunter2", "is no URL: `…@h?…`"),
        ("h?key=hunter2", "is no URL: `h?…`"),
        ("ftp://user:hunter2?hunter2@h/x", "is no URL: `ftp://…`"),
        ("ftp://user:hunter2@h?mail=a@b&key=hunter2", "is no URL: `ftp://…`"),
        ("here", "is no URL: `here`"),
    ] {
        let folder = folder(&[]);
        let config = format!("{API}[api.data_sources.a]\ntype = \"HTTP\"\nendpoint = \"{endpoint}\"\ntimeout = \"0s\"\n");
        fs::write(folder.path().join("config.toml"), config).expect("a file");
        let output = render(&load(folder.path(), &[]).diagnostics, false);
        assert!(output.contains(shown) && !output.contains("hunter2"), "{output}");
        assert!(output.contains("must be longer than nothing"), "{output}");
    }
}
