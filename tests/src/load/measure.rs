//! Figures, and what `/proc` says of the functions.

use std::fmt::{Display, Write};
use std::path::{Path, PathBuf};

use seatkeeper_local::Settings;

use crate::proxy::Proxy;
use crate::{TestStack, settings_with};

/// Rows of a table, each with the load's name in front.
pub(super) struct Figures {
    load: String,
    pub(super) rows: String,
}

impl Figures {
    pub(super) fn of(load: String) -> Self {
        Self { load, rows: String::new() }
    }

    pub(super) fn add(&mut self, what: &str, figure: impl Display) {
        let _to_a_string = writeln!(self.rows, "| {}: {what} | {figure} |", self.load);
    }
}

/// A stack whose processes are measured.
pub(super) struct MeasuredStack {
    pub(super) stack: TestStack,
    functions: PathBuf,
}

impl MeasuredStack {
    pub(super) async fn behind(proxy: &Proxy) -> Self {
        let settings = settings_with(&[]);
        Self::new(TestStack::behind(proxy, settings.clone()).await, &settings)
    }

    pub(super) fn new(stack: TestStack, settings: &Settings) -> Self {
        let functions = settings.functions_dir.canonicalize().expect("the functions' folder");
        Self { stack, functions }
    }

    /// The peak memory of a function's live processes, in KiB.
    pub(super) fn peak(&self, function: &str) -> u64 {
        let program = self.functions.join(function);
        let processes = std::fs::read_dir("/proc").expect("processes").flatten();
        let ours = processes.filter(|process| is_ours(&process.path(), &program));
        let peak = ours.filter_map(|process| status_of(&process.path(), "VmHWM:")).max();
        peak.unwrap_or_else(|| panic!("a process of {function}"))
    }
}

fn is_ours(process: &Path, program: &Path) -> bool {
    std::fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
        && status_of(process, "PPid:") == Some(std::process::id().into())
}

fn status_of(process: &Path, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test")]
pub(super) fn ratio(amount: f64, count: usize) -> f64 {
    amount / count as f64
}

pub(super) fn per(amount: f64, count: usize) -> String {
    format!("{:.2}", ratio(amount, count))
}
