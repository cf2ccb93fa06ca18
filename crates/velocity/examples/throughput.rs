//! How long a typical request template takes: `cargo run --release -p velocity --example throughput`.

use std::time::Instant;

use value::Value;
use velocity::{Context, Limits, MapRef, Options, Template, Val};

const TEMPLATE: &str = r##"#set($id = $ctx.args.input.id)
#set($names = {})
#set($values = {})
#set($update = "SET")
#foreach($entry in $ctx.args.input.entrySet())
  #if($entry.key != "id" && $entry.key != "version")
    #set($ignore = $names.put("#$entry.key", $entry.key))
    #set($ignore = $values.put(":$entry.key", {"S": "$entry.value"}))
    #set($update = "$update #$entry.key = :$entry.key#if($foreach.hasNext),#end")
  #end
#end
{
  "version": "2018-05-29",
  "operation": "UpdateItem",
  "key": { "id": { "S": "$id" }, "owner": { "S": "$ctx.identity.claims.sub" } },
  "update": { "expression": "$update", "expressionNames": "$names", "expressionValues": "$values" },
  "tags": [#foreach($tag in $ctx.args.input.tags)"$tag.toUpperCase()"#if($foreach.hasNext), #end#end]
}
"##;

const CONTEXT: &str = r#"{"args": {"input": {"id": "7f1", "title": "A title", "body": "Some text of a post", "state": "open", "version": 3,
  "tags": ["one", "two", "three"]}}, "identity": {"sub": "abc", "claims": {"sub": "abc", "iss": "https://issuer", "exp": 1700000000}},
  "request": {"headers": {"host": "example.com", "user-agent": "test", "accept": "*/*"}}}"#;

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    const ROUNDS: u32 = 20_000;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        assert!(Template::parse(TEMPLATE, &Options::default()).is_ok());
    }
    let parsing = started.elapsed() / ROUNDS;
    let template = Template::parse(TEMPLATE, &Options::default()).expect("the template is well formed");
    let data = Value::parse(CONTEXT.as_bytes()).expect("the context is JSON");
    let limits = Limits::default();
    let mut bytes = 0;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        let ctx: MapRef = ["args", "identity", "request"].map(|name| (name, Val::from(data.at(&[name])))).into_iter().collect();
        let mut context = Context::new();
        context.set("ctx", ctx);
        bytes += template.evaluate(&mut context, &limits).expect("the template runs").text.len();
    }
    let evaluating = started.elapsed() / ROUNDS;
    println!("parse {parsing:?}, evaluate {evaluating:?}, {} bytes each", bytes / ROUNDS as usize);
}
