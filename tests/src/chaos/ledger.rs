//! The record of a run: responses, mails, digests, faults and violations.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::proxy::{Proxy, Tally};
use crate::{Mail, Response, lock, now};

/// The run ends after this many violations.
const MOST_VIOLATIONS: usize = 20;

/// The longest that a call to SES is delayed.
const LATE: TimeDelta = TimeDelta::seconds(4);

#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) deal: String,
    pub(super) invite: String,
    pub(super) send: u64,
    pub(super) token: String,
}

/// Requests for sends of one invite, by their responses.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SendCounts {
    pub(super) done: u64,
    /// Nobody knows whether these sends exist.
    pub(super) unknown: u64,
}

#[derive(Debug, Default)]
pub(super) struct Mails {
    pub(super) sent: Vec<Sent>,
    tokens: HashSet<String>,
    pub(super) newest: Option<Mail>,
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) closing: AtomicBool,
    pub(super) kills: AtomicUsize,
    pub(super) sweeps: AtomicU32,
    pub(super) days: AtomicUsize,
    failed_runs: Mutex<Vec<RangeInclusive<DateTime<Utc>>>>,
    /// Those that were recorded, and those of failed runs.
    pub digests: Mutex<[usize; 2]>,
    answers: Mutex<BTreeMap<(&'static str, String), u32>>,
    pub(super) mails: Mutex<Mails>,
    /// By deal and invite.
    pub(super) send_counts: Mutex<HashMap<(String, String), SendCounts>>,
    /// Tokens that a learner was told are replaced or cancelled.
    pub(super) dead_links: Mutex<HashSet<String>>,
    failures: Mutex<BTreeSet<String>>,
    calls: Mutex<Tally>,
    wrong: Mutex<Vec<String>>,
}

impl Ledger {
    pub(super) fn wrong(&self, what: String) {
        lock(&self.wrong).push(what);
    }

    /// Records a violation unless the condition holds.
    pub(super) fn holds(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong(what());
        }
    }

    pub(super) fn may_go_on(&self) -> bool {
        lock(&self.wrong).len() < MOST_VIOLATIONS
    }

    /// Whether enough has happened for the run to prove something. The digests are counted when it has ended.
    pub fn has_enough(&self) -> bool {
        let answers = lock(&self.answers);
        let has = |(operation, kind): (&str, &str)| {
            answers.keys().any(|(of, seen)| *of == operation && seen.starts_with(kind))
        };
        super::KINDS.into_iter().all(has)
            && self.sends() >= 50
            && self.kills.load(Ordering::SeqCst) >= 5
            && self.sweeps.load(Ordering::SeqCst) >= 5
    }

    /// Records a response. I8: the body of a 5xx is one of few texts and reveals no internals.
    pub(super) fn note(&self, operation: &'static str, answer: &Response) {
        *lock(&self.answers).entry((operation, answer.kind())).or_default() += 1;
        if answer.status >= 500 && lock(&self.failures).insert(answer.text.clone()) {
            let known = [
                r#"{"message":"Internal Server Error"}"#,
                r#"{"message":"Service Unavailable"}"#,
                "\"code\":\"unavailable\"",
                "\"code\":\"internal\"",
            ];
            let tells = ["Exception", "Dynamo", "SES", "Item", "INJECTED", "example.com", "#", "rror:"];
            let is_known = known.iter().any(|known| answer.text.contains(known));
            let is_silent = tells.iter().all(|tell| !answer.text.contains(tell));
            let few = lock(&self.failures).len() <= known.len();
            self.holds(is_known && is_silent && few, || {
                format!("I8: a 5xx reveals internals: {}", answer.show())
            });
        }
    }

    /// Records the response to a request for a send. An empty invite stands for one whose id is unknown.
    pub(super) fn note_send(&self, deal: &str, invite: &str, done: bool) {
        let mut counts = lock(&self.send_counts);
        let counts = counts.entry((deal.to_owned(), invite.to_owned())).or_default();
        *(if done { &mut counts.done } else { &mut counts.unknown }) += 1;
    }

    pub(super) fn note_mails(&self, came: Vec<Mail>) {
        let mut mails = lock(&self.mails);
        for mail in came {
            let sent = Sent {
                id: mail.field("id").to_owned(),
                deal: mail.tag("deal").to_owned(),
                invite: mail.tag("invite").to_owned(),
                send: mail.tag("send").parse().expect("a number"),
                token: mail.token(),
            };
            // Each attempt has its own link and mails it once.
            self.holds(mails.tokens.insert(sent.token.clone()), || {
                format!("I4: a link was mailed twice: {} send {}", sent.invite, sent.send)
            });
            mails.sent.push(sent);
            mails.newest = Some(mail);
        }
    }

    /// A random mail, usually a late one.
    pub(super) fn some_mail(&self, rng: &mut fastrand::Rng) -> Option<Sent> {
        let mails = lock(&self.mails);
        let late = if rng.u8(0..5) == 0 { 0 } else { mails.sent.len().saturating_sub(80) };
        rng.choice(mails.sent.get(late..)?).cloned()
    }

    /// A run of `send-digests`, which has just failed.
    pub(super) fn note_failed_run(&self, begun: DateTime<Utc>) {
        lock(&self.failed_runs).push(begun..=now() + LATE);
    }

    /// Whether no run that failed can have sent the digest of this time.
    pub(super) fn note_digest(&self, at: DateTime<Utc>) -> bool {
        let is_recorded = !lock(&self.failed_runs).iter().any(|run| run.contains(&at));
        lock(&self.digests)[usize::from(!is_recorded)] += 1;
        is_recorded
    }

    /// Records all calls, with the faults that they met.
    pub(super) fn note_calls(&self, proxy: &Proxy) {
        *lock(&self.calls) = proxy.tally();
    }

    /// How many sends were mailed.
    fn sends(&self) -> usize {
        let mails = lock(&self.mails);
        mails.sent.iter().map(|sent| (&sent.invite, sent.send)).collect::<HashSet<_>>().len()
    }

    /// How often each fault was injected.
    pub fn faults(&self) -> BTreeMap<String, u32> {
        let mut faults = BTreeMap::new();
        for ((_, fault), times) in lock(&self.calls).iter() {
            if let Some(fault) = fault {
                *faults.entry(format!("{fault:?}")).or_default() += times;
            }
        }
        faults
    }

    pub fn violations(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }

    /// The responses to each operation, the faults, and what else happened.
    pub fn table(&self) -> String {
        let list = |counts: &BTreeMap<String, u32>| {
            counts.iter().map(|(name, times)| format!("{name}: {times}")).collect::<Vec<_>>().join(", ")
        };
        let mut answers: BTreeMap<&str, BTreeMap<String, u32>> = BTreeMap::new();
        for ((operation, kind), times) in lock(&self.answers).iter() {
            answers.entry(operation).or_default().insert(kind.clone(), *times);
        }
        let mut text = "| operation | responses |\n| --- | --- |\n".to_owned();
        for (operation, kinds) in answers {
            let _to_a_string = writeln!(text, "| {operation} | {} |", list(&kinds));
        }
        let (faults, sends) = (self.faults(), self.sends());
        let [recorded, unsure] = *lock(&self.digests);
        let _to_a_string = write!(
            text,
            "\n{} calls to DynamoDB and SES, {} of them with a fault ({})\n\
             {} processes killed, {} sweeps\n{} mails of {sends} sends\n\
             {recorded} digests, and {unsure} while a run of them failed\n",
            lock(&self.calls).values().sum::<u32>(),
            faults.values().sum::<u32>(),
            list(&faults),
            self.kills.load(Ordering::SeqCst),
            self.sweeps.load(Ordering::SeqCst),
            lock(&self.mails).sent.len(),
        );
        let wrong = self.violations();
        if wrong.is_empty() {
            text.push_str("All invariants hold.\n");
        }
        for wrong in wrong {
            let _to_a_string = writeln!(text, "VIOLATED: {wrong}");
        }
        text
    }
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}
