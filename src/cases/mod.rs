//! Test cases of resolvers, run: what `syncgate test` does.
//!
//! What a case file says, how it is compared, rewritten and reported is the crate `resolver-cases`' business. Here cases find what
//! they name in the definition ([`Suite`]), and run it with the server's own code: single steps as `resolver::offline` does, whole
//! resolvers as a request does, except that data sources answer what the case says. No data source is called, and no table opened.

mod discover;
mod evaluated;
mod random;
mod run;
mod source;
mod suite;
mod watch;

pub use discover::{CaseText, discover};
pub use run::{Options, Run, run};
pub use suite::Suite;
pub use watch::fingerprint;
