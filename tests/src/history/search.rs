//! Searches for an order of events that explains every response (Wing and Gong's algorithm, with Lowe's cache).
//! `stateright`'s tester only says yes or no. This search also returns the possible final states, with which the next
//! window begins, and allows operations without a response to have happened or not.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::spec::{Action, Reply, Spec, State};

/// Far more states than an explainable window has.
const MOST_KNOWN: usize = 2_000_000;

/// An action and its reply. `begin` and `end` are places in the order of all beginnings and ends.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) who: String,
    pub(super) action: Action,
    pub(super) reply: Reply,
    pub(super) asked: DateTime<Utc>,
    pub(super) answered: DateTime<Utc>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Event {
    fn is_certain(&self) -> bool {
        self.reply != Reply::Nothing
    }

    /// Whether the event changes no state in any order: a read or a refusal.
    fn never_changes(&self) -> bool {
        matches!(self.action, Action::Preview(..) | Action::Runs)
            || !matches!(self.reply, Reply::Done | Reply::Accepted(_) | Reply::Nothing)
    }

    pub(super) fn show(&self, from: DateTime<Utc>) -> String {
        let millis = |at: DateTime<Utc>| (at - from).num_milliseconds();
        format!(
            "{:>6}–{:<6} ms  {:<10} {:?} → {:?}",
            millis(self.asked),
            millis(self.answered),
            self.who,
            self.action,
            self.reply
        )
    }
}

#[derive(Debug, Default)]
pub(super) struct Explained {
    pub(super) finals: Vec<State>,
    pub(super) passed: HashSet<State>,
}

/// All explanations of these events from any of these states. The error is the most events that an order explains.
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
            // An event that ended before this one began comes first.
            if self.events[index].begin > first_end || self.is_too_late(index, done) {
                continue;
            }
            let next = self.after(index, state);
            // A read or a refusal that fits now can go first: every other order stays possible, unless an event would
            // then come too late.
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

    /// An event without a response happened before the window ended.
    fn is_too_late(&self, index: usize, done: u64) -> bool {
        let end = self.events[index].end;
        (0..self.events.len()).any(|other| done & (1 << other) != 0 && self.events[other].begin > end)
    }

    fn after(&self, index: usize, state: &State) -> Vec<State> {
        let event = &self.events[index];
        let meets = |is_one: fn(&Action) -> bool| {
            let others = self.events.iter().filter(|other| is_one(&other.action));
            others.into_iter().any(|other| other.begin < event.end && event.begin < other.end)
        };
        let alone = !meets(|action| matches!(action, Action::Change(_, Some(_))));
        let is_answered = meets(|action| matches!(action, Action::Answer(..)));
        let seconds = (event.asked.timestamp(), event.answered.timestamp());
        state.after(&event.action, &event.reply, seconds, alone, Spec { is_answered, ..self.spec })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::Status;

    const END: i64 = 2_000_000_000;
    const SENT: ((u64, u64), Action, Reply) = ((0, 0), Action::Invite(0), Reply::Done);

    fn event(number: u64, (begin, end): (u64, u64), action: Action, reply: Reply) -> Event {
        let at = |place: u64| DateTime::from_timestamp(1_800_000_000 + place.cast_signed(), 0).unwrap();
        let who = number.to_string();
        Event { who, action, reply, asked: at(begin), answered: at(end), begin, end }
    }

    fn check(events: &[((u64, u64), Action, Reply)]) -> Result<usize, usize> {
        let spec = Spec { lifetime: 50, exact: true, is_answered: false };
        let events: Vec<_> = (0..)
            .zip(events)
            .map(|(number, (span, action, reply))| event(number, *span, action.clone(), reply.clone()))
            .collect();
        explain(&[State::new(1, END)], &events, spec).map(|explained| explained.finals.len())
    }

    fn accept(learner: u8, address: u8) -> Action {
        Action::Accept { learner, address, send: 1 }
    }

    fn no(code: &str) -> Reply {
        Reply::Refused(code.to_owned())
    }

    #[test]
    fn concurrent_events_may_come_in_any_order() {
        let sent = [((0, 0), Action::Invite(0), Reply::Done), ((1, 1), Action::Invite(1), Reply::Done)];
        let race = |first: Reply, second: Reply| {
            let race = [((4, 8), accept(0, 0), first), ((5, 7), accept(1, 1), second)];
            check(&[sent.to_vec(), race.to_vec()].concat())
        };
        assert_eq!(race(no("deal_full"), Reply::Accepted(1_800_000_006)), Ok(1));
        assert_eq!(race(Reply::Accepted(1_800_000_006), no("deal_full")), Ok(1));
        assert_eq!(race(Reply::Accepted(1_800_000_006), Reply::Accepted(1_800_000_006)), Err(3), "one seat");
        assert_eq!(race(no("deal_full"), no("deal_full")), Err(2), "nobody took it");
    }

    #[test]
    fn an_event_that_ended_earlier_comes_first() {
        let accepted = Reply::Accepted(1_800_000_002);
        let until = |end| ((2, end), accept(0, 0), accepted.clone());
        let seen = ((4, 5), Action::SeeDeal, Reply::Seats(1, 0));
        assert_eq!(check(&[SENT, until(3), seen.clone()]), Err(2), "the read began after the accept ended");
        assert_eq!(check(&[SENT, until(6), seen]), Ok(1));
    }

    #[test]
    fn an_event_without_a_response_may_have_happened() {
        let open = ((2, 9), accept(0, 0), Reply::Nothing);
        assert_eq!(check(&[SENT, open.clone()]), Ok(9), "never, or at any of eight seconds");
        let seen = |allocated| ((10, 11), Action::SeeDeal, Reply::Seats(1, allocated));
        assert_eq!(check(&[SENT, open.clone(), seen(0)]), Ok(1));
        assert_eq!(check(&[SENT, open.clone(), seen(1)]), Ok(8));
        let elsewhere = ((10, 11), Action::SeeSeat(1), Reply::Is(false));
        assert_eq!(check(&[SENT, open, elsewhere]), Ok(9), "a read of another seat tells nothing");
    }

    #[test]
    fn a_repeated_cancellation_may_have_to_come_later() {
        let cancelled = ((2, 3), Action::Cancel(0, None), Reply::Done);
        let sent = |from, to| ((from, to), Action::Invite(0), Reply::Done);
        let again = ((4, 9), Action::Cancel(0, None), Reply::Done);
        let seen = |status| ((10, 11), Action::See(0), Reply::Row(status, 2, None));
        let ends_as =
            |status| check(&[sent(0, 1), cancelled.clone(), again.clone(), sent(5, 8), seen(status)]);
        assert_eq!(ends_as(Status::Cancelled), Ok(4), "invited at any of four seconds, and then cancelled");
        assert_eq!(ends_as(Status::Pending), Ok(4), "cancelled once more, and then invited");
        assert_eq!(ends_as(Status::Accepted), Err(4));
    }

    #[test]
    fn a_send_beside_an_opt_out_may_be_refused_or_not_and_after_it_must_be() {
        let out = ((2, 5), Action::Answer("opt-out", 0, 1), Reply::Done);
        let resent = |begin, reply| ((begin, begin), Action::Resend(0, Some(1)), reply);
        let after = |begin, reply| check(&[SENT, out.clone(), resent(begin, reply)]);
        assert_eq!((after(3, Reply::Done), after(3, no("opted_out"))), (Ok(1), Ok(1)));
        assert_eq!((after(7, Reply::Done), after(7, no("opted_out"))), (Err(2), Ok(1)));
    }

    #[test]
    fn an_invite_expires_to_the_second() {
        let at = |second: u64, reply| check(&[SENT, ((second, second), accept(0, 0), reply)]);
        assert_eq!(at(49, Reply::Accepted(1_800_000_049)), Ok(1));
        assert_eq!(at(50, no("invite_expired")), Ok(1));
        assert_eq!(at(50, Reply::Accepted(1_800_000_050)), Err(1));
        assert_eq!(at(49, no("invite_expired")), Err(1));
    }
}
