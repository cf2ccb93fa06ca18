//! Making the client: region, endpoint, credentials, timeouts.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls;
use aws_smithy_types::retry::{RetryConfig, RetrySpec};
use aws_types::endpoint_config::AccountIdEndpointMode;

use super::failure::SDK_CLIENT_EXCEPTION;
use super::{Limits, RemoteSettings};
use crate::ServiceError;

/// The SDK's client and what messages about it need.
pub(super) struct Client {
    /// The SDK's client.
    pub(super) sdk: aws_sdk_dynamodb::Client,
    /// How the place is called while no request has been made for it.
    pub(super) place: String,
    /// For messages.
    pub(super) limits: Limits,
}

/// Refuses what is no URL, which the SDK would report in words that name no way out.
pub(super) fn check_endpoint(settings: &RemoteSettings) -> Result<(), ServiceError> {
    match settings.endpoint.as_deref() {
        Some(endpoint) if host(endpoint).is_none() => {
            let message = "the endpoint of DynamoDB is not a URL: write scheme, host and port, as in http://localhost:8000";
            Err(ServiceError::new(SDK_CLIENT_EXCEPTION, message, 0, ""))
        }
        _ => Ok(()),
    }
}

/// Reads the environment and makes the client; credentials are asked for by the first request.
pub(super) async fn connect(settings: &RemoteSettings, limits: Limits) -> Client {
    let local = settings.endpoint.as_deref().is_some_and(is_loopback);
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.to_string()));
    } else if local {
        // Not the whole chain: it ends with a question to the instance's metadata service, which no laptop answers.
        let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else("us-east-1");
        loader = loader.region(chain);
    }
    if let Some(credentials) = credentials(settings, local, |name| std::env::var_os(name).is_some_and(|text| !text.is_empty())) {
        loader = loader.credentials_provider(credentials);
    }
    let environment = loader.load().await;
    let timeouts = TimeoutConfig::builder().connect_timeout(limits.connect).operation_timeout(limits.call).build();
    let mut config = aws_sdk_dynamodb::config::Builder::from(&environment)
        .timeout_config(timeouts)
        .retry_config(retries(environment.retry_config()))
        // Which endpoint belongs to an account follows from the typed request, which is not looked at here. The region's own
        // endpoint answers for every table.
        .account_id_endpoint_mode(AccountIdEndpointMode::Disabled);
    if local {
        // The default client takes HTTP_PROXY and its like from the environment; no proxy leads back to this machine.
        let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        config = config.http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https());
    }
    if let Some(endpoint) = &settings.endpoint {
        config = config.endpoint_url(endpoint.to_string());
    }
    let place = match (settings.endpoint.as_deref().and_then(host), environment.region()) {
        (Some(host), _) => host.to_owned(),
        (None, Some(region)) => format!("DynamoDB in {region}"),
        (None, None) => "DynamoDB".to_owned(),
    };
    Client { sdk: aws_sdk_dynamodb::Client::from_conf(config.build()), place, limits }
}

/// How often and in which mode the environment says, with the pauses that the newest generation of the SDKs makes for DynamoDB:
/// 25 ms at first. The older pause of up to a second would be felt whenever a local endpoint is not up.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
pub(super) fn retries(environment: Option<&RetryConfig>) -> RetryConfig {
    let pauses = RetrySpec::v2_1().with_non_throttling_initial_backoff(Duration::from_millis(25));
    environment.cloned().unwrap_or_else(RetryConfig::standard).with_retry_spec(pauses)
}

/// The access key to use instead of the chain, if any.
fn credentials(
    settings: &RemoteSettings,
    local: bool,
    is_set: impl Fn(&str) -> bool,
) -> Option<aws_sdk_dynamodb::config::Credentials> {
    let given = settings.credentials.as_ref().map(|given| {
        let token = given.session_token.as_ref().map(ToString::to_string);
        aws_sdk_dynamodb::config::Credentials::new(&*given.access_key_id, &*given.secret_access_key, token, None, "definition")
    });
    given.or_else(|| {
        let made_up = local && !is_set("AWS_ACCESS_KEY_ID") && !is_set("AWS_PROFILE");
        made_up.then(|| aws_sdk_dynamodb::config::Credentials::new("local", "local", None, None, "loopback"))
    })
}

/// Host and port of an `http` or `https` URL, without the user information that may stand before them.
pub(super) fn host(endpoint: &str) -> Option<&str> {
    let rest = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty() && !host.starts_with(':') && !host.contains(char::is_whitespace)).then_some(host)
}

fn is_loopback(endpoint: &str) -> bool {
    let Some(host) = host(endpoint) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // RFC 6761, section 6.3: localhost and the names below it are loopback.
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    #[test]
    fn hosts_are_read_from_urls_without_user_information() {
        for (endpoint, expected) in [
            ("http://localhost:8000", Some("localhost:8000")),
            ("https://user:secret@db.example.com/path?x#y", Some("db.example.com")),
            ("http://[::1]:8000/", Some("[::1]:8000")),
            ("localhost:8000", None),
            ("http://", None),
            ("http://:8000", None),
            ("http://a b", None),
            ("ftp://localhost", None),
            ("", None),
        ] {
            assert_eq!(host(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for (endpoint, expected) in [
            ("http://localhost", true),
            ("http://LOCALHOST.:8000", true),
            ("http://dynamodb.localhost:4000/x", true),
            ("http://127.0.0.1:8000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:8000", true),
            ("http://localhost@evil.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("https://dynamodb.us-east-1.amazonaws.com", false),
        ] {
            assert_eq!(is_loopback(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn made_up_credentials_are_for_loopback_without_others_only() {
        let own = Credentials { access_key_id: "AKID".into(), secret_access_key: "s".into(), session_token: Some("t".into()) };
        for (given, local, set, expected) in [
            (None, true, "", Some("local")),
            (None, true, "AWS_ACCESS_KEY_ID", None),
            (None, true, "AWS_PROFILE", None),
            (None, false, "", None),
            (Some(own.clone()), false, "", Some("AKID")),
            (Some(own), true, "AWS_ACCESS_KEY_ID", Some("AKID")),
        ] {
            let settings = RemoteSettings { region: None, endpoint: None, credentials: given.clone() };
            let found = credentials(&settings, local, |name| set == name);
            assert_eq!(found.as_ref().map(aws_sdk_dynamodb::config::Credentials::access_key_id), expected);
            assert_eq!(found.and_then(|found| found.session_token().map(str::to_owned)).is_some(), given.is_some());
        }
    }
}
