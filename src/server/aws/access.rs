//! Who may call an endpoint. In development and on a loopback listener that is every program on this machine, and no web page of
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
use http::{HeaderMap, HeaderValue, Method};

use super::body::{BLOCKING_FROM, work};
use crate::auth::sigv4::{self, Authorization, Credential, Scope, SignatureError, SignedRequest, TOLERANCE};
use crate::server::local;

/// An endpoint's service, as far as access depends on it.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Service {
    /// What signatures are scoped to: `dynamodb`.
    pub(in crate::server) signing_name: &'static str,
    /// What messages call it: `DynamoDB`.
    pub(in crate::server) name: &'static str,
    /// The headers of answers that pages may read.
    pub(in crate::server) exposed_headers: &'static str,
}

/// Who may call.
#[derive(Debug)]
pub(in crate::server) struct Access {
    service: Service,
    callers: Callers,
}

#[derive(Debug)]
enum Callers {
    /// Every program on this machine, signed or not.
    Local,
    /// Who signs with one of these.
    Signed(Arc<[Credential]>),
}

/// Why a caller is not let in. Each service has a form of its own for it.
#[derive(Debug)]
pub(in crate::server) enum Refusal {
    /// Not from this machine; the sentence says why.
    Elsewhere(String),
    /// Not signed, or not well.
    Signature(SignatureError),
    /// The signature could not be judged.
    Internal,
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl Access {
    /// `None` where nobody may call.
    pub(in crate::server) fn new(service: Service, local: bool, credentials: Vec<Credential>) -> Option<Self> {
        let callers = match (local, credentials) {
            (true, _) => Callers::Local,
            (false, credentials) if credentials.is_empty() => return None,
            (false, credentials) => Callers::Signed(credentials.into()),
        };
        Some(Self { service, callers })
    }

    /// Judges what can be judged before the body is read, so that strangers cannot make us hold one.
    pub(in crate::server) fn admit(&self, parts: &Parts, peer: IpAddr) -> Result<(), Refusal> {
        match &self.callers {
            Callers::Local => match local::refusal(parts, peer) {
                None => Ok(()),
                Some(reason) => {
                    let message = format!("The {} endpoint answers callers on this machine only: {reason}.", self.service.name);
                    Err(Refusal::Elsewhere(message))
                }
            },
            Callers::Signed(credentials) => {
                let refuse = |error: SignatureError| Err(Refusal::Signature(error));
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
    pub(in crate::server) fn is_health_check(&self, parts: &Parts) -> bool {
        matches!(self.callers, Callers::Signed(_))
            && parts.method == Method::GET
            && matches!(Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default()), Ok(None))
    }

    /// Verifies the signature where one is needed, and tells whose access key it is.
    pub(in crate::server) async fn verify(
        &self,
        parts: &Parts,
        body: &Bytes,
        now: SystemTime,
    ) -> Result<Option<String>, Refusal> {
        let Callers::Signed(credentials) = &self.callers else { return Ok(None) };
        let service = self.service;
        if body.len() < BLOCKING_FROM {
            return verify(service, credentials, parts, body, now).map(Some);
        }
        let (credentials, parts, body) = (Arc::clone(credentials), parts.clone(), Bytes::clone(body));
        let verified = work(body.len(), move || verify(service, &credentials, &parts, &body, now)).await;
        verified.unwrap_or(Err(Refusal::Internal)).map(Some)
    }

    /// Where no signature is needed, one that is only half there is answered as the service does. A request without any trace of
    /// one is let in if it asks for something: `curl` does not sign.
    pub(in crate::server) fn check_form(&self, parts: &Parts, empty: bool) -> Result<(), Refusal> {
        let Callers::Local = self.callers else { return Ok(()) };
        match Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default())? {
            Some(_) => Ok(()),
            None if !empty => Ok(()),
            None => Err(SignatureError::MissingToken.into()),
        }
    }

    /// Whether a browser asks if a page of this machine may call.
    pub(in crate::server) fn is_preflight(&self, parts: &Parts) -> bool {
        matches!(self.callers, Callers::Local) && parts.method == Method::OPTIONS && parts.headers.contains_key(ORIGIN)
    }

    /// Lets pages of this machine read the answer, as DynamoDB Local lets all pages; [`Access::admit`] has refused the others, whose
    /// answer says so without being readable.
    pub(in crate::server) fn write_cors(&self, parts: &Parts, headers: &mut HeaderMap) {
        let Callers::Local = self.callers else { return };
        headers.insert(VARY, HeaderValue::from_name(ORIGIN));
        let Some(origin) = parts.headers.get(ORIGIN).filter(|origin| local::is_local_origin(origin)) else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.service.exposed_headers));
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

fn verify(service: Service, credentials: &[Credential], parts: &Parts, body: &[u8], now: SystemTime) -> Result<String, Refusal> {
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
    let principal = sigv4::verify(&request, Scope { region: None, service: service.signing_name }, now, TOLERANCE, lookup)?;
    tracing::debug!(access_key_id = principal.access_key_id, service = service.name, "request verified");
    Ok(principal.access_key_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::aws::body::run;

    #[test]
    fn a_large_body_is_hashed_away_from_the_threads_that_serve_connections() {
        let credential = Credential { access_key_id: "AKID".into(), secret_access_key: "secret".into() };
        let service = Service { signing_name: "dynamodb", name: "DynamoDB", exposed_headers: "" };
        let access = Access::new(service, false, vec![credential]).expect("an endpoint");
        let (parts, ()) = http::Request::post("/dynamodb/").body(()).expect("a request").into_parts();
        for (size, at_once) in [(BLOCKING_FROM - 1, true), (BLOCKING_FROM, false)] {
            let body = Bytes::from(vec![b' '; size]);
            let (verified, here) = run(access.verify(&parts, &body, SystemTime::now()));
            assert_eq!((verified.is_err(), here), (true, at_once), "{size}: nothing is signed");
        }
    }
}
