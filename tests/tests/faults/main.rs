//! The real binaries, disturbed in what they call: a proxy between them and DynamoDB and SES. I1–I8.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails as a test does")]

mod proxy;
