//! Syncgate serves an AWS AppSync API from its definition, on your own machine.
//!
//! The walk of a request and what each room is for stand in `docs/architecture.md`. The public face is small: read a
//! definition ([`definition`]), compile it into an [`api::Api`], serve it ([`server`]).

pub mod api;
pub mod auth;
pub mod aws;
mod canonical;
pub mod cases;
pub mod cli;
pub mod data_source;
pub mod database;
pub mod definition;
pub mod diagnostic;
pub mod event_bus;
pub mod execution;
pub mod http_client;
mod kept;
pub mod lambda_function;
pub mod lineage;
mod panicked;
pub mod realtime;
pub mod resolver;
pub mod schema;
pub mod sealing;
pub mod server;
pub mod table;
pub mod trace;
pub mod user_pool;
