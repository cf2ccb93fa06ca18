//! Fields from MySQL's binary protocol.

use sqlx::mysql::{MySqlRow, MySqlTypeInfo, MySqlValueRef};
use sqlx::{Decode, Row, TypeInfo, ValueRef};
use value::Value;

use crate::calendar::{Date, push_fraction, time_text};
use crate::{DatabaseError, ErrorKind, field};

/// What [`kind`] calls BIT of more than one bit.
pub(super) const BITS: &str = "BIT(n)";

/// A type's name in MySQL.
///
/// BIT(1) is MySQL's boolean for JDBC, longer ones are bytes; their length is shown likewise only.
///
/// Texts with a binary collation carry the same flag as bytes, and the driver takes them for bytes; what tells them apart is the
/// number of their collation, which it shows in no other way than for debugging.
pub(super) fn kind(type_info: &MySqlTypeInfo) -> &str {
    let name = type_info.name();
    let text = match name {
        "BIT" if !format!("{type_info:?}").contains("max_size: Some(1)") => return BITS,
        "BINARY" => "CHAR",
        "VARBINARY" => "VARCHAR",
        "TINYBLOB" => "TINYTEXT",
        "BLOB" => "TEXT",
        "MEDIUMBLOB" => "MEDIUMTEXT",
        "LONGBLOB" => "LONGTEXT",
        _ => return name,
    };
    if format!("{type_info:?}").contains("Collation(63)") { name } else { text }
}

/// A value of a kind as a field.
pub(super) fn field(row: &MySqlRow, at: usize, kind: &str) -> Result<Value, DatabaseError> {
    let raw = row.try_get_raw(at).map_err(|error| DatabaseError::driver(&error))?;
    if raw.is_null() {
        return Ok(field::null());
    }
    let unreadable = || DatabaseError::new(ErrorKind::Internal, format!("a value of type {kind} cannot be read"));
    let bytes = bytes(raw).ok_or_else(unreadable)?;
    read(kind, bytes).ok_or_else(unreadable)
}

fn bytes(raw: MySqlValueRef<'_>) -> Option<&[u8]> {
    <&[u8] as Decode<sqlx::MySql>>::decode(raw).ok()
}

fn read(kind: &str, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        "BOOLEAN" => field::boolean(*bytes.first()? != 0),
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => field::long(signed(bytes)?),
        // Numbers beyond a long's range keep their digits as text.
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED" | "YEAR" => {
            let number = unsigned(bytes)?;
            i64::try_from(number).map_or_else(|_| field::string(number.to_string()), field::long)
        }
        // The shortest text of the 32 bits, as the server prints it, not the 64 bits nearest to them.
        "FLOAT" => field::double(f32::from_le_bytes(bytes.try_into().ok()?).to_string().parse().ok()?),
        "DOUBLE" => field::double(f64::from_le_bytes(bytes.try_into().ok()?)),
        "DATE" => field::string(date(bytes)?),
        "DATETIME" | "TIMESTAMP" => field::string(date_time(bytes)?),
        "TIME" => field::string(time(bytes)?),
        "BIT" => field::boolean(*bytes.first()? != 0),
        BITS | "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" | "GEOMETRY" => field::blob(bytes),
        _ => field::string(std::str::from_utf8(bytes).ok()?),
    })
}

fn signed(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        1 => i64::from(i8::from_le_bytes(bytes.try_into().ok()?)),
        2 => i64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
        4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
        8 => i64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

fn unsigned(bytes: &[u8]) -> Option<u64> {
    let mut whole = [0; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(whole))
}

/// Length, year, month, day; nothing but the length for a date of zeros.
fn date(bytes: &[u8]) -> Option<String> {
    let date = match bytes.get(1..5) {
        Some(&[low, high, month, day]) => Date { year: i64::from(u16::from_le_bytes([low, high])), month, day },
        _ => Date { year: 0, month: 0, day: 0 },
    };
    Some(format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
}

/// A date, then hour, minute, second, then microseconds, as far as they are not zero.
fn date_time(bytes: &[u8]) -> Option<String> {
    let mut text = date(bytes)?;
    let (hour, minute, second) = match bytes.get(5..8) {
        Some(&[hour, minute, second]) => (hour, minute, second),
        _ => (0, 0, 0),
    };
    text.push_str(&format!(" {hour:02}:{minute:02}:{second:02}"));
    if let Some(micros) = bytes.get(8..12) {
        push_fraction(&mut text, i64::from(u32::from_le_bytes(micros.try_into().ok()?)));
    }
    Some(text)
}

/// Length, sign, days, hours, minutes, seconds, microseconds: up to 838 hours either way.
fn time(bytes: &[u8]) -> Option<String> {
    let Some(&[negative, a, b, c, d, hour, minute, second]) = bytes.get(1..9) else { return Some("00:00:00".to_owned()) };
    let hours = i64::from(u32::from_le_bytes([a, b, c, d])) * 24 + i64::from(hour);
    let micros = match bytes.get(9..13) {
        Some(micros) => i64::from(u32::from_le_bytes(micros.try_into().ok()?)),
        None => 0,
    };
    let seconds = hours * 3_600 + i64::from(minute) * 60 + i64::from(second);
    let sign = if negative == 1 { "-" } else { "" };
    Some(format!("{sign}{}", time_text(seconds * 1_000_000 + micros)))
}
