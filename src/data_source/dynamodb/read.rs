//! `Query` and `Scan`.

use dynamodb::Operation;
use value::{Number, Object, Value};

use super::DynamodbDataSource;
use super::convert::into_plain;
use super::expression::Expressions;
use super::fields::{Fields, Read, refuse};
use super::next_token::Scope;
use super::wire::{self, into_list, set, take};
use crate::data_source::Call;

const SELECT: [&str; 3] = ["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"];

/// Items, token and count of a page.
pub(super) fn page(mut body: Value, scope: &Scope<'_>, started_at: Option<i64>) -> Object {
    let mut result = Object::with_capacity(4);
    let items: Vec<Value> = into_list(take(&mut body, "Items")).into_iter().map(into_plain).collect();
    set(&mut result, &wire::ITEMS, items);
    set(&mut result, &wire::NEXT_TOKEN, scope.seal(take(&mut body, "LastEvaluatedKey"), started_at));
    let scanned = take(&mut body, "ScannedCount");
    set(&mut result, &wire::SCANNED_COUNT, if scanned.is_null() { Value::Number(Number::from(0i64)) } else { scanned });
    result
}

impl DynamodbDataSource {
    pub(super) async fn query(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&[
            "version",
            "operation",
            "query",
            "index",
            "nextToken",
            "limit",
            "scanIndexForward",
            "consistentRead",
            "select",
            "filter",
            "projection",
        ])?;
        let mut request = self.on_table(11);
        fields.required("query")?;
        let mut expressions = Expressions::default();
        expressions.section(fields, "query", &wire::KEY_CONDITION_EXPRESSION, &mut request)?;
        if let Some(forward) = fields.boolean("scanIndexForward")? {
            set(&mut request, &wire::SCAN_INDEX_FORWARD, forward);
        }
        self.read(Operation::Query, fields, expressions, request, None, call).await
    }

    pub(super) async fn scan(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&[
            "version",
            "operation",
            "index",
            "nextToken",
            "limit",
            // The reference does not list it; the request builder of `@aws-appsync/utils/dynamodb` passes it on.
            "scanIndexForward",
            "consistentRead",
            "select",
            "totalSegments",
            "segment",
            "filter",
            "projection",
        ])?;
        if fields.boolean("scanIndexForward")? == Some(false) {
            return Err(refuse("The field '$[scanIndexForward]' has no meaning for Scan, which has no order. Query has one."));
        }
        let mut request = self.on_table(11);
        let segment = match (fields.integer("totalSegments")?, fields.integer("segment")?) {
            (Some(total), Some(segment)) => {
                set(&mut request, &wire::TOTAL_SEGMENTS, total);
                set(&mut request, &wire::SEGMENT, segment);
                Some((total, segment))
            }
            (None, None) => None,
            (total, _) => {
                fields.required(if total.is_none() { "totalSegments" } else { "segment" })?;
                None
            }
        };
        self.read(Operation::Scan, fields, Expressions::default(), request, segment, call).await
    }

    /// What both have in common.
    async fn read(
        &self,
        operation: Operation,
        fields: &Fields<'_>,
        mut expressions: Expressions,
        mut request: Object,
        segment: Option<(i64, i64)>,
        call: &Call,
    ) -> Read<Value> {
        let index = fields.text("index")?;
        if let Some(index) = index {
            set(&mut request, &wire::INDEX_NAME, index);
        }
        if let Some(limit) = fields.integer("limit")? {
            set(&mut request, &wire::LIMIT, limit);
        }
        if let Some(consistent) = fields.boolean("consistentRead")? {
            set(&mut request, &wire::CONSISTENT_READ, consistent);
        }
        if let Some(select) = fields.text("select")? {
            if !SELECT.contains(&&**select) {
                return Err(refuse(format!(
                    "Unsupported value '{select}' for field '$[select]'. The values are {}.",
                    SELECT.join(", ")
                )));
            }
            set(&mut request, &wire::SELECT, select);
        }
        expressions.section(fields, "filter", &wire::FILTER_EXPRESSION, &mut request)?;
        expressions.projection(fields, &mut request)?;
        expressions.finish(&mut request);
        let scope = Scope {
            tokens: &self.tokens,
            call,
            table: &self.table_name,
            operation: operation.name(),
            index: index.map_or("", |index| &**index),
            segment,
        };
        if let Some(token) = fields.text("nextToken")? {
            set(&mut request, &wire::EXCLUSIVE_START_KEY, scope.open(token)?.key);
        }
        let body = self.send(operation, request, call).await?;
        Ok(page(body, &scope, None).into())
    }
}
