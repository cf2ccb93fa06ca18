//! Mutations that nobody sent: those of event rules reach subscribers, too.

use crate::chat::Room;

/// Runs a mutation of the API `rules` for each event of the shop.
pub(crate) const RULE: &str = r#"
[[event_rule]]
name = "tell"
event_pattern = { source = ["shop"] }
[[event_rule.targets]]
id = "tell"
api = "rules"
identity = { authentication_type = "API_KEY" }
graphql_operation = "mutation($value: AWSJSON) { send(with: $value) { id text } }"
input = '{"value": "{\"value\": {\"id\": \"1\", \"text\": \"of a rule\"}}"}'
"#;

#[test]
fn the_mutation_of_an_event_rule_reaches_subscribers() {
    let mut room = Room::of("rules");
    room.listener.subscribe("s", "subscription { onSend(id: 1) { id text } }");
    let event = r#"{"Entries": [{"Source": "shop", "DetailType": "t", "Detail": "{}"}]}"#;
    let answer = room.client().request("POST", "/eventbridge/", &[("x-amz-target", "AWSEvents.PutEvents")], event);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let frame = room.listener.socket.text();
    assert_eq!(frame, r#"{"id":"s","type":"data","payload":{"data":{"onSend":{"id":"1","text":"of a rule"}}}}"#);
}
