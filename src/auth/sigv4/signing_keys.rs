//! Keys that were derived for a day, region and service: deriving one takes four more hashes than using it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use moka::sync::Cache;

/// How many keys are kept. A caller needs one a day.
const CAPACITY: u64 = 1_024;

/// The derived keys of one set of access keys, by credential scope. `Debug` shows none of them.
pub struct SigningKeys(Cache<Box<str>, Arc<hmac::Key>>);

impl SigningKeys {
    /// The key of a credential with its scope, `AKID/20150830/us-east-1/service/aws4_request`.
    pub(super) fn get(&self, credential: &str) -> Option<Arc<hmac::Key>> {
        self.0.get(credential)
    }

    /// Keeps a key that has proved right.
    pub(super) fn keep(&self, credential: &str, key: Arc<hmac::Key>) {
        self.0.insert(credential.into(), key);
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CAPACITY).build())
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}
