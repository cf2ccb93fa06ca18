//! Subscriptions end to end, through the real binary: who hears what of which mutation, who is let in, and what a connection says.
//!
//! Nothing here waits for silence: a subscription of a mutation that comes later shows that what came before was nothing
//! (`chat::Room::heard`). What of AppSync's behaviour is not documented is tested as it was built, and called inferred.

mod arguments;
mod chat;
mod credentials;
mod events;
mod filters;
#[path = "../harness/mod.rs"]
mod harness;
mod invalidation;
#[path = "../authorization/issuer.rs"]
#[allow(dead_code, reason = "shared with another suite")]
mod issuer;
mod limits;
mod messages;
mod reload;
mod resolvers;
mod rules;
#[path = "../authorization/world.rs"]
#[allow(dead_code, reason = "shared with another suite")]
mod world;
