//! Searches logs and error bodies for every address, name and token that a test used. I8

use std::collections::BTreeSet;
use std::path::Path;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use seatkeeper_local::functions::{FUNCTIONS, Function};

use crate::snapshot::text;
use crate::{Response, TestStack};

/// Words that must not appear, in each encoding that could hide them.
pub struct Secrets {
    forms: Vec<String>,
    search: AhoCorasick,
}

impl Secrets {
    /// All personal data of a stack: from its table, its inbox and its callers.
    pub async fn of(stack: &TestStack) -> Self {
        let mut words = BTreeSet::new();
        for item in stack.items().await {
            words.extend(text(&item, "email").map(str::to_owned));
            words.extend(text(&item, "addressSk").filter(|address| address.contains('@')).map(str::to_owned));
            words.extend(text(&item, "by").map(str::to_owned));
            let is_invite = text(&item, "sk").is_some_and(|sk| sk.starts_with("I#"));
            words.extend(text(&item, "name").filter(|_| is_invite).map(str::to_owned));
        }
        for mail in stack.inbox().await {
            words.insert(mail.field("to").to_owned());
            let token = if mail.0["tags"]["deal"].is_string() {
                mail.token()
            } else {
                mail.unsubscribe_path().rsplit('/').next().unwrap_or_default().to_owned()
            };
            // The ids at the token's start are no secret. The rest is.
            words.extend([token[50..].to_owned(), token]);
        }
        for (email, token) in stack.people_seen() {
            words.insert(email);
            // A token's header says only how it is signed.
            words.extend(token.split('.').skip(1).map(str::to_owned));
        }
        // `manager` and `partnerships` identify nobody.
        let locals: Vec<_> = words
            .iter()
            .filter_map(|word| Some(word.split_once('@')?.0.to_owned()))
            .filter(|local| !["manager", "partnerships"].contains(&local.as_str()))
            .collect();
        words.extend(locals);
        words.remove("nobody");
        Self::new(words)
    }

    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let forms: Vec<_> = words.into_iter().filter(|word| word.len() > 3).flat_map(forms).collect();
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(&forms);
        Self { search: search.expect("a search for all words"), forms }
    }

    pub fn count(&self) -> usize {
        self.forms.len()
    }

    /// The first secret in a text, with the text around it.
    pub fn find(&self, text: &str) -> Option<String> {
        let found = self.search.find(text)?;
        let around = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let from = around(found.start().saturating_sub(200));
        let to = around((found.end() + 200).min(text.len()));
        Some(format!("{} in …{}…", self.forms[found.pattern()], &text[from..to]))
    }

    /// Searches the log of each function. Returns the numbers of their lines.
    pub fn assert_none_in_logs(&self, logs: &Path) -> Vec<usize> {
        let search = |function: &Function| {
            let log = std::fs::read(logs.join(format!("{}.log", function.name))).expect("a log");
            let text = String::from_utf8_lossy(&log).into_owned();
            assert_eq!(self.find(&text), None, "{}", function.name);
            text.lines().count()
        };
        FUNCTIONS.iter().map(search).collect()
    }

    fn assert_none_in(&self, refusals: &[Response]) {
        for refusal in refusals {
            let headers = format!("{:?}", refusal.headers);
            let found = self.find(&refusal.text).or_else(|| self.find(&headers));
            assert_eq!(found, None, "{}", refusal.show());
        }
    }
}

/// Stops the stack and searches its logs and refusals for personal data. Returns a sentence about the search. I8
pub async fn stop_and_search(stack: TestStack, logs: &Path) -> String {
    let (secrets, refusals) = (Secrets::of(&stack).await, stack.refusals());
    assert!(secrets.count() > 10, "too few secrets to search for");
    stack.stop().await;
    secrets.assert_none_in(&refusals);
    let lines = secrets.assert_none_in_logs(logs);
    assert!(!lines.contains(&0), "a function logs nothing: {lines:?}");
    let lines: usize = lines.iter().sum();
    std::fs::remove_dir_all(logs).expect("a folder of logs");
    format!("no leak: {} forms, {lines} lines of logs, {} refusals", secrets.count(), refusals.len())
}

/// A word as it is, in a URL, in JSON with escapes, and in base64 at each of the three possible offsets.
fn forms(word: String) -> Vec<String> {
    let of_each = |escape: &dyn Fn(char) -> String| word.chars().map(escape).collect::<String>();
    let in_url = of_each(&|c| match c {
        c if c.is_ascii_alphanumeric() || "-._~".contains(c) => c.to_string(),
        c => c.to_string().bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}")),
    });
    let in_json = of_each(&|c| match c {
        c if c.is_ascii_alphanumeric() || "-._ ".contains(c) => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    });
    let mut forms = BTreeSet::from([in_url, in_json]);
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let encoded = engine.encode([&vec![0; before], word.as_bytes()].concat());
            // Characters at both ends depend on the bytes around the word.
            let (from, to) = (before + usize::from(before > 0), encoded.len().saturating_sub(1));
            forms.extend(encoded.get(from..to).filter(|core| core.len() > 7).map(str::to_owned));
        }
    }
    forms.insert(word);
    forms.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i8_a_word_is_found_in_each_form() {
        let secrets = Secrets::new(["ann.secret@example.com".to_owned(), "Zoë Whisper".to_owned()]);
        let id = "A".repeat(5);
        for text in [
            "to ann.secret@example.com: no".to_owned(),
            "ANN.SECRET@EXAMPLE.COM".to_owned(),
            "?q=ann.secret%40example.com&x".to_owned(),
            r#"{"a":"ann.secret\u0040example.com"}"#.to_owned(),
            format!("{{\"x\":\"{}\"}}", STANDARD_NO_PAD.encode("ann.secret@example.com")),
            format!("{{\"x\":\"{}\"}}", STANDARD_NO_PAD.encode("{\"email\":\"ann.secret@example.com\"}")),
            format!("{{\"x\":\"{}\"}}", URL_SAFE_NO_PAD.encode(format!("{id} Zoë Whisper {id}"))),
            format!("{{\"x\":\"{}\"}}", URL_SAFE_NO_PAD.encode(format!("{id}Zoë Whisper{id}"))),
            "Zoë Whisper".to_owned(),
            "Zo%C3%AB%20Whisper".to_owned(),
            r"Zo\u00eb Whisper".to_owned(),
        ] {
            assert!(secrets.find(&text).is_some(), "{text}");
        }
        for text in ["", "ann", "example.com", "Whisper", "a request failed: InternalServerError"] {
            assert_eq!(secrets.find(text), None, "{text}");
        }
    }
}
