//! The data source against real tables of the engine in this process, and against a service that answers by script where the
//! engine would not fail as needed.

mod handlers;
mod helper_module;
mod items;
mod many;
mod pages;
mod refusals;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ::dynamodb::{Embedded, Response, ServiceError};
use value::value;

use super::*;

/// Tokens that are bound to their context but hide nothing.
#[derive(Debug)]
struct PlainTokens;

fn digest(context: &[u8], plain: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (context, plain).hash(&mut hasher);
    hasher.finish()
}

impl SealTokens for PlainTokens {
    fn seal(&self, context: &[u8], plain: &[u8]) -> String {
        format!("{}.{}", digest(context, plain), String::from_utf8_lossy(plain))
    }

    fn open(&self, context: &[u8], text: &str) -> Option<Vec<u8>> {
        let (sum, plain) = text.split_once('.')?;
        (sum.parse() == Ok(digest(context, plain.as_bytes()))).then(|| plain.as_bytes().to_vec())
    }
}

fn tokens(api_id: &str) -> NextTokens {
    NextTokens::new(api_id.into(), Arc::new(PlainTokens))
}

fn call() -> Call {
    Call::new(&"Query".into(), &"posts".into(), Instant::now() + Duration::from_secs(60))
}

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Tables `posts` (id), `authors` (id), `readings` (sensor, at as a number; index `by-kind` on kind and at).
async fn tables() -> Arc<dyn Dynamodb> {
    let service = Embedded::memory().expect("the engine");
    let simple = |name: &str| {
        value!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]})
    };
    let readings = value!({"TableName": "readings", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "sensor", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "sensor", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "kind", "AttributeType": "S"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-kind", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]}]});
    for table in [simple("posts"), simple("authors"), readings] {
        service.call(Operation::CreateTable, table).await.expect("a table");
    }
    Arc::new(service)
}

async fn source(table: &str) -> DynamodbDataSource {
    DynamodbDataSource::new(tables().await, table.into(), tokens("api"))
}

impl DynamodbDataSource {
    /// A data source of the same service and another table.
    fn beside(&self, table: &str) -> Self {
        Self::new(Arc::clone(&self.service), table.into(), self.tokens.clone())
    }

    async fn ask(&self, request: &str) -> Result<Value, DataSourceError> {
        self.invoke(json(request), &call()).await
    }

    async fn done(&self, request: &str) -> Value {
        self.ask(request).await.unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    async fn refused(&self, request: &str) -> DataSourceError {
        match self.ask(request).await {
            Ok(result) => panic!("{request} gives {result}"),
            Err(error) => error,
        }
    }
}

/// Runs requests one after another; each must give the result beside it.
async fn check(source: &DynamodbDataSource, cases: &[(&str, &str)]) {
    for (request, expected) in cases {
        assert_eq!(source.done(request).await, json(expected), "{request}");
    }
}

/// Requests that must be refused with a type and a part of the message.
async fn check_refused(source: &DynamodbDataSource, cases: &[(&str, &str, &str)]) {
    for (request, error_type, message) in cases {
        let error = source.refused(request).await;
        assert_eq!(error.error_type, *error_type, "{request}: {error}");
        assert!(error.message.contains(message), "{request}: {}", error.message);
    }
}

type Answer = Result<Value, ServiceError>;

/// A service that gives prepared answers and keeps what it was asked.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(Operation, Value)>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    fn source(self: &Arc<Self>) -> DynamodbDataSource {
        DynamodbDataSource::new(Arc::<Self>::clone(self), "posts".into(), tokens("api"))
    }

    fn asked(&self) -> Vec<(Operation, Value)> {
        self.asked.lock().expect("a test").clone()
    }
}

impl Dynamodb for Scripted {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        self.asked.lock().expect("a test").push((operation, request));
        let answer = self.answers.lock().expect("a test").pop_front();
        async move {
            match answer {
                Some(answer) => answer.map(|body| Response { body, request_id: "R".into() }),
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

fn service_error(code: &str, message: &str) -> ServiceError {
    ServiceError::new(code, message, 400, "R1")
}
