//! `make demo`: what the product does, told in a terminal in under half a minute, on a stack that is thrown away.
//!
//! Invariant: every line that is printed was checked. At the first answer that differs, the demo shows it and fails.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a demo talks to whoever watches it, and may fail"
)]

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, Deal, TestStack, eventually};

/// Four weeks, for those who can't wait.
const LIFETIME: &str = "5s";

#[tokio::main]
async fn main() {
    println!(
        "Seatkeeper: a manager, a deal of three seats, and five invites that live for {LIFETIME} instead of 28d."
    );
    let stack = TestStack::with(&[("INVITE_LIFETIME", LIFETIME)]).await;
    let story = Story { deal: stack.deal(3).await, stack };
    story.invite().await;
    story.accept_until_full().await;
    story.release_and_accept().await;
    let first_link = story.expire().await;
    story.resend(&first_link).await;
    story.keep_out().await;
    story.stack.stop().await;
    println!("\nAll of it as expected.");
}

struct Story {
    stack: TestStack,
    deal: Deal,
}

impl Story {
    async fn invite(&self) {
        println!("\nThe manager invites");
        let rows = ["ann", "bob", "cat", "dan", "eve", "ANN"].map(|name| json!({ "email": address(name) }));
        let answer = self.deal.try_invite(&json!({ "invites": rows })).await;
        self.line(&answer, "200", "Five people and, by mistake, one of them twice").await;
        let summary = json!({ "invited": 5, "skipped": 1, "rejected": 0, "failed": 0 });
        assert_eq!(answer.json()["summary"], summary);
        assert_eq!(answer.json()["results"][5]["outcome"], "duplicate");
        let mails = self.stack.inbox().await;
        assert_eq!((mails.len(), mails[0].field("subject")), (5, "FutureLearn Invitation"));
        println!("{:25} 5 mails in the inbox, \"FutureLearn Invitation\", each with a link of its own", "");
    }

    async fn accept_until_full(&self) {
        println!("\nLearners accept, until no seat is left");
        let preview = self.stack.preview(&self.link("ann").await).await;
        self.line(&preview, "200", "Ann opens her link: looking changes nothing").await;
        assert_eq!(preview.json()["email"], "a•••@example.com");
        for (name, expected, what) in [
            ("ann", "200", "Ann accepts"),
            ("bob", "200", "Bob accepts"),
            ("cat", "200", "Cat accepts"),
            ("ann", "200", "Ann clicks again: the same answer, no second seat"),
            ("dan", "409 deal_full", "Dan is too late; the invite stays open"),
        ] {
            self.accept(name, &self.link(name).await, expected, what).await;
        }
    }

    async fn release_and_accept(&self) {
        println!("\nThe manager takes a seat back");
        self.release("bob", "Bob's seat is released").await;
        self.accept("dan", &self.link("dan").await, "200", "Dan accepts after all").await;
    }

    async fn expire(&self) -> String {
        println!("\nAn invite expires");
        let link = self.link("eve").await;
        println!("{:25} Eve waits too long …", "");
        eventually("Eve's invite expires", Duration::from_mins(1), || async {
            (self.stack.preview(&link).await.json()["status"] == "expired").then_some(())
        })
        .await;
        self.accept("eve", &link, "410 invite_expired", "Eve clicks; no sweep has run yet").await;
        assert_eq!(self.invite_of("eve").await["status"], "expired");
        self.stack.sweep().await;
        let counts = self.deal.manager.get(&self.deal.path("/counts")).await;
        self.line(&counts, "200", "The sweep has marked it: 1 expired, none pending").await;
        assert_eq!(self.deal.counts().await, [0, 3, 1]);
        link
    }

    async fn resend(&self, old: &str) {
        println!("\nThe manager resends it");
        let answer = self.deal.resend(&self.id_of("eve").await, None).await;
        self.line(&answer, "200", "A new mail, a new link, four new weeks").await;
        assert_eq!(answer.json()["sends"], 2);
        self.accept("eve", old, "410 invite_superseded", "Eve clicks the old link").await;
        let new = self.link("eve").await;
        self.accept("eve", &new, "409 deal_full", "Eve clicks the new one, but every seat is taken").await;
        self.release("cat", "Cat's seat is released").await;
        self.accept("eve.at.home", &new, "200", "Eve accepts, with another account of hers").await;
        assert_eq!(self.invite_of("eve").await["acceptedWith"], "other_address");
    }

    async fn keep_out(&self) {
        println!("\nOthers learn nothing");
        let answer = self.stack.preview("a-link-that-was-never-sent").await;
        self.line(&answer, "404 unknown_invite", "A link that was never sent").await;
        for (email, expected, what) in [
            ("manager@acme.example", "404 not_found", "Another organisation's manager"),
            ("ann@example.com", "403", "A learner"),
        ] {
            let answer = self.stack.person(email).await.get(&self.deal.path("")).await;
            self.line(&answer, expected, what).await;
        }
    }

    async fn accept(&self, name: &str, link: &str, expected: &str, what: &str) {
        let learner = self.stack.person(&address(name)).await;
        let answer = self.stack.accept(&learner, link).await;
        self.line(&answer, expected, what).await;
    }

    async fn release(&self, name: &str, what: &str) {
        let answer = self.deal.release(&self.id_of(name).await).await;
        self.line(&answer, "204", what).await;
    }

    async fn link(&self, name: &str) -> String {
        self.stack.token_for(&address(name)).await
    }

    async fn invite_of(&self, name: &str) -> Value {
        self.deal.search(&address(name), &[]).await[0].clone()
    }

    async fn id_of(&self, name: &str) -> String {
        self.invite_of(name).await["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks an answer and prints it, with the seats as they are now.
    async fn line(&self, answer: &Answer, expected: &str, what: &str) {
        assert_eq!(answer.kind(), expected, "{what}: {}", answer.show());
        let [total, allocated, available] = self.deal.seats().await;
        println!("  {expected:<23} {what:<54} {total} seats, {allocated} allocated, {available} available");
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}
