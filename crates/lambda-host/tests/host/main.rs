//! The host with real processes of `node`, `python3` and `sh`.

// `/proc` tells these tests which processes live and what is open.
#![cfg(target_os = "linux")]

mod common;
mod events;
mod handlers;
mod invoke_api;
mod lifecycle;
mod logs;
mod pool;
mod runtime_api;
mod rust_runtime;
