//! `kill -9` during writes: what was acknowledged is there, and index entries agree with their items.
//!
//! The test binary runs itself as the writer (the variable below names the file), reads the keys it acknowledges on its
//! standard output, and kills it. `SYNCGATE_KILLS` sets the number of rounds.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dynamodb::{Durability, Dynamodb, Embedded, Operation};
use value::{Value, value};

const FILE: &str = "SYNCGATE_TEST_WRITER_FILE";

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    if let Some(file) = std::env::var_os(FILE) {
        write_until_killed(Path::new(&file)).await;
    }
    let rounds = std::env::var("SYNCGATE_KILLS").map_or(3, |rounds| rounds.parse().expect("SYNCGATE_KILLS is a number"));
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..rounds {
        let durability = if round % 2 == 0 { "process" } else { "disk" };
        let file = folder.path().join("tables.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "acknowledged_writes_survive_a_kill", "--nocapture"])
            .env(FILE, &file)
            .env("SYNCGATE_TEST_WRITER", format!("{round} {durability}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let (sender, written) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let keys = lines.lines().map_while(Result::ok).filter_map(|line| {
                let (key, number) = line.strip_prefix("written ")?.split_once(' ')?;
                // A line cut by the kill has no end mark.
                Some((key.to_owned(), number.strip_suffix('.')?.parse::<u64>().ok()?))
            });
            keys.for_each(|key| sender.send(key).expect("the test listens"));
        });
        // Another number of writes in each round, so that the kill comes at another moment.
        let mut keys: Vec<_> = (0..20 + round * 53 % 90).map(|_| written.recv().expect("the writer writes")).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        keys.extend(written.try_iter());
        for (key, number) in keys {
            let latest = acknowledged.entry(key).or_insert(number);
            *latest = number.max(*latest);
        }
        check(&file, &acknowledged).await;
    }
}

async fn check(file: &Path, acknowledged: &BTreeMap<String, u64>) {
    let tables = Embedded::open(file, Durability::Process).unwrap();
    let items = all(&tables, value!({"TableName": "table"})).await;
    for (key, number) in acknowledged {
        let item = items.get(key).unwrap_or_else(|| panic!("{key} was acknowledged and is gone"));
        let stored: u64 = item.at(&["n", "N"]).as_str().unwrap().parse().unwrap();
        assert!(stored >= *number, "{key} was acknowledged with {number} and is {stored}");
    }
    let entries = all(&tables, value!({"TableName": "table", "IndexName": "by-g"})).await;
    assert_eq!(items, entries, "the index agrees with its table");
    // Both items of a transaction or none.
    for (key, item) in &items {
        if let Some(pair) = key.strip_suffix(":a") {
            assert_eq!(items.get(&format!("{pair}:b")).map(|other| other.at(&["n"])), Some(item.at(&["n"])), "{pair}");
        }
    }
}

async fn all(tables: &Embedded, mut request: Value) -> BTreeMap<String, Value> {
    let mut items = BTreeMap::new();
    loop {
        let page = tables.call(Operation::Scan, request.clone()).await.unwrap().body;
        for item in page.at(&["Items"]).as_list().unwrap() {
            items.insert(item.at(&["id", "S"]).as_str().unwrap().to_owned(), item.clone());
        }
        match page.get("LastEvaluatedKey") {
            Some(key) => request.as_object_mut().unwrap().insert("ExclusiveStartKey", key.clone()),
            None => return items,
        };
    }
}

async fn write_until_killed(file: &Path) -> ! {
    let writer = std::env::var("SYNCGATE_TEST_WRITER").unwrap();
    let (round, durability) = writer.split_once(' ').unwrap();
    let durability = if durability == "disk" { Durability::Disk } else { Durability::Process };
    let tables = Embedded::open(file, durability).unwrap();
    let create = value!({"TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"}}]});
    // It exists from the second round on.
    let _ = tables.call(Operation::CreateTable, create).await;
    let start = round.parse::<u64>().unwrap() * 1_000_000;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let tables = tables.clone();
        writers.push(tokio::spawn(async move {
            for number in start.. {
                let item = |id: String, group: u64| {
                    value!({"id": {"S": id}, "g": {"S": (format!("g{group}"))}, "n": {"N": (number.to_string())},
                        "text": {"S": ("x".repeat(300))}})
                };
                let key = format!("{writer}-{}", number % 50);
                let (operation, request, keys) = match number % 3 {
                    0 => {
                        let (one, other) = (format!("{key}:a"), format!("{key}:b"));
                        let put = |id: &String| value!({"Put": {"TableName": "table", "Item": (item(id.clone(), number % 7))}});
                        let request = value!({"TransactItems": [(put(&one)), (put(&other))]});
                        (Operation::TransactWriteItems, request, vec![one, other])
                    }
                    1 => {
                        let request = value!({"TableName": "table", "Key": {"id": {"S": (key.as_str())}}, "UpdateExpression": "SET n = :n, g = :g",
                            "ExpressionAttributeValues": {":n": {"N": (number.to_string())}, ":g": {"S": (format!("g{}", number % 11))}}});
                        (Operation::UpdateItem, request, vec![key])
                    }
                    _ => (Operation::PutItem, value!({"TableName": "table", "Item": (item(key.clone(), number % 5))}), vec![key]),
                };
                tables.call(operation, request).await.unwrap();
                let mut out = std::io::stdout().lock();
                for key in keys {
                    writeln!(out, "written {key} {number}.").unwrap();
                }
                out.flush().unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    unreachable!("the writers write until they are killed")
}
