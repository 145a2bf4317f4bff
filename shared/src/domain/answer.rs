//! What a learner answers with a link, besides accepting: no, not from this organisation, or "send me a new one".
//! Any link that was really sent may answer, of an older send too.

use super::accept::{LinkRefusal, known};
use super::{
    Asked, AskedFor, Deal, DealState, Delivery, HistoryEvent, Invite, InviteState, LinkHash, Status,
    Timestamp, whole_seconds,
};

/// A "no" may be changed: until it expires, the newest link still accepts.
pub fn decline(
    existing: Option<&Invite>,
    deal: &Deal,
    link: &LinkHash,
    now: Timestamp,
) -> Result<Invite, LinkRefusal> {
    let invite = unanswered(existing, link)?;
    match invite.status(deal.ends_at, now) {
        Status::Declined => Ok(Invite { asked: None, ..invite }),
        Status::Expired => Err(LinkRefusal::Expired),
        _ => Ok(Invite {
            state: InviteState::Declined,
            declined_at: Some(whole_seconds(now)),
            asked: None,
            history: invite.history.with(HistoryEvent::Declined, now, None),
            ..invite
        }),
    }
}

/// The manager sees it and resends. It is the same answer until then. It lifts an opt-out.
pub fn ask(
    existing: Option<&Invite>,
    deal: &Deal,
    link: &LinkHash,
    now: Timestamp,
) -> Result<Invite, LinkRefusal> {
    let invite = Invite { opted_out_at: None, ..unanswered(existing, link)? };
    let still_works = invite.links.current.contains(link) && invite.is_acceptable(now);
    let wanted = match deal.state(now) {
        DealState::Ended => return Err(LinkRefusal::DealEnded),
        DealState::Upcoming => return Err(LinkRefusal::DealNotStarted),
        DealState::Active if !still_works => AskedFor::Link,
        DealState::Active if deal.available() == 0 => AskedFor::Seat,
        DealState::Active => return Err(LinkRefusal::StillValid),
    };
    if invite.asked.is_some() {
        return Ok(invite);
    }
    let asked = Asked { at: whole_seconds(now), wanted };
    let history = invite.history.with(HistoryEvent::Asked, now, None);
    Ok(Invite { asked: Some(asked), history, ..invite })
}

/// The caller has checked the link, or the invite's unsubscribe id, and the opt-out, an item of its own, is being stored.
/// So the invite as it is now cannot refuse.
pub fn opt_out(
    existing: Option<&Invite>,
    link: Option<&LinkHash>,
    now: Timestamp,
) -> Result<Invite, LinkRefusal> {
    let existing = existing.ok_or(LinkRefusal::UnknownInvite)?;
    let invite = link.map_or_else(|| existing.clone(), |link| arrived(existing, link));
    let since = |event| matches!(event, HistoryEvent::Invited | HistoryEvent::Resent | HistoryEvent::Asked);
    let mut events =
        invite.history.newest_first().map(|entry| entry.event).take_while(|event| !since(*event));
    let history = if events.any(|event| event == HistoryEvent::OptedOut) {
        invite.history.clone()
    } else {
        invite.history.with(HistoryEvent::OptedOut, now, None)
    };
    let opted_out_at = invite.opted_out_at.or(Some(whole_seconds(now)));
    Ok(Invite { asked: None, opted_out_at, history, ..invite })
}

/// As [`opt_out`].
pub fn opt_in(existing: Option<&Invite>) -> Result<Invite, LinkRefusal> {
    existing.map(|invite| Invite { opted_out_at: None, ..invite.clone() }).ok_or(LinkRefusal::UnknownInvite)
}

/// The invite, if nobody ended it.
fn unanswered(existing: Option<&Invite>, link: &LinkHash) -> Result<Invite, LinkRefusal> {
    let invite = arrived(known(existing, link)?, link);
    match invite.state {
        InviteState::Cancelled | InviteState::Released => Err(LinkRefusal::Cancelled),
        InviteState::Accepted => Err(LinkRefusal::AlreadyAccepted),
        InviteState::Open | InviteState::Expired | InviteState::Declined => Ok(invite),
    }
}

/// A link of the newest send proves that SES sent its mail, so the mail is not sent again.
fn arrived(invite: &Invite, link: &LinkHash) -> Invite {
    let is_news = invite.links.current.contains(link) && Delivery::Sent.outranks(invite.delivery);
    if is_news { invite.told(Delivery::Sent) } else { invite.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::accept::{invite_accepts, may_accept, may_preview};
    use super::super::tests::{STATES, at, deal, invite, link, new_send};
    use super::super::{Attention, FailureReason, PersonId, Sent};
    use super::*;
    use AskedFor::{Link, Seat};

    fn me() -> PersonId {
        PersonId::new("issuer", "me")
    }

    /// The second send arrived: it was sent at 10 and expires at 100.
    fn sent(state: InviteState) -> Invite {
        let learner = (state == InviteState::Accepted).then(me);
        let accepted_at = learner.as_ref().map(|_| at(20));
        let declined_at = (state == InviteState::Declined).then(|| at(20));
        let sent = Some(Sent { at: at(10), until: at(100) });
        let delivery = Delivery::Sent;
        Invite { state, delivery, sent, lease_until: None, learner, accepted_at, declined_at, ..invite() }
    }

    /// The contract's table of answers: for each row what preview, accept, decline and ask answer.
    #[test]
    fn i6_each_link_gets_the_answers_of_the_contract() {
        use InviteState::{Accepted, Cancelled, Declined, Expired, Open, Released};
        use LinkRefusal as No;
        let (newest, older, forged) = (1, 2, 9);
        let full = Deal { allocated: 3, ..deal() };
        let upcoming = Deal { starts_at: at(60), ..deal() };
        let ended = Deal { ends_at: at(40), ..deal() };
        let (yes, mine) = (Ok(()), LinkRefusal::AlreadyYours { accepted_at: at(20) });
        let (superseded, cancelled) = (LinkRefusal::Superseded, LinkRefusal::Cancelled);
        let (gone, late) = (Err(No::Cancelled), LinkRefusal::Expired);
        let taken = (Err(No::AlreadyAccepted), Err(No::AlreadyAccepted));
        let cases = [
            (Open, newest, deal(), 50, yes, yes, Ok(at(50)), Err(No::StillValid)),
            (Open, older, deal(), 50, Err(superseded), Err(superseded), Ok(at(50)), Ok(Link)),
            (Open, older, full.clone(), 50, Err(superseded), Err(superseded), Ok(at(50)), Ok(Link)),
            (Declined, newest, deal(), 50, yes, yes, Ok(at(20)), Err(No::StillValid)),
            (Declined, newest, full.clone(), 50, yes, Err(LinkRefusal::DealFull), Ok(at(20)), Ok(Seat)),
            (Declined, newest, deal(), 100, yes, Err(late), Ok(at(20)), Ok(Link)),
            (Open, newest, deal(), 100, yes, Err(late), Err(No::Expired), Ok(Link)),
            (Open, newest, full.clone(), 100, yes, Err(late), Err(No::Expired), Ok(Link)),
            (Expired, newest, deal(), 100, yes, Err(late), Err(No::Expired), Ok(Link)),
            (Expired, older, deal(), 100, Err(superseded), Err(superseded), Err(No::Expired), Ok(Link)),
            (Accepted, newest, deal(), 50, yes, Err(mine), taken.0, taken.1),
            (Accepted, older, ended.clone(), 50, Err(superseded), Err(mine), taken.0, taken.1),
            (Cancelled, newest, ended.clone(), 50, Err(cancelled), Err(cancelled), gone, Err(No::Cancelled)),
            (Released, older, deal(), 500, Err(cancelled), Err(cancelled), gone, Err(No::Cancelled)),
            (Open, newest, full, 50, yes, Err(LinkRefusal::DealFull), Ok(at(50)), Ok(Seat)),
            (
                Open,
                newest,
                upcoming,
                50,
                yes,
                Err(LinkRefusal::DealNotStarted),
                Ok(at(50)),
                Err(No::DealNotStarted),
            ),
            (
                Open,
                newest,
                ended.clone(),
                50,
                yes,
                Err(LinkRefusal::DealEnded),
                Err(No::Expired),
                Err(No::DealEnded),
            ),
            (Declined, newest, ended, 50, yes, Err(LinkRefusal::DealEnded), Ok(at(20)), Err(No::DealEnded)),
        ];
        for (state, which, deal, now, preview, accept, declined, asked) in cases {
            let what = format!("{state:?}, link {which}, at {now}, {:?}", deal.state(at(now)));
            let (invite, link, now) = (sent(state), link(which), at(now));
            assert_eq!(may_preview(&invite, &link), preview, "preview: {what}");
            assert_eq!(
                may_accept(Some(Some(&invite)), Some(Some(&deal)), false, &link, &me(), now),
                accept,
                "accept: {what}"
            );
            let at = decline(Some(&invite), &deal, &link, now).map(|invite| invite.declined_at);
            assert_eq!(at, declined.map(Some), "decline: {what}");
            let wanted =
                ask(Some(&invite), &deal, &link, now).map(|invite| invite.asked.map(|asked| asked.wanted));
            assert_eq!(wanted, asked.map(Some), "ask: {what}");
        }
        for (state, link) in STATES.map(|state| (state, link(forged))) {
            let invite = sent(state);
            assert_eq!(decline(Some(&invite), &deal(), &link, at(50)), Err(No::UnknownInvite), "{state:?}");
            assert_eq!(ask(Some(&invite), &deal(), &link, at(50)), Err(No::UnknownInvite), "{state:?}");
        }
    }

    #[test]
    fn a_no_may_be_changed_and_a_repetition_keeps_the_first_date() {
        let declined = decline(Some(&sent(InviteState::Open)), &deal(), &link(2), at(50)).unwrap();
        assert_eq!((declined.state, declined.declined_at), (InviteState::Declined, Some(at(50))));
        assert_eq!(decline(Some(&declined), &deal(), &link(1), at(60)), Ok(declined.clone()));
        for now in [60, 100, 2_000] {
            assert_eq!(declined.status(at(1_000), at(now)), Status::Declined, "at {now}");
        }
        assert_eq!(invite_accepts(&declined, &link(1), &me(), at(99)), Ok(()));
        let resent = super::super::resend::resend(Some(&declined), None, &new_send(3), at(60)).unwrap();
        assert_eq!((resent.state, resent.declined_at), (InviteState::Open, None));
    }

    #[test]
    fn an_ask_is_the_same_until_a_send_a_decline_or_an_opt_out_settles_it() {
        let full = Deal { allocated: 3, ..deal() };
        let asked = ask(Some(&sent(InviteState::Open)), &full, &link(1), at(50)).unwrap();
        assert_eq!(asked.asked, Some(Asked { at: at(50), wanted: Seat }));
        assert_eq!(ask(Some(&asked), &deal(), &link(2), at(60)), Ok(asked.clone()));
        assert_eq!(ask(Some(&asked), &deal(), &link(1), at(60)), Err(LinkRefusal::StillValid));
        let declined = decline(Some(&asked), &deal(), &link(1), at(60)).unwrap();
        let again = ask(Some(&declined), &deal(), &link(2), at(70)).unwrap();
        assert_eq!(again.asked, Some(Asked { at: at(70), wanted: Link }));
        let settled = [
            declined,
            decline(Some(&again), &deal(), &link(1), at(80)).unwrap(),
            opt_out(Some(&asked), None, at(60)).unwrap(),
            super::super::resend::resend(Some(&asked), None, &new_send(3), at(60)).unwrap(),
        ];
        assert!(settled.iter().all(|invite| invite.asked.is_none()));
    }

    #[test]
    fn i10_an_opt_out_changes_nothing_else_and_is_told_once() {
        for state in STATES {
            let before = sent(state);
            let out = opt_out(Some(&before), Some(&link(2)), at(50)).unwrap();
            let history = before.history.with(HistoryEvent::OptedOut, at(50), None);
            let opted_out_at = Some(at(50));
            assert_eq!(out, Invite { opted_out_at, history, ..before }, "{state:?}");
            assert_eq!(opt_out(Some(&out), Some(&link(1)), at(60)), Ok(out.clone()), "{state:?}");
            assert_eq!(opt_in(Some(&out)), Ok(Invite { opted_out_at: None, ..out }), "{state:?}");
        }
        let events =
            |invite: &Invite| invite.history.newest_first().map(|entry| entry.event).collect::<Vec<_>>();
        let out = opt_out(Some(&sent(InviteState::Open)), None, at(50)).unwrap();
        let asked = ask(Some(&out), &deal(), &link(2), at(60)).unwrap();
        let again = opt_out(Some(&asked), None, at(70)).unwrap();
        let resent = super::super::resend::resend(Some(&again), None, &new_send(3), at(80)).unwrap();
        let dates = [out, asked, again.clone(), resent].map(|invite| invite.opted_out_at);
        assert_eq!(dates, [Some(at(50)), None, Some(at(70)), None]);
        assert_eq!(events(&again), [HistoryEvent::OptedOut, HistoryEvent::Asked, HistoryEvent::OptedOut]);
        assert_eq!(opt_out(None, None, at(50)), Err(LinkRefusal::UnknownInvite));
    }

    /// The opt-out is stored at the same time, so a refusal would be false.
    #[test]
    fn i10_an_opt_out_by_a_link_that_grew_too_old_meanwhile_is_not_refused() {
        let out = opt_out(Some(&sent(InviteState::Open)), Some(&link(9)), at(50)).unwrap();
        assert_eq!(out.opted_out_at, Some(at(50)));
    }

    /// Whoever has a link of the newest send has its mail.
    #[test]
    fn i4_an_answer_by_the_newest_link_settles_a_queued_mail_as_sent() {
        let failed = Delivery::Failed { reason: FailureReason::TooManyAttempts, at: at(40) };
        for (delivery, which, is_settled) in
            [(Delivery::Queued, 1, true), (failed, 1, true), (Delivery::Queued, 2, false)]
        {
            let queued = Invite { delivery, ..invite() };
            let answers = [
                decline(Some(&queued), &deal(), &link(which), at(50)),
                opt_out(Some(&queued), Some(&link(which)), at(50)),
            ];
            for answered in answers.map(Result::unwrap) {
                let found = (answered.delivery, answered.sent.map(|sent| sent.at), answered.is_queued());
                let expected = if is_settled {
                    (Delivery::Sent, Some(at(10)), false)
                } else {
                    (Delivery::Queued, None, true)
                };
                assert_eq!(found, expected, "{delivery:?}, link {which}");
            }
        }
    }

    #[test]
    fn a_manager_is_pointed_to_one_reason_the_first() {
        let asked = Some(Asked { at: at(60), wanted: Link });
        let bounced = Delivery::Complained { at: at(30) };
        let cases = [
            (InviteState::Open, None, Delivery::Sent, None),
            (InviteState::Declined, None, Delivery::Sent, Some((Attention::Declined, at(20)))),
            (InviteState::Declined, None, bounced, Some((Attention::Undelivered, at(30)))),
            (InviteState::Declined, asked, bounced, Some((Attention::Asked, at(60)))),
            (InviteState::Expired, asked, Delivery::Sent, Some((Attention::Asked, at(60)))),
            (InviteState::Accepted, None, bounced, None),
            (InviteState::Cancelled, asked, bounced, None),
            (InviteState::Released, asked, bounced, None),
        ];
        for (state, asked, delivery, reason) in cases {
            let invite = Invite { delivery, asked, ..sent(state) };
            assert_eq!(invite.attention(), reason, "{state:?}, {asked:?}, {delivery:?}");
        }
    }
}
