//! Reminders: each once, at its time, to nobody who answered. I4, I5, I10. Faults of SES are in
//! `tests/tests/proof/matrix.rs`.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use seatkeeper_local::Settings;
use serde_json::{Value, json};
use tests::{Mail, TestStack, assert_fields, eventually, lasting_port, past, row_of, settings_with, time};

const ANN: &str = "ann@example.com";
const SOON: Duration = Duration::from_mins(3);
const SHORT: [(&str, &str); 1] = [("INVITE_LIFETIME", "10m")];

/// Runs three deliverers at once until the address has this many mails, and then three times more. Returns the mails.
async fn mails(stack: &TestStack, address: &str, count: usize) -> Vec<Mail> {
    let sweep = || join_all([(); 3].map(|()| stack.sweep()));
    eventually(&format!("{count} mails"), SOON, || async {
        sweep().await;
        (stack.inbox_for(address).await.len() >= count).then_some(())
    })
    .await;
    sweep().await;
    stack.inbox_for(address).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_is_reminded_of_twice_and_those_who_answered_are_not() {
    let stack = TestStack::with(&SHORT).await;
    let deal = stack.deal(5).await;
    assert_eq!(deal.get("").await["reminders"], json!(["7d", "21d"]));
    let id = deal.invite_one("early@example.com").await;
    assert_eq!(deal.one(&id).await["remindAt"], Value::Null, "longer than the lifetime");
    let etag = async || deal.manager.get(&deal.path("")).await.header("etag").to_owned();
    let before = etag().await;
    for after in [&[][..], &["10s", "599s"], &["5s", "30s"]] {
        assert_eq!(deal.remind(after).await, json!({"after": after}));
        assert_eq!(deal.get("").await["reminders"], json!(after));
    }
    assert_ne!(etag().await, before);
    assert_eq!(deal.one(&id).await["remindAt"], Value::Null, "only later sends have them");

    let answers = ["decline", "opt-out", "accept"].map(|answer| (answer, format!("{answer}@example.com")));
    deal.invite(&answers.each_ref().map(|(_, address)| address)).await;
    for (answer, address) in &answers {
        let token = stack.token_for(address).await;
        if *answer == "accept" {
            stack.accept(&stack.person(address).await, &token).await.ok(200);
        } else {
            stack.answer(answer, &token).await.ok(200);
        }
    }
    let id = deal.invite_one(ANN).await;
    let sent = deal.one_with_mail(&id, "sent").await;
    let sent_at = time(&sent["sentAt"]);
    let [first, second] = [5, 30].map(|after| sent_at + TimeDelta::seconds(after));
    assert_eq!(time(&sent["remindAt"]), first);
    for (count, due, next) in [(2, first, Some(second)), (3, second, None)] {
        // The sweeps of the last seconds before it send nothing.
        past(due - TimeDelta::seconds(5)).await;
        let mails = mails(&stack, ANN, count).await;
        assert_eq!(mails.len(), count, "one mail, though three deliverers ran at once");
        let mail = mails.last().unwrap();
        assert!(time(&mail.0["at"]) >= due, "too early: {}", mail.field("at"));
        assert_eq!(mail.field("subject"), format!("Reminder: {}", mails[0].field("subject")));
        assert_eq!([mail.tag("invite"), mail.tag("send")], [&id, "1"]);
        assert_eq!(mail.unsubscribe_path(), mails[0].unsubscribe_path());
        let row = row_of(&deal.rows("status=pending").await, ANN).clone();
        assert_eq!(row["remindAt"].is_string().then(|| time(&row["remindAt"])), next);
        let kept = json!({"sentAt": sent["sentAt"], "expiresAt": sent["expiresAt"], "queuedAt": sent["queuedAt"],
            "sends": 1, "delivery": {"state": "sent"}});
        assert_fields(&row, &kept);
    }
    let history = deal.one(&id).await["history"].clone();
    let reminded = history.as_array().unwrap().iter().filter(|entry| entry["event"] == "reminded");
    let reminded: Vec<_> = reminded.map(|entry| (time(&entry["at"]), entry["by"].is_null())).collect();
    assert_eq!(reminded.len(), 2, "{history}");
    assert!(reminded[0].0 >= second && reminded[1].0 >= first && reminded.iter().all(|entry| entry.1));
    for (answer, address) in &answers {
        assert_eq!(stack.inbox_for(address).await.len(), 1, "{answer}");
    }
}

/// What cannot go out at its time is dropped, also while sending is paused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_that_is_due_while_sending_is_paused_never_goes_out() {
    let folder = Settings::ephemeral().logs;
    let port = lasting_port();
    let settings = |paused| {
        let env = [&SHORT[..], &[("SENDING_PAUSED", paused)]].concat();
        Settings { port, data: Some(folder.clone()), ..settings_with(&env) }
    };
    let stack = TestStack::of(settings("false")).await;
    let deal = stack.deal(3).await;
    deal.remind(&["1s"]).await;
    deal.invite_one(ANN).await;
    stack.stop().await;

    let stack = TestStack::of(settings("true")).await;
    eventually("the reminder is dropped", SOON, || async {
        let [_, report] = stack.sweep().await;
        (report["skipped"] == 1).then_some(())
    })
    .await;
    let [_, report] = stack.sweep().await;
    assert_fields(&report, &json!({"skipped": 0, "leftOver": 0, "failures": 0}));
    stack.stop().await;

    let stack = TestStack::of(settings("false")).await;
    stack.sweep().await;
    assert!(stack.inbox_for(ANN).await.iter().all(|mail| !mail.field("subject").starts_with("Reminder")));
    stack.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
