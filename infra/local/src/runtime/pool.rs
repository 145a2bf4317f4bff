//! The processes of one function, and how an invocation finds an idle one.
//!
//! Invariant: an invocation that a process has seen is answered exactly once through its `reply`. When the process
//! ends, an invocation that it has not seen is dropped with its `reply`, so another process can take it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, oneshot, watch};

use super::log::Log;
use super::{INIT_LIMIT, InvokeError, MAX_INSTANCES, Program, process};
use crate::{StartError, clock};

pub(crate) struct Pool {
    program: Program,
    /// The URL of the Runtime API.
    api: String,
    log: Log,
    /// One permit for each running invocation, in the order of arrival. A process starts only if none is idle, so there
    /// are never more processes than permits.
    slots: Semaphore,
    pub(super) living: watch::Sender<BTreeMap<u64, Process>>,
    started: AtomicU64,
}

#[derive(Default)]
pub(super) struct Process {
    /// Whether it has asked for work.
    is_ready: bool,
    /// Whether it is being killed. It then takes no more work.
    killed: bool,
    /// The next invocation. The process has not seen it yet.
    offered: Option<Work>,
    /// The id of the invocation that the process has seen, and where its outcome goes.
    pub(super) running: Option<(String, oneshot::Sender<Outcome>)>,
    init_error: Option<String>,
}

struct Work {
    id: String,
    event: Bytes,
    deadline: DateTime<Utc>,
    reply: oneshot::Sender<Outcome>,
}

/// The answer, or how the function failed.
pub(super) type Outcome = Result<Bytes, String>;

fn crashed(reason: &str) -> Outcome {
    Err(format!("ended before it answered: {reason}"))
}

impl Process {
    /// Has the process killed. Its running invocation ends only when the process has: no write of it can follow then.
    fn kill(&mut self) {
        (self.killed, self.offered) = (true, None);
    }

    fn is_idle(&self) -> bool {
        self.is_ready && !self.killed && self.running.is_none() && self.offered.is_none()
    }
}

impl Pool {
    pub(super) fn new(program: Program, api: String) -> Result<Self, StartError> {
        let log = Log::open(&program.log, program.echo_log.then_some(program.name))
            .map_err(|error| StartError::File { path: program.log.clone(), error })?;
        let (slots, living, started) =
            (Semaphore::new(MAX_INSTANCES), watch::Sender::default(), AtomicU64::new(0));
        Ok(Self { program, api, log, slots, living, started })
    }

    /// Runs one invocation, from waiting for a permit to its end.
    pub(super) async fn invoke(self: Arc<Self>, event: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.program.name;
        let _slot = self.slots.acquire().await.map_err(|_| InvokeError::Stopping)?;
        // A round ends without an outcome if a process has to start, or if the chosen process ends while it is idle.
        for _ in 0..2 * MAX_INSTANCES {
            let (reply, outcome) = oneshot::channel();
            let deadline = clock::now() + self.program.timeout;
            let work = Work { id: crate::random::uuid(), event: event.clone(), deadline, reply };
            let Some(id) = self.offer(work) else {
                Arc::clone(&self).start().await?;
                continue;
            };
            match tokio::time::timeout(self.program.timeout, outcome).await {
                Ok(Ok(outcome)) => return outcome.map_err(|how| InvokeError::failed(function, how)),
                // The process ended before it saw the invocation.
                Ok(Err(_)) => {}
                Err(_) => {
                    self.with(id, Process::kill);
                    self.until(|living| !living.contains_key(&id)).await;
                    return Err(InvokeError::TimedOut { function, after: self.program.timeout });
                }
            }
        }
        Err(InvokeError::failed(function, "ended again and again before it answered"))
    }

    /// Gives the invocation to an idle process. If there is none, the invocation is dropped.
    fn offer(&self, work: Work) -> Option<u64> {
        let mut taker = None;
        self.living.send_modify(|living| {
            let idle = living.iter_mut().find(|(_, process)| process.is_idle());
            taker = idle.map(|(id, process)| {
                process.offered = Some(work);
                *id
            });
        });
        taker
    }

    /// Starts a process, and waits until it asks for work.
    pub(super) async fn start(self: Arc<Self>) -> Result<(), InvokeError> {
        let failed = |reason| InvokeError::failed(self.program.name, format!("can't start: {reason}"));
        let id = self.started.fetch_add(1, Ordering::Relaxed);
        // Known before it runs: a busy machine may run the process, and its first request for work, ahead of us.
        self.living.send_modify(|living| drop(living.insert(id, Process::default())));
        if self.slots.is_closed() {
            self.with(id, Process::kill);
        }
        let ended = tokio::spawn(Arc::clone(&self).run(id));
        let ready = self.until(|living| living.get(&id).is_none_or(|process| process.is_ready));
        if tokio::time::timeout(INIT_LIMIT, ready).await.is_err() {
            self.with(id, Process::kill);
            let limit = humantime::format_duration(INIT_LIMIT);
            return Err(failed(format!("it did not poll for work within {limit}")));
        }
        match self.with(id, |_| ()) {
            Some(()) => Ok(()),
            None => Err(failed(ended.await.unwrap_or_default())),
        }
    }

    /// Runs a process until it ends. Returns why it ended.
    async fn run(self: Arc<Self>, id: u64) -> String {
        let killed = self.until(|living| living.get(&id).is_none_or(|process| process.killed));
        let ended = match process::spawn(&self.program, &self.api, id) {
            Ok(child) => process::watch(child, killed, &self.log).await,
            Err(error) => error.to_string(),
        };
        let mut process = None;
        self.living.send_modify(|living| process = living.remove(&id));
        let Process { running, init_error, .. } = process.unwrap_or_default();
        let reason = init_error.unwrap_or(ended);
        if let Some((_, reply)) = running {
            let _nobody_waits = reply.send(crashed(&reason));
        }
        reason
    }

    /// The process asks for work, and waits for it. As on Lambda, a process that is being killed gets no response at all.
    pub(super) async fn next(&self, id: u64) -> Option<(String, Bytes, DateTime<Utc>)> {
        self.with(id, |process| {
            process.is_ready = true;
            process.running.take().map(|(_, reply)| reply.send(crashed("it asked for more work instead")))
        })?;
        loop {
            self.until(|living| living.get(&id).is_none_or(|process| process.offered.is_some())).await;
            let next = self.with(id, |process| {
                let Work { id, event, deadline, reply } = process.offered.take()?;
                process.running = Some((id.clone(), reply));
                Some((id, event, deadline))
            })?;
            if next.is_some() {
                return next;
            }
        }
    }

    /// The process ends this invocation. `None` if the invocation was not running.
    pub(super) fn finish(&self, id: u64, invocation: &str, outcome: Outcome) -> Option<()> {
        let running = self.with(id, |process| process.running.take_if(|(id, _)| id == invocation))?;
        running.map(|(_, reply)| drop(reply.send(outcome)))
    }

    /// The process reports that it can't start. `None` if it has ended.
    pub(super) fn init_failed(&self, id: u64, reason: String) -> Option<()> {
        self.with(id, |process| {
            process.init_error = Some(reason);
            process.kill();
        })
    }

    /// Kills all processes. Returns how many there were.
    pub(super) fn kill_all(&self) -> usize {
        let mut killed = 0;
        // Counted here: a killed process may be gone a moment later.
        self.living.send_modify(|living| killed = living.values_mut().map(Process::kill).count());
        killed
    }

    /// Takes no more invocations and kills all processes.
    pub(super) fn close(&self) {
        self.slots.close();
        self.kill_all();
    }

    pub(super) async fn gone(&self) {
        self.until(BTreeMap::is_empty).await;
    }

    /// Changes a process. `None` if it has ended.
    fn with<T>(&self, id: u64, change: impl FnOnce(&mut Process) -> T) -> Option<T> {
        let mut changed = None;
        self.living.send_modify(|living| changed = living.get_mut(&id).map(change));
        changed
    }

    async fn until(&self, condition: impl FnMut(&BTreeMap<u64, Process>) -> bool) {
        // Waiting can't fail: the sender lives as long as this pool.
        let _never = self.living.subscribe().wait_for(condition).await.is_err();
    }
}
