//! Nothing is lost: from its acknowledgement on a subscriber hears every event of every mutation that begins after it, however
//! busy the server is, and for as long as it lives.
//!
//! `SYNCGATE_RACES` and `SYNCGATE_SOAK_SECONDS` make both longer; `scripts/soak` does.

mod harness;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::Client;
use harness::feed::{ALL, Publisher, assert_alive, assert_nothing_is_left, definition, serve};
use harness::raw_socket::{Hanging, RawSocket, descriptors, event_member, resident, until};
use value::{Value, value};

fn setting<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// How many mutations each publisher has begun.
type Begun = Arc<Vec<AtomicU64>>;

/// Publishes without pause until it is told to stop; `may_go_on` holds it back.
fn publish(client: Client, number: usize, begun: &Begun, is_over: &AtomicBool, may_go_on: &dyn Fn(u64) -> bool) {
    let mut publisher = Publisher::new(client);
    let room = number.to_string();
    while !is_over.load(Ordering::SeqCst) {
        let next = begun[number].load(Ordering::SeqCst);
        if !may_go_on(next) {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        begun[number].store(next + 1, Ordering::SeqCst);
        publisher.send(&next.to_string(), &room, "a text of some length, as people send them");
    }
}

/// What a subscriber has heard of each publisher: the id after the last one.
struct Heard {
    id: String,
    next: HashMap<usize, u64>,
    /// How many mutations had begun when it was acknowledged: the first of each publisher that it must hear.
    from: Vec<u64>,
}

impl Heard {
    /// Right after the acknowledgement.
    fn new(id: &str, begun: &Begun) -> Self {
        let from = begun.iter().map(|begun| begun.load(Ordering::SeqCst)).collect();
        Self { id: id.to_owned(), next: HashMap::new(), from }
    }

    fn take(&mut self, message: &Value) {
        assert_eq!(message.at(&["id"]).as_str(), Some(&*self.id), "{message}");
        let member = |name| event_member(message, "onMessage", name).and_then(|text| text.parse::<u64>().ok());
        let (publisher, id) = member("room").zip(member("id")).unwrap_or_else(|| panic!("no event: {message}"));
        let publisher = usize::try_from(publisher).expect("a publisher");
        // What had begun before the acknowledgement may come or not: perhaps nobody listened then.
        let from = self.from[publisher];
        let next = self.next.insert(publisher, id + 1).unwrap_or(0);
        let in_order = id >= next && (id == next || id <= from);
        assert!(in_order, "publisher {publisher}: {id} where {} must come: one is lost, or comes twice", next.max(from));
    }

    /// Whether it has heard so many of each publisher that it had to hear.
    fn has(&self, count: u64) -> bool {
        self.from.iter().enumerate().all(|(publisher, from)| self.next.get(&publisher).is_some_and(|next| *next >= from + count))
    }
}

#[test]
fn an_acknowledged_subscriber_hears_all_that_begins_afterwards() {
    const PUBLISHERS: usize = 2;
    const SUBSCRIBERS: usize = 4;
    let races = setting("SYNCGATE_RACES", 100_usize);
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let begun: Begun = Arc::new((0..PUBLISHERS).map(|_| AtomicU64::new(0)).collect());
    let is_over = Arc::new(AtomicBool::new(false));
    let left = Arc::new(AtomicUsize::new(races));
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|number| {
            let (client, begun, is_over) = (server.client(), Arc::clone(&begun), Arc::clone(&is_over));
            thread::spawn(move || publish(client, number, &begun, &is_over, &|_| true))
        })
        .collect();
    let subscribers: Vec<_> = (0..SUBSCRIBERS)
        .map(|_| {
            let (address, begun, left) = (server.address, Arc::clone(&begun), Arc::clone(&left));
            thread::spawn(move || {
                let mut socket = RawSocket::open(address);
                let mut run = 0;
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                    run += 1;
                    // Now and then on a new socket, where the start comes with the init.
                    if run % 10 == 0 {
                        socket = RawSocket::open(address);
                    }
                    let id = run.to_string();
                    socket.start(&id, ALL);
                    let acknowledged = socket.message();
                    let mut heard = Heard::new(&id, &begun);
                    assert_eq!(acknowledged, value!({"id": (id.as_str()), "type": "start_ack"}));
                    while !heard.has(3) {
                        heard.take(&socket.message());
                    }
                    socket.stop(&id);
                    loop {
                        let message = socket.message();
                        if message.at(&["type"]).as_str() == Some("complete") {
                            break;
                        }
                        heard.take(&message);
                    }
                }
            })
        })
        .collect();
    let outcomes: Vec<_> = subscribers.into_iter().map(thread::JoinHandle::join).collect();
    is_over.store(true, Ordering::SeqCst);
    for publisher in publishers {
        publisher.join().expect("a publisher");
    }
    assert!(outcomes.iter().all(Result::is_ok), "a subscriber has lost something");
    assert_nothing_is_left(server, before);
}

/// Subscribers that misbehave, each for one life of a socket.
#[derive(Clone, Copy)]
enum Bad {
    Leaves,
    Resets,
    Sleeps,
    Churns,
}

impl Bad {
    fn live(self, address: std::net::SocketAddr, is_over: &AtomicBool) {
        let mut socket = RawSocket::open(address);
        match self {
            Self::Leaves => {
                socket.subscribe("1", ALL);
                for _ in 0..20 {
                    socket.message();
                }
            }
            Self::Resets => {
                for id in 0..10 {
                    socket.start(&id.to_string(), ALL);
                }
                socket.message();
                socket.reset();
            }
            Self::Sleeps => {
                socket.small_buffer();
                socket.subscribe("1", ALL);
                // Slower than what is published, until the server has had enough.
                while !is_over.load(Ordering::SeqCst) && socket.take(2048).is_some() {
                    thread::sleep(Duration::from_millis(200));
                }
            }
            Self::Churns => {
                for _ in 0..20 {
                    socket.start("x", ALL);
                    socket.stop("x");
                }
                let mut complete = 0;
                while complete < 20 {
                    complete += usize::from(socket.message().at(&["type"]).as_str() == Some("complete"));
                }
            }
        }
    }
}

#[test]
fn well_behaved_subscribers_lose_nothing_while_others_misbehave() {
    const PUBLISHERS: usize = 2;
    const GOOD: usize = 6;
    /// How far publishers may run ahead of who reads.
    const AHEAD: u64 = 200;
    let length = Duration::from_secs(setting("SYNCGATE_SOAK_SECONDS", 5));
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[realtime]\noutbox_limit = \"300KiB\"\npayload_limit = \"64KiB\"\n");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let begun: Begun = Arc::new((0..PUBLISHERS).map(|_| AtomicU64::new(0)).collect());
    let is_over = Arc::new(AtomicBool::new(false));
    let mut good = Vec::new();
    // For each good subscriber what it has heard of each publisher.
    let progress: Arc<Vec<Vec<AtomicU64>>> =
        Arc::new((0..GOOD).map(|_| (0..PUBLISHERS).map(|_| AtomicU64::new(0)).collect()).collect());
    for number in 0..GOOD {
        let mut socket = RawSocket::open(server.address);
        socket.subscribe("1", ALL);
        let (mut heard, progress) = (Heard::new("1", &begun), Arc::clone(&progress));
        good.push(thread::spawn(move || {
            loop {
                let message = socket.message();
                if event_member(&message, "onMessage", "id").as_deref() == Some("the end") {
                    return heard.next;
                }
                heard.take(&message);
                for (publisher, next) in &heard.next {
                    progress[number][*publisher].store(*next, Ordering::SeqCst);
                }
            }
        }));
    }
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|number| {
            let (client, begun, is_over) = (server.client(), Arc::clone(&begun), Arc::clone(&is_over));
            let progress = Arc::clone(&progress);
            thread::spawn(move || {
                let may_go_on = |next| progress.iter().all(|heard| heard[number].load(Ordering::SeqCst) + AHEAD > next);
                publish(client, number, &begun, &is_over, &may_go_on);
            })
        })
        .collect();
    let lives = Arc::new(AtomicUsize::new(0));
    let bad: Vec<_> = [Bad::Leaves, Bad::Resets, Bad::Sleeps, Bad::Sleeps, Bad::Churns]
        .into_iter()
        .map(|kind| {
            let (address, is_over, lives) = (server.address, Arc::clone(&is_over), Arc::clone(&lives));
            thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    kind.live(address, &is_over);
                    lives.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    // Memory has to be flat once everything has been in use.
    let start = Instant::now();
    let mut memory = Vec::new();
    while start.elapsed() < length {
        thread::sleep(length / 20);
        memory.push(resident(&server));
        assert!(good.iter().all(|reader| !reader.is_finished()), "a good subscriber was lost");
    }
    is_over.store(true, Ordering::SeqCst);
    for publisher in publishers {
        publisher.join().expect("a publisher");
    }
    let last: Vec<u64> = begun.iter().map(|begun| begun.load(Ordering::SeqCst)).collect();
    Publisher::new(server.client()).send("the end", "0", "");
    for reader in good {
        let heard = reader.join().expect("a good subscriber");
        assert!(last.iter().enumerate().all(|(publisher, last)| heard[&publisher] == *last), "{heard:?} of {last:?}");
    }
    // Those that leave wait for an event.
    let mut nudge = Publisher::new(server.client());
    until("the others end their lives", || {
        nudge.send("0", "0", "");
        bad.iter().all(thread::JoinHandle::is_finished)
    });
    drop(nudge);
    for one in bad {
        one.join().expect("a bad subscriber ends as it should");
    }
    let (early, late) = (memory.iter().take(memory.len() / 2).max(), memory.iter().skip(memory.len() / 2).max());
    let (early, late) = early.zip(late).expect("samples");
    assert!(*late < early + (early / 4).max(16 << 20), "memory grows: {memory:?}");
    let events: u64 = last.iter().sum();
    report(&format!("{events} events to {GOOD} subscribers beside {} lives of others", lives.load(Ordering::SeqCst)), &memory);
    assert_nothing_is_left(server, before);
}

#[expect(clippy::print_stderr, reason = "the figures of a soak")]
fn report(what: &str, memory: &[u64]) {
    eprintln!("{what}; resident memory in kB: {:?}", memory.iter().map(|bytes| bytes >> 10).collect::<Vec<_>>());
}
