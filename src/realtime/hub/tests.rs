//! What a hub must survive: definitions that change while events come, sinks that break, queues that are long.

use std::sync::atomic::AtomicBool;
use std::thread;

use value::value;

use super::*;
use crate::api::{Options, RequestContext, RequestHeaders};
use crate::auth::ApiKeys;
use crate::data_source::Services;
use crate::definition::{self, DynamodbSettings, Overrides, ServerSettings, ServiceEndpoint};
use crate::execution::event::Event;
use crate::table::DataFolderTables;

/// An API whose subscriptions hear `send`.
pub(in crate::realtime) fn api() -> Arc<Api> {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let api = "[api]\nname = \"test\"\napi_id = \"test\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n";
    std::fs::write(&config, format!("{api}[[api.api_keys]]\nid = \"da2-test\"\n")).expect("written");
    let schema = "type Query { a: Int } type M { id: ID room: String } type Mutation { send(id: ID): M } \
                  type Subscription { onSend(room: String): M @aws_subscribe(mutations: [\"send\"]) } \
                  schema { query: Query mutation: Mutation subscription: Subscription }";
    std::fs::write(folder.path().join("schema.graphql"), schema).expect("written");
    let loaded = definition::read(&config, std::iter::empty::<(String, String)>(), &Overrides::default());
    let definition = loaded.definition.expect("a definition");
    let server = ServerSettings { ephemeral: true, ..ServerSettings::default() };
    let tables = DataFolderTables::new(&server, &DynamodbSettings::default());
    let services = Arc::new(Services::new(Arc::new(tables), ServiceEndpoint::Embedded));
    let compiled = Api::compile(&definition.apis[0], &Options::new(&config, &definition.server, services));
    Arc::new(compiled.api.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)))
}

/// Keeps what it is given.
#[derive(Clone, Debug, Default)]
struct Kept {
    payloads: Arc<Mutex<Vec<Bytes>>>,
    breaks: Arc<AtomicBool>,
    ends: Arc<Mutex<Vec<End>>>,
}

impl Kept {
    fn ends(&self) -> Vec<End> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ids(&self) -> Vec<i64> {
        let payloads = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        let id = |payload: &Bytes| Value::parse(payload).expect("JSON").at(&["data", "onSend", "id"]).as_str()?.parse().ok();
        payloads.iter().map(|payload| id(payload).expect("an id")).collect()
    }
}

impl Sink for Kept {
    fn deliver(&self, payload: &Bytes) -> Result<(), Dropped> {
        assert!(!self.breaks.load(Ordering::SeqCst), "a sink that breaks, as this test wants it");
        self.payloads.lock().unwrap_or_else(PoisonError::into_inner).push(payload.clone());
        Ok(())
    }

    fn end(&self, end: End) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(end);
    }
}

pub(in crate::realtime) fn hub(api: &Arc<Api>) -> Arc<Hub> {
    let hub = Hub::new("test".into(), HubSettings { payload_limit: 1 << 20 }, None);
    hub.serve(api, &api_keys());
    hub
}

/// Lets callers in by API key.
fn api_keys() -> Authenticator {
    Authenticator::new().api_keys(ApiKeys::default())
}

async fn subscribe(hub: &Hub, api: &Arc<Api>, document: &str) -> (Subscriber, Kept) {
    let request = GraphqlRequest { query: document.into(), operation_name: None, variables: value::Object::new() };
    let context = RequestContext {
        identity: Identity::ApiKey,
        headers: RequestHeaders::default(),
        source_ip: Vec::new(),
        domain_name: None,
        request_id: "id".into(),
        deadline: Instant::now() + Duration::from_secs(30),
        watch: crate::trace::Watch::default(),
    };
    let subscription = api.subscribe(&request, context).await.expect("a subscription");
    let kept = Kept::default();
    let subscriber = hub.register(request, Identity::ApiKey, subscription, Box::new(kept.clone())).expect("registered");
    (subscriber, kept)
}

fn event(id: i64) -> Publication {
    Publication::Event(Event { mutation: "send".into(), value: value!({"id": (id.to_string()), "room": "a"}) })
}

/// As a mutation does it.
async fn publish(hub: &Hub, id: i64) {
    assert!(hub.is_heard(), "event {id} would not be made");
    hub.publish(vec![event(id)], Instant::now() + Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_while_definitions_change() {
    const EVENTS: i64 = 10_000;
    let definitions = [api(), api()];
    // One that is alone, too: without it nobody would listen.
    for documents in [
        &["subscription { onSend(room: \"a\") { id room } }"][..],
        &["subscription { onSend { id } }", "subscription { onSend(room: \"a\") { id room } }"],
    ] {
        let hub = hub(&definitions[0]);
        let running = tokio::spawn(Arc::clone(&hub).run());
        let mut subscribed = Vec::new();
        for (document, api) in documents.iter().zip(&definitions) {
            let (subscriber, kept) = subscribe(&hub, api, document).await;
            subscriber.acknowledge(|| {});
            subscribed.push((subscriber, kept));
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let reloads = {
            let (hub, definitions, is_over) = (Arc::clone(&hub), definitions.clone(), Arc::clone(&is_over));
            thread::spawn(move || {
                let mut reloads = 0;
                while !is_over.load(Ordering::SeqCst) {
                    hub.serve(&definitions[reloads % 2], &api_keys());
                    reloads += 1;
                    // Or nobody else gets the lock for long.
                    thread::sleep(Duration::from_micros(100));
                }
                reloads
            })
        };
        let publisher = {
            let hub = Arc::clone(&hub);
            tokio::spawn(async move {
                for id in 0..EVENTS {
                    publish(&hub, id).await;
                }
            })
        };
        let published = publisher.await;
        is_over.store(true, Ordering::SeqCst);
        assert!(reloads.join().expect("reloads") > 1);
        published.expect("events are made for those who hear them");
        hub.flush().await;
        for (_, kept) in &subscribed {
            assert_eq!(kept.ids(), (0..EVENTS).collect::<Vec<_>>());
            assert_eq!(kept.ends(), []);
        }
        assert_eq!(hub.counters().snapshot().queue_depth, 0);
        running.abort();
    }
}

#[tokio::test]
async fn what_arrives_before_the_acknowledgement_follows_it_or_ends_the_subscription() {
    let api = api();
    let hub = hub(&api);
    let running = tokio::spawn(Arc::clone(&hub).run());
    // As many as may wait, and one more.
    for (events, is_ended) in [(1_024, false), (1_025, true)] {
        let (subscriber, kept) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
        for id in 0..events {
            publish(&hub, id).await;
        }
        hub.flush().await;
        assert!(kept.ids().is_empty(), "nothing comes before the acknowledgement");
        let mut acknowledged = false;
        subscriber.acknowledge(|| acknowledged = true);
        assert_eq!(acknowledged, !is_ended);
        match (&kept.ends()[..], is_ended) {
            ([], false) => assert_eq!(kept.ids(), (0..events).collect::<Vec<_>>()),
            ([End::Overrun], true) => {}
            ends => panic!("{ends:?}"),
        }
        hub.remove(&subscriber);
    }
    running.abort();
}

#[tokio::test]
async fn a_sink_that_breaks_is_not_the_end_of_the_others() {
    let api = api();
    let hub = hub(&api);
    let running = tokio::spawn(Arc::clone(&hub).run());
    let (broken, breaks) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
    let (unbroken, other) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
    broken.acknowledge(|| {});
    unbroken.acknowledge(|| {});
    breaks.breaks.store(true, Ordering::SeqCst);
    for id in 0..3 {
        publish(&hub, id).await;
    }
    hub.flush().await;
    hub.remove(&broken);
    for id in 3..6 {
        publish(&hub, id).await;
    }
    hub.flush().await;
    assert_eq!(other.ids(), [0, 1, 2, 3, 4, 5]);
    let counters = hub.counters().snapshot();
    assert_eq!((counters.queue_depth, counters.subscriptions), (0, 1));
    running.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mutations_that_wait_for_room_all_get_it() {
    const PUBLISHERS: usize = 8;
    let waiting = Arc::new(Waiting::default());
    let (queue, mut queued) = mpsc::unbounded_channel();
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let (waiting, queue) = (Arc::clone(&waiting), queue.clone());
            tokio::spawn(async move {
                for id in 0..5_000 {
                    waiting.add(100);
                    let queued = Queued { publication: event(id), at: Instant::now(), weight: 100 };
                    assert!(queue.send(queued).is_ok(), "the other end is there");
                    // Who misses the news waits for an hour, and this test with it.
                    waiting.room(Instant::now() + Duration::from_secs(3_600)).await;
                }
            })
        })
        .collect();
    drop(queue);
    while let Some(next) = queued.recv().await {
        waiting.done(&next);
    }
    for publisher in publishers {
        publisher.await.expect("a publisher");
    }
    assert!(!waiting.is_long());
    assert_eq!(waiting.bytes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_would_not_be_let_in_any_more_is_told_at_the_reload() {
    let api = api();
    let hub = hub(&api);
    let (_subscriber, kept) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
    hub.serve(&api, &api_keys());
    assert_eq!(kept.ends(), []);
    hub.serve(&api, &Authenticator::new());
    let ends = kept.ends();
    let [End::Refused(errors)] = &ends[..] else { panic!("{ends:?}") };
    assert_eq!(errors[0].error_type.as_deref(), Some("UnauthorizedException"));
    assert_eq!(hub.counters().snapshot().subscriptions, 0);
}

#[tokio::test]
async fn what_is_kept_of_subscriptions_goes_with_the_last_of_them() {
    let api = api();
    let hub = hub(&api);
    let shapes = || hub.registry().shapes.len();
    for _ in 0..3 {
        let (first, _) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
        let (second, _) = subscribe(&hub, &api, "subscription { onSend { id } }").await;
        let (other, _) = subscribe(&hub, &api, "subscription { onSend { room } }").await;
        assert_eq!(shapes(), 2);
        hub.remove(&first);
        hub.remove(&other);
        assert_eq!(shapes(), 1);
        hub.remove(&second);
        assert_eq!(shapes(), 0);
    }
}

#[tokio::test]
async fn a_subscription_that_selects_too_much_is_refused() {
    let api = api();
    let document = |fields: usize| {
        let fields: String = (0..fields).map(|at| format!(" a{at}: id")).collect();
        format!("subscription {{ onSend {{{fields} }} }}")
    };
    let judged = |document: String| {
        let request = GraphqlRequest { query: document.into(), operation_name: None, variables: value::Object::new() };
        api.resubscribe((None, None), &request, &Identity::ApiKey)
    };
    assert!(judged(document(500)).is_ok());
    let errors = judged(document(4_000)).expect_err("it is refused");
    assert_eq!(errors[0].error_type.as_deref(), Some("LimitExceededError"));
}
