//! What depends on a clock that tests cannot set.

use std::time::UNIX_EPOCH;

use value::value;

use super::*;
use crate::api::{Api, Subscription};
use crate::auth::Identity;
use crate::realtime::hub::tests::{api, hub};
use crate::realtime::{Admitted, Hub};

struct NoGate;

impl Gate for NoGate {
    fn admit<'a>(&'a self, _: Arriving<'a>) -> BoxFuture<'a, Result<Admitted, AuthFault>> {
        async { Err(AuthFault::NotAuthorized) }.boxed()
    }

    fn is_host(&self, _: &str) -> bool {
        false
    }
}

/// A connection that is let in, with nothing behind its socket.
fn live(hub: &Arc<Hub>) -> Live {
    let limits = Arc::new(Limits::default());
    let (near, _) = tokio::io::duplex(64);
    let (sender, _) = websocket_server::accept(near, Bytes::new(), websocket_server::Limits::default());
    let mut headers = HeaderMap::new();
    headers.insert("sec-websocket-protocol", http::HeaderValue::from_static("graphql-ws"));
    let now = Instant::now();
    let mut connection = Connection::new(Handshake::read(&headers, ""), Arc::clone(&limits), now);
    assert!(matches!(connection.on_message(br#"{"type":"connection_init"}"#, now)[..], [Action::Authenticate(_)]));
    assert_eq!(connection.connected(now).len(), 2);
    let session = Session {
        hub: Arc::clone(hub),
        gate: Arc::new(NoGate),
        limits,
        socket: websocket_server::Limits::default(),
        request_timeout: Duration::from_secs(30),
        signed_paths: (String::new(), String::new()),
        headers: HeaderMap::new(),
        source_ip: Vec::new(),
        domain_name: None,
        request_id: || "id".into(),
    };
    hub.counters().connected();
    Live { session: Arc::new(session), connection, sender, mailbox: Arc::default(), subscribers: Vec::new() }
}

async fn subscription(api: &Arc<Api>, request: &GraphqlRequest) -> Subscription {
    let context = RequestContext {
        identity: Identity::ApiKey,
        headers: RequestHeaders::default(),
        source_ip: Vec::new(),
        domain_name: None,
        request_id: "id".into(),
        deadline: Instant::now() + Duration::from_secs(30),
        watch: crate::trace::Watch::default(),
    };
    api.subscribe(request, context).await.expect("a subscription")
}

#[tokio::test]
async fn credentials_expire_by_the_wall_clock_too_however_it_is_set() {
    const EXPIRES: u64 = 2_000_000_000;
    let api = api();
    let hub = hub(&api);
    let mut live = live(&hub);
    let document = "subscription { onSend { id } }";
    let request = GraphqlRequest { query: document.into(), operation_name: None, variables: value::Object::new() };
    let expires = UNIX_EPOCH + Duration::from_secs(EXPIRES);
    for (id, until) in [("lasting", None), ("ending", Some(expires))] {
        let data = value!({"query": document}).to_json();
        let start = value!({"id": id, "type": "start", "payload": {"data": data}}).to_json();
        let actions = live.connection.on_message(start.as_bytes(), Instant::now());
        let Some(Action::Start(key, start)) = actions.into_iter().next() else { panic!("no start of {id}") };
        let sink = WebSocketSink {
            sender: live.sender.clone(),
            prefix: frame::data_prefix(&start.id),
            key,
            mailbox: Arc::clone(&live.mailbox),
        };
        let subscription = subscription(&api, &request).await;
        let subscriber = hub.register(request.clone(), Identity::ApiKey, subscription, Box::new(sink)).expect("registered");
        assert!(live.started(key, Ok((subscriber, until))).is_empty());
    }
    for earlier in [UNIX_EPOCH, expires - Duration::from_secs(1)] {
        assert!(live.expired(earlier).is_empty());
    }
    assert_eq!(hub.counters().snapshot().subscriptions, 2);
    let told = live.expired(expires);
    let [Action::Send(told)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*told, frame::error(Some("ending"), &[Error::token_expired()]));
    assert_eq!(hub.counters().snapshot().subscriptions, 1);
    assert!(live.expired(expires + Duration::from_secs(86_400 * 365)).is_empty(), "once, and not who may stay");
    drop(live);
    let counters = hub.counters().snapshot();
    assert_eq!((counters.connections, counters.subscriptions), (0, 0), "nothing of a connection stays, however it ends");
}

#[test]
fn headers_of_a_message_count_before_those_of_the_upgrade_unless_proxies_write_them() {
    let map = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
        let pair =
            |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), http::HeaderValue::from_static(value));
        pairs.iter().map(pair).collect()
    };
    let upgrade =
        map(&[("user-agent", "a"), ("x-custom", "a"), ("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9")]);
    let message = map(&[
        ("x-custom", "b"),
        ("x-custom", "c"),
        ("authorization", "t"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "admin"),
        ("forwarded", "for=127.0.0.1"),
        ("x-amzn-trace-id", "Root=1"),
    ]);
    let expected = map(&[
        ("user-agent", "a"),
        ("x-custom", "b"),
        ("x-custom", "c"),
        ("authorization", "t"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
    ]);
    assert_eq!(merged(&upgrade, &message), expected);
}
