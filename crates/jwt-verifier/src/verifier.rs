//! The verifier: a token in, verified claims or the reason of refusal out, and the memory of what was verified.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{self, SHA256};
use moka::Expiry;
use moka::sync::Cache;

use value::{Object, Str, Value};

use crate::algorithm::Algorithm;
use crate::error::{Error, RulesError};
use crate::key_source::{KeySource, Snapshot};
use crate::rules::{Rules, Validity, check_issuer};
use crate::token::Token;

/// The memory for verified tokens, unless asked otherwise: some thousands of usual size.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// A token that passed every check.
#[derive(Clone, PartialEq)]
pub struct Verified {
    /// All claims, an object; numbers as exact as they were written.
    pub claims: Value,
    /// The `kid` of the key that signed.
    pub key_id: Str,
    /// The algorithm of the signature.
    pub algorithm: Algorithm,
    /// The header's `typ`, as it was written.
    pub token_type: Option<Str>,
    /// When these claims cease to hold, in Unix milliseconds: `exp`, or earlier by the rules' times to live.
    pub valid_until: i64,
}

impl fmt::Debug for Verified {
    /// Without the claims' values, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.claims.as_object().into_iter().flat_map(Object::keys).collect();
        f.debug_struct("Verified")
            .field("claims", &names)
            .field("algorithm", &self.algorithm)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a token, by which verifiers remember it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Of these bytes.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&SHA256, token).as_ref());
        Self(bytes)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// Verifies the tokens of one issuer by one set of rules.
pub struct Verifier {
    rules: Rules,
    source: Arc<KeySource>,
    cache: Cache<TokenDigest, Arc<Entry>>,
}

/// A remembered token, and what must still be so.
struct Entry {
    verified: Arc<Verified>,
    validity: Validity,
    fingerprint: [u8; 32],
    /// The last snapshot of the keys that was seen to hold the key.
    sequence: AtomicU64,
    weight: u32,
    /// How long the entry is of use, seen from when it was made.
    lifetime: Duration,
}

/// Takes entries out when their tokens end.
struct AtTheEnd;

impl Expiry<TokenDigest, Arc<Entry>> for AtTheEnd {
    fn expire_after_create(&self, _: &TokenDigest, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

impl Verifier {
    /// A verifier that remembers up to 16 MiB of verified tokens.
    ///
    /// # Errors
    /// [`RulesError`] when these rules would let any issuer's name pass, or no token.
    pub fn new(rules: Rules, source: Arc<KeySource>) -> Result<Self, RulesError> {
        Self::with_cache(rules, source, CACHE_BYTES)
    }

    /// A verifier that remembers verified tokens in about this many bytes; 0 remembers none.
    ///
    /// # Errors
    /// As [`Verifier::new`].
    pub fn with_cache(rules: Rules, source: Arc<KeySource>, cache_bytes: u64) -> Result<Self, RulesError> {
        if rules.issuer.is_none() && !source.knows_issuer() {
            return Err(RulesError::NoIssuer);
        }
        if rules.algorithms.is_empty() {
            return Err(RulesError::NoAlgorithms);
        }
        let cache = Cache::builder()
            .max_capacity(cache_bytes)
            .weigher(|_, entry: &Arc<Entry>| entry.weight)
            .expire_after(AtTheEnd)
            .build();
        Ok(Self { rules, source, cache })
    }

    /// The rules of this verifier.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Verifies a token in compact form, without any prefix.
    ///
    /// # Errors
    /// [`Error`] with the reason of refusal.
    pub async fn verify(&self, token: &[u8]) -> Result<Arc<Verified>, Error> {
        // First of all: nothing is hashed or decoded that is too long.
        if token.len() > self.rules.max_token_bytes {
            return Err(Error::TooLong { limit: self.rules.max_token_bytes });
        }
        let digest = TokenDigest::of(token);
        match self.remembered(&digest) {
            Some(verified) => Ok(verified),
            None => self.verify_anew(token, digest).await,
        }
    }

    /// The claims of a token that this verifier knows already: for a server with several verifiers, which hashes a token once and asks
    /// them in turn. `None` says nothing about the token.
    #[must_use]
    pub fn remembered(&self, digest: &TokenDigest) -> Option<Arc<Verified>> {
        let entry = self.cache.get(digest)?;
        let now = self.source.clock().unix_millis();
        // Stale keys are no ground to go on believing: the full way fetches new ones first.
        self.check_entry(&entry, &*self.source.fresh(now)?, now)
    }

    fn check_entry(&self, entry: &Entry, snapshot: &Snapshot, now: i64) -> Option<Arc<Verified>> {
        entry.validity.check(now).ok()?;
        if entry.sequence.load(Ordering::Relaxed) != snapshot.sequence {
            let key = snapshot.keys.get(&entry.verified.key_id)?;
            if key.fingerprint != entry.fingerprint || check_discovered(&entry.verified.claims, snapshot).is_err() {
                return None;
            }
            entry.sequence.store(snapshot.sequence, Ordering::Relaxed);
        }
        Some(Arc::clone(&entry.verified))
    }

    async fn verify_anew(&self, token: &[u8], digest: TokenDigest) -> Result<Arc<Verified>, Error> {
        let parts = Token::read(token)?;
        if !self.rules.algorithms.contains(&parts.algorithm) {
            return Err(Error::UnsupportedAlgorithm);
        }
        // What can only refuse comes before the keys: an expired token of a key long gone is an expired token, and costs no fetch.
        let clock = self.source.clock();
        self.rules.check_issuer(&parts.claims)?;
        let validity = self.rules.validity(&parts.claims)?;
        validity.check(clock.unix_millis())?;

        let mut snapshot = self.source.current().await?;
        check_discovered(&parts.claims, &snapshot)?;
        if snapshot.keys.get(&parts.key_id).is_none() {
            snapshot = self.source.newer_than(&snapshot).await?;
            check_discovered(&parts.claims, &snapshot)?;
        }
        let key = snapshot.keys.get(&parts.key_id).ok_or(Error::UnknownKey)?;
        if !key.fits(parts.algorithm) {
            return Err(Error::KeyMismatch);
        }
        // Keys may have taken a while to come, and stale ones serve for the issuer's absence only: a token that was remembered with
        // them needs no second look.
        let now = clock.unix_millis();
        validity.check(now)?;
        if let Some(verified) = self.cache.get(&digest).and_then(|entry| self.check_entry(&entry, &snapshot, now)) {
            return Ok(verified);
        }
        if !key.verifies(parts.algorithm, parts.signed, &parts.signature) {
            return Err(Error::BadSignature);
        }
        self.rules.check_client(&parts.claims)?;

        let verified = Arc::new(Verified {
            claims: parts.claims,
            key_id: parts.key_id,
            algorithm: parts.algorithm,
            token_type: parts.token_type,
            valid_until: validity.until(),
        });
        let entry = Entry {
            verified: Arc::clone(&verified),
            lifetime: Duration::from_millis(u64::try_from(validity.until().saturating_sub(now)).unwrap_or(0)),
            validity,
            fingerprint: key.fingerprint,
            sequence: AtomicU64::new(snapshot.sequence),
            weight: weight(token.len()),
        };
        self.cache.insert(digest, Arc::new(entry));
        Ok(verified)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.rules).field("source", &self.source).finish_non_exhaustive()
    }
}

/// Compares `iss` with the issuer that the keys came with, where there is one.
fn check_discovered(claims: &Value, snapshot: &Snapshot) -> Result<(), Error> {
    snapshot.issuer.as_deref().map_or(Ok(()), |issuer| check_issuer(claims, issuer))
}

/// About what an entry occupies: claims as values take several times their text, and the rest is fixed.
fn weight(token_bytes: usize) -> u32 {
    u32::try_from(token_bytes.saturating_mul(4).saturating_add(1024)).unwrap_or(u32::MAX)
}
