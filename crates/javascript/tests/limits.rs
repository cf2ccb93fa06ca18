//! What an evaluation may use: time, memory, nesting; and that counts are the same each time.

mod support;

use std::time::{Duration, Instant};

use javascript::{Fault, LimitKind, Limits, Outcome};
use support::{compile, evaluate, limits, run, show};
use value::Value;

fn outcome(body: &str, limits: &Limits) -> Outcome {
    let text = format!("import {{ util }} from '@host';\nexport function request(ctx) {{\n{body}\n}}\n(util);");
    let program = compile(&[&text]).unwrap_or_else(|error| panic!("{body}: {error}"));
    evaluate(&program, &Value::Null, limits)
}

#[test]
fn limits_end_an_evaluation_and_the_next_one_works() {
    for (body, which) in [
        ("while (true) {}", LimitKind::Deadline),
        ("for (;;) { try { throw 1 } catch {} finally {} }", LimitKind::Deadline),
        ("do {} while (1)", LimitKind::Deadline),
        ("try { for (;;) {} } catch (e) {} finally { return 1 }", LimitKind::Deadline),
        ("return [1, 2].map(() => { while (true) {} })", LimitKind::Deadline),
        ("const f = () => f() + 1; return f()", LimitKind::Stack),
        ("const f = () => [1].map(f); return f()", LimitKind::Stack),
        ("const o = { toString() { return `${o}` } }; return `${o}`", LimitKind::Stack),
        ("try { const f = () => f(); f() } catch { return 1 }", LimitKind::Stack),
        ("const o = {}; o.toString = ''.trim; return `${o}`", LimitKind::Stack),
        ("const o = { length: 1 }; o[0] = o; o.toString = [].join; return `${o}`", LimitKind::Stack),
        ("const o = { length: 1 }; o[0] = [o]; o.toString = [].join; return o + 1", LimitKind::Stack),
        ("const c = (() => 1).call; return c.apply(c, Array(300000).fill(c))", LimitKind::Stack),
        ("const o = {}; o.valueOf = [].at; o.length = o; return Math.abs(o)", LimitKind::Stack),
        ("let s = 'x'; while (true) { s += s + '.'; s.indexOf('y') }", LimitKind::Memory),
        ("let s = 'x'; while (true) { s = `${s}${s}` }", LimitKind::Memory),
        ("const a = []; while (true) { a.push({ a: 1 }) }", LimitKind::Memory),
        ("const a = []; while (true) { a.push([]) }", LimitKind::Memory),
        ("const fs = []; while (true) { fs.push(() => fs) }", LimitKind::Memory),
        ("let a = [1]; while (true) { a = [...a, ...a] }", LimitKind::Memory),
        ("const a = []; a.length = 4294967294", LimitKind::Memory),
        ("const a = []; a[4294967290] = 1", LimitKind::Memory),
        ("const o = {}; for (let i = 0; ; i++) o[i] = i", LimitKind::Memory),
        ("const f = (...xs) => xs.length; const a = [1, 2, 3]; while (true) f(...a)", LimitKind::Memory),
        ("return Math.max(...new Array(50000000).fill(1))", LimitKind::Memory),
        ("const big = 'x'.repeat(1000000); while (true) { util.echo(big) }", LimitKind::Memory),
        ("return Object.keys('x'.repeat(1000000)).length", LimitKind::Memory),
        ("return Object.entries(Array(600000)).length", LimitKind::Memory),
        ("return 'x'.repeat(6000000)", LimitKind::ResultSize),
        ("ctx.stash = 'x'.repeat(6000000)", LimitKind::ResultSize),
        ("let a = 1; for (let i = 0; i < 60; i++) { a = [a, a] } return a", LimitKind::ResultSize),
    ] {
        let time = if which == LimitKind::Deadline { 50 } else { 20_000 };
        let short = Limits { deadline: Instant::now() + Duration::from_millis(time), memory: 12 << 20, ..limits() };
        let outcome = outcome(body, &short);
        let reached = matches!(&outcome.result, Err(Fault::Limit { which: reached, .. }) if *reached == which);
        assert!(reached, "{body}: {:?}", outcome.result);
        assert_eq!(run("return 1 + 1"), "2", "after {body}");
    }
}

#[test]
fn counts_are_exact() {
    for body in [
        "let s = 0; for (let i = 0; i < 1000; i++) s += i; return s",
        "return [1, 2, 3].map((x) => `${x}`).join('')",
        "return {}",
    ] {
        let first = outcome(body, &limits());
        let second = std::thread::scope(|scope| scope.spawn(|| outcome(body, &limits())).join().expect("evaluates"));
        assert_eq!((first.steps, first.memory), (second.steps, second.memory), "{body}");
    }
    let steps = |turns: usize| outcome(&format!("for (let i = 0; i < {turns}; i++) {{}}"), &limits()).steps;
    assert_eq!(steps(100) - steps(40), 60);
}

/// Sources nested 30,000 deep, in every way there is.
#[test]
fn what_is_nested_too_deep_is_refused_and_chains_are_not_deep() {
    const DEEP: usize = 30_000;
    let nest = |open: &str, middle: &str, close: &str| format!("return {}{middle}{}", open.repeat(DEEP), close.repeat(DEEP));
    let refused = [
        nest("[", "1", "]"),
        nest("{a:", "1", "}"),
        nest("!", "1", ""),
        nest("-(", "1", ")"),
        nest("f(", "1", ")").replace("return ", "const f = (x) => x; return "),
        nest("(() => ", "1", ")"),
        nest("1 + (2 * ", "1", ")"),
        nest("a ? (", "1", ") : 0").replace("return ", "const a = 1; return "),
        nest("`${", "1", "}`"),
        nest("a[", "0", "]").replace("return ", "const a = [0]; return "),
        nest("a = ", "1", "").replace("return ", "let a; return "),
        nest("2 ** ", "1", ""),
        nest("{", "", "}").replace("return ", ""),
        nest("if (1) ", ";", "").replace("return ", ""),
        nest("for (;;) ", ";", "").replace("return ", ""),
        nest("try {", "", "} finally {}").replace("return ", ""),
        nest("l: {", "", "}").replace("return ", ""),
        format!("let {}a{} = 1", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("const f = ({}a{}) => 1", "{a: ".repeat(DEEP), "}".repeat(DEEP)),
    ];
    let flat = [
        (format!("return 1{}", " + 1".repeat(DEEP)), "30001".to_owned()),
        (format!("return 0{}", " || 0".repeat(DEEP)), "0".to_owned()),
        (format!("return 1{}", " && 1".repeat(DEEP)), "1".to_owned()),
        (format!("return null{}", " ?? null".repeat(DEEP)), "null".to_owned()),
        (format!("const o = {{}}; o.o = o; return o{} === o", ".o".repeat(DEEP)), "true".to_owned()),
        (format!("const o = {{}}; o.o = o; return o?{} === o", ".o".repeat(DEEP)), "true".to_owned()),
        (format!("const f = () => f; return f{} === f", "()".repeat(DEEP)), "true".to_owned()),
        (format!("return 5{}", "\n + 0 - 0 * 1".repeat(DEEP / 3)), "5".to_owned()),
        (format!("const x = 3; return {} 9", "x === 1 ? 2 : ".repeat(DEEP)), "9".to_owned()),
        (format!("const x = 3; {} return 9", "if (x === 1) return 2; else ".repeat(DEEP)), "9".to_owned()),
        (format!("return {}1{}", "(".repeat(DEEP), ")".repeat(DEEP)), "1".to_owned()),
        (format!("let n = 0; {} return n", "n++; ".repeat(DEEP)), "30000".to_owned()),
    ];
    // oxc's parser recurses; whoever compiles for the world gives it such a stack.
    let check = move || {
        for text in refused {
            let got = run(&text);
            assert!(got.contains("nested deeper than") || got.starts_with("syntax"), "{}: {got:.80}", &text[..40]);
        }
        for (text, expected) in flat {
            assert_eq!(run(&text), expected, "{}", &text[..40]);
        }
    };
    std::thread::Builder::new().stack_size(2 << 30).spawn(check).expect("a thread").join().expect("no overflow");
}

#[test]
fn the_deepest_code_that_compiles_runs_on_a_small_stack() {
    let deepest: Vec<String> = ["[%]", "{a: %}", "(-%)", "(() => %)()", "(2 ** %)", "`${%}`", "[...[%]]"]
        .into_iter()
        .map(|form| {
            let (open, close) = form.split_once('%').expect("a place");
            let levels = 160;
            format!("const x = {}1{}; return 'ran'", open.repeat(levels), close.repeat(levels))
        })
        .chain(["const f = (n) => n === 0 ? 0 : 1 + [1].map(() => ((((f(n - 1))))))[0]; return f(400)".to_owned()])
        .chain(["const f = (n) => { if (n > 0) { for (const x of [1]) { try { return 1 + f(n - x) } finally { } } } return 0 }; return f(900)".to_owned()])
        .collect();
    let programs: Vec<_> = deepest
        .iter()
        .map(|body| {
            (
                body,
                compile(&[&format!("export function request(ctx) {{ {body} }}")])
                    .unwrap_or_else(|error| panic!("{body}: {error}")),
            )
        })
        .collect();
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let run = || programs.iter().map(|(_, program)| show(evaluate(program, &Value::Null, &limits()))).collect::<Vec<_>>();
        let shown = small.spawn_scoped(scope, run).expect("a thread").join().expect("no overflow");
        assert_eq!(shown, ["\"ran\"", "\"ran\"", "\"ran\"", "\"ran\"", "\"ran\"", "\"ran\"", "\"ran\"", "400", "900"]);
    });
}

#[test]
fn no_state_outlives_an_evaluation() {
    let program =
        compile(&["let n = 0; const seen = []; export function request() { n++; seen.push(n); return [n, seen.length] }"])
            .expect("compiles");
    for _ in 0..3 {
        assert_eq!(show(evaluate(&program, &Value::Null, &limits())), "[1,1]");
    }
}

/// What took time in proportion to a square, or was counted after it was taken.
#[test]
fn large_values_are_answered_quickly() {
    let text = |length: usize| Value::from("x".repeat(length).as_str());
    let context = value::Object::from_iter([("s", text(300_000)), ("l", Value::from(vec![text(300_000)]))]);
    let context = Value::from(context);
    for (body, expected) in [
        ("const s = 'é'.repeat(200000); const n = 'é'.repeat(100000) + 'x'; return [s.indexOf(n), s.lastIndexOf(n)]", "[-1,-1]"),
        (
            "const s = 'a'.repeat(100000) + '\\ud800'; const n = 'a'.repeat(50000) + '\\ud801'; return [s.indexOf(n), s.lastIndexOf(n)]",
            "[-1,-1]",
        ),
        ("return Array(5000).fill('é'.repeat(100000)).sort().length", "5000"),
        ("let n = 0; for (let i = 0; i < 20000; i++) n += ctx.s.charCodeAt(i); return n", "2400000"),
        ("let n = 0; for (let i = 0; i < 20000; i++) n += ctx.l[0].length; return n", "6000000000"),
        ("const s = 'é'.repeat(30000); let n = 0; for (let i = 0; i < s.length; i++) if (s[i] === 'é') n++; return n", "30000"),
        ("const s = 'é'.repeat(30000); let n = 0; for (let i = s.length; i--;) n += s.charCodeAt(i); return n", "6990000"),
        ("const o = {}; for (let i = 0; i < 4000; i++) o['k' + i] = i; for (const k in o) delete o[k]; return o", "{}"),
        (
            "const m = new Map(); for (let i = 0; i < 30000; i++) { m.set(i, i); if (i > 20) for (const [k] of m) { m.delete(k); break } } return m.size",
            "21",
        ),
        (
            "const m = new Map(); for (let i = 0; i < 30000; i++) m.set(i, i); for (let i = 0; i < 20000; i++) m.clear(); return m.size",
            "0",
        ),
        (
            "const m = new Map([[1, 1], [2, 2]]); let n = 0; for (const [k] of m) { n += k; if (k === 1) { m.clear(); m.set(5, 5) } } return n",
            "6",
        ),
        ("for (const k in 'x'.repeat(10000000)) return k", "\"0\""),
        (
            "let s = ''; for (let i = 0; i < 20000; i++) { s += '0123456789'; if (s.endsWith('y')) return 1 } return s.length",
            "200000",
        ),
        (
            "const all = []; let s = 'x'.repeat(5000); for (let i = 0; i < 300; i++) { s += i % 10; s.endsWith('y'); all.push(s) } return [...all, ...all].every((t, i) => t.length === 5001 + i % 300 && t.endsWith(`${i % 10}`))",
            "true",
        ),
        ("const a = [1, 2, 3, 4]; a.fill(0, { valueOf() { a.length = 2; return 0 } }); return a", "[0,0]"),
        ("const a = [1, 2, 3, 4]; a.copyWithin({ valueOf() { a.length = 3; return 0 } }, 1); return a", "[2,3,3]"),
        ("const a = [1, 2]; a.fill(0, { valueOf() { Object.freeze(a); return 0 } }); return a", "TypeError: array is frozen"),
        (
            "const a = [1, 2]; a.copyWithin({ valueOf() { Object.freeze(a); return 0 } }, 1); return a",
            "TypeError: array is frozen",
        ),
    ] {
        let program =
            compile(&[&format!("export function request(ctx) {{ {body} }}")]).unwrap_or_else(|error| panic!("{body}: {error}"));
        let short = Limits { deadline: Instant::now() + Duration::from_secs(10), ..limits() };
        assert_eq!(show(evaluate(&program, &context, &short)), expected, "{body}");
    }
}

#[test]
fn steps_of_searches_count_whether_they_find_anything_or_not() {
    for search in ["t.replace('(a|aa)+b', 'x')", "t.replaceAll('(a|aa)+b', 'x')", "t.split('(a|aa)+b')"] {
        let one = outcome(&format!("const t = 'a'.repeat(26); {search}; return 1"), &limits());
        assert!(one.steps > 2_000, "{search}: {}", one.steps);
        let short = Limits { deadline: Instant::now() + Duration::from_millis(50), ..limits() };
        let many = outcome(&format!("const t = 'a'.repeat(26); for (;;) {search}"), &short);
        assert!(matches!(many.result, Err(Fault::Limit { which: LimitKind::Deadline, .. })), "{search}: {:?}", many.result);
    }
    // One search alone can take longer than there is time.
    let body = "const t = 'ab'.repeat(500000); t.replace('(?:(?=(.*))[ab])*c', 'x'); return 1";
    let short = Limits { deadline: Instant::now() + Duration::from_millis(50), ..limits() };
    let long = outcome(body, &short);
    assert!(matches!(long.result, Err(Fault::Limit { which: LimitKind::Deadline, .. })), "{:?}", long.result);
    assert!(long.steps < 5_000_000, "{}", long.steps);
    // A pattern that is refused costs as well.
    let refused =
        "const p = '(' + 'a'.repeat(8000); for (let i = 0; i < 10; i++) { try { 'x'.replace(p, '') } catch {} } return 1";
    assert!(outcome(refused, &limits()).steps > 20_000);
}

#[test]
fn work_of_the_host_counts() {
    let steps = |body: &str| outcome(body, &limits()).steps;
    assert!(steps("util.toil(100000); return 1") > steps("util.echo(100000); return 1") + 99_000);
    let tight = Limits { deadline: Instant::now() + Duration::from_millis(50), ..limits() };
    let caught = outcome("for (;;) { try { util.toil(100000); util.fail('x') } catch {} }", &tight);
    assert!(matches!(caught.result, Err(Fault::Limit { which: LimitKind::Deadline, .. })), "{:?}", caught.result);
}

#[test]
fn references_of_patterns_cost_what_they_compare() {
    let body = |length: usize| format!("const t = 'a'.repeat({length}); return /^(a+)\\1$/.test(t + t + 'b')");
    let (short, long) = (outcome(&body(500), &limits()).steps, outcome(&body(1000), &limits()).steps);
    // Each of the lengths that the group can have is compared: four times as much for twice the text.
    assert!(long > short * 3, "{short} {long}");
}

#[test]
fn what_a_search_has_left_to_try_counts_as_memory() {
    let tight = Limits { memory: 4 << 20, ..limits() };
    let body = "const s = 'ab'.repeat(200000); return /(?:(a)|(b)|c)*x/.test(s)";
    let reached = outcome(body, &tight).result;
    assert!(matches!(reached, Err(Fault::Limit { which: LimitKind::Memory, .. })), "{reached:?}");
    // It is given back: many searches need no more than one.
    let many =
        "const s = 'ab'.repeat(5000); let n = 0; for (let i = 0; i < 40; i++) { if (/^(?:(a)|(b))*$/.test(s)) n++ } return n";
    assert_eq!(show(outcome(many, &tight)), "40");
}

/// What was read before is not read again, but is as deep and as long as if it were.
#[test]
fn what_is_shared_counts_at_each_place() {
    let nested = |levels: usize| {
        format!(
            "const pad = Array(100).fill(0); let a = []; for (let i = 0; i < 149; i++) a = [a];
            let b = a; for (let i = 0; i < {levels}; i++) b = [b]; return [pad, a, b]"
        )
    };
    assert!(outcome(&nested(49), &limits()).result.is_ok());
    for levels in [50, 60, 100] {
        let deep = outcome(&nested(levels), &limits()).result;
        assert!(matches!(&deep, Err(Fault::Unfit { message }) if message.contains("deeper than 200")), "{levels}: {deep:?}");
    }
    let long = "const a = Array(1000).fill('x'.repeat(96)); return Array(60).fill(a)";
    let longer = outcome(long, &limits()).result;
    assert!(matches!(longer, Err(Fault::Limit { which: LimitKind::ResultSize, .. })), "{longer:?}");
    assert!(outcome(&long.replace("60", "40"), &limits()).result.is_ok());
}
