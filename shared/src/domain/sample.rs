//! Values for the domain's own tests.

use super::{
    Deal, DealId, Delivery, Email, Invite, InviteId, InviteRecord, Links, Organisation, OrganisationId,
};
use super::{Salt, Secret, Stored, Timestamp, Title};
use chrono::DateTime;

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
        salt: Salt::from_bytes([3; 32]),
        shortest_lifetime: None,
    }
}

pub(super) fn invite() -> Invite {
    Invite {
        id: InviteId::from_bytes([5; 16]),
        email: Email::parse("ann@example.com").unwrap(),
        name: None,
        stored: Stored::Open,
        queued_at: at(10),
        order: 0,
        sent: None,
        expires_at: at(100),
        accepted_at: None,
        accepted_as: None,
        invited_by: None,
        sends: 2,
        delivery: Delivery::Queued,
    }
}

pub(super) fn record() -> InviteRecord {
    InviteRecord {
        invite: invite(),
        links: Links {
            current: vec![Secret::from_bytes([1; 32]).hash()],
            superseded: vec![Secret::from_bytes([2; 32]).hash()],
        },
        tried_at: at(10),
        tries: 1,
        due_at: Some(at(70)),
        resent_at: None,
        asked: Vec::new(),
        learner: None,
    }
}
