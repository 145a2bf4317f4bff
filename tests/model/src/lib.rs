//! A model of Seatkeeper, checked in every state that it can reach.
//!
//! Tests draw interleavings; the model checks all of them within bounds. [`State`] holds the table, the mailboxes, the
//! clock and the running functions. An [`Action`] leads to the next state. `stateright` visits every state and checks
//! each [`property`]. Writes of invites use the rules of `shared::domain` themselves.
//!
//! ```text
//! cargo run --locked -p model                # the small bounds, as the tests check them
//! cargo test … --test mistakes -- --nocapture  # prints the table of mistakes
//! make prove-model                           # larger bounds: about fifteen minutes, and 3 GB
//! ```
//!
//! ## What is modelled
//!
//! - **Functions** take steps. A step is a write, a read on which a write depends, or a call to SES. Anything may
//!   happen between two steps, so the deal, the due index, the invite and `now` become stale in a function's memory.
//! - **Optimistic locking**: a function puts the rule's result for the invite that it saw. If another function wrote
//!   the invite, the put is refused and the rule is applied to the current invite. Versions have no numbers here: each
//!   write of an invite, also by accepting and releasing, makes the copies in other functions stale.
//! - **Crashes** end a function between any two steps, once it has written something.
//! - **Lost responses** of the table: the write happened, and the function repeats it. A repeated put finds its id
//!   among the writers. DynamoDB recognises a repeated release by its token for ten minutes. Accepting reads first, as
//!   the store does. **Conflicts** cancel an accept.
//! - **SES** sends a mail, refuses it for good, for now, or with all others, or gives no response after sending it or
//!   not. A function may also run out of time before the call.
//! - **Managers** invite, resend, cancel and release, with `If-Match` or without. Partnership managers resize the deal
//!   and move its start and end. **Learners** click on any link of any mail, any number of times, and in the bounds
//!   `answers` and `refusals` decline, ask and opt out by it. **Sweep** and **deliverer** run whenever an invite is due,
//!   also several at once.
//! - **Opt-outs** are an item that a send reads when it begins and again before its mail. An opt-out and an ask write the
//!   item and the invite at the same time, in either order, and answer once both are written.
//! - **Events** about any mail that is out come at any time, twice and in any order. Each is a function of its own.
//! - **Reminders**, in the bounds `reminders` and `answered`: the deliverer claims or drops each that is due, and records its
//!   mail like any other. Lost are those that are over without a mail or a reason; the reason is worked out by hand.
//! - **Time** passes in ticks of half a minute, at any moment before the lease of a running function ends. Functions
//!   refuse settings that would allow more; [`mutant::Mutant::LeaseOutlived`] shows why.
//! - **The end**: after the last tick all leases have ended. Once no step is left, no mail may be queued, and no
//!   expired invite unmarked. Runs get there because none leaves its due invite unchanged (I7), and crashes are few.
//!
//! ## What is not
//!
//! - **The store's conditions.** The model uses `may_accept` and `release`. `shared/tests/store/` compares them
//!   with DynamoDB's conditions. `table.rs` repeats by hand what accepting and releasing write, and the place in the
//!   due index.
//! - **That a release raises the version.** Only events and records write an accepted invite. A test on the wire checks
//!   every write.
//! - **Eight writers, ten attempts.** Within these bounds, fewer than eight other writes come between a write and its
//!   repetition, and no function is refused ten times.
//! - **A put that meets a transaction**: the same put follows.
//! - **The functions' code.** The order of steps is a copy by hand of `change.rs`, `sending/`, `sweep.rs` and the
//!   handlers.
//! - **Bulk requests, batches, the send rate, paging.** Each row is a function of its own. Shards and `SENDING_PAUSED`
//!   are left out: a paused run only drops reminders, and so does one that SES stopped.
//! - **Opting in and complaints**: they write the opt-out's item as an ask and an opt-out do. The call to SES begins with
//!   the read of the opt-outs: an opt-out that is answered between the two is too late (I10).
//! - **Late requests**: a write without a response happens at once or never. Clocks differ by less than a tick.
//! - **Jitter**: each wait is the shortest. Eight attempts take hours, so in the bounds `attempts` the first is the
//!   eighth.
//! - **An index that lags** by more than the time between a sweep's read and its write.
//! - **Reads**: pages, counts, previews, `sentAt` (I2), and HTTP (I6, I8). Secrets are distinct numbers that nobody
//!   guesses.
//! - **Digests.** They only read invites. Faults, kills and chaos have them.
//! - **Several deals, purging.** Only a learner's own seats cross deals, and their key has the deal.
//!
//! ## Limits
//!
//! Each check is complete within its [`bounds::Bounds`], with two exceptions. States are compared by 64 bits of a hash:
//! at a hundred million states, the chance of any collision is one in four thousand. Unused addresses and learners are
//! taken to be alike, which they are. [`mutant`] shows that the model finds mistakes, and [`events`] that every event
//! happens.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a model that exceeds its own bounds must stop"
)]

pub mod bounds;
pub mod events;
mod model;
pub mod mutant;
mod process;
pub mod property;
mod report;
mod rules;
mod steps;
mod table;

pub use model::{Action, Seatkeeper, State};
pub use process::SesAnswer;
pub use report::{Checked, Found, check, find, line, table, threads};
pub use table::Queue;
