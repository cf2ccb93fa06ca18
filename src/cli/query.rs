//! `syncgate query`: one request to the running server, as somebody whom the definition knows. [`super::client`] reads the words of the
//! command line and finds the credentials; this file exchanges the request for an answer, and prints that.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Method, Request};
use value::Value;

use super::client::identity::Credentials;
use super::client::{AskArguments, Asking, ERRORS, REFUSED, own_machine, refusal, who_asks};
use super::{error, print, print_error};
use crate::http_client::{Answer, ExchangeError};

/// How much longer than the server's own `request_timeout` is waited, so that its answer says what happened.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes of an answer, above the server's own limit as it is by default.
const LONGEST_ANSWER: usize = 64 << 20;

pub(super) const HELP: &str = concat!(
    who_asks!(),
    "
The answer is printed as it came, on a terminal indented. The exit code is 0; 1 if the answer has errors; 2 if the request
was refused or there was no answer, with the reason on standard error.

",
    own_machine!(),
    "
  syncgate query '{ post(id: \"p1\") { title } }'
  syncgate query 'query Get($id: ID!) { post(id: $id) { title } }' --variables '{\"id\": \"p1\"}' --as iam:ann
  syncgate query @queries/post.graphql --variables @variables.json --operation Get
  echo '{ __typename }' | syncgate query - --as key"
);

/// What `syncgate query` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct QueryArguments {
    #[command(flatten)]
    ask: AskArguments,
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
    let asking = arguments.ask.read("query")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|problem| error(format!("cannot start the runtime: {problem}"), ""))?;
    let credentials = asking.credentials()?;
    let deadline = deadline(&asking);
    let answer = runtime.block_on(exchange(&asking, &credentials, None, deadline));
    let answer = answer.map_err(|problem| problem.sentence(&asking))?;
    show(&answer, &asking, &credentials)
}

/// When nobody waits for the answer any more.
pub(super) fn deadline(asking: &Asking) -> Instant {
    Instant::now() + asking.definition.server.request_timeout + GRACE
}

/// Why there is no answer.
pub(super) enum Problem {
    Unsigned(String),
    Exchange(ExchangeError),
}

/// Sends the request, with one header more.
pub(super) async fn exchange(
    asking: &Asking,
    credentials: &Credentials,
    header: Option<&'static str>,
    deadline: Instant,
) -> Result<Answer, Problem> {
    let mut request = Request::new(Method::POST, asking.url.clone());
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(header) = header {
        request.headers_mut().insert(header, HeaderValue::from_static("1"));
    }
    *request.body_mut() = Some(asking.body.clone().into());
    credentials.put_into(&mut request).await.map_err(Problem::Unsigned)?;
    asking.http().exchange(request, deadline, LONGEST_ANSWER).await.map_err(Problem::Exchange)
}

impl Problem {
    pub(super) fn sentence(self, asking: &Asking) -> String {
        match self {
            Problem::Unsigned(sentence) => error(sentence, ""),
            Problem::Exchange(problem) => asking.unanswered(&problem),
        }
    }
}

/// Prints the answer; what it means for the one who waits for the end of this process.
fn show(answer: &Answer, asking: &Asking, credentials: &Credentials) -> Result<ExitCode, String> {
    let url = &asking.url;
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
    Err(refusal(answer.status, error_type, asking, credentials))
}

fn first(list: &Value) -> Option<&Value> {
    if let Value::List(list) = list { list.first() } else { None }
}

fn media_type(headers: &HeaderMap) -> String {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.map_or_else(|| "no content type".to_owned(), |media| media.chars().filter(|c| !c.is_control()).take(60).collect())
}
