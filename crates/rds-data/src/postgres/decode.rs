//! Fields from PostgreSQL's binary form.
//!
//! Types that the Data API shows are shown as it shows them; for others it answers that the result holds an unsupported type and
//! wants a cast to text, and so do we. What it cannot show of supported types (nested arrays, infinite dates) is shown here.

use sqlx::postgres::{PgTypeInfo, PgTypeKind, PgValueRef};
use sqlx::{TypeInfo, ValueRef};
use value::{Object, Value};

use crate::calendar::{self, DAYS_TO_2000, Date};
use crate::{DatabaseError, ErrorKind, field};

/// How the bytes of a type are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Uuid,
    Date,
    Time,
    TimeTz,
    Timestamp,
    Network,
    Vector,
    Void,
    Array(Box<Shape>),
    Unsupported(String),
}

impl Shape {
    /// The shape of a type; `depth` counts domains and arrays within it.
    pub(super) fn of(type_info: &PgTypeInfo, depth: usize) -> Self {
        let name = type_info.name();
        let built_in = match type_info.oid().map_or(0, |oid| oid.0) {
            16 => Some(Self::Bool),
            17 => Some(Self::Bytea),
            20 => Some(Self::Int8),
            21 => Some(Self::Int2),
            23 => Some(Self::Int4),
            26 => Some(Self::Oid),
            18 | 19 | 25 | 114 | 142 | 705 | 1042 | 1043 => Some(Self::Text),
            650 | 869 => Some(Self::Network),
            700 => Some(Self::Float4),
            701 => Some(Self::Float8),
            1082 => Some(Self::Date),
            1083 => Some(Self::Time),
            1114 | 1184 => Some(Self::Timestamp),
            1266 => Some(Self::TimeTz),
            1700 => Some(Self::Numeric),
            2278 => Some(Self::Void),
            2950 => Some(Self::Uuid),
            3802 => Some(Self::Jsonb),
            _ => None,
        };
        if let Some(shape) = built_in {
            return shape;
        }
        // The name of a type that the driver could not look up, which has no kind either.
        if name == "?" || depth > 4 {
            return Self::Unsupported("UNKNOWN".to_owned());
        }
        match type_info.kind() {
            PgTypeKind::Enum(_) => Self::Text,
            PgTypeKind::Domain(base) => Self::of(base, depth + 1),
            PgTypeKind::Array(element) => match Self::of(element, depth + 1) {
                Self::Unsupported(_) => Self::Unsupported(name.to_owned()),
                element => Self::Array(Box::new(element)),
            },
            _ if name.eq_ignore_ascii_case("citext") => Self::Text,
            _ if name.eq_ignore_ascii_case("vector") => Self::Vector,
            _ => Self::Unsupported(name.to_owned()),
        }
    }

    /// The name of the type, if it is not supported.
    pub(super) fn unsupported(&self) -> Option<&str> {
        match self {
            Self::Unsupported(name) => Some(name),
            _ => None,
        }
    }

    /// A value as a field.
    pub(super) fn field(&self, raw: &PgValueRef<'_>) -> Result<Value, DatabaseError> {
        if raw.is_null() {
            return Ok(field::null());
        }
        let bytes = raw.as_bytes().map_err(|error| DatabaseError::new(ErrorKind::Internal, error.to_string()))?;
        self.read(bytes).ok_or_else(|| {
            DatabaseError::new(ErrorKind::Internal, format!("a value of type {} cannot be read", raw.type_info().name()))
        })
    }

    fn read(&self, bytes: &[u8]) -> Option<Value> {
        Some(match self {
            Self::Array(element) => field::array(array(element, bytes)?),
            Self::Bytea => field::blob(bytes),
            _ => match self.content(bytes)? {
                Value::Bool(boolean) => field::boolean(boolean),
                Value::Number(number) if matches!(self, Self::Float4 | Self::Float8) => field::double(number.as_f64()),
                Value::Number(number) => field::long(number.as_i64()?),
                _ if matches!(self, Self::Float4 | Self::Float8) => field::double(self.double(bytes)?),
                text => field::string(text),
            },
        })
    }

    fn double(&self, bytes: &[u8]) -> Option<f64> {
        match self {
            // The shortest text of the 32 bits, as the server prints it, not the 64 bits nearest to them.
            Self::Float4 => {
                let number = f32::from_be_bytes(bytes.try_into().ok()?);
                if number.is_finite() { number.to_string().parse().ok() } else { Some(f64::from(number)) }
            }
            _ => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        }
    }

    /// What stands in a field or an array.
    fn content(&self, bytes: &[u8]) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Bool(*bytes.first()? != 0),
            Self::Int2 => i64::from(i16::from_be_bytes(bytes.try_into().ok()?)).into(),
            Self::Int4 => i64::from(i32::from_be_bytes(bytes.try_into().ok()?)).into(),
            Self::Int8 => i64::from_be_bytes(bytes.try_into().ok()?).into(),
            Self::Oid => i64::from(u32::from_be_bytes(bytes.try_into().ok()?)).into(),
            Self::Float4 | Self::Float8 => field::double_content(self.double(bytes)?),
            Self::Numeric => numeric(bytes)?.into(),
            Self::Text => std::str::from_utf8(bytes).ok()?.into(),
            Self::Jsonb => std::str::from_utf8(bytes.get(1..)?).ok()?.into(),
            Self::Uuid => uuid(bytes)?.into(),
            Self::Date => match i32::from_be_bytes(bytes.try_into().ok()?) {
                i32::MAX => "infinity".into(),
                i32::MIN => "-infinity".into(),
                days => Date::from_days(i64::from(days) + DAYS_TO_2000).to_string().into(),
            },
            Self::Time => calendar::time_text(i64::from_be_bytes(bytes.try_into().ok()?)).into(),
            Self::TimeTz => {
                let time = calendar::time_text(i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?));
                // Seconds west of Greenwich.
                let west = i32::from_be_bytes(bytes.get(8..)?.try_into().ok()?);
                let (sign, offset) = if west > 0 { ('-', west) } else { ('+', -west) };
                format!("{time}{sign}{:02}:{:02}", offset / 3_600, offset / 60 % 60).into()
            }
            Self::Timestamp => match i64::from_be_bytes(bytes.try_into().ok()?) {
                i64::MAX => "infinity".into(),
                i64::MIN => "-infinity".into(),
                micros => calendar::timestamp_text(micros.checked_add(DAYS_TO_2000 * calendar::DAY)?).into(),
            },
            Self::Network => network(bytes)?.into(),
            Self::Vector => vector(bytes)?.into(),
            Self::Void => "".into(),
            Self::Bytea => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(bytes).into()
            }
            Self::Array(_) | Self::Unsupported(_) => return None,
        })
    }

    /// The member of `ArrayValue` that holds such elements.
    fn member(&self) -> &'static str {
        match self {
            Self::Bool => "booleanValues",
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => "longValues",
            Self::Float4 | Self::Float8 => "doubleValues",
            _ => "stringValues",
        }
    }
}

/// Whether a parameter of the type is sent as the text that it is.
pub(super) fn is_sent_as_text(type_info: &PgTypeInfo) -> bool {
    match type_info.oid().map_or(0, |oid| oid.0) {
        19 | 25 | 114 | 142 | 705 | 1042 | 1043 => true,
        _ => type_info.name() != "?" && matches!(type_info.kind(), PgTypeKind::Enum(_)),
    }
}

/// Reads big-endian parts one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }
}

fn array(element: &Shape, bytes: &[u8]) -> Option<Value> {
    // The server's own limit (MAXDIM).
    const MAX_DIMENSIONS: usize = 6;
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.i32()?).ok()?;
    let _flags = reader.i32()?;
    let _element = reader.i32()?;
    if dimensions > MAX_DIMENSIONS {
        return None;
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.i32()?).ok()?);
        let _lower_bound = reader.i32()?;
    }
    if lengths.is_empty() {
        lengths.push(0);
    }
    elements(element, &lengths, &mut reader)
}

fn elements(element: &Shape, lengths: &[usize], reader: &mut Reader<'_>) -> Option<Value> {
    let (length, inner) = lengths.split_first()?;
    let mut items = Vec::with_capacity((*length).min(reader.0.len()));
    for _ in 0..*length {
        items.push(if inner.is_empty() {
            match usize::try_from(reader.i32()?) {
                Ok(size) => element.content(reader.take(size)?)?,
                Err(_) => Value::Null,
            }
        } else {
            elements(element, inner, reader)?
        });
    }
    let mut object = Object::with_capacity(1);
    object.insert(if inner.is_empty() { element.member() } else { "arrayValues" }, items);
    Some(object.into())
}

fn numeric(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let (count, weight) = (reader.i16()?, i32::from(reader.i16()?));
    let sign = reader.i16()?.cast_unsigned();
    let scale = usize::try_from(reader.i16()?).ok()?;
    let negative = match sign {
        0 => false,
        0x4000 => true,
        0xc000 => return Some("NaN".to_owned()),
        0xd000 => return Some("Infinity".to_owned()),
        0xf000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let mut digits = Vec::with_capacity(usize::try_from(count).ok()?);
    for _ in 0..count {
        digits.push(reader.i16()?);
    }
    let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let mut text = String::from(if negative { "-" } else { "" });
    if weight < 0 {
        text.push('0');
    }
    for at in 0..=weight {
        if at == 0 { text.push_str(&digit(0).to_string()) } else { text.push_str(&format!("{:04}", digit(at))) }
    }
    if scale > 0 {
        let mut fraction = String::with_capacity(scale + 4);
        let mut at = weight + 1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", digit(at)));
            at += 1;
        }
        text.push('.');
        text.push_str(&fraction[..scale]);
    }
    Some(text)
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Some(text)
}

/// `inet` and `cidr`: family, bits, whether cidr, length, address. A whole address of `inet` is written without its bits.
fn network(bytes: &[u8]) -> Option<String> {
    let (&[_, bits, is_cidr, _], address) = bytes.split_first_chunk::<4>()?;
    let (address, whole) = if let Ok(four) = <[u8; 4]>::try_from(address) {
        (std::net::Ipv4Addr::from(four).to_string(), 32)
    } else {
        (std::net::Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(), 128)
    };
    Some(if bits == whole && is_cidr == 0 { address } else { format!("{address}/{bits}") })
}

/// `vector` of pgvector: count, unused, 32-bit floats.
fn vector(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let (count, _unused) = (reader.i16()?, reader.i16()?);
    let mut numbers = Vec::with_capacity(usize::try_from(count).ok()?);
    for _ in 0..count {
        numbers.push(f32::from_be_bytes(reader.take(4)?.try_into().ok()?).to_string());
    }
    Some(format!("[{}]", numbers.join(",")))
}
