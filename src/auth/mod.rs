//! Who is calling: one file per authorization mode, and what the caller may do. Fails closed.

use value::Value;

/// The authenticated caller of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// A request with a valid API key; `ctx.identity` is null.
    ApiKey,
}

impl Identity {
    /// `ctx.identity`, in the shape AppSync gives it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Identity::ApiKey => Value::Null,
        }
    }
}
