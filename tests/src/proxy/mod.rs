//! What stands between the functions and DynamoDB and SES, to disturb them: by a script, or at random from a seed.
//!
//! Invariant: what is not disturbed passes as it is, and what is said to be done was done: a call that is forwarded is
//! carried out even if its caller is gone by then, as on AWS. Calls that only open a connection are never disturbed and
//! never counted.

mod call;
mod fault;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use seatkeeper_local::{Endpoints, Stack};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use call::{Calls, Service};
pub use fault::Fault;
pub use state::{Disturbance, Side, Stop, Storm, Tally};

use call::Call;
use state::{Decision, State};

/// The proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    state: Arc<Mutex<State>>,
    endpoints: Endpoints,
    _servers: JoinSet<()>,
}

impl Proxy {
    /// Starts it. Until it is [led](Self::lead_to) somewhere it refuses all calls, in a way that nobody repeats.
    pub async fn start() -> Self {
        let state = Arc::default();
        let mut servers = JoinSet::new();
        let [dynamodb, ses] = [Service::DynamoDb, Service::Ses].map(|service| (service, Arc::clone(&state)));
        let endpoints =
            Endpoints { dynamodb: serve(&mut servers, dynamodb).await, ses: serve(&mut servers, ses).await };
        Self { state, endpoints, _servers: servers }
    }

    /// Where it listens: for [`Settings::in_between`](seatkeeper_local::Settings::in_between).
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints.clone()
    }

    pub fn lead_to(&self, stack: &Stack) {
        self.lead(Some(stack.endpoints().clone()));
    }

    /// Leads there from now on; to none, all calls are refused.
    pub fn lead(&self, endpoints: Option<Endpoints>) {
        self.state().lead(endpoints);
    }

    /// Disturbs calls like these: `after` of them pass, then `times` meet the fault. Only calls that the fault can meet
    /// count. Of several disturbances, the one that was there first comes first.
    pub fn disturb(&self, calls: Calls, after: u32, times: u32, fault: Fault) -> Disturbance {
        self.state().disturb(calls, after, times, fault)
    }

    /// Disturbs calls at random, until it is [calm](Self::calm).
    pub fn storm(&self, storm: Storm) {
        self.state().storm(Some(storm));
    }

    pub fn calm(&self) {
        self.state().calm();
    }

    /// Stops at a call like these, once `after` of them have passed: it gets no further, nor does any other call, until
    /// the [`Stop`] is dropped. All that were stopped are then cut off.
    pub fn stop_at(&self, calls: Calls, after: u32, side: Side) -> Stop {
        let (stop, halt) = state::stop(calls, after, side);
        self.state().halt(halt);
        stop
    }

    pub fn count(&self, calls: Calls) {
        self.state().count_anew(calls);
    }

    /// How many were counted, by operation and by the fault that they met.
    pub fn tally(&self) -> Tally {
        self.state().tally()
    }

    /// Whether no call is under way, nor one that is still to arrive.
    pub fn is_idle(&self) -> bool {
        Arc::strong_count(&self.state().presence) == 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Every lock here is held for a few moves without an `await`.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

type Wire = (Service, Arc<Mutex<State>>);

async fn serve(servers: &mut JoinSet<()>, wire: Wire) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
    let address = listener.local_addr().expect("an address");
    // Closed without a farewell: whoever waits for an answer sees the connection reset.
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
        Decision::Halt { side, stopped } => {
            if side == Side::After {
                carry_out(Arc::clone(&state), call).await;
            }
            stopped.wait().await;
            cut_off()
        }
        Decision::Fault(fault) => disturb(state, call, fault).await,
    }
}

async fn disturb(state: Arc<Mutex<State>>, call: Call, fault: Fault) -> Response {
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
        Fault::ArriveLate(wait) => {
            let under_way = Arc::clone(&lock(&state).presence);
            let late = tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let answer = carry_out(state, call).await;
                drop(under_way);
                answer
            });
            late.await.unwrap_or_else(|_| cut_off())
        }
        Fault::Stale => {
            let older = lock(&state).older_answer(&call);
            dynamodb(older)
        }
        Fault::Throttle
        | Fault::Throughput
        | Fault::Conflict
        | Fault::Fail
        | Fault::Refuse
        | Fault::Entries(_) => fault.answer(&call),
    }
}

/// Forwards the call, in a task of its own: it is carried out whether or not its caller still waits.
async fn carry_out(state: Arc<Mutex<State>>, call: Call) -> Response {
    let under_way = Arc::clone(&lock(&state).presence);
    let forwarded = tokio::spawn(async move {
        let answer = forward(state, call).await;
        drop(under_way);
        answer
    });
    forwarded.await.unwrap_or_else(|_| cut_off())
}

async fn forward(state: Arc<Mutex<State>>, call: Call) -> Response {
    let Some((client, url)) = lock(&state).way(&call) else { return Fault::Refuse.answer(&call) };
    let mut headers = call.headers.clone();
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    let sent = client.request(call.method.clone(), url).headers(headers).body(call.body.clone()).send().await;
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

fn dynamodb(body: impl Into<Body>) -> Response {
    let headers = HeaderMap::from_iter([(
        header::CONTENT_TYPE,
        "application/x-amz-json-1.0".parse().expect("a value"),
    )]);
    (headers, body.into()).into_response()
}

/// A body that fails before its first byte: the connection is closed, and nothing is sent, no status either.
fn cut_off() -> Response {
    let lost = futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("cut off")) });
    Response::new(Body::from_stream(lost))
}

fn header_named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
