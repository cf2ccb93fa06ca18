//! A rolling deploy: nodes with an older and a newer definition of one API.

use value::Value;

use crate::servers::Setup;
use crate::{Node, SCHEMA, SEND, definition, with_brokers};

#[test]
fn nodes_of_an_older_definition_ignore_what_they_do_not_know() {
    with_brokers(Setup::Open, |broker| {
        let (old, new) = (definition(), definition());
        let schema = SCHEMA
            .replace("text: String details", "text: String urgent: Boolean due: Int! details")
            .replace("text: String, details", "text: String, urgent: Boolean, due: Int, details")
            .replace("  close(", "  announce(id: ID!): Message\n  close(")
            .replace("  onLevel(", "  onAnnounced: Message @aws_subscribe(mutations: [\"announce\", \"send\"])\n  onLevel(");
        new.write("schema.graphql", &schema);
        new.write("resolvers/Mutation.announce.js", SEND);
        let (old, new) = (Node::start(&old, &broker.url()), Node::start(&new, &broker.url()));
        let mut at_old = old.subscribe("subscription { onMessage { id text } }");
        let mut at_new = new.subscribe("subscription { onAnnounced { id urgent } }");

        new.mutate(r#"send(id: "1", text: "t", urgent: true, due: 5) { id text urgent due }"#);
        new.mutate(r#"announce(id: "2") { id urgent }"#);
        new.mutate(r#"close(id: "3", room: "nowhere") { id }"#);
        old.send("4");
        let text = |payload: Value| payload.to_string();
        assert_eq!(text(at_old.next()), r#"{"data":{"onMessage":{"id":"1","text":"t"}}}"#);
        assert_eq!(text(at_old.next()), r#"{"data":{"onMessage":{"id":"4","text":null}}}"#);
        assert_eq!(text(at_new.next()), r#"{"data":{"onAnnounced":{"id":"1","urgent":true}}}"#);
        assert_eq!(text(at_new.next()), r#"{"data":{"onAnnounced":{"id":"2","urgent":null}}}"#);
        assert_eq!(text(at_new.next()), r#"{"data":{"onAnnounced":{"id":"4","urgent":null}}}"#);
        for node in [&old, &new] {
            let log = node.server.log();
            let is_warned = log.lines().any(|line| line.contains("WARN") && !line.contains("starting without the broker"));
            assert!(!is_warned, "{log}");
        }
    });
}
