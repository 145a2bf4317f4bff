//! The requests of the people of a history, and the record of their responses.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use fastrand::Rng;
use futures_util::future::join_all;
use seatkeeper_local::functions::{DELIVER_INVITES, EXPIRE_INVITES};
use serde_json::{Value, json};
use shared::domain::Status;

use super::play::Kind;
use super::search::Event;
use super::spec::{Action, Reply};
use crate::{Client, Deal, Mail, PARTNERSHIPS, Response, TestStack, lock, now, past, rfc3339, time};

const ADDRESSES: u8 = 3;
const LEARNERS: u8 = 4;
const MANAGERS: usize = 3;
/// People who act at once in a window: managers, learners and a partnership manager.
pub(super) const PEOPLE: usize = MANAGERS + LEARNERS as usize + 1;
const PARTNER: usize = PEOPLE - 1;
/// Who reads everything between two windows.
const AT_REST: &str = "at rest";

#[derive(Debug, Clone)]
struct MailedLink {
    address: u8,
    send: u32,
    token: String,
}

#[derive(Debug, Default)]
struct Known {
    ids: [Option<String>; ADDRESSES as usize],
    sends: [u32; ADDRESSES as usize],
    /// The earliest expiry of a pending invite.
    next_expiry: Option<DateTime<Utc>>,
    mails: Vec<MailedLink>,
    newest: Option<Mail>,
}

/// The requests of a deal's people, and their responses since the last window.
pub(super) struct Recording<'s> {
    stack: &'s TestStack,
    kind: Kind,
    deal: Deal,
    pub(super) ends_at: i64,
    partnerships: Client,
    learners: Vec<Client>,
    emails: Vec<String>,
    known: Mutex<Known>,
    order: AtomicU64,
    events: Mutex<Vec<Event>>,
    pages: Mutex<Vec<Vec<Value>>>,
}

/// A request's response and its place and time.
struct Exchange {
    who: String,
    answer: Response,
    begin: u64,
    end: u64,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl<'s> Recording<'s> {
    /// A new deal with these seats, and the people who use it.
    pub(super) async fn begin(stack: &'s TestStack, kind: Kind, seats: u32) -> Self {
        let deal = stack.deal(seats).await;
        let ends_at = time(&deal.get("").await["endsAt"]).timestamp();
        let emails = (0..ADDRESSES).map(|number| format!("a{number}@{}.example.com", deal.organisation));
        let people = (0..LEARNERS).map(|number| format!("l{number}@{}.example.com", deal.organisation));
        let people: Vec<_> = people.collect();
        Self {
            learners: join_all(people.iter().map(|email| stack.person(email))).await,
            partnerships: stack.person(PARTNERSHIPS).await,
            emails: emails.collect(),
            known: Mutex::default(),
            order: AtomicU64::default(),
            events: Mutex::default(),
            pages: Mutex::default(),
            stack,
            kind,
            ends_at,
            deal,
        }
    }

    /// Sometimes waits until the next pending invite has expired.
    pub(super) async fn let_an_invite_expire(&self, rng: &mut Rng) {
        let next_expiry = lock(&self.known).next_expiry;
        if let Some(next_expiry) = next_expiry.filter(|_| self.kind == Kind::Timely && rng.u8(0..3) == 0) {
            past(next_expiry).await;
        }
    }

    /// Ends a window: no request is under way, so everything can be read. Returns the events and the pages.
    pub(super) async fn finish(&self) -> (Vec<Event>, Vec<Vec<Value>>) {
        let (quiet, end) = (now(), self.order.fetch_add(1, Ordering::SeqCst));
        for event in lock(&self.events).iter_mut().filter(|event| event.reply == Reply::Nothing) {
            (event.answered, event.end) = (quiet, end);
        }
        self.read_everything().await;
        (std::mem::take(&mut *lock(&self.events)), std::mem::take(&mut *lock(&self.pages)))
    }

    async fn ask(&self, who: &str, request: impl Future<Output = Response>) -> Exchange {
        let (begin, from) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        let answer = request.await;
        let (end, until) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        Exchange { who: who.to_owned(), answer, begin, end, from, until }
    }

    /// The response and the body of a read, unless it failed.
    async fn read(&self, who: &str, request: impl Future<Output = Response>) -> Option<(Exchange, Value)> {
        let exchange = self.ask(who, request).await;
        let body = (exchange.answer.status == 200).then(|| exchange.answer.json())?;
        Some((exchange, body))
    }

    fn note(&self, exchange: &Exchange, action: Action, reply: Reply) {
        let Exchange { begin, end, from: asked, until: answered, .. } = *exchange;
        let who = exchange.who.clone();
        lock(&self.events).push(Event { who, action, reply, asked, answered, begin, end });
    }

    /// Records an action with its own response: done, refused or unknown.
    fn note_plain(&self, exchange: &Exchange, action: Action) {
        let reply = match exchange.answer.status {
            200..=299 => Reply::Done,
            500.. => Reply::Nothing,
            _ => Reply::Refused(exchange.answer.code()),
        };
        self.note(exchange, action, reply);
    }

    /// Records whether a request to send found the deal running. False if the deal did not run.
    fn note_deal(&self, exchange: &Exchange) -> bool {
        match exchange.answer.code().as_str() {
            code @ ("deal_ended" | "deal_not_started") => {
                self.note(exchange, Action::Runs, Reply::Refused(code.to_owned()));
                false
            }
            _ if exchange.answer.status == 200 => {
                self.note(exchange, Action::Runs, Reply::Done);
                true
            }
            _ => true,
        }
    }

    /// The results of a bulk request, or `None` if the deal did not run.
    async fn bulk(&self, who: &str, request: impl Future<Output = Response>) -> Option<(Exchange, Value)> {
        let exchange = self.ask(who, request).await;
        let answer: Value = exchange.answer.text.parse().unwrap_or_default();
        self.note_deal(&exchange).then(|| (exchange, answer["results"].clone()))
    }

    /// Records the outcome of a row of a bulk request.
    fn note_row(&self, exchange: &Exchange, row: &Value, action: Action) {
        let reply = match row["outcome"].as_str() {
            Some("invited" | "resent") => Reply::Done,
            None | Some("unavailable") => Reply::Nothing,
            Some(outcome) => Reply::Refused(outcome.to_owned()),
        };
        self.note(exchange, action, reply);
    }

    fn id(&self, address: u8) -> Option<String> {
        lock(&self.known).ids[usize::from(address)].clone()
    }

    fn address_of(&self, id: &str) -> Option<u8> {
        let known = lock(&self.known);
        (0..ADDRESSES).find(|address| known.ids[usize::from(*address)].as_deref() == Some(id))
    }

    fn expected(&self, address: u8, rng: &mut Rng) -> u32 {
        let sends = lock(&self.known).sends[usize::from(address)];
        if rng.u8(0..6) == 0 { sends + 1 } else { sends }
    }

    /// A random request of this person.
    pub(super) async fn act(&self, person: usize, rng: &mut Rng) {
        let address = rng.u8(0..ADDRESSES);
        match person {
            ..MANAGERS => {
                let who = format!("manager {person}");
                match rng.u8(0..20) {
                    0..=3 => self.invite(&who, rng).await,
                    4..=6 => self.resend(&who, address, rng).await,
                    7 => self.resend_named(&who, rng).await,
                    8 => self.resend_expired(&who).await,
                    9..=10 => self.cancel(&who, address, rng).await,
                    11..=13 => self.release(&who, address).await,
                    14..=17 => self.page(&who, rng).await,
                    _ => self.counts(&who).await,
                }
            }
            MANAGERS..PARTNER => {
                let learner = u8::try_from(person - MANAGERS).expect("a number");
                match rng.u8(0..10) {
                    0 => self.seat(learner).await,
                    1 => self.preview(learner, rng).await,
                    2..=4 => self.answer(learner, rng).await,
                    _ => self.accept(learner, rng).await,
                }
            }
            _ => match rng.u8(0..6) {
                0..=2 => self.change(rng).await,
                3 => self.sweep().await,
                4 => self.see("partner", address).await,
                _ => self.see_deal("partner").await,
            },
        }
    }

    async fn invite(&self, who: &str, rng: &mut Rng) {
        let mut addresses: Vec<_> = (0..ADDRESSES).collect();
        rng.shuffle(&mut addresses);
        addresses.truncate(rng.usize(1..=2));
        let rows = addresses.iter().map(|address| json!({ "email": self.emails[usize::from(*address)] }));
        let body = json!({ "invites": rows.collect::<Vec<_>>() });
        let Some((exchange, results)) = self.bulk(who, self.deal.try_invite(&body)).await else { return };
        for (place, address) in addresses.into_iter().enumerate() {
            let row = &results[place];
            if let Some(id) = row["inviteId"].as_str() {
                lock(&self.known).ids[usize::from(address)] = Some(id.to_owned());
            }
            self.note_row(&exchange, row, Action::Invite(address));
        }
    }

    async fn resend(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        // Only the time tells a double click, and `Disturbed` ignores times.
        let is_conditional = self.kind == Kind::Disturbed || rng.u8(0..4) > 0;
        let expected = is_conditional.then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let exchange = self.ask(who, self.deal.resend(&id, etag.as_deref())).await;
        if self.note_deal(&exchange) {
            self.note_plain(&exchange, Action::Resend(address, expected));
        }
    }

    async fn resend_named(&self, who: &str, rng: &mut Rng) {
        let known = |address| Some((address, self.id(address)?, self.expected(address, rng)));
        let wanted: Vec<_> = (0..ADDRESSES).filter_map(known).collect();
        if wanted.is_empty() {
            return;
        }
        let rows: Vec<_> = wanted.iter().map(|(_, id, sends)| (id.as_str(), *sends)).collect();
        let Some((exchange, results)) = self.bulk(who, self.deal.resend_rows(&rows)).await else { return };
        for (place, (address, _, sends)) in wanted.into_iter().enumerate() {
            self.note_row(&exchange, &results[place], Action::Resend(address, Some(sends)));
        }
    }

    async fn resend_expired(&self, who: &str) {
        let request = json!({ "status": "expired" });
        let Some((exchange, results)) = self.bulk(who, self.deal.resend_many(&request)).await else { return };
        let mut resent = HashSet::new();
        for row in results.as_array().into_iter().flatten() {
            let Some(address) = row["inviteId"].as_str().and_then(|id| self.address_of(id)) else { continue };
            if row["outcome"] == "resent" {
                assert!(resent.insert(address), "resent twice at once: {results}");
                self.note(&exchange, Action::ResendExpired(address), Reply::Done);
            }
        }
    }

    async fn cancel(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        let expected = rng.bool().then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let headers: Vec<_> = etag.iter().map(|etag| ("if-match", etag.as_str())).collect();
        let path = self.deal.invite_path(&id);
        let exchange = self.ask(who, self.deal.manager.call("DELETE", &path, &headers, None)).await;
        self.note_plain(&exchange, Action::Cancel(address, expected));
    }

    async fn release(&self, who: &str, address: u8) {
        let Some(id) = self.id(address) else { return };
        let exchange = self.ask(who, self.deal.release(&id)).await;
        self.note_plain(&exchange, Action::Release(address));
    }

    async fn page(&self, who: &str, rng: &mut Rng) {
        let filter = ["", "pending", "accepted", "expired", "declined"][rng.usize(0..5)];
        let filter = if filter.is_empty() { String::new() } else { format!("?status={filter}") };
        let path = self.deal.path(&format!("/seats{filter}"));
        let Some((exchange, page)) = self.read(who, self.deal.manager.get(&path)).await else { return };
        self.note(&exchange, Action::SeeDeal, seats(&page));
        lock(&self.pages).push(page["invites"].as_array().expect("rows").clone());
    }

    async fn counts(&self, who: &str) {
        let path = self.deal.path("/counts");
        let Some((exchange, counts)) = self.read(who, self.deal.manager.get(&path)).await else { return };
        let [accepted, pending, expired] =
            ["accepted", "pending", "expired"].map(|name| number(&counts[name]));
        // Each status is a query of its own. An expired invite that a sweep or a resend moves in between can be
        // counted twice, or not at all.
        let most = if self.kind == Kind::Timely { 2 } else { 1 } * u32::from(ADDRESSES);
        assert!(pending + expired <= most, "too many invites: {counts}");
        self.note(&exchange, Action::SeeAllocated, Reply::Allocated(accepted));
        if who == AT_REST {
            let reply = Reply::Counts(pending as usize, expired as usize);
            self.note(&exchange, Action::SeeCounts, reply);
        }
    }

    async fn seat(&self, learner: u8) {
        let request = self.learners[usize::from(learner)].get("/api/me/seats");
        let Some((exchange, seats)) = self.read(&name(learner), request).await else { return };
        let seats = seats["seats"].as_array().expect("seats");
        assert!(seats.len() <= 1, "one deal, one seat: {seats:?}");
        self.note(&exchange, Action::SeeSeat(learner), Reply::Is(seats.len() == 1));
    }

    async fn mail(&self, rng: &mut Rng) -> Option<MailedLink> {
        self.fetch_mail().await;
        let known = lock(&self.known);
        let late = if rng.u8(0..4) == 0 { 0 } else { known.mails.len().saturating_sub(3) };
        rng.choice(known.mails.get(late..)?).cloned()
    }

    async fn accept(&self, learner: u8, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let request = self.stack.accept(&self.learners[usize::from(learner)], &token);
        let exchange = self.ask(&name(learner), request).await;
        let action = Action::Accept { learner, address, send };
        if exchange.answer.status == 200 {
            let accepted_at = time(&exchange.answer.json()["acceptedAt"]).timestamp();
            self.note(&exchange, action, Reply::Accepted(accepted_at));
        } else {
            self.note_plain(&exchange, action);
        }
    }

    async fn answer(&self, learner: u8, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let answer = ["decline", "ask", "ask", "opt-out", "opt-out", "opt-in"][rng.usize(0..6)];
        let exchange = self.ask(&name(learner), self.stack.answer(answer, &token)).await;
        self.note_plain(&exchange, Action::Answer(answer, address, send));
    }

    async fn preview(&self, learner: u8, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let exchange = self.ask(&name(learner), self.stack.preview(&token)).await;
        self.note_plain(&exchange, Action::Preview(address, send));
    }

    async fn change(&self, rng: &mut Rng) {
        let seats = rng.bool().then(|| rng.u32(1..5));
        let end = match rng.u8(0..4) {
            0 if self.kind == Kind::Timely && rng.bool() => Some(now().timestamp()),
            1 | 2 => Some(self.ends_at),
            _ => None,
        };
        let mut change = json!({});
        if let Some(seats) = seats {
            change["seats"] = json!(seats);
        }
        if let Some(end) = end {
            change["endsAt"] = json!(rfc3339(DateTime::from_timestamp(end, 0).expect("a time")));
        }
        if seats.is_some() || end.is_some() {
            let exchange = self.ask("partner", self.partnerships.patch(&self.deal.path(""), &change)).await;
            self.note_plain(&exchange, Action::Change(seats, end));
        }
    }

    /// Runs both sweeps, which change nothing that anybody sees. A killed sweep has no response.
    async fn sweep(&self) {
        for function in [EXPIRE_INVITES, DELIVER_INVITES] {
            let _answer = self.stack.local.invoke(function, json!({})).await;
        }
    }

    async fn see(&self, who: &str, address: u8) {
        let Some(id) = self.id(address) else { return };
        let exchange = self.ask(who, self.deal.manager.get(&self.deal.invite_path(&id))).await;
        let reply = match exchange.answer.status {
            200 => {
                let row = exchange.answer.json();
                let sends = number(&row["sends"]);
                let status = serde_json::from_value(row["status"].clone()).expect("a status");
                // Until the mail of a send is out, the row shows the previous expiry or none.
                let sent = row["delivery"]["state"] == "sent";
                let expires_at = sent.then(|| time(&row["expiresAt"]).timestamp());
                Reply::Row(status, sends, expires_at)
            }
            500.. => return,
            _ => Reply::Refused(exchange.answer.code()),
        };
        self.note(&exchange, Action::See(address), reply);
    }

    async fn see_deal(&self, who: &str) {
        let path = self.deal.path("");
        let Some((exchange, deal)) = self.read(who, self.deal.manager.get(&path)).await else { return };
        self.note(&exchange, Action::SeeDeal, seats(&deal));
    }

    async fn read_everything(&self) {
        self.fetch_mail().await;
        for row in self.deal.rows("").await {
            let place = self.emails.iter().position(|email| row["email"] == *email).expect("one of ours");
            lock(&self.known).ids[place] = row["id"].as_str().map(str::to_owned);
        }
        self.see_deal(AT_REST).await;
        for address in 0..ADDRESSES {
            self.see(AT_REST, address).await;
        }
        self.counts(AT_REST).await;
        self.remember();
        for learner in 0..LEARNERS {
            self.seat(learner).await;
        }
    }

    /// Keeps what the reads between two windows showed, for the requests of the next window.
    fn remember(&self) {
        let mut known = lock(&self.known);
        known.next_expiry = None;
        for event in lock(&self.events).iter().filter(|event| event.who == AT_REST) {
            if let (Action::See(address), Reply::Row(status, sends, expires_at)) =
                (&event.action, &event.reply)
            {
                known.sends[usize::from(*address)] = *sends;
                let at = expires_at.filter(|_| *status == Status::Pending);
                let at = at.and_then(|at| DateTime::from_timestamp(at, 0));
                known.next_expiry = [known.next_expiry, at].into_iter().flatten().min();
            }
        }
    }

    async fn fetch_mail(&self) {
        let newest = lock(&self.known).newest.clone();
        let came = self.stack.inbox_after(newest.as_ref()).await;
        let mut known = lock(&self.known);
        for mail in came {
            let address = self.emails.iter().position(|email| mail.is_to(email));
            let (token, send) = (mail.token(), mail.tag("send").parse().expect("a number"));
            if let Some(address) = address.filter(|_| known.mails.iter().all(|mail| mail.token != token)) {
                let address = u8::try_from(address).expect("few");
                known.mails.push(MailedLink { address, send, token });
            }
            known.newest = Some(mail);
        }
    }
}

fn name(learner: u8) -> String {
    format!("learner {learner}")
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().expect("a number")).expect("few")
}

fn seats(answer: &Value) -> Reply {
    let [total, allocated, available] =
        ["total", "allocated", "available"].map(|name| number(&answer["seats"][name]));
    assert!(allocated <= total && available == total - allocated, "I1: {answer}");
    Reply::Seats(total, allocated)
}
