//! Corners of the language, each run here and on QuickJS: in which order things happen, what names stand for, how values convert.

mod support;

use std::fmt::Write as _;

use support::quickjs::Oracle;
use support::run;
use value::Value;

/// Each body, which catches what it throws, gives the same JSON here and there.
fn same(bodies: &[&str]) {
    let oracle = Oracle::new();
    let mut wrong = String::new();
    for body in bodies {
        let body = format!(
            "const log = []; const t = (x) => {{ log.push(x); return x; }};\n\
             const program = () => {{\n{body}\n}};\n\
             try {{ return [program(), log] }} catch (e) {{ return [e instanceof Error ? e.name : e, log] }}"
        );
        let (here, there) = (run(&body), oracle.json(&body));
        let as_json = |text: &str| Value::parse(text.as_bytes()).map(|value| value.to_json());
        if as_json(&here).is_err() || as_json(&here) != as_json(&there) {
            let _ = write!(wrong, "{body}\n  here    {here}\n  QuickJS {there}\n\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn things_happen_in_order() {
    same(&[
        "let a = 1; a += (a = 5, 2); return a",
        "let x = 1; x = x++ + x; return [x, x + (x = 2), x++ * x--]",
        "const a = [0, 0, 0]; let i = 0; a[i++] = i; a[i] = i++; return [a, i]",
        "const o = () => t({}); o()[t('k')] = t(1); o()[t('m')] += t(2)",
        "const o = { f: (x) => [x, 'called'] }; return o.f(o.f = null)",
        "const o = {}; o.missing(t(1))",
        "const n = null; n[t('k')] = t('v')",
        "let n; n.x.y = t(1)",
        "const n = null; n[t('k')](t(1))",
        "const { [t('a')]: x = t(1), [t('b')]: y = t(2) } = { a: 5 }; return [x, y]",
        "[t({})[t('a')], t({})[t('b')] = t(3)] = [1]; return log.length",
        "const o = { a: t(1), [t('b')]: t(2), ...t({ c: 3 }), d: t(4) }; return Object.keys(o)",
        "return t(1) + t(2) * t(3) - t(4) ** t(2)",
        "return t(0) && t(1) || t(2) && t(3)",
        "return t(null) ?? t(undefined) ?? t(0) ?? t(1)",
        "return (t(0) || t(2)) && (t(3) ?? t(4))",
        "return [t(1) < t(2), t(3) in t({ 3: 1 })]",
        "const f = (a = t(1), b = t(a + 1)) => [a, b]; return [f(), f(undefined, 7), f(null)]",
        "const f = (...args) => args; return f(...t([1]), t(2), ...t('ab'))",
        "const o = { a: null, b: 1 }; o.a ??= t(1); o.b ??= t(2); o.c ||= t(3); o.b &&= t(4); return o",
        "const o = { v: 1, valueOf() { t('o'); return 2 } }; return [o + 1, o * o, o < 3, `${[o]}`, o == 2]",
        "const a = { valueOf() { return t(1) } }, b = { valueOf() { return t(2) } }; return [a + b, a > b, b - a]",
        "const k = { toString() { return t('key') } }; const o = {}; o[k] = 1; o[k]++; return [o, k in o]",
        "throw t(1)",
        "return [1, 2, 3].map((x) => t(x)).filter((x) => t(x) > 1).reduce((x, y) => t(x + y), 0)",
        "return [3, 1, 2].sort((x, y) => x - y)",
        "let s = ''; for (const x of [1, 2, 3]) { s += x; if (x === 2) continue; s += ','; } return s",
        "const f = () => { try { return t(1) } finally { t(2) } }; return f()",
        "const f = () => { for (const x of [1, 2, 3]) { try { if (x === 2) return x; continue } finally { t(x) } } }; return f()",
        "outer: for (const x of [1, 2]) { for (;;) { try { continue outer } finally { t(x) } } } return 'end'",
        "l: try { break l } finally { t('f') } return 'after'",
        "const f = () => { while (true) { try { return 1 } finally { break } } return 2 }; return f()",
        "try { try { throw 1 } catch (e) { throw t(e) + 1 } finally { t('f') } } catch (e) { return e }",
        "switch (t(2)) { case t(1): t('a'); default: t('d'); case t(3): t('c'); break; case t(4): t('e') }",
        "switch (3) { case 1: let x = 1; break; case 3: x = 2; }",
        "let i = 0; do { if (i === 1) continue; t(i) } while (t(++i) < 3)",
        "for (let i = t(0); t(i) < t(2); t(i++)) t('body')",
        "const a = [1, 2, 3]; for (const x of a) { if (x === 1) a.push(4); if (x === 2) a.shift(); t(x) }",
        "const m = new Map([[1, 2]]); for (const [k] of m) { if (k < 4) m.set(k + 1, 0); t(k) } return m.size",
        "const s = new Set([1, 2, 3]); for (const x of s) { s.delete(2); t(x) }",
        "const o = { a: 1, b: 2 }; for (const k in o) { o.c = 3; delete o.b; t(k) }",
        "const f = (x) => { t(x); return x > 0 ? f(x - 1) : 'end' }; return f(3)",
        "let a, b, c; a = b = c = 3; const d = [a, b] = [b + 1, a + 2]; return [a, b, c, d]",
        "let [a = t(1), [b = t(2)] = [], { c = t(3) } = {}] = [undefined, [0]]; return [a, b, c]",
        "const o = { get: () => t('get') }; return [o?.get(), o?.['get'](), o.get?.(), o.nope?.(t('no'))]",
        "const log2 = []; for (const x of [3, 1, 2].sort((a, b) => { log2.push(1); return a - b })) t(x); return log2.length > 1",
    ]);
}

#[test]
fn names_stand_for_what_is_nearest() {
    same(&[
        "const Math = { max: () => 'mine' }; return Math.max(1, 2)",
        "const String = { raw: () => 'mine' }; return String.raw`a`",
        "const JSON = { stringify: () => 'mine' }; return JSON.stringify(1)",
        "const f = (undefined) => undefined; return f(5)",
        "const f = (Object, NaN) => [Object, NaN]; return f(1, 2)",
        "var f = 1; function f() {} return typeof f",
        "const before = typeof f; var f; function f() {} return before",
        "function f() { return 1 } function f() { return 2 } return f()",
        "const f = function g(g) { return g }; return f(2)",
        "const f = function g() { var g = 1; return g }; return f()",
        "const f = function g() { { let g = 5; t(g) } return typeof g }; return f()",
        "function f(a) { var a; return a } return f(1)",
        "function f(a) { function a() {} return typeof a } return f(1)",
        "function f(a, b = () => a) { return [b(), a] } return f(1)",
        "try { throw { a: 1, b: 2 } } catch ({ a, ...rest }) { return [a, rest] }",
        "try { throw [1, 2] } catch ([a, b = 3, c = 4]) { return [a, b, c] }",
        "const e = 'outer'; try { throw 'inner' } catch (e) { t(e); { let e = 'block'; t(e) } } return e",
        "const r = []; for (let i = 0, f = () => i; i < 3; i++) r.push(f()); return r",
        "const r = []; for (let i = 0; r.push(() => i), i < 2; i++); return r.map((f) => f())",
        "const r = []; for (let i = 0; i < 2; r.push(() => i), i++); return r.map((f) => f())",
        "const r = []; for (let i = 0; i < 3; i++) { r.push(() => i++); } return [...r, ...r].map((f) => f())",
        "let i = 'outer'; for (let i = 0; i < 1; i++) { let i = 'inner'; t(i) } return i",
        "for (let x of [x]) {}",
        "const x = 1; for (const x of [2]) { const y = x; { const x = 3; t([x, y]) } } return x",
        "let x = 1; { t(x); } { let x = 2; t(x) } { x = 3 } return x",
        "let x = 1; { x; let y = x; { const x = y + 1; t(x) } } return x",
        "{ t(x); let x = 1 }",
        "{ t(typeof x); let x = 1 }",
        "const f = () => x; { let x = 2; t(x) } let x = 1; return f()",
        "x = 5; var x; return x",
        "if (true) { var x = 1; let y = 2 } return [x, typeof y]",
        "if (true) { function g() { return 1 } t(g()) } return typeof g",
        "t(g()); function g() { return h() } function h() { return k } var k = 3",
        "const o = { f() { return typeof this }, h() { return (() => this === o)() } }; const { f } = o; return [o.f(), f(), o.h()]",
        "const f = function () { return this }; return [f() === undefined, f.call(1), f.apply('s', []), f.call(null)]",
        "const counter = (() => { let n = 0; return { inc: () => ++n, get: () => n } })(); counter.inc(); counter.inc(); return counter.get()",
        "const compose = (...fs) => (x) => fs.reduceRight((y, f) => f(y), x); return compose((x) => x + 1, (x) => x * 2)(5)",
        "const memo = {}; const fib = (n) => n in memo ? memo[n] : (memo[n] = n < 2 ? n : fib(n - 1) + fib(n - 2)); return fib(40)",
        "const é = 1, $_ = 2, \\u0061b = 3; return [é, $_, ab]",
        "const a = 1; a = t(2)",
        "const a = 1; a++",
        "const { b } = { b: 1 }; [b] = [2]",
        "for (const i = 0; i < 2; i++) t(i)",
        "const a = 1; { a ||= 2; a ??= 3; t(a); a &&= 4 }",
        "a: { b: { t(1); break a } t(2) } t(3)",
        "return\n1",
        "let a = 1\nlet b = a\n++b\nreturn [a, b]",
    ]);
}

#[test]
fn values_convert_as_the_language_says() {
    same(&[
        "return [[] + [], [] + 1, [1] * 2, [1, 2] + [3], String({}), `${[]}`, [] == '', [0] == false, null == 0, [[]] == 0]",
        "return [1 < 2 < 3, 3 > 2 > 1, 'b' + 'a' + +'a' + 'a', typeof typeof 1, !!'' + !!'a', -'', +' \\n', - -1]",
        "return ['2' > '12', 2 > '12', 'a' > 'B', null >= 0, undefined == 0, NaN != NaN, '1' == [1], true == '1', 'true' == true]",
        "return [5 / 2 | 0, -5 % 3, 2 ** -1, 7 >>> 1, -7 >>> 28, -7 >> 1, 1 << 33, ~~'12.7', '5' - - '2', '5' + - '2']",
        "return ['\\x41\\u{1F600}\\0'.length, 'a\\\nb', '\\v\\f\\b'.length, `a\nb`, '\\u2028'.length]",
        "return [0.1 + 0.2, 1e21 + '', 1e-7 + '', 123456789.123 + '', -0 + '', (-0).toFixed(1), 1 / 3 + '', 100 + '', 5e-324 + '', 1.7976931348623157e308 * 10 + '']",
        "return [0x10, 0b11, 0o17, 1_000_000, .5, 5., 1e3, 0xFFFFFFFFFF]",
        "return JSON.stringify({ a: undefined, b: () => 1, c: NaN, d: -0, e: [undefined, () => 1], f: new Date(0), g: 'a\"\\n\\u2028', h: new Map([[1, 2]]), i: new Error('x'), j: /a/ })",
        "return [JSON.stringify(undefined), JSON.stringify(null), JSON.stringify('é😀'), JSON.stringify('\\ud800'), JSON.stringify([1, [2]], null, 3), JSON.stringify({}, null, 2), JSON.stringify([], null, 2)]",
        "const o = {}; o.o = o; return JSON.stringify(o)",
        "return JSON.stringify({ toJSON(k) { return [k, 1] }, x: { toJSON: () => undefined } })",
        "return [Object.keys(new Error('x')), { ...new Error('x') }, Object.keys([4, 5]), Object.keys(() => 1), Object.keys(new Map([[1, 2]])), Object.keys('ab')]",
        "return [{ ...[1, 2] }, { ...new Map([[1, 2]]) }, { ...(() => 1) }, { ...null }, { ...5 }]",
        "const e = new TypeError('m', { cause: 1 }); e.code = 5; return [String(e), e.name, e.cause, e.code, Object.keys(e), e instanceof TypeError, e instanceof Error, e instanceof RangeError]",
        "const e = new Error('m'); e.name = 'Own'; return [String(e), `${e}`, e + '', Object.keys(e)]",
        "return [String(new Error()), String(new RangeError('')), new Error(undefined).message, new Error(5).message]",
        "const o = { 10: 'a', b: 1, 9: 'c', '-1': 0, a: 2, '01': 3 }; delete o.b; o.b = 4; return Object.entries(o)",
        "return [Object.entries({ a: 1 }), Object.assign({ a: 1 }, null, { b: 2 }, 'xy'), Object.fromEntries([['a', 1], ['a', 2]]), Object.fromEntries(new Map([['k', 'v']]))]",
        "return [[3, 20, 100].sort(), ['b', undefined, 'a'].sort(), [true, false, null, 'x', 1].sort(), [1, 2, 3].reverse(), [[2], [1]].sort()]",
        "const people = [['a', 2], ['b', 1], ['c', 2], ['d', 1]]; return people.sort((x, y) => x[1] - y[1]).map((p) => p[0])",
        "const m = new Map([[NaN, 1], [0, 2]]); return [m.get(NaN), m.get(-0), m.has('0'), [...m.keys()].length, new Set([NaN, NaN, 0, -0]).size]",
        "return [[...'é😀x'], 'é😀'.split('').length, Array.from('a😀'), [...new Map([[1, 2]])], [...new Set('aab')]]",
        "const a = [1, 2, 3]; a.length = 1; a[2] = 5; return [a.length, a.at(-1), a.join('-')]",
        "const a = [1, 2]; a['1'] = 'x'; a[-0] = 'y'; return [a, a['0'], '0' in a, 5 in a, a.length]",
        "return [typeof null, typeof undefined, typeof (() => 1), typeof [], typeof '', typeof NaN, typeof new Date(0), typeof /a/, typeof Math.max, typeof Math]",
        "return ['a,b,,c'.split(','), 'abc'.split(''), 'abc'.split(), ''.split(','), ''.split(''), 'a1b2'.split(/\\d/), 'a1b2'.split(/(\\d)/), 'abc'.split('', 2)]",
        "return ['abc'.replace(/b/, '[$&$`$\\'$$]'), 'aXbX'.replace(/x/gi, (m, at, all) => m + at + all), 'abc'.replace(/(?<l>b)/, '<$<l>$1>'), 'aaa'.replace(/a/g, '$0')]",
        "const r = /a(b)?/g; return [r.exec('ab a'), r.lastIndex, r.exec('ab a'), r.lastIndex, r.exec('ab a'), r.lastIndex].map((x) => Array.isArray(x) ? [...x, x.index] : x)",
        "const r = /a/y; return [r.test('ba'), r.lastIndex, (r.lastIndex = 1, r.test('ba')), r.lastIndex]",
        "const text = 'x1y22'.repeat(300); const r = /\\d+/g; let n = 0, m; while ((m = r.exec(text))) n += m[0].length + m.index; return n",
        "const one = 'a1'.repeat(400), two = 'b2'.repeat(400); const r = /[ab]/g; const got = []; for (let i = 0; i < 4; i++) got.push(r.exec(i % 2 ? one : two)[0], r.lastIndex); return got",
        "for (const x of 5) t(x)",
        "return [...undefined]",
        "const [a] = null",
        "const { a } = undefined",
        "const { ...rest } = null",
        "return Math.max(...5)",
        "return new Map([1])",
        "return 'a' in 'abc'",
        "return 1 instanceof 5",
        "return null.a",
        "return undefined[0]",
        "return (void 0)()",
        "return ({}).a.b",
        "return [].reduce((a, b) => a)",
        "return 'x'.repeat(-1)",
        "return (1).toFixed(200)",
        "return new Array(-1)",
        "return decodeURIComponent('%')",
        "return new RegExp('(')",
        "return new Date(NaN).toISOString()",
        "return [new Date(NaN).getTime(), new Date(2020, 0).getTime() === Date.UTC(2020, 0), Date.UTC(1970), new Date('2020-01-01').toISOString(), JSON.stringify(new Date(NaN))]",
        "Object.freeze(log).push(1)",
        "const o = Object.freeze({ a: { b: 1 } }); o.a.b = 2; t(o); o.a = 3",
        "'use strict'; 'abc'.length = 1",
        "'abc'[0] = 'x'",
        "delete Object.freeze({ a: 1 }).a",
        "return ((a, b) => a + b).length + (function (a, ...b) {}).length + ((a, b = 1, c) => a).length",
    ]);
}
