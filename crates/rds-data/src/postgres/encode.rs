//! Parameters in PostgreSQL's binary form.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments, Encode, Postgres, Type};

use super::plan::{Plan, Text, oid};
use crate::calendar::{self, DAY, DAYS_TO_2000};
use crate::field::{self, Parameter, Parameters};
use crate::request::TypeHint;
use crate::{DatabaseError, ErrorKind};

/// Bytes of a given type.
struct Raw {
    oid: Oid,
    bytes: Option<Vec<u8>>,
}

impl Type<Postgres> for Raw {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(oid::TEXT)
    }
}

impl Encode<'_, Postgres> for Raw {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match &self.bytes {
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(self.oid))
    }
}

/// The values of a statement's parameters.
pub(super) fn arguments(plan: &Plan, text: &Text<'_>, parameters: &Parameters<'_>) -> Result<PgArguments, DatabaseError> {
    let mut arguments = PgArguments::default();
    for slot in &plan.slots {
        let parameter = parameters.get(text.order[slot.place]);
        let bytes =
            if slot.as_text { parameter.text().map(|text| text.as_bytes().to_vec()) } else { bytes(parameter, slot.oid)? };
        let raw = Raw { oid: slot.oid, bytes };
        arguments.add(raw).map_err(|error| DatabaseError::new(ErrorKind::Internal, error.to_string()))?;
    }
    Ok(arguments)
}

fn bytes(parameter: &Parameter, declared: Oid) -> Result<Option<Vec<u8>>, DatabaseError> {
    let unfit = || DatabaseError::new(ErrorKind::Internal, "a parameter does not have the form of its hint");
    Ok(Some(match parameter {
        Parameter::Null => return Ok(None),
        Parameter::Boolean(boolean) => vec![u8::from(*boolean)],
        Parameter::Long(long) if declared == oid::INT4 => i32::try_from(*long).map_err(|_| unfit())?.to_be_bytes().to_vec(),
        Parameter::Long(long) => long.to_be_bytes().to_vec(),
        Parameter::Double(double, _) => double.to_be_bytes().to_vec(),
        Parameter::Text(text) => text.as_bytes().to_vec(),
        Parameter::Hinted(hint, text) => match hint {
            TypeHint::Uuid => field::uuid_bytes(text).ok_or_else(unfit)?.to_vec(),
            TypeHint::Json if declared == oid::JSONB => [&[1], text.as_bytes()].concat(),
            TypeHint::Json => text.as_bytes().to_vec(),
            TypeHint::Date => {
                let days = calendar::Date::parse(text).ok_or_else(unfit)?.to_days() - DAYS_TO_2000;
                i32::try_from(days).map_err(|_| unfit())?.to_be_bytes().to_vec()
            }
            TypeHint::Time => calendar::parse_time(text).ok_or_else(unfit)?.to_be_bytes().to_vec(),
            TypeHint::Timestamp => {
                (calendar::parse_timestamp(text).ok_or_else(unfit)? - DAYS_TO_2000 * DAY).to_be_bytes().to_vec()
            }
            TypeHint::Decimal => numeric(text).ok_or_else(unfit)?,
        },
    }))
}

/// `numeric`: counts of digits to the base 10,000, weight of the first, sign, digits after the point, digits.
fn numeric(text: &str) -> Option<Vec<u8>> {
    let (negative, whole, fraction) = field::decimal(text)?;
    let scale = fraction.len();
    let lead = (4 - whole.len() % 4) % 4;
    let padded = format!("{}{whole}{fraction}{}", "0".repeat(lead), "0".repeat((4 - scale % 4) % 4));
    let mut digits: Vec<i16> = Vec::with_capacity(padded.len() / 4);
    for group in padded.as_bytes().chunks(4) {
        digits.push(group.iter().fold(0, |number, digit| number * 10 + i16::from(digit - b'0')));
    }
    let mut weight = i16::try_from((whole.len() + lead) / 4).ok()? - 1;
    while digits.first() == Some(&0) {
        digits.remove(0);
        weight -= 1;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.is_empty() {
        weight = 0;
    }
    let sign: u16 = if negative && !digits.is_empty() { 0x4000 } else { 0 };
    let mut bytes = Vec::with_capacity(8 + digits.len() * 2);
    bytes.extend(i16::try_from(digits.len()).ok()?.to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(u16::try_from(scale).ok()?.to_be_bytes());
    digits.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
    Some(bytes)
}
