//! What stays in the data folder, and what goes: processes that are killed, folders that cannot be used, items that expire.
//!
//! `SYNCGATE_KILLS=200` kills as many servers as it says, half of them with `durable = true`; see `scripts/soak`.

mod harness;
#[path = "clients/orders.rs"]
mod orders;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Definition, Output, Server, command, read_summary};
use orders::check;
use value::{Value, value};

/// Writers at the same time, the orders of each, and the customers they all share.
const WRITERS: usize = 6;
const ORDERS: usize = 12;
const CUSTOMERS: usize = 5;

/// Customer and total.
type Order = (String, String);
/// By id.
type Orders = BTreeMap<String, Order>;

/// What one writer knows.
#[derive(Default)]
struct Writer {
    /// What was acknowledged.
    acknowledged: Orders,
    /// What was asked for and has no answer.
    pending: Orders,
    /// The number of its next write, which is the total it writes.
    next: usize,
}

impl Writer {
    /// Writes until the server is gone.
    fn write(&mut self, number: usize, server: SocketAddr, acknowledged: &AtomicUsize) {
        let Ok(mut connection) = TcpStream::connect(server).map(BufReader::new) else { return };
        loop {
            let at = self.next;
            self.next += 1;
            let id = |offset: usize| format!("w{number}-{}", (at + offset) % ORDERS);
            let customer = format!("c{}", (at * 7 + number) % CUSTOMERS);
            let (ids, call, result) = match at % 3 {
                0 => (vec![id(0)], format!(r#"put(id: "{}""#, id(0)), "{ id }"),
                1 => (vec![id(3)], format!(r#"update(id: "{}""#, id(3)), "{ id }"),
                _ => {
                    let ids = vec![id(0), id(1), id(5)];
                    let call = format!(r#"transact(ids: ["{}"]"#, ids.join(r#"", ""#));
                    (ids, call, "")
                }
            };
            let query = format!(r#"mutation {{ {call}, customer: "{customer}", total: {at}) {result} }}"#);
            let written = (customer, at.to_string());
            self.pending = ids.into_iter().map(|id| (id, written.clone())).collect();
            let Ok(answer) = ask(&mut connection, &query) else { return };
            assert!(!answer.contains("errors"), "{query}: {answer}");
            self.acknowledged.append(&mut self.pending);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the tables have of this writer is what was acknowledged, and of what was under way all or nothing.
    fn check(&mut self, number: usize, found: &Orders) {
        let own = format!("w{number}-");
        let found: Orders =
            found.iter().filter(|(id, _)| id.starts_with(&own)).map(|(id, order)| (id.clone(), order.clone())).collect();
        let mut after = self.acknowledged.clone();
        after.append(&mut self.pending);
        assert!(
            found == self.acknowledged || found == after,
            "writer {number} was told\n{:?}\nand perhaps after that\n{after:?}\nbut there is\n{found:?}",
            self.acknowledged
        );
        self.acknowledged = found;
    }
}

/// Asks on a connection whose server may go away in between.
fn ask(connection: &mut BufReader<TcpStream>, query: &str) -> std::io::Result<String> {
    let body = value!({"query": query}).to_json();
    let head = format!("POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n", harness::API_KEY);
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    connection.get_mut().write_all(request.as_bytes())?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, text)) if name.eq_ignore_ascii_case("content-length") => length = text.parse().expect("a number"),
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok(String::from_utf8(body).expect("UTF-8"))
}

/// The orders in a list of them, and how many there are.
fn collect(list: &Value, into: &mut Orders) -> usize {
    let list = list.as_list().expect("a list of orders");
    for order in list {
        let text = |name| order.at(&[name]).as_str().expect("text").to_owned();
        let version = order.at(&["total"]).as_f64().expect("a number");
        into.insert(text("id"), (text("customer"), version.to_string()));
    }
    list.len()
}

fn data(server: &Server, query: &str) -> Value {
    let answer = server.client().query(query);
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    assert!(answer.status == 200 && body.at(&["errors"]).is_null(), "{query}: {}", answer.body);
    body.at(&["data"]).clone()
}

/// All orders, which the index must agree with.
fn stored(server: &Server) -> Orders {
    let (mut base, mut count) = (Orders::new(), 0);
    let mut token = Value::Null;
    loop {
        let page =
            data(server, &format!("{{ orders(limit: 25, nextToken: {token}) {{ items {{ id customer total }} nextToken }} }}"));
        count += collect(page.at(&["orders", "items"]), &mut base);
        token = page.at(&["orders", "nextToken"]).clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(count, base.len(), "no item comes twice");
    let (mut index, mut count) = (Orders::new(), 0);
    for customer in 0..CUSTOMERS {
        let query = format!(r#"{{ ordersOf(customer: "c{customer}") {{ items {{ id customer total }} }} }}"#);
        count += collect(data(server, &query).at(&["ordersOf", "items"]), &mut index);
    }
    assert_eq!((count, &index), (base.len(), &base), "the index agrees with the items");
    base
}

fn kills() -> usize {
    let asked = std::env::var("SYNCGATE_KILLS").ok().map(|text| text.parse::<usize>().expect("SYNCGATE_KILLS is a number"));
    asked.map_or(3, |kills| kills.div_ceil(2))
}

fn writes_survive_kills(durable: &str) {
    let definition = orders::definition();
    let environment = [("SYNCGATE_DYNAMODB__DURABLE", durable)];
    let mut writers: Vec<Writer> = (0..WRITERS).map(|_| Writer::default()).collect();
    let mut server = definition.serve_with(&environment);
    let mut interrupted = 0;
    for round in 0..kills() {
        let acknowledged = AtomicUsize::new(0);
        let wanted = 20 + round * 53 % 90;
        let address = server.address;
        std::thread::scope(|scope| {
            let threads: Vec<_> = writers
                .iter_mut()
                .enumerate()
                .map(|(number, writer)| {
                    let acknowledged = &acknowledged;
                    scope.spawn(move || writer.write(number, address, acknowledged))
                })
                .collect();
            while acknowledged.load(Ordering::Relaxed) < wanted && !threads.iter().all(std::thread::ScopedJoinHandle::is_finished)
            {
                std::thread::yield_now();
            }
            // SIGKILL, while all of them write.
            drop(server);
        });
        assert!(acknowledged.into_inner() >= wanted, "the writers wrote until the server was killed");
        interrupted += writers.iter().filter(|writer| !writer.pending.is_empty()).count();
        server = definition.serve_with(&environment);
        let found = stored(&server);
        for (number, writer) in writers.iter_mut().enumerate() {
            writer.check(number, &found);
        }
        let log = server.log();
        assert!(!log.contains("ERROR") && !log.contains("panic"), "{log}");
    }
    assert!(interrupted >= kills(), "servers were killed while they had something to do");
}

#[test]
fn acknowledged_writes_survive_a_killed_process() {
    writes_survive_kills("false");
}

#[test]
fn acknowledged_writes_survive_a_killed_process_when_they_are_durable() {
    writes_survive_kills("true");
}

/// Stops it as a service manager does, so that its files are complete without a log.
fn stop(mut server: Server) {
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
}

/// A server that does not start, to its end. One that starts is stopped, and the test fails.
fn refused(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut out = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    let stdout = read_summary(&mut out);
    if !stdout.is_empty() {
        child.kill().expect("it runs");
    }
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(stdout, "", "it serves; {stderr}");
    Output { code: output.status.code(), stdout, stderr }
}

/// `serve` with the data folder `data` below the definition's.
fn serve(definition: &Definition) -> Command {
    let mut command = command();
    command.current_dir(definition.path(".")).args(["serve", "--port", "0", "--data", "data"]);
    command
}

fn check_refused(command: Command, expected: &str) {
    let output = refused(command);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.starts_with(&format!("error[tables-not-opened]: {expected}\n  = help: ")), "{}", output.stderr);
    assert!(output.stderr.ends_with("Nothing is served: the errors above must be mended first.\n"), "{}", output.stderr);
    assert!(!output.stderr.contains("panic"), "{}", output.stderr);
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_and_nothing_is_served() {
    type Damage = fn(&Definition);
    let garbage = |length: u32| {
        (1..=length).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).expect("a byte")).collect::<Vec<_>>()
    };
    let damaged = "data/dynamodb.db: the file is damaged, or no file of tables";
    let cases: [(&str, Damage); 5] = [
        (damaged, |definition| definition.write("data/dynamodb.db", &"garbage ".repeat(5_000))),
        (damaged, |definition| {
            stop(definition.serve());
            let path = definition.path("data/dynamodb.db");
            let mut bytes = std::fs::read(&path).expect("a file of tables");
            // The first page stays, so that it looks like one.
            bytes[4_096..].fill(0xa5);
            std::fs::write(path, bytes).expect("written");
        }),
        ("data/dynamodb.db: cannot open the tables: unable to open database file: data/dynamodb.db", |definition| {
            std::fs::create_dir_all(definition.path("data/dynamodb.db")).expect("a folder");
        }),
        ("cannot use data: it is a file, not a folder", |definition| definition.write("data", "")),
        ("cannot use data/dynamodb.db.lock: Is a directory (os error 21)", |definition| {
            std::fs::create_dir_all(definition.path("data/dynamodb.db.lock")).expect("a folder");
        }),
    ];
    for (expected, damage) in cases {
        let definition = orders::definition();
        damage(&definition);
        check_refused(serve(&definition), expected);
    }
    // What something else wrote stays as it is, however short.
    for length in [1, 15, 16, 99, 100, 511, 512, 4_095, 4_096, 20_000] {
        let definition = orders::definition();
        definition.write("data/.keep", "");
        std::fs::write(definition.path("data/dynamodb.db"), garbage(length)).expect("written");
        check_refused(serve(&definition), damaged);
        let left = std::fs::read(definition.path("data/dynamodb.db")).expect("read");
        assert_eq!(left, garbage(length), "nothing is written over it");
    }
}

#[test]
fn a_second_server_on_a_data_folder_is_refused() {
    let definition = orders::definition();
    let server = definition.serve();
    check_refused(serve(&definition), "another process uses the tables in data");
    check(&server, "{ orders { items { id } } }", r#"{"orders":{"items":[]}}"#);
    drop(server);
    check(&definition.serve(), "{ orders { items { id } } }", r#"{"orders":{"items":[]}}"#);
}

/// `serve` whose folder `data` is a file system of its own that nobody else sees, filled by `script`; `None`, said loudly, where
/// the system does not let us have one.
#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
fn serve_on_tmpfs(definition: &Definition, size: &str, script: &str) -> Option<Command> {
    std::fs::create_dir_all(definition.path("data")).expect("a folder");
    for namespace in ["-m", "-rm"] {
        let mut probe = Command::new("unshare");
        probe.args([namespace, "sh", "-c", "mount -t tmpfs tmpfs \"$0\""]).arg(definition.path("data"));
        if probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            let plain = serve(definition);
            let mut command = Command::new("unshare");
            let script = format!("mount -t tmpfs -o size={size} tmpfs data && {script} && exec \"$0\" \"$@\"");
            command.args([namespace, "sh", "-c", &script]).arg(plain.get_program()).args(plain.get_args());
            for (name, text) in plain.get_envs() {
                match text {
                    Some(text) => command.env(name, text),
                    None => command.env_remove(name),
                };
            }
            command.current_dir(definition.path(".")).stdin(Stdio::null());
            return Some(command);
        }
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED: {test}: this user may not mount file systems (`unshare -m`)");
    None
}

#[test]
fn a_read_only_data_folder_is_told_and_nothing_is_served() {
    let definition = orders::definition();
    stop(definition.serve());
    std::fs::rename(definition.path("data"), definition.path("kept")).expect("renamed");
    for script in ["true", "cp -r kept/* data"] {
        let script = format!("{script} && mount -o remount,ro data");
        let Some(command) = serve_on_tmpfs(&definition, "1m", &script) else { return };
        check_refused(command, "cannot use data/dynamodb.db.lock: Read-only file system (os error 30)");
    }
}

#[test]
fn a_full_disk_refuses_writes_and_keeps_what_was_acknowledged() {
    for durable in ["false", "true"] {
        let definition = orders::definition();
        let Some(mut command) = serve_on_tmpfs(&definition, "600k", "true") else { return };
        command.env("SYNCGATE_DYNAMODB__DURABLE", durable);
        let server = Server::start(command);
        let note = "x".repeat(5_000);
        let mut acknowledged = BTreeSet::new();
        let full = (0..1_000).find_map(|n| {
            let put = format!(r#"mutation {{ put(id: "{n}", customer: "c1", total: {n}, note: "{note}") {{ id }} }}"#);
            let answer = server.client().query(&put);
            if answer.body.contains("errors") {
                return Some(answer.body);
            }
            acknowledged.insert(n.to_string());
            None
        });
        let full = full.expect("the disk is full before that");
        assert!(full.contains("DynamoDB:InternalServerError") && full.contains("database or disk is full"), "{full}");
        check(&server, "{ ping }", r#"{"ping":"pong"}"#);
        let found = stored(&server);
        assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), acknowledged);
        let log = server.log();
        assert!(log.contains("database or disk is full") && !log.contains("panic"), "{log}");
    }
}

#[test]
fn expired_items_go_by_themselves() {
    let definition = orders::definition();
    let server = definition.serve();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let put =
        |id: &str, expires: u64| format!(r#"{id}: put(id: "{id}", customer: "c1", total: 1, expires: {expires}) {{ id }} "#);
    let puts = format!("mutation {{ {}{} }}", put("old", now - 60), put("young", now + 3_600));
    data(&server, &puts);
    let start = Instant::now();
    while !data(&server, r#"{ order(id: "old") { id } }"#).at(&["order"]).is_null() {
        assert!(start.elapsed() < Duration::from_secs(120), "an expired item is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = stored(&server);
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["young"]);
}

#[test]
fn ephemeral_tables_leave_nothing() {
    let definition = orders::definition();
    for _ in 0..2 {
        let mut command = serve(&definition);
        command.arg("--ephemeral");
        let server = Server::start(command);
        assert!(server.summary.contains("1, in memory"), "{}", server.summary);
        assert_eq!(stored(&server), Orders::new());
        check(&server, r#"mutation { put(id: "1", customer: "c1", total: 1) { id } }"#, r#"{"put":{"id":"1"}}"#);
        assert_eq!(stored(&server).len(), 1);
        drop(server);
        assert!(!Path::new(&definition.path("data")).exists(), "the data folder is not touched");
    }
}

#[test]
fn next_tokens_outlive_the_process_and_not_the_secret() {
    let definition = orders::definition();
    // Without a secret of the definition, one is made and kept in the data folder.
    let config = definition.read("config.toml").replace("secret = ", "# secret = ");
    definition.write("config.toml", &config);
    let server = definition.serve();
    let puts: String = (0..4).map(|n| format!(r#"p{n}: put(id: "{n}", customer: "c1", total: {n}) {{ id }} "#)).collect();
    data(&server, &format!("mutation {{ {puts} }}"));
    let first = data(&server, "{ orders(limit: 3) { items { id } nextToken } }");
    let token = first.at(&["orders", "nextToken"]).clone();
    assert!(token.as_str().is_some_and(|token| token.len() > 20), "{first}");
    let next = format!("{{ orders(limit: 3, nextToken: {token}) {{ items {{ id }} nextToken }} }}");
    let rest = data(&server, &next);
    assert_eq!(rest.at(&["orders", "items"]).as_list().map(<[_]>::len), Some(1), "{rest}");
    drop(server);
    let server = definition.serve();
    assert_eq!(data(&server, &next), rest, "the next process knows it");
    drop(server);
    let server = definition.serve_with(&[("SYNCGATE_SERVER__SECRET", "another secret that is long enough")]);
    let answer = server.client().query(&next);
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    let errors = body.at(&["errors"]).as_list().expect("errors");
    assert_eq!((errors.len(), body.at(&["data", "orders"]).is_null()), (1, true), "{}", answer.body);
    let message = errors[0].at(&["message"]).as_str().expect("a message");
    assert!(message.contains("Invalid pagination token"), "{message}");
    drop(server);
    assert_eq!(data(&definition.serve(), &next), rest, "the first secret is still the one of the folder");
}
