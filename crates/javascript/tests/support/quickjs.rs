//! The oracle: QuickJS, which follows ECMA-262.

use rquickjs::{CatchResultExt, Context, Runtime};

/// The functions of the tests' host, as far as snippets use them.
const HOST: &str = "
const util = {
  echo: (x) => x === undefined ? null : x,
  fail(message) { throw new Error(message); },
  sql: (texts, ...values) => [texts, ...values],
  time: { now: () => 'now' },
};
";

/// One runtime, used for many programs.
pub(crate) struct Oracle {
    context: Context,
    _runtime: Runtime,
}

impl Oracle {
    /// A fresh engine.
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().expect("QuickJS starts");
        runtime.set_memory_limit(256 << 20);
        let context = Context::full(&runtime).expect("QuickJS starts");
        Self { context, _runtime: runtime }
    }

    /// What `body`, as the body of a function in strict mode, returns; `throws NAME` if it throws.
    pub(crate) fn run(&self, body: &str) -> String {
        self.text(&format!("'use strict'; String((() => {{\n{body}\n}})())"))
    }

    /// As [`run`](Self::run), but what it returns as JSON.
    pub(crate) fn json(&self, body: &str) -> String {
        self.text(&format!("'use strict'; (() => {{ {HOST}\nreturn String(JSON.stringify((() => {{\n{body}\n}})())); }})()"))
    }

    fn text(&self, code: &str) -> String {
        self.context.with(|ctx| {
            match ctx.eval::<String, _>(code).catch(&ctx) {
                Ok(text) => text,
                Err(rquickjs::CaughtError::Exception(exception)) => {
                    format!("throws {}", exception.as_object().get::<_, String>("name").unwrap_or_default())
                }
                Err(rquickjs::CaughtError::Value(value)) => {
                    let shown = value.get::<rquickjs::convert::Coerced<String>>().map(|text| text.0).unwrap_or_default();
                    format!("throws the value {shown}")
                }
                // A lone surrogate has no UTF-8.
                Err(rquickjs::CaughtError::Error(error)) => format!("no text: {error}"),
            }
        })
    }
}
