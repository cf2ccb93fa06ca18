//! What a person sees when the server has started.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;

use crate::definition::{ApiDefinition, Mode, ResolverKind, Runtime, Secret};

/// Where one API answers, and with which keys.
pub(super) struct Served<'a> {
    pub(super) definition: &'a ApiDefinition,
    /// Whether it is the only one, so that it answers on `/graphql`.
    pub(super) alone: bool,
    /// Whether its schema has subscriptions that something triggers.
    pub(super) has_subscriptions: bool,
    /// Keys that may be shown: made by the server, or written in the definition.
    pub(super) api_keys: Vec<Secret>,
}

/// The summary of a started server; `services` are those inside this process, such as its tables. Secrets appear on a terminal in
/// development only.
pub(super) fn summary(
    (address, has_tls): (SocketAddr, bool),
    mode: Mode,
    apis: &[Served<'_>],
    services: &[(&str, String)],
    warnings: usize,
    show_secrets: bool,
) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "  {label:<14}{text}");
    };
    let base = base(address);
    line(
        "Mode",
        match mode {
            Mode::Development => "development",
            Mode::Production => "production",
        },
    );
    for api in apis {
        let definition = api.definition;
        line("API", &format!("{} ({})", definition.name, definition.api_id));
        if api.alone {
            line("Endpoint", &format!("{base}/graphql"));
        }
        line(if api.alone { "" } else { "Endpoint" }, &format!("{base}/apis/{}/graphql", definition.api_id));
        if api.has_subscriptions {
            let path = if api.alone { "/graphql".to_owned() } else { format!("/apis/{}/graphql", definition.api_id) };
            let secure = if has_tls { " (and wss://)" } else { "" };
            line("Real time", &format!("{}{path}/realtime{secure}", base.replacen("http", "ws", 1)));
        }
        for key in &api.api_keys {
            line("API key", &if show_secrets { key.expose().to_owned() } else { key.hint() });
        }
        line("Data sources", &counted(definition.data_sources.values().map(|source| source.data_source_type().name())));
        line("Resolvers", &resolvers(definition));
    }
    for (service, text) in services {
        line(service, text);
    }
    line(
        "Warnings",
        &match warnings {
            0 => "none".to_owned(),
            count => format!("{count} (`syncgate check` shows them)"),
        },
    );
    out
}

/// The address of a listener as people write it.
pub(super) fn base(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// `3 UNIT APPSYNC_JS, 1 PIPELINE VTL`
fn resolvers(definition: &ApiDefinition) -> String {
    counted(definition.resolvers.iter().map(|resolver| {
        let kind = match resolver.kind {
            ResolverKind::Unit { .. } => "UNIT",
            ResolverKind::Pipeline { .. } => "PIPELINE",
        };
        let runtime = match resolver.runtime {
            Runtime::Code(_) => "APPSYNC_JS",
            Runtime::Templates { .. } => "VTL",
            Runtime::Direct => "direct",
        };
        format!("{kind} {runtime}")
    }))
}

fn counted<T: Into<String>>(names: impl Iterator<Item = T>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.into()).or_default() += 1;
    }
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
