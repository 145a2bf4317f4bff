//! The host against real processes of `examples/echo_function.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::clock;

const FUNCTION: &str = "echo";

fn binary() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let binary = executable.parent().and_then(Path::parent).unwrap().join("examples/echo_function");
    assert!(
        binary.is_file(),
        "cargo builds the examples with `cargo test`, not with `--lib`: {}",
        binary.display()
    );
    binary
}

fn program(timeout: Duration, settings: &[(&str, &str)]) -> Program {
    Program {
        name: FUNCTION,
        binary: binary(),
        timeout,
        memory: 256,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        log: std::env::temp_dir().join(format!("seatkeeper-echo-{}.log", std::process::id())),
        echo_log: false,
    }
}

async fn host_with(timeout: Duration) -> Arc<Host> {
    Arc::new(Host::start(vec![program(timeout, &[])]).await.unwrap())
}

async fn host() -> Arc<Host> {
    host_with(Duration::from_secs(20)).await
}

async fn pid(host: &Host) -> Value {
    host.invoke(FUNCTION, &json!({})).await.unwrap()["pid"].clone()
}

#[tokio::test]
async fn an_event_is_answered_with_a_deadline_in_epoch_milliseconds() {
    let host = host().await;
    let before = clock::now().timestamp_millis();
    let answer = host.invoke(FUNCTION, &json!({"a": [1, "é"]})).await.unwrap();
    assert_eq!(answer["event"], json!({"a": [1, "é"]}));
    let deadline = answer["deadline"].as_i64().unwrap();
    assert!((before + 20_000..=clock::now().timestamp_millis() + 20_000).contains(&deadline), "{deadline}");
    host.stop().await;
}

#[tokio::test]
async fn one_process_serves_one_after_the_other() {
    let host = host().await;
    assert_eq!(pid(&host).await, pid(&host).await);
    assert_eq!(host.instances(FUNCTION), 1);
}

#[tokio::test]
async fn overlapping_invocations_get_a_process_each_up_to_the_limit() {
    let host = host().await;
    let folder = crate::settings::temporary_folder();
    std::fs::create_dir_all(&folder).unwrap();
    // Each waits until as many as may run at once are there; twice as many are asked for.
    let event = json!({"do": "meet", "folder": folder, "many": MAX_INSTANCES});
    let mut calls = JoinSet::new();
    for _ in 0..2 * MAX_INSTANCES {
        let (host, event) = (Arc::clone(&host), event.clone());
        calls.spawn(async move { host.invoke(FUNCTION, &event).await.unwrap().to_string() });
    }
    let pids: BTreeSet<_> = calls.join_all().await.into_iter().collect();
    assert_eq!((pids.len(), host.instances(FUNCTION)), (MAX_INSTANCES, MAX_INSTANCES));
    host.stop().await;
    assert_eq!(host.instances(FUNCTION), 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_failure_is_told_and_the_process_goes_on() {
    let host = host().await;
    let before = pid(&host).await;
    let error = host.invoke(FUNCTION, &json!({"do": "fail"})).await.unwrap_err();
    assert_eq!(error.to_string(), "echo failed: it was asked to fail");
    assert_eq!(pid(&host).await, before);
}

#[tokio::test]
async fn a_crash_is_an_error_and_another_process_follows() {
    let host = host().await;
    let before = pid(&host).await;
    let error = host.invoke(FUNCTION, &json!({"do": "exit"})).await.unwrap_err();
    assert!(matches!(&error, InvokeError::Crashed { reason, .. } if reason == "exit status: 3"), "{error}");
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn what_hangs_is_killed_at_its_deadline() {
    let host = host_with(Duration::from_millis(300)).await;
    let before = pid(&host).await;
    let error = host.invoke(FUNCTION, &json!({"do": "hang"})).await.unwrap_err();
    assert!(matches!(error, InvokeError::TimedOut { .. }), "{error}");
    assert_eq!(host.instances(FUNCTION), 0);
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn an_idle_process_that_was_killed_is_replaced_unnoticed() {
    let host = host().await;
    for _ in 0..20 {
        let before = pid(&host).await;
        assert_eq!(host.kill(FUNCTION), 1);
        assert_ne!(pid(&host).await, before);
        // On a busy machine the next one may well answer before the last one has ended.
        while host.instances(FUNCTION) > 1 {
            tokio::task::yield_now().await;
        }
    }
    // Killed from outside.
    let before = pid(&host).await;
    let kill = tokio::process::Command::new("kill").args(["-9", &before.to_string()]).status().await;
    assert!(kill.unwrap().success());
    while host.instances(FUNCTION) > 0 {
        tokio::task::yield_now().await;
    }
    assert_ne!(pid(&host).await, before);
}

#[tokio::test]
async fn a_busy_process_that_is_killed_is_a_crash() {
    let host = host().await;
    let call = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.invoke(FUNCTION, &json!({"do": "hang"})).await }
    });
    while host.busy(FUNCTION) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.kill(FUNCTION), 1);
    assert!(matches!(call.await.unwrap(), Err(InvokeError::Crashed { .. })));
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_nothing() {
    let host = host_with(Duration::from_millis(300)).await;
    {
        let event = json!({"do": "hang"});
        let call = host.invoke(FUNCTION, &event);
        tokio::pin!(call);
        assert!(futures_util::poll!(call.as_mut()).is_pending());
    }
    // The place is given back at the deadline of the call that nobody waits for.
    while host.instances(FUNCTION) > 0 {
        tokio::task::yield_now().await;
    }
    pid(&host).await;
}

#[tokio::test]
async fn nothing_of_our_own_environment_is_handed_on() {
    let host =
        Host::start(vec![program(Duration::from_secs(20), &[("INVITE_LIFETIME", "4s")])]).await.unwrap();
    let environment = host.invoke(FUNCTION, &json!({"do": "environment"})).await.unwrap();
    let names: Vec<_> = environment.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "INVITE_LIFETIME",
        "TZ",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    ];
    // The runtime crate sets the last one itself, from the trace id that it was handed.
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_function_that_does_not_start_says_why() {
    let refused = Host::start(vec![program(Duration::from_secs(20), &[("SEND_RATE", "refused")])]).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("echo does not start") && message.contains("SEND_RATE is refused"), "{message}");

    let missing = Program { binary: PathBuf::from("/nowhere/echo"), ..program(Duration::from_secs(20), &[]) };
    let message = Host::start(vec![missing]).await.unwrap_err().to_string();
    assert_eq!(message, "there is no /nowhere/echo: build the functions first (cargo build --workspace)");
}
