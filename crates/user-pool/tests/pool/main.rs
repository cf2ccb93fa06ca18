//! A user pool through its public API: what client libraries send, what they get.

mod account;
mod admin;
mod hostile;
mod sign_in;
mod sign_up;
mod storage;
mod support;
mod tokens;
