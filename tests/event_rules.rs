//! Rules that are refused: `syncgate check` names the rule, the fault and the way out, and `serve` does not start with them.

mod harness;

use harness::{Definition, config};

const SCHEMA: &str = "type Query { a: String } type Mutation { m(id: ID!): String }";

/// What `check` says of a definition with these rules beside its API.
fn check(rules: &str) -> (Option<i32>, String) {
    let definition = definition(rules);
    let output = definition.run(&["check"]);
    (output.code, output.stdout)
}

fn definition(rules: &str) -> Definition {
    Definition::of(&[("config.toml", &format!("{}\n{rules}", config(""))), ("schema.graphql", SCHEMA)])
}

fn rule(members: &str, target: &str) -> String {
    format!("[[event_rule]]\nname = \"r\"\n{members}\n[[event_rule.targets]]\nid = \"t\"\n{target}\n")
}

const PATTERN: &str = "event_pattern = { source = [\"shop\"] }";

#[test]
fn a_rule_that_could_not_work_is_refused() {
    let mutation =
        |document: &str| format!("graphql_operation = '{document}'\nidentity = {{ authentication_type = \"API_KEY\" }}");
    let target = |target: &str| rule(PATTERN, target);
    let pattern = |pattern: &str| rule(pattern, "log = true");
    for (rules, rule_name, message) in [
        (pattern(""), "missing-key", "`event_rule.event_pattern` is missing"),
        (
            pattern("event_pattern = { source = \"shop\" }"),
            "invalid-event-pattern",
            "event rule r: Event pattern is not valid. Reason: \"source\" must be an object or an array (at source)",
        ),
        (
            pattern("event_pattern = '{\"detail\": {\"n\": [{\"numeric\": [\">\"]}]}}'"),
            "invalid-event-pattern",
            "Reason: Value of > must be numeric (at detail.n.numeric)",
        ),
        (pattern("event_pattern = '{'"), "invalid-value", "`event_rule.event_pattern` is no JSON"),
        (pattern("event_pattern = { source = [2026-01-01] }"), "wrong-type", "must be a string, not a date"),
        (pattern("event_pattern = { source = [inf] }"), "wrong-type", "must be a number of JSON"),
        (pattern(&format!("{PATTERN}\nstate = \"ON\"")), "invalid-value", "`event_rule.state` cannot be `ON`"),
        (pattern(&format!("{PATTERN}\nschedule_expression = \"rate(1 minute)\"")), "unsupported-event-rule", "on a schedule"),
        (
            pattern(&format!("{PATTERN}\nevent_bus_name = \"a b\"")),
            "invalid-value",
            "`event_rule.event_bus_name` cannot be `a b`",
        ),
        (format!("{0}{0}", target("log = true")), "duplicate-event-rule", "two event rules of the bus `default` are called `r`"),
        (target(""), "invalid-event-target", "says nothing about where its events go"),
        (target("log = true\nhttp = \"http://h\""), "invalid-event-target", "names several: http, log"),
        (target("log = false"), "invalid-event-target", "`log` can only be true"),
        (target("log = true\ninput = {}\ninput_path = \"$\""), "invalid-event-target", "has input and input_path"),
        (target("log = true\ninput_path = \"detail\""), "invalid-event-input", "'detail' is no path: it begins with $"),
        (
            target("log = true\ninput_transformer = { input_template = '{\"a\": <b>}' }"),
            "invalid-event-input",
            "target t of event rule r: the input_template has <b>, which is not in input_paths_map",
        ),
        (target("http = \"ftp://h\""), "invalid-value", "is no URL"),
        (target("http = \"https://user:secret@h/\""), "invalid-endpoint", "must not contain credentials"),
        (target("lambda_function = \"listen\""), "unknown-function", "target t of event rule r: there is no function listen"),
        (target("graphql_operation = 'mutation { m(id: 1) }'"), "missing-key", "`event_rule.targets.identity` is missing"),
        (
            target("graphql_operation = 'mutation { m(id: 1) }'\nidentity = { authentication_type = \"AWS_IAM\" }"),
            "unknown-authentication-type",
            "AWS_IAM is no authorization mode of the API test",
        ),
        (target(&mutation("mutation { n }")), "invalid-graphql-operation", "Field 'n' in type 'Mutation' is undefined @ 'n'"),
        (target(&mutation("mutation { m }")), "invalid-graphql-operation", "Missing field argument id @ 'm'"),
        (target(&mutation("{ a }")), "invalid-graphql-operation", "the operation is no mutation"),
        (target(&mutation("mutation {")), "invalid-graphql-operation", "target t of event rule r: "),
        (target(&format!("api = \"tset\"\n{}", mutation("mutation { m(id: 1) }"))), "unknown-api", "there is no API tset"),
        (target("log = true\nretry_policy = { maximum_retry_attempts = 186 }"), "invalid-value", "between 0 and 185"),
        (target("log = true\nunknown = 1"), "unknown-key", "unknown key `event_rule.targets.unknown`"),
    ] {
        let (code, output) = check(&rules);
        assert_eq!(code, Some(1), "{rules}\n{output}");
        assert!(output.contains(message) && output.contains(&format!("[{rule_name}]")), "{rules}\n{output}\nnot: {message}");
        assert!(!output.contains("secret@"), "{output}");
    }
}

#[test]
fn a_slip_that_is_no_fault_is_a_warning() {
    let source = "[api.data_sources.bus]\ntype = \"AMAZON_EVENTBRIDGE\"\nevent_bus_arn = \"shop\"\n";
    for (rules, rule_name, message) in [
        (rule("event_pattern = { detail_type = [\"x\"] }", "log = true"), "unknown-event-member", "Did you mean detail-type?"),
        (
            rule(&format!("{PATTERN}\nevent_bus_name = \"shops\""), "log = true"),
            "unread-event-bus",
            "data source bus: no event rule reads the bus shop",
        ),
        (rule(PATTERN, "log = true\ndead_letter_config = { arn = \"a\" }"), "without-effect", "dead_letter_config"),
    ] {
        let (code, output) = check(&format!("{source}{rules}"));
        assert_eq!(code, Some(0), "{output}");
        assert!(output.contains(message) && output.contains(&format!("[{rule_name}]")), "{rules}\n{output}");
    }
}

#[test]
fn nothing_is_served_with_a_refused_rule() {
    let definition = definition(&rule(PATTERN, "lambda_function = \"listen\""));
    let output = definition.run(&["serve", "--port", "0"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("there is no function listen"), "{}", output.stderr);
}

/// What is under way when the server is told to stop is delivered, or said to be lost.
#[test]
fn events_that_wait_at_the_end_are_in_the_log() {
    let target = "http = \"http://127.0.0.1:9/\"\nretry_policy = { maximum_retry_attempts = 100 }";
    let rules = format!("[server]\nshutdown_grace = \"500ms\"\n{}", rule(PATTERN, target));
    let mut server = definition(&rules).serve();
    let event = r#"{"Entries": [{"Source": "shop", "DetailType": "t", "Detail": "{}"}]}"#;
    let answer = server.client().request("POST", "/eventbridge/", &[("x-amz-target", "AWSEvents.PutEvents")], event);
    assert_eq!(answer.status, 200, "{}", answer.body);
    server.terminate();
    server.wait();
    let log = server.log();
    let line = log.lines().find(|line| line.contains("an event could not be delivered")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("rule=\"r\" target=\"t\"") && line.contains("the server was stopped before"), "{line}");
}
