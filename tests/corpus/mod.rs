//! What the tests of all projects share: where a checkout is, a server on a copy of it, questions and expected answers.

mod masterclass;
#[path = "../scenario/matching.rs"]
mod matching;
mod samples;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use value::{Object, Value};

use crate::harness::{Client, Definition, Server, command, read};

/// A checkout.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// The checkout of `OWNER/NAME`; none when there is no corpus at all.
    ///
    /// # Panics
    /// When there is a corpus, and the project is not in it.
    pub(crate) fn find(project: &str) -> Option<Self> {
        let Some(corpus) = std::env::var_os("SYNCGATE_CORPUS").filter(|path| !path.is_empty()) else {
            // Not by the macro, whose text tests that pass keep to themselves.
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                let text = "SKIPPED: resolvers of other projects: SYNCGATE_CORPUS names no folder (see tests/corpus_dynamodb.rs)";
                writeln!(std::io::stderr(), "{text}").expect("standard error");
            });
            return None;
        };
        let name = project.rsplit('/').next().unwrap_or(project);
        let names = [project.replace('/', "+"), name.to_owned(), project.to_owned()];
        let folders = names.iter().map(|name| PathBuf::from(&corpus).join(name));
        let folder = folders.into_iter().find(|folder| folder.is_dir());
        let folder = folder.unwrap_or_else(|| panic!("SYNCGATE_CORPUS={}: no folder {}", corpus.display(), names.join(" or ")));
        Some(Self { folder })
    }

    /// The text of one of its files.
    pub(crate) fn read(&self, path: &str) -> String {
        read(&self.folder.join(path))
    }

    /// The names of the files in one of its folders.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8"));
        names.collect()
    }

    /// A definition with this `config.toml` and these files or folders of the project, under `project/`.
    pub(crate) fn definition(&self, config: &str, copied: &[&str]) -> Definition {
        let definition = Definition::of(&[("config.toml", config)]);
        for path in copied {
            if self.folder.join(path).is_dir() {
                for file in self.files(path) {
                    definition.write(&format!("project/{path}/{file}"), &self.read(&format!("{path}/{file}")));
                }
            } else {
                definition.write(&format!("project/{path}"), &self.read(path));
            }
        }
        definition
    }
}

/// A server on a definition, its tables in memory.
pub(crate) struct Running {
    server: Server,
    client: Client,
    _definition: Definition,
}

impl Running {
    pub(crate) fn start(definition: Definition) -> Self {
        let mut command = command();
        command.arg("serve").arg("--config").arg(definition.path("config.toml")).args(["--port", "0", "--ephemeral"]);
        let server = Server::start(command);
        Self { client: server.client(), server, _definition: definition }
    }

    /// The answer to a query, as it came.
    pub(crate) fn ask(&self, query: &str) -> Value {
        let answer = self.client.query(query);
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        json(&answer.body)
    }

    /// Asks and compares `data`, and gives it; there must be no errors. `expected` may have the placeholders of scenarios.
    pub(crate) fn check(&self, query: &str, expected: &str) -> Value {
        let answer = self.ask(query);
        let expected = json(&format!(r#"{{"data":{expected}}}"#)).to_string();
        assert!(matching::matches(&expected, &answer.to_string()), "{query}\nexpected {expected}\ngot      {answer}");
        answer.at(&["data"]).clone()
    }

    /// Asks and compares the first error, as `TYPE: MESSAGE`, of which `expected` is the beginning; gives `data`.
    pub(crate) fn check_error(&self, query: &str, expected: &str) -> Value {
        let answer = self.ask(query);
        let error = answer.at(&["errors"]).as_list().and_then(<[Value]>::first).unwrap_or(&Value::Null);
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("null");
        let error = format!("{}: {}", text("errorType"), text("message"));
        assert!(error.starts_with(expected), "{query}\nexpected {expected}\ngot      {answer}");
        answer.at(&["data"]).clone()
    }

    /// All pages of a connection: `query` has `TOKEN` where the argument's value belongs, `path` leads to the connection.
    pub(crate) fn pages(&self, query: &str, path: &[&str], items: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut token = Value::Null;
        loop {
            let answer = self.ask(&query.replace("TOKEN", &token.to_string()));
            assert!(answer.get("errors").is_none(), "{query}: {answer}");
            let page = answer.at(&["data"]).at(path);
            pages.push(page.at(&[items]).as_list().unwrap_or_else(|| panic!("{query}: {answer}")).to_vec());
            token = page.at(&["nextToken"]).clone();
            if token.is_null() {
                return pages;
            }
            assert!(pages.len() < 100, "{query}: pages without end");
        }
    }

    /// One request to DynamoDB's own API over the same tables.
    pub(crate) fn dynamodb(&self, operation: &str, request: &str) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let answer = self.client.request("POST", "/dynamodb/", &headers, request);
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        json(&answer.body)
    }

    /// Puts an item into a table, as the parts of a project do that are no resolvers.
    pub(crate) fn put(&self, table: &str, item: &str) {
        let item = typed(&json(item)).at(&["M"]).clone();
        self.dynamodb("PutItem", &format!(r#"{{"TableName":"{table}","Item":{item}}}"#));
    }

    /// How many items a table has.
    pub(crate) fn count(&self, table: &str) -> Option<i64> {
        self.dynamodb("Scan", &format!(r#"{{"TableName":"{table}","Select":"COUNT"}}"#)).at(&["Count"]).as_i64()
    }

    /// All items of a table of one page, as text.
    pub(crate) fn items(&self, table: &str) -> String {
        let page = self.dynamodb("Scan", &format!(r#"{{"TableName":"{table}"}}"#));
        assert!(page.get("LastEvaluatedKey").is_none(), "{table} has more than a page");
        page.at(&["Items"]).to_string()
    }

    /// What the server has written to standard error.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || !self.log().contains("panicked"), "{}", self.log());
    }
}

/// A JSON text.
pub(crate) fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A plain value as DynamoDB's typed one.
fn typed(plain: &Value) -> Value {
    let (name, value) = match plain {
        Value::Null => ("NULL", Value::from(true)),
        Value::Bool(_) => ("BOOL", plain.clone()),
        Value::String(_) => ("S", plain.clone()),
        Value::Number(number) => ("N", Value::from(Value::Number(number.clone()).to_string())),
        Value::List(items) => ("L", items.iter().map(typed).collect()),
        Value::Object(members) => {
            let members: Object = members.iter().map(|(name, member)| (name.clone(), typed(member))).collect();
            ("M", Value::from(members))
        }
    };
    Value::from([(name, value)].into_iter().collect::<Object>())
}
