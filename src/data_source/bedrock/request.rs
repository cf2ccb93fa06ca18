//! What a resolver asks a model for, by hand or with `@aws-appsync/utils/ai`: `InvokeModel` with a body that only the model
//! understands, `Converse` with messages that are the same for all.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use value::{Object, Str, Value};

use crate::aws::AwsRequest;
use crate::data_source::DataSourceError;
use crate::data_source::fields::{Fields, Place, list, refuse};
use crate::http_client::percent_encoded;

/// What `Converse` takes beside the model, and what form each has.
const CONVERSE: [(&str, &str); 8] = [
    ("messages", "array"),
    ("system", "array"),
    ("inferenceConfig", "object"),
    ("toolConfig", "object"),
    ("guardrailConfig", "object"),
    ("additionalModelRequestFields", ""),
    ("additionalModelResponseFieldPaths", "array"),
    ("promptVariables", ""),
];

/// The guardrail of `InvokeModel`, which Bedrock takes from headers.
const GUARDRAIL: [(&str, &str); 3] = [
    ("guardrailIdentifier", "x-amzn-bedrock-guardrailidentifier"),
    ("guardrailVersion", "x-amzn-bedrock-guardrailversion"),
    ("guardrailTrace", "x-amzn-bedrock-trace"),
];

/// The request to Bedrock.
pub(super) fn read(request: &Value) -> Result<AwsRequest, DataSourceError> {
    let root = Place::Root;
    let fields = Fields::of(request, &root)?;
    match &**fields.required_text("operation")? {
        "InvokeModel" => invoke_model(fields),
        "Converse" => converse(fields),
        other => Err(refuse(format!("Unsupported operation '{other}'. Use one of InvokeModel, Converse."))),
    }
}

fn invoke_model(fields: Fields<'_>) -> Result<AwsRequest, DataSourceError> {
    fields.only(&["version", "operation", "modelId", "body", "guardrailIdentifier", "guardrailVersion", "guardrailTrace"])?;
    let body = match fields.required("body")? {
        // A body that is JSON text already is sent as it is.
        Value::String(text) => text.to_string(),
        json => json.to_json(),
    };
    let mut request = post(fields.required_text("modelId")?, "invoke", body)?;
    for (name, header) in GUARDRAIL {
        if let Some(text) = fields.text(name)? {
            let value = HeaderValue::from_str(text)
                .map_err(|_| refuse(format!("'$[{name}]' has characters that no header can hold.")))?;
            request.headers.insert(HeaderName::from_static(header), value);
        }
    }
    Ok(request)
}

fn converse(fields: Fields<'_>) -> Result<AwsRequest, DataSourceError> {
    let mut known = vec!["version", "operation", "modelId"];
    known.extend(CONVERSE.iter().map(|(name, _)| *name));
    fields.only(&known)?;
    fields.required("messages")?;
    let mut body = Object::with_capacity(CONVERSE.len());
    for (name, form) in CONVERSE {
        let Some(value) = fields.optional(name) else { continue };
        let place = Place::Member(fields.place, name);
        match form {
            "array" => {
                list(value, &place)?;
            }
            "object" => {
                Fields::of(value, &place)?;
            }
            _ => {}
        }
        body.insert(name, value.clone());
    }
    post(fields.required_text("modelId")?, "converse", Value::from(body).to_json())
}

fn post(model_id: &Str, operation: &str, body: String) -> Result<AwsRequest, DataSourceError> {
    if model_id.is_empty() || model_id.bytes().all(|byte| byte == b'.') {
        return Err(refuse(format!("'{model_id}' is no model's id or ARN.")));
    }
    let mut headers = HeaderMap::with_capacity(5);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(AwsRequest {
        method: Method::POST,
        // One segment of the path, whatever it holds: ARNs have colons and slashes.
        path: format!("/model/{}/{operation}", percent_encoded(model_id)),
        query: Vec::new(),
        headers,
        body: Bytes::from(body),
    })
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn body(request: &AwsRequest) -> Value {
        Value::parse(&request.body).expect("JSON")
    }

    #[test]
    fn invoke_model_sends_the_models_own_body() {
        let request = value!({
            "operation": "InvokeModel", "modelId": "amazon.titan-text-lite-v1", "body": {"inputText": "hi", "n": 1.0},
            "guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT", "guardrailTrace": "ENABLED",
        });
        let request = read(&request).expect("a request");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/model/amazon.titan-text-lite-v1/invoke"));
        assert_eq!(&request.body[..], br#"{"inputText":"hi","n":1.0}"#);
        for (name, expected) in [
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("x-amzn-bedrock-guardrailidentifier", "gr-1"),
            ("x-amzn-bedrock-guardrailversion", "DRAFT"),
            ("x-amzn-bedrock-trace", "ENABLED"),
        ] {
            assert_eq!(request.headers[name], expected);
        }
    }

    #[test]
    fn converse_sends_what_it_was_given() {
        let request = value!({
            "operation": "Converse", "modelId": "arn:aws:bedrock:us-east-1:1:inference-profile/us.x:0",
            "messages": [{"role": "user", "content": [{"text": "hi"}]}], "system": [{"text": "be brief"}],
            "inferenceConfig": {"maxTokens": 10}, "guardrailConfig": {"guardrailIdentifier": "g"},
            "toolConfig": {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object"}}}}]},
            "additionalModelRequestFields": null,
        });
        let sent = read(&request).expect("a request");
        assert_eq!(sent.path, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x%3A0/converse");
        for name in ["messages", "system", "inferenceConfig", "guardrailConfig", "toolConfig"] {
            assert_eq!(body(&sent).get(name), request.get(name), "{name}");
        }
        assert_eq!(body(&sent).as_object().map(Object::len), Some(5), "neither operation nor modelId");
    }

    #[test]
    fn a_bad_request_names_its_member() {
        for (request, message) in [
            (value!("x"), "Expected JSON object for field '$' but got 'STRING' instead."),
            (value!({"modelId": "m", "body": {}}), "Value for field '$[operation]' not found."),
            (
                value!({"operation": "InvokeModelWithResponseStream"}),
                "Unsupported operation 'InvokeModelWithResponseStream'. Use one of InvokeModel, Converse.",
            ),
            (value!({"operation": "InvokeModel", "modelId": "m"}), "Value for field '$[body]' not found."),
            (value!({"operation": "InvokeModel", "body": {}}), "Value for field '$[modelId]' not found."),
            (value!({"operation": "InvokeModel", "modelId": "..", "body": {}}), "'..' is no model's id or ARN."),
            (value!({"operation": "Converse", "modelId": "m"}), "Value for field '$[messages]' not found."),
            (
                value!({"operation": "Converse", "modelId": "m", "messages": "hi"}),
                "Expected JSON array for field '$[messages]' but got 'STRING' instead.",
            ),
            (
                value!({"operation": "Converse", "modelId": "m", "messages": [1], "toolConfig": [1]}),
                "Expected JSON object for field '$[toolConfig]' but got 'ARRAY' instead.",
            ),
            (
                value!({"operation": "Converse", "modelId": "m", "messages": [1], "temperature": 1}),
                "Unsupported element '$[temperature]'.",
            ),
            (
                value!({"operation": "InvokeModel", "modelId": "m", "body": {}, "guardrailVersion": "1\n2"}),
                "'$[guardrailVersion]' has characters that no header can hold.",
            ),
        ] {
            let error = read(&request).expect_err(message);
            assert_eq!((error.error_type.as_str(), error.message.as_str()), ("MappingTemplate", message));
        }
    }
}
