//! `NONE`: no data source at all. The request's `payload` is the result (resolver reference for NONE data sources); local
//! resolvers and publishing mutations are made of it.

use std::future::ready;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::Value;

use super::{Call, DataSource, DataSourceError};

/// Gives the payload back.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoneDataSource;

impl DataSource for NoneDataSource {
    fn invoke<'a>(&'a self, request: Value, _call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        ready(payload(&request)).boxed()
    }
}

/// A request without a payload, or no request, gives null.
fn payload(request: &Value) -> Result<Value, DataSourceError> {
    match request {
        Value::Object(request) => Ok(request.get("payload").cloned().unwrap_or_default()),
        Value::Null => Ok(Value::Null),
        other => Err(DataSourceError::mapping_template(format!(
            "A request to a NONE data source must be an object with an optional payload, found {}.",
            other.kind()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn the_payload_is_the_result() {
        for (request, expected) in [
            (value!({"version": "2018-05-29", "payload": {"a": [1.50, null]}}), value!({"a": [1.50, null]})),
            (value!({"payload": "text"}), value!("text")),
            (value!({"version": "2018-05-29"}), Value::Null),
            (value!({}), Value::Null),
            (Value::Null, Value::Null),
        ] {
            assert_eq!(payload(&request), Ok(expected), "{request}");
        }
    }

    #[test]
    fn a_request_that_is_no_object_is_refused() {
        let error = payload(&value!([1])).expect_err("refused");
        assert_eq!(error.error_type, "MappingTemplate");
        assert!(error.message.ends_with("found list."), "{}", error.message);
    }
}
