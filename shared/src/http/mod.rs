//! The HTTP edge: from API Gateway's event to a [`Call`], and from an answer or a [`Problem`] to a response.
//!
//! Here requests are logged and measured, with the cause of a failure. A handler sees neither AWS's event nor the log.
//!
//! The event is read as it is, not by way of `lambda_http`'s `Request`: that is built from the path, the query and three
//! headers, which a caller writes, and panics where they don't make a URI.

mod caller;
mod object;
mod origin;
mod problem;
mod view;

pub use caller::{Caller, Learner, Manager};
pub use object::{Cell, Object};
pub use origin::Origin;
pub use problem::{FieldError, Problem};
pub use view::{DealSummary, DealView, InviteView, PageView, SeatView, SeatsView, Time};

use crate::clock::{self, Deadline, Stopwatch};
use crate::domain::{Deal, DealId, InviteId, Timestamp};
use crate::store::{Store, StoreError};
use crate::telemetry;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Body, Context, Error, Response, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_path_to_error::Segment;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

/// What is kept of a function's time to answer when the handler has not.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Largest body of a route that takes many rows: 1,000 rows with the longest names and addresses fit.
const LARGEST_BULK_BODY: usize = 1024 * 1024;

/// Largest body of every other route: a deal with the longest names fits, and so does any token.
const LARGEST_BODY: usize = 4 * 1024;

/// An answer, or why there is none.
pub type Answer = Result<Response<Body>, Problem>;

/// One request.
#[derive(Debug)]
pub struct Call {
    /// The route, as the gateway chose it: `GET /api/deals/{dealId}`.
    pub route: String,
    /// Who asks; nobody in particular on a route without a scope.
    pub caller: Caller,
    /// The time of the request: one time for all that it does.
    pub now: Timestamp,
    /// When the answer must be out.
    pub deadline: Deadline,
    parameters: HashMap<String, String>,
    query: HashMap<String, String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    fn new(event: ApiGatewayV2httpRequest, context: &Context) -> Self {
        let jwt = event.request_context.authorizer.and_then(|authorizer| authorizer.jwt);
        // The gateway's own reading of the query joins repeated names; this one does not.
        let query = event.raw_query_string.unwrap_or_default().parse::<QueryMap>().unwrap_or_default();
        Self {
            route: event.request_context.route_key.unwrap_or_default(),
            caller: Caller::new(jwt.map(|jwt| jwt.claims).unwrap_or_default()),
            now: clock::now(),
            deadline: Deadline::from_epoch_millis(context.deadline),
            parameters: event.path_parameters,
            query: query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            headers: event.headers,
            body: match event.body.unwrap_or_default() {
                // What is no base64 after all is no JSON either.
                body if event.is_base64_encoded => STANDARD.decode(&body).unwrap_or(body.into_bytes()),
                body => body.into_bytes(),
            },
        }
    }

    /// The deal in the path.
    ///
    /// # Errors
    /// 404 for what is no id: it is no deal either.
    pub fn deal(&self) -> Result<DealId, Problem> {
        self.parameters.get("dealId").and_then(|id| DealId::parse(id)).ok_or_else(Problem::not_found)
    }

    /// The invite in the path.
    ///
    /// # Errors
    /// 404 for what is no id.
    pub fn invite(&self) -> Result<InviteId, Problem> {
        self.parameters.get("inviteId").and_then(|id| InviteId::parse(id)).ok_or_else(Problem::not_found)
    }

    /// A query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A header's text.
    ///
    /// # Errors
    /// 400 when it is not visible ASCII.
    pub fn header(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let value = self.headers.get(HeaderName::from_static(name)).map(HeaderValue::to_str).transpose();
        value.map_err(|_| Problem::field(name, "must be visible ASCII"))
    }

    /// The number that `If-Match` expects; none without the header and for `*`, which any state fulfils.
    ///
    /// A condition that cannot hold, since no tag in it is one of ours, expects 0, which no deal and no invite ever has. Tags
    /// are compared strongly (RFC 9110, section 13.1.1). `current` is the number as it is now, and is read only where the
    /// header lists several of our tags.
    ///
    /// # Errors
    /// When `current` cannot be read.
    pub async fn if_match(
        &self,
        current: impl Future<Output = Result<Option<u32>, StoreError>>,
    ) -> Result<Option<u32>, Problem> {
        let values = || self.headers.get_all(header::IF_MATCH).iter().map(HeaderValue::as_bytes);
        if values().all(|value| value.trim_ascii() == b"*") {
            return Ok(None);
        }
        let ours: Vec<u32> =
            values().flat_map(|value| value.split(|b| *b == b',')).filter_map(number_of).collect();
        match ours[..] {
            [] => Ok(Some(0)),
            [number] => Ok(Some(number)),
            _ => Ok(Some(current.await?.filter(|number| ours.contains(number)).unwrap_or(0))),
        }
    }

    /// # Errors
    /// 413 when the body is larger than the route takes, whether or not the route reads it.
    fn check_size(&self) -> Result<(), Problem> {
        let largest = match self.route.as_str() {
            "POST /api/deals/{dealId}/invites" | "POST /api/deals/{dealId}/invites/resend" => {
                LARGEST_BULK_BODY
            }
            _ => LARGEST_BODY,
        };
        if self.body.len() > largest { Err(Problem::too_large(largest)) } else { Ok(()) }
    }

    /// # Errors
    /// 415 when there is a body that is not JSON, whether or not the route reads it.
    fn check_media_type(&self) -> Result<(), Problem> {
        let media_type = self.header("content-type")?.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if self.body.is_empty() || media_type.eq_ignore_ascii_case("application/json") {
            Ok(())
        } else {
            Err(Problem::unsupported_media_type())
        }
    }

    /// The JSON body.
    ///
    /// # Errors
    /// 415, or 400 with the path of the field that does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = self.body.as_slice();
        if bytes.is_empty() && self.header("content-type")?.is_none() {
            return Err(Problem::unsupported_media_type());
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let Object(value) =
            serde_path_to_error::deserialize(&mut json).map_err(|error| not_fitting(&error))?;
        json.end().map_err(|error| Problem::invalid(format!("The body is not one JSON value: {error}")))?;
        Ok(value)
    }
}

/// The number in a tag that [`tagged`] has written.
fn number_of(tag: &[u8]) -> Option<u32> {
    let digits = str::from_utf8(tag).ok()?.trim().strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
}

/// The refusal of a body that does not fit: the field to blame, if there is one, and what was expected.
///
/// Nothing of the body is repeated, since it may be a token or an address, and of any length. So an unknown field is not
/// named: the object that has it is.
fn not_fitting(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let message = error.inner().to_string();
    let mut segments: Vec<&Segment> = error.path().iter().collect();
    let is_unknown_field = message.starts_with("unknown field `");
    if is_unknown_field {
        segments.pop();
    }
    let mut field = String::new();
    for segment in segments {
        extend(&mut field, segment);
    }
    // serde names a field of ours that is missing or comes twice in the message only.
    let named = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    if let Some(named) = named {
        extend(&mut field, &Segment::Map { key: named.to_owned() });
    }
    // serde quotes first what it found and then says what it expected. What it found may read like such a message, too.
    let detail = match message.rsplit_once(", expected ") {
        Some((_, expected)) if is_unknown_field => format!("has an unknown field, expected {expected}"),
        Some((found, expected)) if found.starts_with("invalid ") || found.starts_with("unknown variant ") => {
            format!("expected {expected}")
        }
        _ => message,
    };
    if error.inner().is_data() && !field.is_empty() {
        Problem::field(field, detail)
    } else {
        Problem::invalid(format!("Invalid body: {detail}"))
    }
}

/// Appends a segment to a path like `invites[3].email`.
fn extend(path: &mut String, segment: &Segment) {
    if !path.is_empty() && !matches!(segment, Segment::Seq { .. }) {
        path.push('.');
    }
    path.push_str(&segment.to_string());
}

/// The deal, if it is this manager's (I6).
///
/// # Errors
/// 404 for another organisation's, just as for one that does not exist.
pub fn own(deal: Option<Deal>, manager: &Manager) -> Result<Deal, Problem> {
    deal.filter(|deal| deal.organisation.id == manager.organisation).ok_or_else(Problem::not_found)
}

/// A JSON answer.
#[must_use]
pub fn json(status: u16, value: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::Text(serde_json::to_string(value).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON answer with an `ETag` of this number.
#[must_use]
pub fn tagged(status: u16, tag: u32, value: &impl Serialize) -> Response<Body> {
    let mut response = json(status, value);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// 204.
#[must_use]
pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Answers requests that come by way of `origin` with `route`, until Lambda ends the process.
///
/// # Errors
/// When the Runtime API can't be reached.
pub async fn serve(origin: Origin, store: &Store, route: impl AsyncFn(Call) -> Answer) -> Result<(), Error> {
    let route = &route;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
        let (event, context) = event.into_parts();
        Ok::<_, Error>(answer(origin, store, route, event, &context).await)
    }))
    .await
}

/// What [`serve`] answers to one event.
pub async fn answer(
    origin: Origin,
    store: &Store,
    route: &impl AsyncFn(Call) -> Answer,
    event: ApiGatewayV2httpRequest,
    context: &Context,
) -> ApiGatewayV2httpResponse {
    let call = Call::new(event, context);
    let (request_id, name) = (&context.request_id, call.route.clone());
    let watch = Stopwatch::start();
    let last = call.deadline.earlier(LAST_WORD).instant();
    let answer = if !origin.admits(&call.headers) {
        Ok(origin::forbidden())
    } else if let Err(problem) = call.check_size().and_then(|()| call.check_media_type()) {
        Err(problem)
    } else {
        let answer = tokio::time::timeout_at(last, route(call)).await;
        answer.unwrap_or_else(|_| Err(Problem::unavailable()))
    };
    let (response, code) = match answer {
        Ok(response) => (response, None),
        Err(problem) => {
            if problem.status() >= 500 {
                let cause = problem.cause().map_or_else(|| "out of time".to_owned(), |e| telemetry::chain(e));
                tracing::error!(
                    request_id,
                    route = name,
                    http.code = problem.code(),
                    error = cause,
                    "request failed"
                );
            }
            let code = problem.code();
            (problem.into_response(), Some(code))
        }
    };
    let (status, latency, usage) = (response.status().as_u16(), watch.elapsed(), store.usage());
    tracing::info!(
        request_id,
        route = name,
        http.status = status,
        http.code = code,
        latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        dynamodb.requests = usage.requests,
        dynamodb.read_units = usage.read_units,
        dynamodb.write_units = usage.write_units,
        "request"
    );
    returned(with_common_headers(response))
}

/// The answer as API Gateway takes it.
fn returned(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut returned = ApiGatewayV2httpResponse::default();
    returned.status_code = parts.status.as_u16().into();
    returned.headers = parts.headers;
    returned.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    returned
}

fn with_common_headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Rows {
        rows: Vec<Object<Row>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Row {
        email: String,
    }

    fn call(route: &str, headers: &[(HeaderName, &'static [u8])], body: &[u8]) -> Call {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_bytes(value).unwrap()));
        Call {
            route: route.to_owned(),
            caller: Caller::default(),
            now: Timestamp::default(),
            deadline: Deadline::within(Duration::from_secs(1)),
            parameters: HashMap::new(),
            query: HashMap::new(),
            headers: headers.collect(),
            body: body.to_vec(),
        }
    }

    /// The refusal of a body that should have been `T`, as it is sent.
    fn refusal<T: DeserializeOwned>(body: &str) -> Option<(Problem, String)> {
        let json: &[u8] = b"application/json; charset=utf-8";
        let read = || call("", &[(header::CONTENT_TYPE, json)], body.as_bytes()).json::<T>().err();
        let Body::Text(text) = read()?.into_response().into_body() else { panic!("no text") };
        Some((read()?, text))
    }

    fn blamed(body: &str) -> Option<String> {
        let (problem, _) = refusal::<Rows>(body)?;
        assert_eq!((problem.status(), problem.code()), (400, "invalid_request"));
        Some(problem.fields().iter().map(|error| error.field.clone()).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn i8_a_body_that_does_not_fit_is_told_where() {
        let cases = [
            (r#"{"rows":[{"email":"a"}]}"#, None),
            (r#"{"rows":[{"email":1}]}"#, Some("rows[0].email")),
            (r#"{"rows":[{}]}"#, Some("rows[0].email")),
            (r#"{"rows":[{"email":"a"},{"email":"a","email":"a"}]}"#, Some("rows[1].email")),
            (r#"{"rows":[{"email":"a","x":1}]}"#, Some("rows[0]")),
            (r#"{"rows":[["a"]]}"#, Some("rows[0]")),
            (r#"{"rows":{}}"#, Some("rows")),
            (r"{}", Some("rows")),
            (r#"{"rows":[],"more":1}"#, Some("")),
            (r#"{"rows":[],"rows":[]}"#, Some("rows")),
            (r#"[[{"email":"a"}]]"#, Some("")),
            (r#"{"rows":[]} {}"#, Some("")),
            ("", Some("")),
            ("null", Some("")),
        ];
        for (body, expected) in cases {
            assert_eq!(blamed(body).as_deref(), expected, "{body}");
        }
        assert_eq!(blamed(&"[".repeat(10_000)).as_deref(), Some(""));
    }

    #[test]
    fn i8_a_refusal_does_not_repeat_what_was_sent() {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            Known,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Wanted {
            kind: Kind,
            number: Option<u32>,
            within: Option<Object<Row>>,
        }
        let long = format!(r#"{{"{}":1}}"#, "se-cret".repeat(100));
        for (body, expected) in [
            (r#"{"kind":"se-cret"}"#, "`known`"),
            (r#"{"kind":"x, expected se-cret"}"#, "`known`"),
            (r#"{"number":"se-cret"}"#, "u32"),
            (r#"{"number":"x, expected se-cret"}"#, "u32"),
            (r#"{"se-cret":1}"#, "unknown field, expected one of `kind`, `number`, `within`"),
            (r#"{"x`, expected `se-cret":1}"#, "unknown field, expected one of `kind`, `number`, `within`"),
            (r#"{"within":{"se.cret, [se-cret":1}}"#, "within: has an unknown field, expected `email`"),
            (r#"{"within":{"email":["se-cret"]}}"#, "within.email: expected a string"),
            (&long, "unknown field"),
        ] {
            let (_, text) = refusal::<Wanted>(body).unwrap();
            assert!(text.contains(expected) && !text.contains("cret") && text.len() < 500, "{text}");
        }
        assert!(refusal::<Wanted>(r#"{"kind":"known","number":1}"#).is_none());
    }

    #[tokio::test]
    async fn if_match_expects_what_one_of_our_tags_says() {
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
            let headers: Vec<_> =
                header.map(|value| (header::IF_MATCH, value.as_bytes())).into_iter().collect();
            let call = call("", &headers, b"");
            let found = call.if_match(async { Ok(Some(current)) }).await.unwrap();
            assert_eq!(found, expected, "{header:?} of {current}");
        }
    }

    #[test]
    fn i8_a_body_has_a_largest_size_by_its_route() {
        for (route, largest) in [
            ("POST /api/deals/{dealId}/invites", 1024 * 1024),
            ("POST /api/deals/{dealId}/invites/resend", 1024 * 1024),
            ("POST /api/deals/{dealId}/invites/{inviteId}/resend", 4 * 1024),
            ("POST /api/deals/{dealId}/seats/search", 4 * 1024),
            ("POST /api/invites/preview", 4 * 1024),
            ("POST /api/invites/accept", 4 * 1024),
            ("POST /api/deals", 4 * 1024),
            ("PATCH /api/deals/{dealId}", 4 * 1024),
        ] {
            let check = |size| call(route, &[], &vec![b' '; size]).check_size().err();
            assert!(check(largest).is_none(), "{route}");
            let problem = check(largest + 1).unwrap();
            assert_eq!((problem.status(), problem.code()), (413, "payload_too_large"), "{route}");
        }
    }
}
