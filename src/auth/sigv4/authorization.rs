//! What a request says about its signature, read before anything is hashed.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;

use super::{ALGORITHM, Scope, SignatureError, TERMINATOR, basic, single};

/// The parameters of a signature in the query string, as AWS names them in its errors.
const QUERY_PARAMETERS: [&str; 5] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];

/// What clients call themselves. AWS's own link for Apollo (`aws-appsync-auth-link`) adds it to requests that it has signed already,
/// and AppSync takes them.
const ADDED_AFTERWARDS: &str = "x-amz-user-agent";

/// A signature that has all of its parts, not yet judged.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// Without the signature, which may still be good.
impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header { algorithm, credential, signed_headers, .. } => f
                .debug_struct("Header")
                .field("algorithm", &shown_algorithm(algorithm))
                .field("credential", &shown_credential(credential))
                .field("signed_headers", signed_headers)
                .finish_non_exhaustive(),
            Self::Query => f.write_str("Query"),
        }
    }
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
        let mut message = String::new();
        let [mut credential, mut signature, mut signed_headers] = [None; 3];
        for part in parts(rest) {
            let Some((name, value)) = part.split_once('=') else {
                let (part, header) = (shown_part(part), shown(header));
                let message =
                    format!("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'.");
                return Err(SignatureError::Incomplete(message));
            };
            let place = match name {
                "Credential" => &mut credential,
                "Signature" => &mut signature,
                "SignedHeaders" => &mut signed_headers,
                _ => continue,
            };
            if place.replace(value).is_some() {
                // Which one counts is what readers could disagree about.
                message += &format!("Authorization header has the parameter '{name}' twice. ");
            }
        }
        let is_clear = message.is_empty();
        let [credential, signature, signed_headers] =
            [credential, signature, signed_headers].map(|value| value.filter(|value| !value.is_empty()));
        let dated = headers.contains_key("x-amz-date") || headers.contains_key(DATE);
        if let (Some(credential), Some(signature), Some(signed_headers), true, true) =
            (credential, signature, signed_headers, dated, is_clear)
        {
            return Ok(Some(Self::Header { algorithm, credential, signed_headers, signature }));
        }
        for (name, value) in [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)] {
            if value.is_none() {
                message += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if !dated {
            message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        Err(SignatureError::Incomplete(message + "Authorization=" + &shown(header)))
    }

    /// Checks everything that needs no secret.
    pub(super) fn signer(self, headers: &'a HeaderMap, expect: Scope<'_>) -> Result<Signer<'a>, SignatureError> {
        let Self::Header { algorithm, credential, signed_headers, signature } = self else {
            return Err(SignatureError::Presigned);
        };
        if algorithm != ALGORITHM {
            return Err(SignatureError::Algorithm(shown_algorithm(algorithm).to_owned()));
        }
        let parts: Vec<&str> = credential.split('/').collect();
        let &[access_key_id, date, region, service, terminator] = parts.as_slice() else {
            return Err(SignatureError::Credential(shown_credential(credential).to_owned()));
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
        Ok(Signer { credential, access_key_id, date, region, service, signed_headers, signature, signed_at, moment })
    }
}

/// The parameters of an `Authorization` header, with commas or blanks between them.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t']).filter(|part| !part.is_empty())
}

/// A header as errors repeat it, AWS's do, but without what somebody could use who reads a log: a signature that is right although
/// the header around it is not, or another credential in its place.
fn shown(header: &str) -> String {
    let (algorithm, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
    let rest: Vec<&str> = parts(rest).map(shown_part).collect();
    let algorithm = shown_algorithm(algorithm);
    if rest.is_empty() { algorithm.to_owned() } else { format!("{algorithm} {}", rest.join(", ")) }
}

/// Names of algorithms are short.
fn shown_algorithm(algorithm: &str) -> &str {
    if algorithm.len() <= 32 { algorithm } else { HIDDEN }
}

/// Credentials of signatures have slashes; what has none is a credential of another kind.
fn shown_credential(credential: &str) -> &str {
    if credential.contains('/') { credential } else { HIDDEN }
}

fn shown_part(part: &str) -> &str {
    match part.split_once('=') {
        Some(("Credential", credential)) if shown_credential(credential) == HIDDEN => "Credential=…",
        Some(("Credential" | "SignedHeaders", _)) => part,
        Some(("Signature", _)) => "Signature=…",
        // A credential that fell apart.
        None if part.ends_with(TERMINATOR) => part,
        _ => HIDDEN,
    }
}

/// In the place of what must not be read.
const HIDDEN: &str = "…";

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

/// How many absent headers an error names: a short name in the request is a long sentence in the answer.
const MOST_NAMED: usize = 10;

/// Who claims to have signed what, and when.
pub(super) struct Signer<'a> {
    /// All five parts.
    pub(super) credential: &'a str,
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

    /// The host and every `x-amz-…` header but [`ADDED_AFTERWARDS`] must be signed: an operation named in an unsigned `x-amz-target`
    /// could be swapped. And what is signed must be there: a header that was taken away is not the same as an empty one.
    pub(super) fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), SignatureError> {
        // Absent and empty look alike in a canonical request.
        let absent = self.signed_headers.iter().filter(|name| !headers.contains_key(name.as_str()));
        let absent: Vec<String> = absent
            .take(MOST_NAMED)
            .map(|name| format!("'{name}' is named as a SignedHeader, but it does not exist in the HTTP request."))
            .collect();
        if !absent.is_empty() {
            return Err(SignatureError::AbsentHeaders(absent.join(" ")));
        }
        let signed = |name: &str| self.signed_headers.binary_search_by(|signed| signed.as_str().cmp(name)).is_ok();
        let mut message = Vec::new();
        if !signed("host") {
            message.push("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization header.".to_owned());
        }
        for name in headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
            if !signed(name) && name != ADDED_AFTERWARDS {
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
