//! What the service refuses, as AppSync reports it: the type is `DynamoDB:` and the exception's class in the AWS SDK for Java,
//! the message that SDK's.

use dynamodb::ServiceError;

use crate::data_source::DataSourceError;

/// Why a call gave no response.
#[derive(Debug)]
pub(super) enum Failed {
    /// The service refused.
    Service(Box<ServiceError>),
    /// The GraphQL request's time is up.
    Deadline,
}

impl From<Failed> for DataSourceError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Service(error) => service(&error),
            Failed::Deadline => Self::new("ExecutionTimeout", "Execution timed out."),
        }
    }
}

/// An error of the service.
pub(super) fn service(error: &ServiceError) -> DataSourceError {
    if error.status == 0 {
        // No answer came: the SDK's own exception, which no service has signed.
        return DataSourceError::new(format!("DynamoDB:{}", error.code), error.message.clone());
    }
    // An identifier that is not known prints as Java prints one.
    let request_id = if error.request_id.is_empty() { "null" } else { &error.request_id };
    let message = format!("{} (Service: DynamoDb, Status Code: {}, Request ID: {request_id})", error.message, error.status);
    DataSourceError::new(format!("DynamoDB:{}", exception(&error.code)), message)
}

/// The class of an error code. The SDK has one for every error that the API's model names; all others, validation and access
/// among them, are the general `DynamoDbException` (aws-appsync-community#220).
fn exception(code: &str) -> &str {
    match code {
        "ConditionalCheckFailedException"
        | "DuplicateItemException"
        | "IdempotentParameterMismatchException"
        | "ItemCollectionSizeLimitExceededException"
        | "LimitExceededException"
        | "ProvisionedThroughputExceededException"
        | "ReplicatedWriteConflictException"
        | "RequestLimitExceededException"
        | "ResourceInUseException"
        | "ResourceNotFoundException"
        | "TableNotFoundException"
        | "ThrottlingException"
        | "TransactionCanceledException"
        | "TransactionConflictException"
        | "TransactionInProgressException" => code,
        "DuplicateItem" => "DuplicateItemException",
        "InternalServerError" => "InternalServerErrorException",
        "RequestLimitExceeded" => "RequestLimitExceededException",
        _ => "DynamoDbException",
    }
}

/// The error of a table that the data source may not touch, in the words of IAM.
pub(super) fn denied(action: &str, table: &str) -> DataSourceError {
    let message = format!(
        "User: arn:aws:sts::000000000000:assumed-role/syncgate/APPSYNC_ASSUME_ROLE is not authorized to perform: \
         dynamodb:{action} on resource: arn:aws:dynamodb:us-east-1:000000000000:table/{table} because no data source of the API \
         names this table"
    );
    service(&ServiceError::new("AccessDeniedException", message, 400, ""))
}

/// A token that is none of ours, was changed, or belongs to another query (amplify-cli#3411).
pub(super) fn invalid_token() -> DataSourceError {
    DataSourceError::new(
        "DynamoDB:UserIllegalArgumentException",
        "com.amazonaws.deepdish.common.pagination.InvalidPaginationTokenException: Invalid pagination token given.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_the_class_of_the_sdk() {
        for (code, error_type) in [
            ("ConditionalCheckFailedException", "DynamoDB:ConditionalCheckFailedException"),
            ("ValidationException", "DynamoDB:DynamoDbException"),
            ("InternalServerError", "DynamoDB:InternalServerErrorException"),
            ("UnrecognizedClientException", "DynamoDB:DynamoDbException"),
        ] {
            let error = service(&ServiceError::new(code, "No.", 400, "R1"));
            assert_eq!(error.error_type, error_type);
            assert_eq!(error.message, "No. (Service: DynamoDb, Status Code: 400, Request ID: R1)");
        }
    }
}
