//! The rules of deals, seats and invites: pure functions that take `now` and random bytes as arguments. Each
//! operation has a file with its rule, which returns the changed invite or the reason against the change.

pub mod accept;
pub mod answer;
pub mod cancel;
pub mod claim;
pub mod correct;
mod deal;
pub mod digest;
mod email;
pub mod expire;
mod history;
mod id;
pub mod invite;
pub mod limit;
mod link;
mod name;
pub mod outcome;
pub mod release;
pub mod remind;
pub mod resend;
mod search;
pub mod send;
pub mod track;

pub use deal::{Deal, DealChange, DealRefusal, DealState, NewDeal, Organisation, OrganisationId, Salt};
pub use email::{Email, EmailError};
pub use history::{History, HistoryEntry, HistoryEvent};
pub use id::{
    DealId, InviteId, InviteKey, LinkHash, PersonId, address_digest, mailbox_digest, opt_out_digest,
};
pub use invite::{
    Asked, AskedFor, Attempt, Attention, BounceReason, Delivery, FailureReason, Invite, InviteRefusal,
    InviteState, NewSend, Outdated, Queued, Sent, Status,
};
pub use link::{Link, Links, Secret, UnsubscribeId};
pub use name::{Name, Title};
pub use search::{AddressPrefix, NamePart};

pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Cuts to whole seconds, the precision of times in the API. An expiry is cut before it is stored, so that
/// the stored and the shown instant are the same.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// For people: `23 November 2026, 15:04 UTC`, as `instant` in `portal/src/time.ts` writes it.
pub fn readable(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// Cuts to whole milliseconds, the precision in which the table stores queue times and lease ends.
pub(crate) fn whole_milliseconds(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

#[cfg(test)]
mod tests;
