//! Attributes of DynamoDB as text that can be compared and hashed: keys that DynamoDB takes for one have one text.

use std::fmt::Write;

use value::Value;

/// Attributes as text that is equal exactly for equal attributes: members sorted, sets sorted, `1.0` and `1` the same.
pub(crate) fn canonical(attributes: &Value) -> String {
    let mut out = String::with_capacity(64);
    write_members(attributes, &mut out);
    out
}

fn write_members(attributes: &Value, out: &mut String) {
    let mut members: Vec<_> = attributes.as_object().into_iter().flatten().collect();
    members.sort_unstable_by_key(|&(name, _)| name);
    for (name, value) in members {
        write_text(name, out);
        write_attribute(value, out);
    }
    out.push('.');
}

/// As deep as the value, which `value::MAX_DEPTH` bounds.
fn write_attribute(attribute: &Value, out: &mut String) {
    let Some((kind, content)) = attribute.as_object().and_then(|object| object.iter().next()) else { return };
    out.push_str(kind);
    match (&**kind, content) {
        ("N", Value::String(text)) => write_text(&decimal(text), out),
        ("SS" | "BS" | "NS", Value::List(items)) => {
            let text = |item: &Value| {
                let text = item.as_str().unwrap_or_default();
                if &**kind == "NS" { decimal(text) } else { text.to_owned() }
            };
            let mut items: Vec<String> = items.iter().map(text).collect();
            items.sort_unstable();
            items.iter().for_each(|item| write_text(item, out));
            out.push('.');
        }
        ("L", Value::List(items)) => {
            items.iter().for_each(|item| write_attribute(item, out));
            out.push('.');
        }
        ("M", members) => write_members(members, out),
        (_, Value::String(text)) => write_text(text, out),
        (_, other) => write_text(&other.to_json(), out),
    }
}

/// With its length in front, so that no two different sequences look alike.
fn write_text(text: &str, out: &mut String) {
    let _ = write!(out, "{}:{text}", text.len());
}

/// A decimal in one form: sign, digits without zeros at either end, exponent. What is no number stays as it is.
fn decimal(text: &str) -> String {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i64>() else { return text.to_owned() };
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let significant = digits.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    if trimmed.is_empty() {
        return "0".to_owned();
    }
    let zeros = significant.len() - trimmed.len();
    let shift = i64::try_from(zeros).unwrap_or_default() - i64::try_from(fraction.len()).unwrap_or_default();
    format!("{}{trimmed}e{}", if negative { "-" } else { "" }, exponent.saturating_add(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_is_equal_for_equal_attributes_only() {
        let canonical = |text: &str| canonical(&Value::parse(text.as_bytes()).expect("JSON"));
        for (left, right, equal) in [
            (r#"{"a":{"N":"1.0"},"b":{"S":"x"}}"#, r#"{"b":{"S":"x"},"a":{"N":"1"}}"#, true),
            (r#"{"a":{"N":"100"}}"#, r#"{"a":{"N":"1E2"}}"#, true),
            (r#"{"a":{"N":"-0"}}"#, r#"{"a":{"N":"0.0"}}"#, true),
            (r#"{"a":{"N":"0.01"}}"#, r#"{"a":{"N":"1e-2"}}"#, true),
            (r#"{"a":{"N":"+1.50"}}"#, r#"{"a":{"N":"15e-1"}}"#, true),
            (r#"{"a":{"N":"+1"}}"#, r#"{"a":{"N":"-1"}}"#, false),
            (r#"{"a":{"N":"10"}}"#, r#"{"a":{"N":"1"}}"#, false),
            (r#"{"a":{"N":"1"}}"#, r#"{"a":{"S":"1"}}"#, false),
            (r#"{"a":{"SS":["x","y"]}}"#, r#"{"a":{"SS":["y","x"]}}"#, true),
            (r#"{"a":{"NS":["1","2.0"]}}"#, r#"{"a":{"NS":["2","1"]}}"#, true),
            (r#"{"a":{"L":[{"S":"x"},{"S":"y"}]}}"#, r#"{"a":{"L":[{"S":"y"},{"S":"x"}]}}"#, false),
            (r#"{"a":{"M":{"b":{"S":"c"}}}}"#, r#"{"a":{"M":{"b":{"S":"d"}}}}"#, false),
            (r#"{"a":{"L":[]},"b":{"S":"x"}}"#, r#"{"a":{"L":[{"S":"x"}]}}"#, false),
        ] {
            assert_eq!(canonical(left) == canonical(right), equal, "{left} {right}");
        }
    }
}
