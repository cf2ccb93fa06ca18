//! Lambda in this process: `[lambda]`, and its functions in the words of CloudFormation's `AWS::Lambda::Function`:
//! `[[lambda_function]]`.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use value::Str;

use super::{AccessKey, AwsCredentials, Secret, ServiceEndpoint};
use crate::diagnostic::Place;

/// What holds for every function, and who may invoke them over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaSettings {
    /// `endpoint`: where the functions are that data sources without an endpoint of their own invoke. Default `embedded`.
    pub endpoint: ServiceEndpoint,
    /// `aws_region`: what functions see as `AWS_REGION`, and what stands in their ARNs. Default `us-east-1`.
    pub aws_region: Str,
    /// `access_keys`: who may use the Invoke API. In development on a loopback address everyone may.
    pub access_keys: Vec<AccessKey>,
    /// `idle_timeout`: a process that had nothing to do for so long is ended. Default `5m`.
    pub idle_timeout: Duration,
    /// `reload`: whether a function whose code changes runs the new code from the next invocation on. Default: in development.
    pub reload: bool,
    /// `node`: the Node.js program, a name that is looked up in `PATH` or a path. Default `node`.
    pub node: PathBuf,
    /// `python`: the Python program, likewise. Default `python3`.
    pub python: PathBuf,
}

impl Default for LambdaSettings {
    fn default() -> Self {
        Self {
            endpoint: ServiceEndpoint::Embedded,
            aws_region: "us-east-1".into(),
            access_keys: Vec::new(),
            idle_timeout: Duration::from_secs(300),
            reload: true,
            node: "node".into(),
            python: "python3".into(),
        }
    }
}

/// A function: `[[lambda_function]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaFunction {
    /// `FunctionName`
    pub function_name: Str,
    /// `Runtime`
    pub runtime: LambdaRuntime,
    /// `Handler`; where the file has none, that of the single file, and nothing for a custom runtime.
    pub handler: Str,
    /// `Code`: the folder that the handler is looked for in. Where the file names a single one, its folder.
    pub code: PathBuf,
    /// `Timeout`. Default 3 seconds.
    pub timeout: Duration,
    /// `MemorySize` in MB. Default 128.
    pub memory_size: u32,
    /// `Environment`: its variables. They often hold passwords, so they are kept as secrets.
    pub environment: IndexMap<Str, Secret>,
    /// `ReservedConcurrentExecutions`: how many processes there may be at once. Default 10.
    pub reserved_concurrent_executions: usize,
    /// `access_key_id`, `secret_access_key`, `session_token`: what the handler's AWS SDK signs with.
    pub credentials: Option<AwsCredentials>,
    /// Where its name is written.
    pub place: Option<Place>,
}

/// What runs a function's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LambdaRuntime {
    /// `nodejs22.x` and its like.
    Nodejs,
    /// `python3.13` and its like.
    Python,
    /// `provided.al2023` and its like: an executable named `bootstrap`.
    Provided,
}
