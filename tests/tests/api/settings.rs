//! A function with wrong settings prints one line that names them all.

use std::process::Command;

use seatkeeper_local::Settings;
use seatkeeper_local::functions::FUNCTIONS;

/// The output of a function with only these settings, and without a Runtime API.
fn output_with(function: &str, settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(Settings::ephemeral().functions_dir.join(function));
    command.env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9").envs(settings.iter().copied());
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{function} starts without its settings");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn a_function_names_all_missing_settings_in_one_line() {
    for function in FUNCTIONS.iter() {
        let missing = match function.name {
            "send-invites" | "resend-invite" | "deliver-invites" | "send-digests" => {
                "TABLE_NAME is missing; MAIL_FROM is missing; PORTAL_URL is missing; FUNCTION_TIMEOUT is missing"
            }
            "track-delivery" => "TABLE_NAME is missing; EVENT_TOPIC is missing",
            _ => "TABLE_NAME is missing",
        };
        let expected = format!("Error: invalid settings: {missing}\n");
        assert_eq!(output_with(function.name, &[]), expected, "{}", function.name);
    }
}
