//! PostgreSQL's types in both directions, its parameters and its errors.

use std::time::Duration;

use rds_data::{Database, ErrorKind, Settings};
use value::{Value, value};

use crate::{execute, later, none, open, postgres, records, refusal, results, run, script, servers};

#[test]
fn every_type_that_the_api_shows_is_shown_as_the_api_shows_it() {
    run(async {
        let Some(database) = postgres() else { return };
        script(
            &database,
            &[
                "DROP TYPE IF EXISTS t_mood CASCADE",
                "CREATE TYPE t_mood AS ENUM ('sad', 'ok')",
                "DROP DOMAIN IF EXISTS t_email",
                "CREATE DOMAIN t_email AS text CHECK (VALUE LIKE '%@%')",
            ],
        )
        .await;
        let text = |text: &str| value!({"stringValue": text});
        for (sql, expected) in [
            ("true", value!({"booleanValue": true})),
            ("'-32768'::int2", value!({"longValue": (-32768)})),
            ("'-2147483648'::int4", value!({"longValue": (-2147483648_i64)})),
            ("9223372036854775807::int8", value!({"longValue": (i64::MAX)})),
            ("1.1::float4", value!({"doubleValue": 1.1})),
            ("1.0::float8", value!({"doubleValue": 1.0})),
            ("'NaN'::float8", value!({"doubleValue": "NaN"})),
            ("1.10::numeric", text("1.10")),
            ("0.00000123::numeric", text("0.00000123")),
            ("-10000::numeric", text("-10000")),
            ("123456789012345678901234567890.12::numeric", text("123456789012345678901234567890.12")),
            ("0::numeric", text("0")),
            ("0.000::numeric", text("0.000")),
            ("'NaN'::numeric", text("NaN")),
            ("'größe'::text", text("größe")),
            ("'a'::char(3)", text("a  ")),
            ("'a'::varchar(3)", text("a")),
            ("'2024-05-01'::date", text("2024-05-01")),
            ("'0044-03-15 BC'::date", text("0044-03-15 BC")),
            ("'infinity'::date", text("infinity")),
            ("'12:00:00'::time", text("12:00:00")),
            ("'12:00:00.120'::time", text("12:00:00.12")),
            ("'12:00:00+02'::timetz", text("12:00:00+02:00")),
            ("'2024-05-01 12:00:00'::timestamp", text("2024-05-01 12:00:00")),
            ("'1969-12-31 23:59:59.123456'::timestamp", text("1969-12-31 23:59:59.123456")),
            ("'2024-05-01 12:00:00+09'::timestamptz", text("2024-05-01 03:00:00")),
            ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
            ("'{\"b\": 1,\"a\":2}'::json", text("{\"b\": 1,\"a\":2}")),
            ("'{\"b\": 1,\"a\":2}'::jsonb", text("{\"a\": 2, \"b\": 1}")),
            ("'\\x00ff'::bytea", value!({"blobValue": "AP8="})),
            ("'sad'::t_mood", text("sad")),
            ("'a@b'::t_email", text("a@b")),
            ("'10.0.0.1'::inet", text("10.0.0.1")),
            ("'10.0.0.0/8'::cidr", text("10.0.0.0/8")),
            ("'::1'::inet", text("::1")),
            ("NULL::int4", value!({"isNull": true})),
            ("ARRAY[1,2]", value!({"arrayValue": {"longValues": [1, 2]}})),
            ("ARRAY[true]", value!({"arrayValue": {"booleanValues": [true]}})),
            ("ARRAY[1.5::float8]", value!({"arrayValue": {"doubleValues": [1.5]}})),
            ("ARRAY['a',NULL]", value!({"arrayValue": {"stringValues": ["a", null]}})),
            ("ARRAY[1.10,2]", value!({"arrayValue": {"stringValues": ["1.10", "2"]}})),
            ("ARRAY['sad'::t_mood]", value!({"arrayValue": {"stringValues": ["sad"]}})),
            ("'{}'::text[]", value!({"arrayValue": {"stringValues": (none())}})),
            ("ARRAY[[1,2],[3,4]]", value!({"arrayValue": {"arrayValues": [{"longValues": [1, 2]}, {"longValues": [3, 4]}]}})),
        ] {
            assert_eq!(records(&database, &format!("SELECT {sql}"), value!({})).await, value!([[expected]]), "{sql}");
        }
        for (sql, name) in
            [("'1 day'::interval", "INTERVAL"), ("'1'::money", "MONEY"), ("point(1,2)", "POINT"), ("ROW(1)", "RECORD")]
        {
            let error = refusal(&database, &format!("SELECT {sql}"), value!({})).await;
            assert_eq!(error.kind, ErrorKind::UnsupportedResult);
            assert_eq!(error.message, format!("The result contains the unsupported data type {name}."));
        }
        assert_eq!(records(&database, "SELECT '1 day'::interval::text", value!({})).await, value!([[(text("1 day"))]]));
    });
}

#[test]
fn parameters_have_the_types_of_their_fields_and_hints() {
    run(async {
        let Some(database) = postgres() else { return };
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let cases = [
            (value!("x"), None, "text", "x"),
            (value!(7), None, "bigint", "7"),
            (value!(1.5), None, "double precision", "1.5"),
            (value!(true), None, "boolean", "true"),
            (value!(uuid), Some("UUID"), "uuid", uuid),
            (value!("2024-02-29"), Some("DATE"), "date", "2024-02-29"),
            (value!("12:00:00.5"), Some("TIME"), "time without time zone", "12:00:00.5"),
            (
                value!("2024-05-01 12:00:00.123456"),
                Some("TIMESTAMP"),
                "timestamp without time zone",
                "2024-05-01 12:00:00.123456",
            ),
            (value!("-12345678901234567890.000100"), Some("DECIMAL"), "numeric", "-12345678901234567890.000100"),
            (value!("0.00012"), Some("DECIMAL"), "numeric", "0.00012"),
            (value!("100000000"), Some("DECIMAL"), "numeric", "100000000"),
            (value!("0"), Some("DECIMAL"), "numeric", "0"),
            (value!(1.25), Some("DECIMAL"), "numeric", "1.25"),
            (value!([1, 2]), Some("JSON"), "jsonb", "[1, 2]"),
        ];
        for (parameter, hint, kind, expected) in cases {
            let hints = hint.map_or(value!({}), |hint| value!({":p": hint}));
            let sql = "SELECT pg_typeof(:p)::text, (:p)::text";
            let found = results(&database, &[sql], value!({":p": (&parameter)}), hints).await;
            let expected = value!([[{"stringValue": kind}, {"stringValue": expected}]]);
            assert_eq!(found.as_list().expect("a list")[0].at(&["records"]), &expected, "{parameter} {hint:?}");
        }
        let sql = "SELECT :p->2 AS value";
        let found = results(&database, &[sql], value!({":p": [1, 2, 3]}), value!({":p": "JSON"})).await;
        assert_eq!(found.as_list().expect("a list")[0].at(&["records"]), &value!([[{"stringValue": "3"}]]));
        let found = results(&database, &["SELECT json_typeof(:p)"], value!({":p": "{}"}), value!({":p": "JSON"})).await;
        assert_eq!(found.as_list().expect("a list")[0].at(&["records"]), &value!([[{"stringValue": "object"}]]));
    });
}

#[test]
fn one_text_with_other_types_of_parameters_is_another_statement() {
    run(async {
        let Some(database) = postgres() else { return };
        for round in 0..3 {
            for (parameter, expected) in [
                (value!("12345678"), value!({"stringValue": "12345678"})),
                (value!(round), value!({"longValue": round})),
                (value!(0.5), value!({"doubleValue": 0.5})),
                (value!(false), value!({"booleanValue": false})),
                (value!(null), value!({"isNull": true})),
            ] {
                assert_eq!(records(&database, "SELECT :p", value!({":p": parameter})).await, value!([[expected]]));
            }
        }
        let found = results(&database, &["SELECT :p"], value!({":p": 1}), value!({})).await;
        assert_eq!(
            found.as_list().expect("a list")[0].at(&["columnMetadata"]).as_list().expect("a list")[0].at(&["label"]),
            &value!("?column?")
        );
    });
}

#[test]
fn what_needs_a_cast_on_aurora_takes_the_columns_type_unless_strict() {
    run(async {
        let Some(database) = postgres() else { return };
        script(&database, &[
            "DROP TABLE IF EXISTS lenient",
            "DROP TYPE IF EXISTS l_mood CASCADE",
            "CREATE TYPE l_mood AS ENUM ('sad', 'ok')",
            "CREATE TABLE lenient (id uuid, n int4, d numeric(6,2), t timestamptz, day date, j jsonb, m l_mood, b bytea, a text[], s text, ok bool, ip inet)",
        ])
        .await;
        let variables = value!({":id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", ":n": "7", ":d": "1.5", ":t": "2024-05-01T12:00:00+02:00",
            ":day": "2024-05-01", ":j": "{\"a\":1}", ":m": "ok", ":b": "\\x01", ":a": "{x,y}", ":s": 5, ":ok": "true", ":ip": "10.0.0.1"});
        let insert = "INSERT INTO lenient VALUES (:id, :n, :d, :t, :day, :j, :m, :b, :a, :s, :ok, :ip)";
        results(&database, &[insert], variables.clone(), value!({})).await;
        let expected = value!([[{"stringValue": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {"longValue": 7}, {"stringValue": "1.50"},
            {"stringValue": "2024-05-01 10:00:00"}, {"stringValue": "2024-05-01"}, {"stringValue": "{\"a\": 1}"}, {"stringValue": "ok"},
            {"blobValue": "AQ=="}, {"arrayValue": {"stringValues": ["x", "y"]}}, {"stringValue": "5"}, {"booleanValue": true},
            {"stringValue": "10.0.0.1"}]]);
        let select = "SELECT * FROM lenient WHERE id = :id AND n = :n AND t > :day AND m = :m";
        for _ in 0..2 {
            assert_eq!(records(&database, select, variables.clone()).await, expected);
        }
        let error = refusal(&database, "SELECT 1 FROM lenient WHERE id = :id", value!({":id": "no uuid"})).await;
        assert_eq!(error.message, "ERROR: invalid input syntax for type uuid: \"no uuid\"; SQLState: 22P02");

        let server = servers::postgres().expect("started");
        let strict =
            Database::open(&server.url, Settings { strict_parameter_types: true, ..Settings::default() }).expect("opened");
        let error = refusal(&strict, "SELECT 1 FROM lenient WHERE id = :id", value!({":id": "x"})).await;
        assert_eq!(
            error.message,
            "ERROR: operator does not exist: uuid = text; Hint: No operator matches the given name and argument types. You might need \
             to add explicit type casts.; Position: 32; SQLState: 42883"
        );
        assert_eq!(
            records(&strict, "SELECT 1 FROM lenient WHERE id = :id::uuid", value!({":id": (variables.at(&[":id"]))})).await,
            value!([[{"longValue": 1}]])
        );
    });
}

#[test]
fn what_only_typed_parameters_allow_works() {
    run(async {
        let Some(database) = postgres() else { return };
        for (sql, expected) in [
            ("SELECT concat(:s, :n)", value!({"stringValue": "x3000000000"})),
            ("SELECT :n + 1", value!({"longValue": 3000000001_i64})),
            ("SELECT :z IS NULL", value!({"booleanValue": true})),
            ("SELECT coalesce(:z, :s)", value!({"stringValue": "x"})),
            ("SELECT jsonb_build_object('a', :s)->>'a'", value!({"stringValue": "x"})),
            ("SELECT 1 WHERE 5 < :n LIMIT :one OFFSET 0", value!({"longValue": 1})),
            ("SELECT count(*) FROM generate_series(1, :one)", value!({"longValue": 1})),
            ("SELECT (ARRAY['a','b'])[:one]", value!({"stringValue": "a"})),
            ("SELECT '[\"a\"]'::jsonb ->> :i", value!({"stringValue": "a"})),
            ("SELECT date '2024-05-01' + :one", value!({"stringValue": "2024-05-02"})),
        ] {
            let variables = value!({":s": "x", ":n": 3000000000_i64, ":z": null, ":one": 1, ":i": 0});
            assert_eq!(records(&database, sql, variables).await, value!([[expected]]), "{sql}");
        }
    });
}

#[test]
fn errors_have_the_services_form() {
    run(async {
        let Some(database) = postgres() else { return };
        script(
            &database,
            &["DROP TABLE IF EXISTS e", "CREATE TABLE e (id int PRIMARY KEY, v text NOT NULL)", "INSERT INTO e VALUES (1, 'a')"],
        )
        .await;
        for (sql, message, state) in [
            (
                "select * from no_such_table",
                "ERROR: relation \"no_such_table\" does not exist; Position: 15; SQLState: 42P01",
                "42P01",
            ),
            ("SELEKT 1", "ERROR: syntax error at or near \"SELEKT\"; Position: 1; SQLState: 42601", "42601"),
            (
                "select :one, :a_longer_name, no_such from e",
                "ERROR: column \"no_such\" does not exist; Position: 30; SQLState: 42703",
                "42703",
            ),
            (
                "insert into e values (:one, 'b')",
                "ERROR: duplicate key value violates unique constraint \"e_pkey\"; SQLState: 23505",
                "23505",
            ),
            (
                "insert into e values (2)",
                "ERROR: null value in column \"v\" of relation \"e\" violates not-null constraint; SQLState: 23502",
                "23502",
            ),
            ("select 1/0", "ERROR: division by zero; SQLState: 22012", "22012"),
        ] {
            let error = refusal(&database, sql, value!({":one": 1, ":a_longer_name": "x"})).await;
            assert_eq!((&*error.message, error.kind, error.sqlstate.as_deref()), (message, ErrorKind::Database, Some(state)));
        }
        assert!(refusal(&database, "COPY e TO STDOUT", value!({})).await.message.starts_with("COPY is not supported"));
        assert_eq!(records(&database, "select count(*) from e", value!({})).await, value!([[{"longValue": 1}]]));
    });
}

#[test]
fn metadata_tells_the_column_as_jdbc_does() {
    run(async {
        let Some(database) = postgres() else { return };
        script(&database, &["DROP TABLE IF EXISTS meta", "CREATE TABLE meta (id serial PRIMARY KEY, price numeric(10,2), title varchar(40) NOT NULL, tags text[], at timestamp(3))"]).await;
        let found = results(&database, &["SELECT id, price AS cost, title, tags, at, 1 FROM meta"], value!({}), value!({})).await;
        let columns = found.as_list().expect("a list")[0].at(&["columnMetadata"]).clone();
        let columns = columns.as_list().expect("metadata even without rows");
        assert_eq!(
            columns[1],
            value!({"arrayBaseColumnType": 0, "isAutoIncrement": false, "isCaseSensitive": false, "isCurrency": false,
                "isSigned": true, "label": "cost", "name": "price", "nullable": 1, "precision": 10, "scale": 2, "schemaName": "",
                "tableName": "meta", "type": 2, "typeName": "numeric"})
        );
        let brief = |at: usize| {
            ["typeName", "type", "precision", "nullable", "isAutoIncrement"].map(|key| columns[at].at(&[key]).to_string())
        };
        assert_eq!(brief(0), ["\"serial\"", "4", "10", "0", "true"]);
        assert_eq!(brief(2), ["\"varchar\"", "12", "40", "0", "false"]);
        assert_eq!(brief(3)[..2], ["\"_text\"", "2003"]);
        assert_eq!(columns[3].at(&["arrayBaseColumnType"]), &value!(12));
        assert_eq!(columns[4].at(&["scale"]), &value!(3));
        assert_eq!(brief(5), ["\"int4\"", "4", "10", "2", "false"]);
    });
}

#[test]
fn a_changed_schema_is_noticed() {
    run(async {
        let Some(database) = postgres() else { return };
        let other = postgres().expect("started");
        script(&database, &["DROP TABLE IF EXISTS changing", "CREATE TABLE changing (a int)", "INSERT INTO changing VALUES (1)"])
            .await;
        let select = "SELECT * FROM changing WHERE a = :a";
        assert_eq!(records(&database, select, value!({":a": "1"})).await, value!([[{"longValue": 1}]]));
        // By somebody else, so that nothing here is told.
        script(&other, &["ALTER TABLE changing ALTER a TYPE text, ADD b bool DEFAULT true"]).await;
        assert_eq!(
            records(&database, select, value!({":a": "1"})).await,
            value!([[{"stringValue": "1"}, {"booleanValue": true}]])
        );
        script(&other, &["DROP TABLE changing", "CREATE TABLE changing (a uuid)"]).await;
        assert_eq!(records(&database, select, value!({":a": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})).await, none());
    });
}

#[test]
fn returning_and_counts() {
    run(async {
        let Some(database) = postgres() else { return };
        script(&database, &["DROP TABLE IF EXISTS counted", "CREATE TABLE counted (id serial, v int)"]).await;
        let found = results(
            &database,
            &["INSERT INTO counted (v) VALUES (1), (2)", "UPDATE counted SET v = v + 1 RETURNING v"],
            value!({}),
            value!({}),
        )
        .await;
        let found = found.as_list().expect("a list");
        assert_eq!(found[0], value!({"numberOfRecordsUpdated": 2, "generatedFields": (none())}));
        assert_eq!(found[1].at(&["records"]), &value!([[{"longValue": 2}], [{"longValue": 3}]]));
        assert_eq!(found[1].at(&["numberOfRecordsUpdated"]), &value!(0));
        // The second statement is about what the first one makes.
        let made = ["CREATE TABLE counted_too (id uuid)", "INSERT INTO counted_too VALUES (:id) RETURNING id"];
        script(&database, &["DROP TABLE IF EXISTS counted_too"]).await;
        let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let found = results(&database, &made, value!({":id": id}), value!({})).await;
        assert_eq!(found.as_list().expect("a list")[1].at(&["records"]), &value!([[{"stringValue": id}]]));
    });
}

#[test]
fn the_connection_is_encrypted_and_in_utc() {
    run(async {
        let Some(database) = postgres() else { return };
        let sql = "SELECT ssl, current_setting('TimeZone') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert_eq!(records(&database, sql, value!({})).await, value!([[{"booleanValue": true}, {"stringValue": "UTC"}]]));
        let server = servers::postgres().expect("started");
        let verified = open(&format!("{}?sslmode=verify-full", server.url));
        let error = refusal(&verified, "SELECT 1", value!({})).await;
        assert_eq!(error.kind, ErrorKind::DatabaseUnavailable);
    });
}

#[test]
fn a_lost_server_session_is_replaced() {
    run(async {
        let Some(database) = postgres() else { return };
        let killer = postgres().expect("started");
        let process = records(&database, "SELECT pg_backend_pid()", value!({})).await;
        let process = process.as_list().and_then(|rows| rows[0].as_list()).expect("a row")[0].at(&["longValue"]).clone();
        let killed = records(&killer, "SELECT pg_terminate_backend(:p::int)", value!({":p": process})).await;
        assert_eq!(killed, value!([[{"booleanValue": true}]]));
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(records(&database, "SELECT 1", value!({})).await, value!([[{"longValue": 1}]]));
    });
}

#[test]
fn session_settings_do_not_reach_other_requests() {
    run(async {
        let Some(server) = servers::postgres() else { return };
        let database = Database::open(&server.url, Settings { max_connections: 1, ..Settings::default() }).expect("opened");
        let session = async || records(&database, "SELECT pg_backend_pid()", value!({})).await;
        let first = session().await;
        for (leaves, look, clean) in [
            ("SET search_path TO nowhere", "SELECT current_setting('search_path')", "\"$user\", public"),
            ("SELECT set_config('app.tenant', 'x', false)", "SELECT coalesce(current_setting('app.tenant', true), '')", ""),
            ("SET ROLE pg_monitor", "SELECT current_user::text", "app"),
            ("SELECT pg_advisory_lock(5)", "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'", "0"),
            ("CREATE TEMPORARY TABLE left_behind (a int)", "SELECT coalesce(to_regclass('left_behind')::text, '')", ""),
            ("CREATE\nTEMP TABLE left_behind (a int)", "SELECT coalesce(to_regclass('left_behind')::text, '')", ""),
            ("SELECT 1 AS a INTO TEMP left_behind", "SELECT coalesce(to_regclass('left_behind')::text, '')", ""),
            ("SET timezone TO 'Asia/Tokyo'", "SELECT current_setting('timezone')", "UTC"),
        ] {
            script(&database, &[leaves]).await;
            assert_eq!(records(&database, look, value!({})).await, value!([[{"stringValue": clean}]]), "{leaves}");
        }
        assert_eq!(session().await, first, "a session is reset, not made anew");
        script(&database, &["PREPARE left_behind AS SELECT 1"]).await;
        assert_ne!(session().await, first);
    });
}

#[test]
fn deferred_constraints_roll_back() {
    run(async {
        let Some(database) = postgres() else { return };
        script(
            &database,
            &["DROP TABLE IF EXISTS deferred", "CREATE TABLE deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"],
        )
        .await;
        let request = value!({"statements": ["INSERT INTO deferred VALUES (1)", "INSERT INTO deferred VALUES (1)"]});
        let error = execute(&database, &request).await.expect_err("refused");
        assert_eq!(error.sqlstate.as_deref(), Some("23505"));
        assert_eq!(records(&database, "SELECT * FROM deferred", value!({})).await, Value::List(Default::default()));
        let _ = later();
    });
}

#[test]
fn a_null_takes_the_type_of_its_other_places_unless_strict() {
    run(async {
        let Some(server) = servers::postgres() else { return };
        let sql =
            "SELECT n FROM generate_series(1, 3) n WHERE (:a IS NULL OR n = :a) AND (:b IS NULL OR n::text = :b) ORDER BY n";
        let database = open(&server.url);
        for (variables, expected) in [
            (value!({":a": null, ":b": null}), value!([[{"longValue": 1}], [{"longValue": 2}], [{"longValue": 3}]])),
            (value!({":a": 2, ":b": null}), value!([[{"longValue": 2}]])),
            (value!({":a": null, ":b": "3"}), value!([[{"longValue": 3}]])),
        ] {
            assert_eq!(records(&database, sql, variables.clone()).await, expected, "{variables}");
        }
        let strict = Settings { strict_parameter_types: true, ..Settings::default() };
        let database = Database::open(&server.url, strict).expect("opened");
        let error = refusal(&database, sql, value!({":a": null, ":b": null})).await;
        assert_eq!(error.sqlstate.as_deref(), Some("42P18"), "{error}");
    });
}

#[test]
fn a_statement_that_fails_in_a_function_runs_once() {
    run(async {
        let Some(database) = crate::postgres() else { return };
        script(
            &database,
            &[
                "DROP SEQUENCE IF EXISTS runs",
                "CREATE SEQUENCE runs",
                "CREATE OR REPLACE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('runs'); EXECUTE 'SELECT * FROM gone'; RETURN 1; END $$",
            ],
        )
        .await;
        for _ in 0..3 {
            assert_eq!(refusal(&database, "SELECT fails()", value!({})).await.sqlstate.as_deref(), Some("42P01"));
        }
        assert_eq!(records(&database, "SELECT nextval('runs')", value!({})).await, value!([[{"longValue": 4}]]));
        // A name that is looked up while a statement runs tells no place in it.
        let named = "SELECT nextval('runs'), CAST(CAST(:table AS regclass) AS text)";
        records(&database, named, value!({":table": "runs"})).await;
        assert_eq!(refusal(&database, named, value!({":table": "gone"})).await.sqlstate.as_deref(), Some("42P01"));
        assert_eq!(records(&database, "SELECT nextval('runs')", value!({})).await, value!([[{"longValue": 7}]]));
    });
}

/// A plan that another connection made is held against the schema before its statement runs.
#[test]
fn a_statement_for_an_old_schema_runs_once() {
    run(async {
        let (Some(database), Some(other)) = (crate::postgres(), crate::postgres()) else { return };
        let prepare = ["DROP TABLE IF EXISTS altered", "DROP SEQUENCE IF EXISTS reads", "CREATE SEQUENCE reads"];
        script(&database, &prepare).await;
        script(&database, &["CREATE TABLE altered (a INT)", "INSERT INTO altered VALUES (7)"]).await;
        let sql = "SELECT nextval('reads'), a FROM altered";
        assert_eq!(records(&database, sql, value!({})).await, value!([[{"longValue": 1}, {"longValue": 7}]]));
        script(&other, &["ALTER TABLE altered ALTER a TYPE text"]).await;
        // The connection that knows the statement is busy, and the next one is new.
        let (_, found) = tokio::join!(records(&database, "SELECT 1 FROM pg_sleep(1)", value!({})), async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            records(&database, sql, value!({})).await
        });
        assert_eq!(found, value!([[{"longValue": 2}, {"stringValue": "7"}]]));
    });
}
