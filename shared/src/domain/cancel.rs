//! Cancelling an invite that nobody has accepted.

use super::{HistoryEvent, Invite, InviteRefusal, InviteState, Timestamp, whole_milliseconds};
use chrono::Duration;

/// How long a cancelled or released invite is listed and kept, without its name.
pub const REMOVED_KEPT: Duration = Duration::days(30);

/// `expected` is the number of sends that the caller saw, and `by` the manager's address.
pub fn cancel(
    existing: Option<&Invite>,
    expected: Option<u32>,
    by: Option<&str>,
    now: Timestamp,
) -> Result<Invite, InviteRefusal> {
    let invite = existing.ok_or(InviteRefusal::NotFound)?;
    match invite.state {
        InviteState::Cancelled | InviteState::Released => Err(InviteRefusal::AlreadyDone),
        InviteState::Accepted => Err(InviteRefusal::AlreadyAccepted),
        _ if expected.is_some_and(|sends| sends != invite.sends) => Err(InviteRefusal::Stale),
        InviteState::Open | InviteState::Expired | InviteState::Declined => Ok(Invite {
            state: InviteState::Cancelled,
            name: None,
            removed_at: Some(whole_milliseconds(now)),
            lease_until: None,
            history: invite.history.with(HistoryEvent::Cancelled, now, by),
            ..invite.clone()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::super::tests::{at, invite};
    use super::*;

    #[test]
    fn only_an_invite_that_is_neither_accepted_nor_removed_is_cancelled() {
        let cases = [
            (InviteState::Open, None, Ok(())),
            (InviteState::Open, Some(2), Ok(())),
            (InviteState::Open, Some(1), Err(InviteRefusal::Stale)),
            (InviteState::Expired, None, Ok(())),
            (InviteState::Declined, Some(2), Ok(())),
            (InviteState::Accepted, None, Err(InviteRefusal::AlreadyAccepted)),
            (InviteState::Cancelled, Some(1), Err(InviteRefusal::AlreadyDone)),
            (InviteState::Released, None, Err(InviteRefusal::AlreadyDone)),
        ];
        for (state, expected_sends, verdict) in cases {
            let named = Invite { state, name: Name::clean("Ann"), ..invite() };
            // Cancelled within one second, the later is listed first.
            let now = at(50) + Duration::milliseconds(7);
            let cancelled = cancel(Some(&named), expected_sends, Some("manager"), now);
            let as_cancelled = Invite {
                state: InviteState::Cancelled,
                removed_at: Some(now),
                lease_until: None,
                history: invite().history.with(HistoryEvent::Cancelled, at(50), Some("manager")),
                ..invite()
            };
            assert_eq!(cancelled, verdict.map(|()| as_cancelled), "{state:?}");
        }
        assert_eq!(cancel(None, None, None, at(50)), Err(InviteRefusal::NotFound));
    }
}
