//! Opt-outs after failures and late events.

use super::table::{ANN, Answer, Table, after, done, email, start};
use super::wire::Fault;
use shared::domain::HistoryEvent;

/// The opt-out's write fails, or the invite's. A repetition completes both.
#[tokio::test]
async fn i10_a_repetition_completes_what_a_failure_left() {
    for faults in [[Fault::Refuse, Fault::None], [Fault::None, Fault::Refuse]] {
        let table = Table::new(3).await;
        let (link, _) = table.send(ANN, start()).await;
        table.wire.disturb(faults);
        assert!(table.answer(&link, Answer::OptOut, after(1)).await.is_err(), "{faults:?}");
        table.wire.clear_faults();
        let out = done(table.answer(&link, Answer::OptOut, after(2)).await).invite;
        let told = out.history.newest_first().filter(|entry| entry.event == HistoryEvent::OptedOut).count();
        assert_eq!((told, table.is_out(ANN).await), (1, true));
    }
}

/// SNS may hand over the event of a complaint twice, or late: after its recipient lifted the opt-out, or asked for a new
/// link.
#[tokio::test]
async fn i10_only_a_newer_complaint_undoes_an_opt_in() {
    for is_late in [false, true] {
        let table = Table::new(3).await;
        let (organisation, email) = (&table.deal.organisation.id, &email(ANN));
        let complain = async |at, now| table.store.opt_out(organisation, email, now, Some(at)).await.unwrap();
        let is_out = async || table.is_out(ANN).await;
        if !is_late {
            complain(after(10), after(20)).await;
            assert!(is_out().await);
        }
        for _ in 0..2 {
            table.store.opt_in(organisation, email, after(30)).await.unwrap();
            complain(after(10), after(40)).await;
            assert!(!is_out().await, "an old complaint, late: {is_late}");
        }
        complain(after(30), after(60)).await;
        assert!(is_out().await, "a complaint of the same second is a new one");
        table.store.opt_in(organisation, email, after(70)).await.unwrap();
        table.store.opt_out(organisation, email, after(70), None).await.unwrap();
        assert!(is_out().await, "their own no");
    }
}

async fn say(table: Table, is_out: bool) {
    let (organisation, email) = (&table.deal.organisation.id, &email(ANN));
    if is_out {
        table.store.opt_out(organisation, email, after(10), None).await.unwrap();
    } else {
        table.store.opt_in(organisation, email, after(10)).await.unwrap();
    }
}

/// The SDK repeats a write whose response was lost, after a newer answer of the same person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_a_repeated_write_undoes_no_newer_answer() {
    for is_out in [false, true] {
        let table = Table::new(3).await;
        table.wire.lose_answer_after(say(table.others(), is_out));
        say(table.clone(), !is_out).await;
        assert_eq!(table.is_out(ANN).await, is_out);
    }
}
