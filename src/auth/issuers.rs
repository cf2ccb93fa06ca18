//! The issuers whose tokens the APIs of a server accept, each with one source of keys, however many APIs share it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jwt_verifier::{KeyLocation, KeySource, LocationError};
use value::Str;

/// Sources of keys by issuer.
#[derive(Default)]
pub struct Issuers {
    /// User pools in this process, by their id.
    pools: HashMap<Str, LocalIssuer>,
    remote: Mutex<HashMap<String, Arc<KeySource>>>,
}

/// An issuer in this process.
#[derive(Clone, Debug)]
pub struct LocalIssuer {
    /// The `iss` of its tokens.
    pub issuer: Str,
    /// Its keys.
    pub keys: Arc<KeySource>,
}

impl Issuers {
    /// With these user pools in this process, by their id.
    #[must_use]
    pub fn new(pools: impl IntoIterator<Item = (Str, LocalIssuer)>) -> Self {
        Self { pools: pools.into_iter().collect(), remote: Mutex::default() }
    }

    /// The user pool of this id, if it is in this process.
    pub(super) fn pool(&self, id: &str) -> Option<&LocalIssuer> {
        self.pools.get(id)
    }

    /// The issuer of this name, if it is in this process.
    pub(super) fn local(&self, issuer: &str) -> Option<&LocalIssuer> {
        self.pools.values().find(|local| *local.issuer == *issuer)
    }

    /// The keys of an OpenID Connect provider.
    pub(super) fn discovered(&self, issuer: &str) -> Result<Arc<KeySource>, LocationError> {
        KeyLocation::discovery(issuer).map(|location| self.source(location))
    }

    /// The keys of a user pool somewhere else.
    pub(super) fn published(&self, issuer: &str) -> Result<Arc<KeySource>, LocationError> {
        let url = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
        KeyLocation::jwks(&url).map(|location| self.source(location))
    }

    fn source(&self, location: KeyLocation) -> Arc<KeySource> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        let url = location.url().to_owned();
        Arc::clone(remote.entry(url).or_insert_with(|| Arc::new(KeySource::new(location))))
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuers").field("pools", &self.pools.keys()).finish_non_exhaustive()
    }
}
