//! What the end-to-end tests share: a definition in a folder of its own, the real binary serving it on a free port, and a
//! client that shows an answer as it came.
//!
//! Start at [`Definition`] and [`Server`]. Nothing here waits by the clock: a server is ready when it has printed its summary.

#![allow(dead_code, reason = "every test binary uses another part")]
#![allow(unused_imports, reason = "every test binary uses another part")]

pub(crate) mod attack;
pub(crate) mod aws_clients;
pub(crate) mod dynamodb_servers;
pub(crate) mod feed;
mod http;
pub(crate) mod node;
mod process;
pub(crate) mod raw_socket;
mod subscriber;
pub(crate) mod websocket;

use std::path::{Path, PathBuf};

pub(crate) use http::{Answer, Client, Connection, answering};
pub(crate) use process::{Output, Server, command, read_summary, run};
pub(crate) use subscriber::Subscriber;
use tempfile::TempDir;

/// The key that definitions of tests have, unless they say something else.
pub(crate) const API_KEY: &str = "da2-test";

/// A definition in a folder that goes away with it.
pub(crate) struct Definition {
    folder: TempDir,
}

impl Definition {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with these files, by path.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let definition = Self::new();
        for (path, text) in files {
            definition.write(path, text);
        }
        definition
    }

    /// A copy of the example API of this repository.
    pub(crate) fn example() -> Self {
        let definition = Self::new();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        definition.write("config.toml", &read(&repository.join("config.toml")));
        for folder in ["schema", "resolvers", "seeds", "functions", "sql"] {
            definition.copy(repository, Path::new(folder));
        }
        definition
    }

    fn copy(&self, from: &Path, folder: &Path) {
        for entry in std::fs::read_dir(from.join(folder)).expect("a folder of the example") {
            let entry = entry.expect("an entry");
            let inner = folder.join(entry.file_name());
            if entry.path().is_dir() {
                self.copy(from, &inner);
            } else {
                self.write(inner.to_str().expect("a name in UTF-8"), &read(&entry.path()));
            }
        }
    }

    /// Writes a file; folders on the way are made.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let parent = path.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(parent).expect("a folder for the file");
        std::fs::write(path, text).expect("a file of the definition");
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        read(&self.path(path))
    }

    /// Where a file is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Serves it on a free port, its data in the same folder.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// As [`Definition::serve`], with environment variables.
    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Server {
        self.serve_as(&[], environment)
    }

    /// As [`Definition::serve`], with further arguments and environment variables.
    pub(crate) fn serve_as(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = command();
        command.arg("serve").arg("--config").arg(self.path("config.toml"));
        command.args(["--port", "0", "--data"]).arg(self.path("data")).args(arguments);
        command.envs(environment.iter().copied());
        Server::start(command)
    }

    /// Runs `syncgate` with these arguments in the folder, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command();
        command.current_dir(self.folder.path()).args(arguments);
        run(command)
    }
}

/// The text of a file that the tests need.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A configuration with one API that has [`API_KEY`], the schema `schema.graphql` and a NONE data source called `none`; `more` is
/// read as members of `[api]`.
pub(crate) fn config(more: &str) -> String {
    format!(
        "[api]\nname = \"test\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n{more}\n\
         [[api.api_keys]]\nid = \"{API_KEY}\"\n\n[api.data_sources.none]\ntype = \"NONE\"\n"
    )
}
