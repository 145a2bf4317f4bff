//! What the functions share. Dependencies point one way: `functions/* → http, store, mail → domain`, and the
//! domain knows no clock, no network and no AWS type.

pub mod clock;
pub mod config;
#[cfg(feature = "mail")]
pub mod delivery;
pub mod domain;
pub mod http;
#[cfg(feature = "mail")]
pub mod mail;
pub mod store;
pub mod sweep;
pub mod telemetry;
