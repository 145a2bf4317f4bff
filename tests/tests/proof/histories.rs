//! What people do to one deal at the same time has an order that explains every answer: linearisable, per deal. I1–I7.

use tests::history::{Figures, Kind, Stage};

const SEEDS: &str = include_str!("histories.seeds");

/// Plays all of them; the least of operations that this has to be.
async fn play(kind: Kind, windows: usize, least: usize) {
    let stage = Stage::new(kind).await;
    let mut figures = Figures::default();
    for seed in SEEDS.lines().filter(|line| !line.starts_with('#')) {
        let played = stage.play(seed.parse().expect("a number"), windows).await;
        figures += played.unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    println!("{kind:?}: {figures}");
    assert!(figures.operations >= least && figures.rows > 0, "hardly anything happened: {figures}");
    assert!(figures.open > 0 || kind == Kind::Timely, "nothing was disturbed: {figures}");
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_a_deal_are_linearisable() {
    play(Kind::Timely, 15, 500).await;
}

/// Processes are killed and answers lost: what has no answer happened once, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_under_faults_are_linearisable() {
    play(Kind::Disturbed, 12, 300).await;
}
