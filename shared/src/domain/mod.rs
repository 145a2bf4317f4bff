//! The rules of deals, seats and invites: pure functions over plain values.
//!
//! Nothing here reads a clock, a table or an environment; `now` and random bytes are arguments. Each operation
//! has a file with its rule: from an invite as it is to the invite as it will be, or to the reason why not. The store
//! writes what a rule returns, and knows none of them.

pub mod accept;
pub mod cancel;
pub mod claim;
mod deal;
mod email;
pub mod expire;
mod id;
pub mod invite;
pub mod limit;
mod link;
mod name;
pub mod outcome;
pub mod release;
pub mod resend;
mod search;
pub mod send;

pub use deal::{Deal, DealChange, DealChangeRefusal, DealState, NewDeal, Organisation, OrganisationId, Salt};
pub use email::{Email, EmailError};
pub use id::{DealId, InviteId, InviteKey, PersonId, address_digest};
pub use invite::{Attempt, Delivery, FailureReason, Invite, InviteState, NewSend, Queued, Sent, Status};
pub use link::{Link, LinkHash, Links, Secret};
pub use name::{Name, Title, TitleError};
pub use search::AddressPrefix;

/// A point in time, always UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Cuts a time to whole seconds, the precision in which the contract shows times. What decides (an expiry) is cut
/// before it is stored, so that what is shown and what decides are the same instant.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// Cuts a time to whole milliseconds, the precision in which the table keeps when something is due or was asked for.
pub(crate) fn whole_milliseconds(at: Timestamp) -> Timestamp {
    chrono::DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

#[cfg(test)]
mod tests;
