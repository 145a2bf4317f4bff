//! The manager's views: deals, the Deal seats page, search, counts, one invite.

use serde::{Deserialize, Serialize};
use shared::config::Config;
use shared::domain::{AddressPrefix, DealId, InviteKey, OrganisationId};
use shared::http::{self, Answer, Call, DealSummary, DealView, InviteView, PageView, Problem};
use shared::store::{COUNTED_UP_TO, Cursor, NotACursor, Page, PageQuery, StatusFilter, Store};

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) config: Config,
}

pub(crate) async fn route(app: &App, call: Call) -> Answer {
    match call.route.as_str() {
        "GET /api/deals" => deals(app, &call).await,
        "GET /api/deals/{dealId}" => deal(app, &call).await,
        "GET /api/deals/{dealId}/seats" => seats(app, &call).await,
        "POST /api/deals/{dealId}/seats/search" => search(app, &call).await,
        "GET /api/deals/{dealId}/counts" => counts(app, &call).await,
        "GET /api/deals/{dealId}/invites/{inviteId}" => invite(app, &call).await,
        _ => Err(Problem::not_found()),
    }
}

#[derive(Serialize)]
struct Deals<'a> {
    deals: Vec<DealView<'a>>,
}

/// `GET /api/deals`: a manager's own organisation's; with `deals.admin`, any one's.
async fn deals(app: &App, call: &Call) -> Answer {
    let asked = call
        .query("organisation")
        .map(|id| {
            let detail = "must be an organisation's id: 1 to 64 of a-z, 0-9 and -";
            OrganisationId::parse(id).ok_or_else(|| Problem::field("organisation", detail))
        })
        .transpose()?;
    let organisation = if call.caller.has("deals.admin") {
        let own = || call.caller.organisation(&app.config.organisation_claim);
        asked.or_else(own).ok_or_else(|| Problem::field("organisation", "must say whose deals to show"))?
    } else {
        let own = call.caller.manager(&app.config.organisation_claim)?.organisation;
        if asked.is_some_and(|asked| asked != own) {
            return Err(Problem::forbidden("Another organisation's deals are not yours to see."));
        }
        own
    };
    let deals = app.store.deals_of(&organisation).await?;
    let deals = deals.iter().map(|deal| DealView::new(deal, call.now)).collect();
    Ok(http::json(200, &Deals { deals }))
}

/// `GET /api/deals/{dealId}`.
async fn deal(app: &App, call: &Call) -> Answer {
    let deal = if call.caller.has("deals.admin") {
        app.store.deal(call.deal()?).await?.ok_or_else(Problem::not_found)?
    } else {
        let manager = call.caller.manager(&app.config.organisation_claim)?;
        http::own(app.store.deal(call.deal()?).await?, &manager)?
    };
    Ok(http::tagged(200, deal.revision, &DealView::new(&deal, call.now)))
}

/// The deal in the path, if it is the manager's organisation's (I6). Nothing else of a foreign deal is read.
async fn own_deal(app: &App, call: &Call) -> Result<DealId, Problem> {
    let manager = call.caller.manager(&app.config.organisation_claim)?;
    let deal = call.deal()?;
    let is_theirs = app.store.is_deal_of(deal, &manager.organisation).await?;
    is_theirs.then_some(deal).ok_or_else(Problem::not_found)
}

/// What a page is asked for, from a query string or a body.
struct Asked {
    status: Option<StatusFilter>,
    limit: usize,
    cursor: Option<Result<Cursor, NotACursor>>,
}

impl Asked {
    fn limit(limit: Option<u32>) -> Result<usize, Problem> {
        match limit {
            None => Ok(50),
            Some(limit @ 1..=200) => Ok(limit as usize),
            Some(_) => Err(Problem::field("limit", "must be a whole number from 1 to 200")),
        }
    }

    fn query(&self, app: &App) -> PageQuery {
        PageQuery {
            filter: self.status,
            limit: self.limit,
            after: self.cursor.iter().flatten().next().map(|cursor| cursor.position().to_owned()),
            lifetime: app.config.lifetime,
        }
    }

    fn status_name(&self) -> &'static str {
        self.status.map_or("all", StatusFilter::as_str)
    }
}

/// Answers with a page, once its cursor is known to be genuine. The rows were read with a cursor that had yet to be
/// verified: its partition is the authorised path's in any case, and nothing of them is shown if it fails.
fn answer(page: Option<Page>, asked: &Asked, filter: &str, call: &Call) -> Answer {
    let Page { deal, invites, next } = page.ok_or_else(Problem::not_found)?;
    let genuine = |cursor: &Cursor| cursor.is_genuine(&deal.salt, filter);
    if asked.cursor.as_ref().is_some_and(|cursor| !cursor.as_ref().is_ok_and(genuine)) {
        return Err(Problem::field("cursor", "is not a cursor of this list"));
    }
    Ok(http::json(
        200,
        &PageView {
            deal: DealSummary::new(&deal, call.now),
            seats: (&deal).into(),
            invites: invites.iter().map(|invite| InviteView::new(invite, &deal, call.now)).collect(),
            next_cursor: next.map(|position| Cursor::sign(&deal.salt, filter, &position)),
        },
    ))
}

/// `GET /api/deals/{dealId}/seats`: the Deal seats page.
async fn seats(app: &App, call: &Call) -> Answer {
    let deal = own_deal(app, call).await?;
    let status = match call.query("status") {
        None => None,
        Some("pending") => Some(StatusFilter::Pending),
        Some("accepted") => Some(StatusFilter::Accepted),
        Some("expired") => Some(StatusFilter::Expired),
        Some(_) => return Err(Problem::field("status", "must be pending, accepted or expired")),
    };
    let limit = call.query("limit").map(|limit| limit.parse().unwrap_or(0));
    let asked =
        Asked { status, limit: Asked::limit(limit)?, cursor: call.query("cursor").map(Cursor::parse) };
    let page = app.store.page(deal, &asked.query(app), call.now).await?;
    answer(page, &asked, &format!("seats {}", asked.status_name()), call)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchBody {
    email: String,
    status: Option<StatusFilter>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `POST /api/deals/{dealId}/seats/search`: rows whose address begins so.
async fn search(app: &App, call: &Call) -> Answer {
    let deal = own_deal(app, call).await?;
    let body: SearchBody = call.json()?;
    let prefix = AddressPrefix::parse(&body.email).ok_or_else(|| {
        Problem::field("email", "must be the beginning of an address, up to 254 characters")
    })?;
    let asked = Asked {
        status: body.status,
        limit: Asked::limit(body.limit)?,
        cursor: body.cursor.as_deref().map(Cursor::parse),
    };
    let page = app.store.search(deal, &prefix, &asked.query(app), call.now).await?;
    answer(page, &asked, &format!("search {} {}", asked.status_name(), prefix.as_str()), call)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountsView {
    pending: u32,
    accepted: u32,
    expired: u32,
    exact_up_to: u32,
}

/// `GET /api/deals/{dealId}/counts`: what the tabs say.
async fn counts(app: &App, call: &Call) -> Answer {
    let deal = own_deal(app, call).await?;
    let counted = app.store.counts(deal, app.config.lifetime, call.now).await?;
    let (_, counts) = counted.ok_or_else(Problem::not_found)?;
    Ok(http::json(
        200,
        &CountsView {
            pending: counts.pending,
            accepted: counts.accepted,
            expired: counts.expired,
            exact_up_to: COUNTED_UP_TO,
        },
    ))
}

/// `GET /api/deals/{dealId}/invites/{inviteId}`: one invite, cancelled and released ones too.
async fn invite(app: &App, call: &Call) -> Answer {
    let key = InviteKey { deal: own_deal(app, call).await?, invite: call.invite()? };
    let (deal, record) = app.store.deal_and_invite(key).await?;
    let deal = deal.ok_or_else(Problem::not_found)?;
    let invite = record.ok_or_else(Problem::not_found)?.invite;
    Ok(http::tagged(200, invite.sends, &InviteView::new(&invite, &deal, call.now)))
}
