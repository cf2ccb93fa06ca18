//! How long typical templates take: `cargo bench -p velocity`.
//!
//! Aims: a request and its response over a context of 2.6 KB within 10 µs, the text read as JSON included; a hundred objects
//! (`list100`) as fast as their text can be written and read. `$ctx` is an object of the program whose members become values when a
//! template looks at them, as the server's is.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use value::{Object, Value};
use velocity::{Context, Host, HostError, Limits, Options, Template, Val};

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

/// A hundred objects of ten fields, built by a loop and handed on as one list: the template of `benches/api`.
const LIST: &str = include_str!("../../../benches/api/resolvers/Query.items.response.vtl");

/// The few utilities that the templates call.
struct Util;

impl Host for Util {
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

/// `$ctx`.
struct Ctx {
    members: Object,
    seen: RefCell<Vec<Option<Val>>>,
}

impl Host for Ctx {
    fn type_name(&self) -> &str {
        "Map"
    }

    fn get(&self, name: &str) -> Option<Val> {
        let at = self.members.position(name)?;
        let mut seen = self.seen.borrow_mut();
        let slot = seen.get_mut(at)?;
        if slot.is_none() {
            *slot = Some(Val::from(self.members.values().nth(at)?));
        }
        slot.clone()
    }

    fn call(&self, _: &str, _: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(None)
    }
}

/// Evaluates templates as the steps of a resolver: what they write is read as JSON, or with `as_json` taken as the value it is.
fn evaluate(templates: &[Template], members: &Object, limits: &Limits, as_json: bool) -> Value {
    let mut last = Value::Null;
    for template in templates {
        let ctx = Val::Host(Rc::new(Ctx { members: members.clone(), seen: RefCell::new(vec![None; members.len()]) }));
        let mut context = Context::new();
        context.set("ctx", ctx.clone());
        context.set("context", ctx);
        context.set("util", Val::Host(Rc::new(Util)));
        let outcome =
            if as_json { template.evaluate_json(&mut context, limits) } else { template.evaluate(&mut context, limits) };
        let outcome = outcome.expect("the template runs");
        last = outcome.json.unwrap_or_else(|| Value::parse(outcome.text.as_bytes()).expect("it writes JSON"));
    }
    last
}

fn templates(criterion: &mut Criterion) {
    let limits = Limits { deadline: Some(Instant::now() + Duration::from_secs(3_600)), ..Limits::default() };
    let (small, large) = (small(), large());
    let cases: [(&str, &[&str], &Value); 6] = [
        ("update", &[UPDATE], &small),
        ("pair", &[REQUEST, RESPONSE], &small),
        ("list100", &[LIST], &small),
        ("list100_text", &[OBJECTS], &large),
        ("list100_maps", &[MAPS], &large),
        ("list100_result", &["$util.toJson($ctx.result)\n"], &large),
    ];
    for (name, sources, data) in cases {
        let parse = || -> Vec<Template> {
            let parsed = sources.iter().map(|source| Template::parse(source, &Options::default()));
            parsed.map(|template| template.expect("the template is well formed")).collect()
        };
        let templates = parse();
        let members = data.as_object().expect("the context is an object");
        criterion.bench_function(&format!("{name}/parse"), |bencher| bencher.iter(|| black_box(parse())));
        criterion.bench_function(&format!("{name}/evaluate"), |bencher| {
            bencher.iter(|| black_box(evaluate(black_box(&templates), members, &limits, true)));
        });
        criterion.bench_function(&format!("{name}/evaluate as text"), |bencher| {
            bencher.iter(|| black_box(evaluate(black_box(&templates), members, &limits, false)));
        });
    }
}

criterion_group!(benches, templates);
criterion_main!(benches);
