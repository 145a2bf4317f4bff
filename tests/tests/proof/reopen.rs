//! The whole stack goes down in the middle of things, database and all, and comes up again on the same data.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::books::{Books, Mailed};
use tests::proxy::Proxy;
use tests::{Client, Deal, eventually};

use crate::bench::{self, Bench, is_long};

const TIMEOUT: u64 = 5;

/// People who are busy when it goes down, each with some addresses to invite and to accept with.
const BUSY: usize = 4;
const EACH: usize = 8;

/// It goes down once so many requests have been answered.
const ENOUGH: usize = 8;

#[derive(Debug, Default)]
struct Told {
    invited: Vec<String>,
    accepted: Vec<String>,
}

fn json_body(answer: &tests::Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_default()
}

/// Invites and accepts, one address after the other, until nobody answers any more.
async fn busy(deal: Deal, learners: Vec<Client>, answered: Arc<AtomicUsize>) -> Told {
    let mut told = Told::default();
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

/// I1, I4: what was answered is there, and what was not is there whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_when_the_database_opens_again() {
    let folder = Settings::ephemeral().logs;
    let logs = Settings::ephemeral().logs;
    let settings =
        |port| Settings { port, data: Some(folder.clone()), logs: logs.clone(), ..bench::settings(TIMEOUT) };
    let mut bench = Bench::of(Proxy::start().await, settings(0)).await;
    let port: u16 = bench.stack.local.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut deals = vec![bench.stack.deal(200).await, bench.stack.deal(200).await];
    let mut all = Told::default();
    for round in 0..if is_long() { 20 } else { 1 } {
        let answered = Arc::<AtomicUsize>::default();
        let mut people = Vec::new();
        for number in 0..BUSY {
            let emails = (0..EACH).map(|each| format!("hush-{round}-{number}-{each}@example.com"));
            let learners = join_all(emails.map(async |email| bench.stack.person(&email).await)).await;
            let deal = deals[number % deals.len()].clone();
            people.push(tokio::spawn(busy(deal, learners, Arc::clone(&answered))));
        }
        eventually("some are answered", Duration::from_mins(1), || async {
            (answered.load(Ordering::SeqCst) >= ENOUGH).then_some(())
        })
        .await;
        // Not stopped: dropped, with requests under way.
        let proxy = bench.drop_stack();
        let mut under_way = 0;
        for person in people {
            let told = person.await.unwrap();
            under_way += usize::from(told.accepted.len() < EACH);
            all.invited.extend(told.invited);
            all.accepted.extend(told.accepted);
        }
        assert!(under_way > 0, "somebody was busy");
        bench = Bench::of(proxy, settings(port)).await;
        for deal in &mut deals {
            deal.manager = bench.stack.manager(&deal.organisation).await;
        }
    }
    bench.until_nothing_is_queued().await;
    let books = Books::open(&bench.stack).await;
    let (mut invited, mut accepted) = (Vec::new(), Vec::new());
    for deal in &deals {
        let found = books.check(&bench.stack, deal, Mailed::AtLeastOnce, "reopened").await;
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
        assert!(lost.is_empty(), "answered, and lost: {lost:?}");
    }
    println!(
        "told {} and {}, there are {} and {}",
        all.invited.len(),
        all.accepted.len(),
        invited.len(),
        accepted.len()
    );
    bench.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
