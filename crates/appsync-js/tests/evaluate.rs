//! Evaluations through the public door: results, isolation, errors, limits.

use std::time::Duration;

use appsync_js::{CompileOptions, Compiled, Entry, Evaluation, Fault, Handler, LimitKind, Limits, Module, compile};
use appsync_utils::{Failure, Session};
use value::{Object, Value, value};

fn compiled(path: &str, text: &str) -> Compiled {
    compile(Entry { path, text }, &|_| None, &CompileOptions::default())
}

fn module(text: &str) -> Module {
    let compiled = compiled("code.ts", text);
    compiled.module.unwrap_or_else(|| panic!("{text}: {:?}", compiled.findings))
}

fn evaluate_in(module: &Module, context: &Value, limits: &Limits) -> Result<Evaluation, Fault> {
    let context = context.as_object().cloned().unwrap_or_default();
    module.evaluate(Handler::Request, &context, &mut Session::system(Value::Null), limits)
}

/// Generous, because the tests run on busy machines.
fn limits() -> Limits {
    Limits { deadline: Duration::from_secs(5), ..Limits::default() }
}

/// What `return EXPRESSION` gives with `ctx`.
fn returned(expression: &str, context: &Value) -> Value {
    let module = module(&format!("export function request(ctx) {{\nreturn {expression}\n}}"));
    evaluate_in(&module, context, &limits()).unwrap_or_else(|fault| panic!("{expression}: {fault}")).value
}

fn fault(body: &str, limits: &Limits) -> Fault {
    let module = module(&format!("export function request(ctx) {{\n{body}\n}}"));
    evaluate_in(&module, &value!({}), limits).expect_err(body)
}

#[test]
fn results_are_what_json_would_hold() {
    for (expression, expected) in [
        ("1", "1"),
        ("1.5", "1.5"),
        ("-0", "0"),
        ("0 / 0", "null"),
        ("1 / 0", "null"),
        ("undefined", "null"),
        ("[undefined, null, true]", "[null,null,true]"),
        ("{ a: undefined, b: null }", r#"{"b":null}"#),
        ("new Date(0)", r#""1970-01-01T00:00:00.000Z""#),
        ("[new Date(0 / 0)]", "[null]"),
        ("new Date(2020, 0, 2, 3, 4)", r#""2020-01-02T03:04:00.000Z""#),
        ("new Date('2020-01-02T03:04:05')", r#""2020-01-02T03:04:05.000Z""#),
        ("new Date('2020-01-02T03:04:05+01:00')", r#""2020-01-02T02:04:05.000Z""#),
        ("[new Date(0).getHours(), new Date(0).getTimezoneOffset(), Date.parse('1970-01-01T00:00:01')]", "[0,0,1000]"),
        ("`${new Date(0)}`", r#""Thu, 01 Jan 1970 00:00:00 GMT""#),
        ("'a1b22'.replace('[0-9]+', '-') + 'a1b22'.replaceAll('[0-9]+', '<$0>')", r#""a-b22a<1>b<22>""#),
        ("'a1b22c'.split('[0-9]+')", r#"["a","b","c"]"#),
        ("'a,b,'.split(',').length + 'abc'.split('').length", "6"),
        ("'a.b'.replace(/\\./, '-') + 'ab'.replace('b', (x) => x + x)", r#""a-babb""#),
        (r#""\uD83D\uDE00 \uD800""#, "\"😀 \u{fffd}\""),
        (r#"{ "__proto__x": 1, ["__proto__"]: 2 }"#, r#"{"__proto__x":1,"__proto__":2}"#),
        ("`a${1 + 1}`", r#""a2""#),
        ("2 ** 53", "9007199254740992.0"),
        ("JSON.parse('{oops')", r#""""#),
        ("JSON.parse('{\"a\":[1]}')", r#"{"a":[1]}"#),
        ("[3, 1, 2].sort()", "[1,2,3]"),
        ("'a-b-c'.replaceAll('-', '+')", r#""a+b+c""#),
        ("typeof Object.prototype.constructor", r#""function""#),
        ("(() => { const o = {}; o.toString = 1; o.constructor = 2; return o })()", r#"{"toString":1,"constructor":2}"#),
    ] {
        assert_eq!(returned(expression, &value!({})).to_json(), expected, "{expression}");
    }
}

#[test]
fn the_context_is_what_was_given() {
    let context = value!({
        "arguments": {"id": "a", "__proto__": {"x": 1}},
        "source": {"name": "s"},
        "result": [1, 2],
        "stash": {"kept": true},
        "prev": {"result": 5},
        "identity": {"sub": "me"},
        "request": {"headers": {"h": "v"}},
        "info": {"fieldName": "f", "selectionSetList": ["a"], "selectionSetGraphQL": "{a}"},
        "env": {"E": "1"},
        "events": [7],
    });
    for (expression, expected) in [
        ("ctx.args === ctx.arguments", "true"),
        ("ctx.args.id", r#""a""#),
        ("Object.keys(ctx.args)", r#"["id","__proto__"]"#),
        ("ctx.source.name + ctx.identity.sub + ctx.request.headers.h + ctx.env.E", r#""smev1""#),
        ("ctx.source === ctx.source", "true"),
        ("ctx.info.selectionSetList", r#"["a"]"#),
        ("ctx.info.selectionSetGraphQL", r#""{a}""#),
        ("JSON.stringify(ctx.info)", r#""{\"fieldName\":\"f\"}""#),
        ("({ ...ctx.info })", r#"{"fieldName":"f"}"#),
        ("ctx.prev.result + ctx.events[0]", "12"),
        ("[ctx.error === null, !ctx.error, ctx.error?.message ?? 0]", "[true,true,0]"),
        ("Object.keys(JSON.parse(JSON.stringify(ctx)))[0]", r#""arguments""#),
        ("JSON.parse(JSON.stringify(ctx)).info", r#"{"fieldName":"f"}"#),
        ("JSON.parse(JSON.stringify(ctx)).identity", r#"{"sub":"me"}"#),
        ("ctx.outErrors", "[]"),
    ] {
        assert_eq!(returned(expression, &context).to_json(), expected, "{expression}");
    }
    assert_eq!(
        returned("Object.keys(ctx).sort()", &value!({})).to_json(),
        r#"["args","arguments","env","error","identity","info","outErrors","prev","request","result","source","stash"]"#
    );
    assert_eq!(returned("[ctx.args, ctx.stash, ctx.env, ctx.identity]", &value!({})).to_json(), "[{},{},{},null]");
}

#[test]
fn the_stash_comes_back_as_code_left_it() {
    let module = module("export function request(ctx) { ctx.stash.b = ctx.stash.a + 1; delete ctx.stash.a }");
    let evaluation = evaluate_in(&module, &value!({"stash": {"a": 1}}), &limits()).expect("evaluates");
    assert_eq!((evaluation.stash.to_json().as_str(), evaluation.undefined), (r#"{"b":2}"#, true));
}

#[test]
fn numbers_keep_their_digits_while_code_only_hands_them_on() {
    let context = Value::parse(br#"{"result": {"big": 9007199254740993, "long": 12345678901234567890.123456789012345678, "pair": [9007199254740992, 9007199254740993], "one": 1.0}}"#).expect("JSON");
    for (expression, expected) in [
        ("ctx.result.big", "9007199254740993"),
        ("({ ...ctx.result }).long", "12345678901234567890.123456789012345678"),
        ("ctx.result.big - 1000", "9007199254739992"),
        ("ctx.result.one", "1"),
    ] {
        let mut only = context.clone();
        only.as_object_mut()
            .and_then(|context| context.get_mut("result"))
            .and_then(Value::as_object_mut)
            .expect("result")
            .remove("pair");
        assert_eq!(returned(expression, &only).to_json(), expected, "{expression}");
    }
    // Two numbers with one double: neither is passed off as the other.
    assert_eq!(returned("ctx.result.pair.map((x) => x)", &context).to_json(), "[9007199254740992,9007199254740993]");
}

#[test]
fn no_state_outlives_an_evaluation() {
    let counting = module(
        "let counter = 0; const seen = []; export function request(ctx) { counter += 1; seen.push(1); return [counter, seen.length] }",
    );
    for _ in 0..3 {
        assert_eq!(evaluate_in(&counting, &value!({}), &limits()).expect("evaluates").value, value!([1, 1]));
    }
    for write in [
        "Object.prototype.leak = 1",
        "({}).__proto__.leak = 1",
        "Array.prototype.map = 1",
        "const u = util; u.leak = 1",
        "const t = util.time; t.leak = 1",
        "JSON.parse = 1",
        "Math.random = 1",
        "[].constructor.leak = 1",
        "(() => {}).__proto__.leak = 1",
        "Object.prototype.toString = 1",
        "Error.prototype.message = 1",
        "console.log = 1",
        "new Date().__proto__.leak = 1",
        "new Map().entries().__proto__.leak = 1",
        "'a'.matchAll(/a/g).__proto__.leak = 1",
        "leak = 1",
    ] {
        let module = compiled("code.js", &format!("export function request() {{ {write}; return 'written' }}"));
        let Some(module) = module.module else {
            assert_eq!(write, "leak = 1");
            continue;
        };
        match evaluate_in(&module, &value!({}), &limits()) {
            Err(Fault::Runtime { message, .. }) => assert!(message.contains("TypeError"), "{write}: {message}"),
            other => panic!("{write}: {other:?}"),
        }
    }
    assert_eq!(returned("[({}).leak, [].leak, typeof JSON.parse]", &value!({})).to_json(), r#"[null,null,"function"]"#);
}

#[test]
fn modules_are_evaluated_on_every_thread() {
    let modules: Vec<Module> =
        (0..300).map(|at| module(&format!("export function request(ctx) {{ return {at} + ctx.args.n }}"))).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for (at, module) in modules.iter().chain(&modules).enumerate() {
                    let evaluation = evaluate_in(module, &value!({"arguments": {"n": 1}}), &limits()).expect("evaluates");
                    assert_eq!(evaluation.value, value!((at % 300) as u64 + 1));
                }
            });
        }
    });
}

#[test]
fn code_cannot_be_made_at_run_time() {
    for expression in [
        "(() => {}).constructor",
        "(function () {}).constructor('return 1')()",
        "({}).constructor.constructor('return 1')()",
        "util.error.constructor",
        "[].map.constructor",
    ] {
        let module = module(&format!(
            "export function request(ctx) {{ return typeof ({expression}) === 'undefined' || ({expression}) === Object }}"
        ));
        match evaluate_in(&module, &value!({}), &limits()) {
            Ok(evaluation) => assert_eq!(evaluation.value, value!(true), "{expression}"),
            Err(Fault::Runtime { .. }) => {}
            Err(other) => panic!("{expression}: {other:?}"),
        }
    }
}

#[test]
fn runtime_errors_name_the_place_in_the_users_file() {
    let module = module(
        "import { util } from '@aws-appsync/utils';\ninterface A { a: string }\n\nexport function request(ctx: { args: A }) {\n  const x: A = ctx.args;\n  return x.a.b.c;\n}\n",
    );
    match evaluate_in(&module, &value!({"arguments": {"a": {}}}), &limits()).expect_err("throws") {
        Fault::Runtime { message, file, line, column, .. } => {
            assert!(message.starts_with("code.js:6:") && message.contains(": TypeError: "), "{message}");
            assert_eq!((file.as_str(), line), ("code.ts", 6));
            assert!((10..=16).contains(&column), "{column}");
        }
        other => panic!("{other:?}"),
    }
    for (body, expected) in [
        ("throw new Error('own')", "code.js:2:"),
        ("return notYet; let notYet = 1", "ReferenceError"),
        ("const f = 1; f()", "code.js:2:14: TypeError: f is not a function"),
        ("throw 'text'", "Error: text"),
        ("return () => 1", "code.js: the result is a function, which JSON does not have"),
        ("const a = {}; a.b = [a]; return a", "refers to itself"),
        ("return new Map()", "Map or a Set"),
        ("let a = []; for (const i of new Array(300).fill(0)) { a = [a] } return a", "is nested deeper than 200 levels"),
        ("return ctx.result.x", "TypeError"),
        ("return util.dynamodb.toDynamoDB({ f: () => 1 })", "argument 1 of toDynamoDB.f is a function"),
    ] {
        let Fault::Runtime { message, .. } = fault(body, &limits()) else { panic!("{body}") };
        assert!(message.contains(expected), "{body}: {message}");
    }
}

#[test]
fn what_utilities_raise_cannot_be_caught_or_changed() {
    for body in [
        "util.error('stop', 'Kind')",
        "try { util.error('stop', 'Kind') } catch (e) { return 'caught' }",
        "try { util.error('stop', 'Kind') } finally { return 'caught' }",
        "try { util.error('stop', 'Kind') } catch (e) { util.error('other') }",
        "try { util.error('stop', 'Kind') } catch (e) { util.appendError('late') } return 1",
        "try { util.error('stop', 'Kind') } catch (e) { while (true) {} }",
        "[1].map(() => util.error('stop', 'Kind'))",
    ] {
        let module = module(&format!("export function request(ctx) {{ {body} }}"));
        let mut session = Session::system(value!({"sub": "me"}));
        let fault = module.evaluate(Handler::Request, &Object::new(), &mut session, &limits()).expect_err(body);
        let Fault::Failure(Failure::Raised(raised)) = fault else { panic!("{body}: {fault:?}") };
        assert_eq!((raised.message.as_str(), raised.error_type.as_deref()), ("stop", Some("Kind")), "{body}");
        assert_eq!((session.effects.errors.len(), &session.identity), (0, &value!({"sub": "me"})), "{body}");
    }
}

#[test]
fn an_early_return_keeps_the_stash() {
    for body in [
        "ctx.stash.k = [1]; runtime.earlyReturn({ a: 1 })",
        "ctx.stash.k = [1]; try { runtime.earlyReturn({ a: 1 }) } catch (e) { return 2 }",
    ] {
        let expected = Fault::EarlyReturn { value: value!({"a": 1}), skip_to: None, stash: value!({"k": [1]}) };
        assert_eq!(fault(body, &limits()), expected, "{body}");
    }
}

#[test]
fn effects_and_logs_reach_the_session_also_when_code_fails() {
    let module = module(
        "export function request(ctx) { console.log('a', { b: 1 }, [2]); console.error('e'); util.appendError('kept'); return ctx.x.y }",
    );
    let mut session = Session::system(Value::Null);
    assert!(module.evaluate(Handler::Request, &Object::new(), &mut session, &limits()).is_err());
    let logs: Vec<(&str, usize)> = session
        .effects
        .logs
        .iter()
        .map(|entry| (entry.message.as_str(), entry.place.as_ref().map_or(0, |place| place.column)))
        .collect();
    assert_eq!(logs, [(r#""a" {"b":1} [2]"#, 32), (r#""e""#, 65)]);
    assert_eq!(session.effects.errors.len(), 1);
}

#[test]
fn limits_end_an_evaluation_and_the_next_one_works() {
    let short = Limits { deadline: Duration::from_millis(100), memory: 24 << 20, result_bytes: 100_000 };
    for (body, which) in [
        ("while (true) {}", LimitKind::Deadline),
        ("try { for (;;) {} } catch (e) {} finally { return 1 }", LimitKind::Deadline),
        ("return [1, 2].map(() => { while (true) {} })", LimitKind::Deadline),
        ("return /(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')", LimitKind::Deadline),
        ("const f = () => f() + 1; return f()", LimitKind::Stack),
        ("let s = 'x'; while (true) { s += s + '.' ; s.indexOf('y') }", LimitKind::Memory),
        ("const a = []; while (true) { a.push({ a: 1 }) }", LimitKind::Memory),
        ("return Math.max(...new Array(50000000).fill(1))", LimitKind::Memory),
        ("return 'x'.repeat(1000000)", LimitKind::ResultSize),
        ("ctx.stash.a = 'x'.repeat(1000000)", LimitKind::ResultSize),
        ("let a = 1; for (const i of new Array(60).fill(0)) { a = [a, a] } return a", LimitKind::ResultSize),
        ("const a = []; a.length = 4294967294; return a", LimitKind::Memory),
        ("const big = 'x'.repeat(1000000); while (true) { util.dynamodb.toDynamoDB(big) }", LimitKind::Memory),
        ("const big = 'x'.repeat(1000000); while (true) { console.log(big) }", LimitKind::Memory),
    ] {
        match fault(body, &short) {
            Fault::Limit { which: reached, message } => {
                assert!(!message.is_empty());
                // On a slow machine a loop may run out of time before it runs out of memory.
                assert!(reached == which || reached == LimitKind::Deadline, "{body}: {reached:?}");
            }
            other => panic!("{body}: {other:?}"),
        }
        assert_eq!(returned("1 + 1", &value!({})), value!(2), "after {body}");
    }
}

#[test]
fn what_evaluations_leave_behind_is_collected() {
    // Circles of 200 KB each, far more in sum than the limit.
    let module = module(
        "export function request(ctx) { const a = { text: [...new Array(2000).keys()] }; a.own = a; const f = () => a; a.f = f; return 1 }",
    );
    let limits = Limits { memory: 8 << 20, ..limits() };
    for _ in 0..500 {
        assert_eq!(evaluate_in(&module, &value!({}), &limits).expect("evaluates").value, value!(1));
    }
}

#[test]
fn typescript_runs_as_it_stands() {
    let module = module(
        "import { util, type Context } from '@aws-appsync/utils';
import type { DynamoDBGetItemRequest } from '@aws-appsync/utils';
import { Post, Unused } from '@gql/types';
import Everything from './codegen';
import { DynamoDBPutItemRequest } from '@aws-appsync/utils';
type Item = Post & Everything & DynamoDBPutItemRequest;
enum Kind { A = 'a', B = 'b' }
const enum Size { Small = 1, Large }
type Args = { id?: string };
interface Shape<T extends string> { kind: T }
const pick = <T,>(items: T[], at: number): T => items[at]!;
declare class Elsewhere { x: number }
declare const nothing: string;
function over(a: string): string;
function over(a: any): any { return a }
export function request(ctx: Context<Args>) {
  const shape = { kind: Kind.B } satisfies Shape<Kind>;
  return { kind: shape.kind, size: Size.Large, picked: pick([1, 2] as const as any, 1), over: over('o'), id: (<any>ctx.args).id ?? 'none' };
}
export default request;",
    );
    assert_eq!(
        evaluate_in(&module, &value!({}), &limits()).expect("evaluates").value.to_json(),
        r#"{"kind":"b","size":2,"picked":2,"over":"o","id":"none"}"#
    );
    let javascript = compiled("code.js", "export function request(ctx: any) { return 1 }");
    assert!(javascript.module.is_none() && javascript.findings[0].rule == "syntax", "{:?}", javascript.findings);
}

#[test]
fn a_panic_in_a_caller_leaves_the_thread_usable() {
    let module = module("export function request(ctx) { return new Date() }");
    struct Panics;
    impl appsync_utils::Clock for Panics {
        fn now_ms(&self) -> i64 {
            panic!("a clock that fails")
        }
    }
    struct Zero;
    impl appsync_utils::IdSource for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut session = Session::new(std::sync::Arc::new(Panics), std::sync::Arc::new(Zero), Value::Null);
        module.evaluate(Handler::Request, &Object::new(), &mut session, &limits())
    }));
    assert!(outcome.is_err());
    assert_eq!(returned("1 + 1", &value!({})), value!(2));
}
