//! The steps of functions. A step is one request to the table or to SES. Nobody sees what a function does between two
//! requests.

use crate::bounds::LEASE;
use crate::events::Event;
use crate::model::{Answer, Flaw, Said, Seatkeeper, State, mail};
use crate::mutant::Mutant;
use crate::process::{Own, Process, SesAnswer, Step, Voice};
use crate::table::{Click, Due, Held, Mail, NO_LINK, Queue, Row, Rule, Verdict};
use shared::domain::accept::LinkRefusal;
use shared::domain::{InviteRefusal, InviteState};
use std::ops::Range;

impl Seatkeeper {
    /// Takes a function's next step. Returns the function unless it has ended.
    pub(crate) fn step(
        &self,
        state: &mut State,
        process: Process,
        lost: bool,
    ) -> Result<Option<Process>, NoWrite> {
        let step = self.advance(state, process, lost)?;
        if step.is_none() {
            process.ends(state);
        }
        Ok(step.map(|step| Process { step, ..process }))
    }

    /// Starts a function that writes an invite, unless the rule refuses. `None` when nothing changes.
    pub(crate) fn begin(&self, state: &mut State, place: u8, rule: Rule) -> Option<()> {
        let (now, rule) = (state.clock, state.with_next_link(place, rule));
        // Only inviting writes before it reads. The write is refused if the invite exists.
        let is_new = matches!(rule, Rule::Invite { .. });
        let row = state.table.row(place).copied();
        let seen = row.filter(|_| !is_new);
        match self.rules.apply(place, &rule, seen.as_ref(), now, now) {
            Ok(next) if seen == Some(next) => {
                self.saw(Event::Unchanged);
                Some(())
            }
            Ok(next) => {
                let holds = !is_new || row.is_none() || self.rules.wrong(Mutant::PutUnconditional);
                state.start(Step::Put { place, rule, next: Some(next).filter(|_| holds), own: Own::No })
            }
            Err(refusal) => {
                self.saw(refusal);
                Process { since: now, step: Step::Put { place, rule, next: None, own: Own::No } }.ends(state);
                state.has(Flaw::Stuck).then_some(())
            }
        }
    }

    /// `answer-invite` reads invite and deal. Then it writes the invite and, at the same time, the opt-out's item.
    pub(crate) fn answer(&self, state: &mut State, place: u8, link: u8, answer: Answer) -> Option<()> {
        let (deal, now) = (state.table.deal, state.clock);
        let (term, is_full) = (deal.term(), deal.allocated >= deal.seats);
        let voice = |said| Voice { said, number: state.begun + 1 };
        let (rule, voice) = match answer {
            Answer::Decline => (Rule::Decline { link, term }, None),
            Answer::Ask => {
                let voice = voice(Said::Ask);
                (Rule::Ask { link, term, is_full, voice }, Some(voice))
            }
            Answer::OptOut => (Rule::OptOut { link, voice: voice(Said::No) }, Some(voice(Said::No))),
        };
        let row = state.table.row(place).copied();
        let is_refused = self.rules.apply(place, &rule, row.as_ref(), now, now).is_err();
        if is_refused && answer == Answer::Ask && self.rules.wrong(Mutant::AskLiftsAlways) {
            state.table.opted_out = false;
            return Some(());
        }
        if let Some(voice) = voice.filter(|_| !is_refused) {
            // Of two at once, either may come first, and neither is relied on.
            let is_alone = !state.running().any(|(_, other)| other.voice().is_some());
            let is_early = voice.said == Said::No && self.rules.wrong(Mutant::OptOutAnswersEarly);
            state.begun = voice.number + u8::from(!is_alone);
            state.said = is_early.then_some(Said::No);
            state.start(Step::OptOut(voice))?;
        }
        self.begin(state, place, rule)
    }

    /// The step itself. `None` when the function has ended. With `lost`, the response to its write is lost and the
    /// function repeats the write. `Err` when the step has no write.
    fn advance(&self, state: &mut State, process: Process, lost: bool) -> Next {
        let Process { since, step } = process;
        let rules = self.rules;
        match step {
            Step::Put { place, rule, next, own } => self.put(state, since, (place, rule, next, own), lost),
            Step::Mail { .. } => Err(NoWrite),
            Step::Check { held, seen } => {
                needs_no_write(lost)?;
                let unwanted = state.said == Some(Said::No);
                if state.table.opted_out && !rules.wrong(Mutant::SendLooksBefore) {
                    self.saw(Event::Withheld);
                    return Ok(self.record(state, (held, seen), Verdict::OptedOut));
                }
                Ok(Some(Step::Mail { held, seen, unwanted }))
            }
            Step::OptOut(Voice { said, .. }) => {
                if said == Said::No || !rules.wrong(Mutant::AskLiftsNothing) {
                    state.table.opted_out = said == Said::No;
                }
                Ok(lost.then_some(step))
            }
            Step::Look { place, expected, own } => {
                needs_no_write(lost)?;
                let verdict = state.table.may_release(rules, place, expected);
                let seat = verdict.map_err(|refusal| self.saw(Event::Release(refusal)));
                Ok(seat.ok().map(|(learner, sends)| Step::Release { place, expected, learner, sends, own }))
            }
            Step::Release { own: true, .. } if !rules.wrong(Mutant::ReleaseRepeated) => {
                self.known_again(lost)
            }
            Step::Release { place, expected, learner, sends, own } => {
                let released = state.table.release(rules, place, learner, sends);
                if released {
                    self.wrote(state, place, true, false);
                }
                self.saw(if released { Event::Released } else { Event::Release(InviteRefusal::Stale) });
                state.flaw(Flaw::Twice, own && released);
                match (released, lost) {
                    (true, true) => Ok(Some(Step::Release { place, expected, learner, sends, own: true })),
                    (true, false) => Ok(None),
                    (false, true) => Err(NoWrite),
                    (false, false) => Ok(Some(Step::Look { place, expected, own })),
                }
            }
            Step::Accept(click) => self.accept(state, click, lost),
            Step::Unsure(click) => {
                needs_no_write(lost)?;
                let verdict = state.table.may_accept(rules, click);
                if verdict.is_ok() {
                    return Ok(Some(Step::Accept(Click { now: state.clock, ..click })));
                }
                self.accept_answered(state, click, verdict);
                Ok(None)
            }
            Step::AcceptRest { place, learner } => {
                needs_no_write(lost)?;
                state.table.take_seat(place, learner);
                Ok(None)
            }
            Step::Change { own: true, .. } if !rules.wrong(Mutant::ChangeRepeated) => self.known_again(lost),
            Step::Change { which, expected, own } => {
                let Some(change) = self.bounds.changes.get(usize::from(which)) else { return Err(NoWrite) };
                let verdict = state.table.change(rules, *change, expected);
                self.saw(verdict.map_or_else(Event::Change, |()| Event::Changed));
                state.flaw(Flaw::Twice, own && verdict.is_ok());
                if verdict.is_err() {
                    needs_no_write(lost)?;
                }
                Ok(lost.then_some(Step::Change { which, expected, own: true }))
            }
        }
    }

    /// DynamoDB recognises the transaction by its token.
    fn known_again(&self, lost: bool) -> Next {
        needs_no_write(lost)?;
        self.saw(Event::OwnWrite);
        Ok(None)
    }

    /// A `PutItem` of `Store::change`, and the function's reaction.
    fn put(
        &self,
        state: &mut State,
        since: u8,
        (place, rule, next, own): (u8, Rule, Option<Row>, Own),
        lost: bool,
    ) -> Next {
        let rules = self.rules;
        if let Some(row) = next {
            self.written(state, since, place, &rule, &row, own);
            *state.table.row_mut(place) = Some(row);
            let raises = !rules.wrong(Mutant::ChangeKeepsVersion);
            self.wrote(state, place, raises, false);
            if !lost {
                return Ok(self.after(state, place, &rule));
            }
            let own = if rules.leaves_a_writer(&rule) { Own::Known } else { Own::Forgotten };
            let is_stored = rule.link().is_some_and(|link| row.links.has(link));
            let rule = if is_stored { rule } else { rule.with_link(NO_LINK) };
            return Ok(Some(Step::Put { place, rule, next: next.filter(|_| !raises), own }));
        }
        needs_no_write(lost)?;
        if own == Own::Known {
            self.saw(Event::OwnWrite);
            return Ok(self.after(state, place, &rule));
        }
        self.saw(Event::Conflicted);
        let rule = state.with_next_link(place, rule);
        let row = state.table.row(place).copied();
        match rules.apply(place, &rule, row.as_ref(), since, state.clock) {
            Err(refusal) => {
                self.saw(refusal);
                let is_success = matches!(
                    refusal,
                    Event::Cancel(InviteRefusal::AlreadyDone) | Event::Resend(InviteRefusal::JustResent)
                );
                let is_answered = !matches!(
                    rule,
                    Rule::Claim { .. }
                        | Rule::Remind { .. }
                        | Rule::Record { .. }
                        | Rule::Expire { .. }
                        | Rule::Track { .. }
                );
                // Refused after all: nobody may rely on this ask.
                state.begun += u8::from(rule.voice().is_some());
                state.flaw(Flaw::Unanswered, own != Own::No && is_answered && !is_success);
                Ok(None)
            }
            Ok(next) if row == Some(next) => {
                self.saw(Event::Unchanged);
                Ok(self.after(state, place, &rule))
            }
            next => Ok(Some(Step::Put { place, rule, next: next.ok(), own })),
        }
    }

    fn written(&self, state: &mut State, since: u8, place: u8, rule: &Rule, next: &Row, own: Own) {
        self.saw(Event::of_write(rule, next));
        state.flaw(Flaw::Twice, own != Own::No);
        let before = state.table.row(place).copied();
        if let Some(link) = rule.link().filter(|link| next.links.has(*link)) {
            state.made(place, link);
        }
        let Some(before) = before else { return };
        state.flaw(Flaw::LessTrue, before.sends == next.sends && next.mail < before.mail);
        match rule {
            Rule::Resend { expected, .. } => {
                let doubled = match expected {
                    Some(sends) => before.sends != *sends,
                    None => before.resent_at.is_some_and(|resent_at| since <= resent_at),
                };
                state.flaw(Flaw::DoubleClick, doubled);
            }
            Rule::Claim { link, .. } => {
                let revived = next.links.has(*link) && before.expires_at <= next.attempted_at;
                state.flaw(Flaw::Revived, revived);
            }
            Rule::Remind { term, is_full, .. } => {
                let may_go_out = |now: u8| {
                    let now_in_tenths = u16::from(now) * 10;
                    let in_time = self.reminder(&before).is_some_and(|time| time.contains(&now_in_tenths));
                    in_time && !is_full && !before.opted_out && term.starts <= now && now < term.ends
                };
                if next.remind_attempts > 0 {
                    let is_waiting = before.is(InviteState::Open)
                        && matches!(before.mail, Mail::Sent | Mail::Delivered)
                        && !before.opted_out;
                    state.flaw(Flaw::Reminded, !is_waiting);
                    let leased = LEASE << (next.remind_attempts - 1);
                    let claimed_at = next.lease_until.unwrap_or_default().saturating_sub(leased);
                    state.flaw(Flaw::Untimely, !may_go_out(claimed_at));
                } else {
                    state.mailboxes[usize::from(place)]
                        .dropped
                        .insert(mail(before.sends, before.reminded + 1));
                    state.flaw(Flaw::Untimely, may_go_out(since) && may_go_out(state.clock));
                }
            }
            Rule::Record { held, verdict: Verdict::Rejected | Verdict::OptedOut }
                if held.reminder.is_some() =>
            {
                state.mailboxes[usize::from(place)].dropped.insert(mail(held.sends, held.kind()));
            }
            Rule::Expire { .. } => state.flaw(Flaw::ExpiredEarly, before.expires_at > state.clock),
            _ => {}
        }
    }

    /// When the next reminder may go out, in tenths of a tick: until the following one, and not in the last tenth of the
    /// lifetime.
    pub(crate) fn reminder(&self, row: &Row) -> Option<Range<u16>> {
        let last = u16::from(self.bounds.lifetime) * 9;
        let after = |number: u8| {
            let after = u16::from(*self.bounds.reminders.get(usize::from(number))?) * 10;
            Some(after).filter(|after| *after < last)
        };
        let sent_at = u16::from(row.sent_at?) * 10;
        let (begins, ends) = (after(row.reminded)?, after(row.reminded + 1).unwrap_or(last));
        Some(sent_at + begins..sent_at + ends)
    }

    /// The step after a successful write: the mail, if the function holds its attempt.
    fn after(&self, state: &mut State, place: u8, rule: &Rule) -> Option<Step> {
        let (link, row) = (rule.link()?, state.table.row(place).copied()?);
        let held = self.rules.held(place, &row, link)?;
        let mut seen = row;
        if self.rules.wrong(Mutant::MarkBeforeMailing) {
            let sent = Rule::Record { held, verdict: Verdict::Sent };
            seen = self.rules.apply(place, &sent, Some(&row), state.clock, state.clock).ok()?;
            *state.table.row_mut(place) = Some(seen);
        }
        let seen = Some(seen);
        // Without answers, nobody opts out.
        let may_be_unwanted = self.bounds.budget.answers > 0;
        Some(if may_be_unwanted {
            Step::Check { held, seen }
        } else {
            Step::Mail { held, seen, unwanted: false }
        })
    }

    /// The call to SES, and the step that follows.
    pub(crate) fn ses(
        &self,
        state: &mut State,
        (held, seen): (Held, Option<Row>),
        answer: SesAnswer,
    ) -> Option<Step> {
        self.saw(Event::Ses(answer));
        let now = state.clock;
        let verdict = match answer {
            SesAnswer::Sent => {
                state.deliver(held);
                if self.rules.wrong(Mutant::RequeueAfterSending) {
                    Verdict::Later(now)
                } else {
                    Verdict::Sent
                }
            }
            SesAnswer::Rejected => Verdict::Rejected,
            SesAnswer::Later => Verdict::Later(now),
            SesAnswer::Busy => Verdict::Busy(now),
            SesAnswer::SentUnheard | SesAnswer::LostUnheard => {
                if answer == SesAnswer::SentUnheard {
                    state.deliver(held);
                }
                state.doubt(held);
                match self.rules.mutant? {
                    Mutant::UnknownIsSent => Verdict::Sent,
                    Mutant::UnknownIsUntried => Verdict::Busy(now),
                    _ => return None,
                }
            }
            SesAnswer::NoTime => return None,
        };
        self.record(state, (held, seen), verdict)
    }

    /// The record of an outcome. The rule sees the invite as the claim left it.
    fn record(&self, state: &State, (held, seen): (Held, Option<Row>), verdict: Verdict) -> Option<Step> {
        let now = state.clock;
        let rule = Rule::Record { held, verdict };
        let next = match seen.map(|row| self.rules.apply(held.place, &rule, Some(&row), now, now)) {
            Some(Err(_)) => return None,
            Some(Ok(next)) if seen == Some(next) => return None,
            next => next.and_then(Result::ok),
        };
        Some(Step::Put { place: held.place, rule, next, own: Own::No })
    }

    fn accept(&self, state: &mut State, click: Click, lost: bool) -> Next {
        let Click { place, link, learner, now, .. } = click;
        let rules = self.rules;
        let verdict = state.table.may_accept(rules, click);
        if verdict.is_err() {
            needs_no_write(lost)?;
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
        let mail = |state: &State| state.table.row(place).map(|row| row.mail);
        let before = mail(state);
        state.table.accept_invite(rules, place, learner);
        let is_lower = mail(state) < before;
        state.flaw(Flaw::LessTrue, is_lower);
        let raises = !rules.wrong(Mutant::AcceptKeepsVersion);
        self.wrote(state, place, raises, rules.wrong(Mutant::AcceptDropsWriters));
        if rules.wrong(Mutant::AcceptInParts) {
            return Ok(Some(Step::AcceptRest { place, learner }));
        }
        state.table.take_seat(place, learner);
        Ok(lost.then_some(Step::Unsure(Click { own: true, ..click })))
    }

    fn accept_answered(&self, state: &mut State, click: Click, verdict: Result<(), LinkRefusal>) {
        let Err(refusal) = verdict else { return };
        self.saw(Event::Accept(refusal));
        let is_yours = matches!(refusal, LinkRefusal::AlreadyYours { .. })
            && !self.rules.wrong(Mutant::AcceptNotRecognised);
        let holds_it = state.table.seats[usize::from(click.learner)] == Some(click.place)
            && state.table.row(click.place).is_some_and(|row| row.is(InviteState::Accepted));
        // A learner without the seat is told that they have it, or one with the seat from this click is refused.
        state.flaw(Flaw::Unanswered, is_yours != holds_it && (is_yours || click.own));
    }

    /// The invite's entry in the due index, if it is due in that queue.
    pub(crate) fn due(state: &State, place: u8, queue: Queue) -> Option<Due> {
        let row = state.table.row(place)?;
        let (_, at) = row.due.filter(|(in_queue, at)| *in_queue == queue && *at <= state.clock)?;
        Some(Due { sends: row.sends, reminded: row.reminded, at })
    }
}

type Next = Result<Option<Step>, NoWrite>;

/// The step has no write whose response could be lost.
pub(crate) struct NoWrite;

fn needs_no_write(lost: bool) -> Result<(), NoWrite> {
    if lost { Err(NoWrite) } else { Ok(()) }
}
