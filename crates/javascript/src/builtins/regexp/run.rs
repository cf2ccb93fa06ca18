//! The matcher: a program run over UTF-16 units, with what is left to try on a stack of its own.
//!
//! Steps are counted as work, so a pattern that backtracks without end meets the deadline.

use super::program::{Program, Step};
use super::set::Set;
use crate::evaluate::{Completion, Evaluator};
use crate::heap::OutOfMemory;

/// Steps between two looks at the limits.
const CHUNK: usize = 512;
/// The most that may be left to try.
const MAX_STACK: usize = 4 << 20;
/// Frames that nobody is asked for.
const FREE_STACK: usize = 512;
/// A register that was not set.
const UNSET: usize = usize::MAX;

/// What a pattern's flags change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) unicode: bool,
}

/// Begin and end of each group that took part.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

enum Frame {
    /// Another way to go on.
    Try { step: usize, at: usize, backwards: bool },
    /// What a register held.
    Restore { register: usize, value: usize },
}

struct Matcher<'p> {
    program: &'p Program,
    mode: Mode,
    units: &'p [u16],
    registers: Vec<usize>,
    stack: Vec<Frame>,
    /// Frames that the evaluation's memory was asked for.
    counted: usize,
    steps: usize,
    next_look: usize,
}

/// Where the pattern matches at `at` exactly: begin and end of each group.
pub(super) fn run(ev: &mut Evaluator<'_>, program: &Program, mode: Mode, units: &[u16], at: usize) -> Completion<Option<Groups>> {
    let mut matcher = Matcher {
        program,
        mode,
        units,
        registers: vec![UNSET; program.registers],
        stack: Vec::new(),
        counted: FREE_STACK,
        steps: 0,
        next_look: CHUNK,
    };
    let found = matcher.run(ev, 0, at, false);
    ev.heap.release((matcher.counted - FREE_STACK) * size_of::<Frame>());
    if !found? {
        return Ok(None);
    }
    let group = |number: usize| {
        let (start, end) = (matcher.registers[number * 2], matcher.registers[number * 2 + 1]);
        (start != UNSET && end != UNSET).then_some((start, end))
    };
    Ok(Some((0..program.groups).map(group).collect()))
}

impl Matcher<'_> {
    fn run(&mut self, ev: &mut Evaluator<'_>, from: usize, start: usize, behind: bool) -> Completion<bool> {
        let base = self.stack.len();
        let (mut step, mut at, mut backwards) = (from, start, behind);
        loop {
            self.steps += 1;
            if self.steps >= self.next_look {
                ev.work((self.steps + CHUNK - self.next_look) / 8)?;
                self.next_look = self.steps + CHUNK;
            }
            if self.stack.len() >= self.counted {
                self.grow(ev, 1)?;
            }
            let going = match &self.program.steps[step] {
                Step::Match => return Ok(true),
                Step::Char(code) => self.consume(&mut at, backwards, |matcher, found| {
                    found == *code || (matcher.mode.ignore_case && matcher.fold(found) == matcher.fold(*code))
                }),
                Step::Any => self.consume(&mut at, backwards, |matcher, found| {
                    matcher.mode.dot_all || !matches!(found, 10 | 13 | 0x2028 | 0x2029)
                }),
                Step::Set(set) => {
                    let set = &self.program.sets[*set];
                    self.consume(&mut at, backwards, |matcher, found| matcher.in_set(set, found))
                }
                Step::Split(first, second) => {
                    self.stack.push(Frame::Try { step: *second, at, backwards });
                    step = *first;
                    continue;
                }
                Step::Jump(to) => {
                    step = *to;
                    continue;
                }
                Step::Save(register) => {
                    self.set(*register, at);
                    true
                }
                Step::Forget(first, last) => {
                    self.grow(ev, (last - first) * 2)?;
                    for register in first * 2..last * 2 {
                        self.set(register, UNSET);
                    }
                    true
                }
                Step::Progress(register) => self.registers[*register] != at,
                Step::Start => at == 0 || (self.mode.multi_line && self.units.get(at - 1).is_some_and(|unit| is_line_end(*unit))),
                Step::End => {
                    at == self.units.len() || (self.mode.multi_line && self.units.get(at).is_some_and(|unit| is_line_end(*unit)))
                }
                Step::Word(negated) => {
                    let before = at.checked_sub(1).is_some_and(|before| self.is_word(before));
                    (before != self.is_word(at)) != *negated
                }
                Step::Look { negated, next } => {
                    let (negated, next) = (*negated, *next);
                    let open = self.stack.len();
                    let found = self.run(ev, step + 1, at, backwards)?;
                    if found && !negated {
                        // Its groups stay, its other ways do not.
                        let mut place = open;
                        for index in open..self.stack.len() {
                            if matches!(self.stack[index], Frame::Restore { .. }) {
                                self.stack.swap(place, index);
                                place += 1;
                            }
                        }
                        self.stack.truncate(place);
                    } else {
                        self.undo(open);
                    }
                    if found != negated {
                        step = next;
                        continue;
                    }
                    false
                }
                Step::Back(group) => {
                    let (start, end) = (self.registers[group * 2], self.registers[group * 2 + 1]);
                    if start != UNSET && end != UNSET {
                        self.steps += end.saturating_sub(start) / 8;
                    }
                    self.back(*group, &mut at, backwards)
                }
                Step::Direction { backwards: to } => {
                    backwards = *to;
                    true
                }
            };
            if going {
                step += 1;
                continue;
            }
            // Back to the last place that left something to try.
            loop {
                if self.stack.len() == base {
                    return Ok(false);
                }
                match self.stack.pop() {
                    Some(Frame::Try { step: other, at: place, backwards: direction }) => {
                        (step, at, backwards) = (other, place, direction);
                        break;
                    }
                    Some(Frame::Restore { register, value }) => self.registers[register] = value,
                    None => return Ok(false),
                }
            }
        }
    }

    /// Asks for the memory of so many further frames, if there is none for them yet.
    fn grow(&mut self, ev: &mut Evaluator<'_>, frames: usize) -> Completion<()> {
        let wanted = self.stack.len() + frames;
        if wanted <= self.counted {
            return Ok(());
        }
        if wanted > MAX_STACK {
            return Err(OutOfMemory.into());
        }
        let counted = wanted.max(self.counted * 2);
        let more = counted - self.counted;
        // It is given back even where it was not granted.
        self.counted = counted;
        ev.reserve(more * size_of::<Frame>())
    }

    fn undo(&mut self, open: usize) {
        while self.stack.len() > open {
            if let Some(Frame::Restore { register, value }) = self.stack.pop() {
                self.registers[register] = value;
            }
        }
    }

    fn set(&mut self, register: usize, value: usize) {
        let before = std::mem::replace(&mut self.registers[register], value);
        self.stack.push(Frame::Restore { register, value: before });
    }

    /// Takes one character that fits.
    fn consume(&self, at: &mut usize, backwards: bool, fits: impl Fn(&Self, u32) -> bool) -> bool {
        let Some((code, next)) = (if backwards { self.before(*at) } else { self.after(*at) }) else { return false };
        if fits(self, code) {
            *at = next;
            true
        } else {
            false
        }
    }

    fn after(&self, at: usize) -> Option<(u32, usize)> {
        let first = u32::from(*self.units.get(at)?);
        if self.mode.unicode
            && (0xd800..0xdc00).contains(&first)
            && let Some(second) = self.units.get(at + 1)
            && (0xdc00..0xe000).contains(second)
        {
            return Some((0x1_0000 + ((first - 0xd800) << 10) + (u32::from(*second) - 0xdc00), at + 2));
        }
        Some((first, at + 1))
    }

    fn before(&self, at: usize) -> Option<(u32, usize)> {
        let last = u32::from(*self.units.get(at.checked_sub(1)?)?);
        if self.mode.unicode
            && at >= 2
            && (0xdc00..0xe000).contains(&last)
            && let Some(first) = self.units.get(at - 2)
            && (0xd800..0xdc00).contains(first)
        {
            return Some((0x1_0000 + ((u32::from(*first) - 0xd800) << 10) + (last - 0xdc00), at - 2));
        }
        Some((last, at - 1))
    }

    fn is_word(&self, at: usize) -> bool {
        let Some(unit) = self.units.get(at) else { return false };
        u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            || (self.mode.unicode && self.mode.ignore_case && matches!(unit, 0x17f | 0x212a))
    }

    /// `Canonicalize` (ECMA-262, 22.2.2.7.3).
    fn fold(&self, code: u32) -> u32 {
        if code < 128 {
            return match u8::try_from(code) {
                Ok(byte) if self.mode.unicode => u32::from(byte.to_ascii_lowercase()),
                Ok(byte) => u32::from(byte.to_ascii_uppercase()),
                Err(_) => code,
            };
        }
        let Some(character) = char::from_u32(code) else { return code };
        if self.mode.unicode {
            let upper = only(character.to_uppercase()).unwrap_or(character);
            return only(upper.to_lowercase()).map_or(code, u32::from);
        }
        match only(character.to_uppercase()).map(u32::from) {
            Some(upper) if (128..=0xffff).contains(&upper) => upper,
            _ => code,
        }
    }

    fn in_set(&self, set: &Set, code: u32) -> bool {
        if !self.mode.ignore_case {
            return set.contains(&[code]);
        }
        let folded = self.fold(code);
        let (mut lower, mut upper) = (code, code);
        if let Some(character) = char::from_u32(code) {
            lower = only(character.to_lowercase()).map_or(code, u32::from);
            upper = only(character.to_uppercase()).map_or(code, u32::from);
        }
        let same = |other: u32| if self.fold(other) == folded { other } else { code };
        set.contains(&[code, folded, same(lower), same(upper)])
    }

    fn back(&self, group: usize, at: &mut usize, backwards: bool) -> bool {
        let (start, end) = (self.registers[group * 2], self.registers[group * 2 + 1]);
        if start == UNSET || end == UNSET {
            return true;
        }
        let length = end.saturating_sub(start);
        let from = if backwards { at.checked_sub(length) } else { Some(*at) };
        let Some(from) = from.filter(|from| from + length <= self.units.len()) else { return false };
        let equal = self.units[start..start + length].iter().zip(&self.units[from..from + length]).all(|(left, right)| {
            left == right || (self.mode.ignore_case && self.fold(u32::from(*left)) == self.fold(u32::from(*right)))
        });
        if equal {
            *at = if backwards { from } else { from + length };
        }
        equal
    }
}

fn is_line_end(unit: u16) -> bool {
    matches!(unit, 10 | 13 | 0x2028 | 0x2029)
}

/// The character, if it is one only.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}
