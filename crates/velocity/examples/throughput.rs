//! How long typical templates take: `cargo run --release -p velocity --example throughput [case] [rounds]`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use value::Value;
use velocity::{Context, Host, HostError, Key, Limits, MapRef, Options, Template, Val};

/// An update: names and values gathered in a loop, printed as maps.
const UPDATE: &str = r##"#set($id = $ctx.args.input.id)
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

/// A request and its response, as most resolvers have them.
const REQUEST: &str = r#"#if($util.isNull($ctx.args.input.id))
  $util.error("id is required")
#end
#set($owner = $ctx.identity.claims.sub)
$util.qr($ctx.stash.put("owner", $owner))
{
  "version": "2018-05-29",
  "operation": "GetItem",
  "key": {
    "id": $util.toJson($ctx.args.input.id),
    "owner": $util.toJson($owner)
  },
  "consistentRead": true
}
"#;
const RESPONSE: &str = r#"#if($ctx.error)
  $util.error($ctx.error.message, $ctx.error.type)
#end
#if($ctx.result.owner == $ctx.stash.owner || $ctx.result.public)
$util.toJson($ctx.result)
#else
null
#end
"#;

/// A hundred objects of ten fields as JSON text.
const OBJECTS: &str = r#"[#foreach($item in $ctx.result.items)
{
  "id": $util.toJson($item.id), "title": $util.toJson($item.title), "body": "$item.body", "state": "$item.state",
  "version": $item.version, "score": $item.score, "open": $item.open, "owner": "$item.owner.name",
  "place": $foreach.index, "tag": "$item.tags[0]"
}#if($foreach.hasNext),#end
#end]
"#;

/// A hundred objects of ten fields as maps, written at the end.
const MAPS: &str = r#"#set($out = [])
#foreach($item in $ctx.result.items)
  #set($one = {"id": $item.id, "title": "$item.title!", "body": $item.body, "state": $item.state, "version": $item.version,
    "score": $item.score, "open": $item.open, "owner": $item.owner.name})
  $util.qr($one.put("place", $foreach.count))
  #set($one.tag = $item.tags[0])
  $util.qr($out.add($one))
#end
$util.toJson($out)
"#;

/// The few utilities that the templates call.
struct Util;

impl Host for Util {
    fn type_name(&self) -> &str {
        "util"
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(match (method, args) {
            ("toJson", [value]) => Some(Val::from(value.to_value().map_err(HostError::new)?.to_json())),
            ("isNull", [value]) => Some(Val::Bool(value.is_null())),
            ("qr", _) => Some(Val::from("")),
            ("error", _) => return Err(HostError::new("raised")),
            _ => None,
        })
    }
}

/// A context of about 2.6 KB.
fn small() -> Value {
    let claims = r#""sub": "7b1c", "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "exp": 1700000000,
      "cognito:username": "ann", "cognito:groups": ["admin", "staff"], "email": "ann@example.com", "auth_time": 1699990000"#;
    let headers: String =
        (0..21).map(|at| format!(r#""x-header-{at}": "the value of header number {at}, rather long","#)).collect();
    let text = format!(
        r#"{{"args": {{"input": {{"id": "7f1", "title": "A title", "body": "Some text of a post", "state": "open", "version": 3,
          "tags": ["one", "two", "three"]}}}},
        "identity": {{"sub": "7b1c", "username": "ann", "sourceIp": ["10.0.0.1"], "claims": {{{claims}}}}},
        "request": {{"headers": {{{headers} "host": "example.com"}}}}, "stash": {{}},
        "result": {{"id": "7f1", "owner": "7b1c", "title": "A title", "body": "{}", "public": false, "version": 4,
          "comments": [{{"id": 1, "text": "one"}}, {{"id": 2, "text": "two"}}]}},
        "info": {{"fieldName": "getPost", "parentTypeName": "Query", "variables": {{"id": "7f1"}}}}, "prev": null, "error": null}}"#,
        "text of the post ".repeat(35)
    );
    Value::parse(text.as_bytes()).expect("the context is JSON")
}

fn large() -> Value {
    let item = |at: usize| {
        format!(
            r#"{{"id": "{at}", "title": "Title {at}", "body": "Some text of a post", "state": "open", "version": {at}, "score": {at}.5,
            "open": true, "owner": {{"name": "ann"}}, "tags": ["one", "two"], "more": null}}"#
        )
    };
    let items: Vec<String> = (0..100).map(item).collect();
    Value::parse(format!(r#"{{"result": {{"items": [{}]}}}}"#, items.join(",")).as_bytes()).expect("the context is JSON")
}

fn evaluate(templates: &[Template], data: &Value, limits: &Limits) -> usize {
    let mut bytes = 0;
    let members = data.as_object().expect("the context is an object");
    for template in templates {
        let ctx = MapRef::new();
        for (name, value) in members {
            ctx.insert(Key::from(&**name), Val::from(value));
        }
        let mut context = Context::new();
        context.set("ctx", ctx.clone());
        context.set("context", ctx);
        context.set("util", Val::Host(Rc::new(Util)));
        bytes += template.evaluate(&mut context, limits).expect("the template runs").text.len();
    }
    bytes
}

/// The best of several runs, as the machine may do other work, too.
fn best(rounds: u32, mut run: impl FnMut()) -> Duration {
    const RUNS: u32 = 10;
    let each = (rounds / RUNS).max(1);
    let time = |_| {
        let started = Instant::now();
        (0..each).for_each(|_| run());
        started.elapsed() / each
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_default();
    let rounds: u32 = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_000);
    let limits = Limits { deadline: Some(Instant::now() + Duration::from_secs(3_600)), ..Limits::default() };
    let (small, large) = (small(), large());
    println!("contexts of {} and {} bytes", small.to_json().len(), large.to_json().len());
    let cases: [(&str, &[&str], &Value, u32); 4] = [
        ("update", &[UPDATE], &small, 1),
        ("pair", &[REQUEST, RESPONSE], &small, 1),
        ("objects", &[OBJECTS], &large, 20),
        ("maps", &[MAPS], &large, 20),
    ];
    for (name, sources, data, weight) in cases.into_iter().filter(|(name, ..)| name.contains(&wanted)) {
        let parse = || -> Vec<Template> {
            let parsed = sources.iter().map(|source| Template::parse(source, &Options::default()));
            parsed.map(|template| template.expect("the template is well formed")).collect()
        };
        let templates = parse();
        let rounds = (rounds / weight).max(1);
        let parsing = best(rounds / 10, || drop(parse()));
        let bytes = evaluate(&templates, data, &limits);
        let evaluating = best(rounds, || assert_eq!(evaluate(&templates, data, &limits), bytes));
        println!("{name}: parse {parsing:?}, evaluate {evaluating:?}, {bytes} bytes");
    }
}
