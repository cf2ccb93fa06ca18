//! Runs what README.md and the guides say: every command that asks the example API must give the answer printed below it.
//!
//! A `sh` block with `ask '…'` or `curl` is a request; a `json` block right after it, or words about its error, is the answer.
//! A page whose blocks have paths (`toml config.toml`) is an API of its own, made of them.
//! `syncgate subscribe` goes on while later commands run, if the block after it says "Subscribed"; `jsonl` blocks are what it prints.
//! A `vtl` block after "Open `FILE`" changes that file of a copy of the example.

mod harness;

use std::path::Path;
use std::process::{Command, Stdio};

use harness::aws_clients::shell;
use harness::dynamodb_servers::servers_are_wanted;
use harness::{Answer, Client, Definition, Server, Subscriber, command};
use value::Value;

/// The example, and another server of it that stands in for the HTTP service: the data source's address must be known before the
/// first server has one.
struct Example {
    definition: Definition,
    upstream: Server,
    /// `None` while another one is started in its place.
    server: Option<Server>,
}

impl Example {
    fn start() -> Self {
        let definition = Definition::example();
        // Without a data folder: that is the other server's.
        let upstream = definition.serve_as(&["--ephemeral"], &[]);
        let server = Some(serve(&definition, &upstream));
        Self { definition, upstream, server }
    }

    fn restart(&mut self) {
        self.server = None;
        self.server = Some(serve(&self.definition, &self.upstream));
    }

    fn client(&self) -> Client {
        self.server.as_ref().expect("a server").client()
    }

    /// What `syncgate query` prints.
    fn query(&self, arguments: &str) -> String {
        let (folder, port) = (self.definition.path("."), self.server.as_ref().expect("a server").address.port());
        let program = env!("CARGO_BIN_EXE_syncgate");
        let script = format!("SYNCGATE_SERVER__PORT={port} '{program}' query {arguments} --data data");
        shell(&script, &folder, ("x", "x")).stdout.trim_end().to_owned()
    }

    /// `syncgate subscribe`, once it listens.
    fn subscribe(&self, arguments: &str) -> Subscriber {
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_syncgate");
        command
            .args(["-c", &format!("exec '{program}' subscribe {arguments} --data data")])
            .current_dir(self.definition.path("."));
        let mut subscriber = Subscriber::start(with_port(command, self.server.as_ref().expect("a server")));
        let said = subscriber.said();
        assert!(said.starts_with("Subscribed at "), "{said}");
        subscriber
    }
}

fn serve(definition: &Definition, upstream: &Server) -> Server {
    let endpoint = format!("http://{}", upstream.address);
    definition.serve_with(&[("SYNCGATE_API__DATA_SOURCES__VENUES__ENDPOINT", &endpoint)])
}

/// Makes the files of a page that has a definition of its own, each block after the words "`FILE`:", serves it, and runs its
/// commands in that folder; gives the number of outputs that were compared with the `text` or `json` block that follows.
fn run_own_page(page: &str, minimum_of_files: usize) -> usize {
    let text = harness::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
    let blocks = blocks(&text);
    let definition = Definition::new();
    let mut files = 0;
    for block in &blocks {
        let name = block.before.trim_end().strip_suffix("`:").and_then(|before| before.rsplit_once('`'));
        if let Some((_, name)) = name {
            definition.write(name, &format!("{}\n", block.text));
            files += 1;
        }
    }
    assert!(files >= minimum_of_files, "{page}: {files} files");
    let folder = definition.path(".");
    let binaries = Path::new(env!("CARGO_BIN_EXE_syncgate")).parent().expect("it is in a folder").display();
    let shell = |script: &str| shell(&format!("PATH=\"{binaries}:$PATH\"; {script}"), &folder, ("x", "x"));
    // What prepares the files comes before the server.
    let commands = |block: &&Block| block.language == "sh" && !block.text.starts_with("#!");
    for block in blocks.iter().filter(commands).filter(|block| block.text.starts_with("chmod")) {
        assert_eq!(shell(&block.text).code, Some(0), "{page}: {}", block.text);
    }
    let checked = definition.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{page}: {checked:?}");
    // As the reader does it, with the default data folder.
    let mut serve = command();
    serve.args(["serve", "--port", "0"]).current_dir(&folder);
    let server = Server::start(serve);
    let mut compared = 0;
    let mut listening: Option<Subscriber> = None;
    for (at, block) in blocks.iter().enumerate() {
        if block.language == "jsonl" {
            let subscriber = listening.take().unwrap_or_else(|| panic!("{page}: nothing listens\n{}", block.text));
            listening = heard(subscriber, &block.text);
            compared += 1;
        }
        if !commands(&block) {
            continue;
        }
        let next = |language: &str| blocks.get(at + 1).filter(|next| next.language == language).expect("the output follows");
        if block.text.starts_with("ask ") {
            let answer = request(server.client(), &block.text).expect("a request");
            let expected = Value::parse(next("json").text.as_bytes()).expect("the printed answer is JSON").to_string();
            assert_eq!(answer.body, expected, "{page}: {}", block.text);
        } else if block.text.starts_with("syncgate subscribe ") && blocks[at + 1].text.starts_with("Subscribed ") {
            interrupt(listening.take());
            let mut command = Command::new("sh");
            command.args(["-c", &format!("PATH=\"{binaries}:$PATH\"; exec {}", block.text)]).current_dir(&folder);
            let mut subscriber = Subscriber::start(with_port(command, &server));
            let said = subscriber.said().replace(&server.address.to_string(), "127.0.0.1:4000");
            assert_eq!(said, blocks[at + 1].text, "{page}: {}", block.text);
            listening = Some(subscriber);
        } else if block.text.starts_with("syncgate query ") || block.text.starts_with("syncgate subscribe ") {
            // All that a person sees; the exit code follows from it.
            let port = server.address.port();
            let output = shell(&format!("exec 2>&1; SYNCGATE_SERVER__PORT={port} {}", block.text));
            let printed = &blocks[at + 1].text;
            let code = if printed.contains("\nerror: ") { 2 } else { i32::from(printed.contains("\"errors\":")) };
            assert_eq!((output.stdout.trim_end(), output.code), (printed.as_str(), Some(code)), "{page}: {}", block.text);
        } else if block.text.contains("syncgate evaluate ") {
            let output = shell(&format!("exec 2>&1; {}", block.text));
            let printed = &blocks[at + 1].text;
            let code = i32::from(printed.contains("\n{\"error\":") && !block.text.contains("--batch"));
            assert_eq!((output.stdout.trim_end(), output.code), (printed.as_str(), Some(code)), "{page}: {}", block.text);
        } else if block.text.contains("127.0.0.1:4000") && !block.text.starts_with("ask()") {
            let output = shell(&block.text.replace("127.0.0.1:4000", &server.address.to_string()));
            let printed = (output.stdout.trim_end(), output.code);
            assert_eq!(printed, (&*next("text").text, Some(0)), "{page}: {}\n{}", block.text, output.stderr);
        } else {
            continue;
        }
        compared += 1;
    }
    interrupt(listening);
    compared
}

fn with_port(mut command: Command, server: &Server) -> Command {
    command.env("SYNCGATE_SERVER__PORT", server.address.port().to_string()).stdin(Stdio::null());
    command
}

/// Compares what a subscription printed; gives it back unless these are its last words.
fn heard(mut subscriber: Subscriber, printed: &str) -> Option<Subscriber> {
    let (answers, last): (Vec<_>, Vec<_>) = printed.lines().partition(|line| !line.starts_with("error: "));
    for answer in answers {
        assert_eq!(subscriber.answer(), answer);
    }
    if last.is_empty() {
        return Some(subscriber);
    }
    let output = subscriber.end();
    assert_eq!((output.code, &*output.stdout, output.stderr.trim_end()), (Some(1), "", &*last.join("\n")));
    None
}

/// Ctrl-C: it has said everything.
fn interrupt(listening: Option<Subscriber>) {
    if let Some(subscriber) = listening {
        subscriber.interrupt();
        let output = subscriber.end();
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (Some(0), "", ""));
    }
}

/// A fenced block: its language, its text, and the words before it.
struct Block {
    language: String,
    text: String,
    before: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = String::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            before.push_str(line);
            before.push('\n');
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { language: language.to_owned(), text: text.join("\n"), before: std::mem::take(&mut before) });
    }
    blocks
}

/// The request that a shell command makes, if it makes one.
fn request(client: Client, command: &str) -> Option<Answer> {
    if let Some(argument) = command.strip_prefix("ask ") {
        return Some(client.request("POST", "/graphql", &[("x-api-key", key())], quoted(argument)));
    }
    if !command.starts_with("curl ") {
        return None;
    }
    let part = |option: &str| command.split_once(option).map(|(_, rest)| quoted(rest));
    let headers: Vec<(&str, &str)> = part("-H ").and_then(|header| header.split_once(": ")).into_iter().collect();
    let (_, url) = command.split_once("http://127.0.0.1:4000").expect("the example's address");
    let target = url.split([' ', '\n']).next().expect("a path");
    Some(client.request("POST", target, &headers, part("-d ").expect("a body")))
}

/// The first text in single quotes, as the shell reads it.
fn quoted(text: &str) -> &str {
    let (_, rest) = text.split_once('\'').expect("an argument in quotes");
    rest.split_once('\'').expect("the end of the argument").0
}

fn key() -> &'static str {
    "da2-exampleclubkey000000000000"
}

/// Runs a page; gives the number of answers that were compared.
fn run_page(page: &str) -> usize {
    let text = harness::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
    let mut example = Example::start();
    let blocks = blocks(&text);
    let mut compared = 0;
    let mut listening = None;
    for (at, block) in blocks.iter().enumerate() {
        if block.language == "jsonl" {
            let subscriber = listening.take().unwrap_or_else(|| panic!("{page}: nothing listens\n{}", block.text));
            listening = heard(subscriber, &block.text);
            compared += 1;
        }
        if block.language == "vtl"
            && let Some((_, rest)) = block.before.split_once("Open `")
        {
            let file = rest.split('`').next().expect("the name of a file");
            interrupt(listening.take());
            change(&example.definition, file, &block.text);
            example.restart();
        }
        if block.language != "sh" || block.text.starts_with("ask()") {
            continue;
        }
        if let Some(arguments) = block.text.strip_prefix("cargo run --release -- query ") {
            let printed = &blocks.get(at + 1).expect("the answer follows").text;
            assert_eq!(example.query(arguments), *printed, "{page}: {}", block.text);
            compared += 1;
            continue;
        }
        if let Some(arguments) = block.text.strip_prefix("cargo run --release -- subscribe ") {
            interrupt(listening.take());
            listening = Some(example.subscribe(arguments));
            continue;
        }
        let Some(answer) = request(example.client(), &block.text) else { continue };
        let next = blocks.get(at + 1);
        let words = next.map_or("", |next| next.before.as_str());
        match next.filter(|next| next.language == "json" && next.before.trim().is_empty()) {
            Some(expected) => {
                let expected = Value::parse(expected.text.as_bytes()).expect("the printed answer is JSON").to_string();
                assert_eq!(answer.body, expected, "{page}: {}", block.text);
            }
            None => check_words(page, block, words, &answer),
        }
        compared += 1;
    }
    interrupt(listening);
    compared
}

/// An answer that is told, not printed.
fn check_words(page: &str, block: &Block, words: &str, answer: &Answer) {
    let context = || format!("{page}: {}\n{}\n{}", block.text, answer.status, answer.body);
    let told = |text: &str| words.contains(text) || block.before.contains(text);
    if told("HTTP 401") {
        assert_eq!(answer.status, 401, "{}", context());
        return;
    }
    assert_eq!(answer.status, 200, "{}", context());
    let value = Value::parse(answer.body.as_bytes()).expect("JSON");
    let Some(Value::List(errors)) = value.get("errors") else { panic!("no errors: {}", context()) };
    let error_type = errors.first().and_then(|error| error.get("errorType")?.as_str()).expect("a type of error");
    assert_eq!(errors.len(), 1, "{}", context());
    assert!(told(&format!("`{error_type}`")), "{}", context());
}

/// Replaces the line of the file that sets the same key.
fn change(definition: &Definition, file: &str, line: &str) {
    let text = definition.read(file);
    let key = line.split(':').next().expect("a key");
    let mut found = 0;
    let changed: Vec<&str> = text
        .lines()
        .map(|old| {
            let is_it = old.trim_start().starts_with(key);
            found += usize::from(is_it);
            if is_it { line } else { old }
        })
        .collect();
    assert_eq!(found, 1, "{file} has one line with {key}");
    definition.write(file, &changed.join("\n"));
}

#[test]
fn the_readme_answers_as_printed() {
    assert_eq!(run_page("README.md"), 1);
}

#[test]
fn first_steps_answer_as_printed() {
    assert_eq!(run_page("docs/guide/first-steps.md"), 16);
}

#[test]
fn tables_answer_as_printed() {
    assert_eq!(run_page("docs/guide/dynamodb.md"), 4);
}

#[test]
fn lambda_resolvers_answer_as_printed() {
    assert_eq!(run_own_page("docs/guide/lambda.md", 9), 6);
}

#[test]
fn functions_answer_as_printed() {
    if servers_are_wanted() {
        assert_eq!(run_own_page("docs/guide/lambda-functions.md", 6), 5);
    }
}

#[test]
fn authorization_answers_as_printed() {
    assert_eq!(run_own_page("docs/guide/authorization.md", 7), 11);
}

#[test]
fn user_pools_answer_as_printed() {
    if servers_are_wanted() {
        assert_eq!(run_own_page("docs/guide/user-pools.md", 4), 8);
    }
}

#[test]
fn real_time_answers_as_printed() {
    assert_eq!(run_own_page("docs/guide/realtime.md", 6), 15);
}

#[test]
fn evaluations_answer_as_printed() {
    if servers_are_wanted() {
        assert_eq!(run_own_page("docs/guide/evaluate.md", 5), 6);
    }
}

#[test]
fn the_sql_page_answers_as_printed() {
    assert_eq!(run_own_page("docs/guide/sql.md", 8), 5);
}

#[test]
fn the_tls_page_answers_as_printed() {
    assert_eq!(run_own_page("docs/guide/tls.md", 3), 2);
}

#[test]
fn a_loop_in_the_example_is_found_by_check() {
    let definition = Definition::example();
    let text = definition.read("resolvers/Query.post.js");
    let line = text.lines().position(|line| line.starts_with("export function request")).expect("the handler") + 2;
    definition.write("resolvers/Query.post.js", &text.replacen("(ctx) {\n", "(ctx) {\n  while (true) {}\n", 1));
    let output = definition.run(&["check"]);
    assert!(output.stdout.contains(&format!("resolvers/Query.post.js:{line}:3")), "{output:?}");
    assert!(output.stdout.contains("[no-while]"), "{output:?}");
}

/// The resolvers that the guide shows whole are resolvers.
#[test]
fn code_of_the_guides_checks() {
    for page in ["README.md", "docs/guide/first-steps.md", "docs/guide/resolvers.md"] {
        let text = harness::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
        for block in blocks(&text) {
            let name = match block.language.as_str() {
                "js" if block.text.contains("export ") => "shown.js",
                "vtl" if !block.before.contains("Open `") => "shown.vtl",
                _ => continue,
            };
            let output = Definition::of(&[(name, &block.text)]).run(&["check", name]);
            assert_eq!(output.code, Some(0), "{page}: {output:?}");
        }
    }
}
