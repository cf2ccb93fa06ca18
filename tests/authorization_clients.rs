//! The mode `AWS_IAM` with the signers that people use, none of them changed: botocore, requests-aws4auth, `@aws-sdk/signature-v4`,
//! Amplify and curl. Each sends the same requests to the same API, and must be understood or refused in the same way.

#[path = "clients/club.rs"]
mod club;
mod harness;

use std::io::Write;
use std::process::{Command, Stdio};

use harness::dynamodb_servers::{python_program, servers_are_wanted};
use harness::node::node;
use harness::{Definition, Server};
use value::{Value, value};

const GUEST_TOKEN: &str = "FwoGZXIvYXdzE+guest/session==token";

/// A request that is to be signed, and what it must get.
struct Case {
    what: &'static str,
    key: (&'static str, &'static str),
    token: Option<&'static str>,
    region: &'static str,
    service: &'static str,
    query: &'static str,
    variables: Value,
    expected: Expected,
}

enum Expected {
    /// 200 with this body. Queries with places in it are written as Amplify writes them anew.
    Body(&'static str),
    /// 200 with an identity that has these members.
    Identity(&'static [(&'static str, &'static str)]),
    /// 403 with this type and the beginning of its sentence.
    Refused(&'static str, &'static str),
}

const ANN: (&str, &str) = ("AKIDANN", "ann/secret+access/key");
const GUEST: (&str, &str) = ("ASIAGUEST", "guest/secret+access/key");

fn cases() -> Vec<Case> {
    let case = |what, key, token, query, expected| Case {
        what,
        key,
        token,
        region: "eu-west-1",
        service: "appsync",
        query,
        variables: value!({}),
        expected,
    };
    let unknown = || Expected::Refused("UnrecognizedClientException", "The security token included in the request is invalid.");
    let bad = |words| Expected::Refused("InvalidSignatureException", words);
    let ann = Expected::Identity(&[
        ("accountId", "123456789012"),
        ("userArn", "arn:aws:iam::123456789012:user/ann"),
        ("username", "ann"),
    ]);
    let guest = Expected::Identity(&[
        ("userArn", "arn:aws:sts::123456789012:assumed-role/guests/CognitoIdentityCredentials"),
        ("username", "AROAGUEST:CognitoIdentityCredentials"),
        ("cognitoIdentityPoolId", "eu-west-1:11111111-2222-3333-4444-555555555555"),
        ("cognitoIdentityId", "eu-west-1:66666666-7777-8888-9999-000000000000"),
        ("cognitoIdentityAuthType", "authenticated"),
        ("cognitoIdentityAuthProvider", "\"cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool\""),
    ]);
    vec![
        case("a user", ANN, None, "{ identity }", ann),
        case("a role's session", GUEST, Some(GUEST_TOKEN), "{ identity }", guest),
        Case {
            variables: value!({"text": "Zoë & \"co\" %20 +\n漢"}),
            ..case(
                "text beyond ASCII",
                ANN,
                None,
                "query Echo($text: String) { echo(text: $text) }",
                Expected::Body(r#"{"data":{"echo":"Zoë & \"co\" %20 +\n漢"}}"#),
            )
        },
        case(
            "a root field that a policy denies",
            GUEST,
            Some(GUEST_TOKEN),
            "{\n  minutes\n  echo(text: \"hi\")\n}",
            Expected::Body(
                r#"{"data":{"minutes":null,"echo":"hi"},"errors":[{"path":["minutes"],"data":null,"errorType":"Unauthorized","errorInfo":null,"locations":[{"line":2,"column":3,"sourceName":null}],"message":"Not Authorized to access minutes on type Query"}]}"#,
            ),
        ),
        case("the same field, allowed", ANN, None, "{ minutes }", Expected::Body(r#"{"data":{"minutes":"the minutes"}}"#)),
        case(
            "a nested field that a policy denies",
            GUEST,
            Some(GUEST_TOKEN),
            "mutation {\n  rename(name: \"Bo\") {\n    name\n    phone\n  }\n}",
            Expected::Body(
                r#"{"data":{"rename":{"name":"Bo","phone":null}},"errors":[{"path":["rename","phone"],"data":null,"errorType":"Unauthorized","errorInfo":null,"locations":[{"line":4,"column":5,"sourceName":null}],"message":"Not Authorized to access phone on type Member"}]}"#,
            ),
        ),
        case(
            "a field of another mode",
            ANN,
            None,
            "{\n  keysOnly\n  minutes\n}",
            Expected::Body(
                r#"{"data":{"keysOnly":null,"minutes":"the minutes"},"errors":[{"path":["keysOnly"],"data":null,"errorType":"Unauthorized","errorInfo":null,"locations":[{"line":2,"column":3,"sourceName":null}],"message":"Not Authorized to access keysOnly on type Query"}]}"#,
            ),
        ),
        case(
            "a wrong secret",
            ("AKIDANN", "ann/secret+access/kez"),
            None,
            "{ minutes }",
            bad("The request signature we calculated does not match the signature you provided."),
        ),
        case(
            "a wrong secret of a session",
            ("ASIAGUEST", "guest"),
            Some(GUEST_TOKEN),
            "{ minutes }",
            bad("The request signature we calculated does not match the signature you provided."),
        ),
        case("an unknown key", ("AKIDNOBODY", "ann/secret+access/key"), None, "{ minutes }", unknown()),
        case("a session without its token", GUEST, None, "{ minutes }", unknown()),
        case("a session with another token", GUEST, Some("FwoGZXIvYXdzE+other"), "{ minutes }", unknown()),
        case("a user with a token", ANN, Some(GUEST_TOKEN), "{ minutes }", unknown()),
        Case {
            region: "us-east-1",
            ..case("another region", ANN, None, "{ minutes }", bad("Credential should be scoped to a valid region"))
        },
        Case {
            service: "execute-api",
            ..case("another service", ANN, None, "{ minutes }", bad("Credential should be scoped to correct service"))
        },
    ]
}

/// What a signer is told.
fn task(url: &str, cases: &[Case]) -> String {
    let requests: Vec<Value> = cases
        .iter()
        .map(|case| {
            let body = value!({"query": (case.query), "variables": (case.variables.clone())}).to_json();
            value!({
                "region": (case.region), "service": (case.service), "access_key_id": (case.key.0), "body": (body),
                "secret_access_key": (case.key.1), "session_token": (case.token.map_or(Value::Null, Value::from)),
            })
        })
        .collect();
    value!({"url": (url), "requests": (requests)}).to_json()
}

/// Runs a signer; the list that it prints.
fn run(mut signer: Command, task: &str) -> Vec<Value> {
    signer.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = signer.spawn().expect("the signer starts");
    child.stdin.take().expect("a pipe").write_all(task.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = || format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", said());
    match Value::parse(&output.stdout) {
        Ok(Value::List(answers)) => answers.to_vec(),
        _ => panic!("{}", said()),
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name).and_then(Value::as_str)
}

#[track_caller]
fn judge(signer: &str, cases: &[Case], answers: &[Value]) {
    assert_eq!(answers.len(), cases.len(), "{signer}");
    for (case, answer) in cases.iter().zip(answers) {
        let context = format!("{signer}, {}: {answer}", case.what);
        let body = text(answer, "body").expect("a body");
        let status = answer.get("status").map(Value::to_json);
        let status = status.as_deref();
        match &case.expected {
            Expected::Body(expected) => assert_eq!((status, body), (Some("200"), *expected), "{context}"),
            Expected::Identity(members) => {
                assert_eq!(status, Some("200"), "{context}");
                let body = Value::parse(body.as_bytes()).expect("JSON");
                let identity = body.get("data").and_then(|data| text(data, "identity")).expect("an identity");
                let identity = Value::parse(identity.as_bytes()).expect("JSON in a text");
                for (name, expected) in *members {
                    assert_eq!(text(&identity, name), Some(*expected), "{context}: {name}");
                }
                assert_eq!(identity.get("sourceIp").map(Value::to_json).as_deref(), Some(r#"["127.0.0.1"]"#), "{context}");
            }
            Expected::Refused(error_type, words) => {
                assert_eq!((status, text(answer, "error_type")), (Some("403"), Some(*error_type)), "{context}");
                let start = format!(r#"{{"errors":[{{"errorType":"{error_type}","message":"{words}"#);
                assert!(body.starts_with(&start), "{context}\n{start}");
                assert!(!body.contains("\"data\""), "{context}");
            }
        }
    }
}

/// The definition, served, and the address of its API.
fn served() -> (Definition, Server, String) {
    let definition = club::definition();
    let server = definition.serve();
    let url = format!("http://localhost:{}/graphql", server.address.port());
    (definition, server, url)
}

fn python(definition: &Definition, script: &str) -> Command {
    let mut command = Command::new(python_program("python"));
    command.args(["-c", script]).current_dir(definition.path(".")).env("NO_PROXY", "*");
    command
}

#[test]
fn botocore_signs() {
    if servers_are_wanted() {
        let (definition, _server, url) = served();
        let cases = cases();
        judge("botocore", &cases, &run(python(&definition, include_str!("clients/signers/botocore.py")), &task(&url, &cases)));
    }
}

#[test]
fn requests_aws4auth_signs() {
    if servers_are_wanted() {
        let (definition, _server, url) = served();
        let cases = cases();
        let script = include_str!("clients/signers/requests_aws4auth.py");
        judge("requests-aws4auth", &cases, &run(python(&definition, script), &task(&url, &cases)));
    }
}

#[test]
fn the_javascript_sdk_signs() {
    if servers_are_wanted() {
        let (definition, _server, url) = served();
        let cases = cases();
        let script = include_str!("clients/signers/signature_v4.mjs");
        let answers = run(node(&definition.path("node"), "signature_v4.mjs", script), &task(&url, &cases));
        judge("@aws-sdk/signature-v4", &cases, &answers);
    }
}

#[test]
fn amplify_signs() {
    if servers_are_wanted() {
        let (definition, _server, url) = served();
        // The client signs for AppSync, nothing else.
        let cases: Vec<Case> = cases().into_iter().filter(|case| case.service == "appsync").collect();
        let script = include_str!("clients/signers/amplify.mjs");
        let answers = run(node(&definition.path("node"), "amplify.mjs", script), &task(&url, &cases));
        judge("Amplify", &cases, &answers);
        for (case, answer) in cases.iter().zip(&answers) {
            let thrown = answer.get("error_types").and_then(|types| types.as_list()?.first()?.as_str());
            match &case.expected {
                Expected::Identity(_) => {
                    assert!(answer.get("data").is_some_and(|data| text(data, "identity").is_some()), "{answer}");
                }
                Expected::Body(_) => assert!(answer.get("data").is_some_and(|data| !matches!(data, Value::Null)), "{answer}"),
                Expected::Refused(error_type, _) => {
                    assert_eq!(thrown, Some(*error_type), "{answer}");
                }
            }
        }
    }
}

#[test]
fn curl_signs() {
    let (definition, _server, url) = served();
    let cases = cases();
    let mut answers = Vec::new();
    for case in &cases {
        definition.write("body.json", &value!({"query": (case.query), "variables": (case.variables.clone())}).to_json());
        let mut curl = Command::new("curl");
        curl.current_dir(definition.path(".")).args(["-q", "-sS", "--noproxy", "*", "--data-binary", "@body.json"]);
        curl.args(["--aws-sigv4", &format!("aws:amz:{}:{}", case.region, case.service)]);
        curl.args(["--user", &format!("{}:{}", case.key.0, case.key.1), "-H", "content-type: application/json"]);
        if let Some(token) = case.token {
            curl.args(["-H", &format!("x-amz-security-token: {token}")]);
        }
        curl.args(["-o", "answer.json", "-w", "%{http_code} %header{x-amzn-errortype}", &url]);
        let output = harness::run(curl);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let (status, error_type) = output.stdout.split_once(' ').expect("what -w says");
        let status = Value::parse(status.as_bytes()).expect("a number");
        answers.push(value!({"status": (status), "error_type": (error_type), "body": (definition.read("answer.json"))}));
    }
    judge("curl", &cases, &answers);
}
