//! What has to hold once everything has settled. I1–I7.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::Scene;
use super::ledger::Asked;
use super::people::fetch_mail;
use crate::books::{Books, Mailed};
use crate::{Client, eventually, ids, now, row_of};

/// "Within five minutes of the fault's end nothing is queued."
const SETTLED: Duration = Duration::from_mins(5);

/// Waits until nothing is queued; how long that took. I4: not longer than that.
pub(super) async fn settle(scene: &Scene) -> Duration {
    let begun = now();
    let took = || (now() - begun).to_std().unwrap_or_default();
    let is_settled = eventually("everything settles, or its time is over", SETTLED * 2, || async {
        let rows = join_all(scene.deals.iter().map(|deal| deal.rows("limit=200"))).await;
        let is_settled = rows.iter().flatten().all(|row| row["delivery"]["state"] != "queued");
        (is_settled || took() > SETTLED).then_some(is_settled)
    })
    .await;
    scene
        .ledger
        .holds(is_settled, || format!("I4: a mail is still queued {} s after the storm", SETTLED.as_secs()));
    took()
}

/// Looks at everything; nobody else does anything by now.
pub(super) async fn judge(scene: &Scene) {
    fetch_mail(scene).await;
    // I7: what is swept once stays swept.
    scene.stack.sweep().await;
    for report in scene.stack.sweep().await {
        let sum = ["failures", "leftOver"].map(|name| report[name].as_u64());
        scene
            .ledger
            .holds(sum == [Some(0); 2], || format!("I7: a sweep in peace leaves something: {report}"));
    }
    let books = Books::open(&scene.stack).await;
    for deal in &scene.deals {
        let found = books.check(&scene.stack, deal, Mailed::AtLeastOnce, "after the storm").await;
        scene.ledger.holds(found.queued == 0, || format!("I4: {} mails are still queued", found.queued));
    }
    promises(scene).await;
    in_peace(scene).await;
}

/// I3, I4: each send that was answered as made was made, and none was made twice: there are as many as were answered,
/// and at most those besides of which nobody knows.
async fn promises(scene: &Scene) {
    let (asked, ledger) = (scene.ledger.asked(), &scene.ledger);
    for deal in &scene.deals {
        let nameless = asked.get(&(deal.id.clone(), String::new())).copied().unwrap_or_default().open;
        let mut beyond = 0;
        let known = asked.iter().filter(|((of, id), _)| *of == deal.id && !id.is_empty());
        let mut invites: BTreeMap<&str, Asked> =
            known.map(|((_, id), asked)| (id.as_str(), *asked)).collect();
        let rows = ids(&deal.rows("limit=200").await);
        for id in &rows {
            invites.entry(id).or_default();
        }
        for (id, asked) in invites {
            let answer = deal.manager.get(&deal.invite_path(id)).await;
            let sends = answer.json()["sends"].as_u64().unwrap_or_default();
            ledger.holds(sends >= asked.done, || {
                format!("I4: {} sends were answered as made: {}", asked.done, answer.show())
            });
            beyond += sends.saturating_sub(asked.done + asked.open);
        }
        ledger.holds(beyond <= nameless, || {
            format!("{beyond} sends that nobody asked for, {nameless} of which nobody knows")
        });
    }
}

/// I4: in peace each send is mailed at once, and once. And what was disturbed goes on as ever.
async fn in_peace(scene: &Scene) {
    let learner: Client = scene.stack.person("late@example.com").await;
    for deal in &scene.deals {
        let id = deal.invite_one("late@example.com").await;
        for send in 1..=2 {
            if send == 2 {
                deal.resend(&id, Some("\"1\"")).await.ok(200);
            }
            fetch_mail(scene).await;
            let all = scene.ledger.mails();
            let came: Vec<_> = all.iter().filter(|mail| mail.invite == id && mail.send == send).collect();
            let rows = deal.rows("limit=200").await;
            let row = row_of(&rows, "late@example.com");
            scene.ledger.holds(came.len() == 1 && row["delivery"]["state"] == "sent", || {
                format!("I4: {} mails in peace: {row}", came.len())
            });
            if let (2, [mail]) = (send, came.as_slice()) {
                let answer = scene.stack.accept(&learner, &mail.token).await;
                scene.ledger.holds(answer.status == 200, || format!("nobody can accept: {}", answer.show()));
            }
        }
    }
}
