//! Events that the checker saw: each reply of an operation, and each result of a mail. A check in which an event never
//! happens proves nothing about the event.

use crate::process::SesAnswer;
use crate::table::{Mail, Row, Rule, Verdict};
use shared::domain::accept::LinkRefusal;
use shared::domain::{DealRefusal, InviteRefusal, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! events {
    ({ $($(#[$doc:meta])* $name:ident,)* } $($group:ident($type:ident): $($value:ident $({ $field:ident: $of:expr })?),*;)*) => {
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub enum Event {
            $($(#[$doc])* $name,)*
            $($group($type),)*
        }

        impl Event {
            /// Every event of the model. The model has no unknown deals or invites, no forged links and no invalid
            /// changes of a deal, so the list has no refusals for these.
            pub const ALL: &[Self] =
                &[$(Self::$name,)* $($(Self::$group($type::$value $({ $field: $of })?),)*)*];
        }
    };
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

events! {
    {
        Invited,
        Resent,
        Claimed,
        /// A mail was deferred until its deal begins.
        Deferred,
        /// A mail can never be sent, and its invite says so.
        GivenUp,
        ClaimLost,
        /// A repeated write found its own writer.
        OwnWrite,
        /// A write was refused, because another function had written the invite.
        Conflicted,
        /// A rule changed nothing, so nothing was written.
        Unchanged,
        Sent,
        Failed,
        Requeued,
        /// A mail was requeued without an attempt.
        RequeuedUntried,
        /// An outcome came after its attempt was replaced.
        OutcomeLost,
        Cancelled,
        Released,
        Accepted,
        Expired,
        SweepLost,
        Told,
        /// An event was about an older send.
        Stray,
        Changed,
        Declined,
        Asked,
        OptedOut,
        /// A queued mail was not sent, because the person had opted out.
        Withheld,
        /// A reminder was claimed.
        Reminding,
        /// A reminder was dropped: it could not go out at its time, or SES or an opt-out refused it.
        Dropped,
    }
    Invite(InviteRefusal): AlreadyPending, AlreadyAccepted, OptedOut;
    Resend(InviteRefusal): NotFound, AlreadyAccepted, Stale, JustResent, OptedOut;
    Ses(SesAnswer): Sent, Rejected, Later, Busy, SentUnheard, LostUnheard, NoTime;
    Cancel(InviteRefusal): AlreadyDone, AlreadyAccepted, Stale;
    Release(InviteRefusal): NotFound, AlreadyDone, Stale;
    Accept(LinkRefusal): AlreadyYours { accepted_at: AT }, Cancelled, Superseded, AcceptedByAnother, Expired,
        AlreadySeated, DealNotStarted, DealEnded, DealFull;
    Change(DealRefusal): SeatsBelowAllocated { allocated: 0 };
    Answer(LinkRefusal): Cancelled, AlreadyAccepted, DealEnded, DealNotStarted, StillValid, Expired;
}

impl Event {
    pub(crate) fn of_write(rule: &Rule, next: &Row) -> Self {
        match *rule {
            Rule::Invite { .. } => Self::Invited,
            Rule::Resend { .. } => Self::Resent,
            Rule::Claim { link, .. } if next.links.has(link) => Self::Claimed,
            Rule::Claim { .. } if next.mail == Mail::Failed => Self::GivenUp,
            Rule::Claim { .. } => Self::Deferred,
            Rule::Remind { link, .. } if next.links.has(link) => Self::Reminding,
            Rule::Remind { .. } => Self::Dropped,
            Rule::Record { held, verdict: Verdict::Rejected | Verdict::OptedOut }
                if held.reminder.is_some() =>
            {
                Self::Dropped
            }
            Rule::Record { .. } if next.mail == Mail::Failed => Self::Failed,
            Rule::Record { verdict: Verdict::Sent, .. } => Self::Sent,
            Rule::Record { verdict: Verdict::Busy(_), .. } => Self::RequeuedUntried,
            Rule::Record { .. } => Self::Requeued,
            Rule::Cancel { .. } => Self::Cancelled,
            Rule::Expire { .. } => Self::Expired,
            Rule::Track { .. } => Self::Told,
            Rule::Decline { .. } => Self::Declined,
            Rule::Ask { .. } => Self::Asked,
            Rule::OptOut { .. } => Self::OptedOut,
        }
    }

    /// The event without its details, as in [`Self::ALL`].
    fn kind(self) -> Self {
        match self {
            Self::Accept(LinkRefusal::AlreadyYours { .. }) => {
                Self::Accept(LinkRefusal::AlreadyYours { accepted_at: AT })
            }
            Self::Change(DealRefusal::SeatsBelowAllocated { .. }) => {
                Self::Change(DealRefusal::SeatsBelowAllocated { allocated: 0 })
            }
            event => event,
        }
    }
}

#[derive(Debug, Default)]
pub struct Seen([AtomicU64; 2]);

impl Seen {
    pub(crate) fn add(&self, event: Event) {
        let event = event.kind();
        if let Some(place) = Event::ALL.iter().position(|known| *known == event)
            && !self.has(place)
        {
            self.0[place / 64].fetch_or(1 << (place % 64), Ordering::Relaxed);
        }
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64].load(Ordering::Relaxed) & (1 << (place % 64)) != 0
    }

    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let all = Event::ALL.iter().enumerate();
        all.filter(|(place, _)| self.has(*place)).map(|(_, event)| *event).collect()
    }
}
