//! One process of a function, as its mailbox: what it is doing, and what it is to do next.
//!
//! Invariant: an invocation that the process has seen is answered exactly once through its `reply`. One that it has not
//! seen is dropped with its `reply` when the process dies, so that another process can take it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::FunctionError;

#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline: DateTime<Utc>,
    pub(super) reply: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Bytes),
    Failed(FunctionError),
    /// The process died while it worked.
    Crashed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Starting,
    Ready,
    Gone(String),
}

#[derive(Debug)]
struct State {
    /// None once the process takes no more work.
    offers: Option<mpsc::Sender<Work>>,
    running: Option<(String, oneshot::Sender<Outcome>)>,
    init_error: Option<String>,
}

#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: u64,
    state: Mutex<State>,
    offered: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    killed: Notify,
    life: watch::Sender<Life>,
}

impl Instance {
    pub(super) fn new(id: u64) -> Self {
        let (offers, offered) = mpsc::channel(1);
        Self {
            id,
            state: Mutex::new(State { offers: Some(offers), running: None, init_error: None }),
            offered: tokio::sync::Mutex::new(offered),
            killed: Notify::new(),
            life: watch::Sender::new(Life::Starting),
        }
    }

    /// Offers an invocation to a process that is idle. Returns whether the process takes work.
    pub(super) fn offer(&self, work: Work) -> bool {
        lock(&self.state).offers.as_ref().is_some_and(|offers| offers.try_send(work).is_ok())
    }

    /// The process asks for work: waits until there is some. None once the process is given up.
    pub(super) async fn next(&self) -> Option<(String, Bytes, DateTime<Utc>)> {
        self.end(Outcome::Crashed("it asked for more work instead".to_owned()));
        self.life.send_if_modified(|life| {
            let first = *life == Life::Starting;
            if first {
                *life = Life::Ready;
            }
            first
        });
        let Work { id, event, deadline, reply } = self.offered.lock().await.recv().await?;
        let mut state = lock(&self.state);
        // Killed in between: the process will not see this.
        state.offers.as_ref()?;
        state.running = Some((id.clone(), reply));
        Some((id, event, deadline))
    }

    /// The process ends invocation `id`; false if that is not what it is doing.
    pub(super) fn finish(&self, id: &str, outcome: Outcome) -> bool {
        let is_running = lock(&self.state).running.as_ref().is_some_and(|(running, _)| running == id);
        if is_running {
            self.end(outcome);
        }
        is_running
    }

    /// Tells whoever waits for the invocation under way how it ended, if there is one.
    fn end(&self, outcome: Outcome) {
        if let Some((_, reply)) = lock(&self.state).running.take() {
            let _nobody_waits = reply.send(outcome);
        }
    }

    /// The process says that it can't start.
    pub(super) fn init_failed(&self, error: &FunctionError) {
        lock(&self.state).init_error = Some(format!("{}: {}", error.kind, error.message));
        self.kill();
    }

    /// The process is to be killed, and takes no more work. The invocation under way ends when the process is really
    /// gone: only then is it certain that nothing follows.
    pub(super) fn kill(&self) {
        self.close();
        self.killed.notify_one();
    }

    fn close(&self) {
        lock(&self.state).offers = None;
        // While `next` waits, it drops what it receives.
        if let Ok(mut offered) = self.offered.try_lock() {
            while offered.try_recv().is_ok() {}
        }
    }

    pub(super) async fn kill_wanted(&self) {
        self.killed.notified().await;
    }

    pub(super) fn ended(&self, reason: &str) {
        self.close();
        let reason = lock(&self.state).init_error.take().unwrap_or_else(|| reason.to_owned());
        self.end(Outcome::Crashed(reason.clone()));
        self.life.send_replace(Life::Gone(reason));
    }

    /// Waits until the process first asks for work. The error is what it said last, if it ended before.
    pub(super) async fn ready(&self) -> Result<(), String> {
        let mut life = self.life.subscribe();
        match life.wait_for(|life| *life != Life::Starting).await.as_deref() {
            Ok(Life::Gone(reason)) => Err(reason.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err("given up".to_owned()),
        }
    }

    #[cfg(test)]
    pub(super) fn busy(&self) -> bool {
        lock(&self.state).running.is_some()
    }

    pub(super) async fn gone(&self) {
        let mut life = self.life.subscribe();
        let _given_up = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
    }
}

/// Every lock here is held for a few moves that can't panic, so a poisoned one holds sound data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
