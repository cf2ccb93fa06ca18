//! The evaluator beside QuickJS, over programs made by chance.
//!
//! `SYNCGATE_GENERATED_PROGRAMS` sets how many; the seed of one that differs is in the failure, `SYNCGATE_PROGRAM_SEED` runs it
//! alone, or begins there if both are set.

#![allow(clippy::print_stdout, reason = "how many there were is part of what the test says")]

mod support;

use std::fmt::Write as _;

use support::quickjs::Oracle;
use support::{generate, run};
use value::Value;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// What our evaluator gives for a program whose result is text.
fn ours(program: &str) -> String {
    let shown = run(program);
    match Value::parse(shown.as_bytes()).as_ref().map(Value::as_str) {
        Ok(Some(text)) => text.to_owned(),
        // A limit, or code that was refused.
        _ => format!("no text: {shown}"),
    }
}

/// The program without the lines that the difference does not need.
fn shrunk(program: &str, oracle: &Oracle) -> String {
    let differs = |lines: &[&str]| {
        let program = lines.join("\n");
        let (here, there) = (ours(&program), oracle.run(&program));
        here != there && !here.starts_with("no text") && !there.contains("SyntaxError")
    };
    let mut lines: Vec<&str> = program.lines().collect();
    let mut size = lines.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= lines.len() {
            let fewer = [&lines[..at], &lines[at + size..]].concat();
            if differs(&fewer) { lines = fewer } else { at += 1 }
        }
        size /= 2;
    }
    lines.join("\n")
}

#[test]
fn generated_programs_give_what_quickjs_gives() {
    let (first, count) = (setting("SYNCGATE_PROGRAM_SEED"), setting("SYNCGATE_GENERATED_PROGRAMS"));
    let count = count.unwrap_or(if first.is_some() { 1 } else { 300 });
    let seeds = first.unwrap_or(0)..first.unwrap_or(0) + count;
    let total = seeds.end - seeds.start;
    let mut oracle = Oracle::new();
    let (mut passed, mut threw, mut wrong, mut shown) = (0, 0, String::new(), 0);
    for seed in seeds {
        // One context for all would keep what each of them leaves behind.
        if seed.is_multiple_of(1_000) {
            oracle = Oracle::new();
        }
        let program = generate::program(seed);
        let (here, there) = (ours(&program), oracle.run(&program));
        threw += u64::from(there.starts_with("throws"));
        if here == there {
            passed += 1;
        } else if shown < 10 {
            shown += 1;
            let program = shrunk(&program, &oracle);
            let (here, there) = (ours(&program), oracle.run(&program));
            let _ = write!(wrong, "\nseed {seed}\n{program}\n  here    {here}\n  QuickJS {there}\n");
        }
    }
    println!("{passed} of {total} programs give the same; {threw} of them throw");
    assert!(wrong.is_empty(), "{passed} of {total} programs give the same\n{wrong}");
    // Most of them come to their end, or the comparison would see little.
    assert!(total < 100 || threw * 2 < total, "{threw} of {total} throw");
}
