//! The table and the inbox, read once and compared with each other and with the API. I1–I5, I7.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{Deal, Mail, TestStack, now, time};

pub type Item = HashMap<String, AttributeValue>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailed {
    Once,
    /// SES's response was lost, or the function died before it recorded the response.
    AtLeastOnce,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    pub invites: usize,
    pub failed: usize,
    /// Sends with more than one mail.
    pub doubled: usize,
    pub queued: usize,
    /// Reminders that were not mailed although their time has come.
    pub dropped: usize,
}

/// All items and all mails while no function runs.
pub struct Snapshot {
    deals: HashMap<String, Vec<Item>>,
    seats: HashMap<String, Vec<Item>>,
    mails: HashMap<String, Vec<Mail>>,
}

pub fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl Snapshot {
    pub async fn take(stack: &TestStack) -> Self {
        let items = stack.items().await;
        let mut snapshot = Self { deals: HashMap::new(), seats: HashMap::new(), mails: HashMap::new() };
        for item in items {
            let (pk, sk) = (text(&item, "pk").unwrap_or_default(), text(&item, "sk").unwrap_or_default());
            if let Some(deal) = pk.strip_prefix("D#") {
                snapshot.deals.entry(deal.to_owned()).or_default().push(item);
            } else if let Some(deal) = sk.strip_prefix("S#") {
                snapshot.seats.entry(deal.to_owned()).or_default().push(item);
            }
        }
        // A digest is of no deal.
        for mail in stack.inbox().await.into_iter().filter(|mail| mail.0["tags"]["deal"].is_string()) {
            snapshot.mails.entry(mail.tag("deal").to_owned()).or_default().push(mail);
        }
        snapshot
    }

    pub fn mails(&self, deal: &str) -> &[Mail] {
        self.mails.get(deal).map_or(&[], Vec::as_slice)
    }

    /// Checks every invariant of a deal. `what` names the case in a failure.
    pub async fn check(&self, stack: &TestStack, deal: &Deal, mailed: Mailed, what: &str) -> Findings {
        let what = format!("{what}: deal {}", deal.id);
        let items = self.deals.get(&deal.id).unwrap_or_else(|| panic!("{what}: is not in the table"));
        // The partition also has the deal's allowance of sends.
        let is = |item: &Item, kind: &str| text(item, "sk").is_some_and(|sk| sk.starts_with(kind));
        let deals: Vec<_> = items.iter().filter(|item| is(item, "DEAL")).collect();
        let invites: Vec<_> = items.iter().filter(|item| is(item, "I#")).collect();
        assert_eq!(deals.len(), 1, "{what}: one item is the deal's own");
        self.check_seats(deal, deals[0], &invites, &what).await;
        for invite in &invites {
            check_index_keys(invite, &what);
        }
        let found = self.check_mails(deal, &invites, mailed, &what);
        check_rows(deal, deals[0], &invites, &what).await;
        self.check_links(stack, deal, deals[0], &invites, &what).await;
        found
    }

    /// I1: allocated = accepted = seats held ≤ seats, and each learner holds one. I2: nobody accepted too late.
    async fn check_seats(&self, deal: &Deal, item: &Item, invites: &[&Item], what: &str) {
        let (seats, allocated) = (number(item, "seats"), number(item, "allocated"));
        let held = self.seats.get(&deal.id).map_or(&[][..], Vec::as_slice);
        let accepted: BTreeMap<_, _> = invites
            .iter()
            .filter(|invite| text(invite, "status") == Some("accepted"))
            .map(|invite| (id(invite), text(invite, "learner")))
            .collect();
        let of_seats: BTreeMap<_, _> = held
            .iter()
            .map(|seat| {
                let learner = text(seat, "pk").and_then(|pk| pk.strip_prefix("L#"));
                (text(seat, "invite").unwrap_or_default(), learner)
            })
            .collect();
        assert_eq!(of_seats, accepted, "{what}: who holds a seat, and who accepted");
        assert_eq!(of_seats.len(), held.len(), "{what}: an invite gave more than one seat");
        for invite in invites.iter().filter(|invite| invite.contains_key("acceptedAt")) {
            let in_time = number(invite, "acceptedAt") < number(invite, "expiresAt");
            assert!(in_time, "{what}: I2: accepted after its expiry: {invite:?}");
        }
        let learners: BTreeSet<_> = of_seats.values().collect();
        assert_eq!(learners.len(), held.len(), "{what}: a learner holds more than one seat");
        assert_eq!(allocated, i64::try_from(held.len()).ok(), "{what}: allocated, and seats held");
        assert!(allocated <= seats, "{what}: oversold: {allocated:?} of {seats:?}");
        let shown = deal.seats().await.map(|number| i64::try_from(number).ok());
        let available = seats.zip(allocated).map(|(seats, allocated)| seats - allocated);
        assert_eq!(shown, [seats, allocated, available], "{what}: seats on the page");
    }

    /// I4: every sent invite was mailed, once unless a response was lost. Every failed invite has a reason.
    fn check_mails(&self, deal: &Deal, invites: &[&Item], mailed: Mailed, what: &str) -> Findings {
        let mut found = Findings { invites: invites.len(), ..Findings::default() };
        let mut sends: BTreeMap<(&str, i64), usize> = BTreeMap::new();
        let mut reminders: BTreeMap<(&str, i64), usize> = BTreeMap::new();
        for mail in self.mails(&deal.id) {
            let (invite, send) = (mail.tag("invite"), mail.tag("send").parse().expect("a number"));
            let item = invites.iter().find(|item| id(item) == invite);
            let item = item.unwrap_or_else(|| panic!("{what}: a mail without an invite: {}", mail.0));
            let is_theirs = mail.is_to(text(item, "email").unwrap_or_default());
            assert!(is_theirs, "{what}: a mail to a wrong address: {}", mail.0);
            let is_known = Some(send) <= number(item, "sends");
            assert!(is_known, "{what}: a mail of an unknown send of {item:?}: {}", mail.0);
            let mails =
                if mail.field("subject").starts_with("Reminder: ") { &mut reminders } else { &mut sends };
            *mails.entry((id(item), send)).or_default() += 1;
        }
        for (send, mails) in &sends {
            assert!(*mails == 1 || mailed == Mailed::AtLeastOnce, "{what}: {mails} mails of send {send:?}");
        }
        found.doubled = sends.values().filter(|mails| **mails > 1).count();
        for invite in invites {
            let newest = (id(invite), number(invite, "sends").unwrap_or_default());
            let over = usize::try_from(number(invite, "reminded").unwrap_or_default()).unwrap_or_default();
            let reminded = reminders.get(&newest).copied().unwrap_or_default();
            assert!(
                reminded <= over || mailed == Mailed::AtLeastOnce,
                "{what}: {reminded} reminders: {invite:?}"
            );
            found.dropped += over.saturating_sub(reminded);
            match shown_delivery(invite) {
                Some("sent" | "delayed" | "delivered" | "bounced" | "complained") => {
                    assert!(sends.contains_key(&newest), "{what}: sent, but without a mail: {invite:?}");
                }
                Some("failed") => {
                    assert!(text(invite, "failure").is_some(), "{what}: failed without a reason: {invite:?}");
                    found.failed += 1;
                }
                Some("queued") => {
                    found.queued += usize::from(matches!(text(invite, "status"), Some("open" | "declined")));
                }
                other => panic!("{what}: delivery is {other:?}: {invite:?}"),
            }
            let was_mailed = sends.keys().any(|(of, _)| *of == id(invite));
            assert!(
                was_mailed || !invite.contains_key("sentAt"),
                "{what}: sentAt, but without a mail: {invite:?}"
            );
        }
        found
    }

    /// I5: every link of the newest send works, and no older link does.
    async fn check_links(&self, stack: &TestStack, deal: &Deal, item: &Item, invites: &[&Item], what: &str) {
        for mail in self.mails(&deal.id) {
            let Some(invite) = invites.iter().find(|item| id(item) == mail.tag("invite")) else { continue };
            let asked = now();
            let preview = stack.preview(&mail.token()).await;
            let is_newest = mail.tag("send").parse().ok() == number(invite, "sends");
            match (is_newest, text(invite, "status")) {
                (false, _) => {
                    assert!(preview.status >= 404, "{what}: an older link works: {}", preview.show());
                }
                (true, Some("cancelled" | "released")) => {
                    preview.problem(410, "invite_cancelled");
                }
                (true, _) => {
                    let seen = preview.ok(200);
                    let is_true = is_status(&seen["status"], item, invite, asked);
                    assert!(is_true, "{what}: {}: {invite:?}", preview.show());
                }
            }
        }
    }
}

fn id(invite: &Item) -> &str {
    text(invite, "sk").and_then(|sk| sk.strip_prefix("I#")).unwrap_or_default()
}

/// Accepting leaves the stored delivery alone. Its click proves that a mail arrived.
fn shown_delivery(invite: &Item) -> Option<&str> {
    match (text(invite, "status"), text(invite, "delivery")) {
        (Some("accepted" | "released"), Some("queued" | "failed")) => Some("sent"),
        (_, delivery) => delivery,
    }
}

/// I2: whether the shown status is the computed one. The expiry may have passed since `asked`.
fn is_status(shown: &Value, deal: &Item, invite: &Item, asked: DateTime<Utc>) -> bool {
    let until = number(invite, "expiresAt").min(number(deal, "endsAt"));
    [asked, now()].iter().any(|at| {
        let status = match text(invite, "status") {
            Some(status @ ("accepted" | "declined")) => status,
            Some("open") if Some(at.timestamp()) < until => "pending",
            _ => "expired",
        };
        shown == status
    })
}

/// Whether a reminder is to come before the last tenth of the lifetime.
fn has_reminder(invite: &Item) -> bool {
    let list = |value: &AttributeValue| -> Option<Vec<i64>> {
        value.as_l().ok()?.iter().map(|after| after.as_n().ok()?.parse().ok()).collect()
    };
    // The default is not stored.
    let reminders =
        invite.get("reminders").map_or(Some(vec![7 * 86_400, 21 * 86_400]), list).unwrap_or_default();
    let over = usize::try_from(number(invite, "reminded").unwrap_or_default()).unwrap_or_default();
    let until = number(invite, "sentUntil").or(number(invite, "expiresAt"));
    let lifetime = until.zip(number(invite, "sentAt")).map(|(until, sent_at)| until - sent_at);
    reminders.get(over).zip(lifetime).is_some_and(|(after, lifetime)| after * 10 < lifetime * 9)
}

/// Checks that an invite's index keys fit its state. Without them, no sweep finds the invite.
fn check_index_keys(invite: &Item, what: &str) {
    let (status, delivery) = (text(invite, "status"), text(invite, "delivery"));
    let due = text(invite, "duePk").and_then(|key| key.chars().next());
    let due_at = number(invite, "dueAt");
    let expected = match (status, delivery) {
        (Some("open" | "declined"), Some("queued")) => Some('Q'),
        (Some("open"), Some("sent" | "delayed" | "delivered")) if has_reminder(invite) => Some('R'),
        (Some("open"), _) => Some('E'),
        _ => None,
    };
    assert_eq!(due, expected, "{what}: place in the due index: {invite:?}");
    if due == Some('E') {
        let expires_at = number(invite, "expiresAt").map(|at| at * 1_000);
        assert_eq!(due_at, expires_at, "{what}: due when it expires: {invite:?}");
    }
    assert_eq!(due.is_some(), due_at.is_some(), "{what}: {invite:?}");
    let list = text(invite, "listPk").and_then(|key| key.chars().last());
    let expected = match status {
        Some("open") => 'o',
        Some("accepted") => 'a',
        Some("expired") => 'x',
        Some("declined") => 'd',
        _ => 'r',
    };
    assert_eq!(list, Some(expected), "{what}: place in the list of rows: {invite:?}");
    assert_eq!(expected != 'r', invite.contains_key("addressPk"), "{what}: {invite:?}");
    let asked = invite.contains_key("askedAt");
    let attention = match (expected, delivery) {
        ('a' | 'r', _) => None,
        _ if asked => Some("asked"),
        (_, Some("failed" | "bounced" | "complained")) => Some("undelivered"),
        ('d', _) => Some("declined"),
        _ => None,
    };
    let place = text(invite, "attentionPk").and_then(|place| Some(place.split_once('#')?.1));
    assert_eq!(place, attention, "{what}: what a manager should look at: {invite:?}");
    assert!(expected != 'a' || !asked && !invite.contains_key("declinedAt"), "{what}: {invite:?}");
}

/// Checks that the manager sees each stored row once, with the computed status, and the right counts.
async fn check_rows(deal: &Deal, item: &Item, invites: &[&Item], what: &str) {
    let asked = now();
    let rows = deal.rows("limit=200").await;
    let listed: BTreeMap<_, _> =
        invites.iter().filter(|item| item.contains_key("addressPk")).map(|item| (id(item), *item)).collect();
    let shown: BTreeSet<_> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(shown, listed.keys().copied().collect(), "{what}: rows on the pages");
    assert_eq!(shown.len(), rows.len(), "{what}: each row once");
    let statuses = ["pending", "accepted", "expired", "declined"];
    let mut counts = [0, 0, 0, 0];
    for row in &rows {
        let invite = listed[row["id"].as_str().unwrap_or_default()];
        assert!(is_status(&row["status"], item, invite, asked), "{what}: {row}");
        assert_eq!(row["delivery"]["state"].as_str(), shown_delivery(invite), "{what}: {row}");
        let reason = text(invite, "failure").filter(|_| shown_delivery(invite) == text(invite, "delivery"));
        assert_eq!(row["delivery"]["reason"].as_str(), reason, "{what}: {row}");
        assert_eq!(row["sends"].as_i64(), number(invite, "sends"), "{what}: {row}");
        for name in ["sentAt", "optedOutAt"] {
            let shown = row[name].is_string().then(|| time(&row[name]).timestamp());
            assert_eq!(shown, number(invite, name), "{what}: {name} of {row}");
        }
        let place = statuses.iter().position(|status| row["status"] == *status);
        counts[place.expect("a status")] += 1;
    }
    let shown = deal.get("/counts").await;
    let [pending, accepted, expired, declined] =
        statuses.map(|status| shown[status].as_u64().expect("a number"));
    let seen = [pending + expired, accepted, declined];
    assert_eq!(seen, [counts[0] + counts[2], counts[1], counts[3]], "{what}: the counts");
    assert!(pending <= counts[0], "{what}: {pending} pending, and {} rows", counts[0]);
}
