//! The processes of one function: which are idle, and how an invocation finds one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::instance::{Instance, Outcome, Work, lock};
use super::log::Log;
use super::{HostError, INIT_LIMIT, InvokeError, MAX_INSTANCES, Program, process};
use crate::clock;

#[derive(Debug)]
pub(crate) struct Pool {
    program: Program,
    api: SocketAddr,
    log: Arc<Log>,
    /// One permit for each invocation under way. A process is started only when none is idle, so there are never
    /// more processes than permits. Waiters get theirs in the order in which they came.
    slots: Semaphore,
    idle: Mutex<Vec<Arc<Instance>>>,
    living: Mutex<BTreeMap<u64, Arc<Instance>>>,
    started: AtomicU64,
    closed: AtomicBool,
}

impl Pool {
    pub(super) fn new(program: Program, api: SocketAddr) -> Result<Self, HostError> {
        let log = Log::open(&program.log, program.echo_log.then_some(program.name))
            .map_err(|error| HostError::Log { path: program.log.clone(), error })?;
        Ok(Self {
            program,
            api,
            log: Arc::new(log),
            slots: Semaphore::new(MAX_INSTANCES),
            idle: Mutex::default(),
            living: Mutex::default(),
            started: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.program.name
    }

    pub(super) fn instance(&self, id: u64) -> Option<Arc<Instance>> {
        lock(&self.living).get(&id).cloned()
    }

    pub(super) async fn start_idle(self: Arc<Self>) -> Result<(), InvokeError> {
        let instance = self.start().await?;
        lock(&self.idle).push(instance);
        Ok(())
    }

    /// Runs one invocation, from waiting for a place to its end.
    pub(super) async fn invoke(self: Arc<Self>, event: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.name();
        let _slot = self.slots.acquire().await.map_err(|_| InvokeError::Stopping)?;
        // Each round that does not end here finds a process that died idle; more than that many can't be waiting.
        for _ in 0..=MAX_INSTANCES {
            let instance = self.idle_or_new().await?;
            let (reply, outcome) = oneshot::channel();
            let work = Work {
                id: crate::random::uuid(),
                event: event.clone(),
                deadline: clock::now() + self.program.timeout,
                reply,
            };
            if !instance.offer(work) {
                continue;
            }
            let outcome = match tokio::time::timeout(self.program.timeout, outcome).await {
                Ok(Ok(outcome)) => outcome,
                // Dropped unseen.
                Ok(Err(_)) => continue,
                Err(_) => {
                    instance.kill();
                    instance.gone().await;
                    return Err(InvokeError::TimedOut { function, after: self.program.timeout });
                }
            };
            let answer = match outcome {
                Outcome::Crashed(reason) => return Err(InvokeError::Crashed { function, reason }),
                Outcome::Answered(answer) => Ok(answer),
                Outcome::Failed(error) => Err(InvokeError::Failed { function, error }),
            };
            lock(&self.idle).push(instance);
            return answer;
        }
        Err(InvokeError::Crashed { function, reason: "one process after the other died".to_owned() })
    }

    async fn idle_or_new(self: &Arc<Self>) -> Result<Arc<Instance>, InvokeError> {
        let idle = lock(&self.idle).pop();
        match idle {
            Some(instance) => Ok(instance),
            None => self.start().await,
        }
    }

    async fn start(self: &Arc<Self>) -> Result<Arc<Instance>, InvokeError> {
        let function = self.name();
        let instance = Arc::new(Instance::new(self.started.fetch_add(1, Ordering::Relaxed)));
        let child = process::spawn(&self.program, self.api, instance.id)
            .map_err(|error| InvokeError::Init { function, reason: error.to_string() })?;
        lock(&self.living).insert(instance.id, Arc::clone(&instance));
        if self.closed.load(Ordering::SeqCst) {
            instance.kill();
        }
        let (pool, watched) = (Arc::clone(self), Arc::clone(&instance));
        tokio::spawn(async move {
            process::watch(child, &watched, &pool.log).await;
            pool.bury(watched.id);
        });
        match tokio::time::timeout(INIT_LIMIT, instance.ready()).await {
            Ok(Ok(())) => Ok(instance),
            Ok(Err(reason)) => Err(InvokeError::Init { function, reason }),
            Err(_) => {
                instance.kill();
                let reason =
                    format!("it asked for no work within {}", humantime::format_duration(INIT_LIMIT));
                Err(InvokeError::Init { function, reason })
            }
        }
    }

    fn bury(&self, id: u64) {
        lock(&self.living).remove(&id);
        lock(&self.idle).retain(|instance| instance.id != id);
    }

    /// Kills all processes; how many they were.
    pub(super) fn kill_all(&self) -> usize {
        let living: Vec<_> = lock(&self.living).values().cloned().collect();
        for instance in &living {
            instance.kill();
        }
        living.len()
    }

    /// Takes no more invocations and kills all processes.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.slots.close();
        self.kill_all();
    }

    pub(super) async fn gone(&self) {
        let living: Vec<_> = lock(&self.living).values().cloned().collect();
        for instance in living {
            instance.gone().await;
        }
    }

    #[cfg(test)]
    pub(super) fn instances(&self) -> usize {
        lock(&self.living).len()
    }

    #[cfg(test)]
    pub(super) fn busy(&self) -> usize {
        lock(&self.living).values().filter(|instance| instance.busy()).count()
    }
}
