//! An issuer's keys by their `kid`, read from a JSON Web Key Set (RFC 7517 §5).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use value::{Str, Value};

use crate::key::Key;

/// More keys than any issuer publishes; the set comes from outside.
const MAX_KEYS: usize = 256;

/// The keys of an issuer that may verify signatures here.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: HashMap<Str, Key>,
}

impl KeySet {
    /// Reads a key set. Keys that are not for signatures, or not supported, are left aside, as RFC 7517 §5 asks.
    ///
    /// # Errors
    /// What is wrong with the document as a whole. A set without any key is an answer: the issuer vouches for nothing.
    pub(crate) fn read(document: &Value) -> Result<Self, String> {
        let jwks = document.get("keys").and_then(Value::as_list).ok_or("the answer is no key set: no list `keys`")?;
        if jwks.len() > MAX_KEYS {
            return Err(format!("the key set has more than {MAX_KEYS} keys"));
        }
        let mut keys = HashMap::with_capacity(jwks.len());
        for (index, jwk) in jwks.iter().enumerate() {
            match Key::from_jwk(jwk) {
                Err(reason) => tracing::debug!(index, reason, "a key of the issuer is left aside"),
                // Deterministic: the first of a `kid` counts. A second one can only be a mistake of the issuer.
                Ok((id, key)) => match keys.entry(Str::from(id)) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(key);
                    }
                    Entry::Occupied(first) if first.get().fingerprint == key.fingerprint => {}
                    Entry::Occupied(_) => {
                        tracing::warn!(index, "the issuer publishes two keys of one `kid`; the first is used");
                    }
                },
            }
        }
        if keys.is_empty() {
            tracing::warn!(published = jwks.len(), "the issuer publishes no key that can verify signatures");
        }
        Ok(Self { keys })
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }
}
