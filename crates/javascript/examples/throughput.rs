//! How long typical resolvers take: `cargo run --release -p javascript --example throughput [case] [rounds]`.

use std::time::{Duration, Instant};

use javascript::{Host, HostFault, HostNode, Invocation, Limits, Place, Program, Target, compile_file, link};
use oxc::allocator::Allocator;
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use value::{Object, Value};

/// A request and its response, as most resolvers have them.
const RESOLVER: &str = "import { util } from '@host';

const TABLE = 'posts';
const pick = (object, names) => {
  const out = {};
  for (const name of names) {
    if (object[name] !== undefined) out[name] = object[name];
  }
  return out;
};

export function request(ctx) {
  const { id, title, tags = [], ...rest } = ctx.args.input;
  if (!id) util.error('id is required');
  const owner = ctx.identity?.claims?.sub ?? 'nobody';
  ctx.stash.owner = owner;
  const key = util.map({ id, owner });
  const values = { ...pick(rest, ['body', 'state']), title: `${title.trim()} (${tags.length})`, version: (rest.version ?? 0) + 1 };
  return { operation: 'PutItem', table: TABLE, key, attributeValues: values, tags: tags.map((tag) => tag.toUpperCase()) };
}

export function response(ctx) {
  const { error, result } = ctx;
  if (error) return util.error(error.message, error.type);
  if (!result || (result.owner !== ctx.identity.claims.sub && !result.public)) return null;
  const comments = result.comments.filter((comment) => comment.text.length > 0).map((comment, index) => ({ ...comment, index }));
  return { ...result, comments, title: result.title.toUpperCase(), mine: true };
}
";

/// A hundred objects of ten fields.
const LIST: &str = "export function request(ctx) { return {} }
export function response(ctx) {
  const items = [];
  for (let i = 0; i < 100; i++) {
    items.push({
      id: `item-${i}`, title: `Title ${i}`, body: 'Some text that is not too short for a post', state: i % 2 === 0 ? 'open' : 'closed',
      version: i, score: i * 1.5, open: i % 3 === 0, owner: 'ann', place: i + 1, tag: 'one',
    });
  }
  return items;
}
";

struct Util;

impl Host for Util {
    fn call(&mut self, function: u32, arguments: &[Value]) -> Result<Value, HostFault> {
        match function {
            0 => Ok(arguments.first().cloned().unwrap_or_default()),
            _ => Err(HostFault::Stop),
        }
    }

    fn now_ms(&mut self) -> f64 {
        0.0
    }

    fn random(&mut self) -> f64 {
        0.5
    }

    fn log(&mut self, _: bool, _: String, _: Option<Place>) {}
}

fn modules() -> &'static [HostNode] {
    static MODULES: std::sync::LazyLock<Vec<HostNode>> = std::sync::LazyLock::new(|| {
        let leaf = |name, function| (name, HostNode { name, function: Some(function), members: Default::default() });
        let util = HostNode { name: "util", function: None, members: [leaf("map", 0), leaf("error", 1)].into() };
        vec![HostNode { name: "@host", function: None, members: [("util", util)].into() }]
    });
    &MODULES
}

fn compile(text: &str) -> Program {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
    let semantic = SemanticBuilder::new().build(&parsed.program);
    let file = compile_file(&parsed.program, semantic.semantic.scoping(), 0, text, None).expect("the code compiles");
    let targets = vec![vec![Some(Target::Host(0)); file.imports.len()]];
    link(vec![file], &targets, modules()).expect("the code links")
}

/// A context of about 2.6 KB.
fn context() -> Value {
    let claims = r#""sub": "7b1c", "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "exp": 1700000000,
      "cognito:username": "ann", "cognito:groups": ["admin", "staff"], "email": "ann@example.com", "auth_time": 1699990000"#;
    let headers: String =
        (0..21).map(|at| format!(r#""x-header-{at}": "the value of header number {at}, rather long","#)).collect();
    let text = format!(
        r#"{{"arguments": {{"input": {{"id": "7f1", "title": "A title", "body": "Some text of a post", "state": "open", "version": 3,
          "tags": ["one", "two", "three"]}}}},
        "identity": {{"sub": "7b1c", "username": "ann", "sourceIp": ["10.0.0.1"], "claims": {{{claims}}}}},
        "request": {{"headers": {{{headers} "host": "example.com"}}}}, "stash": {{}}, "source": null, "env": {{}}, "outErrors": [],
        "result": {{"id": "7f1", "owner": "7b1c", "title": "A title", "body": "{}", "public": false, "version": 4,
          "comments": [{{"id": 1, "text": "one"}}, {{"id": 2, "text": "two"}}]}},
        "info": {{"fieldName": "getPost", "parentTypeName": "Query", "variables": {{"id": "7f1"}}}}, "prev": null, "error": null}}"#,
        "text of the post ".repeat(35)
    );
    Value::parse(text.as_bytes()).expect("the context is JSON")
}

fn evaluate(program: &Program, exports: &[&str], context: &Object, limits: &Limits) -> usize {
    let mut bytes = 0;
    for export in exports {
        let invocation = Invocation {
            export,
            argument: context,
            defaults: &[],
            aliases: &[("args".into(), "arguments")],
            hidden: &[("info", &["selectionSetList", "selectionSetGraphQL"])],
            read_back: "stash",
        };
        let outcome = program.evaluate(&invocation, &mut Util, limits);
        bytes += match outcome.result {
            Ok(returned) => returned.value.as_object().map_or(1, Object::len),
            Err(fault) => panic!("{fault:?}"),
        };
    }
    bytes
}

/// The best of several runs, as the machine may do other work, too.
fn best(rounds: u32, mut run: impl FnMut()) -> Duration {
    const RUNS: u32 = 10;
    let each = (rounds / RUNS).max(1);
    let time = |_| {
        let started = Instant::now();
        (0..each).for_each(|_| run());
        started.elapsed() / each
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_default();
    let rounds: u32 = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(50_000);
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(3_600), memory: 32 << 20, result_bytes: 5 << 20 };
    let context = context();
    println!("a context of {} bytes", context.to_json().len());
    let context = context.as_object().expect("the context is an object");
    let cases: [(&str, &str, &[&str], u32); 4] = [
        ("pair", RESOLVER, &["request", "response"], 1),
        ("request", RESOLVER, &["request"], 1),
        ("list100", LIST, &["response"], 20),
        ("nothing", LIST, &["request"], 1),
    ];
    for (name, text, exports, weight) in cases.into_iter().filter(|(name, ..)| name.contains(&wanted)) {
        let program = compile(text);
        let rounds = (rounds / weight).max(1);
        let parts = evaluate(&program, exports, context, &limits);
        let evaluating = best(rounds, || assert_eq!(evaluate(&program, exports, context, &limits), parts));
        println!("{name}: {evaluating:?}");
    }
}
