//! Regular expressions.

use super::harness::check;

#[test]
fn patterns_match() {
    check(&[
        "[/a/.test('cat'), /^a/.test('ba'), /a$/m.test('a\\nb'), /A/i.test('a'), /./.test('\\n'), /./s.test('\\n'), /^b/m.test('a\\nb'), /[^]/.test('\\n'), /[]/.test('a'), /a{2}/.test('aa'), /a{2,}/.test('a'), /x*/.test('')]",
        "(() => { const m = /(\\d+)-(\\d+)/.exec('on 12-34!'); return [m, m.index, m.input, m.groups, m.length] })()",
        "(() => { const m = /(?<year>\\d{4})-(?<month>\\d\\d)/.exec('2024-05'); return [m.groups.year, m.groups.month, m[0], Object.keys(m.groups)] })()",
        "[/(a)|(b)/.exec('b'), /(?:a|ab)(?:c|bcd)(?:d*)/.exec('abcd'), /(z)((a+)?(b+)?(c))*/.exec('zaacbbbcac'), /(a*)*/.exec('b'), /(?=(a+))a*b\\1/.exec('baaabac'), /(?=(a+))/.exec('baaabac'), /(.*?)a(?!(a+)b\\2c)\\2(.*)/.exec('baaabaac')]",
        "[/\\bfoo\\b/.test('a foo b'), /\\Bo/.test('foo'), /\\w+/.exec('é_a1-'), /\\W/.exec('a b'), /\\s+/.exec('a\\u00a0\\ufeffb')[0].length, /\\d/.test('٣'), /\\D/.test('5'), /\\S/.test(' ')]",
        "[/(?<=\\$)\\d+/.exec('cost $42'), /(?<!\\$)\\b\\d+/.exec('cost $42 or 17'), /(?<=(\\d+)(\\d+))$/.exec('1053'), /(?<=a.)c/.test('abc')]",
        "[/(a)\\1/.test('aa'), /(?<x>a)\\k<x>/.test('aa'), /\\1(a)/.exec('aa'), /(a)?\\1b/.test('b'), /(A)\\1/i.test('aA')]",
        "[/\\u0041/.test('A'), /\\x41/.test('A'), /\\cJ/.test('\\n'), /\\0/.test('\\0'), /[\\b]/.test('\\b'), /\\//.test('/'), /[/]/.test('/'), /a\\-b/.test('a-b'), /\\./.test('a'), /[a-c\\d]/.test('5'), /[\\w-]/.test('-'), /[^\\w\\s]/.test('!'), /]/.test(']'), /a{/.test('a{'), /{/.test('{')]",
        "[/^.$/.test('😀'), /^.$/u.test('😀'), /😀{2}/u.test('😀😀'), /[😀]/u.test('😀'), /\\u{1f600}/u.test('😀'), /^[^x]$/u.test('😀'), /\\ud83d/.test('😀'), /\\ud83d/u.test('😀'), /\\p{L}+/u.exec('1éa2'), /\\p{Lu}/u.test('a'), /\\P{L}/u.test('1'), /\\p{Script=Greek}/u.test('α')]",
        "[/é/i.test('É'), /[à-ü]/i.test('É'), /ß/i.test('ẞ'), /ſ/i.test('s'), /ſ/iu.test('s'), /[^a]/i.test('A')]",
        "[/a+?/.exec('aaa'), /a??/.exec('a'), /(a+?)(a*)/.exec('aaa'), /a{1,2}?/.exec('aa'), /<.+?>/.exec('<a><b>'), /(?:a|b)+/.exec('abab'), /^(?:\\d{1,3}\\.){3}\\d{1,3}$/.test('10.0.0.1')]",
        "[/^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$/i.test('A@b.cd'), /^[0-9a-f]{8}-[0-9a-f]{4}$/.test('0123abcd-00ff'), /^\\+?[1-9]\\d{1,14}$/.test('+15551234')]",
        "[String(/a/gi), /a\\/b/.source, new RegExp('a/b').source, new RegExp('').source, String(new RegExp('\\n')), /a/gimsuy.flags, /a/g.global, /a/.ignoreCase, /a/y.sticky, /a/s.dotAll, /a/m.multiline, /a/u.unicode]",
        "[new RegExp('a', 'g'), new RegExp(/b/i), new RegExp(/b/i, 'g'), RegExp('x'), new RegExp('\\\\d+').test('5'), new RegExp(undefined), new RegExp(null)]",
        "[1, 2, 3, 4, 5, 6, 7, 8].map((x) => { try { new RegExp(['(', ')', '[a', 'a**', '(?<n>a)(?<n>b)', '[b-a]', '\\\\', 'a{2,1}'][x - 1]); return 'fine' } catch (e) { return e.name } })",
        "new RegExp('a', 'gg')",
        "new RegExp('a', 'x')",
        "[/(?:)/.test(''), /(|a)b/.exec('ab'), /a|/.exec('b'), /()/.exec('x'), /^$/.test(''), /^\\s*$/.test(' ')]",
        "/(a+)+b/.test('aaaaaaaaaaaaaaaaaaaa')",
        "[/a/ instanceof RegExp, typeof /a/, /a/.constructor === RegExp, JSON.stringify(/a/)]",
    ]);
}

#[test]
fn last_index_moves() {
    check(&[
        "(() => { const r = /a/g; return [r.test('aa'), r.lastIndex, r.test('aa'), r.lastIndex, r.test('aa'), r.lastIndex] })()",
        "(() => { const r = /a/y; return [r.test('ba'), r.lastIndex, (r.lastIndex = 1, r.test('ba')), r.lastIndex] })()",
        "(() => { const r = /a/g; const all = []; let m; while ((m = r.exec('banana')) !== null) all.push(m.index); return all })()",
        "(() => { const r = /a/g; r.lastIndex = 99; return [r.exec('a'), r.lastIndex] })()",
        "(() => { const r = /a/; r.lastIndex = 5; return [r.test('a'), r.lastIndex] })()",
        "(() => { const r = /a/g; r.lastIndex = 2; return ['banana'.match(r), r.lastIndex, 'banana'.replace(r, 'x'), r.lastIndex, 'banana'.search(r)] })()",
    ]);
}

#[test]
fn strings_take_patterns() {
    check(&[
        "['banana'.match(/a/g), 'banana'.match(/n(a)/), 'x'.match(/a/), 'x'.match(/a/g), 'aab'.match(/a*/g), 'a.b'.match('.'), 'ab'.match(), '😀'.match(/(?:)/g).length, '😀'.match(/(?:)/gu).length]",
        "['banana'.match(/n(?<v>a)/).index, 'banana'.match(/n(?<v>a)/).groups.v]",
        "Array.from('a1b2'.matchAll(/([a-z])(\\d)/g)).map((m) => [m[0], m[1], m[2], m.index])",
        "'a'.matchAll(/a/)",
        "[...'aXbX'.matchAll('X')].map((m) => m.index)",
        "['a1b2'.replace(/\\d/, '#'), 'a1b2'.replace(/\\d/g, '#'), 'a1b2'.replace(/([a-z])(\\d)/g, '$2$1'), 'abc'.replace(/b/, \"[$`|$&|$'|$$]\"), 'abc'.replace(/(?<x>b)/, '<$<x>$<y>>'), 'abc'.replace(/b/, '$1$<x>'), 'aaa'.replaceAll(/a/g, 'b'), 'abc'.replace(/(b)(c)/, '$02$1$3$12'), 'abc'.replace(/x*/g, '-'), '😀'.replace(/x*/gu, '-')]",
        "['a1b2'.replace(/\\d/g, (m) => m * 2), 'John Smith'.replace(/(\\w+) (\\w+)/, (m, a, b, at, s) => [b, a, at, s].join()), 'ab'.replace(/(?<l>b)/, (...a) => JSON.stringify(a[a.length - 1])), 'abc'.replace(/(x)?b/, (m, x) => String(x)), 'a'.replace(/a/, () => '$&')]",
        "'a'.replaceAll(/a/, 'b')",
        "['a1b22c'.split(/\\d+/), 'a1b2c'.split(/(\\d)/), 'abc'.split(/(?:)/), ''.split(/a/), ''.split(/(?:)/), 'a,b;c'.split(/[,;]/, 2), 'ab'.split(/a*?/), 'ab'.split(/a*/), 'A<B>bold</B>'.split(/<(\\/)?([^<>]+)>/), ' a  b '.split(/\\s+/), 'aXbX'.split(/X/), 'test'.split(/(?=s)/), '😀a'.split(/(?:)/u)]",
        "['abc'.search(/c/), 'abc'.search(/x/), 'a.c'.search('.'), 'abc'.search(), '😀b'.search(/b/)]",
        "'The Quick Brown'.replace(/quick/i, (m) => m.toUpperCase())",
        "'camelCaseText'.replace(/([A-Z])/g, ' $1').toLowerCase()",
        "'x'.padStart(3).replace(/^\\s+|\\s+$/g, '')",
    ]);
}
