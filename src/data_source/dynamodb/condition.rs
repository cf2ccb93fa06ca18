//! Conditions of `PutItem`, `UpdateItem` and `DeleteItem`, and what AppSync makes of one that fails (reference, "Handling a
//! condition check failure").
//!
//! The item is compared with what the request wanted to reach: equal is success, else the error carries the item, or the function
//! of a `Custom` handler decides (`handler`). The service hands the item out together with the failure, so no other writer comes
//! between; only when it gives none (there is no item, or the endpoint is older than that ability) the item is read.

use dynamodb::{Operation, ServiceError};
use value::{Object, Str, Value};

use super::convert::into_plain;
use super::expression::Expressions;
use super::fields::{Fields, Place, Read, list, refuse};
use super::handler::Decision;
use super::wire::{self, set, take};
use super::{DynamodbDataSource, error};
use crate::canonical::canonical;
use crate::data_source::lambda::FunctionReference;
use crate::data_source::{Call, DataSource};

/// How to handle the failure of a condition.
#[derive(Debug)]
pub(super) struct Condition {
    equals_ignore: Vec<Str>,
    consistent_read: bool,
    /// The function that a `Custom` handler asks.
    custom: Option<Str>,
}

/// The state that a request wants to reach.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// This item.
    Item(&'a Value),
    /// No item.
    Nothing,
    /// It depends on the state before.
    Unknown,
}

/// Reads `condition`, if it is there, into the request.
pub(super) fn read(fields: &Fields<'_>, expressions: &mut Expressions, request: &mut Object) -> Read<Option<Condition>> {
    let Some(section) = fields.optional("condition") else { return Ok(None) };
    let place = Place::Member(fields.place, "condition");
    let section = Fields::of(section, &place)?;
    section.only(&[
        "expression",
        "expressionNames",
        "expressionValues",
        "equalsIgnore",
        "consistentRead",
        "conditionalCheckFailedHandler",
    ])?;
    let expression = expressions.expression(&section)?;
    set(request, &wire::CONDITION_EXPRESSION, expression);
    set(request, &wire::RETURN_VALUES_ON_FAILURE, &*wire::ALL_OLD);
    Ok(Some(Condition {
        custom: handler(&section)?,
        equals_ignore: equals_ignore(&section)?,
        consistent_read: section.boolean("consistentRead")?.unwrap_or(true),
    }))
}

fn equals_ignore(section: &Fields<'_>) -> Read<Vec<Str>> {
    let Some(names) = section.optional("equalsIgnore") else { return Ok(Vec::new()) };
    let place = Place::Member(section.place, "equalsIgnore");
    let name = |(at, name): (usize, &Value)| match name {
        Value::String(name) => Ok(Str::clone(name)),
        other => {
            let place = Place::Item(&place, at);
            let found = super::fields::json_type(other);
            Err(refuse(format!("Expected the name of an attribute for field '{place}' but got '{found}' instead.")))
        }
    };
    list(names, &place)?.iter().enumerate().map(name).collect()
}

/// The ARN of a `Custom` handler.
fn handler(section: &Fields<'_>) -> Read<Option<Str>> {
    let Some(handler) = section.optional("conditionalCheckFailedHandler") else { return Ok(None) };
    let place = Place::Member(section.place, "conditionalCheckFailedHandler");
    let handler = Fields::of(handler, &place)?;
    handler.only(&["strategy", "lambdaArn"])?;
    let lambda = handler.text("lambdaArn")?;
    match (&**handler.required_text("strategy")?, lambda) {
        ("Reject", None) => Ok(None),
        ("Reject", Some(_)) => {
            Err(refuse(format!("The field '{place}[lambdaArn]' must only be specified when 'strategy' is 'Custom'.")))
        }
        ("Custom", None) => handler.required("lambdaArn").map(|_| None),
        // Refused before anything is written, not at the first conflict.
        ("Custom", Some(arn)) if FunctionReference::read(arn).is_none() => {
            Err(refuse(format!("The field '{place}[lambdaArn]' is neither the ARN nor the name of a function: {arn}.")))
        }
        ("Custom", Some(arn)) => Ok(Some(Str::clone(arn))),
        (other, _) => Err(refuse(format!(
            "Unsupported value '{other}' for field '{place}[strategy]'. The values are 'Reject' and 'Custom'."
        ))),
    }
}

impl DynamodbDataSource {
    /// The result of a request whose condition failed; other errors pass.
    pub(super) async fn condition_failed(
        &self,
        condition: Condition,
        key: Value,
        mut failure: ServiceError,
        wanted: Wanted<'_>,
        fields: &Fields<'_>,
        call: &Call,
    ) -> Read<Value> {
        if *failure.code != *"ConditionalCheckFailedException" {
            return Err(error::service(&failure));
        }
        let mut refused = error::service(&failure);
        let current = match failure.item.take().filter(|item| !item.is_null()) {
            Some(item) => item,
            None => {
                let mut request = self.on_table(2);
                set(&mut request, &wire::KEY, key);
                set(&mut request, &wire::CONSISTENT_READ, condition.consistent_read);
                let Ok(mut body) = self.send(Operation::GetItem, request, call).await else { return Err(refused) };
                take(&mut body, "Item")
            }
        };
        let reached = match wanted {
            Wanted::Item(item) => !current.is_null() && condition.equal(item, &current),
            Wanted::Nothing => current.is_null(),
            Wanted::Unknown => false,
        };
        if reached {
            return Ok(into_plain(current));
        }
        let decision = match &condition.custom {
            Some(function) => self.decide(function, fields, &current, call).await?,
            None => Decision::Reject,
        };
        match decision {
            Decision::Retry(request) => self.invoke(request, call).await,
            Decision::Discard => Ok(into_plain(current)),
            Decision::Reject => {
                refused.data = into_plain(current);
                Err(refused)
            }
        }
    }
}

impl Condition {
    fn equal(&self, wanted: &Value, current: &Value) -> bool {
        let compared = |item: &Value| {
            let mut item = item.clone();
            if !self.equals_ignore.is_empty()
                && let Some(object) = item.as_object_mut()
            {
                object.retain(|name, _| !self.equals_ignore.iter().any(|ignored| **ignored == *name));
            }
            canonical(&item)
        };
        compared(wanted) == compared(current)
    }
}
