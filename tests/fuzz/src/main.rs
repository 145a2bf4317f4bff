//! `make fuzz` runs the target in `TARGET` under libFuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod fuzzing {
    use std::sync::OnceLock;

    static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

    fn named() -> fn(&[u8]) {
        let name = std::env::var("TARGET").unwrap_or_default();
        let found = fuzz::TARGETS.iter().find(|(listed, _)| *listed == name);
        found.unwrap_or_else(|| panic!("TARGET must be one of {:?}", fuzz::TARGETS)).1
    }

    libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET.get_or_init(named)(input));
}

// Without `make fuzz` there is nothing to run: the tests replay the corpus.
#[cfg(not(fuzzing))]
fn main() {}
