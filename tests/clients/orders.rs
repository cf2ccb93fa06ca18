//! The definition that tests of tables share: `tests/clients/orders/`, a table with an index, a stream and a time to live.

use crate::harness::{Definition, Server};

/// It, in a folder of its own.
pub(crate) fn definition() -> Definition {
    macro_rules! files {
        ($($path:literal,)*) => { Definition::of(&[$(($path, include_str!(concat!("orders/", $path)))),*]) };
    }
    files![
        "config.toml",
        "schema.graphql",
        "resolvers/Mutation.put.js",
        "resolvers/Mutation.transact.js",
        "resolvers/Mutation.update.request.vtl",
        "resolvers/Mutation.update.response.vtl",
        "resolvers/Query.order.js",
        "resolvers/Query.orders.js",
        "resolvers/Query.ordersOf.js",
        "resolvers/Query.ping.js",
    ]
}

/// Asks, and wants these `data`.
#[track_caller]
#[allow(dead_code, reason = "not every test binary asks in this way")]
pub(crate) fn check(server: &Server, query: &str, data: &str) {
    let answer = server.client().query(query);
    assert_eq!((answer.status, answer.body.as_str()), (200, format!(r#"{{"data":{data}}}"#).as_str()), "{query}");
}
