//! What has been asked, answered, mailed and disturbed, and what of it was wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::Options;
use crate::proxy::{Proxy, Tally};
use crate::{Answer, Mail};

/// As many that are wrong are told; then the run ends.
const ENOUGH: usize = 20;

#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) deal: String,
    pub(super) invite: String,
    pub(super) send: u64,
    pub(super) token: String,
}

/// What managers were answered about the sends of one invite.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Asked {
    pub(super) done: u64,
    pub(super) open: u64,
}

#[derive(Debug, Default)]
struct Mails {
    sent: Vec<Sent>,
    tokens: HashSet<String>,
    newest: Option<Mail>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) closing: AtomicBool,
    pub(super) kills: AtomicUsize,
    pub(super) sweeps: AtomicU32,
    answers: Mutex<BTreeMap<(&'static str, String), u32>>,
    mails: Mutex<Mails>,
    asked: Mutex<HashMap<(String, String), Asked>>,
    dead: Mutex<HashSet<String>>,
    failures: Mutex<BTreeSet<String>>,
    calls: Mutex<Tally>,
    wrong: Mutex<Vec<String>>,
}

impl Ledger {
    pub(super) fn wrong(&self, what: String) {
        lock(&self.wrong).push(what);
    }

    /// Notes what is wrong unless it holds.
    pub(super) fn holds(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong(what());
        }
    }

    pub(super) fn is_fine(&self) -> bool {
        lock(&self.wrong).len() < ENOUGH
    }

    /// Takes an answer down. I8: what is said of a failure says nothing of the inside: it is one of very few texts.
    pub(super) fn note(&self, operation: &'static str, answer: &Answer) {
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
                format!("I8: a failure speaks of the inside: {}", answer.show())
            });
        }
    }

    /// Takes down what was answered about a send of an invite.
    pub(super) fn note_send(&self, deal: &str, invite: &str, done: bool) {
        let mut asked = lock(&self.asked);
        let asked = asked.entry((deal.to_owned(), invite.to_owned())).or_default();
        if done {
            asked.done += 1;
        } else {
            asked.open += 1;
        }
    }

    pub(super) fn asked(&self) -> HashMap<(String, String), Asked> {
        lock(&self.asked).clone()
    }

    pub(super) fn note_mails(&self, came: Vec<Mail>) {
        let mut mails = lock(&self.mails);
        for mail in came {
            let sent = Sent {
                deal: mail.tag("deal").to_owned(),
                invite: mail.tag("invite").to_owned(),
                send: mail.tag("send").parse().expect("a number"),
                token: mail.token(),
            };
            // Each try has a link of its own, and is made once.
            self.holds(mails.tokens.insert(sent.token.clone()), || {
                format!("I4: a link was mailed twice: {} send {}", sent.invite, sent.send)
            });
            mails.sent.push(sent);
            mails.newest = Some(mail);
        }
    }

    pub(super) fn newest_mail(&self) -> Option<Mail> {
        lock(&self.mails).newest.clone()
    }

    pub(super) fn mails(&self) -> Vec<Sent> {
        lock(&self.mails).sent.clone()
    }

    /// A mail: usually a late one.
    pub(super) fn some_mail(&self, rng: &mut fastrand::Rng) -> Option<Sent> {
        let mails = lock(&self.mails);
        let late = if rng.u8(0..5) == 0 { 0 } else { mails.sent.len().saturating_sub(80) };
        rng.choice(mails.sent.get(late..)?).cloned()
    }

    pub(super) fn is_dead(&self, token: &str) -> bool {
        lock(&self.dead).contains(token)
    }

    pub(super) fn bury(&self, token: &str) {
        lock(&self.dead).insert(token.to_owned());
    }

    /// Takes down which calls there have been, and which of them were disturbed.
    pub(super) fn note_calls(&self, proxy: &Proxy) {
        *lock(&self.calls) = proxy.tally();
    }

    pub(super) fn progress(&self, proxy: &Proxy, left: i64) -> String {
        self.note_calls(proxy);
        let answers = lock(&self.answers);
        let count = |from: char| -> u32 {
            answers.iter().filter(|((_, kind), _)| kind.starts_with(from)).map(|(_, times)| times).sum()
        };
        let disturbed: u32 =
            lock(&self.calls).iter().filter(|((_, fault), _)| fault.is_some()).map(|(_, times)| times).sum();
        format!(
            "{left:>4} s left: {} done, {} refused, {} failed; {} mails, {disturbed} calls disturbed, \
             {} processes killed, {} wrong",
            count('2'),
            count('4'),
            count('5'),
            lock(&self.mails).sent.len(),
            self.kills.load(Ordering::SeqCst),
            lock(&self.wrong).len()
        )
    }

    pub(super) fn summary(&self, options: Options, settled: Duration) -> Summary {
        let mut answers: BTreeMap<&str, BTreeMap<String, u32>> = BTreeMap::new();
        for ((operation, kind), times) in lock(&self.answers).iter() {
            answers.entry(operation).or_default().insert(kind.clone(), *times);
        }
        let (mut calls, mut faults) = (0, BTreeMap::new());
        for ((_, fault), times) in lock(&self.calls).iter() {
            calls += times;
            if let Some(fault) = fault {
                *faults.entry(format!("{fault:?}")).or_default() += times;
            }
        }
        let mails = lock(&self.mails);
        let sends: HashSet<_> = mails.sent.iter().map(|sent| (&sent.invite, sent.send)).collect();
        Summary {
            options,
            settled,
            answers: answers.into_iter().map(|(operation, kinds)| (operation.to_owned(), kinds)).collect(),
            calls,
            faults,
            kills: self.kills.load(Ordering::SeqCst),
            sweeps: self.sweeps.load(Ordering::SeqCst),
            mails: mails.sent.len(),
            sends: sends.len(),
            wrong: lock(&self.wrong).clone(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub struct Summary {
    pub options: Options,
    pub settled: Duration,
    /// How often each operation was answered in which way.
    pub answers: BTreeMap<String, BTreeMap<String, u32>>,
    /// Calls of the functions to DynamoDB and SES, until the storm ended.
    pub calls: u32,
    /// How many of them met which fault.
    pub faults: BTreeMap<String, u32>,
    pub kills: usize,
    pub sweeps: u32,
    pub mails: usize,
    pub sends: usize,
    pub wrong: Vec<String>,
}

impl Summary {
    /// How many answers an operation had whose kind begins with this.
    pub fn answered(&self, operation: &str, kind: &str) -> u32 {
        let kinds = self.answers.get(operation).into_iter().flatten();
        kinds.filter(|(seen, _)| seen.starts_with(kind)).map(|(_, times)| times).sum()
    }

    pub fn table(&self) -> String {
        let mut text = format!(
            "Chaos of {} s from seed {}\n\n| operation | answers |\n| --- | --- |\n",
            self.options.storm.as_secs(),
            self.options.seed
        );
        let list = |counts: &BTreeMap<String, u32>| {
            counts.iter().map(|(name, times)| format!("{name}: {times}")).collect::<Vec<_>>().join(", ")
        };
        for (operation, kinds) in &self.answers {
            let _to_a_string = writeln!(text, "| {operation} | {} |", list(kinds));
        }
        let disturbed: u32 = self.faults.values().sum();
        let _to_a_string = write!(
            text,
            "\n{} calls to DynamoDB and SES, {disturbed} of them disturbed ({})\n\
             {} processes killed, {} sweeps\n{} mails of {} sends, none of them with a link that was mailed before\n\
             settled {} s after the storm\n",
            self.calls,
            list(&self.faults),
            self.kills,
            self.sweeps,
            self.mails,
            self.sends,
            self.settled.as_secs()
        );
        if self.wrong.is_empty() {
            text.push_str("All invariants hold.\n");
        }
        for wrong in &self.wrong {
            let _to_a_string = writeln!(text, "WRONG: {wrong}");
        }
        text
    }
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}
