//! What a resolver asks a Lambda data source for: `{ version?, operation, invocationType?, payload? }`.

use value::{NULL, Value};

use super::InvocationType;
use crate::data_source::fields::{Fields, Place, Read, refuse};

/// The template versions of the reference.
const VERSIONS: [&str; 2] = ["2017-02-28", "2018-05-29"];

/// A request, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct LambdaRequest<'a> {
    pub(super) operation: Operation,
    pub(super) invocation: InvocationType,
    /// The function's event, or its part of one.
    pub(super) payload: &'a Value,
}

/// `operation`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// One call for one parent.
    Invoke,
    /// One call for many parents, with the list of their payloads.
    BatchInvoke,
}

impl<'a> LambdaRequest<'a> {
    pub(super) fn read(request: &'a Value) -> Read<Self> {
        let fields = Fields::of(request, &Place::Root)?;
        if let Some(version) = fields.text("version")?.filter(|version| !VERSIONS.contains(&&***version)) {
            return Err(refuse(format!(
                "Unsupported version '{version}'. Lambda data sources support the versions 2017-02-28 and 2018-05-29."
            )));
        }
        let operation = match &**fields.required_text("operation")? {
            "Invoke" => Operation::Invoke,
            "BatchInvoke" => Operation::BatchInvoke,
            other => return Err(refuse(format!("Unsupported operation '{other}'. The operations are Invoke, BatchInvoke."))),
        };
        let invocation = match fields.text("invocationType")?.map(|text| &**text) {
            None | Some("RequestResponse") => InvocationType::RequestResponse,
            Some("Event") => InvocationType::Event,
            Some(other) => {
                return Err(refuse(format!(
                    "Unsupported value '{other}' for field '$[invocationType]'. The values are 'RequestResponse' and 'Event'."
                )));
            }
        };
        fields.only(&["version", "operation", "invocationType", "payload"])?;
        Ok(Self { operation, invocation, payload: fields.optional("payload").unwrap_or(&NULL) })
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn requests_are_read_strictly() {
        let check = |request: Value, expected: Result<(Operation, InvocationType, Value), &str>| {
            let read = LambdaRequest::read(&request);
            let read = read.map(|read| (read.operation, read.invocation, read.payload.clone()));
            let read = read.map_err(|error| {
                assert_eq!(error.error_type, "MappingTemplate");
                error.message
            });
            assert_eq!(read, expected.map_err(str::to_owned), "{request}");
        };
        let (invoke, batch) = (Operation::Invoke, Operation::BatchInvoke);
        let (wait, event) = (InvocationType::RequestResponse, InvocationType::Event);
        check(value!({"operation": "Invoke", "payload": {"a": 1}}), Ok((invoke, wait, value!({"a": 1}))));
        check(value!({"version": "2017-02-28", "operation": "BatchInvoke", "payload": "x"}), Ok((batch, wait, value!("x"))));
        check(
            value!({"version": "2018-05-29", "operation": "Invoke", "invocationType": "Event"}),
            Ok((invoke, event, value!(null))),
        );
        check(
            value!({"operation": "Invoke", "invocationType": "RequestResponse", "other": null}),
            Ok((invoke, wait, value!(null))),
        );
        check(value!({"payload": {}}), Err("Value for field '$[operation]' not found."));
        check(value!({"operation": "invoke"}), Err("Unsupported operation 'invoke'. The operations are Invoke, BatchInvoke."));
        check(value!({"operation": 1}), Err("Expected JSON string for field '$[operation]' but got 'NUMBER' instead."));
        check(value!({"operation": "Invoke", "payloads": 1}), Err("Unsupported element '$[payloads]'."));
        check(
            value!({"operation": "Invoke", "invocationType": "DryRun"}),
            Err("Unsupported value 'DryRun' for field '$[invocationType]'. The values are 'RequestResponse' and 'Event'."),
        );
        check(
            value!({"operation": "Invoke", "version": "2019-01-01"}),
            Err("Unsupported version '2019-01-01'. Lambda data sources support the versions 2017-02-28 and 2018-05-29."),
        );
        check(value!([1]), Err("Expected JSON object for field '$' but got 'ARRAY' instead."));
        check(value!(null), Err("Expected JSON object for field '$' but got 'NULL' instead."));
    }
}
