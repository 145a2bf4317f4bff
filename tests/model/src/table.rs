//! The table, and what each write of the store does to it in one atomic step.
//!
//! Whether a write may happen is asked of the rules in `shared::domain`. Two conditions are no rule's, and are said again
//! here: that a repeated send does not happen again, and that a release meets the very send that it has read.

use crate::bounds::{Bounds, INVITES, LEARNERS, LEASE, LINKS, at, ticks};
use crate::mutant::Mutant;
use shared::domain::accept::{AcceptRefusal, may_accept};
use shared::domain::cancel::{CancelRefusal, may_cancel};
use shared::domain::claim::{ClaimRefusal, may_claim, retry_delay};
use shared::domain::expire::may_expire;
use shared::domain::limit::RecipientLimit;
use shared::domain::release::{ReleaseRefusal, may_release};
use shared::domain::resend::{ResendRefusal, may_resend};
use shared::domain::send::{SendRefusal, may_invite};
use shared::domain::settle::{
    MarkRefusal, may_mail, may_mark_failed, may_mark_sent, may_put_back, may_put_off,
};
use shared::domain::{
    Deal, DealChange, DealChangeRefusal, DealId, Delivery, Email, FailureReason, Invite, InviteId,
    InviteRecord, LinkHash, Links, Organisation, OrganisationId, PersonId, Salt, Secret, Sent, Stored, Title,
};
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::LazyLock;

/// A set of an invite's links, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
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
    pub(crate) fn without(self, link: u8) -> Self {
        Self(self.0 & !(1 << link))
    }
}

/// What became of the newest send's mail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Mail {
    Queued,
    Sent,
    Failed,
}

/// A sweep's part of the due index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Queue {
    Send,
    Expire,
}

/// An invite's status in the table; [`Stored`] with a hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status(pub(crate) Stored);

impl Hash for Status {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(&self.0).hash(state);
    }
}

/// An invite, as the table has it: a projection of [`InviteRecord`] onto what any rule or write looks at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Row {
    /// The address as it was typed, by its number.
    pub(crate) address: u8,
    pub(crate) status: Status,
    pub(crate) mail: Mail,
    pub(crate) sends: u8,
    pub(crate) tries: u8,
    pub(crate) tried_at: u8,
    pub(crate) sent_at: Option<u8>,
    pub(crate) resent_at: Option<u8>,
    pub(crate) expires_at: u8,
    pub(crate) accepted_at: Option<u8>,
    pub(crate) learner: Option<u8>,
    pub(crate) due: Option<(Queue, u8)>,
    pub(crate) links: LinkSet,
    pub(crate) old: [LinkSet; 3],
}

impl Row {
    pub(crate) fn is(&self, stored: Stored) -> bool {
        self.status.0 == stored
    }

    /// Marked as sent.
    fn sent(&mut self, held: Held) {
        self.mail = Mail::Sent;
        self.sent_at = Some(held.tried_at);
        self.expires_at = held.expires_at;
    }

    pub(crate) fn superseded(&self) -> LinkSet {
        let [one, two, three] = self.old;
        one.with(two).with(three)
    }
}

/// The deal, as the table has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct DealRow {
    pub(crate) seats: u8,
    pub(crate) allocated: u8,
    pub(crate) starts: u8,
    pub(crate) ends: u8,
    /// How often it was changed.
    pub(crate) revision: u8,
}

/// From when to when the deal ran when a deliverer read it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Term {
    pub(crate) starts: u8,
    pub(crate) ends: u8,
}

/// A row of the due index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Due {
    pub(crate) sends: u8,
    pub(crate) tries: u8,
    pub(crate) at: u8,
}

/// The right to mail one invite, as the write that gave it left the invite.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Held {
    pub(crate) row: u8,
    pub(crate) link: u8,
    pub(crate) sends: u8,
    pub(crate) tries: u8,
    pub(crate) tried_at: u8,
    pub(crate) expires_at: u8,
}

/// All that is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Table {
    pub(crate) deal: DealRow,
    pub(crate) invites: [Option<Row>; INVITES as usize],
    /// By which invite each learner holds a seat.
    pub(crate) seats: [Option<u8>; LEARNERS as usize],
}

/// What became of marking a mail as sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Marked {
    Done,
    /// A newer send has taken its place.
    Superseded,
    /// It is no longer in the due index: once more, without a place there.
    Unlisted,
}

static HASHES: LazyLock<Vec<LinkHash>> = LazyLock::new(|| {
    let secret = |invite, link| Secret::from_bytes([invite, link].repeat(16).try_into().unwrap_or([0; 32]));
    (0..INVITES * LINKS).map(|number| secret(number / LINKS, number % LINKS).hash()).collect()
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
});

static RECORD: LazyLock<InviteRecord> = LazyLock::new(|| InviteRecord {
    invite: Invite {
        id: InviteId::from_bytes([5; 16]),
        email: Email::parse("ann@example.com").expect("an address"),
        name: None,
        stored: Stored::Open,
        queued_at: at(0),
        order: 0,
        sent: None,
        expires_at: at(0),
        accepted_at: None,
        accepted_as: None,
        invited_by: None,
        sends: 0,
        delivery: Delivery::Queued,
    },
    links: Links::default(),
    tried_at: at(0),
    tries: 0,
    due_at: None,
    resent_at: None,
    asked: Vec::new(),
    learner: None,
});

/// The hash of an invite's link.
fn hash(invite: u8, link: u8) -> &'static LinkHash {
    &HASHES[usize::from(invite * LINKS + link)]
}

/// The domain's name of a learner.
fn person(learner: u8) -> &'static PersonId {
    &PEOPLE[usize::from(learner)]
}

/// Which of the addresses share a key, by the domain's own rule: for each address the number of its invite. With
/// `as_typed` the mistake is made to take the address as it is.
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

/// What the rules are asked with besides the table: the bounds' lifetime, and the mistake, if one is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) lifetime: u8,
    pub(crate) worn: u8,
    pub(crate) mutant: Option<Mutant>,
}

impl Rules {
    pub(crate) fn new(bounds: &Bounds, mutant: Option<Mutant>) -> Self {
        Self { lifetime: bounds.lifetime, worn: bounds.worn, mutant }
    }

    pub(crate) fn wrong(self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn lease(self) -> u8 {
        if self.wrong(Mutant::NoLease) { 0 } else { LEASE }
    }

    /// How long a try is left alone, in ticks.
    pub(crate) fn delay(self, tries: u8) -> u8 {
        if self.wrong(Mutant::NoLease) {
            return 0;
        }
        let delay = retry_delay(ticks(LEASE), tries.into(), 0.0);
        u8::try_from(delay.num_seconds() / ticks(1).num_seconds()).unwrap_or(u8::MAX)
    }

    /// How many tries a send has had, as the domain counts them.
    pub(crate) fn tries(self, counted: u8) -> u32 {
        u32::from(counted) + u32::from(self.worn)
    }

    /// The domain's view of an invite.
    fn record(self, place: u8, row: &Row) -> InviteRecord {
        let hashes = |set: LinkSet| {
            let held = (0..LINKS).filter(|link| set.has(*link));
            held.map(|link| hash(place, link).clone()).collect::<Vec<_>>()
        };
        let mut record = RECORD.clone();
        record.links = Links { current: hashes(row.links), superseded: hashes(row.superseded()) };
        record.tried_at = at(row.tried_at);
        record.tries = self.tries(row.tries);
        record.due_at = row.due.map(|(_, due)| at(due));
        record.resent_at = row.resent_at.map(at);
        record.learner = row.learner.map(|learner| person(learner).clone());
        let invite = &mut record.invite;
        invite.stored = row.status.0;
        invite.expires_at = at(row.expires_at);
        invite.sent = row.sent_at.map(|sent_at| Sent { at: at(sent_at), until: at(row.expires_at) });
        invite.accepted_at = row.accepted_at.map(at);
        invite.sends = row.sends.into();
        invite.delivery = match row.mail {
            Mail::Queued => Delivery::Queued,
            Mail::Sent => Delivery::Sent,
            Mail::Failed => Delivery::Failed { reason: FailureReason::MessageRejected, at: at(0) },
        };
        record
    }
}

impl DealRow {
    /// The domain's view of the deal.
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
        self.domain().state(at(now)) == shared::domain::DealState::Active
    }
}

impl Held {
    /// Of an invite that is not there.
    pub(crate) fn none(place: u8, link: u8) -> Self {
        Self { row: place, link, sends: 0, tries: 0, tried_at: 0, expires_at: 0 }
    }

    pub(crate) fn of(place: u8, row: &Row, link: u8) -> Self {
        Self {
            row: place,
            link,
            sends: row.sends,
            tries: row.tries,
            tried_at: row.tried_at,
            expires_at: row.expires_at,
        }
    }
}

impl Table {
    pub(crate) fn row(&self, place: u8) -> Option<&Row> {
        self.invites[usize::from(place)].as_ref()
    }

    fn row_mut(&mut self, place: u8) -> &mut Option<Row> {
        &mut self.invites[usize::from(place)]
    }

    /// `NEW_SEND`: what a new send leaves, whatever was there.
    fn new_send(&mut self, rules: Rules, place: u8, address: u8, link: u8, now: u8, resent: bool) {
        let before = self.row(place).copied();
        let sends = before.map_or(0, |row| row.sends) + 1;
        let [one, two, _] = before.map_or([LinkSet::default(); 3], |row| row.old);
        let links = before.map_or(LinkSet::default(), |row| row.links);
        let mut row = Row {
            address,
            status: Status(Stored::Open),
            mail: Mail::Queued,
            sends,
            tries: 1,
            tried_at: now,
            sent_at: before.and_then(|row| row.sent_at),
            resent_at: resent.then_some(now),
            expires_at: now + rules.lifetime,
            accepted_at: None,
            learner: None,
            due: Some((Queue::Send, now + rules.lease())),
            links: LinkSet::of(link),
            old: [links, one, two],
        };
        if rules.wrong(Mutant::ResendKeepsLinks) {
            row.links = row.links.with(links);
        }
        if rules.wrong(Mutant::OldLinksForgotten) {
            row.old = [LinkSet::default(); 3];
        }
        if rules.wrong(Mutant::QueuedNotDue) {
            row.due = None;
        }
        *self.row_mut(place) = Some(row);
    }

    /// `Store::queue_invite`.
    pub(crate) fn invite(
        &mut self,
        rules: Rules,
        place: u8,
        address: u8,
        link: u8,
        now: u8,
    ) -> Result<(), SendRefusal> {
        let record = self.row(place).map(|row| rules.record(place, row));
        // Its own repetition, whatever happened since.
        if self.is_known(place, link) && !rules.wrong(Mutant::InviteRepeated) {
            return Err(SendRefusal::AlreadyPending);
        }
        match may_invite(record.as_ref(), RecipientLimit::NONE, at(now)) {
            Err(SendRefusal::AlreadyAccepted) if rules.wrong(Mutant::InviteIgnoresAccepted) => {}
            verdict => verdict?,
        }
        if rules.wrong(Mutant::CancelledBlocks)
            && self.row(place).is_some_and(|row| row.is(Stored::Cancelled))
        {
            return Err(SendRefusal::AlreadyPending);
        }
        self.new_send(rules, place, address, link, now, false);
        Ok(())
    }

    /// Whether the invite has had this link: then whoever wants to add it has done so before.
    fn is_known(&self, place: u8, link: u8) -> bool {
        self.row(place).is_some_and(|row| row.links.with(row.superseded()).has(link))
    }

    /// `Store::resend_invite`.
    pub(crate) fn resend(
        &mut self,
        rules: Rules,
        place: u8,
        link: u8,
        expected: Option<u8>,
        now: u8,
    ) -> Result<(), ResendRefusal> {
        let record = self.row(place).map(|row| rules.record(place, row));
        // Its own repetition, whatever happened since.
        if self.is_known(place, link) && !rules.wrong(Mutant::ResendRepeated) {
            return Err(ResendRefusal::Stale);
        }
        match may_resend(record.as_ref(), expected.map(u32::from), RecipientLimit::NONE, at(now)) {
            Err(ResendRefusal::Stale) if rules.wrong(Mutant::ResendIgnoresSeen) => {}
            Err(ResendRefusal::JustResent) if rules.wrong(Mutant::ResendIgnoresDoubleClick) => {}
            verdict => verdict?,
        }
        let address = self.row(place).map_or(0, |row| row.address);
        self.new_send(rules, place, address, link, now, true);
        Ok(())
    }

    /// `Store::claim_invite`.
    pub(crate) fn claim(
        &mut self,
        rules: Rules,
        place: u8,
        due: Due,
        term: Term,
        link: u8,
        now: u8,
    ) -> Result<(), ClaimRefusal> {
        let deal = DealRow { starts: term.starts, ends: term.ends, ..self.deal }.domain();
        let mut record = rules.record(place, self.row(place).ok_or(ClaimRefusal::NotDue)?);
        if rules.wrong(Mutant::ClaimIgnoresDue) && record.due_at.is_some() {
            record.due_at = Some(at(due.at));
        }
        if rules.wrong(Mutant::ClaimIgnoresExpiry) {
            record.invite.expires_at = at(now + 1);
        }
        may_claim(&record, &deal, due.sends.into(), at(due.at), at(now))?;
        let row = self.row_mut(place).as_mut().ok_or(ClaimRefusal::NotDue)?;
        row.tried_at = now;
        row.expires_at = now + rules.lifetime;
        row.due = Some((Queue::Send, now + rules.delay(due.tries + 1)));
        row.links = row.links.with(LinkSet::of(link));
        row.tries += 1;
        if rules.wrong(Mutant::ClaimReplacesLink) {
            row.links = LinkSet::of(link);
        }
        Ok(())
    }

    /// The first write of `Store::mark_sent`.
    pub(crate) fn mark_sent(&mut self, rules: Rules, held: Held) -> Marked {
        match self.may_mark_sent(rules, held) {
            Err(MarkRefusal::Superseded) => return Marked::Superseded,
            Err(MarkRefusal::AlreadyMarked) => return Marked::Done,
            Ok(()) => {}
        }
        match self.row_mut(held.row) {
            Some(row) if row.due.is_some() => {
                row.sent(held);
                row.due = Some((Queue::Expire, held.expires_at));
                Marked::Done
            }
            _ => Marked::Unlisted,
        }
    }

    /// The second write of `Store::mark_sent`: the invite is no longer in the due index.
    pub(crate) fn mark_unlisted(&mut self, rules: Rules, held: Held) {
        if self.may_mark_sent(rules, held).is_ok()
            && let Some(row) = self.row_mut(held.row)
        {
            row.sent(held);
        }
    }

    fn may_mark_sent(&self, rules: Rules, held: Held) -> Result<(), MarkRefusal> {
        let row = self.row(held.row);
        if rules.wrong(Mutant::MarkByStatus) && row.is_some_and(|row| row.is(Stored::Open)) {
            return Ok(());
        }
        let record = row.map(|row| rules.record(held.row, row));
        may_mark_sent(record.as_ref(), hash(held.row, held.link), at(held.tried_at))
    }

    /// `Store::mark_failed`.
    pub(crate) fn mark_failed(&mut self, rules: Rules, held: Held) -> bool {
        let Some(row) = self.row_mut(held.row) else { return false };
        let record = rules.record(held.row, row);
        let mut seen = record.clone();
        if !rules.wrong(Mutant::FailByStatus) {
            seen.invite.sends = held.sends.into();
            seen.tries = rules.tries(held.tries);
            seen.invite.expires_at = at(held.expires_at);
        }
        if !may_mark_failed(&record, &seen) {
            return false;
        }
        row.mail = Mail::Failed;
        row.due = Some((Queue::Expire, row.expires_at)).filter(|_| !rules.wrong(Mutant::FailedNotDue));
        true
    }

    /// Whether the mail with this link is still to go out.
    pub(crate) fn may_mail(&self, rules: Rules, place: u8, link: u8) -> bool {
        self.row(place).is_some_and(|row| may_mail(&rules.record(place, row), hash(place, link)))
    }

    /// `Store::put_back`.
    pub(crate) fn put_back(&mut self, rules: Rules, held: Held, due_at: u8, untried: bool) {
        let Some(row) = self.row_mut(held.row) else { return };
        let record = rules.record(held.row, row);
        let mut seen = record.clone();
        seen.tries = rules.tries(held.tries);
        seen.due_at = Some(at(held.tried_at + rules.delay(held.tries)));
        if may_put_back(&record, hash(held.row, held.link), &seen) || rules.wrong(Mutant::PutBackByNobody) {
            row.due = Some((Queue::Send, due_at));
            if untried {
                row.links = row.links.without(held.link);
                row.tries = row.tries.saturating_sub(1);
            }
        }
    }

    /// `Store::put_off`.
    pub(crate) fn put_off(&mut self, rules: Rules, place: u8, due: Due, until: u8) {
        let Some(row) = self.row_mut(place) else { return };
        if may_put_off(&rules.record(place, row), at(due.at)) || rules.wrong(Mutant::PutOffByNobody) {
            row.due = Some((Queue::Send, until));
        }
    }

    /// Whether the transaction of `Store::accept_invite` goes through; also what its look after a conflict sees.
    pub(crate) fn may_accept(
        &self,
        rules: Rules,
        place: u8,
        link: u8,
        learner: u8,
        now: u8,
    ) -> Result<(), AcceptRefusal> {
        let mut deal = self.deal.domain();
        let mut record = self.row(place).map(|row| rules.record(place, row));
        let mut holds_seat = self.seats[usize::from(learner)].is_some();
        if let Some(record) = &mut record {
            let invite = &mut record.invite;
            match rules.mutant {
                Some(Mutant::AcceptIgnoresStatus) if record.learner.as_ref() != Some(person(learner)) => {
                    invite.stored = Stored::Open;
                }
                Some(Mutant::AcceptIgnoresExpiry) => invite.expires_at = at(now + 1),
                Some(Mutant::AcceptIgnoresLink) => {
                    let old = std::mem::take(&mut record.links.superseded);
                    record.links.current.extend(old);
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
        may_accept(record.as_ref(), Some(&deal), holds_seat, hash(place, link), person(learner), at(now))
    }

    /// The invite's part of accepting.
    pub(crate) fn accept_invite(&mut self, rules: Rules, place: u8, learner: u8, now: u8) {
        if let Some(row) = self.row_mut(place) {
            row.status = Status(Stored::Accepted);
            row.accepted_at = Some(now);
            row.learner = Some(learner);
            row.mail = Mail::Sent;
            row.sent_at = Some(row.tried_at);
            if !rules.wrong(Mutant::AcceptStaysDue) {
                row.due = None;
            }
        }
    }

    /// The seat's and the deal's part of it.
    pub(crate) fn take_seat(&mut self, place: u8, learner: u8) {
        self.seats[usize::from(learner)] = Some(place);
        self.deal.allocated += 1;
    }

    /// What a release reads first: whose seat it is, by which send.
    pub(crate) fn may_release(
        &self,
        rules: Rules,
        place: u8,
        expected: Option<u8>,
    ) -> Result<(u8, u8), ReleaseRefusal> {
        let record = self.row(place).map(|row| rules.record(place, row));
        let learner = may_release(record.as_ref(), expected.map(u32::from))?;
        let learner = PEOPLE.iter().position(|person| person == learner).ok_or(ReleaseRefusal::NotFound)?;
        let sends = self.row(place).map_or(0, |row| row.sends);
        Ok((u8::try_from(learner).unwrap_or(0), sends))
    }

    /// The transaction of `Store::release_seat`. False when something has happened since the read.
    pub(crate) fn release(&mut self, rules: Rules, place: u8, learner: u8, sends: u8) -> bool {
        let seat = self.seats[usize::from(learner)];
        let Some(row) = self.row_mut(place) else { return false };
        let is_held = row.is(Stored::Accepted) && seat.is_some();
        if row.sends != sends || !(is_held || rules.wrong(Mutant::ReleaseIgnoresStatus)) {
            return false;
        }
        row.status = Status(Stored::Released);
        if !rules.wrong(Mutant::ReleaseKeepsSeat) {
            self.seats[usize::from(learner)] = None;
        }
        if !rules.wrong(Mutant::ReleaseKeepsAllocated) {
            self.deal.allocated = self.deal.allocated.wrapping_sub(1);
        }
        true
    }

    /// `Store::cancel_invite`.
    pub(crate) fn cancel(
        &mut self,
        rules: Rules,
        place: u8,
        expected: Option<u8>,
    ) -> Result<(), CancelRefusal> {
        let record = self.row(place).map(|row| rules.record(place, row));
        match may_cancel(record.as_ref(), expected.map(u32::from)) {
            Err(CancelRefusal::AlreadyAccepted) if rules.wrong(Mutant::CancelIgnoresStatus) => {}
            verdict => verdict?,
        }
        let row = self.row_mut(place).as_mut().ok_or(CancelRefusal::NotFound)?;
        row.status = Status(Stored::Cancelled);
        if !rules.wrong(Mutant::CancelStaysDue) {
            row.due = None;
        }
        Ok(())
    }

    /// `Store::expire_invite`. False when something else has happened to the invite.
    pub(crate) fn expire(&mut self, rules: Rules, place: u8, due: Due, now: u8) -> bool {
        let Some(row) = self.row_mut(place) else { return false };
        let mut record = rules.record(place, row);
        if rules.wrong(Mutant::SweepIgnoresStatus) {
            record.invite.stored = Stored::Open;
        }
        if rules.wrong(Mutant::SweepIgnoresSend) {
            record.invite.sends = due.sends.into();
            record.invite.expires_at = at(due.at);
        }
        if !may_expire(&record, due.sends.into(), at(due.at), at(now)) {
            return false;
        }
        if !rules.wrong(Mutant::SweepMarksHalf) {
            row.status = Status(Stored::Expired);
        }
        row.due = None;
        true
    }

    /// `Store::change_deal`.
    pub(crate) fn change(
        &mut self,
        rules: Rules,
        change: crate::bounds::Change,
        expected: Option<u8>,
    ) -> Result<(), DealChangeRefusal> {
        use crate::bounds::Change;
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
