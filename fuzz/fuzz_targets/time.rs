//! Times by patterns: any pattern prints or is refused, any text is read or refused, and what a full pattern printed is read back.
//!
//! Input: eight bytes of milliseconds, the pattern, a line feed, the zone, a line feed, the text.

#![no_main]

use appsync_utils::{Session, find, utilities};
use libfuzzer_sys::fuzz_target;
use value::Value;

const FULL: &str = "uuuu-MM-dd'T'HH:mm:ss.SSSXXXXX";

fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let utility = find(utilities(), name).expect("a utility");
    (utility.call)(&mut Session::system(Value::Null), arguments).ok()
}

fuzz_target!(|data: &[u8]| {
    let Some((ms, rest)) = data.split_first_chunk::<8>() else { return };
    let ms = i64::from_le_bytes(*ms);
    let rest = String::from_utf8_lossy(rest);
    let mut parts = rest.splitn(3, '\n').map(Value::from);
    let mut next = || parts.next().unwrap_or_default();
    let (pattern, zone, text) = (next(), next(), next());
    call("time.epochMilliSecondsToFormatted", &[ms.into(), pattern.clone(), zone.clone()]);
    call("time.parseFormattedToEpochMilliSeconds", &[text.clone(), pattern, zone.clone()]);
    call("time.parseISO8601ToEpochMilliSeconds", &[text]);
    // At the ends of time the local year may be beyond the last.
    let ms = ms >> 4;
    if let Some(printed) = call("time.epochMilliSecondsToFormatted", &[ms.into(), FULL.into(), zone]) {
        assert_eq!(call("time.parseFormattedToEpochMilliSeconds", &[printed, FULL.into()]), Some(ms.into()));
    }
});
