//! Functions and the settings of Lambda in configurations.

use std::fs;
use std::time::Duration;

use super::{API, COMPLETE, check_with, complete, folder, found, load};
use crate::definition::{LambdaRuntime, Secret};
use crate::diagnostic::render;

/// Code of all kinds.
const CODE: &[(&str, &str)] = &[
    ("fn/index.js", ""),
    ("fn/lib/api.mjs", ""),
    ("fn/app.py", ""),
    ("fn/pkg/__init__.py", ""),
    ("fn/pkg/app.py", ""),
    ("one.mjs", ""),
    ("custom/bootstrap", "#!/bin/sh"),
    ("plain/bootstrap", "#!/bin/sh"),
    ("plain/other.py", ""),
];

fn function(rest: &str) -> String {
    format!("{API}[[lambda_function]]\nfunction_name = \"f\"\n{rest}")
}

#[track_caller]
fn check(rest: &str, expected: &[&str]) {
    let folder = folder(CODE);
    make_executable(&folder.path().join("custom/bootstrap"));
    fs::write(folder.path().join("config.toml"), function(rest)).expect("a file");
    let loaded = load(folder.path(), &[]);
    assert_eq!(found(folder.path(), &loaded), expected, "{rest}\n{}", render(&loaded.diagnostics, false));
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[test]
fn code_is_reloaded_in_development_unless_the_file_says_otherwise() {
    for (settings, expected) in [
        ("", true),
        ("[lambda]\nidle_timeout = \"1m\"\n", true),
        ("[lambda]\nreload = false\n", false),
        ("[server]\nmode = \"production\"\n", false),
        ("[server]\nmode = \"production\"\n[lambda]\nreload = true\n", true),
    ] {
        let folder = folder(CODE);
        make_executable(&folder.path().join("custom/bootstrap"));
        let secret = "secret = \"a secret of production that is long enough\"";
        let settings = settings.replace("mode = \"production\"", &format!("mode = \"production\"\n{secret}"));
        fs::write(
            folder.path().join("config.toml"),
            format!("{}\n{settings}", function("runtime = \"nodejs22.x\"\nhandler = \"index.handler\"\ncode = \"fn\"")),
        )
        .expect("a file");
        let loaded = load(folder.path(), &[]);
        let definition = loaded.definition.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, false)));
        assert_eq!(definition.lambda.reload, expected, "{settings}");
    }
}

#[test]
fn functions_are_read_in_the_words_of_cloudformation() {
    let folder = complete(COMPLETE);
    let definition = load(folder.path(), &[]).definition.expect("it is valid");
    let lambda = &definition.lambda;
    assert_eq!((&*lambda.aws_region, lambda.idle_timeout), ("eu-west-1", Duration::from_secs(60)));
    assert_eq!(&*lambda.access_keys[0].access_key_id, "AKIALAMBDA");
    assert_eq!((lambda.node.clone(), lambda.python.clone()), (folder.path().join("bin/node"), "python3.13".into()));
    let [greet, short] = &definition.lambda_functions[..] else { panic!("two: {:?}", definition.lambda_functions) };
    assert_eq!((&*greet.function_name, greet.runtime, &*greet.handler), ("greet", LambdaRuntime::Nodejs, "index.handler"));
    assert_eq!((greet.code.clone(), greet.timeout, greet.memory_size), (folder.path().join("fn"), Duration::from_secs(30), 256));
    assert_eq!(greet.environment.get("Table_Name").map(Secret::expose), Some("posts"));
    assert_eq!(greet.reserved_concurrent_executions, 4);
    assert_eq!(greet.credentials.as_ref().map(|credentials| &*credentials.access_key_id), Some("AKIAFN"));
    // What is left out is AWS's default; a single file says its handler.
    assert_eq!(
        (short.runtime, &*short.handler, short.code.clone()),
        (LambdaRuntime::Python, "app.handler", folder.path().join("fn"))
    );
    assert_eq!((short.timeout, short.memory_size, short.reserved_concurrent_executions), (Duration::from_secs(3), 128, 10));
}

#[test]
fn a_handler_must_be_in_the_code() {
    let node = |code: &str, handler: &str| format!("runtime = \"nodejs22.x\"\ncode = \"{code}\"\nhandler = \"{handler}\"\n");
    let python = |code: &str, handler: &str| node(code, handler).replace("nodejs22.x", "python3.13");
    let custom = |code: &str| format!("runtime = \"provided.al2023\"\ncode = \"{code}\"\n");
    for valid in [
        node("fn", "index.handler"),
        node("fn", "index.a.b"),
        node("fn", "lib/api.users.get"),
        node("./fn/", "index.handler"),
        node(".", "one.handler"),
        node("one.mjs", "one.other"),
        "runtime = \"nodejs18.x\"\ncode = \"one.mjs\"\n".to_owned(),
        python("fn", "app.handler"),
        python("fn", "pkg.app.run"),
        python("fn", "pkg/app.run"),
        python("fn", "pkg.handler"),
        custom("custom"),
        custom("custom/bootstrap"),
    ] {
        check(&valid, &[]);
    }
    for (invalid, expected) in [
        (node("fn", "indx.handler"), "missing-handler 9:11"),
        (node("fn", "lib/index.handler"), "missing-handler 9:11"),
        (node("fn", "app.handler"), "missing-handler 9:11"),
        (node("fn", "index"), "invalid-value 9:11"),
        (node("fn", "../fn/index.handler"), "invalid-value 9:11"),
        (node("fn", "a b.handler"), "invalid-value 9:11"),
        (node("one.mjs", "index.handler"), "missing-handler 9:11"),
        (node("fn/app.py", "app.handler"), "missing-handler 8:8"),
        (node("../fn", "index.handler"), "path-escape 8:8"),
        (node("fm", "index.handler"), "missing-file 8:8"),
        ("runtime = \"nodejs22.x\"\ncode = \"fn\"\n".to_owned(), "missing-key 8:8"),
        (python("fn", "index.handler"), "missing-handler 9:11"),
        (python("fn", "pkg.ap.run"), "missing-handler 9:11"),
        (custom("fn"), "missing-handler 8:8"),
        (custom("plain"), "missing-handler 8:8"),
        (custom("plain/other.py"), "missing-handler 8:8"),
    ] {
        check(&invalid, &[expected]);
    }
}

#[test]
fn what_was_meant_is_said() {
    let help = |rest: &str| {
        let folder = folder(CODE);
        fs::write(folder.path().join("config.toml"), function(rest)).expect("a file");
        let mut diagnostics = load(folder.path(), &[]).diagnostics;
        assert_eq!(diagnostics.len(), 1, "{rest}: {diagnostics:?}");
        diagnostics.remove(0).help.unwrap_or_default()
    };
    for (rest, expected) in [
        ("runtime = \"nodejs20\"\ncode = \"fn\"\nhandler = \"index.handler\"\n", "did you mean `nodejs20.x`?"),
        ("runtime = \"java21\"\ncode = \"fn\"\nhandler = \"index.handler\"\n", "Node.js (nodejs22.x) and Python"),
        ("runtime = \"nodejs20.x\"\ncode = \"fn\"\nhandler = \"lib/apis.get\"\n", "did you mean `lib/api.get`?"),
        ("runtime = \"nodejs20.x\"\ncode = \"one.mjs\"\nhandler = \"index.run\"\n", "write handler = \"one.run\""),
        ("runtime = \"provided\"\ncode = \"plain\"\n", "chmod +x plain/bootstrap"),
        ("runtime = \"nodejs20.x\"\ncode = \"plain\"\nhandler = \"index.run\"\n", "put the file there"),
    ] {
        let help = help(rest);
        assert!(help.contains(expected), "{rest}: {help}");
    }
}

#[test]
fn settings_of_functions_are_judged() {
    let code = "runtime = \"nodejs22.x\"\ncode = \"one.mjs\"\n";
    for (rest, expected) in [
        ("timeout = 900\nmemory_size = 10240\nreserved_concurrent_executions = 1\n", &[][..]),
        ("timeout = \"250ms\"\n", &[]),
        ("timeout = 0\n", &["invalid-value 9:11"]),
        ("timeout = -1\n", &["invalid-value 9:11"]),
        ("timeout = \"16m\"\n", &["invalid-value 9:11"]),
        ("timeout = \"soon\"\n", &["invalid-value 9:11"]),
        ("timeout = 1.5\n", &["wrong-type 9:11"]),
        ("memory_size = 64\nreserved_concurrent_executions = 0\n", &["invalid-value 9:15", "invalid-value 10:34"]),
        ("environment = { variables = { A = \"1\" } }\n", &["wrong-type 9:17"]),
        ("environment = { A = 1 }\n", &["wrong-type 9:21"]),
        ("access_key_id = \"a\"\n", &["missing-key 5:1"]),
        ("role = \"arn:aws:iam::1:role/x\"\nlayers = []\n", &["without-effect 9:1", "without-effect 10:1"]),
        ("timout = 3\n", &["unknown-key 9:1"]),
        (
            "[[lambda_function]]\nfunction_name = \"f\"\nruntime = \"nodejs22.x\"\ncode = \"one.mjs\"\n",
            &["duplicate-function 10:17"],
        ),
    ] {
        check(&format!("{code}{rest}"), expected);
    }
    check("", &["missing-key 5:1", "missing-key 5:1"]);
    let config = |lambda: &str| format!("{API}[lambda]\n{lambda}");
    let function = "[[lambda_function]]\nfunction_name = \"f\"\nruntime = \"nodejs22.x\"\ncode = \"one.mjs\"\n";
    let with_function = |lambda: &str| format!("{}{function}", config(lambda));
    let file = [("one.mjs", "")];
    check_with(
        &file,
        &with_function("aws_region = \"Europe\"\nidle_timeout = \"0s\"\nnode = \"\"\nendpoint = \"here\"\n"),
        &["invalid-value 6:14", "invalid-value 7:16", "invalid-value 8:8", "invalid-value 9:12"],
    );
    check_with(&file, &with_function("[[lambda.access_keys]]\naccess_key_id = \"a\"\n"), &["missing-key 6:1"]);
    check_with(&[], &config("aws_region = \"eu-west-1\"\nendpoint = \"aws\"\n"), &[]);
    check_with(&[], &config("node = \"n\"\nidle_timeout = \"1m\"\n"), &["without-effect 6:8", "without-effect 7:16"]);
    let named = format!("{API}[[lambda_function]]\nfunction_name = \"a b\"\n{code}");
    check_with(&[("one.mjs", "")], &named, &["invalid-value 6:17"]);
}

#[test]
fn variables_of_functions_are_secrets_and_may_come_from_the_environment() {
    let config = function(
        "runtime = \"nodejs22.x\"\ncode = \"one.mjs\"\nwrong = { environment = { A = \"hidden-1\" } }\nenvironment = { Db_Password = \"hidden-2\", b = 1 }\n",
    );
    let folder = folder(&[("one.mjs", ""), ("config.toml", &config)]);
    let loaded = load(folder.path(), &[("SYNCGATE_LAMBDA_FUNCTION__ENVIRONMENT__Token", "hidden-3")]);
    let rendered = render(&loaded.diagnostics, false);
    assert_eq!(found(folder.path(), &loaded), ["unknown-key 9:1", "wrong-type 10:47"], "{rendered}");
    assert!(!rendered.contains("hidden-"), "{rendered}");
    let definition = loaded.definition.expect("it could be read");
    let environment = &definition.lambda_functions[0].environment;
    assert_eq!(environment.get("Token").map(Secret::expose), Some("hidden-3"));
    assert!(!format!("{definition:?}").contains("hidden-"));
}
