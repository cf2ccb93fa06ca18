//! Why a signature is refused, with AWS's exception names and sentences.

/// Why a signature is refused. The text is AWS's where AWS has one; [`SignatureError::code`] is the exception.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Nothing that could be a signature.
    #[error("Request is missing Authentication Token")]
    MissingToken,
    /// A signature in the header and one in the query string.
    #[error("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")]
    Ambiguous,
    /// A signature with missing parts; the sentences name them.
    #[error("{0}")]
    Incomplete(String),
    /// A complete signature in the query string.
    #[error("A signature in the query string (presigned URL) is not accepted here: sign with the Authorization header.")]
    Presigned,
    /// A signature by another algorithm.
    #[error("Unsupported AWS 'algorithm': '{0}'. Only AWS4-HMAC-SHA256 is accepted.")]
    Algorithm(String),
    /// A date that is none.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    Date(String),
    /// A credential that is not five parts with slashes between them.
    #[error("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'")]
    Credential(String),
    /// A credential for another day, region or service; the sentences name what differs.
    #[error("{0}")]
    Scope(String),
    /// Signed too long ago.
    #[error("Signature expired: {signed} is now earlier than {earliest} ({now} - {minutes} min.)")]
    Expired {
        /// When it was signed.
        signed: String,
        /// The earliest moment that is accepted.
        earliest: String,
        /// The clock of this server.
        now: String,
        /// The tolerance.
        minutes: u64,
    },
    /// Signed in the future.
    #[error("Signature not yet current: {signed} is still later than {latest} ({now} + {minutes} min.)")]
    NotYetCurrent {
        /// When it was signed.
        signed: String,
        /// The latest moment that is accepted.
        latest: String,
        /// The clock of this server.
        now: String,
        /// The tolerance.
        minutes: u64,
    },
    /// An access key id, or a session token, that is not known.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// Headers that have to be signed and are not; the sentences name them.
    #[error("{0}")]
    UnsignedHeaders(String),
    /// Headers that are signed and not there; the sentences name them.
    #[error("{0}")]
    AbsentHeaders(String),
    /// A header that makes the request ambiguous when it is there twice.
    #[error("The header '{0}' must not be repeated.")]
    Repeated(&'static str),
    /// A header that is not text.
    #[error("The header '{0}' is not readable text.")]
    Unreadable(&'static str),
    /// A payload that the signature does not cover.
    #[error("An unsigned or chunk-signed payload is not accepted here: sign the SHA-256 of the body.")]
    UnsignedPayload,
    /// `x-amz-content-sha256` is not the body's.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    PayloadMismatch,
    /// Another signature than ours.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
         signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have \
         been\n'{canonical_request}'\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
    )]
    DoesNotMatch {
        /// The request as it should have been signed, without the values of headers that are secret.
        canonical_request: String,
        /// What should have been signed.
        string_to_sign: String,
    },
}

impl SignatureError {
    /// The exception's name, without a namespace.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingToken => "MissingAuthenticationTokenException",
            Self::Incomplete(_) | Self::Date(_) | Self::Credential(_) | Self::Algorithm(_) | Self::AbsentHeaders(_) => {
                "IncompleteSignatureException"
            }
            Self::UnrecognizedClient => "UnrecognizedClientException",
            _ => "InvalidSignatureException",
        }
    }
}
