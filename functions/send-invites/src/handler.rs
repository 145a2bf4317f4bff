//! Inviting: every row is stored first, then mailed for as long as there is time. What is left stays queued, and
//! `deliver-invites` takes it up.

use futures_util::future;
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::delivery::{Claim, Delivery, MOST_ROWS, Runner, TO_ANSWER, TO_STORE, WRITES};
use shared::domain::limit::SendingLimits;
use shared::domain::send::{SendRefusal, may_invite};
use shared::domain::{Deal, DealState, Email, EmailError, InviteId, InviteRecord, Name, Queued, Timestamp};
use shared::http::{self, Answer, Call, Cell, Object, Problem, Time};
use shared::store::{Allowance, Inviter, Outcome, Sender, StoreError, new_link};
use std::collections::HashSet;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) delivery: Delivery,
    pub(crate) config: Config,
    pub(crate) limits: SendingLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    invites: Vec<Object<Row>>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    email: Cell,
    #[serde(default)]
    name: Cell,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RowOutcome {
    Invited,
    AlreadyPending,
    AlreadyAccepted,
    Duplicate,
    InvalidEmail,
    TooSoon,
    Unavailable,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowResult {
    email: String,
    outcome: RowOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_id: Option<InviteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Time>,
}

#[derive(Default, Serialize)]
struct Summary {
    invited: usize,
    skipped: usize,
    rejected: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Answered {
    results: Vec<RowResult>,
    summary: Summary,
}

/// `POST /api/deals/{dealId}/invites`.
pub(crate) async fn route(app: App, call: Call) -> Answer {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    let id = call.deal()?;
    let body: Body = call.json()?;
    if body.invites.is_empty() {
        return Err(Problem::field("invites", "must have at least one row"));
    }
    if body.invites.len() > MOST_ROWS {
        return Err(Problem::too_many_invites());
    }
    let store = &app.delivery.store;
    let deal = http::own(store.deal(id).await?, &manager)?;
    match deal.state(call.now) {
        DealState::Active => {}
        state => return Err(Problem::deal_not_active(state)),
    }
    let rows = read(body.invites, &deal);
    let wanted = u32::try_from(rows.iter().filter(|row| row.is_ok()).count()).unwrap_or(u32::MAX);
    let sender = Sender { manager: &manager.id, deal: &deal, limits: &app.limits };
    let results = if body.dry_run {
        let allowance = store.foresee_allowance(sender, wanted, call.now).await?;
        let foreseen = judge(&app, &deal, rows, &allowance, call.now).await?;
        foreseen.into_iter().map(|row| row.map_or_else(|result| result, Fresh::foreseen)).collect()
    } else {
        store.remember_lifetime(&deal, app.config.lifetime).await?;
        let allowance = store.take_allowance(sender, wanted, call.now).await?;
        let (rows, allowance) = if allowance.sends < wanted {
            let judged = judge(&app, &deal, rows, &allowance, call.now).await;
            app.delivery.judged(judged, allowance).await?
        } else {
            (rows, allowance)
        };
        let inviter = app.delivery.inviter(manager.email, app.limits.recipient);
        let (results, claims) = queue(&app, &deal, rows, &inviter, &call).await;
        let used = results.iter().filter(|result| result.may_be_stored()).count();
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let run = app.delivery.run(Runner::Request, call.deadline.earlier(TO_ANSWER));
        future::join(run.mail_all(&deal, claims), app.delivery.give_back(allowance, used)).await;
        results
    };
    let summary = summary(&results);
    Ok(http::json(200, &Answered { results, summary }))
}

/// A row that the table has to decide about: an address that can be read, and comes for the first time.
struct Fresh {
    /// The address as it came, to tell the caller about.
    given: String,
    invite: InviteId,
    /// Whether there is an invite for it, as far as is known.
    exists: bool,
    email: Email,
    name: Option<Name>,
}

/// The rows that the table has to decide about; of the others, what is said of them.
type Rows = Vec<Result<Fresh, RowResult>>;

fn read(rows: Vec<Object<Row>>, deal: &Deal) -> Rows {
    let mut seen = HashSet::new();
    rows.into_iter()
        .map(|Object(row)| {
            let given = row.email.0.unwrap_or_default();
            let email = Email::parse(&given).map_err(|error| RowResult::invalid(&given, error))?;
            let invite = deal.invite_id(&email);
            if !seen.insert(invite) {
                return Err(RowResult::new(given, RowOutcome::Duplicate, Some(invite)));
            }
            let name = row.name.0.as_deref().and_then(Name::clean);
            Ok(Fresh { given, invite, exists: false, email, name })
        })
        .collect()
}

impl Fresh {
    /// It would be invited.
    fn foreseen(self) -> RowResult {
        RowResult::new(self.given, RowOutcome::Invited, self.exists.then_some(self.invite))
    }
}

impl RowResult {
    fn new(email: String, outcome: RowOutcome, invite_id: Option<InviteId>) -> Self {
        Self { email, outcome, invite_id, detail: None, retry_at: None }
    }

    fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    fn invalid(email: &str, error: EmailError) -> Self {
        Self::new(email.to_owned(), RowOutcome::InvalidEmail, None).saying(format!("This {error}."))
    }

    fn not_stored(email: String, detail: &str) -> Self {
        Self::new(email, RowOutcome::Unavailable, None).saying(detail)
    }

    fn unavailable(email: String, error: &StoreError) -> Self {
        shared::telemetry::row_failed(error);
        Self::not_stored(email, "This could not be stored. Please send it again.")
    }

    fn refused(email: String, invite: InviteId, refusal: SendRefusal, record: Option<&InviteRecord>) -> Self {
        let outcome = |outcome| Self::new(email, outcome, Some(invite));
        match refusal {
            SendRefusal::AlreadyPending => {
                let pending = outcome(RowOutcome::AlreadyPending);
                let since = record.map(|record| record.invite.queued_at.format("%-d %B %Y, %H:%M UTC"));
                Self { detail: since.map(|since| format!("Pending since {since}.")), ..pending }
            }
            SendRefusal::AlreadyAccepted => outcome(RowOutcome::AlreadyAccepted),
            SendRefusal::TooSoon(too_soon) => Self {
                retry_at: Some(too_soon.retry_at.into()),
                ..outcome(RowOutcome::TooSoon).saying("This address was sent several mails lately.")
            },
        }
    }

    /// Of a row beyond what the sender may send.
    fn over_the_limit(email: String, allowance: &Allowance) -> Self {
        let over = Self::new(email, RowOutcome::TooSoon, None);
        Self {
            retry_at: allowance.retry_at.map(Time::from),
            ..over.saying("So many mails were sent lately that this one has to wait.")
        }
    }

    /// False when it is certain that nothing was stored for this row.
    fn may_be_stored(&self) -> bool {
        matches!(self.outcome, RowOutcome::Invited | RowOutcome::Unavailable)
    }
}

/// What a row is told that could not be stored in time. If its write went through all the same, it is mailed later, and
/// sending it again says that it is pending.
const NO_TIME: &str = "There was no time left for this row. Please send it again.";

/// Stores every row, many at once; the claims are the right to mail them.
async fn queue(
    app: &App,
    deal: &Deal,
    rows: Rows,
    inviter: &Inviter,
    call: &Call,
) -> (Vec<RowResult>, Vec<Claim>) {
    let queued: Vec<(RowResult, Option<Claim>)> = stream::iter(rows)
        .enumerate()
        .map(|(index, row)| async move {
            match row {
                Ok(row) => queue_one(app, deal, row, inviter, Queued::in_order(call.now, index), call).await,
                Err(result) => (result, None),
            }
        })
        .buffered(WRITES)
        .collect()
        .await;
    let (results, claims): (Vec<_>, Vec<_>) = queued.into_iter().unzip();
    (results, claims.into_iter().flatten().collect())
}

async fn queue_one(
    app: &App,
    deal: &Deal,
    row: Fresh,
    inviter: &Inviter,
    at: Queued,
    call: &Call,
) -> (RowResult, Option<Claim>) {
    let Fresh { given, invite, email, name, .. } = row;
    if call.deadline.earlier(TO_ANSWER).left().is_zero() {
        return (RowResult::not_stored(given, NO_TIME), None);
    }
    let link = match new_link(deal.id, invite) {
        Ok(link) => link,
        Err(error) => return (RowResult::unavailable(given, &error), None),
    };
    let queued = app.delivery.store.queue_invite(deal, &email, name.as_ref(), &link, inviter, at);
    match tokio::time::timeout_at(call.deadline.earlier(TO_STORE).instant(), queued).await {
        Ok(Ok(Outcome::Done(record))) => {
            let result = RowResult::new(given, RowOutcome::Invited, Some(invite));
            (result, Claim::of(*record, link))
        }
        Ok(Ok(Outcome::Refused(refusal, record))) => {
            (RowResult::refused(given, invite, refusal, record.as_deref()), None)
        }
        Ok(Err(error)) => (RowResult::unavailable(given, &error), None),
        Err(_) => (RowResult::not_stored(given, NO_TIME), None),
    }
}

/// Judges every row by what there is, and lets through as many as may be sent.
async fn judge(
    app: &App,
    deal: &Deal,
    rows: Rows,
    allowance: &Allowance,
    now: Timestamp,
) -> Result<Rows, StoreError> {
    let ids: Vec<InviteId> = rows.iter().filter_map(|row| Some(row.as_ref().ok()?.invite)).collect();
    let records = app.delivery.store.invites(deal.id, &ids).await?;
    let mut left = allowance.sends;
    let judged = rows.into_iter().map(|row| {
        let row = row?;
        let existing = records.iter().find(|record| record.invite.id == row.invite);
        match may_invite(existing, app.limits.recipient, now) {
            Err(refusal) => Err(RowResult::refused(row.given, row.invite, refusal, existing)),
            Ok(()) if left == 0 => Err(RowResult::over_the_limit(row.given, allowance)),
            Ok(()) => {
                left -= 1;
                Ok(Fresh { exists: existing.is_some(), ..row })
            }
        }
    });
    Ok(judged.collect())
}

fn summary(results: &[RowResult]) -> Summary {
    let mut summary = Summary::default();
    for result in results {
        *match result.outcome {
            RowOutcome::Invited => &mut summary.invited,
            RowOutcome::AlreadyPending | RowOutcome::AlreadyAccepted | RowOutcome::Duplicate => {
                &mut summary.skipped
            }
            RowOutcome::InvalidEmail | RowOutcome::TooSoon => &mut summary.rejected,
            RowOutcome::Unavailable => &mut summary.failed,
        } += 1;
    }
    summary
}
