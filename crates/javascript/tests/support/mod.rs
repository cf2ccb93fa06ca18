//! Compiles and evaluates small programs.

#![allow(unreachable_pub, reason = "tests share it")]
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod generate;
pub mod quickjs;

use std::time::{Duration, Instant};

use javascript::{Fault, Host, HostFault, HostNode, Invocation, Limits, Outcome, Place, Program, Target, compile_file, link};
use oxc::allocator::Allocator;
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use value::{Object, Value};

/// The modules of the tests' host: `@host` with `util.echo`, `util.fail`, `util.stop`, `util.sql` and `util.time.now`.
pub fn modules() -> &'static [HostNode] {
    static MODULES: std::sync::LazyLock<Vec<HostNode>> = std::sync::LazyLock::new(|| {
        let leaf = |name, function| (name, HostNode { name, function: Some(function), members: Default::default() });
        let time = HostNode { name: "time", function: None, members: [leaf("now", 4)].into() };
        let members = [leaf("echo", 0), leaf("fail", 1), leaf("stop", 2), leaf("sql", 3), leaf("toil", 5), ("time", time)].into();
        let util = HostNode { name: "util", function: None, members };
        vec![HostNode { name: "@host", function: None, members: [("util", util)].into() }]
    });
    &MODULES
}

#[derive(Default)]
pub struct TestHost {
    pub lines: Vec<String>,
    /// Work that nobody has counted yet.
    work: u64,
}

impl Host for TestHost {
    fn call(&mut self, function: u32, arguments: &[Value]) -> Result<Value, HostFault> {
        match function {
            0 => Ok(arguments.first().cloned().unwrap_or_default()),
            1 => Err(HostFault::Throw(arguments.first().and_then(Value::as_str).unwrap_or("failed").to_owned())),
            2 => Err(HostFault::Stop),
            3 => Ok(Value::from(arguments.to_vec())),
            5 => {
                self.work += arguments.first().and_then(Value::as_i64).map_or(0, i64::unsigned_abs);
                Ok(Value::Null)
            }
            _ => Ok(Value::from("now")),
        }
    }

    fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    fn now_ms(&mut self) -> f64 {
        0.0
    }

    fn random(&mut self) -> f64 {
        0.5
    }

    fn log(&mut self, _: bool, line: String, _: Option<Place>) {
        self.lines.push(line);
    }
}

/// Compiles files in order of dependency; `./n` is the file number n, `@host` the host.
pub fn compile(files: &[&str]) -> Result<Program, String> {
    let allocator = Allocator::default();
    let mut compiled = Vec::new();
    for (number, text) in files.iter().enumerate() {
        let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
        if let Some(diagnostic) = parsed.diagnostics.first() {
            return Err(format!("syntax: {}", diagnostic.message));
        }
        let semantic = SemanticBuilder::new().build(&parsed.program);
        let file = compile_file(&parsed.program, semantic.semantic.scoping(), number, text, None);
        compiled.push(file.map_err(|errors| format!("{}: {}", errors[0].offset, errors[0].message))?);
    }
    let target = |source: &str| match source.strip_prefix("./") {
        Some(number) => number.parse().ok().map(Target::File),
        None => Some(Target::Host(0)),
    };
    let targets: Vec<Vec<Option<Target>>> =
        compiled.iter().map(|file| file.imports.iter().map(|import| target(&import.source)).collect()).collect();
    link(compiled, &targets, modules()).map_err(|error| error.message)
}

pub fn limits() -> Limits {
    Limits { deadline: Instant::now() + Duration::from_secs(20), memory: 64 << 20, result_bytes: 5 << 20 }
}

/// Calls `request` with `context`.
pub fn evaluate(program: &Program, context: &Value, limits: &Limits) -> Outcome {
    let empty = Object::new();
    let invocation = Invocation {
        export: "request",
        argument: context.as_object().unwrap_or(&empty),
        defaults: &[],
        aliases: &[("args".into(), "arguments")],
        hidden: &[("info", &["secret"])],
        read_back: "stash",
    };
    program.evaluate(&invocation, &mut TestHost::default(), limits)
}

/// What the body of a function of `ctx` gives, as JSON, or the fault in words.
pub fn run(body: &str) -> String {
    run_in(body, &Value::Null)
}

pub fn run_in(body: &str, context: &Value) -> String {
    let text = format!("import {{ util }} from '@host';\nexport function request(ctx) {{\n{body}\n}}\n(util);");
    let program = match compile(&[&text]) {
        Ok(program) => program,
        Err(message) => return message,
    };
    show(evaluate(&program, context, &limits()))
}

pub fn show(outcome: Outcome) -> String {
    match outcome.result {
        Ok(returned) if returned.undefined => "undefined".to_owned(),
        Ok(returned) => returned.value.to_json(),
        Err(Fault::Thrown { message, .. }) => message,
        Err(fault) => format!("{fault:?}"),
    }
}
