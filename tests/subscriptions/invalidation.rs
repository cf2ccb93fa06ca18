//! `extensions.invalidateSubscriptions`: who matches is told, and loses the connection; everybody else notices nothing.

use value::{Value, value};

use crate::chat::Room;
use crate::harness::websocket::{acknowledgement, error};

const DOCUMENT: &str = "subscription($i: AWSJSON, $f: AWSJSON) { onFiltered(invalidation: $i, filter: $f) { id } }";

/// The filter that ends the subscriptions of a user.
fn of(user: &str) -> Value {
    let filter = value!({"filterGroup": [{"filters": [{"fieldName": "user", "operator": "eq", "value": user}]}]});
    // Without a filter of events the argument `invalidation` would be compared with them.
    let all = value!({"filterGroup": [{"filters": [{"fieldName": "id", "operator": "ne", "value": "none"}]}]});
    value!({"i": (filter.to_json()), "f": (all.to_json())})
}

fn told(id: &str) -> String {
    error(id, r#"[{"message":"Subscription complete."}]"#)
}

fn invalidate(users: &[&str]) -> Value {
    let one = |user: &&str| value!({"subscriptionField": "onFiltered", "payload": {"user": (*user), "room": "a"}});
    value!({"value": {"id": "1"}, "invalidate": (users.iter().map(one).collect::<Value>())})
}

#[test]
fn a_payload_that_matches_ends_the_subscription_and_its_connection() {
    let mut ann = Room::of("invalidation");
    let (mut ben, mut everybody) = (ann.another(), ann.another());
    for (id, user) in [("a1", "ann"), ("a2", "ann"), ("c", "cleo")] {
        assert_eq!(ann.listener.start(id, DOCUMENT, &of(user)), acknowledgement(id));
    }
    assert_eq!(ben.listener.start("b", DOCUMENT, &of("ben")), acknowledgement("b"));
    everybody.listener.subscribe("e", "subscription { onFiltered { id } }");

    // Another subscription's name, another payload, none at all: nobody goes.
    for one in [
        value!({"subscriptionField": "onSend", "payload": {"user": "ann"}}),
        value!({"subscriptionField": "onFiltered", "payload": {"user": "nobody"}}),
        value!({"subscriptionField": "onFiltered", "payload": {"name": "ann"}}),
        value!({"subscriptionField": "onFiltered", "payload": {}}),
        value!({"subscriptionField": "onFiltered"}),
    ] {
        let answer = ben.mutate("quiet(with: $with) { id }", &value!({"value": {"id": "1"}, "invalidate": [one]}));
        assert_eq!(answer, value!({"data": {"quiet": {"id": "1"}}}));
    }
    for room in [&mut ann, &mut ben, &mut everybody] {
        assert_eq!(room.heard(), [""; 0]);
    }

    // A mutation that nobody subscribes to invalidates, too.
    ben.mutate("quiet(with: $with) { id }", &invalidate(&["ann"]));
    let mut end = ann.listener.socket.rest();
    end[..2].sort();
    assert_eq!(end, [told("a1"), told("a2"), "1000 subscription complete".to_owned()]);
    for room in [&mut ben, &mut everybody] {
        assert_eq!(room.heard(), [""; 0]);
    }

    // Who connects again subscribes again, with the same id.
    let mut again = ben.another();
    assert_eq!(again.listener.start("a1", DOCUMENT, &of("ann")), acknowledgement("a1"));
    ben.mutate("send(with: $with) { id }", &value!({"value": {"id": "2"}}));
    assert_eq!(again.heard(), [r#"a1 {"data":{"onFiltered":{"id":"2"}}}"#]);
}

/// Inferred: who may not listen any more does not hear of the mutation that says so.
#[test]
fn an_invalidation_comes_before_the_event_of_its_mutation() {
    let mut ann = Room::of("order");
    let mut everybody = ann.another();
    assert_eq!(ann.listener.start("a", DOCUMENT, &of("ann")), acknowledgement("a"));
    everybody.listener.subscribe("e", "subscription { onFiltered { id } }");
    everybody.mutate("send(with: $with) { id }", &invalidate(&["ann"]));
    assert_eq!(ann.listener.socket.rest(), [told("a"), "1000 subscription complete".to_owned()]);
    assert_eq!(everybody.heard(), [r#"e {"data":{"onFiltered":{"id":"1"}}}"#]);
}

#[test]
fn five_invalidations_of_a_request_are_the_most() {
    let mut first = Room::of("five");
    let mut sixth = first.another();
    assert_eq!(first.listener.start("first", DOCUMENT, &of("5")), acknowledgement("first"));
    assert_eq!(sixth.listener.start("sixth", DOCUMENT, &of("6")), acknowledgement("sixth"));
    let answer = sixth.mutate("quiet(with: $with) { id }", &invalidate(&["1", "2", "3", "4", "5", "6"]));
    assert_eq!(answer.at(&["data"]), &value!({"quiet": {"id": "1"}}));
    let errors = answer.get("errors").and_then(Value::as_list).unwrap_or_default();
    let [one] = errors else { panic!("{answer}") };
    assert!(one.at(&["message"]).as_str().is_some_and(|message| message.contains("more than 5 times in one request")), "{one}");
    assert_eq!(first.listener.socket.rest(), [told("first"), "1000 subscription complete".to_owned()]);
    assert_eq!(sixth.heard(), [""; 0]);
}

#[test]
fn an_invalidation_filter_beyond_the_limits_is_refused() {
    let mut room = Room::of("invalid");
    let condition = |number: usize| value!({"fieldName": (format!("f{number}")), "operator": "eq", "value": 1});
    let filter = value!({"filterGroup": [{"filters": ((0..6).map(condition).collect::<Value>())}]});
    let answer = room.listener.start("i", DOCUMENT, &value!({"i": (filter.to_json())}));
    assert!(answer.contains(r#""type":"error""#) && answer.contains("maximum attributes limit 5"), "{answer}");
}
