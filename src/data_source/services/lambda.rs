//! `AWS_LAMBDA`: the functions inside this process, or those behind an endpoint.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use lambda_host::LambdaHost;
use value::Str;

use super::{ENDPOINT_HELP, invalid_endpoint};
use crate::aws::AwsClients;
use crate::data_source::DataSource;
use crate::data_source::lambda::{
    FunctionAnswer, FunctionReference, Functions, InvocationType, InvokeFault, LambdaDataSource, RemoteFunctions,
};
use crate::definition::{self, ApiDefinition, AwsCredentials, LambdaConfig, ServiceEndpoint};
use crate::diagnostic::{Diagnostic, closest};
use crate::http_client::EndpointError;

/// What data sources that invoke functions are built with.
#[derive(Debug)]
pub(super) struct Lambda {
    pub(super) host: Option<Arc<LambdaHost>>,
    /// Where functions are when a data source does not say.
    pub(super) endpoint: ServiceEndpoint,
    clients: AwsClients,
    /// Functions of a test, in place of the host's.
    #[cfg(test)]
    pub(super) fake: Option<Arc<dyn Functions>>,
    /// Data sources that reach one place share its client.
    remotes: Mutex<Vec<(Place, Arc<RemoteFunctions>)>>,
}

/// What a client is made from.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    endpoint: ServiceEndpoint,
    region: Option<Str>,
    credentials: Option<AwsCredentials>,
}

impl Lambda {
    pub(super) fn new(clients: AwsClients) -> Self {
        Self {
            host: None,
            endpoint: ServiceEndpoint::Embedded,
            clients,
            #[cfg(test)]
            fake: None,
            remotes: Mutex::default(),
        }
    }

    pub(super) fn data_source(
        &self,
        source: &definition::DataSource,
        config: &LambdaConfig,
    ) -> Result<Arc<dyn DataSource>, Diagnostic> {
        let function = &config.lambda_function_arn;
        let who = format!("data source {}", source.name);
        let reference = reference(&who, function)?;
        let endpoint = config.endpoint.as_ref().unwrap_or(&self.endpoint);
        if *endpoint == ServiceEndpoint::Embedded {
            self.known(&who, reference.name)?;
        }
        let functions = self.functions(endpoint, reference.region.map(Str::from), config.credentials.as_ref());
        let functions = functions.map_err(|fault| invalid_endpoint(source, &fault))?;
        Ok(Arc::new(LambdaDataSource::new(functions, Arc::clone(function))))
    }

    /// The functions among which the Lambda authorizer `function` of an API is.
    pub(super) fn authorizer(&self, function: &str, api: &ApiDefinition) -> Result<Arc<dyn Functions>, Diagnostic> {
        let who = "the Lambda authorizer";
        let reference = reference(who, function)?;
        if self.endpoint == ServiceEndpoint::Embedded {
            self.known(who, reference.name)?;
        }
        let region = reference.region.map(Str::from).or_else(|| api.region.clone());
        self.functions(&self.endpoint, region, None)
            .map_err(|fault| Diagnostic::error("invalid-endpoint", format!("{who}: {fault}")).help(ENDPOINT_HELP))
    }

    /// Whether this process has the function that `who` needs.
    fn known(&self, who: &str, name: &str) -> Result<(), Diagnostic> {
        #[cfg(test)]
        if self.fake.is_some() {
            return Ok(());
        }
        let names = self.host.as_ref().map(|host| host.functions()).unwrap_or_default();
        if names.iter().any(|known| known == name) {
            return Ok(());
        }
        let help = match closest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean {near}?"),
            None => format!(
                "Define it as a [[lambda_function]] with function_name = \"{name}\", or say with `endpoint` where Lambda is."
            ),
        };
        let message = format!("{who}: there is no function {name} here");
        Err(Diagnostic::error("unknown-lambda-function", message).help(help))
    }

    /// The functions at the place that the definition names for all of them.
    pub(super) fn default_functions(
        &self,
        region: Option<&Str>,
        credentials: Option<&AwsCredentials>,
    ) -> Result<Arc<dyn Functions>, EndpointError> {
        self.functions(&self.endpoint, region.cloned(), credentials)
    }

    fn functions(
        &self,
        endpoint: &ServiceEndpoint,
        region: Option<Str>,
        credentials: Option<&AwsCredentials>,
    ) -> Result<Arc<dyn Functions>, EndpointError> {
        let url = match endpoint {
            ServiceEndpoint::Embedded => {
                #[cfg(test)]
                if let Some(fake) = &self.fake {
                    return Ok(Arc::clone(fake));
                }
                return Ok(match &self.host {
                    Some(host) => Arc::clone(host) as Arc<dyn Functions>,
                    None => Arc::new(NoFunctions),
                });
            }
            ServiceEndpoint::Aws => None,
            ServiceEndpoint::Url(url) => Some(Arc::clone(url)),
        };
        let place = Place { endpoint: endpoint.clone(), region: region.clone(), credentials: credentials.cloned() };
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, remote)) = remotes.iter().find(|(known, _)| *known == place) {
            return Ok(Arc::clone(remote) as Arc<dyn Functions>);
        }
        let remote = Arc::new(RemoteFunctions::new(&self.clients, url, region, place.credentials.clone())?);
        remotes.push((place, Arc::clone(&remote)));
        Ok(remote)
    }
}

/// The parts of a function's name or ARN.
fn reference<'a>(who: &str, function: &'a str) -> Result<FunctionReference<'a>, Diagnostic> {
    FunctionReference::read(function).ok_or_else(|| {
        let function = if function.is_empty() { "\"\"" } else { function };
        let message = format!("{who}: {function} is neither the name nor the ARN of a function");
        let help = "An ARN is arn:aws:lambda:REGION:ACCOUNT:function:NAME; a name has letters, digits, `-` and `_`.";
        Diagnostic::error("invalid-function-arn", message).help(help)
    })
}

/// A process without functions: whatever is invoked is not found.
#[derive(Debug)]
struct NoFunctions;

impl Functions for NoFunctions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        _payload: Bytes,
        _invocation: InvocationType,
        _deadline: Instant,
    ) -> BoxFuture<'a, Result<FunctionAnswer, InvokeFault>> {
        ready(Err(InvokeFault::Refused {
            error_type: "ResourceNotFoundException".to_owned(),
            message: format!("Function not found: {function}"),
            status: 404,
            request_id: None,
        }))
        .boxed()
    }
}
