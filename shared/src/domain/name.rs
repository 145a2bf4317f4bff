//! Learners' names are cleaned; names of organisations and deals are refused when unfit. A name appears in
//! mail from a trusted sender, so no name may carry a line break, a hidden character or a URL. A telephone
//! number is kept; the mail breaks it up invisibly, so that mail programs do not link it.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Serialize};

const LONGEST: usize = 100;

/// Characters that a reader cannot see but a program obeys (control, zero-width, bidirectional, tag), line separators
/// and interlinear annotations.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Keeps U+200C, U+200D and U+FE0F, of which words and emoji are made, behind a visible character that is not ASCII, and in a
/// keycap. Where they join nothing, nobody sees them.
fn without_invisible(text: &str) -> String {
    let may_stay = |c: char| !is_invisible(c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}');
    let mut chars = text.chars().filter(|c| may_stay(*c)).peekable();
    let mut kept = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let joins = kept.ends_with(|before: char| match before {
            '\u{fe0f}' => c == '\u{200d}',
            _ => !before.is_ascii() && !before.is_whitespace() && !is_invisible(before),
        });
        if !is_invisible(c) || joins || c == '\u{fe0f}' && chars.peek() == Some(&'\u{20e3}') {
            kept.push(c);
        }
    }
    kept
}

/// Mail programs make such words clickable.
fn is_url(word: &str) -> bool {
    let word = word.to_lowercase();
    word.contains("://") || word.starts_with("www.") || word.starts_with("mailto:")
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Collapses white space, removes invisible characters and URLs, cuts at 100 characters. `None` if empty.
    pub fn clean(raw: &str) -> Option<Self> {
        let spaced: String = raw.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
        let seen = without_invisible(&spaced);
        let words: Vec<&str> = seen.split_whitespace().filter(|word| !is_url(word)).collect();
        let cut: String = words.join(" ").chars().take(LONGEST).collect();
        // The cut may have gone through a keycap.
        let name = without_invisible(cut.trim_end());
        (!name.is_empty()).then_some(Self(name))
    }

    /// "Doe, Ann" becomes "Ann Doe". A name with a suffix ("Ann Doe, Jr.") or several commas stays as it is.
    pub fn spoken(&self) -> String {
        match self.0.split_once(',') {
            Some((family, given)) if !given.contains(',') && !has_suffix(given) => {
                format!("{} {}", given.trim(), family.trim()).trim().to_owned()
            }
            _ => self.0.clone(),
        }
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text after a comma is a suffix: "Jr.", "Ph.D.", "M. Sc.".
fn has_suffix(given: &str) -> bool {
    const SUFFIXES: [&str; 34] = [
        "jr", "sr", "ii", "iii", "iv", "phd", "dphil", "edd", "md", "dds", "dvm", "jd", "esq", "ba", "bs",
        "bsc", "ma", "ms", "msc", "mba", "mph", "mphil", "llb", "llm", "rn", "cpa", "cfa", "pmp", "obe",
        "mbe", "cbe", "kc", "qc", "frcs",
    ];
    given.split_whitespace().chain([given]).any(|part| {
        let letters: String = part.chars().filter(|c| c.is_alphanumeric()).collect();
        SUFFIXES.contains(&letters.to_lowercase().as_str())
    })
}

/// The name of an organisation or a deal: 1 to 100 visible characters, no URL.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// Refuses instead of cleaning, and says why: an administrator wrote the title and can correct it.
    pub fn parse(raw: &str) -> Result<Self, &'static str> {
        let text = raw.trim();
        if text.is_empty() {
            Err("must not be empty")
        } else if text.chars().count() > LONGEST {
            Err("must be at most 100 characters")
        } else if without_invisible(raw) != raw {
            Err("must not contain line breaks or invisible characters")
        } else if text.split_whitespace().any(is_url) {
            Err("must not contain a URL")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(raw: &str) -> Option<String> {
        Name::clean(raw).map(|name| name.0)
    }

    #[test]
    fn names_are_cleaned() {
        let cases = [
            ("Ann", Some("Ann")),
            ("  Ann \t Smith\r\n", Some("Ann Smith")),
            ("Ann\r\nBcc: all@example.com", Some("Ann Bcc: all@example.com")),
            ("J. R. Müller", Some("J. R. Müller")),
            ("J.R.R. Tolkien", Some("J.R.R. Tolkien")),
            ("Ann https://evil.example/x", Some("Ann")),
            ("www.evil.example", None),
            ("win at evil.example now", Some("win at evil.example now")),
            ("A\u{202e}nn\u{200b}", Some("Ann")),
            ("A\u{1d173}n\u{1bca0}n", Some("Ann")),
            ("<b>Ann</b>", Some("<b>Ann</b>")),
            ("\u{feff}", None),
            ("", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(cleaned(raw).as_deref(), expected, "{raw:?}");
        }
    }

    #[test]
    fn joiners_and_variation_selectors_stay() {
        let cases = [
            ("Persian, between joining letters", "علی\u{200c}رضا", "علی\u{200c}رضا"),
            ("Sinhala, after a virama", "ශ්\u{200d}රී", "ශ්\u{200d}රී"),
            ("Bengali, before a virama", "র\u{200d}্যাচেল", "র\u{200d}্যাচেল"),
            ("Malayalam, at the end of a word", "മോഹന്\u{200d} കെ", "മോഹന്\u{200d} കെ"),
            ("an emoji's variation selector", "Ann \u{2764}\u{fe0f}", "Ann \u{2764}\u{fe0f}"),
            ("a keycap", "1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("emoji in one", "👩🏽\u{200d}🏫 🏳\u{fe0f}\u{200d}🌈", "👩🏽\u{200d}🏫 🏳\u{fe0f}\u{200d}🌈"),
            ("two in a row", "علی\u{200c}\u{200c}رضا", "علی\u{200c}رضا"),
            ("before a word", "\u{200c}علی \u{200d}رضا", "علی رضا"),
            ("between Latin letters", "A\u{200c}n\u{200d}n", "Ann"),
            ("between two scripts", "A\u{200c}علی", "Aعلی"),
            ("after a letter and a digit", "A\u{fe0f}nn 1\u{fe0f}", "Ann 1"),
            ("after a Latin letter that is not ASCII", "é\u{200d}\u{fe0f}A", "é\u{200d}A"),
        ];
        for (what, raw, expected) in cases {
            assert_eq!(cleaned(raw).as_deref(), Some(expected), "{what}");
            let is_whole = raw == expected;
            assert_eq!(Title::parse(raw).is_ok(), is_whole, "{what}, as a title");
        }
        let cut = format!("{}1\u{fe0f}\u{20e3}", "x".repeat(LONGEST - 2));
        assert_eq!(cleaned(&cut), Some(format!("{}1", "x".repeat(LONGEST - 2))));
    }

    #[test]
    fn a_name_with_one_comma_is_spoken_given_name_first() {
        let cases = [
            ("Doe, Ann", "Ann Doe"),
            ("Doe,Ann Mary", "Ann Mary Doe"),
            ("van der Berg, Ann", "Ann van der Berg"),
            ("Doe Jr., Ann", "Ann Doe Jr."),
            ("DOE, ANN", "ANN DOE"),
            ("Ann Doe, PhD", "Ann Doe, PhD"),
            ("Ann Doe, Ph.D.", "Ann Doe, Ph.D."),
            ("Ann Doe, M. Sc.", "Ann Doe, M. Sc."),
            ("Ann Doe, MBA CPA", "Ann Doe, MBA CPA"),
            ("Doe, Ann Jr.", "Doe, Ann Jr."),
            ("Doe, Ann, PhD", "Doe, Ann, PhD"),
            ("Doe,", "Doe"),
            (", Ann", "Ann"),
            ("Ann Doe", "Ann Doe"),
        ];
        for (given, spoken) in cases {
            assert_eq!(Name::clean(given).unwrap().spoken(), spoken, "{given}");
        }
    }

    #[test]
    fn titles_are_refused_with_the_reason() {
        let cases = [
            ("Acme & Sons", Ok(())),
            ("Booking.com", Ok(())),
            ("  ", Err("must not be empty")),
            ("a\nb", Err("must not contain line breaks or invisible characters")),
            ("a\u{202e}b", Err("must not contain line breaks or invisible characters")),
            ("a\u{1d17a}b", Err("must not contain line breaks or invisible characters")),
            ("see https://evil.example", Err("must not contain a URL")),
        ];
        for (raw, expected) in cases {
            assert_eq!(Title::parse(raw).map(|_| ()), expected, "{raw:?}");
        }
        assert_eq!(Title::parse(&"x".repeat(101)), Err("must be at most 100 characters"));
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_fit_for_a_mail(raw: String) {
            if let Some(name) = cleaned(&raw) {
                prop_assert_eq!(without_invisible(&name), name.as_str());
                prop_assert!(!name.contains("://"));
                prop_assert!(name.chars().count() <= LONGEST);
                prop_assert_eq!(cleaned(&name), Some(name));
            }
        }
    }
}
