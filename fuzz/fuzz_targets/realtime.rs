//! AppSync's WebSocket protocol: whatever a client sends, whenever the host answers, and however time passes, no rule is broken.
//!
//! Input: its first byte chooses. Even: the rest is a message. Odd: the rest is a script of upgrade, messages, answers and time, as
//! the property tests of the crate play it.

#![no_main]

#[path = "../../crates/appsync-realtime/tests/driver/mod.rs"]
mod driver;

use appsync_realtime::ClientMessage;
use libfuzzer_sys::fuzz_target;
use value::Value;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    if choice % 2 == 1 {
        driver::play(data);
        return;
    }
    match ClientMessage::parse(data) {
        ClientMessage::Start(start) => {
            let message = Value::parse(data).expect("a start is JSON");
            assert_eq!(message.at(&["payload", "data"]).as_str(), Some(&*start.data), "what is signed is what was sent");
            assert_eq!(message.at(&["id"]).as_str(), Some(&*start.id));
            assert!(!start.query.is_empty());
        }
        ClientMessage::Stop { id } => assert!(!id.is_empty()),
        ClientMessage::ConnectionInit | ClientMessage::Invalid { .. } => {}
    }
});
