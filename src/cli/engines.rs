//! What a definition keeps in this process, made for `serve` and `check` alike: tables, SQL databases, functions, event buses,
//! user pools.
//! Nothing of it runs, connects or writes before it is used.

use std::path::Path;
use std::sync::Arc;

use lambda_host::LambdaHost;

use super::event_rule;
use crate::api::{Api, Options};
use crate::auth::{self, Authenticator, Issuers};
use crate::data_source::Services;
use crate::database::Databases;
use crate::definition::{DynamodbSettings, ServerDefinition};
use crate::diagnostic::{Diagnostic, Severity};
use crate::event_bus::CompiledRule;
use crate::lambda_function;
use crate::table::DataFolderTables;
use crate::user_pool::LocalUserPools;

/// The engines of a definition.
pub(super) struct Engines {
    pub(super) tables: Arc<DataFolderTables>,
    pub(super) databases: Arc<Databases>,
    pub(super) functions: Option<Arc<LambdaHost>>,
    pub(super) user_pools: Option<Arc<LocalUserPools>>,
    /// What data sources are built with.
    pub(super) services: Arc<Services>,
    /// Whose tokens are verified.
    pub(super) issuers: Issuers,
}

/// A definition's APIs and event rules.
pub(super) struct Compiled {
    /// In the definition's order; `None` is an API with errors.
    pub(super) apis: Vec<Option<Api>>,
    /// Their authorization modes, still without API keys; `None` is an API with errors.
    pub(super) authenticators: Vec<Option<Authenticator>>,
    pub(super) event_rules: Vec<CompiledRule>,
}

impl Engines {
    /// The engines, and what is wrong with them. A language that is missing on this machine is as grave as `missing` says.
    pub(super) fn new(definition: &ServerDefinition, dynamodb: &DynamodbSettings, missing: Severity) -> (Self, Vec<Diagnostic>) {
        let tables = Arc::new(DataFolderTables::new(&definition.server, dynamodb));
        let (databases, mut found) = Databases::new(definition);
        let databases = Arc::new(databases);
        let (functions, more) = lambda_function::host(definition);
        found.extend(more);
        found.extend(lambda_function::missing_programs(definition, missing));
        let mut services = Services::new(Arc::clone(&tables) as _, definition.dynamodb.endpoint.clone())
            .response_limit(definition.server.response_limit)
            .lambda_endpoint(definition.lambda.endpoint.clone())
            .databases(Arc::clone(&databases));
        if let Some(functions) = &functions {
            services = services.functions(Arc::clone(functions));
        }
        let (user_pools, more) = LocalUserPools::open(definition);
        found.extend(more);
        let issuers = user_pools.as_ref().map_or_else(Issuers::default, |pools| Issuers::new(pools.issuers()));
        (Self { tables, databases, functions, user_pools, services: Arc::new(services), issuers }, found)
    }

    /// Compiles the APIs and the event rules of the definition in the file `config`.
    pub(super) fn compile(&self, config: &Path, definition: &ServerDefinition) -> (Compiled, Vec<Diagnostic>) {
        let options = Options::new(config, &definition.server, Arc::clone(&self.services));
        let mut found = Vec::new();
        let compile = |api| {
            let compiled = Api::compile(api, &options);
            found.extend(compiled.diagnostics);
            compiled.api
        };
        let apis: Vec<Option<Api>> = definition.apis.iter().map(compile).collect();
        let mut authenticators = Vec::with_capacity(apis.len());
        for api in &definition.apis {
            let (authenticator, more) = auth::compile(api, &self.issuers, &self.services);
            authenticators.push(authenticator);
            found.extend(more);
        }
        let (event_rules, more) = event_rule::compile(definition, &apis);
        found.extend(more);
        (Compiled { apis, authenticators, event_rules }, found)
    }

    /// Ends what outlives requests: processes of functions, connections to databases.
    pub(super) async fn close(&self) {
        if let Some(functions) = &self.functions {
            functions.shutdown().await;
        }
        self.databases.close().await;
    }
}
