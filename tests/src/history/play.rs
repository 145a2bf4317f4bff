//! Plays a history, window by window, and explains it.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use futures_util::future::{BoxFuture, join_all};
use seatkeeper_local::functions::{DELIVER_INVITES, EXPIRE_INVITES, FUNCTIONS};
use serde_json::{Value, json};
use shared::domain::{InviteState, Status};

use super::search::{Event, explain};
use super::spec::{Action, Reply, Spec, State};
use crate::proxy::{Calls, Fault, Proxy, RandomFaults};
use crate::{
    Client, Deal, Mail, PARTNERSHIPS, Response, TestStack, eventually, lock, now, past, rfc3339,
    settings_with, time,
};

const ADDRESSES: u8 = 3;
const LEARNERS: u8 = 4;
const MANAGERS: usize = 3;
/// People who act at once in a window: managers, learners and a partnership manager.
const PEOPLE: usize = MANAGERS + LEARNERS as usize + 1;
const PARTNER: usize = PEOPLE - 1;
/// The most requests of a person in a window. [`explain`] takes at most 64 events.
const REQUESTS: u8 = 3;
const KILLS: u8 = 4;
/// Who reads everything between two windows.
const AT_REST: &str = "at rest";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Faults that functions repair at once. Every response arrives, invites expire soon, and deals end.
    Timely,
    /// Responses are lost and processes are killed, so a request without a response may have happened.
    Disturbed,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub histories: usize,
    pub windows: usize,
    /// Operations, reads included.
    pub operations: usize,
    /// Operations without a response.
    pub open: usize,
    pub rows: usize,
}

#[derive(Debug)]
pub struct Player {
    stack: TestStack,
    proxy: Proxy,
    kind: Kind,
}

impl Player {
    pub async fn new(kind: Kind) -> Self {
        let env: &[(&str, &str)] = match kind {
            Kind::Timely => &[("INVITE_LIFETIME", "4s")],
            Kind::Disturbed => &[("FUNCTION_TIMEOUT", "10s"), ("DELIVERY_LEASE", "11s")],
        };
        let proxy = Proxy::start().await;
        let stack = TestStack::behind(&proxy, settings_with(env)).await;
        Self { stack, proxy, kind }
    }

    pub async fn stop(self) {
        self.stack.stop().await;
    }

    /// Plays a history of a new deal, and adds to the figures.
    ///
    /// # Errors
    /// The window that no order explains.
    pub async fn play(&self, seed: u64, windows: usize, figures: &mut Figures) -> Result<(), String> {
        let mut rng = Rng::with_seed(seed);
        let seats = rng.u32(1..5);
        let recording = self.begin(seats).await;
        let spec = match self.kind {
            Kind::Timely => Spec { lifetime: 4, exact: true, is_answered: false },
            Kind::Disturbed => Spec { lifetime: 28 * 86_400, exact: false, is_answered: false },
        };
        let mut states = vec![State::new(seats, recording.ends_at)];
        let mut passed = HashSet::new();
        figures.histories += 1;
        for window in 0..windows {
            let (events, pages) = self.window(&recording, &mut rng).await;
            figures.windows += 1;
            figures.operations += events.len();
            figures.open += events.iter().filter(|event| event.reply == Reply::Nothing).count();
            let tell = |what: &str| tell(what, seed, self.kind, window, &states, &events);
            let explained = explain(&states, &events, spec).map_err(|most| {
                tell(&format!("no order explains these answers (of {} at most {most})", events.len()))
            })?;
            // Without a fault, an index shows a state of this window.
            if self.kind == Kind::Timely {
                passed.clear();
            }
            passed.extend(explained.passed);
            for page in pages {
                figures.rows += page.len();
                check(&page, &passed).map_err(|wrong| tell(&wrong))?;
            }
            states = explained.finals;
        }
        Ok(())
    }

    async fn begin(&self, seats: u32) -> Recording<'_> {
        let deal = self.stack.deal(seats).await;
        let ends_at = time(&deal.get("").await["endsAt"]).timestamp();
        let emails = (0..ADDRESSES).map(|number| format!("a{number}@{}.example.com", deal.organisation));
        let people = (0..LEARNERS).map(|number| format!("l{number}@{}.example.com", deal.organisation));
        let people: Vec<_> = people.collect();
        Recording {
            learners: join_all(people.iter().map(|email| self.stack.person(email))).await,
            partnerships: self.stack.person(PARTNERSHIPS).await,
            emails: emails.collect(),
            known: Mutex::default(),
            order: AtomicU64::default(),
            events: Mutex::default(),
            pages: Mutex::default(),
            stack: &self.stack,
            kind: self.kind,
            ends_at,
            deal,
        }
    }

    /// Runs many requests at once. Then, without faults, reads everything.
    async fn window(&self, recording: &Recording<'_>, rng: &mut Rng) -> (Vec<Event>, Vec<Vec<Value>>) {
        let faults = match self.kind {
            Kind::Timely => vec![Fault::Conflict, Fault::Throttle, Fault::Throughput],
            Kind::Disturbed => {
                let late = [
                    Fault::ArriveLate(Duration::from_millis(300)),
                    Fault::AnswerLate(Duration::from_secs(1)),
                ];
                [Fault::QUICK.as_slice(), &late].concat()
            }
        };
        let share = if self.kind == Kind::Timely { 50 } else { rng.u32(0..200) };
        self.proxy.inject(RandomFaults { seed: rng.u64(..), share, calls: Calls::all(), faults });
        let next_expiry = lock(&recording.known).next_expiry;
        if let Some(next_expiry) = next_expiry.filter(|_| self.kind == Kind::Timely && rng.u8(0..3) == 0) {
            past(next_expiry).await;
        }
        let mut tasks: Vec<BoxFuture<'_, ()>> = Vec::new();
        for person in 0..PEOPLE {
            let mut rng = rng.fork();
            tasks.push(Box::pin(async move {
                for _ in 0..=rng.u8(0..REQUESTS) {
                    recording.act(person, &mut rng).await;
                }
            }));
        }
        let kills = if self.kind == Kind::Disturbed { rng.u8(0..KILLS) } else { 0 };
        for _ in 0..kills {
            let mut rng = rng.fork();
            tasks.push(Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(rng.u64(0..500))).await;
                let function = rng.choice(FUNCTIONS.iter()).expect("functions");
                let _how_many = self.stack.local.kill(function.name);
            }));
        }
        join_all(tasks).await;
        self.proxy.clear_faults();
        eventually("no call is under way", Duration::from_mins(2), || async {
            self.proxy.is_idle().then_some(())
        })
        .await;
        let (quiet, end) = (now(), recording.order.fetch_add(1, Ordering::SeqCst));
        for event in lock(&recording.events).iter_mut().filter(|event| event.reply == Reply::Nothing) {
            (event.answered, event.end) = (quiet, end);
        }
        recording.read_everything().await;
        (std::mem::take(&mut *lock(&recording.events)), std::mem::take(&mut *lock(&recording.pages)))
    }
}

/// A page may be old, but each row had this state once, and no row appears twice.
fn check(page: &[Value], passed: &HashSet<State>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for row in page {
        let email = row["email"].as_str().unwrap_or_default();
        let address: u8 = email
            .get(1..2)
            .and_then(|digit| digit.parse().ok())
            .ok_or_else(|| format!("a row with an unknown address: {row}"))?;
        if !seen.insert(address) {
            return Err(format!("an address has two rows: {row}"));
        }
        let stored = match row["status"].as_str() {
            Some("pending" | "expired") => InviteState::Open,
            Some("accepted") => InviteState::Accepted,
            Some("declined") => InviteState::Declined,
            _ => return Err(format!("a row that should not be shown: {row}")),
        };
        let was = |state: &State| {
            state.rows.get(&address).is_some_and(|was| was.state == stored && row["sends"] == was.sends)
        };
        if !passed.iter().any(was) {
            return Err(format!("a row that never had this state: {row}"));
        }
    }
    Ok(())
}

fn tell(what: &str, seed: u64, kind: Kind, window: usize, states: &[State], events: &[Event]) -> String {
    let mut text = format!("{what}\nseed {seed}, {kind:?}, window {window}\nfrom one of these states:\n");
    for state in states {
        let _to_a_string = writeln!(text, "  {state:?}");
    }
    let from = events.iter().map(|event| event.asked).min().unwrap_or_default();
    for event in events {
        let _to_a_string = writeln!(text, "{:>3}–{:<3} {}", event.begin, event.end, event.show(from));
    }
    text
}

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

struct Recording<'s> {
    stack: &'s TestStack,
    kind: Kind,
    deal: Deal,
    ends_at: i64,
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
    answer: Response,
    begin: u64,
    end: u64,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Recording<'_> {
    async fn ask(&self, request: impl Future<Output = Response>) -> Exchange {
        let (begin, from) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        let answer = request.await;
        let (end, until) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        Exchange { answer, begin, end, from, until }
    }

    fn note(&self, who: &str, exchange: &Exchange, action: Action, reply: Reply) {
        let Exchange { begin, end, from, until, .. } = *exchange;
        let event = Event { who: who.to_owned(), action, reply, asked: from, answered: until, begin, end };
        lock(&self.events).push(event);
    }

    /// Records an action with its own response: done, refused or unknown.
    fn note_plain(&self, who: &str, exchange: &Exchange, action: Action) {
        let reply = match exchange.answer.status {
            200..=299 => Reply::Done,
            500.. => Reply::Nothing,
            _ => Reply::Refused(exchange.answer.code()),
        };
        self.note(who, exchange, action, reply);
    }

    /// Records whether a request to send found the deal running. False if the deal did not run.
    fn note_deal(&self, who: &str, exchange: &Exchange) -> bool {
        match exchange.answer.code().as_str() {
            code @ ("deal_ended" | "deal_not_started") => {
                self.note(who, exchange, Action::Runs, Reply::Refused(code.to_owned()));
                false
            }
            _ if exchange.answer.status == 200 => {
                self.note(who, exchange, Action::Runs, Reply::Done);
                true
            }
            _ => true,
        }
    }

    /// The results of a bulk request, or `None` if the deal did not run.
    async fn bulk(&self, who: &str, request: impl Future<Output = Response>) -> Option<(Exchange, Value)> {
        let exchange = self.ask(request).await;
        let answer: Value = exchange.answer.text.parse().unwrap_or_default();
        self.note_deal(who, &exchange).then(|| (exchange, answer["results"].clone()))
    }

    /// Records the outcome of a row of a bulk request.
    fn note_row(&self, who: &str, exchange: &Exchange, row: &Value, action: Action) {
        let reply = match row["outcome"].as_str() {
            Some("invited" | "resent") => Reply::Done,
            None | Some("unavailable") => Reply::Nothing,
            Some(outcome) => Reply::Refused(outcome.to_owned()),
        };
        self.note(who, exchange, action, reply);
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

    async fn act(&self, person: usize, rng: &mut Rng) {
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
                    2..=4 => self.answer(&format!("learner {learner}"), rng).await,
                    1 => self.preview(&format!("learner {learner}"), rng).await,
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
            self.note_row(who, &exchange, row, Action::Invite(address));
        }
    }

    async fn resend(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        // Only the time tells a double click, and `Disturbed` ignores times.
        let is_conditional = self.kind == Kind::Disturbed || rng.u8(0..4) > 0;
        let expected = is_conditional.then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let exchange = self.ask(self.deal.resend(&id, etag.as_deref())).await;
        if self.note_deal(who, &exchange) {
            self.note_plain(who, &exchange, Action::Resend(address, expected));
        }
    }

    async fn resend_named(&self, who: &str, rng: &mut Rng) {
        let known: Vec<_> = (0..ADDRESSES).filter_map(|address| Some((address, self.id(address)?))).collect();
        if known.is_empty() {
            return;
        }
        let wanted: Vec<_> =
            known.iter().map(|(address, id)| (id, *address, self.expected(*address, rng))).collect();
        let rows: Vec<_> = wanted.iter().map(|(id, _, sends)| json!({ "id": id, "sends": sends })).collect();
        let request = json!({ "invites": rows });
        let Some((exchange, results)) = self.bulk(who, self.deal.resend_many(&request)).await else { return };
        for (place, (_, address, sends)) in wanted.into_iter().enumerate() {
            self.note_row(who, &exchange, &results[place], Action::Resend(address, Some(sends)));
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
                self.note(who, &exchange, Action::ResendExpired(address), Reply::Done);
            }
        }
    }

    async fn cancel(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        let expected = rng.bool().then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let headers: Vec<_> = etag.iter().map(|etag| ("if-match", etag.as_str())).collect();
        let path = self.deal.invite_path(&id);
        let exchange = self.ask(self.deal.manager.call("DELETE", &path, &headers, None)).await;
        self.note_plain(who, &exchange, Action::Cancel(address, expected));
    }

    async fn release(&self, who: &str, address: u8) {
        let Some(id) = self.id(address) else { return };
        let exchange = self.ask(self.deal.release(&id)).await;
        self.note_plain(who, &exchange, Action::Release(address));
    }

    async fn page(&self, who: &str, rng: &mut Rng) {
        let filter = ["", "pending", "accepted", "expired", "declined"][rng.usize(0..5)];
        let filter = if filter.is_empty() { String::new() } else { format!("?status={filter}") };
        let path = self.deal.path(&format!("/seats{filter}"));
        let exchange = self.ask(self.deal.manager.get(&path)).await;
        if exchange.answer.status == 200 {
            let page = exchange.answer.json();
            self.note(who, &exchange, Action::SeeDeal, seats(&page));
            lock(&self.pages).push(page["invites"].as_array().expect("rows").clone());
        }
    }

    async fn counts(&self, who: &str) {
        let exchange = self.ask(self.deal.manager.get(&self.deal.path("/counts"))).await;
        if exchange.answer.status == 200 {
            let counts = exchange.answer.json();
            let [accepted, pending, expired] =
                ["accepted", "pending", "expired"].map(|name| number(&counts[name]));
            // Each status is a query of its own. An expired invite that a sweep or a resend moves in between can be
            // counted twice, or not at all.
            let most = if self.kind == Kind::Timely { 2 } else { 1 } * u32::from(ADDRESSES);
            assert!(pending + expired <= most, "too many invites: {counts}");
            self.note(who, &exchange, Action::SeeAllocated, Reply::Allocated(accepted));
            if who == AT_REST {
                let reply = Reply::Counts(pending as usize, expired as usize);
                self.note(who, &exchange, Action::SeeCounts, reply);
            }
        }
    }

    async fn seat(&self, learner: u8) {
        let exchange = self.ask(self.learners[usize::from(learner)].get("/api/me/seats")).await;
        if exchange.answer.status == 200 {
            let seats = exchange.answer.json();
            let seats = seats["seats"].as_array().expect("seats");
            assert!(seats.len() <= 1, "one deal, one seat: {seats:?}");
            self.note(
                &format!("learner {learner}"),
                &exchange,
                Action::SeeSeat(learner),
                Reply::Is(seats.len() == 1),
            );
        }
    }

    async fn mail(&self, rng: &mut Rng) -> Option<MailedLink> {
        self.fetch_mail().await;
        let known = lock(&self.known);
        let late = if rng.u8(0..4) == 0 { 0 } else { known.mails.len().saturating_sub(3) };
        rng.choice(known.mails.get(late..)?).cloned()
    }

    async fn accept(&self, learner: u8, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let exchange = self.ask(self.stack.accept(&self.learners[usize::from(learner)], &token)).await;
        let action = Action::Accept { learner, address, send };
        let who = format!("learner {learner}");
        if exchange.answer.status == 200 {
            let accepted_at = time(&exchange.answer.json()["acceptedAt"]).timestamp();
            self.note(&who, &exchange, action, Reply::Accepted(accepted_at));
        } else {
            self.note_plain(&who, &exchange, action);
        }
    }

    async fn answer(&self, who: &str, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let answer = ["decline", "ask", "ask", "opt-out", "opt-out", "opt-in"][rng.usize(0..6)];
        let exchange = self.ask(self.stack.answer(answer, &token)).await;
        self.note_plain(who, &exchange, Action::Answer(answer, address, send));
    }

    async fn preview(&self, who: &str, rng: &mut Rng) {
        let Some(MailedLink { address, send, token }) = self.mail(rng).await else { return };
        let exchange = self.ask(self.stack.preview(&token)).await;
        self.note_plain(who, &exchange, Action::Preview(address, send));
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
            let exchange = self.ask(self.partnerships.patch(&self.deal.path(""), &change)).await;
            self.note_plain("partner", &exchange, Action::Change(seats, end));
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
        let exchange = self.ask(self.deal.manager.get(&self.deal.invite_path(&id))).await;
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
        self.note(who, &exchange, Action::See(address), reply);
    }

    async fn see_deal(&self, who: &str) {
        let exchange = self.ask(self.deal.manager.get(&self.deal.path(""))).await;
        if exchange.answer.status == 200 {
            self.note(who, &exchange, Action::SeeDeal, seats(&exchange.answer.json()));
        }
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

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().expect("a number")).expect("few")
}

fn seats(answer: &Value) -> Reply {
    let [total, allocated, available] =
        ["total", "allocated", "available"].map(|name| number(&answer["seats"][name]));
    assert!(allocated <= total && available == total - allocated, "I1: {answer}");
    Reply::Seats(total, allocated)
}
