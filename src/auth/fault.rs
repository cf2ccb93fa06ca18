//! Why a request is not let in, with AppSync's types, statuses and sentences (contract: errors, HTTP level).

use http::StatusCode;

use super::sigv4::SignatureError;

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// No header that any configured mode could use.
    #[error("Valid authorization header not provided.")]
    NoCredentials,
    /// A wrong or expired credential, or several where one is expected.
    #[error("You are not authorized to make this call.")]
    NotAuthorized,
    /// A Lambda authorizer that cannot be invoked, or whose answer makes no sense.
    #[error("The Lambda authorizer could not be asked.")]
    Authorizer,
    /// A signature that is none.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A token that is refused. The sentence is AppSync's; the reason is for the log.
    #[error("{}", sentence(.0))]
    Token(jwt_verifier::Error),
}

/// What AppSync says of a token. It says no more, lest it helps somebody who tries.
fn sentence(error: &jwt_verifier::Error) -> &'static str {
    use jwt_verifier::Error;
    match error {
        Error::Malformed(_) | Error::TooLong { .. } => "Unable to parse JWT token.",
        Error::Expired | Error::IssuedTooLongAgo | Error::AuthenticatedTooLongAgo => "Token has expired.",
        // Nothing that the caller did.
        Error::KeysUnavailable(_) => "The keys of the token's issuer are not available.",
        _ => "You are not authorized to make this call.",
    }
}

impl AuthFault {
    /// `errorType` of the answer, also its `x-amzn-ErrorType` header.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::NoCredentials | Self::NotAuthorized | Self::Token(_) => "UnauthorizedException",
            Self::Authorizer => "BadRequestException",
            Self::Signature(error) => error.code(),
        }
    }

    /// Why, where the answer does not say it: for the log of the server's owner. Never holds a credential.
    #[must_use]
    pub fn reason(&self) -> Option<&dyn std::fmt::Display> {
        match self {
            Self::Token(error) => Some(error),
            Self::NoCredentials | Self::NotAuthorized | Self::Authorizer | Self::Signature(_) => None,
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::NotAuthorized | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Authorizer => StatusCode::BAD_REQUEST,
            Self::Signature(_) => StatusCode::FORBIDDEN,
        }
    }

    /// `message` of the answer. AppSync gives none where the authorizer is to blame; what happened is in the log.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Authorizer => None,
            _ => Some(self.to_string()),
        }
    }
}
