//! More learners than seats accept at once, with conflicts. I1

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::measure::{Figures, MeasuredStack, per, sum};
use crate::proxy::{Calls, Fault, Proxy, RandomFaults};
use crate::snapshot::{Mailed, Snapshot};
use crate::{Client, addresses};

/// Requests at once: four times as many as there are processes.
const AT_ONCE: usize = 64;
/// How many of a thousand transactions meet an injected conflict.
const CONFLICTS: u32 = 200;

/// Every seat is taken, and every other learner is told that the deal is full.
pub async fn accepts(learners: usize, seats: usize) -> String {
    let proxy = Proxy::start().await;
    let mut measured = MeasuredStack::behind(&proxy).await;
    let stack = &measured.stack;
    let deal = stack.deal(u32::try_from(seats).expect("few")).await;
    let all = addresses("learner", learners);
    for some in all.chunks(1_000) {
        assert_eq!(deal.invite(some).await["summary"]["invited"], some.len());
    }
    let mails = stack.inbox().await;
    let tokens: BTreeMap<_, _> = mails.iter().map(|mail| (mail.field("to"), mail.token())).collect();
    let people: Vec<Client> =
        stream::iter(&all).map(|email| stack.person(email)).buffered(AT_ONCE).collect().await;

    let (calls, faults) = (Calls::of("TransactWriteItems"), vec![Fault::Conflict]);
    proxy.count(calls.clone());
    proxy.inject(RandomFaults { seed: 1, share: CONFLICTS, calls, faults });
    let answers: Vec<_> = stream::iter(&people)
        .map(|learner| stack.accept(learner, &tokens[learner.email.as_str()]))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    proxy.clear_faults();
    let calls = proxy.tally();
    let mut kinds = BTreeMap::new();
    for answer in &answers {
        *kinds.entry(answer.kind()).or_default() += 1;
    }
    let expected = [("200".to_owned(), seats), ("409 deal_full".to_owned(), learners - seats)];
    assert_eq!(kinds, BTreeMap::from(expected));

    let snapshot = Snapshot::take(stack).await;
    snapshot.check(stack, &deal, Mailed::Once, "after all accepts").await;
    assert_eq!(deal.seats().await, [seats as u64, seats as u64, 0]);

    let lines = measured.lines("accept-invite", "dynamodb.requests", learners * 2).await;
    let accepts = lines.iter().filter(|line| line["route"] == "POST /api/invites/accept");
    let (took, full): (Vec<_>, Vec<_>) = accepts.cloned().partition(|line| line["http.status"] == 200);
    assert_eq!((took.len(), full.len()), (seats, learners - seats));
    let conflicts =
        calls.get(&("TransactWriteItems".to_owned(), Some(Fault::Conflict))).copied().unwrap_or(0);
    assert!(conflicts > 0, "no conflict was injected: {calls:?}");
    let transactions: u32 = calls.values().sum();

    let mut figures = Figures::of(format!("{learners} accepts on {seats} seats"));
    figures.add("200 / 409 `deal_full` / others", format!("{seats} / {} / 0", learners - seats));
    figures.add("transactions, and injected conflicts", format!("{transactions}, {conflicts}"));
    figures.add("DynamoDB requests for a seat", per(sum(&took, "dynamodb.requests"), took.len()));
    figures.add("DynamoDB requests for a refusal", per(sum(&full, "dynamodb.requests"), full.len()));
    figures.add("WRU for a seat", per(sum(&took, "dynamodb.write_units"), took.len()));
    measured.stack.stop().await;
    figures.rows
}
