//! Ids that nobody can guess, from the operating system.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[expect(clippy::expect_used, reason = "a machine without a source of randomness can't run anything here")]
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// `N` random bytes in hexadecimal.
pub(crate) fn hex<const N: usize>() -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes::<N>().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// `N` random bytes in base64url.
pub(crate) fn base64url<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>())
}

/// A random UUID (version 4), as Lambda names its requests.
pub(crate) fn uuid() -> String {
    let hex = hex::<16>();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A trace id in the form of X-Ray's header, sampled by nobody.
pub(crate) fn trace_id() -> String {
    format!("Root=1-{}-{};Parent={};Sampled=0", hex::<4>(), hex::<12>(), hex::<8>())
}
