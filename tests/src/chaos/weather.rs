//! What goes wrong: calls that are disturbed, now few, now many, and processes that die.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use seatkeeper_local::functions::FUNCTIONS;

use super::Scene;
use crate::proxy::{Calls, Fault, Storm};

/// How many of a thousand calls are disturbed: a fine day, showers, a storm.
const SHARES: [u32; 5] = [0, 20, 60, 120, 300];

/// A new weather every second or so.
pub(super) async fn change(scene: Arc<Scene>, mut rng: Rng) {
    let late = [
        Fault::AnswerLate(Duration::from_millis(500)),
        Fault::AnswerLate(Duration::from_millis(3_500)),
        Fault::ArriveLate(Duration::from_millis(300)),
        Fault::ArriveLate(Duration::from_secs(4)),
        Fault::Refuse,
    ];
    loop {
        scene.proxy.calm();
        let share = rng.choice(SHARES).unwrap_or_default();
        // Lateness takes turns with all the rest: it is rare, or nothing is done in time.
        let mut faults = Fault::QUICK.to_vec();
        faults.extend(rng.choice(late));
        scene.proxy.storm(Storm { seed: rng.u64(..), share, calls: Calls::all(), faults });
        if rng.bool() {
            // SES by itself, which has few calls.
            let mut faults = Fault::QUICK.to_vec();
            faults.retain(|fault| fault.can_meet("SendBulkEmail"));
            if let Some(fault) = rng.choice(faults) {
                scene.proxy.disturb(Calls::of("SendBulkEmail"), 0, rng.u32(1..4), fault);
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(500..3_000))).await;
    }
}

/// Kills the processes of some function, whatever they are doing.
pub(super) async fn kill(scene: Arc<Scene>, mut rng: Rng) {
    loop {
        tokio::time::sleep(Duration::from_millis(rng.u64(300..2_000))).await;
        if let Some(function) = rng.choice(FUNCTIONS.iter()) {
            scene.ledger.kills.fetch_add(scene.stack.local.kill(function.name), Ordering::SeqCst);
        }
    }
}
