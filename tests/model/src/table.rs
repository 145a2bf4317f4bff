//! The table and its atomic writes.
//!
//! The rules of `shared::domain` say how an invite changes. The updates of accepting and releasing, and an invite's
//! place in the due index, are written here by hand.

use crate::bounds::{Bounds, Change, INVITES, LEARNERS, LEASE, LINKS, TICK, at, ticks};
use crate::events::Event;
use crate::mutant::Mutant;
use crate::process::Voice;
use chrono::Duration;
use shared::domain::accept::{AcceptRefusal, may_accept};
use shared::domain::answer::{ask, decline, opt_out};
use shared::domain::cancel::cancel;
use shared::domain::claim::{MOST_ATTEMPTS, NewAttempt, retry_delay, take_up};
use shared::domain::expire::expire;
use shared::domain::limit::RecipientLimit;
use shared::domain::outcome::{Outcome, record_outcome};
use shared::domain::release::{ReleaseRefusal, may_release};
use shared::domain::remind::take_up_reminder;
use shared::domain::resend::resend;
use shared::domain::send::{Invitee, invite};
use shared::domain::track::track;
use shared::domain::{
    Asked, AskedFor, Attempt, BounceReason, Deal, DealChange, DealChangeRefusal, DealId, DealState, Delivery,
    Email, FailureReason, History, Invite, InviteId, InviteState, LinkHash, Links, NewSend, Organisation,
    OrganisationId, PersonId, Queued, Salt, Secret, Sent, Timestamp, Title,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct LinkSet(u16);

impl LinkSet {
    pub(crate) fn of(link: u8) -> Self {
        Self(1 << link)
    }
    pub(crate) fn has(self, link: u8) -> bool {
        self.0 & (1 << link) != 0
    }
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// From the least true to the truest. The last three come by events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Mail {
    Queued,
    Failed,
    Sent,
    Deferred,
    Delivered,
    Bounced,
}

impl Mail {
    pub(crate) const TOLD: [Self; 3] = [Self::Deferred, Self::Delivered, Self::Bounced];

    fn delivery(self) -> Delivery {
        let at = at(0);
        match self {
            Self::Queued => Delivery::Queued,
            Self::Failed => Delivery::Failed { reason: FailureReason::MessageRejected, at },
            Self::Sent => Delivery::Sent,
            Self::Deferred => Delivery::Bounced { reason: BounceReason::Temporary, at },
            Self::Delivered => Delivery::Delivered { at },
            Self::Bounced => Delivery::Bounced { reason: BounceReason::MailboxUnavailable, at },
        }
    }

    fn of(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Queued => Self::Queued,
            Delivery::Failed { .. } => Self::Failed,
            Delivery::Bounced { reason: BounceReason::Temporary, .. } => Self::Deferred,
            Delivery::Delivered { .. } => Self::Delivered,
            Delivery::Bounced { .. } => Self::Bounced,
            _ => Self::Sent,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Queue {
    Send,
    Remind,
    Expire,
}

/// An [`InviteState`] with an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct StateNumber(u8);

impl StateNumber {
    fn state(self) -> InviteState {
        match self.0 {
            0 => InviteState::Open,
            1 => InviteState::Accepted,
            2 => InviteState::Expired,
            3 => InviteState::Declined,
            4 => InviteState::Cancelled,
            _ => InviteState::Released,
        }
    }
}

impl From<InviteState> for StateNumber {
    fn from(state: InviteState) -> Self {
        Self(state as u8)
    }
}

/// A stored invite, with the parts of an [`Invite`] that rules and properties read. It has no version: each function
/// knows itself whether another one wrote the invite ([`Step::Put`](crate::process::Step::Put)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Row {
    pub(crate) address: u8,
    state: StateNumber,
    pub(crate) mail: Mail,
    pub(crate) sends: u8,
    pub(crate) attempts: u8,
    pub(crate) attempted_at: u8,
    pub(crate) sent_at: Option<u8>,
    pub(crate) resent_at: Option<u8>,
    pub(crate) expires_at: u8,
    pub(crate) learner: Option<u8>,
    pub(crate) lease_until: Option<u8>,
    pub(crate) due: Option<(Queue, u8)>,
    pub(crate) declined: bool,
    pub(crate) asked: Option<Wanted>,
    /// Reminders that were mailed or dropped, the attempts of the next one, and when it is due.
    pub(crate) reminded: u8,
    pub(crate) remind_attempts: u8,
    remind_at: Option<u8>,
    pub(crate) links: LinkSet,
    old: [LinkSet; 3],
}

impl Row {
    pub(crate) fn is(&self, state: InviteState) -> bool {
        self.state == state.into()
    }

    pub(crate) fn superseded(&self) -> LinkSet {
        let [one, two, three] = self.old;
        one.with(two).with(three)
    }

    /// The place in the due index, as in the store's `places`.
    fn place(&self) -> Option<(Queue, u8)> {
        match (self.state.state(), self.mail) {
            (InviteState::Open | InviteState::Declined, Mail::Queued) => {
                self.lease_until.map(|at| (Queue::Send, at))
            }
            (InviteState::Open, _) => {
                Some(self.remind_at.map_or((Queue::Expire, self.expires_at), |at| (Queue::Remind, at)))
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct DealRow {
    pub(crate) seats: u8,
    pub(crate) allocated: u8,
    pub(crate) starts: u8,
    pub(crate) ends: u8,
    pub(crate) revision: u8,
}

/// The deal's term when a deliverer read it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Term {
    pub(crate) starts: u8,
    pub(crate) ends: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Due {
    pub(crate) sends: u8,
    pub(crate) reminded: u8,
    pub(crate) at: u8,
}

/// An [`Attempt`] that a function holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Held {
    pub(crate) place: u8,
    pub(crate) link: u8,
    pub(crate) sends: u8,
    pub(crate) reminder: Option<u8>,
    attempts: u8,
    attempted_at: u8,
    pub(crate) expires_at: u8,
    lease_until: u8,
}

impl Held {
    /// 0 is the invitation; the reminders follow.
    pub(crate) fn kind(self) -> u8 {
        self.reminder.map_or(0, |number| number + 1)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Verdict {
    Sent,
    Rejected,
    /// A failure at this tick that allows another attempt.
    Later(u8),
    /// No attempt was made, at this tick.
    Busy(u8),
    OptedOut,
}

/// What the learner asked the manager for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Wanted {
    Link,
    Seat,
}

/// A rule of the domain with its arguments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Rule {
    Invite { address: u8, link: u8, opted_out: bool },
    Resend { expected: Option<u8>, link: u8, opted_out: bool },
    Claim { due: Due, term: Term, link: u8 },
    Remind { due: Due, term: Term, is_full: bool, link: u8 },
    Record { held: Held, verdict: Verdict },
    Cancel { expected: Option<u8> },
    Expire { due: Due },
    Track { send: u8, told: Mail },
    Decline { link: u8, term: Term },
    Ask { link: u8, term: Term, is_full: bool, voice: Voice },
    OptOut { link: u8, voice: Voice },
}

/// A learner's click on a link. `own` says whether an earlier attempt happened and its response was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Click {
    pub(crate) place: u8,
    pub(crate) link: u8,
    pub(crate) learner: u8,
    pub(crate) now: u8,
    pub(crate) own: bool,
}

impl Rule {
    /// The new link.
    pub(crate) fn link(&self) -> Option<u8> {
        match *self {
            Self::Invite { link, .. }
            | Self::Resend { link, .. }
            | Self::Claim { link, .. }
            | Self::Remind { link, .. } => Some(link),
            _ => None,
        }
    }

    pub(crate) fn voice(&self) -> Option<Voice> {
        match *self {
            Self::Ask { voice, .. } | Self::OptOut { voice, .. } => Some(voice),
            _ => None,
        }
    }

    pub(crate) fn with_link(mut self, new: u8) -> Self {
        if let Self::Invite { link, .. }
        | Self::Resend { link, .. }
        | Self::Claim { link, .. }
        | Self::Remind { link, .. } = &mut self
        {
            *link = new;
        }
        self
    }

    pub(crate) fn due(&self) -> Option<(Queue, Due)> {
        match self {
            Self::Claim { due, .. } => Some((Queue::Send, *due)),
            Self::Remind { due, .. } => Some((Queue::Remind, *due)),
            Self::Expire { due } => Some((Queue::Expire, *due)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Table {
    pub(crate) deal: DealRow,
    pub(crate) invites: [Option<Row>; INVITES as usize],
    /// The invite by which each learner holds a seat.
    pub(crate) seats: [Option<u8>; LEARNERS as usize],
    /// Of the only address, where the bounds have answers.
    pub(crate) opted_out: bool,
}

pub(crate) const NO_LINK: u8 = LINKS;

static HASHES: LazyLock<Vec<LinkHash>> = LazyLock::new(|| {
    let secret = |invite, link| Secret::from_bytes([invite, link].repeat(16).try_into().unwrap_or([0; 32]));
    let numbers = (0..INVITES).flat_map(|invite| (0..=NO_LINK).map(move |link| (invite, link)));
    numbers.map(|(invite, link)| secret(invite, link).hash()).collect()
});

static PEOPLE: LazyLock<Vec<PersonId>> =
    LazyLock::new(|| (0..LEARNERS).map(|learner| PersonId::new("issuer", &learner.to_string())).collect());

fn title(text: &str) -> Title {
    Title::parse(text).expect("a title")
}

static DEAL: LazyLock<Deal> = LazyLock::new(|| Deal {
    id: DealId::new([1; 14], at(u8::MAX)).expect("an id"),
    name: title("Unlimited"),
    organisation: Organisation { id: OrganisationId::parse("acme").expect("an id"), name: title("Acme") },
    seats: 0,
    allocated: 0,
    starts_at: at(0),
    ends_at: at(0),
    revision: 0,
    salt: Salt::from_bytes([3; 32]),
    shortest_lifetime: None,
    reminders: Vec::new(),
});

static INVITEE: LazyLock<Invitee> = LazyLock::new(|| Invitee {
    id: InviteId::from_bytes([5; 16]),
    email: Email::parse("ann@example.com").expect("an address"),
    name: None,
});

fn hash(invite: u8, link: u8) -> &'static LinkHash {
    &HASHES[usize::from(invite * (NO_LINK + 1) + link)]
}

fn person(learner: u8) -> &'static PersonId {
    &PEOPLE[usize::from(learner)]
}

/// The number of each address's invite, by the domain's own key. `as_typed` is the mistake of not normalising the
/// address.
pub(crate) fn keys(addresses: &[&str], as_typed: bool) -> Vec<u8> {
    let deal = &*DEAL;
    let id = |typed: &str| {
        let email = Email::parse(typed).expect("an address");
        if as_typed {
            deal.salt.mac("invite", &[typed.as_bytes()])[..16].to_vec()
        } else {
            deal.invite_id(&email).as_bytes().to_vec()
        }
    };
    let mut ids: Vec<Vec<u8>> = Vec::new();
    addresses
        .iter()
        .map(|typed| {
            let id = id(typed);
            let place = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
                ids.push(id);
                ids.len() - 1
            });
            u8::try_from(place).expect("few addresses")
        })
        .collect()
}

/// The rules with their settings and a deliberate mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Rules {
    lifetime: u8,
    reminders: &'static [u8],
    earlier_attempts: u8,
    pub(crate) mutant: Option<Mutant>,
}

/// The tick of an instant.
fn tick(instant: Timestamp) -> u8 {
    u8::try_from((instant - at(0)).num_seconds() / TICK).unwrap_or(u8::MAX)
}

impl Rules {
    pub(crate) fn new(bounds: &Bounds, mutant: Option<Mutant>) -> Self {
        let Bounds { lifetime, reminders, earlier_attempts, .. } = *bounds;
        Self { lifetime, reminders, earlier_attempts, mutant }
    }

    pub(crate) fn wrong(self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(crate) fn leaves_a_writer(self, rule: &Rule) -> bool {
        !matches!(
            (self.mutant, rule),
            (Some(Mutant::InviteLeavesNoWriter), Rule::Invite { .. })
                | (Some(Mutant::ResendLeavesNoWriter), Rule::Resend { .. })
                | (Some(Mutant::CancelLeavesNoWriter), Rule::Cancel { .. })
                | (Some(Mutant::DeclineLeavesNoWriter), Rule::Decline { .. })
        )
    }

    fn lease(self) -> u8 {
        if self.wrong(Mutant::NoLease) { 0 } else { LEASE }
    }

    fn reminders(self) -> Vec<Duration> {
        self.reminders.iter().copied().map(ticks).collect()
    }

    fn invite(self, place: u8, row: &Row) -> Invite {
        let hashes = |set: LinkSet| -> Vec<LinkHash> {
            (0..LINKS).filter(|link| set.has(*link)).map(|link| hash(place, link).clone()).collect()
        };
        let older = row.old.iter().filter(|links| **links != LinkSet::default());
        let Invitee { id, email, name } = INVITEE.clone();
        Invite {
            id,
            email,
            name,
            state: row.state.state(),
            queued: Queued { at: at(0), order: 0 },
            sent: row.sent_at.map(|sent_at| Sent { at: at(sent_at), until: at(row.expires_at) }),
            expires_at: at(row.expires_at),
            accepted_at: row.learner.map(|_| at(0)),
            accepted_as: None,
            invited_by: None,
            sends: row.sends.into(),
            delivery: row.mail.delivery(),
            links: Links {
                current: hashes(row.links),
                superseded: older.map(|links| hashes(*links)).collect(),
            },
            attempted_at: at(row.attempted_at),
            attempts: u32::from(row.attempts) + u32::from(self.earlier_attempts),
            lease_until: row.lease_until.map(at),
            resent_at: row.resent_at.map(at),
            send_times: Vec::new(),
            learner: row.learner.map(|learner| person(learner).clone()),
            removed_at: None,
            declined_at: row.declined.then(|| at(0)),
            asked: row.asked.map(|wanted| Asked {
                at: at(0),
                wanted: if wanted == Wanted::Link { AskedFor::Link } else { AskedFor::Seat },
            }),
            reminders: self.reminders(),
            reminded: row.reminded,
            remind_attempts: row.remind_attempts.into(),
            history: History::default(),
        }
    }

    fn row(self, place: u8, before: Option<&Row>, address: u8, invite: &Invite) -> Row {
        let number = |hash: &LinkHash| (0..LINKS).find(|link| self::hash(place, *link) == hash);
        let set = |links: &[LinkHash]| {
            links.iter().filter_map(number).fold(LinkSet::default(), |set, link| set.with(LinkSet::of(link)))
        };
        let mut old = [LinkSet::default(); 3];
        for (set_of, links) in old.iter_mut().zip(&invite.links.superseded) {
            *set_of = set(links);
        }
        let sends = small(invite.sends);
        let is_new = before.is_none_or(|row| row.sends != sends);
        let learner = PEOPLE.iter().position(|person| invite.learner.as_ref() == Some(person));
        Row {
            address,
            state: invite.state.into(),
            mail: Mail::of(invite.delivery),
            sends,
            attempts: small(if is_new { 1 } else { invite.attempts - u32::from(self.earlier_attempts) }),
            attempted_at: tick(invite.attempted_at),
            sent_at: invite.sent.map(|sent| tick(sent.at)),
            resent_at: invite.resent_at.map(tick),
            expires_at: tick(invite.expires_at),
            learner: learner.and_then(|learner| u8::try_from(learner).ok()),
            lease_until: invite.lease_until.map(tick),
            due: None,
            declined: invite.declined_at.is_some(),
            asked: invite.asked.map(|asked| match asked.wanted {
                AskedFor::Link => Wanted::Link,
                AskedFor::Seat => Wanted::Seat,
            }),
            reminded: invite.reminded,
            remind_attempts: small(invite.remind_attempts),
            remind_at: invite.reminder_due_at().map(tick),
            links: set(&invite.links.current),
            old,
        }
    }

    /// The attempt whose mail has this link, if a function holds it.
    pub(crate) fn held(self, place: u8, row: &Row, link: u8) -> Option<Held> {
        let attempt = self.invite(place, row).attempt(hash(place, link))?;
        Some(Held {
            place,
            link,
            sends: row.sends,
            reminder: attempt.reminder,
            attempts: if attempt.reminder.is_some() { row.remind_attempts } else { row.attempts },
            attempted_at: tick(attempt.sent.at),
            expires_at: tick(attempt.sent.until),
            lease_until: tick(attempt.lease_until),
        })
    }

    fn attempt(self, held: Held) -> Attempt {
        Attempt {
            link: hash(held.place, held.link).clone(),
            sends: held.sends.into(),
            number: u32::from(held.attempts)
                + if held.reminder.is_none() { u32::from(self.earlier_attempts) } else { 0 },
            reminder: held.reminder,
            sent: Sent { at: at(held.attempted_at), until: at(held.expires_at) },
            lease_until: at(held.lease_until),
        }
    }

    fn outcome(self, attempt: &Attempt, verdict: Verdict) -> Outcome {
        let delay = |number| {
            if self.wrong(Mutant::NoLease) { ticks(0) } else { retry_delay(ticks(LEASE), number, 0.0) }
        };
        match verdict {
            Verdict::Sent => Outcome::Sent,
            Verdict::Rejected => Outcome::Failed(FailureReason::MessageRejected),
            Verdict::OptedOut => Outcome::Failed(FailureReason::OptedOut),
            Verdict::Later(_) if attempt.number >= MOST_ATTEMPTS => {
                Outcome::Failed(FailureReason::TooManyAttempts)
            }
            Verdict::Later(now) => {
                Outcome::Requeued { due_at: at(now) + delay(attempt.number), was_attempted: true }
            }
            Verdict::Busy(now) => Outcome::Requeued { due_at: at(now) + delay(1), was_attempted: false },
        }
    }

    /// The rule's result for an invite at `now`, or its refusal. `since` is the time of the request. Results are
    /// cached, because few questions are asked very often.
    pub(crate) fn apply(
        self,
        place: u8,
        rule: &Rule,
        before: Option<&Row>,
        since: u8,
        now: u8,
    ) -> Result<Row, Event> {
        type Question = (Rules, u8, Rule, Option<Row>, u8, u8);
        thread_local! {
            static ANSWERS: RefCell<HashMap<Question, Result<Row, Event>>> = RefCell::default();
        }
        let question = (self, place, *rule, before.copied(), since, now);
        ANSWERS.with_borrow_mut(|answers| {
            *answers.entry(question).or_insert_with(|| self.ask(place, rule, before, since, now))
        })
    }

    fn ask(self, place: u8, rule: &Rule, before: Option<&Row>, since: u8, now: u8) -> Result<Row, Event> {
        let mut existing = before.map(|row| self.invite(place, row));
        if let Some(invite) = &mut existing {
            self.misread(invite, rule, now);
        }
        let (existing, now) = (existing.as_ref(), at(now));
        let new_send = |link, opted_out| NewSend {
            link: hash(place, link).clone(),
            queued: Queued { at: at(since), order: 0 },
            invited_by: None,
            opted_out,
            lifetime: ticks(self.lifetime),
            lease: ticks(self.lease()),
            limit: RecipientLimit::NONE,
            reminders: self.reminders(),
        };
        let new_attempt = |link| NewAttempt {
            link: hash(place, link).clone(),
            lifetime: ticks(self.lifetime),
            lease: ticks(self.lease()),
            jitter: 0.0,
        };
        let mut address = before.map_or(0, |row| row.address);
        let invite = match *rule {
            Rule::Invite { address: typed, link, opted_out } => {
                address = typed;
                invite(existing, &INVITEE, &new_send(link, opted_out), now).map_err(Event::Invite)
            }
            Rule::Resend { expected, link, opted_out } => {
                let expected = expected.filter(|_| !self.wrong(Mutant::ResendIgnoresSeen));
                resend(existing, expected.map(u32::from), &new_send(link, opted_out), now)
                    .map_err(Event::Resend)
            }
            Rule::Cancel { expected } => {
                cancel(existing, expected.map(u32::from), None, now).map_err(Event::Cancel)
            }
            Rule::Claim { term, link, .. } => {
                take_up(existing, &term.deal(), &new_attempt(link), now).map_err(|_| Event::ClaimLost)
            }
            Rule::Remind { term, is_full, link, .. } => {
                let is_full = is_full && !self.wrong(Mutant::RemindIgnoresSeats);
                let deal = Deal { seats: u32::from(!is_full), ..term.deal() };
                take_up_reminder(existing, &deal, &new_attempt(link), RecipientLimit::NONE, false, now)
                    .map_err(|_| Event::ClaimLost)
            }
            Rule::Decline { link, term } => {
                decline(existing, &term.deal(), hash(place, link), now).map_err(Event::Answer)
            }
            Rule::Ask { link, term, is_full, .. } => {
                let deal = Deal { seats: u32::from(!is_full), ..term.deal() };
                ask(existing, &deal, hash(place, link), now).map_err(Event::Answer)
            }
            Rule::OptOut { link, .. } => {
                opt_out(existing, Some(hash(place, link)), now).map_err(Event::Answer)
            }
            Rule::Expire { .. } => expire(existing, now).map_err(|_| Event::SweepLost),
            Rule::Track { send, told } => {
                let newest = before.map_or(0, |row| row.sends);
                let send = if self.wrong(Mutant::TrackIgnoresSend) { newest } else { send };
                track(existing, send.into(), told.delivery()).map_err(|_| Event::Stray)
            }
            Rule::Record { held, verdict } => {
                let mut attempt = self.attempt(held);
                let outcome = self.outcome(&attempt, verdict);
                if let Some(invite) = existing {
                    self.misattribute(&mut attempt, invite, outcome);
                }
                record_outcome(existing, &attempt, outcome, now).map_err(|_| Event::OutcomeLost)
            }
        }?;
        let row = self.row(place, before, address, &invite);
        self.miswritten(rule, before, row).ok_or(Event::ClaimLost)
    }

    /// Applies mistakes of the rule to the invite that it reads.
    fn misread(self, invite: &mut Invite, rule: &Rule, now: u8) {
        let Some(mutant) = self.mutant else { return };
        let is_accepted = invite.state == InviteState::Accepted;
        match (mutant, rule) {
            (Mutant::DeclineIgnoresStatus, Rule::Decline { .. }) if is_accepted => {
                invite.state = InviteState::Open;
            }
            (Mutant::InviteIgnoresAccepted, Rule::Invite { .. })
            | (Mutant::CancelIgnoresStatus, Rule::Cancel { .. })
                if is_accepted =>
            {
                invite.state = InviteState::Expired;
            }
            (Mutant::CancelledBlocks, Rule::Invite { .. }) if invite.state == InviteState::Cancelled => {
                invite.state = InviteState::Accepted;
            }
            (Mutant::ResendIgnoresSeen | Mutant::ResendIgnoresDoubleClick, Rule::Resend { .. }) => {
                invite.resent_at = None;
            }
            (Mutant::ClaimIgnoresLease, Rule::Claim { .. })
            | (Mutant::RemindIgnoresLease, Rule::Remind { .. }) => invite.lease_until = Some(at(0)),
            (Mutant::RemindIgnoresDelivery, Rule::Remind { .. }) => invite.delivery = Delivery::Sent,
            (Mutant::RemindIgnoresEnd, Rule::Remind { .. }) => {
                invite.sent = invite.sent.map(|sent| Sent { until: at(u8::MAX), ..sent });
            }
            (Mutant::ClaimIgnoresExpiry, Rule::Claim { .. }) => invite.expires_at = at(now + 1),
            (Mutant::TrackLowers, Rule::Track { .. }) => invite.delivery = Delivery::Queued,
            (Mutant::SweepIgnoresStatus, Rule::Expire { .. })
            | (Mutant::RemindIgnoresStatus, Rule::Remind { .. }) => invite.state = InviteState::Open,
            (Mutant::SweepIgnoresExpiry, Rule::Expire { .. }) => invite.expires_at = at(0),
            (Mutant::RequeueByNobody, Rule::Record { verdict: Verdict::Busy(_), .. })
                if invite.state == InviteState::Open =>
            {
                invite.delivery = Delivery::Queued;
                invite.lease_until = Some(at(now));
            }
            _ => {}
        }
    }

    /// Mistakes that record an outcome for another attempt.
    fn misattribute(self, attempt: &mut Attempt, invite: &Invite, outcome: Outcome) {
        let is_meant = match (self.mutant, outcome) {
            (Some(Mutant::SentByStatus), Outcome::Sent)
            | (Some(Mutant::RequeueByNobody), Outcome::Requeued { .. }) => true,
            (Some(Mutant::FailByStatus), Outcome::Failed(_)) => invite.is_queued(),
            _ => false,
        };
        if let (true, Some(link)) = (is_meant, invite.links.current.last()) {
            match invite.attempt(link) {
                Some(held) => *attempt = held,
                None => attempt.link = link.clone(),
            }
        }
    }

    /// Sets the place in the due index and applies mistakes of the write. `None` when the mistake is not to write.
    fn miswritten(self, rule: &Rule, before: Option<&Row>, mut row: Row) -> Option<Row> {
        row.due = row.place();
        let links = before.map_or(LinkSet::default(), |row| row.links);
        let is_reminder = matches!(rule, Rule::Record { held, .. } if held.reminder.is_some());
        let Some(mutant) = self.mutant else { return Some(row) };
        match (mutant, rule) {
            (Mutant::ResendKeepsLinks, Rule::Resend { .. }) => row.links = row.links.with(links),
            (Mutant::OldLinksDropped, Rule::Resend { .. }) => row.old = [LinkSet::default(); 3],
            (Mutant::ClaimReplacesLink, Rule::Claim { link, .. })
            | (Mutant::RemindReplacesLink, Rule::Remind { link, .. }) => row.links = LinkSet::of(*link),
            (Mutant::NeverNotRecorded, Rule::Claim { .. }) if row.mail == Mail::Failed => return None,
            (Mutant::OutcomeLowersAccept, Rule::Record { .. })
            | (Mutant::SweepMarksHalf, Rule::Expire { .. }) => row.state = InviteState::Open.into(),
            (Mutant::QueuedNotDue, Rule::Invite { .. } | Rule::Resend { .. }) => row.due = None,
            (Mutant::CancelStaysDue, Rule::Cancel { .. }) => row.due = before.and_then(|row| row.due),
            (Mutant::TrackKeepsDue, Rule::Track { .. }) => row.due = before.and_then(|row| row.due),
            (Mutant::RecordLowers, Rule::Record { verdict: Verdict::Sent, .. }) => row.mail = Mail::Sent,
            (Mutant::DeclineStopsLink, Rule::Decline { .. }) => row.links = LinkSet::default(),
            (Mutant::DeclineStaysDue, Rule::Decline { .. }) => row.due = before.and_then(|row| row.due),
            (Mutant::RemindedByClaim, Rule::Remind { .. }) => row.reminded += row.remind_attempts,
            (Mutant::ReminderStaysNext, Rule::Record { verdict: Verdict::Sent, .. }) if is_reminder => {
                row.reminded -= 1;
                row.due = before.and_then(|row| row.due);
            }
            (Mutant::ReminderNotDue, Rule::Record { verdict: Verdict::Sent, .. }) => {
                row.due = row.due.map(|_| (Queue::Expire, row.expires_at));
            }
            (Mutant::EventDropsClaim, Rule::Track { .. }) if row.remind_attempts > 0 => {
                row.lease_until = None;
                row.due = row.due.map(|(queue, _)| (queue, 0));
            }
            (Mutant::FailedNotDue, _) if row.mail == Mail::Failed => row.due = None,
            _ => {}
        }
        Some(row)
    }
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

impl Term {
    fn deal(self) -> Deal {
        Deal { starts_at: at(self.starts), ends_at: at(self.ends), ..DEAL.clone() }
    }
}

impl DealRow {
    fn domain(self) -> Deal {
        Deal {
            seats: self.seats.into(),
            allocated: self.allocated.into(),
            starts_at: at(self.starts),
            ends_at: at(self.ends),
            revision: self.revision.into(),
            ..DEAL.clone()
        }
    }

    pub(crate) fn term(self) -> Term {
        Term { starts: self.starts, ends: self.ends }
    }

    pub(crate) fn runs(self, now: u8) -> bool {
        self.domain().state(at(now)) == DealState::Active
    }
}

impl Table {
    pub(crate) fn row(&self, place: u8) -> Option<&Row> {
        self.invites[usize::from(place)].as_ref()
    }

    pub(crate) fn row_mut(&mut self, place: u8) -> &mut Option<Row> {
        &mut self.invites[usize::from(place)]
    }

    /// The verdict of the transaction of `Store::accept_invite`, and of its read after a conflict. Results are cached.
    pub(crate) fn may_accept(&self, rules: Rules, click: Click) -> Result<(), AcceptRefusal> {
        type Question = (Rules, Option<Row>, DealRow, bool, Click);
        thread_local! {
            static ANSWERS: RefCell<HashMap<Question, Result<(), AcceptRefusal>>> = RefCell::default();
        }
        let holds_seat = self.seats[usize::from(click.learner)].is_some();
        let row = self.row(click.place).copied();
        let question = (rules, row, self.deal, holds_seat, Click { own: false, ..click });
        ANSWERS.with_borrow_mut(|answers| {
            *answers.entry(question).or_insert_with(|| self.ask_to_accept(rules, click))
        })
    }

    fn ask_to_accept(&self, rules: Rules, click: Click) -> Result<(), AcceptRefusal> {
        let Click { place, link, learner, now, .. } = click;
        let mut deal = self.deal.domain();
        let mut invite = self.row(place).map(|row| rules.invite(place, row));
        let mut holds_seat = self.seats[usize::from(learner)].is_some();
        if let Some(invite) = &mut invite {
            match rules.mutant {
                Some(Mutant::AcceptIgnoresStatus) if invite.learner.as_ref() != Some(person(learner)) => {
                    invite.state = InviteState::Open;
                }
                Some(Mutant::AcceptIgnoresExpiry) => invite.expires_at = at(now + 1),
                Some(Mutant::AcceptIgnoresLink) => {
                    let old = std::mem::take(&mut invite.links.superseded);
                    invite.links.current.extend(old.into_iter().flatten());
                }
                _ => {}
            }
        }
        match rules.mutant {
            Some(Mutant::AcceptIgnoresCapacity) => deal.seats = u32::MAX,
            Some(Mutant::AcceptIgnoresTerm) => deal.ends_at = at(now + 1),
            Some(Mutant::AcceptIgnoresSeat) => holds_seat = false,
            _ => {}
        }
        may_accept(invite.as_ref(), Some(&deal), holds_seat, hash(place, link), person(learner), at(now))
    }

    pub(crate) fn accept_invite(&mut self, rules: Rules, place: u8, learner: u8) {
        if let Some(row) = self.row_mut(place) {
            row.state = InviteState::Accepted.into();
            row.learner = Some(learner);
            if row.mail < Mail::Sent || rules.wrong(Mutant::AcceptLowers) {
                row.mail = Mail::Sent;
            }
            row.sent_at = Some(row.attempted_at);
            row.lease_until = None;
            row.declined = false;
            if !rules.wrong(Mutant::AcceptKeepsAsk) {
                row.asked = None;
            }
            if !rules.wrong(Mutant::AcceptStaysDue) {
                row.due = None;
            }
        }
    }

    pub(crate) fn take_seat(&mut self, place: u8, learner: u8) {
        self.seats[usize::from(learner)] = Some(place);
        self.deal.allocated += 1;
    }

    /// The first read of a release: the seat's holder and send.
    pub(crate) fn may_release(
        &self,
        rules: Rules,
        place: u8,
        expected: Option<u8>,
    ) -> Result<(u8, u8), ReleaseRefusal> {
        let invite = self.row(place).map(|row| rules.invite(place, row));
        let (_, learner) = may_release(invite.as_ref(), expected.map(u32::from))?;
        let learner = PEOPLE.iter().position(|person| person == learner).ok_or(ReleaseRefusal::NotFound)?;
        let sends = self.row(place).map_or(0, |row| row.sends);
        Ok((u8::try_from(learner).unwrap_or(0), sends))
    }

    /// The transaction of `Store::release_seat`. False when the invite or the seat has changed since the read.
    pub(crate) fn release(&mut self, rules: Rules, place: u8, learner: u8, sends: u8) -> bool {
        let seat = self.seats[usize::from(learner)];
        let Some(row) = self.row_mut(place) else { return false };
        let is_held = row.is(InviteState::Accepted) && seat.is_some();
        if row.sends != sends || !(is_held || rules.wrong(Mutant::ReleaseIgnoresStatus)) {
            return false;
        }
        row.state = InviteState::Released.into();
        if !rules.wrong(Mutant::ReleaseKeepsSeat) {
            self.seats[usize::from(learner)] = None;
        }
        if !rules.wrong(Mutant::ReleaseKeepsAllocated) {
            self.deal.allocated = self.deal.allocated.wrapping_sub(1);
        }
        true
    }

    /// `Store::change_deal`.
    pub(crate) fn change(
        &mut self,
        rules: Rules,
        change: Change,
        expected: Option<u8>,
    ) -> Result<(), DealChangeRefusal> {
        let mut asked = DealChange { expected_revision: expected.map(u32::from), ..DealChange::default() };
        match change {
            Change::Seats(seats) => asked.seats = Some(seats.into()),
            Change::Starts(starts) => asked.starts_at = Some(at(starts)),
            Change::Ends(ends) => asked.ends_at = Some(at(ends)),
        }
        match self.deal.domain().may_change(&asked) {
            Err(DealChangeRefusal::SeatsBelowAllocated { .. })
                if rules.wrong(Mutant::ResizeIgnoresAllocated) => {}
            verdict => verdict?,
        }
        match change {
            Change::Seats(seats) => self.deal.seats = seats,
            Change::Starts(starts) => self.deal.starts = starts,
            Change::Ends(ends) => self.deal.ends = ends,
        }
        self.deal.revision += 1;
        Ok(())
    }
}
