//! Every state within the small bounds, held against each invariant; and nothing that may happen is missing from them.

#![expect(clippy::print_stdout, reason = "how much was looked at is part of the result")]

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
    i1_no_seat_is_held_twice_or_oversold: "I1"
    i2_nobody_accepts_what_has_expired: "I2"
    i3_an_address_has_one_invite_that_never_blocks_for_ever: "I3"
    i4_mail_is_neither_lost_nor_doubled_in_silence: "I4"
    i5_the_newest_links_work_and_no_others: "I5"
    i7_sweeps_lose_races_and_finish_in_the_end: "I7"
    the_model_has_room_for_what_happens_in_it: "the model"
}

#[test]
fn all_that_may_happen_happens() {
    let seen: Vec<Event> = CHECKED.iter().flat_map(|checked| checked.events.clone()).collect();
    let missing: Vec<_> = Event::ALL.iter().filter(|event| !seen.contains(event)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}
