//! PartiQL. dynalite has none, and moto's fails on plain statements with status 500, so that the engine stands alone here.

use dynamodb::Operation::{BatchExecuteStatement, ExecuteStatement, ExecuteTransaction};

use super::{Case, Expected, case, gives, has};

pub(crate) fn cases() -> Vec<Case> {
    let execute = |name, statement: &str, parameters: &str, expected| {
        // An empty list of parameters is refused.
        let parameters = if parameters.is_empty() { String::new() } else { format!(r#","Parameters":[{parameters}]"#) };
        let request = format!(r#"{{"Statement":"{statement}"{parameters}}}"#);
        case(name, ExecuteStatement, &request, expected)
    };
    vec![
        execute(
            "a statement inserts",
            r#"INSERT INTO \"items\" VALUE {'id': ?, 'n': ?}"#,
            r#"{"S":"p"},{"N":"1"}"#,
            gives(r#"{"Items":[]}"#),
        ),
        execute(
            "a statement updates",
            r#"UPDATE \"items\" SET n = ? WHERE id = ?"#,
            r#"{"N":"2.50"},{"S":"p"}"#,
            gives(r#"{"Items":[]}"#),
        ),
        execute(
            "a statement selects",
            r#"SELECT * FROM \"items\" WHERE id = ?"#,
            r#"{"S":"p"}"#,
            has(r#"{"Items":[{"id":{"S":"p"},"n":{"N":"2.5"}}]}"#),
        ),
        case(
            "a batch of statements answers each",
            BatchExecuteStatement,
            r#"{"Statements":[{"Statement":"SELECT * FROM \"items\" WHERE id = ?","Parameters":[{"S":"p"}]},
                {"Statement":"SELECT * FROM \"items\" WHERE id = ?","Parameters":[{"S":"none"}]}]}"#,
            gives(r#"{"Responses":[{"TableName":"items","Item":{"id":{"S":"p"},"n":{"N":"2.5"}}},{"TableName":"items"}]}"#),
        ),
        case(
            "a transaction of statements is done",
            ExecuteTransaction,
            r#"{"TransactStatements":[{"Statement":"INSERT INTO \"items\" VALUE {'id': ?}","Parameters":[{"S":"q"}]},
                {"Statement":"DELETE FROM \"items\" WHERE id = ?","Parameters":[{"S":"p"}]}]}"#,
            has("{}"),
        ),
        execute(
            "a statement sees what a transaction of statements did",
            r#"SELECT id FROM \"items\""#,
            "",
            has(r#"{"Items":[{"id":{"S":"q"}}]}"#),
        ),
        execute(
            "a key is inserted once",
            r#"INSERT INTO \"items\" VALUE {'id': 'q'}"#,
            "",
            Expected::RefusesWithCode("DuplicateItemException"),
        ),
        execute("a statement is PartiQL", "CHOOSE id", "", Expected::RefusesWithCode("ValidationException")),
    ]
}
