//! `BatchInvoke`: payloads of many parents as the list of one invocation.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::Value;

use super::request::{LambdaRequest, Operation};
use super::{InvocationType, LambdaDataSource, answer, payload_limit};
use crate::data_source::{Batch, Call, DataSourceError, Gathering, Placed};

/// How many requests go into one call when the resolver has no `maxBatchSize` (Lambda tutorial, "Configuring the maximum batching
/// size").
const BATCH_SIZE: usize = 5;

impl Gathering for LambdaDataSource {
    fn batch_size(&self, max_batch_size: u32) -> usize {
        match usize::try_from(max_batch_size) {
            Ok(0) => BATCH_SIZE,
            Ok(size) => size,
            Err(_) => usize::MAX,
        }
    }

    fn batch(&self, size: usize) -> Box<dyn Batch + '_> {
        Box::new(LambdaBatch::new(self, size))
    }
}

/// The list that is being written. Payloads become text when they are taken, so what a batch holds is at most what may be sent.
#[derive(Debug)]
pub(super) struct LambdaBatch<'s> {
    source: &'s LambdaDataSource,
    size: usize,
    count: usize,
    invocation: InvocationType,
    /// `[`, then payloads with commas between; empty once it is too large.
    pub(super) list: Vec<u8>,
    /// The bytes of the list, also of what is not kept.
    bytes: usize,
}

impl<'s> LambdaBatch<'s> {
    pub(super) fn new(source: &'s LambdaDataSource, size: usize) -> Self {
        let invocation = InvocationType::default();
        Self { source, size: size.max(1), count: 0, invocation, list: Vec::new(), bytes: 0 }
    }

    /// A batch of this one payload.
    pub(super) fn of(source: &'s LambdaDataSource, request: &LambdaRequest<'_>) -> Self {
        let mut batch = Self::new(source, 1);
        batch.push(request);
        batch
    }

    fn push(&mut self, request: &LambdaRequest<'_>) {
        self.invocation = request.invocation;
        self.count += 1;
        let before = self.list.len();
        self.list.push(if self.count == 1 { b'[' } else { b',' });
        request.payload.write_json(&mut self.list);
        self.bytes += self.list.len() - before;
        // The closing bracket counts, too.
        if self.bytes >= payload_limit(self.invocation) {
            self.list = Vec::new();
        }
    }

    /// Invokes the function; one result for each payload.
    pub(super) async fn send(mut self, call: &Call) -> Vec<Result<Value, DataSourceError>> {
        if self.count == 0 {
            return Vec::new();
        }
        let limit = payload_limit(self.invocation);
        let invoked = if self.bytes >= limit {
            Err(super::too_large(self.bytes + 1, limit))
        } else {
            self.list.push(b']');
            self.source.send(Bytes::from(self.list), self.invocation, call).await
        };
        match (invoked, self.invocation) {
            (Err(fault), _) => vec![Err(answer::fault(&fault)); self.count],
            (Ok(_), InvocationType::Event) => vec![Ok(Value::Null); self.count],
            (Ok(answer), InvocationType::RequestResponse) => answer::results(&answer, self.count),
        }
    }
}

impl Batch for LambdaBatch<'_> {
    fn add(&mut self, request: &Value) -> Result<Placed, DataSourceError> {
        let request = LambdaRequest::read(request)?;
        if request.operation == Operation::Invoke {
            return Ok(Placed::Alone);
        }
        if self.count >= self.size || (self.count > 0 && self.invocation != request.invocation) {
            return Ok(Placed::Elsewhere);
        }
        self.push(&request);
        Ok(Placed::Here)
    }

    fn is_full(&self) -> bool {
        self.count >= self.size
    }

    fn send<'a>(self: Box<Self>, call: &'a Call) -> BoxFuture<'a, Vec<Result<Value, DataSourceError>>>
    where
        Self: 'a,
    {
        (*self).send(call).boxed()
    }
}
