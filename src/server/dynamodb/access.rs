//! Who may call the endpoint. In development and on a loopback listener that is every program on this machine, and no web page of
//! someone else's; everywhere else it is who signs with a credential of the definition. Without one, there is no endpoint.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::answer::Reply;
use super::body::{BLOCKING_FROM, work};
use crate::auth::sigv4::{self, Authorization, Credential, Scope, SignatureError, SignedRequest, TOLERANCE};
use crate::server::local;

/// The signing name of the service, streams included.
const SERVICE: &str = "dynamodb";

/// Who may call.
#[derive(Debug)]
pub(super) enum Access {
    /// Every program on this machine, signed or not.
    Local,
    /// Who signs with one of these.
    Signed(Arc<[Credential]>),
}

impl Access {
    /// `None` where nobody may call.
    pub(super) fn new(local: bool, credentials: Vec<Credential>) -> Option<Self> {
        match (local, credentials) {
            (true, _) => Some(Self::Local),
            (false, credentials) if credentials.is_empty() => None,
            (false, credentials) => Some(Self::Signed(credentials.into())),
        }
    }

    /// Judges what can be judged before the body is read, so that strangers cannot make us hold one.
    pub(super) fn admit(&self, parts: &Parts, peer: IpAddr) -> Result<(), Reply> {
        match self {
            Self::Local => match local::refusal(parts, peer) {
                None => Ok(()),
                Some(reason) => {
                    let message = format!("The DynamoDB endpoint answers callers on this machine only: {reason}.");
                    Err(Reply::error_with_status(StatusCode::FORBIDDEN, "AccessDeniedException", &message))
                }
            },
            Self::Signed(credentials) => {
                let refuse = |error: SignatureError| Err(Reply::signature(&error));
                match Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default()) {
                    Ok(Some(Authorization::Header { credential, .. })) => {
                        let id = credential.split('/').next().unwrap_or_default();
                        let known = credentials.iter().any(|credential| credential.access_key_id == id);
                        if known { Ok(()) } else { refuse(SignatureError::UnrecognizedClient) }
                    }
                    Ok(Some(Authorization::Query)) => refuse(SignatureError::Presigned),
                    Ok(None) => refuse(SignatureError::MissingToken),
                    Err(error) => refuse(error),
                }
            }
        }
    }

    /// Whether this asks for the health page without a signature where others have to sign: load balancers cannot, and the page
    /// says nothing that its reader does not know.
    pub(super) fn is_health_check(&self, parts: &Parts) -> bool {
        matches!(self, Self::Signed(_))
            && parts.method == Method::GET
            && matches!(Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default()), Ok(None))
    }

    /// Verifies the signature where one is needed.
    pub(super) async fn verify(&self, parts: &Parts, body: &Bytes, now: SystemTime) -> Result<(), Reply> {
        let Self::Signed(credentials) = self else { return Ok(()) };
        if body.len() < BLOCKING_FROM {
            return verify(credentials, parts, body, now);
        }
        let (credentials, parts, body) = (Arc::clone(credentials), parts.clone(), Bytes::clone(body));
        let verified = work(body.len(), move || verify(&credentials, &parts, &body, now)).await;
        verified.unwrap_or_else(|| Err(Reply::internal()))
    }

    /// Where no signature is needed, one that is only half there is answered as the service does. A request without any trace of
    /// one is let in if it asks for something: `curl` does not sign.
    pub(super) fn check_form(&self, parts: &Parts, empty: bool) -> Result<(), Reply> {
        let Self::Local = self else { return Ok(()) };
        match Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default()) {
            Ok(Some(_)) => Ok(()),
            Ok(None) if !empty => Ok(()),
            Ok(None) => Err(Reply::signature(&SignatureError::MissingToken)),
            Err(error) => Err(Reply::signature(&error)),
        }
    }

    /// Whether a browser asks if a page of this machine may call.
    pub(super) fn is_preflight(&self, parts: &Parts) -> bool {
        matches!(self, Self::Local) && parts.method == Method::OPTIONS && parts.headers.contains_key(ORIGIN)
    }

    /// Lets pages of this machine read the answer, as DynamoDB Local lets all pages; [`Access::admit`] has refused the others, whose
    /// answer says so without being readable.
    pub(super) fn write_cors(&self, parts: &Parts, headers: &mut HeaderMap) {
        let Self::Local = self else { return };
        headers.insert(VARY, HeaderValue::from_name(ORIGIN));
        let Some(origin) = parts.headers.get(ORIGIN).filter(|origin| local::is_local_origin(origin)) else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-amzn-requestid,x-amz-crc32"));
        if !self.is_preflight(parts) {
            return;
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("172800"));
        for (asked, granted) in [
            (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
            (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        ] {
            if let Some(asked) = parts.headers.get(asked) {
                headers.insert(granted, asked.clone());
            }
        }
    }
}

fn verify(credentials: &[Credential], parts: &Parts, body: &[u8], now: SystemTime) -> Result<(), Reply> {
    let request = SignedRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
    };
    // The keys of a definition are long-lived: none of them has a session token.
    let lookup = |id: &str, token: Option<&str>| {
        credentials.iter().find(|credential| credential.access_key_id == id && token.is_none()).cloned()
    };
    match sigv4::verify(&request, Scope { region: None, service: SERVICE }, now, TOLERANCE, lookup) {
        Ok(principal) => {
            tracing::debug!(access_key_id = principal.access_key_id, "DynamoDB request verified");
            Ok(())
        }
        Err(error) => Err(Reply::signature(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::dynamodb::body::run;

    #[test]
    fn a_large_body_is_hashed_away_from_the_threads_that_serve_connections() {
        let credential = Credential { access_key_id: "AKID".into(), secret_access_key: "secret".into() };
        let access = Access::new(false, vec![credential]).expect("an endpoint");
        let (parts, ()) = http::Request::post("/dynamodb/").body(()).expect("a request").into_parts();
        for (size, at_once) in [(BLOCKING_FROM - 1, true), (BLOCKING_FROM, false)] {
            let body = Bytes::from(vec![b' '; size]);
            let (verified, here) = run(access.verify(&parts, &body, SystemTime::now()));
            assert_eq!((verified.is_err(), here), (true, at_once), "{size}: nothing is signed");
        }
    }
}
