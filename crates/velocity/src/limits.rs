//! The bounds of one evaluation, and the meter that enforces them.

use std::time::Instant;

use crate::error::Fault;

/// The bounds of one evaluation; each refusal names the limit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Iterations of one `#foreach`.
    pub max_iterations: usize,
    /// Bytes of output.
    pub max_output: usize,
    /// Bytes of any one string.
    pub max_string: usize,
    /// Bytes of strings, lists and maps made in all.
    pub max_memory: usize,
    /// Nodes, expressions and elements visited in all.
    pub max_steps: u64,
    /// Calls of macros within macros (Velocity: 20).
    pub max_macro_depth: usize,
    /// When to give up.
    pub deadline: Option<Instant>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_iterations: 1_000,
            max_output: 5 * 1024 * 1024,
            max_string: 5 * 1024 * 1024,
            max_memory: 128 * 1024 * 1024,
            max_steps: 20_000_000,
            max_macro_depth: 20,
            deadline: None,
        }
    }
}

/// Counts what an evaluation uses.
#[derive(Debug)]
pub(crate) struct Meter<'l> {
    pub(crate) limits: &'l Limits,
    steps: u64,
    next_look: u64,
    memory: usize,
}

/// The clock is read once in so many steps.
const STEPS_BETWEEN_LOOKS: u64 = 512;

impl<'l> Meter<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Meter { limits, steps: 0, next_look: STEPS_BETWEEN_LOOKS, memory: 0 }
    }

    /// Counts `count` units of work.
    #[inline]
    pub(crate) fn work(&mut self, count: usize) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(count as u64);
        if self.steps >= self.next_look { self.look() } else { Ok(()) }
    }

    #[cold]
    fn look(&mut self) -> Result<(), Fault> {
        self.next_look = self.steps.saturating_add(STEPS_BETWEEN_LOOKS);
        if self.steps > self.limits.max_steps {
            return Err(Fault::new(format!("The template takes more than {} steps (limit max_steps)", self.limits.max_steps)));
        }
        if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Fault::new(crate::error::OUT_OF_TIME));
        }
        Ok(())
    }

    /// Counts `bytes` of new memory.
    #[inline]
    pub(crate) fn memory(&mut self, bytes: usize) -> Result<(), Fault> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.limits.max_memory {
            return Err(Fault::new(format!("The template needs more than {} bytes (limit max_memory)", self.limits.max_memory)));
        }
        Ok(())
    }

    /// Counts a new string of `bytes`: its length, its memory, and the work to write it.
    #[inline]
    pub(crate) fn string(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limits.max_string {
            return Err(Fault::new(format!("A string is longer than {} bytes (limit max_string)", self.limits.max_string)));
        }
        self.memory(bytes + 16)?;
        self.work(bytes / 64)
    }

    /// Counts `count` new elements of a list or map.
    #[inline]
    pub(crate) fn elements(&mut self, count: usize) -> Result<(), Fault> {
        self.memory(count.saturating_mul(32))?;
        self.work(count)
    }

    /// Refuses output beyond the limit.
    #[inline]
    pub(crate) fn output(&self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limits.max_output {
            return Err(Fault::new(format!("The output is longer than {} bytes (limit max_output)", self.limits.max_output)));
        }
        Ok(())
    }
}
