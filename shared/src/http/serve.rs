//! Serving: every event becomes a request, is handled within its time, logged and measured.

use super::origin::HEADER;
use super::{Event, HandlerResult, Origin, Problem, Request, Returned, json, response};
use crate::clock::Stopwatch;
use crate::config::{Config, ConfigError};
use crate::store::Store;
use lambda_runtime::{Context, Error, LambdaEvent, Runtime, service_fn};
use serde_json::{json, value::RawValue};
use std::time::Duration;

/// What is kept of a function's time to answer when the handler has not.
const LAST_WORD: Duration = Duration::from_millis(500);

/// What a function that mails nothing works with.
#[derive(Clone, Debug)]
pub struct App {
    pub store: Store,
    pub config: Config,
}

impl App {
    pub async fn from_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        Ok(Self { store: Store::connect(&config.table).await?, config })
    }
}

/// Answers requests that come by way of `origin` with `route`, until Lambda ends the process.
pub async fn serve(
    origin: Origin,
    store: &Store,
    route: impl AsyncFn(Request) -> HandlerResult,
) -> Result<(), Error> {
    let route = &route;
    // The event is read here, not by the runtime, which would follow the path to each of its values. The futures of requests
    // are large, and would be moved through all layers of the runtime.
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        Box::pin(async move {
            let (event, context) = event.into_parts();
            let event = serde_json::from_str(event.get())?;
            Ok::<_, Error>(answer(origin, store, route, event, &context).await)
        })
    });
    // Without the spans that `lambda_runtime::run` adds: nothing of them would be logged.
    Runtime::new(service).run().await
}

/// What [`serve`] answers to one event.
pub async fn answer(
    origin: Origin,
    store: &Store,
    route: &impl AsyncFn(Request) -> HandlerResult,
    event: Event,
    context: &Context,
) -> Returned {
    let request = Request::new(event, context);
    let (request_id, name) = (&context.request_id, request.route.clone());
    let watch = Stopwatch::start();
    let result = handle(origin, route, request).await;
    let code = result.as_ref().err().map(Problem::code);
    let response = result.unwrap_or_else(|problem| {
        if problem.is_failure() {
            let error = problem.cause().map_or_else(|| "out of time".to_owned(), ToString::to_string);
            tracing::error!(request_id, route = name, http.code = code, error, "request failed");
        }
        problem.into_response()
    });
    let usage = store.usage();
    tracing::info!(
        request_id,
        route = name,
        http.status = response.status().as_u16(),
        http.code = code,
        latency_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        dynamodb.requests = usage.requests,
        dynamodb.read_units = usage.read_units,
        dynamodb.write_units = usage.write_units,
        "request"
    );
    response::for_gateway(response)
}

async fn handle(
    origin: Origin,
    route: &impl AsyncFn(Request) -> HandlerResult,
    request: Request,
) -> HandlerResult {
    if !origin.admits(request.raw_header(HEADER)) {
        // As the gateway itself refuses.
        return Ok(json(403, &json!({ "message": "Forbidden" })));
    }
    request.check_body()?;
    let last = request.deadline.earlier(LAST_WORD).instant();
    tokio::time::timeout_at(last, Box::pin(route(request)))
        .await
        .unwrap_or_else(|_| Err(Problem::unavailable()))
}
