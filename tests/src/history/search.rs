//! Whether there is an order in which one thing after the other explains all answers (Wing and Gong, with Lowe's memory
//! of what was tried). `stateright`'s tester answers yes or no; here what the deal may be like at the end of one window
//! is what the next begins with, and an operation without an answer may have happened or not.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::spec::{Act, Said, Spec, State};

/// Something that was asked for and answered. `begin` and `end` are places in one order of all beginnings and ends.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Who asked.
    pub(super) who: String,
    /// What for.
    pub(super) act: Act,
    /// What was answered.
    pub(super) said: Said,
    /// When it was asked.
    pub(super) asked: DateTime<Utc>,
    /// When it was answered, or when everything was quiet.
    pub(super) answered: DateTime<Utc>,
    /// The place of its beginning.
    pub(super) begin: u64,
    /// The place of its end.
    pub(super) end: u64,
}

impl Event {
    fn is_certain(&self) -> bool {
        self.said != Said::Nothing
    }

    /// One line of it.
    pub(super) fn show(&self, from: DateTime<Utc>) -> String {
        let millis = |at: DateTime<Utc>| (at - from).num_milliseconds();
        format!(
            "{:>6}–{:<6} ms  {:<10} {:?} → {:?}",
            millis(self.asked),
            millis(self.answered),
            self.who,
            self.act,
            self.said
        )
    }
}

/// What a window can be explained by.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// What the deal may be like at its end.
    pub(super) finals: Vec<State>,
    /// What it may have been like, from the beginning on.
    pub(super) passed: HashSet<State>,
}

/// All explanations of these events, from any of these states; of none, how many can be explained at most.
pub(super) fn explain(initial: &[State], events: &[Event], spec: Spec) -> Result<Explained, usize> {
    assert!(events.len() <= 64, "a window is small");
    let mut search = Search { events, spec, known: HashMap::new(), explained: Explained::default(), most: 0 };
    let mut found = false;
    for state in initial {
        found |= search.explore(0, state);
    }
    if found { Ok(search.explained) } else { Err(search.most) }
}

struct Search<'e> {
    events: &'e [Event],
    spec: Spec,
    /// Whether what is left can be explained from here.
    known: HashMap<(u64, State), bool>,
    explained: Explained,
    most: usize,
}

impl Search<'_> {
    fn explore(&mut self, done: u64, state: &State) -> bool {
        if let Some(known) = self.known.get(&(done, state.clone())) {
            return *known;
        }
        let left = |index: &usize| done & (1 << index) == 0;
        let certain: Vec<_> =
            (0..self.events.len()).filter(left).filter(|index| self.events[*index].is_certain()).collect();
        let mut found = certain.is_empty();
        if found && !self.explained.finals.contains(state) {
            self.explained.finals.push(state.clone());
        }
        self.most = self.most.max(done.count_ones() as usize);
        let first_end = certain.iter().map(|index| self.events[*index].end).min().unwrap_or(u64::MAX);
        for index in (0..self.events.len()).filter(left) {
            let event = &self.events[index];
            // What ended before this began comes before it.
            if event.begin > first_end {
                continue;
            }
            // What has no answer may have happened until all was quiet, and not later.
            let too_late = |other: usize| done & (1 << other) != 0 && self.events[other].begin > event.end;
            if (0..self.events.len()).any(too_late) {
                continue;
            }
            let alone = !self.events.iter().any(|other| {
                matches!(other.act, Act::Change(_, Some(_)))
                    && other.begin < event.end
                    && event.begin < other.end
            });
            let seconds = (event.asked.timestamp(), event.answered.timestamp());
            for next in state.after(&event.act, &event.said, seconds, alone, self.spec) {
                found |= self.explore(done | 1 << index, &next);
            }
        }
        if found {
            self.explained.passed.insert(state.clone());
        }
        self.known.insert((done, state.clone()), found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: i64 = 2_000_000_000;

    fn event(number: u64, (begin, end): (u64, u64), act: Act, said: Said) -> Event {
        let at = |place: u64| DateTime::from_timestamp(1_800_000_000 + place.cast_signed(), 0).unwrap();
        let who = number.to_string();
        Event { who, act, said, asked: at(begin), answered: at(end), begin, end }
    }

    fn check(events: &[((u64, u64), Act, Said)]) -> Result<usize, usize> {
        let spec = Spec { lifetime: 50, exact: true };
        let events: Vec<_> = (0..)
            .zip(events)
            .map(|(number, (span, act, said))| event(number, *span, act.clone(), said.clone()))
            .collect();
        explain(&[State::new(1, END)], &events, spec).map(|explained| explained.finals.len())
    }

    fn accept(learner: u8, address: u8) -> Act {
        Act::Accept { learner, address, send: 1 }
    }

    fn no(code: &str) -> Said {
        Said::Refused(code.to_owned())
    }

    #[test]
    fn what_happened_at_once_may_have_come_in_any_order() {
        let sent = [((0, 0), Act::Invite(0), Said::Done), ((1, 1), Act::Invite(1), Said::Done)];
        let race = |first: Said, second: Said| {
            let race = [((4, 8), accept(0, 0), first), ((5, 7), accept(1, 1), second)];
            check(&[sent.to_vec(), race.to_vec()].concat())
        };
        assert_eq!(race(no("deal_full"), Said::Accepted(1_800_000_006)), Ok(1));
        assert_eq!(race(Said::Accepted(1_800_000_006), no("deal_full")), Ok(1));
        assert_eq!(race(Said::Accepted(1_800_000_006), Said::Accepted(1_800_000_006)), Err(3), "one seat");
        assert_eq!(race(no("deal_full"), no("deal_full")), Err(2), "nobody took it");
    }

    #[test]
    fn what_ended_before_comes_before() {
        let accepted = Said::Accepted(1_800_000_002);
        let until = |end| ((2, end), accept(0, 0), accepted.clone());
        let seen = ((4, 5), Act::SeeDeal, Said::Seats(1, 0));
        let sent = ((0, 0), Act::Invite(0), Said::Done);
        assert_eq!(check(&[sent.clone(), until(3), seen.clone()]), Err(2), "read too late to be so old");
        assert_eq!(check(&[sent, until(6), seen]), Ok(1));
    }

    #[test]
    fn what_has_no_answer_may_have_happened() {
        let sent = ((0, 0), Act::Invite(0), Said::Done);
        let open = ((2, 9), accept(0, 0), Said::Nothing);
        assert_eq!(check(&[sent.clone(), open.clone()]), Ok(9), "not, or at any of eight seconds");
        let seen = |allocated| ((10, 11), Act::SeeDeal, Said::Seats(1, allocated));
        assert_eq!(check(&[sent.clone(), open.clone(), seen(0)]), Ok(1));
        assert_eq!(check(&[sent, open, seen(1)]), Ok(8));
    }

    #[test]
    fn an_invite_expires_to_the_second() {
        let sent = ((0, 0), Act::Invite(0), Said::Done);
        let at = |second: u64, said| check(&[sent.clone(), ((second, second), accept(0, 0), said)]);
        assert_eq!(at(49, Said::Accepted(1_800_000_049)), Ok(1));
        assert_eq!(at(50, no("invite_expired")), Ok(1));
        assert_eq!(at(50, Said::Accepted(1_800_000_050)), Err(1));
        assert_eq!(at(49, no("invite_expired")), Err(1));
    }
}
