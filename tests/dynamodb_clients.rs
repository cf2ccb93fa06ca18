//! The tables of a server through the programs that people use: boto3 and the AWS CLI on DynamoDB's API, GraphQL beside them.

mod harness;
#[path = "clients/orders.rs"]
mod orders;

use harness::aws_clients::{Cli, check_with_boto3};
use harness::dynamodb_servers::servers_are_wanted;
use harness::{Client, Server};
use orders::check;
use value::{Value, value};

const TARGET: (&str, &str) = ("x-amz-target", "DynamoDB_20120810.ListTables");
const TYPE: (&str, &str) = ("content-type", "application/x-amz-json-1.0");

/// Where DynamoDB's API is: below the server's own address, and on a port of its own.
fn endpoints(server: &Server) -> [String; 2] {
    let (_, tables) = server.summary.split_once("Tables ").expect("the summary tells of tables");
    let own = tables.split_once("(http://localhost:").and_then(|(_, rest)| rest.split_once(')')).expect("a port");
    [format!("http://{}/dynamodb/", server.address), format!("http://127.0.0.1:{}", own.0)]
}

#[test]
fn boto3_works_with_tables_on_both_addresses() {
    if !servers_are_wanted() {
        return;
    }
    let definition = orders::definition();
    let server = definition.serve();
    check(
        &server,
        r#"mutation { put(id: "graphql", customer: "ann", total: 3.5, note: "über") { id } }"#,
        r#"{"put":{"id":"graphql"}}"#,
    );
    for (endpoint, prefix) in endpoints(&server).iter().zip(["a-", "bb-"]) {
        check_with_boto3("dynamodb_check.py", &definition.path("."), ("any", "thing"), &[endpoint, prefix]);
    }
    let left = r#"{"order":{"customer":"bob","total":12.25,"note":"by boto3"},"ordersOf":{"items":[{"id":"boto3"}]}}"#;
    check(&server, r#"{ order(id: "boto3") { customer total note } ordersOf(customer: "bob") { items { id } } }"#, left);
}

#[test]
fn the_aws_cli_and_resolvers_see_one_table() {
    if !servers_are_wanted() {
        return;
    }
    let definition = orders::definition();
    let server = definition.serve();
    let [endpoint, own] = endpoints(&server);
    let cli = Cli { definition: &definition, endpoint, credentials: ("any", "thing") };
    check(&server, r#"mutation { put(id: "1", customer: "ann", total: 1) { id } }"#, r#"{"put":{"id":"1"}}"#);
    let listed = cli.succeeds(&["dynamodb", "list-tables"]);
    assert_eq!(listed, value!({"TableNames": ["orders"]}));
    let made = cli.succeeds(&[
        "dynamodb",
        "create-table",
        "--table-name",
        "notes",
        "--billing-mode",
        "PAY_PER_REQUEST",
        "--key-schema",
        "AttributeName=id,KeyType=HASH",
        "--attribute-definitions",
        "AttributeName=id,AttributeType=S",
    ]);
    assert_eq!(made.at(&["TableDescription", "TableStatus"]).as_str(), Some("CREATING"));
    cli.succeeds(&["dynamodb", "wait", "table-exists", "--table-name", "notes"]);
    let item = r#"{"id":{"S":"2"},"customer":{"S":"bob"},"total":{"N":"2.5"},"tags":{"SS":["x"]}}"#;
    cli.succeeds(&["dynamodb", "put-item", "--table-name", "orders", "--item", item]);
    let updated = cli.succeeds(&[
        "dynamodb",
        "update-item",
        "--table-name",
        "orders",
        "--key",
        r#"{"id":{"S":"1"}}"#,
        "--return-values",
        "UPDATED_NEW",
        "--update-expression",
        "SET customer = :c",
        "--expression-attribute-values",
        r#"{":c":{"S":"bob"}}"#,
    ]);
    assert_eq!(updated, value!({"Attributes": {"customer": {"S": "bob"}}}));
    check(
        &server,
        r#"{ order(id: "2") { total tags } ordersOf(customer: "bob") { items { id } } }"#,
        r#"{"order":{"total":2.5,"tags":["x"]},"ordersOf":{"items":[{"id":"1"},{"id":"2"}]}}"#,
    );
    let write = |id: &str| format!(r#"{{"Put":{{"TableName":"notes","Item":{{"id":{{"S":"{id}"}}}}}}}}"#);
    let items = format!("[{},{}]", write("n1"), write("n2"));
    cli.succeeds(&["dynamodb", "transact-write-items", "--transact-items", &items]);
    let batch = r#"{"notes":[{"PutRequest":{"Item":{"id":{"S":"n3"}}}},{"DeleteRequest":{"Key":{"id":{"S":"n1"}}}}]}"#;
    cli.succeeds(&["dynamodb", "batch-write-item", "--request-items", batch]);
    // The CLI asks for page after page by itself.
    let scanned = cli.succeeds(&["dynamodb", "scan", "--table-name", "notes", "--page-size", "1", "--query", "Items[].id.S"]);
    let mut ids: Vec<&str> = scanned.as_list().expect("a list").iter().filter_map(Value::as_str).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["n2", "n3"]);
    let queried = cli.succeeds(&[
        "dynamodb",
        "query",
        "--table-name",
        "orders",
        "--index-name",
        "byCustomer",
        "--key-condition-expression",
        "customer = :c",
        "--expression-attribute-values",
        r#"{":c":{"S":"bob"}}"#,
        "--no-scan-index-forward",
    ]);
    assert_eq!(queried.at(&["Items"]).as_list().map(|items| items[0].at(&["id", "S"]).clone()), Some(value!("2")));
    let streams = cli.succeeds(&["dynamodbstreams", "list-streams", "--table-name", "orders"]);
    let arn = streams.at(&["Streams"]).as_list().expect("streams")[0].at(&["StreamArn"]).clone();
    let arn = arn.as_str().expect("an ARN");
    let described = cli.succeeds(&["dynamodbstreams", "describe-stream", "--stream-arn", arn]);
    let shard = described.at(&["StreamDescription", "Shards"]).as_list().expect("shards")[0].at(&["ShardId"]).clone();
    let shard = shard.as_str().expect("a name");
    let from = ["--shard-id", shard, "--shard-iterator-type", "TRIM_HORIZON"];
    let iterator = cli.succeeds(&[&["dynamodbstreams", "get-shard-iterator", "--stream-arn", arn], &from[..]].concat());
    let iterator = iterator.at(&["ShardIterator"]).as_str().expect("an iterator");
    let records = cli.succeeds(&["dynamodbstreams", "get-records", "--shard-iterator", iterator]);
    let names = |record: &Value| {
        let id = record.at(&["dynamodb", "Keys", "id", "S"]).as_str().unwrap_or_default();
        format!("{} {id}", record.at(&["eventName"]).as_str().unwrap_or_default())
    };
    let names: Vec<String> = records.at(&["Records"]).as_list().expect("records").iter().map(names).collect();
    assert_eq!(names, ["INSERT 1", "INSERT 2", "MODIFY 1"]);
    cli.fails(
        &["dynamodb", "get-item", "--table-name", "none", "--key", item],
        "An error occurred (ResourceNotFoundException) when calling the GetItem operation: Requested resource not found",
    );
    let own = Cli { endpoint: own, ..cli };
    let got = own.succeeds(&["dynamodb", "get-item", "--table-name", "notes", "--key", r#"{"id":{"S":"n2"}}"#]);
    assert_eq!(got, value!({"Item": {"id": {"S": "n2"}}}));
    own.succeeds(&["dynamodb", "delete-table", "--table-name", "notes"]);
    assert_eq!(own.succeeds(&["dynamodb", "list-tables"]), value!({"TableNames": ["orders"]}));
}

#[test]
fn in_production_tables_open_to_signed_requests_only() {
    const KEY: (&str, &str) = ("AKIALOCAL", "wJalrXUtnFEMI");
    let production =
        [("SYNCGATE_SERVER__MODE", "production"), ("SYNCGATE_SERVER__SECRET", "a secret of production that is long enough")];
    // Without an access key nobody could be let in, so there is no endpoint.
    let definition = orders::definition();
    let config = definition.read("config.toml").replace("\nport = 0\n", "\n");
    definition.write("config.toml", &config);
    let server = definition.serve_with(&production);
    for (target, body) in [("/dynamodb/", "{}"), ("/dynamodb", "{}"), ("/dynamodb/", "")] {
        let answer = server.client().request("POST", target, &[TARGET, TYPE], body);
        assert_eq!((answer.status, answer.body.contains("TableNames")), (404, false), "{answer:?}");
    }
    drop(server);

    let keys = format!("\n[[dynamodb.access_keys]]\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n", KEY.0, KEY.1);
    definition.write("config.toml", &format!("{config}{keys}"));
    let server = definition.serve_with(&production);
    let unsigned = server.client().request("POST", "/dynamodb/", &[TARGET, TYPE], "{}");
    assert_eq!(unsigned.status, 400, "{unsigned:?}");
    assert!(unsigned.body.contains("MissingAuthenticationTokenException"), "{unsigned:?}");
    if !servers_are_wanted() {
        return;
    }
    let endpoint = format!("http://{}/dynamodb/", server.address);
    let cli = |credentials| Cli { definition: &definition, endpoint: endpoint.clone(), credentials };
    assert_eq!(cli(KEY).succeeds(&["dynamodb", "list-tables"]), value!({"TableNames": ["orders"]}));
    cli(("AKIALOCAL", "another")).fails(&["dynamodb", "list-tables"], "InvalidSignatureException");
    cli(("AKIAOTHER", KEY.1)).fails(&["dynamodb", "list-tables"], "UnrecognizedClientException");
    // `syncgate seed` signs with the definition's first key.
    definition.write("more.jsonl", "{\"id\":\"seeded\",\"customer\":\"c\",\"total\":1}\n");
    let output = definition.run(&["seed", "more.jsonl", "--table", "orders", "--endpoint", &endpoint]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    check(&server, r#"{ order(id: "seeded") { customer } }"#, r#"{"order":{"customer":"c"}}"#);
}

#[test]
fn pages_of_others_do_not_reach_tables_on_either_address() {
    let definition = orders::definition();
    let server = definition.serve();
    let [_, own] = endpoints(&server);
    let own = own.trim_start_matches("http://").parse().expect("an address");
    for (client, path) in [(server.client(), "/dynamodb/"), (Client { address: own }, "/")] {
        let list = |more: &[(&str, &str)]| client.request("POST", path, &[&[TARGET, TYPE], more].concat(), "{}");
        let answer = list(&[]);
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"TableNames":["orders"]}"#));
        for (name, text) in [("host", "evil.test"), ("origin", "https://evil.test"), ("x-forwarded-for", "10.0.0.1")] {
            let answer = list(&[(name, text)]);
            assert_eq!(answer.status, 403, "{name}: {answer:?}");
            assert!(answer.body.contains("AccessDeniedException"), "{name}: {answer:?}");
        }
    }
}

#[test]
fn many_requests_beside_a_big_scan_are_all_answered() {
    let definition = orders::definition();
    let text = "x".repeat(900);
    let lines: String = (0..2_000)
        .map(|n| format!("{{\"id\":\"s{n}\",\"customer\":\"c{}\",\"total\":{n},\"note\":\"{text}\"}}\n", n % 7))
        .collect();
    definition.write("orders.jsonl", &lines);
    let output = definition.run(&["seed", "orders.jsonl", "--data", "data"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let server = definition.serve();
    let post = |query: &str| {
        let mut connection = server.client().connect();
        let body = value!({"query": query}).to_json();
        connection.send("POST", "/graphql", &[("x-api-key", harness::API_KEY)], &body);
        connection
    };
    // The tables run one call at a time, so that this one has them busy for long.
    let scans: String = (0..10).map(|n| format!("s{n}: orders {{ scannedCount }} ")).collect();
    let mut scans = post(&format!("{{ {scans} }}"));
    let mut others: Vec<_> = (0..500)
        .map(|n| match n % 2 {
            0 => (format!(r#"{{"data":{{"order":{{"id":"s{n}"}}}}}}"#), post(&format!(r#"{{ order(id: "s{n}") {{ id }} }}"#))),
            _ => {
                let put = format!(r#"mutation {{ put(id: "p{n}", customer: "p", total: {n}) {{ id }} }}"#);
                (format!(r#"{{"data":{{"put":{{"id":"p{n}"}}}}}}"#), post(&put))
            }
        })
        .collect();
    for (expected, connection) in &mut others {
        assert_eq!(&connection.answer().body, expected);
    }
    let answer = scans.answer();
    assert_eq!((answer.status, answer.body.contains("errors")), (200, false), "{}", answer.body);
    assert_eq!(answer.body.matches("scannedCount").count(), 10, "{}", answer.body);
    check(&server, r#"{ order(id: "p499") { total } }"#, r#"{"order":{"total":499.0}}"#);

    // What needs no table does not wait for tables: it is answered first although it was asked last.
    let (sender, order) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let scans: String = (0..20).map(|n| format!("s{n}: orders {{ scannedCount }} ")).collect();
        let mut scans = post(&format!("{{ {scans} }}"));
        let (first, second) = (sender.clone(), sender);
        scope.spawn(move || {
            let answer = scans.answer();
            first.send(("scans", answer.body.contains("errors"))).expect("somebody listens");
        });
        let mut ping = post("{ ping }");
        let pong = ping.answer().body == r#"{"data":{"ping":"pong"}}"#;
        second.send(("ping", !pong)).expect("somebody listens");
    });
    let order: Vec<_> = order.into_iter().collect();
    assert_eq!(order, [("ping", false), ("scans", false)]);
}
