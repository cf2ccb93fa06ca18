//! Tables, the settings of DynamoDB, services and secrets in configurations.

use std::fs;
use std::time::Duration;

use super::{API, COMPLETE, check, complete, folder, found, load};
use crate::definition::{BillingMode, DataSourceConfig, ProjectionType, Secret, ServiceEndpoint, StreamViewType};
use crate::diagnostic::render;

#[test]
fn tables_are_read_in_the_words_of_cloudformation() {
    let folder = complete(COMPLETE);
    let definition = load(folder.path(), &[]).definition.expect("it is valid");
    assert_eq!(definition.server.secret.as_ref().map(Secret::expose), Some("0123456789abcdef0123456789abcdef"));
    let dynamodb = &definition.dynamodb;
    assert_eq!((dynamodb.durable, dynamodb.port, dynamodb.expiry_interval), (true, Some(8000), Duration::from_secs(5)));
    assert_eq!(&*dynamodb.access_keys[0].access_key_id, "AKIALOCAL");
    let [posts, short] = &definition.tables[..] else { panic!("two tables: {:?}", definition.tables) };
    assert_eq!(posts.seed, [folder.path().join("seeds/posts.json")]);
    assert_eq!(posts.billing_mode, BillingMode::Provisioned);
    assert_eq!(posts.stream_specification, Some(StreamViewType::NewAndOldImages));
    assert_eq!(posts.global_secondary_indexes[0].projection.projection_type, ProjectionType::Include);
    assert_eq!(posts.local_secondary_indexes[0].projection.projection_type, ProjectionType::All);
    assert_eq!(posts.place.as_ref().map(|place| place.source.line_column(place.span.start)), Some((30, 14)));
    // What is left out is the usual.
    assert_eq!(short.billing_mode, BillingMode::PayPerRequest);
    let attributes: Vec<_> = short.attribute_definitions.iter().map(|a| (&*a.attribute_name, a.attribute_type.name())).collect();
    assert_eq!(attributes, [("id", "S"), ("x", "S")]);
}

#[test]
fn slips_in_tables_are_reported_where_they_stand() {
    let table = "[[table]]\ntable_name = \"t\"\nkey_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\n";
    check("[[table]]\n", &["missing-key 5:1", "missing-key 5:1"]);
    check("[table]\ntable_name = 1\nkey_schema = 1\n", &["wrong-type 6:14", "wrong-type 7:14"]);
    check(&format!("{table}{table}"), &["duplicate-table 9:14"]);
    check(&format!("{table}seed = [\"nowhere.json\", \"../x.json\"]\n"), &["missing-file 8:9", "path-escape 8:25"]);
    check(&format!("{table}seed = \"schema\"\n"), &["missing-file 8:8"]);
    check(&format!("{table}sse_specification = {{ sse_enabled = true }}\n"), &["without-effect 8:1"]);
    check(
        "[[table]]\ntable_name = \"t\"\nkey_schema = [{ attribute_name = 1, key_type = \"hash\" }, {}]\n\
         attribute_definitions = [{ attribute_name = \"id\", attribute_type = \"SS\" }]\nbilling_mode = \"FREE\"\n\
         provisioned_throughput = { read_capacity_units = 0 }\nstream_specification = {}\n\
         time_to_live_specification = { enabled = \"yes\" }\ntags = [{ key = \"a\" }]\n\
         global_secondary_indexes = [{ projection = { projection_type = \"SOME\", keys = 1 } }]\n",
        &[
            "wrong-type 7:34",
            "invalid-value 7:48",
            "missing-key 7:58",
            "missing-key 7:58",
            "invalid-value 8:68",
            "invalid-value 9:16",
            "missing-key 10:26",
            "invalid-value 10:50",
            "missing-key 11:24",
            "missing-key 12:30",
            "wrong-type 12:42",
            "missing-key 13:9",
            "missing-key 14:29",
            "missing-key 14:29",
            "invalid-value 14:64",
            "unknown-key 14:72",
        ],
    );
    // CloudFormation's own spelling.
    let folder = folder(&[("config.toml", &format!("{API}{table}TimeToLiveSpecification = {{}}\nSSESpecification = {{}}\n"))]);
    let help: Vec<_> = load(folder.path(), &[]).diagnostics.into_iter().filter_map(|diagnostic| diagnostic.help).collect();
    assert_eq!(help, ["did you mean `time_to_live_specification`?", "did you mean `sse_specification`?"]);
    fs::write(folder.path().join("config.toml"), format!("{API}{table}{table}")).expect("a file");
    let message = load(folder.path(), &[]).diagnostics.remove(0).message;
    assert!(message.starts_with("two tables are called `t`: the other one stands at ") && message.ends_with("config.toml:6:14"));
}

#[test]
fn settings_of_dynamodb_are_judged() {
    check(
        "[dynamodb]\nport = 70000\nexpiry_interval = \"0s\"\ndurable = 1\n",
        &["invalid-value 6:8", "invalid-value 7:19", "wrong-type 8:11"],
    );
    check("[[dynamodb.access_keys]]\naccess_key_id = \"a b\"\n", &["missing-key 5:1", "invalid-value 6:17"]);
    let key = "[[dynamodb.access_keys]]\naccess_key_id = \"a\"\nsecret_access_key = \"bbbbbbbb\"\n";
    check(&format!("{key}{key}"), &["duplicate-access-key 8:1"]);
    check("[server]\nmode = \"production\"\n[dynamodb]\nport = 8000\n", &["without-effect 8:8"]);
    check(&format!("[server]\nmode = \"production\"\n[dynamodb]\nport = 8000\n{key}"), &[]);
    check("[server]\nsecret = \"too short\"\n", &["invalid-value 6:10"]);
}

#[test]
fn services_are_embedded_unless_they_are_elsewhere() {
    let source = |rest: &str| format!("[api.data_sources.t]\ntype = \"AMAZON_DYNAMODB\"\ntable_name = \"t\"\n{rest}");
    let read = |rest: &str| {
        let folder = folder(&[("config.toml", &format!("{API}{}", source(rest)))]);
        let loaded = load(folder.path(), &[]);
        assert_eq!(render(&loaded.diagnostics, false), "");
        let api = loaded.definition.expect("it is valid").apis.remove(0);
        let DataSourceConfig::AmazonDynamodb(config) = api.data_sources["t"].config.clone() else { panic!("the type") };
        config
    };
    assert_eq!(read("aws_region = \"eu-west-1\"\n").endpoint, None);
    assert_eq!(read("endpoint = \"embedded\"\n").endpoint, Some(ServiceEndpoint::Embedded));
    assert_eq!(read("endpoint = \"aws\"\n").endpoint, Some(ServiceEndpoint::Aws));
    let remote = read(
        "endpoint = \"http://localhost:8000\"\naccess_key_id = \"a\"\nsecret_access_key = \"bbbbbbbb\"\nsession_token = \"c\"\n",
    );
    assert_eq!(remote.endpoint, Some(ServiceEndpoint::Url("http://localhost:8000".into())));
    let credentials = remote.credentials.expect("an access key");
    assert_eq!((&*credentials.access_key_id, credentials.secret_access_key.expose()), ("a", "bbbbbbbb"));
    assert_eq!(credentials.session_token.as_ref().map(Secret::expose), Some("c"));
    check(&source("endpoint = \"localhost\"\n"), &["invalid-value 8:12"]);
    check(&source("endpoint = \"aws\"\nsession_token = \"c\"\n"), &["missing-key 5:1", "missing-key 5:1"]);
    check(&source("secret_access_key = \"b\"\n"), &["without-effect 8:21"]);
}

#[test]
fn findings_never_show_a_secret() {
    let inline = format!(
        "server = {{ secret = \"hidden-2\", x = 1 }}\ndynamodb = {{ access_keys = [{{ access_key_id = \"hidden-3\", \
         secret_access_key = \"hidden-4 ä\", extra = true }}] }}\n{API}api_keys = [{{ id = \"hidden-1\", nme = 1 }}]\n\
         data_sources.t = {{ type = \"AMAZON_DYNAMODB\", table_name = \"t\", session_token = '''hidden-5''', wrong = 1 }}\n"
    );
    let folder = folder(&[("config.toml", &inline)]);
    let loaded = load(folder.path(), &[]);
    let rendered = render(&loaded.diagnostics, false);
    let wrong = ["invalid-value 1:21", "unknown-key 1:33", "invalid-value 2:79", "unknown-key 2:94"];
    assert_eq!(found(folder.path(), &loaded)[..4], wrong, "{rendered}");
    assert_eq!(loaded.diagnostics.len(), 8, "{rendered}");
    assert!(!rendered.contains("hidden-"), "{rendered}");
    let loaded = load(folder.path(), &[("SYNCGATE_SERVER__SECRET", "hidden-6")]);
    let rendered = render(&loaded.diagnostics, false);
    assert!(rendered.contains("SYNCGATE_SERVER__SECRET") && !rendered.contains("hidden-"), "{rendered}");
}
