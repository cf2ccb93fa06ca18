//! What code can reach beyond the language: functions of the host, arranged as the objects that code sees.

use std::collections::BTreeMap;

use value::Value;

/// One name of the host: a function, an object of further names, or both.
#[derive(Debug, Default)]
pub struct HostNode {
    /// The name as code writes it, without what stands before its last dot.
    pub name: &'static str,
    /// What [`Host::call`] gets; `None` if it cannot be called.
    pub function: Option<u32>,
    /// The names below it.
    pub members: BTreeMap<&'static str, HostNode>,
}

/// The host of one evaluation.
pub trait Host {
    /// Calls a function; a missing argument, and a member that is `undefined`, is null.
    ///
    /// # Errors
    /// [`HostFault`].
    fn call(&mut self, function: u32, arguments: &[Value]) -> Result<Value, HostFault>;

    /// The work that the last call did beyond that of a call, some ten nanoseconds each; it counts towards the evaluation's steps.
    fn take_work(&mut self) -> u64 {
        0
    }

    /// Milliseconds since 1970, for `Date`.
    fn now_ms(&mut self) -> f64;

    /// A number from 0 to 1 (exclusive), for `Math.random`.
    fn random(&mut self) -> f64;

    /// A line of `console.log`, or of `console.error`.
    fn log(&mut self, is_error: bool, line: String, place: Option<crate::Place>);
}

/// Why a function of the host did not return.
#[derive(Clone, Debug)]
pub enum HostFault {
    /// It throws an error with this message, which code can catch.
    Throw(String),
    /// It ends the evaluation; the host knows why.
    Stop,
}
