//! DynamoDB's own API behind one trait.
//!
//! [`Dynamodb`] takes an [`Operation`] with its request and gives the response or a [`ServiceError`], all in the shapes of the
//! [API reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/), attribute values as `{"S": "text"}`. Two
//! things speak it: [`Embedded`], an engine in this process whose tables live in one file or in memory, and [`Remote`], AWS or
//! any endpoint that behaves like it.
//!
//! Nothing here knows AppSync, GraphQL or HTTP servers.

mod checks;
mod embedded;
mod error;
mod operation;
mod remote;
mod request_id;

use futures_util::future::BoxFuture;
use value::{Str, Value};

pub use embedded::{Durability, Embedded, OpenError};
pub use error::{CancellationReason, ServiceError};
pub use operation::Operation;
pub use remote::{Credentials, Remote, RemoteSettings};

/// Whatever answers DynamoDB's operations.
pub trait Dynamodb: Send + Sync + std::fmt::Debug {
    /// Runs one operation. Dropping the future gives up waiting; a write may be done all the same.
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>>;
}

/// What an operation answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The response body in the API's own shape.
    pub body: Value,
    /// `x-amzn-RequestId`
    pub request_id: Str,
}
