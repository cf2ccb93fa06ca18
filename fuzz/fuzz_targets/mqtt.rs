//! MQTT from a client: any bytes are answered or refused, within bounds, and the same however they are cut.
//!
//! The judge is that of the crate's property tests, whose first lines say how the input is read.

#![no_main]

#[path = "../../crates/mqtt-session/tests/hostile/judge.rs"]
mod judge;

libfuzzer_sys::fuzz_target!(|data: &[u8]| judge::judge(data));
