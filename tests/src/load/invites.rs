//! Very many invites in one deal. I3, I4

use std::collections::BTreeMap;
use std::time::Duration;

use seatkeeper_local::Settings;

use super::Figures;
use super::measure::{Watched, per, progress, sum};
use crate::proxy::{Calls, Proxy};
use crate::{TestStack, addresses};

const ROWS: usize = 1_000;
/// As much more memory than after the first request the last one may have needed: caches, and a heap with holes.
const SLACK_KIB: u64 = 24 * 1024;

/// Invites so many, a thousand in a request: each has one row and one mail, and neither a request's memory nor what a
/// page costs grows with what the deal holds.
pub async fn invites(count: usize) -> Figures {
    let (proxy, settings) = (Proxy::start().await, Settings { seed: false, ..Settings::ephemeral() });
    let mut watched = Watched::new(TestStack::behind(&proxy, settings.clone()).await, &settings);
    let deal = watched.stack.deal(100).await;
    let all = addresses("first.last", count);
    let (mut peaks, mut pages) = (Vec::new(), Vec::new());
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for (number, some) in all.chunks(ROWS).enumerate() {
        proxy.count(Calls::all());
        let answer = deal.invite(some).await;
        assert_eq!(answer["summary"]["invited"], some.len(), "{}", answer["summary"]);
        peaks.push(watched.peak("send-invites"));
        for ((operation, _), times) in proxy.tally() {
            *calls.entry(operation).or_default() += times;
        }
        let _old = watched.lines("deal-seats", "route", 0).await;
        for path in ["/seats?status=pending", "/seats", "/counts"] {
            deal.get(path).await;
        }
        let lines = watched.lines("deal-seats", "dynamodb.read_units", 3).await;
        pages.push([0, 1, 2].map(|place| sum(&lines[place..=place], "dynamodb.read_units")));
        progress("invited", number * ROWS, number * ROWS + some.len(), count);
    }
    // What there was no time to mail is mailed once its lease is over.
    watched.stack.sweep_until_sent(&deal, Duration::from_mins(3)).await;
    let lines = watched.lines("send-invites", "dynamodb.requests", peaks.len()).await;

    // I3, I4: one row and one mail each.
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    for mail in watched.stack.inbox().await {
        *mails.entry(mail.field("to").to_owned()).or_default() += 1;
    }
    assert_eq!((mails.len(), mails.values().max()), (count, Some(&1)), "each is mailed once");
    let mut addresses: Vec<_> = deal
        .rows("limit=200")
        .await
        .iter()
        .map(|row| row["email"].as_str().unwrap_or_default().to_owned())
        .collect();
    addresses.sort();
    assert!(addresses == all, "{} rows for {count} addresses", addresses.len());
    // Asked for again, they are pending, and nobody is mailed.
    let again = deal.invite(&all[..ROWS.min(count)]).await;
    assert_eq!(again["summary"]["skipped"], ROWS.min(count), "{}", again["summary"]);
    assert_eq!(watched.stack.inbox().await.len(), count);

    let ([first, .., last], [few, .., many]) = (peaks.as_slice(), pages.as_slice()) else {
        panic!("at least two requests")
    };
    assert!(*last <= first + SLACK_KIB, "memory grows with each request: {peaks:?} KiB");
    for (ceiling, (few, many)) in [4.0, 6.0, 80.0].iter().zip(few.iter().zip(many)) {
        assert!(many <= ceiling && many <= &(few + 1.0), "{few} RRU at {ROWS} rows, {many} at {count}");
    }
    let of = |operation: &str| f64::from(calls.get(operation).copied().unwrap_or_default());
    // One that queues it and one that marks it as sent, and a few that the sweep takes up.
    assert!(of("PutItem") <= 2.2 * f64::from(u32::try_from(count).expect("few")), "{calls:?}");
    let what = |what: &str| format!("{count} invites in a deal: {what}");
    let mut figures = Figures::default();
    figures.add(
        &what("requests, DynamoDB writes for an invite"),
        format!("{}, {}", peaks.len(), per(of("PutItem"), count)),
    );
    figures.add(
        &what("mails in a call to SES"),
        per(f64::from(u32::try_from(count).expect("few")), calls["SendBulkEmail"] as usize),
    );
    figures.add(&what("WRU for an invite"), per(sum(&lines, "dynamodb.write_units"), count));
    figures.add(
        &what("peak memory of `send-invites` after the first and the last request"),
        format!("{} and {} MiB", first / 1024, last / 1024),
    );
    for (place, name) in ["pending page", "page of all", "counts"].into_iter().enumerate() {
        figures.add(
            &what(&format!("RRU of the {name}, at {ROWS} and at {count} rows")),
            format!("{} and {}", few[place], many[place]),
        );
    }
    watched.stack.stop().await;
    figures
}
