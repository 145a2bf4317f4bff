//! The product's invariants, as properties of every reachable state.

use crate::bounds::INVITES;
use crate::model::{Flaw, KINDS, Said, Seatkeeper, State, mail};
use crate::table::{Mail, NO_LINK, Queue, Row, Rule};
use shared::domain::InviteState;
use stateright::Property;

macro_rules! properties {
    ($($name:ident = $text:literal: $holds:expr;)*) => {
        $(#[doc = $text] pub const $name: &str = $text;)*

        pub const NAMES: &[&str] = &[$($text,)*];

        const CONDITIONS: &[fn(&Seatkeeper, &State) -> bool] = &[$($holds,)*];
    };
}

/// Each property with its name, or all as one. In each state, the checker looks up the name of every property among
/// those that it found broken, which takes longer than the properties themselves.
pub(crate) fn properties(by_name: bool) -> Vec<Property<Seatkeeper>> {
    if by_name {
        NAMES.iter().zip(CONDITIONS).map(|(name, holds)| Property::always(name, *holds)).collect()
    } else {
        vec![Property::always("all", |model, state| CONDITIONS.iter().all(|holds| holds(model, state)))]
    }
}

properties! {
    I1_ALLOCATED = "I1 seats held = allocated ≤ seats": |_, state| {
        let held = state.table.seats.iter().flatten().count();
        let deal = state.table.deal;
        held == usize::from(deal.allocated) && deal.allocated <= deal.seats
    };
    I1_ACCEPTED = "I1 a seat for each accepted invite, and for no other": |_, state| {
        rows(state).all(|(place, row)| {
            let holder = state.table.seats.iter().position(|seat| *seat == Some(place)).map(u8::try_from);
            let accepted = row.is(InviteState::Accepted);
            holder.is_some() == accepted && (!accepted || holder == row.learner.map(Ok))
        })
    };
    I2_IN_TIME = "I2 nobody accepts after the expiry or the deal's end": |_, state| !state.has(Flaw::AcceptedLate);
    I2_EXPIRED = "I2 only a new send revives an expired invite": |_, state| !state.has(Flaw::Revived);
    I3_ONE = "I3 an address has one invite": |model, state| {
        let person = |row: &Row| model.people.get(usize::from(row.address));
        rows(state).all(|(place, row)| {
            rows(state).all(|(other, other_row)| place == other || person(&row) != person(&other_row))
        })
    };
    I3_AGAIN = "I3 only a pending or accepted invite prevents a new send": |model, state| {
        rows(state).all(|(place, row)| {
            let pending = row.is(InviteState::Open) && state.clock < row.expires_at;
            let again = Rule::Invite { address: row.address, link: NO_LINK, opted_out: false };
            let may = model.rules.apply(place, &again, Some(&row), state.clock, state.clock).is_ok();
            may != (pending || row.is(InviteState::Accepted))
        })
    };
    I4_SENT = "I4 every sent invite was mailed": |_, state| {
        rows(state).all(|(place, row)| row.mail < Mail::Sent || copies(state, place, row.sends) > 0)
    };
    I4_ONCE = "I4 a send is mailed once, unless SES's response was lost": |_, state| {
        rows(state).all(|(place, row)| {
            let mailbox = &state.mailboxes[usize::from(place)];
            let mails = (1..=row.sends).flat_map(|send| (0..KINDS).map(move |kind| (send, kind)));
            let mut mails = mails.map(|(send, kind)| (mailbox.copies_of(send, kind), mailbox.doubtful.has(mail(send, kind))));
            mails.all(|(copies, is_doubtful)| copies <= 1 || is_doubtful)
        })
    };
    I4_REMINDED = "I4 every reminder that is over was mailed or dropped": |_, state| {
        rows(state).all(|(place, row)| {
            let mailbox = &state.mailboxes[usize::from(place)];
            let is_over = |kind| mailbox.copies_of(row.sends, kind) > 0 || mailbox.dropped.has(mail(row.sends, kind));
            (1..=row.reminded).all(is_over)
        })
    };
    I4_TIMELY = "I4 a reminder goes out in its time, and is dropped outside of it only": |_, state| !state.has(Flaw::Untimely);
    I4_FAILED = "I4 no failed invite was mailed, unless SES's response was lost": |_, state| {
        rows(state).all(|(place, row)| {
            row.mail != Mail::Failed
                || copies(state, place, row.sends) == 0
                || state.mailboxes[usize::from(place)].doubtful.has(mail(row.sends, 0))
        })
    };
    I4_END = "I4 in the end every send is mailed or failed": |_, state| {
        let waits = |row: &Row| row.mail == Mail::Queued && (accepts(row) || row.is(InviteState::Accepted));
        !state.is_over() || !rows(state).any(|(_, row)| waits(&row))
    };
    I4_ANSWER = "I4 a successful write gets a success": |_, state| !state.has(Flaw::Unanswered);
    I4_DOUBLE_CLICK = "I4 a double click sends once": |_, state| !state.has(Flaw::DoubleClick);
    I4_REPEATED = "I4 a repeated write happens once": |_, state| !state.has(Flaw::Twice);
    I5_NEWEST = "I5 only links of the newest send accept": |_, state| !state.has(Flaw::OldLink);
    I5_WORKS = "I5 every link of the newest send works until its date, and older links are known as superseded": |_, state| {
        rows(state).all(|(place, row)| {
            (0..).zip(&state.mailboxes[usize::from(place)].letters).all(|(link, letter)| {
                if letter.copies == 0 {
                    true
                } else if letter.send == row.sends {
                    !accepts(&row) || row.links.has(link) && letter.until <= row.expires_at
                } else {
                    row.superseded().has(link) || row.sends > letter.send + 3
                }
            })
        })
    };
    I7_INDEX = "I7 the due index holds exactly the invites with work to do": |model, state| {
        rows(state).all(|(_, row)| match row.mail {
            Mail::Queued if accepts(&row) => matches!(row.due, Some((Queue::Send, _))),
            Mail::Sent | Mail::Delivered if row.is(InviteState::Open) && model.reminder(&row).is_some() => {
                matches!(row.due, Some((Queue::Remind, _)))
            }
            _ if row.is(InviteState::Open) => row.due == Some((Queue::Expire, row.expires_at)),
            _ => row.due.is_none(),
        })
    };
    I7_MARKS = "I7 the sweep marks only expired invites": |_, state| !state.has(Flaw::ExpiredEarly);
    I7_END = "I7 in the end every expired invite is marked": |_, state| {
        let expired = |row: &Row| row.is(InviteState::Open) && row.expires_at <= state.clock;
        !state.is_over() || !rows(state).any(|(_, row)| expired(&row))
    };
    I7_PROGRESS = "I7 every run changes the due invite that it found": |_, state| !state.has(Flaw::Stuck);
    I9_TRUER = "I9 a delivery only becomes truer": |_, state| !state.has(Flaw::LessTrue);
    I9_NEWEST = "I9 only events of the newest send count": |_, state| {
        rows(state).all(|(place, row)| row.mail <= Mail::Sent || state.mailboxes[usize::from(place)].told.has(row.sends))
    };
    I10_MAIL = "I10 no call to SES begins after an opt-out was answered": |_, state| !state.has(Flaw::Unwanted);
    I10_STANDS = "I10 an answered opt-out stands until the learner asks": |_, state| {
        state.said != Some(Said::No) || state.table.opted_out
    };
    I10_LIFTED = "I10 an answered ask lifts the opt-out": |_, state| {
        state.said != Some(Said::Ask) || !state.table.opted_out
    };
    I10_SETTLED = "I10 an accept clears the learner's decline and ask": |_, state| {
        rows(state).all(|(_, row)| !row.is(InviteState::Accepted) || !row.declined && row.asked.is_none())
    };
    I10_REMINDED = "I10 no reminder is claimed after an answer, or of a mail that did not arrive": |_, state| {
        !state.has(Flaw::Reminded)
    };
    ENOUGH_LINKS = "the model has room for every link": |_, state| !state.has(Flaw::TooManyLinks);
}

fn rows(state: &State) -> impl Iterator<Item = (u8, Row)> {
    (0..INVITES).zip(state.table.invites).filter_map(|(place, row)| Some((place, row?)))
}

/// Not an expired one: its state changes with the sweep.
fn accepts(row: &Row) -> bool {
    row.is(InviteState::Open) || row.is(InviteState::Declined)
}

fn copies(state: &State, place: u8, send: u8) -> u8 {
    state.mailboxes[usize::from(place)].copies(send)
}
