//! The endpoint of `EvaluateCode` and `EvaluateMappingTemplate` through the programs that people test resolvers with: boto3, the AWS
//! CLI, the SDK for JavaScript.

mod harness;

use harness::aws_clients::{Cli, check_with_boto3};
use harness::dynamodb_servers::servers_are_wanted;
use harness::node::node;
use harness::{Definition, config, run};
use value::Value;

const PRODUCTION: [(&str, &str); 2] =
    [("SYNCGATE_SERVER__MODE", "production"), ("SYNCGATE_SERVER__SECRET", "a secret of production that is long enough")];
const SECRET: &str = "a secret of a principal";

/// An API with a principal for each of some rights; none of them is needed in development.
fn definition() -> Definition {
    let mut principals = "\n[[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n".to_owned();
    for (name, more) in [("all", ""), ("code", ""), ("nothing", ""), ("session", "session_token = \"a token\"\n")] {
        let policy = if name == "session" { "all" } else { name };
        principals.push_str(&format!(
            "[[api.iam_principals]]\nname = \"{name}\"\naccess_key_id = \"AKID{name}\"\nsecret_access_key = \"{SECRET}\"\n\
             policies = [\"{policy}.json\"]\n{more}"
        ));
    }
    let policy = |action: &str| {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "appsync:{action}", "Resource": "*"}}"#);
        format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)
    };
    Definition::of(&[
        ("config.toml", &format!("{}{principals}", config(""))),
        ("schema.graphql", "type Query { ping: String }"),
        ("all.json", &policy("Evaluate*")),
        ("code.json", &policy("EvaluateCode")),
        ("nothing.json", &policy("GraphQL")),
    ])
}

#[test]
fn boto3_evaluates_in_development_with_any_credentials() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    let endpoint = format!("http://{}", server.address);
    check_with_boto3("evaluate_check.py", &definition.path("."), ("any", "thing"), &[&endpoint, "all"]);
}

#[test]
fn policies_decide_in_production() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve_with(&PRODUCTION);
    let endpoint = format!("http://{}", server.address);
    for (key, secret, rights) in [
        ("AKIDall", SECRET, "all"),
        ("AKIDcode", SECRET, "code"),
        ("AKIDnothing", SECRET, "nothing"),
        ("AKIDstranger", SECRET, "unknown"),
        // Whoever has a session token must send it, and it is not verified here.
        ("AKIDsession", SECRET, "unknown"),
    ] {
        check_with_boto3("evaluate_check.py", &definition.path("."), (key, secret), &[&endpoint, rights]);
    }
    let cli = Cli { definition: &definition, endpoint, credentials: ("AKIDall", "not the secret") };
    let runtime = "name=APPSYNC_JS,runtimeVersion=1.0.0";
    let arguments = ["appsync", "evaluate-code", "--code", "x", "--context", "{}", "--runtime", runtime];
    cli.fails(&arguments, "InvalidSignatureException");
}

#[test]
fn the_command_line_of_aws_evaluates_files() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    definition.write("code.js", "export function response(ctx) {\n  return ctx.result\n}\n");
    definition.write("context.json", "{\"result\": {\"breed\": \"Miniature Schnauzer\"}}");
    definition.write("request.vtl", "{\"id\": \"$ctx.args.id\"}");
    let cli = Cli { definition: &definition, endpoint: format!("http://{}", server.address), credentials: ("any", "thing") };
    let answer = cli.succeeds(&[
        "appsync",
        "evaluate-code",
        "--code",
        "file://code.js",
        "--function",
        "response",
        "--context",
        "file://context.json",
        "--runtime",
        "name=APPSYNC_JS,runtimeVersion=1.0.0",
    ]);
    assert_eq!(answer.get("evaluationResult").and_then(Value::as_str), Some(r#"{"breed":"Miniature Schnauzer"}"#));
    let context = "{\"arguments\": {\"id\": 7}}";
    let arguments = ["appsync", "evaluate-mapping-template", "--template", "file://request.vtl", "--context", context];
    assert_eq!(cli.succeeds(&arguments).get("evaluationResult").and_then(Value::as_str), Some(r#"{"id": "7"}"#));
}

#[test]
fn the_sdk_for_javascript_evaluates() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    let mut command = node(&definition.path("node"), "check.cjs", include_str!("clients/evaluate/check.cjs"));
    command.arg(format!("http://{}", server.address));
    command.envs([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "thing")]);
    let output = run(command);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "passed\n"), "{}", output.stderr);
}
