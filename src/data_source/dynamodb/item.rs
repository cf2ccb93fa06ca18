//! `GetItem`, `PutItem`, `UpdateItem` and `DeleteItem`.

use dynamodb::Operation;
use value::{Object, Str, Value};

use super::condition::{self, Condition, Wanted};
use super::convert::{attributes, into_plain};
use super::expression::Expressions;
use super::fields::{Fields, Place, Read, refuse};
use super::wire::{self, set, take};
use super::{DynamodbDataSource, Failed};
use crate::data_source::Call;

/// The typed values of a member that must be there.
pub(super) fn typed(fields: &Fields<'_>, name: &str) -> Read<Value> {
    attributes(fields.required(name)?, &Place::Member(fields.place, name))
}

/// The item of a `PutItem`: `attributeValues` and `key`, which has the last word.
pub(super) fn whole_item(fields: &Fields<'_>, key: &Value) -> Read<Value> {
    if fields.optional("attributeValues").is_none() {
        return Ok(key.clone());
    }
    let attributes = typed(fields, "attributeValues")?;
    let (Some(key), Some(rest)) = (key.as_object(), attributes.as_object()) else { return Ok(attributes) };
    let mut item = Object::with_capacity(key.len() + rest.len());
    for (name, value) in key.iter().chain(rest.iter().filter(|(name, _)| !key.contains_key(name))) {
        item.insert(Str::clone(name), value);
    }
    Ok(item.into())
}

/// Members that only versioned data sources have. `customPartitionKey` and `populateIndexFields` say how delta records are
/// written, so there is nothing to do without a delta table; `_version` asks for a check that would not be made.
fn unversioned(fields: &Fields<'_>) -> Read<()> {
    fields.text("customPartitionKey")?;
    fields.boolean("populateIndexFields")?;
    match fields.optional("_version") {
        None => Ok(()),
        Some(_) => Err(refuse(
            "The field '$[_version]' is only supported on versioned data sources, and this one is not. A condition on an \
             attribute, 'version = :expected' for instance, does the same.",
        )),
    }
}

impl DynamodbDataSource {
    pub(super) async fn get_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&["version", "operation", "key", "consistentRead", "projection"])?;
        let mut request = self.on_table(4);
        set(&mut request, &wire::KEY, typed(fields, "key")?);
        if let Some(consistent) = fields.boolean("consistentRead")? {
            set(&mut request, &wire::CONSISTENT_READ, consistent);
        }
        let mut expressions = Expressions::default();
        expressions.projection(fields, &mut request)?;
        expressions.finish(&mut request);
        let mut body = self.send(Operation::GetItem, request, call).await?;
        Ok(into_plain(take(&mut body, "Item")))
    }

    pub(super) async fn put_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&[
            "version",
            "operation",
            "key",
            "attributeValues",
            "condition",
            "customPartitionKey",
            "populateIndexFields",
            "_version",
        ])?;
        unversioned(fields)?;
        let mut request = self.on_table(5);
        let key = typed(fields, "key")?;
        let item = whole_item(fields, &key)?;
        set(&mut request, &wire::ITEM, &item);
        let mut expressions = Expressions::default();
        let condition = condition::read(fields, &mut expressions, &mut request)?;
        expressions.finish(&mut request);
        match (self.send(Operation::PutItem, request, call).await, condition) {
            (Ok(_), _) => Ok(into_plain(item)),
            (Err(Failed::Service(error)), Some(condition)) => {
                self.condition_failed(condition, key, *error, Wanted::Item(&item), fields, call).await
            }
            (Err(failed), _) => Err(failed.into()),
        }
    }

    pub(super) async fn update_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&[
            "version",
            "operation",
            "key",
            "update",
            "condition",
            "customPartitionKey",
            "populateIndexFields",
            "_version",
        ])?;
        unversioned(fields)?;
        let mut request = self.on_table(7);
        let key = typed(fields, "key")?;
        set(&mut request, &wire::KEY, &key);
        let mut expressions = Expressions::default();
        fields.required("update")?;
        expressions.section(fields, "update", &wire::UPDATE_EXPRESSION, &mut request)?;
        let condition = condition::read(fields, &mut expressions, &mut request)?;
        set(&mut request, &wire::RETURN_VALUES, &*wire::ALL_NEW);
        expressions.finish(&mut request);
        let changed = self.send(Operation::UpdateItem, request, call).await;
        self.attributes(changed, condition.map(|condition| (condition, key)), Wanted::Unknown, fields, call).await
    }

    pub(super) async fn delete_item(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&["version", "operation", "key", "condition", "customPartitionKey", "populateIndexFields", "_version"])?;
        unversioned(fields)?;
        let mut request = self.on_table(6);
        let key = typed(fields, "key")?;
        set(&mut request, &wire::KEY, &key);
        let mut expressions = Expressions::default();
        let condition = condition::read(fields, &mut expressions, &mut request)?;
        set(&mut request, &wire::RETURN_VALUES, &*wire::ALL_OLD);
        expressions.finish(&mut request);
        let changed = self.send(Operation::DeleteItem, request, call).await;
        self.attributes(changed, condition.map(|condition| (condition, key)), Wanted::Nothing, fields, call).await
    }

    /// The attributes that a change answered, or what became of its condition.
    async fn attributes(
        &self,
        changed: Result<Value, Failed>,
        condition: Option<(Condition, Value)>,
        wanted: Wanted<'_>,
        fields: &Fields<'_>,
        call: &Call,
    ) -> Read<Value> {
        match (changed, condition) {
            (Ok(mut body), _) => Ok(into_plain(take(&mut body, "Attributes"))),
            (Err(Failed::Service(error)), Some((condition, key))) => {
                self.condition_failed(condition, key, *error, wanted, fields, call).await
            }
            (Err(failed), _) => Err(failed.into()),
        }
    }
}
