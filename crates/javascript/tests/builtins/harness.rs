//! Evaluates an expression here and in QuickJS.

use std::time::{Duration, Instant};

use javascript::{Fault, Host, HostFault, HostNode, Invocation, Limits, Place, compile_file, link};
use oxc::allocator::Allocator;
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use value::Value;

/// Shows what JSON cannot: `undefined`, NaN, -0, maps, sets. Names of errors stand for errors.
const SHOW: &str = r#"
const show = (v) => {
  if (v === undefined) return 'undefined';
  if (v === null) return 'null';
  if (typeof v === 'number') return Object.is(v, -0) ? '-0' : String(v);
  if (typeof v === 'string') return JSON.stringify(v);
  if (typeof v === 'boolean') return String(v);
  if (typeof v === 'function') return 'function';
  if (Array.isArray(v)) return '[' + Array.from(v, (x) => show(x)).join(', ') + ']';
  if (v instanceof Map) return 'Map' + show(Array.from(v.entries()));
  if (v instanceof Set) return 'Set' + show(Array.from(v.values()));
  if (v instanceof Date) return 'Date ' + v.getTime();
  if (v instanceof RegExp) return String(v);
  if (v instanceof Error) return '!' + String(v.name) + ' ' + String(v.message);
  return '{' + Object.keys(v).map((k) => k + ': ' + show(v[k])).join(', ') + '}';
};
"#;

/// Gives QuickJS the zone that the evaluator has.
const UTC: &str = r#"
for (const part of ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds']) {
  Date.prototype['get' + part] = Date.prototype['getUTC' + part];
  if (part !== 'Day') Date.prototype['set' + part] = Date.prototype['setUTC' + part];
}
Date.prototype.toString = Date.prototype.toUTCString;
const Native = Date;
const zoned = (t) => /^\s*[-+]?\d+-\d\d-\d\dT[\d:.,]+\s*$/.test(t) ? t.trim() + 'Z' : t;
function SessionDate(...p) {
  if (new.target === undefined) return new Native(0).toUTCString();
  if (p.length === 0) return new Native(0);
  if (p.length > 1) return new Native(Native.UTC(...p));
  return new Native(typeof p[0] === 'string' ? zoned(p[0]) : p[0]);
}
SessionDate.prototype = Native.prototype;
SessionDate.UTC = Native.UTC;
SessionDate.now = () => 0;
SessionDate.parse = (t) => Native.parse(zoned(String(t)));
globalThis.Date = SessionDate;
"#;

struct TestHost;

impl Host for TestHost {
    fn call(&mut self, _: u32, _: &[Value]) -> Result<Value, HostFault> {
        Err(HostFault::Stop)
    }

    fn now_ms(&mut self) -> f64 {
        0.0
    }

    fn random(&mut self) -> f64 {
        0.5
    }

    fn log(&mut self, _: bool, _: String, _: Option<Place>) {}
}

/// What an expression shows here, or the limit that it reached.
pub(crate) fn ours(expression: &str) -> String {
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(20), memory: 64 << 20, result_bytes: 5 << 20 };
    ours_within(expression, Value::Null, &limits)
}

pub(crate) fn ours_within(expression: &str, data: Value, limits: &Limits) -> String {
    let text = format!(
        "{SHOW}\nexport function request(ctx) {{ const data = ctx.data; try {{ return show({expression}); }} catch (e) {{ return '!' + e.name; }} }}"
    );
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return format!("syntax: {}", diagnostic.message);
    }
    let semantic = SemanticBuilder::new().build(&parsed.program);
    let file = match compile_file(&parsed.program, semantic.semantic.scoping(), 0, &text, None) {
        Ok(file) => file,
        Err(errors) => return format!("refused: {}", errors[0].message),
    };
    static NO_MODULES: &[HostNode] = &[];
    let program = match link(vec![file], &[Vec::new()], NO_MODULES) {
        Ok(program) => program,
        Err(error) => return format!("link: {}", error.message),
    };
    let argument = [("data", data)].into_iter().collect();
    let invocation =
        Invocation { export: "request", argument: &argument, defaults: &[], aliases: &[], hidden: &[], read_back: "stash" };
    match program.evaluate(&invocation, &mut TestHost, limits).result {
        Ok(returned) => returned.value.as_str().map_or_else(|| returned.value.to_json(), str::to_owned),
        Err(Fault::Thrown { message, .. }) => format!("thrown: {message}"),
        Err(fault) => format!("{fault:?}"),
    }
}

/// QuickJS, as the evaluator's oracle.
pub(crate) struct Oracle {
    context: rquickjs::Context,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        let runtime = rquickjs::Runtime::new().expect("a runtime");
        let context = rquickjs::Context::full(&runtime).expect("a context");
        context.with(|ctx| ctx.eval::<(), _>(format!("(() => {{ {UTC} }})();")).expect("the zone"));
        Self { context }
    }

    pub(crate) fn show(&self, expression: &str) -> String {
        let text = format!(
            "(() => {{ 'use strict'; {SHOW} try {{ return show({expression}); }} catch (e) {{ return '!' + e.name; }} }})()"
        );
        self.context.with(|ctx| match ctx.eval::<String, _>(text) {
            Ok(shown) => shown,
            Err(error) => format!("quickjs: {error}"),
        })
    }
}

/// Each expression shows the same here and in QuickJS.
pub(crate) fn check(expressions: &[&str]) {
    let oracle = Oracle::new();
    let mut wrong = String::new();
    for expression in expressions {
        let (ours, theirs) = (ours(expression), oracle.show(expression));
        if ours != theirs {
            wrong.push_str(&format!("{expression}\n  here    {ours}\n  QuickJS {theirs}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
