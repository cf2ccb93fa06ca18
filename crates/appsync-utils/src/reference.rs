//! What people may know of a utility: signature, behaviour, examples, parity. Read from `reference.txt`; a test holds that every
//! utility stands there and nothing else, others run the examples and hold the page `docs/reference/utilities.md` to it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{Languages, Utility, extensions, module, runtime, utilities};

/// A group of utilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// `util`, `extensions`, `runtime`, or the name of a module.
    pub table: &'static str,
    /// AWS's page about it for JavaScript, below the developer guide.
    pub js_page: &'static str,
    /// AWS's page about it for VTL; empty if there is none.
    pub vtl_page: &'static str,
    /// Its utilities.
    pub entries: Vec<Entry>,
}

/// What is to be known of one utility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in its table.
    pub name: String,
    /// Parameters and result, typed.
    pub signature: String,
    /// What it does.
    pub behaviour: String,
    /// Code with its result.
    pub examples: Vec<Example>,
    /// Where it differs from AWS, or what is not known; empty without a difference.
    pub parity: &'static str,
}

/// An example that a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// [`Languages::Js`] or [`Languages::Vtl`].
    pub language: Languages,
    /// An expression, or a template.
    pub code: &'static str,
    /// JSON, or the text; `!` and the message of an error.
    pub result: &'static str,
}

/// All sections, in the order of the page.
#[must_use]
pub fn reference() -> &'static [Section] {
    static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| read(include_str!("reference.txt")));
    &SECTIONS
}

/// The table that a section speaks of.
#[must_use]
pub fn table_of(section: &Section) -> Option<&'static [Utility]> {
    match section.table {
        "util" => Some(utilities()),
        "extensions" => Some(extensions()),
        "runtime" => Some(runtime()),
        name => module(name),
    }
}

impl Utility {
    /// What is to be known of this utility of a table: `util`, `extensions`, `runtime`, or the name of a module.
    #[must_use]
    pub fn reference(&self, table: &str) -> Option<&'static Entry> {
        static INDEX: LazyLock<HashMap<(&'static str, &'static str), &'static Entry>> = LazyLock::new(|| {
            let entries = reference().iter().flat_map(|section| section.entries.iter().map(|entry| (section.table, entry)));
            entries.map(|(table, entry)| ((table, &*entry.name), entry)).collect()
        });
        INDEX.get(&(table, self.name)).copied()
    }
}

fn read(text: &'static str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut current = 0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if let Some(heading) = line.strip_prefix("= ") {
            let mut parts = heading.split('|').map(str::trim);
            let mut next = || parts.next().unwrap_or_default();
            sections.push(Section { title: next(), table: next(), js_page: next(), vtl_page: next(), entries: Vec::new() });
            continue;
        }
        let Some(entries) = sections.last_mut().map(|section| &mut section.entries) else { continue };
        if let Some(head) = line.strip_prefix("- ") {
            let (name, signature) = head.split_once(' ').unwrap_or((head, ""));
            current = entries.len();
            entries.push(Entry {
                name: name.to_owned(),
                signature: signature.to_owned(),
                behaviour: String::new(),
                examples: Vec::new(),
                parity: "",
            });
            continue;
        }
        let example = |language, rest: &'static str| {
            let (code, result) = rest.rsplit_once(" => ").unwrap_or((rest, ""));
            Example { language, code, result }
        };
        // A form with `Json` comes behind the entry; what follows is said of the entry.
        let Some(entry) = entries.get_mut(current) else { continue };
        match line.split_once(' ') {
            Some(("js", rest)) => entry.examples.push(example(Languages::Js, rest)),
            Some(("vtl", rest)) => entry.examples.push(example(Languages::Vtl, rest)),
            Some(("parity", rest)) => entry.parity = rest,
            Some(("json", rest)) => {
                let json = Entry {
                    name: format!("{}Json", entry.name),
                    signature: entry.signature.replace("): object", "): string"),
                    behaviour: format!("The same as `{}`, as JSON text.", entry.name),
                    examples: vec![example(Languages::Vtl, rest)],
                    parity: "",
                };
                entries.push(json);
            }
            _ => entry.behaviour = line.to_owned(),
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_utility_is_described_and_nothing_else() {
        for table in ["util", "extensions", "runtime", "dynamodb", "rds", "ai"] {
            let sections = || reference().iter().filter(|section| section.table == table);
            let described: BTreeSet<&str> = sections().flat_map(|section| &section.entries).map(|entry| &*entry.name).collect();
            let known = sections().next().and_then(table_of).expect("a table");
            let known: BTreeSet<&str> = known.iter().map(|utility| utility.name).collect();
            assert_eq!(described, known, "{table}");
        }
    }

    #[test]
    fn descriptions_are_whole() {
        for section in reference() {
            for utility in table_of(section).expect("a table") {
                let entry = utility.reference(section.table).expect("described");
                assert!(entry.signature.starts_with('(') && entry.signature.contains("): "), "{entry:?}");
                assert!(entry.behaviour.ends_with('.'), "{entry:?}");
                assert!(
                    !entry.examples.is_empty() && entry.examples.iter().all(|example| !example.result.is_empty()),
                    "{entry:?}"
                );
                let languages = |language| entry.examples.iter().any(|example| example.language == language);
                assert!(
                    utility.languages == Languages::Vtl || languages(Languages::Js),
                    "{} has an example in JavaScript",
                    entry.name
                );
                assert!(utility.languages != Languages::Js || !languages(Languages::Vtl), "{} has no template", entry.name);
            }
        }
    }
}
