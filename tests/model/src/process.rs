//! Running functions: the next request of each, and its memory. What a function has read stays in its memory and becomes
//! stale.

use crate::model::{Flaw, Said, State};
use crate::table::{Click, Due, Held, NO_LINK, Queue, Row, Rule, Verdict};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Process {
    /// The start of its request, from which its timeout counts.
    pub(crate) since: u8,
    pub(crate) step: Step,
}

/// Whether a function's write has happened and its response was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Own {
    No,
    /// The function's id is among the item's writers.
    Known,
    Forgotten,
}

/// The next request of a function. `own` says whether a transaction has happened and its response was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Step {
    /// The `PutItem` of `Store::change`, with the rule's result for the invite that the function saw. `next` is missing
    /// once another function wrote the invite: then the put is refused.
    Put { place: u8, rule: Rule, next: Option<Row>, own: Own },
    /// The read of the opt-out before the call to SES. `seen` is the invite as the claim left it, until another
    /// function writes it.
    Check { held: Held, seen: Option<Row> },
    /// The call to SES, which began with that read. `unwanted` says whether an opt-out had been answered then.
    Mail { held: Held, seen: Option<Row>, unwanted: bool },
    /// `answer-invite`: the write of the opt-out's item, beside the write of the invite.
    OptOut(Voice),
    /// `release-seat`: the read of the seat's holder.
    Look { place: u8, expected: Option<u8>, own: bool },
    /// `release-seat`: the transaction.
    Release { place: u8, expected: Option<u8>, learner: u8, sends: u8, own: bool },
    /// `accept-invite`: the transaction, at the time of this attempt.
    Accept(Click),
    /// `accept-invite`: the read after an attempt without a response.
    Unsure(Click),
    /// The second write of the mistake to accept in two writes.
    AcceptRest { place: u8, learner: u8 },
    /// `manage-deals`: the update.
    Change { which: u8, expected: Option<u8>, own: bool },
}

/// Which opt-out or ask a write belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Voice {
    pub(crate) said: Said,
    pub(crate) number: u8,
}

/// What SES does with a mail, and the response that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SesAnswer {
    Sent,
    /// `MESSAGE_REJECTED`: refused for good.
    Rejected,
    /// `TRANSIENT_FAILURE`.
    Later,
    /// SES is throttled or stopped: the run ends, and the mail was not attempted.
    Busy,
    /// Sent, and the response was lost.
    SentUnheard,
    /// The request was lost.
    LostUnheard,
    /// The function had no time left for the request.
    NoTime,
}

impl SesAnswer {
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
    /// Whether the function has changed something or may mail. Before that, its death changes nothing.
    pub(crate) fn matters(&self) -> bool {
        match self.step {
            Step::Check { .. } | Step::Mail { .. } | Step::AcceptRest { .. } | Step::OptOut(_) => true,
            Step::Put { rule, own, .. } => {
                own != Own::No || matches!(rule, Rule::Record { .. }) || rule.voice().is_some()
            }
            Step::Accept(click) | Step::Unsure(click) => click.own,
            Step::Look { own, .. } | Step::Release { own, .. } | Step::Change { own, .. } => own,
        }
    }

    /// The entry of the due index that a sweep works on.
    pub(crate) fn due(&self) -> Option<(u8, Queue, Due)> {
        match self.step {
            Step::Put { place, rule, .. } => rule.due().map(|(queue, due)| (place, queue, due)),
            _ => None,
        }
    }

    pub(crate) fn voice(&self) -> Option<Voice> {
        match self.step {
            Step::Put { rule, .. } => rule.voice(),
            Step::OptOut(voice) => Some(voice),
            _ => None,
        }
    }

    /// The function ends. A sweep must have changed the due invite that it found.
    pub(crate) fn ends(&self, state: &mut State) {
        if let Some((place, queue, due)) = self.due() {
            let as_found = |row: &Row| {
                row.due == Some((queue, due.at)) && (row.sends, row.reminded) == (due.sends, due.reminded)
            };
            let is_stuck = state.table.row(place).is_some_and(as_found);
            state.flaw(Flaw::Stuck, is_stuck);
        }
        if let Some(Voice { said, number }) = self.voice() {
            let is_alone = !state.running().any(|(_, other)| other.voice().is_some());
            state.said = state.said.or(Some(said).filter(|_| is_alone && number == state.begun));
        }
    }

    /// The attempt whose mail was sent and not yet recorded.
    pub(crate) fn unrecorded(&self) -> Option<Held> {
        match self.step {
            Step::Put { rule: Rule::Record { held, verdict: Verdict::Sent }, own: Own::No, .. } => Some(held),
            _ => None,
        }
    }

    /// Another function wrote this invite. `raises` is false for the mistake of keeping the version, and
    /// `drops_writers` is true for the mistake of dropping the other writers.
    pub(crate) fn others_wrote(&mut self, written: u8, raises: bool, drops_writers: bool) {
        match &mut self.step {
            Step::Put { place, rule, next, own } if *place == written => {
                if raises {
                    *next = None;
                    // The link was never stored, and gets a new number when the rule is applied again.
                    if *own == Own::No {
                        *rule = rule.with_link(NO_LINK);
                    }
                }
                if drops_writers && *own == Own::Known {
                    *own = Own::Forgotten;
                }
            }
            Step::Check { held, seen } | Step::Mail { held, seen, .. } if held.place == written && raises => {
                *seen = None;
            }
            _ => {}
        }
    }
}
