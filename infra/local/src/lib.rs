//! Seatkeeper's whole stack on one machine: `make run`, and the same in a test's own process.
//!
//! API Gateway, Lambda, DynamoDB, SES, EventBridge Scheduler and an `OpenID` issuer, each as far as Seatkeeper uses it
//! and there as strict as the original, in front of the real function binaries. No AWS account, no Docker.
//!
//! Invariant: a function can't tell that it does not run on AWS. What only works here is a mistake here.
//!
//! ```no_run
//! # async fn example() -> Result<(), seatkeeper_local::StartError> {
//! use seatkeeper_local::{Settings, Stack};
//!
//! let stack = Stack::start(Settings::ephemeral()).await?;
//! println!("{}", stack.url());
//! stack.stop().await;
//! # Ok(())
//! # }
//! ```

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
pub mod routes;
mod runtime;
mod schedules;
mod seed;
mod ses;
mod settings;
mod stack;
mod template;
mod terminal;

pub use oidc::KeyError;
pub use origin::PortError;
pub use runtime::{FunctionError, HostError, InvokeError, MAX_INSTANCES};
pub use seed::SeedError;
pub use settings::{Endpoints, SettingError, Settings};
pub use stack::{Stack, StartError};
