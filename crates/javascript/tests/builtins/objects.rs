//! Objects, JSON, maps, sets, errors, functions.

use super::harness::check;

#[test]
fn objects_are_looked_into() {
    check(&[
        "[Object.keys({ b: 1, a: 2, 1: 3, 0: 4 }), Object.values({ a: 1, b: [2] }), Object.entries({ x: 1, 2: 'y' }), Object.keys([7, 8]), Object.keys(5), Object.values('ab')]",
        "Object.keys(null)",
        "Object.entries(undefined)",
        "[Object.assign({ a: 1 }, { b: 2 }, null, undefined, 'xy', [9], { a: 5 }), Object.assign({}), Object.assign([1, 2], [3])]",
        "Object.assign(null, {})",
        "[Object.fromEntries([['a', 1], ['b', 2], ['a', 3]]), Object.fromEntries(new Map([['k', 'v']])), Object.fromEntries([])]",
        "Object.fromEntries([1])",
        "Object.fromEntries(null)",
        "[Object.hasOwn({ a: 1 }, 'a'), Object.hasOwn({}, 'toString'), Object.hasOwn([1], 0), Object.hasOwn([1], 'length'), ({ a: undefined }).hasOwnProperty('a'), Object.prototype.hasOwnProperty.call({ x: 1 }, 'x'), Object.hasOwn(new Map(), 'size')]",
        "Object.hasOwn(null, 'a')",
        "[Object.is(NaN, NaN), Object.is(0, -0), Object.is('a', 'a'), Object.is({}, {})]",
        "(() => { const o = Object.freeze({ a: { b: 1 } }); o.a.b = 2; return [Object.isFrozen(o), Object.isFrozen({}), Object.isFrozen(1), Object.isExtensible(o), Object.isSealed(o), o] })()",
        "(() => { const o = Object.freeze({ a: 1 }); o.a = 2; return o })()",
        "(() => { const o = Object.freeze({ a: 1 }); o.b = 2; return o })()",
        "(() => { const o = Object.freeze({ a: 1 }); delete o.a; return o })()",
        "Object.assign(Object.freeze({ a: 1 }), { a: 2 })",
        "[Object.groupBy([1, 2, 3], (x) => x % 2 ? 'odd' : 'even'), Map.groupBy([1, 2, 3], (x) => x % 2)]",
        "[Object.getOwnPropertyNames({ a: 1, 0: 2 }), Object.getOwnPropertyNames([1]), Object.getOwnPropertyNames('ab')]",
        "[({}).toString(), [].toString(), Object.prototype.toString.call([]), Object.prototype.toString.call(null), Object.prototype.toString.call(undefined), Object.prototype.toString.call(1), Object.prototype.toString.call('a'), Object.prototype.toString.call(new Date(0)), Object.prototype.toString.call(() => 1), Object.prototype.toString.call(/a/), Object.prototype.toString.call(new Error()), Object.prototype.toString.call(new Map()), Object.prototype.toString.call(Math)]",
        "[({ a: 1 }).propertyIsEnumerable('a'), [1].propertyIsEnumerable('length'), [1].propertyIsEnumerable(0), ({}).valueOf(), ({}).toLocaleString(), ({}).isPrototypeOf({})]",
        "[`${{ toString: () => 'T' }}`, { valueOf: () => 5 } * 2, { valueOf: () => 5, toString: () => 'T' } + '', `${{ valueOf: () => 5, toString: () => 'T' }}`, { toString: () => 'T' } + 1, [{ toString: () => 'x' }].join(), { valueOf: () => 1 } < 2]",
        "+{ toString: () => ({}), valueOf: () => ({}) }",
        "`${{ toString: 5 }}`",
        "(() => { const o = {}; for (let i = 0; i < 40; i++) o['k' + i] = i; delete o.k7; return [Object.keys(o).length, o.k39, o.k7, 'k8' in o] })()",
        "[({ toString: 1 }).toString, ({ constructor: 5 }).constructor, ({}).constructor === Object]",
        "({ ...{ a: 1, b: 2 }, a: 3, ...[9], ...null })",
        "(() => { const { a, ...rest } = { a: 1, b: 2, c: 3 }; return [a, rest] })()",
        "(() => { const o = { b: 1, a: 2, 10: 3, 9: 4 }; const k = []; for (const x in o) k.push(x); return k })()",
        "[typeof Object, typeof Object.keys, Object.keys.name, Object.assign.length, typeof Object.prototype, Object.name]",
    ]);
}

#[test]
fn json_is_written() {
    check(&[
        "[{ a: 1, b: [1, 'x', null, undefined, () => 1], c: undefined, d: () => 1 }, [], {}, 'a\"b\\n\\u0001\\u007f\\u2028', 1.50, 1e21, -0, NaN, Infinity, true, null].map((x) => JSON.stringify(x))",
        "[JSON.stringify(undefined), JSON.stringify(() => 1), JSON.stringify(), JSON.stringify(Math), JSON.stringify(Object), JSON.stringify('\\ud800x😀')]",
        "[JSON.stringify({ b: 1, a: 2, 1: 3 }), JSON.stringify({ a: [{ b: {} }] }, null, 2), JSON.stringify([[], {}, [1]], null, '--'), JSON.stringify({ a: 1 }, null, 20), JSON.stringify({ a: 1 }, null, 'abcdefghijklmn'), JSON.stringify([1], null, 0), JSON.stringify([1], null, 1.9), JSON.stringify({ a: 1 }, null, '')]",
        "[JSON.stringify({ a: 1, b: 2, c: { a: 3, d: 4 } }, ['a', 'c']), JSON.stringify({ 1: 1, 2: 2 }, [2, 1, 2]), JSON.stringify([{ a: 1, b: 2 }], ['b']), JSON.stringify({ a: 1 }, [])]",
        "[JSON.stringify({ a: 1, b: 'x', c: [1, 2] }, (k, v) => typeof v === 'number' ? v * 2 : v), JSON.stringify({ a: 1, b: 2 }, (k, v) => k === 'a' ? undefined : v), JSON.stringify(5, () => 'x'), JSON.stringify({ a: 1 }, function (k, v) { return k === '' ? v : typeof v })]",
        "(() => { const keys = []; JSON.stringify({ a: [1, { b: 2 }] }, (k, v) => { keys.push(k); return v }); return keys })()",
        "[JSON.stringify({ toJSON: () => 'J' }), JSON.stringify({ a: { toJSON: (k) => 'key ' + k } }), JSON.stringify([{ toJSON: (k) => typeof k + k }]), JSON.stringify({ toJSON: 5 }), JSON.stringify({ a: { toJSON: () => undefined } }), JSON.stringify([{ toJSON: () => undefined }])]",
        "[JSON.stringify(new Date(0)), JSON.stringify({ d: new Date(NaN) }), JSON.stringify(new Map([[1, 2]])), JSON.stringify(new Set([1])), JSON.stringify(/a/), JSON.stringify(new Error('x'))]",
        "(() => { const a = {}; a.self = a; return JSON.stringify(a) })()",
        "(() => { const a = []; a.push([a]); return JSON.stringify(a) })()",
        "(() => { const x = { n: 1 }; return JSON.stringify([x, x, { x }]) })()",
        "JSON.stringify({ a: undefined, b: 1, c: undefined }, null, 1)",
        "JSON.stringify({ a: undefined }, null, 1)",
        "JSON.stringify([undefined], null, 1)",
    ]);
}

#[test]
fn json_is_read() {
    check(&[
        "[JSON.parse('{\"b\":1,\"a\":[true,null,\"x\\\\u0041\"]}'), JSON.parse(' [1, 2.5e1] '), JSON.parse('\"\\\\ud83d\\\\ude00\"'), JSON.parse('-0'), JSON.parse('1e400'), JSON.parse(5), JSON.parse(null), JSON.parse(true)]",
        "JSON.parse('{\"a\":1,\"b\":{\"c\":[1,2]}}', (k, v) => typeof v === 'number' ? v + 1 : v)",
        "JSON.parse('{\"a\":1,\"b\":2}', (k, v) => k === 'a' ? undefined : v)",
        "(() => { const keys = []; JSON.parse('{\"a\":[1,{\"b\":2}]}', (k, v) => { keys.push(k); return v }); return keys })()",
        "JSON.parse('{\"a\":1,\"a\":2}')",
        "JSON.parse('[1,2]', function (k, v) { return Array.isArray(v) ? v.length : v })",
        "JSON.parse('{\"2\":1,\"1\":2,\"x\":3}')",
        "JSON.parse(JSON.stringify({ a: [1, { b: 'é😀' }], c: null }))",
        "(() => { const o = JSON.parse('{\"a\":{\"b\":[1]}}'); o.a.b.push(2); o.c = 3; return [o, JSON.stringify(o)] })()",
        "(() => { const o = JSON.parse('[{\"a\":1},{\"a\":2}]'); o[1].a = 5; return [JSON.stringify(o), o.map((x) => x.a)] })()",
        "(() => { const o = JSON.parse('[3,1,2]'); o.sort(); return [o, Object.keys(o)] })()",
    ]);
}

#[test]
fn maps_and_sets_keep_their_order() {
    check(&[
        "(() => { const m = new Map([['a', 1], ['b', 2]]); m.set('a', 5).set(NaN, 'n').set(-0, 'z'); return [m, m.size, m.get(NaN), m.get(0), m.has('x'), m.delete('b'), m.delete('b'), Array.from(m.keys()), Object.is(Array.from(m.keys())[2], 0)] })()",
        "(() => { const s = new Set([3, 1, 3, '1']); s.add(1).add(2); return [s, s.size, s.has('1'), s.has(9), s.delete(3), Array.from(s.values()), Array.from(s.entries())] })()",
        "(() => { const o = {}; const m = new Map([[o, 1], [{}, 2], [null, 3], [undefined, 4], [true, 5]]); return [m.get(o), m.get({}), m.get(null), m.get(), m.get(true), m.size] })()",
        "(() => { const seen = []; const m = new Map([[1, 1], [2, 2], [3, 3]]); m.forEach((v, k, all) => { seen.push([k, v]); m.delete(2); if (k < 5) m.set(k + 3, 0) }); return [seen, m.size] })()",
        "(() => { const seen = []; const s = new Set([1, 2, 3]); for (const x of s) { seen.push(x); s.delete(x); if (seen.length < 6) s.add(x) } return seen })()",
        "(() => { const s = new Set([1, 2]); s.clear(); s.add(5); return [s, s.size] })()",
        "(() => { const m = new Map(); for (const [k, v] of new Map([['x', 1]])) m.set(v, k); return m })()",
        "[new Map().size, new Set(null).size, new Set('hello').size, new Map(undefined).size, [...new Set([1, 2])], [...new Map([[1, 2]])]]",
        "new Map([1])",
        "new Set(5)",
        "Map()",
        "Set()",
        "Map.prototype.get.call(new Set(), 1)",
        "new Set([1]).forEach(5)",
        "[new Map() instanceof Map, new Set() instanceof Map, new Map().constructor === Map, typeof Map, String(new Map())]",
        "(() => { const m = new Map(); for (let i = 0; i < 500; i++) m.set('k' + i, i); let s = 0; for (let i = 0; i < 500; i += 2) m.delete('k' + i); m.forEach((v) => { s += v }); return [m.size, s, m.get('k499'), m.get('k2')] })()",
    ]);
}

#[test]
fn errors_and_functions() {
    check(&[
        "[new Error('x').message, new TypeError('y').name, String(new RangeError('z')), String(new Error()), new Error().message, new Error(5).message, Error('f') instanceof Error, new Error('m', { cause: 7 }).cause, new Error('m').cause]",
        "[new TypeError() instanceof Error, new TypeError() instanceof RangeError, new URIError().name, new SyntaxError().name, new EvalError().name, new ReferenceError().name, new TypeError().constructor === TypeError]",
        "(() => { const e = new Error('x'); e.name = 'Mine'; e.code = 5; return [String(e), Object.keys(e), JSON.stringify(e), e.toString(), 'message' in e, e.hasOwnProperty('message')] })()",
        "(() => { const e = new Error('x'); e.message = 'changed'; e.name = ''; return String(e) })()",
        "[((a, b) => a).length, (function f() {}).name, Math.max.call(null, 1, 2), Math.max.apply(null, [3, 4]), [].push.length, typeof [].push]",
        "Math.max.apply(null, 5)",
        "Math.max.call.call(1)",
        "new Math.max()",
        "undefined.x",
        "null.x",
        "(5)()",
        "({}).x()",
        "[typeof undefined, typeof null, typeof 1, typeof 'a', typeof true, typeof {}, typeof [], typeof (() => 1), typeof Math, typeof JSON.parse, typeof Date, typeof /a/]",
        "[{}, [], new Date(0), /a/, new Error(), new Map(), () => 1].map((x) => x instanceof Object)",
        "[[] instanceof Array, {} instanceof Array, 'a' instanceof String, 5 instanceof Number, new Date(0) instanceof Date, /a/ instanceof RegExp]",
    ]);
}
