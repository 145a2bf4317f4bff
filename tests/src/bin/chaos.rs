//! `chaos --minutes 10 --seed 7`: kills, faults and races on a throwaway stack; then all invariants. Ends with 1 when
//! one of them does not hold.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command tells what it does")]

use std::process::ExitCode;
use std::time::Duration;

use tests::chaos::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("chaos [--minutes N | --seconds N] [--seed N]");
        return ExitCode::from(2);
    };
    println!("Chaos for {} s, seed {}", options.storm.as_secs(), options.seed);
    let summary = run(options, |line| println!("{line}")).await;
    println!("\n{}", summary.table());
    if summary.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A minute and any seed, unless the arguments say something else.
fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { seed: fastrand::u64(..), storm: Duration::from_mins(1) };
    while let Some(name) = arguments.next() {
        let value: u64 = arguments.next()?.parse().ok()?;
        match name.as_str() {
            "--minutes" => options.storm = Duration::from_mins(value),
            "--seconds" => options.storm = Duration::from_secs(value),
            "--seed" => options.seed = value,
            _ => return None,
        }
    }
    Some(options)
}
