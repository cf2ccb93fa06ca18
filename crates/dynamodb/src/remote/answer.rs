//! Reading what the service answered.
//!
//! Errors have the form of the AWS JSON 1.0 protocol: the code in `__type`, behind a namespace, the sentence in `message` (in
//! `Message` where an older layer of the service speaks).

use value::{Str, Value};

use super::failure::SDK_CLIENT_EXCEPTION;
use crate::{CancellationReason, Response, ServiceError};

/// An HTTP answer, read to its end.
pub(super) struct Answer<'a> {
    /// Who answered, for messages.
    pub(super) place: &'a str,
    /// The status code.
    pub(super) status: u16,
    /// `x-amzn-RequestId`
    pub(super) request_id: &'a str,
    /// `x-amzn-ErrorType`
    pub(super) error_type: Option<&'a str>,
    /// `Content-Type`
    pub(super) content_type: Option<&'a str>,
    /// The body.
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// The response or error that it is.
    pub(super) fn read(&self) -> Result<Response, ServiceError> {
        let success = (200..300).contains(&self.status);
        // Operations without output (TagResource) answer nothing at all.
        let body = if self.body.is_empty() { Ok(Value::from(value::Object::new())) } else { Value::parse(self.body) };
        match body {
            Ok(body) if success => Ok(Response { body, request_id: self.request_id.into() }),
            Ok(body) => Err(self.error(&body).unwrap_or_else(|| self.foreign("an error that names no code"))),
            Err(error) => Err(self.foreign(&format!("something else than JSON ({error})"))),
        }
    }

    fn error(&self, body: &Value) -> Option<ServiceError> {
        let code = body.get("__type").or_else(|| body.get("code")).and_then(Value::as_str).or(self.error_type)?;
        let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str).unwrap_or_default();
        let mut error = ServiceError::new(bare(code), message, self.status, self.request_id);
        error.item = body.get("Item").filter(|item| !item.is_null()).cloned();
        if let Some(reasons) = body.get("CancellationReasons").and_then(Value::as_list) {
            error.cancellation_reasons = reasons.iter().map(cancellation_reason).collect();
        }
        Some(error)
    }

    /// A proxy, a web server, whatever it was that answered: not DynamoDB.
    fn foreign(&self, what: &str) -> ServiceError {
        let Self { place, status, .. } = self;
        let content_type = self.content_type.unwrap_or("no content type");
        let size = self.body.len();
        let message = format!(
            "{place} answered status {status} with {what}, {size} bytes of {content_type}: is this the endpoint of a DynamoDB?"
        );
        ServiceError::new(SDK_CLIENT_EXCEPTION, message, *status, self.request_id)
    }
}

fn cancellation_reason(reason: &Value) -> CancellationReason {
    let text = |name| reason.get(name).and_then(Value::as_str).map(Str::from);
    CancellationReason {
        code: text("Code").unwrap_or_else(|| "None".into()),
        message: text("Message"),
        item: reason.get("Item").filter(|item| !item.is_null()).cloned(),
    }
}

/// The code without what may stand around it: `com.amazonaws.dynamodb.v20120810#Code`, `Code:http://…`.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn read(status: u16, error_type: Option<&str>, body: &str) -> Result<Response, ServiceError> {
        let content_type = Some("text/html");
        let body = body.as_bytes();
        Answer { place: "db:1", status, request_id: "R", error_type, content_type, body }.read()
    }

    #[test]
    fn codes_lose_what_stands_around_them() {
        let namespace = "com.amazonaws.dynamodb.v20120810#";
        for (body, header, expected) in [
            (format!(r#"{{"__type":"{namespace}ValidationException","message":"m"}}"#), None, ("ValidationException", "m")),
            (r#"{"__type":"SerializationException","Message":"m"}"#.into(), None, ("SerializationException", "m")),
            (r#"{"code":"Throttled:http://x/"}"#.into(), None, ("Throttled", "")),
            (r#"{"message":"m"}"#.into(), Some("a#B:http://x"), ("B", "m")),
            (String::new(), Some("InternalFailure"), ("InternalFailure", "")),
        ] {
            let error = read(400, header, &body).expect_err("an error");
            assert_eq!((&*error.code, &*error.message), expected, "{body}");
            assert_eq!((error.status, &*error.request_id), (400, "R"));
        }
    }

    #[test]
    fn cancelled_transactions_keep_reasons_and_items() {
        let error = read(
            400,
            None,
            r#"{"__type":"x#TransactionCanceledException","Message":"m","CancellationReasons":[{"Code":"None"},
               {"Code":"ConditionalCheckFailed","Message":"c","Item":{"id":{"S":"1"}}}]}"#,
        )
        .expect_err("an error");
        let codes: Vec<_> = error.cancellation_reasons.iter().map(|reason| &*reason.code).collect();
        assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
        assert_eq!(error.cancellation_reasons[1].message.as_deref(), Some("c"));
        assert_eq!(error.cancellation_reasons[1].item, Some(value!({"id": {"S": "1"}})));
    }

    #[test]
    fn a_failed_condition_shows_its_item() {
        let body = r#"{"__type":"x#ConditionalCheckFailedException","message":"m","Item":{"n":{"N":"1"}}}"#;
        assert_eq!(read(400, None, body).expect_err("an error").item, Some(value!({"n": {"N": "1"}})));
    }

    #[test]
    fn answers_of_others_are_told_apart() {
        for (status, body) in [(200, "<html>"), (502, "<html>"), (404, "{}"), (404, r#""text""#)] {
            let error = read(status, None, body).expect_err("an error");
            assert_eq!(&*error.code, "SdkClientException", "{body}");
            assert!(error.message.contains("db:1 answered status"), "{}", error.message);
        }
    }

    #[test]
    fn an_empty_answer_is_an_empty_response() {
        assert_eq!(read(200, None, "").map(|response| response.body), Ok(value!({})));
    }
}
