//! The host with real processes of `examples/echo_function.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use serde_json::json;

use super::*;
use crate::clock;

const FUNCTION: &str = "echo";
const LONG: Duration = Duration::from_mins(1);
/// Long enough for a plain answer on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

fn program(timeout: Duration, settings: &[(&str, &str)]) -> Program {
    let executable = std::env::current_exe().unwrap();
    let binary = executable.parent().and_then(Path::parent).unwrap().join("examples/echo_function");
    assert!(binary.is_file(), "`cargo test` builds the examples; with `--lib` it does not");
    Program {
        name: FUNCTION,
        binary,
        timeout,
        memory: 256,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        log: std::env::temp_dir().join(format!("seatkeeper-echo-{}.log", std::process::id())),
        echo_log: false,
    }
}

async fn host(timeout: Duration) -> Arc<Host> {
    Arc::new(Host::start(vec![program(timeout, &[])]).await.unwrap())
}

async fn pid(host: &Host) -> Value {
    host.invoke(FUNCTION, &json!({})).await.unwrap()["pid"].clone()
}

fn instances(host: &Host) -> usize {
    host.pools[FUNCTION].living.borrow().len()
}

/// Waits until at most this many processes are left. On a busy machine, a killed process takes a while to end.
async fn until_left(host: &Host, most: usize) {
    while instances(host) > most {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_process_answers_one_event_after_another() {
    let host = host(LONG).await;
    let before = clock::now().timestamp_millis();
    let answer = host.invoke(FUNCTION, &json!({"a": [1, "é"]})).await.unwrap();
    assert_eq!(answer["event"], json!({"a": [1, "é"]}));
    let deadline = answer["deadline"].as_i64().unwrap();
    let limit = i64::try_from(LONG.as_millis()).unwrap();
    assert!((before + limit..=clock::now().timestamp_millis() + limit).contains(&deadline), "{deadline}");

    let error = host.invoke(FUNCTION, &json!({"do": "fail"})).await.unwrap_err();
    assert_eq!(error.to_string(), "echo failed: it was asked to fail");
    assert_eq!(pid(&host).await, answer["pid"]);
    assert_eq!(instances(&host), 1);
}

#[tokio::test]
async fn overlapping_invocations_get_a_process_each_up_to_the_limit() {
    let host = host(LONG).await;
    let folder = crate::settings::temporary_folder();
    std::fs::create_dir_all(&folder).unwrap();
    // Each process waits for as many others as may run at a time. There are twice as many invocations.
    let event = json!({"do": "meet", "folder": folder, "many": MAX_INSTANCES});
    let mut calls = JoinSet::new();
    for _ in 0..2 * MAX_INSTANCES {
        let (host, event) = (Arc::clone(&host), event.clone());
        calls.spawn(async move { host.invoke(FUNCTION, &event).await.unwrap().to_string() });
    }
    let pids: BTreeSet<_> = calls.join_all().await.into_iter().collect();
    assert_eq!((pids.len(), instances(&host)), (MAX_INSTANCES, MAX_INSTANCES));
    host.stop().await;
    assert_eq!(instances(&host), 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_crash_is_an_error_and_another_process_follows() {
    let host = host(LONG).await;
    let before = pid(&host).await;
    let error = host.invoke(FUNCTION, &json!({"do": "exit"})).await.unwrap_err();
    assert_eq!(error.to_string(), "echo ended before it answered: exit status: 3");
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn a_process_that_hangs_is_killed_at_its_deadline() {
    let host = host(SHORT).await;
    let before = pid(&host).await;
    let error = host.invoke(FUNCTION, &json!({"do": "hang"})).await.unwrap_err();
    assert!(matches!(error, InvokeError::TimedOut { .. }), "{error}");
    assert_eq!(instances(&host), 0);
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn no_event_is_lost_to_the_end_of_an_idle_process() {
    let host = host(LONG).await;
    for _ in 0..20 {
        let before = pid(&host).await;
        assert_eq!(host.kill(FUNCTION), 1);
        assert_ne!(pid(&host).await, before);
        until_left(&host, 1).await;
    }
    // Killed from outside.
    let before = pid(&host).await;
    let kill = tokio::process::Command::new("kill").args(["-9", &before.to_string()]).status().await;
    assert!(kill.unwrap().success());
    until_left(&host, 0).await;
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn a_busy_process_that_is_killed_is_a_crash() {
    let host = host(LONG).await;
    let call = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.invoke(FUNCTION, &json!({"do": "hang"})).await }
    });
    while !host.pools[FUNCTION].living.borrow().values().any(|process| process.running.is_some()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.kill(FUNCTION), 1);
    let error = call.await.unwrap().unwrap_err().to_string();
    assert!(error.starts_with("echo ended before it answered"), "{error}");
}

#[tokio::test]
async fn an_invocation_goes_on_without_its_caller() {
    let host = host(SHORT).await;
    {
        let event = json!({"do": "hang"});
        let call = host.invoke(FUNCTION, &event);
        tokio::pin!(call);
        assert!(futures_util::poll!(call.as_mut()).is_pending());
    }
    // Its process is killed at the deadline, and its permit is free again.
    until_left(&host, 0).await;
    pid(&host).await;
}

#[tokio::test]
async fn a_function_gets_none_of_our_own_environment() {
    let program = program(LONG, &[("INVITE_LIFETIME", "4s")]);
    let of_lambda = process::lambda_environment(&program, "", 0).into_iter().map(|(name, _)| name.to_owned());
    // The runtime crate sets the last one from the trace id of the invocation.
    let more = ["INVITE_LIFETIME", "_X_AMZN_TRACE_ID"].map(str::to_owned);
    let host = Host::start(vec![program]).await.unwrap();
    let environment = host.invoke(FUNCTION, &json!({"do": "environment"})).await.unwrap();
    let names: BTreeSet<_> = environment.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, of_lambda.chain(more).collect());
}

#[tokio::test]
async fn a_function_that_can_not_start_says_why() {
    let error = async |program| Host::start(vec![program]).await.err().unwrap().to_string();
    let message = error(program(LONG, &[("SEND_RATE", "refused")])).await;
    assert!(message.contains("echo can't start") && message.contains("SEND_RATE is refused"), "{message}");

    let message = error(Program { binary: PathBuf::from("/nowhere/echo"), ..program(LONG, &[]) }).await;
    assert_eq!(message, "/nowhere/echo does not exist. Build the functions first: make build");

    let nowhere = Program { binary: PathBuf::from("/nowhere/echo"), ..program(LONG, &[]) };
    let pool = Arc::new(Pool::new(nowhere, String::new()).unwrap());
    let error = Arc::clone(&pool).start().await.unwrap_err().to_string();
    assert!(error.starts_with("echo can't start: "), "{error}");
    assert!(pool.living.borrow().is_empty());
}

/// A refusal would make the runtime panic, and the panic would stand in the function's log.
#[tokio::test]
async fn a_process_that_is_being_killed_gets_no_response() {
    let pool = Pool::new(program(LONG, &[]), String::new()).unwrap();
    pool.living.send_modify(|living| drop(living.insert(0, pool::Process::default())));
    pool.kill_all();
    assert!(pool.next(0).now_or_never().is_none());
}
