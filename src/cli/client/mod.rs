//! What the commands share that ask a running server as somebody whom the definition knows: `syncgate query`, `syncgate subscribe`.
//!
//! The definition says where the server listens and which secrets its callers have, so this is for a developer's own machine: it
//! exists in development mode, and nothing is sent to another machine. [`AskArguments`] are the words of the command line,
//! [`Asking`] is what they come to, [`identity`] finds out what an identity sends, [`refusal`] what can be done when it is refused.

pub(super) mod identity;
mod refusal;

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Url;
use value::{Object, Value};

use self::identity::{Credentials, Identity};
use super::{error, findings};
use crate::definition::{self, ApiDefinition, Mode, Overrides, ServerDefinition};
use crate::diagnostic::{closest, summary};
use crate::http_client::{ExchangeError, HttpClients, is_local, parse_endpoint};

pub(super) use self::refusal::refusal;

/// What errors of GraphQL end with; what refusals end with.
pub(super) const ERRORS: u8 = 1;
pub(super) const REFUSED: u8 = 2;

/// Bytes of a document and of variables, above the server's own limits as they are by default.
const LONGEST_TEXT: u64 = 16 << 20;

/// The part of the help that says who asks.
macro_rules! who_asks {
    () => {
        "\
Who asks is said by --as:
  key            the first API key of the definition that has not expired, or the one that the development server made and
                 keeps in the data folder; this is what happens without --as
  key:KEY        this API key
  iam:NAME       signs (Signature Version 4) as that principal of [[api.iam_principals]]
  user:NAME      a token of that user of the local user pool
  token:TOKEN    this in the Authorization header: a JWT of any issuer, or what a Lambda authorizer judges
"
    };
}

/// The part of the help that says where secrets go.
macro_rules! own_machine {
    () => {
        "\
This is for a developer's own machine: it uses the secrets of the definition, prints none of them, sends them to nobody
else than this machine, and does nothing for a definition in production mode. An API key or token on the command line can
be seen by other users of this machine while the command runs.
"
    };
}

pub(super) use {own_machine, who_asks};

/// Who asks the server what, and where it is.
#[derive(Clone, Debug, Args)]
pub(super) struct AskArguments {
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
    #[arg(long, value_name = "URL", visible_alias = "endpoint")]
    url: Option<String>,
    /// A group that the user's token names instead of the user's own; may be repeated.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The folder that keeps what the server must remember.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A request that is ready but for its credentials.
pub(super) struct Asking {
    pub(super) definition: ServerDefinition,
    /// Which API of the definition.
    api: usize,
    /// Where the API answers.
    pub(super) url: Url,
    /// The text of the document.
    pub(super) document: String,
    /// The body of the request, as GraphQL over HTTP wants it.
    pub(super) body: String,
    identity: Identity,
    groups: Vec<String>,
    config: PathBuf,
}

impl AskArguments {
    /// Reads definition, document and variables for `command`.
    pub(super) fn read(&self, command: &str) -> Result<Asking, String> {
        let overrides = Overrides { data: self.data.clone(), ..Overrides::default() };
        let loaded = definition::read(&self.config, std::env::vars_os(), &overrides);
        if !loaded.is_valid() {
            return Err(format!("{}{}\n", findings(&loaded.diagnostics), summary(&loaded.diagnostics)));
        }
        let Some(definition) = loaded.definition else { return Err(error("there is no definition", "")) };
        if definition.server.mode == Mode::Production {
            let help = "it uses the secrets of the definition on a developer's machine: `mode` of [server] must be \"development\"\n\
                        any client of AppSync can ask a server in production";
            let message = format!("`syncgate {command}` exists in development mode only, and this definition is for production");
            return Err(error(message, help));
        }
        let api = chosen_api(self.api.as_deref(), &definition)?;
        let url = self.url(&definition, &definition.apis[api])?;
        let document = self.document(command)?;
        let body = self.body(&document)?;
        let identity = Identity::read(self.identity.as_deref())?;
        let (groups, config) = (self.groups.clone(), self.config.clone());
        Ok(Asking { definition, api, url, document, body, identity, groups, config })
    }

    /// Where the API answers.
    fn url(&self, definition: &ServerDefinition, api: &ApiDefinition) -> Result<Url, String> {
        let server = &definition.server;
        let mut url = match &self.url {
            Some(text) => {
                let example = "for instance --url http://localhost:4000";
                let url = parse_endpoint(text).map_err(|problem| error(format!("--url: {problem}"), example))?;
                if !is_local(&url) {
                    let origin = url.origin().ascii_serialization();
                    let help =
                        "the secrets of the definition are not sent to other machines; any client of AppSync can ask that one";
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
    fn document(&self, command: &str) -> Result<String, String> {
        let document = match self.document.as_str() {
            "-" => text_of("standard input", std::io::stdin().lock())?,
            text => text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), |path| text_of_file(Path::new(path)))?,
        };
        if document.trim().is_empty() {
            let example = if command == "subscribe" { "subscription { onPost { id } }" } else { "{ __typename }" };
            return Err(error("the document is empty", &format!("for instance: syncgate {command} '{example}'")));
        }
        Ok(document)
    }

    fn body(&self, document: &str) -> Result<String, String> {
        let mut body = Object::new();
        body.insert("query", document);
        if let Some(name) = &self.operation {
            body.insert("operationName", name.as_str());
        }
        if let Some(text) = &self.variables {
            let text = text.strip_prefix('@').map_or_else(|| Ok(text.clone()), |path| text_of_file(Path::new(path)))?;
            let help = "they are a JSON object: --variables '{\"id\": \"1\"}', or --variables @FILE";
            let variables =
                Value::parse(text.as_bytes()).map_err(|problem| error(format!("the variables are not JSON: {problem}"), help))?;
            if !matches!(variables, Value::Object(_)) {
                return Err(error("the variables are no JSON object", help));
            }
            body.insert("variables", variables);
        }
        Ok(Value::from(body).to_json())
    }
}

impl Asking {
    /// The API that is asked.
    pub(super) fn api(&self) -> &ApiDefinition {
        &self.definition.apis[self.api]
    }

    /// What is sent to say who asks. A token is made anew with each call.
    pub(super) fn credentials(&self) -> Result<Credentials, String> {
        self.identity.credentials(&self.definition, self.api(), &self.groups)
    }

    /// The client for requests. On this machine it trusts the certificate that the server made for itself, if there is one.
    pub(super) fn http(&self) -> HttpClients {
        match std::fs::read(self.authority()) {
            Ok(authority) => HttpClients::trusting(authority),
            Err(_) => HttpClients::default(),
        }
    }

    /// Where the authority's certificate is that a development server keeps.
    fn authority(&self) -> PathBuf {
        self.definition.server.data.join("tls").join("ca.pem")
    }

    /// Nobody there, or nobody who answers.
    pub(super) fn unanswered(&self, problem: &ExchangeError) -> String {
        let url = &self.url;
        let command = match self.config.to_str() {
            None | Some("config.toml") => "syncgate serve".to_owned(),
            Some(config) => format!("syncgate serve --config {config}"),
        };
        match problem {
            ExchangeError::Unreachable(cause) if url.scheme() == "https" && cause.contains("certificate") => {
                let authority = self.authority();
                let help = format!(
                    "a server in development keeps the certificate to trust in {}; if it was started with --data DIR, say that here too\n\
                     http:// on the same port needs no certificate",
                    authority.display()
                );
                error(format!("the server at {url} cannot be trusted: {cause}"), &help)
            }
            ExchangeError::Unreachable(cause) => {
                let other = "a server on another port: --url http://localhost:PORT";
                error(format!("no server answers at {url}: {cause}"), &format!("start it: {command}\n{other}"))
            }
            ExchangeError::Timeout => {
                let help =
                    "`request_timeout` of [server] is how long a request may take; the server's log may say what it waits for";
                error(format!("{url} did not answer in time"), help)
            }
            other => error(other.sentence(url.as_str()), ""),
        }
    }
}

/// Which API is asked.
fn chosen_api(name: Option<&str>, definition: &ServerDefinition) -> Result<usize, String> {
    let ids = || definition.apis.iter().map(|api| &*api.api_id);
    let listed = || format!("--api {}", ids().collect::<Vec<_>>().join(", --api "));
    match (name, definition.apis.as_slice()) {
        (None, [_]) => Ok(0),
        (None, _) => Err(error("several APIs are defined: say which one is asked", &listed())),
        (Some(name), apis) => {
            let by_id = apis.iter().position(|api| &*api.api_id == name);
            by_id.or_else(|| apis.iter().position(|api| &*api.name == name)).ok_or_else(|| {
                let help = closest(name, ids()).map_or_else(listed, |near| format!("did you mean `{near}`?"));
                error(format!("no API has the id or name `{name}`"), &help)
            })
        }
    }
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
