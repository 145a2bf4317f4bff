//! Inviting: a row for each address, and an outcome for each row.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::domain::send::{InviteRefusal, Invitee, invite};
use shared::domain::{Deal, Email, Invite, InviteId, Name, NewSend};
use shared::http::{self, Answer, Call, Cell, Object, Problem, Time};
use shared::sending::{MOST_ROWS, Row, RowOutcome, Sending};
use shared::store::Seen;
use std::collections::HashSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    invites: Vec<Object<GivenRow>>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRow {
    #[serde(default)]
    email: Cell,
    #[serde(default)]
    name: Cell,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Invited,
    AlreadyPending,
    AlreadyAccepted,
    Duplicate,
    InvalidEmail,
    TooSoon,
    Unavailable,
}

#[derive(Serialize)]
struct RowResult {
    email: String,
    outcome: Outcome,
    #[serde(rename = "inviteId", skip_serializing_if = "Option::is_none")]
    invite_id: Option<InviteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(rename = "retryAt", skip_serializing_if = "Option::is_none")]
    retry_at: Option<Time>,
}

/// `POST /api/deals/{dealId}/invites`.
pub(crate) async fn route(sending: &Sending, call: Call) -> Answer {
    let body: Body = call.json()?;
    if body.invites.is_empty() {
        return Err(Problem::field("invites", "must have at least one row"));
    }
    if body.invites.len() > MOST_ROWS {
        return Err(Problem::too_many_invites());
    }
    let request = sending.request(&call).await?;
    let mut seen = HashSet::new();
    let given: Vec<Given> =
        body.invites.into_iter().map(|Object(row)| Given::read(row, &request.deal, &mut seen)).collect();
    let rows = given.iter().enumerate().filter_map(|(order, given)| {
        let invitee = given.invitee.as_ref().ok()?;
        let rule = move |existing: Option<&Invite>, send: &NewSend, now| invite(existing, invitee, send, now);
        Some(Row { invite: invitee.id, seen: Seen::Nothing, order, rule })
    });
    let rows = rows.collect();
    let outcomes = if body.dry_run {
        sending.dry_run(&request, rows).await?
    } else {
        sending.send(&request, rows).await?
    };
    let mut outcomes = outcomes.into_iter();
    let result = |given: Given| match given.invitee {
        Err(result) => result,
        Ok(invitee) => RowResult::of(given.email, invitee.id, outcomes.next(), body.dry_run),
    };
    let results: Vec<RowResult> = given.into_iter().map(result).collect();
    let count = |counted: &[Outcome]| results.iter().filter(|row| counted.contains(&row.outcome)).count();
    let summary = json!({
        "invited": count(&[Outcome::Invited]),
        "skipped": count(&[Outcome::AlreadyPending, Outcome::AlreadyAccepted, Outcome::Duplicate]),
        "rejected": count(&[Outcome::InvalidEmail, Outcome::TooSoon]),
        "failed": count(&[Outcome::Unavailable]),
    });
    Ok(http::json(200, &json!({"results": results, "summary": summary})))
}

/// A row as it was given: whom it invites, or what is to be said of it.
struct Given {
    email: String,
    invitee: Result<Invitee, RowResult>,
}

impl Given {
    fn read(row: GivenRow, deal: &Deal, seen: &mut HashSet<InviteId>) -> Self {
        let email = row.email.0.unwrap_or_default();
        let refused = |outcome, id| RowResult::new(email.clone(), outcome, id);
        let invitee = match Email::parse(&email) {
            Err(error) => Err(refused(Outcome::InvalidEmail, None).saying(format!("This {error}."))),
            Ok(address) => {
                let id = deal.invite_id(&address);
                let name = row.name.0.as_deref().and_then(Name::clean);
                let invitee = Invitee { id, email: address, name };
                if seen.insert(id) { Ok(invitee) } else { Err(refused(Outcome::Duplicate, Some(id))) }
            }
        };
        Self { email, invitee }
    }
}

impl RowResult {
    fn new(email: String, outcome: Outcome, invite_id: Option<InviteId>) -> Self {
        Self { email, outcome, invite_id, detail: None, retry_at: None }
    }

    fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    fn of(email: String, id: InviteId, outcome: Option<RowOutcome<InviteRefusal>>, is_dry_run: bool) -> Self {
        let of = |outcome| Self::new(email.clone(), outcome, Some(id));
        let failed = |detail| Self::new(email.clone(), Outcome::Unavailable, None).saying(detail);
        match outcome {
            // A dry run names the invites that are there already.
            Some(RowOutcome::Queued(invite)) if is_dry_run && invite.sends == 1 => {
                Self::new(email, Outcome::Invited, None)
            }
            Some(RowOutcome::Queued(_)) => of(Outcome::Invited),
            Some(RowOutcome::Refused(InviteRefusal::AlreadyPending, invite)) => {
                let since = invite.map(|invite| invite.queued.at.format("%-d %B %Y, %H:%M UTC"));
                Self {
                    detail: since.map(|since| format!("Pending since {since}.")),
                    ..of(Outcome::AlreadyPending)
                }
            }
            Some(RowOutcome::Refused(InviteRefusal::AlreadyAccepted, _)) => of(Outcome::AlreadyAccepted),
            Some(RowOutcome::Refused(InviteRefusal::TooSoon(too_soon), _)) => Self {
                retry_at: Some(too_soon.retry_at.into()),
                ..of(Outcome::TooSoon).saying("This address was sent several mails lately.")
            },
            Some(RowOutcome::OverLimit(retry_at)) => Self {
                retry_at: retry_at.map(Time::from),
                ..Self::new(email, Outcome::TooSoon, None)
                    .saying("Sending limit reached. Send this row again later.")
            },
            Some(RowOutcome::Failed(_)) => failed("This could not be stored. Please send it again."),
            // If the write went through all the same, the row is mailed later, and sending it again says that it is
            // pending.
            Some(RowOutcome::NoTime) | None => {
                failed("There was no time left for this row. Please send it again.")
            }
        }
    }
}
