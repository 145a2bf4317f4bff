//! Runs of mailing: what a run asks of SES, how long it waits for its turn, and what it records. I4.

use super::ses::{DOWN, FAILED, MALFORMED, NO_LIMITS, SENT, Said, Script, THROTTLED, config, mail_config};
use super::table::{Table, soon};
use shared::clock::{self, Deadline};
use shared::domain::Invite;
use shared::sending::{Claim, Runner, Sending};
use std::time::Duration;

/// Invites whose mails are held, and SES that answers like this.
struct Stage {
    table: Table,
    sending: Sending,
    claims: Vec<Claim>,
}

impl Stage {
    async fn new(mails: usize, answers: &[Said], send_rate: u32) -> Self {
        let table = Table::new(1).await;
        let sending = Sending {
            store: table.store.clone(),
            mailer: Script::new(answers).mailer(),
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

    /// The invites as they were when they were claimed.
    fn untouched(&self) -> Vec<Invite> {
        self.claims.iter().map(|claim| claim.record.invite.clone()).collect()
    }

    /// The account's sending is spoken for, for so many seconds.
    async fn is_busy_for(&self, seconds: u32) {
        let rate = self.sending.mail.send_rate;
        let now = clock::now();
        self.table.store.reserve_sends(seconds * rate, rate, now, now).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_lost_answer_counts_once_in_a_run() {
    // Mail by mail: no answer for the first one, and the second one is throttled and sent in the next round.
    let stage = Stage::new(2, &[MALFORMED, FAILED, THROTTLED, SENT], 0).await;
    let run = stage.sending.run(Runner::Request, soon());
    run.mail_all(&stage.table.deal, stage.claims.clone()).await;
    let mailed = run.report();
    assert_eq!((mailed.sent, mailed.unanswered, mailed.stopped), (1, 1, false), "{mailed:?}");
}

#[tokio::test]
async fn two_lost_answers_end_a_run() {
    let stage = Stage::new(2, &[FAILED], 0).await;
    let run = stage.sending.run(Runner::Request, soon());
    let deal = &stage.table.deal;
    for claim in stage.claims.clone() {
        assert!(!run.report().stopped);
        run.mail(vec![(claim, deal)]).await;
    }
    assert!(run.report().stopped && run.is_over());
}

/// SES may have sent the mail before it said that it was down, so the link in it has to work.
#[tokio::test]
async fn i4_the_link_stays_when_ses_was_down() {
    for runner in [Runner::Request, Runner::Deliverer] {
        let stage = Stage::new(1, &[DOWN], 0).await;
        let run = stage.sending.run(runner, soon());
        run.mail_all(&stage.table.deal, stage.claims.clone()).await;
        assert!(run.is_over() && run.report().stopped, "{runner:?}");
        assert_eq!(stage.invites().await, stage.untouched(), "{runner:?}: the lease ends by itself");
    }
}

#[tokio::test]
async fn a_request_waits_two_seconds_for_its_turn_and_then_leaves_the_mail_without_a_write() {
    for (busy_for, has_turn) in [(1, true), (10, false)] {
        let stage = Stage::new(1, &[SENT], 1).await;
        stage.is_busy_for(busy_for).await;
        stage.table.forget();
        let run = stage.sending.run(Runner::Request, soon());
        run.mail_all(&stage.table.deal, stage.claims.clone()).await;
        let mailed = run.report();
        assert_eq!((mailed.sent, mailed.untried), if has_turn { (1, 0) } else { (0, 1) }, "{mailed:?}");
        assert!(!mailed.stopped && (has_turn || run.is_over()), "{mailed:?}");
        assert_eq!(stage.invites().await == stage.untouched(), !has_turn);
        assert_eq!(stage.table.store.usage().write_units < 1.0, !has_turn, "nothing is written");
    }
}

#[tokio::test]
async fn the_deliverer_requeues_what_gets_no_turn_while_it_runs() {
    let stage = Stage::new(1, &[SENT], 1).await;
    stage.is_busy_for(30).await;
    let run = stage.sending.run(Runner::Deliverer, Deadline::within(Duration::from_secs(15)));
    run.mail(vec![(stage.claims[0].clone(), &stage.table.deal)]).await;
    let invite = stage.invites().await.remove(0);
    assert_eq!((invite.attempts, invite.links.current.len()), (0, 0), "certainly not sent");
    assert!(run.is_over() && !run.report().stopped);
}
