//! `histories --minutes 5`: new histories, one seed after the other, of both kinds, until the time is up. `histories
//! --seed 7 --times 20`: that one again and again. Ends with 1 at the first that no order explains.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command tells what it does")]

use std::process::ExitCode;

use chrono::TimeDelta;
use tests::history::{Figures, Kind, Stage};
use tests::now;

/// Windows of a history.
const WINDOWS: usize = 15;

struct Options {
    seed: Option<u64>,
    times: u64,
    time: TimeDelta,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("histories [--minutes N | --seconds N | --seed N [--times N]]");
        return ExitCode::from(2);
    };
    let stages = [Stage::new(Kind::Timely).await, Stage::new(Kind::Disturbed).await];
    let (mut figures, end, mut played) = (Figures::default(), now() + options.time, 0);
    while if options.seed.is_some() { played < options.times } else { now() < end } {
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(0..1 << 32));
        for stage in &stages {
            match stage.play(seed, WINDOWS).await {
                Ok(more) => figures += more,
                Err(wrong) => {
                    println!("{wrong}\nAgain: histories --seed {seed} --times 20");
                    return ExitCode::FAILURE;
                }
            }
        }
        played += 1;
        println!("seed {seed}: {figures}");
    }
    for stage in stages {
        stage.clear().await;
    }
    println!("Every history has an order that explains it.");
    ExitCode::SUCCESS
}

/// A minute, unless the arguments say something else.
fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { seed: None, times: 1, time: TimeDelta::minutes(1) };
    while let Some(name) = arguments.next() {
        let value: u32 = arguments.next()?.parse().ok()?;
        match name.as_str() {
            "--minutes" => options.time = TimeDelta::minutes(value.into()),
            "--seconds" => options.time = TimeDelta::seconds(value.into()),
            "--seed" => options.seed = Some(value.into()),
            "--times" => options.times = value.into(),
            _ => return None,
        }
    }
    Some(options)
}
