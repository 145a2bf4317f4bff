//! One operating system process: its environment, its output and its end.
//!
//! Invariant: a function gets no variable of our own environment but those listed here. A function that needs another
//! variable fails here, as it would on AWS.

use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::log::Log;
use super::{Program, REGION};

/// Starts a process of the function. It dies with its [`Child`].
pub(super) fn spawn(program: &Program, api: &str, id: u64) -> io::Result<Child> {
    Command::new(&program.binary)
        .env_clear()
        .envs(lambda_environment(program, api, id))
        .envs(program.settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// The variables that Lambda sets (developer guide, "Defined runtime environment variables").
pub(super) fn lambda_environment(program: &Program, api: &str, id: u64) -> Vec<(&'static str, String)> {
    let name = program.name;
    vec![
        ("AWS_LAMBDA_RUNTIME_API", format!("{api}/{name}/{id}")),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", program.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("local/[$LATEST]{id}")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        // By this key the database finds its role.
        ("AWS_ACCESS_KEY_ID", name.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        ("TZ", "UTC".to_owned()),
    ]
}

/// Watches the process until it ends, and kills it when that is wanted. Returns why it ended.
pub(super) async fn watch(mut child: Child, killed: impl Future<Output = ()>, log: &Log) -> String {
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let end = async {
        tokio::select! {
            ended = child.wait() => return ended,
            () = killed => {}
        }
        child.start_kill()?;
        child.wait().await
    };
    // Both pipes are read to their end: the last line may say why the process ended.
    let (ended, last_out, last_error) = tokio::join!(end, log.copy(out), log.copy(errors));
    match (ended, last_error.or(last_out)) {
        (Ok(status), Some(last)) => format!("{last} ({status})"),
        (Ok(status), None) => status.to_string(),
        (Err(error), _) => error.to_string(),
    }
}
