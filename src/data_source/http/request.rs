//! What a resolver asks an HTTP data source for: `{ version?, method, resourcePath, params: { query, headers, body } }`, judged
//! member by member before anything is sent.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use value::{Object, Value};

use super::charset;
use super::parts::{add_query, headers, member_object};
use crate::data_source::DataSourceError;
use crate::data_source::fields::refuse;
use crate::http_client::join;

/// A request, ready to be sent.
#[derive(Debug)]
pub(super) struct HttpRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl HttpRequest {
    /// Reads the evaluated request of a resolver.
    pub(super) fn read(request: &Value, endpoint: &Url) -> Result<Self, DataSourceError> {
        let Value::Object(request) = request else {
            return Err(refuse(format!("A request to an HTTP data source must be an object, found {}.", request.kind())));
        };
        if let Some(version) =
            request.get("version").filter(|version| !version.is_null() && version.as_str() != Some("2018-05-29"))
        {
            return Err(refuse(format!("HTTP data sources need version \"2018-05-29\", not {version}.")));
        }
        let method = method(required(request, "method")?)?;
        let path = required(request, "resourcePath")?;
        let Value::String(path) = path else {
            return Err(refuse(format!("resourcePath must be a string, found {}.", path.kind())));
        };
        let mut url = join(endpoint, path, "resourcePath").map_err(refuse)?;
        let nothing = Object::new();
        let params = member_object(request, "params", "params")?.unwrap_or(&nothing);
        add_query(&mut url, member_object(params, "query", "params.query")?.unwrap_or(&nothing), "params.query")?;
        let mut headers = headers(member_object(params, "headers", "params.headers")?.unwrap_or(&nothing))?;
        let body = match params.get("body") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(charset::encode(text, headers.get(CONTENT_TYPE))?),
            Some(json) => {
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
                Some(charset::encode(&json.to_json(), headers.get(CONTENT_TYPE))?)
            }
        };
        Ok(Self { method, url, headers, body })
    }
}

fn required<'a>(request: &'a Object, name: &str) -> Result<&'a Value, DataSourceError> {
    request.get(name).filter(|value| !value.is_null()).ok_or_else(|| DataSourceError::missing_field(name))
}

fn method(value: &Value) -> Result<Method, DataSourceError> {
    match value.as_str() {
        Some("GET") => Ok(Method::GET),
        Some("POST") => Ok(Method::POST),
        Some("PUT") => Ok(Method::PUT),
        Some("PATCH") => Ok(Method::PATCH),
        Some("DELETE") => Ok(Method::DELETE),
        _ => Err(refuse(format!("method must be GET, POST, PUT, PATCH or DELETE, not {value}."))),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;
    use value::value;

    use super::*;

    fn read(request: &Value) -> Result<HttpRequest, DataSourceError> {
        HttpRequest::read(request, &Url::parse("https://api.test/base").expect("a URL"))
    }

    #[test]
    fn a_bad_request_names_its_member() {
        for (request, message) in [
            (value!("x"), "A request to an HTTP data source must be an object, found string."),
            (value!({"resourcePath": "/"}), "Value for field '$[method]' not found."),
            (value!({"method": null, "resourcePath": "/"}), "Value for field '$[method]' not found."),
            (value!({"method": "GET"}), "Value for field '$[resourcePath]' not found."),
            (value!({"method": "get", "resourcePath": "/"}), "method must be GET, POST, PUT, PATCH or DELETE, not \"get\"."),
            (
                value!({"method": "CONNECT", "resourcePath": "/"}),
                "method must be GET, POST, PUT, PATCH or DELETE, not \"CONNECT\".",
            ),
            (value!({"method": "GET", "resourcePath": 1}), "resourcePath must be a string, found number."),
            (
                value!({"method": "GET", "resourcePath": "/", "version": "2017-02-28"}),
                "HTTP data sources need version \"2018-05-29\", not \"2017-02-28\".",
            ),
            (
                value!({"method": "GET", "resourcePath": "/", "params": (Vec::<Value>::new())}),
                "params must be an object, found list.",
            ),
            (
                value!({"method": "GET", "resourcePath": "/", "params": {"query": "a=1"}}),
                "params.query must be an object, found string.",
            ),
            (
                value!({"method": "GET", "resourcePath": "/", "params": {"query": {"a": {}}}}),
                "params.query.a must be a string, number, boolean or a list of them, found object.",
            ),
            (
                value!({"method": "GET", "resourcePath": "/", "params": {"headers": {"a b": "1"}}}),
                "params.headers: \"a b\" is not a header name.",
            ),
            (
                value!({"method": "GET", "resourcePath": "/", "params": {"headers": {"x-a": "1\r\nx-b: 2"}}}),
                "params.headers.x-a contains a line break or control character.",
            ),
        ] {
            let error = read(&request).expect_err(message);
            assert_eq!((error.error_type.as_str(), error.message.as_str()), ("MappingTemplate", message));
        }
    }

    #[test]
    fn the_query_is_encoded_and_joined() {
        let query = value!({"q": "a b&c=d/é", "n": (Value::parse(b"1.50").expect("a number")), "on": true, "id": [1, "x"], "none": null, "a[b]": ""});
        let request = value!({"method": "GET", "resourcePath": "/v?first=1", "params": {"query": query}});
        let url = read(&request).expect("a request").url;
        let expected = "https://api.test/base/v?first=1&q=a%20b%26c%3Dd%2F%C3%A9&n=1.50&on=true&id=1&id=x&a%5Bb%5D=";
        assert_eq!(url.as_str(), expected);
    }

    #[test]
    fn headers_of_the_connection_are_ours() {
        let headers = value!({
            "Host": "evil.test", "Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "upgrade", "Upgrade": "h2c",
            "User-Agent": "mine", "X-One": "1", "x-many": ["a", "b"], "x-number": 7, "x-null": null, "Authorization": "Bearer t",
        });
        let request = read(&value!({"method": "GET", "resourcePath": "/", "params": {"headers": headers}})).expect("a request");
        let mut names: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "x-many", "x-number", "x-one"]);
        assert_eq!(request.headers.get_all("x-many").iter().count(), 2);
    }

    #[test]
    fn a_body_is_text_or_json() {
        let check = |params: Value, body: Option<&str>, content_type: Option<&str>| {
            let request = read(&value!({"method": "POST", "resourcePath": "/", "params": params})).expect("a request");
            assert_eq!(request.body.as_deref(), body.map(str::as_bytes));
            assert_eq!(request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes), content_type.map(str::as_bytes));
        };
        check(value!({}), None, None);
        check(value!({"body": null}), None, None);
        check(value!({"body": "text"}), Some("text"), None);
        check(value!({"body": {"a": 1.0}}), Some("{\"a\":1.0}"), Some("application/json"));
        check(value!({"body": [1], "headers": {"content-type": "text/x"}}), Some("[1]"), Some("text/x"));
    }
}
