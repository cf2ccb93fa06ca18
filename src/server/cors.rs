//! Which web pages may call the APIs from a browser. AppSync lets in all of them, as its credentials are in headers and never in
//! cookies; a list of origins narrows that.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};

const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amz-user-agent,x-amzn-ErrorMessage,Date,x-amz-schema-version");
const CLIENT_HEADERS: HeaderValue = HeaderValue::from_static(
    "Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-Content-Sha256,X-Amz-User-Agent",
);

/// The origins that may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    origins: Origins,
    max_age: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origins {
    Any,
    These(Vec<Box<str>>),
}

impl Cors {
    /// These origins, as browsers send them (`https://app.example.com`), where `*` is any and an empty list is none. A browser may
    /// remember the answer to a preflight for `max_age`.
    pub fn new<T: AsRef<str>>(origins: impl IntoIterator<Item = T>, max_age: Duration) -> Self {
        let origins: Vec<Box<str>> = origins.into_iter().map(|origin| origin.as_ref().trim_end_matches('/').into()).collect();
        let origins = if origins.iter().any(|origin| &**origin == "*") { Origins::Any } else { Origins::These(origins) };
        Self { origins, max_age }
    }

    /// Whether the page that opens a WebSocket may. Browsers ask nobody before they let a page read from one, so that what is not
    /// refused here is granted. Who sends no origin is no browser; a page that came from the same host needs no grant elsewhere either.
    pub(super) fn admits(&self, headers: &HeaderMap, host: &str) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let is_same = || {
            let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        };
        self.grant(headers).origin.is_some() || is_same()
    }

    /// What the sender of these headers is granted.
    pub(super) fn grant(&self, headers: &HeaderMap) -> Grant {
        let Origins::These(origins) = &self.origins else { return Grant { origin: Some(ANY), varies: false } };
        let origin = headers.get(ORIGIN).filter(|given| {
            // Scheme and host are case-insensitive; browsers send them in lower case.
            origins.iter().any(|origin| origin.as_bytes().eq_ignore_ascii_case(given.as_bytes()))
        });
        Grant { origin: origin.cloned(), varies: !origins.is_empty() }
    }
}

impl Default for Cors {
    /// As AppSync answers: any origin, two days.
    fn default() -> Self {
        Self { origins: Origins::Any, max_age: Duration::from_secs(172_800) }
    }
}

/// What one request is granted.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    origin: Option<HeaderValue>,
    /// Whether another origin would get another answer, which caches must know.
    varies: bool,
}

impl Grant {
    /// Writes the headers of any answer.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_name(ORIGIN));
        }
        if let Some(origin) = &self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    /// Writes the headers of the answer to a preflight: whatever headers are asked for are allowed, as on AppSync.
    pub(super) fn write_preflight(&self, asked: &HeaderMap, cors: &Cors, headers: &mut HeaderMap) {
        if self.origin.is_none() {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers
            .insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned().unwrap_or(CLIENT_HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(cors.max_age.as_secs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_granted_as_listed() {
        let day = Duration::from_secs(86_400);
        let listed = Cors::new(["https://app.test", "http://localhost:3000/"], day);
        let none = Cors::new(Vec::<&str>::new(), day);
        let check = |cors: &Cors, origin: Option<&'static str>, allowed: Option<&str>, varies: bool| {
            let mut asked = HeaderMap::new();
            if let Some(origin) = origin {
                asked.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let mut answer = HeaderMap::new();
            cors.grant(&asked).write(&mut answer);
            let written = answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(HeaderValue::as_bytes);
            assert_eq!(written, allowed.map(str::as_bytes), "{origin:?}");
            assert_eq!(answer.contains_key(VARY), varies, "{origin:?}");
        };
        check(&Cors::default(), None, Some("*"), false);
        check(&Cors::new(["https://app.test", "*"], day), Some("https://evil.test"), Some("*"), false);
        check(&listed, Some("https://app.test"), Some("https://app.test"), true);
        check(&listed, Some("http://localhost:3000"), Some("http://localhost:3000"), true);
        for origin in ["https://evil.test", "https://app.test.evil.test", "http://app.test", "https://app.test:444", "null"] {
            check(&listed, Some(origin), None, true);
        }
        check(&listed, None, None, true);
        check(&none, Some("https://app.test"), None, false);
    }

    #[test]
    fn a_page_opens_a_websocket_from_a_listed_origin_or_from_the_same_host() {
        let day = Duration::from_secs(86_400);
        let listed = Cors::new(["https://app.test"], day);
        let none = Cors::new(Vec::<&str>::new(), day);
        for (cors, origin, admitted) in [
            (&Cors::default(), Some("https://evil.test"), true),
            (&listed, Some("https://app.test"), true),
            (&listed, Some("https://api.test:4000"), true),
            (&listed, Some("https://api.test"), false),
            (&listed, Some("https://evil.test"), false),
            (&listed, Some("null"), false),
            (&listed, None, true),
            (&none, Some("http://API.test:4000"), true),
            (&none, Some("https://app.test"), false),
            (&none, None, true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(cors.admits(&headers, "api.test:4000"), admitted, "{origin:?}");
        }
    }
}
