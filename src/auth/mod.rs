//! Who is calling: one file per authorization mode, and what the caller may do. Fails closed.
//!
//! [`Authenticator`] is the front door: it holds the modes an API is configured with and turns the headers of a request into an
//! [`Identity`] or an [`AuthFault`]. A mode that is not built yet has no representation here, so an API that asks for one cannot
//! be constructed: the compiler of definitions reports [`unsupported`] instead.

mod api_key;
mod development_key;
pub mod sigv4;

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use value::Value;

use crate::definition::AuthenticationType;

pub use api_key::{ApiKey, ApiKeys};
pub use development_key::{create_api_key, keep};

/// The authenticated caller of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// A request with a valid API key; `ctx.identity` is null.
    ApiKey,
    /// A caller inside this process whom the definition names, an event rule for instance.
    Named {
        /// The mode that fields are judged by.
        authentication_type: AuthenticationType,
        /// `ctx.identity`
        context: Value,
    },
}

impl Identity {
    /// `ctx.identity`, in the shape AppSync gives it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Identity::ApiKey => Value::Null,
            Identity::Named { context, .. } => context.clone(),
        }
    }
}

/// The authorization modes of one API, ready to judge requests.
#[derive(Debug)]
pub struct Authenticator {
    api_keys: ApiKeys,
}

impl Authenticator {
    /// An API whose only mode is `API_KEY`. Without any key every request is refused.
    #[must_use]
    pub fn api_key(api_keys: ApiKeys) -> Self {
        Self { api_keys }
    }

    /// Judges a request by its headers at the time `now`.
    ///
    /// # Errors
    /// [`AuthFault`] when no configured mode accepts the request.
    pub fn authenticate(&self, headers: &HeaderMap, now: SystemTime) -> Result<Identity, AuthFault> {
        self.api_keys.authenticate(headers, now)
    }
}

/// Why a request is not let in; the texts are AppSync's (contract: errors, HTTP level).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// No header that any configured mode could use.
    #[error("Valid authorization header not provided.")]
    NoCredentials,
    /// A wrong or expired credential, or several where one is expected.
    #[error("You are not authorized to make this call.")]
    NotAuthorized,
}

impl AuthFault {
    /// `errorType` of the answer, also its `x-amzn-ErrorType` header.
    #[must_use]
    pub fn error_type(self) -> &'static str {
        "UnauthorizedException"
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}

/// The message for an API that is configured with an authorization mode which this version cannot enforce.
#[must_use]
pub fn unsupported(mode: &str) -> String {
    format!(
        "authorization mode {mode} is not supported yet: the API is not served, because its requests could not be checked; \
         the supported mode is API_KEY"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_mode_is_refused_by_name() {
        assert!(unsupported("AWS_IAM").starts_with("authorization mode AWS_IAM is not supported yet"));
    }

    #[test]
    fn an_api_key_caller_has_no_identity() {
        assert_eq!(Identity::ApiKey.to_value(), Value::Null);
    }
}
