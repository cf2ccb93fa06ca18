//! What went wrong, in the RDS Data API's names and words.
//!
//! Messages never hold a connection string, a user's password or the values of parameters.

const TOO_LARGE: &str = "Database returned more than the allowed response size limit";

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The SQLSTATE, where the database gave one.
    pub sqlstate: Option<String>,
    /// The vendor's own error number, where it has one (MySQL, SQLite).
    pub code: Option<i64>,
    /// The API's sentence.
    pub message: String,
}

/// The exceptions of the RDS Data API that a database can cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is not one that the API takes.
    BadRequest,
    /// One statement's text holds several.
    Validation,
    /// The database refused a statement.
    Database,
    /// A result that the API cannot show: its type or its size.
    UnsupportedResult,
    /// The deadline passed; the statement was cancelled.
    StatementTimeout,
    /// No connection: the server cannot be reached, refuses, or all connections are in use.
    DatabaseUnavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// The exception's name.
    #[must_use]
    pub fn exception(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequestException",
            Self::Validation => "ValidationException",
            Self::Database => "DatabaseErrorException",
            Self::UnsupportedResult => "UnsupportedResultException",
            Self::StatementTimeout => "StatementTimeoutException",
            Self::DatabaseUnavailable => "DatabaseUnavailableException",
            Self::Internal => "InternalServerErrorException",
        }
    }

    /// The HTTP status that the service answers with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::DatabaseUnavailable => 504,
            Self::Internal => 500,
            _ => 400,
        }
    }
}

impl DatabaseError {
    /// An error without codes.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, sqlstate: None, code: None, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(ErrorKind::UnsupportedResult, TOO_LARGE)
    }

    /// Whether the statement was given up while rows were still to come.
    pub(crate) fn leaves_rows_behind(&self) -> bool {
        self.kind == ErrorKind::UnsupportedResult && self.message == TOO_LARGE
    }

    /// The server's own sentence would name the user.
    pub(crate) fn refused_credentials(sqlstate: &str) -> Self {
        let message = format!("the database refused the credentials or the access of this user; SQLState: {sqlstate}");
        Self { sqlstate: Some(sqlstate.to_owned()), ..Self::new(ErrorKind::DatabaseUnavailable, message) }
    }

    /// `name` as the database spells the type.
    pub(crate) fn unsupported_type(name: &str) -> Self {
        let message = format!("The result contains the unsupported data type {}.", name.to_uppercase());
        Self::new(ErrorKind::UnsupportedResult, message)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(ErrorKind::StatementTimeout, "Request timed out")
    }

    /// Whatever sqlx reports besides errors of the database itself. Its text may name hosts, never credentials.
    pub(crate) fn driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::new(ErrorKind::DatabaseUnavailable, format!("Communications link failure: {error}"))
            }
            sqlx::Error::Configuration(_) => Self::bad_request("the database's URL or its options are not valid"),
            other => Self::new(ErrorKind::Internal, other.to_string()),
        }
    }
}
