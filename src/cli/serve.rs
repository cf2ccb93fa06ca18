//! `syncgate serve`: definition to listening server.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Context;
use jiff::tz::Offset;

use super::engines::{Compiled, Engines};
use super::summary::{Served, base, summary};
use super::{Format, ServeArguments, colors, event_rule, open_files, print, print_error, realtime};
use crate::api::Api;
use crate::auth::sigv4::Credential;
use crate::auth::{ApiKey, ApiKeys, keep};
use crate::definition::{
    self, AccessKey, ApiDefinition, AuthenticationType, DataSource, DataSourceConfig, DynamodbSettings, Mode, Overrides, Secret,
    ServerDefinition, ServerSettings, ServiceEndpoint,
};
use crate::diagnostic::{Diagnostic, Severity, render, summary as count, wants_color};
use crate::sealing;
use crate::server::{self, Certificate, EvaluationCaller, FunctionsEndpoint, ServedApi, Server, TablesEndpoint, Tls};
use crate::table::{self, DataFolderTables};

pub(super) fn run(arguments: &ServeArguments) -> ExitCode {
    log(arguments.log_format);
    match serve(arguments) {
        Ok(code) => code,
        Err(error) => {
            print_error(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    let overrides = Overrides {
        host: arguments.host.clone(),
        port: arguments.port,
        data: arguments.data.clone(),
        ephemeral: arguments.ephemeral,
        strict: false,
    };
    let loaded = definition::read(&arguments.config, std::env::vars_os(), &overrides);
    // Documents are up to 200 levels deep, which fits into the usual 2 MiB; twice that is a margin that costs address space only.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(4 << 20)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let mut found = loaded.diagnostics;
    let mut ready = None;
    let mut kept_secret = None;
    if let Some(definition) = loaded.definition {
        // A developer may want the rest of the API; who invokes such a function is told the same.
        let missing = match definition.server.mode {
            Mode::Development => Severity::Warning,
            Mode::Production => Severity::Error,
        };
        let (engines, more) = Engines::new(&definition, &definition.dynamodb, missing);
        found.extend(more);
        let (compiled, more) = engines.compile(&arguments.config, &definition);
        found.extend(more);
        let (mut tls, more) = Tls::given(&definition);
        found.extend(more);
        // Tables are made and databases filled for a definition that is served, not for one that is refused.
        if !refused(&found) {
            kept_secret = secret(&definition, &compiled)?;
            if let Some(secret) = &kept_secret {
                engines.services.set_secret(secret);
            }
            found.extend(runtime.block_on(table::prepare(&engines.tables, &definition)));
            found.extend(runtime.block_on(engines.databases.prepare()));
        }
        // It is kept in the data folder, which may be of no use.
        if !refused(&found) {
            tls = tls.or_else(|| Tls::own(&definition));
        }
        let complete = compiled.apis.iter().all(Option::is_some) && compiled.authenticators.iter().all(Option::is_some);
        ready = complete.then_some((definition, compiled, engines, tls));
    }
    report(&found);
    let Some((definition, compiled, engines, tls)) = ready.filter(|_| !refused(&found)) else {
        print_error("Nothing is served: the errors above must be mended first.\n");
        return Ok(ExitCode::FAILURE);
    };
    open_files::raise(definition.server.max_connections);
    let served = runtime.block_on(listen(&definition, compiled, &engines, (tls, kept_secret.as_deref()), found.len()));
    runtime.block_on(engines.close());
    served?;
    Ok(ExitCode::SUCCESS)
}

fn refused(found: &[Diagnostic]) -> bool {
    found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// What tokens are sealed with: those of pages, and the URLs of MQTT. A definition that has none to seal needs no file for it.
fn secret(definition: &ServerDefinition, compiled: &Compiled) -> anyhow::Result<Option<Vec<u8>>> {
    let seals = |source: &DataSource| matches!(source.config, DataSourceConfig::AmazonDynamodb(_));
    let has_pages = definition.apis.iter().any(|api| api.data_sources.values().any(seals));
    let has_mqtt = definition.realtime.mqtt && compiled.apis.iter().flatten().any(Api::has_subscriptions);
    if !has_pages && !has_mqtt {
        return Ok(None);
    }
    let folder = definition.server.data.display();
    sealing::server_secret(&definition.server).map(Some).with_context(|| format!("cannot keep the server's secret in {folder}"))
}

/// Serves until the process is told to stop.
async fn listen(
    definition: &ServerDefinition,
    compiled: Compiled,
    engines: &Engines,
    (tls, secret): (Option<Tls>, Option<&[u8]>),
    warnings: usize,
) -> anyhow::Result<()> {
    let broker = realtime::broker(&definition.realtime)?;
    let peers = realtime::join(broker.as_ref(), definition.apis.iter().map(|api| &api.api_id)).await?;
    let mut served = Vec::new();
    let mut shown = Vec::new();
    let compiled_apis = compiled.apis.into_iter().flatten().zip(compiled.authenticators.into_iter().flatten());
    for (((api, mut authenticator), definition_of_api), peers) in compiled_apis.zip(&definition.apis).zip(peers) {
        let (keys, own) = api_keys(&definition.server, definition_of_api)?;
        if definition_of_api.allows(AuthenticationType::ApiKey) {
            authenticator = authenticator.api_keys(keys);
        }
        shown.push(Served {
            definition: definition_of_api,
            alone: definition.apis.len() == 1,
            has_subscriptions: api.has_subscriptions(),
            api_keys: own,
        });
        let hosts = definition_of_api.domain_names.iter().map(ToString::to_string).collect();
        let api_id = &definition_of_api.api_id;
        let hub = realtime::hub(api_id, &definition.realtime, peers);
        let api = Arc::new(api.publishing_to(&hub));
        served.push(ServedApi::new(Arc::clone(api_id), hosts, api, authenticator, hub));
    }
    let stop = stop_signal()?;
    let reach = event_rule::reach(&served, &engines.services, &definition.server);
    let (has_tls, shown_tls) = (tls.is_some(), tls.as_ref().map(shown_tls));
    let settings =
        server::Settings { realtime: realtime::settings(&definition.realtime, secret), ..settings(&definition.server) };
    let mut server = Server::bind(settings, served).await?.with_tls(tls);
    if definition.dynamodb.endpoint == ServiceEndpoint::Embedded {
        server = server.with_tables(tables_endpoint(&definition.dynamodb, Arc::clone(&engines.tables))).await?;
    }
    if let Some(host) = &engines.functions {
        let credentials = credentials(&definition.lambda.access_keys);
        server = server.with_functions(FunctionsEndpoint { host: Arc::clone(host), credentials });
    }
    server = server.with_evaluation(evaluation_callers(definition));
    if let Some(pools) = &engines.user_pools {
        server = server.with_user_pools(Arc::clone(pools));
    }
    let event_buses = engines.services.event_buses();
    if !definition.event_rules.is_empty() {
        server = server.with_events(Arc::clone(event_buses));
    }
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let secrets = terminal && definition.server.mode == Mode::Development;
    let shown_engines = [
        ("Tables", shown_tables(definition, &server)),
        ("Databases", engines.databases.summary()),
        ("Functions", shown_functions(definition, &server)),
        ("Event rules", shown_event_rules(definition, &server)),
        ("User pools", shown_user_pools(engines, &server)),
        ("Broker", realtime::shown_broker(&definition.realtime)),
    ];
    let mut shown_engines: Vec<_> = shown_engines.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
    shown_engines.extend(shown_tls.into_iter().flatten());
    print(&summary((server.local_addr(), has_tls), definition.server.mode, &shown, &shown_engines, warnings, secrets));
    event_buses.open(compiled.event_rules, &reach);
    let mut stopped = None;
    server
        .run(async {
            stop.await;
            stopped = Some(Instant::now());
        })
        .await;
    // Requests in flight, events and what other nodes are to hear of both share the grace.
    let deadline = stopped.unwrap_or_else(Instant::now) + definition.server.shutdown_grace;
    event_buses.close(deadline).await;
    realtime::leave(broker, deadline).await;
    Ok(())
}

/// A size from the definition.
pub(super) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
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

/// `1 (http://localhost:4000/dynamodb/)`
fn shown_tables(definition: &ServerDefinition, server: &Server) -> Option<String> {
    let count = match definition.tables.len() {
        0 => return None,
        count => count,
    };
    let storage = if definition.server.ephemeral { ", in memory" } else { "" };
    let endpoint = match server.tables_addr() {
        Some(address) => format!(" ({})", base(address)),
        None if server.has_tables() => format!(" ({}/dynamodb/)", base(server.local_addr())),
        None => String::new(),
    };
    Some(format!("{count}{storage}{endpoint}"))
}

/// `2 (http://localhost:4000)`: what `--endpoint-url` is given.
fn shown_functions(definition: &ServerDefinition, server: &Server) -> Option<String> {
    let count = match definition.lambda_functions.len() {
        0 => return None,
        count => count,
    };
    let endpoint = if server.has_functions() { format!(" ({})", base(server.local_addr())) } else { String::new() };
    Some(format!("{count}{endpoint}"))
}

/// What TLS is served with, and how to trust it.
fn shown_tls(tls: &Tls) -> Vec<(&'static str, String)> {
    match &tls.certificate {
        Certificate::Given { path, not_after } => {
            let until = not_after.map(|end| format!(", until {}", Offset::UTC.to_datetime(end).date())).unwrap_or_default();
            vec![("TLS", format!("on the same port ({}{until})", shown_path(path)))]
        }
        Certificate::Kept { authority } => {
            let authority = shown_path(authority);
            vec![
                ("TLS", format!("on the same port, with a certificate for development; to trust it: {authority}")),
                ("", format!("curl --cacert {authority} …, NODE_EXTRA_CA_CERTS={authority} node …")),
            ]
        }
        Certificate::Passing => vec![("TLS", "on the same port, with a certificate for this run only".to_owned())],
    }
}

/// A path as it is typed: relative to the working directory where it is below it.
fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn tables_endpoint(dynamodb: &DynamodbSettings, tables: Arc<DataFolderTables>) -> TablesEndpoint {
    let credentials = credentials(&dynamodb.access_keys);
    TablesEndpoint { service: tables, region: "us-east-1".into(), port: dynamodb.port, credentials }
}

fn credentials(keys: &[AccessKey]) -> Vec<Credential> {
    let credentials = keys.iter().map(|key| Credential {
        access_key_id: key.access_key_id.to_string(),
        secret_access_key: key.secret_access_key.expose().to_owned(),
    });
    credentials.collect()
}

/// The principals who may be allowed to evaluate code. One with a session token cannot: its token would have to be checked, too.
fn evaluation_callers(definition: &ServerDefinition) -> Vec<EvaluationCaller> {
    let principals = definition.apis.iter().flat_map(|api| api.iam_principals.iter().map(move |principal| (api, principal)));
    let lasting = principals.filter(|(_, principal)| principal.credentials.session_token.is_none());
    let callers = lasting.map(|(api, principal)| {
        let arn = api.arn();
        EvaluationCaller {
            credential: Credential {
                access_key_id: principal.credentials.access_key_id.to_string(),
                secret_access_key: principal.credentials.secret_access_key.expose().to_owned(),
            },
            arn: principal.user_arn.to_string(),
            scope: arn.split(":apis/").next().unwrap_or_default().to_owned(),
            policies: principal.policies.clone(),
        }
    });
    callers.collect()
}

fn settings(server: &ServerSettings) -> server::Settings {
    server::Settings {
        host: server.host,
        port: server.port,
        mode: match server.mode {
            Mode::Development => server::Mode::Development,
            Mode::Production => server::Mode::Production,
        },
        body_limit: size(server.request_body_limit),
        request_timeout: server.request_timeout,
        max_connections: server.max_connections as usize,
        shutdown_grace: server.shutdown_grace,
        cors: server::Cors::new(server.cors.allowed_origins.iter(), server.cors.max_age),
        trusted_proxies: server.trusted_proxies.clone(),
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
    // Notices of a PostgreSQL server come with requests, and hold what its functions put into them; what a `credential_process` prints
    // may hold a secret. What async_nats says of its connection, the broker says once.
    let filter = EnvFilter::try_from_env("SYNCGATE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,aws_config=error,async_nats=off"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second call could fail, and the first one's choice then stands.
    let _ = match format {
        Format::Text => builder.with_ansi(colors()).try_init(),
        Format::Json => builder.json().try_init(),
    };
}

/// `1 (http://localhost:4000/eventbridge/)`
fn shown_event_rules(definition: &ServerDefinition, server: &Server) -> Option<String> {
    let count = match definition.event_rules.len() {
        0 => return None,
        count => count,
    };
    let endpoint =
        if server.has_events() { format!(" ({}{}/)", base(server.local_addr()), server::event_bus::PATH) } else { String::new() };
    Some(format!("{count}{endpoint}"))
}

/// `eu-west-1_Club (http://localhost:4000/cognito-idp)`: what `--endpoint-url` and Amplify's `userPoolEndpoint` are given.
fn shown_user_pools(engines: &Engines, server: &Server) -> Option<String> {
    let ids = engines.user_pools.as_ref()?.ids();
    let endpoint = if server.has_user_pools() {
        format!(" ({}{})", base(server.local_addr()), server::user_pools::PATH)
    } else {
        String::new()
    };
    Some(format!("{ids}{endpoint}"))
}
