//! Where resolvers get their data: one file or folder per kind, one interface for all.
//!
//! A data source takes the evaluated request of a resolver, a plain [`Value`], and gives the raw result that the response handler
//! sees as `ctx.result`. It knows nothing of GraphQL: which field asks is in [`Call`] for messages and traces only.

pub mod bedrock;
pub mod dynamodb;
pub mod eventbridge;
mod fields;
pub mod http;
pub mod lambda;
mod none;
pub mod opensearch;
pub mod rds;
mod services;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use value::{Str, Value};

pub use self::bedrock::BedrockRuntimeDataSource;
pub use self::eventbridge::EventBridgeDataSource;
pub use self::http::HttpDataSource;
pub use self::opensearch::OpenSearchDataSource;
pub use none::NoneDataSource;
pub use services::Services;

/// What a data source may know about the resolver that calls it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When the whole GraphQL request must be answered; an answer after that moment is of no use.
    pub deadline: Instant,
    /// The type whose field is resolved.
    pub parent_type: Str,
    /// The field that is resolved.
    pub field: Str,
    /// The name of the field's type, without lists and non-null.
    pub output_type: Str,
    /// `ctx.arguments`
    pub arguments: Value,
    /// `ctx.identity`
    pub identity: Value,
    /// Where somebody wants to know whether the answer was another's too.
    pub shared: Option<Arc<AtomicBool>>,
}

impl Call {
    /// The call of a field's resolver.
    #[must_use]
    pub fn new(parent_type: &Str, field: &Str, deadline: Instant) -> Self {
        let (parent_type, field) = (Str::clone(parent_type), Str::clone(field));
        let (output_type, arguments, identity) = (Str::default(), Value::Null, Value::Null);
        Self { deadline, parent_type, field, output_type, arguments, identity, shared: None }
    }

    /// The answer is the one that an equal request gets.
    pub fn is_shared(&self) {
        if let Some(shared) = &self.shared {
            shared.store(true, Ordering::Relaxed);
        }
    }

    /// With what functions may see that decide on behalf of the resolver.
    #[must_use]
    pub fn on_behalf(mut self, arguments: Value, identity: &Value, output_type: &Str) -> Self {
        self.arguments = arguments;
        self.identity = identity.clone();
        self.output_type = Str::clone(output_type);
        self
    }
}

/// A place that resolvers read from and write to.
pub trait DataSource: Send + Sync + std::fmt::Debug {
    /// Runs one request.
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>>;

    /// How requests of one field on many parents become one call; `None` where each stands alone.
    fn gathering(&self) -> Option<&dyn Gathering> {
        None
    }

    /// The request of a resolver that has none of its own, from its whole context; `None` where resolvers must have one.
    /// `batching` says that the resolver has a batch size.
    fn direct_request(&self, _context: Value, _batching: bool) -> Option<Value> {
        None
    }
}

/// A data source that answers the requests of many parents with one call, if their resolver asks for that.
pub trait Gathering: Send + Sync {
    /// How many requests one call takes when the resolver's `maxBatchSize` is `max_batch_size`.
    fn batch_size(&self, max_batch_size: u32) -> usize;

    /// An empty batch for at most `size` requests.
    fn batch(&self, size: usize) -> Box<dyn Batch + '_>;
}

/// Requests on different parents, on their way to one call.
pub trait Batch: Send {
    /// Offers a request.
    ///
    /// # Errors
    /// What is wrong with the request; the others are not touched.
    fn add(&mut self, request: &Value) -> Result<Placed, DataSourceError>;

    /// Whether nothing is to be gained by waiting for further requests.
    fn is_full(&self) -> bool;

    /// Makes the call; the results stand in the order in which requests were taken.
    fn send<'a>(self: Box<Self>, call: &'a Call) -> BoxFuture<'a, Vec<Result<Value, DataSourceError>>>
    where
        Self: 'a;
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Into this batch.
    Here,
    /// Into another batch: this one is full, or of another kind. An empty batch never says so.
    Elsewhere,
    /// Into none: [`DataSource::invoke`] takes it.
    Alone,
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
    /// `ctx.error.unhandledErrorType`: what a function itself called its error, or null. Only errors of Lambda data sources have
    /// it (aws-appsync-community#386).
    pub unhandled_error_type: Option<Value>,
}

impl DataSourceError {
    /// An error without data.
    #[must_use]
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            data: Value::Null,
            error_info: Value::Null,
            unhandled_error_type: None,
        }
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
