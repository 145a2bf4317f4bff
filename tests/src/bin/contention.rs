//! `contention` simulates many learners who accept seats of one deal at the same time. It needs no database.
//!
//! Accepting is one transaction, which raises the deal's counter. DynamoDB refuses a transaction while another one
//! writes the same item, and the function retries after a random wait. Each line of the table has one rate of arrivals,
//! one backoff and one number of counters. Two assumptions are not measured on AWS: a transaction locks its items for
//! 10 ms, and reading them takes 5 ms.
#![expect(clippy::print_stdout, reason = "a command tells what it does")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use shared::store::Backoff;

const TRANSACTION: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(5);
/// How long a request retries its transaction: the function's timeout, less the time to respond.
const TIME_TO_ANSWER: Duration = Duration::from_millis(28_500);
const ARRIVALS_FOR: Duration = Duration::from_mins(1);
const RATES: [u32; 5] = [20, 50, 80, 100, 200];

/// A learner's next attempt. Ordered by time, then by learner, so that each run is the same.
type Attempt = Reverse<(Duration, usize)>;

struct Learner {
    arrived: Duration,
    backoff: Backoff,
    attempts: u32,
}

struct Run {
    accepted: Vec<Duration>,
    refused: u32,
    attempts: u32,
}

fn simulate(rate: u32, counters: usize, backoff: Backoff, random: &mut fastrand::Rng) -> Run {
    let (mut learners, mut due) = (Vec::new(), BinaryHeap::<Attempt>::new());
    let mut arrived = Duration::ZERO;
    while arrived < ARRIVALS_FOR {
        // Arrivals are independent, so the time between two is exponential.
        arrived += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / f64::from(rate));
        due.push(Reverse((arrived, learners.len())));
        learners.push(Learner { arrived, backoff, attempts: 0 });
    }
    let mut free_at = vec![Duration::ZERO; counters];
    let mut run = Run { accepted: Vec::new(), refused: 0, attempts: 0 };
    while let Some(Reverse((now, index))) = due.pop() {
        let (Some(learner), Some(free_at)) =
            (learners.get_mut(index), free_at.get_mut(random.usize(..counters)))
        else {
            continue;
        };
        learner.attempts += 1;
        run.attempts += 1;
        if now >= *free_at {
            *free_at = now + TRANSACTION;
            run.accepted.push(free_at.saturating_sub(learner.arrived));
            continue;
        }
        let again = now + LOOK + learner.backoff.next(random.f64());
        if again.saturating_sub(learner.arrived) < TIME_TO_ANSWER {
            due.push(Reverse((again, index)));
        } else {
            run.refused += 1;
        }
    }
    run.accepted.sort_unstable();
    run
}

fn percentile(sorted: &[Duration], percent: usize) -> String {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or_else(String::new, |time| format!("{:.2}", time.as_secs_f64()))
}

fn main() {
    println!(
        "| longest wait | counters | accepts a second | p50, s | p99, s | attempts each | answered 503 |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let first = Duration::from_millis(20);
    // The product waits up to 250 ms.
    for (longest, counters) in [(100, 1), (250, 1), (1_000, 1), (4_000, 1), (250, 4), (250, 16)] {
        let longest = Duration::from_millis(longest);
        for rate in RATES {
            let mut random = fastrand::Rng::with_seed(1);
            let run = simulate(rate, counters, Backoff::new(first, longest), &mut random);
            let learners = f64::from(u32::try_from(run.accepted.len()).unwrap_or(u32::MAX) + run.refused);
            println!(
                "| {longest:?} | {counters} | {rate} | {} | {} | {:.1} | {:.1} % |",
                percentile(&run.accepted, 50),
                percentile(&run.accepted, 99),
                f64::from(run.attempts) / learners,
                100.0 * f64::from(run.refused) / learners,
            );
        }
    }
}
