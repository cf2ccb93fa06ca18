//! The tree of a pattern as a program for the matcher in `run`.

use super::parse::{Node, Parsed};
use super::set::Set;

/// The most steps a program may have: counted repetitions are written out.
const MAX_STEPS: usize = 40_000;

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Char(u32),
    Any,
    /// One of [`Program::sets`].
    Set(usize),
    /// Goes on at the first place, and at the second if that fails.
    Split(usize, usize),
    Jump(usize),
    /// Keeps the position in a register.
    Save(usize),
    /// Forgets the groups in a range.
    Forget(usize, usize),
    /// Fails if nothing was consumed since the register was set.
    Progress(usize),
    Start,
    End,
    Word(bool),
    /// Tries what follows up to its `Match`, then goes on at `next`.
    Look {
        negated: bool,
        next: usize,
    },
    Back(usize),
    /// From here on characters are consumed backwards, or forwards again.
    Direction {
        backwards: bool,
    },
    Match,
}

/// A pattern that can be run.
#[derive(Debug)]
pub(in crate::builtins) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Set>,
    pub(super) groups: usize,
    /// Two per group, then those of loops.
    pub(super) registers: usize,
    pub(super) names: Vec<(String, usize)>,
}

struct Writer {
    program: Program,
    backwards: bool,
}

/// Compiles a pattern.
pub(super) fn compile(parsed: Parsed) -> Result<Program, String> {
    let program =
        Program { steps: Vec::new(), sets: Vec::new(), groups: parsed.groups, registers: parsed.groups * 2, names: parsed.names };
    let mut writer = Writer { program, backwards: false };
    writer.push(Step::Save(0))?;
    writer.node(&parsed.node)?;
    writer.push(Step::Save(1))?;
    writer.push(Step::Match)?;
    Ok(writer.program)
}

impl Writer {
    fn here(&self) -> usize {
        self.program.steps.len()
    }

    fn push(&mut self, step: Step) -> Result<usize, String> {
        if self.here() >= MAX_STEPS {
            return Err("the pattern is too large".into());
        }
        self.program.steps.push(step);
        Ok(self.here() - 1)
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Empty => {}
            Node::Char(code) => {
                self.push(Step::Char(*code))?;
            }
            Node::Any => {
                self.push(Step::Any)?;
            }
            Node::Set(set) => {
                self.program.sets.push(set.clone());
                let at = self.program.sets.len() - 1;
                self.push(Step::Set(at))?;
            }
            Node::Sequence(nodes) => {
                if self.backwards {
                    nodes.iter().rev().try_for_each(|node| self.node(node))?;
                } else {
                    nodes.iter().try_for_each(|node| self.node(node))?;
                }
            }
            Node::Either(branches) => self.either(branches)?,
            Node::Group(node, number) => {
                let (first, second) = (number * 2, number * 2 + 1);
                self.push(Step::Save(if self.backwards { second } else { first }))?;
                self.node(node)?;
                self.push(Step::Save(if self.backwards { first } else { second }))?;
            }
            Node::Repeat { node, least, most, greedy, groups } => self.repeat(node, *least, *most, *greedy, *groups)?,
            Node::Start => {
                self.push(Step::Start)?;
            }
            Node::End => {
                self.push(Step::End)?;
            }
            Node::Word { negated } => {
                self.push(Step::Word(*negated))?;
            }
            Node::Look { node, behind, negated } => {
                let look = self.push(Step::Look { negated: *negated, next: 0 })?;
                let outside = std::mem::replace(&mut self.backwards, *behind);
                self.push(Step::Direction { backwards: *behind })?;
                self.node(node)?;
                self.push(Step::Match)?;
                self.backwards = outside;
                let next = self.here();
                self.program.steps[look] = Step::Look { negated: *negated, next };
            }
            Node::Back(number) => {
                self.push(Step::Back(*number))?;
            }
            Node::NamedBack(name) => {
                let found = self.program.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
                let number = found.ok_or_else(|| format!("there is no group named {name}"))?;
                self.push(Step::Back(number))?;
            }
        }
        Ok(())
    }

    fn either(&mut self, branches: &[Node]) -> Result<(), String> {
        let mut ends = Vec::with_capacity(branches.len());
        for (at, branch) in branches.iter().enumerate() {
            if at + 1 == branches.len() {
                self.node(branch)?;
                break;
            }
            let split = self.push(Step::Jump(0))?;
            self.node(branch)?;
            ends.push(self.push(Step::Jump(0))?);
            self.program.steps[split] = Step::Split(split + 1, self.here());
        }
        let here = self.here();
        for end in ends {
            self.program.steps[end] = Step::Jump(here);
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, greedy: bool, groups: (usize, usize)) -> Result<(), String> {
        let split = |into: usize, past: usize| if greedy { Step::Split(into, past) } else { Step::Split(past, into) };
        for _ in 0..least {
            let before = self.here();
            self.round(node, groups)?;
            if self.here() == before {
                // Nothing that could match anything: once is as good as a billion times.
                return Ok(());
            }
        }
        match most {
            None => {
                let register = self.program.registers;
                self.program.registers += 1;
                let start = self.push(Step::Jump(0))?;
                self.push(Step::Save(register))?;
                self.round(node, groups)?;
                self.push(Step::Progress(register))?;
                self.push(Step::Jump(start))?;
                self.program.steps[start] = split(start + 1, self.here());
            }
            Some(most) => {
                let mut starts = Vec::new();
                let register = self.program.registers;
                self.program.registers += 1;
                for _ in least..most {
                    let start = self.push(Step::Jump(0))?;
                    starts.push(start);
                    self.push(Step::Save(register))?;
                    self.round(node, groups)?;
                    self.push(Step::Progress(register))?;
                }
                let past = self.here();
                for start in starts {
                    self.program.steps[start] = split(start + 1, past);
                }
            }
        }
        Ok(())
    }

    /// One round of a repetition, which knows nothing of the groups of the round before.
    fn round(&mut self, node: &Node, groups: (usize, usize)) -> Result<(), String> {
        if groups.0 < groups.1 {
            self.push(Step::Forget(groups.0, groups.1))?;
        }
        self.node(node)
    }
}
