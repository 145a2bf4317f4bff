//! Invites: what is stored of one, and what is shown.
//!
//! Every reader shows the *computed* status (I2): an open invite past its expiry is expired, whether or not a
//! sweep has marked it.

use super::limit::RecipientLimit;
use super::{Email, InviteId, LinkHash, Links, Name, PersonId, Timestamp, whole_milliseconds, whole_seconds};
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// What the table says of an invite; [`Invite::status`] is what people are told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InviteState {
    /// Not accepted, not cancelled, not yet marked as expired.
    Open,
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
    Pending,
    Accepted,
    Expired,
    Cancelled,
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
    pub fn in_order(at: Timestamp, index: usize) -> Self {
        Self { at: whole_milliseconds(at), order: u16::try_from(index).unwrap_or(u16::MAX) }
    }
}

/// When the last mail that went out was attempted, and until when its link was to work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The beginning of the attempt that got a mail out.
    pub at: Timestamp,
    /// Exactly one lifetime later.
    pub until: Timestamp,
}

/// What happened to the mail of the newest send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Queued,
    /// Taken by SES.
    Sent,
    Failed {
        reason: FailureReason,
        at: Timestamp,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// SES found something wrong with the message or its recipient.
    MessageRejected,
    /// SES found the address or a field malformed.
    InvalidParameter,
    /// It stayed queued until the invite expired.
    NotSentInTime,
    DealEnded,
    /// Every attempt failed or got no answer.
    #[serde(rename = "too_many_tries")]
    TooManyAttempts,
}

/// An invite. What a row of an index does not have (its links, its attempts) is empty in an invite that was read
/// from one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite {
    pub id: InviteId,
    pub email: Email,
    pub name: Option<Name>,
    pub state: InviteState,
    /// When the newest send was asked for, and its order within that request: the order of rows.
    pub queued: Queued,
    pub sent: Option<Sent>,
    /// From when on the newest send can't be accepted, in whole seconds.
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    /// [`address_digest`](super::address_digest) of the verified address of the learner who accepted.
    pub accepted_as: Option<String>,
    /// The verified address of the manager who asked for the newest send.
    pub invited_by: Option<String>,
    /// How many sends there were for this (deal, address); it never goes back.
    pub sends: u32,
    pub delivery: Delivery,
    /// Hashes of the links that work, and of those that no longer do.
    pub links: Links,
    /// When the newest attempt to mail it began, in whole seconds.
    pub attempted_at: Timestamp,
    /// How many attempts the newest send had.
    pub attempts: u32,
    /// While its mail is queued: until when somebody holds it, to the millisecond.
    pub lease_until: Option<Timestamp>,
    /// When it was last resent, since it was last invited.
    pub resent_at: Option<Timestamp>,
    /// When the sends before the newest were asked for, the newest of them first: as many as the limit needed.
    pub send_times: Vec<Timestamp>,
    /// Who holds, or held, its seat.
    pub learner: Option<PersonId>,
    pub removed_at: Option<Timestamp>,
}

/// What a new send brings along.
#[derive(Clone, Debug)]
pub struct NewSend {
    pub link: LinkHash,
    pub queued: Queued,
    /// The verified address of the manager who asks, to stand in the mail.
    pub invited_by: Option<String>,
    pub lifetime: Duration,
    /// How long its first attempt is left alone.
    pub lease: Duration,
    pub limit: RecipientLimit,
}

/// The right to mail one invite until its lease ends: the newest attempt of its newest send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    pub link: LinkHash,
    pub sends: u32,
    /// How many attempts that send has had, with this one.
    pub number: u32,
    /// When it began, and until when its link works.
    pub sent: Sent,
    pub lease_until: Timestamp,
}

impl Invite {
    /// The status at `now`, of an invite whose deal ends at `deal_ends_at` (I2).
    pub fn status(&self, deal_ends_at: Timestamp, now: Timestamp) -> Status {
        match self.state {
            InviteState::Open if now < self.expires_at.min(deal_ends_at) => Status::Pending,
            InviteState::Open | InviteState::Expired => Status::Expired,
            InviteState::Accepted => Status::Accepted,
            InviteState::Cancelled => Status::Cancelled,
            InviteState::Released => Status::Released,
        }
    }

    /// True while a mail of it is still to go out.
    pub fn is_queued(&self) -> bool {
        self.state == InviteState::Open && self.delivery == Delivery::Queued
    }

    /// The newest attempt, if its mail carries this link and is still to go out. A cancellation, a newer send or a newer
    /// attempt ends the right to mail it.
    pub fn attempt(&self, link: &LinkHash) -> Option<Attempt> {
        let lease_until =
            self.lease_until.filter(|_| self.is_queued() && self.links.current.last() == Some(link))?;
        Some(Attempt {
            link: link.clone(),
            sends: self.sends,
            number: self.attempts,
            sent: Sent { at: self.attempted_at, until: self.expires_at },
            lease_until,
        })
    }

    /// The invite after one more send: open, queued under a lease, with one link that works.
    pub(super) fn with_new_send(&self, send: &NewSend, now: Timestamp) -> Self {
        let attempted_at = whole_seconds(now);
        Self {
            state: InviteState::Open,
            queued: send.queued,
            expires_at: attempted_at + send.lifetime,
            accepted_at: None,
            accepted_as: None,
            invited_by: send.invited_by.clone(),
            sends: self.sends + 1,
            delivery: Delivery::Queued,
            links: if self.sends > 0 {
                self.links.superseded_by(&send.link)
            } else {
                Links::default().with(&send.link)
            },
            attempted_at,
            attempts: 1,
            lease_until: Some(whole_milliseconds(now + send.lease)),
            send_times: send.limit.remembered(self),
            learner: None,
            removed_at: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, invite, link};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn i4_only_the_newest_attempt_may_be_mailed() {
        let links = Links { current: vec![link(1), link(3)], ..Links::default() };
        let invite = Invite { links, attempts: 2, ..invite() };
        let numbers = [1, 3, 2].map(|which| invite.attempt(&link(which)).map(|attempt| attempt.number));
        assert_eq!(numbers, [None, Some(2), None]);
    }

    proptest! {
        #[test]
        fn i2_pending_means_open_and_before_both_ends(expires in 0_i64..100, ends in 0_i64..100, now in 0_i64..100) {
            let open = Invite { state: InviteState::Open, expires_at: at(expires), ..invite() };
            let pending = open.status(at(ends), at(now)) == Status::Pending;
            prop_assert_eq!(pending, now < expires && now < ends);
        }

        #[test]
        fn i2_the_sweep_changes_no_answer(expires in 0_i64..100, ends in 0_i64..100, late in 0_i64..50) {
            let open = Invite { state: InviteState::Open, expires_at: at(expires), ..invite() };
            let swept = Invite { state: InviteState::Expired, ..open.clone() };
            let now = at(expires + late);
            prop_assert_eq!(open.status(at(ends), now), swept.status(at(ends), now));
        }
    }
}
