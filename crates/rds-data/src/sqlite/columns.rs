//! What SQLite tells about the columns of a result.

use std::sync::{Arc, PoisonError};

use sqlx::sqlite::SqliteColumn;
use sqlx::{AssertSqlSafe, Column as _, Executor, Row, SqlSafeStr, Statement as _, TypeInfo};
use value::Value;

use super::{Lane, MAX_CATALOG, Sqlite, refused};
use crate::DatabaseError;
use crate::metadata::{Column, Nullable, jdbc};

/// The columns of a table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<TableColumn>,
}

#[derive(Debug)]
struct TableColumn {
    name: String,
    declared: String,
    not_null: bool,
    primary_key: bool,
}

impl Table {
    /// Whether the table has a column that takes its value from the row's number: its one INTEGER PRIMARY KEY.
    pub(crate) fn has_generated_id(&self) -> bool {
        let mut keys = self.columns.iter().filter(|column| column.primary_key);
        matches!((keys.next(), keys.next()), (Some(key), None) if key.declared.eq_ignore_ascii_case("INTEGER"))
    }
}

/// The columns of a result.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) metadata: Value,
    /// How the values of each column are shown.
    pub(super) shown: Vec<Shown>,
    labels: Vec<String>,
}

/// How the values of a column are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As they are stored.
    AsStored,
    /// 0 and 1 as booleans.
    Boolean,
    /// Numbers as texts, as the API gives decimals: with the digits after the point that the column declares, else with those that are
    /// stored.
    Decimal {
        /// The declared number of digits after the point.
        scale: Option<usize>,
    },
}

impl Shown {
    fn of(column: &Column) -> Self {
        match column.type_code {
            jdbc::BOOLEAN => Self::Boolean,
            // A precision says that the scale is declared, too, if only as the 0 of `DECIMAL(10)`.
            jdbc::NUMERIC => Self::Decimal { scale: usize::try_from(column.scale).ok().filter(|_| column.precision > 0) },
            _ => Self::AsStored,
        }
    }
}

impl Described {
    /// Whether rows with these columns are what was described.
    pub(super) fn fits(&self, columns: &[SqliteColumn]) -> bool {
        self.labels.len() == columns.len() && self.labels.iter().zip(columns).all(|(label, column)| label == column.name())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

impl Sqlite {
    /// The columns of a statement's result. Preparing tells them even when there is no row.
    pub(super) async fn describe(&self, lane: &mut Lane, sql: &str) -> Result<Arc<Described>, DatabaseError> {
        let all = || self.described.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(described) = all().get(sql) {
            return Ok(Arc::clone(described));
        }
        let prepared = lane.connection.prepare(AssertSqlSafe(sql).into_sql_str()).await.map_err(refused)?;
        let columns = prepared.columns();
        let (mut metadata, mut shown) = (Vec::with_capacity(columns.len()), Vec::with_capacity(columns.len()));
        for column in columns {
            let found = self.column(lane, column).await?;
            shown.push(Shown::of(&found));
            metadata.push(found.to_value());
        }
        let labels = columns.iter().map(|column| column.name().to_owned()).collect();
        let described = Arc::new(Described { metadata: metadata.into(), shown, labels });
        let mut all = all();
        if all.len() >= MAX_CATALOG {
            all.clear();
        }
        all.insert(sql.to_owned(), Arc::clone(&described));
        Ok(described)
    }

    async fn column(&self, lane: &mut Lane, column: &SqliteColumn) -> Result<Column, DatabaseError> {
        let mut metadata = Column { name: column.name().to_owned(), label: column.name().to_owned(), ..Column::default() };
        let mut declared = column.type_info().name().to_owned();
        if let Some(origin) = column.origin().table_column() {
            let table = self.table(lane, &origin.table).await?;
            metadata.table = origin.table.to_string();
            metadata.name = origin.name.to_string();
            if let Some(known) = table.columns.iter().find(|known| known.name.eq_ignore_ascii_case(&origin.name)) {
                declared.clone_from(&known.declared);
                let generated = known.primary_key && table.has_generated_id();
                metadata.nullable = if known.not_null || generated { Nullable::No } else { Nullable::Yes };
                metadata.auto_increment = generated;
            }
        }
        describe(&mut metadata, &declared);
        Ok(metadata)
    }

    /// A table by the name it has in SQL text, perhaps quoted, perhaps with its schema.
    pub(super) async fn table(&self, lane: &mut Lane, name: &str) -> Result<Arc<Table>, DatabaseError> {
        let catalog = || self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = catalog().get(name) {
            return Ok(Arc::clone(table));
        }
        // As `pragma_table_xinfo` finds the table in any schema, its own name is enough.
        let bare = bare(name);
        let sql = "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1)";
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(bare).fetch_all(&mut lane.connection).await.map_err(refused)?;
        let columns = rows.iter().map(|row| {
            Ok(TableColumn {
                name: row.try_get(0)?,
                declared: row.try_get(1)?,
                not_null: row.try_get(2)?,
                primary_key: row.try_get::<i64, _>(3)? > 0,
            })
        });
        let columns = columns.collect::<Result<Vec<_>, sqlx::Error>>().map_err(|error| DatabaseError::driver(&error))?;
        let table = Arc::new(Table { columns });
        let mut catalog = catalog();
        if catalog.len() >= MAX_CATALOG {
            catalog.clear();
        }
        catalog.insert(name.to_owned(), Arc::clone(&table));
        Ok(table)
    }
}

/// The name of a table without its schema and quotes. One that holds a quote is not found, and its columns show as if their origin
/// were not known.
pub(super) fn bare(name: &str) -> &str {
    let quotes = ['"', '`', '[', ']'];
    let last = match name.rsplit_once('.') {
        Some((_, table)) if !name.ends_with(quotes) => table,
        Some((schema, table)) if table.starts_with(quotes) && !schema.is_empty() => table,
        _ => name,
    };
    last.trim_matches(quotes)
}

/// Fills in what follows from a declared type, `DECIMAL(10, 2)` for instance, by the rules of type affinity.
fn describe(column: &mut Column, declared: &str) {
    let upper = declared.to_ascii_uppercase();
    let (base, numbers) = upper.split_once('(').unwrap_or((&upper, ""));
    let mut numbers = numbers.trim_end_matches(')').split(',').map(|number| number.trim().parse().unwrap_or(0));
    column.precision = numbers.next().unwrap_or(0);
    column.scale = numbers.next().unwrap_or(0);
    let base = base.trim();
    column.type_name = if base.is_empty() { "NULL".to_owned() } else { base.to_owned() };
    (column.type_code, column.signed, column.case_sensitive) = match base {
        "BOOLEAN" | "BOOL" => (jdbc::BOOLEAN, false, false),
        "DATE" => (jdbc::DATE, false, false),
        "TIME" => (jdbc::TIME, false, false),
        "DATETIME" | "TIMESTAMP" => (jdbc::TIMESTAMP, false, false),
        "NULL" | "" => (jdbc::NULL, false, true),
        "BIGINT" | "INTEGER" => (jdbc::BIGINT, true, false),
        _ if base.contains("INT") => (jdbc::INTEGER, true, false),
        _ if base.contains("CHAR") || base.contains("CLOB") || base.contains("TEXT") => (jdbc::VARCHAR, false, true),
        _ if base.contains("BLOB") => (jdbc::VARBINARY, false, false),
        _ if base.contains("REAL") || base.contains("FLOA") || base.contains("DOUB") => (jdbc::DOUBLE, true, false),
        _ if base.contains("DEC") || base.contains("NUM") => (jdbc::NUMERIC, true, false),
        _ => (jdbc::OTHER, false, true),
    };
}
