//! What we hand out and get back: links and cursors. Only what we made is taken for it, and no secret shows. I5, I6.

use shared::domain::{DealId, InviteId, Link, Salt, Secret};
use shared::store::Cursor;

/// The input's first bytes, zeros where it ends, and the rest.
fn split<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = input.split_at(input.len().min(N));
    let mut bytes = [0; N];
    bytes[..head.len()].copy_from_slice(head);
    (bytes, rest)
}

/// The text with a few characters in place of others; each edit is a place and a character.
fn edited(text: &str, edits: &[u8]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for edit in edits.chunks_exact(2) {
        let (place, c) = (usize::from(edit[0]), char::from(edit[1]));
        match place {
            255 => chars.push(c),
            254 => drop(chars.pop()),
            place => {
                let length = chars.len().max(1);
                if let Some(old) = chars.get_mut(place % length) {
                    *old = c;
                }
            }
        }
    }
    chars.into_iter().collect()
}

pub(crate) fn link(input: &[u8]) {
    let (deal, rest) = split::<16>(input);
    let (invite, rest) = split::<16>(rest);
    let (secret, edits) = split::<32>(rest);
    let link = Link {
        deal: DealId::from_bytes(deal),
        invite: InviteId::from_bytes(invite),
        secret: Secret::from_bytes(secret),
    };
    let token = link.token();
    assert_eq!(Link::parse(&token).as_ref(), Some(&link));
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token.len() == 86 && token.chars().all(fits), "fits into a URL's fragment");

    // The part that only the secret decides, in what is printed and what is stored.
    let hidden = &token[44..];
    let shown = format!("{link:?} {:?} {}", link.secret, link.secret.hash().as_str());
    assert!(!shown.contains(hidden) && shown.contains("Secret(…)"), "{shown}");
    assert!(!shown.contains(&format!("{secret:?}")), "{shown}");

    let other = edited(&token, edits);
    match Link::parse(&other) {
        Some(parsed) => {
            assert_eq!(parsed.token(), other, "one form only");
            assert_eq!(parsed == link, other == token);
        }
        None => assert_ne!(other, token),
    }
}

pub(crate) fn token(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    if let Some(link) = Link::parse(&raw) {
        assert_eq!(link.token(), raw);
    }
}

pub(crate) fn cursor(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let salt = Salt::from_bytes([9; 32]);
    // No text that came from outside is genuine: nobody outside has the salt. (One that is used for nothing else here:
    // libFuzzer sees what is compared, and had soon copied a genuine cursor out of the second half.)
    if let Some(cursor) = Cursor::parse(&raw) {
        assert!(!cursor.is_genuine(&Salt::from_bytes([7; 32]), "seats all"));
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!((1..=64).contains(&cursor.position().len()) && cursor.position().bytes().all(fits));
    }
    let (head, edits) = split::<24>(input);
    let position: String = head.iter().map(|b| char::from(b'a' + b % 26)).collect();
    let text = Cursor::sign(&salt, "seats all", &position);
    assert!(Cursor::parse(&text).is_some_and(|cursor| cursor.is_genuine(&salt, "seats all")));
    assert!(!Cursor::parse(&text).is_some_and(|cursor| cursor.is_genuine(&salt, "seats pending")));
    let other = edited(&text, edits);
    let genuine = Cursor::parse(&other).is_some_and(|cursor| cursor.is_genuine(&salt, "seats all"));
    assert_eq!(genuine, other == text, "{other}");
}
