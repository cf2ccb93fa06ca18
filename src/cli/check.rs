//! `syncgate check`: everything that is wrong with a definition, or with single files. Executes nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use dynamodb::Dynamodb;

use super::engines::Engines;
use super::{CheckArguments, Format, colors, print};
use crate::database;
use crate::definition::{self, DynamodbSettings, Limits, Overrides, ServerDefinition, VelocityVersion};
use crate::diagnostic::{Diagnostic, Severity, Source, json_lines, render, summary};
use crate::resolver::compile::{CodeCompiler, compile_template};
use crate::schema;
use crate::server::Tls;
use crate::table;

pub(super) fn run(arguments: &CheckArguments) -> ExitCode {
    let (files, found) = if arguments.files.is_empty() {
        definition_at(&arguments.config, arguments.strict)
    } else {
        let found = arguments.files.iter().flat_map(|path| file(path, arguments.strict)).collect();
        (arguments.files.iter().map(|path| path.display().to_string()).collect(), found)
    };
    match arguments.format {
        Format::Json => print(&json_lines(&files, &found)),
        Format::Text => {
            print(&render(&found, colors()));
            print(&format!("{}\n", summary(&found)));
        }
    }
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A whole definition.
fn definition_at(config: &Path, strict: bool) -> (Vec<String>, Vec<Diagnostic>) {
    // Ephemeral: tables are made in memory, so that DynamoDB's own rules judge them, and the data folder is not touched.
    let overrides = Overrides { strict, ephemeral: true, ..Overrides::default() };
    let loaded = definition::read(config, std::env::vars_os(), &overrides);
    let mut found = loaded.diagnostics;
    if let Some(server) = loaded.definition {
        // A host that is asked nothing starts nothing.
        let (engines, more) = Engines::new(&server, &DynamodbSettings::default(), Severity::Warning);
        found.extend(more);
        found.extend(engines.compile(config, &server).1);
        found.extend(judged(&*engines.tables, &server));
        found.extend(Tls::given(&server).1);
    }
    (vec![config.display().to_string()], found)
}

/// What DynamoDB says of the tables, which of them are in none, and what SQLite says of its databases' scripts.
fn judged(tables: &dyn Dynamodb, definition: &ServerDefinition) -> Vec<Diagnostic> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(async {
            let mut found = Vec::new();
            if !definition.tables.is_empty() {
                found = table::ensure(tables, &definition.tables, "").await.diagnostics;
                // Without any [[table]] the tables are made by something else, which only a running server sees.
                found.extend(table::missing(tables, definition).await);
            }
            found.extend(database::check(definition).await);
            found
        }),
        Err(error) => {
            let message = format!("the tables are not checked: cannot start the runtime: {error}");
            vec![Diagnostic::warning("tables-unchecked", message).help("Try again; the system lacks a resource.")]
        }
    }
}

/// The text of a file, or why there is none.
pub(super) fn read_source(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let shown = path.display().to_string();
    let nothing = |path: String| Arc::new(Source { path, text: String::new() });
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(Arc::new(Source { path: shown, text })),
        Ok(Err(_)) => {
            let found = Diagnostic::error("not-utf8", "the file is not UTF-8 text").help("Save it as UTF-8.");
            Err(found.at(&nothing(shown), 0..0))
        }
        Err(error) => {
            let found = Diagnostic::error("missing-file", format!("cannot be read: {error}"));
            Err(found.help("Paths are relative to the working directory.").at(&nothing(shown), 0..0))
        }
    }
}

/// A single file, by its extension.
fn file(path: &Path, strict: bool) -> Vec<Diagnostic> {
    let source = match read_source(path) {
        Ok(source) => source,
        Err(found) => return vec![found],
    };
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "graphql" | "gql" | "graphqls" => schema::load(&[source], schema::Options { strict, ..schema::Options::default() }).diagnostics,
        "js" | "mjs" | "ts" | "mts" => {
            let folder = import_root(path);
            let limits = Limits::default();
            CodeCompiler { folder: &folder, strict, limits: &limits, velocity: VelocityVersion::default() }.module(&source).1
        }
        "vtl" | "vm" => compile_template(&source, VelocityVersion::default()).1,
        other => vec![
            Diagnostic::error("unknown-file-kind", format!("cannot tell what a file ending in {other:?} is"))
                .help("Schema documents end in .graphql, templates in .vtl, resolver code in .js or .ts; a definition is checked with --config.")
                .at(&source, 0..0),
        ],
    }
}

/// Where relative imports of a single file may lead: anywhere in its project, which is the nearest folder above it that has
/// a `package.json`, else its own folder.
pub(super) fn import_root(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    absolute.ancestors().find(|folder| folder.join("package.json").is_file()).map_or_else(|| absolute.clone(), Path::to_path_buf)
}
