//! What a request says about its signature, read before anything is hashed.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;

use super::{ALGORITHM, Scope, SignatureError, TERMINATOR, basic, single};

/// The parameters of a signature in the query string, as AWS names them in its errors.
const QUERY_PARAMETERS: [&str; 5] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];

/// A signature that has all of its parts, not yet judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// In the `Authorization` header.
    Header {
        /// `AWS4-HMAC-SHA256`, or whatever stands there.
        algorithm: &'a str,
        /// `Credential`
        credential: &'a str,
        /// `SignedHeaders`
        signed_headers: &'a str,
        /// `Signature`
        signature: &'a str,
    },
    /// In the query string.
    Query,
}

impl<'a> Authorization<'a> {
    /// Reads the signature of a request; `None` when there is no trace of one.
    ///
    /// # Errors
    /// [`SignatureError`] when there is half of a signature, or two.
    pub fn read(headers: &'a HeaderMap, query: &str) -> Result<Option<Self>, SignatureError> {
        let names = || query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        let in_query = names().any(|name| name == QUERY_PARAMETERS[0]);
        let header = single(headers, AUTHORIZATION.as_str()).map_err(|error| match error {
            SignatureError::Repeated(_) => SignatureError::Repeated("authorization"),
            _ => SignatureError::Unreadable("authorization"),
        })?;
        let Some(header) = header else {
            if in_query {
                return query_form(query).map(Some);
            }
            let trace = names().any(|name| QUERY_PARAMETERS.contains(&name));
            return if trace { Err(SignatureError::MissingToken) } else { Ok(None) };
        };
        if in_query {
            return Err(SignatureError::Ambiguous);
        }
        if !header.starts_with("AWS4-") {
            return Err(SignatureError::MissingToken);
        }
        let (algorithm, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
        let parameter = |name: &str| {
            let mut parts = rest.split([',', ' ', '\t']).map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
        };
        let (credential, signature, signed_headers) =
            (parameter("Credential"), parameter("Signature"), parameter("SignedHeaders"));
        let dated = headers.contains_key("x-amz-date") || headers.contains_key(DATE);
        if let (Some(credential), Some(signature), Some(signed_headers), true) = (credential, signature, signed_headers, dated) {
            return Ok(Some(Self::Header { algorithm, credential, signed_headers, signature }));
        }
        let mut message = String::new();
        for (name, value) in [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)] {
            if value.is_none() {
                message += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if !dated {
            message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        // AWS repeats the header; a signature of its own is not secret once it is refused.
        Err(SignatureError::Incomplete(message + "Authorization=" + header))
    }

    /// Checks everything that needs no secret.
    pub(super) fn signer(self, headers: &'a HeaderMap, expect: Scope<'_>) -> Result<Signer<'a>, SignatureError> {
        let Self::Header { algorithm, credential, signed_headers, signature } = self else {
            return Err(SignatureError::Presigned);
        };
        if algorithm != ALGORITHM {
            return Err(SignatureError::Algorithm(algorithm.to_owned()));
        }
        let parts: Vec<&str> = credential.split('/').collect();
        let &[access_key_id, date, region, service, terminator] = parts.as_slice() else {
            return Err(SignatureError::Credential(credential.to_owned()));
        };
        let signed_at = signed_at(headers)?;
        let moment = basic(signed_at);
        let mut message = Vec::new();
        if expect.region.is_some_and(|expected| expected != region) || region.is_empty() {
            message.push(format!("Credential should be scoped to a valid region, not '{region}'. "));
        }
        if service != expect.service {
            message.push(format!("Credential should be scoped to correct service: '{}'. ", expect.service));
        }
        if terminator != TERMINATOR {
            message.push(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "));
        }
        if date != &moment[..8] {
            message.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{}', from \
                 '{moment}'. ",
                &moment[..8]
            ));
        }
        if !message.is_empty() {
            return Err(SignatureError::Scope(message.concat().trim_end().to_owned()));
        }
        let mut signed_headers: Vec<String> = signed_headers.split(';').map(str::to_ascii_lowercase).collect();
        signed_headers.sort_unstable();
        signed_headers.dedup();
        Ok(Signer { access_key_id, date, region, service, signed_headers, signature, signed_at, moment })
    }
}

/// A signature in the query string: whole, or refused as AWS refuses it.
fn query_form<'a>(query: &str) -> Result<Authorization<'a>, SignatureError> {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let mut message = String::new();
    for name in QUERY_PARAMETERS {
        // The algorithm has to have a value, the others have to be there.
        let there = value(name).is_some_and(|value| name != QUERY_PARAMETERS[0] || !value.is_empty());
        if !there {
            message += &format!("AWS query-string parameters must include '{name}'. ");
        }
    }
    if message.is_empty() {
        return Ok(Authorization::Query);
    }
    Err(SignatureError::Incomplete(message + "Re-examine the query-string parameters."))
}

/// Who claims to have signed what, and when.
#[derive(Debug)]
pub(super) struct Signer<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// In lower case, sorted.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: &'a str,
    signed_at: Timestamp,
    /// The same in ISO 8601's basic format.
    pub(super) moment: String,
}

impl Signer<'_> {
    pub(super) fn scope(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }

    pub(super) fn check_time(&self, now: SystemTime, tolerance: Duration) -> Result<(), SignatureError> {
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::MAX);
        let earliest = now.checked_sub(tolerance).unwrap_or(Timestamp::MIN);
        let latest = now.checked_add(tolerance).unwrap_or(Timestamp::MAX);
        let (signed, minutes) = (self.moment.clone(), tolerance.as_secs() / 60);
        if self.signed_at < earliest {
            return Err(SignatureError::Expired { signed, earliest: basic(earliest), now: basic(now), minutes });
        }
        if self.signed_at > latest {
            return Err(SignatureError::NotYetCurrent { signed, latest: basic(latest), now: basic(now), minutes });
        }
        Ok(())
    }

    /// The host and every `x-amz-…` header must be signed: an operation named in an unsigned `x-amz-target` could be swapped.
    pub(super) fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), SignatureError> {
        let signed = |name: &str| self.signed_headers.binary_search_by(|signed| signed.as_str().cmp(name)).is_ok();
        let mut message = Vec::new();
        if !signed("host") {
            message.push("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization header.".to_owned());
        }
        for name in headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
            if !signed(name) {
                message.push(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization header."));
            }
        }
        if message.is_empty() { Ok(()) } else { Err(SignatureError::UnsignedHeaders(message.join(" "))) }
    }
}

/// When the request was signed: `x-amz-date`, else `date`.
fn signed_at(headers: &HeaderMap) -> Result<Timestamp, SignatureError> {
    let parse_basic = |text: &str| {
        let strict = text.len() == 16 && text.is_ascii();
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .ok()
            .filter(|_| strict)?
            .in_tz("UTC")
            .ok()
            .map(|at| at.timestamp())
    };
    if let Some(text) = single(headers, "x-amz-date")? {
        return parse_basic(text).ok_or_else(|| SignatureError::Date(text.to_owned()));
    }
    let text = single(headers, "date")?.unwrap_or_default();
    let http_date = || jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp());
    parse_basic(text).or_else(http_date).ok_or_else(|| SignatureError::Date(text.to_owned()))
}
