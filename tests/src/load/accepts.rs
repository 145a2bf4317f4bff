//! More learners than seats accept at once, with conflicts. I1

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::measure::{Figures, per};
use crate::proxy::{Calls, Fault, Proxy, RandomFaults};
use crate::snapshot::{Mailed, Snapshot};
use crate::{Client, TestStack, addresses, settings_with};

/// Requests at once: four times as many as there are processes.
const AT_ONCE: usize = 64;
/// How many of a thousand transactions meet an injected conflict.
const CONFLICTS: u32 = 200;

/// Every seat is taken, and every other learner is told that the deal is full.
pub async fn accepts(learners: usize, seats: usize) -> String {
    let proxy = Proxy::start().await;
    let stack = TestStack::behind(&proxy, settings_with(&[])).await;
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
    proxy.count(Calls::all());
    proxy.inject(RandomFaults { seed: 1, share: CONFLICTS, calls, faults });
    let answers: Vec<_> = stream::iter(&people)
        .map(|learner| stack.accept(learner, &tokens[learner.email.as_str()]))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    proxy.clear_faults();
    let (calls, units) = (proxy.tally(), proxy.units());
    let mut kinds = BTreeMap::new();
    for answer in &answers {
        *kinds.entry(answer.kind()).or_default() += 1;
    }
    let expected = [("200".to_owned(), seats), ("409 deal_full".to_owned(), learners - seats)];
    assert_eq!(kinds, BTreeMap::from(expected));

    let snapshot = Snapshot::take(&stack).await;
    snapshot.check(&stack, &deal, Mailed::Once, "after all accepts").await;
    assert_eq!(deal.seats().await, [seats as u64, seats as u64, 0]);

    let of = |fault| calls.get(&("TransactWriteItems".to_owned(), fault)).copied().unwrap_or(0);
    let conflicts = of(Some(Fault::Conflict));
    assert!(conflicts > 0, "no conflict was injected: {calls:?}");
    let transactions = of(None) + conflicts;
    let requests: u32 = calls.values().sum();

    let mut figures = Figures::of(format!("{learners} accepts on {seats} seats"));
    figures.add("200 / 409 `deal_full` / others", format!("{seats} / {} / 0", learners - seats));
    figures.add("transactions, and injected conflicts", format!("{transactions}, {conflicts}"));
    figures.add("DynamoDB requests for an answer", per(requests.into(), learners));
    figures.add("WRU for a seat", per(units.written, seats));
    stack.stop().await;
    figures.rows
}
