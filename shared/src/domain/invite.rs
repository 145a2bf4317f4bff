//! Invites, as stored and as shown. Every reader shows the computed status (I2): an open invite past its
//! expiry is expired, whether or not the sweep has marked it.

use super::history::{History, HistoryEvent};
use super::limit::RecipientLimit;
use super::{Email, InviteId, LinkHash, Links, Name, PersonId, Timestamp, whole_milliseconds, whole_seconds};
use chrono::{Duration, serde::ts_seconds};
use serde::{Deserialize, Serialize};

/// As stored; people see [`Invite::status`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InviteState {
    /// Pending, or past its expiry and not yet marked by the sweep.
    Open,
    Accepted,
    Expired,
    /// Also once it has expired.
    Declined,
    Cancelled,
    Released,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pending,
    Accepted,
    Expired,
    Declined,
    Cancelled,
    Released,
}

/// When a send was requested, and its row's place in that request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queued {
    /// To the millisecond.
    pub at: Timestamp,
    /// 0 for the first row of the request, which is listed above the others.
    pub order: u16,
}

impl Queued {
    pub fn in_order(at: Timestamp, index: usize) -> Self {
        Self { at: whole_milliseconds(at), order: u16::try_from(index).unwrap_or(u16::MAX) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// When its attempt began.
    pub at: Timestamp,
    /// When its link expires: exactly one lifetime later.
    pub until: Timestamp,
}

/// What is known of the newest send's mail. Times are in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "delivery", rename_all = "lowercase")]
pub enum Delivery {
    Queued,
    /// SES took the mail.
    Sent,
    Failed {
        #[serde(rename = "failure")]
        reason: FailureReason,
        #[serde(rename = "failedAt", with = "ts_seconds")]
        at: Timestamp,
    },
    /// SES keeps trying.
    Delayed {
        #[serde(rename = "failedAt", with = "ts_seconds")]
        at: Timestamp,
    },
    Delivered {
        #[serde(rename = "failedAt", with = "ts_seconds")]
        at: Timestamp,
    },
    Bounced {
        #[serde(rename = "failure")]
        reason: BounceReason,
        #[serde(rename = "failedAt", with = "ts_seconds")]
        at: Timestamp,
    },
    /// The recipient marked the mail as spam.
    Complained {
        #[serde(rename = "failedAt", with = "ts_seconds")]
        at: Timestamp,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceReason {
    MailboxUnavailable,
    /// An earlier bounce or complaint blocks the address.
    Suppressed,
    /// SES gave up: the mailbox is full, or its server does not answer.
    Temporary,
    /// The content or size of the mail, or a virus that SES found.
    Rejected,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// SES found something wrong with the message or its recipient.
    MessageRejected,
    /// SES found the address or a field malformed.
    InvalidParameter,
    /// The mail stayed queued until the invite expired.
    NotSentInTime,
    DealEnded,
    #[serde(rename = "too_many_tries")]
    TooManyAttempts,
    /// SES took the mail and could not render it.
    RenderingFailed,
    /// The person opted out of the organisation's invites before the mail was sent (I10).
    OptedOut,
}

/// What the learner wants of the manager.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// In whole seconds.
    pub at: Timestamp,
    pub wanted: AskedFor,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedFor {
    /// A new link: this one expired, or a newer one replaced it.
    Link,
    /// Every seat was taken.
    Seat,
}

/// Why a manager should look at an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attention {
    Asked,
    Undelivered,
    Declined,
}

/// Why a manager's request does not create or change an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InviteRefusal {
    /// No such invite. To a resend: also a removed one. To a release: also one that holds no seat.
    NotFound,
    /// Already cancelled or released. Repeating the request succeeds.
    AlreadyDone,
    AlreadyPending,
    AlreadyAccepted,
    /// A correction's new address is pending or accepted.
    AlreadyInvited,
    Stale,
    JustResent,
    /// The recipient marked the last mail as spam, and has not lifted it since.
    Complained,
    /// The person opted out of the organisation's invites (I10).
    OptedOut,
    /// Another mail would most likely not arrive. Only among many invites; a manager may resend a single one.
    Undeliverable,
    /// The earliest time of another send, in whole seconds.
    TooSoon(Timestamp),
}

/// The invite is gone, or changed since the caller learnt of it. The caller leaves it alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outdated;

/// In an invite read from an index, what the index does not hold (links, attempts) is empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite {
    pub id: InviteId,
    pub email: Email,
    pub name: Option<Name>,
    pub state: InviteState,
    /// When the newest send was requested. Lists are in this order.
    pub queued: Queued,
    pub sent: Option<Sent>,
    /// In whole seconds. From this instant on nobody can accept.
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    /// [`address_digest`](super::address_digest) of the verified address of the learner who accepted.
    pub accepted_as: Option<String>,
    /// The verified address of the manager who asked for the newest send.
    pub invited_by: Option<String>,
    /// Counts the sends for this (deal, address); never decreases.
    pub sends: u32,
    pub delivery: Delivery,
    pub links: Links,
    /// When the newest attempt began, in whole seconds.
    pub attempted_at: Timestamp,
    /// Counts the attempts of the newest send.
    pub attempts: u32,
    /// Set while the mail is queued and while a reminder is claimed or deferred, to the millisecond.
    pub lease_until: Option<Timestamp>,
    /// Cleared when the address is invited again.
    pub resent_at: Option<Timestamp>,
    /// Request times of the earlier sends, as many as the limit needs, and times of the newest send's reminders.
    pub send_times: Vec<Timestamp>,
    pub learner: Option<PersonId>,
    /// To the millisecond, as lists of removed invites are ordered.
    pub removed_at: Option<Timestamp>,
    /// In whole seconds.
    pub declined_at: Option<Timestamp>,
    pub asked: Option<Asked>,
    /// When the person opted out by this invite's mail, in whole seconds. The opt-out itself may be lifted elsewhere.
    pub opted_out_at: Option<Timestamp>,
    /// The new address's invite, if a correction cancelled this one.
    pub corrected_to: Option<InviteId>,
    /// The old address's invite, of the last correction that invited this address.
    pub corrected_from: Option<InviteId>,
    /// How long after the newest send's mail its reminders go.
    pub reminders: Vec<Duration>,
    /// Counts the reminders of the newest send that were mailed or dropped.
    pub reminded: u8,
    /// Counts the attempts of the next reminder; 0 while nobody claims it.
    pub remind_attempts: u32,
    pub history: History,
}

#[derive(Clone, Debug)]
pub struct NewSend {
    pub link: LinkHash,
    pub queued: Queued,
    /// The manager's verified address, which the mail shows.
    pub invited_by: Option<String>,
    /// The person opted out of the organisation's invites.
    pub opted_out: bool,
    pub lifetime: Duration,
    pub lease: Duration,
    pub limit: RecipientLimit,
    /// The deal's.
    pub reminders: Vec<Duration>,
}

/// The right to mail one invite until its lease ends: the newest attempt of its newest send, or of a reminder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    pub link: LinkHash,
    pub sends: u32,
    /// Counts the send's or the reminder's attempts from 1.
    pub number: u32,
    /// Which of the send's reminders, from 0.
    pub reminder: Option<u8>,
    pub sent: Sent,
    pub lease_until: Timestamp,
}

impl Delivery {
    pub(super) fn event(self) -> Option<(HistoryEvent, Timestamp)> {
        match self {
            Self::Queued | Self::Sent => None,
            Self::Failed { at, .. } => Some((HistoryEvent::Failed, at)),
            Self::Delayed { at } => Some((HistoryEvent::Delayed, at)),
            Self::Delivered { at } => Some((HistoryEvent::Delivered, at)),
            Self::Bounced { at, .. } => Some((HistoryEvent::Bounced, at)),
            Self::Complained { at } => Some((HistoryEvent::Complained, at)),
        }
    }
}

impl Invite {
    /// The mail is never sent, for this reason.
    pub(super) fn failed(&self, reason: FailureReason, now: Timestamp) -> Self {
        let at = whole_seconds(now);
        Self {
            delivery: Delivery::Failed { reason, at },
            lease_until: None,
            history: self.history.with(HistoryEvent::Failed, at, None),
            ..self.clone()
        }
    }

    /// Computed (I2): the end of the deal expires an invite too.
    pub fn status(&self, deal_ends_at: Timestamp, now: Timestamp) -> Status {
        match self.state {
            InviteState::Open if now < self.expires_at.min(deal_ends_at) => Status::Pending,
            InviteState::Open | InviteState::Expired => Status::Expired,
            InviteState::Accepted => Status::Accepted,
            InviteState::Declined => Status::Declined,
            InviteState::Cancelled => Status::Cancelled,
            InviteState::Released => Status::Released,
        }
    }

    /// A link of the newest send accepts (I2). A "no" may be changed.
    pub(super) fn is_acceptable(&self, now: Timestamp) -> bool {
        matches!(self.state, InviteState::Open | InviteState::Declined) && now < self.expires_at
    }

    /// The first reason for a manager to look at it, and since when there is that reason.
    pub fn attention(&self) -> Option<(Attention, Timestamp)> {
        self.reasons().into_iter().flatten().next()
    }

    /// A question, and the reason that it hides.
    pub fn reasons(&self) -> [Option<(Attention, Timestamp)>; 2] {
        let setback = match (self.state, self.delivery) {
            (InviteState::Accepted | InviteState::Cancelled | InviteState::Released, _) => return [None; 2],
            (_, Delivery::Failed { at, .. } | Delivery::Bounced { at, .. } | Delivery::Complained { at }) => {
                Some((Attention::Undelivered, at))
            }
            _ => self.declined_at.map(|at| (Attention::Declined, at)),
        };
        [self.asked.map(|asked| (Attention::Asked, asked.at)), setback]
    }

    /// Another mail to this address would most likely not arrive.
    pub fn is_undeliverable(&self) -> bool {
        match self.delivery {
            Delivery::Bounced { reason, .. } => reason != BounceReason::Temporary,
            Delivery::Complained { .. } => true,
            _ => false,
        }
    }

    pub fn is_queued(&self) -> bool {
        matches!(self.state, InviteState::Open | InviteState::Declined) && self.delivery == Delivery::Queued
    }

    /// The newest attempt, if it has this link and its mail is still queued or its reminder still due. An answer, a
    /// cancellation, a newer send or a newer attempt ends the right to mail.
    pub fn attempt(&self, link: &LinkHash) -> Option<Attempt> {
        let lease_until = self.lease_until.filter(|_| self.links.current.last() == Some(link))?;
        let (number, reminder, sent) = if self.is_queued() {
            (self.attempts, None, Sent { at: self.attempted_at, until: self.expires_at })
        } else {
            self.reminder_due_at().filter(|_| self.remind_attempts > 0)?;
            (self.remind_attempts, Some(self.reminded), self.sent?)
        };
        Some(Attempt { link: link.clone(), sends: self.sends, number, reminder, sent, lease_until })
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
