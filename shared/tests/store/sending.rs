//! Runs of mailing: their calls to SES, their wait for a turn, and their records. I4.

use super::ses::{
    DOWN, FAILED, NO_LIMITS, PAUSED, Reply, SENT, SUSPENDED, THROTTLED, config, mail_config, mailer,
    response, sdk,
};
use super::table::{ANN, Table, done, email, learner, new_deal, soon, start};
use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
use aws_smithy_runtime_api::client::result::ConnectorError;
use chrono::TimeDelta;
use shared::audit::Ledger;
use shared::clock::{self, Deadline};
use shared::domain::send::{Invitee, invite};
use shared::domain::{Delivery, FailureReason, Invite, InviteKey};
use shared::http::Manager;
use shared::mail::ses::Mailer;
use shared::sending::{Claim, Row, Runner, SendRequest, Sending};
use shared::store::Seen;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MALFORMED: Reply = (400, r#"{"__type":"BadRequestException","message":"Illegal address"}"#);

/// Claimed mails, and a scripted SES.
struct ClaimedMails {
    table: Table,
    sending: Sending,
    claims: Vec<Claim>,
}

impl ClaimedMails {
    async fn new(mails: usize, answers: &[Reply], send_rate: u32) -> Self {
        let table = Table::new(1).await;
        let sending = Sending {
            store: table.store.clone(),
            mailer: mailer(answers),
            mail: mail_config(send_rate),
            config: config(),
            limits: NO_LIMITS,
        };
        let mut claims = Vec::new();
        for number in 0..mails {
            let (link, queued) = table.queue(&format!("learner{number}@example.com"), clock::now()).await;
            claims.push(Claim::of(queued, link).unwrap());
        }
        Self { table, sending, claims }
    }

    async fn invites(&self) -> Vec<Invite> {
        futures_util::future::join_all(self.claims.iter().map(|claim| self.table.now(&claim.link))).await
    }

    /// The invites at their claim.
    fn untouched(&self) -> Vec<Invite> {
        self.claims.iter().map(|claim| claim.record.invite.clone()).collect()
    }
}

/// Nobody was invited before, so the deal can be deleted while the request runs. A request that stores no row leaves the
/// deal unused, so that it can still be deleted.
#[tokio::test]
async fn i3_nobody_is_invited_to_a_deleted_deal() {
    let mails = ClaimedMails::new(0, &[SENT], 0).await;
    let (store, link) = (&mails.table.store, mails.table.link(ANN));
    let invitee = Invitee { id: link.invite, email: email(ANN), name: None };
    for (is_out, is_deleted) in [(false, false), (false, true), (true, false)] {
        let (what, is_invited) =
            (format!("opted out: {is_out}, deleted: {is_deleted}"), !is_out && !is_deleted);
        let (new, now) = (new_deal(3), clock::now());
        let made = store.create_deal(&new, None, TimeDelta::days(365), now).await.unwrap().unwrap();
        let key = InviteKey { deal: made.id, invite: link.invite };
        let manager = Manager { id: learner("max"), organisation: new.organisation.id, email: None };
        let request = SendRequest { deal: made, manager, now, deadline: soon(), ledger: Ledger::default() };
        if is_deleted {
            store.delete_deal(key.deal, None).await.unwrap().unwrap();
        }
        let row = Row {
            invite: link.invite,
            seen: Seen::Nothing,
            opted_out: Some(is_out),
            order: 0,
            rule: Box::new(|existing, send, now| invite(existing, &invitee, send, now)),
            replaces: None,
        };
        assert_eq!(mails.sending.send(&request, vec![row]).await.is_err(), is_deleted, "{what}");
        assert_eq!(store.invite(key).await.unwrap().is_some(), is_invited, "{what}");
        assert_eq!(store.delete_deal(key.deal, None).await.unwrap().is_ok(), !is_invited, "{what}");
    }
}

/// Only an explicit refusal means *not sent*, so that the link may be dropped. SES refuses a whole call because of one
/// malformed mail. Then the mails are sent one by one.
#[tokio::test]
async fn i4_each_answer_of_ses_settles_its_mails_and_may_end_the_run() {
    let new_status = (200, r#"{"BulkEmailEntryResults":[{"Status":"SOMETHING_NEW"}]}"#);
    let no_status = (200, r#"{"BulkEmailEntryResults":[{}]}"#);
    let cases = [
        ("one of three", 3, &[MALFORMED, SENT, MALFORMED, SENT][..], [2, 1, 0, 0], false, 0),
        ("the only mail", 1, &[MALFORMED], [0, 1, 0, 0], false, 0),
        ("all mails, which ends the run", 2, &[MALFORMED], [0, 2, 0, 0], true, 0),
        ("the account is paused, which ends the calls", 4, &[MALFORMED, SENT, PAUSED], [1, 1, 2, 0], true, 1),
        ("the account is suspended", 1, &[SUSPENDED], [0, 1, 0, 0], true, 1),
        // The throttled mail is sent in the next round. A lost response counts once.
        ("no response to one", 2, &[MALFORMED, FAILED, THROTTLED, SENT], [1, 0, 0, 1], false, 0),
        (
            "no response to two, which ends the run",
            3,
            &[MALFORMED, FAILED, FAILED, SENT],
            [0, 0, 1, 2],
            true,
            0,
        ),
        // A request holds one of the account's few functions. The deliverer takes over.
        ("throttled for two seconds", 1, &[THROTTLED], [0, 1, 0, 0], false, 1),
        ("SES is down, which ends the run, and may have sent the mail", 1, &[DOWN], [0, 0, 0, 1], true, 0),
        ("a status that is new, and may mean that", 1, &[new_status], [0, 0, 0, 1], true, 0),
        ("no status, which may mean that", 1, &[no_status], [0, 0, 0, 1], true, 0),
    ];
    let is_of_account = |answer: &Reply| [PAUSED, SUSPENDED].contains(answer);
    for (what, count, answers, expected, stopped, uncounted) in cases {
        let mails = ClaimedMails::new(count, answers, 0).await;
        let run = mails.sending.run(Runner::Request, Deadline::within(Duration::from_mins(10)));
        run.mail_all(&mails.table.deal, mails.claims.clone()).await;
        let mailed = run.report();
        let counts = [mailed.sent, mailed.requeued, mailed.untried, mailed.unanswered];
        assert_eq!((counts, mailed.stopped), (expected, stopped), "{what}: {mailed:?}");
        // A malformed mail's attempt counts, so it fails in the end. Only the account's refusal drops reminders.
        let invites = mails.invites().await;
        let free = invites.iter().filter(|invite| invite.attempts == 0).count();
        assert_eq!((free, run.is_stopped()), (uncounted, answers.iter().any(is_of_account)), "{what}");
        // What may have been sent keeps its link and its lease, and so does what was not tried.
        let left =
            invites.iter().zip(mails.untouched()).filter(|(now, before)| *now == before).count() as u64;
        assert_eq!(left, mailed.untried + mailed.unanswered, "{what}");
        assert!(run.is_over() || !stopped, "{what}");
    }
}

/// A reminder is dropped when SES refuses the account's mail, and waits when SES was not asked.
#[tokio::test]
async fn i4_a_reminder_waits_while_no_call_reaches_ses() {
    let denied = (403, r#"{"__type":"ExpiredTokenException"}"#);
    let unreachable = sdk(|| {
        let refused = Box::new(io::Error::from(ErrorKind::ConnectionRefused));
        HttpConnectorFuture::ready(Err(ConnectorError::io(refused)))
    });
    let unreachable = Mailer::new((&unreachable).into(), &mail_config(0));
    for (mailer, dropped) in [(mailer(&[PAUSED]), 1), (mailer(&[denied]), 0), (unreachable, 0)] {
        let mut mails = ClaimedMails::new(0, &[SENT], 0).await;
        mails.sending.mailer = mailer;
        let table = &mails.table;
        let ((link, sent), again) = (table.send(ANN, start()).await, table.link(ANN));
        let claimed = done(table.remind(sent, &again, start() + TimeDelta::days(7)).await);
        let run = mails.sending.run(Runner::Deliverer, soon());
        run.mail(vec![(Claim::of(claimed, again).unwrap(), &table.deal)]).await;
        assert!(run.is_over() && run.report().stopped);
        assert_eq!(run.is_stopped(), dropped == 1);
        let invite = table.now(&link).await;
        let links = invite.links.current.len();
        assert_eq!((invite.reminded, invite.remind_attempts, links), (dropped, 0, 1 + usize::from(dropped)));
    }
}

#[tokio::test]
async fn i10_each_call_of_a_malformed_batch_looks_at_the_opt_outs() {
    let mut mails = ClaimedMails::new(2, &[SENT], 0).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, table) = (Arc::clone(&calls), mails.table.clone());
    // SES refuses the first call, while a person opts out, and accepts single mails.
    let ses = move || {
        let (counted, table) = (Arc::clone(&counted), table.clone());
        HttpConnectorFuture::new(async move {
            let reply = if counted.fetch_add(1, Ordering::Relaxed) == 0 { MALFORMED } else { SENT };
            let (organisation, email) = (&table.deal.organisation.id, email("learner1@example.com"));
            table.store.opt_out(organisation, &email, clock::now(), None).await.unwrap();
            Ok(response(reply))
        })
    };
    mails.sending.mailer = Mailer::new((&sdk(ses)).into(), &mail_config(0));
    let run = mails.sending.run(Runner::Request, soon());
    run.mail_all(&mails.table.deal, mails.claims.clone()).await;
    let delivery = mails.invites().await.into_iter().map(|invite| invite.delivery);
    assert!(matches!(
        delivery.collect::<Vec<_>>()[..],
        [Delivery::Sent, Delivery::Failed { reason: FailureReason::OptedOut, .. }]
    ));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// A request waits two seconds for its turn, and then leaves its mail to the deliverer, without a write. The deliverer
/// requeues a mail whose turn comes too late.
#[tokio::test]
async fn a_mail_without_a_turn_stays_queued() {
    for (runner, busy_for, has_turn) in
        [(Runner::Request, 1, true), (Runner::Request, 60, false), (Runner::Deliverer, 30, false)]
    {
        let (mails, now) = (ClaimedMails::new(1, &[SENT], 1).await, clock::now());
        mails.table.store.reserve_sends(busy_for, 1, now, now).await.unwrap().unwrap();
        mails.table.reset_counts();
        let run = mails.sending.run(runner, soon());
        run.mail_all(&mails.table.deal, mails.claims.clone()).await;
        let (is_written, mailed) = (mails.table.wire.usage().write_units >= 1.0, run.report());
        assert_eq!((mailed.sent == 1, mailed.stopped), (has_turn, false), "{runner:?}: {mailed:?}");
        assert!(has_turn || run.is_over(), "{runner:?}");
        let (invites, is_request) = (mails.invites().await, runner == Runner::Request);
        assert_eq!(invites == mails.untouched(), is_request && !has_turn, "{runner:?}");
        assert_eq!(is_written, has_turn || !is_request, "{runner:?}");
        let attempt = (invites[0].attempts, invites[0].links.current.len());
        assert!(is_request || attempt == (0, 0), "the attempt does not count: {attempt:?}");
    }
}
