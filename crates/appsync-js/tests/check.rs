//! The checks: forbidden constructs with their places, names that do not exist, imports, bundles.

use std::collections::HashMap;

use appsync_js::{CompileOptions, Compiled, Entry, Handler, Limits, Severity, compile};
use appsync_utils::Session;
use value::{Object, Value, value};

fn check_with(path: &str, text: &str, files: &[(&str, &str)], strict: bool) -> Compiled {
    let files: HashMap<String, String> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    compile(Entry { path, text }, &|path| files.get(path).cloned(), &CompileOptions { strict, ..CompileOptions::default() })
}

/// `rule@line:column` of every finding.
fn rules(compiled: &Compiled) -> Vec<String> {
    compiled.findings.iter().map(|finding| format!("{}@{}:{}", finding.rule, finding.line, finding.column)).collect()
}

/// The findings of statements in a request handler; their first line is 2.
fn in_handler(body: &str, strict: bool) -> Compiled {
    check_with("code.js", &format!("export function request(ctx) {{\n{body}\n}}"), &[], strict)
}

#[test]
fn forbidden_constructs_are_found_where_they_stand() {
    for (body, expected) in [
        ("for (let i = 0; i < 1; i += 1) {}", "no-for@2:1"),
        ("while (ctx.a) {}", "no-while@2:1"),
        ("  do {} while (ctx.a)", "no-while@2:3"),
        ("for (const x of []) {\n  if (x) continue;\n}", "no-continue@3:10"),
        ("a: for (const x of []) { break a }", "no-labels@2:1"),
        ("try {} catch {}", "no-try@2:1"),
        ("throw ctx", "no-throw@2:1"),
        ("return this", "no-this@2:8"),
        ("return /a/", "no-regex@2:8"),
        ("let i = 0; i++", "no-disallowed-unary-operators@2:12"),
        ("let i = 0; --i", "no-disallowed-unary-operators@2:12"),
        ("return ~1", "no-disallowed-unary-operators@2:8"),
        ("return 'a' in ctx", "no-in-operator@2:8"),
        ("return ctx instanceof Object", "no-disallowed-binary-operators@2:8"),
        ("function f(n) { return f(n) }", "no-recursion@2:24"),
        ("const f = (n) => f(n)", "no-recursion@2:18"),
        ("function f() { return [1].map((x) => f()) }", "no-recursion@2:38"),
        ("function f() { return g() }\nfunction g() { return f() }", "no-recursion@2:23 no-recursion@3:23"),
        ("[1].sort((a, b) => a - b)", "no-function-passing@2:1"),
        ("function f(g) { return 1 }\nf(() => 1)", "no-function-passing@3:1"),
        ("const f = () => 1\nJSON.stringify({}, f)", "no-function-passing@3:1"),
        ("return () => 1", "no-function-return@2:1"),
        ("const f = () => () => 1", "no-function-return@2:11"),
        ("const f = () => 1\nconst g = f", "no-function-reassign@3:7"),
        ("ctx = {}", "no-disallowed-re-assignment@2:1"),
        ("ctx.args = {}", "no-disallowed-re-assignment@2:1"),
        ("ctx['new'] = 1", "no-disallowed-re-assignment@2:1"),
        ("delete ctx.stash", "no-disallowed-re-assignment@2:8"),
        ("for (ctx.args in {}) {}", "no-disallowed-re-assignment@2:6"),
        ("[ctx.args] = [1]", "no-disallowed-re-assignment@2:2"),
        ("Object.freeze({})", "no-disallowed-methods@2:1"),
        ("Array.from([])", "no-disallowed-methods@2:1"),
        ("return Math.sqrt(4)", "no-disallowed-methods@2:8"),
        ("return Math.PI", "no-disallowed-methods@2:8"),
        ("return 'a'.padStart(3)", "no-disallowed-methods@2:8"),
        ("return [1].keys()", "no-disallowed-methods@2:8"),
        ("const f = () => 1; f.call(1)", "no-disallowed-methods@2:20"),
        ("return new Map()", "unsupported-global@2:12"),
    ] {
        let lenient = in_handler(body, false);
        assert_eq!(rules(&lenient).join(" "), expected, "{body}");
        assert!(
            lenient.module.is_some() && lenient.findings.iter().all(|finding| finding.severity == Severity::Warning),
            "{body}"
        );
        let strict = in_handler(body, true);
        assert_eq!(rules(&strict).join(" "), expected, "{body}");
        assert!(strict.module.is_none() && strict.findings.iter().all(|finding| finding.severity == Severity::Error), "{body}");
    }
}

#[test]
fn what_cannot_work_is_an_error_in_either_mode() {
    for (body, expected) in [
        ("const f = async () => 1", "no-async@2:11"),
        ("async function f() { await 1 }", "no-async@2:1 no-await@2:22"),
        ("return Promise.resolve(1)", "no-promise@2:8"),
        ("return eval('1')", "no-eval@2:8"),
        ("return new Function('return 1')", "no-eval@2:12"),
        ("return import('x')", "no-dynamic-import@2:8"),
        ("return import.meta", "no-dynamic-import@2:8"),
        ("const C = class {}", "no-classes@2:11"),
        ("class A { #b = 1; c() { return super.c } }", "no-classes@2:1 no-super@2:32"),
        ("return 10n", "no-bigint@2:8"),
        ("return BigInt(1)", "no-bigint@2:8"),
        ("function* g() { yield 1 }", "no-generators@2:1 no-yield@2:17"),
        ("return { get a() { return 1 }, set a(v) {} }", "no-accessors@2:10 no-accessors@2:32"),
        ("function f() { return new.target }", "no-new-target@2:23"),
        ("return util.autoId`a`", "no-tagged-templates@2:8"),
        ("return Math.nope(1)", "unknown-member@2:13"),
        ("return JSON.nope", "unknown-member@2:13"),
        ("return Symbol('a')", "unknown-name@2:8"),
        ("return new Proxy({}, {})", "unknown-name@2:12"),
        ("return new WeakMap()", "unknown-name@2:12"),
        ("return new Uint8Array(1)", "unknown-name@2:12"),
        ("return Intl.Collator", "unknown-name@2:8"),
        ("return new Promise((r) => r(1))", "no-function-passing@2:8 no-promise@2:8"),
        ("with (ctx) {}", "syntax@2:1"),
        ("return nothing", "unknown-name@2:8"),
        ("setTimeout(1)", "unknown-name@2:1"),
        ("return $host", "unknown-name@2:8"),
        ("return util.nowhere()", "unknown-utility@2:13"),
        ("return util.time.nowISO8602()", "unknown-utility@2:18"),
        ("return util.nope.deeper()", "unknown-utility@2:13"),
        ("return extensions.nope()", "unknown-utility@2:19"),
        ("const x = 1; const x = 2", "syntax@2:7"),
        ("return /(/", "no-regex@2:8 unsupported@2:8"),
        ("return {", "syntax@3:2"),
    ] {
        for strict in [false, true] {
            let compiled = in_handler(body, strict);
            assert!(compiled.module.is_none(), "{body}");
            let found = rules(&compiled);
            let expected: Vec<&str> = expected.split(' ').collect();
            if body.starts_with("return /(/") && strict {
                continue;
            }
            assert_eq!(found.len(), expected.len(), "{body}: {found:?}");
            for (found, expected) in found.iter().zip(&expected) {
                let rule = expected.split('@').next().expect("a rule");
                assert!(found == expected || rule == "syntax" && found.starts_with(rule), "{body}: {found:?} {expected:?}");
            }
        }
    }
}

#[test]
fn a_method_of_what_is_not_known_is_a_warning_also_in_strict_mode() {
    for (body, expected) in [
        ("return ctx.args.list.keys()", "no-disallowed-methods@2:8"),
        ("return ctx.args.text.padStart(3)", "no-disallowed-methods@2:8"),
        ("return ctx.args.toString()", "no-disallowed-methods@2:8"),
        ("return ctx.args.hasOwnProperty('a')", "no-disallowed-methods@2:8"),
        ("const search = { repeat: (x) => x, keys: () => 1 }; return [search.repeat(1), search.keys()]", ""),
        ("return ctx.args.text.includes('a')", ""),
        ("return util.autoId().trim()", ""),
    ] {
        for strict in [false, true] {
            let compiled = in_handler(body, strict);
            assert_eq!(rules(&compiled).join(" "), expected, "{body}");
            assert!(compiled.module.is_some(), "{body}");
        }
    }
}

#[test]
fn who_calls_a_recursive_function_hears_of_it_in_strict_mode_only() {
    let body = "const f = (n) => f(n)\nconst g = () => f(1)\nreturn g()";
    assert_eq!(rules(&in_handler(body, false)), ["no-recursion@2:18"]);
    let strict = in_handler(body, true);
    assert_eq!(rules(&strict), ["no-recursion@2:18", "no-recursion@3:17", "no-recursion@4:8"]);
    let said: Vec<&str> = strict.findings.iter().map(appsync_js::Finding::appsync_message).collect();
    assert_eq!(said[0], "Recursive function calls not supported. Detected cycle in f <-f");
    let longer = "const a = () => b()\nconst b = () => c()\nconst c = () => a()\nconst d = () => 1\nreturn d()";
    let strict = in_handler(longer, true);
    assert_eq!(rules(&strict), ["no-recursion@2:17", "no-recursion@3:17", "no-recursion@4:17"]);
    assert_eq!(strict.findings[1].appsync_message(), "Recursive function calls not supported. Detected cycle in b <-c <-a <-b");
}

#[test]
fn findings_have_appsyncs_form_too() {
    for (body, kind, line) in [
        ("for (;;) {}", "LINT_ERROR", "code.js(2,1): error @aws-appsync/no-for: For statements are not supported."),
        (
            "ctx.args = 1",
            "LINT_ERROR",
            "code.js(2,1): error @aws-appsync/no-disallowed-re-assignment: ctx is readonly. Adding/Updating args is not supported.",
        ),
        (
            "ctx[0] = 1",
            "LINT_ERROR",
            "code.js(2,1): error @aws-appsync/no-disallowed-re-assignment: ctx is readonly. Adding/Updating 0 is not supported.",
        ),
        ("return util.nope()", "PARSE_ERROR", "code.js(2,13): error TS2339: Property 'nope' does not exist on type 'Util'."),
        ("util.time.nope()", "PARSE_ERROR", "code.js(2,11): error TS2339: Property 'nope' does not exist on type 'TimeUtils'."),
        ("return Math.nope", "PARSE_ERROR", "code.js(2,13): error TS2339: Property 'nope' does not exist on type 'Math'."),
        ("return nope", "PARSE_ERROR", "code.js(2,8): error TS2304: Cannot find name 'nope'."),
        ("throw 1", "LINT_ERROR", "code.js(2,1): error @aws-appsync/no-throw: AppSync does not support throw"),
        (
            "/* 😀 */ return ~1",
            "LINT_ERROR",
            "code.js(2,17): error @aws-appsync/no-disallowed-unary-operators: The operator ~ is not supported",
        ),
    ] {
        let compiled = in_handler(body, true);
        let finding = &compiled.findings[0];
        assert_eq!((finding.error_type(), finding.compiler_line("code.js").as_str()), (kind, line), "{body}");
    }
    assert_eq!(in_handler("return {", true).findings[0].error_type(), "PARSE_ERROR");
}

#[test]
fn ordinary_resolvers_are_clean() {
    for text in [
        "import { util } from '@aws-appsync/utils';\nimport * as ddb from '@aws-appsync/utils/dynamodb';\nconst TABLE = 'x';\nfunction key(id) { return { id } }\nexport function request(ctx) {\n  const { id, ...rest } = ctx.args;\n  ctx.stash.seen = [id, ...Object.keys(rest)].map((x) => `${x}`).filter((x) => x !== undefined);\n  for (const [k, v] of Object.entries(rest)) { if (v === null) { delete rest[k] } else { rest[k] += 1 } }\n  ctx.args.id = 'x';\n  return ddb.get({ key: key(id ?? util.autoId()) });\n}\nexport const response = (ctx) => { if (ctx.error) { util.error(ctx.error.message, ctx.error.type) } return ctx.result?.items }",
        "import { operations } from '@aws-appsync/utils/dynamodb'\nimport { Context } from '@aws-appsync/utils'\n/** @param {Context} ctx */\nexport function request(ctx) { return operations.add(util.dynamodb.toString(ctx.args.id)) }",
        "export { request, response }\nfunction request() { return {} }\nfunction response(ctx) { switch (ctx.result) { case 1: return 1; default: return typeof ctx.prev } }",
    ] {
        let compiled = check_with("code.js", text, &[], true);
        assert!(compiled.module.is_some() && compiled.findings.is_empty(), "{:?}", compiled.findings);
    }
}

#[test]
fn imports_and_exports_must_exist() {
    for (text, expected) in [
        ("import { x } from 'lodash'\nexport function request() { return x }", "unknown-import@1:19"),
        ("import { nope } from '@aws-appsync/utils'\nexport function request() { return nope }", "unknown-export@1:10"),
        (
            "import { gett } from '@aws-appsync/utils/dynamodb'\nexport function request() { return gett() }",
            "unknown-export@1:10",
        ),
        (
            "import * as ddb from '@aws-appsync/utils/dynamodb'\nexport function request() { return ddb.gett() }",
            "unknown-utility@2:40",
        ),
        ("import { a } from './missing'\nexport function request() { return a }", "unknown-import@1:19"),
        ("import { a } from '../../out'\nexport function request() { return a }", "unknown-import@1:19"),
        ("import { missing } from './lib'\nexport function request() { return missing }", "unknown-export@1:10"),
        ("import lib from './lib'\nexport function request() { return lib }", "unknown-export@1:8"),
        ("export { missing as request } from './lib'", "unknown-export@1:10"),
        ("export function before() {}", "missing-handlers@1:1"),
        ("export function request() {}\nfunction response(ctx) { return 1 }", "unexported-handler@2:10"),
        ("", "missing-handlers@1:1"),
    ] {
        let compiled = check_with("code.js", text, &[("lib.js", "export const a = 1")], false);
        assert_eq!(rules(&compiled).join(" "), expected, "{text}");
        assert!(compiled.module.is_none(), "{text}");
    }
    let compiled = check_with(
        "code.js",
        "import { gett } from '@aws-appsync/utils/dynamodb'\nexport function request() { return gett() }",
        &[],
        false,
    );
    assert_eq!(compiled.findings[0].help.as_deref(), Some("did you mean 'get'?"));
}

#[test]
fn code_longer_than_the_limit_is_refused() {
    let text = format!("export function request() {{ return '{}' }}", "é".repeat(32_768));
    assert_eq!(rules(&check_with("code.js", &text, &[], false)), ["code-size@1:1"]);
    let half = "x".repeat(20_000);
    let entry = format!("import {{ a }} from './a'\nexport function request() {{ return '{half}' + a }}");
    let compiled = check_with("code.js", &entry, &[("a.js", &format!("export const a = '{half}'"))], false);
    assert_eq!(rules(&compiled), ["code-size@1:1"]);
    assert_eq!(compiled.findings[0].file, "a.js");
}

fn evaluate(compiled: &Compiled) -> Value {
    let module = compiled.module.as_ref().unwrap_or_else(|| panic!("{:?}", compiled.findings));
    let limits = Limits { deadline: std::time::Duration::from_secs(5), ..Limits::default() };
    module
        .evaluate(Handler::Request, &Object::new(), &mut Session::system(Value::Null), &limits)
        .unwrap_or_else(|fault| panic!("{fault}"))
        .value
}

#[test]
fn relative_imports_are_bundled() {
    let files = [
        (
            "lib/a.ts",
            "import { util } from '@aws-appsync/utils'\nimport * as deep from './deep'\nexport type T = { x: number }\nexport enum E { One = 1 }\nexport const { p, q: [r] } = { p: 1, q: [2] }\nexport const a = (x: T): number => x.x + deep.two\nexport default function () { return typeof util.autoId }",
        ),
        (
            "lib/deep/index.js",
            "export * from '../../shared.js'\nexport { one as two } from '../../shared.js'\nconst hidden = 9\nexport { hidden as shown }\nexport default function Named() {}",
        ),
        ("shared.ts", "export let one: number = 1\nexport const three = 3"),
    ];
    let entry = "import fallback, { a, E, p, r, type T } from './../lib/a'\nimport Named, { three, shown } from '../lib/deep'\nimport { three as again } from '../shared'\nexport * from './handlers'\nconst used: T = { x: 1 }\nexport function request() { return [a(used), E.One, p, r, fallback(), three + again, shown, typeof Named] }";
    let mut all = files.to_vec();
    all.push(("resolvers/handlers.ts", "export function response(ctx) { return ctx.missing.x }"));
    let compiled = check_with("resolvers/entry.ts", entry, &all, false);
    assert_eq!(evaluate(&compiled).to_json(), r#"[2,1,1,2,"function",6,9,"function"]"#);
    let module = compiled.module.expect("compiles");
    assert!(module.has_request() && module.has_response());
    let fault = module
        .evaluate(Handler::Response, &Object::new(), &mut Session::system(Value::Null), &Limits::default())
        .expect_err("throws")
        .to_string();
    assert!(fault.starts_with("resolvers/handlers.ts:1:"), "{fault}");
}

#[test]
fn findings_of_all_files_are_reported_together() {
    let files =
        [("a.js", "import { b } from './b'\nexport const a = () => nothing + b"), ("b.js", "export const b = async () => 1")];
    let compiled =
        check_with("code.js", "import { a } from './a'\nexport function request() { return a() + gone }", &files, false);
    let found: Vec<String> = compiled.findings.iter().map(|finding| format!("{} {}", finding.file, finding.rule)).collect();
    assert_eq!(found, ["a.js unknown-name", "b.js no-async", "code.js unknown-name"]);
}

#[test]
fn files_that_import_each_other_are_refused() {
    let files =
        [("a.js", "import { b } from './b'\nexport const a = b"), ("b.js", "import { a } from './a'\nexport const b = a")];
    let compiled = check_with("code.js", "import { a } from './a'\nexport function request() { return a }", &files, false);
    let cycle: Vec<&str> = compiled
        .findings
        .iter()
        .filter(|finding| finding.rule == "import-cycle")
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(cycle, ["files import each other: a.js -> b.js -> a.js"]);
    let own = check_with("code.js", "import { request as r } from './code'\nexport function request() { return r }", &[], false);
    assert_eq!(rules(&own), ["import-cycle@1:30"]);
}

#[test]
fn hostile_nesting_is_refused_and_harmless() {
    for text in [
        "(".repeat(32_000),
        format!("export function request() {{ return {}1{} }}", "(".repeat(16_000), ")".repeat(16_000)),
        format!("export function request() {{ return {}1{} }}", "[".repeat(16_000), "]".repeat(16_000)),
        format!("export function request() {{ return {}1 }}", "!".repeat(32_000)),
        format!("export function request() {{ return {}1 }}", "x=>".repeat(10_000)),
        format!("export function request() {{ return 1{} }}", "+1".repeat(16_000)),
        format!("export function request() {{ {}1 }}", "if(1)".repeat(6_000)),
        format!("export function request() {{ return a{} }}", ".a".repeat(16_000)),
        format!("export function request() {{ return util{} }}", ".a".repeat(16_000)),
        format!("export function request() {{ return {}1 }}", "1?1:".repeat(8_000)),
        format!("export function request() {{ return {}`` }}", "`${".repeat(10_000)),
        format!("export function request() {{ {} }}", "{".repeat(32_000)),
        format!("export function request() {{ return {}1{} }}", "[1].map((x) => ".repeat(2_000), ")".repeat(2_000)),
        format!("export function request() {{ return [{}]{} }}", "1,".repeat(8_000), ".concat()".repeat(1_500)),
        format!(
            "export function request() {{ return {}1{} }}",
            "('a' ? [1].reduce((a) => a, ".repeat(1_000),
            ") : 1)".repeat(1_000)
        ),
        format!(
            "{}export function request() {{ return {}1{} }}",
            "const f = () => f();",
            "f(".repeat(10_000),
            ")".repeat(10_000)
        ),
        (0..900).map(|at| format!("function f{at}(){{f{}();f{}()}}\n", (at + 1) % 900, (at * 7) % 900)).collect(),
        format!("export function request() {{ {} }}", "~1;".repeat(10_000)),
    ] {
        let compiled = check_with("code.js", &text, &[], false);
        assert!(compiled.module.is_some() || !compiled.findings.is_empty());
        assert!(compiled.findings.iter().all(|finding| finding.rule != "internal"), "{:.60}: {:?}", text, compiled.findings);
    }
    let clean = check_with("code.js", "export function request() { return 1 }", &[], false);
    assert_eq!(evaluate(&clean), value!(1));
}
