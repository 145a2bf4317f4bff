//! What happened to an invite, packed so that items stay small. The write of each change adds its entry.

use super::Timestamp;
use chrono::DateTime;
use serde::Serialize;

/// An invite keeps this many entries, and then drops the oldest.
const MOST: usize = 24;

macro_rules! events {
    ($($name:ident)*) => {
        /// The numbers are stored, from 0.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum HistoryEvent { $($name,)* }
        const EVENTS: &[HistoryEvent] = &[$(HistoryEvent::$name,)*];
    };
}

events! {
    Released Expired Cancelled Corrected Invited Resent Sent Failed Delayed Delivered Bounced Complained Accepted
    Declined Asked OptedOut Reminded
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// Oldest first, and within a second as they came: second, event (two digits), and place among the managers
    /// from 1 (two digits; 0 for nobody).
    pub(crate) entries: Vec<i64>,
    pub(crate) managers: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct HistoryEntry<'a> {
    /// A whole second.
    pub at: Timestamp,
    pub event: HistoryEvent,
    /// The manager's address.
    pub by: Option<&'a str>,
}

impl History {
    pub(crate) fn pack(event: HistoryEvent, at: Timestamp, manager: usize) -> i64 {
        (at.timestamp() * 100 + event as i64) * 100 + i64::try_from(manager).unwrap_or_default()
    }

    /// The manager's place from 1, and the managers with this one.
    fn with_manager(&self, by: Option<&str>) -> (usize, Vec<String>) {
        let mut managers = self.managers.clone();
        let Some(by) = by else { return (0, managers) };
        let place = managers.iter().position(|known| known == by).unwrap_or_else(|| {
            managers.push(by.to_owned());
            managers.len() - 1
        });
        (place + 1, managers)
    }

    /// What SES reports twice about a send stands in the history once. The events of another send may have the same second.
    pub(crate) fn with(&self, event: HistoryEvent, at: Timestamp, by: Option<&str>) -> Self {
        let (manager, managers) = self.with_manager(by);
        let mut entries = self.entries.clone();
        let entry = Self::pack(event, at, manager);
        let sends = [HistoryEvent::Invited, HistoryEvent::Resent].map(|event| Self::pack(event, at, 0) / 100);
        let newest = entries.iter().rposition(|other| sends.contains(&(other / 100))).unwrap_or_default();
        let is_told = entries.iter().skip(newest).any(|told| *told == entry);
        let is_of_mail = (HistoryEvent::Sent..=HistoryEvent::Complained).contains(&event);
        if !(is_of_mail && is_told) {
            entries.push(entry);
        }
        entries.sort_by_key(|entry| entry / 10_000);
        entries.drain(..entries.len().saturating_sub(MOST));
        let whole = Self { entries, managers };
        // No other change makes the list of managers longer.
        if by.is_some() { whole.without_idle_managers() } else { whole }
    }

    /// With the earliest of the events of this kind since then.
    pub(super) fn with_earliest(&self, event: HistoryEvent, at: Timestamp, since: Timestamp) -> Self {
        let second = |entry: &i64| entry / 10_000;
        let is_alike = |entry: &i64| entry / 100 % 100 == event as i64 && second(entry) >= since.timestamp();
        let (alike, entries): (Vec<_>, Vec<_>) = self.entries.iter().copied().partition(is_alike);
        if alike.iter().any(|entry| second(entry) <= at.timestamp()) {
            return self.clone();
        }
        Self { entries, ..self.clone() }.with(event, at, None)
    }

    fn without_idle_managers(&self) -> Self {
        let packed = self.entries.iter().map(|entry| (entry / 100, self.manager(*entry)));
        let mut kept = Self::default();
        for (event, manager) in packed {
            let (place, managers) = kept.with_manager(manager);
            kept.entries.push(event * 100 + i64::try_from(place).unwrap_or_default());
            kept.managers = managers;
        }
        kept
    }

    fn manager(&self, entry: i64) -> Option<&str> {
        let place = usize::try_from(entry % 100).ok()?.checked_sub(1)?;
        self.managers.get(place).map(String::as_str)
    }

    pub fn newest_first(&self) -> impl Iterator<Item = HistoryEntry<'_>> {
        self.entries.iter().rev().filter_map(|entry| {
            let event = *EVENTS.get(usize::try_from(entry / 100 % 100).ok()?)?;
            let at = DateTime::from_timestamp(entry / 10_000, 0)?;
            Some(HistoryEntry { at, event, by: self.manager(*entry) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::at;
    use super::*;
    use proptest::prelude::*;

    fn told(history: &History) -> Vec<(i64, HistoryEvent, Option<&str>)> {
        history.newest_first().map(|entry| (entry.at.timestamp(), entry.event, entry.by)).collect()
    }

    #[test]
    fn the_history_says_what_happened_when_and_by_whom() {
        let history = History::default()
            .with(HistoryEvent::Invited, at(10), Some("ann"))
            .with(HistoryEvent::Delivered, at(12), None)
            .with(HistoryEvent::Sent, at(11), None)
            .with(HistoryEvent::Resent, at(13), Some("bob"))
            .with(HistoryEvent::Cancelled, at(14), Some("ann"));
        let expected = [
            (14, HistoryEvent::Cancelled, Some("ann")),
            (13, HistoryEvent::Resent, Some("bob")),
            (12, HistoryEvent::Delivered, None),
            (11, HistoryEvent::Sent, None),
            (10, HistoryEvent::Invited, Some("ann")),
        ];
        assert_eq!(told(&history), expected);
    }

    #[test]
    fn what_is_told_twice_stands_once_for_each_send() {
        use HistoryEvent::{Delivered, Invited, Resent, Sent};
        let told_twice = |history: &History| {
            [Sent, Delivered, Sent, Delivered]
                .iter()
                .fold(history.clone(), |history, event| history.with(*event, at(10), None))
        };
        let first = told_twice(&History::default().with(Invited, at(10), Some("ann")));
        let second = told_twice(&first.with(Resent, at(10), Some("ann")));
        let events: Vec<_> = told(&second).into_iter().map(|(_, event, _)| event).collect();
        assert_eq!(events, [Delivered, Sent, Resent, Delivered, Sent, Invited]);
        assert_eq!(second.with(Resent, at(12), Some("ann")).with(Sent, at(10), None).entries.len(), 7);
    }

    #[test]
    fn events_of_one_second_stay_in_the_order_in_which_they_came() {
        use HistoryEvent::{Accepted, Bounced, Invited, Released, Resent, Sent};
        let came = [
            (Invited, Some("ann")),
            (Sent, None),
            (Bounced, None),
            (Accepted, None),
            (Released, Some("ann")),
            (Invited, Some("bob")),
            (Resent, Some("ann")),
            (Resent, Some("ann")),
            // Without a verified address.
            (Resent, None),
            (Resent, None),
        ];
        let history =
            came.iter().fold(History::default(), |history, (event, by)| history.with(*event, at(10), *by));
        let told: Vec<_> = told(&history).into_iter().rev().map(|(_, event, by)| (event, by)).collect();
        assert_eq!(told, came);
    }

    #[test]
    fn every_event_is_read_back() {
        for event in EVENTS {
            assert_eq!(told(&History::default().with(*event, at(9), None)), [(9, *event, None)]);
        }
    }

    #[test]
    fn the_history_is_bounded_and_so_are_its_managers() {
        let name = |time| format!("manager{time}");
        let history = (0..100).fold(History::default(), |history, time| {
            history.with(HistoryEvent::Resent, at(time), Some(&name(time)))
        });
        let newest: Vec<_> =
            (76..100).rev().map(|time| (time, HistoryEvent::Resent, Some(name(time)))).collect();
        let told = told(&history).into_iter().map(|(at, event, by)| (at, event, by.map(str::to_owned)));
        assert_eq!(told.collect::<Vec<_>>(), newest);
        assert_eq!(history.managers.len(), 24);
    }

    proptest! {
        #[test]
        fn the_order_and_the_repetition_of_events_do_not_matter(
            mut times in prop::collection::vec(0_i64..30, 1..24), more in 0_usize..24,
        ) {
            let add = |history: History, time: &i64| history.with(HistoryEvent::Delayed, at(*time), None);
            let one = times.iter().fold(History::default(), add);
            let again = times.get(more).copied();
            times.reverse();
            times.extend(again);
            prop_assert_eq!(times.iter().fold(History::default(), add), one);
        }
    }
}
