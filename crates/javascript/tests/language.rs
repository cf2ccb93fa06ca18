//! The language, one snippet at a time: the body of a function, and what it returns as JSON.

mod support;

use std::fmt::Write as _;

use support::quickjs::Oracle;
use support::{compile, evaluate, limits, run, run_in, show};
use value::{Value, value};

/// Each body gives what stands beside it, here and in QuickJS; where it throws, what it throws has the same name there.
fn check(cases: &[(&str, &str)]) {
    let oracle = Oracle::new();
    let mut wrong = String::new();
    for (body, expected) in cases {
        let (got, there) = (run(body), oracle.json(body));
        let same = match Value::parse(there.as_bytes()) {
            Ok(value) => value.to_json() == *expected,
            Err(_) => match there.strip_prefix("throws ") {
                Some(name) => expected.starts_with(name) || name.starts_with("the value"),
                None => there == *expected,
            },
        };
        if got != *expected || !same {
            let _ = write!(wrong, "{body}\n  gives    {got}\n  expected {expected}\n  QuickJS  {there}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Each body gives what stands beside it, which is our own.
fn check_here(cases: &[(&str, &str)]) {
    for (body, expected) in cases {
        assert_eq!(run(body), *expected, "{body}");
    }
}

#[test]
fn operators_give_what_the_language_says() {
    check(&[
        ("return 1 + 2 * 3 - 4 / 2", "5"),
        ("return 2 ** 3 ** 2", "512"),
        ("return (-2) ** 2", "4"),
        ("return 7 % 3 + -7 % 3", "0"),
        ("return -7 % 3", "-1"),
        ("return 1 + '2' + 3", "\"123\""),
        ("return 1 + 2 + '3'", "\"33\""),
        ("return '3' * '4'", "12"),
        ("return [5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 4, -16 >> 2, -1 >>> 28]", "[1,7,6,-6,16,-4,15]"),
        ("return [1 < 2, 2 <= 2, 3 > 4, 'a' < 'b', '10' < '9', 10 > '9', NaN <= NaN]", "[true,true,false,true,true,true,false]"),
        (
            "return [null == undefined, null === undefined, '1' == 1, 1 === 1.0, NaN === NaN, NaN != NaN]",
            "[true,false,true,true,false,true]",
        ),
        ("return [null >= 0, undefined >= 0, null > 0]", "[true,false,false]"),
        (
            "return [typeof 1, typeof 'a', typeof null, typeof undefined, typeof {}, typeof (() => 1), typeof true, typeof missing]",
            r#"["number","string","object","undefined","object","function","boolean","undefined"]"#,
        ),
        ("return [!0, !!'a', void 1 === undefined, +'12', -'3', +true]", "[true,true,true,12,-3,1]"),
        ("let a = 1; return [a++, a, ++a, a--, --a, a]", "[1,2,3,3,1,1]"),
        ("let a = 5; a += 2; a -= 1; a *= 3; a /= 2; a %= 5; a **= 2; return a", "16"),
        ("let a = 6; a <<= 2; a >>= 1; a |= 1; a &= 9; a ^= 3; a >>>= 1; return a", "5"),
        ("let a = null, b = 0, c = 1; a ??= 5; b ||= 6; c &&= 7; return [a, b, c]", "[5,6,7]"),
        ("let n = 0; const f = () => { n++; return 1 }; let a = 1; a ||= f(); a ??= f(); return n", "0"),
        ("return (1, 2, 3)", "3"),
        (
            "return ['a' in { a: 1 }, 'b' in { a: 1 }, 0 in [1], 1 in [1], 'length' in [], 'toString' in {}]",
            "[true,false,true,false,true,true]",
        ),
        (
            "return [[] instanceof Array, {} instanceof Object, [] instanceof Object, new Error('x') instanceof Error, new TypeError('x') instanceof Error, new Error('x') instanceof TypeError, 1 instanceof Number]",
            "[true,true,true,true,true,false,false]",
        ),
        ("const o = { a: 1, b: 2 }; return [delete o.a, delete o['zz'], o]", r#"[true,true,{"b":2}]"#),
        ("return 0 || null || 'x' || util.fail()", "\"x\""),
        ("return [null ?? 1, 0 ?? 1, undefined ?? null ?? 2]", "[1,0,2]"),
        ("return 1 && 0 && util.fail()", "0"),
        ("return (0 || 5) && 6", "6"),
        ("return true ? 1 : 2", "1"),
        (
            "const f = (n) => n < 0 ? 'neg' : n === 0 ? 'zero' : n < 10 ? 'small' : 'big'; return [-1, 0, 5, 50].map(f)",
            r#"["neg","zero","small","big"]"#,
        ),
        ("return 1 / 0 === Infinity && -1 / 0 === -Infinity", "true"),
        (
            "return [0.1 + 0.2, String(1e21), 5e-324 > 0, 0xff, 0b101, 0o17, 1_000]",
            "[0.30000000000000004,\"1e+21\",true,255,5,15,1000]",
        ),
    ]);
}

#[test]
fn statements_run_in_order() {
    check(&[
        ("let s = 0; for (let i = 0; i < 5; i++) s += i; return s", "10"),
        ("let s = ''; for (const c of 'héé') s += c + '.'; return s", "\"h.é.é.\""),
        ("let s = 0; for (const x of [1, 2, 3]) { if (x === 2) continue; s += x } return s", "4"),
        ("let s = 0; let i = 0; while (true) { if (i++ > 3) break; s += i } return s", "10"),
        ("let i = 0; do { i++ } while (i < 3); return i", "3"),
        ("const k = []; for (const p in { b: 1, a: 2, 1: 0, 0: 0 }) k.push(p); return k", r#"["0","1","b","a"]"#),
        (
            "const k = []; for (const p in [7, 8]) k.push(p); for (const p in 'ab') k.push(p); for (const p in null) k.push(p); return k",
            r#"["0","1","0","1"]"#,
        ),
        ("const o = { a: 1, b: 2, c: 3 }; const k = []; for (const p in o) { k.push(p); delete o.b } return k", r#"["a","c"]"#),
        ("const a = [1, 2]; let n = 0; for (const x of a) { n += x; if (a.length < 4) a.push(10) } return n", "23"),
        (
            "outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; } } return 'done'",
            "\"done\"",
        ),
        (
            "let n = 0; outer: for (const a of [1, 2, 3]) { for (const b of [1, 2]) { if (a === 2) continue outer; if (a === 3) break outer; n += a * b } } return n",
            "3",
        ),
        ("let r = []; a: { r.push(1); b: { r.push(2); if (r.length) break a; } r.push(3) } r.push(4); return r", "[1,2,4]"),
        (
            "const f = (x) => { switch (x) { case 1: return 'one'; case 2: case 3: return 'few'; default: return 'many' } }; return [1, 2, 3, 4].map(f)",
            r#"["one","few","few","many"]"#,
        ),
        (
            "const r = []; switch (2) { case 1: r.push(1); case 2: r.push(2); case 3: r.push(3); break; default: r.push(0) } return r",
            "[2,3]",
        ),
        ("const r = []; switch (9) { default: r.push('d'); case 1: r.push(1); break; case 2: r.push(2) } return r", r#"["d",1]"#),
        ("switch (1) { case 0: let a = 1; break; case 1: try { a } catch (e) { return e.name } }", "\"ReferenceError\""),
        ("for (let i = 0; ; i++) { switch (i) { case 3: return i } }", "3"),
        ("let n = 0; for (const i of [1, 2, 3]) { switch (i) { case 2: continue; default: n += i } } return n", "4"),
        ("if (false) return 1; else if (0) return 2; else return 3", "3"),
        ("var a = 1; { var a = 2 } return a", "2"),
        ("let a = 1; { let a = 2; a++ } return a", "1"),
        (";;; return", "undefined"),
        ("let i = 0; for (;;) { if (++i > 4) break } return i", "5"),
        ("let x; for (x of [1, 2]); let o = {}; for (o.k of [3, 4]); return [x, o.k]", "[2,4]"),
        ("for (var i = 0, n = 3; i < n; i++); return i", "3"),
        ("const r = []; for (const [k, v] of Object.entries({ a: 1 })) r.push(k + v); return r", r#"["a1"]"#),
        (
            "const r = []; for (const { a = 9, ...rest } of [{ a: 1, b: 2 }, { c: 3 }]) r.push([a, rest]); return r",
            r#"[[1,{"b":2}],[9,{"c":3}]]"#,
        ),
    ]);
}

#[test]
fn try_catch_and_finally_keep_their_order() {
    check(&[
        ("try { throw new Error('x') } catch (e) { return e.message }", "\"x\""),
        ("try { throw { code: 5 } } catch ({ code }) { return code }", "5"),
        ("try { throw 1 } catch { return 2 }", "2"),
        ("try { return 1 } finally { }", "1"),
        ("try { return 1 } finally { return 2 }", "2"),
        ("const r = []; try { r.push(1); throw 0 } catch { r.push(2) } finally { r.push(3) } return r", "[1,2,3]"),
        ("const r = []; const f = () => { try { return r.push('a') } finally { r.push('b') } }; f(); return r", r#"["a","b"]"#),
        ("for (const x of [1, 2]) { try { continue } finally { if (x === 2) return 'f' } }", "\"f\""),
        ("l: { try { break l } finally { } } return 'after'", "\"after\""),
        ("for (;;) { try { throw 1 } catch { break } finally { } } return 'out'", "\"out\""),
        ("try { try { throw 1 } finally { throw 2 } } catch (e) { return e }", "2"),
        ("try { try { throw 1 } catch (e) { throw e + 1 } } catch (e) { return e }", "2"),
        ("const f = () => { try { return 1 } finally { try { return 2 } finally { } } }; return f()", "2"),
        ("const f = () => { let i = 0; try { return i } finally { i = 5 } }; return f()", "0"),
        (
            "const f = (n) => { if (n === 0) throw new Error('deep'); try { f(n - 1) } finally { } }; try { f(5) } catch (e) { return e.message }",
            "\"deep\"",
        ),
        (
            "const a = [1, 2, 3]; try { a.map((x) => { if (x === 2) throw x; return x }) } catch (e) { return [e, a] }",
            "[2,[1,2,3]]",
        ),
        (
            "const f = (a, b) => { const r = []; try { r.push(a + Math.max(1, 2, (() => { throw 'x' })())) } catch (e) { r.push(e, a, b) } return r }; return f(7, 8)",
            r#"["x",7,8]"#,
        ),
        ("throw new Error('own')", "Error: own"),
        ("throw new RangeError('r')", "RangeError: r"),
        ("throw 'text'", "Error: text"),
        ("throw { message: 'm' }", "Error: m"),
        ("throw 5", "Error: 5"),
        (
            "const e = new Error('m', { cause: 7 }); return [e.name, e.message, e.cause, e instanceof Error]",
            r#"["Error","m",7,true]"#,
        ),
        ("try { util.fail('host says') } catch (e) { return e.message }", "\"host says\""),
        ("try { null.x } catch (e) { return [e.name, e.message] }", r#"["TypeError","cannot read property 'x' of null"]"#),
    ]);
}

#[test]
fn scopes_and_closures_are_those_of_the_language() {
    check(&[
        ("const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); return fs.map((f) => f())", "[0,1,2]"),
        ("const fs = []; for (var i = 0; i < 3; i++) fs.push(() => i); return fs.map((f) => f())", "[3,3,3]"),
        ("const fs = []; for (let i = 0; i < 3; i++) { fs.push(() => i); i++ } return fs.map((f) => f())", "[1,3]"),
        ("const fs = []; for (const x of [1, 2]) fs.push(() => x); return fs.map((f) => f())", "[1,2]"),
        ("const fs = []; for (const k in { a: 1, b: 2 }) fs.push(() => k); return fs.map((f) => f())", r#"["a","b"]"#),
        ("const fs = []; let i = 0; while (i < 2) { const j = i++; fs.push(() => j) } return fs.map((f) => f())", "[0,1]"),
        (
            "const counter = () => { let n = 0; return { up: () => ++n, down: () => --n } }; const a = counter(), b = counter(); a.up(); a.up(); b.down(); return [a.up(), b.up()]",
            "[3,0]",
        ),
        ("const f = (a) => (b) => (c) => a + b + c; return f(1)(2)(3)", "6"),
        ("return f(); function f() { return g() } function g() { return 'hoisted' }", "\"hoisted\""),
        ("{ function inner() { return 1 } } return typeof inner", "\"undefined\""),
        ("{ return f(); function f() { return x } var x = 5 }", "undefined"),
        ("const f = function fact(n) { return n < 2 ? 1 : n * fact(n - 1) }; return f(6)", "720"),
        ("const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2); return fib(15)", "610"),
        ("return a; let a = 1", "ReferenceError: 'a' is used before it is initialized"),
        ("const f = () => a; f(); const a = 1", "ReferenceError: 'a' is used before it is initialized"),
        ("const f = () => a; const a = 1; return f()", "1"),
        ("let a = a + 1", "ReferenceError: 'a' is used before it is initialized"),
        ("let a = 1; { try { a } catch (e) { return e.name } let a = 2 }", "\"ReferenceError\""),
        (
            "for (let i = 0; i < 2; i++) { try { x } catch (e) { if (i === 1) return 'dead again' } let x = i; x }",
            "\"dead again\"",
        ),
        ("return b; var b = 1", "undefined"),
        ("const a = 1; try { a = 2 } catch (e) { return e.name }", "\"TypeError\""),
        (
            "const o = { n: 5, get() { return this.n }, arrow() { return [1].map(() => this.n)[0] } }; return [o.get(), o.arrow()]",
            "[5,5]",
        ),
        ("const o = { f() { return this } }; const f = o.f; return f() === undefined", "true"),
        ("const o = { f: function () { return this.v }, v: 3 }; return (o.f)() + o['f']()", "6"),
        (
            "const f = function () { return this?.v ?? 'none' }; return [f(), f.call({ v: 1 }), f.apply({ v: 2 })]",
            r#"["none",1,2]"#,
        ),
        ("let x = 'outer'; const f = (y = x) => { let x = 'inner'; return y }; return f()", "\"outer\""),
        (
            "const add = (a, b = a * 2, ...rest) => [a, b, rest]; return [add(1), add(1, 5), add(1, 2, 3, 4), add(1, undefined)]",
            "[[1,2,[]],[1,5,[]],[1,2,[3,4]],[1,2,[]]]",
        ),
        (
            "const f = ({ a, b: { c = 3 } = {} }, [d, , e = 9] = [4]) => [a, c, d, e]; return [f({ a: 1 }), f({ a: 1, b: { c: 2 } }, [5, 6, 7])]",
            "[[1,3,4,9],[1,2,5,7]]",
        ),
        ("const f = (a) => { const g = () => a; a = 2; return g() }; return f(1)", "2"),
        ("const f = (...xs) => () => xs.length; return f(1, 2)()", "2"),
        ("const f = ({ a }) => () => a; return f({ a: 4 })()", "4"),
        (
            "const f = (a, b) => {}; return [f.length, f.name, (() => 1).name, (function named() {}).name]",
            r#"[2,"f","","named"]"#,
        ),
        ("const even = (n) => n === 0 || odd(n - 1); const odd = (n) => n !== 0 && even(n - 1); return even(50)", "true"),
        ("const f = () => {}; f.x = 1; return f.x", "1"),
        ("return (function () { return typeof this })()", "\"undefined\""),
        ("const self = function me() { return me }; return self() === self", "true"),
        ("const f = function me() { try { me = 1 } catch (e) { return e.name } }; return f()", "\"TypeError\""),
        ("try { throw 1 } catch (e) { var v = e; return (() => e + v)() }", "2"),
        ("return ((a, b) => a - b)(...[5, 3])", "2"),
    ]);
}

#[test]
fn destructuring_takes_values_apart() {
    check(&[
        ("const { a, b: c, ...rest } = { a: 1, b: 2, d: 3, e: 4 }; return [a, c, rest]", r#"[1,2,{"d":3,"e":4}]"#),
        ("const [x, , y = 5, ...z] = [1, 2, undefined, 4, 5]; return [x, y, z]", "[1,5,[4,5]]"),
        ("const { a: { b: [c] } } = { a: { b: [7] } }; return c", "7"),
        ("const k = 'dyn'; const { [k]: v, [`${k}2`]: w = 'd' } = { dyn: 1 }; return [v, w]", r#"[1,"d"]"#),
        ("let a = 1, b = 2; [a, b] = [b, a]; return [a, b]", "[2,1]"),
        ("const o = {}; ({ x: o.a, y: o['b'] } = { x: 1, y: 2 }); return o", r#"{"a":1,"b":2}"#),
        ("let a, rest; ({ a = 3, ...rest } = { b: 1 }); return [a, rest]", r#"[3,{"b":1}]"#),
        ("let a, b; [a, [b = 2] = []] = [1]; return [a, b]", "[1,2]"),
        ("const [a, b] = 'xy'; return a + b", "\"xy\""),
        ("const { length } = 'abc'; return length", "3"),
        ("const { x = 1 } = { x: null }; return x", "null"),
        ("let n = 0; const d = () => ++n; const { a = d(), b = d() } = { a: 1 }; return [a, b, n]", "[1,1,1]"),
        ("const { a } = null", "TypeError: cannot read property 'a' of null"),
        ("const { a } = undefined", "TypeError: cannot read property 'a' of undefined"),
        ("const [a] = {}", "TypeError: an object is not iterable"),
        ("const { f = () => 1 } = {}; return f.name", "\"f\""),
        ("const {} = { a: 1 }; const [] = []; return 'ok'", "\"ok\""),
        ("const [...[a, b]] = [1, 2]; return a + b", "3"),
        ("return (({ a }, { b }) => a + b)({ a: 1 }, { b: 2 })", "3"),
        ("let r = ([a, b] = [3, 4]); var a, b; return [r, a, b]", "[[3,4],3,4]"),
    ]);
}

#[test]
fn literals_and_spread_make_values() {
    check(&[
        ("const a = 1; return { a, 'b-c': 2, 3: 4, ['d' + 1]: 5 }", r#"{"3":4,"a":1,"b-c":2,"d1":5}"#),
        ("return { a: 1, b: 2, a: 3 }", r#"{"a":3,"b":2}"#),
        ("return [...[1, 2], ...'ab', ...new Set([3, 3]), 4]", r#"[1,2,"a","b",3,4]"#),
        ("return [1, , 3]", "[1,null,3]"),
        ("return `a${1}b${'c'}${[1, 2]}${null}${{}}`", r#""a1bc1,2null[object Object]""#),
        ("return `line\\n${1 + 1}\\u0041`", r#""line\n2A""#),
        ("return String.raw`a\\n${1}`", r#""a\\n1""#),
        ("return util.sql`select ${1} from ${'t'}`", r#"[["select "," from ",""],1,"t"]"#),
        ("const o = { a: { b: [1, { c: 2 }] } }; return o.a.b[1].c + o['a']['b'][0]", "3"),
        ("return [[1, 2], [3]].length + 'abc'.length + 'abc'[1]", "\"5b\""),
        ("return 'abc'[5] === undefined && [1][3] === undefined && 'abc'['length'] === 3", "true"),
        ("const o = {}; o.x = 1; o['y'] = 2; o[3] = 4; o.x += 5; o.x++; return o", r#"{"3":4,"x":7,"y":2}"#),
        ("const a = []; a[2] = 1; a.length = 5; a[0] = 'x'; return [a, a.length]", r#"[["x",null,1,null,null],5]"#),
        ("const a = [1, 2, 3]; a.length = 1; return a", "[1]"),
        ("const a = [1, 2, 3]; delete a[1]; return a", "[1,null,3]"),
        ("return Math.max(...[1, 5, 3], 4)", "5"),
        ("const o = { n: 0 }; const i = () => { o.n++; return 'k' }; o[i()] ??= 1; o[i()] += 1; return o", r#"{"n":2,"k":2}"#),
        ("return \"\\uD83D\\uDE00\".length", "2"),
    ]);
}

#[test]
fn optional_chains_end_where_something_is_missing() {
    check(&[
        (
            "const o = { a: { b: () => 5 } }; return [o?.a?.b?.(), o.x?.b.c.d, o.a?.['b'](), o.x?.[util.fail()]]",
            "[5,null,5,null]",
        ),
        ("let n = 0; const o = null; o?.[n++]; o?.f(n++); return n", "0"),
        ("const o = { f() { return this.v }, v: 1 }; return [o?.f(), o.f?.(), o?.f?.(), o.g?.()]", "[1,1,1,null]"),
        ("const o = { a: null }; return (o?.a)?.b ?? 'none'", "\"none\""),
        ("const o = null; try { return (o?.a).b } catch (e) { return e.message }", r#""cannot read property 'b' of undefined""#),
        ("const o = { a: 1 }; delete o?.a; delete o?.b?.c; let p; return [o, delete p?.x]", "[{},true]"),
        ("const f = null; return f?.(1)?.x.y ?? 3", "3"),
        ("return 'abc'?.length + [1]?.[0]", "4"),
        ("const o = { a: [ { b: 2 } ] }; return o?.a[0]?.b", "2"),
    ]);
}

#[test]
fn what_is_ours_alone() {
    check_here(&[
        // What the host says and does.
        ("util.fail('host says')", "host says"),
        ("try { util.stop() } catch { return 1 } finally { return 2 }", "Stopped"),
        // There are no prototypes.
        ("return { __proto__: 1, toString: 2 }", r#"{"__proto__":1,"toString":2}"#),
        // A result is well-formed text.
        ("return \"\\uD83D\"", "\"\u{fffd}\""),
        ("return JSON.parse('[\"\\\\ud83d\", \"\\\\ud83d\\\\ude00\"]')", "[\"\u{fffd}\",\"😀\"]"),
        // QuickJS is wrong: strings are spread by character (ECMA-262, 7.3.26), and a body assigns to its own parameter (10.2.11).
        ("return { ...{ a: 1, b: 2 }, b: 3, ...null, ...undefined, ...'hi', ...[9] }", r#"{"0":9,"1":"i","a":1,"b":3}"#),
        ("const f = (a, g = () => a) => { a = 5; return g() }; return f(1)", "5"),
    ]);
}

#[test]
fn parameters_get_their_values_from_left_to_right() {
    check(&[
        ("const f = (a = b, b = 1) => a; return f()", "ReferenceError: 'b' is used before it is initialized"),
        ("const f = (a = b, b = 1) => a + b; return f(3)", "4"),
        ("const f = (a = a) => a; return f()", "ReferenceError: 'a' is used before it is initialized"),
        ("const f = (a = (b = 2), b = 1) => a; try { return f() } catch (e) { return e.name }", "\"ReferenceError\""),
        ("const f = (a = typeof b, b) => a; try { return f() } catch (e) { return e.name }", "\"ReferenceError\""),
        ("const f = (a = () => b, b = 1) => a(); return f()", "1"),
        ("const f = (a = (() => b)(), b = 1) => a; try { return f() } catch (e) { return e.name }", "\"ReferenceError\""),
        ("const f = ({ a = c, c } = {}) => a; try { return f() } catch (e) { return e.name }", "\"ReferenceError\""),
        ("const f = ({ c, a = c } = { c: 4 }) => a; return f()", "4"),
        ("const f = (a, { b = a + 1 } = {}, [c = b + 1] = [], ...d) => [a, b, c, d]; return f(1)", "[1,2,3,[]]"),
        ("const f = (a = 1, b = a + 1, c = a + b) => [a, b, c]; return [f(), f(5), f(5, 5)]", "[[1,2,3],[5,6,11],[5,5,10]]"),
        ("const f = (a, ...[b, c = a]) => [b, c]; return f(1, 2)", "[2,1]"),
    ]);
}

#[test]
fn tags_get_texts_and_values() {
    check(&[
        (
            "const tag = (texts, ...values) => [texts, texts.raw, values]; return tag`a\\n${1}b${2}`",
            r#"[["a\n","b",""],["a\\n","b",""],[1,2]]"#,
        ),
        ("const tag = (texts) => texts[0] === undefined && texts.raw[0]; return tag`\\unknown`", r#""\\unknown""#),
        (
            "const o = { n: 'x', tag(texts) { return this.n + texts.raw.length } }; return [o.tag`a${1}`, o['tag']`b`]",
            r#"["x2","x1"]"#,
        ),
        ("const tag = (t) => (u) => t[0] + u[0]; return tag`a``b`", r#""ab""#),
        (
            "const tag = (texts) => [Object.isFrozen(texts), Object.isFrozen(texts.raw), texts.length]; return tag`a`",
            "[true,true,1]",
        ),
        ("const tag = (texts) => Object.keys(texts); return tag`a${1}b`", r#"["0","1"]"#),
        ("return String.raw`\\u00e9\\${1}${2}`", r#""\\u00e9\\${1}2""#),
        ("return String.raw({ raw: ['a', 'b', 'c'] }, 1, 2, 3)", r#""a1b2c""#),
        ("const raw = String.raw; return raw`\\t${1}\\x`", r#""\\t1\\x""#),
        ("try { 1`a` } catch (e) { return e.name }", "\"TypeError\""),
    ]);
}

#[test]
fn parentheses_end_what_is_left_out_but_keep_the_object() {
    check(&[
        (
            "const o = { f() { return this === o } }; return [(o?.f)(), (o.f)(), (o?.['f'])(), ((o?.f))?.()]",
            "[true,true,true,true]",
        ),
        ("const o = { p: { f() { return this.v }, v: 7 } }; return [(o?.p.f)(), (o.p?.f)(), (o?.p)?.f()]", "[7,7,7]"),
        ("const n = null; return [(n?.f)?.(), (n?.a.b)?.c, (n?.a)?.b.c.d]", "[null,null,null]"),
        ("const n = null; try { return (n?.f)() } catch (e) { return e.name }", "\"TypeError\""),
        ("const n = null; try { return (n?.a.b).c } catch (e) { return e.name }", "\"TypeError\""),
        ("const n = null; let c = 0; (n?.[c++])?.[c++]; return c", "0"),
        (
            "const o = { a: { b: { c: 1, d: 2 } } }; return [delete o?.a.b.c, delete o.a?.b?.x, delete o?.q?.r.s, o]",
            r#"[true,true,true,{"a":{"b":{"d":2}}}]"#,
        ),
        ("const a = {}; try { return delete a?.b.c } catch (e) { return e.name }", "\"TypeError\""),
        ("const a = null; return delete a?.b.c", "true"),
        ("const a = { k: 1 }; const k = 'k'; return [delete a?.[k], delete (a?.b)?.c, a]", "[true,true,{}]"),
        ("const a = null; try { return delete (a?.b).c } catch (e) { return e.name }", "\"TypeError\""),
    ]);
}

#[test]
fn functions_tell_their_names_and_texts() {
    check(&[
        (
            "const f = (a, b = 1, c) => a; return [f.name, f.length, 'name' in f, f.hasOwnProperty('length'), Object.keys(f)]",
            r#"["f",1,true,true,[]]"#,
        ),
        ("const f = () => 1; try { f.name = 'g' } catch (e) { return [e.name, f.name] }", r#"["TypeError","f"]"#),
        ("const { name, length } = function g(a, b) {}; return [name, length]", r#"["g",2]"#),
        ("const f = (a,  b) => a /* c */ + b; return String(f)", r#""(a,  b) => a /* c */ + b""#),
        ("function  g ( x ) { return x } return g.toString()", r#""function  g ( x ) { return x }""#),
        (
            "const o = { m( x ) { return x }, ['k' + 1](y) {}, f: function () {}, 'q r'() {} }; return Object.keys(o).map((k) => `${o[k]}`)",
            r#"["m( x ) { return x }","['k' + 1](y) {}","function () {}","'q r'() {}"]"#,
        ),
        ("return [(() => {}).name, (function () {}).name, ((a) => a).length, ({ m() {} }).m.name]", r#"["","",1,"m"]"#),
        (
            "let f; f = () => 1; const o = { g: () => 2, h: (() => 3) }; const [i = () => 4] = []; return [f.name, o.g.name, o.h.name, i.name]",
            r#"["f","g","h","i"]"#,
        ),
    ]);
}

#[test]
fn what_is_null_is_named() {
    for (body, message, nullish) in [
        ("return ctx.a.b.c.d", "TypeError: cannot read property 'c' of undefined", Some("ctx.a.b")),
        ("return ctx['a'].n.x", "TypeError: cannot read property 'x' of null", Some("ctx['a'].n")),
        ("ctx.q.x = 1", "TypeError: cannot set property 'x' of undefined", Some("ctx.q")),
        ("ctx.q.f(1)", "TypeError: cannot read property 'f' of undefined", Some("ctx.q")),
        ("ctx.q[0]", "TypeError: cannot read property '0' of undefined", Some("ctx.q")),
        ("ctx.a.f(1)", "TypeError: ctx.a.f is not a function", None),
        ("const g = 1; g()", "TypeError: g is not a function", None),
        ("ctx.a.toFixed()", "TypeError: ctx.a.toFixed is not a function", None),
        ("new ctx.a()", "TypeError: ctx.a is not a constructor", None),
        ("'a' in 1", "TypeError: the right side of 'in' is no object, but number", None),
        ("1 instanceof 1", "TypeError: the right side of 'instanceof' is not a constructor", None),
        ("Math.x = 1", "TypeError: cannot set property 'x': built-in objects cannot be changed", None),
        ("util.x = 1", "TypeError: cannot set property 'x': built-in objects cannot be changed", None),
        ("'abc'.x = 1", "TypeError: cannot set property 'x' of a string", None),
        ("for (const x of ctx.a) {}", "TypeError: ctx.a is not iterable: it is an object", None),
        ("return [...ctx.q]", "TypeError: ctx.q is not iterable: it is undefined", None),
        ("Object.freeze(ctx.a).x = 1", "TypeError: cannot set property 'x' of a frozen object", None),
        ("util.nothing(1)", "TypeError: util.nothing is not a function", None),
        ("util.nothing.x", "TypeError: cannot read property 'x' of undefined", Some("util.nothing")),
        ("const f = (x) => x.y; f()", "TypeError: cannot read property 'y' of undefined", Some("x")),
    ] {
        let text = format!("import {{ util }} from '@host';\nexport function request(ctx) {{\n{body}\n}}\n(util);");
        let program = compile(&[&text]).unwrap_or_else(|error| panic!("{body}: {error}"));
        let outcome = evaluate(&program, &value!({"a": {"n": null}}), &limits());
        let Err(javascript::Fault::Thrown { message: got, place, nullish: of }) = outcome.result else {
            panic!("{body}: {:?}", outcome.result)
        };
        assert_eq!((got.as_str(), of.as_deref()), (message, nullish), "{body}");
        let place = place.unwrap_or_else(|| panic!("{body} has no place"));
        assert_eq!(text[..place.offset].matches('\n').count(), 2, "{body}: {}", &text[place.offset..]);
    }
}

#[test]
fn the_context_is_read_where_it_is() {
    let context = Value::parse(
        br#"{"arguments": {"id": "a", "n": [1, {"x": 2}], "big": 12345678901234567890123}, "stash": {}, "info": {"f": 1, "secret": [2]}}"#,
    )
    .expect("JSON");
    for (body, expected) in [
        ("return ctx.args === ctx.arguments && ctx.args.n === ctx.args.n && ctx.args.n[1] === ctx.args.n[1]", "true"),
        ("ctx.args.n[1].x = 3; return ctx.arguments.n", r#"[1,{"x":3}]"#),
        ("return ctx.args", r#"{"id":"a","n":[1,{"x":2}],"big":12345678901234567890123}"#),
        ("return { ...ctx.args, id: 'b' }", r#"{"id":"b","n":[1,{"x":2}],"big":12345678901234567890123}"#),
        ("return [ctx.info.secret, { ...ctx.info }, ctx.info]", r#"[[2],{"f":1},{"f":1}]"#),
        ("const { args: { id, n: [one, { x }] } } = ctx; return [id, one, x]", r#"["a",1,2]"#),
        ("for (const k in ctx.args) { if (k === 'n') return k }", "\"n\""),
        ("delete ctx.args.big; return ctx.arguments", r#"{"id":"a","n":[1,{"x":2}]}"#),
    ] {
        assert_eq!(run_in(body, &context), expected, "{body}");
    }
    let program = compile(&["export function request(ctx) { ctx.stash.a = [ctx.args.id]; return 1 }"]).expect("compiles");
    let outcome = evaluate(&program, &context, &limits());
    assert_eq!(outcome.read_back.map(|stash| stash.to_json()).as_deref(), Some(r#"{"a":["a"]}"#));
}

#[test]
fn modules_see_each_others_names() {
    let program = compile(&[
        "export const one = 1; export let count = 0; export function up() { count++; return count } export default { d: 'default' };",
        "export * from './0'; export * as all from './0'; export { one as uno, default as d } from './0'; import { util } from '@host'; export { util as u };",
        "import def, { one, count, up } from './0'; import * as ns from './1'; import { util } from '@host'; import h from '@host';
         const top = one + 1;
         export const request = (ctx) => { up(); return [def.d, one, count, ns.uno, ns.d.d, Object.keys(ns), ns.all.one, top, ns.u.echo(3), util.echo('e'), util.time.now(), h.echo(1)] };
         export { request as other }",
    ])
    .expect("compiles");
    assert!(program.exports("request") && program.exports("other") && !program.exports("response"));
    for _ in 0..2 {
        assert_eq!(
            show(evaluate(&program, &Value::Null, &limits())),
            r#"["default",1,1,1,"default",["all","uno","d","u","one","count","up"],1,2,3,"e","now",1]"#
        );
    }
}

#[test]
fn what_is_not_there_is_refused() {
    for (body, message) in [
        ("class A {}", "classes are not supported"),
        ("return class {}", "classes are not supported"),
        ("function* g() {}", "generator functions are not supported"),
        ("async function f() {}", "async functions are not supported"),
        ("return async () => 1", "async functions are not supported"),
        ("return 10n", "BigInt values are not supported"),
        ("return { get a() { return 1 } }", "getters and setters are not supported"),
        ("return new.target", "`new.target` references are not supported"),
        ("return import('x')", "dynamic imports are not supported"),
        ("return import.meta", "`import.meta` references are not supported"),
        ("return arguments", "'arguments' is not defined"),
        ("return nowhere", "'nowhere' is not defined"),
        ("nowhere = 1", "'nowhere' is not declared"),
    ] {
        let got = run(body);
        assert!(got.ends_with(message), "{body}: {got}");
    }
}
