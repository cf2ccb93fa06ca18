//! Strings.

use super::harness::check;

#[test]
fn strings_are_read() {
    check(&[
        "['abc'.at(0), 'abc'.at(-1), 'abc'.at(3), 'abc'.at(-4), 'a😀'.at(-1), ''.at(0)]",
        "['abc'.charAt(1), 'abc'.charAt(-1), 'abc'.charAt(9), 'abc'.charAt(), 'a😀b'.charAt(1)]",
        "['abc'.charCodeAt(1), 'abc'.charCodeAt(9), '😀'.charCodeAt(1), ''.charCodeAt(0), 'é'.charCodeAt(0)]",
        "['😀'.codePointAt(0), '😀'.codePointAt(1), 'a'.codePointAt(1), 'ab'.codePointAt(-1), '\\ud83d'.codePointAt(0)]",
        "['abc'[1], 'abc'[9], '😀'[0], 'abc'['length'], '😀'.length, 'é'.length]",
        "['a'.concat('b', 1, null, undefined, [2, 3]), ''.concat()]",
        "['hello'.includes('ell'), 'hello'.includes('ell', 2), ''.includes(''), 'abc'.includes('', 9), 'null'.includes(null), 'a'.includes()]",
        "['hello'.startsWith('he'), 'hello'.startsWith('l', 2), 'hello'.startsWith(''), 'hello'.startsWith('hello!'), 'é😀'.startsWith('😀', 1), 'a'.startsWith('a', -5)]",
        "['hello'.endsWith('lo'), 'hello'.endsWith('el', 3), 'hello'.endsWith(''), 'a'.endsWith('ba'), 'é😀'.endsWith('😀')]",
        "'a'.includes(/a/)",
        "'a'.startsWith(/a/)",
        "['banana'.indexOf('an'), 'banana'.indexOf('an', 2), 'banana'.indexOf('x'), 'abc'.indexOf(''), 'abc'.indexOf('', 2), 'abc'.indexOf('', 9), 'a😀b'.indexOf('b'), 'abc'.indexOf('b', -3)]",
        "['banana'.lastIndexOf('an'), 'banana'.lastIndexOf('an', 2), 'banana'.lastIndexOf('x'), 'abc'.lastIndexOf(''), 'abc'.lastIndexOf('c', -1), 'a😀a'.lastIndexOf('a'), 'abc'.lastIndexOf('abcd'), 'aXbX'.lastIndexOf('X', undefined)]",
        "['abcdef'.slice(1, 3), 'abcdef'.slice(-2), 'abcdef'.slice(2, -1), 'abc'.slice(5), 'abc'.slice(2, 1), 'a😀b'.slice(1, 3), 'a😀b'.slice(3), 'abc'.slice()]",
        "['abcdef'.substring(1, 3), 'abcdef'.substring(3, 1), 'abc'.substring(-1, 2), 'abc'.substring(NaN, 2), 'abc'.substring(1), 'é😀x'.substring(1, 3)]",
        "['abcdef'.substr(1, 3), 'abcdef'.substr(-2), 'abcdef'.substr(-4, 2), 'abc'.substr(1, -1), 'abc'.substr(9), 'abc'.substr(1, undefined)]",
        "['a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('a'), 'é'.localeCompare('e\\u0301'), 'a'.localeCompare('B'), ''.localeCompare()]",
        "['a' < 'b', 'a' < 'B', 'a' < 'aa', '10' < '9', '😀' < '\\uffff', 'é' > 'z']",
        "['abc'.isWellFormed(), '\\ud800'.isWellFormed(), 'a\\ud800b'.toWellFormed(), '😀'.toWellFormed()]",
        "['x'.toString(), 'x'.valueOf(), String(5), String(null), String(undefined), String([1, [2]]), String({}), String(true), String()]",
        "[Object.keys('ab'), Object.entries('é'), 'ab'.hasOwnProperty('0'), 'ab'.hasOwnProperty('length'), Object.hasOwn('ab', 5)]",
        "'abc'.missing",
        "'abc'.missing()",
        "''.constructor === String",
    ]);
}

#[test]
fn strings_are_made() {
    check(&[
        "['abc'.toUpperCase(), 'ABC'.toLowerCase(), 'straße'.toUpperCase(), 'İ'.toLowerCase().length, 'ΑΣ'.toLowerCase(), 'ΑΣΑ'.toLowerCase(), 'ǆ'.toUpperCase(), 'ﬁ'.toUpperCase(), 'a\\ud800b'.toUpperCase(), 'ÀÉ'.toLocaleLowerCase(), 'é'.toLocaleUpperCase()]",
        "['  a b\\n'.trim(), '\\ufeff\\u00a0x\\u3000'.trim(), ' a '.trimStart(), ' a '.trimEnd(), '\\u0085x'.trim().length, '\\u180ex'.trim().length, ' \\ud800 '.trim().length, ''.trim(), ' a '.trimLeft(), ' a '.trimRight()]",
        "['5'.padStart(3, '0'), '5'.padEnd(3), 'abc'.padStart(2, 'x'), 'a'.padStart(6, 'xyz'), 'a'.padEnd(6, 'xyz'), 'a'.padStart(5, ''), '😀'.padStart(4, 'é'), 'a'.padStart(NaN), 'a'.padEnd(4, '😀')]",
        "['ab'.repeat(3), 'ab'.repeat(0), ''.repeat(1e9), 'a'.repeat(2.9), 'a'.repeat('2'), '😀'.repeat(2), '\\ud83d'.repeat(2).length]",
        "'a'.repeat(-1)",
        "'a'.repeat(Infinity)",
        "['e\\u0301'.normalize(), 'é'.normalize('NFD').length, 'ﬁ'.normalize('NFKC'), 'Å'.normalize('NFKD').length, 'a'.normalize(undefined)]",
        "'a'.normalize('x')",
        "[String.fromCharCode(72, 105), String.fromCharCode(), String.fromCharCode(0x1F600), String.fromCharCode(0xd83d, 0xde00), String.fromCharCode(-1).charCodeAt(0), String.fromCharCode('65', NaN).length]",
        "[String.fromCodePoint(128512, 97), String.fromCodePoint(), String.fromCodePoint(0xd800).length]",
        "String.fromCodePoint(1.5)",
        "String.fromCodePoint(-1)",
        "String.fromCodePoint(1114112)",
        "[String.raw({ raw: ['a', 'b', 'c'] }, 1, 2, 3), String.raw({ raw: 'xyz' }, 0, 1), String.raw({ raw: [] })]",
        "['\\ud83d' + '\\ude00', ('\\ud83d' + '\\ude00').length, ('\\ud83d' + 'x').length, '\\ud83d' + '\\ude00' === '😀']",
        "[`a${1}b${null}c${[1, 2]}`, `${{}}`, 'a' + 1 + 2, 1 + 2 + 'a', 'a' + -0, 'a' + 1e21, 'a' + 0.1]",
        "(() => { let s = ''; for (let i = 0; i < 2000; i++) s += i; return [s.length, s.slice(-4), s.indexOf('1999')] })()",
    ]);
}

#[test]
fn literal_patterns_are_taken_literally() {
    check(&[
        "['a-b-c'.split('-'), 'abc'.split(''), 'abc'.split(), ''.split(''), ''.split(','), 'a,b,c'.split(',', 2), 'a,b'.split(',', 0), ',a,,b,'.split(','), 'a1b'.split(1), 'anullb'.split(null), 'a😀'.split(''), 'aaa'.split('aa'), 'é,😀,'.split(','), 'abc'.split('', 2), 'a,b,c'.split(',', -1)]",
        "['aXbX'.replace('X', 'y'), 'aXbX'.replaceAll('X', 'y'), 'abc'.replace('', '-'), 'abc'.replaceAll('', '-'), 'abc'.replace('z', 'y'), 'a1b1'.replaceAll(1, 2), 'x'.replace('x'), 'null'.replace(null, 'n'), ''.replaceAll('', 'x'), '😀'.replaceAll('', '-').length]",
        "['aXb'.replace('X', (m, at, all) => [m, at, all].join('|')), 'aXbX'.replaceAll('X', (m, at) => at), 'a.b.c'.replaceAll('.', () => '-'), 'a'.replace('a', () => '$&'), 'aa'.replaceAll('a', () => undefined)]",
        "['a' , 'b'].map((x) => x.replace('a', 'c'))",
        "'a'.replace(1, '$$')",
        "'a1b1'.replaceAll(1, '[$&$`$\\'$1$$]')",
    ]);
}

#[test]
fn uris_are_encoded_and_decoded() {
    check(&[
        "[encodeURIComponent('a b&c/é😀!\\'()*~'), encodeURI('http://x/é?a=b&c#d e'), encodeURIComponent(), encodeURIComponent('')]",
        "encodeURIComponent('\\ud800')",
        "encodeURI('a\\udc00')",
        "[decodeURIComponent('a%20b%C3%A9%F0%9F%98%80'), decodeURI('%2Fa%20%23'), decodeURIComponent('%2f'), decodeURIComponent('a+b')]",
        "decodeURIComponent('%')",
        "decodeURIComponent('%zz')",
        "decodeURIComponent('%C3')",
        "decodeURIComponent('%80')",
        "decodeURIComponent('%C3%28')",
        "decodeURIComponent('%ED%A0%80')",
    ]);
}
