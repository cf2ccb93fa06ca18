//! `HTTP`: an endpoint, with or without signatures.

use std::sync::Arc;

use super::invalid_endpoint;
use crate::aws::AwsClients;
use crate::data_source::{DataSource, HttpDataSource};
use crate::definition::{self, AuthorizationConfig, HttpConfig};
use crate::diagnostic::Diagnostic;

pub(super) fn data_source(
    source: &definition::DataSource,
    config: &HttpConfig,
    aws: &AwsClients,
    response_limit: usize,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    let http = HttpDataSource::new(&config.endpoint, response_limit).map_err(|fault| invalid_endpoint(source, &fault))?;
    let mut http = http.clients(aws.http()).coalesce_gets(config.coalesce_gets).timeout(config.timeout);
    if let Some(AuthorizationConfig::AwsIam(iam)) = &config.authorization_config {
        let Some(service) = &iam.signing_service_name else {
            let message = format!("data source {}: aws_iam_config has no signing_service_name", source.name);
            return Err(Diagnostic::error("missing-key", message).help("For API Gateway it is \"execute-api\"."));
        };
        http = http.signed(aws, service, iam.signing_region.as_ref(), iam.credentials.as_ref());
    }
    Ok(Arc::new(http))
}
