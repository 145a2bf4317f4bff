//! Inviting: a row for each address, and an outcome for each row.

use crate::correction;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::domain::send::{Invitee, invite};
use shared::domain::{Deal, Email, EmailError, InviteId, InviteRefusal, Name, Timestamp, readable};
use shared::http::{self, HandlerResult, Object, Problem, Request, check_rows, text_cell};
use shared::sending::RowOutcome::{self, Failed, NoTime, Queued, Refused};
use shared::sending::{Row, Rule, Sending};
use shared::store::Seen;
use std::collections::HashSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SendBody {
    invites: Vec<Object<GivenRow>>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRow {
    #[serde(default, deserialize_with = "text_cell")]
    email: Option<String>,
    #[serde(default, deserialize_with = "text_cell")]
    name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowResult {
    /// As the row has it.
    email: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_id: Option<InviteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
}

pub(crate) async fn route(sending: &Sending, request: Request) -> HandlerResult {
    match request.route() {
        "POST /api/deals/{dealId}/invites" => send(sending, &request).await,
        "PATCH /api/deals/{dealId}/invites/{inviteId}" => correction::correct(sending, &request).await,
        _ => Err(Problem::not_found()),
    }
}

async fn send(sending: &Sending, request: &Request) -> HandlerResult {
    let SendBody { invites, dry_run } = request.json()?;
    check_rows(invites.len())?;
    let emails = invites.iter().map(|Object(row)| Email::parse(row.email.as_deref().unwrap_or_default()));
    let emails: Vec<_> = emails.collect();
    let (send_request, opt_outs) = sending.authorize(request, emails.iter().flatten()).await?;
    let organisation = &send_request.deal.organisation.id;
    let mut seen = HashSet::new();
    let invitees = invites.iter().zip(emails);
    let invitees: Vec<_> =
        invitees.map(|(Object(row), email)| invitee(row, email, &send_request.deal, &mut seen)).collect();
    let rows = invitees.iter().enumerate().filter_map(|(order, invitee)| {
        let invitee = invitee.as_ref().ok()?;
        let rule: Rule<'_> = Box::new(|existing, send, now| invite(existing, invitee, send, now));
        let opted_out = Some(opt_outs.has(organisation, &invitee.email));
        Some(Row { invite: invitee.id, seen: Seen::Nothing, opted_out, order, rule, replaces: None })
    });
    let outcomes = if dry_run {
        sending.dry_run(&send_request, rows.collect()).await?
    } else {
        sending.send(&send_request, rows.collect()).await?
    };
    let mut outcomes = outcomes.into_iter();
    let results = invites.into_iter().zip(invitees).map(|(Object(row), invitee)| {
        let result = match invitee {
            Ok(invitee) => RowResult::of(invitee.id, outcomes.next(), dry_run),
            Err(result) => result,
        };
        RowResult { email: row.email.unwrap_or_default(), ..result }
    });
    let results: Vec<RowResult> = results.collect();
    let count = |of: &[&str]| results.iter().filter(|row| of.contains(&row.outcome)).count();
    let summary = json!({
        "invited": count(&["invited"]),
        "skipped": count(&["already_pending", "already_accepted", "duplicate", "opted_out"]),
        "rejected": count(&["invalid_email", "too_soon"]),
        "failed": count(&["unavailable"]),
    });
    Ok(http::json(200, &json!({"results": results, "summary": summary})))
}

/// Answers malformed and duplicate rows without reading the table.
fn invitee(
    row: &GivenRow,
    email: Result<Email, EmailError>,
    deal: &Deal,
    seen: &mut HashSet<InviteId>,
) -> Result<Invitee, RowResult> {
    let email = email.map_err(|error| RowResult::said("invalid_email", format!("This {error}.")))?;
    let id = deal.invite_id(&email);
    if !seen.insert(id) {
        return Err(RowResult::new("duplicate", Some(id)));
    }
    Ok(Invitee { id, email, name: row.name.as_deref().and_then(Name::clean) })
}

impl RowResult {
    fn new(outcome: &'static str, invite_id: Option<InviteId>) -> Self {
        Self { email: String::new(), outcome, invite_id, detail: None, retry_at: None }
    }

    fn said(outcome: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(outcome, None) }
    }

    fn of(id: InviteId, outcome: Option<RowOutcome>, is_dry_run: bool) -> Self {
        match outcome {
            // A dry run gives the id of an invite only if it exists already.
            Some(Queued(invite)) => Self::new("invited", (!is_dry_run || invite.sends > 1).then_some(id)),
            Some(Refused(InviteRefusal::AlreadyPending, invite)) => {
                let since = invite.map(|invite| format!("Pending since {}.", readable(invite.queued.at)));
                Self { detail: since, ..Self::new("already_pending", Some(id)) }
            }
            Some(Refused(InviteRefusal::OptedOut, _)) => {
                Self::said("opted_out", "This person stopped invites from your organisation.")
            }
            Some(Refused(InviteRefusal::TooSoon(retry_at), invite)) => {
                let limited = Self::said("too_soon", "Sending limit reached. Send this row again later.");
                Self { invite_id: invite.map(|_| id), retry_at: Some(retry_at), ..limited }
            }
            Some(Refused(refusal, _)) => Self::new(Problem::from(refusal).code, Some(id)),
            // If the row was stored after all, it is mailed later, and a repetition finds it pending.
            Some(Failed(_)) => {
                Self::said("unavailable", "It is not certain that this row was stored. Send it again.")
            }
            Some(NoTime) | None => Self::said("unavailable", "Time ran out before this row. Send it again."),
        }
    }
}
