//! `ColumnMetadata`, as JDBC's metadata fills it on the service.

use value::{Value, value};

/// Codes of `java.sql.Types`.
pub(crate) mod jdbc {
    pub(crate) const BIT: i64 = -7;
    pub(crate) const TINYINT: i64 = -6;
    pub(crate) const SMALLINT: i64 = 5;
    pub(crate) const INTEGER: i64 = 4;
    pub(crate) const BIGINT: i64 = -5;
    pub(crate) const REAL: i64 = 7;
    pub(crate) const DOUBLE: i64 = 8;
    pub(crate) const NUMERIC: i64 = 2;
    pub(crate) const DECIMAL: i64 = 3;
    pub(crate) const CHAR: i64 = 1;
    pub(crate) const VARCHAR: i64 = 12;
    pub(crate) const LONGVARCHAR: i64 = -1;
    pub(crate) const DATE: i64 = 91;
    pub(crate) const TIME: i64 = 92;
    pub(crate) const TIMESTAMP: i64 = 93;
    pub(crate) const BINARY: i64 = -2;
    pub(crate) const VARBINARY: i64 = -3;
    pub(crate) const LONGVARBINARY: i64 = -4;
    pub(crate) const BOOLEAN: i64 = 16;
    pub(crate) const ARRAY: i64 = 2003;
    pub(crate) const SQLXML: i64 = 2009;
    pub(crate) const OTHER: i64 = 1111;
    pub(crate) const NULL: i64 = 0;
}

/// Whether a column takes null: `nullable` of `ColumnMetadata`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Nullable {
    No = 0,
    Yes = 1,
    #[default]
    Unknown = 2,
}

/// One column of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) table: String,
    pub(crate) type_code: i64,
    pub(crate) type_name: String,
    pub(crate) array_base: i64,
    pub(crate) auto_increment: bool,
    pub(crate) signed: bool,
    pub(crate) case_sensitive: bool,
    pub(crate) nullable: Nullable,
    pub(crate) precision: i64,
    pub(crate) scale: i64,
}

impl Column {
    /// As the API shows it. `schemaName` is empty on the service too: neither driver gives it.
    pub(crate) fn to_value(&self) -> Value {
        value!({
            "arrayBaseColumnType": (self.array_base),
            "isAutoIncrement": (self.auto_increment),
            "isCaseSensitive": (self.case_sensitive),
            "isCurrency": false,
            "isSigned": (self.signed),
            "label": (&*self.label),
            "name": (&*self.name),
            "nullable": (self.nullable as i64),
            "precision": (self.precision),
            "scale": (self.scale),
            "schemaName": "",
            "tableName": (&*self.table),
            "type": (self.type_code),
            "typeName": (&*self.type_name),
        })
    }
}
