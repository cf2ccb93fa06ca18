//! What code may ask for without measure ends in a limit, or in an error that code can catch.

use std::time::{Duration, Instant};

use super::harness::ours_within;
use javascript::Limits;
use value::Value;

#[test]
fn whatever_is_too_large_ends_in_a_limit() {
    for expression in [
        "'x'.repeat(1e9)",
        "'x'.padEnd(1e12)",
        "'xy'.padStart(4e9, 'abc')",
        "new Array(4294967295)",
        "Array(4e9).fill(0)",
        "(() => { const a = []; a.length = 4294967294; return a })()",
        "(() => { const a = []; a[4294967294] = 1; return a.length })()",
        "Array.from({ length: 4294967295 })",
        "Array.from({ length: 1e9 }, (_, i) => i)",
        "(() => { let s = 'x'; for (let i = 0; i < 60; i++) s += s; return s.length })()",
        "(() => { const a = []; a.push(a); return a.flat(Infinity) })()",
        "(() => { const a = [1]; for (;;) a.push(...a) })()",
        "(() => { let a = [1]; for (;;) a = a.concat(a) })()",
        "(() => { const m = new Map(); for (let i = 0; ; i++) m.set(i, i) })()",
        "(() => { const s = new Set([1]); for (const x of s) { s.delete(x); s.add(x) } })()",
        "(() => { const big = 'x'.repeat(1e6); return JSON.stringify(Array(1000).fill(big)) })()",
        "Array(1e6).fill('abcdefghijklmnopqrst').join('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh')",
        "'a'.repeat(1e6).replaceAll('a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')",
        "'a'.repeat(1e6).replace(/a/g, '$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&$&')",
        "/^(a+)+$/.test('a'.repeat(60) + 'b')",
        "/(x+x+)+y/.test('x'.repeat(60))",
        "Array(3e6).fill(0).map((_, i) => String(i)).sort()",
        "Array(2e6).fill(0).sort((a, b) => { let n = 0; for (let i = 0; i < 50; i++) n += i; return n - n })",
    ] {
        let limits = Limits { deadline: Instant::now() + Duration::from_millis(1500), memory: 32 << 20, result_bytes: 5 << 20 };
        let began = Instant::now();
        let shown = ours_within(expression, Value::Null, &limits);
        assert!(shown.contains("Memory") || shown.contains("Deadline"), "{expression}: {}", &shown[..shown.len().min(200)]);
        assert!(began.elapsed() < Duration::from_secs(6), "{expression} took {:?}", began.elapsed());
    }
}

#[test]
fn nesting_without_measure_is_an_error() {
    for (expression, error) in [
        ("(() => { const a = []; a.push(a); return String(a) })()", "!RangeError"),
        ("(() => { let a = []; for (let i = 0; i < 5000; i++) a = [a]; return String(a) })()", "!RangeError"),
        ("(() => { let a = {}; for (let i = 0; i < 5000; i++) a = { a }; return JSON.stringify(a) })()", "!RangeError"),
        ("JSON.parse('['.repeat(5000) + ']'.repeat(5000))", "!RangeError"),
        ("new RegExp('('.repeat(5000) + ')'.repeat(5000))", "!SyntaxError"),
        ("new RegExp('(?:a{1000}){1000}{1000}')", "!SyntaxError"),
        ("new RegExp('((a{1000}){1000}){1000}')", "!SyntaxError"),
    ] {
        let limits = Limits { deadline: Instant::now() + Duration::from_secs(5), memory: 32 << 20, result_bytes: 5 << 20 };
        assert_eq!(ours_within(expression, Value::Null, &limits), error, "{expression}");
    }
}
