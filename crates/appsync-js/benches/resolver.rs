//! What evaluating resolver code costs: `cargo bench -p appsync-js`.
//!
//! `reference`: request and response of a resolver of 30 lines with a context of 2.6 KB. `hello`: request and response of the least
//! a resolver does. `list100`: the request of one that makes a hundred objects of ten fields in a loop.

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    for case in cases::cases() {
        criterion.bench_function(case.name, |bencher| bencher.iter(|| case.evaluate()));
    }
}

criterion_group!(all, benches);
criterion_main!(all);
