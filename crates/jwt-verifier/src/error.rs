//! What can be wrong with a token, with an issuer's keys, and with the settings; none of the texts repeats a token's.

use std::sync::Arc;

/// Why a token is refused. No variant carries text out of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is no JSON Web Token in compact form.
    #[error("not a JSON Web Token: {0}")]
    Malformed(&'static str),
    /// The token is longer than the rules allow.
    #[error("the token is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// `alg` is `none`, an HMAC algorithm, unknown, or not on the list.
    #[error("the token's signature algorithm is not accepted")]
    UnsupportedAlgorithm,
    /// A header member asks for something that this crate does not do, so ignoring it would be unsafe.
    #[error("the token's header member `{0}` is not supported")]
    UnsupportedHeader(&'static str),
    /// The header has no `kid`, or none that could name a key.
    #[error("the token names no key (`kid`)")]
    MissingKeyId,
    /// The issuer publishes no key of this `kid`.
    #[error("the issuer publishes no key of the token's `kid`")]
    UnknownKey,
    /// The key of this `kid` is not made for the token's algorithm.
    #[error("the issuer's key of the token's `kid` is not meant for the token's algorithm")]
    KeyMismatch,
    /// The issuer's keys could not be had, now or within the time that old ones may serve.
    #[error("the issuer's keys are not available: {0}")]
    KeysUnavailable(Arc<FetchError>),
    /// The signature does not belong to this text and key.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A required claim is absent.
    #[error("the token has no `{0}` claim")]
    MissingClaim(&'static str),
    /// A claim has a type or value that it cannot have.
    #[error("the token's `{0}` claim is not valid")]
    InvalidClaim(&'static str),
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// More than [`Rules::issued_ttl`](crate::Rules::issued_ttl) has passed since `iat`.
    #[error("the token was issued too long ago")]
    IssuedTooLongAgo,
    /// More than [`Rules::authenticated_ttl`](crate::Rules::authenticated_ttl) has passed since `auth_time`.
    #[error("the user signed in too long ago")]
    AuthenticatedTooLongAgo,
    /// A time (`nbf`, `iat` or `auth_time`, named here) lies in the future.
    #[error("the token's `{0}` lies in the future")]
    NotYetValid(&'static str),
    /// `iss` is another issuer.
    #[error("the token is of another issuer")]
    WrongIssuer,
    /// The rules' client matcher refused the claims.
    #[error("the token is meant for another client")]
    WrongClient,
}

/// Why an issuer's keys could not be fetched. The texts name configured or published addresses, never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The issuer did not answer in time.
    #[error("{url} did not answer within {millis} ms")]
    Deadline {
        /// The address where the fetch began.
        url: String,
        /// The deadline.
        millis: u128,
    },
    /// No connection, or it broke, or a redirect was refused.
    #[error("GET {url}: {reason}")]
    Transport {
        /// The address.
        url: String,
        /// What the HTTP client says.
        reason: String,
    },
    /// Another status than 200.
    #[error("GET {url}: status {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The body is larger than allowed.
    #[error("GET {url}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not what a discovery document or a key set is.
    #[error("GET {url}: {reason}")]
    Document {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The discovery document's `jwks_uri` may not be used.
    #[error("{url}: `jwks_uri`: {reason}")]
    KeyAddress {
        /// The address of the discovery document.
        url: String,
        /// Why not.
        reason: LocationError,
    },
    /// The provider in this process has no keys.
    #[error("the keys of {issuer}: {reason}")]
    Provided {
        /// The issuer.
        issuer: String,
        /// What the provider says, or what is wrong with its answer.
        reason: String,
    },
    /// The fetch ended without a result, because the runtime that ran it went away.
    #[error("the fetch was interrupted")]
    Interrupted,
}

/// Why an address cannot be where keys come from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The text is no absolute URL.
    #[error("not an absolute URL")]
    NotAUrl,
    /// Plain http to another machine, or another scheme.
    #[error("must begin with https:// (http:// only for this machine's loopback addresses)")]
    Scheme,
    /// A user name or password in the address.
    #[error("must not contain a user name or password")]
    Credentials,
    /// A query or fragment where OpenID Connect Discovery allows none.
    #[error("an issuer has neither query nor fragment")]
    NotAnIssuer,
}

/// Why rules and key source do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// With a fixed key set address nothing but the rules can say who the issuer is.
    #[error("keys at a fixed address need an issuer in the rules: otherwise `iss` would not be checked")]
    NoIssuer,
    /// The list of algorithms is empty, so that no token could ever pass.
    #[error("the list of algorithms is empty")]
    NoAlgorithms,
}
