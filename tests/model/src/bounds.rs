//! Bounds: how much of everything there is. Within bounds, every interleaving is checked.
//!
//! A tick is 30 seconds, and a lease is two ticks. A function ends before its lease, so it sees the clock move once.

use chrono::{DateTime, Duration};
use shared::domain::Timestamp;

/// Seconds of a tick.
pub const TICK: i64 = 30;

/// Ticks of a lease: the default of `DELIVERY_LEASE`.
pub const LEASE: u8 = 2;

/// The tick after the last one, when every lease has ended.
pub const LATER: u8 = 200;

/// The most invites: the size of the model's table.
pub const INVITES: u8 = 3;

pub const LEARNERS: u8 = 3;

/// The most functions that run at once.
pub const PROCESSES: u8 = 4;

/// The most links of an invite.
pub const LINKS: u8 = 8;

/// The instant of a tick.
#[must_use]
pub fn at(tick: u8) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + i64::from(tick) * TICK, 0).unwrap_or_default()
}

/// A span of ticks.
#[must_use]
pub fn ticks(count: u8) -> Duration {
    Duration::seconds(i64::from(count) * TICK)
}

/// A change of the deal that a partnership manager may make once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Seats(u8),
    Starts(u8),
    Ends(u8),
}

/// How often each event may still happen. Steps of functions, runs of the deliverer and of the sweep, successes of SES
/// and ticks have no limit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Budget {
    pub invites: u8,
    pub resends: u8,
    pub cancels: u8,
    pub releases: u8,
    pub clicks: u8,
    /// Failures of SES, lost responses, and mails that a function has no time for.
    pub ses: u8,
    pub crashes: u8,
    /// Lost responses of DynamoDB after a write, and conflicts.
    pub losses: u8,
    /// Events about mails, also twice and of older sends.
    pub events: u8,
    /// Declines, asks and opt-outs, by any link.
    pub answers: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub name: &'static str,
    pub what: &'static str,
    pub addresses: &'static [&'static str],
    pub learners: u8,
    pub seats: u8,
    /// The last tick before [`LATER`]. No change moves the deal's end beyond it.
    pub ends: u8,
    /// Ticks for which an invite can be accepted.
    pub lifetime: u8,
    /// Ticks after a mail at which its reminders go.
    pub reminders: &'static [u8],
    /// Attempts of a send before the model begins to count, so that the limit of eight is within reach.
    pub earlier_attempts: u8,
    /// Changes of the deal, each once.
    pub changes: &'static [Change],
    /// Whether callers may send `If-Match`.
    pub if_match: bool,
    /// Functions that run at once.
    pub processes: usize,
    pub sweepers: usize,
    pub budget: Budget,
}

const NOTHING: Budget = Budget {
    invites: 0,
    resends: 0,
    cancels: 0,
    releases: 0,
    clicks: 0,
    ses: 0,
    crashes: 0,
    losses: 0,
    events: 0,
    answers: 0,
};

pub const DELIVERY: Bounds = Bounds {
    name: "delivery",
    what: "one invite, and every failure of its mail",
    addresses: &["ann@example.com"],
    learners: 1,
    seats: 1,
    ends: 6,
    lifetime: 3,
    reminders: &[],
    earlier_attempts: 0,
    changes: &[],
    if_match: true,
    processes: 3,
    sweepers: 2,
    budget: Budget { invites: 1, resends: 1, clicks: 1, ses: 1, crashes: 1, losses: 1, ..NOTHING },
};

pub const SEATS: Bounds = Bounds {
    name: "seats",
    what: "two learners, two invites, one seat",
    addresses: &["ann@example.com", "bob@example.com"],
    learners: 2,
    ends: 2,
    lifetime: 2,
    changes: &[Change::Seats(2), Change::Seats(1)],
    if_match: false,
    processes: 2,
    sweepers: 1,
    budget: Budget { invites: 2, clicks: 3, releases: 2, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const EXPIRY: Bounds = Bounds {
    name: "expiry",
    what: "one invite and its expiry, with sweeps, resends, late clicks and a deal that ends earlier",
    ends: 5,
    lifetime: 2,
    changes: &[Change::Ends(3)],
    if_match: false,
    processes: 2,
    budget: Budget { invites: 2, resends: 1, cancels: 1, clicks: 2, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const ATTEMPTS: Bounds = Bounds {
    name: "attempts",
    what: "a mail whose first attempt is its last, and a deal whose start is moved",
    earlier_attempts: 7,
    changes: &[Change::Starts(4)],
    budget: Budget { invites: 1, ses: 3, crashes: 1, losses: 1, clicks: 1, ..NOTHING },
    ..DELIVERY
};

pub const SPELLING: Bounds = Bounds {
    name: "spelling",
    what: "one address in three spellings",
    addresses: &["ann@example.com", "Ann@Example.COM", " ann@example.com "],
    ends: 3,
    lifetime: 2,
    budget: Budget { invites: 3, cancels: 1, clicks: 1, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const CLICKS: Bounds = Bounds {
    name: "clicks",
    what: "one invite that is resent twice and cancelled twice, also by double clicks",
    ends: 3,
    lifetime: 2,
    budget: Budget { invites: 1, resends: 2, cancels: 2, clicks: 1, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const AGAIN: Bounds = Bounds {
    name: "again",
    what: "one address that is invited again after a cancellation and a release, in a deal that grows twice",
    ends: 1,
    lifetime: 2,
    changes: &[Change::Seats(2), Change::Seats(3)],
    processes: 2,
    budget: Budget { invites: 3, cancels: 1, releases: 1, clicks: 1, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const EVENTS: Bounds = Bounds {
    name: "events",
    what: "events about the mails of two sends, in any order, with late records and an accept",
    ends: 4,
    if_match: false,
    processes: 2,
    budget: Budget { invites: 1, resends: 1, clicks: 1, ses: 1, events: 3, ..NOTHING },
    ..DELIVERY
};

pub const ANSWERS: Bounds = Bounds {
    name: "answers",
    what: "declines, asks and opt-outs by the links of two sends, with accepts and a seat that becomes free",
    seats: 0,
    ends: 4,
    changes: &[Change::Seats(1)],
    if_match: false,
    processes: 3,
    budget: Budget { invites: 1, resends: 1, clicks: 1, answers: 2, ..NOTHING },
    ..DELIVERY
};

pub const REFUSALS: Bounds = Bounds {
    name: "refusals",
    what: "answers before a deal begins, after a cancellation and with lost responses, and invites after an opt-out",
    seats: 1,
    ends: 3,
    changes: &[Change::Starts(2)],
    processes: 2,
    budget: Budget { invites: 2, cancels: 1, clicks: 1, answers: 2, losses: 1, ..NOTHING },
    ..ANSWERS
};

pub const REMINDERS: Bounds = Bounds {
    name: "reminders",
    what: "two reminders of one invite, and every failure of their mails",
    ends: 7,
    lifetime: 6,
    reminders: &[1, 4],
    if_match: false,
    processes: 2,
    budget: Budget { invites: 1, ses: 1, crashes: 1, losses: 1, ..NOTHING },
    ..DELIVERY
};

pub const ANSWERED: Bounds = Bounds {
    name: "answered",
    what: "a reminder of an invite that is answered, bounces, is resent or meets a full deal",
    seats: 0,
    ends: 4,
    reminders: &[1],
    changes: &[Change::Seats(1)],
    budget: Budget { invites: 1, resends: 1, clicks: 1, answers: 1, events: 1, ..NOTHING },
    ..REMINDERS
};

/// The bounds that the tests check.
pub const SMALL: [Bounds; 12] = [
    SEATS, DELIVERY, EXPIRY, ATTEMPTS, SPELLING, CLICKS, AGAIN, EVENTS, ANSWERS, REFUSALS, REMINDERS,
    ANSWERED,
];

/// The bounds that `--large` checks.
pub const LARGE: [Bounds; 4] = [
    Bounds { if_match: true, budget: Budget { cancels: 1, ..SEATS.budget }, ..SEATS },
    Bounds { budget: Budget { ses: 2, crashes: 2, ..DELIVERY.budget }, ..DELIVERY },
    Bounds { if_match: true, budget: Budget { crashes: 1, ses: 1, ..EXPIRY.budget }, ..EXPIRY },
    Bounds {
        changes: &[Change::Starts(4), Change::Ends(5)],
        budget: Budget { resends: 1, ..ATTEMPTS.budget },
        ..ATTEMPTS
    },
];
