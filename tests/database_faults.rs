//! Everything that goes wrong with databases, again and again: each answer is an error of its field, the rest is answered, and the
//! server holds no more descriptors, memory and sessions afterwards than before.
//!
//! `SYNCGATE_ROUNDS` says how often; a few rounds show a leak that each of them leaves.

mod harness;
#[path = "../crates/rds-data/tests/servers.rs"]
mod sql_servers;

use std::time::{Duration, Instant};

use harness::{Definition, Server, config};
use rds_data::{Database, RdsData, Request, Settings};
use value::{Object, Value, value};

const CONNECTIONS: usize = 2;
/// Rounds before the first look: pools and caches are filled by then.
const WARM_UP: usize = 8;

const RESOLVER: &str = "// @dataSource NAME\n\
    export function request(ctx) { return ctx.args.request; }\n\
    export function response(ctx) { return ctx.error ? `${ctx.error.type}: ${ctx.error.message}` : 'done'; }\n";
const FINE: &str = "// @dataSource none\n\
    export function request() { return { payload: 'fine' }; }\n\
    export function response(ctx) { return ctx.result; }\n";

struct Place {
    name: &'static str,
    url: String,
    /// Runs for long.
    slow: &'static str,
}

fn places() -> Vec<Place> {
    let sqlite = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let mut places = vec![
        Place { name: "file", url: "sqlite:faults.db".into(), slow: sqlite },
        Place { name: "memory", url: "sqlite::memory:".into(), slow: sqlite },
        Place { name: "dead", url: "postgres://app:never-shown@127.0.0.1:1/x".into(), slow: "SELECT 1" },
    ];
    if let Some(server) = sql_servers::postgres() {
        places.push(Place { name: "postgresql", url: server.url.clone(), slow: "SELECT count(*) FROM pg_sleep(20)" });
    }
    if let Some(server) = sql_servers::mariadb() {
        places.push(Place { name: "mariadb", url: server.url.clone(), slow: "SELECT count(*), sleep(20)" });
    }
    places
}

fn definition(places: &[Place]) -> Definition {
    let mut text = config("");
    let mut fields = String::new();
    let definition = Definition::of(&[("resolvers/Query.fine.js", FINE)]);
    for Place { name, url, .. } in places {
        text.push_str(&format!(
            "\n[api.data_sources.{name}]\ntype = \"RELATIONAL_DATABASE\"\nrds_http_endpoint_config = {{ database_name = \"{name}\" }}\n\
             [[database]]\nname = \"{name}\"\nurl = \"{url}\"\nmax_connections = {CONNECTIONS}\nacquire_timeout = \"60ms\"\n\
             statement_timeout = \"150ms\"\n"
        ));
        fields.push_str(&format!(" {name}(request: AWSJSON!): String"));
        definition.write(&format!("resolvers/Query.{name}.js"), &RESOLVER.replace("NAME", name));
    }
    definition.write("schema.graphql", &format!("type Query {{ fine: String{fields} }}\n"));
    definition.write("config.toml", &text);
    definition
}

/// A request with every fault on every database at once.
fn everything(places: &[Place]) -> String {
    let (mut declared, mut asked, mut variables) = (String::new(), String::new(), Object::new());
    for place in places {
        let requests = [
            value!({"statements": ["SELEC 1"]}),
            value!({"statements": ["SELECT * FROM nothing_here"]}),
            value!({"statements": ["SELECT 1", "SELECT 2", "SELECT 3"]}),
            value!({"statements": ["SELECT :a"]}),
            value!({"statements": ["SELECT 1", "SELECT * FROM nothing_here"]}),
            // More than there are connections.
            value!({"statements": [(place.slow)]}),
            value!({"statements": ["SELECT 1", (place.slow)]}),
            value!({"statements": [(place.slow)]}),
        ];
        for (at, request) in requests.into_iter().enumerate() {
            let name = format!("{}_{at}", place.name);
            declared.push_str(&format!("${name}: AWSJSON! "));
            asked.push_str(&format!("{name}: {}(request: ${name}) ", place.name));
            variables.insert(&*name, request.to_json());
        }
    }
    value!({"query": (format!("query({declared}) {{ {asked} fine }}")), "variables": variables}).to_json()
}

/// A client that asks something slow of every database and goes away.
fn ask_and_leave(server: &Server, places: &[Place]) {
    let mut asked = String::new();
    for place in places {
        let request = value!({"statements": [(place.slow)]}).to_json();
        asked.push_str(&format!("{}(request: {}) ", place.name, value!(request).to_json()));
    }
    let body = value!({"query": (format!("{{ {asked} }}"))}).to_json();
    let mut connection = server.client().connect();
    connection.send("POST", "/graphql", &[("x-api-key", harness::API_KEY)], &body);
}

fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.id())).expect("the process").count()
}

/// Resident memory in KiB.
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// Waits for what is given up to be cleaned up.
fn settled(mut is: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if is() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// The answer of a statement with one number.
fn number(url: &str, sql: &str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let database = Database::open(url, Settings::default()).expect("a server");
        let request = Request::from_value(&value!({"statements": [sql]})).expect("a request");
        let result = database.execute(&request, Instant::now() + Duration::from_secs(20)).await.expect("a result");
        let row = result.at(&["sqlStatementResults"]).as_list().and_then(|all| all[0].at(&["records"]).as_list()).expect("rows")
            [0]
        .clone();
        row.as_list().expect("fields")[0].at(&["longValue"]).as_i64().expect("a number")
    })
}

#[cfg(target_os = "linux")]
#[test]
fn what_goes_wrong_leaves_nothing_behind() {
    let rounds = std::env::var("SYNCGATE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let places = places();
    let definition = definition(&places);
    let server = definition.serve();
    let body = everything(&places);
    let mut before = None;
    for round in 0..WARM_UP + rounds {
        if round == WARM_UP {
            before = Some((descriptors(&server), memory(&server)));
        }
        ask_and_leave(&server, &places);
        let answer = server.client().post(&body);
        let answer = Value::parse(answer.body.as_bytes()).expect("JSON");
        let data = answer.get("data").and_then(Value::as_object).unwrap_or_else(|| panic!("{answer}"));
        for (field, text) in data {
            let text = text.as_str().unwrap_or_default();
            let expected = if &**field == "fine" {
                text == "fine"
            } else {
                text.contains("RDSHttp:{") || text.contains("MappingTemplate: ")
            };
            assert!(expected || &**field == "dead_2", "{field}: {text}");
            assert!(!text.contains("never-shown"), "{field}: {text}");
        }
    }
    let (descriptors_before, memory_before) = before.expect("a look");
    // Each pool may have all its connections now, and had perhaps none then.
    let most = descriptors_before + places.len() * CONNECTIONS * 4;
    assert!(settled(|| descriptors(&server) <= most), "{descriptors_before} descriptors before, {} after", descriptors(&server));
    let grown = memory(&server).saturating_sub(memory_before);
    assert!(grown < 24 << 10, "{grown} KiB more than {memory_before}");
    for place in &places {
        let sessions = match place.name {
            "postgresql" => {
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            }
            "mariadb" => "SELECT count(*) FROM information_schema.processlist WHERE user = 'app' AND id <> connection_id()",
            _ => continue,
        };
        let most = i64::try_from(CONNECTIONS).expect("small");
        assert!(settled(|| number(&place.url, sessions) <= most), "{}: sessions are left", place.name);
    }
    // And everything still works.
    let body = value!({"query": "query($r: AWSJSON!) { file(request: $r) memory(request: $r) fine }",
        "variables": {"r": (value!({"statements": ["SELECT 1"]}).to_json())}});
    assert_eq!(server.client().post(&body.to_json()).body, r#"{"data":{"file":"done","memory":"done","fine":"fine"}}"#);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
