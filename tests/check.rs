//! `syncgate check`: every problem at once, each with its place and a way out, and nothing is run.

mod harness;

use harness::{Definition, Output, config};
use value::Value;

/// A definition with one problem of each kind.
fn broken() -> Definition {
    let config = config(
        "nam = \"x\"\nquery_depth_limit = \"deep\"\nstrict = true\n\
         [[api.resolvers]]\ntype = \"Query\"\nfield = \"missing\"\ndata_source = \"none\"\ncode = \"nowhere.js\"\n\
         [[api.resolvers]]\ntype = \"Query\"\nfield = \"lost\"\ndata_source = \"nune\"\ncode = \"fine.js\"",
    );
    Definition::of(&[
        ("config.toml", &config.replace("\"schema.graphql\"", "[\"a.graphql\", \"b.graphql\"]")),
        ("a.graphql", "type Query { code: Strin  lost: Int template: Int }\n"),
        ("b.graphql", "type Post {\n  id: ID\n  id: ID\n}\n"),
        ("fine.js", "export function request() { return {}; }\n"),
        (
            "resolvers/Query.code.js",
            "// @dataSource none\nexport function request() {\n  while (true) {}\n}\nexport function response() {}\n",
        ),
        ("resolvers/Query.nothing.js", "// @dataSource none\nexport function request() { return {}; }\n"),
        ("resolvers/Query.template.request.vtl", "## @dataSource none\n#if($x)\nno end\n"),
    ])
}

/// The lines of `--format json`.
fn findings(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines().map(|line| Value::parse(line.as_bytes()).expect("a line is JSON"));
    lines.flat_map(|line| line.get("diagnostics").and_then(Value::as_list).expect("diagnostics").to_vec()).collect()
}

#[test]
fn all_problems_are_reported_together() {
    let output = broken().run(&["check", "--format", "json"]);
    assert_eq!(output.code, Some(1));
    let found: Vec<String> = findings(&output)
        .iter()
        .map(|finding| {
            let text = |name: &str| {
                finding.get(name).map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned)).expect("a member")
            };
            assert!(!text("message").is_empty() && text("line") != "null", "{finding}");
            format!("{} {}:{}:{}", text("rule"), text("file"), text("line"), text("column"))
        })
        .collect();
    for expected in [
        "unknown-key config.toml:5:1",
        "wrong-type config.toml:6:21",
        "missing-file config.toml:12:8",
        "unknown-data-source config.toml:16:15",
        "unknown-field resolvers/Query.nothing.js:1:1",
        "no-while resolvers/Query.code.js:3:3",
        "template-syntax resolvers/Query.template.request.vtl:",
        "a.graphql:1:20",
        "b.graphql:3:3",
    ] {
        assert!(found.iter().any(|found| found.contains(expected)), "{expected} is missing in {found:#?}");
    }
}

#[test]
fn text_names_place_rule_and_way_out() {
    let output = broken().run(&["check"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""));
    for expected in [
        "error[unknown-key]",
        "config.toml:5:1",
        "= help:",
        "error[no-while]",
        "resolvers/Query.code.js:3:3",
        "  while (true) {}",
        "did you mean `none`?",
        " errors",
    ] {
        assert!(output.stdout.contains(expected), "{expected:?} is missing in\n{}", output.stdout);
    }
}

#[test]
fn the_example_has_no_errors() {
    let definition = Definition::example();
    let output = definition.run(&["check", "--format", "json"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout, "{\"file\":\"config.toml\",\"diagnostics\":[]}\n");
    assert!(!definition.path(".syncgate").exists(), "nothing is written");
}

#[test]
fn single_files_give_one_object_each() {
    let definition = Definition::of(&[
        ("a.graphql", "type Query { a: Int }\ntype T { b: Missing }\n"),
        ("b.vtl", "#set($x = )\n"),
        ("c.js", "export function request() {\n  for (;;) {}\n}\n"),
        ("d.ts", "export const request = (ctx: object): object => ({});\n"),
        ("e.txt", ""),
    ]);
    let files = ["a.graphql", "b.vtl", "c.js", "./d.ts", "e.txt", "f.js"];
    let arguments: Vec<&str> = ["check", "--strict", "--format", "json"].into_iter().chain(files).collect();
    let output = definition.run(&arguments);
    assert_eq!(output.code, Some(1));
    let lines: Vec<Value> = output.stdout.lines().map(|line| Value::parse(line.as_bytes()).expect("JSON")).collect();
    let shown: Vec<(&str, Vec<&str>)> = lines
        .iter()
        .map(|line| {
            let diagnostics = line.get("diagnostics").and_then(Value::as_list).expect("diagnostics");
            let rules = diagnostics.iter().filter_map(|finding| finding.get("rule")?.as_str()).collect();
            (line.get("file").and_then(Value::as_str).expect("a file"), rules)
        })
        .collect();
    assert_eq!(shown.iter().map(|(file, _)| *file).collect::<Vec<_>>(), files);
    for (file, rules) in &shown {
        assert_eq!(rules.is_empty(), *file == "./d.ts", "{file}: {rules:?}");
    }
    assert_eq!(shown[2].1, ["no-for"]);
    assert_eq!(shown[4].1, ["unknown-file-kind"]);
    assert_eq!(shown[5].1, ["missing-file"]);
}

#[test]
fn clean_single_files_exit_with_0() {
    let definition = Definition::of(&[("a.graphql", "type Query { a: Int }\n"), ("b.vtl", "{}\n")]);
    let output = definition.run(&["check", "a.graphql", "b.vtl"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
}

#[test]
fn nothing_is_run_opened_or_written() {
    let busy = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = busy.local_addr().expect("the port").port();
    let definition = Definition::of(&[
        ("config.toml", &format!("[server]\nport = {port}\ndata = \"data\"\n\n{}", config(""))),
        ("schema.graphql", "type Query { a: Int }\n"),
        (
            "resolvers/Query.a.js",
            "// @dataSource none\nconst endless = [1];\nfor (const x of endless) {\n  endless.push(x);\n}\nexport function request() { return {}; }\n",
        ),
    ]);
    let output = definition.run(&["check"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!definition.path("data").exists(), "the data folder is not made");
}

#[test]
fn a_missing_configuration_says_so() {
    let output = Definition::new().run(&["check"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("config.toml"), "{output:?}");
}

/// Tables are judged by DynamoDB's own rules, in memory.
#[test]
fn tables_are_judged_and_not_made() {
    let table = "\n[[table]]\ntable_name = \"t\"\nkey_schema = [{ attribute_name = \"\", key_type = \"HASH\" }]\n";
    let config = harness::config("") + table;
    let definition = Definition::of(&[("config.toml", config.as_str()), ("schema.graphql", "type Query { a: Int }")]);
    let output = definition.run(&["check"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("DynamoDB refuses the table `t`: "), "{output:?}");
    assert!(!definition.path(".syncgate").exists());
}
