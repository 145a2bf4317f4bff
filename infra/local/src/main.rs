//! `make run`: the whole stack in a terminal, until Ctrl-C.

use std::process::ExitCode;

use seatkeeper_local::{Settings, Stack, StartError};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
seatkeeper-local: Seatkeeper on this machine, until Ctrl-C. It takes no arguments; settings are in the environment:
  PORT=3000      the port of everything
  EPHEMERAL=1    keep nothing (otherwise data stays in .local/)
README.md has the others.";

#[expect(
    clippy::print_stderr,
    reason = "the answer to an argument, or the one line that says why it does not start"
)]
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
    // Ctrl-C while the stack starts drops what was started so far, processes and all.
    let stack = tokio::select! {
        started = Stack::start(settings) => started?,
        () = stop_wanted() => return Ok(()),
    };
    stop_wanted().await;
    stack.stop().await;
    Ok(())
}

async fn stop_wanted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
