//! `AMAZON_EVENTBRIDGE`: events of resolvers to a bus (resolver reference for EventBridge).
//!
//! There is one operation, `PutEvents`. The bus is one of this process ([`EventBuses`]) or one behind EventBridge's API; `request`
//! judges what the resolver wrote, `remote` speaks the API. Results of entries are data, as AppSync gives them: an entry that failed
//! has `ErrorCode` and `ErrorMessage`, and no error is raised.
//!
//! The types of errors are made as those of DynamoDB are (`EventBridge:` and the class of the AWS SDK for Java): AppSync's own
//! are in no public answer.

mod remote;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::{Str, Value};

use super::{Call, DataSource, DataSourceError};
use crate::aws::AwsService;
use crate::event_bus::{BusAddress, EventBuses, put_events_result};
use crate::lineage;

/// One event bus.
#[derive(Debug)]
pub struct EventBridgeDataSource {
    bus: Bus,
}

#[derive(Debug)]
enum Bus {
    Embedded { buses: Arc<EventBuses>, address: BusAddress },
    Remote { service: Box<AwsService>, event_bus_arn: Str, response_limit: usize },
}

impl EventBridgeDataSource {
    /// The bus of this process that a name or ARN says.
    #[must_use]
    pub fn embedded(buses: Arc<EventBuses>, event_bus_arn: &str) -> Self {
        Self { bus: Bus::Embedded { buses, address: BusAddress::read(event_bus_arn) } }
    }

    /// A bus behind EventBridge's API, whose answers may have `response_limit` bytes.
    #[must_use]
    pub fn remote(service: AwsService, event_bus_arn: Str, response_limit: usize) -> Self {
        Self { bus: Bus::Remote { service: Box::new(service), event_bus_arn, response_limit } }
    }

    async fn put_events(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let entries = request::read(request)?;
        match &self.bus {
            Bus::Embedded { buses, address } => {
                let entries = entries.into_iter().map(|entry| (address.clone(), entry)).collect();
                match buses.put_events(entries, lineage::depth()).await {
                    Ok(results) => Ok(put_events_result(&results)),
                    Err(refused) => {
                        let request_id = uuid::Uuid::new_v4();
                        let sentence = format!("{refused} (Service: EventBridge, Status Code: 400, Request ID: {request_id})");
                        Err(refusal("ValidationException", sentence))
                    }
                }
            }
            Bus::Remote { service, event_bus_arn, response_limit } => {
                remote::put_events(service, event_bus_arn, &entries, call.deadline, *response_limit).await
            }
        }
    }
}

impl DataSource for EventBridgeDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.put_events(&request, call).await }.boxed()
    }
}

/// What the service refuses as a whole. The SDK has a class for what the API's model names; all else is the general one.
fn refusal(code: &str, sentence: String) -> DataSourceError {
    let class = match code {
        "InternalException" | "LimitExceededException" | "ResourceNotFoundException" | "OperationDisabledException" => code,
        _ => "EventBridgeException",
    };
    DataSourceError::new(format!("EventBridge:{class}"), sentence)
}
