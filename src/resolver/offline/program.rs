//! Code or templates, compiled to be evaluated by themselves, and what their findings are called by the operations.

use std::path::PathBuf;
use std::sync::Arc;

use appsync_js::{Handler, Module};
use velocity::Template;

use super::{CodeError, ErrorKind, EvaluationError};
use crate::definition::{Limits, Runtime, VelocityVersion};
use crate::diagnostic::{Diagnostic, Place, Severity, Source};
use crate::resolver::Step;
use crate::resolver::compile::{CodeCompiler, compile_module_with_findings, compile_template};

/// How code is compiled.
#[derive(Clone, Debug, Default)]
pub struct CompileSettings {
    /// Relative imports stay inside this folder; `None`: there are none.
    pub folder: Option<PathBuf>,
    /// Whether what AppSync refuses is refused.
    pub strict: bool,
    /// Size limits.
    pub limits: Limits,
    /// The version of Velocity whose rules templates follow.
    pub velocity: VelocityVersion,
}

/// Something that can be evaluated, or what is wrong with it.
#[derive(Debug)]
pub struct Program {
    parts: Parts,
    findings: Vec<Diagnostic>,
    settings: CompileSettings,
}

#[derive(Debug)]
enum Parts {
    Code {
        source: Arc<Source>,
        /// `None`: it is refused.
        module: Option<Module>,
        /// Its errors in AppSync's words.
        errors: Vec<CodeError>,
    },
    Templates {
        request: Option<Box<Parsed>>,
        response: Option<Box<Parsed>>,
    },
}

#[derive(Debug)]
struct Parsed {
    source: Arc<Source>,
    /// `None`: it is refused.
    template: Option<Template>,
    findings: Vec<Diagnostic>,
}

/// What runs for a step.
pub(super) enum Language<'a> {
    Code { module: &'a Module, handler: Handler },
    Template { template: &'a Template, source: &'a Arc<Source> },
}

impl Program {
    /// APPSYNC_JS.
    #[must_use]
    pub fn code(source: &Arc<Source>, settings: &CompileSettings) -> Self {
        let options =
            appsync_js::CompileOptions { strict: settings.strict, max_characters: settings.limits.code_characters as usize };
        let (module, found) = compile_module_with_findings(source, &options, &|path| load(settings, path));
        let is_error = |found: &&(Diagnostic, appsync_js::Finding)| found.0.severity == Severity::Error;
        let errors = found.iter().filter(is_error).map(|(diagnostic, finding)| code_error(diagnostic, finding)).collect();
        let findings = found.into_iter().map(|(diagnostic, _)| diagnostic).collect();
        Self { parts: Parts::Code { source: Arc::clone(source), module, errors }, findings, settings: settings.clone() }
    }

    /// One template, for both steps.
    #[must_use]
    pub fn template(source: &Arc<Source>, settings: &CompileSettings) -> Self {
        Self::templates(Some(source), Some(source), settings)
    }

    /// What a resolver or function of a definition runs.
    #[must_use]
    pub fn of(runtime: &Runtime, settings: &CompileSettings) -> Self {
        match runtime {
            Runtime::Code(source) => Self::code(source, settings),
            Runtime::Templates { request, response } => Self::templates(request.as_ref(), response.as_ref(), settings),
            Runtime::Direct => Self::templates(None, None, settings),
        }
    }

    fn templates(request: Option<&Arc<Source>>, response: Option<&Arc<Source>>, settings: &CompileSettings) -> Self {
        let parse = |source: Option<&Arc<Source>>| {
            source.map(|source| {
                let (template, findings) = compile_template(source, settings.velocity);
                Box::new(Parsed { source: Arc::clone(source), template, findings })
            })
        };
        let parts = Parts::Templates { request: parse(request), response: parse(response) };
        Self { parts, findings: Vec::new(), settings: settings.clone() }
    }

    /// Everything that was found in code when it was compiled. What is wrong with a template is told when its step is evaluated.
    #[must_use]
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// Whether it is APPSYNC_JS.
    #[must_use]
    pub fn is_code(&self) -> bool {
        matches!(self.parts, Parts::Code { .. })
    }

    /// What runs for `step`, or why nothing can.
    pub(super) fn language(&self, step: Step) -> Result<Language<'_>, Box<EvaluationError>> {
        match &self.parts {
            Parts::Code { module: None, errors, .. } => Err(refused_code(&self.findings, errors)),
            Parts::Code { source, module: Some(module), .. } => {
                let (handler, present) = match step {
                    Step::Request => (Handler::Request, module.has_request()),
                    Step::Response => (Handler::Response, module.has_response()),
                };
                if present { Ok(Language::Code { module, handler }) } else { Err(missing_export(source, handler)) }
            }
            Parts::Templates { request, response } => {
                let (parsed, name) = match step {
                    Step::Request => (request, "request"),
                    Step::Response => (response, "response"),
                };
                let Some(parsed) = parsed else {
                    let message = format!("There is no {name} mapping template.");
                    let mut error = EvaluationError::failed("MappingTemplate", message, None);
                    error.kind = ErrorKind::Refused;
                    return Err(error);
                };
                match &parsed.template {
                    Some(template) => Ok(Language::Template { template, source: &parsed.source }),
                    None => Err(refused_template(&parsed.findings)),
                }
            }
        }
    }

    /// A place in one of the files of code; lines and columns count from 1.
    pub(super) fn place(&self, file: &str, line: usize, column: usize) -> Option<Place> {
        let Parts::Code { source, .. } = &self.parts else { return None };
        if line == 0 {
            return None;
        }
        let source = if file == source.path {
            Arc::clone(source)
        } else {
            Arc::new(Source { path: file.to_owned(), text: load(&self.settings, file).unwrap_or_default() })
        };
        Some(place_in(&source, line, column))
    }
}

/// Reads an imported file.
fn load(settings: &CompileSettings, path: &str) -> Option<String> {
    let folder = settings.folder.as_deref()?;
    CodeCompiler { folder, strict: settings.strict, limits: &settings.limits, velocity: settings.velocity }.load(path)
}

/// The place of a line and a column in characters, both from 1; it ends with the word that begins there.
pub(super) fn place_in(source: &Arc<Source>, line: usize, column: usize) -> Place {
    let text = &source.text;
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>().min(text.len());
    let line_text = text[start..].split('\n').next().unwrap_or_default();
    let skipped: usize = line_text.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let word = line_text[skipped..].chars().take_while(|next| next.is_alphanumeric() || matches!(next, '_' | '$'));
    let length = word.map(char::len_utf8).sum::<usize>();
    Place { source: Arc::clone(source), span: start + skipped..start + skipped + length }
}

/// AppSync's answer about code that it does not accept.
fn refused_code(findings: &[Diagnostic], code_errors: &[CodeError]) -> Box<EvaluationError> {
    let sentences: Vec<&str> = code_errors.iter().map(|error| error.value.trim_end()).collect();
    // As public reports quote it: bare for what the compiler says, after "Error: " for what the linter says.
    let lead = if code_errors.iter().all(|error| error.error_type == "PARSE_ERROR") { "" } else { "Error: " };
    Box::new(EvaluationError {
        kind: ErrorKind::Refused,
        message: format!("{lead}{}", sentences.join("\n")),
        error_type: Some("Code".to_owned()),
        data: value::Value::Null,
        error_info: value::Value::Null,
        code_errors: code_errors.to_vec(),
        diagnostics: findings.iter().filter(|found| found.severity == Severity::Error).cloned().collect(),
    })
}

/// A finding as AppSync tells it. Columns and spans count UTF-16 units, as AppSync and editors do.
fn code_error(diagnostic: &Diagnostic, finding: &appsync_js::Finding) -> CodeError {
    let marked = diagnostic.place.as_ref().and_then(|place| place.source.text.get(place.span.clone())).unwrap_or_default();
    CodeError {
        error_type: finding.error_type(),
        value: format!("{}\n", finding.compiler_line("code.js")),
        line: finding.line,
        column: finding.column,
        span: marked.encode_utf16().count(),
    }
}

/// AppSync's answer where code has no such function.
fn missing_export(source: &Arc<Source>, handler: Handler) -> Box<EvaluationError> {
    let sentence = format!("Unable to find valid export for {}", handler.name());
    let mut error = EvaluationError::failed("Code", format!("Error: {sentence}"), None);
    error.kind = ErrorKind::Refused;
    error.code_errors =
        vec![CodeError { error_type: "MISSING_MAPPING_EXPORT", value: sentence.clone(), line: 0, column: 0, span: 0 }];
    error.diagnostics = vec![
        Diagnostic::error("missing-handlers", sentence)
            .help(format!("Write `export function {}(ctx) {{ … }}`.", handler.name()))
            .at(source, 0..0),
    ];
    error
}

fn refused_template(findings: &[Diagnostic]) -> Box<EvaluationError> {
    let sentences: Vec<String> = findings
        .iter()
        .map(|found| match &found.place {
            Some(place) => {
                let (line, column) = place.source.line_column(place.span.start);
                format!("{} (line {line}, column {column})", found.message)
            }
            None => found.message.clone(),
        })
        .collect();
    Box::new(EvaluationError {
        kind: ErrorKind::Refused,
        message: sentences.join("\n"),
        error_type: Some("MappingTemplate".to_owned()),
        data: value::Value::Null,
        error_info: value::Value::Null,
        code_errors: Vec::new(),
        diagnostics: findings.to_vec(),
    })
}
