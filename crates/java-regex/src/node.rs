//! The parts of a pattern, and how many characters they can take.

use std::sync::Arc;

use crate::charset::CharSet;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// One character as it is.
    Char(char),
    /// One character, compared by [`fold`].
    Folded(char),
    /// One character of a set.
    Set(Arc<CharSet>),
    /// `.`, with its own rules for the ends of lines.
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
    /// A group that captures.
    Group(usize, Box<Node>),
    Repeat {
        body: Box<Node>,
        least: u32,
        most: u32,
        kind: Kind,
    },
    Look {
        behind: bool,
        negative: bool,
        body: Box<Node>,
    },
    Atomic(Box<Node>),
    BackReference {
        group: usize,
        case: Case,
    },
    Assert(Assertion),
    /// `\R`.
    LineBreak,
    /// `\X`.
    Grapheme,
}

/// How a repetition takes its turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Greedy,
    Lazy,
    Possessive,
}

/// How characters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    Ascii,
    Unicode,
}

/// What holds at a place without taking a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assertion {
    /// `\A`, and `^` without the flag `m`.
    Start,
    /// `\z`.
    End,
    /// `\Z`, and `$` without `m`; whether only `\n` ends lines.
    LastLine { unix: bool },
    /// `^` with `m`.
    LineStart { unix: bool },
    /// `$` with `m`.
    LineEnd { unix: bool },
    /// `\b`; whether words are Unicode's (flag `U`).
    Word { unicode: bool },
    /// `\B`.
    NotWord { unicode: bool },
    /// `\G`.
    LastMatch,
    /// `\b{g}`.
    GraphemeBoundary,
}

/// No bound above.
pub(crate) const UNLIMITED: u32 = 0x7fff_ffff;

pub(crate) fn is_line_end(character: char, unix: bool) -> bool {
    character == '\n' || (!unix && matches!(character, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
}

/// How many characters a part takes at least.
pub(crate) fn shortest(node: &Node) -> u32 {
    match node {
        Node::Char(_) | Node::Folded(_) | Node::Set(_) | Node::LineBreak | Node::Grapheme => 1,
        Node::Sequence(nodes) => nodes.iter().map(shortest).fold(0, u32::saturating_add),
        Node::Alternatives(nodes) => nodes.iter().map(shortest).min().unwrap_or(0),
        Node::Group(_, body) | Node::Atomic(body) => shortest(body),
        Node::Repeat { body, least, .. } => shortest(body).saturating_mul(*least),
        Node::Look { .. } | Node::BackReference { .. } | Node::Assert(_) => 0,
    }
}

/// How many characters a part takes at most; none if Java finds no bound ("does not have an obvious maximum length").
///
/// Java counts in 32 bits: a repetition that overflows has no bound and is refused, the `+` of a single character overflows unseen.
pub(crate) fn longest(node: &Node) -> Option<i32> {
    longest_behind(node, 0)
}

/// As [`longest`], together with what stands before.
fn longest_behind(node: &Node, before: i32) -> Option<i32> {
    match node {
        Node::Char(_) | Node::Folded(_) | Node::Set(_) | Node::Grapheme => Some(before.wrapping_add(1)),
        Node::LineBreak => Some(before.wrapping_add(2)),
        Node::Sequence(nodes) => nodes.iter().try_fold(before, |before, node| longest_behind(node, before)),
        Node::Alternatives(nodes) => {
            let longest = nodes.iter().try_fold(0, |most, node| Some(most.max(longest(node)?)))?;
            Some(before.wrapping_add(longest))
        }
        Node::Group(_, body) | Node::Atomic(body) => longest_behind(body, before),
        Node::Repeat { body, least: 0, most: 1, .. } => longest_behind(body, before),
        Node::Repeat { body, most: UNLIMITED, kind: Kind::Greedy, .. } if is_single(body) => Some(before.wrapping_add(i32::MAX)),
        Node::Repeat { body, most, kind, .. } => {
            let is_group = matches!(**body, Node::Sequence(_) | Node::Alternatives(_) | Node::Group(..) | Node::Repeat { .. });
            if is_group && *kind != Kind::Possessive && !is_deterministic(body) {
                return None;
            }
            let length = longest(body)?.wrapping_mul(i32::try_from(*most).ok()?).wrapping_add(before);
            (length >= before).then_some(length)
        }
        Node::Look { .. } | Node::Assert(_) => Some(before),
        Node::BackReference { .. } => None,
    }
}

fn is_single(node: &Node) -> bool {
    matches!(node, Node::Char(_) | Node::Folded(_) | Node::Set(_))
}

/// Whether Java takes a part to have one way to match.
fn is_deterministic(node: &Node) -> bool {
    match node {
        Node::Sequence(nodes) => nodes.iter().all(is_deterministic),
        Node::Alternatives(_) => false,
        Node::Group(_, body) | Node::Atomic(body) => is_deterministic(body),
        Node::Repeat { body, least, most, .. } => least == most && is_deterministic(body),
        _ => true,
    }
}
