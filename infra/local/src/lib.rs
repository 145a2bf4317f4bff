//! Seatkeeper's whole stack on one machine: `make run`, and the same in a test's own process.
//!
//! Stand-ins for API Gateway, Lambda, DynamoDB, SES, EventBridge Scheduler and an `OpenID` issuer run the real function
//! binaries. Each stand-in does what Seatkeeper uses of the original, and is as strict. It needs no AWS account and no
//! Docker.
//!
//! Invariant: a function can't tell that it does not run on AWS. If code works here but not on AWS, this crate is wrong.

mod clock;
mod data;
pub mod database;
pub mod functions;
mod gateway;
mod inbox;
mod oidc;
mod origin;
mod page;
mod portal;
mod random;
mod role;
pub mod routes;
mod runtime;
mod schedules;
mod seed;
mod ses;
mod settings;
mod stack;
mod template;
mod terminal;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use oidc::Like;
pub use runtime::InvokeError;
pub use settings::{Endpoints, Settings};
pub use stack::{Stack, StartError};

/// No code panics while it holds one of these, so a poisoned mutex holds sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
