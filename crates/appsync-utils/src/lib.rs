//! AppSync's utilities, once, for every resolver runtime: `util.*`, `extensions.*`, `runtime.*` and the request builders of the
//! modules `@aws-appsync/utils/{dynamodb,rds,ai}`.
//!
//! A utility is a function from plain [`Value`]s to a value, looked up by name in a table; a runtime binds the tables into its
//! language. What a call causes besides its result (appended errors, response headers, subscription filters) is collected in the
//! [`Session`]. This crate does no I/O, knows no runtime and no data source.

mod ai;
mod arguments;
mod collections;
mod dynamodb;
mod encoding;
mod errors;
mod extensions;
mod http;
mod identity;
mod ids;
mod math;
mod rds;
mod reference;
mod session;
mod text;
mod time;
mod transform;
mod types;
mod xml;

use std::collections::HashMap;
use std::sync::LazyLock;

use value::Value;

pub use dynamodb::{AttributeError, from_dynamodb, to_dynamodb};
pub use http::is_forbidden_response_header;
pub use reference::{Entry, Example, Section, reference, table_of};
pub use session::{
    Clock, Effects, Failure, IdSource, Level, LogEntry, LogPlace, MAX_EFFECT_BYTES, MAX_EFFECTS, MAX_LOG_BYTES, Raised, Session,
    SkipTo, SystemClock, SystemIds, bytes_up_to,
};

/// The resolver languages that have a utility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Languages {
    /// APPSYNC_JS and VTL.
    Both,
    /// APPSYNC_JS only.
    Js,
    /// VTL only.
    Vtl,
}

/// One function of a table.
#[derive(Clone, Copy, Debug)]
pub struct Utility {
    /// The name inside its namespace, as code writes it: `time.nowISO8601`, `error`.
    pub name: &'static str,
    /// Who may call it.
    pub languages: Languages,
    /// The function. Missing trailing arguments read as null; functions without a result return null.
    pub call: fn(&mut Session, &[Value]) -> Result<Value, Failure>,
}

type Call = fn(&mut Session, &[Value]) -> Result<Value, Failure>;

impl Utility {
    pub(crate) const fn both(name: &'static str, call: Call) -> Self {
        Self { name, languages: Languages::Both, call }
    }

    pub(crate) const fn vtl(name: &'static str, call: Call) -> Self {
        Self { name, languages: Languages::Vtl, call }
    }

    pub(crate) const fn js(name: &'static str, call: Call) -> Self {
        Self { name, languages: Languages::Js, call }
    }
}

/// The namespace `util` (VTL: `$util`, `$utils`).
#[must_use]
pub fn utilities() -> &'static [Utility] {
    static TABLE: LazyLock<Vec<Utility>> = LazyLock::new(|| {
        [
            errors::TABLE,
            encoding::TABLE,
            ids::TABLE,
            time::TABLE,
            dynamodb::TABLE,
            types::TABLE,
            collections::TABLE,
            text::TABLE,
            math::TABLE,
            http::TABLE,
            identity::TABLE,
            transform::TABLE,
            rds::TABLE,
            xml::TABLE,
        ]
        .concat()
    });
    &TABLE
}

/// The namespace `extensions`.
#[must_use]
pub fn extensions() -> &'static [Utility] {
    extensions::TABLE
}

/// The namespace `runtime`.
#[must_use]
pub fn runtime() -> &'static [Utility] {
    errors::RUNTIME
}

/// The functions of the module `@aws-appsync/utils/<name>`; members of exported objects carry a path: `operations.add`.
#[must_use]
pub fn module(name: &str) -> Option<&'static [Utility]> {
    match name {
        "dynamodb" => Some(dynamodb::MODULE),
        "rds" => Some(rds::MODULE),
        "ai" => Some(ai::MODULE),
        _ => None,
    }
}

/// The function `name` of one of this crate's tables.
#[must_use]
pub fn find(table: &'static [Utility], name: &str) -> Option<&'static Utility> {
    static INDEX: LazyLock<HashMap<usize, HashMap<&'static str, &'static Utility>>> = LazyLock::new(|| {
        [utilities(), extensions(), runtime(), dynamodb::MODULE, rds::MODULE, ai::MODULE]
            .into_iter()
            .map(|table| (table.as_ptr().addr(), table.iter().map(|utility| (utility.name, utility)).collect()))
            .collect()
    });
    match INDEX.get(&table.as_ptr().addr()) {
        Some(index) => index.get(name).copied(),
        None => table.iter().find(|utility| utility.name == name),
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the tests of the single utilities share.

    use std::sync::Arc;

    use super::*;

    pub(crate) struct FixedClock(pub(crate) i64);

    impl Clock for FixedClock {
        fn now_ms(&self) -> i64 {
            self.0
        }
    }

    pub(crate) fn session() -> Session {
        Session::new(Arc::new(FixedClock(1_517_943_695_750)), Arc::new(SystemIds), Value::Null)
    }

    pub(crate) fn call(name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let utility = find(utilities(), name).unwrap_or_else(|| panic!("no utility {name}"));
        (utility.call)(&mut session(), arguments)
    }

    pub(crate) fn check(cases: &[(&str, Vec<Value>, Value)]) {
        for (name, arguments, expected) in cases {
            assert_eq!(call(name, arguments).as_ref(), Ok(expected), "{name} {arguments:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_function_is_found_by_its_name_once() {
        for table in [Some(utilities()), Some(extensions()), Some(runtime()), module("dynamodb"), module("rds"), module("ai")] {
            let table = table.expect("a table");
            let names: HashSet<_> = table.iter().map(|utility| utility.name).collect();
            assert_eq!(names.len(), table.len());
            for utility in table {
                assert_eq!(find(table, utility.name).map(|found| found.name), Some(utility.name));
            }
            assert!(find(table, "nosuch").is_none());
        }
        assert!(module("nosuch").is_none());
    }
}
