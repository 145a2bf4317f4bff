//! Ids that nobody can guess, from the operating system's random numbers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// `N` random bytes in base64url.
#[expect(clippy::expect_used, reason = "a machine without a source of randomness can't run anything here")]
pub(crate) fn base64url<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A random UUID. Lambda and SES name their requests so.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// 32 random hexadecimal digits.
pub(crate) fn hex() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A trace id in the form of X-Ray's header. Its trace is not sampled.
pub(crate) fn trace_id() -> String {
    format!("Root=1-{:.8}-{:.24};Parent={:.16};Sampled=0", hex(), hex(), hex())
}
