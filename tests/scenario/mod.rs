//! One scenario file: read it, serve what it defines, ask what it asks.

mod blocks;
mod matching;
mod upstream;

use std::path::Path;
use std::time::{Duration, Instant};

use value::{Object, Value};

use crate::harness::{API_KEY, Answer, Client, Definition, config};
use blocks::{Block, Message};

/// The servers of DynamoDB's API, beside the embedded one, that the scenario names.
pub(crate) fn servers(path: &Path) -> Vec<String> {
    blocks::servers(&crate::harness::read(path))
}

/// The SQL engines that the scenario names; SQLite when it names none.
pub(crate) fn engines(path: &Path) -> Vec<String> {
    blocks::listed(&crate::harness::read(path), "Engines: ").unwrap_or_else(|| vec!["sqlite".to_owned()])
}

/// Runs the scenario, the server with these environment variables.
///
/// # Errors
/// What differs from the file.
pub(crate) fn run(path: &Path, environment: &[(&str, &str)]) -> Result<(), String> {
    run_at(path, environment, "{{upstream}}")
}

/// Runs the scenario, whose upstream is called `place`.
///
/// # Errors
/// What differs from the file.
pub(crate) fn run_at(path: &Path, environment: &[(&str, &str)], place: &str) -> Result<(), String> {
    let blocks = blocks::read(&crate::harness::read(path))?;
    let definition = Definition::new();
    let upstream = upstream::start(&blocks);
    let mut whole_config = None;
    let mut members = String::new();
    let mut tables = String::new();
    let mut steps = Vec::new();
    let mut logged = Vec::new();
    for block in &blocks {
        match block {
            Block::Api(text) => members.push_str(text),
            Block::Tables(text) => tables.push_str(text),
            Block::File { path, text } if path == "config.toml" => whole_config = Some(text.clone()),
            Block::File { path, text } => definition.write(path, text),
            Block::Upstream { .. } => {}
            Block::Log { text } => logged.extend(text.lines()),
            step => steps.push(step),
        }
    }
    let text = whole_config.unwrap_or_else(|| {
        config(&members) + "\n[api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"http://{{upstream}}\"\n\n" + &tables
    });
    definition.write("config.toml", &text.replace(place, &upstream.to_string()).replace("{{upstream}}", &upstream.to_string()));
    let server = definition.serve_with(environment);
    let mut failures = ask(server.client(), &steps)?;
    let has = |log: &str, line: &str| log.lines().any(|found| matching::matches(&format!("{{{{any}}}}{line}{{{{any}}}}"), found));
    let missing = |log: &str| logged.iter().find(|line| !has(log, line)).map(|line| format!("not in the log: {line}"));
    failures.extend(wait_until(|| missing(&server.log()).map_or(Ok(()), Err)).err());
    let log = server.log();
    if failures.is_empty() && !log.contains("panicked") {
        return Ok(());
    }
    Err(format!("{}\nthe server's standard error:\n{log}", failures.join("\n\n")))
}

/// What is said in the end, when it is not fine within a time that only a fault takes.
fn wait_until(mut check: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match check() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            ended => return ended,
        }
    }
}

/// Sends each request and compares its answer.
fn ask(client: Client, steps: &[&Block]) -> Result<Vec<String>, String> {
    let mut failures = Vec::new();
    let mut steps = steps.iter().peekable();
    let mut asked = 0;
    while let Some(step) = steps.next() {
        let mut body_sent = None;
        let (label, answer) = match step {
            Block::Query { line, query } => {
                let mut body = Object::new();
                body.insert("query", query.trim());
                if let Some(Block::Variables { text }) = steps.peek() {
                    steps.next();
                    let variables = Value::parse(text.as_bytes()).map_err(|error| format!("line {line}: variables: {error}"))?;
                    body.insert("variables", variables);
                }
                let body = body_sent.insert(Value::from(body).to_string());
                (line, client.post(body))
            }
            Block::Body { line, text } => (line, client.post(text.trim_end())),
            Block::Request { line, message } => (line, send(client, message)?),
            other => return Err(format!("a block without a request before it: {other:?}")),
        };
        asked += 1;
        match steps.next() {
            Some(Block::Json { status, text }) => {
                let expected =
                    Value::parse(text.as_bytes()).map_err(|error| format!("line {label}: the response: {error}"))?.to_string();
                if answer.status != *status || !matching::matches(&expected, &as_written(&expected, &answer.body)) {
                    failures.push(difference(*label, &format!("{status} {expected}"), &answer));
                }
            }
            Some(Block::Eventually { text }) => {
                let expected =
                    Value::parse(text.as_bytes()).map_err(|error| format!("line {label}: the response: {error}"))?.to_string();
                let body = body_sent.ok_or_else(|| format!("line {label}: only a query can be asked again"))?;
                let again = || {
                    let answer = client.post(&body);
                    let is_it = answer.status == 200 && matching::matches(&expected, &as_written(&expected, &answer.body));
                    if is_it { Ok(()) } else { Err(difference(*label, &expected, &answer)) }
                };
                failures.extend(wait_until(again).err());
            }
            Some(Block::Response { message }) => {
                let expected_status: u16 =
                    message.first.parse().map_err(|_| format!("line {label}: the response has no status"))?;
                let has_headers = message
                    .headers
                    .iter()
                    .all(|(name, text)| answer.header(name).is_some_and(|found| matching::matches(text, found)));
                if answer.status != expected_status || !has_headers || !matching::matches(message.body.trim_end(), &answer.body) {
                    failures.push(difference(*label, &format!("{message:?}"), &answer));
                }
            }
            other => return Err(format!("line {label}: a response must follow the request, found {other:?}")),
        }
    }
    if asked == 0 {
        return Err("the scenario asks nothing".to_owned());
    }
    Ok(failures)
}

fn send(client: Client, message: &Message) -> Result<Answer, String> {
    let (method, target) = message.first.split_once(' ').ok_or_else(|| format!("no request line: {:?}", message.first))?;
    let headers: Vec<(&str, &str)> = message
        .headers
        .iter()
        .map(|(name, text)| (name.as_str(), if text == "{{key}}" { API_KEY } else { text.as_str() }))
        .collect();
    Ok(client.request(method, target, &headers, message.body.trim_end()))
}

fn difference(line: usize, expected: &str, answer: &Answer) -> String {
    let headers: Vec<String> = answer.headers.iter().map(|(name, text)| format!("  {name}: {text}")).collect();
    format!("request in line {line}\n  expected {expected}\n  found    {} {}\n{}", answer.status, answer.body, headers.join("\n"))
}

/// The answer without what development mode says of errors beyond AppSync's words, if the scenario does not speak of it.
fn as_written(expected: &str, body: &str) -> String {
    if expected.contains("\"extensions\"") || !body.contains("\"extensions\"") {
        return body.to_owned();
    }
    let Ok(mut answer) = Value::parse(body.as_bytes()) else { return body.to_owned() };
    let errors = answer.as_object_mut().and_then(|answer| answer.get_mut("errors")).and_then(Value::as_list_mut);
    for error in errors.into_iter().flatten() {
        if let Some(error) = error.as_object_mut() {
            error.remove("extensions");
        }
    }
    answer.to_string()
}
