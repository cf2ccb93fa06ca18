//! The event rules of a definition, for `serve` and `check`.

use std::sync::Arc;

use crate::api::Api;
use crate::data_source::Services;
use crate::definition::{ServerDefinition, ServerSettings};
use crate::diagnostic::Diagnostic;
use crate::event_bus::{self, CompiledRule, Reach, Surroundings};
use crate::server::ServedApi;

/// Compiles the rules; `compiled` are the APIs of the definition in its order.
pub(super) fn compile(definition: &ServerDefinition, compiled: &[Option<Api>]) -> (Vec<CompiledRule>, Vec<Diagnostic>) {
    let functions: Vec<_> = definition.lambda_functions.iter().map(|function| Arc::clone(&function.function_name)).collect();
    let compiled: Vec<Option<&Api>> = compiled.iter().map(Option::as_ref).collect();
    let surroundings = Surroundings { apis: &definition.apis, compiled: &compiled, functions: &functions };
    event_bus::compile(&definition.event_rules, surroundings)
}

/// What the targets of a server that runs are reached with.
pub(super) fn reach(apis: &[ServedApi], services: &Services, server: &ServerSettings) -> Reach {
    Reach {
        apis: apis.iter().map(|api| Arc::new(api.clone()) as _).collect(),
        functions: services.function_host().cloned(),
        http: services.http_clients().clone(),
        request_timeout: server.request_timeout,
    }
}
