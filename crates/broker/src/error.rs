//! What a broker's address may be refused for, and why a connection ended.
//!
//! No message repeats a URL: it may hold a password, and where it is malformed nobody knows which part that is.

use std::path::PathBuf;

/// Why a broker cannot be set up. A broker that is merely down is no error: see [`crate::connect`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No URL, or a scheme that no broker here speaks.
    #[error("a broker's URL starts with nats://, tls:// (NATS over TLS), redis:// or rediss:// (Redis over TLS)")]
    UnknownScheme,
    /// A scheme that belongs to one of the brokers, in a form that is not supported.
    #[error("the broker's URL scheme {scheme} is not supported: {reason}")]
    UnsupportedScheme {
        /// The scheme that was written.
        scheme: &'static str,
        /// What to write instead.
        reason: &'static str,
    },
    /// Not a URL, or one without what it needs.
    #[error("the broker's URL cannot be read: {0} (user names and passwords are percent-encoded in it)")]
    MalformedUrl(&'static str),
    /// A query parameter that nothing here reads.
    #[error("the broker's URL has an option that is not known: it takes {known}")]
    UnknownOption {
        /// What may be written.
        known: &'static str,
    },
    /// A known query parameter whose value cannot be used.
    #[error("the option {name} of the broker's URL cannot be used: {reason}")]
    InvalidOption {
        /// Its name.
        name: &'static str,
        /// What it may be.
        reason: &'static str,
    },
    /// A certificate or key file that cannot be used.
    #[error("{}: {reason} (option {name} of the broker's URL)", path.display())]
    Certificate {
        /// The option that names the file.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The connection is kept by a task, and there is nothing to run it.
    #[error("a broker over the network needs a Tokio runtime")]
    NoRuntime,
}

/// Why a connection could not be made, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("no answer within {0} seconds")]
    TimedOut(u64),
    /// The broker's own words.
    #[error("the broker answered: {0}")]
    Refused(String),
    #[error("{0}")]
    Protocol(&'static str),
    #[error("the connection was closed")]
    Closed,
}
