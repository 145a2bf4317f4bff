//! Tracking: what SES says of a mail after it took the mail. Events come twice, late and in any order. Each event
//! has a rank, and only a higher rank changes the delivery, so that it becomes truer and never less true (I9).

use super::{BounceReason, Delivery, FailureReason, HistoryEvent, Invite, Outdated, Sent};
use std::cmp::Ordering;

/// `send` is the send that the mail belongs to. [`Outdated`] if it is an older one, or if there is no invite. An event about a
/// queued mail proves that SES took the mail, so the mail is not sent again. A complaint about an older send stands in the history only.
pub fn track(existing: Option<&Invite>, send: u32, told: Delivery) -> Result<Invite, Outdated> {
    let invite = existing.filter(|invite| invite.sends >= send).ok_or(Outdated)?;
    let Some((event, at)) = told.event() else { return Ok(invite.clone()) };
    if invite.sends > send {
        let history = invite.history.with(event, at, None);
        let is_complaint = event == HistoryEvent::Complained;
        let told = Invite { history, ..invite.clone() }.opted_out_by(told, invite);
        return if is_complaint { Ok(told) } else { Err(Outdated) };
    }
    let mut next = if told.outranks(invite.delivery) { invite.told(told) } else { invite.clone() };
    next.history = match told.rank().cmp(&invite.delivery.rank()) {
        Ordering::Greater => next.history.with(event, at, None),
        // Most likely an out-of-office reply.
        Ordering::Less if matches!(told, Delivery::Bounced { reason: BounceReason::Temporary, .. }) => {
            return Ok(next);
        }
        // Of the events of a kind the earliest stands, whether or not a higher one came in between.
        Ordering::Less | Ordering::Equal => next.history.with_earliest(event, at, invite.queued.at),
    };
    Ok(next.opted_out_by(told, invite))
}

impl Invite {
    /// A complaint is an opt-out. One that comes again may have been lifted since.
    fn opted_out_by(mut self, told: Delivery, before: &Self) -> Self {
        if let Delivery::Complained { at } = told
            && self.history != before.history
        {
            self.opted_out_at = Some(before.opted_out_at.map_or(at, |first| first.min(at)));
        }
        self
    }

    /// An event that says that a queued mail is out also records the mail as sent.
    pub(super) fn told(&self, delivery: Delivery) -> Self {
        // A claimed reminder keeps its lease.
        let lease_until = self.lease_until.filter(|_| !self.is_queued());
        let mut next = Self { delivery, lease_until, ..self.clone() };
        if delivery.is_out() && !self.delivery.is_out() {
            let taken = Sent { at: self.attempted_at, until: self.expires_at };
            next.history = next.history.with(HistoryEvent::Sent, taken.at, None);
            next.sent = Some(taken);
        }
        next
    }
}

impl Delivery {
    /// Our own failure may be refuted: a mail whose response was lost may be out.
    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Failed { reason: FailureReason::RenderingFailed, .. } => 3,
            Self::Failed { .. } => 1,
            Self::Sent => 2,
            Self::Delayed { .. } => 4,
            Self::Bounced { reason: BounceReason::Temporary, .. } => 5,
            Self::Delivered { .. } => 6,
            Self::Bounced { .. } => 7,
            Self::Complained { .. } => 8,
        }
    }

    /// Of two deliveries of one rank, the earlier one stands, and then the one with the first reason.
    pub(super) fn outranks(self, other: Self) -> bool {
        let reason = |delivery| match delivery {
            Self::Bounced { reason, .. } => Some(reason as u8),
            _ => None,
        };
        let earlier = || {
            (self.event().map(|told| told.1), reason(self))
                < (other.event().map(|told| told.1), reason(other))
        };
        self.rank() > other.rank() || self.rank() == other.rank() && earlier()
    }

    /// Whether SES took the mail and sent it.
    pub(crate) fn is_out(self) -> bool {
        !matches!(self, Self::Queued | Self::Failed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::super::answer::{opt_in, opt_out};
    use super::super::outcome::{Outcome, record_outcome};
    use super::super::tests::{STATES, at, invite, link};
    use super::*;
    use proptest::prelude::*;

    const BOUNCES: [BounceReason; 5] = [
        BounceReason::MailboxUnavailable,
        BounceReason::Suppressed,
        BounceReason::Temporary,
        BounceReason::Rejected,
        BounceReason::Unknown,
    ];

    fn told(at: Timestamp) -> Vec<Delivery> {
        let events = [
            Delivery::Delayed { at },
            Delivery::Delivered { at },
            Delivery::Complained { at },
            Delivery::Failed { reason: FailureReason::RenderingFailed, at },
        ];
        events.into_iter().chain(BOUNCES.map(|reason| Delivery::Bounced { reason, at })).collect()
    }

    /// What can happen to the mail of one send: SES's answer, or an event.
    #[derive(Clone, Copy, Debug)]
    enum News {
        Answer,
        Told(Delivery),
    }

    fn hear(invite: &Invite, news: News) -> Invite {
        match news {
            News::Told(told) => track(Some(invite), 2, told).unwrap(),
            News::Answer => {
                let attempt = super::super::tests::invite().attempt(&link(1)).unwrap();
                record_outcome(Some(invite), &attempt, Outcome::Sent, at(12)).unwrap()
            }
        }
    }

    prop_compose! {
        fn news()(seconds in 11_i64..15, which in 0_usize..=9) -> News {
            told(at(seconds)).get(which).map_or(News::Answer, |told| News::Told(*told))
        }
    }

    proptest! {
        #[test]
        fn i9_the_order_and_the_repetition_of_news_do_not_matter(
            (news, shuffled) in prop::collection::vec(news(), 1..8).prop_flat_map(|news| {
                let twice = news.iter().chain(&news).copied().collect::<Vec<_>>();
                (Just(news), Just(twice).prop_shuffle())
            }),
        ) {
            let end = |news: &[News]| news.iter().fold(invite(), |invite, news| hear(&invite, *news));
            let (one, other) = (end(&news), end(&shuffled));
            prop_assert_eq!(one.delivery, other.delivery);
            let is_sent = |invite: &Invite| invite.sent.map(|sent| (sent.at, sent.until, invite.expires_at));
            prop_assert_eq!((is_sent(&one), one.lease_until), (is_sent(&other), other.lease_until));
            prop_assert_eq!(one.opted_out_at, other.opted_out_at);
            // Whether an absent reader's server answered before or after the delivery is not known.
            let is_certain = |news: &News| {
                !matches!(news, News::Told(Delivery::Bounced { reason: BounceReason::Temporary, .. }))
            };
            if news.iter().all(is_certain) {
                let history = |invite: &Invite| {
                    let mut entries = invite.history.entries.clone();
                    entries.sort_unstable();
                    entries
                };
                prop_assert_eq!(history(&one), history(&other));
            }
        }

        #[test]
        fn i9_an_event_changes_nothing_about_who_may_accept(news in prop::collection::vec(news(), 1..8), state in 0_usize..6) {
            let before = Invite { state: STATES[state], ..invite() };
            let after = news.iter().fold(before.clone(), |invite, news| hear(&invite, *news));
            let acceptance = |invite: &Invite| (invite.state, invite.links.clone(), invite.expires_at, invite.sends);
            prop_assert_eq!(acceptance(&before), acceptance(&after));
        }
    }

    #[test]
    fn i9_only_a_higher_rank_changes_the_delivery() {
        let bounced = |reason| Delivery::Bounced { reason, at: at(12) };
        let ranked = [
            vec![Delivery::Queued],
            vec![Delivery::Sent],
            vec![Delivery::Delayed { at: at(12) }],
            vec![bounced(BounceReason::Temporary)],
            vec![Delivery::Delivered { at: at(12) }],
            [BounceReason::MailboxUnavailable, BounceReason::Rejected, BounceReason::Unknown]
                .map(bounced)
                .to_vec(),
            vec![Delivery::Complained { at: at(12) }],
        ];
        for (rank, now) in ranked.iter().enumerate() {
            for (next_rank, next) in ranked.iter().enumerate().skip(2) {
                if rank == next_rank {
                    continue;
                }
                let before = Invite { delivery: now[0], ..invite() };
                let after = track(Some(&before), 2, next[0]).unwrap().delivery;
                assert_eq!(after, if next_rank > rank { next[0] } else { now[0] }, "{now:?}, then {next:?}");
            }
        }
    }

    #[test]
    fn an_event_of_an_older_send_or_of_no_invite_is_a_stray() {
        let told = Delivery::Delivered { at: at(12) };
        assert_eq!(track(Some(&invite()), 1, told), Err(Outdated));
        let complained = track(Some(&invite()), 1, Delivery::Complained { at: at(12) }).unwrap();
        let history = invite().history.with(HistoryEvent::Complained, at(12), None);
        assert_eq!(
            complained,
            Invite { history, opted_out_at: Some(at(12)), ..invite() },
            "a complaint is told as an opt-out, and changes nothing else"
        );
        assert_eq!(track(Some(&invite()), 3, told), Err(Outdated));
        assert_eq!(track(None, 2, told), Err(Outdated));
    }

    #[test]
    fn i10_a_complaint_opts_out_once_and_its_repetition_undoes_no_opt_in() {
        let complain = |invite: &Invite, send, second| {
            track(Some(invite), send, Delivery::Complained { at: at(second) }).unwrap()
        };
        for send in [1, 2] {
            let out = complain(&invite(), send, 12);
            let lifted = opt_in(Some(&out)).unwrap();
            assert_eq!([&out, &lifted].map(|it| it.opted_out_at), [Some(at(12)), None]);
            assert_eq!(complain(&lifted, send, 12), lifted, "send {send}");
            let stopped = opt_out(Some(&invite()), None, at(11)).unwrap();
            assert_eq!(complain(&stopped, send, 12).opted_out_at, Some(at(11)), "send {send}");
        }
    }

    #[test]
    fn i4_an_event_settles_a_queued_mail_as_sent() {
        let settled = track(Some(&invite()), 2, Delivery::Delivered { at: at(12) }).unwrap();
        assert_eq!(settled.sent, Some(Sent { at: at(10), until: at(100) }));
        assert_eq!((settled.lease_until, settled.attempt(&link(1))), (None, None));
        let events: Vec<_> = settled.history.newest_first().map(|entry| entry.event).collect();
        assert_eq!(events, [HistoryEvent::Delivered, HistoryEvent::Sent]);
    }

    #[test]
    fn the_history_has_what_a_later_event_overtook() {
        use HistoryEvent::{Bounced, Complained, Delayed, Delivered, Sent};
        let bounced = |reason| Delivery::Bounced { reason, at: at(13) };
        let complained = Delivery::Complained { at: at(14) };
        let cases = [
            (complained, Delivery::Delivered { at: at(12) }, vec![Complained, Delivered, Sent]),
            (complained, Delivery::Delayed { at: at(12) }, vec![Complained, Delayed, Sent]),
            (complained, bounced(BounceReason::Unknown), vec![Complained, Bounced, Sent]),
            // Out of office.
            (Delivery::Delivered { at: at(12) }, bounced(BounceReason::Temporary), vec![Delivered, Sent]),
        ];
        for (first, overtaken, expected) in cases {
            let after = [first, overtaken, overtaken]
                .iter()
                .fold(invite(), |invite, told| track(Some(&invite), 2, *told).unwrap());
            let events: Vec<_> = after.history.newest_first().map(|entry| entry.event).collect();
            assert_eq!((after.delivery, events), (first, expected), "{overtaken:?}");
        }
    }

    #[test]
    fn the_history_has_an_event_once_and_the_earliest_delay() {
        let hear = |invite: &Invite, told| track(Some(invite), 2, told).unwrap();
        let later = hear(&invite(), Delivery::Delayed { at: at(15) });
        let earlier = hear(&hear(&later, Delivery::Delayed { at: at(12) }), Delivery::Delayed { at: at(15) });
        let events: Vec<_> = earlier.history.newest_first().map(|entry| (entry.event, entry.at)).collect();
        assert_eq!(events, [(HistoryEvent::Delayed, at(12)), (HistoryEvent::Sent, at(10))]);
    }
}
