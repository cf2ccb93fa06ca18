//! MySQL's types, ids and errors, on MariaDB.

use rds_data::ErrorKind;
use value::value;

use crate::{mysql, none, records, refusal, results, run, script};

#[test]
fn every_type_is_shown_as_the_api_shows_it() {
    run(async {
        let Some(database) = mysql() else { return };
        let text = |text: &str| value!({"stringValue": text});
        for (declared, parameter, expected) in [
            ("TINYINT(1)", value!(true), value!({"booleanValue": true})),
            ("BOOLEAN", value!(0), value!({"booleanValue": false})),
            ("TINYINT", value!(-128), value!({"longValue": (-128)})),
            ("TINYINT UNSIGNED", value!(255), value!({"longValue": 255})),
            ("SMALLINT", value!(-32768), value!({"longValue": (-32768)})),
            ("MEDIUMINT UNSIGNED", value!(16777215), value!({"longValue": 16777215})),
            ("INT UNSIGNED", value!(4294967295_i64), value!({"longValue": 4294967295_i64})),
            ("BIGINT", value!(i64::MIN), value!({"longValue": (i64::MIN)})),
            ("BIGINT UNSIGNED", value!("18446744073709551615"), text("18446744073709551615")),
            ("FLOAT", value!(1.1), value!({"doubleValue": 1.1})),
            ("DOUBLE", value!(0.1), value!({"doubleValue": 0.1})),
            (
                "DECIMAL(38,10)",
                value!("1234567890123456789012345678.0123456789"),
                text("1234567890123456789012345678.0123456789"),
            ),
            ("DECIMAL(5,2)", value!("1.1"), text("1.10")),
            ("BIT(1)", value!(true), value!({"booleanValue": true})),
            ("BIT(8)", value!(1), value!({"blobValue": "AQ=="})),
            ("BIT(10)", value!(513), value!({"blobValue": "AgE="})),
            ("YEAR", value!(2024), value!({"longValue": 2024})),
            ("DATE", value!("2024-05-01"), text("2024-05-01")),
            ("TIME", value!("-25:00:01"), text("-25:00:01")),
            ("TIME(3)", value!("12:00:00.120"), text("12:00:00.12")),
            ("DATETIME", value!("2024-05-01 12:00:00"), text("2024-05-01 12:00:00")),
            ("DATETIME(6)", value!("2024-05-01 00:00:00.000001"), text("2024-05-01 00:00:00.000001")),
            ("DATETIME", value!("2024-05-01 00:00:00"), text("2024-05-01 00:00:00")),
            ("TIMESTAMP NULL", value!("2024-05-01 12:00:00"), text("2024-05-01 12:00:00")),
            ("CHAR(3)", value!("a"), text("a")),
            ("VARCHAR(20)", value!("größe 😀"), text("größe 😀")),
            ("TEXT", value!(""), text("")),
            ("VARCHAR(9) COLLATE utf8mb4_bin", value!("ä"), text("ä")),
            ("LONGTEXT COLLATE utf8mb4_bin", value!("ä"), text("ä")),
            ("BINARY(2)", value!("ab"), value!({"blobValue": "YWI="})),
            ("ENUM('a','b')", value!("b"), text("b")),
            ("SET('a','b')", value!("a,b"), text("a,b")),
            ("JSON", value!("{\"a\": 1}"), text("{\"a\": 1}")),
            ("UUID", value!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
            ("VARBINARY(4)", value!("ab"), value!({"blobValue": "YWI="})),
            ("BLOB", value!("ab"), value!({"blobValue": "YWI="})),
            ("INT", value!(null), value!({"isNull": true})),
        ] {
            script(&database, &["DROP TABLE IF EXISTS types", &format!("CREATE TABLE types (a {declared})")]).await;
            results(&database, &["INSERT INTO types VALUES (:a)"], value!({":a": (&parameter)}), value!({})).await;
            assert_eq!(
                records(&database, "SELECT a FROM types", value!({})).await,
                value!([[expected]]),
                "{declared} {parameter}"
            );
        }
    });
}

#[test]
fn hints_are_taken() {
    run(async {
        let Some(database) = mysql() else { return };
        script(
            &database,
            &["DROP TABLE IF EXISTS hinted", "CREATE TABLE hinted (d DATE, t TIME, ts DATETIME(3), n DECIMAL(20,4), j JSON)"],
        )
        .await;
        let variables =
            value!({":d": "2024-05-01", ":t": "12:00:00", ":ts": "2024-05-01 12:00:00.123", ":n": "1.5", ":j": [1, 2]});
        let hints = value!({":d": "DATE", ":t": "TIME", ":ts": "TIMESTAMP", ":n": "DECIMAL", ":j": "JSON"});
        let statements =
            ["INSERT INTO hinted VALUES (:d, :t, :ts, :n, :j)", "SELECT * FROM hinted WHERE d = :d AND n = :n AND ts = :ts"];
        let found = results(&database, &statements, variables, hints).await;
        let expected = value!([[{"stringValue": "2024-05-01"}, {"stringValue": "12:00:00"}, {"stringValue": "2024-05-01 12:00:00.123"},
            {"stringValue": "1.5000"}, {"stringValue": "[1,2]"}]]);
        assert_eq!(found.as_list().expect("a list")[1].at(&["records"]), &expected);
    });
}

#[test]
fn hinted_decimals_are_compared_exactly() {
    run(async {
        let Some(database) = mysql() else { return };
        let sql = "SELECT n FROM (SELECT 12345678901234567890.01 AS n UNION SELECT 12345678901234567890.02) t WHERE n = :n";
        let hints = value!({":n": "DECIMAL"});
        let found = results(&database, &[sql], value!({":n": "12345678901234567890.02"}), hints).await;
        let expected = value!([[{"stringValue": "12345678901234567890.02"}]]);
        assert_eq!(found.as_list().expect("a list")[0].at(&["records"]), &expected);
    });
}

#[test]
fn ids_that_the_database_made_are_told() {
    run(async {
        let Some(database) = mysql() else { return };
        script(
            &database,
            &["DROP TABLE IF EXISTS ids", "CREATE TABLE ids (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v TEXT)"],
        )
        .await;
        for (sql, count, generated) in [
            ("INSERT INTO ids (v) VALUES (:v)", 1, value!([{"longValue": 1}])),
            // The server tells an id that was given as well, and so does JDBC.
            ("INSERT INTO ids (id, v) VALUES (10, :v)", 1, value!([{"longValue": 10}])),
            ("INSERT INTO ids (v) VALUES (:v)", 1, value!([{"longValue": 11}])),
            // Of many the first.
            ("INSERT INTO ids (v) VALUES (:v), (:v), (:v)", 3, value!([{"longValue": 12}])),
            ("UPDATE ids SET v = concat(v, :v)", 6, none()),
            ("DELETE FROM ids", 6, none()),
        ] {
            let found = results(&database, &[sql], value!({":v": "x"}), value!({})).await;
            assert_eq!(found, value!([{"numberOfRecordsUpdated": count, "generatedFields": generated}]), "{sql}");
        }
    });
}

#[test]
fn a_script_may_go_to_another_database() {
    run(async {
        let Some(database) = mysql() else { return };
        // The server's user may make the database that a dump names.
        let name = format!("other-{:?}.sql", std::time::SystemTime::now());
        let text = "CREATE DATABASE IF NOT EXISTS other;\nUSE other;\nDROP TABLE IF EXISTS there;\nCREATE TABLE there (a INT);\n";
        let scripts = [rds_data::Script { name, text: text.into() }];
        assert_eq!(database.seed(&scripts, crate::later()).await, Ok(vec![rds_data::Seeded::Now]));
        assert_eq!(database.seed(&scripts, crate::later()).await, Ok(vec![rds_data::Seeded::Before]));
        assert_eq!(records(&database, "SELECT DATABASE()", value!({})).await, value!([[{"stringValue": "app"}]]));
        assert_eq!(records(&database, "SELECT * FROM other.there", value!({})).await, none());
    });
}

#[test]
fn metadata_tells_the_column_as_jdbc_does() {
    run(async {
        let Some(database) = mysql() else { return };
        script(
            &database,
            &[
                "DROP TABLE IF EXISTS meta",
                "CREATE TABLE meta (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, price DECIMAL(10,2), title VARCHAR(40) NOT NULL)",
            ],
        )
        .await;
        let found = results(&database, &["SELECT id, price AS cost, title, 1 AS one FROM meta m"], value!({}), value!({})).await;
        let columns = found.as_list().expect("a list")[0].at(&["columnMetadata"]).clone();
        let columns = columns.as_list().expect("metadata even without rows");
        assert_eq!(
            columns[1],
            value!({"arrayBaseColumnType": 0, "isAutoIncrement": false, "isCaseSensitive": false, "isCurrency": false,
                "isSigned": true, "label": "cost", "name": "price", "nullable": 1, "precision": 10, "scale": 2, "schemaName": "",
                "tableName": "meta", "type": 3, "typeName": "DECIMAL"})
        );
        let brief = |at: usize| {
            ["typeName", "type", "precision", "nullable", "isAutoIncrement", "isSigned"]
                .map(|key| columns[at].at(&[key]).to_string())
        };
        assert_eq!(brief(0), ["\"INT UNSIGNED\"", "4", "10", "0", "true", "false"]);
        assert_eq!(brief(2), ["\"VARCHAR\"", "12", "40", "0", "false", "false"]);
        assert_eq!(brief(3)[3..], ["2", "false", "true"]);
    });
}

#[test]
fn errors_have_the_services_form() {
    run(async {
        let Some(database) = mysql() else { return };
        let error = refusal(&database, "SELECT * FROM no_such_table", value!({})).await;
        assert_eq!(error.message, "Table 'app.no_such_table' doesn't exist; Error code: 1146; SQLState: 42S02");
        assert_eq!((error.kind, error.code, error.sqlstate.as_deref()), (ErrorKind::Database, Some(1146), Some("42S02")));
        script(
            &database,
            &["DROP TABLE IF EXISTS once", "CREATE TABLE once (id INT PRIMARY KEY)", "INSERT INTO once VALUES (1)"],
        )
        .await;
        let error = refusal(&database, "INSERT INTO once VALUES (1)", value!({})).await;
        assert_eq!(error.message, "Duplicate entry '1' for key 'PRIMARY'; Error code: 1062; SQLState: 23000");
    });
}

#[test]
fn the_servers_own_modes_hold_and_the_time_is_utc() {
    run(async {
        let Some(database) = mysql() else { return };
        let found = records(&database, "SELECT 1 || 0, @@session.time_zone, @@session.sql_mode LIKE '%PIPES%'", value!({})).await;
        assert_eq!(found, value!([[{"longValue": 1}, {"stringValue": "+00:00"}, {"longValue": 0}]]));
    });
}

#[test]
fn a_changed_schema_is_noticed() {
    run(async {
        let (Some(database), Some(other)) = (mysql(), mysql()) else { return };
        script(&database, &["DROP TABLE IF EXISTS changing", "CREATE TABLE changing (a INT)", "INSERT INTO changing VALUES (1)"])
            .await;
        assert_eq!(records(&database, "SELECT * FROM changing", value!({})).await, value!([[{"longValue": 1}]]));
        // By somebody else, so that nothing here is told.
        script(&other, &["ALTER TABLE changing MODIFY a VARCHAR(9), ADD b INT DEFAULT 2"]).await;
        let found = results(&database, &["SELECT * FROM changing"], value!({}), value!({})).await;
        let found = &found.as_list().expect("a list")[0];
        assert_eq!(found.at(&["records"]), &value!([[{"stringValue": "1"}, {"longValue": 2}]]));
        assert_eq!(found.at(&["columnMetadata"]).as_list().expect("a list")[1].at(&["name"]), &value!("b"));
    });
}

/// What a closed statement makes wait is the next message (see the engine's own words), so they are closed all together, between
/// requests: the session counts them.
#[test]
fn no_statement_is_closed_while_a_request_waits() {
    run(async {
        let Some(server) = crate::servers::mariadb() else { return };
        let settings = rds_data::Settings { max_connections: 1, statement_cache: 50, ..rds_data::Settings::default() };
        let database = rds_data::Database::open(&server.url, settings).expect("opened");
        let count = "SELECT CAST(variable_value AS SIGNED), connection_id() FROM information_schema.session_status \
            WHERE variable_name = 'COM_STMT_CLOSE'";
        let mut closings = 0;
        let mut before = 0;
        // More texts than a connection keeps, and a column whose type only its execution tells.
        for at in 0..200 {
            records(&database, &format!("SELECT :a + {at}"), value!({":a": 1})).await;
            let found = records(&database, count, value!({})).await;
            let row = found.as_list().expect("rows")[0].as_list().expect("a row");
            let closed = row[0].at(&["longValue"]).as_number().and_then(value::Number::as_i64).expect("a number");
            assert!(closed == before || closed - before > 50, "{at}: {} at once", closed - before);
            closings += usize::from(closed > before);
            before = closed;
        }
        assert!((1..=4).contains(&closings), "{closings}");
    });
}

#[test]
fn a_column_has_the_type_that_its_execution_tells() {
    run(async {
        let Some(database) = mysql() else { return };
        for (parameter, expected) in
            [(value!(1), "BIGINT"), (value!("x"), "VARCHAR"), (value!(1.5), "DOUBLE"), (value!(2), "BIGINT")]
        {
            let request = value!({"statements": ["SELECT :a AS a"], "variableMap": {":a": parameter}});
            let result = crate::execute(&database, &request).await.expect("a result");
            let result = result.at(&["sqlStatementResults"]).as_list().expect("a list")[0].clone();
            let column = result.at(&["columnMetadata"]).as_list().expect("columns")[0].clone();
            assert_eq!(column.at(&["typeName"]), &value!(expected));
        }
    });
}

#[test]
fn session_settings_do_not_reach_other_requests() {
    run(async {
        let Some(server) = crate::servers::mariadb() else { return };
        let settings = rds_data::Settings { max_connections: 1, ..rds_data::Settings::default() };
        let database = rds_data::Database::open(&server.url, settings).expect("opened");
        script(&database, &["CREATE OR REPLACE PROCEDURE leaves_behind() SET @left = 'x'"]).await;
        let left = "SELECT if(@left IS NULL, '', 'x')";
        for (leaves, look) in [
            ("SET @left = 'x'", left),
            ("SELECT @left := 'x'", left),
            ("SELECT 'x' INTO\n@left", left),
            ("CALL leaves_behind()", left),
            ("SET SESSION sql_mode = 'ANSI'", "SELECT if(@@sql_mode LIKE '%ANSI%', 'x', '')"),
            ("DO GET_LOCK('left', 1)", "SELECT if(IS_FREE_LOCK('left'), '', 'x')"),
        ] {
            script(&database, &[leaves]).await;
            assert_eq!(records(&database, look, value!({})).await, value!([[{"stringValue": ""}]]), "{leaves}");
        }
        script(&database, &["CREATE\nTEMPORARY TABLE left_behind (a INT)"]).await;
        assert_eq!(refusal(&database, "SELECT * FROM left_behind", value!({})).await.code, Some(1146));
    });
}

#[test]
fn of_several_results_of_a_routine_the_first_is_given() {
    run(async {
        let Some(database) = mysql() else { return };
        script(
            &database,
            &["CREATE OR REPLACE PROCEDURE several() BEGIN SELECT 1 AS a; SELECT 'text' AS b; SELECT 2 AS c, 3 AS d; END"],
        )
        .await;
        for _ in 0..2 {
            let found = results(&database, &["CALL several()"], value!({}), value!({})).await;
            let found = &found.as_list().expect("a list")[0];
            assert_eq!(found.at(&["records"]), &value!([[{"longValue": 1}]]));
            let columns = found.at(&["columnMetadata"]).as_list().expect("columns");
            assert_eq!(columns.iter().map(|column| column.at(&["label"])).collect::<Vec<_>>(), [&value!("a")]);
        }
    });
}
