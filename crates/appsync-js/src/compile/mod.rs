//! From resolver code to a [`Module`]: read the entry and what it imports, check every file, bundle.
//!
//! AppSync takes one file that imports only `@aws-appsync/utils`; people write several and bundle them before upload. Here
//! relative imports work as they stand: each file is compiled by itself, and they are linked in order of dependency.

mod analyze;
mod builtins;
mod bundle;
mod names;
mod rules;

use std::collections::HashMap;

use crate::finding::{Finding, Findings, Severity};
use crate::host::{self, NAMES};
use crate::module::Module;
use analyze::Analyzed;
use javascript::{FileCode, Target};

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
    let mut compiler = Compiler {
        loader,
        options,
        files: Vec::new(),
        by_path: HashMap::new(),
        sources: Vec::new(),
        findings: Vec::new(),
        characters: 0,
    };
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
    /// `None` after an error.
    code: Option<FileCode>,
    /// For each of its imports: where it leads.
    targets: Vec<Option<Target>>,
}

struct Compiler<'a> {
    loader: &'a Loader<'a>,
    options: &'a CompileOptions,
    /// In order of dependency: a file stands after all that it imports.
    files: Vec<File>,
    by_path: HashMap<String, usize>,
    /// Path and text of each file, in the order in which they were met: places carry these numbers.
    sources: Vec<(String, String)>,
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
        let number = self.sources.len();
        self.sources.push((path.clone(), text.to_owned()));
        let Analyzed { code, imports } = analyze::analyze(&path, text, number, is_entry, self.options, &mut findings);
        open.push(path.clone());
        let mut targets = Vec::with_capacity(imports.len());
        for import in &imports {
            let target = match host::module_index(&import.source) {
                Some(index) => Some(Target::Host(index)),
                None if analyze::is_relative(&import.source) => {
                    self.resolve(&path, &import.source, import.offset..import.offset, open, &mut findings).map(Target::File)
                }
                // Reported already.
                None => None,
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
        self.files.push(File { path, code, targets });
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
        if self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Compiled { module: None, findings: self.findings };
        }
        let targets: Vec<Vec<Option<Target>>> = self.files.iter_mut().map(|file| std::mem::take(&mut file.targets)).collect();
        let codes: Option<Vec<FileCode>> = self.files.into_iter().map(|file| file.code).collect();
        let linked = codes.ok_or_else(|| "a file was not compiled, and nothing says why".to_owned());
        let linked = linked.and_then(|codes| javascript::link(codes, &targets, &NAMES.trees).map_err(|error| error.message));
        match linked {
            Ok(program) => {
                // Places of the entry carry the path that the caller gave.
                entry.path.clone_into(&mut self.sources[0].0);
                Compiled { module: Some(Module::new(program, self.sources, entry.path.to_owned())), findings: self.findings }
            }
            Err(message) => {
                let mut findings = Findings::new(entry.path, entry.text);
                findings.error("internal", 0..0, message, None);
                self.findings.append(&mut findings.found);
                Compiled { module: None, findings: self.findings }
            }
        }
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
