//! One process of a function, as its mailbox: what it is doing, and what it is to do next.
//!
//! Invariant: an invocation that was offered is answered exactly once through its `reply`, whatever happens to the
//! process, and is told apart by whether the process has seen it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, oneshot, watch};

use super::FunctionError;

/// An invocation on its way to a process.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline: DateTime<Utc>,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// How an invocation ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The function answered.
    Answered(Bytes),
    /// The function reported a failure.
    Failed(FunctionError),
    /// The process died before it had asked for the event: another can take it.
    Unseen,
    /// The process died while it worked.
    Crashed(String),
}

/// What the Runtime API hands to a process that asks for work.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline: DateTime<Utc>,
}

#[derive(Debug)]
enum Doing {
    Starting,
    Idle,
    Offered(Work),
    Running { id: String, reply: oneshot::Sender<Outcome> },
    Gone,
}

/// What there is for a process that asks for work.
enum Taken {
    Work(Handed),
    NotYet,
    Never,
}

/// How far a process has got.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Starting,
    Ready,
    Gone(String),
}

/// One process of a function.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: u64,
    doing: Mutex<Doing>,
    wake: Notify,
    killed: Notify,
    life: watch::Sender<Life>,
    init_error: Mutex<Option<String>>,
}

impl Instance {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            doing: Mutex::new(Doing::Starting),
            wake: Notify::new(),
            killed: Notify::new(),
            life: watch::Sender::new(Life::Starting),
            init_error: Mutex::new(None),
        }
    }

    /// Offers an invocation; gives it back if the process is gone or not free.
    pub(super) fn offer(&self, work: Work) -> Result<(), Work> {
        let mut doing = lock(&self.doing);
        if !matches!(*doing, Doing::Idle) {
            return Err(work);
        }
        *doing = Doing::Offered(work);
        self.wake.notify_one();
        Ok(())
    }

    /// The process asks for work: waits until there is some. None once the process is given up.
    pub(super) async fn next(&self) -> Option<Handed> {
        self.begin_waiting();
        loop {
            match self.take() {
                Taken::Work(handed) => return Some(handed),
                Taken::Never => return None,
                Taken::NotYet => self.wake.notified().await,
            }
        }
    }

    /// A process that asks for work is ready, and has ended whatever it was doing, answered or not.
    fn begin_waiting(&self) {
        let mut doing = lock(&self.doing);
        match &*doing {
            Doing::Starting => *doing = Doing::Idle,
            Doing::Running { .. } => {
                let unanswered = std::mem::replace(&mut *doing, Doing::Idle);
                finish(unanswered, Outcome::Crashed("it asked for more work instead".to_owned()));
            }
            Doing::Idle | Doing::Offered(_) | Doing::Gone => return,
        }
        drop(doing);
        self.life.send_replace(Life::Ready);
    }

    fn take(&self) -> Taken {
        let mut doing = lock(&self.doing);
        match std::mem::replace(&mut *doing, Doing::Idle) {
            Doing::Offered(Work { id, event, deadline, reply }) => {
                *doing = Doing::Running { id: id.clone(), reply };
                Taken::Work(Handed { id, event, deadline })
            }
            Doing::Gone => {
                *doing = Doing::Gone;
                Taken::Never
            }
            other => {
                *doing = other;
                Taken::NotYet
            }
        }
    }

    /// The process ends invocation `id`; false if that is not what it is doing.
    pub(super) fn finish(&self, id: &str, outcome: Outcome) -> bool {
        let mut doing = lock(&self.doing);
        if !matches!(&*doing, Doing::Running { id: running, .. } if running == id) {
            return false;
        }
        finish(std::mem::replace(&mut *doing, Doing::Idle), outcome);
        true
    }

    /// The process says that it can't start.
    pub(super) fn init_failed(&self, error: &FunctionError) {
        *lock(&self.init_error) = Some(format!("{}: {}", error.kind, error.message));
        self.kill();
    }

    /// The process is to be killed; it takes no more work.
    pub(super) fn kill(&self) {
        let unseen = {
            let mut doing = lock(&self.doing);
            match &*doing {
                // What runs is told when the process is really gone: only then is it certain that nothing follows.
                Doing::Running { .. } | Doing::Gone => None,
                _ => Some(std::mem::replace(&mut *doing, Doing::Gone)),
            }
        };
        if let Some(unseen) = unseen {
            finish(unseen, Outcome::Unseen);
        }
        self.killed.notify_one();
        self.wake.notify_one();
    }

    /// Waits until somebody wants the process killed.
    pub(super) async fn kill_wanted(&self) {
        self.killed.notified().await;
    }

    /// The process has ended.
    pub(super) fn ended(&self, reason: &str) {
        let reason = lock(&self.init_error).take().unwrap_or_else(|| reason.to_owned());
        let was = std::mem::replace(&mut *lock(&self.doing), Doing::Gone);
        let outcome = match was {
            Doing::Offered(_) => Outcome::Unseen,
            _ => Outcome::Crashed(reason.clone()),
        };
        finish(was, outcome);
        self.life.send_replace(Life::Gone(reason));
        self.wake.notify_one();
    }

    /// Waits until the process first asks for work.
    ///
    /// # Errors
    ///
    /// What it said last, if it ended before.
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
        matches!(*lock(&self.doing), Doing::Running { .. })
    }

    /// Waits until the process is gone.
    pub(super) async fn gone(&self) {
        let mut life = self.life.subscribe();
        let _given_up = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
    }
}

/// Tells whoever waits how it ended. If nobody does any more, then nobody needs to know.
fn finish(doing: Doing, outcome: Outcome) {
    if let Doing::Offered(Work { reply, .. }) | Doing::Running { reply, .. } = doing {
        let _nobody_waits = reply.send(outcome);
    }
}

/// Every lock here is held for a few moves that can't panic, so a poisoned one holds sound data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
