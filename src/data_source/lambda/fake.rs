//! Functions for tests: they answer what a closure says, and keep what they were asked.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use value::{Value, value};

use super::{FunctionAnswer, Functions, InvocationType, InvokeFault};

type Answer = Result<FunctionAnswer, InvokeFault>;

/// Answers a function's event.
type Handler = dyn Fn(&str, &Value) -> Answer + Send + Sync;

/// Functions that a closure answers for.
pub(crate) struct FakeFunctions {
    answer: Box<Handler>,
    asked: Mutex<Vec<Asked>>,
    pool: Semaphore,
    takes: Duration,
}

/// One invocation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) function: String,
    pub(crate) event: Value,
    pub(crate) invocation: InvocationType,
}

impl FakeFunctions {
    pub(crate) fn new(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Self::slow(answer, Semaphore::MAX_PERMITS, Duration::ZERO)
    }

    /// `pool` invocations run at a time, each takes a while.
    pub(crate) fn slow(
        answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
        pool: usize,
        takes: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), asked: Mutex::default(), pool: Semaphore::new(pool), takes })
    }

    /// Functions that answer with a value.
    pub(crate) fn giving(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Arc<Self> {
        Self::new(move |_, event| gives(&answer(event)))
    }

    /// Functions that answer a batch item by item.
    pub(crate) fn mapping(item: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Arc<Self> {
        Self::giving(move |event| event.as_list().expect("a batch").iter().map(&item).collect())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a test").clone()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.asked().into_iter().map(|asked| asked.event).collect()
    }

    /// How many requests each invocation had.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.events().iter().map(|event| event.as_list().expect("a batch").len()).collect()
    }
}

/// An answer.
#[expect(clippy::unnecessary_wraps, reason = "what a closure must give")]
pub(crate) fn gives(value: &Value) -> Answer {
    Ok(FunctionAnswer { payload: value.to_json().into(), function_error: None })
}

/// A thrown error.
#[expect(clippy::unnecessary_wraps, reason = "what a closure must give")]
pub(crate) fn throws(error_type: &str, message: &str) -> Answer {
    let report = value!({"errorType": error_type, "errorMessage": message, "trace": [1]});
    Ok(FunctionAnswer { payload: report.to_json().into(), function_error: Some("Unhandled".to_owned()) })
}

impl Functions for FakeFunctions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Bytes,
        invocation: InvocationType,
        _deadline: Instant,
    ) -> BoxFuture<'a, Answer> {
        async move {
            let event = Value::parse(&payload).expect("JSON");
            let _process = self.pool.acquire().await;
            self.asked.lock().expect("a test").push(Asked { function: function.to_owned(), event: event.clone(), invocation });
            if !self.takes.is_zero() {
                tokio::time::sleep(self.takes).await;
            }
            match invocation {
                InvocationType::RequestResponse => (self.answer)(function, &event),
                InvocationType::Event => Ok(FunctionAnswer::default()),
            }
        }
        .boxed()
    }
}

impl fmt::Debug for FakeFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeFunctions").finish_non_exhaustive()
    }
}
