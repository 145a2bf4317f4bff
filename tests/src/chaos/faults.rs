//! Random faults of calls, at changing rates, and killed processes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use seatkeeper_local::functions::FUNCTIONS;

use super::ChaosStack;
use crate::proxy::{Calls, Fault, RandomFaults};

/// How many of a thousand calls meet a fault.
const SHARES: [u32; 5] = [0, 20, 60, 120, 300];

/// Changes the faults and their rate every second or so.
pub(super) async fn inject(chaos: Arc<ChaosStack>, mut rng: Rng) {
    let late = [
        Fault::AnswerLate(Duration::from_millis(500)),
        Fault::AnswerLate(Duration::from_millis(3_500)),
        Fault::ArriveLate(Duration::from_millis(300)),
        Fault::ArriveLate(Duration::from_secs(4)),
        Fault::Refuse,
    ];
    loop {
        chaos.proxy.clear_faults();
        let share = rng.choice(SHARES).unwrap_or_default();
        // One kind of delay at a time: with more, no request would finish in time.
        let mut faults = Fault::QUICK.to_vec();
        faults.extend(rng.choice(late));
        chaos.proxy.inject(RandomFaults { seed: rng.u64(..), share, calls: Calls::all(), faults });
        if rng.bool() {
            // SES has few calls, so it gets faults of its own.
            let mut faults = Fault::QUICK.to_vec();
            faults.retain(|fault| fault.can_meet("SendBulkEmail"));
            if let Some(fault) = rng.choice(faults) {
                chaos.proxy.disturb(Calls::of("SendBulkEmail"), 0, rng.u32(1..4), fault);
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(500..3_000))).await;
    }
}

/// Kills all processes of a random function, again and again.
pub(super) async fn kill(chaos: Arc<ChaosStack>, mut rng: Rng) {
    loop {
        tokio::time::sleep(Duration::from_millis(rng.u64(300..2_000))).await;
        if let Some(function) = rng.choice(FUNCTIONS.iter()) {
            chaos.ledger.kills.fetch_add(chaos.stack.local.kill(function.name), Ordering::SeqCst);
        }
    }
}
