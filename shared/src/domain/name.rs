//! Names: of learners (cleaned, whatever was pasted) and of organisations and deals (refused when unfit).
//!
//! A name ends up in a mail from a trusted sender, so none may carry a line break, a hidden character or
//! anything that a mail program turns into a link.

use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const LONGEST: usize = 100;

/// True for what a reader can't see but a program obeys: control, zero-width, bidirectional and tag characters. Those of
/// Unicode 17's `Default_Ignorable_Code_Point`, and some more.
#[must_use]
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// True for a word that a mail program would make clickable.
fn is_url(word: &str) -> bool {
    let word = word.to_lowercase();
    word.contains("://") || word.starts_with("www.") || word.starts_with("mailto:")
}

/// A learner's name, as given by the manager and cleaned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Cleans a name: white space runs together, invisible characters and URLs go, a dot inside a word (as in
    /// `evil.example`) gets a space so that nothing can be clicked, and it is cut at 100 characters. `None` when
    /// nothing is left.
    #[must_use]
    pub fn clean(raw: &str) -> Option<Self> {
        let spaced: String = raw
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !is_invisible(*c))
            .collect();
        let words: Vec<String> =
            spaced.split_whitespace().filter(|word| !is_url(word)).map(part_at_dots).collect();
        // What a dot stood before is a word of its own now, and may be a URL.
        let words = words.iter().flat_map(|parted| parted.split(' ')).filter(|word| !is_url(word));
        let name: String = words.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
        let name = name.trim_end();
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    /// The name as one says it: "Doe, Ann" is "Ann Doe". With a suffix ("Ann Doe, Jr.") or several commas it stays as it is.
    #[must_use]
    pub fn spoken(&self) -> String {
        match self.0.split_once(',') {
            Some((family, given)) if !given.contains(',') && !has_suffix(given) => {
                format!("{} {}", given.trim(), family.trim()).trim().to_owned()
            }
            _ => self.0.clone(),
        }
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `evil.example` becomes `evil. example`; what no mail program takes for a host (`J.R.`) stays as it is.
fn part_at_dots(word: &str) -> String {
    let mut parted = String::with_capacity(word.len() + 2);
    for (at, c) in word.char_indices() {
        parted.push(c);
        let is_dot = matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
        let rest = word.get(at + c.len_utf8()..).unwrap_or_default();
        if is_dot && rest.chars().take_while(|c| c.is_alphanumeric()).take(2).count() == 2 {
            parted.push(' ');
        }
    }
    parted
}

/// True for what stands behind a comma after a whole name: "Jr.", "Ph.D.", "M. Sc.".
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

/// Why a text is not a [`Title`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TitleError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Over 100 characters.
    #[error("must be at most 100 characters")]
    TooLong,
    /// A line break, a control, zero-width or bidirectional character.
    #[error("must not contain line breaks or invisible characters")]
    Invisible,
    /// `https://…`, `www.…` or `mailto:…`.
    #[error("must not contain a URL")]
    Url,
}

impl Title {
    /// Takes a text that is fit to stand in a mail.
    ///
    /// # Errors
    /// What is wrong with it: these names are an administrator's, who can mend them.
    pub fn parse(raw: &str) -> Result<Self, TitleError> {
        let text = raw.trim();
        if text.is_empty() {
            Err(TitleError::Empty)
        } else if text.chars().count() > LONGEST {
            Err(TitleError::TooLong)
        } else if raw.chars().any(is_invisible) {
            Err(TitleError::Invisible)
        } else if text.split_whitespace().any(is_url) {
            Err(TitleError::Url)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
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
            ("Ann\r\nBcc: all@example.com", Some("Ann Bcc: all@example. com")),
            ("J. R. Müller", Some("J. R. Müller")),
            ("J.R.R. Tolkien", Some("J.R.R. Tolkien")),
            ("Ann https://evil.example/x", Some("Ann")),
            ("www.evil.example", None),
            ("win at evil.example now", Some("win at evil. example now")),
            ("A\u{202e}nn\u{200b}", Some("Ann")),
            ("A\u{1d173}n\u{1bca0}n", Some("Ann")),
            ("Ann.mailto:x@evil.example", Some("Ann. example")),
            ("Ann.www.evil.example", Some("Ann. evil. example")),
            ("<b>Ann</b>", Some("<b>Ann</b>")),
            ("\u{feff}", None),
            ("", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(cleaned(raw).as_deref(), expected, "{raw:?}");
        }
    }

    #[test]
    fn a_name_with_one_comma_is_turned_round_where_it_is_spoken() {
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
            ("  ", Err(TitleError::Empty)),
            ("a\nb", Err(TitleError::Invisible)),
            ("a\u{202e}b", Err(TitleError::Invisible)),
            ("a\u{1d17a}b", Err(TitleError::Invisible)),
            ("see https://evil.example", Err(TitleError::Url)),
        ];
        for (raw, expected) in cases {
            assert_eq!(Title::parse(raw).map(|_| ()), expected, "{raw:?}");
        }
        assert_eq!(Title::parse(&"x".repeat(101)), Err(TitleError::TooLong));
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_fit_for_a_mail(raw: String) {
            if let Some(name) = cleaned(&raw) {
                prop_assert!(!name.chars().any(is_invisible));
                prop_assert!(!name.contains("://"));
                prop_assert!(name.chars().count() <= LONGEST);
                prop_assert_eq!(cleaned(&name), Some(name));
            }
        }
    }
}
