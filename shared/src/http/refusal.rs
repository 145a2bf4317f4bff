//! The status and the code of every refusal of the domain.

use super::Problem;
use crate::domain::accept::LinkRefusal;
use crate::domain::{DealRefusal, InviteRefusal};
use crate::store::Refused;

impl<R: Into<Problem>> From<Refused<R>> for Problem {
    fn from(Refused(refusal, _): Refused<R>) -> Self {
        refusal.into()
    }
}

impl From<LinkRefusal> for Problem {
    fn from(refusal: LinkRefusal) -> Self {
        let (status, code, detail) = match refusal {
            LinkRefusal::UnknownInvite => {
                (404, "unknown_invite", "This link belongs to no invite. Check that you copied all of it.")
            }
            LinkRefusal::Cancelled => {
                (410, "invite_cancelled", "This invite was cancelled. Ask your learning manager for another.")
            }
            LinkRefusal::Superseded => {
                (410, "invite_superseded", "A newer mail replaced this link. Open the newest mail.")
            }
            LinkRefusal::Expired => {
                (410, "invite_expired", "This invite has expired. Ask your learning manager to resend it.")
            }
            LinkRefusal::AcceptedByAnother | LinkRefusal::AlreadyYours { .. } => {
                (409, "already_accepted", "Another account accepted this invite. Sign in with that account.")
            }
            LinkRefusal::AlreadyAccepted => (409, "already_accepted", "This invite was already accepted."),
            LinkRefusal::StillValid => {
                (409, "still_valid", "This link still works. Accept the invite with it.")
            }
            LinkRefusal::AlreadySeated => (409, "already_seated", "You already hold a seat of this deal."),
            LinkRefusal::DealNotStarted => (409, "deal_not_started", "This deal has not started yet."),
            LinkRefusal::DealEnded => (409, "deal_ended", "This deal has ended."),
            LinkRefusal::DealFull => {
                (409, "deal_full", "Every seat is taken. You can still accept if a seat becomes free.")
            }
        };
        Self::new(status, code, detail)
    }
}

impl From<InviteRefusal> for Problem {
    fn from(refusal: InviteRefusal) -> Self {
        match refusal {
            InviteRefusal::NotFound | InviteRefusal::AlreadyDone => Self::not_found(),
            InviteRefusal::AlreadyAccepted => LinkRefusal::AlreadyAccepted.into(),
            InviteRefusal::AlreadyPending | InviteRefusal::AlreadyInvited => Self::new(
                409,
                "already_invited",
                "This address already has a pending invite to this deal, which can be resent, or holds a seat. Enter \
                 another address.",
            ),
            InviteRefusal::Stale | InviteRefusal::JustResent => stale(),
            // `Undeliverable` is answered only among many invites, by its row.
            InviteRefusal::Complained | InviteRefusal::Undeliverable => Self::new(
                409,
                "complained",
                "The recipient marked an earlier mail as spam, so no more mail goes to this address. Correct the \
                 address, or contact the person in another way.",
            ),
            InviteRefusal::OptedOut => Self::new(
                409,
                "opted_out",
                "This person stopped invites from your organisation. They can allow them again, with the link in an \
                 earlier email. Without one, the team that runs this site can, if asked.",
            ),
            InviteRefusal::TooSoon(retry_at) => Self::too_many_requests(retry_at),
        }
    }
}

impl From<DealRefusal> for Problem {
    fn from(refusal: DealRefusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            DealRefusal::KeyReused | DealRefusal::Deleted => Self::new(422, "idempotency_key_reused", detail),
            DealRefusal::InUse => Self::new(409, "deal_in_use", detail),
            DealRefusal::NotFound => Self::not_found(),
            DealRefusal::Stale => stale(),
            DealRefusal::SeatsBelowAllocated { .. } => {
                Self::new(409, "seats_below_allocated", detail.as_str()).blaming("seats", &detail)
            }
            DealRefusal::SeatsOutOfRange => Self::field("seats", detail),
            DealRefusal::EndsBeforeStart | DealRefusal::EndsTooLate { .. } | DealRefusal::EndsTooFar => {
                Self::field("endsAt", detail)
            }
        }
    }
}

fn stale() -> Problem {
    Problem::new(412, "stale", "This changed since you loaded it. Reload and try again.")
}
