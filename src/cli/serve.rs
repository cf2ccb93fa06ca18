//! `syncgate serve`: definition to listening server.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;

use super::summary::{Served, summary};
use super::{Format, ServeArguments, colors, print, print_error};
use crate::api::{Api, Options};
use crate::auth::{ApiKey, ApiKeys, Authenticator, keep};
use crate::definition::{self, ApiDefinition, AuthenticationType, Mode, Overrides, Secret, ServerDefinition, ServerSettings};
use crate::diagnostic::{Diagnostic, Severity, render, summary as count, wants_color};
use crate::server::{self, ServedApi, Server};

pub(super) fn run(arguments: &ServeArguments) -> ExitCode {
    log(arguments.log_format);
    let overrides = Overrides { host: arguments.host.clone(), port: arguments.port, data: arguments.data.clone(), strict: false };
    let loaded = definition::read(&arguments.config, std::env::vars_os(), &overrides);
    let mut found = loaded.diagnostics;
    let mut compiled = Vec::new();
    if let Some(definition) = &loaded.definition {
        let options = Options::new(&arguments.config, &definition.server);
        for api in &definition.apis {
            let result = Api::compile(api, &options);
            found.extend(result.diagnostics);
            compiled.extend(result.api);
        }
    }
    let refused = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(definition) = loaded.definition.filter(|definition| !refused && compiled.len() == definition.apis.len()) else {
        report(&found);
        print_error("Nothing is served: the errors above must be mended first.\n");
        return ExitCode::FAILURE;
    };
    report(&found);
    match listen(&definition, compiled, &found) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process is told to stop.
fn listen(definition: &ServerDefinition, compiled: Vec<Api>, found: &[Diagnostic]) -> anyhow::Result<()> {
    let mut served = Vec::new();
    let mut shown = Vec::new();
    for (api, definition_of_api) in compiled.into_iter().zip(&definition.apis) {
        let (keys, own) = api_keys(&definition.server, definition_of_api)?;
        shown.push(Served { definition: definition_of_api, alone: definition.apis.len() == 1, api_keys: own });
        let hosts = definition_of_api.domain_names.iter().map(ToString::to_string).collect();
        served.push(ServedApi::new(Arc::clone(&definition_of_api.api_id), hosts, Arc::new(api), Authenticator::api_key(keys)));
    }
    // Documents are up to 200 levels deep, which fits into the usual 2 MiB; twice that is a margin that costs address space only.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(4 << 20)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let server = Server::bind(settings(&definition.server), served).await?;
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
        let warnings = found.len();
        let secrets = terminal && definition.server.mode == Mode::Development;
        print(&summary(server.local_addr(), definition.server.mode, &shown, warnings, secrets));
        server.run(stop).await;
        Ok(())
    })
}

/// The keys of an API. In development an API without any gets one, kept in the data folder.
fn api_keys(server: &ServerSettings, api: &ApiDefinition) -> anyhow::Result<(ApiKeys, Vec<Secret>)> {
    if !api.allows(AuthenticationType::ApiKey) {
        return Ok((ApiKeys::default(), Vec::new()));
    }
    let mut keys = Vec::new();
    let mut shown = Vec::new();
    for key in &api.api_keys {
        let mut built = ApiKey::new(key.id.expose());
        if let Some(expires) = key.expires {
            built = built.expires(SystemTime::from(expires));
        }
        if let Some(description) = &key.description {
            built = built.description(&**description);
        }
        keys.push(built);
        shown.push(key.id.clone());
    }
    if keys.is_empty() && server.mode == Mode::Development {
        let folder = server.data.join(&*api.api_id);
        let key = keep(&folder).with_context(|| format!("cannot keep an API key in {}", folder.display()))?;
        keys.push(ApiKey::new(key.as_str()));
        shown.push(Secret::new(key));
    }
    if keys.is_empty() {
        tracing::warn!(api = %api.api_id, "the API has no API key, so that no request is let in; add one under api_keys");
    }
    Ok((ApiKeys::new(keys), shown))
}

fn settings(server: &ServerSettings) -> server::Settings {
    server::Settings {
        host: server.host,
        port: server.port,
        mode: match server.mode {
            Mode::Development => server::Mode::Development,
            Mode::Production => server::Mode::Production,
        },
        body_limit: usize::try_from(server.request_body_limit).unwrap_or(usize::MAX),
        request_timeout: server.request_timeout,
        shutdown_grace: server.shutdown_grace,
        cors: server::Cors::new(server.cors.allowed_origins.iter(), server.cors.max_age),
        ..server::Settings::default()
    }
}

/// Resolves on the first SIGINT or SIGTERM.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn report(found: &[Diagnostic]) {
    if found.is_empty() {
        return;
    }
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let color = wants_color(terminal, std::env::var_os("NO_COLOR").as_deref());
    print_error(&render(found, color));
    print_error(&format!("{}\n", count(found)));
}

fn log(format: Format) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SYNCGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second call could fail, and the first one's choice then stands.
    let _ = match format {
        Format::Text => builder.with_ansi(colors()).try_init(),
        Format::Json => builder.json().try_init(),
    };
}
