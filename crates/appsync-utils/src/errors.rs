//! Errors, early returns and the log: `util.error`, `appendError`, `unauthorized`, `validate`, `log.*`, `runtime.earlyReturn`.

use value::Value;

use crate::arguments::Arguments;
use crate::session::{MAX_EFFECTS, bytes_up_to};
use crate::{Failure, Level, Raised, Session, SkipTo, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("error", error),
    Utility::both("appendError", append_error),
    Utility::both("unauthorized", unauthorized),
    Utility::vtl("validate", validate),
    Utility::vtl("log.info", |session, values| log(session, Level::Info, values)),
    Utility::vtl("log.debug", |session, values| log(session, Level::Debug, values)),
    Utility::vtl("log.error", |session, values| log(session, Level::Error, values)),
];

pub(crate) const RUNTIME: &[Utility] = &[Utility::both("earlyReturn", early_return)];

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.to_string()),
        other => Some(other.to_json()),
    }
}

fn raised(arguments: Arguments<'_>) -> Raised {
    Raised {
        message: text_of(arguments.get(0)).unwrap_or_default(),
        error_type: text_of(arguments.get(1)),
        data: arguments.get(2).clone(),
        error_info: arguments.get(3).clone(),
    }
}

fn error(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    Err(Failure::Raised(raised(Arguments::new("error", values))))
}

fn append_error(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("appendError", values);
    if session.effects.errors.len() >= MAX_EFFECTS {
        return Err(arguments.refuse(format!("appendError was called more than {MAX_EFFECTS} times in one evaluation")));
    }
    session.effects.charge(values).map_err(|limit| arguments.refuse(format!("appendError: {limit}")))?;
    session.effects.errors.push(raised(arguments));
    Ok(Value::Null)
}

fn unauthorized(_: &mut Session, _: &[Value]) -> Result<Value, Failure> {
    Err(Failure::Unauthorized)
}

/// Developer guide, `$util.validate`: a failed condition throws a `CustomTemplateException`.
fn validate(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("validate", values);
    if arguments.bool(0)? {
        return Ok(Value::Null);
    }
    let mut raised = raised(Arguments::new("validate", values.get(1..).unwrap_or_default()));
    raised.error_type.get_or_insert_with(|| "CustomTemplateException".to_owned());
    raised.error_info = Value::Null;
    Err(Failure::Raised(raised))
}

/// `log(object)` or `log(format with {}, objects...)`.
fn log(session: &mut Session, level: Level, values: &[Value]) -> Result<Value, Failure> {
    let show = |value: &Value| text_of(value).unwrap_or_else(|| "null".to_owned());
    let Some((first, rest)) = values.split_first() else { return Ok(Value::Null) };
    if session.effects.log_is_full() {
        return Ok(Value::Null);
    }
    // What does not fit is not even written down: the values of a line may share their parts.
    let mut left = session.effects.log_bytes_left();
    let used = if matches!(first, Value::String(format) if format.contains("{}")) { values } else { &values[..1] };
    for value in used {
        let bytes = bytes_up_to(value, left);
        if bytes > left.saturating_add(2) {
            session.effects.log_is_too_long();
            return Ok(Value::Null);
        }
        left = left.saturating_sub(bytes);
    }
    let format = show(first);
    let mut message = String::with_capacity(format.len());
    let mut rest = rest.iter();
    let mut pieces = format.split("{}").peekable();
    while let Some(piece) = pieces.next() {
        message.push_str(piece);
        if pieces.peek().is_some() {
            message.push_str(&rest.next().map_or_else(|| "{}".to_owned(), show));
        }
    }
    session.effects.log(level, message);
    Ok(Value::Null)
}

fn early_return(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("earlyReturn", values);
    let skip_to = match arguments.get(1).get("skipTo") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if &**name == "END" => Some(SkipTo::End),
        Some(Value::String(name)) if &**name == "NEXT" => Some(SkipTo::Next),
        Some(other) => return Err(arguments.refuse(format!("earlyReturn expects skipTo to be 'END' or 'NEXT', not {other}"))),
    };
    Err(Failure::EarlyReturn { value: arguments.get(0).clone(), skip_to })
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, session};

    #[test]
    fn raised_errors_carry_type_data_and_info() {
        let failure = call("error", &[value!("m"), value!("T"), value!({"a": 1}), value!([2])]).expect_err("raised");
        let raised =
            Raised { message: "m".into(), error_type: Some("T".into()), data: value!({"a": 1}), error_info: value!([2]) };
        assert_eq!(failure, Failure::Raised(raised));
        let Failure::Raised(raised) = call("error", &[value!("m")]).expect_err("raised") else { panic!("another failure") };
        assert_eq!(raised.error_type, None);
        assert_eq!(call("unauthorized", &[]), Err(Failure::Unauthorized));
    }

    #[test]
    fn validate_raises_only_when_the_condition_is_false() {
        assert_eq!(call("validate", &[value!(true), value!("m")]), Ok(Value::Null));
        let Failure::Raised(raised) =
            call("validate", &[value!(false), value!("m"), Value::Null, value!(1)]).expect_err("raised")
        else {
            panic!("another failure")
        };
        assert_eq!((raised.error_type.as_deref(), raised.data), (Some("CustomTemplateException"), value!(1)));
    }

    #[test]
    fn log_lines_fill_their_placeholders() {
        let mut session = session();
        for (arguments, expected) in [
            (vec![value!("a {} b {}"), value!(1), value!({"x": true})], r#"a 1 b {"x":true}"#),
            (vec![value!("a {}")], "a {}"),
            (vec![value!([1])], "[1]"),
        ] {
            log(&mut session, Level::Info, &arguments).expect("logs");
            assert_eq!(session.effects.logs.last().expect("a line").message, expected);
        }
    }

    #[test]
    fn an_early_return_says_where_to_go_on() {
        let skip = |options: Value| early_return(&mut session(), &[value!(1), options]);
        for (options, skip_to) in [
            (Value::Null, None),
            (value!({"skipTo": "END"}), Some(SkipTo::End)),
            (value!({"skipTo": "NEXT"}), Some(SkipTo::Next)),
        ] {
            assert_eq!(skip(options), Err(Failure::EarlyReturn { value: value!(1), skip_to }));
        }
        assert!(matches!(skip(value!({"skipTo": "X"})), Err(Failure::Invalid { .. })));
    }
}
