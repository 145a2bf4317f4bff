//! Accepts an invite, in one round trip whether or not the token is valid (I6).

use super::{
    Backoff, InviteRecord, Item, Result, Store, StoreError, deals, in_time, item, keys, n, retry, s, values,
    writer_id,
};
use crate::clock::{self, Deadline};
use crate::domain::accept::{LinkRefusal, known, may_accept};
use crate::domain::address_digest;
use crate::domain::{
    Deal, Email, History, HistoryEvent, InviteState, Link, PersonId, Timestamp, whole_seconds,
};
use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::retry::RetryConfig;
use chrono::Duration as Span;
use futures_util::future;

/// Who accepts which link.
struct Accept<'a> {
    link: &'a Link,
    learner: &'a PersonId,
    /// [`address_digest`] of the learner's verified address.
    accepted_as: Option<String>,
    writer: String,
}

enum AcceptWrite {
    Taken,
    Refused(Met),
    /// A conflict, or no readable response.
    Unsure(StoreError),
}

/// The invite, seat and deal that a transaction met: `None` if the condition held, empty if there is no item.
type Met = [Option<Item>; 3];

impl Store {
    /// Takes a seat in one transaction over invite, seat and deal, with no read before it (I1). Returns the deal, and when
    /// the learner took the seat, now or earlier. After an error the learner may hold the seat all the same; accepting
    /// again gives the same answer.
    pub async fn accept_invite(
        &self,
        link: &Link,
        learner: &PersonId,
        email: Option<&Email>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Result<(Deal, Timestamp), LinkRefusal>> {
        let (watch, asked_at) = (clock::start(), now);
        let accepted = async {
            let digest = email.map(|email| address_digest(link.deal, email));
            let accept = Accept { link, learner, accepted_as: digest, writer: writer_id()? };
            let mut backoff = Backoff::default();
            loop {
                // Every attempt has its own time, so that waiting carries nobody past an expiry (I2).
                let now = asked_at + Span::from_std(watch.elapsed()).unwrap_or_default();
                let accepted_at = whole_seconds(now);
                let written = self.take_seat(&accept, accepted_at);
                let (written, deal) = future::join(written, self.deal(link.deal)).await;
                let refusal = match written? {
                    AcceptWrite::Taken => Some(LinkRefusal::AlreadyYours { accepted_at }),
                    AcceptWrite::Refused(met) => accept.refusal(met, now)?,
                    // The deal may be full by now, or the seat the learner's already: look before a retry.
                    AcceptWrite::Unsure(error) => {
                        let refusal = accept.refusal(self.look(link, learner).await?, now)?;
                        if refusal.is_none() && deadline.left() <= backoff.bound {
                            return Err(error);
                        }
                        refusal
                    }
                };
                match refusal {
                    Some(LinkRefusal::AlreadyYours { accepted_at }) => {
                        let deal = deal?.ok_or(StoreError::Corrupt("no deal"))?;
                        return Ok(Ok((deal, accepted_at)));
                    }
                    Some(refusal) => return Ok(Err(refusal)),
                    None => backoff.wait().await,
                }
            }
        };
        in_time(deadline, "TransactWriteItems", accepted).await
    }

    /// `None` unless the link was really sent.
    pub async fn sent_link(&self, link: &Link) -> Result<Option<(Deal, InviteRecord)>> {
        let (deal, record) = self.deal_and_invite(link.key()).await?;
        let record = record.filter(|record| known(Some(&record.invite), &link.secret.hash()).is_ok());
        Ok(deal.zip(record))
    }

    async fn take_seat(&self, accept: &Accept<'_>, now: Timestamp) -> Result<AcceptWrite> {
        let Accept { link, learner, accepted_as, writer } = accept;
        let list = |value| AttributeValue::L(vec![value]);
        let mut accepted = values([
            (":open", s("open")),
            (":declined", s("declined")),
            (":accepted", s("accepted")),
            (":link", s(link.secret.hash().to_string())),
            (":now", n(now.timestamp())),
            (":learner", s(learner.to_string())),
            (":listPk", s(keys::list(link.deal, InviteState::Accepted))),
            (":one", n(1)),
            (":writer", list(s(writer))),
            (":entry", list(n(History::pack(HistoryEvent::Accepted, now, 0)))),
            (":none", AttributeValue::L(Vec::new())),
        ]);
        let digest = accepted_as.as_ref().map_or("", |digest| {
            accepted.insert(":acceptedAs".into(), s(digest));
            ", acceptedAs = :acceptedAs"
        });
        // Without a new version and writer, a change that read the invite before would silently undo this write.
        let accept = self.update_action(
            keys::invite_key(link.key()),
            &format!(
                "SET #status = :accepted, acceptedAt = :now, learner = :learner, listPk = :listPk, \
                 sentAt = attemptedAt{digest}, version = version + :one, writers = list_append(writers, :writer), \
                 history = list_append(if_not_exists(history, :none), :entry) \
                 REMOVE duePk, dueAt, attentionPk, attentionSk, notedAt, sentUntil, declinedAt, askedAt, askedFor"
            ),
            "#status IN (:open, :declined) AND contains(links, :link) AND expiresAt > :now",
            accepted,
        )?;
        let mut seat = keys::seat_key(learner, link.deal);
        seat.extend(values([
            ("v", n(item::VERSION)),
            ("invite", s(link.invite.to_string())),
            ("acceptedAt", n(now.timestamp())),
            ("purgeAt", n(link.deal.purge_at().timestamp())),
        ]));
        let allocate = self.update_action(
            keys::deal_key(link.deal),
            "SET allocated = allocated + :one",
            "allocated < seats AND startsAt <= :now AND endsAt > :now",
            values([(":one", n(1)), (":now", n(now.timestamp()))]),
        )?;
        let transaction = self
            .transaction(vec![accept, self.create_action(seat)?, allocate])
            .customize()
            // `accept_invite` retries instead, with the current time and after a look at the deal.
            .config_override(config::Config::builder().retry_config(RetryConfig::disabled()));
        let written = Box::pin(transaction.send()).await;
        let Err(error) = written else { return Ok(AcceptWrite::Taken) };
        let reasons = retry::reasons(error.as_service_error());
        // A condition behind a conflict decides nothing. The other write may change the item, and a caller
        // with a forged token must not learn of it.
        if retry::objections(reasons).next().is_some_and(retry::is_condition) {
            let mut reasons = reasons.iter();
            return Ok(AcceptWrite::Refused([(); 3].map(|()| {
                let failed = reasons.next().filter(|reason| retry::is_condition(reason))?;
                Some(failed.item.clone().unwrap_or_default())
            })));
        }
        let is_open =
            retry::only_conflicts(error.as_service_error()) || reasons.iter().any(retry::is_condition);
        let error = StoreError::from_sdk("TransactWriteItems", &error);
        if is_open || error.is_passing() { Ok(AcceptWrite::Unsure(error)) } else { Err(error) }
    }

    /// The invite last: if an own attempt lands in between, its writer outranks what it did to seat and deal.
    async fn look(&self, link: &Link, learner: &PersonId) -> Result<Met> {
        let (seat, deal) = (keys::seat_key(learner, link.deal), keys::deal_key(link.deal));
        let (seat, deal) = future::try_join(self.get(seat), self.get(deal)).await?;
        let invite = self.get(keys::invite_key(link.key())).await?;
        Ok([Some(invite.unwrap_or_default()), seat, Some(deal.unwrap_or_default())])
    }
}

impl Accept<'_> {
    /// `None` if no rule refuses: the item that failed a condition has changed since.
    fn refusal(&self, [invite, seat, deal]: Met, now: Timestamp) -> Result<Option<LinkRefusal>> {
        let existing = |item: Item| Some(item).filter(|item| !item.is_empty());
        let record = invite.map(|item| existing(item).map(item::invite).transpose()).transpose()?;
        // An earlier attempt, whose response was lost, took the seat. It may have been released since.
        if let Some(Some(ours)) = &record
            && ours.writers.contains(&self.writer)
        {
            let accepted_at = ours.invite.accepted_at.unwrap_or_else(|| whole_seconds(now));
            return Ok(Some(LinkRefusal::AlreadyYours { accepted_at }));
        }
        let invite = record.as_ref().map(|record| record.as_ref().map(|record| &record.invite));
        let deal = deal.map(|item| existing(item).map(deals::deal_of).transpose()).transpose()?;
        let (deal, link) = (deal.as_ref().map(Option::as_ref), self.link.secret.hash());
        Ok(may_accept(invite, deal, seat.is_some(), &link, self.learner, now).err())
    }
}
