//! What was seen to happen: each answer that an operation can give, and each way in which a mail can go. A check in
//! which something never happens proves nothing of it.

use crate::process::Answer;
use shared::domain::accept::AcceptRefusal;
use shared::domain::cancel::CancelRefusal;
use shared::domain::claim::ClaimRefusal;
use shared::domain::release::ReleaseRefusal;
use shared::domain::resend::ResendRefusal;
use shared::domain::send::SendRefusal;
use shared::domain::{DealChangeRefusal, FailureReason, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that happened in a step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    /// An invite was queued.
    Invited,
    /// It was not.
    Invite(SendRefusal),
    /// An invite was queued again.
    Resent,
    /// It was not.
    Resend(ResendRefusal),
    /// A queued mail was taken up.
    Claimed,
    /// It was not.
    Claim(ClaimRefusal),
    /// What could not be taken up was marked as failed.
    Doomed,
    /// What could not be taken up yet was put off.
    PutOff,
    /// A repeated write found its own doing.
    OwnWrite,
    /// SES did this with a mail.
    Ses(Answer),
    /// A mail was marked as failed after SES was asked.
    Failed(FailureReason),
    /// A mail was put back after a try.
    PutBack,
    /// A mail was put back untried.
    PutBackUntried,
    /// A mark came too late: there is a newer send.
    MarkLost,
    /// A mark for an invite that had left the due index.
    MarkedUnlisted,
    /// An invite was cancelled.
    Cancelled,
    /// It was not.
    Cancel(CancelRefusal),
    /// A seat was released.
    Released,
    /// It was not.
    Release(ReleaseRefusal),
    /// A seat was taken.
    Accepted,
    /// It was not.
    Accept(AcceptRefusal),
    /// An invite was marked as expired.
    Expired,
    /// A sweep came too late.
    SweepLost,
    /// The deal was changed.
    Changed,
    /// It was not.
    Change(DealChangeRefusal),
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

impl Event {
    /// All that may happen in the model. Not among them: refusals for what it does not have (deals or invites that do
    /// not exist, forged links, changes of a deal that make no sense), and reasons of SES that mean the same to it.
    pub const ALL: &[Self] = &[
        Self::Invited,
        Self::Invite(SendRefusal::AlreadyPending),
        Self::Invite(SendRefusal::AlreadyAccepted),
        Self::Resent,
        Self::Resend(ResendRefusal::NotFound),
        Self::Resend(ResendRefusal::AlreadyAccepted),
        Self::Resend(ResendRefusal::Stale),
        Self::Resend(ResendRefusal::JustResent),
        Self::Claimed,
        Self::Claim(ClaimRefusal::NotDue),
        Self::Claim(ClaimRefusal::DealNotStarted),
        Self::Claim(ClaimRefusal::Never(FailureReason::NotSentInTime)),
        Self::Claim(ClaimRefusal::Never(FailureReason::DealEnded)),
        Self::Claim(ClaimRefusal::Never(FailureReason::TooManyTries)),
        Self::Doomed,
        Self::PutOff,
        Self::OwnWrite,
        Self::Ses(Answer::Sent),
        Self::Ses(Answer::Rejected),
        Self::Ses(Answer::Later),
        Self::Ses(Answer::Busy),
        Self::Ses(Answer::SentUnheard),
        Self::Ses(Answer::LostUnheard),
        Self::Ses(Answer::NoTime),
        Self::Failed(FailureReason::MessageRejected),
        Self::Failed(FailureReason::TooManyTries),
        Self::PutBack,
        Self::PutBackUntried,
        Self::MarkLost,
        Self::MarkedUnlisted,
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

    /// Without what differs from one case to the next.
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

/// The events that were seen, all threads together.
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

    /// Those that were seen.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let seen = self.0.load(Ordering::Relaxed);
        let all = Event::ALL.iter().enumerate();
        all.filter(|(place, _)| seen & (1 << place) != 0).map(|(_, event)| *event).collect()
    }
}
