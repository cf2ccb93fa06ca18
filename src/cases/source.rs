//! Data sources that answer what a case says, and keep what they were asked.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use resolver_cases::{Answer, Called, SourceCall, SourceError};
use value::{Str, Value};

use crate::data_source::{Batch, Call, DataSource, DataSourceError, Gathering, Placed};

/// The answers of a case, and what was asked so far.
#[derive(Debug)]
pub(super) struct Script {
    answers: Vec<Answer>,
    called: Mutex<Vec<Called>>,
}

impl Script {
    pub(super) fn new(calls: &[SourceCall]) -> Arc<Self> {
        Arc::new(Self { answers: calls.iter().map(|call| call.answer.clone()).collect(), called: Mutex::default() })
    }

    /// What was asked.
    pub(super) fn called(&self) -> Vec<Called> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, data_source: &Str, request: Value) -> Result<Value, DataSourceError> {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let at = called.len();
        called.push(Called { data_source: Str::clone(data_source), request });
        match self.answers.get(at) {
            Some(Answer::Result(result)) => Ok(result.clone()),
            Some(Answer::Error(error)) => Err(failure(error)),
            // The case fails in any case, whatever the resolver makes of this.
            None => Err(DataSourceError::new("NoAnswer", format!("The case has no answer for call {}.", at + 1))),
        }
    }
}

fn failure(error: &SourceError) -> DataSourceError {
    DataSourceError {
        error_type: error.error_type.clone(),
        message: error.message.clone(),
        data: error.data.clone(),
        error_info: error.info.clone(),
        unhandled_error_type: error.unhandled_type.clone(),
    }
}

/// A data source of the definition, whose calls a [`Script`] answers. What it does without a call is its own.
#[derive(Debug)]
pub(super) struct ScriptedSource {
    pub(super) name: Str,
    pub(super) real: Arc<dyn DataSource>,
    pub(super) script: Arc<Script>,
}

impl DataSource for ScriptedSource {
    fn invoke<'a>(&'a self, request: Value, _call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        ready(self.script.answer(&self.name, request)).boxed()
    }

    fn gathering(&self) -> Option<&dyn Gathering> {
        self.real.gathering().map(|_| self as &dyn Gathering)
    }

    fn direct_request(&self, context: Value, batching: bool) -> Option<Value> {
        self.real.direct_request(context, batching)
    }
}

impl Gathering for ScriptedSource {
    fn batch_size(&self, max_batch_size: u32) -> usize {
        self.real.gathering().map_or(1, |gathering| gathering.batch_size(max_batch_size))
    }

    fn batch(&self, size: usize) -> Box<dyn Batch + '_> {
        let real = self.real.gathering().map(|gathering| gathering.batch(size));
        Box::new(ScriptedBatch { source: self, real, requests: Vec::new() })
    }
}

/// A batch of the real data source, which judges requests, and is never sent.
struct ScriptedBatch<'a> {
    source: &'a ScriptedSource,
    real: Option<Box<dyn Batch + 'a>>,
    requests: Vec<Value>,
}

impl Batch for ScriptedBatch<'_> {
    fn add(&mut self, request: &Value) -> Result<Placed, DataSourceError> {
        let placed = self.real.as_mut().map_or(Ok(Placed::Alone), |real| real.add(request))?;
        if placed == Placed::Here {
            self.requests.push(request.clone());
        }
        Ok(placed)
    }

    fn is_full(&self) -> bool {
        self.real.as_ref().is_none_or(|real| real.is_full())
    }

    fn send<'a>(self: Box<Self>, _call: &'a Call) -> BoxFuture<'a, Vec<Result<Value, DataSourceError>>>
    where
        Self: 'a,
    {
        let source = self.source;
        ready(self.requests.into_iter().map(|request| source.script.answer(&source.name, request)).collect()).boxed()
    }
}
