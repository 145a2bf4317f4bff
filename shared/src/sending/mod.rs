//! The one pipeline for sending: quota, precheck, write, mail, record, refund. A handler supplies the caller,
//! the rows and the rule. Every mail is stored before it is sent (I4). Mails that a request has no time for
//! stay queued under the request's lease, and `deliver-invites` sends them.

mod run;

pub use run::{Claim, Run, Runner};

use crate::audit::{Ledger, owner};
use crate::aws;
use crate::clock::Deadline;
use crate::config::{Config, ConfigError, MailConfig};
use crate::domain::accept::LinkRefusal;
use crate::domain::limit::SendingLimits;
use crate::domain::{
    Deal, DealState, Email, Invite, InviteId, InviteKey, InviteRefusal, Link, NewSend, Queued, Timestamp,
};
use crate::http::{self, HandlerResult, Manager, Problem, Request, authorize_deal, authorize_deal_id};
use crate::mail::ses::Mailer;
use crate::store::{
    Allowance, Changed, InviteRecord, OptOuts, Refused, Seen, Sender, Store, StoreError, WRITES, in_time,
    new_link,
};
use crate::telemetry;
use aws_types::SdkConfig;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use lambda_runtime::Error;
use std::collections::HashMap;
use std::time::Duration;

/// Mailing ends this long before the request's deadline, and no row's write starts later.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// The last row's write must end this long before the deadline, which leaves time to refund and to answer.
const TO_STORE: Duration = Duration::from_millis(700);

/// The refund, which is known after the last write, must end this long before the deadline: just before the answer's last moment.
const TO_REFUND: Duration = Duration::from_millis(550);

#[derive(Clone, Debug)]
pub struct Sending {
    pub store: Store,
    pub mailer: Mailer,
    pub mail: MailConfig,
    pub config: Config,
    pub limits: SendingLimits,
}

/// An authorised request: the deal is the manager's.
#[derive(Clone, Debug)]
pub struct SendRequest {
    pub deal: Deal,
    pub manager: Manager,
    pub now: Timestamp,
    pub deadline: Deadline,
    pub ledger: Ledger,
}

pub type Rule<'a> = Box<dyn Fn(Option<&Invite>, &NewSend, Timestamp) -> Result<Invite, InviteRefusal> + 'a>;

pub type ReplaceRule<'a> = Box<dyn Fn(Option<&Invite>, Timestamp) -> Result<Invite, InviteRefusal> + 'a>;

pub struct Row<'a> {
    pub invite: InviteId,
    pub seen: Seen,
    /// Whether the person opted out of the organisation's invites; `None` to look it up for the invite's address.
    pub opted_out: Option<bool>,
    /// The row's index in the request.
    pub order: usize,
    pub rule: Rule<'a>,
    /// An invite that the row's invite replaces in the same write, and its rule.
    pub replaces: Option<(InviteId, ReplaceRule<'a>)>,
}

#[derive(Debug)]
pub enum RowOutcome {
    /// Stored, and mailed if there was time. In a dry run, nothing is stored.
    Queued(Box<Invite>),
    Refused(InviteRefusal, Option<Box<Invite>>),
    /// The write failed or timed out. The invite may be stored all the same, and is then mailed later.
    Failed(StoreError),
    NoTime,
}

/// One outcome for each row, in order.
type Outcomes = Result<Vec<RowOutcome>, Problem>;

pub async fn run(route: impl AsyncFn(&Sending, Request) -> HandlerResult) -> Result<(), Error> {
    telemetry::init();
    let sending = &Sending::from_env().await?;
    http::serve(&sending.config, async |request| route(sending, request).await).await
}

impl SendRequest {
    fn new(deal: Deal, manager: Manager, request: &Request) -> Self {
        Self { deal, manager, now: request.now, deadline: request.deadline, ledger: request.ledger.clone() }
    }

    /// Only the invites of an active deal are mailed.
    pub fn check_active(&self) -> Result<(), Problem> {
        match self.deal.state(self.now) {
            DealState::Active => Ok(()),
            DealState::Upcoming => Err(LinkRefusal::DealNotStarted.into()),
            DealState::Ended => Err(LinkRefusal::DealEnded.into()),
        }
    }
}

impl Row<'_> {
    fn existing(&self) -> Option<&Invite> {
        let Seen::Record(Some(record)) = &self.seen else { return None };
        Some(&record.invite)
    }
}

impl RowOutcome {
    pub fn into_invite(self) -> Result<Box<Invite>, Problem> {
        match self {
            Self::Queued(invite) => Ok(invite),
            Self::Refused(refusal, _) => Err(refusal.into()),
            Self::Failed(error) => Err(error.into()),
            Self::NoTime => Err(Problem::unavailable()),
        }
    }

    /// False when it is certain that nothing was stored.
    fn may_be_stored(&self) -> bool {
        matches!(self, Self::Queued(_) | Self::Failed(_))
    }
}

impl Sending {
    pub async fn from_env() -> Result<Self, ConfigError> {
        let (config, mail, limits) = Config::mailing()?;
        Ok(Self::connect(&aws::sdk_config()?, config, mail, limits).await)
    }

    pub async fn connect(sdk: &SdkConfig, config: Config, mail: MailConfig, limits: SendingLimits) -> Self {
        let store = Store::connect_with(sdk, &config.table);
        let (store, mailer) = future::join(store, Mailer::connect(sdk, &mail)).await;
        Self { store, mailer, mail, config, limits }
    }

    /// Also says who of the people at `emails` has opted out.
    pub async fn authorize(
        &self,
        request: &Request,
        emails: impl IntoIterator<Item = &Email>,
    ) -> Result<(SendRequest, OptOuts), Problem> {
        let manager = request.caller.manager()?;
        let people = emails.into_iter().map(|email| (&manager.organisation, email));
        let deal = self.store.deal(request.deal_id()?);
        let (deal, opt_outs) = future::try_join(deal, self.store.opt_outs(people)).await?;
        let deal = authorize_deal(deal, &manager)?;
        let request = SendRequest::new(deal, manager, request);
        request.check_active()?;
        Ok((request, opt_outs))
    }

    /// Also returns the invite, as read, and the number of sends that the caller saw.
    pub async fn authorize_invite(
        &self,
        request: &Request,
    ) -> Result<(SendRequest, InviteId, Option<InviteRecord>, Option<u32>), Problem> {
        let invite = request.invite_id()?;
        let (manager, deal) = authorize_deal_id(&self.store, request).await?;
        let (deal, record) = self.store.deal_and_invite(InviteKey { deal, invite }).await?;
        let current = future::ready(Ok(record.as_ref()));
        let expected = request.if_match(current, |record| record.invite.sends).await?;
        let request = SendRequest::new(deal.ok_or_else(Problem::not_found)?, manager, request);
        Ok((request, invite, record, expected))
    }

    /// An error means that nothing was stored.
    pub async fn send(&self, request: &SendRequest, mut rows: Vec<Row<'_>>) -> Outcomes {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = count(rows.len());
        let allowance = self.store.take_allowance(self.sender(request), wanted, request.now).await?;
        let refused = match self.precheck(request, &mut rows, &allowance).await {
            Ok(refused) => refused,
            Err(error) => {
                self.refund(request, allowance, 0).await;
                return Err(error);
            }
        };
        let writes = rows.into_iter().zip(refused).map(async |(row, refused)| match refused {
            Some(outcome) => (outcome, None),
            None => self.write(request, row).await,
        });
        let written: Vec<_> = stream::iter(writes).buffered(WRITES).collect().await;
        let (mut outcomes, claims): (Vec<_>, Vec<_>) = written.into_iter().unzip();
        let used = count(outcomes.iter().filter(|outcome| outcome.may_be_stored()).count());
        let claimed = outcomes.iter_mut().zip(claims);
        let (claimed, claims): (Vec<_>, Vec<_>) =
            claimed.filter_map(|(outcome, claim)| Some((outcome, claim?))).unzip();
        let run = self.run(Runner::Request, request.deadline.earlier(TO_ANSWER));
        let mail = run.mail_all(&request.deal, claims);
        let (mailed, ()) = future::join(mail, self.refund(request, allowance, used)).await;
        for (outcome, invite) in claimed.into_iter().zip(mailed) {
            *outcome = RowOutcome::Queued(Box::new(invite));
        }
        Ok(outcomes)
    }

    pub async fn dry_run(&self, request: &SendRequest, mut rows: Vec<Row<'_>>) -> Outcomes {
        let wanted = count(rows.len());
        let allowance = self.store.foresee_allowance(self.sender(request), wanted, request.now).await?;
        self.read(&request.deal, &mut rows).await?;
        self.look_up(&request.deal, &mut rows).await?;
        self.foresee(request, &rows, &allowance)
    }

    /// Takes the address off the account's suppression list, if a bounce put it there: the manager says that the
    /// mailbox exists now. SES lists an address as it was mailed, or in lower case.
    pub async fn unblock(&self, invite: &Invite, now: Timestamp) -> Result<(), Problem> {
        let unavailable = |error: String| {
            tracing::error!(%error, "an address could not be unblocked");
            Problem::unavailable()
        };
        let mailbox = invite.email.mailbox();
        let mut spellings = vec![mailbox.to_owned(), mailbox.to_lowercase()];
        spellings.dedup();
        let mut blocked = Vec::new();
        for address in spellings {
            if self.mailer.is_blocked(&address).await.map_err(unavailable)? {
                blocked.push(address);
            }
        }
        if !blocked.is_empty() && self.store.may_unblock(invite, now).await? {
            for address in blocked {
                self.mailer.unblock(&address).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }

    /// Returns an outcome for each row that must not be written. If the limits grant fewer sends than there are rows, a
    /// row that its rule refuses takes no send from another row.
    async fn precheck(
        &self,
        request: &SendRequest,
        rows: &mut [Row<'_>],
        allowance: &Allowance,
    ) -> Result<Vec<Option<RowOutcome>>, Problem> {
        let is_short = allowance.sends < count(rows.len());
        if is_short || rows.iter().any(|row| matches!(row.seen, Seen::Unread)) {
            self.read(&request.deal, rows).await?;
        }
        self.look_up(&request.deal, rows).await?;
        let foreseen = self.foresee(request, rows, allowance)?.into_iter();
        let refused: Vec<_> = foreseen.map(|outcome| (!outcome.may_be_stored()).then_some(outcome)).collect();
        // Before the first invite is stored. From then on, nobody can delete the deal.
        let stores_nothing = refused.iter().all(Option::is_some);
        if stores_nothing || self.store.remember_lifetime(&request.deal, self.config.lifetime).await? {
            Ok(refused)
        } else {
            Err(Problem::not_found())
        }
    }

    async fn read(&self, deal: &Deal, rows: &mut [Row<'_>]) -> Result<(), StoreError> {
        let is_unread = |row: &&mut Row<'_>| !matches!(row.seen, Seen::Record(_));
        let unread: Vec<_> = rows.iter_mut().filter(is_unread).collect();
        let keys = unread.iter().map(|row| InviteKey { deal: deal.id, invite: row.invite });
        let records = self.store.invites(keys).await?;
        let mut records: HashMap<_, _> =
            records.into_iter().map(|record| (record.invite.id, record)).collect();
        for row in unread {
            row.seen = Seen::Record(records.remove(&row.invite));
        }
        Ok(())
    }

    /// Looks up who opted out, where the handler could not know the address.
    async fn look_up(&self, deal: &Deal, rows: &mut [Row<'_>]) -> Result<(), StoreError> {
        let organisation = &deal.organisation.id;
        let unknown = || rows.iter().filter(|row| row.opted_out.is_none()).filter_map(Row::existing);
        let opt_outs = self.store.opt_outs(unknown().map(|invite| (organisation, &invite.email))).await?;
        for row in rows {
            let has_opted_out =
                row.existing().is_some_and(|invite| opt_outs.has(organisation, &invite.email));
            row.opted_out.get_or_insert(has_opted_out);
        }
        Ok(())
    }

    /// Applies the rules to the rows, in order, until the allowance is used up. A row that was not read counts as new.
    fn foresee(&self, request: &SendRequest, rows: &[Row<'_>], allowance: &Allowance) -> Outcomes {
        let (mut left, retry_at) = (allowance.sends, allowance.retry_at.unwrap_or(request.now));
        let outcomes = rows.iter().map(|row| {
            let (send, _) = self.new_send(request, row)?;
            let existing = row.existing().cloned().map(Box::new);
            Ok(match (row.rule)(row.existing(), &send, request.now) {
                Err(refusal) => RowOutcome::Refused(refusal, existing),
                Ok(_) if left == 0 => RowOutcome::Refused(InviteRefusal::TooSoon(retry_at), existing),
                Ok(invite) => {
                    left -= 1;
                    RowOutcome::Queued(Box::new(invite))
                }
            })
        });
        let mut outcomes = outcomes.collect::<Result<Vec<_>, StoreError>>()?;
        for outcome in &mut outcomes {
            // When the recipient's limit ends, the manager's or the deal's still holds.
            if let RowOutcome::Refused(InviteRefusal::TooSoon(at), _) = outcome
                && left == 0
            {
                *at = retry_at.max(*at);
            }
        }
        Ok(outcomes)
    }

    fn new_send(&self, request: &SendRequest, row: &Row<'_>) -> Result<(NewSend, Link), StoreError> {
        let link = new_link(InviteKey { deal: request.deal.id, invite: row.invite })?;
        let send = NewSend {
            link: link.secret.hash(),
            queued: Queued::in_order(request.now, row.order),
            invited_by: request.manager.email.clone(),
            lifetime: self.config.lifetime,
            lease: self.mail.lease,
            limit: self.limits.recipient,
            reminders: request.deal.reminders.clone(),
            opted_out: row.opted_out.unwrap_or_default(),
        };
        Ok((send, link))
    }

    async fn write(&self, request: &SendRequest, row: Row<'_>) -> (RowOutcome, Option<Claim>) {
        if request.deadline.earlier(TO_ANSWER).left().is_zero() {
            return (RowOutcome::NoTime, None);
        }
        let written = async {
            let (send, link) = self.new_send(request, &row)?;
            let rule = |existing: Option<&Invite>, now| (row.rule)(existing, &send, now);
            let deadline = request.deadline.earlier(TO_STORE);
            let change = async {
                let Some((old, old_rule)) = &row.replaces else {
                    return self.store.change(link.key(), row.seen, request.now, deadline, rule).await;
                };
                let key = InviteKey { invite: *old, ..link.key() };
                self.store.change_both([key, link.key()], request.now, deadline, old_rule, rule).await
            };
            let (deal, invite) = (Some(request.deal.id), Some(row.invite));
            let is_done = |changed: &Changed<InviteRefusal>| changed.is_ok().then(|| owner(&request.deal));
            let noted = request.ledger.note(deal, invite, change, is_done);
            let changed = match &row.replaces {
                Some((old, _)) => request.ledger.note(deal, Some(*old), noted, is_done).await?,
                None => noted.await?,
            };
            Ok((changed, link))
        };
        match written.await {
            Ok((Ok(record), link)) => {
                (RowOutcome::Queued(Box::new(record.invite.clone())), Claim::of(record, link))
            }
            Ok((Err(Refused(refusal, existing)), _)) => {
                (RowOutcome::Refused(refusal, existing.map(|record| Box::new(record.invite))), None)
            }
            Err(error) => {
                telemetry::row_failed(&error);
                (RowOutcome::Failed(error), None)
            }
        }
    }

    fn sender<'a>(&'a self, request: &'a SendRequest) -> Sender<'a> {
        Sender { manager: &request.manager.id, deal: &request.deal, limits: &self.limits }
    }

    async fn refund(&self, request: &SendRequest, allowance: Allowance, used: u32) {
        let refunded = self.store.refund(allowance, used);
        if let Err(error) = in_time(request.deadline.earlier(TO_REFUND), "UpdateItem", refunded).await {
            tracing::error!(%error, "an allowance could not be refunded");
        }
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
