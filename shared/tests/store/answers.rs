//! Answers of learners with lost responses and other writers: declining, asking, opting out.

use super::table::{Answer, LEASE, Table, after, done, email, refused, start};
use super::wire::Fault;
use shared::domain::answer::AnswerRefusal;
use shared::domain::outcome::Outcome;
use shared::domain::{Delivery, HistoryEvent, Invite, InviteState};
use shared::store::{AcceptOutcome, keys::Queue};

const ANN: &str = "ann@example.com";

fn times(invite: &Invite, event: HistoryEvent) -> usize {
    invite.history.newest_first().filter(|entry| entry.event == event).count()
}

/// By a superseded link, so that each of them is an answer.
#[tokio::test]
async fn an_answer_whose_response_was_lost_is_stored_once() {
    for (answer, event) in [
        (Answer::Decline, HistoryEvent::Declined),
        (Answer::Ask, HistoryEvent::Asked),
        (Answer::OptOut, HistoryEvent::OptedOut),
    ] {
        for fault in [Fault::LoseAnswer, Fault::Conflict] {
            let table = Table::new(3).await;
            let (link, _) = table.send(ANN, start()).await;
            done(table.resend(&table.link(ANN), None, after(60)).await);
            // The second write, at the same time, is the opt-out's.
            table.wire.disturb([fault, fault]);
            let answered = done(table.answer(&link, answer, after(61)).await).invite;
            table.wire.clear_faults();
            let again = done(table.answer(&link, answer, after(62)).await).invite;
            assert_eq!(again, answered, "{answer:?}, {fault:?}");
            assert_eq!(times(&again, event), 1, "{answer:?}, {fault:?}");
            assert_eq!(table.is_out("acme", ANN).await, answer == Answer::OptOut, "{answer:?}, {fault:?}");
        }
    }
}

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
        assert_eq!((times(&out, HistoryEvent::OptedOut), table.is_out("acme", ANN).await), (1, true));
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

/// SNS may hand over the event of a complaint twice, the second time after its recipient lifted the opt-out.
#[tokio::test]
async fn i10_only_a_newer_complaint_undoes_an_opt_in() {
    let table = Table::new(3).await;
    let (organisation, email) = (&table.deal.organisation.id, &email(ANN));
    let complain = async |at, now| table.store.opt_out(organisation, email, now, Some(at)).await.unwrap();
    let is_out = async || table.is_out("acme", ANN).await;
    complain(after(10), after(20)).await;
    assert!(is_out().await);
    for _ in 0..2 {
        table.store.opt_in(organisation, email, after(30)).await.unwrap();
        complain(after(10), after(40)).await;
        assert!(!is_out().await, "the same complaint again");
    }
    complain(after(50), after(60)).await;
    assert!(is_out().await, "a new complaint");
    table.store.opt_in(organisation, email, after(70)).await.unwrap();
    table.store.opt_out(organisation, email, after(70), None).await.unwrap();
    assert!(is_out().await, "their own no");
}

/// Sixty at once are in `tests/`. Here each order happens for certain.
#[tokio::test(flavor = "multi_thread")]
async fn i1_accepting_and_declining_race_and_each_order_has_one_end() {
    // Somebody accepts before the decline is written: the seat is taken.
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    let (others, theirs) = (table.others(), link.clone());
    table.wire.before_next_write(async move { others.accepts(&theirs, "ann", after(2)).await });
    let late = refused(table.answer(&link, Answer::Decline, after(1)).await);
    assert_eq!((late, table.held("ann").await), (AnswerRefusal::AlreadyAccepted, (1, true)));

    // Somebody declines before the accept is written. A "no" may be changed.
    let table = Table::new(3).await;
    let (link, _) = table.send(ANN, start()).await;
    let (others, theirs) = (table.others(), link.clone());
    table.wire.before_next_write(async move {
        done(others.answer(&theirs, Answer::Decline, after(1)).await);
    });
    table.accepts(&link, "ann", after(2)).await;
    let invite = table.now(&link).await;
    assert_eq!((invite.state, invite.declined_at), (InviteState::Accepted, None));
    assert_eq!(table.held("ann").await, (1, true));
    let declined = refused(table.answer(&link, Answer::Decline, after(3)).await);
    assert_eq!(declined, AnswerRefusal::AlreadyAccepted);
}

/// A mail that is queued when its learner declines by an older link: the manager asked for it, so it goes out.
#[tokio::test]
async fn i4_a_queued_mail_of_a_declined_invite_stays_due_and_never_expires() {
    let table = Table::new(3).await;
    let (old, _) = table.send(ANN, start()).await;
    let newest = table.link(ANN);
    done(table.resend(&newest, None, after(60)).await);
    let declined = done(table.answer(&old, Answer::Decline, after(61)).await);
    let shard = declined.key.invite.as_bytes()[0] % 4;
    let lease_over = after(61) + LEASE;
    assert_eq!(table.due(Queue::Send, shard, lease_over).await.len(), 1);
    let attempt = table.link(ANN);
    let claimed = done(table.claim(declined, &attempt, lease_over).await);
    let sent = done(table.record_outcome(&claimed, &attempt, Outcome::Sent, lease_over).await);
    let expires_at = sent.invite.expires_at;
    assert_eq!((sent.invite.state, sent.invite.delivery), (InviteState::Declined, Delivery::Sent));
    assert!(table.due(Queue::Expire, shard, expires_at).await.is_empty());
    // Both links of the newest send still accept.
    assert!(matches!(table.accept(&newest, "ann", after(300)).await, AcceptOutcome::Accepted { .. }));
}
