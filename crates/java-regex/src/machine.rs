//! The matcher: runs a program over a text by backtracking, in bounded steps and memory, without recursion but for look-around.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::charset::{fold, upper};
use crate::node::{Assertion, Case, Kind, UNLIMITED, is_line_end};
use crate::program::{Instruction, Program, Test};
use crate::properties::{is_mark, is_word};
use crate::{RegexError, Watch};

/// Choices that may be open at a time.
const MAX_FRAMES: usize = 500_000;
/// From so many steps on, a place of the text that failed at a loop is remembered.
const STEPS_BEFORE_MEMORY: u64 = 20_000;
/// The largest such memory, in bits.
const MAX_MEMORY: usize = 64 << 20;

/// Not set.
const NONE: usize = usize::MAX;

/// What to do when a way leads nowhere: take another choice, or undo.
#[derive(Clone, Copy)]
enum Frame {
    Choice {
        at: usize,
        position: usize,
    },
    /// A greedy run of one character gives back, down to `least`.
    Give {
        next: usize,
        least: usize,
        position: usize,
    },
    /// A lazy run takes more.
    Take {
        run: usize,
        position: usize,
        left: u32,
    },
    Group {
        slot: usize,
        old: usize,
    },
    Head {
        group: usize,
        old: usize,
    },
    Loop {
        number: usize,
        old: (u32, usize),
    },
}

/// Steps between two reports to whoever watches.
const REPORT_EVERY: u64 = 4096;

pub(crate) struct Machine<'p, 't, 'w> {
    program: &'p Program,
    text: &'t str,
    /// Begin and end of each group.
    pub(crate) slots: Vec<usize>,
    /// Where the groups began that are not closed.
    heads: Vec<usize>,
    /// Turns of each loop, and where the last one began.
    loops: Vec<(u32, usize)>,
    frames: Vec<Frame>,
    /// Where the last match ended: `\G`.
    last_match: usize,
    steps: u64,
    most_steps: u64,
    /// Steps that were reported, and at how many to report again.
    reported: u64,
    next_report: u64,
    watch: Watch<'w>,
    memory: Vec<u64>,
}

impl<'p, 't, 'w> Machine<'p, 't, 'w> {
    pub(crate) fn new(program: &'p Program, text: &'t str, last_match: usize, most_steps: u64, watch: Watch<'w>) -> Self {
        Machine {
            program,
            text,
            slots: vec![NONE; program.groups * 2],
            heads: vec![NONE; program.groups],
            loops: vec![(0, NONE); program.loops],
            frames: Vec::new(),
            last_match,
            steps: 0,
            most_steps,
            reported: 0,
            next_report: REPORT_EVERY.min(most_steps),
            watch,
            memory: Vec::new(),
        }
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Where a match that begins at `start` ends; it must end at `end`, if that is given.
    pub(crate) fn match_at(&mut self, start: usize, end: Option<usize>) -> Result<Option<usize>, RegexError> {
        self.frames.clear();
        let found = self.run(0, start, end)?;
        if let Some(found) = found {
            self.slots[0] = start;
            self.slots[1] = found;
        }
        Ok(found)
    }

    /// The first match that begins at `from` or behind it.
    pub(crate) fn find(&mut self, from: usize) -> Result<bool, RegexError> {
        let mut start = from;
        loop {
            if let Some(first) = &self.program.first {
                let skipped = self.text[start..].char_indices().find(|(_, character)| first.contains(*character));
                self.steps += skipped.map_or(self.text.len() - start, |(skipped, _)| skipped) as u64 / 16;
                match skipped {
                    Some((skipped, _)) => start += skipped,
                    None => return Ok(false),
                }
            }
            if self.match_at(start, None)?.is_some() {
                return Ok(true);
            }
            match self.text[start..].chars().next() {
                Some(character) if !self.program.at_start => start += character.len_utf8(),
                _ => return Ok(false),
            }
        }
    }

    fn next(&self, position: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(position)?;
        if byte < 0x80 { Some(char::from(byte)) } else { self.text[position..].chars().next() }
    }

    fn previous(&self, position: usize) -> Option<char> {
        self.text[..position].chars().next_back()
    }

    fn push(&mut self, frame: Frame) -> Result<(), RegexError> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(RegexError("the regular expression needs too much memory for this text".to_owned()));
        }
        self.frames.push(frame);
        Ok(())
    }

    #[inline]
    fn work(&mut self, steps: u64) -> Result<(), RegexError> {
        self.steps += steps;
        if self.steps > self.next_report { self.watched() } else { Ok(()) }
    }

    /// Tells whoever watches of the steps since; whether to go on.
    pub(crate) fn report(&mut self) -> bool {
        let steps = self.steps - self.reported;
        self.reported = self.steps;
        (self.watch)(steps)
    }

    #[cold]
    fn watched(&mut self) -> Result<(), RegexError> {
        if !self.report() {
            return Err(RegexError("the search was ended".to_owned()));
        }
        self.next_report = self.steps.saturating_add(REPORT_EVERY).min(self.most_steps);
        if self.steps > self.most_steps {
            return Err(RegexError("the regular expression takes too many steps on this text".to_owned()));
        }
        Ok(())
    }

    /// Runs from an instruction to the next `End`; leaves its open choices on the stack.
    fn run(&mut self, mut at: usize, mut position: usize, end: Option<usize>) -> Result<Option<usize>, RegexError> {
        let base = self.frames.len();
        let program = self.program;
        loop {
            self.work(1)?;
            let passed = match &program.code[at] {
                Instruction::Char(wanted) => self.one(&mut position, |character| character == *wanted),
                Instruction::Folded(wanted) => self.one(&mut position, |character| fold(character) == *wanted),
                Instruction::Set(set) => self.one(&mut position, |character| set.contains(character)),
                Instruction::Run { test, least, most, kind } => self.take_run(at, &mut position, test, (*least, *most), *kind)?,
                Instruction::Split(other) => {
                    self.push(Frame::Choice { at: *other, position })?;
                    true
                }
                Instruction::Jump(to) => {
                    at = *to;
                    continue;
                }
                Instruction::Open(group) => {
                    let old = std::mem::replace(&mut self.heads[*group], position);
                    self.push(Frame::Head { group: *group, old })?;
                    true
                }
                Instruction::Close(group) => {
                    for (slot, value) in [(group * 2, self.heads[*group]), (group * 2 + 1, position)] {
                        let old = std::mem::replace(&mut self.slots[slot], value);
                        self.push(Frame::Group { slot, old })?;
                    }
                    true
                }
                Instruction::LoopStart(number) => {
                    self.set_loop(*number, (0, NONE))?;
                    true
                }
                Instruction::LoopNext { number, least, most, lazy, body, exit } => {
                    let (turns, began) = self.loops[*number];
                    if turns > 0 && began == position {
                        // A turn that took nothing is the last one.
                        at = *exit;
                        continue;
                    }
                    if turns < *least {
                        at = *body;
                        continue;
                    }
                    if self.failed_before(at, position) {
                        false
                    } else if turns >= *most || *lazy {
                        if turns < *most {
                            self.push(Frame::Choice { at: *body, position })?;
                        }
                        at = *exit;
                        continue;
                    } else {
                        self.push(Frame::Choice { at: *exit, position })?;
                        at = *body;
                        continue;
                    }
                }
                Instruction::LoopTurn { number, body } => {
                    let turns = self.loops[*number].0;
                    self.set_loop(*number, (turns.saturating_add(1), position))?;
                    at = *body;
                    continue;
                }
                Instruction::Look { behind, negative, next } => {
                    let base = self.frames.len();
                    let found = self.look(at + 1, position, *behind)?;
                    if found {
                        self.keep_changes(base);
                    }
                    if found != *negative {
                        at = *next;
                        continue;
                    }
                    false
                }
                Instruction::Atomic { next } => {
                    let base = self.frames.len();
                    if let Some(end) = self.run(at + 1, position, None)? {
                        self.keep_changes(base);
                        position = end;
                        at = *next;
                        continue;
                    }
                    false
                }
                Instruction::BackReference { group, case } => self.back_reference(*group, *case, &mut position)?,
                Instruction::Assert(assertion) => self.holds(*assertion, position),
                Instruction::LineBreak { whole } => {
                    let rest = &self.text.as_bytes()[position..];
                    if rest.starts_with(b"\r\n") {
                        if !whole {
                            self.push(Frame::Choice { at: at + 1, position: position + 1 })?;
                        }
                        position += 2;
                        true
                    } else {
                        self.one(&mut position, |c| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
                    }
                }
                Instruction::Grapheme => match self.text[position..].graphemes(true).next() {
                    Some(cluster) => {
                        self.work(cluster.len() as u64 / 8)?;
                        position += cluster.len();
                        true
                    }
                    None => false,
                },
                Instruction::End => {
                    if end.is_none_or(|end| end == position) {
                        return Ok(Some(position));
                    }
                    false
                }
            };
            if passed {
                at += 1;
                continue;
            }
            match self.back(base)? {
                Some(choice) => (at, position) = choice,
                None => return Ok(None),
            }
        }
    }

    #[inline]
    fn one(&self, position: &mut usize, test: impl Fn(char) -> bool) -> bool {
        match self.next(*position) {
            Some(character) if test(character) => {
                *position += character.len_utf8();
                true
            }
            _ => false,
        }
    }

    /// The next choice, everything since undone; none above `base`.
    fn back(&mut self, base: usize) -> Result<Option<(usize, usize)>, RegexError> {
        while self.frames.len() > base {
            match self.frames.pop() {
                None => return Ok(None),
                Some(Frame::Choice { at, position }) => return Ok(Some((at, position))),
                Some(Frame::Give { next, least, position }) => {
                    let shorter = position - self.previous(position).map_or(1, char::len_utf8);
                    if shorter > least {
                        self.frames.push(Frame::Give { next, least, position: shorter });
                    }
                    return Ok(Some((next, shorter)));
                }
                Some(Frame::Take { run, mut position, left }) => {
                    let Instruction::Run { test, .. } = &self.program.code[run] else { continue };
                    if self.one(&mut position, |character| test.accepts(character)) {
                        if left > 1 {
                            self.push(Frame::Take { run, position, left: left - 1 })?;
                        }
                        return Ok(Some((run + 1, position)));
                    }
                }
                Some(change) => self.take_back(change),
            }
        }
        Ok(None)
    }

    fn take_back(&mut self, frame: Frame) {
        match frame {
            Frame::Group { slot, old } => self.slots[slot] = old,
            Frame::Head { group, old } => self.heads[group] = old,
            Frame::Loop { number, old } => self.loops[number] = old,
            Frame::Choice { .. } | Frame::Give { .. } | Frame::Take { .. } => {}
        }
    }

    /// Drops the choices above `base`: the part around them is decided. What its groups hold stays even where the match goes on
    /// otherwise, as in Java.
    fn keep_changes(&mut self, base: usize) {
        let mut kept = base;
        for at in base..self.frames.len() {
            if matches!(self.frames[at], Frame::Head { .. } | Frame::Loop { .. }) {
                self.frames[kept] = self.frames[at];
                kept += 1;
            }
        }
        self.frames.truncate(kept);
    }

    fn set_loop(&mut self, number: usize, state: (u32, usize)) -> Result<(), RegexError> {
        let old = std::mem::replace(&mut self.loops[number], state);
        self.push(Frame::Loop { number, old })
    }

    fn take_run(
        &mut self,
        at: usize,
        position: &mut usize,
        test: &Test,
        (least, most): (u32, u32),
        kind: Kind,
    ) -> Result<bool, RegexError> {
        if self.failed_before(at, *position) {
            return Ok(false);
        }
        let (start, mut count) = (*position, 0);
        let wanted = if kind == Kind::Lazy { least } else { most };
        let mut floor = start;
        while count < wanted && self.one(position, |character| test.accepts(character)) {
            count += 1;
            if count == least {
                floor = *position;
            }
        }
        self.work(u64::from(count) / 4)?;
        if count < least {
            return Ok(false);
        }
        match kind {
            Kind::Greedy if *position > floor => {
                self.push(Frame::Give { next: at + 1, least: floor, position: *position })?;
            }
            Kind::Lazy if most > count => {
                self.push(Frame::Take {
                    run: at,
                    position: *position,
                    left: if most == UNLIMITED { UNLIMITED } else { most - count },
                })?;
            }
            _ => {}
        }
        Ok(true)
    }

    /// Whether this place failed at this instruction before. Whoever comes here a second time would find the same: the first
    /// visit either failed or is still under way with the same things to try.
    fn failed_before(&mut self, at: usize, position: usize) -> bool {
        if !self.program.forgetful || self.steps < STEPS_BEFORE_MEMORY {
            return false;
        }
        // A loop around that has taken nothing in this turn would go on otherwise than one that has.
        if self.loops.iter().any(|(_, began)| *began == position) {
            return false;
        }
        let bits = self.program.code.len().saturating_mul(self.text.len() + 1);
        if bits > MAX_MEMORY {
            return false;
        }
        if self.memory.is_empty() {
            self.memory = vec![0; bits / 64 + 1];
        }
        let bit = at * (self.text.len() + 1) + position;
        let known = self.memory[bit / 64] >> (bit % 64) & 1 == 1;
        self.memory[bit / 64] |= 1 << (bit % 64);
        known
    }

    fn look(&mut self, at: usize, position: usize, behind: Option<(u32, i32)>) -> Result<bool, RegexError> {
        let Some((least, most)) = behind else { return Ok(self.run(at, position, None)?.is_some()) };
        // A bound that overflowed is none.
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let mut start = position;
        let mut length = 0;
        loop {
            if length >= least && self.run(at, start, Some(position))?.is_some() {
                return Ok(true);
            }
            match self.previous(start) {
                Some(character) if length < most => start -= character.len_utf8(),
                _ => return Ok(false),
            }
            length += 1;
            self.work(1)?;
        }
    }

    fn back_reference(&mut self, group: usize, case: Case, position: &mut usize) -> Result<bool, RegexError> {
        let (Some(&begin), Some(&end)) = (self.slots.get(group * 2), self.slots.get(group * 2 + 1)) else { return Ok(false) };
        if begin == NONE || end == NONE {
            return Ok(false);
        }
        let text = self.text;
        let wanted = &text[begin..end];
        self.work(wanted.len() as u64 / 8)?;
        if case == Case::Exact {
            let found = text[*position..].starts_with(wanted);
            *position += if found { wanted.len() } else { 0 };
            return Ok(found);
        }
        let mut at = *position;
        for wanted in wanted.chars() {
            let equal = |character: char| match case {
                Case::Unicode => upper(character) == upper(wanted) || fold(character) == fold(wanted),
                _ => character.eq_ignore_ascii_case(&wanted),
            };
            if !self.one(&mut at, equal) {
                return Ok(false);
            }
        }
        *position = at;
        Ok(true)
    }

    fn holds(&self, assertion: Assertion, position: usize) -> bool {
        let rest = &self.text[position..];
        match assertion {
            Assertion::Start => position == 0,
            Assertion::End => rest.is_empty(),
            Assertion::LastMatch => position == self.last_match,
            Assertion::LastLine { unix } => {
                let mut after = rest.chars();
                match (after.next(), after.next(), after.next()) {
                    (None, ..) => true,
                    (Some('\r'), Some('\n'), None) => !unix,
                    (Some('\n'), None, _) => unix || self.previous(position) != Some('\r'),
                    (Some(last), None, _) => is_line_end(last, unix),
                    _ => false,
                }
            }
            // Not at the end of the text, even behind a line.
            Assertion::LineStart { .. } if rest.is_empty() => false,
            Assertion::LineStart { unix } => match self.previous(position) {
                None => true,
                Some('\r') if rest.starts_with('\n') => false,
                Some(before) => is_line_end(before, unix),
            },
            Assertion::LineEnd { unix } => match rest.chars().next() {
                None => true,
                Some('\n') => unix || self.previous(position) != Some('\r'),
                Some(after) => is_line_end(after, unix),
            },
            Assertion::Word { unicode } => self.is_boundary(position, unicode),
            Assertion::NotWord { unicode } => !self.is_boundary(position, unicode),
            Assertion::GraphemeBoundary => {
                let mut cursor = GraphemeCursor::new(position, self.text.len(), true);
                cursor.is_boundary(self.text, 0).unwrap_or(true)
            }
        }
    }

    fn is_boundary(&self, position: usize, unicode: bool) -> bool {
        // A mark belongs to the word of the letter that it stands on.
        let word = |position: usize, character: Option<char>| match character {
            Some(character) if is_mark(character) => {
                let base = self.text[..position].chars().rev().find(|&character| !is_mark(character));
                unicode || base.is_some_and(|base| base != '_' && is_word(base, false))
            }
            other => other.is_some_and(|character| is_word(character, unicode)),
        };
        word(position, self.previous(position)) != word(position, self.next(position))
    }
}

impl Test {
    #[inline]
    fn accepts(&self, character: char) -> bool {
        match self {
            Test::Char(wanted) => character == *wanted,
            Test::Folded(wanted) => fold(character) == *wanted,
            Test::Set(set) => set.contains(character),
        }
    }
}
