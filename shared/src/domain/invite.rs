//! Invites: what is stored of one, and what is shown.
//!
//! Every reader shows the *computed* status (I2): an open invite past its expiry is expired, whether or not a
//! sweep has marked it.

use super::{Email, InviteId, Links, Name, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// What the table says of an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// Not accepted, not cancelled, not yet marked as expired.
    Open,
    /// The learner holds a seat.
    Accepted,
    /// Marked by the sweep.
    Expired,
    /// Taken back by a manager before it was accepted.
    Cancelled,
    /// Accepted, and the seat taken back by a manager.
    Released,
}

/// What people are told of an invite at some instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Can be accepted.
    Pending,
    /// The learner holds a seat.
    Accepted,
    /// Was not accepted in time.
    Expired,
    /// Taken back before it was accepted.
    Cancelled,
    /// Its seat was taken back.
    Released,
}

/// When a send was asked for, and where its row stands among the rows of the same request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queued {
    /// The time of the request, to the millisecond.
    pub at: Timestamp,
    /// 0 for the row that was given first, which is listed above the others.
    pub order: u16,
}

impl Queued {
    /// The row with this index of a request that came at `at`.
    #[must_use]
    pub fn in_order(at: Timestamp, index: usize) -> Self {
        Self { at, order: u16::try_from(index).unwrap_or(u16::MAX) }
    }
}

impl From<Timestamp> for Queued {
    /// A send that a request asks for alone.
    fn from(at: Timestamp) -> Self {
        Self { at, order: 0 }
    }
}

/// When the last mail that went out was tried, and until when its link was to work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The beginning of the try that got a mail out.
    pub at: Timestamp,
    /// Exactly one lifetime later.
    pub until: Timestamp,
}

/// What became of the mail of the newest send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Not sent yet.
    Queued,
    /// Taken by SES.
    Sent,
    /// It won't be sent.
    Failed {
        /// Why.
        reason: FailureReason,
        /// Since when that is known.
        at: Timestamp,
    },
}

/// Why a mail won't be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// SES found something wrong with the message or its recipient.
    MessageRejected,
    /// SES found the address or a field malformed.
    InvalidParameter,
    /// It stayed queued until the invite expired.
    NotSentInTime,
    /// The deal ended before it was sent.
    DealEnded,
    /// Every try failed or got no answer.
    TooManyTries,
}

/// An invite, as a manager may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Whom it is for.
    pub email: Email,
    /// Their name, where the manager gave one.
    pub name: Option<Name>,
    /// What the table says; [`Invite::status`] is what people are told.
    pub stored: Stored,
    /// When the newest send was asked for, to the millisecond: the order of rows.
    pub queued_at: Timestamp,
    /// The order within that request ([`Queued::order`]); 0 once the invite has left the list.
    pub order: u16,
    /// The last mail that went out.
    pub sent: Option<Sent>,
    /// From when on the newest send can't be accepted, in whole seconds.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// [`address_digest`](super::address_digest) of the verified address of the learner who accepted.
    pub accepted_as: Option<String>,
    /// The verified address of the manager who asked for the newest send.
    pub invited_by: Option<String>,
    /// How many sends there were for this (deal, address); it never goes back.
    pub sends: u32,
    /// What became of the newest send's mail.
    pub delivery: Delivery,
}

impl Invite {
    /// The status at `now`, of an invite whose deal ends at `deal_ends_at` (I2).
    #[must_use]
    pub fn status(&self, deal_ends_at: Timestamp, now: Timestamp) -> Status {
        match self.stored {
            Stored::Open if now < self.expires_at.min(deal_ends_at) => Status::Pending,
            Stored::Open | Stored::Expired => Status::Expired,
            Stored::Accepted => Status::Accepted,
            Stored::Cancelled => Status::Cancelled,
            Stored::Released => Status::Released,
        }
    }
}

/// An invite with what only the functions know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InviteRecord {
    /// What a manager may see.
    pub invite: Invite,
    /// Hashes of the links that work, and of those that no longer do.
    pub links: Links,
    /// When the newest try to mail it began, in whole seconds.
    pub tried_at: Timestamp,
    /// How many tries the newest send had.
    pub tries: u32,
    /// When it is due next, while it is in the due index: a queued one to be sent, another to be expired.
    pub due_at: Option<Timestamp>,
    /// When it was last resent, since it was last invited.
    pub resent_at: Option<Timestamp>,
    /// When the sends before the newest were asked for, the newest of them first: as many as a limit needed.
    pub asked: Vec<Timestamp>,
    /// Who holds, or held, its seat.
    pub learner: Option<PersonId>,
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, invite};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn i2_pending_means_open_and_before_both_ends(expires in 0_i64..100, ends in 0_i64..100, now in 0_i64..100) {
            let open = Invite { stored: Stored::Open, expires_at: at(expires), ..invite() };
            let pending = open.status(at(ends), at(now)) == Status::Pending;
            prop_assert_eq!(pending, now < expires && now < ends);
        }

        #[test]
        fn i2_the_sweep_changes_no_answer(expires in 0_i64..100, ends in 0_i64..100, late in 0_i64..50) {
            let open = Invite { stored: Stored::Open, expires_at: at(expires), ..invite() };
            let swept = Invite { stored: Stored::Expired, ..open.clone() };
            let now = at(expires + late);
            prop_assert_eq!(open.status(at(ends), now), swept.status(at(ends), now));
        }
    }
}
