//! Whether there is an order in which one thing after the other explains all answers (Wing and Gong, with Lowe's memory
//! of what was tried). `stateright`'s tester answers yes or no; here what the deal may be like at the end of one window
//! is what the next begins with, and an operation without an answer may have happened or not.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::spec::{Act, Said, Spec, State};

/// Far more than a window that has an explanation needs.
const MOST_KNOWN: usize = 2_000_000;

/// Something that was asked for and answered. `begin` and `end` are places in one order of all beginnings and ends.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) who: String,
    pub(super) act: Act,
    pub(super) said: Said,
    pub(super) asked: DateTime<Utc>,
    pub(super) answered: DateTime<Utc>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Event {
    fn is_certain(&self) -> bool {
        self.said != Said::Nothing
    }

    /// Wherever it comes: a look or a refusal. What is done may have been done before, here, and be needed elsewhere.
    fn never_changes(&self) -> bool {
        matches!(self.act, Act::Preview(..) | Act::Runs)
            || !matches!(self.said, Said::Done | Said::Accepted(_) | Said::Nothing)
    }

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

#[derive(Debug, Default)]
pub(super) struct Explained {
    pub(super) finals: Vec<State>,
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
        assert!(self.known.len() < MOST_KNOWN, "a window that is too large to be searched");
        let first_end = certain.iter().map(|index| self.events[*index].end).min().unwrap_or(u64::MAX);
        let mut steps = Vec::new();
        for index in (0..self.events.len()).filter(left) {
            // What ended before this began comes before it.
            if self.events[index].begin > first_end || self.is_too_late(index, done) {
                continue;
            }
            let next = self.after(index, state);
            // A look or a refusal that can come now may as well: whatever comes later can come all the same, unless it
            // would be too late then.
            let event = &self.events[index];
            let hurries =
                (0..self.events.len()).filter(left).any(|other| self.events[other].end < event.begin);
            if event.never_changes() && !hurries && !next.is_empty() {
                steps = vec![(index, next)];
                break;
            }
            steps.push((index, next));
        }
        for (index, next) in steps {
            for next in next {
                found |= self.explore(done | 1 << index, &next);
            }
        }
        if found {
            self.explained.passed.insert(state.clone());
        }
        self.known.insert((done, state.clone()), found);
        found
    }

    /// What has no answer may have happened until all was quiet, and not later.
    fn is_too_late(&self, index: usize, done: u64) -> bool {
        let end = self.events[index].end;
        (0..self.events.len()).any(|other| done & (1 << other) != 0 && self.events[other].begin > end)
    }

    fn after(&self, index: usize, state: &State) -> Vec<State> {
        let event = &self.events[index];
        let alone = !self.events.iter().any(|other| {
            matches!(other.act, Act::Change(_, Some(_))) && other.begin < event.end && event.begin < other.end
        });
        let seconds = (event.asked.timestamp(), event.answered.timestamp());
        state.after(&event.act, &event.said, seconds, alone, self.spec)
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
        assert_eq!(check(&[sent.clone(), open.clone(), seen(1)]), Ok(8));
        let elsewhere = ((10, 11), Act::SeeSeat(1), Said::Is(false));
        assert_eq!(check(&[sent, open, elsewhere]), Ok(9), "a look at something else tells nothing");
    }

    #[test]
    fn what_was_done_already_may_have_to_come_later() {
        let cancelled = ((2, 3), Act::Cancel(0, None), Said::Done);
        let sent = |from, to| ((from, to), Act::Invite(0), Said::Done);
        let again = ((4, 9), Act::Cancel(0, None), Said::Done);
        let seen = |status: &str| ((10, 11), Act::See(0), Said::Row(status.to_owned(), 2, None));
        let ends_as =
            |status| check(&[sent(0, 1), cancelled.clone(), again.clone(), sent(5, 8), seen(status)]);
        assert_eq!(ends_as("cancelled"), Ok(4), "invited at any of four seconds, and then cancelled");
        assert_eq!(ends_as("pending"), Ok(4), "cancelled once more, and then invited");
        assert_eq!(ends_as("accepted"), Err(4));
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
