//! Expiring: the sweep marks what is past its four weeks. It decides nothing (I2); it keeps the due index small
//! and the tabs cheap.

use super::{InviteRecord, Stored, Timestamp};

/// Whether the sweep may mark the invite that it saw with `sends` and `expires_at`: nobody accepted, cancelled or
/// resent it since (I7).
#[must_use]
pub fn may_expire(record: &InviteRecord, sends: u32, expires_at: Timestamp, now: Timestamp) -> bool {
    let invite = &record.invite;
    invite.stored == Stored::Open
        && invite.sends == sends
        && invite.expires_at == expires_at
        && expires_at <= now
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, record};
    use super::*;

    #[test]
    fn i7_the_sweep_loses_to_whatever_happened_meanwhile() {
        let seen = record();
        let sweep = |record: &InviteRecord, now| may_expire(record, 2, at(100), at(now));
        assert!(sweep(&seen, 100));
        assert!(!sweep(&seen, 99));
        for stored in [Stored::Accepted, Stored::Expired, Stored::Cancelled, Stored::Released] {
            let mut moved = record();
            moved.invite.stored = stored;
            assert!(!sweep(&moved, 100), "{stored:?}");
        }
        let mut resent = record();
        resent.invite.sends = 3;
        assert!(!sweep(&resent, 100));
        let mut claimed = record();
        claimed.invite.expires_at = at(200);
        assert!(!sweep(&claimed, 100));
    }
}
