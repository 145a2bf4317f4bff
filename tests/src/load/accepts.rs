//! More learners than seats, all at once, with conflicts. I1

use futures_util::{StreamExt, stream};
use seatkeeper_local::Settings;

use super::Figures;
use super::measure::{Watched, per, sum, tally, tokens};
use crate::proxy::{Calls, Fault, Proxy, Storm};
use crate::{Client, TestStack, addresses};

/// Requests at once: four times as many as there are processes.
const AT_ONCE: usize = 64;
/// Of a thousand transactions, those that meet a conflict (besides those that the engine makes).
const CONFLICTS: u32 = 200;

/// So many learners accept on so many seats: exactly as many hold one as there are, and the others are told that the
/// deal is full.
pub async fn accepts(learners: usize, seats: usize) -> Figures {
    let (proxy, settings) = (Proxy::start().await, Settings { seed: false, ..Settings::ephemeral() });
    let mut watched = Watched::new(TestStack::behind(&proxy, settings.clone()).await, &settings);
    let stack = &watched.stack;
    let deal = stack.deal(u32::try_from(seats).expect("few")).await;
    let all = addresses("learner", learners);
    for some in all.chunks(1_000) {
        assert_eq!(deal.invite(some).await["summary"]["invited"], some.len());
    }
    let tokens = tokens(&stack.inbox().await);
    let people: Vec<Client> =
        stream::iter(&all).map(|email| stack.person(email)).buffered(AT_ONCE).collect().await;

    proxy.count(Calls::all());
    let conflicts = vec![Fault::Conflict];
    proxy.storm(Storm {
        seed: 1,
        share: CONFLICTS,
        calls: Calls::of("TransactWriteItems"),
        faults: conflicts,
    });
    let answers: Vec<_> = stream::iter(&people)
        .map(|learner| stack.accept(learner, &tokens[&learner.email]))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    proxy.calm();
    let calls = proxy.tally();
    let kinds = tally(answers.iter().map(crate::Answer::kind));
    let expected = [("200".to_owned(), seats), ("409 deal_full".to_owned(), learners - seats)];
    assert_eq!(kinds, expected.into_iter().collect());

    // I1: all that says how many seats are held says the same.
    let [total, allocated, available] = deal.seats().await;
    assert_eq!([total, allocated, available], [seats as u64, seats as u64, 0]);
    let held: Vec<_> = stream::iter(&people)
        .map(async |learner| {
            learner.get("/api/me/seats").await.ok(200)["seats"].as_array().map_or(0, Vec::len)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    assert_eq!((held.iter().sum::<usize>(), held.iter().max()), (seats, Some(&1)));
    assert_eq!(deal.rows("status=accepted&limit=200").await.len(), seats);

    let lines = watched.lines("accept-invite", "dynamodb.requests", learners * 2).await;
    let accepts = lines.iter().filter(|line| line["route"] == "POST /api/invites/accept");
    let (took, full): (Vec<_>, Vec<_>) = accepts.cloned().partition(|line| line["http.status"] == 200);
    assert_eq!((took.len(), full.len()), (seats, learners - seats));
    let conflicts =
        calls.get(&("TransactWriteItems".to_owned(), Some(Fault::Conflict))).copied().unwrap_or(0);
    assert!(conflicts > 0, "no conflict was injected: {calls:?}");
    let transactions: u32 = calls
        .iter()
        .filter(|((operation, _), _)| operation == "TransactWriteItems")
        .map(|(_, times)| times)
        .sum();

    let mut figures = Figures::default();
    let what = |what: &str| format!("{learners} accepts on {seats} seats: {what}");
    figures.add(&what("200 / 409 `deal_full` / others"), format!("{seats} / {} / 0", learners - seats));
    figures.add(&what("transactions, of them met by a conflict"), format!("{transactions}, {conflicts}"));
    figures.add(&what("DynamoDB requests for a seat"), per(sum(&took, "dynamodb.requests"), took.len()));
    figures.add(&what("DynamoDB requests for a refusal"), per(sum(&full, "dynamodb.requests"), full.len()));
    figures.add(&what("WRU for a seat"), per(sum(&took, "dynamodb.write_units"), took.len()));
    watched.stack.stop().await;
    figures
}
