//! The same calls against the engine in this process and, over the network, against independent servers.
//!
//! Each [`Case`] says what AWS answers, as its API reference and developer guide have it; every server is held to that. Where a
//! server gives another answer, [`differences`] has it with the reason, so that nothing drifts unseen in either direction:
//! an answer that is neither right nor known fails, and so does a known difference that is gone.
//!
//! dynalite has no transactions; moto is asked what it is right about, which is basics and transactions.

mod batches;
mod conditions;
mod differences;
mod items;
mod queries;
mod refusals;
#[path = "../../../../tests/harness/dynamodb_servers.rs"]
mod servers;
mod sizes;
mod statements;
mod tables;
mod transactions;
mod updates;

use dynamodb::{Dynamodb, Embedded, Operation, Remote, RemoteSettings, ServiceError};
use servers::DynamodbServer;
use value::{Object, Value, value};

/// One call with the answer it should get. Calls of a scenario follow each other on the same tables.
#[derive(Debug)]
struct Case {
    name: &'static str,
    operation: Operation,
    request: Value,
    expected: Expected,
}

/// What a call is answered.
#[derive(Clone, PartialEq)]
enum Expected {
    /// This response and nothing else.
    Gives(Value),
    /// A response with at least these members.
    Has(Value),
    /// An error: code, message, and `Item` or `CancellationReasons`.
    Refuses(&'static str, String, Value),
    /// An error of that code, whose message is long or varies from release to release.
    RefusesWithCode(&'static str),
}

impl std::fmt::Debug for Expected {
    /// In the form of [`shown`], so that the eye can compare.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gives(body) => f.write_str(&body.to_json()),
            Self::Has(body) => write!(f, "at least {}", body.to_json()),
            Self::Refuses(code, message, members) => write!(f, "{:?}", (code, message, 400, members.to_json())),
            Self::RefusesWithCode(code) => write!(f, "{code}"),
        }
    }
}

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn case(name: &'static str, operation: Operation, request: &str, expected: Expected) -> Case {
    Case { name, operation, request: json(request), expected }
}

fn gives(text: &str) -> Expected {
    Expected::Gives(json(text))
}

fn has(text: &str) -> Expected {
    Expected::Has(json(text))
}

fn refuses(code: &'static str, message: &str) -> Expected {
    Expected::Refuses(code, message.to_owned(), value!({}))
}

fn invalid(message: &str) -> Expected {
    refuses("ValidationException", message)
}

/// Who is asked, by the name that [`differences`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Embedded,
    Dynalite,
    Moto,
}

/// The tables of every scenario: one with a plain key; one with a sort key, two global indexes and a local one.
const TABLES: [&str; 2] = [
    r#"{"TableName":"items","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}"#,
    r#"{"TableName":"orders","KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"number","KeyType":"RANGE"}],
        "AttributeDefinitions":[{"AttributeName":"customer","AttributeType":"S"},{"AttributeName":"number","AttributeType":"N"},
            {"AttributeName":"stage","AttributeType":"S"},{"AttributeName":"price","AttributeType":"N"},
            {"AttributeName":"placed","AttributeType":"S"}],
        "GlobalSecondaryIndexes":[
            {"IndexName":"by_stage","KeySchema":[{"AttributeName":"stage","KeyType":"HASH"},{"AttributeName":"price","KeyType":"RANGE"}],
             "Projection":{"ProjectionType":"ALL"}},
            {"IndexName":"keys_by_placed","KeySchema":[{"AttributeName":"placed","KeyType":"HASH"}],
             "Projection":{"ProjectionType":"KEYS_ONLY"}}],
        "LocalSecondaryIndexes":[
            {"IndexName":"by_placed","KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"placed","KeyType":"RANGE"}],
             "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["price"]}}],
        "BillingMode":"PAY_PER_REQUEST"}"#,
];

/// What is wrong with the answers of a server to these cases, made one after the other on fresh tables.
async fn run(server: Server, dynamodb: &dyn Dynamodb, cases: &[Case]) -> Vec<String> {
    make_tables(dynamodb).await;
    let mut wrong = Vec::new();
    for case in cases {
        let answer = normal(dynamodb.call(case.operation, case.request.clone()).await.map(|response| response.body));
        let meets = |expected: &Expected| meets(case.operation, &answer, expected);
        let known = differences::of(server, case.name);
        let problem = match known {
            None if meets(&case.expected) => continue,
            None => format!("expected {:?}", case.expected),
            Some(_) if meets(&case.expected) => "is right now: take it out of the known differences".to_owned(),
            Some(known) if meets(&known) => continue,
            Some(known) => format!("expected {:?}, known to be {known:?}", case.expected),
        };
        wrong.push(format!("{server:?}: {}\n  got {}\n  {problem}", case.name, shown(&answer)));
    }
    wrong
}

async fn make_tables(dynamodb: &dyn Dynamodb) {
    for table in TABLES.map(json) {
        let name = value!({"TableName": (table.at(&["TableName"]))});
        let _ = dynamodb.call(Operation::DeleteTable, name.clone()).await;
        while dynamodb.call(Operation::DescribeTable, name.clone()).await.is_ok() {
            tokio::task::yield_now().await;
        }
        dynamodb.call(Operation::CreateTable, table.clone()).await.unwrap_or_else(|error| panic!("{error}"));
        loop {
            let table = dynamodb.call(Operation::DescribeTable, name.clone()).await.unwrap_or_else(|error| panic!("{error}"));
            if table.body.at(&["Table", "TableStatus"]).as_str() == Some("ACTIVE") {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn shown(answer: &Result<Value, ServiceError>) -> String {
    match answer {
        Ok(body) => body.to_json(),
        Err(error) => format!("{:?}", (&*error.code, &error.message, error.status, others(error).to_json())),
    }
}

/// `Item` and `CancellationReasons`, in the words of the API.
fn others(error: &ServiceError) -> Value {
    let mut members = Object::new();
    if let Some(item) = &error.item {
        members.insert("Item", item);
    }
    let reasons = error.cancellation_reasons.iter().map(|reason| {
        let mut members = Object::new();
        members.insert("Code", &reason.code);
        if let Some(message) = &reason.message {
            members.insert("Message", message);
        }
        if let Some(item) = &reason.item {
            members.insert("Item", item);
        }
        Value::from(members)
    });
    if !error.cancellation_reasons.is_empty() {
        members.insert("CancellationReasons", reasons.collect::<Value>());
    }
    Value::from(members)
}

fn meets(operation: Operation, answer: &Result<Value, ServiceError>, expected: &Expected) -> bool {
    // Neither has an order: a scan goes by a hash of the key, a batch as it comes.
    let unordered = matches!(operation, Operation::Scan | Operation::BatchGetItem);
    match (answer, expected) {
        (Ok(body), Expected::Gives(expected)) => sorted(body, unordered) == sorted(expected, unordered),
        (Ok(body), Expected::Has(expected)) => covers(&sorted(body, unordered), &sorted(expected, unordered)),
        (Err(error), Expected::Refuses(code, message, members)) => {
            error.code.as_ref() == *code && plain(&error.message) == message && error.status == 400 && others(error) == *members
        }
        (Err(error), Expected::RefusesWithCode(code)) => error.code.as_ref() == *code && error.status == 400,
        _ => false,
    }
}

/// A message without the prefix that AWS began to put before some of its messages in 2026, in one region after the other. Before
/// `Value … at …` it has been there always.
fn plain(message: &str) -> &str {
    match message.strip_prefix("1 validation error detected: ") {
        Some(rest) if !rest.starts_with("Value ") || rest.starts_with("Value provided in ") => rest,
        _ => message,
    }
}

/// Sorts what has no order: sets always, lists of items where the operation gives them in any order.
fn sorted(value: &Value, unordered: bool) -> Value {
    fn walk(value: &mut Value, member: &str, unordered: bool) {
        if let Some(object) = value.as_object_mut() {
            for (member, value) in object.iter_mut() {
                walk(value, member, unordered);
            }
        } else if let Some(list) = value.as_list_mut() {
            list.iter_mut().for_each(|value| walk(value, "", unordered));
            if matches!(member, "SS" | "NS" | "BS") || (unordered && matches!(member, "Items" | "items" | "orders")) {
                list.sort_by_key(Value::to_json);
            }
        }
    }
    let mut value = value.clone();
    walk(&mut value, "", unordered);
    value
}

fn covers(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Object(object), Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| object.get(key).is_some_and(|value| covers(value, expected)))
        }
        _ => value == expected,
    }
}

/// Members of items in one order, so that sorting lists of items compares their content.
fn normal(answer: Result<Value, ServiceError>) -> Result<Value, ServiceError> {
    fn walk(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut members: Vec<_> = object.iter().map(|(key, value)| (key.clone(), walk(value))).collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                members.into_iter().collect::<Object>().into()
            }
            Value::List(list) => list.iter().map(walk).collect(),
            other => other.clone(),
        }
    }
    answer.map(|body| walk(&body))
}

fn remote(server: &DynamodbServer) -> Remote {
    Remote::new(RemoteSettings { region: None, endpoint: Some(server.endpoint().into()), credentials: None })
}

async fn check(server: Server, dynamodb: &dyn Dynamodb, scenarios: &[Vec<Case>]) {
    let mut wrong = Vec::new();
    for cases in scenarios {
        wrong.extend(run(server, dynamodb, cases).await);
    }
    let count: usize = scenarios.iter().map(Vec::len).sum();
    assert!(wrong.is_empty(), "{} of {count} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn cases_have_names_of_their_own_and_differences_belong_to_one() {
    let scenarios =
        [items::cases(), conditions::cases(), updates::cases(), queries::cases(), batches::cases(), refusals::cases()];
    let scenarios = scenarios.into_iter().chain([transactions::cases(), tables::cases(), statements::cases()]);
    let mut names: Vec<_> = scenarios.flatten().map(|case| case.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    names.sort_unstable();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    for name in differences::names() {
        assert!(names.contains(&name), "no case is named {name:?}");
    }
}

/// What every server can do; some have transactions and statements besides.
fn common() -> Vec<Vec<Case>> {
    vec![items::cases(), conditions::cases(), updates::cases(), queries::cases(), batches::cases(), refusals::cases()]
}

#[tokio::test]
async fn the_embedded_engine_answers_as_aws_does() {
    let embedded = Embedded::memory().expect("an engine");
    let mut scenarios = common();
    scenarios.extend([transactions::cases(), tables::cases(), statements::cases()]);
    check(Server::Embedded, &embedded, &scenarios).await;
}

#[tokio::test]
async fn dynalite_answers_the_same_over_the_network() {
    if servers::servers_are_wanted() {
        let server = DynamodbServer::dynalite();
        check(Server::Dynalite, &remote(&server), &common()).await;
    }
}

#[tokio::test]
async fn moto_answers_the_same_over_the_network() {
    if servers::servers_are_wanted() {
        let server = DynamodbServer::moto();
        let scenarios = [items::cases(), conditions::cases(), transactions::cases(), tables::cases()];
        check(Server::Moto, &remote(&server), &scenarios).await;
    }
}

#[tokio::test]
async fn the_embedded_engine_answers_in_parts_what_is_large() {
    let embedded = Embedded::memory().expect("an engine");
    make_tables(&embedded).await;
    sizes::check(&embedded).await;
}

#[tokio::test]
async fn dynalite_answers_in_parts_what_is_large() {
    if servers::servers_are_wanted() {
        let server = DynamodbServer::dynalite();
        let remote = remote(&server);
        make_tables(&remote).await;
        sizes::check(&remote).await;
    }
}
