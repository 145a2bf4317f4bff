//! `make demo`: what the product does, told in a terminal in under half a minute, on a stack that is thrown away.
//!
//! Invariant: every line that is printed was checked; at the first answer that differs it stops, says what it had
//! expected, and fails.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a demo talks to whoever watches it")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::{Client, Method};
use seatkeeper_local::{InvokeError, Settings, Stack, StartError};
use serde_json::{Value, json};

const MANAGER: &str = "manager@globex.example";
/// Four weeks, for those who can't wait.
const LIFETIME: &str = "5s";

/// Where the story went another way.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the sweep failed: {0}")]
    Sweep(#[from] InvokeError),
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{error}\nWhat the functions say of it is in {logs}/.")]
    Told { error: String, logs: String },
    #[error("{what}: expected {expected}, got {got}")]
    Differs { what: String, expected: String, got: String },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo stops here. {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), DemoError> {
    let env = [("INVITE_LIFETIME", LIFETIME)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let functions_dir = Settings::from_env().map_err(StartError::from)?.functions_dir;
    let settings = Settings { env: BTreeMap::from(env), functions_dir, ..Settings::ephemeral() };
    println!(
        "Seatkeeper: a manager, a deal of three seats, and five invites that live for {LIFETIME} instead of 28d."
    );
    let logs = settings.logs.display().to_string();
    let stack = Stack::start(settings).await?;
    let told = async { Story::begin(&stack).await?.tell().await }.await;
    told.map_err(|error| DemoError::Told { error: error.to_string(), logs })?;
    stack.stop().await;
    println!("\nAll of it as expected.");
    Ok(())
}

/// One answer of the API.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    /// The answer in short, as it is compared: `200`, or `409 deal_full`.
    fn short(&self) -> String {
        self.body
            .get("code")
            .and_then(Value::as_str)
            .map_or_else(|| self.status.to_string(), |code| format!("{} {code}", self.status))
    }

    fn at(&self, pointer: &str) -> Value {
        self.body.pointer(pointer).cloned().unwrap_or_default()
    }

    fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_default().to_owned()
    }
}

/// The story so far.
struct Story<'s> {
    stack: &'s Stack,
    client: Client,
    manager: String,
    deal: String,
}

impl<'s> Story<'s> {
    async fn begin(stack: &'s Stack) -> Result<Self, DemoError> {
        let mut story = Self { stack, client: Client::new(), manager: String::new(), deal: String::new() };
        story.manager = story.sign_in(MANAGER).await?;
        let deals = story.manage(Method::GET, "/api/deals", None).await?;
        same("the manager's deals", &json!("Unlimited Starter"), &deals.at("/deals/0/name"))?;
        story.deal = format!("/api/deals/{}", deals.text("/deals/0/id"));
        Ok(story)
    }

    async fn tell(&self) -> Result<(), DemoError> {
        self.invite().await?;
        self.accept_until_full().await?;
        self.release_and_accept().await?;
        let first_link = self.expire().await?;
        self.resend(&first_link).await?;
        self.keep_out().await
    }

    async fn invite(&self) -> Result<(), DemoError> {
        chapter("The manager invites");
        let rows: Vec<_> = ["ann", "bob", "cat", "dan", "eve", "ANN"]
            .iter()
            .map(|name| json!({ "email": format!("{name}@example.com") }))
            .collect();
        let answer =
            self.manage(Method::POST, &self.path("/invites"), Some(json!({ "invites": rows }))).await?;
        self.line(&answer, "200", "Five people and, by mistake, one of them twice").await?;
        let counts = json!({ "invited": 5, "skipped": 1, "rejected": 0, "failed": 0 });
        same("the summary", &counts, &answer.at("/summary"))?;
        same("the second row of Ann", &json!("duplicate"), &answer.at("/results/5/outcome"))?;
        let mails = self.mails().await?;
        same("the mails", &json!(5), &json!(mails.len()))?;
        let subject = mails.first().and_then(|mail| mail.get("subject")).cloned().unwrap_or_default();
        same("their subject", &json!("FutureLearn Invitation"), &subject)?;
        println!("{:25} 5 mails in the inbox, \"FutureLearn Invitation\", each with a link of its own", "");
        Ok(())
    }

    async fn accept_until_full(&self) -> Result<(), DemoError> {
        chapter("Learners accept, until no seat is left");
        let preview = self.preview(&self.link("ann").await?).await?;
        self.line(&preview, "200", "Ann opens her link: looking changes nothing").await?;
        same("the address shown", &json!("a•••@example.com"), &preview.at("/email"))?;
        for (name, what) in [("ann", "Ann accepts"), ("bob", "Bob accepts"), ("cat", "Cat accepts")] {
            let answer = self.accept(name, &self.link(name).await?).await?;
            self.line(&answer, "200", what).await?;
        }
        let answer = self.accept("ann", &self.link("ann").await?).await?;
        self.line(&answer, "200", "Ann clicks again: the same answer, no second seat").await?;
        let answer = self.accept("dan", &self.link("dan").await?).await?;
        self.line(&answer, "409 deal_full", "Dan is too late; the invite stays open").await?;
        self.seats(3).await
    }

    async fn release_and_accept(&self) -> Result<(), DemoError> {
        chapter("The manager takes a seat back");
        let bob = self.invite_of("bob").await?;
        let path = self.path(&format!("/seats/{}", bob.text("/id")));
        let answer = self.manage(Method::DELETE, &path, None).await?;
        self.line(&answer, "204", "Bob's seat is released").await?;
        self.seats(2).await?;
        let answer = self.accept("dan", &self.link("dan").await?).await?;
        self.line(&answer, "200", "Dan accepts after all").await?;
        self.seats(3).await
    }

    async fn expire(&self) -> Result<String, DemoError> {
        chapter("An invite expires");
        let link = self.link("eve").await?;
        println!("{:25} Eve waits too long …", "");
        while self.preview(&link).await?.text("/status") == "pending" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let answer = self.accept("eve", &link).await?;
        self.line(&answer, "410 invite_expired", "Eve clicks; no sweep has run yet").await?;
        same("the page", &json!("expired"), &self.invite_of("eve").await?.at("/status"))?;
        self.stack.sweep().await?;
        let counts = self.manage(Method::GET, &self.path("/counts"), None).await?;
        self.line(&counts, "200", "The sweep has marked it: 1 expired, none pending").await?;
        same("expired", &json!(1), &counts.at("/expired"))?;
        same("pending", &json!(0), &counts.at("/pending"))?;
        Ok(link)
    }

    async fn resend(&self, old: &str) -> Result<(), DemoError> {
        chapter("The manager resends it");
        let id = self.invite_of("eve").await?.text("/id");
        let path = self.path(&format!("/invites/{id}/resend"));
        let answer = self.manage(Method::POST, &path, None).await?;
        self.line(&answer, "200", "A new mail, a new link, four new weeks").await?;
        same("sends", &json!(2), &answer.at("/sends"))?;
        let answer = self.accept("eve", old).await?;
        self.line(&answer, "410 invite_superseded", "Eve clicks the old link").await?;
        let answer = self.accept("eve", &self.link("eve").await?).await?;
        self.line(&answer, "409 deal_full", "Eve clicks the new one, but every seat is taken").await?;
        let cat = self.invite_of("cat").await?.text("/id");
        let answer = self.manage(Method::DELETE, &self.path(&format!("/seats/{cat}")), None).await?;
        self.line(&answer, "204", "Cat's seat is released").await?;
        let answer = self.accept("eve.at.home", &self.link("eve").await?).await?;
        self.line(&answer, "200", "Eve accepts, with another account of hers").await?;
        let with = self.invite_of("eve").await?.at("/acceptedWith");
        same("what the manager sees of that", &json!("other_address"), &with)?;
        self.seats(3).await
    }

    async fn keep_out(&self) -> Result<(), DemoError> {
        chapter("Others learn nothing");
        let answer = self.preview("a-link-that-was-never-sent").await?;
        self.line(&answer, "404 unknown_invite", "A link that was never sent").await?;
        let stranger = self.sign_in("manager@acme.example").await?;
        let answer = self.call(Method::GET, &self.deal, Some(&stranger), None).await?;
        self.line(&answer, "404 not_found", "Another organisation's manager").await?;
        let learner = self.sign_in("ann@example.com").await?;
        let answer = self.call(Method::GET, &self.deal, Some(&learner), None).await?;
        self.line(&answer, "403", "A learner").await
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.deal)
    }

    async fn sign_in(&self, email: &str) -> Result<String, DemoError> {
        let form = [("grant_type", "password"), ("username", email)];
        let answer = self.client.post(format!("{}/oidc/token", self.stack.url())).form(&form).send().await?;
        let answer = answer.json::<Value>().await?;
        Ok(answer.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, DemoError> {
        let mut request = self.client.request(method, format!("{}{path}", self.stack.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        Ok(Answer { status, body })
    }

    async fn manage(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer, DemoError> {
        self.call(method, path, Some(&self.manager), body).await
    }

    async fn preview(&self, link: &str) -> Result<Answer, DemoError> {
        self.call(Method::POST, "/api/invites/preview", None, Some(json!({ "token": link }))).await
    }

    async fn accept(&self, name: &str, link: &str) -> Result<Answer, DemoError> {
        let token = self.sign_in(&format!("{name}@example.com")).await?;
        self.call(Method::POST, "/api/invites/accept", Some(&token), Some(json!({ "token": link }))).await
    }

    async fn mails(&self) -> Result<Vec<Value>, DemoError> {
        Ok(self.client.get(format!("{}/inbox/messages.json", self.stack.url())).send().await?.json().await?)
    }

    /// The token of the newest link that somebody was sent.
    async fn link(&self, name: &str) -> Result<String, DemoError> {
        let address = format!("{name}@example.com");
        let mails = self.mails().await?;
        let text =
            |mail: &Value, field| mail.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mail = mails.iter().rev().find(|mail| text(mail, "to") == address).unwrap_or(&Value::Null);
        let body = text(mail, "text");
        let token = body.split_once("/accept#").map_or("", |(_, rest)| rest);
        let end =
            token.find(|character: char| !character.is_ascii_alphanumeric() && !"-_".contains(character));
        let token = token.get(..end.unwrap_or(token.len())).unwrap_or_default();
        if token.is_empty() {
            return Err(differs(&format!("the mail to {name}"), "a link", "none"));
        }
        Ok(token.to_owned())
    }

    /// One row of the Deal seats page.
    async fn invite_of(&self, name: &str) -> Result<Answer, DemoError> {
        let body = json!({ "email": format!("{name}@example.com") });
        let page = self.manage(Method::POST, &self.path("/seats/search"), Some(body)).await?;
        Ok(Answer { status: page.status, body: page.at("/invites/0") })
    }

    /// Checks how many seats are taken, as the page shows it.
    async fn seats(&self, allocated: u64) -> Result<(), DemoError> {
        let page = self.manage(Method::GET, &self.path("/seats"), None).await?;
        let expected = json!({ "total": 3, "allocated": allocated, "available": 3 - allocated });
        same("the seats", &expected, &page.at("/seats"))
    }

    /// Checks an answer and prints it, with the seats as they are now.
    async fn line(&self, answer: &Answer, expected: &str, what: &str) -> Result<(), DemoError> {
        if answer.short() != expected {
            return Err(differs(what, expected, &format!("{} {}", answer.status, answer.body)));
        }
        let deal = self.manage(Method::GET, &self.deal, None).await?;
        let number = |name: &str| deal.at(&format!("/seats/{name}"));
        let seats = format!(
            "{} seats, {} allocated, {} available",
            number("total"),
            number("allocated"),
            number("available")
        );
        println!("  {expected:<23} {what:<54} {seats}");
        Ok(())
    }
}

fn chapter(title: &str) {
    println!("\n{title}");
}

fn same(what: &str, expected: &Value, got: &Value) -> Result<(), DemoError> {
    if expected == got { Ok(()) } else { Err(differs(what, &expected.to_string(), &got.to_string())) }
}

fn differs(what: &str, expected: &str, got: &str) -> DemoError {
    DemoError::Differs { what: what.to_owned(), expected: expected.to_owned(), got: got.to_owned() }
}
