//! `BatchGetItem`, `BatchPutItem` and `BatchDeleteItem` over many tables.
//!
//! The result names every table of the request and has a place for every key or item, in the order of the request: null where
//! nothing was found or nothing was done. What the service leaves unprocessed is asked again as long as that helps; the rest is
//! in the result, beside an error, with what was done. A batch that meets the deadline of its request has no result.

use std::collections::HashMap;
use std::time::Duration;

use dynamodb::Operation;
use value::{Object, Str, Value};

use super::convert::{attributes, into_plain};
use super::expression::Expressions;
use super::fields::{Fields, Place, Read, list, refuse};
use super::wire::{self, into_list, set, single, take};
use super::{DynamodbDataSource, Failed};
use crate::canonical::canonical;
use crate::data_source::{Call, DataSourceError};

/// After so many attempts in a row that processed nothing, the rest is unprocessed.
const FRUITLESS_ATTEMPTS: u32 = 2;

/// Before asking again after an attempt that processed nothing.
const PAUSE: Duration = Duration::from_millis(50);

/// The part of a batch that concerns one table.
struct Table {
    name: Str,
    /// Keys or items, in the API's form.
    requested: Vec<Value>,
    /// Where each of them stands, by its canonical text, once `index` was called.
    places: HashMap<String, Vec<usize>>,
    results: Vec<Value>,
    /// Attributes of the key that a projection leaves out; they are asked for to tell the items apart.
    extra: Vec<Str>,
}

impl Table {
    fn new(name: &Str, requested: Vec<Value>) -> Self {
        let results = vec![Value::Null; requested.len()];
        Self { name: Str::clone(name), requested, places: HashMap::new(), results, extra: Vec::new() }
    }

    /// Makes keys or items known by their text: at once when reading, when writing only if something is left.
    fn index(&mut self) {
        self.places.reserve(self.requested.len());
        for (at, value) in self.requested.iter().enumerate() {
            self.places.entry(canonical(value)).or_default().push(at);
        }
    }

    /// The attributes of an item that its key has.
    fn key_of(&self, item: &Value) -> Value {
        let names = self.requested.first().and_then(Value::as_object).into_iter().flat_map(Object::keys);
        names.filter_map(|name| Some((Str::clone(name), item.get(name)?.clone()))).collect::<Object>().into()
    }

    /// Puts an item that was found in its places.
    fn found(&mut self, item: Value) {
        let Some(places) = self.places.get(&canonical(&self.key_of(&item))) else { return };
        let mut item = into_plain(item);
        if !self.extra.is_empty()
            && let Some(object) = item.as_object_mut()
        {
            object.retain(|name, _| !self.extra.iter().any(|extra| **extra == *name));
        }
        for &at in places {
            self.results[at] = item.clone();
        }
    }
}

/// What the three operations differ in.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Get,
    Put,
    Delete,
}

impl Kind {
    fn operation(self) -> Operation {
        if self == Kind::Get { Operation::BatchGetItem } else { Operation::BatchWriteItem }
    }

    /// The member of a response with what was left.
    fn unprocessed(self) -> &'static str {
        if self == Kind::Get { "UnprocessedKeys" } else { "UnprocessedItems" }
    }

    /// The keys or items of a table among what was left.
    fn left(self, table: &Value) -> Vec<Value> {
        match self {
            Kind::Get => table.get("Keys").and_then(Value::as_list).unwrap_or_default().to_vec(),
            Kind::Put => list_at(table, &["PutRequest", "Item"]),
            Kind::Delete => list_at(table, &["DeleteRequest", "Key"]),
        }
    }
}

fn list_at(table: &Value, path: &[&str]) -> Vec<Value> {
    table.as_list().unwrap_or_default().iter().map(|request| request.at(path).clone()).collect()
}

impl DynamodbDataSource {
    pub(super) async fn batch_get_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        let place = Place::Member(fields.place, "tables");
        let mut request_items = Object::new();
        let mut tables = Vec::new();
        for (name, value) in named_tables(fields, &place)?.object {
            let place = Place::Member(&place, name);
            let mut request = Object::with_capacity(4);
            // An example of the reference has the list of keys directly under the table.
            let (keys, section) = match value {
                Value::List(_) => (typed_list(value, &place, "keys")?, None),
                other => {
                    let section = Fields::of(other, &place)?;
                    section.only(&["keys", "consistentRead", "projection"])?;
                    if let Some(consistent) = section.boolean("consistentRead")? {
                        set(&mut request, &wire::CONSISTENT_READ, consistent);
                    }
                    (typed_list(section.required("keys")?, &place, "keys")?, Some(section))
                }
            };
            set(&mut request, &wire::KEYS, Value::from(keys.clone()));
            let mut table = Table::new(name, keys);
            table.index();
            if let Some(section) = section {
                table.extra = projection(&section, &table, &mut request)?;
            }
            request_items.insert(Str::clone(name), request);
            tables.push(table);
        }
        self.batch(Kind::Get, request_items, tables, call).await
    }

    pub(super) async fn batch_put_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        self.batch_write(Kind::Put, fields, call).await
    }

    pub(super) async fn batch_delete_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        self.batch_write(Kind::Delete, fields, call).await
    }

    async fn batch_write(&self, kind: Kind, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        let place = Place::Member(fields.place, "tables");
        let mut request_items = Object::new();
        let mut tables = Vec::new();
        for (name, value) in named_tables(fields, &place)?.object {
            let items = typed_list(value, &Place::Member(&place, name), if kind == Kind::Put { "items" } else { "keys" })?;
            let request = |item: &Value| match kind {
                Kind::Put => single(&wire::PUT_REQUEST, single(&wire::ITEM, item)),
                _ => single(&wire::DELETE_REQUEST, single(&wire::KEY, item)),
            };
            request_items.insert(Str::clone(name), items.iter().map(request).collect::<Value>());
            let mut table = Table::new(name, items);
            table.results = table.requested.iter().cloned().map(into_plain).collect();
            tables.push(table);
        }
        self.batch(kind, request_items, tables, call).await
    }

    /// Asks until nothing is left or it does not help; answers with everything that is known then, except at the deadline.
    async fn batch(&self, kind: Kind, request_items: Object, mut tables: Vec<Table>, call: &Call) -> Read<Value> {
        let mut pending = Value::from(request_items);
        let failure = match self.permit_all(kind.operation().name(), &tables) {
            Err(denied) => Some(denied),
            Ok(()) => self.process(kind, &mut pending, &mut tables, call).await?,
        };
        let mut data = Object::with_capacity(tables.len());
        let mut unprocessed = Object::with_capacity(tables.len());
        for mut table in tables {
            let left = pending.get(&table.name).map(|pending| kind.left(pending)).unwrap_or_default();
            if kind != Kind::Get && !left.is_empty() {
                table.index();
                for item in &left {
                    for &at in table.places.get(&canonical(item)).into_iter().flatten() {
                        table.results[at] = Value::Null;
                    }
                }
            }
            data.insert(Str::clone(&table.name), table.results);
            unprocessed.insert(table.name, left.into_iter().map(into_plain).collect::<Value>());
        }
        let mut result = Object::with_capacity(2);
        set(&mut result, &wire::DATA, data);
        result.insert(if kind == Kind::Put { "unprocessedItems" } else { "unprocessedKeys" }, unprocessed);
        match failure {
            None => Ok(result.into()),
            Some(mut error) => {
                error.data = result.into();
                Err(error)
            }
        }
    }

    /// Leaves in `pending` what could not be done.
    async fn process(&self, kind: Kind, pending: &mut Value, tables: &mut [Table], call: &Call) -> Read<Option<DataSourceError>> {
        let mut fruitless = 0;
        loop {
            let before = count(kind, pending);
            let mut request = Object::with_capacity(1);
            set(&mut request, &wire::REQUEST_ITEMS, &*pending);
            let mut body = match self.send(kind.operation(), request, call).await {
                Ok(body) => body,
                Err(failed @ Failed::Deadline) => return Err(failed.into()),
                Err(failed @ Failed::Service(_)) => return Ok(Some(failed.into())),
            };
            let mut responses = take(&mut body, "Responses");
            for table in tables.iter_mut() {
                into_list(take(&mut responses, &table.name)).into_iter().for_each(|item| table.found(item));
            }
            *pending = take(&mut body, kind.unprocessed());
            let left = count(kind, pending);
            if left == 0 {
                return Ok(None);
            }
            if left < before {
                fruitless = 0;
                continue;
            }
            fruitless += 1;
            if fruitless >= FRUITLESS_ATTEMPTS {
                return Ok(Some(DataSourceError::new(
                    "DynamoDB:ProvisionedThroughputExceededException",
                    format!("The service left {left} of the batch unprocessed, also when it was asked again."),
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn permit_all(&self, action: &str, tables: &[Table]) -> Read<()> {
        tables.iter().try_for_each(|table| self.permit(action, &table.name))
    }
}

fn count(kind: Kind, pending: &Value) -> usize {
    let keys_or_items = |table: &Value| match kind {
        Kind::Get => table.get("Keys").and_then(Value::as_list).map_or(0, <[Value]>::len),
        _ => table.as_list().map_or(0, <[Value]>::len),
    };
    pending.as_object().into_iter().flatten().map(|(_, table)| keys_or_items(table)).sum()
}

/// The member `tables`.
fn named_tables<'a>(fields: &Fields<'a>, place: &'a Place<'a>) -> Read<Fields<'a>> {
    fields.only(&["version", "operation", "tables"])?;
    let tables = Fields::of(fields.required("tables")?, place)?;
    if tables.object.is_empty() {
        return Err(refuse(format!("Expected at least one table for field '{place}'.")));
    }
    Ok(tables)
}

/// The keys or items of a table, of which there must be one.
fn typed_list(value: &Value, place: &Place<'_>, what: &str) -> Read<Vec<Value>> {
    let items = list(value, place)?;
    if items.is_empty() {
        return Err(refuse(format!("RequestItem {what} '{place}' can't be empty")));
    }
    items.iter().enumerate().map(|(at, item)| attributes(item, &Place::Item(place, at))).collect()
}

/// Sets the projection of a table and gives the attributes of the key that had to be added to it.
fn projection(section: &Fields<'_>, table: &Table, request: &mut Object) -> Read<Vec<Str>> {
    let mut expressions = Expressions::default();
    expressions.projection(section, request)?;
    let mut extra = Vec::new();
    let expression = request.get("ProjectionExpression").and_then(Value::as_str).map(str::to_owned);
    // An empty expression stays what it is: the service has a sentence for it.
    if let Some(mut expression) = expression.filter(|expression| !expression.trim().is_empty()) {
        for name in table.requested.first().and_then(Value::as_object).into_iter().flat_map(Object::keys) {
            let first = |path: &str| path.trim().split(['.', '[']).next().map(str::to_owned).unwrap_or_default();
            if !expression.split(',').any(|path| expressions.resolve(&first(path)) == &**name) {
                extra.push(Str::clone(name));
            }
        }
        for name in &extra {
            expression.push_str(", ");
            expression.push_str(&expressions.add_name(name));
        }
        set(request, &wire::PROJECTION_EXPRESSION, expression);
    }
    expressions.finish(request);
    Ok(extra)
}
