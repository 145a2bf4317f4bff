//! Every key of the table is built here and nowhere else. `docs/data-model.md` lists them.

use super::{Item, s, values};
use crate::domain::{
    Attention, DealId, Email, InviteId, InviteKey, InviteState, OrganisationId, PersonId, Queued, Timestamp,
    opt_out_digest,
};
use chrono::DateTime;

pub(crate) const LISTING: &str = "listing";
pub(crate) const DUE: &str = "due";
pub(crate) const ADDRESS: &str = "address";
pub(crate) const ATTENTION: &str = "attention";

/// Shards of the due index for writers. `docs/data-model.md` says how to change the number.
pub(crate) const DUE_SHARDS: u8 = 4;
/// Shards that sweeps read: the larger of the present and the former `DUE_SHARDS`.
pub const DUE_SHARDS_READ: u8 = 4;

fn primary(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    values([("pk", s(pk)), ("sk", s(sk))])
}

pub(super) fn deal_key(id: DealId) -> Item {
    primary(deal(id), "DEAL")
}

pub(super) fn invite_key(key: InviteKey) -> Item {
    primary(deal(key.deal), invite(key.invite))
}

pub(super) fn seat_key(person: &PersonId, deal: DealId) -> Item {
    primary(learner(person), seat(deal))
}

pub(super) fn creation_key(hash: &str) -> Item {
    primary(format!("K#{hash}"), "K")
}

/// `pk` is a deal's or a manager's.
pub(super) fn sends_key(pk: &str) -> Item {
    primary(pk, "SENDS")
}

pub(super) fn digest_key(manager_id: &PersonId) -> Item {
    primary(manager(manager_id), "DIGEST")
}

/// `digest` is of an address.
pub(super) fn unblocking_key(digest: &str) -> Item {
    primary(format!("U#{digest}"), "U")
}

pub(super) fn opt_out_key(pk: String) -> Item {
    primary(pk, "N")
}

/// The `pk` of an opt-out.
pub(super) fn opt_out(organisation: &OrganisationId, email: &Email) -> String {
    format!("N#{}", opt_out_digest(organisation, email))
}

pub(super) fn send_slots_key() -> Item {
    primary("RATE", "RATE")
}

pub(super) fn deal(id: DealId) -> String {
    format!("D#{id}")
}

pub(super) fn invite(id: InviteId) -> String {
    format!("I#{id}")
}

pub(super) fn parse_deal(pk: &str) -> Option<DealId> {
    DealId::parse(pk.strip_prefix("D#")?)
}

pub(super) fn parse_invite(sk: &str) -> Option<InviteId> {
    InviteId::parse(sk.strip_prefix("I#")?)
}

pub(super) fn learner(id: &PersonId) -> String {
    format!("L#{id}")
}

pub(super) fn manager(id: &PersonId) -> String {
    format!("M#{id}")
}

pub(super) fn parse_manager(pk: &str) -> Option<PersonId> {
    PersonId::parse(pk.strip_prefix("M#")?)
}

pub(super) fn seat(deal: DealId) -> String {
    format!("S#{deal}")
}

pub(super) fn parse_seat(sk: &str) -> Option<DealId> {
    DealId::parse(sk.strip_prefix("S#")?)
}

pub(super) fn organisation(id: &OrganisationId) -> String {
    format!("O#{}", id.as_str())
}

pub(super) fn addresses(deal: DealId) -> String {
    format!("A#{deal}")
}

pub(super) fn list(deal: DealId, state: InviteState) -> String {
    let letter = match state {
        InviteState::Open => 'o',
        InviteState::Accepted => 'a',
        InviteState::Expired => 'x',
        InviteState::Declined => 'd',
        InviteState::Cancelled | InviteState::Released => 'r',
    };
    format!("{deal}#{letter}")
}

/// Of the removed invites, those that were accepted were released, and the others cancelled.
pub(super) fn parse_list(list_pk: &str, is_accepted: bool) -> Option<InviteState> {
    match list_pk.as_bytes().last()? {
        b'o' => Some(InviteState::Open),
        b'a' => Some(InviteState::Accepted),
        b'x' => Some(InviteState::Expired),
        b'd' => Some(InviteState::Declined),
        b'r' if is_accepted => Some(InviteState::Released),
        b'r' => Some(InviteState::Cancelled),
        _ => None,
    }
}

pub(super) fn attention(deal: DealId, reason: Attention) -> String {
    let reason = match reason {
        Attention::Asked => "asked",
        Attention::Undelivered => "undelivered",
        Attention::Declined => "declined",
    };
    format!("{deal}#{reason}")
}

/// A place has three digits for the order, because a request has at most 1,000 rows.
const LAST: u16 = 999;

const PLACE: usize = 13 + 3 + 16;

/// A row's sort key in the listing: milliseconds, order in the request, and 96 bits of the id. The order
/// counts down, because the listing is read backwards.
pub(super) fn place(queued: Queued, invite: InviteId) -> String {
    let Queued { at, order } = queued;
    format!("{:013}{:03}{:.16}", at.timestamp_millis(), LAST.saturating_sub(order), invite.to_string())
}

/// The sort key of a removed row: a place by the time of its removal, and when it was queued.
pub(super) fn removed_place(removed_at: Timestamp, queued: Queued, invite: InviteId) -> String {
    let place = place(Queued { at: removed_at, order: 0 }, invite);
    format!("{place}{:013}", queued.at.timestamp_millis())
}

pub(super) fn queued_before_removal(removed_place: &str) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(removed_place.get(PLACE..)?.parse().ok()?)
}

/// Sorts before every place of a row queued at `at` or later.
pub(super) fn place_floor(at: Timestamp) -> String {
    format!("{:013}", at.timestamp_millis().max(0))
}

/// The inverse of [`place`], without the id.
pub(super) fn queued(place: &str) -> Option<Queued> {
    let at = DateTime::from_timestamp_millis(place.get(..13)?.parse().ok()?)?;
    let order = LAST.checked_sub(place.get(13..16)?.parse().ok()?)?;
    Some(Queued { at, order })
}

/// All deals in the listing, by organisation.
pub(super) const ORGANISATIONS: &str = "O";

const LAST_MILLI: i64 = 9_999_999_999_999;

/// Sorts deals by their organisation's id, and an organisation's deals newest first.
pub(super) fn newest(organisation: &OrganisationId, made: Timestamp) -> String {
    format!("{}#{:013}", organisation.as_str(), LAST_MILLI - made.timestamp_millis())
}

/// Sorts after every deal of the organisation, and before those of the next: ids have no byte before `-`.
pub(super) fn after(organisation: Option<&OrganisationId>) -> String {
    format!("{}$", organisation.map_or("", OrganisationId::as_str))
}

pub(super) fn parse_newest(list_sk: &str) -> Option<OrganisationId> {
    OrganisationId::parse(list_sk.split_once('#')?.0)
}

/// Sorts an organisation's deals, oldest first.
pub(super) fn made(at: Timestamp, deal: DealId) -> String {
    format!("{:013}{deal}", at.timestamp_millis())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// To be mailed, once the lease is over.
    Send,
    /// A reminder to be mailed or dropped.
    Remind,
    Expire,
}

pub(super) fn due(queue: Queue, shard: u8) -> String {
    match queue {
        Queue::Send => format!("Q#{shard}"),
        Queue::Remind => format!("R#{shard}"),
        Queue::Expire => format!("E#{shard}"),
    }
}

/// The digests that are on.
pub(super) fn digests(shard: u8) -> String {
    format!("G#{shard}")
}

pub(super) fn digests_of(manager: &PersonId) -> String {
    digests(manager.to_string().bytes().next().unwrap_or_default() % DUE_SHARDS)
}

pub(super) fn due_of(queue: Queue, invite: InviteId) -> String {
    let [first, ..] = invite.0;
    due(queue, first % DUE_SHARDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use InviteState::{Accepted, Cancelled, Declined, Expired, Open, Released};
    use proptest::prelude::*;

    fn time(millis: i64) -> Timestamp {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    proptest! {
        #[test]
        fn keys_can_be_read_back(
            deal_id: [u8; 16], invite_id: [u8; 16], millis in 0..LAST_MILLI, order in 0..=LAST,
            queued_at in 0..LAST_MILLI,
        ) {
            let (deal_id, invite_id) = (DealId(deal_id), InviteId(invite_id));
            let at = time(millis);
            prop_assert_eq!(parse_deal(&deal(deal_id)), Some(deal_id));
            prop_assert_eq!(parse_invite(&invite(invite_id)), Some(invite_id));
            prop_assert_eq!(parse_seat(&seat(deal_id)), Some(deal_id));
            let sent = Queued { at, order };
            prop_assert_eq!(queued(&place(sent, invite_id)), Some(sent));
            prop_assert!(place_floor(at) <= place(sent, invite_id));
            for state in [Open, Accepted, Expired, Declined, Cancelled, Released] {
                let is_accepted = matches!(state, Accepted | Released);
                prop_assert_eq!(parse_list(&list(deal_id, state), is_accepted), Some(state));
            }
            let removed = removed_place(at, Queued { at: time(queued_at), order }, invite_id);
            let read = (queued(&removed).map(|removed| removed.at), queued_before_removal(&removed));
            prop_assert_eq!(read, (Some(at), Some(time(queued_at))));
            prop_assert_eq!(queued_before_removal(&place(sent, invite_id)), None);
        }

        #[test]
        fn places_sort_by_time_and_then_against_the_order(
            a in 0..LAST_MILLI, b in 0..LAST_MILLI, order_a in 0..=LAST, order_b in 0..=LAST,
        ) {
            let at = |millis, order| place(Queued { at: time(millis), order }, InviteId([0; 16]));
            prop_assert_eq!(at(a, 0).cmp(&at(b, 0)), a.cmp(&b));
            prop_assert_eq!(at(a, order_a).cmp(&at(a, order_b)), order_b.cmp(&order_a));
            // `fresh_since` relies on this: exactly the rows that were queued before the floor sort below it.
            prop_assert_eq!(at(a, order_a) < place_floor(time(b)), a < b);
        }

        #[test]
        fn deals_sort_by_organisation_and_then_newest_first(
            one in "[a-z0-9-]{1,3}", other in "[a-z0-9-]{1,3}", a in 0..LAST_MILLI, b in 0..LAST_MILLI,
        ) {
            let [one, other] = [one, other].map(|id| OrganisationId::parse(&id).unwrap());
            let (first, second) = (newest(&one, time(a)), newest(&other, time(b)));
            prop_assert_eq!(parse_newest(&first), Some(one.clone()));
            prop_assert_eq!(first.cmp(&second), one.as_str().cmp(other.as_str()).then(b.cmp(&a)));
            prop_assert_eq!(first > after(Some(&other)), one.as_str() > other.as_str());
            prop_assert!(first > after(None));
        }
    }
}
