//! The Velocity template language.
