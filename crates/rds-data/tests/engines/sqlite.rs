//! SQLite's types, ids and files.

use rds_data::{Database, EngineKind, Settings};
use value::value;

use crate::{memory, none, open, records, refusal, results, run, script};

#[test]
fn fields_have_the_type_that_is_stored() {
    run(async {
        let database = memory();
        assert_eq!(database.engine(), EngineKind::Sqlite);
        for (declared, parameter, expected) in [
            ("INTEGER", value!(7), value!({"longValue": 7})),
            ("BIGINT", value!(i64::MAX), value!({"longValue": (i64::MAX)})),
            ("INTEGER", value!("7"), value!({"longValue": 7})),
            ("REAL", value!(1.5), value!({"doubleValue": 1.5})),
            ("REAL", value!(2), value!({"doubleValue": 2.0})),
            ("TEXT", value!("größe"), value!({"stringValue": "größe"})),
            ("TEXT", value!(7), value!({"stringValue": "7"})),
            ("VARCHAR(20)", value!(""), value!({"stringValue": ""})),
            ("BOOLEAN", value!(true), value!({"booleanValue": true})),
            ("BOOL", value!(0), value!({"booleanValue": false})),
            ("BOOLEAN", value!(2), value!({"longValue": 2})),
            ("INTEGER", value!(true), value!({"longValue": 1})),
            ("JSON", value!("{\"a\":1}"), value!({"stringValue": "{\"a\":1}"})),
            ("DATETIME", value!("2024-05-01 12:00:00"), value!({"stringValue": "2024-05-01 12:00:00"})),
            ("DECIMAL(10,2)", value!("1.5"), value!({"stringValue": "1.50"})),
            ("DECIMAL(10,2)", value!("-3"), value!({"stringValue": "-3.00"})),
            ("DECIMAL(15,2)", value!("1234567890123.45"), value!({"stringValue": "1234567890123.45"})),
            ("DECIMAL(10)", value!("7"), value!({"stringValue": "7"})),
            ("NUMERIC", value!("1.25"), value!({"stringValue": "1.25"})),
            ("DECIMAL(10,2)", value!("none"), value!({"stringValue": "none"})),
            ("TEXT", value!(null), value!({"isNull": true})),
        ] {
            script(&database, &["DROP TABLE IF EXISTS t", &format!("CREATE TABLE t (a {declared})")]).await;
            results(&database, &["INSERT INTO t VALUES (:a)"], value!({":a": (&parameter)}), value!({})).await;
            assert_eq!(records(&database, "SELECT a FROM t", value!({})).await, value!([[expected]]), "{declared} {parameter}");
        }
        let blob = records(&database, "SELECT x'00ff', zeroblob(0)", value!({})).await;
        assert_eq!(blob, value!([[{"blobValue": "AP8="}, {"blobValue": ""}]]));
    });
}

#[test]
fn metadata_tells_the_declared_column() {
    run(async {
        let database = memory();
        script(&database, &["CREATE TABLE books (id INTEGER PRIMARY KEY, price DECIMAL(10,2), title VARCHAR(40) NOT NULL)"])
            .await;
        let found = results(&database, &["SELECT id, price AS cost, title, 1+1 AS two FROM books"], value!({}), value!({})).await;
        let found = &found.as_list().expect("a list")[0];
        assert_eq!(found.at(&["records"]).as_list().map(<[_]>::len), Some(0));
        let columns = found.at(&["columnMetadata"]).as_list().expect("metadata even without rows");
        assert_eq!(
            columns[0],
            value!({"arrayBaseColumnType": 0, "isAutoIncrement": true, "isCaseSensitive": false, "isCurrency": false,
                "isSigned": true, "label": "id", "name": "id", "nullable": 0, "precision": 0, "scale": 0, "schemaName": "",
                "tableName": "books", "type": (-5), "typeName": "INTEGER"})
        );
        let brief = |at: usize| {
            let column = &columns[at];
            ["name", "label", "tableName", "typeName", "precision", "scale", "nullable"].map(|key| column.at(&[key]).to_string())
        };
        assert_eq!(brief(1), ["\"price\"", "\"cost\"", "\"books\"", "\"DECIMAL\"", "10", "2", "1"]);
        assert_eq!(brief(2), ["\"title\"", "\"title\"", "\"books\"", "\"VARCHAR\"", "40", "0", "0"]);
        assert_eq!(brief(3)[..3], ["\"two\"", "\"two\"", "\"\""]);
    });
}

#[test]
fn generated_ids_are_those_of_integer_keys() {
    run(async {
        let database = memory();
        script(&database, &["CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)", "CREATE TABLE \"b c\" (id TEXT PRIMARY KEY)"])
            .await;
        let variables = || value!({":v": "x"});
        for (sql, generated) in [
            ("INSERT INTO a (v) VALUES (:v)", value!([{"longValue": 1}])),
            ("INSERT INTO main.a (v) VALUES (:v)", value!([{"longValue": 2}])),
            ("INSERT INTO \"b c\" VALUES (:v)", none()),
            ("UPDATE a SET v = :v WHERE id = 1", none()),
        ] {
            let found = results(&database, &[sql], variables(), value!({})).await;
            let expected = value!([{"numberOfRecordsUpdated": 1, "generatedFields": generated}]);
            assert_eq!(found, expected, "{sql}");
        }
        // Of many rows the first, whatever a trigger inserts elsewhere; of none that are new, nothing.
        script(
            &database,
            &[
                "CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)",
                "INSERT INTO log VALUES (100, '')",
                "CREATE TRIGGER t BEFORE INSERT ON a BEGIN INSERT INTO log (v) VALUES ('x'); END",
            ],
        )
        .await;
        for (sql, count, generated) in [
            ("INSERT INTO A (v) VALUES (:v), (:v), (:v)", 3, value!([{"longValue": 3}])),
            ("INSERT INTO a (id, v) VALUES (2, :v), (9, :v) ON CONFLICT DO NOTHING", 1, value!([{"longValue": 9}])),
            ("INSERT INTO a (id, v) VALUES (2, :v) ON CONFLICT DO UPDATE SET v = excluded.v", 1, none()),
        ] {
            let found = results(&database, &[sql], variables(), value!({})).await;
            assert_eq!(found, value!([{"numberOfRecordsUpdated": count, "generatedFields": generated}]), "{sql}");
        }
        script(&database, &["DROP TRIGGER t", "DELETE FROM a WHERE id > 2"]).await;
        let found = results(&database, &["INSERT INTO a (v) VALUES (:v) RETURNING id, v"], variables(), value!({})).await;
        let found = &found.as_list().expect("a list")[0];
        assert_eq!(found.at(&["records"]), &value!([[{"longValue": 3}, {"stringValue": "x"}]]));
        assert_eq!(found.at(&["numberOfRecordsUpdated"]), &value!(0));
    });
}

#[test]
fn a_file_keeps_its_rows_and_foreign_keys_hold() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("a file.db").display());
        let database = open(&url);
        script(
            &database,
            &[
                "CREATE TABLE a (id INTEGER PRIMARY KEY)",
                "CREATE TABLE b (a INTEGER REFERENCES a (id))",
                "INSERT INTO a VALUES (1)",
                "INSERT INTO b VALUES (1)",
            ],
        )
        .await;
        let error = refusal(&database, "INSERT INTO b VALUES (2)", value!({})).await;
        assert_eq!(error.message, "FOREIGN KEY constraint failed; Error code: 787");
        assert_eq!(records(&database, "PRAGMA journal_mode", value!({})).await, value!([[{"stringValue": "wal"}]]));
        database.close().await;
        assert!(refusal(&database, "SELECT 1", value!({})).await.message.contains("closed"));
        assert_eq!(records(&open(&url), "SELECT * FROM b", value!({})).await, value!([[{"longValue": 1}]]));
    });
}

#[test]
fn writers_of_a_file_wait_for_each_other() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let database = open(&format!("sqlite:{}", folder.path().join("a.db").display()));
        script(&database, &["CREATE TABLE a (n INTEGER)", "INSERT INTO a VALUES (0)"]).await;
        let statements = ["UPDATE a SET n = n + 1", "SELECT n FROM a"];
        let tasks = (0..40).map(|_| results(&database, &statements, value!({}), value!({})));
        futures_util::future::join_all(tasks).await;
        assert_eq!(records(&database, "SELECT n FROM a", value!({})).await, value!([[{"longValue": 40}]]));
    });
}

#[test]
fn the_embedded_tables_and_this_live_in_one_process() {
    run(async {
        let database = memory();
        let tables = dynoxide::Database::memory().expect("tables");
        let request = dynoxide_request();
        tables.create_table(serde_json::from_value(request).expect("a request")).expect("created");
        assert_eq!(records(&database, "SELECT sqlite_version() <> ''", value!({})).await, value!([[{"longValue": 1}]]));
    });
}

fn dynoxide_request() -> serde_json::Value {
    serde_json::json!({"TableName": "tables", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
}

#[test]
fn a_url_that_names_no_engine_is_refused_without_being_repeated() {
    for url in ["oracle://user:secret@host/x", "secret", ""] {
        let error = Database::open(url, Settings::default()).expect_err("refused");
        assert!(!error.message.contains("secret") && error.message.contains("postgres://"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_no_connection() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        for path in ["", "no-folder/a.db", "a.db?mode=ro"] {
            let database = open(&format!("sqlite:{}/{path}", folder.path().display()));
            let error = refusal(&database, "SELECT 1", value!({})).await;
            assert_eq!(error.kind, rds_data::ErrorKind::DatabaseUnavailable, "{path}: {error}");
        }
    });
}

#[test]
fn a_file_may_be_opened_for_reading_only() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let database = open(&url);
        // As other programs leave their files.
        script(&database, &["PRAGMA journal_mode = DELETE", "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)"]).await;
        script(&database, &["PRAGMA journal_mode = DELETE"]).await;
        database.close().await;
        for mode in ["mode=ro", "immutable=1"] {
            let database = open(&format!("{url}?{mode}"));
            assert_eq!(records(&database, "SELECT n FROM a", value!({})).await, value!([[{"longValue": 1}]]), "{mode}");
            let error = refusal(&database, "INSERT INTO a VALUES (2)", value!({})).await;
            assert_eq!(error.message, "attempt to write a readonly database; Error code: 8", "{mode}");
        }
    });
}

#[test]
fn an_option_that_is_not_known_is_refused_without_being_repeated() {
    for url in [
        "postgres://app@host/x?sslmod=secret",
        "postgres://app@host/x?sslmode=require&pasword=secret",
        "postgres://app:a?secret@host/x",
        "mysql://app@host/x?ssl_mode=secret",
        "mariadb://app@host/x?sslMode=secret",
        "sqlite:x.db?secret=1&mode=ro",
    ] {
        let error = Database::open(url, Settings::default()).expect_err(url);
        assert!(!error.message.contains("secret"), "{error}");
    }
    for url in [
        "postgres://app@host/x?sslmode=verify-full&sslrootcert=ca.pem&options[search_path]=a",
        "postgres:///x?host=/tmp&user=app&",
        "mysql://app@host/x?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem",
    ] {
        assert!(Database::open(url, Settings::default()).is_ok(), "{url}");
    }
}

#[test]
fn a_schema_that_is_changed_here_is_known_at_once() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        for database in [memory(), open(&format!("sqlite:{}", folder.path().join("a.db").display()))] {
            script(&database, &["CREATE TABLE grows (a INT)", "INSERT INTO grows VALUES (1)"]).await;
            // Several at once, so that more connections than one know the statement.
            let look = || futures_util::future::join_all((0..6).map(|_| records(&database, "SELECT * FROM grows", value!({}))));
            assert!(look().await.iter().all(|rows| *rows == value!([[{"longValue": 1}]])));
            script(&database, &["ALTER TABLE grows ADD b INT DEFAULT 2"]).await;
            assert!(look().await.iter().all(|rows| *rows == value!([[{"longValue": 1}, {"longValue": 2}]])));
        }
    });
}

#[test]
fn a_changed_schema_is_noticed() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let (database, other) = (open(&url), open(&url));
        script(&database, &["CREATE TABLE changing (a INT)", "INSERT INTO changing VALUES (1)"]).await;
        assert_eq!(records(&database, "SELECT * FROM changing", value!({})).await, value!([[{"longValue": 1}]]));
        // By somebody else, so that nothing here is told.
        script(&other, &["ALTER TABLE changing ADD b BOOLEAN DEFAULT 1"]).await;
        let found = results(&database, &["SELECT * FROM changing"], value!({}), value!({})).await;
        let found = &found.as_list().expect("a list")[0];
        assert_eq!(found.at(&["columnMetadata"]).as_list().expect("a list")[1].at(&["name"]), &value!("b"));
        assert_eq!(
            records(&database, "SELECT * FROM changing", value!({})).await,
            value!([[{"longValue": 1}, {"booleanValue": true}]])
        );
    });
}

#[test]
fn session_settings_do_not_reach_other_requests() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let database = Database::open(&url, Settings { max_connections: 1, ..Settings::default() }).expect("opened");
        script(&database, &["PRAGMA foreign_keys = OFF"]).await;
        assert_eq!(records(&database, "PRAGMA foreign_keys", value!({})).await, value!([[{"longValue": 1}]]));
        script(&database, &["CREATE TEMP TABLE left_behind (a INT)"]).await;
        let error = refusal(&database, "SELECT * FROM left_behind", value!({})).await;
        assert!(error.message.starts_with("no such table: left_behind"), "{error}");
    });
}

#[test]
fn a_schema_change_that_was_given_up_is_known() {
    run(async {
        let database = memory();
        script(&database, &["CREATE TABLE grows (a INT)", "INSERT INTO grows VALUES (1)"]).await;
        let request = value!({"statements": ["ALTER TABLE grows ADD b INT DEFAULT 2"]});
        let request = rds_data::Request::from_value(&request).expect("valid");
        for at in 0..40 {
            let before = records(&database, "SELECT * FROM grows", value!({})).await;
            let before = before.as_list().expect("rows")[0].as_list().expect("fields").len();
            // It may be done or not, and be told or not.
            let late = std::time::Instant::now() + std::time::Duration::from_micros(at * 10);
            let _ = rds_data::RdsData::execute(&database, &request, late).await;
            let columns = records(&database, "SELECT count(*) FROM pragma_table_info('grows')", value!({})).await;
            let columns = columns.at(&[]).as_list().expect("rows")[0].as_list().expect("fields")[0].at(&["longValue"]).clone();
            let after = records(&database, "SELECT * FROM grows", value!({})).await;
            let after = after.as_list().expect("rows")[0].as_list().expect("fields").len();
            assert_eq!(value!(after), columns);
            if after > before {
                script(&database, &["ALTER TABLE grows DROP COLUMN b"]).await;
            }
        }
    });
}
