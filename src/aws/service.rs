//! One service at one place.

use std::fmt::Write as _;
use std::time::Instant;

use reqwest::{Request, Url};
use value::Str;

use super::region::{domain, is_region};
use super::{AwsClients, AwsRequest, AwsResponse, SendError, ServiceSettings, Signer};
use crate::http_client::{EndpointError, is_local, join, parse_endpoint, percent_encoded};

/// One service at one place, called by one caller.
#[derive(Clone, Debug)]
pub struct AwsService {
    clients: AwsClients,
    signer: Signer,
    /// `None` is AWS's own host in the region.
    endpoint: Option<Url>,
    endpoint_prefix: &'static str,
}

impl AwsService {
    pub(super) fn new(clients: &AwsClients, settings: ServiceSettings) -> Result<Self, EndpointError> {
        if let Some(region) = settings.region.as_ref().filter(|region| !is_region(region)) {
            let reason = "has a region that is none: write one such as us-east-1".to_owned();
            return Err(EndpointError { endpoint: format!("{} in {region:?}", settings.endpoint_prefix), reason });
        }
        let endpoint = settings.endpoint.as_deref().map(parse_endpoint).transpose()?;
        let local = endpoint.as_ref().is_some_and(is_local);
        let signer = Signer::new(clients, settings.signing_name, settings.region, settings.credentials.as_ref(), local);
        Ok(Self { clients: clients.clone(), signer, endpoint, endpoint_prefix: settings.endpoint_prefix })
    }

    /// Signs and sends a request. The deadline covers everything: finding credentials, connecting, the whole answer. A body of more
    /// than `response_limit` bytes, decompressed, is refused.
    ///
    /// # Errors
    /// [`SendError`] when there is no whole answer. An answer with a status of failure is an answer.
    pub async fn send(&self, request: AwsRequest, deadline: Instant, response_limit: usize) -> Result<AwsResponse, SendError> {
        let answer = async {
            let request = self.signed(request).await?;
            let place = request.url().origin().ascii_serialization();
            let answer = self.clients.http().exchange(request, deadline, response_limit).await;
            let answer = answer.map_err(|error| SendError::exchange(error, &place))?;
            self.signer.answered(answer.status);
            Ok(AwsResponse { status: answer.status, headers: answer.headers, body: answer.body })
        };
        tokio::time::timeout_at(deadline.into(), answer).await.unwrap_or(Err(SendError::Timeout))
    }

    /// The request as it goes out.
    pub(super) async fn signed(&self, request: AwsRequest) -> Result<Request, SendError> {
        let url = self.url(&request).await?;
        let mut outgoing = Request::new(request.method, url);
        *outgoing.headers_mut() = request.headers;
        if !request.body.is_empty() {
            *outgoing.body_mut() = Some(request.body.into());
        }
        self.signer.sign(&mut outgoing).await?;
        Ok(outgoing)
    }

    async fn url(&self, request: &AwsRequest) -> Result<Url, SendError> {
        let own;
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint,
            None => {
                own = self.own_endpoint(&self.signer.region().await?)?;
                &own
            }
        };
        let mut url = join(endpoint, &request.path, "path").map_err(SendError::InvalidRequest)?;
        if !request.query.is_empty() {
            url.set_query(Some(&query_text(&request.query)));
        }
        Ok(url)
    }

    /// AWS's own host. The region may come from the environment, so it is judged here too.
    fn own_endpoint(&self, region: &Str) -> Result<Url, SendError> {
        let invalid = || SendError::InvalidRequest(format!("{region:?} is no region: write one such as us-east-1."));
        if !is_region(region) {
            return Err(invalid());
        }
        Url::parse(&format!("https://{}.{region}.{}", self.endpoint_prefix, domain(region))).map_err(|_| invalid())
    }
}

/// The parameters as a query.
pub(super) fn query_text(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        let _ = write!(text, "{}={}", percent_encoded(name), percent_encoded(value));
    }
    text
}
