//! `util.str.*` and `util.matches`.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use value::Value;

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

/// The longest text that `str.toReplace` may produce.
const MAX_OUTPUT: usize = 8 << 20;

pub(crate) const TABLE: &[Utility] = &[
    Utility::vtl("str.toUpper", |_, values| Ok(Arguments::new("str.toUpper", values).text(0)?.to_uppercase().into())),
    Utility::vtl("str.toLower", |_, values| Ok(Arguments::new("str.toLower", values).text(0)?.to_lowercase().into())),
    Utility::vtl("str.toReplace", to_replace),
    Utility::both("str.normalize", normalize),
    Utility::both("matches", matches),
];

fn to_replace(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("str.toReplace", values);
    let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    // Every blank place of a long text could become a long replacement.
    let places = if from.is_empty() { text.chars().count() + 1 } else { text.matches(&*from).count() };
    if places.saturating_mul(to.len()) > MAX_OUTPUT {
        return Err(arguments.refuse(format!("the result of toReplace is larger than {MAX_OUTPUT} bytes")));
    }
    Ok(text.replace(&*from, &to).into())
}

fn normalize(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("str.normalize", values);
    let text = arguments.text(0)?;
    let form = arguments.text(1)?;
    Ok(match &*form.to_ascii_lowercase() {
        "nfc" => ComposingNormalizerBorrowed::new_nfc().normalize(&text).into_owned(),
        "nfkc" => ComposingNormalizerBorrowed::new_nfkc().normalize(&text).into_owned(),
        "nfd" => DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned(),
        "nfkd" => DecomposingNormalizerBorrowed::new_nfkd().normalize(&text).into_owned(),
        other => return Err(arguments.refuse(format!("normalize expects 'nfc', 'nfd', 'nfkc' or 'nfkd', not '{other}'"))),
    }
    .into())
}

/// The most steps that one search may take: some milliseconds, as nobody looks at the clock meanwhile.
const MAX_STEPS: u64 = 1_000_000;

fn matches(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("matches", values);
    let (pattern, text) = (arguments.text(0)?, arguments.text(1)?);
    session.note_work(pattern.len() as u64 / 4);
    let regex = java_regex::cached(&pattern).map_err(|fault| arguments.refuse(fault.to_string()))?;
    let mut steps = 0;
    let found = regex.matches_whole_watched(&text, &mut |more| {
        steps += more;
        steps < MAX_STEPS
    });
    session.note_work(steps / 8);
    if steps >= MAX_STEPS {
        return Err(arguments.refuse("the regular expression takes too many steps on this text"));
    }
    Ok(found.map_err(|fault| arguments.refuse(fault.to_string()))?.into())
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn a_search_reports_its_steps_and_has_a_bound_of_them() {
        let mut session = Session::system(Value::Null);
        let none = matches(&mut session, &[value!("(a|aa)+b"), Value::from("a".repeat(26))]);
        assert_eq!(none.ok(), Some(Value::Bool(false)));
        assert!(session.take_work() > 1_000);
        let long = matches(&mut session, &[value!("(a*)*\\1b"), Value::from("a".repeat(50_000))]);
        assert!(long.is_err_and(|failure| failure.to_string().contains("too many steps")));
        let work = session.take_work();
        assert!((MAX_STEPS / 8..MAX_STEPS / 4).contains(&work), "{work}");
        assert_eq!(session.take_work(), 0);
    }

    #[test]
    fn texts() {
        check(&[
            ("str.toUpper", vec![value!("aß")], value!("ASS")),
            ("str.toLower", vec![value!("ÀB")], value!("àb")),
            ("str.toReplace", vec![value!("hello world"), value!("hello"), value!("mellow")], value!("mellow world")),
            ("str.toReplace", vec![value!("a.b.c"), value!("."), value!("$1")], value!("a$1b$1c")),
            ("str.normalize", vec![value!("e\u{301}"), value!("nfc")], value!("é")),
            ("str.normalize", vec![value!("é"), value!("nfd")], value!("e\u{301}")),
            ("str.normalize", vec![value!("ﬁ"), value!("nfkc")], value!("fi")),
            ("str.normalize", vec![value!("ﬁ"), value!("nfkd")], value!("fi")),
            ("matches", vec![value!("a*b"), value!("aaaaab")], value!(true)),
            ("matches", vec![value!("a*b"), value!("xab")], value!(false)),
        ]);
        for (name, arguments) in [
            ("str.normalize", [value!("a"), value!("x")]),
            ("matches", [value!("("), value!("a")]),
            ("matches", [value!("(a*)*\\1c"), value!("a".repeat(200))]),
        ] {
            assert!(matches!(call(name, &arguments), Err(Failure::Invalid { .. })), "{name} {arguments:?}");
        }
    }
}
