//! The names that resolver code can import or use: the utilities of `appsync-utils`, arranged as the nested objects that code
//! sees (`util.time.nowISO8601`). The checker looks names up here, the engine builds its objects from here, so they agree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use appsync_utils::{Languages, Utility};

/// One name: a function, an object of further names, or both.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) utility: Option<&'static Utility>,
    pub(crate) members: BTreeMap<&'static str, Node>,
}

impl Node {
    /// A tree of dotted names.
    fn of(utilities: &'static [Utility]) -> Node {
        let mut root = Node::default();
        for utility in utilities.iter().filter(|utility| utility.languages != Languages::Vtl) {
            let mut at = &mut root;
            for part in utility.name.split('.') {
                at = at.members.entry(part).or_default();
            }
            at.utility = Some(utility);
        }
        root
    }

    /// The name nearest to `wanted` by letters that have to change; `None` if nothing is near.
    pub(crate) fn nearest(&self, wanted: &str) -> Option<&'static str> {
        self.members
            .keys()
            .map(|name| (distance(name, wanted), *name))
            .filter(|(distance, name)| *distance <= name.len().max(wanted.len()) / 3)
            .min()
            .map(|(_, name)| name)
    }
}

/// The modules that code may import, by position; the order is the order of the factory's parameters.
pub(crate) const MODULES: [&str; 4] =
    ["@aws-appsync/utils", "@aws-appsync/utils/dynamodb", "@aws-appsync/utils/rds", "@aws-appsync/utils/ai"];

/// What each of [`MODULES`] exports.
pub(crate) static TREES: LazyLock<[Node; 4]> = LazyLock::new(|| {
    let library = |name: &str| appsync_utils::module(name).map(Node::of).unwrap_or_default();
    let mut utils = Node::default();
    utils.members.insert("util", Node::of(appsync_utils::utilities()));
    utils.members.insert("extensions", Node::of(appsync_utils::extensions()));
    utils.members.insert("runtime", Node::of(appsync_utils::runtime()));
    [utils, library("dynamodb"), library("rds"), library("ai")]
});

/// The position in [`MODULES`] of what an import names.
pub(crate) fn module_index(source: &str) -> Option<usize> {
    MODULES.iter().position(|name| *name == source)
}

/// Levenshtein's distance, without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.to_lowercase().chars().collect(), right.to_lowercase().chars().collect());
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != b);
            diagonal = row[to + 1];
            row[to + 1] = cost.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
