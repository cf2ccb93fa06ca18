//! Operation -> plan -> bytes. Knows no resolver language, no data source, no HTTP.

pub mod ast;
pub mod cache;
pub mod coercion;
pub mod error;
pub mod event;
pub mod executor;
pub mod gates;
pub mod literal;
pub mod parser;
pub mod paths;
pub mod plan;
pub mod planner;
pub mod print;
pub mod validation;
pub mod writer;

use std::sync::Arc;
use std::time::Instant;

use cache::Prepared;
use coercion::select_operation;
use error::RequestError;
use planner::Wiring;

use crate::schema::TypeSystem;

/// Document text to plan: gates, parsing, choice of the operation, validation, compilation. `parsed` is when parsing ended.
#[must_use]
pub fn prepare(
    type_system: &TypeSystem,
    wiring: &dyn Wiring,
    query: &str,
    operation_name: Option<&str>,
    introspection: bool,
    max_tokens: usize,
    parsed: &mut Option<Instant>,
) -> Prepared {
    let document = parser::parse_within(query, max_tokens);
    *parsed = Some(Instant::now());
    let document = match document {
        Ok(document) => document,
        Err(parser::ParseFault::Syntax { .. }) => return Prepared::Unparsable,
        Err(limit @ (parser::ParseFault::TooManyTokens { .. } | parser::ParseFault::TooDeep { .. })) => {
            return Prepared::Refused([RequestError::new(limit.to_string(), None)].into());
        }
    };
    let invalid = validation::validate(type_system, &document, validation::ValidationOptions { introspection });
    if !invalid.is_empty() {
        return Prepared::Refused(
            invalid.into_iter().map(|error| RequestError { message: error.message, locations: Some(error.locations) }).collect(),
        );
    }
    let planned = select_operation(&document, operation_name)
        .and_then(|operation| planner::plan(type_system, wiring, &document, operation));
    match planned {
        Ok(plan) => Prepared::Plan(Arc::new(plan)),
        Err(error) => Prepared::Refused([error].into()),
    }
}
