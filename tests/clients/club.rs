//! The definition that tests of authorization share: `tests/clients/club/`, an API whose resolvers say who asks.

use crate::harness::Definition;

/// The first API key of the definition that has not expired.
#[allow(dead_code, reason = "not every test binary asks with a key")]
pub(crate) const KEY: &str = "da2-clubkey0000000000000000000";

/// It, in a folder of its own.
pub(crate) fn definition() -> Definition {
    macro_rules! files {
        ($($path:literal,)*) => { Definition::of(&[$(($path, include_str!(concat!("club/", $path)))),*]) };
    }
    files![
        "config.toml",
        "policies/guest.json",
        "schema.graphql",
        "resolvers/Mutation.rename.js",
        "resolvers/Query.echo.js",
        "resolvers/Query.identity.js",
        "resolvers/Query.keysOnly.js",
        "resolvers/Query.minutes.js",
    ]
}
