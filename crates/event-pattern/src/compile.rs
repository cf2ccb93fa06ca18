//! From the JSON of a pattern to the tree of its fields, with every rule about form. Refusals are EventBridge's sentences.

use std::sync::Arc;

use value::{MAX_DEPTH, Number, Object, Value};

use crate::address::Cidr;
use crate::matcher::{Folded, Matcher, Text};
use crate::matching::Node;
use crate::numeric::{Bound, Range, comparable};
use crate::wildcard::Wildcard;
use crate::{MAX_COMBINATIONS, PatternError};

const OR: &str = "$or";
/// Names that must not be fields below `$or`: they are, or may become, comparisons.
const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What is wanted of fields by their dotted paths: one combination of the alternatives of `$or`.
type Combination = Vec<(Arc<str>, Arc<[Matcher]>)>;

pub(crate) fn compile(pattern: &Value) -> Result<Node, PatternError> {
    let mut compiler = Compiler { path: Vec::new() };
    let Some(object) = pattern.as_object() else { return Err(compiler.refused("Filter is not an object")) };
    let mut combinations = Vec::new();
    compiler.object(object, &mut combinations, false)?;
    let mut root = Node::default();
    for (at, combination) in combinations.iter().enumerate() {
        for (path, alternatives) in combination {
            root.insert(at, path, alternatives);
        }
    }
    root.number(0);
    Ok(root)
}

struct Compiler<'a> {
    path: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    fn refused(&self, reason: impl Into<String>) -> PatternError {
        PatternError { reason: reason.into(), path: self.path.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn object(&mut self, object: &'a Object, combinations: &mut Vec<Combination>, inside_or: bool) -> Result<(), PatternError> {
        if object.is_empty() {
            return Err(self.refused("Empty objects are not allowed"));
        }
        for (name, value) in object {
            if &**name == OR {
                self.either(value, combinations)?;
                continue;
            }
            self.path.push(name);
            if inside_or && RESERVED.contains(&&**name) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside {OR}.");
                return Err(self.refused(reason));
            }
            match value {
                Value::Object(object) => self.object(object, combinations, inside_or)?,
                Value::List(alternatives) => self.field(alternatives, combinations)?,
                _ => return Err(self.refused(format!("\"{name}\" must be an object or an array"))),
            }
            self.path.pop();
        }
        Ok(())
    }

    /// `$or`: every combination so far with each of the alternatives.
    fn either(&mut self, value: &'a Value, combinations: &mut Vec<Combination>) -> Result<(), PatternError> {
        self.path.push(OR);
        let Some(alternatives) = value.as_list() else {
            return Err(self.refused(format!("It must be an Array followed with {OR}.")));
        };
        if alternatives.len() < 2 && alternatives.iter().all(|alternative| alternative.as_object().is_some()) {
            return Err(self.refused(format!("There must have at least 2 Objects in {OR} relationship.")));
        }
        let before = std::mem::take(combinations);
        self.path.pop();
        for alternative in alternatives {
            let Some(object) = alternative.as_object() else {
                return Err(self.refused(format!("Only JSON object is allowed in array of {OR} relationship.")));
            };
            let mut more = if before.is_empty() { vec![Combination::new()] } else { before.clone() };
            self.object(object, &mut more, true)?;
            if combinations.len() + more.len() > MAX_COMBINATIONS {
                let reason = format!("{OR} makes more than {MAX_COMBINATIONS} combinations of fields");
                return Err(self.refused(reason));
            }
            combinations.append(&mut more);
        }
        Ok(())
    }

    fn field(&mut self, alternatives: &'a [Value], combinations: &mut Vec<Combination>) -> Result<(), PatternError> {
        let mut matchers = Vec::with_capacity(alternatives.len());
        for alternative in alternatives {
            matchers.push(self.alternative(alternative)?);
        }
        if matchers.is_empty() {
            return Err(self.refused("Empty arrays are not allowed"));
        }
        let path: Arc<str> = self.path.join(".").into();
        if path.matches('.').count() >= MAX_DEPTH {
            return Err(self.refused(format!("a field is more than {MAX_DEPTH} levels deep")));
        }
        let matchers: Arc<[Matcher]> = matchers.into();
        if combinations.is_empty() {
            combinations.push(Combination::new());
        }
        for combination in combinations {
            combination.push((Arc::clone(&path), Arc::clone(&matchers)));
        }
        Ok(())
    }

    fn alternative(&mut self, alternative: &'a Value) -> Result<Matcher, PatternError> {
        Ok(match alternative {
            Value::Null | Value::Bool(_) => Matcher::Constant(alternative.clone()),
            Value::Number(number) => Matcher::Number(number.clone()),
            Value::String(text) => Matcher::Text(Text::Exact(Arc::clone(text))),
            Value::Object(comparison) => self.comparison(comparison)?,
            Value::List(_) => return Err(self.refused("Match value must be String, number, true, false, or null")),
        })
    }

    fn comparison(&mut self, comparison: &'a Object) -> Result<Matcher, PatternError> {
        let Some((name, value)) = comparison.iter().next() else {
            return Err(self.refused("Match expression name not found"));
        };
        self.path.push(name);
        let text = || value.as_str().map(Arc::from);
        let matcher = match &**name {
            "exactly" => text().map(Text::Exact).map(Matcher::Text).ok_or("exact match pattern must be a string".to_owned()),
            "prefix" => affix(value, "prefix", Text::Prefix, Text::PrefixIgnoreCase),
            "suffix" => affix(value, "suffix", Text::Suffix, Text::SuffixIgnoreCase),
            "equals-ignore-case" => ignore_case(value).map(Text::IgnoreCase).map(Matcher::Text),
            "wildcard" => wildcard(value).map(Matcher::Text),
            "numeric" => numeric(value).map(Matcher::Numeric),
            "exists" => match value.as_bool() {
                Some(true) => Ok(Matcher::Present),
                Some(false) => Ok(Matcher::Absent),
                None => Err("exists match pattern must be either true or false.".to_owned()),
            },
            // EventBridge's own words, for lack of better ones there.
            "cidr" => match value.as_str() {
                Some(text) => Cidr::parse(text).map(Matcher::Cidr),
                None => Err("prefix match pattern must be a string".to_owned()),
            },
            "anything-but" => anything_but(value),
            other => Err(format!("Unrecognized match type {other}")),
        };
        let matcher = matcher.map_err(|reason| self.refused(reason))?;
        if comparison.len() > 1 {
            let reason = match &**name {
                "numeric" | "anything-but" => "Too many elements in numeric expression",
                _ => "Only one key allowed in match expression",
            };
            return Err(self.refused(reason));
        }
        self.path.pop();
        Ok(matcher)
    }
}

/// `prefix` and `suffix`: a text, or `equals-ignore-case` of one.
fn affix(value: &Value, name: &str, exact: fn(Arc<str>) -> Text, folded: fn(Folded) -> Text) -> Result<Matcher, String> {
    let text = match value {
        Value::String(text) => exact(Arc::clone(text)),
        Value::Object(object) => {
            let Some((inner, value)) = object.iter().next() else {
                let name = if name == "prefix" { "Prefix" } else { "Suffix" };
                return Err(format!("{name} expression name not found"));
            };
            if &**inner != "equals-ignore-case" {
                return Err(format!("Unsupported {name} pattern: {inner}"));
            }
            let text = folded(ignore_case(value)?);
            if object.len() > 1 {
                return Err("Only one key allowed in match expression".to_owned());
            }
            text
        }
        _ => return Err(format!("{name} match pattern must be a string")),
    };
    Ok(Matcher::Text(text))
}

fn ignore_case(value: &Value) -> Result<Folded, String> {
    value.as_str().map(Folded::new).ok_or_else(|| "equals-ignore-case match pattern must be a string".to_owned())
}

fn wildcard(value: &Value) -> Result<Text, String> {
    let text = value.as_str().ok_or_else(|| "wildcard match pattern must be a string".to_owned())?;
    Wildcard::parse(text).map(Text::Wildcard)
}

fn anything_but(value: &Value) -> Result<Matcher, String> {
    const FORM: &str = "Value of anything-but must be an array or single string/number value.";
    match value {
        Value::List(items) => anything_but_list(items),
        Value::String(_) | Value::Number(_) => anything_but_list(std::slice::from_ref(value)),
        Value::Object(object) => {
            let Some((name, value)) = object.iter().next() else {
                return Err("Anything-But expression name not found".to_owned());
            };
            let kind: fn(&Value) -> Result<Text, String> = match &**name {
                "equals-ignore-case" => |value| {
                    let refused = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";
                    value.as_str().map(Folded::new).map(Text::IgnoreCase).ok_or_else(|| refused.to_owned())
                },
                "prefix" => |value| some_text(value).map(Text::Prefix),
                "suffix" => |value| some_text(value).map(Text::Suffix),
                "wildcard" => wildcard,
                other => return Err(format!("Unsupported anything-but pattern: {other}")),
            };
            let texts: Result<Vec<Text>, String> = match value {
                Value::List(items) => items.iter().map(kind).collect(),
                Value::String(_) | Value::Number(_) => kind(value).map(|text| vec![text]),
                _ => return Err(FORM.to_owned()),
            };
            if object.len() > 1 {
                return Err("Too many elements in numeric expression".to_owned());
            }
            Ok(Matcher::AnythingButText(texts?))
        }
        _ => Err(FORM.to_owned()),
    }
}

/// The text of an `anything-but` with `prefix` or `suffix`.
fn some_text(value: &Value) -> Result<Arc<str>, String> {
    match value.as_str() {
        Some("") => Err("Null prefix/suffix not allowed".to_owned()),
        Some(text) => Ok(text.into()),
        None => Err("prefix/suffix match pattern must be a string".to_owned()),
    }
}

fn anything_but_list(items: &[Value]) -> Result<Matcher, String> {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Value::String(text) => texts.push(Text::Exact(Arc::clone(text))),
            Value::Number(number) => {
                comparable_number(number)?;
                numbers.push(number.clone());
            }
            _ => return Err("Inside anything but list, start|null|boolean is not supported.".to_owned()),
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(Matcher::AnythingButText(texts)),
        (true, false) => Ok(Matcher::AnythingButNumber(numbers)),
        _ => {
            let reason = "Inside anything but list, either all values are number or string, mixed type is not supported";
            Err(reason.to_owned())
        }
    }
}

fn comparable_number(number: &Number) -> Result<f64, String> {
    comparable(number).ok_or_else(|| format!("Cannot compare number : {}", Value::Number(number.clone())))
}

fn numeric(value: &Value) -> Result<Range, String> {
    let terms = value.as_list().ok_or_else(|| "Value of numeric must be an array.".to_owned())?;
    let too_many = || Err("Too many elements in numeric expression".to_owned());
    let operator = match terms.first() {
        Some(Value::String(operator)) => &**operator,
        Some(other) => return Err(format!("Invalid member in numeric match: {other}")),
        None => return Err("Invalid member in numeric match: ]".to_owned()),
    };
    let number = |at: usize, name: &str| match terms.get(at) {
        Some(Value::Number(number)) => comparable_number(number),
        _ => Err(format!("Value of {name} must be numeric")),
    };
    let bottom = match operator {
        "=" => {
            let number = number(1, "equals")?;
            let range = Range { bottom: Bound::Included(number), top: Bound::Included(number) };
            return if terms.len() > 2 { too_many() } else { Ok(range) };
        }
        "<" | "<=" => {
            let top = number(1, operator)?;
            let top = if operator == "<" { Bound::Excluded(top) } else { Bound::Included(top) };
            return if terms.len() > 2 { too_many() } else { Ok(Range { bottom: Bound::None, top }) };
        }
        ">" => Bound::Excluded(number(1, operator)?),
        ">=" => Bound::Included(number(1, operator)?),
        other => return Err(format!("Unrecognized numeric range operator: {other}")),
    };
    let second = match terms.get(2) {
        None => return Ok(Range { bottom, top: Bound::None }),
        Some(Value::String(operator)) => &**operator,
        Some(other) => return Err(format!("Bad value in numeric range: {other}")),
    };
    let top = match second {
        "<" => Bound::Excluded(number(3, second)?),
        "<=" => Bound::Included(number(3, second)?),
        other => return Err(format!("Bad numeric range operator: {other}")),
    };
    if terms.len() > 4 {
        return Err("Too many terms in numeric range expression".to_owned());
    }
    let (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) = (bottom, top) else {
        return Ok(Range { bottom, top });
    };
    if low >= high {
        return Err("Bottom must be less than top".to_owned());
    }
    Ok(Range { bottom, top })
}
