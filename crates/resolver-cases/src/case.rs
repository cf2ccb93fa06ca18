//! What a case file says, as plain data. [`read`](crate::read) makes it from text, [`CaseFile::to_text`] makes text from it.

use std::ops::Range;

use value::{Object, Str, Value};

/// The instant at which cases run that do not name one: 2025-01-01T00:00:00Z, in milliseconds since 1970.
pub const DEFAULT_CLOCK: i64 = 1_735_689_600_000;

/// A file of cases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFile {
    /// `api`: the id or name of the API, where the definition has several.
    pub api: Option<Str>,
    /// `defaults`: what holds for each case that says nothing else.
    pub defaults: Setting,
    /// `cases`, in order; their names are distinct.
    pub cases: Vec<Case>,
}

/// What an evaluation finds around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// `clock`: what the utilities of time say, in milliseconds since 1970.
    pub clock: Option<i64>,
    /// `seed`: where random numbers and ids begin.
    pub seed: Option<u64>,
    /// `ids`: the random bytes of the first UUIDs, before the random numbers of the seed.
    pub ids: Option<Vec<[u8; 16]>>,
    /// `random`: the first random bytes, whatever they are drawn for; what a recorder saw. Then `ids` follow, then the seed.
    pub random: Option<Vec<u8>>,
    /// `context`: members of `ctx` under their own names (`arguments`, never `args`).
    pub context: Object,
}

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// `name`
    pub name: String,
    /// What is run.
    pub target: Target,
    /// `step`: one step of the target; without it the whole target is run.
    pub step: Option<Step>,
    /// `skip`: why the case is not run.
    pub skip: Option<String>,
    /// `clock`, `seed`, `ids`, `context`.
    pub setting: Setting,
    /// `calls`: what data sources are asked and answer, in order. Empty when a step is run.
    pub calls: Vec<SourceCall>,
    /// `expect` or `match`.
    pub expectation: Expectation,
    /// Where the case stands in its file; empty for one that was made otherwise.
    pub span: Range<usize>,
    /// Where its target is named.
    pub target_span: Range<usize>,
}

/// What a case runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `resolver: Type.field`, of the definition.
    Resolver {
        /// The type.
        type_name: Str,
        /// The field.
        field_name: Str,
    },
    /// `function`: a function of pipelines, of the definition.
    Function {
        /// Its name.
        name: Str,
    },
    /// `code`: a file of code or a template; its path starts from the case file.
    Code {
        /// The path as it is written.
        path: Str,
    },
}

impl std::fmt::Display for Target {
    /// `Query.post`, `savePost`, `../Query.post.js`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Resolver { type_name, field_name } => write!(f, "{type_name}.{field_name}"),
            Target::Function { name } => f.write_str(name),
            Target::Code { path } => f.write_str(path),
        }
    }
}

/// One of the two steps of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `request`
    Request,
    /// `response`
    Response,
}

impl Step {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Request => "request",
            Step::Response => "response",
        }
    }
}

/// One call of a data source, as a whole run makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceCall {
    /// `data_source`: the name of the one that must be called; any when it is absent.
    pub data_source: Option<Str>,
    /// `request` or `match`: what it must be asked.
    pub request: Expectation,
    /// `result` or `error`.
    pub answer: Answer,
    /// Where the call stands in its file.
    pub span: Range<usize>,
}

/// What a data source answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `result`: the raw result, `ctx.result`.
    Result(Value),
    /// `error`: `ctx.error`, with what `ctx.result` is beside it.
    Error(SourceError),
}

/// A failed call: what `ctx.error` and the GraphQL error say of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceError {
    /// `message`
    pub message: String,
    /// `type`
    pub error_type: String,
    /// `data`: `ctx.result` beside the error.
    pub data: Value,
    /// `info`: `errorInfo` of the GraphQL error.
    pub info: Value,
    /// `unhandled_type`: what a Lambda function itself called its error, null where it did not say; absent for other sources.
    pub unhandled_type: Option<Value>,
}

/// What must come out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expectation {
    /// Nothing is written: a failure, or what `--update` fills in.
    #[default]
    Missing,
    /// `expect` (of a call: `request`): exactly this.
    Exactly(Value),
    /// `match`: at least this.
    AtLeast(Value),
}

impl Case {
    /// A case that runs the whole of `target`.
    #[must_use]
    pub fn new(name: impl Into<String>, target: Target) -> Self {
        Self {
            name: name.into(),
            target,
            step: None,
            skip: None,
            setting: Setting::default(),
            calls: Vec::new(),
            expectation: Expectation::Missing,
            span: 0..0,
            target_span: 0..0,
        }
    }
}

impl Setting {
    /// This setting over `defaults`: members of the context one by one.
    #[must_use]
    pub fn over(&self, defaults: &Setting) -> Setting {
        let mut context = defaults.context.clone();
        for (name, member) in &self.context {
            context.insert(Str::clone(name), member.clone());
        }
        Setting {
            clock: self.clock.or(defaults.clock),
            seed: self.seed.or(defaults.seed),
            ids: self.ids.clone().or_else(|| defaults.ids.clone()),
            random: self.random.clone().or_else(|| defaults.random.clone()),
            context,
        }
    }
}
