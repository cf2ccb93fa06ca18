//! The names that resolver code can import or use: the utilities of `appsync-utils`, arranged as the nested objects that code
//! sees (`util.time.nowISO8601`). The checker looks names up here, the engine builds its objects from here, so they agree.

use std::sync::LazyLock;

use appsync_utils::{Languages, Utility};
use javascript::HostNode;

pub(crate) use javascript::HostNode as Node;

/// Everything that code can reach beyond the language.
pub(crate) struct Names {
    /// What each of [`MODULES`] exports.
    pub(crate) trees: [Node; 4],
    /// What the functions of the trees are, by number.
    functions: Vec<&'static Utility>,
}

impl Names {
    /// The utility that a function of the trees is.
    pub(crate) fn utility(&self, function: u32) -> Option<&'static Utility> {
        self.functions.get(function as usize).copied()
    }

    /// Adds a tree of dotted names.
    fn tree(&mut self, name: &'static str, utilities: &'static [Utility]) -> Node {
        let mut root = HostNode { name, ..HostNode::default() };
        for utility in utilities.iter().filter(|utility| utility.languages != Languages::Vtl) {
            let mut at = &mut root;
            for part in utility.name.split('.') {
                at = at.members.entry(part).or_insert_with(|| HostNode { name: part, ..HostNode::default() });
            }
            at.function = u32::try_from(self.functions.len()).ok();
            self.functions.push(utility);
        }
        root
    }
}

/// The name nearest to `wanted` by letters that have to change; `None` if nothing is near.
pub(crate) fn nearest(names: impl Iterator<Item = &'static str>, wanted: &str) -> Option<&'static str> {
    names
        .map(|name| (distance(name, wanted), name))
        .filter(|(distance, name)| *distance <= name.len().max(wanted.len()) / 3)
        .min()
        .map(|(_, name)| name)
}

/// The modules that code may import, by position; the order is the order of the factory's parameters.
pub(crate) const MODULES: [&str; 4] =
    ["@aws-appsync/utils", "@aws-appsync/utils/dynamodb", "@aws-appsync/utils/rds", "@aws-appsync/utils/ai"];

/// The one set of names.
pub(crate) static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { trees: Default::default(), functions: Vec::new() };
    let mut utils = Node { name: "@aws-appsync/utils", ..Node::default() };
    for (name, table) in
        [("util", appsync_utils::utilities()), ("extensions", appsync_utils::extensions()), ("runtime", appsync_utils::runtime())]
    {
        utils.members.insert(name, names.tree(name, table));
    }
    let library = |names: &mut Names, name: &'static str| names.tree(name, appsync_utils::module(name).unwrap_or_default());
    names.trees = [utils, library(&mut names, "dynamodb"), library(&mut names, "rds"), library(&mut names, "ai")];
    names
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
