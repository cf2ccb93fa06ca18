//! What a service says when it refuses a request, in the JSON protocols of AWS
//! (<https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>).

use value::Value;

use super::AwsResponse;

/// A service's refusal. What stands in for a service need not speak in this form, so that any part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exception {
    /// The exception's name, `ValidationException`; empty when the answer names none.
    pub(crate) code: String,
    /// What it says.
    pub(crate) message: Option<String>,
    /// The request, by the service's count.
    pub(crate) request_id: Option<String>,
}

impl AwsResponse {
    /// The exception of an answer with a status of failure.
    pub(crate) fn exception(&self) -> Exception {
        let header = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        let body = Value::parse(&self.body).unwrap_or_default();
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        let code = header("x-amzn-errortype").or_else(|| member("__type")).or_else(|| member("code")).unwrap_or_default();
        // A URL may follow, a namespace may come before: `com.amazon.coral.service#ValidationException:http://internal.amazon.com/`.
        let code = code.split(':').next().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default().trim();
        Exception {
            code: code.to_owned(),
            message: member("message").or_else(|| member("Message")).map(str::to_owned),
            request_id: header("x-amzn-requestid").map(str::to_owned),
        }
    }

    /// The exception as the AWS SDK for Java prints it: its name, and a sentence with the service, the status and the request.
    pub(crate) fn sdk_exception(&self, service: &str) -> (String, String) {
        let status = self.status.as_u16();
        let Exception { code, message, request_id } = self.exception();
        let named = || if code.is_empty() { None } else { Some(code.clone()) };
        let reason = || self.status.canonical_reason().map_or_else(|| format!("status {status}"), str::to_owned);
        let message = message.or_else(named).unwrap_or_else(reason);
        let request_id = request_id.as_deref().unwrap_or("null");
        let sentence = format!("{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})");
        (code, sentence)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn an_exception_is_found_in_header_and_body() {
        for (header, body, code, message) in [
            ("ValidationException:http://internal.amazon.com/a#b", r#"{"message":"m"}"#, "ValidationException", Some("m")),
            (
                "",
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"M"}"#,
                "AccessDeniedException",
                Some("M"),
            ),
            ("", r#"{"code":"aws#Throttled:x"}"#, "Throttled", None),
            ("Header", r#"{"__type":"Body"}"#, "Header", None),
            ("", "<html>", "", None),
            ("", r#"["message"]"#, "", None),
        ] {
            let mut headers = HeaderMap::new();
            if !header.is_empty() {
                headers.insert("x-amzn-errortype", HeaderValue::from_static(header));
            }
            let answer = AwsResponse { status: StatusCode::BAD_REQUEST, headers, body: body.into() };
            let expected = Exception { code: code.to_owned(), message: message.map(str::to_owned), request_id: None };
            assert_eq!(answer.exception(), expected, "{header} {body}");
        }
    }

    #[test]
    fn a_sentence_says_what_is_known() {
        for (status, body, expected) in [
            (400, r#"{"message":"m","__type":"E"}"#, "m (Service: S, Status Code: 400, Request ID: null)"),
            (400, r#"{"__type":"E"}"#, "E (Service: S, Status Code: 400, Request ID: null)"),
            (503, "", "Service Unavailable (Service: S, Status Code: 503, Request ID: null)"),
            (599, "", "status 599 (Service: S, Status Code: 599, Request ID: null)"),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let answer = AwsResponse { status, headers: HeaderMap::new(), body: body.into() };
            assert_eq!(answer.sdk_exception("S").1, expected);
        }
    }
}
