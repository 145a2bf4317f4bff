//! Runs the checker and reports its result.

use crate::bounds::Bounds;
use crate::events::Event;
use crate::model::{Action, Seatkeeper};
use crate::mutant::Mutant;
use shared::clock;
use stateright::{Checker, CheckerBuilder, HasDiscoveries, Model};
use std::fmt::Write;
use std::time::Duration;

pub struct Checked {
    pub states: usize,
    /// Steps, including those to known states.
    pub steps: usize,
    pub depth: usize,
    pub took: Duration,
    /// The broken properties, each with the shortest way there.
    pub broken: Vec<Found>,
    pub events: Vec<Event>,
}

/// A way to a state that breaks a property.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    pub property: &'static str,
    pub way: Vec<Action>,
}

/// Checks every state within these bounds, depth first, which keeps only hashes of states. If a property is broken,
/// checks again breadth first for the shortest way there.
#[must_use]
pub fn check(bounds: Bounds, threads: usize) -> Checked {
    let mut model = Seatkeeper::new(bounds, None);
    model.by_name = false;
    let checked = run(model, threads, HasDiscoveries::AnyFailures, CheckerBuilder::spawn_dfs);
    if checked.broken.is_empty() {
        return checked;
    }
    let model = Seatkeeper::new(bounds, None);
    run(model, threads, HasDiscoveries::AnyFailures, CheckerBuilder::spawn_bfs)
}

/// Finds a short way to a state in which this mistake breaks its property. One thread, so that the way is always the
/// same.
#[must_use]
pub fn find(mutant: Mutant) -> Checked {
    let until = HasDiscoveries::AnyOf([mutant.property()].into());
    run(Seatkeeper::new(mutant.bounds(), Some(mutant)), 1, until, CheckerBuilder::spawn_bfs)
}

fn run<C: Checker<Seatkeeper> + Send + Sync>(
    model: Seatkeeper,
    threads: usize,
    until: HasDiscoveries,
    spawn: impl FnOnce(CheckerBuilder<Seatkeeper>) -> C,
) -> Checked {
    let watch = clock::start();
    let checker = spawn(model.checker().threads(threads).finish_when(until)).join();
    let way = |path: stateright::Path<_, Action>| path.into_actions();
    let mut broken: Vec<Found> = checker
        .discoveries()
        .into_iter()
        .map(|(property, path)| Found { property, way: way(path) })
        .collect();
    let rank = |found: &Found| crate::property::NAMES.iter().position(|name| *name == found.property);
    broken.sort_by_key(|found| (found.way.len(), rank(found)));
    Checked {
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        took: watch.elapsed(),
        broken,
        events: checker.model().seen.events(),
    }
}

impl Checked {
    /// The way to a state that breaks this property.
    #[must_use]
    pub fn finds(&self, property: &str) -> Option<&Found> {
        self.broken.iter().find(|found| found.property == property)
    }
}

#[must_use]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[must_use]
pub fn line(bounds: &Bounds, checked: &Checked) -> String {
    let Checked { states, steps, depth, took, broken, .. } = checked;
    let verdict = if broken.is_empty() { "all invariants hold" } else { "BROKEN" };
    format!(
        "{:<9} {states:>11} states, {steps:>11} steps, {depth} deep, {:.1} s: {verdict} ({})",
        bounds.name,
        took.as_secs_f64(),
        bounds.what,
    )
}

#[must_use]
pub fn table(found: &[(Mutant, Checked)]) -> String {
    let mut table = String::from("| mistake | found by | within | in steps |\n| --- | --- | --- | ---: |\n");
    for (mutant, checked) in found {
        let found = checked.finds(mutant.property());
        let property = found.map_or("nothing", |found| found.property);
        let steps = found.map_or(0, |found| found.way.len());
        let _ = writeln!(table, "| {} | {property} | {} | {steps} |", mutant.what(), mutant.bounds().name);
    }
    table
}
