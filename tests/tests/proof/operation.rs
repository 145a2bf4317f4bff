//! What people and schedules do, each as it is prepared, done, done again after a failure, and looked at in the end.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tests::proxy::{Calls, Fault};
use tests::{Answer, Client, Deal, PARTNERSHIPS};

use crate::bench::Bench;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Invite,
    InviteMany,
    Resend,
    ResendMany,
    ResendExpired,
    Accept,
    Cancel,
    Release,
    CreateDeal,
    PatchDeal,
    ReadDeal,
    ReadLinks,
    Expire,
    Deliver,
    DeliverMany,
}

/// What a person asks for. Each has a deal of its own, so that many can be under way at once.
pub(crate) const REQUESTS: [Operation; 12] = [
    Operation::Invite,
    Operation::InviteMany,
    Operation::Resend,
    Operation::ResendMany,
    Operation::ResendExpired,
    Operation::Accept,
    Operation::Cancel,
    Operation::Release,
    Operation::CreateDeal,
    Operation::PatchDeal,
    Operation::ReadDeal,
    Operation::ReadLinks,
];

/// What a schedule runs, for all deals at once.
pub(crate) const SWEEPS: [Operation; 3] = [Operation::Expire, Operation::Deliver, Operation::DeliverMany];

const MANY: usize = 3;

impl Operation {
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Invite | Self::InviteMany => "send-invites",
            Self::Resend | Self::ResendMany | Self::ResendExpired => "resend-invite",
            Self::Accept | Self::ReadLinks => "accept-invite",
            Self::Cancel | Self::Release => "release-seat",
            Self::CreateDeal | Self::PatchDeal => "manage-deals",
            Self::ReadDeal => "deal-seats",
            Self::Expire => "expire-invites",
            Self::Deliver | Self::DeliverMany => "deliver-invites",
        }
    }

    /// Whether it makes the same calls each time. How many batches a sweep makes of some rows depends on their ids.
    pub(crate) fn is_steady(self) -> bool {
        !matches!(self, Self::Expire | Self::DeliverMany)
    }

    fn delivers(self) -> bool {
        matches!(self, Self::Deliver | Self::DeliverMany)
    }

    fn invites(self) -> usize {
        match self {
            Self::Invite | Self::InviteMany | Self::CreateDeal | Self::PatchDeal => 0,
            Self::Resend | Self::Accept | Self::Cancel | Self::Release | Self::Deliver => 1,
            _ => MANY,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) operation: Operation,
    pub(crate) deal: Deal,
    ids: Vec<String>,
    tokens: Vec<String>,
    learner: Client,
    partnerships: Client,
    number: usize,
}

fn address(number: usize, row: usize) -> String {
    format!("whisper-{number}-{row}@example.com")
}

impl Stage {
    /// Prepares it in a deal of its own. `number` is not used twice.
    pub(crate) async fn new(bench: &Bench, operation: Operation, number: usize) -> Self {
        let stack = &bench.stack;
        let deal = stack.deal(5).await;
        let learner = stack.person(&format!("hushed-{number}@example.com")).await;
        let partnerships = stack.person(PARTNERSHIPS).await;
        let mut stage =
            Self { operation, deal, ids: Vec::new(), tokens: Vec::new(), learner, partnerships, number };
        // For the deliverer, mails that nobody sent.
        let calls = Calls::of("SendBulkEmail").containing(&stage.deal.id);
        let times = u32::from(operation.delivers());
        let lost = bench.proxy.disturb(calls, 0, times, Fault::Reset);
        if operation.invites() > 0 {
            let answer = stage.invite(0..operation.invites()).await.ok(200);
            let results = answer["results"].as_array().unwrap();
            stage.ids = results.iter().map(|row| row["inviteId"].as_str().unwrap().to_owned()).collect();
        }
        assert_eq!(lost.met(), times, "the mail is not sent");
        for row in 0..operation.invites() {
            if !operation.delivers() {
                stage.tokens.push(stack.token_for(&address(number, row)).await);
            }
        }
        match operation {
            Operation::Release => drop(stage.accept(0).await.ok(200)),
            Operation::ResendExpired | Operation::Expire => bench.age(&stage.deal).await,
            Operation::ReadDeal | Operation::ReadLinks => {
                // One of each: accepted, expired, pending.
                stage.accept(0).await.ok(200);
                stage.deal.cancel(&stage.ids[2]).await.ok(204);
                bench.age(&stage.deal).await;
                stage.invite(2..3).await.ok(200);
                stage.tokens[2] = stack.token_for(&address(number, 2)).await;
            }
            Operation::Deliver | Operation::DeliverMany => bench.end_leases(&stage.deal).await,
            _ => {}
        }
        stage
    }

    /// A text that is in all calls for this operation, where it can be told from others that are under way.
    pub(crate) fn mark(&self) -> String {
        match self.operation {
            Operation::CreateDeal => self.organisation(),
            _ => self.deal.id.clone(),
        }
    }

    fn organisation(&self) -> String {
        format!("made-{}-here", self.number)
    }

    async fn invite(&self, rows: std::ops::Range<usize>) -> Answer {
        let rows: Vec<_> = rows
            .map(|row| json!({ "email": address(self.number, row), "name": format!("Annabel Hush {}", self.number) }))
            .collect();
        self.deal.try_invite(&json!({ "invites": rows })).await
    }

    async fn accept(&self, row: usize) -> Answer {
        self.learner.post("/api/invites/accept", &json!({ "token": self.tokens[row] })).await
    }

    /// Does it: what a user does once, or a schedule.
    pub(crate) async fn run(&self, bench: &Bench) -> Answer {
        let (deal, ids) = (&self.deal, &self.ids);
        match self.operation {
            Operation::Invite => self.invite(0..1).await,
            Operation::InviteMany => self.invite(0..MANY).await,
            Operation::Resend => deal.resend(&ids[0], Some("\"1\"")).await,
            Operation::ResendMany => {
                let rows: Vec<_> = ids.iter().map(|id| json!({ "id": id, "sends": 1 })).collect();
                deal.resend_many(&json!({ "invites": rows })).await
            }
            Operation::ResendExpired => deal.resend_many(&json!({ "status": "expired" })).await,
            Operation::Accept => self.accept(0).await,
            Operation::Cancel => deal.cancel(&ids[0]).await,
            Operation::Release => deal.release(&ids[0]).await,
            Operation::CreateDeal => {
                let key = format!("made-{}", self.number);
                let headers = [("idempotency-key", key.as_str())];
                let mut body = bench.stack.deal_body(&self.organisation(), 4);
                // The same body each time.
                (body["startsAt"], body["endsAt"]) =
                    (json!("2026-01-01T00:00:00Z"), json!("2030-01-01T00:00:00Z"));
                self.partnerships.call("POST", "/api/deals", &headers, Some(&body)).await
            }
            Operation::PatchDeal => self.partnerships.patch(&deal.path(""), &json!({ "seats": 7 })).await,
            Operation::ReadDeal => self.read_deal().await,
            Operation::ReadLinks => self.read_links().await,
            Operation::Expire | Operation::Deliver | Operation::DeliverMany => {
                let swept = bench.stack.local.invoke(self.operation.function(), json!({})).await;
                let (status, text) = match swept {
                    Ok(report) => (200, report.to_string()),
                    Err(error) => (502, error.to_string()),
                };
                Answer {
                    asked: self.operation.function().to_owned(),
                    status,
                    headers: HeaderMap::new(),
                    text,
                }
            }
        }
    }

    /// All that a manager can look at; the first that fails, or the last.
    async fn read_deal(&self) -> Answer {
        let get = async |rest: &str| self.deal.manager.get(&self.deal.path(rest)).await;
        let one = format!("/invites/{}", self.ids[0]);
        let mut last = self.deal.manager.get("/api/deals").await;
        for rest in [
            "",
            "/counts",
            "/seats",
            "/seats?status=pending",
            "/seats?status=accepted",
            "/seats?status=expired",
            &one,
        ] {
            if last.status != 200 {
                return last;
            }
            last = get(rest).await;
        }
        if last.status != 200 {
            return last;
        }
        self.deal.manager.post(&self.deal.path("/seats/search"), &json!({ "email": "whisper" })).await
    }

    /// What a learner can: each link, and their seats.
    async fn read_links(&self) -> Answer {
        let mut last = self.learner.get("/api/me/seats").await;
        for token in &self.tokens {
            if last.status != 200 {
                return last;
            }
            last = self.learner.post("/api/invites/preview", &json!({ "token": token })).await;
        }
        last
    }

    /// Whether an answer says that all of it was done, by this request and by no other.
    pub(crate) fn says_done(&self, answer: &Answer) -> bool {
        let summary = || answer.json()["summary"].clone();
        (200..300).contains(&answer.status)
            && match self.operation {
                Operation::Invite => summary()["invited"] == 1,
                Operation::InviteMany => summary()["invited"] == MANY,
                Operation::ResendMany | Operation::ResendExpired => summary()["resent"] == MANY,
                _ => true,
            }
    }

    /// Whether a user who was told that it failed, and does it again, may get this answer.
    pub(crate) fn is_fine_again(&self, answer: &Answer) -> bool {
        (200..300).contains(&answer.status)
            || self.operation == Operation::Resend
                && (answer.status, answer.code().as_str()) == (412, "stale")
    }

    /// That it was done, and done once, however often it was tried.
    pub(crate) async fn is_done(&self, what: &str) {
        let sends = async |sends: u64, rows: usize| {
            let seen = self.deal.rows("limit=200").await;
            assert!(
                seen.len() == rows && seen.iter().all(|row| row["sends"] == sends),
                "{what}: {rows} rows, each sent {sends} times: {seen:#?}"
            );
        };
        match self.operation {
            Operation::Invite | Operation::Deliver => sends(1, 1).await,
            Operation::InviteMany | Operation::DeliverMany | Operation::Expire => sends(1, MANY).await,
            Operation::Resend => sends(2, 1).await,
            Operation::ResendMany | Operation::ResendExpired => sends(2, MANY).await,
            Operation::Accept => assert_eq!(self.deal.seats().await, [5, 1, 4], "{what}"),
            Operation::Release => assert_eq!(self.deal.seats().await, [5, 0, 5], "{what}"),
            Operation::Cancel => assert_eq!(self.deal.counts().await, [0, 0, 0], "{what}"),
            Operation::PatchDeal => assert_eq!(self.deal.seats().await, [7, 0, 7], "{what}"),
            Operation::CreateDeal => {
                let made =
                    self.partnerships.get(&format!("/api/deals?organisation={}", self.organisation())).await;
                assert_eq!(
                    made.ok(200)["deals"].as_array().map(Vec::len),
                    Some(1),
                    "{what}: {}",
                    made.show()
                );
            }
            Operation::ReadDeal | Operation::ReadLinks => {
                assert_eq!(self.deal.counts().await, [1, 1, 1], "{what}: nothing has changed");
            }
        }
        if self.operation == Operation::Expire {
            let rows: Vec<Value> = self.deal.rows("status=expired").await;
            assert_eq!(rows.len(), MANY, "{what}: {rows:#?}");
        }
    }
}
