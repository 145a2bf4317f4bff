//! What the functions share. Dependencies point one way: `functions/* → http, store, mail → domain`, and the
//! domain knows no clock, no network and no AWS type.

pub mod aws;
pub mod clock;
pub mod config;
pub mod domain;
pub mod http;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(feature = "mail")]
pub mod sending;
pub mod store;
pub mod sweep;
pub mod telemetry;
