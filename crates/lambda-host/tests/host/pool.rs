//! Cold starts, reuse, the queue, reload, and the end of idle processes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use lambda_host::{FunctionDefinition, InvokeError, InvokeRequest, Runtime};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::common::{Fixture, eventually, lives, write};

const PID: &str = "exports.handler = async () => process.pid;";
/// Answers when the file `event` exists.
const GATE: &str = r"
const fs = require('node:fs');
exports.handler = async (event) => {
    fs.writeFileSync(`running-${event}`, '');
    while (!fs.existsSync(`open-${event}`)) await new Promise((resolve) => setTimeout(resolve, 5));
    return process.pid;
};";

fn limited(concurrency: usize) -> impl FnOnce(&mut FunctionDefinition) {
    move |definition| definition.concurrency = concurrency
}

#[tokio::test]
async fn a_thousand_invocations_at_once_finish_over_four_processes() {
    let mut fixture = Fixture::new();
    let code = "exports.handler = async (event) => [event, process.pid];";
    fixture.add("echo", Runtime::Node, "index.handler", &[("index.js", code)], limited(4));
    let events: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let answers = join_all(events.iter().map(|event| fixture.answer("echo", event))).await;
    let mut work = BTreeMap::new();
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer[0], number, "each caller gets its own answer");
        *work.entry(answer[1].as_i64()).or_insert(0) += 1;
    }
    assert!(work.len() <= 4, "{work:?}");
    assert_eq!(fixture.host.processes("echo"), Some((4, 4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crashes_among_many_invocations_hit_their_own_only() {
    let mut fixture = Fixture::new();
    let code = "exports.handler = async (event) => { if (event % 20 === 0) process.exit(event % 3); return event; };";
    fixture.add("some", Runtime::Node, "index.handler", &[("index.js", code)], limited(4));
    let host = &fixture.host;
    let invocations = (1..=400).map(|number| async move {
        let invocation = host.invoke("some", InvokeRequest::new(number.to_string())).await.expect("it is there");
        let crashed = String::from_utf8_lossy(&invocation.payload).contains("Runtime.ExitError");
        let own = number % 20 == 0;
        assert_eq!((crashed, invocation.payload == number.to_string()), (own, !own), "{number}: {:?}", invocation.payload);
    });
    join_all(invocations).await;
    eventually("all processes are idle", || {
        host.processes("some").is_some_and(|(running, idle)| running == idle && running <= 4)
    })
    .await;
    assert_eq!(fixture.answer("some", "1").await, json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reloads_among_many_invocations_fail_none() {
    let mut fixture = Fixture::with(|settings| settings.reload_interval = Some(Duration::from_millis(20)));
    let folder =
        fixture.add("changing", Runtime::Node, "index.handler", &[("index.js", "exports.handler = async () => 0;")], limited(3));
    let fixture = &fixture;
    let invocations = (0..10).map(|_| async move {
        let mut last = 0;
        for _ in 0..40 {
            let version = fixture.answer("changing", "{}").await.as_i64().expect("a number");
            assert!(version >= last, "never back to older code: {version} after {last}");
            last = version;
        }
    });
    let changes = async {
        for version in 1..=5 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            // A whole file takes the old one's place: nobody reads a half.
            write(&folder, "next.txt", &format!("exports.handler = async () => {version};"));
            std::fs::rename(folder.join("next.txt"), folder.join("index.js")).expect("both are in one folder");
        }
    };
    tokio::join!(join_all(invocations), changes);
    // The last change may be seen a little later than it was made.
    let mut last = Value::Null;
    for _ in 0..600 {
        last = fixture.answer("changing", "{}").await;
        if last == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(last, 5);
}

#[tokio::test]
async fn the_queue_is_first_in_first_out() {
    let mut fixture = Fixture::new();
    let code = "let count = 0; exports.handler = async () => count++;";
    fixture.add("count", Runtime::Node, "index.handler", &[("index.js", code)], limited(1));
    let answers = join_all((0..50).map(|_| fixture.answer("count", "{}"))).await;
    assert_eq!(answers, (0..50).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_process_that_finished_last_is_used_first() {
    let mut fixture = Fixture::new();
    let folder = fixture.node("gate", GATE);
    let host = &fixture.host;
    let invoke =
        |event: &'static str| async move { host.invoke("gate", InvokeRequest::new(event)).await.expect("it is there").payload };
    let first_then_second = async {
        for event in ["1", "2"] {
            eventually("both run", || folder.join("running-1").exists() && folder.join("running-2").exists()).await;
            write(&folder, &format!("open-{event}"), "");
            let idle = if event == "1" { 1 } else { 2 };
            eventually("it is idle again", || host.processes("gate") == Some((2, idle))).await;
        }
    };
    let (first, second, ()) = tokio::join!(invoke("1"), invoke("2"), first_then_second);
    assert_ne!(first, second);
    for _ in 0..3 {
        assert_eq!(invoke("2").await, second);
    }
}

#[tokio::test]
async fn a_full_queue_and_a_passed_deadline_are_refused_by_name() {
    let mut fixture = Fixture::with(|settings| settings.queue_limit = 1);
    let folder = fixture.add("gate", Runtime::Node, "index.handler", &[("index.js", GATE)], limited(1));
    let host = fixture.host.clone();
    let running = tokio::spawn(async move { host.invoke("gate", InvokeRequest::new("1")).await });
    eventually("the process is busy", || folder.join("running-1").exists()).await;
    let host = &fixture.host;
    let impatient = InvokeRequest { deadline: Some(Instant::now() + Duration::from_millis(200)), ..InvokeRequest::new("2") };
    let (waited, refused) = tokio::join!(biased; host.invoke("gate", impatient), host.invoke("gate", InvokeRequest::new("3")));
    assert!(matches!(waited, Err(InvokeError::DeadlineExceeded { .. })), "{waited:?}");
    assert!(matches!(refused, Err(InvokeError::TooManyRequests)), "{refused:?}");
    write(&folder, "open-1", "");
    write(&folder, "open-4", "");
    running.await.expect("no panic").expect("it was let go");
    assert!(fixture.answer("gate", "4").await.is_i64(), "who gave up holds no place in the queue");
    assert!(!folder.join("running-2").exists(), "what was given up while it waited never ran");
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_disturb_the_process() {
    let mut fixture = Fixture::new();
    let folder = fixture.add("gate", Runtime::Node, "index.handler", &[("index.js", GATE)], limited(1));
    let host = fixture.host.clone();
    let caller = tokio::spawn(async move { host.invoke("gate", InvokeRequest::new("1")).await });
    eventually("it runs", || folder.join("running-1").exists()).await;
    caller.abort();
    write(&folder, "open-1", "");
    write(&folder, "open-2", "");
    assert!(fixture.answer("gate", "2").await.is_i64());
    assert_eq!(fixture.host.processes("gate"), Some((1, 1)));
}

#[tokio::test]
async fn changed_code_runs_at_the_next_invocation_and_the_old_finishes() {
    // Looks at each invocation, so that the test need not wait.
    let mut fixture = Fixture::with(|settings| settings.reload_interval = Some(Duration::ZERO));
    let folder = fixture.add("gate", Runtime::Node, "index.handler", &[("lib/index.js", ""), ("index.js", GATE)], |_| {});
    let host = fixture.host.clone();
    let old = tokio::spawn(async move { host.invoke("gate", InvokeRequest::new("1")).await });
    eventually("it runs", || folder.join("running-1").exists()).await;
    write(&folder, "index.js", "exports.handler = async () => 'new';");
    assert_eq!(fixture.answer("gate", "{}").await, json!("new"));
    assert_eq!(fixture.answer("gate", "{}").await, json!("new"));
    write(&folder, "open-1", "");
    let old = old.await.expect("no panic").expect("it was let go");
    let pid = String::from_utf8_lossy(&old.payload).parse().expect("a pid");
    assert_eq!(old.function_error, None);
    eventually("the old process is gone", || !lives(pid)).await;
    write(&folder, "index.js", "throw new Error('broken');");
    assert_eq!(fixture.failure("gate", "{}").await, ("Error".to_owned(), "broken".to_owned()));
    write(&folder, "index.js", "exports.handler = async () => 'mended';");
    assert_eq!(fixture.answer("gate", "{}").await, json!("mended"));
}

#[tokio::test]
async fn python_runs_a_change_of_the_same_second_and_size() {
    let mut fixture = Fixture::with(|settings| settings.reload_interval = Some(Duration::ZERO));
    let folder = fixture.python("py", "");
    // Python takes a compiled file for current when second and size are those of the source.
    let second = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for version in 1..=3 {
        write(&folder, "app.py", &format!("import other\ndef handler(event, context):\n    return [{version}, other.x]\n"));
        write(&folder, "other.py", &format!("x = {version}\n"));
        for file in ["app.py", "other.py"] {
            let file = std::fs::File::options().write(true).open(folder.join(file)).expect("it was written");
            file.set_modified(second + Duration::from_millis(version)).expect("it is ours");
        }
        assert_eq!(fixture.answer("py", "{}").await, json!([version, version]));
    }
}

#[tokio::test]
async fn a_new_definition_takes_over_what_waits() {
    let mut fixture = Fixture::new();
    let folder = fixture.add("gate", Runtime::Node, "index.handler", &[("index.js", GATE)], limited(1));
    let host = fixture.host.clone();
    let running = tokio::spawn(async move { host.invoke("gate", InvokeRequest::new("1")).await });
    eventually("it runs", || folder.join("running-1").exists()).await;
    let host = fixture.host.clone();
    let waiting = tokio::spawn(async move { host.invoke("gate", InvokeRequest::new("2")).await });
    tokio::task::yield_now().await;
    let mut definition = FunctionDefinition::new("gate", Runtime::Python, &folder, "app.handler");
    write(&folder, "app.py", "def handler(event, context):\n    return 'python'\n");
    definition.timeout = Duration::from_secs(60);
    fixture.host.register(definition.clone()).expect("it is valid");
    assert_eq!(waiting.await.expect("no panic").expect("the new one ran it").payload, "\"python\"");
    write(&folder, "open-1", "");
    assert_eq!(running.await.expect("no panic").expect("the old one finished").function_error, None);
    let before = fixture.host.processes("gate");
    fixture.host.register(definition).expect("it is valid");
    assert_eq!(fixture.host.processes("gate"), before, "an equal definition changes nothing");
    assert!(fixture.host.remove("gate") && !fixture.host.remove("gate"));
    let gone = fixture.host.invoke("gate", InvokeRequest::default()).await;
    assert!(matches!(&gone, Err(InvokeError::FunctionNotFound { arn }) if arn.ends_with(":function:gate")), "{gone:?}");
}

#[tokio::test]
async fn payloads_are_bounded_together() {
    let mut fixture = Fixture::with(|settings| settings.payload_bytes = 2);
    let folder = fixture.add("gate", Runtime::Node, "index.handler", &[("index.js", GATE)], limited(1));
    let invoke = |event: &'static str| {
        let host = fixture.host.clone();
        tokio::spawn(async move { host.invoke("gate", InvokeRequest::new(event)).await })
    };
    let running = invoke("1");
    eventually("it runs", || folder.join("running-1").exists()).await;
    let too_many = invoke("22").await.expect("no panic");
    assert!(matches!(too_many, Err(InvokeError::TooManyRequests)), "{too_many:?}");
    write(&folder, "open-1", "");
    assert_eq!(running.await.expect("no panic").expect("it had its place").function_error, None);
    write(&folder, "open-22", "");
    assert_eq!(invoke("22").await.expect("no panic").expect("the place is free again").function_error, None);
}

#[tokio::test]
async fn idle_processes_end() {
    let mut fixture = Fixture::with(|settings| settings.idle_timeout = Duration::from_millis(300));
    fixture.node("pid", PID);
    let pid = fixture.answer("pid", "{}").await.as_i64().expect("a pid");
    eventually("it ended", || !lives(pid) && fixture.host.processes("pid") == Some((0, 0))).await;
    assert_ne!(fixture.answer("pid", "{}").await, json!(pid));
}

#[tokio::test]
async fn processes_are_shared_by_no_two_functions_and_kept_while_warm() {
    let mut fixture = Fixture::new();
    fixture.node("one", PID);
    fixture.node("two", PID);
    let mut pids = HashSet::new();
    for _ in 0..5 {
        for name in ["one", "two"] {
            pids.insert((name, fixture.answer(name, "{}").await.as_i64()));
        }
    }
    assert_eq!(pids.len(), 2, "{pids:?}");
    assert_eq!(pids.iter().map(|(_, pid)| pid).collect::<HashSet<_>>().len(), 2);
}
