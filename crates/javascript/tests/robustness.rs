//! Whatever stands in a file is compiled or refused, and evaluated within its limits; nothing makes the evaluator panic.
//!
//! Bytes, tokens of the language joined by chance, programs with a token taken out, doubled or exchanged, and programs that are
//! well-formed and mean anything. `SYNCGATE_ROBUSTNESS_TEXTS` sets how many.

#![allow(clippy::print_stdout, reason = "how many there were is part of what the test says")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use javascript::{Fault, Limits};
use support::{compile, evaluate, generate};
use value::{Value, value};

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ";",
    ",",
    ".",
    "?.",
    "...",
    "=>",
    "=",
    "+=",
    "??=",
    "**=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "%",
    "<",
    ">>>",
    "==",
    "===",
    "!",
    "~",
    "&&",
    "||",
    "??",
    "?",
    ":",
    "++",
    "--",
    "let",
    "const",
    "var",
    "function",
    "return",
    "if",
    "else",
    "for",
    "of",
    "in",
    "while",
    "do",
    "switch",
    "case",
    "default",
    "break",
    "continue",
    "try",
    "catch",
    "finally",
    "throw",
    "new",
    "delete",
    "typeof",
    "void",
    "instanceof",
    "this",
    "null",
    "undefined",
    "true",
    "NaN",
    "a",
    "b",
    "c",
    "ctx",
    "f",
    "x",
    "x:",
    "0",
    "1",
    "-1",
    "1.5",
    "1e400",
    "0x1F",
    "4294967295",
    "'s'",
    "''",
    "\"\\uD83D\"",
    "`t`",
    "`${",
    "}`",
    "`a${b}c`",
    "/a(b)?/g",
    "/[/",
    "/(?<n>.)\\k<n>/u",
    "ctx.a",
    "ctx?.b",
    ".length",
    ".map",
    ".length = 3",
    ".push(1)",
    ".toString()",
    ".call",
    ".apply",
    "Math.max",
    "JSON.stringify",
    "JSON.parse",
    "Object.keys",
    "Object.freeze",
    "Object.fromEntries",
    "Array",
    "Array.from",
    "new Date",
    "new Map",
    "new Set",
    "new Error",
    "String.raw",
    "Symbol",
    "async",
    "await",
    "yield",
    "class",
    "get",
    "static",
    "super",
    "import",
    "export",
    "arguments",
    "eval",
    "#p",
    "\n",
    "// c\n",
    "/* c */",
    "util.echo",
    "util.fail",
    "__proto__",
    "constructor",
    "prototype",
    "((x) => x)",
    "(function g() { return g })",
    "{ a: 1, ...b }",
    "[1, , ...c]",
    "({ a, b: [c] } = ctx)",
    "for (const k in ctx)",
    "x: for (;;)",
    "if (a) break x;",
    "return;",
    "{ let a = a; }",
    "var f = f;",
    "😀",
    "\\u0061",
];

const VALUES: &[&str] = &[
    "a",
    "b",
    "c",
    "f",
    "n",
    "ctx",
    "ctx.a",
    "ctx.b",
    "[1, , 2]",
    "({ a: 1, b })",
    "((x) => [x, this])",
    "`t${a}`",
    "/(a)|b/g",
    "null",
    "undefined",
    "this",
    "-1",
    "0",
    "1.5",
    "1e400",
    "4294967295",
    "2 ** 53",
    "'s'",
    "'\\uD83D'",
    "'10'",
    "NaN",
    "util",
    "util.echo",
    "util.fail",
    "util.sql",
    "Math",
    "Math.max",
    "JSON",
    "JSON.parse",
    "Object",
    "Object.assign",
    "Object.entries",
    "Array",
    "Array.from",
    "Array.prototype",
    "String.raw",
    "String.prototype.split",
    "Number",
    "Date",
    "Map",
    "Set",
    "RegExp",
    "Error",
    "parseInt",
    "encodeURIComponent",
    "new Map([[1, 2]])",
    "new Set('ab')",
    "new Date(0)",
    "new Error('e')",
    "Object.freeze([1])",
    "[[[[]]]]",
    "function g() { return g }",
    "({ toString() { return 'x' }, valueOf() { return b } })",
    "({ toJSON() { return this } })",
    "({ __proto__: a, constructor: b })",
];

const INFIX: &[&str] =
    &["+", "-", "*", "/", "%", "<", "<=", "==", "===", "&&", "||", "in", "instanceof", ",", "|", "<<", ">>>", "&"];

/// What stands after a value; E is another one.
const AFTER: &[&str] = &[
    "(E)",
    "(...E)",
    "[E]",
    "?.[E]",
    ".a",
    "?.a",
    "?.(E)",
    ".length",
    ".name",
    ".map(E)",
    ".call(E)",
    ".apply(E, E)",
    ".toString(E)",
    ".toFixed(E)",
    ".sort(E)",
    ".concat(E)",
    ".repeat(E)",
    ".padStart(E)",
    ".splice(E, E)",
    ".slice(E, E)",
    ".at(E)",
    ".fill(E)",
    ".split(E)",
    ".replace(E, E)",
    ".match(E)",
    ".exec(E)",
    ".test(E)",
    ".push(E)",
    ".flat(E)",
    ".reduce(E)",
    ".includes(E)",
    ".indexOf(E)",
    ".get(E)",
    ".set(E, E)",
    ".add(E)",
    ".forEach(E)",
    ".join(E)",
    ".hasOwnProperty(E)",
    ".getTime()",
    ".setUTCMonth(E)",
    ".toISOString()",
    ".normalize(E)",
    ".length = E",
    ".a = E",
    ".a += E",
    "[E] = E",
    "[E]++",
    ".lastIndex = E",
    "`t${E}`",
    ".constructor(E)",
    ".with(E, E)",
    ".copyWithin(E, E)",
    ".charCodeAt(E)",
];

/// Statements; E is an expression, S a statement.
const STATEMENTS: &[&str] = &[
    "E;",
    "E;",
    "return E;",
    "a = E;",
    "b = E;",
    "c = E;",
    "if (E) { S } else { S }",
    "for (const a of E) { S }",
    "for (const [a, b = E] of E) { S }",
    "for (const k in E) { S }",
    "for (let a = E; n++ < 20; ) { S }",
    "while (n++ < 20) { S }",
    "try { S } catch ({ message: a = E }) { S } finally { S }",
    "switch (E) { case E: S default: S }",
    "({ a, b = E, ...c } = E);",
    "[a, ...b] = E;",
    "{ let { a, ...b } = E; S }",
    "{ function f(a = E, [b] = E, ...c) { S return E } f(E); }",
    "x: { S break x; }",
    "throw E;",
    "delete E.a;",
    "{ f = (a, { b = a } = E) => E; f(E, E); }",
    "{ const a = () => a(); S }",
    "{ E; let a = E; S }",
    "var v = E; S",
];

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        usize::try_from(((mixed ^ (mixed >> 27)) >> 11) % bound as u64).unwrap_or(0)
    }

    fn tokens(&mut self) -> String {
        let count = 1 + self.below(18);
        (0..count).map(|_| TOKENS[self.below(TOKENS.len())]).collect::<Vec<_>>().join(" ")
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    /// An expression that is well-formed and means anything.
    fn wild(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(VALUES).to_owned();
        }
        let first = self.wild(depth - 1);
        match self.below(6) {
            0 => format!("({first} {} {})", self.pick(INFIX), self.wild(depth - 1)),
            1 => format!("({}({first}))", self.pick(&["-", "+", "!", "~", "typeof ", "void ", "delete ", "++", "new "])),
            2 => format!("({first} ? {} : {first})", self.wild(depth - 1)),
            3 => format!("[{first}, ...{}]", self.wild(depth - 1)),
            _ => format!("({first}){}", self.pick(AFTER).replace('E', &self.wild(depth - 1))),
        }
    }

    fn wild_statement(&mut self, depth: usize) -> String {
        let frame = if depth == 0 { "E;" } else { self.pick(STATEMENTS) };
        let mut out = String::new();
        for character in frame.chars() {
            match character {
                'E' => out.push_str(&self.wild(2)),
                'S' => out.push_str(&self.wild_statement(depth - 1)),
                other => out.push(other),
            }
        }
        out
    }

    fn wild_program(&mut self) -> String {
        let mut out = "let a = 1, b = [2, 'x'], c = ctx, f = (x) => x, n = 0;\n".to_owned();
        for _ in 0..=self.below(4) {
            out.push_str(&self.wild_statement(3));
            out.push('\n');
        }
        out
    }

    /// A valid program with a token taken out, doubled or exchanged.
    fn spoiled(&mut self, seed: u64) -> String {
        let program = generate::program(seed);
        let mut tokens: Vec<&str> = program.split_inclusive([' ', '(', ')', '.', ',']).collect();
        let (at, other) = (self.below(tokens.len()), self.below(tokens.len()));
        match self.below(4) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, TOKENS[self.below(TOKENS.len())]),
            2 => tokens.swap(at, other),
            _ => tokens[at] = TOKENS[self.below(TOKENS.len())],
        }
        tokens.concat()
    }

    fn bytes(&mut self) -> String {
        let count = self.below(60);
        let bytes: Vec<u8> = (0..count).map(|_| u8::try_from(self.below(256)).unwrap_or(0)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whether the code could be compiled.
fn take(body: &str, context: &Value) -> bool {
    let file = format!("import {{ util }} from '@host';\nexport function request(ctx) {{\n{body}\n}}\n(util);");
    let mut compiled = false;
    for text in [body, &file] {
        let Ok(program) = compile(&[text]) else { continue };
        compiled = true;
        let limits = Limits { deadline: Instant::now() + Duration::from_millis(5), memory: 1 << 20, result_bytes: 1 << 16 };
        let outcome = evaluate(&program, context, &limits);
        if let Err(Fault::Thrown { message, place, .. }) = outcome.result {
            assert!(!message.is_empty() || place.is_some(), "an error that says nothing");
        }
    }
    compiled
}

#[test]
fn no_text_makes_the_evaluator_panic() {
    let context = value!({"a": [1, {"b": null}], "b": "text", "stash": {}});
    let given = std::env::var("SYNCGATE_ROBUSTNESS_TEXTS").ok();
    let total: u64 = given.map_or(1_000, |text| text.parse().expect("SYNCGATE_ROBUSTNESS_TEXTS is a number"));
    let mut chance = Chance(total);
    let mut compiled = 0;
    for case in 0..total {
        let body = match case % 12 {
            0 => chance.bytes(),
            1 => chance.spoiled(case),
            2..=4 => chance.tokens(),
            _ => chance.wild_program(),
        };
        match catch_unwind(AssertUnwindSafe(|| take(&body, &context))) {
            Ok(taken) => compiled += u64::from(taken),
            Err(_) => panic!("case {case}:\n{body}"),
        }
    }
    println!("{compiled} of {total} texts could be compiled");
    assert!(compiled * 4 > total, "{compiled} of {total} could be compiled");
}
