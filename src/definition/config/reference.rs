//! `docs/reference/configuration.md` against the reader: every key that is read stands on the page, and no other.

use std::collections::{BTreeMap, BTreeSet};

use super::tests::{COMPLETE, complete};
use super::*;

const PAGE: &str = include_str!("../../../docs/reference/configuration.md");

/// The tables of `COMPLETE` that it has no reason to show otherwise.
const REST: &str = r#"
[api.log_config]
field_log_level = "ALL"

[api.limits]

[server.tls]
certificate = "tls/cert.pem"
private_key = "/etc/ssl/key.pem"

[[database]]
name = "club"

[api.data_sources.elastic]
type = "AMAZON_ELASTICSEARCH"
endpoint = "https://search.example.com"

[api.data_sources.versioned]
type = "AMAZON_DYNAMODB"
table_name = "posts"
delta_sync_config = { delta_sync_table_name = "changes" }

[api.functions.synced]
data_source = "versioned"
code = "code/b.js"
[api.functions.synced.sync_config]
conflict_detection = "VERSION"
conflict_handler = "LAMBDA"
lambda_conflict_handler_config = { lambda_conflict_handler_arn = "arn:aws:lambda:eu-west-1:123456789012:function:c" }
"#;

type Keys = BTreeMap<String, BTreeSet<String>>;

/// Keys by table, as the reader asks for them. Names of the user's own are `NAME`; tables that may stand in several places
/// are one.
fn read_by_code() -> Keys {
    let folder = complete(&format!("{COMPLETE}{REST}"));
    let path = folder.path().join("config.toml");
    let report = Report::default();
    let inner = Folder::new(folder.path()).expect("a folder");
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    let no_variables: [(&str, &str); 0] = [];
    read_file(&path, folder.path(), &inner, no_variables, &Overrides::default(), now, &report);
    let asked = report.asked.take();
    assert_eq!(report.into_diagnostics(), [], "the configuration of this test is valid");
    let mut keys = Keys::new();
    for (table, names) in asked {
        keys.entry(common_name(&table)).or_default().extend(names.iter().map(|name| (*name).to_owned()));
    }
    keys
}

fn common_name(table: &str) -> String {
    let mut parts: Vec<&str> = table.split('.').collect();
    if let ["api", "data_sources" | "functions", name, ..] = &mut parts[..] {
        *name = "NAME";
    }
    let last = parts.last().copied().unwrap_or_default();
    match last {
        "key_schema" | "projection" | "provisioned_throughput" => format!("table.{last}"),
        "user_pool_config" | "open_id_connect_config" | "lambda_authorizer_config" => format!("api.{last}"),
        "sync_config" | "caching_config" => format!("api.resolvers.{last}"),
        "lambda_conflict_handler_config" => format!("api.resolvers.sync_config.{last}"),
        _ => parts.join("."),
    }
}

/// Keys by table, as the page lists them: a heading names its table in brackets, the first cell of a row its key.
fn read_by_people() -> Keys {
    let mut keys = Keys::new();
    let mut table = None;
    for line in PAGE.lines() {
        if line.starts_with('#') {
            let bracketed = line.split_once("`[").and_then(|(_, rest)| rest.split_once("]`"));
            table = bracketed.map(|(name, _)| name.trim_matches(['[', ']']).to_owned());
            if line.contains("The file") {
                table = Some(String::new());
            }
        }
        let (Some(row), Some(table)) = (line.strip_prefix("| `"), table.clone()) else { continue };
        let (key, _) = row.split_once('`').expect("a closed backquote");
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 5, "key, type, default, AppSync's name, meaning: {line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "no cell is empty: {line}");
        let is_new = keys.entry(table.clone()).or_default().insert(key.to_owned());
        // The keys of data sources stand by type, where one key may belong to several types.
        assert!(is_new || table == "api.data_sources.NAME", "`{key}` stands twice below [{table}]");
    }
    keys
}

#[test]
fn the_page_lists_every_key_and_no_other() {
    let (code, page) = (read_by_code(), read_by_people());
    let tables: BTreeSet<&String> = code.keys().chain(page.keys()).collect();
    let mut differences = Vec::new();
    for table in tables {
        let empty = BTreeSet::new();
        let (code, page) = (code.get(table).unwrap_or(&empty), page.get(table).unwrap_or(&empty));
        differences.extend(code.difference(page).map(|key| format!("[{table}] {key} is missing on the page")));
        differences.extend(page.difference(code).map(|key| format!("[{table}] {key} is on the page and nothing reads it")));
    }
    assert!(differences.is_empty(), "docs/reference/configuration.md:\n{}", differences.join("\n"));
}
