//! The limits of a manager and of a deal: counts that concurrent requests take from. The recipient's limit is part of
//! the rules of inviting and resending.

use super::table::{DAY, Table, after, learner, start};
use super::wire::Fault;
use futures_util::future::join_all;
use shared::domain::PersonId;
use shared::domain::limit::{RecipientLimit, SendingLimits};
use shared::store::{Allowance, Sender};

fn limits(manager_per_hour: u32, deal_per_day: u32) -> SendingLimits {
    SendingLimits { recipient: RecipientLimit::NONE, manager_per_hour, deal_per_day: Some(deal_per_day) }
}

async fn take(table: &Table, manager: &PersonId, limits: &SendingLimits, wanted: u32, at: i64) -> Allowance {
    let sender = Sender { manager, deal: &table.deal, limits };
    table.store.take_allowance(sender, wanted, after(at)).await.unwrap()
}

#[tokio::test]
async fn a_window_grants_up_to_its_limit_and_a_late_refund_does_not_count_for_the_next() {
    let table = Table::new(1).await;
    let (max, limits) = (learner("max"), limits(10, 0));
    let old = take(&table, &max, &limits, 4, 0).await;
    let granted = async |wanted, at| {
        let allowance = take(&table, &max, &limits, wanted, at).await;
        (allowance.sends, allowance.retry_at)
    };
    assert_eq!((old.sends, old.retry_at), (4, None));
    assert_eq!(granted(4, 60).await, (4, None));
    assert_eq!(granted(4, 120).await, (2, Some(after(3_600))));
    assert_eq!(granted(1, 3_599).await, (0, Some(after(3_600))));
    assert_eq!(granted(25, 3_600).await, (10, Some(after(7_200))));
    table.store.refund(old, 0).await.unwrap();
    assert_eq!(granted(1, 3_601).await, (0, Some(after(7_200))));
}

#[tokio::test]
async fn the_narrower_of_two_limits_holds_and_the_rest_is_refunded() {
    let table = Table::new(1).await;
    let (max, eve) = (learner("max"), learner("eve"));
    let limits = limits(10, 12);
    let first = take(&table, &max, &limits, 10, 0).await;
    assert_eq!((first.sends, first.retry_at), (10, None));
    table.store.refund(first, 9).await.unwrap();
    // The deal has three sends left, this manager ten.
    let second = take(&table, &eve, &limits, 10, 1).await;
    assert_eq!((second.sends, second.retry_at), (3, Some(after(DAY))));
    table.store.refund(second, 3).await.unwrap();
    let left = async |manager, wanted| {
        let sender = Sender { manager, deal: &table.deal, limits: &limits };
        table.store.foresee_allowance(sender, wanted, after(2)).await.unwrap().sends
    };
    assert_eq!((left(&max, 5).await, left(&eve, 9).await), (0, 0));
    // The managers have used nine and three sends.
    let unlimited_deal = SendingLimits { deal_per_day: Some(0), ..limits };
    assert_eq!(take(&table, &max, &unlimited_deal, 10, 2).await.sends, 1);
    assert_eq!(take(&table, &eve, &unlimited_deal, 10, 2).await.sends, 7);
}

#[tokio::test]
async fn many_at_once_get_no_more_than_there_is() {
    let table = Table::new(1).await;
    let (max, limits) = (learner("max"), limits(50, 0));
    // In a new window and in one that follows another, with conflicts.
    for at in [0, 3_600] {
        table.wire.disturb([Fault::Conflict, Fault::Conflict]);
        let taken = join_all((0..20).map(|_| take(&table, &max, &limits, 7, at))).await;
        let sum: u32 = taken.iter().map(|allowance| allowance.sends).sum();
        assert_eq!(sum, 50);
    }
}

#[tokio::test]
async fn sends_are_taken_once_when_the_response_is_lost() {
    let (max, limits) = (learner("max"), limits(10, 0));
    // The sends taken before; the time and number of the request; the granted sends, and the write that grants them;
    // the sends that are left.
    let cases = [
        ("all of the first window", 0, (1, 10), (10, 2), 0),
        ("some of the first window", 0, (1, 4), (4, 2), 6),
        ("some of a window that has begun", 1, (1, 3), (3, 1), 6),
        ("the rest of a window", 6, (1, 10), (4, 2), 0),
        ("all of the next window", 10, (3_600, 10), (10, 2), 0),
    ];
    for (what, before, (at, wanted), (granted, write), left) in cases {
        let table = Table::new(1).await;
        if before > 0 {
            take(&table, &max, &limits, before, 0).await;
        }
        table.wire.disturb(vec![Fault::None; write - 1]);
        table.wire.disturb([Fault::LoseAnswer]);
        assert_eq!(take(&table, &max, &limits, wanted, at).await.sends, granted, "{what}");
        assert!(table.wire.is_quiet(), "{what}");
        assert_eq!(take(&table, &max, &limits, 10, at + 1).await.sends, left, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_sends_are_refunded_once_despite_other_writes() {
    let (max, limits) = (learner("max"), limits(20, 0));
    let table = Table::new(1).await;
    let [first, second] = [take(&table, &max, &limits, 6, 0).await, take(&table, &max, &limits, 6, 0).await];
    take(&table, &max, &limits, 6, 0).await;
    // The response to the first refund is lost, and the second refund arrives before the first is repeated.
    let others = table.others();
    table.wire.lose_answer_after(async move { others.store.refund(second, 0).await.unwrap() });
    table.store.refund(first, 0).await.unwrap();
    assert!(table.wire.is_quiet());
    assert_eq!(take(&table, &max, &limits, 20, 1).await.sends, 14);
}

#[tokio::test]
async fn a_grant_of_one_limit_is_refunded_when_the_other_fails() {
    let (max, limits) = (learner("max"), limits(10, 10));
    let table = Table::new(1).await;
    // The manager's limit grants sends, and the deal's limit fails.
    table.wire.disturb([Fault::None, Fault::Refuse]);
    let sender = Sender { manager: &max, deal: &table.deal, limits: &limits };
    assert!(table.store.take_allowance(sender, 10, start()).await.is_err());
    assert!(table.wire.is_quiet());
    assert_eq!(take(&table, &max, &limits, 10, 1).await.sends, 10);
}

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let table = Table::new(1).await;
    let allowance = take(&table, &learner("max"), &limits(0, 0), 1_000, 0).await;
    assert_eq!((allowance.sends, allowance.retry_at), (1_000, None));
    table.store.refund(allowance, 0).await.unwrap();
    assert_eq!(table.wire.usage().requests, 0);
}
