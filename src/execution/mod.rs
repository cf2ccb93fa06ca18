//! Operation -> plan -> bytes. Knows no resolver language, no data source, no HTTP.

pub mod ast;
pub mod coercion;
pub mod gates;
pub mod literal;
pub mod parser;
pub mod print;
pub mod validation;
