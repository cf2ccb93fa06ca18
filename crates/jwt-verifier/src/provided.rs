//! Keys of an issuer that runs inside this process: a function in place of a fetch.

use std::sync::Arc;

use value::{Str, Value};

use crate::error::FetchError;
use crate::fetch::Fetched;
use crate::key_set::KeySet;

/// Answers with a JSON Web Key Set, or says why there is none. It may block: the first answer may have to make a key.
pub type KeyProvider = Arc<dyn Fn() -> Result<Value, String> + Send + Sync>;

/// An issuer and the function that has its keys.
pub(crate) struct Provided {
    issuer: Str,
    keys: KeyProvider,
}

impl Provided {
    pub(crate) fn new(issuer: Str, keys: KeyProvider) -> Self {
        Self { issuer, keys }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) async fn fetch(&self) -> Result<Fetched, FetchError> {
        let keys = Arc::clone(&self.keys);
        let answer = tokio::task::spawn_blocking(move || keys()).await;
        let document = answer.unwrap_or_else(|_| Err("the provider of the keys failed".to_owned()));
        let keys = document.and_then(|document| KeySet::read(&document));
        let keys = keys.map_err(|reason| FetchError::Provided { issuer: self.issuer.to_string(), reason })?;
        Ok(Fetched { keys, issuer: Some(self.issuer.clone()), max_age: None })
    }
}
