//! What the issuer keeps for a while: authorisation codes, refresh tokens and sessions, each under an id that nobody can
//! guess.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::lock;

pub(super) struct Kept<T>(Mutex<HashMap<String, (DateTime<Utc>, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// Returns the new id.
    pub(super) fn keep(&self, thing: T, lifetime: TimeDelta, now: DateTime<Utc>) -> String {
        let id = crate::random::hex();
        let mut all = lock(&self.0);
        all.retain(|_, (until, _)| now < *until);
        all.insert(id.clone(), (now + lifetime, thing));
        id
    }

    pub(super) fn find(&self, id: &str, now: DateTime<Utc>) -> Option<T> {
        lock(&self.0).get(id).filter(|(until, _)| now < *until).map(|(_, thing)| thing.clone())
    }

    /// Afterwards the id is void.
    pub(super) fn take(&self, id: &str, now: DateTime<Utc>) -> Option<T> {
        lock(&self.0).remove(id).filter(|(until, _)| now < *until).map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_for_its_time_and_until_it_is_taken() {
        let (kept, start, minute) = (Kept::default(), DateTime::UNIX_EPOCH, TimeDelta::minutes(1));
        let [taken, late] = [1, 2].map(|thing| kept.keep(thing, minute, start));
        assert_eq!((kept.find(&taken, start), kept.find("x", start)), (Some(1), None));
        assert_eq!((kept.take(&taken, start), kept.take(&taken, start)), (Some(1), None));
        let before = start + minute - TimeDelta::seconds(1);
        assert_eq!((kept.find(&late, before), kept.find(&late, start + minute)), (Some(2), None));
        assert_eq!(kept.take(&late, start + minute), None);
    }
}
