//! Reads `[server]`.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::environment::Overrides;
use super::table::Table;
use super::values::{ByteSize, Problem, Spanned, within};
use crate::definition::{Cors, GivenCertificate, IpRange, Mode, NamedFile, Secret, ServerSettings, Tls};
use crate::sealing::SHORTEST_SECRET;

/// The settings; `table` is absent when there is no `[server]`.
pub(super) fn read(table: Option<Table<'_>>, root: &Path, overrides: &Overrides) -> ServerSettings {
    let mut settings = ServerSettings::default();
    if let Some(mut table) = table {
        settings.host = table.or::<IpAddr>("host", settings.host);
        settings.port = table.checked("port", within(0..=65_535)).unwrap_or(settings.port);
        let default_mode = if settings.host.is_loopback() { Mode::Development } else { Mode::Production };
        let modes = [("development", Mode::Development), ("production", Mode::Production)];
        settings.mode = table.choice("mode", &modes).unwrap_or(default_mode);
        if settings.mode == Mode::Development && !settings.host.is_loopback() {
            let message = format!("development mode on {}, which others can reach", settings.host);
            let help = "fine in a container whose port is published to this machine only; else set mode = \"production\"";
            table.report.warning("development-mode", &table.place_of("mode"), message, help);
        }
        settings.data = table.or("data", settings.data.to_string_lossy().into_owned()).into();
        settings.request_timeout = table.checked("request_timeout", some_time).unwrap_or(settings.request_timeout);
        settings.request_body_limit = table.checked("request_body_limit", some_bytes).unwrap_or(settings.request_body_limit);
        settings.response_limit = table.checked("response_limit", some_bytes).unwrap_or(settings.response_limit);
        settings.max_connections = table.checked("max_connections", within(1..=1_000_000)).unwrap_or(settings.max_connections);
        settings.shutdown_grace = table.or("shutdown_grace", settings.shutdown_grace);
        settings.secret = secret(&mut table);
        settings.trusted_proxies = table.checked("trusted_proxies", ranges).unwrap_or_default();
        if let Some(mut cors) = table.table("cors") {
            settings.cors = Cors {
                allowed_origins: cors.checked("allowed_origins", origins).unwrap_or(settings.cors.allowed_origins),
                max_age: cors.or("max_age", settings.cors.max_age),
            };
            cors.finish();
        }
        settings.tls = table.table("tls").map(|table| tls(table, root, settings.mode)).unwrap_or_default();
        table.finish();
    }
    settings.ephemeral = overrides.ephemeral;
    settings.data = overrides.data.clone().unwrap_or_else(|| root.join(settings.data));
    settings
}

/// Certificates lie where whoever renews them puts them, so these paths may lead out of the configuration's folder.
fn tls(mut table: Table<'_>, root: &Path, mode: Mode) -> Tls {
    let certificate = table.optional::<Spanned<String>>("certificate");
    let private_key = table.optional::<Spanned<String>>("private_key");
    if certificate.is_some() {
        table.require("private_key", "the file with the certificate's private key, in PEM");
    }
    if private_key.is_some() {
        table.require("certificate", "the file with the server's certificate, in PEM");
    }
    let named = |file: Spanned<String>| NamedFile { path: root.join(file.value), place: file.place };
    let given = certificate
        .zip(private_key)
        .map(|(certificate, private_key)| GivenCertificate { certificate: named(certificate), private_key: named(private_key) });
    let names = table.checked("names", names).unwrap_or_default();
    let reason = match (given.is_some(), mode) {
        (true, _) => Some("the certificate has the names that it was issued for"),
        (false, Mode::Production) => Some("no certificate is made in production"),
        (false, Mode::Development) => None,
    };
    if let Some(reason) = reason.filter(|_| table.has("names")) {
        let message = format!("`{}` has no effect here", table.path("names"));
        table.report.warning("without-effect", &table.place_of("names"), message, reason);
    }
    table.finish();
    Tls { given, names }
}

fn names(names: Vec<value::Str>) -> Result<Vec<value::Str>, Problem> {
    match names.iter().find(|name| rustls::pki_types::ServerName::try_from(&***name).is_err()) {
        Some(name) => {
            Err(Problem::new(format!("cannot have `{name}`")).help("host names and addresses, for instance [\"192.168.1.20\"]"))
        }
        None => Ok(names),
    }
}

fn ranges(texts: Vec<String>) -> Result<Vec<IpRange>, Problem> {
    let range = |text: String| text.parse().map_err(|()| Problem::new(format!("cannot have `{text}`")));
    let ranges: Result<Vec<IpRange>, Problem> = texts.into_iter().map(range).collect();
    ranges.map_err(|problem| problem.help("addresses or ranges, for instance [\"10.0.0.0/8\", \"::1\"]"))
}

/// The secret that keys are derived from.
fn secret(table: &mut Table<'_>) -> Option<Secret> {
    table.checked("secret", |secret: value::Str| {
        let length = secret.chars().count();
        if length < SHORTEST_SECRET {
            let problem = Problem::new(format!("has {length} characters, {SHORTEST_SECRET} are the least"));
            return Err(problem.help("make one with: openssl rand -base64 32"));
        }
        Ok(Secret::new(secret))
    })
}

pub(super) fn some_time(duration: Duration) -> Result<Duration, Problem> {
    if duration.is_zero() { Err(Problem::new("must be longer than nothing").help("for instance \"30s\"")) } else { Ok(duration) }
}

pub(super) fn some_bytes(size: ByteSize) -> Result<u64, Problem> {
    if size.0 == 0 { Err(Problem::new("must be larger than nothing").help("for instance \"5MiB\"")) } else { Ok(size.0) }
}

fn origins(origins: Vec<value::Str>) -> Result<Vec<value::Str>, Problem> {
    for origin in &origins {
        let is_origin = origin
            .parse::<http::Uri>()
            .is_ok_and(|uri| uri.scheme().is_some() && uri.authority().is_some() && !origin.ends_with('/') && uri.path() == "/");
        if &**origin != "*" && !is_origin {
            let problem = Problem::new(format!("has no origin in `{origin}`"));
            return Err(problem.help("an origin is a scheme, a host and perhaps a port: https://app.example.com"));
        }
    }
    Ok(origins)
}
