//! Timeouts, crashes, memory, and that nothing outlives its host: no process, no descriptor.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use lambda_host::{FunctionDefinition, InvokeError, InvokeRequest, LambdaHost, Runtime, Settings};
use serde_json::{Value, json};

use crate::common::{Fixture, eventually, lives, write};

fn quick(definition: &mut FunctionDefinition) {
    definition.timeout = Duration::from_millis(1_500);
}

#[tokio::test]
async fn a_hanging_handler_is_killed_and_the_next_invocation_works() {
    let node = "require('node:fs').writeFileSync('pid', String(process.pid)); exports.handler = async (event) => { if (event === 1) for (;;); if (event === 2) await new Promise((resolve) => setTimeout(resolve, 1e6)); return 'fine'; };";
    let python = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ndef handler(event, context):\n    while event == 1:\n        pass\n    if event == 2:\n        time.sleep(1000)\n    return 'fine'\n";
    // Its child keeps the pipes open and must end too.
    let shell = "#!/bin/sh\necho $$ > pid\napi=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\nevent=$(curl -sS $api/invocation/next)\nif [ \"$event\" = 3 ]; then exit 0; fi\nsleep 1000\n";
    let mut fixture = Fixture::new();
    let cases = [
        ("node", Runtime::Node, "index.handler", "index.js", node),
        ("python", Runtime::Python, "app.handler", "app.py", python),
        ("shell", Runtime::Provided, "any", "bootstrap", shell),
    ];
    for (name, runtime, handler, file, code) in cases {
        let folder = fixture.add(name, runtime, handler, &[(file, code)], quick);
        for event in ["1", "2"] {
            let (error_type, message) = fixture.failure(name, event).await;
            assert_eq!(
                (error_type.as_str(), message.as_str()),
                ("Sandbox.Timedout", "RequestId: ID Error: Task timed out after 1.50 seconds"),
                "{name}"
            );
            let pid = fs::read_to_string(folder.join("pid")).expect("it was started").trim().parse().expect("a pid");
            eventually("the process and its group are gone", || !lives(pid) && group_members(pid).is_empty()).await;
        }
        if runtime != Runtime::Provided {
            assert_eq!(fixture.answer(name, "0").await, json!("fine"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_process_that_answers_but_never_asks_again_is_replaced() {
    let shell = "#!/bin/sh\napi=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\ncurl -sS -D headers $api/invocation/next\nid=$(tr -d '\\r' < headers | sed -n 's/^lambda-runtime-aws-request-id: //p')\ncurl -sS -d $$ $api/invocation/$id/response\nexec sleep 1000\n";
    let mut fixture = Fixture::new();
    fixture.add("once", Runtime::Provided, "any", &[("bootstrap", shell)], |definition| {
        definition.timeout = Duration::from_secs(3);
        definition.concurrency = 1;
    });
    let first = fixture.answer("once", "{}").await;
    let second = fixture.answer("once", "{}").await;
    assert_ne!(first, second);
    let pid = first.as_i64().expect("a pid");
    eventually("the first is gone", || !lives(pid)).await;
}

#[tokio::test]
async fn an_initialization_that_hangs_is_tried_once_more_and_times_out() {
    let mut fixture = Fixture::with(|settings| {
        settings.init_timeout = Duration::from_millis(700);
    });
    let code = "require('node:fs').appendFileSync('pids', process.pid + '\\n'); for (;;);";
    let folder = fixture.add("hangs", Runtime::Node, "index.handler", &[("index.js", code)], quick);
    let (error_type, message) = fixture.failure("hangs", "{}").await;
    assert_eq!(
        (error_type.as_str(), message.as_str()),
        ("Sandbox.Timedout", "RequestId: ID Error: Task timed out after 1.50 seconds")
    );
    let pids = fs::read_to_string(folder.join("pids")).unwrap_or_default();
    assert!(pids.lines().count() <= 2, "{pids}");
    for pid in pids.lines() {
        let pid = pid.parse().expect("a pid");
        eventually("it is gone", || !lives(pid)).await;
    }
}

#[tokio::test]
async fn a_killed_idle_process_is_replaced_without_an_error() {
    let mut fixture = Fixture::new();
    fixture.node("pid", "exports.handler = async () => process.pid;");
    for _ in 0..5 {
        let pid = fixture.answer("pid", "{}").await.as_i64().expect("a pid");
        kill(pid, "KILL");
        eventually("it is gone", || !lives(pid) && fixture.host.processes("pid") == Some((0, 0))).await;
    }
    assert!(fixture.answer("pid", "{}").await.is_i64());
}

#[tokio::test]
async fn a_missing_interpreter_is_named() {
    let mut fixture = Fixture::with(|settings| {
        settings.node = "node-that-is-not-there".into();
        settings.python = "/nowhere/python3".into();
    });
    fixture.node("node", "");
    fixture.python("python", "");
    for (name, expected) in [("node", "node-that-is-not-there"), ("python", "/nowhere/python3")] {
        let error = fixture.host.invoke(name, InvokeRequest::default()).await.expect_err("there is no such program");
        assert!(matches!(&error, InvokeError::RuntimeNotFound { program, .. } if program == expected), "{error:?}");
        assert!(error.to_string().contains("install it"), "{error}");
    }
}

#[tokio::test]
async fn memory_beyond_the_functions_size_is_refused() {
    let mut fixture = Fixture::new();
    let heap = "exports.handler = async (event) => { const all = []; for (let i = 0; i < event * 1e5; i++) all.push({ i, text: 'x' + i }); return 'fine'; };";
    let buffers = "exports.handler = async (event) => { const all = []; for (let i = 0; i < event; i++) all.push(Buffer.alloc(1 << 20, 1)); return 'fine'; };";
    fixture.node("heap", heap);
    fixture.node("buffers", buffers);
    fixture.python(
        "python",
        "def handler(event, context):\n    all = [bytearray(1 << 20) for _ in range(event)]\n    return 'fine'\n",
    );
    for name in ["heap", "buffers", "python"] {
        assert_eq!(fixture.answer(name, "1").await, json!("fine"), "{name}");
        let (error_type, message) = fixture.failure(name, "1000").await;
        let expected = if name == "python" { "MemoryError" } else { "Runtime.ExitError" };
        assert!(error_type == expected || error_type == "RangeError", "{name}: {error_type} {message}");
        assert_eq!(fixture.answer(name, "1").await, json!("fine"), "{name} works again");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_crash_leaves_no_core_dump() {
    let mut fixture = Fixture::new();
    fixture
        .python("core", "import resource\ndef handler(event, context):\n    return resource.getrlimit(resource.RLIMIT_CORE)\n");
    assert_eq!(fixture.answer("core", "{}").await, json!([0, 0]));
}

#[tokio::test]
async fn nothing_is_left_after_a_shutdown_or_a_drop() {
    for graceful in [true, false] {
        let mut fixture = Fixture::new();
        // Helper processes, as a handler may start them: one in the group, and one that leaves it, as headless browsers do.
        let code = "const { spawn } = require('node:child_process'); const helper = spawn('sleep', ['1000']); const free = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); exports.handler = async (event) => { require('node:fs').writeFileSync('hangs', ''); if (event) for (;;); return [process.pid, helper.pid, free.pid]; };";
        let folder = fixture.node("busy", code);
        let pids = fixture.answer("busy", "0").await;
        let pids: Vec<i64> = serde_json::from_value(pids).expect("three pids");
        let host = fixture.host.clone();
        fs::remove_file(folder.join("hangs")).expect("it was written");
        let running = tokio::spawn(async move { host.invoke("busy", InvokeRequest::new("1")).await });
        eventually("it hangs", || folder.join("hangs").exists()).await;
        if graceful {
            fixture.host.shutdown().await;
            // Those that it started have been sent the same signal, and are gone when the system has got round to it.
            assert!(!lives(pids[0]), "shutdown waits for the function's process");
            let result = running.await.expect("no panic").expect("the process was there");
            assert!(String::from_utf8_lossy(&result.payload).contains("Runtime exited with error: signal: killed"));
            let later = fixture.host.invoke("busy", InvokeRequest::default()).await;
            assert!(matches!(later, Err(InvokeError::FunctionNotFound { .. })), "{later:?}");
        } else {
            running.abort();
            drop(running.await);
            drop(fixture);
        }
        for pid in pids {
            eventually("it is gone", || !lives(pid)).await;
        }
    }
}

/// The rounds of the next test, in a process of their own, so that no other test opens or closes anything meanwhile.
#[tokio::test]
#[ignore = "started by crashes_leave_no_descriptor_and_no_process"]
async fn crash_rounds() {
    let rounds = std::env::var("LAMBDA_HOST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_u64);
    let mut fixture = Fixture::new();
    // The cheapest process that takes an event and dies of it.
    let shell = "#!/bin/sh\ncurl -sS http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next > /dev/null\nexit 1\n";
    fixture.add("crash", Runtime::Provided, "any", &[("bootstrap", shell)], |_| {});
    // One that takes an event and never answers, and one whose answer is no JSON.
    let hang =
        "#!/bin/sh\ncurl -sS http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next > /dev/null\nexec sleep 1000\n";
    fixture.add("hang", Runtime::Provided, "any", &[("bootstrap", hang)], |definition| {
        definition.timeout = Duration::from_millis(300);
    });
    let text = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
id=$(curl -sS -D - -o /dev/null "$api/next" | tr -d '\r' | sed -n 's/^lambda-runtime-aws-request-id: //ip')
curl -sS -o /dev/null -d 'no {JSON' "$api/$id/response"
exit 1
"#;
    fixture.add("text", Runtime::Provided, "any", &[("bootstrap", text)], |_| {});
    fixture.node("node", "exports.handler = async () => process.exit(1);");
    fixture.node("init", "process.exit(1);");
    let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let children = || fs::read_to_string("/proc/thread-self/children").unwrap_or_default().split_whitespace().count();
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim_end_matches("kB").trim().parse::<u64>().expect("a number of KiB")
    };
    let warm = (rounds / 10).max(1);
    let mut memory = 0;
    let mut before = (0, 0);
    for round in 0..rounds + 2 {
        let answer = fixture.invoke("text", "{}").await;
        assert_eq!((answer.function_error, &answer.payload[..]), (None, &b"no {JSON"[..]));
        // Lambda's time is at an end, or the process did not get so far as to take the event in it.
        let (error_type, message) = fixture.failure("hang", "{}").await;
        assert_eq!(error_type, "Sandbox.Timedout", "{message}");
        for name in ["text", "hang"] {
            eventually("it is counted out", || fixture.host.processes(name) == Some((0, 0))).await;
        }
        for name in if round % 10 == 0 { &["crash", "node", "init"][..] } else { &["crash"] } {
            let (error_type, message) = fixture.failure(name, "{}").await;
            assert_eq!(
                (error_type.as_str(), message.as_str()),
                ("Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 1")
            );
            eventually("it is counted out", || fixture.host.processes(name) == Some((0, 0))).await;
        }
        if round == 1 {
            // Everything that is made once is made by now.
            eventually("only the guard is left", || children() == 1).await;
            before = (open(), children());
        }
        if round == warm {
            memory = resident();
        }
    }
    // What the tests themselves keep of the log is far less; a process that is kept by mistake has buffers of more than a page each.
    let grown = resident().saturating_sub(memory);
    assert!(grown < (8 << 10) + 8 * rounds, "{grown} KiB more after {rounds} rounds");
    // What is closed by a task may still be on its way; a leak stays.
    eventually("as many descriptors and processes as before", || open() <= before.0 && children() <= before.1).await;
}

#[tokio::test]
async fn crashes_leave_no_descriptor_and_no_process() {
    let program = std::env::current_exe().expect("this is a program");
    let rounds = tokio::process::Command::new(program)
        .args(["--exact", "lifecycle::crash_rounds", "--ignored", "--nocapture"])
        .output()
        .await
        .expect("it starts");
    assert!(rounds.status.success(), "{}{}", String::from_utf8_lossy(&rounds.stdout), String::from_utf8_lossy(&rounds.stderr));
}

/// The host of the next test, in a process of its own.
#[tokio::test]
#[ignore = "started by processes_end_with_a_killed_host"]
async fn host_to_be_killed() {
    let folder = std::path::PathBuf::from(std::env::var_os("LAMBDA_HOST_FOLDER").expect("the other test set it"));
    let host = LambdaHost::new(Settings::default());
    for (name, runtime, handler) in [
        ("idle", Runtime::Node, "idle.handler"),
        ("busy", Runtime::Node, "busy.handler"),
        ("python", Runtime::Python, "app.handler"),
    ] {
        let mut definition = FunctionDefinition::new(name, runtime, &folder, handler);
        definition.timeout = Duration::from_secs(600);
        host.register(definition).expect("it is valid");
    }
    let invoke = |name: &'static str| host.invoke(name, InvokeRequest::default());
    let idle = invoke("idle").await.expect("it is there");
    write(&folder, "idle.pid", &String::from_utf8_lossy(&idle.payload));
    let _ = tokio::join!(invoke("busy"), invoke("python"));
}

#[tokio::test]
async fn processes_end_with_a_killed_host() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let busy = "exports.handler = async () => { require('node:fs').writeFileSync('busy.pid', String(process.pid)); for (;;); };";
    let python = "import os\ndef handler(event, context):\n    open('python.pid', 'w').write(str(os.getpid()))\n    while True:\n        pass\n";
    let idle = "const free = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); require('node:fs').writeFileSync('free.pid', String(free.pid)); exports.handler = async () => process.pid;";
    write(folder.path(), "idle.js", idle);
    write(folder.path(), "busy.js", busy);
    write(folder.path(), "app.py", python);
    let mut host = Command::new(std::env::current_exe().expect("this is a program"))
        .args(["--exact", "lifecycle::host_to_be_killed", "--ignored", "--nocapture"])
        .env("LAMBDA_HOST_FOLDER", folder.path())
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let pid = |name: &str| fs::read_to_string(folder.path().join(name)).ok().and_then(|text| text.trim().parse::<i64>().ok());
    let mut pids = BTreeSet::new();
    eventually("all four run", || {
        pids = ["idle.pid", "free.pid", "busy.pid", "python.pid"].into_iter().filter_map(pid).collect();
        pids.len() == 4
    })
    .await;
    assert!(pids.iter().all(|pid| lives(*pid)));
    kill(i64::from(host.id()), "KILL");
    host.wait().expect("it is ours");
    for pid in pids {
        eventually("it is gone", || !lives(pid)).await;
    }
    let left = || {
        fs::read_dir(folder.path())
            .expect("it is there")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("lambda-host-"))
            .count()
    };
    eventually("its folder is gone", || left() == 0).await;
}

fn kill(pid: i64, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().expect("there is a kill");
    assert!(status.success());
}

/// The living processes of a group.
fn group_members(group: i64) -> Vec<i64> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse::<i64>().ok()));
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let its_group = stat
            .rsplit_once(')')
            .and_then(|(_, fields)| fields.split_ascii_whitespace().nth(2))
            .and_then(|text| text.parse().ok());
        its_group == Some(group) && lives(*pid)
    })
    .collect()
}

#[tokio::test]
async fn one_failing_start_tells_all_that_wait_for_nothing_else() {
    let mut fixture = Fixture::new();
    fixture.add("broken", Runtime::Node, "index.handler", &[("index.js", "throw new Error('broken');")], |definition| {
        definition.concurrency = 2;
    });
    let failures = futures_util::future::join_all((0..200).map(|_| fixture.failure("broken", "{}"))).await;
    assert!(failures.iter().all(|failure| *failure == ("Error".to_owned(), "broken".to_owned())));
    let value: Value = serde_json::from_slice(&fixture.invoke("broken", "{}").await.payload).expect("JSON");
    assert_eq!(value["errorMessage"], "broken");
}
