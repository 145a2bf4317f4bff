//! Events from the Runtime API's bytes to the response's. Every response fits the contract. A refusal is a problem
//! document with a known code, and repeats nothing of the request. Bad input, a GET and a request for another's deal
//! write nothing. No token reaches the table. I5, I6, I8.

use crate::functions::{AwsCall, Functions};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use shared::domain::{InviteKey, Link, Salt, UnsubscribeId};
use shared::http::{Event, Response};
use std::cell::OnceCell;
use std::rc::Rc;

/// Every route and its function, in the order of the corpus' letters. A test compares them with
/// `infra/local/src/routes.rs`.
static ROUTES: [(&str, &str); 32] = [
    ("GET /api/deals/{dealId}", "deal-seats"),
    ("GET /api/deals/{dealId}/seats", "deal-seats"),
    ("POST /api/deals/{dealId}/seats/search", "deal-seats"),
    ("GET /api/deals/{dealId}/counts", "deal-seats"),
    ("GET /api/deals/{dealId}/invites/{inviteId}", "deal-seats"),
    ("POST /api/deals/{dealId}/invites", "send-invites"),
    ("POST /api/deals/{dealId}/invites/{inviteId}/resend", "resend-invite"),
    ("POST /api/deals/{dealId}/invites/resend", "resend-invite"),
    ("DELETE /api/deals/{dealId}/invites/{inviteId}", "release-seat"),
    ("DELETE /api/deals/{dealId}/seats/{inviteId}", "release-seat"),
    ("POST /api/invites/preview", "accept-invite"),
    ("POST /api/invites/accept", "accept-invite"),
    ("GET /api/me/seats", "accept-invite"),
    ("POST /api/deals", "manage-deals"),
    ("PATCH /api/deals/{dealId}", "manage-deals"),
    ("GET /api/deals", "deal-seats"),
    ("GET /api/organisations", "deal-seats"),
    ("DELETE /api/deals/{dealId}", "manage-deals"),
    ("PATCH /api/deals/{dealId}/invites/{inviteId}", "send-invites"),
    ("POST /api/invites/decline", "answer-invite"),
    ("POST /api/invites/ask", "answer-invite"),
    ("POST /api/invites/opt-out", "answer-invite"),
    ("POST /api/invites/opt-in", "answer-invite"),
    ("POST /api/invites/unsubscribe/{id}", "answer-invite"),
    ("GET /api/invites/unsubscribe/{id}", "answer-invite"),
    ("POST /api/deals/{dealId}/invites/cancel", "release-seat"),
    ("GET /api/deals/{dealId}/seats.csv", "deal-seats"),
    ("PUT /api/deals/{dealId}/reminders", "manage-deals"),
    ("GET /api/me/digest", "manage-deals"),
    ("PUT /api/me/digest", "manage-deals"),
    ("POST /api/digests/unsubscribe/{id}", "answer-invite"),
    ("GET /api/digests/unsubscribe/{id}", "answer-invite"),
];

/// Every code of a refusal with its status, except those of a failure (`internal`, `unavailable`).
const CODES: &[(&str, u16)] = &[
    ("invalid_request", 400),
    ("forbidden", 403),
    ("not_found", 404),
    ("unknown_invite", 404),
    ("already_accepted", 409),
    ("already_invited", 409),
    ("complained", 409),
    ("already_seated", 409),
    ("opted_out", 409),
    ("no_verified_address", 409),
    ("still_valid", 409),
    ("deal_ended", 409),
    ("deal_full", 409),
    ("deal_in_use", 409),
    ("deal_not_started", 409),
    ("seats_below_allocated", 409),
    ("invite_cancelled", 410),
    ("invite_expired", 410),
    ("invite_superseded", 410),
    ("stale", 412),
    ("payload_too_large", 413),
    ("too_many_invites", 413),
    ("unsupported_media_type", 415),
    ("idempotency_key_reused", 422),
];

/// A secret in the corpus, which no refusal may repeat.
const MARK: &str = "xS3cretx";

thread_local! {
    static FUNCTIONS: OnceCell<Rc<Functions>> = const { OnceCell::new() };
}

fn functions() -> Rc<Functions> {
    FUNCTIONS.with(|functions| Rc::clone(functions.get_or_init(|| Rc::new(Functions::new()))))
}

fn is_read(operation: &str) -> bool {
    ["GetItem", "BatchGetItem", "Query"].contains(&operation)
}

fn check(route: &str, body: &[u8], secrets: bool, foreign: bool, answered: &Response, calls: &[AwsCall]) {
    // The response as the Runtime API gets it.
    let returned: Value = serde_json::from_slice(&serde_json::to_vec(answered).unwrap()).unwrap();
    let shown = || format!("{route}\n{}\n→ {returned}\n{calls:?}", String::from_utf8_lossy(body));
    let status = answered.status_code;
    let header = |name: &str| returned["headers"][name].as_str().unwrap_or_default();
    let text = returned["body"].as_str().unwrap_or_default();
    let read: Value = serde_json::from_slice(body).unwrap_or_default();

    assert!((200..500).contains(&status), "{}", shown());
    assert_eq!(header("cache-control"), "no-store", "{}", shown());
    assert_eq!(header("x-content-type-options"), "nosniff", "{}", shown());
    let wrote: Vec<_> = calls.iter().filter(|(operation, _)| !is_read(operation)).collect();
    if status >= 400 {
        let document: Value = text.parse().unwrap_or_else(|_| panic!("no JSON: {}", shown()));
        assert_eq!(header("content-type"), "application/problem+json", "{}", shown());
        let code = document["code"].as_str().unwrap_or_default();
        assert!(CODES.contains(&(code, status)), "an unknown code: {}", shown());
        assert_eq!(document["status"], status, "{}", shown());
        assert_eq!(document["type"], format!("urn:seatkeeper:problem:{code}"), "{}", shown());
        for name in ["title", "detail"] {
            assert!(document[name].as_str().is_some_and(|text| !text.is_empty()), "{}", shown());
        }
        assert!(!secrets || !text.contains(MARK), "a refusal repeats the request: {}", shown());
        if matches!(status, 400 | 403 | 413 | 415) {
            assert!(wrote.is_empty(), "bad input wrote something: {}", shown());
        }
    } else if status == 204 || status == 303 {
        assert_eq!((text, header("content-type")), ("", ""), "{}", shown());
        assert_eq!(status == 303, header("location").starts_with("/unsubscribe#"), "{}", shown());
    } else if route.ends_with("/seats.csv") {
        assert_eq!((status, header("content-type")), (200, "text/csv; charset=utf-8"), "{}", shown());
    } else {
        assert!(matches!(status, 200..=202) && text.parse::<Value>().is_ok(), "{}", shown());
        assert_eq!(header("content-type"), "application/json", "{}", shown());
    }
    if route.starts_with("GET ") || route.ends_with("/preview") {
        assert!(wrote.is_empty(), "a read wrote something: {}", shown());
    }
    // Partnership managers change and delete deals of any organisation.
    let is_admins = ["PATCH /api/deals/{dealId}", "DELETE /api/deals/{dealId}"].contains(&route);
    if foreign && route.contains("{dealId}") && !is_admins {
        assert!(wrote.is_empty(), "a stranger wrote something: {}", shown());
        let is_deal = |(operation, body): &AwsCall| operation == "GetItem" && body.contains(r#""S":"DEAL""#);
        // Opt-outs of the stranger's own organisation, at the same time.
        let (deals, others): (Vec<_>, Vec<_>) = calls.iter().partition(|call| is_deal(call));
        let is_own =
            |(operation, body): &AwsCall| operation == "BatchGetItem" && !body.contains(r#""S":"D#"#);
        assert!(
            deals.len() <= 1 && others.into_iter().all(is_own),
            "a stranger's request read the deal: {}",
            shown()
        );
    }
    let link = read["token"].as_str().and_then(Link::parse).map(|link| link.token());
    if let Some(secret) = link.as_ref().map(|token| &token[44..]) {
        let sent = calls.iter().any(|(_, body)| body.contains(secret));
        assert!(!sent && !text.contains(secret), "a secret leaves the function: {}", shown());
    }
}

/// Reads a request: a letter for the route, a digit for the caller, lines of settings, an empty line, the body.
///
/// The digit's bits: 1, the deal is another organisation's; 2, the body is in base64; 4, no claims except those in the
/// lines. Lines: `?query`, `deal:`, `invite:`, `id:` (by default those that exist), `claim <name>:`, and headers.
fn read(input: &[u8]) -> (usize, u8, Value, Vec<u8>) {
    let functions = functions();
    let route = usize::from(input.first().copied().unwrap_or_default().wrapping_sub(b'a')) % ROUTES.len();
    let bits = input.get(1).copied().unwrap_or_default();
    let rest = input.get(2..).unwrap_or_default();
    let end = rest.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + 2..]));
    let (method, path) = ROUTES[route].0.split_once(' ').unwrap();
    let key = InviteKey { deal: functions.deal, invite: functions.invite };
    let id = UnsubscribeId::sign(&Salt([9; 32]), key);
    let mut event = json!({
        "version": "2.0", "routeKey": ROUTES[route].0, "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "api.example"},
        "pathParameters": {"dealId": functions.deal.to_string(), "inviteId": functions.invite.to_string(),
            "id": id},
        "requestContext": {"routeKey": ROUTES[route].0, "stage": "$default", "timeEpoch": 0,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "authorizer": {"jwt": {"claims": {}, "scopes": null}}},
        "isBase64Encoded": bits & 2 != 0,
    });
    let mut claims = json!({});
    if bits & 4 == 0 {
        claims = json!({"iss": "https://issuer.example", "sub": "s",
            "scope": "openid invites.manage seats.accept deals.admin", "org": "acme",
            "email": "manager@acme.example", "email_verified": "true"});
        // A stranger has no `deals.admin`, which reads every deal.
        if bits & 1 != 0 && method != "PATCH" && path != "/api/deals" {
            claims["scope"] = json!("invites.manage seats.accept");
        }
    }
    for line in String::from_utf8_lossy(head).lines() {
        if let Some(query) = line.strip_prefix('?') {
            event["rawQueryString"] = json!(query);
        } else if let Some((name, value)) = line.split_once(": ") {
            let place = match (name, name.strip_prefix("claim ")) {
                ("deal", _) => &mut event["pathParameters"]["dealId"],
                ("invite", _) => &mut event["pathParameters"]["inviteId"],
                ("id", _) => &mut event["pathParameters"]["id"],
                (_, Some(claim)) => &mut claims[claim],
                _ => &mut event["headers"][name.to_ascii_lowercase()],
            };
            *place = json!(value);
        }
    }
    let token = URL_SAFE_NO_PAD.encode(claims.to_string());
    event["headers"]["authorization"] = json!(format!("Bearer e30.{token}.c2ln"));
    // The gateway passes text as it is.
    let body = String::from_utf8_lossy(body).into_owned();
    if !body.is_empty() {
        event["body"] = json!(body);
    }
    (route, bits, event, body.into_bytes())
}

pub(crate) fn requests(input: &[u8]) {
    let (route, bits, event, body) = read(input);
    // The gateway passes no invalid header.
    let Ok(event) = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()) else { return };
    let (route, function) = ROUTES[route];
    let admin = String::from_utf8_lossy(input).contains("deals.admin");
    let foreign = bits & 1 != 0;
    let (answered, calls) = functions().invoke(function, event, foreign);
    let body = if bits & 2 == 0 { body } else { STANDARD.decode(&body).unwrap_or(body) };
    check(route, &body, true, foreign && !admin, &answered, &calls);
}

pub(crate) fn events(input: &[u8]) {
    // lambda_runtime reports an unreadable event to the Runtime API and goes on.
    let Ok(event) = serde_json::from_slice::<Event>(input) else { return };
    let (key, body) = (event.route(), event.body());
    let listed = ROUTES.iter().find(|(route, _)| *route == key);
    for (route, function) in listed.map_or(&ROUTES[..], std::slice::from_ref) {
        let (answered, calls) = functions().invoke(function, event.clone(), false);
        check(if listed.is_some() { route } else { "none" }, &body, false, false, &answered, &calls);
        if listed.is_none() {
            let wrote = calls.iter().any(|(operation, _)| !is_read(operation));
            assert!(answered.status_code >= 400 && !wrote, "{answered:?} {calls:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_routes_are_those_of_the_stack() {
        let theirs = seatkeeper_local::routes::ROUTES.iter();
        let mut theirs: Vec<_> = theirs.map(|route| (route.key(), route.function.to_owned())).collect();
        let mut ours = super::ROUTES.map(|(route, function)| (route.to_owned(), function.to_owned()));
        theirs.sort();
        ours.sort();
        assert_eq!(theirs, ours);
    }
}
