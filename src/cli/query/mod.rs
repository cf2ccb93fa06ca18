//! `syncgate query`: one request to the running server, as somebody whom the definition knows.
//!
//! The definition says where the server listens and which secrets its callers have, so this is for a developer's own machine: it
//! exists in development mode, and nothing is sent to another machine. [`identity`] finds out what an
//! identity sends; this file reads the words of the command line, exchanges the request for an answer, and prints that.

mod identity;

use std::io::{IsTerminal, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Method, Request, Url};
use value::{Object, Value};

use self::identity::{Credentials, Identity};
use super::{error, findings, print, print_error};
use crate::definition::{self, ApiDefinition, AuthenticationProvider, AuthenticationType, Mode, Overrides, ServerDefinition};
use crate::diagnostic::{closest, summary};
use crate::execution::parser::parse;
use crate::http_client::{Answer, ExchangeError, HttpClients, is_local, parse_endpoint};

/// What errors of GraphQL end with; what refusals end with.
const ERRORS: u8 = 1;
const REFUSED: u8 = 2;

/// How much longer than the server's own `request_timeout` is waited, so that its answer says what happened.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes of a document, of variables, and of an answer, above the server's own limits as they are by default.
const LONGEST_TEXT: u64 = 16 << 20;
const LONGEST_ANSWER: usize = 64 << 20;

pub(super) const HELP: &str = "\
Who asks is said by --as:
  key            the first API key of the definition that has not expired, or the one that the development server made and
                 keeps in the data folder; this is what happens without --as
  key:KEY        this API key
  iam:NAME       signs (Signature Version 4) as that principal of [[api.iam_principals]]
  user:NAME      a token of that user of the local user pool
  token:TOKEN    this in the Authorization header: a JWT of any issuer, or what a Lambda authorizer judges

The answer is printed as it came, on a terminal indented. The exit code is 0; 1 if the answer has errors; 2 if the request
was refused or there was no answer, with the reason on standard error.

This is for a developer's own machine: it uses the secrets of the definition, prints none of them, sends them to nobody
else than this machine, and does nothing for a definition in production mode. An API key or token on the command line can
be seen by other users of this machine while the command runs.

  syncgate query '{ post(id: \"p1\") { title } }'
  syncgate query 'query Get($id: ID!) { post(id: $id) { title } }' --variables '{\"id\": \"p1\"}' --as iam:ann
  syncgate query @queries/post.graphql --variables @variables.json --operation Get
  echo '{ __typename }' | syncgate query - --as key";

/// What `syncgate query` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct QueryArguments {
    /// The GraphQL document, or @FILE, or - for standard input.
    document: String,
    /// Who asks: user:NAME, iam:NAME, key, key:KEY or token:TOKEN.
    #[arg(long = "as", value_name = "IDENTITY")]
    identity: Option<String>,
    /// The variables: a JSON object, or @FILE.
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,
    /// The operation, where the document has several.
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// The API's id or name, where the definition has several.
    #[arg(long, value_name = "NAME")]
    api: Option<String>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// The server's address, where it is not the definition's: http://localhost:PORT. A path is the whole path of the API.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A group that the user's token names instead of the user's own; may be repeated.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The folder that keeps what the server must remember.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &QueryArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(message) => {
            print_error(&message);
            ExitCode::from(REFUSED)
        }
    }
}

fn attempt(arguments: &QueryArguments) -> Result<ExitCode, String> {
    let overrides = Overrides { data: arguments.data.clone(), ..Overrides::default() };
    let loaded = definition::read(&arguments.config, std::env::vars_os(), &overrides);
    if !loaded.is_valid() {
        return Err(format!("{}{}\n", findings(&loaded.diagnostics), summary(&loaded.diagnostics)));
    }
    let Some(definition) = loaded.definition else { return Err(error("there is no definition", "")) };
    if definition.server.mode == Mode::Production {
        let help = "it uses the secrets of the definition on a developer's machine: `mode` of [server] must be \"development\"\n\
                    any client of AppSync can ask a server in production";
        return Err(error("`syncgate query` exists in development mode only, and this definition is for production", help));
    }
    let api = chosen_api(arguments.api.as_deref(), &definition)?;
    let url = url(arguments, &definition, api)?;
    let document = document(arguments)?;
    let body = body(&document, arguments)?;
    let identity = Identity::read(arguments.identity.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|problem| error(format!("cannot start the runtime: {problem}"), ""))?;
    let credentials = identity.credentials(&definition, api, &arguments.groups)?;
    let deadline = Instant::now() + definition.server.request_timeout + GRACE;
    let answer = runtime.block_on(exchange(&url, body, &credentials, deadline));
    let answer = answer.map_err(|problem| match problem {
        Problem::Unsigned(sentence) => error(sentence, ""),
        Problem::Exchange(problem) => unanswered(&problem, &url, arguments),
    })?;
    show(&answer, &Asked { document: &document, url: &url, api, credentials: &credentials })
}

/// The API that is asked.
fn chosen_api<'d>(name: Option<&str>, definition: &'d ServerDefinition) -> Result<&'d ApiDefinition, String> {
    let ids = || definition.apis.iter().map(|api| &*api.api_id);
    let listed = || format!("--api {}", ids().collect::<Vec<_>>().join(", --api "));
    match (name, definition.apis.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(error("several APIs are defined: say which one is asked", &listed())),
        (Some(name), apis) => {
            let by_id = apis.iter().find(|api| &*api.api_id == name);
            by_id.or_else(|| apis.iter().find(|api| &*api.name == name)).ok_or_else(|| {
                let help = closest(name, ids()).map_or_else(listed, |near| format!("did you mean `{near}`?"));
                error(format!("no API has the id or name `{name}`"), &help)
            })
        }
    }
}

/// Where the API answers.
fn url(arguments: &QueryArguments, definition: &ServerDefinition, api: &ApiDefinition) -> Result<Url, String> {
    let server = &definition.server;
    let mut url = match &arguments.url {
        Some(text) => {
            let example = "for instance --url http://localhost:4000";
            let url = parse_endpoint(text).map_err(|problem| error(format!("--url: {problem}"), example))?;
            if !is_local(&url) {
                let origin = url.origin().ascii_serialization();
                let help = "the secrets of the definition are not sent to other machines; any client of AppSync can ask that one";
                return Err(error(format!("--url must lead to this machine, and {origin} does not"), help));
            }
            url
        }
        None if server.port == 0 => {
            let help = "say the port that the server printed: --url http://localhost:PORT";
            return Err(error("the server of this definition chooses its port itself (`port = 0`)", help));
        }
        None => {
            // What listens on every address answers on loopback as well. The name `localhost` might lead to another program,
            // which listens on the other family's address.
            let host = match server.host {
                IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                host => host,
            };
            let text = format!("http://{}", SocketAddr::new(host, server.port));
            Url::parse(&text).map_err(|problem| error(format!("{text}: {problem}"), ""))?
        }
    };
    if url.path() == "/" {
        match definition.apis.as_slice() {
            [_] => url.set_path("/graphql"),
            _ => url.set_path(&format!("/apis/{}/graphql", api.api_id)),
        }
    }
    Ok(url)
}

/// The text of the document.
fn document(arguments: &QueryArguments) -> Result<String, String> {
    let document = match arguments.document.as_str() {
        "-" => text_of("standard input", std::io::stdin().lock())?,
        text => text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), |path| text_of_file(Path::new(path)))?,
    };
    if document.trim().is_empty() {
        return Err(error("the document is empty", "for instance: syncgate query '{ __typename }'"));
    }
    Ok(document)
}

/// The body of the request, as GraphQL over HTTP wants it.
fn body(document: &str, arguments: &QueryArguments) -> Result<Vec<u8>, String> {
    let mut body = Object::new();
    body.insert("query", document);
    if let Some(name) = &arguments.operation {
        body.insert("operationName", name.as_str());
    }
    if let Some(text) = &arguments.variables {
        let text = text.strip_prefix('@').map_or_else(|| Ok(text.clone()), |path| text_of_file(Path::new(path)))?;
        let help = "they are a JSON object: --variables '{\"id\": \"1\"}', or --variables @FILE";
        let variables =
            Value::parse(text.as_bytes()).map_err(|problem| error(format!("the variables are not JSON: {problem}"), help))?;
        if !matches!(variables, Value::Object(_)) {
            return Err(error("the variables are no JSON object", help));
        }
        body.insert("variables", variables);
    }
    Ok(Value::from(body).to_json().into_bytes())
}

fn text_of_file(path: &Path) -> Result<String, String> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|problem| error(format!("cannot read {name}: {problem}"), ""))?;
    text_of(&name, file)
}

fn text_of(name: &str, source: impl Read) -> Result<String, String> {
    let mut text = String::new();
    let read = source.take(LONGEST_TEXT + 1).read_to_string(&mut text);
    read.map_err(|problem| error(format!("cannot read {name}: {problem}"), ""))?;
    if text.len() as u64 > LONGEST_TEXT {
        return Err(error(format!("{name} has more than {} MiB", LONGEST_TEXT >> 20), ""));
    }
    Ok(text)
}

/// Why there is no answer.
enum Problem {
    Unsigned(String),
    Exchange(ExchangeError),
}

async fn exchange(url: &Url, body: Vec<u8>, credentials: &Credentials, deadline: Instant) -> Result<Answer, Problem> {
    let mut request = Request::new(Method::POST, url.clone());
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(body.into());
    credentials.put_into(&mut request).await.map_err(Problem::Unsigned)?;
    HttpClients::default().exchange(request, deadline, LONGEST_ANSWER).await.map_err(Problem::Exchange)
}

/// Nobody there, or nobody who answers.
fn unanswered(problem: &ExchangeError, url: &Url, arguments: &QueryArguments) -> String {
    let command = match arguments.config.to_str() {
        None | Some("config.toml") => "syncgate serve".to_owned(),
        Some(config) => format!("syncgate serve --config {config}"),
    };
    match problem {
        ExchangeError::Unreachable(cause) => {
            let other = "a server on another port: --url http://localhost:PORT";
            error(format!("no server answers at {url}: {cause}"), &format!("start it: {command}\n{other}"))
        }
        ExchangeError::Timeout => {
            let help = "`request_timeout` of [server] is how long a request may take; the server's log may say what it waits for";
            error(format!("{url} did not answer in time"), help)
        }
        other => error(other.sentence(url.as_str()), ""),
    }
}

/// What an answer is an answer to.
struct Asked<'a> {
    document: &'a str,
    url: &'a Url,
    api: &'a ApiDefinition,
    credentials: &'a Credentials,
}

/// Prints the answer; what it means for the one who waits for the end of this process.
fn show(answer: &Answer, asked: &Asked<'_>) -> Result<ExitCode, String> {
    let Asked { url, credentials, .. } = asked;
    let foreign = || {
        let media = media_type(&answer.headers);
        let help = "another program may listen there: --url http://localhost:PORT leads to the server that printed PORT";
        error(format!("what answers at {url} is no GraphQL API: status {}, {media}", answer.status.as_u16()), help)
    };
    let text = std::str::from_utf8(&answer.body).map_err(|_| foreign())?;
    let value = Value::parse(&answer.body).ok().filter(|value| matches!(value, Value::Object(_))).ok_or_else(foreign)?;
    let errors = value.get("errors").filter(|errors| !matches!(errors, Value::Null));
    if errors.is_none() && value.get("data").is_none() {
        return Err(foreign());
    }
    let shown = if std::io::stdout().is_terminal() { value.to_json_pretty() } else { text.trim_end().to_owned() };
    if answer.status == StatusCode::OK {
        print(&format!("{shown}\n"));
        return Ok(if errors.is_some() { ExitCode::from(ERRORS) } else { ExitCode::SUCCESS });
    }
    // AWS's answer to a wrong signature holds the headers as they should have been signed, a session token for instance.
    print(&format!("{}\n", credentials.mask(&shown)));
    let error_type = errors.and_then(first).and_then(|first| first.get("errorType")?.as_str()).unwrap_or("no errorType");
    let what = if is_about_the_caller(answer.status) { credentials.who() } else { "the request".to_owned() };
    let message = format!("{what} is refused: {} {error_type}", answer.status.as_u16());
    Err(error(message, &way_out(answer.status, error_type, asked)))
}

fn is_about_the_caller(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn first(list: &Value) -> Option<&Value> {
    if let Value::List(list) = list { list.first() } else { None }
}

fn media_type(headers: &HeaderMap) -> String {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.map_or_else(|| "no content type".to_owned(), |media| media.chars().filter(|c| !c.is_control()).take(60).collect())
}

/// What can be done about a refusal.
fn way_out(status: StatusCode, error_type: &str, asked: &Asked<'_>) -> String {
    const RESTART: &str = "a server reads its definition when it starts: if that was changed since, start it again";
    const LOG: &str = "why a token does not hold stands in the server's log";
    const LOG_OR_FUNCTION: &str =
        "why an issuer's token does not hold stands in the server's log; the Lambda authorizer may have said no";
    const FOLDER: &str =
        "the pool's key is in the data folder, which must be the server's (--data); with --ephemeral there is none";
    const OTHER: &str = "if another definition's server listens there: --url, or --config";
    let modes: Vec<_> = asked.api.authentication_providers().map(AuthenticationProvider::authentication_type).collect();
    let wanted = asked.credentials.types();
    match status {
        _ if is_about_the_caller(status) && !wanted.iter().any(|wanted| modes.contains(wanted)) => {
            let names = |types: &[AuthenticationType]| types.iter().map(|each| each.name()).collect::<Vec<_>>();
            let (wanted, modes) = (names(wanted).join(" or "), names(&modes).join(", "));
            format!("that is {wanted}, and the authorization modes of this API are {modes}")
        }
        _ if error_type.ends_with("ClientException") || error_type == "InvalidSignatureException" => {
            format!("{RESTART}\n{OTHER}")
        }
        _ if is_about_the_caller(status) => {
            let log = if modes.contains(&AuthenticationType::AwsLambda) { LOG_OR_FUNCTION } else { LOG };
            match asked.credentials {
                Credentials::UserToken(..) => format!("{log}\n{RESTART}\n{FOLDER}"),
                Credentials::Token(_) => format!("{log}\n{RESTART}"),
                Credentials::ApiKey(_) | Credentials::Signature { .. } => RESTART.to_owned(),
            }
        }
        StatusCode::BAD_REQUEST if error_type == "BadRequestException" => "why stands in the server's log".to_owned(),
        StatusCode::NOT_FOUND => format!("{OTHER}\n{RESTART}"),
        StatusCode::BAD_REQUEST if error_type == "MalformedHttpRequestException" => {
            // AppSync does not say where.
            parse(asked.document).err().map(|fault| fault.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
