//! `EvaluateCode` and `EvaluateMappingTemplate` as operations: their requests, their constraints, their answers. How these come in
//! and go out is the business of the server and of the command line.

use std::sync::Arc;
use std::time::Instant;

use moka::sync::Cache;
use value::{Object, Value};

use super::{CompileSettings, Conditions, EvaluationRequest, EvaluationResult, Program, evaluate};
use crate::diagnostic::Source;
use crate::resolver::Step;

/// One of the two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `EvaluateCode`
    EvaluateCode,
    /// `EvaluateMappingTemplate`
    EvaluateMappingTemplate,
}

/// Why an operation is refused: AppSync's `BadRequestException` with this sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRequest(pub String);

/// How closely requests are held to AppSync's model of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the service does: a runtime, a context in a string, lengths within AppSync's.
    Exact,
    /// For tools: the context may also be an object, the runtime may be left out, and the context may be longer.
    Loose,
}

/// How many bytes the programs that an [`Operations`] keeps compiled may have together, about.
const KEPT_BYTES: u64 = 64 << 20;

/// What a compiled program takes, for each byte of its text (measured: 130 of a template of 64 kB) and in any case.
const BYTES_OF_A_BYTE: u32 = 136;
const BYTES_OF_A_PROGRAM: u32 = 16 << 10;

/// Answers operations; what was compiled once is kept.
pub struct Operations {
    conditions: Conditions,
    settings: CompileSettings,
    form: Form,
    programs: Cache<Key, Arc<Program>>,
}

/// Whether it is code, and its text.
type Key = (bool, Arc<str>);

impl Operations {
    /// Evaluates under `conditions`. Code that AppSync refuses is refused if `strict` says so.
    #[must_use]
    pub fn new(conditions: Conditions, form: Form, strict: bool) -> Self {
        let settings = CompileSettings { strict, ..CompileSettings::default() };
        Self { conditions, settings, form, programs: cache() }
    }

    /// The answer to a request, which is an object with the operation's members.
    ///
    /// # Errors
    /// What is wrong with the request. What is wrong with the code is in the answer.
    pub fn answer(&self, operation: Operation, request: &Value) -> Result<Value, BadRequest> {
        self.run(operation, request).map(|result| result.to_answer())
    }

    /// As [`Operations::answer`], with all that is known.
    ///
    /// # Errors
    /// As there.
    pub fn run(&self, operation: Operation, request: &Value) -> Result<EvaluationResult, BadRequest> {
        let Some(members) = request.as_object() else {
            return Err(BadRequest(format!("The request is a {}, not an object.", request.kind())));
        };
        let began = Instant::now();
        let context = self.context(members)?;
        let (program, step) = match operation {
            Operation::EvaluateCode => {
                let code = text(members, "code", 1, 32_768)?;
                self.check_runtime(members)?;
                (self.program(true, code), Some(function(members)?))
            }
            Operation::EvaluateMappingTemplate => {
                let shortest = if self.form == Form::Exact { 2 } else { 0 };
                (self.program(false, text(members, "template", shortest, 65_536)?), None)
            }
        };
        // Who sends long code, new each time, has no more time than others.
        let conditions = Conditions { spent: self.conditions.spent + began.elapsed(), ..self.conditions.clone() };
        let request = EvaluationRequest { program: &program, step, context: &context, conditions: &conditions };
        Ok(evaluate(&request))
    }

    fn context(&self, members: &Object) -> Result<Object, BadRequest> {
        if self.form == Form::Loose {
            match members.get("context") {
                Some(Value::Object(context)) => return Ok((**context).clone()),
                None | Some(Value::Null) => return Ok(Object::new()),
                Some(_) => {}
            }
        }
        let longest = if self.form == Form::Exact { 28_000 } else { usize::MAX };
        let context = text(members, "context", 2, longest)?;
        match Value::parse(context.as_bytes()) {
            Ok(Value::Object(context)) => Ok(Arc::unwrap_or_clone(context)),
            Ok(other) => Err(BadRequest(format!("The context is a {}, not a JSON object.", other.kind()))),
            Err(error) => Err(BadRequest(format!("The context is no JSON: {error}."))),
        }
    }

    fn check_runtime(&self, members: &Object) -> Result<(), BadRequest> {
        let runtime = match members.get("runtime") {
            None | Some(Value::Null) if self.form == Form::Loose => return Ok(()),
            None | Some(Value::Null) => return Err(missing("runtime")),
            Some(runtime) => runtime,
        };
        for (name, only) in [("name", "APPSYNC_JS"), ("runtimeVersion", "1.0.0")] {
            match runtime.get(name) {
                Some(Value::String(given)) if **given == *only => {}
                None | Some(Value::Null) => return Err(missing(&format!("runtime.{name}"))),
                Some(other) => return Err(not_in_enum(&format!("runtime.{name}"), other, &[only])),
            }
        }
        Ok(())
    }

    /// The compiled text.
    fn program(&self, is_code: bool, text: &str) -> Arc<Program> {
        let mut is_new = false;
        let program = self.programs.get_with((is_code, text.into()), || {
            is_new = true;
            let source = |path: &str| Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
            Arc::new(if is_code {
                Program::code(&source("code.js"), &self.settings)
            } else {
                Program::template(&source("template.vtl"), &self.settings)
            })
        });
        if is_new {
            // The cache would put off for dozens of programs what makes room for them.
            self.programs.run_pending_tasks();
        }
        program
    }
}

fn cache() -> Cache<Key, Arc<Program>> {
    let weigh = |(_, text): &Key, _: &Arc<Program>| {
        u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_mul(BYTES_OF_A_BYTE).saturating_add(BYTES_OF_A_PROGRAM)
    };
    Cache::builder().weigher(weigh).max_capacity(KEPT_BYTES).build()
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operations({:?})", self.form)
    }
}

/// A member that is a text of these many characters.
fn text<'a>(members: &'a Object, name: &str, shortest: usize, longest: usize) -> Result<&'a str, BadRequest> {
    let text = match members.get(name) {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => return Err(missing(name)),
        Some(other) => return Err(BadRequest(format!("{name} is a {}, not a string.", other.kind()))),
    };
    // No text has more characters than bytes, and code of 32,768 characters is seldom given.
    let length = if text.len() > shortest && text.len() <= longest { text.len() } else { text.chars().count() };
    if length < shortest {
        return Err(constraint(name, &format!("Member must have length greater than or equal to {shortest}")));
    }
    if length > longest {
        return Err(constraint(name, &format!("Member must have length less than or equal to {longest}")));
    }
    Ok(text)
}

/// `function`; AppSync says nothing of what it is by default.
fn function(members: &Object) -> Result<Step, BadRequest> {
    match members.get("function") {
        None | Some(Value::Null) => Ok(Step::Request),
        Some(Value::String(name)) if &**name == "request" => Ok(Step::Request),
        Some(Value::String(name)) if &**name == "response" => Ok(Step::Response),
        Some(other) => Err(not_in_enum("function", other, &["request", "response"])),
    }
}

fn missing(name: &str) -> BadRequest {
    constraint(name, "Member must not be null")
}

fn not_in_enum(name: &str, given: &Value, allowed: &[&str]) -> BadRequest {
    let given = given.as_str().map_or_else(|| given.to_json(), str::to_owned);
    let shown: String = given.chars().take(100).collect();
    let message = format!(
        "1 validation error detected: Value '{shown}' at '{name}' failed to satisfy constraint: \
         Member must satisfy enum value set: [{}]",
        allowed.join(", ")
    );
    BadRequest(message)
}

/// The words of AWS's services for a member that does not satisfy its model.
fn constraint(name: &str, what: &str) -> BadRequest {
    BadRequest(format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {what}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use value::value;

    use super::*;

    #[test]
    fn kept_programs_are_bounded_in_bytes() {
        let operations = Operations::new(Conditions::default(), Form::Exact, true);
        let ask = |text: String| {
            let mut members = Object::new();
            members.insert("template", text);
            members.insert("context", "{}");
            operations.answer(Operation::EvaluateMappingTemplate, &members.into()).expect("a request");
        };
        for at in 0..30 {
            ask(format!("{at}{}", "#set($a=1)".repeat(6_500)));
            assert!(operations.programs.weighted_size() <= KEPT_BYTES, "after {at}");
        }
        assert!(operations.programs.entry_count() <= 8, "{}", operations.programs.entry_count());
        ask("short".to_owned());
        ask("short".to_owned());
        assert!(operations.programs.contains_key(&(false, "short".into())), "what is small has room");
    }

    #[test]
    fn the_time_of_compiling_is_part_of_the_budget() {
        let conditions = Conditions { spent: Duration::from_secs(5), ..Conditions::default() };
        let operations = Operations::new(conditions, Form::Exact, true);
        for (operation, member, text) in [
            (Operation::EvaluateMappingTemplate, "template", "#foreach($i in [1..1000])#foreach($j in [1..1000])$j#end#end"),
            (
                Operation::EvaluateCode,
                "code",
                "export function request(ctx) { const l = ctx.args.l; for (const a of l) { for (const b of l) {} } return 1 }",
            ),
        ] {
            let context = format!("{{\"arguments\":{{\"l\":[{}1]}}}}", "1,".repeat(2_000));
            let mut request = value!({"context": context, "runtime": {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}});
            if let Some(members) = request.as_object_mut() {
                members.insert(member, text);
            }
            let answer = operations.answer(operation, &request).expect("a request");
            let message = answer.at(&["error", "message"]).as_str().unwrap_or_default().to_owned();
            assert!(message.contains("longer than 1500 ms"), "{answer}");
        }
    }
}
