//! What the stack prints while it runs. No line has an address, a name or a token in it.

#![expect(clippy::print_stdout, reason = "this is the one file of the local stack that prints")]

use chrono::TimeDelta;

use crate::clock;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) quiet: bool,
}

impl Terminal {
    pub(crate) fn step(self, what: &str, detail: &str) {
        self.line(&format!("  {what:<11} {detail}"));
    }

    pub(crate) fn line(self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// One API request. Its path has ids in it, so the route's key is printed in its place.
    pub(crate) fn request(self, route: &str, status: u16, took: TimeDelta) {
        let (method, path) = route.split_once(' ').unwrap_or((route, ""));
        let (time, millis) = (clock::now().format("%H:%M:%S"), took.num_milliseconds());
        self.line(&format!("{time}  {method:<6} {path:<46} {status}  {millis:>5} ms"));
    }

    pub(crate) fn warn(self, what: &str) {
        self.line(&format!("{}  ! {what}", clock::now().format("%H:%M:%S")));
    }
}

pub(crate) fn say(line: &str) {
    println!("{line}");
}
