//! From resolver code to a [`Module`]: read the entry and what it imports, check every file, bundle.
//!
//! AppSync takes one file that imports only `@aws-appsync/utils`; people write several and bundle them before upload. Here
//! relative imports work as they stand. Each file becomes a function whose parameters are its imports and whose result is
//! its exports; the bundle calls them in order of dependency. Calling the bundle again gives wholly new module state.

mod analyze;
mod builtins;
mod bundle;
mod names;
mod rules;

use std::collections::HashMap;

use crate::finding::{Finding, Findings, Severity};
use crate::module::Module;
use analyze::{Analyzed, ImportSource};

/// AppSync's limit for `code`, in characters.
pub const MAX_CODE_CHARACTERS: usize = 32_768;

/// How many files one module may consist of.
const MAX_FILES: usize = 200;

/// How strictly and up to which size code is compiled.
#[derive(Clone, Copy, Debug)]
pub struct CompileOptions {
    /// Refuse what AppSync refuses at upload, instead of warning.
    pub strict: bool,
    /// The longest code, all files together, in characters.
    pub max_characters: usize,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self { strict: false, max_characters: MAX_CODE_CHARACTERS }
    }
}

/// The entry file of a resolver or function.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its path, relative and with `/`; relative imports start from its folder. `.ts` switches TypeScript on.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Reads a file by normalized relative path, for relative imports; `None` if there is none or it must not be read.
pub type Loader<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A module, unless there are errors, and everything found in any of its files.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The module; `None` if a finding is an error.
    pub module: Option<Module>,
    /// All findings, in order of file and place.
    pub findings: Vec<Finding>,
}

/// Checks and bundles `entry` with everything it imports.
#[must_use]
pub fn compile(entry: Entry<'_>, loader: &Loader<'_>, options: &CompileOptions) -> Compiled {
    let mut compiler =
        Compiler { loader, options, files: Vec::new(), by_path: HashMap::new(), findings: Vec::new(), characters: 0 };
    let entry_path = normalize("", entry.path).unwrap_or_else(|| entry.path.to_owned());
    compiler.add(entry_path.clone(), entry.text, &mut Vec::new());
    let mut compiled = compiler.finish(entry);
    // The caller knows the entry by the path it gave.
    for finding in compiled.findings.iter_mut().filter(|finding| finding.file == entry_path) {
        entry.path.clone_into(&mut finding.file);
    }
    compiled
}

/// One file with its imports resolved.
pub(crate) struct File {
    path: String,
    analyzed: Analyzed,
    /// For each of `analyzed.imports`: where it leads.
    targets: Vec<Option<Target>>,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    /// One of the host's modules.
    Host(usize),
    /// A file of the bundle.
    File(usize),
}

struct Compiler<'a> {
    loader: &'a Loader<'a>,
    options: &'a CompileOptions,
    /// In order of dependency: a file stands after all that it imports.
    files: Vec<File>,
    by_path: HashMap<String, usize>,
    findings: Vec<Finding>,
    characters: usize,
}

impl Compiler<'_> {
    /// Analyzes one file and, first, everything it imports. `open` is the chain of files being read.
    fn add(&mut self, path: String, text: &str, open: &mut Vec<String>) -> Option<usize> {
        let characters = text.chars().count();
        self.characters += characters;
        let is_entry = open.is_empty();
        let mut findings = Findings::new(&path, text);
        if self.characters > self.options.max_characters {
            let message = format!(
                "the code is {} characters long{}; the limit is {}",
                self.characters,
                if is_entry { "" } else { " with the files it imports" },
                self.options.max_characters
            );
            findings.error("code-size", 0..0, message, Some("move parts of it into further functions of a pipeline".into()));
            self.findings.append(&mut findings.found);
            return None;
        }
        let analyzed = analyze::analyze(&path, text, is_entry, self.options, &mut findings);
        open.push(path.clone());
        let mut targets = Vec::with_capacity(analyzed.imports.len());
        for import in &analyzed.imports {
            let target = match &import.source {
                ImportSource::Host(index) => Some(Target::Host(*index)),
                ImportSource::Relative(specifier) => {
                    self.resolve(&path, specifier, import.span.clone(), open, &mut findings).map(Target::File)
                }
                ImportSource::Unknown => None,
            };
            if let Some(Target::File(index)) = target {
                bundle::check_names(import, &self.files[index], &self.files, &mut findings);
            }
            targets.push(target);
        }
        open.pop();
        self.findings.append(&mut findings.found);
        let index = self.files.len();
        self.by_path.insert(path.clone(), index);
        self.files.push(File { path, analyzed, targets });
        Some(index)
    }

    fn resolve(
        &mut self,
        from: &str,
        specifier: &str,
        span: std::ops::Range<usize>,
        open: &mut Vec<String>,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(base) = normalize(folder, specifier) else {
            findings.error(
                "unknown-import",
                span,
                format!("'{specifier}' leads out of the definition's folder"),
                Some("imported files lie beside or below the definition".into()),
            );
            return None;
        };
        for candidate in candidates(&base) {
            if open.contains(&candidate) {
                let chain =
                    open.iter().skip_while(|path| **path != candidate).map(String::as_str).collect::<Vec<_>>().join(" -> ");
                findings.error(
                    "import-cycle",
                    span,
                    format!("files import each other: {chain} -> {candidate}"),
                    Some("move what they share into a third file".into()),
                );
                return None;
            }
            if let Some(index) = self.by_path.get(&candidate) {
                return Some(*index);
            }
            if let Some(text) = (self.loader)(&candidate) {
                if self.files.len() + open.len() >= MAX_FILES {
                    findings.error(
                        "too-many-files",
                        span,
                        format!("a module may consist of {MAX_FILES} files at most"),
                        Some("import fewer files".into()),
                    );
                    return None;
                }
                return self.add(candidate, &text, open);
            }
        }
        let tried = candidates(&base).join(", ");
        findings.error(
            "unknown-import",
            span,
            format!("there is no file for '{specifier}'"),
            Some(format!("looked for {tried}")),
        );
        None
    }

    fn finish(mut self, entry: Entry<'_>) -> Compiled {
        self.findings.sort_by(|a, b| (&a.file, a.span.start, a.rule).cmp(&(&b.file, b.span.start, b.rule)));
        self.findings.dedup();
        let refused = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        let mut module = None;
        if !refused {
            let candidate = bundle::bundle(&self.files);
            match crate::engine::try_load(&candidate) {
                Ok(()) => module = Some(candidate),
                // The engine's parser refuses what oxc accepted, for example an invalid regular expression.
                Err(fault) => self.findings.push(Finding {
                    severity: Severity::Error,
                    rule: if fault.file.is_empty() { "internal" } else { "syntax" },
                    message: fault.message,
                    help: None,
                    span: 0..entry.text.len().min(1),
                    line: fault.line.max(1),
                    column: fault.column.max(1),
                    file: fault.file,
                }),
            }
        }
        Compiled { module, findings: self.findings }
    }
}

/// The paths that an import may mean, as TypeScript and bundlers look for them.
fn candidates(base: &str) -> Vec<String> {
    let mut paths = Vec::with_capacity(6);
    if base.ends_with(".ts") || base.ends_with(".js") {
        paths.push(base.to_owned());
        // TypeScript writes `./x.js` for a file `x.ts`.
        if let Some(stem) = base.strip_suffix(".js") {
            paths.push(format!("{stem}.ts"));
        }
    }
    for suffix in [".ts", ".js", "/index.ts", "/index.js"] {
        paths.push(format!("{base}{suffix}"));
    }
    paths
}

/// `path` seen from `folder`, without `.` and inner `..`; `None` if it leads above the root or the working directory that a
/// relative `folder` starts from.
fn normalize(folder: &str, path: &str) -> Option<String> {
    let folder = folder.trim_start_matches("./");
    let whole = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    // A folder beside the working directory is named by leading `..`; nothing climbs over these.
    let outside = folder.split('/').take_while(|part| *part == "..").count();
    for (at, part) in whole.split('/').enumerate() {
        match part {
            "" | "." => {}
            ".." if at < outside => parts.push(part),
            ".." if parts.len() > outside => {
                parts.pop();
            }
            ".." => return None,
            part => parts.push(part),
        }
    }
    let root = if whole.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", parts.join("/")))
}

/// The globals that code may name, so the ones that the engine keeps.
pub(crate) fn engine_globals() -> impl Iterator<Item = &'static str> {
    builtins::GLOBALS.iter().chain(builtins::EXTRA_GLOBALS).copied()
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn paths_are_seen_from_their_folder() {
        for (folder, path, expected) in [
            ("", "resolvers/a.js", Some("resolvers/a.js")),
            ("", "./a.js", Some("a.js")),
            ("", "/tmp/api/a.js", Some("/tmp/api/a.js")),
            ("resolvers", "./shared/b", Some("resolvers/shared/b")),
            ("resolvers", "../lib/b", Some("lib/b")),
            ("resolvers", "../../b", None),
            ("/tmp/api", "../b", Some("/tmp/b")),
            ("/tmp", "../../b", None),
            ("../api", "./b", Some("../api/b")),
            ("./../api", "./b", Some("../api/b")),
            ("../api", "../b", Some("../b")),
            ("../api", "../../b", None),
        ] {
            assert_eq!(normalize(folder, path).as_deref(), expected, "{path} from {folder}");
        }
    }
}
