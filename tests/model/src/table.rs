//! The table and its atomic writes.
//!
//! The rules of `shared::domain` say how an invite changes ([`Rules`]). The updates of accepting and releasing, and an
//! invite's place in the due index, are written here by hand.

use crate::bounds::{Change, INVITES, LEARNERS, LINKS, at};
use crate::mutant::Mutant;
use crate::process::Voice;
use crate::rules::{PEOPLE, Rules, hash, person};
use ahash::AHashMap;
use shared::domain::InviteRefusal;
use shared::domain::accept::{LinkRefusal, may_accept};
use shared::domain::release::release;
use shared::domain::{AskedFor, BounceReason, DealChange, DealRefusal, Delivery, FailureReason, InviteState};
use std::cell::RefCell;

/// Numbers below sixteen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Set(u16);

impl Set {
    pub(crate) fn of(number: u8) -> Self {
        Self(1 << number)
    }
    pub(crate) fn has(self, number: u8) -> bool {
        self.0 & (1 << number) != 0
    }
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub(crate) fn insert(&mut self, number: u8) {
        *self = self.with(Self::of(number));
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

    pub(crate) fn delivery(self) -> Delivery {
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

    pub(crate) fn of(delivery: Delivery) -> Self {
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
pub enum Queue {
    Send,
    Remind,
    Expire,
}

impl Queue {
    pub(crate) const ALL: [Self; 3] = [Self::Send, Self::Remind, Self::Expire];
}

/// A stored invite, with the parts of an `Invite` that rules and properties read. It has no version: each function
/// knows itself whether another one wrote the invite ([`Step::Put`](crate::process::Step::Put)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Row {
    pub(crate) address: u8,
    pub(crate) state: InviteState,
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
    pub(crate) asked: Option<AskedFor>,
    pub(crate) opted_out: bool,
    /// Reminders that were mailed or dropped, the attempts of the next one, and when it is due.
    pub(crate) reminded: u8,
    pub(crate) remind_attempts: u8,
    pub(crate) remind_at: Option<u8>,
    pub(crate) links: Set,
    pub(crate) old: [Set; 3],
}

impl Row {
    pub(crate) fn is(&self, state: InviteState) -> bool {
        self.state == state
    }

    pub(crate) fn superseded(&self) -> Set {
        let [one, two, three] = self.old;
        one.with(two).with(three)
    }

    /// The place in the due index, as in the store's `places`.
    pub(crate) fn place(&self) -> Option<(Queue, u8)> {
        match (self.state, self.mail) {
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

/// An `Attempt` that a function holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Held {
    pub(crate) place: u8,
    pub(crate) link: u8,
    pub(crate) sends: u8,
    pub(crate) reminder: Option<u8>,
    pub(crate) attempts: u8,
    pub(crate) attempted_at: u8,
    pub(crate) expires_at: u8,
    pub(crate) lease_until: u8,
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
    fn link_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::Invite { link, .. }
            | Self::Resend { link, .. }
            | Self::Claim { link, .. }
            | Self::Remind { link, .. } => Some(link),
            _ => None,
        }
    }

    /// The new link.
    pub(crate) fn link(mut self) -> Option<u8> {
        self.link_mut().copied()
    }

    pub(crate) fn with_link(mut self, new: u8) -> Self {
        self.link_mut().into_iter().for_each(|link| *link = new);
        self
    }

    pub(crate) fn voice(&self) -> Option<Voice> {
        match *self {
            Self::Ask { voice, .. } | Self::OptOut { voice, .. } => Some(voice),
            _ => None,
        }
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

impl Table {
    pub(crate) fn row(&self, place: u8) -> Option<&Row> {
        self.invites[usize::from(place)].as_ref()
    }

    pub(crate) fn row_mut(&mut self, place: u8) -> &mut Option<Row> {
        &mut self.invites[usize::from(place)]
    }

    /// The verdict of the transaction of `Store::accept_invite`, and of its read after a conflict. Results are cached.
    pub(crate) fn may_accept(&self, rules: Rules, click: Click) -> Result<(), LinkRefusal> {
        type Question = (Rules, Option<Row>, DealRow, bool, Click);
        thread_local! {
            static ANSWERS: RefCell<AHashMap<Question, Result<(), LinkRefusal>>> = RefCell::default();
        }
        let holds_seat = self.seats[usize::from(click.learner)].is_some();
        let row = self.row(click.place).copied();
        let question = (rules, row, self.deal, holds_seat, Click { own: false, ..click });
        ANSWERS.with_borrow_mut(|answers| {
            *answers.entry(question).or_insert_with(|| self.ask_to_accept(rules, click))
        })
    }

    fn ask_to_accept(&self, rules: Rules, click: Click) -> Result<(), LinkRefusal> {
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
        may_accept(
            Some(invite.as_ref()),
            Some(Some(&deal)),
            holds_seat,
            hash(place, link),
            person(learner),
            at(now),
        )
    }

    pub(crate) fn accept_invite(&mut self, rules: Rules, place: u8, learner: u8) {
        if let Some(row) = self.row_mut(place) {
            row.state = InviteState::Accepted;
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
    ) -> Result<(u8, u8), InviteRefusal> {
        let invite = self.row(place).map(|row| rules.invite(place, row));
        let (_, learner) = release(invite.as_ref(), expected.map(u32::from), None, at(0))?;
        let learner = PEOPLE.iter().position(|person| person == learner).ok_or(InviteRefusal::NotFound)?;
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
        row.state = InviteState::Released;
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
    ) -> Result<(), DealRefusal> {
        let mut asked = DealChange { expected_revision: expected.map(u32::from), ..DealChange::default() };
        let mut changed = DealRow { revision: self.deal.revision + 1, ..self.deal };
        match change {
            Change::Seats(seats) => (asked.seats, changed.seats) = (Some(seats.into()), seats),
            Change::Starts(starts) => (asked.starts_at, changed.starts) = (Some(at(starts)), starts),
            Change::Ends(ends) => (asked.ends_at, changed.ends) = (Some(at(ends)), ends),
        }
        match self.deal.domain().changed(&asked) {
            Err(DealRefusal::SeatsBelowAllocated { .. }) if rules.wrong(Mutant::ResizeIgnoresAllocated) => {}
            verdict => drop(verdict?),
        }
        self.deal = changed;
        Ok(())
    }
}
