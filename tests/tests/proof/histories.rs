//! Concurrent requests for one deal are linearisable. I1–I7.

use tests::history::{Figures, Kind, Player};

const SEEDS: &str = include_str!("histories.seeds");

/// Plays every seed. There must be at least `least` operations.
async fn play(kind: Kind, windows: usize, least: usize) {
    let player = Player::new(kind).await;
    let mut figures = Figures::default();
    for seed in SEEDS.lines().filter(|line| !line.starts_with('#')) {
        let result = player.play(seed.parse().expect("a number"), windows, &mut figures).await;
        result.unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    println!("{kind:?}: {figures:?}");
    assert!(figures.operations >= least && figures.rows > 0, "too few operations: {figures:?}");
    assert!(figures.open > 0 || kind == Kind::Timely, "no response was lost: {figures:?}");
    player.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_a_deal_are_linearisable() {
    play(Kind::Timely, 15, 500).await;
}

/// Processes are killed and responses are lost. A request without a response happened once or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_under_faults_are_linearisable() {
    play(Kind::Disturbed, 12, 300).await;
}
