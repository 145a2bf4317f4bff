//! Queuing mails and recording what became of them. The outbox is the due index: a queued invite stands in it
//! from the write that invites on, so there is no second store to fall out of step with (I4).

use super::{Due, Item, Outcome, Store, StoreError, item, keys, n, s, values, written, written_invite};
use super::{Written, keys::Queue};
use crate::domain::claim::{ClaimRefusal, MOST_TRIES, may_claim, retry_delay};
use crate::domain::limit::RecipientLimit;
use crate::domain::resend::{DOUBLE_CLICK, ResendRefusal, may_resend};
use crate::domain::send::{SendRefusal, may_invite};
use crate::domain::settle::{MarkRefusal, may_mark_sent};
use crate::domain::{
    Deal, DealId, Email, FailureReason, InviteId, InviteRecord, Link, LinkHash, Name, Queued, Sent, Stored,
    Timestamp, whole_seconds,
};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;

/// Who asks for a send, how long its links work and its first try may take, and how soon after others it may come.
#[derive(Clone, Debug)]
pub struct Inviter {
    /// The manager's verified address, to stand in the mail.
    pub email: Option<String>,
    /// How long an invite can be accepted.
    pub lifetime: Duration,
    /// How long a try to mail is left alone.
    pub lease: Duration,
    /// How often an invite may be sent.
    pub limit: RecipientLimit,
}

/// What became of inviting an address.
pub type QueueOutcome = Outcome<SendRefusal>;

/// A new send: queued, with one link, in place of whatever the last send left. While it is queued, `sentUntil` keeps
/// what the last mail said; once it is sent, `expiresAt` says the same, and `sentUntil` goes. `:none` is there because
/// an invite's first send has nothing to copy.
const NEW_SEND: &str = "SET v = :v, #status = :open, delivery = :queued, queuedAt = :queuedAt, triedAt = :now, \
    tries = :one, expiresAt = :expiresAt, purgeAt = :purgeAt, oldLinks3 = if_not_exists(oldLinks2, :none), \
    oldLinks2 = if_not_exists(oldLinks1, :none), oldLinks1 = if_not_exists(links, :none), links = :links, \
    listPk = :listPk, listSk = :listSk, duePk = :duePk, dueAt = :dueAt, \
    sentUntil = if_not_exists(sentUntil, if_not_exists(expiresAt, :none))";

/// What the last send left and the new one must not have.
const LEFTOVERS: &str = "failure, failedAt, acceptedAt, acceptedAs, learner";

/// The link is not known yet. One that is known is this attempt's own: then the send was made before its answer was
/// lost, whatever has happened to the invite since (a cancellation, say), and must not be made again.
const NEW_LINK: &str = "NOT (contains(links, :link) OR contains(oldLinks1, :link) \
    OR contains(oldLinks2, :link) OR contains(oldLinks3, :link))";

/// A set of this one hash.
fn set_of(link: &LinkHash) -> AttributeValue {
    AttributeValue::Ss(vec![link.as_str().to_owned()])
}

fn new_send(deal: DealId, invite: InviteId, link: &LinkHash, inviter: &Inviter, queued: Queued) -> Item {
    let now = queued.at;
    let tried_at = whole_seconds(now);
    values([
        (":v", n(item::VERSION)),
        (":open", s("open")),
        (":queued", s("queued")),
        (":queuedAt", n(now.timestamp_millis())),
        (":now", n(tried_at.timestamp())),
        (":one", n(1)),
        (":expiresAt", n((tried_at + inviter.lifetime).timestamp())),
        (":purgeAt", n(deal.purge_at().timestamp())),
        (":none", AttributeValue::Null(true)),
        (":link", s(link.as_str())),
        (":links", set_of(link)),
        (":listPk", s(keys::list(deal, Stored::Open).unwrap_or_default())),
        (":listSk", s(keys::place(queued, invite))),
        (":duePk", s(keys::due_of(Queue::Send, invite))),
        (":dueAt", n((now + inviter.lease).timestamp_millis())),
        (":expired", s("expired")),
    ])
}

/// The limit's part of a write that sends: what it remembers of the sends before, and under which condition it goes
/// through ([`RecipientLimit::check`]). Both empty without a limit.
struct Limited {
    remember: String,
    condition: String,
}

impl Limited {
    /// Adds the values that the two expressions name.
    fn new(limit: RecipientLimit, now: Timestamp, values: &mut Item) -> Self {
        let older = limit.remembered();
        let mut conditions = Vec::new();
        if limit.interval > Duration::zero() {
            values.insert(":quiet".into(), n((now - limit.interval).timestamp_millis()));
            conditions.push(" AND queuedAt <= :quiet".to_owned());
        }
        if limit.per_day > 0 {
            values.insert(":dayAgo".into(), n((now - Duration::days(1)).timestamp_millis()));
            conditions.push(match older {
                0 => " AND queuedAt <= :dayAgo".to_owned(),
                first => format!(" AND (attribute_not_exists(asked{first}) OR asked{first} <= :dayAgo)"),
            });
        }
        if older > 0 {
            values.insert(":never".into(), n(0));
        }
        let moved: Vec<String> = (1..=older)
            .map(|place| match place {
                1 => ", asked1 = if_not_exists(queuedAt, :never)".to_owned(),
                _ => format!(", asked{place} = if_not_exists(asked{}, :never)", place - 1),
            })
            .collect();
        Self { remember: moved.concat(), condition: conditions.concat() }
    }
}

impl Store {
    /// Invites an address: one conditional upsert, whatever was there before. The link's hash is stored before its
    /// mail goes out, so no mailbox ever holds a link that is not known.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is stored then, or it is mailed later.
    pub async fn queue_invite(
        &self,
        deal: &Deal,
        email: &Email,
        name: Option<&Name>,
        link: &Link,
        inviter: &Inviter,
        queued: impl Into<Queued>,
    ) -> Result<QueueOutcome, StoreError> {
        let (hash, queued) = (link.secret.hash(), queued.into());
        let now = queued.at;
        let mut values = new_send(deal.id, link.invite, &hash, inviter, queued);
        values.insert(":email".into(), s(email.as_typed()));
        values.insert(":addressPk".into(), s(keys::addresses(deal.id)));
        values.insert(":addressSk".into(), s(email.searchable()));
        values.insert(":cancelled".into(), s("cancelled"));
        values.insert(":released".into(), s("released"));
        let limited = Limited::new(inviter.limit, now, &mut values);
        let (mut set, mut remove) = (String::new(), vec![LEFTOVERS, "resentAt"]);
        for (attribute, value) in [("#name", name.map(Name::as_str)), ("#by", inviter.email.as_deref())] {
            if let Some(value) = value {
                let placeholder = format!(":{}", attribute.trim_start_matches('#'));
                set = format!("{set}, {attribute} = {placeholder}");
                values.insert(placeholder, s(value));
            } else {
                remove.push(attribute);
            }
        }
        let update = self
            .update_invite(deal.id, link.invite, values)
            .update_expression(format!(
                "{NEW_SEND}{}, email = :email, addressPk = :addressPk, addressSk = :addressSk{set} \
                 REMOVE {} ADD sends :one",
                limited.remember,
                remove.join(", ")
            ))
            .condition_expression(format!(
                "attribute_not_exists(pk) OR ({NEW_LINK} AND (#status IN (:expired, :cancelled, :released) \
                 OR (#status = :open AND expiresAt <= :now)){})",
                limited.condition
            ))
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#name", "name")
            .expression_attribute_names("#by", "by");
        written_invite(
            update,
            |record| record.links.know(&hash),
            |record| may_invite(record, inviter.limit, now).err().unwrap_or(SendRefusal::AlreadyPending),
        )
        .await
    }

    /// Resends an invite: one conditional update. `expected` is the number of sends that the caller saw.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resend_invite(
        &self,
        link: &Link,
        expected: Option<u32>,
        inviter: &Inviter,
        queued: impl Into<Queued>,
    ) -> Result<Outcome<ResendRefusal>, StoreError> {
        let (hash, queued) = (link.secret.hash(), queued.into());
        let now = queued.at;
        let mut values = new_send(link.deal, link.invite, &hash, inviter, queued);
        let unchanged = if let Some(sends) = expected {
            values.insert(":sends".into(), n(sends));
            "sends = :sends"
        } else {
            values.insert(":before".into(), n((now - DOUBLE_CLICK).timestamp_millis()));
            "(attribute_not_exists(resentAt) OR resentAt <= :before)"
        };
        let Limited { remember, condition } = Limited::new(inviter.limit, now, &mut values);
        let by = if let Some(email) = &inviter.email {
            values.insert(":by".into(), s(email));
            ", #by = :by REMOVE "
        } else {
            " REMOVE #by, "
        };
        let update = self
            .update_invite(link.deal, link.invite, values)
            .update_expression(format!(
                "{NEW_SEND}{remember}, resentAt = :queuedAt{by}{LEFTOVERS} ADD sends :one"
            ))
            .condition_expression(format!(
                "{NEW_LINK} AND #status IN (:open, :expired) AND {unchanged}{condition}"
            ))
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#by", "by");
        written_invite(
            update,
            |record| record.links.know(&hash),
            |record| may_resend(record, expected, inviter.limit, now).err().unwrap_or(ResendRefusal::Stale),
        )
        .await
    }

    /// Takes up a queued mail for one more try: a new lease, a further link, four weeks from now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_invite(
        &self,
        due: &Due,
        deal: &Deal,
        link: &Link,
        inviter: &Inviter,
        jitter: f64,
        now: Timestamp,
    ) -> Result<Outcome<ClaimRefusal>, StoreError> {
        let refused = |record: &InviteRecord| may_claim(record, deal, due.sends, due.due_at, now).err();
        if deal.state(now) != crate::domain::DealState::Active {
            let record = self.invite(due.deal, due.invite).await?;
            let reason = record.as_ref().and_then(refused).unwrap_or(ClaimRefusal::NotDue);
            return Ok(Outcome::Refused(reason, record.map(Box::new)));
        }
        let hash = link.secret.hash();
        let tried_at = whole_seconds(now);
        let update = self
            .update_invite(
                due.deal,
                due.invite,
                values([
                    (":open", s("open")),
                    (":queued", s("queued")),
                    (":sends", n(due.sends)),
                    (":due", n(due.due_at.timestamp_millis())),
                    (":now", n(tried_at.timestamp())),
                    (":most", n(MOST_TRIES)),
                    (":expiresAt", n((tried_at + inviter.lifetime).timestamp())),
                    (
                        ":leaseEnd",
                        n((now + retry_delay(inviter.lease, due.tries + 1, jitter)).timestamp_millis()),
                    ),
                    (":link", set_of(&hash)),
                    (":one", n(1)),
                ]),
            )
            .update_expression(
                "SET triedAt = :now, expiresAt = :expiresAt, dueAt = :leaseEnd ADD links :link, tries :one",
            )
            .condition_expression(
                "#status = :open AND delivery = :queued AND sends = :sends AND dueAt = :due \
                 AND expiresAt > :now AND tries < :most",
            )
            .expression_attribute_names("#status", "status");
        written_invite(
            update,
            |record| record.links.current.contains(&hash),
            |record| record.and_then(refused).unwrap_or(ClaimRefusal::NotDue),
        )
        .await
    }

    /// Records that the try with this link got a mail out. `None` when a newer send has taken its place.
    ///
    /// The condition is the claim, not the status: a learner may have clicked before the mark, or a manager
    /// cancelled. Only an invite that is still in the due index is put at its new place there. The rule is
    /// [`may_mark_sent`].
    ///
    /// # Errors
    /// [`StoreError`]; the invite stays queued then, and is mailed again when its lease is over.
    pub async fn mark_sent(&self, link: &Link, sent: Sent) -> Result<Option<InviteRecord>, StoreError> {
        let hash = link.secret.hash();
        let mut met = None;
        for is_listed in [true, false] {
            let mut values = values([
                (":sent", s("sent")),
                (":at", n(sent.at.timestamp())),
                (":until", n(sent.until.timestamp())),
                (":link", s(hash.as_str())),
            ]);
            let (place, still_listed) = if is_listed {
                values.insert(":duePk".into(), s(keys::due_of(Queue::Expire, link.invite)));
                values.insert(":dueAt".into(), n(sent.until.timestamp_millis()));
                (", duePk = :duePk, dueAt = :dueAt", " AND attribute_exists(duePk)")
            } else {
                ("", "")
            };
            let update = self
                .update_invite(link.deal, link.invite, values)
                .update_expression(format!(
                    "SET delivery = :sent, sentAt = :at, expiresAt = :until{place} \
                     REMOVE sentUntil, failure, failedAt"
                ))
                .condition_expression(format!(
                    "contains(links, :link) AND (delivery <> :sent OR sentAt < :at){still_listed}"
                ));
            met = match written(update).await? {
                Written::Done(item) => return item::invite(item).map(Some),
                Written::Refused(item) => item.map(item::invite).transpose()?,
            };
            match may_mark_sent(met.as_ref(), &hash, sent.at) {
                // Nothing but its place in the due index speaks against it: once more, without one.
                Ok(()) => {}
                Err(MarkRefusal::AlreadyMarked) => break,
                Err(MarkRefusal::Superseded) => return Ok(None),
            }
        }
        Ok(met)
    }

    /// Records that the queued mail of `record`'s try won't be sent. Does nothing when that try is no longer
    /// queued: the rule is [`may_mark_failed`](crate::domain::settle::may_mark_failed).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_failed(
        &self,
        deal: DealId,
        record: &InviteRecord,
        reason: FailureReason,
        now: Timestamp,
    ) -> Result<Option<InviteRecord>, StoreError> {
        let invite = &record.invite;
        let reason = serde_json::to_value(reason).map_err(|_| StoreError::Corrupt("reason"))?;
        let update = self
            .update_invite(
                deal,
                invite.id,
                values([
                    (":open", s("open")),
                    (":queued", s("queued")),
                    (":failed", s("failed")),
                    (":sends", n(invite.sends)),
                    (":reason", s(reason.as_str().unwrap_or_default())),
                    (":now", n(now.timestamp())),
                    (":tries", n(record.tries)),
                    (":expiresAt", n(invite.expires_at.timestamp())),
                    (":duePk", s(keys::due_of(Queue::Expire, invite.id))),
                    (":dueAt", n(invite.expires_at.timestamp_millis())),
                ]),
            )
            .update_expression(
                "SET delivery = :failed, failure = :reason, failedAt = :now, duePk = :duePk, dueAt = :dueAt",
            )
            .condition_expression(
                "#status = :open AND delivery = :queued AND sends = :sends AND tries = :tries \
                 AND expiresAt = :expiresAt",
            )
            .expression_attribute_names("#status", "status");
        match written(update).await? {
            Written::Done(item) => item::invite(item).map(Some),
            Written::Refused(item) => item.map(item::invite).transpose(),
        }
    }

    /// Puts a mail that SES did not take back into the queue, due at `due_at`, as long as the claim that left the invite as
    /// `seen` still holds. With `untried` the mail was certainly not sent: the attempt does not count, and its link is
    /// dropped, since no mail carries it. Otherwise both stay. The rule is
    /// [`may_put_back`](crate::domain::settle::may_put_back).
    ///
    /// # Errors
    /// [`StoreError`]; the lease ends by itself then.
    pub async fn put_back(
        &self,
        link: &Link,
        seen: &InviteRecord,
        due_at: Timestamp,
        untried: bool,
    ) -> Result<(), StoreError> {
        let hash = link.secret.hash();
        let lease_end = seen.due_at.ok_or(StoreError::Corrupt("dueAt"))?;
        let mut values = values([
            (":open", s("open")),
            (":queued", s("queued")),
            (":link", s(hash.as_str())),
            (":tries", n(seen.tries)),
            (":leaseEnd", n(lease_end.timestamp_millis())),
            (":dueAt", n(due_at.timestamp_millis())),
        ]);
        let undone = if untried {
            values.insert(":links".into(), set_of(&hash));
            values.insert(":uncount".into(), n(-1));
            " DELETE links :links ADD tries :uncount"
        } else {
            ""
        };
        let update = self
            .update_invite(link.deal, link.invite, values)
            .update_expression(format!("SET dueAt = :dueAt{undone}"))
            .condition_expression(
                "#status = :open AND delivery = :queued AND contains(links, :link) AND tries = :tries \
                 AND dueAt = :leaseEnd",
            )
            .expression_attribute_names("#status", "status");
        written(update).await.map(|_| ())
    }

    /// Puts off a queued mail that nobody holds, until `due_at`: its deal has not begun. The rule is
    /// [`may_put_off`](crate::domain::settle::may_put_off).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_off(&self, due: &Due, due_at: Timestamp) -> Result<(), StoreError> {
        let update = self
            .update_invite(
                due.deal,
                due.invite,
                values([
                    (":queued", s("queued")),
                    (":due", n(due.due_at.timestamp_millis())),
                    (":dueAt", n(due_at.timestamp_millis())),
                ]),
            )
            .update_expression("SET dueAt = :dueAt")
            .condition_expression("delivery = :queued AND dueAt = :due");
        written(update).await.map(|_| ())
    }

    /// Reserves the account's time for `mails` mails at `per_second`, all functions together: when to send them, or
    /// `None` if their turn does not come before `until`.
    ///
    /// One item holds the instant up to which the account is spoken for; whoever wants to send moves it on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reserve_sends(
        &self,
        mails: u32,
        per_second: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let cost = Duration::milliseconds(i64::from(mails) * 1_000 / i64::from(per_second.max(1)));
        let slots = |values| self.update(keys::SEND_SLOTS.into(), keys::SEND_SLOTS.into(), values);
        let now_millis = n(now.timestamp_millis());
        for _ in 0..10 {
            let behind = slots(values([
                (":cost", n(cost.num_milliseconds())),
                (":now", now_millis.clone()),
                (":until", n(until.timestamp_millis())),
            ]))
            .update_expression("SET freeAt = freeAt + :cost")
            .condition_expression("freeAt BETWEEN :now AND :until");
            let free_at = |item: &Item| item.get("freeAt").and_then(|at| at.as_n().ok()?.parse::<i64>().ok());
            match written(behind).await? {
                Written::Done(item) => {
                    let free_at = free_at(&item).ok_or(StoreError::Corrupt("freeAt"))?;
                    return Ok(Some(item::millis(free_at) - cost));
                }
                Written::Refused(Some(item)) if free_at(&item) > Some(until.timestamp_millis()) => {
                    return Ok(None);
                }
                Written::Refused(_) => {}
            }
            let idle =
                slots(values([(":free", n((now + cost).timestamp_millis())), (":now", now_millis.clone())]))
                    .update_expression("SET freeAt = :free")
                    .condition_expression("attribute_not_exists(freeAt) OR freeAt < :now");
            if let Written::Done(_) = written(idle).await? {
                return Ok(Some(now));
            }
        }
        Ok(None)
    }
}
