//! Deliberate mistakes: each breaks one rule of a step. The model must find every mistake.

use crate::bounds::{
    ANSWERED, ANSWERS, ATTEMPTS, Bounds, CLICKS, DELIVERY, EVENTS, EXPIRY, REFUSALS, REMINDERS, SEATS,
    SPELLING,
};
use crate::property;

macro_rules! mutants {
    ($($name:ident in $bounds:ident by $property:ident: $what:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Mutant {
            $(#[doc = $what] $name,)*
        }

        impl Mutant {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// The bounds in which the mistake shows.
            #[must_use]
            pub fn bounds(self) -> Bounds {
                match self { $(Self::$name => $bounds,)* }
            }

            #[must_use]
            pub fn property(self) -> &'static str {
                match self { $(Self::$name => property::$property,)* }
            }
        }
    };
}

mutants! {
    AcceptIgnoresCapacity in SEATS by I1_ALLOCATED: "accept without `allocated < seats`";
    AcceptIgnoresSeat in SEATS by I1_ALLOCATED: "accept without *the learner has no seat yet*";
    AcceptIgnoresStatus in SEATS by I1_ACCEPTED: "accept without *the invite is open*";
    AcceptInParts in SEATS by I1_ACCEPTED: "accept in two writes: the invite, then seat and deal";
    ReleaseKeepsAllocated in SEATS by I1_ALLOCATED: "release without `allocated - 1`";
    ReleaseKeepsSeat in SEATS by I1_ALLOCATED: "release without deleting the seat";
    ReleaseIgnoresStatus in SEATS by I1_ALLOCATED: "release without *the invite is accepted* and *the seat is there*";
    ResizeIgnoresAllocated in SEATS by I1_ALLOCATED: "resize without `allocated <= seats`";
    CancelIgnoresStatus in EXPIRY by I1_ACCEPTED: "cancel without *not accepted*";
    InviteIgnoresAccepted in SEATS by I3_AGAIN: "invite over an accepted invite";
    AcceptIgnoresExpiry in EXPIRY by I2_IN_TIME: "accept without `expiresAt > now`";
    AcceptIgnoresTerm in EXPIRY by I2_IN_TIME: "accept without the deal's end";
    ClaimIgnoresExpiry in DELIVERY by I2_EXPIRED: "claim without `expiresAt > now`";
    KeyAsTyped in SPELLING by I3_ONE: "invite ids use the address as typed";
    CancelledBlocks in EXPIRY by I3_AGAIN: "a cancelled invite can't be invited again";
    MarkBeforeMailing in DELIVERY by I4_SENT: "record as sent before the call to SES";
    UnknownIsSent in DELIVERY by I4_SENT: "a lost response of SES is taken for *sent*";
    SentByStatus in DELIVERY by I4_SENT: "record as sent by status, not by the attempt's link";
    FailByStatus in DELIVERY by I4_FAILED: "record as failed by status, not by the attempt";
    NoLease in DELIVERY by I4_ONCE: "no lease: due at once";
    LeaseOutlived in DELIVERY by I4_ONCE: "a function may run for longer than its lease";
    ClaimIgnoresLease in DELIVERY by I4_ONCE: "claim while another function holds the mail";
    RequeueAfterSending in DELIVERY by I4_ONCE: "a sent mail is requeued";
    RequeueByNobody in DELIVERY by I4_ONCE: "requeue although the invite changed after the attempt";
    OutcomeLowersAccept in DELIVERY by I1_ACCEPTED: "an outcome opens an accepted invite again";
    AcceptKeepsVersion in DELIVERY by I1_ACCEPTED: "accept does not raise `version`";
    ChangeKeepsVersion in DELIVERY by I4_ONCE: "a change does not raise `version`";
    PutUnconditional in DELIVERY by I1_ACCEPTED: "a change is put without its condition";
    QueuedNotDue in DELIVERY by I4_END: "queue without a place in the due index";
    NeverNotRecorded in DELIVERY by I7_PROGRESS: "a mail that can never be sent is not marked as failed";
    OnlyLastWriterKnown in DELIVERY by I4_ANSWER: "only the newest writer is recognised";
    AcceptDropsWriters in EXPIRY by I4_ANSWER: "accept replaces the list of writers";
    AcceptNotRecognised in SEATS by I4_ANSWER: "accept: the learner's own seat is not recognised";
    InviteLeavesNoWriter in EXPIRY by I4_REPEATED: "invite records no writer: its repetition undoes a cancellation in between";
    ResendLeavesNoWriter in DELIVERY by I4_ANSWER: "resend records no writer: its repetition is refused as stale";
    CancelLeavesNoWriter in EXPIRY by I4_REPEATED: "cancel records no writer: its repetition undoes an invite in between";
    ReleaseRepeated in SEATS by I4_REPEATED: "release: its repetition releases a seat that was accepted in between";
    ChangeRepeated in ATTEMPTS by I4_REPEATED: "change of a deal: its repetition undoes a change in between";
    ResendIgnoresSeen in CLICKS by I4_DOUBLE_CLICK: "resend without the expected `sends`";
    ResendIgnoresDoubleClick in CLICKS by I4_DOUBLE_CLICK: "resend without the ten seconds";
    AcceptIgnoresLink in EXPIRY by I5_NEWEST: "accept with any link of the invite";
    ResendKeepsLinks in EXPIRY by I5_NEWEST: "resend adds its link to the old ones";
    ClaimReplacesLink in DELIVERY by I5_WORKS: "claim replaces the send's links";
    UnknownIsUntried in DELIVERY by I5_WORKS: "a lost response of SES is taken for *not attempted*";
    OldLinksDropped in EXPIRY by I5_WORKS: "resend drops the links of older sends";
    AcceptStaysDue in EXPIRY by I7_INDEX: "accept stays in the due index";
    CancelStaysDue in EXPIRY by I7_INDEX: "cancel stays in the due index";
    FailedNotDue in DELIVERY by I7_END: "an invite with a failed mail leaves the due index";
    SweepIgnoresStatus in EXPIRY by I1_ACCEPTED: "sweep without *the invite is open*";
    SweepIgnoresExpiry in EXPIRY by I7_MARKS: "sweep without *the invite has expired*";
    TrackLowers in EVENTS by I9_TRUER: "an event of a lower rank changes the delivery";
    TrackIgnoresSend in EVENTS by I9_NEWEST: "an event of an older send counts";
    TrackKeepsDue in EVENTS by I7_INDEX: "an event leaves a queued mail in the send queue";
    RecordLowers in EVENTS by I9_TRUER: "the record of a sent mail overwrites its event";
    AcceptLowers in EVENTS by I9_TRUER: "accept overwrites an event";
    DeclineIgnoresStatus in ANSWERS by I1_ACCEPTED: "decline without *not accepted*: a seat without an accepted invite";
    DeclineStopsLink in ANSWERS by I5_WORKS: "decline stops the newest link";
    DeclineStaysDue in ANSWERS by I7_INDEX: "decline stays in the queue of what expires";
    DeclineLeavesNoWriter in REFUSALS by I4_ANSWER: "decline records no writer: its repetition is refused after an accept";
    AcceptKeepsAsk in ANSWERS by I10_SETTLED: "accept leaves `askedAt`";
    SendLooksBefore in ANSWERS by I10_MAIL: "a send looks for an opt-out when its request begins, and not before its mail";
    OptOutAnswersEarly in ANSWERS by I10_STANDS: "an opt-out is answered before its item is written";
    AskLiftsNothing in ANSWERS by I10_LIFTED: "ask leaves the opt-out";
    AskLiftsAlways in ANSWERS by I10_STANDS: "a refused ask lifts the opt-out";
    RemindedByClaim in REMINDERS by I4_REMINDED: "a reminder counts as out once it is claimed";
    ReminderStaysNext in REMINDERS by I4_ONCE: "a reminder that went out stays the next one";
    ReminderNotDue in REMINDERS by I7_INDEX: "a sent invite with reminders waits for its expiry only";
    RemindIgnoresLease in REMINDERS by I4_ONCE: "remind while another function holds the reminder";
    RemindIgnoresEnd in REMINDERS by I4_TIMELY: "remind in the last tenth of the lifetime";
    RemindReplacesLink in REMINDERS by I5_WORKS: "a reminder replaces the send's links";
    RemindIgnoresSeats in ANSWERED by I4_TIMELY: "remind while the deal is full";
    RemindIgnoresStatus in ANSWERED by I10_REMINDED: "remind without *the invite is open*";
    RemindIgnoresDelivery in ANSWERED by I10_REMINDED: "remind although the mail bounced";
    RemindIgnoresOptOut in ANSWERED by I10_REMINDED: "remind although the person opted out";
    EventDropsClaim in ANSWERED by I4_ONCE: "an event about the mail ends the claim of a reminder";
    SweepMarksHalf in EXPIRY by I7_INDEX: "sweep removes an invite from the index and leaves it open";
}
