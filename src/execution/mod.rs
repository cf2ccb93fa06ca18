//! Operation -> plan -> bytes. Knows no resolver language, no data source, no HTTP.

pub mod ast;

pub mod gates;
pub mod literal;
pub mod parser;

