//! What the border costs: the same calls on the engine directly and through the trait, side by side.
//!
//! `cargo bench -p dynamodb` prints calls per second and their ratio, and the processor's time per call with theirs. Both sides take turns in short slices, and the median slice
//! counts, because machines that build other things at the same time make single figures worthless.
//! `-- put file` runs only what matches all words.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a terminal")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dynamodb::{Durability, Dynamodb, Embedded, Operation};
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::{AttributeValue, Database};
use value::{Value, value};

const ITEMS: u64 = 2_000;
const SLICE: Duration = Duration::from_millis(250);
const SLICES: usize = 9;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Get,
    Put,
    Query25,
    Update,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!(
        "{:20} {:>10} {:>10} {:>6} {:>10} {:>10} {:>6}",
        "", "engine/s", "trait/s", "ratio", "engine us", "trait us", "ratio"
    );
    for mode in ["memory", "file", "disk"] {
        if ["memory", "file", "disk"].iter().any(|other| *other != mode && wanted.iter().any(|word| word == other)) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let (direct, tables) = open(mode, folder.path());
        runtime.block_on(fill(&direct, &tables));
        for kind in [Kind::Get, Kind::Put, Kind::Query25, Kind::Update] {
            for callers in [1_u64, 8] {
                let name = format!("{kind:?} {mode} {callers}").to_lowercase();
                if !wanted.iter().all(|word| name.contains(word.as_str())) {
                    continue;
                }
                let (mut engine, mut border) = (Vec::new(), Vec::new());
                for _ in 0..SLICES {
                    engine.push(run_direct(&direct, kind, callers));
                    border.push(runtime.block_on(run_trait(&tables, kind, callers)));
                }
                let (engine, engine_cpu) = median(engine);
                let (border, border_cpu) = median(border);
                println!(
                    "{name:20} {engine:10.0} {border:10.0} {:6.2} {engine_cpu:10.1} {border_cpu:10.1} {:6.2}",
                    border / engine,
                    engine_cpu / border_cpu
                );
            }
        }
        let name = format!("writers {mode}");
        if wanted.iter().all(|word| name.contains(word.as_str())) {
            // In turns, because what a sync of the disk costs changes from second to second.
            let (mut one, mut eight) = (Vec::new(), Vec::new());
            for _ in 0..SLICES {
                one.push(runtime.block_on(run_trait(&tables, Kind::Put, 1)));
                eight.push(runtime.block_on(run_trait(&tables, Kind::Put, 8)));
            }
            let (one, eight) = (median(one).0, median(eight).0);
            println!("{name:20} one {one:.0}/s, eight {eight:.0}/s: {:.1} times as many", eight / one);
        }
    }
}

fn open(mode: &str, folder: &Path) -> (Database, Embedded) {
    if mode == "memory" {
        return (Database::memory().unwrap(), Embedded::memory().unwrap());
    }
    let direct = Database::new(&folder.join("direct.db").to_string_lossy()).unwrap();
    // The engine alone does not sync: its calls are the measure for what is not waiting for the disk.
    let durability = if mode == "disk" { Durability::Disk } else { Durability::Process };
    (direct, Embedded::open(&folder.join("trait.db"), durability).unwrap())
}

async fn fill(direct: &Database, tables: &Embedded) {
    let create = value!({"TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "sort", "AttributeType": "N"},
            {"AttributeName": "owner", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "sort", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-owner", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"}}]});
    direct.create_table(serde_json::from_str(&create.to_json()).unwrap()).unwrap();
    tables.call(Operation::CreateTable, create).await.unwrap();
    for number in 0..ITEMS {
        direct.put_item(put_direct(number)).unwrap();
        tables.call(Operation::PutItem, put_trait(number)).await.unwrap();
    }
}

fn run_direct(database: &Database, kind: Kind, callers: u64) -> (f64, f64) {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (start, cpu) = (Instant::now(), cpu());
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let (done, stop) = (&done, &stop);
            scope.spawn(move || {
                let mut number = caller * 977;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let at = number % ITEMS;
                    match kind {
                        Kind::Get => drop(database.get_item(get_direct(at)).unwrap()),
                        Kind::Put => drop(database.put_item(put_direct(at)).unwrap()),
                        Kind::Query25 => assert_eq!(database.query(query_direct(at)).unwrap().count, 25),
                        Kind::Update => drop(database.update_item(update_direct(at)).unwrap()),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(SLICE);
        stop.store(true, Ordering::Relaxed);
    });
    rate(&done, start, cpu)
}

async fn run_trait(tables: &Embedded, kind: Kind, callers: u64) -> (f64, f64) {
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (start, cpu) = (Instant::now(), cpu());
    let callers: Vec<_> = (0..callers)
        .map(|caller| {
            let (tables, done, stop) = (tables.clone(), Arc::clone(&done), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut number = caller * 977;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let at = number % ITEMS;
                    let (operation, request) = match kind {
                        Kind::Get => (Operation::GetItem, value!({"TableName": "table", "Key": (key(at))})),
                        Kind::Put => (Operation::PutItem, put_trait(at)),
                        Kind::Query25 => (Operation::Query, query_trait(at)),
                        Kind::Update => (Operation::UpdateItem, update_trait(at)),
                    };
                    let answer = tables.call(operation, request).await.unwrap();
                    if kind == Kind::Query25 {
                        assert_eq!(answer.body.at(&["Count"]).as_i64(), Some(25));
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(SLICE).await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    rate(&done, start, cpu)
}

/// Calls per second, and microseconds of the processor per call.
fn rate(done: &AtomicU64, start: Instant, cpu_before: f64) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let done = done.load(Ordering::Relaxed) as f64;
    (done / start.elapsed().as_secs_f64(), (cpu() - cpu_before) / done)
}

/// Microseconds this process has used of the processor; 0 where the system does not tell.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks * 10_000.0
}

/// The median of each figure.
fn median(mut figures: Vec<(f64, f64)>) -> (f64, f64) {
    let middle = figures.len() / 2;
    figures.sort_by(|one, other| one.0.total_cmp(&other.0));
    let rate = figures[middle].0;
    figures.sort_by(|one, other| one.1.total_cmp(&other.1));
    (rate, figures[middle].1)
}

fn key(number: u64) -> Value {
    value!({"id": {"S": (format!("item-{}", number / 25))}, "sort": {"N": ((number % 25).to_string())}})
}

/// About 900 bytes of JSON, of the usual kinds.
fn put_trait(number: u64) -> Value {
    let mut item = key(number);
    let others = value!({
        "owner": {"S": (format!("owner-{}", number % 40))}, "title": {"S": "The quick brown fox jumps over the lazy dog"},
        "body": {"S": ("Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(6))},
        "done": {"BOOL": false}, "version": {"N": "12"}, "createdAt": {"S": "2026-01-01T00:00:00.000Z"},
        "tags": {"SS": ["blue", "green", "red"]}, "nothing": {"NULL": true},
        "place": {"M": {"city": {"S": "Paris"}, "lat": {"N": "48.8566"}, "lon": {"N": "2.3522"}}},
        "list": {"L": [{"S": "one"}, {"N": "2"}, {"BOOL": true}]}
    });
    let object = item.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap() {
        object.insert(name.clone(), value.clone());
    }
    value!({"TableName": "table", "Item": item})
}

fn query_trait(number: u64) -> Value {
    value!({"TableName": "table", "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": (format!("item-{}", number / 25))}}})
}

fn update_trait(number: u64) -> Value {
    value!({"TableName": "table", "Key": (key(number)), "UpdateExpression": "SET #v = :v, title = :t",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":v": {"N": (number.to_string())}, ":t": {"S": "Another title"}}, "ReturnValues": "ALL_NEW"})
}

fn key_direct(number: u64) -> dynoxide::Item {
    dynoxide::Item::from([
        ("id".to_owned(), AttributeValue::S(format!("item-{}", number / 25))),
        ("sort".to_owned(), AttributeValue::N((number % 25).to_string())),
    ])
}

fn get_direct(number: u64) -> GetItemRequest {
    GetItemRequest { table_name: "table".to_owned(), key: key_direct(number), ..GetItemRequest::default() }
}

fn put_direct(number: u64) -> PutItemRequest {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number_of = |text: &str| AttributeValue::N(text.to_owned());
    let mut item = key_direct(number);
    item.extend(
        [
            ("owner", AttributeValue::S(format!("owner-{}", number % 40))),
            ("title", text("The quick brown fox jumps over the lazy dog")),
            ("body", AttributeValue::S("Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(6))),
            ("done", AttributeValue::BOOL(false)),
            ("version", number_of("12")),
            ("createdAt", text("2026-01-01T00:00:00.000Z")),
            ("tags", AttributeValue::SS(vec!["blue".into(), "green".into(), "red".into()])),
            ("nothing", AttributeValue::NULL(true)),
            (
                "place",
                AttributeValue::M(
                    [("city", text("Paris")), ("lat", number_of("48.8566")), ("lon", number_of("2.3522"))]
                        .map(|(name, value)| (name.to_owned(), value))
                        .into(),
                ),
            ),
            ("list", AttributeValue::L(vec![text("one"), number_of("2"), AttributeValue::BOOL(true)])),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    PutItemRequest { table_name: "table".to_owned(), item, ..PutItemRequest::default() }
}

fn query_direct(number: u64) -> QueryRequest {
    QueryRequest {
        table_name: "table".to_owned(),
        key_condition_expression: Some("id = :id".to_owned()),
        expression_attribute_values: Some([(":id".to_owned(), AttributeValue::S(format!("item-{}", number / 25)))].into()),
        scan_index_forward: true,
        ..QueryRequest::default()
    }
}

fn update_direct(number: u64) -> UpdateItemRequest {
    UpdateItemRequest {
        table_name: "table".to_owned(),
        key: key_direct(number),
        update_expression: Some("SET #v = :v, title = :t".to_owned()),
        expression_attribute_names: Some([("#v".to_owned(), "version".to_owned())].into()),
        expression_attribute_values: Some(
            [
                (":v".to_owned(), AttributeValue::N(number.to_string())),
                (":t".to_owned(), AttributeValue::S("Another title".to_owned())),
            ]
            .into(),
        ),
        return_values: Some("ALL_NEW".to_owned()),
        ..UpdateItemRequest::default()
    }
}
