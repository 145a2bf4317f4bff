//! The operations of people and schedules: how each is prepared, run, repeated after a failure, and checked.

use axum::http::HeaderMap;
use seatkeeper_local::functions::TRACK_DELIVERY;
use serde_json::{Value, json};
use tests::proxy::{Calls, Fault};
use tests::{Client, Deal, PARTNERSHIPS, Response, events, ids};

use crate::stack::{DisturbedStack, TOPIC};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Invite,
    InviteMany,
    Resend,
    ResendMany,
    ResendExpired,
    ResendBounced,
    Correct,
    Accept,
    Cancel,
    Release,
    CreateDeal,
    PatchDeal,
    ReadDeal,
    ReadLinks,
    Track,
    Expire,
    Deliver,
    DeliverMany,
    Remind,
    Digest,
}

/// What people request, and SES's event of a bounce, which Lambda repeats as a person would.
pub(crate) const REQUESTS: [Operation; 15] = [
    Operation::Invite,
    Operation::InviteMany,
    Operation::Resend,
    Operation::ResendMany,
    Operation::ResendExpired,
    Operation::ResendBounced,
    Operation::Correct,
    Operation::Accept,
    Operation::Cancel,
    Operation::Release,
    Operation::CreateDeal,
    Operation::PatchDeal,
    Operation::ReadDeal,
    Operation::ReadLinks,
    Operation::Track,
];

/// What schedules run, for all deals at once.
pub(crate) const SWEEPS: [Operation; 5] =
    [Operation::Expire, Operation::Deliver, Operation::DeliverMany, Operation::Remind, Operation::Digest];

const MANY: usize = 3;

impl Operation {
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Invite | Self::InviteMany | Self::Correct => "send-invites",
            Self::Resend | Self::ResendMany | Self::ResendExpired | Self::ResendBounced => "resend-invite",
            Self::Accept | Self::ReadLinks => "accept-invite",
            Self::Cancel | Self::Release => "release-seat",
            Self::CreateDeal | Self::PatchDeal => "manage-deals",
            Self::ReadDeal => "deal-seats",
            Self::Track => TRACK_DELIVERY,
            Self::Expire => "expire-invites",
            Self::Deliver | Self::DeliverMany | Self::Remind => "deliver-invites",
            Self::Digest => "send-digests",
        }
    }

    /// Whether each run makes the same calls. The ids of rows decide how many batches a sweep needs.
    pub(crate) fn is_steady(self) -> bool {
        !matches!(self, Self::Expire | Self::DeliverMany)
    }

    pub(crate) fn is_sweep(self) -> bool {
        SWEEPS.contains(&self)
    }

    /// Whether no gateway answers for the function.
    pub(crate) fn is_invoked(self) -> bool {
        self.is_sweep() || self == Self::Track
    }

    /// The call that records the outcome of a mail.
    pub(crate) fn record(self) -> &'static str {
        if self == Self::Digest { "UpdateItem" } else { "PutItem" }
    }

    fn delivers(self) -> bool {
        matches!(self, Self::Deliver | Self::DeliverMany)
    }

    fn invites(self) -> usize {
        match self {
            Self::Invite | Self::InviteMany | Self::CreateDeal | Self::PatchDeal => 0,
            Self::ResendMany
            | Self::ResendExpired
            | Self::ReadDeal
            | Self::ReadLinks
            | Self::Expire
            | Self::DeliverMany => MANY,
            _ => 1,
        }
    }
}

/// An operation in a deal of its own, so that many can run at once.
pub(crate) struct Scenario {
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

impl Scenario {
    /// Prepares the operation. Each scenario of a stack has its own `number`.
    pub(crate) async fn new(disturbed: &DisturbedStack, operation: Operation, number: usize) -> Self {
        let stack = &disturbed.stack;
        let deal = stack.deal(5).await;
        let learner = stack.person(&format!("hushed-{number}@example.com")).await;
        let partnerships = stack.person(PARTNERSHIPS).await;
        let mut scenario =
            Self { operation, deal, ids: Vec::new(), tokens: Vec::new(), learner, partnerships, number };
        // The deliverer needs mails that were not sent.
        let calls = Calls::of("SendBulkEmail").containing(&scenario.deal.id);
        let times = u32::from(operation.delivers());
        let lost = disturbed.proxy.disturb(calls, 0, times, Fault::Reset);
        if operation.invites() > 0 {
            let answer = scenario.invite(0..operation.invites()).await.ok(200);
            let results = answer["results"].as_array().unwrap();
            scenario.ids = results.iter().map(|row| row["inviteId"].as_str().unwrap().to_owned()).collect();
        }
        assert_eq!(lost.met(), times, "the mail is not sent");
        for row in 0..operation.invites() {
            if !operation.delivers() {
                scenario.tokens.push(stack.token_for(&address(number, row)).await);
            }
        }
        match operation {
            Operation::Release => drop(scenario.accept(0).await.ok(200)),
            Operation::ResendExpired | Operation::Expire => disturbed.age(&scenario.deal).await,
            Operation::ResendBounced => {
                stack.publish(&address(number, 0), "bounce", 1).await;
                scenario.deal.one_with_mail(&scenario.ids[0], "bounced").await;
                stack.block(&address(number, 0), "BOUNCE").await;
            }
            Operation::ReadDeal | Operation::ReadLinks => {
                // An accepted, an expired and a pending invite.
                scenario.accept(0).await.ok(200);
                scenario.deal.cancel(&scenario.ids[2]).await.ok(204);
                disturbed.age(&scenario.deal).await;
                scenario.invite(2..3).await.ok(200);
                scenario.tokens[2] = stack.token_for(&address(number, 2)).await;
            }
            Operation::Deliver | Operation::DeliverMany => disturbed.end_leases(&scenario.deal).await,
            Operation::Remind => disturbed.pass(&scenario.deal, 8 * 86_400).await,
            Operation::Digest => {
                scenario.deal.manager.put("/api/me/digest", &json!({ "on": true })).await.ok(200);
                stack.answer("decline", &scenario.tokens[0]).await.ok(200);
            }
            _ => {}
        }
        scenario
    }

    /// A text in every call of this scenario, which tells it from concurrent ones.
    pub(crate) fn mark(&self) -> String {
        match self.operation {
            Operation::CreateDeal => self.organisation(),
            _ => self.deal.id.clone(),
        }
    }

    fn organisation(&self) -> String {
        format!("made-{}-here", self.number)
    }

    async fn invite(&self, rows: std::ops::Range<usize>) -> Response {
        let rows: Vec<_> = rows
            .map(|row| json!({ "email": address(self.number, row), "name": format!("Annabel Hush {}", self.number) }))
            .collect();
        self.deal.try_invite(&json!({ "invites": rows })).await
    }

    async fn accept(&self, row: usize) -> Response {
        self.learner.post("/api/invites/accept", &json!({ "token": self.tokens[row] })).await
    }

    /// Runs the operation once.
    pub(crate) async fn run(&self, disturbed: &DisturbedStack) -> Response {
        let (deal, ids) = (&self.deal, &self.ids);
        match self.operation {
            Operation::Invite => self.invite(0..1).await,
            Operation::InviteMany => self.invite(0..MANY).await,
            Operation::Resend | Operation::ResendBounced => deal.resend(&ids[0], Some("\"1\"")).await,
            Operation::Correct => {
                let email = address(self.number, 1);
                deal.correct(&ids[0], &json!({ "email": email }), Some("\"1\"")).await
            }
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
                let mut body = disturbed.stack.deal_body(&self.organisation(), 4);
                // The body must be the same each time.
                (body["startsAt"], body["endsAt"]) =
                    (json!("2026-01-01T00:00:00Z"), json!("2030-01-01T00:00:00Z"));
                self.partnerships.call("POST", "/api/deals", &headers, Some(&body)).await
            }
            Operation::PatchDeal => self.partnerships.patch(&deal.path(""), &json!({ "seats": 7 })).await,
            Operation::ReadDeal => self.read_deal().await,
            Operation::ReadLinks => self.read_links().await,
            // No gateway answers for the others.
            _ => {
                let function = self.operation.function();
                let event = if function == TRACK_DELIVERY { self.bounce() } else { json!({}) };
                let invoked = disturbed.stack.local.invoke(function, event).await;
                let (status, text) = match invoked {
                    Ok(report) => (200, report.to_string()),
                    Err(error) => (502, error.to_string()),
                };
                Response { request: function.to_owned(), status, headers: HeaderMap::new(), text }
            }
        }
    }

    /// SES's event about the mail, as SNS hands it over.
    fn bounce(&self) -> Value {
        // The same each time, and after the mail.
        let at = "2030-01-01T00:00:00.000Z";
        let tags = json!({ "deal": [self.deal.id], "invite": [self.ids[0]], "send": ["1"] });
        let event = json!({
            "eventType": "Bounce",
            "mail": { "timestamp": at, "destination": [address(self.number, 0)], "tags": tags },
            "bounce": { "bounceType": "Permanent", "bounceSubType": "General", "timestamp": at },
        });
        json!({ "Records": [{ "Sns": { "TopicArn": TOPIC, "Message": event.to_string() } }] })
    }

    /// All reads of a manager. Returns the first response that is not 200, or the last.
    async fn read_deal(&self) -> Response {
        let pages = ["/seats", "/seats?status=pending", "/seats?status=accepted", "/seats?status=expired"];
        let mut paths = vec!["/api/deals".to_owned(), self.deal.invite_path(&self.ids[0])];
        paths.extend(["", "/counts"].into_iter().chain(pages).map(|rest| self.deal.path(rest)));
        for path in paths {
            let answer = self.deal.manager.get(&path).await;
            if answer.status != 200 {
                return answer;
            }
        }
        self.deal.manager.post(&self.deal.path("/seats/search"), &json!({ "email": "whisper" })).await
    }

    /// All reads of a learner: their seats and each link.
    async fn read_links(&self) -> Response {
        let mut last = self.learner.get("/api/me/seats").await;
        for token in &self.tokens {
            if last.status != 200 {
                return last;
            }
            last = self.learner.post("/api/invites/preview", &json!({ "token": token })).await;
        }
        last
    }

    /// The digests that the manager got.
    pub(crate) async fn digests(&self) -> usize {
        let path = format!("/inbox/messages.json?to={}", self.deal.manager.email);
        self.deal.manager.get(&path).await.json().as_array().map_or(0, Vec::len)
    }

    /// Whether the response says that this request did everything.
    pub(crate) fn says_done(&self, answer: &Response) -> bool {
        let summary = || answer.json()["summary"].clone();
        (200..300).contains(&answer.status)
            && match self.operation {
                Operation::Invite => summary()["invited"] == 1,
                Operation::InviteMany => summary()["invited"] == MANY,
                Operation::ResendMany | Operation::ResendExpired => summary()["resent"] == MANY,
                _ => true,
            }
    }

    /// Whether a user who repeats a failed request may get this response.
    pub(crate) fn is_fine_again(&self, answer: &Response) -> bool {
        let done_already = match self.operation {
            Operation::Resend | Operation::ResendBounced => "412 stale",
            // The corrected invite is cancelled.
            Operation::Correct => "404 not_found",
            _ => "",
        };
        (200..300).contains(&answer.status) || answer.kind() == done_already
    }

    /// Checks that the operation was done once.
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
            Operation::Remind => {
                sends(1, 1).await;
                let invite = self.deal.one(&self.ids[0]).await;
                let reminded = events(&invite).into_iter().filter(|event| *event == "reminded");
                assert!(reminded.count() <= 1, "{what}: {invite}");
            }
            Operation::Digest => {
                let mails = self.digests().await;
                assert!((1..=2).contains(&mails), "{what}: {mails} digests");
            }
            Operation::InviteMany | Operation::DeliverMany => sends(1, MANY).await,
            Operation::Expire => {
                sends(1, MANY).await;
                let rows = self.deal.rows("status=expired").await;
                assert_eq!(rows.len(), MANY, "{what}: {rows:#?}");
            }
            Operation::Resend | Operation::ResendBounced => sends(2, 1).await,
            Operation::Correct => {
                sends(1, 1).await;
                for id in [&self.ids[..], &ids(&self.deal.rows("").await)].concat() {
                    let invite = self.deal.one(&id).await;
                    let corrected = events(&invite).into_iter().filter(|event| *event == "corrected");
                    assert_eq!(corrected.count(), 1, "{what}: {invite}");
                }
            }
            Operation::Track => {
                let invite = self.deal.one(&self.ids[0]).await;
                assert_eq!(invite["delivery"]["state"], "bounced", "{what}");
                assert_eq!(events(&invite), ["bounced", "sent", "invited"], "{what}");
            }
            Operation::ResendMany | Operation::ResendExpired => sends(2, MANY).await,
            Operation::Accept => assert_eq!(self.deal.seats().await, [5, 1, 4], "{what}"),
            Operation::Release => assert_eq!(self.deal.seats().await, [5, 0, 5], "{what}"),
            Operation::Cancel => assert_eq!(self.deal.counts().await, [0, 0, 0], "{what}"),
            Operation::PatchDeal => assert_eq!(self.deal.seats().await, [7, 0, 7], "{what}"),
            Operation::CreateDeal => {
                let path = format!("/api/deals?organisation={}", self.organisation());
                let deals = self.partnerships.get(&path).await.ok(200);
                assert_eq!(deals["deals"].as_array().map(Vec::len), Some(1), "{what}: {deals}");
            }
            Operation::ReadDeal | Operation::ReadLinks => {
                assert_eq!(self.deal.counts().await, [1, 1, 1], "{what}: nothing has changed");
            }
        }
    }
}
