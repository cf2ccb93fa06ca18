//! Whether a function's handler is where its definition says.
//!
//! The rules are those of Lambda's runtimes: `lib/index.handler` is the export `handler` of `lib/index.js` (or `.mjs`, `.cjs`),
//! `pkg.app.run` the function `run` of the module `pkg.app`. What the file exports only its language knows; that is told when
//! the function is invoked first.

use std::fs;
use std::path::Path;

use super::lambda::Code;
use crate::definition::LambdaRuntime;
use crate::diagnostic::closest;

/// What Node.js handlers may end in.
const NODE_EXTENSIONS: [&str; 6] = ["js", "mjs", "cjs", "ts", "mts", "cts"];
const RULE: &str = "missing-handler";

/// Why there is no handler.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) help: String,
    /// Whether the key `handler` is at fault, rather than `code`.
    pub(super) of_handler: bool,
}

/// The handler in the code, if there is such a file. `shown` is the code as the user wrote it.
pub(super) fn judge(runtime: LambdaRuntime, code: &Code, shown: &str, written: Option<&str>) -> Result<String, Fault> {
    if runtime == LambdaRuntime::Provided {
        executable(code, shown)?;
        return Ok(written.unwrap_or_default().to_owned());
    }
    let handler = match (written, &code.file) {
        (Some(written), _) => written.to_owned(),
        (None, Some(file)) => format!("{}.handler", stem(file)),
        (None, None) => {
            let message = "`lambda_function.handler` is missing".to_owned();
            let help = "the file and its function, for instance handler = \"index.handler\"; a code of one file needs none";
            return Err(Fault { rule: "missing-key", message, help: help.to_owned(), of_handler: false });
        }
    };
    let fault = |message: String, help: String| Fault { rule: RULE, message, help, of_handler: written.is_some() };
    let form = || {
        let message = format!("`{handler}` is no handler");
        let help = "a handler is a file and a function of it, for instance \"index.handler\"".to_owned();
        Fault { rule: "invalid-value", message, help, of_handler: true }
    };
    let (file, function) = parts(runtime, &handler).ok_or_else(form)?;
    let is_path = |part: &str| !part.is_empty() && part != "." && part != "..";
    if function.is_empty() || !file.split('/').all(is_path) || handler.chars().any(char::is_whitespace) || handler.len() > 128 {
        return Err(form());
    }
    if let Some(only) = &code.file {
        return match (stem(only) == file, is_source(runtime, only)) {
            (true, true) => Ok(handler),
            (true, false) => {
                let message = format!("`{only}` is no file of this runtime");
                let help = match runtime {
                    LambdaRuntime::Nodejs => "Node.js runs files that end in .js, .mjs or .cjs",
                    LambdaRuntime::Python | LambdaRuntime::Provided => "Python runs files that end in .py",
                };
                Err(Fault { of_handler: false, ..fault(message, help.to_owned()) })
            }
            (false, _) => {
                let message = format!("the handler `{handler}` is not in {shown}, which is all the code there is");
                Err(fault(message, format!("write handler = \"{}.{function}\", or leave it out", stem(only))))
            }
        };
    }
    let (below, name) = file.rsplit_once('/').unwrap_or(("", &file));
    let names = sources(runtime, &code.folder.join(below));
    if names.iter().any(|known| known == name) {
        return Ok(handler);
    }
    let looked = match runtime {
        LambdaRuntime::Nodejs => format!("{file}.js, {file}.mjs or {file}.cjs"),
        LambdaRuntime::Python | LambdaRuntime::Provided => format!("{file}.py"),
    };
    let message = format!("the handler `{handler}` is not in {shown}: there is no {looked}");
    let help = match closest(name, names.iter().map(String::as_str)) {
        Some(near) => {
            let file = if below.is_empty() { near.to_owned() } else { format!("{below}/{near}") };
            format!("did you mean `{file}.{function}`?")
        }
        None if names.is_empty() => format!("put the file there; {} has no code for this runtime yet", joined(shown, below)),
        None => format!("the files there are: {}", names.join(", ")),
    };
    Err(fault(message, help))
}

/// File and function of a handler, the file with slashes.
fn parts(runtime: LambdaRuntime, handler: &str) -> Option<(String, String)> {
    match runtime {
        // The first dot of the last part: what follows may be a path of properties.
        LambdaRuntime::Nodejs => {
            let name = handler.rfind('/').map_or(0, |slash| slash + 1);
            let dot = name + handler[name..].find('.')?;
            Some((handler[..dot].to_owned(), handler[dot + 1..].to_owned()))
        }
        LambdaRuntime::Python | LambdaRuntime::Provided => {
            let (module, function) = handler.rsplit_once('.')?;
            Some((module.replace('.', "/"), function.to_owned()))
        }
    }
}

/// The names in a folder that a handler may name, sorted.
fn sources(runtime: LambdaRuntime, folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_package = || runtime == LambdaRuntime::Python && entry.path().join("__init__.py").is_file();
            if is_source(runtime, &name) { Some(stem(&name).to_owned()) } else { is_package().then_some(name) }
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a file may be one of the runtime's modules. Python's may be compiled: `app.cpython-313-x86_64-linux-gnu.so`.
fn is_source(runtime: LambdaRuntime, file: &str) -> bool {
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match runtime {
        LambdaRuntime::Nodejs => NODE_EXTENSIONS.contains(&extension),
        LambdaRuntime::Python => matches!(extension, "py" | "pyc" | "so"),
        LambdaRuntime::Provided => false,
    }
}

/// A file's name up to its first dot, which is where a handler's function begins.
fn stem(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

/// A custom runtime is an executable of a fixed name.
fn executable(code: &Code, shown: &str) -> Result<(), Fault> {
    let fault = |message: String, help: String| Fault { rule: RULE, message, help, of_handler: false };
    if let Some(only) = code.file.as_deref().filter(|file| *file != "bootstrap") {
        let message = format!("a custom runtime is an executable named `bootstrap`, not `{only}`");
        return Err(fault(message, "name the file so, or the folder that has one".to_owned()));
    }
    let path = code.folder.join("bootstrap");
    let in_folder = if code.file.is_some() { shown.to_owned() } else { joined(shown, "bootstrap") };
    let Ok(metadata) = fs::metadata(&path) else {
        let message = format!("there is no file {in_folder}");
        return Err(fault(message, "a custom runtime is an executable of that name: build it, or copy it there".to_owned()));
    };
    if !metadata.is_file() || !is_executable(&metadata) {
        return Err(fault(format!("{in_folder} is not executable"), format!("chmod +x {in_folder}")));
    }
    Ok(())
}

fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

fn joined(folder: &str, below: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if below.is_empty() { folder.to_owned() } else { format!("{folder}/{below}") }
}
