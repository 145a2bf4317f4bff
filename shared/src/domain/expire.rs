//! Expiring: the sweep marks invites past their expiry. It decides nothing (I2); it keeps the due index small
//! and the tabs cheap.

use super::{HistoryEvent, Invite, InviteState, Timestamp};

/// The invite changed since the sweep read it from the due index, so the sweep leaves it alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotDue;

/// Loses every race (I7). The deliverer records why the mail of a queued invite was never sent.
pub fn expire(existing: Option<&Invite>, now: Timestamp) -> Result<Invite, NotDue> {
    let invite = existing.ok_or(NotDue)?;
    if invite.state == InviteState::Open && !invite.is_queued() && invite.expires_at <= now {
        let history = invite.history.with(HistoryEvent::Expired, invite.expires_at, None);
        Ok(Invite { state: InviteState::Expired, history, ..invite.clone() })
    } else {
        Err(NotDue)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Delivery;
    use super::super::tests::{STATES, at, invite};
    use super::*;

    #[test]
    fn i7_the_sweep_loses_to_every_other_change() {
        let sent = Invite { delivery: Delivery::Sent, lease_until: None, ..invite() };
        let history = sent.history.with(HistoryEvent::Expired, at(100), None);
        let expired = Invite { state: InviteState::Expired, history, ..sent.clone() };
        assert_eq!(expire(Some(&sent), at(100)), Ok(expired));
        assert_eq!(expire(Some(&sent), at(99)), Err(NotDue));
        assert_eq!(expire(None, at(100)), Err(NotDue));
        assert_eq!(expire(Some(&invite()), at(100)), Err(NotDue), "still queued");
        for state in STATES.into_iter().filter(|state| *state != InviteState::Open) {
            assert_eq!(expire(Some(&Invite { state, ..sent.clone() }), at(100)), Err(NotDue), "{state:?}");
        }
        let resent = Invite { expires_at: at(200), ..sent };
        assert_eq!(expire(Some(&resent), at(100)), Err(NotDue));
    }
}
