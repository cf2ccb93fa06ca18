//! Environment variables and flags over the file: `SYNCGATE_SERVER__PORT=8080` sets `server.port`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::node::{self, Entry, Kind, Node};
use super::table::Report;
use crate::diagnostic::{Diagnostic, Place, Source};

/// What variables must begin with, and what stands between the parts of a path. A variable without a `__` is none of the
/// configuration's (container platforms set `SYNCGATE_PORT=tcp://…` for a service of this name).
const PREFIX: &str = "SYNCGATE_";
const NESTING: &str = "__";
/// The parts a path may have; no key lies deeper than a handful.
const MOST_PARTS: usize = 16;

/// Values from the command line; they win over the environment, which wins over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--host`
    pub host: Option<String>,
    /// `--port`
    pub port: Option<u16>,
    /// `--data`, relative to the working directory.
    pub data: Option<PathBuf>,
    /// `--strict`: every API is read as if it said `strict = true`.
    pub strict: bool,
    /// `--ephemeral`: nothing is stored.
    pub ephemeral: bool,
}

/// Writes the environment and then the flags into the tree.
pub(super) fn apply<K, V>(root: &mut Node, environment: impl IntoIterator<Item = (K, V)>, overrides: &Overrides, report: &Report)
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let mut variables: Vec<(String, OsString)> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into().into_string().ok()?, value.into())))
        .filter(|(name, _)| name.starts_with(PREFIX) && name[PREFIX.len()..].contains(NESTING))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let path: Vec<&str> = name[PREFIX.len()..].split(NESTING).collect();
        let Ok(value) = value.into_string() else {
            report.push(
                Diagnostic::error("not-utf8", format!("the environment variable {name} is not UTF-8"))
                    .help("set it again, as UTF-8"),
            );
            continue;
        };
        // A finding about a secret must not show it.
        let secret = {
            let path = name.to_ascii_lowercase();
            path.contains("api_keys")
                || path.contains("access_keys")
                || path.contains("__environment__")
                || path.contains("database__")
                || path.contains("realtime__broker")
                || path.split(NESTING).any(|part| node::is_secret("", part))
                || path.rsplit(NESTING).next().is_some_and(|key| node::is_url_with_secrets(key, &value))
        };
        let shown = if secret { "(hidden)".to_owned() } else { value.clone() };
        let place = Place {
            span: 0..shown.len(),
            source: Arc::new(Source { path: format!("environment variable {name}"), text: shown }),
        };
        if let Err(problem) = set(root, &path, &value, &place) {
            let help = "write it as SYNCGATE_SERVER__PORT, with the position for one of several: SYNCGATE_API__0__NAME";
            report.error("environment", &place, format!("{name} does not lead to a key: {problem}"), help);
        }
    }
    let flags = [("host", overrides.host.clone()), ("port", overrides.port.map(|port| port.to_string()))];
    for (key, value) in flags {
        let Some(value) = value else { continue };
        let source = Arc::new(Source { path: format!("--{key}"), text: value.clone() });
        let place = Place { span: 0..value.len(), source };
        if let Err(problem) = set(root, &["server", key], &value, &place) {
            report.error("environment", &place, problem, "mend `server` in the configuration file");
        }
    }
}

fn set(root: &mut Node, path: &[&str], value: &str, place: &Place) -> Result<(), String> {
    if path.len() > MOST_PARTS {
        return Err(format!("no key has {} parts", path.len()));
    }
    let mut node = root;
    // Names below `environment_variables` and a function's `environment` are the user's own, in his spelling.
    let mut verbatim = false;
    let mut rest = path.iter().peekable();
    while let Some(part) = rest.next() {
        // What is not there yet is made: a list if a position follows, else a table.
        let makes_list = rest.peek().is_some_and(|next| next.parse::<usize>().is_ok());
        if part.is_empty() {
            return Err("an empty part between `__`".into());
        }
        node = match &mut node.kind {
            Kind::Table(entries) => member(entries, part, verbatim, makes_list, place),
            Kind::List(items) => {
                // The only API of a file may be meant without its position.
                let single = items.len() == 1 && part.parse::<usize>().is_err();
                let count = items.len();
                let index = if single { 0 } else { part.parse().unwrap_or(usize::MAX) };
                if index == count {
                    items.push(Node { place: place.clone(), kind: Kind::Table(IndexMap::new()) });
                }
                let item = items.get_mut(index).ok_or_else(|| format!("`{part}` is no position in a list of {count}"))?;
                if single {
                    match &mut item.kind {
                        Kind::Table(entries) => member(entries, part, verbatim, makes_list, place),
                        kind => return Err(format!("`{part}` stands below {}", kind.name())),
                    }
                } else {
                    item
                }
            }
            kind => return Err(format!("`{part}` stands below {}", kind.name())),
        };
        verbatim = ["environment_variables", "environment"].iter().any(|name| part.eq_ignore_ascii_case(name));
    }
    *node = Node { place: place.clone(), kind: Kind::Override(value.to_owned()) };
    Ok(())
}

/// The member that a part of a variable's name means: as the file spells it, else in lower case; made when it is not there.
fn member<'a>(
    entries: &'a mut IndexMap<String, Entry>,
    part: &str,
    verbatim: bool,
    makes_list: bool,
    place: &Place,
) -> &'a mut Node {
    let existing = entries.keys().find(|key| key.as_str() == part).or_else(|| {
        let mut near = entries.keys().filter(|key| key.eq_ignore_ascii_case(part));
        near.next().filter(|_| !verbatim)
    });
    let key = existing.cloned().unwrap_or_else(|| if verbatim { part.to_owned() } else { part.to_ascii_lowercase() });
    let kind = if makes_list { Kind::List(Vec::new()) } else { Kind::Table(IndexMap::new()) };
    let made = || Entry { key: place.clone(), node: Node { place: place.clone(), kind } };
    &mut entries.entry(key).or_insert_with(made).node
}
