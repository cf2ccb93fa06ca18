//! `nextToken`: where a page ended, sealed. Clients see neither keys nor structure, and a token works only where it was given:
//! in the same API and resolver, for the same table, index, operation and segment ("these pagination tokens cannot be used
//! across different resolvers"). Key conditions, filters, limit and direction are not part of that: a condition may hold the
//! present time, and a start key outside the partition that is asked for is refused by the service itself.

use std::sync::Arc;

use value::{Object, Str, Value};

use super::error::invalid_token;
use super::fields::Read;
use crate::data_source::Call;

/// Authenticated encryption of tokens.
pub trait SealTokens: Send + Sync + std::fmt::Debug {
    /// Text that hides `plain` and opens only with the same `context`.
    fn seal(&self, context: &[u8], plain: &[u8]) -> String;

    /// What was sealed; `None` for a text that was not, that was changed, or that has another context.
    fn open(&self, context: &[u8], text: &str) -> Option<Vec<u8>>;
}

/// The tokens of one API.
#[derive(Clone, Debug)]
pub struct NextTokens {
    api_id: Str,
    sealer: Arc<dyn SealTokens>,
}

impl NextTokens {
    /// Tokens that are valid in the API `api_id` only.
    #[must_use]
    pub fn new(api_id: Str, sealer: Arc<dyn SealTokens>) -> Self {
        Self { api_id, sealer }
    }
}

/// What a token is bound to.
pub(super) struct Scope<'a> {
    pub(super) tokens: &'a NextTokens,
    pub(super) call: &'a Call,
    pub(super) table: &'a str,
    pub(super) operation: &'static str,
    pub(super) index: &'a str,
    /// `totalSegments` and `segment` of a parallel scan.
    pub(super) segment: Option<(i64, i64)>,
}

/// What a token holds.
#[derive(Debug, PartialEq)]
pub(super) struct Position {
    /// The last key of the page before.
    pub(super) key: Value,
    /// When the first page of a `Sync` was asked for.
    pub(super) started_at: Option<i64>,
}

impl Scope<'_> {
    fn context(&self) -> Vec<u8> {
        let mut context = Vec::with_capacity(96);
        let parts = [&*self.tokens.api_id, &*self.call.parent_type, &*self.call.field, self.table, self.operation, self.index];
        for part in parts {
            context.extend_from_slice(&(part.len() as u64).to_be_bytes());
            context.extend_from_slice(part.as_bytes());
        }
        if let Some((total, segment)) = self.segment {
            context.extend_from_slice(&total.to_be_bytes());
            context.extend_from_slice(&segment.to_be_bytes());
        }
        context
    }

    /// The token of a page that ended at a key; null after the last page.
    pub(super) fn seal(&self, key: Value, started_at: Option<i64>) -> Value {
        if key.is_null() {
            return Value::Null;
        }
        let mut position = Object::with_capacity(2);
        position.insert("k", key);
        if let Some(started_at) = started_at {
            position.insert("s", started_at);
        }
        self.tokens.sealer.seal(&self.context(), Value::from(position).to_json().as_bytes()).into()
    }

    /// Where the page of a token begins.
    pub(super) fn open(&self, token: &str) -> Read<Position> {
        let plain = self.tokens.sealer.open(&self.context(), token).ok_or_else(invalid_token)?;
        let mut position = Value::parse(&plain).map_err(|_| invalid_token())?;
        let started_at = position.get("s").and_then(Value::as_i64);
        let key = super::wire::take(&mut position, "k");
        Ok(Position { key, started_at })
    }
}
