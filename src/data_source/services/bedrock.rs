//! `AMAZON_BEDROCK_RUNTIME`: AWS's models, or what speaks their API elsewhere.

use std::sync::Arc;

use value::Str;

use super::invalid_endpoint;
use crate::aws::{AwsClients, ServiceSettings};
use crate::data_source::{BedrockRuntimeDataSource, DataSource};
use crate::definition::{self, BedrockRuntimeConfig, ServiceEndpoint};
use crate::diagnostic::Diagnostic;

pub(super) fn data_source(
    source: &definition::DataSource,
    config: &BedrockRuntimeConfig,
    aws: &AwsClients,
    response_limit: usize,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    let endpoint = match &config.endpoint {
        Some(ServiceEndpoint::Aws) => None,
        Some(ServiceEndpoint::Url(url)) => Some(Str::clone(url)),
        None | Some(ServiceEndpoint::Embedded) => {
            let message = format!("data source {}: there is no model inside Syncgate, so that it needs an endpoint", source.name);
            let help = "Write endpoint = \"aws\" for Amazon Bedrock itself, which AWS bills, or the URL of a server that speaks its API.";
            return Err(Diagnostic::error("missing-endpoint", message).help(help));
        }
    };
    let settings = ServiceSettings {
        signing_name: "bedrock",
        endpoint_prefix: "bedrock-runtime",
        region: config.aws_region.clone(),
        endpoint,
        credentials: config.credentials.clone(),
    };
    let service = aws.service(settings).map_err(|fault| invalid_endpoint(source, &fault))?;
    Ok(Arc::new(BedrockRuntimeDataSource::new(service, response_limit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::DataSourceConfig;

    #[test]
    fn a_model_has_to_be_somewhere() {
        for (endpoint, expected) in [
            (None, Some("missing-endpoint")),
            (Some(ServiceEndpoint::Embedded), Some("missing-endpoint")),
            (Some(ServiceEndpoint::Url("http://key:secret@models.test".into())), Some("invalid-endpoint")),
            (Some(ServiceEndpoint::Aws), None),
            (Some(ServiceEndpoint::Url("http://localhost:8000".into())), None),
        ] {
            let config = BedrockRuntimeConfig { aws_region: None, endpoint: endpoint.clone(), credentials: None };
            let source = definition::DataSource {
                name: "models".into(),
                description: None,
                config: DataSourceConfig::AmazonBedrockRuntime(config.clone()),
                place: None,
            };
            let found = data_source(&source, &config, &AwsClients::default(), 1).err();
            assert_eq!(found.as_ref().map(|found| found.rule), expected, "{endpoint:?}");
            assert!(found.is_none_or(|found| !format!("{found:?}").contains("secret@")));
        }
    }
}
