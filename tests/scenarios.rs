//! Runs `tests/scenarios/**/*.md`: one Markdown file per behaviour, each against a server of its own.
//!
//! What a file says in fenced blocks, by the words after the fence:
//!
//! - `toml api`: members of `[api]`, added to a configuration with an API key, the schema `schema.graphql`, a NONE data source
//!   `none` and an HTTP data source `upstream`. Or `toml config.toml`: the whole configuration. `{{upstream}}` is the upstream's
//!   address.
//! - `toml tables`: `[[table]]` and what else stands beside `[api]`. A line `Servers: dynalite, moto` has the file run again, each
//!   time with the tables in such a server of DynamoDB's API instead of the embedded one.
//! - a path (`js resolvers/Query.a.js`): a file of the definition.
//! - `http upstream`: a request that the upstream expects (first line, headers that must be there, body), `---`, and its answer
//!   (status, headers, body). Whatever else it is asked, it answers 599 and says what it got.
//! - `graphql request`, then perhaps `json variables`: a query. `json request`: a whole body. `http request`: a whole request.
//! - `json response`: the body that must come back, exactly, but for the blanks; with `json response 401`, that status.
//!   `http response`: status, headers that must be there, and the body as it stands.
//!
//! In a response `{{uuid}}`, `{{now}}` and `{{any}}` stand for an id, the time as ISO 8601 with milliseconds, and any text.

mod harness;
mod scenario;

use std::path::{Path, PathBuf};

use harness::dynamodb_servers::{DynamodbServer, servers_are_wanted};

/// The scenarios of one folder, all at once.
fn run_folder(folder: &str) {
    run_all(&files(folder), &[]);
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = scenarios().join(folder);
    let mut files: Vec<PathBuf> =
        entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no scenarios", folder.display());
    files
}

/// Runs scenarios, their servers with these environment variables.
fn run_all(files: &[PathBuf], environment: &[(&str, &str)]) {
    let failures: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = files.iter().map(|file| (file, scope.spawn(move || scenario::run(file, environment)))).collect();
        running
            .into_iter()
            .filter_map(|(file, thread)| {
                let failure = match thread.join() {
                    Ok(Ok(())) => return None,
                    Ok(Err(failure)) => failure,
                    Err(_) => "the scenario ended in a panic; see above".to_owned(),
                };
                Some(format!("{}:\n{failure}", file.strip_prefix(scenarios()).unwrap_or(file).display()))
            })
            .collect()
    });
    assert!(failures.is_empty(), "{} of {} scenarios failed\n\n{}", failures.len(), files.len(), failures.join("\n\n"));
}

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

macro_rules! folders {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run_folder(stringify!($name)); })*

        #[test]
        fn every_folder_is_run() {
            let mut found: Vec<String> = entries(&scenarios())
                .into_iter()
                .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
                .collect();
            found.sort();
            assert_eq!(found, [$(stringify!($name)),*]);
        }
    };
}

folders! { context dynamodb errors http_source limits pipelines requests results templates unit }

/// The scenarios that name a server of DynamoDB's API once more, with their tables there.
fn run_with_tables_in(name: &str, start: fn() -> DynamodbServer) {
    if !servers_are_wanted() {
        return;
    }
    let server = start();
    let mut files = files("dynamodb");
    files.retain(|file| scenario::servers(file).iter().any(|server| server == name));
    assert!(!files.is_empty(), "no scenario names {name}");
    run_all(&files, &[("SYNCGATE_DYNAMODB__ENDPOINT", &server.endpoint())]);
}

#[test]
fn dynamodb_in_dynalite() {
    run_with_tables_in("dynalite", DynamodbServer::dynalite);
}

#[test]
fn dynamodb_in_moto() {
    run_with_tables_in("moto", DynamodbServer::moto);
}
