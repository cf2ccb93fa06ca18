//! One evaluation of a handler: the session behind the host's functions, and how it ended.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use appsync_utils::{Failure, Level, LogPlace, Session, SkipTo};
use javascript::{HostFault, Invocation};
use value::{Object, Str, Value};

use crate::host::NAMES;
use crate::module::Module;

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
    /// Bytes of memory that its values may take in all: nothing is given back before it ends.
    pub memory: usize,
    /// Bytes of the result as JSON; the same holds for `ctx.stash`.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_millis(50), memory: 64 << 20, result_bytes: 5 << 20 }
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

pub use javascript::LimitKind;

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
        /// The text of what was null or undefined, where that is why.
        null_reference: Option<String>,
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
        let names = &*NAMES_OF_CONTEXT;
        let invocation = Invocation {
            export: handler.name(),
            argument: context,
            defaults: &names.defaults,
            aliases: &names.aliases,
            hidden: &[("info", &["selectionSetList", "selectionSetGraphQL"])],
            read_back: "stash",
        };
        let now = Instant::now();
        // A deadline beyond the clock's range is none.
        let deadline = now.checked_add(limits.deadline).or_else(|| now.checked_add(Duration::from_secs(86_400))).unwrap_or(now);
        let bounds = javascript::Limits { deadline, memory: limits.memory, result_bytes: limits.result_bytes };
        let mut host = SessionHost { module: self, session, failure: None };
        let outcome = self.program().evaluate(&invocation, &mut host, &bounds);
        let stash = outcome.read_back.unwrap_or_default();
        match outcome.result {
            Ok(returned) => Ok(Evaluation { value: returned.value, undefined: returned.undefined, stash }),
            Err(javascript::Fault::Stopped) => Err(match host.failure {
                Some(Failure::EarlyReturn { value, skip_to }) => Fault::EarlyReturn { value, skip_to, stash },
                Some(failure) => Fault::Failure(failure),
                None => self.unplaced("the host ended the evaluation without a reason"),
            }),
            Err(javascript::Fault::Limit { which, what }) => Err(limit(which, &what, limits)),
            Err(javascript::Fault::Unfit { message }) => Err(self.unplaced(&message)),
            Err(javascript::Fault::Thrown { message, place, nullish }) => Err(match place.map(|place| self.place(place)) {
                Some((file, line, column)) => Fault::Runtime {
                    message: format!("{}:{line}:{column}: {message}", self.display_name(file)),
                    file: file.to_owned(),
                    line,
                    column,
                    null_reference: nullish,
                },
                None => self.unplaced(&message),
            }),
        }
    }

    fn unplaced(&self, message: &str) -> Fault {
        let message = format!("code.js: {message}");
        Fault::Runtime { message, file: self.entry().to_owned(), line: 0, column: 0, null_reference: None }
    }
}

/// What `ctx` has beyond the context that a caller gives.
struct ContextNames {
    /// Members that a context may lack, as AppSync has them.
    defaults: Vec<(Str, Value)>,
    aliases: [(Str, &'static str); 1],
}

static NAMES_OF_CONTEXT: LazyLock<ContextNames> = LazyLock::new(|| {
    let empty = |name: &str| (name.into(), Value::from(Object::new()));
    let null = |name: &str| (name.into(), Value::Null);
    // In the order in which a resolver's context has them.
    let defaults = vec![
        empty("arguments"),
        null("identity"),
        null("source"),
        null("result"),
        empty("request"),
        empty("info"),
        null("error"),
        null("prev"),
        empty("stash"),
        empty("env"),
        ("outErrors".into(), Value::from(Vec::<Value>::new())),
    ];
    ContextNames { defaults, aliases: [("args".into(), "arguments")] }
});

fn limit(which: LimitKind, what: &str, limits: &Limits) -> Fault {
    let message = match which {
        LimitKind::Deadline => format!("the handler ran longer than {} ms", limits.deadline.as_millis()),
        LimitKind::Memory => format!("the handler used more than {} MB of memory", limits.memory >> 20),
        LimitKind::Stack => "the handler's calls are nested too deeply".to_owned(),
        LimitKind::ResultSize => format!("{what} is longer than {} bytes", limits.result_bytes),
    };
    Fault::Limit { which, message }
}

/// The caller's session as the engine's host.
struct SessionHost<'s> {
    module: &'s Module,
    session: &'s mut Session,
    /// What ended the evaluation.
    failure: Option<Failure>,
}

impl javascript::Host for SessionHost<'_> {
    fn call(&mut self, function: u32, arguments: &[Value]) -> Result<Value, HostFault> {
        let utility = NAMES.utility(function).ok_or(HostFault::Stop)?;
        match (utility.call)(self.session, arguments) {
            Ok(value) => Ok(value),
            Err(Failure::Invalid { message, .. }) => Err(HostFault::Throw(message)),
            Err(failure) => {
                self.failure = Some(failure);
                Err(HostFault::Stop)
            }
        }
    }

    fn take_work(&mut self) -> u64 {
        self.session.take_work()
    }

    fn now_ms(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53 for 285,000 years")]
        let now = self.session.clock.now_ms() as f64;
        now
    }

    fn random(&mut self) -> f64 {
        let mut bytes = [0; 8];
        self.session.ids.fill(&mut bytes);
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let number = (u64::from_le_bytes(bytes) >> 11) as f64;
        number / 9_007_199_254_740_992.0
    }

    fn log(&mut self, is_error: bool, line: String, place: Option<javascript::Place>) {
        let place = place.map(|place| {
            let (file, line, column) = self.module.place(place);
            LogPlace { file: self.module.display_name(file).into(), line, column }
        });
        self.session.effects.log_at(if is_error { Level::Error } else { Level::Info }, line, place);
    }
}
