//! The model finds each deliberate mistake, by the invariant that it breaks.

use model::mutant::Mutant;
use model::property::{ENOUGH_LINKS, NAMES};
use model::{find, table};

#[test]
fn each_mistake_is_found_by_its_invariant() {
    let found: Vec<_> = Mutant::ALL.iter().map(|mutant| (*mutant, find(*mutant))).collect();
    println!("{}", table(&found));
    for (mutant, checked) in &found {
        assert!(checked.finds(mutant.property()).is_some(), "{mutant:?} is not found: {}", mutant.what());
    }
}

#[test]
fn each_property_finds_a_mistake() {
    let idle: Vec<_> = NAMES
        .iter()
        .filter(|name| {
            **name != ENOUGH_LINKS && !Mutant::ALL.iter().any(|mutant| mutant.property() == **name)
        })
        .collect();
    assert!(idle.is_empty(), "no mistake breaks these properties: {idle:?}");
}
