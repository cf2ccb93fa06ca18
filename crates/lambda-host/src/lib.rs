//! Runs AWS Lambda handlers on this machine behind the real
//! [Lambda Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//!
//! A [`LambdaHost`] holds functions ([`FunctionDefinition`]) and invokes them. Node.js and Python handlers run under small
//! bootstraps of this crate with the machine's own `node` and `python3`; anything else that speaks the Runtime API runs as the
//! executable `bootstrap` of its folder. Every process has a Runtime API of its own on a random loopback port, which answers that
//! process only, and is used again while it lives: cold starts, warm pools, timeouts, crashes and error objects are Lambda's.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use lambda_host::{FunctionDefinition, InvokeRequest, LambdaHost, Runtime, Settings};
//!
//! let host = LambdaHost::new(Settings::default());
//! host.register(FunctionDefinition::new("greet", Runtime::Node, "functions/greet", "index.handler"))?;
//! // Inside a Tokio runtime with I/O and time.
//! let answer = host.invoke("greet", InvokeRequest::new(r#"{"name":"Ada"}"#)).await?;
//! assert_eq!(answer.function_error, None);
//! # Ok(())
//! # }
//! ```
//!
//! What of Lambda is not here: layers and the SDKs that Lambda's own runtimes bring along (packages are looked for in the code
//! folder), extensions, streamed responses, versions and aliases, destinations and dead-letter queues.
//!
//! [`invoke_api()`] gives the same functions the form of Lambda's `Invoke` REST operation, as data: requests in, responses out.
//!
//! Nothing here knows AppSync, configuration files or HTTP servers other than the Runtime API.

mod definition;
mod environment;
mod failure;
mod function;
mod guard;
mod held_stream;
mod host;
mod invocation;
mod invoke_api;
mod launch;
mod logs;
mod name;
mod peer;
mod reload;
mod runtime_api;
mod settings;
mod stragglers;

pub use definition::{Credentials, DefinitionError, FunctionDefinition, LONGEST_TIMEOUT, MEMORY_MB, Runtime};
pub use host::LambdaHost;
pub use invocation::{FunctionError, Invocation, InvocationType, InvokeError, InvokeRequest};
pub use invoke_api::invoke_api;
pub use name::{FunctionReference, is_function_name};
pub use settings::{EVENT_LIMIT, LogLine, LogSink, REQUEST_LIMIT, RESPONSE_LIMIT, Settings, Stream};
