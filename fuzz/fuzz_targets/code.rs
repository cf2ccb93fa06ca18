//! Resolver code: any text is compiled or refused with places inside of it, and what was compiled ends within its limits.
//!
//! Input: the code, then, behind a line `// ctx`, the context as JSON.

#![no_main]

use std::time::{Duration, Instant};

use appsync_js::{CompileOptions, Entry, Handler, Limits, compile};
use appsync_utils::Session;
use libfuzzer_sys::fuzz_target;
use value::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (code, context) = text.split_once("\n// ctx\n").unwrap_or((text, "{}"));
    let context = Value::parse(context.as_bytes()).ok().and_then(|context| context.as_object().cloned()).unwrap_or_default();
    for (path, strict) in [("code.js", false), ("code.ts", true)] {
        let compiled = compile(Entry { path, text: code }, &|_| None, &CompileOptions { strict, ..CompileOptions::default() });
        for finding in &compiled.findings {
            assert!(finding.span.start <= finding.span.end && finding.span.end <= code.len(), "{finding} lies outside");
        }
        let Some(module) = compiled.module else {
            assert!(!compiled.findings.is_empty(), "a refusal says why");
            continue;
        };
        for handler in [Handler::Request, Handler::Response] {
            let limits = Limits { deadline: Duration::from_millis(50), memory: 8 << 20, result_bytes: 1 << 20 };
            let began = Instant::now();
            let _ = module.evaluate(handler, &context, &mut Session::system(Value::Null), &limits);
            assert!(began.elapsed() < Duration::from_secs(3), "it ran longer than its limit");
        }
    }
});
