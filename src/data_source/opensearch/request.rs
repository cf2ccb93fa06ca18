//! What a resolver asks OpenSearch for: `{ version?, operation, path, params: { headers, queryString, body } }`.

use http::Method;
use http::header::CONTENT_TYPE;
use reqwest::header::HeaderValue;
use reqwest::{Request, Url};
use value::{Object, Value};

use crate::data_source::DataSourceError;
use crate::data_source::fields::{Fields, Place, refuse};
use crate::data_source::http::parts::{add_query, headers};
use crate::http_client::join;

/// The template versions of the reference.
const VERSIONS: [&str; 2] = ["2017-02-28", "2018-05-29"];

/// The request to send, not yet signed.
pub(super) fn read(request: &Value, endpoint: &Url) -> Result<Request, DataSourceError> {
    let root = Place::Root;
    let fields = Fields::of(request, &root)?;
    fields.only(&["version", "operation", "path", "params"])?;
    if let Some(version) = fields.text("version")?.filter(|version| !VERSIONS.contains(&&***version)) {
        return Err(refuse(format!("Unsupported version '{version}': it is 2017-02-28 or 2018-05-29.")));
    }
    let method = method(fields.required_text("operation")?)?;
    let mut url = join(endpoint, fields.required_text("path")?, "path").map_err(refuse)?;
    let params_place = Place::Member(&root, "params");
    let nothing = Value::from(Object::new());
    let params = Fields::of(fields.optional("params").unwrap_or(&nothing), &params_place)?;
    params.only(&["headers", "queryString", "body"])?;
    add_query(&mut url, object(params, "queryString")?, "params.queryString")?;
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers(object(params, "headers")?)?;
    if let Some(body) = params.optional("body").filter(|body| is_sent(body, request.method())) {
        request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let text = match body {
            // Text is sent as it is: lines of _bulk, for instance.
            Value::String(text) => text.to_string(),
            json => json.to_json(),
        };
        *request.body_mut() = Some(text.into());
    }
    Ok(request)
}

fn method(operation: &str) -> Result<Method, DataSourceError> {
    match operation {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "DELETE" => Ok(Method::DELETE),
        "HEAD" => Ok(Method::HEAD),
        "PATCH" => Ok(Method::PATCH),
        other => Err(refuse(format!("Unsupported operation '{other}'. Use one of GET, POST, PUT, DELETE, HEAD, PATCH."))),
    }
}

/// The object at `name`; an empty one when it is absent.
fn object<'a>(params: Fields<'a>, name: &str) -> Result<&'a Object, DataSourceError> {
    static NOTHING: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);
    let Some(value) = params.optional(name) else { return Ok(&NOTHING) };
    Fields::of(value, &Place::Member(params.place, name))?;
    Ok(value.as_object().unwrap_or(&NOTHING))
}

/// Templates after the guide write `"body": {}` where there is none, and a cluster refuses to read a document with a body.
fn is_sent(body: &Value, method: &Method) -> bool {
    let is_empty = body.as_object().is_some_and(Object::is_empty);
    !(is_empty && matches!(*method, Method::GET | Method::HEAD | Method::DELETE))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn endpoint() -> Url {
        Url::parse("https://search.test/base").expect("a URL")
    }

    #[test]
    fn a_request_is_built_as_written() {
        for (request, method, url, body) in [
            (value!({"operation": "GET", "path": "/post/_search"}), "GET", "https://search.test/base/post/_search", None),
            (
                value!({"version": "2017-02-28", "operation": "GET", "path": "/post/_doc/1",
                    "params": {"headers": {}, "queryString": {}, "body": {}}}),
                "GET",
                "https://search.test/base/post/_doc/1",
                None,
            ),
            (
                value!({"operation": "POST", "path": "/post/_search?typed_keys",
                    "params": {"queryString": {"pretty": "true", "q": "a b"}, "body": {"size": 1, "query": {"match_all": {}}}}}),
                "POST",
                "https://search.test/base/post/_search?typed_keys&pretty=true&q=a%20b",
                Some("{\"size\":1,\"query\":{\"match_all\":{}}}"),
            ),
            (
                value!({"operation": "POST", "path": "/_bulk", "params": {"body": "{}\n"}}),
                "POST",
                "https://search.test/base/_bulk",
                Some("{}\n"),
            ),
            (value!({"operation": "HEAD", "path": "/post"}), "HEAD", "https://search.test/base/post", None),
            (
                value!({"operation": "PATCH", "path": "/x", "params": {"body": [1]}}),
                "PATCH",
                "https://search.test/base/x",
                Some("[1]"),
            ),
        ] {
            let built = read(&request, &endpoint()).expect("a request");
            assert_eq!((built.method().as_str(), built.url().as_str()), (method, url));
            assert_eq!(built.body().and_then(reqwest::Body::as_bytes), body.map(str::as_bytes), "{url}");
            let content_type = built.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            assert_eq!(content_type, body.map(|_| &b"application/json"[..]));
        }
    }

    #[test]
    fn a_bad_request_names_its_member() {
        for (request, message) in [
            (value!([1]), "Expected JSON object for field '$' but got 'ARRAY' instead."),
            (value!({"path": "/"}), "Value for field '$[operation]' not found."),
            (value!({"operation": "GET"}), "Value for field '$[path]' not found."),
            (
                value!({"operation": "get", "path": "/"}),
                "Unsupported operation 'get'. Use one of GET, POST, PUT, DELETE, HEAD, PATCH.",
            ),
            (value!({"operation": "GET", "path": "/", "index": "x"}), "Unsupported element '$[index]'."),
            (value!({"operation": "GET", "path": 1}), "Expected JSON string for field '$[path]' but got 'NUMBER' instead."),
            (value!({"operation": "GET", "path": "/", "params": {"query": {}}}), "Unsupported element '$[params][query]'."),
            (
                value!({"operation": "GET", "path": "/", "params": {"queryString": "a=b"}}),
                "Expected JSON object for field '$[params][queryString]' but got 'STRING' instead.",
            ),
            (
                value!({"operation": "GET", "path": "/", "params": {"queryString": {"a": {}}}}),
                "params.queryString.a must be a string, number, boolean or a list of them, found object.",
            ),
            (
                value!({"operation": "GET", "path": "/", "version": "2020-01-01"}),
                "Unsupported version '2020-01-01': it is 2017-02-28 or 2018-05-29.",
            ),
        ] {
            let error = read(&request, &endpoint()).expect_err(message);
            assert_eq!((error.error_type.as_str(), error.message.as_str()), ("MappingTemplate", message));
        }
        for path in ["post", "//evil.test/", "/../x", "/a b", "/a\r\nb"] {
            let request = value!({"operation": "GET", "path": (path)});
            assert!(read(&request, &endpoint()).is_err_and(|error| error.message.starts_with("path '")), "{path}");
        }
    }
}
