//! Plans by document text and operation name, bounded in bytes.
//!
//! A cache belongs to one compiled API, so a new schema begins with an empty one. Refusals are kept as well: a client that
//! repeats a wrong document costs no more than one that is right.

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;
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
pub struct PlanCache(moka::sync::Cache<Key, Prepared, DefaultHashBuilder>);

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
                    // All that a client can make long counts: names of operations and places of errors too.
                    let prepared = match prepared {
                        Prepared::Plan(plan) => plan.weight,
                        Prepared::Refused(errors) => errors
                            .iter()
                            .map(|error| error.message.len() + error.locations.as_ref().map_or(0, Vec::len) * 8 + 64)
                            .sum(),
                        Prepared::Unparsable => 0,
                    };
                    let key = key.query.len() + key.operation_name.as_ref().map_or(0, |name| name.len());
                    u32::try_from(prepared + key + 256).unwrap_or(u32::MAX)
                })
                // The standard library's hasher costs a microsecond for each KB of query text.
                .build_with_hasher(DefaultHashBuilder::default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(cache: &PlanCache) -> u64 {
        cache.0.run_pending_tasks();
        cache.0.weighted_size()
    }

    #[test]
    fn a_document_is_prepared_once_for_each_operation_name() {
        let cache = PlanCache::default();
        let mut prepared = 0;
        for (query, name) in [("{ a }", None), ("{ a }", None), ("{ a }", Some("A")), ("{ b }", None), ("{ a }", Some("A"))] {
            let name = name.map(Str::from);
            cache.get(&query.into(), name.as_ref(), || {
                prepared += 1;
                Prepared::Unparsable
            });
        }
        assert_eq!(prepared, 3);
    }

    #[test]
    fn everything_a_client_makes_long_has_weight() {
        let long = "x".repeat(1_000_000);
        let places = vec![super::super::ast::Position::default(); 100_000];
        let error = RequestError { message: String::new(), locations: Some(places) };
        let check = |query: &str, name: Option<&str>, prepared: Prepared| {
            let cache = PlanCache::default();
            cache.get(&query.into(), name.map(Str::from).as_ref(), || prepared);
            assert!(weight(&cache) >= 800_000, "{}", weight(&cache));
        };
        check(&long, None, Prepared::Unparsable);
        check("{", Some(&long), Prepared::Unparsable);
        check("{", None, Prepared::Refused([error].into()));
        check("{", None, Prepared::Refused([RequestError::new(long.clone(), None)].into()));
    }
}
