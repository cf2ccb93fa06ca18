//! One fetch of an issuer's keys over HTTP: discovery document, key set, and how long they are good for.
//!
//! The issuer is trusted with who may enter, and with nothing else: answers are bounded in size, depth and redirects, and no step
//! leaves https. The deadline over all of it is the caller's.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AGE, CACHE_CONTROL, HeaderMap};
use reqwest::{Client, Response, Url, redirect};

use value::{Str, Value};

use crate::error::FetchError;
use crate::key_set::KeySet;
use crate::location::{KeyLocation, LocationKind, check_step};

const MAX_REDIRECTS: usize = 3;

/// What a fetch brought.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) keys: KeySet,
    /// `issuer` of the discovery document.
    pub(crate) issuer: Option<Str>,
    /// How long the answer may be kept by its own `Cache-Control`, if it says so.
    pub(crate) max_age: Option<Duration>,
}

/// Fetches from one location.
pub(crate) struct Fetcher {
    location: KeyLocation,
    max_bytes: usize,
    /// Made at the first fetch: loading root certificates has no place in a server's start.
    client: OnceLock<Client>,
}

impl Fetcher {
    pub(crate) fn new(location: KeyLocation, max_bytes: usize) -> Self {
        Self { location, max_bytes, client: OnceLock::new() }
    }

    pub(crate) fn location(&self) -> &KeyLocation {
        &self.location
    }

    pub(crate) async fn fetch(&self) -> Result<Fetched, FetchError> {
        let (issuer, key_address) = match self.location.kind {
            LocationKind::KeySet => (None, self.location.url.clone()),
            LocationKind::Discovery => {
                let (issuer, address) = self.discover().await?;
                (Some(issuer), address)
            }
        };
        let (document, max_age) = self.document(&key_address).await?;
        let keys = KeySet::read(&document).map_err(|reason| FetchError::Document { url: key_address.to_string(), reason })?;
        Ok(Fetched { keys, issuer, max_age })
    }

    /// Reads `issuer` and `jwks_uri`, both required by OpenID Connect Discovery §3.
    async fn discover(&self) -> Result<(Str, Url), FetchError> {
        let url = &self.location.url;
        let (document, _) = self.document(url).await?;
        let member = |name: &str| {
            document.get(name).and_then(Value::as_str).ok_or_else(|| FetchError::Document {
                url: url.to_string(),
                reason: format!("the answer is no discovery document: no text `{name}`"),
            })
        };
        let issuer = Str::from(member("issuer")?);
        let address = Url::parse(member("jwks_uri")?).map_err(|_| crate::LocationError::NotAUrl);
        let address = address.and_then(|address| check_step(url, &address).map(|()| address));
        let address = address.map_err(|reason| FetchError::KeyAddress { url: url.to_string(), reason })?;
        Ok((issuer, address))
    }

    async fn document(&self, url: &Url) -> Result<(Value, Option<Duration>), FetchError> {
        let transport = |error: &reqwest::Error| FetchError::Transport { url: url.to_string(), reason: causes(error) };
        let request = self.client().map_err(|error| transport(&error))?.get(url.clone()).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| transport(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status { url: url.to_string(), status: response.status().as_u16() });
        }
        let max_age = max_age(response.headers());
        let body = self.body(response, url).await?;
        let document = Value::parse(&body)
            .map_err(|fault| FetchError::Document { url: url.to_string(), reason: format!("the answer is not JSON: {fault}") })?;
        Ok((document, max_age))
    }

    /// Reads a body as it arrives, decompressed, and stops at the limit.
    async fn body(&self, mut response: Response, url: &Url) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_bytes => {
                    return Err(FetchError::TooLarge { url: url.to_string(), limit: self.max_bytes });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) => return Err(FetchError::Transport { url: url.to_string(), reason: causes(&error) }),
            }
        }
    }

    fn client(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .user_agent(concat!("jwt-verifier/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::custom(|attempt| {
                if attempt.previous().len() > MAX_REDIRECTS {
                    return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
                }
                match attempt.previous().last().map_or(Ok(()), |from| check_step(from, attempt.url())) {
                    Ok(()) => attempt.follow(),
                    Err(reason) => attempt.error(format!("redirect refused: the address {reason}")),
                }
            }))
            // An issuer is asked about once an hour.
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(10));
        if self.location.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build()?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// How long an answer is fresh (RFC 9111 §4.2): `max-age` less the time that it already spent in caches.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut seconds = None;
    for header in headers.get_all(CACHE_CONTROL) {
        for directive in header.to_str().unwrap_or_default().split(',') {
            let (name, argument) = directive.trim().split_once('=').unwrap_or((directive.trim(), ""));
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                return Some(Duration::ZERO);
            }
            if name.eq_ignore_ascii_case("max-age") {
                seconds = argument.trim_matches('"').parse::<u64>().ok().or(seconds);
            }
        }
    }
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse::<u64>().ok()).unwrap_or(0);
    seconds.map(|seconds| Duration::from_secs(seconds.saturating_sub(age)))
}

/// What an HTTP error says, down to its root: reqwest's own text names the address only.
fn causes(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn freshness_is_read_from_the_headers() {
        type Lines<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Lines<'static>, Option<u64>)] = &[
            (&[], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "public, max-age=600")], Some(600)),
            (&[("cache-control", "Max-Age=\"600\"")], Some(600)),
            (&[("cache-control", "max-age=600"), ("age", "100")], Some(500)),
            (&[("cache-control", "max-age=600"), ("age", "1000")], Some(0)),
            (&[("cache-control", "max-age=600"), ("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "no-cache, max-age=600")], Some(0)),
            (&[("cache-control", "max-age=-1")], None),
            (&[("cache-control", "max-age=99999999999999999999")], None),
            (&[("cache-control", "max-age"), ("age", "x")], None),
            (&[("cache-control", "s-maxage=5")], None),
        ];
        for (headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, text) in *headers {
                map.append(HeaderName::from_static(name), HeaderValue::from_static(text));
            }
            assert_eq!(max_age(&map), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}
