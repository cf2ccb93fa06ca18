//! Trees of patterns as programs for the matcher: one instruction for each test, choice or loop.

use std::sync::Arc;

use crate::charset::{CharSet, Lookup};
use crate::node::{Assertion, Case, Kind, Node, UNLIMITED, longest, shortest};
use crate::parse::Parsed;

/// One step of a program. Places are those of instructions.
#[derive(Debug)]
pub(crate) enum Instruction {
    Char(char),
    Folded(char),
    Set(Lookup),
    /// A loop over one character: no more than a range of positions to go back through.
    Run {
        test: Test,
        least: u32,
        most: u32,
        kind: Kind,
    },
    /// First the next instruction, else that one.
    Split(usize),
    Jump(usize),
    Open(usize),
    Close(usize),
    /// Before a loop over more than one character.
    LoopStart(usize),
    /// Behind the body of a loop, and at its beginning.
    LoopNext {
        number: usize,
        least: u32,
        most: u32,
        lazy: bool,
        body: usize,
        exit: usize,
    },
    /// Taking one more turn of a lazy loop.
    LoopTurn {
        number: usize,
        body: usize,
    },
    /// The part up to `next`, which ends in [`Instruction::End`].
    Look {
        behind: Option<(u32, i32)>,
        negative: bool,
        next: usize,
    },
    Atomic {
        next: usize,
    },
    BackReference {
        group: usize,
        case: Case,
    },
    Assert(Assertion),
    /// `\R`; a repeated one does not give back half of `\r\n`.
    LineBreak {
        whole: bool,
    },
    Grapheme,
    End,
}

/// What one character must be.
#[derive(Debug)]
pub(crate) enum Test {
    Char(char),
    Folded(char),
    Set(Lookup),
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) code: Vec<Instruction>,
    pub(crate) groups: usize,
    pub(crate) loops: usize,
    /// Whether a place of a text that once failed at an instruction fails there always: no part depends on what was matched before.
    pub(crate) forgetful: bool,
    /// What the first character must be, if that is known.
    pub(crate) first: Option<Lookup>,
    /// Whether a match can only begin where the text does.
    pub(crate) at_start: bool,
}

impl Program {
    pub(crate) fn new(parsed: &Parsed) -> Self {
        let mut program =
            Program { code: Vec::new(), groups: parsed.groups, loops: 0, forgetful: true, first: None, at_start: false };
        program.node(&parsed.root);
        program.code.push(Instruction::End);
        program.first = first(&parsed.root).map(Lookup::new);
        program.at_start = begins_at_start(&parsed.root);
        program
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Char(character) => self.code.push(Instruction::Char(*character)),
            Node::Folded(character) => self.code.push(Instruction::Folded(*character)),
            Node::Set(set) => self.code.push(Instruction::Set(lookup(set))),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Alternatives(nodes) => self.alternatives(nodes),
            Node::Group(group, body) => {
                self.code.push(Instruction::Open(*group));
                self.node(body);
                self.code.push(Instruction::Close(*group));
            }
            Node::Repeat { body, least, most, kind } => self.repeat(body, *least, *most, *kind),
            Node::Look { behind, negative, body } => {
                self.forgetful = false;
                let behind = behind.then(|| (shortest(body), longest(body).unwrap_or(i32::MAX)));
                let at = self.code.len();
                self.code.push(Instruction::End);
                self.node(body);
                self.code.push(Instruction::End);
                self.code[at] = Instruction::Look { behind, negative: *negative, next: self.code.len() };
            }
            Node::Atomic(body) => self.atomic(|program| program.node(body)),
            Node::BackReference { group, case } => {
                self.forgetful = false;
                self.code.push(Instruction::BackReference { group: *group, case: *case });
            }
            Node::Assert(assertion) => self.code.push(Instruction::Assert(*assertion)),
            Node::LineBreak => self.code.push(Instruction::LineBreak { whole: false }),
            Node::Grapheme => self.code.push(Instruction::Grapheme),
        }
    }

    fn atomic(&mut self, body: impl FnOnce(&mut Self)) {
        self.forgetful = false;
        let at = self.code.len();
        self.code.push(Instruction::End);
        body(self);
        self.code.push(Instruction::End);
        self.code[at] = Instruction::Atomic { next: self.code.len() };
    }

    fn alternatives(&mut self, nodes: &[Node]) {
        let mut ends = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            if at + 1 == nodes.len() {
                self.node(node);
                break;
            }
            let split = self.code.len();
            self.code.push(Instruction::End);
            self.node(node);
            ends.push(self.code.len());
            self.code.push(Instruction::End);
            self.code[split] = Instruction::Split(self.code.len());
        }
        for end in ends {
            self.code[end] = Instruction::Jump(self.code.len());
        }
    }

    fn repeat(&mut self, body: &Node, least: u32, most: u32, kind: Kind) {
        let test = match body {
            Node::Char(character) => Some(Test::Char(*character)),
            Node::Folded(character) => Some(Test::Folded(*character)),
            Node::Set(set) => Some(Test::Set(lookup(set))),
            _ => None,
        };
        if let Some(test) = test {
            self.code.push(Instruction::Run { test, least, most, kind });
            return;
        }
        if kind == Kind::Possessive {
            return self.atomic(|program| program.repeat(body, least, most, Kind::Greedy));
        }
        if (least, most) == (0, 1) {
            return self.optional(body, kind);
        }
        // Where turns are counted, a place may fail for the count.
        self.forgetful &= least <= 1 && most == UNLIMITED;
        let number = self.loops;
        self.loops += 1;
        self.code.push(Instruction::LoopStart(number));
        let next = self.code.len();
        self.code.push(Instruction::End);
        let turn = self.code.len();
        self.code.push(Instruction::LoopTurn { number, body: turn + 1 });
        match body {
            Node::LineBreak => self.code.push(Instruction::LineBreak { whole: true }),
            _ => self.node(body),
        }
        self.code.push(Instruction::Jump(next));
        let exit = self.code.len();
        self.code[next] = Instruction::LoopNext { number, least, most, lazy: kind == Kind::Lazy, body: turn, exit };
    }

    fn optional(&mut self, body: &Node, kind: Kind) {
        let split = self.code.len();
        self.code.push(Instruction::End);
        if kind == Kind::Lazy {
            // First past the body: the choice is a jump over it that is taken back.
            self.code.push(Instruction::End);
            self.node(body);
            self.code[split] = Instruction::Split(split + 2);
            self.code[split + 1] = Instruction::Jump(self.code.len());
        } else {
            self.node(body);
            self.code[split] = Instruction::Split(self.code.len());
        }
    }
}

fn lookup(set: &Arc<CharSet>) -> Lookup {
    Lookup::new((**set).clone())
}

/// The characters with which a match begins; none if it may be empty or begin with something else.
fn first(node: &Node) -> Option<CharSet> {
    match node {
        Node::Char(character) => Some(CharSet::one(u32::from(*character))),
        Node::Set(set) => Some((**set).clone()),
        Node::Group(_, body) | Node::Atomic(body) => first(body),
        Node::Repeat { body, least: 1.., .. } => first(body),
        Node::Sequence(nodes) => first(nodes.first()?),
        Node::Alternatives(nodes) => nodes.iter().map(first).try_fold(CharSet::default(), |all, set| Some(all.union(&set?))),
        _ => None,
    }
}

fn begins_at_start(node: &Node) -> bool {
    match node {
        Node::Assert(Assertion::Start) => true,
        Node::Group(_, body) | Node::Atomic(body) => begins_at_start(body),
        Node::Sequence(nodes) => nodes.first().is_some_and(begins_at_start),
        Node::Alternatives(nodes) => nodes.iter().all(begins_at_start),
        _ => false,
    }
}
