//! Real time: subscriptions, from the mutation that triggers them to the frame that a client reads.
//!
//! A [`Hub`] for each served API brings publications to [`Subscriber`]s: those of this process, and over a broker those of other
//! nodes. How a client is spoken to is its connection's business: [`websocket`] speaks AppSync's own protocol, [`mqtt`] that of its
//! older SDKs. None knows HTTP:
//! whoever upgrades a connection hands over its stream, and a [`Gate`] that judges callers.

mod counters;
mod gate;
mod hub;
mod inbox;
mod mailbox;
mod message;
pub mod mqtt;
mod subscriber;
pub mod ticket;
pub mod websocket;

pub use counters::{Counters, Dropped, Snapshot};
pub use gate::{Admitted, Arriving, Gate};
pub use hub::{Hub, HubSettings};
pub use inbox::Peers;
pub use subscriber::{End, Sink, Subscriber};
