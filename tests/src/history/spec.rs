//! One deal as a thing of the mind: what each operation does to it in one step, and what it answers.
//!
//! Whether something may happen is asked of the rules in `shared::domain`; what it then does is said here, in the plain
//! words of the design. Marks of a sweep are not in it: they change no answer (I2, I7). Nor are tries to mail: what they
//! change that can be seen is the expiry, which is not looked at where there can be a second try.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::DateTime;
use shared::domain::accept::{AcceptRefusal, known, may_accept};
use shared::domain::cancel::{CancelRefusal, may_cancel};
use shared::domain::limit::RecipientLimit;
use shared::domain::release::{ReleaseRefusal, may_release};
use shared::domain::resend::{DOUBLE_CLICK, ResendRefusal, may_resend};
use shared::domain::send::{SendRefusal, may_invite};
use shared::domain::{
    Deal, DealChange, DealChangeRefusal, DealId, DealState, Delivery, Email, Invite, InviteId, InviteRecord,
    LinkHash, Links, Organisation, OrganisationId, PersonId, Salt, Secret, Status, Stored, Timestamp, Title,
};

/// Sends before the newest whose links are still known as replaced.
const REMEMBERED: u32 = 3;

/// Later than any time here.
const NEVER: i64 = 4_000_000_000;

/// What was asked for, of addresses and learners by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Invite an address.
    Invite(u8),
    /// Resend, as somebody who saw so many sends, or who did not look.
    Resend(u8, Option<u32>),
    /// Resend with all that have expired.
    ResendExpired(u8),
    /// Cancel, as somebody who saw so many sends.
    Cancel(u8, Option<u32>),
    /// Take the seat back.
    Release(u8),
    /// Accept with a link of this send.
    Accept {
        /// Who.
        learner: u8,
        /// Whose invite.
        address: u8,
        /// Which of its sends.
        send: u32,
    },
    /// Look at a link of this send.
    Preview(u8, u32),
    /// Change the seats, or the end.
    Change(Option<u32>, Option<i64>),
    /// Whether the deal runs, as a request to send finds it.
    Runs,
    /// Read the invite.
    See(u8),
    /// Read the deal: all seats, and those allocated.
    SeeDeal,
    /// Read how many seats are allocated.
    SeeAllocated,
    /// Read whether a learner holds a seat.
    SeeSeat(u8),
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// That it is done.
    Done,
    /// That it was accepted, at this second.
    Accepted(i64),
    /// Why not: the code of a problem, or a row's outcome.
    Refused(String),
    /// An invite: its status, how many sends, and its expiry, where that is known.
    Row(String, u32, Option<i64>),
    /// Seats, and allocated ones.
    Seats(u32, u32),
    /// Allocated ones.
    Allocated(u32),
    /// Yes or no.
    Is(bool),
    /// Nothing: it may have happened, or may still until everything is quiet.
    Nothing,
}

/// Where an invite stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// Sent, and neither accepted nor taken back.
    Open,
    /// Accepted.
    Accepted,
    /// Cancelled.
    Cancelled,
    /// Released.
    Released,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// Where it stands.
    pub(super) standing: Standing,
    /// How many sends there were.
    pub(super) sends: u32,
    expires_at: i64,
    resent_at: Option<i64>,
    learner: Option<u8>,
    accepted_at: Option<i64>,
}

/// The deal, its invites, and who holds a seat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// Its seats.
    pub(super) seats: u32,
    /// Those that are held.
    pub(super) allocated: u32,
    ends_at: i64,
    /// Its invites.
    pub(super) rows: BTreeMap<u8, Row>,
    holders: BTreeMap<u8, u8>,
}

/// What holds for a whole history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    /// How long an invite can be accepted, in seconds.
    pub(super) lifetime: i64,
    /// Whether times are looked at: each mail gets out at the first try, so that the expiry is known. Without, nothing
    /// expires.
    pub(super) exact: bool,
}

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).expect("a time")
}

/// What of a deal no operation here looks at.
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
    salt: Salt::from_bytes([1; 32]),
    shortest_lifetime: None,
});

static EMAIL: LazyLock<Email> = LazyLock::new(|| Email::parse("ann@example.com").expect("an address"));

/// A link of each send, by its number: which secret it has makes no difference.
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

impl Row {
    fn sent(sends: u32, now: i64, spec: Spec) -> Self {
        Self {
            standing: Standing::Open,
            sends,
            expires_at: if spec.exact { now + spec.lifetime } else { NEVER },
            resent_at: None,
            learner: None,
            accepted_at: None,
        }
    }

    fn record(&self) -> InviteRecord {
        let stored = match self.standing {
            Standing::Open => Stored::Open,
            Standing::Accepted => Stored::Accepted,
            Standing::Cancelled => Stored::Cancelled,
            Standing::Released => Stored::Released,
        };
        let older = (1..=REMEMBERED).filter_map(|less| self.sends.checked_sub(less));
        InviteRecord {
            invite: Invite {
                id: InviteId::from_bytes([1; 16]),
                email: EMAIL.clone(),
                name: None,
                stored,
                queued_at: at(0),
                order: 0,
                sent: None,
                expires_at: at(self.expires_at),
                accepted_at: self.accepted_at.map(at),
                accepted_as: None,
                invited_by: None,
                sends: self.sends,
                delivery: Delivery::Sent,
            },
            links: Links {
                current: vec![link(self.sends).clone()],
                superseded: older.filter(|send| *send > 0).map(link).cloned().collect(),
            },
            tried_at: at(0),
            tries: 1,
            due_at: None,
            resent_at: self.resent_at.map(at),
            asked: Vec::new(),
            learner: self.learner.map(learner).cloned(),
        }
    }
}

/// A step and what it is answered with.
type Step = (State, Said);

impl State {
    /// A deal that nobody was invited to yet.
    pub(super) fn new(seats: u32, ends_at: i64) -> Self {
        Self { seats, allocated: 0, ends_at, rows: BTreeMap::new(), holders: BTreeMap::new() }
    }

    fn deal(&self) -> Deal {
        Deal { seats: self.seats, allocated: self.allocated, ends_at: at(self.ends_at), ..DEAL.clone() }
    }

    fn record(&self, address: u8) -> Option<InviteRecord> {
        self.rows.get(&address).map(Row::record)
    }

    fn with(&self, address: u8, row: Row) -> Self {
        let mut state = self.clone();
        state.rows.insert(address, row);
        state
    }

    /// All states that this one can be in after it was asked for this within these seconds, and answered like that.
    /// `alone` says that nobody moved the deal's end at that time.
    pub(super) fn after(
        &self,
        act: &Act,
        said: &Said,
        seconds: (i64, i64),
        alone: bool,
        spec: Spec,
    ) -> Vec<Self> {
        let mut after = Vec::new();
        let last = if spec.exact { seconds.1 } else { seconds.0 };
        for now in seconds.0..=last {
            for (state, answer) in self.steps(act, now, spec) {
                let happened = match said {
                    Said::Nothing => state != *self,
                    Said::Row(status, sends, expires) => match &answer {
                        Said::Row(own, own_sends, own_expires) => {
                            let timely = !alone
                                || !spec.exact
                                || status == own && (expires.is_none() || expires == own_expires);
                            // Of those that are neither accepted nor taken back, the time decides what they are.
                            let open = ["pending", "expired"];
                            let alike = status == own
                                || open.contains(&status.as_str()) && open.contains(&own.as_str());
                            sends == own_sends && alike && timely
                        }
                        _ => false,
                    },
                    Said::Accepted(_) if !spec.exact => matches!(answer, Said::Accepted(_)),
                    said => *said == answer,
                };
                if happened && !after.contains(&state) {
                    after.push(state);
                }
            }
        }
        after
    }

    /// What it does at this second, and what it answers; where a second is too coarse to tell, both that it may be.
    fn steps(&self, act: &Act, now: i64, spec: Spec) -> Vec<Step> {
        let same = |said| vec![(self.clone(), said)];
        let refused = |code: &str| same(Said::Refused(code.to_owned()));
        match *act {
            Act::Invite(address) => {
                let record = self.record(address);
                match may_invite(record.as_ref(), RecipientLimit::NONE, at(now)) {
                    Ok(()) => {
                        let sends = self.rows.get(&address).map_or(0, |row| row.sends) + 1;
                        vec![(self.with(address, Row::sent(sends, now, spec)), Said::Done)]
                    }
                    Err(SendRefusal::AlreadyPending) => refused("already_pending"),
                    Err(SendRefusal::AlreadyAccepted) => refused("already_accepted"),
                    Err(SendRefusal::TooSoon(_)) => refused("too_soon"),
                }
            }
            Act::Resend(address, expected) => {
                let mut steps = self.resend(address, expected, now, spec);
                // The time of the last resend is known to the second; the rule has it to the millisecond.
                let resent_at = self.rows.get(&address).and_then(|row| row.resent_at);
                if expected.is_none() && resent_at == Some(now - DOUBLE_CLICK.num_seconds()) {
                    steps.push((self.clone(), Said::Done));
                }
                steps
            }
            Act::ResendExpired(address) => {
                let Some(row) = self.rows.get(&address) else { return Vec::new() };
                let lapsed = row.standing == Standing::Open
                    && (!spec.exact || row.expires_at <= now || self.ends_at <= now);
                if lapsed { self.resend(address, Some(row.sends), now, spec) } else { Vec::new() }
            }
            Act::Cancel(address, expected) => {
                let record = self.record(address);
                match (may_cancel(record.as_ref(), expected), self.rows.get(&address)) {
                    (Ok(()), Some(row)) => {
                        let row = Row { standing: Standing::Cancelled, ..row.clone() };
                        vec![(self.with(address, row), Said::Done)]
                    }
                    (Err(CancelRefusal::AlreadyDone), _) => same(Said::Done),
                    (Err(CancelRefusal::AlreadyAccepted), _) => refused("already_accepted"),
                    (Err(CancelRefusal::Stale), _) => refused("stale"),
                    _ => refused("not_found"),
                }
            }
            Act::Release(address) => {
                let record = self.record(address);
                match (may_release(record.as_ref(), None), self.rows.get(&address)) {
                    (Ok(_), Some(row)) => {
                        let mut state =
                            self.with(address, Row { standing: Standing::Released, ..row.clone() });
                        state.allocated -= 1;
                        state.holders.retain(|_, of| *of != address);
                        vec![(state, Said::Done)]
                    }
                    (Err(ReleaseRefusal::AlreadyDone), _) => same(Said::Done),
                    (Err(ReleaseRefusal::Stale), _) => refused("stale"),
                    _ => refused("not_found"),
                }
            }
            Act::Accept { learner, address, send } => self.accept(learner, address, send, now, spec),
            Act::Change(seats, ends_at) => {
                let change = DealChange { seats, ends_at: ends_at.map(at), ..DealChange::default() };
                match self.deal().may_change(&change) {
                    Ok(()) => {
                        let mut state = self.clone();
                        state.seats = seats.unwrap_or(state.seats);
                        state.ends_at = ends_at.unwrap_or(state.ends_at);
                        vec![(state, Said::Done)]
                    }
                    Err(DealChangeRefusal::SeatsBelowAllocated { .. }) => refused("seats_below_allocated"),
                    Err(_) => Vec::new(),
                }
            }
            _ => vec![(self.clone(), self.read(act, now))],
        }
    }

    /// What is answered to whoever only looks, at this second.
    fn read(&self, act: &Act, now: i64) -> Said {
        let refused = |code: &str| Said::Refused(code.to_owned());
        match *act {
            Act::Preview(address, send) => {
                let record = self.record(address);
                match known(record.as_ref(), link(send)) {
                    Err(_) => refused("unknown_invite"),
                    Ok(record) if matches!(record.invite.stored, Stored::Cancelled | Stored::Released) => {
                        refused("invite_cancelled")
                    }
                    Ok(record) if record.links.current.contains(link(send)) => Said::Done,
                    Ok(_) => refused("invite_superseded"),
                }
            }
            Act::Runs => match self.deal().state(at(now)) {
                DealState::Active => Said::Done,
                DealState::Ended => refused("deal_ended"),
                DealState::Upcoming => refused("deal_not_started"),
            },
            Act::See(address) => match self.record(address) {
                Some(record) => {
                    let invite = record.invite;
                    let status = match invite.status(at(self.ends_at), at(now)) {
                        Status::Pending => "pending",
                        Status::Accepted => "accepted",
                        Status::Expired => "expired",
                        Status::Cancelled => "cancelled",
                        Status::Released => "released",
                    };
                    let expires_at = invite.expires_at.timestamp().min(self.ends_at);
                    Said::Row(status.to_owned(), invite.sends, Some(expires_at))
                }
                None => refused("not_found"),
            },
            Act::SeeDeal => Said::Seats(self.seats, self.allocated),
            Act::SeeAllocated => Said::Allocated(self.allocated),
            Act::SeeSeat(learner) => Said::Is(self.holders.contains_key(&learner)),
            _ => refused("not a question"),
        }
    }

    fn resend(&self, address: u8, expected: Option<u32>, now: i64, spec: Spec) -> Vec<Step> {
        let refused = |code: &str| vec![(self.clone(), Said::Refused(code.to_owned()))];
        let record = self.record(address);
        match (may_resend(record.as_ref(), expected, RecipientLimit::NONE, at(now)), self.rows.get(&address))
        {
            (Ok(()), Some(row)) => {
                let row = Row { resent_at: spec.exact.then_some(now), ..Row::sent(row.sends + 1, now, spec) };
                vec![(self.with(address, row), Said::Done)]
            }
            // The invite is answered, and nothing is sent.
            (Err(ResendRefusal::JustResent), _) => vec![(self.clone(), Said::Done)],
            (Err(ResendRefusal::AlreadyAccepted), _) => refused("already_accepted"),
            (Err(ResendRefusal::Stale), _) => refused("stale"),
            _ => refused("not_found"),
        }
    }

    fn accept(&self, who: u8, address: u8, send: u32, now: i64, spec: Spec) -> Vec<Step> {
        let (record, deal) = (self.record(address), self.deal());
        let holds_seat = self.holders.contains_key(&who);
        let verdict = may_accept(record.as_ref(), Some(&deal), holds_seat, link(send), learner(who), at(now));
        let code = match (verdict, self.rows.get(&address)) {
            (Ok(()), Some(row)) => {
                let row = Row {
                    standing: Standing::Accepted,
                    learner: Some(who),
                    accepted_at: Some(if spec.exact { now } else { 0 }),
                    ..row.clone()
                };
                let mut state = self.with(address, row);
                state.allocated += 1;
                state.holders.insert(who, address);
                return vec![(state, Said::Accepted(now))];
            }
            (Err(AcceptRefusal::AlreadyYours { accepted_at }), _) => {
                return vec![(self.clone(), Said::Accepted(accepted_at.timestamp()))];
            }
            (Err(AcceptRefusal::Cancelled), _) => "invite_cancelled",
            (Err(AcceptRefusal::Superseded), _) => "invite_superseded",
            (Err(AcceptRefusal::AlreadyAccepted), _) => "already_accepted",
            (Err(AcceptRefusal::Expired), _) => "invite_expired",
            (Err(AcceptRefusal::AlreadySeated), _) => "already_seated",
            (Err(AcceptRefusal::DealNotStarted), _) => "deal_not_started",
            (Err(AcceptRefusal::DealEnded), _) => "deal_ended",
            (Err(AcceptRefusal::DealFull), _) => "deal_full",
            _ => "unknown_invite",
        };
        vec![(self.clone(), Said::Refused(code.to_owned()))]
    }
}
