//! What is printed while the stack runs: little, aligned, and never an address, a name or a token.

#![expect(clippy::print_stdout, reason = "the terminal is what this file is for")]

use std::time::Duration;

use crate::clock;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    quiet: bool,
}

impl Terminal {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    #[cfg(test)]
    pub(crate) fn quiet() -> Self {
        Self::new(true)
    }

    pub(crate) fn step(self, what: &str, detail: &str) {
        self.line(&format!("  {what:<11} {detail}"));
    }

    pub(crate) fn line(self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// One API request; the route's key stands for its path, which has ids in it.
    pub(crate) fn request(self, route: &str, status: u16, took: Duration) {
        let (method, path) = route.split_once(' ').unwrap_or((route, ""));
        let (time, millis) = (clock::now().format("%H:%M:%S"), took.as_millis());
        self.line(&format!("{time}  {method:<6} {path:<46} {status}  {millis:>5} ms"));
    }

    /// Something that a developer should know.
    pub(crate) fn warn(self, what: &str) {
        self.line(&format!("{}  ! {what}", clock::now().format("%H:%M:%S")));
    }
}

pub(crate) fn say(line: &str) {
    println!("{line}");
}
