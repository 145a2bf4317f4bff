//! Plays a history, window by window, and explains it.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::{BoxFuture, join_all};
use seatkeeper_local::functions::FUNCTIONS;
use serde_json::Value;
use shared::domain::InviteState;

use super::recording::{PEOPLE, Recording};
use super::search::{Event, explain};
use super::spec::{Reply, Spec, State};
use crate::proxy::{Calls, Fault, Proxy, RandomFaults};
use crate::{TestStack, eventually, settings_with};

/// The most requests of a person in a window. [`explain`] takes at most 64 events.
const REQUESTS: u8 = 3;
const KILLS: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Faults that functions repair at once. Every response arrives, invites expire soon, and deals end.
    Timely,
    /// Responses are lost and processes are killed, so a request without a response may have happened.
    Disturbed,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub histories: usize,
    pub windows: usize,
    /// Operations, reads included.
    pub operations: usize,
    /// Operations without a response.
    pub open: usize,
    pub rows: usize,
}

pub struct Player {
    stack: TestStack,
    proxy: Proxy,
    kind: Kind,
}

impl Player {
    pub async fn new(kind: Kind) -> Self {
        let env: &[(&str, &str)] = match kind {
            Kind::Timely => &[("INVITE_LIFETIME", "4s")],
            Kind::Disturbed => &[("FUNCTION_TIMEOUT", "10s"), ("DELIVERY_LEASE", "11s")],
        };
        let proxy = Proxy::start().await;
        let stack = TestStack::behind(&proxy, settings_with(env)).await;
        Self { stack, proxy, kind }
    }

    pub async fn stop(self) {
        self.stack.stop().await;
    }

    /// Plays a history of a new deal, and adds to the figures.
    ///
    /// # Errors
    /// The window that no order explains.
    pub async fn play(&self, seed: u64, windows: usize, figures: &mut Figures) -> Result<(), String> {
        let mut rng = Rng::with_seed(seed);
        let seats = rng.u32(1..5);
        let recording = Recording::begin(&self.stack, self.kind, seats).await;
        let spec = match self.kind {
            Kind::Timely => Spec { lifetime: 4, exact: true, is_answered: false },
            Kind::Disturbed => Spec { lifetime: 28 * 86_400, exact: false, is_answered: false },
        };
        let mut states = vec![State::new(seats, recording.ends_at)];
        let mut passed = HashSet::new();
        figures.histories += 1;
        for window in 0..windows {
            let (events, pages) = self.window(&recording, &mut rng).await;
            figures.windows += 1;
            figures.operations += events.len();
            figures.open += events.iter().filter(|event| event.reply == Reply::Nothing).count();
            let tell = |what: &str| tell(what, seed, self.kind, window, &states, &events);
            let explained = explain(&states, &events, spec).map_err(|most| {
                tell(&format!("no order explains these answers (of {} at most {most})", events.len()))
            })?;
            // Without a fault, an index shows a state of this window.
            if self.kind == Kind::Timely {
                passed.clear();
            }
            passed.extend(explained.passed);
            for page in pages {
                figures.rows += page.len();
                check(&page, &passed).map_err(|wrong| tell(&wrong))?;
            }
            states = explained.finals;
        }
        Ok(())
    }

    /// Runs many requests at once. Then, without faults, reads everything.
    async fn window(&self, recording: &Recording<'_>, rng: &mut Rng) -> (Vec<Event>, Vec<Vec<Value>>) {
        let faults = match self.kind {
            Kind::Timely => vec![Fault::Conflict, Fault::Throttle, Fault::Throughput],
            Kind::Disturbed => {
                let late = [
                    Fault::ArriveLate(Duration::from_millis(300)),
                    Fault::AnswerLate(Duration::from_secs(1)),
                ];
                [Fault::QUICK.as_slice(), &late].concat()
            }
        };
        let share = if self.kind == Kind::Timely { 50 } else { rng.u32(0..200) };
        self.proxy.inject(RandomFaults { seed: rng.u64(..), share, calls: Calls::all(), faults });
        recording.let_an_invite_expire(rng).await;
        let mut tasks: Vec<BoxFuture<'_, ()>> = Vec::new();
        for person in 0..PEOPLE {
            let mut rng = rng.fork();
            tasks.push(Box::pin(async move {
                for _ in 0..=rng.u8(0..REQUESTS) {
                    recording.act(person, &mut rng).await;
                }
            }));
        }
        let kills = if self.kind == Kind::Disturbed { rng.u8(0..KILLS) } else { 0 };
        for _ in 0..kills {
            let mut rng = rng.fork();
            tasks.push(Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(rng.u64(0..500))).await;
                let function = rng.choice(FUNCTIONS.iter()).expect("functions");
                let _how_many = self.stack.local.kill(function.name);
            }));
        }
        join_all(tasks).await;
        self.proxy.clear_faults();
        eventually("no call is under way", Duration::from_mins(2), || async {
            self.proxy.is_idle().then_some(())
        })
        .await;
        recording.finish().await
    }
}

/// A page may be old, but each row had this state once, and no row appears twice.
fn check(page: &[Value], passed: &HashSet<State>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for row in page {
        let email = row["email"].as_str().unwrap_or_default();
        let address: u8 = email
            .get(1..2)
            .and_then(|digit| digit.parse().ok())
            .ok_or_else(|| format!("a row with an unknown address: {row}"))?;
        if !seen.insert(address) {
            return Err(format!("an address has two rows: {row}"));
        }
        let stored = match row["status"].as_str() {
            Some("pending" | "expired") => InviteState::Open,
            Some("accepted") => InviteState::Accepted,
            Some("declined") => InviteState::Declined,
            _ => return Err(format!("a row that should not be shown: {row}")),
        };
        let was = |state: &State| {
            state.rows.get(&address).is_some_and(|was| was.state == stored && row["sends"] == was.sends)
        };
        if !passed.iter().any(was) {
            return Err(format!("a row that never had this state: {row}"));
        }
    }
    Ok(())
}

fn tell(what: &str, seed: u64, kind: Kind, window: usize, states: &[State], events: &[Event]) -> String {
    let mut text = format!("{what}\nseed {seed}, {kind:?}, window {window}\nfrom one of these states:\n");
    for state in states {
        let _to_a_string = writeln!(text, "  {state:?}");
    }
    let from = events.iter().map(|event| event.asked).min().unwrap_or_default();
    for event in events {
        let _to_a_string = writeln!(text, "{:>3}–{:<3} {}", event.begin, event.end, event.show(from));
    }
    text
}
