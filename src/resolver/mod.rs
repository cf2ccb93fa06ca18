//! Unit and pipeline resolvers: evaluation of code and templates around calls of data sources. Knows no HTTP.
//!
//! Start at `run`: one resolver for one parent. A unit resolver is a pipeline of one function whose request and response
//! steps are the resolver's own. `together` runs the parents of one field in step, where a data source takes their requests with
//! one call. `direct` has the steps that a resolver without code or templates leaves to the service. `offline` evaluates single steps without all that.

pub mod compile;
mod context;
mod direct;
mod evaluate;
pub mod offline;
mod rendered;
mod request;
mod run;
mod together;
mod traced;
mod vtl;
pub mod whole;

use std::sync::Arc;

use value::Str;

use crate::data_source::DataSource;
use crate::definition::Runtime;
use crate::diagnostic::Source;

pub use evaluate::Pace;
pub(crate) use request::weight;
pub use request::{RequestResolvers, ResolverSet, env};

/// A compiled resolver.
#[derive(Debug)]
pub struct Resolver {
    /// The parent type.
    pub type_name: Str,
    /// The field.
    pub field_name: Str,
    /// What it runs.
    pub kind: Kind,
    /// Where the before-step and the after-step of a pipeline come from.
    pub origin: Origin,
}

/// Where code comes from, for those who look at what it did.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The text of the request step.
    pub request: Option<Arc<Source>>,
    /// The text of the response step.
    pub response: Option<Arc<Source>>,
}

impl Origin {
    /// The text of a step.
    #[must_use]
    pub fn source(&self, step: Step) -> Option<&Arc<Source>> {
        match step {
            Step::Request => self.request.as_ref(),
            Step::Response => self.response.as_ref(),
        }
    }
}

impl From<&Runtime> for Origin {
    fn from(runtime: &Runtime) -> Self {
        match runtime {
            Runtime::Code(source) => Self { request: Some(Arc::clone(source)), response: Some(Arc::clone(source)) },
            Runtime::Templates { request, response } => Self { request: request.clone(), response: response.clone() },
            Runtime::Direct => Self::default(),
        }
    }
}

/// Unit or pipeline.
#[derive(Debug)]
pub enum Kind {
    /// One request, one data source, one response.
    Unit(Function),
    /// Before, functions, after.
    Pipeline {
        /// The resolver's own code: its request is the before-step, its response the after-step.
        code: Code,
        /// The functions, in order.
        functions: Vec<Arc<Function>>,
    },
}

/// A step that calls a data source.
#[derive(Debug)]
pub struct Function {
    /// The name of a pipeline's function; a unit resolver's has none.
    pub name: Option<Str>,
    /// Its request and response.
    pub code: Code,
    /// Where those come from.
    pub origin: Origin,
    /// What the definition calls the data source.
    pub data_source_name: Str,
    /// The data source's type, as AppSync names it.
    pub data_source_type: &'static str,
    /// The data source that it calls.
    pub data_source: Arc<dyn DataSource>,
    /// `maxBatchSize`: how many requests go into one call where the data source gathers them.
    pub max_batch_size: u32,
}

impl Kind {
    /// The functions, in order.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        let (unit, pipeline) = match self {
            Kind::Unit(function) => (Some(function), &[][..]),
            Kind::Pipeline { functions, .. } => (None, functions.as_slice()),
        };
        unit.into_iter().chain(pipeline.iter().map(|function| &**function))
    }
}

/// The code of a request and a response step.
#[derive(Clone)]
pub enum Code {
    /// APPSYNC_JS.
    Js(Arc<JsCode>),
    /// Velocity templates.
    Vtl(Arc<VtlCode>),
}

/// A compiled module, and how it runs.
pub struct JsCode {
    /// The module.
    pub module: appsync_js::Module,
    /// What one evaluation may use.
    pub limits: EvaluationLimits,
    /// Whether it runs on the workers or beside them.
    pub pace: Pace,
}

/// The templates of a step.
pub struct VtlCode {
    /// The request mapping template.
    pub request: Option<velocity::Template>,
    /// The response mapping template.
    pub response: Option<velocity::Template>,
    /// What one evaluation may use.
    pub limits: EvaluationLimits,
    /// As in [`JsCode`].
    pub pace: Pace,
}

/// What one evaluation may use beside its time: `[api.limits]` of the definition.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationLimits {
    /// `evaluation_result`: bytes of the result.
    pub result_bytes: usize,
    /// `loop_iterations`: turns of one `#foreach`.
    pub loop_iterations: usize,
}

impl From<&crate::definition::Limits> for EvaluationLimits {
    fn from(limits: &crate::definition::Limits) -> Self {
        Self {
            result_bytes: usize::try_from(limits.evaluation_result).unwrap_or(usize::MAX),
            loop_iterations: limits.loop_iterations as usize,
        }
    }
}

impl Code {
    /// No code at all: a pipeline without steps of its own.
    fn none() -> Self {
        let limits = EvaluationLimits::from(&crate::definition::Limits::default());
        Code::Vtl(Arc::new(VtlCode { request: None, response: None, limits, pace: Pace::default() }))
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Code::Js(_) => "APPSYNC_JS",
            Code::Vtl(_) => "VTL",
        })
    }
}

/// Which of the two steps of some code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `request(ctx)`, the request mapping template.
    Request,
    /// `response(ctx)`, the response mapping template.
    Response,
}
