//! The resolvers that are measured, each with its context: for the benchmark (`cargo bench -p appsync-js`) and for the example
//! that instructions are counted of (`scripts/instructions`), so that both speak of the same.

use appsync_js::{CompileOptions, Entry, Handler, Limits, Module, compile};
use appsync_utils::Session;
use value::{Object, Value};

/// The least a resolver does.
const HELLO: &str = "import { util } from '@aws-appsync/utils';
export function request(ctx) { return { payload: `Hello, ${ctx.args.name}!` } }
export function response(ctx) { return ctx.result }
";

/// A hundred objects of ten fields made in a loop.
const LIST: &str = "export function request(ctx) {
  const items = [];
  for (const at of ctx.args.places) {
    items.push({
      id: `item-${at}`, title: 'Title ' + at, body: 'A body of some length that stands for text', state: at % 2 === 0 ? 'OPEN' : 'CLOSED',
      version: at, score: at / 7, open: at % 3 === 0, owner: 'owner', place: at + 1, tag: 'tag-' + (at % 5),
    });
  }
  return { payload: items };
}
export function response(ctx) { return ctx.result }
";

/// A resolver with its context, and which of its handlers are called.
pub(crate) struct Case {
    /// What it is called.
    pub(crate) name: &'static str,
    module: Module,
    context: Object,
    handlers: &'static [Handler],
}

impl Case {
    fn new(name: &'static str, code: &str, context: Object, handlers: &'static [Handler]) -> Self {
        let compiled = compile(Entry { path: "code.js", text: code }, &|_| None, &CompileOptions::default());
        let module = compiled.module.unwrap_or_else(|| panic!("{:?}", compiled.findings));
        Self { name, module, context, handlers }
    }

    /// Evaluates the handlers; what the last one returned.
    pub(crate) fn evaluate(&self) -> Value {
        let mut last = Value::Null;
        for handler in self.handlers {
            let mut session = Session::system(self.context.get("identity").cloned().unwrap_or_default());
            let evaluation = self.module.evaluate(*handler, &self.context, &mut session, &Limits::default());
            last = evaluation.expect("it evaluates").value;
        }
        last
    }
}

fn context(text: &str) -> Object {
    Value::parse(text.as_bytes()).expect("JSON").as_object().expect("an object").clone()
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let pair = &[Handler::Request, Handler::Response];
    let places: Object = [("places", Value::from((0..100).map(Value::from).collect::<Vec<_>>()))].into_iter().collect();
    let listed: Object = [("arguments", Value::from(places))].into_iter().collect();
    let greeted = context(r#"{"arguments": {"name": "x"}, "source": null, "stash": {}, "result": "Hello, x!"}"#);
    vec![
        Case::new("reference", include_str!("../reference.js"), context(include_str!("../reference.json")), pair),
        Case::new("hello", HELLO, greeted, pair),
        Case::new("list100", LIST, listed, &pair[..1]),
    ]
}
