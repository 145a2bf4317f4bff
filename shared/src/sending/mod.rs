//! Sending, once for all who send: quota, precheck, write, mail, record, refund. A handler says who asks, which invites,
//! and which rule.
//!
//! Every mail is stored before it is sent (I4). What a request has no time to mail stays queued under the lease that the
//! request holds, and `deliver-invites` takes it up.

mod run;

pub use run::{Claim, Run, Runner};

use crate::clock::Deadline;
use crate::config::{Config, ConfigError, MailConfig, sending_limits};
use crate::domain::limit::SendingLimits;
use crate::domain::{Deal, DealState, Invite, InviteId, InviteKey, Link, NewSend, Queued, Timestamp};
use crate::http::{self, Call, Manager, Problem};
use crate::mail::ses::Mailer;
use crate::store::{Allowance, Changed, InviteRecord, Seen, Sender, Store, StoreError, new_link, sdk_config};
use crate::telemetry;
use aws_config::SdkConfig;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;
use std::time::Duration;

/// Most invites that one request may send or resend.
pub const MOST_ROWS: usize = 1_000;

/// Invites that a request stores at once.
const WRITES: usize = 32;

/// What a request keeps of its time to answer, once mailing is over. No row is begun to be stored after that.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// What a request keeps of its time when the last row is being stored: enough to answer for all the others.
const TO_STORE: Duration = Duration::from_millis(700);

/// What mails are sent with.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The table.
    pub store: Store,
    /// SES.
    pub mailer: Mailer,
    /// How mails look, and how fast they may go out.
    pub mail: MailConfig,
    /// How long an invite can be accepted, and whose deals a manager reaches.
    pub config: Config,
    /// How much may be sent.
    pub limits: SendingLimits,
}

/// Who asks for a send, and when.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// The deal, which is theirs and active.
    pub deal: Deal,
    /// The manager.
    pub manager: Manager,
    /// The time of the request.
    pub now: Timestamp,
    /// When the answer must be out.
    pub deadline: Deadline,
}

impl SendRequest {
    fn new(deal: Deal, manager: Manager, call: &Call) -> Result<Self, Problem> {
        match deal.state(call.now) {
            DealState::Active => Ok(Self { deal, manager, now: call.now, deadline: call.deadline }),
            state => Err(Problem::deal_not_active(state)),
        }
    }
}

/// One invite to send, with the rule that says what it becomes.
#[derive(Debug)]
pub struct Row<R> {
    /// The invite.
    pub invite: InviteId,
    /// What is known of it.
    pub seen: Seen,
    /// Its place among the rows of the request, counted from the top of the list.
    pub order: usize,
    /// The rule.
    pub rule: R,
}

/// What happened to a row.
#[derive(Debug)]
pub enum RowOutcome<E> {
    /// Stored, and mailed if there was time. In a dry run: it would be.
    Queued(Box<Invite>),
    /// The rule refused; the invite as it is.
    Refused(E, Option<Box<Invite>>),
    /// The manager's hour or the deal's day has nothing left, until then.
    OverLimit(Option<Timestamp>),
    /// The write failed or ran out of time. It may have been stored all the same, and is mailed later then.
    Failed(StoreError),
    /// There was no time to begin it.
    NoTime,
}

impl<E> RowOutcome<E> {
    /// False when it is certain that nothing was stored.
    fn may_be_stored(&self) -> bool {
        matches!(self, Self::Queued(_) | Self::Failed(_))
    }
}

/// A row that may be written, or the outcome of one that must not be.
type Prechecked<R, E> = Result<Row<R>, RowOutcome<E>>;

/// The same, with the invite that the rule makes of it.
type Foreseen<R, E> = Result<(Row<R>, Invite), RowOutcome<E>>;

impl Sending {
    /// Connects to the table and to SES as the environment says, at once.
    ///
    /// # Errors
    /// All settings that are missing or wrong.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let (config, mail) = MailConfig::from_env()?;
        let limits = sending_limits()?;
        Ok(Self::connect(&sdk_config().await, config, mail, limits).await)
    }

    /// Connects to the table and to SES, at once.
    pub async fn connect(sdk: &SdkConfig, config: Config, mail: MailConfig, limits: SendingLimits) -> Self {
        let store = Store::connect_with(sdk, &config.table);
        let (store, mailer) = future::join(store, Mailer::connect(sdk, &mail)).await;
        Self { store, mailer, mail, config, limits }
    }

    /// A manager's request to send invites of the deal in its path.
    ///
    /// # Errors
    /// What they are not allowed, and a deal that is not active.
    pub async fn request(&self, call: &Call) -> Result<SendRequest, Problem> {
        let manager = call.caller.manager(&self.config.organisation_claim)?;
        let deal = http::own(self.store.deal(call.deal()?).await?, &manager)?;
        SendRequest::new(deal, manager, call)
    }

    /// The same, and what is stored of one invite, read at once.
    ///
    /// # Errors
    /// As of [`Self::request`].
    pub async fn request_with_invite(
        &self,
        call: &Call,
        invite: InviteId,
    ) -> Result<(SendRequest, Option<InviteRecord>), Problem> {
        let manager = call.caller.manager(&self.config.organisation_claim)?;
        let key = InviteKey { deal: call.deal()?, invite };
        if !self.store.is_deal_of(key.deal, &manager.organisation).await? {
            return Err(Problem::not_found());
        }
        let (deal, record) = self.store.deal_and_invite(key).await?;
        let request = SendRequest::new(deal.ok_or_else(Problem::not_found)?, manager, call)?;
        Ok((request, record))
    }

    /// Sends these invites: an outcome for each row, in their order.
    ///
    /// # Errors
    /// [`StoreError`] before anything is stored: what was taken of the limits is refunded.
    pub async fn send<R, E>(
        &self,
        request: &SendRequest,
        rows: Vec<Row<R>>,
    ) -> Result<Vec<RowOutcome<E>>, StoreError>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        self.store.remember_lifetime(&request.deal, self.config.lifetime).await?;
        let allowance =
            self.store.take_allowance(self.sender(request), count(rows.len()), request.now).await?;
        let rows = match self.precheck(request, rows, &allowance).await {
            Ok(rows) => rows,
            Err(error) => {
                self.refund(allowance, 0).await;
                return Err(error);
            }
        };
        let (mut outcomes, claims): (Vec<_>, Vec<_>) = self.write(request, rows).await.into_iter().unzip();
        let used = count(outcomes.iter().filter(|outcome| outcome.may_be_stored()).count());
        let (indexes, claims): (Vec<_>, Vec<_>) =
            claims.into_iter().enumerate().filter_map(|(index, claim)| Some((index, claim?))).unzip();
        let run = self.run(Runner::Request, request.deadline.earlier(TO_ANSWER));
        let mail = run.mail_all(&request.deal, claims);
        let (mailed, ()) = future::join(mail, self.refund(allowance, used)).await;
        for (index, invite) in indexes.into_iter().zip(mailed) {
            if let Some(outcome) = outcomes.get_mut(index) {
                *outcome = RowOutcome::Queued(Box::new(invite));
            }
        }
        Ok(outcomes)
    }

    /// What sending these invites would come to; stores nothing.
    pub async fn dry_run<R, E>(
        &self,
        request: &SendRequest,
        rows: Vec<Row<R>>,
    ) -> Result<Vec<RowOutcome<E>>, StoreError>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        let allowance =
            self.store.foresee_allowance(self.sender(request), count(rows.len()), request.now).await?;
        let rows = self.read(&request.deal, rows).await?;
        let judged = self.apply_rules(request, rows, &allowance)?.into_iter();
        Ok(judged
            .map(|row| row.map_or_else(|outcome| outcome, |(_, invite)| RowOutcome::Queued(Box::new(invite))))
            .collect())
    }

    /// Sorts out what must not be written, where the limits grant fewer sends than are asked for: what the rule refuses
    /// takes none of them.
    async fn precheck<R, E>(
        &self,
        request: &SendRequest,
        rows: Vec<Row<R>>,
        allowance: &Allowance,
    ) -> Result<Vec<Prechecked<R, E>>, StoreError>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        let is_short = allowance.sends < count(rows.len());
        let is_unread = rows.iter().any(|row| matches!(row.seen, Seen::Unread));
        let rows = if is_short || is_unread { self.read(&request.deal, rows).await? } else { rows };
        if !is_short {
            return Ok(rows.into_iter().map(Ok).collect());
        }
        let checked = self.apply_rules(request, rows, allowance)?;
        Ok(checked.into_iter().map(|row| row.map(|(row, _)| row)).collect())
    }

    /// Reads the invites of which something has to be known, a hundred in a request.
    async fn read<R>(&self, deal: &Deal, rows: Vec<Row<R>>) -> Result<Vec<Row<R>>, StoreError> {
        let is_known = |row: &Row<R>| matches!(row.seen, Seen::Record(_));
        let unknown = rows.iter().filter(|row| !is_known(row));
        let keys = unknown.map(|row| InviteKey { deal: deal.id, invite: row.invite });
        let records = self.store.invites(keys).await?;
        let mut records: HashMap<InviteId, InviteRecord> =
            records.into_iter().map(|record| (record.invite.id, record)).collect();
        let read = rows.into_iter().map(|row| {
            if is_known(&row) { row } else { Row { seen: Seen::Record(records.remove(&row.invite)), ..row } }
        });
        Ok(read.collect())
    }

    /// What the rules say of invites that were read, as far as the allowance goes.
    fn apply_rules<R, E>(
        &self,
        request: &SendRequest,
        rows: Vec<Row<R>>,
        allowance: &Allowance,
    ) -> Result<Vec<Foreseen<R, E>>, StoreError>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        let mut left = allowance.sends;
        let checked = rows.into_iter().map(|row| {
            let (send, _) = self.new_send(request, &row)?;
            let existing = match &row.seen {
                Seen::Record(record) => record.as_ref().map(|record| &record.invite),
                Seen::Nothing | Seen::Unread => None,
            };
            Ok(match (row.rule)(existing, &send, request.now) {
                Err(refusal) => {
                    let existing = existing.cloned().map(Box::new);
                    Err(RowOutcome::Refused(refusal, existing))
                }
                Ok(_) if left == 0 => Err(RowOutcome::OverLimit(allowance.retry_at)),
                Ok(invite) => {
                    left -= 1;
                    Ok((row, invite))
                }
            })
        });
        checked.collect()
    }

    fn new_send<R>(&self, request: &SendRequest, row: &Row<R>) -> Result<(NewSend, Link), StoreError> {
        let link = new_link(InviteKey { deal: request.deal.id, invite: row.invite })?;
        let send = NewSend {
            link: link.secret.hash(),
            queued: Queued::in_order(request.now, row.order),
            invited_by: request.manager.email.clone(),
            lifetime: self.config.lifetime,
            lease: self.mail.lease,
            limit: self.limits.recipient,
        };
        Ok((send, link))
    }

    /// Writes every row, many at once. A claim is the right to mail it.
    async fn write<R, E>(
        &self,
        request: &SendRequest,
        rows: Vec<Prechecked<R, E>>,
    ) -> Vec<(RowOutcome<E>, Option<Claim>)>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        stream::iter(rows)
            .map(|row| async move {
                match row {
                    Ok(_) if request.deadline.earlier(TO_ANSWER).left().is_zero() => {
                        (RowOutcome::NoTime, None)
                    }
                    Ok(row) => self.write_row(request, row).await.unwrap_or_else(|error| {
                        telemetry::row_failed(&error);
                        (RowOutcome::Failed(error), None)
                    }),
                    Err(outcome) => (outcome, None),
                }
            })
            .buffered(WRITES)
            .collect()
            .await
    }

    async fn write_row<R, E>(
        &self,
        request: &SendRequest,
        row: Row<R>,
    ) -> Result<(RowOutcome<E>, Option<Claim>), StoreError>
    where
        R: Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, E>,
    {
        let (send, link) = self.new_send(request, &row)?;
        let rule = |existing: Option<&Invite>, now| (row.rule)(existing, &send, now);
        let deadline = request.deadline.earlier(TO_STORE);
        Ok(match self.store.change(link.key(), row.seen, request.now, deadline, rule).await? {
            Changed::Done(record) => {
                (RowOutcome::Queued(Box::new(record.invite.clone())), Claim::of(record, link))
            }
            Changed::Refused(refusal, existing) => {
                let existing = existing.map(|record| Box::new(record.invite));
                (RowOutcome::Refused(refusal, existing), None)
            }
        })
    }

    fn sender<'a>(&'a self, request: &'a SendRequest) -> Sender<'a> {
        Sender { manager: &request.manager.id, deal: &request.deal, limits: &self.limits }
    }

    async fn refund(&self, allowance: Allowance, used: u32) {
        if let Err(error) = self.store.refund(allowance, used).await {
            tracing::error!(error = telemetry::chain(&error), "an allowance could not be refunded");
        }
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
