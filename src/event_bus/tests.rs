//! From an entry to its targets, with targets that do as a test says.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use value::{Value, value};

use super::*;
use crate::api::{GraphqlRequest, GraphqlResponse, RequestContext, RequestFault};
use crate::auth::Identity;
use crate::definition::{AuthenticationType, EventInput, EventRule, EventTarget, EventTargetKind, RetryPolicy};

/// An API that notes what it is asked, waits as long as it is told, and puts an event itself where it has a bus.
#[derive(Debug, Default)]
struct Recorder {
    asked: Arc<Mutex<Vec<(Value, Value)>>>,
    gate: Option<Arc<Semaphore>>,
    buses: Option<Arc<EventBuses>>,
    refused: Arc<Mutex<Vec<PutEventsResultEntry>>>,
    answer: &'static str,
}

impl Mutations for Recorder {
    fn run(&self, request: GraphqlRequest, context: RequestContext) -> BoxFuture<'static, Result<GraphqlResponse, RequestFault>> {
        let (asked, gate, buses) = (Arc::clone(&self.asked), self.gate.clone(), self.buses.clone());
        let (refused, answer) = (Arc::clone(&self.refused), self.answer);
        async move {
            if let Some(gate) = gate {
                gate.acquire().await.expect("an open gate").forget();
            }
            asked.lock().expect("no panic").push((Value::from(request.variables), context.identity.to_value(&[])));
            if let Some(buses) = buses {
                let results = buses.put_events(vec![(bus(), entry("again"))], crate::lineage::depth()).await.expect("a request");
                let is_refused = |result: &PutEventsResultEntry| matches!(result, PutEventsResultEntry::Refused { .. });
                refused.lock().expect("no panic").extend(results.into_iter().filter(is_refused));
            }
            let body = if answer.is_empty() { r#"{"data":{}}"# } else { answer };
            Ok(GraphqlResponse::new(body.into(), Vec::new()))
        }
        .boxed()
    }
}

fn bus() -> BusAddress {
    BusAddress::read("default")
}

async fn put(buses: &Arc<EventBuses>, entries: &[PutEventsEntry]) -> Result<Vec<PutEventsResultEntry>, ValidationException> {
    buses.put_events(entries.iter().map(|entry| (bus(), entry.clone())).collect(), 0).await
}

fn entry(detail_type: &str) -> PutEventsEntry {
    PutEventsEntry {
        source: Some("shop".into()),
        detail_type: Some(detail_type.into()),
        detail: Some(value!({"id": 1})),
        ..PutEventsEntry::default()
    }
}

fn mutation_rule() -> CompiledRule {
    rule(CompiledKind::Mutation {
        api: 0,
        document: "mutation { m }".into(),
        identity: Identity::Named { authentication_type: AuthenticationType::ApiKey, context: value!({"username": "rule"}) },
    })
}

fn rule(kind: CompiledKind) -> CompiledRule {
    let definition = EventRule {
        name: "r".into(),
        event_bus_name: "default".into(),
        event_pattern: value!({"source": ["shop"]}),
        enabled: true,
        targets: vec![EventTarget {
            id: "t".into(),
            kind: EventTargetKind::Log,
            input: EventInput::Path("$.detail".into()),
            retry_policy: RetryPolicy { maximum_retry_attempts: 2, maximum_event_age: Duration::from_secs(60) },
            place: None,
        }],
        place: None,
        pattern_place: None,
    };
    let (mut rules, found) = compile(&[definition], Surroundings { apis: &[], compiled: &[], functions: &[] });
    assert_eq!(found, []);
    rules[0].targets[0].kind = kind;
    rules.remove(0)
}

fn reach(api: Recorder) -> Reach {
    let apis: Vec<Arc<dyn Mutations>> = vec![Arc::new(api)];
    Reach { apis, functions: None, http: HttpClients::default(), request_timeout: Duration::from_secs(30) }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test]
async fn an_event_runs_the_mutation_of_its_rule() {
    let recorder = Recorder::default();
    let asked = Arc::clone(&recorder.asked);
    let buses = Arc::new(EventBuses::default());
    buses.open(vec![mutation_rule()], &reach(recorder));
    let mut other = entry("x");
    other.source = Some("else".into());
    let results = put(&buses, &[entry("Placed"), other, PutEventsEntry::default()]).await.expect("a request");
    assert!(matches!(
        &results[..],
        [
            PutEventsResultEntry::Accepted { .. },
            PutEventsResultEntry::Accepted { .. },
            PutEventsResultEntry::Refused { error_code: "InvalidArgument", .. }
        ]
    ));
    // Another bus has other rules.
    buses.put_events(vec![(BusAddress::read("other"), entry("Placed"))], 0).await.expect("a request");
    buses.close(soon()).await;
    assert_eq!(*asked.lock().expect("no panic"), [(value!({"id": 1}), value!({"username": "rule"}))]);
    assert_eq!(buses.counts(), (1, 0));
    // A closed bus wants nothing.
    put(&buses, &[entry("late")]).await.expect("a request");
    assert_eq!(buses.counts(), (1, 0));
}

#[tokio::test]
async fn errors_of_a_mutation_count_as_failures_and_are_not_tried_again() {
    let recorder = Recorder { answer: r#"{"data":null,"errors":[{"message":"No."}]}"#, ..Recorder::default() };
    let asked = Arc::clone(&recorder.asked);
    let buses = Arc::new(EventBuses::default());
    buses.open(vec![mutation_rule()], &reach(recorder));
    put(&buses, &[entry("Placed")]).await.expect("a request");
    buses.close(soon()).await;
    assert_eq!((buses.counts(), asked.lock().expect("no panic").len()), ((0, 1), 1));
}

#[tokio::test]
async fn a_rule_that_leads_to_itself_ends() {
    let buses = Arc::new(EventBuses::default());
    let recorder = Recorder { buses: Some(Arc::clone(&buses)), ..Recorder::default() };
    let (asked, refused) = (Arc::clone(&recorder.asked), Arc::clone(&recorder.refused));
    buses.open(vec![mutation_rule()], &reach(recorder));
    put(&buses, &[entry("Placed")]).await.expect("a request");
    buses.close(soon()).await;
    assert_eq!(asked.lock().expect("no panic").len(), usize::from(crate::lineage::MAX_DEPTH));
    let refused = refused.lock().expect("no panic");
    assert!(
        matches!(&refused[..], [PutEventsResultEntry::Refused { error_code: "RecursiveInvocationException", error_message }]
            if error_message.starts_with("16 event rules lie behind this event and rule r wants it")),
        "{refused:?}"
    );
}

/// An endpoint that puts the event again, and sends the trace header on as AWS's SDKs do.
#[tokio::test]
async fn a_rule_that_leads_to_itself_through_an_endpoint_ends() {
    let buses = Arc::new(EventBuses::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address")).parse().expect("a URL");
    let (again, (last, refused)) = (Arc::clone(&buses), tokio::sync::oneshot::channel());
    let endpoint = tokio::spawn(async move {
        let mut asked = 0;
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"{\"id\":1}") {
                let mut part = [0; 1024];
                let length = socket.read(&mut part).await.expect("a request");
                request.extend_from_slice(&part[..length]);
            }
            asked += 1;
            let head = String::from_utf8(request).expect("text").to_lowercase();
            let trace = head.lines().find_map(|line| line.strip_prefix("x-amzn-trace-id: ")).expect("a trace header");
            let trace = trace.replace("lineage", "Lineage").parse().expect("a header");
            let depth = crate::lineage::read(&http::HeaderMap::from_iter([(crate::lineage::TRACE_HEADER, trace)]));
            let result = again.put_events(vec![(bus(), entry("again"))], depth).await.expect("a request").remove(0);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            socket.write_all(answer).await.expect("a client");
            if matches!(result, PutEventsResultEntry::Refused { .. }) {
                let _ = last.send(result);
                return asked;
            }
        }
        asked
    });
    buses.open(vec![rule(CompiledKind::Http(url))], &reach(Recorder::default()));
    put(&buses, &[entry("Placed")]).await.expect("a request");
    let refused = refused.await.expect("an end");
    assert!(matches!(refused, PutEventsResultEntry::Refused { error_code: "RecursiveInvocationException", .. }), "{refused:?}");
    assert_eq!(endpoint.await.expect("no panic"), MAX_DEPTH);
    buses.close(soon()).await;
}

#[tokio::test]
async fn an_event_for_which_there_is_no_room_is_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let recorder = Recorder { gate: Some(Arc::clone(&gate)), ..Recorder::default() };
    let asked = Arc::clone(&recorder.asked);
    let buses = Arc::new(EventBuses::default());
    buses.open(vec![mutation_rule()], &reach(recorder));
    let mut accepted = 0;
    let refused = loop {
        match put(&buses, &[entry("Placed")]).await.expect("a request").remove(0) {
            PutEventsResultEntry::Accepted { .. } => accepted += 1,
            refused @ PutEventsResultEntry::Refused { .. } => break refused,
        }
        assert!(accepted < 5_000, "the queue has no end");
        tokio::task::yield_now().await;
    };
    let message = "Rate exceeded: target t of rule r holds as many events as it can; put them again later.";
    assert_eq!(refused, PutEventsResultEntry::Refused { error_code: "ThrottlingException", error_message: message.to_owned() });
    // What was accepted comes to its target.
    gate.add_permits(accepted);
    buses.close(soon()).await;
    assert_eq!(asked.lock().expect("no panic").len(), accepted);
    assert_eq!(buses.counts(), (accepted as u64, 0));
    assert_eq!(buses.room.available_permits(), ROOM as usize, "the room of delivered events is free again");
}

#[tokio::test]
async fn large_events_are_refused_before_they_fill_the_memory() {
    let text = value!({"text": ("x".repeat(255 << 10))});
    // Few bytes each, and much memory.
    let numbers = value!({"list": (vec![Value::from(0); 120_000])});
    let lists = value!({"list": (vec![Value::from(Vec::<Value>::new()); 80_000])});
    for (detail, held) in
        [(text, 255 << 10), (numbers, 120_000 * size_of::<Value>()), (lists, 80_000 * (size_of::<Value>() + 40))]
    {
        let recorder = Recorder { gate: Some(Arc::new(Semaphore::new(0))), ..Recorder::default() };
        let buses = Arc::new(EventBuses::default());
        buses.open(vec![mutation_rule()], &reach(recorder));
        let large = PutEventsEntry { detail: Some(detail), ..entry("Placed") };
        let mut accepted = 0;
        while let [PutEventsResultEntry::Accepted { .. }] =
            put(&buses, std::slice::from_ref(&large)).await.expect("a request")[..]
        {
            accepted += 1;
        }
        let room = ROOM as usize * 1024;
        assert!((1..=room / held).contains(&accepted), "64 MiB of events are held, and not {accepted} of {held} bytes");
        // The time is up: each is given up, and counted.
        buses.close(Instant::now()).await;
        assert_eq!(buses.counts(), (0, accepted as u64));
        assert_eq!(*buses.open.borrow(), 0);
    }
}

/// An HTTP server that answers each request with the next of these statuses, and counts requests.
async fn statuses(statuses: &[u16]) -> (reqwest::Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address")).parse().expect("a URL");
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, mut statuses) = (Arc::clone(&asked), statuses.iter().copied().collect::<VecDeque<_>>());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"{\"id\":1}") {
                let mut part = [0; 1024];
                let length = socket.read(&mut part).await.expect("a request");
                request.extend_from_slice(&part[..length]);
            }
            let head = String::from_utf8_lossy(&request).to_lowercase();
            assert!(head.starts_with("post /hook http/1.1\r\n"), "{head}");
            assert!(head.contains("content-type: application/json; charset=utf-8\r\n"), "{head}");
            count.fetch_add(1, Ordering::Relaxed);
            let status = statuses.pop_front().unwrap_or(500);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_passing_fault_of_an_http_target_is_tried_again() {
    for (answers, tries, counts) in [
        (&[200][..], 1, (1, 0)),
        (&[503, 429, 204], 3, (1, 0)),
        (&[500, 500, 500, 200], 3, (0, 1)),
        (&[404, 200], 1, (0, 1)),
        (&[302, 200], 1, (0, 1)),
    ] {
        let (url, asked) = statuses(answers).await;
        let buses = Arc::new(EventBuses::default());
        buses.open(vec![rule(CompiledKind::Http(url))], &reach(Recorder::default()));
        put(&buses, &[entry("Placed")]).await.expect("a request");
        buses.close(soon()).await;
        assert_eq!((asked.load(Ordering::Relaxed), buses.counts()), (tries, counts), "{answers:?}");
    }
}

/// An endpoint that says so has the event, whatever comes after its status.
#[tokio::test]
async fn the_status_of_an_http_target_decides() {
    for head in ["200 OK\r\ncontent-length: 100000000", "200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 1"] {
        let answer = format!("HTTP/1.1 {head}\r\n\r\nx").into_bytes();
        let (url, mut arrived) = crate::http_client::stub::endpoint(answer).await;
        let buses = Arc::new(EventBuses::default());
        buses.open(vec![rule(CompiledKind::Http(url.parse().expect("a URL")))], &reach(Recorder::default()));
        put(&buses, &[entry("Placed")]).await.expect("a request");
        buses.close(soon()).await;
        assert_eq!(
            (arrived.recv().await.expect("a request").body.as_slice(), buses.counts()),
            (&b"{\"id\":1}"[..], (1, 0)),
            "{head}"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_fails_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address")).parse().expect("a URL");
    drop(listener);
    let buses = Arc::new(EventBuses::default());
    buses.open(vec![rule(CompiledKind::Http(url))], &reach(Recorder::default()));
    put(&buses, &[entry("Placed")]).await.expect("a request");
    buses.close(soon()).await;
    assert_eq!(buses.counts(), (0, 1));
}
