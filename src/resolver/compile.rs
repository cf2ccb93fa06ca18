//! Source text to [`Code`]: APPSYNC_JS modules with their relative imports, Velocity templates.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{Code, EvaluationLimits, JsCode, Pace, VtlCode};
use crate::definition::{Limits, Runtime, VelocityVersion};
use crate::diagnostic::{Diagnostic, Place, Severity, Source};

/// What compiling code needs to know.
#[derive(Clone, Copy, Debug)]
pub struct CodeCompiler<'a> {
    /// Relative imports stay inside this folder.
    pub folder: &'a Path,
    /// Whether what AppSync refuses is refused here too.
    pub strict: bool,
    /// Size limits.
    pub limits: &'a Limits,
    /// The version of Velocity whose rules templates follow.
    pub velocity: VelocityVersion,
}

/// Whether a resolver or function may leave its steps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// It needs a request.
    Needed,
    /// A pipeline's own steps: there may be none.
    Pipeline,
    /// Its data source takes the whole context: there may be none, and a blank template counts as none.
    Direct,
}

/// The code of a resolver or function called `name`, and everything that was found in it. `steps` says whether it may do without.
#[must_use]
pub fn compile_runtime(
    compiler: &CodeCompiler<'_>,
    runtime: &Runtime,
    steps: Steps,
    name: &str,
    place: Option<&Place>,
) -> (Option<Code>, Vec<Diagnostic>) {
    match runtime {
        Runtime::Code(source) => {
            let (module, found) = compiler.module(source);
            let limits = EvaluationLimits::from(compiler.limits);
            (module.map(|module| Code::Js(Arc::new(JsCode { module, limits, pace: Pace::default() }))), found)
        }
        Runtime::Templates { request, response } => {
            let mut found = Vec::new();
            let mut template = |source: &Option<Arc<Source>>| {
                // The CLI's way to have none is a blank one ("Activate direct Lambda resolvers").
                let source = source.as_ref().filter(|source| steps != Steps::Direct || !source.text.trim().is_empty());
                source.map(|source| {
                    let (template, mut own) = compile_template(source, compiler.velocity);
                    found.append(&mut own);
                    template
                })
            };
            let (request, response) = (template(request), template(response));
            let code = match (request, response) {
                // `None` inside: there is a template and it does not parse.
                (Some(None), _) | (_, Some(None)) => None,
                (request, response) => Some(Code::Vtl(Arc::new(VtlCode {
                    request: request.flatten(),
                    response: response.flatten(),
                    limits: EvaluationLimits::from(compiler.limits),
                    pace: Pace::default(),
                }))),
            };
            (code, found)
        }
        Runtime::Direct if steps != Steps::Needed => {
            let limits = EvaluationLimits::from(compiler.limits);
            (Some(Code::Vtl(Arc::new(VtlCode { request: None, response: None, limits, pace: Pace::default() }))), Vec::new())
        }
        Runtime::Direct => {
            let mut diagnostic = Diagnostic::error(
                "direct-resolver",
                format!("{name} has neither code nor templates: only an AWS_LAMBDA data source works without, and this is none"),
            )
            .help("Give it `code`, or a request and a response mapping template.");
            diagnostic.place = place.cloned();
            (None, vec![diagnostic])
        }
    }
}

/// Parses one template.
#[must_use]
pub fn compile_template(source: &Arc<Source>, version: VelocityVersion) -> (Option<velocity::Template>, Vec<Diagnostic>) {
    match velocity::Template::parse(&source.text, &super::vtl::options(version)) {
        Ok(template) => match super::vtl::unknown_members(&template, source) {
            found if found.is_empty() => (Some(template), found),
            found => (None, found),
        },
        Err(errors) => {
            let found = errors
                .into_iter()
                .map(|error| {
                    Diagnostic::error("template-syntax", error.message.clone())
                        .help("See the Velocity template language, as the developer guide's mapping template reference shows it.")
                        .at(source, error.span)
                })
                .collect();
            (None, found)
        }
    }
}

/// Checks and compiles an APPSYNC_JS module whose imports `load` reads.
pub(super) fn compile_module(
    source: &Arc<Source>,
    options: &appsync_js::CompileOptions,
    load: &appsync_js::Loader<'_>,
) -> (Option<appsync_js::Module>, Vec<Diagnostic>) {
    let (module, found) = compile_module_with_findings(source, options, load);
    (module, found.into_iter().map(|(diagnostic, _)| diagnostic).collect())
}

/// As [`compile_module`], each diagnostic with the finding that it tells, which knows AppSync's words.
pub(super) fn compile_module_with_findings(
    source: &Arc<Source>,
    options: &appsync_js::CompileOptions,
    load: &appsync_js::Loader<'_>,
) -> (Option<appsync_js::Module>, Vec<(Diagnostic, appsync_js::Finding)>) {
    let entry = appsync_js::Entry { path: &source.path, text: &source.text };
    let compiled = appsync_js::compile(entry, load, options);
    let found = compiled.findings.into_iter().map(|finding| {
        let severity = match finding.severity {
            appsync_js::Severity::Error => Severity::Error,
            appsync_js::Severity::Warning => Severity::Warning,
        };
        let at = if finding.file == source.path {
            Arc::clone(source)
        } else {
            Arc::new(Source { text: load(&finding.file).unwrap_or_default(), path: finding.file.clone() })
        };
        let place = Some(Place { source: at, span: finding.span.clone() });
        let (message, help) = (finding.message.clone(), finding.help.clone());
        (Diagnostic { severity, rule: finding.rule, message, help, place }, finding)
    });
    (compiled.module, found.collect())
}

impl CodeCompiler<'_> {
    /// Checks and compiles an APPSYNC_JS module.
    #[must_use]
    pub fn module(&self, source: &Arc<Source>) -> (Option<appsync_js::Module>, Vec<Diagnostic>) {
        let options = appsync_js::CompileOptions { strict: self.strict, max_characters: self.limits.code_characters as usize };
        compile_module(source, &options, &|path| self.load(path))
    }

    /// The text of an imported file, if it lies inside the definition's folder (symbolic links followed).
    pub(super) fn load(&self, path: &str) -> Option<String> {
        let path = normalize(Path::new(path));
        let real = path.canonicalize().ok()?;
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
        if !real.starts_with(folder.canonicalize().ok()?) {
            return None;
        }
        std::fs::read_to_string(real).ok()
    }
}

/// The path without `.` and inner `..` parts.
fn normalize(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.into_iter().collect()
}
