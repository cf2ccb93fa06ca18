//! Where we differ from QuickJS on purpose: what it shows, what we show, why.

use super::harness::{Oracle, ours, ours_within};
use std::time::{Duration, Instant};

use javascript::Limits;
use value::Value;

const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    ("JSON.parse('{')", "\"\"", "!SyntaxError", "AppSync: a blank string for what is no JSON"),
    ("JSON.parse()", "\"\"", "!SyntaxError", "the same"),
    ("'a1b22c'.split('[0-9]+')", r#"["a", "b", "c"]"#, r#"["a1b22c"]"#, "AppSync: a string is a pattern of Java"),
    ("'a.b.c'.replaceAll('\\\\.', '-')", r#""a-b-c""#, r#""a.b.c""#, "the same"),
    ("'a.b'.replace('.', '-')", r#""-.b""#, r#""a-b""#, "the same"),
    ("'a,b,,'.split('[,]')", r#"["a", "b"]"#, r#"["a,b,,"]"#, "Java leaves out empty parts at the end"),
    ("'a1'.replace('([a-z])([0-9])', '$2$1')", r#""1a""#, r#""a1""#, "groups in Java's replacements"),
    ("'a'.replace('(', 'b')", "!Error", r#""a""#, "no pattern of Java"),
    ("(2 ** 60).toString(36)", r#""8rc4kbdvss1s""#, r#""8rc4kbdvss00""#, "all digits of a whole number are exact"),
    ("({ ...'x' })", r#"{0: "x"}"#, "{}", "ECMA-262, 7.3.26: the string becomes an object first"),
    ("[, 1].map((x) => 1)", "[1, 1]", "[undefined, 1]", "arrays have no holes"),
    ("Object.keys([, 1])", r#"["0", "1"]"#, r#"["1"]"#, "arrays have no holes"),
    ("new Number(5)", "!TypeError", "{}", "no objects that wrap primitive values"),
    ("new String('a')", "!TypeError", r#"{0: "a"}"#, "the same"),
    ("new Boolean(false)", "!TypeError", "{}", "the same"),
    ("Object.create({ a: 1 }).a", "!TypeError", "1", "no prototypes"),
    ("Object.getPrototypeOf([]) === Array.prototype", "!TypeError", "true", "no prototypes"),
    ("Object.defineProperty({}, 'a', { value: 1 }).a", "!TypeError", "1", "no attributes of single properties"),
    ("Object.isSealed(Object.seal({}))", "!TypeError", "true", "freezing is all or nothing"),
    ("((a) => a).bind(null)(1)", "!TypeError", "1", "refused: an arrow function does the same"),
    ("Array.isArray([1].keys())", "true", "false", "iterators are arrays"),
    ("[1, 2].values().next().value", "!TypeError", "1", "iterators are arrays"),
    ("({ ['a' + 1]: () => 1 }).a1.name", r#""""#, r#""a1""#, "a computed key names no function"),
    ("[0, 0].map(() => ((t) => t)`a`).reduce((x, y) => x === y)", "false", "true", "the texts of a tag are made anew each time"),
    (
        "(() => { try { throw 1 } catch (e) { var e = 2 } return e })()",
        "2",
        "undefined",
        "a var of the name that catch has is that one",
    ),
    ("Object.keys({ ['\\ud83d']: 1 })[0].charCodeAt(0)", "65533", "55357", "keys are well-formed text"),
    ("JSON.parse('\"\\\\ud83d\"').charCodeAt(0)", "65533", "55357", "what JSON holds is well-formed text"),
    ("Object.keys({ __proto__: 1 })", r#"["__proto__"]"#, "[]", "no prototypes"),
    ("((a, f = () => a) => { a = 2; return f() })(1)", "2", "1", "QuickJS is wrong (ECMA-262, 10.2.11)"),
    (
        "Object.keys(Object.getOwnPropertyDescriptor({ a: 1 }, 'a'))",
        "!TypeError",
        r#"["value", "writable", "enumerable", "configurable"]"#,
        "no attributes of single properties",
    ),
];

#[test]
fn differences_are_those_that_are_written_down() {
    let oracle = Oracle::new();
    let mut wrong = String::new();
    for (expression, here, quickjs, why) in DIFFERENCES {
        let (ours, theirs) = (ours(expression), oracle.show(expression));
        if (ours.as_str(), theirs.as_str()) != (*here, *quickjs) {
            wrong.push_str(&format!("{expression}  ({why})\n  here    {ours}\n  QuickJS {theirs}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn numbers_from_outside_keep_their_digits() {
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(20), memory: 64 << 20, result_bytes: 5 << 20 };
    let data = Value::parse(br#"{"id":12345678901234567890,"b":[1.0,0.1234567890123456789],"2":1,"1":2}"#).expect("JSON");
    for (expression, expected) in [
        ("String(data.id)", r#""12345678901234567890""#),
        ("`${data.id}`", r#""12345678901234567890""#),
        ("data.id + 1 === 12345678901234567000", "true"),
        ("data.id === 12345678901234567891", "true"),
        ("JSON.parse(JSON.stringify(data)).id === data.id", "true"),
        ("JSON.stringify(data)", r#""{\"1\":2,\"2\":1,\"id\":12345678901234567890,\"b\":[1,0.1234567890123456789]}""#),
        ("(data.b.push(5), JSON.stringify(data.b))", r#""[1,0.1234567890123456789,5]""#),
        ("Object.keys(data)", r#"["1", "2", "id", "b"]"#),
        ("JSON.stringify({ ...data, b: 0 })", r#""{\"1\":2,\"2\":1,\"id\":12345678901234567890,\"b\":0}""#),
    ] {
        assert_eq!(ours_within(expression, data.clone(), &limits), expected, "{expression}");
    }
}
