//! What the Runtime API refuses.

use lambda_host::Runtime;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::{Fixture, eventually, write};

/// A custom runtime that misbehaves before it answers: it sends every request of the event and tells status and type.
const PROBE: &str = r#"#!/usr/bin/env python3
import http.client, json, os
def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response, response.read()
base = "/2018-06-01/runtime/"
response, event = call("GET", base + "invocation/next")
while True:
    own = response.headers["Lambda-Runtime-Aws-Request-Id"]
    seen = []
    for method, path, headers in json.loads(event):
        reply, body = call(method, path.replace("OWN", own).replace("BASE/", base), b"{}" if method == "POST" else None, headers)
        seen.append([reply.status, json.loads(body).get("errorType")])
    reply, body = call("POST", base + "invocation/" + own + "/response", json.dumps(seen))
    assert (reply.status, json.loads(body)) == (202, {"status": "OK"})
    response, event = call("GET", base + "invocation/next")
"#;

#[tokio::test]
async fn calls_that_do_not_fit_the_state_are_refused() {
    let mut fixture = Fixture::new();
    fixture.add("probe", Runtime::Provided, "any", &[("bootstrap", PROBE)], |_| {});
    let cases = [
        (json!(["GET", "BASE/invocation/next", {}]), json!([403, "InvalidStateTransition"])),
        (json!(["POST", "BASE/init/error", {}]), json!([403, "InvalidStateTransition"])),
        (json!(["POST", "BASE/invocation/another-id/response", {}]), json!([400, "InvalidRequestID"])),
        (json!(["POST", "BASE/invocation/another-id/error", {}]), json!([400, "InvalidRequestID"])),
        (json!(["GET", "BASE/invocation/OWN/response", {}]), json!([405, "MethodNotAllowed"])),
        (json!(["POST", "BASE/invocation/next", {}]), json!([405, "MethodNotAllowed"])),
        (json!(["GET", "/", {}]), json!([404, "NotFound"])),
        (json!(["GET", "/2018-06-01/nothing", {}]), json!([404, "NotFound"])),
        (json!(["POST", "BASE/invocation/OWN/response", {"Origin": "http://example.com"}]), json!([403, "Forbidden"])),
        (json!(["POST", "BASE/invocation/OWN/response", {"Host": "example.com"}]), json!([403, "Forbidden"])),
    ];
    let event = Value::Array(cases.iter().map(|(request, _)| request.clone()).collect());
    let expected = Value::Array(cases.iter().map(|(_, answer)| answer.clone()).collect());
    for _ in 0..2 {
        assert_eq!(fixture.answer("probe", &event.to_string()).await, expected);
    }
}

/// A runtime that, after its first answer, asks for an event, breaks that connection, and asks again over others until it is heard.
const FORGETFUL: &str = r#"#!/usr/bin/env python3
import http.client, os, select, time
base = "/2018-06-01/runtime/invocation/"
def ask():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("GET", base + "next")
    return connection
def answer(response):
    response.read()
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("POST", base + response.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", str(os.getpid()))
    connection.getresponse().read()
answer(ask().getresponse())
connection = ask()
while not os.path.exists("break"):
    time.sleep(0.01)
connection.close()
while True:
    connection = ask()
    # While the host has not noticed the end of the other connection, it refuses at once; then it lets wait.
    if not select.select([connection.sock], [], [], 2)[0]:
        open("again", "w").close()
    response = connection.getresponse()
    if response.status == 200:
        answer(response)
"#;

#[tokio::test]
async fn a_runtime_may_ask_again_when_its_connection_broke() {
    let mut fixture = Fixture::new();
    let folder = fixture.add("forgetful", Runtime::Provided, "any", &[("bootstrap", FORGETFUL)], |_| {});
    let pid = fixture.answer("forgetful", "{}").await;
    eventually("it asked", || fixture.host.processes("forgetful") == Some((1, 1))).await;
    write(&folder, "break", "");
    eventually("it asked again and was heard", || folder.join("again").exists()).await;
    for _ in 0..2 {
        assert_eq!(fixture.answer("forgetful", "{}").await, pid);
    }
}

#[tokio::test]
async fn other_processes_are_not_served() {
    let mut fixture = Fixture::new();
    fixture.node("api", "exports.handler = async () => process.env.AWS_LAMBDA_RUNTIME_API;");
    let api = fixture.answer("api", "{}").await;
    let api = api.as_str().expect("an address");
    let mut stranger = TcpStream::connect(api).await.expect("it listens");
    let request = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\n\r\n");
    let mut answer = Vec::new();
    // The connection is closed or reset without a byte.
    let _ = stranger.write_all(request.as_bytes()).await;
    let _ = stranger.read_to_end(&mut answer).await;
    assert_eq!(String::from_utf8_lossy(&answer), "");
    assert_eq!(fixture.answer("api", "{}").await, json!(api), "its own process is served on");
}
