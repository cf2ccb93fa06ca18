//! Enhanced filters that a subscription's resolver sets: operators, groups, limits. What each operator means in every corner is told
//! by the crate `subscription-index`; here, that resolvers' filters arrive there.

use value::{Value, value};

use crate::chat::Room;
use crate::harness::websocket::acknowledgement;

const DOCUMENT: &str =
    "subscription($f: AWSJSON, $t: AWSJSON, $room: String) { onFiltered(filter: $f, transform: $t, room: $room) { id } }";
const MUTATION: &str = "send(with: $with) { id room text n big flag tags author { name } child { id author { name } } }";

fn filter(filter: &str) -> Value {
    Value::parse(filter.as_bytes()).unwrap_or_else(|error| panic!("{filter}: {error}"))
}

/// A filter of one condition.
fn one(field: &str, operator: &str, value: &str) -> String {
    format!(r#"{{"filterGroup":[{{"filters":[{{"fieldName":"{field}","operator":"{operator}","value":{value}}}]}}]}}"#)
}

#[test]
fn filters_let_through_what_they_say() {
    let mut room = Room::of("filters");
    let mut cases: Vec<(String, bool)> = [
        ("room", "eq", r#""lobby""#, true),
        ("room", "eq", r#""Lobby""#, false),
        ("n", "eq", "5", true),
        ("n", "eq", r#""5""#, false),
        ("flag", "eq", "true", true),
        ("room", "ne", r#""cellar""#, true),
        ("room", "ne", r#""lobby""#, false),
        ("n", "lt", "6", true),
        ("n", "lt", "5", false),
        ("n", "le", "5", true),
        ("n", "le", "4", false),
        ("n", "gt", "4", true),
        ("n", "gt", "5", false),
        ("n", "ge", "5", true),
        ("n", "ge", "6", false),
        ("room", "in", r#"["cellar","lobby"]"#, true),
        ("room", "in", r#"["cellar"]"#, false),
        ("room", "notIn", r#"["cellar"]"#, true),
        ("room", "notIn", r#"["cellar","lobby"]"#, false),
        ("n", "between", "[4,6]", true),
        ("n", "between", "[5,6]", false),
        ("room", "contains", r#""obb""#, true),
        ("room", "contains", r#""OBB""#, false),
        ("tags", "contains", r#""x""#, true),
        ("tags", "contains", r#""z""#, false),
        ("room", "notContains", r#""z""#, true),
        ("tags", "notContains", r#""x""#, false),
        ("room", "beginsWith", r#""lob""#, true),
        ("room", "beginsWith", r#""obb""#, false),
        ("tags", "containsAny", r#"["z","y"]"#, true),
        ("tags", "containsAny", r#"["z"]"#, false),
        // Below.
        ("author.name", "eq", r#""Ann""#, true),
        ("child.author.name", "eq", r#""Ann""#, true),
        ("child.author.name", "eq", r#""Ben""#, false),
        // Null, and what the mutation did not select (inferred).
        ("text", "eq", r#""t""#, false),
        ("text", "ne", r#""t""#, true),
        ("must", "eq", r#""m""#, false),
        ("must", "ne", r#""x""#, false),
        // Deeper than five levels: the filter is ignored, and lets nothing through.
        ("a.b.c.d.e.f", "ne", r#""x""#, false),
    ]
    .into_iter()
    .map(|(field, operator, value, heard)| (one(field, operator, value), heard))
    .collect();
    for (group, heard) in [
        // AND within `filters`, OR between them.
        (
            r#"[{"filters":[{"fieldName":"room","operator":"eq","value":"lobby"},{"fieldName":"n","operator":"gt","value":1}]}]"#,
            true,
        ),
        (
            r#"[{"filters":[{"fieldName":"room","operator":"eq","value":"lobby"},{"fieldName":"n","operator":"gt","value":9}]}]"#,
            false,
        ),
        (
            r#"[{"filters":[{"fieldName":"room","operator":"eq","value":"x"}]},{"filters":[{"fieldName":"n","operator":"eq","value":5}]}]"#,
            true,
        ),
        (
            r#"[{"filters":[{"fieldName":"room","operator":"eq","value":"x"}]},{"filters":[{"fieldName":"n","operator":"eq","value":6}]}]"#,
            false,
        ),
        // Five fields are the most.
        (
            r#"[{"filters":[{"fieldName":"room","operator":"eq","value":"lobby"},{"fieldName":"n","operator":"eq","value":5},{"fieldName":"id","operator":"eq","value":"1"},{"fieldName":"big","operator":"lt","value":2.5},{"fieldName":"flag","operator":"ne","value":false}]}]"#,
            true,
        ),
        // `in` multiplied out: 5 times 2.
        (
            r#"[{"filters":[{"fieldName":"room","operator":"in","value":["a","b","c","d","lobby"]},{"fieldName":"n","operator":"in","value":[4,5]}]}]"#,
            true,
        ),
    ] {
        cases.push((format!(r#"{{"filterGroup":{group}}}"#), heard));
    }
    for (number, (text, _)) in cases.iter().enumerate() {
        let id = number.to_string();
        // The argument would keep everything away: a filter replaces arguments.
        let variables = value!({"f": (filter(text).to_json()), "room": "nowhere"});
        assert_eq!(room.listener.start(&id, DOCUMENT, &variables), acknowledgement(&id), "{text}");
    }
    let with = r#"{"value":{"id":"1","room":"lobby","text":null,"must":"m","n":5,"big":2,"flag":true,"tags":["x","y"],"author":{"name":"Ann"}}}"#;
    let answer = room.mutate(MUTATION, &filter(with));
    assert!(answer.get("errors").is_none(), "{answer}");
    let heard = room.heard();
    for (number, (text, expected)) in cases.iter().enumerate() {
        let times = heard.iter().filter(|line| **line == format!(r#"{number} {{"data":{{"onFiltered":{{"id":"1"}}}}}}"#)).count();
        assert_eq!(times, usize::from(*expected), "{text}");
    }
    assert_eq!(heard.len(), cases.iter().filter(|(_, heard)| *heard).count());
}

#[test]
fn to_subscription_filter_makes_a_filter() {
    let mut room = Room::of("transformed");
    for (id, transform, heard) in [
        ("and", r#"{"room":{"eq":"lobby"},"n":{"gt":4}}"#, true),
        ("and-not", r#"{"room":{"eq":"lobby"},"n":{"gt":5}}"#, false),
        ("or", r#"{"or":[{"room":{"eq":"x"}},{"tags":{"containsAny":["y"]}}]}"#, true),
        ("or-not", r#"{"or":[{"room":{"eq":"x"}},{"tags":{"containsAny":["z"]}}]}"#, false),
        ("between", r#"{"n":{"between":[1,9]}}"#, true),
    ] {
        let variables = value!({"t": (filter(transform).to_json()), "room": "nowhere"});
        assert_eq!(room.listener.start(id, DOCUMENT, &variables), acknowledgement(id), "{transform}");
        room.mutate(MUTATION, &value!({"value": {"id": "1", "room": "lobby", "n": 5, "tags": ["x", "y"]}}));
        assert_eq!(room.heard().len(), usize::from(heard), "{transform}");
        room.listener.stop(id);
    }
}

#[test]
fn without_a_filter_arguments_count_and_a_null_is_no_filter() {
    let mut room = Room::of("unfiltered");
    for (id, with_room, heard) in [("same", "lobby", 1), ("other", "cellar", 0)] {
        assert_eq!(room.listener.start(id, DOCUMENT, &value!({"room": with_room})), acknowledgement(id));
        room.mutate(MUTATION, &value!({"value": {"id": "1", "room": "lobby"}}));
        assert_eq!(room.heard().len(), heard, "{id}");
        room.listener.stop(id);
    }
}

/// A list at top level is sent to nobody who has a filter; `setSubscriptionFilter` says so in the developer guide.
#[test]
fn a_list_passes_no_filter() {
    let mut room = Room::of("lists");
    room.listener.subscribe("all", "subscription { onMany { id } }");
    let document = "subscription($f: AWSJSON) { onFilteredMany(filter: $f) { id } }";
    let variables = value!({"f": (one("id", "ne", "\"x\""))});
    assert_eq!(room.listener.start("filtered", document, &variables), acknowledgement("filtered"));
    room.mutate("many(with: $with) { id }", &value!({"value": [{"id": "1"}]}));
    assert_eq!(room.heard(), [r#"all {"data":{"onMany":[{"id":"1"}]}}"#]);
}

#[test]
fn filters_beyond_the_limits_are_refused() {
    let mut room = Room::of("excessive");
    let condition = |number: usize| format!(r#"{{"fieldName":"f{number}","operator":"eq","value":1}}"#);
    let join = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>().join(",");
    let group =
        |count: usize| format!(r#"{{"filterGroup":[{}]}}"#, join(count, &|_| format!(r#"{{"filters":[{}]}}"#, condition(0))));
    let fields = |count: usize| format!(r#"{{"filterGroup":[{{"filters":[{}]}}]}}"#, join(count, &condition));
    let list = |operator: &str, count: usize| one("f", operator, &format!("[{}]", join(count, &|number| number.to_string())));
    let text = |length: usize| one("f", "eq", &format!("\"{}\"", "x".repeat(length)));
    let product = r#"{"filterGroup":[{"filters":[{"fieldName":"a","operator":"in","value":[1,2,3,4,5]},{"fieldName":"b","operator":"in","value":[1,2,3]}]}]}"#;
    let repeated = r#"{"filterGroup":[{"filters":[{"fieldName":"a","operator":"gt","value":1},{"fieldName":"a","operator":"lt","value":9}]}]}"#;
    for (given, refused) in [
        (group(10), None),
        (group(11), Some("maximum limit 10")),
        (fields(5), None),
        (fields(6), Some("maximum attributes limit 5")),
        (list("in", 5), None),
        (list("in", 6), Some("maximum value limit 5 for operator `in`")),
        (list("notIn", 5), None),
        (list("notIn", 6), Some("maximum value limit 5 for operator `notIn`")),
        (list("containsAny", 20), None),
        (list("containsAny", 21), Some("maximum value limit 20")),
        (text(256), None),
        (text(257), Some("maximum string length 256")),
        (product.to_owned(), Some("comes to 15 filters")),
        (repeated.to_owned(), Some("same fieldName")),
        (one("f", "like", "1"), Some("unknown operator `like`")),
        (one("f", "between", "[1]"), Some("invalid filter value for operator `between`")),
        (one("f", "beginsWith", "1"), Some("invalid filter value for operator `beginsWith`")),
        (one("f", "eq", "null"), Some("invalid filter value for operator `eq`")),
    ] {
        let answer = room.listener.start("f", DOCUMENT, &value!({"f": (&*given)}));
        match refused {
            None => {
                assert_eq!(answer, acknowledgement("f"), "{given}");
                room.listener.stop("f");
            }
            Some(message) => {
                let before = r#"{"id":"f","type":"error","payload":{"errors":[{"errorType":"BadRequestException","message":""#;
                assert!(answer.starts_with(before) && answer.contains(message), "{given}\n{answer}");
            }
        }
    }
}
