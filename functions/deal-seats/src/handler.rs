//! The views of managers: deals, organisations, the Deal seats page, search, counts, one invite.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::domain::{AddressPrefix, DealId, HistoryEntry, InviteId, InviteKey, NamePart, OrganisationId};
use shared::http::{self, App, HandlerResult, InviteView, Problem, Request, Response};
use shared::http::{authorize_deal, authorize_deal_id};
use shared::store::{Cursor, Page, PageQuery, StatusFilter, StoreError};

pub(crate) async fn route(app: &App, request: Request) -> HandlerResult {
    match request.route() {
        "GET /api/deals" => deals(app, &request).await,
        "GET /api/organisations" => organisations(app, &request).await,
        "GET /api/deals/{dealId}" => deal(app, &request).await,
        "GET /api/deals/{dealId}/seats" => seats(app, &request).await,
        "GET /api/deals/{dealId}/seats.csv" => seats_csv(app, &request).await,
        "POST /api/deals/{dealId}/seats/search" => search(app, &request).await,
        "GET /api/deals/{dealId}/counts" => counts(app, &request).await,
        "GET /api/deals/{dealId}/invites/{inviteId}" => invite(app, &request).await,
        _ => Err(Problem::not_found()),
    }
}

/// A manager sees their own organisation's deals; `deals.admin` sees any organisation's.
async fn deals(app: &App, request: &Request) -> HandlerResult {
    let detail = "must be an organisation's id: 1 to 64 of a-z, 0-9 and -";
    let parse = |id: &str| OrganisationId::parse(id).ok_or_else(|| Problem::field("organisation", detail));
    let wanted = request.query("organisation").as_deref().map(parse).transpose()?;
    let organisation = if request.caller.has_scope("deals.admin") {
        let own = || request.caller.organisation();
        wanted.or_else(own).ok_or_else(|| Problem::field("organisation", "is required"))?
    } else {
        let own = request.caller.manager()?.organisation;
        if wanted.is_some_and(|wanted| wanted != own) {
            return Err(Problem::forbidden("You can list only your own organisation's deals."));
        }
        own
    };
    let deals = app.store.deals_of(&organisation).await?;
    let deals: Vec<_> = deals.iter().map(|deal| http::deal_view(deal, request.now)).collect();
    Ok(http::json(200, &json!({"deals": deals})))
}

const ORGANISATIONS_A_PAGE: usize = 50;

/// A cursor is signed with the salt of a deal of the last organisation.
async fn organisations(app: &App, request: &Request) -> HandlerResult {
    request.caller.require_scope("deals.admin")?;
    let part = NamePart::new(&request.query("name").unwrap_or_default());
    let list = format!("organisations {}", part.as_str());
    let after = match parse_cursor(request.query("cursor").as_deref())? {
        None => None,
        Some(cursor) => {
            let deal = DealId::parse(&cursor.position).ok_or_else(not_a_cursor)?;
            let deal = app.store.deal(deal).await?.filter(|deal| cursor.is_genuine(&deal.salt, &list));
            Some(deal.ok_or_else(not_a_cursor)?.organisation.id)
        }
    };
    let found = app.store.organisations(&part, after.as_ref(), ORGANISATIONS_A_PAGE).await?;
    let (organisations, newest_deal) = found;
    let next_cursor = match newest_deal {
        None => None,
        Some(id) => {
            // The index lags, so the deal may have been deleted just now.
            let deal = app.store.deal(id).await?.ok_or_else(Problem::unavailable)?;
            Some(Cursor::sign(&deal.salt, &list, &id.to_string()))
        }
    };
    Ok(http::json(200, &json!({"organisations": organisations, "nextCursor": next_cursor})))
}

async fn deal(app: &App, request: &Request) -> HandlerResult {
    let deal = if request.caller.has_scope("deals.admin") {
        app.store.deal(request.deal_id()?).await?.ok_or_else(Problem::not_found)?
    } else {
        let manager = request.caller.manager()?;
        authorize_deal(app.store.deal(request.deal_id()?).await?, &manager)?
    };
    Ok(http::with_etag(200, deal.revision, &http::deal_view(&deal, request.now)))
}

/// Reads a page of a list, verifies its cursor and signs the next one. The list is what cursors are signed for. Only the
/// deal's salt can verify a cursor, so the rows are read first. Until then the cursor reaches no partition but the
/// authorised deal's, and if it is not genuine, no row is shown.
async fn page(
    list: &str,
    cursor: Option<&str>,
    query: PageQuery,
    read: impl AsyncFnOnce(&PageQuery) -> Result<Option<Page>, StoreError>,
) -> Result<Page, Problem> {
    let cursor = parse_cursor(cursor)?;
    let list = format!("{list} {}", json!(query.filter));
    let after = cursor.as_ref().map(|cursor| cursor.position.clone());
    let page = read(&PageQuery { after, ..query }).await?;
    let Page { deal, invites, next } = page.ok_or_else(Problem::not_found)?;
    if cursor.is_some_and(|cursor| !cursor.is_genuine(&deal.salt, &list)) {
        return Err(not_a_cursor());
    }
    let next = next.map(|position| Cursor::sign(&deal.salt, &list, &position));
    Ok(Page { deal, invites, next })
}

fn query(app: &App, filter: Option<StatusFilter>, limit: Option<u32>) -> Result<PageQuery, Problem> {
    let limit = match limit {
        None => 50,
        Some(limit @ 1..=200) => limit as usize,
        Some(_) => return Err(Problem::field("limit", "must be a whole number from 1 to 200")),
    };
    Ok(PageQuery { filter, limit, after: None, lifetime: app.config.lifetime })
}

fn parse_cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    text.map(|text| Cursor::parse(text).ok_or_else(not_a_cursor)).transpose()
}

fn not_a_cursor() -> Problem {
    Problem::field("cursor", "is not valid for this list. Start again without a cursor")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageView<'a> {
    deal: Value,
    seats: Value,
    invites: Vec<InviteView<'a>>,
    next_cursor: Option<&'a str>,
}

fn answer(Page { deal, invites, next }: &Page, request: &Request) -> Response {
    let invites = invites.iter().map(|invite| InviteView::new(invite, deal, request.now)).collect();
    let (deal, seats) = (http::deal_summary(deal, request.now), http::seats_view(deal));
    http::json(200, &PageView { deal, seats, invites, next_cursor: next.as_deref() })
}

fn status(request: &Request) -> Result<Option<StatusFilter>, Problem> {
    let detail = "must be pending, accepted, expired, declined, asked, undelivered or removed";
    let parse = |text: &str| StatusFilter::parse(text).ok_or_else(|| Problem::field("status", detail));
    request.query("status").as_deref().map(parse).transpose()
}

async fn seats(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let limit = request.query("limit").map(|limit| limit.parse().unwrap_or(0));
    let (query, cursor) = (query(app, status(request)?, limit)?, request.query("cursor"));
    let read = async |query: &_| app.store.page(deal, query, request.now).await;
    Ok(answer(&page("seats", cursor.as_deref(), query, read).await?, request))
}

const CSV_ROWS_A_PAGE: usize = 2_000;

/// A cursor is in a URL here, so it holds no address either.
async fn seats_csv(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let query = PageQuery { limit: CSV_ROWS_A_PAGE, ..query(app, status(request)?, None)? };
    let cursor = request.query("cursor");
    let read = async |query: &_| app.store.page(deal, query, request.now).await;
    let Page { deal, invites, next } = page("csv", cursor.as_deref(), query, read).await?;
    let rows: Vec<_> = invites.iter().map(|invite| InviteView::new(invite, &deal, request.now)).collect();
    let status = request.query("status").map(|status| format!("status={status}&")).unwrap_or_default();
    let next = next.map(|cursor| format!("/api/deals/{}/seats.csv?{status}cursor={cursor}", deal.id));
    Ok(http::csv(&rows, cursor.is_none(), next.as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchBody {
    email: String,
    status: Option<StatusFilter>,
    limit: Option<u32>,
    cursor: Option<String>,
}

async fn search(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let body: SearchBody = request.json()?;
    let prefix = AddressPrefix::parse(&body.email).ok_or_else(|| {
        Problem::field("email", "must be the beginning of an address, up to 254 characters")
    })?;
    let query = query(app, body.status, body.limit)?;
    let list = format!("search {}", prefix.shown);
    let read = async |query: &_| app.store.search(deal, &prefix, query, request.now).await;
    Ok(answer(&page(&list, body.cursor.as_deref(), query, read).await?, request))
}

async fn counts(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let counts = app.store.counts(deal, app.config.lifetime, request.now).await?;
    Ok(http::json(200, &counts.ok_or_else(Problem::not_found)?))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailView<'a> {
    #[serde(flatten)]
    invite: InviteView<'a>,
    opted_out: bool,
    corrected_from: Option<InviteId>,
    history: Vec<HistoryEntry<'a>>,
}

/// Also shows cancelled and released invites.
async fn invite(app: &App, request: &Request) -> HandlerResult {
    let (_, deal) = authorize_deal_id(&app.store, request).await?;
    let key = InviteKey { deal, invite: request.invite_id()? };
    let (deal, record) = app.store.deal_and_invite(key).await?;
    let deal = deal.ok_or_else(Problem::not_found)?;
    let invite = record.ok_or_else(Problem::not_found)?.invite;
    let person = (&deal.organisation.id, &invite.email);
    let opted_out = app.store.opt_outs([person]).await?.has(person.0, person.1);
    let (view, history) = (InviteView::new(&invite, &deal, request.now), invite.history.newest_first());
    let corrected_from = invite.corrected_from;
    let view = DetailView { invite: view, opted_out, corrected_from, history: history.collect() };
    Ok(http::with_etag(200, invite.sends, &view))
}
