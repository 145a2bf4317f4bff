//! `make run`: the whole stack in a terminal, until Ctrl-C.

use std::process::ExitCode;

use seatkeeper_local::{Settings, Stack, StartError};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
seatkeeper-local runs Seatkeeper on this machine until Ctrl-C. It takes no arguments. Configure it with
environment variables:
  PORT=3000      the port of the portal, the API, the inbox and the issuer
  EPHEMERAL=1    keep no data (without it, .local/ keeps the data)
docs/settings.md lists all settings.";

#[expect(clippy::print_stderr, reason = "the usage, or the one line that says why the stack can't start")]
#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).is_some() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    // A signal during the start drops all that has started so far, processes included.
    let stack = tokio::select! {
        started = Stack::start(settings) => started?,
        () = signalled() => return Ok(()),
    };
    signalled().await;
    stack.stop().await;
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn signalled() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
