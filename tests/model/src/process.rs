//! Functions under way: where each of them is, and what it has in memory.
//!
//! A step ends with one request to the table or to SES; all that a function does between two requests is seen by
//! nobody. What a function has read or been told since is in its memory, and gets old there.

use crate::events::Event;
use crate::model::{Flaw, Seatkeeper, State};
use crate::mutant::Mutant;
use crate::table::{Due, Held, Marked, Queue, Row, Term};
use shared::domain::accept::AcceptRefusal;
use shared::domain::claim::{ClaimRefusal, MOST_TRIES};
use shared::domain::release::ReleaseRefusal;
use shared::domain::{FailureReason, Stored};

/// A function under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Process {
    /// When it began: the `now` of its request, and what its time limit counts from.
    pub(crate) since: u8,
    /// What it does next.
    pub(crate) step: Step,
}

/// What SES made of a mail, as the function knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Verdict {
    Sent,
    Rejected,
    Later,
    Busy,
}

/// The next request of a function. `own` is what only this attempt can have written, once it has been written and the
/// answer was lost, or that there is such a thing: the write is repeated then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Step {
    /// `send-invites`: the row's upsert. The deal was read when it began.
    Invite { place: u8, address: u8, own: Option<u8> },
    /// `resend-invite`: the update.
    Resend { place: u8, expected: Option<u8>, own: Option<u8> },
    /// `deliver-invites`: the claim of what the index showed, of a deal as it was read.
    Claim { place: u8, due: Due, term: Term, own: Option<(u8, u8)> },
    /// The claim was refused for ever: mark as failed, if the invite is as the refusal showed it.
    Doom { held: Held, due: Due },
    /// The claim was refused because the deal has not begun.
    PutOff { place: u8, due: Due, until: u8 },
    /// All three: ask SES.
    Mail { held: Held },
    /// Record what SES said.
    Settle { held: Held, verdict: Verdict },
    /// Record it for an invite that has left the due index.
    SettleUnlisted { held: Held },
    /// `release-seat`: the transaction that cancels.
    Cancel { place: u8, expected: Option<u8>, own: bool },
    /// `release-seat`: read whose seat it is.
    Look { place: u8, expected: Option<u8>, own: bool },
    /// `release-seat`: the transaction that releases.
    Release { place: u8, expected: Option<u8>, learner: u8, sends: u8, own: bool },
    /// `accept-invite`: the transaction, at the time of this try.
    Accept { place: u8, link: u8, learner: u8, now: u8, own: bool },
    /// `accept-invite`: the look after a try without an answer.
    Unsure { place: u8, link: u8, learner: u8, now: u8, own: bool },
    /// Only with the mistake of accepting in two writes: the second.
    AcceptRest { place: u8, learner: u8 },
    /// `expire-invites`: the mark of what the index showed.
    Expire { place: u8, due: Due, now: u8 },
    /// `manage-deals`: the update.
    Change { which: u8, expected: Option<u8>, own: bool },
}

/// What SES does with a mail, and what the function hears of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Taken.
    Sent,
    /// Never to be taken: `MESSAGE_REJECTED`.
    Rejected,
    /// Not this time: `TRANSIENT_FAILURE`.
    Later,
    /// Not taken because SES is too busy or wants no mail at all: the run ends, the mail was not tried.
    Busy,
    /// Taken, and the answer got lost.
    SentUnheard,
    /// Lost on the way there.
    LostUnheard,
    /// Not asked: the function has no time left.
    NoTime,
}

impl Answer {
    pub(crate) const ALL: [Self; 7] = [
        Self::Sent,
        Self::Rejected,
        Self::Later,
        Self::Busy,
        Self::SentUnheard,
        Self::LostUnheard,
        Self::NoTime,
    ];
}

impl Process {
    /// Whether this function has changed something, or holds the right to: before, its death is as if it had never been
    /// called.
    pub(crate) fn matters(&self) -> bool {
        match self.step {
            Step::Mail { .. }
            | Step::Settle { .. }
            | Step::SettleUnlisted { .. }
            | Step::AcceptRest { .. } => true,
            Step::Invite { own, .. } | Step::Resend { own, .. } => own.is_some(),
            Step::Claim { own, .. } => own.is_some(),
            Step::Cancel { own, .. }
            | Step::Look { own, .. }
            | Step::Release { own, .. }
            | Step::Accept { own, .. }
            | Step::Unsure { own, .. }
            | Step::Change { own, .. } => own,
            Step::Doom { .. } | Step::PutOff { .. } | Step::Expire { .. } => false,
        }
    }

    /// What the due index showed to it, as long as it has come to nothing else.
    fn seen(&self) -> Option<(u8, Queue, Due)> {
        match self.step {
            Step::Claim { place, due, .. } | Step::PutOff { place, due, .. } => {
                Some((place, Queue::Send, due))
            }
            Step::Doom { held, due } => Some((held.row, Queue::Send, due)),
            Step::Expire { place, due, .. } => Some((place, Queue::Expire, due)),
            _ => None,
        }
    }

    /// The invite that it mails, if SES may have been asked and nothing says so yet.
    pub(crate) fn unrecorded(&self) -> Option<Held> {
        match self.step {
            Step::Settle { held, verdict: Verdict::Sent } | Step::SettleUnlisted { held } => Some(held),
            _ => None,
        }
    }
}

impl Seatkeeper {
    /// Takes a function's next step and says how it goes on, if it does.
    pub(crate) fn step(
        &self,
        state: &mut State,
        process: Process,
        lost: bool,
    ) -> Result<Option<Process>, Pointless> {
        let step = self.advance(state, process, lost)?;
        if let (None, Some((place, queue, due))) = (step, process.seen()) {
            let as_found = |row: &Row| row.due == Some((queue, due.at)) && row.sends == due.sends;
            let is_stuck = state.table.row(place).is_some_and(as_found);
            state.flaw(Flaw::Stuck, is_stuck);
        }
        Ok(step.map(|step| Process { step, ..process }))
    }

    /// The step itself; `None` when the function has answered. With `lost` the answer to its
    /// write does not arrive, and it will write again; `Err` when there is no write whose answer could be lost.
    fn advance(&self, state: &mut State, process: Process, lost: bool) -> Next {
        let Process { since, step } = process;
        let rules = self.rules;
        match step {
            Step::Invite { place, address, own } => self.invite(state, since, (place, address, own), lost),
            Step::Resend { place, expected, own } => self.resend(state, since, (place, expected, own), lost),
            Step::Claim { place, due, term, own } => self.claim(state, (place, due, term, own), lost),
            Step::Doom { held, .. } => {
                let marked = state.table.mark_failed(rules, held);
                self.saw_if(marked, Event::Doomed);
                again(lost, marked, step)
            }
            Step::PutOff { place, due, until } => {
                state.table.put_off(rules, place, due, until);
                self.saw(Event::PutOff);
                again(lost, true, step)
            }
            Step::Mail { .. } => Err(Pointless),
            Step::Settle { held, verdict } => self.settle(state, held, verdict, lost),
            Step::SettleUnlisted { held } => {
                state.table.mark_unlisted(rules, held);
                self.saw(Event::MarkedUnlisted);
                again(lost, true, step)
            }
            Step::Cancel { own: true, .. } if !rules.wrong(Mutant::CancelRepeated) => self.known_again(lost),
            Step::Cancel { place, expected, own } => {
                let verdict = state.table.cancel(rules, place, expected);
                self.saw(verdict.map_or_else(Event::Cancel, |()| Event::Cancelled));
                state.flaw(Flaw::Twice, own && verdict.is_ok());
                again(lost, verdict.is_ok(), Step::Cancel { place, expected, own: true })
            }
            Step::Look { place, expected, own } => {
                pointless(lost)?;
                let verdict = state.table.may_release(rules, place, expected);
                let seat = verdict.map_err(|refusal| self.saw(Event::Release(refusal)));
                Ok(seat.ok().map(|(learner, sends)| Step::Release { place, expected, learner, sends, own }))
            }
            Step::Release { own: true, .. } if !rules.wrong(Mutant::ReleaseRepeated) => {
                self.known_again(lost)
            }
            Step::Release { place, expected, learner, sends, own } => {
                let released = state.table.release(rules, place, learner, sends);
                self.saw(if released { Event::Released } else { Event::Release(ReleaseRefusal::Stale) });
                state.flaw(Flaw::Twice, own && released);
                match (released, lost) {
                    (true, true) => Ok(Some(Step::Release { place, expected, learner, sends, own: true })),
                    (true, false) => Ok(None),
                    (false, true) => Err(Pointless),
                    (false, false) => Ok(Some(Step::Look { place, expected, own })),
                }
            }
            Step::Accept { place, link, learner, now, own } => {
                self.accept(state, Click { place, link, learner, now, own }, lost)
            }
            Step::Unsure { place, link, learner, now, own } => {
                pointless(lost)?;
                let verdict = state.table.may_accept(rules, place, link, learner, now);
                if verdict.is_ok() {
                    let now = state.clock;
                    return Ok(Some(Step::Accept { place, link, learner, now, own }));
                }
                self.accept_answered(state, Click { place, link, learner, now, own }, verdict);
                Ok(None)
            }
            Step::AcceptRest { place, learner } => {
                pointless(lost)?;
                state.table.take_seat(place, learner);
                Ok(None)
            }
            Step::Expire { place, due, now } => {
                let before = state.table.row(place).copied();
                let marked = state.table.expire(rules, place, due, now);
                self.saw(if marked { Event::Expired } else { Event::SweepLost });
                let early = before.is_some_and(|row| row.expires_at > now);
                state.flaw(Flaw::ExpiredEarly, marked && early);
                again(lost, marked, step)
            }
            Step::Change { own: true, .. } if !rules.wrong(Mutant::ChangeRepeated) => self.known_again(lost),
            Step::Change { which, expected, own } => {
                let Some(change) = self.bounds.changes.get(usize::from(which)) else { return Err(Pointless) };
                let verdict = state.table.change(rules, *change, expected);
                self.saw(verdict.map_or_else(Event::Change, |()| Event::Changed));
                state.flaw(Flaw::Twice, own && verdict.is_ok());
                again(lost, verdict.is_ok(), Step::Change { which, expected, own: true })
            }
        }
    }

    /// DynamoDB knows the transaction by its token, and says that it is done.
    fn known_again(&self, lost: bool) -> Next {
        pointless(lost)?;
        self.saw(Event::OwnWrite);
        Ok(None)
    }

    fn invite(&self, state: &mut State, since: u8, row: (u8, u8, Option<u8>), lost: bool) -> Next {
        let (place, address, own) = row;
        let rules = self.rules;
        let link = own.unwrap_or_else(|| state.next_link(place));
        let verdict = state.table.invite(rules, place, address, link, since);
        self.saw(verdict.map_or_else(Event::Invite, |()| Event::Invited));
        if verdict.is_ok() {
            state.flaw(Flaw::Twice, own.is_some());
            state.made(place, link);
            let again = Step::Invite { place, address, own: Some(link) };
            return Ok(Some(if lost { again } else { self.mail(state, place, link) }));
        }
        pointless(lost)?;
        let known = !rules.wrong(Mutant::InviteNotRecognised);
        Ok(self.recognised(state, place, own, known))
    }

    fn resend(&self, state: &mut State, since: u8, row: (u8, Option<u8>, Option<u8>), lost: bool) -> Next {
        let (place, expected, own) = row;
        let rules = self.rules;
        let link = own.unwrap_or_else(|| state.next_link(place));
        let before = state.table.row(place).copied();
        let verdict = state.table.resend(rules, place, link, expected, since);
        self.saw(verdict.map_or_else(Event::Resend, |()| Event::Resent));
        if verdict.is_ok() {
            let doubled = before.is_some_and(|row| match expected {
                Some(sends) => row.sends != sends,
                None => row.resent_at.is_some_and(|resent_at| since <= resent_at),
            });
            state.flaw(Flaw::DoubleClick, doubled);
            state.flaw(Flaw::Twice, own.is_some());
            state.made(place, link);
            let again = Step::Resend { place, expected, own: Some(link) };
            return Ok(Some(if lost { again } else { self.mail(state, place, link) }));
        }
        pointless(lost)?;
        let known = !rules.wrong(Mutant::ResendNotRecognised);
        Ok(self.recognised(state, place, own, known))
    }

    fn claim(&self, state: &mut State, row: (u8, Due, Term, Option<(u8, u8)>), lost: bool) -> Next {
        let (place, due, term, own) = row;
        let rules = self.rules;
        let (link, now) = own.unwrap_or_else(|| (state.next_link(place), state.clock));
        let expired = state.table.row(place).is_some_and(|row| row.expires_at <= now);
        let verdict = state.table.claim(rules, place, due, term, link, now);
        self.saw(verdict.map_or_else(Event::Claim, |()| Event::Claimed));
        if verdict.is_ok() {
            state.flaw(Flaw::Revived, expired);
            state.flaw(Flaw::Twice, own.is_some());
            state.made(place, link);
            let again = Step::Claim { place, due, term, own: Some((link, now)) };
            return Ok(Some(if lost { again } else { self.mail(state, place, link) }));
        }
        pointless(lost)?;
        let row = state.table.row(place);
        let own = own.map(|(link, _)| link).filter(|link| row.is_some_and(|row| row.links.has(*link)));
        if let Some(link) = own {
            return Ok(self.known(state, place, link));
        }
        Ok(match (verdict, row) {
            (Err(ClaimRefusal::Never(_)), Some(row)) if !rules.wrong(Mutant::NeverNotRecorded) => {
                Some(Step::Doom { held: Held::of(place, row, 0), due })
            }
            (Err(ClaimRefusal::DealNotStarted), _) => {
                // At most an hour: longer than any of the model's times.
                Some(Step::PutOff { place, due, until: term.starts })
            }
            _ => None,
        })
    }

    /// Having written, or found its own writing: mail it.
    fn mail(&self, state: &mut State, place: u8, link: u8) -> Step {
        let row = state.table.row(place).copied();
        let held = row.map_or(Held::none(place, link), |row| Held::of(place, &row, link));
        if self.rules.wrong(Mutant::MarkBeforeMailing) {
            state.table.mark_sent(self.rules, held);
        }
        Step::Mail { held }
    }

    /// A write was refused. If it met its own doing, that is success, whatever came since. `known` is false for those that
    /// make the mistake not to look; then somebody is told that nothing was done.
    fn recognised(&self, state: &mut State, place: u8, own: Option<u8>, known: bool) -> Option<Step> {
        let link = own?;
        let remembers = !self.rules.wrong(Mutant::NewestRecognised);
        let holds =
            |row: &Row| row.links.has(link) || remembers && row.old.iter().any(|links| links.has(link));
        if known && state.table.row(place).is_some_and(holds) {
            return self.known(state, place, link);
        }
        state.flaw(Flaw::Unanswered, true);
        None
    }

    /// `Claim::of`, for a write that met its own doing.
    fn known(&self, state: &mut State, place: u8, link: u8) -> Option<Step> {
        self.saw(Event::OwnWrite);
        state.table.may_mail(self.rules, place, link).then(|| self.mail(state, place, link))
    }

    /// What SES does with a held mail, and how the function goes on.
    pub(crate) fn ses(&self, state: &mut State, held: Held, answer: Answer) -> Option<Step> {
        self.saw(Event::Ses(answer));
        let settle = |verdict| Some(Step::Settle { held, verdict });
        match answer {
            Answer::Sent => {
                state.deliver(held);
                settle(Verdict::Sent)
            }
            Answer::Rejected => settle(Verdict::Rejected),
            Answer::Later => settle(Verdict::Later),
            Answer::Busy => settle(Verdict::Busy),
            Answer::SentUnheard | Answer::LostUnheard => {
                if answer == Answer::SentUnheard {
                    state.deliver(held);
                }
                state.doubt(held);
                match self.rules.mutant {
                    Some(Mutant::UnknownIsSent) => settle(Verdict::Sent),
                    Some(Mutant::UnknownIsUntried) => settle(Verdict::Busy),
                    _ => None,
                }
            }
            Answer::NoTime => None,
        }
    }

    fn settle(&self, state: &mut State, held: Held, verdict: Verdict, lost: bool) -> Next {
        let rules = self.rules;
        let step = Step::Settle { held, verdict };
        let now = state.clock;
        match verdict {
            Verdict::Sent if rules.wrong(Mutant::PutBackAfterSending) => {
                state.table.put_back(rules, held, now + rules.delay(held.tries), false);
                Ok(None)
            }
            Verdict::Sent => match state.table.mark_sent(rules, held) {
                Marked::Unlisted => {
                    pointless(lost)?;
                    Ok(Some(Step::SettleUnlisted { held }))
                }
                marked => {
                    self.saw_if(marked == Marked::Superseded, Event::MarkLost);
                    again(lost, marked == Marked::Done, step)
                }
            },
            Verdict::Rejected => {
                let marked = state.table.mark_failed(rules, held);
                self.saw_if(marked, Event::Failed(FailureReason::MessageRejected));
                again(lost, marked, step)
            }
            Verdict::Later if rules.tries(held.tries) >= MOST_TRIES => {
                let marked = state.table.mark_failed(rules, held);
                self.saw_if(marked, Event::Failed(FailureReason::TooManyTries));
                again(lost, marked, step)
            }
            Verdict::Later => {
                state.table.put_back(rules, held, now + rules.delay(held.tries), false);
                self.saw(Event::PutBack);
                again(lost, true, step)
            }
            Verdict::Busy => {
                state.table.put_back(rules, held, now + rules.delay(1), true);
                self.saw(Event::PutBackUntried);
                again(lost, true, step)
            }
        }
    }

    fn accept(&self, state: &mut State, click: Click, lost: bool) -> Next {
        let Click { place, link, learner, now, .. } = click;
        let rules = self.rules;
        let verdict = state.table.may_accept(rules, place, link, learner, now);
        if verdict.is_err() {
            pointless(lost)?;
            self.accept_answered(state, click, verdict);
            return Ok(None);
        }
        self.saw(Event::Accepted);
        if let Some(row) = state.table.row(place).copied() {
            let deal = state.table.deal;
            let in_time = now < row.expires_at && deal.starts <= now && now < deal.ends;
            state.flaw(Flaw::AcceptedLate, !in_time);
            let newest = state.mailboxes[usize::from(place)].letters[usize::from(link)].send == row.sends;
            state.flaw(Flaw::OldLink, !newest);
        }
        state.table.accept_invite(rules, place, learner, now);
        if rules.wrong(Mutant::AcceptInParts) {
            return Ok(Some(Step::AcceptRest { place, learner }));
        }
        state.table.take_seat(place, learner);
        Ok(lost.then_some(Step::Unsure { place, link, learner, now, own: true }))
    }

    /// The learner is told so.
    fn accept_answered(&self, state: &mut State, click: Click, verdict: Result<(), AcceptRefusal>) {
        let Err(refusal) = verdict else { return };
        self.saw(Event::Accept(refusal));
        let is_yours = matches!(refusal, AcceptRefusal::AlreadyYours { .. })
            && !self.rules.wrong(Mutant::AcceptNotRecognised);
        let holds_it = state.table.seats[usize::from(click.learner)] == Some(click.place)
            && state.table.row(click.place).is_some_and(|row| row.is(Stored::Accepted));
        // Told that they have a seat, and they have none; or by an earlier try of this click they have it, and are
        // told otherwise.
        state.flaw(Flaw::Unanswered, is_yours != holds_it && (is_yours || click.own));
    }

    /// The due index as a sweep sees it: the invite, if it is due in that queue.
    pub(crate) fn due(state: &State, place: u8, queue: Queue) -> Option<Due> {
        let row = state.table.row(place)?;
        let (_, at) = row.due.filter(|(in_queue, at)| *in_queue == queue && *at <= state.clock)?;
        Some(Due { sends: row.sends, tries: row.tries, at })
    }
}

/// How a function goes on.
type Next = Result<Option<Step>, Pointless>;

/// A learner's click, in one of its tries.
#[derive(Clone, Copy)]
struct Click {
    place: u8,
    link: u8,
    learner: u8,
    now: u8,
    own: bool,
}

/// There is no write here whose answer could get lost.
#[derive(Debug)]
pub(crate) struct Pointless;

fn pointless(lost: bool) -> Result<(), Pointless> {
    if lost { Err(Pointless) } else { Ok(()) }
}

/// The last write of a function: over, or once more because its answer was lost.
fn again(lost: bool, written: bool, step: Step) -> Next {
    if lost && !written { Err(Pointless) } else { Ok(lost.then_some(step)) }
}
