//! Who may read which field, end to end: every mode, with directives on types and fields, groups, policies and denied fields, through
//! the real binary. The issuer, the authorizer function and the upstream of the resolvers are one stub on loopback.

mod directives;
mod fields;
#[path = "../harness/mod.rs"]
mod harness;
mod issuer;
mod pools;
mod world;
