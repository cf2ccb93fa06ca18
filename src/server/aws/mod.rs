//! What the endpoints share that speak the protocol of an AWS service: who may call (`access`), and bodies of up to 16 MiB that
//! are bounded together (`body`, `places`). How an answer looks is each service's own.

pub(super) mod access;
pub(super) mod body;
pub(super) mod places;
