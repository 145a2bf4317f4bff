//! The processes of one function, and how an invocation finds an idle one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::instance::{Instance, Work};
use super::log::Log;
use super::{INIT_LIMIT, InvokeError, MAX_INSTANCES, Program, process};
use crate::{StartError, clock, lock};

#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) program: Program,
    /// The URL of the Runtime API.
    api: String,
    log: Arc<Log>,
    /// One permit for each running invocation, in the order of arrival. A process starts only if none is idle, so there
    /// are never more processes than permits.
    slots: Semaphore,
    living: Mutex<BTreeMap<u64, Arc<Instance>>>,
    started: AtomicU64,
}

impl Pool {
    pub(super) fn new(program: Program, api: String) -> Result<Self, StartError> {
        let log = Log::open(&program.log, program.echo_log.then_some(program.name))
            .map_err(|error| StartError::File { path: program.log.clone(), error })?;
        Ok(Self {
            program,
            api,
            log: Arc::new(log),
            slots: Semaphore::new(MAX_INSTANCES),
            living: Mutex::default(),
            started: AtomicU64::new(0),
        })
    }

    pub(super) fn instance(&self, id: u64) -> Option<Arc<Instance>> {
        lock(&self.living).get(&id).cloned()
    }

    pub(super) fn instances(&self) -> Vec<Arc<Instance>> {
        lock(&self.living).values().cloned().collect()
    }

    /// Runs one invocation, from waiting for a permit to its end.
    pub(super) async fn invoke(self: Arc<Self>, event: Bytes) -> Result<Bytes, InvokeError> {
        let function = self.program.name;
        let _slot = self.slots.acquire().await.map_err(|_| InvokeError::Stopping)?;
        // A round ends without an outcome if a process has to start, or if the chosen process ends while it is idle.
        for _ in 0..2 * MAX_INSTANCES {
            let (reply, outcome) = oneshot::channel();
            let mut work = Some(Work {
                id: crate::random::uuid(),
                event: event.clone(),
                deadline: clock::now() + self.program.timeout,
                reply,
            });
            let instances = self.instances();
            let Some(instance) = instances.iter().find(|instance| instance.offer(&mut work)) else {
                Arc::clone(&self).start().await?;
                continue;
            };
            match tokio::time::timeout(self.program.timeout, outcome).await {
                Ok(Ok(outcome)) => return outcome.map_err(|how| InvokeError::failed(function, how)),
                // The process ended before it saw the invocation.
                Ok(Err(_)) => {}
                Err(_) => {
                    instance.kill();
                    instance.gone().await;
                    return Err(InvokeError::TimedOut { function, after: self.program.timeout });
                }
            }
        }
        Err(InvokeError::failed(function, "ended again and again before it answered"))
    }

    /// Starts a process, and waits until it asks for work.
    pub(super) async fn start(self: Arc<Self>) -> Result<(), InvokeError> {
        let failed = |reason| InvokeError::failed(self.program.name, format!("can't start: {reason}"));
        let instance = Arc::new(Instance::new(self.started.fetch_add(1, Ordering::Relaxed)));
        // Known before it runs: a busy machine may run the process, and its first request for work, ahead of us.
        lock(&self.living).insert(instance.id, Arc::clone(&instance));
        let child = process::spawn(&self.program, &self.api, instance.id).map_err(|error| {
            lock(&self.living).remove(&instance.id);
            failed(error.to_string())
        })?;
        if self.slots.is_closed() {
            instance.kill();
        }
        let watched = Arc::clone(&instance);
        let pool = Arc::clone(&self);
        tokio::spawn(async move {
            process::watch(child, &watched, &pool.log).await;
            lock(&pool.living).remove(&watched.id);
        });
        let ready = tokio::time::timeout(INIT_LIMIT, instance.ready()).await.unwrap_or_else(|_| {
            instance.kill();
            Err(format!("it did not poll for work within {}", humantime::format_duration(INIT_LIMIT)))
        });
        ready.map_err(failed)
    }

    /// Kills all processes. Returns how many there were.
    pub(super) fn kill_all(&self) -> usize {
        let instances = self.instances();
        for instance in &instances {
            instance.kill();
        }
        instances.len()
    }

    /// Takes no more invocations and kills all processes.
    pub(super) fn close(&self) {
        self.slots.close();
        self.kill_all();
    }

    pub(super) async fn gone(&self) {
        for instance in self.instances() {
            instance.gone().await;
        }
    }
}
