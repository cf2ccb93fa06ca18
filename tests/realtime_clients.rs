//! Subscriptions over AppSync's WebSocket protocol with the clients that people have, none of them changed: Amplify, Apollo Client with
//! AWS's links, aws-appsync 4 and gql. Each subscribes in the modes that it knows, and gets what the API's mutations select.

mod harness;
#[path = "clients/realtime.rs"]
mod realtime;

use harness::dynamodb_servers::servers_are_wanted;
use harness::{API_KEY, Server};
use realtime::rounds::{Ways, Wire, asks, ends, opens, rounds, subscribe, ways, with};
use realtime::script::{is, said, text};
use realtime::{ALL, FORBIDDEN, PASSWORD, REFUSED, Served, post, token};
use value::{Value, value};

const PARTY: &str = "subscription ($guest: String!) { onParty(guest: $guest) { id room } }";

/// Ends what a guest hears of the party.
fn expel(served: &Served, guest: &str) {
    let answer = served.server.client().query(&format!("mutation {{ expel(guest: \"{guest}\") }}"));
    assert_eq!(answer.body, format!(r#"{{"data":{{"expel":"{guest}"}}}}"#));
}

/// Amplify, told this with each subscription.
fn amplify_ways(more: Value) -> Ways {
    Ways { more, ..ways(Wire::Frames, false, false) }
}

#[test]
fn amplify_subscribes_in_every_mode() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let pool = value!({
        "id": "eu-west-1_Board", "client": "web", "username": "ann", "password": PASSWORD,
        "endpoint": (format!("http://127.0.0.1:{}/cognito-idp", served.server.address.port())),
    });
    // Amplify speaks TLS to the port of an endpoint without it.
    let url = format!("wss://127.0.0.1:{}/graphql/realtime", served.server.address.port());
    for (mode, changes) in [
        (value!({"mode": "apiKey"}), value!({})),
        (value!({"mode": "iam"}), value!({})),
        (value!({"mode": "lambda", "authToken": "custom-zoe"}), value!({})),
        (value!({"mode": "userPool"}), value!({"pool": (pool)})),
    ] {
        let mut script = served.amplify(changes);
        rounds(&mut script, &served.server, &amplify_ways(mode.clone()));
        opens(&mut script, &url, "graphql-ws");
        if text(&mode, "mode") == "userPool" {
            // Ann belongs to the group that the field wants.
            let ways = amplify_ways(mode);
            ways.subscribe(&mut script, "minutes", "subscription { onMinutes { id } }", value!({}));
            post(&served.server, r#"id: "12""#, "id");
            ways.gets(&mut script, "minutes", "onMinutes", value!({"id": "12"}));
            script.tell("unsubscribe", &value!({"name": "minutes"}));
        }
        ends(&mut script);
    }
}

#[test]
fn amplify_uses_several_modes_on_one_socket() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let mut script = served.amplify(value!({}));
    let modes = [
        ("apiKey", value!({"mode": "apiKey"})),
        ("iam", value!({"mode": "iam"})),
        ("lambda", value!({"mode": "lambda", "authToken": "custom-zoe"})),
    ];
    let query = "subscription { onPost { id } }";
    for (name, mode) in &modes {
        amplify_ways(mode.clone()).subscribe(&mut script, name, query, value!({}));
    }
    post(&served.server, r#"id: "1""#, "id");
    for (name, mode) in &modes {
        amplify_ways(mode.clone()).gets(&mut script, name, "onPost", value!({"id": "1"}));
    }
    // Headers of a call are parameters of the socket's URL, if it opens one, and of each start.
    let visit = value!({"mode": "apiKey", "headers": {"x-visitor": "zoe"}});
    amplify_ways(visit).subscribe(&mut script, "closed", "subscription { onClosed { id } }", value!({}));
    // Each subscription is judged for itself.
    subscribe(&mut script, "minutes", "subscription { onMinutes { id } }", value!({"mode": "iam"}));
    let error = script.event_of("error", "minutes");
    assert!(text(&error, "message").contains(FORBIDDEN), "{error}");
    assert_eq!(script.count("opened"), 1);

    let mut script = served.amplify(value!({}));
    let visit = value!({"mode": "apiKey", "headers": {"x-visitor": "zoe"}});
    amplify_ways(visit).subscribe(&mut script, "closed", "subscription { onClosed { id } }", value!({}));
    opens(&mut script, &format!("{}/realtime?x-visitor=zoe", served.url("wss")), "graphql-ws");
}

#[test]
fn amplify_gives_up_when_it_is_refused() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let credentials = value!({"accessKeyId": "AKIDBO", "secretAccessKey": "bo/other"});
    for (mode, changes) in [
        (value!({"mode": "apiKey"}), value!({"apiKey": "da2-other"})),
        (value!({"mode": "iam"}), value!({"credentials": (credentials)})),
        (value!({"mode": "lambda", "authToken": "nobody"}), value!({})),
    ] {
        let mut script = served.amplify(changes);
        for sockets in 1..=2 {
            subscribe(&mut script, "all", ALL, mode.clone());
            let error = script.event_of("error", "all");
            assert!(text(&error, "message").starts_with("Connection failed: "), "{error}");
            script.event("closed");
            // One try, and none after it.
            assert_eq!(script.count("opened"), sockets, "{mode}");
        }
        let error = script.frame("connection_error");
        let refusal = &error.at(&["payload", "errors"]).as_list().expect("errors")[0];
        assert!(refusal.get("errorCode").is_some() && refusal.get("errorType").is_some(), "{error}");
    }
}

#[test]
fn amplify_goes_on_after_a_subscription_was_refused() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let mut script = served.amplify(value!({}));
    let ways = amplify_ways(value!({"mode": "apiKey"}));
    let query = "subscription { onPost { id } }";
    let id = ways.subscribe(&mut script, "all", query, value!({}));
    // What the resolver says is an error of that subscription alone.
    subscribe(&mut script, "closed", "subscription { onClosed { id } }", ways.more.clone());
    let error = script.event_of("error", "closed");
    assert!(text(&error, "message").contains("The board is closed."), "{error}");
    post(&served.server, r#"id: "1""#, "id");
    ways.gets(&mut script, "all", "onPost", value!({"id": "1"}));
    assert_eq!(script.count("closed"), 0);
    // Where somebody is not authorized, Amplify connects again, for fresh tokens; what it has keeps its id.
    subscribe(&mut script, "minutes", "subscription { onMinutes { id } }", ways.more.clone());
    let error = script.event_of("error", "minutes");
    assert!(text(&error, "message").contains(FORBIDDEN), "{error}");
    let again = script.frame("start_ack");
    assert_eq!((text(&again, "id"), script.count("opened")), (id.as_str(), 2));
    post(&served.server, r#"id: "2""#, "id");
    ways.gets(&mut script, "all", "onPost", value!({"id": "2"}));
}

#[test]
fn amplify_connects_again_when_the_server_is_back() {
    if !servers_are_wanted() {
        return;
    }
    let mut served = Served::start();
    let mut script = served.amplify(value!({}));
    let ways = amplify_ways(value!({"mode": "apiKey"}));
    let query = "subscription ($room: String) { onPost(room: $room) { id } }";
    let mut ids = vec![
        ways.subscribe(&mut script, "a", query, value!({"room": "a"})),
        ways.subscribe(&mut script, "b", query, value!({"room": "b"})),
    ];
    ids.sort_unstable();
    for (round, abruptly) in [false, true].into_iter().enumerate() {
        let port = served.server.address.port().to_string();
        if abruptly {
            served.server.kill();
        } else {
            served.server.terminate();
            served.server.wait();
        }
        script.event("closed");
        let mut command = harness::command();
        command.arg("serve").arg("--config").arg(served.definition.path("config.toml"));
        command.args(["--port", &port, "--data"]).arg(served.definition.path("data"));
        served.server = Server::start(command);
        let mut again: Vec<String> = (0..2).map(|_| text(&script.frame("start_ack"), "id").to_owned()).collect();
        again.sort_unstable();
        assert_eq!(again, ids);
        for room in ["a", "b"] {
            let id = format!("{room}{round}");
            post(&served.server, &format!("id: \"{id}\", room: \"{room}\""), "id room");
            ways.gets(&mut script, room, "onPost", value!({"id": (id)}));
        }
    }
}

#[test]
fn amplify_goes_on_after_a_subscription_was_ended() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let mut script = served.amplify(value!({}));
    let ways = amplify_ways(value!({"mode": "apiKey"}));
    let id = ways.subscribe(&mut script, "all", "subscription { onPost { id } }", value!({}));
    ways.subscribe(&mut script, "party", PARTY, value!({"guest": "zoe"}));
    expel(&served, "zoe");
    let error = script.next("party");
    assert!(is(&error, "error") && text(&error, "message").contains("Subscription complete."), "{error}");
    // AppSync closes the connection with it; the client connects again for what it has left.
    script.event("closed");
    let again = script.frame("start_ack");
    assert_eq!((text(&again, "id"), script.count("opened")), (id.as_str(), 2));
    post(&served.server, r#"id: "1", room: "party""#, "id room");
    ways.gets(&mut script, "all", "onPost", value!({"id": "1"}));
    assert_eq!(script.counted(|event| is(event, "next") && text(event, "name") == "party"), 0);
}

#[test]
fn clients_hear_why_a_subscription_ends() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let [key, ..] = served.modes();
    let mut apollo = served.apollo("http", key);
    let mut gql = served.gql(&served.url("ws"), value!({"apiKey": API_KEY}));
    gql.event("configured");
    let all = "subscription { onPost { id text } }";
    let clients = [(&mut apollo, ways(Wire::Frames, true, false)), (&mut gql, ways(Wire::Frames, false, true))];
    for (script, ways) in clients {
        ways.subscribe(script, "all", all, value!({}));
        ways.subscribe(script, "party", PARTY, value!({"guest": "zoe"}));

        // An event over the limit, of which AppSync's clients hear nothing.
        let long = "x".repeat(250_000);
        post(&served.server, &format!("id: \"1\", text: \"{long}\""), "id text");
        let error = script.next("all");
        assert!(said(&error).contains("more than the 245760 that a subscription may be sent"), "{error}");
        ways.subscribe(script, "again", all, value!({}));

        expel(&served, "zoe");
        let error = script.next("party");
        assert!(said(&error).contains("Subscription complete."), "{error}");
        // The connection is closed with it, which the others learn from the client.
        let error = script.next("again");
        assert!(text(&error, "message").to_lowercase().contains("connection"), "{error}");
    }
}

#[test]
fn apollo_client_subscribes_with_the_links() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let ways = ways(Wire::Frames, true, false);
    // The link leaves the scheme as it is; the key goes once in the clear, and once over TLS.
    let [key, iam, pool] = served.modes();
    for (scheme, auth) in [("http", key.clone()), ("https", key), ("http", iam), ("http", pool)] {
        let mut script = served.apollo(scheme, auth);
        rounds(&mut script, &served.server, &ways);
        let url = served.url(&scheme.replace("http", "ws"));
        opens(&mut script, &format!("{url}/realtime"), "graphql-ws");
        ends(&mut script);
        asks(&mut script);
    }
}

#[test]
fn apollo_client_tells_who_is_refused() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let [key, ..] = served.modes();
    let mut script = served.apollo("http", with(key.clone(), value!({"apiKey": "da2-other"})));
    subscribe(&mut script, "all", ALL, value!({}));
    let error = script.next("all");
    assert_eq!(text(&error, "message"), "Connection failed: UnauthorizedException", "{error}");
    script.event("closed");
    assert_eq!(script.count("opened"), 1);

    let mut script = served.apollo("http", key);
    let ways = ways(Wire::Frames, true, false);
    ways.subscribe(&mut script, "all", "subscription { onPost { id } }", value!({}));
    for (field, words) in [("onMinutes", FORBIDDEN), ("onClosed", "The board is closed.")] {
        subscribe(&mut script, field, &format!("subscription {{ {field} {{ id }} }}"), value!({}));
        let error = script.next(field);
        assert!(text(&error, "message").contains(words), "{error}");
    }
    post(&served.server, r#"id: "1""#, "id");
    ways.gets(&mut script, "all", "onPost", value!({"id": "1", "__typename": "Message"}));
    assert_eq!((script.count("opened"), script.count("closed")), (1, 0));
}

#[test]
fn aws_appsync_4_subscribes() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let ways = ways(Wire::Frames, true, true);
    let [key, iam, pool] = served.modes();
    for (scheme, auth) in [("http", key.clone()), ("https", iam), ("http", pool)] {
        let mut script = served.aws_appsync(4, scheme, auth);
        rounds(&mut script, &served.server, &ways);
        // The credentials are in the query string.
        let url = served.url(&scheme.replace("http", "ws"));
        opens(&mut script, &format!("{url}/realtime?header="), "graphql-ws");
        ends(&mut script);
        asks(&mut script);
    }
    // Its link for retries tries again whatever the refusal, ever more slowly. The server says the same again.
    let mut script = served.aws_appsync(4, "http", with(key.clone(), value!({"apiKey": "da2-other"})));
    subscribe(&mut script, "all", ALL, value!({}));
    for _ in 0..2 {
        let error = script.frame("connection_error");
        assert_eq!(error.at(&["payload", "errors"]).as_list().map(<[Value]>::len), Some(1), "{error}");
    }
    let mut script = served.aws_appsync(4, "http", key);
    ways.subscribe(&mut script, "all", "subscription { onPost { id } }", value!({}));
    for (field, words) in [("onMinutes", FORBIDDEN), ("onClosed", "The board is closed.")] {
        subscribe(&mut script, field, &format!("subscription {{ {field} {{ id }} }}"), value!({}));
        let error = script.frame("error");
        assert!(error.to_json().contains(words), "{error}");
        script.tell("unsubscribe", &value!({"name": field}));
    }
    post(&served.server, r#"id: "1""#, "id");
    ways.gets(&mut script, "all", "onPost", value!({"id": "1", "__typename": "Message"}));
}

#[test]
fn gql_subscribes() {
    if !servers_are_wanted() {
        return;
    }
    let served = Served::start();
    let ways = ways(Wire::Frames, false, true);
    let key = value!({"apiKey": API_KEY});
    let iam = value!({"accessKeyId": "AKIDBO", "secretAccessKey": "bo/secret+access/key", "region": "eu-west-1"});
    let jwt = value!({"jwt": (token(&served.server))});
    // It asks the endpoint itself, as everybody who follows its documentation does, and the one that AWS names.
    for (url, auth) in [
        (served.url("ws"), key.clone()),
        (served.url("https"), jwt),
        (served.url("https"), iam),
        (format!("{}/realtime", served.url("ws")), key.clone()),
    ] {
        let mut script = served.gql(&url, auth);
        script.event("configured");
        rounds(&mut script, &served.server, &ways);
        opens(&mut script, &format!("{}?header=", url.replace("https", "wss")), "graphql-ws");
        script.tell("close", &value!({}));
        ends(&mut script);
    }
    let mut script = served.gql(&served.url("ws"), value!({"apiKey": "da2-other"}));
    let thrown = script.event("thrown");
    assert_eq!(text(&thrown, "exception"), "TransportServerError", "{thrown}");
    assert!(text(&thrown, "message").contains(REFUSED), "{thrown}");

    let mut script = served.gql(&served.url("ws"), key);
    script.event("configured");
    ways.subscribe(&mut script, "all", "subscription { onPost { id } }", value!({}));
    for (field, words) in [("onMinutes", FORBIDDEN), ("onClosed", "The board is closed.")] {
        subscribe(&mut script, field, &format!("subscription {{ {field} {{ id }} }}"), value!({}));
        let error = script.event_of("error", field);
        assert!(text(&error, "message").contains(words), "{error}");
    }
    post(&served.server, r#"id: "1""#, "id");
    ways.gets(&mut script, "all", "onPost", value!({"id": "1"}));
}
