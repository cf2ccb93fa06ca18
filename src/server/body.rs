//! From the bytes of a request to a [`GraphqlRequest`]: within size, time and nesting, read once. The content type is not judged,
//! as AWS's own examples send JSON as `application/graphql`.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use percent_encoding::percent_decode;
use value::{Object, Str, Value};

use super::answer::Fault;
use crate::api::GraphqlRequest;

/// AppSync's sentence for a body that is not JSON, or JSON without a query.
const UNPARSABLE: &str = "Unable to parse GraphQL query.";

/// Reads a body of at most `limit` bytes within `time`.
pub(super) async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize, time: Duration) -> Result<Bytes, Fault> {
    if let Some(encoding) =
        headers.get(CONTENT_ENCODING).filter(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
        discard(headers, body).await;
        let message = format!("Content-Encoding '{encoding}' is not supported for requests: send the body uncompressed.");
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaTypeException", message));
    }
    if body.size_hint().lower() > limit as u64 {
        discard(headers, body).await;
        return Err(too_large(limit));
    }
    match tokio::time::timeout(time, collect(&mut body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Collect::TooLarge)) => {
            discard(headers, body).await;
            Err(too_large(limit))
        }
        Ok(Err(Collect::Broken)) => Err(Fault::malformed("Request body is incomplete.")),
        Err(_) => {
            let message = format!("The request body did not arrive within {} ms.", time.as_millis());
            Err(Fault::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message))
        }
    }
}

fn too_large(limit: usize) -> Fault {
    let message = format!("The request body is larger than the limit of {limit} bytes.");
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message)
}

enum Collect {
    TooLarge,
    Broken,
}

async fn collect(body: &mut Incoming, limit: usize) -> Result<Bytes, Collect> {
    let mut whole = Bytes::new();
    let mut parts = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Collect::Broken)?.into_data() else { continue };
        if whole.len() + parts.len() + data.len() > limit {
            return Err(Collect::TooLarge);
        }
        // Most bodies are one frame, which is passed on without a copy.
        if whole.is_empty() && parts.is_empty() {
            whole = data;
        } else {
            parts.extend_from_slice(&std::mem::take(&mut whole));
            parts.extend_from_slice(&data);
        }
    }
    Ok(if parts.is_empty() { whole } else { parts.freeze() })
}

/// Reads on for a moment and throws away: a client that is still writing when its connection is reset never sees the answer.
/// Bounded, and not at all for a client that waits to be told to go on.
pub(super) async fn discard(headers: &HeaderMap, body: Incoming) {
    discard_up_to(16 * 1024 * 1024, headers, body).await;
}

/// As [`discard`], for clients that may send more.
pub(super) async fn discard_up_to(longest: u64, headers: &HeaderMap, mut body: Incoming) {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if headers.contains_key(EXPECT) || announced.is_some_and(|length| length > longest) || body.is_end_stream() {
        return;
    }
    let reading = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len) as u64;
            if seen > longest {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), reading).await;
}

/// The request in a JSON body.
pub(super) fn parse(body: &[u8]) -> Result<GraphqlRequest, Fault> {
    if body.is_empty() {
        return Err(Fault::malformed("Request body is empty."));
    }
    let value = Value::parse(body).map_err(|error| {
        tracing::debug!(%error, "the request body is not JSON");
        Fault::malformed(UNPARSABLE)
    })?;
    let Value::Object(members) = value else { return Err(Fault::malformed(UNPARSABLE)) };
    let mut members = Arc::unwrap_or_clone(members);
    let variables = members.remove("variables").unwrap_or_default();
    let operation_name = members.get("operationName").unwrap_or(&Value::Null);
    request(members.get("query"), operation_name, variables)
}

/// The request in the query string of a GET; `variables` is JSON in it.
pub(super) fn parse_query(query: &str) -> Result<GraphqlRequest, Fault> {
    let (mut text, mut operation_name, mut variables) = (None, Value::Null, Value::Null);
    let mut seen = Vec::with_capacity(3);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = || {
            let spaced = value.replace('+', " ");
            let decoded = percent_decode(spaced.as_bytes()).decode_utf8().map(std::borrow::Cow::into_owned);
            decoded.map_err(|_| Fault::malformed(format!("The parameter '{name}' is not UTF-8.")))
        };
        if ["query", "operationName", "variables"].contains(&name) {
            // A signature covers parameters in any order: the one that counts could be swapped.
            if seen.contains(&name) {
                return Err(Fault::malformed(format!("The parameter '{name}' is there twice.")));
            }
            seen.push(name);
        }
        match name {
            "query" => text = Some(Value::from(decoded()?)),
            "operationName" => operation_name = Some(decoded()?).filter(|name| !name.is_empty()).into(),
            "variables" => {
                let json = decoded()?;
                if !json.is_empty() {
                    variables = Value::parse(json.as_bytes())
                        .map_err(|error| Fault::malformed(format!("The parameter 'variables' is not JSON: {error}.")))?;
                }
            }
            _ => {}
        }
    }
    request(text.as_ref(), &operation_name, variables)
}

fn request(query: Option<&Value>, operation_name: &Value, variables: Value) -> Result<GraphqlRequest, Fault> {
    let Some(Value::String(query)) = query else { return Err(Fault::malformed(UNPARSABLE)) };
    if query.is_empty() {
        return Err(Fault::malformed(UNPARSABLE));
    }
    let operation_name = match operation_name {
        Value::Null => None,
        Value::String(name) => Some(Str::clone(name)),
        other => return Err(Fault::malformed(format!("operationName must be a string, found {}.", other.kind()))),
    };
    let variables = match variables {
        Value::Null => Object::new(),
        Value::Object(variables) => Arc::unwrap_or_clone(variables),
        other => return Err(Fault::malformed(format!("variables must be an object, found {}.", other.kind()))),
    };
    Ok(GraphqlRequest { query: Str::clone(query), operation_name, variables })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: Result<GraphqlRequest, Fault>) -> String {
        match request {
            Ok(request) => format!("{} {:?} {}", request.query, request.operation_name, Value::from(request.variables)),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn a_body_is_a_request_or_malformed() {
        let unparsable = "400 MalformedHttpRequestException: Unable to parse GraphQL query.";
        let deep = format!("{{\"query\":\"{{a}}\",\"x\":{}{}}}", "[".repeat(300), "]".repeat(300));
        for (body, expected) in [
            (r#"{"query":"{a}"}"#, "{a} None {}"),
            (r#" {"operationName":null,"variables":null,"extensions":{"a":1},"query":"{a}"} "#, "{a} None {}"),
            (r#"{"query":"{a}","operationName":"A","variables":{"b":2,"a":1.10}}"#, r#"{a} Some("A") {"b":2,"a":1.10}"#),
            (r#"{"query":"{a}","operationName":""}"#, r#"{a} Some("") {}"#),
            ("", "400 MalformedHttpRequestException: Request body is empty."),
            ("meow", unparsable),
            ("{}", unparsable),
            ("{}}", unparsable),
            ("[]", unparsable),
            (r#"[{"query":"{a}"}]"#, unparsable),
            (r#""{a}""#, unparsable),
            (r#"{"query":""}"#, unparsable),
            (r#"{"query":null}"#, unparsable),
            (r#"{"query":["{a}"]}"#, unparsable),
            (&deep, unparsable),
            (
                r#"{"query":"{a}","variables":"{}"}"#,
                "400 MalformedHttpRequestException: variables must be an object, found string.",
            ),
            (r#"{"query":"{a}","variables":[]}"#, "400 MalformedHttpRequestException: variables must be an object, found list."),
            (
                r#"{"query":"{a}","operationName":1}"#,
                "400 MalformedHttpRequestException: operationName must be a string, found number.",
            ),
        ] {
            assert_eq!(shown(parse(body.as_bytes())), expected, "{body}");
        }
        assert_eq!(shown(parse(b"{\"query\":\"\xff\"}")), unparsable);
    }

    #[test]
    fn a_query_string_is_a_request_or_malformed() {
        for (query, expected) in [
            ("query=%7Ba%7D", "{a} None {}"),
            ("query=query+A%7Ba%7D&operationName=A&variables=%7B%22x%22%3A1%7D&z=1", r#"query A{a} Some("A") {"x":1}"#),
            ("query={a}&operationName=&variables=", "{a} None {}"),
            ("", "400 MalformedHttpRequestException: Unable to parse GraphQL query."),
            ("query=", "400 MalformedHttpRequestException: Unable to parse GraphQL query."),
            ("query=%FF", "400 MalformedHttpRequestException: The parameter 'query' is not UTF-8."),
            (
                "query={a}&variables={",
                "400 MalformedHttpRequestException: The parameter 'variables' is not JSON: expected a key in double quotes at line 1 column 2.",
            ),
            ("query={a}&query={b}", "400 MalformedHttpRequestException: The parameter 'query' is there twice."),
            ("variables={}&query={a}&variables=", "400 MalformedHttpRequestException: The parameter 'variables' is there twice."),
            ("query={a}&variables=[]", "400 MalformedHttpRequestException: variables must be an object, found list."),
        ] {
            assert_eq!(shown(parse_query(query)), expected, "{query}");
        }
    }
}
