//! Links. Only genuine ones are accepted, and no secret is shown. I5, I6.

use shared::domain::{DealId, InviteId, Link, Secret};

/// The input's first bytes, padded with zeros, and the rest.
fn split<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = input.split_at(input.len().min(N));
    let mut bytes = [0; N];
    bytes[..head.len()].copy_from_slice(head);
    (bytes, rest)
}

/// The text with changed characters. Each edit is a place and a character.
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
    let link = Link { deal: DealId(deal), invite: InviteId(invite), secret: Secret::from_bytes(secret) };
    let token = link.token();
    assert_eq!(Link::parse(&token).as_ref(), Some(&link));
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token.len() == 86 && token.chars().all(fits), "a token is safe in a URL's fragment");

    // The part of the token that depends on the secret alone is neither printed nor stored.
    let hidden = &token[44..];
    let shown = format!("{link:?} {:?} {}", link.secret, link.secret.hash());
    assert!(!shown.contains(hidden) && shown.contains("Secret(…)"), "{shown}");
    assert!(!shown.contains(&format!("{secret:?}")), "{shown}");

    let other = edited(&token, edits);
    match Link::parse(&other) {
        Some(parsed) => {
            assert_eq!(parsed.token(), other, "a link has one form");
            assert_eq!(parsed == link, other == token);
        }
        None => assert_ne!(other, token),
    }
}
