//! A sweep over thousands of due invites. I2, I7

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use seatkeeper_local::Settings;
use seatkeeper_local::functions::EXPIRE_INVITES;
use serde_json::json;
use shared::domain::InviteId;

use super::measure::{Figures, MeasuredStack, per, ratio};
use crate::proxy::{Calls, Proxy};
use crate::{Deal, TABLE, TestStack, now, past, settings_with, time};

/// The address of each deal's first invite. All other invites are copies of it.
const MODEL: &str = "model@example.com";
/// Invites of a deal: as many as in the largest deal that the product is made for.
const OF_A_DEAL: usize = 10_000;
/// Items of a write: the most that DynamoDB allows.
const BATCH: usize = 25;
/// The most memory that a sweep may use.
const MOST_KIB: u64 = 96 * 1024;
/// How much more memory a sweep may use than one with a single due invite.
const SLACK_KIB: u64 = 32 * 1024;

/// Marks each invite with one write, in constant memory, and changes no response.
pub async fn sweep(count: usize) -> String {
    let data = std::env::temp_dir().join(format!("seatkeeper-load-{}", std::process::id()));
    let data = (count > OF_A_DEAL).then_some(data);
    let settings = Settings { data: data.clone(), ..settings_with(&[("INVITE_LIFETIME", "2s")]) };
    let proxy = Proxy::start().await;
    let measured = MeasuredStack::new(TestStack::behind(&proxy, settings.clone()).await, &settings);
    let mut deals = Vec::new();
    for _ in 0..count.div_ceil(OF_A_DEAL) {
        deals.push(measured.stack.deal(100).await);
    }
    let deal = &deals[0];
    let id = deal.invite_one(MODEL).await;
    past(time(&deal.one(&id).await["expiresAt"])).await;
    let one = measured.stack.local.invoke(EXPIRE_INVITES, json!({})).await.expect("a sweep");
    assert_eq!(one["done"], 1, "{one}");
    let idle = measured.peak(EXPIRE_INVITES);

    deal.resend(&id, None).await.ok(200);
    let mut models = vec![id];
    for deal in &deals[1..] {
        models.push(deal.invite_one(MODEL).await);
    }
    let (client, mut written) = (measured.stack.local.dynamodb(), 0);
    for (deal, id) in deals.iter().zip(&models) {
        past(time(&deal.one(id).await["expiresAt"])).await;
        let many = OF_A_DEAL.min(count - written);
        write_copies(&client, deal, id, many - 1).await;
        written += many;
    }
    let before = seen(deal).await;
    // Counts stop at 1,001, which stands for more than a thousand.
    assert_eq!(before["counts"]["expired"], count.min(1_001), "{}", before["counts"]);

    // Until a run finds nothing due. On a busy machine, a run's time can end within a batch: the next run does the rest
    // of it, and neither counts what the first had marked.
    let (begun, mut runs, mut requests, mut done, mut unsure) = (now(), 0, 0, 0, 0);
    let (mut seconds, mut peak, mut read, mut written) = (0.0, 0, 0.0, 0.0);
    let empty: u32 = loop {
        proxy.count(Calls::all());
        let report = measured.stack.local.invoke(EXPIRE_INVITES, json!({})).await.expect("a sweep");
        let [marked, left, failed] =
            ["done", "leftOver", "failures"].map(|name| report[name].as_u64().expect("a number"));
        let (calls, units) = (proxy.tally().values().sum(), proxy.units());
        if [marked, left, failed] == [0, 0, 0] {
            break calls;
        }
        (requests, read, written) = (requests + calls, read + units.read, written + units.written);
        // Skipped are those that the run before marked, in a write whose answer came after its end.
        assert!(marked > 0 && report["skipped"].as_u64().expect("a number") <= unsure as u64, "{report}");
        done += usize::try_from(marked).expect("few");
        unsure += usize::try_from(left + failed).expect("few");
        runs += 1;
        (seconds, peak) = ((now() - begun).as_seconds_f64(), measured.peak(EXPIRE_INVITES));
    };
    assert!(done <= count && done + unsure >= count, "each invite is marked once: {done}, {unsure} unsure");
    assert_eq!(seen(deal).await, before, "I2: a sweep changes no response");
    // I7: a run with nothing to do needs one query a shard.
    assert_eq!(empty, 4);

    assert!(peak <= MOST_KIB && peak <= idle + SLACK_KIB, "{peak} KiB for {count}, {idle} for one");
    let requests = f64::from(requests);
    let mut figures = Figures::of(format!("a sweep over {count} due invites of {} deals", deals.len()));
    figures.add("runs, and marked invites", format!("{runs}, {done}"));
    figures.add("DynamoDB requests for each", format!("{:.4}", ratio(requests, count)));
    figures.add("WRU, RRU for each", format!("{}, {}", per(written, count), per(read, count)));
    let memory = format!("{} and {} MiB", idle / 1024, peak / 1024);
    figures.add("peak memory of `expire-invites`, after one invite and after all", memory);
    let speed = 1.0 / ratio(seconds, count);
    figures.add("marked in a second, on this machine's engine", format!("{speed:.0}"));
    assert!(ratio(requests, count + 1_000) <= 1.05, "{requests} requests");
    assert!(ratio(written, count) <= 5.0, "{written} WRU");
    measured.stack.stop().await;
    data.map(std::fs::remove_dir_all).transpose().expect("the data goes");
    figures.rows
}

/// The first pages and the counts that a manager sees.
async fn seen(deal: &Deal) -> serde_json::Value {
    json!({
        "counts": deal.get("/counts").await,
        "all": deal.get("/seats?limit=200").await["invites"],
        "expired": deal.get("/seats?status=expired&limit=200").await["invites"],
        "pending": deal.get("/seats?status=pending&limit=200").await["invites"],
    })
}

/// Writes copies of an invite to the table, with their own ids, addresses and places in the indexes.
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
                let (id, mut item) = (InviteId(random), model.clone());
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
