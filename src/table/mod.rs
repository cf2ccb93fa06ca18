//! The tables of a definition and the DynamoDB inside Syncgate that keeps them.
//!
//! [`open`] opens the data folder's tables, once per machine; [`ensure`] makes those of the definition that are not there and
//! compares the others; [`missing`] finds data sources without a table; [`seed`] writes files of items, which
//! [`check`] reads through where a table goes first.
//!
//! Everything goes through [`dynamodb::Dynamodb`], so each of these works on any endpoint as well, and what a table may be is
//! judged by DynamoDB's own rules: nothing here knows them.

mod compare;
mod create;
mod ensure;
mod item;
mod item_check;
mod item_file;
mod open;
pub mod seed;
mod service;
#[cfg(test)]
mod tests;

pub use ensure::{Ensured, delete, ensure, missing};
use ensure::{key_attributes, names};
pub use item::ItemFormat;
pub use item_check::check;
pub use open::{OpenTablesError, open};
pub use service::{DataFolderTables, DefaultTables, address, own_address, prepare};
