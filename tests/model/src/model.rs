//! The state: table, mailboxes, running functions and the clock; and the actions that may follow.

use crate::bounds::{Bounds, Budget, INVITES, LATER, LEARNERS, LEASE, LINKS, PROCESSES};
use crate::events::{Event, Seen};
use crate::mutant::Mutant;
use crate::process::{Process, SesAnswer, Step};
use crate::property;
use crate::rules::{Rules, keys};
use crate::table::{Click, DealRow, Held, Mail, Queue, Rule, Set, Table};
use stateright::{Model, Property};
use std::hash::{Hash, Hasher};

/// Seatkeeper within bounds, with or without a deliberate mistake.
pub struct Seatkeeper {
    pub(crate) bounds: Bounds,
    pub(crate) rules: Rules,
    keys: Vec<u8>,
    pub(crate) people: Vec<u8>,
    are_alike: bool,
    /// Whether the checker says which property is broken.
    pub(crate) by_name: bool,
    pub seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Letter {
    pub(crate) copies: u8,
    pub(crate) send: u8,
    /// 0 is the invitation; the reminders follow.
    kind: u8,
    /// The expiry that the mail states.
    pub(crate) until: u8,
}

/// An invite's mails, by the numbers of their links.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Mailbox {
    pub(crate) letters: [Letter; LINKS as usize],
    made: u8,
    /// Mails of each send and kind that may be unrecorded: SES's response was lost, or the function died. Only these may
    /// go out more than once.
    pub(crate) doubtful: Set,
    /// Reminders that were dropped.
    pub(crate) dropped: Set,
    /// Sends of which SES published an event.
    pub(crate) told: Set,
}

/// Only the letters that can be there, each in one piece: most of a check's time goes into hashes of states.
impl Hash for Mailbox {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for Letter { copies, send, kind, until } in &self.letters[..usize::from(self.made)] {
            u32::from_le_bytes([*copies, *send, *kind, *until]).hash(hasher);
        }
        (self.made, self.doubtful, self.dropped, self.told).hash(hasher);
    }
}

impl Mailbox {
    pub(crate) fn copies(&self, send: u8) -> u8 {
        self.letters.iter().filter(|letter| letter.send == send).map(|letter| letter.copies).sum()
    }

    pub(crate) fn copies_of(&self, send: u8, kind: u8) -> u8 {
        let letters = self.letters.iter().filter(|letter| letter.send == send && letter.kind == kind);
        letters.map(|letter| letter.copies).sum()
    }
}

/// Kinds of mail of a send.
pub(crate) const KINDS: u8 = 3;

/// The number of a mail.
pub(crate) fn mail(send: u8, kind: u8) -> u8 {
    send * KINDS + kind
}

/// A violation by a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    /// Accepted after the expiry or outside the deal's term.
    AcceptedLate,
    /// A claim moved the expiry of an expired send.
    Revived,
    /// Accepted with a link of an older send.
    OldLink,
    /// A successful write got a refusal.
    Unanswered,
    /// Two resends with the same expected sends, or within ten seconds.
    DoubleClick,
    /// Marked as expired before its time.
    ExpiredEarly,
    /// A repeated write happened twice.
    Twice,
    /// A sweep did not change the due invite that it found.
    Stuck,
    /// A write of the same send made its delivery less true.
    LessTrue,
    /// A mail whose call began after an opt-out was answered.
    Unwanted,
    /// A reminder was claimed after an answer, or although its mail did not arrive.
    Reminded,
    /// A reminder was claimed outside of its time or for a deal that is full or does not run, or dropped at its time.
    Untimely,
    /// More links than the model can hold.
    TooManyLinks,
}

/// What a learner may answer besides accepting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Decline,
    Ask,
    OptOut,
}

/// What a learner said of further mail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Said {
    No,
    Ask,
}

/// Everything at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct State {
    pub(crate) clock: u8,
    pub(crate) table: Table,
    pub(crate) mailboxes: [Mailbox; INVITES as usize],
    /// Sorted, so that equal sets of functions are equal states.
    pub(crate) processes: [Option<Process>; PROCESSES as usize],
    left: Budget,
    /// The requested changes of the deal, and how many addresses and learners were used. Unused ones are alike, so the
    /// next one is always the next number.
    changed: Set,
    invited: u8,
    clicked: u8,
    /// The newest opt-out or ask that was answered, unless another has begun since; and how many have begun.
    pub(crate) said: Option<Said>,
    pub(crate) begun: u8,
    flaws: Set,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Action {
    Tick,
    Invite(u8),
    Resend(u8, Option<u8>),
    Cancel(u8, Option<u8>),
    Release(u8, Option<u8>),
    Change(u8, Option<u8>),
    Click {
        learner: u8,
        place: u8,
        link: u8,
    },
    /// SES publishes an event about a mail: its number in `Mail::TOLD`.
    Tell {
        place: u8,
        link: u8,
        told: u8,
    },
    /// A learner answers by a mail's link.
    Answer {
        place: u8,
        link: u8,
        answer: Answer,
    },
    /// The deliverer or the sweep takes up an invite that is due.
    Run(Queue, u8),
    Step(u8),
    StepUnheard(u8),
    Ses(u8, SesAnswer),
    Conflict(u8),
    Crash(u8),
}

impl State {
    /// The rule with a new link, whose number is reserved when the link is stored.
    pub(crate) fn with_next_link(&mut self, place: u8, rule: Rule) -> Rule {
        let made = self.mailboxes[usize::from(place)].made;
        self.flaw(Flaw::TooManyLinks, made >= LINKS && rule.link().is_some());
        rule.with_link(made.min(LINKS - 1))
    }

    pub(crate) fn made(&mut self, place: u8, link: u8) {
        let mailbox = &mut self.mailboxes[usize::from(place)];
        mailbox.made = mailbox.made.max(link + 1);
    }

    pub(crate) fn deliver(&mut self, held: Held) {
        let letter = &mut self.mailboxes[usize::from(held.place)].letters[usize::from(held.link)];
        let (copies, kind) = (letter.copies + 1, held.kind());
        *letter = Letter { copies, send: held.sends, kind, until: held.expires_at };
    }

    /// A mail of this send may be unrecorded.
    pub(crate) fn doubt(&mut self, held: Held) {
        self.mailboxes[usize::from(held.place)].doubtful.insert(mail(held.sends, held.kind()));
    }

    pub(crate) fn flaw(&mut self, flaw: Flaw, is_one: bool) {
        if is_one {
            self.flaws.insert(flaw as u8);
        }
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaws.has(flaw as u8)
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = (u8, Process)> {
        (0..).zip(self.processes).filter_map(|(number, process)| Some((number, process?)))
    }

    /// No function runs, no invite is due, and the clock has stopped.
    pub(crate) fn is_over(&self) -> bool {
        let is_due = |place| Queue::ALL.iter().any(|queue| Seatkeeper::due(self, place, *queue).is_some());
        self.clock == LATER && self.running().next().is_none() && !(0..INVITES).any(is_due)
    }

    pub(crate) fn start(&mut self, step: Step) -> Option<()> {
        let slot = self.processes.iter_mut().find(|slot| slot.is_none())?;
        *slot = Some(Process { since: self.clock, step });
        Some(())
    }
}

impl Seatkeeper {
    #[must_use]
    pub fn new(bounds: Bounds, mutant: Option<Mutant>) -> Self {
        let rules = Rules::new(&bounds, mutant);
        let keys_of = |as_typed| keys(bounds.addresses, as_typed);
        let keys = keys_of(rules.wrong(Mutant::KeyAsTyped));
        let people = keys_of(false);
        let are_alike = (0..).zip(&people).all(|(place, person)| place == *person);
        Self { bounds, rules, keys, people, are_alike, by_name: true, seen: Seen::default() }
    }

    /// A function wrote this invite. `raises` and `drops_writers` are as in [`Process::others_wrote`].
    pub(crate) fn wrote(&self, state: &mut State, place: u8, raises: bool, drops_writers: bool) {
        let is_seen = raises && !self.rules.wrong(Mutant::PutUnconditional);
        let is_overlooked = drops_writers || self.rules.wrong(Mutant::OnlyLastWriterKnown);
        for process in state.processes.iter_mut().flatten() {
            process.others_wrote(place, is_seen, is_overlooked);
        }
    }

    pub(crate) fn saw(&self, event: Event) {
        self.seen.add(event);
    }

    /// The `If-Match` that callers may send: none, or the current number.
    fn expected(&self, seen: u8) -> impl Iterator<Item = Option<u8>> + use<> {
        [None, Some(seen)].into_iter().take(if self.bounds.if_match { 2 } else { 1 })
    }

    fn people_act(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        let numbers = |count: usize| 0..u8::try_from(count).unwrap_or(u8::MAX);
        let runs = state.table.deal.runs(state.clock);
        if left.invites > 0 && runs {
            let known = usize::from(state.invited) + 1;
            // Spellings of one address differ. Addresses of different people are alike.
            let count = if self.are_alike { known.min(self.keys.len()) } else { self.keys.len() };
            actions.extend(numbers(count).map(Action::Invite));
        }
        for (place, row) in (0..INVITES).zip(&state.table.invites) {
            let Some(row) = row else { continue };
            if left.resends > 0 && runs {
                actions.extend(self.expected(row.sends).map(|seen| Action::Resend(place, seen)));
            }
            if left.cancels > 0 {
                actions.extend(self.expected(row.sends).map(|seen| Action::Cancel(place, seen)));
            }
            if left.releases > 0 {
                actions.extend(self.expected(row.sends).map(|seen| Action::Release(place, seen)));
            }
            let letters = state.mailboxes[usize::from(place)].letters;
            for (link, _) in (0..).zip(letters).filter(|(_, letter)| letter.copies > 0) {
                if left.events > 0 {
                    actions.extend(numbers(Mail::TOLD.len()).map(|told| Action::Tell { place, link, told }));
                }
                if left.answers > 0 {
                    let answers = [Answer::Decline, Answer::Ask, Answer::OptOut];
                    actions.extend(answers.map(|answer| Action::Answer { place, link, answer }));
                }
                if left.clicks > 0 {
                    let learners = 0..self.bounds.learners.min(state.clicked + 1);
                    actions.extend(learners.map(|learner| Action::Click { learner, place, link }));
                }
            }
        }
        for which in numbers(self.bounds.changes.len()).filter(|which| !state.changed.has(*which)) {
            actions.extend(self.expected(state.table.deal.revision).map(|seen| Action::Change(which, seen)));
        }
    }

    /// The steps and failures of running functions.
    fn functions_act(state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        let mut before = None;
        for (number, process) in state.running() {
            // Two equal functions are alike.
            if before.replace(process) == Some(process) {
                continue;
            }
            if let Step::Mail { .. } = process.step {
                let answers = SesAnswer::ALL.into_iter();
                let may = |answer: &SesAnswer| *answer == SesAnswer::Sent || left.ses > 0;
                actions.extend(answers.filter(may).map(|answer| Action::Ses(number, answer)));
            } else {
                actions.push(Action::Step(number));
                if left.losses > 0 {
                    actions.push(Action::StepUnheard(number));
                    if let Step::Accept(_) = process.step {
                        actions.push(Action::Conflict(number));
                    }
                }
            }
            if left.crashes > 0 && process.matters() {
                actions.push(Action::Crash(number));
            }
        }
    }

    fn next_tick(&self, state: &State) -> u8 {
        if state.clock < self.bounds.ends { state.clock + 1 } else { LATER }
    }

    /// Whether every running function would still be within its lease after a tick.
    fn may_tick(&self, state: &State) -> bool {
        let next = self.next_tick(state);
        let in_time = |process: Process| next < process.since + LEASE;
        state.clock < LATER
            && (self.rules.wrong(Mutant::LeaseOutlived)
                || state.running().all(|(_, process)| in_time(process)))
    }

    /// Applies the action. `None` when it is impossible or changes nothing.
    fn act(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Tick => state.clock = self.next_tick(state),
            Action::Invite(address) => {
                state.left.invites -= 1;
                state.invited = state.invited.max(address + 1);
                let place = *self.keys.get(usize::from(address))?;
                let opted_out = state.table.opted_out;
                self.begin(state, place, Rule::Invite { address, link: 0, opted_out })?;
            }
            Action::Resend(place, expected) => {
                state.left.resends -= 1;
                let opted_out = state.table.opted_out;
                self.begin(state, place, Rule::Resend { expected, link: 0, opted_out })?;
            }
            Action::Cancel(place, expected) => {
                state.left.cancels -= 1;
                self.begin(state, place, Rule::Cancel { expected })?;
            }
            Action::Release(place, expected) => {
                state.left.releases -= 1;
                state.start(Step::Look { place, expected, own: false })?;
            }
            Action::Change(which, expected) => {
                state.changed.insert(which);
                state.start(Step::Change { which, expected, own: false })?;
            }
            Action::Click { learner, place, link } => {
                state.left.clicks -= 1;
                state.clicked = state.clicked.max(learner + 1);
                state.start(Step::Accept(Click { place, link, learner, now: state.clock, own: false }))?;
            }
            Action::Tell { place, link, told } => {
                state.left.events -= 1;
                let mailbox = &mut state.mailboxes[usize::from(place)];
                let send = mailbox.letters[usize::from(link)].send;
                mailbox.told.insert(send);
                self.begin(state, place, Rule::Track { send, told: Mail::TOLD[usize::from(told)] })?;
            }
            Action::Answer { place, link, answer } => {
                state.left.answers -= 1;
                self.answer(state, place, link, answer)?;
            }
            Action::Run(queue, place) => {
                let (due, deal) = (Self::due(state, place, queue)?, state.table.deal);
                let (term, is_full) = (deal.term(), deal.allocated >= deal.seats);
                let rule = match queue {
                    Queue::Send => Rule::Claim { due, term, link: 0 },
                    Queue::Remind => Rule::Remind { due, term, is_full, link: 0 },
                    Queue::Expire => Rule::Expire { due },
                };
                self.begin(state, place, rule)?;
            }
            Action::Step(number) => self.take_step(state, number, false)?,
            Action::StepUnheard(number) => {
                state.left.losses -= 1;
                self.take_step(state, number, true)?;
            }
            Action::Ses(number, answer) => {
                state.left.ses -= u8::from(answer != SesAnswer::Sent);
                let process = state.processes[usize::from(number)].take()?;
                let Step::Mail { held, seen, unwanted } = process.step else { return None };
                let copies = state.mailboxes[usize::from(held.place)].copies(held.sends);
                let step = self.ses(state, (held, seen), answer);
                let is_sent = copies < state.mailboxes[usize::from(held.place)].copies(held.sends);
                state.flaw(Flaw::Unwanted, unwanted && is_sent);
                state.processes[usize::from(number)] = step.map(|step| Process { step, ..process });
            }
            Action::Conflict(number) => {
                state.left.losses -= 1;
                let process = state.processes[usize::from(number)].as_mut()?;
                let Step::Accept(click) = process.step else { return None };
                process.step = Step::Unsure(click);
            }
            Action::Crash(number) => {
                state.left.crashes -= 1;
                let process = state.processes[usize::from(number)].take()?;
                if let Some(held) = process.unrecorded() {
                    state.doubt(held);
                }
                // The two writes of an answer are one function's.
                for other in state.processes.iter_mut().filter(|_| process.voice().is_some()) {
                    other.take_if(|other| other.voice() == process.voice());
                }
            }
        }
        state.processes.sort_unstable_by(|one, other| other.cmp(one));
        Some(())
    }

    fn take_step(&self, state: &mut State, number: u8, lost: bool) -> Option<()> {
        let process = state.processes[usize::from(number)].take()?;
        state.processes[usize::from(number)] = self.step(state, process, lost).ok()?;
        Some(())
    }
}

impl Model for Seatkeeper {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Bounds { seats, ends, budget, .. } = self.bounds;
        vec![State {
            clock: 0,
            table: Table {
                deal: DealRow { seats, allocated: 0, starts: 0, ends, revision: 1 },
                invites: [None; INVITES as usize],
                seats: [None; LEARNERS as usize],
                opted_out: false,
            },
            mailboxes: [Mailbox::default(); INVITES as usize],
            processes: [None; PROCESSES as usize],
            left: budget,
            changed: Set::default(),
            invited: 0,
            clicked: 0,
            said: None,
            begun: 0,
            flaws: Set::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let running = state.running().count();
        if self.may_tick(state) {
            actions.push(Action::Tick);
        }
        Self::functions_act(state, actions);
        if running >= self.bounds.processes {
            return;
        }
        self.people_act(state, actions);
        let sweeping = |(_, process): &(u8, Process)| process.due().is_some();
        if state.running().filter(sweeping).count() < self.bounds.sweepers {
            let runs = (0..INVITES).flat_map(|place| Queue::ALL.map(|queue| (queue, place)));
            let due = runs.filter(|(queue, place)| Self::due(state, *place, *queue).is_some());
            actions.extend(due.map(|(queue, place)| Action::Run(queue, place)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        self.act(&mut state, action)?;
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        property::properties(self.by_name)
    }
}
