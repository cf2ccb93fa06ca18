//! Verification of [AWS Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
//! header form, for services other than S3.
//!
//! [`verify`] rebuilds the canonical request from the bytes that arrived, signs it with the caller's secret and compares. It knows
//! no protocol: a [`SignatureError`] carries AWS's exception name and sentence, and whoever answers puts them into its own form.
//! The other two forms are refused by name: a signature in the query string (presigned URLs), because it could be replayed from
//! logs and histories, and an unsigned or chunk-signed payload, because nothing then protects the body.

mod authorization;
mod canonical;
mod error;
mod signing_keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use http::HeaderMap;
use jiff::Timestamp;

pub(crate) use canonical::{hex, sha256_hex};

pub use authorization::Authorization;
pub use error::SignatureError;
pub use signing_keys::SigningKeys;

/// The algorithm, as it stands in the `Authorization` header.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How the credential scope ends.
const TERMINATOR: &str = "aws4_request";
/// How far clocks may be apart.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// A request as it arrived, nothing decoded and nothing normalized.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path of the target.
    pub path: &'a str,
    /// What follows the question mark; empty without one.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, compressed if it was sent so.
    pub body: &'a [u8],
}

/// Without headers, query and body, which hold credentials.
impl std::fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedRequest").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// What a credential must be scoped to.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The region; `None` accepts any.
    pub region: Option<&'a str>,
    /// The signing name of the service, `dynamodb` for instance.
    pub service: &'a str,
}

/// An access key that may sign.
#[derive(Clone)]
pub struct Credential {
    /// `AccessKeyId`
    pub access_key_id: String,
    /// `SecretAccessKey`
    pub secret_access_key: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `AccessKeyId`
    pub access_key_id: String,
    /// The region of the credential scope.
    pub region: String,
}

/// Verifies the signature of `request` at the time `now`, which may differ from the signer's by `tolerance` ([`TOLERANCE`] on AWS).
/// `lookup` finds the credential of an access key id; it also gets the session token where one was sent, and must refuse one that
/// is not the key's.
///
/// # Errors
/// [`SignatureError`], the cheap checks first: nothing is hashed for a request that is malformed, late or of an unknown caller.
pub fn verify(
    request: &SignedRequest<'_>,
    expect: Scope<'_>,
    now: SystemTime,
    tolerance: Duration,
    lookup: impl FnOnce(&str, Option<&str>) -> Option<Credential>,
) -> Result<Principal, SignatureError> {
    let secret = |id: &str, token: Option<&str>| lookup(id, token).map(|credential| credential.secret_access_key);
    verify_with(request, expect, (now, tolerance), None, secret)
}

/// As [`verify`], with the keys that were derived before; `clock` is the time and the tolerance, `lookup` finds the secret access
/// key. `keys` belongs to one set of access keys, of which each id has one secret.
///
/// # Errors
/// As [`verify`].
pub fn verify_with<S: AsRef<str>>(
    request: &SignedRequest<'_>,
    expect: Scope<'_>,
    (now, tolerance): (SystemTime, Duration),
    keys: Option<&SigningKeys>,
    lookup: impl FnOnce(&str, Option<&str>) -> Option<S>,
) -> Result<Principal, SignatureError> {
    let authorization = Authorization::read(request.headers, request.query)?.ok_or(SignatureError::MissingToken)?;
    let signer = authorization.signer(request.headers, expect)?;
    signer.check_time(now, tolerance)?;
    let token = single(request.headers, "x-amz-security-token")?;
    let secret = lookup(signer.access_key_id, token).ok_or(SignatureError::UnrecognizedClient)?;
    signer.check_signed_headers(request.headers)?;

    let payload = sha256_hex(request.body);
    if let Some(claimed) = single(request.headers, "x-amz-content-sha256")?
        && claimed != payload
    {
        return Err(match claimed {
            "UNSIGNED-PAYLOAD" => SignatureError::UnsignedPayload,
            claimed if claimed.starts_with("STREAMING-") => SignatureError::UnsignedPayload,
            _ => SignatureError::PayloadMismatch,
        });
    }
    let canonical = canonical::request(request, &signer.signed_headers, &payload);
    let string_to_sign = format!("{ALGORITHM}\n{}\n{}\n{}", signer.moment, signer.scope(), sha256_hex(&canonical));
    let known = keys.and_then(|keys| keys.get(signer.credential));
    let is_known = known.is_some();
    let key = known.unwrap_or_else(|| Arc::new(signing_key(secret.as_ref(), signer.date, signer.region, signer.service)));
    let given = hex::decode(signer.signature);
    // Compared in constant time.
    if given.is_none_or(|given| hmac::verify(&key, string_to_sign.as_bytes(), &given).is_err()) {
        return Err(SignatureError::DoesNotMatch { canonical_request: canonical::shown(&canonical), string_to_sign });
    }
    // Only now: nobody else decides what is kept.
    if let Some(keys) = keys.filter(|_| !is_known) {
        keys.keep(signer.credential, key);
    }
    Ok(Principal { access_key_id: signer.access_key_id.to_owned(), region: signer.region.to_owned() })
}

/// The key for one day, region and service.
fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> hmac::Key {
    let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    [date, region, service, TERMINATOR]
        .iter()
        .fold(key(format!("AWS4{secret}").as_bytes()), |current, part| key(hmac::sign(&current, part.as_bytes()).as_ref()))
}

/// A header that may be there once.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(SignatureError::Repeated(name));
    }
    first.map(|value| value.to_str().map_err(|_| SignatureError::Unreadable(name))).transpose()
}

/// A moment in ISO 8601's basic format, `20150830T123600Z`.
fn basic(moment: Timestamp) -> String {
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}
