//! How many event rules lie behind what runs: a rule whose target puts an event that the rule wants itself would never end.
//!
//! In this process the number goes along with the task. What leaves it (an event for a function or an HTTP endpoint, and what a
//! mutation of a rule asks of either) carries it in `X-Amzn-Trace-Id`, in the element `Lineage` that AWS uses for the same purpose
//! (Lambda developer guide, "Recursive loop detection"). AWS's SDKs send that header on by themselves from within a function;
//! others have to.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many event rules may lie behind an event that a rule wants. As many as Lambda lets functions call themselves.
pub const MAX_DEPTH: u8 = 16;

/// The header that carries a lineage.
pub const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What names this process among those who add to a lineage. Nobody else can guess it: who could would let the events of his requests
/// be refused.
static OURS: LazyLock<String> = LazyLock::new(|| uuid::Uuid::new_v4().simple().to_string());

tokio::task_local! {
    static DEPTH: u8;
}

/// Runs something behind `depth` rules.
pub fn behind<F: Future>(depth: u8, run: F) -> impl Future<Output = F::Output> {
    DEPTH.scope(depth, run)
}

/// How many rules lie behind this task.
#[must_use]
pub fn depth() -> u8 {
    DEPTH.try_with(|depth| *depth).unwrap_or(0)
}

/// The trace header of what is sent from behind `depth` rules; none where there is no rule.
#[must_use]
pub fn trace_header(depth: u8) -> Option<String> {
    if depth == 0 {
        return None;
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let seconds = jiff::Timestamp::now().as_second();
    Some(format!("Root=1-{seconds:08x}-{};Sampled=0;Lineage=1:{}:{depth}", &id[..24], *OURS))
}

/// Adds the lineage of this task to what is sent, unless the sender says something of its own.
pub fn write(headers: &mut HeaderMap, depth: u8) {
    if let Some(text) = trace_header(depth)
        && let Ok(value) = HeaderValue::try_from(text)
    {
        headers.entry(TRACE_HEADER).or_insert(value);
    }
}

/// How many rules lie behind a request with these headers. What cannot be read counts for none: the header is everyone's.
#[must_use]
pub fn read(headers: &HeaderMap) -> u8 {
    let texts = headers.get_all(TRACE_HEADER).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(of_text).max().unwrap_or(0)
}

/// The numbers in one header: `Lineage=1:OURS:3`, or one of several parts between bars, which SDKs may send escaped.
fn of_text(text: &str) -> impl Iterator<Item = u8> {
    let lineages = text.split(';').filter_map(|element| element.trim().strip_prefix("Lineage="));
    lineages.flat_map(|lineage| lineage.split(['|', '%'])).filter_map(|part| {
        let (before, count) = part.rsplit_once(':')?;
        if before.ends_with(&**OURS) { count.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for depth in [1, 7, MAX_DEPTH] {
            let mut headers = HeaderMap::new();
            write(&mut headers, depth);
            assert_eq!(read(&headers), depth, "{headers:?}");
            // It is the sender's where it has one.
            write(&mut headers, 20);
            assert_eq!(read(&headers), depth);
        }
        assert_eq!(trace_header(0), None);
    }

    #[test]
    fn a_foreign_header_counts_for_nothing() {
        for (text, expected) in [
            ("", 0),
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0", 0),
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:9", 0),
            ("Root=1-5759e988-bd862e3fe1be46a994272793; Lineage=2:a87bd80c:9|OURS:3", 3),
            ("Lineage=2:OURS:3%7Ca87bd80c:9", 3),
            ("Lineage=1:OURS:300", 0),
            ("Lineage=1:OURS:-1", 0),
            ("Lineage=OURS", 0),
            // What another process would write.
            ("Lineage=1:73796e63:16", 0),
            ("Lineage=1::16", 0),
        ] {
            let text = text.replace("OURS", &OURS);
            let headers = HeaderMap::from_iter([(TRACE_HEADER, HeaderValue::try_from(&text).expect("a header"))]);
            assert_eq!(read(&headers), expected, "{text}");
        }
    }
}
