//! The stack of one test, and the people who use it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use futures_util::future::join;
use seatkeeper_local::{Settings, Stack, StartError};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::snapshot::{Item, number, text};
use crate::{Client, Deal, Mail, Response, eventually, lock, now, rfc3339};

pub const PARTNERSHIPS: &str = "partnerships@futurelearn.example";

pub const TABLE: &str = "seatkeeper";

/// A stack in memory, without schedules and without deals.
pub struct TestStack {
    pub local: Stack,
    http: reqwest::Client,
    deals: AtomicU32,
    refusals: Arc<Mutex<Vec<Response>>>,
    people: Mutex<Vec<(String, String)>>,
}

impl TestStack {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::of(settings_with(variables)).await
    }

    pub async fn of(settings: Settings) -> Self {
        // A stack's new process holds the sockets of all stacks here, until it executes its own program.
        let local = eventually("its port is free", Duration::from_secs(30), || async {
            match Stack::start(settings.clone()).await {
                Err(StartError::Busy(_)) => None,
                started => Some(started.unwrap_or_else(|error| panic!("the stack starts: {error}"))),
            }
        })
        .await;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_mins(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        Self { local, http, deals: AtomicU32::new(0), refusals: Arc::default(), people: Mutex::default() }
    }

    /// Starts a stack whose functions reach DynamoDB and SES through a proxy.
    pub async fn behind(proxy: &Proxy, settings: Settings) -> Self {
        let stack = Self::of(Settings { in_between: Some(proxy.endpoints()), ..settings }).await;
        proxy.forward_to(stack.local.endpoints.clone());
        stack
    }

    pub async fn stop(self) {
        self.local.stop().await;
    }

    pub fn nobody(&self) -> Client {
        let origin = self.local.url.clone();
        let refusals = Arc::clone(&self.refusals);
        Client { http: self.http.clone(), origin, refusals, email: "nobody".to_owned(), token: None }
    }

    /// A person who has signed in, with every scope that they are entitled to. Nobody signs in twice.
    pub async fn person(&self, email: &str) -> Client {
        let of_them = |(who, _): &&(String, String)| who == email;
        let known = lock(&self.people).iter().find(of_them).map(|(_, token)| token.clone());
        let token = match known {
            Some(token) => token,
            None => self.sign_in(email).await,
        };
        Client { email: email.to_owned(), token: Some(token), ..self.nobody() }
    }

    async fn sign_in(&self, email: &str) -> String {
        // The load takes longer than the quarter of an hour for which a token is good.
        let form = [("grant_type", "password"), ("username", email), ("expires_in", "86400")];
        let request = self.http.post(format!("{}/oidc/token", self.local.url)).form(&form);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let token =
            answer["access_token"].as_str().unwrap_or_else(|| panic!("no token for {email}: {answer}"));
        lock(&self.people).push((email.to_owned(), token.to_owned()));
        token.to_owned()
    }

    pub async fn manager(&self, organisation: &str) -> Client {
        self.person(&format!("manager@{organisation}.example")).await
    }

    pub async fn deal(&self, seats: u32) -> Deal {
        self.deal_with(seats, &json!({})).await
    }

    pub async fn deal_with(&self, seats: u32, changes: &Value) -> Deal {
        let number = self.deals.fetch_add(1, Ordering::Relaxed);
        let organisation = format!("organisation-{number}");
        let mut body = self.deal_body(&organisation, seats);
        for (name, value) in json_object(changes) {
            body[name] = value.clone();
        }
        let partnerships = self.person(PARTNERSHIPS).await;
        let key = format!("key-{number}");
        let headers = [("idempotency-key", key.as_str())];
        let made = partnerships.call("POST", "/api/deals", &headers, Some(&body)).await.ok(201);
        let id = made["id"].as_str().expect("an id").to_owned();
        Deal { id, manager: self.manager(&organisation).await, organisation }
    }

    /// The body that creates a deal, which runs from yesterday for a year.
    pub fn deal_body(&self, organisation: &str, seats: u32) -> Value {
        json!({
            "organisation": { "id": organisation, "name": format!("The {organisation}") },
            "name": "Unlimited",
            "seats": seats,
            "startsAt": rfc3339(now() - TimeDelta::days(1)),
            "endsAt": rfc3339(now() + TimeDelta::days(365)),
        })
    }

    pub fn refusals(&self) -> Vec<Response> {
        lock(&self.refusals).clone()
    }

    /// Addresses and tokens of everyone who signed in.
    pub fn people_seen(&self) -> Vec<(String, String)> {
        lock(&self.people).clone()
    }

    pub async fn items(&self) -> Vec<Item> {
        let scan = self.local.dynamodb().scan().table_name(TABLE).consistent_read(true);
        scan.into_paginator().items().send().collect::<Result<_, _>>().await.expect("the table can be read")
    }

    pub async fn items_of(&self, pk: &str) -> Vec<Item> {
        let query = self.local.dynamodb().query().table_name(TABLE).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        query.into_paginator().items().send().collect::<Result<_, _>>().await.expect("the table can be read")
    }

    /// As if the next UTC day had begun for each digest that waits for it. Returns when each digest was due.
    pub async fn next_day(&self) -> Vec<i64> {
        let mut times = Vec::new();
        for item in self.items().await.into_iter().filter(|item| text(item, "sk") == Some("DIGEST")) {
            let due_at = number(&item, "dueAt").expect("a time");
            times.push(due_at);
            if due_at % 86_400_000 == 0 {
                let update = self.local.dynamodb().update_item().table_name(TABLE);
                let update = update.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
                let now = AttributeValue::N(now().timestamp_millis().to_string());
                let update =
                    update.update_expression("SET dueAt = :now").condition_expression("dueAt = :seen");
                let update = update.expression_attribute_values(":now", now);
                let update = update.expression_attribute_values(":seen", item["dueAt"].clone());
                // A run that repeats its record is in between: the next day is later.
                let _refused = update.send().await;
            }
        }
        times
    }

    pub async fn inbox(&self) -> Vec<Mail> {
        self.inbox_after(None).await
    }

    pub async fn inbox_after(&self, mail: Option<&Mail>) -> Vec<Mail> {
        let after = mail.map(|mail| format!("?after={}", mail.field("id"))).unwrap_or_default();
        self.mails(&format!("/inbox/messages.json{after}")).await
    }

    pub async fn inbox_for(&self, address: &str) -> Vec<Mail> {
        let mut url = reqwest::Url::parse(&self.local.url).expect("a URL");
        url.query_pairs_mut().append_pair("to", address);
        self.mails(&format!("/inbox/messages.json?{}", url.query().unwrap_or_default())).await
    }

    async fn mails(&self, path: &str) -> Vec<Mail> {
        let answer = self.nobody().get(path).await.json();
        answer.as_array().expect("mails").iter().cloned().map(Mail).collect()
    }

    /// The token in the newest mail to an address.
    pub async fn token_for(&self, address: &str) -> String {
        let mails = self.inbox_for(address).await;
        mails.last().unwrap_or_else(|| panic!("a mail to {address}")).token()
    }

    /// Makes the next `count` calls to SES fail. 0 ends the fault.
    pub async fn fault(&self, mode: &str, count: u32) {
        let answer = self.nobody().post("/inbox/faults", &json!({ "mode": mode, "count": count })).await;
        assert_eq!(answer.status, 204, "{}", answer.show());
    }

    /// Publishes SES's event about the newest mail to an address.
    pub async fn publish(&self, address: &str, event: &str, copies: u32) {
        let mails = self.inbox_for(address).await;
        let id = mails.last().unwrap_or_else(|| panic!("a mail to {address}")).field("id").to_owned();
        let body = json!({ "id": id, "event": event, "copies": copies });
        assert_eq!(self.nobody().post("/inbox/events", &body).await.status, 202, "{event}");
    }

    /// Puts an address on the account's suppression list, as `PutSuppressedDestination` does.
    pub async fn block(&self, address: &str, reason: &str) {
        let url = format!("{}/v2/email/suppression/addresses", self.local.endpoints.ses);
        let body = json!({ "EmailAddress": address, "Reason": reason });
        let answer = self.http.put(url).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{address}");
    }

    /// Whether an address is on the account's suppression list.
    pub async fn is_blocked(&self, address: &str) -> bool {
        let url = format!("{}/v2/email/suppression/addresses/{address}", self.local.endpoints.ses);
        self.http.get(url).send().await.expect("an answer").status() == 200
    }

    /// What the deal's manager sees, and the number of mails.
    pub async fn snapshot(&self, deal: &Deal) -> (Value, usize) {
        (deal.snapshot().await, self.inbox().await.len())
    }

    /// How many mails each address received.
    pub async fn mails_by_address(&self) -> BTreeMap<String, usize> {
        let mut mails = BTreeMap::new();
        for mail in self.inbox().await {
            *mails.entry(mail.field("to").to_owned()).or_default() += 1;
        }
        mails
    }

    pub async fn preview(&self, token: &str) -> Response {
        self.nobody().post("/api/invites/preview", &json!({ "token": token })).await
    }

    pub async fn accept(&self, learner: &Client, token: &str) -> Response {
        learner.post("/api/invites/accept", &json!({ "token": token })).await
    }

    /// `decline`, `ask`, `opt-out` or `opt-in`, which need no sign-in.
    pub async fn answer(&self, what: &str, token: &str) -> Response {
        self.nobody().post(&format!("/api/invites/{what}"), &json!({ "token": token })).await
    }

    /// One click, as a mail provider makes it (RFC 8058). `shared/src/http/form.rs` tests the other forms.
    pub async fn unsubscribe(&self, path: &str) -> Response {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.nobody().raw("POST", path, &kind, b"List-Unsubscribe=One-Click".into()).await
    }

    /// Runs the sweep and the deliverer once.
    pub async fn sweep(&self) -> [Value; 2] {
        self.local.sweep().await.unwrap_or_else(|error| panic!("a sweep: {error}"))
    }

    /// Sweeps until every row of the deal is sent. I7: two deliverers run at once, and one claims each mail.
    pub async fn sweep_until_sent(&self, deal: &Deal, deadline: Duration) {
        eventually("every row is sent", deadline, || async {
            join(self.sweep(), self.sweep()).await;
            let rows = deal.rows("limit=200").await;
            rows.iter().all(|row| row["delivery"]["state"] == "sent").then_some(())
        })
        .await;
    }
}

/// A free port for a stack that restarts. Linux gives ports from 32,768 on to other stacks and to connections, so none of
/// them takes this one in between. Nor does another test of this process, which begins its search elsewhere.
pub fn lasting_port() -> u16 {
    static SEARCHES: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize + 101 * SEARCHES.fetch_add(1, Ordering::Relaxed);
    let mut ports = (20_000..30_000).cycle().skip(first % 10_000);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Settings of a stack in memory with these environment variables.
pub fn settings_with(variables: &[(&str, &str)]) -> Settings {
    let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings { env, seed: false, ..Settings::ephemeral() }
}

#[track_caller]
pub fn json_object(value: &Value) -> &serde_json::Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("an object, not {value}"))
}

/// Checks that an object has these fields. It may have more.
#[track_caller]
pub fn assert_fields(actual: &Value, expected: &Value) {
    for (name, value) in json_object(expected) {
        match value {
            Value::Object(_) => assert_fields(&actual[name], value),
            _ => assert_eq!(&actual[name], value, "{name} of {actual}"),
        }
    }
}
