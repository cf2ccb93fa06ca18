//! A connection's life, told as what arrives and what is done about it.

use super::*;
use crate::handshake::Source;

const INIT: &str = r#"{"type":"connection_init"}"#;
const ACK: &str = r#"send {"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#;
const KA: &str = r#"send {"type":"ka"}"#;

/// A connection with its own clock.
struct Client {
    connection: Connection,
    now: Instant,
    keys: Vec<SubscriptionKey>,
}

fn client_with(limits: Limits, credentials: Result<Credentials, Refusal>) -> Client {
    let now = Instant::now();
    let handshake = Handshake { sub_protocol: Some("graphql-ws"), credentials };
    Client { connection: Connection::new(handshake, Arc::new(limits), now), now, keys: Vec::new() }
}

fn credentials() -> Credentials {
    Credentials { headers: http::HeaderMap::new(), payload: Bytes::from_static(b"{}"), source: Source::Upgrade }
}

fn client() -> Client {
    client_with(Limits { subscriptions: 3, ..Limits::default() }, Ok(credentials()))
}

/// One that is let in, and has seen the ack.
fn open() -> Client {
    let mut client = client();
    assert_eq!(client.says(INIT), ["authenticate"]);
    assert_eq!(client.connected(), [ACK, KA]);
    client
}

impl Client {
    /// Actions as text; the keys of subscriptions by their number.
    fn shown(&mut self, actions: Vec<Action>) -> Vec<String> {
        let text = |frame: &Bytes| String::from_utf8(frame.to_vec()).expect("frames are text");
        actions
            .into_iter()
            .map(|action| match action {
                Action::Authenticate(_) => "authenticate".to_owned(),
                Action::Start(key, start) => {
                    self.keys.push(key);
                    format!("start {} {}", self.number(key), start.id)
                }
                Action::Stop(key) => format!("stop {}", self.number(key)),
                Action::Send(frame) => format!("send {}", text(&frame)),
                Action::Close { code, reason } => format!("close {code} {reason}"),
            })
            .collect()
    }

    fn number(&self, key: SubscriptionKey) -> usize {
        self.keys.iter().position(|known| *known == key).expect("a key that was given out")
    }

    fn says(&mut self, message: &str) -> Vec<String> {
        let actions = self.connection.on_message(message.as_bytes(), self.now);
        self.shown(actions)
    }

    fn starts(&mut self, id: &str) -> Vec<String> {
        self.says(&start(id))
    }

    fn stops(&mut self, id: &str) -> Vec<String> {
        self.says(&format!(r#"{{"type":"stop","id":"{id}"}}"#))
    }

    fn connected(&mut self) -> Vec<String> {
        let actions = self.connection.connected(self.now);
        self.shown(actions)
    }

    fn refused(&mut self) -> Vec<String> {
        let refusal = Refusal::new("UnauthorizedException", "You are not authorized to make this call.", 401);
        let actions = self.connection.refused(&refusal);
        self.shown(actions)
    }

    fn started(&mut self, number: usize, expires_in: Option<u64>) -> Option<String> {
        let expires = expires_in.map(|seconds| self.now + Duration::from_secs(seconds));
        let frame = self.connection.started(self.keys[number], expires)?;
        Some(String::from_utf8(frame.to_vec()).expect("frames are text"))
    }

    fn ended(&mut self, number: usize, end: &End<'_>) -> Vec<String> {
        let actions = self.connection.ended(self.keys[number], end);
        self.shown(actions)
    }

    fn invalidated(&mut self, numbers: &[usize]) -> Vec<String> {
        let keys: Vec<_> = numbers.iter().map(|number| self.keys[*number]).collect();
        let actions = self.connection.invalidated(&keys);
        self.shown(actions)
    }

    /// Seconds until the next deadline.
    fn due(&self) -> Option<u64> {
        Some(self.connection.next_deadline()?.saturating_duration_since(self.now).as_secs())
    }

    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.now += Duration::from_secs(seconds);
        let actions = self.connection.on_tick(self.now);
        self.shown(actions)
    }

    fn closed(&mut self) -> Vec<usize> {
        let keys = self.connection.closed();
        keys.into_iter().map(|key| self.number(key)).collect()
    }
}

fn start(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"start","payload":{{"data":"{{\"query\":\"subscription {{ a }}\"}}"}}}}"#)
}

fn error(id: &str, members: &str) -> String {
    format!(r#"send {{"id":"{id}","type":"error","payload":{{"errors":[{{{members}}}]}}}}"#)
}

fn none() -> Vec<String> {
    Vec::new()
}

const REFUSED: [&str; 2] = [
    r#"send {"type":"connection_error","payload":{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call.","errorCode":401}]}}"#,
    "close 1008 the connection was refused",
];

#[test]
fn a_subscription_lives_from_start_to_complete() {
    let mut client = open();
    assert_eq!(client.starts("a"), ["start 0 a"]);
    assert_eq!(client.started(0, None).as_deref(), Some(r#"{"id":"a","type":"start_ack"}"#));
    assert_eq!(client.connection.id(client.keys[0]).map(|id| &**id), Some("a"));
    assert_eq!(client.stops("a"), ["stop 0", r#"send {"id":"a","type":"complete"}"#]);
    assert_eq!(client.connection.id(client.keys[0]), None);
    // The id is free again, and means another subscription.
    assert_eq!(client.starts("a"), ["start 1 a"]);
    assert_ne!(client.keys[0], client.keys[1]);
    assert_eq!(client.closed(), [1]);
}

#[test]
fn refusals_wait_for_the_client_to_speak() {
    let mut client = client();
    assert_eq!(client.due(), Some(5));
    assert_eq!(client.after(4), none());
    assert_eq!(client.says(INIT), ["authenticate"]);
    assert_eq!(client.refused(), REFUSED);
    assert_eq!((client.due(), client.connection.is_closed()), (None, true));
}

#[test]
fn credentials_that_cannot_be_read_are_refused_without_the_host() {
    let refusal = Refusal::sub_protocol_not_supported();
    let expected = [
        r#"send {"type":"connection_error","payload":{"errors":[{"message":"SubProtocolNotSupportedError","errorCode":400}]}}"#,
        "close 1008 the connection was refused",
    ];
    for message in [INIT, "garbage", &start("a")] {
        let mut client = client_with(Limits::default(), Err(refusal.clone()));
        assert_eq!(client.says(message), expected);
    }
    let mut client = client_with(Limits::default(), Err(refusal));
    assert_eq!(client.after(5), expected);
}

#[test]
fn a_silent_client_is_judged_all_the_same() {
    let mut client = client();
    assert_eq!(client.after(5), ["authenticate"]);
    assert_eq!(client.due(), Some(24 * 3600 - 5));
    assert_eq!(client.after(10), none(), "only once");
    assert_eq!(client.connected(), [KA]);
    assert!(client.connection.is_open());
    // Late, but asked for.
    assert_eq!(client.says(INIT), [ACK, KA]);

    let mut client = self::client();
    assert_eq!(client.after(5), ["authenticate"]);
    assert_eq!(client.refused(), REFUSED);
}

#[test]
fn what_comes_between_init_and_ack_is_ignored() {
    let mut client = client();
    assert_eq!(client.says(INIT), ["authenticate"]);
    for message in [&start("a"), "garbage", INIT] {
        assert_eq!(client.says(message), none());
    }
    assert_eq!(client.connected(), [ACK, KA]);
    assert_eq!(client.starts("a"), ["start 0 a"]);
}

#[test]
fn without_init_what_comes_first_is_held_until_the_connection_is_let_in() {
    let mut client = client();
    assert_eq!(client.starts("a"), ["authenticate"]);
    assert_eq!(client.starts("b"), none());
    assert_eq!(client.stops("a"), none());
    assert_eq!(client.connected(), [KA, "start 0 a", "start 1 b", "stop 0", r#"send {"id":"a","type":"complete"}"#]);

    let mut client = self::client();
    assert_eq!(client.starts("a"), ["authenticate"]);
    assert_eq!(client.says(INIT), none());
    assert_eq!(client.starts("ignored: sent between init and ack"), none());
    assert_eq!(client.connected(), [ACK, KA, "start 0 a"]);

    let mut client = self::client();
    assert_eq!(client.starts("a"), ["authenticate"]);
    assert_eq!(client.refused(), REFUSED, "and nothing was started");
}

#[test]
fn what_is_held_is_bounded() {
    let close = ["close 1008 too many messages before the connection was let in"];
    for (message_bytes, message, fits) in [(5 * start("a").len(), start("a"), 5), (1 << 20, "x".to_owned(), MAX_HELD)] {
        let mut client = client_with(Limits { message_bytes, ..Limits::default() }, Ok(credentials()));
        assert_eq!(client.says(&message), ["authenticate"]);
        for _ in 1..fits {
            assert_eq!(client.says(&message), none());
        }
        assert_eq!(client.says(&message), close);
        assert_eq!(client.connected(), none(), "too late");
    }
}

#[test]
fn an_id_in_use_is_refused_and_its_subscription_stays() {
    let mut client = open();
    assert_eq!(client.starts("a"), ["start 0 a"]);
    let duplicated = [error("a", r#""errorType":"DuplicatedOperationError","message":"Duplicated operation with id a""#)];
    assert_eq!(client.starts("a"), duplicated, "while it is starting");
    assert!(client.started(0, None).is_some());
    assert_eq!(client.starts("a"), duplicated, "while it is live");
    assert_eq!(client.closed(), [0]);
}

#[test]
fn subscriptions_are_weighed_together_from_their_start_to_their_end() {
    let bytes = ClientMessage::parse(start("a").as_bytes());
    let ClientMessage::Start(one) = bytes else { panic!("{bytes:?}") };
    let subscription_bytes = 2 * one.data.len() + 1;
    let mut client = client_with(Limits { subscription_bytes, ..Limits::default() }, Ok(credentials()));
    client.says(INIT);
    client.connected();
    assert_eq!((client.starts("a"), client.starts("b")), (vec!["start 0 a".to_owned()], vec!["start 1 b".to_owned()]));
    let message = format!(
        "The subscriptions of a connection may have {subscription_bytes} bytes of documents and variables together; open another \
         connection."
    );
    let too_large = [error("c", &format!(r#""errorType":"LimitExceededError","message":"{message}""#))];
    assert_eq!(client.starts("c"), too_large);
    client.stops("a");
    assert_eq!(client.starts("c"), ["start 2 c"], "what is stopped weighs nothing");
}

#[test]
fn subscriptions_are_counted_from_their_start_to_their_end() {
    let mut client = open();
    for id in ["a", "b", "c"] {
        client.starts(id);
    }
    let too_many =
        |id| [error(id, r#""errorType":"MaxSubscriptionsReachedError","message":"Max number of 3 subscriptions reached""#)];
    assert_eq!(client.starts("d"), too_many("d"));
    assert_eq!(client.connection.subscriptions(), 3);
    client.stops("a");
    assert_eq!(client.starts("d"), ["start 3 d"]);
    assert_eq!(client.starts("e"), too_many("e"));
    client.ended(1, &End::Failed(&[]));
    assert_eq!(client.starts("e"), ["start 4 e"]);
}

#[test]
fn a_stop_before_the_ack_cancels_the_start() {
    let mut client = open();
    client.starts("a");
    assert_eq!(client.stops("a"), ["stop 0", r#"send {"id":"a","type":"complete"}"#]);
    client.starts("a");
    assert_eq!(client.started(0, None), None, "the first one is gone, and not taken for the second");
    assert_eq!(client.ended(0, &End::Failed(&[Error::message("late")])), none());
    assert!(client.started(1, None).is_some());
}

#[test]
fn a_stop_of_nothing_is_an_error() {
    let mut client = open();
    let unknown = [error("a", r#""errorType":"UnknownOperationError","message":"Unknown operation id a""#)];
    assert_eq!(client.stops("a"), unknown);
    client.starts("a");
    client.stops("a");
    assert_eq!(client.stops("a"), unknown);
}

#[test]
fn a_refused_start_is_an_error_and_its_id_is_free() {
    let mut client = open();
    client.starts("a");
    let errors = [Error::new("Unauthorized", "Not Authorized to access a on type Subscription")];
    let actions = client.connection.start_refused(client.keys[0], &errors);
    let expected = [error("a", r#""errorType":"Unauthorized","message":"Not Authorized to access a on type Subscription""#)];
    assert_eq!(client.shown(actions), expected);
    assert_eq!(client.starts("a"), ["start 1 a"]);
}

#[test]
fn the_host_ends_a_subscription_with_an_error() {
    let gone = [Error::message("gone")];
    let message = error("a", r#""message":"gone""#);
    let large = r#""errorType":"LimitExceededError","message":"The payload has 300000 bytes, more than the 245760 that a subscription may be sent.""#;
    for (end, expected) in [
        (End::Failed(&gone), vec![message.clone()]),
        (End::Withdrawn(&gone), vec![message, r#"send {"id":"a","type":"complete"}"#.to_owned()]),
        (End::PayloadTooLarge(300_000), vec![error("a", large)]),
    ] {
        let mut client = open();
        client.starts("a");
        client.started(0, None);
        assert_eq!(client.ended(0, &end), expected);
        assert_eq!(client.ended(0, &end), none(), "only once");
        assert!(client.connection.is_open());
    }
}

#[test]
fn invalidation_tells_each_subscription_and_closes_the_connection() {
    let mut client = open();
    for (number, id) in ["a", "b", "c"].into_iter().enumerate() {
        client.starts(id);
        client.started(number, None);
    }
    client.stops("b");
    assert_eq!(client.invalidated(&[1]), none(), "it is gone already");
    assert_eq!(
        client.invalidated(&[0, 1, 2]),
        [
            error("a", r#""message":"Subscription complete.""#),
            error("c", r#""message":"Subscription complete.""#),
            "close 1000 subscription complete".to_owned()
        ]
    );
    assert_eq!(client.invalidated(&[0, 1, 2]), none());
    assert_eq!(client.closed(), Vec::<usize>::new());
}

#[test]
fn a_subscription_ends_when_its_token_expires() {
    let mut client = open();
    client.starts("a");
    client.starts("b");
    assert_eq!(client.due(), Some(60));
    client.started(0, Some(40));
    client.started(1, Some(30));
    assert_eq!(client.due(), Some(30));
    assert_eq!(client.after(29), none());
    let expired = |id| error(id, r#""errorType":"UnauthorizedException","message":"Token has expired.""#);
    assert_eq!(client.after(1), ["stop 1".to_owned(), expired("b")]);
    assert_eq!((client.due(), client.after(10)), (Some(10), vec!["stop 0".to_owned(), expired("a")]));
    assert_eq!(client.due(), Some(20));
    // One that has expired while it was judged.
    client.starts("c");
    client.started(2, Some(0));
    assert_eq!((client.due(), client.after(0)), (Some(0), vec!["stop 2".to_owned(), expired("c")]));
    assert!(client.connection.is_open(), "the connection itself stays");
}

#[test]
fn keep_alives_come_every_minute_whatever_else_is_sent() {
    let mut client = open();
    assert_eq!(client.after(59), none());
    client.starts("a");
    assert_eq!(client.after(1), [KA]);
    assert_eq!(client.after(0), none());
    // A host that is late keeps the rhythm, one that slept sends one.
    assert_eq!((client.after(61), client.due()), (vec![KA.to_owned()], Some(59)));
    assert_eq!((client.after(600), client.due()), (vec![KA.to_owned()], Some(60)));
}

#[test]
fn a_connection_ends_with_its_age() {
    let mut client = open();
    client.starts("a");
    for _ in 1..24 * 60 {
        assert_eq!(client.after(60), [KA]);
    }
    assert_eq!(client.due(), Some(60));
    assert_eq!(client.after(60), ["close 1001 the connection has reached its age"]);
    assert_eq!((client.due(), client.closed()), (None, vec![0]));
    // Between two keep-alives, too.
    let limits = Limits { connection_age: Duration::from_secs(90), ..Limits::default() };
    let mut client = client_with(limits, Ok(credentials()));
    client.says(INIT);
    client.connected();
    assert_eq!((client.after(60), client.due()), (vec![KA.to_owned()], Some(30)));
    assert_eq!(client.after(30), ["close 1001 the connection has reached its age"]);
    // In any phase.
    let mut client = self::client();
    client.says(INIT);
    assert_eq!(client.after(24 * 3600), ["close 1001 the connection has reached its age"]);
}

#[test]
fn nothing_follows_a_close() {
    let mut client = open();
    client.starts("a");
    client.starts("b");
    client.started(1, Some(1));
    let actions = client.connection.going_away();
    assert_eq!(client.shown(actions), ["close 1001 the server is going away"]);
    let actions = client.connection.going_away();
    assert_eq!(client.shown(actions), none());
    for message in [INIT, &start("c"), "garbage"] {
        assert_eq!(client.says(message), none());
    }
    assert_eq!(client.after(24 * 3600), none());
    assert_eq!(client.started(0, None), None);
    assert_eq!(client.invalidated(&[0]), none());
    assert_eq!(client.ended(0, &End::Failed(&[])), none());
    assert_eq!((client.connected(), client.refused()), (none(), none()));
    assert_eq!(client.closed(), [1]);
}

#[test]
fn a_message_may_not_be_larger_than_allowed() {
    let mut client = open();
    let message = format!(r#"{{"type":"stop","id":"a","x":"{}"}}"#, "x".repeat(1 << 20));
    let expected = format!(
        r#"send {{"type":"error","payload":{{"errors":[{{"errorType":"LimitExceededError","message":"The message has {} bytes, more than the 1048576 that one may have."}}]}}}}"#,
        message.len()
    );
    assert_eq!(client.says(&message), [expected]);
    assert!(client.connection.is_open());
}

#[test]
fn no_duration_is_too_long() {
    let forever =
        Limits { init_wait: Duration::MAX, keep_alive: Duration::MAX, connection_age: Duration::MAX, ..Limits::default() };
    let mut client = client_with(forever, Ok(credentials()));
    assert_eq!(client.after(24 * 3600), none());
    client.says(INIT);
    assert_eq!(client.connected(), [ACK, KA]);
    assert_eq!(client.after(1 << 20), none());
}

/// The figure for 20,000 idle connections with a subscription each.
#[test]
fn an_idle_connection_is_small() {
    let heap_of_subscriptions = |count: usize| count * size_of::<Subscription>();
    let mut client = open();
    client.starts("7d1a2b1e-8a8a-4c07-9d0b-1d5d1c0c7a11");
    let own = size_of::<Connection>() + heap_of_subscriptions(client.connection.subscriptions.capacity());
    // The id with the counts of its `Arc`, and what an allocator adds to two allocations.
    let all = own + 36 + 2 * size_of::<usize>() + 2 * 16;
    assert!(all <= 256, "{all} bytes");
    assert!(size_of::<Action>() <= 40);
}

#[test]
fn the_room_of_many_subscriptions_is_given_back() {
    let mut client = client_with(Limits::default(), Ok(credentials()));
    client.says(INIT);
    client.connected();
    for number in 0..200 {
        client.starts(&number.to_string());
    }
    for number in 0..199 {
        client.stops(&number.to_string());
    }
    assert!(client.connection.subscriptions.capacity() <= 4, "{}", client.connection.subscriptions.capacity());
    assert_eq!(client.closed(), [199]);
}
