//! Cognito's errors, and those of opening a pool.

use std::path::PathBuf;

use crate::definition::DefinitionError;

/// The type of an error of Cognito's API, as in the API reference's list of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API reference, which says what each one means")]
pub enum ErrorType {
    AliasExistsException,
    CodeMismatchException,
    ExpiredCodeException,
    GroupExistsException,
    InternalErrorException,
    InvalidParameterException,
    InvalidPasswordException,
    LimitExceededException,
    MissingAuthenticationTokenException,
    NotAuthorizedException,
    PasswordResetRequiredException,
    ResourceNotFoundException,
    SerializationException,
    UnknownOperationException,
    UnsupportedTokenTypeException,
    UnsupportedUserStateException,
    UserNotConfirmedException,
    UserNotFoundException,
    UsernameExistsException,
}

impl ErrorType {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AliasExistsException => "AliasExistsException",
            Self::CodeMismatchException => "CodeMismatchException",
            Self::ExpiredCodeException => "ExpiredCodeException",
            Self::GroupExistsException => "GroupExistsException",
            Self::InternalErrorException => "InternalErrorException",
            Self::InvalidParameterException => "InvalidParameterException",
            Self::InvalidPasswordException => "InvalidPasswordException",
            Self::LimitExceededException => "LimitExceededException",
            Self::MissingAuthenticationTokenException => "MissingAuthenticationTokenException",
            Self::NotAuthorizedException => "NotAuthorizedException",
            Self::PasswordResetRequiredException => "PasswordResetRequiredException",
            Self::ResourceNotFoundException => "ResourceNotFoundException",
            Self::SerializationException => "SerializationException",
            Self::UnknownOperationException => "UnknownOperationException",
            Self::UnsupportedTokenTypeException => "UnsupportedTokenTypeException",
            Self::UnsupportedUserStateException => "UnsupportedUserStateException",
            Self::UserNotConfirmedException => "UserNotConfirmedException",
            Self::UserNotFoundException => "UserNotFoundException",
            Self::UsernameExistsException => "UsernameExistsException",
        }
    }

    /// The HTTP status: 400 for whatever the caller can change, 500 for the rest.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InternalErrorException => 500,
            _ => 400,
        }
    }
}

/// An error of an operation: what Cognito answers, with Cognito's text where it is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", error_type.name())]
pub struct ApiError {
    /// Its type.
    pub error_type: ErrorType,
    /// Its text. Never holds a password, a code or a token.
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Self { error_type, message: message.into() }
    }

    pub(crate) fn not_authorized(message: impl Into<String>) -> Self {
        Self::new(ErrorType::NotAuthorizedException, message)
    }

    /// One text for an unknown user and a wrong password, so that they cannot be told apart.
    pub(crate) fn wrong_password() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorType::InvalidParameterException, message)
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new(ErrorType::UserNotFoundException, "User does not exist.")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorType::ResourceNotFoundException, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorType::InternalErrorException, message)
    }

    pub(crate) fn code_mismatch() -> Self {
        Self::new(ErrorType::CodeMismatchException, "Invalid verification code provided, please try again.")
    }

    pub(crate) fn code_expired() -> Self {
        Self::new(ErrorType::ExpiredCodeException, "Invalid code provided, please request a code again.")
    }
}

/// Why pools could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A definition breaks a rule.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A file could not be read or written.
    #[error("the user pool's file {} could not be {action}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written` …
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else than this version writes.
    #[error("the user pool's file {} is damaged or of another version: {reason}; move it away to start anew", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never a part of its content.
        reason: String,
    },
    /// Another process changes the same folder.
    #[error("the user pool's folder {} is in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

/// Why a token could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The pool has no such client.
    #[error("user pool {pool} has no app client {client:?}; its app clients are: {known}")]
    UnknownClient {
        /// The pool's id.
        pool: String,
        /// The client asked for.
        client: String,
        /// The clients there are.
        known: String,
    },
    /// A claim that the pool itself sets.
    #[error("the claim {0:?} is set by the user pool and cannot be given")]
    ReservedClaim(String),
    /// A lifetime of zero, or one that ends beyond what a token can say.
    #[error("a token must live for at least one second and at most ten years")]
    Lifetime,
    /// The signing key could not be made or read.
    #[error(transparent)]
    Key(#[from] OpenError),
}
