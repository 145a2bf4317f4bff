//! What was seen to happen: each answer that an operation can give, and each way in which a mail can go. A check in
//! which something never happens proves nothing of it.

use crate::process::Answer;
use crate::table::{Mail, Row, Rule, Verdict};
use shared::domain::accept::AcceptRefusal;
use shared::domain::cancel::CancelRefusal;
use shared::domain::release::ReleaseRefusal;
use shared::domain::resend::ResendRefusal;
use shared::domain::send::InviteRefusal;
use shared::domain::{DealChangeRefusal, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    Invited,
    Invite(InviteRefusal),
    Resent,
    Resend(ResendRefusal),
    Claimed,
    /// A mail was deferred until its deal begins.
    Deferred,
    /// A mail can never be sent, and its invite says so.
    GivenUp,
    ClaimLost,
    /// A repeated write found its own writer.
    OwnWrite,
    /// A write was refused, because somebody else had written the invite.
    Met,
    /// A rule changed nothing, so nothing was written.
    Unchanged,
    Ses(Answer),
    Sent,
    Failed,
    Requeued,
    /// A mail was requeued without an attempt.
    RequeuedUntried,
    /// An outcome came too late: its attempt had lost its place.
    OutcomeLost,
    Cancelled,
    Cancel(CancelRefusal),
    Released,
    Release(ReleaseRefusal),
    Accepted,
    Accept(AcceptRefusal),
    Expired,
    SweepLost,
    Changed,
    Change(DealChangeRefusal),
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

impl Event {
    /// All that may happen in the model. Not among them: refusals for what it does not have (deals or invites that do
    /// not exist, forged links, changes of a deal that make no sense), and reasons of SES that mean the same to it.
    pub const ALL: &[Self] = &[
        Self::Invited,
        Self::Invite(InviteRefusal::AlreadyPending),
        Self::Invite(InviteRefusal::AlreadyAccepted),
        Self::Resent,
        Self::Resend(ResendRefusal::NotFound),
        Self::Resend(ResendRefusal::AlreadyAccepted),
        Self::Resend(ResendRefusal::Stale),
        Self::Resend(ResendRefusal::JustResent),
        Self::Claimed,
        Self::Deferred,
        Self::GivenUp,
        Self::ClaimLost,
        Self::Met,
        Self::Unchanged,
        Self::OwnWrite,
        Self::Ses(Answer::Sent),
        Self::Ses(Answer::Rejected),
        Self::Ses(Answer::Later),
        Self::Ses(Answer::Busy),
        Self::Ses(Answer::SentUnheard),
        Self::Ses(Answer::LostUnheard),
        Self::Ses(Answer::NoTime),
        Self::Sent,
        Self::Failed,
        Self::Requeued,
        Self::RequeuedUntried,
        Self::OutcomeLost,
        Self::Cancelled,
        Self::Cancel(CancelRefusal::AlreadyDone),
        Self::Cancel(CancelRefusal::AlreadyAccepted),
        Self::Cancel(CancelRefusal::Stale),
        Self::Released,
        Self::Release(ReleaseRefusal::NotFound),
        Self::Release(ReleaseRefusal::AlreadyDone),
        Self::Release(ReleaseRefusal::Stale),
        Self::Accepted,
        Self::Accept(AcceptRefusal::AlreadyYours { accepted_at: AT }),
        Self::Accept(AcceptRefusal::Cancelled),
        Self::Accept(AcceptRefusal::Superseded),
        Self::Accept(AcceptRefusal::AlreadyAccepted),
        Self::Accept(AcceptRefusal::Expired),
        Self::Accept(AcceptRefusal::AlreadySeated),
        Self::Accept(AcceptRefusal::DealNotStarted),
        Self::Accept(AcceptRefusal::DealEnded),
        Self::Accept(AcceptRefusal::DealFull),
        Self::Expired,
        Self::SweepLost,
        Self::Changed,
        Self::Change(DealChangeRefusal::SeatsBelowAllocated { allocated: 0 }),
    ];

    pub(crate) fn of_write(rule: &Rule, next: &Row) -> Self {
        match *rule {
            Rule::Invite { .. } => Self::Invited,
            Rule::Resend { .. } => Self::Resent,
            Rule::Claim { link, .. } if next.links.has(link) => Self::Claimed,
            Rule::Claim { .. } if next.mail == Mail::Failed => Self::GivenUp,
            Rule::Claim { .. } => Self::Deferred,
            Rule::Record { .. } if next.mail == Mail::Failed => Self::Failed,
            Rule::Record { verdict: Verdict::Sent, .. } => Self::Sent,
            Rule::Record { verdict: Verdict::Busy(_), .. } => Self::RequeuedUntried,
            Rule::Record { .. } => Self::Requeued,
            Rule::Cancel { .. } => Self::Cancelled,
            Rule::Expire { .. } => Self::Expired,
        }
    }

    fn kind(self) -> Self {
        match self {
            Self::Accept(AcceptRefusal::AlreadyYours { .. }) => {
                Self::Accept(AcceptRefusal::AlreadyYours { accepted_at: AT })
            }
            Self::Change(DealChangeRefusal::SeatsBelowAllocated { .. }) => {
                Self::Change(DealChangeRefusal::SeatsBelowAllocated { allocated: 0 })
            }
            event => event,
        }
    }
}

#[derive(Debug, Default)]
pub struct Seen(AtomicU64);

impl Seen {
    pub(crate) fn add(&self, event: Event) {
        let event = event.kind();
        if let Some(place) = Event::ALL.iter().position(|known| *known == event)
            && self.0.load(Ordering::Relaxed) & (1 << place) == 0
        {
            self.0.fetch_or(1 << place, Ordering::Relaxed);
        }
    }

    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let seen = self.0.load(Ordering::Relaxed);
        let all = Event::ALL.iter().enumerate();
        all.filter(|(place, _)| seen & (1 << place) != 0).map(|(_, event)| *event).collect()
    }
}
