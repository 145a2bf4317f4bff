//! A sweep over very many that are due. I2, I7

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use seatkeeper_local::Settings;
use seatkeeper_local::functions::EXPIRE_INVITES;
use serde_json::json;
use shared::domain::InviteId;

use super::Figures;
use super::measure::{Watched, per, progress, sum};
use crate::{Deal, TestStack, now, past, time};

const TABLE: &str = "seatkeeper";
/// Who is invited to each deal; the others are written like this one.
const MODEL: &str = "model@example.com";
/// As many invites of a deal as there are in the largest that the product is made for. While the sweep has not been there,
/// counting them costs what reading them does.
const OF_A_DEAL: usize = 10_000;
/// Items of one write: the most that DynamoDB takes.
const BATCH: usize = 25;
/// As much memory as a sweep may need, however many are due.
const MOST_KIB: u64 = 96 * 1024;
/// As much more than one of nothing.
const SLACK_KIB: u64 = 32 * 1024;

/// Marks so many invites: in memory that does not grow with them, each with one write, and no answer changes by it.
pub async fn sweep(count: usize) -> Figures {
    let data = std::env::temp_dir().join(format!("seatkeeper-load-{}", std::process::id()));
    let env = [("INVITE_LIFETIME".to_owned(), "2s".to_owned())].into_iter().collect();
    let settings = Settings { data: Some(data.clone()), env, seed: false, ..Settings::ephemeral() };
    let mut watched = Watched::new(TestStack::of(settings.clone()).await, &settings);
    let mut deals = Vec::new();
    for _ in 0..count.div_ceil(OF_A_DEAL) {
        deals.push(watched.stack.deal(100).await);
    }
    let deal = &deals[0];
    let id = deal.invite_one(MODEL).await;
    past(time(&deal.one(&id).await["expiresAt"])).await;
    watched.stack.sweep().await;
    let nothing = watched.lines(EXPIRE_INVITES, "DynamoRequests", 1).await.pop().expect("a sweep");
    assert_eq!(nothing["Done"], 1, "{nothing}");
    let idle = watched.peak(EXPIRE_INVITES);

    deal.resend(&id, None).await.ok(200);
    let mut models = vec![id];
    for deal in &deals[1..] {
        models.push(deal.invite_one(MODEL).await);
    }
    let (client, mut written) = (watched.stack.local.dynamodb(), 0);
    for (deal, id) in deals.iter().zip(&models) {
        past(time(&deal.one(id).await["expiresAt"])).await;
        let many = OF_A_DEAL.min(count - written);
        write_copies(&client, deal, id, many - 1).await;
        progress("written", written, written + many, count);
        written += many;
    }
    let before = seen(deal).await;
    // More than a thousand are only said to be more.
    assert_eq!(before["counts"]["expired"], count.min(1_001), "{}", before["counts"]);

    let (begun, mut runs, mut done) = (now(), Vec::new(), 0);
    while done < count {
        let report = watched.stack.local.invoke(EXPIRE_INVITES, json!({})).await.expect("a sweep");
        let marked = report["done"].as_u64().expect("a number");
        assert!(marked > 0 && report["skipped"] == 0 && report["failures"] == 0, "{report}");
        let before = done;
        done += usize::try_from(marked).expect("few");
        progress("marked", before, done, count);
        runs.extend(watched.lines(EXPIRE_INVITES, "DynamoRequests", 1).await);
    }
    let seconds = (now() - begun).as_seconds_f64();
    let peak = watched.peak(EXPIRE_INVITES);
    assert_eq!(done, count, "each is marked once");
    assert_eq!(seen(deal).await, before, "I2: what a sweep does changes no answer");
    // I7: there is nothing left, and that costs a query a shard.
    let report = watched.stack.local.invoke(EXPIRE_INVITES, json!({})).await.expect("a sweep");
    assert_eq!([&report["done"], &report["leftOver"]], [&json!(0), &json!(0)]);
    let empty = watched.lines(EXPIRE_INVITES, "DynamoRequests", 1).await.pop().expect("a sweep");
    assert_eq!(empty["DynamoRequests"], 4, "{empty}");

    assert!(peak <= MOST_KIB && peak <= idle + SLACK_KIB, "{peak} KiB for {count}, {idle} for one");
    let (requests, written) = (sum(&runs, "DynamoRequests"), sum(&runs, "WriteUnits"));
    let what = |what: &str| format!("a sweep over {count} due invites of {} deals: {what}", deals.len());
    let mut figures = Figures::default();
    figures.add(&what("runs, marked"), format!("{}, {done}", runs.len()));
    figures.add(
        &what("DynamoDB requests for each"),
        format!("{:.4}", requests / f64::from(u32::try_from(count).expect("few"))),
    );
    figures.add(
        &what("WRU, RRU for each"),
        format!("{}, {}", per(written, count), per(sum(&runs, "ReadUnits"), count)),
    );
    figures.add(
        &what("peak memory of `expire-invites`, after one invite and after all"),
        format!("{:.1} and {:.1} MiB", kib(idle), kib(peak)),
    );
    figures.add(
        &what("marked in a second, on this machine's engine"),
        per(f64::from(u32::try_from(count).expect("few")), whole(seconds)),
    );
    assert!(requests <= 1.05 * f64::from(u32::try_from(count + 1_000).expect("few")), "{requests} requests");
    assert!(written <= 5.0 * f64::from(u32::try_from(count).expect("few")), "{written} WRU");
    watched.stack.stop().await;
    std::fs::remove_dir_all(data).expect("the data goes");
    figures
}

#[expect(clippy::cast_precision_loss, reason = "memory of a test")]
fn kib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a test")]
fn whole(seconds: f64) -> usize {
    seconds.ceil() as usize
}

/// What a manager sees, as far as it does not depend on how many there are.
async fn seen(deal: &Deal) -> serde_json::Value {
    json!({
        "counts": deal.get("/counts").await,
        "all": deal.get("/seats?limit=200").await["invites"],
        "expired": deal.get("/seats?status=expired&limit=200").await["invites"],
        "pending": deal.get("/seats?status=pending&limit=200").await["invites"],
    })
}

/// Writes many invites like this one, beside the functions: what differs is id, address and place.
async fn write_copies(client: &Client, deal: &Deal, id: &str, count: usize) {
    let get = client.get_item().table_name(TABLE);
    let get = get.key("pk", text(format!("D#{}", deal.id))).key("sk", text(format!("I#{id}")));
    let model = &get.send().await.expect("an answer").item.expect("the invite");
    let place = &model["listSk"].as_s().expect("a place")[..16];
    let mut rng = Rng::with_seed(1);
    let batches = (0..count.div_ceil(BATCH)).map(|batch| {
        let numbers = batch * BATCH..count.min((batch + 1) * BATCH);
        numbers.map(|number| (number, rng.u128(..).to_be_bytes())).collect::<Vec<_>>()
    });
    stream::iter(batches)
        .for_each_concurrent(8, |numbers| async move {
            let puts = numbers.into_iter().map(|(number, random)| {
                let (id, mut item) = (InviteId::from_bytes(random), model.clone());
                let mut set = |name: &str, value: String| item.insert(name.to_owned(), text(value));
                set("sk", format!("I#{id}"));
                set("email", format!("first.last{number:07}@example.com"));
                set("addressSk", format!("first.last{number:07}@example.com"));
                set("listSk", format!("{place}{id:.16}"));
                set("duePk", format!("E#{}", random[0] % 4));
                let put = PutRequest::builder().set_item(Some(item)).build().expect("a put");
                WriteRequest::builder().put_request(put).build()
            });
            let answer = client.batch_write_item().request_items(TABLE, puts.collect()).send().await;
            assert!(answer.expect("an answer").unprocessed_items().is_none_or(HashMap::is_empty));
        })
        .await;
}

fn text(value: String) -> AttributeValue {
    AttributeValue::S(value)
}
