//! How a statement is sent: its text with numbered parameters, and the type of each parameter.
//!
//! A plan is found by preparing the statement, in this order, until the server accepts:
//! 1. as the Data API does, each parameter with the type of its field or hint (JSON as jsonb, then as json; null untyped, then
//!    as text);
//! 2. unless strict, integers that fit as int4, which `date + :days` and `json -> :index` want;
//! 3. every parameter without hint of the type that the server infers;
//! 4. likewise, but only the texts.
//!
//! Where the server cannot tell the type of a null, as in `:id IS NULL`, any will do: unless strict, that place becomes text.
//!
//! What the server infers is reached by `$1::text::type`, so the server reads the value and gives its own errors. The first
//! refusal is the one reported.

use std::sync::Arc;

use sqlx::postgres::PgTypeInfo;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Either, Executor, SqlSafeStr, Statement as _, TypeInfo};
use value::Value;

use super::decode::{self, Shape};
use super::{Lane, MAX_PLANS, Postgres, refused, simple};
use crate::field::{Parameter, Parameters};
use crate::request::TypeHint;
use crate::scan::{self, Piece, Statement};
use crate::sqlite::refuse_transaction_control;
use crate::{DatabaseError, EngineKind, Request};

/// OIDs of `pg_type.dat`, which no installation changes.
pub(super) mod oid {
    use sqlx::postgres::types::Oid;

    pub(crate) const UNSPECIFIED: Oid = Oid(0);
    pub(crate) const BOOL: Oid = Oid(16);
    pub(crate) const INT8: Oid = Oid(20);
    pub(crate) const INT4: Oid = Oid(23);
    pub(crate) const TEXT: Oid = Oid(25);
    pub(crate) const JSON: Oid = Oid(114);
    pub(crate) const FLOAT8: Oid = Oid(701);
    pub(crate) const DATE: Oid = Oid(1082);
    pub(crate) const TIME: Oid = Oid(1083);
    pub(crate) const TIMESTAMP: Oid = Oid(1114);
    pub(crate) const NUMERIC: Oid = Oid(1700);
    pub(crate) const UUID: Oid = Oid(2950);
    pub(crate) const JSONB: Oid = Oid(3802);
}

/// A statement of a request.
pub(super) struct Text<'a> {
    statement: Statement<'a>,
    /// The parameter at each place.
    pub(super) order: Vec<usize>,
    /// What its plan is remembered by.
    pub(super) key: String,
    pub(super) writes: bool,
    pub(super) writes_and_reads: bool,
    pub(super) changes_schema: bool,
    /// It may change what a reset of the session takes back.
    pub(super) session: bool,
    /// It may change what nothing takes back but a new session.
    pub(super) prepared: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str, request: &Request, parameters: &mut Parameters<'_>) -> Result<Self, DatabaseError> {
        let statement = scan::statement(text, EngineKind::PostgreSql, |name| request.position(name).is_some())?;
        let mut order = Vec::new();
        let mut key = String::with_capacity(text.len() + 8);
        key.push_str(text);
        key.push('\0');
        for piece in &statement.pieces {
            if let Piece::Parameter(name) = piece {
                let at = parameters.find(name)?;
                let parameter = parameters.get(at);
                key.push(if is_beyond_int4(parameter) { 'L' } else { parameter.letter() });
                order.push(at);
            }
        }
        let keyword = &*statement.keyword;
        refuse_transaction_control(keyword)?;
        if keyword == "COPY" {
            return Err(DatabaseError::bad_request("COPY is not supported: it needs a stream that the Data API does not have"));
        }
        let writes = matches!(keyword, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "WITH");
        let session = matches!(keyword, "SET" | "RESET" | "LISTEN" | "DECLARE" | "DO" | "CALL")
            || scan::makes_temporary(text, keyword)
            || scan::mentions(text, &["set_config", "advisory_lock", "advisory_lock_shared"]);
        let prepared = matches!(keyword, "DISCARD" | "PREPARE" | "DEALLOCATE" | "LOAD");
        Ok(Self {
            order,
            key,
            writes,
            writes_and_reads: keyword == "WITH" || (writes && statement.returning),
            changes_schema: matches!(keyword, "CREATE" | "ALTER" | "DROP" | "DO" | "CALL"),
            session,
            prepared,
            statement,
        })
    }
}

/// A statement as it is sent.
pub(super) struct Plan {
    pub(super) sql: Arc<str>,
    /// One for each `$n`.
    pub(super) slots: Vec<Slot>,
    pub(super) columns: Vec<Shape>,
    pub(super) oids: Vec<Oid>,
    pub(super) has_rows: bool,
    pub(super) metadata: Value,
    pub(super) places: Places,
}

/// A numbered parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Which of the statement's places it was first seen at.
    pub(super) place: usize,
    /// The type it is declared with.
    pub(super) oid: Oid,
    /// Whether it is sent as text whatever it is.
    pub(super) as_text: bool,
}

/// Where the parts of the sent text come from.
#[derive(Default)]
pub(super) struct Places {
    /// Characters before each part in the sent text and in the request's.
    parts: Vec<(usize, usize)>,
}

impl Places {
    /// The 1-based position in the request's text of one in the sent text.
    pub(super) fn original(&self, sent: usize) -> usize {
        let part = self.parts.iter().rev().find(|(start, _)| *start < sent);
        part.map_or(sent, |(start, original)| original + (sent - start))
    }
}

/// A way to type parameters.
#[derive(Clone, Copy)]
struct Mode {
    json: Oid,
    null: Oid,
    integer: Oid,
    infer_texts: bool,
    infer_others: bool,
}

impl Mode {
    const DATA_API: Self =
        Self { json: oid::JSONB, null: oid::UNSPECIFIED, integer: oid::INT8, infer_texts: false, infer_others: false };

    /// The type to declare; unspecified where the server shall infer it.
    fn declared(self, parameter: &Parameter) -> Oid {
        match parameter {
            Parameter::Null => self.null,
            Parameter::Text(_) if self.infer_texts => oid::UNSPECIFIED,
            Parameter::Boolean(_) | Parameter::Long(_) | Parameter::Double(..) if self.infer_others => oid::UNSPECIFIED,
            Parameter::Boolean(_) => oid::BOOL,
            Parameter::Long(_) => self.integer,
            Parameter::Double(..) => oid::FLOAT8,
            Parameter::Text(_) => oid::TEXT,
            Parameter::Hinted(hint, _) => match hint {
                TypeHint::Date => oid::DATE,
                TypeHint::Decimal => oid::NUMERIC,
                TypeHint::Json => self.json,
                TypeHint::Time => oid::TIME,
                TypeHint::Timestamp => oid::TIMESTAMP,
                TypeHint::Uuid => oid::UUID,
            },
        }
    }
}

impl Postgres {
    /// The plan of a statement, and whether it was remembered. `transaction`: a refusal must not end the transaction.
    pub(super) async fn plan(
        &self,
        lane: &mut Lane,
        text: &Text<'_>,
        parameters: &Parameters<'_>,
        transaction: bool,
    ) -> Result<(Arc<Plan>, bool), DatabaseError> {
        if let Some(plan) = self.plans().get(&text.key) {
            return Ok((Arc::clone(plan), true));
        }
        let mut first = None;
        for mode in self.modes(text, parameters) {
            let mut texts = Vec::new();
            loop {
                if transaction {
                    simple(lane, "SAVEPOINT rds_data_plan").await?;
                }
                let error = match self.try_mode(lane, text, parameters, mode, &texts).await {
                    Ok(plan) => {
                        let plan = Arc::new(plan);
                        let mut plans = self.plans();
                        if plans.len() >= MAX_PLANS {
                            plans.clear();
                        }
                        plans.insert(text.key.clone(), Arc::clone(&plan));
                        return Ok((plan, false));
                    }
                    Err(error) => error,
                };
                if transaction {
                    simple(lane, "ROLLBACK TO SAVEPOINT rds_data_plan").await?;
                }
                let unknown = if self.strict { None } else { undetermined_null(&error, text, parameters, mode, &texts) };
                let typing = error.sqlstate.as_deref().is_some_and(is_about_types);
                let error = first.get_or_insert(error);
                match unknown {
                    Some(place) => texts.push(place),
                    None if typing => break,
                    None => return Err(error.clone()),
                }
            }
        }
        Err(first.unwrap_or_else(|| DatabaseError::bad_request("a statement is empty")))
    }

    fn modes(&self, text: &Text<'_>, parameters: &Parameters<'_>) -> Vec<Mode> {
        let any = |is: fn(&Parameter) -> bool| text.order.iter().any(|at| is(parameters.get(*at)));
        let json = any(|parameter| matches!(parameter, Parameter::Hinted(TypeHint::Json, _)));
        let texts = any(|parameter| matches!(parameter, Parameter::Text(_)));
        let others = any(|parameter| matches!(parameter, Parameter::Boolean(_) | Parameter::Long(_) | Parameter::Double(..)));
        let mut modes = vec![Mode::DATA_API];
        if any(|parameter| *parameter == Parameter::Null) {
            modes.push(Mode { null: oid::TEXT, ..Mode::DATA_API });
        }
        if !self.strict && (texts || others) {
            if any(|parameter| matches!(parameter, Parameter::Long(_))) && !any(is_beyond_int4) {
                modes.push(Mode { integer: oid::INT4, ..Mode::DATA_API });
                if texts {
                    modes.push(Mode { integer: oid::INT4, infer_texts: true, ..Mode::DATA_API });
                }
            }
            modes.push(Mode { infer_texts: true, infer_others: true, ..Mode::DATA_API });
            if texts && others {
                modes.push(Mode { infer_texts: true, ..Mode::DATA_API });
            }
        }
        if json {
            modes = modes.iter().flat_map(|mode| [*mode, Mode { json: oid::JSON, ..*mode }]).collect();
        }
        modes
    }

    async fn try_mode(
        &self,
        lane: &mut Lane,
        text: &Text<'_>,
        parameters: &Parameters<'_>,
        mode: Mode,
        texts: &[usize],
    ) -> Result<Plan, DatabaseError> {
        let infers = mode.infer_texts || mode.infer_others;
        let (mut slots, numbers) = slots(text, parameters, mode, texts);
        let mut casts = vec![String::new(); slots.len()];
        if infers {
            let (sql, places) = render(text, &numbers, &casts, &slots);
            let types: Vec<_> = slots.iter().map(|slot| PgTypeInfo::with_oid(slot.oid)).collect();
            let prepared = lane.connection.prepare_with(AssertSqlSafe(sql).into_sql_str(), &types).await;
            let prepared = prepared.map_err(|error| refused(&error, &places))?;
            let inferred = match prepared.parameters() {
                Some(Either::Left(types)) => types.to_vec(),
                _ => Vec::new(),
            };
            for ((slot, cast), wanted) in slots.iter_mut().zip(&mut casts).zip(&inferred) {
                let parameter = parameters.get(text.order[slot.place]);
                if slot.oid == oid::UNSPECIFIED && *parameter != Parameter::Null {
                    slot.as_text = true;
                    if decode::is_sent_as_text(wanted) {
                        slot.oid = wanted.oid().unwrap_or(oid::TEXT);
                    } else {
                        slot.oid = oid::TEXT;
                        *cast = format!("::text::{}", type_name(lane, wanted).await?);
                    }
                }
            }
        }
        let (sql, places) = render(text, &numbers, &casts, &slots);
        let sql: Arc<str> = sql.into();
        let types: Vec<_> = slots.iter().map(|slot| PgTypeInfo::with_oid(slot.oid)).collect();
        let prepared = lane.connection.prepare_with(AssertSqlSafe(Arc::clone(&sql)).into_sql_str(), &types).await;
        let prepared = prepared.map_err(|error| refused(&error, &places))?;
        let found = prepared.columns();
        let columns: Vec<_> = found.iter().map(|column| Shape::of(sqlx::Column::type_info(column), 0)).collect();
        if let Some(unsupported) = columns.iter().find_map(Shape::unsupported) {
            return Err(DatabaseError::unsupported_type(unsupported));
        }
        let oids = found.iter().filter_map(|column| sqlx::Column::type_info(column).oid()).collect();
        let metadata = super::columns::metadata(lane, found).await?;
        Ok(Plan { sql, slots, oids, has_rows: !found.is_empty(), columns, metadata, places })
    }
}

/// The numbered parameters of a statement, and which of them stands at each place. At the places `texts` stands a null as a text.
fn slots(text: &Text<'_>, parameters: &Parameters<'_>, mode: Mode, texts: &[usize]) -> (Vec<Slot>, Vec<usize>) {
    let mut slots: Vec<Slot> = Vec::new();
    let mut numbers = Vec::with_capacity(text.order.len());
    for (place, at) in text.order.iter().enumerate() {
        let declared = if texts.contains(&place) { oid::TEXT } else { mode.declared(parameters.get(*at)) };
        // Two uses of one name may be inferred to be of different types.
        let same = |slot: &Slot| text.order[slot.place] == *at && slot.oid == declared && declared != oid::UNSPECIFIED;
        let known = slots.iter().position(same);
        numbers.push(known.unwrap_or(slots.len()));
        if known.is_none() {
            slots.push(Slot { place, oid: declared, as_text: false });
        }
    }
    (slots, numbers)
}

/// The place of the null whose type the server says it cannot tell. Its sentence, in any language, names it by number.
fn undetermined_null(
    error: &DatabaseError,
    text: &Text<'_>,
    parameters: &Parameters<'_>,
    mode: Mode,
    texts: &[usize],
) -> Option<usize> {
    /// Each costs the first request of a statement a round trip.
    const MOST: usize = 32;
    if error.sqlstate.as_deref() != Some("42P18") || texts.len() >= MOST {
        return None;
    }
    let digits: String = error.message.split_once('$')?.1.chars().take_while(char::is_ascii_digit).collect();
    let slot = slots(text, parameters, mode, texts).0.get(digits.parse::<usize>().ok()?.checked_sub(1)?).copied()?;
    let is_null = *parameters.get(text.order[slot.place]) == Parameter::Null;
    (is_null && slot.oid == oid::UNSPECIFIED).then_some(slot.place)
}

fn is_beyond_int4(parameter: &Parameter) -> bool {
    matches!(parameter, Parameter::Long(long) if i32::try_from(*long).is_err())
}

/// The text to send. Prepared statements are known by their text alone, so it ends with a comment that tells the types.
fn render(text: &Text<'_>, numbers: &[usize], casts: &[String], slots: &[Slot]) -> (String, Places) {
    let (mut sql, mut places) = (String::with_capacity(text.key.len() + 16), Places::default());
    let (mut sent, mut original, mut at) = (0, 0, 0);
    for piece in &text.statement.pieces {
        match piece {
            Piece::Text(part) => {
                places.parts.push((sent, original));
                let length = part.chars().count();
                (sent, original) = (sent + length, original + length);
                sql.push_str(part);
            }
            Piece::Parameter(name) => {
                let number = numbers.get(at).copied().unwrap_or(0);
                let place = format!("${}{}", number + 1, casts.get(number).map_or("", String::as_str));
                sent += place.chars().count();
                original += name.chars().count() + 1;
                sql.push_str(&place);
                at += 1;
            }
        }
    }
    if !slots.is_empty() {
        let types: Vec<_> = slots.iter().map(|slot| slot.oid.0.to_string()).collect();
        sql.push_str(&format!("\n/*{}*/", types.join(",")));
    }
    (sql, places)
}

/// A type's name as SQL, with its schema where that is needed.
async fn type_name(lane: &mut Lane, wanted: &PgTypeInfo) -> Result<String, DatabaseError> {
    let Some(oid) = wanted.oid() else { return Ok(wanted.name().to_owned()) };
    sqlx::query_scalar("SELECT format_type($1, NULL)")
        .bind(oid)
        .fetch_one(&mut lane.connection)
        .await
        .map_err(|error| refused(&error, &Places::default()))
}

/// Whether other types of parameters may help: datatype_mismatch, undefined_function (also operators), ambiguous_function,
/// ambiguous_parameter, cannot_coerce, indeterminate_datatype, wrong_object_type, undefined_object.
fn is_about_types(sqlstate: &str) -> bool {
    matches!(sqlstate, "42804" | "42883" | "42725" | "42P08" | "42846" | "42P18" | "42809" | "42704")
}
