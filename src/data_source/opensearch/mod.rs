//! `AMAZON_OPENSEARCH_SERVICE` and its older name `AMAZON_ELASTICSEARCH` (resolver reference for OpenSearch).
//!
//! A request becomes one HTTP request to the cluster, and the JSON that it answers is the result. A status of failure is an error in
//! AppSync's words, which name the status only; what the cluster said about it is in the log. Requests are signed, unless the
//! endpoint is on this machine or the definition says otherwise.

mod domain;
mod request;
#[cfg(test)]
mod tests;

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, StatusCode};
use reqwest::{Request, Url};
use value::Value;

use super::{Call, DataSource, DataSourceError};
use crate::aws::{AwsClients, SendError, Signer};
use crate::definition::{OpenSearchAuthorization, OpenSearchServiceConfig};
use crate::http_client::{Answer, EndpointError, ExchangeError, HttpClients, is_local, parse_endpoint};

/// AppSync's sentence for everything that is no answer.
const COMMUNICATION: &str = "Communication error while executing a request to Elasticsearch.";
/// How much of a cluster's explanation the log shows.
const EXPLANATION: usize = 2_000;

/// One cluster.
#[derive(Debug)]
pub struct OpenSearchDataSource {
    endpoint: Url,
    authorization: Authorization,
    clients: HttpClients,
    response_limit: usize,
}

#[derive(Debug)]
enum Authorization {
    Signed(Signer),
    /// The value of a header, marked as sensitive so that its `Debug` form hides it.
    Basic(HeaderValue),
    None,
}

impl OpenSearchDataSource {
    /// The data source of a definition. An answer may have `response_limit` bytes, counted after decompression.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no plain `http` or `https` URL.
    pub fn new(config: &OpenSearchServiceConfig, aws: &AwsClients, response_limit: usize) -> Result<Self, EndpointError> {
        let endpoint = parse_endpoint(&config.endpoint)?;
        let local = is_local(&endpoint);
        let host = endpoint.host_str().unwrap_or_default();
        let signed = |credentials| {
            let region = config.aws_region.clone().or_else(|| domain::region(host).map(Into::into));
            Authorization::Signed(Signer::new(aws, domain::service(host), region, credentials, local))
        };
        let authorization = match &config.authorization {
            Some(OpenSearchAuthorization::AwsIam(credentials)) => signed(credentials.as_ref()),
            Some(OpenSearchAuthorization::Basic { username, password }) => {
                let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
                let mut header = HeaderValue::from_str(&format!("Basic {pair}")).expect("Base64 is visible ASCII");
                header.set_sensitive(true);
                Authorization::Basic(header)
            }
            Some(OpenSearchAuthorization::None) => Authorization::None,
            None if local => Authorization::None,
            None => signed(None),
        };
        Ok(Self { endpoint, authorization, clients: aws.http().clone(), response_limit })
    }

    async fn call(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = request::read(request, &self.endpoint)?;
        let is_head = request.method() == Method::HEAD;
        let sent = tokio::time::timeout_at(call.deadline.into(), self.send(request, call.deadline)).await;
        let answer = sent.unwrap_or_else(|_| Err(timed_out()))?;
        if answer.status.is_success() { self.result(&answer, is_head) } else { Err(self.refused(&answer, call)) }
    }

    async fn send(&self, mut request: Request, deadline: Instant) -> Result<Answer, DataSourceError> {
        match &self.authorization {
            Authorization::Signed(signer) => signer.sign(&mut request).await.map_err(|error| unsigned(&error))?,
            Authorization::Basic(header) => {
                request.headers_mut().insert(AUTHORIZATION, header.clone());
            }
            Authorization::None => {}
        }
        let answer = self.clients.exchange(request, deadline, self.response_limit).await.map_err(|error| self.failed(&error))?;
        if let Authorization::Signed(signer) = &self.authorization {
            signer.answered(answer.status);
        }
        Ok(answer)
    }

    /// The JSON of an answer; null where there is none, as after HEAD.
    fn result(&self, answer: &Answer, is_head: bool) -> Result<Value, DataSourceError> {
        if is_head || answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        Value::parse(&answer.body).map_err(|error| {
            let message = format!(
                "{COMMUNICATION} The answer of {} is not JSON ({error}); endpoints that answer with text (_cat) take queryString \
                 {{ format: 'json' }}.",
                self.origin()
            );
            DataSourceError::new("Elasticsearch:RuntimeException", message)
        })
    }

    /// What AppSync makes of a status of failure. What the cluster says about it would help, but it is not in AppSync's error.
    fn refused(&self, answer: &Answer, call: &Call) -> DataSourceError {
        let explanation: String = String::from_utf8_lossy(&answer.body).chars().take(EXPLANATION).collect();
        let field = format!("{}.{}", call.parent_type, call.field);
        let status = answer.status.as_u16();
        if answer.status == StatusCode::NOT_FOUND {
            // A document that is not there is an everyday answer, which a caller can ask for as often as it likes.
            tracing::debug!(field, status, explanation, "OpenSearch did not find what was asked for");
        } else {
            tracing::warn!(field, status, explanation, "OpenSearch refused a request");
        }
        let error_type = if answer.status.is_client_error() {
            "Elasticsearch:UserIllegalArgumentException"
        } else {
            "Elasticsearch:RuntimeException"
        };
        DataSourceError::new(error_type, format!("Elasticsearch responded with an error: {}", reason(answer.status)))
    }

    fn failed(&self, error: &ExchangeError) -> DataSourceError {
        match error {
            ExchangeError::Timeout => timed_out(),
            error => {
                let message = format!("{COMMUNICATION} {}", error.sentence(&self.origin()));
                DataSourceError::new("Elasticsearch:RuntimeException", message)
            }
        }
    }

    fn origin(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }
}

fn timed_out() -> DataSourceError {
    DataSourceError::new("Elasticsearch:ExecutionTimeoutException", "execution timed out")
}

fn unsigned(error: &SendError) -> DataSourceError {
    DataSourceError::new("Elasticsearch:SigningException", error.to_string())
}

/// `Not Found`
fn reason(status: StatusCode) -> String {
    status.canonical_reason().map_or_else(|| status.as_u16().to_string(), str::to_owned)
}

impl DataSource for OpenSearchDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.call(&request, call).await }.boxed()
    }
}
