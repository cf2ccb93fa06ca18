//! What functions write reaches its invocation.

use futures_util::future::join_all;
use lambda_host::{InvokeRequest, Runtime};

use crate::common::{Fixture, Line, eventually};

async fn tail(fixture: &Fixture, name: &str, event: &str) -> (String, String) {
    let request = InvokeRequest { log_tail: true, ..InvokeRequest::new(event.to_owned()) };
    let invocation = fixture.host.invoke(name, request).await.expect("the function is there");
    let log = invocation.log_tail.expect("it was asked for");
    (log.replace(&invocation.request_id, "ID"), invocation.request_id)
}

#[tokio::test]
async fn lines_find_their_invocation() {
    let node = "console.log('starting'); exports.handler = async (event) => { console.log('hello %s', event); console.error({ a: 1 }); process.stderr.write('plain'); return 1; };";
    let python = "import logging\nlogging.getLogger().setLevel('INFO')\nprint('starting')\ndef handler(event, context):\n    print('hello', event)\n    logging.info('logged')\n    print('plain', end='')\n    return 1\n";
    let mut fixture = Fixture::new();
    fixture.node("node", node);
    fixture.python("python", python);
    for (name, expected) in [("node", ["INFO\thello 1", "{ a: 1 }", "plain"]), ("python", ["hello 1", "logged", "plain"])] {
        let (first, _) = tail(&fixture, name, "1").await;
        assert!(first.contains("starting\n"), "the first log has the initialization: {first}");
        let (log, request_id) = tail(&fixture, name, "1").await;
        assert!(log.starts_with("START RequestId: ID Version: $LATEST\n"), "{log}");
        assert!(log.contains("END RequestId: ID\nREPORT RequestId: ID\tDuration: "), "{log}");
        assert!(!log.contains("starting"), "{log}");
        for text in expected {
            assert!(log.contains(&format!("{text}\n")), "{name} {text}: {log}");
        }
        let lines = fixture.lines.lock().expect("nobody panicked").clone();
        let own: Vec<&Line> = lines.iter().filter(|line| line.request_id.as_deref() == Some(&request_id)).collect();
        assert_eq!(own.len(), 3, "{own:?}");
        assert!(lines.iter().any(|line| line.request_id.is_none() && line.text.ends_with("starting")), "{lines:?}");
    }
}

#[tokio::test]
async fn no_line_is_lost_or_given_to_another_invocation() {
    let mut fixture = Fixture::new();
    fixture.add(
        "node",
        Runtime::Node,
        "index.handler",
        &[("index.js", "exports.handler = async (event, { awsRequestId }) => { for (let i = 0; i < 50; i++) process.stdout.write(`${awsRequestId} ${i}\\n`); };")],
        |definition| definition.concurrency = 3,
    );
    join_all((0..40).map(|_| fixture.answer("node", "{}"))).await;
    let lines = fixture.lines.lock().expect("nobody panicked").clone();
    assert_eq!(lines.len(), 40 * 50);
    for line in lines {
        assert_eq!(line.text.split(' ').next(), line.request_id.as_deref());
    }
}

#[tokio::test]
async fn the_tail_is_four_kilobytes_and_a_flood_is_survived() {
    let mut fixture = Fixture::new();
    fixture.node("flood", "exports.handler = async (event) => { for (let i = 0; i < event; i++) process.stdout.write(`line ${i} ${'x'.repeat(90)}\\n`); process.stdout.write('y'.repeat(600000) + '\\n'); };");
    let (log, _) = tail(&fixture, "flood", "20000").await;
    assert!(log.len() <= 4 << 10, "{}", log.len());
    assert!(log.contains("END RequestId: ID"), "{log}");
    eventually("all lines came", || fixture.lines.lock().expect("nobody panicked").len() == 20_000 + 3).await;
    assert!(fixture.lines.lock().expect("nobody panicked").iter().all(|line| line.text.len() <= 256 << 10));
}

#[tokio::test]
async fn failures_are_in_the_log() {
    let mut fixture = Fixture::new();
    fixture.node("exit", "exports.handler = async (event) => { if (event) process.exit(2); throw new Error('bad'); };");
    fixture.node("init", "console.log('before'); throw new Error('init');");
    let (log, _) = tail(&fixture, "exit", "1").await;
    assert!(log.contains("RequestId: ID Error: Runtime exited with error: exit status 2\nRuntime.ExitError\nEND "), "{log}");
    let told = |text: &str| fixture.lines.lock().expect("nobody panicked").iter().any(|line| line.text.contains(text));
    assert!(told("Error: Runtime exited with error: exit status 2\nRuntime.ExitError"), "the sink hears of it too");
    let (log, _) = tail(&fixture, "exit", "0").await;
    assert!(
        log.contains("\tERROR\tInvoke Error\t{\"errorType\":\"Error\",\"errorMessage\":\"bad\"")
            || log.contains("ERROR\tInvoke Error "),
        "{log}"
    );
    let (log, _) = tail(&fixture, "init", "{}").await;
    assert!(log.contains("before") && log.contains("init"), "{log}");
}
