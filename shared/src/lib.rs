//! Code that the functions share. Dependencies point one way: `sending → {http, store, mail} → domain`.

pub mod audit;
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
