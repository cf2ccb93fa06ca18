//! The statements that `@aws-appsync/utils/rds` builds are executed, and their results read by its `toJsonObject`.

use appsync_utils::{Session, find, module};
use rds_data::{Database, EngineKind};
use value::{Value, value};

use crate::{all, execute, none, run, script};

struct Rds(Session);

impl Rds {
    fn new() -> Self {
        Self(Session::system(Value::Null))
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Value {
        let utility = module("rds").and_then(|table| find(table, name)).expect(name);
        (utility.call)(&mut self.0, arguments).unwrap_or_else(|failure| panic!("{name}: {failure}"))
    }

    /// The request for up to two built statements, for the engine's dialect. SQLite takes either.
    fn request(&mut self, engine: EngineKind, statements: &[Value]) -> Value {
        let create = if engine == EngineKind::MySql { "createMySQLStatement" } else { "createPgStatement" };
        self.call(create, statements)
    }

    async fn rows(&mut self, database: &Database, statements: &[Value]) -> Value {
        let request = self.request(database.engine(), statements);
        let result = execute(database, &request).await.unwrap_or_else(|error| panic!("{request}: {error}"));
        let as_object = self.call("toJsonObject", std::slice::from_ref(&result));
        // `ctx.result` is the JSON text on the service.
        assert_eq!(self.call("toJsonObject", &[value!(result.to_json())]), as_object);
        as_object
    }
}

#[test]
fn built_statements_run_on_every_engine() {
    run(async {
        for database in all() {
            let engine = database.engine();
            let mut rds = Rds::new();
            script(
                &database,
                &[
                    "DROP TABLE IF EXISTS built_pets",
                    "DROP TABLE IF EXISTS built_persons",
                    "CREATE TABLE built_persons (id INT PRIMARY KEY, name VARCHAR(50), age INT)",
                    "CREATE TABLE built_pets (owner INT, pet VARCHAR(50))",
                ],
            )
            .await;
            for (id, name, age) in [(1, "Ann", 30), (2, "Bob", 40), (3, "Cy O'Hara", 50)] {
                let insert =
                    rds.call("insert", &[value!({"table": "built_persons", "values": {"id": id, "name": name, "age": age}})]);
                let select = rds.call("select", &[value!({"table": "built_persons", "where": {"id": {"eq": id}}, "limit": 1})]);
                let rows = rds.rows(&database, &[insert, select]).await;
                assert_eq!(rows, value!([[{}], [{"id": id, "name": name, "age": age}]]), "{engine:?}");
            }
            let pet = rds.call("insert", &[value!({"table": "built_pets", "values": {"owner": 2, "pet": "Rex"}})]);
            rds.rows(&database, &[pet]).await;
            for (payload, expected) in [
                (value!({"where": {"name": {"contains": "ob"}}}), value!([2])),
                (value!({"where": {"name": {"beginsWith": "Cy"}, "age": {"gt": 10}}}), value!([3])),
                (value!({"where": {"or": [{"id": {"eq": 1}}, {"age": {"between": [45, 60]}}]}}), value!([1, 3])),
                (value!({"where": {"not": [{"id": {"le": 2}}]}}), value!([3])),
                (value!({"where": {"name": {"size": {"gt": 3}}}}), value!([3])),
                (value!({"where": {"name": {"attributeExists": false}}}), none()),
                (value!({"orderBy": [{"column": "age", "dir": "DESC"}], "limit": 1, "offset": 1}), value!([2])),
            ] {
                let mut payload = payload;
                let object = payload.as_object_mut().expect("an object");
                object.insert("table", "built_persons");
                object.insert("columns", value!(["id"]));
                if !object.contains_key("orderBy") {
                    object.insert("orderBy", value!([{"column": "id"}]));
                }
                let select = rds.call("select", &[payload.clone()]);
                let rows = rds.rows(&database, &[select]).await;
                let ids: Value = rows.as_list().expect("a list")[0]
                    .as_list()
                    .expect("rows")
                    .iter()
                    .map(|row| row.at(&["id"]).clone())
                    .collect();
                assert_eq!(ids, expected, "{engine:?} {payload}");
            }
            let count = rds.call("agg.count", &[value!("*")]);
            let on = rds.call("sql", &[value!(["p.owner = q.id"])]);
            let join = rds.call(
                "select",
                &[value!({"from": {"q": "built_persons"}, "columns": ["q.name", {"n": count}],
                "leftJoin": [{"from": {"p": "built_pets"}, "on": on}], "where": {"q.id": {"eq": 2}}, "groupBy": ["q.name"]})],
            );
            assert_eq!(rds.rows(&database, &[join]).await, value!([[{"name": "Bob", "n": 1}]]), "{engine:?}");
            let update =
                rds.call("update", &[value!({"table": "built_persons", "values": {"name": "Anna"}, "where": {"id": {"eq": 1}}})]);
            let template = rds.call("sql", &[value!(["SELECT name FROM built_persons WHERE id = ", " "]), value!(1)]);
            assert_eq!(rds.rows(&database, &[update, template]).await, value!([[{}], [{"name": "Anna"}]]), "{engine:?}");
            let mut remove = value!({"table": "built_persons", "where": {"id": {"eq": 1}}});
            if engine != EngineKind::MySql {
                remove.as_object_mut().expect("an object").insert("returning", value!(["id", "name"]));
            }
            let remove = rds.call("remove", &[remove]);
            let expected = if engine == EngineKind::MySql { value!([[{}]]) } else { value!([[{"id": 1, "name": "Anna"}]]) };
            assert_eq!(rds.rows(&database, &[remove]).await, expected, "{engine:?}");
        }
    });
}

#[test]
fn built_statements_with_hints_run() {
    run(async {
        for database in all() {
            let mut rds = Rds::new();
            script(&database, &["DROP TABLE IF EXISTS built_hints"]).await;
            let uuid = if database.engine() == EngineKind::MySql { "CHAR(36)" } else { "UUID" };
            let json = if database.engine() == EngineKind::PostgreSql { "JSONB" } else { "JSON" };
            let table = format!("CREATE TABLE built_hints (id {uuid}, day DATE, at TIMESTAMP, price DECIMAL(10,2), doc {json})");
            script(&database, &[&table]).await;
            let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
            let mut hint = |kind: &str, value: Value| rds.call(&format!("typeHint.{kind}"), &[value]);
            let values = value!({"id": (hint("UUID", value!(id))), "day": (hint("DATE", value!("2024-05-01"))),
                "at": (hint("TIMESTAMP", value!("2024-05-01 12:00:00"))), "price": (hint("DECIMAL", value!("9.99"))),
                "doc": (hint("JSON", value!({"a": [1]})))});
            let where_id = value!({"id": {"eq": (hint("UUID", value!(id)))}, "at": {"ge": (hint("TIMESTAMP", value!("2024-05-01 12:00:00")))}});
            let insert = rds.call("insert", &[value!({"table": "built_hints", "values": values})]);
            let select =
                rds.call("select", &[value!({"table": "built_hints", "columns": ["id", "day", "at"], "where": where_id})]);
            let rows = rds.rows(&database, &[insert, select]).await;
            assert_eq!(
                rows,
                value!([[{}], [{"id": id, "day": "2024-05-01", "at": "2024-05-01 12:00:00"}]]),
                "{:?}",
                database.engine()
            );
        }
    });
}
