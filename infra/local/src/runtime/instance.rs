//! One process of a function: its state and its next invocation.
//!
//! Invariant: an invocation that the process has seen is answered exactly once through its `reply`. When the process
//! ends, an invocation that it has not seen is dropped with its `reply`, so another process can take it.

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{oneshot, watch};

#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline: DateTime<Utc>,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// The answer, or how the function failed.
pub(super) type Outcome = Result<Bytes, String>;

fn crashed(reason: &str) -> Outcome {
    Err(format!("ended before it answered: {reason}"))
}

#[derive(Debug, Default)]
struct State {
    /// Whether the process has asked for work.
    is_ready: bool,
    /// Whether the process is being killed or has ended. It then takes no more work.
    killed: bool,
    has_ended: bool,
    /// Why the process can't start, or why it ended.
    reason: Option<String>,
    /// The next invocation. The process has not seen it yet.
    offered: Option<Work>,
    /// The id of the invocation that the process has seen, and where its outcome goes.
    running: Option<(String, oneshot::Sender<Outcome>)>,
}

#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: u64,
    state: watch::Sender<State>,
}

impl Instance {
    pub(super) fn new(id: u64) -> Self {
        Self { id, state: watch::Sender::default() }
    }

    /// Gives the invocation to the process if it is idle. Returns whether it was idle.
    pub(super) fn offer(&self, work: &mut Option<Work>) -> bool {
        self.state.send_if_modified(|state| {
            let is_free = state.running.is_none() && state.offered.is_none();
            let is_idle = is_free && state.is_ready && !state.killed;
            if is_idle {
                state.offered = work.take();
            }
            is_idle
        })
    }

    /// The process asks for work, and waits for it. As on Lambda, a process that is being killed gets no response at all.
    pub(super) async fn next(&self) -> (String, Bytes, DateTime<Utc>) {
        self.end(|_| true, crashed("it asked for more work instead"));
        self.state.send_modify(|state| state.is_ready = true);
        loop {
            self.until(|state| state.offered.is_some()).await;
            let mut next = None;
            self.state.send_if_modified(|state| {
                if let Some(Work { id, event, deadline, reply }) = state.offered.take() {
                    state.running = Some((id.clone(), reply));
                    next = Some((id, event, deadline));
                }
                false
            });
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// The process ends invocation `id`. Returns whether that invocation was running.
    pub(super) fn finish(&self, id: &str, outcome: Outcome) -> bool {
        self.end(|running| running == id, outcome)
    }

    /// Ends the running invocation if its id is the right one.
    fn end(&self, is_right: impl FnOnce(&str) -> bool, outcome: Outcome) -> bool {
        self.state.send_if_modified(|state| {
            let ended = state.running.take_if(|(id, _)| is_right(id));
            ended.map(|(_, reply)| reply.send(outcome)).is_some()
        })
    }

    /// The process reports that it can't start.
    pub(super) fn init_failed(&self, reason: String) {
        self.state.send_modify(|state| state.reason = Some(reason));
        self.kill();
    }

    /// Has the process killed. Its running invocation ends only when the process has: no write of it can follow then.
    pub(super) fn kill(&self) {
        self.state.send_modify(|state| {
            state.killed = true;
            state.offered = None;
        });
    }

    pub(super) async fn kill_wanted(&self) {
        self.until(|state| state.killed).await;
    }

    pub(super) fn ended(&self, reason: String) {
        self.state.send_modify(|state| {
            let reason = state.reason.get_or_insert(reason);
            if let Some((_, reply)) = state.running.take() {
                let _nobody_waits = reply.send(crashed(reason));
            }
            (state.killed, state.offered, state.has_ended) = (true, None, true);
        });
    }

    /// Waits until the process first asks for work. The error is why it ended before that.
    pub(super) async fn ready(&self) -> Result<(), String> {
        self.until(|state| state.is_ready || state.has_ended).await;
        let state = self.state.borrow();
        if state.has_ended { Err(state.reason.clone().unwrap_or_default()) } else { Ok(()) }
    }

    pub(super) async fn gone(&self) {
        self.until(|state| state.has_ended).await;
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        // Waiting can't fail: the sender lives as long as this instance.
        let _never = self.state.subscribe().wait_for(condition).await.is_err();
    }

    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        self.state.borrow().running.is_some()
    }
}
