//! What PostgreSQL tells about the columns of a result, in the words of its JDBC driver.

use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgColumn, PgTypeInfo, PgTypeKind};
use sqlx::{Column as _, Row, TypeInfo};
use value::Value;

use super::plan::Places;
use super::{Lane, refused};
use crate::DatabaseError;
use crate::metadata::{Column, Nullable, jdbc};

/// Table, name, not null, type modifier and whether it is numbered, of the columns given as two arrays.
const CATALOG: &str = "SELECT a.attrelid, a.attnum, c.relname::text, a.attname::text, a.attnotnull, a.atttypmod, \
    (a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)) \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    WHERE (a.attrelid, a.attnum) IN (SELECT * FROM unnest($1::oid[], $2::int2[]))";

/// The precision JDBC gives to what has no limit.
const UNLIMITED: i64 = 2_147_483_647;

struct Origin {
    table: String,
    name: String,
    not_null: bool,
    modifier: i32,
    numbered: bool,
}

/// `columnMetadata` of a prepared statement.
pub(super) async fn metadata(lane: &mut Lane, columns: &[PgColumn]) -> Result<Value, DatabaseError> {
    let origins = origins(lane, columns).await?;
    let described = columns.iter().map(|column| {
        let place = column.relation_id().zip(column.relation_attribute_no());
        let origin = origins.iter().find(|(known, _)| Some(*known) == place).map(|(_, origin)| origin);
        describe(column, origin).to_value()
    });
    Ok(described.collect())
}

async fn origins(lane: &mut Lane, columns: &[PgColumn]) -> Result<Vec<((Oid, i16), Origin)>, DatabaseError> {
    let (tables, numbers): (Vec<Oid>, Vec<i16>) =
        columns.iter().filter_map(|column| column.relation_id().zip(column.relation_attribute_no())).unzip();
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(CATALOG).bind(tables).bind(numbers).fetch_all(&mut lane.connection).await;
    let rows = rows.map_err(|error| refused(&error, &Places::default()))?;
    let origins = rows.iter().map(|row| {
        Ok((
            (row.try_get::<Oid, _>(0)?, row.try_get::<i16, _>(1)?),
            Origin {
                table: row.try_get(2)?,
                name: row.try_get(3)?,
                not_null: row.try_get(4)?,
                modifier: row.try_get(5)?,
                numbered: row.try_get(6)?,
            },
        ))
    });
    origins.collect::<Result<_, sqlx::Error>>().map_err(|error| DatabaseError::driver(&error))
}

fn describe(column: &PgColumn, origin: Option<&Origin>) -> Column {
    let type_info = column.type_info();
    let mut found = Column { name: column.name().to_owned(), label: column.name().to_owned(), ..Column::default() };
    let modifier = origin.map_or(-1, |origin| origin.modifier);
    describe_type(&mut found, type_info, modifier);
    if let Some(origin) = origin {
        found.table.clone_from(&origin.table);
        found.name.clone_from(&origin.name);
        found.nullable = if origin.not_null { Nullable::No } else { Nullable::Yes };
        found.auto_increment = origin.numbered;
        if origin.numbered {
            match &*found.type_name {
                "int2" => found.type_name = "smallserial".to_owned(),
                "int4" => found.type_name = "serial".to_owned(),
                "int8" => found.type_name = "bigserial".to_owned(),
                _ => {}
            }
        }
    }
    found
}

/// Type, precision and scale, by `pg_type` and the column's type modifier.
fn describe_type(column: &mut Column, type_info: &PgTypeInfo, modifier: i32) {
    let known = |name, code, precision, scale, signed, cased| Some((name, code, precision, scale, signed, cased));
    let length = if modifier > 4 { i64::from(modifier - 4) } else { UNLIMITED };
    let fraction = if (0..=6).contains(&modifier) { i64::from(modifier) } else { 6 };
    let built_in = match type_info.oid().map_or(0, |oid| oid.0) {
        16 => known("bool", jdbc::BIT, 1, 0, false, false),
        17 => known("bytea", jdbc::BINARY, UNLIMITED, 0, false, false),
        18 => known("char", jdbc::CHAR, 1, 0, false, true),
        19 => known("name", jdbc::VARCHAR, 63, 0, false, true),
        20 => known("int8", jdbc::BIGINT, 19, 0, true, false),
        21 => known("int2", jdbc::SMALLINT, 5, 0, true, false),
        23 => known("int4", jdbc::INTEGER, 10, 0, true, false),
        25 => known("text", jdbc::VARCHAR, UNLIMITED, 0, false, true),
        26 => known("oid", jdbc::BIGINT, 10, 0, false, false),
        114 => known("json", jdbc::OTHER, UNLIMITED, 0, false, true),
        142 => known("xml", jdbc::SQLXML, UNLIMITED, 0, false, true),
        700 => known("float4", jdbc::REAL, 8, 8, true, false),
        701 => known("float8", jdbc::DOUBLE, 17, 17, true, false),
        1042 => known("bpchar", jdbc::CHAR, length, 0, false, true),
        1043 => known("varchar", jdbc::VARCHAR, length, 0, false, true),
        1082 => known("date", jdbc::DATE, 13, 0, false, false),
        1083 => known("time", jdbc::TIME, 15, fraction, false, false),
        1114 => known("timestamp", jdbc::TIMESTAMP, 29, fraction, false, false),
        1184 => known("timestamptz", jdbc::TIMESTAMP, 35, fraction, false, false),
        1266 => known("timetz", jdbc::TIME, 21, fraction, false, false),
        1700 if modifier >= 4 => {
            let (precision, scale) = ((modifier - 4) >> 16 & 0xffff, (modifier - 4) & 0x7ff);
            known("numeric", jdbc::NUMERIC, i64::from(precision), i64::from(scale), true, false)
        }
        1700 => known("numeric", jdbc::NUMERIC, 0, 0, true, false),
        2950 => known("uuid", jdbc::OTHER, UNLIMITED, 0, false, true),
        3802 => known("jsonb", jdbc::OTHER, UNLIMITED, 0, false, true),
        _ => None,
    };
    if let Some((name, code, precision, scale, signed, cased)) = built_in {
        name.clone_into(&mut column.type_name);
        (column.type_code, column.precision, column.scale) = (code, precision, scale);
        (column.signed, column.case_sensitive) = (signed, cased);
        return;
    }
    column.type_name = type_info.name().to_lowercase();
    (column.type_code, column.precision, column.case_sensitive) = (jdbc::OTHER, UNLIMITED, true);
    if type_info.name() == "?" {
        return;
    }
    match type_info.kind() {
        PgTypeKind::Array(element) => {
            let mut inner = Column::default();
            describe_type(&mut inner, element, modifier);
            column.type_code = jdbc::ARRAY;
            column.array_base = inner.type_code;
            column.type_name = format!("_{}", inner.type_name);
            (column.precision, column.scale) = (inner.precision, inner.scale);
        }
        PgTypeKind::Enum(_) => column.type_code = jdbc::VARCHAR,
        PgTypeKind::Simple | PgTypeKind::Pseudo | PgTypeKind::Domain(_) | PgTypeKind::Composite(_) | PgTypeKind::Range(_) => {}
    }
}
