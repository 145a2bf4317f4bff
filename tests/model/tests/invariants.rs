//! Every state within the small bounds keeps each invariant, and every event of the model happens in them.

#![expect(clippy::print_stdout, reason = "the number of states is part of the result")]

use model::bounds::SMALL;
use model::events::Event;
use model::{Checked, check, line, threads};
use std::sync::LazyLock;

static CHECKED: LazyLock<Vec<Checked>> = LazyLock::new(|| {
    let checked = SMALL.map(|bounds| {
        let checked = check(bounds, threads());
        println!("{}", line(&bounds, &checked));
        checked
    });
    checked.into()
});

macro_rules! hold {
    ($($test:ident: $invariant:literal)*) => {$(
        #[test]
        fn $test() {
            for (bounds, checked) in SMALL.iter().zip(&*CHECKED) {
                let broken = checked.broken.iter().find(|found| found.property.starts_with($invariant));
                assert_eq!(broken, None, "within the bounds of {}", bounds.name);
            }
        }
    )*};
}

hold! {
    i1_no_seat_is_held_twice_or_oversold: "I1 "
    i2_nobody_accepts_an_expired_invite: "I2"
    i3_an_address_has_one_invite_and_can_be_invited_again: "I3"
    i4_no_mail_is_lost_or_doubled_silently: "I4"
    i5_only_the_newest_links_work: "I5"
    i7_sweeps_lose_races_and_finish: "I7"
    i9_a_delivery_only_becomes_truer: "I9"
    i10_a_no_is_respected: "I10"
    the_model_has_room_for_every_link: "the model"
}

#[test]
fn every_event_happens() {
    let seen: Vec<Event> = CHECKED.iter().flat_map(|checked| checked.events.clone()).collect();
    let missing: Vec<_> = Event::ALL.iter().filter(|event| !seen.contains(event)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}
