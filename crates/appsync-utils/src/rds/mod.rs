//! The module `@aws-appsync/utils/rds` and `util.rds.*`.

mod condition;
mod result;
mod statement;

use value::{Value, value};

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("rds.toJsonObject", |_, values| result::to_json_object(Arguments::new("rds.toJsonObject", values))),
    // Templates hand it what a source without statements gives, too: the simulator's tests expect `""` for no text and `[]` for `{}`.
    Utility::vtl("rds.toJsonString", |_, values| {
        match values.first().and_then(Value::as_str).map(str::trim) {
            Some("") => return Ok(value!("")),
            Some("{}") => return Ok(value!("[]")),
            _ => {}
        }
        Ok(result::to_json_object(Arguments::new("rds.toJsonString", values))?.to_json().into())
    }),
];

macro_rules! tagged {
    ($module:ident: $($name:literal => $kind:literal, $member:literal;)*) => {
        const $module: &[Utility] = &[
            $(Utility::js($name, |_, values| Ok(value!({"type": $kind, $member: (Arguments::new($name, values).get(0))}))),)*
        ];
    };
}

tagged! { TYPE_HINTS:
    "typeHint.DATE" => "DATE", "value";
    "typeHint.DECIMAL" => "DECIMAL", "value";
    "typeHint.JSON" => "JSON", "value";
    "typeHint.TIME" => "TIME", "value";
    "typeHint.TIMESTAMP" => "TIMESTAMP", "value";
    "typeHint.UUID" => "UUID", "value";
}

tagged! { AGGREGATES:
    "agg.min" => "AGG_MIN", "column";
    "agg.minDistinct" => "AGG_MIN_DISTINCT", "column";
    "agg.max" => "AGG_MAX", "column";
    "agg.maxDistinct" => "AGG_MAX_DISTINCT", "column";
    "agg.sum" => "AGG_SUM", "column";
    "agg.sumDistinct" => "AGG_SUM_DISTINCT", "column";
    "agg.avg" => "AGG_AVG", "column";
    "agg.avgDistinct" => "AGG_AVG_DISTINCT", "column";
    "agg.count" => "AGG_COUNT", "column";
    "agg.countDistinct" => "AGG_COUNT_DISTINCT", "column";
}

const STATEMENTS: &[Utility] = &[
    Utility::js("toJsonObject", |_, values| result::to_json_object(Arguments::new("toJsonObject", values))),
    Utility::js("select", |_, values| payload("select", "SELECT", values)),
    Utility::js("insert", |_, values| payload("insert", "INSERT", values)),
    Utility::js("update", |_, values| payload("update", "UPDATE", values)),
    Utility::js("remove", |_, values| payload("remove", "REMOVE", values)),
    Utility::js("sql", sql),
    Utility::js("createPgStatement", |session, values| {
        statement::create(
            session,
            Arguments::new("createPgStatement", values),
            "createPgStatement",
            statement::Dialect::PostgreSql,
        )
    }),
    Utility::js("createMySQLStatement", |session, values| {
        statement::create(
            session,
            Arguments::new("createMySQLStatement", values),
            "createMySQLStatement",
            statement::Dialect::MySql,
        )
    }),
];

const COUNT: usize = STATEMENTS.len() + TYPE_HINTS.len() + AGGREGATES.len();

const JOINED: [Utility; COUNT] = {
    let mut all = [STATEMENTS[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < STATEMENTS.len() {
            STATEMENTS[at]
        } else if at < STATEMENTS.len() + TYPE_HINTS.len() {
            TYPE_HINTS[at - STATEMENTS.len()]
        } else {
            AGGREGATES[at - STATEMENTS.len() - TYPE_HINTS.len()]
        };
        at += 1;
    }
    all
};

pub(crate) static MODULE: &[Utility] = &JOINED;

/// A statement is a description until `create…Statement` renders it for its database.
fn payload(name: &'static str, kind: &str, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new(name, values);
    if arguments.count() == 0 {
        return Err(arguments.refuse(format!("An argument is expected to be passed to {name}")));
    }
    if arguments.get(0).as_object().is_none() {
        return Err(arguments.refuse("Expected payload to be an Object."));
    }
    Ok(value!({"type": kind, "properties": (arguments.get(0))}))
}

/// The tagged template: literal parts in a list, then the values between them.
fn sql(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    const MAX_TEMPLATES: usize = 1_000;
    let arguments = Arguments::new("sql", values);
    let fault = || arguments.refuse("java.lang.IllegalArgumentException: Unexpected argument passed to sql tagged template");
    let strings = arguments.get(0).as_list().ok_or_else(fault)?;
    if strings.len() != values.len() || strings.iter().any(|part| part.as_str().is_none()) {
        return Err(fault());
    }
    if !session.sql_templates.contains(arguments.get(0)) {
        if session.sql_templates.len() >= MAX_TEMPLATES {
            return Err(arguments.refuse(format!("one evaluation may make at most {MAX_TEMPLATES} different sql templates")));
        }
        session.sql_templates.push(arguments.get(0).clone());
    }
    Ok(value!({"type": "SQL", "properties": {"strings": (arguments.get(0)), "values": (values[1..].to_vec())}}))
}
