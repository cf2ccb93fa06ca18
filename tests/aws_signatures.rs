//! What Syncgate signs, judged by a signer that we did not write: botocore, that of boto3 and the AWS CLI, computes every
//! signature anew from the request as it came over the wire.
//!
//! One server with data sources of every kind that signs, asked through GraphQL; and the client below them, with what no data
//! source sends.

mod harness;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::dynamodb_servers::{python_program, servers_are_wanted};
use harness::{Definition, config};
use syncgate::aws::{AwsClients, AwsRequest, ServiceSettings};
use syncgate::definition::{AwsCredentials, Secret};
use value::{Object, Value, value};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzE+a/b==";

/// A request as it came.
struct Arrived {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An endpoint that answers everything with `{}` and shows what it was asked.
fn endpoint() -> (String, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (send, arrived) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let send = send.clone();
            std::thread::spawn(move || serve(&stream, &send));
        }
    });
    (url, arrived)
}

fn serve(stream: &TcpStream, send: &Sender<Arrived>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        while let Some((name, text)) = line()?.split_once(": ") {
            headers.push((name.to_owned(), text.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, text)| text.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").ok()?;
        send.send(Arrived { method, target, headers, body }).ok()?;
    }
}

/// The form that the judge reads.
fn evidence(arrived: &Arrived, service: &str, region: &str, token: Option<&str>) -> Value {
    let headers: Vec<Value> = arrived.headers.iter().map(|(name, text)| value!([(name.as_str()), (text.as_str())])).collect();
    value!({
        "service": (service), "region": (region), "access_key_id": (KEY), "secret_access_key": (SECRET),
        "session_token": (token.map_or(Value::Null, Value::from)), "method": (arrived.method.as_str()),
        "target": (arrived.target.as_str()), "headers": (headers), "body": (STANDARD.encode(&arrived.body)),
    })
}

/// Has botocore judge all of them.
fn judge(requests: Vec<Value>) {
    let count = requests.len();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/signature_check.py");
    let mut judge = std::process::Command::new(python_program("python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    judge.stdin.take().expect("a pipe").write_all(Value::from(requests).to_json().as_bytes()).expect("it reads");
    let output = judge.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(&format!("{count} of {count} signatures are botocore's")), "{said}");
}

#[test]
fn every_data_source_that_signs_signs_as_botocore_does() {
    if !servers_are_wanted() {
        return;
    }
    let (url, arrived) = endpoint();
    let key = format!("access_key_id = \"{KEY}\"\nsecret_access_key = \"{SECRET}\"\n");
    let sources = format!(
        "[api.data_sources.users]\ntype = \"HTTP\"\nendpoint = \"{url}/prod\"\n\
         [api.data_sources.users.authorization_config]\nauthorization_type = \"AWS_IAM\"\n\
         aws_iam_config = {{ signing_region = \"eu-west-1\", signing_service_name = \"execute-api\", access_key_id = \"{KEY}\", \
         secret_access_key = \"{SECRET}\", session_token = \"{TOKEN}\" }}\n\n\
         [api.data_sources.search]\ntype = \"AMAZON_OPENSEARCH_SERVICE\"\nendpoint = \"{url}\"\naws_region = \"eu-central-1\"\n{key}\n\
         [api.data_sources.models]\ntype = \"AMAZON_BEDROCK_RUNTIME\"\nendpoint = \"{url}\"\naws_region = \"us-east-1\"\n{key}\n\
         [api.data_sources.function]\ntype = \"AWS_LAMBDA\"\n\
         lambda_function_arn = \"arn:aws:lambda:eu-west-2:123456789012:function:f\"\nendpoint = \"{url}\"\n{key}\n\
         [api.data_sources.bus]\ntype = \"AMAZON_EVENTBRIDGE\"\n\
         event_bus_arn = \"arn:aws:events:eu-west-3:123456789012:event-bus/shop\"\nendpoint = \"{url}\"\n{key}"
    );
    let definition = Definition::of(&[
        ("config.toml", &(config("") + "\n" + &sources)),
        (
            "schema.graphql",
            "type Query { users(path: String!): AWSJSON search: AWSJSON invoke: AWSJSON converse: AWSJSON call: AWSJSON put: AWSJSON }",
        ),
        (
            "resolvers/Query.users.js",
            "// @dataSource users\nexport function request(ctx) {\n  return { method: 'PATCH', resourcePath: ctx.args.path, params: {\n\
             \x20   query: { q: 'a b+c/é~*', list: ['b', 'a', ''] }, headers: { 'X-Custom': ' two  blanks ', 'X-Forwarded-For': '10.0.0.1',\n\
             \x20   'x-amz-target': 'Some.Operation' }, body: { name: 'Zoë' } } };\n}\n\
             export function response(ctx) { return ctx.result.statusCode; }\n",
        ),
        (
            "resolvers/Query.search.js",
            "// @dataSource search\nexport function request() {\n  return { operation: 'POST', path: '/posts-*,logs/_search', params: {\n\
             \x20   queryString: { typed_keys: true }, body: { query: { match: { author: 'Zoë' } } } } };\n}\n\
             export function response(ctx) { return ctx.result; }\n",
        ),
        (
            "resolvers/Query.invoke.js",
            "// @dataSource models\nimport { invokeModel } from '@aws-appsync/utils/ai';\nexport function request() {\n\
             \x20 return invokeModel({ modelId: 'arn:aws:bedrock:us-east-1:1:inference-profile/us.model-v1:0', body: { prompt: 'hi' },\n\
             \x20   guardrailIdentifier: 'gr-1', guardrailVersion: '1' });\n}\n\
             export function response(ctx) { return ctx.result; }\n",
        ),
        (
            "resolvers/Query.converse.js",
            "// @dataSource models\nimport { converse } from '@aws-appsync/utils/ai';\nexport function request() {\n\
             \x20 return converse({ modelId: 'model-v1:0', messages: [{ role: 'user', content: [{ text: 'hi' }] }] });\n}\n\
             export function response(ctx) { return ctx.result; }\n",
        ),
        (
            "resolvers/Query.call.js",
            "// @dataSource function\nexport function request() { return { operation: 'Invoke', payload: { name: 'Zoë' } }; }\n\
             export function response(ctx) { return ctx.result; }\n",
        ),
        (
            // The endpoint's answer is none of PutEvents, which is not the matter here.
            "resolvers/Query.put.js",
            "// @dataSource bus\nexport function request() {\n\
             \x20 return { operation: 'PutEvents', events: [{ source: 's', detailType: 't', detail: { name: 'Zoë' } }] };\n}\n\
             export function response(ctx) { return {}; }\n",
        ),
    ]);
    let server = definition.serve();
    let mut judged = Vec::new();
    for path in ["/v1/users/1", "/", "/a//b/", "/x:y@z,(1)'!$&+;=", "/caf%C3%A9/100%25/%2F", "/with?query=1+2&flag&=x&a=%2B"] {
        let mut body = Object::new();
        body.insert("query", "query ($path: String!) { users(path: $path) }");
        body.insert("variables", value!({"path": (path)}));
        let answer = server.client().post(&Value::from(body).to_json());
        assert_eq!(answer.body, "{\"data\":{\"users\":\"200\"}}", "{path}");
        judged.push(evidence(&arrived.recv().expect("a request"), "execute-api", "eu-west-1", Some(TOKEN)));
    }
    for (field, service, region) in [
        ("search", "es", "eu-central-1"),
        ("invoke", "bedrock", "us-east-1"),
        ("converse", "bedrock", "us-east-1"),
        ("call", "lambda", "eu-west-2"),
        ("put", "events", "eu-west-3"),
    ] {
        let answer = server.client().query(&format!("{{ {field} }}"));
        assert_eq!(answer.body, format!("{{\"data\":{{\"{field}\":\"{{}}\"}}}}"));
        judged.push(evidence(&arrived.recv().expect("a request"), service, region, None));
    }
    judge(judged);
    let log = server.log();
    for secret in [SECRET, TOKEN, "Signature="] {
        assert!(!log.contains(secret), "no secret is logged");
    }
}

/// Nothing of the caller's own settings for AWS, and no metadata service.
fn environment<'a>(home: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut environment: Vec<_> =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"]
            .into_iter()
            .chain(["AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
            .map(|name| (name, ""))
            .collect();
    environment.extend([("HOME", home), ("AWS_EC2_METADATA_DISABLED", "true")]);
    environment.extend(more);
    environment
}

#[test]
fn who_signs_is_found_where_aws_tools_look() {
    if !servers_are_wanted() {
        return;
    }
    let (url, arrived) = endpoint();
    let definition = Definition::new();
    let source = |name: &str, endpoint: &str, region: &str| {
        format!(
            "[api.data_sources.{name}]\ntype = \"HTTP\"\nendpoint = \"{endpoint}\"\n[api.data_sources.{name}.authorization_config]\n\
             authorization_type = \"AWS_IAM\"\naws_iam_config = {{ signing_service_name = \"execute-api\"{region} }}\n\n"
        )
    };
    let sources = [
        source("near", &url, ""),
        source("far", "http://service.invalid", ", signing_region = \"eu-west-1\""),
        source("nowhere", "http://service.invalid", ""),
    ];
    definition.write("config.toml", &(config("") + "\n" + &sources.concat()));
    definition.write("schema.graphql", "type Query { near: String far: String nowhere: String }");
    for name in ["near", "far", "nowhere"] {
        let code = format!(
            "// @dataSource {name}\nexport function request() {{ return {{ method: 'GET', resourcePath: '/' }}; }}\n\
             export function response(ctx) {{ return ctx.error ? `${{ctx.error.type}}: ${{ctx.error.message}}` : ctx.result.body; }}\n"
        );
        definition.write(&format!("resolvers/Query.{name}.js"), &code);
    }
    definition.write("home/.aws/credentials", &format!("[blog]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"));
    definition.write("home/.aws/config", "[profile blog]\nregion = ap-southeast-2\n");
    let home = definition.path("home").to_str().expect("a path in UTF-8").to_owned();
    let ask = |environment: &[(&str, &str)], field: &str| {
        let answer = definition.serve_with(environment).client().query(&format!("{{ {field} }}")).body;
        let body = Value::parse(answer.as_bytes()).expect("JSON");
        body.at(&["data", field]).as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let variables = environment(
        &home,
        &[
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", TOKEN),
            ("AWS_REGION", "eu-north-1"),
        ],
    );
    assert_eq!(ask(&variables, "near"), "{}");
    let mut judged = vec![evidence(&arrived.recv().expect("a request"), "execute-api", "eu-north-1", Some(TOKEN))];
    let profile = environment(&home, &[("AWS_PROFILE", "blog")]);
    assert_eq!(ask(&profile, "near"), "{}");
    judged.push(evidence(&arrived.recv().expect("a request"), "execute-api", "ap-southeast-2", None));
    judge(judged);
    // Nobody says who signs: on this machine it does not matter, elsewhere nothing is sent.
    let nothing = environment(&home, &[]);
    assert_eq!(ask(&nothing, "near"), "{}");
    let made_up = arrived.recv().expect("a request");
    let scope = "/us-east-1/execute-api/aws4_request";
    assert!(
        made_up.headers.iter().any(|(name, text)| name == "authorization" && text.contains("=local/") && text.contains(scope))
    );
    let far = ask(&nothing, "far");
    let told = "Http:SigningException: No AWS credentials to sign with; the server's log says what was tried, and the way out.";
    assert_eq!(far, told);
    let nowhere = ask(&nothing, "nowhere");
    assert!(nowhere.starts_with("Http:SigningException: No region is known: "), "{nowhere}");
}

#[test]
fn the_client_of_services_signs_as_botocore_does() {
    if !servers_are_wanted() {
        return;
    }
    let (url, arrived) = endpoint();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clients = AwsClients::default();
    let mut judged = Vec::new();
    let all_bytes: Vec<u8> = (0..=255).collect();
    for (service, path, query, body, token) in [
        (
            "lambda",
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/invocations",
            vec![],
            &b"{}"[..],
            None,
        ),
        ("lambda", "/2015-03-31/functions/f/invocations", vec![("Qualifier", "$LATEST")], b"", Some(TOKEN)),
        ("events", "/", vec![("b", "2"), ("a", "2"), ("a", "1"), ("A", "é +/%~*"), ("empty", "")], &all_bytes, None),
        ("rds-data", "/Execute", vec![], &[b'x'; 70_000], None),
        ("aoss", "/posts/_search", vec![], b"{\"size\":1}", Some(TOKEN)),
        ("s3", "/bucket/a//b%20c/%2B%3A", vec![("list-type", "2")], b"", None),
        ("s3", "/bucket/plain", vec![], b"content", Some(TOKEN)),
    ] {
        let client = clients
            .service(ServiceSettings {
                signing_name: service,
                endpoint_prefix: service,
                region: Some("eu-west-1".into()),
                endpoint: Some(url.as_str().into()),
                credentials: Some(AwsCredentials {
                    access_key_id: KEY.into(),
                    secret_access_key: Secret::new(SECRET),
                    session_token: token.map(Secret::new),
                }),
            })
            .expect("a service");
        let mut request = AwsRequest {
            method: http::Method::POST,
            path: path.to_owned(),
            query: query.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::copy_from_slice(body),
        };
        request.headers.insert("x-amz-target", http::HeaderValue::from_static("AWSEvents.PutEvents"));
        request.headers.insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.1"));
        let deadline = Instant::now() + Duration::from_secs(30);
        let answer = runtime.block_on(client.send(request, deadline, 1000)).expect("an answer");
        assert_eq!(&answer.body[..], b"{}");
        judged.push(evidence(&arrived.recv().expect("a request"), service, "eu-west-1", token));
    }
    judge(judged);
}
