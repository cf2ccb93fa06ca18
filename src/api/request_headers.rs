//! The headers of a request as resolvers see them. Most operations never look, so they become a [`Value`] at the first look only.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use value::{Object, Value};

/// `ctx.request.headers`, made when it is first asked for. `Debug` shows no header: many are credentials.
#[derive(Clone, Default)]
pub struct RequestHeaders {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    map: HeaderMap,
    value: OnceLock<Value>,
}

impl RequestHeaders {
    /// The headers as received.
    #[must_use]
    pub fn as_map(&self) -> &HeaderMap {
        &self.inner.map
    }

    /// `ctx.request.headers`: lower-cased names, no `cookie`, a repeated header is a list.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.inner.value.get_or_init(|| {
            let map = &self.inner.map;
            let mut object = Object::with_capacity(map.keys_len());
            for name in map.keys().filter(|name| **name != http::header::COOKIE) {
                let mut values =
                    map.get_all(name).iter().map(|value| Value::from(String::from_utf8_lossy(value.as_bytes()).as_ref()));
                let Some(first) = values.next() else { continue };
                let rest: Vec<Value> = values.collect();
                let value = if rest.is_empty() { first } else { std::iter::once(first).chain(rest).collect() };
                object.insert(name.as_str(), value);
            }
            object.into()
        })
    }
}

impl From<HeaderMap> for RequestHeaders {
    fn from(map: HeaderMap) -> Self {
        Self { inner: Arc::new(Inner { map, value: OnceLock::new() }) }
    }
}

impl fmt::Debug for RequestHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHeaders").field("len", &self.inner.map.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use value::value;

    use super::*;

    #[test]
    fn resolvers_see_lower_cased_names_lists_and_no_cookie() {
        let mut map = HeaderMap::new();
        for (name, text) in [("Host", "h"), ("cookie", "s=1"), ("X-A", "1"), ("x-a", "2"), ("x-umlaut", "\u{e9}")] {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_bytes(text.as_bytes()).expect("a value"));
        }
        let headers = RequestHeaders::from(map);
        assert_eq!(headers.value(), &value!({"host": "h", "x-a": ["1", "2"], "x-umlaut": "\u{e9}"}));
        assert!(!format!("{headers:?}").contains("s=1"));
    }
}
