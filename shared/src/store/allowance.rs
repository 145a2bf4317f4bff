//! Counting sends against the limits of a manager's hour and a deal's day.
//!
//! A request takes what it may send before it sends, in one write a window, and refunds what it did not need. A write
//! whose answer is lost recognises its own doing when it is repeated ([`attempts`]). What a function took before it died
//! stays counted until the window is over: a limit may come a little early, and never late.

use super::{Item, Store, StoreError, Written, attempt_id, attempts, item, keys, n, s, values, written};
use crate::domain::limit::{SendingLimits, next_second};
use crate::domain::{Deal, PersonId, Timestamp};
use chrono::Duration;
use futures_util::future;

/// How often a window is tried before it is clear that others don't let this request through.
const ATTEMPTS: usize = 10;

/// How many sends fit into a window, and whose it is.
#[derive(Clone, Debug)]
struct Window {
    pk: String,
    limit: u32,
    length: Duration,
    purge_at: Timestamp,
}

/// What a window lets through.
#[derive(Clone, Copy, Debug)]
struct Grant {
    sends: u32,
    /// When the window is over, which is when there is room again.
    ends_at: Timestamp,
}

/// The sends that a request may make.
#[derive(Debug)]
pub struct Allowance {
    /// How many.
    pub sends: u32,
    /// From when on there may be more, if there are fewer than were wanted.
    pub retry_at: Option<Timestamp>,
    taken: Vec<(Window, Grant)>,
}

/// Whose sends are counted: a manager's, and a deal's.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The manager who asks.
    pub manager: &'a PersonId,
    /// The deal that they send for.
    pub deal: &'a Deal,
    /// What is allowed.
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
    fn new(wanted: u32, taken: Vec<(Window, Grant)>) -> Self {
        let short = taken.iter().filter(|(_, grant)| grant.sends < wanted);
        let retry_at = short.map(|(_, grant)| next_second(grant.ends_at)).max();
        let sends = taken.iter().map(|(_, grant)| grant.sends).min().unwrap_or(wanted);
        Self { sends, retry_at, taken }
    }
}

impl Store {
    /// Takes up to `wanted` sends out of what the sender has left. What is not used has to be
    /// [refunded](Self::refund).
    ///
    /// # Errors
    /// [`StoreError`]; nothing stays taken then, unless the table does not take it back either.
    pub async fn take_allowance(
        &self,
        sender: Sender<'_>,
        wanted: u32,
        now: Timestamp,
    ) -> Result<Allowance, StoreError> {
        let taken = sender.windows(now).map(async |window| {
            let grant = self.take(&window, wanted, now).await?;
            Ok((window, grant))
        });
        let (mut granted, mut failed) = (Vec::new(), None);
        for taken in future::join_all(taken).await {
            match taken {
                Ok(taken) => granted.push(taken),
                Err(error) => failed = Some(error),
            }
        }
        let allowance = Allowance::new(wanted, granted);
        let Some(error) = failed else { return Ok(allowance) };
        // The error that the caller gets is the first one: a refund that fails as well is of the same table.
        let _ = self.refund(allowance, 0).await;
        Err(error)
    }

    /// What the sender has left of `wanted` sends; takes nothing.
    pub async fn foresee_allowance(
        &self,
        sender: Sender<'_>,
        wanted: u32,
        now: Timestamp,
    ) -> Result<Allowance, StoreError> {
        let grants = sender.windows(now).map(async |window| {
            let item = self.get(window.pk.clone(), keys::SENDS.to_owned()).await?;
            let grant = match item.as_ref().map(counted).transpose()? {
                Some((used, ends_at)) if now < ends_at => {
                    Grant { sends: window.limit.saturating_sub(used).min(wanted), ends_at }
                }
                _ => Grant { sends: window.limit.min(wanted), ends_at: now + window.length },
            };
            Ok::<_, StoreError>((window, grant))
        });
        Ok(Allowance::new(wanted, future::try_join_all(grants).await?))
    }

    /// Refunds what was taken but for the `used` sends.
    ///
    /// # Errors
    /// [`StoreError`]; then it stays counted until its window is over.
    pub async fn refund(&self, allowance: Allowance, used: u32) -> Result<(), StoreError> {
        let unused = allowance.taken.iter().map(async |(window, grant)| {
            let unused = grant.sends.saturating_sub(used);
            if unused == 0 {
                return Ok(());
            }
            let attempt = attempt_id()?;
            let values = values([
                (":unused", n(unused)),
                (":ends", n(grant.ends_at.timestamp_millis())),
                (":attempt", s(attempt)),
                (":none", s("none")),
            ]);
            // Refunded twice, it would let more through.
            let back = self
                .update(window.pk.clone(), keys::SENDS.to_owned(), values)
                .update_expression(format!("SET used = used - :unused{}", attempts::remember()))
                .condition_expression(format!(
                    "windowEnds = :ends AND used >= :unused AND {}",
                    attempts::is_new()
                ));
            written(back).await.map(|_| ())
        });
        future::try_join_all(unused).await.map(|_| ())
    }

    /// Takes as many of `wanted` sends as the window has left, and begins it anew when it is over.
    async fn take(&self, window: &Window, wanted: u32, now: Timestamp) -> Result<Grant, StoreError> {
        let update = |values| self.update(window.pk.clone(), keys::SENDS.to_owned(), values);
        let (millis, mut sends) = (n(now.timestamp_millis()), wanted.min(window.limit));
        let attempt = attempt_id()?;
        for _ in 0..ATTEMPTS {
            let more = update(values([
                (":sends", n(sends)),
                (":most", n(window.limit - sends)),
                (":now", millis.clone()),
                (":attempt", s(&attempt)),
                (":none", s("none")),
            ]))
            .update_expression(format!("SET used = used + :sends{}", attempts::remember()))
            .condition_expression(format!("windowEnds > :now AND used <= :most AND {}", attempts::is_new()));
            match written(more).await?.by(&attempt) {
                Written::Done(item) => return Ok(Grant { sends, ends_at: counted(&item)?.1 }),
                Written::Refused(Some(item)) => match counted(&item)? {
                    (used, ends_at) if now < ends_at => {
                        sends = window.limit.saturating_sub(used).min(sends);
                        if sends == 0 {
                            return Ok(Grant { sends, ends_at });
                        }
                        continue;
                    }
                    _ => {}
                },
                Written::Refused(None) => {}
            }
            let ends_at = now + window.length;
            let anew = update(values([
                (":sends", n(sends)),
                (":ends", n(ends_at.timestamp_millis())),
                (":purgeAt", n(window.purge_at.timestamp())),
                (":attempt", s(&attempt)),
                (":none", s("none")),
                (":now", millis.clone()),
            ]))
            .update_expression(format!(
                "SET used = :sends, windowEnds = :ends, purgeAt = :purgeAt{}",
                attempts::remember_only()
            ))
            .condition_expression("attribute_not_exists(pk) OR windowEnds <= :now");
            if let Written::Done(item) = written(anew).await?.by(&attempt) {
                return Ok(Grant { sends, ends_at: counted(&item)?.1 });
            }
        }
        Ok(Grant { sends: 0, ends_at: now + Duration::seconds(1) })
    }
}

/// How many sends a window has seen, and when it is over.
fn counted(item: &Item) -> Result<(u32, Timestamp), StoreError> {
    let number = |name| item.get(name).and_then(|value| value.as_n().ok());
    let used = number("used").and_then(|used| used.parse().ok());
    let ends_at = number("windowEnds").and_then(|ends| ends.parse().ok()).map(item::millis);
    used.zip(ends_at).ok_or(StoreError::Corrupt("window"))
}
