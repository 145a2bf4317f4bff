//! What a learner holds.

use super::item::{self, SeatItem};
use super::{Store, StoreError, all_items, keys, s, values};
use crate::domain::{Deal, PersonId, Timestamp};

/// A seat that a learner holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Seat {
    /// Of which deal.
    pub deal: Deal,
    /// Since when.
    pub accepted_at: Timestamp,
}

impl Store {
    /// The learner's seats, as they are now: the entitlement check.
    pub async fn seats_of(&self, learner: &PersonId) -> Result<Vec<Seat>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :seat)")
            .set_expression_attribute_values(Some(values([
                (":pk", s(keys::learner(learner))),
                (":seat", s("S#")),
            ])))
            .consistent_read(true);
        let held: Vec<SeatItem> = item::readable(all_items(query).await?, item::seat);
        let ids = held.iter().filter_map(|seat| keys::parse_seat(&seat.sk)).collect::<Vec<_>>();
        let deals = self.deals(&ids).await?;
        let mut seats: Vec<Seat> = held
            .iter()
            .filter_map(|seat| {
                let id = keys::parse_seat(&seat.sk)?;
                let deal = deals.iter().find(|deal| deal.id == id)?.clone();
                Some(Seat { deal, accepted_at: item::seconds(seat.accepted_at) })
            })
            .collect();
        seats.sort_by_key(|seat| (seat.accepted_at, seat.deal.id));
        Ok(seats)
    }
}
