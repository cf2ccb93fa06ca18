//! Resolvers and pipeline functions (AppSync's `Resolver` and `FunctionConfiguration`).

use std::sync::Arc;
use std::time::Duration;

use value::Str;

use crate::diagnostic::{Place, Source};

/// What answers a field.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// `typeName`
    pub type_name: Str,
    /// `fieldName`
    pub field_name: Str,
    /// `kind`, with the data source or the functions.
    pub kind: ResolverKind,
    /// `code`, or `requestMappingTemplate` and `responseMappingTemplate`, or neither.
    pub runtime: Runtime,
    /// `maxBatchSize` of a direct Lambda resolver, at most 2,000; 0 is no batching.
    pub max_batch_size: u32,
    /// `cachingConfig`
    pub caching_config: Option<CachingConfig>,
    /// `syncConfig`
    pub sync_config: Option<SyncConfig>,
    /// Where it is defined: its entry, or the start of its file.
    pub place: Option<Place>,
}

/// `ResolverKind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolverKind {
    /// `UNIT`: one data source.
    Unit {
        /// `dataSourceName`
        data_source: Str,
    },
    /// `PIPELINE`: functions in this order.
    Pipeline {
        /// `pipelineConfig.functions`, by name.
        functions: Vec<Str>,
    },
}

/// What runs before and after the data source (or, in a pipeline resolver, before and after the functions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// `code`, runtime `APPSYNC_JS`. TypeScript when the path ends in `.ts`.
    Code(Arc<Source>),
    /// Mapping templates in VTL.
    Templates {
        /// `requestMappingTemplate`
        request: Option<Arc<Source>>,
        /// `responseMappingTemplate`
        response: Option<Arc<Source>>,
    },
    /// Neither: the data source gets the whole context (direct Lambda), or the pipeline has no step of its own.
    Direct,
}

/// A function of pipelines.
#[derive(Clone, Debug)]
pub struct Function {
    /// `name`
    pub name: Str,
    /// `description`
    pub description: Option<Str>,
    /// `dataSourceName`
    pub data_source: Str,
    /// `code`, or the mapping templates, or neither.
    pub runtime: Runtime,
    /// `functionVersion`
    pub function_version: FunctionVersion,
    /// `maxBatchSize` of a direct Lambda function, at most 2,000; 0 is no batching.
    pub max_batch_size: u32,
    /// `syncConfig`
    pub sync_config: Option<SyncConfig>,
    /// Where it is defined: its entry, or the start of its file.
    pub place: Option<Place>,
}

/// `functionVersion`: AppSync has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionVersion {
    /// `2018-05-29`
    #[default]
    V2018_05_29,
}

/// `CachingConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachingConfig {
    /// `ttl`: 1 to 3,600 seconds.
    pub ttl: Duration,
    /// `cachingKeys`: at most 25 paths below `$context.arguments`, `$context.source`, `$context.identity`.
    pub caching_keys: Vec<Str>,
}

/// `SyncConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncConfig {
    /// `conflictDetection`
    pub conflict_detection: ConflictDetection,
    /// `conflictHandler`
    pub conflict_handler: ConflictHandler,
}

/// `ConflictDetection`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictDetection {
    /// `VERSION`
    Version,
    /// `NONE`
    None,
}

/// `ConflictHandler`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictHandler {
    /// `OPTIMISTIC_CONCURRENCY`
    OptimisticConcurrency,
    /// `AUTOMERGE`
    Automerge,
    /// `LAMBDA`, with `lambdaConflictHandlerConfig.lambdaConflictHandlerArn`.
    Lambda {
        /// The function's ARN.
        lambda_conflict_handler_arn: Str,
    },
    /// `NONE`
    None,
}
