//! Inviting: every row is stored first, then mailed for as long as there is time. What is left stays queued, and
//! `deliver-invites` takes it up.

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::delivery::{Claim, Delivery, MOST_ROWS, TO_ANSWER, TO_STORE, WRITES};
use shared::domain::send::{SendRefusal, may_invite};
use shared::domain::{Deal, DealState, Email, EmailError, InviteId, Name};
use shared::http::{self, Answer, Call, Object, Problem};
use shared::store::{Inviter, Outcome, StoreError, new_link};
use std::collections::HashSet;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) delivery: Delivery,
    pub(crate) config: Config,
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
    email: String,
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RowOutcome {
    Invited,
    AlreadyPending,
    AlreadyAccepted,
    Duplicate,
    InvalidEmail,
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
    let (results, claims) = if body.dry_run {
        (foresee(&app, &deal, rows, &call).await?, Vec::new())
    } else {
        store.remember_lifetime(&deal, app.config.lifetime).await?;
        let inviter = app.delivery.inviter(manager.email);
        queue(&app, &deal, rows, &inviter, &call).await
    };
    if !claims.is_empty() {
        app.delivery.run(call.deadline.earlier(TO_ANSWER)).mail_all(&deal, claims).await;
    }
    let summary = summary(&results);
    Ok(http::json(200, &Answered { results, summary }))
}

/// A row, read: an address that comes for the first time, or what is wrong with it.
enum Read {
    Fresh(Fresh),
    Duplicate { given: String, invite: InviteId },
    Invalid { given: String, error: EmailError },
}

struct Fresh {
    /// The address as it came, to tell the caller about.
    given: String,
    invite: InviteId,
    email: Email,
    name: Option<Name>,
}

fn read(rows: Vec<Object<Row>>, deal: &Deal) -> Vec<Read> {
    let mut seen = HashSet::new();
    rows.into_iter()
        .map(|Object(row)| match Email::parse(&row.email) {
            Err(error) => Read::Invalid { given: row.email, error },
            Ok(email) => {
                let invite = deal.invite_id(&email);
                if seen.insert(invite) {
                    let name = row.name.as_deref().and_then(Name::clean);
                    Read::Fresh(Fresh { given: row.email, invite, email, name })
                } else {
                    Read::Duplicate { given: row.email, invite }
                }
            }
        })
        .collect()
}

fn result(
    email: String,
    outcome: RowOutcome,
    invite_id: Option<InviteId>,
    detail: Option<String>,
) -> RowResult {
    RowResult { email, outcome, invite_id, detail }
}

/// The row, if the table has to decide about it.
fn fresh(row: Read) -> Result<Fresh, RowResult> {
    match row {
        Read::Fresh(fresh) => Ok(fresh),
        Read::Duplicate { given, invite } => Err(result(given, RowOutcome::Duplicate, Some(invite), None)),
        Read::Invalid { given, error } => {
            Err(result(given, RowOutcome::InvalidEmail, None, Some(format!("This {error}."))))
        }
    }
}

fn outcome_of(refusal: SendRefusal) -> RowOutcome {
    match refusal {
        SendRefusal::AlreadyPending => RowOutcome::AlreadyPending,
        SendRefusal::AlreadyAccepted => RowOutcome::AlreadyAccepted,
    }
}

/// What a row is told that could not be stored in time. If its write went through all the same, it is mailed later, and
/// sending it again says that it is pending.
const NO_TIME: &str = "There was no time left for this row. Please send it again.";

fn not_stored(email: String, detail: &str) -> RowResult {
    result(email, RowOutcome::Unavailable, None, Some(detail.to_owned()))
}

fn unavailable(email: String, error: &StoreError) -> RowResult {
    shared::telemetry::row_failed(error);
    not_stored(email, "This could not be stored. Please send it again.")
}

/// Stores every row, many at once; the claims are the right to mail them.
async fn queue(
    app: &App,
    deal: &Deal,
    rows: Vec<Read>,
    inviter: &Inviter,
    call: &Call,
) -> (Vec<RowResult>, Vec<Claim>) {
    let queued: Vec<(RowResult, Option<Claim>)> = stream::iter(rows)
        .map(|row| async move {
            match fresh(row) {
                Ok(row) => queue_one(app, deal, row, inviter, call).await,
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
    call: &Call,
) -> (RowResult, Option<Claim>) {
    let Fresh { given, invite, email, name } = row;
    if call.deadline.earlier(TO_ANSWER).left().is_zero() {
        return (not_stored(given, NO_TIME), None);
    }
    let link = match new_link(deal.id, invite) {
        Ok(link) => link,
        Err(error) => return (unavailable(given, &error), None),
    };
    let queued = app.delivery.store.queue_invite(deal, &email, name.as_ref(), &link, inviter, call.now);
    match tokio::time::timeout_at(call.deadline.earlier(TO_STORE).instant(), queued).await {
        Ok(Ok(Outcome::Done(record))) => {
            let result = result(given, RowOutcome::Invited, Some(invite), None);
            (result, Some(Claim { record: *record, link }))
        }
        Ok(Ok(Outcome::Refused(refusal, _))) => {
            (result(given, outcome_of(refusal), Some(invite), None), None)
        }
        Ok(Err(error)) => (unavailable(given, &error), None),
        Err(_) => (not_stored(given, NO_TIME), None),
    }
}

/// What would become of every row; stores and sends nothing.
async fn foresee(app: &App, deal: &Deal, rows: Vec<Read>, call: &Call) -> Result<Vec<RowResult>, StoreError> {
    let ids: Vec<InviteId> = rows
        .iter()
        .filter_map(|row| if let Read::Fresh(fresh) = row { Some(fresh.invite) } else { None })
        .collect();
    let records = app.delivery.store.invites(deal.id, &ids).await?;
    let foreseen = rows.into_iter().map(|row| match fresh(row) {
        Ok(Fresh { given, invite, .. }) => {
            let existing = records.iter().find(|record| record.invite.id == invite);
            let outcome = may_invite(existing, call.now).map_or_else(outcome_of, |()| RowOutcome::Invited);
            let detail = existing.filter(|_| outcome == RowOutcome::AlreadyPending).map(|record| {
                format!("Pending since {}.", record.invite.queued_at.format("%-d %B %Y, %H:%M UTC"))
            });
            result(given, outcome, existing.map(|_| invite), detail)
        }
        Err(result) => result,
    });
    Ok(foreseen.collect())
}

fn summary(results: &[RowResult]) -> Summary {
    let mut summary = Summary::default();
    for result in results {
        *match result.outcome {
            RowOutcome::Invited => &mut summary.invited,
            RowOutcome::AlreadyPending | RowOutcome::AlreadyAccepted | RowOutcome::Duplicate => {
                &mut summary.skipped
            }
            RowOutcome::InvalidEmail => &mut summary.rejected,
            RowOutcome::Unavailable => &mut summary.failed,
        } += 1;
    }
    summary
}
