//! Lambda on this machine: runs the real function binaries behind the Lambda Runtime API.
//!
//! Invariants: a process has at most one invocation at a time. A function has at most [`MAX_INSTANCES`] processes at a
//! time, and further invocations wait in order. Every invocation ends by an answer, an error, the end of its process, or
//! its deadline, at which the process is killed. An event that no process has seen goes to another process. No process
//! outlives the [`Host`].

mod api;
mod log;
mod pool;
mod process;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::StartError;
use crate::origin::Port;
use pool::Pool;

/// The region and the account that the functions are told.
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "000000000000";
/// The most processes of one function that run at a time.
const MAX_INSTANCES: usize = 16;
/// Lambda's limit for the time from a process's start to its first request for work.
const INIT_LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) timeout: Duration,
    /// In megabytes. The function is told this limit, but nothing enforces it.
    pub(crate) memory: u64,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) log: PathBuf,
    pub(crate) echo_log: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function and how it failed: by an error, by its end, at its start.
    #[error("{0} {1}")]
    Failed(String, String),
    #[error("{function} timed out after {}", humantime::format_duration(*after))]
    TimedOut { function: &'static str, after: Duration },
    #[error("the stack is stopping")]
    Stopping,
}

impl InvokeError {
    fn failed(function: &str, how: impl Into<String>) -> Self {
        Self::Failed(function.to_owned(), how.into())
    }
}

pub(crate) struct Host {
    pools: Pools,
    _server: JoinSet<()>,
}

pub(crate) type Pools = Arc<BTreeMap<&'static str, Arc<Pool>>>;

impl Host {
    /// Starts one process of each function, and waits until all of them ask for work.
    pub(crate) async fn start(programs: Vec<Program>) -> Result<Self, StartError> {
        let port = Port::bind(0).await?;
        let mut pools = BTreeMap::new();
        for program in programs {
            if !program.binary.is_file() {
                return Err(StartError::NoFunction(program.binary));
            }
            pools.insert(program.name, Arc::new(Pool::new(program, port.url())?));
        }
        let pools = Arc::new(pools);
        let server = port.serve(api::router(Arc::clone(&pools)));
        let host = Self { pools, _server: [server].into_iter().collect() };
        let mut starts: JoinSet<_> = host.pools.values().map(|pool| Arc::clone(pool).start()).collect();
        while let Some(started) = starts.join_next().await {
            started.unwrap_or(Err(InvokeError::Stopping))?;
        }
        Ok(host)
    }

    /// Hands an event to a function and returns the function's answer.
    ///
    /// The invocation runs in a task of its own: as on Lambda, it does not end when its caller goes away.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Value, InvokeError> {
        let failed = |how: &str| InvokeError::failed(function, how);
        let pool = self.pools.get(function).ok_or_else(|| failed("is no function"))?;
        let invocation = tokio::spawn(Arc::clone(pool).invoke(Bytes::from(event.to_string())));
        let answer = invocation.await.unwrap_or(Err(InvokeError::Stopping))?;
        serde_json::from_slice(&answer).map_err(|_| failed("gave an answer that is not JSON"))
    }

    /// Kills all processes of a function. Returns how many there were.
    pub(crate) fn kill(&self, function: &str) -> usize {
        self.pools.get(function).map_or(0, |pool| pool.kill_all())
    }

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
        for pool in self.pools.values() {
            pool.close();
        }
    }
}
