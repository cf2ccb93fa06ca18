//! The `API_KEY` mode: a shared secret in the `x-api-key` header.
//!
//! An API may have several keys (AppSync: 50), each with its own expiry, so that clients can move from one to the next.

use std::fmt;
use std::time::SystemTime;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderMap;

use super::AuthFault;

/// One API key. Its text never appears in `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    key: Box<str>,
    description: Option<String>,
    expires: Option<SystemTime>,
}

impl ApiKey {
    /// A key without expiry.
    #[must_use]
    pub fn new(key: impl Into<Box<str>>) -> Self {
        Self { key: key.into(), description: None, expires: None }
    }

    /// With the moment from which it is refused.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// With what it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Whether the key is no longer accepted at `now`.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("description", &self.description).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// The keys of one API.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys {
    keys: Vec<ApiKey>,
}

impl ApiKeys {
    /// These keys. An empty key would admit an empty header and is left out.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self { keys: keys.into_iter().filter(|key| !key.key.is_empty()).collect() }
    }

    /// Judges the `x-api-key` header. Two such headers are refused even when both are right: proxies and servers disagree on
    /// which one counts.
    ///
    /// # Errors
    /// [`AuthFault::NoCredentials`] without a key, [`AuthFault::NotAuthorized`] with a wrong one.
    pub fn authenticate(&self, headers: &HeaderMap, now: SystemTime) -> Result<(), AuthFault> {
        let mut values = headers.get_all("x-api-key").iter();
        let given = values.next().ok_or(AuthFault::NoCredentials)?.as_bytes();
        if values.next().is_some() {
            return Err(AuthFault::NotAuthorized);
        }
        if given.is_empty() {
            return Err(AuthFault::NoCredentials);
        }
        self.authenticate_key(given, now)
    }

    /// When the key in the `x-api-key` header, which was let in, ends. `None` where it does not, or is none of these.
    #[must_use]
    pub fn end_of(&self, headers: &HeaderMap) -> Option<SystemTime> {
        let given = headers.get("x-api-key")?.as_bytes();
        let same = self.keys.iter().filter(|key| verify_slices_are_equal(key.key.as_bytes(), given).is_ok());
        // Of two with one text the later counts, and one that does not end most of all.
        same.map(|key| key.expires).reduce(|one, other| one.max(other).filter(|_| one.is_some() && other.is_some())).flatten()
    }

    /// Judges the key itself. Each key is compared in constant time and all of them are looked at, so that the time taken says
    /// nothing about how close a guess was or which key it met.
    ///
    /// # Errors
    /// [`AuthFault::NotAuthorized`] when it is none of the keys or expired.
    fn authenticate_key(&self, given: &[u8], now: SystemTime) -> Result<(), AuthFault> {
        let mut accepted = false;
        for key in &self.keys {
            let equal = verify_slices_are_equal(key.key.as_bytes(), given).is_ok();
            accepted |= equal & !key.is_expired(now);
        }
        if accepted { Ok(()) } else { Err(AuthFault::NotAuthorized) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_judged_by_header() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let second = Duration::from_secs(1);
        let keys = ApiKeys::new([
            ApiKey::new("da2-plain"),
            ApiKey::new("da2-later").expires(now + second).description("mobile"),
            ApiKey::new("da2-now").expires(now),
            ApiKey::new("da2-past").expires(now - second),
            ApiKey::new(""),
        ]);
        let check = |given: &[&'static str], expected: Result<(), AuthFault>| {
            let mut headers = HeaderMap::new();
            for key in given {
                headers.append("x-api-key", HeaderValue::from_static(key));
            }
            assert_eq!(keys.authenticate(&headers, now), expected, "{given:?}");
        };
        check(&["da2-plain"], Ok(()));
        check(&["da2-later"], Ok(()));
        check(&["da2-now"], Err(AuthFault::NotAuthorized));
        check(&["da2-past"], Err(AuthFault::NotAuthorized));
        check(&["da2-plai"], Err(AuthFault::NotAuthorized));
        check(&["da2-plainx"], Err(AuthFault::NotAuthorized));
        check(&["DA2-PLAIN"], Err(AuthFault::NotAuthorized));
        check(&["da2-plain", "da2-plain"], Err(AuthFault::NotAuthorized));
        check(&[], Err(AuthFault::NoCredentials));
        check(&[""], Err(AuthFault::NoCredentials));
    }

    #[test]
    fn a_key_ends_when_it_says() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let ending = |key: &str, seconds| ApiKey::new(key).expires(at(seconds).expect("a time"));
        let keys = ApiKeys::new([
            ApiKey::new("da2-plain"),
            ending("da2-one", 10),
            ending("da2-two", 30),
            ending("da2-two", 20),
            ending("da2-both", 10),
            ApiKey::new("da2-both"),
        ]);
        for (given, expected) in
            [("da2-plain", None), ("da2-one", at(10)), ("da2-two", at(30)), ("da2-both", None), ("da2-none", None)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("x-api-key", HeaderValue::from_static(given));
            assert_eq!(keys.end_of(&headers), expected, "{given}");
        }
        assert_eq!(keys.end_of(&HeaderMap::new()), None);
    }

    #[test]
    fn without_keys_nobody_gets_in() {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", HeaderValue::from_static("da2-x"));
        assert_eq!(ApiKeys::default().authenticate(&headers, SystemTime::now()), Err(AuthFault::NotAuthorized));
    }

    #[test]
    fn debug_output_hides_the_key() {
        let text = format!("{:?}", ApiKeys::new([ApiKey::new("da2-secret").description("web")]));
        assert!(text.contains("web") && !text.contains("secret"), "{text}");
    }
}
