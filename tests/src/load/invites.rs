//! Thousands of invites in one deal. I3, I4

use std::time::Duration;

use super::measure::{Figures, MeasuredStack, per, ratio};
use crate::proxy::Proxy;
use crate::{addresses, emails};

/// Rows of a request.
const ROWS: usize = 1_000;
/// Memory may grow by this much from the first request to the last: caches, and a fragmented heap.
const SLACK_KIB: u64 = 24 * 1024;

/// Each address gets one row and one mail, and memory does not grow with the deal. The cost of a page is in
/// `shared/tests/store/budgets.rs`.
pub async fn invites(count: usize) -> String {
    let proxy = Proxy::start().await;
    let measured = MeasuredStack::behind(&proxy).await;
    let deal = measured.stack.deal(100).await;
    let all = addresses("first.last", count);
    let mut peaks = Vec::new();
    for some in all.chunks(ROWS) {
        let answer = deal.invite(some).await;
        assert_eq!(answer["summary"]["invited"], some.len(), "{}", answer["summary"]);
        peaks.push(measured.peak("send-invites"));
    }
    let (calls, units) = (proxy.tally(), proxy.units());
    // The deliverer mails the rest once their leases end.
    measured.stack.sweep_until_sent(&deal, Duration::from_mins(10)).await;

    // I3, I4: one row and one mail each.
    let mails = measured.stack.mails_by_address().await;
    assert_eq!((mails.len(), mails.values().max()), (count, Some(&1)), "each address gets one mail");
    let mut addresses = emails(&deal.rows("limit=200").await);
    addresses.sort();
    assert!(addresses == all, "{} rows for {count} addresses", addresses.len());
    // A second request finds them pending and mails nobody.
    let again = deal.invite(&all[..ROWS.min(count)]).await;
    assert_eq!(again["summary"]["skipped"], ROWS.min(count), "{}", again["summary"]);
    assert_eq!(measured.stack.inbox().await.len(), count);

    let [first, .., last] = peaks.as_slice() else { panic!("at least two requests") };
    assert!(*last <= first + SLACK_KIB, "memory grows with each request: {peaks:?} KiB");
    let of = |name: &str| f64::from(calls.get(&(name.to_owned(), None)).copied().unwrap_or_default());
    // One write queues an invite and one records its mail. The deliverer needs a few more.
    assert!(ratio(of("PutItem"), count) <= 2.2, "{calls:?}");
    let mut figures = Figures::of(format!("{count} invites in a deal"));
    let writes = format!("{}, {}", peaks.len(), per(of("PutItem"), count));
    figures.add("requests, and DynamoDB writes for an invite", writes);
    figures.add("mails in a call to SES", format!("{:.2}", 1.0 / ratio(of("SendBulkEmail"), count)));
    figures.add("WRU for an invite", per(units.written, count));
    let memory = format!("{} and {} MiB", first / 1024, last / 1024);
    figures.add("peak memory of `send-invites` after the first and the last request", memory);
    measured.stack.stop().await;
    figures.rows
}
