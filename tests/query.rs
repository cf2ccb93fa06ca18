//! `syncgate query`: the running server, asked as somebody whom the definition knows.

#[path = "clients/club.rs"]
mod club;
mod harness;

use std::io::Write;
use std::process::Stdio;

use harness::{Definition, Output, Server, answering, command, run};
use value::{Value, value};

/// What must not be seen anywhere.
const SECRETS: [&str; 5] = [club::KEY, "ann/secret", "guest/secret", "guest/session", "da2-expired"];

/// Asks as somebody does who knows the port by the definition.
fn ask(definition: &Definition, server: &Server, arguments: &[&str]) -> Output {
    let mut command = command();
    command.current_dir(definition.path(".")).env("SYNCGATE_SERVER__PORT", server.address.port().to_string());
    command.arg("query").args(arguments);
    let output = run(command);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{said}");
    output
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &[&str]) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(code), stdout), "{}", output.stderr);
    assert_eq!(output.stderr.is_empty(), stderr.is_empty(), "{}", output.stderr);
    for words in stderr {
        assert!(output.stderr.contains(words), "{words}\n{}", output.stderr);
    }
}

/// `identity` of an answer.
#[track_caller]
fn identity(output: &Output) -> Value {
    assert_eq!(output.code, Some(0), "{output:?}");
    let answer = Value::parse(output.stdout.as_bytes()).expect("JSON");
    let text = answer.get("data").and_then(|data| data.get("identity")).and_then(Value::as_str);
    text.map_or(Value::Null, |text| Value::parse(text.as_bytes()).expect("JSON in a text"))
}

#[test]
fn a_request_comes_from_whom_as_names() {
    let definition = club::definition();
    let server = definition.serve();
    let ask = |arguments: &[&str]| ask(&definition, &server, arguments);

    for arguments in [&["{ identity keysOnly }"][..], &["{ identity keysOnly }", "--as", "key"]] {
        check(&ask(arguments), 0, "{\"data\":{\"identity\":null,\"keysOnly\":\"for keys\"}}\n", &[]);
    }
    let ann = identity(&ask(&["{ identity }", "--as", "iam:ann"]));
    for (field, expected) in [
        ("accountId", Value::from("123456789012")),
        ("userArn", "arn:aws:iam::123456789012:user/ann".into()),
        ("username", "ann".into()),
        ("sourceIp", vec![Value::from("127.0.0.1")].into()),
        ("cognitoIdentityId", Value::Null),
    ] {
        assert_eq!(ann.get(field), Some(&expected), "{field}");
    }
    // Temporary credentials, of an identity pool.
    let guest = identity(&ask(&["{ identity }", "--as", "iam:guest"]));
    for (field, expected) in [
        ("userArn", "arn:aws:sts::123456789012:assumed-role/guests/CognitoIdentityCredentials"),
        ("username", "AROAGUEST:CognitoIdentityCredentials"),
        ("cognitoIdentityPoolId", "eu-west-1:11111111-2222-3333-4444-555555555555"),
        ("cognitoIdentityId", "eu-west-1:66666666-7777-8888-9999-000000000000"),
        ("cognitoIdentityAuthType", "authenticated"),
        ("cognitoIdentityAuthProvider", "\"cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool\""),
    ] {
        assert_eq!(guest.get(field).and_then(Value::as_str), Some(expected), "{field}");
    }
}

#[test]
fn a_user_of_the_local_pool_asks() {
    let definition = club::definition();
    let pool = "[[user_pool]]\nuser_pool_id = \"eu-west-1_Club\"\nclients = [{ client_id = \"web\" }, { client_id = \"app\" }]\n\
                users = [{ username = \"ann\", groups = [\"editors\"] }]\n";
    let issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Club";
    let cognito = "\"AMAZON_COGNITO_USER_POOLS\"\nuser_pool_config = { user_pool_id = \"eu-west-1_Club\", app_id_client_regex = \"app\" }\n";
    let oidc = format!("\"OPENID_CONNECT\"\nopen_id_connect_config = {{ issuer = \"{issuer}\", client_id = \"app\" }}\n");
    let config = definition.read("config.toml");
    let schema = definition.read("schema.graphql");
    for (mode, directive) in [(cognito, "@aws_cognito_user_pools"), (&*oidc, "@aws_oidc")] {
        let mode = format!("[[api.additional_authentication_providers]]\nauthentication_type = {mode}\n[[api.api_keys]]");
        definition.write("config.toml", &format!("{}{pool}", config.replacen("[[api.api_keys]]", &mode, 1)));
        definition.write("schema.graphql", &schema.replacen("@aws_iam", &format!("@aws_iam {directive}"), 1));
        let server = definition.serve();
        let ask = |arguments: &[&str]| ask(&definition, &server, &[&["{ identity }", "--data", "data"][..], arguments].concat());
        let ann = identity(&ask(&["--as", "user:ann"]));
        assert_eq!(ann.at(&["issuer"]).as_str(), Some(issuer), "{ann}");
        if directive == "@aws_oidc" {
            assert_eq!((ann.at(&["sub"]).as_str(), ann.get("groups")), (Some("ann"), None), "{ann}");
            let output = ask(&["--as", "user:ann", "--group", "guests"]);
            check(&output, 2, "", &["error: --as user:ann: "]);
            continue;
        }
        assert_eq!((ann.at(&["username"]).as_str(), ann.at(&["groups"])), (Some("ann"), &value!(["editors"])), "{ann}");
        let groups = ["--as", "user:zoe", "--group", "guests", "--group", "rowers"];
        assert_eq!(identity(&ask(&groups)).at(&["groups"]), &value!(["guests", "rowers"]));
        // Another data folder has another key.
        let output = crate::ask(&definition, &server, &["{ identity }", "--data", "other", "--as", "user:ann"]);
        let words = ["error: user:ann is refused: 401 UnauthorizedException\n", "= help: why a token does not hold stands in"];
        check(&output, 2, &output.stdout, &words);
        assert!(!output.stdout.contains("eyJ") && !server.log().contains("eyJ"), "no token is shown");
    }
}

#[test]
fn errors_of_graphql_end_with_one() {
    let definition = club::definition();
    let server = definition.serve();
    let ask = |arguments: &[&str]| ask(&definition, &server, arguments);
    let output = ask(&["{ minutes echo(text: \"hi\") }", "--as", "iam:guest"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stdout.contains(r#""minutes":null"#) && output.stdout.contains(r#""echo":"hi""#), "{}", output.stdout);
    assert!(output.stdout.contains("Not Authorized to access minutes on type Query"), "{}", output.stdout);
    assert_eq!(ask(&["{ nothing }"]).code, Some(1));
}

#[test]
fn documents_and_variables_come_from_arguments_files_and_standard_input() {
    let definition = club::definition();
    definition.write("queries/echo.graphql", "query Echo($text: String) { echo(text: $text) }\nquery Other { keysOnly }\n");
    definition.write("variables.json", "{\"text\": \"from a file: ü\"}");
    let server = definition.serve();
    let ask = |arguments: &[&str]| ask(&definition, &server, arguments);

    let output = ask(&["query ($text: String) { echo(text: $text) }", "--variables", r#"{"text": "\"1\" $2"}"#]);
    check(&output, 0, "{\"data\":{\"echo\":\"\\\"1\\\" $2\"}}\n", &[]);
    let file = "@queries/echo.graphql";
    let output = ask(&[file, "--operation", "Echo", "--variables", "@variables.json"]);
    check(&output, 0, "{\"data\":{\"echo\":\"from a file: ü\"}}\n", &[]);
    check(&ask(&[file, "--operation", "Other"]), 0, "{\"data\":{\"keysOnly\":\"for keys\"}}\n", &[]);
    assert_eq!(ask(&[file]).code, Some(1), "which operation is not said");

    let mut command = command();
    let url = format!("http://localhost:{}", server.address.port());
    command.current_dir(definition.path(".")).args(["query", "-", "--url", &url]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(b"# words\n{ echo(text: \"piped\") }\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"data\":{\"echo\":\"piped\"}}\n");

    for (arguments, words) in [
        (&["  "][..], "error: the document is empty"),
        (&["@missing.graphql"], "error: cannot read missing.graphql: "),
        (&["{ identity }", "--variables", "[1]"], "error: the variables are no JSON object"),
        (&["{ identity }", "--variables", "{id: 1}"], "error: the variables are not JSON: "),
        (&["{ identity }", "--variables", "@missing.json"], "error: cannot read missing.json: "),
    ] {
        check(&ask(arguments), 2, "", &[words]);
    }
}

#[test]
fn whom_nobody_knows_is_refused_here() {
    let definition = club::definition();
    let server = definition.serve();
    for (identity, words) in [
        ("iam:anne", &["error: no IAM principal of this API is called `anne`", "= help: did you mean iam:ann?"][..]),
        ("iam:zoe", &["called `zoe`", "= help: --as key\n", "= help: --as iam:ann\n", "= help: --as iam:guest\n"]),
        ("iam", &["error: --as iam lacks the name of a principal", "= help: --as is one of: user:NAME, iam:NAME"]),
        ("user:ann", &["error: --as user:ann: the definition has no [[user_pool]]", "= help: [[user_pool]] defines a pool"]),
        ("da2-clubkey", &["error: --as names no identity that is known"]),
        ("key:zwölf", &["error: the key or token has characters that no header can hold"]),
    ] {
        check(&ask(&definition, &server, &["{ identity }", "--as", identity]), 2, "", words);
    }
    let output = ask(&definition, &server, &["{ identity }", "--as", "iam:ann", "--group", "editors"]);
    check(&output, 2, "", &["error: --group has no effect here"]);
}

#[test]
fn what_the_server_refuses_is_told_with_a_way_out() {
    let definition = club::definition();
    let server = definition.serve();
    let unauthorized =
        r#"{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#;
    let output = ask(&definition, &server, &["{ identity }", "--as", "key:da2-wrong00000000000000000000"]);
    let words =
        ["error: the API key …0000 is refused: 401 UnauthorizedException\n", "= help: a server reads its definition when"];
    check(&output, 2, &format!("{unauthorized}\n"), &words);
    let output = ask(&definition, &server, &["{ identity }", "--as", "token:custom-authorized"]);
    let words = [
        "error: the token is refused: 401 UnauthorizedException",
        "= help: that is AMAZON_COGNITO_USER_POOLS or OPENID_CONNECT or AWS_LAMBDA, and the authorization modes of this API are \
         API_KEY, AWS_IAM",
    ];
    check(&output, 2, &output.stdout, &words);

    // AppSync does not say where a document is wrong.
    let output = ask(&definition, &server, &["{ identity\n  echo(text: ) }"]);
    let words = ["error: the request is refused: 400 MalformedHttpRequestException\n", "(line 2, column 14)\n"];
    check(&output, 2, &output.stdout, &words);

    // Another secret than the server's: its answer shows the headers as they should have been signed.
    let config = definition.read("config.toml").replace("guest/secret+access/key", "guest/secret+access/kez");
    definition.write("config.toml", &config);
    let output = ask(&definition, &server, &["{ identity }", "--as", "iam:guest"]);
    assert!(output.stdout.contains("x-amz-security-token:…"), "{}", output.stdout);
    let words = ["error: iam:guest (access key ASIAGUEST) is refused: 403 InvalidSignatureException", "= help: a server reads"];
    check(&output, 2, &output.stdout, &words);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let definition = club::definition();
    let mut server = definition.serve();
    server.kill();
    let output = ask(&definition, &server, &["{ identity }"]);
    let url = format!("error: no server answers at http://{}/graphql: ", server.address);
    check(&output, 2, "", &[&url, "= help: start it: syncgate serve\n", "--url http://localhost:PORT"]);
    let output = definition.run(&["query", "{ identity }", "--config", "other/config.toml"]);
    check(&output, 2, "", &["other/config.toml"]);
}

#[test]
fn another_program_on_the_port_is_told() {
    let address = answering([
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\n<p>ho",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"data\"",
    ]);
    let definition = club::definition();
    let url = format!("http://{address}");
    for words in [
        format!("error: what answers at {url}/graphql is no GraphQL API: status 404, text/html"),
        format!("error: what answers at {url}/graphql is no GraphQL API: status 200, application/json"),
        format!("error: The answer of {url}/graphql broke off: "),
    ] {
        check(&definition.run(&["query", "{ identity }", "--url", &url]), 2, "", &[&words]);
    }
}

#[test]
fn the_key_that_the_server_made_is_found() {
    let definition = club::definition();
    let config = definition.read("config.toml");
    let (before, rest) = config.split_once("[[api.api_keys]]").expect("keys");
    let (_, after) = rest.split_once("# An IAM user").expect("principals");
    definition.write("config.toml", &format!("{before}#{after}"));
    let data = ["--data", "data"];
    let missing = definition.run(&[&["query", "{ keysOnly }"][..], &data].concat());
    check(&missing, 2, "", &["error: there is no API key in data/club yet", "= help: the server makes one when it starts"]);
    assert!(!definition.path("data").exists(), "asking leaves nothing behind");
    let server = definition.serve();
    let output = ask(&definition, &server, &["{ keysOnly }", "--data", "data"]);
    check(&output, 0, "{\"data\":{\"keysOnly\":\"for keys\"}}\n", &[]);
    let key = definition.read("data/club/api-key");
    let output = ask(&definition, &server, &["{ keysOnly }", "--as", &format!("key:{}", key.trim())]);
    check(&output, 0, "{\"data\":{\"keysOnly\":\"for keys\"}}\n", &[]);
}

#[test]
fn one_of_several_apis_is_named() {
    let api = |name: &str| {
        format!(
            "[[api]]\nname = \"{name}\"\nauthentication_type = \"AWS_IAM\"\nschema = \"schema.graphql\"\n\
             [[api.iam_principals]]\nname = \"{name}-user\"\naccess_key_id = \"AKID{name}\"\nsecret_access_key = \"secret of {name}\"\n\
             policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n"
        )
    };
    let definition = Definition::of(&[("config.toml", &(api("One") + &api("Two"))), ("schema.graphql", "type Query { a: Int }")]);
    let server = definition.serve();
    let ask = |arguments: &[&str]| ask(&definition, &server, arguments);
    let typename = "{\"data\":{\"__typename\":\"Query\"}}\n";
    check(&ask(&["{ __typename }", "--api", "two", "--as", "iam:Two-user"]), 0, typename, &[]);
    check(&ask(&["{ __typename }", "--api", "One", "--as", "iam:One-user"]), 0, typename, &[]);
    let url = format!("http://{}/apis/one/graphql", server.address);
    check(&ask(&["{ __typename }", "--api", "one", "--as", "iam:One-user", "--url", &url]), 0, typename, &[]);
    check(&ask(&["{ a }"]), 2, "", &["error: several APIs are defined", "= help: --api one, --api two"]);
    check(&ask(&["{ a }", "--api", "tow"]), 2, "", &["error: no API has the id or name `tow`", "did you mean `two`?"]);
    check(&ask(&["{ a }", "--api", "one"]), 2, "", &["error: say who asks with --as", "= help: --as iam:One-user"]);
    check(&ask(&["{ a }", "--api", "one", "--as", "key"]), 2, "", &["error: API_KEY is no authorization mode"]);
    check(&ask(&["{ a }", "--api", "one", "--as", "iam:Two-user"]), 2, "", &["no IAM principal of this API"]);
    // A principal of one API is nobody in the other.
    let url = format!("http://{}/apis/two/graphql", server.address);
    let output = ask(&["{ a }", "--api", "one", "--as", "iam:One-user", "--url", &url]);
    check(&output, 2, &output.stdout, &["403 UnrecognizedClientException", "if another definition's server listens there"]);
}

#[test]
fn secrets_stay_on_this_machine_and_in_development() {
    let definition = club::definition();
    for url in ["http://192.0.2.1:4000", "https://example.com/graphql", "http://localhost.example.com"] {
        check(&definition.run(&["query", "{ identity }", "--url", url]), 2, "", &["error: --url must lead to this machine"]);
    }
    for (url, words) in
        [("localhost:4000", "must begin with http://"), ("http://ann:secret@localhost", "must not contain credentials")]
    {
        let output = definition.run(&["query", "{ identity }", "--url", url]);
        check(&output, 2, "", &["error: --url: ", words]);
        assert!(!output.stderr.contains("secret@"), "{}", output.stderr);
    }
    let with = |name: &str, text: &str| {
        let mut command = command();
        command.current_dir(definition.path(".")).args(["query", "{ identity }"]).env(name, text);
        run(command)
    };
    check(&with("SYNCGATE_SERVER__MODE", "production"), 2, "", &["`syncgate query` exists in development mode only"]);
    check(&with("SYNCGATE_SERVER__PORT", "0"), 2, "", &["chooses its port itself", "--url http://localhost:PORT"]);
    check(&with("SYNCGATE_SERVER__PORT", "many"), 2, "", &["error[", "1 error"]);
}
