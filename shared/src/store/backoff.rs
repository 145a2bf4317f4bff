//! Waiting for other writers of the same item: random waits from zero to a bound that doubles (full jitter).

use super::jitter;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The next wait is no longer than this.
    pub(super) bound: Duration,
    longest: Duration,
}

/// The policy that degrades best of those in `docs/scale.md`.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_millis(250))
    }
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { bound: first, longest }
    }

    /// `random` is from 0 to 1.
    pub fn next(&mut self, random: f64) -> Duration {
        let wait = self.bound.mul_f64(random);
        self.bound = (self.bound * 2).min(self.longest);
        wait
    }

    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.next(jitter())).await;
    }
}
