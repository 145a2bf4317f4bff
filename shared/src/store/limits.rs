//! What limits sending: a manager's hourly and a deal's daily limit, the account's send rate, and the unblocking of
//! addresses.
//!
//! A request takes sends from both limits before it sends, and refunds the unused ones
//! (`docs/decisions/0020-limits-of-sending.md`). Sends taken by a function that died stay counted until the window ends,
//! so a limit may apply early. `docs/reliability.md` lists when it may apply late. Each write leaves a random id, by which
//! a write that the SDK repeats recognises itself.

use super::write::Written;
use super::{Item, Result, Store, StoreError, item, keys, n, s, values, writer_id};
use crate::domain::limit::{SendingLimits, next_second};
use crate::domain::{Deal, Invite, PersonId, Timestamp, mailbox_digest};
use chrono::Duration;
use futures_util::future;

/// After this many attempts at a contended item, the request gets no sends, or no turn.
const ATTEMPTS: usize = 10;

/// A repeated write recognises itself if fewer than this many writes came in between.
const KEPT: usize = 8;

/// False for a dismissed manager (`infra/people.py`).
const MAY_SEND: &str = "attribute_not_exists(blocked)";

/// False if the write with the id `:attempt` already happened.
const IS_NEW: &str =
    "NOT :attempt IN (attempt1, attempt2, attempt3, attempt4, attempt5, attempt6, attempt7, attempt8)";

#[derive(Debug)]
struct Window {
    pk: String,
    limit: u32,
    length: Duration,
    purge_at: Timestamp,
}

#[derive(Debug)]
struct Grant {
    window: Window,
    sends: u32,
    ends_at: Timestamp,
}

#[derive(Debug)]
pub struct Allowance {
    pub sends: u32,
    /// When there may be more sends; `None` if every wanted send is granted.
    pub retry_at: Option<Timestamp>,
    grants: Vec<Grant>,
}

#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    pub manager: &'a PersonId,
    pub deal: &'a Deal,
    pub limits: &'a SendingLimits,
}

impl Sender<'_> {
    fn windows(self, now: Timestamp) -> impl Iterator<Item = Window> {
        let (hour, day) = (Duration::hours(1), Duration::days(1));
        let manager = Window {
            pk: keys::manager(self.manager),
            limit: self.limits.manager_per_hour,
            length: hour,
            purge_at: now + day,
        };
        let deal = Window {
            pk: keys::deal(self.deal.id),
            limit: self.limits.per_day(self.deal),
            length: day,
            purge_at: self.deal.id.purge_at(),
        };
        [manager, deal].into_iter().filter(|window| window.limit > 0)
    }
}

impl Allowance {
    fn new(wanted: u32, grants: Vec<Grant>) -> Self {
        let short = grants.iter().filter(|grant| grant.sends < wanted);
        let retry_at = short.map(|grant| next_second(grant.ends_at)).max();
        let sends = grants.iter().map(|grant| grant.sends).min().unwrap_or(wanted);
        Self { sends, retry_at, grants }
    }
}

impl Store {
    /// Takes up to `wanted` sends. Unused sends must be [refunded](Self::refund). After an error nothing
    /// stays taken, unless the refund fails as well.
    pub async fn take_allowance(&self, sender: Sender<'_>, wanted: u32, now: Timestamp) -> Result<Allowance> {
        let taken = future::join_all(sender.windows(now).map(|window| self.take(window, wanted, now))).await;
        let (granted, failed): (Vec<_>, Vec<_>) = taken.into_iter().partition(Result::is_ok);
        let allowance = Allowance::new(wanted, granted.into_iter().flatten().collect());
        let Some(Err(error)) = failed.into_iter().next() else { return Ok(allowance) };
        let _ = self.refund(allowance, 0).await;
        Err(error)
    }

    /// Like [`Self::take_allowance`], but takes nothing.
    pub async fn foresee_allowance(
        &self,
        sender: Sender<'_>,
        wanted: u32,
        now: Timestamp,
    ) -> Result<Allowance> {
        let grants = sender.windows(now).map(async |window| {
            let item = self.get(keys::sends_key(&window.pk)).await?;
            let begun = item.as_ref().map(counted).transpose()?.filter(|(_, ends_at)| now < *ends_at);
            let (used, ends_at) = begun.unwrap_or((0, now + window.length));
            let sends = window.limit.saturating_sub(used).min(wanted);
            Ok::<_, StoreError>(Grant { window, sends, ends_at })
        });
        Ok(Allowance::new(wanted, future::try_join_all(grants).await?))
    }

    /// Refunds all but `used` sends. After an error they stay counted until their window ends.
    pub async fn refund(&self, allowance: Allowance, used: u32) -> Result<()> {
        let unused = allowance.grants.iter().map(async |Grant { window, sends, ends_at }| {
            let unused = sends.saturating_sub(used);
            if unused == 0 {
                return Ok(());
            }
            let values = values([(":unused", n(unused)), (":ends", n(ends_at.timestamp_millis()))]);
            // A refund that is applied twice would let more sends through.
            let condition = format!("windowEnds = :ends AND used >= :unused AND {IS_NEW}");
            let (key, attempt) = (keys::sends_key(&window.pk), writer_id()?);
            self.count_once(key, &attempt, "used = used - :unused", &condition, values).await.map(|_| ())
        });
        // The failure of one leaves the other alone.
        future::join_all(unused).await.into_iter().collect()
    }

    /// Takes up to `wanted` sends, and begins a new window when the last one is over.
    async fn take(&self, window: Window, wanted: u32, now: Timestamp) -> Result<Grant> {
        let (millis, mut sends) = (n(now.timestamp_millis()), wanted.min(window.limit));
        let (key, attempt) = (keys::sends_key(&window.pk), writer_id()?);
        for _ in 0..ATTEMPTS {
            let more =
                values([(":sends", n(sends)), (":most", n(window.limit - sends)), (":now", millis.clone())]);
            let condition = format!("windowEnds > :now AND used <= :most AND {MAY_SEND} AND {IS_NEW}");
            match self.count_once(key.clone(), &attempt, "used = used + :sends", &condition, more).await? {
                Ok(item) => return Ok(Grant { window, sends, ends_at: counted(&item)?.1 }),
                Err(Some(item)) if now < counted(&item)?.1 => {
                    let (used, ends_at) = counted(&item)?;
                    sends = window.limit.saturating_sub(used).min(sends);
                    if sends == 0 {
                        return Ok(Grant { window, sends, ends_at });
                    }
                    continue;
                }
                Err(_) => {}
            }
            let new_window = values([
                (":sends", n(sends)),
                (":ends", n((now + window.length).timestamp_millis())),
                (":purgeAt", n(window.purge_at.timestamp())),
                (":now", millis.clone()),
            ]);
            let set = "used = :sends, windowEnds = :ends, purgeAt = :purgeAt";
            let condition = format!("(attribute_not_exists(pk) OR windowEnds <= :now) AND {MAY_SEND}");
            if let Ok(item) = self.count_once(key.clone(), &attempt, set, &condition, new_window).await? {
                return Ok(Grant { window, sends, ends_at: counted(&item)?.1 });
            }
        }
        Ok(Grant { window, sends: 0, ends_at: now + Duration::seconds(1) })
    }

    /// Returns when to send the mails, or `None` if their turn comes after `until`. One item holds the instant up to which
    /// the account's sending is reserved (`docs/decisions/0010-one-item-keeps-the-send-rate.md`).
    pub async fn reserve_sends(
        &self,
        mails: u32,
        per_second: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let cost = Duration::milliseconds(i64::from(mails) * 1_000 / i64::from(per_second.max(1)));
        let free_at = |item: &Item| item::number(item, "freeAt").map(item::millis);
        let now_millis = n(now.timestamp_millis());
        for _ in 0..ATTEMPTS {
            let behind = values([
                (":cost", n(cost.num_milliseconds())),
                (":now", now_millis.clone()),
                (":until", n(until.timestamp_millis())),
            ]);
            let (update, condition) = ("SET freeAt = freeAt + :cost", "freeAt BETWEEN :now AND :until");
            match self.update(keys::send_slots_key(), update, condition, behind).await? {
                Ok(item) => {
                    let free_at = free_at(&item).ok_or(StoreError::Corrupt("freeAt"))?;
                    return Ok(Some(free_at - cost));
                }
                Err(Some(item)) if free_at(&item) > Some(until) => return Ok(None),
                Err(_) => {}
            }
            let idle = values([(":free", n((now + cost).timestamp_millis())), (":now", now_millis.clone())]);
            let (update, condition) = ("SET freeAt = :free", "attribute_not_exists(freeAt) OR freeAt < :now");
            if self.update(keys::send_slots_key(), update, condition, idle).await?.is_ok() {
                return Ok(Some(now));
            }
        }
        Ok(None)
    }

    /// An address is taken off SES's suppression list at most once a day, so that resends cannot keep mailing a dead
    /// mailbox. False if that happened within the last day, except for the same resend: its last attempt, or the answer to
    /// it, was lost.
    pub async fn may_unblock(&self, invite: &Invite, now: Timestamp) -> Result<bool> {
        let day_over = (now + Duration::days(1)).timestamp();
        let taken = self.update(
            keys::unblocking_key(&mailbox_digest(&invite.email)),
            "SET v = :v, purgeAt = :over, resend = :resend",
            "attribute_not_exists(pk) OR purgeAt <= :now OR resend = :resend",
            values([
                (":v", n(item::VERSION)),
                (":over", n(day_over)),
                (":now", n(now.timestamp())),
                (":resend", s(format!("{}#{}", invite.id, invite.sends + 1))),
            ]),
        );
        Ok(taken.await?.is_ok())
    }

    /// Updates a count under the id `attempt`. `Ok` also if an earlier repetition was stored.
    async fn count_once(
        &self,
        key: Item,
        attempt: &str,
        set: &str,
        condition: &str,
        mut operands: Item,
    ) -> Result<Written> {
        let older =
            (2..=KEPT).map(|place| format!(", attempt{place} = if_not_exists(attempt{}, :none)", place - 1));
        let update = format!("SET {set}, attempt1 = :attempt{}", older.collect::<String>());
        operands.extend(values([(":attempt", s(attempt)), (":none", s("none"))]));
        Ok(match self.update(key, update, condition, operands).await? {
            Err(Some(item))
                if (1..=KEPT).any(|place| item::text(&item, &format!("attempt{place}")) == Some(attempt)) =>
            {
                Ok(item)
            }
            written => written,
        })
    }
}

fn counted(item: &Item) -> Result<(u32, Timestamp)> {
    if item.contains_key("blocked") {
        return Err(StoreError::Blocked);
    }
    let used = item::number(item, "used").and_then(|used| u32::try_from(used).ok());
    used.zip(item::number(item, "windowEnds").map(item::millis)).ok_or(StoreError::Corrupt("window"))
}
