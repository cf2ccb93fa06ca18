//! Arrays.

use super::harness::check;

#[test]
fn arrays_are_read() {
    check(&[
        "[[1, 2, 3].at(0), [1, 2, 3].at(-1), [1, 2, 3].at(-4), [1].at(NaN), [1].at('0'), [].at(0)]",
        "[1].concat(2, [3, [4]], 'ab', undefined)",
        "[[1, 2, 3].includes(2), [NaN].includes(NaN), [0].includes(-0), [1, 2].includes(1, 1), [1, 2].includes(2, -1), ['1'].includes(1)]",
        "[[1, 2, 3].indexOf(2), [NaN].indexOf(NaN), [1, 1].indexOf(1, 1), [1, 2, 3].indexOf(3, -1), [1].indexOf(1, 5), [1].indexOf(1, -Infinity)]",
        "[[1, 2, 1].lastIndexOf(1), [1, 2, 1].lastIndexOf(1, 1), [1, 2, 1].lastIndexOf(1, -1), [1].lastIndexOf(1, -5), [1, 2, 1].lastIndexOf(1, undefined)]",
        "[[1, null, undefined, 'a', [2, [3]], {}].join(), [1, 2].join(''), [1, 2].join(undefined), [].join(), [1, 2].join(null), [[]].join()]",
        "[[1, 2, 3, 4].slice(1, 3), [1, 2, 3].slice(-2), [1, 2, 3].slice(0, -1), [1, 2].slice(5), [1, 2, 3].slice(2, 1), [1].slice(undefined, undefined)]",
        "[[1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(2), [1, [2, [3]]].flat(Infinity), [[1]].flat(0), [[1]].flat(-1), [[1]].flat('x'), [[], [[]]].flat()]",
        "[[1, 2].toString(), String([1, [2, 3]]), [] + [], [1] + 1, [1, 2].toLocaleString()]",
        "[[3, 1, 2].toReversed(), [3, 1, 2].toSorted(), [3, 1].with(0, 9), [3, 1].with(-1, 9)]",
        "[1].with(1, 0)",
        "[1].with(-2, 0)",
        "[Array.from([10, 20].keys()), Array.from([10, 20].values()), Array.from([10, 20].entries())]",
        "[Array.isArray([]), Array.isArray({ length: 0 }), Array.isArray(), Array.isArray('a')]",
        "[Array.of(7), Array.of(), Array.of(1, 2), Array(3).length, new Array(2).length, new Array('2'), Array(1, 2)]",
        "new Array(-1)",
        "new Array(1.5)",
        "new Array(4294967296)",
        "[Array.from('a😀b'), Array.from({ length: 3 }, (_, i) => i * 2), Array.from(new Set([1, 1, 2])), Array.from(new Map([[1, 2]])), Array.from([1, 2], String), Array.from({ length: '2', 0: 'x' }), Array.from(5), Array.from(true)]",
        "Array.from(null)",
        "Array.from([1], 5)",
        "[[1, 2, 3].length, [].length, [1, , 3].length]",
        "[...'héé', ...[1, 2], ...new Set([3]), ...new Map([[4, 5]])]",
        "[...5]",
        "Math.max(...[1, 5, 3], ...[])",
        "Array.prototype.slice.call({ length: 2, 0: 'a', 1: 'b' }, 1)",
        "Array.prototype.map.call('abc', (c) => c + c)",
        "Array.prototype.join.call('abc', '-')",
        "Array.prototype.concat.call([1], [2])",
        "[].constructor === Array",
        "[Object.keys([5, 6]), Object.entries(['a']), '0' in [1], 1 in [1], 'length' in []]",
        "[[1, 2, 3].indexOf(), [undefined].indexOf(), [undefined].includes()]",
    ]);
}

#[test]
fn arrays_are_changed() {
    check(&[
        "(() => { const a = [1]; return [a.push(2, 3), a.push(), a.pop(), a, [].pop(), [].shift()] })()",
        "(() => { const a = [1, 2]; return [a.shift(), a.unshift(7, 8), a.unshift(), a] })()",
        "(() => { const a = [1, 2, 3, 4, 5]; return [a.splice(1, 2), a, a.splice(-1), a, a.splice(0, 0, 'x', 'y'), a, a.splice(), a] })()",
        "(() => { const a = [1, 2, 3]; return [a.splice(1, 100), a, a.splice(5, 1, 9), a, a.splice(0, -5, 0), a] })()",
        "(() => { const a = [1, 2, 3]; return [a.splice(undefined), a] })()",
        "[[1, 2, 3, 4].toSpliced(1, 2, 'a'), [1, 2].toSpliced(), [1, 2].toSpliced(1), [1, 2].toSpliced(-1, 1, 5, 6)]",
        "[[1, 2, 3].reverse(), [].reverse(), [1].reverse()]",
        "[[1, 2, 3].fill(0), [1, 2, 3].fill(0, 1), [1, 2, 3].fill(0, -1), [1, 2, 3].fill(0, 1, 2), [1, 2, 3].fill(0, 2, 1), new Array(2).fill('x'), [1].fill()]",
        "[[1, 2, 3, 4, 5].copyWithin(0, 3), [1, 2, 3, 4, 5].copyWithin(1, 0, 3), [1, 2, 3, 4, 5].copyWithin(-2, -4, -3), [1, 2, 3].copyWithin(5, 0), [1, 2, 3].copyWithin(0, 2, 1)]",
        "[[3, 1, 2].sort(), [10, 9, 1].sort(), ['b', undefined, 'a'].sort(), [true, false].sort(), [].sort(), [null, 'm', 'o'].sort()]",
        "[[3, 1, 2].sort((a, b) => b - a), [1, 2, 3].sort(() => 0), [2, 1].sort(() => NaN), [3, undefined, 1].sort((a, b) => a - b), [5, 4, 3, 2, 1, 0].sort((a, b) => a - b)]",
        "Array.from({ length: 100 }, (_, i) => ({ k: i % 3, i })).sort((a, b) => a.k - b.k).map((x) => x.i)",
        "[1].sort(5)",
        "[1].sort(null)",
        "['é', 'z', 'a', 'Z', '😀', '\\uffff'].sort()",
        "(() => { const a = [1, 2, 3]; a.length = 1; a.length = 3; return [a, a.length] })()",
        "(() => { const a = []; a[3] = 1; return [a.length, a.indexOf(1), a[0]] })()",
        "(() => { const a = [1, 2]; a.length = -1; return a })()",
        "(() => { const a = Object.freeze([1]); a.push(2); return a })()",
        "(() => { const a = Object.freeze([2, 1]); a.sort(); return a })()",
        "(() => { const a = Object.freeze([1]); a[0] = 2; return a })()",
        "(() => { const a = [3, 2, 1]; const b = a.sort(); return a === b })()",
        "(() => { const a = [1, 2, 3, 4]; a.sort((x, y) => { a.length = 0; return y - x }); return a.slice(0, 4) })()",
    ]);
}

#[test]
fn callbacks_see_the_array_as_it_is() {
    check(&[
        "[1, 2, 3].map((x, i, a) => [x, i, a.length])",
        "[[1, 2, 3, 4].filter((x) => x % 2), [0, 1, '', 'a', null].filter(Boolean), [1].filter(() => undefined)]",
        "[[1, 2].every((x) => x > 0), [].every(() => false), [1, 2].some((x) => x > 1), [].some(() => true)]",
        "[[1, 2, 3].find((x) => x > 1), [1].find((x) => x > 1), [1, 2, 3].findIndex((x) => x > 1), [1].findIndex(() => false), [1, 2, 3].findLast((x) => x < 3), [1, 2, 3].findLastIndex((x) => x < 3)]",
        "[[1, 2, 3].reduce((a, b) => a + b), [1, 2, 3].reduce((a, b) => a + b, '0'), [1, 2, 3].reduceRight((a, b) => a + '-' + b), [5].reduce(() => 1), [].reduce(() => 1, 7), [].reduceRight(() => 1, undefined)]",
        "[].reduce((a, b) => a)",
        "[].reduceRight((a, b) => a)",
        "[1, 2].flatMap((x) => [x, [x * 10]])",
        "[1, 2].flatMap((x) => x)",
        "[1, 2].forEach((x) => x)",
        "[1].map()",
        "[1].map({})",
        "[].forEach(null)",
        "(() => { const seen = []; const a = [1, 2, 3]; a.forEach((x) => { seen.push(x); if (a.length < 6) a.push(x * 10) }); return [seen, a] })()",
        "(() => { const seen = []; const a = [1, 2, 3, 4]; a.forEach((x) => { seen.push(x); a.pop() }); return [seen, a] })()",
        "(() => { const a = [1, 2, 3, 4]; return a.map((x) => { a.length = 2; return x }).length })()",
        "(() => { const a = [1, 2, 3]; return a.filter((x, i) => { a[i + 1] = 9; return x === 9 }) })()",
        "(() => { const a = [1, 2, 3]; const seen = []; a.find((x) => { seen.push(x); a.length = 1; return false }); return seen })()",
        "(() => { const a = [1, 2, 3, 4]; return a.reduce((s, x) => { a.pop(); return s + x }) })()",
        "(() => { const r = []; for (const x of [1, 2, 3]) r.push(x); const a = [1]; for (const x of a) { if (a.length < 4) a.push(x + 1) } return [r, a] })()",
        "['1', '2', '3'].map(parseInt)",
        "['1', 2, null].map(String)",
        "[1, [2]].map(Array.isArray)",
        "[3, 1].map((x) => ({ x })).sort((a, b) => a.x - b.x)",
        "(() => { try { [1, 2, 3].forEach((x) => { if (x === 2) throw new RangeError('no') }) } catch (e) { return [e.name, e.message] } })()",
        "[[1, 2], [3, 4]].map(([a, b]) => a * b)",
        "[1, 2, 3].findLast(() => false)",
    ]);
}
