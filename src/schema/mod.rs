//! SDL -> type system: AWS scalars and directives, diagnostics, introspection. Knows no resolver and no data source.
//!
//! [`load()`] turns the user's documents into a [`TypeSystem`] and a list of everything found on the way;
//! [`introspection`] answers `__schema` and `__type` from it; [`Scalar`] coerces values.

mod build;
mod defaults;
mod descriptions;
mod findings;
pub mod introspection;
mod load;
mod prelude;
mod prune;
mod rules;
pub mod scalar;
mod scan;
#[cfg(test)]
mod tests;
pub mod type_system;

pub use load::{FieldNames, Loaded, MAX_SCHEMA_BYTES, Options, load};
pub use scalar::{Scalar, ScalarFault};
pub use type_system::TypeSystem;
