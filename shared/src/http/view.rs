//! What the API shows: the shapes of `docs/openapi.yaml`.

use crate::domain::address_digest;
use crate::domain::{
    Deal, DealId, DealState, Delivery, FailureReason, Invite, InviteId, Name, Organisation, Status,
    Timestamp, Title,
};
use crate::store::Seat;
use chrono::SecondsFormat;
use serde::{Serialize, Serializer};

/// A time as RFC 3339 in whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// The seats of a deal.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SeatsView {
    total: u32,
    allocated: u32,
    available: u32,
}

impl From<&Deal> for SeatsView {
    fn from(deal: &Deal) -> Self {
        Self { total: deal.seats, allocated: deal.allocated, available: deal.available() }
    }
}

/// A deal without its seats, as it stands on the Deal seats page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DealSummary<'a> {
    id: DealId,
    name: &'a Title,
    organisation: &'a Organisation,
    starts_at: Time,
    ends_at: Time,
    state: DealState,
}

impl<'a> DealSummary<'a> {
    /// The deal as it is at `now`.
    #[must_use]
    pub fn new(deal: &'a Deal, now: Timestamp) -> Self {
        Self {
            id: deal.id,
            name: &deal.name,
            organisation: &deal.organisation,
            starts_at: deal.starts_at.into(),
            ends_at: deal.ends_at.into(),
            state: deal.state(now),
        }
    }
}

/// A deal with its seats.
#[derive(Debug, Serialize)]
pub struct DealView<'a> {
    #[serde(flatten)]
    deal: DealSummary<'a>,
    seats: SeatsView,
}

impl<'a> DealView<'a> {
    /// The deal as it is at `now`.
    #[must_use]
    pub fn new(deal: &'a Deal, now: Timestamp) -> Self {
        Self { deal: DealSummary::new(deal, now), seats: deal.into() }
    }
}

#[derive(Debug, Serialize)]
struct DeliveryView {
    state: &'static str,
    at: Option<Time>,
    reason: Option<FailureReason>,
}

/// An invite, as a manager sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteView<'a> {
    id: InviteId,
    email: &'a str,
    name: Option<&'a Name>,
    status: Status,
    queued_at: Time,
    sent_at: Option<Time>,
    expires_at: Option<Time>,
    accepted_at: Option<Time>,
    accepted_with: Option<&'static str>,
    invited_by: Option<&'a str>,
    sends: u32,
    delivery: DeliveryView,
}

impl<'a> InviteView<'a> {
    /// The invite as it is at `now`.
    #[must_use]
    pub fn new(invite: &'a Invite, deal: &Deal, now: Timestamp) -> Self {
        let by_invited = || invite.accepted_as.as_ref() == Some(&address_digest(deal.id, &invite.email));
        let accepted_with =
            invite.accepted_at.map(|_| if by_invited() { "invited_address" } else { "other_address" });
        let (state, at, reason) = match invite.delivery {
            Delivery::Queued => ("queued", Some(invite.queued.at), None),
            Delivery::Sent => ("sent", invite.sent.map(|sent| sent.at), None),
            Delivery::Failed { reason, at } => ("failed", Some(at), Some(reason)),
        };
        Self {
            id: invite.id,
            email: invite.email.as_typed(),
            name: invite.name.as_ref(),
            status: invite.status(deal.ends_at, now),
            queued_at: invite.queued.at.into(),
            sent_at: invite.sent.map(|sent| sent.at.into()),
            expires_at: invite.sent.map(|sent| sent.until.min(deal.ends_at).into()),
            accepted_at: invite.accepted_at.map(Time::from),
            accepted_with,
            invited_by: invite.invited_by.as_deref(),
            sends: invite.sends,
            delivery: DeliveryView { state, at: at.map(Time::from), reason },
        }
    }
}

/// The Deal seats page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageView<'a> {
    /// The deal.
    pub deal: DealSummary<'a>,
    /// Its seats.
    pub seats: SeatsView,
    /// The rows.
    pub invites: Vec<InviteView<'a>>,
    /// Where to go on; `null` at the end.
    pub next_cursor: Option<String>,
}

/// A learner's seat.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatView<'a> {
    deal_id: DealId,
    organisation: &'a Organisation,
    accepted_at: Time,
    ends_at: Time,
}

impl<'a> From<&'a Seat> for SeatView<'a> {
    fn from(seat: &'a Seat) -> Self {
        Self {
            deal_id: seat.deal.id,
            organisation: &seat.deal.organisation,
            accepted_at: seat.accepted_at.into(),
            ends_at: seat.deal.ends_at.into(),
        }
    }
}
