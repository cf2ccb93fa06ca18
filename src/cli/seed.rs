//! `syncgate seed`: files of items into tables.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynamodb::{Credentials, Dynamodb, Embedded, Operation, Remote, RemoteSettings, Response, ServiceError};
use futures_util::future::BoxFuture;
use value::{Str, Value};

use super::{SeedArguments, error, findings, print, print_error};
use crate::definition::{self, Overrides, ServerDefinition, ServiceEndpoint, TableDefinition};
use crate::diagnostic::{Severity, closest, summary};
use crate::http_client::without_credentials;
use crate::table::seed::{Progress, SeedFile, Seeded, seed};
use crate::table::{self, DataFolderTables, DefaultTables, ItemFormat, OpenTablesError};

/// The errors of a service that does not know the caller, or does not trust the signature (common errors of the API).
const NOT_LET_IN: [&str; 9] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// Files smaller than this are read before anybody asks how far it is.
const WORTH_TELLING: u64 = 1 << 20;

pub(super) fn run(arguments: &SeedArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            print_error(&message);
            ExitCode::FAILURE
        }
    }
}

/// What is said on standard error, whole.
type Refusal = String;

fn attempt(arguments: &SeedArguments) -> Result<(), Refusal> {
    let overrides = Overrides { data: arguments.data.clone(), ..Overrides::default() };
    let loaded = definition::read(&arguments.config, std::env::vars_os(), &overrides);
    if !loaded.is_valid() {
        return Err(format!("{}{}\n", findings(&loaded.diagnostics), summary(&loaded.diagnostics)));
    }
    let Some(definition) = loaded.definition else { return Err(error("there is no definition", "")) };
    let files = files(arguments, &definition)?;
    let tables = concerned(arguments, &definition, &files);
    if let Some(endpoint) = arguments.endpoint.as_deref().filter(|endpoint| !is_url(endpoint)) {
        return Err(error(
            format!("--endpoint is no URL: {}", without_credentials(endpoint)),
            "for instance http://127.0.0.1:4000/dynamodb/",
        ));
    }
    // The depth of what the engine is given is bounded; twice the usual stack is a margin that costs address space only.
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(4 << 20).enable_all().build();
    let runtime = runtime.map_err(|problem| error(format!("cannot start the runtime: {problem}"), ""))?;
    runtime.block_on(async {
        // The lock of the data folder is held to the end.
        let service = service(arguments, &definition).await?;
        run_on(service, arguments, files, &tables, &arguments.endpoint.clone().unwrap_or_else(|| table::address(&definition)))
            .await
    })
}

/// Where the tables are: at `--endpoint`, else where the definition says.
async fn service(arguments: &SeedArguments, definition: &ServerDefinition) -> Result<Arc<dyn Dynamodb>, Refusal> {
    if let Some(endpoint) = &arguments.endpoint {
        let key = definition.dynamodb.access_keys.first();
        let signature = match key {
            Some(key) => format!("signed with the access key `{}` of [[dynamodb.access_keys]]", key.access_key_id),
            None => environments_signature(),
        };
        let credentials = key.map(|key| Credentials {
            access_key_id: Str::clone(&key.access_key_id),
            secret_access_key: key.secret_access_key.expose().into(),
            session_token: None,
        });
        let settings = RemoteSettings { region: None, endpoint: Some(endpoint.as_str().into()), credentials };
        return Ok(Arc::new(Signed { service: Remote::new(settings), signature }));
    }
    let embedded = Arc::new(DataFolderTables::new(&definition.server, &definition.dynamodb));
    let tables = DefaultTables::new(&embedded, &definition.dynamodb);
    tables.open().await.map_err(|problem| unopened(&problem, arguments, definition))?;
    Ok(match definition.dynamodb.endpoint {
        ServiceEndpoint::Embedded => Arc::new(tables),
        ServiceEndpoint::Url(_) | ServiceEndpoint::Aws => {
            Arc::new(Signed { service: tables, signature: environments_signature() })
        }
    })
}

/// Who signs where the definition gives out no key.
fn environments_signature() -> String {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_PROFILE")) {
        (Some(id), _) => format!("signed with the access key `{id}` of AWS_ACCESS_KEY_ID"),
        (None, Some(profile)) => format!("signed as the profile `{profile}` of AWS_PROFILE"),
        (None, None) => "neither AWS_ACCESS_KEY_ID nor AWS_PROFILE is set".into(),
    }
}

/// A service that is reached over the network; where it does not let the caller in, its sentence is told with who that was.
#[derive(Debug)]
struct Signed<S> {
    service: S,
    signature: String,
}

impl<S: Dynamodb> Dynamodb for Signed<S> {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(async move {
            self.service.call(operation, request).await.map_err(|mut error| {
                if NOT_LET_IN.contains(&&*error.code) {
                    error.message = format!("{} ({})", error.message, self.signature);
                }
                error
            })
        })
    }
}

async fn run_on(
    service: Arc<dyn Dynamodb>,
    arguments: &SeedArguments,
    files: Vec<SeedFile>,
    tables: &[TableDefinition],
    endpoint: &str,
) -> Result<(), Refusal> {
    let format = arguments.format.map(ItemFormat::from);
    if arguments.recreate {
        rehearse(&service, &files, format, tables, endpoint).await?;
        for table in tables {
            let deleted = table::delete(&*service, &table.table_name).await;
            if deleted.map_err(|problem| error(problem.message, "nothing was deleted"))? {
                print(&format!("deleted the table {}\n", table.table_name));
            }
        }
    }
    let ensured = table::ensure(&*service, tables, endpoint).await;
    for name in &ensured.created {
        print(&format!("made the table {name}\n"));
    }
    print_error(&findings(&ensured.diagnostics));
    if ensured.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Err(format!("{}; nothing was written\n", summary(&ensured.diagnostics)));
    }
    let start = Instant::now();
    let mut teller = Teller::new();
    let seeded = seed(service, files, format, &mut |progress| teller.tell(progress)).await;
    teller.finish();
    report(&seeded, start.elapsed())
}

/// Whether the tables can be made anew, and the files written into them: what is deleted is gone.
async fn rehearse(
    service: &Arc<dyn Dynamodb>,
    files: &[SeedFile],
    format: Option<ItemFormat>,
    tables: &[TableDefinition],
    endpoint: &str,
) -> Result<(), Refusal> {
    const KEPT: &str = "nothing was deleted";
    let memory = Embedded::memory().map_err(|problem| error(format!("cannot try the tables out: {problem}"), KEPT))?;
    let found = table::ensure(&memory, tables, endpoint).await.diagnostics;
    if found.iter().any(|found| found.severity == Severity::Error) {
        return Err(format!("{}{}; {KEPT}\n", findings(&found), summary(&found)));
    }
    let checked = table::check(Arc::clone(service), files.to_vec(), format, tables).await;
    checked.map_err(|failure| error(format!("{}: {}", failure.place, failure.message), KEPT))
}

fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

/// The files and their tables.
fn files(arguments: &SeedArguments, definition: &ServerDefinition) -> Result<Vec<SeedFile>, Refusal> {
    let names: Vec<&str> = definition.tables.iter().map(|table| &*table.table_name).collect();
    // A table that the definition does not have is written to where it is there, but could not be made anew.
    if let Some(wanted) = &arguments.table
        && (arguments.files.is_empty() || arguments.recreate)
        && !names.contains(&wanted.as_str())
    {
        let help = match closest(wanted, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "define it with [[table]], or name files".into(),
            None => format!("there are: {}", names.join(", ")),
        };
        return Err(error(format!("no [[table]] is called `{wanted}`"), &help));
    }
    if arguments.files.is_empty() {
        let tables = definition.tables.iter();
        let tables = tables.filter(|table| arguments.table.as_ref().is_none_or(|wanted| **wanted == *table.table_name));
        let files: Vec<SeedFile> = tables
            .flat_map(|table| table.seed.iter().map(|path| (path, Str::clone(&table.table_name))))
            .map(|(path, table)| SeedFile { path: path.clone(), table: Some(table) })
            .collect();
        if files.is_empty() && !arguments.recreate {
            let message = "there is nothing to write: no [[table]] names files with `seed`";
            return Err(error(
                message,
                "add seed = [\"seeds/*.json\"] to a [[table]], or name files: syncgate seed --table NAME FILE",
            ));
        }
        return Ok(files);
    }
    let files = arguments.files.iter().map(|path| SeedFile { path: path.clone(), table: table_of(path, arguments, &names) });
    Ok(files.collect())
}

/// The table of a file on the command line: the one that was named, the one that is called like the file, or the only one.
fn table_of(path: &Path, arguments: &SeedArguments, names: &[&str]) -> Option<Str> {
    let like = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| names.contains(stem));
    let only = names.first().copied().filter(|_| names.len() == 1);
    arguments.table.as_deref().or(like).or(only).map(Str::from)
}

/// The tables of the definition that the files are for; all of them where a file names its tables itself.
fn concerned(arguments: &SeedArguments, definition: &ServerDefinition, files: &[SeedFile]) -> Vec<TableDefinition> {
    let is_concerned = |name: &str| match &arguments.table {
        Some(wanted) => wanted == name,
        None => files.iter().any(|file| file.table.as_deref().is_none_or(|table| table == name)),
    };
    definition.tables.iter().filter(|table| is_concerned(&table.table_name)).cloned().collect()
}

fn unopened(problem: &OpenTablesError, arguments: &SeedArguments, definition: &ServerDefinition) -> Refusal {
    let help = match problem {
        OpenTablesError::Panic(_) => "this is a defect of Syncgate: please report it".to_owned(),
        OpenTablesError::InUse(_) => {
            format!(
                "a running server has them; write through it:\n{} --endpoint {}",
                command(arguments),
                table::own_address(&definition.server)
            )
        }
        OpenTablesError::Folder { .. } => "check its permissions, or name another folder with --data".into(),
        OpenTablesError::File { .. } => "is it the right folder? Name another one with --data".into(),
    };
    error(problem, &help)
}

/// The command as it was given, to be continued.
fn command(arguments: &SeedArguments) -> String {
    let mut parts = vec!["syncgate seed".to_owned()];
    let quoted = |text: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:".contains(&byte);
        if !text.is_empty() && text.bytes().all(is_plain) {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    if arguments.config != Path::new("config.toml") {
        parts.push(format!("--config {}", quoted(&arguments.config.to_string_lossy())));
    }
    if let Some(table) = &arguments.table {
        parts.push(format!("--table {}", quoted(table)));
    }
    if let Some(format) = arguments.format {
        parts.push(format!("--format {}", format.name()));
    }
    if arguments.recreate {
        parts.push("--recreate".into());
    }
    parts.extend(arguments.files.iter().map(|path: &PathBuf| quoted(&path.to_string_lossy())));
    parts.join(" ")
}

fn report(seeded: &Seeded, time: Duration) -> Result<(), Refusal> {
    let count = |items: u64| format!("{} item{}", thousands(items), if items == 1 { "" } else { "s" });
    if let Some(failure) = &seeded.failure {
        let mut written: Vec<String> =
            seeded.written.iter().map(|(table, items)| format!("{} into {table}", count(*items))).collect();
        if written.is_empty() {
            written.push("nothing".into());
        }
        let help = format!(
            "written so far: {}\nmend it and run the command again: items with the same key are replaced",
            written.join(", ")
        );
        return Err(error(format!("{}: {}", failure.place, failure.message), &help));
    }
    let seconds = time.as_secs_f64();
    for (table, items) in &seeded.written {
        print(&format!("{} into {table} in {seconds:.1} s\n", count(*items)));
    }
    if seeded.written.is_empty() {
        print("no items: nothing was written\n");
    }
    Ok(())
}

/// Says how far it is: on a terminal in one line that changes each second, else in a line for each tenth of a larger file.
struct Teller {
    is_terminal: bool,
    last: Option<Instant>,
    tenths: u64,
}

impl Teller {
    fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), last: Some(Instant::now()), tenths: 0 }
    }

    fn tell(&mut self, progress: Progress) {
        // What is read is not written yet.
        let percent = (progress.bytes_read * 100).checked_div(progress.bytes).unwrap_or(100);
        let percent = if progress.is_done { 100 } else { percent.min(99) };
        let line = format!("{percent} %, {} items", thousands(progress.written));
        if self.is_terminal {
            if self.last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
                self.last = Some(Instant::now());
                print_error(&format!("\r\x1b[K{line}"));
            }
        } else if progress.bytes >= WORTH_TELLING && percent / 10 > self.tenths {
            self.tenths = percent / 10;
            print_error(&format!("{line}\n"));
        }
    }

    fn finish(&self) {
        if self.is_terminal {
            print_error("\r\x1b[K");
        }
    }
}

/// `100,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_have_separators() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (100_000, "100,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}
