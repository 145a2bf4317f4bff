//! The proxy's faults, its stop, and its tally.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::body::Bytes;
use seatkeeper_local::Endpoints;
use serde_json::Value;
use tokio::sync::watch;

use super::call::{Call, Calls, Service};
use super::fault::Fault;

pub type Tally = BTreeMap<(String, Option<Fault>), u32>;

/// Units, as the engine reports them: of successful calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Units {
    pub read: f64,
    /// Including indexes.
    pub written: f64,
}

/// Random faults: the same for the same seed and the same calls.
#[derive(Debug, Clone)]
pub struct RandomFaults {
    pub seed: u64,
    /// How many of a thousand calls meet a fault.
    pub share: u32,
    pub calls: Calls,
    pub faults: Vec<Fault>,
}

/// A scripted fault.
#[derive(Debug, Clone, Default)]
pub struct Disturbance {
    met: Arc<AtomicU32>,
    ended: Arc<AtomicBool>,
}

impl Disturbance {
    /// How many calls met the fault.
    pub fn met(&self) -> u32 {
        self.met.load(Ordering::SeqCst)
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

/// Whether the proxy stops before it carries out the call, or after that and before the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// All calls are held from when this is [`reached`](Self::reached) until it is dropped.
pub struct Stop {
    reached: watch::Receiver<bool>,
    _release: watch::Sender<()>,
}

impl Stop {
    /// Waits until the call has arrived, or is carried out with [`Side::After`].
    pub async fn reached(&self) {
        let mut reached = self.reached.clone();
        if reached.wait_for(|reached| *reached).await.is_err() {
            // The sender is gone, so the call never comes.
            std::future::pending::<()>().await;
        }
    }

    pub fn was_reached(&self) -> bool {
        *self.reached.borrow()
    }
}

pub(super) struct Halt {
    calls: Calls,
    after: u32,
    side: Side,
    reached: watch::Sender<bool>,
    released: watch::Receiver<()>,
    on: bool,
}

pub(super) fn stop(calls: Calls, after: u32, side: Side) -> (Stop, Halt) {
    let (reached, is_reached) = watch::channel(false);
    let (release, released) = watch::channel(());
    let halt = Halt { calls, after, side, reached, released, on: false };
    (Stop { reached: is_reached, _release: release }, halt)
}

pub(super) enum Decision {
    Pass,
    Fault(Fault),
    /// The call is held until the second channel, which carries no message, closes with the stop. The first channel
    /// reports that the stop is reached.
    Halt(Side, Option<watch::Sender<bool>>, watch::Receiver<()>),
}

pub(super) struct Rule {
    pub(super) calls: Calls,
    pub(super) after: u32,
    pub(super) left: u32,
    pub(super) fault: Fault,
    pub(super) order: Disturbance,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) target: Option<(reqwest::Client, Endpoints)>,
    pub(super) rules: Vec<Rule>,
    pub(super) random: Option<(RandomFaults, fastrand::Rng)>,
    pub(super) halt: Option<Halt>,
    pub(super) counted: Calls,
    pub(super) tally: Tally,
    pub(super) units: Units,
    answers: HashMap<String, Bytes>,
    pub(super) presence: Arc<()>,
}

impl State {
    pub(super) fn target(&self, call: &Call) -> Option<(reqwest::Client, String)> {
        let (client, endpoints) = self.target.as_ref()?;
        let endpoint = match call.service {
            Service::DynamoDb => &endpoints.dynamodb,
            Service::Ses => &endpoints.ses,
        };
        Some((client.clone(), format!("{endpoint}{}", call.path)))
    }

    pub(super) fn decide(&mut self, call: &Call) -> Decision {
        if call.only_warms() {
            return Decision::Pass;
        }
        if let Some(halt) = self.stopped(call) {
            self.count(call, None);
            return halt;
        }
        let fault = self.scripted(call).or_else(|| self.random(call));
        self.count(call, fault);
        fault.map_or(Decision::Pass, Decision::Fault)
    }

    fn count(&mut self, call: &Call, fault: Option<Fault>) {
        if self.counted.include(call) {
            *self.tally.entry((call.operation.clone(), fault)).or_default() += 1;
        }
    }

    fn stopped(&mut self, call: &Call) -> Option<Decision> {
        // The `Stop` was dropped.
        if self.halt.as_ref().is_some_and(|halt| halt.released.has_changed().is_err()) {
            self.halt = None;
        }
        let halt = self.halt.as_mut()?;
        let released = halt.released.clone();
        if halt.on {
            return Some(Decision::Halt(Side::Before, None, released));
        }
        if !halt.calls.include(call) {
            return None;
        }
        if let Some(less) = halt.after.checked_sub(1) {
            halt.after = less;
            return None;
        }
        halt.on = true;
        Some(Decision::Halt(halt.side, Some(halt.reached.clone()), released))
    }

    fn scripted(&mut self, call: &Call) -> Option<Fault> {
        self.rules.retain(|rule| rule.left > 0 && !rule.order.ended.load(Ordering::SeqCst));
        for rule in &mut self.rules {
            if !rule.fault.can_meet(&call.operation) || !rule.calls.include(call) {
                continue;
            }
            if let Some(less) = rule.after.checked_sub(1) {
                rule.after = less;
                continue;
            }
            rule.left -= 1;
            rule.order.met.fetch_add(1, Ordering::SeqCst);
            return Some(rule.fault);
        }
        None
    }

    fn random(&mut self, call: &Call) -> Option<Fault> {
        let (random, rng) = self.random.as_mut()?;
        if !random.calls.include(call) || rng.u32(0..1000) >= random.share {
            return None;
        }
        let fitting: Vec<_> = random.faults.iter().filter(|fault| fault.can_meet(&call.operation)).collect();
        rng.choice(fitting).copied()
    }

    /// The last genuine response to the same index query; an empty one if there is none.
    pub(super) fn older_answer(&self, call: &Call) -> Bytes {
        let older = call.index_query().and_then(|query| self.answers.get(&query).cloned());
        older.unwrap_or_else(|| Bytes::from_static(br#"{"Items":[],"Count":0,"ScannedCount":0}"#))
    }

    pub(super) fn remember(&mut self, call: &Call, answer: &Bytes) {
        let consumed = serde_json::from_slice::<Value>(answer).unwrap_or_default()["ConsumedCapacity"].take();
        let tables = consumed.as_array().map_or(std::slice::from_ref(&consumed), Vec::as_slice);
        let units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let is_read = call.operation.contains("Get") || call.operation.starts_with("Query");
        *(if is_read { &mut self.units.read } else { &mut self.units.written }) += units;
        if let Some(query) = call.index_query() {
            self.answers.insert(query, answer.clone());
        }
    }
}
