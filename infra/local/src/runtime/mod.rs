//! Lambda, for processes of this machine: runs the real function binaries behind the Lambda Runtime API.
//!
//! Invariants: a process has at most one invocation at a time, and at most [`MAX_INSTANCES`] processes of a function
//! live at once; further invocations wait in order. Every invocation ends, by an answer, an error, the death of its
//! process, or its deadline, and then the process is gone. An event that no process has seen is never lost to the
//! death of an idle one. No process outlives the [`Host`].

mod api;
mod instance;
mod log;
mod pool;
mod process;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::task::{AbortHandle, JoinSet};

use crate::origin::InnerPort;
use pool::Pool;

/// The region that every function believes to run in.
pub(crate) const REGION: &str = "us-east-1";
/// The account that every function believes to run in.
pub(crate) const ACCOUNT: &str = "000000000000";
/// As many processes of one function as run at once; what is more waits.
pub const MAX_INSTANCES: usize = 16;
/// Lambda's own limit for the time from the start of a process to its first request for work.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What one function is and how its processes are started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The function's name.
    pub(crate) name: &'static str,
    /// The binary.
    pub(crate) binary: PathBuf,
    /// The deadline of each invocation.
    pub(crate) timeout: Duration,
    /// The function's settings, beside what Lambda itself sets.
    pub(crate) settings: Vec<(String, String)>,
    /// The file that takes what it prints.
    pub(crate) log: PathBuf,
    /// Whether that is printed here, too.
    pub(crate) echo_log: bool,
}

/// What a function itself reports as its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The kind, as the function names it.
    pub kind: String,
    /// The message.
    pub message: String,
}

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// There is no function of that name.
    #[error("no function {0}")]
    Unknown(String),
    /// The function reported a failure.
    #[error("{function} failed: {}", error.message)]
    Failed {
        /// The function's name.
        function: &'static str,
        /// What it reported.
        error: FunctionError,
    },
    /// The process ended before it had answered.
    #[error("{function} ended before it answered ({reason})")]
    Crashed {
        /// The function's name.
        function: &'static str,
        /// How it ended.
        reason: String,
    },
    /// The deadline passed; the process was killed.
    #[error("{function} timed out after {}", humantime::format_duration(*after))]
    TimedOut {
        /// The function's name.
        function: &'static str,
        /// Its timeout.
        after: Duration,
    },
    /// A new process could not be started, or ended before it asked for work.
    #[error("{function} does not start: {reason}")]
    Init {
        /// The function's name.
        function: &'static str,
        /// What it said last.
        reason: String,
    },
    /// The answer is not JSON.
    #[error("{function} answered something that is not JSON")]
    Answer {
        /// The function's name.
        function: &'static str,
    },
    /// The stack is being stopped.
    #[error("the stack is stopping")]
    Stopping,
}

/// Why the functions can't be run.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No loopback port could be bound for the Runtime API.
    #[error("no port for the Lambda Runtime API")]
    Port(#[source] io::Error),
    /// A binary is not there.
    #[error("there is no {}: build the functions first (cargo build --workspace)", binary.display())]
    Missing {
        /// Where it was looked for.
        binary: PathBuf,
    },
    /// A log file can't be written.
    #[error("the log {} can't be written: {error}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A function does not get as far as asking for work.
    #[error(transparent)]
    Start(InvokeError),
}

/// All functions, each with its processes.
#[derive(Debug)]
pub(crate) struct Host {
    pools: Pools,
    server: AbortHandle,
}

pub(crate) type Pools = Arc<BTreeMap<&'static str, Arc<Pool>>>;

impl Host {
    /// Starts one process of each function, and waits until all of them ask for work.
    pub(crate) async fn start(programs: Vec<Program>) -> Result<Self, HostError> {
        let port = InnerPort::bind().await.map_err(HostError::Port)?;
        let mut pools = BTreeMap::new();
        for program in programs {
            if !program.binary.is_file() {
                return Err(HostError::Missing { binary: program.binary });
            }
            pools.insert(program.name, Arc::new(Pool::new(program, port.address)?));
        }
        let pools = Arc::new(pools);
        let server = tokio::spawn(port.serve(api::router(Arc::clone(&pools)))).abort_handle();
        let host = Self { pools, server };
        let mut starts: JoinSet<_> = host.pools.values().map(|pool| Arc::clone(pool).start_idle()).collect();
        while let Some(started) = starts.join_next().await {
            started.unwrap_or(Err(InvokeError::Stopping)).map_err(HostError::Start)?;
        }
        Ok(host)
    }

    /// Hands an event to a function and returns what it answers.
    ///
    /// A caller who goes away does not end the invocation, as on Lambda: it runs in a task of its own.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Value, InvokeError> {
        let pool = self.pools.get(function).ok_or_else(|| InvokeError::Unknown(function.to_owned()))?;
        let invocation = tokio::spawn(Arc::clone(pool).invoke(Bytes::from(event.to_string())));
        let answer = invocation.await.unwrap_or(Err(InvokeError::Stopping))?;
        serde_json::from_slice(&answer).map_err(|_| InvokeError::Answer { function: pool.name() })
    }

    /// Kills all processes of a function, as a machine that goes down would; how many they were.
    pub(crate) fn kill(&self, function: &str) -> usize {
        self.pools.get(function).map_or(0, |pool| pool.kill_all())
    }

    /// How many processes of a function there are.
    #[cfg(test)]
    fn instances(&self, function: &str) -> usize {
        self.pools.get(function).map_or(0, |pool| pool.instances())
    }

    /// How many of them have seen an event that they have not answered yet.
    #[cfg(test)]
    fn busy(&self, function: &str) -> usize {
        self.pools.get(function).map_or(0, |pool| pool.busy())
    }

    /// Kills all processes and waits until they are gone.
    pub(crate) async fn stop(&self) {
        for pool in self.pools.values() {
            pool.close();
        }
        for pool in self.pools.values() {
            pool.gone().await;
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
        for pool in self.pools.values() {
            pool.close();
        }
    }
}
