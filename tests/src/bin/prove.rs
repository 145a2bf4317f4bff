//! The long forms of the proof, on throwaway stacks: `prove chaos --minutes 10 --seed 7`, `prove histories --minutes
//! 5`, `prove histories --seed 7 --times 20`, `prove load`, `prove load sweep 200000`. Exits with 1 at the first
//! violation.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command tells what it does")]

use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use tests::history::{Figures, Kind, Player};
use tests::load::{accepts, invites, sweep};
use tests::{chaos, now};

const USAGE: &str = "prove chaos [--minutes N | --seconds N] [--seed N]
prove histories [--minutes N | --seconds N | --seed N [--times N]]
prove load [accepts LEARNERS SEATS | invites N | sweep N]";

/// Windows of a history.
const WINDOWS: usize = 15;

struct Options {
    time: Duration,
    seed: Option<u64>,
    times: u64,
}

impl Options {
    /// Reads the options. The default time is a minute.
    fn read(arguments: &[&str]) -> Option<Self> {
        let mut options = Self { time: Duration::from_mins(1), seed: None, times: 1 };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return None };
            let value = value.parse().ok()?;
            match *name {
                "--minutes" => options.time = Duration::from_mins(value),
                "--seconds" => options.time = Duration::from_secs(value),
                "--seed" => options.seed = Some(value),
                "--times" => options.times = value,
                _ => return None,
            }
        }
        Some(options)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let holds = match arguments.as_slice() {
        ["chaos", rest @ ..] => run_chaos(rest).await,
        ["histories", rest @ ..] => play_histories(rest).await,
        ["load", rest @ ..] => run_load(rest).await,
        _ => None,
    };
    let Some(holds) = holds else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run_chaos(arguments: &[&str]) -> Option<bool> {
    let options = Options::read(arguments)?;
    let options =
        chaos::Options { seed: options.seed.unwrap_or_else(|| fastrand::u64(..)), time: options.time };
    println!("Chaos for {} s, seed {}", options.time.as_secs(), options.seed);
    let ledger = chaos::run(options, |line| println!("{line}")).await;
    println!("\n{}", ledger.table());
    Some(ledger.violations().is_empty())
}

/// Plays histories of both kinds: new seeds until the time is up, or one seed several times.
async fn play_histories(arguments: &[&str]) -> Option<bool> {
    let options = Options::read(arguments)?;
    let players = [Player::new(Kind::Timely).await, Player::new(Kind::Disturbed).await];
    let end = now() + TimeDelta::from_std(options.time).ok()?;
    let (mut figures, mut count) = (Figures::default(), 0);
    while if options.seed.is_some() { count < options.times } else { now() < end } {
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(0..1 << 32));
        for player in &players {
            if let Err(wrong) = player.play(seed, WINDOWS, &mut figures).await {
                println!("{wrong}\nTo repeat: prove histories --seed {seed} --times 20");
                return Some(false);
            }
        }
        count += 1;
        println!("seed {seed}: {figures:?}");
    }
    for player in players {
        player.stop().await;
    }
    println!("Every history is linearisable.");
    Some(true)
}

/// Runs loads and prints a table of their figures. Each load checks its invariants.
async fn run_load(arguments: &[&str]) -> Option<bool> {
    let all = [
        &["accepts", "200", "50"][..],
        &["accepts", "2000", "1000"],
        &["invites", "10000"],
        &["sweep", "1000000"],
    ];
    let wanted = if arguments.is_empty() { &all[..] } else { &[arguments] };
    println!("| what | figure |\n| --- | --- |");
    for arguments in wanted {
        eprintln!("  {}…", arguments.join(" "));
        let number = |text: &str| text.parse().ok();
        let figures = match arguments {
            ["accepts", learners, seats] => accepts(number(learners)?, number(seats)?).await,
            ["invites", count] => invites(number(count)?).await,
            ["sweep", count] => sweep(number(count)?).await,
            _ => return None,
        };
        print!("{figures}");
    }
    Some(true)
}
