//! No text makes the engine panic, hang or overflow the stack.

use std::rc::Rc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use value::{Value, value};
use velocity::{Context, Host, HostError, Limits, Options, Template, Val};

/// Pieces that templates are made of, so that random sequences get beyond the first mistake.
const PIECES: &[&str] = &[
    "$",
    "#",
    "\\",
    "!",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    ".",
    "..",
    ",",
    ":",
    " ",
    "\n",
    "\r",
    "-",
    "+",
    "*",
    "/",
    "%",
    "=",
    "==",
    "!=",
    "<",
    ">",
    "&&",
    "||",
    "and",
    "not",
    "1",
    "0",
    "-1",
    "2147483647",
    "9223372036854775807",
    "1.5",
    "1e308",
    "true",
    "x",
    "é",
    "😀",
    "##",
    "#*",
    "*#",
    "#[[",
    "]]#",
    "#if(",
    "#if($a)",
    "#elseif($b)",
    "#else",
    "#end",
    "#foreach($i in ",
    "#foreach($i in $list)",
    "#set($a = ",
    "#set($map.k = $map)",
    "#set($list[0] = $list)",
    "#macro(m $p)",
    "#m(",
    "#m($a)",
    "#define($d)",
    "#evaluate(",
    "#break",
    "#stop",
    "#return",
    "#return(",
    "$a",
    "$!a",
    "${a}",
    "$list",
    "$map",
    "$map.k",
    "$text",
    "$d",
    "$p",
    "$foreach.index",
    "$foreach.parent",
    "$util.toJson($map)",
    "$util.toJson($list)\n",
    "$util.toJson(",
    ".size()",
    ".get(",
    ".add(",
    ".addAll($list)",
    ".put('k', ",
    ".remove(",
    ".substring(",
    ".split('",
    ".replaceAll('(.)', '$1$1')",
    ".matches('(a+)+b')",
    ".charAt(",
    ".subList(",
    ".entrySet()",
    ".keySet()",
    ".iterator()",
    ".next()",
    ".hashCode()",
    ".toString()",
    ".length()",
    ".equals(",
    ".class",
    ".repeat(99)",
    "$text.indexOf('é', ",
    "$text.substring(1,",
    "[1..9]",
    "{'a':1}",
    "\"$a\"",
];

/// `$util.toJson(..)`.
struct Json;

impl Host for Json {
    fn type_name(&self) -> &str {
        "util"
    }

    fn json(&self, method: &str, args: &[Val]) -> Option<Result<Value, HostError>> {
        match args {
            [value] if method == "toJson" => Some(value.to_value().map_err(HostError::new)),
            _ => None,
        }
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(self.json(method, args).transpose()?.map(|value| Val::from(value.to_json())))
    }
}

fn context() -> Context {
    let mut context = Context::new();
    context.set("util", Val::Host(Rc::new(Json)));
    context.set("a", "aé😀b");
    context.set("text", "héllo wörld 😀");
    context.set("list", Val::from(&value!([1, "b", [2.5], {"k": null}])));
    context.set("map", Val::from(&value!({"k": {"l": [1]}, "n": 3})));
    context
}

fn evaluate(source: &str) {
    let Ok(template) = Template::parse(source, &Options::default()) else { return };
    for reference in template.references() {
        for member in reference.members {
            assert_eq!(source.get(member.span), Some(&*member.name), "{source}");
        }
    }
    let mut context = self::context();
    let limits = Limits { max_steps: 200_000, deadline: Some(Instant::now() + Duration::from_secs(5)), ..Limits::default() };
    // Failing is fine; panicking is not, nor is another output where that may be a value.
    let written = template.evaluate(&mut context, &limits);
    let read = template.evaluate_json(&mut self::context(), &limits);
    match (written, read) {
        (Ok(written), Ok(read)) => match read.json {
            Some(value) => assert_eq!(Value::parse(written.text.as_bytes()), Ok(value), "{source}"),
            None => assert_eq!(written.text, read.text, "{source}"),
        },
        // Values and their texts may take different numbers of steps.
        (Err(written), Err(_)) => assert!(written.line <= source.lines().count() + 1, "{source}"),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => assert!(error.message.contains("limit"), "{source}: {error}"),
    }
    for name in ["a", "list", "map"] {
        if let Some(value) = context.get(name) {
            drop(value.to_value());
            drop(value.to_text());
        }
    }
}

/// How many cases: 4,000 in a test run, more in `scripts/soak`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_templates_never_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        evaluate(&pieces.concat());
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        evaluate(&text);
    }

    #[test]
    fn well_formed_wrappings_never_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let inner = pieces.concat();
        evaluate(&format!("#foreach($i in $list)#set($b = [$a, $i, {{'k': $map}}])#if($b{inner})$b#end#end"));
        evaluate(&format!("#macro(m $p)$p{inner}#end#m($map)#m(\"$list\")"));
        evaluate(&format!("#set($v = $text{inner})$v"));
    }
}

#[test]
fn steps_of_searches_count_whether_they_find_anything_or_not() {
    for search in [
        "$t.replaceAll('(a|aa)+b', 'x')",
        "$t.replaceFirst('(a|aa)+b', 'x')",
        "$t.matches('(a|aa)+b')",
        "$t.split('(a|aa)+b').size()",
    ] {
        let source = format!("#set($t = 'aaaaaaaaaaaaaaaaaaaaaaaaaa')#foreach($i in [1..900]){search}#end");
        let template = Template::parse(&source, &Options::default()).expect("it parses");
        // Each search takes at least twenty thousand steps of the matcher.
        let limits = Limits { max_steps: 500_000, ..Limits::default() };
        let fault = template.evaluate(&mut Context::new(), &limits).expect_err(search);
        assert!(fault.to_string().contains("max_steps"), "{search}: {fault}");
    }
}
