//! Makes the tables of a definition that are not there, compares those that are, and finds data sources without a table.

use std::time::Duration;

use dynamodb::{Dynamodb, Operation, ServiceError};
use tokio::time::{Instant, sleep};
use value::{Str, Value, value};

use super::compare::compare;
use super::create::{create_table, update_time_to_live};
use crate::definition::{DataSourceConfig, ServerDefinition, ServiceEndpoint, TableDefinition};
use crate::diagnostic::{Diagnostic, Place, closest};

/// How long a service may take to make or delete a table; AWS needs seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pages of ListTables, 100 names each, that are asked for: AWS allows for 2,500 tables.
const MOST_PAGES: usize = 100;

/// What became of a definition's tables.
#[derive(Debug, Default)]
pub struct Ensured {
    /// The tables that were made.
    pub created: Vec<Str>,
    /// What DynamoDB refused, and what differs from the definition.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes missing tables and compares the others; those are never altered. `endpoint` is the address at which DynamoDB's API
/// will be reached, for the commands in findings.
pub async fn ensure(service: &dyn Dynamodb, tables: &[TableDefinition], endpoint: &str) -> Ensured {
    let mut ensured = Ensured::default();
    for table in tables {
        match describe(service, &table.table_name).await {
            Ok(Some(description)) => {
                let request = value!({ "TableName": (Str::clone(&table.table_name)) });
                let time_to_live = service.call(Operation::DescribeTimeToLive, request).await;
                let time_to_live = time_to_live.map(|response| response.body);
                if let Err(error) = &time_to_live {
                    let message = format!("cannot compare the time to live of table `{}`: {}", table.table_name, error.message);
                    let help = "the service does not answer DescribeTimeToLive";
                    let found = Diagnostic::warning("table-differs", message).help(help);
                    ensured.diagnostics.push(at(found, table.place.as_ref()));
                }
                let found = compare(table, &description, time_to_live.ok().as_ref(), endpoint);
                ensured.diagnostics.extend(found.into_iter().map(|found| at(found, table.place.as_ref())));
            }
            Ok(None) => match create(service, table).await {
                Ok(()) => ensured.created.push(Str::clone(&table.table_name)),
                Err(error) => ensured.diagnostics.push(refused(table, &error)),
            },
            Err(error) => ensured.diagnostics.push(refused(table, &error)),
        }
    }
    ensured
}

/// Deletes a table with its items; whether there was one.
///
/// # Errors
/// What the service refuses, for instance because the table is protected from deletion.
pub async fn delete(service: &dyn Dynamodb, table_name: &str) -> Result<bool, ServiceError> {
    match service.call(Operation::DeleteTable, value!({ "TableName": table_name })).await {
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(false),
        Err(error) => return Err(error),
    }
    let deadline = Instant::now() + PATIENCE;
    while describe(service, table_name).await?.is_some() {
        wait(deadline, "deleted", table_name).await?;
    }
    Ok(true)
}

/// Data sources whose table neither the definition nor the service knows; their resolvers would all fail.
pub async fn missing(service: &dyn Dynamodb, definition: &ServerDefinition) -> Vec<Diagnostic> {
    let mut wanted = Vec::new();
    for data_source in definition.apis.iter().flat_map(|api| api.data_sources.values()) {
        if let DataSourceConfig::AmazonDynamodb(config) = &data_source.config
            && config.endpoint.as_ref().is_none_or(|endpoint| *endpoint == definition.dynamodb.endpoint)
            && definition.dynamodb.endpoint != ServiceEndpoint::Aws
            && definition.tables.iter().all(|table| table.table_name != config.table_name)
        {
            wanted.push((data_source, &config.table_name));
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    // What there is is not known.
    let Ok(stored) = names(service).await else { return Vec::new() };
    let defined = definition.tables.iter().map(|table| &*table.table_name);
    let known: Vec<&str> = defined.chain(stored.iter().map(|name| &**name)).collect();
    wanted.retain(|(_, name)| !known.contains(&&***name));
    let findings = wanted.into_iter().map(|(data_source, name)| {
        let message = format!("data source `{}` names the table `{name}`, which does not exist", data_source.name);
        let help = match closest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "define it with [[table]]; there is no table yet".into(),
            None => format!("define it with [[table]]; there are: {}", listed(&known)),
        };
        at(Diagnostic::warning("unknown-table", message).help(help), data_source.place.as_ref())
    });
    findings.collect()
}

/// The names of all tables.
///
/// # Errors
/// What the service refuses.
pub(super) async fn names(service: &dyn Dynamodb) -> Result<Vec<Str>, ServiceError> {
    let mut names = Vec::new();
    let mut request = value!({});
    for _ in 0..MOST_PAGES {
        let answer = service.call(Operation::ListTables, request).await?.body;
        let page = answer.get("TableNames").and_then(Value::as_list).unwrap_or_default();
        names.extend(page.iter().filter_map(Value::as_str).map(Str::from));
        match answer.get("LastEvaluatedTableName").and_then(Value::as_str) {
            Some(last) => request = value!({ "ExclusiveStartTableName": last }),
            None => break,
        }
    }
    Ok(names)
}

/// The names of the attributes of a table's key; `None` when there is no such table.
///
/// # Errors
/// What the service refuses.
pub(super) async fn key_attributes(service: &dyn Dynamodb, table_name: &str) -> Result<Option<Vec<Str>>, ServiceError> {
    let Some(table) = describe(service, table_name).await? else { return Ok(None) };
    let elements = table.get("KeySchema").and_then(Value::as_list).unwrap_or_default();
    let names = elements.iter().filter_map(|element| element.get("AttributeName")?.as_str().map(Str::from));
    Ok(Some(names.collect()))
}

/// At most ten names, for a sentence.
pub(super) fn listed(names: &[&str]) -> String {
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    format!("{}{more}", names[..names.len().min(10)].join(", "))
}

/// `Table` of DescribeTable.
pub(super) async fn describe(service: &dyn Dynamodb, table_name: &str) -> Result<Option<Value>, ServiceError> {
    match service.call(Operation::DescribeTable, value!({ "TableName": table_name })).await {
        Ok(response) => Ok(Some(response.body.at(&["Table"]).clone())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn create(service: &dyn Dynamodb, table: &TableDefinition) -> Result<(), ServiceError> {
    service.call(Operation::CreateTable, create_table(table)).await?;
    let deadline = Instant::now() + PATIENCE;
    while describe(service, &table.table_name).await?.is_none_or(|table| table.at(&["TableStatus"]).as_str() != Some("ACTIVE")) {
        wait(deadline, "made", &table.table_name).await?;
    }
    if let Some(specification) = table.time_to_live_specification.as_ref().filter(|specification| specification.enabled) {
        service.call(Operation::UpdateTimeToLive, update_time_to_live(&table.table_name, specification)).await?;
    }
    Ok(())
}

/// Waits a moment for a service that makes and deletes tables in the background, as AWS does.
async fn wait(deadline: Instant, done: &str, table_name: &str) -> Result<(), ServiceError> {
    if Instant::now() >= deadline {
        let message = format!("the table `{table_name}` is not {done} after {} seconds", PATIENCE.as_secs());
        return Err(ServiceError::new("LimitExceededException", message, 400, ""));
    }
    sleep(Duration::from_millis(200)).await;
    Ok(())
}

fn is_absent(error: &ServiceError) -> bool {
    &*error.code == "ResourceNotFoundException"
}

fn refused(table: &TableDefinition, error: &ServiceError) -> Diagnostic {
    const RULES: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html";
    let name = &table.table_name;
    let found = if &*error.code == "ValidationException" {
        let message = format!("DynamoDB refuses the table `{name}`: {}", error.message);
        Diagnostic::error("table-refused", message).help(format!("the rules are those of CreateTable: {RULES}"))
    } else {
        // No connection, no permission, a quota: nothing that the definition could mend.
        let message = format!("cannot make or compare the table `{name}`: {}", error.message);
        Diagnostic::error("table-unreachable", message).help(format!("the service said {}", error.code))
    };
    at(found, table.place.as_ref())
}

fn at(diagnostic: Diagnostic, place: Option<&Place>) -> Diagnostic {
    match place {
        Some(place) => diagnostic.at(&place.source, place.span.clone()),
        None => diagnostic,
    }
}
