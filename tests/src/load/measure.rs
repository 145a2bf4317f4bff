//! What is measured, and where it is read: the functions' own logs, and what the system says of their processes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatkeeper_local::Settings;
use serde_json::Value;

use crate::{Mail, TestStack, eventually};

#[derive(Debug, Default)]
pub struct Figures(Vec<(String, String)>);

impl Figures {
    pub(super) fn add(&mut self, what: &str, figure: impl fmt::Display) {
        self.0.push((what.to_owned(), figure.to_string()));
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, figure) in &self.0 {
            writeln!(f, "| {what} | {figure} |")?;
        }
        Ok(())
    }
}

pub(super) struct Watched {
    pub(super) stack: TestStack,
    logs: PathBuf,
    functions: PathBuf,
    read: BTreeMap<&'static str, usize>,
}

impl Watched {
    pub(super) fn new(stack: TestStack, settings: &Settings) -> Self {
        let functions = settings.functions_dir.canonicalize().expect("the functions' folder");
        Self { stack, logs: settings.logs.clone(), functions, read: BTreeMap::new() }
    }

    /// The next `count` lines of a function's log that have this field; they come a moment after the answer.
    pub(super) async fn lines(&mut self, function: &'static str, field: &str, count: usize) -> Vec<Value> {
        let path = self.logs.join(format!("{function}.log"));
        let from = self.read.get(function).copied().unwrap_or_default();
        let (lines, all) = eventually("the log has it", Duration::from_secs(20), || async {
            let text = std::fs::read_to_string(&path).ok()?;
            let lines: Vec<Value> =
                text.lines().skip(from).filter_map(|line| serde_json::from_str(line).ok()).collect();
            let lines: Vec<_> = lines.into_iter().filter(|line| !line[field].is_null()).collect();
            (lines.len() >= count).then(|| (lines, text.lines().count()))
        })
        .await;
        self.read.insert(function, all);
        lines
    }

    /// The most memory that any living process of a function ever had, in KiB.
    pub(super) fn peak(&self, function: &str) -> u64 {
        let program = self.functions.join(function);
        let processes = std::fs::read_dir("/proc").expect("processes").flatten();
        let ours = processes.filter(|process| is_ours(&process.path(), &program));
        let peak = ours.filter_map(|process| peak_of(&process.path())).max();
        peak.unwrap_or_else(|| panic!("a process of {function}"))
    }
}

fn is_ours(process: &Path, program: &Path) -> bool {
    std::fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
        && status_of(process, "PPid:") == Some(std::process::id().into())
}

fn peak_of(process: &Path) -> Option<u64> {
    status_of(process, "VmHWM:")
}

fn status_of(process: &Path, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::print_stderr, reason = "what takes long shows progress")]
pub(super) fn progress(what: &str, before: usize, done: usize, all: usize) {
    if before * 20 / all < done * 20 / all {
        eprintln!("  {what}: {done} of {all}");
    }
}

pub(super) fn sum(lines: &[Value], field: &str) -> f64 {
    lines.iter().filter_map(|line| line[field].as_f64()).sum()
}

pub(super) fn per(amount: f64, count: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
    let ratio = amount / count as f64;
    format!("{ratio:.2}")
}

pub(super) fn tokens(mails: &[Mail]) -> BTreeMap<String, String> {
    mails.iter().map(|mail| (mail.field("to").to_owned(), mail.token())).collect()
}

pub(super) fn tally(kinds: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for kind in kinds {
        *tally.entry(kind).or_default() += 1;
    }
    tally
}
