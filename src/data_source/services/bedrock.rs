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
    Ok(Arc::new(BedrockRuntimeDataSource::new(service, response_limit).timeout(config.timeout)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use value::value;

    use super::*;
    use crate::data_source::Call;
    use crate::definition::{ANSWER_TIMEOUT, AwsCredentials, DataSourceConfig, HttpConfig, Secret};
    use crate::http_client::stub::slow_endpoint;

    /// Of both kinds of data source that have the key.
    #[tokio::test]
    async fn an_answer_has_as_long_as_the_definition_says() {
        let endpoint: Str = slow_endpoint(Duration::from_secs(2)).await.into();
        let key = AwsCredentials { access_key_id: "a".into(), secret_access_key: Secret::new("s"), session_token: None };
        for (timeout, expected) in [(Duration::from_millis(20), false), (Duration::from_secs(60), true)] {
            let http = HttpConfig { endpoint: Str::clone(&endpoint), authorization_config: None, coalesce_gets: false, timeout };
            let bedrock = BedrockRuntimeConfig {
                aws_region: Some("eu-west-1".into()),
                endpoint: Some(ServiceEndpoint::Url(Str::clone(&endpoint))),
                credentials: Some(key.clone()),
                timeout,
            };
            for (config, request, error_type) in [
                (DataSourceConfig::Http(http), value!({"method": "GET", "resourcePath": "/"}), "Http:ExecutionTimeoutException"),
                (
                    DataSourceConfig::AmazonBedrockRuntime(bedrock),
                    value!({"operation": "InvokeModel", "modelId": "m", "body": {}}),
                    "BedrockRuntime:ExecutionTimeoutException",
                ),
            ] {
                let source = definition::DataSource { name: "d".into(), description: None, config, place: None };
                let (aws, limit) = (AwsClients::default(), 1 << 20);
                let source = match &source.config {
                    DataSourceConfig::Http(config) => super::super::http::data_source(&source, config, &aws, limit),
                    DataSourceConfig::AmazonBedrockRuntime(config) => data_source(&source, config, &aws, limit),
                    _ => continue,
                };
                let call = Call::new(&"Query".into(), &"f".into(), Instant::now() + Duration::from_secs(60));
                let answer = source.expect("a data source").invoke(request, &call).await;
                match answer {
                    Ok(_) => assert!(expected, "{timeout:?}: an answer in place of {error_type}"),
                    Err(error) => assert_eq!((&*error.error_type, expected), (error_type, false), "{}", error.message),
                }
            }
        }
    }

    #[test]
    fn a_model_has_to_be_somewhere() {
        for (endpoint, expected) in [
            (None, Some("missing-endpoint")),
            (Some(ServiceEndpoint::Embedded), Some("missing-endpoint")),
            (Some(ServiceEndpoint::Url("http://key:secret@models.test".into())), Some("invalid-endpoint")),
            (Some(ServiceEndpoint::Aws), None),
            (Some(ServiceEndpoint::Url("http://localhost:8000".into())), None),
        ] {
            let config =
                BedrockRuntimeConfig { aws_region: None, endpoint: endpoint.clone(), credentials: None, timeout: ANSWER_TIMEOUT };
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
