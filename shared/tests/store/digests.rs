//! Digests: what is news, one claim for each, lost responses, and what a run costs.

use super::table::{ANN, Answer, BOB, DAY, LEASE, Table, after, done, item, learner, s, start};
use super::wire::Fault;
use futures_util::TryStreamExt;
use shared::domain::digest::{RENEWED_FOR, Told, next_day};
use shared::domain::{Attention, BounceReason, Delivery, OrganisationId, Timestamp};
use shared::store::{Digest, StoreError, SwitchOff};

const MOST: u32 = 1_000;

fn acme() -> OrganisationId {
    OrganisationId::parse("acme").unwrap()
}

impl Table {
    async fn switch_on(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store.switch_digest_on(&learner("max"), &acme(), "max@acme.example", now).await
    }

    async fn digest(&self) -> Option<Digest> {
        self.store.digest(&learner("max")).await.unwrap()
    }

    async fn news(&self, reason: Attention) -> u32 {
        let digest = self.digest().await.unwrap();
        self.store.news(&digest, self.deal.id, reason, MOST).await.unwrap().1
    }

    /// Tells the news, and is due again.
    async fn tell(&self, now: Timestamp) {
        let digest = self.digest().await.unwrap();
        let mut seen = Vec::new();
        for reason in [Attention::Asked, Attention::Undelivered, Attention::Declined] {
            seen.extend(self.store.news(&digest, self.deal.id, reason, MOST).await.unwrap().0);
        }
        self.record(digest, seen, now).await;
    }

    async fn record(&self, digest: Digest, seen: Vec<String>, now: Timestamp) {
        let claim = self.store.claim_digest(&digest, now + LEASE).await.unwrap().unwrap();
        let told = Told::from([(self.deal.id, 1)]);
        self.store.record_digest(&digest.after(seen, told, next_day(now), now), &claim).await.unwrap();
    }

    async fn managers_due(&self, now: Timestamp) -> usize {
        let mut found = 0;
        for shard in 0..4 {
            let pages: Vec<_> = self.store.due_digests(shard, now).try_collect().await.unwrap();
            found += pages.concat().len();
        }
        found
    }
}

/// The SDK repeats a write whose response was lost, after the manager switched the digest on again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_off_undoes_no_newer_switching_on() {
    let table = Table::new(1).await;
    table.switch_on(start()).await.unwrap();
    let others = table.others();
    table.wire.lose_answer_after(async move { others.switch_on(after(2)).await.unwrap() });
    let by = SwitchOff::ByManager;
    assert_eq!(table.store.switch_digest_off(&learner("max"), by, after(1)).await.unwrap(), Some(acme()));
    assert!(table.digest().await.is_some());
}

/// An event of SES may be days old when it is recorded, and a write may take a while to reach the index.
#[tokio::test]
async fn a_fact_is_news_when_it_was_recorded_late_and_told_once() {
    let table = Table::new(9).await;
    table.switch_on(start()).await.unwrap();
    let (ann, _) = table.send(ANN, after(1)).await;
    let (bob, _) = table.send(BOB, after(1)).await;
    let (dee, _) = table.send("dee@example.com", after(1)).await;
    done(table.answer(&ann, Answer::Decline, after(DAY)).await);
    assert_eq!(table.news(Attention::Declined).await, 1);
    table.tell(after(DAY + 5)).await;
    assert_eq!(table.news(Attention::Declined).await, 0, "told");
    table.record(table.digest().await.unwrap(), Vec::new(), after(DAY + 9)).await;
    assert_eq!(table.news(Attention::Declined).await, 0, "told before the index lagged");

    // A write that began before the run arrives after it.
    let (carl, _) = table.send("carl@example.com", after(1)).await;
    done(table.answer(&carl, Answer::Decline, after(DAY - 1)).await);
    assert_eq!(table.news(Attention::Declined).await, 1);
    // The bounce is older than the digest.
    let bounced = Delivery::Bounced { reason: BounceReason::Temporary, at: after(2) };
    done(table.track(&bob, bounced, after(DAY + 60)).await);
    assert_eq!(table.news(Attention::Undelivered).await, 1);
    table.tell(after(2 * DAY)).await;
    assert_eq!((table.news(Attention::Declined).await, table.news(Attention::Undelivered).await), (0, 0));

    // The mail still did not arrive: after a withdrawn question the old reason shows again, and is not told twice.
    done(table.track(&bob, Delivery::Complained { at: after(3) }, after(3 * DAY)).await);
    assert_eq!(table.news(Attention::Undelivered).await, 0);
    done(table.answer(&bob, Answer::Ask, after(40 * DAY)).await);
    assert_eq!(table.news(Attention::Asked).await, 1);
    done(table.answer(&bob, Answer::OptOut, after(41 * DAY)).await);
    assert_eq!((table.news(Attention::Asked).await, table.news(Attention::Undelivered).await), (0, 0));

    // A reason that no digest told before the question is still news after it.
    done(table.track(&dee, bounced, after(42 * DAY)).await);
    done(table.answer(&dee, Answer::Ask, after(43 * DAY)).await);
    assert_eq!(table.news(Attention::Undelivered).await, 0);
    done(table.answer(&dee, Answer::OptOut, after(44 * DAY)).await);
    assert_eq!((table.news(Attention::Asked).await, table.news(Attention::Undelivered).await), (0, 1));
}

#[tokio::test]
async fn a_crowd_of_facts_is_told_once_too() {
    let table = Table::new(9).await;
    table.switch_on(start()).await.unwrap();
    let (ann, _) = table.send(ANN, after(1)).await;
    done(table.answer(&ann, Answer::Decline, after(2)).await);
    let place = |number: i64| format!("{:013}999{number:016}", after(2 + number).timestamp_millis());
    let model = table.item(&ann).await;
    let copies = (1..250).map(|number| {
        let mut copy = model.clone();
        copy.extend(item([("attentionSk", s(&place(number)))]));
        let (pk, _) = table.invite_key(&ann);
        ((pk, format!("I#{number}")), copy)
    });
    table.put(copies).await;
    let digest = table.digest().await.unwrap();
    for (most, counted) in [(MOST, 250), (99, 99)] {
        let (_, news) = table.store.news(&digest, table.deal.id, Attention::Declined, most).await.unwrap();
        assert_eq!(news, counted);
    }
    // More of them are younger than ten minutes than a digest remembers.
    table.tell(after(300)).await;
    assert_eq!(table.news(Attention::Declined).await, 0);
}

#[tokio::test]
async fn one_run_claims_a_digest_and_a_lost_response_is_recognised() {
    let table = Table::new(9).await;
    let others = table.others();
    for fault in [Fault::LoseAnswer, Fault::Conflict] {
        table.wire.disturb([fault, fault]);
        table.switch_on(start()).await.unwrap();
        table.wire.clear_faults();
    }
    let seen = table.digest().await.unwrap();
    assert_eq!((table.managers_due(start()).await, table.managers_due(start() - LEASE).await), (1, 0));
    table.wire.disturb([Fault::LoseAnswer]);
    let claim = table.store.claim_digest(&seen, after(60)).await.unwrap().unwrap();
    table.wire.clear_faults();
    assert!(others.store.claim_digest(&seen, after(60)).await.unwrap().is_none());
    let claimed = table.digest().await.unwrap();
    // The claim ended without a record, and another run took over.
    let taken = others.store.claim_digest(&claimed, after(120)).await.unwrap().unwrap();
    table.store.record_digest(&seen, &claim).await.unwrap();
    assert_eq!(table.digest().await.unwrap().due_at, after(120), "the first claim is over");
    table.wire.disturb([Fault::LoseAnswer]);
    let next = claimed.after(Vec::new(), Told::from([(table.deal.id, 3)]), after(DAY), start());
    table.store.record_digest(&next, &taken).await.unwrap();
    table.wire.clear_faults();
    let recorded = table.digest().await.unwrap();
    assert_eq!((recorded.due_at, &recorded.told), (after(DAY), &next.told));
    assert_eq!(table.managers_due(after(DAY - 1)).await, 0);
}

/// A manager who moves to another organisation gets its digest, still at most once a day.
#[tokio::test]
async fn a_digest_belongs_to_one_organisation() {
    let table = Table::new(9).await;
    table.switch_on(start()).await.unwrap();
    table.tell(after(1)).await;
    let first = table.digest().await.unwrap();
    let globex = OrganisationId::parse("globex").unwrap();
    table.store.switch_digest_on(&learner("max"), &globex, "max@globex.example", after(9)).await.unwrap();
    let second = table.digest().await.unwrap();
    assert_eq!((&second.organisation, second.due_at, second.since), (&globex, first.due_at, after(9)));
    assert_eq!((second.email.as_typed(), second.renew_by), ("max@globex.example", after(9) + RENEWED_FOR));
    assert!(second.id.secret == first.id.secret, "an older mail's id stays good");
    let off = async |by| table.store.switch_digest_off(&learner("max"), by, after(9)).await.unwrap();
    assert_eq!(off(SwitchOff::Ended).await, None, "it was renewed");
    for is_on in [true, false] {
        assert_eq!(table.digest().await.is_some(), is_on);
        assert_eq!(off(SwitchOff::ById(&first.id.secret)).await.as_ref(), Some(&globex));
    }
}
