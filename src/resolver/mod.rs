//! Unit and pipeline resolvers: evaluation of code and templates around calls of data sources. Knows no HTTP.
//!
//! Start at [`run`]: one resolver for one parent. A unit resolver is a pipeline of one function whose request and response
//! steps are the resolver's own.

pub mod compile;
mod context;
mod evaluate;
mod request;
mod run;
mod vtl;

use std::sync::Arc;

use value::Str;

use crate::data_source::DataSource;

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
    /// Its name; a unit resolver's is `Type.field`.
    pub name: Str,
    /// Its request and response.
    pub code: Code,
    /// The data source that it calls.
    pub data_source: Arc<dyn DataSource>,
    /// The name of the data source.
    pub data_source_name: Str,
}

/// The code of a request and a response step.
#[derive(Clone)]
pub enum Code {
    /// APPSYNC_JS.
    Js(Arc<JsCode>),
    /// Velocity templates.
    Vtl(Arc<VtlCode>),
}

/// What bounds one evaluation beside its time (`[api.limits]`).
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of its result.
    pub result: usize,
    /// Turns of one `#foreach`.
    pub iterations: usize,
}

/// A compiled module, and whether it ever ran out of its inline budget.
pub struct JsCode {
    /// The module.
    pub module: appsync_js::Module,
    /// What bounds it.
    pub bounds: Bounds,
    /// Set once it was interrupted: from then on it runs beside the workers.
    pub slow: std::sync::atomic::AtomicBool,
}

/// The templates of a step.
pub struct VtlCode {
    /// The request mapping template.
    pub request: Option<velocity::Template>,
    /// The response mapping template.
    pub response: Option<velocity::Template>,
    /// What bounds them.
    pub bounds: Bounds,
    /// As in [`JsCode`].
    pub slow: std::sync::atomic::AtomicBool,
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
