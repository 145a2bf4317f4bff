//! The audit log: who changed what, one record for each changed invite or deal, in a log group that functions can only
//! append to (docs/decisions/0030-the-audit-log.md). A record names nobody: its actor is a hash (I8).

use crate::aws::LogGroup;
use crate::clock::{self, Deadline};
use crate::domain::{Deal, DealId, InviteId, OrganisationId, PersonId};
use crate::telemetry;
use lambda_runtime::Error;
use serde::Serialize;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The change has happened, so a caller waits no longer than this for its record.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Time reserved for the response.
const TO_ANSWER: Duration = Duration::from_millis(200);

/// What a request changed, or may have changed.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Rc<RefCell<Vec<Option<Change>>>>);

#[derive(Clone, Debug, Serialize)]
struct Change {
    organisation: Option<OrganisationId>,
    deal: Option<DealId>,
    invite: Option<InviteId>,
    /// `done`, or `unknown` if the write failed or timed out: it may have happened all the same.
    outcome: &'static str,
}

#[derive(Serialize)]
struct Record<'a> {
    actor: Option<&'a PersonId>,
    action: &'a str,
    #[serde(flatten)]
    change: Change,
    request: &'a str,
}

impl Ledger {
    /// Awaits a write. `changed` returns whose it is, or `None` if nothing was written. A write without an answer is noted,
    /// too.
    pub async fn note<T, E>(
        &self,
        deal: Option<DealId>,
        invite: Option<InviteId>,
        write: impl Future<Output = Result<T, E>>,
        changed: impl FnOnce(&T) -> Option<Owner>,
    ) -> Result<T, E> {
        let unknown = Change { organisation: None, deal, invite, outcome: "unknown" };
        let place = self.0.borrow().len();
        self.0.borrow_mut().push(Some(unknown));
        let written = write.await;
        let Ok(answer) = &written else { return written };
        let done = changed(answer).map(|(deal, organisation)| Change {
            organisation: Some(organisation),
            deal,
            invite,
            outcome: "done",
        });
        if let Some(change) = self.0.borrow_mut().get_mut(place) {
            *change = done;
        }
        written
    }
}

/// The deal that was changed, if it was one, and the organisation.
pub type Owner = (Option<DealId>, OrganisationId);

pub fn owner(deal: &Deal) -> Owner {
    (Some(deal.id), deal.organisation.id.clone())
}

/// Without a log group, records are lines of the function's own log, as locally.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    group: Option<String>,
    /// Connected by the first record: most requests change nothing.
    log: Arc<OnceLock<LogGroup>>,
}

impl Audit {
    pub fn new(group: Option<String>) -> Self {
        Self { group, log: Arc::default() }
    }

    /// A record that the log group did not take is a line of the function's own log, and an alarm rings.
    pub(crate) async fn record(
        &self,
        ledger: &Ledger,
        actor: Option<&PersonId>,
        action: &str,
        request: &str,
        deadline: Deadline,
    ) {
        let lines = ledger.0.take().into_iter().flatten().map(|change| {
            let record = Record { actor, action, change, request };
            serde_json::to_string(&record).unwrap_or_default()
        });
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() {
            return;
        }
        let Some(group) = &self.group else { return telemetry::audit_lines(&lines, None) };
        if let Err(error) = self.put(group, &lines, deadline).await {
            telemetry::audit_lines(&lines, Some(&error.to_string()));
        }
    }

    async fn put(&self, group: &str, lines: &[String], deadline: Deadline) -> Result<(), Error> {
        let log = if let Some(log) = self.log.get() {
            log
        } else {
            let log = LogGroup::from_env(group)?;
            self.log.get_or_init(|| log)
        };
        let until = deadline.earlier(TO_ANSWER).instant().min(Deadline::within(LONGEST_WAIT).instant());
        let put = tokio::time::timeout_at(until, log.put(lines, clock::now()));
        put.await.map_err(|_| "no answer in time")?
    }
}
