//! The APPSYNC_JS runtime: check, load and evaluate resolver code within limits.
//!
//! [`compile`] reads an entry file with everything it imports, reports what AppSync would refuse and makes a [`Module`];
//! [`Module::evaluate`] calls one of its handlers on the thread's engine. What `util.*` and the request builders do is
//! `appsync-utils`' business, bound here from its tables. This crate does no I/O of its own and knows no GraphQL.

mod compile;
mod engine;
mod finding;
mod host;
mod module;

pub use compile::{CompileOptions, Compiled, Entry, Loader, MAX_CODE_CHARACTERS, compile};
pub use engine::{Evaluation, Fault, Handler, LimitKind, Limits};
pub use finding::{Finding, Severity};
pub use module::Module;
