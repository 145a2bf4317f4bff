//! Plays a history, window by window, and explains it.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use futures_util::future::{BoxFuture, join_all};
use seatkeeper_local::Settings;
use seatkeeper_local::functions::{DELIVER_INVITES, EXPIRE_INVITES, FUNCTIONS};
use serde_json::{Value, json};
use shared::domain::InviteState;

use super::search::{Event, explain};
use super::spec::{Act, Said, Spec, State};
use crate::proxy::{Calls, Fault, Proxy, Storm};
use crate::{Answer, Client, Deal, Mail, PARTNERSHIPS, TestStack, eventually, now, past, rfc3339, time};

const ADDRESSES: u8 = 3;
const LEARNERS: u8 = 4;
/// Managers' hands, those of each learner, and a partnership manager's: so many at once in a window.
const MANAGERS: usize = 3;
const HANDS: usize = MANAGERS + LEARNERS as usize + 1;
/// What each of them does at most, one after the other. All of a window has to fit into [`explain`].
const DEEDS: u8 = 3;
const KILLS: u8 = 4;

const LEARNER: usize = MANAGERS;
const PARTNER: usize = HANDS - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only what is repeated at once: so every answer is there, invites are short, and deals end.
    Timely,
    /// Answers are lost, processes are killed: what was asked for may have happened, or not.
    Disturbed,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub histories: usize,
    pub windows: usize,
    /// Operations, with those that only read.
    pub operations: usize,
    /// Operations without an answer.
    pub open: usize,
    pub rows: usize,
}

#[derive(Debug)]
pub struct Stage {
    stack: TestStack,
    proxy: Proxy,
    kind: Kind,
}

impl Stage {
    pub async fn new(kind: Kind) -> Self {
        let env: &[(&str, &str)] = match kind {
            Kind::Timely => &[("INVITE_LIFETIME", "4s")],
            Kind::Disturbed => &[("FUNCTION_TIMEOUT", "5s"), ("DELIVERY_LEASE", "6s")],
        };
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let proxy = Proxy::start().await;
        let stack = TestStack::behind(&proxy, Settings { env, seed: false, ..Settings::ephemeral() }).await;
        Self { stack, proxy, kind }
    }

    pub async fn clear(self) {
        self.stack.stop().await;
    }

    /// Plays a history of a new deal.
    ///
    /// # Errors
    /// The window that nothing explains, to read.
    pub async fn play(&self, seed: u64, windows: usize) -> Result<Figures, String> {
        let mut rng = Rng::with_seed(seed);
        let seats = rng.u32(1..5);
        let game = self.begin(seats).await;
        let spec = match self.kind {
            Kind::Timely => Spec { lifetime: 4, exact: true },
            Kind::Disturbed => Spec { lifetime: 28 * 86_400, exact: false },
        };
        let mut states = vec![State::new(seats, game.ends_at)];
        let (mut passed, mut figures) = (HashSet::new(), Figures { histories: 1, ..Figures::default() });
        for window in 0..windows {
            let (events, pages) = self.window(&game, &mut rng).await;
            figures.windows += 1;
            figures.operations += events.len();
            figures.open += events.iter().filter(|event| event.said == Said::Nothing).count();
            let tell = |what: &str| tell(what, seed, self.kind, window, &states, &events);
            let explained = explain(&states, &events, spec).map_err(|most| {
                tell(&format!("no order explains these answers (of {} at most {most})", events.len()))
            })?;
            // An index may be as old as it likes where the proxy makes it so; otherwise it is of this window.
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
        Ok(figures)
    }

    async fn begin(&self, seats: u32) -> Game<'_> {
        let deal = self.stack.deal(seats).await;
        let ends_at = time(&deal.get("").await["endsAt"]).timestamp();
        let emails = (0..ADDRESSES).map(|number| format!("a{number}@{}.example.com", deal.organisation));
        let people = (0..LEARNERS).map(|number| format!("l{number}@{}.example.com", deal.organisation));
        let people: Vec<_> = people.collect();
        Game {
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

    /// Many at once; then a look at everything, once all is quiet.
    async fn window(&self, game: &Game<'_>, rng: &mut Rng) -> (Vec<Event>, Vec<Vec<Value>>) {
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
        self.proxy.storm(Storm { seed: rng.u64(..), share, calls: Calls::all(), faults });
        let next_expiry = lock(&game.known).next_expiry;
        if let Some(next_expiry) = next_expiry.filter(|_| self.kind == Kind::Timely && rng.u8(0..3) == 0) {
            past(next_expiry).await;
        }
        let mut hands: Vec<BoxFuture<'_, ()>> = Vec::new();
        for hand in 0..HANDS {
            let mut rng = rng.fork();
            hands.push(Box::pin(async move {
                for _ in 0..=rng.u8(0..DEEDS) {
                    game.act(hand, &mut rng).await;
                }
            }));
        }
        let kills = if self.kind == Kind::Disturbed { rng.u8(0..KILLS) } else { 0 };
        for _ in 0..kills {
            let mut rng = rng.fork();
            hands.push(Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(rng.u64(0..500))).await;
                let function = rng.choice(FUNCTIONS.iter()).expect("functions");
                let _how_many = self.stack.local.kill(function.name);
            }));
        }
        join_all(hands).await;
        self.proxy.calm();
        eventually("no call is under way", Duration::from_secs(20), || async {
            self.proxy.is_idle().then_some(())
        })
        .await;
        let (quiet, end) = (now(), game.order.fetch_add(1, Ordering::SeqCst));
        for event in lock(&game.events).iter_mut().filter(|event| event.said == Said::Nothing) {
            (event.answered, event.end) = (quiet, end);
        }
        game.look().await;
        (std::mem::take(&mut *lock(&game.events)), std::mem::take(&mut *lock(&game.pages)))
    }
}

/// Rows may be old, but each was once as it is shown, and none is there twice.
fn check(page: &[Value], passed: &HashSet<State>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for row in page {
        let email = row["email"].as_str().unwrap_or_default();
        let address: u8 = email
            .get(1..2)
            .and_then(|digit| digit.parse().ok())
            .ok_or_else(|| format!("a row of nobody: {row}"))?;
        if !seen.insert(address) {
            return Err(format!("an address has two rows: {row}"));
        }
        let stored = match row["status"].as_str() {
            Some("pending" | "expired") => InviteState::Open,
            Some("accepted") => InviteState::Accepted,
            _ => return Err(format!("a row that should not be shown: {row}")),
        };
        let was = |state: &State| {
            state.rows.get(&address).is_some_and(|was| was.state == stored && row["sends"] == was.sends)
        };
        if !passed.iter().any(was) {
            return Err(format!("a row that never was so: {row}"));
        }
    }
    Ok(())
}

fn tell(what: &str, seed: u64, kind: Kind, window: usize, states: &[State], events: &[Event]) -> String {
    let mut text = format!("{what}\nseed {seed}, {kind:?}, window {window}\nfrom one of these:\n");
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
struct Sent {
    address: u8,
    send: u32,
    token: String,
}

#[derive(Debug, Default)]
struct Known {
    ids: [Option<String>; ADDRESSES as usize],
    sends: [u32; ADDRESSES as usize],
    /// When the one of them that is next to expire will have.
    next_expiry: Option<DateTime<Utc>>,
    mails: Vec<Sent>,
    newest: Option<Mail>,
}

struct Game<'s> {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Asked {
    answer: Answer,
    begin: u64,
    end: u64,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Game<'_> {
    async fn ask(&self, asking: impl Future<Output = Answer>) -> Asked {
        let (begin, from) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        let answer = asking.await;
        let (end, until) = (self.order.fetch_add(1, Ordering::SeqCst), now());
        Asked { answer, begin, end, from, until }
    }

    fn note(&self, who: &str, asked: &Asked, act: Act, said: Said) {
        let Asked { begin, end, from: asked, until: answered, .. } = *asked;
        let event = Event { who: who.to_owned(), act, said, asked, answered, begin, end };
        lock(&self.events).push(event);
    }

    /// Notes what was asked for with one answer: done, refused, or nobody knows.
    fn note_plain(&self, who: &str, asked: &Asked, act: Act) {
        let said = match asked.answer.status {
            200..=299 => Said::Done,
            500.. => Said::Nothing,
            _ => Said::Refused(asked.answer.code()),
        };
        self.note(who, asked, act, said);
    }

    /// Of what sends, first whether the deal ran. False when that is all.
    fn note_deal(&self, who: &str, asked: &Asked) -> bool {
        match asked.answer.code().as_str() {
            code @ ("deal_ended" | "deal_not_started") => {
                self.note(who, asked, Act::Runs, Said::Refused(code.to_owned()));
                false
            }
            _ if asked.answer.status == 200 => {
                self.note(who, asked, Act::Runs, Said::Done);
                true
            }
            _ => true,
        }
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

    async fn act(&self, hand: usize, rng: &mut Rng) {
        let address = rng.u8(0..ADDRESSES);
        match hand {
            ..MANAGERS => {
                let who = format!("manager {hand}");
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
            LEARNER..PARTNER => {
                let learner = u8::try_from(hand - LEARNER).expect("a number");
                match rng.u8(0..8) {
                    0 => self.seat(learner).await,
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
        let asked = self.ask(self.deal.try_invite(&body)).await;
        if !self.note_deal(who, &asked) {
            return;
        }
        let answer: Value = asked.answer.text.parse().unwrap_or_default();
        for (place, address) in addresses.into_iter().enumerate() {
            let row = &answer["results"][place];
            if let Some(id) = row["inviteId"].as_str() {
                lock(&self.known).ids[usize::from(address)] = Some(id.to_owned());
            }
            let said = match row["outcome"].as_str() {
                Some("invited") => Said::Done,
                None | Some("unavailable") => Said::Nothing,
                Some(outcome) => Said::Refused(outcome.to_owned()),
            };
            self.note(who, &asked, Act::Invite(address), said);
        }
    }

    async fn resend(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        // A double click is told by the time, which is not looked at where much is disturbed.
        let looked = self.kind == Kind::Disturbed || rng.u8(0..4) > 0;
        let expected = looked.then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let asked = self.ask(self.deal.resend(&id, etag.as_deref())).await;
        if self.note_deal(who, &asked) {
            self.note_plain(who, &asked, Act::Resend(address, expected));
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
        let asked = self.ask(self.deal.resend_many(&json!({ "invites": rows }))).await;
        if !self.note_deal(who, &asked) {
            return;
        }
        let answer: Value = asked.answer.text.parse().unwrap_or_default();
        for (place, (_, address, sends)) in wanted.into_iter().enumerate() {
            let said = match answer["results"][place]["outcome"].as_str() {
                Some("resent") => Said::Done,
                None | Some("unavailable") => Said::Nothing,
                Some(outcome) => Said::Refused(outcome.to_owned()),
            };
            self.note(who, &asked, Act::Resend(address, Some(sends)), said);
        }
    }

    async fn resend_expired(&self, who: &str) {
        let asked = self.ask(self.deal.resend_many(&json!({ "status": "expired" }))).await;
        if !self.note_deal(who, &asked) {
            return;
        }
        let answer: Value = asked.answer.text.parse().unwrap_or_default();
        let mut resent = HashSet::new();
        for row in answer["results"].as_array().into_iter().flatten() {
            let Some(address) = row["inviteId"].as_str().and_then(|id| self.address_of(id)) else { continue };
            if row["outcome"] == "resent" {
                assert!(resent.insert(address), "resent twice at once: {answer}");
                self.note(who, &asked, Act::ResendExpired(address), Said::Done);
            }
        }
    }

    async fn cancel(&self, who: &str, address: u8, rng: &mut Rng) {
        let Some(id) = self.id(address) else { return };
        let expected = rng.bool().then(|| self.expected(address, rng));
        let etag = expected.map(|sends| format!("\"{sends}\""));
        let headers: Vec<_> = etag.iter().map(|etag| ("if-match", etag.as_str())).collect();
        let path = self.deal.invite_path(&id);
        let asked = self.ask(self.deal.manager.call("DELETE", &path, &headers, None)).await;
        self.note_plain(who, &asked, Act::Cancel(address, expected));
    }

    async fn release(&self, who: &str, address: u8) {
        let Some(id) = self.id(address) else { return };
        let asked = self.ask(self.deal.release(&id)).await;
        self.note_plain(who, &asked, Act::Release(address));
    }

    async fn page(&self, who: &str, rng: &mut Rng) {
        let filter = ["", "?status=pending", "?status=accepted", "?status=expired"][rng.usize(0..4)];
        let path = self.deal.path(&format!("/seats{filter}"));
        let asked = self.ask(self.deal.manager.get(&path)).await;
        if asked.answer.status == 200 {
            let page = asked.answer.json();
            self.note(who, &asked, Act::SeeDeal, seats(&page));
            lock(&self.pages).push(page["invites"].as_array().expect("rows").clone());
        }
    }

    async fn counts(&self, who: &str) {
        let asked = self.ask(self.deal.manager.get(&self.deal.path("/counts"))).await;
        if asked.answer.status == 200 {
            let counts = asked.answer.json();
            let [accepted, pending, expired] = ["accepted", "pending", "expired"]
                .map(|name| u32::try_from(counts[name].as_u64().expect("a number")));
            let [Ok(accepted), Ok(pending), Ok(expired)] = [accepted, pending, expired] else {
                panic!("{counts}")
            };
            assert!(pending + expired <= u32::from(ADDRESSES), "more than there are: {counts}");
            self.note(who, &asked, Act::SeeAllocated, Said::Allocated(accepted));
        }
    }

    async fn seat(&self, learner: u8) {
        let asked = self.ask(self.learners[usize::from(learner)].get("/api/me/seats")).await;
        if asked.answer.status == 200 {
            let seats = asked.answer.json();
            let seats = seats["seats"].as_array().expect("seats");
            assert!(seats.len() <= 1, "one deal, one seat: {seats:?}");
            self.note(
                &format!("learner {learner}"),
                &asked,
                Act::SeeSeat(learner),
                Said::Is(seats.len() == 1),
            );
        }
    }

    async fn mail(&self, rng: &mut Rng) -> Option<Sent> {
        self.fetch_mail().await;
        let known = lock(&self.known);
        let late = if rng.u8(0..4) == 0 { 0 } else { known.mails.len().saturating_sub(3) };
        rng.choice(known.mails.get(late..)?).cloned()
    }

    async fn accept(&self, learner: u8, rng: &mut Rng) {
        let Some(Sent { address, send, token }) = self.mail(rng).await else { return };
        let asked = self.ask(self.stack.accept(&self.learners[usize::from(learner)], &token)).await;
        let act = Act::Accept { learner, address, send };
        let who = format!("learner {learner}");
        if asked.answer.status == 200 {
            let accepted_at = time(&asked.answer.json()["acceptedAt"]).timestamp();
            self.note(&who, &asked, act, Said::Accepted(accepted_at));
        } else {
            self.note_plain(&who, &asked, act);
        }
    }

    async fn preview(&self, who: &str, rng: &mut Rng) {
        let Some(Sent { address, send, token }) = self.mail(rng).await else { return };
        let asked = self.ask(self.stack.preview(&token)).await;
        self.note_plain(who, &asked, Act::Preview(address, send));
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
            let asked = self.ask(self.partnerships.patch(&self.deal.path(""), &change)).await;
            self.note_plain("partner", &asked, Act::Change(seats, end));
        }
    }

    /// It changes nothing that anybody sees; killed, it has no answer.
    async fn sweep(&self) {
        for function in [EXPIRE_INVITES, DELIVER_INVITES] {
            let _answer = self.stack.local.invoke(function, json!({})).await;
        }
    }

    async fn see(&self, who: &str, address: u8) {
        let Some(id) = self.id(address) else { return };
        let asked = self.ask(self.deal.manager.get(&self.deal.invite_path(&id))).await;
        let said = match asked.answer.status {
            200 => {
                let row = asked.answer.json();
                let sends = u32::try_from(row["sends"].as_u64().expect("a number")).expect("few");
                let status = row["status"].as_str().expect("a status").to_owned();
                // Until its mail is out, a send shows the expiry of the one before, or none.
                let sent = row["delivery"]["state"] == "sent";
                let expires_at = sent.then(|| time(&row["expiresAt"]).timestamp());
                Said::Row(status, sends, expires_at)
            }
            500.. => return,
            _ => Said::Refused(asked.answer.code()),
        };
        self.note(who, &asked, Act::See(address), said);
    }

    async fn see_deal(&self, who: &str) {
        let asked = self.ask(self.deal.manager.get(&self.deal.path(""))).await;
        if asked.answer.status == 200 {
            self.note(who, &asked, Act::SeeDeal, seats(&asked.answer.json()));
        }
    }

    async fn look(&self) {
        self.fetch_mail().await;
        for row in self.deal.rows("").await {
            let place = self.emails.iter().position(|email| row["email"] == *email).expect("one of ours");
            lock(&self.known).ids[place] = row["id"].as_str().map(str::to_owned);
        }
        self.see_deal("at rest").await;
        for address in 0..ADDRESSES {
            self.see("at rest", address).await;
        }
        self.remember();
        for learner in 0..LEARNERS {
            self.seat(learner).await;
        }
    }

    /// What was seen at rest is what the next window expects.
    fn remember(&self) {
        let mut known = lock(&self.known);
        known.next_expiry = None;
        for event in lock(&self.events).iter().filter(|event| event.who == "at rest") {
            if let (Act::See(address), Said::Row(status, sends, expires_at)) = (&event.act, &event.said) {
                known.sends[usize::from(*address)] = *sends;
                let at =
                    expires_at.filter(|_| status == "pending").and_then(|at| DateTime::from_timestamp(at, 0));
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
                known.mails.push(Sent { address, send, token });
            }
            known.newest = Some(mail);
        }
    }
}

fn seats(answer: &Value) -> Said {
    let numbers = ["total", "allocated", "available"]
        .map(|name| u32::try_from(answer["seats"][name].as_u64().expect("a number")).expect("few"));
    let [total, allocated, available] = numbers;
    assert!(allocated <= total && available == total - allocated, "I1: {answer}");
    Said::Seats(total, allocated)
}

/// Histories of both kinds after each other are counted together.
impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.histories += more.histories;
        self.windows += more.windows;
        self.operations += more.operations;
        self.open += more.open;
        self.rows += more.rows;
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { histories, windows, operations, open, rows } = self;
        write!(
            f,
            "{histories} histories, {windows} windows, {operations} operations, {open} of them without an answer, \
             {rows} rows of pages"
        )
    }
}
