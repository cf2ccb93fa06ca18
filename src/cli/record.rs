//! `syncgate record`: one request to the running server, and a file of test cases of what its resolvers did, which `syncgate test`
//! replays without data sources. Words and credentials are those of `syncgate query`; what is recorded makes the server itself
//! (`x-syncgate-record`), in development and for callers on its machine only.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http::StatusCode;
use resolver_cases::{CaseFile, Language, read};
use value::{Str, Value};

use super::client::{AskArguments, Asking, REFUSED, own_machine, refusal, who_asks};
use super::query::{deadline, exchange};
use super::{error, print, print_error};
use crate::http_client::Answer;

pub(super) const HELP: &str = concat!(
    who_asks!(),
    "
A case is written for each resolver that ran, once for each of its parents: what it was given, the time and the random
numbers that it saw, what its data sources were asked and answered, and what came out. Credentials are not written. The
answer of the server does not matter: resolvers that fail are recorded as well.

Without --out the file is printed. The exit code is 0; 2 if there is nothing to write, with the reason on standard error.

",
    own_machine!(),
    "
  syncgate record '{ post(id: \"p1\") { title } }' --out resolvers/tests/post.test.yaml
  syncgate test resolvers/tests"
);

/// What `syncgate record` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct RecordArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// The file to write: its name ends in .test.yaml, .test.yml or .test.json.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(arguments: &RecordArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            print_error(&message);
            ExitCode::from(REFUSED)
        }
    }
}

fn attempt(arguments: &RecordArguments) -> Result<(), String> {
    let language = language(arguments)?;
    let asking = arguments.ask.read("record")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|problem| error(format!("cannot start the runtime: {problem}"), ""))?;
    let credentials = asking.credentials()?;
    let answer = runtime.block_on(exchange(&asking, &credentials, Some("x-syncgate-record"), deadline(&asking)));
    let answer = answer.map_err(|problem| problem.sentence(&asking))?;
    let value = Value::parse(&answer.body).unwrap_or_default();
    if answer.status != StatusCode::OK {
        let error_type = value.get("errors").and_then(|errors| errors.as_list()?.first()?.get("errorType")?.as_str());
        return Err(refusal(answer.status, error_type.unwrap_or("no errorType"), &asking, &credentials));
    }
    let mut file = recorded(&value, &answer, &asking)?;
    if asking.definition.apis.len() > 1 {
        file.api = Some(Str::clone(&asking.api().api_id));
    }
    let text = file.to_text(language);
    for case in file.cases.iter().filter(|case| case.skip.is_some()) {
        let reason = case.skip.as_deref().unwrap_or_default();
        print_error(&format!("warning: the case {} cannot be replayed and is skipped: {reason}\n", case.name));
    }
    match &arguments.out {
        None => print(&text),
        Some(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(|problem| error(format!("{}: {problem}", folder.display()), ""))?;
            }
            crate::kept::write_whole(path, &text).map_err(|problem| error(format!("{}: {problem}", path.display()), ""))?;
            let count = file.cases.len();
            let cases = if count == 1 { "1 case".to_owned() } else { format!("{count} cases") };
            print(&format!("{cases} written to {0}. Replay: syncgate test {0}\n", path.display()));
        }
    }
    Ok(())
}

/// The language of the file, which must not be there yet.
fn language(arguments: &RecordArguments) -> Result<Language, String> {
    let Some(path) = &arguments.out else { return Ok(Language::Yaml) };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(language) = Language::of_file(name) else {
        let help = "`syncgate test` finds files by their names, for instance resolvers/tests/post.test.yaml";
        let message = format!("--out {}: the name must end in .test.yaml, .test.yml or .test.json", path.display());
        return Err(error(message, help));
    };
    if !arguments.force && path.exists() {
        let help = "--force replaces it; what was changed in it by hand is then lost";
        return Err(error(format!("{} is there already", path.display()), help));
    }
    Ok(language)
}

/// The cases in an answer.
fn recorded(value: &Value, answer: &Answer, asking: &Asking) -> Result<CaseFile, String> {
    let extensions = value.at(&["extensions"]);
    if let Some(reason) = extensions.at(&["trace", "refused"]).as_str() {
        let help = "the server records for callers on its own machine only, and for no proxy in between";
        return Err(error(format!("the server at {} does not record this request: {reason}", asking.url), help));
    }
    let Some(file) = extensions.at(&["record"]).get("file") else {
        let help = "only Syncgate records, and only in development mode: `mode` of [server]";
        let status = answer.status.as_u16();
        return Err(error(format!("what answers at {} (status {status}) does not record requests", asking.url), help));
    };
    if file.at(&["cases"]).as_list().is_none_or(<[Value]>::is_empty) {
        let errors = value.get("errors").map_or_else(String::new, |errors| format!(": {}", errors.to_json()));
        return Err(error(format!("no resolver ran{errors}"), "select a field that has a resolver"));
    }
    read(&file.to_json(), Language::Json).map_err(|found| {
        let first = found.first().map(|finding| finding.message.clone()).unwrap_or_default();
        error(format!("the server's record is no case file: {first}"), "the server and this program must be of one version")
    })
}
