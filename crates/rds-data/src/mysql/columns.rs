//! What MySQL tells about the columns of a result, in the words of its JDBC driver.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::mysql::MySqlColumn;
use sqlx::{AssertSqlSafe, Column as _, Executor, Row, SqlSafeStr, Statement as _, TypeInfo};
use value::Value;

use super::{Lane, MAX_DESCRIBED, MySql, decode, refused};
use crate::DatabaseError;
use crate::metadata::{Column, Nullable, jdbc};

/// The metadata of a statement's result.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) metadata: Value,
    /// Names and types of the columns, to notice that they changed.
    signature: Vec<(String, String)>,
}

const CATALOG: &str = "SELECT CAST(COLUMN_NAME AS CHAR), CAST(IS_NULLABLE AS CHAR), CAST(EXTRA AS CHAR), \
    CAST(COALESCE(NUMERIC_PRECISION, CHARACTER_MAXIMUM_LENGTH, 0) AS SIGNED), \
    CAST(COALESCE(NUMERIC_SCALE, DATETIME_PRECISION, 0) AS SIGNED), CAST(COALESCE(COLLATION_NAME, '') AS CHAR) \
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?";

struct Known {
    nullable: bool,
    numbered: bool,
    precision: i64,
    scale: i64,
    cased: bool,
}

impl Described {
    /// Whether rows with these columns are what was described.
    pub(super) fn fits(&self, columns: &[MySqlColumn]) -> bool {
        let same = |((name, kind), column): (&(String, String), &MySqlColumn)| {
            name == column.name() && kind == column.type_info().name()
        };
        self.signature.len() == columns.len() && self.signature.iter().zip(columns).all(same)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signature.is_empty()
    }
}

impl MySql {
    /// The columns of a statement's result. Preparing tells them even when there is no row; what an expression over parameters is,
    /// only the result of an execution tells, which [`MySql::describe_columns`] takes.
    pub(super) async fn describe(&self, lane: &mut Lane, key: &str, sql: &str) -> Result<Arc<Described>, DatabaseError> {
        if let Some(described) = self.described().get(key) {
            return Ok(Arc::clone(described));
        }
        let prepared = lane.connection.prepare(AssertSqlSafe(sql).into_sql_str()).await.map_err(|error| refused(&error))?;
        self.describe_columns(lane, key, prepared.columns()).await
    }

    /// Remembers columns as those of a statement.
    pub(super) async fn describe_columns(
        &self,
        lane: &mut Lane,
        key: &str,
        columns: &[MySqlColumn],
    ) -> Result<Arc<Described>, DatabaseError> {
        let mut tables: HashMap<String, HashMap<String, Known>> = HashMap::new();
        let mut found = Vec::with_capacity(columns.len());
        for column in columns {
            let mut metadata = Column { name: column.name().to_owned(), label: column.name().to_owned(), ..Column::default() };
            describe_type(&mut metadata, decode::kind(column.type_info()));
            if let Some(origin) = column.origin().table_column() {
                let (schema, table) = match origin.table.split_once('.') {
                    Some((schema, table)) => (Some(schema), table),
                    None => (None, &*origin.table),
                };
                if !tables.contains_key(&*origin.table) {
                    tables.insert(origin.table.to_string(), catalog(lane, schema, table).await?);
                }
                table.clone_into(&mut metadata.table);
                metadata.name = origin.name.to_string();
                if let Some(known) = tables.get(&*origin.table).and_then(|table| table.get(&*origin.name)) {
                    metadata.nullable = if known.nullable { Nullable::Yes } else { Nullable::No };
                    metadata.auto_increment = known.numbered;
                    metadata.precision = known.precision;
                    metadata.scale = known.scale;
                    metadata.case_sensitive = known.cased;
                }
            }
            found.push(metadata.to_value());
        }
        let signature = columns.iter().map(|column| (column.name().to_owned(), column.type_info().name().to_owned()));
        let described = Arc::new(Described { metadata: found.into(), signature: signature.collect() });
        let mut all = self.described();
        if all.len() >= MAX_DESCRIBED {
            all.clear();
        }
        all.insert(key.to_owned(), Arc::clone(&described));
        Ok(described)
    }
}

async fn catalog(lane: &mut Lane, schema: Option<&str>, table: &str) -> Result<HashMap<String, Known>, DatabaseError> {
    let rows = sqlx::query(CATALOG).bind(schema).bind(table).fetch_all(&mut lane.connection).await;
    let rows = rows.map_err(|error| refused(&error))?;
    let columns = rows.iter().map(|row| {
        let (nullable, extra, collation): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(5)?);
        let known = Known {
            nullable: nullable == "YES",
            numbered: extra.contains("auto_increment"),
            precision: row.try_get(3)?,
            scale: row.try_get(4)?,
            cased: collation.ends_with("_bin") || collation.ends_with("_cs"),
        };
        Ok((row.try_get::<String, _>(0)?, known))
    });
    columns.collect::<Result<_, sqlx::Error>>().map_err(|error| DatabaseError::driver(&error))
}

fn describe_type(column: &mut Column, name: &str) {
    let (code, shown, precision) = match name {
        "BOOLEAN" => (jdbc::BIT, "TINYINT", 1),
        "BIT" => (jdbc::BIT, "BIT", 1),
        decode::BITS => (jdbc::BIT, "BIT", 0),
        "TINYINT" | "TINYINT UNSIGNED" => (jdbc::TINYINT, name, 3),
        "SMALLINT" | "SMALLINT UNSIGNED" => (jdbc::SMALLINT, name, 5),
        "MEDIUMINT" | "MEDIUMINT UNSIGNED" => (jdbc::INTEGER, name, 7),
        "INT" | "INT UNSIGNED" => (jdbc::INTEGER, name, 10),
        "BIGINT" | "BIGINT UNSIGNED" => (jdbc::BIGINT, name, 19),
        "YEAR" => (jdbc::DATE, name, 4),
        "FLOAT" => (jdbc::REAL, name, 12),
        "DOUBLE" => (jdbc::DOUBLE, name, 22),
        "DECIMAL" => (jdbc::DECIMAL, name, 0),
        "DATE" => (jdbc::DATE, name, 10),
        "TIME" => (jdbc::TIME, name, 10),
        "DATETIME" | "TIMESTAMP" => (jdbc::TIMESTAMP, name, 19),
        "CHAR" | "ENUM" | "SET" => (jdbc::CHAR, "CHAR", 0),
        "VARCHAR" => (jdbc::VARCHAR, name, 0),
        "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "JSON" => (jdbc::LONGVARCHAR, name, 0),
        "BINARY" => (jdbc::BINARY, name, 0),
        "VARBINARY" => (jdbc::VARBINARY, name, 0),
        "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" | "GEOMETRY" => (jdbc::LONGVARBINARY, name, 0),
        "NULL" => (jdbc::NULL, name, 0),
        other => (jdbc::OTHER, other, 0),
    };
    column.type_code = code;
    shown.clone_into(&mut column.type_name);
    column.precision = precision;
    let number =
        matches!(code, jdbc::TINYINT | jdbc::SMALLINT | jdbc::INTEGER | jdbc::BIGINT | jdbc::REAL | jdbc::DOUBLE | jdbc::DECIMAL);
    column.signed = number && !name.ends_with("UNSIGNED");
}
