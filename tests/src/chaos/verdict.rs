//! What has to hold once everything has settled. I1–I7.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::{Value, json};

use super::Scene;
use super::ledger::{Asked, Sent};
use super::people::{fetch_mail, learners};
use crate::{Client, Deal, eventually, ids, now, row_of, time};

/// "Within five minutes of the fault's end nothing is queued."
const SETTLED: Duration = Duration::from_mins(5);
/// Requests at once.
const AT_ONCE: usize = 8;
/// Links that are looked at, the newest ones of all.
const LINKS: usize = 3_000;
/// Sends before the newest whose links are still known as replaced.
const REMEMBERED: u64 = 3;

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
    scene.world.sweep().await;
    for report in scene.world.sweep().await {
        let sum = ["failures", "leftOver"].map(|name| report[name].as_u64());
        scene
            .ledger
            .holds(sum == [Some(0); 2], || format!("I7: a sweep in peace leaves something: {report}"));
    }
    let holders = seats_by_deal(scene).await;
    let mails = scene.ledger.mails();
    let mut last = HashMap::new();
    for deal in &scene.deals {
        let rows = seats_and_rows(scene, deal, holders.get(&deal.id).copied().unwrap_or_default()).await;
        mailed(scene, &rows, &mails);
        last.insert(deal.id.clone(), rows);
    }
    promises(scene, &last).await;
    links(scene, &mails).await;
    in_peace(scene).await;
}

/// How many learners hold a seat of each deal. I1: one at most of a deal.
async fn seats_by_deal(scene: &Scene) -> BTreeMap<String, u64> {
    let mut held = BTreeMap::new();
    for email in learners() {
        let seats = scene.world.person(&email).await.get("/api/me/seats").await.ok(200);
        let mut deals: Vec<_> = seats["seats"].as_array().expect("seats").iter().map(deal_of).collect();
        let seats = deals.len();
        deals.sort();
        deals.dedup();
        scene.ledger.holds(deals.len() == seats, || format!("I1: {email} holds two seats of a deal"));
        for deal in deals {
            *held.entry(deal).or_default() += 1;
        }
    }
    held
}

fn deal_of(seat: &Value) -> String {
    seat["dealId"].as_str().unwrap_or_default().to_owned()
}

/// I1, I2, I3: all that says how many seats are held says the same, and each address has one row.
async fn seats_and_rows(scene: &Scene, deal: &Deal, holders: u64) -> Vec<Value> {
    let ledger = &scene.ledger;
    let all = deal.rows("limit=200").await;
    let mut tabs = BTreeMap::new();
    for status in ["pending", "accepted", "expired"] {
        tabs.insert(status, deal.rows(&format!("status={status}&limit=200")).await);
    }
    let [total, allocated, available] = deal.seats().await;
    let (counted, accepted) = (deal.counts().await[1], tabs["accepted"].len() as u64);
    ledger.holds([accepted, holders, counted] == [allocated; 3] && available + allocated == total, || {
        format!("I1: {allocated} of {total} allocated, {accepted} rows accepted, {holders} seats held")
    });
    let addresses: BTreeSet<_> = all.iter().map(|row| row["email"].to_string().to_lowercase()).collect();
    ledger.holds(addresses.len() == all.len(), || format!("I3: an address has two rows: {addresses:?}"));
    let set = |rows: &[Value]| ids(rows).into_iter().collect::<BTreeSet<_>>();
    let found = set(&deal.search("p", &[("limit", json!(200))]).await);
    ledger.holds(found == set(&all), || "the search finds other rows than the page shows".to_owned());
    let in_tabs = tabs.values().flat_map(|rows| ids(rows)).collect::<BTreeSet<_>>();
    ledger.holds(in_tabs == set(&all), || "the tabs show other rows than all together".to_owned());
    for row in &tabs["accepted"] {
        ledger.holds(time(&row["acceptedAt"]) < time(&row["expiresAt"]), || {
            format!("I2: accepted though it had expired: {row}")
        });
    }
    all
}

/// I4: nothing is shown as sent that was not, and what was not sent says why.
fn mailed(scene: &Scene, rows: &[Value], mails: &[Sent]) {
    for row in rows {
        let (id, send) = (row["id"].as_str().unwrap_or_default(), row["sends"].as_u64().unwrap_or_default());
        let of_invite = mails.iter().filter(|mail| mail.invite == id);
        let came = of_invite.clone().filter(|mail| mail.send == send).count();
        let fits = match row["delivery"]["state"].as_str() {
            Some("sent") => came > 0,
            Some("failed") => row["delivery"]["reason"].is_string() && row["status"] != "accepted",
            _ => false,
        };
        scene.ledger.holds(fits, || format!("I4: {came} mails of the newest send: {row}"));
        scene.ledger.holds(row["sentAt"].is_null() || of_invite.count() > 0, || {
            format!("I4: a time of sending, and no mail: {row}")
        });
    }
}

/// I3, I4: each send that was answered as made was made, and none was made twice: there are as many as were answered,
/// and at most those besides of which nobody knows.
async fn promises(scene: &Scene, rows: &HashMap<String, Vec<Value>>) {
    let (asked, ledger) = (scene.ledger.asked(), &scene.ledger);
    for deal in &scene.deals {
        let nameless = asked.get(&(deal.id.clone(), String::new())).copied().unwrap_or_default().open;
        let mut beyond = 0;
        let known = asked.iter().filter(|((of, id), _)| *of == deal.id && !id.is_empty());
        let mut invites: BTreeMap<&str, Asked> =
            known.map(|((_, id), asked)| (id.as_str(), *asked)).collect();
        for row in &rows[&deal.id] {
            invites.entry(row["id"].as_str().unwrap_or_default()).or_default();
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

/// I5: links of the newest send work, and no others.
async fn links(scene: &Scene, mails: &[Sent]) {
    let mut invites: BTreeMap<(&str, &str), Value> = BTreeMap::new();
    let newest = mails.get(mails.len().saturating_sub(LINKS)..).unwrap_or_default();
    for mail in newest {
        let Some(deal) = scene.deals.iter().find(|deal| deal.id == mail.deal) else {
            scene.ledger.wrong(format!("a mail of no deal: {}", mail.deal));
            continue;
        };
        if let Entry::Vacant(unseen) = invites.entry((mail.deal.as_str(), mail.invite.as_str())) {
            unseen.insert(deal.one(&mail.invite).await);
        }
    }
    let invites = &invites;
    stream::iter(newest)
        .for_each_concurrent(AT_ONCE, |mail| async move {
            let Some(invite) = invites.get(&(mail.deal.as_str(), mail.invite.as_str())) else { return };
            let behind = invite["sends"].as_u64().unwrap_or_default().checked_sub(mail.send);
            let gone = invite["status"] == "cancelled" || invite["status"] == "released";
            let expected = match behind {
                Some(0..=REMEMBERED) if gone => "410 invite_cancelled",
                Some(0) => "200",
                Some(1..=REMEMBERED) => "410 invite_superseded",
                _ => "404 unknown_invite",
            };
            let answer = scene.world.preview(&mail.token).await;
            scene.ledger.holds(answer.kind() == expected, || {
                format!(
                    "I5: a link of send {} should be answered {expected}: {}\n{invite}",
                    mail.send,
                    answer.show()
                )
            });
        })
        .await;
}

/// I4: in peace each send is mailed at once, and once. And what was disturbed goes on as ever.
async fn in_peace(scene: &Scene) {
    let learner: Client = scene.world.person("late@example.com").await;
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
                let answer = scene.world.accept(&learner, &mail.token).await;
                scene.ledger.holds(answer.status == 200, || format!("nobody can accept: {}", answer.show()));
            }
        }
    }
}
