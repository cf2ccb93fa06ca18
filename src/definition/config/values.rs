//! What keys can hold: texts, numbers, durations (`"30s"`), sizes (`"5MiB"`), lists, addresses, points in time.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use value::Str;

use super::node::{Kind, Node};
use crate::diagnostic::{Diagnostic, Place};

/// A value that can be read from a [`Node`]. `name` is the key's dotted path, for messages.
pub(super) trait FromNode: Sized {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>>;
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteSize(pub(super) u64);

/// One value, or a list of them.
#[derive(Clone, Debug)]
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

/// What is wrong with a value, said of its key: "must be …".
#[derive(Debug)]
pub(super) struct Problem {
    problem: String,
    help: Option<String>,
}

impl Problem {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn diagnostic(self, name: &str, place: &Place) -> Diagnostic {
        let mut diagnostic = Diagnostic::error("invalid-value", format!("`{name}` {}", self.problem));
        diagnostic.help = self.help;
        diagnostic.at(&place.source, place.span.clone())
    }
}

/// The finding for a value of the wrong kind.
pub(super) fn wrong_type(node: &Node, name: &str, expected: &str) -> Vec<Diagnostic> {
    let message = match &node.kind {
        Kind::Override(_) => format!("`{name}` must be {expected}"),
        kind => format!("`{name}` must be {expected}, not {}", kind.name()),
    };
    let help = match expected {
        "a string" => "write it in quotes: \"…\"",
        "a list" => "write it in brackets: [\"…\"]",
        "a table" => "write it as a section of its own, or in braces: { key = \"…\" }",
        _ if matches!(node.kind, Kind::Override(_)) => "set the variable to such a value, or remove it",
        _ => "write it without quotes",
    };
    vec![Diagnostic::error("wrong-type", message).help(help).at(&node.place.source, node.place.span.clone())]
}

fn invalid(node: &Node, name: &str, problem: Problem) -> Vec<Diagnostic> {
    vec![problem.diagnostic(name, &node.place)]
}

/// A number within a range, as the type it fits in.
pub(super) fn within<T: TryFrom<i64>>(range: RangeInclusive<i64>) -> impl FnOnce(i64) -> Result<T, Problem> {
    move |number| {
        let fitting = if range.contains(&number) { T::try_from(number).ok() } else { None };
        fitting.ok_or_else(|| {
            let problem = format!("must be between {} and {}, not {number}", range.start(), range.end());
            Problem::new(problem).help("choose a number in that range")
        })
    }
}

impl FromNode for String {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        match &node.kind {
            Kind::String(text) | Kind::Override(text) => Ok(text.clone()),
            _ => Err(wrong_type(node, name, "a string")),
        }
    }
}

impl FromNode for Str {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        String::from_node(node, name).map(Str::from)
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        match &node.kind {
            Kind::Boolean(boolean) => Ok(*boolean),
            Kind::Override(text) => text.parse().map_err(|_| wrong_type(node, name, "`true` or `false`")),
            _ => Err(wrong_type(node, name, "`true` or `false`")),
        }
    }
}

impl FromNode for i64 {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        match &node.kind {
            Kind::Integer(number) => Ok(*number),
            Kind::Override(text) => text.parse().map_err(|_| wrong_type(node, name, "a whole number")),
            _ => Err(wrong_type(node, name, "a whole number")),
        }
    }
}

impl<T: FromNode> FromNode for Spanned<T> {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        T::from_node(node, name).map(|value| Self { value, place: node.place.clone() })
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let split: Vec<Node>;
        let items = match &node.kind {
            Kind::List(items) => items,
            Kind::Override(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                split = parts.map(|part| Node { place: node.place.clone(), kind: Kind::Override(part.into()) }).collect();
                &split
            }
            _ => return Err(wrong_type(node, name, "a list")),
        };
        let (mut values, mut diagnostics) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            match T::from_node(item, name) {
                Ok(value) => values.push(value),
                Err(more) => diagnostics.extend(more),
            }
        }
        if diagnostics.is_empty() { Ok(values) } else { Err(diagnostics) }
    }
}

impl<T: FromNode> FromNode for OneOrMany<T> {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        match &node.kind {
            Kind::String(_) => Ok(Self(vec![T::from_node(node, name)?])),
            _ => Vec::from_node(node, name).map(Self),
        }
    }
}

impl FromNode for IpAddr {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let text = String::from_node(node, name)?;
        if text == "localhost" {
            return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        text.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| {
            let problem = Problem::new(format!("must be an IP address, not `{text}`"));
            invalid(node, name, problem.help("127.0.0.1 is this machine only, 0.0.0.0 every interface"))
        })
    }
}

impl FromNode for Duration {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let help = "a number with its unit (ms, s, m, h, d), for instance \"30s\" or \"1h30m\"";
        let (Kind::String(text) | Kind::Override(text)) = &node.kind else {
            return Err(wrong_type(node, name, "a duration").into_iter().map(|d| d.help(help)).collect());
        };
        parse_duration(text).ok_or_else(|| invalid(node, name, Problem::new(format!("is not a duration: `{text}`")).help(help)))
    }
}

impl FromNode for ByteSize {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let help = "a number with its unit (B, KB, MB, GB, KiB, MiB, GiB), for instance \"5MiB\"";
        let (Kind::String(text) | Kind::Override(text)) = &node.kind else {
            return Err(wrong_type(node, name, "a size").into_iter().map(|d| d.help(help)).collect());
        };
        parse_size(text).map(Self).ok_or_else(|| invalid(node, name, Problem::new(format!("is not a size: `{text}`")).help(help)))
    }
}

impl FromNode for jiff::Timestamp {
    fn from_node(node: &Node, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let help = "a date and time such as 2027-01-31T00:00:00Z, a date, or seconds since 1970";
        let parsed = match &node.kind {
            Kind::Integer(seconds) => jiff::Timestamp::from_second(*seconds).ok(),
            Kind::String(text) | Kind::DateTime(text) | Kind::Override(text) => parse_timestamp(text),
            _ => return Err(wrong_type(node, name, "a point in time").into_iter().map(|d| d.help(help)).collect()),
        };
        parsed.ok_or_else(|| invalid(node, name, Problem::new("is not a point in time").help(help)))
    }
}

fn parse_timestamp(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    if let Ok(seconds) = text.parse() {
        return jiff::Timestamp::from_second(seconds).ok();
    }
    // A local date or date-time has no zone: UTC.
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// `30s`, `1h30m`: whole numbers with units.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest)?;
        let duration = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3_600)?),
            "d" => Duration::from_secs(number.checked_mul(86_400)?),
            _ => return None,
        };
        total = total.checked_add(duration)?;
        rest = after;
    }
    Some(total)
}

/// `5MiB`: a whole number with a unit.
fn parse_size(text: &str) -> Option<u64> {
    let (number, unit, rest) = number_and_unit(text.trim())?;
    let factor = match unit {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    if rest.is_empty() { number.checked_mul(factor) } else { None }
}

fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let letters = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    Some((number.parse().ok()?, unit, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let cases = [
            ("30s", Some(30_000)),
            ("1h30m", Some(5_400_000)),
            ("1 h 30 m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2d", Some(172_800_000)),
            ("30", None),
            ("", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("1w", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_with_units() {
        let cases = [
            ("5MiB", Some(5 << 20)),
            ("1MB", Some(1_000_000)),
            ("12 KiB", Some(12 << 10)),
            ("7B", Some(7)),
            ("5", None),
            ("5MiB2B", None),
            ("18446744073709551615GiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }

    #[test]
    fn points_in_time_have_four_forms() {
        for text in ["2027-01-31T00:00:00Z", "2027-01-31", "2027-01-31T00:00:00", "1801353600", "2027-01-31T01:00:00+01:00"] {
            assert_eq!(parse_timestamp(text).map(jiff::Timestamp::as_second), Some(1_801_353_600), "{text}");
        }
        assert_eq!(parse_timestamp("soon"), None);
    }
}
