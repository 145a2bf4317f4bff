//! The rules of `shared::domain` with their settings, on rows of the model's table, and the deliberate mistakes in them.

use crate::bounds::{Bounds, INVITES, LEARNERS, LEASE, LINKS, TICK, at, ticks};
use crate::events::Event;
use crate::mutant::Mutant;
use crate::table::{DealRow, Held, Mail, NO_LINK, Queue, Row, Rule, Set, Term, Verdict};
use ahash::AHashMap;
use chrono::Duration;
use shared::domain::accept::known;
use shared::domain::answer::{ask, decline, opt_out};
use shared::domain::cancel::cancel;
use shared::domain::claim::{MOST_ATTEMPTS, NewAttempt, retry_delay, take_up};
use shared::domain::expire::expire;
use shared::domain::limit::RecipientLimit;
use shared::domain::outcome::{Outcome, record_outcome};
use shared::domain::remind::take_up_reminder;
use shared::domain::resend::resend;
use shared::domain::send::{Invitee, invite};
use shared::domain::track::track;
use shared::domain::{
    Asked, Attempt, Deal, DealId, DealState, Delivery, Email, FailureReason, History, Invite, InviteId,
    InviteState, LinkHash, Links, NewSend, Organisation, OrganisationId, PersonId, Queued, Salt, Secret,
    Sent, Timestamp, Title,
};
use std::cell::RefCell;
use std::sync::LazyLock;

static HASHES: LazyLock<Vec<LinkHash>> = LazyLock::new(|| {
    let secret = |invite, link| Secret::from_bytes([invite, link].repeat(16).try_into().unwrap_or([0; 32]));
    let numbers = (0..INVITES).flat_map(|invite| (0..=NO_LINK).map(move |link| (invite, link)));
    numbers.map(|(invite, link)| secret(invite, link).hash()).collect()
});

pub(crate) static PEOPLE: LazyLock<Vec<PersonId>> =
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
    salt: Salt([3; 32]),
    shortest_lifetime: None,
    reminders: Vec::new(),
});

static INVITEE: LazyLock<Invitee> = LazyLock::new(|| Invitee {
    id: InviteId([5; 16]),
    email: Email::parse("ann@example.com").expect("an address"),
    name: None,
});

pub(crate) fn hash(invite: u8, link: u8) -> &'static LinkHash {
    &HASHES[usize::from(invite * (NO_LINK + 1) + link)]
}

pub(crate) fn person(learner: u8) -> &'static PersonId {
    &PEOPLE[usize::from(learner)]
}

/// The number of each address's invite, by the domain's own key: that of its first spelling. `as_typed` is the mistake of
/// not normalising the address.
pub(crate) fn keys(addresses: &[&str], as_typed: bool) -> Vec<u8> {
    let deal = &*DEAL;
    let id = |typed: &str| {
        let email = Email::parse(typed).expect("an address");
        if as_typed {
            deal.salt.mac("invite", &[typed.as_bytes()])[..16].to_vec()
        } else {
            deal.invite_id(&email).0.to_vec()
        }
    };
    let ids: Vec<_> = addresses.iter().copied().map(id).collect();
    let first = |id| (0..).zip(&ids).find(|(_, other)| *other == id).map(|(place, _)| place);
    ids.iter().filter_map(first).collect()
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

    pub(crate) fn invite(self, place: u8, row: &Row) -> Invite {
        let hashes = |set: Set| -> Vec<LinkHash> {
            (0..LINKS).filter(|link| set.has(*link)).map(|link| hash(place, link).clone()).collect()
        };
        let older = row.old.iter().filter(|links| **links != Set::default());
        let Invitee { id, email, name } = INVITEE.clone();
        Invite {
            id,
            email,
            name,
            state: row.state,
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
            asked: row.asked.map(|wanted| Asked { at: at(0), wanted }),
            opted_out_at: row.opted_out.then(|| at(0)),
            corrected_to: None,
            corrected_from: None,
            reminders: self.reminders(),
            reminded: row.reminded,
            remind_attempts: row.remind_attempts.into(),
            history: History::default(),
        }
    }

    fn row(self, place: u8, before: Option<&Row>, address: u8, invite: &Invite) -> Row {
        let number = |hash: &LinkHash| (0..LINKS).find(|link| self::hash(place, *link) == hash);
        let set = |links: &[LinkHash]| {
            links.iter().filter_map(number).fold(Set::default(), |set, link| set.with(Set::of(link)))
        };
        let mut old = [Set::default(); 3];
        for (set_of, links) in old.iter_mut().zip(&invite.links.superseded) {
            *set_of = set(links);
        }
        let sends = small(invite.sends);
        let is_new = before.is_none_or(|row| row.sends != sends);
        let learner = PEOPLE.iter().position(|person| invite.learner.as_ref() == Some(person));
        Row {
            address,
            state: invite.state,
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
            asked: invite.asked.map(|asked| asked.wanted),
            opted_out: invite.opted_out_at.is_some(),
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
            static ANSWERS: RefCell<AHashMap<Question, Result<Row, Event>>> = RefCell::default();
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
                let link = hash(place, link);
                known(existing, link).and_then(|_| opt_out(existing, Some(link), now)).map_err(Event::Answer)
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
            (Mutant::RemindIgnoresOptOut, Rule::Remind { .. }) => invite.opted_out_at = None,
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
        let links = before.map_or(Set::default(), |row| row.links);
        let is_reminder = matches!(rule, Rule::Record { held, .. } if held.reminder.is_some());
        let Some(mutant) = self.mutant else { return Some(row) };
        match (mutant, rule) {
            (Mutant::ResendKeepsLinks, Rule::Resend { .. }) => row.links = row.links.with(links),
            (Mutant::OldLinksDropped, Rule::Resend { .. }) => row.old = [Set::default(); 3],
            (Mutant::ClaimReplacesLink, Rule::Claim { link, .. })
            | (Mutant::RemindReplacesLink, Rule::Remind { link, .. }) => row.links = Set::of(*link),
            (Mutant::NeverNotRecorded, Rule::Claim { .. }) if row.mail == Mail::Failed => return None,
            (Mutant::OutcomeLowersAccept, Rule::Record { .. })
            | (Mutant::SweepMarksHalf, Rule::Expire { .. }) => row.state = InviteState::Open,
            (Mutant::QueuedNotDue, Rule::Invite { .. } | Rule::Resend { .. }) => row.due = None,
            (Mutant::CancelStaysDue, Rule::Cancel { .. }) => row.due = before.and_then(|row| row.due),
            (Mutant::TrackKeepsDue, Rule::Track { .. }) => row.due = before.and_then(|row| row.due),
            (Mutant::RecordLowers, Rule::Record { verdict: Verdict::Sent, .. }) => row.mail = Mail::Sent,
            (Mutant::DeclineStopsLink, Rule::Decline { .. }) => row.links = Set::default(),
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
    pub(crate) fn domain(self) -> Deal {
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
