//! `config.toml`, one front door to a [`ServerDefinition`].
//!
//! [`read`] parses the file into a tree with positions, writes environment variables and flags over it, and takes typed values
//! out of it. Nothing stops at the first problem: everything that can be said about a definition is said at once.
//!
//! Start at [`read`]; `table` is the reader that all parts use, `convention` finds the files that attach themselves.

mod api;
mod authentication;
mod convention;
mod data_source;
mod database;
mod dynamodb;
mod environment;
mod event_rule;
mod files;
mod handler;
mod iam_principal;
mod lambda;
mod node;
mod realtime;
#[cfg(test)]
mod reference;
mod resolver;
mod server;
mod table;
#[cfg(test)]
mod tests;
mod user_pool;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use environment::Overrides;
pub(crate) use values::parse_duration;

use self::files::Folder;
use self::table::{Report, Table};
use super::{ApiDefinition, ServerDefinition};
use crate::diagnostic::{Diagnostic, Severity, in_order};

/// What reading a configuration gave.
#[derive(Debug)]
pub struct Loaded {
    /// What could be read. It is there beside errors as well, so that later steps can report theirs in the same run;
    /// it must not be served unless [`Loaded::is_valid`].
    pub definition: Option<ServerDefinition>,
    /// Everything found, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read and every directory that was searched: a change to one of them asks for another reading.
    pub sources_read: Vec<PathBuf>,
}

impl Loaded {
    /// Whether there is a definition and no error.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.definition.is_some() && self.diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning)
    }
}

/// Reads the configuration file at `path`, with the process's environment (`std::env::vars_os()`) and flags over it.
pub fn read<K, V>(path: &Path, environment: impl IntoIterator<Item = (K, V)>, overrides: &Overrides) -> Loaded
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    read_at(path, environment, overrides, jiff::Timestamp::now())
}

/// [`read`] with the time that expiry is judged by.
fn read_at<K, V>(
    path: &Path,
    environment: impl IntoIterator<Item = (K, V)>,
    overrides: &Overrides,
    now: jiff::Timestamp,
) -> Loaded
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let report = Report::default();
    let root = path.parent().unwrap_or(Path::new(""));
    let (definition, mut sources_read) = match Folder::new(root) {
        Ok(folder) => {
            let definition = read_file(path, root, &folder, environment, overrides, now, &report);
            (definition, folder.into_read())
        }
        Err(error) => {
            let message = format!("cannot read the folder of {}: {error}", path.display());
            report.push(Diagnostic::error("missing-file", message).help("name a config.toml with --config"));
            (None, Vec::new())
        }
    };
    if !sources_read.iter().any(|read| read == path) {
        sources_read.insert(0, path.into());
    }
    let diagnostics = report.into_diagnostics();
    Loaded { definition, diagnostics: in_order(&diagnostics).into_iter().cloned().collect(), sources_read }
}

fn read_file<K, V>(
    path: &Path,
    root: &Path,
    folder: &Folder,
    environment: impl IntoIterator<Item = (K, V)>,
    overrides: &Overrides,
    now: jiff::Timestamp,
    report: &Report,
) -> Option<ServerDefinition>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let source = folder.configuration(path).map_err(|problem| report.push(problem.diagnostic(None))).ok()?;
    let mut tree = node::parse(&source).map_err(|syntax| report.push(syntax)).ok()?;
    environment::apply(&mut tree, environment, overrides, report);

    let mut table = Table::new(report, String::new(), &tree)?;
    let settings = table.table("server");
    let server = server::read(settings, root, overrides);
    let realtime = realtime::read(table.table("realtime"));
    let dynamodb = dynamodb::settings(table.table("dynamodb"), &server);
    let dynamodb_tables = dynamodb::tables(table.tables("table"), folder, report);
    let event_rules = event_rule::rules(table.tables("event_rule"), report);
    let functions = table.tables("lambda_function");
    let lambda = lambda::settings(table.table("lambda"), root, server.mode, !functions.is_empty());
    let lambda_functions = lambda::functions(functions, folder, report);
    let databases = database::databases(table.tables("database"), root, folder, report);
    let user_pools = user_pool::user_pools(table.tables("user_pool"), &server, report);
    table.require("api", "an API begins with [api], or with [[api]] for each of several");
    let tables = table.tables("api");
    let is_single = tables.len() == 1;
    let apis: Vec<ApiDefinition> =
        tables.into_iter().map(|table| api::read(table, folder, is_single, overrides.strict, now)).collect();
    table.finish();
    check_distinct(&apis, report);
    for api in &apis {
        api::check_keys(api, report);
    }
    user_pool::check_named(&user_pools, &apis, report);
    if apis.is_empty() {
        return None;
    }
    let tables = dynamodb_tables;
    Some(ServerDefinition {
        server,
        realtime,
        dynamodb,
        tables,
        lambda,
        lambda_functions,
        databases,
        event_rules,
        user_pools,
        apis,
    })
}

/// What tells APIs apart must differ.
fn check_distinct(apis: &[ApiDefinition], report: &Report) {
    let mut ids = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    for api in apis {
        let Some(place) = &api.place else { continue };
        if let Some(other) = ids.insert(&api.api_id, &api.name) {
            let message = format!("two APIs have the id `{}`: {other} and {}", api.api_id, api.name);
            report.error("duplicate-api", place, message, "give one of them an `api_id` of its own");
        }
        for host in &api.domain_names {
            if hosts.insert(host, &api.name).is_some() {
                let message = format!("`{host}` is named twice");
                report.error("duplicate-domain-name", place, message, "a host belongs to one API");
            }
        }
    }
}
