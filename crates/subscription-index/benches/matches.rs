//! What an event costs by the number of subscriptions, and what it costs to come and go.
//!
//! `cargo bench -p subscription-index`. Aim: the time of an event that one subscription wants is the same among 100, 1,000 and
//! 10,000 of them. Counted is the processor time of this thread, so that a busy machine tells the same as an idle one.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use subscription_index::{FilterGroup, Index, Matcher, Matches};
use value::{Value, value};

const FIELD: &str = "onMessage";
const SIZES: [u64; 3] = [100, 1_000, 10_000];

fn arguments(arguments: &Value) -> Matcher {
    Matcher::Arguments(arguments.as_object().cloned().expect("an object"))
}

fn filter(conditions: Value) -> Matcher {
    let filter = value!({"filterGroup": [{"filters": (conditions)}]});
    Matcher::Filter(FilterGroup::parse(&filter).expect("a filter"))
}

fn event(number: u64) -> Value {
    value!({
        "__typename": "Message", "id": (format!("message-{number}")), "room": (format!("room-{number}")), "severity": 7,
        "members": [(format!("user-{number}")), "somebody", "else"], "author": {"id": (format!("user-{number}")), "name": "Ann"},
        "text": "A few words that somebody wanted to say.", "createdAt": "2026-11-22T10:00:00.000Z"
    })
}

fn processor_time(iterations: u64, mut run: impl FnMut(u64)) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
    };
    let start = now();
    (0..iterations).for_each(&mut run);
    now() - start
}

/// How a subscription tells what it wants, and by which number.
type Kind = (&'static str, fn(u64) -> Matcher);

const KINDS: [Kind; 4] = [
    ("one argument", |number| arguments(&value!({"room": (format!("room-{number}"))}))),
    ("eq, in and a range", |number| {
        filter(value!([
            {"fieldName": "author.id", "operator": "eq", "value": (format!("user-{number}"))},
            {"fieldName": "room", "operator": "in", "value": [(format!("room-{number}")), "lobby"]},
            {"fieldName": "severity", "operator": "ge", "value": 5}
        ]))
    }),
    ("contains", |number| {
        filter(value!([{"fieldName": "members", "operator": "contains", "value": (format!("user-{number}"))}]))
    }),
    // Nothing to look up: the stated exception, here to be seen.
    ("ranges only", |number| {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let low = 7.0 - 1.0 / (number + 1) as f64;
        let operator = if number == 42 { "ge" } else { "lt" };
        filter(value!([{"fieldName": "severity", "operator": operator, "value": low}]))
    }),
];

fn one_of(criterion: &mut Criterion) {
    for (name, matcher) in KINDS {
        let mut group = criterion.benchmark_group(format!("an event for one, {name}"));
        for size in SIZES {
            let index = Index::new();
            for number in 0..size {
                index.insert(number, FIELD, matcher(number));
            }
            let (event, mut matches) = (event(42), Matches::new());
            index.find(FIELD, &event, &mut matches);
            assert!(matches.iter().eq(&[42]), "{name} among {size}");
            group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, _| {
                bencher.iter_custom(|iterations| {
                    processor_time(iterations, |_| {
                        index.find(FIELD, black_box(&event), &mut matches);
                        black_box(matches.len());
                    })
                });
            });
        }
        group.finish();
    }
}

fn for_all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("an event for all");
    for size in SIZES {
        let index = Index::new();
        for number in 0..size {
            index.insert(number, FIELD, Matcher::all());
        }
        let (event, mut matches) = (event(42), Matches::new());
        for (name, read) in [("found", false), ("found and read", true)] {
            group.bench_with_input(BenchmarkId::new(name, size), &size, |bencher, size| {
                bencher.iter_custom(|iterations| {
                    processor_time(iterations, |_| {
                        index.find(FIELD, black_box(&event), &mut matches);
                        if read {
                            assert_eq!(matches.iter().map(black_box).count() as u64, *size);
                        }
                    })
                });
            });
        }
    }
    group.finish();
}

fn come_and_go(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("insert and remove among 10,000");
    let all: Kind = ("no arguments", |_| Matcher::all());
    for (name, matcher) in [all].into_iter().chain(KINDS) {
        let index = Index::new();
        for number in 0..10_000 {
            index.insert(number, FIELD, matcher(number));
        }
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                processor_time(iterations, |iteration| {
                    let number = iteration * 7919 % 10_000;
                    assert!(index.remove(&number));
                    assert!(!index.insert(number, FIELD, matcher(number)));
                })
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = one_of, for_all, come_and_go
}
criterion_main!(benches);
