//! The request of a resolver: `operation`, and `events` with `source`, `detailType`, `detail`, `resources`, `time`. A member that is
//! null counts as absent. What an event must have is EventBridge's to judge, entry by entry.

use value::{Str, Value};

use crate::data_source::fields::{Fields, Place, Read, list, refuse, wrong_type};
use crate::event_bus::PutEventsEntry;

const EVENT: [&str; 5] = ["source", "detail", "detailType", "resources", "time"];

/// Reads a request.
pub(super) fn read(request: &Value) -> Read<Vec<PutEventsEntry>> {
    let root = Place::Root;
    let fields = Fields::of(request, &root)?;
    let operation = fields.required_text("operation")?;
    if &**operation != "PutEvents" {
        return Err(refuse(format!("Unsupported operation '{operation}'. The operations are PutEvents.")));
    }
    if let Some(version) = fields.text("version")?.filter(|version| &***version != "2018-05-29") {
        return Err(refuse(format!("Unsupported operation 'PutEvents' for version {version}. It needs version 2018-05-29.")));
    }
    fields.only(&["version", "operation", "events"])?;
    let (events, place) = fields.required_list("events")?;
    events.iter().enumerate().map(|(at, event)| entry(event, &Place::Item(&place, at))).collect()
}

fn entry(event: &Value, place: &Place<'_>) -> Read<PutEventsEntry> {
    let fields = Fields::of(event, place)?;
    fields.only(&EVENT)?;
    let resources = match fields.optional("resources") {
        None => Vec::new(),
        Some(resources) => {
            let place = Place::Member(place, "resources");
            let texts = list(resources, &place)?.iter().enumerate().map(|(at, item)| match item {
                Value::String(text) => Ok(Str::clone(text)),
                other => Err(wrong_type("string", &Place::Item(&place, at), other)),
            });
            texts.collect::<Read<_>>()?
        }
    };
    let time = match fields.text("time")? {
        None => None,
        Some(text) => {
            let shown: String = text.chars().take(100).collect();
            let place = Place::Member(place, "time");
            let wrong = |_| refuse(format!("Value for field '{place}' is no RFC 3339 timestamp: '{shown}'."));
            Some(text.parse().map_err(wrong)?)
        }
    };
    Ok(PutEventsEntry {
        source: fields.text("source")?.cloned(),
        detail_type: fields.text("detailType")?.cloned(),
        detail: fields.optional("detail").cloned(),
        resources,
        time,
    })
}
