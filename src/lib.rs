//! Syncgate serves an AWS AppSync API from its definition, on your own machine.
//!
//! The walk of a request and what each room is for stand in `docs/architecture.md`. The public face is small: read a
//! definition ([`definition`]), compile it into an [`api::Api`], serve it ([`server`]).

pub mod api;
pub mod auth;
mod canonical;
pub mod cli;
pub mod data_source;
pub mod definition;
pub mod diagnostic;
pub mod execution;
mod kept;
pub mod resolver;
pub mod schema;
pub mod sealing;
pub mod server;
pub mod table;
