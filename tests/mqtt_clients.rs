//! Subscriptions over MQTT with clients that are not ours, none of them changed: aws-appsync 2, AWS's SDK of the years before AppSync's
//! WebSockets, and paho's client for Python.

mod harness;
#[path = "clients/realtime.rs"]
mod realtime;

use harness::API_KEY;
use harness::dynamodb_servers::servers_are_wanted;
use realtime::rounds::{Ways, Wire, asks, opens, rounds, subscribe, ways, with};
use realtime::script::{is, said, text};
use realtime::{ALL, FORBIDDEN, REFUSED, Served, post};
use value::{Value, value};

/// What paho makes of CONNACK's return code 2: the reason of MQTT 5 that says the same.
const IDENTIFIER_REJECTED: i64 = 133;

#[test]
fn aws_appsync_2_subscribes() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let ways = ways(Wire::Packets, true, true);
    let [key, iam, pool] = served.modes();
    for (scheme, auth) in [("http", key.clone()), ("https", iam), ("http", pool)] {
        let mut script = served.aws_appsync(2, scheme, auth);
        rounds(&mut script, &served.server, &ways);
        let broker = format!("{}://127.0.0.1:{}/mqtt?", scheme.replace("http", "ws"), served.server.address.port());
        opens(&mut script, &broker, "mqttv3.1");
        // Ending a subscription is ending its connection.
        while script.count("closed") < script.count("opened") {
            script.event("closed");
        }
        asks(&mut script);
    }
    // What asks for the same has the same topic, for which the client opens one connection; the last one ends it. What asks for something
    // else has a connection of its own, as in the rounds.
    let mut script = served.aws_appsync(2, "http", key.clone());
    let query = "subscription { onPost { id } }";
    ways.subscribe(&mut script, "one", query, value!({}));
    // It tells that it takes part where it is asked to.
    subscribe(&mut script, "two", query, value!({"variables": {"@@controlEvents": true}}));
    assert_eq!(script.next("two").at(&["data"]), &value!({"onPost": null}));
    for (id, names) in [("1", &["one", "two"][..]), ("2", &["two"])] {
        post(&served.server, &format!("id: \"{id}\""), "id");
        for name in names {
            ways.gets(&mut script, name, "onPost", value!({"id": id, "__typename": "Message"}));
        }
        script.tell("unsubscribe", &value!({"name": (names[0])}));
    }
    script.event("closed");
    assert_eq!(script.count("opened"), 1);

    // The handshake is a request: a refusal is its answer.
    let mut script = served.aws_appsync(2, "http", with(key.clone(), value!({"apiKey": "da2-other"})));
    subscribe(&mut script, "all", ALL, value!({}));
    assert_eq!(text(&script.event("error"), "message"), "Response not successful: Received status code 401");
    let mut script = served.aws_appsync(2, "http", key);
    for (field, words) in [("onMinutes", FORBIDDEN), ("onClosed", "The board is closed.")] {
        subscribe(&mut script, field, &format!("subscription {{ {field} {{ id }} }}"), value!({}));
        let error = script.event_of("error", field);
        assert!(text(&error, "message").contains(words), "{error}");
    }
    assert_eq!(script.count("opened"), 0);
}

#[test]
fn paho_subscribes() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    for (scheme, version, qos) in [("http", "3.1", 0), ("https", "3.1.1", 1)] {
        let mut script = served.paho(scheme, API_KEY);
        let more = value!({"version": version, "qos": qos, "keepalive": 3});
        let ways = Ways { more: more.clone(), ..ways(Wire::Paho, false, false) };
        let query = "subscription ($room: String) { onPost(room: $room) { id room stars } }";
        ways.subscribe(&mut script, "all", query, value!({}));
        ways.subscribe(&mut script, "room", query, value!({"room": "b"}));
        let post = |id: &str, room: &str| post(&served.server, &format!("id: \"{id}\", room: \"{room}\""), "id room");
        post("1", "a");
        post("2", "b");
        let message = |id: &str, room: &str| value!({"id": id, "room": room, "stars": null});
        ways.gets(&mut script, "all", "onPost", message("1", "a"));
        ways.gets(&mut script, "all", "onPost", message("2", "b"));
        ways.gets(&mut script, "room", "onPost", message("2", "b"));
        // It stays beyond its keep-alive of three seconds.
        for _ in 0..2 {
            script.until("PINGRESP", |event| is(event, "log") && text(event, "text").contains("PINGRESP"));
        }
        post("3", "b");
        ways.gets(&mut script, "all", "onPost", message("3", "b"));
        ways.gets(&mut script, "room", "onPost", message("3", "b"));
        let published = script.until("QoS", |event| is(event, "log") && text(event, "text").contains("Received PUBLISH"));
        assert!(text(&published, "text").contains(&format!(", q{qos},")), "{published}");
        // An end of the subscription, and one of the connection.
        script.tell("unsubscribe", &value!({"name": "room"}));
        script.event_of("unsubscribed", "room");
        script.tell("disconnect", &value!({"name": "all"}));
        assert_eq!(text(&script.event_of("closed", "all"), "reason"), "Normal disconnection");
        post("4", "b");
        // The same arguments have the same topic; whoever comes next gets what comes next.
        ways.subscribe(&mut script, "next", query, value!({"room": "b"}));
        let topics: Vec<Value> = ["room", "next"]
            .map(|name| {
                let answer = script.event_of("answer", name);
                answer.at(&["extensions", "subscription", "newSubscriptions", "onPost", "topic"]).clone()
            })
            .into();
        assert_eq!(topics[0], topics[1]);
        post("5", "b");
        ways.gets(&mut script, "next", "onPost", message("5", "b"));
        let heard = |name| script.counted(|event| is(event, "next") && text(event, "name") == name);
        assert_eq!((heard("all"), heard("room"), heard("next")), (3, 2, 1));
    }
}

#[test]
fn a_signed_url_is_good_for_its_client_and_topics_alone() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let mut script = served.paho("http", API_KEY);
    for version in ["3.1", "3.1.1"] {
        let asked = |more: Value| with(value!({"version": version, "qos": 0}), more);
        subscribe(&mut script, "tampered", ALL, asked(value!({"tamper": true})));
        let thrown = script.event_of("thrown", "tampered");
        assert_eq!(text(&thrown, "exception"), "WebsocketConnectionError", "{thrown}");
        subscribe(&mut script, "client", ALL, asked(value!({"client": "somebody-else"})));
        let connected = script.event_of("connected", "client");
        assert_eq!(connected.at(&["code"]), &value!(IDENTIFIER_REJECTED), "{connected}");
        subscribe(&mut script, "topic", ALL, asked(value!({"topic": "000000000000/other/onPost/"})));
        let subscribed = script.event_of("subscribed", "topic");
        assert_eq!(subscribed.at(&["codes"]), &value!([128]), "{subscribed}");
        // Subscribers do not publish.
        subscribe(&mut script, "publisher", ALL, asked(value!({})));
        script.event_of("subscribed", "publisher");
        script.tell("publish", &value!({"name": "publisher", "payload": "{\"data\":{\"onPost\":{\"id\":\"x\"}}}"}));
        let closed = script.event_of("closed", "publisher");
        assert_ne!(text(&closed, "reason"), "Normal disconnection");
        assert_eq!(script.count("next"), 0);
    }
    for (key, query, words) in [
        ("da2-other", ALL, REFUSED),
        (API_KEY, "subscription { onMinutes { id } }", FORBIDDEN),
        (API_KEY, "subscription { onClosed { id } }", "The board is closed."),
    ] {
        let mut script = served.paho("http", key);
        subscribe(&mut script, "refused", query, value!({"version": "3.1", "qos": 0}));
        let answer = script.event_of("answer", "refused");
        assert!(said(&answer).contains(words), "{answer}");
        assert_eq!(answer.at(&["extensions", "subscription"]), &Value::Null, "{answer}");
    }
}
