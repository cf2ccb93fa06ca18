//! What an evaluation really takes of the machine's memory stays near its limit, whatever it does.

mod support;

use std::time::{Duration, Instant};

use javascript::{Fault, LimitKind, Limits};
use peak_alloc::PeakAlloc;
use support::{compile, evaluate};
use value::Value;

/// It counts for the whole process, so there is one test.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const LIMIT: usize = 16 << 20;

/// Runs a body and gives its peak of real bytes, its steps, and the limit that ended it.
fn run(body: &str) -> (usize, u64, Option<LimitKind>) {
    let text = format!("import {{ util }} from '@host';\nexport function request(ctx) {{\n{body}\n}}\n(util);");
    let program = compile(&[&text]).unwrap_or_else(|error| panic!("{body}: {error}"));
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(4), memory: LIMIT, result_bytes: 1 << 20 };
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let outcome = evaluate(&program, &Value::Null, &limits);
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    let which = match outcome.result {
        Err(Fault::Limit { which, .. }) => Some(which),
        _ => None,
    };
    (peak, outcome.steps, which)
}

#[test]
fn memory_is_bounded_by_what_is_really_taken() {
    no_code_takes_much_more_memory_than_it_may();
    what_is_shared_inside_is_shared_outside();
    exports_that_fail_are_counted();
}

fn no_code_takes_much_more_memory_than_it_may() {
    let mut over = Vec::new();
    for body in [
        // Exports.
        "const a = Array(200000).fill([]); util.echo(Array(20).fill(a)); return 1",
        "const a = Array(200000).fill(null); util.echo(Array(5).fill(a)); return 1",
        "const a = []; for (let i = 0; i < 60000; i++) a.push([]); return a",
        "const a = []; for (let i = 0; i < 30000; i++) a.push({ a: 1 }); return a",
        "let a = []; for (let i = 0; i < 150; i++) a = [a, a]; return a",
        "let a = 1; for (let i = 0; i < 22; i++) a = { a, b: a }; util.echo(a); return 1",
        "const a = Array(100000).fill({}); while (true) util.echo(a)",
        // Strings.
        "let s = 'x'; while (true) { s += s + '.'; s.indexOf('y') }",
        "let s = 'é'; while (true) { s = `${s}${s}`; s.charAt(3) }",
        "const a = []; let s = ''; while (true) { s += 'xy'; a.push(s) }",
        "const s = 'x,'.repeat(1000000); while (true) s.split(',')",
        "const s = 'a'.repeat(1000000); while (true) s.replace('(a)', '$1$1')",
        "const s = 'a'.repeat(100000); while (true) s.replaceAll('(a)', '$1$1$1$1')",
        // Lists and objects.
        "const a = []; while (true) a.push({ a: 1 })",
        "const a = []; while (true) a.push([1])",
        "const o = {}; for (let i = 0; ; i++) o['k' + i] = i",
        "const o = {}; for (let i = 0; ; i++) o[i] = i",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, i)",
        "const s = new Set(); for (let i = 0; ; i++) s.add(i)",
        // Patterns.
        "const s = 'ab'.repeat(400000); return /(?:(a)|(b)|(c)|(d)|(e)|(f))*x/.test(s)",
        "const s = 'a'.repeat(400000); return /(?:a|b)*x/.test(s)",
        "const s = 'a'.repeat(100000); while (true) s.match(/a/g)",
    ] {
        let (peak, steps, which) = run(body);
        if peak > LIMIT * 5 / 2 + (6 << 20) {
            over.push(format!("{body}: {} KB, {which:?}", peak >> 10));
        }
        assert!(steps < 200_000_000, "{body}: {steps} steps");
    }
    assert!(over.is_empty(), "{over:#?}");
}

fn what_is_shared_inside_is_shared_outside() {
    let shared =
        "const a = Array(100000).fill(null); const b = []; for (let i = 0; i < 4; i++) b.push(a); util.echo(b); return 1";
    let (peak, _, which) = run(shared);
    assert_eq!(which, None);
    assert!(peak < 8 << 20, "{} KB", peak >> 10);
}

fn exports_that_fail_are_counted() {
    let once = "const big = []; for (let i = 0; i < 50000; i++) big.push([i]); big.push(() => 1);
        try { util.echo(big) } catch (e) {} return 1";
    let none = once.replace("util.echo(big)", "big");
    assert!(run(once).1 > run(&none).1 + 10_000, "{} {}", run(once).1, run(&none).1);
    let endless = once.replace("try", "while (true) try");
    assert!(run(&endless).2.is_some());
    assert!(run(&endless).1 < 1_000_000_000);
}
