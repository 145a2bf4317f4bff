//! The due index. It may lag behind the table: a row is a hint, and the write that follows decides.

use super::item::{self, Attributes};
use super::read::pages;
use super::{Item, Result, Store, keys, n, s, values};
use crate::domain::{InviteKey, Timestamp};
use futures_util::stream::{Stream, TryStreamExt};
use keys::Queue;

const PAGE: i32 = 250;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Due {
    pub key: InviteKey,
    pub due_at: Timestamp,
}

impl Store {
    /// Longest overdue first.
    pub fn due_invites(
        &self,
        queue: Queue,
        shard: u8,
        now: Timestamp,
    ) -> impl Stream<Item = Result<Vec<Due>>> + use<> {
        let values = values([(":pk", s(keys::due(queue, shard))), (":now", n(now.timestamp_millis()))]);
        let query = self.query(Some(keys::DUE), "duePk = :pk AND dueAt <= :now", values).limit(PAGE);
        pages(query).map_ok(|page| item::readable(page.items.unwrap_or_default(), due))
    }
}

fn due(item: Item) -> Result<Due> {
    let mut item = Attributes::of(item);
    Ok(Due { key: item.take_key()?, due_at: item::millis(item.take("dueAt")?) })
}
