//! Where resolvers get their data: one file or folder per kind, one interface for all.
//!
//! A data source takes the evaluated request of a resolver, a plain [`Value`], and gives the raw result that the response handler
//! sees as `ctx.result`. It knows nothing of GraphQL: which field asks is in [`Call`] for messages and traces only.

pub mod dynamodb;
pub mod http;
mod none;
mod services;

use std::time::Instant;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use value::{Str, Value};

pub use self::http::HttpDataSource;
pub use none::NoneDataSource;
pub use services::Services;

/// How many requests of one batch are under way together where a kind has no batch operation of its own.
const BATCH_CONCURRENCY: usize = 16;

/// What a data source may know about the resolver that calls it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When the whole GraphQL request must be answered; an answer after that moment is of no use.
    pub deadline: Instant,
    /// The type whose field is resolved.
    pub parent_type: Str,
    /// The field that is resolved.
    pub field: Str,
}

impl Call {
    /// The call of a field's resolver.
    #[must_use]
    pub fn new(parent_type: &Str, field: &Str, deadline: Instant) -> Self {
        Self { deadline, parent_type: Str::clone(parent_type), field: Str::clone(field) }
    }
}

/// A place that resolvers read from and write to.
pub trait DataSource: Send + Sync + std::fmt::Debug {
    /// Runs one request.
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>>;

    /// Runs the requests of one field on many parents; the results stand in the order of the requests.
    fn invoke_batch<'a>(&'a self, requests: Vec<Value>, call: &'a Call) -> BoxFuture<'a, Vec<Result<Value, DataSourceError>>> {
        let calls: Vec<_> = requests.into_iter().map(|request| self.invoke(request, call)).collect();
        stream::iter(calls).buffered(BATCH_CONCURRENCY).collect().boxed()
    }
}

/// A failed call, as `ctx.error` and the GraphQL error show it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct DataSourceError {
    /// `errorType`, `ctx.error.type`.
    pub error_type: String,
    /// `message`, `ctx.error.message`.
    pub message: String,
    /// `data` of the GraphQL error.
    pub data: Value,
    /// `errorInfo` of the GraphQL error.
    pub error_info: Value,
}

impl DataSourceError {
    /// An error without data.
    #[must_use]
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into(), data: Value::Null, error_info: Value::Null }
    }

    /// A request that does not have the form its data source needs; AppSync files these under the mapping template.
    #[must_use]
    pub fn mapping_template(message: impl Into<String>) -> Self {
        Self::new("MappingTemplate", message)
    }

    /// A required member of the request is missing, in AppSync's words.
    #[must_use]
    pub fn missing_field(name: &str) -> Self {
        Self::mapping_template(format!("Value for field '$[{name}]' not found."))
    }
}

/// The message for a definition that names a kind of data source which this version cannot serve.
#[must_use]
pub fn unsupported(kind: &str) -> String {
    format!("data source type {kind} is not supported yet; the supported types are NONE, HTTP and AMAZON_DYNAMODB")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use value::value;

    use super::*;

    #[tokio::test]
    async fn a_batch_answers_in_the_order_of_its_requests() {
        let call = Call { deadline: Instant::now() + Duration::from_secs(1), parent_type: "Query".into(), field: "f".into() };
        let requests = (0..40).map(|at| value!({"payload": at})).collect();
        let results = NoneDataSource.invoke_batch(requests, &call).await;
        let expected: Vec<_> = (0..40).map(|at| Ok(value!(at))).collect();
        assert_eq!(results, expected);
    }

    #[test]
    fn an_unsupported_kind_is_refused_by_name() {
        assert!(unsupported("AWS_LAMBDA").starts_with("data source type AWS_LAMBDA is not supported yet"));
    }
}
