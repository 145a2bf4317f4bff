//! `make demo` shows the product in a terminal, in under half a minute, on a throwaway stack.
//!
//! Invariant: every printed line was checked. The demo fails at the first unexpected response and shows it.

#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "a demo prints, and may fail")]

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Deal, Response, TestStack, eventually};

/// Stands for four weeks.
const LIFETIME: &str = "5s";

#[tokio::main]
async fn main() {
    println!("Seatkeeper demo: a deal with 3 seats. Invites expire after {LIFETIME} instead of 28 days.");
    println!("Each line shows the API's response, what happened, and the deal's seats afterwards.");
    let stack = TestStack::with(&[("INVITE_LIFETIME", LIFETIME)]).await;
    let story = Story { deal: stack.deal(3).await, stack };
    story.invite().await;
    story.accept_until_full().await;
    story.release_and_accept().await;
    let first_link = story.expire().await;
    story.resend(&first_link).await;
    story.keep_out().await;
    story.stack.stop().await;
    println!("\nDemo finished. Every response was as expected.");
}

struct Story {
    stack: TestStack,
    deal: Deal,
}

impl Story {
    async fn invite(&self) {
        println!("\nThe manager invites five people");
        let rows = ["ann", "bob", "cat", "dan", "eve", "ANN"].map(|name| json!({ "email": address(name) }));
        let answer = self.deal.try_invite(&json!({ "invites": rows })).await;
        self.line(&answer, "200", "Five invites; one address was given twice").await;
        let summary = json!({ "invited": 5, "skipped": 1, "rejected": 0, "failed": 0 });
        assert_eq!(answer.json()["summary"], summary);
        assert_eq!(answer.json()["results"][5]["outcome"], "duplicate");
        let mails = self.stack.inbox().await;
        assert_eq!((mails.len(), mails[0].field("subject")), (5, "FutureLearn Invitation"));
        println!("{:25} Five mails are sent, each with its own link", "");
    }

    async fn accept_until_full(&self) {
        println!("\nLearners accept until every seat is taken");
        let preview = self.stack.preview(&self.link("ann").await).await;
        self.line(&preview, "200", "Ann opens her link; no seat is taken yet").await;
        assert_eq!(preview.json()["email"], "a•••@example.com");
        for (name, expected, what) in [
            ("ann", "200", "Ann accepts"),
            ("bob", "200", "Bob accepts"),
            ("cat", "200", "Cat accepts"),
            ("ann", "200", "Ann accepts again and keeps her one seat"),
            ("dan", "409 deal_full", "Dan finds no free seat; his invite stays pending"),
        ] {
            self.accept(name, &self.link(name).await, expected, what).await;
        }
    }

    async fn release_and_accept(&self) {
        println!("\nThe manager releases a seat");
        self.release("bob", "Bob loses his seat").await;
        self.accept("dan", &self.link("dan").await, "200", "Dan accepts with the same link").await;
    }

    async fn expire(&self) -> String {
        println!("\nAn invite expires");
        let link = self.link("eve").await;
        println!("{:25} Eve waits {LIFETIME} …", "");
        eventually("Eve's invite expires", Duration::from_mins(1), || async {
            (self.stack.preview(&link).await.json()["status"] == "expired").then_some(())
        })
        .await;
        self.accept("eve", &link, "410 invite_expired", "Eve is too late, even before the sweep runs").await;
        assert_eq!(self.invite_of("eve").await["status"], "expired");
        self.stack.sweep().await;
        let counts = self.deal.manager.get(&self.deal.path("/counts")).await;
        self.line(&counts, "200", "After the sweep: 1 expired invite, none pending").await;
        assert_eq!(self.deal.counts().await, [0, 3, 1]);
        link
    }

    async fn resend(&self, old: &str) {
        println!("\nThe manager resends Eve's invite");
        let answer = self.deal.resend(&self.id_of("eve").await, None).await;
        self.line(&answer, "200", &format!("A new mail with a new link, valid for {LIFETIME}")).await;
        assert_eq!(answer.json()["sends"], 2);
        self.accept("eve", old, "410 invite_superseded", "Eve's old link no longer works").await;
        let new = self.link("eve").await;
        self.accept("eve", &new, "409 deal_full", "Eve's new link works, but every seat is taken").await;
        self.release("cat", "Cat loses her seat").await;
        self.accept("eve.at.home", &new, "200", "Eve accepts from her other account").await;
        assert_eq!(self.invite_of("eve").await["acceptedWith"], "other_address");
    }

    async fn keep_out(&self) {
        println!("\nOthers have no access");
        let answer = self.stack.preview("a-link-that-was-never-sent").await;
        self.line(&answer, "404 unknown_invite", "A link that was never sent").await;
        for (email, expected, what) in [
            ("manager@acme.example", "404 not_found", "Another organisation's manager opens the deal"),
            ("ann@example.com", "403", "A learner opens the deal"),
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
        self.deal.search(&address(name), None).await[0].clone()
    }

    async fn id_of(&self, name: &str) -> String {
        self.invite_of(name).await["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks a response and prints it, with the current seats.
    async fn line(&self, answer: &Response, expected: &str, what: &str) {
        assert_eq!(answer.kind(), expected, "{what}: {}", answer.show());
        let [total, allocated, available] = self.deal.seats().await;
        println!("  {expected:<23} {what:<54} {total} seats, {allocated} allocated, {available} available");
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}
