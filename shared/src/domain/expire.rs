//! Expiring: the sweep marks invites past their expiry. It decides nothing (I2); it keeps the due index small
//! and the tabs cheap.

use super::{HistoryEvent, Invite, InviteState, Outdated, Timestamp};

/// Loses every race (I7). The deliverer records why the mail of a queued invite was never sent.
pub fn expire(existing: Option<&Invite>, now: Timestamp) -> Result<Invite, Outdated> {
    let invite = existing.ok_or(Outdated)?;
    if invite.state == InviteState::Open && !invite.is_queued() && invite.expires_at <= now {
        let history = invite.history.with(HistoryEvent::Expired, invite.expires_at, None);
        Ok(Invite { state: InviteState::Expired, history, ..invite.clone() })
    } else {
        Err(Outdated)
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
        assert_eq!(expire(Some(&sent), at(99)), Err(Outdated));
        assert_eq!(expire(None, at(100)), Err(Outdated));
        assert_eq!(expire(Some(&invite()), at(100)), Err(Outdated), "still queued");
        for state in STATES.into_iter().filter(|state| *state != InviteState::Open) {
            assert_eq!(expire(Some(&Invite { state, ..sent.clone() }), at(100)), Err(Outdated), "{state:?}");
        }
        let resent = Invite { expires_at: at(200), ..sent };
        assert_eq!(expire(Some(&resent), at(100)), Err(Outdated));
    }
}
