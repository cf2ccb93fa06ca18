//! What the real service answered (`shared/vectors/appsync-js`), for every vector whose code is one call of a utility with
//! literal arguments: a small reader of such expressions stands in for a JavaScript engine.

#![expect(clippy::print_stdout, reason = "a test reports how many vectors it ran")]

use std::sync::Arc;

use appsync_utils::{Clock, Failure, Session, SystemClock, SystemIds, Utility, find, module, utilities};
use value::{Object, Value};

/// Vectors known to differ, with the reason.
const KNOWN: &[(&str, &str)] = &[];

/// Vectors whose code needs more of JavaScript than the reader knows, as the call that it amounts to.
const REWRITTEN: &[(&str, &str)] = &[
    (
        "ls-050",
        r#"rds.createMySQLStatement('UPDATE "document" set "data" = 10 WHERE id = adb626eb-4ce5-452a-a917-3943a37f202b')"#,
    ),
    ("ls-051", MYSQL_TEMPLATES),
    (
        "ls-054",
        "rds.createMySQLStatement(rds.update({ table: 'persons', values: { name: 'name', birthday: 'today', country: 'home' }, where: { id: { eq: 'abc123' } } }))",
    ),
    ("ls-055", "rds.createMySQLStatement(rds.insert({ table: 'persons', values: ctx.args.input }))"),
    ("ls-057", r#"rds.createPgStatement('UPDATE "document" set "data" = 10 WHERE id = adb626eb-4ce5-452a-a917-3943a37f202b')"#),
    ("ls-059", PG_TEMPLATES),
    (
        "ls-062",
        "rds.createPgStatement(rds.update({ table: 'persons', values: { name: 'name', birthday: 'today', country: 'home' }, where: { id: { eq: 'abc123' } } }))",
    ),
    ("ls-063", "rds.createPgStatement(rds.insert({ table: 'persons', values: ctx.args.input, returning: '*' }))"),
    (
        "ls-071",
        "rds.createPgStatement(rds.select({ table: 'domain.color', columns: ['*'], limit: ctx.args.limit, offset: null }))",
    ),
    (
        "ls-072",
        "rds.createPgStatement(rds.select({ table: 'domain.color', columns: ['*'], limit: ctx.args.limit, offset: null }))",
    ),
];

const MYSQL_TEMPLATES: &str = "rds.createMySQLStatement(rds.sql`insert into Post(id, text) values(${rds.typeHint.UUID(ctx.args.id)}, ${ctx.args.text})`, rds.sql`select * from Post where id = ${ctx.args.id}`)";
const PG_TEMPLATES: &str = "rds.createPgStatement(rds.sql`insert into Post(id, text) values(${rds.typeHint.UUID(ctx.args.id)}, ${ctx.args.text})`, rds.sql`select * from Post where id = ${ctx.args.id}`)";

struct Reader<'a> {
    rest: &'a str,
    session: &'a mut Session,
    context: &'a Value,
}

/// Why an expression gave no value.
enum Stop {
    /// It needs more of JavaScript than is read here.
    Skip,
    Failed(Failure),
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &str {
        self.blanks();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.$".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn string(&mut self, quote: char) -> Result<Value, Stop> {
        let end = self.rest.find(quote).ok_or(Stop::Skip)?;
        let text = &self.rest[..end];
        if text.contains(['\\', '\n']) || (quote == '`' && text.contains('$')) {
            return Err(Stop::Skip);
        }
        self.rest = &self.rest[end + 1..];
        Ok(text.into())
    }

    fn items(&mut self, close: &str) -> Result<Vec<Value>, Stop> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value()?);
            if !self.eat(",") && !self.rest.trim_start().starts_with(close) {
                return Err(Stop::Skip);
            }
        }
        Ok(items)
    }

    fn value(&mut self) -> Result<Value, Stop> {
        for quote in ["\"", "'"] {
            if self.eat(quote) {
                return self.string(quote.chars().next().ok_or(Stop::Skip)?);
            }
        }
        if self.eat("[") {
            return self.items("]").map(Value::from);
        }
        if self.eat("{") {
            let mut object = Object::new();
            while !self.eat("}") {
                let key = if self.eat("\"") { self.string('"')? } else { self.word().into() };
                if !self.eat(":") {
                    return Err(Stop::Skip);
                }
                let member = self.value()?;
                object.insert(key.as_str().ok_or(Stop::Skip)?, member);
                if !self.eat(",") && !self.rest.trim_start().starts_with('}') {
                    return Err(Stop::Skip);
                }
            }
            return Ok(object.into());
        }
        let negative = self.eat("-");
        let word = self.word().to_owned();
        match &*word {
            "null" | "undefined" => return Ok(Value::Null),
            "true" => return Ok(true.into()),
            "false" => return Ok(false.into()),
            _ => {}
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let text = if negative { format!("-{word}") } else { word };
            return Value::parse(text.as_bytes()).map_err(|_| Stop::Skip);
        }
        if let Some(path) = word.strip_prefix("ctx.").filter(|_| !self.rest.starts_with(['(', '['])) {
            let path: Vec<&str> = path.split('.').map(|key| if key == "args" { "arguments" } else { key }).collect();
            return Ok(self.context.at(&path).clone());
        }
        let utility = utility(&word).ok_or(Stop::Skip)?;
        let arguments = if self.eat("(") { self.items(")")? } else { self.template()? };
        (utility.call)(self.session, &arguments).map_err(Stop::Failed)
    }

    /// A tagged template.
    fn template(&mut self) -> Result<Vec<Value>, Stop> {
        if !self.eat("`") {
            return Err(Stop::Skip);
        }
        let (mut strings, mut values) = (Vec::new(), Vec::new());
        loop {
            let end = self.rest.find(['`', '$']).ok_or(Stop::Skip)?;
            strings.push(Value::from(&self.rest[..end]));
            let found = self.rest.as_bytes()[end];
            self.rest = &self.rest[end + 1..];
            if found == b'`' {
                break;
            }
            if !self.eat("{") {
                return Err(Stop::Skip);
            }
            values.push(self.value()?);
            if !self.eat("}") {
                return Err(Stop::Skip);
            }
        }
        values.insert(0, strings.into());
        Ok(values)
    }
}

fn utility(path: &str) -> Option<&'static Utility> {
    let (namespace, name) = path.split_once('.').unwrap_or(("rds", path));
    match namespace {
        "util" => find(utilities(), name),
        "ddb" => find(module("dynamodb")?, name),
        "rds" => find(module("rds")?, name),
        _ => None,
    }
}

/// The expression of a vector: its own, or the only statement of the handler that it runs.
fn expression(vector: &Value) -> Option<String> {
    if let Some(expression) = vector.get("expr").and_then(Value::as_str) {
        return Some(expression.to_owned());
    }
    let code = vector.get("code")?.as_str()?;
    let handler = format!("export function {}(ctx) {{", vector.get("function")?.as_str()?);
    let body = code.split_once(&*handler)?.1;
    let body = body.split("export function").next()?.trim().strip_suffix('}')?.trim();
    let body = body.strip_suffix(';').unwrap_or(body);
    // `const query = CALL; return OTHER(query);` and a single return are what the vectors hold.
    let (bindings, last) = match body.rsplit_once("return ") {
        Some((bindings, last)) => (bindings.trim(), last.to_owned()),
        None => ("", body.to_owned()),
    };
    let mut last = last;
    let bindings: Vec<&str> = bindings.split("const ").map(str::trim).filter(|binding| !binding.is_empty()).collect();
    for binding in bindings.into_iter().rev() {
        let (name, value) = binding.strip_suffix(';').unwrap_or(binding).split_once(" = ")?;
        if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        last = replace_word(&last, name, value.trim());
    }
    Some(last)
}

/// Puts `value` where `name` stands as a whole word that is no member and no key.
fn replace_word(text: &str, name: &str, value: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let before = rest[..at].chars().next_back();
        let after = &rest[at + name.len()..];
        let part = |c: char| c.is_ascii_alphanumeric() || "._\"'`".contains(c);
        let whole = !before.is_some_and(part) && !after.starts_with(part) && !after.trim_start().starts_with(':');
        out.push_str(&rest[..at]);
        out.push_str(if whole { value } else { name });
        rest = after;
    }
    out + rest
}

#[test]
fn the_service_answers_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/appsync-js/evaluate_aws.jsonl");
    let Some(text) = vectors(path) else { return };
    let (mut passed, mut failed, mut skipped) = (0, Vec::new(), Vec::new());
    for line in text.lines() {
        let vector = Value::parse(line.as_bytes()).expect("a vector is JSON");
        let id = vector.at(&["id"]).as_str().expect("a vector has an id").to_owned();
        let context = vector.at(&["context"]).clone();
        let mut session = Session::system(context.at(&["identity"]).clone());
        let rewritten = REWRITTEN.iter().find(|(known, _)| *known == id).map(|(_, expression)| (*expression).to_owned());
        let Some(expression) = rewritten.or_else(|| expression(&vector)) else {
            skipped.push(id);
            continue;
        };
        let mut reader = Reader { rest: &expression, session: &mut session, context: &context };
        let outcome = reader.value();
        if !reader.rest.trim_start_matches([';', '\n', ' ']).is_empty() && !matches!(outcome, Err(Stop::Failed(_))) {
            skipped.push(id);
            continue;
        }
        let outcome = match outcome {
            Ok(value) => Ok(value),
            Err(Stop::Failed(failure)) => Err(failure.to_string()),
            Err(Stop::Skip) => {
                skipped.push(id);
                continue;
            }
        };
        let expected = match (vector.get("expected"), vector.get("expected_json_string"), vector.get("expected_error_message")) {
            (Some(value), _, _) => Ok(value.clone()),
            (_, Some(json), _) => Ok(json.clone()),
            (_, _, message) => Err(message.and_then(Value::as_str).expect("an expectation").to_owned()),
        };
        let outcome = match outcome {
            Ok(Value::String(text)) if vector.get("expected_json_string").is_some() => {
                Ok(Value::parse(text.as_bytes()).expect("the string is JSON"))
            }
            other => other,
        };
        if outcome == expected {
            passed += 1;
        } else {
            failed.push((id, format!("{expression}\n  expected {expected:?}\n  got      {outcome:?}")));
        }
    }
    println!("passed {passed}, failed {}, skipped {}: {}", failed.len(), skipped.len(), skipped.join(" "));
    failed.retain(|(id, _)| !KNOWN.iter().any(|(known, _)| known == id));
    for (id, what) in &failed {
        println!("{id} {what}");
    }
    assert!(failed.is_empty(), "{} vectors differ", failed.len());
    assert!(passed >= 361, "only {passed} vectors were run: the reader of expressions lost some");
}

struct FixedClock(i64);

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

/// The developer guide's examples (`shared/vectors/vtl`), where the template is one call of a utility.
#[test]
fn the_guides_examples_hold() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/vtl/vtl_docs.jsonl");
    let Some(text) = vectors(path) else { return };
    let (mut passed, mut failed, mut skipped) = (0, Vec::new(), Vec::new());
    for line in text.lines() {
        let vector = Value::parse(line.as_bytes()).expect("a vector is JSON");
        let text = |key: &str| vector.at(&[key]).as_str().map(str::to_owned);
        let (id, template) = (text("id").expect("an id"), text("template").expect("a template"));
        let context = vector.at(&["context"]).clone();
        let expression =
            template.replace("#set( $nowEpochMillis = 1517943695758 )", "").replace("$nowEpochMillis", "1517943695758");
        let expression = expression.replace('$', "");
        let clock = FixedClock(vector.at(&["clock_ms"]).as_i64().unwrap_or(0));
        let mut session = Session::new(Arc::new(clock), Arc::new(SystemIds), Value::Null);
        let mut reader = Reader { rest: &expression, session: &mut session, context: &context };
        let outcome = reader.value();
        let Ok(value) = outcome.as_ref().map(Clone::clone) else {
            skipped.push(id);
            continue;
        };
        if !reader.rest.trim().is_empty() {
            skipped.push(id);
            continue;
        }
        let printed = match &value {
            Value::String(text) => text.to_string(),
            other => other.to_json(),
        };
        let equal = match (text("expected_text"), vector.get("expected_json")) {
            (Some(expected), _) => printed == expected,
            (_, Some(expected)) => Value::parse(printed.as_bytes()).as_ref() == Ok(expected),
            _ => false,
        };
        if equal {
            passed += 1;
        } else {
            failed.push(format!("{id} {template}: {printed}"));
        }
    }
    println!("passed {passed}, failed {}, skipped {}: {}", failed.len(), skipped.len(), skipped.join(" "));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed >= 64, "only {passed} examples were run: {skipped:?}");
}

/// The vectors' text. They live beside the repository; where they must be present, a variable says so.
fn vectors(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok();
    assert!(text.is_some() || std::env::var_os("SYNCGATE_VECTORS_REQUIRED").is_none(), "the vectors are missing: {path}");
    if text.is_none() {
        println!("skipped: the vectors are missing: {path}");
    }
    text
}

#[test]
fn sessions_may_cross_threads() {
    fn check<T: Send>(_: &T) {}
    let session = Session::new(Arc::new(SystemClock), Arc::new(SystemIds), Value::Null);
    check(&session);
}
