//! `syncgate check` under `--strict`, and from wherever a definition is named: places and imports stay right.

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
