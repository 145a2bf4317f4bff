//! Cursors: where a page ended, signed with the deal's salt and bound to the query. A cursor holds a row's
//! place or id, never an address. The partition comes from the authorised path, so a forged cursor could only
//! skip rows of the caller's own deal; it is refused all the same.

use crate::domain::Salt;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Not verified until [`Cursor::is_genuine`].
#[derive(Clone, PartialEq, Debug)]
pub struct Cursor {
    signature: [u8; 16],
    pub position: String,
}

impl Cursor {
    pub fn sign(salt: &Salt, filter: &str, position: &str) -> String {
        let signature = salt.mac("cursor", &[filter.as_bytes(), position.as_bytes()]);
        URL_SAFE_NO_PAD.encode([signature.as_slice(), position.as_bytes()].concat())
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signature, position) = bytes.split_first_chunk::<16>()?;
        // The position goes into a key before it is verified, so it must look like part of a key.
        let is_place = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=64).contains(&position.len()) || !position.iter().all(is_place) {
            return None;
        }
        let position = String::from_utf8(position.to_vec()).ok()?;
        Some(Self { signature: *signature, position })
    }

    /// True if [`Cursor::sign`] made the cursor for this deal and filter. Compares in constant time.
    pub fn is_genuine(&self, salt: &Salt, filter: &str) -> bool {
        salt.verifies("cursor", &[filter.as_bytes(), self.position.as_bytes()], &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_the_exact_cursor_is_genuine(
            salt: [u8; 32], filter: String, position in "[0-9A-Za-z_-]{1,40}", place in 0_usize..70, letter in "[A-Za-z0-9_-]",
        ) {
            let salt = Salt(salt);
            let text = Cursor::sign(&salt, &filter, &position);
            let cursor = Cursor::parse(&text).unwrap();
            prop_assert!(cursor.is_genuine(&salt, &filter));
            prop_assert_eq!(&cursor.position, &position);
            let other_filter = filter.clone() + "x";
            prop_assert!(!cursor.is_genuine(&salt, &other_filter));
            prop_assert!(!cursor.is_genuine(&Salt([0xa5; 32]), &filter));
            let mut forged = text.clone();
            let place = place % forged.len();
            forged.replace_range(place..=place, &letter);
            if forged != text {
                prop_assert!(!Cursor::parse(&forged).is_some_and(|cursor| cursor.is_genuine(&salt, &filter)));
            }
            let cut = Cursor::parse(&text[..text.len() - 2]);
            prop_assert!(!cut.is_some_and(|cursor| cursor.is_genuine(&salt, &filter)));
        }
    }
}
