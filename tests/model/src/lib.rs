//! A model of Seatkeeper, to be looked at in every state that it can reach.
//!
//! Tests draw interleavings; this looks at all of them, within bounds. The table, the mailboxes, the clock and the
//! functions that are under way are one value, [`State`]; what may happen next is an [`Action`]; `stateright` walks from
//! state to state and holds each against the invariants, [`property`]. What a write makes of an invite is asked of the
//! very rules of `shared::domain`: the table's row becomes the domain's invite, and what the rule returns a row again.
//!
//! ```text
//! cargo run --locked -p model                # what the tests run: the small bounds, and the table of mistakes
//! cargo run --locked -p model -- --large     # larger bounds: half an hour or so, and 3 GB
//! ```
//!
//! ## What is modelled
//!
//! - **Functions** go from request to request: one write of the store, one read on which a write depends, or one call
//!   of SES is a step, and anything may happen between two. What a function has read gets old in its memory: the deal, the
//!   due index, the invite, its own `now`.
//! - **Optimistic locking**: a function puts what a rule made of the invite as it saw it. If somebody wrote the invite
//!   since, the put is refused, and the rule is asked again about the invite as it is. Versions have no numbers here. Each
//!   write of an invite, accept and release included, ends what all other functions have seen of it.
//! - **Crashes** end a function between any two steps once it has written something. (Before that, its death is as if it
//!   had never been called.)
//! - **Lost answers** of the table: the write happened, and the function repeats it. A repeated put is refused by its own
//!   write, and finds its id among the writers. A release is a transaction, which DynamoDB knows again by its token for ten
//!   minutes; accepting looks first, as the store does. Conflicts: an accept that was cancelled by another transaction.
//! - **SES** takes a mail, refuses it for good, for now, or all of them; it gives no answer, having taken it or not; or a
//!   function has no time left to ask it.
//! - **Managers** invite (again), resend, cancel, release, with what they saw (`If-Match`) or without; partnership
//!   managers resize the deal and move its start and end. **Learners** click on any link of any mail that was ever
//!   delivered, whoever it was for, any number of times. **Sweep** and **deliverer** run whenever something is due, also
//!   several at once.
//! - **Time** goes in ticks of half a minute, at any moment, but no function is under way when the lease ends that it
//!   took at its beginning. Functions refuse to start with settings that would allow it. [`mutant::Mutant::LeaseOutlived`]
//!   shows what that refusal is for.
//! - **In the end**: the last tick leads to a time at which all leases are over. Whatever can still be done is done, and
//!   then nothing may be queued or expired and not marked. That runs get there is I7's progress: none leaves an invite due
//!   as it found it, and crashes are few.
//!
//! ## What is not
//!
//! - **The store's conditions.** The model asks `may_accept` and `may_release`; that DynamoDB's conditions say the same is
//!   for `shared/tests/store/`. What accepting and releasing leave, and an invite's place in the due index, are said again in
//!   `table.rs`, by hand.
//! - **That a release raises the version.** No rule writes an accepted invite, so nobody can hold one that a release made
//!   old. A test on the wire holds every write to it.
//! - **Eight writers, ten attempts.** Within these bounds, fewer than eight others write between a write and its
//!   repetition, and no function is refused ten times.
//! - **A put that meets a transaction**: it is the same put again.
//! - **The functions' code.** The order of their steps was taken over by hand from `change.rs`, `sending/`, `sweep.rs` and
//!   the handlers.
//! - **Requests of many rows, batches, the send rate, paging.** Each row is a function of its own here; it gets its answer
//!   when the outcome of its own mail is recorded. Shards and `SENDING_PAUSED` are left out: a run that does not begin changes nothing.
//! - **Requests that arrive late**: a write that got no answer happens at once or not at all, never after the lease; and
//!   clocks that differ between functions by more than a tick.
//! - **Jitter**: each wait is the shortest. Eight attempts take hours: within the bounds `tries`, the first is the eighth.
//! - **An index that lags** by more than the time between a sweep's reading and its writing.
//! - **What is read**: pages, counts, previews, `sentAt` (I2's readers), and all of HTTP (I6, I8). Secrets are distinct
//!   numbers; nobody guesses one.
//! - **Several deals, purging.** Nothing that is written crosses a deal but a learner's own seats, whose key has the deal.
//!
//! ## How far to trust it
//!
//! Each check is complete within its [`bounds::Bounds`], but for two things. States are told apart by 64 bits of a hash: at a
//! hundred million states the chance that any two collide is one in four thousand. And addresses, and learners, that have
//! not come up yet are taken to be alike, which they are. That the model can find anything is shown by [`mutant`], and
//! that what may happen does happen in it by [`events`].
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a model that is wrong about its own bounds had better stop"
)]

pub mod bounds;
pub mod events;
mod model;
pub mod mutant;
mod process;
pub mod property;
mod report;
mod table;

pub use model::{Action, Seatkeeper, State};
pub use process::Answer;
pub use report::{Checked, Found, check, find, line, table, threads};
