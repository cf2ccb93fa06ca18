//! Requests per second through [`Database`], on each engine, for one caller and for eight.
//!
//! `cargo bench -p rds-data` starts PostgreSQL and MariaDB as the tests do; `-- mariadb read` runs only what matches all words. The
//! median slice counts: a machine that does other things at the same time makes single ones worthless. The last column is the time
//! that this process's processors spent on a request.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a terminal")]

#[path = "../tests/servers.rs"]
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rds_data::{Database, RdsData, Request, Settings};
use value::{Value, value};

const ROWS: u64 = 1_000;
const SLICE: Duration = Duration::from_millis(300);
const SLICES: usize = 7;

/// What is asked.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    statements: &'static [&'static str],
}

const WORK: [Work; 5] = [
    Work { name: "expression", statements: &["SELECT :n AS n"] },
    Work { name: "read", statements: &["SELECT id, name, price FROM bench WHERE id = :n"] },
    Work { name: "list", statements: &["SELECT id, name, price FROM bench WHERE id > :n ORDER BY id LIMIT 100"] },
    Work { name: "write", statements: &["UPDATE bench SET name = :name WHERE id = :n"] },
    Work {
        name: "write+read",
        statements: &["UPDATE bench SET name = :name WHERE id = :n", "SELECT id, name, price FROM bench WHERE id = :n"],
    },
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    println!("{:28} {:>10} {:>12} {:>8}", "", "per second", "ms a request", "us cpu");
    for engine in ["postgres", "mariadb", "sqlite-file", "sqlite-memory"] {
        if wanted.iter().any(|word| engine != *word && ["postgres", "mariadb", "sqlite-file", "sqlite-memory"].contains(&&**word))
        {
            continue;
        }
        let url = match engine {
            "postgres" => servers::postgres().unwrap().url.clone(),
            "mariadb" => servers::mariadb().unwrap().url.clone(),
            "sqlite-file" => format!("sqlite:{}", folder.path().join("bench.db").display()),
            _ => "sqlite::memory:".to_owned(),
        };
        let database = Arc::new(Database::open(&url, Settings::default()).unwrap());
        runtime.block_on(fill(&database));
        for work in WORK {
            for callers in [1, 8] {
                let name = format!("{engine} {} {callers}", work.name);
                if !wanted.iter().all(|word| name.split(' ').any(|part| part == word)) {
                    continue;
                }
                let mut slices: Vec<_> = (0..SLICES).map(|_| runtime.block_on(slice(&database, work, callers))).collect();
                slices.sort_by(|a, b| a.0.total_cmp(&b.0));
                let (rate, cpu) = slices[SLICES / 2];
                println!("{name:28} {rate:>10.0} {:>12.3} {cpu:>8.1}", f64::from(callers) * 1_000.0 / rate);
            }
        }
        runtime.block_on(database.close());
    }
}

async fn fill(database: &Database) {
    let create = "CREATE TABLE bench (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(10, 2))";
    for sql in ["DROP TABLE IF EXISTS bench", create] {
        execute(database, value!({"statements": [sql]})).await;
    }
    for id in 0..ROWS {
        let statement = "INSERT INTO bench VALUES (:id, 'a name of usual length', 12.50)";
        execute(database, value!({"statements": [statement], "variableMap": {":id": id}})).await;
    }
}

async fn execute(database: &Database, request: Value) {
    let request = Request::from_value(&request).unwrap();
    database.execute(&request, Instant::now() + Duration::from_secs(30)).await.unwrap();
}

/// Requests per second and microseconds of this process's processors per request.
async fn slice(database: &Arc<Database>, work: Work, callers: u32) -> (f64, f64) {
    let stop = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU64::new(0));
    let (begun, cpu) = (Instant::now(), processor_time());
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (database, stop, next) = (Arc::clone(database), Arc::clone(&stop), Arc::clone(&next));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed) % (ROWS - 100);
                    let variables = value!({":n": n, ":name": "another name"});
                    execute(&database, value!({"statements": (work.statements.to_vec()), "variableMap": variables})).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(SLICE).await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let (count, elapsed) = (next.load(Ordering::Relaxed) as f64, begun.elapsed());
    (count / elapsed.as_secs_f64(), (processor_time() - cpu).as_secs_f64() * 1e6 / count)
}

/// User and system time of this process, in ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split(' ').skip(12).take(2).filter_map(|number| number.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
