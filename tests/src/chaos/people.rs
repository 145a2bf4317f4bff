//! The users: managers, learners, a partnership manager, and the schedules.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use fastrand::Rng;
use futures_util::future::join;
use seatkeeper_local::functions::{DELIVER_INVITES, EXPIRE_INVITES};
use serde_json::{Value, json};

use super::ledger::list;
use super::{ChaosStack, digests};
use crate::{Client, Deal, PARTNERSHIPS, Response, lock, now, rfc3339, time};

/// Addresses of a deal: few, so that many requests are about the same invite.
const ADDRESSES: u32 = 40;
/// People who accept: more than there are seats.
const PEOPLE: u32 = 60;

/// A numbered address of a deal, in random casing.
fn address(deal: &Deal, number: u32, rng: &mut Rng) -> String {
    let address = format!("p{number}@{}.example.com", deal.organisation);
    if rng.u8(0..4) == 0 { address.to_uppercase() } else { address }
}

/// A manager of one deal.
pub(super) async fn manage(chaos: Arc<ChaosStack>, deal: usize, mut rng: Rng) {
    let foreign = chaos.deals[(deal + 1) % chaos.deals.len()].manager.clone();
    let deal = chaos.deals[deal].clone();
    let mut rows = Vec::new();
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        match rng.u32(0..100) {
            0..=16 => rows = page(&chaos, &deal, &mut rng).await.unwrap_or(rows),
            17..=19 => chaos.ledger.note("counts", &deal.manager.get(&deal.path("/counts")).await),
            20..=22 => {
                let body = json!({ "email": "p1", "limit": 200 });
                chaos.ledger.note("search", &deal.manager.post(&deal.path("/seats/search"), &body).await);
            }
            23..=24 => stranger(&chaos, &deal, &foreign, &mut rng).await,
            25..=54 => invite(&chaos, &deal, &mut rng).await,
            55..=84 => change(&chaos, &deal, &rows, &mut rng).await,
            85..=92 => resend_many(&chaos, &deal, &rows, &mut rng).await,
            _ => release(&chaos, &deal, &mut rng).await,
        }
    }
}

/// I1, I3: each page is consistent in itself at any time.
async fn page(chaos: &ChaosStack, deal: &Deal, rng: &mut Rng) -> Option<Vec<Value>> {
    let filters = ["", "status=pending&", "status=accepted&", "status=expired&", "status=declined&"];
    let filter = rng.choice(filters)?;
    let answer = deal.manager.get(&deal.path(&format!("/seats?{filter}limit=200"))).await;
    chaos.ledger.note("page", &answer);
    if answer.status != 200 {
        return None;
    }
    let body = answer.json();
    let [total, allocated, available] =
        ["total", "allocated", "available"].map(|name| body["seats"][name].as_u64().unwrap_or(u64::MAX));
    chaos.ledger.holds(allocated <= total && available == total - allocated, || {
        format!("I1: the seats on a page do not add up: {}", answer.show())
    });
    let mut seen = HashMap::new();
    for row in list(&body, "invites") {
        if let Some(other) = seen.insert(row["email"].to_string().to_lowercase(), row) {
            chaos
                .ledger
                .wrong(format!("I3: a page has a row twice: {row} and {other} in {}", answer.request));
        }
        // A row changes between pending and expired by time alone, and an index may lag.
        let (shown, wanted) = (row["status"] == "accepted", filter == "status=accepted&");
        chaos.ledger.holds(filter.is_empty() || shown == wanted, || {
            format!("a page has a row of another status: {row} in {}", answer.request)
        });
    }
    Some(list(&body, "invites").cloned().collect())
}

/// I6: another organisation's manager gets 404.
async fn stranger(chaos: &ChaosStack, deal: &Deal, foreign: &Client, rng: &mut Rng) {
    let email = address(deal, 0, rng);
    let answer = match rng.u8(0..3) {
        0 => foreign.get(&deal.path("/seats")).await,
        1 => foreign.post(&deal.path("/invites"), &json!({ "invites": [{ "email": email }] })).await,
        _ => foreign.post(&deal.path("/invites/resend"), &json!({ "status": "expired" })).await,
    };
    chaos.ledger.note("stranger", &answer);
    chaos.ledger.holds(answer.is_unknown() || answer.kind() == "404 not_found", || {
        format!("I6: a stranger got more than a 404: {}", answer.show())
    });
}

async fn invite(chaos: &ChaosStack, deal: &Deal, rng: &mut Rng) {
    let some = rng.u32(1..12);
    let rows: Vec<_> =
        (0..some).map(|_| json!({ "email": address(deal, rng.u32(0..ADDRESSES), rng) })).collect();
    let answer = deal.try_invite(&json!({ "invites": rows })).await;
    chaos.ledger.note("invite", &answer);
    // Without a response, each may be any of the deal's invites.
    note_rows(chaos, deal, &answer, "invited", rows.iter().map(|_| &Value::Null));
}

/// Records the sends of a bulk request. `asked` are the ids of its invites, null where they are not known.
fn note_rows<'i>(
    chaos: &ChaosStack,
    deal: &Deal,
    answer: &Response,
    done: &str,
    asked: impl Iterator<Item = &'i Value>,
) {
    let note = |id: &Value, done| chaos.ledger.note_send(&deal.id, id.as_str().unwrap_or_default(), done);
    if answer.status == 200 {
        for row in list(&answer.json(), "results") {
            if row["outcome"] == done || row["outcome"] == "unavailable" {
                note(&row["inviteId"], row["outcome"] == done);
            }
        }
    } else if answer.is_unknown() {
        asked.for_each(|id| note(id, false));
    }
}

async fn change(chaos: &ChaosStack, deal: &Deal, rows: &[Value], rng: &mut Rng) {
    let Some(row) = rng.choice(rows) else { return };
    let (id, sends) = (row["id"].as_str().unwrap_or_default(), row["sends"].to_string());
    let etag = format!("\"{sends}\"");
    match rng.u8(0..10) {
        0..=3 => {
            let answer = deal.resend(id, Some(&etag)).await;
            chaos.ledger.note("resend", &answer);
            match answer.status {
                200 => chaos.ledger.note_send(&deal.id, id, true),
                500.. => chaos.ledger.note_send(&deal.id, id, false),
                _ => {}
            }
        }
        4 => {
            // A double click gets the same response, and sends nothing.
            let answer = deal.resend(id, None).await;
            chaos.ledger.note("resend without If-Match", &answer);
            if answer.status == 200 || answer.is_unknown() {
                chaos.ledger.note_send(&deal.id, id, false);
            }
        }
        5..=7 => chaos.ledger.note("cancel", &deal.cancel(id).await),
        _ => chaos.ledger.note("one", &deal.manager.get(&deal.invite_path(id)).await),
    }
}

async fn resend_many(chaos: &ChaosStack, deal: &Deal, rows: &[Value], rng: &mut Rng) {
    let some: Vec<_> = rows.iter().filter(|_| rng.u8(0..4) == 0).collect();
    let (body, asked) = if rng.bool() && !some.is_empty() {
        let rows: Vec<_> = some.iter().map(|row| json!({ "id": row["id"], "sends": row["sends"] })).collect();
        (json!({ "invites": rows }), some)
    } else {
        // It may also be an invite that this manager has not seen.
        (json!({ "status": "expired" }), rows.iter().chain([&Value::Null]).collect())
    };
    let answer = deal.resend_many(&body).await;
    chaos.ledger.note("resend many", &answer);
    note_rows(chaos, deal, &answer, "resent", asked.into_iter().map(|row| &row["id"]));
}

async fn release(chaos: &ChaosStack, deal: &Deal, rng: &mut Rng) {
    let answer = deal.manager.get(&deal.path("/seats?status=accepted&limit=200")).await;
    chaos.ledger.note("page", &answer);
    if answer.status != 200 {
        return;
    }
    let body = answer.json();
    let rows: Vec<_> = list(&body, "invites").collect();
    for row in rows {
        if rng.bool() {
            chaos.ledger.note("release", &deal.release(row["id"].as_str().unwrap_or_default()).await);
        }
    }
}

/// A task that acts as every `tasks`th learner.
pub(super) async fn learn(chaos: Arc<ChaosStack>, task: usize, tasks: usize, mut rng: Rng) {
    let mut people = Vec::new();
    for number in (0..PEOPLE).skip(task).step_by(tasks) {
        people.push(chaos.stack.person(&format!("learner{number}@example.com")).await);
    }
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        let Some(learner) = rng.choice(&people) else { return };
        let Some(mail) = chaos.ledger.some_mail(&mut rng) else { continue };
        match rng.u8(0..20) {
            0..=1 => chaos.ledger.note("preview", &chaos.stack.preview(&mail.token).await),
            2 => chaos.ledger.note("my seats", &learner.get("/api/me/seats").await),
            3 => {
                // I6: a link that differs from a sent one in one character.
                let forged = if mail.token.ends_with('A') { "g" } else { "A" };
                let forged = format!("{}{forged}", &mail.token[..mail.token.len() - 1]);
                let answer = chaos.stack.accept(learner, &forged).await;
                chaos.ledger.note("accept a forged link", &answer);
                chaos.ledger.holds(answer.is_unknown() || answer.kind() == "404 unknown_invite", || {
                    format!("I6: a forged link got more than a 404: {}", answer.show())
                });
            }
            4 => tell(&chaos, &mail.id, &mut rng).await,
            5..=8 => {
                // Most answers let the next mail go out.
                let answers = ["decline", "decline", "ask", "ask", "opt-in", "opt-in", "opt-in", "opt-out"];
                let Some(answer) = rng.choice(answers) else { return };
                chaos.ledger.note(answer, &chaos.stack.answer(answer, &mail.token).await);
            }
            _ => {
                let (was_dead, asked) = (lock(&chaos.ledger.dead_links).contains(&mail.token), now());
                let answer = chaos.stack.accept(learner, &mail.token).await;
                chaos.ledger.note("accept", &answer);
                match answer.kind().as_str() {
                    "200" => {
                        // A learner who accepted by a newer link also gets 200 for an older link.
                        let is_new = time(&answer.json()["acceptedAt"]).timestamp() > asked.timestamp();
                        chaos.ledger.holds(!(was_dead && is_new), || {
                            format!("I5: a replaced or cancelled link works again: {}", answer.show())
                        });
                        chaos.ledger.holds(answer.json()["dealId"] == *mail.deal, || {
                            format!("a seat of another deal: {}", answer.show())
                        });
                    }
                    "410 invite_superseded" | "410 invite_cancelled" | "404 unknown_invite" => {
                        lock(&chaos.ledger.dead_links).insert(mail.token);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// SES publishes an event about a mail, also twice and about an older send. I9
async fn tell(chaos: &ChaosStack, mail: &str, rng: &mut Rng) {
    let events = ["delivery", "delay", "transient", "bounce", "suppressed", "complaint"];
    let event = json!({ "id": mail, "event": rng.choice(events), "copies": rng.u32(1..4) });
    let answer = chaos.stack.nobody().post("/inbox/events", &event).await;
    chaos.ledger.holds(answer.status == 202, || format!("an event is refused: {}", answer.show()));
}

/// A partnership manager who resizes deals, ends some and extends them again.
pub(super) async fn resize(chaos: Arc<ChaosStack>, mut rng: Rng) {
    let partnerships = chaos.stack.person(PARTNERSHIPS).await;
    let mut pause = tokio::time::interval(Duration::from_millis(300));
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        let Some(deal) = rng.choice(&chaos.deals) else { return };
        let end = if rng.u8(0..40) == 0 { TimeDelta::seconds(-1) } else { TimeDelta::days(200) };
        let change = match rng.u8(0..3) {
            0 => json!({ "endsAt": rfc3339(now() + end) }),
            1 => json!({ "seats": rng.u32(1..20), "endsAt": rfc3339(now() + end) }),
            _ => json!({ "seats": rng.u32(1..20) }),
        };
        chaos.ledger.note("resize", &partnerships.patch(&deal.path(""), &change).await);
    }
}

pub(super) async fn read_mail(chaos: Arc<ChaosStack>) {
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    while !chaos.ledger.closing.load(Ordering::SeqCst) {
        pause.tick().await;
        fetch_mail(&chaos).await;
    }
}

pub(super) async fn fetch_mail(chaos: &ChaosStack) {
    let newest = lock(&chaos.ledger.mails).newest.clone();
    let mut came = chaos.stack.inbox_after(newest.as_ref()).await;
    came.retain(|mail| chaos.deals.iter().any(|deal| mail.0["tags"]["deal"] == *deal.id));
    chaos.ledger.note_mails(came);
}

/// The schedules, several runs a second.
pub(super) async fn sweep(chaos: Arc<ChaosStack>) {
    let mut pause = tokio::time::interval(Duration::from_millis(400));
    loop {
        pause.tick().await;
        for function in [EXPIRE_INVITES, DELIVER_INVITES] {
            // A killed run has no response. The next run finishes its work.
            let _answer = chaos.stack.local.invoke(function, json!({})).await;
            chaos.ledger.sweeps.fetch_add(1, Ordering::SeqCst);
        }
        join(digests::send(&chaos), digests::send(&chaos)).await;
    }
}
