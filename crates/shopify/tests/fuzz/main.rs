//! What comes from outside, damaged in a million ways: nothing panics, and every answer keeps its promise.
//!
//! Each target runs [`ROUNDS`] inputs in `./test`. For longer:
//! `TILLSTREAM_FUZZ_SECONDS=600 cargo test -p shopify --test fuzz decoder -- --nocapture`.
//! A failure prints the seed and the input; `TILLSTREAM_FUZZ_SEED` runs it again.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a test says what it saw")]

mod damage;
mod decimals;
mod decoder;
mod envelope;
mod subjects;

use std::time::{Duration, Instant};

use damage::Damage;

const ROUNDS: u64 = 20_000;

/// Gives a target its inputs, one after the other.
fn fuzz(target: &str, mut run: impl FnMut(&mut Damage, &mut Input)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("TILLSTREAM_FUZZ_SEED").unwrap_or(1);
    let seconds = number("TILLSTREAM_FUZZ_SECONDS").map(Duration::from_secs);
    let (started, mut rounds) = (Instant::now(), 0_u64);
    let mut damage = Damage::new(seed);
    while seconds.map_or(rounds < ROUNDS, |seconds| started.elapsed() < seconds) {
        let mut input = Input { target: target.to_owned(), seed, round: rounds, bytes: Vec::new() };
        run(&mut damage, &mut input);
        rounds += 1;
    }
    println!("{target}: {rounds} inputs in {:.1} s, seed {seed}", started.elapsed().as_secs_f64());
}

/// What a target was given; shown when it panics on it.
struct Input {
    target: String,
    seed: u64,
    round: u64,
    bytes: Vec<u8>,
}

impl Drop for Input {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { target, seed, round, bytes } = self;
            eprintln!("{target} fails with seed {seed}, round {round}, on {:?}", String::from_utf8_lossy(bytes));
        }
    }
}
