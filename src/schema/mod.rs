//! SDL -> type system: AWS scalars and directives, diagnostics, introspection. Knows no resolver and no data source.

pub mod scalar;
pub mod type_system;

pub use scalar::Scalar;
pub use type_system::TypeSystem;
