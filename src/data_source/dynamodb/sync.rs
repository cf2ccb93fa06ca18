//! `Sync` without versioning: the base table, page by page.
//!
//! The reference makes `Sync` an operation of versioned data sources. What needs no version, the base query that a client starts
//! with, is answered here; `lastSync` asks for the delta table and is refused. `basePartitionKey` and `deltaIndexName` say how
//! the delta table is read and have no part in it.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use dynamodb::Operation;
use value::Value;

use super::DynamodbDataSource;
use super::expression::Expressions;
use super::fields::{Fields, Read, refuse};
use super::next_token::Scope;
use super::read::page;
use super::wire::{self, set};
use crate::data_source::Call;

/// How many items a page evaluates unless the request says otherwise, and at most (reference, `limit`).
const LIMITS: (i64, i64) = (100, 1000);

impl DynamodbDataSource {
    pub(super) async fn sync(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        fields.only(&[
            "version",
            "operation",
            "basePartitionKey",
            "deltaIndexName",
            "limit",
            "nextToken",
            "lastSync",
            "filter",
        ])?;
        fields.text("basePartitionKey")?;
        fields.text("deltaIndexName")?;
        if fields.integer("lastSync")?.is_some() {
            return Err(refuse(
                "The field '$[lastSync]' needs the delta table of a versioned data source, and this one is unversioned. Without \
                 'lastSync', Sync answers from the base table.",
            ));
        }
        let limit = fields.integer("limit")?.unwrap_or(LIMITS.0);
        if !(1..=LIMITS.1).contains(&limit) {
            return Err(refuse(format!(
                "Expected a number from 1 to {} for field '$[limit]' but got {limit} instead.",
                LIMITS.1
            )));
        }
        if !self.sync_explained.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                table = &*self.table_name,
                field = format!("{}.{}", call.parent_type, call.field),
                "Sync on an unversioned data source answers from the base table; AppSync has Sync on versioned data sources only"
            );
        }
        let mut request = self.on_table(6);
        set(&mut request, &wire::LIMIT, limit);
        let mut expressions = Expressions::default();
        expressions.section(fields, "filter", &wire::FILTER_EXPRESSION, &mut request)?;
        expressions.finish(&mut request);
        let scope = Scope { tokens: &self.tokens, call, table: &self.table_name, operation: "Sync", index: "", segment: None };
        let mut started_at = None;
        if let Some(token) = fields.text("nextToken")? {
            let position = scope.open(token)?;
            started_at = position.started_at;
            set(&mut request, &wire::EXCLUSIVE_START_KEY, position.key);
        }
        // All pages of one sync have the first page's moment.
        let started_at = started_at.unwrap_or_else(now_ms);
        let body = self.send(Operation::Scan, request, call).await?;
        let mut result = page(body, &scope, Some(started_at));
        set(&mut result, &wire::STARTED_AT, started_at);
        Ok(result.into())
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
