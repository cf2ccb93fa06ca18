//! The APPSYNC_JS runtime: check, load and evaluate resolver code within limits.
//!
//! [`compile`] reads an entry file with everything it imports, reports what AppSync would refuse and makes a [`Module`];
//! [`Module::evaluate`] calls one of its handlers on the thread's engine. What `util.*` and the request builders do is
//! `appsync-utils`' business, bound here from its tables. This crate does no I/O of its own and knows no GraphQL.
//!
//! ```
//! use appsync_js::{CompileOptions, Entry, Handler, Limits, compile};
//! use value::{Value, value};
//!
//! let text = "export function request(ctx) { return { payload: `Hello, ${ctx.args.name}!` } }";
//! let compiled = compile(Entry { path: "hello.js", text }, &|_| None, &CompileOptions::default());
//! assert!(compiled.findings.is_empty());
//!
//! let module = compiled.module.expect("no finding is an error");
//! let context = value!({"arguments": {"name": "Ada"}});
//! let context = context.as_object().expect("an object");
//! let mut session = appsync_utils::Session::system(Value::Null);
//! let evaluation = module.evaluate(Handler::Request, context, &mut session, &Limits::default())?;
//! assert_eq!(evaluation.value, value!({"payload": "Hello, Ada!"}));
//! # Ok::<(), appsync_js::Fault>(())
//! ```

mod compile;
mod evaluate;
mod finding;
mod host;
mod module;

pub use compile::{CompileOptions, Compiled, Entry, Loader, MAX_CODE_CHARACTERS, compile};
pub use evaluate::{Evaluation, Fault, Handler, LimitKind, Limits};
pub use finding::{Finding, Severity};
pub use module::Module;
