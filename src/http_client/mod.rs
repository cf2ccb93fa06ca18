//! Requests over the network: the clients that everything shares which calls a service, and one exchange with its limits.
//!
//! One deadline covers connecting, head and body, since an endpoint that drips its body is as slow as one that never answers. A
//! body is limited after decompression, so that a small compressed one cannot fill the memory. Redirects are answers, not
//! followed: they would leave the endpoint. What a request means is not known here.

mod endpoint;
#[cfg(test)]
pub(crate) mod stub;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_encode};
use reqwest::{Certificate, Client, Request, Url};

pub use endpoint::EndpointError;
pub(crate) use endpoint::{is_loopback, join, parse_endpoint, without_credentials};

/// How many bytes are set aside for a body before any of it has come.
const SET_ASIDE: usize = 64 << 10;

/// HTTP clients, to be shared by data sources so that they share connections and certificates. A client is made at its first use:
/// it reads the system's certificates, which a start should not wait for.
#[derive(Clone, Debug, Default)]
pub struct HttpClients {
    inner: Arc<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// Honours the proxy settings of the environment.
    outside: OnceLock<Client>,
    /// For endpoints on this machine, which no proxy can reach.
    loopback: OnceLock<Client>,
    /// Certificates in PEM that `loopback` trusts beside those of the system.
    trusted: Option<Vec<u8>>,
}

/// An answer, decompressed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer. The texts hold neither headers nor the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeError {
    /// Not answered in time.
    Timeout,
    /// Nothing was answered; what happened.
    Unreachable(String),
    /// The answer ended early or cannot be decompressed; what happened.
    BrokenOff(String),
    /// The body is in a coding that was not asked for; its name.
    UnknownCoding(String),
    /// The body has more than so many bytes.
    TooLarge { limit: usize },
    /// The client cannot be made; why.
    Client(String),
}

/// What became of a connection that was asked to speak another protocol.
pub(crate) enum Switched {
    /// `101 Switching Protocols`: the headers, and the connection.
    Protocol(HeaderMap, reqwest::Upgraded),
    /// Any other answer.
    Refused(Answer),
}

impl HttpClients {
    /// As the default, but that endpoints on this machine may have certificates which these vouch for.
    pub(crate) fn trusting(certificates: Vec<u8>) -> Self {
        Self { inner: Arc::new(Clients { trusted: Some(certificates), ..Clients::default() }) }
    }

    fn client(&self, loopback: bool) -> Result<&Client, reqwest::Error> {
        let slot = if loopback { &self.inner.loopback } else { &self.inner.outside };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .user_agent(concat!("syncgate/", env!("CARGO_PKG_VERSION")));
        if loopback {
            builder = builder.no_proxy();
            if let Some(trusted) = &self.inner.trusted {
                builder = builder.tls_certs_merge(Certificate::from_pem_bundle(trusted)?);
            }
        }
        let client = builder.build()?;
        Ok(slot.get_or_init(|| client))
    }

    /// Sends `request` and reads the answer, of which `limit` bytes of body are accepted.
    pub(crate) async fn exchange(&self, request: Request, deadline: Instant, limit: usize) -> Result<Answer, ExchangeError> {
        let answer = async { read(self.send(request).await?, limit).await };
        tokio::time::timeout_at(deadline.into(), answer).await.unwrap_or(Err(ExchangeError::Timeout))
    }

    /// Sends `request`, which asks for another protocol on its connection. Of another answer `limit` bytes of body are accepted.
    pub(crate) async fn switch(&self, request: Request, deadline: Instant, limit: usize) -> Result<Switched, ExchangeError> {
        let switched = async {
            let mut answer = self.send(request).await?;
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                return read(answer, limit).await.map(Switched::Refused);
            }
            let headers = std::mem::take(answer.headers_mut());
            let upgraded = answer.upgrade().await.map_err(|error| ExchangeError::BrokenOff(root(&error)))?;
            Ok(Switched::Protocol(headers, upgraded))
        };
        tokio::time::timeout_at(deadline.into(), switched).await.unwrap_or(Err(ExchangeError::Timeout))
    }

    /// Sends `request`, of whose answer only the status matters. A short body is read, so that its connection can be used again;
    /// one that is long, late or broken changes nothing.
    pub(crate) async fn status(&self, request: Request, deadline: Instant) -> Result<StatusCode, ExchangeError> {
        let answer = tokio::time::timeout_at(deadline.into(), self.send(request)).await;
        let answer = answer.unwrap_or(Err(ExchangeError::Timeout))?;
        let status = answer.status();
        let _ = tokio::time::timeout_at(deadline.into(), read(answer, SET_ASIDE)).await;
        Ok(status)
    }

    /// Sends `request`; the head of the answer.
    async fn send(&self, request: Request) -> Result<reqwest::Response, ExchangeError> {
        let client = self.client(is_local(request.url())).map_err(|error| ExchangeError::Client(root(&error)))?;
        client
            .execute(request)
            .await
            .map_err(|error| if error.is_timeout() { ExchangeError::Timeout } else { ExchangeError::Unreachable(root(&error)) })
    }
}

/// The text with everything encoded but RFC 3986's unreserved characters: what it holds is then no part of a URL's form.
pub(crate) fn percent_encoded(text: &str) -> PercentEncode<'_> {
    percent_encoded_bytes(text.as_bytes())
}

/// As [`percent_encoded`], for what need not be text.
pub(crate) fn percent_encoded_bytes(bytes: &[u8]) -> PercentEncode<'_> {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encode(bytes, RESERVED)
}

/// Whether a URL leads to this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Answer, ExchangeError> {
    // The length is absent when the body is compressed; then the chunks are counted.
    let length = answer.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if length.is_some_and(|length| length > limit) {
        return Err(ExchangeError::TooLarge { limit });
    }
    let status = answer.status();
    let headers = std::mem::take(answer.headers_mut());
    // A length is only a promise, so that it does not decide what is set aside.
    let mut body = BytesMut::with_capacity(length.unwrap_or(0).min(SET_ASIDE));
    while let Some(chunk) = answer.chunk().await.map_err(|error| ExchangeError::BrokenOff(root(&error)))? {
        // The client removes the codings that it decodes. Another was not asked for, and would reach a resolver as garbage.
        if let Some(coding) =
            headers.get_all(CONTENT_ENCODING).iter().find(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(ExchangeError::UnknownCoding(String::from_utf8_lossy(coding.as_bytes()).into_owned()));
        }
        if body.len() + chunk.len() > limit {
            return Err(ExchangeError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body: body.freeze() })
}

/// The cause at the end of the chain says what happened ("Connection refused"); the outer texts only repeat the URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl ExchangeError {
    /// What happened at `place`.
    pub(crate) fn sentence(&self, place: &str) -> String {
        match self {
            Self::Timeout => "execution timed out".to_owned(),
            Self::Unreachable(cause) => format!("{place} cannot be reached: {cause}"),
            Self::BrokenOff(cause) => format!("The answer of {place} broke off: {cause}"),
            Self::UnknownCoding(coding) => {
                format!(
                    "The answer of {place} has the content-encoding {coding:?}, which was not asked for and is not known here."
                )
            }
            Self::TooLarge { limit } => format!("The answer of {place} is larger than the limit of {limit} bytes."),
            Self::Client(cause) => format!("The HTTP client cannot start: {cause}"),
        }
    }
}
