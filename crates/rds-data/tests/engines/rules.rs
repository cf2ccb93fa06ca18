//! What holds for every engine: parameters are bound, transactions are whole, limits and deadlines end statements, scripts run
//! once, nothing secret is said.

use std::time::{Duration, Instant};

use rds_data::{Database, EngineKind, ErrorKind, RdsData, Request, Script, Seeded, Settings};
use value::{Value, value};

use crate::{all, execute, later, records, refusal, results, run, script, servers};

#[test]
fn values_never_become_sql() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS injection", "CREATE TABLE injection (a VARCHAR(200))"]).await;
            for hostile in [
                "x'); DROP TABLE injection; --",
                "' OR '1'='1",
                "\\'; DROP TABLE injection; #",
                ":b",
                "$1",
                "?",
                "\u{0}",
                "''",
                "\"`[]$$",
                "größe 😀\n\r\t\\",
            ] {
                if hostile == "\u{0}" && database.engine() == EngineKind::PostgreSql {
                    // PostgreSQL has no such character in texts.
                    assert_eq!(refusal(&database, "SELECT :a", value!({":a": hostile})).await.sqlstate.as_deref(), Some("22021"));
                    continue;
                }
                let statements = ["INSERT INTO injection VALUES (:a)", "SELECT a FROM injection WHERE a = :a"];
                let found = results(&database, &statements, value!({":a": hostile, ":b": "other"}), value!({})).await;
                let found = found.as_list().expect("a list")[1].at(&["records"]).clone();
                assert_eq!(found, value!([[{"stringValue": hostile}]]), "{:?} {hostile}", database.engine());
            }
        }
    });
}

#[test]
fn a_bad_request_says_what_is_wrong() {
    run(async {
        for database in all() {
            let error = refusal(&database, "SELECT :missing", value!({":a": 1})).await;
            assert_eq!((error.kind, &*error.message), (ErrorKind::BadRequest, "Cannot find parameter: missing"));
            let error = refusal(&database, "SELECT 1; SELECT 2", value!({})).await;
            assert_eq!((error.kind, &*error.message), (ErrorKind::Validation, "Multistatements aren't supported."));
            for sql in ["COMMIT", "rollback", "BEGIN", "/* x */ savepoint a"] {
                assert!(refusal(&database, sql, value!({})).await.message.contains("in one transaction of their own"), "{sql}");
            }
            assert!(
                refusal(&database, "SELECT :a", value!({":a": [1]}))
                    .await
                    .message
                    .starts_with("Array parameters are not supported.")
            );
            // What no statement uses is not looked at.
            assert_eq!(records(&database, "SELECT 1", value!({":a": [1]})).await, value!([[{"longValue": 1}]]));
        }
    });
}

#[test]
fn a_name_that_is_not_there_is_an_error() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS names", "CREATE TABLE names (id INT)", "INSERT INTO names VALUES (1)"])
                .await;
            let quote = if database.engine() == EngineKind::MySql { '`' } else { '"' };
            for sql in ["SELECT #nmae# FROM names", "SELECT id FROM names WHERE #nmae# = 1", "UPDATE names SET id = #nmae#"] {
                let error = refusal(&database, &sql.replace('#', &quote.to_string()), value!({})).await;
                assert_eq!(error.kind, ErrorKind::Database, "{:?} {sql}: {error}", database.engine());
                assert!(error.message.contains("nmae"), "{error}");
            }
        }
    });
}

#[test]
fn both_statements_or_none() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS pair", "CREATE TABLE pair (id INT PRIMARY KEY)"]).await;
            let both = value!({"statements": ["INSERT INTO pair VALUES (:a)", "INSERT INTO pair VALUES (:b)"], "variableMap": {":a": 1, ":b": 1}});
            let error = execute(&database, &both).await.expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Database);
            assert_eq!(records(&database, "SELECT count(*) FROM pair", value!({})).await, value!([[{"longValue": 0}]]));
            let found =
                results(&database, &["INSERT INTO pair VALUES (:a)", "SELECT id FROM pair"], value!({":a": 5}), value!({})).await;
            let found = found.as_list().expect("a list");
            assert_eq!(found[0].at(&["numberOfRecordsUpdated"]), &value!(1));
            assert_eq!(found[1].at(&["records"]), &value!([[{"longValue": 5}]]));
        }
    });
}

/// Something that runs for long without giving a row.
fn slow(engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::PostgreSql => "SELECT count(*) FROM pg_sleep(600)",
        EngineKind::MySql => "SELECT count(*), sleep(600)",
        EngineKind::Sqlite => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    }
}

#[test]
fn a_deadline_ends_the_statement_where_it_runs() {
    run(async {
        for database in all() {
            let engine = database.engine();
            script(&database, &["DROP TABLE IF EXISTS late", "CREATE TABLE late (a INT)"]).await;
            let request = value!({"statements": ["INSERT INTO late VALUES (1)", (slow(engine))]});
            let request = Request::from_value(&request).expect("valid");
            let error = database.execute(&request, Instant::now() + Duration::from_millis(200)).await.expect_err("late");
            assert_eq!((error.kind, &*error.message), (ErrorKind::StatementTimeout, "Request timed out"), "{engine:?}");
            // Given up, not only late.
            let dropped = tokio::time::timeout(Duration::from_millis(100), database.execute(&request, later())).await;
            assert!(dropped.is_err());
            assert_eq!(
                records(&database, "SELECT count(*) FROM late", value!({})).await,
                value!([[{"longValue": 0}]]),
                "{engine:?}"
            );
            let running = match engine {
                EngineKind::PostgreSql => {
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()"
                }
                EngineKind::MySql => {
                    "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(600)%' AND id <> connection_id()"
                }
                EngineKind::Sqlite => continue,
            };
            let ended = async {
                while records(&database, running, value!({})).await != value!([[{"longValue": 0}]]) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the server ended the statement");
        }
    });
}

#[test]
fn a_request_waits_for_a_connection_and_then_says_so() {
    run(async {
        let urls = [
            Some("sqlite::memory:"),
            servers::postgres().map(|server| &*server.url),
            servers::mariadb().map(|server| &*server.url),
        ];
        for url in urls.into_iter().flatten() {
            let settings = Settings { max_connections: 1, acquire_timeout: Duration::from_millis(150), ..Settings::default() };
            let database = Database::open(url, settings).expect("opened");
            let request = Request::from_value(&value!({"statements": [(slow(database.engine()))]})).expect("valid");
            let until = Instant::now() + Duration::from_millis(800);
            let busy = database.execute(&request, until);
            let other = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                refusal(&database, "SELECT 1", value!({})).await
            };
            let (busy, refused) = tokio::join!(busy, other);
            assert_eq!(busy.expect_err("late").kind, ErrorKind::StatementTimeout);
            assert_eq!(
                (refused.kind, &*refused.message),
                (ErrorKind::DatabaseUnavailable, "all 1 connections to the database are in use")
            );
            // The connection comes back when its statement was stopped; how long that takes is the machine's affair.
            let one = value!({"statements": ["SELECT 1"]});
            let freed = async { while execute(&database, &one).await.is_err() {} };
            tokio::time::timeout(Duration::from_secs(20), freed).await.expect("the connection is free again");
        }
    });
}

#[test]
fn a_large_result_is_refused_and_nothing_is_kept() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS large", "CREATE TABLE large (a INT)"]).await;
            let big = "x".repeat(600_000);
            let statements = ["INSERT INTO large VALUES (1)", "SELECT :a AS a, :a AS b"];
            let request = value!({"statements": (statements.to_vec()), "variableMap": {":a": big}});
            let error = execute(&database, &request).await.expect_err("too large");
            assert_eq!(error.kind, ErrorKind::UnsupportedResult);
            assert_eq!(error.message, "Database returned more than the allowed response size limit");
            assert_eq!(records(&database, "SELECT count(*) FROM large", value!({})).await, value!([[{"longValue": 0}]]));
        }
    });
}

#[test]
fn rows_that_nobody_wants_do_not_delay_the_next_request() {
    run(async {
        let urls = [servers::postgres().map(|server| &*server.url), servers::mariadb().map(|server| &*server.url)];
        for url in urls.into_iter().flatten().chain(["sqlite::memory:"]) {
            let database = Database::open(url, Settings { max_connections: 1, ..Settings::default() }).expect("opened");
            let endless = match database.engine() {
                EngineKind::PostgreSql => "SELECT repeat('x', 1000), generate_series(1, 100000000)",
                EngineKind::MySql => "SELECT repeat('x', 1000) FROM seq_1_to_100000000",
                EngineKind::Sqlite => {
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(500)) FROM n"
                }
            };
            assert_eq!(refusal(&database, endless, value!({})).await.kind, ErrorKind::UnsupportedResult);
            // Reading a hundred gigabytes first would take longer than the request may.
            assert_eq!(records(&database, "SELECT 1", value!({})).await, value!([[{"longValue": 1}]]));
        }
    });
}

#[test]
fn an_idle_connection_is_closed_without_another_request() {
    run(async {
        for server in [servers::postgres(), servers::mariadb()].into_iter().flatten() {
            let settings = Settings { max_connections: 1, idle_timeout: Duration::from_millis(50), ..Settings::default() };
            let database = Database::open(&server.url, settings).expect("opened");
            let (id, alive) = match database.engine() {
                EngineKind::PostgreSql => ("SELECT pg_backend_pid()", "SELECT count(*) FROM pg_stat_activity WHERE pid = :id"),
                _ => (
                    "SELECT CAST(connection_id() AS SIGNED)",
                    "SELECT count(*) FROM information_schema.processlist WHERE id = :id",
                ),
            };
            let id = records(&database, id, value!({})).await.as_list().expect("rows")[0].as_list().expect("a row")[0].clone();
            let other = Database::open(&server.url, Settings::default()).expect("opened");
            let closed = async {
                let id = value!({":id": (id.at(&["longValue"]).clone())});
                while records(&other, alive, id.clone()).await != value!([[{"longValue": 0}]]) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), closed).await.expect("the connection is closed");
        }
    });
}

#[test]
fn a_database_in_memory_outlives_every_pause() {
    run(async {
        let settings = Settings { idle_timeout: Duration::from_millis(1), ..Settings::default() };
        let database = Database::open("sqlite::memory:", settings).expect("opened");
        script(&database, &["CREATE TABLE kept (a INT)"]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(records(&database, "SELECT * FROM kept", value!({})).await, crate::none());
    });
}

#[test]
fn many_given_up_requests_leave_nothing_behind() {
    run(async {
        for database in all() {
            let request = Request::from_value(&value!({"statements": [(slow(database.engine()))]})).expect("valid");
            for _ in 0..30 {
                let _ = tokio::time::timeout(Duration::from_millis(5), database.execute(&request, later())).await;
            }
            let found =
                futures_util::future::join_all((0..20).map(|at| records(&database, "SELECT :n", value!({":n": at})))).await;
            for (at, records) in found.iter().enumerate() {
                assert_eq!(records, &value!([[{"longValue": at}]]), "{:?}", database.engine());
            }
        }
    });
}

#[test]
fn a_script_runs_once() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS rds_data_seed", "DROP TABLE IF EXISTS seeded"]).await;
            let first = Script {
                name: "schema.sql".into(),
                text: "-- tables\nCREATE TABLE seeded (a INT);\nINSERT INTO seeded VALUES (1); INSERT INTO seeded VALUES (2);\n"
                    .into(),
            };
            let scripts = std::slice::from_ref(&first);
            assert_eq!(database.seed(scripts, later()).await, Ok(vec![Seeded::Now]));
            assert_eq!(database.seed(scripts, later()).await, Ok(vec![Seeded::Before]));
            let changed = Script { text: format!("{} ", first.text), ..first.clone() };
            assert_eq!(database.seed(&[changed], later()).await, Ok(vec![Seeded::Changed]));
            assert_eq!(records(&database, "SELECT count(*) FROM seeded", value!({})).await, value!([[{"longValue": 2}]]));
            let wrong = Script {
                name: "more.sql".into(),
                text: "INSERT INTO seeded VALUES (3);\n\nINSERT INTO nowhere VALUES (1);".into(),
            };
            let error = database.seed(&[wrong], later()).await.expect_err("refused");
            assert!(error.message.starts_with("more.sql, statement at line 3: "), "{error}");
            assert_eq!(records(&database, "SELECT count(*) FROM seeded", value!({})).await, value!([[{"longValue": 2}]]));
        }
    });
}

#[test]
fn seeding_at_the_same_time_runs_a_script_once() {
    run(async {
        for database in all() {
            script(&database, &["DROP TABLE IF EXISTS seeded_once"]).await;
            let name = format!("once-{:?}.sql", std::time::SystemTime::now());
            let script = Script { name, text: "CREATE TABLE seeded_once (a INT)".into() };
            let scripts = [script];
            let found = futures_util::future::join_all((0..4).map(|_| database.seed(&scripts, later()))).await;
            let mut now = 0;
            for seeded in found {
                now += usize::from(seeded == Ok(vec![Seeded::Now]));
            }
            assert_eq!(now, 1, "{:?}", database.engine());
        }
    });
}

#[test]
fn credentials_are_in_no_message() {
    run(async {
        let servers = [servers::postgres(), servers::mariadb()];
        for server in servers.into_iter().flatten() {
            let wrong = server.url.replace(servers::PASSWORD, "wrong-but-secret-5512");
            let nowhere = server.url.replace(&format!(":{}/", server.port), ":1/");
            let malformed = server.url.replace(&format!(":{}/", server.port), ":port/");
            for url in [&wrong, &nowhere, &malformed, &server.url] {
                let shown = match Database::open(url, Settings::default()) {
                    Ok(database) => {
                        let failed = execute(&database, &value!({"statements": ["SELECT * FROM nothing_here"]}))
                            .await
                            .expect_err("refused");
                        let kind = if url == &server.url { ErrorKind::Database } else { ErrorKind::DatabaseUnavailable };
                        assert_eq!(failed.kind, kind, "{failed:?}");
                        assert_eq!(failed.message.contains("refused the credentials"), url == &wrong, "{failed:?}");
                        format!("{failed:?} {failed} {database:?}")
                    }
                    Err(error) => format!("{error:?} {error}"),
                };
                assert!(!shown.contains(servers::PASSWORD) && !shown.contains("5512"), "{shown}");
            }
        }
    });
}

#[test]
fn a_statement_with_many_parameters_works() {
    run(async {
        for database in all() {
            let names: Vec<_> = (0..500).map(|at| format!(":p{at}")).collect();
            let variables: value::Object = names.iter().enumerate().map(|(at, name)| (&**name, Value::from(at))).collect();
            let sql = format!("SELECT {}", names.join(" + "));
            let found = records(&database, &sql, variables.into()).await;
            let number = found.as_list().and_then(|rows| rows[0].as_list()).expect("a row")[0].clone();
            assert!(number == value!({"longValue": 124750}) || number == value!({"stringValue": "124750"}), "{number}");
        }
    });
}

#[test]
fn a_script_that_cuts_its_transaction_is_refused_and_leaves_nothing() {
    run(async {
        for database in all() {
            for (at, (text, message)) in [
                (
                    "BEGIN;\nCREATE TABLE cut (a INT);\nCOMMIT;\nINSERT INTO nowhere VALUES (1);",
                    "statement at line 1: BEGIN is not",
                ),
                ("CREATE TABLE cut (a INT);\n-- and now\ncommit;", "statement at line 3: COMMIT is not"),
            ]
            .into_iter()
            .enumerate()
            {
                let name = format!("cut-{at}-{:?}.sql", std::time::SystemTime::now());
                let error = database.seed(&[Script { name, text: text.into() }], later()).await.expect_err("refused");
                assert!(error.message.contains(message), "{:?}: {error}", database.engine());
                assert_eq!(refusal(&database, "SELECT * FROM cut", value!({})).await.kind, ErrorKind::Database);
            }
        }
    });
}

#[test]
fn a_script_may_do_to_its_session_what_dumps_do() {
    run(async {
        let Some(database) = crate::postgres() else { return };
        script(&database, &["DROP TABLE IF EXISTS dumped", "DROP TABLE IF EXISTS dumped_too"]).await;
        let name = |at: usize| format!("dump-{at}-{:?}.sql", std::time::SystemTime::now());
        let text = "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.dumped (a INT);\n";
        let scripts = [
            Script { name: name(0), text: text.into() },
            Script { name: name(1), text: "CREATE TABLE dumped_too (a INT);".into() },
        ];
        assert_eq!(database.seed(&scripts, later()).await, Ok(vec![Seeded::Now, Seeded::Now]));
        assert_eq!(database.seed(&scripts, later()).await, Ok(vec![Seeded::Before, Seeded::Before]));
        assert_eq!(records(&database, "SELECT * FROM dumped, dumped_too", value!({})).await, crate::none());
        let copy = Script { name: name(2), text: "COPY dumped (a) FROM stdin;\n1\n\\.\n".into() };
        let error = database.seed(&[copy], later()).await.expect_err("refused");
        assert!(error.message.contains("pg_dump --inserts"), "{error}");
    });
}
