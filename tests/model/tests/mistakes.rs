//! Each mistake is found, by the invariant that it is against.

use model::mutant::Mutant;
use model::property::{NAMES, ROOM};
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
        .filter(|name| **name != ROOM && !Mutant::ALL.iter().any(|mutant| mutant.property() == **name))
        .collect();
    assert!(idle.is_empty(), "nothing shows that these can fail: {idle:?}");
}
