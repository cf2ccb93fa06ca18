//! The engine: one QuickJS runtime and one frozen context per thread, and an evaluation in it.
//!
//! A module is a function that makes its exports; it is called for every evaluation, so module-level state is always new, and
//! everything else that code could change is frozen (see `prelude.js`). Compiled modules are kept per thread, the least
//! recently used ones are dropped. An engine whose memory or time ran out is replaced.

mod bind;
mod convert;
mod java_text;
mod state;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use appsync_utils::{Failure, Session, SkipTo};
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Context, Ctx, Function, Object as JsObject, Persistent, Runtime, Value as JsValue};
use value::{Object, Value};

use crate::module::Module;
use bind::{Host, LAZY};
use convert::{Refusal, to_js};
use state::State;

/// Which of a module's functions to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// `request`.
    Request,
    /// `response`.
    Response,
}

impl Handler {
    /// The function's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Handler::Request => "request",
            Handler::Response => "response",
        }
    }
}

/// What one evaluation may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may run.
    pub deadline: Duration,
    /// Bytes of memory of the thread's engine, with the modules it keeps; at least a few MB.
    pub memory: usize,
    /// Bytes of the result as JSON; the same holds for `ctx.stash`.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_millis(50), memory: 32 << 20, result_bytes: 5 << 20 }
    }
}

/// What a handler returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The result; `undefined` reads as null.
    pub value: Value,
    /// The handler returned `undefined`.
    pub undefined: bool,
    /// `ctx.stash` afterwards.
    pub stash: Value,
}

/// The limits that an evaluation can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// [`Limits::deadline`].
    Deadline,
    /// [`Limits::memory`].
    Memory,
    /// The engine's stack.
    Stack,
    /// [`Limits::result_bytes`].
    ResultSize,
}

/// Why a handler did not return.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// A utility ended it: `util.error`, `util.unauthorized`.
    #[error("{0}")]
    Failure(Failure),
    /// `runtime.earlyReturn` ended it.
    #[error("the handler returned early")]
    EarlyReturn {
        /// What it returned.
        value: Value,
        /// Where a pipeline goes on.
        skip_to: Option<SkipTo>,
        /// `ctx.stash` at that moment.
        stash: Value,
    },
    /// Code threw.
    #[error("{message}")]
    Runtime {
        /// `code.js:3:10: TypeError: ...`.
        message: String,
        /// The file of the place.
        file: String,
        /// Line, from 1; 0 where no place is known.
        line: usize,
        /// Column, from 1; 0 where no place is known.
        column: usize,
    },
    /// It reached a limit.
    #[error("{message}")]
    Limit {
        /// Which.
        which: LimitKind,
        /// The limit in words.
        message: String,
    },
}

/// Why a bundle cannot be loaded.
pub(crate) struct LoadFault {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Module {
    /// Calls a handler with `ctx` made of `context`: `arguments`, `source`, `result`, `error`, `stash`, `prev`, `identity`,
    /// `request`, `info`, `env`, `outErrors` and any further member. `ctx.args` is `ctx.arguments`. What utilities leave
    /// behind is in `session.effects`, also after a fault.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn evaluate(
        &self,
        handler: Handler,
        context: &Object,
        session: &mut Session,
        limits: &Limits,
    ) -> Result<Evaluation, Fault> {
        with_engine(|engine| {
            let lent = Lent::new(&engine.host.state, session);
            let outcome = engine.evaluate(self, handler, context, limits);
            drop(lent);
            outcome
        })
    }
}

/// Whether the engine accepts a module's code.
pub(crate) fn try_load(module: &Module) -> Result<(), LoadFault> {
    let fault = with_engine(|engine| {
        engine.runtime.set_memory_limit(Limits::default().memory);
        let entered = engine.context.clone();
        entered.with(|ctx| match engine.factory(&ctx, module) {
            Ok(_) => Ok(()),
            Err(_) => Err(engine.fault(&ctx, module, &Limits::default())),
        })
    });
    fault.map_err(|fault| match fault {
        Fault::Runtime { message, file, line, column } => LoadFault { message, file, line, column },
        other => LoadFault { message: other.to_string(), file: module.entry().to_owned(), line: 0, column: 0 },
    })
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Runs `work` on the thread's engine. The engine is out of its place meanwhile, so a panic drops it instead of leaving it
/// half used.
fn with_engine<T>(work: impl FnOnce(&mut Engine) -> Result<T, Fault>) -> Result<T, Fault> {
    let mut engine = match ENGINE.with(|slot| slot.borrow_mut().take()) {
        Some(engine) => engine,
        None => Engine::new()?,
    };
    let outcome = work(&mut engine);
    if !engine.spent {
        ENGINE.with(|slot| *slot.borrow_mut() = Some(engine));
    }
    outcome
}

/// The caller's session while the engine has it; dropping this gives it back, also in a panic.
struct Lent<'s> {
    state: Rc<State>,
    session: &'s mut Session,
}

impl<'s> Lent<'s> {
    fn new(state: &Rc<State>, session: &'s mut Session) -> Self {
        let empty = Session::new(Arc::clone(&session.clock), Arc::clone(&session.ids), Value::Null);
        *state.session.borrow_mut() = Some(std::mem::replace(session, empty));
        Self { state: Rc::clone(state), session }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.state.session.take() {
            *self.session = session;
        }
    }
}

/// How many modules a thread keeps compiled.
const KEPT_MODULES: usize = 256;

/// The file name of bundles inside the engine.
const BUNDLE: &str = "$bundle";

struct Kept {
    factory: Persistent<Function<'static>>,
    used: u64,
}

struct Engine {
    factories: HashMap<u64, Kept>,
    host: Host,
    context: Context,
    runtime: Runtime,
    evaluations: u64,
    /// It must not be used again.
    spent: bool,
}

impl Drop for Engine {
    /// What lives in the runtime goes before the runtime. The host's functions hold the helpers, which are values of the
    /// engine that holds these functions; that circle is cut here.
    fn drop(&mut self) {
        self.factories.clear();
        self.host.release();
    }
}

type Intrinsics =
    (intrinsic::Eval, intrinsic::Date, intrinsic::RegExpCompiler, intrinsic::RegExp, intrinsic::Json, intrinsic::MapSet);

impl Engine {
    fn new() -> Result<Self, Fault> {
        let state = Rc::new(State::new());
        let failed = |error: rquickjs::Error| internal(format!("the JavaScript engine did not start: {error}"));
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_gc_threshold(2 << 20);
        let watched = Rc::clone(&state);
        runtime.set_interrupt_handler(Some(Box::new(move || watched.interrupted())));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(failed)?;
        let host = Host::new(state);
        context.with(|ctx| {
            host.prepare(&ctx)
                .map_err(|error| internal(format!("the JavaScript engine did not start: {error} {:?}", ctx.catch())))
        })?;
        Ok(Self { factories: HashMap::new(), host, context, runtime, evaluations: 0, spent: false })
    }

    fn evaluate(&mut self, module: &Module, handler: Handler, context: &Object, limits: &Limits) -> Result<Evaluation, Fault> {
        self.runtime.set_memory_limit(limits.memory);
        self.evaluations += 1;
        self.host.state.begin(context, limits);
        let entered = self.context.clone();
        let outcome = entered.with(|ctx| {
            let outcome = self.run(&ctx, module, handler, context, limits);
            let outcome = outcome.map_err(|stopped| match stopped {
                Stopped::Thrown => self.fault(&ctx, module, limits),
                Stopped::Fault(fault) => fault,
            });
            // Code that caught what ended it has not changed the outcome.
            match outcome {
                Ok(_) if self.host.state.ended() => Err(self.fault(&ctx, module, limits)),
                outcome => outcome,
            }
        });
        self.host.state.end();
        if let Err(Fault::Limit { which: LimitKind::Deadline | LimitKind::Memory, .. }) = &outcome {
            self.spent = true;
        }
        outcome
    }

    fn run<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        module: &Module,
        handler: Handler,
        context: &Object,
        limits: &Limits,
    ) -> Result<Evaluation, Stopped> {
        let factory = self.factory(ctx, module)?;
        let state = &*self.host.state;
        let helpers = self.host.helpers(ctx)?;
        let mut arguments = rquickjs::function::Args::new(ctx.clone(), helpers.modules().len());
        arguments.push_args(helpers.modules().iter().cloned())?;
        let exports: JsObject<'js> = factory.call_arg(arguments)?;
        let function: JsValue<'js> = exports.get(handler.name())?;
        let Some(function) = function.as_function() else {
            return Err(Stopped::Fault(internal(format!("the code exports no function '{}'", handler.name()))));
        };
        let ctx_object = self.context_object(ctx, context, &helpers)?;
        let returned: rquickjs::Result<JsValue<'js>> = function.call((ctx_object.clone(),));

        let read = |value: &JsValue<'js>, root: &str| {
            let mut reader = helpers.reader(state, limits.result_bytes);
            reader.read(value).map_err(|refusal| match refusal {
                Refusal::Thrown => Stopped::Thrown,
                Refusal::TooLarge => Stopped::Fault(Fault::Limit {
                    which: LimitKind::ResultSize,
                    message: format!("{root} is longer than {} bytes", limits.result_bytes),
                }),
                Refusal::Unfit { what, path } => {
                    Stopped::Fault(internal(format!("code.js: {}", Refusal::describe(&what, &path, root))))
                }
            })
        };
        let stash = || read(&ctx_object.get::<_, JsValue<'js>>("stash")?, "ctx.stash");
        if let Some((value, skip_to)) = state.take_early_return() {
            // What was thrown to get here must not be taken for what reading the stash throws.
            let _ = ctx.catch();
            return Err(Stopped::Fault(Fault::EarlyReturn { value, skip_to, stash: stash()? }));
        }
        let returned = returned?;
        let value = read(&returned, "the result")?;
        let stash = stash()?;
        Ok(Evaluation { value, undefined: returned.is_undefined(), stash })
    }

    /// `ctx`: what handlers mostly read, converted; the rest behind getters.
    fn context_object<'js>(
        &self,
        ctx: &Ctx<'js>,
        context: &Object,
        helpers: &bind::Helpers<'js>,
    ) -> rquickjs::Result<JsObject<'js>> {
        let state = &*self.host.state;
        let object = helpers.new_context()?;
        let define = |name: &str, value: JsValue<'js>| object.set(name, value);
        let arguments = match context.get("arguments") {
            Some(value) if !value.is_null() => to_js(ctx, value, state, 1)?,
            _ => JsObject::new(ctx.clone())?.into_value(),
        };
        define("arguments", arguments.clone())?;
        define("args", arguments)?;
        let stash = match context.get("stash") {
            Some(value) if !value.is_null() => to_js(ctx, value, state, 1)?,
            _ => JsObject::new(ctx.clone())?.into_value(),
        };
        define("stash", stash)?;
        // Null without an error, as dumps of a real context show it, although the typings say `error?`.
        for name in ["result", "error", "prev"] {
            define(name, to_js(ctx, context.get(name).unwrap_or(&value::NULL), state, 1)?)?;
        }
        match context.get("outErrors") {
            Some(errors) => define("outErrors", to_js(ctx, errors, state, 1)?)?,
            None => define("outErrors", rquickjs::Array::new(ctx.clone())?.into_value())?,
        }
        for (name, value) in context {
            let known = matches!(&**name, "arguments" | "args" | "stash" | "result" | "error" | "prev" | "outErrors");
            if !known && !LAZY.contains(&&**name) {
                define(name, to_js(ctx, value, state, 1)?)?;
            }
        }
        Ok(object)
    }

    /// The module's function, compiled on first use.
    fn factory<'js>(&mut self, ctx: &Ctx<'js>, module: &Module) -> rquickjs::Result<Function<'js>> {
        let used = self.evaluations;
        if let Some(kept) = self.factories.get_mut(&module.id()) {
            kept.used = used;
            return kept.factory.clone().restore(ctx);
        }
        let mut options = EvalOptions::default();
        options.filename = Some(BUNDLE.to_owned());
        let factory: Function<'js> = ctx.eval_with_options(module.code(), options)?;
        if self.factories.len() >= KEPT_MODULES
            && let Some(oldest) = self.factories.iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id)
        {
            self.factories.remove(&oldest);
        }
        self.factories.insert(module.id(), Kept { factory: Persistent::save(ctx, factory.clone()), used });
        Ok(factory)
    }

    /// What ended the evaluation: a utility, a limit, or what code threw.
    fn fault(&self, ctx: &Ctx<'_>, module: &Module, limits: &Limits) -> Fault {
        let thrown = ctx.catch();
        let state = &self.host.state;
        if let Some(failure) = state.failure.take() {
            return Fault::Failure(failure);
        }
        if let Some(which) = state.limit.get() {
            return limit(which, limits);
        }
        thrown_fault(&thrown, module, limits)
    }
}

/// Why `run` did not get to its end.
enum Stopped {
    /// The engine holds what was thrown.
    Thrown,
    Fault(Fault),
}

impl From<rquickjs::Error> for Stopped {
    fn from(error: rquickjs::Error) -> Self {
        match error {
            rquickjs::Error::Exception => Stopped::Thrown,
            other => Stopped::Fault(internal(format!("code.js: {other}"))),
        }
    }
}

fn internal(message: String) -> Fault {
    Fault::Runtime { message, file: String::new(), line: 0, column: 0 }
}

fn limit(which: LimitKind, limits: &Limits) -> Fault {
    let message = match which {
        LimitKind::Deadline => format!("the handler ran longer than {} ms", limits.deadline.as_millis()),
        LimitKind::Memory => format!("the handler used more than {} MB of memory", limits.memory >> 20),
        LimitKind::Stack => "the handler's calls are nested too deeply".to_owned(),
        LimitKind::ResultSize => format!("the result is longer than {} bytes", limits.result_bytes),
    };
    Fault::Limit { which, message }
}

fn thrown_fault(thrown: &JsValue<'_>, module: &Module, limits: &Limits) -> Fault {
    let mut text = String::new();
    let mut stack = String::new();
    if thrown.is_null() {
        // The engine throws null where no memory is left for an error. Code can do so too; nothing tells them apart.
        let message = format!("the handler used more than {} MB of memory, or threw null", limits.memory >> 20);
        return Fault::Limit { which: LimitKind::Memory, message };
    }
    if let Some(error) = thrown.as_exception() {
        let name: String = error.as_object().get("name").unwrap_or_default();
        let message = error.message().unwrap_or_default();
        match (name.as_str(), message.as_str()) {
            ("InternalError", "out of memory") => return limit(LimitKind::Memory, limits),
            ("RangeError" | "InternalError", "Maximum call stack size exceeded" | "stack overflow") => {
                return limit(LimitKind::Stack, limits);
            }
            ("", _) => text = message,
            (_, "") => text = name,
            _ => text = format!("{name}: {message}"),
        }
        stack = error.stack().unwrap_or_default();
    } else if let Ok(rquickjs::convert::Coerced(shown)) = thrown.get::<rquickjs::convert::Coerced<String>>() {
        text = format!("Error: {shown}");
    }
    let Some(place) = stack_place(&stack, module) else {
        return Fault::Runtime { message: format!("code.js: {text}"), file: module.entry().to_owned(), line: 0, column: 0 };
    };
    let message = format!("{}:{}:{}: {text}", module.display_name(&place.file), place.line, place.column);
    Fault::Runtime { message, file: place.file, line: place.line, column: place.column }
}

/// The innermost place of a stack trace that is the user's.
fn stack_place(stack: &str, module: &Module) -> Option<crate::module::SourcePlace> {
    stack.lines().find_map(|frame| {
        let at = frame.rfind(BUNDLE)? + BUNDLE.len() + 1;
        let mut numbers = frame.get(at..)?.trim_end_matches(')').split(':').map(str::parse::<usize>);
        let line = numbers.next()?.ok()?;
        let column = numbers.next().and_then(Result::ok).unwrap_or(1);
        module.place(line, column)
    })
}
