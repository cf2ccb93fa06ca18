//! `Date` (ECMA-262, 21.4). The local zone is UTC, whatever the machine's is, and the time comes from the host.

mod parse;
mod text;
mod time;

use super::{arg, natives};
use crate::evaluate::coerce::Hint;
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, ObjId, Val};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

pub(crate) use text::{date_text, iso_date};
use time::{Parts, clip, make, parts};

fn this_date(ev: &mut Evaluator<'_>, this: Val) -> Completion<(ObjId, f64)> {
    if let Val::Object(id) = this
        && let Kind::Date(time) = ev.heap.obj(id).kind
    {
        return Ok((id, time));
    }
    ev.type_error("not a Date object")
}

/// Up to seven numbers as the fields of a date; missing ones are those of the first of January.
fn fields(ev: &mut Evaluator<'_>, arguments: &[Val]) -> Completion<f64> {
    let mut fields = [f64::NAN, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    for (field, &value) in fields.iter_mut().zip(arguments) {
        *field = ev.to_number(value)?;
    }
    // A year of two digits is one of the twentieth century.
    if (0.0..=99.0).contains(&fields[0].trunc()) {
        fields[0] = fields[0].trunc() + 1900.0;
    }
    Ok(clip(make(&fields)))
}

fn construct(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let time = match arguments {
        [] => clip(ev.host.now_ms()),
        [single] => {
            let copied = match *single {
                Val::Object(id) => match ev.heap.obj(id).kind {
                    Kind::Date(time) => Some(time),
                    _ => None,
                },
                _ => None,
            };
            match copied {
                Some(time) => time,
                None => match ev.to_primitive(*single, Hint::Default)? {
                    Val::String(id) => {
                        let text = ev.text(id)?;
                        text.utf8().map_or(f64::NAN, parse::parse)
                    }
                    other => clip(ev.to_number(other)?),
                },
            }
        }
        several => fields(ev, several)?,
    };
    Ok(Val::Object(ev.heap.allocate(Kind::Date(time))))
}

/// `Date`.
pub(super) static DATE: Builtin = Builtin {
    name: "Date",
    call: Some(|ev, _, _| {
        let now = clip(ev.host.now_ms());
        Ok(ev.heap.string(date_text(now)))
    }),
    construct: Some(construct),
    functions: natives! {
        "UTC" / 7 => |ev, _, arguments| Ok(Val::Number(fields(ev, arguments)?)),
        "now" / 0 => |ev, _, _| Ok(Val::Number(ev.host.now_ms())),
        "parse" / 1 => |ev, _, arguments| {
            let text = ev.to_text(arg(arguments, 0))?;
            Ok(Val::Number(text.utf8().map_or(f64::NAN, parse::parse)))
        },
    },
    numbers: &[],
    prototype: Some(Prototype::Date),
};

fn part(ev: &mut Evaluator<'_>, this: Val, part: impl Fn(Parts) -> i64) -> Completion {
    let (_, time) = this_date(ev, this)?;
    if time.is_nan() {
        return Ok(Val::Number(f64::NAN));
    }
    #[expect(clippy::cast_precision_loss, reason = "small")]
    Ok(Val::Number(part(parts(time)) as f64))
}

fn text(ev: &mut Evaluator<'_>, this: Val, shown: impl Fn(f64) -> String) -> Completion {
    let (_, time) = this_date(ev, this)?;
    Ok(ev.heap.string(shown(time)))
}

/// Sets the fields from `first` on, at most `most` of them, to the arguments.
fn set(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val], first: usize, most: usize) -> Completion {
    let (id, time) = this_date(ev, this)?;
    let mut given = Vec::with_capacity(most);
    for &value in arguments.iter().take(most) {
        given.push(ev.to_number(value)?);
    }
    let time = if time.is_nan() && first == 0 { 0.0 } else { time };
    let time = if given.is_empty() || time.is_nan() {
        f64::NAN
    } else {
        let mut fields = parts(time).fields();
        for (field, value) in fields.iter_mut().skip(first).zip(given) {
            *field = value;
        }
        clip(make(&fields))
    };
    store(ev, id, time)
}

fn store(ev: &mut Evaluator<'_>, id: ObjId, time: f64) -> Completion {
    if ev.heap.obj(id).frozen {
        return ev.type_error("object is frozen");
    }
    ev.heap.obj_mut(id).kind = Kind::Date(time);
    Ok(Val::Number(time))
}

/// `Date.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "getDate" / 0 => |ev, this, _| part(ev, this, |date| date.day),
    "getDay" / 0 => |ev, this, _| part(ev, this, |date| date.weekday),
    "getFullYear" / 0 => |ev, this, _| part(ev, this, |date| date.year),
    "getHours" / 0 => |ev, this, _| part(ev, this, |date| date.hour),
    "getMilliseconds" / 0 => |ev, this, _| part(ev, this, |date| date.millisecond),
    "getMinutes" / 0 => |ev, this, _| part(ev, this, |date| date.minute),
    "getMonth" / 0 => |ev, this, _| part(ev, this, |date| date.month),
    "getSeconds" / 0 => |ev, this, _| part(ev, this, |date| date.second),
    "getTime" / 0 => |ev, this, _| Ok(Val::Number(this_date(ev, this)?.1)),
    "getTimezoneOffset" / 0 => |ev, this, _| {
        let (_, time) = this_date(ev, this)?;
        Ok(Val::Number(if time.is_nan() { f64::NAN } else { 0.0 }))
    },
    "getUTCDate" / 0 => |ev, this, _| part(ev, this, |date| date.day),
    "getUTCDay" / 0 => |ev, this, _| part(ev, this, |date| date.weekday),
    "getUTCFullYear" / 0 => |ev, this, _| part(ev, this, |date| date.year),
    "getUTCHours" / 0 => |ev, this, _| part(ev, this, |date| date.hour),
    "getUTCMilliseconds" / 0 => |ev, this, _| part(ev, this, |date| date.millisecond),
    "getUTCMinutes" / 0 => |ev, this, _| part(ev, this, |date| date.minute),
    "getUTCMonth" / 0 => |ev, this, _| part(ev, this, |date| date.month),
    "getUTCSeconds" / 0 => |ev, this, _| part(ev, this, |date| date.second),
    "getYear" / 0 => |ev, this, _| part(ev, this, |date| date.year - 1900),
    "setDate" / 1 => |ev, this, arguments| set(ev, this, arguments, 2, 1),
    "setFullYear" / 3 => |ev, this, arguments| set(ev, this, arguments, 0, 3),
    "setHours" / 4 => |ev, this, arguments| set(ev, this, arguments, 3, 4),
    "setMilliseconds" / 1 => |ev, this, arguments| set(ev, this, arguments, 6, 1),
    "setMinutes" / 3 => |ev, this, arguments| set(ev, this, arguments, 4, 3),
    "setMonth" / 2 => |ev, this, arguments| set(ev, this, arguments, 1, 2),
    "setSeconds" / 2 => |ev, this, arguments| set(ev, this, arguments, 5, 2),
    "setTime" / 1 => |ev, this, arguments| {
        let (id, _) = this_date(ev, this)?;
        let time = ev.to_number(arg(arguments, 0))?;
        store(ev, id, clip(time))
    },
    "setUTCDate" / 1 => |ev, this, arguments| set(ev, this, arguments, 2, 1),
    "setUTCFullYear" / 3 => |ev, this, arguments| set(ev, this, arguments, 0, 3),
    "setUTCHours" / 4 => |ev, this, arguments| set(ev, this, arguments, 3, 4),
    "setUTCMilliseconds" / 1 => |ev, this, arguments| set(ev, this, arguments, 6, 1),
    "setUTCMinutes" / 3 => |ev, this, arguments| set(ev, this, arguments, 4, 3),
    "setUTCMonth" / 2 => |ev, this, arguments| set(ev, this, arguments, 1, 2),
    "setUTCSeconds" / 2 => |ev, this, arguments| set(ev, this, arguments, 5, 2),
    "toDateString" / 0 => |ev, this, _| text(ev, this, text::day_text),
    "toGMTString" / 0 => |ev, this, _| text(ev, this, date_text),
    "toISOString" / 0 => |ev, this, _| {
        let (_, time) = this_date(ev, this)?;
        match iso_date(time) {
            Some(text) => Ok(ev.heap.string(text)),
            None => ev.throw(ErrorKind::RangeError, "Date value is NaN"),
        }
    },
    "toJSON" / 1 => |ev, this, _| {
        let (_, time) = this_date(ev, this)?;
        Ok(iso_date(time).map_or(Val::Null, |text| ev.heap.string(text)))
    },
    "toLocaleDateString" / 0 => |ev, this, _| text(ev, this, text::locale_day),
    "toLocaleString" / 0 => |ev, this, _| text(ev, this, text::locale),
    "toLocaleTimeString" / 0 => |ev, this, _| text(ev, this, text::locale_clock),
    "toString" / 0 => |ev, this, _| text(ev, this, date_text),
    "toTimeString" / 0 => |ev, this, _| text(ev, this, text::clock_text),
    "toUTCString" / 0 => |ev, this, _| text(ev, this, date_text),
    "valueOf" / 0 => |ev, this, _| Ok(Val::Number(this_date(ev, this)?.1)),
};
