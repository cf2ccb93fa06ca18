//! What went wrong before DynamoDB could answer, said with the place and a way out.
//!
//! Codes and, where there is one, the opening words are those of the AWS SDK for Java 2, whose messages AppSync passes on.
//! Nothing here quotes credentials: the SDK keeps them out of its errors.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::SdkError;

use super::Limits;
use crate::ServiceError;

/// The code of everything that failed on this side.
pub(super) const SDK_CLIENT_EXCEPTION: &str = "SdkClientException";
/// The code of a call that took too long.
const API_CALL_TIMEOUT_EXCEPTION: &str = "ApiCallTimeoutException";

/// The error of a call that got no answer from `place`.
pub(super) fn failure<E, R>(error: &SdkError<E, R>, place: &str, limits: Limits) -> ServiceError
where
    E: Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let causes = causes(error);
    let root = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    if let Some(cause) = causes.iter().position(|cause| cause.is::<CredentialsError>()) {
        return refused(no_credentials(&causes[cause..], place));
    }
    match error {
        SdkError::TimeoutError(_) => {
            let millis = limits.call.as_millis();
            let message = format!(
                "Client execution did not complete before the specified timeout configuration: {millis} millis ({place}). A \
                 write may have been done all the same"
            );
            ServiceError::new(API_CALL_TIMEOUT_EXCEPTION, message, 0, "")
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            let millis = limits.connect.as_millis();
            refused(format!(
                "Unable to execute HTTP request: no connection to {place} within {millis} millis. Is the endpoint right, and may \
                 this machine reach it?"
            ))
        }
        SdkError::DispatchFailure(failure) if failure.is_io() => refused(format!(
            "Unable to execute HTTP request: {place}: {root}. Is DynamoDB running there, and is the endpoint right?"
        )),
        SdkError::ResponseError(_) => refused(format!("Unable to execute HTTP request: the answer of {place} broke off: {root}")),
        _ if causes.iter().any(|cause| cause.to_string().contains("Missing Region")) => refused(
            "Unable to load region from any of the providers in the chain. Give the region in the definition or in AWS_REGION",
        ),
        _ => refused(format!("Unable to execute HTTP request: {place}: {root}")),
    }
}

/// What is missing, as far as the SDK says, and what to do.
fn no_credentials(causes: &[&(dyn Error + 'static)], place: &str) -> String {
    // The outer layers say what was tried and the innermost what happened.
    let mut told: Vec<_> = causes.iter().map(ToString::to_string).collect();
    told.dedup();
    // The SDK gives each provider a line and begins most with the same words.
    let told = told.join(": ").replace("the credential provider was not enabled: ", "");
    let told: Vec<_> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let told = told.join("; ").replace("no credentials found in chain. Attempted:; ", "");
    let told = told.trim_end_matches(['.', ' ']);
    let way_out = if told.contains("cargo feature") {
        // What signs in (IAM Identity Center, `aws login`) is not built in; the AWS CLI has it.
        "This kind of profile signs in, which the AWS CLI does: eval \"$(aws configure export-credentials --format env)\", or \
         credential_process = aws configure export-credentials --profile NAME in a profile of its own"
    } else {
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give the access key in the definition"
    };
    format!("Unable to load credentials from any of the providers in the chain for {place}: {told}. {way_out}")
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::new(SDK_CLIENT_EXCEPTION, message, 0, "")
}

/// What lies below an error, outermost first. Chains are short; the bound is against one that bites its tail.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'e (dyn Error + 'static)| (*cause).source()).take(32).collect()
}
