//! The status and the code of every refusal of the domain.

use super::Problem;
use crate::domain::DealRefusal;
use crate::domain::accept::LinkRefusal;
use crate::domain::cancel::CancelRefusal;
use crate::domain::correct::CorrectRefusal;
use crate::domain::resend::ResendRefusal;
use crate::domain::send::InviteRefusal;
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
            LinkRefusal::AlreadyAccepted => return already_accepted(),
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

impl From<CancelRefusal> for Problem {
    fn from(refusal: CancelRefusal) -> Self {
        match refusal {
            CancelRefusal::NotFound | CancelRefusal::AlreadyDone => Self::not_found(),
            CancelRefusal::AlreadyAccepted => already_accepted(),
            CancelRefusal::Stale => stale(),
        }
    }
}

impl From<ResendRefusal> for Problem {
    fn from(refusal: ResendRefusal) -> Self {
        match refusal {
            ResendRefusal::NotFound => Self::not_found(),
            ResendRefusal::AlreadyAccepted => already_accepted(),
            ResendRefusal::Stale | ResendRefusal::JustResent => stale(),
            // `Undeliverable` is answered only among many invites, by its row.
            ResendRefusal::Complained | ResendRefusal::Undeliverable => Self::new(
                409,
                "complained",
                "The recipient marked an earlier mail as spam, so no more mail goes to this address. Correct the \
                 address, or contact the person in another way.",
            ),
            ResendRefusal::OptedOut => opted_out(),
            ResendRefusal::TooSoon(retry_at) => Self::too_many_requests(retry_at),
        }
    }
}

impl From<CorrectRefusal> for Problem {
    fn from(refusal: CorrectRefusal) -> Self {
        let invited =
            "This address already has an invite to this deal. Resend that invite, or enter another address.";
        match refusal {
            CorrectRefusal::Old(refusal) => refusal.into(),
            CorrectRefusal::New(InviteRefusal::AlreadyPending | InviteRefusal::AlreadyAccepted) => {
                Self::new(409, "already_invited", invited)
            }
            CorrectRefusal::New(InviteRefusal::OptedOut) => opted_out(),
            CorrectRefusal::New(InviteRefusal::TooSoon(retry_at)) => Self::too_many_requests(retry_at),
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

fn already_accepted() -> Problem {
    Problem::new(409, "already_accepted", "This invite was already accepted.")
}

fn opted_out() -> Problem {
    let detail = "This person opted out of invites from your organisation. Only they can undo this.";
    Problem::new(409, "opted_out", detail)
}

fn stale() -> Problem {
    Problem::new(412, "stale", "This changed since you loaded it. Reload and try again.")
}
