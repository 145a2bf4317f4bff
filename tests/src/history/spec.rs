//! The specification of a deal: what each operation does in one step, and its reply.
//!
//! The rules of `shared::domain` say how each operation changes an invite. This file adds the seats that accepting and
//! releasing move. Sweeps are left out, because they change no response (I2, I7). Attempts to mail are left out too:
//! they change the visible expiry, which no check reads where a second attempt is possible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, Duration};
use shared::domain::accept::{LinkRefusal, known, may_accept};
use shared::domain::answer::{ask, decline, opt_out};
use shared::domain::cancel::cancel;
use shared::domain::limit::RecipientLimit;
use shared::domain::release::release;
use shared::domain::resend::{DOUBLE_CLICK, resend};
use shared::domain::send::{Invitee, invite};
use shared::domain::{
    Deal, DealChange, DealId, DealState, Delivery, Email, Invite, InviteId, InviteRefusal, InviteState,
    LinkHash, Links, NewSend, Organisation, OrganisationId, PersonId, Queued, Salt, Secret, Status,
    Timestamp, Title,
};
use shared::http::Problem;

/// How many older sends have links that are known as superseded.
const REMEMBERED: u32 = 3;

const NEVER: i64 = 4_000_000_000;

/// A request. Addresses and learners are numbers. `Resend` and `Cancel` may have an expected number of sends. `Runs` is
/// the check of a request to send that the deal runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Invite(u8),
    Resend(u8, Option<u32>),
    ResendExpired(u8),
    Cancel(u8, Option<u32>),
    Release(u8),
    Accept {
        learner: u8,
        address: u8,
        send: u32,
    },
    /// By a link of the address and send: `decline`, `ask`, `opt-out` or `opt-in`.
    Answer(&'static str, u8, u32),
    Preview(u8, u32),
    Change(Option<u32>, Option<i64>),
    Runs,
    See(u8),
    SeeDeal,
    SeeAllocated,
    SeeCounts,
    SeeSeat(u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    /// Accepted at this second.
    Accepted(i64),
    /// A problem's code or a row's outcome.
    Refused(String),
    /// An invite's status, sends, and expiry if it is known.
    Row(Status, u32, Option<i64>),
    Seats(u32, u32),
    Allocated(u32),
    /// How many invites are pending and expired.
    Counts(usize, usize),
    Is(bool),
    /// No response: the action may have happened, or may still happen before the window ends.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) state: InviteState,
    pub(super) sends: u32,
    expires_at: i64,
    resent_at: Option<i64>,
    learner: Option<u8>,
    accepted_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) seats: u32,
    pub(super) allocated: u32,
    ends_at: i64,
    pub(super) rows: BTreeMap<u8, Row>,
    holders: BTreeMap<u8, u8>,
    opted_out: BTreeSet<u8>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    /// How long an invite can be accepted, in seconds.
    pub(super) lifetime: i64,
    /// Whether times count: then each first attempt mails, so the expiry is known. Otherwise nothing expires.
    pub(super) exact: bool,
    /// Whether a learner answered at the same time. A send reads the opt-outs before it writes the invite, so it may
    /// go by either.
    pub(super) is_answered: bool,
}

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).expect("a time")
}

static DEAL: LazyLock<Deal> = LazyLock::new(|| Deal {
    id: DealId::new([1; 14], at(5_000_000_000)).expect("an id"),
    name: Title::parse("Unlimited").expect("a title"),
    organisation: Organisation {
        id: OrganisationId::parse("acme").expect("an id"),
        name: Title::parse("Acme").expect("a title"),
    },
    seats: 1,
    allocated: 0,
    starts_at: at(0),
    ends_at: at(0),
    revision: 1,
    salt: Salt([1; 32]),
    shortest_lifetime: None,
    reminders: Vec::new(),
});

static INVITEE: LazyLock<Invitee> = LazyLock::new(|| Invitee {
    id: InviteId([1; 16]),
    email: Email::parse("ann@example.com").expect("an address"),
    name: None,
});

static INVITED: LazyLock<Invite> = LazyLock::new(|| {
    let send = Spec { lifetime: 1, exact: true, is_answered: false }.new_send(0, false);
    invite(None, &INVITEE, &send, at(0)).expect("a first send")
});

/// The link of each send, by number.
static LINKS: LazyLock<Vec<LinkHash>> =
    LazyLock::new(|| (0..=u8::MAX).map(|send| Secret::from_bytes([send; 32]).hash()).collect());

static LEARNERS: LazyLock<Vec<PersonId>> =
    LazyLock::new(|| (0..=u8::MAX).map(|number| PersonId::new("issuer", &number.to_string())).collect());

fn link(send: u32) -> &'static LinkHash {
    &LINKS[send as usize]
}

fn learner(number: u8) -> &'static PersonId {
    &LEARNERS[usize::from(number)]
}

impl Spec {
    fn new_send(self, now: i64, opted_out: bool) -> NewSend {
        let lifetime = Duration::seconds(if self.exact { self.lifetime } else { NEVER - now });
        let queued = Queued { at: at(now), order: 0 };
        let (link, lease, limit) = (link(0).clone(), Duration::zero(), RecipientLimit::NONE);
        NewSend { link, queued, invited_by: None, opted_out, lifetime, lease, limit, reminders: Vec::new() }
    }

    /// The parts of an invite that a reply can show.
    fn row(self, invite: &Invite) -> Row {
        let learner = LEARNERS.iter().position(|learner| invite.learner.as_ref() == Some(learner));
        Row {
            state: invite.state,
            sends: invite.sends,
            expires_at: invite.expires_at.timestamp(),
            resent_at: invite.resent_at.filter(|_| self.exact).map(|at| at.timestamp()),
            learner: learner.and_then(|learner| u8::try_from(learner).ok()),
            accepted_at: invite.accepted_at.map(|at| at.timestamp()),
        }
    }
}

impl Row {
    fn invite(&self) -> Invite {
        let older = (1..=REMEMBERED).filter_map(|less| self.sends.checked_sub(less));
        Invite {
            state: self.state,
            expires_at: at(self.expires_at),
            accepted_at: self.accepted_at.map(at),
            sends: self.sends,
            delivery: Delivery::Sent,
            links: Links {
                current: vec![link(self.sends).clone()],
                superseded: older.filter(|send| *send > 0).map(|send| vec![link(send).clone()]).collect(),
            },
            lease_until: None,
            resent_at: self.resent_at.map(at),
            learner: self.learner.map(learner).cloned(),
            ..INVITED.clone()
        }
    }
}

type Step = (State, Reply);

/// The API's code for a refusal. `tests/tests/api/` checks the codes.
fn refused(refusal: impl Into<Problem>) -> Reply {
    Reply::Refused(refusal.into().code.to_owned())
}

impl State {
    pub(super) fn new(seats: u32, ends_at: i64) -> Self {
        let (rows, holders, opted_out) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { seats, allocated: 0, ends_at, rows, holders, opted_out }
    }

    fn deal(&self) -> Deal {
        Deal { seats: self.seats, allocated: self.allocated, ends_at: at(self.ends_at), ..DEAL.clone() }
    }

    fn invite(&self, address: u8) -> Option<Invite> {
        self.rows.get(&address).map(Row::invite)
    }

    fn status(&self, invite: &Invite, now: i64) -> Status {
        invite.status(at(self.ends_at), at(now))
    }

    fn with(&self, address: u8, row: Row) -> Self {
        let mut state = self.clone();
        state.rows.insert(address, row);
        state
    }

    /// All states that can follow this action and reply within these seconds. `alone` says that nobody moved the deal's
    /// end at the same time.
    pub(super) fn after(
        &self,
        action: &Action,
        reply: &Reply,
        seconds: (i64, i64),
        alone: bool,
        spec: Spec,
    ) -> Vec<Self> {
        let mut after = Vec::new();
        let last = if spec.exact { seconds.1 } else { seconds.0 };
        for now in seconds.0..=last {
            for (state, answer) in self.steps(action, now, spec) {
                let happened = match reply {
                    Reply::Nothing => state != *self,
                    Reply::Row(status, sends, expires) => match &answer {
                        Reply::Row(own, own_sends, own_expires) => {
                            let timely = !alone
                                || !spec.exact
                                || status == own && (expires.is_none() || expires == own_expires);
                            // Only the time tells pending from expired.
                            let open = [Status::Pending, Status::Expired];
                            let alike = status == own || open.contains(status) && open.contains(own);
                            sends == own_sends && alike && timely
                        }
                        _ => false,
                    },
                    Reply::Accepted(_) if !spec.exact => matches!(answer, Reply::Accepted(_)),
                    reply => *reply == answer,
                };
                if happened && !after.contains(&state) {
                    after.push(state);
                }
            }
        }
        after
    }

    /// The action's effect and reply at this second. Where a second is too coarse to decide, both possibilities.
    fn steps(&self, action: &Action, now: i64, spec: Spec) -> Vec<Step> {
        let same = |reply| vec![(self.clone(), reply)];
        match *action {
            Action::Invite(address) => {
                let existing = self.invite(address);
                let sends = self.sends(address, now, spec);
                let steps = sends.map(|send| match invite(existing.as_ref(), &INVITEE, &send, at(now)) {
                    Ok(invite) => (self.with(address, spec.row(&invite)), Reply::Done),
                    // Only this outcome of a row is not the refusal's code.
                    Err(InviteRefusal::AlreadyPending) => {
                        (self.clone(), Reply::Refused("already_pending".to_owned()))
                    }
                    Err(refusal) => (self.clone(), refused(refusal)),
                });
                steps.collect()
            }
            Action::Resend(address, expected) => {
                let mut steps = self.resend(address, expected, now, spec);
                // The rule compares milliseconds, and the row has only the second.
                let resent_at = self.rows.get(&address).and_then(|row| row.resent_at);
                if expected.is_none() && resent_at == Some(now - DOUBLE_CLICK.num_seconds()) {
                    steps.push((self.clone(), Reply::Done));
                }
                steps
            }
            Action::ResendExpired(address) => {
                let Some(row) = self.rows.get(&address) else { return Vec::new() };
                let lapsed = row.state == InviteState::Open
                    && (!spec.exact || row.expires_at <= now || self.ends_at <= now);
                if lapsed { self.resend(address, Some(row.sends), now, spec) } else { Vec::new() }
            }
            Action::Cancel(address, expected) => {
                match cancel(self.invite(address).as_ref(), expected, None, at(now)) {
                    Ok(invite) => vec![(self.with(address, spec.row(&invite)), Reply::Done)],
                    Err(InviteRefusal::AlreadyDone) => same(Reply::Done),
                    Err(refusal) => same(refused(refusal)),
                }
            }
            Action::Release(address) => {
                match (release(self.invite(address).as_ref(), None, None, at(now)), self.rows.get(&address)) {
                    (Ok(_), Some(row)) => {
                        let mut state =
                            self.with(address, Row { state: InviteState::Released, ..row.clone() });
                        state.allocated -= 1;
                        state.holders.retain(|_, of| *of != address);
                        vec![(state, Reply::Done)]
                    }
                    (Err(InviteRefusal::AlreadyDone), _) => same(Reply::Done),
                    (Err(refusal), _) => same(refused(refusal)),
                    (Ok(_), None) => Vec::new(),
                }
            }
            Action::Answer(answer, address, send) => self.answer(answer, address, send, now, spec),
            Action::Accept { learner, address, send } => self.accept(learner, address, send, now, spec),
            Action::Change(seats, ends_at) => {
                let change = DealChange { seats, ends_at: ends_at.map(at), ..DealChange::default() };
                match self.deal().changed(&change) {
                    Ok(_) => {
                        let mut state = self.clone();
                        state.seats = seats.unwrap_or(state.seats);
                        state.ends_at = ends_at.unwrap_or(state.ends_at);
                        vec![(state, Reply::Done)]
                    }
                    Err(refusal) => same(refused(refusal)),
                }
            }
            _ => vec![(self.clone(), self.read(action, now))],
        }
    }

    /// The reply to a read at this second.
    fn read(&self, action: &Action, now: i64) -> Reply {
        match *action {
            Action::Preview(address, send) => match known(self.invite(address).as_ref(), link(send)) {
                Err(refusal) => refused(refusal),
                Ok(invite) if matches!(invite.state, InviteState::Cancelled | InviteState::Released) => {
                    refused(LinkRefusal::Cancelled)
                }
                Ok(invite) if invite.links.current.contains(link(send)) => Reply::Done,
                Ok(_) => refused(LinkRefusal::Superseded),
            },
            Action::Runs => match self.deal().state(at(now)) {
                DealState::Active => Reply::Done,
                DealState::Ended => refused(LinkRefusal::DealEnded),
                DealState::Upcoming => refused(LinkRefusal::DealNotStarted),
            },
            Action::See(address) => match self.invite(address) {
                Some(invite) => {
                    let expires_at = invite.expires_at.timestamp().min(self.ends_at);
                    Reply::Row(self.status(&invite, now), invite.sends, Some(expires_at))
                }
                None => refused(InviteRefusal::NotFound),
            },
            Action::SeeDeal => Reply::Seats(self.seats, self.allocated),
            Action::SeeAllocated => Reply::Allocated(self.allocated),
            Action::SeeCounts => {
                let statuses = self.rows.values().map(|row| self.status(&row.invite(), now));
                let count = |counted| statuses.clone().filter(|status| *status == counted).count();
                Reply::Counts(count(Status::Pending), count(Status::Expired))
            }
            Action::SeeSeat(learner) => Reply::Is(self.holders.contains_key(&learner)),
            _ => Reply::Nothing,
        }
    }

    /// What a send may have read of the opt-out.
    fn sends(&self, address: u8, now: i64, spec: Spec) -> impl Iterator<Item = NewSend> + use<> {
        let is_out = self.opted_out.contains(&address);
        let may_read = [false, true].into_iter().filter(move |read| spec.is_answered || *read == is_out);
        may_read.map(move |opted_out| spec.new_send(now, opted_out))
    }

    fn resend(&self, address: u8, expected: Option<u32>, now: i64, spec: Spec) -> Vec<Step> {
        let existing = self.invite(address);
        let sends = self.sends(address, now, spec);
        let steps = sends.map(|send| match resend(existing.as_ref(), expected, &send, at(now)) {
            Ok(invite) => (self.with(address, spec.row(&invite)), Reply::Done),
            // A double click gets the invite and sends nothing.
            Err(InviteRefusal::JustResent) => (self.clone(), Reply::Done),
            Err(refusal) => (self.clone(), refused(refusal)),
        });
        steps.collect()
    }

    fn answer(&self, answer: &str, address: u8, send: u32, now: i64, spec: Spec) -> Vec<Step> {
        let (existing, deal) = (self.invite(address), self.deal());
        let (existing, link, now) = (existing.as_ref(), link(send), at(now));
        let answered = match answer {
            "decline" => decline(existing, &deal, link, now),
            "ask" => ask(existing, &deal, link, now),
            "opt-out" => known(existing, link).and_then(|_| opt_out(existing, Some(link), now)),
            _ => known(existing, link).cloned(),
        };
        match answered {
            Ok(invite) => {
                let mut state = self.with(address, spec.row(&invite));
                match answer {
                    "decline" => {}
                    "opt-out" => drop(state.opted_out.insert(address)),
                    _ => drop(state.opted_out.remove(&address)),
                }
                vec![(state, Reply::Done)]
            }
            Err(refusal) => vec![(self.clone(), refused(refusal))],
        }
    }

    fn accept(&self, who: u8, address: u8, send: u32, now: i64, spec: Spec) -> Vec<Step> {
        let (invite, deal) = (self.invite(address), self.deal());
        let holds_seat = self.holders.contains_key(&who);
        let verdict = may_accept(
            Some(invite.as_ref()),
            Some(Some(&deal)),
            holds_seat,
            link(send),
            learner(who),
            at(now),
        );
        match (verdict, self.rows.get(&address)) {
            (Ok(()), Some(row)) => {
                let row = Row {
                    state: InviteState::Accepted,
                    learner: Some(who),
                    accepted_at: Some(if spec.exact { now } else { 0 }),
                    ..row.clone()
                };
                let mut state = self.with(address, row);
                state.allocated += 1;
                state.holders.insert(who, address);
                vec![(state, Reply::Accepted(now))]
            }
            (Err(LinkRefusal::AlreadyYours { accepted_at }), _) => {
                vec![(self.clone(), Reply::Accepted(accepted_at.timestamp()))]
            }
            (Err(refusal), _) => vec![(self.clone(), refused(refusal))],
            (Ok(()), None) => Vec::new(),
        }
    }
}
