//! `AMAZON_OPENSEARCH_SERVICE` and `AMAZON_ELASTICSEARCH`: a domain of AWS's, a serverless collection, or any cluster.

use std::sync::Arc;

use super::invalid_endpoint;
use crate::aws::AwsClients;
use crate::data_source::{DataSource, OpenSearchDataSource};
use crate::definition::{self, OpenSearchServiceConfig};
use crate::diagnostic::Diagnostic;

pub(super) fn data_source(
    source: &definition::DataSource,
    config: &OpenSearchServiceConfig,
    aws: &AwsClients,
    response_limit: usize,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    match OpenSearchDataSource::new(config, aws, response_limit) {
        Ok(search) => Ok(Arc::new(search)),
        Err(fault) => Err(invalid_endpoint(source, &fault)),
    }
}
