//! Entries of `PutEvents`, judged as EventBridge judges them, and the events that they become.

use value::{MAX_DEPTH, Object, Str, Value};

/// API reference of `PutEvents`.
const MOST_ENTRIES: usize = 10;
/// EventBridge quotas: all entries of a request together, in bytes.
const MOST_BYTES: usize = 256 << 10;

/// `PutEventsRequestEntry`. What it must have is judged by the bus, one entry at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutEventsEntry {
    /// `Source`
    pub source: Option<Str>,
    /// `DetailType`
    pub detail_type: Option<Str>,
    /// `Detail`
    pub detail: Option<Value>,
    /// `Resources`
    pub resources: Vec<Str>,
    /// `Time`
    pub time: Option<jiff::Timestamp>,
}

/// `PutEventsResultEntry`: the event's id, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutEventsResultEntry {
    /// `EventId`
    Accepted {
        /// The id.
        event_id: Str,
    },
    /// `ErrorCode` and `ErrorMessage`
    Refused {
        /// The code.
        error_code: &'static str,
        /// The sentence.
        error_message: String,
    },
}

/// A request that is refused as a whole: `ValidationException`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValidationException(pub String);

/// Where events come to: the names in their envelope and in the ARNs of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusAddress {
    /// The bus.
    pub name: Str,
    /// The region that its ARN names.
    pub region: Str,
    /// The account that its ARN names.
    pub account: Str,
}

impl BusAddress {
    /// Reads a name or ARN: `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let (region, account, name) = match parts.as_slice() {
            ["arn", _, "events", region, account, resource] => (*region, *account, *resource),
            _ => ("", "", text),
        };
        let or = |text: &str, default: &str| Str::from(if text.is_empty() { default } else { text });
        let name = name.rsplit('/').next().unwrap_or_default();
        Self { name: or(name, "default"), region: or(region, "us-east-1"), account: or(account, "000000000000") }
    }
}

/// `PutEventsResult`, as the API writes it.
#[must_use]
pub fn put_events_result(results: &[PutEventsResultEntry]) -> Value {
    let mut failed = 0;
    let entries = results.iter().map(|entry| {
        let mut object = Object::with_capacity(2);
        match entry {
            PutEventsResultEntry::Accepted { event_id } => {
                object.insert("EventId", Str::clone(event_id));
            }
            PutEventsResultEntry::Refused { error_code, error_message } => {
                failed += 1;
                object.insert("ErrorCode", *error_code);
                object.insert("ErrorMessage", error_message.as_str());
            }
        }
        Value::from(object)
    });
    let entries: Vec<Value> = entries.collect();
    let mut result = Object::with_capacity(2);
    result.insert("Entries", entries);
    result.insert("FailedEntryCount", failed);
    result.into()
}

/// What is wrong with the request as a whole, whose entries have these sizes.
pub(super) fn validate(sizes: &[usize]) -> Result<(), ValidationException> {
    let constraint = |bound: &str| {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length {bound}"
        );
        Err(ValidationException(message))
    };
    if sizes.is_empty() {
        return constraint("greater than or equal to 1");
    }
    if sizes.len() > MOST_ENTRIES {
        return constraint(&format!("less than or equal to {MOST_ENTRIES}"));
    }
    if sizes.iter().sum::<usize>() > MOST_BYTES {
        return Err(ValidationException("Total size of the entries in the request is over the limit.".to_owned()));
    }
    Ok(())
}

/// The size as EventBridge counts it (user guide, "Calculating PutEvents event entry size").
pub(super) fn size(entry: &PutEventsEntry) -> usize {
    let text = |text: &Option<Str>| text.as_ref().map_or(0, |text| text.len());
    text(&entry.source)
        + text(&entry.detail_type)
        + entry.detail.as_ref().map_or(0, |detail| detail.to_json().len())
        + entry.resources.iter().map(|resource| resource.len()).sum::<usize>()
        + if entry.time.is_some() { 14 } else { 0 }
}

/// What an event takes in memory beside its texts: `[0,0,0]` is two bytes a number on the wire, and a whole [`Value`] here. Allocations
/// are counted with their headers, roughly.
pub(super) fn overhead(event: &Value) -> usize {
    match event {
        Value::List(items) => 48 + items.iter().map(|item| size_of::<Value>() + overhead(item)).sum::<usize>(),
        Value::Object(object) => {
            64 + object.values().map(|member| size_of::<(Str, Value)>() + 16 + overhead(member)).sum::<usize>()
        }
        Value::String(_) => 16,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The event of an entry: its id, and the envelope.
pub(super) fn event(
    entry: &PutEventsEntry,
    bus: &BusAddress,
    now: jiff::Timestamp,
) -> Result<(Str, Value), PutEventsResultEntry> {
    let refused = |error_code, error_message| Err(PutEventsResultEntry::Refused { error_code, error_message });
    let required =
        |name: &str| refused("InvalidArgument", format!("Parameter {name} is not valid. Reason: {name} is a required argument."));
    let Some(source) = entry.source.as_ref().filter(|source| !source.is_empty()) else { return required("Source") };
    let Some(detail_type) = entry.detail_type.as_ref().filter(|text| !text.is_empty()) else { return required("DetailType") };
    let Some(detail) = &entry.detail else { return required("Detail") };
    if detail.as_object().is_none() {
        return refused("MalformedDetail", "Detail is malformed.".to_owned());
    }
    if source.starts_with("aws.") {
        return refused("NotAuthorizedForSource", "Not authorized for the source.".to_owned());
    }
    let id: Str = uuid::Uuid::new_v4().to_string().into();
    let mut event = Object::with_capacity(9);
    event.insert("version", "0");
    event.insert("id", Str::clone(&id));
    event.insert("detail-type", Str::clone(detail_type));
    event.insert("source", Str::clone(source));
    event.insert("account", Str::clone(&bus.account));
    event.insert("time", moment(entry.time.unwrap_or(now)));
    event.insert("region", Str::clone(&bus.region));
    event.insert("resources", entry.resources.iter().map(|text| Value::from(Str::clone(text))).collect::<Vec<_>>());
    event.insert("detail", detail.clone());
    let event = Value::from(event);
    if event.depth_up_to(MAX_DEPTH) > MAX_DEPTH {
        return refused(
            "MalformedDetail",
            format!("Detail is nested too deeply; at most {} levels are possible.", MAX_DEPTH - 1),
        );
    }
    Ok((id, event))
}

/// A time as events carry it: in seconds.
pub(super) fn moment(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn entry() -> PutEventsEntry {
        PutEventsEntry {
            source: Some("shop".into()),
            detail_type: Some("Placed".into()),
            detail: Some(value!({"a": 1})),
            ..PutEventsEntry::default()
        }
    }

    #[test]
    fn an_entry_becomes_an_event() {
        let bus = BusAddress::read("arn:aws:events:eu-west-1:123456789012:event-bus/shop");
        assert_eq!(&*bus.name, "shop");
        let entry = PutEventsEntry { resources: vec!["r".into()], time: "2022-01-10T05:00:10.5+01:00".parse().ok(), ..entry() };
        let (id, event) = event(&entry, &bus, jiff::Timestamp::UNIX_EPOCH).expect("an event");
        let expected = format!(
            r#"{{"version":"0","id":"{id}","detail-type":"Placed","source":"shop","account":"123456789012","time":"2022-01-10T04:00:10Z","region":"eu-west-1","resources":["r"],"detail":{{"a":1}}}}"#
        );
        assert_eq!(event.to_json(), expected);
    }

    #[test]
    fn a_name_alone_is_a_bus_too() {
        let expected = |name: &str| BusAddress { name: name.into(), region: "us-east-1".into(), account: "000000000000".into() };
        for (text, name) in [("shop", "shop"), ("default", "default"), ("", "default"), ("event-bus/x", "x")] {
            assert_eq!(BusAddress::read(text), expected(name), "{text}");
        }
    }

    #[test]
    fn an_entry_is_refused_in_eventbridges_words() {
        let required =
            |name| ("InvalidArgument", format!("Parameter {name} is not valid. Reason: {name} is a required argument."));
        for (entry, (code, message)) in [
            (PutEventsEntry { source: None, ..entry() }, required("Source")),
            (PutEventsEntry { source: Some("".into()), ..entry() }, required("Source")),
            (PutEventsEntry { detail_type: None, ..entry() }, required("DetailType")),
            (PutEventsEntry { detail: None, ..entry() }, required("Detail")),
            (PutEventsEntry { detail: Some(value!([1])), ..entry() }, ("MalformedDetail", "Detail is malformed.".to_owned())),
            (PutEventsEntry { detail: Some(value!("{}")), ..entry() }, ("MalformedDetail", "Detail is malformed.".to_owned())),
            (
                PutEventsEntry { source: Some("aws.ec2".into()), ..entry() },
                ("NotAuthorizedForSource", "Not authorized for the source.".to_owned()),
            ),
        ] {
            let refused = event(&entry, &BusAddress::read("x"), jiff::Timestamp::UNIX_EPOCH).expect_err("refused");
            assert_eq!(refused, PutEventsResultEntry::Refused { error_code: code, error_message: message });
        }
    }

    #[test]
    fn a_request_has_limits() {
        let large = PutEventsEntry { detail: Some(value!({"a": ("x".repeat(30_000))})), ..entry() };
        for (entries, expected) in [
            (vec![], Some("Member must have length greater than or equal to 1")),
            (vec![entry(); 10], None),
            (vec![entry(); 11], Some("Member must have length less than or equal to 10")),
            (vec![large.clone(); 8], None),
            (vec![large; 9], Some("Total size of the entries in the request is over the limit.")),
        ] {
            let sizes: Vec<usize> = entries.iter().map(size).collect();
            let found = validate(&sizes).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().ends_with(expected.unwrap_or_default()));
        }
    }
}
