//! A request as handlers see it. `lambda_http`'s `Request` is not used: it panics on a path, query or header that
//! does not make a URI, and a caller writes these.

use super::{Caller, Problem, Tokens, body, form};
use crate::audit::Ledger;
use crate::clock::{self, Deadline};
use crate::domain::accept::LinkRefusal;
use crate::domain::{DealId, InviteId, Link, Timestamp};
use crate::store::StoreError;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_runtime::Context;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::borrow::Cow;
use std::collections::HashMap;

/// The largest body of a request with many rows: 1,000 rows with the longest names and addresses fit.
const LARGEST_BULK_BODY: usize = 1024 * 1024;

/// The largest body of any other request: a deal with the longest names fits, and so does a token.
const LARGEST_BODY: usize = 4 * 1024;

/// API Gateway's event (payload format 2.0), with only the fields that a function needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    request_context: RequestContext,
    raw_query_string: Option<String>,
    /// The gateway joins the values of a repeated header with commas.
    headers: Option<HashMap<String, String>>,
    path_parameters: Option<HashMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: bool,
}

impl Event {
    /// The route that the gateway matched: `GET /api/deals/{dealId}`.
    pub fn route(&self) -> &str {
        self.request_context.route_key.as_deref().unwrap_or_default()
    }

    pub fn body(&self) -> Cow<'_, [u8]> {
        let body = self.body.as_deref().unwrap_or_default().as_bytes();
        // Invalid base64 falls through to the JSON error.
        let decoded = self.is_base64_encoded.then(|| STANDARD.decode(body).ok()).flatten();
        decoded.map_or(Cow::Borrowed(body), Cow::Owned)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    route_key: Option<String>,
    authorizer: Option<Authorizer>,
}

#[derive(Clone, Debug, Deserialize)]
struct Authorizer {
    /// Present if the JWT authorizer verified the request's token. Its copy of the claims is not read: the
    /// gateway turns them into text (`Caller::new`).
    jwt: Option<IgnoredAny>,
}

#[derive(Debug)]
pub struct Request {
    /// Without claims on a route without a scope.
    pub caller: Caller,
    /// One time for everything that the request does.
    pub now: Timestamp,
    /// When the answer must be out.
    pub deadline: Deadline,
    pub ledger: Ledger,
    event: Event,
}

impl Request {
    pub(super) fn new(event: Event, tokens: &Tokens, context: &Context) -> Self {
        let (now, deadline) = (clock::now(), Deadline::of(context));
        let mut request = Self { caller: Caller::default(), now, deadline, ledger: Ledger::default(), event };
        // Nobody verified the token of a request without an authorizer.
        if request.event.request_context.authorizer.as_ref().is_some_and(|by| by.jwt.is_some())
            && let Some(token) = request.header("authorization")
        {
            request.caller = Caller::new(token, tokens);
        }
        request
    }

    pub fn route(&self) -> &str {
        self.event.route()
    }

    fn parameter(&self, name: &str) -> &str {
        let parameters = self.event.path_parameters.as_ref();
        parameters.and_then(|parameters| parameters.get(name)).map_or("", String::as_str)
    }

    /// 404 for a malformed id: no deal has it.
    pub fn deal_id(&self) -> Result<DealId, Problem> {
        DealId::parse(self.parameter("dealId")).ok_or_else(Problem::not_found)
    }

    /// 404 for a malformed id: no invite has it.
    pub fn invite_id(&self) -> Result<InviteId, Problem> {
        InviteId::parse(self.parameter("inviteId")).ok_or_else(Problem::not_found)
    }

    /// The `{id}` of the path, of any form.
    pub fn id(&self) -> &str {
        self.parameter("id")
    }

    /// The link of a body with a token. A malformed token gets the same answer as one that belongs to no invite (I6).
    pub fn link(&self) -> Result<Link, Problem> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct TokenBody {
            token: String,
        }
        let body: TokenBody = self.json()?;
        Link::parse(&body.token).ok_or_else(|| LinkRefusal::UnknownInvite.into())
    }

    /// The last value of a name. (The gateway's own reading of the query joins them.)
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let query = self.event.raw_query_string.as_deref().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .filter(|(known, _)| known == name)
            .last()
            .map(|(_, value)| value)
    }

    /// It may have any characters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.event.headers.iter().flatten();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The number that `If-Match` expects, or `None` without the header and for `*`. A header with none of our
    /// tags expects 0, which no deal or invite has. Tags are compared strongly (RFC 9110, section 13.1.1).
    /// `current` is read only if the header lists several of our tags.
    pub async fn if_match<T>(
        &self,
        current: impl Future<Output = Result<Option<T>, StoreError>>,
        number: impl Fn(T) -> u32,
    ) -> Result<Option<u32>, Problem> {
        let Some(tags) = self.header("if-match").filter(|tags| tags.trim() != "*") else {
            return Ok(None);
        };
        let ours: Vec<u32> = tags.split(',').filter_map(number_of).collect();
        match ours[..] {
            [] => Ok(Some(0)),
            [number] => Ok(Some(number)),
            _ => Ok(Some(current.await?.map(number).filter(|number| ours.contains(number)).unwrap_or(0))),
        }
    }

    /// Refuses a body that is too large (413) or not JSON (415), whether or not the route reads it. A route that takes a
    /// form looks at the type itself.
    pub(super) fn check_body(&self) -> Result<(), Problem> {
        let largest = match self.route() {
            "POST /api/deals/{dealId}/invites"
            | "POST /api/deals/{dealId}/invites/resend"
            | "POST /api/deals/{dealId}/invites/cancel" => LARGEST_BULK_BODY,
            _ => LARGEST_BODY,
        };
        let body = self.event.body();
        if body.len() > largest {
            let detail = format!("The body is larger than {} KiB. Send a smaller one.", largest / 1024);
            return Err(Problem::new(413, "payload_too_large", detail));
        }
        let media_type = self.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let takes_form = self.route().ends_with("/unsubscribe/{id}");
        if body.is_empty() || takes_form || media_type.eq_ignore_ascii_case("application/json") {
            Ok(())
        } else {
            Err(unsupported_media_type())
        }
    }

    /// 415 without a body, or 400 with the path of the field that does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self.event.body();
        if body.is_empty() && self.header("content-type").is_none() {
            return Err(unsupported_media_type());
        }
        body::parse(&body)
    }

    /// 400 for any other body than the form of one-click unsubscribe.
    pub fn one_click(&self) -> Result<(), Problem> {
        if form::is_one_click(self.header("content-type").unwrap_or_default(), &self.event.body()) {
            Ok(())
        } else {
            Err(Problem::invalid(
                "Send the form field List-Unsubscribe with the value One-Click, and no other.",
            ))
        }
    }
}

fn unsupported_media_type() -> Problem {
    Problem::new(415, "unsupported_media_type", "Send the body as application/json.")
}

/// The number in a tag of [`with_etag`](super::with_etag).
fn number_of(tag: &str) -> Option<u32> {
    let digits = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Reads the event from text, like the Runtime API's client.
    fn read(event: &Value) -> Result<Event, serde_json::Error> {
        serde_json::from_slice(event.to_string().as_bytes())
    }

    fn request(event: &Value) -> Request {
        Request::new(read(event).unwrap(), &Tokens::default(), &Context::default())
    }

    #[test]
    fn the_fields_that_a_function_reads_are_kept() {
        let event = read(&json!({
            "version": "2.0", "routeKey": "GET /a", "rawPath": "/a", "rawQueryString": "limit=2",
            "cookies": ["a=b"],
            "headers": {"accept": "*/*", "content-type": "application/json"},
            "queryStringParameters": {"limit": "2"},
            "pathParameters": {"dealId": "d"},
            "stageVariables": null,
            "requestContext": {
                "routeKey": "GET /a", "timeEpoch": 1,
                "authorizer": {"jwt": {"claims": {"sub": "s"}, "scopes": ["a"]}},
            },
            "body": "{}", "isBase64Encoded": true,
        }));
        let event = event.unwrap();
        assert_eq!(event.headers.unwrap()["content-type"], "application/json");
        assert_eq!(event.raw_query_string.as_deref(), Some("limit=2"));
        assert_eq!(event.path_parameters.unwrap()["dealId"], "d");
        assert_eq!(event.request_context.route_key.as_deref(), Some("GET /a"));
        assert!(event.request_context.authorizer.unwrap().jwt.is_some());
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("{}"), true));
    }

    #[test]
    fn a_missing_field_may_be_null_or_left_out() {
        for event in [
            json!({}),
            json!({"requestContext": {}, "headers": {}}),
            json!({
                "headers": null, "pathParameters": null, "rawQueryString": null, "body": null,
                "requestContext": {"routeKey": null, "authorizer": null},
            }),
            json!({"requestContext": {"authorizer": {"jwt": null}}}),
            json!({"requestContext": {"authorizer": {"iam": {"accountId": "1"}}}}),
        ] {
            let read = read(&event).unwrap();
            assert!(read.request_context.authorizer.is_none_or(|by| by.jwt.is_none()), "{event}");
            assert!(read.body.is_none() && read.path_parameters.is_none(), "{event}");
        }
    }

    #[test]
    fn an_event_that_no_gateway_sends_is_refused() {
        for event in [json!({"headers": {"if-match": 1}}), json!({"body": {}})] {
            assert!(read(&event).is_err(), "{event}");
        }
    }

    #[test]
    fn i6_a_token_counts_only_if_the_gateway_verified_it() {
        let token = "Bearer e30.eyJpc3MiOiJpIiwic3ViIjoicyIsInNjb3BlIjoic2VhdHMuYWNjZXB0In0.c2ln";
        for (authorizer, is_known) in [
            (json!({"jwt": {"claims": {"sub": "[a b]"}, "scopes": null}}), true),
            (json!({"jwt": null}), false),
            (json!({"iam": {}}), false),
            (json!(null), false),
        ] {
            let context = json!({"authorizer": authorizer});
            let request = request(&json!({"headers": {"Authorization": token}, "requestContext": context}));
            assert_eq!(request.caller.learner().is_ok(), is_known, "{authorizer}");
        }
    }

    #[tokio::test]
    async fn if_match_expects_the_number_of_one_of_our_tags() {
        for (header, current, expected) in [
            (None, 3, None),
            (Some("*"), 3, None),
            (Some("\"3\""), 4, Some(3)),
            (Some("\"abc\", W/\"2\", \"3\""), 4, Some(3)),
            (Some("\"2\", \"3\""), 3, Some(3)),
            (Some("\"2\",\"3\""), 2, Some(2)),
            (Some("\"2\", \"3\""), 4, Some(0)),
            (Some("\"abc\""), 3, Some(0)),
            (Some("\"3,\""), 3, Some(0)),
            (Some("\"03\""), 3, Some(0)),
            (Some("\"+3\""), 3, Some(0)),
            (Some("W/\"3\""), 3, Some(0)),
            (Some("3"), 3, Some(0)),
            (Some("\"99999999999\""), 3, Some(0)),
            (Some("\"ä\""), 3, Some(0)),
            (Some("\""), 3, Some(0)),
            (Some(""), 3, Some(0)),
        ] {
            let request = request(&header.map_or(json!({}), |tags| json!({"headers": {"if-match": tags}})));
            let found = request.if_match(async { Ok(Some(current)) }, |number| number).await.unwrap();
            assert_eq!(found, expected, "{header:?} of {current}");
        }
    }

    #[test]
    fn i8_each_route_limits_its_body() {
        for (route, largest) in [
            ("POST /api/deals/{dealId}/invites", 1024 * 1024),
            ("POST /api/deals/{dealId}/invites/resend", 1024 * 1024),
            ("POST /api/deals/{dealId}/invites/cancel", 1024 * 1024),
            ("POST /api/deals/{dealId}/invites/{inviteId}/resend", 4 * 1024),
            ("POST /api/deals/{dealId}/seats/search", 4 * 1024),
            ("POST /api/invites/preview", 4 * 1024),
            ("POST /api/invites/accept", 4 * 1024),
            ("POST /api/deals", 4 * 1024),
            ("PATCH /api/deals/{dealId}", 4 * 1024),
        ] {
            let headers = json!({"content-type": "application/json; charset=utf-8"});
            let event = |size| json!({"requestContext": {"routeKey": route}, "headers": headers, "body": " ".repeat(size)});
            let check = |size| request(&event(size)).check_body().err();
            assert!(check(largest).is_none(), "{route}");
            let problem = check(largest + 1).unwrap();
            assert_eq!(problem.code, "payload_too_large", "{route}");
            assert_eq!(problem.into_response(Timestamp::default()).status_code, 413, "{route}");
        }
    }
}
