//! Properties that hold for any bytes. I3, I5, I6, I8.
//!
//! A target takes bytes and panics if a property does not hold. `cargo test` runs each target on its corpus
//! (`tests/fuzz/corpus/<target>`), unchanged and with a few changed bytes. `make fuzz` runs libFuzzer, which looks for
//! inputs that reach new code, and adds failing inputs to the corpus.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target reports by a panic"
)]

#[path = "../../../functions/send-invites/src/correction.rs"]
mod correction;
mod events;
mod functions;
mod handlers;
mod text;
mod tokens;

pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("address", text::address),
    ("search", text::search),
    ("name", text::name),
    ("title", text::title),
    ("link", tokens::link),
    ("requests", events::requests),
    ("events", events::events),
];

#[cfg(test)]
mod tests {
    use super::TARGETS;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use proptest::test_runner::{Config, TestRunner};
    use std::fs;
    use std::path::Path;

    /// Few enough for every test run. `make fuzz` finds rare failures.
    const CASES: u32 = 2_000;

    fn changed(input: &[u8], edits: &[(Index, u8, bool)]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for (place, byte, grow) in edits {
            if *grow || bytes.is_empty() {
                bytes.insert(place.index(bytes.len() + 1), *byte);
            } else {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
        }
        bytes
    }

    fn replay(name: &str) {
        let (_, target) = TARGETS.iter().find(|(listed, _)| *listed == name).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 3, "{} is no corpus", folder.display());
        let inputs: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        for (input, file) in inputs.iter().zip(&files) {
            println!("{}", file.display());
            target(input);
        }
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let edit = (any::<Index>(), any::<u8>(), any::<bool>());
        let strategy = (any::<Index>(), vec(edit, 0..12));
        let outcome = TestRunner::new(config).run(&strategy, |(which, edits)| {
            target(&changed(&inputs[which.index(inputs.len())], &edits));
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }

    macro_rules! replays {
        ($(fn $test:ident() $target:literal)*) => {$(
            #[test]
            fn $test() {
                replay($target);
            }
        )*};
    }

    replays! {
        fn i3_an_address_is_itself_however_it_is_written() "address"
        fn i8_a_search_is_fit_for_a_key() "search"
        fn i8_a_name_is_fit_for_a_mail_whatever_was_pasted() "name"
        fn i8_a_title_is_fit_for_a_mail_or_refused() "title"
        fn i5_a_token_is_one_link_and_shows_no_secret() "link"
        fn i8_every_request_gets_an_answer_of_the_contract() "requests"
        fn i8_every_event_that_can_be_read_gets_an_answer_of_the_contract() "events"
    }
}
