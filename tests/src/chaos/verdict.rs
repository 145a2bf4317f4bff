//! The invariants that are checked once no mail is queued. I1–I7.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::ChaosStack;
use super::digests::{self, Reader};
use super::ledger::SendCounts;
use super::people::fetch_mail;
use crate::snapshot::{Mailed, Snapshot};
use crate::{Client, eventually, ids, lock, now, row_of};

/// I4: no mail is queued five minutes after the last fault.
const QUIET_WITHIN: Duration = Duration::from_mins(5);

/// Waits until no mail is queued. Returns how long that took.
pub(super) async fn wait_until_quiet(chaos: &ChaosStack) -> Duration {
    let begun = now();
    let took = || (now() - begun).to_std().unwrap_or_default();
    let is_quiet = eventually("no mail is queued, or time is up", QUIET_WITHIN * 2, || async {
        let rows = join_all(chaos.deals.iter().map(|deal| deal.rows("limit=200"))).await;
        let is_quiet = rows.iter().flatten().all(|row| row["delivery"]["state"] != "queued");
        (is_quiet || took() > QUIET_WITHIN).then_some(is_quiet)
    })
    .await;
    chaos.ledger.holds(is_quiet, || {
        format!("I4: a mail is still queued {} s after the last fault", QUIET_WITHIN.as_secs())
    });
    took()
}

/// Checks every invariant while nobody else uses the stack.
pub(super) async fn check_invariants(chaos: &ChaosStack, readers: &mut [Reader]) {
    fetch_mail(chaos).await;
    // I7: the second sweep has nothing to do.
    chaos.stack.sweep().await;
    for report in chaos.stack.sweep().await {
        let sum = ["failures", "leftOver"].map(|name| report[name].as_u64());
        chaos.ledger.holds(sum == [Some(0); 2], || format!("I7: an undisturbed sweep left work: {report}"));
    }
    let snapshot = Snapshot::take(&chaos.stack).await;
    for deal in chaos.deals.iter().chain(readers.iter().map(|reader| &reader.deal)) {
        let found = snapshot.check(&chaos.stack, deal, Mailed::AtLeastOnce, "after chaos").await;
        chaos.ledger.holds(found.queued == 0, || format!("I4: {} mails are still queued", found.queued));
    }
    check_sends(chaos).await;
    check_mailing(chaos).await;
    check_opting_out(chaos).await;
    digests::check(chaos, readers).await;
}

/// I3, I4: every acknowledged send exists once. There are no others, except those whose response was lost.
async fn check_sends(chaos: &ChaosStack) {
    let (counts, ledger) = (lock(&chaos.ledger.send_counts).clone(), &chaos.ledger);
    for deal in &chaos.deals {
        let nameless = counts.get(&(deal.id.clone(), String::new())).copied().unwrap_or_default().unknown;
        let mut beyond = 0;
        let known = counts.iter().filter(|((of, id), _)| *of == deal.id && !id.is_empty());
        let mut invites: BTreeMap<&str, SendCounts> =
            known.map(|((_, id), counts)| (id.as_str(), *counts)).collect();
        let rows = ids(&deal.rows("limit=200").await);
        for id in &rows {
            invites.entry(id).or_default();
        }
        for (id, counts) in invites {
            let answer = deal.manager.get(&deal.invite_path(id)).await;
            let sends = answer.json()["sends"].as_u64().unwrap_or_default();
            ledger.holds(sends >= counts.done, || {
                format!("I4: {} sends were acknowledged: {}", counts.done, answer.show())
            });
            beyond += sends.saturating_sub(counts.done + counts.unknown);
        }
        ledger.holds(beyond <= nameless, || {
            format!("I4: {beyond} sends without a request; {nameless} requests had no response")
        });
    }
}

/// I10: without faults, nobody who opted out is mailed until they lift it.
async fn check_opting_out(chaos: &ChaosStack) {
    let deal = &chaos.deals[0];
    let id = deal.invite_one("unwilling@example.com").await;
    let token = chaos.stack.token_for("unwilling@example.com").await;
    for (answer, kind) in [("opt-out", "409 opted_out"), ("opt-in", "200")] {
        chaos.stack.answer(answer, &token).await.ok(200);
        let resent = deal.resend(&id, Some("\"1\"")).await;
        chaos.ledger.holds(resent.kind() == kind, || format!("I10: after {answer}: {}", resent.show()));
    }
    let mails = chaos.stack.inbox_for("unwilling@example.com").await.len();
    chaos.ledger.holds(mails == 2, || format!("I10: {mails} mails, not two"));
}

/// I4: without faults, each send is mailed at once and only once.
async fn check_mailing(chaos: &ChaosStack) {
    let learner: Client = chaos.stack.person("punctual@example.com").await;
    for deal in &chaos.deals {
        let id = deal.invite_one("punctual@example.com").await;
        for send in 1..=2 {
            if send == 2 {
                deal.resend(&id, Some("\"1\"")).await.ok(200);
            }
            fetch_mail(chaos).await;
            let all = lock(&chaos.ledger.mails).sent.clone();
            let came: Vec<_> = all.iter().filter(|mail| mail.invite == id && mail.send == send).collect();
            let rows = deal.rows("limit=200").await;
            let row = row_of(&rows, "punctual@example.com");
            chaos.ledger.holds(came.len() == 1 && row["delivery"]["state"] == "sent", || {
                format!("I4: {} mails of one send without faults: {row}", came.len())
            });
            if let (2, [mail]) = (send, came.as_slice()) {
                let answer = chaos.stack.accept(&learner, &mail.token).await;
                chaos.ledger.holds(answer.status == 200, || format!("accept fails: {}", answer.show()));
            }
        }
    }
}
