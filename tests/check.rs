//! `syncgate check`, as it is called: everything that is wrong is reported together, with place, rule and way out.

use std::fs;
use std::path::Path;
use std::process::Command;

use value::Value;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// The exit code and what was printed. `arguments` are said in `folder`.
fn check(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_syncgate"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_remove("SYNCGATE_API__STRICT")
        .output()
        .expect("the binary runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

/// `file:line:column severity rule` of every finding of `--format json`; each has a message and a way out.
fn findings(printed: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in printed.lines() {
        let answer = Value::parse(line.as_bytes()).expect("a JSON object a line");
        for finding in answer.at(&["diagnostics"]).as_list().expect("a list") {
            let text = |name: &str| finding.at(&[name]).as_str().unwrap_or("-").to_owned();
            assert!(text("message").len() > 5 && text("help").len() > 5, "{finding}");
            found.push(format!(
                "{}:{}:{} {} {}",
                text("file"),
                finding.at(&["line"]),
                finding.at(&["column"]),
                text("severity"),
                text("rule")
            ));
        }
    }
    found
}

const CONFIG: &str = r#"[server]
prot = 4000

[api]
name = "Broken"
authentication_type = "API_KEY"
schema = ["schema/*.graphql"]
query_depth_limit = "deep"

[[api.api_keys]]
id = "da2-broken"

[api.data_sources.local]
type = "NONE"

[[api.resolvers]]
type = "Query"
field = "nope"
data_source = "local"
code = "resolvers/_shared.js"

[[api.resolvers]]
type = "Query"
field = "c"
data_source = "nobody"
code = "code/missing.js"
"#;

#[test]
fn all_problems_of_a_definition_are_reported_together() {
    let folder = folder(&[
        ("config.toml", CONFIG),
        ("schema/query.graphql", "type Query {\n  a: Int @typo\n  b: Int\n  c: Int\n}\n"),
        ("schema/post.graphql", "type Post {\n  id: ID!\n}\nscalar Money\n"),
        ("resolvers/_shared.js", "export function request() { return {} }\nexport function response() { return 1 }\n"),
        (
            "resolvers/Query.a.js",
            "// @dataSource local\nimport { utll } from '@aws-appsync/utils';\nexport function request() {\n  while (utll.x) {}\n}\n",
        ),
        ("resolvers/Query.b.request.vtl", "## @dataSource local\n#if($x)\n"),
    ]);
    let (code, printed) = check(folder.path(), &["--format", "json"]);
    let found = findings(&printed);
    for expected in [
        "config.toml:2:1 error unknown-key",
        "config.toml:8:21 error wrong-type",
        "config.toml:16:1 error unknown-field",
        "config.toml:25:15 error unknown-data-source",
        "config.toml:26:8 error missing-file",
        "schema/post.graphql:4:8 warning custom-scalar",
        "schema/query.graphql:2:10 warning unknown-directive",
        "resolvers/Query.a.js:2:10 error unknown-export",
        "resolvers/Query.a.js:4:3 warning no-while",
        "resolvers/Query.b.request.vtl:2:1 error template-syntax",
    ] {
        assert!(found.iter().any(|finding| finding == expected), "{expected} is not among\n{}", found.join("\n"));
    }
    assert_eq!(found.len(), 10, "{}", found.join("\n"));
    assert_eq!(code, Some(1));
    let (code, text) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("error[unknown-key]: unknown key `server.prot`") && text.contains("--> config.toml:2:1"), "{text}");
    assert!(text.trim_end().ends_with("7 errors, 3 warnings"), "{text}");
    assert!(!folder.path().join(".syncgate").exists(), "checking leaves nothing behind");
}

#[test]
fn files_are_judged_one_by_one() {
    let folder = folder(&[
        ("good.graphql", "type Query { a: Int }"),
        ("bad.graphql", "type Query { a: Nope }"),
        ("good.vtl", "$util.toJson($ctx.result)"),
        ("bad.vtl", "#if("),
        ("good.ts", "import { Post } from '@types/api';\nexport function request(ctx: { p: Post }) { return {}; }"),
        ("bad.js", "export function request() { return new Map() }"),
        ("notes.txt", "hello"),
    ]);
    let names = ["good.graphql", "bad.graphql", "good.vtl", "bad.vtl", "good.ts", "bad.js", "notes.txt", "absent.vtl"];
    let (code, printed) = check(folder.path(), &[&["--format", "json"], &names[..]].concat());
    assert_eq!(code, Some(1));
    let answers: Vec<Value> = printed.lines().map(|line| Value::parse(line.as_bytes()).expect("JSON")).collect();
    let files: Vec<&str> = answers.iter().filter_map(|answer| answer.at(&["file"]).as_str()).collect();
    assert_eq!(files, names, "one object a file, in the order asked");
    for answer in &answers {
        let file = answer.at(&["file"]).as_str().expect("a file");
        let clean = answer.at(&["diagnostics"]).as_list().expect("a list").is_empty();
        assert_eq!(clean, file.starts_with("good"), "{answer}");
    }
    let (code, printed) = check(folder.path(), &["good.graphql", "good.vtl", "good.ts"]);
    assert_eq!((code, printed.as_str()), (Some(0), "no problems\n"));
}

#[test]
fn strict_refuses_what_only_works_here() {
    let config = "[api]\nname = \"A\"\nauthentication_type = \"API_KEY\"\nschema = \"a.graphql\"\nquery_depth_limit = 80\n\
                  [[api.api_keys]]\nid = \"da2-a\"\n";
    let folder = folder(&[("config.toml", config), ("a.graphql", "scalar Money\ntype Query { a: Money }\n")]);
    let found = |arguments: &[&str]| {
        let (code, printed) = check(folder.path(), &[&["--format", "json"], arguments].concat());
        (code, findings(&printed).join(", "))
    };
    let (warned, refused) = (
        "a.graphql:1:8 warning custom-scalar, config.toml:5:21 warning not-on-aws",
        "a.graphql:1:8 error custom-scalar, config.toml:5:21 error not-on-aws",
    );
    let sorted = |(code, text): (Option<i32>, String)| {
        let mut parts: Vec<&str> = text.split(", ").collect();
        parts.sort_unstable();
        (code, parts.join(", "))
    };
    assert_eq!(sorted(found(&[])), (Some(0), warned.to_owned()));
    assert_eq!(sorted(found(&["--strict"])), (Some(1), refused.to_owned()));
    fs::write(folder.path().join("config.toml"), config.replace("[[api.api_keys]]", "strict = true\n[[api.api_keys]]"))
        .expect("a file");
    assert_eq!(sorted(found(&[])), (Some(1), refused.to_owned()));
}

#[test]
fn imports_are_found_from_wherever_the_definition_is_named() {
    let config = "[api]\nname = \"A\"\nauthentication_type = \"API_KEY\"\nschema = \"a.graphql\"\n\
                  [[api.api_keys]]\nid = \"da2-a\"\n[api.data_sources.n]\ntype = \"NONE\"\n";
    let code = "// @dataSource n\nimport { one } from './_one';\nimport { two } from '../code/two';\n\
                export function request() { return { payload: one + two }; }\nexport function response() { return three; }\n";
    let folder = folder(&[
        ("api/config.toml", config),
        ("api/a.graphql", "type Query { a: Int }"),
        ("api/resolvers/Query.a.ts", code),
        ("api/resolvers/_one.ts", "export const one = 1;"),
        ("api/code/two.js", "export const two = 2;"),
        ("elsewhere/x.txt", ""),
    ]);
    let absolute = folder.path().join("api/config.toml").display().to_string();
    let resolver = folder.path().join("api/resolvers/Query.a.ts").display().to_string();
    for (from, named, file) in [
        ("api", "config.toml", "resolvers/Query.a.ts"),
        ("", "api/config.toml", "api/resolvers/Query.a.ts"),
        ("elsewhere", "../api/config.toml", "../api/resolvers/Query.a.ts"),
        ("elsewhere", &absolute, &resolver),
    ] {
        let (_, printed) = check(&folder.path().join(from), &["--format", "json", "--config", named]);
        let finding = printed.lines().map(|line| Value::parse(line.as_bytes()).expect("JSON")).find_map(|answer| {
            let found = answer.at(&["diagnostics"]).as_list()?.first()?.clone();
            Some(format!("{}:{} {}", found.at(&["file"]).as_str()?, found.at(&["line"]), found.at(&["rule"]).as_str()?))
        });
        assert_eq!(finding, Some(format!("{file}:5 unknown-name")), "{named} in {from}\n{printed}");
        assert_eq!(printed.matches("\"rule\"").count(), 1, "{printed}");
    }
}

#[test]
fn the_example_is_clean() {
    let (code, printed) = check(Path::new(env!("CARGO_MANIFEST_DIR")), &["--strict"]);
    assert_eq!((code, printed.as_str()), (Some(0), "no problems\n"));
}
