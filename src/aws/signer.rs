//! [Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html) in headers,
//! for a request that is otherwise ready.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningParams, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Request;
use value::Str;

use super::{AwsClients, SendError};
use crate::definition::AwsCredentials;
use crate::http_client::percent_encoded_bytes;

/// Headers of a signature: whatever a request says there is replaced.
const OF_THE_SIGNATURE: [&str; 5] = ["authorization", "date", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// Headers that a proxy or gateway on the way may change or add to; signed, they would spoil the signature.
const OF_THE_WAY: [&str; 10] = [
    "accept-encoding",
    "cache-control",
    "forwarded",
    "pragma",
    "user-agent",
    "via",
    "x-amzn-trace-id",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
];

/// Signs requests for one service in one region.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    clients: AwsClients,
    /// The service's name in a signature.
    service: Str,
    region: Option<Str>,
    /// The definition's access key. [`Identity`] hides its data.
    identity: Option<Identity>,
    /// Whether the endpoint is on this machine.
    local: bool,
}

impl Signer {
    /// Without `region` and `credentials`, the environment says them; where it does not and the endpoint is `local`, they are made
    /// up: emulators check neither.
    pub(crate) fn new(
        clients: &AwsClients,
        service: impl Into<Str>,
        region: Option<Str>,
        credentials: Option<&AwsCredentials>,
        local: bool,
    ) -> Self {
        let identity = credentials.map(|given| {
            let token = given.session_token.as_ref().map(|token| token.expose().to_owned());
            credentials_of(&given.access_key_id, given.secret_access_key.expose(), token, "definition")
        });
        Self { clients: clients.clone(), service: service.into(), region, identity, local }
    }

    /// The region that requests are signed for.
    pub(crate) async fn region(&self) -> Result<Str, SendError> {
        if let Some(region) = &self.region {
            return Ok(Str::clone(region));
        }
        self.clients.shared.region.resolve(self.local).await.ok_or(SendError::NoRegion)
    }

    /// Puts the signature into the headers of `request`, whose body must be in memory. The query is encoded anew, since signer and
    /// verifier must agree on it.
    pub(crate) async fn sign(&self, request: &mut Request) -> Result<(), SendError> {
        let region = self.region().await?;
        let identity = match &self.identity {
            Some(identity) => identity.clone(),
            None if self.local && !names_credentials(|name| std::env::var_os(name).is_some_and(|text| !text.is_empty())) => {
                credentials_of("local", "local", None, "loopback")
            }
            None => self.clients.shared.chain.identity(&region).await?,
        };
        self.sign_as(request, &identity, &region, SystemTime::now())
    }

    /// The answer to a signed request came with this status.
    pub(crate) fn answered(&self, status: http::StatusCode) {
        if self.identity.is_none() && matches!(status.as_u16(), 401 | 403) {
            self.clients.shared.chain.refused();
        }
    }

    pub(super) fn sign_as(
        &self,
        request: &mut Request,
        identity: &Identity,
        region: &str,
        now: SystemTime,
    ) -> Result<(), SendError> {
        encode_query(request);
        for name in OF_THE_SIGNATURE {
            request.headers_mut().remove(name);
        }
        let unsignable = |what: &str| SendError::InvalidRequest(format!("The request cannot be signed: {what}."));
        let mut headers = Vec::with_capacity(request.headers().len());
        for (name, value) in request.headers() {
            if !OF_THE_WAY.contains(&name.as_str()) {
                let value = std::str::from_utf8(value.as_bytes()).map_err(|_| unsignable("a header is no text"))?;
                headers.push((name.as_str(), value));
            }
        }
        let body = match request.body() {
            None => &[][..],
            Some(body) => body.as_bytes().ok_or_else(|| unsignable("its body is a stream"))?,
        };
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.url().as_str(),
            headers.into_iter(),
            SignableBody::Bytes(body),
        )
        .map_err(|_| unsignable("its URL is malformed"))?;
        let params = v4::SigningParams::builder()
            .identity(identity)
            .region(region)
            .name(&self.service)
            .time(now)
            .settings(settings(&self.service))
            .build()
            .map_err(|_| unsignable("a part is missing"))?;
        let (signed, _) = sign(signable, &SigningParams::V4(params))
            .map_err(|_| unsignable("it has parts that no signature can name"))?
            .into_parts();
        let (headers, _) = signed.into_parts();
        for header in headers {
            let mut value = HeaderValue::from_str(header.value()).map_err(|_| {
                SendError::Credentials(
                    "The access key, the region or the service name has characters that no header can hold.".to_owned(),
                )
            })?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_static(header.name()), value);
        }
        Ok(())
    }
}

/// How a service wants it. S3 takes the path as it is; all others take it normalized and encoded once more. S3 and OpenSearch
/// Serverless want the hash of the body in a header too.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    let is_s3 = service == "s3" || service.starts_with("s3-") || service == "s3express";
    if is_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if is_s3 || service == "aoss" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// Writes the query so that there is one way to read it: everything encoded but the unreserved characters, a blank as `%20`. Bytes that
/// are no text stay what they are.
fn encode_query(request: &mut Request) {
    let url = request.url_mut();
    let Some(query) = url.query() else { return };
    let again = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(&text.replace('+', " ")).collect();
        percent_encoded_bytes(&bytes).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        format!("{}={}", again(name), again(value))
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    url.set_query((!query.is_empty()).then_some(query.as_str()));
}

/// What says who calls: an access key, a profile, a role of a pod or of a container.
const NAMES_OF_CREDENTIALS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Whether the environment says who calls; else only files in the home directory and the metadata service could.
fn names_credentials(is_set: impl Fn(&str) -> bool) -> bool {
    NAMES_OF_CREDENTIALS.into_iter().any(is_set)
}

fn credentials_of(access_key_id: &str, secret: &str, token: Option<String>, provider: &'static str) -> Identity {
    Identity::from(Credentials::new(access_key_id, secret, token, None, provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded_in_one_way_and_keeps_its_bytes() {
        for (query, expected) in [
            ("?a=b", Some("a=b")),
            ("?", None),
            ("?a&b=&=c", Some("a=&b=&=c")),
            ("?q=a+b%20c%2Bd", Some("q=a%20b%20c%2Bd")),
            ("?q=a=b%26c&%7E=~*", Some("q=a%3Db%26c&~=~%2A")),
            ("?q=ä", Some("q=%C3%A4")),
            // Latin-1, which is no text here.
            ("?q=%e4%ff", Some("q=%E4%FF")),
        ] {
            let mut request = Request::new(http::Method::GET, format!("https://h/{query}").parse().expect("a URL"));
            encode_query(&mut request);
            assert_eq!(request.url().query(), expected, "{query}");
        }
    }

    #[test]
    fn made_up_credentials_are_for_an_environment_without_others() {
        for (set, expected) in [
            ("", false),
            ("AWS_ACCESS_KEY_ID", true),
            ("AWS_PROFILE", true),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", true),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", true),
            ("AWS_REGION", false),
        ] {
            assert_eq!(names_credentials(|name| name == set), expected, "{set}");
        }
    }
}
