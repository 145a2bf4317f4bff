//! Mistakes to be found: each drops or bends one rule of a step. A model that does not notice one of them proves less
//! than it says.

use crate::bounds::{Bounds, CLICKS, DELIVERY, EXPIRY, SEATS, SPELLING, TRIES};
use crate::property;

macro_rules! mutants {
    ($($name:ident in $bounds:ident by $property:ident: $what:literal;)*) => {
        /// A mistake in one step.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Mutant {
            $(#[doc = $what] $name,)*
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What is wrong with it.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// The bounds in which it is looked for.
            #[must_use]
            pub fn bounds(self) -> Bounds {
                match self { $(Self::$name => $bounds,)* }
            }

            /// The property that finds it.
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
    KeyAsTyped in SPELLING by I3_ONE: "invite ids made of the address as it was typed";
    CancelledBlocks in EXPIRY by I3_AGAIN: "a cancelled invite can't be invited again";
    MarkBeforeMailing in DELIVERY by I4_SENT: "mark as sent before SES is asked";
    UnknownIsSent in DELIVERY by I4_SENT: "no answer of SES taken for *sent*";
    MarkByStatus in DELIVERY by I4_SENT: "mark as sent by status, not by the claim";
    FailByStatus in DELIVERY by I4_FAILED: "mark as failed by status, not by send and try";
    NoLease in DELIVERY by I4_ONCE: "no lease: due at once";
    LeaseOutlived in DELIVERY by I4_ONCE: "a function may run for longer than its lease";
    ClaimIgnoresDue in DELIVERY by I4_ONCE: "claim without `dueAt` as it was seen";
    PutBackAfterSending in DELIVERY by I4_ONCE: "what was sent is put back for another try";
    PutBackByNobody in DELIVERY by I7_INDEX: "put back without *queued* and without the claim";
    PutOffByNobody in TRIES by I7_INDEX: "put off without *queued* and `dueAt` as it was seen";
    QueuedNotDue in DELIVERY by I4_END: "queue without a place in the due index";
    NeverNotRecorded in DELIVERY by I7_PROGRESS: "what can never be sent is not marked as failed";
    InviteNotRecognised in DELIVERY by I4_ANSWER: "invite: the repeated write does not know its own link";
    ResendNotRecognised in DELIVERY by I4_ANSWER: "resend: the repeated write does not know its own link";
    NewestRecognised in DELIVERY by I4_ANSWER: "invite, resend: the repeated write does not know its link once a newer send came";
    AcceptNotRecognised in SEATS by I4_ANSWER: "accept: the learner's own seat is not known again";
    InviteRepeated in EXPIRY by I4_REPEATED: "invite: the repeated write invites again what was cancelled meanwhile";
    ResendRepeated in EXPIRY by I4_REPEATED: "resend: the repeated write resends what was invited again meanwhile";
    CancelRepeated in EXPIRY by I4_REPEATED: "cancel: the repeated write cancels what was invited again meanwhile";
    ReleaseRepeated in SEATS by I4_REPEATED: "release: the repeated write releases what was accepted again meanwhile";
    ChangeRepeated in TRIES by I4_REPEATED: "change of a deal: the repeated write changes what was changed again meanwhile";
    ResendIgnoresSeen in CLICKS by I4_DOUBLE_CLICK: "resend without `sends` as it was seen";
    ResendIgnoresDoubleClick in CLICKS by I4_DOUBLE_CLICK: "resend without the ten seconds";
    AcceptIgnoresLink in EXPIRY by I5_NEWEST: "accept with any link of the invite";
    ResendKeepsLinks in EXPIRY by I5_NEWEST: "resend adds its link to the old ones";
    ClaimReplacesLink in DELIVERY by I5_WORKS: "claim replaces the send's links";
    UnknownIsUntried in DELIVERY by I5_WORKS: "no answer of SES taken for *not tried*";
    OldLinksForgotten in EXPIRY by I5_WORKS: "resend forgets the links of the sends before";
    AcceptStaysDue in EXPIRY by I7_INDEX: "accept stays in the due index";
    CancelStaysDue in EXPIRY by I7_INDEX: "cancel stays in the due index";
    FailedNotDue in DELIVERY by I7_END: "a failed mail's invite leaves the due index";
    SweepIgnoresStatus in EXPIRY by I1_ACCEPTED: "sweep without *the invite is open*";
    SweepIgnoresSend in EXPIRY by I7_MARKS: "sweep without `sends` and `expiresAt` as they were seen";
    SweepMarksHalf in EXPIRY by I7_INDEX: "sweep takes it out of the index and leaves it open";
}
