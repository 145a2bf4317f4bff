//! Opt-outs: after failures, for one organisation, and until their person lifts them.

use super::table::{Answer, Table, after, done, email, page_query, start};
use super::wire::Fault;
use shared::domain::remind::DEFAULT_REMINDERS;
use shared::domain::{Delivery, HistoryEvent};
use shared::store::StatusFilter;

const ANN: &str = "ann@example.com";

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
        assert_eq!((told, table.is_out("acme", ANN).await), (1, true));
    }
}

#[tokio::test]
async fn i10_an_opt_out_holds_for_an_organisation_and_an_ask_lifts_it() {
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    done(table.answer(&link, Answer::OptOut, after(1)).await);
    for (organisation, address, is_out) in [
        ("acme", "ANN@Example.com", true),
        ("acme", "ann+other@example.com", false),
        ("acme", "bob@example.com", false),
        ("globex", ANN, false),
    ] {
        assert_eq!(table.is_out(organisation, address).await, is_out, "{address} of {organisation}");
    }
    done(table.answer(&link, Answer::Ask, after(40 * 86_400)).await);
    assert!(!table.is_out("acme", ANN).await);
}

/// The lists say so without a read of the opt-out.
#[tokio::test]
async fn i10_a_row_says_who_opted_out_and_names_no_reminder() {
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    let row = async |filter| {
        let page = table.store.page(table.deal.id, &page_query(filter, 9), after(9)).await.unwrap().unwrap();
        page.invites.first().map(|row| (row.opted_out_at, row.remind_at(table.deal.ends_at, after(9))))
    };
    done(table.answer(&link, Answer::OptOut, after(1)).await);
    assert_eq!(row(None).await, Some((Some(after(1)), None)));
    done(table.answer(&link, Answer::OptIn, after(2)).await);
    assert_eq!(row(None).await, Some((None, Some(start() + DEFAULT_REMINDERS[0]))));
    done(table.track(&link, Delivery::Complained { at: after(3) }, after(4)).await);
    for filter in [None, Some(StatusFilter::Undelivered)] {
        assert_eq!(row(filter).await, Some((Some(after(3)), None)), "{filter:?}");
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
        let is_out = async || table.is_out("acme", ANN).await;
        if !is_late {
            complain(after(10), after(20)).await;
            assert!(is_out().await);
        }
        for _ in 0..2 {
            table.store.opt_in(organisation, email, after(30)).await.unwrap();
            complain(after(10), after(40)).await;
            assert!(!is_out().await, "an old complaint, late: {is_late}");
        }
        complain(after(50), after(60)).await;
        assert!(is_out().await, "a new complaint");
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
        assert_eq!(table.is_out("acme", ANN).await, is_out);
    }
}
