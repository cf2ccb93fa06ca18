//! Tables made from definitions, compared with what is there, by the engine itself.

use std::fs;
use std::path::Path;

use dynamodb::{Dynamodb, Embedded, Operation};
use value::{Value, value};

use super::{Ensured, delete, ensure, missing, names};
use crate::definition::{Overrides, ServerDefinition, read};
use crate::diagnostic::{Diagnostic, Severity};

const API: &str = "[api]\nname = \"Blog\"\nauthentication_type = \"AWS_IAM\"\nschema = \"schema.graphql\"\n";
const ENDPOINT: &str = "http://127.0.0.1:4000/dynamodb/";

/// A table with something of everything.
const POSTS: &str = r#"
[[table]]
table_name = "posts"
key_schema = [{ attribute_name = "id", key_type = "HASH" }, { attribute_name = "at", key_type = "RANGE" }]
attribute_definitions = [
  { attribute_name = "id", attribute_type = "S" },
  { attribute_name = "at", attribute_type = "N" },
  { attribute_name = "author", attribute_type = "S" },
]
time_to_live_specification = { attribute_name = "ends" }
stream_specification = { stream_view_type = "NEW_IMAGE" }
deletion_protection_enabled = true
tags = [{ key = "team", value = "blog" }]

[[table.global_secondary_indexes]]
index_name = "by_author"
key_schema = [{ attribute_name = "author", key_type = "HASH" }]
projection = { projection_type = "INCLUDE", non_key_attributes = ["title", "at2"] }

[[table.local_secondary_indexes]]
index_name = "by_author_here"
key_schema = [{ attribute_name = "id", key_type = "HASH" }, { attribute_name = "author", key_type = "RANGE" }]
projection = { projection_type = "KEYS_ONLY" }
"#;

fn definition(config: &str) -> ServerDefinition {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("schema.graphql"), "type Query { a: String }").expect("a file");
    fs::write(folder.path().join("config.toml"), format!("{API}{config}")).expect("a file");
    let no_variables: [(&str, &str); 0] = [];
    let loaded = read(&folder.path().join("config.toml"), no_variables, &Overrides::default());
    assert!(loaded.is_valid(), "{:?}", loaded.diagnostics);
    loaded.definition.expect("it is valid")
}

fn engine() -> Embedded {
    Embedded::memory().expect("an engine")
}

async fn ensured(engine: &Embedded, config: &str) -> Ensured {
    ensure(engine, &definition(config).tables, ENDPOINT).await
}

async fn ask(engine: &Embedded, operation: Operation, request: Value) -> Value {
    engine.call(operation, request).await.unwrap_or_else(|error| panic!("{error}")).body
}

/// `error: message` of each finding, which all have a place in the file and a way out.
fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let place = found.place.as_ref().expect("a place");
        assert_eq!(Path::new(&place.source.path).file_name(), Some("config.toml".as_ref()));
        assert!(found.help.as_ref().is_some_and(|help| !help.is_empty()));
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        format!("{severity}: {}", found.message)
    };
    diagnostics.iter().map(line).collect()
}

#[tokio::test]
async fn a_missing_table_is_made_as_defined_and_fits_from_then_on() {
    let engine = engine();
    let first = ensured(&engine, POSTS).await;
    assert_eq!((shown(&first.diagnostics), &*first.created[0]), (vec![], "posts"));
    let again = ensured(&engine, POSTS).await;
    assert_eq!((shown(&again.diagnostics), again.created.len()), (vec![], 0));
    let table = ask(&engine, Operation::DescribeTable, value!({ "TableName": "posts" })).await;
    assert_eq!(table.at(&["Table", "BillingModeSummary", "BillingMode"]).as_str(), Some("PAY_PER_REQUEST"));
    let time_to_live = ask(&engine, Operation::DescribeTimeToLive, value!({ "TableName": "posts" })).await;
    assert_eq!(time_to_live.at(&["TimeToLiveDescription", "AttributeName"]).as_str(), Some("ends"));
}

#[tokio::test]
async fn every_difference_is_reported_and_nothing_is_altered() {
    let engine = engine();
    ensured(&engine, POSTS).await;
    let before = ask(&engine, Operation::DescribeTable, value!({ "TableName": "posts" })).await;
    let cases: [(&str, &str, &str); 12] = [
        (
            r#""at", key_type = "RANGE" }]"#,
            r#""author", key_type = "RANGE" }]"#,
            "error: table `posts` has another key: id (HASH), author (RANGE) in the file, id (HASH), at (RANGE) in the table",
        ),
        (
            r#"attribute_name = "at", attribute_type = "N""#,
            r#"attribute_name = "at", attribute_type = "S""#,
            "error: table `posts` has another type of `at`: S in the file, N in the table",
        ),
        (
            r#"index_name = "by_author""#,
            r#"index_name = "by_writer""#,
            "error: table `posts` has no global secondary index `by_writer`; \
             warning: table `posts` has a global secondary index `by_author` that the file does not name",
        ),
        (
            r#"index_name = "by_author_here""#,
            r#"index_name = "here""#,
            "error: table `posts` has no local secondary index `here`; \
             warning: table `posts` has a local secondary index `by_author_here` that the file does not name",
        ),
        (
            r#"[{ attribute_name = "author", key_type = "HASH" }]"#,
            r#"[{ attribute_name = "at", key_type = "HASH" }]"#,
            "error: table `posts` has another key of its index `by_author`: at (HASH) in the file, author (HASH) in the table",
        ),
        (
            r#"["title", "at2"]"#,
            r#"["title"]"#,
            "error: table `posts` has another projection of its index `by_author`: INCLUDE title in the file, \
             INCLUDE at2, title in the table",
        ),
        (r#"["title", "at2"]"#, r#"["at2", "title"]"#, ""),
        (
            r#"attribute_name = "ends""#,
            r#"attribute_name = "until""#,
            "warning: table `posts` has another time to live: until in the file, ends in the table",
        ),
        (
            r#"attribute_name = "ends""#,
            r#"enabled = false, attribute_name = "ends""#,
            "warning: table `posts` has another time to live: none in the file, ends in the table",
        ),
        ("NEW_IMAGE", "KEYS_ONLY", "warning: table `posts` has another stream: KEYS_ONLY in the file, NEW_IMAGE in the table"),
        (
            r#"stream_specification = { stream_view_type = "NEW_IMAGE" }"#,
            "",
            "warning: table `posts` has another stream: none in the file, NEW_IMAGE in the table",
        ),
        ("deletion_protection_enabled = true", "", "warning: table `posts` is protected from deletion, not so in the file"),
    ];
    for (from, to, expected) in cases {
        assert!(POSTS.contains(from), "{from}");
        let found = ensured(&engine, &POSTS.replacen(from, to, 1)).await;
        assert_eq!(shown(&found.diagnostics).join("; "), expected, "{to}");
    }
    assert_eq!(ask(&engine, Operation::DescribeTable, value!({ "TableName": "posts" })).await, before);
}

/// What a finding says to do is what mends it.
#[tokio::test]
async fn the_commands_of_findings_mend_the_difference() {
    let engine = engine();
    let bare = "[[table]]\ntable_name = \"bare\"\nkey_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\n";
    ensured(&engine, bare).await;
    let more = format!(
        "{bare}time_to_live_specification = {{ attribute_name = \"ends\" }}\ndeletion_protection_enabled = true\n\
         stream_specification = {{ stream_view_type = \"OLD_IMAGE\" }}\n\
         global_secondary_indexes = [{{ index_name = \"by_y\", key_schema = [{{ attribute_name = \"y\", key_type = \"HASH\" }}] }}]\n"
    );
    let found = ensured(&engine, &more).await;
    assert_eq!(found.diagnostics.len(), 4, "{:?}", shown(&found.diagnostics));
    for finding in &found.diagnostics {
        let help = finding.help.as_deref().unwrap_or_default();
        let (_, command) = help.split_once("aws dynamodb ").expect("a command");
        let command = command.strip_suffix(" --endpoint-url http://127.0.0.1:4000/dynamodb/").expect("the endpoint");
        run(&engine, command).await;
    }
    assert_eq!(shown(&ensured(&engine, &more).await.diagnostics), Vec::<String>::new());
    // And back again.
    let found = ensured(&engine, bare).await;
    assert_eq!(found.diagnostics.len(), 4, "{:?}", shown(&found.diagnostics));
    for finding in &found.diagnostics {
        let help = finding.help.as_deref().unwrap_or_default();
        let (_, command) = help.split_once("aws dynamodb ").expect("a command");
        run(&engine, command.split(" --endpoint-url").next().expect("a command")).await;
    }
    assert_eq!(shown(&ensured(&engine, bare).await.diagnostics), Vec::<String>::new());
}

/// Runs a call of the aws CLI: options are members of the request, texts in quotes JSON.
async fn run(engine: &Embedded, command: &str) {
    let mut words = command.split(" --");
    let operation = match words.next().expect("an operation").trim() {
        "update-table" => Operation::UpdateTable,
        "update-time-to-live" => Operation::UpdateTimeToLive,
        other => panic!("{other}"),
    };
    let mut request = value::Object::new();
    for word in words {
        let (option, value) = word.split_once(' ').unwrap_or((word, ""));
        let (option, value) = match (option, value.trim()) {
            ("deletion-protection-enabled", "") => (option, Value::from(true)),
            ("no-deletion-protection-enabled", "") => ("deletion-protection-enabled", Value::from(false)),
            (_, json) if json.starts_with('\'') => (option, Value::parse(json.trim_matches('\'').as_bytes()).expect("JSON")),
            (_, text) => (option, Value::from(text)),
        };
        let name: String = option.split('-').map(|part| format!("{}{}", part[..1].to_uppercase(), &part[1..])).collect();
        request.insert(name, value);
    }
    ask(engine, operation, Value::from(request)).await;
}

#[tokio::test]
async fn dynamodb_judges_definitions() {
    let cases = [
        ("key_schema = [{ attribute_name = \"id\", key_type = \"RANGE\" }]", "Invalid KeySchema"),
        (
            "key_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\nattribute_definitions = []",
            "some index key attribute",
        ),
        (
            "key_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]\nbilling_mode = \"PROVISIONED\"",
            "ReadCapacityUnits and WriteCapacityUnits must",
        ),
    ];
    for (keys, expected) in cases {
        let found = ensured(&engine(), &format!("[[table]]\ntable_name = \"posts\"\n{keys}\n")).await;
        let [found] = &shown(&found.diagnostics)[..] else { panic!("one finding for {keys}") };
        assert!(found.starts_with("error: DynamoDB refuses the table `posts`: "), "{found}");
        assert!(found.to_lowercase().contains(&expected.to_lowercase()), "{found}");
    }
}

#[tokio::test]
async fn data_sources_without_a_table_are_found() {
    let engine = engine();
    let source = |name: &str, table: &str, more: &str| {
        format!("[api.data_sources.{name}]\ntype = \"AMAZON_DYNAMODB\"\ntable_name = \"{table}\"\n{more}\n")
    };
    let sources = [
        source("defined", "posts", ""),
        source("slip", "post", ""),
        source("stranger", "comments", "aws_region = \"eu-west-1\""),
        source("remote", "elsewhere", "endpoint = \"aws\""),
    ]
    .concat();
    let config = format!("{sources}{POSTS}");
    let found = missing(&engine, &definition(&config)).await;
    let expected = [
        "warning: data source `slip` names the table `post`, which does not exist",
        "warning: data source `stranger` names the table `comments`, which does not exist",
    ];
    assert_eq!(shown(&found), expected);
    let help: Vec<_> = found.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(help, ["did you mean `posts`?", "define it with [[table]]; there are: posts"]);
    // A table that nothing defines is one all the same.
    ensured(&engine, &POSTS.replace("\"posts\"", "\"comments\"")).await;
    assert_eq!(shown(&missing(&engine, &definition(&config)).await), expected[..1]);
}

#[tokio::test]
async fn a_deleted_table_is_gone() {
    let engine = engine();
    ensured(&engine, &POSTS.replace("deletion_protection_enabled = true", "")).await;
    assert_eq!(names(&engine).await.expect("names"), ["posts".into()]);
    assert_eq!(delete(&engine, "posts").await, Ok(true));
    assert_eq!(delete(&engine, "posts").await, Ok(false));
    assert!(names(&engine).await.expect("names").is_empty());
    ensured(&engine, POSTS).await;
    assert!(delete(&engine, "posts").await.expect_err("it is protected").message.contains("protect"));
}
