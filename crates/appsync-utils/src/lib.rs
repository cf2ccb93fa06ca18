//! AppSync's utilities.
