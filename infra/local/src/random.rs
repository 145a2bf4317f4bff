//! Ids that nobody can guess: 122 bits of the operating system's random numbers.

use uuid::Uuid;

/// A random UUID. Lambda and SES name their requests so.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// The same as 32 hexadecimal digits.
pub(crate) fn hex() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A trace id in the form of X-Ray's header. Its trace is not sampled.
pub(crate) fn trace_id() -> String {
    format!("Root=1-{:.8}-{:.24};Parent={:.16};Sampled=0", hex(), hex(), hex())
}
