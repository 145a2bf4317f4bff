//! Values for the unit tests of the domain.

use super::limit::RecipientLimit;
use super::{
    Deal, DealId, Delivery, Email, History, Invite, InviteId, InviteState, LinkHash, Links, NewSend,
    Organisation, OrganisationId, Queued, Salt, Secret, Timestamp, Title,
};
use chrono::{DateTime, Duration};

pub(super) const STATES: [InviteState; 6] = [
    InviteState::Open,
    InviteState::Accepted,
    InviteState::Expired,
    InviteState::Declined,
    InviteState::Cancelled,
    InviteState::Released,
];

/// Seconds after the epoch: small numbers read better than dates.
pub(super) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(super) fn deal() -> Deal {
    Deal {
        id: DealId::new([1; 14], at(1_000_000)).unwrap(),
        name: Title::parse("Unlimited").unwrap(),
        organisation: Organisation {
            id: OrganisationId::parse("acme").unwrap(),
            name: Title::parse("Acme").unwrap(),
        },
        seats: 3,
        allocated: 1,
        starts_at: at(0),
        ends_at: at(1_000),
        revision: 1,
        salt: Salt([3; 32]),
        shortest_lifetime: None,
        reminders: Vec::new(),
    }
}

/// The hash of the link with this number.
pub(super) fn link(number: u8) -> LinkHash {
    Secret::from_bytes([number; 32]).hash()
}

/// An invite whose second send is queued: requested at 10, leased until 70, expires at 100.
pub(super) fn invite() -> Invite {
    Invite {
        id: InviteId([5; 16]),
        email: Email::parse("ann@example.com").unwrap(),
        name: None,
        state: InviteState::Open,
        queued: Queued { at: at(10), order: 0 },
        sent: None,
        expires_at: at(100),
        accepted_at: None,
        accepted_as: None,
        invited_by: None,
        sends: 2,
        delivery: Delivery::Queued,
        links: Links { current: vec![link(1)], superseded: vec![vec![link(2)]] },
        attempted_at: at(10),
        attempts: 1,
        lease_until: Some(at(70)),
        resent_at: None,
        send_times: Vec::new(),
        learner: None,
        removed_at: None,
        declined_at: None,
        asked: None,
        opted_out_at: None,
        corrected_to: None,
        corrected_from: None,
        reminders: Vec::new(),
        reminded: 0,
        remind_attempts: 0,
        history: History::default(),
    }
}

/// A send with this link, for four weeks and with a lease of a minute.
pub(super) fn new_send(number: u8) -> NewSend {
    NewSend {
        link: link(number),
        queued: Queued { at: at(50), order: 7 },
        invited_by: None,
        opted_out: false,
        lifetime: Duration::weeks(4),
        lease: Duration::minutes(1),
        limit: RecipientLimit::NONE,
        reminders: Vec::new(),
    }
}
