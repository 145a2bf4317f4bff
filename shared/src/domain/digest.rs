//! The digest: a daily mail to a manager about what is new in the organisation's deals. It has counts, and no learner's
//! address or name. A manager is told each fact once.

use super::{Attention, Deal, DealId, DealState, PersonId, Timestamp};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration};
use std::collections::BTreeMap;
use std::fmt;

/// A digest ends unless the manager renews it.
pub const RENEWED_FOR: Duration = Duration::days(180);

/// News of a kind are counted up to this number.
pub const COUNTED_UP_TO: u32 = 1_000;

/// How long before its end a deal is mentioned.
const ENDING: Duration = Duration::days(30);

const DAY: i64 = 86_400;

/// What a manager has been told of each deal, one bit for each fact.
pub type Told = BTreeMap<DealId, u8>;

const THREE_QUARTERS: u8 = 1;
const FULL: u8 = 2;
const ENDS_SOON: u8 = 4;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// How many invites got this reason since the last digest.
    News(Attention, u32),
    /// At least three quarters of the seats are taken.
    ThreeQuarters,
    Full,
    EndsSoon,
}

#[derive(Debug)]
pub struct Section {
    pub deal: Deal,
    pub lines: Vec<Line>,
}

/// The digest's sections, and what the manager will have been told, also of deals that are not at hand. `deals` are the
/// organisation's, each with the news since the last digest. No section means no mail. An ended deal has no section, because
/// nobody could act on it.
pub fn digest(
    deals: Vec<(Deal, Vec<(Attention, u32)>)>,
    told: &Told,
    now: Timestamp,
) -> (Vec<Section>, Told) {
    let (mut sections, mut next) = (Vec::new(), told.clone());
    next.retain(|deal, _| now < deal.purge_at());
    for (deal, news) in deals {
        let known = told.get(&deal.id).copied().unwrap_or_default();
        let is_ended = deal.state(now) == DealState::Ended;
        let facts = if is_ended { 0 } else { facts(&deal, now) };
        if known | facts != 0 {
            next.insert(deal.id, known | facts);
        }
        let is_new = |fact| facts & !known & fact != 0;
        let mut lines: Vec<_> =
            news.into_iter().filter(|(_, count)| *count > 0).map(|(why, n)| Line::News(why, n)).collect();
        if is_new(FULL) {
            lines.push(Line::Full);
        } else if is_new(THREE_QUARTERS) {
            lines.push(Line::ThreeQuarters);
        }
        lines.extend(is_new(ENDS_SOON).then_some(Line::EndsSoon));
        if !is_ended && !lines.is_empty() {
            sections.push(Section { deal, lines });
        }
    }
    (sections, next)
}

/// "All seats are taken" also tells that three quarters are.
fn facts(deal: &Deal, now: Timestamp) -> u8 {
    let (allocated, seats) = (u64::from(deal.allocated), u64::from(deal.seats));
    let taken = match allocated {
        _ if allocated >= seats => FULL | THREE_QUARTERS,
        _ if allocated * 4 >= seats * 3 => THREE_QUARTERS,
        _ => 0,
    };
    if deal.ends_at - now <= ENDING { taken | ENDS_SOON } else { taken }
}

/// The next UTC midnight: a manager gets at most one digest a day.
pub fn next_day(now: Timestamp) -> Timestamp {
    DateTime::from_timestamp((now.timestamp().div_euclid(DAY) + 1) * DAY, 0).unwrap_or(now)
}

const PREFIX: &str = "digest-";

/// The id of one-click unsubscribe (RFC 8058) in a digest. Has no `Debug`, so that it cannot be logged.
#[derive(Clone)]
pub struct DigestId {
    pub person: PersonId,
    /// Stored with the switch. Good for nothing but switching the digest off.
    pub secret: [u8; 16],
}

impl DigestId {
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
        let (person, secret) = bytes.split_first_chunk::<32>()?;
        Some(Self { person: PersonId(*person), secret: secret.try_into().ok()? })
    }
}

/// `digest-` and `base64url(person ‖ secret)`, 64 characters.
impl fmt::Display for DigestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.person.0.as_slice(), &self.secret].concat();
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, deal};
    use super::super::{Link, UnsubscribeId};
    use super::*;
    use proptest::prelude::*;

    const FAR: i64 = 365 * DAY;

    fn taken(allocated: u32, seats: u32) -> Deal {
        Deal { allocated, seats, starts_at: at(0), ends_at: at(FAR), ..deal() }
    }

    /// The lines of one deal, and what was told of it after them.
    fn lines(deal: Deal, news: &[(Attention, u32)], told: &Told, now: i64) -> (Vec<Line>, Told) {
        let (sections, told) = digest(vec![(deal, news.to_vec())], told, at(now));
        (sections.into_iter().flat_map(|section| section.lines).collect(), told)
    }

    #[test]
    fn a_threshold_is_told_at_the_first_run_that_finds_it_and_never_again() {
        use Line::{Full, ThreeQuarters};
        for (seats, found) in [
            (4, [(2, vec![]), (3, vec![ThreeQuarters]), (3, vec![]), (4, vec![Full]), (4, vec![])].to_vec()),
            (4, [(4, vec![Full]), (3, vec![]), (0, vec![]), (4, vec![])].to_vec()),
            (100, [(74, vec![]), (80, vec![ThreeQuarters]), (74, vec![]), (75, vec![])].to_vec()),
            (1, [(0, vec![]), (1, vec![Full])].to_vec()),
            (5, [(3, vec![]), (4, vec![ThreeQuarters])].to_vec()),
        ] {
            let mut told = Told::new();
            for (allocated, expected) in found {
                let said;
                (said, told) = lines(taken(allocated, seats), &[], &told, 10);
                assert_eq!(said, expected, "{allocated} of {seats}");
            }
        }
    }

    #[test]
    fn a_deals_end_is_told_once_within_its_last_thirty_days() {
        let month = 30 * DAY;
        let said = |left, told: &Told| lines(taken(0, 9), &[], told, FAR - left);
        let none = Told::new();
        assert_eq!(said(month + 1, &none), (vec![], none.clone()));
        let (first, told) = said(month, &none);
        assert_eq!(first, [Line::EndsSoon]);
        assert_eq!(said(DAY, &told), (vec![], told.clone()));
        assert_eq!(said(0, &none), (vec![], none), "ended");
        assert_eq!(said(0, &told).1, told, "the deal may be prolonged");
    }

    /// Its manager may have moved to another organisation and come back, or its item could not be read.
    #[test]
    fn what_was_told_of_a_deal_that_is_not_at_hand_is_remembered_until_the_deal_is_purged() {
        let (deal, none) = (taken(4, 4), Told::new());
        let (_, told) = lines(deal.clone(), &[], &none, 10);
        assert_eq!(digest(Vec::new(), &told, at(11)).1, told);
        assert_eq!(lines(deal.clone(), &[], &told, 12), (vec![], told.clone()));
        assert_eq!(digest(Vec::new(), &told, deal.id.purge_at()).1, none);
    }

    #[test]
    fn news_come_first_and_nothing_is_said_of_an_ended_deal() {
        let news = [(Attention::Asked, 2), (Attention::Undelivered, 0), (Attention::Declined, 1)];
        let expected =
            [Line::News(Attention::Asked, 2), Line::News(Attention::Declined, 1), Line::Full, Line::EndsSoon];
        assert_eq!(lines(taken(4, 4), &news, &Told::new(), FAR - 9).0, expected);
        assert_eq!(lines(taken(4, 4), &news, &Told::new(), FAR).0, []);
    }

    #[test]
    fn the_next_day_begins_at_midnight_utc() {
        for (now, next) in [(0, DAY), (1, DAY), (DAY - 1, DAY), (DAY, 2 * DAY)] {
            assert_eq!(next_day(at(now)), at(next));
        }
    }

    proptest! {
        #[test]
        fn an_id_is_read_back_and_is_no_link_and_no_id_of_an_invite(secret: [u8; 16], subject: String) {
            let id = DigestId { person: PersonId::new("issuer", &subject), secret };
            let text = id.to_string();
            prop_assert_eq!(text.len(), PREFIX.len() + 64);
            let read = DigestId::parse(&text).unwrap();
            prop_assert_eq!((read.person, read.secret), (id.person, secret));
            prop_assert!(Link::parse(&text).is_none() && UnsubscribeId::parse(&text).is_none());
            let bare = text.trim_start_matches(PREFIX);
            for other in [bare, &text[..70], &format!("{text}A"), &format!("{text}="), &text.to_uppercase()] {
                prop_assert!(DigestId::parse(other).is_none());
            }
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = DigestId::parse(&text);
        }
    }
}
