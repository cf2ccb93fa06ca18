//! Plans by document text and operation name, bounded in bytes.
//!
//! A cache belongs to one compiled API, so a new schema begins with an empty one. Refusals are kept as well: a client that
//! repeats a wrong document costs no more than one that is right.

use std::sync::Arc;

use value::Str;

use super::error::RequestError;
use super::plan::Plan;

/// How many bytes of plans and documents are kept.
const CAPACITY: u64 = 64 * 1024 * 1024;

/// What became of a document.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// It can be executed.
    Plan(Arc<Plan>),
    /// It is refused: HTTP 200 with these errors.
    Refused(Arc<[RequestError]>),
    /// It does not parse: HTTP 400.
    Unparsable,
}

/// The plan cache.
pub struct PlanCache(moka::sync::Cache<Key, Prepared>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    query: Str,
    operation_name: Option<Str>,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self(
            moka::sync::Cache::builder()
                .max_capacity(CAPACITY)
                .weigher(|key: &Key, prepared: &Prepared| {
                    let plan = match prepared {
                        Prepared::Plan(plan) => plan.weight,
                        Prepared::Refused(errors) => errors.iter().map(|error| error.message.len() + 64).sum(),
                        Prepared::Unparsable => 0,
                    };
                    u32::try_from(plan + key.query.len() + 256).unwrap_or(u32::MAX)
                })
                .build(),
        )
    }
}

impl std::fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlanCache").field("entries", &self.0.entry_count()).finish()
    }
}

impl PlanCache {
    /// What became of this document, made by `prepare` the first time.
    pub fn get(&self, query: &Str, operation_name: Option<&Str>, prepare: impl FnOnce() -> Prepared) -> Prepared {
        let key = Key { query: Arc::clone(query), operation_name: operation_name.cloned() };
        if let Some(prepared) = self.0.get(&key) {
            return prepared;
        }
        let prepared = prepare();
        self.0.insert(key, prepared.clone());
        prepared
    }
}
