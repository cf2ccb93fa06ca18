//! `[[database]]` through the binary: where a database is, what its scripts do, what is said when something is wrong.

mod harness;
#[path = "../crates/rds-data/tests/servers.rs"]
mod sql_servers;

use std::path::Path;

use harness::{Definition, Output, Server, command, config};
use value::{Value, value};

const SCHEMA: &str = "type Query { count: Int }\ntype Mutation { add: Int }\n";
const COUNT: &str = "// @dataSource club\n\
    export function request() { return { statements: ['SELECT count(*) AS n FROM things'] }; }\n\
    export function response(ctx) { return ctx.error ? -1 : ctx.result.sqlStatementResults[0].records[0][0].longValue; }\n";
const ADD: &str = "// @dataSource club\n\
    export function request() { return { statements: ['INSERT INTO things DEFAULT VALUES'] }; }\n\
    export function response(ctx) { return ctx.result.sqlStatementResults[0].generatedFields[0].longValue; }\n";
const THINGS: &str = "CREATE TABLE things (id INTEGER PRIMARY KEY);\nINSERT INTO things VALUES (10);\n";

/// A definition with the data source `club`, and `rest` as databases and settings of the data source.
fn definition(databases: &str, source: &str) -> Definition {
    let source = format!("[api.data_sources.club]\ntype = \"RELATIONAL_DATABASE\"\n{source}\n");
    Definition::of(&[
        ("config.toml", &format!("{}\n{source}\n{databases}", config(""))),
        ("schema.graphql", SCHEMA),
        ("schema.sql", THINGS),
        ("resolvers/Query.count.js", COUNT),
        ("resolvers/Mutation.add.js", ADD),
    ])
}

const CLUB: &str = "[[database]]\nname = \"club\"\nscripts = \"schema.sql\"\n";

fn ask(server: &Server, query: &str) -> String {
    server.client().post(&value!({"query": query}).to_json()).body
}

fn count(server: &Server) -> String {
    ask(server, "{ count }")
}

/// The findings of a refused start, or of `check`.
fn said(output: &Output) -> String {
    format!("{}{}", output.stdout, output.stderr)
}

fn serve_to_its_end(definition: &Definition) -> Output {
    definition.run(&["serve", "--port", "0", "--data", "data"])
}

#[test]
fn the_default_is_a_file_of_the_data_folder_that_keeps_its_rows() {
    let definition = definition(CLUB, "");
    let server = definition.serve();
    assert!(server.summary.contains("Databases     club (SQLite, "), "{}", server.summary);
    assert_eq!(ask(&server, "mutation { add }"), r#"{"data":{"add":11}}"#);
    assert!(definition.path("data/databases/club.db").is_file());
    drop(server);
    // The script is known and not run again.
    let server = definition.serve();
    assert_eq!(count(&server), r#"{"data":{"count":2}}"#);
    assert_eq!(server.log(), "");
}

#[test]
fn an_ephemeral_server_leaves_nothing() {
    let definition = definition(CLUB, "");
    let server = definition.serve_as(&["--ephemeral"], &[]);
    assert!(server.summary.contains("club (SQLite, in memory)"), "{}", server.summary);
    assert_eq!(ask(&server, "mutation { add }"), r#"{"data":{"add":11}}"#);
    assert_eq!(count(&server), r#"{"data":{"count":2}}"#);
    drop(server);
    assert!(!definition.path("data").exists());
}

#[test]
fn a_url_names_a_file_beside_the_configuration() {
    let definition = definition("[[database]]\nname = \"club\"\nurl = \"sqlite:my 50%25.db\"\nscripts = \"schema.sql\"\n", "");
    let server = definition.serve();
    assert_eq!(count(&server), r#"{"data":{"count":1}}"#);
    assert!(definition.path("my 50%.db").is_file());
}

#[test]
fn a_changed_script_is_reported_and_not_run_again() {
    let definition = definition(CLUB, "");
    drop(definition.serve());
    definition.write("schema.sql", "DROP TABLE things;");
    definition.write("more.sql", "INSERT INTO things VALUES (20);");
    let text = definition.read("config.toml").replace("\"schema.sql\"", "[\"schema.sql\", \"more.sql\"]");
    definition.write("config.toml", &text);
    let server = definition.serve();
    let log = server.log();
    assert!(
        log.contains("warning[changed-script]: database club: schema.sql was changed after it was run, and is not run again"),
        "{log}"
    );
    assert_eq!(count(&server), r#"{"data":{"count":2}}"#);
}

#[test]
fn a_script_that_fails_is_shown_where_it_fails_and_leaves_nothing() {
    let definition = definition(CLUB, "");
    definition.write("schema.sql", &format!("{THINGS}\n  INSERT INTO nowhere VALUES (1);\n"));
    // `check` has SQLite judge it in memory.
    let checked = definition.run(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(!definition.path(".syncgate").exists());
    let served = serve_to_its_end(&definition);
    assert_eq!(served.code, Some(1), "{served:?}");
    for output in [checked, served] {
        let said = said(&output);
        assert!(said.contains("error[script-refused]: database club: no such table: nowhere; Error code: 1"), "{said}");
        assert!(said.contains("schema.sql:4:3"), "{said}");
    }
    definition.write("schema.sql", THINGS);
    let server = definition.serve();
    assert_eq!(count(&server), r#"{"data":{"count":1}}"#);
}

#[test]
fn a_data_source_that_finds_no_database_says_what_it_meant() {
    let two = "[[database]]\nname = \"club-main\"\n[[database]]\nname = \"archive\"\n";
    let cluster = |name: &str| format!("rds_http_endpoint_config = {{ db_cluster_identifier = \"{name}\" }}");
    for (databases, source, message, help) in [
        (
            "",
            cluster("arn:aws:rds:eu-west-1:123456789012:cluster:club"),
            "there is no [[database]]",
            "Add one: [[database]] with name = \"club\"",
        ),
        (
            two,
            String::new(),
            "it does not say which of the databases it uses: club-main, archive",
            "db_cluster_identifier = \"club-main\"",
        ),
        (
            two,
            cluster("arn:aws:rds:eu-west-1:123456789012:cluster:club-mian"),
            "there is no [[database]] called `club-mian`",
            "did you mean `club-main`?",
        ),
        (two, cluster("other"), "there is no [[database]] called `other`", "The databases are: club-main, archive."),
        (two, "endpoint = \"aws\"".to_owned(), "needs `rds_http_endpoint_config.db_cluster_identifier`", "arn:aws:rds:"),
    ] {
        let definition = definition(databases, &source);
        for output in [definition.run(&["check"]), serve_to_its_end(&definition)] {
            let said = said(&output);
            assert!(said.contains(&format!("data source club: {message}")) || said.contains(message), "{said}");
            assert!(said.contains(help) && output.code == Some(1), "{said}");
        }
    }
    let names = "rds_http_endpoint_config = { db_cluster_identifier = \"prod\", database_name = \"archive\" }";
    assert_eq!(definition(two, names).run(&["check"]).code, Some(0));
}

#[test]
fn a_password_is_in_nothing_that_is_said() {
    const PASSWORD: &str = "never-to-be-shown-31c";
    for (url, more) in [
        (format!("postgres://app:{PASSWORD}@127.0.0.1:1/x"), String::new()),
        (format!("mysql://app:{PASSWORD}@127.0.0.1:port/x"), String::new()),
        (format!("postgrs://app:{PASSWORD}@127.0.0.1:1/x"), "colour = 1".to_owned()),
        ("postgres:///x?host=/nowhere".to_owned(), format!("password = \"{PASSWORD}\"")),
        ("mysql://app@127.0.0.1:1/x".to_owned(), format!("password = \"{PASSWORD}\"\nmax_connections = 0")),
    ] {
        let definition =
            definition(&format!("[[database]]\nname = \"club\"\nurl = \"{url}\"\nscripts = \"schema.sql\"\n{more}\n"), "");
        for output in [definition.run(&["check"]), serve_to_its_end(&definition)] {
            let said = said(&output);
            assert!(!said.contains(PASSWORD), "{said}");
        }
        // A server that is not there is found when its scripts are to be run.
        assert_eq!(serve_to_its_end(&definition).code, Some(1), "{url}");
    }
    // Nor where the environment sets it.
    let definition = definition("[[database]]\nname = \"club\"\n", "");
    for (name, value) in [("URL", format!("oracle://app:{PASSWORD}@x")), ("MAX_CONNECTIONS", PASSWORD.to_owned())] {
        let mut command = command();
        command.current_dir(definition.path("")).arg("check").env(format!("SYNCGATE_DATABASE__0__{name}"), &value);
        let output = harness::run(command);
        assert!(output.code == Some(1) && !said(&output).contains(PASSWORD), "{output:?}");
    }
}

#[test]
fn the_password_comes_from_the_environment() {
    for server in [sql_servers::postgres(), sql_servers::mariadb()].into_iter().flatten() {
        let url = server.url.replacen(&format!(":{}@", sql_servers::PASSWORD), "@", 1);
        assert_ne!(url, server.url);
        let definition = definition(&format!("[[database]]\nname = \"club\"\nurl = \"{url}\"\nscripts = \"schema.sql\"\n"), "");
        let served = definition.serve_with(&[("SYNCGATE_DATABASE__0__PASSWORD", sql_servers::PASSWORD)]);
        assert!(served.summary.contains(&format!("SQL, 127.0.0.1:{})", server.port)), "{}", served.summary);
        assert_eq!(count(&served), r#"{"data":{"count":1}}"#);
        drop(served);
        // Another password is refused, in words that name neither it nor the user.
        let mut command = command();
        command.current_dir(definition.path("")).args(["serve", "--port", "0"]);
        let output = harness::run({
            command.env("SYNCGATE_DATABASE__0__PASSWORD", "wr/ng@never-shown?#");
            command
        });
        let said = said(&output);
        assert!(said.contains("the database refused the credentials") && !said.contains("never-shown"), "{said}");
    }
}

#[test]
fn the_rds_data_api_gets_what_real_clusters_get() {
    let definition = definition(
        "",
        "endpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"AKIDEXAMPLE\"\nsecret_access_key = \"never-shown\"\n\
         rds_http_endpoint_config = { aws_region = \"eu-west-1\", db_cluster_identifier = \"arn:aws:rds:eu-west-1:1:cluster:c\", \
         aws_secret_store_arn = \"arn:aws:secretsmanager:eu-west-1:1:secret:s\" }",
    );
    let server = definition.serve();
    assert_eq!(count(&server), r#"{"data":{"count":-1}}"#);
    let answer = ask(&server, "mutation { add }");
    let errors = Value::parse(answer.as_bytes()).expect("JSON");
    assert!(errors.get("errors").is_some() && !answer.contains("never-shown"), "{answer}");
}

#[test]
fn nothing_is_made_for_a_definition_without_databases() {
    let definition = Definition::of(&[("config.toml", &config("")), ("schema.graphql", SCHEMA)]);
    let server = definition.serve();
    assert!(!server.summary.contains("Databases"), "{}", server.summary);
    assert!(!Path::new(&definition.path("data/databases")).exists());
}
