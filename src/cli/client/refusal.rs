//! What can be done about a request that the server refuses.

use http::StatusCode;

use super::Asking;
use super::identity::Credentials;
use crate::definition::{AuthenticationProvider, AuthenticationType};
use crate::execution::parser::parse;

/// Whether a refusal is one of the caller rather than of what was asked.
fn is_about_the_caller(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// The message about a refusal, with the ways out.
pub(in crate::cli) fn refusal(status: StatusCode, error_type: &str, asking: &Asking, credentials: &Credentials) -> String {
    let what = if is_about_the_caller(status) { credentials.who() } else { "the request".to_owned() };
    let message = format!("{what} is refused: {} {error_type}", status.as_u16());
    crate::cli::error(message, &way_out(status, error_type, asking, credentials))
}

/// What can be done about a refusal.
fn way_out(status: StatusCode, error_type: &str, asking: &Asking, credentials: &Credentials) -> String {
    const RESTART: &str = "a server reads its definition when it starts: if that was changed since, start it again";
    const LOG: &str = "why a token does not hold stands in the server's log";
    const LOG_OR_FUNCTION: &str =
        "why an issuer's token does not hold stands in the server's log; the Lambda authorizer may have said no";
    const FOLDER: &str =
        "the pool's key is in the data folder, which must be the server's (--data); with --ephemeral there is none";
    const OTHER: &str = "if another definition's server listens there: --url, or --config";
    let modes: Vec<_> = asking.api().authentication_providers().map(AuthenticationProvider::authentication_type).collect();
    let wanted = credentials.types();
    match status {
        _ if is_about_the_caller(status) && !wanted.iter().any(|wanted| modes.contains(wanted)) => {
            let names = |types: &[AuthenticationType]| types.iter().map(|each| each.name()).collect::<Vec<_>>();
            let (wanted, modes) = (names(wanted).join(" or "), names(&modes).join(", "));
            format!("that is {wanted}, and the authorization modes of this API are {modes}")
        }
        _ if error_type.ends_with("ClientException") || error_type == "InvalidSignatureException" => {
            format!("{RESTART}\n{OTHER}")
        }
        _ if is_about_the_caller(status) => {
            let log = if modes.contains(&AuthenticationType::AwsLambda) { LOG_OR_FUNCTION } else { LOG };
            match credentials {
                Credentials::UserToken(..) => format!("{log}\n{RESTART}\n{FOLDER}"),
                Credentials::Token(_) => format!("{log}\n{RESTART}"),
                Credentials::ApiKey(_) | Credentials::Signature { .. } => RESTART.to_owned(),
            }
        }
        StatusCode::BAD_REQUEST if error_type == "BadRequestException" => "why stands in the server's log".to_owned(),
        StatusCode::NOT_FOUND => format!("{OTHER}\n{RESTART}"),
        StatusCode::BAD_REQUEST if error_type == "MalformedHttpRequestException" => {
            // AppSync does not say where.
            parse(&asking.document).err().map(|fault| fault.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
