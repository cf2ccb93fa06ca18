//! Reads files of items through before something is deleted for them: a table must not go for a file that is not there, or whose
//! items have no place in the new one.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use dynamodb::Dynamodb;
use tokio::runtime::Handle;
use value::{Number, Object, Str, Value};

use super::ItemFormat;
use super::ensure::describe;
use super::item_file::{self, Entry, Position, Write};
use super::seed::{Failure, SeedFile, no_such_table};
use crate::definition::TableDefinition;

/// Reads every file to its end and looks at the key of every item. `tables` are made anew, so their definition says what a key
/// is; any other table must be there.
///
/// # Errors
/// The first thing that [`super::seed::seed`] could not write, as far as the files and the keys tell.
pub async fn check(
    service: Arc<dyn Dynamodb>,
    files: Vec<SeedFile>,
    format: Option<ItemFormat>,
    tables: &[TableDefinition],
) -> Result<(), Failure> {
    let keys = tables.iter().map(|table| (Str::clone(&table.table_name), Key::defined(table))).collect();
    let mut check = Check { service, keys };
    let reading = tokio::task::spawn_blocking(move || files.iter().try_for_each(|file| check.file(file, format)));
    reading.await.unwrap_or_else(|error| {
        Err(Failure { place: "the files".into(), message: format!("reading them was given up: {error}") })
    })
}

/// The attributes of a key with their types.
struct Key(Vec<(Str, Str)>);

impl Key {
    fn defined(table: &TableDefinition) -> Self {
        let types = table.attribute_definitions.iter();
        let types = types.map(|definition| (&definition.attribute_name, definition.attribute_type.name()));
        let types: HashMap<&Str, &str> = types.collect();
        let names = table.key_schema.iter().map(|element| &element.attribute_name);
        Self(names.map(|name| (Str::clone(name), types.get(name).copied().unwrap_or_default().into())).collect())
    }

    /// `Table` of DescribeTable.
    fn described(table: &Value) -> Self {
        let text = |value: &Value, name: &str| Str::from(value.get(name).and_then(Value::as_str).unwrap_or_default());
        let list = |name: &str| table.get(name).and_then(Value::as_list).unwrap_or_default();
        let types = list("AttributeDefinitions").iter();
        let types: HashMap<Str, Str> = types.map(|one| (text(one, "AttributeName"), text(one, "AttributeType"))).collect();
        let names = list("KeySchema").iter().map(|element| text(element, "AttributeName"));
        Self(names.map(|name| (Str::clone(&name), types.get(&name).cloned().unwrap_or_default())).collect())
    }

    /// What DynamoDB would say, in its words where it has some.
    fn check(&self, write: &Write) -> Result<(), String> {
        const NO_MATCH: &str = "The provided key element does not match the schema";
        let none = Object::new();
        match write {
            Write::Put(item) => {
                let item = item.as_object().unwrap_or(&none);
                self.0.iter().try_for_each(|(name, kind)| match item.get(name) {
                    Some(value) => key_attribute(name, kind, value),
                    None => Err(format!("One or more parameter values were invalid: Missing the key {name} in the item")),
                })
            }
            Write::Delete(key) => {
                let key = key.as_object().unwrap_or(&none);
                let fits =
                    |(name, kind): &(Str, Str)| key.get(name).is_some_and(|value| key_attribute(name, kind, value).is_ok());
                if key.len() == self.0.len() && self.0.iter().all(fits) { Ok(()) } else { Err(NO_MATCH.into()) }
            }
        }
    }
}

/// An attribute of a key; a type that the definition does not say is left to DynamoDB.
fn key_attribute(name: &str, expected: &str, value: &Value) -> Result<(), String> {
    let member = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let Some((kind, content)) = member else {
        return Err(format!("the key attribute {name} is no attribute value, for instance {{\"S\": \"text\"}}"));
    };
    if expected.is_empty() {
        return Ok(());
    }
    if **kind != *expected {
        return Err(format!(
            "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {kind}"
        ));
    }
    match content.as_str() {
        None => Err(format!("the key attribute {name} of type {kind} is no string but {}", content.kind())),
        Some("") if expected != "N" => {
            let what = if expected == "S" { "string" } else { "binary" };
            Err(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {name}"
            ))
        }
        Some(text) if expected == "N" && Number::from_text(text.strip_prefix('+').unwrap_or(text)).is_none() => {
            // The service shows the text, where there is one.
            let shown = if text.is_empty() { String::new() } else { format!(": {text}") };
            Err(format!("The parameter cannot be converted to a numeric value{shown}"))
        }
        Some(_) => Ok(()),
    }
}

struct Check {
    service: Arc<dyn Dynamodb>,
    keys: HashMap<Str, Key>,
}

impl Check {
    fn file(&mut self, file: &SeedFile, format: Option<ItemFormat>) -> Result<(), Failure> {
        let failure =
            |position: Position, message: String| Failure { place: format!("{}{position}", file.path.display()), message };
        // What a pipe has given once is gone.
        if std::fs::metadata(&file.path).is_ok_and(|metadata| !metadata.is_file()) {
            let message = "is no regular file: it would be read twice, before a table is deleted and after";
            return Err(failure(Position::File, message.into()));
        }
        let mut refused = None;
        let result = item_file::read(&file.path, format, &|_| (), &mut |entry| {
            let position = entry.position;
            match self.entry(&entry, file.table.as_ref()) {
                Ok(()) => ControlFlow::Continue(()),
                Err(message) => {
                    refused = Some((position, message));
                    ControlFlow::Break(())
                }
            }
        });
        match result.err().map(|fault| (fault.position, fault.message)).or(refused) {
            Some((position, message)) => Err(failure(position, message)),
            None => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry, table: Option<&Str>) -> Result<(), String> {
        let Some(table) = entry.table.as_ref().or(table) else {
            return Err("which table is it for? Say it with --table".into());
        };
        if !self.keys.contains_key(table) {
            let service = &*self.service;
            let described = Handle::current().block_on(async {
                match describe(service, table).await {
                    Ok(Some(described)) => Ok(Key::described(&described)),
                    Ok(None) => Err(no_such_table(service, table).await),
                    Err(error) => Err(error.message),
                }
            });
            self.keys.insert(Str::clone(table), described?);
        }
        self.keys[table].check(&entry.write)
    }
}

#[cfg(test)]
mod tests {
    use dynamodb::{Embedded, Operation};
    use value::value;

    use super::*;

    #[tokio::test]
    async fn keys_are_refused_as_the_engine_refuses_them() {
        let engine = Embedded::memory().expect("an engine");
        let table = value!({
            "TableName": "posts",
            "KeySchema": [
                { "AttributeName": "id", "KeyType": "HASH" },
                { "AttributeName": "at", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "at", "AttributeType": "N" },
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "raw", "AttributeType": "B" },
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by_raw",
                "KeySchema": [{ "AttributeName": "raw", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "ALL" },
            }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        engine.call(Operation::CreateTable, table).await.expect("a table");
        let key = Key::described(&describe(&engine, "posts").await.expect("an answer").expect("a table"));
        let mut differences = Vec::new();
        let mut compare =
            |item: &Value, ours: Result<(), String>, engines: Result<dynamodb::Response, dynamodb::ServiceError>| {
                // The engine writes this before some sentences that stand alone at DynamoDB.
                let sentence = |message: String| message.trim_start_matches("1 validation error detected: ").to_owned();
                let engines = engines.map(|_| ()).map_err(|error| sentence(error.message));
                if ours != engines {
                    differences.push(format!("{item}\n  ours {ours:?}\n  engine {engines:?}"));
                }
            };
        for item in [
            r#"{"id":{"S":"1"},"at":{"N":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"N":"-1.5e3"},"more":{"BOOL":true}}"#,
            r#"{"at":{"N":"1"}}"#,
            r#"{"id":{"S":"1"}}"#,
            r#"{"id":{"N":"1"},"at":{"N":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"S":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"NULL":true}}"#,
            r#"{"id":{"S":""},"at":{"N":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"N":"one"}}"#,
            r#"{"id":{"S":"1"},"at":{"N":""}}"#,
        ] {
            let item = Value::parse(item.as_bytes()).expect("JSON");
            let put = engine.call(Operation::PutItem, value!({ "TableName": "posts", "Item": (item.clone()) })).await;
            compare(&item, key.check(&Write::Put(item.clone())), put);
        }
        for item in [
            r#"{"id":{"S":"1"},"at":{"N":"1"}}"#,
            r#"{"id":{"S":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"N":"1"},"more":{"N":"1"}}"#,
            r#"{"id":{"S":"1"},"at":{"S":"1"}}"#,
        ] {
            let item = Value::parse(item.as_bytes()).expect("JSON");
            let delete = engine.call(Operation::DeleteItem, value!({ "TableName": "posts", "Key": (item.clone()) })).await;
            compare(&item, key.check(&Write::Delete(item.clone())), delete);
        }
        assert!(
            differences.is_empty(),
            "{}",
            differences.join(
                "
"
            )
        );
    }
}
