//! `AMAZON_EVENTBRIDGE`: a bus of this process, or one behind EventBridge's API.

use std::sync::Arc;

use value::Str;

use super::invalid_endpoint;
use crate::aws::{AwsClients, ServiceSettings};
use crate::data_source::{DataSource, EventBridgeDataSource};
use crate::definition::{self, EventBridgeConfig, ServiceEndpoint};
use crate::diagnostic::Diagnostic;
use crate::event_bus::EventBuses;

/// The data source. `buses` are those of this process.
pub(super) fn data_source(
    source: &definition::DataSource,
    config: &EventBridgeConfig,
    (buses, aws): (&Arc<EventBuses>, &AwsClients),
    response_limit: usize,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    let endpoint = match config.endpoint.as_ref().unwrap_or(&ServiceEndpoint::Embedded) {
        ServiceEndpoint::Embedded => {
            return Ok(Arc::new(EventBridgeDataSource::embedded(Arc::clone(buses), &config.event_bus_arn)));
        }
        ServiceEndpoint::Aws => None,
        ServiceEndpoint::Url(url) => Some(Str::clone(url)),
    };
    let settings = ServiceSettings {
        signing_name: "events",
        endpoint_prefix: "events",
        region: region(&config.event_bus_arn),
        endpoint,
        credentials: config.credentials.clone(),
    };
    let service = aws.service(settings).map_err(|fault| invalid_endpoint(source, &fault))?;
    Ok(Arc::new(EventBridgeDataSource::remote(service, Str::clone(&config.event_bus_arn), response_limit)))
}

/// The region that an ARN names; the environment's when it is a plain name.
fn region(event_bus_arn: &str) -> Option<Str> {
    match event_bus_arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "events", region, ..] if !region.is_empty() => Some((*region).into()),
        _ => None,
    }
}
