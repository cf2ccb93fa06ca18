//! Amazon Resource Names, which say where tables are: a region and an account.
//!
//! The engine knows one place, whose region is its own name. What it answers is renamed to the place the tables are said to be
//! in, and what callers name there is renamed back. [Tables may be named](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html)
//! by their ARN wherever an item is read or written.

use value::{Object, Value};

use crate::Operation;

/// Where the engine says its tables are.
const ENGINE_REGION: &str = dynoxide::streams::LOCAL_REGION;
const ENGINE_ACCOUNT: &str = dynoxide::streams::LOCAL_ACCOUNT;

/// Where tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    region: String,
    account: String,
}

impl Default for Location {
    fn default() -> Self {
        Self::new("us-east-1", "000000000000")
    }
}

impl Location {
    pub(super) fn new(region: &str, account: &str) -> Self {
        Self { region: region.to_owned(), account: account.to_owned() }
    }

    /// Names tables and streams of a request as the engine does.
    pub(super) fn enter(&self, operation: Operation, request: &mut Value) {
        const ARN: &str = "arn:";
        let is_arn = |member: &str| request.get(member).and_then(Value::as_str).is_some_and(|name| name.starts_with(ARN));
        // Most requests name no ARN, and may be shared.
        if !is_arn("TableName") && !is_arn("ExclusiveStartStreamArn") && request.get("TransactItems").is_none() {
            return;
        }
        let Some(members) = request.as_object_mut() else { return };
        self.name_table(members);
        match operation {
            Operation::ListStreams => {
                if let Some(Value::String(arn)) = members.get("ExclusiveStartStreamArn") {
                    let ours = format!("arn:aws:dynamodb:{}:{}:", self.region, self.account);
                    if let Some(rest) = arn.strip_prefix(&ours) {
                        let arn = format!("arn:aws:dynamodb:{ENGINE_REGION}:{ENGINE_ACCOUNT}:{rest}");
                        members.insert("ExclusiveStartStreamArn", arn);
                    }
                }
            }
            Operation::TransactWriteItems | Operation::TransactGetItems => {
                let Some(Value::List(items)) = members.get("TransactItems") else { return };
                if !items
                    .iter()
                    .any(|item| item.as_object().is_some_and(|item| item.values().any(|action| self.table(action).is_some())))
                {
                    return;
                }
                let rename = |item: &Value| {
                    let Some(actions) = item.as_object() else { return item.clone() };
                    let rename = |action: &Value| {
                        let mut action = action.clone();
                        if let Some(members) = action.as_object_mut() {
                            self.name_table(members);
                        }
                        action
                    };
                    let mut renamed = Object::with_capacity(actions.len());
                    for (name, action) in actions {
                        renamed.insert(name.clone(), rename(action));
                    }
                    renamed.into()
                };
                let items: Value = items.iter().map(rename).collect();
                members.insert("TransactItems", items);
            }
            _ => {}
        }
    }

    fn name_table(&self, members: &mut Object) {
        if let Some(name) = members.get("TableName").and_then(|name| self.name(name)).map(ToOwned::to_owned) {
            members.insert("TableName", name);
        }
    }

    /// The table that an action names by its ARN.
    fn table<'a>(&self, action: &'a Value) -> Option<&'a str> {
        self.name(action.get("TableName")?)
    }

    /// The name in a table's ARN of this place.
    fn name<'a>(&self, table: &'a Value) -> Option<&'a str> {
        let place = table.as_str()?.strip_prefix("arn:aws:dynamodb:")?.strip_prefix(self.region.as_str())?;
        place.strip_prefix(':')?.strip_prefix(self.account.as_str())?.strip_prefix(":table/")
    }

    /// Names tables and streams of an answer as this place does.
    pub(super) fn leave(&self, operation: Operation, answer: &mut Value) {
        match operation {
            Operation::CreateTable
            | Operation::DescribeTable
            | Operation::DeleteTable
            | Operation::UpdateTable
            | Operation::ListStreams => self.rename(answer),
            Operation::GetRecords => {
                let Some(members) = answer.as_object_mut() else { return };
                let Some(Value::List(records)) = members.get("Records") else { return };
                let rename = |record: &Value| {
                    let mut record = record.clone();
                    if let Some(members) = record.as_object_mut() {
                        members.insert("awsRegion", self.region.as_str());
                    }
                    record
                };
                let records: Value = records.iter().map(rename).collect();
                members.insert("Records", records);
            }
            _ => {}
        }
    }

    /// Renames ARNs in descriptions, which hold nothing of the caller's that could look like one. They are as deep as the API.
    fn rename(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for service in ["dynamodb", "kms"] {
                    let engine = format!("arn:aws:{service}:{ENGINE_REGION}:{ENGINE_ACCOUNT}:");
                    if let Some(rest) = text.strip_prefix(&engine) {
                        *value = format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.account).into();
                        return;
                    }
                }
            }
            Value::List(items) => {
                let renamed = items.iter().map(|item| self.renamed(item)).collect();
                *value = renamed;
            }
            Value::Object(members) => {
                let mut renamed = Object::with_capacity(members.len());
                for (name, member) in &**members {
                    renamed.insert(name.clone(), self.renamed(member));
                }
                *value = renamed.into();
            }
            _ => {}
        }
    }

    fn renamed(&self, value: &Value) -> Value {
        let mut value = value.clone();
        self.rename(&mut value);
        value
    }
}
