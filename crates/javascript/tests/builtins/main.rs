//! The built-in objects and methods, compared with QuickJS: each expression must show the same in both.
//!
//! Where we differ on purpose both results are written down, with the reason.

mod arrays;
mod dates;
mod differences;
mod harness;
mod limits;
mod numbers;
mod objects;
mod patterns;
mod strings;
