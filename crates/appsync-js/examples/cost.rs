//! Evaluates one case of the benchmark so many times: `cargo run --release -p appsync-js --example cost -- reference 20000`. For
//! profilers, and for `scripts/instructions`, which counts instructions of two such runs. Prints the time of the best tenth.

#[path = "../benches/cases/mod.rs"]
mod cases;

use std::time::{Duration, Instant};

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_default();
    let rounds: u32 = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_000);
    for case in cases::cases().iter().filter(|case| case.name.contains(&wanted)) {
        let mut best = Duration::MAX;
        for run in 0..10 {
            let each = rounds / 10 + u32::from(run < rounds % 10);
            let started = Instant::now();
            for _ in 0..each {
                std::hint::black_box(case.evaluate());
            }
            best = best.min(started.elapsed().checked_div(each).unwrap_or(best));
        }
        println!("{} {best:?}", case.name);
    }
}
