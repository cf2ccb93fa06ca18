//! Subscribers that fail, hang, lie or attack, through the binary: each gets what the protocol says, all others hear everything
//! meanwhile, and nothing of it stays behind in the server.

mod frames;
#[path = "../harness/mod.rs"]
mod harness;
mod readers;
mod starts;
mod states;
mod stops;
mod upgrades;

pub(crate) const INIT: &str = r#"{"type":"connection_init"}"#;
