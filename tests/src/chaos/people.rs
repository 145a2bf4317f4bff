//! Who asks: managers, learners, those who resize deals, and the schedules.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use fastrand::Rng;
use seatkeeper_local::functions::{DELIVER_INVITES, EXPIRE_INVITES};
use serde_json::{Value, json};

use super::Scene;
use super::ledger::list;
use crate::{Client, Deal, PARTNERSHIPS, now, rfc3339, time};

/// Addresses of a deal: few, so that much happens to each.
const ADDRESSES: u32 = 40;
/// People who accept: more than there are seats.
const PEOPLE: u32 = 60;

/// The address of this number of a deal, in some casing.
fn address(deal: &Deal, number: u32, rng: &mut Rng) -> String {
    let address = format!("p{number}@{}.example.com", deal.organisation);
    if rng.u8(0..4) == 0 { address.to_uppercase() } else { address }
}

fn learners() -> impl Iterator<Item = String> {
    (0..PEOPLE).map(|number| format!("learner{number}@example.com"))
}

/// A manager of one deal, until closing.
pub(super) async fn manage(scene: Arc<Scene>, deal: usize, mut rng: Rng) {
    let foreign = scene.deals[(deal + 1) % scene.deals.len()].manager.clone();
    let deal = scene.deals[deal].clone();
    let mut rows = Vec::new();
    while !scene.ledger.closing.load(Ordering::SeqCst) {
        match rng.u32(0..100) {
            0..=16 => rows = page(&scene, &deal, &mut rng).await.unwrap_or(rows),
            17..=19 => counts(&scene, &deal).await,
            20..=22 => search(&scene, &deal).await,
            23..=24 => stranger(&scene, &deal, &foreign, &mut rng).await,
            25..=54 => invite(&scene, &deal, &mut rng).await,
            55..=84 => change(&scene, &deal, &rows, &mut rng).await,
            85..=92 => resend_many(&scene, &deal, &rows, &mut rng).await,
            _ => release(&scene, &deal, &mut rng).await,
        }
    }
}

/// I1, I3: what a page shows holds in itself, at any time.
async fn page(scene: &Scene, deal: &Deal, rng: &mut Rng) -> Option<Vec<Value>> {
    let filter = *rng.choice(&["", "status=pending&", "status=accepted&", "status=expired&"])?;
    let answer = deal.manager.get(&deal.path(&format!("/seats?{filter}limit=200"))).await;
    scene.ledger.note("page", &answer);
    if answer.status != 200 {
        return None;
    }
    let body = answer.json();
    let [total, allocated, available] =
        ["total", "allocated", "available"].map(|name| body["seats"][name].as_u64().unwrap_or(u64::MAX));
    scene.ledger.holds(allocated <= total && available == total - allocated, || {
        format!("I1: more seats are held than there are: {}", answer.show())
    });
    let mut seen = HashMap::new();
    for row in list(&body, "invites") {
        if let Some(other) = seen.insert(row["email"].to_string().to_lowercase(), row) {
            scene.ledger.wrong(format!("I3: a row is there twice: {row} and {other} in {}", answer.asked));
        }
        // Between pending and expired there is only the time, and an index may answer with an older one's.
        let (shown, wanted) = (row["status"] == "accepted", filter == "status=accepted&");
        scene.ledger.holds(filter.is_empty() || shown == wanted, || {
            format!("a row of another tab: {row} in {}", answer.asked)
        });
    }
    Some(list(&body, "invites").cloned().collect())
}

async fn counts(scene: &Scene, deal: &Deal) {
    let answer = deal.manager.get(&deal.path("/counts")).await;
    scene.ledger.note("counts", &answer);
}

async fn search(scene: &Scene, deal: &Deal) {
    let answer =
        deal.manager.post(&deal.path("/seats/search"), &json!({ "email": "p1", "limit": 200 })).await;
    scene.ledger.note("search", &answer);
}

/// I6: another organisation's manager gets nothing, whatever is going on.
async fn stranger(scene: &Scene, deal: &Deal, foreign: &Client, rng: &mut Rng) {
    let email = address(deal, 0, rng);
    let answer = match rng.u8(0..3) {
        0 => foreign.get(&deal.path("/seats")).await,
        1 => foreign.post(&deal.path("/invites"), &json!({ "invites": [{ "email": email }] })).await,
        _ => foreign.post(&deal.path("/invites/resend"), &json!({ "status": "expired" })).await,
    };
    scene.ledger.note("stranger", &answer);
    scene.ledger.holds(answer.is_open() || answer.kind() == "404 not_found", || {
        format!("I6: a stranger is told something: {}", answer.show())
    });
}

async fn invite(scene: &Scene, deal: &Deal, rng: &mut Rng) {
    let some = rng.u32(1..12);
    let rows: Vec<_> =
        (0..some).map(|_| json!({ "email": address(deal, rng.u32(0..ADDRESSES), rng) })).collect();
    let answer = deal.try_invite(&json!({ "invites": rows })).await;
    scene.ledger.note("invite", &answer);
    if answer.status == 200 {
        let body = answer.json();
        for row in list(&body, "results") {
            match (row["outcome"].as_str(), row["inviteId"].as_str()) {
                (Some("invited"), Some(id)) => scene.ledger.note_send(&deal.id, id, true),
                // Its id is not told: it may be any of them.
                (Some("unavailable"), _) => scene.ledger.note_send(&deal.id, "", false),
                _ => {}
            }
        }
    } else if answer.is_open() {
        for _ in 0..some {
            scene.ledger.note_send(&deal.id, "", false);
        }
    }
}

async fn change(scene: &Scene, deal: &Deal, rows: &[Value], rng: &mut Rng) {
    let Some(row) = rng.choice(rows) else { return };
    let (id, sends) = (row["id"].as_str().unwrap_or_default(), row["sends"].to_string());
    let etag = format!("\"{sends}\"");
    match rng.u8(0..10) {
        0..=3 => {
            let answer = deal.resend(id, Some(&etag)).await;
            scene.ledger.note("resend", &answer);
            match answer.status {
                200 => scene.ledger.note_send(&deal.id, id, true),
                500.. => scene.ledger.note_send(&deal.id, id, false),
                _ => {}
            }
        }
        4 => {
            // It may be taken for a double click, and is answered alike.
            let answer = deal.resend(id, None).await;
            scene.ledger.note("resend without looking", &answer);
            if answer.status == 200 || answer.is_open() {
                scene.ledger.note_send(&deal.id, id, false);
            }
        }
        5..=7 => scene.ledger.note("cancel", &deal.cancel(id).await),
        _ => scene.ledger.note("one", &deal.manager.get(&deal.invite_path(id)).await),
    }
}

async fn resend_many(scene: &Scene, deal: &Deal, rows: &[Value], rng: &mut Rng) {
    let some: Vec<_> = rows.iter().filter(|_| rng.u8(0..4) == 0).collect();
    let named = rng.bool() && !some.is_empty();
    let body = if named {
        let some: Vec<_> = some.iter().map(|row| json!({ "id": row["id"], "sends": row["sends"] })).collect();
        json!({ "invites": some })
    } else {
        json!({ "status": "expired" })
    };
    let answer = deal.resend_many(&body).await;
    scene.ledger.note("resend many", &answer);
    if answer.status == 200 {
        for row in list(&answer.json(), "results") {
            let id = row["inviteId"].as_str().unwrap_or_default();
            match row["outcome"].as_str() {
                Some("resent") => scene.ledger.note_send(&deal.id, id, true),
                Some("unavailable") => scene.ledger.note_send(&deal.id, id, false),
                _ => {}
            }
        }
    } else if answer.is_open() {
        for row in if named { some } else { rows.iter().collect() } {
            scene.ledger.note_send(&deal.id, row["id"].as_str().unwrap_or_default(), false);
        }
        if !named {
            scene.ledger.note_send(&deal.id, "", false);
        }
    }
}

async fn release(scene: &Scene, deal: &Deal, rng: &mut Rng) {
    let answer = deal.manager.get(&deal.path("/seats?status=accepted&limit=200")).await;
    scene.ledger.note("page", &answer);
    if answer.status != 200 {
        return;
    }
    let body = answer.json();
    let rows: Vec<_> = list(&body, "invites").collect();
    for row in rows {
        if rng.bool() {
            scene.ledger.note("release", &deal.release(row["id"].as_str().unwrap_or_default()).await);
        }
    }
}

/// Somebody who is now this learner, now that one, of those that nobody else is.
pub(super) async fn learn(scene: Arc<Scene>, hand: usize, hands: usize, mut rng: Rng) {
    let mut people = Vec::new();
    for email in learners().skip(hand).step_by(hands) {
        people.push(scene.stack.person(&email).await);
    }
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    while !scene.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        let Some(learner) = rng.choice(&people) else { return };
        let Some(mail) = scene.ledger.some_mail(&mut rng) else { continue };
        match rng.u8(0..20) {
            0..=1 => scene.ledger.note("preview", &scene.stack.preview(&mail.token).await),
            2 => scene.ledger.note("my seats", &learner.get("/api/me/seats").await),
            3 => {
                // I6: a link that is not quite one that was sent.
                let forged = if mail.token.ends_with('A') { "g" } else { "A" };
                let forged = format!("{}{forged}", &mail.token[..mail.token.len() - 1]);
                let answer = scene.stack.accept(learner, &forged).await;
                scene.ledger.note("accept a forged one", &answer);
                scene.ledger.holds(answer.is_open() || answer.kind() == "404 unknown_invite", || {
                    format!("I6: a forged link is answered: {}", answer.show())
                });
            }
            _ => {
                let (was_dead, asked) = (scene.ledger.is_dead(&mail.token), now());
                let answer = scene.stack.accept(learner, &mail.token).await;
                scene.ledger.note("accept", &answer);
                match answer.kind().as_str() {
                    "200" => {
                        // Whoever accepted by a newer link is answered the same by an older one: it is theirs since then.
                        let is_new = time(&answer.json()["acceptedAt"]).timestamp() > asked.timestamp();
                        scene.ledger.holds(!(was_dead && is_new), || {
                            format!(
                                "I5: a link that was replaced or cancelled works again: {}",
                                answer.show()
                            )
                        });
                        scene.ledger.holds(answer.json()["dealId"] == *mail.deal, || {
                            format!("a seat of another deal: {}", answer.show())
                        });
                    }
                    "410 invite_superseded" | "410 invite_cancelled" | "404 unknown_invite" => {
                        scene.ledger.bury(&mail.token);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Who resizes deals, ends them for a moment, and lets them go on.
pub(super) async fn resize(scene: Arc<Scene>, mut rng: Rng) {
    let partnerships = scene.stack.person(PARTNERSHIPS).await;
    let mut pause = tokio::time::interval(Duration::from_millis(300));
    while !scene.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        let Some(deal) = rng.choice(&scene.deals) else { return };
        let end = match rng.u8(0..40) {
            0 => TimeDelta::seconds(-1),
            _ => TimeDelta::days(200),
        };
        let change = match rng.u8(0..3) {
            0 => json!({ "endsAt": rfc3339(now() + end) }),
            1 => json!({ "seats": rng.u32(1..20), "endsAt": rfc3339(now() + end) }),
            _ => json!({ "seats": rng.u32(1..20) }),
        };
        let answer = partnerships.patch(&deal.path(""), &change).await;
        scene.ledger.note("resize", &answer);
    }
}

pub(super) async fn read_mail(scene: Arc<Scene>) {
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    while !scene.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        fetch_mail(&scene).await;
    }
}

pub(super) async fn fetch_mail(scene: &Scene) {
    let newest = scene.ledger.newest_mail();
    scene.ledger.note_mails(scene.stack.inbox_after(newest.as_ref()).await);
}

/// The schedules, hurried; until the end of all.
pub(super) async fn sweep(scene: Arc<Scene>) {
    let mut pause = tokio::time::interval(Duration::from_millis(400));
    loop {
        pause.tick().await;
        for function in [EXPIRE_INVITES, DELIVER_INVITES] {
            // A run that is killed has no answer; the next one finds what it left.
            let _answer = scene.stack.local.invoke(function, json!({})).await;
            scene.ledger.sweeps.fetch_add(1, Ordering::SeqCst);
        }
    }
}
