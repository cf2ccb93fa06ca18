//! Sets of combinations: all combinations that the `$or`s of a pattern make are judged in one walk over an event, sixty-four in a
//! machine word.

use std::ops::{BitAnd, BitOr, BitOrAssign, Sub, SubAssign};

use crate::MAX_COMBINATIONS;

const WORDS: usize = MAX_COMBINATIONS.div_ceil(64);

/// A set of combinations, by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Combinations([u64; WORDS]);

impl Combinations {
    pub(crate) const NONE: Self = Self([0; WORDS]);

    pub(crate) fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(crate) fn remove(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    fn with(mut self, other: &Self, of: fn(u64, u64) -> u64) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word = of(*word, other));
        self
    }
}

impl BitAnd for Combinations {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.with(&other, |word, other| word & other)
    }
}

impl BitOr for Combinations {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(&other, |word, other| word | other)
    }
}

impl BitOrAssign for Combinations {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl Sub for Combinations {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(&other, |word, other| word & !other)
    }
}

impl SubAssign for Combinations {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
