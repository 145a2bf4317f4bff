//! A proxy between the functions and DynamoDB and SES. It injects faults, by a script or at random from a seed.
//!
//! Invariant: calls without a fault pass unchanged, except that DynamoDB is asked for their units. A forwarded call is
//! carried out even if its caller is gone, as on AWS. Calls that only open a connection meet no fault and are not counted.

mod call;
mod fault;
mod state;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use seatkeeper_local::Endpoints;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use call::{Calls, Service};
pub use fault::Fault;
pub use state::{Disturbance, RandomFaults, Side, Stop, Tally, Units};

use crate::lock;
use call::Call;
use state::{Decision, Rule, State};

/// The proxy. Dropping this stops it.
pub struct Proxy {
    state: Arc<Mutex<State>>,
    endpoints: Endpoints,
    _servers: JoinSet<()>,
}

impl Proxy {
    /// Starts the proxy. Until it has a [target](Self::forward_to), it refuses all calls.
    pub async fn start() -> Self {
        let state = Arc::default();
        let mut servers = JoinSet::new();
        let [dynamodb, ses] = [Service::DynamoDb, Service::Ses].map(|service| (service, Arc::clone(&state)));
        let endpoints =
            Endpoints { dynamodb: serve(&mut servers, dynamodb).await, ses: serve(&mut servers, ses).await };
        Self { state, endpoints, _servers: servers }
    }

    /// Its addresses, for [`Settings::in_between`](seatkeeper_local::Settings::in_between).
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints.clone()
    }

    /// Forwards calls to these endpoints from now on.
    pub fn forward_to(&self, endpoints: Endpoints) {
        // A new client, so that no connection to the old target is used again.
        self.state().target = Some((reqwest::Client::new(), endpoints));
    }

    /// Injects a fault: `after` of these calls pass, then `times` calls meet the fault. Only calls that the fault can
    /// meet count. Of several disturbances, the oldest applies first.
    pub fn disturb(&self, calls: Calls, after: u32, times: u32, fault: Fault) -> Disturbance {
        let order = Disturbance::default();
        self.state().rules.push(Rule { calls, after, left: times, fault, order: order.clone() });
        order
    }

    /// Injects faults at random until [`clear_faults`](Self::clear_faults).
    pub fn inject(&self, faults: RandomFaults) {
        let rng = fastrand::Rng::with_seed(faults.seed);
        self.state().random = Some((faults, rng));
    }

    pub fn clear_faults(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.random = None;
    }

    /// Lets `after` of these calls pass and holds the next one, and every later call, until the [`Stop`] is dropped.
    /// Then the connections of all held calls are closed.
    pub fn stop_at(&self, calls: Calls, after: u32, side: Side) -> Stop {
        let (stop, halt) = state::stop(calls, after, side);
        self.state().halt = Some(halt);
        stop
    }

    /// Resets the tally and the units, and counts these calls from now on.
    pub fn count(&self, calls: Calls) {
        let mut state = self.state();
        state.counted = calls;
        state.tally.clear();
        state.units = Units::default();
    }

    /// The counted calls, by operation and fault.
    pub fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    /// What all calls to DynamoDB cost.
    pub fn units(&self) -> Units {
        self.state().units
    }

    /// Whether no call is under way or delayed.
    pub fn is_idle(&self) -> bool {
        Arc::strong_count(&self.state().presence) == 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

type Wire = (Service, Arc<Mutex<State>>);

async fn serve(servers: &mut JoinSet<()>, wire: Wire) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
    let address = listener.local_addr().expect("an address");
    // Without linger, a caller that waits for a response sees a reset connection.
    let listener = listener.tap_io(|connection| {
        let _as_it_is = connection.set_zero_linger();
        let _as_it_is = connection.set_nodelay(true);
    });
    let app = Router::new().fallback(answer).with_state(wire);
    servers.spawn(async move {
        let _ended = axum::serve(listener, app).await;
    });
    format!("http://{address}")
}

async fn answer(Shared((service, state)): Shared<Wire>, request: Request) -> Response {
    let Ok(call) = Call::read(service, request).await else { return cut_off() };
    let decision = lock(&state).decide(&call);
    match decision {
        Decision::Pass => carry_out(state, call).await,
        Decision::Halt(side, reached, mut released) => {
            if side == Side::After {
                carry_out(Arc::clone(&state), call).await;
            }
            if let Some(reached) = reached {
                reached.send_replace(true);
            }
            let _ended = released.changed().await;
            cut_off()
        }
        Decision::Fault(fault) => apply(state, call, fault).await,
    }
}

async fn apply(state: Arc<Mutex<State>>, call: Call, fault: Fault) -> Response {
    match fault {
        Fault::Reset => cut_off(),
        Fault::LoseAnswer => {
            carry_out(state, call).await;
            cut_off()
        }
        Fault::FailAfter => {
            let refusal = fault.answer(&call);
            carry_out(state, call).await;
            refusal
        }
        Fault::AnswerLate(wait) => {
            let answer = carry_out(state, call).await;
            tokio::time::sleep(wait).await;
            answer
        }
        Fault::ArriveLate(wait) => carry_out_after(Some(wait), state, call).await,
        Fault::Stale => {
            let older = lock(&state).older_answer(&call);
            ([(header::CONTENT_TYPE, "application/x-amz-json-1.0")], older).into_response()
        }
        fault => fault.answer(&call),
    }
}

async fn carry_out(state: Arc<Mutex<State>>, call: Call) -> Response {
    carry_out_after(None, state, call).await
}

/// Forwards the call in its own task, so that it is carried out even if its caller is gone.
async fn carry_out_after(wait: Option<Duration>, state: Arc<Mutex<State>>, call: Call) -> Response {
    let under_way = Arc::clone(&lock(&state).presence);
    let forwarded = tokio::spawn(async move {
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
        let answer = forward(state, call).await;
        drop(under_way);
        answer
    });
    forwarded.await.unwrap_or_else(|_| cut_off())
}

async fn forward(state: Arc<Mutex<State>>, call: Call) -> Response {
    let Some((client, url)) = lock(&state).target(&call) else { return Fault::Refuse.answer(&call) };
    let mut headers = call.headers.clone();
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    let sent = client.request(call.method.clone(), url).headers(headers).body(call.forwarded()).send().await;
    let Ok(answer) = sent else { return cut_off() };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return cut_off() };
    if status == StatusCode::OK {
        lock(&state).remember(&call, &body);
    }
    for name in [header::TRANSFER_ENCODING, header::CONNECTION] {
        headers.remove(name);
    }
    (status, headers, body).into_response()
}

/// A body that fails before its first byte: the connection closes without a response.
fn cut_off() -> Response {
    let lost = futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("cut off")) });
    Response::new(Body::from_stream(lost))
}
