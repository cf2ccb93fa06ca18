//! `util.transform.*`: filters of several kinds from AppSync's filter objects.

pub(crate) mod dynamodb_filter;
mod search;
mod subscription;

use value::Value;

use crate::arguments::Arguments;
use crate::{Failure, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("transform.toDynamoDBFilterExpression", |_, values| {
        dynamodb_expression(Arguments::new("transform.toDynamoDBFilterExpression", values))
    }),
    Utility::both("transform.toDynamoDBConditionExpression", |_, values| {
        dynamodb_expression(Arguments::new("transform.toDynamoDBConditionExpression", values))
    }),
    Utility::both("transform.toElasticsearchQueryDSL", |_, values| {
        search::query_dsl(Arguments::new("transform.toElasticsearchQueryDSL", values))
    }),
    Utility::both("transform.toSubscriptionFilter", |_, values| {
        subscription::filter(Arguments::new("transform.toSubscriptionFilter", values))
    }),
];

/// A JSON string, or null for a filter that cannot be rendered (recorded).
fn dynamodb_expression(arguments: Arguments<'_>) -> Result<Value, Failure> {
    if !arguments.get(1).is_null() {
        return Err(arguments.refuse("a second argument is not supported: pass one filter object"));
    }
    crate::dynamodb::check_depth(&arguments, arguments.get(0))?;
    Ok(dynamodb_filter::render(arguments.get(0)).map_or(Value::Null, |expression| expression.to_json().into()))
}
