//! What [`Remote`] takes from its environment, each time in a process that has one of its own.

use std::io::{Read, Write};
use std::process::Command;

use dynamodb::{Dynamodb, Operation, Remote, RemoteSettings};
use value::value;

/// Set in the process that makes the call.
const CHILD: &str = "TEST_REMOTE_CHILD";

/// What a call in such an environment comes to: code, message.
fn call(endpoint: Option<&str>, region: bool, environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    let text = environment.iter().find(|(name, _)| *name == "config").map_or("", |(_, text)| text);
    std::fs::write(&config, text).expect("a file");
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child
        .args(["--exact", "one_call_in_the_environment_of_this_process", "--ignored", "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("none"))
        // Nothing here asks the instance's metadata service.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied().filter(|(name, _)| *name != "config"));
    if let Some(endpoint) = endpoint {
        child.env("TEST_ENDPOINT", endpoint);
    }
    if region {
        child.env("TEST_REGION", "eu-west-1");
    }
    let output = child.output().expect("this test runs again");
    let output = String::from_utf8(output.stdout).expect("text");
    let (_, answer) = output.split_once("<<").unwrap_or_else(|| panic!("no answer: {output}"));
    answer.split(">>").next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "the other tests run it, in an environment that they make"]
#[allow(clippy::print_stdout, reason = "its answer to the test that has started it")]
fn one_call_in_the_environment_of_this_process() {
    if std::env::var_os(CHILD).is_none() {
        // Somebody runs ignored tests; their own environment is none of ours.
        return;
    }
    let variable = |name| std::env::var(name).ok().map(Into::into);
    let settings = RemoteSettings { region: variable("TEST_REGION"), endpoint: variable("TEST_ENDPOINT"), credentials: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(Remote::new(settings).call(Operation::ListTables, value!({})));
    let error = answer.expect_err("nothing listens there");
    println!("<<{} {}>>", error.code, error.message);
}

/// An endpoint on this machine where nothing listens.
fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn an_endpoint_on_this_machine_wants_nothing_of_the_environment() {
    let said = call(Some(&closed()), false, &[]);
    assert!(said.starts_with("SdkClientException Unable to execute HTTP request: 127.0.0.1:"), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
}

#[test]
fn an_endpoint_on_this_machine_is_not_sought_through_a_proxy() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = Vec::new();
        let mut part = [0; 4096];
        // To the end of the body, which is an empty object.
        while !request.ends_with(b"{}") {
            let length = stream.read(&mut part).expect("a request");
            assert_ne!(length, 0, "a request");
            request.extend_from_slice(&part[..length]);
        }
        let body = r#"{"__type":"x#Reached"}"#;
        let _ = write!(stream, "HTTP/1.1 400 X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    });
    let proxy = closed();
    let said = call(Some(&endpoint), false, &[("HTTP_PROXY", &proxy), ("http_proxy", &proxy), ("ALL_PROXY", &proxy)]);
    assert_eq!(said, "Reached ");
}

#[test]
fn another_endpoint_wants_credentials() {
    let said = call(Some("http://dynamodb.invalid:8000"), true, &[]);
    assert!(said.starts_with("SdkClientException Unable to load credentials from any of the providers in the chain"), "{said}");
    assert!(said.contains("dynamodb.invalid:8000") && said.contains("AWS_ACCESS_KEY_ID"), "{said}");
}

#[test]
fn aws_wants_a_region() {
    let said = call(None, false, &[("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    assert!(said.starts_with("SdkClientException Unable to load region") && said.contains("AWS_REGION"), "{said}");
    assert!(!said.contains("AKID") && !said.contains("secret"), "{said}");
}

#[test]
fn a_profile_may_run_a_program_for_its_credentials() {
    let config =
        "[profile p]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"secret\"}'\n";
    let said = call(Some(&closed()), false, &[("AWS_PROFILE", "p"), ("config", config)]);
    assert!(said.contains("Connection refused"), "{said}");
}

#[test]
fn a_profile_that_is_named_counts_on_this_machine_too() {
    let said = call(Some(&closed()), false, &[("AWS_PROFILE", "absent")]);
    assert!(said.starts_with("SdkClientException Unable to load credentials"), "{said}");
}

#[test]
fn a_profile_that_signs_in_is_told_how() {
    let config = "[profile p]\nsso_start_url = https://example.invalid/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n";
    let said = call(Some("http://dynamodb.invalid:8000"), true, &[("AWS_PROFILE", "p"), ("config", config)]);
    assert!(said.contains("aws configure export-credentials"), "{said}");
}
