//! The entitlement check: the seats that a learner holds.

use super::item::{self, Attributes};
use super::read::all_items;
use super::{Item, Result, Store, StoreError, keys, s, values};
use crate::domain::{Deal, DealId, PersonId, Timestamp};

#[derive(Clone, PartialEq, Debug)]
pub struct Seat {
    pub deal: Deal,
    pub accepted_at: Timestamp,
}

impl Store {
    pub async fn seats_of(&self, learner: &PersonId) -> Result<Vec<Seat>> {
        let values = values([(":pk", s(keys::learner(learner))), (":seat", s("S#"))]);
        let query = self.query(None, "pk = :pk AND begins_with(sk, :seat)", values).consistent_read(true);
        let held = item::readable(all_items(query).await?, seat_of);
        let deals = self.deals(&held.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
        let seat = |(id, accepted_at)| {
            let deal = deals.iter().find(|deal| deal.id == id)?.clone();
            Some(Seat { deal, accepted_at })
        };
        let mut seats: Vec<Seat> = held.into_iter().filter_map(seat).collect();
        seats.sort_by_key(|seat| (seat.accepted_at, seat.deal.id));
        Ok(seats)
    }
}

fn seat_of(item: Item) -> Result<(DealId, Timestamp)> {
    let mut item = Attributes::of(item);
    item.take_version()?;
    let deal = keys::parse_seat(&item.take::<String>("sk")?).ok_or(StoreError::Corrupt("deal id"))?;
    Ok((deal, item::seconds(item.take("acceptedAt")?)))
}
