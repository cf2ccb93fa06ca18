//! Runs `tests/scenarios/**/*.md`: one Markdown file per behaviour, each against a server of its own.
//!
//! What a file says in fenced blocks, by the words after the fence:
//!
//! - `toml api`: members of `[api]`, added to a configuration with an API key, the schema `schema.graphql`, a NONE data source
//!   `none` and an HTTP data source `upstream`. Or `toml config.toml`: the whole configuration. `{{upstream}}` is the upstream's
//!   address.
//! - `toml tables`: `[[table]]` and what else stands beside `[api]`. A line `Servers: dynalite, moto` has the file run again, each
//!   time with the tables in such a server of DynamoDB's API instead of the embedded one.
//!   A line `Engines: sqlite, postgresql, mariadb` (in `sql/`; without it SQLite alone) has the file run with the first `[[database]]`
//!   in each of these, in a new database of a real server; `ctx.env.ENGINE` tells which, where the file sets it.
//! - a path (`js resolvers/Query.a.js`): a file of the definition.
//! - `http upstream`: a request that the upstream expects (first line, headers that must be there, body), `---`, and its answer
//!   (status, headers, body). Whatever else it is asked, it answers 599 and says what it got.
//! - `graphql request`, then perhaps `json variables`: a query. `json request`: a whole body. `http request`: a whole request.
//! - `json response`: the body that must come back, exactly, but for the blanks; with `json response 401`, that status.
//!   `json response eventually`: the query is asked again until that comes back. `http response`: status, headers that must be there, and the body as it stands.
//!
//! - `text log`: lines that the server's log must have in the end, each with anything around it.
//!
//! In a response `{{uuid}}`, `{{now}}` and `{{any}}` stand for an id, the time as ISO 8601 with milliseconds, and any text.

mod harness;
mod scenario;
#[path = "../crates/rds-data/tests/servers.rs"]
mod sql_servers;

use std::path::{Path, PathBuf};

use std::time::{Duration, Instant};

use rds_data::{Database, EngineKind, RdsData, Request, Settings};
use value::value;

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
    let environment: Vec<_> = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    run_each(&files.iter().map(|file| (file.clone(), environment.clone())).collect::<Vec<_>>());
}

/// A scenario's file, and environment variables for its server.
type Run = (PathBuf, Vec<(String, String)>);

/// Runs scenarios all at once.
fn run_each(runs: &[Run]) {
    let run = |(file, environment): &Run| {
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        scenario::run(file, &environment)
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = runs.iter().map(|one| (&one.0, scope.spawn(move || run(one)))).collect();
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
    assert!(failures.is_empty(), "{} of {} scenarios failed\n\n{}", failures.len(), runs.len(), failures.join("\n\n"));
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
            found.retain(|name| name != "sql");
            assert_eq!(found, [$(stringify!($name)),*]);
        }
    };
}

folders! { bedrock context dynamodb errors eventbridge http_source lambda limits opensearch pipelines requests results templates unit }

/// Guides to services are scenarios, whose upstream has the address that a reader would write.
#[test]
fn guides_answer_as_printed() {
    for (page, place) in [("http", "localhost:8080"), ("opensearch", "localhost:9200"), ("bedrock", "localhost:8000")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/guide/{page}.md"));
        if let Err(failure) = scenario::run_at(&path, &[], place) {
            panic!("docs/guide/{page}.md:\n{failure}");
        }
    }
}

/// A guide that is written as a scenario: what it shows is served and asked.
#[test]
fn the_guide_to_event_rules_answers_as_printed() {
    run_all(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/eventbridge.md")], &[]);
}

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

/// The scenarios of `sql/` that name an engine, each in a database of its own.
fn run_sql_in(engine: &str, server: Option<&sql_servers::Server>) {
    let mut files = files("sql");
    files.retain(|file| scenario::engines(file).iter().any(|named| named == engine));
    assert!(!files.is_empty(), "no scenario names {engine}");
    let of_file = |file: &PathBuf| {
        let mut environment = Vec::new();
        if let Some(server) = server {
            let name = format!("s_{}", file.file_stem().expect("a name").to_string_lossy().replace('-', "_"));
            create_database(&server.url, &name);
            let (place, _) = server.url.rsplit_once('/').expect("a database in the URL");
            environment.push(("SYNCGATE_DATABASE__0__URL".to_owned(), format!("{place}/{name}")));
            if harness::read(file).contains("ENGINE = ") {
                environment.push(("SYNCGATE_API__ENVIRONMENT_VARIABLES__ENGINE".to_owned(), engine.to_owned()));
            }
        }
        (file.clone(), environment)
    };
    run_each(&files.iter().map(of_file).collect::<Vec<_>>());
}

/// Makes an empty database beside the one of the URL.
fn create_database(url: &str, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let database = Database::open(url, Settings::default()).expect("a server");
        let encoding = if database.engine() == EngineKind::MySql { " CHARACTER SET utf8mb4" } else { "" };
        let request = value!({"statements": [(format!("CREATE DATABASE {name}{encoding}"))]});
        let request = Request::from_value(&request).expect("a request");
        database.execute(&request, Instant::now() + Duration::from_secs(30)).await.expect("a new database");
    });
}

#[test]
fn sql_in_sqlite() {
    run_sql_in("sqlite", None);
}

#[test]
fn sql_in_postgresql() {
    if let Some(server) = sql_servers::postgres() {
        run_sql_in("postgresql", Some(server));
    }
}

#[test]
fn sql_in_mariadb() {
    if let Some(server) = sql_servers::mariadb() {
        run_sql_in("mariadb", Some(server));
    }
}
