//! Serving: each event becomes a request, which is handled within its deadline, logged and measured.

use super::origin::HEADER;
use super::{Event, HandlerResult, Origin, Problem, Request, Response, json};
use crate::clock;
use crate::config::Config;
use crate::store::Store;
use crate::telemetry;
use lambda_runtime::{Context, Error, LambdaEvent, Runtime, service_fn};
use serde_json::{json, value::RawValue};
use std::time::Duration;

/// Time reserved for a 503 when the handler has not answered.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Time reserved for the answer, where conflicts may use up the rest: each row without an answer is told as `unavailable`.
pub const TO_ANSWER: Duration = Duration::from_secs(2);

/// The dependencies of a function that sends no mail.
#[derive(Clone, Debug)]
pub struct App {
    pub store: Store,
    pub config: Config,
}

pub async fn run(route: impl AsyncFn(&App, Request) -> HandlerResult) -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let app = &App { store: Store::connect(&config.table).await?, config };
    serve(&app.config, async |request| route(app, request).await).await
}

pub async fn serve(config: &Config, route: impl AsyncFn(Request) -> HandlerResult) -> Result<(), Error> {
    let route = &route;
    // The event is read here because the runtime would track the path of each value. The futures are boxed
    // because they are large, and the runtime's layers would move them.
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        Box::pin(async move {
            let (event, context) = event.into_parts();
            let event = serde_json::from_str(event.get())?;
            Ok::<_, Error>(answer(config, route, event, &context).await)
        })
    });
    // `lambda_runtime::run` would add spans, which nothing logs.
    Runtime::new(service).run().await
}

pub async fn answer(
    config: &Config,
    route: &impl AsyncFn(Request) -> HandlerResult,
    event: Event,
    context: &Context,
) -> Response {
    let request = Request::new(event, &config.tokens, context);
    let (request_id, name) = (&context.request_id, request.route().to_owned());
    let (ledger, actor) = (request.ledger.clone(), request.caller.person().ok());
    let (now, deadline) = (request.now, request.deadline);
    let watch = clock::start();
    let result = handle(config.origin, route, request).await;
    config.audit.record(&ledger, actor.as_ref(), &name, request_id, deadline).await;
    let code = result.as_ref().err().map(|problem| problem.code);
    let response = result.unwrap_or_else(|problem| {
        if problem.status >= 500 {
            let error = problem.cause.as_ref().map_or_else(|| "out of time".to_owned(), ToString::to_string);
            tracing::error!(request_id, route = name, http.code = code, error, "request failed");
        }
        problem.into_response(now)
    });
    tracing::info!(
        request_id,
        route = name,
        http.status = response.status_code,
        http.code = code,
        latency_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

async fn handle(
    origin: Origin,
    route: &impl AsyncFn(Request) -> HandlerResult,
    request: Request,
) -> HandlerResult {
    if !origin.admits(request.header(HEADER)) {
        telemetry::refused_origin();
        // The gateway's own refusal looks the same.
        return Ok(json(403, &json!({ "message": "Forbidden" })));
    }
    request.check_body()?;
    let last = request.deadline.earlier(LAST_WORD).instant();
    tokio::time::timeout_at(last, Box::pin(route(request)))
        .await
        .unwrap_or_else(|_| Err(Problem::unavailable()))
}
