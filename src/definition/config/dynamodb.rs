//! Reads `[dynamodb]` and `[[table]]`.

use std::collections::HashMap;
use std::path::PathBuf;

use value::Str;

use super::data_source::service_endpoint;
use super::files::Folder;
use super::server::some_time;
use super::table::{Report, Table};
use super::values::{OneOrMany, Problem, Spanned, within};
use crate::definition::{
    AccessKey, AttributeDefinition, BillingMode, DynamodbSettings, KeySchemaElement, KeyType, Mode, Projection, ProjectionType,
    ProvisionedThroughput, ScalarAttributeType, SecondaryIndex, Secret, ServerSettings, ServiceEndpoint, StreamViewType,
    TableDefinition, TimeToLiveSpecification,
};
use crate::diagnostic::Place;

/// What CloudFormation has and nothing here reads, by the table it stands in.
const WITHOUT_EFFECT: &[&str] = &[
    "point_in_time_recovery_specification",
    "sse_specification",
    "kinesis_stream_specification",
    "contributor_insights_specification",
    "import_source_specification",
    "on_demand_throughput",
    "warm_throughput",
    "resource_policy",
];
const WITHOUT_EFFECT_ON_INDEXES: &[&str] = &["contributor_insights_specification", "on_demand_throughput", "warm_throughput"];
/// Secrets that are shorter are guessed.
const SHORTEST_KEY_SECRET: usize = 8;
const REASON: &str = "CloudFormation has it; on your own machine nothing reads it";

/// The settings; `table` is absent when there is no `[dynamodb]`.
pub(super) fn settings(table: Option<Table<'_>>, server: &ServerSettings) -> DynamodbSettings {
    let mut settings = DynamodbSettings::default();
    let Some(mut table) = table else { return settings };
    settings.endpoint = service_endpoint(&mut table).unwrap_or_default();
    settings.durable = table.or("durable", settings.durable);
    settings.port = table.checked("port", within(0..=65_535));
    settings.expiry_interval = table.checked("expiry_interval", some_time).unwrap_or(settings.expiry_interval);
    settings.access_keys = access_keys(&mut table);
    if settings.endpoint != ServiceEndpoint::Embedded {
        for key in ["durable", "port", "expiry_interval", "access_keys"] {
            if table.has(key) {
                let message = format!("`dynamodb.{key}` has no effect: the tables are not inside Syncgate");
                let help = "remove it, or the `endpoint` beside it";
                table.report.warning("without-effect", &table.place_of(key), message, help);
            }
        }
    }
    let open = server.mode == Mode::Development && server.host.is_loopback();
    if settings.endpoint == ServiceEndpoint::Embedded
        && settings.port.is_some()
        && settings.access_keys.is_empty()
        && !table.has("access_keys")
        && !open
    {
        let message = "the DynamoDB endpoint has a port and nobody may use it";
        let help = "add [[dynamodb.access_keys]]; without them it answers in development mode on a loopback address only";
        table.report.warning("without-effect", &table.place_of("port"), message, help);
    }
    table.finish();
    settings
}

/// Who may use an endpoint of this server.
pub(super) fn access_keys(table: &mut Table<'_>) -> Vec<AccessKey> {
    let mut read: Vec<AccessKey> = Vec::new();
    for mut key in table.tables("access_keys") {
        let help = "an access key has two parts: access_key_id and secret_access_key";
        key.require("access_key_id", help);
        key.require("secret_access_key", help);
        let access_key_id = key.checked("access_key_id", key_id);
        let secret_access_key = key.checked("secret_access_key", key_secret);
        let place = key.place.clone();
        key.finish();
        let (Some(access_key_id), Some(secret_access_key)) = (access_key_id, secret_access_key) else { continue };
        if read.iter().any(|known| known.access_key_id == access_key_id) {
            let message = format!("two access keys have the id `{access_key_id}`");
            table.report.error("duplicate-access-key", &place, message, "remove one of them");
            continue;
        }
        read.push(AccessKey { access_key_id, secret_access_key: Secret::new(secret_access_key) });
    }
    read
}

/// What a signature can name: its parts are separated by slashes and commas.
fn key_id(text: Str) -> Result<Str, Problem> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return Ok(text);
    }
    Err(Problem::new("must be letters, digits, `-`, `_` and `.`").help("a signature names it between slashes and commas"))
}

/// What nobody guesses.
fn key_secret(text: Str) -> Result<Str, Problem> {
    if text.len() >= SHORTEST_KEY_SECRET && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text);
    }
    let rule = format!("must be at least {SHORTEST_KEY_SECRET} characters of visible ASCII without spaces");
    Err(Problem::new(rule).help("make one with: openssl rand -base64 30"))
}

/// The tables; of several with one name the first counts.
pub(super) fn tables(tables: Vec<Table<'_>>, folder: &Folder, report: &Report) -> Vec<TableDefinition> {
    let mut read: Vec<TableDefinition> = Vec::new();
    let mut places: HashMap<Str, Place> = HashMap::new();
    for table in tables {
        let place = table.place_of("table_name");
        let Some(definition) = definition(table, folder) else { continue };
        if let Some(first) = places.get(&definition.table_name) {
            let (line, column) = first.source.line_column(first.span.start);
            let message = format!(
                "two tables are called `{}`: the other one stands at {}:{line}:{column}",
                definition.table_name, first.source.path
            );
            report.error("duplicate-table", &place, message, "remove one of them, or give it a `table_name` of its own");
            continue;
        }
        places.insert(Str::clone(&definition.table_name), place);
        read.push(definition);
    }
    read
}

fn definition(mut table: Table<'_>, folder: &Folder) -> Option<TableDefinition> {
    let place = table.place_of("table_name");
    let table_name: Option<Str> = table.required("table_name", "the table's name, for instance table_name = \"posts\"");
    table.require("key_schema", "for instance key_schema = [{ attribute_name = \"id\", key_type = \"HASH\" }]");
    let key_schema = key_schema(&mut table);
    let global_secondary_indexes = indexes(&mut table, "global_secondary_indexes", true);
    let local_secondary_indexes = indexes(&mut table, "local_secondary_indexes", false);
    let attribute_definitions = if table.has("attribute_definitions") {
        attribute_definitions(&mut table)
    } else {
        table.node("attribute_definitions");
        strings(&key_schema, [&global_secondary_indexes, &local_secondary_indexes])
    };
    let time_to_live_specification = table.table("time_to_live_specification").and_then(|mut table| {
        let attribute_name = table.required("attribute_name", "the attribute that holds the time, in seconds since 1970");
        let enabled = table.or("enabled", true);
        table.finish();
        Some(TimeToLiveSpecification { attribute_name: attribute_name?, enabled })
    });
    let stream_specification = table.table("stream_specification").and_then(|mut table| {
        table.require("stream_view_type", "for instance stream_view_type = \"NEW_AND_OLD_IMAGES\"");
        let view = table.choice("stream_view_type", StreamViewType::NAMES);
        table.without_effect(&["resource_policy"], REASON);
        table.finish();
        view
    });
    let provisioned_throughput = throughput(&mut table);
    let default_mode = if table.has("provisioned_throughput") { BillingMode::Provisioned } else { BillingMode::PayPerRequest };
    let billing_mode = table.choice("billing_mode", BillingMode::NAMES).unwrap_or(default_mode);
    let deletion_protection_enabled = table.or("deletion_protection_enabled", false);
    let table_class =
        table.choice("table_class", &[("STANDARD", "STANDARD"), ("STANDARD_INFREQUENT_ACCESS", "STANDARD_INFREQUENT_ACCESS")]);
    let tags = tags(&mut table);
    let seed = seed(&mut table, folder);
    table.without_effect(WITHOUT_EFFECT, REASON);
    table.finish();
    Some(TableDefinition {
        table_name: table_name?,
        key_schema,
        attribute_definitions,
        global_secondary_indexes,
        local_secondary_indexes,
        time_to_live_specification,
        stream_specification,
        billing_mode,
        provisioned_throughput,
        deletion_protection_enabled,
        table_class: table_class.map(Str::from),
        tags,
        seed,
        place: Some(place),
    })
}

fn key_schema(table: &mut Table<'_>) -> Vec<KeySchemaElement> {
    let elements = table.tables("key_schema").into_iter().filter_map(|mut element| {
        let attribute_name = element.required("attribute_name", "the name of an attribute of the key");
        element.require("key_type", "\"HASH\" for the partition key, \"RANGE\" for the sort key");
        let key_type = element.choice("key_type", KeyType::NAMES);
        element.finish();
        Some(KeySchemaElement { attribute_name: attribute_name?, key_type: key_type? })
    });
    elements.collect()
}

fn attribute_definitions(table: &mut Table<'_>) -> Vec<AttributeDefinition> {
    let definitions = table.tables("attribute_definitions").into_iter().filter_map(|mut definition| {
        let attribute_name = definition.required("attribute_name", "the name of an attribute of a key");
        definition.require("attribute_type", "\"S\" for a string, \"N\" for a number, \"B\" for binary");
        let attribute_type = definition.choice("attribute_type", ScalarAttributeType::NAMES);
        definition.finish();
        Some(AttributeDefinition { attribute_name: attribute_name?, attribute_type: attribute_type? })
    });
    definitions.collect()
}

/// Every attribute of a key as a string, in order.
fn strings(key_schema: &[KeySchemaElement], indexes: [&Vec<SecondaryIndex>; 2]) -> Vec<AttributeDefinition> {
    let mut definitions: Vec<AttributeDefinition> = Vec::new();
    let of_indexes = indexes.into_iter().flatten().flat_map(|index| &index.key_schema);
    for element in key_schema.iter().chain(of_indexes) {
        if definitions.iter().all(|known| known.attribute_name != element.attribute_name) {
            let attribute_name = Str::clone(&element.attribute_name);
            definitions.push(AttributeDefinition { attribute_name, attribute_type: ScalarAttributeType::String });
        }
    }
    definitions
}

fn indexes(table: &mut Table<'_>, key: &'static str, is_global: bool) -> Vec<SecondaryIndex> {
    let indexes = table.tables(key).into_iter().filter_map(|mut index| {
        let index_name = index.required("index_name", "the name that queries give");
        index.require("key_schema", "for instance key_schema = [{ attribute_name = \"author\", key_type = \"HASH\" }]");
        let key_schema = key_schema(&mut index);
        let mut projection = Projection { projection_type: ProjectionType::All, non_key_attributes: Vec::new() };
        if let Some(mut table) = index.table("projection") {
            table.require("projection_type", "\"ALL\", \"KEYS_ONLY\", or \"INCLUDE\" with non_key_attributes");
            projection.projection_type = table.choice("projection_type", ProjectionType::NAMES).unwrap_or(ProjectionType::All);
            projection.non_key_attributes = table.or("non_key_attributes", Vec::new());
            table.finish();
        }
        let mut provisioned_throughput = None;
        if is_global {
            provisioned_throughput = throughput(&mut index);
            index.without_effect(WITHOUT_EFFECT_ON_INDEXES, REASON);
        }
        index.finish();
        Some(SecondaryIndex { index_name: index_name?, key_schema, projection, provisioned_throughput })
    });
    indexes.collect()
}

fn throughput(table: &mut Table<'_>) -> Option<ProvisionedThroughput> {
    let mut table = table.table("provisioned_throughput")?;
    let help = "read_capacity_units and write_capacity_units; nothing is throttled on your own machine";
    table.require("read_capacity_units", help);
    table.require("write_capacity_units", help);
    let read = table.checked("read_capacity_units", within(1..=i64::from(u32::MAX)));
    let write = table.checked("write_capacity_units", within(1..=i64::from(u32::MAX)));
    table.finish();
    Some(ProvisionedThroughput { read_capacity_units: read?, write_capacity_units: write? })
}

fn tags(table: &mut Table<'_>) -> Vec<(Str, Str)> {
    let tags = table.tables("tags").into_iter().filter_map(|mut tag| {
        let key = tag.required("key", "tags have a key and a value");
        let value = tag.required("value", "tags have a key and a value");
        tag.finish();
        Some((key?, value?))
    });
    tags.collect()
}

/// The files of items, each once. They are found here and read by `syncgate seed`.
fn seed(table: &mut Table<'_>, folder: &Folder) -> Vec<PathBuf> {
    let patterns: Option<OneOrMany<Spanned<String>>> = table.optional("seed");
    let mut files = Vec::new();
    for pattern in patterns.map(|patterns| patterns.0).unwrap_or_default() {
        let found = folder.glob(&pattern.value).and_then(|paths| paths.iter().map(|path| folder.file(path)).collect());
        match found {
            Ok(paths) => {
                let paths: Vec<PathBuf> = paths;
                for path in paths {
                    if !files.contains(&path) {
                        files.push(path);
                    }
                }
            }
            Err(problem) => table.report.push(problem.diagnostic(Some(&pattern.place))),
        }
    }
    files
}
