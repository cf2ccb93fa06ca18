//! Verifies JSON Web Tokens against the keys that an issuer publishes.
//!
//! A [`KeySource`] knows where an issuer publishes its keys, or who in this process has them, and keeps them fresh; a [`Verifier`] holds the [`Rules`] of one audience
//! and answers with [`Verified`] claims, or with an [`Error`] that says what is wrong and never repeats the token. A token that was
//! verified once is remembered, for as long as its times and the issuer's key set allow.
//!
//! Everything fails closed: no keys, no algorithm on the list, no `exp`, no `iat`, a member twice, each refuses. Standards: RFC 7515
//! (JWS), 7517 (JWK), 7518 (algorithms), 7519 (JWT), 8037 (EdDSA), 8725 (best practice), OpenID Connect Discovery 1.0. The crate
//! neither issues tokens nor decides what a claim permits.
//!
//! ```no_run
//! # async fn example(token: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use jwt_verifier::{KeyLocation, KeySource, Rules, Verifier, claim_strings};
//!
//! let keys = Arc::new(KeySource::new(KeyLocation::discovery("https://login.example.com")?));
//! let rules = Rules {
//!     issuer: Some("https://login.example.com".into()),
//!     client: Some(Arc::new(|claims| claim_strings(claims, "aud").any(|audience| audience == "web"))),
//!     ..Rules::default()
//! };
//! let verified = Verifier::new(rules, keys)?.verify(token).await?;
//! println!("{}", verified.claims.at(&["sub"]));
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod clock;
mod error;
mod fetch;
mod key;
mod key_set;
mod key_source;
mod location;
mod provided;
mod rules;
mod token;
mod verifier;

pub use algorithm::Algorithm;
pub use clock::{Clock, SystemClock};
pub use error::{Error, FetchError, LocationError, RulesError};
pub use key_source::{KeySource, KeySourceSettings};
pub use location::KeyLocation;
pub use provided::KeyProvider;
pub use rules::{ClientMatcher, Rules, claim_strings};
pub use token::{Unverified, peek};
pub use verifier::{TokenDigest, Verified, Verifier};
