//! The whole stack stops during requests, with its database, and starts again on the same data.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::proxy::Proxy;
use tests::snapshot::{Mailed, Snapshot};
use tests::{Client, Deal, eventually, lasting_port};

use crate::stack::{self, DisturbedStack, is_long};

const TIMEOUT: u64 = 10;

/// Concurrent people, and the addresses that each invites and accepts with.
const PEOPLE: usize = 4;
const EACH: usize = 8;

/// The stack stops after this many successful requests.
const ENOUGH: usize = 8;

/// The addresses whose requests succeeded.
#[derive(Debug, Default)]
struct Acknowledged {
    invited: Vec<String>,
    accepted: Vec<String>,
}

fn json_body(answer: &tests::Response) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_default()
}

/// Invites and accepts, one address after the other, until the stack stops.
async fn invite_and_accept(deal: Deal, learners: Vec<Client>, answered: Arc<AtomicUsize>) -> Acknowledged {
    let mut told = Acknowledged::default();
    let json = [("content-type", "application/json")];
    for learner in learners {
        let email = learner.email.clone();
        let body = json!({ "invites": [{ "email": email }] }).to_string();
        let Ok(invited) = deal.manager.attempt("POST", &deal.path("/invites"), &json, body.into()).await
        else {
            return told;
        };
        if json_body(&invited)["results"][0]["outcome"] == "invited" {
            told.invited.push(email.clone());
            answered.fetch_add(1, Ordering::SeqCst);
        }
        let inbox = format!("/inbox/messages.json?to={email}");
        let Ok(mails) = learner.attempt("GET", &inbox, &[], Vec::new()).await else { return told };
        let mails = json_body(&mails);
        let Some(mail) = mails.as_array().and_then(|mails| mails.last()) else { continue };
        let body = json!({ "token": tests::Mail(mail.clone()).token() }).to_string();
        let Ok(accepted) = learner.attempt("POST", "/api/invites/accept", &json, body.into()).await else {
            return told;
        };
        if accepted.status == 200 {
            told.accepted.push(email);
            answered.fetch_add(1, Ordering::SeqCst);
        }
    }
    told
}

/// I1, I4: acknowledged invites and seats survive. Other requests happened whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_invites_and_seats_survive_a_restart_of_the_database() {
    let folder = Settings::ephemeral().logs;
    let logs = Settings::ephemeral().logs;
    let port = lasting_port();
    let settings =
        || Settings { port, data: Some(folder.clone()), logs: logs.clone(), ..stack::settings(TIMEOUT) };
    let mut disturbed = DisturbedStack::of(Proxy::start().await, settings()).await;
    let mut deals = vec![disturbed.stack.deal(200).await, disturbed.stack.deal(200).await];
    let mut all = Acknowledged::default();
    for round in 0..if is_long() { 20 } else { 1 } {
        let answered = Arc::<AtomicUsize>::default();
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let emails = (0..EACH).map(|each| format!("hush-{round}-{number}-{each}@example.com"));
            let learners = join_all(emails.map(async |email| disturbed.stack.person(&email).await)).await;
            let deal = deals[number % deals.len()].clone();
            people.push(tokio::spawn(invite_and_accept(deal, learners, Arc::clone(&answered))));
        }
        eventually("enough requests succeeded", Duration::from_mins(5), || async {
            (answered.load(Ordering::SeqCst) >= ENOUGH).then_some(())
        })
        .await;
        // Dropped instead of stopped, while requests are under way.
        let DisturbedStack { stack, proxy, .. } = disturbed;
        drop(stack);
        let mut under_way = 0;
        for person in people {
            let told = person.await.unwrap();
            under_way += usize::from(told.accepted.len() < EACH);
            all.invited.extend(told.invited);
            all.accepted.extend(told.accepted);
        }
        assert!(under_way > 0, "no request was under way");
        disturbed = DisturbedStack::of(proxy, settings()).await;
        for deal in &mut deals {
            deal.manager = disturbed.stack.manager(&deal.organisation).await;
        }
    }
    disturbed.until_nothing_is_queued().await;
    let snapshot = Snapshot::take(&disturbed.stack).await;
    let (mut invited, mut accepted) = (Vec::new(), Vec::new());
    for deal in &deals {
        let found = snapshot.check(&disturbed.stack, deal, Mailed::AtLeastOnce, "reopened").await;
        assert_eq!((found.queued, found.failed), (0, 0));
        for row in deal.rows("limit=200").await {
            let email = row["email"].as_str().unwrap().to_owned();
            if row["status"] == "accepted" {
                accepted.push(email.clone());
            }
            invited.push(email);
        }
    }
    for (told, there) in [(&all.invited, &invited), (&all.accepted, &accepted)] {
        let lost: Vec<_> = told.iter().filter(|email| !there.contains(email)).collect();
        assert!(lost.is_empty(), "acknowledged, but lost: {lost:?}");
    }
    println!("acknowledged: {} invited, {} accepted", all.invited.len(), all.accepted.len());
    disturbed.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
